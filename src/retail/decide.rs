//! One command, one decision: whether it is a repeat, which sub-machine answers it, and the answer that goes last into its record.

use super::answers::Content;
use super::basket::Basket;
use super::cash::MovementKind;
use super::day::Day;
use super::event::StoredRef;
use super::rules::WorkstationRules;
use super::{Answer, Ask, Command, Decision, Event, Facts, Refusal, Rules, State};
use super::{
    age, card, customer, day, last_day, open_price, order, pricing, print, refund, returns, rights, safe, sale, staff, stock, tender, till,
    training, unproved, weight,
};
use crate::time::BusinessDate;

pub(super) fn decide(state: &State, rules: &Rules, ask: &Ask, facts: &Facts) -> Result<Decision, Refusal> {
    if let Some(given) = state.answers.get(&ask.id) {
        if given.content != Content::from(ask.content.as_str()) {
            return Err(Refusal::CommandReused);
        }
        return Ok(Decision { events: Vec::new(), answer: given.answer.clone(), repeat: true });
    }

    let case = Case { state, rules, ask, facts };
    let override_given = rights::check(&case)?;
    training::refuse_real(&case)?;
    let Outcome { mut events, mut answer } = match &ask.command {
        Command::OpenDay { date } => day::open(&case, *date)?,
        Command::CloseDay {} => day::close(&case)?,
        Command::AddLine { code, quantity } => match pricing::acts::scanned(&case, code) {
            Some(act) => act?,
            None => sale::add_line(&case, code, *quantity)?,
        },
        Command::AddWeighed { code, weight, tare, scale } => weight::add(&case, code, *weight, *tare, scale.as_ref())?,
        Command::SetQuantity { line, quantity } => sale::set_quantity(&case, *line, *quantity)?,
        Command::VoidLine { line } => sale::void_line(&case, *line)?,
        Command::Undo {} => sale::undo(&case)?,
        Command::VoidTransaction {} => sale::void_transaction(&case)?,
        Command::Suspend {} => sale::suspend(&case)?,
        Command::Recall { txn } => sale::recall(&case, *txn)?,
        Command::TenderCash { amount } => tender::take_cash(&case, *amount)?,
        Command::StartCard { amount } => tender::start_card(&case, *amount)?,
        Command::EndCard { attempt, paid } => tender::end_card(&case, *attempt, *paid)?,
        Command::RemoveTender { index } => tender::remove(&case, *index)?,
        Command::Reprint { txn } => print::reprint(&case, *txn)?,
        Command::SettlePrint { job, answer } => print::settle(&case, *job, *answer)?,
        Command::ReportPrint { job, progress } => print::report(&case, *job, progress)?,
        Command::AdoptFeed { feed, version, hash } => stock::adopt_feed(&case, *feed, *version, hash)?,
        Command::AcknowledgeUplink { ack } => stock::acknowledge_uplink(&case, ack),
        Command::SignIn {} => staff::sign_in(&case)?,
        Command::SignOut {} => staff::sign_out(&case)?,
        Command::LockTill { idle } => staff::lock(&case, *idle)?,
        Command::ReportPinMiss { staff } => staff::report_pin_miss(&case, staff),

        // age.rs
        Command::CheckAge { code, quantity, of_age, proof } => age::check(&case, code, *quantity, *of_age, *proof)?,
        // Repair of the journal.
        Command::RecordRepair { first_seq, last_seq } => unproved::record_repair(&case, *first_seq, *last_seq),

        Command::ReportCard { attempt, progress } => card::report(&case, *attempt, progress)?,
        Command::SeeTerminal { terminal, last, amount } => card::see(&case, terminal, *last, *amount),
        Command::EndTerminalDay { terminal } => card::end_day(&case, terminal)?,
        Command::ResolveCard { attempt, charged } => card::resolve(&case, *attempt, *charged)?,
        // Returns.
        Command::ReturnLine { receipt: _, line, quantity, disposition, reason } => {
            returns::return_line(&case, *line, *quantity, *disposition, reason)?
        }
        Command::ReturnArticle { code, quantity, disposition, reason, receipt } => {
            returns::return_article(&case, code, *quantity, *disposition, reason, receipt.is_some())?
        }
        Command::Refund { by } => refund::refund(&case, *by)?,
        Command::PostVoid { txn } => refund::post_void(&case, *txn)?,
        // last_day.rs
        Command::SetTraining { on } => training::set(&case, *on)?,
        // open_price.rs
        Command::SellOpenPrice { department, price, quantity, code } => {
            open_price::sell(&case, department, *price, *quantity, code.as_deref())?
        }
        Command::PutAside { code } => last_day::put_aside(&case, code)?,
        // Prices and promotions.
        Command::DiscountLine { line, off, reason } => pricing::acts::discount_line(&case, *line, *off, reason)?,
        Command::DiscountBasket { off, reason } => pricing::acts::discount_basket(&case, *off, reason)?,
        Command::SetPrice { line, price, reason } => pricing::acts::set_price(&case, *line, *price, reason)?,
        Command::AddCoupon { code } => pricing::acts::add_coupon(&case, code)?,
        Command::AttachCustomer { subject } => customer::attach(&case, *subject)?,
        Command::DetachCustomer {} => customer::detach(&case)?,
        Command::EraseCustomer { subject } => customer::erase(&case, *subject)?,
        Command::AttachMember { card } => pricing::acts::attach_member(&case, card)?,
        // Cash.
        Command::OpenTill { float } => till::open_till(&case, float)?,
        Command::Loan { amount } => {
            till::move_cash(&case, till::Asked { kind: MovementKind::Loan, amount: *amount, reason: None, bag: None })?
        }
        Command::Pickup { amount, bag } => {
            till::move_cash(&case, till::Asked { kind: MovementKind::Pickup, amount: *amount, reason: None, bag: bag.as_ref() })?
        }
        Command::PaidIn { amount, reason } => {
            till::move_cash(&case, till::Asked { kind: MovementKind::PaidIn, amount: *amount, reason: Some(reason), bag: None })?
        }
        Command::PaidOut { amount, reason } => {
            till::move_cash(&case, till::Asked { kind: MovementKind::PaidOut, amount: *amount, reason: Some(reason), bag: None })?
        }
        Command::NoSale { reason } => till::no_sale(&case, reason)?,
        Command::StartCount {} => till::start_count(&case)?,
        Command::CancelCount {} => till::cancel_count(&case)?,
        Command::CountTill { count } => till::count(&case, count)?,
        Command::CloseTill { reason } => till::close_till(&case, reason.as_ref())?,
        Command::HandOverTill { to, reason } => till::hand_over(&case, to, reason.as_ref())?,
        Command::PrintX { of } => till::print_x(&case, *of)?,
        Command::PrintStored { seq, place, at } => print::print_stored(&case, StoredRef { seq: *seq, place: *place }, at)?,
        Command::PackBag { bag, amount } => safe::pack_bag(&case, bag, *amount)?,
        Command::CollectBag { bag } => safe::collect_bag(&case, bag)?,
        Command::StartSafeCount {} => safe::start_count(&case)?,
        Command::CancelSafeCount {} => safe::cancel_count(&case)?,
        Command::CountSafe { count } => safe::count(&case, count)?,
        Command::CloseSafeCount { reason } => safe::close_count(&case, reason.as_ref())?,
        // The back office.
        Command::SignInDesk { staff } => staff::sign_in_desk(&case, staff)?,
        Command::NameFirstManager { staff } => staff::name_first_manager(&case, staff),
        Command::Order(act) => order::decide(&case, act)?,
        Command::Stock(act) => stock::decide(&case, act)?,
    };

    // Cannot fail below.
    events.extend(order::label::no_longer_wanted(&case, &events));
    if let Day::Open { date, .. } = state.day {
        events.extend(pricing::repriced(&case, date, &events));
    }
    if !events.is_empty() {
        events.extend(override_given);
        answer.seq = ask.seq;
        events.push(Event::CommandAnswered { id: ask.id.clone(), content: ask.content.clone(), at: ask.at, answer: answer.clone() });
    }
    Ok(Decision { events, answer, repeat: false })
}

/// All that a decision may look at.
pub(super) struct Case<'a> {
    pub state: &'a State,
    pub rules: &'a Rules,
    pub ask: &'a Ask,
    pub facts: &'a Facts,
}

/// What a sub-machine decided. Without events nothing is recorded.
#[derive(Default)]
pub(super) struct Outcome {
    pub events: Vec<Event>,
    pub answer: Answer,
}

impl<'a> Case<'a> {
    /// The workstation that asks.
    pub fn workstation(&self) -> Result<&'a WorkstationRules, Refusal> {
        let id = self.ask.workstation.as_ref().ok_or(Refusal::WorkstationMissing)?;
        self.rules.workstation(id).ok_or_else(|| Refusal::WorkstationUnknown { workstation: id.clone() })
    }

    /// The date on which the store trades.
    pub fn business_date(&self) -> Result<BusinessDate, Refusal> {
        match self.state.day {
            Day::Open { date, .. } => Ok(date),
            Day::NeverOpened | Day::Closed { .. } => Err(Refusal::DayNotOpen),
        }
    }

    /// The transaction on the workstation's screen.
    pub fn open_basket(&self, workstation: &WorkstationRules) -> Option<&'a Basket> {
        self.state.open_basket(&workstation.id)
    }

    /// The transaction on the asking workstation's screen, with all three that an act on it needs. The date is the transaction's own when
    /// its day was closed under it.
    pub fn at_basket(&self) -> Result<(&'a WorkstationRules, BusinessDate, &'a Basket), Refusal> {
        let workstation = self.workstation()?;
        let basket = self.open_basket(workstation);
        let date = match basket.and_then(|basket| basket.closed_under) {
            Some(under) => under.date,
            None => self.business_date()?,
        };
        Ok((workstation, date, basket.ok_or(Refusal::NoTransaction)?))
    }
}

/// The lines of a post-void are those of the sale it undoes, and stand still from the start.
pub(super) fn refuse_when_fixed(basket: &Basket) -> Result<(), Refusal> {
    refuse_when_paying(basket)?;
    if basket.is_post_void() {
        return Err(Refusal::PostVoidFixed);
    }
    if let Some(terms) = &basket.order {
        return Err(Refusal::OrderSaleFixed { order: terms.order.clone() });
    }
    Ok(())
}

/// Lines and place of a transaction stand still while money is on the move.
pub(super) fn refuse_when_paying(basket: &Basket) -> Result<(), Refusal> {
    if basket.card.is_some() {
        return Err(Refusal::CardRunning);
    }
    if !basket.tenders.is_empty() {
        return Err(Refusal::TendersTaken);
    }
    Ok(())
}
