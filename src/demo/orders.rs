//! Orders for the demo's shops: a page with a button that places one at head office, in the way a channel does.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use axum::{Form, Router};
use maud::html;
use serde::Deserialize;

use super::assortment::Good;
use super::inbox::Inbox;
use super::shop::{BRANCHES, Branch};
use crate::head_office::HeadOffice;
use crate::head_office::orders::{self, OrderRow, PlacedLine, PlacedOrder};
use crate::ids::OrderNo;
use crate::money::{Qty, Unit};
use crate::retail::order::{Substitution, Zone};
use crate::web::layout::{document, visible};
use crate::web::locale::Locale;

const MINUTE_MS: i64 = 60_000;
const NAMES: [&str; 8] =
    ["Anna Müller", "Jan Kowalski", "Lea Schmidt", "Tom Becker", "Eva Wagner", "Noah \"Hal\" O'Hara", "Paula Richter", "Can Demir"];
/// Rows of the list under the button.
const ROWS: u32 = 20;

struct Generator {
    office: HeadOffice,
    placed: AtomicU64,
    inbox: Arc<Inbox>,
    /// Where customers may collect.
    open: &'static [Branch],
}

/// `open`: how many of the shops are.
pub fn router(office: HeadOffice, inbox: Arc<Inbox>, open: usize) -> Router {
    Router::new().route("/sim/orders", get(page).post(place)).with_state(Arc::new(Generator {
        office,
        placed: AtomicU64::new(0),
        inbox,
        open: &BRANCHES[..open.min(BRANCHES.len())],
    }))
}

#[derive(Deserialize)]
struct Ask {
    /// "one", "unpaid", "ten" or "cancel".
    act: String,
    #[serde(default)]
    order: String,
    /// Of the shop to collect at; else the first.
    #[serde(default)]
    at: String,
}

async fn place(State(generator): State<Arc<Generator>>, Form(ask): Form<Ask>) -> Response {
    let branch = generator.branch(&ask.at);
    let done = match (ask.act.as_str(), OrderNo::new(&ask.order)) {
        ("cancel", Ok(order)) => orders::cancel(&generator.office, order).await.map(drop),
        (act, _) => {
            let mut done = Ok(());
            for _ in 0..if act == "ten" { 10 } else { 1 } {
                done = done.and(generator.place(branch, act == "unpaid").await);
            }
            done
        }
    };
    match done {
        Ok(()) => Redirect::to(&format!("/sim/orders?at={}", branch.id)).into_response(),
        Err(problem) => problem.into_response(),
    }
}

impl Generator {
    /// The shop of that name, or the first.
    fn branch(&self, store: &str) -> &'static Branch {
        self.open.iter().find(|branch| branch.id == store).unwrap_or(&BRANCHES[0])
    }

    /// Every order is paid to the web shop, or each of its lines is paid when it is collected.
    async fn place(&self, branch: &Branch, pay_in_store: bool) -> Result<(), crate::web::problem::Problem> {
        let now_ms = self.office.now_ms();
        // From the clock, so that a demo that carries on does not place an order a second time.
        let seed = u64::try_from(now_ms).unwrap_or(0).wrapping_add(self.placed.fetch_add(1, Ordering::Relaxed) * 7_919);
        let number = format!("{:04}{:02}", seed / 1_000 % 10_000, seed % 97);
        let Ok(order) = OrderNo::new(&number) else { return Ok(()) };
        let goods: Vec<Good> = branch.goods().filter(|good| good.article.unit == Unit::Piece && good.on_hand > Qty::pieces(4)).collect();
        let pick = |at: u64| &goods[(seed / 13 + at * 101) as usize % goods.len()];
        let line = |at: u64| {
            let good = pick(at);
            // Another one of its kind.
            let alike = |other: &&Good| other.article.group == good.article.group && other.article.sku != good.article.sku;
            let instead = goods.iter().cycle().skip((seed % 29) as usize).take(goods.len()).find(alike);
            PlacedLine {
                sku: good.article.sku.clone(),
                quantity: Qty::pieces(1 + (seed / (at + 3) % 3).cast_signed()),
                zone: zone(&good.article.group),
                location: location(good),
                substitutes: instead.map(|good| good.article.sku.clone()).into_iter().collect(),
                unit_price: good.article.price,
                pay_in_store: pay_in_store && good.article.price.is_some(),
            }
        };
        let mut lines: Vec<PlacedLine> = (0..2 + seed % 4).map(line).collect();
        lines.sort_by(|a, b| a.sku.cmp(&b.sku));
        lines.dedup_by(|a, b| a.sku == b.sku);
        let placed = PlacedOrder {
            order,
            store: branch.store(),
            promised_ms: now_ms + (20 + (seed % 6).cast_signed() * 25) * MINUTE_MS,
            expires_ms: None,
            initials: String::new(),
            name: NAMES[(seed % 8) as usize].to_owned(),
            phone: format!("+49 30 5550{:03}", seed % 1_000),
            email: String::new(),
            language: ["en", "de"][(seed % 2) as usize].to_owned(),
            without_rights: Default::default(),
            customer: None,
            substitution: Substitution::Named,
            lines,
        };
        orders::place(&self.office, placed).await.map(drop)
    }
}

fn zone(group: &str) -> Zone {
    match group.split('/').next() {
        Some("Dairy") => Zone::Chilled,
        Some("Frozen") => Zone::Frozen,
        Some(_) | None => Zone::Ambient,
    }
}

/// An aisle for each letter of the group, a shelf for each article.
fn location(good: &Good) -> String {
    let aisle = good.article.group.chars().next().unwrap_or('Z').to_ascii_uppercase();
    let shelf = good.article.sku.as_str().bytes().rev().take(2).fold(0u32, |shelf, digit| shelf * 10 + u32::from(digit % 10));
    format!("{aisle}-{shelf:02}")
}

#[derive(Deserialize)]
struct Shown {
    #[serde(default)]
    at: String,
}

async fn page(State(generator): State<Arc<Generator>>, Query(shown): Query<Shown>) -> Response {
    let rows: Vec<OrderRow> = match generator.office.read(|connection| orders::list(connection, ROWS)).await {
        Ok(rows) => rows,
        Err(reason) => return crate::web::problem::Problem::from(reason).into_response(),
    };
    let chosen = generator.branch(&shown.at);
    let button = |act: &str, order: &str, words: &str| {
        html! {
            form method="post" action="/sim/orders" {
                input type="hidden" name="act" value=(act); input type="hidden" name="order" value=(order); input type="hidden" name="at" value=(chosen.id);
                button type="submit" { (words) }
            }
        }
    };
    let body = html! {
        header .sim-head { h1 { "Orders from the web shop" } nav { a href="/orders/1" { "desk" } a href="/pick/2" { "picking" } } }
        main {
            @if generator.open.len() > 1 {
                nav .buttons aria-label="Collect at" {
                    span { "Collect at:" }
                    @for branch in generator.open {
                        @if branch.id == chosen.id { strong aria-current="true" { (branch.town()) } }
                        @else { a href=(format!("/sim/orders?at={}", branch.id)) { (branch.town()) } }
                    }
                }
            }
            div .buttons { (button("one", "", "Place an order")) (button("unpaid", "", "Place one to be paid in the shop")) (button("ten", "", "Place ten")) }
            ul .rows {
                @for row in &rows {
                    li {
                        strong { (row.order) " " (visible(&row.initials)) } span { (row.state.replace('_', " ")) } span .muted { (row.lines) @if row.lines == 1 { " line, " } @else { " lines, " } (row.store) }
                        @if row.can_be_cancelled() { (button("cancel", &row.order, "Cancel")) }
                    }
                }
            }
            h2 { "What customers were told" }
            @let messages = generator.inbox.messages();
            @if messages.is_empty() { p .muted { "Nothing yet: the shop’s record has to say that an order is ready. The code as a picture is on head office’s page of the order." } }
            @for (at, message) in messages.iter().enumerate() {
                details open[at == 0] { summary { strong { (message.subject) } } @for line in message.text.lines() { p { (visible(line)) } } }
            }
        }
    };
    document(&Locale::plain(), "Orders from the web shop", "sim", &[], body).into_response()
}
