//! What a page of figures costs over many transactions: rows made by SQL, then the very questions that the page *Figures* asks, beside counting and
//! adding up the same period's transactions one by one.

use std::path::Path;
use std::time::Instant;

use super::postgres;
use super::row::{Figure, Row, Unit};
use super::samples::Samples;
use super::scan::grouped;
use super::{BenchArguments, CannotMeasure, Size};
use crate::head_office::db::{self, Connection, params};
use crate::head_office::figures::{self, By, Period, Scope, orders, sales};
use crate::head_office::storage::{self, Folders};
use crate::time::BusinessDate;

const QUICK_TRANSACTIONS: u64 = 2_000;
/// Each store's transactions on a day; there are as many stores as days, so that both grow with the number of transactions.
const PER_STORE_AND_DAY: u64 = 50;
const DAYS_MAX: u64 = 365;
const LINES: u64 = 3;
/// One order for so many transactions.
const PER_ORDER: u64 = 20;
const PERIOD_DAYS: i64 = 28;

/// How the made-up chain looks.
struct Chain {
    transactions: u64,
    days: u64,
    stores: u64,
}

impl Chain {
    fn new(transactions: u64) -> Chain {
        let cells = (transactions / PER_STORE_AND_DAY).max(1);
        let days = cells.isqrt().clamp(1, DAYS_MAX);
        Chain { transactions, days, stores: (cells / days).max(1) }
    }

    /// The newest days of it.
    fn period(&self) -> Result<Period, CannotMeasure> {
        let failed = "choosing a period";
        let first: BusinessDate = FIRST_DAY.parse().map_err(CannotMeasure::doing(failed))?;
        let days = i64::try_from(self.days).map_err(CannotMeasure::doing(failed))?;
        let to = first.checked_add(jiff::Span::new().days(days - 1)).map_err(CannotMeasure::doing(failed))?;
        let back = PERIOD_DAYS.min(days) - 1;
        let from = to.checked_sub(jiff::Span::new().days(back)).map_err(CannotMeasure::doing(failed))?;
        Period::new(from, to).map_err(|why| CannotMeasure::new(failed, &why))
    }
}

const FIRST_DAY: &str = "2026-01-01";

pub fn measure(folder: &Path, arguments: &BenchArguments, size: Size) -> Result<Row, CannotMeasure> {
    let chain = Chain::new(size.pick(arguments.transactions, QUICK_TRANSACTIONS));
    let what = format!(
        "{} transactions of {} stores on {} days, made by SQL; questions of the page Figures over the newest {} days",
        grouped(chain.transactions),
        grouped(chain.stores),
        chain.days,
        chain.period()?.days()
    );
    let mut row = Row::new("dashboards", what);
    on(&mut row, "SQLite", &Folders { root: folder.join("dashboards"), server: None }, &chain, size)?;
    postgres::as_well(&mut row, arguments, |row, _, server| {
        on(row, "PostgreSQL", &Folders { root: folder.join("dashboards-postgres"), server: Some(server) }, &chain, size)
    })?;
    row.note("the baseline counts and adds up the transactions of the same period, without the sums that grow as they are counted");
    row.note("the stored bytes of the journals are not among those of the database: the row ingest has them");
    Ok(row)
}

fn on(row: &mut Row, name: &str, folders: &Folders, chain: &Chain, size: Size) -> Result<(), CannotMeasure> {
    let connection = storage::open(folders).map_err(CannotMeasure::doing("opening the database"))?;
    fill(&connection, chain).map_err(CannotMeasure::doing("making transactions"))?;
    let period = chain.period()?;
    let chain_scope = Scope { period, store: None };
    let store_scope = Scope { period, store: Some("s00001".to_owned()) };
    let (turns, warm_up) = size.pick((40, 2), (3, 0));
    let p95 = |act: &dyn Fn() -> db::Result<()>, turns: usize, warm_up: usize| -> Result<f64, CannotMeasure> {
        let samples = Samples::of(turns, warm_up, || {
            let began = Instant::now();
            act().map(|()| began.elapsed())
        });
        Ok(samples.map_err(CannotMeasure::doing("asking"))?.percentile_ms(950))
    };
    let now_ms = i64::MAX / 2;
    let (from, to) = (period.from.to_string(), period.to.to_string());
    let count_all = || {
        let sql = "SELECT count(*), sum(total), sum(tax) FROM transactions WHERE business_date BETWEEN ?1 AND ?2";
        connection.prepare_cached(sql)?.query_row(params![from, to], |row| row.get::<_, i64>(0)).map(drop)
    };
    let baseline = p95(&count_all, size.pick(5, 2), 0)?;
    type Question<'a> = (&'a str, Box<dyn Fn() -> db::Result<()> + 'a>);
    let questions: Vec<Question<'_>> = vec![
        ("the whole page, chain, p95", Box::new(|| figures::of(&connection, &chain_scope, "EUR", now_ms).map(drop))),
        ("the whole page, one store, p95", Box::new(|| figures::of(&connection, &store_scope, "EUR", now_ms).map(drop))),
        ("sales by day, p95", Box::new(|| sales::sums(&connection, &chain_scope, By::Day).map(drop))),
        ("sales by store, p95", Box::new(|| sales::sums(&connection, &chain_scope, By::Store).map(drop))),
        ("sales by hour, p95", Box::new(|| sales::sums(&connection, &chain_scope, By::Hour).map(drop))),
        ("sales and returns by channel, p95", Box::new(|| sales::sums(&connection, &chain_scope, By::Channel).map(drop))),
        ("tax by rate, p95", Box::new(|| sales::taxes(&connection, &chain_scope).map(drop))),
        ("tender by kind, p95", Box::new(|| sales::tenders(&connection, &chain_scope).map(drop))),
        ("orders with fulfilment time, p95", Box::new(|| orders::sums(&connection, &chain_scope, By::Store, now_ms).map(drop))),
    ];
    for (label, question) in questions {
        row.figure(
            Figure::new(format!("{label}, {name}"), p95(&question, turns, warm_up)?, Unit::Milliseconds)
                .beside("adding up the same period's transactions", baseline),
        );
    }
    let bytes = stored(&connection).map_err(CannotMeasure::doing("measuring the database"))?;
    row.figure(Figure::new(format!("stored per transaction, {name}"), bytes as f64 / chain.transactions as f64, Unit::Bytes));
    Ok(())
}

fn stored(connection: &Connection) -> db::Result<u64> {
    let sql = if connection.is_shared() {
        "SELECT CAST(coalesce(sum(pg_total_relation_size(c.oid)), 0) AS BIGINT) FROM pg_class c
         WHERE c.relkind = 'r' AND c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema())"
    } else {
        "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
    };
    connection.query_row(sql, [], |row| row.get(0))
}

/// Rows as counting makes them: transactions with lines and tenders first, then every sum from these. Nothing is random.
fn fill(connection: &Connection, chain: &Chain) -> db::Result<()> {
    let shared = connection.is_shared();
    let day = |number: &str| match shared {
        true => format!("to_char(DATE '{FIRST_DAY}' + CAST({number} AS INTEGER), 'YYYY-MM-DD')"),
        false => format!("date('{FIRST_DAY}', '+' || ({number}) || ' days')"),
    };
    let padded = |number: &str, width: usize| match shared {
        true => format!("lpad(CAST({number} AS TEXT), {width}, '0')"),
        false => format!("printf('%0{width}d', {number})"),
    };
    let bytes = |text: &str| match shared {
        true => format!("convert_to({text}, 'UTF8')"),
        false => format!("CAST({text} AS BLOB)"),
    };
    let Chain { transactions, days, stores } = chain;
    let numbers =
        |count: u64| format!("WITH RECURSIVE n (i) AS (SELECT CAST(0 AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {count})");
    let txn = bytes(&padded("i", 16));
    let store = format!("'s' || {}", padded(&format!("i % {stores} + 1"), 5));
    let date = day(&format!("i * {days} / {transactions}"));
    let hour = format!("8 + i / {stores} * 7 % 12");
    let is_return = "i % 25 = 7";
    let total = format!("(CASE WHEN {is_return} THEN -1 ELSE 1 END) * (199 + i * 7919 % 7801)");
    let transaction = connection.begin()?;
    let mut statements = vec![
        format!(
            "INSERT INTO transactions (id, txn, node, branch, seq, event, content, store, kind, number, workstation, business_date, at_ms, currency,
               total, rounding, tax, change, training, line_count)
             {} SELECT i + 1, {txn}, i % {stores} + 1, i % {stores} + 1, i / {stores} + 1, 0, {}, {store},
               CASE WHEN {is_return} THEN 'return' ELSE 'sale' END, '1-00aa-' || {}, '1', {date},
               1767225600000 + i * {days} / {transactions} * 86400000 + ({hour}) * 3600000, 'EUR', {total}, 0, ({total}) * 7 / 107, 0, 0, {LINES} FROM n",
            numbers(*transactions),
            bytes(&format!("{0} || {0}", padded("i", 16))),
            padded("i", 6)
        ),
        format!(
            "INSERT INTO lines (txn, line, sku, name, quantity, unit, unit_price, extended)
             {} SELECT t.id, n.i + 1, {}, 'Sample article, 500 g', 1000, '', t.total / {LINES}, t.total / {LINES} FROM transactions t CROSS JOIN n",
            numbers(LINES),
            padded("(t.id * 31 + n.i * 7) % 400 + 100000", 6)
        ),
        "INSERT INTO tenders (txn, place, kind, amount) SELECT id, 0, CASE WHEN id % 3 = 0 THEN 'card' ELSE 'cash' END, total FROM transactions"
            .to_owned(),
        format!(
            "INSERT INTO returned_lines (original, line, node, txn, place, quantity, amount, kind, store, business_date, currency)
             SELECT {}, 1, node, txn, 1, 1000, -total, 'return', store, business_date, currency FROM transactions WHERE kind = 'return'",
            bytes(&padded("id - 1 - (id - 1) % 20", 16))
        ),
        format!("INSERT INTO order_sales (txn, channel, order_no) SELECT txn, 'collect', 'O' || id FROM transactions WHERE (id - 1) % {PER_ORDER} = 0 AND kind = 'sale'"),
        sums(
            "sales_days (store, business_date, currency, last_ms, cash, card,",
            "max(at_ms), coalesce(sum(total) FILTER (WHERE id % 3 <> 0), 0), coalesce(sum(total) FILTER (WHERE id % 3 = 0), 0),",
            "store, business_date, currency",
            "store, business_date, currency,",
        ),
        sums(
            "figure_hours (store, business_date, currency, channel, hour,",
            "",
            "1, 2, 3, 4, 5",
            &format!(
                "store, business_date, currency, CASE WHEN (id - 1) % {PER_ORDER} = 0 AND kind = 'sale' THEN 'collect' ELSE 'till' END,
                 at_ms / 3600000 % 24,"
            ),
        ),
        "INSERT INTO figure_taxes (business_date, store, currency, name, jurisdiction, rate, base, tax)
         SELECT business_date, store, currency, 'VAT', 'DE', 70000, sum(total - tax), sum(tax) FROM transactions GROUP BY 1, 2, 3"
            .to_owned(),
        "INSERT INTO figure_tenders (business_date, store, currency, kind, payments, amount)
         SELECT t.business_date, t.store, t.currency, m.kind, count(*), sum(m.amount) FROM transactions t JOIN tenders m ON m.txn = t.id
         GROUP BY 1, 2, 3, 4"
            .to_owned(),
        format!(
            "INSERT INTO order_times (order_no, store, channel, number, business_date, lines, value, promised_ms, received_ms, accepted_ms, ready_ms,
               handed_over_ms, picked_lines, short_lines)
             SELECT 'O' || id, store, 'collect', 'O' || id, business_date, 3, total, at_ms + 7200000, at_ms, at_ms + 60000, at_ms + 60000 + id * 7919 % 9000000,
               at_ms + 9100000, 3, CASE WHEN id % 15 = 1 THEN 1 ELSE 0 END
             FROM transactions WHERE (id - 1) % {PER_ORDER} = 0 AND kind = 'sale'"
        ),
    ];
    statements.extend((1..=*stores).step_by(usize::try_from(stores / 1_000 + 1).unwrap_or(1)).map(|store| {
        format!("INSERT INTO nodes (id, store, node, first_seen_ms, last_contact_ms) VALUES ({store}, 's{store:05}', 'n1', 0, 0)")
    }));
    for statement in &statements {
        transaction.execute_batch(statement)?;
    }
    transaction.commit()?;
    connection.execute_batch("ANALYZE")
}

/// The sums that every table of sums has, over all transactions.
fn sums(into: &str, own: &str, group: &str, key: &str) -> String {
    format!(
        "INSERT INTO {into} sales, voids, returns, post_voids, total, tax, rounding, returned, post_voided, discounts)
         SELECT {key} {own} count(*) FILTER (WHERE kind = 'sale'), 0, count(*) FILTER (WHERE kind = 'return'), 0, sum(total), sum(tax), 0,
           coalesce(sum(-total) FILTER (WHERE kind = 'return'), 0), 0, 0
         FROM transactions GROUP BY {group}"
    )
}
