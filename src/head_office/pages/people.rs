//! Who works in the chain: the list, and one form that adds and changes.

use std::collections::BTreeMap;

use maud::{Markup, html};
use serde::Deserialize;

use super::frame::{Frame, visible};
use crate::head_office::people::{Draft, PersonRow};
use crate::retail::rights::{Right, Role};

/// The form as a browser sends it. Empty fields leave things as they are.
#[derive(Debug, Default, Deserialize)]
pub struct Form {
    pub id: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    role: String,
    /// "store": the store's own; else a code such as "de".
    #[serde(default)]
    language: String,
    #[serde(default)]
    stores: String,
    #[serde(default)]
    discount: String,
    #[serde(default)]
    badge: String,
    #[serde(default)]
    pin: String,
    /// "set": the rights that are ticked replace those that the person has beyond the role.
    #[serde(default)]
    further: String,
    /// A ticked box `right_NAME` each.
    #[serde(flatten)]
    ticked: BTreeMap<String, String>,
}

impl Form {
    /// Or what is wrong, in words. The rest is looked at where people are stored.
    pub fn draft(&self) -> Result<Draft, String> {
        let filled = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let percent = |text: String| text.trim_end_matches('%').trim().parse::<u8>().ok().filter(|percent| *percent <= 100);
        let discount = match filled(&self.discount) {
            None => None,
            Some(text) => Some(percent(text).ok_or("Discount: a whole number from 0 to 100")?),
        };
        Ok(Draft {
            name: filled(&self.name),
            language: filled(&self.language).map(|language| if language == "store" { String::new() } else { language }),
            role: Role::ALL.into_iter().find(|role| role.name() == self.role),
            rights: (self.further == "set").then(|| Right::ALL.into_iter().filter(|right| self.has_ticked(*right)).collect()),
            stores: filled(&self.stores).map(|text| text.split_whitespace().map(str::to_owned).collect()),
            discount_percent_max: discount,
            badge: filled(&self.badge),
            pin: filled(&self.pin),
            active: None,
        })
    }

    fn has_ticked(&self, right: Right) -> bool {
        self.ticked.contains_key(&format!("right_{}", right.name()))
    }
}

/// `refused`: what was typed (badge and PIN are typed again), and what is wrong with it.
pub fn page(frame: &Frame, people: &[PersonRow], refused: Option<(&Form, &str)>) -> Markup {
    let empty = Form::default();
    let typed = refused.map_or(&empty, |(form, _)| form);
    let tools = html! {
        @if let Some((_, fault)) = refused {
            div .faults role="alert" { strong { "Nothing was saved. Mend this and send it again:" } ul { li { (visible(fault)) } } }
        }
        form .tools method="post" action="/staff" autocomplete="off" {
            label { "Id " input name="id" required size="8" placeholder="anna" value=(typed.id); }
            label { "Name " input name="name" size="12" value=(typed.name); }
            label { "Role "
                select name="role" {
                    option value="" { "as it is" }
                    @for role in Role::ALL { option value=(role.name()) selected[typed.role == role.name()] { (role.name()) } }
                }
            }
            label { "Language "
                select name="language" {
                    @for (code, words) in [("", "as it is"), ("store", "the store's"), ("en", "English"), ("de", "German")] {
                        option value=(code) selected[typed.language == code] { (words) }
                    }
                }
            }
            label { "Stores " input name="stores" size="8" placeholder="* = all" value=(typed.stores); }
            label { "Discount % " input name="discount" size="3" inputmode="numeric" value=(typed.discount); }
            label { "Badge " input name="badge" type="password" size="10" autocomplete="off"; }
            label { "PIN " input name="pin" type="password" size="6" inputmode="numeric" autocomplete="new-password"; }
            details open[typed.further == "set"] {
                summary { "Rights beyond the role" }
                label { input type="checkbox" name="further" value="set" checked[typed.further == "set"]; " Set them to what is ticked here:" }
                div .ticks {
                    @for right in Right::ALL {
                        label { input type="checkbox" name=(format!("right_{}", right.name())) checked[typed.has_ticked(right)]; " " (right.name().replace('_', " ")) }
                    }
                }
            }
            button { "Save" }
        }
    };
    let body = html! {
        p .note { "An id that is new adds a person, one that is there changes it; an empty field leaves it as it is. PINs and badges cannot be read back." }
        @if people.is_empty() {
            p .empty { "Nobody yet: add people above, or with " code { "counterfoil import staff" } "." }
        } @else {
            table .wide {
                thead { tr { th { "Id" } th { "Name" } th { "Role" } th { "Further rights" } th { "Language" } th .n { "Discount" } th { "Stores" } th { "Signs in by" } th { "" } } }
                tbody {
                    @for person in people {
                        tr {
                            td data-label="Id" { code { (visible(&person.id)) } }
                            td data-label="Name" { (visible(&person.name)) @if !person.active { " " span .state.warn { "inactive" } } }
                            td data-label="Role" { (person.role.name()) }
                            td data-label="Further rights" { (further(person)) }
                            td data-label="Language" { @if person.language.is_empty() { "the store's" } @else { (visible(&person.language)) } }
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
    person.rights.iter().map(|right| Right::name(*right).replace('_', " ")).collect::<Vec<_>>().join(", ")
}

fn ways(person: &PersonRow) -> &'static str {
    match (person.has_badge, person.has_pin) {
        (true, true) => "badge, PIN",
        (true, false) => "badge",
        (false, true) => "PIN",
        (false, false) => "nothing yet",
    }
}
