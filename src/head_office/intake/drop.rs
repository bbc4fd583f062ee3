//! Drop folders: files of orders that others put into `<channel>/in`, JSON or CSV, are taken and moved to `done`, or to `bad` when something of them
//! was not taken, each with a report beside it.
//!
//! | in `in` lies | what follows |
//! |---|---|
//! | a file that changed within the last seconds, is empty, has a leading dot or ends in .part, .tmp or .filepart | it is still being written: waited for |
//! | JSON that ends in the middle, or CSV without a line end at its end | waited for ten minutes, then read as it is |
//! | a file that another head office has open | left to it |
//! | a file whose orders were taken before | taken again: each order is there already and stays once |
//! | a file that cannot be moved, or whose report cannot be written (the disk is full) | its orders are taken; it stays, somebody is told, it is tried again |

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

use super::channels::{self, Channel};
use super::mapping::Mapping;
use super::take::{Form, Incoming, Outcome, Receipt, Refused};
use super::{api, sheet};
use crate::head_office::card_data;
use crate::head_office::import::table::Encoding;
use crate::head_office::office::HeadOffice;
use crate::head_office::order_exceptions::{self, CHANNEL, OrderException};
use crate::head_office::storage::StorageError;
use crate::head_office::writer::WriteError;

const EVERY: Duration = Duration::from_secs(2);
/// A file that was not changed for so long is whole, unless it looks otherwise.
const QUIET: Duration = Duration::from_secs(5);
/// What looks unfinished for so long is read as it is.
const UNFINISHED: Duration = Duration::from_secs(600);
pub const FILE_BYTES_MAX: u64 = 16 << 20;
/// Files of one channel in one round; the others wait for the next.
const FILES_PER_ROUND: usize = 50;
const ORDERS_PER_FILE_MAX: usize = 10_000;

/// Why a round ended early. What was taken is taken.
#[derive(Debug, thiserror::Error)]
pub enum DropError {
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error(transparent)]
    Write(#[from] WriteError),
    #[error("the drop folder {path} cannot be used: {source}; check its owner and the free space of its disk")]
    Folder { path: PathBuf, source: io::Error },
}

/// Files that were read and could not be put away, with what is to be written beside them: they are not read again.
#[derive(Default)]
pub struct Memory {
    stuck: HashMap<PathBuf, (u64, Put)>,
}

#[derive(Clone)]
struct Put {
    report: String,
    is_done: bool,
}

/// As long as head office serves.
pub fn start(office: &HeadOffice, ended: &watch::Receiver<bool>) -> JoinHandle<()> {
    let (office, ended) = (office.clone(), ended.clone());
    let (over, is_over) = oneshot::channel::<()>();
    // On a thread and a runtime of its own: a folder on a share that hangs holds up nobody else, not even the end of the process.
    let watching = move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| error.to_string())?;
        runtime.block_on(watch(&office, ended));
        drop(over);
        Ok::<(), String>(())
    };
    let started = std::thread::Builder::new().name("drop-folders".to_owned()).spawn(move || {
        if let Err(error) = watching() {
            tracing::error!(error, "drop folders are not watched");
        }
    });
    if let Err(error) = started {
        tracing::error!(%error, "drop folders are not watched");
    }
    tokio::spawn(async move {
        // It ends with the thread, whatever that says.
        let _ = is_over.await;
    })
}

async fn watch(office: &HeadOffice, mut ended: watch::Receiver<bool>) {
    let (mut memory, mut said) = (Memory::default(), String::new());
    while !*ended.borrow() {
        match round(office, &mut memory).await {
            Ok(()) => said.clear(),
            // Once for each trouble, not every two seconds.
            Err(error) if error.to_string() != said => {
                tracing::error!(%error, "drop folders");
                said = error.to_string();
            }
            Err(_) => {}
        }
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            changed = ended.changed() => if changed.is_err() { return },
        }
    }
}

/// Looks into the folder of every channel once.
pub async fn round(office: &HeadOffice, memory: &mut Memory) -> Result<(), DropError> {
    memory.stuck.retain(|path, _| path.exists());
    for channel in office.read(channels::list).await? {
        let home = office.config().drop_dir().join(channel.channel.as_str());
        if let Err(error) = of_channel(office, &channel, &home, memory).await {
            if let DropError::Folder { .. } = &error {
                tell(office, &channel, &error).await?;
            }
            return Err(error);
        }
    }
    Ok(())
}

/// On the list of what people should look at, once.
async fn tell(office: &HeadOffice, channel: &Channel, error: &DropError) -> Result<(), DropError> {
    let (fingerprint, reason) = (format!("drop_folder {}", channel.channel), error.to_string());
    let told = office.write_unseen(move |writer, now_ms| {
        let exception = OrderException { fingerprint, store: "", order: "", kind: "drop_folder", owner: CHANNEL, reason };
        Ok(order_exceptions::open(writer.connection(), &exception, now_ms, false)?)
    });
    Ok(told.await?)
}

async fn of_channel(office: &HeadOffice, channel: &Channel, home: &Path, memory: &mut Memory) -> Result<(), DropError> {
    let inbox = home.join("in");
    for folder in [&inbox, &home.join("done"), &home.join("bad")] {
        fs::create_dir_all(folder).map_err(|source| DropError::Folder { path: folder.clone(), source })?;
    }
    let failed = |source| DropError::Folder { path: inbox.clone(), source };
    let mut files: Vec<PathBuf> =
        fs::read_dir(&inbox).map_err(failed)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>().map_err(failed)?;
    files.retain(|path| path.file_name().is_some_and(is_named_as_whole));
    files.sort();
    for path in files.into_iter().take(FILES_PER_ROUND) {
        let Some(file) = Open::try_open(&path).map_err(|source| DropError::Folder { path: path.clone(), source })? else { continue };
        let put = match memory.stuck.get(&path) {
            Some((inode, put)) if *inode == file.inode => put.clone(),
            Some(_) | None => match read_in(office, channel, &path, &file).await? {
                Some(put) => put,
                None => continue,
            },
        };
        match put_away(home, &path, &put) {
            Ok(()) => drop(memory.stuck.remove(&path)),
            Err(source) => {
                memory.stuck.insert(path.clone(), (file.inode, put));
                return Err(DropError::Folder { path, source });
            }
        }
    }
    Ok(())
}

fn is_named_as_whole(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    !name.starts_with('.') && ![".part", ".tmp", ".filepart"].iter().any(|end| name.ends_with(end))
}

/// A file that is ours alone as long as this lives.
struct Open {
    file: File,
    inode: u64,
    bytes: u64,
    changed: SystemTime,
}

impl Open {
    /// `None`: it is none for us now.
    fn try_open(path: &Path) -> io::Result<Option<Open>> {
        let gone = |error: &io::Error| error.kind() == io::ErrorKind::NotFound;
        // A link may lead anywhere.
        match fs::symlink_metadata(path) {
            Ok(about) if about.is_file() => {}
            Ok(_) => return Ok(None),
            Err(error) if gone(&error) => return Ok(None),
            Err(error) => return Err(error),
        }
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if gone(&error) => return Ok(None),
            Err(error) => return Err(error),
        };
        // Another head office that watches the same folder.
        match file.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => return Ok(None),
            Err(fs::TryLockError::Error(error)) => return Err(error),
        }
        let about = file.metadata()?;
        let is_there = fs::symlink_metadata(path).is_ok_and(|there| there.ino() == about.ino());
        Ok(is_there.then_some(Open { inode: about.ino(), bytes: about.len(), changed: about.modified()?, file }))
    }

    fn age(&self) -> Duration {
        SystemTime::now().duration_since(self.changed).unwrap_or_default()
    }
}

/// What stands in a file.
enum Content {
    Unfinished,
    /// Why nothing of it is taken.
    Wrong(String),
    Orders {
        form: Form,
        orders: Vec<(String, Result<String, String>)>,
        note: String,
    },
}

/// Takes what a file holds. `None`: not yet.
async fn read_in(office: &HeadOffice, channel: &Channel, path: &Path, open: &Open) -> Result<Option<Put>, DropError> {
    if open.age() < QUIET || open.bytes == 0 {
        return Ok(None);
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy().chars().filter(|c| !c.is_control()).take(120).collect::<String>();
    let content = match open.bytes > FILE_BYTES_MAX {
        true => Content::Wrong(format!("it is larger than {FILE_BYTES_MAX} bytes: make several files of it")),
        false => {
            let mut bytes = Vec::new();
            (&open.file).read_to_end(&mut bytes).map_err(|source| DropError::Folder { path: path.to_owned(), source })?;
            let is_old = open.age() >= UNFINISHED;
            match path.extension().and_then(OsStr::to_str).map(str::to_lowercase).as_deref() {
                Some("json") => of_json(&bytes, is_old),
                Some("csv" | "txt" | "tsv") => of_csv(&bytes, channel, is_old),
                _ => Content::Wrong("its name ends neither in .json nor in .csv".to_owned()),
            }
        }
    };
    let (form, orders, note) = match content {
        Content::Unfinished => return Ok(None),
        Content::Wrong(why) => {
            let report = format!("{name}: nothing of it was taken: {why}\n");
            return Ok(Some(Put { report, is_done: false }));
        }
        Content::Orders { form, orders, note } => (form, orders, note),
    };
    let (mut lines, mut count) = (Vec::new(), Count::default());
    for (place, text) in orders {
        let source = format!("file {name}, {place}");
        let answer = match text {
            Err(why) => Some(Err(Refused::of_file(why))),
            Ok(text) => {
                let incoming = Incoming { number: None, text, form, source, is_kept: true };
                api::take_in(office, channel.channel.clone(), incoming).await?
            }
        };
        // The channel was taken away meanwhile.
        let Some(answer) = answer else { return Ok(None) };
        lines.push(count.line(&place, &answer));
    }
    let report = format!("{name}: {}{note}\n\n{}\n", count.words(), lines.join("\n"));
    Ok(Some(Put { report, is_done: count.refused == 0 }))
}

fn of_json(bytes: &[u8], is_old: bool) -> Content {
    let Ok(text) = std::str::from_utf8(bytes) else { return Content::Wrong("it is not UTF-8".to_owned()) };
    if card_data::holds_card(text) {
        return Content::Wrong(card_data::WHAT.to_owned());
    }
    match serde_json::from_str::<serde_json::Value>(text.trim_start_matches('\u{feff}')) {
        Err(why) if why.is_eof() && !is_old => Content::Unfinished,
        Err(why) => Content::Wrong(format!("it cannot be read as JSON: {why}")),
        Ok(serde_json::Value::Array(all)) if all.len() > ORDERS_PER_FILE_MAX => {
            Content::Wrong(format!("it has more than {ORDERS_PER_FILE_MAX} orders: make several files of it"))
        }
        Ok(serde_json::Value::Array(all)) => {
            let orders = all.iter().zip(1..).map(|(order, nth)| (format!("order {nth}"), Ok(order.to_string()))).collect();
            Content::Orders { form: Form::Json, orders, note: String::new() }
        }
        Ok(one) => Content::Orders { form: Form::Json, orders: vec![("order 1".to_owned(), Ok(one.to_string()))], note: String::new() },
    }
}

fn of_csv(bytes: &[u8], channel: &Channel, is_old: bool) -> Content {
    if !bytes.ends_with(b"\n") && !bytes.ends_with(b"\r") && !is_old {
        return Content::Unfinished;
    }
    let ours = Mapping::of_our_columns();
    let read = match sheet::read(bytes, channel.settings.csv_mapping.as_ref().unwrap_or(&ours)) {
        Ok(read) => read,
        Err(why) => return Content::Wrong(why),
    };
    if read.orders.iter().any(|order| card_data::holds_card(&order.text)) {
        return Content::Wrong(card_data::WHAT.to_owned());
    }
    let note = if read.encoding == Encoding::Utf8 { "" } else { "; it is not UTF-8 and was read as Windows-1252" };
    let place = |rows: &[u64]| match rows {
        [one] => format!("row {one}"),
        [first, .., last] => format!("rows {first} to {last}"),
        [] => String::new(),
    };
    let orders = read.orders.into_iter().map(|order| (place(&order.rows), order.fault.map_or(Ok(order.text), Err))).collect();
    Content::Orders { form: Form::Rows, orders, note: note.to_owned() }
}

#[derive(Default)]
struct Count {
    taken: usize,
    known: usize,
    refused: usize,
}

impl Count {
    fn line(&mut self, place: &str, answer: &Result<Receipt, Refused>) -> String {
        match answer {
            Ok(receipt) => {
                let what = match receipt.outcome {
                    Outcome::Taken => "taken",
                    Outcome::Changed => "changed",
                    Outcome::Same => "was there already",
                    Outcome::Older => "passed over: a later version was there already",
                    Outcome::CancelAsked => "cancelled",
                };
                let new = matches!(receipt.outcome, Outcome::Taken | Outcome::Changed);
                *(if new { &mut self.taken } else { &mut self.known }) += 1;
                let left_out =
                    receipt.refused.iter().map(|line| format!("; without line {}: {}", line.line, line.reason)).collect::<String>();
                format!("{place}: {} {what}{left_out}", receipt.number)
            }
            Err(refused) => {
                self.refused += 1;
                let kept = refused.error.map(|id| format!(" (number {id} of the list of errors)")).unwrap_or_default();
                format!("{place}: NOT TAKEN{kept}: {}", refused.reason())
            }
        }
    }

    fn words(&self) -> String {
        format!("{} taken, {} there already, {} not taken", self.taken, self.known, self.refused)
    }
}

/// Report first: a file that is moved has one.
fn put_away(home: &Path, path: &Path, put: &Put) -> io::Result<()> {
    let folder = home.join(if put.is_done { "done" } else { "bad" });
    let name = path.file_name().unwrap_or_default().to_owned();
    let mut place = folder.join(&name);
    let mut nth = 2;
    // An earlier file of the same name stays.
    while place.exists() {
        let mut other = name.clone();
        other.push(format!(".{nth}"));
        place = folder.join(other);
        nth += 1;
    }
    let mut report = place.clone().into_os_string();
    report.push(".report.txt");
    let mut half = report.clone();
    half.push(".tmp");
    let mut file = File::create(&half)?;
    file.write_all(put.report.as_bytes())?;
    file.sync_all()?;
    fs::rename(&half, &report)?;
    fs::rename(path, &place)?;
    File::open(&folder)?.sync_all()
}
