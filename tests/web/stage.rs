//! A stage for the node's pages: screens built by hand, a loop that is played by the test, and the real router behind a real socket.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use counterfoil::device::{DeviceKind, DeviceState, DeviceStatus, Paper, ScaleReading, Wanted};
use counterfoil::document;
use counterfoil::gs1::CodeRules;
use counterfoil::ids::{
    AttemptId, DeviceName, Incarnation, JobId, NodeId, ReasonCode, ReceiptNo, Sku, StaffId, StoreId, TaxClassId, TxnId, WorkstationId,
};
use counterfoil::journal::{Folder, NodeKey, Reader};
use counterfoil::money::{Currency, Money, Qty, RoundingMode, Unit};
use counterfoil::node::Node;
use counterfoil::node::archive::Archive;
use counterfoil::node::books::Bookshelf;
use counterfoil::node::elsewhere::Elsewhere;
use counterfoil::node::handle::{AskError, CommandRequest, DurableHead, Input, Shared};
use counterfoil::node::orders::CollectKeys;
use counterfoil::node::screen::{
    AgeCheck, ArticleInfo, AtWork, Check, FeedStatus, Feedback, LinkStatus, NextScan, PastItem, RecalledItem, Screen, StaffTile,
    SuspendedRow, TillCash, TillScreen, Tone, WeighCheck,
};
use counterfoil::node::seal::Seal;
use counterfoil::retail::basket::{Basket, BasketLine, BasketTotals, CardAttempt, Place, UndoStep};
use counterfoil::retail::card::{AtTerminal, CardKind, CardState};
use counterfoil::retail::cash::{MovementKind, MovementSum, denominations};
use counterfoil::retail::day::Day;
use counterfoil::retail::event::PrintSubject;
use counterfoil::retail::last_day::{LastDay, LastDayKind};
use counterfoil::retail::open_price::Department;
use counterfoil::retail::pricing::offer::{Hint, Offer};
use counterfoil::retail::print::{OpenPrint, PrintState};
use counterfoil::retail::recalls::Notice;
use counterfoil::retail::rules::{Limits, QuickKey, QuickSale, WorkstationRules};
use counterfoil::retail::tax::{TaxMode, TaxRounding, TaxTable};
use counterfoil::retail::till::{Phase, Session, TillCount, TillReport};
use counterfoil::retail::unproved::LostRange;
use counterfoil::retail::weight::{Weighing, WeightSource};
use counterfoil::retail::{Answer, Feed, Rules, SoldLine, Tender, TenderKind, TransactionKind, TransactionRecord};
use counterfoil::sync::wire::StockElsewhere;
use counterfoil::time::{Clock, ClockQuality, Stamp};
use counterfoil::vault::Vault;
use counterfoil::views::{self, Views};
use counterfoil::web::guard::Guard;
use counterfoil::web::locale::Locale;
use counterfoil::web::pairing::{Pairing, Scope};
use counterfoil::web::{self, WebParts};
use tokio::sync::{mpsc, watch};

/// 2026-11-22 14:02 UTC.
pub const NOW_MS: i64 = 1_795_356_120_000;

pub fn ws(text: &str) -> WorkstationId {
    WorkstationId::new(text).unwrap()
}

pub fn euro(minor: i64) -> Money {
    Money::from_minor(minor)
}

pub fn at(ms: i64) -> Stamp {
    Stamp { ms, quality: ClockQuality::Synchronised }
}

pub fn rules() -> Rules {
    let tax =
        TaxTable { mode: TaxMode::Inclusive, rounding_place: TaxRounding::Group, rounding_mode: RoundingMode::HalfUp, classes: Vec::new() };
    let workstation = |id: &str| WorkstationRules {
        id: ws(id),
        receipt_printer: Some(DeviceName::new("printer-1").unwrap()),
        label_printer: None,
        has_drawer: true,
        scale: None,
        terminal: None,
    };
    Rules {
        store: StoreId::new("berlin-1").unwrap(),
        currency: Currency::from_code("EUR").unwrap(),
        tax,
        line_rounding: RoundingMode::HalfUp,
        cash_step: euro(5),
        notes: [500, 1000, 2000, 5000, 10000].map(euro).to_vec(),
        workstations: vec![workstation("1"), workstation("2")],
        limits: Limits::default(),
        staff_required: false,
        idle_lock_min: 0,
        returns: Default::default(),
        discount_reasons: Vec::new(),
        cash_control: false,
        cash: Default::default(),
        paper: None,
        till: Default::default(),
        stock: Default::default(),
        promises: Default::default(),
    }
}

pub fn line(number: u32, name: &str, quantity: i64, price: i64) -> SoldLine {
    let quantity = Qty::pieces(quantity);
    let gross = euro(price).times(quantity, RoundingMode::HalfUp);
    SoldLine {
        line: number,
        sku: Sku::new(&format!("A{number}")).unwrap(),
        name: name.to_owned(),
        code: "4006381333931".to_owned(),
        gtin: Some("04006381333931".to_owned()),
        quantity,
        unit: Unit::Piece,
        unit_price: euro(price),
        gross,
        discounts: Vec::new(),
        extended: gross,
        tax_class: TaxClassId::new("A").unwrap(),
        group: String::new(),
        embedded_price: None,
        quantity_from: counterfoil::retail::QuantityFrom::Entry,
        batch: None,
        serial: None,
        price_version: 3,
        returned: None,
        price_list: None,
        price_set: None,
        last_day: None,
        weighed: None,
        order: None,
    }
}

/// A dozen lines as a Saturday brings them; the list must scroll and the newest must be seen.
pub fn groceries() -> Vec<SoldLine> {
    let mut lines = vec![
        line(1, "Vollmilch 3,5 % 1 l", 2, 129),
        line(2, "Roggenmischbrot geschnitten 750 g", 1, 279),
        line(3, "Bananen Fairtrade", 1, 188),
        line(4, "Butter mild gesäuert 250 g", 1, 239),
        line(5, "Espresso ganze Bohne Röstung dunkel, kräftig und rund, aus Äthiopien und Peru 1 kg", 1, 1599),
        line(6, "Tomaten Rispe", 1, 199),
        line(7, "Mineralwasser medium 1,0 l Pfandflasche", 12, 59),
        line(8, "Zahnpasta Kräuter 75 ml", 1, 95),
        line(9, "Haferdrink Barista 1 l", 3, 199),
        line(10, "Küchenrolle 4 × 51 Blatt", 1, 265),
        line(11, "Gouda jung in Scheiben 400 g", 1, 349),
    ];
    lines[2].unit = Unit::Kilogram;
    lines[2].quantity = Qty::from_thousandths(945);
    lines[2].unit_price = euro(199);
    lines
}

pub fn basket(lines: Vec<SoldLine>) -> Basket {
    let undo = lines.iter().map(|line| UndoStep::Added { line: line.line }).collect();
    let next_line = lines.len() as u32 + 1;
    Basket {
        txn: TxnId(uuid::Uuid::from_u128(7)),
        opened_at: at(NOW_MS),
        staff: None,
        place: Place::At(ws("1")),
        lines: lines.into_iter().map(|sold| BasketLine { sold, voided: false }).collect(),
        next_line,
        undo,
        tenders: Vec::new(),
        card: None,
        age_checked: None,
        asks: Default::default(),
        closed_under: None,
        training: false,
        order: None,
    }
}

/// The till screen of an open sale, with the sums the loop would publish.
pub fn selling(basket: Basket) -> TillScreen {
    let total: Money = basket.lines.iter().filter(|line| !line.voided).map(|line| line.sold.extended).sum();
    let paid: Money = basket.tenders.iter().map(|tender| tender.amount).sum();
    let due = total - paid;
    let due_cash = due.to_step(euro(5), RoundingMode::HalfUp);
    let lines = basket.lines.iter().filter(|line| !line.voided).count() as u32;
    let newest = basket.lines.last().map(|line| line.sold.name.clone()).unwrap_or_default();
    let totals = BasketTotals { lines, subtotal: total, tax: euro(0), total, paid, due, due_cash, taxes: Vec::new() };
    TillScreen {
        revision: 1,
        basket: Some(Arc::new(basket)),
        totals: Some(totals),
        cash_buttons: counterfoil::retail::tender::suggestions(due_cash, &rules()),
        feedback: Some(Feedback {
            serial: 1,
            tone: Tone::Good,
            text: newest,
            remedy: String::new(),
            code: String::new(),
            line: None,
            unknown: None,
            opens: None,
        }),
        ..TillScreen::default()
    }
}

pub fn one_article() -> TillScreen {
    selling(basket(vec![line(1, "Roggenmischbrot geschnitten 750 g", 1, 749)]))
}

pub fn finished(lines: Vec<SoldLine>, paid: Money) -> TransactionRecord {
    let total: Money = lines.iter().map(|line| line.extended).sum();
    let rounded = total.to_step(euro(5), RoundingMode::HalfUp);
    TransactionRecord {
        txn: TxnId(uuid::Uuid::from_u128(6)),
        kind: TransactionKind::Sale,
        number: ReceiptNo { workstation: ws("1"), incarnation: Incarnation(0x00ab_cdef_0123_4567), counter: 42, training: false },
        workstation: ws("1"),
        staff: None,
        business_date: jiff::civil::date(2026, 11, 22),
        opened_at: at(NOW_MS - 60_000),
        at: at(NOW_MS),
        utc_offset_min: 60,
        currency: "EUR".to_owned(),
        tax_mode: TaxMode::Inclusive,
        lines,
        taxes: Vec::new(),
        total,
        rounding: rounded - total,
        tenders: vec![Tender { kind: TenderKind::Cash, amount: paid, attempt: None, card: None, refund_of: None }],
        change: paid - rounded,
        training: false,
        coupons: Vec::new(),
        member: None,
        customer: None,
    }
}

pub fn printer(state: DeviceState, paper: Paper, hint: &str) -> DeviceStatus {
    DeviceStatus {
        name: DeviceName::new("printer-1").unwrap(),
        kind: DeviceKind::Printer,
        workstation: Some(ws("1")),
        state,
        since_ms: NOW_MS - 300_000,
        hint: hint.to_owned(),
        paper: Some(paper),
        cover_open: Some(false),
        drawer_open: Some(false),
    }
}

/// A shop on a good day.
pub fn screen(till: TillScreen) -> Screen {
    let scanner = DeviceStatus {
        name: DeviceName::new("scanner-1").unwrap(),
        kind: DeviceKind::Scanner,
        paper: None,
        cover_open: None,
        drawer_open: None,
        ..printer(DeviceState::Ready, Paper::Ok, "")
    };
    Screen {
        revision: 5,
        store: StoreId::new("berlin-1").unwrap(),
        store_name: "Laden am Markt".to_owned(),
        rules: Arc::new(rules()),
        day: Day::Open { date: jiff::civil::date(2026, 11, 22), opened_at: at(NOW_MS - 6 * 3_600_000) },
        workstations: BTreeMap::from([(ws("1"), Arc::new(till)), (ws("2"), Arc::new(TillScreen::default()))]),
        suspended: Vec::new(),
        prints: Vec::new(),
        terminals: BTreeMap::new(),
        devices: vec![printer(DeviceState::Ready, Paper::Ok, ""), scanner],
        link: LinkStatus { online: true, since_ms: NOW_MS - 1000, last_contact_ms: Some(NOW_MS), ..LinkStatus::default() },
        feeds: vec![FeedStatus {
            feed: Feed::Catalogue,
            version: 3,
            adopted_at: at(NOW_MS - 3_600_000),
            confirmed_ms: Some(NOW_MS - 60_000),
        }],
        alarms: Vec::new(),
        configuration: Default::default(),
        staff: Arc::default(),
        locked_out: Default::default(),
        orders: Arc::default(),
        stock: Default::default(),
        order_arrivals: 0,
        orders_heard: Some((true, NOW_MS - 60_000)),
    }
}

pub fn open_print(state: PrintState) -> OpenPrint {
    OpenPrint {
        job: JobId(uuid::Uuid::from_u128(99)),
        printer: DeviceName::new("printer-1").unwrap(),
        workstation: ws("1"),
        what: PrintSubject::Receipt(TxnId(uuid::Uuid::from_u128(6))),
        copy: 0,
        asked_at: at(NOW_MS),
        state,
    }
}

/// Every situation a cashier meets, by name. Golden files and the layout checks go through all of them.
pub fn situations() -> Vec<(&'static str, Screen)> {
    let error = |code: &str, text: &str, remedy: &str| Feedback {
        serial: 9,
        tone: Tone::Error,
        text: text.into(),
        remedy: remedy.into(),
        code: code.into(),
        line: None,
        unknown: None,
        opens: None,
    };
    let full = || selling(basket(groceries()));
    let mut all = vec![("empty", screen(TillScreen::default())), ("one-article", screen(one_article())), ("full", screen(full()))];

    let last = finished(vec![line(1, "Roggenmischbrot geschnitten 750 g", 1, 749)], euro(1000));
    all.push(("change", screen(TillScreen { last: Some(Arc::new(last.clone())), ..TillScreen::default() })));

    let unknown = TillScreen {
        feedback: Some(error("unknown_article", "Not found: 4006381333931", "Search the article by name, or put it aside and go on.")),
        ..full()
    };
    all.push(("unknown-article", screen(unknown)));

    let mut split = basket(groceries());
    split.tenders = vec![Tender { kind: TenderKind::Cash, amount: euro(2000), attempt: None, card: None, refund_of: None }];
    all.push(("split", screen(selling(split.clone()))));
    split.card = Some(CardAttempt {
        attempt: AttemptId(uuid::Uuid::from_u128(5)),
        amount: euro(2340),
        at: at(NOW_MS),
        terminal: None,
        refund_of: None,
    });
    all.push(("card", screen(selling(split))));

    let at_terminal = |state| {
        let mut paying = basket(groceries());
        let terminal = AtTerminal { terminal: DeviceName::new("terminal-1").unwrap(), kind: CardKind::Payment, before: None, state };
        let attempt = AttemptId(uuid::Uuid::from_u128(5));
        paying.card = Some(CardAttempt { attempt, amount: euro(2340), at: at(NOW_MS), terminal: Some(terminal), refund_of: None });
        selling(paying)
    };
    let words = Some("Insert or hold the card".to_owned());
    all.push(("card-asked", screen(TillScreen { card_words: words, ..at_terminal(CardState::Asked) })));
    let unknown = |decidable| CardState::Unknown { cause: "unplugged".to_owned(), decidable };
    all.push(("card-unknown", screen(at_terminal(unknown(false)))));
    all.push(("card-decide", screen(at_terminal(unknown(true)))));
    all.push(("card-declined", screen(TillScreen { card_declined: Some("the card has expired".to_owned()), ..full() })));

    let mut paper_out = screen(TillScreen { last: Some(Arc::new(last.clone())), ..TillScreen::default() });
    paper_out.devices[0] = printer(DeviceState::Attention { cause: "paper_out".into() }, Paper::Out, "Put in a new roll.");
    paper_out.prints = vec![open_print(PrintState::HeldClean { cause: "paper_out".into() })];
    all.push(("paper-out", paper_out));

    let mut asks = screen(TillScreen { last: Some(Arc::new(last)), ..TillScreen::default() });
    asks.devices[0] = printer(DeviceState::Attention { cause: "offline".into() }, Paper::Ok, "Check the cable.");
    asks.prints = vec![open_print(PrintState::Unknown { cause: "unplugged".into() })];
    all.push(("receipt-unknown", asks));

    let mut offline = screen(full());
    offline.link = LinkStatus { online: false, since_ms: NOW_MS, transactions_waiting: 12, ..LinkStatus::default() };
    offline.feeds[0].confirmed_ms = Some(NOW_MS - 3 * 86_400_000);
    offline.feeds[0].adopted_at = at(NOW_MS - 3 * 86_400_000);
    offline.devices[0].paper = Some(Paper::Low);
    offline.alarms = vec!["The disk is 95 % full: free some space.".into()];
    offline.suspended = vec![SuspendedRow {
        txn: TxnId(uuid::Uuid::from_u128(3)),
        by: ws("2"),
        at: at(NOW_MS - 600_000),
        lines: 4,
        total: euro(2345),
        first_article: "Haferdrink Barista 1 l".into(),
    }];
    all.push(("offline", offline));

    let check = AgeCheck {
        code: "4006381333931".into(),
        quantity: None,
        name: "Obstbrand Williams 0,7 l".into(),
        years: 18,
        born_by: jiff::civil::date(2008, 11, 22),
    };
    let feedback = Some(error("age_check_needed", "Obstbrand is sold from 18 on.", "Look at the customer or at a paper."));
    all.push(("age-check", screen(TillScreen { check: Some(Arc::new(Check::Age(check))), feedback, ..full() })));
    let item = PastItem {
        code: "]d2010400638133393117261120".into(),
        name: "Kabeljaufilet frisch 300 g".into(),
        last_day: LastDay { date: jiff::civil::date(2026, 11, 20), kind: LastDayKind::Expiry },
    };
    let feedback = Some(error("past_its_date", "Kabeljaufilet expired after 2026-11-20.", "Take it out of the goods."));
    all.push(("past-its-date", screen(TillScreen { check: Some(Arc::new(Check::Past(item))), feedback, ..full() })));
    let item = RecalledItem {
        code: "]d2010400638133393110K4".into(),
        name: "Butterkekse 200 g".into(),
        recall: "R-2026-31".into(),
        reason: "Kann Metallsplitter enthalten.".into(),
    };
    let feedback = Some(error("recalled_item", "Butterkekse is recalled (R-2026-31).", "Take it out of the goods."));
    all.push(("recalled", screen(TillScreen { check: Some(Arc::new(Check::Recalled(item))), feedback, ..full() })));
    let feedback = error("recalled_in_sale", "Butterkekse in this sale was recalled just now (R-2026-31).", "Delete its line.");
    all.push(("recalled-in-sale", screen(TillScreen { feedback: Some(Feedback { line: Some(2), ..feedback }), ..full() })));

    let wanted = Wanted { serial: 1, again: false };
    let weigh = WeighCheck { wanted, code: "1001".into(), name: "Bananen Cavendish".into(), unit_price: euro(179) };
    let weighing = |reading, tare| {
        let check = Some(Arc::new(Check::Weigh(weigh.clone())));
        let mut shown = screen(TillScreen { check, reading, tare: Qty::from_thousandths(tare), ..full() });
        Arc::make_mut(&mut shown.rules).workstations[0].scale = Some(DeviceName::new("scale-1").unwrap());
        shown
    };
    all.push(("weighing", weighing(Some(ScaleReading::Stable { grams: 862 }), 15)));
    all.push(("weighing-same-load", weighing(Some(ScaleReading::SameLoad), 0)));
    all.push(("weighing-no-answer", weighing(Some(ScaleReading::NoAnswer), 0)));
    let mut by_hand = weighing(None, 0);
    Arc::make_mut(&mut by_hand.rules).workstations[0].scale = None;
    all.push(("weight-typed", by_hand));
    let mut weighed = basket(groceries());
    weighed.lines[2].sold.weighed = Some(Weighing { source: WeightSource::Typed, tare: Qty::from_thousandths(15), scale: None });
    all.push(("tare", screen(TillScreen { tare: Qty::from_thousandths(20), ..selling(weighed) })));

    let mut quick = screen(full());
    let key = |(text, code): (&str, &str)| QuickKey { text: text.into(), sells: QuickSale::Code(code.into()) };
    let keys =
        [("Brötchen", "3001"), ("Roggenbrötchen", "3002"), ("Laugenbrezel", "3003"), ("Tragetasche", "3009"), ("Zeitschriften", "3010")];
    let more = [("Croissant mit Schoko", "3004"), ("Avocado", "3005"), ("Mango", "3006")];
    Arc::make_mut(&mut quick.rules).till.quick_keys = keys.into_iter().chain(more).map(key).collect();
    let department = Department {
        sku: Sku::new("dept-1").unwrap(),
        name: "Frischetheke".into(),
        tax_class: TaxClassId::new("A").unwrap(),
        group: String::new(),
        price_max: euro(10_000),
        for_unknown: true,
    };
    let till = &mut Arc::make_mut(&mut quick.rules).till;
    till.quick_keys[3] = QuickKey { text: "Theke".into(), sells: QuickSale::Department(department.sku.clone()) };
    till.departments = vec![department];
    all.push(("quick-keys", quick.clone()));
    let feedback = error("unknown_article", "Not found: 4006381333931", "Search the article by name, or put it aside and go on.");
    let shown = TillScreen { feedback: Some(Feedback { unknown: Some("4006381333931".into()), ..feedback }), ..full() };
    quick.workstations.insert(ws("1"), Arc::new(shown));
    all.push(("open-price-offered", quick));
    all.push(("training", screen(TillScreen { training: true, ..full() })));
    all.push(("training-idle", screen(TillScreen { training: true, ..TillScreen::default() })));
    all.push(("times", screen(TillScreen { next_scan: NextScan::Times(Qty::pieces(3)), ..full() })));
    all.push(("price-check", screen(TillScreen { next_scan: NextScan::PriceCheck, ..full() })));

    let hint = |name: &str, counted, member, coupon| Hint { name: name.into(), counted, member, coupon };
    let elsewhere = |store: &str, name: &str, pieces, minutes: i64| StockElsewhere {
        store: store.into(),
        name: name.into(),
        quantity: Qty::pieces(pieces),
        as_of_ms: NOW_MS - minutes * 60_000,
    };
    let found = ArticleInfo {
        sku: Sku::new("A9").unwrap(),
        name: "Haferdrink Barista 1 l".into(),
        code: "4006381333931".into(),
        unit: Unit::Piece,
        codes: vec!["4006381333931".into(), "4711".into()],
        offer: Some(Offer {
            price: euro(199),
            list: Some("herbst-2026".into()),
            pays: euro(179),
            hints: vec![
                hint("10 % auf Haferdrinks", true, false, false),
                hint("3 für 2", false, false, false),
                hint("Mitglieder 5 %", false, true, false),
            ],
        }),
        elsewhere: Some(Arc::new(vec![elsewhere("potsdam-1", "Markt Potsdam", 12, 20), elsewhere("halle-2", "", 0, 3 * 60 * 24)])),
        recalls: vec![Notice {
            recall: "R-2026-31".into(),
            reason: "Kann Metallsplitter enthalten.".into(),
            batches: vec!["K4".into()],
            whole: false,
        }],
        on_hand: Some(Qty::pieces(17)),
        stock_as_of_ms: Some(NOW_MS - 3 * 3_600_000),
    };
    all.push(("price-shown", screen(TillScreen { price_check: Some(Arc::new(found)), ..full() })));

    let mut closed = screen(TillScreen::default());
    closed.day = Day::Closed { last: jiff::civil::date(2026, 11, 21) };
    all.push(("day-closed", closed));
    all
}

/// The till's cash, in every phase that its panel knows.
pub fn cash_situations() -> Vec<(&'static str, Screen)> {
    let mut rules = rules();
    rules.cash_control = true;
    rules.cash.denominations = denominations(&rules.currency, euro(1));
    rules.cash.usual_float = euro(10_000);
    let rules = Arc::new(rules);
    let staff = |id: &str, name: &str| StaffTile { id: StaffId::new(id).unwrap(), name: name.to_owned(), has_pin: true };
    let people = Arc::new(vec![staff("anna", "Anna"), staff("ben", "Ben"), staff("mia", "Mia"), staff("sue", "Sue")]);
    let id = |id: &str| Some(StaffId::new(id).unwrap());
    let movement = |kind, reason: Option<&str>, count, amount| MovementSum {
        kind,
        reason: reason.map(|code| ReasonCode::new(code).unwrap()),
        count,
        amount: euro(amount),
    };
    let session = |phase| Session {
        number: 7,
        opened_seq: 3,
        owner: id("anna"),
        opened_on: jiff::civil::date(2026, 11, 22),
        opened_at: at(NOW_MS - 6 * 3_600_000),
        float: euro(10_000),
        taken: euro(45_235),
        movements: vec![
            movement(MovementKind::Loan, None, 1, 5_000),
            movement(MovementKind::Pickup, None, 2, 40_000),
            movement(MovementKind::PaidOut, Some("supplies"), 1, 1_299),
            movement(MovementKind::NoSale, Some("change_money"), 3, 0),
        ],
        cash: euro(18_936),
        phase,
        counts: 1,
    };
    let cash = |phase| Some(Arc::new(TillCash { session: session(phase), unproved: Vec::new() }));
    let at_work =
        |id: &str, name: &str| Some(AtWork { staff: StaffId::new(id).unwrap(), name: name.to_owned(), language: None, locked: false });
    let here = |till: TillScreen| {
        let signed_in = till.signed_in.clone().or_else(|| at_work("anna", "Anna"));
        Screen { rules: rules.clone(), staff: people.clone(), ..screen(TillScreen { signed_in, ..till }) }
    };
    let counted = |by: &str, amount| Phase::Counted { by: id(by), counted: euro(amount), pieces: Vec::new(), at: at(NOW_MS) };
    let refused = Feedback {
        serial: 9,
        tone: Tone::Error,
        text: "Till 1 is not open.".into(),
        remedy: "Open the till with its float first. Cards can be taken meanwhile.".into(),
        code: "till_not_open".into(),
        line: None,
        unknown: None,
        opens: None,
    };
    let last = Some(Arc::new(finished(vec![line(1, "Roggenmischbrot geschnitten 750 g", 1, 749)], euro(1000))));
    let lost = vec![LostRange { first_seq: 812, last_seq: 813 }];
    let unproved = Some(Arc::new(TillCash { session: session(counted("anna", 18_900)), unproved: lost.clone() }));
    let report = |counted, unproved| TillReport {
        till: ws("1"),
        number: 7,
        owner: id("anna"),
        opened_on: jiff::civil::date(2026, 11, 22),
        opened_at: at(NOW_MS - 6 * 3_600_000),
        date: jiff::civil::date(2026, 11, 22),
        closed_at: at(NOW_MS),
        utc_offset_min: 60,
        currency: "EUR".to_owned(),
        float: euro(10_000),
        taken: euro(45_235),
        movements: session(Phase::Open).movements,
        expected: euro(18_936),
        counted,
        handed_to: None,
        unproved,
        paper: None,
    };
    let count = TillCount {
        counted: euro(18_900),
        difference: euro(-36),
        reason: Some(ReasonCode::new("wrong_change").unwrap()),
        pieces: Vec::new(),
        by: id("anna"),
        counts: 1,
    };
    let x = Some(Arc::new(report(None, lost)));
    let z = Some(Arc::new(report(Some(count), Vec::new())));
    vec![
        ("till-not-open", here(TillScreen::default())),
        ("till-refused", here(TillScreen { feedback: Some(refused), signed_in: at_work("anna", "Anna"), ..one_article() })),
        ("till-open", here(TillScreen { cash: cash(Phase::Open), ..TillScreen::default() })),
        ("till-counting", here(TillScreen { cash: cash(Phase::Counting { by: id("anna"), since: at(NOW_MS) }), ..TillScreen::default() })),
        (
            "till-counting-other",
            here(TillScreen {
                cash: cash(Phase::Counting { by: id("ben"), since: at(NOW_MS) }),
                last: last.clone(),
                ..TillScreen::default()
            }),
        ),
        ("till-counted", here(TillScreen { cash: cash(counted("anna", 18_900)), ..TillScreen::default() })),
        ("till-counted-other", here(TillScreen { cash: cash(counted("ben", 18_936)), last: last.clone(), ..TillScreen::default() })),
        ("till-unproved", here(TillScreen { cash: unproved, ..TillScreen::default() })),
        ("till-x", here(TillScreen { cash: cash(Phase::Open), till_report: x, ..TillScreen::default() })),
        ("till-closed", here(TillScreen { till_report: z, last, ..TillScreen::default() })),
    ]
}

/// Stands still unless moved.
pub struct StillClock;
impl Clock for StillClock {
    fn now(&self) -> Stamp {
        at(NOW_MS)
    }
    fn monotonic_ms(&self) -> u64 {
        0
    }
}

pub fn locale(tag: &str) -> Locale {
    Locale::of_store(&document::Locale::from_tag(tag).unwrap(), jiff::tz::TimeZone::UTC)
}

/// What the played loop answers next; when nothing is queued it answers well.
type Planned = Arc<Mutex<VecDeque<Result<Answer, AskError>>>>;

/// A running door with a played loop behind it.
pub struct Stage {
    pub address: SocketAddr,
    pub screen: watch::Sender<Arc<Screen>>,
    /// Commands as they reached the loop.
    pub asked: Arc<Mutex<Vec<CommandRequest>>>,
    /// Everything else that reached it, in words.
    pub told: Arc<Mutex<Vec<String>>>,
    pub planned: Planned,
    pub pairing: Arc<Pairing>,
    /// A token for the whole store, and one for workstation 1 alone.
    pub desk_token: String,
    pub till_token: String,
    _folder: tempfile::TempDir,
    _durable: watch::Sender<DurableHead>,
}

impl Stage {
    pub async fn open(first: Screen, locale: Locale) -> Stage {
        Stage::open_on("127.0.0.1:0", first, locale).await
    }

    pub async fn open_on(listen: &str, first: Screen, locale: Locale) -> Stage {
        let folder = tempfile::tempdir().unwrap();
        let (inbox, mut inputs) = mpsc::channel(64);
        let (screen, screens) = watch::channel(Arc::new(first));
        let head = DurableHead { incarnation: Incarnation(1), seq: 0, hash: String::new(), urgent_seq: 0 };
        let (durable, durables) = watch::channel(head);
        let node = Node::for_tests(inbox, screens, durables, Arc::new(shared(folder.path())));
        let pairing = Arc::new(Pairing::open(folder.path(), Arc::new(StillClock)).unwrap());
        let desk_token = pairing.create_token("desk", Scope::Any).unwrap().1;
        let till_token = pairing.create_token("till 1", Scope::Workstation(ws("1"))).unwrap().1;

        let listener = tokio::net::TcpListener::bind(listen).await.unwrap();
        let address = listener.local_addr().unwrap();
        let parts = WebParts {
            locale,
            guard: Arc::new(Guard::new(address, &[], false)),
            pairing: pairing.clone(),
            setup: Arc::new(counterfoil::web::setup_code::SetupCode::new(Arc::new(StillClock))),
            clock: Arc::new(StillClock),
            metrics: Box::new(|| "counterfoil_up 1\n".to_owned()),
            body_timeout: Duration::from_millis(1_500),
        };
        let router = web::router(node, parts, web::Extra::default());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });

        let asked = Arc::new(Mutex::new(Vec::new()));
        let told = Arc::new(Mutex::new(Vec::new()));
        let planned = Planned::default();
        let (asked_in, told_in, planned_in) = (asked.clone(), told.clone(), planned.clone());
        tokio::spawn(async move {
            let mut seq = 0;
            while let Some(input) = inputs.recv().await {
                match input {
                    Input::Ask(request, reply) => {
                        asked_in.lock().unwrap().push(request);
                        seq += 1;
                        let answer = planned_in.lock().unwrap().pop_front();
                        let _ = reply.send(answer.unwrap_or(Ok(Answer { seq, ..Answer::default() })));
                    }
                    Input::OnHand(skus, reply) => {
                        let _ = reply.send(vec![None; skus.len()]);
                    }
                    other => told_in.lock().unwrap().push(format!("{other:?}")),
                }
            }
        });
        Stage { address, screen, asked, told, planned, pairing, desk_token, till_token, _folder: folder, _durable: durable }
    }

    pub fn show(&self, screen: Screen) {
        self.screen.send_modify(|old| {
            let revision = old.revision + 1;
            *old = Arc::new(Screen { revision, ..screen });
        });
    }

    /// The newest command the loop was asked.
    pub fn last_asked(&self) -> CommandRequest {
        self.asked.lock().unwrap().last().expect("something was asked").clone()
    }
}

fn shared(folder: &std::path::Path) -> Shared {
    let journal_folder = folder.join("journal");
    let reader = Reader::on(Folder::create(&journal_folder).unwrap());
    let (views, _) = Views::open(views::Options {
        folder: folder.join("views"),
        feeds_folder: folder.join("feeds"),
        node: NodeId::new("node-1").unwrap(),
        adopted: BTreeMap::new(),
        head_seq: 0,
        records: Arc::new(|_, _, _: &mut dyn FnMut(u64, &[counterfoil::retail::Event]) -> ControlFlow<()>| Ok(())),
    });
    let seal = Seal::of(&NodeKey::from_seed([3; 32]));
    Shared {
        journal_folder,
        books: Bookshelf::open(&folder.join("feeds"), seal, &counterfoil::ids::StoreId::new("s").unwrap(), &BTreeMap::new()),
        feeds_folder: folder.join("feeds"),
        views: views.clone(),
        archive: Archive::new(views, Arc::new(reader)),
        codes: CodeRules::for_country("DE", Currency::from_code("EUR").unwrap()),
        time_zone: jiff::tz::TimeZone::UTC,
        papers: document::stored::Fallback::plain(Currency::from_code("EUR").unwrap(), jiff::tz::TimeZone::UTC),
        vault: Some(Vault::open(Folder::create(&folder.join("vault")).unwrap(), &NodeKey::from_seed([3; 32])).unwrap().0),
        pin_checks: tokio::sync::Semaphore::new(1),
        collect: CollectKeys::new(&NodeKey::from_seed([3; 32]), None, folder.join("head-office.pub")),
        elsewhere: Arc::new(Elsewhere::new(tokio::sync::mpsc::channel(1).0)),
    }
}
