//! Quick keys: what the store sells most without a code to scan. Their places come from its configuration and never change by themselves. The
//! first ones are always there, under the list; where there are more than fit, the last place opens all of them.

use maud::{Markup, html};

use super::{View, icon, panel_head};
use crate::node::screen::Feedback;
use crate::retail::rules::{QuickKey, QuickSale};
use crate::web::layout::visible;

/// On a key that waits for a price, whatever the language.
const PRICE_SIGN: &str = "?";
/// Places under the list.
const PLACES: usize = 6;

/// The row under the list; nothing where the store has no quick keys.
pub fn row(view: &View) -> Markup {
    let keys = &view.screen.rules.till.quick_keys;
    let all_fit = keys.len() <= PLACES;
    let shown = if all_fit { keys.len() } else { PLACES - 1 };
    let off = is_off(view);
    html! {
        @if !keys.is_empty() {
            div .quick-row {
                @for key in &keys[..shown] { (one(key, off)) }
                @if !all_fit {
                    button .quick-key .all type="button" data-panel="quick" {
                        (icon("more")) span .word { (view.locale.texts.quick.all) } kbd { "F5" }
                    }
                }
            }
        }
    }
}

/// All of them.
pub fn panel(view: &View) -> Markup {
    let off = is_off(view);
    html! {
        div .quick-grid {
            @for key in &view.screen.rules.till.quick_keys { (one(key, off)) }
        }
    }
}

pub fn head(view: &View) -> Markup {
    let t = view.locale.texts;
    panel_head(t, t.quick.title)
}

fn one(key: &QuickKey, off: bool) -> Markup {
    let text = visible(&key.text);
    match &key.sells {
        QuickSale::Code(code) => html! {
            button .quick-key type="button" data-do="quick" data-code=(code) disabled[off] { span .word { (text) } }
        },
        QuickSale::Department(sku) => html! {
            button .quick-key .department type="button" data-do="department" data-department=(sku) data-name=(text) disabled[off] {
                span .word { (text) } span .sign { (PRICE_SIGN) }
            }
        },
    }
}

/// Beside what was not found: sell it at a typed price, where the store allows it.
pub fn sell_unknown(view: &View, feedback: &Feedback) -> Markup {
    let department = view.screen.rules.till.departments.iter().find(|department| department.for_unknown);
    let wanted = department.and_then(|department| Some((department, feedback.unknown.as_ref()?)));
    html! {
        @if let Some((department, code)) = wanted {
            button type="button" #sell-unknown data-do="department" data-department=(department.sku) data-name=(visible(&department.name))
                data-code=(code) disabled[is_off(view)] { (view.locale.texts.quick.open_price) }
        }
    }
}

/// What the script puts into the strip while a department waits for its price.
pub fn price_question(view: &View) -> Markup {
    let t = view.locale.texts;
    html! {
        template #price-asked {
            div .say .armed .price-asked {
                (icon("price"))
                p { strong {} span { (t.quick.type_price) } }
                button type="button" data-do="forget-price" { (t.cancel) }
            }
        }
    }
}

/// While money moves, a check is open or the day is closed, nothing is sold.
fn is_off(view: &View) -> bool {
    let paying = view.basket().is_some_and(|basket| !basket.tenders.is_empty() || basket.card.is_some());
    !view.day_is_open() || view.till.check.is_some() || paying
}
