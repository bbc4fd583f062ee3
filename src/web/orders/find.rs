//! Looking an order up without its code: its number, the last digits of it, or the name of whoever comes for it. It opens the order and
//! proves nothing; what the customer says is compared by the person at the desk.

use std::sync::Arc;

use maud::{Markup, html};

use super::Desk;
use crate::node::Node;
use crate::retail::order::{Order, OrderState};
use crate::views::{folded_words, query_words};
use crate::web::layout::visible;
use crate::web::texts::fill;

/// Orders in one answer.
pub const FOUND_MAX: usize = 20;
/// A longer text is no number and no name.
pub const TEXT_CHARS_MAX: usize = 80;
/// Fewer last digits mean nothing in a shop with many orders.
const DIGITS_MIN: usize = 4;
/// Fewer letters of a name show half the shop's customers.
const LETTERS_MIN: usize = 3;

/// One order that was looked for.
pub struct Hit {
    pub order: Arc<Order>,
    /// Of whoever comes for it, where the name was looked for.
    pub name: String,
}

#[derive(Default)]
pub struct Found {
    /// Those that are not over first, and of them those that are ready; then by when they are due.
    pub hits: Vec<Hit>,
    /// More than an answer holds.
    pub more: usize,
    /// The first one has exactly this number.
    pub is_exact: bool,
    /// It could be a name, and nobody is signed in who may see names.
    pub names_hidden: bool,
    /// Too little to look for.
    pub too_short: bool,
}

/// What a typed text may mean.
struct Asked {
    number: String,
    last_digits: Option<String>,
    /// Folded, each the beginning of a word of the name.
    name: Vec<String>,
}

impl Asked {
    fn of(text: &str) -> Asked {
        let text: String = text.chars().take(TEXT_CHARS_MAX).collect();
        let number = text.trim().to_uppercase();
        let is_digits = number.len() >= DIGITS_MIN && number.bytes().all(|byte| byte.is_ascii_digit());
        let words = query_words(&text);
        let letters: usize = words.iter().map(|word| word.chars().filter(|c| c.is_alphabetic()).count()).sum();
        Asked { last_digits: is_digits.then(|| number.clone()), number, name: if letters >= LETTERS_MIN { words } else { Vec::new() } }
    }

    fn is_number_of(&self, order: &Order) -> bool {
        order.asked.order.as_str().eq_ignore_ascii_case(&self.number)
    }

    fn ends(&self, order: &Order) -> bool {
        let Some(digits) = &self.last_digits else { return false };
        let number: String = order.asked.order.as_str().chars().filter(char::is_ascii_digit).collect();
        number.ends_with(digits.as_str())
    }

    fn is_name(&self, name: &str) -> bool {
        let words = folded_words(name);
        !self.name.is_empty() && self.name.iter().all(|asked| words.iter().any(|word| word.starts_with(asked.as_str())))
    }
}

/// Looks through the orders that are not over and those that ended today. Reads the vault for each of them when a name is looked for, so
/// it may take a moment: not for the loop. `with_names`: somebody works here who may see them.
pub fn find(node: &Node, text: &str, with_names: bool) -> Found {
    let asked = Asked::of(text);
    let book = &node.screen().orders;
    let mut hits: Vec<Hit> = Vec::new();
    for order in book.orders.values() {
        let by_name = with_names && !asked.name.is_empty();
        let name = if by_name { node.shared().order_customer(&order.asked).name } else { String::new() };
        if asked.is_number_of(order) || asked.ends(order) || (by_name && asked.is_name(&name)) {
            hits.push(Hit { order: Arc::clone(order), name });
        }
    }
    let place = |hit: &Hit| {
        let order = &hit.order;
        let is_ready = order.state == OrderState::Staged;
        (!asked.is_number_of(order), order.is_done(), !is_ready, order.asked.promised_ms, order.asked.order.clone())
    };
    hits.sort_by_cached_key(place);
    let more = hits.len().saturating_sub(FOUND_MAX);
    hits.truncate(FOUND_MAX);
    Found {
        is_exact: hits.first().is_some_and(|hit| asked.is_number_of(&hit.order)),
        names_hidden: !with_names && !asked.name.is_empty(),
        too_short: hits.is_empty() && asked.last_digits.is_none() && asked.name.is_empty(),
        hits,
        more,
    }
}

/// The field, over the board and over one order.
pub(super) fn field(desk: &Desk) -> Markup {
    let t = desk.t;
    html! {
        section #finding {
            form #find role="search" {
                label for="find-text" { (t.find) }
                div .row {
                    input #find-text type="text" enterkeyhint="search" maxlength=(TEXT_CHARS_MAX) aria-label=(t.find) autocomplete="off" autocapitalize="off" spellcheck="false"
                        aria-describedby="find-hint" aria-controls="found" placeholder=(t.find_example);
                    button type="submit" { (t.find_button) }
                }
                p #find-hint .unseen { (t.find_hint) }
            }
            div #found {}
        }
    }
}

/// What was found, as cards.
pub(super) fn results(desk: &Desk, found: &Found) -> Markup {
    let t = desk.t;
    let exact = found.hits.first().filter(|_| found.is_exact).map(|hit| hit.order.asked.order.as_str());
    html! {
        div .found-list data-exact=[exact] {
            p role="status" .muted {
                @if found.too_short { (t.find_too_short) }
                @else if found.hits.is_empty() { (t.find_none) }
                @else if found.more > 0 { (fill(t.find_more, &[&found.hits.len().to_string(), &(found.hits.len() + found.more).to_string()])) }
                @else if found.hits.len() == 1 { (t.find_one) }
                @else { (fill(t.find_some, &[&found.hits.len().to_string()])) }
                @if found.names_hidden { " " (t.find_names_hidden) }
            }
            div .found-cards { @for hit in &found.hits { (super::board::card(desk, &hit.order, Some(&visible(&hit.name)))) } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_by_the_beginnings_of_its_words() {
        for asked in ["mül", "MUL", "mueller", "zoe mül", "Müller, Zo"] {
            assert!(Asked::of(asked).is_name("Zoë \"Ace\" Müller-Lüdenscheidt <b>"), "{asked}");
        }
        for asked in ["", "m", "mu", "ller", "müller anna", "\u{0}\u{7f}", "%%%"] {
            assert!(!Asked::of(asked).is_name("Zoë \"Ace\" Müller-Lüdenscheidt <b>"), "{asked}");
        }
        assert!(!Asked::of("zoe").is_name(""), "who is erased is found by nobody");
    }

    #[test]
    fn last_digits_are_four_at_least_and_digits_alone() {
        assert_eq!(Asked::of(" 4711 ").last_digits.as_deref(), Some("4711"));
        for asked in ["471", "47a1", "47 11", &"9".repeat(500)[..0], "٤٧١١"] {
            assert_eq!(Asked::of(asked).last_digits, None, "{asked}");
        }
        assert_eq!(Asked::of(&"9".repeat(500)).number.len(), TEXT_CHARS_MAX);
    }
}
