//! The panel "More": acts that are not part of every sale, each a tile with a sign, a word and a key. Tiles keep their places:
//! a new one goes to the end of [`tiles`], and what cannot be done now is greyed, never gone.

use std::borrow::Cow;

use maud::{Markup, html};

use super::{View, cash, icon};
use crate::web::live::OrderNews;

/// One tile. Its key works while the panel is open.
struct Tile {
    icon: &'static str,
    word: &'static str,
    /// A letter or digit, unique in the panel.
    key: &'static str,
    act: Act,
    off: bool,
    /// How much waits behind it.
    badge: Option<OrderNews>,
}

/// What a tap does.
enum Act {
    /// An act of `till.js` by its name.
    Do(&'static str),
    /// Opens another panel over the list.
    Panel(&'static str),
    /// Leaves for another page.
    Page(Cow<'static, str>),
}

fn tiles(view: &View) -> Vec<Tile> {
    let t = view.locale.texts;
    let tile = |icon, word, key, act, off| Tile { icon, word, key, act, off, badge: None };
    let orders = format!("/orders/{}", view.workstation);
    let news = OrderNews::of(view.screen, t);
    vec![
        tile("day", t.day, "D", Act::Panel("day"), false),
        tile("print", t.reprint, "R", Act::Do("reprint"), view.till.last.is_none()),
        tile("scan", t.more_panel.devices, "G", Act::Page("/devices".into()), false),
        tile("parked", t.more_panel.pages, "P", Act::Page("/".into()), false),
        tile("undo", t.returns.word, "T", Act::Panel("return"), !view.day_is_open() || view.till.training),
        tile("lock", t.people.lock, "L", Act::Do("lock"), view.till.signed_in.is_none()),
        tile("void", t.people.sign_out, "O", Act::Do("sign-out"), view.till.signed_in.is_none()),
        tile("price", t.prices.word, "N", Act::Panel("prices"), view.basket().is_none()),
        tile("cash", t.office.title, "B", Act::Page("/office".into()), false),
        tile("cash", t.cash_panel.word, "C", Act::Panel("cash"), view.till.training),
        tile("age", t.customer.word, "K", Act::Panel("customer"), view.till.training),
        tile("scale", t.weight.tare, "W", Act::Do("tare"), !view.day_is_open()),
        tile("training", training_word(view), "U", Act::Do(training_act(view)), view.basket().is_some()),
        Tile { badge: Some(news), ..tile("bag", t.orders.to_board, "A", Act::Page(orders.into()), false) },
    ]
}

fn training_word(view: &View) -> &'static str {
    let t = view.locale.texts.training;
    if view.till.training { t.end } else { t.begin }
}

fn training_act(view: &View) -> &'static str {
    if view.till.training { "training-off" } else { "training-on" }
}

pub fn panel(view: &View) -> Markup {
    let t = view.locale.texts;
    html! {
        p .hint .tight { (t.more_panel.hint) }
        (cash::no_sale(view))
        div .act-tiles {
            @for tile in tiles(view) {
                @let (act, panel, page) = match tile.act {
                    Act::Do(act) => (Some(act), None, None),
                    Act::Panel(panel) => (None, Some(panel), None),
                    Act::Page(page) => (None, None, Some(page)),
                };
                button .act-tile type="button" data-tile=(tile.key) data-do=[act] data-panel=[panel] data-page=[page] disabled[tile.off] {
                    (icon(tile.icon)) span .word { (tile.word) @if let Some(news) = &tile.badge { (news.badge()) } } kbd { (tile.key) }
                }
            }
        }
    }
}
