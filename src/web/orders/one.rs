//! One order: its places first, then what can be done with it now.

use maud::{Markup, html};
use serde_json::json;

use super::{Desk, act, due, knowledge, label, parts, span, state_words, why_words, zone_words};
use crate::ids::{OrderNo, Sku};
use crate::money::{Qty, Unit};
use crate::retail::age::born_by;
use crate::retail::day;
use crate::retail::order::figures::Clocks;
use crate::retail::order::{LineProgress, Order, OrderLine, OrderState, TAKE_BACK_MS, Units, bag_code};
use crate::web::layout::visible;
use crate::web::live::Live;
use crate::web::texts::fill;

pub fn live(desk: &Desk, number: &OrderNo) -> Live {
    let told = knowledge(desk);
    let part = match desk.view.screen.orders.orders.get(number) {
        Some(order) => whole(desk, order),
        None => html! { p .big-note { (desk.view.locale.texts.not_found_title) } },
    };
    parts(desk, html! { (told) (part) })
}

fn whole(desk: &Desk, order: &Order) -> Markup {
    let t = desk.t;
    html! {
        div .order-top data-state=(order.state.name().as_str()) data-spoken=(format!("{} {}", order.asked.order, state_words(t, order.state.name()))) {
            span .number { (order.asked.order) } span .initials { (desk.initials(order)) }
            span .state-words { (state_words(t, order.state.name())) }
            @match &order.state {
                OrderState::PuttingBack { why } | OrderState::Ended { why, .. } => span .muted { (why_words(t, *why)) },
                OrderState::HandedOver { .. } | OrderState::Staged => {},
                _ => (due(desk, order)),
            }
        }
        (customer(desk, order))
        @if order.state == OrderState::Staged { (places(desk, order)) }
        div .acts { (acts(desk, order)) }
        // What goes back is listed already.
        @if !matches!(order.state, OrderState::PuttingBack { .. }) { (lines(desk, order)) }
        (clocks(desk, order))
        (erase(desk, order))
    }
}

/// When each step was done, and how long it took.
fn clocks(desk: &Desk, order: &Order) -> Markup {
    let (t, now_ms) = (desk.t, desk.view.now_ms);
    let clocks = Clocks::of(order);
    let took = |words: &str, ms: Option<i64>| ms.map(|ms| fill(words, &[&span(t, ms)]));
    let waits = if order.state == OrderState::Staged { t.clock_waits } else { t.clock_waited };
    let waited = |shown: bool| clocks.waited_ms(now_ms).filter(|_| shown);
    let rows = [
        (t.clock_received, Some(clocks.received_ms), None),
        (t.clock_accepted, clocks.accepted_ms, None),
        (t.clock_picked, clocks.picked_ms, took(t.clock_took_picking, clocks.until_picked_ms())),
        (t.clock_ready, clocks.ready_ms, took(t.clock_took_ready, clocks.until_ready_ms())),
        (t.clock_handed_over, clocks.handed_over_ms, took(waits, waited(clocks.handed_over_ms.is_some()))),
    ];
    html! {
        dl .clocks aria-label=(t.clocks_title) {
            @for (words, at, took) in rows {
                @if let Some(at) = at {
                    div { dt { (words) } dd { (desk.view.locale.clock(at)) @if let Some(took) = took { " " span .muted { (took) } } } }
                }
            }
            @if let Some(ms) = waited(order.state == OrderState::Staged) { div { dt {} dd { (fill(waits, &[&span(t, ms)])) } } }
        }
    }
}

/// Who comes for it, for whoever works here.
fn customer(desk: &Desk, order: &Order) -> Markup {
    let p = desk.view.locale.texts.promises;
    let known = desk.shared.order_customer(&order.asked);
    if known.subject.is_none() {
        return html! {};
    }
    html! {
        div .order-customer #customer {
            span .muted { (p.customer) ":" }
            @if !desk.shows_names() {
                span .muted { (p.sign_in_for_name) }
            } @else if known.is_erased {
                strong { (p.erased) }
            } @else if known.name.is_empty() && known.phone.is_empty() && known.initials.is_empty() {
                span { (p.unknown) }
            } @else {
                strong { (visible(&known.name)) } span { (visible(&known.phone)) }
            }
        }
    }
}

/// Last on the page, far from what is pressed in a hurry.
fn erase(desk: &Desk, order: &Order) -> Markup {
    let known = desk.shared.order_customer(&order.asked);
    let is_there = !(known.is_erased || known.name.is_empty() && known.phone.is_empty() && known.initials.is_empty());
    html! {
        @if let Some(subject) = known.subject.filter(|_| is_there && desk.shows_names()) {
            p .buttons { button .small type="button" data-erase=(subject) data-needs-sure="yes" { (desk.view.locale.texts.promises.erase) } }
        }
    }
}

/// Large, because somebody walks there.
fn places(desk: &Desk, order: &Order) -> Markup {
    let t = desk.t;
    html! {
        ul .bag-list aria-label=(t.fetch) {
            @for bag in &order.bags {
                li id=(format!("bag-{}", bag.number)) data-bag=(bag.number) data-code=(bag_code(&order.asked.order, bag.number)) {
                    span .place { (bag.place.as_ref().map_or("–", |place| place.as_str())) }
                    span { (fill(t.bag, &[&bag.number.to_string(), &order.bag_count().to_string()])) " · " (zone_words(t, bag.zone)) }
                    button type="button" data-do="bag-here" data-checked=(t.checked) { (t.here) }
                    div .bag-label { (label::of_bag(desk, order, bag)) }
                }
            }
        }
    }
}

fn acts(desk: &Desk, order: &Order) -> Markup {
    let t = desk.t;
    let number = &order.asked.order;
    match &order.state {
        OrderState::Received => html! {
            p { (t.received_hint) }
            (act(t.accept, "primary", &json!({"act": "accept", "order": number}), false))
            (act(t.refuse_stock, "", &json!({"act": "refuse", "order": number, "why": "no_stock"}), true))
            (act(t.refuse_time, "", &json!({"act": "refuse", "order": number, "why": "no_time"}), true))
        },
        OrderState::Accepted => html! {
            (part_handed(desk, order))
            (put_back(desk, order))
            (start(desk, number, t.start, false))
            (list(desk, number))
            (act(t.refuse_stock, "", &json!({"act": "refuse", "order": number, "why": "no_stock"}), true))
        },
        OrderState::Picking { by, since } => {
            let me = desk.view.till.signed_in.as_ref().map(|here| &here.staff);
            let is_mine = by.is_none() || by.as_ref() == me;
            html! {
                p { (by.as_ref().map_or(desk.nobody().to_owned(), |by| fill(t.picked_by_since, &[&desk.picker(by), &desk.view.locale.clock(since.ms)]))) }
                @if is_mine { (start(desk, number, t.go_on, false)) } @else { (start(desk, number, t.take_over, true)) }
                (list(desk, number))
            }
        }
        OrderState::Picked => html! {
            (label::questions(desk, order)) (staging(desk, order)) (bag_more(desk, order)) (label::all_again(desk, order))
        },
        OrderState::Staged => html! { (label::questions(desk, order)) (hand_over(desk, order)) },
        OrderState::HandedOver { at, .. } => html! {
            p .big-note { (fill(t.handed_over_at, &[&desk.view.locale.clock(at.ms)])) }
            (take_back(desk, order, at.ms))
            (put_back(desk, order))
        },
        OrderState::PuttingBack { .. } => put_back(desk, order),
        OrderState::Ended { .. } => html! {},
    }
}

/// For a minute, and never when money was taken.
fn take_back(desk: &Desk, order: &Order, at_ms: i64) -> Markup {
    let t = desk.t;
    let is_paid = order.handed.last().is_some_and(|part| part.txn.is_some());
    html! {
        @if is_paid { p .muted { (t.paid_here) } }
        @else if desk.view.now_ms - at_ms < i64::try_from(TAKE_BACK_MS).unwrap_or(0) {
            (act(t.take_back, "", &json!({"act": "take_back_hand_over", "order": order.asked.order}), false))
        }
    }
}

/// What the customer has already, while the rest waits.
fn part_handed(desk: &Desk, order: &Order) -> Markup {
    html! {
        @if order.is_part_handed() && let Some(at) = order.handed_at() {
            p .big-note { (fill(desk.t.part_handed_at, &[&desk.view.locale.clock(at.ms)])) }
            (take_back(desk, order, at.ms))
        }
    }
}

/// The till where the order is being paid.
fn paying_at<'a>(desk: &'a Desk, order: &Order) -> Option<&'a crate::ids::WorkstationId> {
    let pays = |till: &crate::node::screen::TillScreen| {
        till.basket.as_ref().and_then(|basket| basket.order.as_ref()).is_some_and(|terms| terms.order == order.asked.order)
    };
    desk.view.screen.workstations.iter().find(|(_, till)| pays(till)).map(|(workstation, _)| workstation)
}

pub(super) fn start(desk: &Desk, order: &OrderNo, words: &str, take_over: bool) -> Markup {
    let act = json!({"act": "start_picking", "order": order, "take_over": take_over});
    let then = format!("/pick/{}?orders={order}", desk.view.workstation);
    html! { button .primary type="button" data-act=(act.to_string()) data-then=(then) { (words) } }
}

/// For whoever picks on paper.
fn list(desk: &Desk, order: &OrderNo) -> Markup {
    let has_printer = desk.view.screen.rules.workstation(desk.view.workstation).is_some_and(|rules| rules.receipt_printer.is_some());
    html! { @if has_printer { (act(desk.t.list_print, "", &json!({"act": "print_pick_list", "orders": [order]}), false)) } }
}

/// It did not fit: one bag more for a zone of the order.
fn bag_more(desk: &Desk, order: &Order) -> Markup {
    let t = desk.t;
    let mut last_of_zone = std::collections::BTreeMap::new();
    for bag in &order.bags {
        last_of_zone.insert(bag.zone, bag.number);
    }
    html! {
        @for (zone, like) in last_of_zone {
            (act(&fill(t.bag_more, &[zone_words(t, zone)]), "", &json!({"act": "add_bag", "order": order.asked.order, "like": like}), true))
        }
    }
}

fn staging(desk: &Desk, order: &Order) -> Markup {
    let t = desk.t;
    html! {
        h2 { (t.place_title) }
        p .muted { (t.place_hint) }
        (label::no_printer(desk))
        label .place-entry { (t.place) " " input #place type="text" maxlength="24" autocomplete="off" autocapitalize="characters"; }
        ul .bag-list {
            @for bag in &order.bags {
                li id=(format!("bag-{}", bag.number)) data-bag=(bag.number) data-code=(bag_code(&order.asked.order, bag.number)) {
                    span .place { (bag.place.as_ref().map_or(t.no_place, |place| place.as_str())) }
                    span { (fill(t.bag, &[&bag.number.to_string(), &order.bag_count().to_string()])) " · " (zone_words(t, bag.zone)) }
                    button type="button" data-do="stage" { (fill(t.place_button, &[&bag.number.to_string()])) }
                    div .bag-label { (label::of_bag(desk, order, bag)) }
                }
            }
        }
    }
}

fn hand_over(desk: &Desk, order: &Order) -> Markup {
    let t = desk.t;
    let picked =
        |line: &&crate::retail::order::OrderLine| order.progress.get(&line.line).is_some_and(|progress| !progress.picked.is_empty());
    let age = order.asked.lines.iter().filter(picked).filter_map(|line| line.age_min).max();
    let date = match desk.view.screen.day {
        day::Day::Open { date, .. } => Some(date),
        day::Day::NeverOpened | day::Day::Closed { .. } => None,
    };
    if let Some(workstation) = paying_at(desk, order) {
        return html! {
            p .big-note { (fill(t.being_paid, &[workstation.as_str()])) }
            @if workstation == desk.view.workstation { a .button .primary href=(format!("/till/{workstation}")) { (t.go_to_till) } }
        };
    }
    let is_due = order.asked.lines.iter().filter(picked).any(|line| line.due().is_some());
    html! {
        (part_handed(desk, order))
        div .shown role="radiogroup" aria-label=(t.shown_title) {
            span { (t.shown_title) }
            @for (value, words) in [("code", t.shown_code), ("name", t.shown_name), ("id_card", t.shown_id_card), ("passport", t.shown_passport), ("driving_licence", t.shown_licence)] {
                button type="button" role="radio" aria-checked="false" data-shown=(value) disabled[value == "code"] { (words) }
            }
        }
        p .muted { (t.shown_hint) }
        @if let (Some(years), Some(date)) = (age, date) {
            button type="button" #of-age aria-pressed="false" data-do="of-age" {
                (fill(t.of_age, &[&years.to_string(), &desk.view.locale.date(born_by(date, years))]))
            }
        }
        button .primary #hand-over type="button" data-do="hand-over" aria-describedby="still" data-due[is_due]
            data-all=(if is_due { t.take_payment } else { t.hand_over }) data-part=(if is_due { t.take_payment } else { t.hand_over_part }) {
                (if is_due { t.take_payment } else { t.hand_over })
        }
        p #still .muted data-lead=(t.still) data-shown-words=(t.still_shown) data-bag-words=(t.still_bags) data-age-words=(t.still_age) {}
        (put_back(desk, order))
        (act(t.decline, "", &json!({"act": "decline", "order": order.asked.order}), true))
    }
}

fn put_back(desk: &Desk, order: &Order) -> Markup {
    let t = desk.t;
    let waiting = order.to_put_back();
    let line = |sku: &Sku| order.asked.lines.iter().find(|line| line.sku == *sku || line.substitutes.contains(sku));
    html! {
        @if !waiting.is_empty() {
            h2 { (t.put_back_title) }
            p .muted { (t.put_back_hint) }
            ul #put-back .line-list {
                @for units in &waiting {
                    @let line = line(&units.sku);
                    li {
                        strong { (units.quantity.plain()) " ×" }
                        span { (visible(line.map_or(units.sku.as_str(), |line| line.name_of(&units.sku)))) }
                        // Of what was taken instead nobody said where it lies.
                        @if let Some(line) = line.filter(|line| line.sku == units.sku && !line.location.is_empty()) { strong { (visible(&line.location)) } }
                        code { (visible(units.sku.as_str())) }
                    }
                }
            }
            (counted_back(desk, order, &waiting))
        }
    }
}

/// Once one went back by scan: how many of it do, instead of a scan for each.
fn counted_back(desk: &Desk, order: &Order, waiting: &[Units]) -> Markup {
    let t = desk.t;
    let line = |sku: &Sku| order.asked.lines.iter().find(|line| line.sku == *sku || line.substitutes.contains(sku));
    let scanned = waiting.iter().find(|units| order.back_last.as_ref() == Some(&units.sku));
    let counted = scanned.and_then(|units| Some((units, line(&units.sku).filter(|line| line.unit == Unit::Piece)?)));
    html! {
        @if let Some((units, line)) = counted {
            @let left = units.quantity.plain();
            div .thumb {
                p .muted { (fill(t.back_more, &[&visible(line.name_of(&units.sku))])) }
                div #count .stepper role="group" aria-label=(t.count_title) data-act="put_back" data-order=(order.asked.order) data-line=(line.line)
                    data-code=(units.sku) data-taken="0" data-left=(units.quantity.thousandths()) {
                    button type="button" data-do="count-fewer" aria-label=(t.fewer) { "−" }
                    input #count-all type="text" inputmode="numeric" autocomplete="off" enterkeyhint="done" aria-label=(t.count_title) value=(left);
                    button type="button" data-do="count-more" aria-label=(t.more) { "+" }
                    button .primary #count-take type="button" data-do="count-take" data-words=(t.back_take) { (fill(t.back_take, &[&left])) }
                }
            }
        }
    }
}

fn lines(desk: &Desk, order: &Order) -> Markup {
    let t = desk.t;
    html! {
        ul .line-list {
            @for line in &order.asked.lines {
                @let progress = order.progress.get(&line.line).cloned().unwrap_or_default();
                li {
                    strong { (desk.view.locale.quantity(line.quantity, line.unit)) @if line.unit.symbol().is_empty() { " ×" } }
                    span { (visible(&line.name)) @if let Some(age) = line.age_min { " " span .chip { (age) "+" } } }
                    span .muted {
                        (zone_words(t, line.zone))
                        @if !progress.given.is_empty() { " · " (fill(t.given_units, &[&progress.given_quantity().plain()])) }
                        @match &line.price {
                            Some(price) if price.paid => { " · " (t.paid_online) }
                            Some(price) => {
                                @let left = line.quantity - progress.short - progress.given_quantity();
                                @let amount = price.unit_price.times(left, desk.view.screen.rules.line_rounding);
                                " · " (fill(t.to_pay, &[&desk.view.locale.money(&desk.view.screen.rules.currency, amount)]))
                            }
                            None => {}
                        }
                        @if progress.short > Qty::ZERO { " · " (fill(t.short_units, &[&progress.short.plain()])) }
                        @if let Some(instead) = progress.picked.iter().find(|units| units.sku != line.sku) { " → " (visible(line.name_of(&instead.sku))) }
                    }
                    @if order.state == OrderState::Staged && !progress.picked.is_empty() {
                        button .small type="button" data-do="leaves" data-line=(line.line) aria-pressed="false" { (t.leaves) }
                        button .small type="button" data-do="later" data-line=(line.line) aria-pressed="false" { (t.later) }
                        (problem(desk, line, &progress))
                    }
                }
            }
        }
    }
}

/// What is wrong with one unit of a line, and what becomes of it: two taps, or one and a scan.
fn problem(desk: &Desk, line: &OrderLine, progress: &LineProgress) -> Markup {
    let t = desk.t;
    let one = if line.unit == Unit::Piece { Qty::ONE } else { progress.picked_quantity() };
    html! {
        details .choice .problem data-keep=(format!("problem-{}", line.line)) data-line=(line.line) data-quantity=(one.thousandths()) {
            summary { (t.problem) }
            div .shown role="radiogroup" aria-label=(t.problem) {
                @for (value, words) in [("missing", t.problem_missing), ("damaged", t.problem_damaged), ("unwanted", t.problem_unwanted)] {
                    button type="button" role="radio" aria-checked=(if value == "missing" { "true" } else { "false" }) data-why=(value) { (words) }
                }
            }
            button type="button" data-do="miss" data-then="refund" { (t.then_refund) }
            button type="button" data-do="miss" data-then="later" { (t.then_later) }
            button type="button" data-do="replace" aria-pressed="false" { (t.replace) }
        }
    }
}
