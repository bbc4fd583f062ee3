//! The boxes: who is let in until when, who waits for a person, one form that makes a code, and a question before each act. A code is shown once.

use axum::http::StatusCode;
use maud::{Markup, html};
use serde::Deserialize;

use super::frame::{Frame, encoded, visible};
use crate::head_office::enrolment::{CodeFor, NodeRow, OpenCode, State};
use crate::head_office::node_acts::{self, MadeCode};
use crate::ids::{BadId, NodeId, StoreId};
use crate::web::problem::Problem;

const DAY_MS: i64 = 86_400_000;
/// A certificate that ends sooner should have been renewed: it is shown how soon.
const SOON_MS: i64 = 14 * DAY_MS;

pub struct Facts {
    /// Boxes are enrolled here.
    pub enrols: bool,
    pub nodes: Vec<NodeRow>,
    pub codes: Vec<OpenCode>,
}

/// What the form begins with, and what it sends. Empty fields are not said.
#[derive(Debug, Default, Deserialize)]
pub struct CodeForm {
    #[serde(default)]
    pub store: String,
    #[serde(default)]
    pub node: String,
    #[serde(default)]
    pub replace: Option<String>,
}

impl CodeForm {
    /// What the code is to be for.
    pub fn wanted(&self) -> Result<CodeFor, Problem> {
        let wrong =
            |why: BadId| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "bad_name", why.to_string(), "go back, mend it and send it again");
        let node = Some(self.node.trim()).filter(|node| !node.is_empty()).map(NodeId::new).transpose().map_err(wrong)?;
        node_acts::code_for(StoreId::new(self.store.trim()).map_err(wrong)?, node, self.replace.is_some())
    }
}

/// `made`: a code, this one time.
pub fn page(frame: &Frame, facts: &Facts, typed: &CodeForm, made: Option<&MadeCode>) -> Markup {
    let tools = html! {
        @if facts.enrols { (code_form(facts, typed)) }
        @if let Some(made) = made { (code_card(frame, typed, made)) }
    };
    let body = html! {
        @if !facts.enrols {
            p .note { "This head office enrols no boxes: whoever can call its address is heard, or certificates come from elsewhere." }
        }
        @if !facts.codes.is_empty() { (codes_section(frame, &facts.codes)) }
        @if facts.nodes.is_empty() {
            p .empty { "No box is enrolled and none has called." @if facts.enrols { " Make a code above and type it on the box." } }
        } @else { (table(frame, facts)) }
    };
    frame.page("Nodes", tools, body)
}

fn code_form(facts: &Facts, typed: &CodeForm) -> Markup {
    let stores: std::collections::BTreeSet<&str> = facts.nodes.iter().map(|row| row.store.as_str()).collect();
    html! {
        form .tools method="post" action="/nodes/codes" autocomplete="off" {
            label { "Store " input name="store" required maxlength="32" size="12" list="stores" value=(typed.store); }
            datalist id="stores" { @for store in stores { option value=(store) {} } }
            label { "Node " input name="node" maxlength="32" size="12" placeholder="any" value=(typed.node); }
            label { input type="checkbox" name="replace" value="yes" checked[typed.replace.is_some()]; span { "takes the place of the box that is this node now" } }
            button { "Make a code" }
        }
    }
}

fn code_card(frame: &Frame, typed: &CodeForm, made: &MadeCode) -> Markup {
    html! {
        article #code .made role="status" {
            p {
                "For "
                @if typed.node.is_empty() { "a box" } @else if typed.replace.is_some() { "the box that takes the place of node " strong { (visible(&typed.node)) } }
                @else { "node " strong { (visible(&typed.node)) } }
                " of store " strong { (visible(&typed.store)) } ", once, until " strong { (frame.time(made.expires_ms)) } ". It is not shown again."
            }
            p .code { code { (made.code) } }
            p { "On the box, as root:" }
            pre { code { (made.command) } }
        }
    }
}

fn codes_section(frame: &Frame, codes: &[OpenCode]) -> Markup {
    html! {
        section {
            h2 { "Codes that wait" }
            table .wide {
                thead { tr { th { "Store" } th { "Node" } th { "For" } th { "Good until" } th { "" } } }
                tbody {
                    @for code in codes {
                        tr {
                            td data-label="Store" { (visible(&code.store)) }
                            td data-label="Node" { @if code.node.is_empty() { span .dim { "any" } } @else { (visible(&code.node)) } }
                            td data-label="For" { @if code.replaces { "the place of another box" } @else { "a box" } }
                            td data-label="Good until" { (frame.time(code.expires_ms)) }
                            td .n { form method="post" action=(format!("/nodes/codes/{}/withdraw", code.id)) { button { "Withdraw" } } }
                        }
                    }
                }
            }
        }
    }
}

fn table(frame: &Frame, facts: &Facts) -> Markup {
    html! {
        section {
            h2 { "Boxes" }
            table .wide {
                thead { tr {
                    th { "Store" } th { "Node" } th { "State" } th { "Certificate good until" } th { "Last contact" } th { "Key" } th { "" }
                } }
                tbody { @for row in &facts.nodes { (node_row(frame, facts.enrols, row)) } }
            }
        }
    }
}

fn node_row(frame: &Frame, enrols: bool, row: &NodeRow) -> Markup {
    html! {
        tr {
            td .name data-label="Store" { a href={ "/stores/" (encoded(&row.store)) } { (visible(&row.store)) } }
            td .name data-label="Node" { strong { (visible(&row.node)) } @if row.is_lead { " " span .tag title="The store's orders lie with it" { "lead" } } }
            td data-label="State" { (state_mark(frame, enrols, row)) }
            td data-label="Certificate good until" { (good_until(frame, row)) }
            td .name data-label="Last contact" {
                @match row.last_contact_ms {
                    Some(ms) => span title=(frame.time(ms)) { (frame.ago(ms)) },
                    None => span .dim { "never" },
                }
            }
            td data-label="Key" { @match &row.public_key { Some(key) => { code title=(key) { (short(key)) "…" } } None => { span .dim { "–" } } } }
            td .n { @if enrols { (acts(row)) } }
        }
    }
}

fn short(key: &str) -> &str {
    key.get(..8).unwrap_or(key)
}

fn state_mark(frame: &Frame, enrols: bool, row: &NodeRow) -> Markup {
    html! {
        @match row.state {
            State::Good => span .state.good { "good" },
            State::Expired => span .state.warn title="It has not called since; the shop sells all the while" { "expired" },
            State::WaitsForApproval => span .state.warn { "⚠ waits for approval" },
            State::Approved => span .state.good title="It gets its certificate when it asks" { "approved" },
            State::Revoked => span .state.bad { "revoked" },
            State::TwoBoxes => a .state.bad href="/incidents" { "⚠ two boxes" },
            State::NotEnrolled => span .state.warn[enrols] { "not enrolled" },
        }
        @if let Some(ms) = row.revoked_ms {
            " " span .dim title=(frame.time(ms)) { (frame.ago(ms)) }
            @if let Some(why) = row.revoked_why.as_deref().filter(|why| !why.is_empty()) { span .dim { ": " (visible(why)) } }
        }
    }
}

fn good_until(frame: &Frame, row: &NodeRow) -> Markup {
    let Some(expires_ms) = row.expires_ms else { return html! { span .dim { "–" } } };
    let left_ms = expires_ms - frame.now_ms;
    let is_judged = matches!(row.state, State::Good | State::TwoBoxes);
    html! {
        (frame.time(expires_ms))
        @if is_judged && left_ms < SOON_MS {
            " " span .state.warn title="It renews itself when it calls" { "in " (left_ms / DAY_MS) " days" }
        }
    }
}

fn acts(row: &NodeRow) -> Markup {
    let place = format!("{}/{}", encoded(&row.store), encoded(&row.node));
    let form = |replace: &str| format!("/nodes?store={}&node={}{replace}", encoded(&row.store), encoded(&row.node));
    html! {
        span .acts {
            @match row.state {
                State::Revoked | State::NotEnrolled => a .button href=(form("")) { "New code" },
                State::WaitsForApproval => {
                    a .button href={ "/nodes/" (place) "/approve" } { "Approve" }
                    a .button href={ "/nodes/" (place) "/revoke" } { "Revoke" }
                }
                State::Good | State::Expired | State::Approved | State::TwoBoxes => {
                    a .button href=(form("&replace=yes")) { "Replace" }
                    a .button href={ "/nodes/" (place) "/revoke" } { "Revoke" }
                }
            }
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    Approve,
    Revoke,
}

/// What it would do, and to which box, before it is done.
pub fn question(frame: &Frame, row: &NodeRow, act: Act) -> Markup {
    let (store, node) = (visible(&row.store), visible(&row.node));
    let (title, button) = match act {
        Act::Approve => (format!("Let {node} of {store} back in?"), "Approve"),
        Act::Revoke => (format!("Hear {node} of {store} no more?"), "Revoke"),
    };
    let action = format!("/nodes/{}/{}/{}", encoded(&row.store), encoded(&row.node), button.to_ascii_lowercase());
    let tools = html! {
        div .question {
            @match act {
                Act::Approve => {
                    p { "Its certificate has run out. It has called since and proved that it has the key below. " strong { "Ask the store whether the box is theirs and where it was." } }
                    p { "Then it gets another certificate within a minute and sends what it has kept." }
                }
                Act::Revoke => {
                    p { "The box goes on selling by itself, but nothing is taken from it and nothing sent to it any more. With a new code it can be let in again." }
                    @if row.is_lead { p { strong { "The store's orders lie with it." } " Name another node on the page " a href="/orders#leads" { "Orders" } ", or replace the box." } }
                }
            }
            dl .facts {
                dt { "Key" } dd { code { (row.public_key.as_deref().unwrap_or("–")) } }
                dt { "Enrolled" } dd { (row.enrolled_ms.map_or_else(|| "–".to_owned(), |ms| frame.time(ms))) }
                dt { "Certificate good until" } dd { (row.expires_ms.map_or_else(|| "–".to_owned(), |ms| frame.time(ms))) }
                dt { "Last contact" } dd { (row.last_contact_ms.map_or_else(|| "never".to_owned(), |ms| format!("{} ({})", frame.time(ms), frame.ago(ms)))) }
            }
            form .tools method="post" action=(action) autocomplete="off" {
                @if act == Act::Revoke { label { "Why, for this page " input name="reason" maxlength="200" size="36" placeholder="stolen"; } }
                button { (button) }
                a .button href="/nodes" { "Leave it as it is" }
            }
        }
    };
    frame.page(&title, tools, html! {})
}
