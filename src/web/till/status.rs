//! The header's chips: printer, line to head office, age of the prices. Words first, colour second.

use maud::{Markup, html};

use super::{View, icon};
use crate::device::{DeviceKind, DeviceState, DeviceStatus, Paper};
use crate::retail::Feed;
use crate::retail::print::PrintState;
use crate::web::layout::visible;
use crate::web::live::OrderNews;
use crate::web::texts::{Texts, fill};

/// Prices older than this get a note.
const PRICES_MS_OLD: i64 = 24 * 3_600_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    Good,
    Warn,
    Bad,
}

impl Mood {
    fn class(self) -> &'static str {
        match self {
            Mood::Good => "good",
            Mood::Warn => "warn",
            Mood::Bad => "bad",
        }
    }
}

pub fn chips(view: &View) -> Markup {
    let t = view.locale.texts;
    html! {
        @if !view.screen.alarms.is_empty() {
            a .chip .bad href="/devices" title=(view.screen.alarms.iter().map(|alarm| visible(alarm)).collect::<Vec<_>>().join(" · ")) { (icon("stop")) (t.alarm) }
        }
        (new_orders(view))
        (link(view))
        (prices(view))
        (scanners(view))
        (super::weight::chip(view))
        (printer(view))
    }
}

/// Orders that nobody has begun, and the way to them.
fn new_orders(view: &View) -> Markup {
    let news = OrderNews::of(view.screen, view.locale.texts);
    html! {
        @if news.waiting > 0 {
            a .chip .warn #new-orders href=(format!("/orders/{}", view.workstation)) aria-label=(news.words) {
                (icon("bag")) (fill(view.locale.texts.orders.news_chip, &[&news.waiting.to_string()]))
            }
        }
    }
}

fn printer(view: &View) -> Markup {
    let t = view.locale.texts;
    let Some(name) = view.screen.rules.workstation(view.workstation).and_then(|rules| rules.receipt_printer.as_ref()) else {
        return html! { span .chip { (icon("print")) (t.printer_none) } };
    };
    let status = view.screen.devices.iter().find(|device| device.name == *name);
    let (mood, words) = status.map_or((Mood::Warn, t.printer_offline), |status| printer_words(t, status));
    let waiting = view.screen.prints.iter().filter(|print| print.printer == *name && !matches!(print.state, PrintState::Given)).count();
    let text = if waiting == 0 { words.to_owned() } else { fill(t.printer_waiting, &[words, &waiting.to_string()]) };
    let drawer = status.and_then(|status| status.drawer_open);
    let drawer = drawer.map(|open| if open { "open" } else { "closed" });
    let hint = status.map(|status| visible(&status.hint)).filter(|hint| !hint.is_empty());
    html! { span .chip .(mood.class()) #printer-chip data-drawer=[drawer] title=[hint] { (icon("print")) (text) } }
}

/// How a printer is, for the chip and for the devices page.
pub fn printer_words(t: &Texts, status: &DeviceStatus) -> (Mood, &'static str) {
    match &status.state {
        DeviceState::Ready | DeviceState::Busy if status.paper == Some(Paper::Low) => (Mood::Warn, t.printer_low),
        DeviceState::Ready => (Mood::Good, t.printer_ready),
        DeviceState::Busy => (Mood::Good, t.printer_busy),
        DeviceState::Absent | DeviceState::Starting => (Mood::Bad, t.printer_offline),
        DeviceState::Attention { cause } => (Mood::Bad, cause_words(t, cause)),
        DeviceState::Fault { .. } => (Mood::Bad, t.printer_fault),
    }
}

/// A device's short cause in words.
pub fn cause_words(t: &Texts, cause: &str) -> &'static str {
    match cause {
        "paper_out" => t.printer_out,
        "cover_open" => t.printer_cover,
        "cutter" => t.printer_fault,
        _ => t.printer_offline,
    }
}

fn scanners(view: &View) -> Markup {
    let t = view.locale.texts;
    let here = |device: &&DeviceStatus| device.kind == DeviceKind::Scanner && device.workstation.as_ref() == Some(view.workstation);
    let mut scanners = view.screen.devices.iter().filter(here).peekable();
    if scanners.peek().is_none() {
        return html! {};
    }
    // A scanner that works is noticed by scanning; only trouble needs a word.
    let well = scanners.all(|device| matches!(device.state, DeviceState::Ready | DeviceState::Busy));
    html! { @if !well { span .chip .bad { (icon("scan")) (t.scanner_trouble) } } }
}

fn link(view: &View) -> Markup {
    let t = view.locale.texts;
    let link = &view.screen.link;
    let waiting = link.transactions_waiting.to_string();
    if link.online {
        return html! { span .chip .good { (icon("online")) (t.online) } };
    }
    let text = match (link.since_ms, link.transactions_waiting) {
        (0, _) => fill(t.offline_never, &[&waiting]),
        (since, 1) => fill(t.offline_one, &[&view.locale.clock(since)]),
        (since, _) => fill(t.offline, &[&view.locale.clock(since), &waiting]),
    };
    // Offline is a state, not an error: no alarm colour.
    html! { span .chip .offline title=(t.offline_means) { (icon("offline")) (text) } }
}

fn prices(view: &View) -> Markup {
    let t = view.locale.texts;
    match view.screen.feeds.iter().find(|feed| feed.feed == Feed::Catalogue) {
        None => html! { span .chip .warn { (icon("price")) (t.no_prices) } },
        Some(feed) => {
            let known_ms = feed.confirmed_ms.unwrap_or(feed.adopted_at.ms).max(feed.adopted_at.ms);
            let date = view.locale.today(known_ms).map_or_else(|| "?".to_owned(), |date| view.locale.day_and_month(date));
            html! {
                @if view.now_ms - known_ms > PRICES_MS_OLD {
                    span .chip .warn { (icon("price")) (fill(t.prices_from, &[&date])) }
                }
            }
        }
    }
}
