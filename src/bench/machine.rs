//! What the kernel says about this machine, its disk and a process. Read from /proc and /sys; what is not there is `None` and the row says so.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// What went to a block device since it was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeviceUse {
    pub bytes_written: u64,
    pub flushes: u64,
}

/// The whole disk under a folder. Its counters count everything that writes there, not only us.
#[derive(Debug, Clone)]
pub struct BlockDevice {
    pub name: String,
    stat: PathBuf,
}

const SECTOR_BYTES: u64 = 512;

impl BlockDevice {
    pub fn under(folder: &Path) -> Option<BlockDevice> {
        let device = fs::metadata(folder).ok()?.dev();
        let (major, minor) = (rustix::fs::major(device), rustix::fs::minor(device));
        let mut found = fs::canonicalize(format!("/sys/dev/block/{major}:{minor}")).ok()?;
        // Flushes are counted for the whole disk only.
        if found.join("partition").exists() {
            found.pop();
        }
        let device = BlockDevice { name: found.file_name()?.to_string_lossy().into_owned(), stat: found.join("stat") };
        device.used().map(|_| device)
    }

    /// `None` on kernels that do not count flushes (before 5.5).
    pub fn used(&self) -> Option<DeviceUse> {
        let text = fs::read_to_string(&self.stat).ok()?;
        let fields: Vec<u64> = text.split_whitespace().map(|field| field.parse().unwrap_or(0)).collect();
        Some(DeviceUse { bytes_written: fields.get(6)? * SECTOR_BYTES, flushes: *fields.get(15)? })
    }
}

/// Resident now, in bytes.
pub fn resident_bytes(pid: u32) -> Option<u64> {
    status_kib(pid, "VmRSS:").map(|kib| kib * 1024)
}

/// The most that was ever resident, in bytes.
pub fn resident_bytes_max(pid: u32) -> Option<u64> {
    status_kib(pid, "VmHWM:").map(|kib| kib * 1024)
}

/// Anonymous memory, in bytes: what cannot be dropped and read again from a file.
pub fn anonymous_bytes(pid: u32) -> Option<u64> {
    status_kib(pid, "RssAnon:").map(|kib| kib * 1024)
}

/// One line about the machine: processors, memory, kernel, file system and disk under `folder`.
pub fn description(folder: &Path) -> String {
    let processors = std::thread::available_parallelism().map_or(0, |n| n.get());
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpuinfo
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .map_or("processor of unknown make", |rest| rest.trim_start_matches([' ', '\t', ':']).trim());
    let memory = fs::read_to_string("/proc/meminfo").ok().and_then(|text| field(&text, "MemTotal:")).unwrap_or(0) / (1 << 20);
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let disk = BlockDevice::under(folder).map_or("no block device".to_owned(), |device| device.name);
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or("?");
    format!(
        "{processors} × {model}, {memory} GiB, Linux {}, {} on {disk}, load {load} at the start",
        kernel.trim(),
        file_system(folder).unwrap_or_else(|| "unknown file system".to_owned())
    )
}

/// True when the folder lies in memory: then nothing about durability can be learnt from it.
pub fn is_memory(folder: &Path) -> bool {
    matches!(file_system(folder).as_deref(), Some("tmpfs" | "ramfs"))
}

fn file_system(folder: &Path) -> Option<String> {
    let folder = fs::canonicalize(folder).ok()?;
    let mounts = fs::read_to_string("/proc/self/mounts").ok()?;
    let mounts = mounts.lines().filter_map(|line| {
        let mut fields = line.split(' ').skip(1);
        Some((fields.next()?, fields.next()?))
    });
    let under = mounts.filter(|(point, _)| folder.starts_with(point));
    // The last one with the longest path is on top.
    under.max_by_key(|(point, _)| point.len()).map(|(_, kind)| kind.to_owned())
}

fn status_kib(pid: u32, name: &str) -> Option<u64> {
    field(&fs::read_to_string(format!("/proc/{pid}/status")).ok()?, name)
}

fn field(text: &str, name: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix(name))?.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_knows_its_own_size() {
        let pid = std::process::id();
        let (now, max) = (resident_bytes(pid).unwrap(), resident_bytes_max(pid).unwrap());
        assert!(now > 1 << 20 && max >= now, "{now} {max}");
        assert_eq!(field("VmRSS:\t  12 kB\n", "VmRSS:"), Some(12));
    }
}
