//! Price lists and promotions as head office publishes them: data, checked before it is published (`check.rs`), never code.
//! `docs/PROMOTIONS.md` has the file that people write.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::ids::{Sku, StoreId};
use crate::money::Money;
use crate::time::{BusinessDate, Stamp};

/// 100 %, in hundredths of a percent.
pub const WHOLE: u32 = 10_000;

/// One line of the prices feed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PriceEntry {
    List(PriceList),
    Promotion(Box<Promotion>),
    /// What a member's card begins with.
    MemberCards(String),
}

/// Prices that stand in front of the catalogue's, in some stores and for some time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriceList {
    pub id: String,
    /// Empty: every store.
    #[serde(default)]
    pub stores: BTreeSet<StoreId>,
    #[serde(default)]
    pub from: Option<BusinessDate>,
    /// The last day.
    #[serde(default)]
    pub to: Option<BusinessDate>,
    /// Where two lists name one article, the higher wins; then the smaller id.
    #[serde(default)]
    pub priority: i32,
    /// Per unit of the article.
    pub prices: BTreeMap<Sku, Money>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Promotion {
    pub id: String,
    /// On the screen and on the receipt: "3 for 2".
    pub name: String,
    pub gives: Gives,
    #[serde(default)]
    pub combine: Combine,
    #[serde(default)]
    pub priority: i32,
    /// Empty: every store.
    #[serde(default)]
    pub stores: BTreeSet<StoreId>,
    /// Business dates.
    #[serde(default)]
    pub from: Option<BusinessDate>,
    /// The last day.
    #[serde(default)]
    pub to: Option<BusinessDate>,
    /// Empty: at any time.
    #[serde(default)]
    pub hours: Vec<Hours>,
    /// Only for members.
    #[serde(default)]
    pub member: bool,
    /// Only with one of these coupons.
    #[serde(default)]
    pub coupon: Option<Coupon>,
    /// Sets (or units, where there are no sets) in one transaction.
    #[serde(default)]
    pub times_max: Option<u32>,
    /// Money in one transaction. For rules that do not compete: exclusive, stacked, basket.
    #[serde(default)]
    pub amount_max: Option<Money>,
}

/// What a rule gives on what. Counts are pieces.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gives {
    /// Off each unit: percent, amount, or a price of its own. The only kind that weighed articles take part in, besides the basket's.
    Each { on: Selection, off: Off },
    /// From so many units on, off every one of them: of the steps that are reached, the best for each unit.
    QuantityBreak { on: Selection, steps: Vec<Step> },
    /// Of each `buy + get` units the `get` cheapest are reduced by `percent` (hundredths of a percent; 10,000 = free).
    BuyGet { on: Selection, buy: u32, get: u32, percent: u32 },
    /// Any `count` of the selection for a price together, or with a percentage off.
    MixMatch { on: Selection, count: u32, off: Off },
    /// So many of each part, together for a price. An article counts for the first part that names it.
    Bundle { parts: Vec<Part>, price: Money },
    /// Off what the selection comes to after all rules on articles, once it is at least `over`.
    Basket { on: Selection, off: Off, over: Money },
    /// For each `over` spent on `on`, one unit of `gift` that is in the basket is reduced by `percent`. Once, unless `times_max` says more.
    Gift { on: Selection, over: Money, gift: Selection, percent: u32 },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Off {
    /// Hundredths of a percent.
    Percent(u32),
    /// Never more than what there is to pay.
    Amount(Money),
    /// What is paid instead, where that is less.
    Price(Money),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    pub from: u32,
    pub off: Off,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    pub on: Selection,
    pub count: u32,
}

/// Which articles.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Selection {
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub all: bool,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub skus: BTreeSet<Sku>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub groups: BTreeSet<String>,
    /// Left out again.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub except: BTreeSet<Sku>,
}

impl Selection {
    pub fn has(&self, sku: &Sku, group: &str) -> bool {
        (self.all || self.skus.contains(sku) || with_parents(group).any(|group| self.groups.contains(group))) && !self.except.contains(sku)
    }
}

/// "Food/Dairy/Milk", "Food/Dairy", "Food": a rule on a group is a rule on all below it.
pub(super) fn with_parents(group: &str) -> impl Iterator<Item = &str> {
    let parents = group.char_indices().rev().filter(|(_, c)| *c == '/').map(|(at, _)| &group[..at]);
    std::iter::once(group).chain(parents)
}

/// How a rule lives with others.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Combine {
    /// Competes for units with its like; the customer gets the best of all ways to share the units out. Stacked rules come on top.
    #[default]
    Best,
    /// Takes its units before all others, by priority; nothing comes on top of them.
    Exclusive,
    /// On top of what the others left, by priority.
    Stack,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coupon {
    pub codes: BTreeSet<String>,
    /// Each code counts in one transaction, ever. Without: as often as it is shown.
    #[serde(default)]
    pub single_use: bool,
}

/// A window of local time. `from > to` runs over midnight and belongs to the day it began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hours {
    /// Empty: every day.
    #[serde(default)]
    pub weekdays: BTreeSet<Weekday>,
    /// Minutes after midnight.
    pub from: u16,
    /// Minutes after midnight; the minute itself is outside. 1440: the end of the day.
    pub to: u16,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Weekday {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

impl Weekday {
    pub const ALL: [Weekday; 7] = [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri, Weekday::Sat, Weekday::Sun];
}

/// The moment of a decision as a promotion sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    pub date: BusinessDate,
    /// Days since Monday, by the store's calendar and clock.
    weekday: usize,
    /// After midnight.
    minute: u16,
}

impl Moment {
    pub fn new(date: BusinessDate, at: Stamp, utc_offset_min: i32) -> Moment {
        const MINUTES: i64 = 24 * 60;
        let minutes = at.ms.div_euclid(60_000) + i64::from(utc_offset_min);
        // 1970-01-01 was a Thursday.
        let weekday = usize::try_from((minutes.div_euclid(MINUTES) + 3).rem_euclid(7)).unwrap_or_default();
        Moment { date, weekday, minute: u16::try_from(minutes.rem_euclid(MINUTES)).unwrap_or_default() }
    }

    fn is_within(&self, from: Option<BusinessDate>, to: Option<BusinessDate>) -> bool {
        from.is_none_or(|from| from <= self.date) && to.is_none_or(|to| self.date <= to)
    }
}

impl Hours {
    pub fn has(&self, moment: &Moment) -> bool {
        let on = |days_ago: usize| {
            let weekday = Weekday::ALL[(moment.weekday + 7 - days_ago) % 7];
            self.weekdays.is_empty() || self.weekdays.contains(&weekday)
        };
        let minute = moment.minute;
        if self.from <= self.to {
            on(0) && self.from <= minute && minute < self.to
        } else {
            (on(0) && self.from <= minute) || (on(1) && minute < self.to)
        }
    }
}

impl PriceList {
    pub fn is_live(&self, date: BusinessDate) -> bool {
        self.from.is_none_or(|from| from <= date) && self.to.is_none_or(|to| date <= to)
    }
}

impl Promotion {
    /// Whether dates and hours let it count now.
    pub fn is_live(&self, moment: &Moment) -> bool {
        moment.is_within(self.from, self.to) && (self.hours.is_empty() || self.hours.iter().any(|hours| hours.has(moment)))
    }

    /// All that must be in the basket for it: for the index.
    pub fn selections(&self) -> Vec<&Selection> {
        match &self.gives {
            Gives::Each { on, .. }
            | Gives::QuantityBreak { on, .. }
            | Gives::BuyGet { on, .. }
            | Gives::MixMatch { on, .. }
            | Gives::Basket { on, .. } => vec![on],
            Gives::Gift { on, gift, .. } => vec![on, gift],
            Gives::Bundle { parts, .. } => parts.iter().map(|part| &part.on).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_run_by_the_stores_clock_and_over_midnight() {
        let check = |weekdays: &[Weekday], from: u16, to: u16, local: &str, expect: bool| {
            let at: jiff::Timestamp = format!("{local}:00+02:00").parse().unwrap();
            let stamp = Stamp { ms: at.as_millisecond(), ..Stamp::default() };
            let moment = Moment::new(BusinessDate::constant(2026, 7, 3), stamp, 120);
            let hours = Hours { weekdays: weekdays.iter().copied().collect(), from, to };
            assert_eq!(hours.has(&moment), expect, "{local}");
        };
        // 2026-07-03 is a Friday.
        check(&[Weekday::Fri], 17 * 60, 19 * 60, "2026-07-03T17:00", true);
        check(&[Weekday::Fri], 17 * 60, 19 * 60, "2026-07-03T19:00", false);
        check(&[Weekday::Fri], 17 * 60, 19 * 60, "2026-07-04T18:00", false);
        check(&[Weekday::Fri], 22 * 60, 2 * 60, "2026-07-03T23:59", true);
        check(&[Weekday::Fri], 22 * 60, 2 * 60, "2026-07-04T01:59", true);
        check(&[Weekday::Fri], 22 * 60, 2 * 60, "2026-07-03T01:00", false);
        check(&[], 0, 1440, "2026-07-05T00:00", true);
    }
}
