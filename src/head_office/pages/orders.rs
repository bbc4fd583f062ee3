//! Collect orders: the list with where each stands by its store's record, a form for a new one, and one order with the customer's code.

use maud::{Markup, PreEscaped, html};
use qrcode::{EcLevel, QrCode};

use super::frame::{Frame, visible};
use crate::head_office::orders::{CustomerCode, OrderRow};
use crate::head_office::orders::{PlacedLine, PlacedOrder};
use crate::head_office::queries::StoreRow;
use crate::ids::{OrderNo, Sku, StoreId};
use crate::money::Qty;
use crate::retail::order::OrderLine;

/// How soon an order that is typed in here is to be ready.
const PROMISED_MS: i64 = 2 * 3_600_000;

/// A new order as the form sends it.
#[derive(Debug, serde::Deserialize)]
pub struct Form {
    order: String,
    store: String,
    #[serde(default)]
    initials: String,
    /// One line each: article number, blank, quantity.
    lines: String,
}

impl Form {
    /// The error says what cannot be read.
    pub fn placed(&self, now_ms: i64) -> Result<PlacedOrder, String> {
        let order = OrderNo::new(self.order.trim()).map_err(|bad| bad.to_string())?;
        let store = StoreId::new(self.store.trim()).map_err(|bad| bad.to_string())?;
        let mut lines = Vec::new();
        for text in self.lines.lines().map(str::trim).filter(|text| !text.is_empty()) {
            let (sku, quantity) = text.split_once(char::is_whitespace).unwrap_or((text, "1"));
            let quantity = Qty::parse(quantity.trim()).ok_or_else(|| format!("{quantity:?} is no quantity: write \"SKU 2\""))?;
            let sku = Sku::new(sku).map_err(|bad| bad.to_string())?;
            lines.push(PlacedLine { sku, quantity, zone: Default::default(), location: String::new(), substitutes: Vec::new() });
        }
        Ok(PlacedOrder {
            order,
            store,
            promised_ms: now_ms + PROMISED_MS,
            expires_ms: None,
            initials: self.initials.trim().to_owned(),
            customer: None,
            substitution: Default::default(),
            lines,
        })
    }
}

pub fn page(frame: &Frame, rows: &[OrderRow], stores: &[StoreRow]) -> Markup {
    let tools = html! {
        form .tools method="post" action="/orders" {
            label { "Number " input name="order" size="10" required pattern="[A-Za-z0-9]{1,16}" autocomplete="off"; }
            label { "Store "
                select name="store" { @for store in stores { option value=(store.store) { (visible(&store.name)) } } }
            }
            label { "Initials " input name="initials" size="5" maxlength="6" autocomplete="off"; }
            label { "Articles " textarea name="lines" rows="2" cols="22" required placeholder="article number and quantity, one a line" {} }
            button { "Place order" }
        }
    };
    let body = html! {
        p .note { "Paid orders to be collected in a store. Where each stands is what the store’s record says; the customer is told when that is “staged”." }
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
    frame.page("Orders", tools, body)
}

fn state(row: &OrderRow) -> Markup {
    let words = row.state.replace('_', " ");
    html! {
        @match row.state.as_str() {
            "staged" | "handed_over" => strong { (words) },
            "refused" | "expired" => span .state.warn { "⚠ " (words) },
            _ => (words),
        }
        @if row.cancelled && row.state != "cancelled" { " " span .dim { "(cancel sent)" } }
    }
}

pub fn detail(frame: &Frame, row: &OrderRow, lines: &[OrderLine], code: Option<&CustomerCode>) -> Markup {
    let tools = html! {
        @if !row.cancelled {
            form .tools method="post" action=(format!("/orders/{}/cancel", row.order)) { button { "Cancel this order" } }
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
                h2 { "What the customer is sent" }
                @if let Some(picture) = qr(&code.token) { (picture) }
                p { "Number " strong #number { (code.number) } }
                p { code #token { (code.token) } }
            }
            None => p .note { "The customer gets a code when the store’s record says that the order is staged." }
        }
    };
    frame.page(&format!("Order {}", row.order), tools, body)
}

/// The code as a drawing.
fn qr(text: &str) -> Option<Markup> {
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
