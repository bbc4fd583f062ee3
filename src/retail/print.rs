//! Print jobs as the record knows them: asked for, held, resumed, ended. A job without an outcome after a restart is unknown
//! unless a flushed record says that no byte had been sent. Also the one place where events become outward acts.

use serde::{Deserialize, Serialize};

use super::card;
use super::day::DayReport;
use super::decide::{Case, Outcome};
use super::event::{PrintSubject, StoredRef};
use super::order::label;
use super::rules::WorkstationRules;
use super::{Answer, Effect, Event, Facts, PrintAnswer, PrintProgress, PrintWhat, Refusal, State, TransactionKind, TransactionRecord};
use crate::ids::{DeviceName, JobId, TxnId, WorkstationId};
use crate::time::Stamp;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenPrint {
    pub job: JobId,
    pub printer: DeviceName,
    pub workstation: WorkstationId,
    pub what: PrintSubject,
    pub copy: u32,
    pub asked_at: Stamp,
    pub state: PrintState,
}

/// Whose move it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PrintState {
    /// The printer's owner: bytes may be on their way. After a restart this is `Unknown`.
    Given,
    /// The printer's: no byte has left; it goes on by itself when the cause is gone. Survives a restart.
    HeldClean { cause: String },
    /// The cashier's: did it come out?
    Unknown { cause: String },
    /// The cashier's: given up with no byte sent; print again or drop.
    FailedClean { cause: String },
}

/// What a start owes to the jobs that the last run left open.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AfterRestart {
    /// Flushed as held with no byte sent. Hand each to its printer's owner again as held, without a drawer pulse: it asks for `Resumed`,
    /// and its first byte waits for [`Effect::ReleasePrint`], as before the restart.
    pub held: Vec<OpenPrint>,
    /// Bytes may have left: report each as [`PrintProgress::Unknown`] before anything is printed.
    pub unknown: Vec<JobId>,
}

/// What to do with open jobs at a start. The drawer is never opened by recovery.
pub fn after_restart(state: &State) -> AfterRestart {
    let mut after = AfterRestart::default();
    for open in state.prints.values() {
        match open.state {
            PrintState::Given => after.unknown.push(open.job),
            PrintState::HeldClean { .. } => after.held.push(open.clone()),
            PrintState::Unknown { .. } | PrintState::FailedClean { .. } => {}
        }
    }
    after
}

/// The content of a job, if State or `facts` hold it. Older transactions come from the journal, by way of [`Facts::record`].
pub fn content(state: &State, facts: &Facts, what: &PrintSubject, copy: u32) -> Option<PrintWhat> {
    match what {
        PrintSubject::Receipt(txn) => {
            let record = find_record(state, facts, *txn)?;
            Some(PrintWhat::Receipt { record: Box::new(record.clone()), copy })
        }
        PrintSubject::DayReport(date) => {
            let report = state.last_report.as_deref().filter(|report| report.date == *date)?;
            Some(PrintWhat::DayReport { report: Box::new(report.clone()), copy })
        }
        PrintSubject::DayX(report) => Some(PrintWhat::DayX { report: report.clone(), copy }),
        PrintSubject::TillReport(report) | PrintSubject::TillX(report) => Some(PrintWhat::TillReport { report: report.clone(), copy }),
        PrintSubject::CashSlip(movement) => Some(PrintWhat::CashSlip { movement: movement.clone(), copy }),
        PrintSubject::BagLabel(bag) => Some(PrintWhat::BagLabel { label: Box::new(label::content(state, bag)?), copy }),
        PrintSubject::PickList(orders) => {
            let orders = orders.iter().map(|order| state.orders.orders.get(order).cloned()).collect::<Option<Vec<_>>>()?;
            Some(PrintWhat::PickList { orders, copy })
        }
        PrintSubject::Stored(_) => facts.report.clone().map(|report| PrintWhat::Stored { report, copy }),
    }
}

pub(super) fn effects(after: &State, facts: &Facts, events: &[Event]) -> Vec<Effect> {
    events.iter().filter_map(|event| effect(after, facts, event)).collect()
}

fn effect(after: &State, facts: &Facts, event: &Event) -> Option<Effect> {
    match event {
        Event::PrintRequested { job, printer, what, copy, kick, .. } => {
            let what = content(after, facts, what, *copy).expect("the decision saw what it wants printed, and State has just applied it");
            Some(Effect::Print { job: *job, printer: printer.clone(), what, kick: *kick })
        }
        Event::PrintProgressed { job, progress: PrintProgress::Resumed {} } => {
            after.prints.get(job).map(|open| Effect::ReleasePrint { job: *job, printer: open.printer.clone() })
        }
        Event::PrintDropped { job, printer } => Some(Effect::DropPrint { job: *job, printer: printer.clone() }),
        Event::DrawerKicked { printer, .. } => Some(Effect::KickDrawer { printer: printer.clone() }),
        Event::CardStarted { attempt, amount, terminal, .. } => terminal.as_deref().map(|at| card::asked(*attempt, *amount, at)),
        Event::CardEnded { attempt, terminal, by, .. } => card::forgotten(*attempt, terminal.as_ref(), by.as_ref()),
        Event::DayOpened { .. }
        | Event::DayClosed { .. }
        | Event::LineAdded { .. }
        | Event::LineQuantitySet { .. }
        | Event::LineVoided { .. }
        | Event::BasketActUndone { .. }
        | Event::TransactionSuspended { .. }
        | Event::TransactionRecalled { .. }
        | Event::TenderAdded { .. }
        | Event::TenderRemoved { .. }
        | Event::TransactionCompleted { .. }
        | Event::TransactionVoided { .. }
        | Event::ReceiptSealed { .. }
        | Event::PrintProgressed { .. }
        | Event::PrintSettled { .. }
        | Event::FeedAdopted { .. }
        | Event::BaselineSettled { .. }
        | Event::CountRequested { .. }
        | Event::SheetLineSet { .. }
        | Event::SheetLineRemoved { .. }
        | Event::CountListed { .. }
        | Event::DeliveryNamed { .. }
        | Event::SheetDiscarded { .. }
        | Event::StockCounted { .. }
        | Event::RecountAsked { .. }
        | Event::GoodsReceived { .. }
        | Event::UnitsAdjusted { .. }
        | Event::StockTaskTaken { .. }
        | Event::StockTaskLeft { .. }
        | Event::StockTaskDismissed { .. }
        | Event::StockRanLow { .. }
        | Event::StockFilledUp { .. }
        | Event::UplinkAcknowledged { .. }
        | Event::SignedIn { .. }
        | Event::SignedOut { .. }
        | Event::TillLocked { .. }
        | Event::PinMissed { .. }
        | Event::OverrideGiven { .. }
        | Event::CarriedForward { .. }
        | Event::CommandAnswered { .. } => None,
        // age.rs
        Event::AgeChecked { .. } => None,
        // Repair of the journal.
        Event::RecordsRepaired { .. } => None,
        // card.rs
        Event::TerminalDayAsked { terminal, attempt, .. } => Some(card::asked_for_day(*attempt, terminal)),
        Event::CardUnknown { .. } | Event::TerminalSeen { .. } | Event::CardContradicted { .. } | Event::TerminalDayEnded { .. } => None,
        // last_day.rs
        Event::ItemPutAside { .. } => None,
        // The back office.
        Event::DeskSignedIn { .. } | Event::FirstManagerNamed { .. } => None,
        // Prices and promotions.
        Event::BasketRepriced { .. }
        | Event::LineDiscountSet { .. }
        | Event::BasketDiscountSet { .. }
        | Event::LinePriceSet { .. }
        | Event::CouponAdded { .. }
        | Event::CustomerAttached { .. }
        | Event::CustomerDetached { .. }
        | Event::CustomerErased { .. }
        | Event::MemberAttached { .. } => None,
        Event::TillOpened { .. }
        | Event::CashMoved { .. }
        | Event::TillCountStarted { .. }
        | Event::TillCountCancelled { .. }
        | Event::TillCounted { .. }
        | Event::TillClosed { .. }
        | Event::BagPacked { .. }
        | Event::BagCollected { .. }
        | Event::SafeCountStarted { .. }
        | Event::SafeCountCancelled { .. }
        | Event::SafeCounted { .. }
        | Event::SafeCountClosed { .. }
        | Event::DayAddendum { .. } => None,
        // recalls.rs
        Event::RecalledItemPutAside { .. } | Event::TrainingSet { .. } => None,
        // order/
        Event::LeadNamed { .. }
        | Event::RightsBegun { .. }
        | Event::RightsTold { .. }
        | Event::RightsGranted { .. }
        | Event::RightsOverrun { .. }
        | Event::OrderAdopted { .. }
        | Event::OrderReceived { .. }
        | Event::OrderReplaced { .. }
        | Event::OrderAccepted { .. }
        | Event::OrderChangeTooLate { .. }
        | Event::OrderContradicted { .. }
        | Event::OrderCancelled { .. }
        | Event::OrderCancelFailed { .. }
        | Event::OrderRefused { .. }
        | Event::OrderExpired { .. }
        | Event::OrderDeclined { .. }
        | Event::OrderPicking { .. }
        | Event::OrderPaused { .. }
        | Event::OrderLinePicked { .. }
        | Event::OrderLineReset { .. }
        | Event::OrderLineShort { .. }
        | Event::OrderPicked { .. }
        | Event::BagAdded { .. }
        | Event::BagStaged { .. }
        | Event::OrderHandedOver { .. }
        | Event::OrderLineMissed { .. }
        | Event::OrderLineReplaced { .. }
        | Event::OrderRefundRequested { .. }
        | Event::OrderPaymentStarted { .. }
        | Event::OrderPaidElsewhere { .. }
        | Event::HandOverTakenBack { .. }
        | Event::OrderRestMissed { .. }
        | Event::OrderPutBack { .. }
        | Event::PromiseBroken { .. }
        | Event::StockAdjusted { .. }
        | Event::CollectNumberMissed { .. }
        | Event::CollectNumbersAllowed { .. }
        | Event::NoticeSettled { .. } => None,
    }
}

pub(super) fn reprint(case: &Case, txn: Option<TxnId>) -> Result<Outcome, Refusal> {
    let workstation = case.workstation()?;
    let newest = || case.state.workstations.get(&workstation.id)?.newest().map(|record| record.txn);
    let txn = txn.or_else(newest).ok_or(Refusal::NothingToReprint)?;
    find_record(case.state, case.facts, txn).ok_or(Refusal::NothingToReprint)?;
    let printer = workstation.receipt_printer.as_ref().ok_or(Refusal::NoPrinter)?;
    let max = case.rules.limits.print_jobs_open_max;
    if case.state.prints.len() >= max {
        return Err(Refusal::TooManyPrints { max });
    }

    // Cannot fail below.
    let event = copy_of(case, PrintSubject::Receipt(txn), next_copy(case.state, txn), printer, &workstation.id);
    Ok(Outcome { events: vec![event], answer: Answer { txn: Some(txn), job: Some(case.ask.fresh.job), ..Answer::default() } })
}

/// A stored report once more, from the back office. What is in the record is the original, so every paper of it is a copy.
pub(super) fn print_stored(case: &Case, of: StoredRef, at: &WorkstationId) -> Result<Outcome, Refusal> {
    let stored = case.state.cash.report(&of).filter(|_| case.facts.report.is_some()).ok_or(Refusal::NothingToReprint)?;
    let workstation = case.rules.workstation(at).ok_or_else(|| Refusal::WorkstationUnknown { workstation: at.clone() })?;
    let printer = workstation.receipt_printer.as_ref().ok_or(Refusal::NoPrinter)?;
    let max = case.rules.limits.print_jobs_open_max;
    if case.state.prints.len() >= max {
        return Err(Refusal::TooManyPrints { max });
    }

    // Cannot fail below.
    let event = copy_of(case, PrintSubject::Stored(of), stored.copies + 1, printer, at);
    Ok(Outcome { events: vec![event], answer: Answer { job: Some(case.ask.fresh.job), ..Answer::default() } })
}

pub(super) fn settle(case: &Case, job: JobId, answer: PrintAnswer) -> Result<Outcome, Refusal> {
    let open = case.state.prints.get(&job).ok_or(Refusal::NoSuchPrint)?;
    match open.state {
        PrintState::Unknown { .. } | PrintState::FailedClean { .. } => {}
        PrintState::Given | PrintState::HeldClean { .. } => return Err(Refusal::PrintNotSettleable),
    }
    let settled = Event::PrintSettled { job, answer };
    match answer {
        PrintAnswer::Complete => Ok(Outcome { events: vec![settled], answer: Answer::default() }),
        PrintAnswer::PrintCopy => {
            content(case.state, case.facts, &open.what, 0).ok_or(Refusal::NothingToReprint)?;

            // Cannot fail below. The copy comes out where the cashier stands, if there is a printer; the first may be broken.
            let here = case.ask.workstation.as_ref().and_then(|id| case.rules.workstation(id));
            let here = here.and_then(|workstation| printer_for(workstation, &open.what).map(|printer| (printer, &workstation.id)));
            let (printer, workstation) = here.unwrap_or((&open.printer, &open.workstation));
            let number = match open.what {
                PrintSubject::Receipt(txn) => next_copy(case.state, txn),
                PrintSubject::DayReport(_)
                | PrintSubject::DayX(_)
                | PrintSubject::TillReport(_)
                | PrintSubject::TillX(_)
                | PrintSubject::CashSlip(_)
                | PrintSubject::BagLabel(_)
                | PrintSubject::PickList(_) => open.copy + 1,
                PrintSubject::Stored(of) => case.state.cash.report(&of).map_or(open.copy, |report| report.copies) + 1,
            };
            let copy = copy_of(case, open.what.clone(), number, printer, workstation);
            Ok(Outcome { events: vec![settled, copy], answer: Answer { job: Some(case.ask.fresh.job), ..Answer::default() } })
        }
    }
}

pub(super) fn report(case: &Case, job: JobId, progress: &PrintProgress) -> Result<Outcome, Refusal> {
    let open = case.state.prints.get(&job).ok_or(Refusal::NoSuchPrint)?;

    // Cannot fail below.
    let mut events = Vec::new();
    if is_news(&open.state, progress) {
        events.push(Event::PrintProgressed { job, progress: progress.clone() });
        events.extend(label::after_report(case, open, progress));
    }
    Ok(Outcome { events, answer: Answer { job: Some(job), ..Answer::default() } })
}

/// Where a paper of this kind comes out at a workstation.
fn printer_for<'a>(workstation: &'a WorkstationRules, what: &PrintSubject) -> Option<&'a DeviceName> {
    match what {
        PrintSubject::BagLabel(_) => workstation.label_printer.as_ref(),
        PrintSubject::Receipt(_)
        | PrintSubject::DayReport(_)
        | PrintSubject::DayX(_)
        | PrintSubject::TillReport(_)
        | PrintSubject::TillX(_)
        | PrintSubject::CashSlip(_)
        | PrintSubject::PickList(_)
        | PrintSubject::Stored(_) => workstation.receipt_printer.as_ref(),
    }
}

/// The paper of a sale that has just been completed, or only the drawer when no paper can be asked for. Too many open jobs never stop
/// a sale: the till page shows that queue, and the receipt can be printed later.
pub(super) fn original(case: &Case, workstation: &WorkstationRules, txn: TxnId, cash_moved: bool) -> Option<Event> {
    let printer = workstation.receipt_printer.clone()?;
    if case.state.prints.len() >= case.rules.limits.print_jobs_open_max {
        return if cash_moved { drawer_alone(workstation, txn) } else { None };
    }
    Some(Event::PrintRequested {
        job: case.ask.fresh.job,
        printer,
        workstation: workstation.id.clone(),
        what: PrintSubject::Receipt(txn),
        copy: 0,
        kick: cash_moved && workstation.has_drawer,
        at: case.ask.at,
    })
}

/// The paper of a day report that has just been made: where it was asked for; of a day that was closed from nowhere in particular (a
/// program, the back office) at the first workstation that has a printer.
pub(super) fn day_report(case: &Case, report: &DayReport) -> Option<Event> {
    let workstation = match &case.ask.workstation {
        Some(id) => case.rules.workstation(id)?,
        None => case.rules.workstations.iter().find(|workstation| workstation.receipt_printer.is_some())?,
    };
    paper(case, workstation, PrintSubject::DayReport(report.date), false)
}

/// A paper that is not a receipt. `None` where there is no printer, or too many papers wait: the act itself is on the record.
pub(super) fn paper(case: &Case, workstation: &WorkstationRules, what: PrintSubject, kick: bool) -> Option<Event> {
    let printer = workstation.receipt_printer.clone()?;
    (case.state.prints.len() < case.rules.limits.print_jobs_open_max).then(|| Event::PrintRequested {
        job: case.ask.fresh.job,
        printer,
        workstation: workstation.id.clone(),
        what,
        copy: 0,
        kick,
        at: case.ask.at,
    })
}

/// Opens the drawer when no paper goes with it: part of the money was taken or given back, or a float goes in. `txn` is a fresh id that
/// names nothing when there is no transaction.
pub(super) fn drawer_alone(workstation: &WorkstationRules, txn: TxnId) -> Option<Event> {
    let printer = workstation.receipt_printer.clone().filter(|_| workstation.has_drawer)?;
    Some(Event::DrawerKicked { printer, workstation: workstation.id.clone(), txn })
}

/// Whether a report of the printer's owner changes anything. Once the move is the cashier's, only proof takes it back: a late "held"
/// must not lead to a second paper.
fn is_news(state: &PrintState, progress: &PrintProgress) -> bool {
    match (state, progress) {
        (_, PrintProgress::Printed {}) => true,
        (PrintState::Unknown { .. } | PrintState::FailedClean { .. }, _) => false,
        (PrintState::Given, PrintProgress::Resumed {}) => false,
        (PrintState::HeldClean { cause }, PrintProgress::HeldClean { cause: reported }) => cause != reported,
        (
            PrintState::Given | PrintState::HeldClean { .. },
            PrintProgress::HeldClean { .. }
            | PrintProgress::Resumed {}
            | PrintProgress::Sent {}
            | PrintProgress::FailedClean { .. }
            | PrintProgress::Unknown { .. },
        ) => true,
    }
}

/// `None`: the job has its outcome.
pub(super) fn state_after(progress: &PrintProgress) -> Option<PrintState> {
    match progress {
        PrintProgress::HeldClean { cause } => Some(PrintState::HeldClean { cause: cause.clone() }),
        PrintProgress::Resumed {} => Some(PrintState::Given),
        PrintProgress::FailedClean { cause } => Some(PrintState::FailedClean { cause: cause.clone() }),
        PrintProgress::Unknown { cause } => Some(PrintState::Unknown { cause: cause.clone() }),
        PrintProgress::Printed {} | PrintProgress::Sent {} => None,
    }
}

fn copy_of(case: &Case, what: PrintSubject, copy: u32, printer: &DeviceName, workstation: &WorkstationId) -> Event {
    let (job, at) = (case.ask.fresh.job, case.ask.at);
    Event::PrintRequested { job, printer: printer.clone(), workstation: workstation.clone(), what, copy, kick: false, at }
}

fn next_copy(state: &State, txn: TxnId) -> u32 {
    state.copies.get(&txn).copied().unwrap_or(0) + 1
}

fn find_record<'a>(state: &'a State, facts: &'a Facts, txn: TxnId) -> Option<&'a TransactionRecord> {
    let is_sale = |record: &&TransactionRecord| record.txn == txn && record.kind != TransactionKind::Void;
    state.last_record(txn).or_else(|| facts.record.as_deref().filter(is_sale))
}
