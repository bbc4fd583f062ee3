//! What people are shown: an immutable value the loop publishes after each batch. Pages and the API read only this and the views.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::books::Books;
use super::configuration::Standing;
use super::facts::gtins;
use super::handle::OnHand;
use super::scanner::PageScan;
use crate::device::{DeviceStatus, ScaleReading, Wanted};
use crate::document::{Language, Voice};
use crate::ids::{BagNo, DeviceName, OrderNo, PageId, Sku, StaffId, StoreId, TxnId, WorkstationId};
use crate::money::{Money, Qty, RoundingMode, Unit};
pub use crate::retail::basket::BasketTotals;

use crate::retail::basket::Basket;
use crate::retail::card::TerminalBook;
use crate::retail::day::Day;
use crate::retail::last_day::LastDay;
use crate::retail::order::OrderBook;
use crate::retail::order::figures::Figures;
use crate::retail::pricing::Moment;
use crate::retail::pricing::offer::{Asked, Offer, offer};
use crate::retail::print::OpenPrint;
use crate::retail::recalls::Notice;
use crate::retail::refund::Step;
use crate::retail::stock::StockBook;
use crate::retail::till::{Session, TillReport};
use crate::retail::unproved::LostRange;
use crate::retail::{Disposition, Feed, Original, Refusal, Rules, TransactionRecord};
use crate::sync::feed::Article;
use crate::sync::wire::StockElsewhere;
use crate::time::{BusinessDate, Stamp};

#[derive(Debug, Clone)]
pub struct Screen {
    /// Grows by one with every published change.
    pub revision: u64,
    pub store: StoreId,
    pub store_name: String,
    pub rules: Arc<Rules>,
    pub day: Day,
    pub workstations: BTreeMap<WorkstationId, Arc<TillScreen>>,
    pub suspended: Vec<SuspendedRow>,
    /// Jobs that wait for a printer or for a person.
    pub prints: Vec<OpenPrint>,
    pub devices: Vec<DeviceStatus>,
    /// What is known of each card terminal that has answered.
    pub terminals: BTreeMap<DeviceName, TerminalBook>,
    pub link: LinkStatus,
    pub feeds: Vec<FeedStatus>,
    /// Alarms a technician should know: damaged segments, disk nearly full, journal fenced. Words with a remedy.
    pub alarms: Vec<String>,
    /// What head office says of the configuration.
    pub configuration: Standing,
    /// Who may sign in here, by name.
    pub staff: Arc<Vec<StaffTile>>,
    /// Collect orders, and what is held for them.
    pub orders: Arc<OrderBook>,
    /// Counts and receipts that are being filled, counts that wait, articles that ran low.
    pub stock: Arc<StockBook>,
    /// Orders that came since the start of the process. It grows with each one, so that pages are heard once for each.
    pub order_arrivals: u64,
    /// Whether this node keeps the store's orders, as head office last said, and when it said so. `None`: not since the start.
    pub orders_heard: Option<(bool, i64)>,
    /// Whose PIN is not looked at, and until when.
    pub locked_out: BTreeMap<StaffId, Instant>,
}

impl Screen {
    /// How it goes with the orders of the business day that is open; without one, with all that are in the book.
    pub fn order_figures(&self, now_ms: i64) -> Figures {
        let since_ms = match self.day {
            Day::Open { opened_at, .. } => opened_at.ms,
            Day::NeverOpened | Day::Closed { .. } => 0,
        };
        Figures::of(&self.orders, now_ms, since_ms)
    }

    /// The name to the id; the id when the list does not have them any more.
    pub fn staff_name<'a>(&'a self, staff: &'a StaffId) -> &'a str {
        self.staff.iter().find(|tile| tile.id == *staff).map_or(staff.as_str(), |tile| &tile.name)
    }
}

/// One person to choose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StaffTile {
    pub id: StaffId,
    pub name: String,
    pub has_pin: bool,
}

/// One workstation's screen.
#[derive(Debug, Clone, Default)]
pub struct TillScreen {
    pub revision: u64,
    pub basket: Option<Arc<Basket>>,
    pub totals: Option<BasketTotals>,
    /// Cash buttons for what remains: exact first, then the next sensible notes.
    pub cash_buttons: Vec<Money>,
    /// The newest finished sale of this workstation.
    pub last: Option<Arc<TransactionRecord>>,
    /// What the cashier must hear and see about the newest act; a page plays the sound when `serial` is new.
    pub feedback: Option<Feedback>,
    /// What the scanner here read for pages of orders that have not taken it yet.
    pub scans: Arc<Vec<PageScan>>,
    /// What the next scan here means. One-shot: any line added here, and any price shown, sets it back to `Sell`.
    pub next_scan: NextScan,
    /// What the last price check by a scanner found; gone with the next act at this workstation.
    pub price_check: Option<Arc<ArticleInfo>>,
    /// What our card terminal asks its customer for, in its words; gone when it ends.
    pub card_words: Option<String>,
    /// Why the last card payment here was not carried out; gone with the next act.
    pub card_declined: Option<String>,
    /// What must be answered before the next scan counts; gone with the next act at this workstation.
    pub check: Option<Arc<Check>>,
    /// What the scale here says, while an article waits for its weight.
    pub reading: Option<ScaleReading>,
    /// Taken off the next weight here; gone with the next line.
    pub tare: Qty,
    /// The receipt from which goods come back, as long as its panel is open.
    pub receipt: Option<Arc<OpenReceipt>>,
    /// The next article scanned here comes back.
    pub armed_return: Option<ArmedReturn>,
    /// How the money that is due to the customer goes back.
    pub refund: Vec<Step>,
    /// Who works here; `None`: nobody is signed in.
    pub signed_in: Option<AtWork>,
    /// The newest act was refused because it needs another person's word: a badge scanned here approves it.
    pub needs_approval: bool,
    /// What is sold here is practice.
    pub training: bool,
    /// The till here, while it is open.
    pub cash: Option<Arc<TillCash>>,
    /// The bank bag that was scanned for a pickup; gone with the next act.
    pub bag: Option<BagNo>,
    /// What was read or closed here with the newest act: a till's X or Z. Gone with the next one.
    pub till_report: Option<Arc<TillReport>>,
}

/// An open till as the record knows it. It says what should be in the drawer: no page shows that to whoever still has to count it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TillCash {
    pub session: Session,
    /// Records since its opening that cannot be read: what should be in it is unproved.
    pub unproved: Vec<LostRange>,
}

/// What stands between a scan and the next one. At most one at a workstation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Check {
    Age(AgeCheck),
    Past(PastItem),
    Recalled(RecalledItem),
    Weigh(WeighCheck),
}

impl Check {
    /// What a refused scan of `code` asks of the cashier, if anything.
    pub fn after(refusal: &Refusal, code: String, quantity: Option<Qty>) -> Option<Check> {
        if let Refusal::AgeCheckNeeded { name, age, born_by } = refusal {
            return Some(Check::Age(AgeCheck { code, quantity, name: name.clone(), years: *age, born_by: *born_by }));
        }
        if let Refusal::WeightNeeded { name, unit_price } = refusal {
            return Some(Check::Weigh(WeighCheck {
                wanted: Wanted { serial: 0, again: false },
                code,
                name: name.clone(),
                unit_price: *unit_price,
            }));
        }
        if let Refusal::PastItsDate { name, last_day } = refusal {
            return Some(Check::Past(PastItem { code, name: name.clone(), last_day: *last_day }));
        }
        if let Refusal::RecalledItem { name, recall, reason } = refusal {
            return Some(Check::Recalled(RecalledItem { code, name: name.clone(), recall: recall.clone(), reason: reason.clone() }));
        }
        None
    }
}

/// An article was keyed or tapped that is sold by weight. No legal check: a person may give it up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WeighCheck {
    /// For the scale: which one of this process, and whether the same goods are weighed once more.
    pub wanted: Wanted,
    /// As keyed; the weight names it again.
    pub code: String,
    pub name: String,
    /// Of a kilogram, before promotions.
    pub unit_price: Money,
}

/// An item was scanned that is recalled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecalledItem {
    /// As scanned; putting it aside names it again.
    pub code: String,
    pub name: String,
    /// Its id.
    pub recall: String,
    pub reason: String,
}

/// An item was scanned whose code says that it may not be sold any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastItem {
    /// As scanned; putting it aside names it again.
    pub code: String,
    pub name: String,
    pub last_day: LastDay,
}

/// An article was scanned that is not sold to everybody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgeCheck {
    /// As scanned; the answer names it again.
    pub code: String,
    pub quantity: Option<Qty>,
    pub name: String,
    pub years: u8,
    /// Latest birth date of a customer who may buy it.
    pub born_by: BusinessDate,
}

/// Who is signed in at a workstation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AtWork {
    pub staff: StaffId,
    /// The id again when the list does not have them any more.
    pub name: String,
    /// In which the till speaks to them; `None`: the store's.
    pub language: Option<Language>,
    pub locked: bool,
}

/// What the next scan at a workstation means. Held by the loop, because scans of devices do not pass through a page.
/// Not a business act, not recorded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NextScan {
    #[default]
    Sell,
    /// "3 *" was typed.
    Times(Qty),
    /// Show price and stock, sell nothing.
    PriceCheck,
    /// The number of the bank bag that a pickup goes into.
    Bag,
}

/// A receipt on the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenReceipt {
    /// As scanned or typed: what `ReturnLine` takes.
    pub receipt: String,
    pub original: Original,
    /// Units that have come back of each line, here and, as far as it is known, elsewhere.
    pub returned: BTreeMap<u32, Qty>,
    /// Head office has not answered yet what it knows.
    pub asking: bool,
}

/// What an article that is scanned next comes back as.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArmedReturn {
    pub disposition: Disposition,
    pub reason: String,
    /// By a receipt whose lines are not known; `None`: without one.
    #[serde(default)]
    pub receipt: Option<String>,
}

/// What is in force when an article is asked about.
pub struct Now<'a> {
    pub books: &'a Books,
    pub moment: Moment,
    pub rounding: RoundingMode,
}

/// One article as a search or a price check shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ArticleInfo {
    pub sku: Sku,
    pub name: String,
    /// A code that sells it when given to `AddLine`.
    pub code: String,
    pub unit: Unit,
    /// All its codes, as they are typed.
    pub codes: Vec<String>,
    /// What one unit costs in a basket now, and why; `None`: no price in the list in force.
    pub offer: Option<Offer>,
    /// What other shops have, as head office last said; `None`: it never did, or nobody asked.
    pub elsewhere: Option<Arc<Vec<StockElsewhere>>>,
    /// Recalls that name the article.
    pub recalls: Vec<Notice>,
    /// What is on the shelf now by our own movements; `None`: no baseline.
    pub on_hand: Option<Qty>,
    /// When the baseline under `on_hand` was true.
    pub stock_as_of_ms: Option<i64>,
}

impl ArticleInfo {
    pub fn of(article: &Article, on_hand: Option<OnHand>, now: &Now<'_>) -> ArticleInfo {
        // A list may price what the catalogue does not.
        let listed = now.books.prices.list_price(&article.sku, now.moment.date).map(|(price, _)| price);
        let offer = article.price.or(listed).map(|price| {
            let asked = Asked { sku: &article.sku, group: &article.group, unit: article.unit, price };
            offer(&now.books.prices, &asked, now.moment, now.rounding)
        });
        ArticleInfo {
            codes: article.codes.iter().map(|code| code.key.short().to_owned()).collect(),
            offer,
            elsewhere: None,
            recalls: now.books.recalls.naming(gtins(&article.codes)),
            sku: article.sku.clone(),
            name: article.name.clone(),
            code: article.shown_code().to_owned(),
            unit: article.unit,
            on_hand: on_hand.map(|o| o.quantity),
            stock_as_of_ms: on_hand.map(|o| o.as_of.ms),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Feedback {
    pub serial: u64,
    pub tone: Tone,
    /// "Not found: 4006381333931".
    pub text: String,
    /// "Search by name, or dismiss."
    pub remedy: String,
    /// The refusal's code; empty for good news.
    pub code: String,
    /// The line that stands in the way, to be deleted with one tap.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// What was scanned, when the assortment does not know it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unknown: Option<String>,
    /// The order that was scanned at the till.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opens: Option<Opens>,
}

/// An order to go to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Opens {
    pub order: OrderNo,
    /// As scanned: the customer's code, or a bag's.
    pub code: String,
    /// The till's page that is in front and goes there by itself.
    pub page: Option<PageId>,
}

impl Feedback {
    pub fn refused(refusal: &Refusal, voice: &Voice) -> Feedback {
        let (text, remedy) = (voice.happened(refusal), voice.remedy(refusal).to_owned());
        let unknown = match refusal {
            Refusal::UnknownArticle { code } => Some(code.clone()),
            _ => None,
        };
        let line = match refusal {
            Refusal::RecalledInSale { line, .. } => Some(*line),
            _ => None,
        };
        Feedback { serial: 0, tone: Tone::Error, text, remedy, code: refusal.code().to_owned(), line, unknown, opens: None }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Tone {
    /// A line was added: one short high tone.
    Good,
    /// Refused: a low double tone.
    Error,
    /// Something to read, no tone.
    Quiet,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SuspendedRow {
    pub txn: TxnId,
    pub by: WorkstationId,
    pub at: Stamp,
    pub lines: u32,
    pub total: Money,
    pub first_article: String,
}

/// The line to head office.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct LinkStatus {
    pub online: bool,
    /// Since when; 0 before the first contact attempt.
    pub since_ms: i64,
    pub last_contact_ms: Option<i64>,
    /// Finished transactions that head office has not acknowledged.
    pub transactions_waiting: u64,
    pub records_waiting: u64,
    /// Everything up to here is at head office; the journal hears of it some seconds later.
    pub acknowledged_seq: u64,
    /// Words for the technician when not online.
    pub why: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FeedStatus {
    pub feed: Feed,
    pub version: u64,
    pub adopted_at: Stamp,
    /// When head office last said that this is the newest.
    pub confirmed_ms: Option<i64>,
}
