//! The API's own shapes. Kept apart from the journal's types on purpose: those are a contract with the disk, these are one
//! with programs, and each may gain fields without the other. Amounts are integers in minor units of the store's currency,
//! quantities are integers in thousandths of their unit, times are milliseconds since 1970-01-01 UTC.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::device::{DeviceKind, DeviceState, DeviceStatus, Paper};
use crate::ids::WorkstationId;
use crate::node::screen::{ArticleInfo, Check, Feedback, NextScan, Screen, SuspendedRow, TillScreen, Tone};
use crate::retail::basket::{Basket, CardAttempt};
use crate::retail::card::CardState;
use crate::retail::day::Day;
use crate::retail::pricing::offer::Hint;
use crate::retail::print::{OpenPrint, PrintState};
use crate::retail::{Answer, SoldLine, Tender, TenderKind, TransactionKind, TransactionRecord};
use crate::sync::wire::StockElsewhere;
use crate::views::EjEntry;

/// What a command did. A repeat with the same id answers the same again.
#[derive(Debug, Serialize, ToSchema)]
pub struct CommandAnswer {
    /// The journal record that holds it; 0 when nothing had to change.
    pub seq: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub txn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// The printed number, when the command finished the transaction.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receipt: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change: Option<i64>,
    /// The card attempt that was started.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempt: Option<String>,
    /// The print job that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job: Option<String>,
    /// counted − expected, of a till that was counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub difference: Option<i64>,
    /// Records of that till were lost: the difference is from an unproved figure. Left out otherwise.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub unproved: bool,
    /// Of an act on orders: the one it was about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<String>,
    /// Of a finished count or receipt of goods: its number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub document: Option<u64>,
}

impl From<Answer> for CommandAnswer {
    fn from(answer: Answer) -> CommandAnswer {
        CommandAnswer {
            seq: answer.seq,
            txn: answer.txn.map(|id| id.to_string()),
            line: answer.line,
            receipt: answer.receipt.map(|number| number.to_string()),
            change: answer.change.map(|amount| amount.minor()),
            attempt: answer.attempt.map(|id| id.to_string()),
            job: answer.job.map(|id| id.to_string()),
            difference: answer.difference.map(|amount| amount.minor()),
            unproved: answer.unproved,
            order: answer.order.map(|order| order.to_string()),
            document: answer.document,
        }
    }
}

/// One workstation as its screens show it.
#[derive(Debug, Serialize, ToSchema)]
pub struct WorkstationView {
    pub workstation: String,
    /// Grows with every change at this node.
    pub revision: u64,
    pub currency: String,
    pub basket: Option<BasketView>,
    /// Cash amounts to offer: exact first, then the next sensible notes.
    pub cash_buttons: Vec<i64>,
    /// The newest finished sale here.
    pub last: Option<TransactionView>,
    pub feedback: Option<FeedbackView>,
    pub next_scan: NextScanView,
    /// An age check that must be answered before the next scan counts.
    pub check: Option<super::age::AgeCheckView>,
    /// Why the last card payment here was not carried out, until the next act.
    pub card_declined: Option<String>,
    /// An item past its date that must be put aside before the next scan counts.
    pub past_item: Option<super::last_day::PastItemView>,
    /// A recalled item that must be put aside before the next scan counts.
    pub recalled_item: Option<super::last_day::RecalledItemView>,
    /// An article that waits for its weight before the next scan counts.
    pub weighing: Option<super::weight::WeighingView>,
    /// Who works here; absent: nobody is signed in.
    pub signed_in: Option<SignedInView>,
    /// The newest act was refused because it needs another person: `approve` does it.
    pub needs_approval: bool,
    /// What is sold here is practice.
    pub training: bool,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct SignedInView {
    pub staff: String,
    pub name: String,
    /// Nothing is done here before someone signs in again.
    pub locked: bool,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct BasketView {
    pub txn: String,
    pub opened_at_ms: i64,
    pub lines: Vec<LineView>,
    pub tenders: Vec<TenderView>,
    /// A card payment under way.
    pub card: Option<CardView>,
    pub total: i64,
    pub tax: i64,
    pub paid: i64,
    pub due: i64,
    /// After cash rounding.
    pub due_cash: i64,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct CardView {
    pub attempt: String,
    /// Negative: to be given to the card.
    pub amount: i64,
    /// Our terminal; `null`: a stand-alone one, whose answer the cashier has to say.
    pub terminal: Option<String>,
    /// "stand_alone": the cashier's move. "asked": the terminal's. "unknown": it is being asked how it ended. "decidable": so it is, and a
    /// person may say it as well.
    pub state: String,
    /// What the terminal asks its customer for.
    pub words: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct LineView {
    pub line: u32,
    pub sku: String,
    pub name: String,
    pub code: String,
    pub gtin: Option<String>,
    pub quantity: i64,
    /// "piece", "kilogram", "litre", "metre".
    pub unit: String,
    pub unit_price: i64,
    pub discounts: Vec<DiscountView>,
    /// After discounts. Negative, like the quantity, for goods that come back.
    pub extended: i64,
    pub tax_class: String,
    /// From the item's own code.
    pub batch: Option<String>,
    pub serial: Option<String>,
    /// How a weight was found at the till; `null`: it is none, or stood in the code.
    pub weighed: Option<super::weight::WeighedView>,
    /// `null`: sold.
    pub returned: Option<ReturnedView>,
}

/// Why a line came back, and from where.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReturnedView {
    /// The receipt's number; `null`: without one.
    pub receipt: Option<String>,
    pub line: Option<u32>,
    /// "shelf", "damaged" or "supplier".
    pub disposition: String,
    pub reason: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct DiscountView {
    pub rule: String,
    pub text: String,
    pub amount: i64,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct TenderView {
    /// "cash" or "card".
    pub kind: String,
    pub amount: i64,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct FeedbackView {
    /// A screen plays the sound when this is new.
    pub serial: u64,
    /// "good", "error" or "quiet".
    pub tone: String,
    pub text: String,
    pub remedy: String,
    pub code: String,
}

/// What the next scan means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum NextScanView {
    Sell,
    /// Quantity in thousandths.
    Times(i64),
    PriceCheck,
    /// The number of the bank bag that a pickup goes into.
    Bag,
}

/// A finished transaction, whole.
#[derive(Debug, Serialize, ToSchema)]
pub struct TransactionView {
    pub txn: String,
    /// "sale" or "void".
    pub kind: String,
    pub number: String,
    pub workstation: String,
    pub business_date: String,
    pub at_ms: i64,
    pub currency: String,
    pub lines: Vec<LineView>,
    pub taxes: Vec<TaxView>,
    pub total: i64,
    pub rounding: i64,
    pub tenders: Vec<TenderView>,
    pub change: i64,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct TaxView {
    pub class: String,
    pub label: String,
    pub net: i64,
    pub tax: i64,
    pub gross: i64,
}

/// One row of the list of finished transactions.
#[derive(Debug, Serialize, ToSchema)]
pub struct TransactionRow {
    /// For `before` of the next page.
    pub seq: u64,
    pub txn: String,
    pub number: String,
    pub kind: String,
    pub at_ms: i64,
    pub business_date: String,
    pub workstation: String,
    pub total: i64,
    pub lines: u32,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct SuspendedView {
    pub txn: String,
    pub workstation: String,
    pub at_ms: i64,
    pub lines: u32,
    pub total: i64,
    pub first_article: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct DayView {
    /// "never_opened", "open" or "closed".
    pub state: String,
    /// The open day's date, or the last one that was closed.
    pub date: Option<String>,
    pub opened_at_ms: Option<i64>,
    /// Transactions that keep the day from being closed.
    pub open_transactions: usize,
    pub suspended_transactions: usize,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct DeviceView {
    pub name: String,
    /// "scanner", "printer" or "line_display".
    pub kind: String,
    pub workstation: Option<String>,
    /// "absent", "starting", "ready", "busy", "attention" or "fault".
    pub state: String,
    /// Short code with "attention" and "fault": "paper_out", "cover_open", "offline", ...
    pub cause: Option<String>,
    pub since_ms: i64,
    pub hint: String,
    /// "ok", "low" or "out".
    pub paper: Option<String>,
    pub cover_open: Option<bool>,
    pub drawer_open: Option<bool>,
}

/// A paper that waits for the printer or for a person.
#[derive(Debug, Serialize, ToSchema)]
pub struct PrintView {
    pub job: String,
    pub printer: String,
    pub workstation: String,
    pub copy: u32,
    pub asked_at_ms: i64,
    /// "given", "held", "unknown" or "failed".
    pub state: String,
    pub cause: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct ArticleView {
    pub sku: String,
    pub name: String,
    /// A code that sells it.
    pub code: String,
    pub unit: String,
    /// Of one unit, before promotions: the price list's in force, or else the catalogue's.
    pub unit_price: Option<i64>,
    /// The price list; `null`: the catalogue's price.
    pub price_list: Option<String>,
    /// What a basket with one unit of it charges now.
    pub pays: Option<i64>,
    /// Rules that count for it now.
    pub promotions: Vec<HintView>,
    /// Ids of recalls that name it; whether an item is meant, its own code says.
    pub recalls: Vec<String>,
    /// What other shops have, as head office last said; `null`: it was not asked, or did not answer. Only of one article, not in a list.
    pub elsewhere: Option<Vec<ElsewhereView>>,
    /// In thousandths; by our own movements since the baseline.
    pub on_hand: Option<i64>,
    pub stock_as_of_ms: Option<i64>,
}

/// A promotion that counts for an article.
#[derive(Debug, Serialize, ToSchema)]
pub struct HintView {
    pub name: String,
    /// It is in `pays`.
    pub counted: bool,
    /// Only for members.
    pub member: bool,
    /// Only with a coupon.
    pub coupon: bool,
}

impl From<&Hint> for HintView {
    fn from(hint: &Hint) -> HintView {
        HintView { name: hint.name.clone(), counted: hint.counted, member: hint.member, coupon: hint.coupon }
    }
}

/// What another shop has of an article.
#[derive(Debug, Serialize, ToSchema)]
pub struct ElsewhereView {
    pub store: String,
    pub name: String,
    /// In thousandths.
    pub quantity: i64,
    /// Up to when head office knew all that moved there.
    pub as_of_ms: i64,
}

impl From<&StockElsewhere> for ElsewhereView {
    fn from(stock: &StockElsewhere) -> ElsewhereView {
        let StockElsewhere { store, name, quantity, as_of_ms } = stock;
        ElsewhereView { store: store.clone(), name: name.clone(), quantity: quantity.thousandths(), as_of_ms: *as_of_ms }
    }
}

/// One thing the shop does, whether it works now, and how old the fact under it is.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct WorksView {
    /// "selling", "prices", "stock", "head_office", "printing.NAME", "scanning.NAME", ...
    pub what: String,
    pub works: bool,
    /// Words for people: why not, or what to know.
    pub note: String,
    /// When the fact was last known to be true; `None`: it is known now.
    pub as_of_ms: Option<i64>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct HealthView {
    /// "ok", or "alarm" when a technician should look.
    pub state: String,
    pub revision: u64,
    pub alarms: Vec<String>,
    pub head_office_online: bool,
    pub transactions_waiting: u64,
    pub records_waiting: u64,
    pub version: String,
}

pub fn workstation(id: &WorkstationId, till: &TillScreen, screen: &Screen) -> WorkstationView {
    WorkstationView {
        workstation: id.to_string(),
        revision: screen.revision,
        currency: screen.rules.currency.code.clone(),
        basket: till.basket.as_deref().map(|basket| basket_view(basket, till)),
        cash_buttons: till.cash_buttons.iter().map(|amount| amount.minor()).collect(),
        last: till.last.as_deref().map(transaction),
        feedback: till.feedback.as_ref().map(feedback),
        next_scan: match till.next_scan {
            NextScan::Sell => NextScanView::Sell,
            NextScan::Times(quantity) => NextScanView::Times(quantity.thousandths()),
            NextScan::PriceCheck => NextScanView::PriceCheck,
            NextScan::Bag => NextScanView::Bag,
        },
        check: match till.check.as_deref() {
            Some(Check::Age(check)) => Some(check.into()),
            Some(Check::Past(_) | Check::Recalled(_) | Check::Weigh(_)) | None => None,
        },
        past_item: match till.check.as_deref() {
            Some(Check::Past(item)) => Some(item.into()),
            Some(Check::Age(_) | Check::Recalled(_) | Check::Weigh(_)) | None => None,
        },
        recalled_item: match till.check.as_deref() {
            Some(Check::Recalled(item)) => Some(item.into()),
            Some(Check::Age(_) | Check::Past(_) | Check::Weigh(_)) | None => None,
        },
        weighing: super::weight::WeighingView::of(till),
        signed_in: till.signed_in.as_ref().map(|here| SignedInView {
            staff: here.staff.to_string(),
            name: here.name.clone(),
            locked: here.locked,
        }),
        needs_approval: till.needs_approval,
        training: till.training,
        card_declined: till.card_declined.clone(),
    }
}

fn card_view(card: &CardAttempt, till: &TillScreen) -> CardView {
    let state = match card.terminal.as_ref().map(|at| &at.state) {
        None => "stand_alone",
        Some(CardState::Asked) => "asked",
        Some(CardState::Unknown { decidable: false, .. }) => "unknown",
        Some(CardState::Unknown { decidable: true, .. }) => "decidable",
    };
    CardView {
        attempt: card.attempt.to_string(),
        amount: card.amount.minor(),
        terminal: card.terminal.as_ref().map(|at| at.terminal.to_string()),
        state: state.to_owned(),
        words: till.card_words.clone(),
    }
}

fn basket_view(basket: &Basket, till: &TillScreen) -> BasketView {
    let totals = till.totals.clone().unwrap_or_default();
    BasketView {
        txn: basket.txn.to_string(),
        opened_at_ms: basket.opened_at.ms,
        lines: basket.lines.iter().filter(|line| !line.voided).map(|line| self::line(&line.sold)).collect(),
        tenders: basket.tenders.iter().map(tender).collect(),
        card: basket.card.as_ref().map(|card| card_view(card, till)),
        total: totals.total.minor(),
        tax: totals.tax.minor(),
        paid: totals.paid.minor(),
        due: totals.due.minor(),
        due_cash: totals.due_cash.minor(),
    }
}

fn line(line: &SoldLine) -> LineView {
    let discount = |d: &crate::retail::Discount| DiscountView { rule: d.rule.clone(), text: d.text.clone(), amount: d.amount.minor() };
    LineView {
        line: line.line,
        sku: line.sku.to_string(),
        name: line.name.clone(),
        code: line.code.clone(),
        gtin: line.gtin.clone(),
        quantity: line.quantity.thousandths(),
        unit: unit(line.unit).into(),
        unit_price: line.unit_price.minor(),
        discounts: line.discounts.iter().map(discount).collect(),
        extended: line.extended.minor(),
        tax_class: line.tax_class.to_string(),
        batch: line.batch.clone(),
        serial: line.serial.clone(),
        weighed: line.weighed.as_ref().map(Into::into),
        returned: line.returned.as_ref().map(|of| ReturnedView {
            receipt: of.receipt.as_ref().map(|receipt| receipt.number.clone()),
            line: of.receipt.as_ref().and_then(|receipt| receipt.line),
            disposition: of.disposition.name().to_owned(),
            reason: of.reason.clone(),
        }),
    }
}

fn unit(unit: crate::money::Unit) -> &'static str {
    match unit {
        crate::money::Unit::Piece => "piece",
        crate::money::Unit::Kilogram => "kilogram",
        crate::money::Unit::Litre => "litre",
        crate::money::Unit::Metre => "metre",
    }
}

fn tender(tender: &Tender) -> TenderView {
    let kind = match tender.kind {
        TenderKind::Cash => "cash",
        TenderKind::Card => "card",
    };
    TenderView { kind: kind.into(), amount: tender.amount.minor() }
}

fn feedback(feedback: &Feedback) -> FeedbackView {
    let tone = match feedback.tone {
        Tone::Good => "good",
        Tone::Error => "error",
        Tone::Quiet => "quiet",
    };
    FeedbackView {
        serial: feedback.serial,
        tone: tone.into(),
        text: feedback.text.clone(),
        remedy: feedback.remedy.clone(),
        code: feedback.code.clone(),
    }
}

fn kind(kind: TransactionKind) -> String {
    match kind {
        TransactionKind::Sale => "sale",
        TransactionKind::Void => "void",
        TransactionKind::Return => "return",
        TransactionKind::PostVoid => "post_void",
    }
    .into()
}

pub fn transaction(record: &TransactionRecord) -> TransactionView {
    let tax = |group: &crate::retail::tax::TaxGroup| TaxView {
        class: group.class.to_string(),
        label: group.label.clone(),
        net: group.net.minor(),
        tax: group.tax.minor(),
        gross: group.gross.minor(),
    };
    TransactionView {
        txn: record.txn.to_string(),
        kind: kind(record.kind),
        number: record.number.to_string(),
        workstation: record.workstation.to_string(),
        business_date: record.business_date.to_string(),
        at_ms: record.at.ms,
        currency: record.currency.clone(),
        lines: record.lines.iter().map(line).collect(),
        taxes: record.taxes.iter().map(tax).collect(),
        total: record.total.minor(),
        rounding: record.rounding.minor(),
        tenders: record.tenders.iter().map(tender).collect(),
        change: record.change.minor(),
    }
}

pub fn transaction_row(entry: &EjEntry) -> TransactionRow {
    TransactionRow {
        seq: entry.seq,
        txn: entry.txn.to_string(),
        number: entry.number.to_string(),
        kind: kind(entry.kind),
        at_ms: entry.at.ms,
        business_date: entry.business_date.to_string(),
        workstation: entry.number.workstation.to_string(),
        total: entry.total.minor(),
        lines: entry.lines,
    }
}

pub fn suspended(row: &SuspendedRow) -> SuspendedView {
    SuspendedView {
        txn: row.txn.to_string(),
        workstation: row.by.to_string(),
        at_ms: row.at.ms,
        lines: row.lines,
        total: row.total.minor(),
        first_article: row.first_article.clone(),
    }
}

pub fn day(screen: &Screen) -> DayView {
    let (state, date, opened_at_ms) = match &screen.day {
        Day::NeverOpened => ("never_opened", None, None),
        Day::Open { date, opened_at } => ("open", Some(date.to_string()), Some(opened_at.ms)),
        Day::Closed { last } => ("closed", Some(last.to_string()), None),
    };
    DayView {
        state: state.into(),
        date,
        opened_at_ms,
        open_transactions: screen.workstations.values().filter(|till| till.basket.is_some()).count(),
        suspended_transactions: screen.suspended.len(),
    }
}

pub fn device(status: &DeviceStatus) -> DeviceView {
    let kind = match status.kind {
        DeviceKind::Scanner => "scanner",
        DeviceKind::Printer => "printer",
        DeviceKind::LabelPrinter => "label_printer",
        DeviceKind::LineDisplay => "line_display",
        DeviceKind::Zvt => "zvt",
        DeviceKind::Scale => "scale",
    };
    let (state, cause) = match &status.state {
        DeviceState::Absent => ("absent", None),
        DeviceState::Starting => ("starting", None),
        DeviceState::Ready => ("ready", None),
        DeviceState::Busy => ("busy", None),
        DeviceState::Attention { cause } => ("attention", Some(cause.clone())),
        DeviceState::Fault { cause } => ("fault", Some(cause.clone())),
    };
    let paper = |paper| match paper {
        Paper::Ok => "ok",
        Paper::Low => "low",
        Paper::Out => "out",
    };
    DeviceView {
        name: status.name.to_string(),
        kind: kind.into(),
        workstation: status.workstation.as_ref().map(|id| id.to_string()),
        state: state.into(),
        cause,
        since_ms: status.since_ms,
        hint: status.hint.clone(),
        paper: status.paper.map(|p| paper(p).into()),
        cover_open: status.cover_open,
        drawer_open: status.drawer_open,
    }
}

pub fn print(print: &OpenPrint) -> PrintView {
    let (state, cause) = match &print.state {
        PrintState::Given => ("given", None),
        PrintState::HeldClean { cause } => ("held", Some(cause.clone())),
        PrintState::Unknown { cause } => ("unknown", Some(cause.clone())),
        PrintState::FailedClean { cause } => ("failed", Some(cause.clone())),
    };
    PrintView {
        job: print.job.to_string(),
        printer: print.printer.to_string(),
        workstation: print.workstation.to_string(),
        copy: print.copy,
        asked_at_ms: print.asked_at.ms,
        state: state.into(),
        cause,
    }
}

pub fn article(article: &ArticleInfo) -> ArticleView {
    ArticleView {
        sku: article.sku.to_string(),
        name: article.name.clone(),
        code: article.code.clone(),
        unit: unit(article.unit).into(),
        unit_price: article.offer.as_ref().map(|offer| offer.price.minor()),
        pays: article.offer.as_ref().map(|offer| offer.pays.minor()),
        price_list: article.offer.as_ref().and_then(|offer| offer.list.clone()),
        promotions: article.offer.iter().flat_map(|offer| &offer.hints).map(Into::into).collect(),
        elsewhere: article.elsewhere.as_ref().map(|stores| stores.iter().map(Into::into).collect()),
        recalls: article.recalls.iter().map(|notice| notice.recall.clone()).collect(),
        on_hand: article.on_hand.map(|quantity| quantity.thousandths()),
        stock_as_of_ms: article.stock_as_of_ms,
    }
}
