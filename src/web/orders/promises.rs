//! What may be promised of each article: on hand, held for orders, granted to head office, safety, and what is free.

use axum::Json;
use axum::extract::State;
use maud::{Markup, html};
use serde::Serialize;
use utoipa::ToSchema;

use super::Desk;
use crate::money::Qty;
use crate::node::handle::Node;
use crate::retail::order::promise;
use crate::web::Web;
use crate::web::layout::visible;
use crate::web::session::Session;

/// Rows of the page; further ones are counted below it. The API has all.
const ROWS_MAX: usize = 200;

/// One article. Quantities in thousandths.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PromiseRow {
    pub sku: String,
    pub name: String,
    /// `null`: its stock is not known, and nothing is granted.
    pub on_hand: Option<i64>,
    /// Held for orders.
    pub reserved: i64,
    /// Granted to head office and not spent yet.
    pub granted: i64,
    /// Of those, asked back and not answered yet.
    pub asked_back: i64,
    pub safety: i64,
    /// On hand less all of these. Negative: more was granted than is there.
    pub free: Option<i64>,
}

/// Articles that head office asked for, by number.
pub async fn rows(node: &Node, limit: usize) -> Vec<PromiseRow> {
    let screen = node.screen();
    let rules = screen.rules.promises.clone();
    let mut rows = Vec::new();
    for (sku, right) in screen.orders.rights.iter().take(limit) {
        // What cannot be looked up now is shown as not known.
        let article = node.article(sku).await.ok().flatten();
        let on_hand = article.as_ref().and_then(|article| article.on_hand);
        let reserved = screen.orders.reserved(sku);
        rows.push(PromiseRow {
            sku: sku.to_string(),
            name: article.map_or_else(String::new, |article| article.name),
            on_hand: on_hand.map(Qty::thousandths),
            reserved: reserved.thousandths(),
            granted: right.unspent().thousandths(),
            asked_back: right.outstanding().thousandths(),
            safety: rules.safety.thousandths(),
            free: on_hand.map(|on_hand| promise::free(right, on_hand - reserved, &rules).thousandths()),
        });
    }
    rows
}

#[derive(Debug, Serialize, ToSchema)]
pub struct PromisesView {
    articles: Vec<PromiseRow>,
}

/// What may be promised of each article that head office asked for. Quantities in thousandths.
#[utoipa::path(get, path = "/api/v1/promises", responses((status = OK, body = PromisesView)))]
pub async fn promises(State(web): State<Web>, _session: Session) -> Json<PromisesView> {
    Json(PromisesView { articles: rows(&web.node, promise::RIGHTS_MAX).await })
}

/// How many rows the page wants.
pub(super) async fn for_page(node: &Node) -> Vec<PromiseRow> {
    rows(node, ROWS_MAX).await
}

pub(super) fn part(desk: &Desk, rows: &[PromiseRow]) -> Markup {
    let p = desk.view.locale.texts.promises;
    let count = desk.view.screen.orders.rights.len();
    let shown = |quantity: i64| Qty::from_thousandths(quantity).plain();
    html! {
        (super::knowledge(desk))
        p .muted { (p.rights_hint) }
        @if rows.is_empty() { p .big-note { (p.rights_none) } } @else {
            table .promises {
                thead { tr {
                    th { (p.article) } th .n { (p.on_hand) } th .n { (p.reserved) } th .n { (p.granted) } th .n { (p.safety) } th .n { (p.free) }
                } }
                tbody {
                    @for row in rows {
                        tr data-sku=(row.sku) {
                            td { strong { (visible(&row.name)) } " " code { (visible(&row.sku)) } }
                            td .n data-label=(p.on_hand) { (row.on_hand.map_or_else(|| "?".to_owned(), shown)) }
                            td .n data-label=(p.reserved) { (shown(row.reserved)) }
                            td .n data-label=(p.granted) {
                                (shown(row.granted))
                                @if row.asked_back > 0 { " " span .warn-text { (crate::web::texts::fill(p.asked_back, &[&shown(row.asked_back)])) } }
                            }
                            td .n data-label=(p.safety) { (shown(row.safety)) }
                            td .n data-label=(p.free) { strong .warn-text[row.free.is_some_and(|free| free < 0)] { (row.free.map_or_else(|| "?".to_owned(), shown)) } }
                        }
                    }
                }
            }
            @if count > rows.len() { p .muted { "+ " (count - rows.len()) } }
        }
    }
}
