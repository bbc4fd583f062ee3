//! Carries plans out: gives places their parts in the transaction that takes the order, and looks for others when a place does not serve what it
//! was asked for. An order stands in `route_orders` from then on:
//!
//! | state      | meaning                                    | what moves it                                                     |
//! |------------|--------------------------------------------|-------------------------------------------------------------------|
//! | `served`   | parts have all of it                       | a part is refused, short or silent → asked anew                   |
//! | `waiting`  | of some of it nobody can serve it now      | stock, rules, time → tried again; a person                        |
//! | `given_up` | as many places were asked as may be, or it | a person: tried again, or cancelled                               |
//! |            | waited too long                            |                                                                   |
//! | `over`     | its channel cancelled it                   | nothing                                                           |

use serde::Serialize;
use serde_json::json;

use super::book;
use super::engine::{self, Ask, Candidate, Plan, PlannedPart};
use super::gather;
use super::rules::Way;
use super::steps;
use crate::head_office::db::{self, Connection, OptionalExtension, params};
use crate::head_office::intake::order::{ChannelLine, ChannelOrder, Fulfilment};
use crate::head_office::office_events::{self, Fact};
use crate::head_office::order_exceptions::{self, CHANNEL, OrderException};
use crate::head_office::orders::{self, NotTaken};
use crate::head_office::paging::{Behind, Rows};
use crate::head_office::parts::{self, NewPart, Part, PartKind, PartLine, Recipient};
use crate::head_office::places::{self, Place};
use crate::head_office::writer::{WriteError, Writer};
use crate::ids::{OrderNo, PlaceId, Sku, StoreId};
use crate::money::{Qty, RoundingMode};

/// What waits is tried again after so long.
pub const RETRY_MS: i64 = 120_000;
/// What waited for so long, and has no end of its own, is given up.
const WAITED_MS_MAX: i64 = 14 * 86_400_000;
/// Letters of a channel's number that a part's number keeps, so that there is room for what tells parts apart.
const NUMBER_CHARS: usize = 12;
const NUMBER_TRIES: u32 = 999;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RouteState {
    Served,
    Waiting,
    GivenUp,
    Over,
}

impl RouteState {
    pub fn name(self) -> &'static str {
        match self {
            RouteState::Served => "served",
            RouteState::Waiting => "waiting",
            RouteState::GivenUp => "given_up",
            RouteState::Over => "over",
        }
    }
}

/// What became of an order.
#[derive(Debug, Clone, Serialize)]
pub struct Served {
    pub state: RouteState,
    /// Those that were given out now.
    pub parts: Vec<ServedPart>,
    /// Line and quantity that nobody serves yet.
    pub missing: Vec<(u32, Qty)>,
    /// Why not; empty when nothing is missing.
    pub why: String,
}

#[derive(Debug, Clone, Serialize)]
pub struct ServedPart {
    pub part: OrderNo,
    pub place: PlaceId,
    pub kind: PartKind,
    pub lines: Vec<(u32, Qty)>,
    /// It can be promised to the customer; if not, the store's word decides.
    pub promised: bool,
    pub late: bool,
}

/// Finds places for whatever of the order no part serves, and gives them their parts. In the caller's transaction: after an error nothing of it is
/// stored. Again with nothing to do it does nothing. `kept_ms`: how long a collect order waits for its customer when the channel does not say.
pub fn serve(writer: &Writer, order: &ChannelOrder, kept_ms: i64, now_ms: i64) -> Result<Result<Served, NotTaken>, WriteError> {
    let connection = writer.connection();
    let before = parts::of_order(connection, order.channel.as_str(), order.number.as_str())?;
    let lines = gather::unserved(order, &before);
    if lines.is_empty() {
        stands(connection, order, RouteState::Served, "", now_ms)?;
        return Ok(Ok(Served { state: RouteState::Served, parts: Vec::new(), missing: Vec::new(), why: String::new() }));
    }
    let given_up = |why: &str| -> db::Result<Served> {
        stands(connection, order, RouteState::GivenUp, why, now_ms)?;
        Ok(Served { state: RouteState::GivenUp, parts: Vec::new(), missing: lines.clone(), why: why.to_owned() })
    };
    let version = book::newest(connection)?;
    let rules = book::meant(&version.document);
    // A person who wants it tried again wants everybody asked again.
    let afresh_ms = afresh_ms(connection, order)?;
    let against: Vec<&Part> = before.iter().filter(|part| part.made_ms >= afresh_ms).collect();
    let attempts = gather::attempts(&lines, &against);
    if attempts >= rules.attempts {
        let names: Vec<&str> = against.iter().map(|part| part.place.as_str()).collect();
        return Ok(Ok(given_up(&format!("it was tried {attempts} times, by {}", names.join(", ")))?));
    }
    if !order.may_split && before.iter().any(|part| !gather::is_lost(part)) {
        return Ok(Ok(given_up("a part of it is short, and the customer wants all of it from one place")?));
    }
    let places = places::all(connection)?;
    let ask = gather::ask(connection, order, &lines, &against, &places, now_ms)?;
    let candidates = gather::candidates(connection, &ask, &places, &rules)?;
    let plan = engine::plan(&ask, &candidates, &rules);
    let mut given = Vec::with_capacity(plan.parts.len());
    for planned in &plan.parts {
        match give(writer, order, planned, &places, attempts + 1, kept_ms, now_ms)? {
            Ok(part) => given.push(part),
            // A collect order has one part: nothing else was written.
            Err(why) => return Ok(Err(why)),
        }
    }
    if given.is_empty()
        && before.is_empty()
        && let Some(sku) = lacking(&ask, &candidates)
    {
        return Ok(Err(NotTaken::NoRights(sku)));
    }
    steps::note(connection, order, attempts + 1, version.version, &plan, now_ms)?;
    let missing: Vec<(u32, Qty)> = plan.missing.iter().map(|(line, quantity)| (*line, Qty::from_thousandths(*quantity))).collect();
    if missing.is_empty() {
        stands(connection, order, RouteState::Served, "", now_ms)?;
        return Ok(Ok(Served { state: RouteState::Served, parts: given, missing, why: String::new() }));
    }
    let why = why_not(&plan, &ask);
    // The customer of a store that refused is told so now; another one would have to be found at once.
    let is_over = ask.way == Way::Collect && !before.is_empty();
    let state = if is_over { RouteState::GivenUp } else { RouteState::Waiting };
    stands(connection, order, state, &why, now_ms)?;
    Ok(Ok(Served { state, parts: given, missing, why }))
}

fn afresh_ms(connection: &Connection, order: &ChannelOrder) -> db::Result<i64> {
    let sql = "SELECT afresh_ms FROM route_orders WHERE channel = ?1 AND number = ?2";
    let found = connection.prepare_cached(sql)?.query_row([order.channel.as_str(), order.number.as_str()], |row| row.get(0)).optional()?;
    Ok(found.unwrap_or(0))
}

/// Of an order that wants a promise or nothing: the first article that the chosen store cannot promise. It is not kept waiting.
fn lacking(ask: &Ask, candidates: &[Candidate]) -> Option<Sku> {
    let chosen = candidates.iter().find(|of| ask.chosen.as_ref() == Some(&of.place)).filter(|_| !ask.may_ask)?;
    let line = chosen.stock.iter().zip(&ask.lines).find(|(stock, line)| stock.certain < line.quantity).map(|(_, line)| line);
    line.or(ask.lines.first()).and_then(|line| Sku::new(&line.sku).ok())
}

fn why_not(plan: &Plan, ask: &Ask) -> String {
    let lines: Vec<String> = plan.missing.iter().map(|(line, _)| line.to_string()).collect();
    let what = if lines.len() == ask.lines.len() { "it".to_owned() } else { format!("line {}", lines.join(", ")) };
    match plan.steps.last().map(|step| step.route.as_str()) {
        None => "no route of the rules takes such an order".to_owned(),
        Some(_) => format!("no place can serve {what} now"),
    }
}

fn give(
    writer: &Writer,
    order: &ChannelOrder,
    planned: &PlannedPart,
    places: &[Place],
    attempt: u32,
    kept_ms: i64,
    now_ms: i64,
) -> Result<Result<ServedPart, NotTaken>, WriteError> {
    let connection = writer.connection();
    let bad = |what: &str| crate::head_office::chain::corrupt(what);
    let number = free_number(connection, order.number.as_str())?;
    let place = places.iter().find(|of| of.place.as_str() == planned.place).ok_or_else(|| bad("a plan names a place that is not there"))?;
    let mut lines = Vec::with_capacity(planned.lines.len());
    let mut asked: Vec<ChannelLine> = Vec::with_capacity(planned.lines.len());
    for (line, quantity) in &planned.lines {
        let Some(of) = order.lines.iter().find(|of| of.line == *line) else { continue };
        let article = gather::article(connection, &of.sku)?;
        let (name, unit) = article.map_or_else(|| (of.sku.to_string(), Default::default()), |article| (article.name, article.unit));
        let quantity = Qty::from_thousandths(*quantity);
        lines.push(PartLine { line: *line, sku: of.sku.clone(), name, quantity, unit, short: Qty::ZERO, why: String::new() });
        asked.push(ChannelLine { quantity, ..of.clone() });
    }
    let (kind, to) = match &order.fulfilment {
        Fulfilment::Collect { .. } => (PartKind::Collect, Recipient::default()),
        Fulfilment::Ship { to } => {
            let mut lines = to.street.clone();
            lines.push(format!("{} {}", to.postcode, to.city).trim().to_owned());
            lines.extend(Some(to.region.clone()).filter(|region| !region.is_empty()));
            let (name, country, phone) = (to.name.clone(), to.country.clone(), order.phone.clone());
            (PartKind::Ship, Recipient { name, lines, country, phone, for_place: None })
        }
        Fulfilment::ShipToPlace { place } => {
            let to = places.iter().find(|of| of.place == *place);
            let lines = to.map(|to| to.address.lines().map(str::to_owned).collect()).unwrap_or_default();
            let name = to.map_or_else(|| place.to_string(), |to| to.name.clone());
            (PartKind::Ship, Recipient { name, lines, for_place: Some(place.clone()), ..Recipient::default() })
        }
    };
    let price = |line: &ChannelLine| line.unit_price.map(|price| price.times(line.quantity, RoundingMode::HalfUp).minor());
    let value: Option<i64> = asked.iter().map(price).sum();
    let mut promised = true;
    if kind == PartKind::Collect {
        let store: StoreId = planned.place.parse().map_err(|_| bad("a store's id cannot be read"))?;
        match orders::put(writer, &order.placed(number.clone(), store, &asked), now_ms, kept_ms, false)? {
            Ok(placed) => promised = placed.promised,
            Err(why) => return Ok(Err(why)),
        }
    }
    let new = NewPart {
        part: number.clone(),
        place: place.place.clone(),
        channel: order.channel.to_string(),
        number: order.number.to_string(),
        attempt,
        kind,
        to,
        promised_ms: order.promised_ms,
        lines,
        value,
    };
    if let Err(why) = parts::assign(writer, &new, now_ms)? {
        return Err(bad(&format!("a part was planned and cannot be given out: {why}")).into());
    }
    let lines = planned.lines.iter().map(|(line, quantity)| (*line, Qty::from_thousandths(*quantity))).collect();
    Ok(Ok(ServedPart { part: number, place: place.place.clone(), kind, lines, promised, late: planned.is_late }))
}

/// The channel's own number when it can be one of ours and is free; else its letters and digits with as much behind them as tells it apart.
fn free_number(connection: &Connection, number: &str) -> db::Result<OrderNo> {
    let plain: String = number.chars().filter(char::is_ascii_alphanumeric).collect();
    let base: String = plain.chars().take(NUMBER_CHARS).collect();
    let whole = OrderNo::new(number).ok().into_iter();
    let others = (2..=NUMBER_TRIES).map(|turn| format!("{base}P{turn}"));
    let first = Some(base.clone()).filter(|base| *base != number).into_iter();
    for number in whole.chain(first.chain(others).filter_map(|number| OrderNo::new(&number).ok())) {
        if !gather::is_taken(connection, number.as_str())? {
            return Ok(number);
        }
    }
    Err(crate::head_office::chain::corrupt("no number is free for a part of an order"))
}

/// Its channel cancelled it: nothing of it is looked for any more. Its parts end by themselves ([`parts::end`]).
pub fn stop(connection: &Connection, channel: &str, number: &str, now_ms: i64) -> db::Result<()> {
    connection
        .prepare_cached("UPDATE route_orders SET state = 'over', why = '', since_ms = ?3, next_ms = ?3 WHERE channel = ?1 AND number = ?2")?
        .execute(params![channel, number, now_ms])?;
    settle(connection, channel, number, now_ms)
}

/// Whether the rules in force may give what is collected to another store than the chosen one.
pub fn goes_elsewhere(connection: &Connection) -> db::Result<bool> {
    Ok(book::meant(&book::newest(connection)?.document).routes.iter().any(|route| route.elsewhere_km > 0))
}

/// What places did with it so far does not count against them any more.
pub fn afresh(connection: &Connection, channel: &str, number: &str, now_ms: i64) -> db::Result<()> {
    connection
        .prepare_cached("UPDATE route_orders SET afresh_ms = ?3, since_ms = ?3 WHERE channel = ?1 AND number = ?2")?
        .execute(params![channel, number, now_ms])
        .map(drop)
}

/// Why nobody serves it, or all of it, now; empty: somebody does, or it was never routed.
pub fn why_waiting(connection: &Connection, channel: &str, number: &str) -> db::Result<String> {
    let sql = "SELECT why FROM route_orders WHERE channel = ?1 AND number = ?2 AND state IN ('waiting', 'given_up')";
    let found: Option<String> = connection.prepare_cached(sql)?.query_row([channel, number], |row| row.get(0)).optional()?;
    Ok(found.unwrap_or_default())
}

/// Whether nobody serves it, and nobody is looked for any more.
pub fn is_given_up(connection: &Connection, channel: &str, number: &str) -> db::Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM route_orders WHERE channel = ?1 AND number = ?2 AND state = 'given_up')";
    connection.prepare_cached(sql)?.query_row([channel, number], |row| row.get(0))
}

/// Where an order stands; said aloud when that changes.
fn stands(connection: &Connection, order: &ChannelOrder, state: RouteState, why: &str, now_ms: i64) -> db::Result<()> {
    let (channel, number) = (order.channel.as_str(), order.number.as_str());
    let before = connection
        .prepare_cached("SELECT state, since_ms FROM route_orders WHERE channel = ?1 AND number = ?2")?
        .query_row([channel, number], |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?)))
        .optional()?;
    let since_ms = before.as_ref().filter(|(before, _)| before == state.name()).map_or(now_ms, |(_, since_ms)| *since_ms);
    let waits_until_ms = order.expires_ms.unwrap_or(since_ms + WAITED_MS_MAX);
    if state == RouteState::Waiting && now_ms >= waits_until_ms {
        return stands(connection, order, RouteState::GivenUp, &format!("{why}; it waited too long"), now_ms);
    }
    connection
        .prepare_cached(
            "INSERT INTO route_orders (channel, number, state, why, since_ms, next_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (channel, number) DO UPDATE SET state = ?3, why = ?4, since_ms = ?5, next_ms = ?6",
        )?
        .execute(params![channel, number, state.name(), why, since_ms, now_ms + RETRY_MS])?;
    let is_new = before.as_ref().is_none_or(|(before, _)| before != state.name());
    match state {
        RouteState::Served | RouteState::Over if before.is_none() || !is_new => Ok(()),
        RouteState::Served | RouteState::Over => settle(connection, channel, number, now_ms),
        RouteState::Waiting | RouteState::GivenUp if !is_new => Ok(()),
        RouteState::Waiting | RouteState::GivenUp => {
            let given_up = state == RouteState::GivenUp;
            let kind = if given_up { "not_routed" } else { "waiting" };
            let reason = match given_up {
                true => format!("order {number} of {channel}: {why}. Try it again on the page Routing, or cancel it"),
                false => format!("order {number} of {channel} waits: {why}. It is tried again by itself; the page Routing says why"),
            };
            let fingerprint = format!("{kind} {channel} {number}");
            let exception = OrderException { fingerprint, store: "", order: number, kind, owner: CHANNEL, reason };
            settle(connection, channel, number, now_ms)?;
            order_exceptions::open(connection, &exception, now_ms, true)?;
            let event = if given_up { "order.not_routed" } else { "order.waiting" };
            let source = format!("route {channel} {number} {} {now_ms}", state.name());
            let data = json!({ "channel": channel, "number": number, "why": why });
            office_events::add(
                connection,
                &Fact { kind: event, store: "", order: number, at_ms: now_ms, known_ms: now_ms, who: "", source, data },
            )
        }
    }
}

/// Nobody has to look at it any more.
fn settle(connection: &Connection, channel: &str, number: &str, now_ms: i64) -> db::Result<()> {
    let of = |kind: &str| format!("{kind} {channel} {number}");
    connection
        .prepare_cached("UPDATE order_exceptions SET settled_ms = ?3 WHERE fingerprint IN (?1, ?2) AND settled_ms IS NULL")?
        .execute(params![of("waiting"), of("not_routed"), now_ms])
        .map(drop)
}

/// An order that nobody serves, or of which a part waits.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(as = WaitingOrder)]
pub struct Waiting {
    pub channel: String,
    pub number: String,
    pub state: String,
    pub why: String,
    pub since_ms: i64,
    pub next_ms: i64,
}

/// Those that were given up first, then those that wait, the oldest first.
pub fn waiting(connection: &Connection, rows: impl Into<Rows<Behind>>) -> db::Result<Vec<Waiting>> {
    let Rows { behind, limit } = rows.into();
    connection
        .prepare_cached(
            "SELECT channel, number, state, why, since_ms, next_ms FROM route_orders WHERE state IN ('waiting', 'given_up')
               AND (CASE state WHEN 'given_up' THEN 0 ELSE 1 END, since_ms, channel || '/' || number) > (CAST(?1 AS BIGINT), CAST(?2 AS BIGINT), ?3)
             ORDER BY CASE state WHEN 'given_up' THEN 0 ELSE 1 END, since_ms, channel || '/' || number LIMIT ?4",
        )?
        .query_map(params![behind.rank, behind.at, behind.id, limit], |row| {
            Ok(Waiting {
                channel: row.get(0)?,
                number: row.get(1)?,
                state: row.get(2)?,
                why: row.get(3)?,
                since_ms: row.get(4)?,
                next_ms: row.get(5)?,
            })
        })?
        .collect()
}
