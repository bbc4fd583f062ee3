//! Counts and receipts of goods: filled line by line, finished as a whole.
//!
//! A count is absolute and carries the head it saw with each line: what moved after it counts, what moved before does not. What differs much
//! from the book is counted a second time, and then stands.

use super::super::decide::{Case, Outcome};
use super::super::{Answer, ArticleFact, Event, Refusal, sale};
use super::act::step;
use super::{
    CountedLine, ReceivedLine, SHEET_LINES_MAX, Seen, Sheet, SheetKind, SheetLine, StockStep, following, on_hand_now, promises_broken,
};
use crate::ids::{DeliveryNo, Sku};
use crate::money::{Qty, Unit};

pub(super) fn add(case: &Case, kind: SheetKind, code: &str, asked: Option<Qty>) -> Result<Outcome, Refusal> {
    let step = step(case)?;
    let article = sale::goods(case, code)?;
    let sheet = case.state.stock.sheet(kind, &step.workstation);
    let batch = article.batch.clone().filter(|_| kind == SheetKind::Receipt);
    let expiry = article.last_day.map(|last_day| last_day.date).filter(|_| kind == SheetKind::Receipt);
    let known =
        sheet.and_then(|sheet| sheet.lines.iter().find(|line| line.sku == article.sku && line.batch == batch && line.expiry == expiry));
    let says_none = kind == SheetKind::Count && asked == Some(Qty::ZERO);
    let more = if says_none { Qty::ZERO } else { sale::quantity(article, asked)? };
    if !says_none {
        sale::refuse_odd_quantity(case.rules, article.unit, more)?;
    }
    // "None" is the whole count of an article, whatever was scanned of it before.
    let quantity = if says_none { more } else { known.and_then(|line| line.quantity).unwrap_or_default() + more };
    refuse_odd(case, kind, article.unit, quantity)?;
    if known.is_none() && sheet.is_some_and(|sheet| sheet.lines.len() >= SHEET_LINES_MAX) {
        return Err(Refusal::SheetFull { max: SHEET_LINES_MAX });
    }

    // Cannot fail below.
    let fresh = || SheetLine { batch, expiry, ..blank(sheet, article) };
    let line = known.cloned().unwrap_or_else(fresh);
    Ok(line_set(case, kind, step, line, quantity))
}

pub(super) fn set(case: &Case, kind: SheetKind, line: u32, quantity: Qty) -> Result<Outcome, Refusal> {
    let step = step(case)?;
    let known = find(case, kind, line)?.clone();
    refuse_odd(case, kind, known.unit, quantity)?;

    // Cannot fail below.
    Ok(line_set(case, kind, step, known, quantity))
}

fn line_set(case: &Case, kind: SheetKind, step: StockStep, line: SheetLine, quantity: Qty) -> Outcome {
    let seen = match kind {
        SheetKind::Count => Some(Seen {
            head_seq: case.ask.seq.saturating_sub(1),
            on_hand: on_hand_now(case, &line.sku),
            in_bags: case.state.orders.off_shelf(&line.sku),
            since: Qty::ZERO,
        }),
        SheetKind::Receipt => None,
    };
    let line = SheetLine { quantity: Some(quantity), seen, ..line };
    let answer = Answer { line: Some(line.line), ..Answer::default() };
    Outcome { events: vec![Event::SheetLineSet { sheet: kind, step, line: Box::new(line) }], answer }
}

fn blank(sheet: Option<&Sheet>, article: &ArticleFact) -> SheetLine {
    SheetLine {
        line: sheet.map_or(1, |sheet| sheet.next_line),
        sku: article.sku.clone(),
        name: article.name.clone(),
        unit: article.unit,
        quantity: None,
        batch: None,
        expiry: None,
        seen: None,
        first: None,
    }
}

/// Nothing may be counted, and must not be received.
fn refuse_odd(case: &Case, kind: SheetKind, unit: Unit, quantity: Qty) -> Result<(), Refusal> {
    match kind {
        SheetKind::Count if quantity.is_zero() => Ok(()),
        SheetKind::Count if quantity < Qty::ZERO => Err(Refusal::CountBelowZero),
        SheetKind::Count | SheetKind::Receipt => sale::refuse_odd_quantity(case.rules, unit, quantity),
    }
}

pub(super) fn remove(case: &Case, kind: SheetKind, line: u32) -> Result<Outcome, Refusal> {
    let step = step(case)?;
    find(case, kind, line)?;

    // Cannot fail below.
    Ok(Outcome { events: vec![Event::SheetLineRemoved { sheet: kind, step, line }], answer: Answer::default() })
}

pub(super) fn name_delivery(case: &Case, delivery: Option<&DeliveryNo>) -> Result<Outcome, Refusal> {
    let step = step(case)?;
    let sheet = case.state.stock.sheet(SheetKind::Receipt, &step.workstation);
    refuse_second_delivery(case, delivery)?;
    if sheet.and_then(|sheet| sheet.delivery.as_ref()) == delivery {
        return Ok(Outcome::default());
    }

    // Cannot fail below.
    Ok(Outcome { events: vec![Event::DeliveryNamed { step, delivery: delivery.cloned() }], answer: Answer::default() })
}

fn refuse_second_delivery(case: &Case, delivery: Option<&DeliveryNo>) -> Result<(), Refusal> {
    let booked = delivery.and_then(|delivery| case.state.stock.deliveries.iter().rev().find(|booked| booked.delivery == *delivery));
    match booked {
        Some(booked) => Err(Refusal::DeliveryKnown { delivery: booked.delivery.to_string(), document: booked.document }),
        None => Ok(()),
    }
}

pub(super) fn count_tasks(case: &Case) -> Result<Outcome, Refusal> {
    let step = step(case)?;
    let book = &case.state.stock;
    let sheet = book.sheet(SheetKind::Count, &step.workstation);
    let is_free = |taken: &Option<StockStep>| taken.as_ref().is_none_or(|taken| taken.by == step.by);
    let is_on_it = |sku: &Sku| sheet.is_some_and(|sheet| sheet.lines.iter().any(|line| line.sku == *sku));
    let waiting = book.tasks.values().filter(|task| is_free(&task.taken) && !is_on_it(&task.sku));
    let room = SHEET_LINES_MAX - sheet.map_or(0, |sheet| sheet.lines.len());
    let first = sheet.map_or(1, |sheet| sheet.next_line);
    let goods = waiting.filter_map(|task| case.facts.goods.iter().find(|goods| goods.sku == task.sku));
    let lines: Vec<SheetLine> = goods
        .zip(first..)
        .take(room)
        .map(|(goods, line)| SheetLine {
            line,
            sku: goods.sku.clone(),
            name: goods.name.clone(),
            unit: goods.unit,
            quantity: None,
            batch: None,
            expiry: None,
            seen: None,
            first: None,
        })
        .collect();
    if lines.is_empty() {
        return if sheet.is_some() { Ok(Outcome::default()) } else { Err(Refusal::NothingToCount) };
    }

    // Cannot fail below.
    Ok(Outcome { events: vec![Event::CountListed { step, lines }], answer: Answer::default() })
}

pub(super) fn discard(case: &Case, kind: SheetKind) -> Result<Outcome, Refusal> {
    let step = step(case)?;
    filled(case, kind, &step)?;

    // Cannot fail below.
    Ok(Outcome { events: vec![Event::SheetDiscarded { sheet: kind, step }], answer: Answer::default() })
}

pub(super) fn finish_count(case: &Case) -> Result<Outcome, Refusal> {
    let step = step(case)?;
    let sheet = filled(case, SheetKind::Count, &step)?;
    let open = sheet.lines.iter().filter(|line| line.quantity.is_none()).count();
    if open > 0 {
        return Err(Refusal::SheetLinesOpen { left: open });
    }
    let counted: Vec<CountedLine> = sheet.lines.iter().filter_map(|line| counted(case, line)).collect();
    let overtaken = counted.iter().find_map(|line| overtaken(case, line));
    if let Some((line, by)) = overtaken {
        let name = sheet.lines.iter().find(|known| known.line == line).map_or_else(String::new, |known| known.name.clone());
        return Err(Refusal::StockCountedMeanwhile { name, by });
    }

    // Cannot fail below.
    let (again, lines): (Vec<CountedLine>, Vec<CountedLine>) = counted.into_iter().partition(|line| is_to_be_counted_again(case, line));
    let mut events = Vec::new();
    let mut answer = Answer::default();
    if !lines.is_empty() {
        let document = case.state.stock.documents + 1;
        answer.document = Some(document);
        let changes: Vec<(Sku, Qty, Qty)> =
            lines.iter().map(|line| (line.sku.clone(), line.before.unwrap_or(line.on_hand), line.on_hand)).collect();
        events.push(Event::StockCounted { document, step: step.clone(), lines });
        for (sku, before, after) in changes {
            // A count below nothing, since units were sold that nobody saw, is looked at again.
            events.extend(following(case, &sku, before.max(Qty::ZERO), after));
            events.extend(promises_broken(case, &sku, before, after, &step.workstation));
        }
    }
    if !again.is_empty() {
        let lines = again.iter().map(|line| line.line).collect();
        events.push(Event::RecountAsked { step, lines });
    }
    Ok(Outcome { events, answer })
}

fn counted(case: &Case, line: &SheetLine) -> Option<CountedLine> {
    let (counted, seen) = (line.quantity?, line.seen.clone()?);
    Some(CountedLine {
        line: line.line,
        sku: line.sku.clone(),
        counted,
        on_hand: counted + seen.in_bags + seen.since,
        before: on_hand_now(case, &line.sku),
        seen,
        first: line.first,
    })
}

/// Somebody else finished a count of the article after this one saw it, and found something else.
fn overtaken(case: &Case, line: &CountedLine) -> Option<(u32, String)> {
    let other = case.state.stock_marks.get(&line.sku)?.counted.as_ref()?;
    let is_later = other.seq > line.seen.head_seq && line.before != Some(line.on_hand);
    is_later.then(|| (line.line, other.by.as_ref().map_or_else(String::new, ToString::to_string)))
}

/// A first count that differs from the book by at least so many units, and so many per cent of them.
fn is_to_be_counted_again(case: &Case, line: &CountedLine) -> bool {
    let rules = &case.rules.stock;
    let Some(expected) = line.seen.on_hand.filter(|_| line.first.is_none() && rules.recount_units > Qty::ZERO) else { return false };
    let difference = i128::from((line.counted + line.seen.in_bags - expected).thousandths().unsigned_abs());
    let expected = i128::from(expected.thousandths().unsigned_abs());
    difference >= i128::from(rules.recount_units.thousandths()) && difference * 100 >= expected * i128::from(rules.recount_percent)
}

pub(super) fn finish_receipt(case: &Case) -> Result<Outcome, Refusal> {
    let step = step(case)?;
    let sheet = filled(case, SheetKind::Receipt, &step)?;
    if sheet.lines.is_empty() {
        return Err(Refusal::SheetEmpty);
    }
    refuse_second_delivery(case, sheet.delivery.as_ref())?;

    // Cannot fail below.
    let document = case.state.stock.documents + 1;
    let lines: Vec<ReceivedLine> = sheet
        .lines
        .iter()
        .filter_map(|line| {
            Some(ReceivedLine { sku: line.sku.clone(), quantity: line.quantity?, batch: line.batch.clone(), expiry: line.expiry })
        })
        .collect();
    let mut sums: std::collections::BTreeMap<Sku, Qty> = std::collections::BTreeMap::new();
    for line in &lines {
        *sums.entry(line.sku.clone()).or_default() += line.quantity;
    }
    let mut events = vec![Event::GoodsReceived { document, step, delivery: sheet.delivery.clone(), lines }];
    for (sku, quantity) in sums {
        let Some(before) = on_hand_now(case, &sku) else { continue };
        events.extend(following(case, &sku, before, before + quantity));
    }
    Ok(Outcome { events, answer: Answer { document: Some(document), ..Answer::default() } })
}

/// The sheet that is being filled here.
fn filled<'a>(case: &Case<'a>, kind: SheetKind, step: &StockStep) -> Result<&'a Sheet, Refusal> {
    case.state.stock.sheet(kind, &step.workstation).ok_or(Refusal::SheetEmpty)
}

fn find<'a>(case: &Case<'a>, kind: SheetKind, line: u32) -> Result<&'a SheetLine, Refusal> {
    let workstation = &case.workstation()?.id;
    let sheet = case.state.stock.sheet(kind, workstation).ok_or(Refusal::SheetEmpty)?;
    sheet.lines.iter().find(|known| known.line == line).ok_or(Refusal::SheetLineUnknown { line })
}
