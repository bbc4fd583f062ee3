//! Runs `tests/scenarios/*.txt`: a shop day as plain text, line by line. `tests/scenarios/README.md` has the words. Every command is
//! followed by all checks of [`Shop`]; `=>` says what must come of it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use counterfoil::ids::{Sku, StaffId, TaxClassId, TxnId, WorkstationId};
use counterfoil::money::{Money, Qty, Unit};
use counterfoil::retail::basket::{self, Place};
use counterfoil::retail::day::{self, Day};
use counterfoil::retail::order::open_label;
use counterfoil::retail::print::PrintState;
use counterfoil::retail::{
    Answer, ArticleFact, BaselineFact, Command, Decision, Effect, Event, EventKind, Feed, PrintAnswer, PrintProgress, PrintWhat,
    QuantityFrom, Refusal, Rules, ScanFact, State, StockFact, TenderKind, UplinkAck, tender,
};
use counterfoil::time::{BusinessDate, ClockQuality};

use super::baskets;
use super::calculator::BasketFile;
use super::scenario_card;
use super::scenario_cash;
use super::scenario_orders;
use super::scenario_people;
use super::scenario_stock;
use super::scenario_till as till;
use super::shop::Shop;

const DEFAULT_RULES: &str =
    "currency EUR 2\nprices include tax\nround half_up per group\nclass A \"19 %\" MwSt 19\nclass B \"7 %\" MwSt 7\n";
const RULE_WORDS: [&str; 5] = ["currency", "prices", "round", "cash", "class"];

#[test]
fn every_scenario_goes_as_written_and_every_refusal_has_one() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "txt"));
    paths.sort();
    let mut refused = BTreeSet::new();
    for path in paths {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        refused.extend(run(&name, &std::fs::read_to_string(&path).unwrap()));
    }
    let without: Vec<&str> = Refusal::all().iter().map(Refusal::code).filter(|code| !refused.contains(*code)).collect();
    assert!(without.is_empty(), "refusals without a scenario: {without:?}");
}

#[test]
fn a_scenario_can_fail() {
    let wrong = "article 1 \"Milk\" 1.19 A\n- open 2026-03-02\n1 scan 1\n1 cash 2.00 => change 0.80\n";
    assert!(std::panic::catch_unwind(|| run("wrong", wrong)).is_err());
}

/// Runs one scenario and returns the codes of the refusals it saw.
fn run(name: &str, text: &str) -> BTreeSet<String> {
    let header: Vec<&str> = text.lines().filter(|line| line.split(' ').next().is_some_and(|word| RULE_WORDS.contains(&word))).collect();
    let rules = if header.is_empty() { DEFAULT_RULES.to_owned() } else { header.join("\n") };
    let rules = baskets::rules(&BasketFile::read(&rules));
    let mut scenario =
        Scenario { shop: Shop::new(rules.clone()), rules, names: BTreeMap::new(), marks: BTreeMap::new(), refused: BTreeSet::new() };
    for (index, line) in text.lines().enumerate() {
        let line = line.split(" #").next().unwrap_or("").trim();
        let first = line.split(' ').next().unwrap_or("");
        if line.is_empty() || line.starts_with('#') || RULE_WORDS.contains(&first) {
            continue;
        }
        let at = format!("{name}:{}: {line}", index + 1);
        scenario.line(line, &at);
    }
    scenario.refused
}

pub(super) struct Scenario {
    pub(super) shop: Shop,
    /// As the file began.
    rules: Rules,
    /// What `as NAME` remembers.
    names: BTreeMap<String, Answer>,
    /// What `mark NAME` remembers: the newest record.
    marks: BTreeMap<String, u64>,
    refused: BTreeSet<String>,
}

impl Scenario {
    fn line(&mut self, line: &str, at: &str) {
        let words = split(line);
        let word = |index: usize| words.get(index).map_or_else(|| panic!("{at}: too short"), String::as_str);
        if scenario_cash::line(&mut self.shop, &words)
            || scenario_orders::line(&mut self.shop, &words, at)
            || scenario_stock::line(&mut self.shop, &words, at)
        {
            return;
        }
        match word(0) {
            "limit" => self.limit(word(1), word(2), at),
            "article" => {
                let (price, unit) = word(3).split_once('/').unwrap_or((word(3), ""));
                let article = article(word(1), word(2), self.money(price), unit, word(4));
                self.shop.sells(word(1), article);
            }
            "pack" => {
                let article = ArticleFact { quantity: qty(word(3)), ..self.article(word(2), at) };
                self.shop.sells(word(1), article);
            }
            "label" => {
                let article = ArticleFact { quantity_from: QuantityFrom::Code, ..self.article(word(2), at) };
                let article = match word(3) {
                    "weight" => ArticleFact { quantity: qty(word(4)), ..article },
                    "price" => ArticleFact { embedded_price: Some(self.money(word(4))), ..article },
                    other => panic!("{at}: no label with a {other}"),
                };
                self.shop.sells(word(1), article);
            }
            "noprice" => {
                let fact = article(word(1), word(2), Money::ZERO, "", "A");
                drop(self.shop.scans.insert(word(1).to_owned(), ScanFact::NoPrice(Box::new(fact))))
            }
            "misread" => drop(self.shop.scans.insert(word(1).to_owned(), ScanFact::Misread { reason: word(2).to_owned() })),
            "notready" => drop(self.shop.scans.insert(word(1).to_owned(), ScanFact::NotReady { why: word(2).to_owned() })),
            "carddata" => drop(self.shop.scans.insert(word(1).to_owned(), ScanFact::CardData)),
            "nocode" => drop(self.shop.scans.insert(word(1).to_owned(), ScanFact::UnknownCode)),
            "baseline" => {
                let head_seq = words.get(4).map_or(0, |mark| self.mark(mark, at));
                let fact = StockFact { sku: sku(word(1)), baseline: qty(word(2)), head_seq, as_of: self.shop.now };
                self.shop.baselines.insert(fact.sku.clone(), fact);
            }
            "receipt" | "receipt-line" | "receipt-bad" | "returned-elsewhere" | "return-rule" => self.receipt_word(&words, at),
            // Without more, long ago; "hole here": the newest record.
            "hole" => {
                let seq = if words.len() > 1 { self.shop.seq() } else { 1 };
                self.shop.lose(seq, seq, true);
            }
            "filled" => self.shop.lose(1, self.shop.seq(), false),
            "forgotten" => self.forget(word(1), at),
            "lowest" => self.lowest_price(word(1)),
            "mark" => drop(self.marks.insert(word(1).to_owned(), self.shop.seq())),
            "clock" => self.shop.passes(span_ms(word(1), at)),
            "wall" => {
                self.shop.now.ms += span_ms(word(1), at);
                if words.get(2).is_some_and(|word| word == "doubted") {
                    self.shop.now.quality = ClockQuality::Unverified;
                }
            }
            "restart" => self.shop.restart(),
            "person" => {
                self.shop.rules.staff_required = true;
                self.shop.people.add(word(1), word(2), words.len() < 4);
            }
            "gone" => self.shop.people.remove(word(1)),
            "expect" if word(1) == "at" => scenario_people::expect_at(&self.shop.state, word(2).trim_end_matches(':'), &words[3..], at),
            "from-age" | "last-day" | "recalled" | "marked" | "expect-marks" | "department" | "expect-line" | "expect-weighed"
            | "check" => till::line(self, &words, at),
            "carry" => self.shop.state = State::from_parts(&self.shop.state.to_parts()).unwrap(),
            "without" => self.without(word(1), word(2), at),
            "terminal" => self.give_terminal(word(1), word(2)),
            "mended" => {
                self.shop.rules = self.rules.clone();
                self.shop.restart();
            }
            "expect" => self.expect(&words[1..], line.trim_start_matches("expect "), at),
            "customer" | "forget" => super::scenario_customer::set_up(&mut self.shop, &words),
            "promotions" | "group" => super::scenario_pricing::set_up(&mut self.shop, &words, at),
            _ => self.command(line, at),
        }
    }

    fn limit(&mut self, name: &str, value: &str, at: &str) {
        let number = || value.parse().unwrap_or_else(|_| panic!("{at}: a number"));
        let money = self.shop.rules.currency.parse(value);
        let limits = &mut self.shop.rules.limits;
        match name {
            "lines" => limits.lines_per_transaction_max = number(),
            "tenders" => limits.tenders_per_transaction_max = number(),
            "suspended" => limits.suspended_max = number(),
            "prints" => limits.print_jobs_open_max = number() as usize,
            "quantity" => limits.quantity_max = qty(value),
            "weight-min" => limits.weight_min = qty(value),
            "weight-max" => limits.weight_max = qty(value),
            "weight-step" => limits.weight_step = qty(value),
            "price" => limits.unit_price_max = money.unwrap(),
            "total" => limits.transaction_total_max = money.unwrap(),
            "cash" => limits.cash_tender_max = money.unwrap(),
            "till-cash" => limits.till_cash_max = money.unwrap(),
            "safe-counts" => limits.safe_counts_per_day_max = number(),
            "till-sessions" => limits.till_sessions_per_day_max = number(),
            "bags" => limits.bags_max = number(),
            other => panic!("{at}: no limit {other}"),
        }
    }

    /// The configuration was changed and the node started again.
    fn without(&mut self, what: &str, which: &str, at: &str) {
        match what {
            "workstation" => self.shop.rules.workstations.retain(|workstation| workstation.id.as_str() != which),
            "class" => self.shop.rules.tax.classes.retain(|class| class.id.as_str() != which),
            other => panic!("{at}: without {other}?"),
        }
        self.shop.restart();
    }

    fn command(&mut self, line: &str, at: &str) {
        let (asked, expected) = line.split_once(" => ").unwrap_or((line, ""));
        let (asked, name) = asked.split_once(" as ").map_or((asked, None), |(asked, name)| (asked, Some(name.trim())));
        let (asked, proof) = match asked.split_once(" with ") {
            Some((asked, proof)) => (asked, split(proof)),
            None => (asked, asked.split_once(" sign-in ").map(|(_, proof)| split(proof)).unwrap_or_default()),
        };
        let words = split(asked);
        let uptime = self.shop.uptime();
        let is_locked_out = |staff: &StaffId| self.shop.state.locked_out_ms(staff, self.shop.now, uptime).is_some();
        self.shop.people.proof = (!proof.is_empty()).then(|| self.shop.people.proof(&proof, is_locked_out)).flatten();
        let result = match words[0].as_str() {
            "again" => {
                let ask = self.shop.last_ask.clone().unwrap_or_else(|| panic!("{at}: nothing was asked yet"));
                self.shop.send(ask)
            }
            "reuse" => {
                let mut ask = self.shop.last_ask.clone().unwrap_or_else(|| panic!("{at}: nothing was asked yet"));
                ask.content.push_str(" changed");
                self.shop.send(ask)
            }
            _ => {
                let workstation = (words[0] != "-").then(|| WorkstationId::new(&words[0]).unwrap_or_else(|_| panic!("{at}: who asks?")));
                let command = scenario_people::command(&words[1..]).unwrap_or_else(|| self.read_command(&words[1..], at));
                self.shop.ask(workstation.as_ref(), command)
            }
        };
        self.shop.people.proof = None;
        if let Err(counterfoil::retail::Refusal::PinWrong { staff, .. }) = &result {
            let miss = Command::ReportPinMiss { staff: staff.clone() };
            self.shop.ask(None, miss).expect("a miss is always taken");
        }
        if let Err(refusal) = &result {
            let workstation = WorkstationId::new(&words[0]).ok();
            scenario_orders::after(refusal, &mut self.shop, workstation.as_ref());
        }
        let expected: Vec<&str> = expected.split(", ").filter(|part| !part.is_empty()).collect();
        match result {
            Err(refusal) => {
                let code = refusal.code();
                assert_eq!(expected, [format!("refused {code}")], "{at}: {refusal}");
                self.refused.insert(code.to_owned());
            }
            Ok(decision) => {
                for part in expected {
                    self.check_outcome(&decision, &split(part), &format!("{at} [{part}]"));
                }
                if let Some(name) = name {
                    self.names.insert(name.to_owned(), decision.answer);
                }
            }
        }
    }

    fn read_command(&mut self, words: &[String], at: &str) -> Command {
        let word = |index: usize| words.get(index).map_or_else(|| panic!("{at}: too short"), String::as_str);
        let number = |index: usize| word(index).parse::<u32>().unwrap_or_else(|_| panic!("{at}: a number"));
        if let Some(command) = scenario_cash::command(words, &|text| self.money(text), at) {
            return command;
        }
        if let Some(command) = scenario_orders::command(words, at).or_else(|| scenario_stock::command(words, at)) {
            return command;
        }
        let date = |index: usize| word(index).parse::<BusinessDate>().unwrap_or_else(|_| panic!("{at}: a date"));
        match word(0) {
            "open" => Command::OpenDay { date: date(1) },
            "close" => Command::CloseDay {},
            "scan" => Command::AddLine { code: word(1).to_owned(), quantity: words.get(3).map(|quantity| qty(quantity)) },
            "quantity" => Command::SetQuantity { line: number(1), quantity: qty(word(2)) },
            "void" => Command::VoidLine { line: number(1) },
            "undo" => Command::Undo {},
            "void-sale" => Command::VoidTransaction {},
            "suspend" => Command::Suspend {},
            "recall" => Command::Recall { txn: self.named(word(1), at).txn.unwrap() },
            "cash" => Command::TenderCash { amount: self.money(word(1)) },
            "card" => Command::StartCard { amount: words.get(1).map(|amount| self.money(amount)) },
            "paid" => Command::EndCard { attempt: self.named(word(1), at).attempt.unwrap(), paid: true },
            "declined" => Command::EndCard { attempt: self.named(word(1), at).attempt.unwrap(), paid: false },
            "take-back" => Command::RemoveTender { index: number(1) - 1 },
            "reprint" => Command::Reprint { txn: words.get(1).map(|name| self.named(name, at).txn.unwrap()) },
            "complete" => Command::SettlePrint { job: self.named(word(1), at).job.unwrap(), answer: PrintAnswer::Complete },
            "print-stored" => {
                let (seq, place) = word(1).split_once('-').unwrap_or((word(1), "0"));
                let seq = seq.parse().unwrap_or_else(|_| self.mark(seq, at));
                Command::PrintStored { seq, place: place.parse().unwrap(), at: WorkstationId::new(word(2)).unwrap() }
            }
            "copy" => Command::SettlePrint { job: self.named(word(1), at).job.unwrap(), answer: PrintAnswer::PrintCopy },
            "label" => {
                let bag = word(2).parse().unwrap_or_else(|_| panic!("{at}: a bag"));
                let open = open_label(self.shop.state.prints.values(), &scenario_orders::number(word(1)), bag);
                let job = open.unwrap_or_else(|| panic!("{at}: no label waits")).job;
                Command::ReportPrint { job, progress: progress(word(3), words.get(4), at) }
            }
            "printer" => Command::ReportPrint { job: self.named(word(1), at).job.unwrap(), progress: progress(word(2), words.get(3), at) },
            "adopt" => {
                let feed = Feed::ALL.into_iter().find(|feed| feed.name() == word(1)).unwrap_or_else(|| panic!("{at}: which feed?"));
                // head MARK CODES, as often as the feed brings baselines that know different parts of our record.
                let baselines = words.get(4..).unwrap_or_default().split(|word| word == "head").skip(1);
                let baseline = |words: &[String]| BaselineFact {
                    head_seq: self.mark(&words[0], at),
                    settled: words[1..].iter().map(|code| sku(code)).collect(),
                };
                self.shop.new_baselines = baselines.map(baseline).collect();
                Command::AdoptFeed { feed, version: u64::from(number(2)), hash: word(3).to_owned() }
            }
            "ack" => Command::AcknowledgeUplink {
                ack: UplinkAck {
                    incarnation: "0123456789abcdef".parse().unwrap(),
                    seq: u64::from(number(1)),
                    hash: String::new(),
                    epoch: u64::from(number(2)),
                    signature: String::new(),
                },
            },
            "of-age" | "not-of-age" | "put-aside" | "open-price" | "weigh" | "training" => till::command(words, at),
            _ => match self.read_return(words, at) {
                Some(command) => command,
                None => super::scenario_customer::command(words)
                    .or_else(|| super::scenario_pricing::read_command(words, &self.shop.rules.currency))
                    .unwrap_or_else(|| self.read_card_command(words, at)),
            },
        }
    }

    fn check_outcome(&self, decision: &Decision, words: &[String], at: &str) {
        let word = |index: usize| words.get(index).map_or("", String::as_str);
        let has = |wanted: &dyn Fn(&Event) -> bool| decision.events.iter().any(wanted);
        let effects = &self.shop.effects;
        if scenario_cash::outcome(decision, words, &|text| self.money(text), at)
            || scenario_orders::outcome(decision, &self.shop.effects, words, at)
            || scenario_stock::outcome(decision, words, at)
        {
            return;
        }
        match word(0) {
            "nothing" => assert!(decision.events.is_empty() && !decision.repeat, "{at}: {:?}", decision.events),
            "repeat" => assert!(decision.repeat, "{at}"),
            "line" => assert_eq!(decision.answer.line.map(|line| line.to_string()).as_deref(), Some(word(1)), "{at}"),
            "receipt" => {
                let counter = decision.answer.receipt.as_ref().map(|number| number.counter.to_string());
                assert_eq!(counter.as_deref(), Some(word(1)), "{at}");
            }
            "change" => assert_eq!(decision.answer.change, Some(self.money(word(1))), "{at}"),
            "unfinished" => assert!(decision.answer.receipt.is_none(), "{at}"),
            "soft" => assert_eq!(decision.kind(), EventKind::Soft, "{at}"),
            "hard" => assert_eq!(decision.kind(), EventKind::Hard, "{at}"),
            "urgent" => assert_eq!(decision.kind(), EventKind::Urgent, "{at}"),
            // prints printer-1 original|copy N|report N [kick]
            "prints" => {
                let [Effect::Print { printer, what, kick, .. }] = effects.as_slice() else { panic!("{at}: {effects:?}") };
                let what = match what {
                    PrintWhat::Receipt { copy: 0, .. } => "original".to_owned(),
                    PrintWhat::Receipt { copy, .. } => format!("copy {copy}"),
                    PrintWhat::DayReport { report, copy: 0 } => format!("report {}", report.number),
                    PrintWhat::DayReport { report, copy } => format!("report {} copy {copy}", report.number),
                    PrintWhat::DayX { report, .. } => format!("x {}", report.number),
                    PrintWhat::TillReport { report, copy: 0 } => {
                        format!("till-{} {}", if report.counted.is_some() { "z" } else { "x" }, report.number)
                    }
                    PrintWhat::TillReport { report, copy } => format!("till-z {} copy {copy}", report.number),
                    PrintWhat::CashSlip { movement, .. } => format!("slip {}", movement.number),
                    PrintWhat::BagLabel { label, copy } => format!("label {}/{} {copy}", label.bag, label.bags),
                    PrintWhat::Stored { report, copy } => format!("stored {} copy {copy}", stored_name(&report.event)),
                    PrintWhat::PickList { orders, copy } => {
                        let lines: usize = orders.iter().map(|order| order.open_lines().count()).sum();
                        format!("list {lines} {copy}")
                    }
                };
                let shown = format!("prints {printer} {what}{}", if *kick { " kick" } else { "" });
                assert_eq!(words.join(" "), shown, "{at}");
            }
            "opens" => {
                assert!(matches!(effects.as_slice(), [Effect::KickDrawer { printer }] if printer.as_str() == word(1)), "{at}: {effects:?}")
            }
            "releases" => {
                assert!(
                    matches!(effects.as_slice(), [Effect::ReleasePrint { printer, .. }] if printer.as_str() == word(1)),
                    "{at}: {effects:?}"
                );
            }
            "quiet" => assert!(effects.is_empty(), "{at}: {effects:?}"),
            "count" => {
                let (wanted, quantity) = (sku(word(1)), qty(word(2)));
                assert!(
                    has(&|event| matches!(event, Event::CountRequested { sku, on_hand, .. } if *sku == wanted && *on_hand == quantity)),
                    "{at}"
                );
            }
            "uncounted" => assert!(!has(&|event| matches!(event, Event::CountRequested { .. })), "{at}"),
            "settles" => {
                let wanted: Vec<Sku> = words[1..].iter().map(|code| sku(code)).collect();
                assert!(
                    has(&|event| matches!(event, Event::BaselineSettled { skus, .. } if *skus == wanted)),
                    "{at}: {:?}",
                    decision.events
                );
            }
            "override" => {
                let by = scenario_people::id(word(1));
                assert!(
                    has(&|event| matches!(event, Event::OverrideGiven { by: given, .. } if *given == by)),
                    "{at}: {:?}",
                    decision.events
                );
            }
            "aged" | "aside" | "aside-for" => till::outcome(decision, words, at),
            "unsettled" => assert!(!has(&|event| matches!(event, Event::BaselineSettled { .. })), "{at}"),
            _ => self.check_card_outcome(decision, words, at),
        }
    }

    fn expect(&self, words: &[String], line: &str, at: &str) {
        let state = &self.shop.state;
        let word = |index: usize| words.get(index).map_or_else(|| panic!("{at}: too short"), |word| word.trim_end_matches(':'));
        match word(0) {
            "suspended" => assert_eq!(state.suspended().count().to_string(), word(1), "{at}"),
            "jobs" => assert_eq!(state.prints.len().to_string(), word(1), "{at}"),
            "job" => {
                let open = state.prints.get(&self.named(word(1), at).job.unwrap());
                let shown = match open.map(|open| &open.state) {
                    None => "gone",
                    Some(PrintState::Given) => "given",
                    Some(PrintState::HeldClean { .. }) => "held",
                    Some(PrintState::Unknown { .. }) => "unknown",
                    Some(PrintState::FailedClean { .. }) => "failed",
                };
                assert_eq!(shown, word(2), "{at}");
            }
            "requeued" => {
                let held = counterfoil::retail::print::after_restart(state).held;
                assert_eq!(held.len().to_string(), word(1), "{at}");
            }
            "on-hand" => assert_eq!(self.shop.on_hand(&sku(word(1))), Some(qty(word(2))), "{at}"),
            "returned" => self.expect_returned(word(1), word(2), word(3), at),
            "closed" => assert!(matches!(state.day, Day::Closed { last } if last.to_string() == word(1)), "{at}: {:?}", state.day),
            "report" => {
                let report = day::report(state, &self.shop.rules, self.shop.now, 60);
                let report = report.as_ref().or(state.last_report.as_deref()).unwrap_or_else(|| panic!("{at}: no report"));
                let kept = |kind| report.totals.tenders.iter().find(|(of, _)| *of == kind).map_or(Money::ZERO, |(_, amount)| *amount);
                let numbers = report.workstations.iter().map(|w| format!("{}:{}-{}", w.workstation, w.first_counter, w.last_counter));
                let shown = BTreeMap::from([
                    ("number", report.number.to_string()),
                    ("sales", report.totals.sales.to_string()),
                    ("voids", report.totals.voids.to_string()),
                    ("returns", report.totals.returns.to_string()),
                    ("post-voids", report.totals.post_voids.to_string()),
                    ("returned", self.plain(report.totals.returned)),
                    ("total", self.plain(report.totals.total)),
                    ("rounding", self.plain(report.totals.rounding)),
                    ("cash", self.plain(kept(TenderKind::Cash))),
                    ("card", self.plain(kept(TenderKind::Card))),
                    ("tax", self.plain(report.totals.taxes.iter().map(|group| group.tax).sum())),
                    ("numbers", numbers.collect::<Vec<_>>().join(" ")),
                ]);
                compare(&shown, line, at);
            }
            "last" => {
                let record = state.workstations[&WorkstationId::new(word(1)).unwrap()].newest().unwrap();
                let shown = BTreeMap::from([
                    ("number", record.number.to_string()),
                    ("receipt", record.number.counter.to_string()),
                    ("lines", record.lines.iter().map(|line| line.line.to_string()).collect::<Vec<_>>().join(" ")),
                    ("total", self.plain(record.total)),
                    ("rounding", self.plain(record.rounding)),
                    ("change", self.plain(record.change)),
                    ("tenders", record.tenders.iter().map(|tender| self.plain(tender.amount)).collect::<Vec<_>>().join(" ")),
                ]);
                compare(&shown, line, at);
            }
            // A workstation's screen.
            workstation => {
                let workstation = WorkstationId::new(workstation).unwrap();
                let Some(basket) = state.open_basket(&workstation) else {
                    assert_eq!(word(1), "empty", "{at}");
                    return;
                };
                assert_eq!(basket.place, Place::At(workstation), "{at}");
                let date = basket.date(day::current_date(state)).unwrap_or_else(|| panic!("{at}: a basket before the first day"));
                let totals = basket::totals(basket, &self.shop.rules, date).unwrap();
                let list = |amounts: Vec<Money>| amounts.into_iter().map(|amount| self.plain(amount)).collect::<Vec<_>>().join(" ");
                let shown = BTreeMap::from([
                    ("lines", basket.live().map(|sold| sold.line.to_string()).collect::<Vec<_>>().join(" ")),
                    ("quantities", basket.live().map(|sold| sold.quantity.plain()).collect::<Vec<_>>().join(" ")),
                    ("prices", list(basket.live().map(|sold| sold.extended).collect())),
                    ("customer", super::scenario_customer::shown(basket)),
                    ("discounts", super::scenario_pricing::discounts(basket, &self.shop.rules.currency)),
                    ("subtotal", self.plain(totals.subtotal)),
                    ("tax", self.plain(totals.tax)),
                    ("total", self.plain(totals.total)),
                    ("paid", self.plain(totals.paid)),
                    ("due", self.plain(totals.due)),
                    ("cash", self.plain(totals.due_cash)),
                    ("attempt", scenario_card::shown(basket.card.as_ref())),
                    ("card", basket.card.as_ref().map_or_else(|| "none".to_owned(), |card| self.plain(card.amount))),
                    ("buttons", list(tender::suggestions(totals.due_cash, &self.shop.rules))),
                ]);
                compare(&shown, line, at);
            }
        }
    }

    pub(super) fn article(&self, code: &str, at: &str) -> ArticleFact {
        match self.shop.scans.get(code) {
            Some(ScanFact::Article(article)) => (**article).clone(),
            other => panic!("{at}: {code} is no article: {other:?}"),
        }
    }

    /// What `as NAME` remembered; `nobody` names a transaction, job and attempt that never were.
    pub(super) fn named(&self, name: &str, at: &str) -> Answer {
        if name == "nobody" {
            let nobody = uuid::Uuid::max();
            return Answer {
                txn: Some(TxnId(nobody)),
                job: Some(counterfoil::ids::JobId(nobody)),
                attempt: Some(counterfoil::ids::AttemptId(nobody)),
                ..Answer::default()
            };
        }
        self.names.get(name).cloned().unwrap_or_else(|| panic!("{at}: nothing is called {name}"))
    }

    fn mark(&self, name: &str, at: &str) -> u64 {
        *self.marks.get(name).unwrap_or_else(|| panic!("{at}: no mark {name}"))
    }

    pub(super) fn money(&self, text: &str) -> Money {
        self.shop.rules.currency.parse(text).unwrap_or_else(|| panic!("{text:?} is no amount"))
    }

    fn plain(&self, amount: Money) -> String {
        self.shop.rules.currency.plain(amount)
    }
}

/// `total 3.57, lines 1 2`: each name with its value, as many as the line gives.
pub fn compare(shown: &BTreeMap<&str, String>, line: &str, at: &str) {
    let line = line.split_once(": ").unwrap_or_else(|| panic!("{at}: a colon before what is expected")).1;
    for part in line.split(", ") {
        let (name, value) = part.split_once(' ').unwrap_or((part, ""));
        let found = shown.get(name).unwrap_or_else(|| panic!("{at}: nothing is called {name}"));
        assert_eq!(value, found, "{at}: {name}");
    }
}

fn progress(word: &str, cause: Option<&String>, at: &str) -> PrintProgress {
    let cause = cause.cloned().unwrap_or_default();
    match word {
        "held" => PrintProgress::HeldClean { cause },
        "resumed" => PrintProgress::Resumed {},
        "printed" => PrintProgress::Printed {},
        "sent" => PrintProgress::Sent {},
        "failed" => PrintProgress::FailedClean { cause },
        "unknown" => PrintProgress::Unknown { cause },
        other => panic!("{at}: a printer does not say {other}"),
    }
}

pub fn article(code: &str, name: &str, price: Money, unit: &str, class: &str) -> ArticleFact {
    ArticleFact {
        sku: sku(code),
        name: name.to_owned(),
        unit: match unit {
            "" => Unit::Piece,
            "kg" => Unit::Kilogram,
            "l" => Unit::Litre,
            "m" => Unit::Metre,
            other => panic!("no unit {other}"),
        },
        unit_price: price,
        tax_class: TaxClassId::new(class).unwrap(),
        group: String::new(),
        quantity: Qty::ONE,
        quantity_from: QuantityFrom::Entry,
        embedded_price: None,
        code: code.to_owned(),
        gtin: None,
        batch: None,
        serial: None,
        price_version: 1,
        age_min: None,
        last_day: None,
        recalled: None,
    }
}

fn sku(code: &str) -> Sku {
    Sku::new(code).unwrap()
}

/// "report 1", "till-z 2", "addendum 1", "safe 1".
fn stored_name(event: &Event) -> String {
    if let Event::DayClosed { report } = event {
        format!("report {}", report.number)
    } else if let Event::TillClosed { report } = event {
        format!("till-z {}", report.number)
    } else if let Event::DayAddendum { addendum } = event {
        format!("addendum {}", addendum.number)
    } else if let Event::SafeCountClosed { report } = event {
        format!("safe {}", report.number)
    } else {
        panic!("no report: {event:?}")
    }
}

/// "90s", "5m", "-1h", "2d".
fn span_ms(text: &str, at: &str) -> i64 {
    let (number, unit) = text.split_at(text.len() - 1);
    let unit_s = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => panic!("{at}: seconds, minutes, hours or days"),
    };
    number.parse::<i64>().unwrap_or_else(|_| panic!("{at}: a number")) * unit_s * 1_000
}

pub(super) fn qty(text: &str) -> Qty {
    Qty::parse(text).unwrap_or_else(|| panic!("{text:?} is no quantity"))
}

/// Words, with "several words" as one.
fn split(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (index, part) in line.split('"').enumerate() {
        if index % 2 == 1 {
            words.push(part.to_owned());
        } else {
            words.extend(part.split_whitespace().map(str::to_owned));
        }
    }
    words
}
