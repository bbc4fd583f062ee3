//! The handle by which pages, API, sync and devices reach the loop. Cheap to clone; every queue behind it is bounded.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot, watch};

use super::archive::Archive;
use super::books::Bookshelf;
use super::elsewhere::Elsewhere;
use super::facts;
use super::orders::CollectKeys;
use super::proof::Approval;
pub use super::reports::CashNow;
use super::scanner::PageKind;
use super::screen::{ArmedReturn, ArticleInfo, LinkStatus, NextScan, Now, OpenReceipt, Screen};
use crate::device::{DeviceReport, TestKind};
use crate::document::Voice;
use crate::document::stored::Fallback;
use crate::gs1::CodeRules;
use crate::ids::{AttemptId, CommandId, DeviceName, Incarnation, PageId, Sku, StaffId, TxnId, WorkstationId};
use crate::journal::{Position, Repair};
use crate::money::Qty;
use crate::retail::day::Day;
use crate::retail::pricing::Moment;
use crate::retail::staff::Proof;
use crate::retail::stock::Mark;
use crate::retail::{Answer, Command, Feed, Original, Refusal, ScanFact};
use crate::sync::feed::Article;
use crate::sync::repair::Damaged;
use crate::time::Stamp;
use crate::vault::Vault;
use crate::views::{LoadError, NotNow, Views};

/// Commands and reports that may wait for the loop. Beyond it callers are told to try again.
pub const LOOP_INBOX_MAX: usize = 4096;

/// Who asks about an article waits so long for what other shops have; then what is kept has to do.
const ELSEWHERE_PATIENCE: Duration = Duration::from_millis(800);

/// A command from outside. `id` is made by the client, once per intended act.
#[derive(Debug, Clone)]
pub struct CommandRequest {
    pub id: CommandId,
    pub workstation: Option<WorkstationId>,
    /// Who acts where no workstation says it.
    pub staff: Option<StaffId>,
    /// A badge or PIN that came with it. No part of what a repeat is compared by, and never written anywhere.
    pub approval: Option<Approval>,
    pub command: Command,
}

/// Why a command did not succeed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum AskError {
    /// The user can act on it. The words are the voice's; in a log the code stands alone.
    #[error("refused: {0}")]
    Refused(Refusal, Voice),
    #[error("the till is busy: more than {LOOP_INBOX_MAX} requests wait; try again in a moment")]
    Busy,
    /// The journal is fenced or the process is stopping: nothing was acknowledged; it restarts and recovers by itself.
    #[error("the node is restarting; nothing was recorded: try again in a few seconds")]
    Stopping,
    /// Nothing was recorded and the till is as it was. The words name the folder and the remedy.
    #[error("{0}")]
    DiskFull(String),
}

/// Everything that can reach the loop. Closed.
#[derive(Debug)]
pub enum Input {
    Ask(CommandRequest, oneshot::Sender<Result<Answer, AskError>>),
    /// Another person's word for what was refused at a workstation; `None`: it is given up.
    Approve(WorkstationId, Option<Approval>, oneshot::Sender<Result<Answer, AskError>>),
    Device(DeviceReport),
    Link(LinkStatus),
    /// A feed's file is complete, fsynced, and loaded into the views beside the version in force.
    FeedReady {
        feed: Feed,
        version: u64,
        hash: String,
    },
    /// Head office said that our version is the newest.
    FeedConfirmed {
        feed: Feed,
        at_ms: i64,
    },
    /// Drop a print job of which no byte was sent, or test a device. Not a business act, not recorded.
    DeviceTest {
        device: DeviceName,
        kind: TestKind,
    },
    /// What the next scan at a workstation shall mean: a quantity was typed ahead, or a price check was asked for. Not recorded.
    NextScan {
        workstation: WorkstationId,
        next: NextScan,
    },
    /// Head office said what other shops have of an article: screens that show it show that.
    ElsewhereTold {
        sku: Sku,
    },
    /// Nobody waits for a weight at the workstation any more. Not recorded.
    ForgetWeight {
        workstation: WorkstationId,
    },
    /// What the last line was weighed with is to be weighed once more. Not recorded.
    WeighAgain {
        workstation: WorkstationId,
    },
    /// What is taken off the next weight at the workstation. Not recorded.
    SetTare {
        workstation: WorkstationId,
        tare: Qty,
    },
    /// What lies on the shelf by the baseline and our own movements; `None` where there is no baseline.
    OnHand(Vec<Sku>, oneshot::Sender<Vec<Option<OnHand>>>),
    /// What is known of one article's stock.
    ReadStock(Sku, oneshot::Sender<StockNow>),
    /// All holes of the journal that are not filled.
    Damage(Vec<Damaged>),
    /// What fills a hole, proved: keep it, and take what it holds into the state.
    Repaired(Box<Repair>, oneshot::Sender<Result<(), String>>),
    /// The cashier gives up the card payment at a workstation. The terminal has the last word, so it is not recorded.
    CancelCard {
        workstation: WorkstationId,
        attempt: AttemptId,
    },
    /// A receipt's code or number: show its lines at the workstation. Not recorded.
    OpenReceipt {
        workstation: WorkstationId,
        receipt: String,
        reply: oneshot::Sender<Result<OpenReceipt, AskError>>,
    },
    CloseReceipt {
        workstation: WorkstationId,
    },
    /// The next article scanned at the workstation comes back instead of being sold. Not recorded.
    ArmReturn {
        workstation: WorkstationId,
        armed: Option<ArmedReturn>,
    },
    /// What head office knows of a receipt.
    ReceiptTold(ReceiptAnswer),
    /// Tills, safe and reports as they are now.
    ReadCash(oneshot::Sender<Box<CashNow>>),
    /// Head office answered the question for orders. `lead`: this node keeps the store's orders.
    OrdersHeard {
        lead: bool,
        at_ms: i64,
    },
    /// A page of a workstation has a live stream, or one stream less.
    PageOpened {
        workstation: WorkstationId,
        page: PageId,
        kind: PageKind,
    },
    PageClosed {
        workstation: WorkstationId,
        page: PageId,
    },
    /// It came in front of the person, or went behind another one: the page in front has the workstation's scanner.
    PageInFront {
        workstation: WorkstationId,
        page: PageId,
        in_front: bool,
    },
    /// A page uses a scan that it was offered: true once.
    TakeScan {
        workstation: WorkstationId,
        page: PageId,
        serial: u64,
        reply: oneshot::Sender<bool>,
    },
    /// Once, right after the start: settle what the last process left under way.
    Restarted,
    Stop,
}

/// What head office is asked about a receipt.
#[derive(Debug, Clone)]
pub struct ReceiptQuestion {
    /// As scanned or typed.
    pub receipt: String,
    /// As printed.
    pub number: String,
    /// `None`: only the number is known.
    pub txn: Option<TxnId>,
    /// Who waits for it.
    pub workstation: Option<WorkstationId>,
}

/// Its answer. `original` with what other nodes have taken back; `None`: it did not answer in time, or does not know the receipt.
#[derive(Debug, Clone)]
pub struct ReceiptAnswer {
    pub question: ReceiptQuestion,
    pub original: Option<Original>,
}

/// Units on the shelf and how old the statement under them is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OnHand {
    pub quantity: Qty,
    pub as_of: Stamp,
}

/// One article's stock as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StockNow {
    /// `None`: nobody has counted it, neither head office nor we.
    pub on_hand: Option<Qty>,
    pub reserved: Qty,
    /// Units in bags of orders, among those on hand.
    pub in_bags: Qty,
    /// When it last moved and was last counted here; `None`: never.
    pub mark: Option<Mark>,
    /// When head office's baseline was stated.
    pub baseline_ms: Option<i64>,
}

/// The newest record that is on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DurableHead {
    pub incarnation: Incarnation,
    pub seq: u64,
    /// 64 hex characters.
    pub hash: String,
    /// The newest record with an urgent event; 0 when none.
    pub urgent_seq: u64,
}

impl DurableHead {
    pub fn at(position: Position) -> DurableHead {
        DurableHead { incarnation: position.incarnation, seq: position.seq, hash: position.hash.to_string(), urgent_seq: 0 }
    }
}

#[derive(Clone)]
pub struct Node {
    pub(super) inbox: mpsc::Sender<Input>,
    pub(super) screen: watch::Receiver<Arc<Screen>>,
    pub(super) durable: watch::Receiver<DurableHead>,
    pub(super) shared: Arc<Shared>,
}

/// Read-only things that need no loop.
pub struct Shared {
    pub journal_folder: PathBuf,
    pub feeds_folder: PathBuf,
    pub views: Views,
    pub books: Bookshelf,
    pub archive: Archive,
    pub codes: CodeRules,
    pub time_zone: jiff::tz::TimeZone,
    /// How the store's papers look, for reports shown as text.
    pub papers: Fallback,
    /// Who customers are. `None`: it could not be opened, an alarm says why, and selling goes on without it.
    pub vault: Option<Vault>,
    /// Places for PINs under examination.
    pub pin_checks: tokio::sync::Semaphore,
    /// What customers' codes are checked with.
    pub collect: CollectKeys,
    /// What other shops have, as head office last said.
    pub elsewhere: Arc<Elsewhere>,
}

impl Node {
    /// A handle on a loop that someone else plays: the simulation, and tests that stand in for the loop.
    pub fn for_tests(
        inbox: mpsc::Sender<Input>,
        screen: watch::Receiver<Arc<Screen>>,
        durable: watch::Receiver<DurableHead>,
        shared: Arc<Shared>,
    ) -> Node {
        Node { inbox, screen, durable, shared }
    }

    /// Sends a command and waits until its record is durable (soft ones: until applied).
    pub async fn ask(&self, mut request: CommandRequest) -> Result<Answer, AskError> {
        // Held until the loop has answered: it then knows of the miss.
        let mut _place = None;
        if let Some(approval) = request.approval.take_if(|approval| !approval.is_quick()) {
            _place = Some(self.shared.pin_checks.acquire().await.map_err(|_| AskError::Stopping)?);
            request.approval = Some(Approval::Checked(self.examine(approval).await));
        }
        let (reply, answer) = oneshot::channel();
        self.inbox.try_send(Input::Ask(request, reply)).map_err(|full| match full {
            mpsc::error::TrySendError::Full(_) => AskError::Busy,
            mpsc::error::TrySendError::Closed(_) => AskError::Stopping,
        })?;
        answer.await.unwrap_or(Err(AskError::Stopping))
    }

    /// Whether a page may use a scan that it was offered.
    pub async fn take_scan(&self, workstation: WorkstationId, page: PageId, serial: u64) -> Result<bool, AskError> {
        let (reply, answer) = oneshot::channel();
        self.tell(Input::TakeScan { workstation, page, serial, reply }).await?;
        answer.await.map_err(|_| AskError::Stopping)
    }

    /// Shows the lines of a receipt at a workstation, by its code or its number.
    pub async fn open_receipt(&self, workstation: WorkstationId, receipt: String) -> Result<OpenReceipt, AskError> {
        let (reply, answer) = oneshot::channel();
        self.tell(Input::OpenReceipt { workstation, receipt, reply }).await?;
        answer.await.unwrap_or(Err(AskError::Stopping))
    }

    /// Does what was refused at a workstation for want of another person's word, with that word; `None` gives it up. An answer of record 0:
    /// nothing waits there.
    pub async fn approve(&self, workstation: WorkstationId, approval: Option<Approval>) -> Result<Answer, AskError> {
        let _place = self.shared.pin_checks.acquire().await.map_err(|_| AskError::Stopping)?;
        let approval = match approval {
            Some(approval) => Some(Approval::Checked(self.examine(approval).await)),
            None => None,
        };
        let (reply, answer) = oneshot::channel();
        self.inbox.send(Input::Approve(workstation, approval, reply)).await.map_err(|_| AskError::Stopping)?;
        answer.await.unwrap_or(Err(AskError::Stopping))
    }

    /// A PIN, looked at on a thread that may block.
    async fn examine(&self, approval: Approval) -> Proof {
        let book = self.shared.books.books().staff;
        let is_locked_out = match &approval {
            Approval::Pin { staff, .. } => self.screen.borrow().locked_out.get(staff).is_some_and(|until| *until > Instant::now()),
            Approval::Badge(_) | Approval::Checked(_) => false,
        };
        match tokio::task::spawn_blocking(move || approval.checked(&book, is_locked_out)).await {
            Ok(proof) => proof,
            Err(panic) => std::panic::resume_unwind(panic.into_panic()),
        }
    }

    /// What is on the screens now.
    pub fn screen(&self) -> Arc<Screen> {
        self.screen.borrow().clone()
    }

    /// Wakes at every published change.
    pub fn changes(&self) -> watch::Receiver<Arc<Screen>> {
        self.screen.clone()
    }

    /// The newest durable record, for the uplink.
    pub fn durable(&self) -> watch::Receiver<DurableHead> {
        self.durable.clone()
    }

    /// Facts from devices, sync and timers. Waits when the loop is behind.
    pub async fn tell(&self, input: Input) -> Result<(), AskError> {
        self.inbox.send(input).await.map_err(|_| AskError::Stopping)
    }

    pub fn shared(&self) -> &Shared {
        &self.shared
    }

    /// Articles by name, code or SKU as typed, with what lies on the shelf.
    pub async fn search(&self, text: &str, limit: usize) -> Result<Vec<ArticleInfo>, NotNow> {
        let articles = self.shared.views.search(text, limit)?;
        Ok(self.with_stock(articles).await)
    }

    /// What a code would sell here and now. Sells nothing.
    pub async fn price_check(&self, code: &str) -> ScanFact {
        self.shared.look_up(code)
    }

    /// One article with what lies on the shelf, here and in other shops.
    pub async fn article(&self, sku: &Sku) -> Result<Option<ArticleInfo>, NotNow> {
        let Some(found) = self.shared.views.by_sku(sku)? else { return Ok(None) };
        // Asked first: the answer comes while the rest is looked up.
        let answered = if self.screen.borrow().link.online { self.shared.elsewhere.ask(sku) } else { None };
        let info = self.with_stock(vec![found]).await.pop();
        if let Some(answered) = answered {
            let _ = tokio::time::timeout(ELSEWHERE_PATIENCE, answered).await;
        }
        Ok(info.map(|info| ArticleInfo { elsewhere: self.shared.elsewhere.known(sku), ..info }))
    }

    async fn with_stock(&self, articles: Vec<Article>) -> Vec<ArticleInfo> {
        let skus = articles.iter().map(|a| a.sku.clone()).collect();
        let (reply, on_hand) = oneshot::channel();
        // A loop that is busy or gone costs the stock figure, not the price.
        let stock = match self.inbox.try_send(Input::OnHand(skus, reply)) {
            Ok(()) => on_hand.await.unwrap_or_default(),
            Err(_) => Vec::new(),
        };
        let stock = stock.into_iter().chain(std::iter::repeat(None));
        let (books, screen) = (self.shared.books.books(), self.screen());
        let local = jiff::Timestamp::now().to_zoned(self.shared.time_zone.clone());
        let date = match screen.day {
            Day::Open { date, .. } => date,
            Day::NeverOpened | Day::Closed { .. } => local.date(),
        };
        let at = Stamp { ms: local.timestamp().as_millisecond(), ..Stamp::default() };
        let moment = Moment::new(date, at, local.offset().seconds() / 60);
        let now = Now { books: &books, moment, rounding: screen.rules.line_rounding };
        articles.into_iter().zip(stock).map(|(article, on_hand)| ArticleInfo::of(&article, on_hand, &now)).collect()
    }

    /// One article's stock as it is now.
    pub async fn stock_now(&self, sku: &Sku) -> Result<StockNow, AskError> {
        let (reply, answer) = oneshot::channel();
        self.tell(Input::ReadStock(sku.clone(), reply)).await?;
        answer.await.map_err(|_| AskError::Stopping)
    }

    /// Tills, safe and reports as they are now.
    pub async fn cash(&self) -> Result<Box<CashNow>, AskError> {
        let (reply, answer) = oneshot::channel();
        self.tell(Input::ReadCash(reply)).await?;
        answer.await.map_err(|_| AskError::Stopping)
    }

    /// A feed's file is whole and fsynced: loads it beside the version in force (seconds for a large one) and then has it adopted.
    pub async fn feed_arrived(&self, feed: Feed, version: u64, hash: String) -> Result<(), LoadError> {
        let shared = self.shared.clone();
        let named = hash.clone();
        let progress = move |percent: u8| tracing::debug!(feed = feed.name(), version, percent, "loading");
        let load = move || match feed.is_book() {
            true => shared.books.load(feed, version, &named),
            false => shared.views.load(feed, version, &named, &progress).map(drop),
        };
        let loaded = tokio::task::spawn_blocking(load).await;
        loaded.unwrap_or_else(|panic| Err(LoadError::Cache { why: panic.to_string() }))?;
        // A node that stops meanwhile loads it again at its next start.
        let _ = self.tell(Input::FeedReady { feed, version, hash }).await;
        Ok(())
    }
}

impl Shared {
    /// What a code, scanned or typed, would sell here and now.
    pub fn look_up(&self, code: &str) -> ScanFact {
        let today = jiff::Timestamp::now().to_zoned(self.time_zone.clone()).date();
        let books = self.books.books();
        facts::look_up(code, &facts::Sources { views: &self.views, archive: &self.archive, books: &books, codes: &self.codes, today })
    }
}
