//! What a basket costs: price lists, promotions, coupons, member prices, and what a person takes off.
//!
//! The engine ([`price`]) is a function of the lines, the moment and the [`PriceBook`]; it knows no basket. [`acts`] are the commands, and
//! [`repriced`] the event that follows every act on an open basket whose discounts are not as they should be. `docs/PROMOTIONS.md` says
//! what people may rely on.

pub mod promotion;

mod book;
mod engine;
mod spread;

mod compete;
mod pool;

mod alone;

mod bulk;
mod exact;
mod machine;
mod team;

pub mod acts;
mod repriced;

pub mod offer;

pub use acts::{COUPONS_KEPT_MAX, COUPONS_PER_TRANSACTION_MAX};
pub use book::PriceBook;
pub use compete::EXACT_RULES_MAX;
pub use engine::{Item, ManualOff, Priced, Request, price};
pub use exact::STATES_MAX;
pub use promotion::{Combine, Coupon, Gives, Hours, Moment, Off, Part, PriceEntry, PriceList, Promotion, Selection, Step, Weekday};
pub(super) use repriced::repriced;
pub use spread::spread;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Discount;
use super::customer::Attached;
use crate::money::Money;

/// What the cashier takes off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reduction {
    /// Hundredths of a percent: 10 % = 1000.
    Percent(u32),
    Amount(Money),
}

impl From<Reduction> for Off {
    fn from(reduction: Reduction) -> Off {
        match reduction {
            Reduction::Percent(percent) => Off::Percent(percent),
            Reduction::Amount(amount) => Off::Amount(amount),
        }
    }
}

/// What people asked for in one transaction. The lines' discounts follow from it, the book and the moment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asks {
    /// By line.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub lines: BTreeMap<u32, ManualOff>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basket: Option<ManualOff>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub coupons: Vec<GivenCoupon>,
    /// Who buys, by reference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<Attached>,
    /// The member's card. A reference, never a name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member: Option<String>,
}

impl Asks {
    /// Members' prices hold.
    pub fn is_member(&self) -> bool {
        self.member.is_some() || self.customer.is_some_and(|customer| customer.is_member)
    }

    pub fn is_empty(&self) -> bool {
        *self == Asks::default()
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GivenCoupon {
    pub code: String,
    /// The promotion it brings.
    pub rule: String,
    pub name: String,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub single_use: bool,
}

/// A price that a person set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriceSet {
    /// Per unit, before it was set.
    pub from: Money,
    /// The reason's code.
    pub reason: String,
}

/// The discounts of one line as they are from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineDiscounts {
    pub line: u32,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub discounts: Vec<Discount>,
}

/// Why a person may change a price. From the store's configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    pub code: String,
    /// On the screen and on the receipt.
    pub text: String,
}
