//! What a person must look at: incidents, and events that could not be counted. Each says what happened and what to do.

use crate::head_office::db::{self, Connection};
use maud::{Markup, html};

use super::frame::{Frame, encoded, visible};
use crate::head_office::queries::{self, ExceptionRow, IncidentRow, UrgentRow};

const ROWS: u32 = 100;

pub struct Facts {
    incidents: Vec<IncidentRow>,
    exceptions: Vec<ExceptionRow>,
    urgent: Vec<UrgentRow>,
}

pub fn facts(connection: &Connection) -> db::Result<Facts> {
    Ok(Facts {
        incidents: queries::incidents(connection, ROWS)?,
        exceptions: queries::exceptions(connection, ROWS)?,
        urgent: queries::urgent(connection, ROWS)?,
    })
}

pub fn page(frame: &Frame, facts: &Facts) -> Markup {
    let body = html! {
        section {
            h2 { "Incidents" }
            @if facts.incidents.is_empty() { p .empty { "None. Every journal is one whole chain, signed by its node." } }
            @for incident in &facts.incidents { (incident_card(frame, incident)) }
        }
        section #exceptions {
            h2 { "Exceptions" }
            @if facts.exceptions.is_empty() { p .empty { "None. Everything that was stored was counted." } }
            @for exception in &facts.exceptions { (exception_card(frame, exception)) }
        }
        @if !facts.urgent.is_empty() { (urgent_section(frame, &facts.urgent)) }
    };
    frame.page("Incidents and exceptions", html! {}, body)
}

fn incident_card(frame: &Frame, incident: &IncidentRow) -> Markup {
    let open = incident.closed_ms.is_none();
    html! {
        article .card.closed[!open] {
            div {
                p {
                    span .tag.warn[open] { (incident.kind) } " "
                    a href={ "/stores/" (encoded(&incident.store)) } { (visible(&incident.store)) } " "
                    span .dim title=(frame.time(incident.first_ms)) {
                        (frame.ago(incident.last_ms))
                        @if incident.times > 1 { ", " (frame.count(incident.times)) " times since " (frame.time(incident.first_ms)) }
                    }
                }
                p { (visible(&incident.text)) }
                @if open { p .remedy { (incident.remedy) } }
            }
            @if open {
                form method="post" action={ "/incidents/" (incident.id) "/close" } { button { "Close" } }
            } @else if let Some(closed_ms) = incident.closed_ms {
                span .dim { "closed " (frame.ago(closed_ms)) }
            }
        }
    }
}

fn exception_card(frame: &Frame, exception: &ExceptionRow) -> Markup {
    let open = exception.settled_ms.is_none();
    html! {
        article .card.closed[!open] {
            div {
                p {
                    span .tag.warn[open] { (visible(&exception.kind)) } " "
                    a href={ "/stores/" (encoded(&exception.store)) } { (visible(&exception.store)) } "/" (exception.node)
                    " record " (frame.count(exception.seq)) " "
                    span .dim { (frame.ago(exception.opened_ms)) ", for " (exception.owner) @if exception.tries > 1 { ", tried " (frame.count(exception.tries)) " times" } }
                }
                p { (visible(&exception.reason)) }
            }
            @if open {
                form method="post" action={ "/exceptions/" (exception.id) "/replay" } { button { "Try again" } }
            } @else if let Some(settled_ms) = exception.settled_ms {
                span .dim { "counted " (frame.ago(settled_ms)) }
            }
        }
    }
}

/// What came by the side door ahead of the journal.
pub fn urgent_section(frame: &Frame, urgent: &[UrgentRow]) -> Markup {
    html! {
        section {
            h2 { "Ahead of the backlog" }
            p .note { "Copies of urgent records whose journal is still on its way. True, but not counted yet." }
            table .wide {
                thead { tr { th { "Store" } th { "Node" } th .n { "Record" } th { "What" } th .n { "Came" } } }
                tbody {
                    @for row in urgent {
                        tr {
                            td data-label="Store" { (visible(&row.store)) }
                            td data-label="Node" { (row.node) }
                            td .n data-label="Record" { (frame.count(row.seq)) }
                            td data-label="What" { @for kind in &row.kinds { span .tag { (visible(kind)) } " " } }
                            td .n data-label="Came" { (frame.ago(row.received_ms)) }
                        }
                    }
                }
            }
        }
    }
}
