//! Every order that is not over, by whose move it is and how soon it is due.

use std::sync::Arc;

use maud::{Markup, html};
use serde_json::json;

use super::{Desk, act, due, items, knowledge, label, parts, soonest, span};
use crate::retail::order::{BATCH_MAX, Notice, NoticeKind, Order, OrderState, OrderStateName};
use crate::web::layout::visible;
use crate::web::live::Live;
use crate::web::texts::fill;
use crate::web::till::icon;

/// Cards of one column; more are counted below it.
const CARDS_MAX: usize = 60;
/// The last column in which an order is new.
const FRESH_MAX: usize = 1;

pub fn live(desk: &Desk) -> Live {
    let (view, t) = (&desk.view, desk.t);
    let mut columns: [Vec<&Arc<Order>>; 6] = Default::default();
    for order in view.screen.orders.open() {
        columns[column_of(&order.state)].push(order);
    }
    let mut next = columns[FRESH_MAX].clone();
    soonest(&mut next, BATCH_MAX);
    let titles = [t.column_look, t.column_new, t.column_picking, t.column_place, t.column_ready, t.column_back];
    let column = |title: &str, mut orders: Vec<&Arc<Order>>, fresh: bool| {
        let count = orders.len();
        soonest(&mut orders, CARDS_MAX);
        html! {
            section .column .fresh[fresh] {
                h2 { (title) span .count { (count) } }
                @if orders.is_empty() { p .muted { (t.none) } }
                @for order in &orders { (card(desk, order, None)) }
                @if count > orders.len() { p .muted { "+ " (count - orders.len()) } }
            }
        }
    };
    let part = html! {
        (figures(desk))
        (knowledge(desk))
        (label::on_board(desk))
        (notices(desk))
        div .columns {
            @for (index, (title, orders)) in titles.into_iter().zip(columns).enumerate() { (column(title, orders, index <= FRESH_MAX)) }
        }
        div .buttons { (next_list(desk, &next)) }
        p .muted { (t.scan_hint) " " a href=(format!("/orders/{}/promises", view.workstation)) { (view.locale.texts.promises.rights) } }
    };
    parts(desk, part)
}

/// By whose move it is, in the order of the columns.
fn column_of(state: &OrderState) -> usize {
    match state {
        OrderState::Received => 0,
        OrderState::Accepted => 1,
        OrderState::Picking { .. } => 2,
        OrderState::Picked => 3,
        OrderState::Staged => 4,
        OrderState::PuttingBack { .. } | OrderState::HandedOver { .. } | OrderState::Ended { .. } => 5,
    }
}

/// How well it goes today.
fn figures(desk: &Desk) -> Markup {
    let (view, t) = (&desk.view, desk.t);
    let figures = view.screen.order_figures(view.now_ms);
    let none = || "–".to_owned();
    let oldest = figures.oldest_waiting.as_ref().map(|(order, ms)| fill(t.figure_since, &[&view.locale.clock(*ms), order.as_str()]));
    html! {
        dl .figures aria-label=(t.figures_title) {
            div #figure-open { dt { (t.figure_open) } dd { (figures.open) } }
            div #figure-late .late[figures.late > 0] {
                dt { (t.figure_late) }
                dd { @if figures.late > 0 { (icon("stop")) } (figures.late) }
            }
            div #figure-ready { dt { (t.figure_ready) } dd { (figures.ready_median_ms.map_or_else(none, |ms| span(t, ms))) } }
            div #figure-short { dt { (t.figure_short) } dd { (figures.short_percent().map_or_else(none, |percent| format!("{percent} %"))) } }
            div #figure-oldest { dt { (t.figure_oldest) } dd { (oldest.unwrap_or_else(none)) } }
        }
    }
}

/// For whoever picks on paper: the orders that are due next, on one list.
fn next_list(desk: &Desk, next: &[&Arc<Order>]) -> Markup {
    let has_printer = desk.view.screen.rules.workstation(desk.view.workstation).is_some_and(|rules| rules.receipt_printer.is_some());
    let next: Vec<&str> = next.iter().map(|order| order.asked.order.as_str()).collect();
    html! {
        @if has_printer && !next.is_empty() {
            (act(&fill(desk.t.list_next, &[&next.join(", ")]), "", &json!({"act": "print_pick_list", "orders": next}), false))
        }
    }
}

/// `found`: it was looked for, with the name of whoever comes for it, empty where names are not shown.
pub(super) fn card(desk: &Desk, order: &Order, found: Option<&str>) -> Markup {
    let (view, t) = (&desk.view, desk.t);
    let address = format!("/orders/{}/order/{}", view.workstation, order.asked.order);
    html! {
        a .order-card href=(address) id=[found.is_none().then(|| format!("order-{}", order.asked.order))] data-order=(order.asked.order) {
            strong { (order.asked.order) } span .initials { (desk.initials(order)) }
            @if let Some(name) = found {
                @if !name.is_empty() { span .customer-name { (name) } }
                span { (super::state_words(t, order.state.name())) }
            }
            span { (items(desk, order)) }
            @match (&order.state, order.times.ready) {
                (OrderState::Staged, Some(ready)) => span .muted { (fill(t.ready_since, &[&view.locale.clock(ready)])) },
                (OrderState::Picking { by, .. }, _) => {
                    (due(desk, order))
                    span .muted { (by.as_ref().map_or(desk.nobody().to_owned(), |by| fill(t.picked_by, &[&desk.picker(by)]))) }
                },
                (OrderState::PuttingBack { .. } | OrderState::HandedOver { .. }, _) => span .muted { (super::state_words(t, order.state.name())) },
                _ => (due(desk, order)),
            }
            @let places: Vec<&str> = order.bags.iter().filter_map(|bag| bag.place.as_ref()).map(|place| place.as_str()).collect();
            @if !places.is_empty() { span .places { (places.join(" · ")) } }
        }
    }
}

fn notices(desk: &Desk) -> Markup {
    let (view, t) = (&desk.view, desk.t);
    let notices = &view.screen.orders.notices;
    let locked =
        view.screen.orders.wrong_numbers.get(view.workstation).is_some_and(|wrong| *wrong >= crate::retail::order::WRONG_NUMBERS_MAX);
    html! {
        @if locked { p .buttons { (act(t.allow_numbers, "", &json!({"act": "allow_numbers"}), false)) } }
        @if !notices.is_empty() {
            section .notices {
                h2 { (t.notices) span .count { (notices.len()) } }
                ul { @for (number, notice) in notices.iter().rev().take(CARDS_MAX) {
                    li {
                        span .muted { (view.locale.clock(notice.at.ms)) }
                        span { (words(desk, notice)) }
                        a href=(format!("/orders/{}/order/{}", view.workstation, notice.order)) { (fill(t.order, &[notice.order.as_str()])) }
                        (act(t.settle, "small", &json!({"act": "settle_notice", "notice": number}), false))
                    }
                } }
            }
        }
    }
}

fn words(desk: &Desk, notice: &Notice) -> String {
    let (t, order) = (desk.t, notice.order.as_str());
    match &notice.what {
        NoticeKind::ChangeTooLate { state, .. } => match OrderStateName::named(state) {
            Some(state) => fill(t.notice_change_in, &[order, super::state_words(t, state)]),
            None => fill(t.notice_change, &[order]),
        },
        NoticeKind::CancelTooLate { handed_over } => fill(t.notice_cancel, &[order, &desk.view.locale.date_and_clock(handed_over.ms)]),
        NoticeKind::Contradicted { .. } => fill(t.notice_contradicted, &[order]),
        NoticeKind::PaidElsewhere { .. } => fill(t.notice_paid_elsewhere, &[order]),
        NoticeKind::PromiseBroken { sku, quantity, workstation } => {
            fill(t.notice_promise, &[workstation.as_str(), &quantity.plain(), &visible(sku.as_str()), order])
        }
    }
}
