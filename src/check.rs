//! `counterfoil check`: one table of checks, each with what to do when it fails. For the installer and the on-call technician; reads and
//! tries, and changes nothing but a probe file that it removes. Works beside a running node and without one.

use std::fmt;
use std::io::Write;
use std::net::{TcpListener, TcpStream, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Args;
use rustix::fs::{FlockOperation, flock, statvfs};

use crate::device::font::FontGlyphs;
use crate::device::port::{Close, Port, PortError, RealPort, SerialFormat};
use crate::device::profile::{DisplayProfile, ScaleProfile, ScannerProfile, TerminalProfile, load_label_printer, load_printer};
use crate::device::{DeviceConfig, DeviceKind, PortConfig};
use crate::journal;
use crate::node::config::{self, NodeConfig};
use crate::process;
use crate::time::{Clock, ClockQuality, SystemClock, rfc3339};

/// Below this much free space the node may soon be unable to record a sale.
const FREE_BYTES_MIN: u64 = 1 << 30;
/// Above this share of a full disk somebody should look.
const USED_PERCENT_NOTE: u64 = 80;
/// A disk that flushes more slowly makes cashiers wait.
const FLUSH_MS_NOTE: u128 = 50;
/// No clock of a running shop stands before this (2025-01-01).
const EARLIEST_MS: i64 = 1_735_689_600_000;
const REACH_TIMEOUT: Duration = Duration::from_secs(3);

#[derive(Debug, Args)]
pub struct CheckArgs {
    /// The node's configuration.
    #[arg(long, default_value = "/etc/counterfoil/node.toml")]
    pub config: PathBuf,
}

/// Exit code 0: nothing is bad. 1: something is. 78: the configuration itself cannot be used.
pub fn run(args: &CheckArgs) -> ExitCode {
    let config = match config::load(&args.config) {
        Ok(config) => config,
        Err(error) => return process::fail(&error, process::EXIT_CONFIG),
    };
    let rows = examine(&Place::of(config));
    let _ = writeln!(std::io::stdout(), "{}", Table(&rows));
    ExitCode::from(u8::from(rows.iter().any(|row| row.verdict == Verdict::Bad)))
}

/// What is examined.
pub struct Place {
    pub config: NodeConfig,
    /// Folders in which udev looks for rules.
    pub udev_folders: Vec<PathBuf>,
    /// A node runs on this data folder: what it holds is not free, and that is well.
    pub running: bool,
}

impl Place {
    pub fn of(config: NodeConfig) -> Place {
        let udev_folders = ["/etc/udev/rules.d", "/run/udev/rules.d", "/usr/lib/udev/rules.d", "/lib/udev/rules.d"];
        let running = is_node_running(&config.data_dir);
        Place { config, udev_folders: udev_folders.map(PathBuf::from).to_vec(), running }
    }
}

/// Somebody holds the journal's lock.
pub fn is_node_running(data_dir: &Path) -> bool {
    let Ok(lock) = std::fs::File::open(data_dir.join("journal").join("lock")) else { return false };
    flock(&lock, FlockOperation::NonBlockingLockShared).is_err()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Good,
    /// Works, and somebody should know.
    Note,
    Bad,
}

/// One line of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub name: &'static str,
    pub verdict: Verdict,
    /// What was found, of which thing.
    pub found: String,
    /// What to do; empty when all is well.
    pub remedy: String,
}

/// One check: what it is called, how it is done, and what to do when it is not good.
struct Check {
    name: &'static str,
    run: fn(&Place) -> Vec<Finding>,
    remedy: &'static str,
}

struct Finding {
    verdict: Verdict,
    found: String,
}

const CHECKS: [Check; 11] = [
    Check { name: "data folder", run: data_folder, remedy: "give the user that runs counterfoil write access, or set node.data_dir" },
    Check { name: "disk space", run: disk_space, remedy: "delete or move what is not counterfoil's, or use a larger disk" },
    Check { name: "disk flush", run: disk_flush, remedy: "use an industrial SD card, eMMC or SSD; every sale waits for one flush" },
    Check { name: "clock", run: clock, remedy: "switch on systemd-timesyncd or chrony; without a network set the time with timedatectl" },
    Check {
        name: "journal",
        run: journal_is_whole,
        remedy: "keep the disk as it is and call support with the output of `counterfoil journal verify`",
    },
    Check { name: "device", run: devices, remedy: "mend what is named, then run `counterfoil device test NAME`" },
    Check {
        name: "udev rules",
        run: udev_rules,
        remedy: "copy firmware-config/udev/60-counterfoil.rules to /etc/udev/rules.d and run `udevadm control --reload && udevadm trigger`",
    },
    Check {
        name: "other programs",
        run: other_programs,
        remedy: "mask the service (`systemctl mask --now NAME`): it talks to serial devices that are ours",
    },
    Check {
        name: "font",
        run: font,
        remedy: "install fonts-unifont and set node.font = \"/usr/share/fonts/opentype/unifont/unifont.otf\"",
    },
    Check { name: "address", run: listen_address, remedy: "stop the other program, or set another node.listen" },
    Check { name: "head office", run: head_office, remedy: "check the line and head_office.url; selling goes on without it" },
];

/// Runs the whole table. Takes a few seconds when something does not answer.
pub fn examine(place: &Place) -> Vec<Row> {
    let mut rows = Vec::new();
    for check in &CHECKS {
        for Finding { verdict, found } in (check.run)(place) {
            let remedy = if verdict == Verdict::Good { String::new() } else { check.remedy.to_owned() };
            rows.push(Row { name: check.name, verdict, found, remedy });
        }
    }
    rows
}

/// The rows as people read them.
pub struct Table<'a>(pub &'a [Row]);

impl fmt::Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for row in self.0 {
            let mark = match row.verdict {
                Verdict::Good => "ok",
                Verdict::Note => "note",
                Verdict::Bad => "BAD",
            };
            writeln!(f, "{mark:<5} {:<15} {}", row.name, row.found)?;
            if !row.remedy.is_empty() {
                writeln!(f, "{:22}-> {}", "", row.remedy)?;
            }
        }
        let bad = self.0.iter().filter(|row| row.verdict == Verdict::Bad).count();
        match bad {
            0 => write!(f, "nothing is bad"),
            1 => write!(f, "1 thing is bad"),
            _ => write!(f, "{bad} things are bad"),
        }
    }
}

fn one(verdict: Verdict, found: impl Into<String>) -> Vec<Finding> {
    vec![Finding { verdict, found: found.into() }]
}

fn data_folder(place: &Place) -> Vec<Finding> {
    let folder = &place.config.data_dir;
    match probe(folder) {
        Ok(_) => one(Verdict::Good, format!("{} can be written", folder.display())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            one(Verdict::Note, format!("{} is not there yet: the first start makes it, if it may", folder.display()))
        }
        Err(error) => one(Verdict::Bad, format!("{} cannot be written: {error}", folder.display())),
    }
}

fn disk_space(place: &Place) -> Vec<Finding> {
    let there = place.config.data_dir.ancestors().find(|folder| folder.exists());
    let folder = there.unwrap_or(Path::new("/"));
    let Ok(disk) = statvfs(folder) else { return one(Verdict::Bad, format!("{} cannot be looked at", folder.display())) };
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    let used_percent = 100 - (disk.f_bavail.saturating_mul(100) / disk.f_blocks.max(1)).min(100);
    let found = format!("{} MiB free, {used_percent} % used", free >> 20);
    match (free < FREE_BYTES_MIN, used_percent > USED_PERCENT_NOTE) {
        (true, _) => one(Verdict::Bad, found),
        (false, true) => one(Verdict::Note, found),
        (false, false) => one(Verdict::Good, found),
    }
}

fn disk_flush(place: &Place) -> Vec<Finding> {
    // A folder that cannot be written has its own row.
    let Ok(flush) = probe(&place.config.data_dir) else { return Vec::new() };
    let verdict = if flush.as_millis() > FLUSH_MS_NOTE { Verdict::Note } else { Verdict::Good };
    one(verdict, format!("4 KiB are on the disk after {}.{} ms", flush.as_millis(), flush.as_micros() / 100 % 10))
}

fn clock(_: &Place) -> Vec<Finding> {
    let now = SystemClock::new().now();
    let time = rfc3339(now.ms);
    match (now.ms < EARLIEST_MS, now.quality) {
        (true, _) => one(Verdict::Bad, format!("it says {time}")),
        (false, ClockQuality::Synchronised) => one(Verdict::Good, format!("{time}, synchronised")),
        (false, ClockQuality::Unverified | ClockQuality::HeldBack) => {
            one(Verdict::Note, format!("{time}; nobody vouches for it, so sales are marked \"time unverified\""))
        }
    }
}

fn journal_is_whole(place: &Place) -> Vec<Finding> {
    let folder = place.config.data_dir.join("journal");
    if !folder.exists() {
        return one(Verdict::Good, "none yet: the first start makes it");
    }
    match journal::verify(&folder, &[]) {
        Err(error) => one(Verdict::Bad, error.to_string()),
        Ok(report) => match report.first_bad {
            Some(bad) => one(Verdict::Bad, bad.to_string()),
            None => one(Verdict::Good, format!("{} records in {} segments are whole", report.records, report.segments)),
        },
    }
}

fn devices(place: &Place) -> Vec<Finding> {
    if place.config.devices.is_empty() {
        return one(Verdict::Note, "none is configured");
    }
    place.config.devices.iter().map(|device| examine_device(device, place.running)).collect()
}

fn examine_device(device: &DeviceConfig, running: bool) -> Finding {
    let name = &device.name;
    let profile = match device.kind {
        DeviceKind::Scanner => ScannerProfile::load(&device.profile).map(|profile| profile.serial),
        DeviceKind::Printer => load_printer(&device.profile).map(|profile| profile.serial),
        DeviceKind::LabelPrinter => load_label_printer(&device.profile).map(|profile| profile.serial),
        DeviceKind::LineDisplay => DisplayProfile::load(&device.profile).map(|profile| profile.serial),
        DeviceKind::Scale => ScaleProfile::load(&device.profile).map(|profile| profile.serial),
        DeviceKind::Zvt => TerminalProfile::load(&device.profile).map(|_| SerialFormat::default()),
    };
    let format = match profile {
        Ok(format) => format,
        Err(error) => return Finding { verdict: Verdict::Bad, found: format!("{name}: {error}") },
    };
    let address = device.port.address();
    if running && matches!(device.port, PortConfig::Tcp { .. }) {
        // A printer serves one connection, and the node has it.
        return Finding { verdict: Verdict::Good, found: format!("{name} at {address} is the running node's: see its page") };
    }
    let mut port = RealPort::new(device.port.clone(), format);
    let opened = port.open();
    port.close(Close::Abort);
    match opened {
        Ok(()) => Finding { verdict: Verdict::Good, found: format!("{name} at {address} can be opened") },
        Err(PortError::InUse { .. }) if running => {
            Finding { verdict: Verdict::Good, found: format!("{name} at {address} is held by the running node") }
        }
        Err(error) => Finding { verdict: Verdict::Bad, found: format!("{name}: {error}") },
    }
}

fn udev_rules(place: &Place) -> Vec<Finding> {
    let local = |device: &DeviceConfig| !matches!(device.port, PortConfig::Tcp { .. });
    if !place.config.devices.iter().any(local) {
        return one(Verdict::Good, "not needed: no device hangs on this box");
    }
    let name = "60-counterfoil.rules";
    match place.udev_folders.iter().find(|folder| folder.join(name).is_file()) {
        Some(folder) => one(Verdict::Good, format!("{} is installed", folder.join(name).display())),
        None => one(Verdict::Note, format!("{name} is not installed: device names and rights may change at the next start")),
    }
}

fn other_programs(place: &Place) -> Vec<Finding> {
    let serial = place.config.devices.iter().any(|device| matches!(device.port, PortConfig::Serial { .. }));
    let Ok(processes) = std::fs::read_dir("/proc") else { return Vec::new() };
    if !serial {
        return Vec::new();
    }
    let mut found = Vec::new();
    for process in processes.flatten() {
        let command = std::fs::read_to_string(process.path().join("comm")).unwrap_or_default();
        if let Some(known) = ["ModemManager", "brltty"].into_iter().find(|known| command.trim() == *known) {
            found.push(Finding { verdict: Verdict::Note, found: format!("{known} runs") });
        }
    }
    if found.is_empty() { one(Verdict::Good, "none that is known to grab serial devices") } else { found }
}

fn font(place: &Place) -> Vec<Finding> {
    let Some(path) = &place.config.font else {
        return one(Verdict::Note, "none is set: letters that a printer lacks are written in other letters");
    };
    let found = std::fs::read(path).map_err(|error| error.to_string());
    match found.and_then(|data| FontGlyphs::from_bytes(data).map_err(|error| error.to_string())) {
        Ok(_) => one(Verdict::Good, format!("{} draws what a printer lacks", path.display())),
        Err(why) => one(Verdict::Bad, format!("{}: {why}", path.display())),
    }
}

fn listen_address(place: &Place) -> Vec<Finding> {
    let listen = place.config.listen;
    match TcpListener::bind(listen) {
        Ok(_) if place.running => one(Verdict::Bad, format!("a node runs on this data folder and does not listen on {listen}")),
        Ok(_) => one(Verdict::Good, format!("{listen} is free")),
        Err(_) if place.running => one(Verdict::Good, format!("{listen} is served by the running node")),
        Err(error) => one(Verdict::Bad, format!("{listen} cannot be used: {error}")),
    }
}

fn head_office(place: &Place) -> Vec<Finding> {
    let Some(link) = &place.config.head_office else { return one(Verdict::Note, "none is configured: this store stands alone") };
    let url: reqwest::Url = match link.url.parse() {
        Ok(url) => url,
        Err(error) => return one(Verdict::Bad, format!("{}: {error}", link.url)),
    };
    let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else {
        return one(Verdict::Bad, format!("{} names no host", link.url));
    };
    let host = host.trim_matches(['[', ']']);
    match reach(host, port) {
        Ok(()) => one(Verdict::Good, format!("{host}:{port} answers")),
        Err(why) => one(Verdict::Note, format!("{host}:{port}: {why}")),
    }
}

fn reach(host: &str, port: u16) -> Result<(), String> {
    let mut last = "the name has no address".to_owned();
    for address in (host, port).to_socket_addrs().map_err(|error| error.to_string())? {
        match TcpStream::connect_timeout(&address, REACH_TIMEOUT) {
            Ok(_) => return Ok(()),
            Err(error) => last = error.to_string(),
        }
    }
    Err(last)
}

/// Writes 4 KiB, waits for the disk, removes them; how long the disk took.
fn probe(folder: &Path) -> std::io::Result<Duration> {
    let path = folder.join(format!(".check-{}", std::process::id()));
    let mut file = std::fs::File::create(&path)?;
    let written = file.write_all(&[0x20; 4096]).and_then(|()| {
        let before = Instant::now();
        file.sync_data().map(|()| before.elapsed())
    });
    let removed = std::fs::remove_file(&path);
    let took = written?;
    removed.map(|()| took)
}
