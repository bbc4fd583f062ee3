//! Stock of one store: what the baseline said, what moved since, what is there.

use maud::{Markup, html};

use super::ROWS_PER_PAGE;
use super::frame::{Frame, encoded, visible};
use crate::head_office::queries::{Assortment, StockFilter, StockRow, StoreRow};

pub struct Facts {
    pub stores: Vec<StoreRow>,
    pub rows: Vec<StockRow>,
    pub filter: StockFilter,
    pub assortment: Assortment,
}

pub fn page(frame: &Frame, facts: &Facts) -> Markup {
    let filter = &facts.filter;
    let tools = html! {
        form .tools method="get" action="/stock" role="search" {
            label { "Store "
                select name="store" {
                    @for store in &facts.stores { option value=(store.store) selected[store.store == filter.store] { (visible(&store.name)) } }
                }
            }
            label { "Article " input type="search" name="search" value=[filter.search.as_deref()] size="22" placeholder="name or article number" autocomplete="off"; }
            button { "Show" }
        }
    };
    let body = html! {
        p .note {
            (frame.count(facts.assortment.articles)) " articles in the assortment"
            @if facts.assortment.catalogue_version > 0 { ", version " (facts.assortment.catalogue_version) }
            ". On hand is what the store counted last, or else the baseline, with everything its journal moved since."
        }
        @if facts.rows.is_empty() {
            p .empty { @if filter.search.is_some() { "Nothing found." } @else { "This store has no stock: import a baseline with " code { "counterfoil import stock" } "." } }
        } @else {
            (table(frame, &facts.rows))
            nav .pager aria-label="Further rows" {
                @if filter.after.is_some() { a .button href=(address(filter, None)) { "First page" } }
                @if facts.rows.len() == ROWS_PER_PAGE as usize {
                    @if let Some(last) = facts.rows.last() { a .button href=(address(filter, Some(&last.sku))) { "Next " (ROWS_PER_PAGE) } }
                }
            }
        }
    };
    frame.page("Stock", tools, body)
}

fn address(filter: &StockFilter, after: Option<&str>) -> String {
    let search = filter.search.as_ref().map(|text| format!("&search={}", encoded(text))).unwrap_or_default();
    let after = after.map(|sku| format!("&after={}", encoded(sku))).unwrap_or_default();
    format!("/stock?store={}{search}{after}", encoded(&filter.store))
}

fn table(frame: &Frame, rows: &[StockRow]) -> Markup {
    html! {
        table .wide {
            thead { tr {
                th { "Article" } th { "Name" } th .n { "On hand" } th .n { "Moved since" } th .n { "Last counted" } th .n { "Count" } th .n { "Baseline" } th .n { "Baseline stated" }
            } }
            tbody {
                @for row in rows {
                    tr {
                        td data-label="Article" { code { (visible(&row.sku)) } }
                        td data-label="Name" { (visible(&row.name)) @if row.name.is_empty() { span .dim { "not in the assortment" } } }
                        td .n data-label="On hand" {
                            @match row.on_hand {
                                Some(on_hand) if on_hand < 0 => span .state.warn { "⚠ " (frame.quantity(on_hand, "")) },
                                Some(on_hand) => strong { (frame.quantity(on_hand, "")) },
                                None => span .dim { "unknown" },
                            }
                        }
                        td .n data-label="Moved since" { @if row.moved == 0 { span .dim { "0" } } @else { (frame.quantity(row.moved, "")) } }
                        td .n data-label="Last counted" {
                            @if let Some(at) = row.counted_ms { span title=(frame.time(at)) { (frame.ago(at)) } } @else { span .dim { "never" } }
                        }
                        td .n data-label="Count" { @if let Some(counted) = row.counted { (frame.quantity(counted, "")) } @else { span .dim { "–" } } }
                        td .n data-label="Baseline" { @if let Some(baseline) = row.baseline { (frame.quantity(baseline, "")) } @else { span .dim { "none" } } }
                        td .n data-label="Baseline stated" {
                            @if let Some(as_of) = row.as_of_ms { span title=(frame.time(as_of)) { (frame.ago(as_of)) } } @else { span .dim { "–" } }
                        }
                    }
                }
            }
        }
    }
}
