//! What waits: counts by age, with who does them, and articles that run low.

use maud::{Markup, html};
use serde_json::json;

use super::{Desk, act, parts};
use crate::ids::Sku;
use crate::money::Unit;
use crate::retail::stock::{CountWhy, LOW_MAX, StockTask};
use crate::web::layout::visible;
use crate::web::live::Live;
use crate::web::texts::fill;

/// Rows of each list on the page.
const ROWS_MAX: usize = 50;

pub fn live(desk: &Desk) -> Live {
    let (t, book) = (desk.t, &desk.view.screen.stock);
    let mut low: Vec<_> = book.low.iter().collect();
    low.sort_by_key(|(_, low)| low.at.ms);
    let part = html! {
        @if book.tasks.is_empty() { p .big-note { (t.tasks_none) } } @else {
            p .muted { (t.tasks_hint) }
            ul .tasks { @for (number, task) in book.tasks.iter().take(ROWS_MAX) { (row(desk, *number, task)) } }
            @if book.tasks.len() > ROWS_MAX { p .muted { (fill(t.more_rows, &[&(book.tasks.len() - ROWS_MAX).to_string()])) } }
        }
        @if book.tasks_dropped > 0 { p .warn { (fill(t.dropped, &[&book.tasks_dropped.to_string()])) } }
        h2 { (t.low_title) @if !low.is_empty() { span .count { (low.len()) } } }
        @if low.is_empty() { p .muted { (t.low_none) } } @else {
            ul .tasks {
                @for (sku, low) in low.iter().take(ROWS_MAX) {
                    @let (name, place, unit) = article(desk, sku);
                    li .low {
                        strong { (visible(&name)) }
                        span .quantity { (fill(t.low_of, &[&desk.view.locale.quantity(low.on_hand, unit), &desk.view.locale.quantity(low.min, unit)])) }
                        span .muted { (visible(&place)) " " (since(desk, low.at.ms)) }
                    }
                }
            }
            @if low.len() > ROWS_MAX { p .muted { (fill(t.more_rows, &[&(low.len() - ROWS_MAX).to_string()])) } }
            @if low.len() >= LOW_MAX { p .warn { (t.low_full) } }
        }
        @if !book.tasks.is_empty() {
            div .thumb {
                button .primary type="button" data-then=(format!("/stock/{}/count", desk.view.workstation))
                    data-act=(json!({"act": "count_tasks"}).to_string()) { (t.count_all) }
            }
        }
    };
    parts(desk, part)
}

fn row(desk: &Desk, number: u64, task: &StockTask) -> Markup {
    let t = desk.t;
    let (name, place, _) = article(desk, &task.sku);
    let me = desk.view.till.signed_in.as_ref().map(|here| &here.staff);
    let is_mine =
        task.taken.as_ref().is_some_and(|step| step.by.as_ref() == me && (me.is_some() || step.workstation == *desk.view.workstation));
    let dismiss = |why: &str| json!({"act": "dismiss_task", "task": number, "why": why});
    html! {
        li #{"task-" (number)} data-sku=(task.sku) {
            strong { (visible(&name)) }
            span .why { (words(desk, task.why)) " · " (since(desk, task.at.ms)) }
            span .muted { (visible(task.sku.as_str())) @if !place.is_empty() { " · " (visible(&place)) } }
            @if let Some(taken) = &task.taken {
                span .taken { (fill(t.taken_by, &[&desk.person(taken.by.as_ref()).unwrap_or_else(|| taken.workstation.to_string())])) }
            }
            div .row {
                @match &task.taken {
                    None => (act(t.take, "", &json!({"act": "take_task", "task": number}), false)),
                    Some(_) if is_mine => (act(t.leave, "", &json!({"act": "leave_task", "task": number}), false)),
                    Some(_) => (act(t.take_over, "", &json!({"act": "take_task", "task": number, "take_over": true}), true)),
                }
            }
            details .choice data-keep=(format!("task-{number}")) {
                summary { (t.dismiss) }
                (act(t.dismiss_explained, "", &dismiss("explained"), false))
                (act(t.dismiss_delisted, "", &dismiss("delisted"), false))
                (act(t.dismiss_inventory, "", &dismiss("inventory"), false))
            }
        }
    }
}

/// Name, place and unit; the number where the assortment does not know it now.
fn article(desk: &Desk, sku: &Sku) -> (String, String, Unit) {
    let known = desk.web.node.shared().views.by_sku(sku).ok().flatten();
    known.map_or_else(
        || (sku.to_string(), String::new(), Unit::Piece),
        |article| (article.name, article.location.unwrap_or_default(), article.unit),
    )
}

fn since(desk: &Desk, ms: i64) -> String {
    desk.view.locale.age(desk.view.now_ms, ms)
}

fn words(desk: &Desk, why: CountWhy) -> &'static str {
    match why {
        CountWhy::Negative => desk.t.task_negative,
        CountWhy::ShortPick => desk.t.task_short_pick,
        CountWhy::NotMoved => desk.t.task_not_moved,
        CountWhy::NotCounted => desk.t.task_not_counted,
    }
}
