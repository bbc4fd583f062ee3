//! One receipt line that comes back in two shops, each right by what it could know: head office sees it, and tells the next till that asks.

use counterfoil::head_office::bench::{StandIn, wait_until};
use counterfoil::head_office::intake::{channels, levels};
use counterfoil::head_office::{db, feeds, receipts};
use counterfoil::ids::{ChannelId, NodeId, ReceiptNo, StoreId, TxnId};
use counterfoil::money::{Money, Qty};
use counterfoil::retail::tax::{TaxAmount, TaxGroup};
use counterfoil::retail::{
    Disposition, Event, Original, OriginalLine, ReturnOf, ReturnedReceipt, SoldLine, Tender, TenderKind, TransactionKind, TransactionRecord,
};

use super::over_http::{PATIENCE, office};

fn names(store: &str) -> (StoreId, NodeId) {
    (StoreId::new(store).unwrap(), NodeId::new("n1").unwrap())
}

/// The whole first line of a sale, given back in cash.
fn given_back(original: &Original, sale: &OriginalLine, counter: u64) -> TransactionRecord {
    let turned = |group: &TaxGroup| TaxGroup {
        net: -group.net,
        tax: -group.tax,
        gross: -group.gross,
        components: group.components.iter().map(|c| TaxAmount { base: -c.base, tax: -c.tax, ..c.clone() }).collect(),
        ..group.clone()
    };
    let tax = turned(sale.tax.as_ref().unwrap());
    let receipt = ReturnedReceipt {
        txn: original.txn,
        number: original.number.clone(),
        store: original.store.clone(),
        line: Some(sale.line),
        sold: sale.quantity,
        total: original.total,
        tenders: original.tenders.clone(),
        elsewhere_unknown: true,
    };
    let of = ReturnOf {
        receipt: Some(receipt),
        disposition: Disposition::Shelf,
        reason: "unwanted".to_owned(),
        tax: tax.clone(),
        post_void: false,
    };
    let line = SoldLine {
        line: 1,
        sku: sale.sku.clone(),
        name: sale.name.clone(),
        code: sale.code.clone(),
        gtin: None,
        quantity: -sale.quantity,
        quantity_from: sale.quantity_from,
        unit: sale.unit,
        unit_price: sale.unit_price,
        gross: -sale.extended,
        discounts: Vec::new(),
        extended: -sale.extended,
        tax_class: sale.tax_class.clone(),
        group: String::new(),
        embedded_price: None,
        batch: None,
        serial: None,
        price_version: 1,
        price_list: None,
        price_set: None,
        last_day: None,
        weighed: None,
        order: None,
        returned: Some(Box::new(of)),
    };
    let workstation = counterfoil::ids::WorkstationId::new("1").unwrap();
    let at = counterfoil::time::Stamp { ms: 1_795_000_000_000, ..Default::default() };
    TransactionRecord {
        txn: TxnId(uuid::Uuid::now_v7()),
        kind: TransactionKind::Return,
        number: ReceiptNo {
            workstation: workstation.clone(),
            incarnation: counterfoil::ids::Incarnation(counter),
            counter,
            training: false,
        },
        workstation,
        staff: None,
        business_date: original.business_date,
        opened_at: at,
        at,
        utc_offset_min: 0,
        currency: "EUR".to_owned(),
        tax_mode: counterfoil::retail::tax::TaxMode::Inclusive,
        lines: vec![line],
        total: tax.gross,
        taxes: vec![tax],
        rounding: Money::ZERO,
        tenders: vec![Tender { kind: TenderKind::Cash, amount: -sale.extended, attempt: None, card: None, refund_of: Some(original.txn) }],
        change: Money::ZERO,
        coupons: Vec::new(),
        member: None,
        customer: None,
        training: false,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_came_back_twice_is_an_exception_and_the_next_till_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let office = office(&folder.path().join("ho")).await;
    let url = format!("http://{}", office.address);
    let nodes: Vec<StandIn> = ["s1", "s2"].iter().map(|store| StandIn::open(&folder.path().join(store), store, "n1").unwrap()).collect();
    nodes[0].sell(1).unwrap();
    for node in &nodes {
        node.start_line(&url, None).unwrap();
    }
    let find = async |store: &str| {
        let (store, node) = names(store);
        let question = move |connection: &db::Connection| {
            let number = connection.query_row("SELECT number FROM transactions WHERE kind = 'sale'", [], |row| row.get::<_, String>(0));
            number.map_or(Ok(None), |number| receipts::find(connection, &store, &node, None, &number))
        };
        office.office.read(question).await.unwrap()
    };
    let count = async |sql: &'static str| office.office.read(move |c| c.query_row(sql, [], |row| row.get::<_, i64>(0))).await.unwrap();
    let deadline = std::time::Instant::now() + PATIENCE;
    let original = loop {
        if let Some(original) = find("s2").await {
            break original;
        }
        assert!(std::time::Instant::now() < deadline, "the sale has not come");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    };
    assert_eq!(original.store, Some(StoreId::new("s1").unwrap()));
    assert!(original.elsewhere.as_ref().is_some_and(|lines| lines.is_empty()));
    let line = original.lines[0].clone();
    // Five of it are in the second shop, and a web shop may sell them.
    let (sku, folders) = (line.sku.clone(), office.office.folders().clone());
    let web = ChannelId::new("web").unwrap();
    let channel = web.clone();
    let stated = office.office.write(move |writer, now_ms| {
        let made_at = counterfoil::time::Stamp { ms: now_ms, ..Default::default() };
        feeds::stage_stock(writer.connection(), std::iter::once(Ok((sku, Qty::pieces(5))))).unwrap();
        feeds::publish_stock(writer.connection(), &folders, &StoreId::new("s2").unwrap(), made_at).unwrap();
        channels::put(writer.connection(), &channel, &channels::Settings::named("Web shop"), now_ms)?.unwrap();
        Ok(())
    });
    stated.await.unwrap();
    let mut rounds = levels::Rounds::default();
    levels::round(&office.office, &mut rounds).await.unwrap();
    for (index, node) in nodes.iter().enumerate() {
        let record = given_back(&original, &line, index as u64 + 1);
        node.record(&[Event::TransactionCompleted { record: Box::new(record) }]).unwrap();
    }
    let all_there = || nodes.iter().all(|node| node.acknowledged_seq() >= node.head_seq());
    wait_until(PATIENCE, all_there).await.unwrap();
    assert_eq!(count("SELECT count(*) FROM returned_lines").await, 2);
    assert_eq!(count("SELECT count(*) FROM exceptions WHERE owner = 'loss prevention' AND settled_ms IS NULL").await, 1);
    // What came back to the shelf can be sold by every channel again.
    let level = async |after: u64| {
        let web = web.clone();
        office.office.read(move |connection| levels::after(connection, &web, after, 9)).await.unwrap()
    };
    let mut told = level(0).await;
    while told.rows.first().is_none_or(|level| (level.atp, level.on_request) != (0, 6_000)) {
        assert!(std::time::Instant::now() < deadline, "the channel is not told: {told:?}");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        levels::round(&office.office, &mut rounds).await.unwrap();
        told = level(0).await;
    }
    assert_eq!((told.rows.len(), level(told.next).await.rows.len()), (1, 0));
    // A third shop hears of both, the first only of the other's; to each the seller is named, but not to itself.
    assert_eq!(find("s3").await.unwrap().returned_elsewhere(line.line), line.quantity + line.quantity);
    let own = find("s1").await.unwrap();
    assert_eq!((own.store.clone(), own.returned_elsewhere(line.line)), (None, Qty::ONE));
    // Each node's key is pinned, so both are in the feed for all.
    let keys = async || count("SELECT count(*) FROM book_entries WHERE feed = 'keys'").await;
    while keys().await < 2 {
        assert!(std::time::Instant::now() < deadline, "the fleet's keys are not published");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    office.stop().await;
}
