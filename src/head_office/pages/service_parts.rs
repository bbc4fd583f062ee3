//! The parts of a channel's order on the pages of customer service: which place does what, how each stands, and what is on its way.

use maud::{Markup, html};

use super::frame::{Frame, encoded, visible};
use super::places::{goods, state};
use crate::head_office::office_events::OfficeEvent;
use crate::head_office::parts::{Part, PartKind, PartState};

/// `shown`: the part whose page it is.
pub fn section(frame: &Frame, parts: &[Part], shown: &str) -> Markup {
    let order = parts.first();
    html! {
        section #parts {
            h2 {
                @if parts.len() == 1 { "One part" } @else { (parts.len()) " parts" }
                @if let Some(order) = order {
                    span .more.dim {
                        (visible(&order.channel)) " " (visible(&order.number)) " · "
                        a href=(format!("/routing/order?channel={}&number={}", encoded(&order.channel), encoded(&order.number))) { "why there" }
                    }
                }
            }
            @for part in parts {
                article .card.plain #{ "part-" (part.part) } {
                    div {
                        p {
                            @if part.part.as_str() == shown { strong { (part.part) } } @else { a href=(format!("/service/{}", part.part)) { strong { (part.part) } } }
                            " " (state(part)) " "
                            span .dim title=(frame.time(part.since_ms)) { (frame.ago(part.since_ms)) }
                            @if part.attempt > 1 { " " span .tag { "attempt " (part.attempt) } }
                        }
                        p {
                            @match part.kind {
                                PartKind::Ship => { "sent from " a href=(format!("/places/{}", encoded(part.place.as_str()))) { (part.place) } " to " (visible(&part.to.name)) @for line in &part.to.lines { ", " (visible(line)) } }
                                PartKind::Collect => { "collected in " (part.place) }
                            }
                            ", promised " (frame.time(part.promised_ms))
                        }
                        @if !part.tracking.is_empty() { p { "Tracking " code { (visible(&part.tracking)) } } }
                        @if !part.note.is_empty() { p .dim { (visible(&part.note)) } }
                        ul .goods { @for line in &part.lines { (goods(line)) } }
                    }
                }
            }
        }
    }
}

/// What a cancel does to each part, before it is done.
pub fn cancel_question(parts: &[Part]) -> Markup {
    let becomes = |part: &Part| match part.standing().map(|standing| standing.state) {
        Some(PartState::Sent) => "not begun: it ends at once.",
        Some(PartState::Accepted) => "the place has begun: it is asked, and says whether the parcel stays.",
        Some(PartState::CancelAsked) => "the place is asked already.",
        Some(PartState::Shipped | PartState::Delivered) => "has left. Ask the goods back instead.",
        Some(PartState::Refused | PartState::Cancelled) => "is over already.",
        None => "the store is told, and its record says what becomes of it.",
    };
    html! {
        p { "All of the order ends, and no place is looked for any more:" }
        ul .goods { @for part in parts { li { strong { (part.part) } " at " (part.place) ": " (becomes(part)) } } }
        p { strong { "What was paid is not paid back by itself:" } " ask a refund. Nobody tells the customer of a parcel by itself: the channel does." }
    }
}

/// What a place did, in plain words.
pub fn words(step: &OfficeEvent) -> String {
    let part = visible(&step.order);
    match step.kind.as_str() {
        "part.sent" => format!("Part {part} given to the place"),
        "part.accepted" => format!("Part {part} accepted"),
        "part.short" => format!("Part {part}: not all of it is there"),
        "part.refused" => format!("Part {part} refused"),
        "part.shipped" => match step.data["tracking"].as_str() {
            Some(tracking) if !tracking.is_empty() => format!("Part {part} has left, tracking {}", visible(tracking)),
            _ => format!("Part {part} has left"),
        },
        "part.delivered" => format!("Part {part} delivered"),
        "part.cancel_asked" => format!("Part {part} asked back"),
        "part.cancelled" => format!("Part {part} cancelled"),
        other => format!("{} {part}", visible(other)),
    }
}
