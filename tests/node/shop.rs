//! Selling through the shell: a basket survives a restart, stock follows, the cache can be thrown away, a damaged day goes on.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_basket_survives_a_restart_and_sells_on() {
    let data = tempfile::tempdir().unwrap();
    let running = open(data.path()).await;
    let node = running.node.clone();
    ask(&node, "a", "1", scan(MILK)).await.unwrap();
    ask(&node, "b", "1", scan(MILK)).await.unwrap();
    running.stop().await.unwrap();

    let running = open(data.path()).await;
    let node = running.node.clone();
    let screen = node.screen();
    let here = &screen.workstations[&till("1").unwrap()];
    assert_eq!(here.totals.as_ref().unwrap().total, Money::from_minor(258));
    assert_eq!(here.cash_buttons[0], Money::from_minor(258));
    let paid = ask(&node, "c", "1", cash(500)).await.unwrap();
    assert_eq!(paid.change, Some(Money::from_minor(242)));
    let number = paid.receipt.unwrap();
    assert_eq!(number.counter, 1);
    let found = node.shared().views.find_number(&number.to_string());
    assert_eq!(found.len(), 1, "the electronic journal has it");
    let archived = node.shared().archive.at(found[0].seq).unwrap();
    assert_eq!(archived.record.total, Money::from_minor(258));
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn stock_follows_sales_and_a_late_baseline_counts_each_once() {
    let data = tempfile::tempdir().unwrap();
    let running = open(data.path()).await;
    let node = running.node.clone();
    // Two sales that head office has counted, then two days without a line and three more, then the baseline arrives.
    for id in ["a", "b"] {
        ask(&node, id, "1", scan(MILK)).await.unwrap();
        ask(&node, &format!("{id}-pay"), "1", cash(500)).await.unwrap();
    }
    let head = node.durable().borrow().seq;
    for id in ["c", "d", "e"] {
        ask(&node, id, "2", scan(MILK)).await.unwrap();
        ask(&node, &format!("{id}-pay"), "2", cash(500)).await.unwrap();
    }
    stock(&node, 1, head, &[(MILK, 40)]).await;
    let on_hand = async || node.search(MILK, 5).await.unwrap()[0].on_hand.unwrap();
    assert_eq!(on_hand().await, Qty::pieces(37), "forty counted, three sold since");
    ask(&node, "f", "1", scan(MILK)).await.unwrap();
    ask(&node, "f-pay", "1", cash(500)).await.unwrap();
    assert_eq!(on_hand().await, Qty::pieces(36));
    running.stop().await.unwrap();

    let running = open(data.path()).await;
    let found = running.node.search(MILK, 5).await.unwrap();
    assert_eq!(found[0].on_hand, Some(Qty::pieces(36)), "the same after a restart");
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_in_sled_can_be_deleted_with_the_line_down() {
    let data = tempfile::tempdir().unwrap();
    let running = open(data.path()).await;
    let node = running.node.clone();
    stock(&node, 1, 0, &[(MILK, 40)]).await;
    ask(&node, "a", "1", scan(MILK)).await.unwrap();
    let number = ask(&node, "b", "1", cash(500)).await.unwrap().receipt.unwrap().to_string();
    running.stop().await.unwrap();
    std::fs::remove_dir_all(data.path().join("views")).unwrap();

    let running = start(&config(data.path())).await.unwrap();
    let node = running.node.clone();
    let deadline = Instant::now() + Duration::from_secs(60);
    let mut tries = 0..;
    let sold = loop {
        match ask(&node, &format!("c{}", tries.next().unwrap()), "1", scan(MILK)).await {
            Ok(answer) => break answer,
            Err(AskError::Refused(refusal, _)) => assert_eq!(refusal.code(), "catalogue_not_ready", "never \"unknown article\""),
            Err(other) => panic!("{other}"),
        }
        assert!(Instant::now() < deadline, "the cache was not rebuilt");
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    assert!(sold.line.is_some());
    while node.shared().views.find_number(&number).is_empty() {
        assert!(Instant::now() < deadline, "the electronic journal was not rebuilt");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(node.search(MILK, 1).await.unwrap()[0].on_hand, Some(Qty::pieces(39)));
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_instance_on_the_same_data_is_refused_with_a_remedy() {
    let data = tempfile::tempdir().unwrap();
    let running = open(data.path()).await;
    let refused = start(&config(data.path())).await.err().expect("one writer").to_string();
    assert!(refused.contains("another process is using the journal"), "{refused}");
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_closes_and_the_next_start_begins_at_its_carry_forward() {
    let data = tempfile::tempdir().unwrap();
    let running = open(data.path()).await;
    let node = running.node.clone();
    ask(&node, "a", "1", scan(MILK)).await.unwrap();
    ask(&node, "b", "1", cash(500)).await.unwrap();
    ask(&node, "c", "1", Command::CloseDay {}).await.unwrap();
    let counterfoil::retail::day::Day::Closed { last } = node.screen().day else { panic!("closed") };
    let refused = ask(&node, "d", "1", scan(MILK)).await.unwrap_err();
    assert!(matches!(&refused, AskError::Refused(refusal, _) if refusal.code() == "day_not_open"), "{refused}");
    ask(&node, "e", "1", Command::OpenDay { date: last.tomorrow().unwrap() }).await.unwrap();
    let paid = {
        ask(&node, "f", "1", scan(MILK)).await.unwrap();
        ask(&node, "g", "1", cash(129)).await.unwrap()
    };
    assert_eq!(paid.receipt.unwrap().counter, 2, "numbers go on over days");
    running.stop().await.unwrap();
    let running = open(data.path()).await;
    let answer = ask(&running.node, "g", "1", cash(129)).await.unwrap();
    assert_eq!(answer.receipt.unwrap().counter, 2, "and so do answers");
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_unknown_kind_in_the_journal_says() {
    let data = tempfile::tempdir().unwrap();
    open(data.path()).await.stop().await.unwrap();
    // A newer release has been here.
    newer_event(&data.path().join("journal"), &data.path().join("node.key"));
    let error = start(&config(data.path())).await.err().expect("refused");
    assert_eq!(counterfoil::node::service::exit_code(&error), counterfoil::process::EXIT_DATA);
    let text = error.to_string();
    assert!(text.contains("gift_card_sold.1") && text.contains("install"), "{text}");
}

fn newer_event(folder: &Path, key: &Path) {
    use counterfoil::journal::{Draft, Folder, Identity, Journal, Limits, NodeKey, OpenOptions};
    let now = Stamp { ms: 4_000_000_000_000, quality: ClockQuality::Synchronised };
    let identity =
        Identity { store: counterfoil::ids::StoreId::new("berlin-1").unwrap(), node: counterfoil::ids::NodeId::new("box-1").unwrap() };
    let options = OpenOptions {
        identity,
        key: NodeKey::load_or_create(key).unwrap(),
        incarnation: counterfoil::ids::Incarnation(77),
        now,
        program: "9.9.9".to_owned(),
        limits: Limits::default(),
    };
    let mut journal = Journal::open(Folder::create(folder).unwrap(), options).unwrap().journal;
    let event = serde_json::value::RawValue::from_string(r#"{"gift_card_sold.1":{"amount":2500}}"#.to_owned()).unwrap();
    journal.append(&Draft { at: now, date: None, key: None, events: vec![event], signed: false, carry: false }).unwrap();
    journal.close(now).unwrap();
}
