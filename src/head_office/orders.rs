//! Collect orders at head office: taken from a channel, kept with the customer's code, told to the store's lead word by word. What becomes of
//! an order the store's journal says; here it is only read.

use std::collections::BTreeSet;

use super::db::{self, Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize};

use super::office::HeadOffice;
use super::writer::{WriteError, Writer};
use crate::document::collect_code::{self, CollectCode, NUMBER_DIGITS};
use crate::ids::{NodeId, OrderNo, Sku, StoreId};
use crate::journal::hash::to_hex;
use crate::money::{Qty, Unit};
use crate::retail::order::{ORDER_LINES_MAX, OrderLine, Substitution, Zone};
use crate::sync::feed::Article;
use crate::sync::orders::{OfficeOrder, WORDS_MAX, Word, WordKind};
use crate::web::problem::Problem;
use axum::http::StatusCode;

/// Characters of the initials on a label.
const INITIALS_CHARS_MAX: usize = 6;
const CUSTOMER_CHARS_MAX: usize = 64;
const QUANTITY_MAX: Qty = Qty::pieces(99_999);
/// How long an order is kept for its customer when the channel does not say.
const KEPT_MS: i64 = 3 * 24 * 3_600_000;
/// Tries at a short number that no other order of the store has.
const NUMBER_TRIES: u32 = 50;

/// An order as a channel places it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlacedOrder {
    /// Letters and digits, as the customer knows it.
    pub order: OrderNo,
    pub store: StoreId,
    /// Until when it is to be ready.
    pub promised_ms: i64,
    /// Until when it waits for the customer. Left out: three days after it is to be ready.
    #[serde(default)]
    pub expires_ms: Option<i64>,
    /// On the label; up to six characters.
    #[serde(default)]
    pub initials: String,
    /// The channel's reference to the customer; no name.
    #[serde(default)]
    pub customer: Option<String>,
    #[serde(default)]
    pub substitution: Substitution,
    pub lines: Vec<PlacedLine>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlacedLine {
    pub sku: Sku,
    /// Thousandths of the article's unit.
    pub quantity: Qty,
    #[serde(default)]
    pub zone: Zone,
    /// Where it lies in the store.
    #[serde(default)]
    pub location: String,
    #[serde(default)]
    pub substitutes: Vec<Sku>,
}

/// What became of an order that was placed, changed or cancelled.
#[derive(Debug, Clone, Serialize)]
pub struct Placed {
    pub order: String,
    pub version: u64,
}

/// Why it was not taken.
#[derive(Debug)]
pub enum NotTaken {
    /// It is there already with another content.
    Exists,
    Unknown,
    Cancelled,
    Malformed(String),
    /// Too many orders of the store wait for any number to be free.
    NoNumber,
}

/// An order as the list and its page show it.
#[derive(Debug, Clone, Serialize)]
pub struct OrderRow {
    pub order: String,
    pub store: String,
    pub version: u64,
    pub placed_ms: i64,
    pub promised_ms: i64,
    pub expires_ms: i64,
    pub initials: String,
    #[serde(rename = "line_count")]
    pub lines: u64,
    pub cancelled: bool,
    /// "placed" until the store has said anything.
    pub state: String,
    pub state_at_ms: Option<i64>,
    /// What the store noted: why it ended, what it could not do.
    pub note: String,
}

/// What the customer is given when the store's record says that it is ready.
#[derive(Debug, Clone, Serialize)]
pub struct CustomerCode {
    pub token: String,
    /// "1234 5678".
    pub number: String,
}

/// An order with its lines and, once it is ready, what the customer is sent.
pub type Whole = (OrderRow, Vec<OrderLine>, Option<CustomerCode>);

/// Takes an order. Placed again with the same content, it is the same order.
pub async fn place(office: &HeadOffice, placed: PlacedOrder) -> Result<Placed, Problem> {
    done(office.write(move |writer, now_ms| put(writer, &placed, now_ms, false)).await?)
}

/// Takes another content for an order that is there. The store decides whether it comes in time.
pub async fn change(office: &HeadOffice, placed: PlacedOrder) -> Result<Placed, Problem> {
    done(office.write(move |writer, now_ms| put(writer, &placed, now_ms, true)).await?)
}

pub async fn cancel(office: &HeadOffice, order: OrderNo) -> Result<Placed, Problem> {
    done(office.write(move |writer, now_ms| cancelled(writer.connection(), &order, now_ms).map_err(WriteError::from)).await?)
}

fn done(outcome: Result<Placed, NotTaken>) -> Result<Placed, Problem> {
    outcome.map_err(|why| match why {
        NotTaken::Exists => Problem::new(
            StatusCode::CONFLICT,
            "order_exists",
            "there is an order of this number with another content",
            "PUT it at /api/v1/orders/{order} to change it, or give the new one a number of its own",
        ),
        NotTaken::Unknown => Problem::new(StatusCode::NOT_FOUND, "order_unknown", "there is no order of this number", "check the number"),
        NotTaken::Cancelled => {
            Problem::new(StatusCode::CONFLICT, "order_cancelled", "the order is cancelled", "place a new one under a number of its own")
        }
        NotTaken::Malformed(why) => {
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "order_malformed", why, "mend what is named and send it again")
        }
        NotTaken::NoNumber => Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "no_number_free",
            "no short number was found that is free in this store",
            "send it again",
        ),
    })
}

/// [`place`], or [`change`], inside the caller's transaction.
pub(crate) fn put(writer: &Writer, placed: &PlacedOrder, now_ms: i64, change: bool) -> Result<Result<Placed, NotTaken>, WriteError> {
    let connection = writer.connection();
    let content = serde_json::to_string(placed).expect("an order is plain values");
    let known: Option<(u64, String, String, String, bool)> = connection
        .prepare_cached("SELECT version, content, store, secret, cancelled_ms IS NOT NULL FROM collect_orders WHERE order_no = ?1")?
        .query_row([placed.order.as_str()], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)))
        .optional()?;
    match &known {
        Some((.., true)) => return Ok(Err(NotTaken::Cancelled)),
        Some((version, before, ..)) if *before == content => {
            return Ok(Ok(Placed { order: placed.order.to_string(), version: *version }));
        }
        Some(_) if !change => return Ok(Err(NotTaken::Exists)),
        Some((_, _, store, ..)) if *store != placed.store.as_str() => {
            return Ok(Err(NotTaken::Malformed("an order stays in its store; cancel it and place another one".to_owned())));
        }
        None if change => return Ok(Err(NotTaken::Unknown)),
        Some(_) | None => {}
    }
    let lines = match lines(connection, placed)? {
        Ok(lines) => lines,
        Err(why) => return Ok(Err(NotTaken::Malformed(why))),
    };
    // The secret stays over changes: a change that comes too late must not make the customer's code worthless.
    let secret: [u8; 16] = match known.as_ref().and_then(|(_, _, _, secret, _)| from_hex(secret)) {
        Some(secret) => secret,
        None => random(),
    };
    let version = known.as_ref().map_or(1, |(version, ..)| version + 1);
    let expires_ms = placed.expires_ms.unwrap_or(placed.promised_ms + KEPT_MS);
    let code = CollectCode { order: placed.order.clone(), store: placed.store.clone(), expires_ms, secret };
    let token = collect_code::encode(&code, |bytes| writer.sign(bytes));
    let number = match known.is_some() {
        true => None,
        false => match free_number(connection, &placed.store)? {
            Some(number) => Some(number),
            None => return Ok(Err(NotTaken::NoNumber)),
        },
    };
    connection
        .prepare_cached(
            "INSERT INTO collect_orders (order_no, store, version, content, lines, secret, token, number, placed_ms, promised_ms, expires_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
             ON CONFLICT (order_no) DO UPDATE SET version = ?3, content = ?4, lines = ?5, token = ?7, promised_ms = ?10, expires_ms = ?11",
        )?
        .execute(params![
            placed.order.as_str(),
            placed.store.as_str(),
            version,
            content,
            serde_json::to_string(&lines).expect("lines are plain values"),
            to_hex(&secret),
            token,
            number.unwrap_or_default(),
            now_ms,
            placed.promised_ms,
            expires_ms,
        ])?;
    say(connection, &placed.store, &placed.order, version, false)?;
    Ok(Ok(Placed { order: placed.order.to_string(), version }))
}

/// [`cancel`], inside the caller's transaction.
pub(crate) fn cancelled(connection: &Connection, order: &OrderNo, now_ms: i64) -> db::Result<Result<Placed, NotTaken>> {
    let known: Option<(u64, String, bool)> = connection
        .prepare_cached("SELECT version, store, cancelled_ms IS NOT NULL FROM collect_orders WHERE order_no = ?1")?
        .query_row([order.as_str()], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    let Some((version, store, is_cancelled)) = known else { return Ok(Err(NotTaken::Unknown)) };
    if !is_cancelled {
        connection.execute("UPDATE collect_orders SET cancelled_ms = ?2 WHERE order_no = ?1", params![order.as_str(), now_ms])?;
        let store = store.parse().map_err(|_| super::chain::corrupt("an order of a store without a name"))?;
        say(connection, &store, order, version, true)?;
    }
    Ok(Ok(Placed { order: order.to_string(), version }))
}

fn say(connection: &Connection, store: &StoreId, order: &OrderNo, version: u64, cancel: bool) -> db::Result<()> {
    connection
        .prepare_cached("INSERT INTO order_words (store, order_no, version, cancel) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![store.as_str(), order.as_str(), version, cancel])
        .map(drop)
}

/// The lines as the store gets them, with what the assortment says of each article. The error names what is wrong.
fn lines(connection: &Connection, placed: &PlacedOrder) -> db::Result<Result<Vec<OrderLine>, String>> {
    let too_long = |text: &str, max: usize| text.chars().count() > max || text.chars().any(char::is_control);
    if too_long(&placed.initials, INITIALS_CHARS_MAX) {
        return Ok(Err(format!("the initials have more than {INITIALS_CHARS_MAX} characters or control characters")));
    }
    if placed.customer.as_deref().is_some_and(|customer| too_long(customer, CUSTOMER_CHARS_MAX)) {
        return Ok(Err(format!("the customer's reference has more than {CUSTOMER_CHARS_MAX} characters or control characters")));
    }
    if placed.lines.is_empty() || placed.lines.len() > ORDER_LINES_MAX {
        return Ok(Err(format!("an order has 1 to {ORDER_LINES_MAX} lines, this one {}", placed.lines.len())));
    }
    if placed.promised_ms <= 0 || placed.expires_ms.is_some_and(|expires| expires <= placed.promised_ms) {
        return Ok(Err("it expires before it is to be ready".to_owned()));
    }
    let mut seen = BTreeSet::new();
    let mut lines = Vec::with_capacity(placed.lines.len());
    for (line, number) in placed.lines.iter().zip(1..) {
        let Some(article) = article(connection, &line.sku)? else {
            return Ok(Err(format!("line {number}: there is no article {}", line.sku)));
        };
        if line.quantity <= Qty::ZERO || line.quantity > QUANTITY_MAX || (article.unit == Unit::Piece && !line.quantity.is_whole()) {
            return Ok(Err(format!("line {number}: {} of {} cannot be handed over", line.quantity.plain(), line.sku)));
        }
        if !seen.insert(&line.sku) {
            return Ok(Err(format!("line {number}: {} is in another line already", line.sku)));
        }
        let mut substitute_names = Vec::with_capacity(line.substitutes.len());
        for instead in &line.substitutes {
            match super::orders::article(connection, instead)? {
                Some(article) => substitute_names.push(article.name),
                None => return Ok(Err(format!("line {number}: there is no article {instead} to take instead"))),
            }
        }
        if too_long(&line.location, 24) {
            return Ok(Err(format!("line {number}: its location has more than 24 characters or control characters")));
        }
        lines.push(OrderLine {
            line: number,
            sku: line.sku.clone(),
            name: article.name,
            quantity: line.quantity,
            unit: article.unit,
            zone: line.zone,
            age_min: article.age_min,
            location: line.location.clone(),
            substitutes: line.substitutes.clone(),
            substitute_names,
        });
    }
    Ok(Ok(lines))
}

fn article(connection: &Connection, sku: &Sku) -> db::Result<Option<Article>> {
    let found: Option<String> =
        connection.prepare_cached("SELECT article FROM articles WHERE sku = ?1")?.query_row([sku.as_str()], |row| row.get(0)).optional()?;
    Ok(found.and_then(|json| serde_json::from_str(&json).ok()))
}

/// Digits that no other order of the store has.
fn free_number(connection: &Connection, store: &StoreId) -> db::Result<Option<String>> {
    let mut taken = connection.prepare_cached("SELECT EXISTS (SELECT 1 FROM collect_orders WHERE store = ?1 AND number = ?2)")?;
    for _ in 0..NUMBER_TRIES {
        let number = u64::from_be_bytes(random()) % 10u64.pow(NUMBER_DIGITS as u32);
        let number = format!("{number:0width$}", width = NUMBER_DIGITS);
        if !taken.query_row(params![store.as_str(), number], |row| row.get::<_, bool>(0))? {
            return Ok(Some(number));
        }
    }
    Ok(None)
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the kernel always has randomness after boot");
    bytes
}

fn from_hex(text: &str) -> Option<[u8; 16]> {
    crate::journal::hash::from_hex(text).ok()
}

/// Whether this node keeps the store's orders: the first one of the store that ever called.
pub fn is_lead(connection: &Connection, store: &StoreId, node: &NodeId) -> db::Result<bool> {
    let lead: Option<String> = connection
        .prepare_cached("SELECT node FROM nodes WHERE store = ?1 ORDER BY id LIMIT 1")?
        .query_row([store.as_str()], |row| row.get(0))
        .optional()?;
    Ok(lead.as_deref() == Some(node.as_str()))
}

/// What the store has not heard yet. A word about an order that was changed since says the newest.
pub fn words(connection: &Connection, store: &StoreId, after: u64) -> db::Result<Vec<Word>> {
    let mut statement = connection.prepare_cached(
        "SELECT w.id, w.cancel, o.order_no, o.version, o.content, o.lines, o.secret, o.number, o.placed_ms, o.expires_ms
         FROM order_words w JOIN collect_orders o ON o.order_no = w.order_no WHERE w.store = ?1 AND w.id > ?2 ORDER BY w.id LIMIT ?3",
    )?;
    let mut rows = statement.query(params![store.as_str(), after, WORDS_MAX])?;
    let mut words = Vec::new();
    while let Some(row) = rows.next()? {
        let bad = |what: &str| super::chain::corrupt(&format!("a stored order cannot be read: {what}"));
        let number: String = row.get(2)?;
        let (order, version) = (OrderNo::new(&number).map_err(|_| bad("its number"))?, row.get(3)?);
        let kind = if row.get::<_, bool>(1)? {
            WordKind::Cancel { order, version }
        } else {
            let placed: PlacedOrder = serde_json::from_str(&row.get::<_, String>(4)?).map_err(|_| bad("what was placed"))?;
            let lines = serde_json::from_str(&row.get::<_, String>(5)?).map_err(|_| bad("its lines"))?;
            let secret: [u8; 16] = from_hex(&row.get::<_, String>(6)?).ok_or_else(|| bad("its secret"))?;
            WordKind::Put(Box::new(OfficeOrder {
                order,
                version,
                placed_ms: row.get(8)?,
                promised_ms: placed.promised_ms,
                expires_ms: row.get(9)?,
                initials: placed.initials,
                customer: placed.customer,
                substitution: placed.substitution,
                lines,
                code: collect_code::secret_hash(&secret),
                number: row.get(7)?,
            }))
        };
        words.push(Word { cursor: row.get(0)?, kind });
    }
    Ok(words)
}

const ROW: &str =
    "SELECT o.order_no, o.store, o.version, o.placed_ms, o.promised_ms, o.expires_ms, o.content, o.lines, o.cancelled_ms IS NOT NULL,
   coalesce(s.state, 'placed'), s.at_ms, coalesce(s.note, '') FROM collect_orders o LEFT JOIN order_states s ON s.order_no = o.order_no";

fn row(row: &db::Row<'_>) -> db::Result<OrderRow> {
    let (content, lines): (String, String) = (row.get(6)?, row.get(7)?);
    let initials = serde_json::from_str::<PlacedOrder>(&content).map_or_else(|_| String::new(), |placed| placed.initials);
    Ok(OrderRow {
        order: row.get(0)?,
        store: row.get(1)?,
        version: row.get(2)?,
        placed_ms: row.get(3)?,
        promised_ms: row.get(4)?,
        expires_ms: row.get(5)?,
        initials,
        lines: serde_json::from_str::<Vec<OrderLine>>(&lines).map_or(0, |lines| lines.len() as u64),
        cancelled: row.get(8)?,
        state: row.get(9)?,
        state_at_ms: row.get(10)?,
        note: row.get(11)?,
    })
}

/// Newest first.
pub fn list(connection: &Connection, limit: u32) -> db::Result<Vec<OrderRow>> {
    let mut statement = connection.prepare_cached(&format!("{ROW} ORDER BY o.placed_ms DESC, o.order_no DESC LIMIT ?1"))?;
    statement.query_map([limit], row)?.collect()
}

/// One order, its lines, and the customer's code once the store's record says that it is ready.
pub fn find(connection: &Connection, order: &OrderNo) -> db::Result<Option<Whole>> {
    let found = connection
        .prepare_cached(&format!("{ROW} WHERE o.order_no = ?1"))?
        .query_row([order.as_str()], |found| Ok((row(found)?, found.get::<_, String>(7)?)))
        .optional()?;
    let Some((row, lines)) = found else { return Ok(None) };
    let (token, number): (String, String) = connection
        .prepare_cached("SELECT token, number FROM collect_orders WHERE order_no = ?1")?
        .query_row([order.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let (head, tail) = number.split_at(number.len() / 2);
    let code = (row.state == "staged").then(|| CustomerCode { token, number: format!("{head} {tail}") });
    Ok(Some((row, serde_json::from_str(&lines).unwrap_or_default(), code)))
}
