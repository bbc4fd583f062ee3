//! Who works in the chain: the list, and one form that adds and changes.

use maud::{Markup, html};
use serde::Deserialize;

use super::frame::{Frame, visible};
use crate::head_office::people::{Draft, PersonRow};
use crate::retail::rights::{Right, Role};

/// The form as a browser sends it. Empty fields leave things as they are.
#[derive(Debug, Deserialize)]
pub struct Form {
    pub id: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    role: String,
    #[serde(default)]
    stores: String,
    #[serde(default)]
    discount: String,
    #[serde(default)]
    badge: String,
    #[serde(default)]
    pin: String,
}

impl Form {
    pub fn draft(self) -> Draft {
        let filled = |text: String| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        Draft {
            name: filled(self.name),
            role: Role::ALL.into_iter().find(|role| role.name() == self.role),
            stores: filled(self.stores).map(|text| text.split_whitespace().map(str::to_owned).collect()),
            discount_percent_max: filled(self.discount).and_then(|text| text.parse().ok()),
            badge: filled(self.badge),
            pin: filled(self.pin),
            ..Draft::default()
        }
    }
}

pub fn page(frame: &Frame, people: &[PersonRow]) -> Markup {
    let tools = html! {
        form .tools method="post" action="/staff" autocomplete="off" {
            label { "Id " input name="id" required size="8" placeholder="anna"; }
            label { "Name " input name="name" size="12"; }
            label { "Role "
                select name="role" {
                    option value="" { "as it is" }
                    @for role in Role::ALL { option value=(role.name()) { (role.name()) } }
                }
            }
            label { "Stores " input name="stores" size="8" placeholder="* = all"; }
            label { "Discount % " input name="discount" size="3" inputmode="numeric"; }
            label { "Badge " input name="badge" type="password" size="10" autocomplete="off"; }
            label { "PIN " input name="pin" type="password" size="6" inputmode="numeric" autocomplete="new-password"; }
            button { "Save" }
        }
    };
    let body = html! {
        p .note { "An id that is new adds a person, one that is there changes it; an empty field leaves it as it is. PINs and badges cannot be read back." }
        @if people.is_empty() {
            p .empty { "Nobody yet: add people above, or with " code { "counterfoil import staff" } "." }
        } @else {
            table .wide {
                thead { tr { th { "Id" } th { "Name" } th { "Role" } th { "Further rights" } th .n { "Discount" } th { "Stores" } th { "Signs in by" } th { "" } } }
                tbody {
                    @for person in people {
                        tr {
                            td data-label="Id" { code { (visible(&person.id)) } }
                            td data-label="Name" { (visible(&person.name)) @if !person.active { " " span .state.warn { "inactive" } } }
                            td data-label="Role" { (person.role.name()) }
                            td data-label="Further rights" { (further(person)) }
                            td .n data-label="Discount" { (person.discount_percent_max) " %" }
                            td data-label="Stores" { @if person.stores == ["*"] { "all" } @else { (visible(&person.stores.join(", "))) } }
                            td data-label="Signs in by" { (ways(person)) }
                            td {
                                form method="post" action=(format!("/staff/{}/{}", person.id, if person.active { "deactivate" } else { "activate" })) {
                                    button { @if person.active { "Deactivate" } @else { "Activate" } }
                                }
                            }
                        }
                    }
                }
            }
        }
    };
    frame.page("Staff", tools, body)
}

fn further(person: &PersonRow) -> String {
    person.rights.iter().map(|right| Right::name(*right)).collect::<Vec<_>>().join(", ")
}

fn ways(person: &PersonRow) -> &'static str {
    match (person.has_badge, person.has_pin) {
        (true, true) => "badge, PIN",
        (true, false) => "badge",
        (false, true) => "PIN",
        (false, false) => "nothing yet",
    }
}
