//! An article as it is asked about: what it costs now and why, what lies here, and what other shops have. For the till's price check and the
//! page of articles alike.

use maud::{Markup, html};

use super::icon;
use crate::money::{Currency, Money};
use crate::node::screen::ArticleInfo;
use crate::retail::pricing::offer::{Hint, Offer};
use crate::retail::recalls::Notice;
use crate::sync::wire::StockElsewhere;
use crate::web::layout::visible;
use crate::web::locale::Locale;
use crate::web::texts::fill;

/// Codes that the card has room for.
const CODES_MAX: usize = 4;
/// Other shops that the card has room for.
const STORES_MAX: usize = 6;

/// All but the name.
pub fn facts(locale: &Locale, currency: &Currency, now_ms: i64, article: &ArticleInfo) -> Markup {
    let t = locale.texts.article;
    let codes: Vec<&str> = article.codes.iter().take(CODES_MAX).map(String::as_str).collect();
    html! {
        p .code { (fill(t.number, &[article.sku.as_str()])) @if !codes.is_empty() { " · " (visible(&codes.join(" · "))) } }
        @for notice in &article.recalls { (recall(locale, notice)) }
        p .amount { (price_text(locale, currency, article)) }
        @if let Some(offer) = &article.offer { (why(locale, currency, article, offer)) }
        p .stock { (stock_text(locale, now_ms, article)) }
        @if let Some(stores) = &article.elsewhere { (elsewhere(locale, now_ms, article, stores)) }
    }
}

fn recall(locale: &Locale, notice: &Notice) -> Markup {
    let t = locale.texts;
    let what = match (notice.whole, notice.batches.is_empty()) {
        (true, _) => t.article.recall_whole.to_owned(),
        (false, false) => fill(t.article.recall_batches, &[&notice.batches.join(", ")]),
        (false, true) => t.article.recall_part.to_owned(),
    };
    html! {
        p .recall { (icon("stop")) span { strong { (fill(t.last_day.recalled, &[&visible(&notice.recall)])) } " · " (visible(&what)) " · " (visible(&notice.reason)) } }
    }
}

/// What one unit costs in a basket now.
pub fn price_text(locale: &Locale, currency: &Currency, article: &ArticleInfo) -> String {
    match &article.offer {
        Some(offer) => per_unit(locale, currency, article, offer.pays),
        None => locale.texts.no_price.to_owned(),
    }
}

fn per_unit(locale: &Locale, currency: &Currency, article: &ArticleInfo, price: Money) -> String {
    let price = locale.money(currency, price);
    match article.unit.symbol() {
        "" => price,
        symbol => format!("{price} / {symbol}"),
    }
}

/// Instead of what, by which list, and what else counts.
fn why(locale: &Locale, currency: &Currency, article: &ArticleInfo, offer: &Offer) -> Markup {
    let t = locale.texts.article;
    html! {
        @if offer.pays != offer.price { p .why { (fill(t.instead_of, &[&per_unit(locale, currency, article, offer.price)])) } }
        @if let Some(list) = &offer.list { p .why { (fill(t.by_list, &[&visible(list)])) } }
        @if !offer.hints.is_empty() {
            ul .hints { @for hint in &offer.hints { li .counted[hint.counted] { (icon(if hint.counted { "done" } else { "price" })) span { (hint_text(locale, hint)) } } } }
        }
    }
}

fn hint_text(locale: &Locale, hint: &Hint) -> String {
    let t = locale.texts.article;
    let name = visible(&hint.name);
    match (hint.member, hint.coupon) {
        (_, true) => fill(t.with_coupon, &[&name]),
        (true, false) => fill(t.for_members, &[&name]),
        (false, false) => name,
    }
}

pub fn stock_text(locale: &Locale, now_ms: i64, article: &ArticleInfo) -> String {
    let t = locale.texts;
    match (article.on_hand, article.stock_as_of_ms) {
        (None, _) => t.stock_unknown.to_owned(),
        (Some(on_hand), None) => fill(t.stock, &[&locale.quantity(on_hand, article.unit)]),
        (Some(on_hand), Some(as_of)) => {
            let stock = fill(t.stock, &[&locale.quantity(on_hand, article.unit)]);
            format!("{stock} · {}", fill(t.stock_as_of, &[&locale.age(now_ms, as_of)]))
        }
    }
}

fn elsewhere(locale: &Locale, now_ms: i64, article: &ArticleInfo, stores: &[StockElsewhere]) -> Markup {
    let t = locale.texts.article;
    let of = |stock: &StockElsewhere| {
        let name = if stock.name.is_empty() { &stock.store } else { &stock.name };
        let quantity = locale.quantity(stock.quantity, article.unit);
        fill(t.elsewhere_row, &[&visible(name), &quantity, &locale.age(now_ms, stock.as_of_ms)])
    };
    html! {
        @if stores.is_empty() { p .why { (t.nowhere) } } @else {
            p .why { strong { (t.elsewhere) } }
            ul .elsewhere { @for stock in stores.iter().take(STORES_MAX) { li { (of(stock)) } } }
        }
    }
}
