//! What lies over the list for a moment: article search, price check, parked sales, the day, help. The keypad and the
//! ways to pay stay where they are.

use maud::{Markup, html};

use super::{View, article, icon, panel_head};
use crate::money::Currency;
use crate::node::screen::ArticleInfo;
use crate::retail::day::Day;
use crate::web::layout::visible;
use crate::web::locale::Locale;
use crate::web::texts::{Texts, fill};

/// Rows of letters for a screen without a keyboard.
const LETTERS: [&str; 3] = ["qwertyuiop", "asdfghjkl", "zxcvbnm"];

/// The search: a field, results, and letters to tap.
pub fn search(t: &Texts) -> Markup {
    html! {
        div .panel data-name="search" hidden {
            div .panel-head {
                input #search-text type="text" maxlength="60" autocomplete="off" autocapitalize="off" spellcheck="false"
                    placeholder=(t.search_placeholder) aria-label=(t.search_placeholder) aria-controls="search-results";
                button type="button" data-do="close-panel" { (t.close) kbd { "Esc" } }
            }
            div #search-results .fill aria-live="polite" { p .hint { (t.search_hint) } }
            div .letters {
                @for row in LETTERS {
                    div { @for letter in row.chars() { button type="button" tabindex="-1" data-letter=(letter) { (letter.to_ascii_uppercase()) } } }
                }
                div {
                    @for letter in ['ä', 'ö', 'ü', 'ß', 'é'] { button type="button" tabindex="-1" data-letter=(letter) { (letter) } }
                    button .space type="button" tabindex="-1" data-letter=" " { (t.letters_space) }
                    button .space type="button" tabindex="-1" data-letter="Backspace" { "\u{232b} " (t.key_back) }
                }
            }
        }
    }
}

/// What was found, as buttons that sell the article. Served on its own to the search panel.
pub fn search_results(locale: &Locale, currency: &Currency, now_ms: i64, query: &str, found: &[ArticleInfo]) -> Markup {
    let t = locale.texts;
    html! {
        @if found.is_empty() {
            p .hint { @if query.trim().is_empty() { (t.search_hint) } @else { (fill(t.search_none, &[&visible(query)])) } }
        }
        @for info in found {
            button .found type="button" data-do="add-found" data-code=(info.code) {
                span .name { (visible(&info.name)) }
                span .price { (article::price_text(locale, currency, info)) }
                span .code { (visible(&info.code)) }
                span .stock { (article::stock_text(locale, now_ms, info)) }
            }
        }
    }
}

/// The result of a price check. Served on its own for typed codes.
pub fn price_card(locale: &Locale, currency: &Currency, now_ms: i64, info: &ArticleInfo) -> Markup {
    let t = locale.texts;
    html! {
        div .price-card role="dialog" aria-label=(t.price_check) {
            div .panel-head { h2 { (t.price_check) } button type="button" data-do="close-price" { (t.close) kbd { "Esc" } } }
            h3 { (visible(&info.name)) }
            div .facts { (article::facts(locale, currency, now_ms, info)) }
            button .primary type="button" data-do="add-found" data-code=(info.code) { (t.add_to_sale) }
        }
    }
}

/// What the last price check by a scanner found; empty when there is none.
pub fn price(view: &View) -> Markup {
    match &view.till.price_check {
        Some(info) => price_card(view.locale, view.currency(), view.now_ms, info),
        None => html! {},
    }
}

/// Sales that wait to be recalled, at any till.
pub fn parked(view: &View) -> Markup {
    let t = view.locale.texts;
    let busy = view.basket().is_some() || !view.day_is_open();
    html! {
        @if view.screen.suspended.is_empty() { p .hint { (t.parked_none) } }
        @for row in &view.screen.suspended {
            button .found type="button" data-do="recall" data-txn=(row.txn) disabled[busy] {
                span .name { (visible(&row.first_article)) }
                span .price { (view.money(row.total)) }
                span .code { (fill(t.parked_by, &[&view.locale.clock(row.at.ms), row.by.as_str(), &lines_text(t, row.lines)])) }
                span .stock { (t.recall) }
            }
        }
    }
}

fn lines_text(t: &Texts, lines: u32) -> String {
    if lines == 1 { t.one_line.to_owned() } else { fill(t.many_lines, &[&lines.to_string()]) }
}

/// The business day, with the one act that cannot be undone: it asks once more.
pub fn day(view: &View) -> Markup {
    let t = view.locale.texts;
    let open = view.screen.workstations.values().filter(|till| till.basket.is_some()).count();
    let parked = view.screen.suspended.len();
    let uncounted = view.screen.workstations.values().filter(|till| till.cash.is_some()).count();
    html! {
        @match &view.screen.day {
            Day::Open { date, opened_at } => {
                p .fact { strong { (fill(t.day_open, &[&view.locale.date(*date)])) } " · " (view.locale.clock(opened_at.ms)) }
                @if open + parked > 0 { p .warn-text { (fill(t.day_close_blocked, &[&open.to_string(), &parked.to_string()])) } }
                @else { p { (t.day_close_hint) } }
                @if uncounted > 0 { p .warn-text { (fill(t.cash_panel.uncounted, &[&uncounted.to_string()])) } }
                button type="button" #day-close data-do="ask-close-day" { (icon("day")) (t.day_close_button) }
                button .danger type="button" #day-close-sure data-do="close-day" hidden { (t.day_close_sure) }
            }
            Day::Closed { last } => {
                p .fact { strong { (fill(t.day_closed_last, &[&view.locale.date(*last)])) } }
                button .primary type="button" data-do="open-day" { (icon("day")) (t.day_open_button) }
            }
            Day::NeverOpened => {
                p .fact { strong { (t.day_never) } }
                button .primary type="button" data-do="open-day" { (icon("day")) (t.day_open_button) }
            }
        }
        @for alarm in &view.screen.alarms { p .warn-text .alarm { (icon("stop")) (visible(alarm)) } }
    }
}

/// Look of this screen, kept in this browser only.
pub fn look(t: &Texts) -> Markup {
    html! {
        div .look {
            p { (t.look) }
            div {
                button type="button" data-look="auto" { (t.look_auto) }
                button type="button" data-look="light" { (t.look_light) }
                button type="button" data-look="dark" { (t.look_dark) }
                button type="button" data-size="toggle" { (t.look_large) }
                button type="button" data-mirror="toggle" { (t.look_mirror) }
            }
        }
    }
}

pub fn help(t: &Texts) -> Markup {
    html! {
        div .panel data-name="help" hidden {
            (panel_head(t, t.help_title))
            dl .fill .keys-list {
                @for (key, what) in t.help_keys { dt { kbd { (key) } } dd { (what) } }
            }
        }
    }
}
