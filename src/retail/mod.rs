//! THE CORE. What a shop may do, as three functions over values:
//!
//! * [`decide`]: `(state, rules, ask, facts) -> events | refusal`. Refusals first, in a fixed order; then nothing can fail.
//! * [`State::apply`]: total; never decides, never fails, never looks at configuration. Replay gives the same state, byte for byte.
//! * [`effects`]: which outward acts follow from events, each saying what happens on repeat.
//!
//! Pure: no files, network, clock, randomness, threads, logging, floats or HashMap. Facts, time and new ids are passed in.

mod command;
pub mod event;
mod record;
pub mod refusal;
pub mod rules;

pub mod answers;
mod carry;
pub mod state;

pub mod age;
pub mod basket;
pub mod card;
pub mod customer;
mod decide;
pub mod last_day;
pub mod open_price;
pub mod order;
pub mod original;
pub mod pricing;
pub mod print;
pub mod recalls;
pub mod refund;
pub mod returned;
mod returns;
pub mod rights;
pub mod sale;
pub mod staff;
pub mod stock;
pub mod tax;
pub mod tender;
mod training;
pub mod unproved;
pub mod weight;

pub mod cash;
pub mod till;

pub mod safe;

pub mod addendum;

pub mod day;

pub mod invariant;

pub use card::{CardKind, CardMark, CardProgress, CardProof};
pub use carry::PartsError;
pub use command::Command;
pub use event::{Event, EventKind};
pub use original::{Original, OriginalLine};
pub use record::{Discount, DiscountKind, QuantityFrom, SoldLine, Tender, TenderKind, TransactionKind, TransactionRecord};
pub use refusal::Refusal;
pub use returned::{Disposition, ReturnOf, ReturnedReceipt};
pub use rules::Rules;
pub use state::State;

use serde::{Deserialize, Serialize};

use crate::gs1::{Scan, shown};
use crate::ids::{
    AttemptId, BagNo, CommandId, DeviceName, Incarnation, JobId, OrderNo, ReasonCode, ReceiptNo, Sku, StaffId, SubjectRef, TaxClassId,
    TxnId, WorkstationId,
};
use crate::money::{Money, Qty, Unit};
use crate::time::{BusinessDate, Stamp, Uptime};

/// A command as it reaches the core: who asks, where, when, under which id, and the ids it may use up.
#[derive(Debug, Clone)]
pub struct Ask {
    /// Made by the client. A repeat with the same id and content is answered as the first time; with other content it is refused.
    pub id: CommandId,
    /// SHA-256 (lower-case hex, 64 characters) over the workstation and the command's JSON, computed by the shell.
    pub content: String,
    pub workstation: Option<WorkstationId>,
    pub staff: Option<StaffId>,
    pub at: Stamp,
    /// Minutes east of UTC at `at` in the store's time zone, for what is printed.
    pub utc_offset_min: i32,
    /// The running process, for receipt numbers.
    pub incarnation: Incarnation,
    /// Since the start of the process, by a clock that never goes back.
    pub uptime_ms: u64,
    /// The sequence number the record of this command will have.
    pub seq: u64,
    /// Fresh ids, used in order when the command needs one.
    pub fresh: Fresh,
    pub command: Command,
}

impl Ask {
    pub fn uptime(&self) -> Uptime {
        Uptime { run: self.incarnation, ms: self.uptime_ms }
    }
}

/// Ids made by the shell ahead of a decision (the core has no randomness).
#[derive(Debug, Clone, Copy)]
pub struct Fresh {
    pub txn: TxnId,
    pub job: JobId,
    pub attempt: AttemptId,
}

/// Facts fetched by the shell before the decision. A decision reads nothing else.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// For `AddLine`.
    pub scan: Option<ScanFact>,
    /// For commands that complete a sale: what the views know of stock for each SKU in the basket. Missing = no baseline.
    pub stock: Vec<StockFact>,
    /// For `AdoptFeed` of the stock baseline: the journal positions its baselines include and which of the SKUs with movements each settles.
    pub baselines: Vec<BaselineFact>,
    /// For `Reprint`, and `SettlePrint` with a copy, of a transaction that State no longer holds.
    pub record: Option<Box<TransactionRecord>>,
    /// For `PrintStored`, and `SettlePrint` with a copy of such a paper.
    pub report: Option<Box<StoredReport>>,
    /// Who is signed in at the workstation that asks, as the staff list in force has them. `None`: nobody, or the till is locked, or the
    /// list does not have them any more.
    pub actor: Option<rights::StaffFact>,
    /// What was found out about the badge or PIN that came with the command: for `SignIn` of the person, for all others of the approver.
    pub proof: Option<staff::Proof>,
    /// For `AddLine`: a legal check is open on the workstation's screen. What is scanned meanwhile is dropped.
    pub check_open: bool,
    /// For `ReturnLine`, and `ReturnArticle` with a receipt: the sale it names, or why nothing can come back by it.
    pub original: Option<Result<Box<Original>, Box<Refusal>>>,
    /// For `ReturnArticle`: the lowest price at which the article was sold here lately.
    pub lowest_price: Option<Money>,
    /// For `AttachCustomer` and `EraseCustomer`: what the vault says; `None`: nothing.
    pub customer: Option<customer::CustomerFact>,
    /// For what begins a payment: lines of the open sale that a recall means which came after they were entered.
    pub recalled: Vec<recalls::RecalledLine>,
    /// Prices and promotions in force. `None`: none have come.
    pub prices: Option<std::sync::Arc<pricing::PriceBook>>,
    /// For `Order`. Stock comes in `stock`, what was scanned in `scan`.
    pub order: order::OrderFacts,
    /// For `Stock` of a list of counts: the articles that wait, as the catalogue has them.
    pub goods: Vec<stock::Goods>,
    /// Another node keeps the store's stock, as head office last said.
    pub stock_kept_elsewhere: bool,
}

/// A report, read back from the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredReport {
    pub event: Event,
    /// Of the record that holds it, 64 hex characters: the paper names it.
    pub hash: String,
}

/// What the shell found out about a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScanFact {
    Article(Box<ArticleFact>),
    /// A valid code for which the assortment has no article.
    UnknownArticle,
    /// The article is there and has no price in the list in force: its price here is zero.
    NoPrice(Box<ArticleFact>),
    /// A failed check digit or a broken frame: a misread, not an unknown article.
    Misread {
        reason: String,
    },
    /// Not a code that the till can use (a plain URL, a text).
    UnknownCode,
    /// A payment card's number or stripe. Nothing of it goes any further.
    CardData,
    /// Nobody can say yet: no catalogue has come, or it is being rebuilt. In words for the cashier.
    NotReady {
        why: String,
    },
}

impl ScanFact {
    /// Why it cannot be sold; `None` for an article.
    pub fn refusal(&self, code: &str) -> Option<Refusal> {
        // What the cashier can compare with the label: without the scanner's AIM identifier, control characters made visible.
        let code = || match Scan::from_frame(code.as_bytes(), true) {
            Ok(scan) => shown(scan.raw()),
            Err(_) => shown(code.as_bytes()),
        };
        match self {
            ScanFact::Article(_) => None,
            ScanFact::UnknownArticle => Some(Refusal::UnknownArticle { code: code() }),
            ScanFact::NoPrice(article) => Some(Refusal::NoPrice { name: article.name.clone() }),
            ScanFact::Misread { reason } => Some(Refusal::Misread { code: code(), reason: reason.clone() }),
            ScanFact::UnknownCode => Some(Refusal::UnknownCode { code: code() }),
            ScanFact::CardData => Some(Refusal::CardData),
            ScanFact::NotReady { why } => Some(Refusal::CatalogueNotReady { why: why.clone() }),
        }
    }
}

/// An article as it would be sold now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArticleFact {
    pub sku: Sku,
    pub name: String,
    pub unit: Unit,
    /// Per unit.
    pub unit_price: Money,
    pub tax_class: TaxClassId,
    pub group: String,
    /// Units one scan of this code stands for: 1 piece, a case of 6, the weight in the code.
    pub quantity: Qty,
    /// [`QuantityFrom::Code`] for weight- and price-embedded codes: then the cashier cannot change it.
    pub quantity_from: QuantityFrom,
    /// Set for price-embedded codes: the line costs this, whatever quantity × price says.
    pub embedded_price: Option<Money>,
    /// What the record says was scanned: the number that was found, in its short form. Never all that a code carried: a Digital
    /// Link may hold a person's name.
    pub code: String,
    /// GTIN-14 of the code, when it has one.
    pub gtin: Option<String>,
    pub batch: Option<String>,
    pub serial: Option<String>,
    /// Version of the catalogue and price list the price came from.
    pub price_version: u64,
    /// Years; sold to nobody younger.
    pub age_min: Option<u8>,
    /// Until when this very item may be sold, when its code says so.
    pub last_day: Option<last_day::LastDay>,
    /// The recall that means this very item.
    pub recalled: Option<recalls::Recalled>,
}

/// What the views know of one article's stock baseline. On hand = `baseline` + own movements after `head_seq`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StockFact {
    pub sku: Sku,
    pub baseline: Qty,
    /// The newest record of this node's journal that the baseline includes.
    pub head_seq: u64,
    pub as_of: Stamp,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaselineFact {
    /// The newest record of this node's journal that the baseline includes.
    pub head_seq: u64,
    /// SKUs with movements in State whose baseline is in this feed version for the first time.
    pub settled: Vec<Sku>,
}

/// Bulk data from head office, each with its own versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Feed {
    /// Articles, their codes, and the price list in force with them, switched as a whole.
    Catalogue,
    /// Stock baseline of this store.
    Stock,
    /// Who works in this store: names, roles, rights, and what proves that it is them. A book.
    Staff,
    /// Price lists and promotions. A book.
    Prices,
    /// The public keys of the chain's nodes. A book.
    Keys,
    /// Goods that must not be sold any more. A book.
    Recalls,
    /// What head office says of this store's configuration. A book.
    Configuration,
}

impl Feed {
    pub const ALL: [Feed; 7] = [Feed::Catalogue, Feed::Stock, Feed::Staff, Feed::Prices, Feed::Keys, Feed::Recalls, Feed::Configuration];
    /// As in addresses and file names.
    pub fn name(self) -> &'static str {
        match self {
            Feed::Catalogue => "catalogue",
            Feed::Stock => "stock",
            Feed::Staff => "staff",
            Feed::Prices => "prices",
            Feed::Keys => "keys",
            Feed::Recalls => "recalls",
            Feed::Configuration => "configuration",
        }
    }

    /// Small, always whole, and held in memory by the node; the others are large and go into the views.
    pub fn is_book(self) -> bool {
        match self {
            Feed::Catalogue | Feed::Stock => false,
            Feed::Staff | Feed::Prices | Feed::Keys | Feed::Recalls | Feed::Configuration => true,
        }
    }

    /// What nobody may read who only has the node's disk: its file lies there sealed.
    pub fn is_secret(self) -> bool {
        match self {
            Feed::Staff => true,
            Feed::Catalogue | Feed::Stock | Feed::Prices | Feed::Keys | Feed::Recalls | Feed::Configuration => false,
        }
    }
}

/// Head office's signed word that it holds our journal up to `seq`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UplinkAck {
    pub incarnation: Incarnation,
    pub seq: u64,
    /// Hash of that record, 64 hex characters.
    pub hash: String,
    pub epoch: u64,
    /// ed25519 over `"ack\n{store}\n{node}\n{incarnation}\n{seq}\n{hash}\n{epoch}\n"`, 128 hex characters.
    pub signature: String,
}

/// What became of a print job, as its owner reports it. UnifiedPOS's OutputComplete and ErrorEvent, with the proof kept apart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PrintProgress {
    /// Nothing sent; waits for the cause to go ("paper_out", "cover_open", "offline"). Flushed, it proves that no byte left.
    HeldClean { cause: String },
    /// The cause is gone and the owner wants to send. The first byte waits until this is on disk.
    Resumed {},
    /// The printer itself said that all before its fence was printed.
    Printed {},
    /// All bytes were taken, and this printer cannot prove more.
    Sent {},
    /// Given up with no byte sent.
    FailedClean { cause: String },
    /// Some bytes left and no proof came. Never repeated by itself.
    Unknown { cause: String },
}

/// The cashier's answer to "did the receipt come out completely?"
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PrintAnswer {
    /// It did, or nobody needs it.
    Complete,
    /// Print one marked COPY.
    PrintCopy,
}

/// What a successful command answers, and what a repeat of it answers again for 48 hours.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The record that holds the command's events; 0 when the command changed nothing.
    pub seq: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub txn: Option<TxnId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// Set when the command completed or voided the transaction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt: Option<ReceiptNo>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<Money>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<AttemptId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<JobId>,
    /// counted − expected, of a till that was counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub difference: Option<Money>,
    /// Records of that till were lost: what was expected, and so the difference, is unproved.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unproved: bool,
    /// Of an act on orders: the one it was about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<OrderNo>,
    /// Of a finished count or receipt of goods: its number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<u64>,
}

/// An outward act. Each variant says what happens on repeat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// At most once per job: a job whose outcome is not known is never sent again by itself.
    Print { job: JobId, printer: DeviceName, what: PrintWhat, kick: bool },
    /// Before the first byte after a held job: the owner may send now. At most once.
    ReleasePrint { job: JobId, printer: DeviceName },
    /// Any number of times: of the job no byte was sent, and none will be.
    DropPrint { job: JobId, printer: DeviceName },
    /// At most once, never repeated by recovery. Only when no printing was asked for together with it.
    KickDrawer { printer: DeviceName },
    /// Two-phase: asked once per attempt. Whatever happens to the answer, the attempt is never asked for money a second time; its outcome is
    /// asked for instead.
    AskCard { terminal: DeviceName, attempt: AttemptId, kind: CardKind, amount: Money, before: Option<CardMark> },
    /// Any number of times: a person has decided, so the terminal is asked no more.
    ForgetCard { terminal: DeviceName, attempt: AttemptId },
}

/// What is to be printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PrintWhat {
    /// `copy` 0 is the original; from 1 on the paper says COPY and the number.
    Receipt {
        record: Box<TransactionRecord>,
        copy: u32,
    },
    DayReport {
        report: Box<day::DayReport>,
        copy: u32,
    },
    DayX {
        report: Box<day::DayReport>,
        copy: u32,
    },
    TillReport {
        report: Box<till::TillReport>,
        copy: u32,
    },
    /// A movement's slip, for the drawer's files.
    CashSlip {
        movement: Box<cash::CashMovement>,
        copy: u32,
    },
    /// A Z of a till or a day, an addendum or a count of the safe, as its record has it.
    Stored {
        report: Box<StoredReport>,
        copy: u32,
    },
    /// From 1 on it says that it is a reprint.
    BagLabel {
        label: Box<order::LabelContent>,
        copy: u32,
    },
    /// What is left to pick of these orders.
    PickList {
        orders: Vec<std::sync::Arc<order::Order>>,
        copy: u32,
    },
}

/// Decides one command. On `Ok` the events are the whole command: one record, or none when there are no events (then [`Answer::seq`] is 0).
pub fn decide(state: &State, rules: &Rules, ask: &Ask, facts: &Facts) -> Result<Decision, Refusal> {
    decide::decide(state, rules, ask, facts)
}

/// The events of one command and what to answer when they are durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    pub events: Vec<Event>,
    pub answer: Answer,
    /// The command was done before; answer this and write nothing.
    pub repeat: bool,
}

impl Decision {
    /// How the record must be treated: as its most demanding event wants. Soft when there is nothing to write.
    pub fn kind(&self) -> EventKind {
        self.events.iter().map(Event::kind).max().unwrap_or(EventKind::Soft)
    }
}

/// The outward acts that follow from one command's events. Ask right after they were applied to `after` and with the facts of the
/// decision; act when they are durable. Never asked in a replay: what recovery owes is in [`print::after_restart`].
pub fn effects(after: &State, facts: &Facts, events: &[Event]) -> Vec<Effect> {
    print::effects(after, facts, events)
}
