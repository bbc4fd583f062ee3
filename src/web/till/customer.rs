//! The panel "Customer": find somebody by exact spelling, or take them in with their consent. What is typed and found lives in this browser
//! alone until it is sent; the published screen never holds a name.

use maud::{Markup, html};

use super::{View, icon, panel_head};
use crate::web::layout::visible;
use crate::web::texts::fill;

const LETTERS: [&str; 4] = ["1234567890", "qwertzuiop", "asdfghjkl@", "yxcvbnm.-_+"];

pub fn panel(view: &View) -> Markup {
    let t = view.locale.texts.customer;
    let field = |name: &str, word: &str, kind: &str| {
        html! {
            label { span { (word) } input type="text" inputmode=(kind) name=(name) maxlength="120" autocomplete="off" autocapitalize="off" spellcheck="false"; }
        }
    };
    html! {
        (panel_head(view.locale.texts, t.title))
        div .customer-body {
        div #customer-now { (now(view)) }
        form #customer-find autocomplete="off" {
            input #customer-text type="text" maxlength="254" autocomplete="off" autocapitalize="off" spellcheck="false"
                placeholder=(t.find_hint) aria-label=(t.find_hint);
            button .primary type="button" data-do="customer-find" { (icon("search")) (t.find) }
        }
        div #customer-said role="status" hidden { }
        div #customer-found hidden data-agreed=(t.agreed) data-erased=(t.erased) {
            p { strong .name {} span .more {} span .agreed {} }
            button .primary type="button" data-do="customer-attach" { (t.attach) }
            button type="button" data-do="customer-erase" { (t.erase) }
            button .danger type="button" data-do="customer-erase-sure" hidden { (t.erase_sure) }
        }
        button #customer-new-open type="button" data-do="customer-new" { (t.new) }
        form #customer-new autocomplete="off" hidden {
            div .fields {
                (field("name", t.name, "text")) (field("email", t.email, "email"))
                (field("phone", t.phone, "tel")) (field("card", t.card, "text"))
            }
            div .agree {
                label .consent { input type="checkbox" name="agreed" value=(t.wording); span { (t.consent) } }
                button .primary type="button" data-do="customer-save" { (t.save) }
            }
        }
        }
        div .letters.customer-letters aria-label=(t.letters) {
            @for row in LETTERS {
                div { @for letter in row.chars() { button type="button" tabindex="-1" data-do="customer-letter" data-text=(letter) { (letter) } } }
            }
            div {
                @for letter in ['ä', 'ö', 'ü', 'ß', 'é'] { button type="button" tabindex="-1" data-do="customer-letter" data-text=(letter) { (letter) } }
                button .space type="button" tabindex="-1" data-do="customer-letter" data-text=" " { (view.locale.texts.letters_space) }
                button .space type="button" tabindex="-1" data-do="customer-letter" data-text="Backspace" { "\u{232b} " (view.locale.texts.key_back) }
            }
        }
    }
}

/// Who is attached, and how to take them off.
pub fn now(view: &View) -> Markup {
    let t = view.locale.texts.customer;
    let Some(basket) = view.basket() else { return html! { p .hint { (t.open_sale_first) } } };
    let fixed = basket.has_money();
    html! {
        @if basket.asks.customer.is_some() || basket.asks.member.is_some() {
            p .customer-attached {
                (of_sale(view))
                button type="button" data-do="customer-detach" disabled[fixed] { (t.detach) }
            }
        }
    }
}

/// Beside the total.
pub fn of_sale(view: &View) -> Markup {
    let t = view.locale.texts;
    let Some(basket) = view.basket() else { return html! {} };
    match (&basket.asks.customer, &basket.asks.member) {
        (Some(customer), _) => {
            let name = view.customer.clone().unwrap_or_else(|| customer.subject.short());
            html! { span .saved { (fill(t.customer.of_sale, &[&visible(&name)])) } @if customer.is_member { span .saved { (t.prices.member) } } }
        }
        (None, Some(_)) => html! { span .saved { (t.prices.member) } },
        (None, None) => html! {},
    }
}
