//! What the store's journal adds up to: only what today's decisions need exactly.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::addendum::ClosedUnder;
use super::answers::{Answers, Content, Given};
use super::basket::{Basket, CardAttempt, Place};
use super::card::{Decided, TerminalBook, TerminalDay};
use super::day::{Day, DayReport, Totals};
use super::event::PrintSubject;
use super::order::{LabelEnd, OrderBook};
use super::print::{self, OpenPrint, PrintState};
use super::returned::Returned;
use super::safe::Collected;
use super::staff::{LOCKOUTS_KEPT_MAX, Misses, SignInWay, SignedIn};
use super::stock::{Mark, Movements, StockBook};
use super::till::{CashBook, OpenedTill, Phase, ReportKey, ReportRef};
use super::unproved::Unproved;
use super::{
    Event, Feed, PrintAnswer, PrintProgress, Tender, TenderKind, TransactionKind, TransactionRecord, UplinkAck, invariant, pricing,
};
use crate::ids::{DeviceName, JobId, Sku, StaffId, TxnId, WorkstationId};
use crate::money::{Money, Qty};
use crate::time::{BusinessDate, Stamp};

/// Transactions whose copies are counted; beyond it the oldest start at COPY 1 again.
pub const COPIES_KEPT_MAX: usize = 10_000;
/// Events that did not fit, kept for the technician.
pub const IMPOSSIBLE_KEPT_MAX: usize = 100;

/// A function of the node's own journal alone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct State {
    pub day: Day,
    pub workstations: BTreeMap<WorkstationId, Workstation>,
    /// Open and suspended transactions.
    pub baskets: BTreeMap<TxnId, Basket>,
    /// Print jobs without an outcome, and those whose outcome a person must settle.
    pub prints: BTreeMap<JobId, OpenPrint>,
    /// How many copies were asked for, of transactions that have any.
    pub copies: BTreeMap<TxnId, u32>,
    /// The newest Z.
    pub last_report: Option<Arc<DayReport>>,
    /// Own movements per article; see [`super::stock`].
    pub movements: BTreeMap<Sku, Movements>,
    /// What came back, by the sale it came from.
    pub returned: Returned,
    /// Single-use coupons and the sale that used each.
    pub coupons_used: BTreeMap<String, TxnId>,
    pub feeds: BTreeMap<Feed, AdoptedFeed>,
    pub uplink: Option<UplinkAck>,
    pub answers: Answers,
    /// Wrong PINs in a row, of those who have any.
    pub lockouts: BTreeMap<StaffId, Misses>,
    /// Tills, safe, and the stored reports that can be found again.
    pub cash: CashBook,
    /// Events that did not fit the state they met. Empty unless we have a bug or the journal has a hole; reported by [`invariant`].
    pub impossible: Vec<Impossible>,
    /// Records that the disk has lost. What they held is missing from all of the above.
    pub unproved: Unproved,
    /// What each card terminal said of its newest transaction.
    pub terminals: BTreeMap<DeviceName, TerminalBook>,
    /// Collect orders, and the units that are held for them.
    pub orders: Arc<OrderBook>,
    /// Counts and receipts that are being filled, counts that wait, articles that ran low.
    pub stock: Arc<StockBook>,
    /// When articles last moved and were last counted, of those that ever did or were.
    pub stock_marks: BTreeMap<Sku, Mark>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Workstation {
    /// The last transaction number drawn; the next is one more, for ever.
    pub counter: u64,
    /// The transaction on its screen.
    pub open: Option<TxnId>,
    /// The newest finished sale, for "reprint last" and for the screen.
    pub last: Option<Arc<TransactionRecord>>,
    /// Of the open business day; 0 while none was drawn.
    pub first_counter: u64,
    pub totals: Totals,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed_in: Option<SignedIn>,
    /// Numbers drawn today for transactions of an earlier day.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub late: u64,
    /// What is sold here is practice.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub training: bool,
    /// The last number drawn for practice.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub training_counter: u64,
    /// The newest sale that was practised. [`Workstation::last`] stays the real one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub practised: Option<Arc<TransactionRecord>>,
}

impl Workstation {
    /// The newest finished sale for its screen and for "reprint last": the practised one while practice is on.
    pub fn newest(&self) -> Option<&Arc<TransactionRecord>> {
        if self.training { self.practised.as_ref() } else { self.last.as_ref() }
    }
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdoptedFeed {
    pub version: u64,
    pub hash: String,
    pub at: Stamp,
}

/// An event that could not follow from the state it met.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Impossible {
    /// The record that holds it.
    pub seq: u64,
    pub why: String,
}

impl State {
    /// Takes in one event of the record `seq`. Total: what cannot be is noted in [`State::impossible`], never refused and never a panic.
    pub fn apply(&mut self, seq: u64, event: &Event) {
        if let Err(why) = self.take_in(seq, event) {
            self.note(seq, why);
        }
    }

    pub fn open_basket(&self, workstation: &WorkstationId) -> Option<&Basket> {
        self.baskets.get(&self.workstations.get(workstation)?.open?)
    }

    pub fn suspended(&self) -> impl Iterator<Item = &Basket> {
        self.baskets.values().filter(|basket| matches!(basket.place, Place::Suspended { .. }))
    }

    /// The newest finished sale of a workstation, found by its transaction.
    pub fn last_record(&self, txn: TxnId) -> Option<&TransactionRecord> {
        let finished = self.workstations.values().flat_map(|workstation| [&workstation.last, &workstation.practised]);
        finished.filter_map(|record| record.as_deref()).find(|record| record.txn == txn)
    }

    /// The last number of practice drawn at a workstation.
    pub fn training_counter(&self, workstation: &WorkstationId) -> u64 {
        self.workstations.get(workstation).map_or(0, |workstation| workstation.training_counter)
    }

    /// The last number drawn at a workstation.
    pub fn counter(&self, workstation: &WorkstationId) -> u64 {
        self.workstations.get(workstation).map_or(0, |workstation| workstation.counter)
    }

    fn take_in(&mut self, seq: u64, event: &Event) -> Result<(), &'static str> {
        match event {
            Event::DayOpened { date, at } => {
                let goes_back = match self.day {
                    Day::NeverOpened => false,
                    Day::Closed { last } => *date < last,
                    Day::Open { .. } => true,
                };
                self.day = Day::Open { date: *date, opened_at: *at };
                self.forget_done_orders();
                // No transaction can end under an earlier date any more, but those that still keep it.
                let kept: BTreeSet<BusinessDate> = self.baskets.values().filter_map(|basket| basket.date(None)).collect();
                self.cash.addenda.retain(|of, _| of >= date || kept.contains(of));
                possible(!goes_back, "a day was opened over an open or later one")
            }
            Event::DayClosed { report } => self.close_day(seq, report),

            Event::LineAdded { txn, workstation, staff, at, line } => {
                let place = self.workstations.entry(workstation.clone()).or_default();
                let is_new = !self.baskets.contains_key(txn);
                let fits = place.open.is_none() == is_new && place.open.is_none_or(|open| open == *txn);
                place.open = Some(*txn);
                let training = place.training;
                let new = || Basket { training, ..Basket::new(*txn, workstation.clone(), staff.clone(), *at) };
                let basket = self.baskets.entry(*txn).or_insert_with(new);
                let fits = fits && line.line == basket.next_line;
                basket.add((**line).clone());
                possible(fits, "a line came to a transaction that is not on that screen, or out of order")
            }
            Event::OrderPaymentStarted { step, txn, lines, terms } => {
                let workstation = step.workstation.clone().ok_or("an order was to be paid nowhere")?;
                let place = self.workstations.entry(workstation.clone()).or_default();
                let is_free = place.open.replace(*txn).is_none();
                let mut basket = Basket::new(*txn, workstation, step.by.clone(), step.at);
                lines.iter().for_each(|line| basket.add(line.clone()));
                // Nothing of it is taken back line by line.
                basket.undo.clear();
                basket.order = Some(terms.clone());
                let is_new = self.baskets.insert(*txn, basket).is_none();
                possible(is_free && is_new, "an order was to be paid where another sale was open")
            }
            Event::LineQuantitySet { txn, .. }
            | Event::LineVoided { txn, .. }
            // Prices and promotions.
            | Event::BasketRepriced { txn, .. }
            | Event::LineDiscountSet { txn, .. }
            | Event::BasketDiscountSet { txn, .. }
            | Event::LinePriceSet { txn, .. }
            | Event::CouponAdded { txn, .. }
            | Event::CustomerAttached { txn, .. }
            | Event::CustomerDetached { txn }
            | Event::MemberAttached { txn, .. } => self.basket(txn)?.take_in(event),
            Event::BasketActUndone { txn } => {
                let basket = self.basket(txn)?;
                let undone = basket.undo();
                if basket.is_blank() {
                    self.forget_basket(txn);
                }
                undone
            }
            Event::TransactionSuspended { txn, workstation, at } => {
                self.basket(txn)?.place = Place::Suspended { by: workstation.clone(), at: *at };
                self.clear_screens(txn);
                Ok(())
            }
            Event::TransactionRecalled { txn, workstation, .. } => {
                self.basket(txn)?.place = Place::At(workstation.clone());
                self.clear_screens(txn);
                let replaced = self.workstations.entry(workstation.clone()).or_default().open.replace(*txn);
                possible(replaced.is_none(), "a transaction was recalled over an open one")
            }

            Event::TenderAdded { txn, tender } => {
                let basket = self.basket(txn)?;
                basket.tenders.push(tender.clone());
                self.take_cash(txn, tender, 1);
                Ok(())
            }
            Event::TenderRemoved { txn, index } => {
                let index = *index as usize;
                let tender = self.basket(txn)?.tenders.get(index).cloned().ok_or("a tender was removed that is not there")?;
                self.take_cash(txn, &tender, -1);
                let basket = self.basket(txn)?;
                basket.tenders.remove(index);
                basket.unpaid();
                Ok(())
            }
            Event::CardStarted { txn, attempt, amount, at, terminal, refund_of } => {
                let attempt = CardAttempt {
                    attempt: *attempt,
                    amount: *amount,
                    at: *at,
                    terminal: terminal.as_deref().cloned(),
                    refund_of: *refund_of,
                };
                let running = self.basket(txn)?.card.replace(attempt);
                possible(running.is_none(), "a card payment was started over a running one")
            }
            Event::CardEnded { txn, attempt, paid, terminal, proof, by, .. } => {
                if let (Some(terminal), Some(proof)) = (terminal, proof)
                    && let Some(book) = self.terminals.get_mut(terminal)
                {
                    book.last = Some(proof.mark());
                }
                let basket = self.basket(txn)?;
                let ended = basket.card.take();
                // Paid, its tender follows in the same record.
                if !paid {
                    basket.unpaid();
                }
                if let (Some(terminal), Some(_), Some(card)) = (terminal, by, &ended)
                    && let (Some(book), Some(at)) = (self.terminals.get_mut(terminal), &card.terminal)
                {
                    let (amount, before) = (card.amount, at.before);
                    let decided = Decided { txn: *txn, attempt: *attempt, amount, before, carried_out: *paid, contradicted: false };
                    book.decided = Some(decided);
                }
                possible(ended.is_some_and(|card| card.attempt == *attempt), "a card payment ended that was not running")
            }
            Event::TransactionCompleted { record } => {
                let fits = self.finish(record);
                let here = self.workstations.entry(record.workstation.clone()).or_default();
                if record.training {
                    here.practised = Some(Arc::new((**record).clone()));
                    return fits;
                }
                here.last = Some(Arc::new((**record).clone()));
                self.cash.take(&record.workstation, -record.change);
                self.move_stock(seq, record);
                self.returned.count(record);
                fits.and(pricing::acts::keep_used(&mut self.coupons_used, &record.coupons, record.txn))
            }
            Event::TransactionVoided { record } => self.finish(record),
            // The seal rides in the record of its sale; nothing is decided from it yet.
            Event::ReceiptSealed { .. } => Ok(()),

            Event::PrintRequested { job, printer, workstation, what, copy, kick: _, at } => {
                if let PrintSubject::Receipt(txn) = what
                    && *copy > 0
                {
                    self.copies.insert(*txn, *copy);
                    if self.copies.len() > COPIES_KEPT_MAX {
                        self.copies.pop_first();
                    }
                }
                if let PrintSubject::Stored(of) = what {
                    self.cash.count_copy(of, *copy);
                }
                let open = OpenPrint {
                    job: *job,
                    printer: printer.clone(),
                    workstation: workstation.clone(),
                    what: what.clone(),
                    copy: *copy,
                    asked_at: *at,
                    state: PrintState::Given,
                };
                self.order_print_asked(what, *copy);
                possible(self.prints.insert(*job, open).is_none(), "a print job was asked for twice")
            }
            Event::PrintProgressed { job, progress } => match print::state_after(progress) {
                None => {
                    let proved = matches!(progress, PrintProgress::Printed {});
                    self.order_print_ended(*job, if proved { LabelEnd::Printed } else { LabelEnd::Sent });
                    possible(self.prints.remove(job).is_some(), "a print job ended that is not open")
                }
                Some(state) => {
                    self.prints.get_mut(job).ok_or("a print job went on that is not open")?.state = state;
                    Ok(())
                }
            },
            Event::PrintSettled { job, answer } => {
                if *answer == PrintAnswer::Complete {
                    self.order_print_ended(*job, LabelEnd::Settled);
                }
                possible(self.prints.remove(job).is_some(), "a print job was settled that is not open")
            }
            Event::PrintDropped { job, .. } => possible(self.prints.remove(job).is_some(), "a print job was dropped that is not open"),
            // At most once, so there is nothing to remember.
            Event::DrawerKicked { .. } => Ok(()),

            Event::FeedAdopted { feed, version, hash, at } => {
                let adopted = AdoptedFeed { version: *version, hash: hash.clone(), at: *at };
                let former = self.feeds.insert(*feed, adopted);
                possible(former.is_none_or(|former| former.version < *version), "a feed went back")
            }
            Event::BaselineSettled { head_seq, skus } => {
                let mut fits = true;
                for sku in skus {
                    fits &= self.movements.entry(sku.clone()).or_insert_with(|| Movements::Apart(Vec::new())).settle(*head_seq);
                }
                possible(fits, "a second stock baseline was adopted for an article")
            }
            Event::UplinkAcknowledged { ack } => {
                self.uplink = Some(ack.clone());
                Ok(())
            }
            // Names what this state was before the record. A replay that starts here starts from it.
            Event::CarriedForward { .. } => Ok(()),
            // age.rs
            Event::AgeChecked { txn: Some(txn), years, of_age: true, .. } => {
                let basket = self.basket(txn)?;
                basket.age_checked = basket.age_checked.max(Some(*years));
                Ok(())
            }
            // For the auditor; the line never was.
            Event::AgeChecked { .. } => Ok(()),
            // last_day.rs, recalls.rs: for people; nothing is decided from it.
            Event::ItemPutAside { .. } | Event::RecalledItemPutAside { .. } => Ok(()),
            // customer.rs: the vault has forgotten; the record keeps the reference.
            Event::CustomerErased { .. } => Ok(()),
            Event::TrainingSet { workstation, on, .. } => {
                let here = self.workstations.entry(workstation.clone()).or_default();
                let was = std::mem::replace(&mut here.training, *on);
                possible(was != *on && here.open.is_none(), "practice began or ended twice, or in mid-sale")
            }
            Event::CommandAnswered { id, content, at, answer } => {
                let mut answer = answer.clone();
                let fits = answer.seq == seq;
                answer.seq = seq;
                let is_new = self.answers.add(id.clone(), Given { content: Content::from(content.as_str()), at: *at, answer });
                possible(is_new && fits, "a command was answered twice or under another record's number")
            }

            // Repair of the journal.
            Event::RecordsRepaired { first_seq, last_seq, .. } => self.prove(*first_seq, *last_seq),

            // People.
            Event::SignedIn { workstation, staff, way, at } => {
                let person = SignedIn { staff: staff.clone(), since: *at, locked: false };
                self.workstations.entry(workstation.clone()).or_default().signed_in = Some(person);
                self.proved(staff, *way);
                Ok(())
            }
            // Who works here is not State's: the shell keeps the list.
            Event::FirstManagerNamed { .. } => Ok(()),
            Event::DeskSignedIn { staff, way, .. } => {
                self.proved(staff, *way);
                Ok(())
            }
            Event::SignedOut { workstation, staff, .. } => {
                let was = self.workstations.entry(workstation.clone()).or_default().signed_in.take();
                possible(was.is_some_and(|was| was.staff == *staff), "someone signed out who was not signed in")
            }
            Event::TillLocked { workstation, staff, .. } => {
                let here = self.workstations.entry(workstation.clone()).or_default().signed_in.as_mut();
                let here = here.filter(|here| here.staff == *staff).ok_or("a till was locked where they were not signed in")?;
                here.locked = true;
                Ok(())
            }
            Event::PinMissed { staff, at, uptime, .. } => {
                let misses = self.lockouts.entry(staff.clone()).or_insert(Misses { count: 0, last: *at, uptime: None });
                *misses = Misses { count: misses.count + 1, last: *at, uptime: *uptime };
                if self.lockouts.len() > LOCKOUTS_KEPT_MAX
                    && let Some(oldest) = self.lockouts.iter().min_by_key(|(_, misses)| misses.last.ms).map(|(staff, _)| staff.clone())
                {
                    self.lockouts.remove(&oldest);
                }
                Ok(())
            }
            Event::OverrideGiven { by, way, .. } => {
                self.proved(by, *way);
                Ok(())
            }

            // card.rs
            Event::CardUnknown { txn, attempt, state } => {
                let card = self.basket(txn)?.card.as_mut().filter(|card| card.attempt == *attempt);
                let at_terminal =
                    card.and_then(|card| card.terminal.as_mut()).ok_or("a card payment got lost that was not at a terminal")?;
                at_terminal.state = state.clone();
                Ok(())
            }
            Event::TerminalSeen { terminal, last, at } => {
                let book =
                    self.terminals.entry(terminal.clone()).or_insert(TerminalBook { last: *last, at: *at, decided: None, day: None });
                (book.last, book.at) = (*last, *at);
                Ok(())
            }
            Event::CardContradicted { terminal, attempt, .. } => {
                let decided = self.terminals.get_mut(terminal).and_then(|book| book.decided.as_mut());
                let decided =
                    decided.filter(|decided| decided.attempt == *attempt).ok_or("an attempt was contradicted that nobody decided")?;
                decided.contradicted = true;
                Ok(())
            }
            Event::TerminalDayAsked { terminal, attempt, at, .. } => {
                let book = self.terminals.get_mut(terminal).ok_or("the day of a terminal was closed that was never seen")?;
                book.day = Some(TerminalDay { attempt: *attempt, asked_at: *at, ended: None });
                Ok(())
            }
            Event::TerminalDayEnded { terminal, attempt, end, .. } => {
                let book = self.terminals.get_mut(terminal).ok_or("the day of a terminal ended that was never seen")?;
                if end.done {
                    // The terminal's own sum is what people compare with now.
                    book.decided = None;
                }
                let day =
                    book.day.as_mut().filter(|day| day.attempt == *attempt).ok_or("the day of a terminal ended that was not closed")?;
                day.ended = Some(end.clone());
                Ok(())
            }
            // Cash.
            Event::TillOpened { till, number, float, pieces: _, from, owner, date, at } => {
                self.cash.open(OpenedTill { seq, till, number: *number, float: *float, from: *from, owner, date: *date, at: *at })
            }
            Event::CashMoved { movement } => self.cash.move_cash(movement),
            Event::TillCountStarted { till, by, at } => self.cash.set_phase(till, Phase::Counting { by: by.clone(), since: *at }),
            Event::TillCountCancelled { till, .. } => self.cash.set_phase(till, Phase::Open),
            Event::TillCounted { till, counted, pieces, expected: _, by, at } => {
                let counted = Phase::Counted { by: by.clone(), counted: *counted, pieces: pieces.clone(), at: *at };
                self.cash.set_phase(till, counted)
            }
            Event::TillClosed { report } => self.cash.close(seq, report),
            Event::BagPacked { bag, amount, by, at } => {
                self.cash.safe.move_cash(-*amount);
                possible(self.cash.safe.put_bag(bag, *amount, *at, by.clone()), "a bag was packed twice")
            }
            Event::BagCollected { bag, by, at } => {
                let bag = self.cash.safe.bags.get_mut(bag).ok_or("a bag was collected that is not there")?;
                let former = bag.collected.replace(Collected { at: *at, by: by.clone() });
                possible(former.is_none(), "a bag was collected twice")
            }
            Event::SafeCountStarted { by, at } => {
                self.cash.safe.set_phase(Phase::Counting { by: by.clone(), since: *at });
                Ok(())
            }
            Event::SafeCountCancelled { .. } => {
                self.cash.safe.set_phase(Phase::Open);
                Ok(())
            }
            Event::SafeCounted { counted, pieces, expected: _, by, at } => {
                self.cash.safe.set_phase(Phase::Counted { by: by.clone(), counted: *counted, pieces: pieces.clone(), at: *at });
                Ok(())
            }
            Event::SafeCountClosed { report } => self.cash.close_safe_count(seq, report),
            Event::DayAddendum { addendum } => self.cash.add(seq, addendum),
            // order/apply.rs
            Event::LeadNamed { .. }
            | Event::RightsBegun { .. }
            | Event::RightsTold { .. }
            | Event::RightsGranted { .. }
            | Event::RightsOverrun { .. }
            | Event::OrderAdopted { .. }
            | Event::OrderReceived { .. }
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
            | Event::OrderHandedOver { .. }
            | Event::OrderLineMissed { .. }
            | Event::OrderLineReplaced { .. }
            | Event::OrderRefundRequested { .. }
            | Event::OrderPaidElsewhere { .. }
            | Event::HandOverTakenBack { .. }
            | Event::OrderRestMissed { .. }
            | Event::OrderPutBack { .. }
            | Event::PromiseBroken { .. }
            | Event::StockAdjusted { .. }
            | Event::CollectNumberMissed { .. }
            | Event::CollectNumbersAllowed { .. }
            | Event::NoticeSettled { .. } => self.take_in_order(seq, event),
            // stock/apply.rs
            Event::CountRequested { .. }
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
            | Event::StockFilledUp { .. } => self.take_in_stock(seq, event),
        }
    }

    /// A right PIN ends the waiting.
    fn proved(&mut self, staff: &StaffId, way: SignInWay) {
        match way {
            SignInWay::Pin => drop(self.lockouts.remove(staff)),
            SignInWay::Badge => {}
        }
    }

    /// What every finished transaction does: the number, the sums, the end of its basket.
    fn finish(&mut self, record: &TransactionRecord) -> Result<(), &'static str> {
        let basket = self.baskets.get(&record.txn);
        let is_its_basket = basket.is_some_and(|basket| invariant::completion(basket, record).is_ok());
        let is_late = basket.is_some_and(|basket| basket.closed_under.is_some());
        let day_is_open = matches!(self.day, Day::Open { .. });
        self.forget_basket(&record.txn);
        let workstation = self.workstations.entry(record.number.workstation.clone()).or_default();
        if record.training {
            let is_next = record.number.training && record.number.counter == workstation.training_counter + 1;
            workstation.training_counter = record.number.counter;
            possible(is_next, "a number of practice was skipped or drawn twice")?;
            return possible(is_its_basket, "a transaction ended that differs from its basket");
        }
        let is_next = record.number.counter == workstation.counter + 1;
        workstation.counter = record.number.counter;
        // A late one counts in its own day's addendum. While no day is open its number belongs to none.
        if day_is_open || !is_late {
            if workstation.first_counter == 0 {
                workstation.first_counter = record.number.counter;
            }
            if is_late {
                workstation.late += 1;
            } else {
                workstation.totals.count(record);
            }
        }
        possible(is_next, "a transaction number was skipped or drawn twice")?;
        possible(is_its_basket, "a transaction ended that differs from its basket")
    }

    fn move_stock(&mut self, seq: u64, record: &TransactionRecord) {
        match record.kind {
            TransactionKind::Void => {}
            TransactionKind::Sale | TransactionKind::Return | TransactionKind::PostVoid => {
                for line in record.lines.iter().filter(|line| line.off_shelf() != Qty::ZERO) {
                    self.move_units(seq, &line.sku, -line.off_shelf(), record.at);
                }
            }
        }
    }

    fn close_day(&mut self, seq: u64, report: &DayReport) -> Result<(), &'static str> {
        let was_open = matches!(self.day, Day::Open { date, .. } if date == report.date);
        let is_next = report.number == self.last_report.as_ref().map_or(0, |last| last.number) + 1;
        self.day = Day::Closed { last: report.date };
        self.last_report = Some(Arc::new(report.clone()));
        let mut totals = Totals::default();
        for workstation in self.workstations.values_mut() {
            totals.merge(&workstation.totals);
            workstation.first_counter = 0;
            workstation.totals = Totals::default();
            workstation.late = 0;
        }
        for open in report.open.iter().filter(|open| open.keeps_date) {
            if let Some(basket) = self.baskets.get_mut(&open.txn)
                && basket.closed_under.is_none()
            {
                basket.closed_under = Some(ClosedUnder { date: report.date, report: report.number });
            }
        }
        let cash_fits = self.cash.movements == report.movements && self.cash.closed == report.tills && self.cash.safe.closed == report.safe;
        self.cash.movements.clear();
        self.cash.closed.clear();
        self.cash.safe.closed.clear();
        self.cash.safe.bags.retain(|_, bag| bag.collected.is_none());
        let what = ReportKey::Day { number: report.number };
        self.cash.remember(seq, ReportRef { what, date: report.date, at: report.closed_at, amount: report.totals.total, copies: 0 });
        possible(was_open && is_next, "a day was closed that was not open, or under a wrong number")?;
        // What was lost when the day was closed may have come back since; the report said then that it could lack something.
        let fits = totals == report.totals && cash_fits;
        possible(fits || !report.unproved.is_empty(), "a day report differs from its records")
    }

    /// Cash moves the till of the screen that shows the transaction. `sign`: 1 taken, -1 given back.
    fn take_cash(&mut self, txn: &TxnId, tender: &Tender, sign: i64) {
        match tender.kind {
            TenderKind::Cash => {}
            TenderKind::Card => return,
        }
        if let Some(till) = self.baskets.get(txn).filter(|basket| !basket.training).and_then(Basket::workstation).cloned() {
            self.cash.take(&till, Money::from_minor(sign * tender.amount.minor()));
        }
    }

    fn basket(&mut self, txn: &TxnId) -> Result<&mut Basket, &'static str> {
        self.baskets.get_mut(txn).ok_or("an event names a transaction that is not open")
    }

    fn forget_basket(&mut self, txn: &TxnId) {
        self.baskets.remove(txn);
        self.clear_screens(txn);
    }

    fn clear_screens(&mut self, txn: &TxnId) {
        for workstation in self.workstations.values_mut() {
            if workstation.open == Some(*txn) {
                workstation.open = None;
            }
        }
    }

    fn note(&mut self, seq: u64, why: &str) {
        if self.impossible.len() < IMPOSSIBLE_KEPT_MAX {
            self.impossible.push(Impossible { seq, why: why.to_owned() });
        }
    }
}

fn possible(is_possible: bool, why: &'static str) -> Result<(), &'static str> {
    if is_possible { Ok(()) } else { Err(why) }
}
