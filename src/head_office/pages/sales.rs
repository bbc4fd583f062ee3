//! Sales by day and store.

use maud::{Markup, html};

use super::frame::{Frame, encoded, visible};
use crate::head_office::queries::SalesRow;

pub fn page(frame: &Frame, rows: &[SalesRow], store: Option<&str>, day: Option<&str>) -> Markup {
    let tools = html! {
        form .tools method="get" action="/sales" {
            label { "Store " input name="store" value=[store] size="10" autocomplete="off"; }
            label { "Day " input type="date" name="day" value=[day]; }
            button { "Show" }
            @if store.is_some() || day.is_some() { a .button href="/sales" { "All" } }
        }
    };
    let body = html! {
        @if rows.is_empty() { p .empty { "No sales here." } } @else { (table(frame, rows, true)) }
    };
    frame.page("Sales by day and store", tools, body)
}

/// One line per day and store; with several stores a sum under each day.
pub fn table(frame: &Frame, rows: &[SalesRow], with_store: bool) -> Markup {
    let days: Vec<&[SalesRow]> = rows.chunk_by(|a, b| a.day == b.day).collect();
    html! {
        @if rows.is_empty() { p .empty { "No sales yet." } } @else {
            table .wide {
                thead { tr {
                    th { "Day" }
                    @if with_store { th { "Store" } }
                    th .n { "Sales" } th .n { "Total" } th .n { "Average" } th .n { "Tax" } th .n { "Cash" } th .n { "Card" }
                    th .n { "Voids" } th { "Day report" }
                } }
                @for day in days {
                    tbody {
                        @for row in day { (line(frame, row, with_store)) }
                        @if with_store && day.len() > 1 { (sum(frame, day)) }
                    }
                }
            }
        }
    }
}

fn line(frame: &Frame, row: &SalesRow, with_store: bool) -> Markup {
    let filter = format!("/transactions?store={}&day={}", encoded(&row.store), encoded(&row.day));
    html! {
        tr {
            td data-label="Day" { a href=(filter) { (frame.day(&row.day)) } }
            @if with_store { td data-label="Store" { a href={ "/stores/" (encoded(&row.store)) } { (visible(&row.store)) } } }
            td .n data-label="Sales" { (frame.count(row.sales)) }
            td .n data-label="Total" { strong { (frame.money(row.total, &row.currency)) } }
            td .n data-label="Average" { (average(frame, row.total, row.sales, &row.currency)) }
            td .n data-label="Tax" { (frame.money(row.tax, &row.currency)) }
            td .n data-label="Cash" { (frame.money(row.cash, &row.currency)) }
            td .n data-label="Card" { (frame.money(row.card, &row.currency)) }
            td .n data-label="Voids" { @if row.voids == 0 { span .dim { "0" } } @else { (frame.count(row.voids)) } }
            td data-label="Day report" {
                @if row.closed { a .state.good href={ "/days/" (encoded(&row.store)) "/" (row.day) } { "✓ agrees" } } @else { span .dim { "not yet" } }
            }
        }
    }
}

fn sum(frame: &Frame, day: &[SalesRow]) -> Markup {
    let ours = || day.iter().filter(|row| row.currency == frame.currency());
    let money = |amount: fn(&SalesRow) -> i64| frame.money(ours().map(amount).sum(), frame.currency());
    let sales = ours().map(|row| row.sales).sum();
    html! {
        tr .sum {
            td {} td data-label="Store" { "All stores" }
            td .n data-label="Sales" { (frame.count(sales)) }
            td .n data-label="Total" { (money(|row| row.total)) }
            td .n data-label="Average" { (average(frame, ours().map(|row| row.total).sum(), sales, frame.currency())) }
            td .n data-label="Tax" { (money(|row| row.tax)) }
            td .n data-label="Cash" { (money(|row| row.cash)) }
            td .n data-label="Card" { (money(|row| row.card)) }
            td .n data-label="Voids" { (frame.count(ours().map(|row| row.voids).sum())) }
            td {}
        }
    }
}

fn average(frame: &Frame, total: i64, sales: u64, currency: &str) -> String {
    match i64::try_from(sales) {
        Ok(sales) if sales > 0 => frame.money(total / sales, currency),
        Ok(_) | Err(_) => "–".to_owned(),
    }
}
