//! The picker's page, for one hand: choose orders, then one card for each line. All acts are in the lower third.

use std::sync::Arc;

use maud::{Markup, html};
use serde_json::json;

use super::{Desk, act, due, items, knowledge, parts, soonest, why_words, zone_words};
use crate::ids::OrderNo;
use crate::money::{Qty, Unit};
use crate::retail::order::{LineProgress, Order, OrderLine, OrderState, Substitution};
use crate::web::layout::visible;
use crate::web::live::Live;
use crate::web::texts::fill;
use crate::web::texts::orders::OrderTexts;
use crate::web::till::icon;

/// Rows of the list to choose from.
const ROWS_MAX: usize = 60;
/// The letters of a batch's totes.
const LETTERS: [&str; 6] = ["A", "B", "C", "D", "E", "F"];

pub fn live(desk: &Desk, chosen: &[OrderNo]) -> Live {
    // Each with its place in the batch: a tote keeps its letter when another one is finished.
    let orders = chosen.iter().enumerate().filter_map(|(at, order)| Some((at, desk.view.screen.orders.orders.get(order)?)));
    let me = desk.view.till.signed_in.as_ref().map(|here| &here.staff);
    let mut mine: Vec<(usize, &Arc<Order>)> = Vec::new();
    let mut gone: Vec<Markup> = Vec::new();
    for (at, order) in orders {
        let number = &order.asked.order;
        match &order.state {
            OrderState::Picking { by: Some(by), since } if Some(by) != me => {
                let words = fill(desk.t.taken_over, &[number.as_str(), &desk.picker(by), &desk.view.locale.clock(since.ms)]);
                gone.push(html! { p .note .warn { (icon("lock")) span { (words) } } });
            }
            OrderState::Picking { .. } => mine.push((at, order)),
            // Cancelled while it was picked.
            OrderState::PuttingBack { why } | OrderState::Ended { why, .. } => {
                let there = format!("/orders/{}/order/{number}", desk.view.workstation);
                gone.push(html! {
                    p .note .warn {
                        (icon("stop")) span { (fill(desk.t.order, &[number.as_str()])) ": " (why_words(desk.t, *why)) }
                        @if !order.to_put_back().is_empty() { a .button href=(there) { (desk.t.put_back_title) } }
                    }
                });
            }
            OrderState::Received | OrderState::Accepted | OrderState::Picked | OrderState::Staged | OrderState::HandedOver { .. } => {}
        }
    }
    // Over the list; beside a card it would be in the thumb's way, and what is picked is at hand.
    let part = if mine.is_empty() {
        html! { @for words in gone { (words) } (knowledge(desk)) (list(desk)) }
    } else {
        html! { @for words in gone { (words) } (cards(desk, &mine, chosen)) (knowledge(desk)) }
    };
    parts(desk, part)
}

fn list(desk: &Desk) -> Markup {
    let (view, t) = (&desk.view, desk.t);
    let me = view.till.signed_in.as_ref().map(|here| &here.staff);
    let to_pick = |order: &&Arc<Order>| match &order.state {
        OrderState::Accepted | OrderState::Picking { by: None, .. } => true,
        OrderState::Picking { by, .. } => by.as_ref() == me,
        _ => false,
    };
    let mut open: Vec<&Arc<Order>> = view.screen.orders.open().filter(to_pick).collect();
    soonest(&mut open, ROWS_MAX);
    let has_printer = view.screen.rules.workstation(view.workstation).is_some_and(|rules| rules.receipt_printer.is_some());
    html! {
        @if open.is_empty() { p .big-note { (t.pick_none) } } @else {
            p .muted { (t.pick_hint) }
            ul .choose {
                @for order in &open {
                    li {
                        button type="button" data-do="choose" data-order=(order.asked.order) aria-pressed="false" {
                            strong { (order.asked.order) } span { (desk.initials(order)) }
                            span { (items(desk, order)) } (due(desk, order))
                        }
                    }
                }
            }
            div .thumb {
                @if has_printer { button type="button" data-do="print-chosen" { (t.list_chosen) } }
                button .primary type="button" data-do="start-chosen" { (t.pick_start) }
            }
        }
        (with_others(desk))
    }
}

/// What others are picking, by whom and since when: one tap takes it over.
fn with_others(desk: &Desk) -> Markup {
    let (view, t) = (&desk.view, desk.t);
    let me = view.till.signed_in.as_ref().map(|here| &here.staff);
    let theirs = view.screen.orders.open().filter_map(|order| match &order.state {
        OrderState::Picking { by: Some(by), since } if Some(by) != me => Some((order, by, since)),
        _ => None,
    });
    let theirs: Vec<_> = theirs.take(ROWS_MAX).collect();
    html! {
        @if !theirs.is_empty() {
            h2 { (t.with_others) }
            ul .line-list .with-others {
                @for (order, by, since) in theirs {
                    li {
                        strong { (order.asked.order) } span { (fill(t.picked_by_since, &[&desk.picker(by), &view.locale.clock(since.ms)])) }
                        (super::one::start(desk, &order.asked.order, t.take_over, true))
                    }
                }
            }
        }
    }
}

/// What a scan of a batch means: where it goes, and what each line is, by order.
fn totes(t: &OrderTexts, orders: &[(usize, &Arc<Order>)]) -> String {
    let of_order = |(at, order): &(usize, &Arc<Order>)| {
        let names: serde_json::Map<String, serde_json::Value> =
            order.asked.lines.iter().map(|line| (line.line.to_string(), line.name.as_str().into())).collect();
        (order.asked.order.to_string(), json!({"into": fill(t.into, &[LETTERS[at % LETTERS.len()]]), "names": names}))
    };
    serde_json::Value::Object(orders.iter().map(of_order).collect()).to_string()
}

/// `chosen`: all of the batch.
fn cards(desk: &Desk, orders: &[(usize, &Arc<Order>)], chosen: &[OrderNo]) -> Markup {
    let t = desk.t;
    let is_batch = chosen.len() > 1;
    // In the order in which one walks past the shelves.
    let mut open: Vec<(usize, &Order, &OrderLine)> =
        orders.iter().flat_map(|(at, order)| order.open_lines().map(move |line| (*at, order.as_ref(), line))).collect();
    open.sort_by(|a, b| (&a.2.location, &a.2.sku, a.0).cmp(&(&b.2.location, &b.2.sku, b.0)));
    html! {
        @if is_batch { div #totes hidden data-totes=(totes(t, orders)) {} }
        @match open.first() {
            Some((at, order, line)) => {
                (card(desk, is_batch, *at, order, line))
                @if open.len() > 1 {
                    ul .line-list .next aria-label=(t.next) {
                        @for (_, _, line) in open.iter().skip(1).take(2) {
                            li { strong { (line.quantity.plain()) " ×" } span { (visible(&line.name)) } span .muted { (visible(&line.location)) } }
                        }
                    }
                }
                div .thumb { (counted(desk, order, line)) (line_acts(desk, order, line, chosen)) }
            }
            None => div .thumb data-spoken=(t.all_picked) {
                p .big-note { (t.all_picked) }
                @for (_, order) in orders { (finish(desk, order)) }
            },
        }
    }
}

fn card(desk: &Desk, is_batch: bool, at: usize, order: &Order, line: &OrderLine) -> Markup {
    let t = desk.t;
    let digits: String = line.sku.as_str().chars().rev().take(4).collect::<Vec<_>>().into_iter().rev().collect();
    let taken = line.quantity - order.left(line);
    html! {
        @let spoken = fill(t.card_spoken, &[&order.left(line).plain(), &line.name, &line.location, &order.asked.order.to_string()]);
        @let spoken = if is_batch { format!("{spoken} {}", fill(t.into, &[LETTERS[at % LETTERS.len()]])) } else { spoken };
        div .pick-card data-line=(line.line) data-order=(order.asked.order) data-spoken=(visible(&spoken)) {
            div .where { span .location { (visible(&line.location)) } span { (zone_words(t, line.zone)) } span .code { "…" (visible(&digits)) } }
            p .name { (visible(&line.name)) }
            p .quantity { (order.left(line).plain()) span { (line.unit.symbol()) } }
            p .muted {
                (fill(t.of, &[&taken.plain(), &line.quantity.plain()])) " · " (fill(t.order, &[order.asked.order.as_str()])) " " (desk.initials(order))
            }
            @if order.asked.substitution == Substitution::Named && !line.substitute_names.is_empty() {
                p .instead { (fill(t.instead, &[&visible(&line.substitute_names.join(", "))])) }
            }
            @if is_batch { p .tote { (fill(t.into, &[LETTERS[at % LETTERS.len()]])) } }
        }
    }
}

/// Once one was scanned: how many of it there are, instead of a scan for each.
fn counted(desk: &Desk, order: &Order, line: &OrderLine) -> Markup {
    let t = desk.t;
    let (left, taken) = (order.left(line), line.quantity - order.left(line));
    let scanned = order.progress.get(&line.line).and_then(LineProgress::countable).filter(|_| line.unit == Unit::Piece);
    html! {
        @if let Some(sku) = scanned {
            div #count .stepper role="group" aria-label=(t.count_title) data-order=(order.asked.order) data-line=(line.line) data-code=(sku)
                data-taken=(taken.thousandths()) data-left=(left.thousandths()) {
                button type="button" data-do="count-fewer" aria-label=(t.fewer) { "−" }
                input #count-all type="text" inputmode="numeric" autocomplete="off" enterkeyhint="done" aria-label=(t.count_title) value=(line.quantity.plain());
                button type="button" data-do="count-more" aria-label=(t.more) { "+" }
                button .primary #count-take type="button" data-do="count-take" data-words=(t.count_take) { (fill(t.count_take, &[&line.quantity.plain()])) }
            }
        }
    }
}

fn line_acts(desk: &Desk, order: &Order, line: &OrderLine, chosen: &[OrderNo]) -> Markup {
    let t = desk.t;
    let number = &order.asked.order;
    let by_hand = |why: &str| json!({"act": "pick_by_hand", "order": number, "line": line.line, "quantity": order.left(line), "why": why});
    let short = |why: &str| json!({"act": "short", "order": number, "line": line.line, "why": why});
    html! {
        details .choice data-keep=(format!("by-hand-{number}-{}", line.line)) {
            summary { (t.by_hand) }
            @if order.left(line) > Qty::ONE {
                div .stepper role="group" aria-label=(t.how_many) {
                    button type="button" data-do="fewer" aria-label=(t.fewer) { "−" }
                    output #by-hand-quantity data-max=(order.left(line).thousandths()) aria-live="polite" { (order.left(line).plain()) }
                    button type="button" data-do="more" aria-label=(t.more) { "+" }
                }
            }
            (act(t.hand_no_code, "", &by_hand("no_code"), false))
            (act(t.hand_unreadable, "", &by_hand("unreadable"), false))
            (act(t.hand_scanner, "", &by_hand("scanner"), false))
        }
        details .choice data-keep=(format!("short-{number}-{}", line.line)) {
            summary { (t.short) }
            (act(t.short_not_there, "", &short("not_there"), false))
            (act(t.short_damaged, "", &short("damaged"), false))
            (act(t.short_wrong_place, "", &short("wrong_place"), false))
        }
        div .row {
            (act(t.reset, "", &json!({"act": "reset_line", "order": number, "line": line.line}), false))
            button type="button" data-act=(json!({"act": "pause_picking", "order": number}).to_string()) data-then=(without(desk, chosen, number)) { (t.lay_aside) }
        }
    }
}

/// The picker's page without one of its orders.
fn without(desk: &Desk, chosen: &[OrderNo], order: &OrderNo) -> String {
    let rest: Vec<&str> = chosen.iter().filter(|other| *other != order).map(OrderNo::as_str).collect();
    let page = format!("/pick/{}", desk.view.workstation);
    if rest.is_empty() { page } else { format!("{page}?orders={}", rest.join(",")) }
}

/// One bag for each zone at least; one more tap away are more.
fn finish(desk: &Desk, order: &Order) -> Markup {
    let t = desk.t;
    let picked = |line: &&OrderLine| order.progress.get(&line.line).is_some_and(|progress| !progress.picked.is_empty());
    let zones: std::collections::BTreeSet<_> = order.asked.lines.iter().filter(picked).map(|line| line.zone).collect();
    let least = u32::try_from(zones.len().max(1)).unwrap_or(1);
    let then = format!("/orders/{}/order/{}", desk.view.workstation, order.asked.order);
    html! {
        div .row .finish {
            span { strong { (order.asked.order) } " " (desk.initials(order)) }
            @for bags in least..least + 3 {
                button type="button" .primary[bags == least] data-then=(then)
                    data-act=(json!({"act": "finish_picking", "order": order.asked.order, "bags": bags}).to_string()) {
                        @if bags == 1 { (t.finish_one) } @else { (fill(t.finish, &[&bags.to_string()])) }
                    }
            }
        }
    }
}
