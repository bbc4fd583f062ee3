//! The customer is there, or does not come: what they show, what is wrong with what they get, what they pay, what goes with them and what they
//! fetch later; and the one who did it by mistake.

use std::collections::BTreeSet;

use super::super::Broken;
use super::super::store::{Asks, TERMINAL, WITH_TERMINAL, WORKSTATIONS, workstation};
use super::plan::{AtTerminal, End, Planned, Shows, Tender, Then, Trouble};
use super::shop::Shop;
use crate::head_office::orders::CustomerCode;
use crate::ids::{AttemptId, DeviceName, OrderNo};
use crate::money::{Money, Qty};
use crate::retail::card::{CardMark, CardProof};
use crate::retail::order::{CounterThen, CounterWhy, Order, OrderAct, OrderState, Paper, Shown, TAKE_BACK_MS, Zone};
use crate::retail::{CardProgress, Command};

/// One way to ask for a hand-over, with or without money.
#[derive(Clone)]
struct Terms {
    order: OrderNo,
    shown: Shown,
    bags: Vec<u32>,
    leaves: Vec<u32>,
    later: Vec<u32>,
}

impl Terms {
    fn hand_over(&self) -> OrderAct {
        let Terms { order, shown, bags, leaves, later } = self.clone();
        OrderAct::HandOver { order, shown, bags, leaves, later, of_age: true }
    }

    fn pay(&self) -> OrderAct {
        let Terms { order, shown, bags, leaves, later } = self.clone();
        OrderAct::Pay { order, shown, bags, leaves, later, of_age: true }
    }
}

impl<'a> Shop<'a> {
    /// False: nobody comes.
    pub(super) fn collect(&mut self, planned: &'a Planned, order: &Order) -> Result<bool, Broken> {
        let number = order.asked.order.clone();
        let later = self.fetched_later(planned, order);
        let (leaves, again) = match &planned.end {
            End::Expire if later.is_empty() => return Ok(false),
            End::Decline if later.is_empty() => return self.by(planned.picker, OrderAct::Decline { order: number }),
            End::Expire | End::Decline => (Vec::new(), false),
            End::HandOver { leaves, again } => (leaves.clone(), *again),
        };
        let next = self.troubled.entry(number.clone()).or_default();
        if let Some(trouble) = planned.visit.troubles.get(*next) {
            *next += 1;
            return self.trouble(planned, order, *trouble);
        }
        let leaves: Vec<u32> = leaves.into_iter().filter(|line| order.line(*line).is_some() && !later.contains(line)).collect();
        let stays = |line: u32| leaves.contains(&line) || later.contains(&line);
        if !order.asked.lines.iter().any(|line| !stays(line.line) && self.goods.packed(&number, line.line) > 0) {
            // Nothing would go with them.
            return self.by(planned.picker, OrderAct::Decline { order: number });
        }
        if again && self.slipped.insert(number.clone()) && !self.by_mistake(planned, order, &leaves, &later)? {
            return Ok(true);
        }
        self.hand_over(planned, order, &leaves, &later)?;
        Ok(true)
    }

    /// Lines that stay when the customer comes for the first time, as long as something goes.
    fn fetched_later(&self, planned: &Planned, order: &Order) -> Vec<u32> {
        let number = &order.asked.order;
        let is_packed = |line: &u32| self.goods.packed(number, *line) > 0;
        let later: Vec<u32> = planned.visit.later.iter().copied().filter(is_packed).collect();
        let goes = order.asked.lines.iter().any(|line| !later.contains(&line.line) && is_packed(&line.line));
        if self.parted.contains(number) || !goes { Vec::new() } else { later }
    }

    /// One piece is not there, is broken, or is not liked.
    fn trouble(&mut self, planned: &Planned, order: &Order, trouble: Trouble) -> Result<bool, Broken> {
        let Trouble { line, why, then } = trouble;
        let number = order.asked.order.clone();
        let picked = order.progress.get(&line).and_then(|progress| progress.picked.iter().max_by_key(|units| units.quantity));
        let (Some(asked), Some(units)) = (order.line(line), picked) else { return Ok(true) };
        let instead = asked.substitutes.first().filter(|_| why == CounterWhy::Unwanted).unwrap_or(&asked.sku).clone();
        if then == Then::Replace && self.goods.on_shelf(&instead) > 0 {
            self.by(planned.picker, OrderAct::ReplaceAtCounter { order: number.clone(), line, code: instead.to_string(), why })?;
            self.goods.miss(&number, line, &units.sku, why);
            self.goods.pick(&number, line, &instead, 1);
            return Ok(true);
        }
        let then = if then == Then::Later { CounterThen::Later } else { CounterThen::Refund };
        self.by(planned.picker, OrderAct::MissAtCounter { order: number.clone(), line, quantity: Qty::ONE, why, then })?;
        self.goods.miss(&number, line, &units.sku, why);
        Ok(true)
    }

    /// Handed over, and it was the wrong customer. False: it stands.
    fn by_mistake(&mut self, planned: &'a Planned, order: &Order, leaves: &[u32], later: &[u32]) -> Result<bool, Broken> {
        let number = order.asked.order.clone();
        let take_back = || OrderAct::TakeBackHandOver { order: number.clone() };
        if self.hand_over(planned, order, leaves, later)? {
            // There is a receipt: goods come back by it, not by taking the hand-over back.
            self.refused(planned.picker, take_back(), "hand_over_paid")?;
            return Ok(false);
        }
        self.handed_over_ago_ms = TAKE_BACK_MS + 1;
        self.refused(planned.picker, take_back(), "hand_over_stands")?;
        self.handed_over_ago_ms = TAKE_BACK_MS;
        match self.ask(self.asks(planned.picker, Command::Order(take_back())))? {
            Ok(_) => {
                self.goods.take_back(&number);
                self.parted.remove(&number);
                self.check()?;
                Ok(true)
            }
            // The power went in between: then it stands.
            Err(refusal) if refusal.code() == "hand_over_stands" => Ok(false),
            Err(other) => Err(self.broken(&format!("{number} is not taken back: {other:?}"))),
        }
    }

    /// True: it was paid here.
    fn hand_over(&mut self, planned: &'a Planned, order: &Order, leaves: &[u32], later: &[u32]) -> Result<bool, Broken> {
        let (number, person) = (order.asked.order.clone(), planned.picker);
        let shown = self.shown(planned, &number)?;
        // For what is fetched later its bags stay.
        let waits = order.asked.lines.iter().filter(|line| later.contains(&line.line) && self.goods.packed(&number, line.line) > 0);
        let zones: BTreeSet<Zone> = waits.map(|line| line.zone).collect();
        let bags: Vec<u32> = order.bags.iter().filter(|bag| !zones.contains(&bag.zone)).map(|bag| bag.number).collect();
        let terms = Terms { order: number.clone(), shown: shown.clone(), bags, leaves: leaves.to_vec(), later: later.to_vec() };
        if let Some((_, others)) = terms.bags.split_first() {
            let fewer = Terms { bags: others.to_vec(), ..terms.clone() };
            self.refused(person, fewer.hand_over(), "bags_not_scanned")?;
        }
        let due = self.due(planned, order, &terms);
        match due {
            0 => self.by(person, terms.hand_over()).map(drop)?,
            due => self.pay(planned, &terms, due)?,
        }
        if let (Shown::Code(_), true) = (&shown, due == 0 || counter(planned) == WORKSTATIONS[person]) {
            self.wrong_numbers.remove(WORKSTATIONS[person]);
        }
        self.handed_over_in.insert(number.clone(), self.store().starts());
        let is_last = later.is_empty() && order.open_lines().next().is_none();
        self.goods.hand_over(&number, leaves, later, is_last);
        self.parted.insert(number.clone());
        // In the same second somebody at the other desk does the same.
        let other = Terms { shown: Shown::Name, ..terms };
        let stays = self.store().state().orders.orders.get(&number).is_some_and(|order| order.state == OrderState::Staged);
        match (stays, other.bags.is_empty()) {
            (false, _) => self.refused(1 - person, other.hand_over(), "order_elsewhere")?,
            (true, false) => self.refused(1 - person, other.hand_over(), "bag_unknown")?,
            (true, true) => {}
        }
        if let (true, Shown::Code(code)) = (is_last, shown) {
            let is_locked = self.is_locked(1 - person) && self.codes.get(&number).is_none_or(|known| known.token != code);
            let refusal = if is_locked { "collect_numbers_locked" } else { "collect_code_used" };
            self.refused(1 - person, OrderAct::Identify { code, within: None }, refusal)?;
        }
        Ok(due > 0)
    }

    /// What the customer shows, when they were sent it. A workstation where too many numbers were tried needs a manager before it takes one.
    fn shown(&mut self, planned: &Planned, order: &OrderNo) -> Result<Shown, Broken> {
        let person = planned.picker;
        let code = match (self.codes.get(order), planned.visit.shows) {
            (Some(CustomerCode { token, .. }), Shows::Code) => token.clone(),
            (Some(CustomerCode { number, .. }), Shows::Number) => number.clone(),
            _ if person == 0 => return Ok(Shown::Name),
            _ => return Ok(Shown::Paper(Paper::IdCard)),
        };
        let identify = OrderAct::Identify { code: code.clone(), within: None };
        if planned.visit.shows == Shows::Number && self.is_locked(person) {
            self.refused(person, identify.clone(), "collect_numbers_locked")?;
            self.by(person, OrderAct::AllowNumbers {})?;
            self.wrong_numbers.remove(WORKSTATIONS[person]);
        }
        self.by(person, identify)?;
        Ok(Shown::Code(code))
    }

    /// Minor units: of what goes now, as far as it is paid in the store.
    fn due(&self, planned: &Planned, order: &Order, terms: &Terms) -> i64 {
        let goes = order.asked.lines.iter().filter(|line| !terms.leaves.contains(&line.line) && !terms.later.contains(&line.line));
        let price = |line: u32| planned.price(line).map_or(0, |(minor, in_store)| if in_store { minor } else { 0 });
        goes.map(|line| price(line.line) * self.goods.packed(&terms.order, line.line)).sum()
    }

    fn pay(&mut self, planned: &Planned, terms: &Terms, due: i64) -> Result<(), Broken> {
        let person = planned.picker;
        let at = counter(planned);
        self.refused(person, terms.hand_over(), "order_to_pay")?;
        let pays = || Command::Order(terms.pay());
        self.must(self.asks_at(at, person, pays()))?;
        self.refused(1 - person, terms.hand_over(), "order_being_paid")?;
        self.refused(1 - person, OrderAct::Decline { order: terms.order.clone() }, "order_being_paid")?;
        if planned.visit.at_the_last_moment {
            self.expires_meanwhile(&terms.order)?;
        }
        match planned.visit.tender {
            Tender::Cash => self.cash(at, person, due)?,
            Tender::Note => self.cash(at, person, (due / 5_000 + 1) * 5_000)?,
            Tender::Card => self.card(person, None, true)?,
            Tender::CardRefused => {
                self.card(person, None, false)?;
                self.cash(at, person, due)?;
            }
            Tender::CardUnknown { paid } => {
                self.must(self.asks(person, Command::StartCard { amount: None }))?;
                self.go_down()?;
                self.refuse_while_unknown(at, person, terms, due)?;
                self.end_card(person, paid)?;
                if !paid {
                    self.cash(at, person, due)?;
                }
            }
            Tender::Terminal(what) => self.at_terminal(person, terms, due, what)?,
            Tender::Split => {
                self.cash(at, person, due / 2)?;
                self.card(person, Some(due - due / 2), true)?;
            }
            Tender::SecondTry => {
                self.must(self.asks(person, Command::VoidTransaction {}))?;
                self.check()?;
                self.must(self.asks_at(at, person, pays()))?;
                self.cash(at, person, due)?;
            }
        }
        self.note_sale(due, planned.races());
        Ok(())
    }

    /// Its time is over while its customer pays: they came in time.
    fn expires_meanwhile(&mut self, order: &OrderNo) -> Result<(), Broken> {
        self.pass_within_the_tick();
        let expires_ms = self.order(order).map_or(i64::MAX, |order| order.asked.expires_ms);
        if expires_ms > self.now().ms {
            return Err(self.broken(&format!("{order} was to expire while it is paid")));
        }
        self.paid_late += 1;
        match self.told(Asks { at: None, staff: None, command: Command::Order(OrderAct::Expire { order: order.clone() }) })?.as_slice() {
            [] => Ok(()),
            events => Err(self.broken(&format!("{order} is being paid and expired: {events:?}"))),
        }
    }

    /// Nobody knows yet how a card ended, so no other money is taken, and the order is not handed over.
    fn refuse_while_unknown(&mut self, at: &'static str, person: usize, terms: &Terms, due: i64) -> Result<(), Broken> {
        for command in [Command::TenderCash { amount: Money::from_minor(due) }, Command::VoidTransaction {}] {
            self.must_refuse(self.asks_at(at, person, command), "card_running")?;
        }
        self.refused(1 - person, terms.hand_over(), "order_being_paid")
    }

    /// The till drives it. The truth of what it charged is kept here, as the terminal keeps it.
    fn at_terminal(&mut self, person: usize, terms: &Terms, due: i64, what: AtTerminal) -> Result<(), Broken> {
        let shell = |command| Asks { at: None, staff: None, command };
        let terminal = DeviceName::new(TERMINAL).map_err(Broken::doing("naming a terminal"))?;
        // As its owner does whenever the line to it comes up.
        let last = (self.charges.0 > 0).then_some(CardMark { receipt: self.charges.0, trace: self.charges.0 });
        self.must(shell(Command::SeeTerminal { terminal, last, amount: None }))?;
        self.must(self.asks_at(WITH_TERMINAL, person, Command::StartCard { amount: None }))?;
        let attempt = self.attempt(WITH_TERMINAL)?;
        let report = |progress| shell(Command::ReportCard { attempt, progress });
        let is_paid = match what {
            AtTerminal::Taken => {
                let proof = self.charge(due);
                self.must(report(CardProgress::Approved { proof }))?;
                true
            }
            AtTerminal::Declined => {
                self.must(report(CardProgress::Declined { reason: "not enough credit".to_owned() }))?;
                false
            }
            AtTerminal::LineLost { paid, told } => {
                let proof = paid.then(|| self.charge(due));
                let cut = |decidable| CardProgress::Unknown { cause: "the line to the terminal is cut".to_owned(), decidable };
                self.must(report(cut(false)))?;
                self.unknown_cards += 1;
                self.refuse_while_unknown(WITH_TERMINAL, person, terms, due)?;
                self.go_down()?;
                let decide = Command::ResolveCard { attempt, charged: paid };
                self.must_refuse(self.asks_at(WITH_TERMINAL, person, decide.clone()), "card_still_asked")?;
                match (told, proof) {
                    (true, Some(proof)) => self.must(report(CardProgress::Approved { proof }))?,
                    (true, None) => self.must(report(CardProgress::Declined { reason: "no such payment".to_owned() }))?,
                    (false, _) => {
                        self.must(report(cut(true)))?;
                        self.refuse_while_unknown(WITH_TERMINAL, person, terms, due)?;
                        self.must(self.asks_at(WITH_TERMINAL, person, decide))?;
                    }
                }
                paid
            }
        };
        if is_paid { Ok(()) } else { self.cash(WITH_TERMINAL, person, due) }
    }

    fn charge(&mut self, minor: i64) -> CardProof {
        self.charges = (self.charges.0 + 1, self.charges.1 + minor);
        CardProof { receipt: self.charges.0, trace: self.charges.0, ..CardProof::default() }
    }

    fn cash(&mut self, at: &'static str, person: usize, minor: i64) -> Result<(), Broken> {
        self.must(self.asks_at(at, person, Command::TenderCash { amount: Money::from_minor(minor) }))
    }

    fn card(&mut self, person: usize, minor: Option<i64>, paid: bool) -> Result<(), Broken> {
        self.must(self.asks(person, Command::StartCard { amount: minor.map(Money::from_minor) }))?;
        self.end_card(person, paid)
    }

    fn end_card(&mut self, person: usize, paid: bool) -> Result<(), Broken> {
        let attempt = self.attempt(WORKSTATIONS[person])?;
        self.must(self.asks(person, Command::EndCard { attempt, paid }))
    }

    fn attempt(&self, at: &str) -> Result<AttemptId, Broken> {
        let basket = self.store().state().open_basket(&workstation(at)?);
        let card = basket.and_then(|basket| basket.card.as_ref());
        card.map(|card| card.attempt).ok_or_else(|| self.broken("a card ran, and nothing is known of it"))
    }
}

/// Where the customer of an order pays.
fn counter(planned: &Planned) -> &'static str {
    match planned.visit.tender {
        Tender::Terminal(_) => WITH_TERMINAL,
        Tender::Cash
        | Tender::Note
        | Tender::Card
        | Tender::CardRefused
        | Tender::CardUnknown { .. }
        | Tender::Split
        | Tender::SecondTry => WORKSTATIONS[planned.picker],
    }
}
