//! What is printed about orders: a label for each bag when it is packed, and a list to pick by where there is no handheld. A label is a job of its
//! own, so that it is known of each bag whether it has one.
//!
//! How many bags there are is said when the picking ends, so a label can say "1/2" from the start. One bag more after that has all labels printed
//! anew, marked as reprints, to be stuck over the old ones; their codes stay the same.

use serde::{Deserialize, Serialize};

use super::super::decide::{Case, Outcome};
use super::super::event::PrintSubject;
use super::super::print::{OpenPrint, PrintState};
use super::super::rules::WorkstationRules;
use super::super::{Answer, Event, PrintAnswer, PrintProgress, Refusal, State};
use super::act::{done, elsewhere, find};
use super::{BATCH_MAX, Bag, Order, OrderState, Zone};
use crate::ids::{DeviceName, JobId, OrderNo, SubjectRef};

/// One bag of an order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct BagRef {
    pub order: OrderNo,
    pub bag: u32,
}

/// What a bag's label says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelContent {
    pub order: OrderNo,
    /// Whose initials the shell looks up; of early releases, the initials themselves.
    pub subject: Option<SubjectRef>,
    pub initials: String,
    pub zone: Zone,
    pub bag: u32,
    pub bags: u32,
    pub promised_ms: i64,
}

/// How the newest label of a bag ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LabelEnd {
    /// The printer proved it.
    Printed,
    /// The printer took it, and cannot prove more.
    Sent,
    /// A person said that the bag has what it needs.
    Settled,
}

/// Whether bags of it may still need a label.
fn wants_labels(order: &Order) -> bool {
    match order.state {
        OrderState::Picked | OrderState::Staged => true,
        OrderState::Received
        | OrderState::Accepted
        | OrderState::Picking { .. }
        | OrderState::HandedOver { .. }
        | OrderState::PuttingBack { .. }
        | OrderState::Ended { .. } => false,
    }
}

impl OrderState {
    /// A list of it helps somebody.
    fn is_to_pick(&self) -> bool {
        match self {
            OrderState::Accepted | OrderState::Picking { .. } => true,
            OrderState::Received
            | OrderState::Picked
            | OrderState::Staged
            | OrderState::HandedOver { .. }
            | OrderState::PuttingBack { .. }
            | OrderState::Ended { .. } => false,
        }
    }
}

/// The label of a bag, as long as the bag is in the book.
pub(in crate::retail) fn content(state: &State, label: &BagRef) -> Option<LabelContent> {
    let order = state.orders.orders.get(&label.order)?;
    let bag = order.bags.iter().find(|bag| bag.number == label.bag)?;
    Some(LabelContent {
        order: label.order.clone(),
        subject: order.asked.subject,
        initials: order.asked.initials.clone(),
        zone: bag.zone,
        bag: bag.number,
        bags: u32::try_from(order.bag_count()).unwrap_or(u32::MAX),
        promised_ms: order.asked.promised_ms,
    })
}

/// The job of a bag's label that has no outcome yet, or waits for a person. There is at most one.
pub fn open_label<'a>(prints: impl IntoIterator<Item = &'a OpenPrint>, order: &OrderNo, bag: u32) -> Option<&'a OpenPrint> {
    prints.into_iter().find(|open| matches!(&open.what, PrintSubject::BagLabel(label) if label.order == *order && label.bag == bag))
}

/// A label for each bag that was just packed. None where there is no label printer, or too many papers wait: the page says what to write on the bag.
pub(super) fn first(case: &Case, order: &OrderNo, bags: &[Bag]) -> Vec<Event> {
    let Ok(workstation) = case.workstation() else { return Vec::new() };
    let Some(printer) = &workstation.label_printer else { return Vec::new() };
    let room = case.rules.limits.print_jobs_open_max.saturating_sub(case.state.prints.len());
    let job = |nth: usize| case.ask.fresh.job.after(nth);
    let labels = bags.iter().take(room).enumerate();
    labels.map(|(nth, bag)| requested(case, workstation, printer, job(nth), label_of(order, bag.number), 0)).collect()
}

/// The labels of all bags after one more was taken. One that is just being printed stays: who wants it right asks for it again.
pub(super) fn anew(case: &Case, known: &Order, more: &Bag) -> Vec<Event> {
    let Ok(workstation) = case.workstation() else { return Vec::new() };
    let Some(printer) = &workstation.label_printer else { return Vec::new() };
    let room = case.rules.limits.print_jobs_open_max.saturating_sub(case.state.prints.len());
    let order = &known.asked.order;
    let mut events = Vec::new();
    for (nth, bag) in known.bags.iter().chain([more]).take(room).enumerate() {
        let open = open_label(case.state.prints.values(), order, bag.number);
        match open.map(|open| (open, &open.state)) {
            Some((_, PrintState::Given)) => continue,
            Some((open, PrintState::HeldClean { .. })) => {
                events.push(Event::PrintDropped { job: open.job, printer: open.printer.clone() });
            }
            Some((open, PrintState::Unknown { .. } | PrintState::FailedClean { .. })) => {
                events.push(Event::PrintSettled { job: open.job, answer: PrintAnswer::PrintCopy });
            }
            None => {}
        }
        events.push(requested(case, workstation, printer, case.ask.fresh.job.after(nth), label_of(order, bag.number), bag.labels));
    }
    events
}

fn label_of(order: &OrderNo, bag: u32) -> PrintSubject {
    PrintSubject::BagLabel(BagRef { order: order.clone(), bag })
}

fn requested(case: &Case, workstation: &WorkstationRules, printer: &DeviceName, job: JobId, what: PrintSubject, copy: u32) -> Event {
    let (printer, workstation, at) = (printer.clone(), workstation.id.clone(), case.ask.at);
    Event::PrintRequested { job, printer, workstation, what, copy, kick: false, at }
}

/// A person wants a label, or all of them, once more. What is still on its way is not asked for again; a label that nobody is sure of is settled by it.
pub(super) fn print(case: &Case, order: &OrderNo, bag: Option<u32>) -> Result<Outcome, Refusal> {
    let known = find(case, order)?;
    if !wants_labels(known) {
        return Err(elsewhere(known));
    }
    let workstation = case.workstation()?;
    let printer = workstation.label_printer.as_ref().ok_or(Refusal::NoLabelPrinter)?;
    let wanted: Vec<&Bag> = known.bags.iter().filter(|known| bag.is_none_or(|bag| known.number == bag)).collect();
    let number = bag.unwrap_or(1);
    if wanted.is_empty() {
        return Err(Refusal::BagUnknown { order: order.clone(), bag: number });
    }
    let open = |bag: &Bag| open_label(case.state.prints.values(), order, bag.number);
    let is_waiting = |bag: &&Bag| open(bag).is_some_and(|open| !is_question(open));
    let wanted: Vec<&Bag> = wanted.into_iter().filter(|bag| !is_waiting(bag)).collect();
    if wanted.is_empty() {
        return Err(Refusal::LabelOnItsWay { order: order.clone(), bag: number });
    }
    let max = case.rules.limits.print_jobs_open_max;
    if case.state.prints.len() + wanted.len() > max {
        return Err(Refusal::TooManyPrints { max });
    }

    // Cannot fail below.
    let mut events = Vec::new();
    for (nth, bag) in wanted.into_iter().enumerate() {
        let open = open(bag);
        events.extend(open.map(|open| Event::PrintSettled { job: open.job, answer: PrintAnswer::PrintCopy }));
        // Of one that never came out no second one is a reprint.
        let copy = match open {
            Some(OpenPrint { state: PrintState::FailedClean { .. }, copy, .. }) => *copy,
            _ => bag.labels,
        };
        events.push(requested(case, workstation, printer, case.ask.fresh.job.after(nth), label_of(order, bag.number), copy));
    }
    let mut outcome = done(order, events);
    outcome.answer.job = Some(case.ask.fresh.job);
    Ok(outcome)
}

/// The person stands before the printer: it came out, or the bag was written on by hand.
pub(super) fn settle(case: &Case, order: &OrderNo, bag: u32) -> Result<Outcome, Refusal> {
    let known = find(case, order)?;
    if !known.bags.iter().any(|known| known.number == bag) {
        return Err(Refusal::BagUnknown { order: order.clone(), bag });
    }
    let Some(open) = open_label(case.state.prints.values(), order, bag) else { return Ok(done(order, Vec::new())) };
    if !is_question(open) {
        return Err(Refusal::PrintNotSettleable);
    }

    // Cannot fail below.
    Ok(done(order, vec![Event::PrintSettled { job: open.job, answer: PrintAnswer::Complete }]))
}

fn is_question(open: &OpenPrint) -> bool {
    match open.state {
        PrintState::Unknown { .. } | PrintState::FailedClean { .. } => true,
        PrintState::Given | PrintState::HeldClean { .. } => false,
    }
}

/// The list of up to six orders, for whoever picks without a handheld.
pub(super) fn print_list(case: &Case, orders: &[OrderNo]) -> Result<Outcome, Refusal> {
    if orders.is_empty() || orders.len() > BATCH_MAX {
        return Err(Refusal::TooManyInBatch { max: BATCH_MAX });
    }
    let mut copy = 0;
    for order in orders {
        let known = find(case, order)?;
        if !known.state.is_to_pick() {
            return Err(elsewhere(known));
        }
        copy = copy.max(known.lists);
    }
    let workstation = case.workstation()?;
    let printer = workstation.receipt_printer.as_ref().ok_or(Refusal::NoPrinter)?;
    let max = case.rules.limits.print_jobs_open_max;
    if case.state.prints.len() >= max {
        return Err(Refusal::TooManyPrints { max });
    }

    // Cannot fail below.
    let job = case.ask.fresh.job;
    let event = requested(case, workstation, printer, job, PrintSubject::PickList(orders.to_vec()), copy);
    let answer = Answer { order: orders.first().cloned(), job: Some(job), ..Answer::default() };
    Ok(Outcome { events: vec![event], answer })
}

/// Labels that nobody needs any more after `events`: of which no byte was sent are dropped, and nobody is asked about the others.
pub(in crate::retail) fn no_longer_wanted(case: &Case, events: &[Event]) -> Vec<Event> {
    let ends = |event: &Event| match event {
        Event::OrderCancelled { order, .. } | Event::OrderExpired { order, .. } => Some(order.clone()),
        // While more of it is owed, its other bags wait for theirs.
        Event::OrderDeclined { step } | Event::OrderHandedOver { step, owed: false, .. } => Some(step.order.clone()),
        _ => None,
    };
    let ended: Vec<OrderNo> = events.iter().filter_map(ends).collect();
    if ended.is_empty() {
        return Vec::new();
    }
    let is_theirs = |open: &&OpenPrint| matches!(&open.what, PrintSubject::BagLabel(label) if ended.contains(&label.order));
    case.state.prints.values().filter(is_theirs).filter_map(|open| let_go(open, &open.state)).collect()
}

/// A printer's report about a label that nobody needs any more ends the job.
pub(in crate::retail) fn after_report(case: &Case, open: &OpenPrint, progress: &PrintProgress) -> Option<Event> {
    let PrintSubject::BagLabel(label) = &open.what else { return None };
    if case.state.orders.orders.get(&label.order).is_some_and(|order| wants_labels(order)) {
        return None;
    }
    let_go(open, &super::super::print::state_after(progress)?)
}

fn let_go(open: &OpenPrint, state: &PrintState) -> Option<Event> {
    match state {
        PrintState::Given => None,
        PrintState::HeldClean { .. } => Some(Event::PrintDropped { job: open.job, printer: open.printer.clone() }),
        PrintState::Unknown { .. } | PrintState::FailedClean { .. } => {
            Some(Event::PrintSettled { job: open.job, answer: PrintAnswer::Complete })
        }
    }
}

impl State {
    /// A paper about orders was asked for.
    pub(in crate::retail) fn order_print_asked(&mut self, what: &PrintSubject, copy: u32) {
        match what {
            PrintSubject::BagLabel(label) => self.at_bag(label, |bag| (bag.labels, bag.label) = (copy + 1, None)),
            PrintSubject::PickList(orders) => {
                for order in orders {
                    self.at_order(order, |order| order.lists = order.lists.max(copy + 1));
                }
            }
            _ => {}
        }
    }

    pub(in crate::retail) fn order_print_ended(&mut self, job: JobId, end: LabelEnd) {
        if let Some(PrintSubject::BagLabel(label)) = self.prints.get(&job).map(|open| open.what.clone()) {
            self.at_bag(&label, |bag| bag.label = Some(end));
        }
    }

    fn at_bag(&mut self, label: &BagRef, change: impl FnOnce(&mut Bag)) {
        self.at_order(&label.order, |order| {
            if let Some(bag) = order.bags.iter_mut().find(|bag| bag.number == label.bag) {
                change(bag);
            }
        });
    }

    fn at_order(&mut self, order: &OrderNo, change: impl FnOnce(&mut Order)) {
        if self.orders.orders.contains_key(order)
            && let Some(order) = std::sync::Arc::make_mut(&mut self.orders).orders.get_mut(order)
        {
            change(std::sync::Arc::make_mut(order));
        }
    }
}
