//! From the shelf into bags and to a place; and from the bags back to the shelf.

use std::collections::BTreeSet;

use super::super::decide::{Case, Outcome};
use super::super::stock::{CountWhy, low_or_filled, on_hand_now};
use super::super::{ArticleFact, Event, Refusal, ScanFact, last_day, recalls, sale};
use super::act::{done, elsewhere, find, step};
use super::{
    BAGS_MAX, BATCH_MAX, Bag, ByHand, NoPlace, Order, OrderLine, OrderState, PickWay, RefusedWhy, ShortWhy, Substitution, Units, Zone,
    bag_of, label, payment,
};
use crate::ids::{OrderNo, PlaceCode, Sku};
use crate::money::Qty;

pub(super) fn start(case: &Case, order: &OrderNo, take_over: bool) -> Result<Outcome, Refusal> {
    let known = find(case, order)?;
    let me = &case.ask.staff;
    let taken_over_from = match &known.state {
        OrderState::Accepted | OrderState::Picking { by: None, .. } => None,
        OrderState::Picking { by, .. } if by == me => return Ok(done(order, Vec::new())),
        OrderState::Picking { by: Some(by), .. } if take_over => Some(by.clone()),
        OrderState::Picking { by: Some(by), .. } => {
            return Err(Refusal::OrderPickedByOther { order: order.clone(), by: by.to_string() });
        }
        OrderState::Received
        | OrderState::Picked
        | OrderState::Staged
        | OrderState::HandedOver { .. }
        | OrderState::PuttingBack { .. }
        | OrderState::Ended { .. } => return Err(elsewhere(known)),
    };

    // Cannot fail below.
    Ok(done(order, vec![Event::OrderPicking { step: step(case, order), taken_over_from }]))
}

pub(super) fn pause(case: &Case, order: &OrderNo) -> Result<Outcome, Refusal> {
    picking(case, order)?;

    // Cannot fail below.
    Ok(done(order, vec![Event::OrderPaused { step: step(case, order) }]))
}

/// The order is being picked, by whoever asks or by nobody.
fn picking<'a>(case: &Case<'a>, order: &OrderNo) -> Result<&'a Order, Refusal> {
    let known = find(case, order)?;
    match &known.state {
        OrderState::Picking { by: None, .. } => Ok(known),
        OrderState::Picking { by, .. } if *by == case.ask.staff => Ok(known),
        OrderState::Picking { by: Some(by), .. } => Err(Refusal::OrderPickedByOther { order: order.clone(), by: by.to_string() }),
        OrderState::Received
        | OrderState::Accepted
        | OrderState::Picked
        | OrderState::Staged
        | OrderState::HandedOver { .. }
        | OrderState::PuttingBack { .. }
        | OrderState::Ended { .. } => Err(elsewhere(known)),
    }
}

/// The line of an order for which an article can be taken: its own first, then one that takes it instead.
fn wanting<'a>(order: &'a Order, sku: &Sku) -> Option<&'a OrderLine> {
    let instead = |line: &&OrderLine| order.asked.substitution == Substitution::Named && line.substitutes.contains(sku);
    order.open_lines().find(|line| line.sku == *sku).or_else(|| order.open_lines().find(instead))
}

pub(super) fn pick(case: &Case, orders: &[OrderNo], code: &str, asked: Option<Qty>) -> Result<Outcome, Refusal> {
    if orders.is_empty() || orders.len() > BATCH_MAX {
        return Err(Refusal::TooManyInBatch { max: BATCH_MAX });
    }
    let orders = orders.iter().map(|order| picking(case, order)).collect::<Result<Vec<&Order>, Refusal>>()?;
    let article = sale::article(case, code)?;
    recalls::refuse_recalled(article)?;
    if let Ok(date) = case.business_date() {
        last_day::refuse_past(article, date)?;
    }
    let quantity = quantity(article, asked)?;
    let hit = orders.iter().find_map(|order| wanting(order, &article.sku).map(|line| (*order, line)));
    let next = orders.iter().find_map(|order| order.open_lines().next()).map_or("", |line| &line.name);
    let (order, line) = hit.ok_or_else(|| wrong_article(article, next))?;
    if quantity > order.left(line) {
        return Err(Refusal::PickTooMany { name: line.name.clone(), left: order.left(line) });
    }

    // Cannot fail below.
    let way = if asked.is_some() { PickWay::Counted } else { PickWay::Scan };
    Ok(picked(case, order, line, Units { sku: article.sku.clone(), quantity }, way))
}

fn quantity(article: &ArticleFact, asked: Option<Qty>) -> Result<Qty, Refusal> {
    match asked.unwrap_or(article.quantity) {
        quantity if quantity <= Qty::ZERO => Err(Refusal::QuantityNotPositive),
        quantity => Ok(quantity),
    }
}

/// What was scanned, and what is wanted next.
pub(super) fn wrong_article(article: &ArticleFact, wanted: &str) -> Refusal {
    Refusal::PickWrongArticle { name: article.name.clone(), wanted: wanted.to_owned() }
}

pub(super) fn by_hand(case: &Case, order: &OrderNo, line: u32, quantity: Qty, why: ByHand) -> Result<Outcome, Refusal> {
    let known = picking(case, order)?;
    let line = known.line(line).ok_or(Refusal::NoSuchLine { line })?;
    if quantity <= Qty::ZERO {
        return Err(Refusal::QuantityNotPositive);
    }
    if quantity > known.left(line) {
        return Err(Refusal::PickTooMany { name: line.name.clone(), left: known.left(line) });
    }
    // Nobody scanned it, so what its code would say is not known; a look-up that failed holds nobody up.
    if let Some(ScanFact::Article(article)) = &case.facts.scan {
        recalls::refuse_recalled(article)?;
    }

    // Cannot fail below.
    Ok(picked(case, known, line, Units { sku: line.sku.clone(), quantity }, PickWay::ByHand(why)))
}

fn picked(case: &Case, order: &Order, line: &OrderLine, units: Units, way: PickWay) -> Outcome {
    let Units { sku, quantity } = units;
    let number = &order.asked.order;
    let event = Event::OrderLinePicked { step: step(case, number), line: line.line, sku, quantity, way };
    let mut outcome = done(number, vec![event]);
    outcome.answer.line = Some(line.line);
    outcome
}

pub(super) fn reset(case: &Case, order: &OrderNo, line: u32) -> Result<Outcome, Refusal> {
    let known = picking(case, order)?;
    let line = known.line(line).ok_or(Refusal::NoSuchLine { line })?;
    if known.progress.get(&line.line).is_none_or(|progress| progress.picked.is_empty() && progress.short.is_zero()) {
        return Ok(done(order, Vec::new()));
    }

    // Cannot fail below.
    Ok(done(order, vec![Event::OrderLineReset { step: step(case, order), line: line.line }]))
}

pub(super) fn short(case: &Case, order: &OrderNo, line: u32, why: ShortWhy) -> Result<Outcome, Refusal> {
    let known = picking(case, order)?;
    let line = known.line(line).ok_or(Refusal::NoSuchLine { line })?;
    let quantity = known.left(line);
    if quantity.is_zero() {
        return Err(Refusal::LineDone { name: line.name.clone() });
    }

    // Cannot fail below.
    let mut events = vec![Event::OrderLineShort { step: step(case, order), line: line.line, quantity, why }];
    let book = on_hand_now(case, &line.sku);
    let in_bags = case.state.orders.off_shelf(&line.sku);
    let (adjust, count) = match why {
        // The book's shelf becomes what was found on it: nothing.
        ShortWhy::NotThere => (book.map(|on_hand| in_bags - on_hand), true),
        ShortWhy::Damaged => (Some(-quantity), false),
        ShortWhy::WrongPlace => (None, false),
    };
    let adjust = adjust.filter(|adjust| !adjust.is_zero());
    events.extend(adjust.map(|quantity| Event::StockAdjusted { step: step(case, order), sku: line.sku.clone(), quantity, why }));
    if count {
        let why = Some(CountWhy::ShortPick);
        events.push(Event::CountRequested { sku: line.sku.clone(), on_hand: in_bags, at: case.ask.at, why });
    }
    if let (Some(book), Some(adjust)) = (book, adjust) {
        events.extend(low_or_filled(case, &line.sku, book + adjust));
    }
    Ok(done(order, events))
}

pub(super) fn finish(case: &Case, order: &OrderNo, bags: u32) -> Result<Outcome, Refusal> {
    let known = picking(case, order)?;
    let left = known.open_lines().count();
    if left > 0 {
        return Err(Refusal::OrderLinesLeft { order: order.clone(), left });
    }
    let picked = |line: &&OrderLine| known.progress.get(&line.line).is_some_and(|progress| !progress.picked.is_empty());
    let zones: BTreeSet<Zone> = known.asked.lines.iter().filter(picked).map(|line| line.zone).collect();
    if zones.is_empty() {
        return Ok(done(order, [all_missing(case, known)].into_iter().chain(payment::all_back(case, known)).collect()));
    }
    // Bags of the same zones may wait since a part of the order was handed over.
    let zones: BTreeSet<Zone> = zones.into_iter().filter(|zone| !known.bags.iter().any(|bag| bag.zone == *zone)).collect();
    let needed = u32::try_from(zones.len()).unwrap_or(1);
    if bags < needed || bags > BAGS_MAX {
        return Err(Refusal::BagsOutOfRange { min: needed, max: BAGS_MAX });
    }

    // Cannot fail below. Bags beyond one for each zone are for what keeps anywhere, or else for the first zone there is.
    let first = zones.first().copied().or_else(|| known.bags.first().map(|bag| bag.zone));
    let spare = first.into_iter().cycle().take((bags - needed) as usize);
    let mut of_zone: Vec<Zone> = zones.iter().copied().chain(spare).collect();
    of_zone.sort_unstable();
    let next = next_bag(known);
    let fresh: Vec<Bag> = of_zone.into_iter().zip(next..).map(|(zone, number)| Bag::new(number, zone)).collect();
    let labels = label::first(case, order, &fresh);
    let bags = known.bags.iter().cloned().chain(fresh).collect();
    Ok(done(order, [vec![Event::OrderPicked { step: step(case, order), bags }], labels].concat()))
}

/// Nothing that is still owed is there: it is over, refused, or handed over as far as it went.
pub(super) fn all_missing(case: &Case, known: &Order) -> Event {
    let step = step(case, &known.asked.order);
    match known.handed.last() {
        Some(part) => Event::OrderRestMissed { step, handed_over: part.at },
        None => Event::OrderRefused { step, why: RefusedWhy::AllShort },
    }
}

/// A number is on one label only, also of bags that went.
fn next_bag(known: &Order) -> u32 {
    let went = known.handed.iter().flat_map(|part| &part.bags);
    known.bags.iter().chain(went).map(|bag| bag.number).max().unwrap_or(0) + 1
}

/// It does not fit: one bag more, for goods of the same zone as in bag `like`. Every label comes anew, because each says how many there are.
pub(super) fn add_bag(case: &Case, order: &OrderNo, like: u32) -> Result<Outcome, Refusal> {
    let known = find(case, order)?;
    if known.state != OrderState::Picked {
        return Err(elsewhere(known));
    }
    let zone = known.bags.iter().find(|bag| bag.number == like).map(|bag| bag.zone);
    let zone = zone.ok_or(Refusal::BagUnknown { order: order.clone(), bag: like })?;
    let count = u32::try_from(known.bags.len()).unwrap_or(BAGS_MAX);
    if count >= BAGS_MAX {
        return Err(Refusal::BagsOutOfRange { min: 1, max: BAGS_MAX });
    }

    // Cannot fail below.
    let bag = Bag::new(next_bag(known), zone);
    let labels = label::anew(case, known, &bag);
    Ok(done(order, [vec![Event::BagAdded { step: step(case, order), bag }], labels].concat()))
}

pub(super) fn stage(case: &Case, order: &OrderNo, bag: u32, place: &PlaceCode) -> Result<Outcome, Refusal> {
    let known = find(case, order)?;
    match known.state {
        OrderState::Picked | OrderState::Staged => {}
        OrderState::Received
        | OrderState::Accepted
        | OrderState::Picking { .. }
        | OrderState::HandedOver { .. }
        | OrderState::PuttingBack { .. }
        | OrderState::Ended { .. } => return Err(elsewhere(known)),
    }
    let bag = known.bags.iter().find(|known| known.number == bag).ok_or(Refusal::BagUnknown { order: order.clone(), bag })?;
    if bag.place.as_ref() == Some(place) {
        return Ok(done(order, Vec::new()));
    }

    if let Some(what) = no_place(case, place) {
        return Err(Refusal::NotAPlace { what });
    }

    // Cannot fail below.
    Ok(done(order, vec![Event::BagStaged { step: step(case, order), bag: bag.number, place: place.clone() }]))
}

/// A label in the hand that is no shelf's would send the next person looking for a place that is none. Article numbers shorter than any
/// barcode may be names of places as well.
fn no_place(case: &Case, place: &PlaceCode) -> Option<NoPlace> {
    if bag_of(place.as_str()).is_some() {
        return Some(NoPlace::Bag);
    }
    if case.facts.order.place_is_badge {
        return Some(NoPlace::Badge);
    }
    match &case.facts.scan {
        Some(ScanFact::Article(article)) if place.as_str().len() >= BARCODE_CHARS_MIN => {
            Some(NoPlace::Article { name: article.name.clone() })
        }
        _ => None,
    }
}

/// EAN-8.
const BARCODE_CHARS_MIN: usize = 8;

pub(super) fn put_back(case: &Case, order: &OrderNo, code: &str, asked: Option<Qty>) -> Result<Outcome, Refusal> {
    let known = find(case, order)?;
    let waiting = known.to_put_back();
    if waiting.is_empty() {
        return Err(elsewhere(known));
    }
    let article = sale::article(case, code)?;
    let quantity = quantity(article, asked)?;
    let Some(units) = waiting.iter().find(|units| units.sku == article.sku) else {
        return Err(Refusal::NotToPutBack { order: order.clone(), name: article.name.clone() });
    };
    if quantity > units.quantity {
        return Err(Refusal::PickTooMany { name: article.name.clone(), left: units.quantity });
    }

    // Cannot fail below.
    Ok(done(order, vec![Event::OrderPutBack { step: step(case, order), sku: article.sku.clone(), quantity }]))
}
