//! From a checked configuration to a shop that can sell: open the record, replay it, open the views, start the devices, the loop, the
//! line and the pages; in this order, so that the first thing anybody is told is already true.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tracing::{error, info, warn};

use super::archive::Archive;
use super::books::Bookshelf;
use super::config::NodeConfig;
use super::configuration::Configuration;
use super::cycle_counts;
use super::elsewhere::{self, Elsewhere, ElsewhereQuestion};
use super::handle::{DurableHead, Input, LOOP_INBOX_MAX, Node, ReceiptQuestion, Shared};
use super::notify::{self, Notify};
use super::orders::{self, CollectKeys, HandOvers};
use super::originals::Originals;
use super::prints::{Prints, ReceiptCodes};
use super::proof::PIN_CHECKS_MAX;
use super::publish::Publisher;
use super::replay;
use super::run::{Loop, shell_request};
use super::scanner::Scanners;
use super::seal::Seal;
use super::writer::{Writer, WriterError};
use crate::device::{self, DEVICE_REPORTS_MAX};
use crate::document::stored::Fallback;
use crate::document::{Language, Stationery};
use crate::gs1::CodeRules;
use crate::ids::{Incarnation, WorkstationId};
use crate::journal::{self, Content, Folder, Identity, Journal, KeyError, NodeKey, OpenOptions, ReadError, Reader};
use crate::retail::day::Day;
use crate::retail::{Command, UplinkAck};
use crate::sync::repair::Damaged;
use crate::sync::{self, http::SyncConfig};
use crate::time::{Clock, SystemClock};
use crate::vault::{Damage, Vault, VaultError};
use crate::views::{self, ReadRecords, Views};
use crate::web::pairing::PairingError;
use crate::web::tls::DoorError;

/// The folder in which `counterfoil restore` builds a journal.
pub const RESTORING: &str = "restoring";
/// How long a stop waits for printers to prove the paper they are printing.
const DEVICES_PATIENCE: Duration = Duration::from_secs(10);
/// Receipts that head office is asked about at once; further ones are shown with what is known here.
const QUESTIONS_MAX: usize = 16;
/// The electronic journal is asked for what head office lacks in pages of this many: all that it gives at once.
const WAITING_PAGE: usize = views::RESULTS_MAX;

/// Why a node cannot start. Each names the thing and the remedy.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("cannot write to {path}: {reason}: give the user that runs counterfoil write access, or choose another folder with data_dir")]
    Folder { path: PathBuf, reason: std::io::Error },
    #[error(
        "{path} is a journal on its way back from head office: let `counterfoil restore` finish it. To begin without a past after all, remove that folder"
    )]
    RestoreUnfinished { path: PathBuf },
    #[error(transparent)]
    Door(#[from] DoorError),
    #[error(transparent)]
    Pairing(#[from] PairingError),
    #[error(transparent)]
    Journal(#[from] journal::OpenError),
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error(transparent)]
    Writer(#[from] WriterError),
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Device(#[from] device::SetupError),
}

/// A shop sells without it. What is wrong with it becomes an alarm.
fn open_vault(path: &Path, key: &NodeKey, alarms: &mut Vec<String>) -> Option<Vault> {
    let opened = match Folder::create(path) {
        Ok(folder) => Vault::open(folder, key),
        Err(reason) => Err(VaultError::Disk { file: "vault", folder: path.display().to_string(), reason }),
    };
    let (vault, damage) = match opened {
        Ok(opened) => opened,
        Err(reason) => {
            error!(%reason, "customers are not known until the vault opens");
            alarms.push(format!("Customers are not known: {reason}."));
            return None;
        }
    };
    for damage in damage {
        match damage {
            Damage::TornTail { .. } => info!(%damage, "the vault was being written to when the last process ended"),
            Damage::Subject { .. } | Damage::Unnamed { .. } => {
                error!(%damage, "customers' details are lost");
                alarms.push(format!("{damage}."));
            }
        }
    }
    Some(vault)
}

/// A node at work: record, loop and devices. Pages and the line to head office are opened on its handle.
pub struct Running {
    pub node: Node,
    writer: std::thread::JoinHandle<Result<(), WriterError>>,
    ended: watch::Receiver<bool>,
    devices: device::Devices,
}

/// Starts a node. Returns when it can sell.
pub async fn start(config: &NodeConfig) -> Result<Running, StartError> {
    let (running, line) = bring_up(config).await?;
    let node = running.node.clone();
    // The loop answers what follows, so what the last process left under way is settled first.
    let _ = node.tell(Input::Restarted).await;
    tokio::spawn(orders::watch_orders(node.clone(), Arc::new(SystemClock::new())));
    tokio::spawn(cycle_counts::watch(node.clone(), Arc::new(SystemClock::new())));
    tokio::spawn(orders::watch_rights(node.clone()));
    if config.opens_day_itself {
        open_day(&node, config).await;
    }
    line.open(&node, config);
    info!(store = %config.store, "able to sell");
    Ok(running)
}

/// Starts a node that only talks to head office: without devices, and without a word about what its last process left under way. For a box that
/// is being restored: the shop's devices may not be there yet, and that must not decide how a payment ended.
pub async fn start_unmanned(config: &NodeConfig) -> Result<Running, StartError> {
    let mut config = config.clone();
    config.devices.clear();
    let (running, line) = bring_up(&config).await?;
    line.open(&running.node, &config);
    Ok(running)
}

/// What the line to head office begins with.
struct ToOpen {
    kept: Option<UplinkAck>,
    asked: mpsc::Receiver<ReceiptQuestion>,
    looked: mpsc::Receiver<ElsewhereQuestion>,
}

impl ToOpen {
    fn open(self, node: &Node, config: &NodeConfig) {
        let Some(link) = &config.head_office else { return };
        let config = SyncConfig::new(link, &config.store, &config.node, &config.data_dir, self.kept);
        sync::http::spawn_receipts(node.clone(), &config, self.asked);
        sync::http::spawn_elsewhere(node.clone(), &config, self.looked);
        sync::http::spawn(node.clone(), config);
    }
}

/// Record, views, devices and loop; the loop has been told nothing yet.
async fn bring_up(config: &NodeConfig) -> Result<(Running, ToOpen), StartError> {
    let data = config.data_dir.clone();
    let restoring = data.join(RESTORING);
    if restoring.exists() {
        return Err(StartError::RestoreUnfinished { path: restoring });
    }
    for folder in [data.clone(), data.join("feeds"), data.join("journal"), data.join("carry")] {
        create_private(&folder).map_err(|reason| StartError::Folder { path: folder, reason })?;
    }
    let configuration = Configuration::open(config);
    let config = &configuration.effective();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let rules = Arc::new(config.rules.clone());
    let codes = CodeRules::for_country(&config.country, config.rules.currency.clone());
    let journal_folder = data.join("journal");
    let unwritable = |path: PathBuf| move |reason| StartError::Folder { path, reason };
    let folder = Folder::create(&journal_folder).map_err(unwritable(journal_folder.clone()))?;
    let content = Content::open(&data.join("carry")).map_err(unwritable(data.join("carry")))?;
    let key = NodeKey::load_or_create(&data.join("node.key"))?;
    let opened = Journal::open(
        folder,
        OpenOptions {
            identity: Identity { store: config.store.clone(), node: config.node.clone() },
            key: key.clone(),
            now: clock.now(),
            incarnation: Incarnation(random_u64()),
            program: env!("CARGO_PKG_VERSION").to_owned(),
            limits: journal::Limits::default(),
        },
    )?;
    info!(recovery = %opened.report, "journal opened");
    let mut alarms: Vec<String> = Vec::new();
    let mut damaged: Vec<Damaged> = Vec::new();
    for damage in &opened.report.damage {
        error!(%damage.bad, damage.in_replay, "the journal is damaged");
        match damage.bad.lost {
            Some((first_seq, last_seq)) => {
                damaged.push(Damaged { first_seq, last_seq, words: damage.bad.to_string(), why: String::new() });
            }
            None => alarms.push(format!(
                "The record is damaged: {}. Selling goes on; call the technician: `counterfoil journal verify`.",
                damage.bad
            )),
        }
    }
    let journal = opened.journal;
    let replayed = replay::state(opened.replay, &journal, &content)?;
    let head_seq = journal.head().seq;
    info!(records = replayed.records, seq = head_seq, "journal replayed");
    for impossible in &replayed.state.impossible {
        error!(seq = impossible.seq, why = %impossible.why, "an event does not fit what came before it");
    }

    let reader = Arc::new(Reader::open(&journal_folder)?);
    let (views, report) = Views::open(views::Options {
        folder: data.join("views"),
        feeds_folder: data.join("feeds"),
        node: config.node.clone(),
        adopted: replayed.state.feeds.clone(),
        head_seq,
        records: records_for_views(reader.clone()),
    });
    if let Some(why) = &report.rebuilt
        && replayed.records > 1
    {
        warn!(%why, set_aside = ?report.set_aside, "the look-up cache was not usable and is rebuilt from disk; nothing is lost");
    }
    let archive = Archive::new(views.clone(), reader.clone());
    let books = Bookshelf::open(&data.join("feeds"), Seal::of(&key), &config.store, &replayed.state.feeds);

    let vault = open_vault(&data.join("vault"), &key, &mut alarms);
    let configured = config.head_office.as_ref().and_then(|link| link.public_key.clone());
    let collect = CollectKeys::new(&key, configured, data.join("head-office.pub"));

    let kept = replayed.state.uplink.clone();
    let acknowledged = kept.as_ref().map_or(0, |ack| ack.seq);
    let mut publisher = Publisher::new(
        config.store.clone(),
        config.letterhead.store_name.clone(),
        rules.clone(),
        waiting(&views, acknowledged),
        head_seq,
        alarms,
        damaged,
    );
    publisher.set_staff(books.books().staff);
    let papers = Fallback {
        stationery: Stationery { letterhead: config.letterhead.clone(), currency: config.rules.currency.clone(), locale: config.locale },
        time_zone: config.time_zone.clone(),
    };
    let prints = Prints {
        papers: papers.clone(),
        codes: ReceiptCodes { chain: config.chain.clone(), store: config.store.clone(), key: key.clone() },
        staff: books.books().staff,
        customers: vault.clone(),
    };

    let (reports, mut reported) = mpsc::channel(DEVICE_REPORTS_MAX);
    let setup =
        device::Setup { devices: config.devices.clone(), font: config.font.clone(), german: config.locale.language == Language::German };
    let devices = device::spawn(setup, reports, clock.clone())?;

    let (inbox, inputs) = mpsc::channel(LOOP_INBOX_MAX);
    let (questions, asked) = mpsc::channel(QUESTIONS_MAX);
    let (looks, looked) = mpsc::channel(elsewhere::QUESTIONS_MAX);
    let elsewhere = Arc::new(Elsewhere::new(looks));
    let writer = Writer::new(journal, content, replayed.state, rules, clock, config.time_zone.clone());
    let (screen, screens) = watch::channel(publisher.screen(writer.state(), writer.now(), writer.uptime()));
    let (durable, durables) = watch::channel(DurableHead::at(writer.durable()));
    let node = Node {
        inbox: inbox.clone(),
        screen: screens,
        durable: durables,
        shared: Arc::new(Shared {
            journal_folder,
            feeds_folder: data.join("feeds"),
            views: views.clone(),
            books: books.clone(),
            archive: archive.clone(),
            codes: codes.clone(),
            time_zone: config.time_zone.clone(),
            papers,
            vault,
            pin_checks: tokio::sync::Semaphore::new(PIN_CHECKS_MAX),
            collect: collect.clone(),
            elsewhere: elsewhere.clone(),
        }),
    };
    tokio::spawn(async move {
        while let Some(report) = reported.recv().await {
            if inbox.send(Input::Device(report)).await.is_err() {
                break;
            }
        }
    });

    let work = Loop {
        writer,
        views,
        books,
        archive,
        codes,
        time_zone: config.time_zone.clone(),
        prints,
        publisher,
        screen,
        durable,
        printers: devices.printers.clone(),
        terminals: devices.terminals.clone(),
        scales: devices.scales.clone(),
        undelivered: Vec::new(),
        displays: displays_of(&config.devices, &devices),
        notify: Notify::from_environment(),
        unindexed: Vec::new(),
        originals: Originals::new(config.chain.clone(), config.store.clone(), key.public()),
        vault: node.shared.vault.clone(),
        questions,
        elsewhere,
        idle: Default::default(),
        collect,
        hand_overs: HandOvers::default(),
        scanners: Scanners::new(u64::try_from(SystemClock::new().now().ms).unwrap_or(0)),
        configuration,
    };
    let (end, ended) = watch::channel(false);
    let writer = std::thread::Builder::new()
        .name("counterfoil-writer".to_owned())
        .spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime with a timer can always be built");
            let result = runtime.block_on(work.run(inputs));
            if let Err(reason) = &result {
                error!(%reason, "the writer stopped; nothing unflushed was acknowledged");
            }
            end.send_replace(true);
            result
        })
        .map_err(|reason| StartError::Folder { path: data.clone(), reason })?;

    Ok((Running { node, writer, ended, devices }, ToOpen { kept, asked, looked }))
}

impl Running {
    /// Resolves when the writer has stopped by itself: the journal is fenced.
    pub async fn ended(&mut self) {
        // An error means that the writer's thread is gone, which is the same.
        let _ = self.ended.wait_for(|ended| *ended).await;
    }

    /// A clean stop: printers prove what they can, the journal gets its mark, the views are made durable.
    pub async fn stop(self) -> Result<(), WriterError> {
        notify::stopping();
        if !self.devices.shutdown(DEVICES_PATIENCE).await {
            warn!("a device did not stop in time; what it was printing is asked about at the next start");
        }
        let _ = self.node.tell(Input::Stop).await;
        let result = match tokio::task::spawn_blocking(move || self.writer.join()).await {
            Ok(Ok(result)) => result,
            // It panicked and said so; recovery is the next start's.
            Ok(Err(_)) | Err(_) => Ok(()),
        };
        self.node.shared.views.close();
        result
    }
}

/// How the views read what their index lacks: through a reader of the journal, in batches.
fn records_for_views(reader: Arc<Reader>) -> ReadRecords {
    const BATCH_BYTES: usize = 4 << 20;
    Arc::new(move |from, to, take| {
        let mut next = from;
        while next <= to {
            let batch = match reader.read_batch(next, to, BATCH_BYTES) {
                Ok(batch) => batch,
                Err(ReadError::Hole { last_seq, .. }) => {
                    next = last_seq + 1;
                    continue;
                }
                Err(reason) => return Err(reason.to_string()),
            };
            let Some(last) = batch.last() else { return Ok(()) };
            next = last.seq + 1;
            for raw in batch {
                let record = journal::Record::parse(raw.line).map_err(|bad| bad.to_string())?;
                let events = replay::events(&record).map_err(|bad| bad.to_string())?;
                if take(record.seq, &events) == ControlFlow::Break(()) {
                    return Ok(());
                }
            }
        }
        Ok(())
    })
}

/// Sequences of finished transactions that head office has not acknowledged.
fn waiting(views: &Views, acknowledged: u64) -> BTreeSet<u64> {
    let mut found = BTreeSet::new();
    let mut before = None;
    loop {
        let page = views.transactions(before, WAITING_PAGE);
        let fresh = page.iter().map(|entry| entry.seq).filter(|seq| *seq > acknowledged);
        found.extend(fresh);
        match page.last() {
            Some(last) if last.seq > acknowledged && page.len() == WAITING_PAGE => before = Some(last.seq),
            _ => return found,
        }
    }
}

/// Opens today when no day is open and today is not the past. A refusal is left for the screen to show.
async fn open_day(node: &Node, config: &NodeConfig) {
    let today = jiff::Timestamp::now().to_zoned(config.time_zone.clone()).date();
    let due = match node.screen().day {
        Day::NeverOpened => true,
        Day::Open { .. } => false,
        Day::Closed { last } => last < today,
    };
    if due && let Err(reason) = node.ask(shell_request(None, Command::OpenDay { date: today })).await {
        warn!(%reason, "the business day could not be opened by itself");
    }
}

/// A display that faces no workstation has nothing to say.
fn displays_of(configured: &[device::DeviceConfig], devices: &device::Devices) -> Vec<(WorkstationId, device::DisplayHandle)> {
    let facing = configured.iter().filter_map(|device| Some((device.workstation.clone()?, devices.displays.get(&device.name)?.clone())));
    facing.collect()
}

/// A folder that only we can read.
fn create_private(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    let probe = path.join(".writable");
    std::fs::write(&probe, b"")?;
    std::fs::remove_file(&probe)
}

fn random_u64() -> u64 {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).expect("the kernel always has randomness after boot");
    u64::from_le_bytes(bytes)
}
