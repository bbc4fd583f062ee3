//! What one article costs here and now, for whoever asks and buys nothing: the engine that prices baskets, asked about one unit, and the rules that
//! would say more of several.

use serde::Serialize;

use super::STATES_MAX;
use super::book::PriceBook;
use super::engine::{Item, Request, price};
use super::promotion::{Gives, Moment};
use crate::ids::Sku;
use crate::money::{Money, Qty, RoundingMode, Unit};

/// Rules that a card on a screen has room for.
pub const HINTS_MAX: usize = 6;

/// The article that is asked about.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    pub sku: &'a Sku,
    pub group: &'a str,
    pub unit: Unit,
    /// The catalogue's.
    pub price: Money,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Offer {
    /// Of one unit, before promotions: of the price list in front, or else the catalogue's.
    pub price: Money,
    /// Which list.
    pub list: Option<String>,
    /// What a basket with one unit of it charges, of nobody in particular.
    pub pays: Money,
    /// Rules that count for it now, the ones that took something off one unit first.
    pub hints: Vec<Hint>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Hint {
    /// "3 for 2".
    pub name: String,
    /// It is in [`Offer::pays`].
    pub counted: bool,
    /// Only for members.
    pub member: bool,
    /// Only with a coupon.
    pub coupon: bool,
}

/// What `book` makes of one unit at that moment.
pub fn offer(book: &PriceBook, asked: &Asked<'_>, moment: Moment, rounding: RoundingMode) -> Offer {
    let (unit_price, list) = match book.list_price(asked.sku, moment.date) {
        Some((price, list)) => (price, Some(list.to_owned())),
        None => (asked.price, None),
    };
    let item = Item {
        line: 1,
        sku: asked.sku,
        group: asked.group,
        quantity: Qty::ONE,
        price: unit_price,
        gross: unit_price,
        is_counted: asked.unit == Unit::Piece,
        is_fixed: false,
        is_returned: false,
        off: None,
    };
    let request =
        Request { items: vec![item], moment, is_member: false, coupons: Vec::new(), basket_off: None, rounding, states_max: STATES_MAX };
    let discounts = price(book, &request).discounts.pop().unwrap_or_default();
    let pays = unit_price + discounts.iter().map(|discount| discount.amount).sum();
    // What is off everything from some sum on says nothing about this article.
    let is_about = |gives: &Gives| !matches!(gives, Gives::Basket { on, .. } if on.all);
    let names = |selection: &super::Selection| selection.has(asked.sku, asked.group);
    let live = book.live(&moment).filter(|rule| is_about(&rule.gives) && rule.selections().into_iter().any(names));
    let mut hints: Vec<Hint> = live
        .map(|rule| Hint {
            name: rule.name.clone(),
            counted: discounts.iter().any(|discount| discount.rule == rule.id),
            member: rule.member,
            coupon: rule.coupon.is_some(),
        })
        .collect();
    hints.sort_by_key(|hint| !hint.counted);
    hints.truncate(HINTS_MAX);
    Offer { price: unit_price, list, pays, hints }
}
