//! What the nights found: each store's business days, journal against sum, and one on demand.

use maud::{Markup, html};

use super::frame::{Frame, counted, encoded, visible};
use crate::head_office::reconcile::compare::Difference;
use crate::head_office::reconcile::{REMEDY, ReconciliationRow};

pub fn page(frame: &Frame, rows: &[ReconciliationRow], store: Option<&str>, day: Option<&str>) -> Markup {
    let tools = html! {
        form .tools method="get" action="/reconciliation" {
            label { "Store " input name="store" value=[store] size="10" autocomplete="off"; }
            label { "Day " input type="date" name="day" value=[day]; }
            button { "Show" }
            @if store.is_some() || day.is_some() { a .button href="/reconciliation" { "All" } }
        }
        form .tools method="post" action="/reconciliation" {
            label { "Store " input name="store" size="10" required autocomplete="off"; }
            label { "Day " input type="date" name="day" required; }
            button { "Reconcile now" }
        }
    };
    let body = html! {
        p .note {
            "Every night each business day is worked out again from the journals' stored bytes and held against what was counted: to the cent and the unit."
        }
        @if rows.iter().any(|row| row.differences > 0) { p .note .remedy { (REMEDY) } }
        @if rows.is_empty() { p .empty { "No day has been reconciled here yet." } } @else {
            table .wide {
                thead { tr {
                    th { "Day" } th { "Store" } th .n { "Transactions" } th .n { "Exceptions" } th { "Result" } th .n { "Done" }
                } }
                tbody { @for row in rows { (line(frame, row)) } }
            }
        }
        @for row in rows.iter().filter(|row| !row.details.is_empty()) { (details(frame, row)) }
    };
    frame.page("Reconciliation", tools, body)
}

fn line(frame: &Frame, row: &ReconciliationRow) -> Markup {
    html! {
        tr {
            td data-label="Day" { a href={ "/sales?store=" (encoded(&row.store)) "&day=" (encoded(&row.day)) } { (frame.day(&row.day)) } }
            td data-label="Store" { a href={ "/stores/" (encoded(&row.store)) } { (visible(&row.store)) } }
            td .n data-label="Transactions" { (frame.count(row.transactions)) }
            td .n data-label="Exceptions" {
                @if row.excepted == 0 { span .dim { "0" } } @else { a href="/incidents#exceptions" { (frame.count(row.excepted)) } }
            }
            td data-label="Result" {
                @if row.differences == 0 { span .state.good { "✓ agrees" } } @else {
                    a .state.bad href={ "#" (anchor(row)) } { "✗ " (counted(&frame.count(row.differences), "difference")) }
                }
            }
            td .n data-label="Done" { (frame.time(row.done_ms)) }
        }
    }
}

fn anchor(row: &ReconciliationRow) -> String {
    format!("d-{}-{}", encoded(&row.store), row.day)
}

fn details(frame: &Frame, row: &ReconciliationRow) -> Markup {
    html! {
        section id=(anchor(row)) {
            h2 { (visible(&row.store)) ", " (frame.day(&row.day)) }
            table .wide {
                thead { tr { th { "Receipt" } th .n { "Record" } th { "What differs" } th .n { "Journal" } th .n { "Counted" } } }
                tbody { @for difference in &row.details { (difference_line(frame, difference)) } }
            }
            @if row.differences > row.details.len() as u64 {
                p .note { "The first " (row.details.len()) " of " (frame.count(row.differences)) "." }
            }
        }
    }
}

fn difference_line(frame: &Frame, difference: &Difference) -> Markup {
    let value = |value: Option<i64>| value.map_or_else(|| "nothing".to_owned(), |value| value.to_string());
    html! {
        tr {
            td data-label="Receipt" {
                @match &difference.record {
                    Some(place) => a href={ "/transactions?number=" (encoded(&place.number)) } { (visible(&place.number)) },
                    None => span .dim { "the sum" },
                }
            }
            td .n data-label="Record" { @if let Some(place) = &difference.record { (frame.count(place.seq)) } }
            td data-label="What differs" { (visible(&difference.what)) }
            td .n data-label="Journal" { strong { (value(difference.journal)) } }
            td .n data-label="Counted" { (value(difference.counted)) }
        }
    }
}
