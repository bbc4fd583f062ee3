//! A receipt of one shop in another, with the line down: only the code on the paper and the fleet's keys.

use counterfoil::journal::NodeKey;
use counterfoil::node::keys::FleetKey;
use counterfoil::node::prints::ReceiptCodes;
use counterfoil::retail::{Disposition, Refusal};
use counterfoil::sync::feed::BookEntry;

use super::*;

/// As the demo's chain, in another city and without a line.
fn other_shop(data: &Path) -> NodeConfig {
    let mut config = config(data);
    config.store = counterfoil::ids::StoreId::new("hamburg-2").unwrap();
    config.rules.store = config.store.clone();
    config
}

async fn keys(node: &Node, version: u64, keys: &[FleetKey]) {
    let file = node.shared().feeds_folder.join("new");
    let header = FeedHeader {
        format: 1,
        feed: Feed::Keys,
        version,
        base: None,
        count: keys.len() as u64,
        made_at: Stamp { ms: 1, quality: ClockQuality::Synchronised },
        currency: None,
        store: None,
        baselines: Vec::new(),
    };
    let mut writer = FeedWriter::new(File::create(&file).unwrap(), header).unwrap();
    for key in keys {
        let value = serde_json::value::to_raw_value(key).unwrap();
        writer.entry(&BookEntry { key: key.public_key.clone(), value }).unwrap();
    }
    writer.finish().unwrap();
    arrive(node, &file, Feed::Keys, version).await;
}

fn back(receipt: &str, pieces: i64) -> Command {
    let (receipt, reason) = (receipt.to_owned(), "unwanted".to_owned());
    Command::ReturnLine { receipt, line: 1, quantity: Some(Qty::pieces(pieces)), disposition: Disposition::Shelf, reason }
}

fn refusal(result: Result<Answer, AskError>) -> Refusal {
    match result {
        Err(AskError::Refused(refusal, _)) => refusal,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_of_one_shop_is_good_in_another_with_the_line_down() {
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let seller = open(here.path()).await;
    let three = Command::AddLine { code: MILK.to_owned(), quantity: Some(Qty::pieces(3)) };
    ask(&seller.node, "a", "1", three).await.unwrap();
    ask(&seller.node, "b", "1", cash(500)).await.unwrap();
    let record = (**seller.node.screen().workstations[&till("1").unwrap()].last.as_ref().unwrap()).clone();
    let config = config(here.path());
    let key = NodeKey::load_or_create(&here.path().join("node.key")).unwrap();
    let codes = ReceiptCodes { chain: config.chain.clone(), store: config.store.clone(), key: key.clone() };
    let code = codes.of(&record).unwrap();
    seller.stop().await.unwrap();

    let shop = start(&other_shop(there.path())).await.unwrap();
    catalogue(&shop.node, 1).await;
    let unknown = shop.node.open_receipt(till("1").unwrap(), code.clone()).await.unwrap_err();
    assert!(matches!(unknown, AskError::Refused(Refusal::ReceiptKeyUnknown, _)), "{unknown}");
    let fleet = FleetKey { store: config.store.clone(), node: config.node.clone(), public_key: key.public_hex(), valid: true };
    keys(&shop.node, 1, std::slice::from_ref(&fleet)).await;
    shop.stop().await.unwrap();

    // The keys are read from disk at the start; nobody is asked.
    let shop = start(&other_shop(there.path())).await.unwrap();
    let open = shop.node.open_receipt(till("1").unwrap(), code.clone()).await.unwrap();
    assert_eq!((open.original.number.as_str(), open.original.lines.len()), (record.number.to_string().as_str(), 1));
    assert_eq!(open.original.store, Some(config.store.clone()));
    assert!(open.original.elsewhere.is_none(), "what other shops took back is unknown, and the screen says so");
    assert_eq!(open.original.lines[0].name, record.lines[0].name, "named by our own assortment");
    ask(&shop.node, "c", "1", back(&code, 2)).await.unwrap();
    let refunded = ask(&shop.node, "d", "1", Command::Refund { by: None }).await.unwrap();
    assert!(refunded.receipt.is_some());
    let last = shop.node.screen().workstations[&till("1").unwrap()].last.clone().unwrap();
    assert_eq!(last.total, Money::from_minor(-258));
    assert_eq!(refusal(ask(&shop.node, "e", "1", back(&code, 2)).await).code(), "return_above_sold");
    // A scan of the code at a till opens it; it is no article.
    ask(&shop.node, "f", "1", scan(&code)).await.unwrap();
    assert!(shop.node.screen().workstations[&till("1").unwrap()].receipt.is_some());
    // A key that leaked proves nothing any more.
    keys(&shop.node, 2, &[FleetKey { valid: false, ..fleet }]).await;
    assert_eq!(refusal(ask(&shop.node, "g", "1", back(&code, 1)).await), Refusal::ReceiptKeyUnknown);
    shop.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_given_back_without_a_receipt_does_not_change_with_practice() {
    let folder = tempfile::tempdir().unwrap();
    let running = open(folder.path()).await;
    let node = &running.node;
    let reduced = Command::SetPrice { line: 1, price: Money::from_minor(50), reason: "damaged".to_owned() };
    for (id, command) in [("a", scan(MILK)), ("b", reduced), ("c", cash(50)), ("d", scan(MILK)), ("e", cash(129))] {
        ask(node, id, "1", command).await.unwrap();
    }
    // One that is only practised is newer, and dearer than the cheapest.
    for (id, command) in
        [("f", Command::SetTraining { on: true }), ("g", scan(MILK)), ("h", cash(129)), ("i", Command::SetTraining { on: false })]
    {
        ask(node, id, "1", command).await.unwrap();
    }
    let back = Command::ReturnArticle {
        code: MILK.to_owned(),
        quantity: None,
        disposition: Disposition::Shelf,
        reason: "unwanted".to_owned(),
        receipt: None,
    };
    ask(node, "j", "1", back).await.unwrap();
    let screen = node.screen();
    let basket = screen.workstations[&till("1").unwrap()].basket.clone().unwrap();
    assert_eq!(basket.subtotal(), Money::from_minor(-50), "the lowest price it was sold at");
    running.stop().await.unwrap();
}
