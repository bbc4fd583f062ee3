//! A count or a receipt of goods that is being filled: the line in hand on top, what was done before below it, "Done" under the thumb.
//! A count is blind: what the book says is not shown.

use maud::{Markup, html};
use serde_json::json;

use super::{Desk, act, parts};
use crate::money::Unit;
use crate::retail::stock::{Sheet, SheetKind, SheetLine};
use crate::web::layout::visible;
use crate::web::live::Live;
use crate::web::texts::fill;

/// Rows sent to the page; the newest are on top, and a handheld is no place to read more.
const ROWS_MAX: usize = 200;

pub fn live(desk: &Desk, kind: SheetKind) -> Live {
    let sheet = desk.view.screen.stock.sheet(kind, desk.view.workstation);
    let hint = match kind {
        SheetKind::Count => desk.t.count_hint,
        SheetKind::Receipt => desk.t.receive_hint,
    };
    parts(
        desk,
        html! {
            @if kind == SheetKind::Receipt { (delivery(desk, sheet)) }
            @match sheet.filter(|sheet| !sheet.lines.is_empty()) {
                None => {
                    p .big-note { (hint) }
                    p .muted { (kept(desk, kind)) }
                    @if kind == SheetKind::Count && !desk.view.screen.stock.tasks.is_empty() {
                        div .thumb { (act(desk.t.count_all, "primary", &json!({"act": "count_tasks"}), false)) }
                    }
                },
                Some(sheet) => (filled(desk, kind, sheet)),
            }
        },
    )
}

fn kept(desk: &Desk, kind: SheetKind) -> &'static str {
    match kind {
        SheetKind::Count => desk.t.count_kept,
        SheetKind::Receipt => desk.t.receive_kept,
    }
}

fn delivery(desk: &Desk, sheet: Option<&Sheet>) -> Markup {
    let number = sheet.and_then(|sheet| sheet.delivery.as_ref()).map(ToString::to_string);
    html! {
        form #delivery-form autocomplete="off" {
            label for="delivery" { (desk.t.delivery) }
            div .row {
                input #delivery maxlength="32" value=[number.as_deref()] data-set=(number.as_deref().unwrap_or_default());
                button type="submit" { (desk.t.delivery_set) }
            }
        }
    }
}

fn filled(desk: &Desk, kind: SheetKind, sheet: &Sheet) -> Markup {
    let t = desk.t;
    let count = sheet.lines.len();
    let clock = desk.view.locale.clock(sheet.opened_at.ms);
    // What is still to be counted comes first: it is a list to be worked off.
    let (open, done): (Vec<&SheetLine>, Vec<&SheetLine>) = sheet.lines.iter().rev().partition(|line| line.quantity.is_none());
    let first = open.iter().rev().chain(&done).next().map(|line| line.line);
    html! {
        ul .sheet-lines data-first=[first] {
            @for line in open.iter().rev().chain(&done).take(ROWS_MAX) { (row(desk, kind, line)) }
        }
        @if count > ROWS_MAX { p .muted { (fill(t.more_rows, &[&(count - ROWS_MAX).to_string()])) } }
        p .muted {
            @match desk.person(sheet.by.as_ref()) { Some(by) => (fill(t.begun_by, &[&by, &clock])), None => (fill(t.begun, &[&clock])) }
            ". " (kept(desk, kind))
        }
        div .discard { (act(t.discard, "", &json!({"act": "discard", "sheet": kind}), true)) }
        div .thumb {
            button .primary type="button" data-act=(json!({"act": "finish", "sheet": kind}).to_string()) {
                @if count == 1 { (t.done_one) } @else { (fill(t.done, &[&count.to_string()])) }
            }
        }
    }
}

fn row(desk: &Desk, kind: SheetKind, line: &SheetLine) -> Markup {
    let (t, view) = (desk.t, &desk.view);
    let quantity = line.quantity.map(|quantity| view.locale.quantity(quantity, line.unit));
    let set = |quantity: i64| json!({"act": "set", "sheet": kind, "line": line.line, "quantity": quantity});
    let stock = &view.screen.stock;
    let also = stock.counted_elsewhere(&line.sku, view.workstation).next().filter(|_| kind == SheetKind::Count);
    let in_bags = view.screen.orders.off_shelf(&line.sku);
    html! {
        li #{"line-" (line.line)} data-line=(line.line) data-quantity=(line.quantity.map(|quantity| quantity.thousandths()).unwrap_or_default())
            data-sheet=(kind_name(kind)) .open[line.quantity.is_none()] {
            button .name type="button" data-do="choose" aria-expanded="false" {
                span .words { (visible(&line.name)) }
                strong .quantity { @match &quantity { Some(quantity) => (quantity), None => span .words { (t.to_count) } } }
            }
            @if line.batch.is_some() || line.expiry.is_some() {
                p .muted {
                    @if let Some(batch) = &line.batch { (fill(t.batch, &[&visible(batch)])) " " }
                    @if let Some(expiry) = line.expiry { (fill(t.expiry, &[&view.locale.date(expiry)])) }
                }
            }
            @if line.first.is_some() { p .warn { (t.count_again) } }
            @if kind == SheetKind::Count && !in_bags.is_zero() { p .warn { (fill(t.bags_hint, &[&view.locale.quantity(in_bags, line.unit)])) } }
            @if let Some((place, other)) = also {
                @let theirs = other.quantity.map(|quantity| view.locale.quantity(quantity, other.unit)).unwrap_or_default();
                @let who = desk.person(stock.counts.get(place).and_then(|sheet| sheet.by.as_ref()));
                p .warn {
                    @match who {
                        Some(who) => (fill(t.counted_also, &[&who, place.as_str(), &theirs])),
                        None => (fill(t.counted_also_nobody, &[place.as_str(), &theirs])),
                    }
                }
            }
            div .chosen-only {
                div .steps {
                    @if line.unit == Unit::Piece { button type="button" data-step="-1000" aria-label=(t.fewer) { "−" } }
                    input inputmode="decimal" maxlength="9" placeholder=(line.quantity.map_or_else(String::new, |quantity| quantity.plain())) aria-label=(t.units);
                    button type="button" data-do="set" { (t.set) }
                    @if line.unit == Unit::Piece { button type="button" data-step="1000" aria-label=(t.more) { "+" } }
                }
                div .row {
                    @if kind == SheetKind::Count { (act(t.none, "", &set(0), false)) }
                    (act(t.take_off, "", &json!({"act": "remove", "sheet": kind, "line": line.line}), false))
                }
            }
        }
    }
}

fn kind_name(kind: SheetKind) -> &'static str {
    match kind {
        SheetKind::Count => "count",
        SheetKind::Receipt => "receipt",
    }
}
