//! Stock work from a scan to head office's figure, with the line down, a restart in the middle of a count, and two people at one shelf.

use std::sync::Arc;

use counterfoil::head_office::HeadOfficeConfig;
use counterfoil::head_office::feeds;
use counterfoil::head_office::serve::{self, Running as Office};
use counterfoil::head_office::stock_figures::{self, StockFilter, StockRow};
use counterfoil::ids::{DeliveryNo, Sku, StoreId};
use counterfoil::money::Currency;
use counterfoil::node::config::HeadOfficeLink;
use counterfoil::retail::stock::{AdjustWhy, SheetKind, StockAct};
use counterfoil::time::SystemClock;

use super::*;

async fn office(folder: &Path, port: u16) -> Office {
    let config = HeadOfficeConfig::on_loopback(folder, port, Currency::from_code("EUR").unwrap());
    serve::start(config, Arc::new(SystemClock::new())).await.unwrap()
}

async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !holds().await {
        assert!(Instant::now() < deadline, "waited in vain: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn at(node: &Node, workstation: &str, act: StockAct) -> Result<Answer, AskError> {
    ask(node, &uuid::Uuid::now_v7().simple().to_string(), workstation, Command::Stock(act)).await
}

fn add(sheet: SheetKind, pieces: i64) -> StockAct {
    StockAct::Add { sheet, code: MILK.to_owned(), quantity: Some(Qty::pieces(pieces)) }
}

async fn on_hand(node: &Node) -> Option<Qty> {
    node.stock_now(&Sku::new(MILK).unwrap()).await.unwrap().on_hand
}

async fn at_head_office(office: &Office) -> Option<StockRow> {
    let filter = StockFilter { store: "berlin-1".to_owned(), sku: Some(MILK.to_owned()), limit: 1, ..StockFilter::default() };
    office.office.read(move |connection| stock_figures::of_store(connection, &filter, 0)).await.unwrap().pop()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_counted_received_and_written_off_is_head_offices_figure_too() {
    let folder = tempfile::tempdir().unwrap();
    let (ho, data) = (folder.path().join("ho"), folder.path().join("node"));
    let first = office(&ho, 0).await;
    let port = first.address.port();
    let folders = first.office.folders().clone();
    let publish = first.office.write(move |writer, now_ms| {
        let made_at = Stamp { ms: now_ms, quality: ClockQuality::Synchronised };
        let (connection, store) = (writer.connection(), StoreId::new("berlin-1").unwrap());
        feeds::stage_articles(connection, goods().into_iter().map(|good| Ok(good.article))).unwrap();
        feeds::publish_catalogue(connection, &folders, &Currency::from_code("EUR").unwrap(), made_at).unwrap();
        feeds::stage_stock(connection, goods().into_iter().map(|good| Ok((good.article.sku, Qty::pieces(10))))).unwrap();
        feeds::publish_stock(connection, &folders, &store, made_at).unwrap();
        Ok(())
    });
    publish.await.unwrap();
    let start_node = async || {
        let mut config = config(&data);
        let url = format!("http://127.0.0.1:{port}");
        config.head_office = Some(HeadOfficeLink { url, ca: None, cert: None, key: None, public_key: None });
        start(&config).await.unwrap()
    };
    let running = start_node().await;
    let node = running.node.clone();
    until("goods and stock", async || {
        node.screen().feeds.iter().filter(|feed| [Feed::Catalogue, Feed::Stock].contains(&feed.feed)).count() == 2
    })
    .await;
    until("this node keeps the store's stock", async || node.screen().orders_heard.is_some_and(|(lead, _)| lead)).await;
    assert_eq!(on_hand(&node).await, Some(Qty::pieces(10)));

    // The line is down. A count is half done when the power goes; what was scanned is there again.
    first.stop().await;
    at(&node, "1", add(SheetKind::Count, 9)).await.unwrap();
    running.stop().await.unwrap();
    let running = start_node().await;
    let node = running.node.clone();
    let book = node.screen().stock.clone();
    assert_eq!(book.sheet(SheetKind::Count, &till("1").unwrap()).unwrap().lines[0].quantity, Some(Qty::pieces(9)));
    assert_eq!(on_hand(&node).await, Some(Qty::pieces(10)), "a count changes nothing before it is done");

    // Goods come to the same shelf meanwhile, and somebody else counts it at the same time.
    at(&node, "2", add(SheetKind::Receipt, 6)).await.unwrap();
    at(&node, "2", StockAct::NameDelivery { delivery: Some(DeliveryNo::new("LS-1").unwrap()) }).await.unwrap();
    let finish = StockAct::Finish { sheet: SheetKind::Receipt };
    let done = ask(&node, "once", "2", Command::Stock(finish.clone())).await.unwrap();
    assert_eq!(ask(&node, "once", "2", Command::Stock(finish)).await.unwrap(), done, "a repeat is not a second receipt");
    assert_eq!(on_hand(&node).await, Some(Qty::pieces(16)));
    at(&node, "2", add(SheetKind::Count, 14)).await.unwrap();
    at(&node, "1", StockAct::Finish { sheet: SheetKind::Count }).await.unwrap();
    assert_eq!(on_hand(&node).await, Some(Qty::pieces(15)), "nine were counted, and six came after");
    match at(&node, "2", StockAct::Finish { sheet: SheetKind::Count }).await {
        Err(AskError::Refused(refusal, _)) => assert_eq!(refusal.code(), "stock_counted_meanwhile"),
        other => panic!("{other:?}"),
    }
    at(&node, "2", StockAct::Discard { sheet: SheetKind::Count }).await.unwrap();
    at(&node, "1", StockAct::Adjust { code: MILK.to_owned(), quantity: Qty::pieces(2), why: AdjustWhy::Damaged }).await.unwrap();
    let now = node.stock_now(&Sku::new(MILK).unwrap()).await.unwrap();
    assert_eq!(now.on_hand, Some(Qty::pieces(13)));
    assert!(now.mark.unwrap().counted.is_some());

    // The line is back: head office has the same figure, and has it again after it was made anew from the journals.
    let second = office(&ho, port).await;
    until("head office has caught up", async || at_head_office(&second).await.is_some_and(|row| row.on_hand == Some(13_000))).await;
    let row = at_head_office(&second).await.unwrap();
    assert_eq!((row.counted, row.moved, row.baseline), (Some(15_000), -2_000, Some(10_000)));
    let exceptions = second.office.read(|c| c.query_row("SELECT count(*) FROM exceptions", [], |row| row.get::<_, i64>(0)));
    assert_eq!(exceptions.await.unwrap(), 0);
    running.stop().await.unwrap();
    second.stop().await;
}
