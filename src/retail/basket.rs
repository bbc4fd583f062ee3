//! An open transaction: lines as they come and go, what each act can be undone to, tenders so far. Also what a basket adds up to,
//! for the pages and for the decision that completes it.

use serde::{Deserialize, Serialize};

use super::addendum::ClosedUnder;
use super::card::AtTerminal;
use super::order::HandOverTerms;
use super::pricing::{Asks, GivenCoupon, LineDiscounts, PriceSet};
use super::tax::{self, TaxGroup};
use super::{Event, Refusal, Rules, SoldLine, Tender, TransactionKind};
use crate::ids::{AttemptId, StaffId, TxnId, WorkstationId};
use crate::money::{Money, Qty, RoundingMode};
use crate::time::{BusinessDate, Stamp};

/// Acts that can be taken back in one transaction; older ones are forgotten.
pub const UNDO_STEPS_MAX: usize = 4_000;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Basket {
    pub txn: TxnId,
    pub opened_at: Stamp,
    pub staff: Option<StaffId>,
    pub place: Place,
    /// Voided lines stay, so that undo can bring them back.
    pub lines: Vec<BasketLine>,
    /// The number the next line gets. Grows only, also over undo: a late "void line 3" must not hit another article.
    pub next_line: u32,
    pub undo: Vec<UndoStep>,
    pub tenders: Vec<Tender>,
    /// A card payment under way. Whose move it is: the cashier's, or with a terminal of ours what its state says.
    pub card: Option<CardAttempt>,
    /// Years up to which the customer's age was checked in this transaction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age_checked: Option<u8>,
    /// Discounts by hand, coupons, the member's card.
    #[serde(default, skip_serializing_if = "Asks::is_empty")]
    pub asks: Asks,
    /// Money was on the move when its day was closed: it ends under that day, as an addendum.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_under: Option<ClosedUnder>,
    /// Practice: nothing of it counts.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub training: bool,
    /// It pays a collect order, which is handed over when it is complete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<Box<HandOverTerms>>,
}

/// Where a transaction is. Whose move: the named workstation's cashier, or anyone's who recalls it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    At(WorkstationId),
    Suspended { by: WorkstationId, at: Stamp },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BasketLine {
    pub sold: SoldLine,
    pub voided: bool,
}

/// What to put back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UndoStep {
    /// The line goes away again.
    Added { line: u32 },
    /// The line gets its former content.
    Changed { former: Box<SoldLine> },
    /// The line comes back.
    Voided { line: u32 },
    /// What people asked of prices is as it was.
    Asked { former: Box<Asks> },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CardAttempt {
    pub attempt: AttemptId,
    /// Negative: to be given to the card.
    pub amount: Money,
    pub at: Stamp,
    /// `None`: a stand-alone terminal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terminal: Option<AtTerminal>,
    /// Of a refund: the sale whose payment it gives back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refund_of: Option<TxnId>,
}

/// What a basket adds up to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BasketTotals {
    /// Lines that are not voided.
    pub lines: u32,
    /// The lines after discounts, as priced: with tax when prices include it.
    pub subtotal: Money,
    pub tax: Money,
    /// What the customer owes, before cash rounding.
    pub total: Money,
    /// Tenders so far.
    pub paid: Money,
    /// total − paid: what a card may be charged.
    pub due: Money,
    /// The same rounded to the smallest cash amount: what settles it in cash.
    pub due_cash: Money,
    pub taxes: Vec<TaxGroup>,
}

/// Sums of an open basket. Refused only with [`Refusal::NoTaxRate`]: the rules lost a tax class since the line was entered.
pub fn totals(basket: &Basket, rules: &Rules, date: BusinessDate) -> Result<BasketTotals, Refusal> {
    // What comes back carries the tax it was sold with.
    let mut taxes = tax::compute(basket.live().filter(|sold| sold.returned.is_none()), &rules.tax, date)?;
    basket.live().filter_map(|sold| sold.returned.as_ref()).for_each(|of| tax::merge(&mut taxes.groups, &of.tax));
    let paid: Money = basket.tenders.iter().map(|tender| tender.amount).sum();
    let total = taxes.gross();
    let due = total - paid;
    Ok(BasketTotals {
        lines: u32::try_from(basket.live().count()).unwrap_or(u32::MAX),
        subtotal: basket.subtotal(),
        tax: taxes.tax(),
        total,
        paid,
        due,
        due_cash: due.to_step(rules.cash_step, CASH_ROUNDING),
        taxes: taxes.groups,
    })
}

/// Cash rounds to the nearest payable amount, the middle away from zero, in every country that rounds cash (CH, SE, FI, CA, AU ...).
const CASH_ROUNDING: RoundingMode = RoundingMode::HalfUp;

impl Basket {
    /// The lines that count, in order of entry.
    pub fn live(&self) -> impl Iterator<Item = &SoldLine> {
        self.lines.iter().filter(|line| !line.voided).map(|line| &line.sold)
    }

    /// A line that counts, by its number.
    pub fn line(&self, number: u32) -> Option<&SoldLine> {
        self.live().find(|sold| sold.line == number)
    }

    /// The lines after discounts, as priced.
    pub fn subtotal(&self) -> Money {
        self.live().map(|sold| sold.extended).sum()
    }

    /// Undoes a whole sale.
    pub fn is_post_void(&self) -> bool {
        self.live().any(|sold| sold.returned.as_ref().is_some_and(|of| of.post_void))
    }

    /// What it will be when it is complete.
    pub(super) fn kind(&self) -> TransactionKind {
        if self.is_post_void() {
            TransactionKind::PostVoid
        } else if self.live().all(|sold| sold.returned.is_some()) {
            TransactionKind::Return
        } else {
            TransactionKind::Sale
        }
    }

    /// The coupons that take something off: one that brought nothing stays the customer's.
    pub fn used_coupons(&self) -> Vec<GivenCoupon> {
        let sold = || self.live().filter(|sold| sold.returned.is_none());
        let gives = |coupon: &&GivenCoupon| sold().any(|sold| sold.discounts.iter().any(|discount| discount.rule == coupon.rule));
        self.asks.coupons.iter().filter(gives).cloned().collect()
    }

    /// What discounts take off in all; not negative.
    pub fn saved(&self) -> Money {
        -self.live().filter(|sold| sold.returned.is_none()).flat_map(|sold| &sold.discounts).map(|discount| discount.amount).sum::<Money>()
    }

    /// The workstation whose screen shows it.
    pub fn workstation(&self) -> Option<&WorkstationId> {
        match &self.place {
            Place::At(workstation) => Some(workstation),
            Place::Suspended { .. } => None,
        }
    }

    pub(super) fn new(txn: TxnId, workstation: WorkstationId, staff: Option<StaffId>, at: Stamp) -> Basket {
        Basket {
            txn,
            opened_at: at,
            staff,
            place: Place::At(workstation),
            lines: Vec::new(),
            next_line: 1,
            undo: Vec::new(),
            tenders: Vec::new(),
            card: None,
            age_checked: None,
            asks: Asks::default(),
            closed_under: None,
            training: false,
            order: None,
        }
    }

    pub(super) fn add(&mut self, sold: SoldLine) {
        self.next_line = self.next_line.max(sold.line.saturating_add(1));
        self.remember(UndoStep::Added { line: sold.line });
        self.lines.push(BasketLine { sold, voided: false });
    }

    pub(super) fn set_quantity(&mut self, number: u32, quantity: Qty, gross: Money, extended: Money) -> Result<(), &'static str> {
        let line = self.position(number).ok_or("the line is not in the transaction")?;
        let sold = &mut self.lines[line].sold;
        let former = Box::new(sold.clone());
        (sold.quantity, sold.gross, sold.extended) = (quantity, gross, extended);
        self.remember(UndoStep::Changed { former });
        Ok(())
    }

    pub(super) fn void(&mut self, number: u32) -> Result<(), &'static str> {
        let line = self.position(number).ok_or("the line is not in the transaction")?;
        self.lines[line].voided = true;
        self.remember(UndoStep::Voided { line: number });
        Ok(())
    }

    pub(super) fn undo(&mut self) -> Result<(), &'static str> {
        let step = self.undo.pop().ok_or("there is nothing to undo")?;
        let at = |number: u32| self.position(number).ok_or("the line to undo is not in the transaction");
        match step {
            UndoStep::Added { line } => drop(self.lines.remove(at(line)?)),
            UndoStep::Changed { former } => {
                let line = at(former.line)?;
                self.lines[line].sold = *former;
            }
            UndoStep::Voided { line } => {
                let line = at(line)?;
                self.lines[line].voided = false;
            }
            UndoStep::Asked { former } => self.asks = *former,
        }
        Ok(())
    }

    /// What people asked of prices changes; undo puts the former back.
    fn ask(&mut self, change: impl FnOnce(&mut Asks)) {
        let former = Box::new(self.asks.clone());
        change(&mut self.asks);
        self.remember(UndoStep::Asked { former });
    }

    fn set_price(&mut self, number: u32, unit_price: Money, gross: Money, set: &PriceSet) -> Result<(), &'static str> {
        let line = self.position(number).ok_or("the line is not in the transaction")?;
        let sold = &mut self.lines[line].sold;
        let former = Box::new(sold.clone());
        (sold.unit_price, sold.gross, sold.price_set) = (unit_price, gross, Some(set.clone()));
        sold.extended = gross + sold.discounts.iter().map(|discount| discount.amount).sum();
        self.remember(UndoStep::Changed { former });
        Ok(())
    }

    /// Not an act: follows from the acts of the same record.
    fn reprice(&mut self, lines: &[LineDiscounts]) -> Result<(), &'static str> {
        let mut fits = true;
        for LineDiscounts { line, discounts } in lines {
            match self.position(*line) {
                Some(line) => {
                    let sold = &mut self.lines[line].sold;
                    sold.discounts.clone_from(discounts);
                    sold.extended = sold.gross + discounts.iter().map(|discount| discount.amount).sum();
                }
                None => fits = false,
            }
        }
        if fits { Ok(()) } else { Err("a line was repriced that is not in the transaction") }
    }

    /// Takes in an act on its own lines and prices; every other event is not its business.
    pub(super) fn take_in(&mut self, event: &Event) -> Result<(), &'static str> {
        match event {
            Event::LineAdded { line, .. } => {
                let fits = line.line == self.next_line;
                self.add((**line).clone());
                if fits { Ok(()) } else { Err("a line came out of order") }
            }
            Event::LineQuantitySet { line, quantity, gross, extended, .. } => self.set_quantity(*line, *quantity, *gross, *extended),
            Event::LineVoided { line, .. } => self.void(*line),
            Event::BasketActUndone { .. } => self.undo(),
            Event::BasketRepriced { lines, .. } => self.reprice(lines),
            Event::LineDiscountSet { line, off, .. } => {
                let there = self.position(*line).is_some();
                self.ask(|asks| match off {
                    Some(off) => drop(asks.lines.insert(*line, (**off).clone())),
                    None => drop(asks.lines.remove(line)),
                });
                if there { Ok(()) } else { Err("the line is not in the transaction") }
            }
            Event::BasketDiscountSet { off, .. } => {
                self.ask(|asks| asks.basket = off.as_deref().cloned());
                Ok(())
            }
            Event::LinePriceSet { line, unit_price, gross, set, .. } => self.set_price(*line, *unit_price, *gross, set),
            Event::CouponAdded { coupon, .. } => {
                self.ask(|asks| asks.coupons.push((**coupon).clone()));
                Ok(())
            }
            Event::CustomerAttached { customer, .. } => {
                self.ask(|asks| asks.customer = Some(*customer));
                Ok(())
            }
            Event::CustomerDetached { .. } => {
                self.ask(|asks| (asks.customer, asks.member) = (None, None));
                Ok(())
            }
            Event::MemberAttached { card, .. } => {
                self.ask(|asks| asks.member = Some(card.clone()));
                Ok(())
            }
            // Where a transaction stands, what was paid, and what concerns no basket.
            other => other.basket_changed().map_or(Ok(()), |_| Err("a change of a basket that the basket does not know")),
        }
    }

    /// A copy that can be undone once: enough to see what one more command makes of it.
    pub(super) fn without_history(&self) -> Basket {
        Basket {
            txn: self.txn,
            opened_at: self.opened_at,
            staff: self.staff.clone(),
            place: self.place.clone(),
            lines: self.lines.clone(),
            next_line: self.next_line,
            undo: self.undo.last().cloned().into_iter().collect(),
            tenders: self.tenders.clone(),
            card: self.card.clone(),
            asks: self.asks.clone(),
            age_checked: self.age_checked,
            closed_under: self.closed_under,
            training: self.training,
            order: self.order.clone(),
        }
    }

    /// Something was paid, or may have been.
    pub fn has_money(&self) -> bool {
        !self.tenders.is_empty() || self.card.is_some()
    }

    /// The date it ends under, given the one that is open.
    pub fn date(&self, open: Option<BusinessDate>) -> Option<BusinessDate> {
        self.closed_under.map(|under| under.date).or(open)
    }

    /// The money was given back: nothing ties it to its day any more.
    pub(super) fn unpaid(&mut self) {
        if !self.has_money() {
            self.closed_under = None;
        }
    }

    /// Undo took the very first line back: the transaction never was.
    pub(super) fn is_blank(&self) -> bool {
        self.lines.is_empty() && self.undo.is_empty() && self.tenders.is_empty() && self.card.is_none()
    }

    fn remember(&mut self, step: UndoStep) {
        if self.undo.len() >= UNDO_STEPS_MAX {
            self.undo.remove(0);
        }
        self.undo.push(step);
    }

    fn position(&self, number: u32) -> Option<usize> {
        self.lines.iter().position(|line| line.sold.line == number)
    }
}
