//! A card at a terminal that the till drives: what it asks its customer for, the bar while nobody knows how it ended, and the one question a
//! person may have to answer.

use maud::{Markup, html};

use super::{View, icon, visible};
use crate::retail::basket::CardAttempt;
use crate::retail::card::{AtTerminal, CardKind, CardState};
use crate::web::texts::fill;

/// The words of the strip; while the outcome is unknown an amber bar over the whole width as well.
pub fn strip(view: &View, card: &CardAttempt, at: &AtTerminal) -> Markup {
    let t = view.locale.texts.card_terminal;
    let amount = view.money(card.amount.abs());
    match &at.state {
        CardState::Asked => {
            let title = match at.kind {
                CardKind::Payment => t.running,
                CardKind::Refund => t.refund,
                CardKind::Reversal { .. } => t.reversal,
                CardKind::EndOfDay => t.day_running,
            };
            let words = view.till.card_words.as_deref().unwrap_or(t.running_hint);
            html! {
                div .say .warn .card-words { (icon("card")) p { strong { (visible(words)) } span { (fill(title, &[&amount])) } } }
            }
        }
        CardState::Unknown { decidable, .. } => {
            let hint = if *decidable { t.decide_hint } else { t.unknown_hint };
            html! {
                div .card-bar { (icon("card")) strong { (fill(t.unknown, &[&amount])) } }
                div .say .warn { (icon("stop")) p { span { (hint) } } }
            }
        }
    }
}

/// In the place of the ways to pay: the amount, and what can be done about it.
pub fn ways(view: &View, card: &CardAttempt, at: &AtTerminal) -> Markup {
    let t = view.locale.texts.card_terminal;
    let asks = html! { div .card-asks { (icon("card")) span { (view.locale.texts.card) } strong { (view.money(card.amount.abs())) } } };
    match &at.state {
        CardState::Asked => html! {
            (asks)
            button .not-paid .wide type="button" #pay-cancel data-do="card-cancel" data-attempt=(card.attempt) { (icon("void")) (t.cancel) kbd { "-" } }
        },
        CardState::Unknown { decidable: false, .. } => asks,
        CardState::Unknown { decidable: true, .. } => html! {
            (asks)
            button .not-paid .decide type="button" #pay-not-paid data-do="card-resolve" data-attempt=(card.attempt) data-charged="false" {
                (icon("void")) (t.not_charged) kbd { "-" }
            }
            button .not-paid .decide type="button" #pay-paid data-do="card-resolve" data-attempt=(card.attempt) data-charged="true" {
                (icon("done")) (t.charged) kbd { "+" }
            }
        },
    }
}

/// Why the last card payment here was not carried out, until the next act.
pub fn declined(view: &View) -> Markup {
    let t = view.locale.texts.card_terminal;
    match &view.till.card_declined {
        Some(reason) => html! {
            div .say .error .card-declined { (icon("stop")) p { strong { (fill(t.declined, &[&visible(reason)])) } span { (t.declined_hint) } } }
        },
        None => html! {},
    }
}
