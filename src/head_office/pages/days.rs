//! Business days: what the stores closed, and one day with every report as it was printed.

use maud::{Markup, html};

use super::frame::{Frame, encoded, visible};
use crate::head_office::days::{DayRow, ReportRow};

pub fn list_page(frame: &Frame, rows: &[DayRow], store: Option<&str>, day: Option<&str>) -> Markup {
    let tools = html! {
        form .tools method="get" action="/days" {
            label { "Store " input name="store" value=[store] size="10" autocomplete="off"; }
            label { "Day " input type="date" name="day" value=[day]; }
            button { "Show" }
            @if store.is_some() || day.is_some() { a .button href="/days" { "All" } }
            a .button href=(csv_address(store, day)) { "CSV" }
            a .button href="/reconciliation" { "Reconciliation" }
        }
    };
    let body = html! {
        @if rows.is_empty() { p .empty { "No day has been closed here yet." } } @else {
            table .wide {
                thead { tr {
                    th { "Day" } th { "Store" } th .n { "Z" } th .n { "Addenda" } th .n { "Total" } th .n { "Transactions" } th { "Agrees" }
                    th .n { "Tills" } th .n { "Till difference" }
                } }
                tbody { @for row in rows { (line(frame, row)) } }
            }
        }
    };
    frame.page("Days", tools, body)
}

fn csv_address(store: Option<&str>, day: Option<&str>) -> String {
    let parts = [("store", store), ("day", day)].into_iter().filter_map(|(name, value)| Some(format!("{name}={}", encoded(value?))));
    let query = parts.collect::<Vec<_>>().join("&");
    if query.is_empty() { "/api/v1/days.csv".to_owned() } else { format!("/api/v1/days.csv?{query}") }
}

fn line(frame: &Frame, row: &DayRow) -> Markup {
    html! {
        tr {
            td data-label="Day" { a href={ "/days/" (encoded(&row.store)) "/" (row.day) } { (frame.day(&row.day)) } }
            td data-label="Store" { a href={ "/stores/" (encoded(&row.store)) } { (visible(&row.store)) } }
            td .n data-label="Z" { (frame.count(row.zs)) }
            td .n data-label="Addenda" { @if row.addenda == 0 { span .dim { "0" } } @else { (frame.count(row.addenda)) } }
            td .n data-label="Total" { strong { (frame.money(row.total, &row.currency)) } }
            td .n data-label="Transactions" { (frame.money(row.counted, &row.currency)) }
            td data-label="Agrees" { (agreement(frame, row)) }
            td .n data-label="Tills" { (frame.count(row.tills)) }
            td .n data-label="Till difference" { (difference(frame, row.till_difference, &row.currency)) }
        }
    }
}

fn agreement(frame: &Frame, row: &DayRow) -> Markup {
    html! {
        @if row.counted == row.total { span .state.good { "✓ agrees" } } @else {
            span .state.warn { "⚠ " (frame.money(row.counted - row.total, &row.currency)) " in no report yet" }
        }
    }
}

fn difference(frame: &Frame, difference: i64, currency: &str) -> Markup {
    html! {
        @if difference == 0 { span .dim { (frame.money(0, currency)) } } @else { span .state.warn { (frame.money(difference, currency)) } }
    }
}

pub fn day_page(frame: &Frame, store: &str, day: &str, rows: &[DayRow], reports: &[ReportRow]) -> Markup {
    let tools = html! {
        div .tools {
            a .button href={ "/transactions?store=" (encoded(store)) "&day=" (encoded(day)) } { "Transactions" }
            a .button href=(csv_address(Some(store), Some(day))) { "CSV" }
            a .button href={ "/api/v1/days/" (encoded(store)) "/" (encoded(day)) } { "JSON" }
        }
    };
    let nodes: Vec<&[ReportRow]> = reports.chunk_by(|a, b| a.node == b.node).collect();
    let body = html! {
        @for row in rows {
            p .sum-line {
                "Total " strong { (frame.money(row.total, &row.currency)) " " (visible(&row.currency)) }
                " = " (row.zs) " Z" @if row.addenda > 0 { " + " (row.addenda) @if row.addenda == 1 { " addendum" } @else { " addenda" } }
                " · transactions " (frame.money(row.counted, &row.currency)) " · " (agreement(frame, row))
            }
        }
        @for of_node in nodes {
            section {
                h2 { "Node " (of_node[0].node) }
                @for z in of_node.iter().filter(|report| report.kind == "day_z") {
                    (paper(frame, &format!("Z {}", z.number), z))
                    @for addendum in of_node.iter().filter(|report| report.kind == "addendum" && report.of_z == z.number) {
                        (paper(frame, &format!("Addendum {} to Z {}", addendum.number, z.number), addendum))
                    }
                }
                @for late in of_node.iter().filter(|report| report.kind == "addendum" && !has_z(of_node, report.of_z)) {
                    (paper(frame, &format!("Addendum {} to Z {}", late.number, late.of_z), late))
                }
                (counts(frame, of_node, "till_z"))
                (counts(frame, of_node, "safe_count"))
            }
        }
    };
    frame.page(&format!("{}, {}", visible(store), frame.day(day)), tools, body)
}

fn has_z(reports: &[ReportRow], number: u64) -> bool {
    reports.iter().any(|report| report.kind == "day_z" && report.number == number)
}

fn paper(frame: &Frame, title: &str, report: &ReportRow) -> Markup {
    html! {
        details .report #{ "r-" (report.record) "-" (report.kind) } open {
            summary { strong { (title) } " " (frame.money(report.total, &report.currency)) " " span .dim { (frame.time(report.at_ms)) " · record " (report.record) } }
            pre tabindex="0" { (report.text) }
        }
    }
}

/// Zs of tills, or counts of the safe, each with its difference.
fn counts(frame: &Frame, of_node: &[ReportRow], kind: &str) -> Markup {
    let counts: Vec<&ReportRow> = of_node.iter().filter(|report| report.kind == kind).collect();
    let is_safe = kind == "safe_count";
    html! {
        @if !counts.is_empty() {
            h3 { (if is_safe { "Safe" } else { "Tills" }) }
            @for count in counts {
                @let (who, reason) = count.of_count();
                details .report #{ "r-" (count.record) (if is_safe { "-safe" } else { "-till" }) } {
                    summary {
                        strong { @if is_safe { "Count " (count.number) } @else { "Till " (visible(&count.till)) ", Z " (count.number) } } " "
                        @if let Some(who) = who { (visible(&who)) " " }
                        "difference " (difference(frame, count.difference, &count.currency))
                        @if let Some(reason) = reason { " " span .dim { (visible(&reason)) } }
                    }
                    pre tabindex="0" { (count.text) }
                }
            }
        }
    }
}
