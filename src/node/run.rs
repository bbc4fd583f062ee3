//! The loop: one inbox, one writer. It takes what waits, prefetches facts, lets the core decide, appends, flushes once for
//! all of it, and only then replies, prints and publishes. Everything here runs on one thread of its own; an fsync blocks nobody else.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tracing::{error, info, warn};

use super::archive::Archive;
use super::books::{Books, Bookshelf};
use super::configuration::Configuration;
use super::elsewhere::Elsewhere;
use super::facts::{self, Receipts, Sources};
use super::handle::{AskError, CommandRequest, DurableHead, Input, OnHand, ReceiptQuestion, StockNow};
use super::line_display;
use super::notify::Notify;
use super::orders::{self, CollectKeys, HandOvers};
use super::originals::Originals;
use super::prints::Prints;
use super::proof::Approval;
use super::publish::Publisher;
use super::reports::CashNow;
use super::scanner::{self, Over, Routed, Scanners};
use super::screen::{ArmedReturn, ArticleInfo, Check, Feedback, NextScan, Now, Opens, Screen, Tone};
use super::writer::{Recorded, Taken, Writer, WriterError, shell_command_id};
use crate::device::{DeviceReport, DisplayHandle, PrinterHandle, PrinterOrder, ScaleHandle, ScaleReading, TerminalHandle};
use crate::document::{Language, Voice};
use crate::fault::Fault;
use crate::gs1::{CodeRules, Gtin};
use crate::ids::{BagNo, DeviceName, Sku, StaffId, SubjectRef, WorkstationId};
use crate::journal::Disk;
use crate::money::Qty;
use crate::retail::basket::Place;
use crate::retail::customer::CustomerFact;
use crate::retail::day::Day;
use crate::retail::event::PrintSubject;
use crate::retail::order::OrderAct;
use crate::retail::pricing::{self, Moment};
use crate::retail::rules::WorkstationRules;
use crate::retail::staff::{Proof, SignInWay};
use crate::retail::state::AdoptedFeed;
use crate::retail::{Answer, Command, Effect, Event, EventKind, Facts, Feed, PrintProgress, PrintWhat, Refusal, ScanFact, print, stock};
use crate::vault::{FindBy, Vault};
use crate::views::Views;

/// Inputs that one flush may serve.
const BATCH_MAX: usize = 512;
/// A soft event is on disk this long after it was shown, at the latest (the design allows 50 ms; the flush itself needs some of it).
const SOFT_FLUSH_MS: u64 = 30;
/// A flush followed by this much quiet is sealed by a mark.
const MARK_QUIET_MS: u64 = 1_000;

/// What the loop works with, besides its inbox.
pub struct Loop<D: Disk> {
    pub writer: Writer<D>,
    pub views: Views,
    pub books: Bookshelf,
    pub archive: Archive,
    pub codes: CodeRules,
    pub time_zone: jiff::tz::TimeZone,
    pub prints: Prints,
    pub publisher: Publisher,
    pub screen: watch::Sender<Arc<Screen>>,
    pub durable: watch::Sender<DurableHead>,
    pub printers: BTreeMap<DeviceName, PrinterHandle>,
    pub terminals: BTreeMap<DeviceName, TerminalHandle>,
    pub scales: BTreeMap<DeviceName, ScaleHandle>,
    /// Attempts that no terminal's owner took, with how they end.
    pub undelivered: Vec<Command>,
    /// Customer displays of two lines, by the workstation they face.
    pub displays: Vec<(WorkstationId, DisplayHandle)>,
    pub notify: Notify,
    /// Records that were shown and are not on disk yet: the index takes only what is.
    pub unindexed: Vec<(u64, Vec<Event>)>,
    pub originals: Originals,
    /// Who customers are; `None`: it did not open.
    pub vault: Option<Vault>,
    /// Where head office is asked about a receipt; nobody takes the question while there is no line.
    pub questions: mpsc::Sender<ReceiptQuestion>,
    /// What other shops have.
    pub elsewhere: Arc<Elsewhere>,
    /// When each till locks itself, if nothing is done there before.
    pub idle: BTreeMap<WorkstationId, tokio::time::Instant>,
    pub collect: CollectKeys,
    pub hand_overs: HandOvers,
    pub scanners: Scanners,
    /// What head office says of it.
    pub configuration: Configuration,
}

type Reply = oneshot::Sender<Result<Answer, AskError>>;

/// What waits for the flush of the batch.
#[derive(Default)]
pub(super) struct Batch {
    recorded: Vec<Recorded>,
    replies: Vec<(Reply, Result<Answer, AskError>)>,
    /// Something in it must not leave the node before its fsync.
    hard: bool,
    pub(super) changed: bool,
}

impl<D: Disk> Loop<D> {
    /// Runs until told to stop. An error means that the journal is fenced: nothing unflushed was acknowledged.
    pub async fn run(mut self, mut inbox: mpsc::Receiver<Input>) -> Result<(), WriterError> {
        let mut soft_due: Option<tokio::time::Instant> = None;
        let mut mark_due: Option<tokio::time::Instant> = None;
        self.publisher.set_configuration(&self.configuration);
        loop {
            self.configure();
            let owed = (!self.undelivered.is_empty()).then(tokio::time::Instant::now);
            let idle_due = self.idle.values().min().copied();
            let deadline = [soft_due, mark_due, owed, self.notify.due(), idle_due, self.scanners.due()].into_iter().flatten().min();
            let first = match deadline {
                Some(at) => tokio::time::timeout_at(at, inbox.recv()).await.ok(),
                None => Some(inbox.recv().await),
            };
            let now = tokio::time::Instant::now();
            self.notify.ping(now);
            let mut batch = Batch::default();
            self.settle_undelivered(&mut batch)?;
            let mut stop = false;
            let mut flushed = false;
            match first {
                None => {}
                Some(None) | Some(Some(Input::Stop)) => stop = true,
                Some(Some(input)) => {
                    self.take(input, &mut batch)?;
                    while batch.recorded.len() + batch.replies.len() < BATCH_MAX {
                        match inbox.try_recv() {
                            Ok(Input::Stop) => {
                                stop = true;
                                break;
                            }
                            Ok(input) => self.take(input, &mut batch)?,
                            Err(_) => break,
                        }
                    }
                }
            }
            self.lock_idle(now, &mut batch)?;
            let over = self.scanners.look(now);
            self.scans_over(over, &mut batch)?;
            let soft_overdue = soft_due.is_some_and(|at| at <= now);
            if batch.hard || soft_overdue || stop {
                if Fault::AnswerBeforeFlush.is_planted() {
                    answer(&mut batch.replies);
                }
                self.writer.flush()?;
                soft_due = None;
                flushed = true;
                mark_due = Some(now + Duration::from_millis(MARK_QUIET_MS));
            } else if !batch.recorded.is_empty() {
                soft_due = soft_due.or(Some(now + Duration::from_millis(SOFT_FLUSH_MS)));
            } else if mark_due.is_some_and(|at| at <= now) {
                let mark = self.writer.mark()?;
                self.unindexed.push((mark, Vec::new()));
                mark_due = None;
                flushed = true;
            }
            self.publish(batch, flushed);
            if stop {
                info!("stopping: the journal gets its last mark");
                return self.writer.close();
            }
        }
    }

    fn take(&mut self, input: Input, batch: &mut Batch) -> Result<(), WriterError> {
        match input {
            Input::Ask(request, reply) => {
                if let Some(workstation) = &request.workstation {
                    self.idle.remove(workstation);
                }
                let result = match self.receipt_in(&request) {
                    Some((workstation, text)) => self.open_receipt(&workstation, &text, batch).map(|_| Answer::default()),
                    None => self.command(request, batch)?,
                };
                batch.replies.push((reply, result));
            }
            Input::Approve(workstation, approval, reply) => {
                self.idle.remove(&workstation);
                let wanted = self.publisher.take_wanted(&workstation);
                batch.changed = true;
                let result = match (wanted, approval) {
                    (Some(wanted), Some(approval)) => self.command(CommandRequest { approval: Some(approval), ..wanted }, batch)?,
                    (Some(_) | None, _) => Ok(Answer::default()),
                };
                batch.replies.push((reply, result));
            }
            Input::Device(report) => self.device(report, batch)?,
            Input::Link(link) => batch.changed |= self.publisher.set_link(link),
            Input::FeedReady { feed, version, hash } => {
                if let Err(refused) = self.command(shell_request(None, Command::AdoptFeed { feed, version, hash }), batch)? {
                    warn!(%refused, feed = feed.name(), version, "a feed was not adopted");
                }
                if feed == Feed::Staff {
                    // A list that was lost and came again is in force without another adoption.
                    self.staff_changed();
                    batch.changed = true;
                }
            }
            Input::FeedConfirmed { feed, at_ms } => batch.changed |= self.publisher.confirm_feed(feed, at_ms),
            Input::DeviceTest { device, kind } => self.order(&device, PrinterOrder::Test(kind)),
            Input::NextScan { workstation, next } => {
                self.publisher.set_next_scan(&workstation, next);
                batch.changed = true;
            }
            Input::ElsewhereTold { sku } => {
                let stores = self.elsewhere.known(&sku);
                batch.changed |= stores.is_some_and(|stores| self.publisher.told_elsewhere(&sku, &stores));
            }
            Input::ForgetWeight { workstation } => {
                self.publisher.forget_weighing(&workstation);
                batch.changed = true;
            }
            Input::WeighAgain { workstation } => {
                self.publisher.weigh_again(&workstation);
                batch.changed = true;
            }
            Input::SetTare { workstation, tare } => {
                self.publisher.set_tare(&workstation, tare);
                batch.changed = true;
            }
            Input::OnHand(skus, reply) => {
                let found = skus.iter().map(|sku| self.on_hand(sku)).collect();
                // The asker may have gone; nothing depends on it.
                let _ = reply.send(found);
            }
            Input::ReadStock(sku, reply) => {
                // The asker may have gone.
                let _ = reply.send(self.stock_now(&sku));
            }
            Input::OpenReceipt { workstation, receipt, reply } => {
                // The asker may have gone; the screen shows it all the same.
                let _ = reply.send(self.open_receipt(&workstation, &receipt, batch));
            }
            Input::CloseReceipt { workstation } => {
                self.publisher.close_receipt(&workstation);
                batch.changed = true;
            }
            Input::ArmReturn { workstation, armed } => {
                self.publisher.arm_return(&workstation, armed);
                batch.changed = true;
            }
            Input::ReceiptTold(answer) => self.receipt_told(answer, batch),
            Input::ReadCash(reply) => {
                // The asker may have gone.
                let _ = reply.send(Box::new(self.cash_now()));
            }
            Input::PageOpened { workstation, page, kind } => {
                let over = self.scanners.opened(&workstation, &page, kind, tokio::time::Instant::now());
                self.scans_over(over, batch)?;
                self.offer_scans(&workstation, batch);
            }
            Input::PageClosed { workstation, page } => {
                self.scanners.closed(&workstation, &page, tokio::time::Instant::now());
                self.offer_scans(&workstation, batch);
            }
            Input::PageInFront { workstation, page, in_front } => {
                let over = self.scanners.in_front(&workstation, &page, in_front, tokio::time::Instant::now());
                self.scans_over(over, batch)?;
                self.offer_scans(&workstation, batch);
            }
            Input::TakeScan { workstation, page, serial, reply } => {
                let takes = self.scanners.take(&workstation, &page, serial);
                self.offer_scans(&workstation, batch);
                // A page that has gone asks for it again under the same name, or nobody uses it.
                let _ = reply.send(takes);
            }
            Input::OrdersHeard { lead, at_ms } => batch.changed |= self.publisher.orders_heard(lead, at_ms),
            Input::Damage(damaged) => self.damage(damaged, batch)?,
            Input::Repaired(repair, reply) => {
                let kept = self.repair(&repair, batch)?;
                let _ = reply.send(kept);
            }
            Input::CancelCard { workstation, attempt } => self.cancel_card(&workstation, attempt),
            Input::Restarted => {
                let left = print::after_restart(self.writer.state());
                self.settle_prints(left, batch)?;
                self.recover_cards(batch)?;
                // Displays that are lit for the first time.
                batch.changed = true;
            }
            Input::Stop => unreachable!("the loop handles Stop before it gets here"),
        }
        Ok(())
    }

    /// Prefetch, decide, apply, append. What is answered here is sent after the flush.
    pub(super) fn command(&mut self, request: CommandRequest, batch: &mut Batch) -> Result<Result<Answer, AskError>, WriterError> {
        let books = self.books.books();
        let request = self.badge_scanned(request, &books);
        let at_till = matches!(&request.command, Command::AddLine { .. });
        let request = orders::scanned(request);
        let request = self.customer_scanned(request, &books);
        let request = self.number_typed(request, &books);
        let workstation = request.workstation.clone();
        let receipts = Receipts { originals: &self.originals, places: self.places() };
        let mut facts = facts::prefetch(&request, self.writer.state(), &self.sources(&books), &receipts);
        facts.order = self.hand_overs.facts(&request.command, &self.collect);
        if let Command::Order(OrderAct::Stage { place, .. }) = &request.command {
            facts.order.place_is_badge = books.staff.by_badge(place.as_str()).is_some();
        }
        facts.stock_kept_elsewhere = self.publisher.orders_kept_elsewhere();
        facts.customer = self.customer(&request.command, &books);
        facts.check_open = workstation.as_ref().is_some_and(|workstation| self.check_is_open(workstation, &request.command));
        let identifies = match &request.command {
            Command::Order(OrderAct::Identify { code, .. }) if at_till => Some(code.clone()),
            _ => None,
        };
        let scanned = match &request.command {
            Command::AddLine { code, quantity } => Some((code.clone(), *quantity)),
            // Who must be of age is asked with the weight that was found.
            Command::AddWeighed { code, weight, tare, .. } => Some((code.clone(), Some(*weight - *tare))),
            _ => None,
        };
        if let Command::EraseCustomer { subject } = request.command
            && let Some(error) = self.erase(&request, subject, &facts)
        {
            return Ok(Err(error));
        }
        let again = self.writer.rules().staff_required.then(|| request.clone());
        let at_desk = request.staff.clone();
        match self.writer.take(request, &facts)? {
            Taken::Recorded(recorded) => {
                batch.hard |= recorded.kind != EventKind::Soft;
                batch.changed = true;
                let answer = recorded.answer.clone();
                if let Some(workstation) = workstation.as_ref().filter(|_| answer.receipt.is_some()) {
                    self.publisher.close_receipt(workstation);
                }
                if let Some(workstation) = &workstation {
                    let added = line_added(&recorded);
                    self.publisher.acted(workstation, added.is_some());
                    if let Some(feedback) =
                        added.or_else(|| orders::promise_broken(&recorded, self.voice_at(Some(workstation)).locale.language))
                    {
                        self.publisher.feedback(workstation, feedback);
                    }
                }
                batch.recorded.push(*recorded);
                Ok(Ok(answer))
            }
            Taken::Answered(answer) => {
                // A repeat of something that is not on disk yet waits for it like the original.
                batch.hard |= answer.seq > self.writer.journal().durable_upto();
                if let (Some(workstation), Some(order), Some(code)) = (&workstation, &answer.order, identifies) {
                    let language = self.voice_at(Some(workstation)).locale.language;
                    let page = self.scanners.till_page(workstation);
                    self.publisher.feedback(workstation, orders::identified(Opens { order: order.clone(), code, page }, language));
                    batch.changed = true;
                }
                Ok(Ok(answer))
            }
            Taken::Refused(refusal) => {
                if let Refusal::PinWrong { staff, .. } = &refusal {
                    // In the same flush as the answer: who pulls the plug gains no try.
                    let miss = shell_request(workstation.clone(), Command::ReportPinMiss { staff: staff.clone() });
                    if let Err(reason) = self.command(miss, batch)? {
                        error!(%reason, "a wrong PIN was not recorded");
                    }
                }
                if let Refusal::CollectNumberWrong { .. } = &refusal {
                    let miss = shell_request(workstation.clone(), Command::Order(OrderAct::ReportWrongNumber {}));
                    if let Err(reason) = self.command(miss, batch)? {
                        error!(%reason, "a wrong number was not recorded");
                    }
                }
                if let Some(workstation) = &workstation {
                    self.approval_wanted(workstation, &refusal, again);
                }
                let check = scanned.and_then(|(code, quantity)| Check::after(&refusal, code, quantity));
                if let (Some(workstation), Some(check)) = (&workstation, check) {
                    self.publisher.open_check(workstation, check);
                }
                Ok(Err(match (&workstation, at_desk) {
                    (None, Some(staff)) => self.refused_at_desk(&staff, refusal),
                    (workstation, _) => self.refused(workstation.as_ref(), refusal, batch),
                }))
            }
            Taken::DiskFull(words) => {
                error!(reason = %words, "a record was not written");
                self.publisher.alarm(&words);
                batch.changed = true;
                Ok(Err(AskError::DiskFull(words)))
            }
        }
    }

    /// The words go to the workstation that asked.
    pub(super) fn refused(&mut self, workstation: Option<&WorkstationId>, refusal: Refusal, batch: &mut Batch) -> AskError {
        let refusal = self.named(refusal);
        metrics::counter!("counterfoil_refusals_total", "code" => refusal.code()).increment(1);
        let voice = self.voice_at(workstation);
        if let Some(workstation) = workstation {
            self.publisher.feedback(workstation, Feedback::refused(&refusal, &voice));
            batch.changed = true;
        }
        AskError::Refused(refusal, voice)
    }

    fn refused_at_desk(&self, staff: &StaffId, refusal: Refusal) -> AskError {
        metrics::counter!("counterfoil_refusals_total", "code" => refusal.code()).increment(1);
        let language = self.books.books().staff.person(staff).and_then(|person| Language::of_tag(&person.language));
        AskError::Refused(self.named(refusal), Voice::to_person(self.writer.rules(), language))
    }

    /// Who is meant, by name: the record knows ids alone.
    fn named(&self, refusal: Refusal) -> Refusal {
        let staff = self.books.books().staff;
        refusal.naming(|id| Some(staff.person(&StaffId::new(id).ok()?)?.name.clone()))
    }

    /// How whoever works at a workstation is spoken to.
    fn voice_at(&self, workstation: Option<&WorkstationId>) -> Voice {
        let here = workstation.and_then(|id| self.writer.state().workstations.get(id)?.signed_in.as_ref());
        let book = self.books.books().staff;
        let language = here.and_then(|here| Language::of_tag(&book.person(&here.staff)?.language));
        Voice::to_person(self.writer.rules(), language)
    }

    /// Takes what head office wants as soon as no sale is open: nobody is half through one under other rules. Parked sales go on under them, as
    /// after a restart.
    fn configure(&mut self) {
        let mut changed = self.configuration.look(&self.books.books().configuration);
        if self.configuration.is_waiting() && !self.writer.state().baskets.values().any(|basket| matches!(basket.place, Place::At(_))) {
            changed = true;
            match self.configuration.take() {
                Ok(Some(config)) => {
                    let rules = Arc::new(config.rules);
                    self.writer.set_rules(rules.clone());
                    self.publisher.set_rules(rules);
                    self.prints.papers.stationery.letterhead = config.letterhead;
                }
                Ok(None) => {}
                Err(error) => error!(%error, "head office's configuration could not be put in force"),
            }
        }
        if changed {
            self.publisher.set_configuration(&self.configuration);
            self.publish_screen();
        }
    }

    fn staff_changed(&mut self) {
        let staff = self.books.books().staff;
        self.prints.staff = staff.clone();
        self.publisher.set_staff(staff);
    }

    /// A staff badge is no article: it signs on, or approves what was just refused here for want of another person's word.
    fn badge_scanned(&mut self, request: CommandRequest, books: &Books) -> CommandRequest {
        let (Command::AddLine { code, .. }, Some(workstation)) = (&request.command, &request.workstation) else { return request };
        let Some(person) = books.staff.by_badge(code) else { return request };
        let approval = Some(Approval::Checked(Proof::Person { fact: person.fact(), way: SignInWay::Badge }));
        match self.publisher.take_wanted(workstation) {
            Some(wanted) => CommandRequest { approval, ..wanted },
            None => CommandRequest { approval, command: Command::SignIn {}, ..request },
        }
    }

    /// A member's card of somebody whom the vault knows brings the person, so that no card number is recorded.
    fn customer_scanned(&self, request: CommandRequest, books: &Books) -> CommandRequest {
        let (Command::AddLine { code, .. } | Command::AttachMember { card: code }) = &request.command else { return request };
        let plain = pricing::acts::plain(code);
        let known = || self.vault.as_ref()?.find(&FindBy::card(&plain)?);
        match books.prices.is_member_card(&plain).then(known).flatten() {
            Some(subject) => CommandRequest { command: Command::AttachCustomer { subject }, ..request },
            None => request,
        }
    }

    /// Eight digits that are no article may be the number of a customer who collects: it opens the order, as at the desk. An article always
    /// goes first. What could be an article by its check digit, and is nobody's number, stays an unknown article, and so does a slip of the
    /// finger next to an article of the shop; anything else is a wrong number here as it is there.
    fn number_typed(&self, request: CommandRequest, books: &Books) -> CommandRequest {
        let (Command::AddLine { code, quantity: None }, Some(workstation)) = (&request.command, &request.workstation) else {
            return request;
        };
        let orders = &self.writer.state().orders;
        let Some(digits) = orders::typed_number(code).filter(|_| orders.open().next().is_some()) else { return request };
        let opens = || !orders.is_locked(workstation) && orders.knows_number(&self.collect.number_mark(&digits));
        let is_number = match facts::look_up(code, &self.sources(books)) {
            ScanFact::Article(_) | ScanFact::NoPrice(_) | ScanFact::CardData => false,
            ScanFact::NotReady { .. } => opens(),
            ScanFact::Misread { .. } | ScanFact::UnknownArticle | ScanFact::UnknownCode => {
                let sells =
                    |code: &String| matches!(facts::look_up(code, &self.sources(books)), ScanFact::Article(_) | ScanFact::NoPrice(_));
                opens() || (Gtin::parse(&digits).is_err() && !orders::meant_by(&digits).iter().any(sells))
            }
        };
        if !is_number {
            return request;
        }
        CommandRequest { command: Command::Order(OrderAct::Identify { code: digits, within: None }), ..request }
    }

    fn customer(&self, command: &Command, books: &Books) -> Option<CustomerFact> {
        let (Command::AttachCustomer { subject } | Command::EraseCustomer { subject }) = command else { return None };
        let details = self.vault.as_ref()?.get(*subject).ok()?;
        Some(CustomerFact { is_member: books.prices.is_member_card(&details.card), has_consented: details.has_consented() })
    }

    /// Before the record says so. A crash between the two leaves somebody erased and nobody told; the next try finds nobody.
    fn erase(&self, request: &CommandRequest, subject: SubjectRef, facts: &Facts) -> Option<AskError> {
        if self.writer.would_refuse(request.clone(), facts).is_some() {
            return None;
        }
        let reason = self.vault.as_ref()?.erase(subject).err()?;
        error!(%reason, "a customer was not erased");
        Some(AskError::DiskFull(reason.to_string()))
    }

    /// Keeps what a badge can still approve: also after a badge that could not.
    fn approval_wanted(&mut self, workstation: &WorkstationId, refusal: &Refusal, request: Option<CommandRequest>) {
        let about_approver = matches!(
            refusal,
            Refusal::PinWrong { .. } | Refusal::StaffLockedOut { .. } | Refusal::BadgeUnknown | Refusal::PinNotSet { .. }
        );
        let is_sign_in = request.as_ref().is_some_and(|request| request.command == Command::SignIn {});
        let is_open = matches!(refusal, Refusal::NeedsOverride { .. } | Refusal::OverrideByOneself | Refusal::OverrideNotAllowed { .. })
            || (about_approver && !is_sign_in);
        let wanted = request.filter(|_| is_open).map(|request| CommandRequest { approval: None, ..request });
        self.publisher.set_wanted(workstation, wanted);
    }

    /// Locks tills where nothing was done for as long as the store's rules say.
    fn lock_idle(&mut self, now: tokio::time::Instant, batch: &mut Batch) -> Result<(), WriterError> {
        let minutes = u64::from(self.writer.rules().idle_lock_min);
        if minutes == 0 {
            return Ok(());
        }
        let at_work = self.writer.state().workstations.iter().filter(|(_, here)| here.signed_in.as_ref().is_some_and(|who| !who.locked));
        let at_work: Vec<WorkstationId> = at_work.map(|(workstation, _)| workstation.clone()).collect();
        self.idle.retain(|workstation, _| at_work.contains(workstation));
        for workstation in at_work {
            let due = *self.idle.entry(workstation.clone()).or_insert(now + Duration::from_secs(minutes * 60));
            if due <= now {
                self.idle.remove(&workstation);
                if let Err(refused) = self.command(shell_request(Some(workstation), Command::LockTill { idle: true }), batch)? {
                    warn!(%refused, "an idle till could not be locked");
                }
            }
        }
        Ok(())
    }

    fn cash_now(&self) -> CashNow {
        let at = self.writer.now();
        CashNow::of(self.writer.state(), self.writer.rules(), at, self.writer.utc_offset_min(at))
    }

    fn sources<'a>(&'a self, books: &'a Books) -> Sources<'a> {
        let now = self.writer.now();
        let today = jiff::Timestamp::from_millisecond(now.ms).unwrap_or_default().to_zoned(self.time_zone.clone()).date();
        Sources { views: &self.views, archive: &self.archive, books, codes: &self.codes, today }
    }

    fn stock_now(&self, sku: &Sku) -> StockNow {
        let (fact, state) = (self.views.stock(sku).ok().flatten(), self.writer.state());
        StockNow {
            on_hand: stock::on_hand(fact.as_ref(), state.movements.get(sku)),
            reserved: state.orders.reserved(sku),
            in_bags: state.orders.off_shelf(sku),
            mark: state.stock_marks.get(sku).cloned(),
            baseline_ms: fact.map(|fact| fact.as_of.ms),
        }
    }

    fn on_hand(&self, sku: &Sku) -> Option<OnHand> {
        // A view that cannot answer now costs the figure, not the question.
        let fact = self.views.stock(sku).ok().flatten();
        let state = self.writer.state();
        let quantity = stock::on_hand(fact.as_ref(), state.movements.get(sku))?;
        let counted = state.stock_marks.get(sku).and_then(|mark| mark.counted.as_ref());
        let as_of = counted
            .map(|counted| crate::time::Stamp { ms: counted.ms, ..Default::default() })
            .or(fact.map(|fact| fact.as_of))
            .unwrap_or_default();
        Some(OnHand { quantity, as_of })
    }

    fn device(&mut self, report: DeviceReport, batch: &mut Batch) -> Result<(), WriterError> {
        match report {
            DeviceReport::Scan { device, workstation: None, .. } => {
                warn!(%device, "a scan of a scanner that belongs to no workstation: set its `workstation` in the configuration");
            }
            DeviceReport::Scan { workstation: Some(workstation), frame, .. } => {
                self.idle.remove(&workstation);
                self.scan(workstation, &frame, batch)?;
            }
            DeviceReport::Status(status) => batch.changed |= self.publisher.device(status),
            DeviceReport::Job { printer, job, progress } => {
                info!(%printer, %job, ?progress, "print job");
                let outcome = progress_name(&progress);
                metrics::counter!("counterfoil_print_outcomes_total", "printer" => printer.to_string(), "outcome" => outcome).increment(1);
                let is_drop = matches!(&progress, PrintProgress::FailedClean { cause } if cause == "given_up");
                if let Err(refused) = self.command(shell_request(None, Command::ReportPrint { job, progress }), batch)?
                    && !is_drop
                {
                    warn!(%printer, %job, %refused, "a print report had no job");
                }
            }
            DeviceReport::Weight { scale, reading } => self.weighed(&scale, reading, batch)?,
            DeviceReport::Card { terminal, attempt, progress } => self.card_report(&terminal, attempt, progress, batch)?,
            DeviceReport::TerminalSeen { terminal, last, amount } => self.terminal_seen(terminal, last, amount, batch)?,
        }
        Ok(())
    }

    /// The weight that a check waits for answers it.
    fn check_is_open(&self, workstation: &WorkstationId, command: &Command) -> bool {
        let answers = matches!(command, Command::AddWeighed { .. }) && self.publisher.weighing(workstation).is_some();
        self.publisher.check_is_open(workstation) && !answers
    }

    /// What a scale says goes to the till where it stands; a weight that stands still is sold at once.
    fn weighed(&mut self, scale: &DeviceName, reading: ScaleReading, batch: &mut Batch) -> Result<(), WriterError> {
        let stands = |workstation: &&WorkstationRules| workstation.scale.as_ref() == Some(scale);
        let Some(workstation) = self.writer.rules().workstations.iter().find(stands).map(|found| found.id.clone()) else {
            warn!(%scale, "a scale that stands at no workstation: name it as a workstation's `scale` in the configuration");
            return Ok(());
        };
        // It was given up meanwhile.
        let Some(weigh) = self.publisher.weighing(&workstation) else { return Ok(()) };
        self.publisher.set_reading(&workstation, reading);
        batch.changed = true;
        if let ScaleReading::Stable { grams } = reading {
            self.idle.remove(&workstation);
            let (weight, tare) = (Qty::from_thousandths(grams), self.publisher.tare(&workstation));
            let command = Command::AddWeighed { code: weigh.code, weight, tare, scale: Some(scale.clone()) };
            if let Err(refused) = self.command(shell_request(Some(workstation), command), batch)? {
                tracing::debug!(%refused, "weight refused");
            }
        }
        Ok(())
    }

    /// To the page that has the scanner; badges act wherever they are scanned, and nothing of a payment card reaches a page.
    fn scan(&mut self, workstation: WorkstationId, frame: &[u8], batch: &mut Batch) -> Result<(), WriterError> {
        let code = String::from_utf8_lossy(frame).into_owned();
        let books = self.books.books();
        let is_badge = books.staff.by_badge(&code).is_some();
        if is_badge || facts::look_up(&code, &self.sources(&books)) == ScanFact::CardData {
            return self.scan_at_till(workstation, code, batch);
        }
        match self.scanners.scanned(&workstation, &code, tokio::time::Instant::now()) {
            Routed::Sell => self.scan_at_till(workstation, code, batch),
            Routed::Waits => {
                self.offer_scans(&workstation, batch);
                Ok(())
            }
            Routed::Nowhere => self.scans_over(vec![Over { workstation, code, routed: Routed::Nowhere }], batch),
        }
    }

    fn offer_scans(&mut self, workstation: &WorkstationId, batch: &mut Batch) {
        let offers = self.scanners.offers(workstation);
        batch.changed |= self.publisher.offer(workstation, offers);
    }

    /// Scans that no page takes any more.
    fn scans_over(&mut self, over: Vec<Over>, batch: &mut Batch) -> Result<(), WriterError> {
        for Over { workstation, code, routed } in over {
            match routed {
                Routed::Sell => self.scan_at_till(workstation.clone(), code, batch)?,
                Routed::Waits | Routed::Nowhere => {
                    warn!(%workstation, "a scan was used by no page");
                    let language = self.voice_at(Some(&workstation)).locale.language;
                    self.publisher.feedback(&workstation, scanner::unused(&code, language));
                    batch.changed = true;
                }
            }
            self.offer_scans(&workstation, batch);
        }
        Ok(())
    }

    /// What a scanner's frame means at a till depends on what was armed there.
    fn scan_at_till(&mut self, workstation: WorkstationId, code: String, batch: &mut Batch) -> Result<(), WriterError> {
        if self.originals.is_receipt(&code, &self.places()) {
            // Refused, the words are on the screen.
            let _ = self.open_receipt(&workstation, &code, batch);
            return Ok(());
        }
        if let Some(armed) = self.publisher.armed_return(&workstation) {
            let ArmedReturn { disposition, reason, receipt } = armed;
            let command = Command::ReturnArticle { code, quantity: None, disposition, reason, receipt };
            if let Err(refused) = self.command(shell_request(Some(workstation), command), batch)? {
                tracing::debug!(%refused, "scan refused");
            }
            return Ok(());
        }
        let is_badge = self.books.books().staff.by_badge(&code).is_some();
        let quantity = match self.publisher.next_scan(&workstation) {
            NextScan::Sell => None,
            NextScan::Times(_) | NextScan::PriceCheck | NextScan::Bag if is_badge => None,
            NextScan::Times(quantity) => Some(quantity),
            NextScan::PriceCheck => {
                self.price_check(&workstation, &code);
                batch.changed = true;
                return Ok(());
            }
            NextScan::Bag => {
                self.bag_scanned(&workstation, &code);
                batch.changed = true;
                return Ok(());
            }
        };
        let request = shell_request(Some(workstation), Command::AddLine { code, quantity });
        if let Err(refused) = self.command(request, batch)? {
            tracing::debug!(%refused, "scan refused");
        }
        Ok(())
    }

    /// What counts when an article is asked about: the open day's prices, by the store's clock.
    fn now<'a>(&self, books: &'a Books) -> Now<'a> {
        let at = self.writer.now();
        let date = match self.writer.state().day {
            Day::Open { date, .. } => date,
            Day::NeverOpened | Day::Closed { .. } => self.sources(books).today,
        };
        let moment = Moment::new(date, at, self.writer.utc_offset_min(at));
        Now { books, moment, rounding: self.writer.rules().line_rounding }
    }

    /// The number as it stands on the bag, without what the scanner says of the kind of its bars.
    fn bag_scanned(&mut self, workstation: &WorkstationId, code: &str) {
        let plain = if code.starts_with(']') { code.get(3..).unwrap_or(code) } else { code };
        match BagNo::new(plain) {
            Ok(bag) => self.publisher.show_bag(workstation, bag),
            Err(_) => {
                // Still asked for: the page shows so, and the next scan must not sell.
                let language = self.voice_at(Some(workstation)).locale.language;
                self.publisher.feedback(workstation, scanner::no_bag_number(plain, language));
            }
        }
    }

    fn price_check(&mut self, workstation: &WorkstationId, code: &str) {
        let found = match facts::look_up(code, &self.sources(&self.books.books())) {
            ScanFact::Article(fact) => Ok(fact.sku),
            ScanFact::NoPrice(fact) => Ok(fact.sku),
            other => Err(other.refusal(code).expect("only an article has no refusal")),
        };
        let shown = found.and_then(|sku| {
            let article = self.views.by_sku(&sku).ok().flatten().ok_or_else(|| Refusal::UnknownArticle { code: code.to_owned() })?;
            let books = self.books.books();
            // The answer comes as an input of its own.
            if self.publisher.is_online() {
                drop(self.elsewhere.ask(&sku));
            }
            Ok(ArticleInfo { elsewhere: self.elsewhere.known(&sku), ..ArticleInfo::of(&article, self.on_hand(&sku), &self.now(&books)) })
        });
        match shown {
            Ok(info) => self.publisher.show_price(workstation, info),
            Err(refusal) => {
                let voice = self.voice_at(Some(workstation));
                self.publisher.set_next_scan(workstation, NextScan::Sell);
                self.publisher.feedback(workstation, Feedback::refused(&refusal, &voice));
            }
        }
    }

    /// Papers whose outcome nobody knows become questions; those of which no byte was sent go to their printers again.
    pub(super) fn settle_prints(&mut self, left: print::AfterRestart, batch: &mut Batch) -> Result<(), WriterError> {
        for job in left.unknown {
            let progress = PrintProgress::Unknown { cause: "restart".to_owned() };
            if let Err(refused) = self.command(shell_request(None, Command::ReportPrint { job, progress }), batch)? {
                warn!(%job, %refused, "a job of the last run could not be settled");
            }
        }
        for open in left.held {
            let archived = match &open.what {
                PrintSubject::Receipt(txn) => self.archive.transaction(*txn),
                PrintSubject::DayReport(_)
                | PrintSubject::DayX(_)
                | PrintSubject::TillReport(_)
                | PrintSubject::TillX(_)
                | PrintSubject::CashSlip(_)
                | PrintSubject::BagLabel(_)
                | PrintSubject::PickList(_)
                | PrintSubject::Stored(_) => None,
            };
            let hash = archived.as_ref().map_or(String::new(), |found| found.hash.clone());
            let report = self.archive.stored(&open.what);
            let facts = Facts { record: archived.map(|found| Box::new(found.record)), report, ..Facts::default() };
            match print::content(self.writer.state(), &facts, &open.what, open.copy) {
                Some(what) => {
                    let order = self.prints.again(open.job, &what, &hash);
                    self.order(&open.printer, order);
                }
                None => warn!(job = %open.job, "what a held job prints cannot be read back; it waits on the till's screen"),
            }
        }
        Ok(())
    }

    /// After the flush (or at once for soft events): effects, views, screens, head office; then the replies, so that whoever has an answer
    /// finds it on the screens as well.
    fn publish(&mut self, mut batch: Batch, flushed: bool) {
        for recorded in &batch.recorded {
            for effect in &recorded.effects {
                let hash = self.hash_for(effect, recorded);
                match self.prints.order(effect.clone(), &hash) {
                    Some((printer, order)) => self.order(&printer, order),
                    None => self.act_at_terminal(effect),
                }
            }
            for event in &recorded.events {
                if let Event::BasketRepriced { txn, unproved: true, .. } = event {
                    metrics::counter!("counterfoil_promotions_unproved_total").increment(1);
                    warn!(%txn, "promotions: the search for the best way stopped at its limit; the best one found counts");
                }
                if let Event::FirstManagerNamed { .. } = event {
                    self.staff_changed();
                }
                if let Event::FeedAdopted { feed, version, hash, at } = event {
                    let adopted = AdoptedFeed { version: *version, hash: hash.clone(), at: *at };
                    match feed.is_book() {
                        true => {
                            self.books.switch(*feed, &adopted);
                            self.staff_changed();
                        }
                        false => self.views.switch(*feed, &adopted),
                    }
                    info!(feed = feed.name(), version, "adopted");
                }
            }
            self.hand_overs.note(&recorded.events);
            self.publisher.recorded(recorded);
            self.unindexed.push((recorded.seq, recorded.events.clone()));
        }
        if flushed {
            for (seq, events) in self.unindexed.drain(..) {
                self.views.apply(seq, &events);
            }
            self.publish_durable();
        }
        if !batch.recorded.is_empty() || batch.changed {
            self.publish_screen();
        }
        answer(&mut batch.replies);
    }

    fn publish_screen(&mut self) {
        let screen = self.publisher.screen(self.writer.state(), self.writer.now(), self.writer.uptime());
        for (workstation, display) in &self.displays {
            if let Some(till) = screen.workstations.get(workstation) {
                let [upper, lower] = line_display::lines(till, &screen, self.prints.locale());
                display.show(&upper, &lower);
            }
        }
        for rules in &screen.rules.workstations {
            if let Some(scale) = rules.scale.as_ref().and_then(|scale| self.scales.get(scale)) {
                scale.weigh(self.publisher.weighing(&rules.id).map(|weigh| weigh.wanted));
            }
        }
        self.screen.send_replace(screen);
    }

    /// The paper names the record that holds what it shows: for a copy that is an older one.
    fn hash_for(&self, effect: &Effect, recorded: &Recorded) -> String {
        match effect {
            Effect::Print { what: PrintWhat::Receipt { record, copy }, .. } if *copy > 0 => {
                self.archive.transaction(record.txn).map_or_else(|| recorded.hash.clone(), |found| found.hash)
            }
            Effect::Print { .. }
            | Effect::ReleasePrint { .. }
            | Effect::DropPrint { .. }
            | Effect::KickDrawer { .. }
            | Effect::AskCard { .. }
            | Effect::ForgetCard { .. } => recorded.hash.clone(),
        }
    }

    fn order(&self, printer: &DeviceName, order: PrinterOrder) {
        let Some(handle) = self.printers.get(printer) else {
            warn!(%printer, "no such printer in the configuration; the job waits on the till's screen");
            return;
        };
        if let Err(full) = handle.inbox.try_send(order) {
            // The job stays open on the record and on the till's screen.
            error!(%printer, reason = %full, "the printer's inbox is full or gone");
        }
    }

    fn publish_durable(&mut self) {
        let head = DurableHead { urgent_seq: self.publisher.urgent_seq(), ..DurableHead::at(self.writer.durable()) };
        self.durable.send_if_modified(|old| {
            let new = *old != head;
            *old = head;
            new
        });
    }
}

fn answer(replies: &mut Vec<(Reply, Result<Answer, AskError>)>) {
    for (reply, result) in replies.drain(..) {
        // Nobody may be waiting any more: the record stands all the same, and a repeat gets the same answer.
        let _ = reply.send(result);
    }
}

/// A command the shell makes itself.
pub fn shell_request(workstation: Option<WorkstationId>, command: Command) -> CommandRequest {
    CommandRequest { id: shell_command_id(), workstation, staff: None, approval: None, command }
}

fn progress_name(progress: &PrintProgress) -> &'static str {
    match progress {
        PrintProgress::HeldClean { .. } => "held",
        PrintProgress::Resumed {} => "resumed",
        PrintProgress::Printed {} => "printed",
        PrintProgress::Sent {} => "sent",
        PrintProgress::FailedClean { .. } => "failed",
        PrintProgress::Unknown { .. } => "unknown",
    }
}

/// The good tone, when the record has a new line.
fn line_added(recorded: &Recorded) -> Option<Feedback> {
    recorded.events.iter().find_map(|event| match event {
        Event::LineAdded { line, .. } => Some(Feedback {
            serial: 0,
            tone: Tone::Good,
            text: line.name.clone(),
            remedy: String::new(),
            code: String::new(),
            line: None,
            unknown: None,
            opens: None,
        }),
        _ => None,
    })
}
