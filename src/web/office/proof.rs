//! The dialog over the page that asks who somebody is: for the word of another person when an act is beyond the rights of the one at the desk,
//! and for signing in again without losing what was typed. Which of the two, and for which act, the page's script knows.

use maud::{Markup, html};

use crate::node::screen::StaffTile;
use crate::web::layout::visible;
use crate::web::locale::Locale;
use crate::web::till::icon;

/// `is_desk`: somebody was signed in here before, whose words are still on the page.
pub fn dialog(locale: &Locale, staff: &[StaffTile], is_desk: bool) -> Markup {
    let (t, people) = (&locale.texts.office, locale.texts.people);
    let (again, hint) = if is_desk { (t.again, t.again_hint) } else { (people.sign_in, people.sign_in_hint) };
    html! {
        dialog #desk-proof aria-labelledby="proof-title" {
            form #proof-form method="dialog"
                data-approve=(people.approve) data-approve-hint=(people.approve_hint) data-approve-do=(t.approve_do)
                data-again=(again) data-again-hint=(hint) data-again-do=(t.sign_in_do) data-choose=(people.choose) {
                div .proof-head {
                    (icon("approve"))
                    div { h2 #proof-title {} p #proof-hint .muted {} }
                    button type="button" data-proof="cancel" { (people.cancel) kbd { "Esc" } }
                }
                p #proof-said .warn-text role="alert" {}
                div .proof-names {
                    @for person in staff {
                        button type="button" data-proof-staff=(person.id) disabled[!person.has_pin] aria-pressed="false" {
                            span { (visible(&person.name)) }
                            @if !person.has_pin { small { (people.no_pin) } }
                        }
                    }
                }
                div .proof-fields {
                    label { span { (t.pin) } input #proof-pin type="password" inputmode="numeric" maxlength="8" autocomplete="off"; }
                    label { span { (t.proof_badge) } input #proof-badge type="password" maxlength="80" autocomplete="off"; }
                    button .primary #proof-do type="submit" {}
                }
            }
        }
    }
}
