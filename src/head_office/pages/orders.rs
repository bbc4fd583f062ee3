//! Collect orders: the list with where each stands by its store's record, a form for a new one, and one order with the customer's code.

use maud::{Markup, PreEscaped, html};
use qrcode::{EcLevel, QrCode};

use super::frame::{Frame, encoded, visible};

use crate::head_office::db::{self, Connection};
use crate::head_office::intake::errors;
use crate::head_office::leads::{self, LeadRow};
use crate::head_office::messages::outbox::{self, Sending};
use crate::head_office::order_exceptions::{self, OrderExceptionRow};
use crate::head_office::order_messages::{self, MessageRow};
use crate::head_office::order_returns::{self, ReturnRow};
use crate::head_office::orders::{self, Basis, CustomerCode, OrderRow};
use crate::head_office::queries::{self, StoreRow};
use crate::head_office::rights::RightRow;
use crate::ids::OrderNo;
use crate::retail::order::OrderLine;

/// Rows of the lists beside the orders.
const BESIDE_MAX: u32 = 50;

pub struct Facts {
    rows: Vec<OrderRow>,
    /// What channels sent and could not be taken.
    not_taken: u64,
    /// Of each store, with the nodes that could keep its orders.
    leads: Vec<(String, Option<LeadRow>, Vec<String>)>,
    exceptions: Vec<OrderExceptionRow>,
    returns: Vec<ReturnRow>,
    messages: Vec<Told>,
    /// Whether messages leave by themselves.
    sends: bool,
}

/// A message, and what became of it way by way.
pub type Told = (MessageRow, Vec<Sending>);

fn told(connection: &Connection, rows: Vec<MessageRow>) -> db::Result<Vec<Told>> {
    rows.into_iter().map(|row| Ok((row.clone(), outbox::of(connection, row.id)?))).collect()
}

/// All that one order's customer was told or is to be told.
pub fn told_of(connection: &Connection, order: &OrderNo) -> db::Result<Vec<Told>> {
    told(connection, order_messages::of_order(connection, order)?)
}

pub fn facts(connection: &Connection, now_ms: i64, remind_ms: i64, sends: bool) -> db::Result<Facts> {
    let stores = queries::stores(connection, now_ms)?;
    let lead = |row: &StoreRow| Ok((row.store.clone(), leads::current(connection, &row.store)?, leads::nodes(connection, &row.store)?));
    let leads = stores.iter().take(BESIDE_MAX as usize).map(lead).collect::<db::Result<_>>()?;
    Ok(Facts {
        rows: orders::list(connection, queries::ROWS_MAX)?,
        leads,
        not_taken: errors::open_count(connection)?,
        exceptions: order_exceptions::list(connection, BESIDE_MAX)?,
        returns: order_returns::list(connection, now_ms, BESIDE_MAX)?,
        messages: told(connection, order_messages::due(connection, now_ms, remind_ms, BESIDE_MAX)?)?,
        sends,
    })
}

pub fn page(frame: &Frame, facts: &Facts) -> Markup {
    let rows = &facts.rows;
    let tools = html! {
        div .tools {
            a .button.primary href="/intake/order" { "Enter an order" }
            a .button href="/intake/errors" { "Not taken" @if facts.not_taken > 0 { " " span .count { (facts.not_taken) } } }
            a .button href="/intake/channels" { "Channels" }
        }
    };
    let body = html! {
        p .note {
            "Paid orders to be collected in a store. Where each stands is what the store’s record says; the customer is told when that is “staged”. "
            a href="/routing" { "Routing" } " says which place serves an order."
        }
        @if rows.is_empty() {
            p .empty { "No order has been placed." }
        } @else {
            table .wide {
                thead { tr { th { "Order" } th { "Store" } th { "State" } th .n { "Lines" } th .n { "Promised" } th .n { "Last word" } th { "Note" } } }
                tbody {
                    @for row in rows {
                        tr {
                            td data-label="Order" { a href=(format!("/orders/{}", row.order)) { code { (row.order) } } " " (visible(&row.initials)) }
                            td data-label="Store" { (visible(&row.store)) }
                            td data-label="State" { (state(row)) }
                            td .n data-label="Lines" { (row.lines) }
                            td .n data-label="Promised" { span title=(frame.time(row.promised_ms)) { (frame.time(row.promised_ms)) } }
                            td .n data-label="Last word" {
                                @if let Some(at) = row.state_at_ms { span title=(frame.time(at)) { (frame.ago(at)) } } @else { span .dim { "none yet" } }
                            }
                            td data-label="Note" { (visible(&row.note)) }
                        }
                    }
                }
            }
        }
    };
    let body = html! { (exceptions(frame, &facts.exceptions)) (returns(frame, &facts.returns)) (body) (messages(frame, &facts.messages, facts.sends)) (leads_section(frame, &facts.leads)) };
    frame.page("Orders", tools, body)
}

/// What somebody should look at. Nothing when there is nothing.
fn exceptions(frame: &Frame, rows: &[OrderExceptionRow]) -> Markup {
    html! {
        @if !rows.is_empty() {
            section #exceptions {
                h2 { "To look at" }
                @for row in rows {
                    article .card.closed[row.settled_ms.is_some()] {
                        div {
                            p {
                                span .tag.warn[row.settled_ms.is_none()] { (row.kind.replace('_', " ")) } " "
                                @if matches!(row.kind.as_str(), "waiting" | "not_routed") { a href="/routing#waiting" { code { (visible(&row.order)) } } }
                                @else if row.kind == "drop_folder" { a href="/intake/channels" { "Channels" } }
                                @else if row.order.is_empty() { a href="/feeds" { "Feeds" } } @else { a href=(format!("/service/{}", encoded(&row.order))) { code { (visible(&row.order)) } } }
                                " " (visible(&row.store)) " "
                                span .dim title=(frame.time(row.opened_ms)) {
                                    (frame.ago(row.opened_ms)) ", for the " (row.owner) @if row.times > 1 { ", " (frame.count(row.times)) " times" }
                                }
                            }
                            p { (visible(&row.reason)) }
                        }
                        @match row.settled_ms {
                            None => form method="post" action=(format!("/orders/exceptions/{}/settle", row.id)) { button { "Settled" } },
                            Some(at) => span .dim { "settled " (frame.ago(at)) },
                        }
                    }
                }
            }
        }
    }
}

/// Cancelled after the hand-over: the goods have to come back.
fn returns(frame: &Frame, rows: &[ReturnRow]) -> Markup {
    html! {
        @if !rows.is_empty() {
            section #returns {
                h2 { "Returns" }
                p .note { "Goods that have to come back: cancelled after they had been handed over, or asked for by customer service." }
                @for row in rows {
                    article .card.closed[row.closed_ms.is_some()] {
                        div {
                            p {
                                span .tag.warn[row.state == "open"] { (row.state) } " "
                                a href=(format!("/service/{}", encoded(&row.order))) { code { (row.order) } } " " (visible(&row.store))
                                " handed over " (frame.time(row.handed_over_ms)) ", asked back " (frame.ago(row.opened_ms))
                            }
                            @if row.state == "waiting" { p .remedy { "The hand-over can still be taken back at the desk; then the order is cancelled there." } }
                        }
                        @match row.closed_ms {
                            Some(at) => span .dim { "closed " (frame.ago(at)) },
                            None if row.state == "open" => form method="post" action=(format!("/orders/returns/{}/close", row.order)) { button { "Close" } },
                            None => {},
                        }
                    }
                }
            }
        }
    }
}

/// The outbox.
fn messages(frame: &Frame, rows: &[Told], sends: bool) -> Markup {
    html! {
        section #messages {
            h2 { "Customers to tell" }
            p .note {
                "Due now and not sent. "
                @if sends { "They leave by themselves. Where that fails or there is no address, tell the customer in another way and press “Told”." }
                @else { "A connector fetches them at /api/v1/order-messages and says which it sent; or head office sends them, with a mail server or a webhook in its configuration." }
            }
            @if rows.is_empty() { p .empty { "Nothing is due." } } @else {
                table .wide {
                    thead { tr { th { "Order" } th { "Store" } th { "Message" } th { "On its way" } th .n { "Due" } th {} } }
                    tbody {
                        @for (row, sendings) in rows {
                            tr {
                                td data-label="Order" { a href=(format!("/orders/{}", row.order)) { code { (row.order) } } }
                                td data-label="Store" { (visible(&row.store)) }
                                td data-label="Message" { (row.kind.replace('_', " ")) }
                                td data-label="On its way" { (ways(frame, sendings)) }
                                td .n data-label="Due" { @if row.kind == "reminder" { "before " (frame.time(row.due_ms)) } @else { (frame.ago(row.due_ms)) } }
                                td { form method="post" action=(format!("/orders/messages/{}/told", row.id)) { button { "Told" } } }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// What became of a message, way by way.
fn ways(frame: &Frame, sendings: &[Sending]) -> Markup {
    html! {
        @for sending in sendings {
            div {
                (sending.way) ": "
                @match sending.outcome.as_str() {
                    "sent" => { strong { "sent" } " " span .dim title=(frame.time(sending.at_ms)) { (frame.ago(sending.at_ms)) } },
                    "perhaps_sent" => { span .state.warn { "⚠ perhaps sent" } " " span .dim { (frame.ago(sending.at_ms)) ": " (visible(&sending.detail)) } },
                    "refused" => { span .state.warn { "⚠ not sent" } " " span .dim { (frame.ago(sending.at_ms)) ": " (visible(&sending.detail)) } },
                    "no_address" => span .dim { "no address" },
                    "under_way" => "leaving now",
                    _ => {
                        "next try " @if sending.at_ms > frame.now_ms { (frame.time(sending.at_ms)) } @else { "now" }
                        @if sending.tries > 0 { " " span .dim { "after " (frame.count(u64::from(sending.tries))) " in vain: " (visible(&sending.detail)) } }
                    }
                }
            }
        }
        @if sendings.is_empty() { span .dim { "not yet" } }
    }
}

/// What one order's customer was told.
pub fn told_section(frame: &Frame, rows: &[Told], again: &dyn Fn(i64) -> Markup) -> Markup {
    html! {
        @if !rows.is_empty() {
            section #told {
                h2 { "What the customer is told" }
                table .wide {
                    thead { tr { th { "Message" } th .n { "Sent" } th { "On its way" } th {} } }
                    tbody {
                        @for (row, sendings) in rows {
                            tr {
                                td data-label="Message" { (row.kind.replace('_', " ")) }
                                td .n data-label="Sent" {
                                    @match row.sent_ms {
                                        Some(at) => span title=(frame.time(at)) { (frame.ago(at)) },
                                        None if row.kind == "reminder" => span .dim { "before " (frame.time(row.due_ms)) },
                                        None if row.due_ms > frame.now_ms => span .dim { "from " (frame.time(row.due_ms)) },
                                        None => span .dim { "not yet" },
                                    }
                                }
                                td data-label="On its way" { @if !sendings.is_empty() { (ways(frame, sendings)) } }
                                td {
                                    @if sendings.iter().any(|sending| matches!(sending.outcome.as_str(), "sent" | "perhaps_sent" | "refused")) {
                                        (again(row.id))
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn leads_section(frame: &Frame, leads: &[(String, Option<LeadRow>, Vec<String>)]) -> Markup {
    html! {
        section #leads {
            h2 { "Which node keeps the orders" }
            p .note { "One node of each store moves its orders. Name another one when it is lost: it begins with what head office holds of the former one’s record; what that one still does counts no more and is shown above." }
            table .wide {
                thead { tr { th { "Store" } th .n { "Rights" } th { "Node" } th .n { "Epoch" } th .n { "Since" } th { "Name another" } } }
                tbody {
                    @for (store, lead, nodes) in leads {
                        tr {
                            td data-label="Store" { (visible(store)) }
                            td .n data-label="Rights" { a href=(format!("/orders/rights?store={store}")) { "rights" } }
                            td data-label="Node" { @match lead { Some(lead) => strong { (lead.node) }, None => span .dim { "none yet" } } }
                            td .n data-label="Epoch" { @if let Some(lead) = lead { (frame.count(lead.epoch)) } }
                            td .n data-label="Since" { @if let Some(lead) = lead { span title=(frame.time(lead.named_ms)) { (frame.ago(lead.named_ms)) } } }
                            td data-label="Name another" {
                                @let others: Vec<&String> = nodes.iter().filter(|node| lead.as_ref().is_none_or(|lead| lead.node != **node)).collect();
                                @if others.is_empty() { span .dim { "no other node" } } @else {
                                    form .tools method="post" action="/orders/leads" {
                                        input type="hidden" name="store" value=(store);
                                        select name="node" aria-label="Node" { @for node in others { option value=(node) { (node) } } }
                                        button { "Name it" }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

pub fn state(row: &OrderRow) -> Markup {
    let words = row.state.replace('_', " ");
    html! {
        @match row.state.as_str() {
            "staged" | "handed_over" | "part_handed_over" => strong { (words) },
            "refused" | "expired" => span .state.warn { "⚠ " (words) },
            _ => (words),
        }
        @if row.cancelled && row.state != "cancelled" { " " span .dim { "(cancel sent)" } }
        @if !row.promised && matches!(row.state.as_str(), "placed" | "received") { " " span .dim { "the store has to say" } }
        @if row.basis == Basis::RightsStoreAway && row.state == "placed" { " " span .state.warn title="Promised by rights that the store granted. So few are left there that it would have been asked, but it was not connected." { "few left, store away" } }
    }
}

pub fn detail(frame: &Frame, row: &OrderRow, lines: &[OrderLine], code: Option<&CustomerCode>, told: &[Told]) -> Markup {
    let tools = html! {
        span .acts {
            a .button href=(format!("/service/{}", row.order)) { "What happened" }
            @if row.can_be_cancelled() {
                form .tools method="post" action=(format!("/orders/{}/cancel", row.order)) { button { "Cancel this order" } }
            }
        }
    };
    let body = html! {
        p { "Store " strong { (visible(&row.store)) } " · version " (row.version) " · promised " (frame.time(row.promised_ms)) " · kept until " (frame.time(row.expires_ms)) }
        p { "State: " (state(row)) @if !row.note.is_empty() { " · " (visible(&row.note)) } }
        table {
            thead { tr { th .n { "Line" } th { "Article" } th { "Name" } th .n { "Quantity" } } }
            tbody {
                @for line in lines {
                    tr {
                        td .n data-label="Line" { (line.line) }
                        td data-label="Article" { code { (visible(line.sku.as_str())) } }
                        td data-label="Name" { (visible(&line.name)) @if let Some(age) = line.age_min { " " span .dim { "from " (age) " years" } } }
                        td .n data-label="Quantity" { (line.quantity.plain()) " " (line.unit.symbol()) }
                    }
                }
            }
        }
        @match code {
            Some(code) => {
                h2 { "The customer’s code" }
                @if let Some(picture) = qr(&code.token) { (picture) }
                p { "Number " strong #number { (code.number) } }
                p { code #token { (code.token) } }
            }
            None if matches!(row.state.as_str(), "placed" | "received" | "accepted" | "picking" | "picked") => {
                p .note { "The customer gets a code when the store’s record says that the order is staged." }
            }
            None => {}
        }
        (told_section(frame, told, &|id| html! {
            form method="post" action=(format!("/orders/messages/{id}/again")) {
                input type="hidden" name="order" value=(row.order);
                button { "Send again" }
            }
        }))
    };
    frame.page(&format!("Order {}", row.order), tools, body)
}

/// The code as a drawing.
pub fn qr(text: &str) -> Option<Markup> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M).ok()?;
    let (width, colors) = (code.width(), code.to_colors());
    let dark = colors.iter().enumerate().filter(|(_, color)| **color == qrcode::Color::Dark);
    let path: String = dark.map(|(index, _)| format!("M{} {}h1v1h-1z", index % width + 4, index / width + 4)).collect();
    let size = width + 8;
    Some(html! {
        svg role="img" aria-label="QR code" width="240" height="240" viewBox=(format!("0 0 {size} {size}")) shape-rendering="crispEdges" {
            (PreEscaped(format!("<rect width=\"{size}\" height=\"{size}\" fill=\"#fff\"/><path d=\"{path}\" fill=\"#000\"/>")))
        }
    })
}

/// What a store lets head office promise.
pub fn rights_page(frame: &Frame, store: &str, rows: &[RightRow]) -> Markup {
    let body = html! {
        p .note { "The store grants rights of the articles that were ordered or asked for; an order is promised only by spending them. Never more is promised than was granted." }
        @if rows.is_empty() {
            p .empty { "No rights: nothing was ordered from this store yet, or it has not granted any since it has a new lead or head office was restored." }
        } @else {
            table .wide {
                thead { tr { th { "Article" } th { "Name" } th .n { "Granted" } th .n { "Promised" } th .n { "Given back" } th .n { "Left to promise" } } }
                tbody {
                    @for row in rows {
                        tr {
                            td data-label="Article" { code { (visible(&row.sku)) } }
                            td data-label="Name" { (visible(&row.name)) }
                            td .n data-label="Granted" { (frame.quantity(row.granted, "")) }
                            td .n data-label="Promised" { (frame.quantity(row.spent, "")) }
                            td .n data-label="Given back" { (frame.quantity(row.released, "")) }
                            td .n data-label="Left to promise" { strong { (frame.quantity(row.unspent, "")) } }
                        }
                    }
                }
            }
        }
    };
    frame.page(&format!("Rights of {}", visible(store)), html! {}, body)
}
