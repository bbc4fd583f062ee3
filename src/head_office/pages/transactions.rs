//! Finished transactions: a list whose lines unfold, and one by itself with the record it stands in.

use maud::{Markup, html};

use super::ROWS_PER_PAGE;
use super::frame::{Frame, encoded, visible};
use crate::head_office::queries::{LineRow, TransactionDetail, TransactionFilter, TransactionRow};

pub fn list_page(frame: &Frame, rows: &[TransactionRow], filter: &TransactionFilter) -> Markup {
    let filtered = filter.store.is_some() || filter.day.is_some() || filter.number.is_some();
    let tools = html! {
        form .tools method="get" action="/transactions" role="search" {
            label { "Store " input name="store" value=[filter.store.as_deref()] size="10" autocomplete="off"; }
            label { "Day " input type="date" name="day" value=[filter.day.as_deref()]; }
            label { "Number " input type="search" name="number" value=[filter.number.as_deref()] size="16" placeholder="1-7K3F-000042" autocomplete="off"; }
            button { "Show" }
            @if filtered { a .button href="/transactions" { "All" } }
        }
    };
    let body = html! {
        (table(frame, rows, true))
        nav .pager aria-label="Further rows" {
            @if filter.before.is_some() { a .button href=(address(filter, None)) { "Newest" } }
            @if rows.len() == ROWS_PER_PAGE as usize {
                @if let Some(last) = rows.last() { a .button href=(address(filter, Some(last.cursor))) { "Older" } }
            }
        }
    };
    frame.page("Transactions", tools, body)
}

fn address(filter: &TransactionFilter, before: Option<i64>) -> String {
    let mut parts = Vec::new();
    for (name, value) in [("store", &filter.store), ("day", &filter.day), ("number", &filter.number)] {
        parts.extend(value.as_ref().map(|value| format!("{name}={}", encoded(value))));
    }
    parts.extend(before.map(|before| format!("before={before}")));
    if parts.is_empty() { "/transactions".to_owned() } else { format!("/transactions?{}", parts.join("&")) }
}

/// One line each; the article lines unfold under it.
pub fn table(frame: &Frame, rows: &[TransactionRow], with_store: bool) -> Markup {
    html! {
        @if rows.is_empty() { p .empty { "No transactions." } } @else {
            div .list.one-store[!with_store] {
                @for row in rows {
                    details #{ "t-" (row.txn) } {
                        summary {
                            span .c-time title=(frame.time(row.at_ms)) { (frame.time(row.at_ms)) }
                            @if with_store { span .c-store { (visible(&row.store)) } }
                            span .c-number { (row.number) }
                            span .c-what { (what(row)) }
                            span .c-tender { (kind(row)) }
                            span .c-total { (frame.money(row.total + row.rounding, &row.currency)) }
                        }
                        div .unfolded {
                            (lines_table(frame, &row.lines, &row.currency))
                            p { a href={ "/transactions/" (row.txn) } { "Open this transaction" } }
                        }
                    }
                }
            }
        }
    }
}

/// The first article, and how many lines more.
fn what(row: &TransactionRow) -> Markup {
    html! {
        @match row.lines.first() {
            None => "no lines",
            Some(line) => (visible(&line.name)),
        }
        @if row.line_count > 1 { " + " (row.line_count - 1) }
    }
}

fn kind(row: &TransactionRow) -> Markup {
    let mut tenders: Vec<&str> = row.tenders.iter().map(|tender| tender.kind.as_str()).collect();
    tenders.dedup();
    html! {
        @if row.training { span .tag { "training" } " " }
        @if row.kind == "void" { span .tag.warn { "void" } } @else { (tenders.join(" + ")) }
    }
}

fn lines_table(frame: &Frame, lines: &[LineRow], currency: &str) -> Markup {
    html! {
        table .lines {
            tbody {
                @for line in lines {
                    tr {
                        td .n { (frame.quantity(line.quantity, &line.unit)) " ×" }
                        td { (visible(&line.name)) " " span .dim { (visible(&line.sku)) } }
                        td .n.dim { (frame.money(line.unit_price, currency)) }
                        td .n { (frame.money(line.extended, currency)) }
                    }
                }
            }
        }
    }
}

pub fn detail_page(frame: &Frame, detail: &TransactionDetail) -> Markup {
    let TransactionDetail { row, record, incarnation, hash, bytes } = detail;
    let money = |minor: i64| frame.money(minor, &row.currency);
    let title = match row.kind.as_str() {
        "void" => format!("Void {}", row.number),
        _ => format!("Sale {}", row.number),
    };
    let body = html! {
        div .columns {
            section .paper {
                (lines_table(frame, &row.lines, &row.currency))
                table .sums {
                    tbody {
                        tr .total { td { "Total " (visible(&row.currency)) } td .n { (money(row.total)) } }
                        @if row.rounding != 0 { tr { td { "Cash rounding" } td .n { (money(row.rounding)) } } }
                        @for tender in &row.tenders { tr { td { (tender.kind) } td .n { (money(tender.amount)) } } }
                        @if row.change != 0 { tr { td { "Change" } td .n { (money(-row.change)) } } }
                    }
                }
                @if !record.taxes.is_empty() {
                    table .sums.taxes {
                        thead { tr { th { "Tax" } th .n { "Net" } th .n { "Tax" } th .n { "Gross" } } }
                        tbody {
                            @for group in &record.taxes {
                                tr {
                                    td { (visible(&group.mark)) " " (visible(&group.label)) @if let Some(reason) = &group.exempt_reason { " " span .dim { (visible(reason)) } } }
                                    td .n { (money(group.net.minor())) } td .n { (money(group.tax.minor())) } td .n { (money(group.gross.minor())) }
                                }
                            }
                        }
                    }
                }
            }
            section {
                dl .facts {
                    dt { "Store" } dd { a href={ "/stores/" (encoded(&row.store)) } { (visible(&row.store)) } }
                    dt { "Node, workstation" } dd { (row.node) ", " (row.workstation) }
                    dt { "Business date" } dd { (frame.day(&row.day)) }
                    dt { "Finished" } dd { (frame.time(row.at_ms)) }
                    dt { "Staff" } dd { @if let Some(staff) = &record.staff { (staff) } @else { span .dim { "not signed in" } } }
                    dt { "Training" } dd { @if row.training { "yes: counts nowhere" } @else { "no" } }
                    dt { "Transaction" } dd { code { (row.txn) } }
                    dt { "Record" } dd { (frame.count(row.seq)) " of process " code { (incarnation) } ", " (frame.count(*bytes as u64)) " bytes as on the node's disk" }
                    dt { "SHA-256" } dd { code .hash { (hash) } }
                }
            }
        }
    };
    frame.page(&title, html! {}, body)
}
