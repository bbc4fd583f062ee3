//! What the loop shows: it keeps what is not business state (devices, line, feedback) and folds it with the state into a [`Screen`].

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::configuration::{Configuration, Standing};
use super::handle::CommandRequest;
use super::scanner::PageScan;
use super::screen::{
    ArmedReturn, ArticleInfo, AtWork, Check, FeedStatus, Feedback, LinkStatus, NextScan, OpenReceipt, Screen, StaffTile, SuspendedRow,
    TillCash, TillScreen, WeighCheck,
};
use super::writer::Recorded;
use crate::device::{DeviceStatus, ScaleReading};
use crate::document::Language;
use crate::ids::{BagNo, DeviceName, Sku, StaffId, StoreId, WorkstationId};
use crate::money::{Money, Qty};
use crate::retail::basket::{Basket, Place, totals};
use crate::retail::card::TerminalBook;
use crate::retail::day::Day;
use crate::retail::event::PrintSubject;
use crate::retail::till::{self, TillReport};
use crate::retail::{Event, EventKind, Feed, Rules, State, refund, tender};
use crate::sync::repair::Damaged;
use crate::sync::staff::StaffBook;
use crate::sync::wire::StockElsewhere;
use crate::time::{Stamp, Uptime};

/// How old the pages' "head office asked" may be while all is well.
const ORDERS_NEWS_MS: i64 = 15_000;

pub struct Publisher {
    store: StoreId,
    store_name: String,
    rules: Arc<Rules>,
    revision: u64,
    feedback_serial: u64,
    /// Articles that have waited for their weight since the start.
    weighings: u64,
    desks: BTreeMap<WorkstationId, Desk>,
    /// Screens as last published: a workstation whose state did not change keeps its value and its revision.
    tills: BTreeMap<WorkstationId, Arc<TillScreen>>,
    devices: BTreeMap<DeviceName, DeviceStatus>,
    link: LinkStatus,
    confirmed: BTreeMap<Feed, i64>,
    /// Sequences of finished transactions that head office has not acknowledged.
    waiting: BTreeSet<u64>,
    newest_seq: u64,
    urgent_seq: u64,
    alarms: Vec<String>,
    damage: Vec<Damaged>,
    configuration: Standing,
    configuration_alarm: Option<String>,
    staff: Arc<StaffBook>,
    tiles: Arc<Vec<StaffTile>>,
    /// What head office last said about orders: whether this node keeps them, and when.
    orders_heard: Option<(bool, i64)>,
    /// Orders that came since the start.
    order_arrivals: u64,
}

/// What a workstation shows that is not business state.
#[derive(Default)]
struct Desk {
    feedback: Option<Feedback>,
    scans: Arc<Vec<PageScan>>,
    next_scan: NextScan,
    price_check: Option<Arc<ArticleInfo>>,
    check: Option<Arc<Check>>,
    reading: Option<ScaleReading>,
    tare: Qty,
    card_words: Option<String>,
    card_declined: Option<String>,
    receipt: Option<Arc<OpenReceipt>>,
    armed_return: Option<ArmedReturn>,
    /// What was refused here for want of another person's word.
    wanted: Option<CommandRequest>,
    till_report: Option<Arc<TillReport>>,
    bag: Option<BagNo>,
}

impl Publisher {
    /// `waiting`: sequences of finished transactions above the acknowledged one, from the electronic journal.
    pub fn new(
        store: StoreId,
        store_name: String,
        rules: Arc<Rules>,
        waiting: BTreeSet<u64>,
        newest_seq: u64,
        alarms: Vec<String>,
        damage: Vec<Damaged>,
    ) -> Publisher {
        Publisher {
            store,
            store_name,
            rules,
            revision: 0,
            feedback_serial: 0,
            weighings: 0,
            desks: BTreeMap::new(),
            tills: BTreeMap::new(),
            devices: BTreeMap::new(),
            link: LinkStatus::default(),
            confirmed: BTreeMap::new(),
            waiting,
            newest_seq,
            urgent_seq: 0,
            alarms,
            damage,
            configuration: Standing::default(),
            configuration_alarm: None,
            staff: Arc::default(),
            tiles: Arc::default(),
            orders_heard: None,
            order_arrivals: 0,
        }
    }

    /// True when it is news whether the store's orders are kept here, and now and then, so that a page does not call old what is new.
    pub fn orders_heard(&mut self, lead: bool, at_ms: i64) -> bool {
        let is_news = self.orders_heard.is_none_or(|(before, shown_ms)| before != lead || at_ms - shown_ms >= ORDERS_NEWS_MS);
        if is_news {
            self.orders_heard = Some((lead, at_ms));
        }
        is_news
    }

    /// Head office said that another node of the store keeps its orders and its stock.
    pub fn orders_kept_elsewhere(&self) -> bool {
        self.orders_heard.is_some_and(|(lead, _)| !lead)
    }

    /// Another staff list is in force.
    pub fn set_staff(&mut self, book: Arc<StaffBook>) {
        let mut tiles: Vec<StaffTile> = book
            .people()
            .map(|person| StaffTile { id: person.id.clone(), name: person.name.clone(), has_pin: person.pin.is_some() })
            .collect();
        tiles.sort_by(|a, b| a.name.cmp(&b.name));
        self.tiles = Arc::new(tiles);
        self.staff = book;
    }

    /// Remembers what a badge scanned here approves; `None` forgets it.
    pub fn set_wanted(&mut self, workstation: &WorkstationId, wanted: Option<CommandRequest>) {
        self.desks.entry(workstation.clone()).or_default().wanted = wanted;
    }

    pub fn take_wanted(&mut self, workstation: &WorkstationId) -> Option<CommandRequest> {
        self.desks.get_mut(workstation)?.wanted.take()
    }

    pub fn urgent_seq(&self) -> u64 {
        self.urgent_seq
    }

    /// True when words, state or the number of waiting sales changed.
    pub fn set_link(&mut self, link: LinkStatus) -> bool {
        let waited = self.waiting.len();
        self.waiting = self.waiting.split_off(&(link.acknowledged_seq + 1));
        let changed = (link.online, &link.why) != (self.link.online, &self.link.why) || self.waiting.len() != waited;
        self.link = link;
        changed
    }

    pub fn confirm_feed(&mut self, feed: Feed, at_ms: i64) -> bool {
        self.confirmed.insert(feed, at_ms).is_none()
    }

    /// Shown to everyone until the next start.
    pub fn alarm(&mut self, words: &str) {
        if !self.alarms.iter().any(|known| known == words) {
            self.alarms.push(words.to_owned());
        }
    }

    /// Other rules are in force: every till's screen is another.
    pub fn set_rules(&mut self, rules: Arc<Rules>) {
        self.rules = rules;
        self.tills.clear();
    }

    /// How it stands with head office's configuration.
    pub fn set_configuration(&mut self, configuration: &Configuration) {
        self.configuration = configuration.standing();
        self.configuration_alarm = configuration.alarm();
    }

    /// Shown until a look at the journal finds nothing of it any more. True when it changed.
    pub fn set_damage(&mut self, damage: Vec<Damaged>) -> bool {
        std::mem::replace(&mut self.damage, damage) != self.damage
    }

    pub fn device(&mut self, status: DeviceStatus) -> bool {
        let old = self.devices.insert(status.name.clone(), status.clone());
        old.as_ref() != Some(&status)
    }

    /// The serial is given here. Always a change: the same error twice beeps twice.
    pub fn feedback(&mut self, workstation: &WorkstationId, feedback: Feedback) {
        self.feedback_serial += 1;
        let serial = self.feedback_serial;
        let desk = self.desks.entry(workstation.clone()).or_default();
        desk.feedback = Some(Feedback { serial, ..feedback });
    }

    /// What pages of orders are to take.
    /// True when it changed.
    pub fn offer(&mut self, workstation: &WorkstationId, scans: Vec<PageScan>) -> bool {
        let desk = self.desks.entry(workstation.clone()).or_default();
        let is_news = *desk.scans != scans;
        if is_news {
            desk.scans = Arc::new(scans);
        }
        is_news
    }

    pub fn card_words(&mut self, workstation: &WorkstationId, words: Option<String>) {
        self.desks.entry(workstation.clone()).or_default().card_words = words;
    }

    pub fn card_declined(&mut self, workstation: &WorkstationId, reason: Option<String>) {
        self.desks.entry(workstation.clone()).or_default().card_declined = reason;
    }

    pub fn next_scan(&self, workstation: &WorkstationId) -> NextScan {
        self.desks.get(workstation).map_or(NextScan::Sell, |desk| desk.next_scan)
    }

    pub fn set_next_scan(&mut self, workstation: &WorkstationId, next: NextScan) {
        let desk = self.desks.entry(workstation.clone()).or_default();
        desk.next_scan = next;
        desk.price_check = None;
    }

    /// Ends the wait for a bag's number.
    pub fn show_bag(&mut self, workstation: &WorkstationId, bag: BagNo) {
        let desk = self.desks.entry(workstation.clone()).or_default();
        desk.next_scan = NextScan::Sell;
        desk.feedback = None;
        desk.bag = Some(bag);
    }

    /// Ends an armed price check with what it found.
    pub fn show_price(&mut self, workstation: &WorkstationId, found: ArticleInfo) {
        let desk = self.desks.entry(workstation.clone()).or_default();
        desk.next_scan = NextScan::Sell;
        desk.price_check = Some(Arc::new(found));
    }

    /// Screens that show the article hear what other shops have of it.
    pub fn told_elsewhere(&mut self, sku: &Sku, stores: &Arc<Vec<StockElsewhere>>) -> bool {
        let mut changed = false;
        for desk in self.desks.values_mut() {
            if let Some(shown) = desk.price_check.as_mut().filter(|shown| shown.sku == *sku) {
                Arc::make_mut(shown).elsewhere = Some(stores.clone());
                changed = true;
            }
        }
        changed
    }

    /// Opens the one thing that must be answered before the next scan counts.
    pub fn open_check(&mut self, workstation: &WorkstationId, mut check: Check) {
        if let Check::Weigh(weigh) = &mut check {
            self.weighings += 1;
            weigh.wanted.serial = self.weighings;
        }
        let desk = self.desks.entry(workstation.clone()).or_default();
        desk.check = Some(Arc::new(check));
        desk.reading = None;
    }

    /// The article that waits for its weight.
    pub fn weighing(&self, workstation: &WorkstationId) -> Option<WeighCheck> {
        match self.desks.get(workstation)?.check.as_deref()? {
            Check::Weigh(weigh) => Some(weigh.clone()),
            Check::Age(_) | Check::Past(_) | Check::Recalled(_) => None,
        }
    }

    pub fn set_reading(&mut self, workstation: &WorkstationId, reading: ScaleReading) {
        self.desks.entry(workstation.clone()).or_default().reading = Some(reading);
    }

    /// The goods of the last line once more: it was the wrong article.
    pub fn weigh_again(&mut self, workstation: &WorkstationId) {
        if let Some(mut weigh) = self.weighing(workstation) {
            weigh.wanted.again = true;
            self.open_check(workstation, Check::Weigh(weigh));
        }
    }

    /// It is not sold, or without the till's help.
    pub fn forget_weighing(&mut self, workstation: &WorkstationId) {
        if self.weighing(workstation).is_some() {
            let desk = self.desks.entry(workstation.clone()).or_default();
            desk.check = None;
            desk.reading = None;
            desk.feedback = None;
        }
    }

    pub fn tare(&self, workstation: &WorkstationId) -> Qty {
        self.desks.get(workstation).map_or(Qty::ZERO, |desk| desk.tare)
    }

    pub fn set_tare(&mut self, workstation: &WorkstationId, tare: Qty) {
        self.desks.entry(workstation.clone()).or_default().tare = tare;
    }

    pub fn check_is_open(&self, workstation: &WorkstationId) -> bool {
        self.desks.get(workstation).is_some_and(|desk| desk.check.is_some())
    }

    /// Something was done at a workstation: what was armed or shown for one act is over, and so is an old complaint.
    pub fn acted(&mut self, workstation: &WorkstationId, line_added: bool) {
        let desk = self.desks.entry(workstation.clone()).or_default();
        desk.price_check = None;
        desk.check = None;
        desk.reading = None;
        desk.card_declined = None;
        desk.wanted = None;
        desk.till_report = None;
        desk.bag = None;
        if line_added {
            desk.next_scan = NextScan::Sell;
            desk.tare = Qty::ZERO;
        } else {
            desk.feedback = None;
        }
    }

    pub fn is_online(&self) -> bool {
        self.link.online
    }

    pub fn open_receipt(&mut self, workstation: &WorkstationId, open: OpenReceipt) {
        let desk = self.desks.entry(workstation.clone()).or_default();
        desk.feedback = None;
        desk.armed_return = None;
        desk.receipt = Some(Arc::new(open));
    }

    pub fn close_receipt(&mut self, workstation: &WorkstationId) {
        let desk = self.desks.entry(workstation.clone()).or_default();
        desk.receipt = None;
        desk.armed_return = None;
    }

    /// Workstations whose screen shows that receipt.
    pub fn showing(&self, receipt: &str) -> Vec<WorkstationId> {
        let shows = |desk: &Desk| desk.receipt.as_ref().is_some_and(|open| open.receipt == receipt);
        self.desks.iter().filter(|(_, desk)| shows(desk)).map(|(workstation, _)| workstation.clone()).collect()
    }

    pub fn arm_return(&mut self, workstation: &WorkstationId, armed: Option<ArmedReturn>) {
        self.desks.entry(workstation.clone()).or_default().armed_return = armed;
    }

    pub fn armed_return(&self, workstation: &WorkstationId) -> Option<ArmedReturn> {
        self.desks.get(workstation).and_then(|desk| desk.armed_return.clone())
    }

    pub fn recorded(&mut self, recorded: &Recorded) {
        self.newest_seq = self.newest_seq.max(recorded.seq);
        if recorded.kind == EventKind::Urgent {
            self.urgent_seq = recorded.seq;
        }
        for event in &recorded.events {
            match event {
                Event::TransactionCompleted { .. } | Event::TransactionVoided { .. } => {
                    self.waiting.insert(recorded.seq);
                }
                Event::OrderReceived { .. } => self.order_arrivals += 1,
                Event::UplinkAcknowledged { ack } => self.waiting = self.waiting.split_off(&(ack.seq + 1)),
                Event::TillClosed { report } => self.show_report(report),
                Event::PrintRequested { what: PrintSubject::TillX(report), copy: 0, .. } => self.show_report(report),
                _ => {}
            }
        }
    }

    fn show_report(&mut self, report: &TillReport) {
        self.desks.entry(report.till.clone()).or_default().till_report = Some(Arc::new(report.clone()));
    }

    pub fn screen(&mut self, state: &State, now: Stamp, uptime: Uptime) -> Arc<Screen> {
        self.revision += 1;
        let date = match &state.day {
            Day::Open { date, .. } => *date,
            Day::NeverOpened | Day::Closed { .. } => {
                jiff::Timestamp::from_millisecond(now.ms).map(|t| t.to_zoned(jiff::tz::TimeZone::UTC).date()).unwrap_or_default()
            }
        };
        for workstation in &self.rules.workstations {
            let fresh = self.till(state, &workstation.id, date);
            let slot = self.tills.entry(workstation.id.clone()).or_default();
            let same = slot.basket == fresh.basket
                && slot.last == fresh.last
                && slot.feedback == fresh.feedback
                && slot.totals == fresh.totals
                && slot.scans == fresh.scans
                && slot.next_scan == fresh.next_scan
                && slot.price_check == fresh.price_check
                && slot.check == fresh.check
                && slot.reading == fresh.reading
                && slot.tare == fresh.tare
                && slot.card_words == fresh.card_words
                && slot.card_declined == fresh.card_declined
                && slot.receipt == fresh.receipt
                && slot.armed_return == fresh.armed_return
                && slot.refund == fresh.refund
                && slot.signed_in == fresh.signed_in
                && slot.needs_approval == fresh.needs_approval
                && slot.training == fresh.training
                && slot.cash == fresh.cash
                && slot.bag == fresh.bag
                && slot.till_report == fresh.till_report;
            if !same || slot.revision == 0 {
                *slot = Arc::new(TillScreen { revision: self.revision, ..fresh });
            }
        }
        let journalled = state.uplink.as_ref().map_or(0, |ack| ack.seq);
        let acknowledged = if self.link.acknowledged_seq > 0 { self.link.acknowledged_seq } else { journalled };
        let mut link = self.link.clone();
        link.transactions_waiting = self.waiting.len() as u64;
        link.records_waiting = self.newest_seq.saturating_sub(acknowledged);
        metrics::gauge!("counterfoil_records_waiting").set(link.records_waiting as f64);
        metrics::gauge!("counterfoil_head_office_online").set(if link.online { 1.0 } else { 0.0 });
        metrics::gauge!("counterfoil_journal_seq").set(self.newest_seq as f64);
        metrics::gauge!("counterfoil_prints_open").set(state.prints.len() as f64);
        metrics::gauge!("counterfoil_stock_tasks_open").set(state.stock.tasks.len() as f64);
        let oldest_ms = state.stock.tasks.values().map(|task| now.ms - task.at.ms).max().unwrap_or(0).max(0);
        metrics::gauge!("counterfoil_stock_task_oldest_seconds").set(oldest_ms as f64 / 1_000.0);
        metrics::gauge!("counterfoil_stock_low").set(state.stock.low.len() as f64);
        let damage = self.damage.iter().map(|damaged| damage_alarm(damaged, state));
        let contradicted = state.terminals.iter().filter_map(|(terminal, book)| contradiction_alarm(terminal, book, &self.rules));
        let alarms: Vec<String> =
            self.alarms.iter().cloned().chain(damage).chain(contradicted).chain(self.configuration_alarm.clone()).collect();
        metrics::gauge!("counterfoil_alarms").set(alarms.len() as f64);
        Arc::new(Screen {
            revision: self.revision,
            store: self.store.clone(),
            store_name: self.store_name.clone(),
            rules: self.rules.clone(),
            day: state.day.clone(),
            workstations: self.tills.clone(),
            suspended: state.baskets.values().filter_map(|basket| self.suspended(basket, date)).collect(),
            prints: state.prints.values().cloned().collect(),
            devices: self.devices.values().cloned().collect(),
            terminals: state.terminals.clone(),
            link,
            feeds: self.feeds(state),
            alarms,
            configuration: self.configuration.clone(),
            staff: self.tiles.clone(),
            orders: state.orders.clone(),
            stock: state.stock.clone(),
            orders_heard: self.orders_heard,
            order_arrivals: self.order_arrivals,
            locked_out: locked_out(state, now, uptime),
        })
    }

    fn till(&self, state: &State, workstation: &WorkstationId, date: crate::time::BusinessDate) -> TillScreen {
        let here = state.workstations.get(workstation);
        let desk = self.desks.get(workstation);
        let basket = here.and_then(|w| w.open).and_then(|txn| state.baskets.get(&txn));
        // Without a rate for a line there is no total to show; completing it is refused in words.
        let sums = basket.and_then(|basket| totals(basket, &self.rules, date).ok());
        let cash_buttons = match &sums {
            Some(sums) if sums.lines > 0 && sums.due > Money::ZERO => tender::suggestions(sums.due_cash, &self.rules),
            _ => Vec::new(),
        };
        let refund = match (basket, &sums) {
            (Some(basket), Some(sums)) => refund::shown_plan(state, &self.rules, basket, sums),
            _ => Vec::new(),
        };
        TillScreen {
            revision: 0,
            basket: basket.cloned().map(Arc::new),
            totals: sums,
            cash_buttons,
            last: here.and_then(|w| w.newest().cloned()),
            feedback: desk.and_then(|d| d.feedback.clone()),
            scans: desk.map_or_else(Arc::default, |d| d.scans.clone()),
            next_scan: desk.map_or(NextScan::Sell, |d| d.next_scan),
            price_check: desk.and_then(|d| d.price_check.clone()),
            check: desk.and_then(|d| d.check.clone()),
            reading: desk.and_then(|d| d.reading),
            tare: desk.map_or(Qty::ZERO, |d| d.tare),
            card_words: desk.and_then(|d| d.card_words.clone()),
            card_declined: desk.and_then(|d| d.card_declined.clone()),
            receipt: desk.and_then(|d| d.receipt.clone()),
            armed_return: desk.and_then(|d| d.armed_return.clone()),
            refund,
            training: here.is_some_and(|here| here.training),
            signed_in: here.and_then(|w| w.signed_in.as_ref()).map(|here| AtWork {
                staff: here.staff.clone(),
                name: self.staff.person(&here.staff).map_or_else(|| here.staff.to_string(), |person| person.name.clone()),
                language: self.staff.person(&here.staff).and_then(|person| Language::of_tag(&person.language)),
                locked: here.locked,
            }),
            needs_approval: desk.is_some_and(|d| d.wanted.is_some()),
            cash: state
                .cash
                .session(workstation)
                .map(|session| Arc::new(TillCash { session: session.clone(), unproved: till::unproved(state, session) })),
            bag: desk.and_then(|d| d.bag.clone()),
            till_report: desk.and_then(|d| d.till_report.clone()),
        }
    }

    fn suspended(&self, basket: &Basket, date: crate::time::BusinessDate) -> Option<SuspendedRow> {
        let Place::Suspended { by, at } = &basket.place else { return None };
        let sums = totals(basket, &self.rules, date).unwrap_or_default();
        let first_article = basket.lines.iter().find(|l| !l.voided).map_or(String::new(), |l| l.sold.name.clone());
        Some(SuspendedRow { txn: basket.txn, by: by.clone(), at: *at, lines: sums.lines, total: sums.total, first_article })
    }

    fn feeds(&self, state: &State) -> Vec<FeedStatus> {
        Feed::ALL
            .iter()
            .filter_map(|feed| {
                let adopted = state.feeds.get(feed)?;
                let confirmed_ms = self.confirmed.get(feed).copied();
                Some(FeedStatus { feed: *feed, version: adopted.version, adopted_at: adopted.at, confirmed_ms })
            })
            .collect()
    }
}

/// Whose PIN is not looked at, and until when.
fn locked_out(state: &State, at: Stamp, uptime: Uptime) -> BTreeMap<StaffId, Instant> {
    let now = Instant::now();
    let left = |staff: &StaffId| state.locked_out_ms(staff, at, uptime).map(|ms| (staff.clone(), now + Duration::from_millis(ms)));
    state.lockouts.keys().filter_map(left).collect()
}

/// A person had to say how a card payment ended, and the terminal's book says otherwise.
fn contradiction_alarm(terminal: &DeviceName, book: &TerminalBook, rules: &Rules) -> Option<String> {
    let decided = book.decided.as_ref().filter(|decided| decided.contradicted)?;
    let amount = format!("{} {}", rules.currency.plain(decided.amount.abs()), rules.currency.code);
    Some(match decided.carried_out {
        false => format!(
            "Card terminal {terminal} did carry out {amount} that was recorded as not charged (attempt {}). Give it back on the terminal, then close the terminal's day.",
            decided.attempt
        ),
        true => format!(
            "Card terminal {terminal} did not carry out {amount} that was recorded as charged (attempt {}). The sale is unpaid: tell the manager, then close the terminal's day.",
            decided.attempt
        ),
    })
}

fn damage_alarm(damaged: &Damaged, state: &State) -> String {
    let mut words = format!("The record is damaged: {}. Selling goes on.", damaged.words);
    if state.unproved.overlaps(damaged.first_seq, damaged.last_seq) {
        words.push_str(" Sales and cash of today that it held are unproved until it is repaired.");
    }
    match damaged.why.as_str() {
        "" => words.push_str(" Head office's copy is fetched as soon as there is a line."),
        why => words.push_str(&format!(" Head office's copy {why}. Call the technician: `counterfoil journal verify`.")),
    }
    words
}
