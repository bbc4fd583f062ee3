//! Customer service: one field to find an order by, the open issues, and the story of an order with what can be done about it.

use maud::{Markup, html};
use serde_json::Value as Json;

use super::frame::{Frame, encoded, visible};
use super::orders::{Told, state, told_section};
use super::service_parts;
use crate::head_office::access::{self, Via};
use crate::head_office::office_events::OfficeEvent;
use crate::head_office::order_notes::{IssueChange, IssueRow, NewIssue, NewNote, NoteRow, Status};
use crate::head_office::service::{Found, Receipt, Story};
use crate::money::{Currency, Money};

/// What came here so much later than it happened is marked.
const LATE_MS: i64 = 120_000;
/// A store that has not called for so long may know more than is shown.
const SILENT_MS: i64 = 120_000;
const DAY_MS: i64 = 86_400_000;

pub struct Facts {
    pub asked: String,
    pub found: Vec<Found>,
    pub next: Option<String>,
    pub issues: Vec<IssueRow>,
}

fn search_form(asked: &str) -> Markup {
    html! {
        form .tools.search method="get" action="/service" role="search" {
            label { "Find an order " input type="search" name="q" size="38" maxlength="100" value=(asked) autocomplete="off" placeholder="order or receipt number, name, e-mail, telephone"; }
            button { "Find" }
        }
    }
}

pub fn page(frame: &Frame, facts: &Facts) -> Markup {
    let body = html! {
        @if !facts.asked.is_empty() { (results(frame, facts)) }
        section #issues {
            h2 { "Open issues" }
            @if facts.issues.is_empty() { p .empty { "None. Find an order above to open one." } } @else { (issue_table(frame, &facts.issues)) }
        }
    };
    frame.page("Customer service", search_form(&facts.asked), body)
}

fn results(frame: &Frame, facts: &Facts) -> Markup {
    html! {
        section #found {
            h2 { "Orders" }
            @if facts.found.is_empty() {
                p .empty { "Nothing was found. Two letters or digits are the least; the beginning of a name or number will do. A receipt number is found once it paid an order and the store’s record has come here." }
            } @else {
                table .wide {
                    thead { tr { th { "Order" } th { "Customer" } th { "Store" } th { "State" } th .n { "Placed" } th .n { "Promised" } } }
                    tbody {
                        @for Found { row, name } in &facts.found {
                            tr {
                                td data-label="Order" { a href=(format!("/service/{}", encoded(&row.order))) { code { (row.order) } } }
                                td data-label="Customer" { (visible(name)) }
                                td data-label="Store" { (visible(&row.store)) }
                                td data-label="State" { (state(row)) }
                                td .n data-label="Placed" { span title=(frame.time(row.placed_ms)) { (frame.ago(row.placed_ms)) } }
                                td .n data-label="Promised" { (frame.time(row.promised_ms)) }
                            }
                        }
                    }
                }
                @if let Some(next) = &facts.next {
                    p .tools.pager { a .button href=(format!("/service?q={}&cursor={}", encoded(&facts.asked), encoded(next))) { "Older ones" } }
                }
            }
        }
    }
}

fn issue_table(frame: &Frame, issues: &[IssueRow]) -> Markup {
    html! {
        table .wide {
            thead { tr { th { "Issue" } th { "Order" } th { "Owner" } th { "Status" } th .n { "Due" } th .n { "Opened" } } }
            tbody {
                @for issue in issues {
                    tr {
                        td data-label="Issue" { a href=(format!("/service/{}#issue-{}", encoded(&issue.order), issue.issue)) { (first_words(&issue.title)) } }
                        td data-label="Order" { code { (issue.order) } }
                        td data-label="Owner" { (visible(&issue.owner)) }
                        td data-label="Status" { (status(&issue.status)) }
                        td .n data-label="Due" { (due(frame, issue)) }
                        td .n data-label="Opened" { span title=(frame.time(issue.opened_ms)) { (frame.ago(issue.opened_ms)) } }
                    }
                }
            }
        }
    }
}

fn first_words(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let cut: String = line.chars().take(80).collect();
    if cut.len() < text.len() { format!("{} …", visible(&cut)) } else { visible(&cut) }
}

fn status(name: &str) -> Markup {
    html! {
        @match name {
            "open" => span .state.warn { "open" },
            "waiting" => span .tag { "waiting" },
            other => span .dim { (other) },
        }
    }
}

fn due(frame: &Frame, issue: &IssueRow) -> Markup {
    html! {
        @match issue.due_ms {
            Some(due_ms) if issue.status != "solved" && due_ms < frame.now_ms => span .state.bad title=(frame.time(due_ms)) { "⚠ overdue" },
            Some(due_ms) => (frame.time(due_ms)),
            None => span .dim { "–" },
        }
    }
}

/// One order.
pub fn story(frame: &Frame, story: &Story, told: &[Told], typed: &Forms) -> Markup {
    let (row, lines, code) = &story.whole;
    let base = format!("/service/{}", encoded(&row.order));
    let tools = html! {
        (search_form(""))
        span .acts {
            @if story.can_be_cancelled { a .button href=(format!("{base}/cancel")) { "Cancel" } }
            @if story.has_goods { a .button href=(format!("{base}/return")) { "Return" } }
            a .button href=(format!("{base}/refund")) { "Refund" }
        }
    };
    let body = html! {
        @if story.placed.is_some() || story.parts.is_empty() { (heard(frame, story)) }
        div .columns {
            section #timeline {
                h2 { "What happened" }
                ol .steps { @for step in &story.steps { (step_line(frame, story, step)) } @for receipt in &story.receipts { (receipt_line(frame, receipt)) } }
            }
            div {
                section #customer {
                    h2 { "Customer and goods" }
                    dl .facts {
                        dt { "State" } dd { (state(row)) @if !row.note.is_empty() { span .dim { ": " (visible(&row.note)) } } }
                        @if let Some(placed) = &story.placed {
                            @if !placed.name.is_empty() { dt { "Name" } dd { (visible(&placed.name)) } }
                            @if !placed.email.is_empty() { dt { "E-mail" } dd { (visible(&placed.email)) } }
                            @if !placed.phone.is_empty() { dt { "Telephone" } dd { (visible(&placed.phone)) } }
                            @if let Some(customer) = &placed.customer { dt { "Reference" } dd { (visible(customer)) } }
                        }
                        dt { @if story.placed.is_some() { "Store" } @else { "From" } } dd { (visible(&story.store_name)) @if story.store_name != row.store { " " span .dim { (visible(&row.store)) } } }
                        dt { "Promised" } dd { (frame.time(row.promised_ms)) }
                        @if story.placed.is_some() { dt { "Kept until" } dd { (frame.time(row.expires_ms)) } }
                        @if let Some(code) = code { dt { "Number" } dd { strong { (code.number) } " " a .more href=(format!("/orders/{}", row.order)) { "the code" } } }
                    }
                    @if !lines.is_empty() { table .sums {
                        thead { tr { th { "Article" } th .n { "Quantity" } @if lines.iter().any(|line| line.price.is_some()) { th .n { "Price" } } } }
                        tbody {
                            @for line in lines {
                                tr {
                                    td { (visible(&line.name)) " " span .dim { code { (visible(line.sku.as_str())) } } }
                                    td .n { (line.quantity.plain()) " " (line.unit.symbol()) }
                                    @if let Some(price) = &line.price { td .n { (frame.money(price.unit_price.minor(), frame.currency())) } }
                                }
                            }
                        }
                    } }
                }
                @if !story.parts.is_empty() { (service_parts::section(frame, &story.parts, &row.order)) }
                section #issues {
                    h2 { "Issues" }
                    @if story.issues.is_empty() { p .dim { "None." } }
                    @for issue in &story.issues { (issue_card(frame, issue, &story.notes)) }
                }
                section #notes {
                    h2 { "Notes" }
                    @let notes: Vec<&NoteRow> = story.notes.iter().filter(|note| note.issue.is_none()).collect();
                    @if notes.is_empty() { p .dim { "None." } }
                    @for note in notes { (note_card(frame, note, &story.notes, &base)) }
                }
            }
        }
        (told_again(frame, told, &base))
    };
    let body = html! { (body) };
    frame.page_with_forms(&format!("Order {}", row.order), tools, body, forms(&base, typed))
}

/// How far what is shown can be believed.
fn heard(frame: &Frame, story: &Story) -> Markup {
    html! {
        p .note {
            @match story.heard.last_contact_ms {
                None => { "The store has not called yet: nothing is known of it but what head office did itself." }
                Some(at) if frame.now_ms - at > SILENT_MS => {
                    span .state.warn { "⚠ As of " (frame.ago(at)) } " The store does not call just now; it goes on by itself, and what it did since comes when its line is back."
                }
                Some(at) if story.heard.waiting > 0 => {
                    "As of " (frame.ago(at)) "; " (frame.count(story.heard.waiting)) " records of the store are still on their way."
                }
                Some(at) => { "As of " (frame.ago(at)) ", by the store’s own record." }
            }
        }
    }
}

fn step_line(frame: &Frame, story: &Story, step: &OfficeEvent) -> Markup {
    let late_ms = step.known_ms - step.at_ms;
    html! {
        li .step {
            span .when title=(frame.time(step.at_ms)) { (frame.time(step.at_ms)) }
            span .what {
                strong { (words(frame, step)) }
                span .dim {
                    " " (place(story, step))
                    @if !step.who.is_empty() { ", by " (visible(&step.who)) }
                    @if late_ms > LATE_MS { " · came here " (span_of(late_ms)) " later" }
                }
            }
        }
    }
}

fn span_of(ms: i64) -> String {
    match ms / 60_000 {
        minutes @ 0..=99 => format!("{minutes} min"),
        minutes @ 100..=2_879 => format!("{} h", minutes / 60),
        minutes => format!("{} days", minutes / 1_440),
    }
}

/// Where it was done.
fn place(story: &Story, step: &OfficeEvent) -> String {
    match step.kind.as_str() {
        "order.placed" | "order.changed" => "for the channel".to_owned(),
        kind if kind.starts_with("message.") || kind.starts_with("note.") || kind.starts_with("issue.") => "at head office".to_owned(),
        "order.cancel_asked" | "refund.asked" | "return.opened" | "return.closed" => "at head office".to_owned(),
        _ if step.store != story.whole.0.store => format!("at {}", visible(&step.store)),
        kind if kind.starts_with("part.") => format!("at {}", visible(&story.store_name)),
        _ => format!("in {}", visible(&story.store_name)),
    }
}

fn text<'a>(data: &'a Json, key: &str) -> &'a str {
    data[key].as_str().unwrap_or_default()
}

/// "damaged" of `"damaged"`, "by hand: scanner" of `{"by_hand": "scanner"}`.
fn plain(value: &Json) -> String {
    match value {
        Json::String(text) => text.replace('_', " "),
        Json::Object(fields) => {
            fields.iter().next().map(|(key, value)| format!("{}: {}", key.replace('_', " "), plain(value))).unwrap_or_default()
        }
        other => other.to_string(),
    }
}

/// A step in plain words.
fn words(frame: &Frame, step: &OfficeEvent) -> String {
    let data = &step.data;
    let name = || visible(text(data, "name"));
    let quantity = || text(data, "quantity").to_owned();
    let version = || data["version"].to_string();
    let money = || frame.money(data["amount"].as_i64().unwrap_or_default(), frame.currency());
    let lines = data["lines"].as_u64().unwrap_or_default();
    let lines = if lines == 1 { "1 line".to_owned() } else { format!("{lines} lines") };
    match step.kind.as_str() {
        "order.placed" if data["promised"] == true => format!("Placed with {lines}, promised: rights of the store cover it"),
        "order.placed" => format!("Placed with {lines}; the store has to say whether it can"),
        "order.changed" => format!("Changed to version {} with {lines}", version()),
        "order.cancel_asked" => "Cancel taken and said to the store".to_owned(),
        "order.received" => "Came to the store".to_owned(),
        "order.replaced" => format!("The store has version {}", version()),
        "order.accepted" if data["automatic"] == true => "Accepted, the shelf covers it".to_owned(),
        "order.accepted" => "Accepted".to_owned(),
        "order.picking" => "Picking begun".to_owned(),
        "order.line_substituted" => format!("{} {} taken instead of {}", quantity(), visible(text(data, "instead")), name()),
        "order.line_short" => format!("{} {} short: {}", quantity(), name(), plain(&data["why"])),
        "order.line_reset" => format!("{} picked anew", name()),
        "order.picked" if data["bags"] == 1 => "Picked into 1 bag".to_owned(),
        "order.picked" => format!("Picked into {} bags", data["bags"]),
        "order.bag_staged" => format!("Bag {} put to {}", data["bag"], visible(text(data, "place"))),
        "order.ready" => "Ready for the customer".to_owned(),
        "order.handed_over" | "order.part_handed_over" => {
            let part = if step.kind == "order.handed_over" { "Handed over" } else { "A part handed over" };
            let age = data["age_checked"].as_u64().map(|age| format!(", age {age} checked")).unwrap_or_default();
            format!("{part}, shown by: {}{age}", plain(&data["proof"]))
        }
        "order.line_missed" => format!("{} {} not handed over ({}): {}", quantity(), name(), plain(&data["why"]), plain(&data["then"])),
        "order.line_replaced" => {
            format!("{} {} handed over instead of {} {}", quantity(), visible(text(data, "instead")), text(data, "old"), name())
        }
        "order.refund_asked" => format!("{} to be refunded by the channel: paid there, not handed over", money()),
        "order.paid_elsewhere" => "Paid at a till when the order was another node’s already".to_owned(),
        "order.hand_over_taken_back" => "Hand-over taken back".to_owned(),
        "order.rest_missed" => "The rest was not found: handed over as far as it went".to_owned(),
        "order.declined" => "The customer did not want it".to_owned(),
        "order.refused" => format!("Refused by the store: {}", plain(&data["why"])),
        "order.cancelled" => "Cancelled in the store".to_owned(),
        "order.cancel_too_late" => "The cancel came after the hand-over".to_owned(),
        "order.expired" => "Expired, nobody came".to_owned(),
        "order.change_too_late" => format!("Version {} came too late: it was {}", version(), plain(&data["state"])),
        "order.contradicted" => format!("Version {} came with two contents; the first one counts", version()),
        "return.opened" => "Return opened: the goods have to come back".to_owned(),
        "return.closed" => "Return closed".to_owned(),
        "refund.asked" => format!("Refund of {} asked of the order desk", money()),
        "message.sent" if text(data, "way") == "told" => format!("Customer told by a person or a connector: {}", plain(&data["message"])),
        "message.sent" => format!("Customer told by {}: {}", text(data, "way"), plain(&data["message"])),
        "message.not_sent" => format!("Message “{}” by {}: {}", plain(&data["message"]), text(data, "way"), plain(&data["outcome"])),
        "note.added" if data["replaces"].is_i64() => "Note corrected".to_owned(),
        "note.added" => "Note written".to_owned(),
        "issue.opened" => "Issue opened".to_owned(),
        "issue.changed" => format!("Issue {}", plain(&data["status"])),
        kind if kind.starts_with("part.") => service_parts::words(step),
        other => visible(other),
    }
}

fn receipt_line(frame: &Frame, receipt: &Receipt) -> Markup {
    html! {
        li .step {
            span .when { (frame.time(receipt.at_ms)) }
            span .what {
                strong { @if receipt.is_return { "Goods came back, receipt " } @else { "Paid, receipt " } a href=(format!("/transactions/{}", receipt.txn)) { (visible(&receipt.number)) } }
                " " (frame.money(receipt.total, &receipt.currency)) span .dim { " in " (visible(&receipt.store)) }
            }
        }
    }
}

fn issue_card(frame: &Frame, issue: &IssueRow, notes: &[NoteRow]) -> Markup {
    html! {
        article .card.closed[issue.status == "solved"] id=(format!("issue-{}", issue.issue)) {
            div {
                p { (status(&issue.status)) " " span .dim { "owner " } strong { (visible(&issue.owner)) } " " span .dim { "due " } (due(frame, issue)) }
                @for note in notes.iter().filter(|note| note.issue == Some(issue.issue)) {
                    p .said {
                        @if note.text.is_empty() { span .dim { (note.status) ", owner " (visible(&note.owner)) } } @else { (lines_of(&note.text)) }
                        " " span .dim title=(frame.time(note.at_ms)) { (visible(&note.who)) ", " (frame.ago(note.at_ms)) @if note.id != issue.issue { ", " (note.status) } }
                    }
                }
            }
            a .button href=(format!("/service/issues/{}", issue.issue)) { "Change" }
        }
    }
}

fn note_card(frame: &Frame, note: &NoteRow, all: &[NoteRow], base: &str) -> Markup {
    let instead = all.iter().find(|other| other.replaces == Some(note.id));
    html! {
        article .card.closed.plain id=(format!("note-{}", note.id)) {
            div {
                p .said { @if instead.is_some() { s { (lines_of(&note.text)) } } @else { (lines_of(&note.text)) } }
                p .dim {
                    (visible(&note.who)) ", " span title=(frame.time(note.at_ms)) { (frame.ago(note.at_ms)) }
                    @if let Some(instead) = instead { ", corrected by " a href=(format!("#note-{}", instead.id)) { (visible(&instead.who)) } }
                }
            }
            @if instead.is_none() { a .button href=(format!("{base}?replaces={}#write", note.id)) { "Correct" } }
        }
    }
}

fn lines_of(text: &str) -> Markup {
    html! { @for (index, line) in text.lines().enumerate() { @if index > 0 { br; } (visible(line)) } }
}

/// As on the order's own page, but what is sent again is asked first.
fn told_again(frame: &Frame, told: &[Told], base: &str) -> Markup {
    told_section(frame, told, &|id| html! { a .button href=(format!("{base}/again/{id}")) { "Send again" } })
}

/// What stands in the forms when the page opens.
#[derive(Debug, Default)]
pub struct Forms {
    /// The note that is corrected.
    pub replaces: Option<(i64, String)>,
}

/// Outside of what is brought up to date: somebody may be typing.
fn forms(base: &str, typed: &Forms) -> Markup {
    html! {
        section #write .columns {
            form .paper method="post" action=(format!("{base}/notes")) autocomplete="off" {
                h2 { @if typed.replaces.is_some() { "Correct a note" } @else { "Write a note" } }
                @if let Some((id, _)) = &typed.replaces {
                    input type="hidden" name="replaces" value=(id);
                    p .note { "The note stays to be read, struck out; this one stands in its place." }
                }
                (who())
                label .field { "Note" textarea name="text" rows="3" required maxlength="2000" { (typed.replaces.as_ref().map_or("", |(_, text)| text)) } }
                p .note { "Customers do not see it. No card numbers." }
                button { "Write it down" }
            }
            form .paper method="post" action=(format!("{base}/issues")) autocomplete="off" {
                h2 { "Open an issue" }
                (who())
                label .field { "What is to be solved" textarea name="text" rows="2" required maxlength="2000" {} }
                label .field { "Owner" input name="owner" required maxlength="60"; }
                label .field { "Due on" input type="date" name="due"; }
                button { "Open it" }
            }
        }
    }
}

/// Asked where nobody signs in.
pub fn who() -> Markup {
    let is_known = access::acting().is_some_and(|acting| acting.who.via == Via::Session);
    html! { @if !is_known { label .field { "Your name" input name="who" required maxlength="60" autocomplete="name"; } } }
}

/// What an issue is changed to.
pub fn issue_question(frame: &Frame, issue: &IssueRow) -> Markup {
    let tools = html! {
        div .question {
            p { "Order " a href=(format!("/service/{}", encoded(&issue.order))) { code { (issue.order) } } ": " (lines_of(&issue.title)) }
            form .fields method="post" action=(format!("/service/issues/{}", issue.issue)) autocomplete="off" {
                (who())
                label .field { "Status" select name="status" { @for status in Status::ALL { option value=(status.name()) selected[issue.status == status.name()] { (status.name()) } } } }
                label .field { "Owner" input name="owner" required maxlength="60" value=(issue.owner); }
                label .field { "Due on" input type="date" name="due" value=(issue.due_ms.map(|ms| frame.iso_day(ms)).unwrap_or_default()); }
                label .field { "What was done or found out" textarea name="text" rows="3" maxlength="2000" {} }
                span .acts { button { "Keep it so" } a .button href=(format!("/service/{}#issues", encoded(&issue.order))) { "Leave it as it is" } }
            }
        }
    };
    frame.page(&format!("Issue of order {}", issue.order), tools, html! {})
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    Cancel,
    Return,
    Refund,
}

/// What it would do, before it is done.
pub fn question(frame: &Frame, story: &Story, act: Act) -> Markup {
    let row = &story.whole.0;
    let base = format!("/service/{}", encoded(&row.order));
    let (title, button) = match act {
        Act::Cancel => ("Cancel", "Cancel the order"),
        Act::Return => ("Ask the goods back:", "Open the return"),
        Act::Refund => ("Ask a refund:", "Put it on the list"),
    };
    let path = match act {
        Act::Cancel => "cancel",
        Act::Return => "return",
        Act::Refund => "refund",
    };
    let paid_in_store = !story.receipts.is_empty();
    let tools = html! {
        div .question {
            @if story.placed.is_some() || story.parts.is_empty() { (heard(frame, story)) }
            @match act {
                Act::Cancel if !story.parts.is_empty() => { (service_parts::cancel_question(&story.parts)) }
                Act::Cancel => {
                    p {
                        "The store is told at once, or when its line is back. "
                        @match row.state.as_str() {
                            "placed" | "received" | "accepted" => { "Nothing is picked yet: it just ends." }
                            "picking" | "picked" | "staged" => { "The goods go back to their shelves, by scan." }
                            "part_handed_over" => { "The rest goes back to its shelves, by scan; " strong { "of what the customer has a return is opened." } }
                            "handed_over" => { strong { "The customer has the goods. Ask them back instead." } }
                            _ => { strong { "It is over already." } }
                        }
                    }
                    p { "The customer is told “cancelled” when the store’s record says so. " strong { "What was paid is not paid back by itself:" } " it goes on the order desk’s list, or ask a refund." }
                }
                Act::Return => {
                    p { "A return is opened on the page " a href="/orders#returns" { "Orders" } ". It stays open until somebody closes it there, when the goods are back." }
                    p {
                        strong { "Nothing is booked and nothing paid back by it:" }
                        @if story.placed.is_some() { " the goods come back at a till, with the receipt, or at the desk." }
                        @else { " what comes back to the place counts again when its channel reports it as returned, or the place states its stock." }
                    }
                }
                Act::Refund => {
                    p { "It goes on the order desk’s list (" a href="/orders#exceptions" { "To look at" } "). " strong { "A person carries it out where it was paid" } ": this program pays nothing back by itself." }
                    @if paid_in_store { p { "It was paid in the store: what comes back there is refunded at the till, by the receipt." } }
                }
            }
            form .fields method="post" action=(format!("{base}/{path}")) autocomplete="off" {
                @if act != Act::Cancel {
                    (who())
                    @if act == Act::Refund { label .field { "Amount in " (frame.currency()) input name="amount" inputmode="decimal" required maxlength="12" placeholder="12.90"; } }
                    label .field { "Why; it is kept as a note" textarea name="reason" rows="2" required maxlength="1900" {} }
                }
                span .acts { @if act != Act::Cancel || story.can_be_cancelled { button { (button) } } a .button href=(base) { "Leave it as it is" } }
            }
        }
    };
    frame.page(&format!("{title} order {}", row.order), tools, html! {})
}

/// Before a message goes out once more.
pub fn again_question(frame: &Frame, order: &str, message: i64, kind: &str, to: &[String]) -> Markup {
    let base = format!("/service/{}", encoded(order));
    let tools = html! {
        div .question {
            p { "The message “" (kind.replace('_', " ")) "” leaves once more, with what is true of the order now" @if to.is_empty() { "." } @else { ", by " (to.join(" and ")) "." } }
            p { "It is another message: the customer, or the web shop, sees it a second time." }
            form .tools method="post" action=(format!("{base}/again/{message}")) { button { "Send it again" } a .button href=(base) { "Leave it as it is" } }
        }
    };
    frame.page(&format!("Send again for order {order}"), tools, html! {})
}

/// What the forms send.
#[derive(Debug, serde::Deserialize)]
pub struct NoteForm {
    #[serde(default)]
    who: String,
    #[serde(default)]
    text: String,
    #[serde(default)]
    replaces: Option<i64>,
}

impl NoteForm {
    pub fn note(self) -> NewNote {
        NewNote { who: self.who, text: self.text, replaces: self.replaces }
    }
}

#[derive(Debug, serde::Deserialize)]
pub struct IssueForm {
    #[serde(default)]
    who: String,
    #[serde(default)]
    text: String,
    #[serde(default)]
    owner: String,
    #[serde(default)]
    due: String,
    #[serde(default)]
    status: Option<Status>,
}

impl IssueForm {
    /// The end of the day that was typed; `None` where it is none.
    fn due_ms(&self, zone: &jiff::tz::TimeZone) -> Option<i64> {
        let day: jiff::civil::Date = self.due.trim().parse().ok()?;
        Some(day.to_zoned(zone.clone()).ok()?.timestamp().as_millisecond() + DAY_MS - 60_000)
    }

    pub fn issue(self, zone: &jiff::tz::TimeZone) -> NewIssue {
        let due_ms = self.due_ms(zone);
        NewIssue { who: self.who, text: self.text, owner: self.owner, due_ms }
    }

    pub fn change(self, zone: &jiff::tz::TimeZone) -> IssueChange {
        let (due_ms, status) = (self.due_ms(zone), self.status.unwrap_or(Status::Open));
        IssueChange { who: self.who, text: self.text, owner: self.owner, status, due_ms }
    }
}

#[derive(Debug, serde::Deserialize)]
pub struct AskForm {
    #[serde(default)]
    pub who: String,
    #[serde(default)]
    pub reason: String,
    #[serde(default)]
    amount: String,
}

impl AskForm {
    pub fn amount(&self, currency: &Currency) -> Option<Money> {
        currency.parse(self.amount.trim())
    }
}
