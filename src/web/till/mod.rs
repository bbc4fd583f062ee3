//! The till page: one pure function from what the loop published to parts of HTML. Which key does what is in `assets/till.js`.
//!
//! Everything has its place and keeps it: the list and under it the acts on lines, at the right the total, one strip for
//! messages, the keypad and the ways to pay. What cannot be done now is greyed, never gone.

pub mod article;
mod card;
mod cash;
mod check;
mod customer;
mod gate;
mod more;
mod panels;
mod pay;
mod prices;
mod quick;
mod returns;
mod status;
mod weight;

pub use gate::{gate, who};
pub use panels::{price_card, search_results};
pub use status::printer_words;
pub use weight::weight_or_wait;

use maud::{Markup, html};

use super::layout::{document, visible};
use super::live::{Live, OrderNews, Rows};
use super::locale::Locale;
use super::texts::{Texts, fill};
use crate::ids::WorkstationId;
use crate::money::{Currency, Money, Qty};
use crate::node::screen::{Feedback, NextScan, Screen, TillScreen, Tone};
use crate::retail::SoldLine;
use crate::retail::basket::{Basket, BasketTotals};
use crate::retail::day::Day;
use crate::retail::event::PrintSubject;
use crate::retail::print::{OpenPrint, PrintState};

/// What a rendering may look at.
pub struct View<'a> {
    pub screen: &'a Screen,
    pub till: &'a TillScreen,
    pub workstation: &'a WorkstationId,
    pub locale: &'a Locale,
    /// Who the customer of the open sale is, for the staff alone.
    pub customer: Option<String>,
    pub now_ms: i64,
}

impl View<'_> {
    fn currency(&self) -> &Currency {
        &self.screen.rules.currency
    }
    fn money(&self, amount: Money) -> String {
        self.locale.money(self.currency(), amount)
    }
    fn basket(&self) -> Option<&Basket> {
        self.till.basket.as_deref()
    }
    fn totals(&self) -> BasketTotals {
        self.till.totals.clone().unwrap_or_default()
    }
    fn day_is_open(&self) -> bool {
        matches!(self.screen.day, Day::Open { .. })
    }
}

/// The whole page.
pub fn page(view: &View) -> Markup {
    let t = view.locale.texts;
    let live = live(view);
    let body = html! {
        div #till data-workstation=(view.workstation) data-exponent=(view.currency().exponent) data-decimal=(view.locale.decimal)
            data-revision=(live.revision) data-too-fine=(t.weight.too_fine) data-too-fine-hint=(t.weight.too_fine_hint) {
            header #head {
                h1 { span .ws { (fill(t.workstation, &[view.workstation.as_str()])) } span .store { (visible(&view.screen.store_name)) } }
                div #training { (live.part("training")) }
                div #status role="status" { (live.part("status")) }
                div #who { (live.part("who")) }
                button .quiet #sound type="button" hidden { (t.sound_locked) }
                button .quiet type="button" data-panel="day" { (icon("day")) (t.day) kbd { "F10" } }
                button .quiet type="button" data-panel="help" { (icon("help")) (t.help) kbd { "F1" } }
            }
            section #list aria-label=(t.column_article) {
                div .columns aria-hidden="true" {
                    span { (t.column_quantity) } span { (t.column_article) } span { (t.column_price) }
                }
                div #lines { (live.all_rows()) }
                div #under { (live.part("under")) }
                div #quick { (live.part("quick")) }
                div #panels hidden {
                    (panels::search(t))
                    div .panel data-name="parked" hidden { (panel_head(t, t.parked)) div #parked .fill { (live.part("parked")) } }
                    div .panel data-name="day" hidden { (panel_head(t, t.day)) div #day .fill { (live.part("day")) } (panels::look(t)) }
                    div .panel data-name="prices" hidden { (panel_head(t, t.prices.title)) div #prices .fill { (live.part("prices")) } }
                    div .panel data-name="more" hidden { (panel_head(t, t.more_panel.title)) div #more .fill { (live.part("more")) } }
                    div .panel data-name="quick" hidden { (quick::head(view)) div #quick-all .fill { (live.part("quick-all")) } }
                    div .panel data-name="customer" hidden { (customer::panel(view)) }
                    (panels::help(t))
                    div .panel data-name="return" hidden { (returns::entry(view)) }
                    div .panel data-name="cash" hidden { (panel_head(t, t.cash_panel.title)) div #till-cash .fill { (live.part("till-cash")) } }
                }
                div #price { (live.part("price")) }
                div #return { (live.part("return")) }
            }
            nav #line-acts aria-label=(t.column_article) { (live.part("line-acts")) }
            nav #acts aria-label=(t.till) { (live.part("acts")) }
            section #total aria-live="polite" { (live.part("total")) }
            section #strip aria-live="assertive" { (live.part("strip")) }
            section #keypad aria-label=(t.entry_empty) { (pay::keypad(view.locale)) }
            section #pay aria-label=(t.to_pay) { (live.part("pay")) }
            div #gate { (live.part("gate")) }
            (quick::price_question(view))
            p #news .unseen role="status" {}
            div #lost role="alert" hidden { strong { (t.lost_title) } span { (t.lost_hint) } }
        }
    };
    document(
        view.locale,
        &fill(t.workstation, &[view.workstation.as_str()]),
        "till",
        &["live.js", "gate.js", "till.js", "returns.js", "prices.js", "cash.js", "quick.js", "customer.js", "weight.js"],
        body,
    )
}

/// The parts that change.
pub fn live(view: &View) -> Live {
    let parts = vec![
        ("status", status::chips(view)),
        ("under", under(view)),
        ("line-acts", line_acts(view)),
        ("acts", acts(view)),
        ("total", pay::total(view)),
        ("strip", strip(view)),
        ("pay", pay::ways(view)),
        ("parked", panels::parked(view)),
        ("day", panels::day(view)),
        ("more", more::panel(view)),
        ("prices", prices::panel(view)),
        ("customer-now", customer::now(view)),
        ("price", panels::price(view)),
        ("return", returns::receipt(view)),
        ("post-void", returns::view_post_void(view)),
        ("who", gate::who(view)),
        ("gate", gate::gate(view)),
        ("quick", quick::row(view)),
        ("training", training(view)),
        ("quick-all", quick::panel(view)),
        ("till-cash", cash::panel(view)),
    ];
    Live {
        revision: view.screen.revision,
        language: view.locale.language,
        parts,
        rows: Some(lines(view)),
        signal: view.till.feedback.clone(),
        scans: Default::default(),
        news: Some(OrderNews::of(view.screen, view.locale.texts)),
    }
}

/// The lines of the open sale, or of the one that was just finished, pale.
fn lines(view: &View) -> Rows {
    let mut rows: Vec<(String, Markup)> = Vec::new();
    if let Some(basket) = view.basket() {
        let newest = basket.lines.iter().rev().find(|line| !line.voided).map(|line| line.sold.line);
        for line in basket.lines.iter().filter(|line| !line.voided) {
            rows.push((row_id(&line.sold), row(view, &line.sold, newest == Some(line.sold.line), false)));
        }
    } else if let Some(record) = &view.till.last {
        rows.extend(record.lines.iter().map(|line| (format!("d{}", row_id(line)), row(view, line, false, true))));
    }
    Rows { list: "lines", rows }
}

fn row_id(line: &SoldLine) -> String {
    format!("l-{}", line.line)
}

fn row(view: &View, line: &SoldLine, newest: bool, done: bool) -> Markup {
    let id = if done { format!("d{}", row_id(line)) } else { row_id(line) };
    let each = line.quantity != Qty::ONE || line.embedded_price.is_some();
    html! {
        div .row .newest[newest] .done[done] id=(id) data-line=[(!done).then_some(line.line)] data-quantity=(line.quantity.thousandths()) {
            span .quantity .weight[line.unit != crate::money::Unit::Piece] { (quantity(view.locale, line)) }
            span .name {
                span .text { (visible(&line.name)) }
                @if each { span .each { (unit_price(view, line)) } }
                @if let Some(marks) = marks(view, line) { span .each .marks { (visible(&marks)) } }
                @if let Some(note) = weight::line_note(view, line) { span .each .note { (note) } }
                @if let Some(note) = returns::line_note(view, line) { span .each .note { (visible(&note)) } }
                @for discount in &line.discounts {
                    span .each { (visible(&discount.text)) " " (view.money(discount.amount)) }
                }
            }
            span .price { (view.money(line.extended)) }
        }
    }
}

/// A weight that was found here is shown as the scale shows it.
pub fn quantity(locale: &Locale, line: &SoldLine) -> String {
    if line.weighed.is_some() { locale.weight(line.quantity) } else { locale.quantity(line.quantity, line.unit) }
}

/// Batch and serial number of the item, as its code says them.
fn marks(view: &View, line: &SoldLine) -> Option<String> {
    let t = view.locale.texts.last_day;
    let batch = line.batch.as_ref().map(|batch| fill(t.batch, &[batch]));
    let serial = line.serial.as_ref().map(|serial| fill(t.serial, &[serial]));
    let marks: Vec<String> = batch.into_iter().chain(serial).collect();
    (!marks.is_empty()).then(|| marks.join(" · "))
}

/// "1.29 each", "1.99 / kg".
fn unit_price(view: &View, line: &SoldLine) -> String {
    let price = view.money(line.unit_price);
    match line.unit.symbol() {
        "" => fill(view.locale.texts.column_each, &[&price]),
        symbol => format!("{price} / {symbol}"),
    }
}

/// In the head, with a frame around everything: nobody may take practice for a sale, or a sale for practice.
fn training(view: &View) -> Markup {
    html! { @if view.till.training { strong .training { (view.locale.texts.training.banner) } } }
}

/// What stands in the list when it is empty: whose move it is.
fn under(view: &View) -> Markup {
    let t = view.locale.texts;
    if view.basket().is_some() {
        return html! {};
    }
    if !view.day_is_open() {
        let last = match &view.screen.day {
            Day::Closed { last } => fill(t.day_closed_last, &[&view.locale.date(*last)]),
            Day::NeverOpened | Day::Open { .. } => t.day_never.to_owned(),
        };
        return html! {
            div .hint {
                h2 { (last) }
                p { (t.day_open_hint) }
                button .primary #open-day type="button" data-do="open-day" { (icon("day")) (t.day_open_button) }
            }
        };
    }
    if let Some(cash) = cash::in_the_way(view, view.till.last.is_some()) {
        return cash;
    }
    match &view.till.last {
        Some(record) => html! {
            div .finished {
                (icon("done")) (fill(t.sale_finished_number, &[&record.number.to_string()]))
                @if let Some(order) = record.lines.iter().find_map(|line| line.order.as_ref()) {
                    " · " (fill(t.orders.order_done, &[order.as_str()]))
                }
            }
        },
        None => html! { div .hint { h2 { (t.ready_title) } p { (t.ready_hint) } } },
    }
}

/// Acts on the chosen line, and undo.
fn line_acts(view: &View) -> Markup {
    let t = view.locale.texts;
    let basket = view.basket();
    let has_line = basket.is_some_and(|b| b.lines.iter().any(|line| !line.voided));
    let open = view.till.check.is_none() && basket.is_some_and(|b| b.tenders.is_empty() && b.card.is_none());
    let off = !(has_line && open);
    let nothing_to_undo = !(open && basket.is_some_and(|b| !b.undo.is_empty()));
    html! {
        button type="button" #act-less data-do="less" disabled[off] { span .sign { "\u{2212}1" } (t.fewer) }
        button type="button" #act-more data-do="more" disabled[off] { span .sign { "+1" } (t.more) }
        button type="button" #act-delete data-do="delete-line" disabled[off] { (icon("delete")) (t.delete_line) kbd { (t.key_delete) } }
        button .wide type="button" #act-undo data-do="undo" disabled[nothing_to_undo] { (icon("undo")) (t.undo) kbd { "F8" } }
    }
}

/// Acts on the sale as a whole.
fn acts(view: &View) -> Markup {
    let t = view.locale.texts;
    let basket = view.basket();
    let asks = view.till.check.is_some();
    let movable = !asks && basket.is_some_and(|b| b.tenders.is_empty() && b.card.is_none());
    let voidable = !asks && basket.is_some_and(|b| b.card.is_none());
    let armed = view.till.next_scan == NextScan::PriceCheck;
    let parked = view.screen.suspended.len();
    html! {
        button type="button" #act-search data-panel="search" { (icon("search")) (t.search) kbd { "F2" } }
        button type="button" #act-price data-do="price-check" aria-pressed=(armed) { (icon("price")) (t.price_check) kbd { "F3" } }
        button type="button" #act-park data-do="park" disabled[!movable || view.till.training] { (icon("park")) (t.park) kbd { "F4" } }
        button type="button" #act-parked data-panel="parked" {
            (icon("parked"))
            span { (t.parked) @if parked > 0 { span .count { (parked) } } }
            kbd { "F6" }
        }
        button type="button" #act-void data-do="void-sale" disabled[!voidable] { (icon("void")) (t.void_sale) kbd { "F7" } }
        button type="button" #act-reprint data-do="reprint" disabled[view.till.last.is_none()] { (icon("print")) (t.reprint) kbd { "F9" } }
        button type="button" #act-more-panel data-panel="more" { (icon("more")) (t.more_panel.word) kbd { "F11" } }
    }
}

/// One place for everything the cashier must read. The most pressing comes first; the style sheet shows only the first one,
/// and dismissing it lets the next one through.
fn strip(view: &View) -> Markup {
    let t = view.locale.texts;
    let card = view.basket().and_then(|basket| basket.card.as_ref());
    let error = view.till.feedback.as_ref().filter(|feedback| feedback.tone == Tone::Error);
    html! {
        @if let Some((card, at)) = card.and_then(|card| Some((card, card.terminal.as_ref()?))) { (card::strip(view, card, at)) }
        @else if let Some(card) = card.filter(|card| !card.amount.is_negative()) {
            div .say .warn { (icon("card")) p { strong { (fill(if view.till.training { t.training.card } else { t.card_running }, &[&view.money(card.amount)])) } span { (if view.till.training { t.training.card_hint } else { t.card_running_hint }) } } }
        }
        // What the check asks stands below until a scan was dropped; then the reason for that comes first.
        @if let Some(feedback) = error.filter(|feedback| !matches!(feedback.code.as_str(), "age_check_needed" | "past_its_date" | "recalled_item" | "weight_needed") || view.till.check.is_none() && feedback.code == "weight_needed") { (error_words(view, feedback)) }
        @if let Some(check) = &view.till.check { (check::words(view, check)) }
        (card::declined(view))
        @for print in prints_here(view) { (print_words(view, print)) }
        (next_scan_words(view))
        (returns::armed(view))
        (weight::tare_armed(view))
        @if let Some(feedback) = view.till.feedback.as_ref().filter(|f| f.tone != Tone::Error && !f.text.is_empty()) {
            div .say .calm {
                p { strong { (visible(&feedback.text)) } span { (visible(&feedback.remedy)) } }
                @if let Some(opens) = &feedback.opens {
                    button type="button" data-do="open-order" data-order=(opens.order) data-code=(opens.code) { (t.orders.open_order) }
                }
            }
        }
        @if let Some(terms) = view.basket().and_then(|basket| basket.order.as_ref()) {
            div .say .calm { p { strong { (fill(t.orders.pays_order, &[terms.order.as_str()])) } span { (t.orders.pays_order_hint) } } }
        }
        div .say .idle { p { span { (idle_words(view)) } } }
    }
}

fn idle_words(view: &View) -> &'static str {
    let t = view.locale.texts;
    if !view.day_is_open() {
        t.day_open_hint
    } else if view.till.training && view.basket().is_none() {
        t.training.hint
    } else if view.basket().is_none() && view.till.last.is_some() {
        t.change_hint
    } else {
        t.ready_hint
    }
}

fn error_words(view: &View, feedback: &Feedback) -> Markup {
    let t = view.locale.texts;
    let searchable = matches!(feedback.code.as_str(), "unknown_article" | "unknown_code" | "no_price" | "misread");
    html! {
        div .say .error data-serial=(feedback.serial) {
            (icon("stop"))
            p { strong { (visible(&feedback.text)) } span { (visible(&feedback.remedy)) } }
            @if searchable { button type="button" data-panel="search" { (t.search) } }
            @if let Some(line) = feedback.line { button type="button" #delete-recalled data-do="delete-named" data-line=(line) { (t.delete_line) } }
            (cash::remedy(view, &feedback.code).unwrap_or_default())
            (quick::sell_unknown(view, feedback))
            button type="button" data-do="dismiss" { (t.dismiss) }
        }
    }
}

fn next_scan_words(view: &View) -> Markup {
    let t = view.locale.texts;
    match view.till.next_scan {
        NextScan::Sell => html! {},
        NextScan::Times(quantity) => {
            let text = fill(t.times_armed, &[&view.locale.quantity(quantity, crate::money::Unit::Piece)]);
            html! { div .say .armed data-times=(quantity.thousandths()) { p { strong { (text) } } button type="button" data-do="sell-next" { (t.cancel) } } }
        }
        NextScan::Bag => html! {
            div .say .armed {
                p { strong { (t.cash_panel.bag_armed) } span { (t.cash_panel.bag_armed_hint) } }
                button type="button" data-do="sell-next" { (t.cancel) }
            }
        },
        NextScan::PriceCheck => html! {
            div .say .armed {
                (icon("price"))
                p { strong { (t.price_check_armed) } span { (t.price_check_armed_hint) } }
                button type="button" data-do="sell-next" { (t.cancel) }
            }
        },
    }
}

/// Papers of this workstation that wait for a person or for the printer, oldest first.
fn prints_here<'a>(view: &View<'a>) -> impl Iterator<Item = &'a OpenPrint> {
    let workstation = view.workstation.clone();
    // Labels are asked about where bags are packed.
    let waits = |print: &OpenPrint| !matches!(print.state, PrintState::Given) && !matches!(print.what, PrintSubject::BagLabel(_));
    view.screen.prints.iter().filter(move |print| print.workstation == workstation && waits(print))
}

fn print_words(view: &View, print: &OpenPrint) -> Markup {
    let t = view.locale.texts;
    let ask = |title: &str, hint: String, yes: &str, copy: &str| {
        html! {
            div .say .warn data-job=(print.job) {
                (icon("print"))
                p { strong { (title) } span { (hint) } }
                button type="button" data-do="settle" data-job=(print.job) data-answer="complete" { (yes) }
                button type="button" data-do="settle" data-job=(print.job) data-answer="print_copy" { (copy) }
            }
        }
    };
    let at = view.locale.clock(print.asked_at.ms);
    match &print.state {
        PrintState::Given => html! {},
        PrintState::Unknown { .. } => ask(t.print_question, fill(t.print_question_hint, &[&at]), t.print_yes, t.print_copy),
        PrintState::FailedClean { .. } => ask(t.print_failed, fill(t.print_failed_hint, &[&at]), t.print_not_needed, t.print_again),
        PrintState::HeldClean { cause } => html! {
            div .say .warn {
                (icon("print"))
                p { strong { (fill(t.print_held, &[status::cause_words(t, cause)])) } span { (t.print_held_hint) } }
            }
        },
    }
}

fn panel_head(t: &Texts, title: &str) -> Markup {
    html! {
        div .panel-head { h2 { (title) } button type="button" data-do="close-panel" { (t.close) kbd { "Esc" } } }
    }
}

/// A sign beside a word; the word carries the meaning.
pub fn icon(name: &str) -> Markup {
    let path = match name {
        "undo" => "M9 7 4 12l5 5M4 12h10a6 6 0 0 1 6 6v1",
        "delete" => "M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13M10 11v6M14 11v6",
        "search" => "M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13ZM15.5 15.5 21 21",
        "price" => "M3 12V4h8l10 10-8 8L3 12ZM7.5 8.5h.01",
        "age" => "M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8ZM4 21c0-4 3.5-6 8-6s8 2 8 6",
        "more" => "M5 5h5v5H5zM14 5h5v5h-5zM5 14h5v5H5zM14 14h5v5h-5z",
        "park" => "M8 5v14M16 5v14",
        "parked" => "M4 6h16M4 12h16M4 18h10",
        "void" => "M6 6l12 12M18 6 6 18",
        "print" => "M7 9V3h10v6M7 17H4v-7h16v7h-3M7 14h10v7H7z",
        "day" => {
            "M12 7a5 5 0 1 0 0 10 5 5 0 0 0 0-10ZM12 1v3M12 20v3M1 12h3M20 12h3M4.2 4.2l2.1 2.1M17.7 17.7l2.1 2.1M4.2 19.8l2.1-2.1M17.7 6.3l2.1-2.1"
        }
        "clock" => "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18ZM12 7v5l3.5 2",
        "lock" => "M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3M12 15v2",
        "approve" => "M12 3a4 4 0 1 0 0 8 4 4 0 0 0 0-8ZM4 21a8 8 0 0 1 10-7.7M15 18l2.5 2.5L22 16",
        "help" => "M9 9a3 3 0 1 1 4.2 2.7c-.9.5-1.2 1-1.2 2.3M12 18h.01",
        "training" => "M2 9l10-5 10 5-10 5ZM6 11.5V16c3 2.7 9 2.7 12 0v-4.5M22 9v6",
        "card" => "M2 6h20v13H2zM2 10h20M6 15h4",
        "cash" => "M2 6h20v12H2zM12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6ZM5 9v.01M19 15v.01",
        "stop" => "M8 2h8l6 6v8l-6 6H8l-6-6V8zM12 7v6M12 17h.01",
        "done" => "M4 13l5 5L20 6",
        "offline" => "M3 3l18 18M5 9a11 11 0 0 1 4-2M19 9a11 11 0 0 0-6-2.6M8.5 13a5 5 0 0 1 3-1.5M12 18h.01",
        "online" => "M3 9a13 13 0 0 1 18 0M6.5 13a8 8 0 0 1 11 0M12 18h.01",
        "scale" => "M3 5h18M5 5c0 4 3 6 7 6s7-2 7-6M12 11v4M5 15h14v5H5zM10 18h4",
        "bag" => "M5 8h14l1 13H4zM9 8V6a3 3 0 0 1 6 0v2",
        "scan" => "M4 5v14M8 5v14M11 5v14M15 5v14M18 5v14M20 5v14",
        _ => "",
    };
    html! {
        svg .icon viewBox="0 0 24 24" width="24" height="24" aria-hidden="true" { path d=(path) {} }
    }
}
