//! What a place without a node says is there, article by article, with the moment for which that is true; and what may be promised of it.
//!
//! *On hand* is all that lies there, also what is set aside for parts that have not left yet. Parts take off what they hold ([`parts`]): an open part
//! until it leaves, one that left until a statement of a later moment comes.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::sheet::{self, Faults};
use super::{PlaceKind, find};
use crate::head_office::atp::{Doubts, Promise};
use crate::head_office::db::{self, Bulk, Connection, Kind, Row, Value, params};
use crate::head_office::queries::ROWS_MAX as ANSWER_ROWS_MAX;
use crate::head_office::stock_figures::{StockFilter, StockRow};
use crate::ids::{PlaceId, Sku};
use crate::money::{Qty, Unit};
use crate::sync::feed::Article;

const ON_HAND_MAX: Qty = Qty::pieces(99_999_999);
/// A place's clock may be ahead of ours by this much.
const AHEAD_MS_MAX: i64 = 300_000;
/// Nobody can promise by what is older.
const AGE_MS_MAX: i64 = 31 * 86_400_000;
const HOUR_MS: i64 = 3_600_000;
/// Articles looked up at once.
const LOOKED_UP: usize = 500;
const WRITTEN: usize = 5_000;

/// What a place says.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = StockStatement)]
pub struct Statement {
    /// For when it is true. Left out: now.
    #[serde(default)]
    pub as_of_ms: Option<i64>,
    /// All that is there: what is not named is not there any more.
    #[serde(default)]
    pub whole: bool,
    pub rows: Vec<Stated>,
}

#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = StatedStock)]
pub struct Stated {
    /// Where it stands in the file; counted when it is left out.
    #[serde(skip)]
    pub row: u64,
    pub sku: String,
    /// Thousandths of the article's unit.
    pub on_hand: Qty,
    /// Where it is another moment than the statement's.
    #[serde(default)]
    pub as_of_ms: Option<i64>,
}

/// What became of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = StockTaken)]
pub struct Taken {
    pub rows: usize,
    /// Of them were passed over: something newer is known.
    pub older: usize,
    pub as_of_ms: i64,
}

/// From a table with the columns `sku`, `on_hand` (in units; comma or point) and, if wanted, `as_of` (with an offset, or by the place's own clock).
pub fn of_table(bytes: &[u8], as_of_ms: Option<i64>, whole: bool, time_zone: &str) -> Result<Statement, Faults> {
    let zone = jiff::tz::TimeZone::get(time_zone).unwrap_or(jiff::tz::TimeZone::UTC);
    let mut faults = Faults::default();
    let mut rows = Vec::new();
    for row in sheet::read(bytes, &["sku", "on_hand"], &["as_of"])? {
        let [sku, on_hand, as_of] = &row.fields[..] else { continue };
        let Some(quantity) = Qty::parse(on_hand) else {
            faults.add(row.number, format!("on_hand {on_hand:?} is no number with up to three decimals: write 12, 0.5 or 0,5"));
            continue;
        };
        let as_of_ms = match as_of.as_str() {
            "" => None,
            text => match moment(text, &zone) {
                Some(ms) => Some(ms),
                None => {
                    faults.add(row.number, format!("as_of {text:?} is no time: write 2026-11-27T14:30:00Z or 2026-11-27 14:30"));
                    continue;
                }
            },
        };
        rows.push(Stated { row: row.number, sku: sku.clone(), on_hand: quantity, as_of_ms });
    }
    if faults.is_empty() { Ok(Statement { as_of_ms, whole, rows }) } else { Err(faults) }
}

/// A time with its offset, or one of this clock.
pub fn moment(text: &str, zone: &jiff::tz::TimeZone) -> Option<i64> {
    if let Ok(at) = text.parse::<jiff::Timestamp>() {
        return Some(at.as_millisecond());
    }
    let civil: jiff::civil::DateTime = text.parse().ok()?;
    civil.to_zoned(zone.clone()).ok().map(|at| at.timestamp().as_millisecond())
}

/// Takes what a place says, all of it or nothing. A row that is older than what is known is passed over.
pub fn state(connection: &Connection, place: &PlaceId, statement: &Statement, now_ms: i64) -> db::Result<Result<Taken, Faults>> {
    let as_of_ms = statement.as_of_ms.unwrap_or(now_ms);
    let mut faults = Faults::default();
    match find(connection, place.as_str())? {
        None => return Ok(Err(Faults::of_all(format!("there is no place {place}")))),
        Some(of) if of.has_node() => return Ok(Err(Faults::of_all(format!("{place} is a store: its stock is what its journal says")))),
        Some(_) => {}
    }
    if statement.rows.is_empty() {
        return Ok(Err(Faults::of_all("no article is named: name each with its on_hand, also those of which nothing is there")));
    }
    if statement.rows.len() > sheet::ROWS_MAX {
        return Ok(Err(Faults::of_all(format!("more than {} articles: send the rest by itself", sheet::ROWS_MAX))));
    }
    if let Some(why) = wrong_moment(as_of_ms, now_ms) {
        return Ok(Err(Faults::of_all(format!("as_of: {why}"))));
    }
    let articles = articles(connection, &statement.rows)?;
    let mut seen: BTreeMap<&str, u64> = BTreeMap::new();
    for (index, stated) in statement.rows.iter().enumerate() {
        let number = if stated.row > 0 { stated.row } else { index as u64 + 1 };
        let sku = stated.sku.as_str();
        if let Some(first) = seen.insert(sku, number) {
            faults.add(number, format!("{sku} stands in row {first} already"));
            continue;
        }
        let Some(unit) = articles.get(sku) else {
            faults.add(number, format!("there is no article {sku:?} in the assortment"));
            continue;
        };
        if stated.on_hand < Qty::ZERO || stated.on_hand > ON_HAND_MAX {
            faults.add(number, format!("on_hand {} of {sku}: it is 0 or more, and less than a hundred million", stated.on_hand.plain()));
        } else if *unit == Unit::Piece && !stated.on_hand.is_whole() {
            faults.add(number, format!("on_hand {} of {sku}: it is counted in whole pieces", stated.on_hand.plain()));
        }
        match stated.as_of_ms {
            Some(at) if statement.whole && at != as_of_ms => {
                faults.add(number, "a whole stock is of one moment: leave as_of out of its rows")
            }
            Some(at) => {
                if let Some(why) = wrong_moment(at, now_ms) {
                    faults.add(number, format!("as_of: {why}"));
                }
            }
            None => {}
        }
    }
    if !faults.is_empty() {
        return Ok(Err(faults));
    }
    let older = write(connection, place, statement, as_of_ms, now_ms)?;
    Ok(Ok(Taken { rows: statement.rows.len(), older, as_of_ms }))
}

fn wrong_moment(at_ms: i64, now_ms: i64) -> Option<String> {
    let shown =
        jiff::Timestamp::from_millisecond(at_ms).map_or_else(|_| at_ms.to_string(), |at| at.strftime("%Y-%m-%d %H:%M UTC").to_string());
    if at_ms > now_ms + AHEAD_MS_MAX {
        return Some(format!("{shown} is in the future: look at the clock of whoever counted"));
    }
    (at_ms < now_ms - AGE_MS_MAX).then(|| format!("{shown} is more than 31 days ago: nobody can promise by that"))
}

/// The unit of each article that is in the assortment.
fn articles(connection: &Connection, rows: &[Stated]) -> db::Result<BTreeMap<String, Unit>> {
    let skus: BTreeSet<&str> = rows.iter().map(|row| row.sku.as_str()).filter(|sku| Sku::new(sku).is_ok()).collect();
    let skus: Vec<&str> = skus.into_iter().collect();
    let mut units = BTreeMap::new();
    let marks = (1..=LOOKED_UP).map(|mark| format!("?{mark}")).collect::<Vec<_>>().join(", ");
    let mut found = connection.prepare_cached(&format!("SELECT sku, article FROM articles WHERE sku IN ({marks})"))?;
    for some in skus.chunks(LOOKED_UP) {
        // One statement for all parts: the last one repeats an article.
        let padded: Vec<&dyn db::ToValue> = (0..LOOKED_UP).map(|index| some.get(index).unwrap_or(&some[0]) as &dyn db::ToValue).collect();
        for row in found.query_map(padded.as_slice(), |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))? {
            let (sku, article) = row?;
            let unit = serde_json::from_str::<Article>(&article).map(|article| article.unit).unwrap_or_default();
            units.insert(sku, unit);
        }
    }
    Ok(units)
}

const INTO: Bulk = Bulk {
    table: "place_stock",
    columns: &[
        ("store", Kind::Text),
        ("sku", Kind::Text),
        ("on_hand", Kind::Integer),
        ("as_of_ms", Kind::Integer),
        ("known_ms", Kind::Integer),
    ],
    behind: "ON CONFLICT (store, sku) DO UPDATE SET on_hand = excluded.on_hand, as_of_ms = excluded.as_of_ms, known_ms = excluded.known_ms
             WHERE excluded.as_of_ms >= place_stock.as_of_ms RETURNING 1",
};

/// Returns how many rows were older than what is known.
fn write(connection: &Connection, place: &PlaceId, statement: &Statement, as_of_ms: i64, now_ms: i64) -> db::Result<usize> {
    let mut newer = 0;
    for rows in statement.rows.chunks(WRITTEN) {
        let values: Vec<Value<'_>> = rows
            .iter()
            .flat_map(|stated| {
                [
                    Value::Text(place.as_str()),
                    Value::Text(&stated.sku),
                    Value::Integer(stated.on_hand.thousandths()),
                    Value::Integer(stated.as_of_ms.unwrap_or(as_of_ms)),
                    Value::Integer(now_ms),
                ]
            })
            .collect();
        newer += connection.insert_all(&INTO, &values, |_| Ok(()))?.len();
    }
    if statement.whole {
        let gone = "UPDATE place_stock SET on_hand = 0, as_of_ms = ?2, known_ms = ?3 WHERE store = ?1 AND as_of_ms < ?2";
        connection.execute(gone, params![place.as_str(), as_of_ms, now_ms])?;
    }
    // What left before a statement is not in it any more.
    connection.execute(
        "DELETE FROM part_holds WHERE store = ?1 AND left_ms IS NOT NULL AND EXISTS (SELECT 1 FROM place_stock s
           WHERE s.store = part_holds.store AND s.sku = part_holds.sku AND s.as_of_ms >= part_holds.left_ms)",
        [place.as_str()],
    )?;
    Ok(statement.rows.len() - newer)
}

/// What may be promised of a stock that a place stated: all that is free, unless it is too old to be believed.
pub fn promise(on_hand: i64, held: i64, safety: i64, age_ms: i64, stock_hours: i64) -> Promise {
    let is_old = age_ms > stock_hours * HOUR_MS;
    let free = (on_hand - held - safety).max(0);
    Promise { atp: if is_old { 0 } else { free }, on_request: 0, doubts: Doubts { stock_old: is_old, ..Doubts::default() } }
}

/// Places that are switched off promise nothing and are left out.
const ROWS: &str = "SELECT s.store, p.name, p.region, s.sku, coalesce(a.name, ''), s.on_hand, s.as_of_ms,
     coalesce((SELECT sum(h.quantity) FROM part_holds h WHERE h.store = s.store AND h.sku = s.sku AND h.left_ms > s.as_of_ms), 0),
     coalesce((SELECT sum(h.quantity) FROM part_holds h WHERE h.store = s.store AND h.sku = s.sku AND h.left_ms IS NULL), 0),
     coalesce((SELECT v.safety FROM stock_levels v WHERE v.store = s.store AND v.sku = s.sku),
              (SELECT v.safety FROM stock_levels v WHERE v.store = '' AND v.sku = s.sku), 0),
     p.stock_hours, p.kind
   FROM place_stock s JOIN places p ON p.store = s.store AND p.active = 1 LEFT JOIN articles a ON a.sku = s.sku";

fn read(row: &Row<'_>, now_ms: i64) -> db::Result<StockRow> {
    let (stated, as_of_ms, left, held): (i64, i64, i64, i64) = (row.get(5)?, row.get(6)?, row.get(7)?, row.get(8)?);
    let (safety, stock_hours, kind): (i64, i64, String) = (row.get(9)?, row.get(10)?, row.get(11)?);
    let on_hand = stated - left;
    Ok(StockRow {
        store: row.get(0)?,
        store_name: row.get(1)?,
        kind: PlaceKind::named(&kind).unwrap_or(PlaceKind::Warehouse),
        region: Some(row.get::<_, String>(2)?).filter(|region| !region.is_empty()),
        sku: row.get(3)?,
        name: row.get(4)?,
        baseline: Some(stated),
        as_of_ms: Some(as_of_ms),
        moved: -left,
        counted: None,
        counted_ms: None,
        on_hand: Some(on_hand),
        reserved: held,
        safety,
        rights: None,
        heard_ms: Some(as_of_ms),
        promise: promise(on_hand, held, safety, now_ms - as_of_ms, stock_hours),
    })
}

/// Of one article, in every place that ever stated it. `region`: of those there alone.
pub fn of_article(connection: &Connection, sku: &str, region: Option<&str>, now_ms: i64) -> db::Result<Vec<StockRow>> {
    let sql = format!("{ROWS} WHERE s.sku = ?1 AND (CAST(?2 AS TEXT) IS NULL OR p.region = ?2) ORDER BY s.store");
    connection.prepare_cached(&sql)?.query_map(params![sku, region], |row| read(row, now_ms))?.collect()
}

/// Of one place, by SKU.
pub fn of_place(connection: &Connection, filter: &StockFilter, now_ms: i64) -> db::Result<Vec<StockRow>> {
    let limit = filter.limit.clamp(1, ANSWER_ROWS_MAX);
    let like = filter.search.as_ref().map(|text| crate::head_office::stock_figures::escape_like(text));
    let (like, begins) = (like.as_ref().map(|text| format!("%{text}%")), like.as_ref().map(|text| format!("{text}%")));
    let sql = format!(
        "{ROWS} WHERE s.store = ?1 AND s.sku > ?2 AND (CAST(?3 AS TEXT) IS NULL OR s.sku = ?3)
           AND (CAST(?4 AS TEXT) IS NULL OR lower(s.sku) LIKE lower(?5) ESCAPE '\\' OR lower(a.name) LIKE lower(?4) ESCAPE '\\')
         ORDER BY s.sku LIMIT ?6"
    );
    let after = filter.after.clone().unwrap_or_default();
    connection
        .prepare_cached(&sql)?
        .query_map(params![filter.store, after, filter.sku, like, begins, limit], |row| read(row, now_ms))?
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stock_that_is_too_old_promises_nothing() {
        let check = |on_hand: i64, held: i64, safety: i64, age_hours: i64, atp: i64, doubts: &[&str]| {
            let promise = promise(on_hand, held, safety, age_hours * HOUR_MS, 24);
            assert_eq!((promise.atp, promise.on_request, promise.doubts.names().as_slice()), (atp, 0, doubts));
        };
        check(10, 0, 0, 0, 10, &[]);
        check(10, 4, 1, 24, 5, &[]);
        check(10, 4, 1, 25, 0, &["stock_old"]);
        check(3, 5, 0, 1, 0, &[]);
    }

    #[test]
    fn times_are_read_with_their_offset_or_by_the_places_clock() {
        let zone = jiff::tz::TimeZone::get("Europe/Berlin").unwrap();
        let check = |text: &str, expect: Option<&str>| {
            let read = moment(text, &zone).and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok()).map(|at| at.to_string());
            assert_eq!(read.as_deref(), expect, "{text}");
        };
        check("2026-11-27T14:30:00Z", Some("2026-11-27T14:30:00Z"));
        check("2026-11-27 14:30", Some("2026-11-27T13:30:00Z"));
        check("27.11.2026", None);
    }
}
