//! What people do to prices: a discount on a line or on the basket, a price set, a coupon, a member's card. Each is one act that undo
//! takes back; what it comes to is worked out by [`super::repriced`] in the same record.

use std::collections::BTreeMap;

use super::promotion::{Moment, WHOLE};
use super::{GivenCoupon, ManualOff, Off, PriceBook, PriceSet, Reason, Reduction};
use crate::gs1::{Scan, shown};
use crate::ids::TxnId;
use crate::money::{Currency, Money, RoundingMode};
use crate::retail::basket::Basket;
use crate::retail::decide::{Case, Outcome, refuse_when_fixed};
use crate::retail::rights::{self, Right};
use crate::retail::{Answer, DiscountKind, Event, Refusal, SoldLine};

/// Coupons of one transaction.
pub const COUPONS_PER_TRANSACTION_MAX: u32 = 20;
/// Single-use coupons that are remembered as used; beyond it the oldest by code is forgotten, and head office still knows it.
pub const COUPONS_KEPT_MAX: usize = 100_000;

/// `off` of `None` takes the discount away again.
pub(in crate::retail) fn discount_line(case: &Case, line: u32, off: Option<Reduction>, reason: &str) -> Result<Outcome, Refusal> {
    let (_, _, basket) = case.at_basket()?;
    refuse_when_fixed(basket)?;
    let sold = basket.line(line).ok_or(Refusal::NoSuchLine { line })?;
    if sold.returned.is_some() {
        return Err(Refusal::ReturnedLineFixed);
    }
    let former = basket.asks.lines.get(&line);
    let off = off.map(|off| manual(case, off, reason)).transpose()?;
    if let Some(ManualOff { off: Off::Amount(amount), .. }) = &off {
        // What was taken off by hand before is put back first.
        let own: Money = sold.discounts.iter().filter(|discount| discount.kind.is_manual()).map(|discount| discount.amount).sum();
        let max = sold.extended - own;
        if *amount > max {
            return Err(Refusal::DiscountAbovePrice { max });
        }
    }

    let by_basket = by_hand(sold, |kind| kind == DiscountKind::ManualBasket);
    let approved = within_limit(case, off.as_ref(), sold.gross, Taken { already: price_cut(sold) + by_basket, of: regular(sold) })?;

    // Cannot fail below.
    let answer = Answer { txn: Some(basket.txn), line: Some(line), ..Answer::default() };
    if former == off.as_ref() {
        return Ok(Outcome { events: Vec::new(), answer });
    }
    let event = Event::LineDiscountSet { txn: basket.txn, line, off: off.map(Box::new) };
    Ok(Outcome { events: std::iter::once(event).chain(approved).collect(), answer })
}

pub(in crate::retail) fn discount_basket(case: &Case, off: Option<Reduction>, reason: &str) -> Result<Outcome, Refusal> {
    let (_, _, basket) = case.at_basket()?;
    refuse_when_fixed(basket)?;
    let off = off.map(|off| manual(case, off, reason)).transpose()?;
    if let Some(ManualOff { off: Off::Amount(amount), .. }) = &off {
        let by_hand = |d: &&crate::retail::Discount| d.kind == crate::retail::DiscountKind::ManualBasket;
        let sold = || basket.live().filter(|sold| sold.returned.is_none());
        let own: Money = sold().flat_map(|sold| &sold.discounts).filter(by_hand).map(|discount| discount.amount).sum();
        let max = sold().map(|sold| sold.extended).sum::<Money>() - own;
        if *amount > max {
            return Err(Refusal::DiscountAbovePrice { max });
        }
    }

    let of_lines = |of_line: fn(&SoldLine) -> Money| basket.live().filter(|sold| sold.returned.is_none()).map(of_line).sum::<Money>();
    let by_line = |sold: &SoldLine| by_hand(sold, |kind| kind == DiscountKind::ManualLine);
    let taken = Taken { already: of_lines(price_cut) + of_lines(by_line), of: of_lines(regular) };
    let approved = within_limit(case, off.as_ref(), of_lines(|sold| sold.gross), taken)?;

    // Cannot fail below.
    let answer = Answer { txn: Some(basket.txn), ..Answer::default() };
    if basket.asks.basket == off {
        return Ok(Outcome { events: Vec::new(), answer });
    }
    let event = Event::BasketDiscountSet { txn: basket.txn, off: off.map(Box::new) };
    Ok(Outcome { events: std::iter::once(event).chain(approved).collect(), answer })
}

pub(in crate::retail) fn set_price(case: &Case, line: u32, price: Money, reason: &str) -> Result<Outcome, Refusal> {
    let (_, _, basket) = case.at_basket()?;
    refuse_when_fixed(basket)?;
    let sold = basket.line(line).ok_or(Refusal::NoSuchLine { line })?;
    if sold.returned.is_some() {
        return Err(Refusal::ReturnedLineFixed);
    }
    if sold.embedded_price.is_some() {
        return Err(Refusal::PriceFixedByCode);
    }
    let reason = known_reason(case, reason)?;
    if price <= Money::ZERO {
        return Err(Refusal::AmountNotPositive);
    }
    let max = case.rules.limits.unit_price_max;
    if price > max {
        return Err(Refusal::PriceTooHigh { max });
    }
    let gross = price.times(sold.quantity, case.rules.line_rounding);
    let max = case.rules.limits.transaction_total_max;
    if basket.subtotal() - sold.extended + gross > max {
        return Err(Refusal::TotalTooHigh { max });
    }

    let from = sold.price_set.as_ref().map_or(sold.unit_price, |set| set.from);
    let cut = from.times(sold.quantity, case.rules.line_rounding) - gross;
    let approved = match cut > Money::ZERO {
        true => rights::check_reduction(case, Right::PriceOverride, share(cut + by_hand(sold, DiscountKind::is_manual), regular(sold)))?,
        false => None,
    };

    // Cannot fail below.
    let set = Box::new(PriceSet { from, reason: reason.code.clone() });
    let event = Event::LinePriceSet { txn: basket.txn, line, unit_price: price, gross, set };
    let answer = Answer { txn: Some(basket.txn), line: Some(line), ..Answer::default() };
    Ok(Outcome { events: std::iter::once(event).chain(approved).collect(), answer })
}

pub(in crate::retail) fn add_coupon(case: &Case, code: &str) -> Result<Outcome, Refusal> {
    let (_, date, basket) = case.at_basket()?;
    refuse_when_fixed(basket)?;
    let code = plain(code);
    let promotion = book(case).and_then(|book| book.coupon(&code)).ok_or_else(|| Refusal::NotACoupon { code: code.clone() })?;
    if !promotion.is_live(&Moment::new(date, case.ask.at, case.ask.utc_offset_min)) {
        return Err(Refusal::CouponNotLive { name: promotion.name.clone() });
    }
    let single_use = promotion.coupon.as_ref().is_some_and(|coupon| coupon.single_use);
    if basket.asks.coupons.iter().any(|given| given.code == code || (given.rule == promotion.id && !single_use)) {
        return Err(Refusal::CouponAlreadyGiven { name: promotion.name.clone() });
    }
    let is_held = |held: &Basket| !held.training && held.asks.coupons.iter().any(|given| given.code == code);
    if single_use && (case.state.coupons_used.contains_key(&code) || case.state.baskets.values().any(is_held)) {
        return Err(Refusal::CouponUsed { code });
    }
    if basket.asks.coupons.len() >= COUPONS_PER_TRANSACTION_MAX as usize {
        return Err(Refusal::TooManyCoupons { max: COUPONS_PER_TRANSACTION_MAX });
    }

    // Cannot fail below.
    let coupon = GivenCoupon { code, rule: promotion.id.clone(), name: promotion.name.clone(), single_use };
    let event = Event::CouponAdded { txn: basket.txn, coupon: Box::new(coupon) };
    Ok(Outcome { events: vec![event], answer: Answer { txn: Some(basket.txn), ..Answer::default() } })
}

pub(in crate::retail) fn attach_member(case: &Case, card: &str) -> Result<Outcome, Refusal> {
    let (_, _, basket) = case.at_basket()?;
    refuse_when_fixed(basket)?;
    let card = plain(card);
    if !book(case).is_some_and(|book| book.is_member_card(&card)) {
        return Err(Refusal::NotAMemberCard { code: card });
    }

    // Cannot fail below.
    let answer = Answer { txn: Some(basket.txn), ..Answer::default() };
    if basket.asks.member.as_deref() == Some(card.as_str()) {
        return Ok(Outcome { events: Vec::new(), answer });
    }
    Ok(Outcome { events: vec![Event::MemberAttached { txn: basket.txn, card }], answer })
}

/// What a scan means to prices, when it means anything: head office chose these codes, so they go before articles.
pub(in crate::retail) fn scanned(case: &Case, code: &str) -> Option<Result<Outcome, Refusal>> {
    let book = book(case)?;
    let plain = plain(code);
    if book.coupon(&plain).is_some() {
        return Some(add_coupon(case, code));
    }
    book.is_member_card(&plain).then(|| attach_member(case, code))
}

/// A code without the scanner's own signs.
pub fn plain(code: &str) -> String {
    let code = code.trim_matches([' ', '\r', '\n', '\t']);
    match Scan::from_frame(code.as_bytes(), true) {
        Ok(scan) => shown(scan.raw()),
        Err(_) => shown(code.as_bytes()),
    }
}

fn book<'a>(case: &Case<'a>) -> Option<&'a PriceBook> {
    case.facts.prices.as_deref()
}

fn known_reason<'a>(case: &Case<'a>, reason: &str) -> Result<&'a Reason, Refusal> {
    let reasons = &case.rules.discount_reasons;
    reasons.iter().find(|known| known.code == reason).ok_or_else(|| Refusal::ReasonUnknown { reason: reason.to_owned() })
}

fn manual(case: &Case, reduction: Reduction, reason: &str) -> Result<ManualOff, Refusal> {
    let known = known_reason(case, reason)?;
    let (is_sane, how_much) = match reduction {
        Reduction::Percent(percent) => (percent > 0 && percent <= WHOLE, format!(" {} %", percent_text(percent))),
        Reduction::Amount(amount) => (amount > Money::ZERO, String::new()),
    };
    if !is_sane {
        return Err(Refusal::DiscountOutOfRange);
    }
    Ok(ManualOff { off: reduction.into(), reason: known.code.clone(), text: format!("{}{how_much}", known.text) })
}

/// What a line or a basket costs before anybody took off something, and what people took off it already.
struct Taken {
    already: Money,
    of: Money,
}

/// What people take off one thing counts together: a price set, the line and the basket. Of an amount the share of the price counts, rounded up.
fn within_limit(case: &Case, off: Option<&ManualOff>, of: Money, taken: Taken) -> Result<Option<Event>, Refusal> {
    let hundredths = match off.map(|manual| manual.off) {
        None => return Ok(None),
        Some(Off::Percent(percent)) => percent,
        Some(Off::Amount(amount) | Off::Price(amount)) => share(amount, of),
    };
    rights::check_reduction(case, Right::Discount, hundredths.saturating_add(share(taken.already, taken.of)))
}

/// In hundredths of a percent, rounded up; of nothing it is nothing.
fn share(part: Money, of: Money) -> u32 {
    let whole = i128::from(of.minor().max(1));
    u32::try_from((i128::from(part.minor()) * i128::from(WHOLE) + whole - 1) / whole).unwrap_or(u32::MAX)
}

/// Without what a person made of its price.
fn regular(sold: &SoldLine) -> Money {
    sold.gross + price_cut(sold)
}

/// By how much a person lowered its price.
fn price_cut(sold: &SoldLine) -> Money {
    let Some(set) = &sold.price_set else { return Money::ZERO };
    (set.from.times(sold.quantity, RoundingMode::HalfUp) - sold.gross).max(Money::ZERO)
}

fn by_hand(sold: &SoldLine, is_wanted: impl Fn(DiscountKind) -> bool) -> Money {
    sold.discounts.iter().filter(|discount| is_wanted(discount.kind)).map(|discount| discount.amount).sum()
}

/// "10", "12.5": hundredths of a percent without needless zeros.
pub(in crate::retail) fn percent_text(percent: u32) -> String {
    let percents = Currency { code: String::new(), exponent: 2 }.plain(Money::from_minor(i64::from(percent)));
    percents.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Remembers the single-use coupons of a finished sale.
pub(in crate::retail) fn keep_used(used: &mut BTreeMap<String, TxnId>, coupons: &[GivenCoupon], txn: TxnId) -> Result<(), &'static str> {
    let mut is_first = true;
    for coupon in coupons.iter().filter(|coupon| coupon.single_use) {
        is_first &= used.insert(coupon.code.clone(), txn).is_none();
        if used.len() > COUPONS_KEPT_MAX {
            used.pop_first();
        }
    }
    if is_first { Ok(()) } else { Err("a single-use coupon was used twice") }
}
