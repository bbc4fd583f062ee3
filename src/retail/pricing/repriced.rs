//! After each act on an open basket: the basket as it will be, its price, and the one event that brings its discounts up to date.

use super::LineDiscounts;
use super::engine::{Item, Request, price};
use super::promotion::Moment;
use crate::retail::Event;
use crate::retail::basket::Basket;
use crate::retail::decide::Case;
use crate::time::BusinessDate;

/// The basket that `events` make of the one on the asking workstation's screen, without its history. `None` when they leave none open,
/// or do not touch one.
fn future(case: &Case, events: &[Event]) -> Option<Basket> {
    let mut basket: Option<Basket> = None;
    for event in events {
        let txn = match event {
            Event::LineAdded { txn, .. }
            | Event::LineQuantitySet { txn, .. }
            | Event::LineVoided { txn, .. }
            | Event::BasketActUndone { txn }
            | Event::TransactionRecalled { txn, .. }
            | Event::LineDiscountSet { txn, .. }
            | Event::BasketDiscountSet { txn, .. }
            | Event::LinePriceSet { txn, .. }
            | Event::CouponAdded { txn, .. }
            | Event::CustomerAttached { txn, .. }
            | Event::CustomerDetached { txn }
            | Event::MemberAttached { txn, .. } => txn,
            // Changes no price. Named one by one, so that a new kind is decided upon.
            Event::DayOpened { .. }
            | Event::DayClosed { .. }
            | Event::TransactionSuspended { .. }
            | Event::TenderAdded { .. }
            | Event::TenderRemoved { .. }
            | Event::CardStarted { .. }
            | Event::CardEnded { .. }
            | Event::TransactionCompleted { .. }
            | Event::TransactionVoided { .. }
            | Event::ReceiptSealed { .. }
            | Event::PrintRequested { .. }
            | Event::PrintProgressed { .. }
            | Event::PrintSettled { .. }
            | Event::DrawerKicked { .. }
            | Event::FeedAdopted { .. }
            | Event::BaselineSettled { .. }
            | Event::CountRequested { .. }
            | Event::UplinkAcknowledged { .. }
            | Event::CarriedForward { .. }
            | Event::CommandAnswered { .. }
            | Event::SignedIn { .. }
            | Event::SignedOut { .. }
            | Event::TillLocked { .. }
            | Event::PinMissed { .. }
            | Event::OverrideGiven { .. }
            | Event::AgeChecked { .. }
            | Event::RecordsRepaired { .. }
            | Event::CardUnknown { .. }
            | Event::TerminalSeen { .. }
            | Event::CardContradicted { .. }
            | Event::TerminalDayAsked { .. }
            | Event::TerminalDayEnded { .. }
            | Event::ItemPutAside { .. }
            | Event::BasketRepriced { .. }
            | Event::CustomerErased { .. }
            | Event::TillOpened { .. }
            | Event::CashMoved { .. }
            | Event::TillCountStarted { .. }
            | Event::TillCountCancelled { .. }
            | Event::TillCounted { .. }
            | Event::TillClosed { .. }
            | Event::BagPacked { .. }
            | Event::BagCollected { .. }
            | Event::DayAddendum { .. }
            | Event::RecalledItemPutAside { .. }
            | Event::TrainingSet { .. }
            | Event::DeskSignedIn { .. }
            | Event::FirstManagerNamed { .. }
            | Event::OrderReceived { .. }
            | Event::LeadNamed { .. }
            | Event::RightsBegun { .. }
            | Event::RightsTold { .. }
            | Event::RightsGranted { .. }
            | Event::RightsOverrun { .. }
            | Event::OrderAdopted { .. }
            | Event::OrderReplaced { .. }
            | Event::OrderAccepted { .. }
            | Event::OrderChangeTooLate { .. }
            | Event::OrderContradicted { .. }
            | Event::OrderCancelled { .. }
            | Event::OrderCancelFailed { .. }
            | Event::OrderRefused { .. }
            | Event::OrderExpired { .. }
            | Event::OrderDeclined { .. }
            | Event::OrderPicking { .. }
            | Event::OrderPaused { .. }
            | Event::OrderLinePicked { .. }
            | Event::OrderLineReset { .. }
            | Event::OrderLineShort { .. }
            | Event::OrderPicked { .. }
            | Event::BagAdded { .. }
            | Event::BagStaged { .. }
            | Event::PrintDropped { .. }
            | Event::OrderHandedOver { .. }
            | Event::HandOverTakenBack { .. }
            | Event::OrderPutBack { .. }
            | Event::PromiseBroken { .. }
            | Event::StockAdjusted { .. }
            | Event::CollectNumberMissed { .. }
            | Event::CollectNumbersAllowed { .. }
            | Event::SheetLineSet { .. }
            | Event::SheetLineRemoved { .. }
            | Event::CountListed { .. }
            | Event::DeliveryNamed { .. }
            | Event::SheetDiscarded { .. }
            | Event::StockCounted { .. }
            | Event::RecountAsked { .. }
            | Event::GoodsReceived { .. }
            | Event::UnitsAdjusted { .. }
            | Event::StockTaskTaken { .. }
            | Event::StockTaskLeft { .. }
            | Event::StockTaskDismissed { .. }
            | Event::StockRanLow { .. }
            | Event::StockFilledUp { .. }
            | Event::NoticeSettled { .. } => continue,
        };
        let known = basket.take().or_else(|| case.state.baskets.get(txn).map(Basket::without_history));
        let mut known = match (known, event) {
            (Some(known), _) => known,
            (None, Event::LineAdded { txn, workstation, staff, at, .. }) => Basket::new(*txn, workstation.clone(), staff.clone(), *at),
            (None, _) => return None,
        };
        // What does not fit is noted when the event itself is taken in.
        if known.take_in(event).is_ok() {
            basket = Some(known);
        }
    }
    basket.filter(|basket| !basket.is_blank())
}

/// The event that follows `events`; `None` when every line has its discounts already.
pub(in crate::retail) fn repriced(case: &Case, date: BusinessDate, events: &[Event]) -> Option<Event> {
    // The shell always knows one, if an empty one; without, what the lines have stays.
    let book = case.facts.prices.as_deref()?;
    let basket = future(case, events)?;
    // What comes back has its price from the sale it came from.
    let lines = || basket.live().filter(|sold| sold.returned.is_none());
    let items = lines().map(|sold| Item::of(sold, basket.asks.lines.get(&sold.line))).collect();
    let request = Request {
        items,
        moment: Moment::new(date, case.ask.at, case.ask.utc_offset_min),
        is_member: basket.asks.is_member(),
        coupons: basket.asks.coupons.iter().map(|coupon| coupon.rule.as_str()).collect(),
        basket_off: basket.asks.basket.as_ref(),
        rounding: case.rules.line_rounding,
    };
    let discounts = price(book, &request);
    let lines: Vec<LineDiscounts> = lines()
        .zip(discounts)
        .filter(|(sold, discounts)| sold.discounts != *discounts)
        .map(|(sold, discounts)| LineDiscounts { line: sold.line, discounts })
        .collect();
    (!lines.is_empty()).then_some(Event::BasketRepriced { txn: basket.txn, prices: book.version, lines })
}
