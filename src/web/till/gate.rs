//! What lies over the till until somebody has said who they are: names and a PIN pad, for signing in, for unlocking, and for the approval
//! of another person. A badge scanned anywhere on the page does the same.

use maud::{Markup, html};

use super::{View, icon};
use crate::web::layout::visible;
use crate::web::texts::fill;

/// Tiles beyond this scroll; who has that many people gives them badges.
const TILES_MAX: usize = 60;

pub fn gate(view: &View) -> Markup {
    let t = view.locale.texts.people;
    let here = view.till.signed_in.as_ref();
    if view.till.needs_approval {
        return panel(view, "approve", t.approve, t.approve_hint);
    }
    if !view.screen.rules.staff_required {
        return html! {};
    }
    match here {
        Some(here) if here.locked => panel(view, "sign-in", &fill(t.locked, &[&visible(&here.name)]), t.locked_hint),
        Some(_) => html! {},
        None if view.screen.staff.is_empty() => panel(view, "sign-in", t.nobody, t.nobody_hint),
        None => panel(view, "sign-in", t.sign_in, t.sign_in_hint),
    }
}

fn panel(view: &View, mode: &str, title: &str, hint: &str) -> Markup {
    let t = view.locale.texts.people;
    let said = view.till.feedback.as_ref().filter(|feedback| !feedback.text.is_empty() && !feedback.code.is_empty());
    // "Nobody is signed in" is what the panel says itself.
    let said = said.filter(|feedback| feedback.code != "sign_in_first");
    html! {
        div .gate-box role="dialog" aria-modal="true" tabindex="-1" aria-label=(title) data-mode=(mode) {
            div .gate-head {
                (icon(if mode == "approve" { "approve" } else { "lock" }))
                div { h2 { (title) } p { (hint) } }
                @if mode == "approve" { button type="button" data-do="gate-cancel" { (t.cancel) kbd { "Esc" } } }
            }
            div .gate-names {
                @for person in view.screen.staff.iter().take(TILES_MAX) {
                    button type="button" data-staff=(person.id) disabled[!person.has_pin] aria-pressed="false" {
                        span { (visible(&person.name)) }
                        @if !person.has_pin { small { (t.no_pin) } }
                    }
                }
            }
            div .gate-pin {
                output #pin-dots data-empty=(t.choose) data-pin=(t.pin_of) { (t.choose) }
                div .gate-keys {
                    @for digit in ["7", "8", "9", "4", "5", "6", "1", "2", "3"] { button type="button" data-pin-key=(digit) { (digit) } }
                    button type="button" data-pin-key="clear" { (t.clear) }
                    button type="button" data-pin-key="0" { "0" }
                    button .primary type="button" data-pin-key="ok" { (t.pin_ok) }
                }
            }
            p .gate-said role="alert" { @if let Some(said) = said { strong { (visible(&said.text)) } " " (visible(&said.remedy)) } }
        }
    }
}

/// Who works here, in the header: a tap locks the till, and the next one signs in over it.
pub fn who(view: &View) -> Markup {
    let t = view.locale.texts.people;
    match view.till.signed_in.as_ref().filter(|here| !here.locked) {
        Some(here) => html! {
            button .quiet .who-chip type="button" data-do="lock" title=(t.lock) { (icon("lock")) span { (visible(&here.name)) } }
        },
        None => html! {},
    }
}
