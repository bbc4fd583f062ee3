//! `counterfoil restore`: a new box takes the place of one that is gone. Brings the node's journal back from head office as the bytes that it
//! was, makes the state of its newest day again, and lets head office say the rest (assortment, prices, staff, keys, orders) before the shop
//! opens. The next start of the node goes on behind it, as after any other restart.
//!
//! | what stops it | what is there then | what the next try does |
//! |---|---|---|
//! | the line, the power, a full disk | `restoring/`, proved up to some record | proves it again, goes on behind it |
//! | a record that does not prove itself | the same | asks for that record again |
//! | after the journal is whole | `journal/` and the file `restore-unfinished` | only what is missing; the node may be started as well |

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use crate::enrol::EnrolledFiles;
use crate::journal::restoring::{Expected, NotProved, Restoring, RestoringError, has_records};
use crate::journal::{BadRecord, Content, Folder, Identity, KeyError, Limits, NodeKey, PublicKey};
use crate::node::config::{self, ConfigError, NodeConfig};
use crate::node::replay;
use crate::node::start::{RESTORING, Running, StartError, start_unmanned};
use crate::node::writer::WriterError;
use crate::process;
use crate::retail::Feed;
use crate::sync::http::restore::NoAnswer;
use crate::sync::http::{FORMER_KEYS, Line, SetupError, SyncConfig};
use crate::sync::wire::{BATCH_BYTES_MAX, HeldJournal, RestorePlan, RestoreQuery};
use crate::views::FeedState;

/// There as long as head office has not said everything to the restored node.
const UNFINISHED: &str = "restore-unfinished";
/// The first answer is small, so that something is to be seen soon; each one after it may be twice as large.
const FIRST_BYTES: usize = 64 << 10;
/// How often a question is asked before the technician must look at the line, and what lies between.
const TRIES: u32 = 6;
const PAUSE: Duration = Duration::from_secs(2);
/// A line of progress.
const SAY_EVERY: Duration = Duration::from_secs(2);
/// The restored node hears everything within this, while something comes.
const SETTLE_PATIENCE: Duration = Duration::from_secs(120);
const LOOK_EVERY: Duration = Duration::from_millis(250);

#[derive(Debug, clap::Args)]
#[command(after_help = "\
For a box that takes the place of a broken one under the same name. Before: write the old box's configuration to the new one, make a code with \
`counterfoil head-office enrol-code --store S --node N --replace`, type `counterfoil enrol`. After: start the node, pair its screens. Broken off \
at any point, the same command goes on where it stopped.")]
pub struct RestoreArguments {
    /// The node's TOML file.
    #[arg(long, default_value = "/etc/counterfoil/node.toml")]
    config: PathBuf,
    /// Another journal of this node than the one it wrote last; this command lists what there is.
    #[arg(long, value_name = "NUMBER")]
    journal: Option<i64>,
}

/// Why the node is not restored.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(
        "this box is not enrolled ({missing}): make a code with `counterfoil head-office enrol-code --store {store} --node {node} --replace` and type \
         `counterfoil enrol`"
    )]
    NotEnrolled { missing: String, store: String, node: String },
    #[error(
        "{folder} holds records: this box has worked already, and nothing is written over them. If it never sold, stop the node, remove {data_dir}, enrol again with \
         a new code for replacing, and restore before the first start"
    )]
    NotEmpty { folder: PathBuf, data_dir: PathBuf },
    #[error("another process is restoring into {folder}, or a node runs there: let it finish, or stop it")]
    InUse { folder: PathBuf },
    #[error(transparent)]
    Setup(#[from] SetupError),
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error("{what} ({reason}). Check the line and type the same command again: it goes on behind record {upto}")]
    Line { what: &'static str, reason: String, upto: u64 },
    #[error(transparent)]
    Said(NoAnswer),
    #[error(
        "head office's copy does not prove itself: {0}. Nothing behind it was taken. Have head office's database looked at, or put back from its newest \
         backup, then type the same command again"
    )]
    NotProved(NotProved),
    #[error(
        "head office does not give record {seq}, though it says that it holds it: have its database looked at, then type the same command again"
    )]
    Lacking { seq: u64 },
    #[error("the disk under {path} is full; make room and type the same command again: it goes on behind record {upto}")]
    DiskFull { path: PathBuf, upto: u64 },
    #[error("{path} cannot be used: {reason}; check the disk, and run this as root or as the user the node runs as")]
    File { path: PathBuf, reason: io::Error },
    #[error("the record is here and cannot be replayed: {0}")]
    Replay(#[from] WriterError),
    #[error("the record is here and the node does not start: {0}")]
    Start(#[from] StartError),
}

pub fn run(arguments: &RestoreArguments) -> ExitCode {
    // The node's own words would drown ours; RUST_LOG brings them back.
    process::log_to_stderr("off");
    let done = process::runtime().block_on(restore(&arguments.config, arguments.journal, &process::say));
    let code = match &done {
        Ok(()) => return ExitCode::SUCCESS,
        Err(RestoreError::Config(_) | RestoreError::NotEnrolled { .. }) => process::EXIT_CONFIG,
        Err(RestoreError::Line { .. } | RestoreError::InUse { .. } | RestoreError::DiskFull { .. }) => process::EXIT_UNAVAILABLE,
        Err(RestoreError::NotProved(_) | RestoreError::Lacking { .. }) => process::EXIT_DATA,
        Err(_) => 1,
    };
    done.map_or_else(|error| process::fail(&error, code), |()| ExitCode::SUCCESS)
}

/// `say` tells the technician how it goes, line by line.
pub async fn restore(path: &Path, journal: Option<i64>, say: &dyn Fn(&str)) -> Result<(), RestoreError> {
    let config = config::load(path)?;
    let began = Instant::now();
    let work = Work::prepare(&config, say)?;
    let done = work.restore(journal, began).await;
    // A technician may have run this as root.
    let given = give_all(&config.data_dir);
    done?;
    given.map_err(|reason| RestoreError::File { path: config.data_dir.clone(), reason })
}

struct Work<'a> {
    config: &'a NodeConfig,
    say: &'a dyn Fn(&str),
    line: Line,
    key: NodeKey,
}

impl<'a> Work<'a> {
    fn prepare(config: &'a NodeConfig, say: &'a dyn Fn(&str)) -> Result<Work<'a>, RestoreError> {
        let not_enrolled =
            |missing: String| RestoreError::NotEnrolled { missing, store: config.store.to_string(), node: config.node.to_string() };
        let link = config.head_office.as_ref().ok_or_else(|| not_enrolled("its file has no [head_office]".to_owned()))?;
        for (name, file) in [("ca", &link.ca), ("cert", &link.cert), ("key", &link.key)] {
            let file = file.as_ref().ok_or_else(|| not_enrolled(format!("its file names no head_office.{name}")))?;
            if !file.exists() {
                return Err(not_enrolled(format!("there is no {}", file.display())));
            }
        }
        let key = NodeKey::load_or_create(&EnrolledFiles::of(&config.data_dir).key)?;
        let line = Line::open(&SyncConfig::new(link, &config.store, &config.node, &config.data_dir, None))?;
        Ok(Work { config, say, line, key })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.config.data_dir.join(name)
    }

    async fn restore(&self, journal: Option<i64>, began: Instant) -> Result<(), RestoreError> {
        let folder = self.path("journal");
        let has_journal =
            folder.exists() && Folder::read_only(&folder).and_then(|disk| has_records(&disk)).map_err(self.unusable(&folder))?;
        if has_journal && !self.path(UNFINISHED).exists() {
            return Err(RestoreError::NotEmpty { folder, data_dir: self.config.data_dir.clone() });
        }
        if !has_journal {
            self.bring_journal(journal).await?;
        }
        let settling = Instant::now();
        (self.say)("starting the node behind closed doors: it fetches assortment, prices, staff and keys, and takes over the orders");
        let missing = self.settle().await?;
        for words in &missing {
            (self.say)(&format!("not here yet: {words}; the node fetches it by itself when it runs and the line is up"));
        }
        if missing.is_empty() {
            remove(&self.path(UNFINISHED)).map_err(self.unusable(&self.path(UNFINISHED)))?;
        }
        (self.say)(&format!(
            "restored in {} (the last step took {}). Now start the node (`systemctl start counterfoil-node`) and pair its screens: pairings, and customers' names \
             in the vault, are not at head office and stay lost with the old box",
            seconds(began.elapsed()),
            seconds(settling.elapsed())
        ));
        Ok(())
    }

    async fn bring_journal(&self, journal: Option<i64>) -> Result<(), RestoreError> {
        let plan = self.plan(journal).await?;
        self.tell_plan(&plan);
        let restoring = self.fetch(&plan).await?;
        let began = Instant::now();
        (self.say)("every record is proved: its checksum, the chain, and the signatures. Making the state of the newest day again");
        if !self.make_state(&restoring).await? {
            (self.say)("the state was written by another release: the first start replays the whole record, which takes longer");
        }
        self.swap_in(restoring, &plan)?;
        (self.say)(&format!("the record is in place; the state took {}", seconds(began.elapsed())));
        Ok(())
    }

    async fn plan(&self, journal: Option<i64>) -> Result<RestorePlan, RestoreError> {
        let mut tries = 0;
        loop {
            match self.line.restore_plan(journal).await {
                Ok(plan) => return Ok(plan),
                Err(error) => self.pause_after(error, &mut tries, 0).await?,
            }
        }
    }

    /// Waits, unless it was tried often enough or is no matter of the line.
    async fn pause_after(&self, error: NoAnswer, tries: &mut u32, upto: u64) -> Result<(), RestoreError> {
        let NoAnswer::Line(failure) = error else { return Err(RestoreError::Said(error)) };
        *tries += 1;
        if *tries >= TRIES {
            let what = "the line to head office does not hold";
            return Err(RestoreError::Line { what, reason: failure.to_string(), upto });
        }
        (self.say)(&format!("{failure}; trying again"));
        tokio::time::sleep(PAUSE).await;
        Ok(())
    }

    fn tell_plan(&self, plan: &RestorePlan) {
        let RestorePlan { journal, others, holes, said_seq, last_contact_ms, .. } = plan;
        let (store, node) = (&self.config.store, &self.config.node);
        (self.say)(&format!(
            "head office holds {} records of node {node} in store {store}; the newest is of {}",
            journal.seq,
            self.local(journal.at_ms)
        ));
        let lost = said_seq.saturating_sub(journal.seq);
        (self.say)(&match lost {
            0 => format!(
                "when the old box called last, at {}, it had nothing more. What it did after that is not here",
                self.local(*last_contact_ms)
            ),
            lost => format!(
                "when the old box called last, at {}, it had {lost} more that never arrived. They, and what came after, are not here",
                self.local(*last_contact_ms)
            ),
        });
        (self.say)(&format!(
            "so receipts, payments and counts of after {} are on paper and on the old disk only: keep both, and compare the tills' cash. Head office has noted it",
            self.local(journal.at_ms)
        ));
        for (first, last) in holes {
            (self.say)(&format!("records {first} to {last} were lost before: neither side has them"));
        }
        for HeldJournal { id, seq, at_ms } in others {
            (self.say)(&format!(
                "there is another journal of this node, of {seq} records up to {}: `--journal {id}` restores that one instead",
                self.local(*at_ms)
            ));
        }
    }

    fn expected(&self, plan: &RestorePlan) -> Expected {
        let identity = Identity { store: self.config.store.clone(), node: self.config.node.clone() };
        let keys = plan.keys.iter().filter_map(|key| PublicKey::from_hex(key).ok()).collect();
        Expected { identity, keys, holes: plan.holes.clone() }
    }

    async fn fetch(&self, plan: &RestorePlan) -> Result<Restoring<Folder>, RestoreError> {
        let (upto, began) = (plan.journal.seq, Instant::now());
        let mut here = self.open_restoring(plan)?;
        let mut is_of_before = here.head().is_some();
        if let Some(head) = here.head() {
            (self.say)(&format!("records 1 to {} are here already", head.seq));
        }
        let (first, before) = (here.next_seq(), here.bytes());
        let (mut bytes_max, mut tries, mut said) = (FIRST_BYTES, 0, Instant::now());
        while here.next_seq() <= upto {
            let (from, done) = (here.next_seq(), here.head().map_or(0, |head| head.seq));
            let lines = match self.line.restore_lines(plan.journal.id, RestoreQuery { from, upto, bytes_max }).await {
                Ok(lines) if lines.is_empty() => return Err(RestoreError::Lacking { seq: from }),
                Ok(lines) => lines,
                Err(error) => {
                    self.pause_after(error, &mut tries, done).await?;
                    continue;
                }
            };
            tries = 0;
            let taken;
            (here, taken) = blocking(move || {
                let taken = here.take(&lines);
                (here, taken)
            })
            .await;
            match taken {
                Ok(()) => {}
                Err(RestoringError::NotProved(NotProved { seq, reason: BadRecord::ChainBroken })) if is_of_before && seq == first => {
                    // What an earlier try left is of another journal of this node.
                    (self.say)("what is here is of another journal: beginning anew");
                    drop(here);
                    let path = self.path(RESTORING);
                    std::fs::remove_dir_all(&path).map_err(self.unusable(&path))?;
                    here = self.open_restoring(plan)?;
                    is_of_before = false;
                    continue;
                }
                Err(RestoringError::NotProved(why)) => return Err(RestoreError::NotProved(why)),
                Err(full) if full.is_full() => return Err(RestoreError::DiskFull { path: self.path(RESTORING), upto: done }),
                Err(RestoringError::Disk(reason)) => return Err(RestoreError::File { path: self.path(RESTORING), reason }),
            }
            bytes_max = (bytes_max * 2).min(BATCH_BYTES_MAX);
            if said.elapsed() >= SAY_EVERY {
                said = Instant::now();
                self.tell_progress(&here, upto, before, began);
            }
        }
        let is_it = here.head().is_some_and(|head| {
            (head.incarnation, head.seq, head.hash.to_string()) == (plan.ack.incarnation, plan.ack.seq, plan.ack.hash.clone())
        });
        if !is_it {
            let seq = here.head().map_or(1, |head| head.seq);
            return Err(RestoreError::NotProved(NotProved { seq, reason: BadRecord::ChainBroken }));
        }
        self.tell_progress(&here, upto, before, began);
        Ok(here)
    }

    fn tell_progress(&self, here: &Restoring<Folder>, upto: u64, before: u64, began: Instant) {
        let seq = here.head().map_or(0, |head| head.seq);
        (self.say)(&format!(
            "record {seq} of {upto} ({} %), up to {}; {} here, {} fetched in {}",
            seq * 100 / upto.max(1),
            self.local(here.at_ms()),
            megabytes(here.bytes()),
            megabytes(here.bytes() - before),
            seconds(began.elapsed())
        ));
    }

    fn open_restoring(&self, plan: &RestorePlan) -> Result<Restoring<Folder>, RestoreError> {
        let path = self.path(RESTORING);
        let opened = Folder::create(&path).and_then(|disk| Restoring::open(disk, self.expected(plan), &Limits::default()));
        opened.map_err(self.unusable(&path))?.ok_or(RestoreError::InUse { folder: path })
    }

    /// The state as it was before the newest day, so that a start begins there. `false`: it does not come out as the record names it.
    async fn make_state(&self, restoring: &Restoring<Folder>) -> Result<bool, RestoreError> {
        let path = self.path("carry");
        let Some((seq, replay)) = restoring.upto_newest_carry().map_err(self.unusable(&self.path(RESTORING)))? else { return Ok(true) };
        let content = Content::open(&path).map_err(self.unusable(&path))?;
        let kept = blocking(move || -> Result<Option<io::Result<()>>, WriterError> {
            let parts = replay::parts_again(seq, replay, &content)?;
            Ok(parts.map(|parts| parts.iter().try_for_each(|part| content.put(part).map(drop))))
        });
        match kept.await? {
            Some(kept) => kept.map(|()| true).map_err(self.unusable(&path)),
            None => Ok(false),
        }
    }

    /// From here on it is the node's journal.
    fn swap_in(&self, restoring: Restoring<Folder>, plan: &RestorePlan) -> Result<(), RestoreError> {
        let (from, to, data) = (self.path(RESTORING), self.path("journal"), &self.config.data_dir);
        let own = self.key.public_hex();
        let former: String = plan.keys.iter().filter(|key| **key != own).map(|key| format!("{key}\n")).collect();
        let swap = || {
            restoring.finish()?;
            for (name, text) in [(FORMER_KEYS, former.as_str()), (UNFINISHED, "")] {
                let path = self.path(name);
                std::fs::write(&path, text)?;
                std::fs::File::open(&path)?.sync_all()?;
            }
            // What a node that never wrote a record may have left.
            for name in ["lock", "segment.tmp"] {
                remove(&to.join(name))?;
            }
            std::fs::rename(&from, &to)?;
            std::fs::File::open(data)?.sync_all()
        };
        swap().map_err(self.unusable(&to))
    }

    /// Lets the node hear what head office has to say. Returns what is still missing.
    async fn settle(&self) -> Result<Vec<String>, RestoreError> {
        let running = start_unmanned(self.config).await?;
        let missing = self.wait_until_heard(&running).await;
        running.stop().await?;
        Ok(missing)
    }

    async fn wait_until_heard(&self, running: &Running) -> Vec<String> {
        let (began, begun_at) = (Instant::now(), running.node.durable().borrow().seq);
        let (mut said, mut missing) = (Instant::now(), Vec::new());
        while began.elapsed() < SETTLE_PATIENCE {
            missing = self.missing(running, begun_at).await;
            if missing.is_empty() {
                break;
            }
            if said.elapsed() >= SAY_EVERY {
                said = Instant::now();
                (self.say)(&format!("waiting for: {}", missing.join(", ")));
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        missing
    }

    async fn missing(&self, running: &Running, begun_at: u64) -> Vec<String> {
        let (shared, mut missing) = (running.node.shared(), Vec::new());
        for feed in Feed::ALL {
            let newest = match self.line.newest_version(feed).await {
                Ok(newest) => newest,
                Err(failure) => return vec![format!("everything, because {failure}")],
            };
            let here = match shared.views.feed(feed) {
                _ if feed.is_book() => shared.books.version(feed),
                FeedState::Ready { version, .. } => version,
                FeedState::None | FeedState::Rebuilding { .. } | FeedState::Broken { .. } => 0,
            };
            if here < newest {
                missing.push(format!("the {} feed", feed.name()));
            }
        }
        let screen = running.node.screen();
        if !matches!(self.line.has_heard_all(&screen.orders).await, Ok(true)) {
            missing.push("the orders".to_owned());
        }
        if screen.link.acknowledged_seq < begun_at {
            missing.push("head office's word that it has this start".to_owned());
        }
        missing
    }

    fn local(&self, at_ms: i64) -> String {
        let at = jiff::Timestamp::from_millisecond(at_ms).unwrap_or_default();
        at.to_zoned(self.config.time_zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string()
    }

    fn unusable(&self, path: &Path) -> impl Fn(io::Error) -> RestoreError + use<> {
        let path = path.to_owned();
        move |reason| match reason.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => RestoreError::DiskFull { path: path.clone(), upto: 0 },
            _ => RestoreError::File { path: path.clone(), reason },
        }
    }
}

/// Disk and CPU work beside the line.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(value) => value,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

fn remove(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Everything in the folder to whom the folder belongs.
fn give_all(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt;
    if !rustix::process::geteuid().is_root() {
        return Ok(());
    }
    let owner = std::fs::metadata(folder)?;
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            std::os::unix::fs::lchown(entry.path(), Some(owner.uid()), Some(owner.gid()))?;
            if entry.file_type()?.is_dir() {
                folders.push(entry.path());
            }
        }
    }
    Ok(())
}

fn megabytes(bytes: u64) -> String {
    format!("{}.{} MB", bytes / 1_000_000, bytes / 100_000 % 10)
}

fn seconds(time: Duration) -> String {
    format!("{}.{} s", time.as_secs(), time.subsec_millis() / 100)
}
