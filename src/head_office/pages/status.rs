//! What a customer sees of an order by its secret link: where it stands by the store's record, in plain words and the order's language. No name but
//! initials; the code only while there is something to collect.

use maud::{DOCTYPE, Markup, html};

use super::frame::visible;
use super::orders::qr;
use super::status_texts::{ENGLISH, GERMAN, StatusTexts};
use crate::document::{Language, Locale};
use crate::head_office::config::HeadOfficeConfig;
use crate::head_office::db::{self, Connection, OptionalExtension};
use crate::head_office::office_events::{self, OfficeEvent};
use crate::head_office::orders::{self, CustomerCode, OrderRow};
use crate::head_office::service::{self, Heard};
use crate::ids::OrderNo;
use crate::money::Qty;
use crate::web::assets::address;

/// What is over is shown for so long.
const SHOWN_AFTER_MS: i64 = 30 * 86_400_000;

pub struct Facts {
    row: OrderRow,
    code: Option<CustomerCode>,
    store_name: String,
    language: String,
    changes: Vec<Change>,
    heard: Heard,
    now_ms: i64,
}

/// How what the customer gets is not as ordered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    Instead { line: u64, quantity: Qty, article: String, of: String, at_counter: bool },
    Missing { line: u64, quantity: Qty, article: String, later: bool, at_counter: bool },
}

impl Change {
    fn line(&self) -> u64 {
        match self {
            Change::Instead { line, .. } | Change::Missing { line, .. } => *line,
        }
    }

    fn is_at_counter(&self) -> bool {
        match self {
            Change::Instead { at_counter, .. } | Change::Missing { at_counter, .. } => *at_counter,
        }
    }
}

/// `None`: it is over for so long that nothing is shown any more.
pub fn facts(connection: &Connection, order: &OrderNo, now_ms: i64) -> db::Result<Option<Facts>> {
    let Some((row, _, code)) = orders::find(connection, order)? else { return Ok(None) };
    if row.is_over() && row.state_at_ms.is_some_and(|at_ms| at_ms + SHOWN_AFTER_MS < now_ms) {
        return Ok(None);
    }
    let named: Option<String> = connection
        .prepare_cached("SELECT name FROM stores WHERE store = ?1")?
        .query_row([row.store.as_str()], |row| row.get(0))
        .optional()?;
    let steps = office_events::of_order(connection, order.as_str(), service::ENTRIES_MAX)?;
    Ok(Some(Facts {
        store_name: named.unwrap_or_else(|| row.store.clone()),
        language: service::customer(connection, order)?.map(|placed| placed.language).unwrap_or_default(),
        changes: changes(&steps),
        heard: service::heard(connection, &row.store)?,
        code: code.filter(|_| !row.cancelled && row.expires_ms > now_ms),
        row,
        now_ms,
    }))
}

/// What became of lines, as it stands after all that happened. Steps in the order in which they came.
pub fn changes(steps: &[OfficeEvent]) -> Vec<Change> {
    let mut changes: Vec<Change> = Vec::new();
    for step in steps {
        let text = |key: &str| step.data[key].as_str().unwrap_or_default().to_owned();
        let (line, quantity) = (step.data["line"].as_u64().unwrap_or_default(), Qty::parse(&text("quantity")).unwrap_or(Qty::ZERO));
        match step.kind.as_str() {
            "order.replaced" => changes.clear(),
            "order.line_reset" => changes.retain(|change| change.line() != line),
            "order.hand_over_taken_back" => changes.retain(|change| !change.is_at_counter()),
            "order.line_substituted" | "order.line_replaced" => {
                let (article, of, at_counter) = (text("instead"), text("name"), step.kind == "order.line_replaced");
                add(&mut changes, Change::Instead { line, quantity, article, of, at_counter });
            }
            "order.line_short" => {
                add(&mut changes, Change::Missing { line, quantity, article: text("name"), later: false, at_counter: false })
            }
            "order.line_missed" => {
                let (article, later) = (text("name"), text("then") == "later");
                add(&mut changes, Change::Missing { line, quantity, article, later, at_counter: true });
            }
            _ => {}
        }
    }
    changes
}

/// Piece by piece it was scanned; it reads as one.
fn add(changes: &mut Vec<Change>, new: Change) {
    for known in changes.iter_mut() {
        match (known, &new) {
            (
                Change::Instead { line, quantity, article, at_counter, .. },
                Change::Instead { line: of, quantity: more, article: other, at_counter: too, .. },
            ) if line == of && article == other && at_counter == too => {
                *quantity += *more;
                return;
            }
            (
                Change::Missing { line, quantity, later, at_counter, .. },
                Change::Missing { line: of, quantity: more, later: also, at_counter: too, .. },
            ) if line == of && later == also && at_counter == too => {
                *quantity += *more;
                return;
            }
            _ => {}
        }
    }
    changes.push(new);
}

pub fn page(config: &HeadOfficeConfig, facts: &Facts) -> Markup {
    let Facts { row, code, store_name, changes, heard, now_ms, .. } = facts;
    let locale = Locale::from_tag(&facts.language).or_else(|| Locale::from_tag(facts.language.split('-').next().unwrap_or_default()));
    let locale = locale.unwrap_or(config.locale);
    let texts = match locale.language {
        Language::English => &ENGLISH,
        Language::German => &GERMAN,
    };
    let moment = |ms: i64| {
        let offset_min = jiff::Timestamp::from_millisecond(ms).map_or(0, |at| config.time_zone.to_offset(at).seconds() / 60);
        locale.moment(ms, offset_min).unwrap_or_default()
    };
    let is_waiting = !row.is_over() && !row.cancelled;
    let is_ready = matches!(row.state.as_str(), "staged" | "part_handed_over");
    let body = html! {
        p .shop { (visible(&config.name)) }
        h1 { (texts.order) " " span .number { (row.order) } }
        section .state.good[is_waiting && is_ready].over[!is_waiting] {
            p .headline { (headline(texts, row)) }
            @if is_waiting && !is_ready && row.promised_ms < *now_ms { p { (texts.late) } }
            @if !is_waiting && row.state != "handed_over" { p { (texts.over_how) } }
        }
        @if let Some(code) = code {
            section .code {
                p { @if row.state == "part_handed_over" { (texts.part_how) } @else { (texts.ready_how) } }
                div .picture role="group" aria-label=(texts.code) { @if let Some(picture) = qr(&code.token) { (picture) } }
                p .digits { span .label { (texts.number) } " " strong { (code.number) } }
            }
        }
        dl {
            div { dt { (texts.shop) } dd { (visible(store_name)) } }
            @if !row.initials.is_empty() { div { dt { (texts.initials) } dd { (visible(&row.initials)) } } }
            @if is_waiting && !is_ready { div { dt { (texts.ready_by) } dd { (moment(row.promised_ms)) } } }
            @if is_waiting && is_ready { div { dt { (texts.kept_until) } dd { (moment(row.expires_ms)) } } }
        }
        @if !changes.is_empty() {
            section {
                h2 { (texts.changed) }
                ul { @for change in changes { li { (change_words(texts, &locale, change)) } } }
            }
        }
        @if let Some(at_ms) = heard.last_contact_ms { p .heard { (texts.heard) ": " (moment(at_ms)) } }
    };
    whole(texts.tag, &format!("{} {}", texts.order, row.order), true, body)
}

fn headline(texts: &StatusTexts, row: &OrderRow) -> &'static str {
    match row.state.as_str() {
        "handed_over" => texts.handed_over,
        "cancelled" => texts.cancelled,
        "expired" => texts.expired,
        "declined" => texts.declined,
        "refused" => texts.refused,
        _ if row.cancelled => texts.cancelling,
        "accepted" => texts.accepted,
        "picking" | "picked" => texts.picking,
        "staged" => texts.ready,
        "part_handed_over" => texts.part,
        _ => texts.taken,
    }
}

fn change_words(texts: &StatusTexts, locale: &Locale, change: &Change) -> String {
    let number = |quantity: &Qty| match locale.language {
        Language::English => quantity.plain(),
        Language::German => quantity.plain().replace('.', ","),
    };
    match change {
        Change::Instead { quantity, article, of, .. } => (texts.instead)(&number(quantity), &visible(article), &visible(of)),
        Change::Missing { quantity, article, later: true, .. } => (texts.later)(&number(quantity), &visible(article)),
        Change::Missing { quantity, article, later: false, .. } => (texts.missing)(&number(quantity), &visible(article)),
    }
}

/// Nobody knows whose language it is.
pub fn unknown() -> Markup {
    both(
        "We do not know this link",
        "Diesen Link kennen wir nicht",
        "Open it from the newest message that you got.",
        "Öffnen Sie ihn aus der neuesten Nachricht.",
    )
}

pub fn too_many() -> Markup {
    both(
        "Too many tries",
        "Zu viele Versuche",
        "Wait a minute, then try again.",
        "Warten Sie eine Minute und versuchen Sie es dann noch einmal.",
    )
}

pub fn trouble() -> Markup {
    both("Just a moment", "Einen Augenblick", "Try again in a minute.", "Versuchen Sie es in einer Minute noch einmal.")
}

fn both(english: &str, german: &str, english_how: &str, german_how: &str) -> Markup {
    let body = html! {
        section .state.over { p .headline { (english) } p { (english_how) } }
        section .state.over lang="de" { p .headline { (german) } p { (german_how) } }
    };
    whole("en", english, false, body)
}

fn whole(tag: &str, title: &str, refreshes: bool, body: Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang=(tag) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="robots" content="noindex, nofollow, noarchive";
                meta name="referrer" content="no-referrer";
                @if refreshes { meta http-equiv="refresh" content="60"; }
                title { (title) }
                link rel="icon" href=(address("icon.svg")) type="image/svg+xml";
                link rel="stylesheet" href=(address("status.css"));
            }
            body { main { (body) } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value as Json, json};

    fn check(steps: &[(&str, Json)], expect: &[&str]) {
        let step = |(kind, data): &(&str, Json)| OfficeEvent {
            id: 1,
            kind: format!("order.{kind}"),
            store: String::new(),
            order: String::new(),
            at_ms: 0,
            known_ms: 0,
            who: String::new(),
            data: data.clone(),
        };
        let steps: Vec<OfficeEvent> = steps.iter().map(step).collect();
        let locale = Locale::from_tag("de").unwrap();
        let words: Vec<String> = changes(&steps).iter().map(|change| change_words(&GERMAN, &locale, change)).collect();
        assert_eq!(words, expect);
    }

    #[test]
    fn what_is_not_as_ordered_is_what_stands_in_the_end() {
        let short =
            |line: u32, quantity: &str| ("line_short", json!({ "line": line, "name": "Milch", "quantity": quantity, "why": "not_there" }));
        let instead = ("line_substituted", json!({ "line": 1, "name": "Milch", "instead": "Hafer", "quantity": "1" }));
        check(&[short(1, "2")], &["2 × Milch fehlt"]);
        check(&[instead.clone(), instead.clone(), short(1, "0.5")], &["2 × Hafer statt Milch", "0,5 × Milch fehlt"]);
        check(&[instead.clone(), short(2, "1"), ("line_reset", json!({ "line": 1 }))], &["1 × Milch fehlt"]);
        check(&[short(1, "1"), ("replaced", json!({ "version": 2 }))], &[]);
        let missed = ("line_missed", json!({ "line": 1, "name": "Milch", "quantity": "1", "why": "damaged", "then": "later" }));
        check(std::slice::from_ref(&missed), &["1 × Milch folgt später"]);
        check(&[instead, missed, ("hand_over_taken_back", json!({}))], &["1 × Hafer statt Milch"]);
    }
}
