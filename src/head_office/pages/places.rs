//! Places: what each is and can do; and the page on which a place without any software of its own says what is there, takes its parts of orders and
//! confirms them by hand.

use maud::{Markup, html};

use super::frame::{Frame, counted, encoded, visible};
use super::place_form::PlaceForm;
use crate::head_office::parts::machine::PartState;
use crate::head_office::parts::{Part, PartLine};
use crate::head_office::places::{Place, PlaceSummary};
use crate::head_office::stock_figures::StockRow;
use crate::money::Qty;

/// What is shown of a place.
pub struct Facts {
    pub place: Place,
    pub summary: PlaceSummary,
    pub open: Vec<Part>,
    pub over: Vec<Part>,
    pub stock: Vec<StockRow>,
    pub search: Option<String>,
}

/// What was typed and could not be taken, with what is wrong.
#[derive(Default)]
pub struct Refused {
    pub faults: Vec<String>,
    pub stock: String,
    pub whole: bool,
    pub confirmations: String,
}

pub fn list_page(frame: &Frame, places: &[(Place, PlaceSummary)], typed: &PlaceForm, faults: &[String]) -> Markup {
    let body = html! {
        p .note { "Where orders are served from. A store of which nothing is said here has customers fetch their goods and sends nothing." }
        @if places.is_empty() {
            p .empty { "No warehouse, third party or supplier yet: add one below. It needs no software of its own; it works by its page, by tables (CSV) or by the API." }
        } @else {
            table .wide {
                thead { tr { th { "Place" } th { "Kind" } th { "Region" } th { "Does" } th { "Works" } th .n { "To do" } th { "Stock" } } }
                tbody { @for (place, summary) in places { (list_row(frame, place, summary)) } }
            }
        }
    };
    let forms = html! {
        section #add { h2 { "Add a place" } (saved(faults)) (super::place_form::form(typed, false)) }
    };
    frame.page_with_forms("Places", html! {}, body, forms)
}

fn list_row(frame: &Frame, place: &Place, summary: &PlaceSummary) -> Markup {
    html! {
        tr {
            td data-label="Place" {
                a href=(format!("/places/{}", encoded(place.place.as_str()))) { (visible(if place.name.is_empty() { place.place.as_str() } else { &place.name })) }
                " " span .dim { code { (place.place) } }
                @if !place.active { " " span .state.warn { "switched off" } }
            }
            td data-label="Kind" { (place.kind.words()) }
            td data-label="Region" { (visible(&place.region)) }
            td data-label="Does" { (does(place)) }
            td data-label="Works" { (works(place)) }
            td .n data-label="To do" { @if summary.open == 0 { span .dim { "0" } } @else { (frame.count(summary.open)) } (waits(frame, place, summary)) }
            td data-label="Stock" { (stock_age(frame, place, summary)) }
        }
    }
}

fn does(place: &Place) -> &'static str {
    match (place.ships, place.collects) {
        (true, true) => "sends, hands out",
        (true, false) => "sends",
        (false, true) => "hands out",
        (false, false) => "nothing",
    }
}

/// "mon–fri until 14:00, leaves after 1 work day".
fn works(place: &Place) -> String {
    let days = place.work_days.names();
    let days = match days[..] {
        ["mon", "tue", "wed", "thu", "fri"] => "Mon–Fri".to_owned(),
        ["mon", "tue", "wed", "thu", "fri", "sat"] => "Mon–Sat".to_owned(),
        ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] => "every day".to_owned(),
        _ => days.join(" "),
    };
    let until = place.cutoff_minute.map(|minute| format!(" until {:02}:{:02}", minute / 60, minute % 60)).unwrap_or_default();
    let lead = match place.lead_days {
        0 => String::new(),
        1 => ", leaves after 1 work day".to_owned(),
        days => format!(", leaves after {days} work days"),
    };
    format!("{days}{until}{lead}")
}

fn waits(frame: &Frame, place: &Place, summary: &PlaceSummary) -> Markup {
    html! {
        @if let Some(since) = summary.unheard_ms {
            @if frame.now_ms - since > i64::from(place.accept_minutes) * 60_000 { " " span .state.bad title=(frame.time(since)) { "⚠ not accepted, " (frame.ago(since)) } }
        }
    }
}

fn stock_age(frame: &Frame, place: &Place, summary: &PlaceSummary) -> Markup {
    html! {
        @if place.has_node() { span .dim { "by its journal" } } @else {
            @match summary.stock_ms {
                None => span .state.warn { "never stated" },
                Some((oldest, _)) if is_old(frame, place, oldest) => {
                    span .state.warn title=(frame.time(oldest)) { "⚠ " (frame.ago(oldest)) } " " span .dim { "promises nothing" }
                }
                Some((oldest, _)) => { (counted(&frame.count(summary.articles), "article")) ", " span title=(frame.time(oldest)) { (frame.ago(oldest)) } }
            }
        }
    }
}

fn is_old(frame: &Frame, place: &Place, at_ms: i64) -> bool {
    frame.now_ms - at_ms > i64::from(place.stock_hours) * 3_600_000
}

fn saved(faults: &[String]) -> Markup {
    html! {
        @if !faults.is_empty() {
            div .faults role="alert" { strong { "Nothing was taken. Mend this and send it again:" } ul { @for fault in faults { li { (visible(fault)) } } } }
        }
    }
}

pub fn edit_page(frame: &Frame, place: &str, typed: &PlaceForm, faults: &[String]) -> Markup {
    let back = html! { div .tools { a .button href=(format!("/places/{}", encoded(place))) { "Back" } } };
    frame.page_with_forms(&format!("Place {place}"), back, html! {}, html! { (saved(faults)) (super::place_form::form(typed, true)) })
}

/// One place, as whoever works there uses it.
pub fn page(frame: &Frame, facts: &Facts, refused: &Refused) -> Markup {
    let place = &facts.place;
    let base = format!("/places/{}", encoded(place.place.as_str()));
    let api = format!("/api/v1/places/{}", encoded(place.place.as_str()));
    let tools = html! {
        div .tools {
            @if !place.has_node() { a .button href=(format!("{api}/parts.csv")) { "Parts as CSV" } }
            a .button href=(format!("{base}/edit")) { "Change" }
        }
    };
    let body = html! {
        (about(frame, facts))
        @if place.has_node() {
            p .empty { "A store with a node: its orders are on its own desk, its stock is what its journal says." }
        } @else {
            section #parts {
                h2 { "To do" }
                @if facts.open.is_empty() { p .empty { "Nothing. What is to be sent comes here by itself." } } @else { (open_table(frame, place, &facts.open, &base)) }
            }
            @if !facts.over.is_empty() {
                section #over { h2 { "Done" } (over_table(frame, &facts.over, &base)) }
            }
            section #stock { h2 { "What is there" } (stock_table(frame, facts, &base)) }
        }
    };
    let forms = if place.has_node() {
        html! {}
    } else {
        tables(&base, refused)
    };
    let title = if place.name.is_empty() { place.place.as_str() } else { &place.name };
    frame.page_with_forms(&visible(title), tools, html! { (body) }, html! { (saved(&refused.faults)) (forms) })
}

fn about(frame: &Frame, facts: &Facts) -> Markup {
    let place = &facts.place;
    html! {
        p .note {
            code { (place.place) } " · " (place.kind.words()) " · " (does(place)) " · " (works(place))
            @if !place.region.is_empty() { " · region " (visible(&place.region)) }
            @if let Some(parts) = place.capacity_day { " · at most " (parts) " parts a day" }
            @if !place.address.is_empty() { " · " (visible(&place.address.replace('\n', ", "))) }
            @if !place.active { " " span .state.warn { "switched off: nothing is sent here" } }
        }
        @if let Some((oldest, _)) = facts.summary.stock_ms {
            @if is_old(frame, place, oldest) {
                p .faults role="status" {
                    "The oldest figure of the stock is from " (frame.time(oldest)) ", " (frame.ago(oldest)) ". Stock older than " (place.stock_hours)
                    " hours promises nothing: state it again below."
                }
            }
        }
    }
}

fn open_table(frame: &Frame, place: &Place, open: &[Part], base: &str) -> Markup {
    html! {
        table .wide.parts {
            thead { tr { th { "Part" } th { "For" } th { "Goods" } th .n { "Promised" } th { "State" } th { "" } } }
            tbody { @for part in open { (open_row(frame, place, part, base)) } }
        }
    }
}

fn open_row(frame: &Frame, place: &Place, part: &Part, base: &str) -> Markup {
    let act = |name: &str| format!("{base}/parts/{}/{name}", part.part);
    let is_silent = part.state == "sent" && frame.now_ms - part.since_ms > i64::from(place.accept_minutes) * 60_000;
    html! {
        tr #{ "p-" (part.part) } {
            td data-label="Part" { strong { (part.part) } @if part.number != part.part.as_str() { br; span .dim { (visible(&part.channel)) " " (visible(&part.number)) } } }
            td data-label="For" {
                (visible(&part.to.name))
                @for line in &part.to.lines { br; (visible(line)) }
                @if !part.to.country.is_empty() { br; (visible(&part.to.country)) }
                @if let Some(place) = &part.to.for_place { br; span .tag { "to be fetched at " (place) } }
            }
            td data-label="Goods" { ul .goods { @for line in &part.lines { (goods(line)) } } }
            td .n data-label="Promised" { @if frame.now_ms > part.promised_ms { span .state.bad { "⚠ " (frame.time(part.promised_ms)) } } @else { (frame.time(part.promised_ms)) } }
            td data-label="State" {
                @match part.state.as_str() {
                    "sent" if is_silent => span .state.bad title=(frame.time(part.since_ms)) { "⚠ new, " (frame.ago(part.since_ms)) },
                    "sent" => span .state.warn title=(frame.time(part.since_ms)) { "new" },
                    "cancel_asked" => { span .state.bad { "⚠ stop it" } @if !part.note.is_empty() { br; span .dim { (visible(&part.note)) } } }
                    _ => span .tag { "accepted" },
                }
            }
            td .acts-of-part {
                @if part.state == "sent" { form method="post" action=(act("accept")) { button .primary { "Accept" } } }
                @if part.state == "cancel_asked" { a .button href=(act("refuse")) { "It stays" } } @else {
                    a .button href=(act("shipped")) { "Shipped" }
                    a .button href=(act("short")) { "Short" }
                    a .button href=(act("refuse")) { "Refuse" }
                }
                @if part.state == "cancel_asked" { a .button href=(act("shipped")) { "It has left" } }
            }
        }
    }
}

pub fn goods(line: &PartLine) -> Markup {
    html! {
        li {
            strong { (line.to_send().plain()) @if !line.unit.symbol().is_empty() { " " (line.unit.symbol()) } } " " (visible(&line.name)) " " code .dim { (visible(line.sku.as_str())) }
            @if line.short > Qty::ZERO { " " span .state.warn { (line.short.plain()) " short" } @if !line.why.is_empty() { " " span .dim { (visible(&line.why)) } } }
        }
    }
}

fn over_table(frame: &Frame, over: &[Part], base: &str) -> Markup {
    html! {
        table .wide {
            thead { tr { th { "Part" } th { "For" } th { "State" } th .n { "Since" } th { "Tracking" } th { "" } } }
            tbody {
                @for part in over {
                    tr #{ "p-" (part.part) } {
                        td data-label="Part" { (part.part) }
                        td data-label="For" { (visible(&part.to.name)) }
                        td data-label="State" { (state(part)) @if !part.note.is_empty() { " " span .dim { (visible(&part.note)) } } }
                        td .n data-label="Since" { span title=(frame.time(part.since_ms)) { (frame.ago(part.since_ms)) } }
                        td data-label="Tracking" { (visible(&part.tracking)) }
                        td .acts-of-part { @if part.state == "shipped" { form method="post" action=(format!("{base}/parts/{}/delivered", part.part)) { button { "Delivered" } } } }
                    }
                }
            }
        }
    }
}

/// How a part stands, also one in a store.
pub fn state(part: &Part) -> Markup {
    let words = part.state.replace('_', " ");
    html! {
        @match part.state.as_str() {
            "shipped" | "delivered" | "handed_over" => span .state.good { (words) },
            "refused" | "cancelled" | "declined" | "expired" => span .state.warn { (words) },
            "cancel_asked" => span .state.bad { "asked back" },
            _ => span .tag { (words) },
        }
    }
}

fn stock_table(frame: &Frame, facts: &Facts, base: &str) -> Markup {
    html! {
        @if facts.summary.stock_ms.is_none() {
            p .empty { "Nothing was stated yet, so nothing can be promised from here. Write a line for each article below, or send a table." }
        } @else {
            form .tools method="get" action=(base) role="search" {
                label { "Article " input type="search" name="search" value=[facts.search.as_deref()] size="22" placeholder="name or article number" autocomplete="off"; }
                button { "Show" }
            }
            @if facts.stock.is_empty() { p .empty { "Nothing found." } } @else {
                table .wide {
                    thead { tr { th { "Article" } th { "Name" } th .n { "Stated" } th .n { "Left since" } th .n { "For parts" } th .n { "Can be promised" } th .n { "As of" } } }
                    tbody {
                        @for row in &facts.stock {
                            tr {
                                td data-label="Article" { code { (visible(&row.sku)) } }
                                td data-label="Name" { (visible(&row.name)) }
                                td .n data-label="Stated" { (frame.quantity(row.baseline.unwrap_or_default(), "")) }
                                td .n data-label="Left since" { (frame.quantity(-row.moved, "")) }
                                td .n data-label="For parts" { (frame.quantity(row.reserved, "")) }
                                td .n data-label="Can be promised" { strong { (frame.quantity(row.promise.atp, "")) } }
                                td .n data-label="As of" {
                                    @if let Some(at) = row.as_of_ms {
                                        @if row.promise.doubts.stock_old { span .state.warn title=(frame.time(at)) { "too old, " (frame.ago(at)) } } @else { span title=(frame.time(at)) { (frame.ago(at)) } }
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

/// What is typed, pasted or read from a file: stock, and several confirmations at once.
fn tables(base: &str, refused: &Refused) -> Markup {
    let stock = if refused.stock.is_empty() { "sku,on_hand\n" } else { &refused.stock };
    let said = if refused.confirmations.is_empty() { "part,act,line,quantity,tracking,reason\n" } else { &refused.confirmations };
    html! {
        div .columns #tables {
            section {
                h2 { "State the stock" }
                form .fields method="post" action=(format!("{base}/stock")) autocomplete="off" {
                    label { "One line for each article, what lies there now" textarea name="table" rows="6" spellcheck="false" { (stock) } }
                    label { "Or from a file (CSV)" input type="file" accept=".csv,.txt,.tsv" data-into="table"; }
                    label .tick { input type="checkbox" name="whole" value="true" checked[refused.whole]; "This is all that is there; articles that are not named have none" }
                    button .primary { "State it" }
                }
            }
            section {
                h2 { "Confirm several parts" }
                form .fields method="post" action=(format!("{base}/confirmations")) autocomplete="off" {
                    label { "accepted, refused (reason), short (line, quantity), shipped (tracking), delivered" textarea name="table" rows="6" spellcheck="false" { (said) } }
                    label { "Or from a file (CSV)" input type="file" accept=".csv,.txt,.tsv" data-into="table"; }
                    button .primary { "Confirm" }
                }
            }
        }
    }
}

/// What is asked before an act that needs words.
pub fn question(frame: &Frame, place: &Place, part: &Part, act: &str, fault: Option<&str>) -> Markup {
    let address = format!("/places/{}/parts/{}/{act}", encoded(place.place.as_str()), part.part);
    let is_asked_back = part.state == PartState::CancelAsked.name();
    let (title, button) = match act {
        "shipped" => ("Shipped:", "It has left"),
        "short" => ("Short:", "That is short"),
        "delivered" => ("Delivered:", "It is delivered"),
        _ if is_asked_back => ("Stop it:", "It stays"),
        _ => ("Refuse:", "Refuse it"),
    };
    let tools = html! {
        (saved(&fault.map(str::to_owned).into_iter().collect::<Vec<_>>()))
        div .question {
            p { strong { (visible(&part.to.name)) } @if let Some(town) = part.to.lines.last() { ", " (visible(town)) } " · promised " (frame.time(part.promised_ms)) }
            form .fields method="post" action=(address) autocomplete="off" {
                @match act {
                    "shipped" => label { "Tracking number, if there is one" input name="tracking" maxlength="120" autofocus; },
                    "short" => {
                        @for line in &part.lines {
                            label {
                                (visible(&line.name)) ": of " (line.quantity.plain()) " " (line.unit.symbol()) " are not there"
                                input name=(format!("short_{}", line.line)) inputmode="decimal" size="6" placeholder="0" value=[(line.short > Qty::ZERO).then(|| line.short.plain())];
                            }
                        }
                        label { "Why" input name="reason" maxlength="120" list="reasons"; }
                    }
                    "delivered" => {}
                    _ => label { "Why" input name="reason" required maxlength="120" list="reasons" autofocus; },
                }
                datalist id="reasons" { @for reason in ["not there", "damaged", "too much to do today", "address cannot be served"] { option value=(reason); } }
                div .tools { button .primary { (button) } a .button href=(format!("/places/{}", encoded(place.place.as_str()))) { "Back" } }
            }
            ul .goods { @for line in &part.lines { (goods(line)) } }
        }
    };
    frame.page(&format!("{title} part {}", part.part), tools, html! {})
}
