//! The first page: every store, how it is, how far behind; the sales of the newest days; what came last. And one store by itself.

use crate::head_office::db::{self, Connection};
use maud::{Markup, html};

use super::frame::{Frame, counted, encoded, visible};
use super::{figures, sales, transactions, trouble};
use crate::head_office::queries::{self, NodeRow, SalesRow, StoreRow, TransactionFilter, TransactionRow, UrgentRow};

/// Transactions on the first page.
const NEWEST: u32 = 15;

pub struct Facts {
    stores: Vec<StoreRow>,
    sales: Vec<SalesRow>,
    days: Vec<String>,
    newest: Vec<TransactionRow>,
}

pub fn facts(connection: &Connection, now_ms: i64) -> db::Result<Facts> {
    let days = queries::newest_days(connection, 2)?;
    let mut sales = Vec::new();
    for day in &days {
        sales.extend(queries::sales(connection, None, Some(day), queries::ROWS_MAX)?);
    }
    let newest = queries::transactions(connection, &TransactionFilter { limit: NEWEST, ..TransactionFilter::default() })?;
    Ok(Facts { stores: queries::stores(connection, now_ms)?, sales, days, newest })
}

pub fn page(frame: &Frame, facts: &Facts) -> Markup {
    let body = html! {
        @if facts.stores.is_empty() {
            div .empty {
                p { strong { "No store has called yet." } }
                p { "Give a node this address under " code { "head_office.url" } " in its configuration; it appears here with its first contact." }
            }
        } @else {
            (stores_table(frame, facts))
            section {
                h2 { "Newest transactions" a .more href="/transactions" { "All" } }
                (transactions::table(frame, &facts.newest, true))
            }
        }
    };
    frame.page("Stores", html! {}, body)
}

fn stores_table(frame: &Frame, facts: &Facts) -> Markup {
    let day = |index: usize| facts.days.get(index).map(String::as_str);
    html! {
        section {
            table .wide {
                thead {
                    tr {
                        th { "Store" }
                        th { "Line" }
                        th .n { "Last contact" }
                        th .n { "Waiting there" }
                        th .n { "Trouble" }
                        @for index in 0..2 {
                            @if let Some(day) = day(index) {
                                th .n.split { "Sales " (frame.day(day)) }
                                th .n { (frame.currency()) }
                            }
                        }
                    }
                }
                tbody {
                    @for store in &facts.stores { (store_row(frame, facts, store)) }
                }
                @if facts.stores.len() > 1 {
                    tfoot {
                        tr {
                            td colspan="5" { "All stores" }
                            @for index in 0..2 {
                                @if let Some(day) = day(index) {
                                    @let of_day = || facts.sales.iter().filter(|row| row.day == day && row.currency == frame.currency());
                                    td .n.split { (frame.count(of_day().map(|row| row.sales).sum())) }
                                    td .n { (frame.money(of_day().map(|row| row.total).sum(), frame.currency())) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn store_row(frame: &Frame, facts: &Facts, store: &StoreRow) -> Markup {
    let of_day =
        |index: usize| facts.days.get(index).map(|day| facts.sales.iter().filter(move |row| row.day == *day && row.store == store.store));
    html! {
        tr {
            td data-label="Store" {
                a .strong href={ "/stores/" (encoded(&store.store)) } { (visible(&store.name)) }
                @if store.name != store.store { " " span .dim { (store.store) } }
            }
            @if let [node] = store.nodes.as_slice() {
                (node_cells(frame, node))
            } @else {
                (nodes_cells(frame, &store.nodes))
            }
            td .n data-label="Trouble" { (trouble_mark(store)) }
            @for index in 0..2 {
                @if let Some(rows) = of_day(index) {
                    @let rows: Vec<&SalesRow> = rows.collect();
                    td .n.split data-label={ "Sales " (frame.day(&facts.days[index])) } {
                        @if rows.is_empty() { span .dim { "–" } } @else { (frame.count(rows.iter().map(|row| row.sales).sum())) }
                    }
                    td .n data-label=(frame.currency()) {
                        @for row in &rows { (frame.money(row.total, &row.currency)) " " }
                        @if rows.is_empty() { span .dim { "–" } }
                    }
                }
            }
        }
    }
}

fn node_cells(frame: &Frame, node: &NodeRow) -> Markup {
    html! {
        td data-label="Line" { (line_mark(node.online)) }
        td .n data-label="Last contact" { span title=(frame.time(node.last_contact_ms)) { (frame.ago(node.last_contact_ms)) } }
        td .n data-label="Waiting there" { (behind(frame, node)) }
    }
}

/// Several nodes, or none: the worst of them speaks for the store.
fn nodes_cells(frame: &Frame, nodes: &[NodeRow]) -> Markup {
    let online = nodes.iter().filter(|node| node.online).count();
    html! {
        td data-label="Line" {
            @if nodes.is_empty() { span .dim { "never called" } } @else {
                (line_mark(online == nodes.len())) " " span .dim { (online) " of " (nodes.len()) }
            }
        }
        td .n data-label="Last contact" {
            @if let Some(oldest) = nodes.iter().map(|node| node.last_contact_ms).min() { (frame.ago(oldest)) } @else { "–" }
        }
        td .n data-label="Waiting there" {
            @let records: u64 = nodes.iter().map(|node| node.records_waiting).sum();
            @if records == 0 { span .dim { "nothing" } } @else { (counted(&frame.count(records), "record")) }
        }
    }
}

fn line_mark(online: bool) -> Markup {
    html! {
        @if online { span .state.good { span .dot {} "online" } } @else { span .state.bad { span .dot {} "offline" } }
    }
}

/// How far head office's copy is behind the node's disk, in the words of its last contact.
fn behind(frame: &Frame, node: &NodeRow) -> Markup {
    html! {
        @if node.records_waiting == 0 {
            span .dim { "nothing" }
        } @else {
            @if node.transactions_waiting > 0 { strong { (counted(&frame.count(node.transactions_waiting), "sale")) } " · " }
            (counted(&frame.count(node.records_waiting), "record"))
        }
    }
}

fn trouble_mark(store: &StoreRow) -> Markup {
    let open = store.incidents + store.exceptions;
    html! {
        @if open == 0 { span .dim { "none" } } @else {
            a .state.warn href="/incidents" { "⚠ " (open) @if open == 1 { " open" } @else { " open" } }
        }
    }
}

pub struct StoreFacts {
    store: StoreRow,
    sales: Vec<SalesRow>,
    newest: Vec<TransactionRow>,
    urgent: Vec<UrgentRow>,
}

pub fn store_facts(connection: &Connection, store: &str, now_ms: i64) -> db::Result<Option<StoreFacts>> {
    let Some(row) = queries::stores(connection, now_ms)?.into_iter().find(|row| row.store == store) else { return Ok(None) };
    let filter = TransactionFilter { store: Some(store.to_owned()), limit: NEWEST, ..TransactionFilter::default() };
    Ok(Some(StoreFacts {
        store: row,
        sales: queries::sales(connection, Some(store), None, 14)?,
        newest: queries::transactions(connection, &filter)?,
        urgent: queries::urgent(connection, 20)?.into_iter().filter(|row| row.store == store).collect(),
    }))
}

pub fn store_page(frame: &Frame, facts: &StoreFacts, measured: &figures::Facts) -> Markup {
    let store = &facts.store;
    let tools = html! {
        form .tools method="post" action={ "/stores/" (encoded(&store.store)) } {
            label { "Name " input name="name" size="24" maxlength="80" required value=(store.name) autocomplete="off"; }
            label { "Region " input name="region" size="10" maxlength="40" value=(store.region) autocomplete="off"; }
            button { "Save" }
        }
        div .tools {
            a .button href={ "/stock?store=" (encoded(&store.store)) } { "Stock" }
            a .button href={ "/transactions?store=" (encoded(&store.store)) } { "Transactions" }
        }
    };
    let body = html! {
        section {
            h2 { "Nodes" }
            table .wide {
                thead { tr {
                    th { "Node" } th { "Line" } th .n { "Last contact" } th .n { "Waiting there" }
                    th .n { "Records held" } th .n { "Branches" } th { "Key" }
                } }
                tbody {
                    @for node in &store.nodes {
                        tr {
                            td data-label="Node" { strong { (node.node) } }
                            (node_cells(frame, node))
                            td .n data-label="Records held" { (frame.count(node.held_seq)) }
                            td .n data-label="Branches" { @if node.branches > 1 { span .state.warn { "⚠ " (node.branches) } } @else { (node.branches) } }
                            td data-label="Key" { code { (node.public_key.as_deref().map_or("–", |key| key.get(..16).unwrap_or(key))) "…" } }
                        }
                    }
                }
            }
        }
        @if !facts.urgent.is_empty() { (trouble::urgent_section(frame, &facts.urgent)) }
        (figures::of_store(frame, measured))
        section {
            h2 { "Sales by day" a .more href={ "/sales?store=" (encoded(&store.store)) } { "All" } }
            (sales::table(frame, &facts.sales, false))
        }
        section {
            h2 { "Newest transactions" a .more href={ "/transactions?store=" (encoded(&store.store)) } { "All" } }
            (transactions::table(frame, &facts.newest, false))
        }
    };
    let title = if store.name == store.store { format!("Store {}", store.store) } else { visible(&store.name) };
    frame.page(&title, tools, body)
}
