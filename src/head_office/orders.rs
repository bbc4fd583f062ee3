//! Collect orders at head office: taken from a channel, kept with the customer's code, told to the store's lead word by word. What becomes of
//! an order the store's journal says; here it is only read.

use std::collections::{BTreeMap, BTreeSet};

use super::db::{self, Connection, OptionalExtension, params};
use super::paging::{Behind, Rows};
use serde::{Deserialize, Serialize};

use super::messages::{mail, text};
use super::office::HeadOffice;
use super::order_exceptions::{self, CHANNEL, OrderException};
use super::queries::ONLINE_MS;
use super::service::{self, NotCancelled};
use super::unsaid::Unsaid;
use super::writer::{WriteError, Writer};
use super::{leads, order_holds, places, rights, stock_figures};
use crate::document::collect_code::{self, CollectCode, NUMBER_DIGITS};
use crate::ids::{NodeId, OrderNo, Sku, StoreId};
use crate::journal::hash::to_hex;
use crate::money::{Money, Qty, Unit};
use crate::retail::order::{AgreedPrice, ORDER_LINES_MAX, OrderLine, RightTotals, Substitution, Zone};
use crate::sync::feed::Article;
use crate::sync::orders::{OfficeOrder, WORDS_MAX, Word, WordKind};
use crate::vault::details::{INITIALS_CHARS_MAX, NAME_CHARS_MAX, ORDER_PHONE_CHARS_MAX};
use crate::web::problem::Problem;
use axum::http::StatusCode;

const CUSTOMER_CHARS_MAX: usize = 64;
/// Minor units; beyond it somebody mistyped.
const UNIT_PRICE_MAX: Money = Money::from_minor(100_000_000);
const QUANTITY_MAX: Qty = Qty::pieces(99_999);
/// Tries at a short number that no other order of the store has.
const NUMBER_TRIES: u32 = 50;

/// An order as a channel places it.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlacedOrder {
    /// Letters and digits, as the customer knows it.
    pub order: OrderNo,
    pub store: StoreId,
    /// Until when it is to be ready.
    pub promised_ms: i64,
    /// Until when it waits for the customer. Left out: as long after it is to be ready as head office's configuration says.
    #[serde(default)]
    pub expires_ms: Option<i64>,
    /// On the label; up to six characters.
    #[serde(default)]
    pub initials: String,
    /// Who comes for it, as the staff asks for them. The store keeps it in its vault.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// As the customer wrote it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub phone: String,
    /// Where the customer is written to. It stays here.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub email: String,
    /// In which language: "de", "de-AT". Left out: the chain's.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub language: String,
    /// What becomes of it when no rights cover it.
    #[serde(default, skip_serializing_if = "WithoutRights::is_default")]
    pub without_rights: WithoutRights,
    /// The channel's reference to the customer; no name. It stays here.
    #[serde(default)]
    pub customer: Option<String>,
    #[serde(default)]
    pub substitution: Substitution,
    pub lines: Vec<PlacedLine>,
}

/// No right that a store granted covers an order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WithoutRights {
    /// It goes to the store, which takes it when its shelf covers it and nobody else was promised that; else somebody looks.
    #[default]
    AskStore,
    /// It is not taken.
    Refuse,
}

impl WithoutRights {
    fn is_default(&self) -> bool {
        *self == WithoutRights::default()
    }
}

impl PlacedOrder {
    /// What the label shows: as the channel says it, or else the first letters of the name's first and last word.
    pub fn label_initials(&self) -> String {
        if !self.initials.is_empty() {
            return self.initials.clone();
        }
        let mut words = self.name.split_whitespace().filter_map(|word| word.chars().find(|c| c.is_alphabetic()));
        let first = words.next();
        first.into_iter().chain(words.next_back()).flat_map(|letter| letter.to_uppercase().take(1).chain(['.'])).collect()
    }
}

#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
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
    /// Of one unit, in minor units, as the customer accepted it. Left out: the channel keeps it to itself, and nothing is taken in the store.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit_price: Option<Money>,
    /// It is paid in the store, when it is collected. Needs `unit_price`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub pay_in_store: bool,
}

/// What became of an order that was placed, changed or cancelled.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Placed {
    pub order: String,
    pub version: u64,
    /// Rights of the store cover it: it can be promised to the customer. If not, the store's word decides.
    pub promised: bool,
    pub basis: Basis,
}

/// What an order stands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// Rights that the store granted were spent on it.
    Rights,
    /// The same; so few are left that the store would have been asked, but it is not connected.
    RightsStoreAway,
    /// The store has to say, or had to.
    StoreWord,
}

impl Basis {
    /// By the row of its rights: none, or whether the store was away.
    fn of(store_away: Option<Option<i64>>) -> Basis {
        match store_away {
            None => Basis::StoreWord,
            Some(Some(1)) => Basis::RightsStoreAway,
            Some(_) => Basis::Rights,
        }
    }

    fn is_promise(self) -> bool {
        self != Basis::StoreWord
    }
}

/// Why it was not taken.
#[derive(Debug)]
pub enum NotTaken {
    /// It is there already with another content.
    Exists,
    Unknown,
    Cancelled,
    Malformed(String),
    /// No rights cover this article.
    NoRights(Sku),
    /// So few are left of this article that the store has to say first.
    FewLeft(Sku),
    /// Too many orders of the store wait for any number to be free.
    NoNumber,
}

/// An order as the list and its page show it.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
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
    /// Rights cover it. If not, the store's word decides.
    pub promised: bool,
    pub basis: Basis,
}

impl OrderRow {
    /// By the store's record nothing more happens with it.
    pub fn is_over(&self) -> bool {
        matches!(self.state.as_str(), "handed_over" | "cancelled" | "expired" | "declined" | "refused")
    }

    /// A cancel of it would end something.
    pub fn can_be_cancelled(&self) -> bool {
        !self.cancelled && !self.is_over()
    }
}

/// What the customer is given when the store's record says that it is ready.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct CustomerCode {
    pub token: String,
    /// "1234 5678".
    pub number: String,
}

/// An order with its lines and, once it is ready, what the customer is sent.
pub type Whole = (OrderRow, Vec<OrderLine>, Option<CustomerCode>);

/// Takes an order. Placed again with the same content, it is the same order.
pub async fn place(office: &HeadOffice, placed: PlacedOrder) -> Result<Placed, Problem> {
    let kept_ms = office.config().order_kept_ms;
    done(office.write(move |writer, now_ms| put_or_except(writer, &placed, now_ms, kept_ms, false)).await?)
}

/// Takes another content for an order that is there. The store decides whether it comes in time.
pub async fn change(office: &HeadOffice, placed: PlacedOrder) -> Result<Placed, Problem> {
    let kept_ms = office.config().order_kept_ms;
    done(office.write(move |writer, now_ms| put_or_except(writer, &placed, now_ms, kept_ms, true)).await?)
}

pub async fn cancel(office: &HeadOffice, order: OrderNo) -> Result<Placed, Problem> {
    let asked = order.clone();
    let within_reach = office.read(move |connection| service::parts_of(connection, &asked)).await?.len();
    let work = move |writer: &mut Writer, now_ms: i64| service::cancel(writer, &order, within_reach, now_ms).map_err(WriteError::from);
    match office.write(work).await? {
        Ok(placed) => Ok(placed),
        Err(NotCancelled::Order(why)) => done(Err(why)),
        Err(NotCancelled::HasLeft) => Err(Problem::new(
            StatusCode::CONFLICT,
            "order_has_left",
            "all of the order has left its places",
            "ask the goods back with a return instead",
        )),
        Err(NotCancelled::OfOthers) => Err(Problem::new(
            StatusCode::FORBIDDEN,
            "other_store",
            "places that you are not for have parts of this order, and a cancel ends all of it",
            "leave it to somebody who is for all of them",
        )),
    }
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
        NotTaken::NoRights(sku) => Problem::new(
            StatusCode::CONFLICT,
            "no_rights",
            format!("the store has not granted enough rights to promise {sku}"),
            "offer less of it or another store, or place it with without_rights = \"ask_store\": the store then has to say whether it can",
        ),
        NotTaken::FewLeft(sku) => Problem::new(
            StatusCode::CONFLICT,
            "few_left",
            format!("so few of {sku} are left in the store that it has to say whether they are there"),
            "place it with without_rights = \"ask_store\" and wait for the store's word, or offer another store",
        ),
        NotTaken::NoNumber => Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "no_number_free",
            "no short number was found that is free in this store",
            "send it again",
        ),
    })
}

/// What is not taken goes on the list of exceptions, whatever the channel makes of its answer.
fn put_or_except(
    writer: &Writer,
    placed: &PlacedOrder,
    now_ms: i64,
    kept_ms: i64,
    change: bool,
) -> Result<Result<Placed, NotTaken>, WriteError> {
    let done = put(writer, placed, now_ms, kept_ms, change)?;
    let (kind, reason) = match &done {
        Ok(_) | Err(NotTaken::NoNumber) => return Ok(done),
        Err(NotTaken::Exists) => ("doubled", "placed again with another content; the first one stands".to_owned()),
        Err(NotTaken::Unknown) => ("unknown_here", "a change of an order that was never placed here".to_owned()),
        Err(NotTaken::Cancelled) => ("cancelled", "placed or changed after it was cancelled".to_owned()),
        Err(NotTaken::NoRights(sku)) => ("no_rights", format!("not taken: the store has not granted enough rights to promise {sku}")),
        Err(NotTaken::FewLeft(sku)) => ("few_left", format!("not taken: so few of {sku} are left that the store has to say first")),
        Err(NotTaken::Malformed(why)) => ("malformed", format!("not taken: {why}")),
    };
    let (store, order) = (placed.store.as_str(), placed.order.as_str());
    let exception = OrderException { fingerprint: format!("{kind} {order}"), store, order, kind, owner: CHANNEL, reason };
    order_exceptions::open(writer.connection(), &exception, now_ms, true)?;
    Ok(done)
}

/// [`place`], or [`change`], inside the caller's transaction; `kept_ms`: how long it waits when the channel does not say.
pub(crate) fn put(
    writer: &Writer,
    placed: &PlacedOrder,
    now_ms: i64,
    kept_ms: i64,
    change: bool,
) -> Result<Result<Placed, NotTaken>, WriteError> {
    let connection = writer.connection();
    let content = serde_json::to_string(placed).expect("an order is plain values");
    let known: Option<(u64, String, String, String, bool)> = connection
        .prepare_cached("SELECT version, content, store, secret, cancelled_ms IS NOT NULL FROM collect_orders WHERE order_no = ?1")?
        .query_row([placed.order.as_str()], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)))
        .optional()?;
    match &known {
        Some((.., true)) => return Ok(Err(NotTaken::Cancelled)),
        Some((version, before, ..)) if *before == content => {
            let basis = basis_of(connection, &placed.order)?;
            return Ok(Ok(Placed { order: placed.order.to_string(), version: *version, promised: basis.is_promise(), basis }));
        }
        Some(_) if !change => return Ok(Err(NotTaken::Exists)),
        Some((_, _, store, ..)) if *store != placed.store.as_str() => {
            return Ok(Err(NotTaken::Malformed("an order stays in its store; cancel it and place another one".to_owned())));
        }
        None if change => return Ok(Err(NotTaken::Unknown)),
        Some(_) | None => {}
    }
    if places::find(connection, placed.store.as_str())?.is_some_and(|place| !place.has_node()) {
        let why = format!("{} is no store: nobody collects there by a code; order it to be sent", placed.store);
        return Ok(Err(NotTaken::Malformed(why)));
    }
    let lines = match lines(connection, placed)? {
        Ok(lines) => lines,
        Err(why) => return Ok(Err(NotTaken::Malformed(why))),
    };
    let basis = match promise(writer, placed, &lines, now_ms)? {
        Ok(basis) => basis,
        Err(NoPromise::Rights(sku)) => return Ok(Err(NotTaken::NoRights(sku))),
        Err(NoPromise::Few(sku)) => return Ok(Err(NotTaken::FewLeft(sku))),
    };
    // The secret stays over changes: a change that comes too late must not make the customer's code worthless.
    let secret: [u8; 16] = match known.as_ref().and_then(|(_, _, _, secret, _)| from_hex(secret)) {
        Some(secret) => secret,
        None => random(),
    };
    let version = known.as_ref().map_or(1, |(version, ..)| version + 1);
    let expires_ms = placed.expires_ms.unwrap_or(placed.promised_ms + kept_ms);
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
    order_holds::placed(connection, placed.store.as_str(), &placed.order, &lines)?;
    say(connection, &placed.store, &placed.order, version, Said::Put)?;
    service::placed(connection, placed, version, basis.is_promise(), now_ms)?;
    Ok(Ok(Placed { order: placed.order.to_string(), version, promised: basis.is_promise(), basis }))
}

fn basis_of(connection: &Connection, order: &OrderNo) -> db::Result<Basis> {
    let away: Option<Option<i64>> = connection
        .prepare_cached("SELECT store_away FROM order_rights WHERE order_no = ?1")?
        .query_row([order.as_str()], |row| row.get(0))
        .optional()?;
    Ok(Basis::of(away))
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
        let store: StoreId = store.parse().map_err(|_| super::chain::corrupt("an order of a store without a name"))?;
        say(connection, &store, order, version, Said::Cancel)?;
        service::cancel_asked(connection, &store, order, version, now_ms)?;
    }
    Ok(Ok(Placed { order: order.to_string(), version, promised: false, basis: Basis::StoreWord }))
}

/// Far more than head office says between two restores; with a thousand epochs of them a number still fits 53 bits.
const WORDS_PER_EPOCH_MAX: u64 = 1 << 40;

/// What a word of the line to a store says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Said {
    Put = 0,
    Cancel = 1,
    Adopt = 2,
    Rights = 3,
}

pub(super) fn say(connection: &Connection, store: &StoreId, order: &OrderNo, version: u64, said: Said) -> db::Result<()> {
    say_of(connection, store, order.as_str(), version, said)
}

/// `subject`: an order's number, or the article that rights are of.
pub(super) fn say_of(connection: &Connection, store: &StoreId, subject: &str, version: u64, said: Said) -> db::Result<()> {
    let id = next_word(connection)?;
    connection
        .prepare_cached("INSERT INTO order_words (id, store, order_no, version, cancel) VALUES (?1, ?2, ?3, ?4, ?5)")?
        .execute(params![id, store.as_str(), subject, version, said as i64])
        .map(drop)
}

/// Behind the newest word, and beyond all that were said under an epoch before: a lead may have heard some that a restored database lacks, and
/// a new word under such a number would never be asked for.
fn next_word(connection: &Connection) -> db::Result<u64> {
    Ok(newest_word(connection)? + 1)
}

/// A lead that has heard a later one heard it of a head office that was put back since.
pub(super) fn newest_word(connection: &Connection) -> db::Result<u64> {
    let newest: u64 = connection.query_row("SELECT coalesce(max(id), 0) FROM order_words", [], |row| row.get(0))?;
    Ok(newest.max(said_before(connection)?))
}

/// Words up to here were said under an epoch before.
fn said_before(connection: &Connection) -> db::Result<u64> {
    Ok(super::storage::epoch(connection)?.saturating_sub(1).saturating_mul(WORDS_PER_EPOCH_MAX))
}

/// Head office was put back from a backup. What it knows of orders that are not over it says once more to each store, because what was said since
/// the backup may have got numbers that the store had heard already. A store passes over what it knows.
pub fn say_again(connection: &Connection) -> db::Result<()> {
    let mut open = connection.prepare_cached(
        "SELECT o.store, o.order_no, o.version, o.cancelled_ms IS NOT NULL FROM collect_orders o
         LEFT JOIN order_states s ON s.order_no = o.order_no
         WHERE s.state IS NULL OR s.state NOT IN ('handed_over', 'cancelled', 'expired', 'declined', 'refused')
         ORDER BY o.placed_ms, o.order_no",
    )?;
    let open: Vec<(String, String, u64, bool)> =
        open.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?.collect::<db::Result<_>>()?;
    for (store, order, version, is_cancelled) in open {
        let store: StoreId = store.parse().map_err(|_| bad("its store"))?;
        say_of(connection, &store, &order, version, if is_cancelled { Said::Cancel } else { Said::Put })?;
    }
    Ok(())
}

/// The lines as the store gets them, with what the assortment says of each article. The error names what is wrong.
fn lines(connection: &Connection, placed: &PlacedOrder) -> db::Result<Result<Vec<OrderLine>, String>> {
    let too_long = |text: &str, max: usize| text.chars().count() > max || text.chars().any(char::is_control);
    if too_long(&placed.initials, INITIALS_CHARS_MAX) {
        return Ok(Err(format!("the initials have more than {INITIALS_CHARS_MAX} characters or control characters")));
    }
    if too_long(&placed.name, NAME_CHARS_MAX) {
        return Ok(Err(format!("the name has more than {NAME_CHARS_MAX} characters or control characters")));
    }
    if too_long(&placed.phone, ORDER_PHONE_CHARS_MAX) {
        return Ok(Err(format!("the telephone number has more than {ORDER_PHONE_CHARS_MAX} characters or control characters")));
    }
    if placed.customer.as_deref().is_some_and(|customer| too_long(customer, CUSTOMER_CHARS_MAX)) {
        return Ok(Err(format!("the customer's reference has more than {CUSTOMER_CHARS_MAX} characters or control characters")));
    }
    if !placed.email.is_empty() && !mail::is_address(&placed.email) {
        return Ok(Err("the e-mail address is none that a mail can be sent to".to_owned()));
    }
    if !placed.language.is_empty() && !text::is_language(&placed.language) {
        return Ok(Err("the language is no tag such as \"de\" or \"de-AT\"".to_owned()));
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
        if line.pay_in_store && line.unit_price.is_none() {
            return Ok(Err(format!("line {number}: what is paid in the store needs its unit_price")));
        }
        if line.unit_price.is_some_and(|price| price.is_negative() || price > UNIT_PRICE_MAX) {
            return Ok(Err(format!("line {number}: its unit_price cannot be taken")));
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
            price: line.unit_price.map(|unit_price| AgreedPrice {
                unit_price,
                tax_class: article.tax_class.clone(),
                paid: !line.pay_in_store,
            }),
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

/// Whether this node keeps the store's orders: the one that was named, or else the first that ever called.
pub fn is_lead(connection: &Connection, store: &StoreId, node: &NodeId) -> db::Result<bool> {
    let lead = match leads::current(connection, store.as_str())? {
        Some(lead) => Some(lead.node),
        None => leads::nodes(connection, store.as_str())?.into_iter().next(),
    };
    Ok(lead.as_deref() == Some(node.as_str()))
}

/// What the store's lead has not heard yet. A word about an order that was changed since says the newest. Articles that were asked for under an
/// epoch before are left out: they are asked for again behind the orders that the store must hear of first.
pub fn words(connection: &Connection, store: &StoreId, after: u64) -> db::Result<Vec<Word>> {
    let mut statement = connection
        .prepare_cached(
            "SELECT id, cancel, order_no, version FROM order_words WHERE store = ?1 AND id > ?2 AND (cancel <> ?4 OR id > ?5) ORDER BY id LIMIT ?3",
        )?;
    let said: Vec<(u64, i64, String, u64)> = statement
        .query_map(params![store.as_str(), after, WORDS_MAX, Said::Rights as i64, said_before(connection)?], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })?
        .collect::<db::Result<_>>()?;
    let mut words = Vec::with_capacity(said.len());
    let later = Unsaid::load(connection, store, after)?;
    for (cursor, said, number, version) in said {
        if said == Said::Rights as i64 {
            let sku = Sku::new(&number).map_err(|_| bad("an article"))?;
            let totals = rights::totals(connection, store.as_str(), &sku)?;
            words.push(Word { cursor, kind: WordKind::Rights(vec![later.without(totals, cursor)]) });
            continue;
        }
        let order = OrderNo::new(&number).map_err(|_| bad("its number"))?;
        let kind = match said {
            1 => WordKind::Cancel { order, version },
            2 => {
                let Some(copy) = leads::copy(connection, store, &order)? else { continue };
                let placed = office_order(connection, &order)?.map(Box::new);
                WordKind::Adopt { order, copy, placed }
            }
            _ => {
                let mut placed = office_order(connection, &order)?.ok_or_else(|| bad("what was placed"))?;
                placed.rights = placed.rights.into_iter().map(|totals| later.without(totals, cursor)).collect();
                WordKind::Put(Box::new(placed))
            }
        };
        words.push(Word { cursor, kind });
    }
    Ok(words)
}

fn bad(what: &str) -> db::Error {
    super::chain::corrupt(&format!("a stored order cannot be read: {what}"))
}

/// An order as it stands now, for its store.
fn office_order(connection: &Connection, order: &OrderNo) -> db::Result<Option<OfficeOrder>> {
    let mut statement = connection
        .prepare_cached("SELECT version, content, lines, secret, number, placed_ms, expires_ms FROM collect_orders WHERE order_no = ?1")?;
    let mut rows = statement.query([order.as_str()])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let placed: PlacedOrder = serde_json::from_str(&row.get::<_, String>(1)?).map_err(|_| bad("what was placed"))?;
    let lines: Vec<OrderLine> = serde_json::from_str(&row.get::<_, String>(2)?).map_err(|_| bad("its lines"))?;
    let secret: [u8; 16] = from_hex(&row.get::<_, String>(3)?).ok_or_else(|| bad("its secret"))?;
    Ok(Some(OfficeOrder {
        order: order.clone(),
        version: row.get(0)?,
        placed_ms: row.get(5)?,
        promised_ms: placed.promised_ms,
        expires_ms: row.get(6)?,
        initials: placed.label_initials(),
        name: placed.name,
        phone: placed.phone,
        substitution: placed.substitution,
        code: collect_code::secret_hash(&secret),
        number: row.get(4)?,
        rights: order_totals(connection, order, &placed.store, &lines)?,
        lines,
    }))
}

/// Our totals of what the order holds; nothing when no rights were spent on it, or when those are of an earlier term.
fn order_totals(connection: &Connection, order: &OrderNo, store: &StoreId, lines: &[OrderLine]) -> db::Result<Vec<RightTotals>> {
    let of: Option<(u64, u64)> = connection
        .prepare_cached("SELECT lead, office FROM order_rights WHERE order_no = ?1")?
        .query_row([order.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let term = rights::term(connection, store.as_str())?;
    match of == Some((term.lead, term.office)) {
        true => lines.iter().map(|line| rights::totals(connection, store.as_str(), &line.sku)).collect(),
        false => Ok(Vec::new()),
    }
}

/// Why an order cannot be taken as it wishes.
enum NoPromise {
    Rights(Sku),
    Few(Sku),
}

/// Spends rights for what an order holds more than before, and asks for as many as are wanted by what is ordered. Where few are left and the
/// store is connected it is asked instead: the rights that would have been spent are given back with the same stroke, so that it can hold the
/// units itself.
fn promise(writer: &Writer, placed: &PlacedOrder, lines: &[OrderLine], now_ms: i64) -> db::Result<Result<Basis, NoPromise>> {
    let (connection, store) = (writer.connection(), &placed.store);
    let term = rights::term(connection, store.as_str())?;
    let need = need(connection, placed, lines, term)?;
    let few = few_left(connection, store, &need, writer.hold_rule().few, now_ms)?;
    let is_away = few.is_some() && !is_lead_online(connection, store.as_str(), now_ms)?;
    let is_asked_first = few.is_some() && !is_away;
    let outcome = match (few, placed.without_rights) {
        (Some(few), WithoutRights::Refuse) if is_asked_first => match rights::lacking(connection, store, &need)? {
            Some(sku) => Err(NoPromise::Rights(sku)),
            None => Err(NoPromise::Few(few)),
        },
        (Some(_), WithoutRights::AskStore) if is_asked_first => {
            rights::give_back(connection, store, &need)?;
            Ok(Basis::StoreWord)
        }
        _ => match (rights::spend(connection, store, &need)?, placed.without_rights) {
            (Ok(()), _) => Ok(if is_away { Basis::RightsStoreAway } else { Basis::Rights }),
            (Err(sku), WithoutRights::Refuse) => Err(NoPromise::Rights(sku)),
            (Err(_), WithoutRights::AskStore) => Ok(Basis::StoreWord),
        },
    };
    note_basis(connection, placed.order.as_str(), term, &outcome)?;
    for (sku, quantity) in need.iter().filter(|(_, quantity)| **quantity > Qty::ZERO) {
        let taken = if outcome.is_ok() { *quantity } else { Qty::ZERO };
        rights::note_demand(connection, store, sku, *quantity, taken, now_ms)?;
    }
    // What was just given back is not asked for in the same breath.
    if !is_asked_first {
        rights::want(connection, writer.hold_rule(), store, &lines.iter().map(|line| &line.sku).collect::<Vec<_>>(), now_ms)?;
    }
    Ok(outcome)
}

fn note_basis(connection: &Connection, order: &str, term: rights::Term, outcome: &Result<Basis, NoPromise>) -> db::Result<()> {
    match outcome {
        Ok(basis @ (Basis::Rights | Basis::RightsStoreAway)) => connection
            .execute(
                "INSERT INTO order_rights (order_no, lead, office, store_away) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (order_no) DO UPDATE SET lead = ?2, office = ?3, store_away = ?4",
                params![order, term.lead, term.office, i64::from(*basis == Basis::RightsStoreAway)],
            )
            .map(drop),
        Ok(Basis::StoreWord) => connection.execute("DELETE FROM order_rights WHERE order_no = ?1", [order]).map(drop),
        Err(_) => Ok(()),
    }
}

/// What it holds more than rights were spent on before.
fn need(connection: &Connection, placed: &PlacedOrder, lines: &[OrderLine], term: rights::Term) -> db::Result<BTreeMap<Sku, Qty>> {
    let mut need: BTreeMap<Sku, Qty> = lines.iter().map(|line| (line.sku.clone(), line.quantity)).collect();
    let before: Option<String> = connection
        .prepare_cached(
            "SELECT o.lines FROM collect_orders o JOIN order_rights r ON r.order_no = o.order_no
             WHERE o.order_no = ?1 AND r.lead = ?2 AND r.office = ?3",
        )?
        .query_row(params![placed.order.as_str(), term.lead, term.office], |row| row.get(0))
        .optional()?;
    for line in before.and_then(|lines| serde_json::from_str::<Vec<OrderLine>>(&lines).ok()).unwrap_or_default() {
        if let Some(quantity) = need.get_mut(&line.sku) {
            *quantity = (*quantity - line.quantity).max(Qty::ZERO);
        }
    }
    Ok(need)
}

/// The first article of which fewer than `few` would be left free on the shelf, by the newest figures. Unknown stock is not few.
fn few_left(connection: &Connection, store: &StoreId, need: &BTreeMap<Sku, Qty>, few: Qty, now_ms: i64) -> db::Result<Option<Sku>> {
    for (sku, quantity) in need.iter().filter(|(_, quantity)| few > Qty::ZERO && **quantity > Qty::ZERO) {
        let row = stock_figures::of_one(connection, store.as_str(), sku.as_str(), now_ms)?;
        if row.on_hand.is_some_and(|on_hand| on_hand - row.reserved - quantity.thousandths() < few.thousandths()) {
            return Ok(Some(sku.clone()));
        }
    }
    Ok(None)
}

/// Whether the node that keeps the store's orders was heard of just now.
fn is_lead_online(connection: &Connection, store: &str, now_ms: i64) -> db::Result<bool> {
    let Some(lead) = leads::current(connection, store)? else { return Ok(false) };
    let heard: Option<i64> = connection
        .prepare_cached("SELECT last_contact_ms FROM nodes WHERE store = ?1 AND node = ?2")?
        .query_row(params![store, lead.node], |row| row.get(0))
        .optional()?;
    Ok(heard.is_some_and(|heard| now_ms - heard <= ONLINE_MS))
}

const ROW: &str =
    "SELECT o.order_no, o.store, o.version, o.placed_ms, o.promised_ms, o.expires_ms, o.content, o.lines, o.cancelled_ms IS NOT NULL,
   coalesce(s.state, 'placed'), s.at_ms, coalesce(s.note, ''), r.order_no IS NOT NULL, r.store_away FROM collect_orders o
   LEFT JOIN order_states s ON s.order_no = o.order_no LEFT JOIN order_rights r ON r.order_no = o.order_no";

fn row(row: &db::Row<'_>) -> db::Result<OrderRow> {
    let (content, lines): (String, String) = (row.get(6)?, row.get(7)?);
    let initials = serde_json::from_str::<PlacedOrder>(&content).map_or_else(|_| String::new(), |placed| placed.label_initials());
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
        promised: row.get(12)?,
        basis: Basis::of(if row.get(12)? { Some(row.get(13)?) } else { None }),
    })
}

/// Newest first.
pub fn list(connection: &Connection, rows: impl Into<Rows<Behind>>) -> db::Result<Vec<OrderRow>> {
    let Rows { behind, limit } = rows.into();
    let sql = format!(
        "{ROW} WHERE CAST(?1 AS BIGINT) < 0 OR (o.placed_ms, o.order_no) < (CAST(?2 AS BIGINT), ?3) ORDER BY o.placed_ms DESC, o.order_no DESC LIMIT ?4"
    );
    connection.prepare_cached(&sql)?.query_map(params![behind.rank, behind.at, behind.id, limit], row)?.collect()
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
    let code =
        matches!(row.state.as_str(), "staged" | "part_handed_over").then(|| CustomerCode { token, number: format!("{head} {tail}") });
    Ok(Some((row, serde_json::from_str(&lines).unwrap_or_default(), code)))
}
