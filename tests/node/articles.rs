//! An article that somebody asks about: the price a basket would charge, what other shops have with the line up and down, and what is recalled.

use counterfoil::head_office::{feeds, import, recalls};
use counterfoil::ids::{Sku, StoreId};
use counterfoil::money::Currency;
use counterfoil::retail::recalls::{Recall, RecalledArticle, Unmarked};

use super::orders::{Office, office, shop, stocked, until};
use super::*;

const PRICES: &str = r#"
[[list]]
id = "autumn"
prices = { "100001" = "1.00" }

[[promotion]]
id = "milk-10"
name = "10 % off milk"
kind = "each"
on = { skus = ["100001"] }
percent = "10"
"#;

/// Another shop has seven, by its baseline of an hour ago.
async fn publish(office: &Office) {
    let folders = office.office.folders().clone();
    let publish = office.office.write(move |writer, now_ms| {
        let connection = writer.connection();
        let made_at = Stamp { ms: now_ms - 3_600_000, quality: ClockQuality::Synchronised };
        feeds::stage_stock(connection, [Ok((Sku::new(MILK).unwrap(), Qty::pieces(7)))].into_iter()).unwrap();
        feeds::publish_stock(connection, &folders, &StoreId::new("potsdam-1").unwrap(), made_at).unwrap();
        let checked = import::check_prices(connection, Path::new("test"), PRICES, false, &Currency::from_code("EUR").unwrap());
        import::publish_prices(connection, &folders, &checked.unwrap(), made_at).unwrap();
        Ok(())
    });
    publish.await.unwrap();
}

async fn recall(office: &Office, gtin: String) {
    let folders = office.office.folders().clone();
    let publish = office.office.write(move |writer, now_ms| {
        let article = RecalledArticle { gtin, batches: Vec::new(), serials: None, dates: None, unmarked: Unmarked::Refuse };
        let recall = Recall { id: "R-9".into(), reason: "May contain glass.".into(), articles: vec![article] };
        let now = Stamp { ms: now_ms, quality: ClockQuality::Synchronised };
        recalls::put(writer.connection(), &folders, recall, now).unwrap();
        Ok(())
    });
    publish.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_article_shows_its_price_here_and_its_stock_elsewhere_and_a_recall_stops_an_open_sale() {
    let folder = tempfile::tempdir().unwrap();
    let head_office = office(&folder.path().join("ho"), 0).await;
    stocked(&head_office).await;
    publish(&head_office).await;
    let running = shop(&folder.path().join("node"), &head_office).await;
    let node = running.node.clone();
    until("goods, prices and stock", async || {
        let has = |feed| node.screen().feeds.iter().any(|status| status.feed == feed);
        has(Feed::Catalogue) && has(Feed::Prices) && has(Feed::Stock) && node.screen().link.online
    })
    .await;
    let milk = Sku::new(MILK).unwrap();
    let info = async || node.article(&milk).await.unwrap().unwrap();

    let shown = info().await;
    let offer = shown.offer.unwrap();
    assert_eq!((offer.price, offer.list.as_deref(), offer.pays), (Money::from_minor(100), Some("autumn"), Money::from_minor(90)));
    assert_eq!(node.search(MILK, 5).await.unwrap()[0].offer.as_ref().unwrap().pays, Money::from_minor(90));
    ask(&node, "a", "1", scan(MILK)).await.unwrap();
    let total = || node.screen().workstations[&till("1").unwrap()].totals.as_ref().unwrap().total;
    assert_eq!(total(), Money::from_minor(90), "the basket charges what was shown");
    until("the other shop's stock", async || info().await.elsewhere.is_some()).await;
    let elsewhere = info().await.elsewhere.unwrap();
    assert_eq!((elsewhere.len(), elsewhere[0].store.as_str(), elsewhere[0].quantity), (1, "potsdam-1", Qty::pieces(7)));
    let age_ms = jiff::Timestamp::now().as_millisecond() - elsewhere[0].as_of_ms;
    assert!((3_500_000..7_200_000).contains(&age_ms), "{age_ms}");
    // Its own stock is no other shop's.
    assert_eq!(info().await.on_hand, Some(Qty::pieces(10)));

    // A recall comes while the sale is open.
    let article = node.shared().views.by_sku(&milk).unwrap().unwrap();
    let gtin = counterfoil::node::facts::gtins(&article.codes).next().unwrap().to_owned();
    recall(&head_office, gtin).await;
    until("the recall", async || !info().await.recalls.is_empty()).await;
    assert!(info().await.recalls[0].whole);
    let refused = ask(&node, "b", "1", cash(500)).await.unwrap_err();
    assert!(matches!(&refused, AskError::Refused(refusal, _) if refusal.code() == "recalled_in_sale"), "{refused}");
    let feedback = node.screen().workstations[&till("1").unwrap()].feedback.clone().unwrap();
    assert_eq!(feedback.line, Some(1), "the page offers to delete it");
    let refused = ask(&node, "c", "1", Command::StartCard { amount: None }).await.unwrap_err();
    assert!(matches!(&refused, AskError::Refused(refusal, _) if refusal.code() == "recalled_in_sale"), "{refused}");
    ask(&node, "d", "1", Command::VoidLine { line: 1 }).await.unwrap();
    ask(&node, "e", "1", scan("100002")).await.unwrap();
    ask(&node, "f", "1", cash(50_000)).await.unwrap();

    // With the line down, what was heard is shown, with its age.
    head_office.stop().await;
    until("the line is down", async || !node.screen().link.online).await;
    assert_eq!(info().await.elsewhere.unwrap()[0].quantity, Qty::pieces(7));
    running.stop().await.unwrap();
}
