//! The prices and promotions of one store in one value, indexed so that a basket asks only the rules that its articles may meet.

use std::collections::{BTreeMap, BTreeSet};

use super::engine::Request;
use super::promotion::{Combine, Gives, Moment, PriceEntry, PriceList, Promotion, Selection, with_parents};
use crate::ids::{Sku, StoreId};
use crate::money::Money;
use crate::time::BusinessDate;

/// Immutable; a new version is a new value, so a price list switches as a whole.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PriceBook {
    /// Of the prices feed; 0: none has come.
    pub version: u64,
    lists: Vec<PriceList>,
    /// By priority (higher first), then by id.
    promotions: Vec<Promotion>,
    member_cards: BTreeSet<String>,
    by_sku: BTreeMap<Sku, Vec<u32>>,
    by_group: BTreeMap<String, Vec<u32>>,
    /// Rules on every article.
    on_all: Vec<u32>,
    coupons: BTreeMap<String, u32>,
}

impl PriceBook {
    /// Of everything that head office published, what concerns `store`.
    pub fn new(version: u64, store: &StoreId, entries: impl IntoIterator<Item = PriceEntry>) -> PriceBook {
        let mut book = PriceBook { version, ..PriceBook::default() };
        let here = |stores: &BTreeSet<StoreId>| stores.is_empty() || stores.contains(store);
        for entry in entries {
            match entry {
                PriceEntry::List(list) if here(&list.stores) => book.lists.push(list),
                PriceEntry::Promotion(promotion) if here(&promotion.stores) => book.promotions.push(*promotion),
                PriceEntry::List(_) | PriceEntry::Promotion(_) => {}
                PriceEntry::MemberCards(start) => book.member_cards.extend([start]),
            }
        }
        book.lists.sort_by(|a, b| b.priority.cmp(&a.priority).then_with(|| a.id.cmp(&b.id)));
        book.promotions.sort_by(|a, b| b.priority.cmp(&a.priority).then_with(|| a.id.cmp(&b.id)));
        for (index, promotion) in book.promotions.iter().enumerate() {
            let index = u32::try_from(index).unwrap_or(u32::MAX);
            for Selection { all, skus, groups, .. } in promotion.selections() {
                if *all {
                    book.on_all.push(index);
                }
                skus.iter().for_each(|sku| book.by_sku.entry(sku.clone()).or_default().push(index));
                groups.iter().for_each(|group| book.by_group.entry(group.clone()).or_default().push(index));
            }
            let codes = promotion.coupon.iter().flat_map(|coupon| &coupon.codes);
            book.coupons.extend(codes.map(|code| (code.clone(), index)));
        }
        book
    }

    pub fn promotions(&self) -> &[Promotion] {
        &self.promotions
    }

    pub fn lists(&self) -> &[PriceList] {
        &self.lists
    }

    /// The price that stands in front of the catalogue's on that date, and the list that says so.
    pub fn list_price(&self, sku: &Sku, date: BusinessDate) -> Option<(Money, &str)> {
        let live = self.lists.iter().filter(|list| list.is_live(date));
        live.filter_map(|list| list.prices.get(sku).map(|price| (*price, list.id.as_str()))).next()
    }

    /// The rule that a coupon brings, live or not. `None`: not a coupon of ours.
    pub fn coupon(&self, code: &str) -> Option<&Promotion> {
        self.coupons.get(code).and_then(|index| self.promotions.get(*index as usize))
    }

    pub fn is_member_card(&self, code: &str) -> bool {
        self.member_cards.iter().any(|start| code.len() > start.len() && code.starts_with(start.as_str()))
    }

    /// The live rules that this basket may meet, by priority and id.
    pub(super) fn candidates(&self, request: &Request) -> Vec<&Promotion> {
        let mut found: Vec<u32> = self.on_all.clone();
        for item in request.items.iter().filter(|item| !item.is_returned) {
            found.extend(self.by_sku.get(item.sku).into_iter().flatten());
            with_parents(item.group).for_each(|group| found.extend(self.by_group.get(group).into_iter().flatten()));
        }
        found.sort_unstable();
        found.dedup();
        let rules = found.into_iter().filter_map(|index| self.promotions.get(index as usize));
        rules.filter(|rule| rule.counts(request)).collect()
    }

    /// What counts at that moment, with or without a coupon or a card.
    pub fn live(&self, moment: &Moment) -> impl Iterator<Item = &Promotion> {
        self.promotions.iter().filter(|promotion| promotion.is_live(moment))
    }
}

impl Promotion {
    fn counts(&self, request: &Request) -> bool {
        (!self.member || request.is_member)
            && (self.coupon.is_none() || request.coupons.contains(&self.id.as_str()))
            && self.is_live(&request.moment)
    }

    /// On articles, as against on the basket.
    pub fn is_on_articles(&self) -> bool {
        match self.gives {
            Gives::Each { .. } | Gives::QuantityBreak { .. } | Gives::BuyGet { .. } | Gives::MixMatch { .. } | Gives::Bundle { .. } => true,
            Gives::Basket { .. } | Gives::Gift { .. } => false,
        }
    }

    /// Competes for units with others.
    pub fn competes(&self) -> bool {
        self.is_on_articles() && self.combine == Combine::Best
    }
}
