//! A baseline that arrives after two days of unsynced sales: counted at head office on Monday morning with the journal it had by then,
//! adopted on Wednesday. Each of the store's own sales is subtracted once, also after the views were deleted.

use counterfoil::ids::{CommandId, Incarnation, JobId, StoreId, TxnId};
use counterfoil::money::{Currency, Money, Qty, RoundingMode};
use counterfoil::retail::rules::Limits;
use counterfoil::retail::stock::on_hand;
use counterfoil::retail::tax::{TaxMode, TaxRounding, TaxTable};
use counterfoil::retail::{Ask, BaselineFact, Command, Event, Facts, Feed, Fresh, Rules, SoldLine, State, TransactionRecord, decide};
use counterfoil::time::Stamp;
use counterfoil::views::{Engine, Views};

use super::shop::{Shop, article, sale, sku};

fn line(number: u32, name: &str, pieces: i64) -> SoldLine {
    let article = article(name, name, 100, "");
    let quantity = Qty::pieces(pieces);
    let price = Money::from_minor(100);
    let gross = price.times(quantity, RoundingMode::HalfUp);
    SoldLine {
        line: number,
        sku: article.sku,
        name: article.name,
        code: name.to_owned(),
        gtin: None,
        quantity,
        unit: article.unit,
        unit_price: price,
        gross,
        discounts: Vec::new(),
        extended: gross,
        tax_class: article.tax_class,
        group: String::new(),
        quantity_from: Default::default(),
        embedded_price: None,
        batch: None,
        serial: None,
        price_version: 1,
        returned: None,
        price_list: None,
        price_set: None,
        last_day: None,
        weighed: None,
        order: None,
    }
}

/// A store whose line is down: its record and what it adds up to.
struct Store {
    shop: Shop,
    state: State,
}

impl Store {
    fn write(&mut self, events: Vec<Event>) -> u64 {
        let mut journal = self.shop.journal.lock().unwrap();
        let seq = journal.last().map_or(1, |(seq, _)| *seq + 1);
        events.iter().for_each(|event| self.state.apply(seq, event));
        journal.push((seq, events));
        seq
    }

    fn sell(&mut self, sold: &[(&str, i64)]) -> u64 {
        let counter = self.shop.journal.lock().unwrap().len() as u64 + 1;
        let lines = (1..).zip(sold).map(|(number, (name, pieces))| line(number, name, *pieces)).collect();
        let record = TransactionRecord { lines, ..sale(counter) };
        self.write(vec![Event::TransactionCompleted { record: Box::new(record) }])
    }

    /// As the node's loop adopts: facts from the views, the decision, the record, the switch.
    fn adopt(&mut self, views: &Views, version: u64, hash: &str) -> Vec<Event> {
        views.load(Feed::Stock, version, hash, &|_| {}).unwrap();
        let settled = views.newly_settled(version, &mut self.state.unsettled());
        let baselines = settled.into_iter().map(|(head_seq, settled)| BaselineFact { head_seq, settled }).collect();
        let facts = Facts { baselines, ..Facts::default() };
        let seq = self.shop.journal.lock().unwrap().len() as u64 + 1;
        let ask = Ask {
            id: CommandId::new(&format!("adopt-{version}")).unwrap(),
            content: String::new(),
            workstation: None,
            staff: None,
            at: Stamp::default(),
            utc_offset_min: 0,
            incarnation: Incarnation(1),
            uptime_ms: 0,
            seq,
            fresh: Fresh {
                txn: TxnId(Default::default()),
                job: JobId(Default::default()),
                attempt: counterfoil::ids::AttemptId(Default::default()),
            },
            command: Command::AdoptFeed { feed: Feed::Stock, version, hash: hash.to_owned() },
        };
        let decision = decide(&self.state, &rules(), &ask, &facts).unwrap();
        self.write(decision.events.clone());
        let adopted = self.state.feeds[&Feed::Stock].clone();
        self.shop.adopted.insert(Feed::Stock, adopted.clone());
        views.switch(Feed::Stock, &adopted);
        decision.events
    }

    fn on_hand(&self, views: &Views, name: &str) -> Option<i64> {
        let fact = views.stock(&sku(name)).unwrap()?;
        on_hand(Some(&fact), self.state.movements.get(&sku(name))).map(|quantity| quantity.thousandths() / 1000)
    }
}

fn rules() -> Rules {
    Rules {
        store: StoreId::new("berlin-1").unwrap(),
        currency: Currency::from_code("EUR").unwrap(),
        tax: TaxTable {
            mode: TaxMode::Inclusive,
            rounding_place: TaxRounding::Group,
            rounding_mode: RoundingMode::HalfUp,
            classes: Vec::new(),
        },
        line_rounding: RoundingMode::HalfUp,
        cash_step: Money::ZERO,
        notes: Vec::new(),
        workstations: Vec::new(),
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

#[test]
fn each_sale_is_subtracted_once_from_a_baseline_that_comes_late() {
    let mut store = Store { shop: Shop::new(), state: State::default() };
    let (views, _) = store.shop.open(Engine::Sled);
    // Saturday's sales reached head office; Monday's and Tuesday's did not.
    store.sell(&[("milk", 5)]);
    let known_to_head_office = store.sell(&[("milk", 2), ("tea", 1)]);
    store.sell(&[("milk", 10)]);
    store.sell(&[("tea", 3), ("salt", 1)]);
    assert_eq!(store.on_hand(&views, "milk"), None, "nobody has counted yet");

    // Head office's count of Monday morning knows Saturday's sales only.
    let file = store.shop.stock(1, None, Some(known_to_head_office), &[("milk", 100), ("tea", 20), ("soap", 7)]);
    let events = store.adopt(&views, 1, &file.hash);
    let settled = Event::BaselineSettled { head_seq: known_to_head_office, skus: vec![sku("milk"), sku("tea")] };
    assert!(events.contains(&settled), "{events:?}");
    let now = |store: &Store, views: &Views| ["milk", "tea", "soap", "salt"].map(|name| store.on_hand(views, name));
    assert_eq!(now(&store, &views), [Some(90), Some(17), Some(7), None]);
    store.sell(&[("milk", 1), ("soap", 8)]);
    assert_eq!(now(&store, &views), [Some(89), Some(17), Some(-1), None]);

    // The chain catches up; a later feed repeats milk as head office sees it now and brings salt. Milk stays as it was adopted.
    let head = store.shop.journal.lock().unwrap().len() as u64;
    let file = store.shop.stock(2, Some((1, &file)), Some(head), &[("milk", 89), ("salt", 4)]);
    store.adopt(&views, 2, &file.hash);
    store.sell(&[("milk", 1), ("salt", 1)]);
    assert_eq!(now(&store, &views), [Some(88), Some(17), Some(-1), Some(3)]);
    views.close();

    // With the line down and the views deleted, the store knows the same; and so does its record alone.
    std::fs::remove_dir_all(store.shop.views_folder()).unwrap();
    let (views, _) = store.shop.opened(Engine::Sled);
    let mut replayed = State::default();
    for (seq, events) in store.shop.journal.lock().unwrap().iter() {
        events.iter().for_each(|event| replayed.apply(*seq, event));
    }
    assert!(replayed == store.state);
    assert_eq!(now(&store, &views), [Some(88), Some(17), Some(-1), Some(3)]);
    views.close();
}

#[test]
fn a_store_that_head_office_never_heard_of_subtracts_all_it_sold() {
    let mut store = Store { shop: Shop::new(), state: State::default() };
    let (views, _) = store.shop.open(Engine::Memory);
    store.sell(&[("milk", 3)]);
    let file = store.shop.stock(1, None, None, &[("milk", 10)]);
    store.adopt(&views, 1, &file.hash);
    store.sell(&[("milk", 1)]);
    assert_eq!(store.on_hand(&views, "milk"), Some(6));
    views.close();
}
