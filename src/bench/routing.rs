//! What it costs to find a place for an order among a thousand stores: the order is taken, routed and committed as intake does it, beside the same
//! orders put into the store that the customer chose.

use std::path::Path;
use std::time::Instant;

use super::postgres;
use super::row::{Figure, Row, Unit};
use super::samples::Samples;
use super::scan::grouped;
use super::{BenchArguments, CannotMeasure, Size};
use crate::head_office::db::{self, Connection, params};
use crate::head_office::intake::order::{ChannelOrder, Fulfilment};
use crate::head_office::orders;
use crate::head_office::routing::{self, RouteState, book, rules};
use crate::head_office::storage::Folders;
use crate::head_office::writer::{WriteError, Writer};
use crate::ids::OrderNo;
use crate::sim::dice::Dice;

const ARTICLES: u64 = 20;
const LINES: u64 = 3;
const KEPT_MS: i64 = 72 * 3_600_000;
/// Far enough that no store is too far.
const ELSEWHERE_KM: u32 = 20_000;

pub fn measure(folder: &Path, arguments: &BenchArguments, size: Size) -> Result<Row, CannotMeasure> {
    let (stores, orders) = size.pick((1_000, 500), (40, 20));
    let what = format!(
        "{} orders of {LINES} articles, one after the other, to be collected in one of {} stores that hold rights; each flushed before it is answered",
        grouped(orders),
        grouped(stores)
    );
    let mut row = Row::new("routing", what);
    on(&mut row, "SQLite", &Folders { root: folder.join("routing"), server: None }, stores, orders)?;
    postgres::as_well(&mut row, arguments, |row, _, server| {
        on(row, "PostgreSQL", &Folders { root: folder.join("routing-postgres"), server: Some(server) }, stores, orders)
    })?;
    row.note("routed: any store may take the order, so stock, rights, distance and load of all of them are read and weighed");
    row.note(
        "baseline: the same orders are taken for the store that the customer chose; no other place is looked at, and no reasons are kept",
    );
    Ok(row)
}

fn on(row: &mut Row, name: &str, folders: &Folders, stores: u64, orders: u64) -> Result<(), CannotMeasure> {
    folders.create().map_err(CannotMeasure::doing("making a folder"))?;
    let mut writer = Writer::open(folders).map_err(CannotMeasure::doing("opening the database"))?;
    writer.transaction(|writer| fill(writer.connection(), stores)).map_err(CannotMeasure::doing("making stores"))?;
    writer.connection().execute_batch("ANALYZE").map_err(CannotMeasure::doing("making stores"))?;
    let document = format!("{}elsewhere_km = {ELSEWHERE_KM}\n", rules::DEFAULT);
    let kept = writer.transaction(|writer| book::keep(writer.connection(), &document, None, "bench", NOW));
    if let Err(why) = kept.map_err(CannotMeasure::doing("keeping rules"))? {
        return Err(CannotMeasure::new("keeping rules", &format!("{why:?}")));
    }
    let fixed = take(&mut writer, "F", stores, orders, |writer, order| {
        let (Fulfilment::Collect { store }, Ok(number)) = (&order.fulfilment, OrderNo::new(order.number.as_str())) else {
            return Ok(false);
        };
        let placed = order.placed(number, store.clone(), &order.lines);
        Ok(orders::put(writer, &placed, NOW, KEPT_MS, false)?.is_ok())
    })?;
    let routed = take(&mut writer, "R", stores, orders, |writer, order| {
        Ok(routing::serve(writer, order, KEPT_MS, NOW)?.is_ok_and(|served| served.state == RouteState::Served))
    })?;
    for (percentile, label) in [(500, "p50"), (990, "p99")] {
        row.figure(
            Figure::new(format!("order routed, {label}, {name}"), routed.percentile_ms(percentile), Unit::Milliseconds)
                .beside("the same orders, put into their store without routing", fixed.percentile_ms(percentile)),
        );
    }
    Ok(())
}

fn take(
    writer: &mut Writer,
    prefix: &str,
    stores: u64,
    orders: u64,
    serve: impl Fn(&Writer, &ChannelOrder) -> Result<bool, WriteError>,
) -> Result<Samples, CannotMeasure> {
    let failed = "taking an order";
    let mut dice = Dice::new(1);
    let mut samples = Samples::with_capacity(usize::try_from(orders).unwrap_or_default());
    for number in 0..orders {
        let order = order(&format!("{prefix}{number}"), dice.below(stores), &mut dice).map_err(CannotMeasure::doing(failed))?;
        let began = Instant::now();
        let served = writer.transaction(|writer| serve(writer, &order));
        samples.since(began);
        if !served.map_err(CannotMeasure::doing(failed))? {
            return Err(CannotMeasure::new(failed, "an order went nowhere"));
        }
    }
    Ok(samples)
}

const NOW: i64 = 1_795_000_000_000;

fn order(number: &str, store: u64, dice: &mut Dice) -> Result<ChannelOrder, serde_json::Error> {
    let first = dice.below(ARTICLES);
    let lines: Vec<serde_json::Value> = (0..LINES)
        .map(|line| serde_json::json!({ "line": line + 1, "sku": sku((first + line * 7) % ARTICLES), "quantity": 1000 }))
        .collect();
    serde_json::from_value(serde_json::json!({
        "channel": "web", "number": number, "version": 1, "fulfilment": { "collect": { "store": format!("s{store:05}") } },
        "promised_ms": NOW + 7_200_000, "may_split": false, "partial": false, "lines": lines,
    }))
}

fn sku(number: u64) -> String {
    format!("{:06}", 100_000 + number)
}

/// Stores over some hundreds of kilometres, each with stock of every article and rights for it.
fn fill(connection: &Connection, stores: u64) -> db::Result<()> {
    for number in 0..ARTICLES {
        let sku = sku(number);
        let article = serde_json::json!({ "sku": sku, "name": "Sample article, 500 g", "tax_class": "standard", "price": 199 });
        connection.execute(
            "INSERT INTO articles (sku, name, article) VALUES (?1, 'Sample article, 500 g', ?2)",
            params![sku, article.to_string()],
        )?;
    }
    let padded = |number: &str, width: usize| match connection.is_shared() {
        true => format!("lpad(CAST({number} AS TEXT), {width}, '0')"),
        false => format!("printf('%0{width}d', {number})"),
    };
    let numbers =
        |count: u64| format!("WITH RECURSIVE n (i) AS (SELECT CAST(0 AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {count})");
    let (all, store, sku) = (stores * ARTICLES, format!("'s' || {}", padded("i / 20", 5)), padded("i % 20 + 100000", 6));
    let of_store = format!("'s' || {}", padded("i", 5));
    let statements = [
        format!("INSERT INTO stores (store, name, region) {} SELECT {of_store}, 'Store ' || i, 'r' || i % 10 FROM n", numbers(stores)),
        format!(
            "INSERT INTO places (store, kind, name, region, address, latitude, longitude, time_zone, ships, collects, cutoff_minute, work_days,
               closed_days, capacity_day, cost, lead_days, stock_hours, accept_minutes, active, changed_ms)
             {} SELECT {of_store}, 'store', '', '', '', 48000000 + i * 7919 % 6000000, 7000000 + i * 104729 % 7000000, 'Europe/Berlin', 0, 1, NULL, 127,
               '', NULL, 0, 0, 24, 240, 1, 0 FROM n",
            numbers(stores)
        ),
        format!("INSERT INTO stock (store, sku, quantity, version) {} SELECT {store}, {sku}, 1000000, 1 FROM n", numbers(all)),
        format!(
            "INSERT INTO rights (store, lead, office, sku, granted, wanted) {} SELECT {store}, 0, 1, {sku}, 900000, 900000 FROM n",
            numbers(all)
        ),
    ];
    statements.iter().try_for_each(|statement| connection.execute_batch(statement))
}
