//! Journal against sum: what was counted otherwise than it is recorded is found and named, and nothing else is.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use counterfoil::head_office::figures::{By, Period, Scope, turnover};
use counterfoil::head_office::ingest::Batch;
use counterfoil::head_office::reconcile::{self, Reconcile, ReconciliationRow};
use counterfoil::head_office::serve;
use counterfoil::head_office::writer::Writer;
use counterfoil::ids::StoreId;
use counterfoil::sync::wire::RecordsQuery;
use counterfoil::time::{BusinessDate, SystemClock};

use super::ingest::Office;
use super::over_http::PATIENCE;
use super::shop::Shop;

const DAY: &str = "2026-11-22";
/// Noon of that day in UTC.
const NOON_MS: i64 = 1_795_348_800_000;

fn a_shop(date: &str, noon_ms: i64) -> Shop {
    let mut shop = Shop::new("s1", "n1");
    (shop.at_ms, shop.date) = (noon_ms - 86_400_000, day(date).yesterday().unwrap().to_string());
    shop.sale(&[("apple", 1000, 100)]);
    (shop.at_ms, shop.date) = (noon_ms, date.to_owned());
    for index in 0..20 {
        shop.sale(&[("apple", 1000, 100 + index), ("bread", 2000, 250)]);
    }
    (shop.at_ms, shop.date) = (noon_ms + 86_400_000, day(date).tomorrow().unwrap().to_string());
    shop.sale(&[("apple", 1000, 100)]);
    shop.mark();
    shop
}

fn day(text: &str) -> BusinessDate {
    text.parse().unwrap()
}

impl Office {
    fn reconciled(&self) -> (String, bool) {
        let config = crate::storage::config(self.folder.path(), 0);
        let wanted = Reconcile { store: Some(StoreId::new("s1").unwrap()), day: Some(day(DAY)), count_again: false };
        reconcile::on_demand(&config, &wanted, self.now_ms).unwrap()
    }

    fn row(&self) -> ReconciliationRow {
        reconcile::list(self.writer.connection(), Some("s1"), Some(DAY), 1).unwrap().remove(0)
    }

    fn does(&self, sql: &str) {
        self.writer.connection().execute_batch(sql).unwrap();
    }

    fn open_exceptions(&self) -> Vec<(i64, u64, String)> {
        let sql = "SELECT id, seq, reason FROM exceptions WHERE kind = 'reconciliation' AND settled_ms IS NULL ORDER BY seq";
        let mut statement = self.writer.connection().prepare_cached(sql).unwrap();
        statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap().collect::<Result<_, _>>().unwrap()
    }
}

#[test]
fn a_difference_is_found_and_exactly_its_record_is_named() {
    let (shop, mut office) = (a_shop(DAY, NOON_MS), Office::new());
    // In pieces, so that the day stands in several chunks.
    for from in (1..=shop.head_seq()).step_by(7) {
        office.send(&shop, from, (from + 6).min(shop.head_seq()));
    }
    let (words, differ) = office.reconciled();
    assert!(!differ && words.contains("20 transactions") && words.contains("agrees to the cent"), "{words}");
    assert_eq!((office.row().transactions, office.row().differences, office.row().details.len()), (20, 0, 0));

    // The fifth sale of the day. Its record, and nothing else, is named, whatever of it was changed.
    let sql = "SELECT seq FROM transactions WHERE business_date = '2026-11-22' ORDER BY id LIMIT 1 OFFSET 4";
    let seq = u64::try_from(office.number(sql)).unwrap();
    let number: String =
        office.writer.connection().query_row("SELECT number FROM transactions WHERE seq = ?1", [seq], |row| row.get(0)).unwrap();
    let of_it = format!("(SELECT id FROM transactions WHERE seq = {seq})");
    let check = |planted: &str, mended: &str, what: &str, amounts: (Option<i64>, Option<i64>)| {
        office.does(planted);
        let (words, differ) = office.reconciled();
        assert!(differ && words.contains(&format!("receipt {number}, record {seq} of n1, {what}")), "{planted}: {words}");
        let row = office.row();
        let [difference] = row.details.as_slice() else { panic!("{planted}: {row:?}") };
        assert_eq!((difference.record.as_ref().unwrap().seq, difference.what.as_str()), (seq, what), "{planted}");
        assert_eq!((difference.journal, difference.counted), amounts, "{planted}");
        let open = office.open_exceptions();
        assert!(open.len() == 1 && open[0].1 == seq && open[0].2.contains(&number), "{planted}: {open:?}");
        assert!(office.incidents().is_empty(), "the sums are right: {:?}", office.incidents());
        office.does(mended);
        let (words, differ) = office.reconciled();
        assert!(!differ && office.open_exceptions().is_empty(), "{mended}: {words}");
    };
    check(
        &format!("UPDATE transactions SET total = total + 1 WHERE seq = {seq}"),
        &format!("UPDATE transactions SET total = total - 1 WHERE seq = {seq}"),
        "total",
        (Some(604), Some(605)),
    );
    check(
        &format!("UPDATE lines SET quantity = 3000 WHERE line = 2 AND txn = {of_it}"),
        &format!("UPDATE lines SET quantity = 2000 WHERE line = 2 AND txn = {of_it}"),
        "line 2, quantity",
        (Some(2000), Some(3000)),
    );
    check(
        &format!("UPDATE tenders SET amount = amount - 4 WHERE txn = {of_it}"),
        &format!("UPDATE tenders SET amount = amount + 4 WHERE txn = {of_it}"),
        "tender 1, cash",
        (Some(604), Some(600)),
    );
    check(
        &format!("UPDATE stock_moves SET quantity = -1000 WHERE sku = 'bread' AND seq = {seq}"),
        &format!("UPDATE stock_moves SET quantity = -2000 WHERE sku = 'bread' AND seq = {seq}"),
        "stock of bread, thousandths",
        (Some(-2000), Some(-1000)),
    );

    // Counted on another day, it is missing on this one; its own sums say so as well as its name.
    office.does(&format!("UPDATE transactions SET business_date = '2026-11-20' WHERE seq = {seq}"));
    let (words, _) = office.reconciled();
    assert!(words.contains(&format!("receipt {number}, record {seq} of n1, transaction: not counted on this day")), "{words}");
    assert_eq!(office.row().differences, 1, "{words}");
    // A person looks again before it is mended, and after.
    let open = office.open_exceptions();
    let (id, now_ms) = (open[0].0, office.now_ms);
    office.does(&format!("UPDATE transactions SET business_date = '2026-11-22', tax = 7 WHERE seq = {seq}"));
    let still = office.writer.transaction(|writer| writer.replay_exception(id, now_ms)).unwrap();
    assert!(still.as_ref().unwrap().as_ref().unwrap_err().contains("tax: the journal says 0, head office counts 7"), "{still:?}");
    office.does(&format!("UPDATE transactions SET tax = 0 WHERE seq = {seq}"));
    assert_eq!(office.writer.transaction(|writer| writer.replay_exception(id, now_ms)).unwrap(), Some(Ok(())));
    assert!(office.open_exceptions().is_empty());
}

#[test]
fn sums_that_are_not_what_their_records_come_to_are_an_incident() {
    let (shop, mut office) = (a_shop(DAY, NOON_MS), Office::new());
    office.send(&shop, 1, shop.head_seq());
    for (table, column, name) in [
        ("sales_days", "total", "sum of the day in EUR: total"),
        ("sales_days", "cash", "sum of the day in EUR: cash"),
        ("figure_hours", "returned", "sum of the hours in EUR: returned"),
        ("figure_tenders", "amount", "sum of tenders in EUR: cash"),
    ] {
        let change = |by: &str| format!("UPDATE {table} SET {column} = {column} {by} WHERE business_date = '{DAY}'");
        office.does(&change("+ 5"));
        let (words, differ) = office.reconciled();
        assert!(differ && words.contains(name), "{words}");
        assert!(office.row().details.iter().all(|difference| difference.record.is_none()), "{words}");
        assert_eq!(office.incidents(), ["sums differ"]);
        office.does(&change("- 5"));
        office.reconciled();
        assert!(office.incidents().is_empty(), "it is over");
    }
    // A whole day that is gone, and then made again from the records.
    office.does(&format!("DELETE FROM transactions WHERE business_date = '{DAY}'; DELETE FROM sales_days WHERE business_date = '{DAY}'"));
    let (words, _) = office.reconciled();
    assert_eq!(words.matches("transaction: not counted on this day").count(), 20, "{words}");
    let config = crate::storage::config(office.folder.path(), 0);
    reconcile::on_demand(&config, &Reconcile { store: None, day: None, count_again: true }, office.now_ms).unwrap();
    office.restart();
    assert!(!office.reconciled().1);
}

/// Three days of sales, taken in while nobody looked; of the one in the middle, which is over everywhere, one payment is counted wrongly.
pub async fn a_wrong_payment(folder: &Path) -> BusinessDate {
    let over = jiff::Zoned::now().with_time_zone(jiff::tz::TimeZone::UTC).date().checked_sub(jiff::Span::new().days(2)).unwrap();
    let noon_ms = over.to_zoned(jiff::tz::TimeZone::UTC).unwrap().timestamp().as_millisecond() + 43_200_000;
    let shop = a_shop(&over.to_string(), noon_ms);
    let folders = crate::storage::folders(folder);
    let taken = tokio::task::spawn_blocking(move || {
        let mut writer = Writer::open(&folders).unwrap();
        let batch = Batch::read(&shop.lines(1, shop.head_seq()), &shop.store, &shop.node);
        let query = RecordsQuery { from: 1, ..RecordsQuery::default() };
        writer.transaction(|writer| writer.records(&shop.store, &shop.node, &batch, &query, noon_ms)).unwrap();
        let sql = "UPDATE tenders SET amount = 1 WHERE txn = (SELECT min(id) + 3 FROM transactions)";
        writer.connection().execute_batch(sql).unwrap();
    });
    taken.await.unwrap();
    over
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_night_reconciles_by_itself_and_the_page_and_api_tell() {
    let folder = tempfile::tempdir().unwrap();
    let over = a_wrong_payment(folder.path()).await;
    let office = serve::start(crate::storage::config(folder.path(), 0), Arc::new(SystemClock::new())).await.unwrap();
    let deadline = Instant::now() + PATIENCE;
    let client = reqwest::Client::new();
    let address = format!("http://{}/api/v1/reconciliations", office.pages_address);
    let found = loop {
        let text = client.get(format!("{address}?day={over}")).send().await.unwrap().text().await.unwrap();
        let rows: serde_json::Value = serde_json::from_str(&text).unwrap();
        if let Some(row) = rows["rows"].as_array().unwrap().first() {
            break row.clone();
        }
        assert!(Instant::now() < deadline, "the night did not come");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    };
    assert_eq!((&found["transactions"], &found["differences"]), (&20.into(), &1.into()), "{found}");
    assert_eq!(found["details"][0]["what"], "tender 1, cash", "{found}");
    let number = found["details"][0]["record"]["number"].as_str().unwrap();

    let page = async |path: &str| client.get(format!("http://{}{path}", office.pages_address)).send().await.unwrap().text().await.unwrap();
    let told = page("/reconciliation").await;
    assert!(told.contains(number) && told.contains("tender 1, cash") && told.contains("1 difference"), "{told}");
    assert!(page("/incidents").await.contains(number));

    // On demand, of a day and a store that are there, and of none.
    let wanted = |store: &str| client.post(&address).json(&serde_json::json!({"store": store, "day": over.to_string()}));
    let again: serde_json::Value = serde_json::from_str(&wanted("s1").send().await.unwrap().text().await.unwrap()).unwrap();
    assert_eq!(again["differences"], 1, "{again}");
    assert_eq!(wanted("s9").send().await.unwrap().status().as_u16(), 404);
    office.stop().await;
}

/// 20 apples at 1.00 and 40 loaves at 2.50 were sold that day: 120.00. Of 100 apples 22 are sold, of 50 loaves 40, of 5 jars at 4.00 none: 78.00 + 25.00 + 20.00
/// lie there in the night. 120 / 123 × 365 = 356.10 times a year.
#[test]
fn inventory_turnover_is_what_was_worked_out_by_hand() {
    let (shop, mut office) = (a_shop(DAY, NOON_MS), Office::new());
    office.send(&shop, 1, shop.head_seq());
    office.does(
        "INSERT INTO articles (sku, name, article, price) VALUES ('apple', 'Apple', '{}', 100), ('bread', 'Bread', '{}', 250), ('jam', 'Jam', '{}', 400),
           ('ham', 'Ham', '{}', NULL);
         INSERT INTO baselines (store, version, as_of, heads) VALUES ('s1', 1, '{}', '{}');
         INSERT INTO stock (store, sku, quantity, version) VALUES ('s1', 'apple', 100000, 1), ('s1', 'bread', 50000, 1), ('s1', 'jam', 5000, 1),
           ('s1', 'ham', 1000, 1), ('s1', 'oops', -3000, 1)",
    );
    let scope = Scope { period: Period::new(day(DAY), day(DAY)).unwrap(), store: None };
    let list = |office: &Office, by: By| turnover::list(office.writer.connection(), &scope, by, "EUR").unwrap();
    // Three in the morning; the store was last heard of in the evening.
    office.now_ms = NOON_MS + 15 * 3_600_000;
    office.does(&format!("UPDATE nodes SET last_contact_ms = {}", NOON_MS + 7 * 3_600_000));
    office.reconciled();
    assert!(list(&office, By::Nothing).is_empty(), "what nobody knows is not guessed");
    office.does(&format!("UPDATE nodes SET last_contact_ms = {}", office.now_ms));
    office.reconciled();
    let [all] = list(&office, By::Nothing).try_into().unwrap();
    assert_eq!((all.store_days, all.on_hand, all.sold, all.unpriced), (1, 12_300, 12_000, 1));
    assert_eq!((all.average_stock(), all.per_year()), (Some(12_300), Some(35_610)));
    assert_eq!(list(&office, By::Store)[0].key, "s1");

    // What comes later changes what was sold, not what lay there.
    office.now_ms += 3 * 86_400_000;
    office.does("UPDATE lines SET quantity = 3000 WHERE line = 2 AND txn = (SELECT max(txn) FROM lines WHERE line = 2); DELETE FROM stock");
    office.reconciled();
    let [all] = list(&office, By::Nothing).try_into().unwrap();
    assert_eq!((all.on_hand, all.sold), (12_300, 12_250));
}
