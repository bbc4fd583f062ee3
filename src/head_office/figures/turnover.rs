//! Inventory turnover: how often what lies on the shelves is sold in a year. What a store's stock is worth is written down each night
//! ([`note`]), because nobody can say later what was there then.

use serde::Serialize;

use super::{By, Scope};
use crate::head_office::db::{self, Connection, params};
use crate::head_office::stock_figures::{HEARD, KNOWN, MOVED};
use crate::time::BusinessDate;

const DAYS_OF_A_YEAR: i128 = 365;

/// Writes down what the store's stock is worth after `day` and what left it that day by sales. `is_last`: the day is the last one that is over;
/// after another one only what was sold can still be said. A store that has not been heard of since the day ended (`over_ms`) is left out.
pub fn note(connection: &Connection, store: &str, day: BusinessDate, is_last: bool, over_ms: i64) -> db::Result<()> {
    let day = day.to_string();
    let sold =
        "SELECT coalesce(sum(l.quantity * a.price), 0) FROM transactions t JOIN lines l ON l.txn = t.id JOIN articles a ON a.sku = l.sku
        WHERE t.store = ?1 AND t.business_date = ?2 AND t.training = 0 AND t.kind <> 'void'";
    let thousandths: i64 = connection.prepare_cached(sold)?.query_row(params![store, day], |row| row.get(0))?;
    let sold = thousandths / 1000;
    let again = "UPDATE stock_days SET sold = ?3 WHERE store = ?1 AND business_date = ?2";
    if connection.prepare_cached(again)?.execute(params![store, day, sold])? > 0 || !is_last {
        return Ok(());
    }
    let heard = format!("SELECT {HEARD} FROM (SELECT CAST(?1 AS TEXT) AS store) k");
    if connection.prepare_cached(&heard)?.query_row([store], |row| row.get::<_, i64>(0))? < over_ms {
        return Ok(());
    }
    // Less than nothing is nothing: a delivery that was not booked yet.
    let stock = format!(
        "WITH k AS (SELECT store, sku FROM stock WHERE store = ?1 UNION SELECT store, sku FROM stock_counts WHERE store = ?1),
           there AS (SELECT coalesce(c.quantity, s.quantity) + {MOVED} AS quantity, a.price FROM k {KNOWN} LEFT JOIN articles a ON a.sku = k.sku)
         SELECT coalesce(sum(CASE WHEN quantity > 0 THEN quantity * price ELSE 0 END), 0),
           count(*) FILTER (WHERE price IS NULL AND quantity > 0) FROM there"
    );
    let worth: (i64, i64) = connection.prepare_cached(&stock)?.query_row([store], |row| Ok((row.get(0)?, row.get(1)?)))?;
    connection
        .prepare_cached("INSERT INTO stock_days (store, business_date, on_hand, sold, unpriced) VALUES (?1, ?2, ?3, ?4, ?5)")?
        .execute(params![store, day, worth.0 / 1000, sold, worth.1])
        .map(drop)
}

/// Of one currency, over the days of a period whose stock is known. Amounts in minor units, at list prices.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Turnover {
    /// Store; empty for all together.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub key: String,
    pub currency: String,
    /// Stores times days.
    pub store_days: u64,
    /// Of all those together.
    pub on_hand: i64,
    pub sold: i64,
    /// Articles that lay there on one of the days without a list price, at most: they are in neither.
    pub unpriced: u64,
}

impl Turnover {
    /// What lay in a store on a day, on average.
    pub fn average_stock(&self) -> Option<i64> {
        super::average(self.on_hand, self.store_days)
    }

    /// How often the stock is sold in a year, in hundredths.
    pub fn per_year(&self) -> Option<i64> {
        let times = i128::from(self.sold) * DAYS_OF_A_YEAR * 100;
        (self.on_hand > 0).then(|| crate::money::RoundingMode::HalfUp.divide(times, i128::from(self.on_hand)))
    }
}

/// By `by` (nothing or store) and currency: that of the store's newest sale, or `default` before its first.
pub fn list(connection: &Connection, scope: &Scope, by: By, default: &str) -> db::Result<Vec<Turnover>> {
    let key = by.column();
    let sql = format!(
        "WITH known AS (SELECT * FROM stock_days WHERE {}), of_stores AS (
           SELECT store, coalesce((SELECT d.currency FROM sales_days d WHERE d.store = v.store ORDER BY d.business_date DESC LIMIT 1), ?3) AS currency
           FROM (SELECT DISTINCT store FROM known) v
         ), rows AS (SELECT n.store, s.currency, n.on_hand, n.sold, n.unpriced FROM known n JOIN of_stores s ON s.store = n.store)
         SELECT {key}, currency, count(*), sum(on_hand), sum(sold), max(unpriced) FROM rows GROUP BY 1, 2 ORDER BY 1, 2",
        scope.when(4)
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let (from, to) = scope.days();
    let read = |row: &db::Row<'_>| {
        Ok(Turnover {
            key: row.get(0)?,
            currency: row.get(1)?,
            store_days: row.get(2)?,
            on_hand: row.get(3)?,
            sold: row.get(4)?,
            unpriced: row.get(5)?,
        })
    };
    match &scope.store {
        Some(store) => statement.query_map(params![from, to, default, store], read)?.collect(),
        None => statement.query_map(params![from, to, default], read)?.collect(),
    }
}
