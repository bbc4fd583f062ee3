//! Head office's figures against sums worked by hand: everything a till can do, done at a real one, its journal sent over a real line.

use counterfoil::head_office::db::params;
use counterfoil::head_office::figures::{self, By, Period, Scope, orders as order_figures, sales};
use counterfoil::head_office::orders;
use counterfoil::retail::order::{OrderAct, ShortWhy, Shown};
use counterfoil::retail::pricing::Reduction;
use counterfoil::retail::{Disposition, TransactionRecord};

use super::orders::{Office, act, find, number, office, placed, shop, stocked, until};
use super::*;

/// Mineral water of the demo's goods, 1 l, 19 %; the milk has 7 %. Prices include the tax.
fn water() -> String {
    let good = goods().into_iter().find(|good| good.article.name.contains("Mineral water sparkling") && good.article.name.contains("1 l"));
    let article = good.expect("the demo has water").article;
    assert_eq!((article.price, article.tax_class.as_str()), (Some(Money::from_minor(79)), "A"));
    article.sku.to_string()
}

/// Acts at till 1 and shows its last receipt.
struct Till {
    node: Node,
    acts: u32,
}

impl Till {
    async fn does(&mut self, command: Command) -> Answer {
        self.acts += 1;
        ask(&self.node, &format!("act-{}", self.acts), "1", command).await.unwrap()
    }

    async fn scans(&mut self, code: &str, pieces: i64) {
        self.does(Command::AddLine { code: code.to_owned(), quantity: Some(Qty::pieces(pieces)) }).await;
    }

    fn last(&self) -> TransactionRecord {
        (**self.node.screen().workstations[&till("1").unwrap()].last.as_ref().unwrap()).clone()
    }

    async fn takes_back_one(&mut self, of: &TransactionRecord) {
        let (receipt, reason) = (of.number.to_string(), "unwanted".to_owned());
        let (quantity, disposition) = (Some(Qty::ONE), Disposition::Shelf);
        self.does(Command::ReturnLine { receipt, line: 1, quantity, disposition, reason }).await;
        self.does(Command::Refund { by: None }).await;
    }
}

/// | what | total | tax | |
/// |---|---|---|---|
/// | 3 milk at 1.29 and 1 water at 0.79, cash 5.00 | 4.66 | 0.25 + 0.13 | 3.87 × 7/107 = 0.253; 0.79 × 19/119 = 0.126 |
/// | 2 milk, 10 % off, card | 2.32 | 0.15 | 2.58 × 10 % = 0.258, so 0.26 off; 2.32 × 7/107 = 0.152 |
/// | one of the three milk comes back | −1.29 | −0.08 | a third of 0.25 |
/// | 1 milk, then undone by a post void | 1.29 − 1.29 | 0.08 − 0.08 | |
/// | 1 milk, given up before it was paid | | | one void |
/// | 1 milk, for practice | | | counts nowhere |
/// | an order of 2 milk at 0.99 from the web shop, paid here | 1.98 | 0.13 | 1.98 × 7/107 = 0.130 |
/// | one of those comes back | −0.99 | −0.07 | half of 0.13, half up |
/// | an order of a milk and a butter at 1.49, paid to the web shop; the butter was not there | | | no sale of ours |
/// | an order of a milk, cancelled before anybody began | | | |
async fn a_day(till: &mut Till, office: &Office) {
    till.scans(MILK, 3).await;
    till.scans(&water(), 1).await;
    till.does(cash(500)).await;
    let first = till.last();
    till.scans(MILK, 2).await;
    let discount = Command::DiscountLine { line: 1, off: Some(Reduction::Percent(1000)), reason: "damaged".to_owned() };
    till.does(discount).await;
    let attempt = till.does(Command::StartCard { amount: None }).await.attempt.unwrap();
    till.does(Command::EndCard { attempt, paid: true }).await;
    till.takes_back_one(&first).await;
    till.scans(MILK, 1).await;
    till.does(cash(129)).await;
    let undone = till.last().txn;
    till.does(Command::PostVoid { txn: undone }).await;
    till.scans(MILK, 1).await;
    till.does(Command::VoidTransaction {}).await;
    till.does(Command::SetTraining { on: true }).await;
    till.scans(MILK, 1).await;
    till.does(cash(129)).await;
    till.does(Command::SetTraining { on: false }).await;

    let node = till.node.clone();
    let mut here = placed("D1", 2);
    (here.lines[0].pay_in_store, here.lines[0].unit_price) = (true, Some(Money::from_minor(99)));
    let mut online = placed("D2", 1);
    let other = orders::PlacedLine { sku: counterfoil::ids::Sku::new("100002").unwrap(), ..online.lines[0].clone() };
    online.lines.push(other);
    online.lines.iter_mut().for_each(|line| line.unit_price = Some(Money::from_minor(149)));
    let sent = office.office.write(|writer, now_ms| {
        let sql = "INSERT INTO channel_orders (channel, number, store, version, sent, content, refused, order_no, came_ms, changed_ms)
                   VALUES ('web', 'W-1', 'berlin-1', 1, '', '{}', '[]', 'D1', ?1, ?1)";
        Ok(writer.connection().execute(sql, params![now_ms])?)
    });
    sent.await.unwrap();
    for order in [here, online, placed("D3", 1)] {
        orders::place(&office.office, order).await.unwrap();
    }
    until("the orders in the shop", async || ["D1", "D2", "D3"].iter().all(|order| find(&node, order).is_some())).await;
    super::orders::staged(&node, "D1", "C01").await;
    let pay =
        OrderAct::Pay { order: number("D1"), shown: Shown::Name, bags: vec![1], leaves: Vec::new(), later: Vec::new(), of_age: false };
    act(&node, pay).await.unwrap();
    till.does(cash(200)).await;
    let paid = till.last();
    till.takes_back_one(&paid).await;
    act(&node, OrderAct::StartPicking { order: number("D2"), take_over: false }).await.unwrap();
    act(&node, OrderAct::Pick { orders: vec![number("D2")], code: MILK.to_owned(), quantity: None }).await.unwrap();
    act(&node, OrderAct::Short { order: number("D2"), line: 2, why: ShortWhy::WrongPlace }).await.unwrap();
    act(&node, OrderAct::FinishPicking { order: number("D2"), bags: 1 }).await.unwrap();
    let place = counterfoil::ids::PlaceCode::new("C02").unwrap();
    act(&node, OrderAct::Stage { order: number("D2"), bag: 1, place }).await.unwrap();
    orders::cancel(&office.office, number("D3")).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_figure_is_what_was_worked_out_by_hand() {
    let folder = tempfile::tempdir().unwrap();
    let office = office(&folder.path().join("ho"), 0).await;
    stocked(&office).await;
    let running = shop(&folder.path().join("node"), &office).await;
    let mut till = Till { node: running.node.clone(), acts: 0 };
    a_day(&mut till, &office).await;
    let day = till.last().business_date;
    let scope = Scope { period: Period::new(day, day).unwrap(), store: None };
    let cancelled = "SELECT count(*) FROM order_times WHERE ending = 'cancelled'";
    let count = async |sql: &'static str| office.office.read(move |c| c.query_row(sql, [], |row| row.get::<_, i64>(0))).await.unwrap();
    until("the day at head office", async || count(cancelled).await == 1).await;
    let head = till.node.durable().borrow().seq;
    let all = async || count("SELECT max(head_seq) FROM branches").await >= i64::try_from(head).unwrap();
    until("all of it", all).await;
    let now_ms = office.office.now_ms();
    let asked = scope.clone();
    let found = office.office.read(move |connection| figures::of(connection, &asked, "EUR", now_ms)).await.unwrap();

    let [euro] = found.sales.as_slice() else { panic!("{:?}", found.sales) };
    // 4.66 + 2.32 + 1.29 + 1.98, less 1.29 + 1.29 + 0.99.
    assert_eq!((euro.gross(), euro.net(), euro.tax), (668, 617, 51), "{euro:?}");
    // Paid sales are four, of which one was undone; two receipts of returned goods.
    assert_eq!((euro.sales, euro.transactions(), euro.post_voids, euro.returns, euro.voids), (4, 3, 1, 2, 1), "{euro:?}");
    // Sold and not undone: 4.66 + 2.32 + 1.98; back: 1.29 + 0.99.
    assert_eq!((euro.goods_sold(), euro.goods_returned(), euro.discounts, euro.rounding), (896, 228, -26, 0), "{euro:?}");
    // 8.96 / 3 = 2.987; 2.28 / 8.96 = 0.2545.
    assert_eq!((euro.average_basket(), euro.return_rate()), (Some(299), Some(254)));
    assert!(found.sales_before.is_empty());
    assert_eq!((found.by_day[0].key.as_str(), found.by_day[0].total), (day.to_string().as_str(), 668));
    assert_eq!((found.by_store[0].key.as_str(), found.by_store[0].total), ("berlin-1", 668));
    assert_eq!(found.by_hour.iter().map(|hour| hour.total).sum::<i64>(), 668);

    // Of the till: 4.66 + 2.32 sold, 1.29 back. Of orders: 1.98 sold, 0.99 back, though that was at a till.
    let channel = |name: &str| found.by_channel.iter().find(|sums| sums.key == name).unwrap();
    let of = |name: &str| (channel(name).goods_sold(), channel(name).goods_returned(), channel(name).gross(), channel(name).return_rate());
    assert_eq!(of("till"), (698, 129, 569, Some(185)));
    assert_eq!(of("web"), (198, 99, 99, Some(500)));

    // Cash: 4.66 − 1.29 + 1.29 − 1.29 + 1.98 − 0.99, in six payments; change is not kept. The card: 2.32.
    let kept: Vec<_> = found.tenders.iter().map(|sum| (sum.kind.as_str(), sum.payments, sum.amount)).collect();
    assert_eq!(kept, [("card", 1, 232), ("cash", 6, 436)]);
    // At 19 % the water alone. At 7 %: 0.25 + 0.15 − 0.08 + 0.08 − 0.08 + 0.13 − 0.07 of tax, on what is left of 5.89 with it.
    let rates: Vec<_> = found.taxes.iter().map(|sum| (sum.rate, sum.base, sum.tax)).collect();
    assert_eq!(rates, [(190_000, 66, 13), (70_000, 551, 38)]);

    // Three orders; one cancelled. Both others were ready in time; one of three lines was short.
    let orders = &found.orders;
    assert_eq!((orders.orders, orders.ready, orders.handed_over, orders.cancelled), (3, 2, 1, 1), "{orders:?}");
    assert_eq!((orders.promises_kept, orders.promises_due, orders.promise_kept()), (2, 2, Some(1000)), "{orders:?}");
    assert_eq!((orders.short_lines, orders.picked_lines, orders.short_rate()), (1, 3, Some(333)), "{orders:?}");
    assert!(orders.fulfilment_median_ms.unwrap() <= orders.fulfilment_p90_ms.unwrap());
    let of = |name: &str| found.orders_by_channel.iter().find(|sums| sums.key == name).unwrap();
    let (web, own) = (of("web"), of("collect"));
    assert_eq!((web.orders, web.handed_over, web.returned, web.picked_lines), (1, 1, 1, 1), "{web:?}");
    assert_eq!((own.orders, own.handed_over, own.returned, own.picked_lines), (2, 0, 0, 2), "{own:?}");
    // 1.98 + 2.98; nobody said what the third is worth.
    let values: Vec<_> = found.order_values.iter().map(|sum| (sum.currency.as_str(), sum.orders, sum.value, sum.average())).collect();
    assert_eq!(values, [("EUR", 2, 496, Some(248))]);
    let values: Vec<_> = found.order_values_by_channel.iter().map(|sum| (sum.key.as_str(), sum.orders, sum.value)).collect();
    assert_eq!(values, [("collect", 1, 298), ("web", 1, 198)]);
    assert_eq!((found.unsynced[0].store.as_str(), found.unsynced[0].days, found.unsynced[0].records_waiting), ("berlin-1", 0, 0));

    // The same of one store alone, and nothing of another or of another day.
    let alone = |store: &str| Scope { store: Some(store.to_owned()), ..scope.clone() };
    let (berlin, hamburg) = (alone("berlin-1"), alone("hamburg-2"));
    let before = Scope { period: scope.period.before(), store: None };
    let (here, there, earlier) = office
        .office
        .read(move |connection| {
            let sums = |scope: &Scope| sales::sums(connection, scope, By::Channel);
            Ok((sums(&berlin)?, sums(&hamburg)?, order_figures::sums(connection, &before, By::Nothing, now_ms)?))
        })
        .await
        .unwrap();
    assert_eq!(here, found.by_channel);
    assert!(there.is_empty() && earlier.is_empty());

    // Counted again from the stored bytes it is the same.
    let stored = folder.path().join("ho");
    running.stop().await.unwrap();
    office.stop().await;
    let again = {
        let folders = crate::storage::folders(&stored);
        tokio::task::spawn_blocking(move || {
            use counterfoil::head_office::{storage, writer::Writer};
            storage::open(&folders).unwrap().execute_batch("UPDATE meta SET value = '0' WHERE name = 'projections'").unwrap();
            let writer = Writer::open(&folders).unwrap();
            figures::of(writer.connection(), &scope, "EUR", now_ms).unwrap()
        })
        .await
        .unwrap()
    };
    assert_eq!(again, found);
}
