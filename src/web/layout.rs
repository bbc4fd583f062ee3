//! The frame around every page: head, style, scripts. Nothing inline: the content security policy would block it.

use maud::{DOCTYPE, Markup, html};

use super::assets::address;
use super::locale::Locale;

/// A whole document. `class` names the kind of page for the style sheet; scripts run deferred, in order.
pub fn document(locale: &Locale, title: &str, class: &str, scripts: &[&str], body: Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang=(locale.language) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " · Counterfoil" }
                link rel="icon" href=(address("icon.svg")) type="image/svg+xml";
                link rel="stylesheet" href=(address("shop.css"));
                @if class == "sim" { link rel="stylesheet" href=(address("sim.css")); }
                @if class == "articles" { link rel="stylesheet" href=(address("articles.css")); }
                @if class == "desk office" { link rel="stylesheet" href=(address("backoffice.css")); }
                @if class == "till" {
                    link rel="stylesheet" href=(address("till.css"));
                    link rel="stylesheet" href=(address("returns.css"));
                    link rel="stylesheet" href=(address("customer.css"));
                    link rel="stylesheet" href=(address("gate.css"));
                    link rel="stylesheet" href=(address("quick.css"));
                    link rel="stylesheet" href=(address("cash.css"));
                }
                @if class == "orders" {
                    link rel="stylesheet" href=(address("gate.css"));
                    link rel="stylesheet" href=(address("orders.css"));
                }
                @if class == "stock" {
                    link rel="stylesheet" href=(address("gate.css"));
                    link rel="stylesheet" href=(address("stock.css"));
                }
                // Before anything is painted, so that a dark screen does not flash white.
                script src=(address("look.js")) {}
                @for script in scripts { script src=(address(script)) defer {} }
            }
            body class=(class) { (body) }
        }
    }
}

/// A plain page with one message: not found, wrong screen.
pub fn message_page(locale: &Locale, title: &str, hint: &str) -> Markup {
    let body = html! {
        main .message {
            h1 { (title) }
            p { (hint) }
            p { a .button href="/" { (locale.texts.to_start) } }
        }
    };
    document(locale, title, "desk", &[], body)
}

/// Text from outside, made safe to look at: control characters become visible signs instead of acting on anything.
/// HTML is escaped by the template in any case.
pub fn visible(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\u{0}'..='\u{1f}' => char::from_u32(0x2400 + c as u32).unwrap_or('\u{fffd}'),
            '\u{7f}' => '\u{2421}',
            '\u{80}'..='\u{9f}' => '\u{fffd}',
            // Marks that turn the direction of the text after them could make a price read backwards; others break it or are not seen.
            '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' => '\u{fffd}',
            _ => c,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn control_characters_become_visible() {
        assert_eq!(super::visible("a\u{1b}b\u{202e}c\u{7f}\u{2028}"), "a\u{241b}b\u{fffd}c\u{2421}\u{fffd}");
        assert_eq!(super::visible("Käse 1 kg"), "Käse 1 kg");
    }
}
