//! The panel for discounts and prices by hand: the number is typed first, one tap says what it means and why. And what the customer saves.

use maud::{Markup, html};

use super::View;
use crate::money::Money;
use crate::web::layout::visible;
use crate::web::texts::fill;

pub fn panel(view: &View) -> Markup {
    let t = view.locale.texts.prices;
    let kinds = [
        ("line-percent", t.line_percent),
        ("line-amount", t.line_amount),
        ("line-price", t.line_price),
        ("sale-percent", t.sale_percent),
        ("sale-amount", t.sale_amount),
    ];
    let off = view.basket().is_none();
    html! {
        p .hint { (t.hint) }
        @for reason in &view.screen.rules.discount_reasons {
            div .price-reason {
                strong { (visible(&reason.text)) }
                @for (kind, word) in kinds {
                    button type="button" data-do="price-act" data-kind=(kind) data-reason=(reason.code) disabled[off] { (word) }
                }
            }
        }
    }
}

/// Under the total: what is saved, and by whose card and coupons.
pub fn saved(view: &View) -> Markup {
    let t = view.locale.texts.prices;
    let Some(basket) = view.basket() else { return html! {} };
    let saved = basket.saved();
    html! {
        @if saved > Money::ZERO { span .saved { (fill(t.saved, &[&view.money(saved)])) } }
        (super::customer::of_sale(view))
        @for coupon in &basket.asks.coupons { span .saved { (fill(t.coupon, &[&visible(&coupon.name)])) } }
    }
}
