//! A shop in memory: the core's state, the record of every command as JSON, the articles and the stock baselines its shell would know.
//! After every command it checks what must always hold: every invariant, the state replayed from the start and from a carry-forward, the
//! answer to a repeat.

use std::collections::BTreeMap;

use counterfoil::ids::{AttemptId, CommandId, DeviceName, Incarnation, JobId, Sku, StaffId, StoreId, TxnId, WorkstationId};
use counterfoil::money::{Currency, Money, Qty};
use counterfoil::retail::event::{PrintSubject, StoredRef};
use counterfoil::retail::invariant;
use counterfoil::retail::order::{OrderAct, OrderFacts};
use counterfoil::retail::pricing::Reason;
use counterfoil::retail::recalls::RecalledLine;
use counterfoil::retail::rules::{Limits, WorkstationRules};
use counterfoil::retail::stock::{Goods, StockAct};
use counterfoil::retail::tax::TaxTable;
use counterfoil::retail::{
    Answer, ArticleFact, Ask, BaselineFact, Command, Decision, Effect, Event, EventKind, Facts, Fresh, Original, Refusal, Rules, ScanFact,
    SoldLine, State, StockFact, StoredReport, TransactionRecord, decide, effects,
};
use counterfoil::time::{ClockQuality, Stamp, Uptime};
use uuid::Uuid;

use super::scenario_people::People;

/// Up to here every command is followed by a replay from the start; later only now and then, for long scenarios.
const REPLAY_EACH_MAX: usize = 300;

pub struct Shop {
    pub rules: Rules,
    pub state: State,
    /// Each record's events as they would stand in the journal.
    pub journal: Vec<String>,
    pub holes: Vec<Hole>,
    /// The wall clock, and how long the process has run by the one that never goes back.
    pub now: Stamp,
    pub uptime_ms: u64,
    /// Of the newest record: the shell never says that it is earlier.
    newest_ms: i64,
    pub scans: BTreeMap<String, ScanFact>,
    pub baselines: BTreeMap<Sku, StockFact>,
    /// What the next feed brings.
    pub new_baselines: Vec<BaselineFact>,
    /// A legal check is on the asking workstation's screen.
    pub check_open: bool,
    pub effects: Vec<Effect>,
    /// Receipts of other shops, and such that cannot be used, by what is scanned.
    pub receipts: BTreeMap<String, Result<Original, Refusal>>,
    pub lowest_price: Option<Money>,
    pub prices: Option<std::sync::Arc<counterfoil::retail::pricing::PriceBook>>,
    /// Whom the vault knows.
    pub customers: BTreeMap<counterfoil::ids::SubjectRef, counterfoil::retail::customer::CustomerFact>,
    pub last_ask: Option<Ask>,
    pub people: People,
    /// Who acts in a shop that does not ask.
    pub staff: Option<StaffId>,
    /// What the shell found out for the next acts on orders.
    pub order_facts: OrderFacts,
    pub stock_kept_elsewhere: bool,
    incarnation: u64,
    ids: u128,
}

/// The shop that a currency and a tax table make: workstations 1 (printer and drawer), 2 (printer) and 3 (nothing).
pub fn rules(currency: &str, tax: TaxTable) -> Rules {
    let currency = Currency::from_code(currency).expect("a currency of the table");
    let unit = 10i64.pow(u32::from(currency.exponent));
    let workstation = |id: &str, printer: Option<&str>, has_drawer| WorkstationRules {
        id: WorkstationId::new(id).unwrap(),
        receipt_printer: printer.map(|name| DeviceName::new(name).unwrap()),
        has_drawer,
        scale: None,
        label_printer: None,
        terminal: None,
    };
    Rules {
        store: StoreId::new("test").unwrap(),
        currency,
        tax,
        line_rounding: Default::default(),
        cash_step: Money::ZERO,
        notes: [5, 10, 20, 50, 100, 200].map(|note| Money::from_minor(note * unit)).to_vec(),
        workstations: vec![
            workstation("1", Some("printer-1"), true),
            workstation("2", Some("printer-2"), false),
            workstation("3", None, false),
        ],
        limits: Limits::default(),
        staff_required: false,
        idle_lock_min: 0,
        returns: Default::default(),
        discount_reasons: vec![Reason { code: "damaged".to_owned(), text: "Damaged".to_owned() }],
        cash_control: false,
        cash: Default::default(),
        paper: None,
        till: Default::default(),
        stock: Default::default(),
        promises: Default::default(),
    }
}

impl Shop {
    pub fn new(rules: Rules) -> Shop {
        Shop {
            rules,
            state: State::default(),
            journal: Vec::new(),
            holes: Vec::new(),
            // 2026-03-02T08:00:00Z
            now: Stamp { ms: 1_772_438_400_000, quality: ClockQuality::Synchronised },
            uptime_ms: 0,
            newest_ms: 0,
            scans: BTreeMap::new(),
            baselines: BTreeMap::new(),
            new_baselines: Vec::new(),
            check_open: false,
            effects: Vec::new(),
            receipts: BTreeMap::new(),
            lowest_price: None,
            prices: None,
            customers: BTreeMap::new(),
            last_ask: None,
            people: People::default(),
            staff: Some(StaffId::new("anna").unwrap()),
            order_facts: OrderFacts::default(),
            stock_kept_elsewhere: false,
            incarnation: 0x0123_4567_89ab_cdef,
            ids: 0,
        }
    }

    pub fn seq(&self) -> u64 {
        self.journal.len() as u64
    }

    pub fn sells(&mut self, code: &str, article: ArticleFact) {
        self.scans.insert(code.to_owned(), ScanFact::Article(Box::new(article)));
    }

    /// A new command.
    pub fn ask(&mut self, workstation: Option<&WorkstationId>, command: Command) -> Result<Decision, Refusal> {
        let ask = self.next_ask(workstation, command);
        self.send(ask)
    }

    /// A command as the shell would hand it to the core next.
    pub fn next_ask(&mut self, workstation: Option<&WorkstationId>, command: Command) -> Ask {
        self.passes(1_000);
        let is_behind = self.now.ms < self.newest_ms;
        let at = if is_behind { Stamp { ms: self.newest_ms, quality: ClockQuality::HeldBack } } else { self.now };
        self.newest_ms = at.ms;
        let content = format!("{workstation:?} {}", serde_json::to_string(&command).unwrap());
        Ask {
            id: CommandId::new(&format!("c{}", self.fresh())).unwrap(),
            content,
            workstation: workstation.cloned(),
            staff: self.at_work(workstation),
            at,
            utc_offset_min: 60,
            incarnation: Incarnation(self.incarnation),
            uptime_ms: self.uptime_ms,
            seq: self.seq() + 1,
            fresh: Fresh {
                txn: TxnId(Uuid::from_u128(self.fresh())),
                job: JobId(Uuid::from_u128(self.fresh())),
                attempt: AttemptId(Uuid::from_u128(self.fresh())),
            },
            command,
        }
    }

    /// Time passes, for both clocks.
    pub fn passes(&mut self, ms: i64) {
        self.now.ms += ms;
        self.uptime_ms += u64::try_from(ms).expect("time does not go back");
    }

    pub fn uptime(&self) -> Uptime {
        Uptime { run: Incarnation(self.incarnation), ms: self.uptime_ms }
    }

    /// Who acts there: whoever is signed in; in a shop that does not ask, [`Shop::staff`].
    fn at_work(&self, workstation: Option<&WorkstationId>) -> Option<StaffId> {
        if !self.rules.staff_required {
            return self.staff.clone();
        }
        let here = self.state.workstations.get(workstation?)?.signed_in.as_ref()?;
        (!here.locked).then(|| here.staff.clone())
    }

    /// A command as it came, new or repeated.
    pub fn send(&mut self, ask: Ask) -> Result<Decision, Refusal> {
        let facts = self.facts(&ask);
        let before = self.state.clone();
        self.last_ask = Some(ask.clone());
        self.effects.clear();
        let decision = decide(&self.state, &self.rules, &ask, &facts)?;
        assert!(!decision.repeat || decision.events.is_empty(), "a repeat writes nothing");
        if decision.events.is_empty() {
            return Ok(decision);
        }
        check_decision(&before, &ask, &decision);
        self.write(&decision.events);
        self.effects = effects(&self.state, &facts, &decision.events);

        let again = decide(&self.state, &self.rules, &ask, &facts).expect("a repeat is answered");
        assert_eq!(again, Decision { events: Vec::new(), answer: decision.answer.clone(), repeat: true });
        let other = Ask { content: "something else".to_owned(), ..ask };
        assert_eq!(decide(&self.state, &self.rules, &other, &facts), Err(Refusal::CommandReused));
        Ok(decision)
    }

    /// A start finds that the disk has lost these, or that head office has filled the hole.
    pub fn lose(&mut self, first_seq: u64, last_seq: u64, lost: bool) {
        let hole = Hole { at_seq: self.seq(), first_seq, last_seq, lost };
        hole.change(&mut self.state);
        self.holes.push(hole);
    }

    /// One record: applied, kept as JSON, and everything checked.
    pub fn write(&mut self, events: &[Event]) {
        let seq = self.seq() + 1;
        for event in events {
            self.state.apply(seq, event);
            if let Event::TransactionCompleted { record } | Event::TransactionVoided { record } = event {
                assert_eq!(invariant::check_record(record), []);
            }
        }
        self.journal.push(serde_json::to_string(events).unwrap());
        self.check();
    }

    /// One record of very many, where a replay after each would take minutes.
    pub fn write_unchecked(&mut self, events: &[Event]) {
        let seq = self.seq() + 1;
        events.iter().for_each(|event| self.state.apply(seq, event));
        self.journal.push(serde_json::to_string(events).unwrap());
    }

    /// What the shell does at every start: the state from the record, jobs of unknown outcome reported as such.
    pub fn restart(&mut self) {
        self.incarnation = self.incarnation.wrapping_mul(31).wrapping_add(7);
        self.uptime_ms = 0;
        self.state = self.replayed();
        let after = counterfoil::retail::print::after_restart(&self.state);
        let last_ask = self.last_ask.take();
        for job in after.unknown {
            let progress = counterfoil::retail::PrintProgress::Unknown { cause: "restart".to_owned() };
            self.ask(None, Command::ReportPrint { job, progress }).expect("a job that State knows");
        }
        for open in counterfoil::retail::card::after_restart(&self.state) {
            if open.at_terminal.state == counterfoil::retail::card::CardState::Asked {
                let progress = counterfoil::retail::CardProgress::Unknown { cause: "restart".to_owned(), decidable: false };
                self.ask(None, Command::ReportCard { attempt: open.attempt, progress }).expect("an attempt that State knows");
            }
        }
        self.last_ask = last_ask;
    }

    pub fn replayed(&self) -> State {
        let mut state = State::default();
        for (index, record) in self.journal.iter().enumerate() {
            for event in serde_json::from_str::<Vec<Event>>(record).unwrap() {
                state.apply(index as u64 + 1, &event);
            }
            self.holes.iter().filter(|hole| hole.at_seq == index as u64 + 1).for_each(|hole| hole.change(&mut state));
        }
        state
    }

    /// What a copy of a stored report is made from, as the shell finds it in the journal.
    fn stored_report(&self, ask: &Ask) -> Option<Box<StoredReport>> {
        let of = match &ask.command {
            Command::PrintStored { seq, place, .. } => StoredRef { seq: *seq, place: *place },
            Command::SettlePrint { job, .. } => match self.state.prints.get(job)?.what {
                PrintSubject::Stored(of) => of,
                _ => return None,
            },
            _ => return None,
        };
        let record = self.journal.get(usize::try_from(of.seq).ok()?.checked_sub(1)?)?;
        let is_report = |event: &Event| {
            matches!(event, Event::DayClosed { .. } | Event::TillClosed { .. } | Event::DayAddendum { .. } | Event::SafeCountClosed { .. })
        };
        let mut reports = serde_json::from_str::<Vec<Event>>(record).unwrap().into_iter().filter(is_report);
        let event = reports.nth(usize::try_from(of.place).ok()?)?;
        Some(Box::new(StoredReport { event, hash: "0".repeat(64) }))
    }

    /// The newest whole record of a transaction, as the shell finds it in the journal.
    pub fn record(&self, txn: TxnId) -> Option<TransactionRecord> {
        let events = self.journal.iter().rev().flat_map(|record| serde_json::from_str::<Vec<Event>>(record).unwrap());
        events.into_iter().find_map(|event| match event {
            Event::TransactionCompleted { record } if record.txn == txn => Some(*record),
            _ => None,
        })
    }

    pub fn on_hand(&self, sku: &Sku) -> Option<Qty> {
        counterfoil::retail::stock::on_hand(self.baselines.get(sku), self.state.movements.get(sku))
    }

    fn facts(&self, ask: &Ask) -> Facts {
        let scan = match &ask.command {
            Command::AddLine { code, .. }
            | Command::AddWeighed { code, .. }
            | Command::CheckAge { code, .. }
            | Command::PutAside { code }
            | Command::ReturnArticle { code, .. }
            | Command::Order(OrderAct::Pick { code, .. } | OrderAct::PutBack { code, .. } | OrderAct::ReplaceAtCounter { code, .. })
            | Command::Stock(StockAct::Add { code, .. } | StockAct::Adjust { code, .. }) => {
                Some(self.scans.get(code).cloned().unwrap_or(ScanFact::UnknownArticle))
            }
            Command::Order(OrderAct::Stage { place, .. }) => {
                Some(self.scans.get(place.as_str()).cloned().unwrap_or(ScanFact::UnknownArticle))
            }
            Command::Order(OrderAct::PickByHand { order, line, .. }) => {
                let line = self.state.orders.orders.get(order).and_then(|order| order.line(*line));
                line.and_then(|line| self.scans.get(line.sku.as_str()).cloned())
            }
            Command::SellOpenPrice { code: Some(code), .. } => Some(self.scans.get(code).cloned().unwrap_or(ScanFact::UnknownArticle)),
            _ => None,
        };
        let record = match &ask.command {
            Command::Reprint { txn: Some(txn) } => self.record(*txn),
            Command::SettlePrint { job, .. } => self.state.prints.get(job).and_then(|open| match open.what {
                PrintSubject::Receipt(txn) => self.record(txn),
                _ => None,
            }),
            _ => None,
        };
        let basket = ask.workstation.as_ref().and_then(|workstation| self.state.open_basket(workstation));
        let recalled = |sold: &SoldLine| match self.scans.get(&sold.code) {
            Some(ScanFact::Article(article)) => article.recalled.clone().map(|recalled| RecalledLine { line: sold.line, recalled }),
            _ => None,
        };
        Facts {
            recalled: basket.iter().flat_map(|basket| basket.live()).filter_map(recalled).collect(),
            scan,
            stock: self.baselines.values().cloned().collect(),
            baselines: self.new_baselines.clone(),
            record: record.map(Box::new),
            report: self.stored_report(ask),
            actor: ask.staff.as_ref().filter(|_| !self.people.is_empty()).and_then(|staff| self.people.fact(staff)),
            proof: self.people.proof.clone(),
            check_open: self.check_open,
            original: match &ask.command {
                Command::ReturnLine { receipt, .. } | Command::ReturnArticle { receipt: Some(receipt), .. } => Some(self.original(receipt)),
                _ => None,
            },
            lowest_price: self.lowest_price,
            prices: self.prices.clone(),
            order: self.order_facts.clone(),
            goods: self.goods(),
            stock_kept_elsewhere: self.stock_kept_elsewhere,
            customer: match &ask.command {
                Command::AttachCustomer { subject } | Command::EraseCustomer { subject } => self.customers.get(subject).copied(),
                _ => None,
            },
        }
    }

    /// What the catalogue knows of the articles that wait to be counted.
    fn goods(&self) -> Vec<Goods> {
        let articles = self.scans.values().filter_map(|scan| match scan {
            ScanFact::Article(article) => Some(article),
            _ => None,
        });
        let mut goods: Vec<Goods> = articles.map(|a| Goods { sku: a.sku.clone(), name: a.name.clone(), unit: a.unit }).collect();
        goods.dedup_by(|a, b| a.sku == b.sku);
        goods
    }

    /// As the shell finds it: by what is scanned, or in the journal.
    fn original(&self, receipt: &str) -> Result<Box<Original>, Box<Refusal>> {
        if let Some(known) = self.receipts.get(receipt) {
            return known.clone().map(Box::new).map_err(Box::new);
        }
        let found = receipt.parse::<TxnId>().ok().and_then(|txn| self.record(txn));
        let record = found.ok_or_else(|| Box::new(Refusal::ReceiptNotFound { code: receipt.to_owned() }))?;
        let number = record.number.to_string();
        Original::of_record(&record, None).map(Box::new).map_err(|_| Box::new(Refusal::ReceiptNotReturnable { number }))
    }

    fn check(&self) {
        let broken: Vec<String> = invariant::check_all(&self.state).iter().map(ToString::to_string).collect();
        assert!(broken.is_empty(), "after record {}: {broken:?}", self.seq());
        let parts = self.state.to_parts();
        let carried = State::from_parts(&parts).expect("parts can be read");
        assert!(carried == self.state, "after record {}: the carried-forward state differs", self.seq());
        assert_eq!(carried.to_parts(), parts, "parts are canonical");
        if self.journal.len() < REPLAY_EACH_MAX || self.journal.len().is_multiple_of(997) {
            assert!(self.replayed() == self.state, "after record {}: the replayed state differs", self.seq());
        }
    }

    pub fn fresh(&mut self) -> u128 {
        self.ids += 1;
        self.ids
    }
}

/// What a link between two records says of lost ones.
pub struct Hole {
    /// The record after which it is said.
    at_seq: u64,
    first_seq: u64,
    last_seq: u64,
    lost: bool,
}

impl Hole {
    fn change(&self, state: &mut State) {
        match self.lost {
            true => state.note_hole(self.first_seq, self.last_seq),
            false => state.unproved.prove(self.first_seq, self.last_seq),
        }
    }
}

/// What holds for every decision that writes something.
fn check_decision(before: &State, ask: &Ask, decision: &Decision) {
    let last = decision.events.last().expect("a decision with events");
    let answered = Event::CommandAnswered { id: ask.id.clone(), content: ask.content.clone(), at: ask.at, answer: decision.answer.clone() };
    assert_eq!(*last, answered, "the answer goes last");
    assert_eq!(decision.answer.seq, ask.seq);
    assert_eq!(Some(decision.kind()), decision.events.iter().map(Event::kind).max());
    for event in &decision.events {
        let (Event::LineAdded { txn, .. }
        | Event::LineQuantitySet { txn, .. }
        | Event::LineVoided { txn, .. }
        | Event::BasketActUndone { txn }
        | Event::BasketRepriced { txn, .. }
        | Event::LineDiscountSet { txn, .. }
        | Event::BasketDiscountSet { txn, .. }
        | Event::LinePriceSet { txn, .. }
        | Event::CouponAdded { txn, .. }
        | Event::CustomerAttached { txn, .. }
        | Event::CustomerDetached { txn }
        | Event::MemberAttached { txn, .. }) = event
        else {
            continue;
        };
        assert_eq!(event.kind(), EventKind::Soft);
        let paying = before.baskets.get(txn).is_some_and(|basket| !basket.tenders.is_empty() || basket.card.is_some());
        assert!(!paying, "a soft event while money is on the move");
    }
    let completes = decision.events.iter().any(|event| matches!(event, Event::TransactionCompleted { .. }));
    let Answer { receipt, change, .. } = &decision.answer;
    assert!(!completes || (receipt.is_some() && change.is_some()));
}
