//! An order is taken: once under its channel and number, whatever way it came and however often. Inside the caller's transaction.
//!
//! | it comes | what is known of it | what follows |
//! |---|---|---|
//! | for the first time | nothing | taken |
//! | again, same content | this version | the answer it had |
//! | again, other content | this version | an error; what was taken first stands, both are kept |
//! | with a higher version | a lower one | changed, when its store says that it comes in time |
//! | with a lower version | a higher one | passed over: it was on its way too long |
//! | again, whatever content | it was cancelled | an error |

use jiff::tz::TimeZone;
use serde::Serialize;

use super::channels::Channel;
use super::mapping::{Mapping, Reading, Took};
use super::order::{ChannelLine, ChannelOrder, Checked, Fault, Fulfilment, Given, RefusedLine, SentOrder};
use super::{articles, channels, errors};
use crate::head_office::card_data;
use crate::head_office::db::{self, Connection, OptionalExtension, params};
use crate::head_office::orders::{self, NotTaken};
use crate::head_office::parts::{self, Part, PartKind};
use crate::head_office::routing;
use crate::head_office::writer::{WriteError, Writer};
use crate::ids::{ChannelId, ChannelOrderNo, OrderNo, PlaceId};
use crate::journal::Hash;
use crate::money::Currency;

/// The longest text of one order.
pub const TEXT_BYTES_MAX: usize = 256 << 10;
/// Of a channel's number, in front of what makes it unique.
const NUMBER_HEAD: usize = 10;
/// Characters that are not mistaken for each other.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// By what an order is read and kept: the chain's.
#[derive(Debug, Clone)]
pub struct House {
    pub currency: Currency,
    pub time_zone: TimeZone,
    /// How long an order waits for its customer when nobody says.
    pub kept_ms: i64,
}

impl House {
    pub fn of(config: &crate::head_office::HeadOfficeConfig) -> House {
        House { currency: config.currency.clone(), time_zone: config.time_zone.clone(), kept_ms: config.order_kept_ms }
    }

    pub fn reading(&self) -> Reading<'_> {
        Reading { currency: &self.currency, time_zone: &self.time_zone }
    }
}

/// How a text names what it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// As the channel's mapping reads it, or else in our names.
    Json,
    /// Rows of a CSV file, made into JSON: what the columns of the first row say, and all of them under "rows".
    Rows,
}

impl Form {
    pub fn name(self) -> &'static str {
        match self {
            Form::Json => "json",
            Form::Rows => "rows",
        }
    }

    pub fn named(name: &str) -> Form {
        if name == "rows" { Form::Rows } else { Form::Json }
    }
}

/// Something that came.
#[derive(Debug, Clone)]
pub struct Incoming {
    /// Where the address or the list says it; else the order does.
    pub number: Option<ChannelOrderNo>,
    pub text: String,
    pub form: Form,
    /// "API", "file orders.csv, order 3".
    pub source: String,
    /// `false`: whoever sent it reads the answer, and repairs it there.
    pub is_kept: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = IntakeOutcome)]
pub enum Outcome {
    Taken,
    Changed,
    /// It was there already.
    Same,
    /// A later version was there already.
    Older,
    CancelAsked,
}

/// What the channel is answered.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
#[schema(as = ChannelReceipt)]
pub struct Receipt {
    pub channel: ChannelId,
    pub number: ChannelOrderNo,
    pub version: u64,
    pub outcome: Outcome,
    /// The store's number of it.
    pub order: Option<OrderNo>,
    /// Rights cover it: it can be promised to the customer. If not, the store's word decides.
    pub promised: bool,
    /// What each place does for it. None: one store has all of it, or it waits.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<ReceiptPart>,
    /// Why nobody serves it, or a part of it, yet.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub waits: String,
    /// Lines that are not in it, each with its reason.
    pub refused: Vec<RefusedLine>,
}

#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct ReceiptPart {
    pub part: OrderNo,
    pub place: PlaceId,
    pub state: String,
}

/// Why it was not taken.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Refused {
    pub kind: &'static str,
    pub faults: Vec<Fault>,
    /// On the list of errors; `None`: it is not kept there.
    pub error: Option<i64>,
}

impl Refused {
    fn of(kind: &'static str, field: &str, reason: impl Into<String>) -> Refused {
        Refused { kind, faults: vec![Fault { field: field.to_owned(), reason: reason.into() }], error: None }
    }

    /// Rows of a file that contradict each other.
    pub fn of_file(why: String) -> Refused {
        Refused::of("malformed", "", why)
    }

    pub fn reason(&self) -> String {
        self.faults.iter().map(Fault::to_string).collect::<Vec<_>>().join("; ")
    }
}

/// An order that is there.
pub struct Known {
    pub store: String,
    pub version: u64,
    pub sent: String,
    pub refused: Vec<RefusedLine>,
    /// Empty: it became none.
    pub order: String,
    pub is_cancelled: bool,
}

/// Reads what came, in the channel's names or in ours.
pub fn read(channel: &Channel, text: &str, form: Form, house: &House) -> Result<SentOrder, Refused> {
    read_and_show(channel, text, form, house).0
}

/// The same, with what each rule of the mapping took.
pub fn read_and_show(channel: &Channel, text: &str, form: Form, house: &House) -> (Result<SentOrder, Refused>, Vec<Took>) {
    let unreadable = |why: String| (Err(Refused::of("unreadable", "", why)), Vec::new());
    if text.len() > TEXT_BYTES_MAX {
        return unreadable(format!("it is longer than {TEXT_BYTES_MAX} bytes"));
    }
    let no_json = |why: serde_json::Error| unreadable(format!("it cannot be read as JSON of an order: {why}"));
    let ours = Mapping::of_our_columns();
    let mapping = match form {
        Form::Json => channel.settings.mapping.as_ref(),
        Form::Rows => Some(channel.settings.csv_mapping.as_ref().unwrap_or(&ours)),
    };
    let Some(mapping) = mapping else {
        return serde_json::from_str(text).map_or_else(no_json, |sent| (Ok(sent), Vec::new()));
    };
    let theirs: serde_json::Value = match serde_json::from_str(text) {
        Ok(theirs) => theirs,
        Err(why) => return no_json(why),
    };
    let (sent, took) = mapping.apply(&theirs, house.reading());
    (sent.map_err(|faults| Refused { kind: "malformed", faults, error: None }), took)
}

/// Takes it, or puts it on the list of errors.
pub fn take(
    writer: &Writer,
    channel: &Channel,
    incoming: &Incoming,
    house: &House,
    now_ms: i64,
) -> Result<Result<Receipt, Refused>, WriteError> {
    let sent = read(channel, &incoming.text, incoming.form, house);
    let number = incoming.number.clone().or_else(|| sent.as_ref().ok().and_then(number_of));
    let done = match (&sent, &number) {
        (Ok(sent), Some(number)) => take_one(writer, channel, number, sent, house, now_ms)?,
        (Ok(sent), None) => Err(match &sent.number {
            Some(bad) => Refused::of("malformed", "number", ChannelOrderNo::new(bad).err().map(|why| why.to_string()).unwrap_or_default()),
            None => Refused::of("malformed", "number", "the order has none"),
        }),
        (Err(refused), _) => Err(refused.clone()),
    };
    let mut refused = match done {
        Ok(receipt) => return Ok(Ok(receipt)),
        Err(refused) => refused,
    };
    if incoming.is_kept {
        refused.error = keep(writer.connection(), channel, number.as_ref(), sent.ok().as_ref(), incoming, &refused, now_ms)?;
    }
    Ok(Err(refused))
}

fn number_of(sent: &SentOrder) -> Option<ChannelOrderNo> {
    sent.number.as_deref().and_then(|number| ChannelOrderNo::new(number).ok())
}

fn keep(
    connection: &Connection,
    channel: &Channel,
    number: Option<&ChannelOrderNo>,
    sent: Option<&SentOrder>,
    incoming: &Incoming,
    refused: &Refused,
    now_ms: i64,
) -> db::Result<Option<i64>> {
    // What cannot be read was not looked through by the door.
    let text = match (incoming.text.len() > TEXT_BYTES_MAX, card_data::holds_card(&incoming.text)) {
        (true, _) => "(too long to be kept)",
        (false, true) => "(not kept: it holds what looks like the number of a payment card)",
        (false, false) => &incoming.text,
    };
    let known = number.map(|number| find(connection, &channel.channel, number)).transpose()?.flatten();
    let named = sent.and_then(|sent| sent.store.as_ref().map(|it| it.as_str()).or(sent.place.as_ref().map(|it| it.as_str())));
    let error = errors::NewError {
        channel: channel.channel.as_str(),
        number: number.map_or("", ChannelOrderNo::as_str),
        store: known.as_ref().map(|known| known.store.as_str()).or(named).unwrap_or_default(),
        version: sent.and_then(|sent| sent.version).unwrap_or(1),
        kind: refused.kind,
        form: incoming.form.name(),
        source: &incoming.source,
        reason: &refused.reason(),
        text,
        stands: known.as_ref().filter(|_| refused.kind == "doubled").map_or("", |known| known.sent.as_str()),
    };
    errors::open(connection, &error, now_ms)
}

/// One that was read.
pub fn take_one(
    writer: &Writer,
    channel: &Channel,
    number: &ChannelOrderNo,
    sent: &SentOrder,
    house: &House,
    now_ms: i64,
) -> Result<Result<Receipt, Refused>, WriteError> {
    let connection = writer.connection();
    let version = sent.version.unwrap_or(1);
    // What is compared: everything but the number, which is the same, and the version, which is looked at by itself.
    let plain = serde_json::to_string(&SentOrder { number: None, version: None, ..sent.clone() }).expect("an order is plain values");
    let known = find(connection, &channel.channel, number)?;
    if let Some(known) = &known {
        let answer = |outcome| receipt(connection, channel, number, known, outcome);
        match known.version.cmp(&version) {
            _ if known.is_cancelled => {
                return Ok(Err(Refused::of("cancelled", "", "it was cancelled; a new order needs a number of its own")));
            }
            std::cmp::Ordering::Greater => return Ok(Ok(answer(Outcome::Older)?)),
            std::cmp::Ordering::Equal if known.sent == plain => return Ok(Ok(answer(Outcome::Same)?)),
            std::cmp::Ordering::Equal => {
                let reason = format!("version {version} was taken with another content, which stands; a change has a higher version");
                return Ok(Err(Refused::of("doubled", "version", reason)));
            }
            std::cmp::Ordering::Less => {}
        }
    }
    let given = Given { channel: &channel.channel, number, promised_ms: now_ms + i64::from(channel.settings.promise_minutes) * 60_000 };
    let Checked { order, mut refused } = match sent.check(given, |name| articles::known(connection, &channel.channel, name))? {
        Ok(checked) => checked,
        Err(faults) => return Ok(Err(Refused { kind: "malformed", faults, error: None })),
    };
    let order = match serve(writer, &order, known.as_ref(), house, now_ms, &mut refused)? {
        Ok((order, placed)) => {
            store(connection, &order, &plain, &refused, placed.as_ref(), now_ms)?;
            order
        }
        Err(refused) => return Ok(Err(refused)),
    };
    errors::taken(connection, order.channel.as_str(), order.number.as_str(), version, now_ms)?;
    let outcome = if known.is_some() { Outcome::Changed } else { Outcome::Taken };
    let now_known = find(connection, &channel.channel, number)?.ok_or(db::Error::NoRow)?;
    Ok(Ok(receipt(connection, channel, number, &now_known, outcome)?))
}

/// Has its store serve it: as a collect order. Lines that a partial order cannot be promised leave it. What is shipped, and what the rules of
/// routing may give to another store, goes where these say.
fn serve(
    writer: &Writer,
    order: &ChannelOrder,
    known: Option<&Known>,
    house: &House,
    now_ms: i64,
    refused: &mut Vec<RefusedLine>,
) -> Result<Result<(ChannelOrder, Option<OrderNo>), Refused>, WriteError> {
    let connection = writer.connection();
    let parts = parts::of_order(connection, order.channel.as_str(), order.number.as_str())?;
    let store = match &order.fulfilment {
        Fulfilment::Collect { .. } if !parts.is_empty() || (known.is_none() && routing::goes_elsewhere(connection)?) => {
            return routed(writer, order, known, &parts, house, now_ms);
        }
        Fulfilment::Collect { store } => store,
        Fulfilment::Ship { .. } | Fulfilment::ShipToPlace { .. } => return routed(writer, order, known, &parts, house, now_ms),
    };
    let known_no = known.and_then(|known| OrderNo::new(&known.order).ok());
    let is_change = known_no.is_some();
    let number = match known_no {
        Some(number) => number,
        None => order_no(connection, &order.channel, &order.number)?,
    };
    let mut order = order.clone();
    loop {
        let placed = order.placed(number.clone(), store.clone(), &order.lines);
        let lacking = match orders::put(writer, &placed, now_ms, house.kept_ms, is_change)? {
            Ok(_) => return Ok(Ok((order, Some(number)))),
            Err(NotTaken::NoRights(sku)) => (sku, "no_rights", "the store has not granted enough rights to promise it"),
            Err(NotTaken::FewLeft(sku)) => (sku, "few_left", "so few are left in the store that it has to say first"),
            Err(NotTaken::Malformed(why)) => return Ok(Err(Refused::of("malformed", "", why))),
            Err(NotTaken::Cancelled) => return Ok(Err(Refused::of("cancelled", "", "the store's order was cancelled"))),
            Err(NotTaken::NoNumber) => return Ok(Err(Refused::of("not_served", "", "no short number was free in the store: try again"))),
            Err(NotTaken::Exists | NotTaken::Unknown) => return Ok(Err(Refused::of("not_served", "", "the store's order is another one"))),
        };
        let (sku, kind, why) = lacking;
        let of_it = |line: &ChannelLine| line.sku == sku;
        let reason = format!("{sku}: {why}");
        if !order.partial || order.lines.len() == 1 || !order.lines.iter().any(of_it) {
            return Ok(Err(Refused::of(kind, "lines", reason)));
        }
        refused.extend(order.lines.iter().filter(|line| of_it(line)).map(|line| RefusedLine { line: line.line, reason: reason.clone() }));
        order.lines.retain(|line| line.sku != sku);
    }
}

/// Has places serve it, by the rules of routing. A change ends the parts that nobody has begun, and gives out others.
fn routed(
    writer: &Writer,
    order: &ChannelOrder,
    known: Option<&Known>,
    parts: &[Part],
    house: &House,
    now_ms: i64,
) -> Result<Result<(ChannelOrder, Option<OrderNo>), Refused>, WriteError> {
    if known.is_some_and(|known| parts.is_empty() && !known.order.is_empty()) {
        return Ok(Err(Refused::of(
            "not_served",
            "fulfilment",
            "a store has it as a collect order: cancel it, and send it under another number",
        )));
    }
    let live: Vec<&Part> = parts.iter().filter(|part| part.state != "refused" && part.state != "cancelled").collect();
    if let Some(begun) = live.iter().find(|part| part.state != "sent") {
        return Ok(Err(Refused::of("change_too_late", "", format!("{} has part {} of it: {}", begun.place, begun.part, begun.state))));
    }
    for part in &live {
        if let Err(why) = parts::end(writer, &part.part, "the channel changed the order", now_ms)? {
            return Ok(Err(Refused::of("change_too_late", "", why.to_string())));
        }
    }
    if known.is_some() {
        routing::afresh(writer.connection(), order.channel.as_str(), order.number.as_str(), now_ms)?;
    }
    match routing::serve(writer, order, house.kept_ms, now_ms)? {
        Ok(served) => Ok(Ok((order.clone(), served.parts.into_iter().next().map(|part| part.part)))),
        Err(NotTaken::NoRights(sku)) => {
            Ok(Err(Refused::of("no_rights", "lines", format!("{sku}: the store has not granted enough rights to promise it"))))
        }
        Err(NotTaken::FewLeft(sku)) => {
            Ok(Err(Refused::of("few_left", "lines", format!("{sku}: so few are left in the store that it has to say first"))))
        }
        Err(NotTaken::Malformed(why)) => Ok(Err(Refused::of("malformed", "", why))),
        Err(NotTaken::NoNumber | NotTaken::Exists | NotTaken::Unknown | NotTaken::Cancelled) => {
            Ok(Err(Refused::of("not_served", "", "its store could not be given it: try again")))
        }
    }
}

fn store(
    connection: &Connection,
    order: &ChannelOrder,
    sent: &str,
    refused: &[RefusedLine],
    placed: Option<&OrderNo>,
    now_ms: i64,
) -> db::Result<()> {
    let named = match &order.fulfilment {
        Fulfilment::Collect { store } => store.as_str(),
        Fulfilment::ShipToPlace { place } => place.as_str(),
        Fulfilment::Ship { .. } => "",
    };
    connection
        .prepare_cached(
            "INSERT INTO channel_orders (channel, number, store, version, sent, content, refused, order_no, came_ms, changed_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9)
             ON CONFLICT (channel, number) DO UPDATE SET store = ?3, version = ?4, sent = ?5, content = ?6, refused = ?7, order_no = ?8, changed_ms = ?9",
        )?
        .execute(params![
            order.channel.as_str(),
            order.number.as_str(),
            named,
            order.version,
            sent,
            serde_json::to_string(order).expect("an order is plain values"),
            serde_json::to_string(refused).expect("lines are plain values"),
            placed.map_or("", OrderNo::as_str),
            now_ms,
        ])
        .map(drop)
}

pub fn find(connection: &Connection, channel: &ChannelId, number: &ChannelOrderNo) -> db::Result<Option<Known>> {
    connection
        .prepare_cached(
            "SELECT store, version, sent, refused, order_no, cancelled_ms IS NOT NULL FROM channel_orders WHERE channel = ?1 AND number = ?2",
        )?
        .query_row([channel.as_str(), number.as_str()], |row| {
            Ok(Known {
                store: row.get(0)?,
                version: row.get(1)?,
                sent: row.get(2)?,
                refused: serde_json::from_str(&row.get::<_, String>(3)?).unwrap_or_default(),
                order: row.get(4)?,
                is_cancelled: row.get(5)?,
            })
        })
        .optional()
}

/// What was taken of it, in its newest version.
pub fn order_of(connection: &Connection, channel: &ChannelId, number: &ChannelOrderNo) -> db::Result<Option<ChannelOrder>> {
    let content: Option<String> = connection
        .prepare_cached("SELECT content FROM channel_orders WHERE channel = ?1 AND number = ?2")?
        .query_row([channel.as_str(), number.as_str()], |row| row.get(0))
        .optional()?;
    let bad = |_| crate::head_office::chain::corrupt("an order of a channel cannot be read");
    content.map(|content| serde_json::from_str(&content).map_err(bad)).transpose()
}

pub fn receipt(
    connection: &Connection,
    channel: &Channel,
    number: &ChannelOrderNo,
    known: &Known,
    outcome: Outcome,
) -> db::Result<Receipt> {
    let order = OrderNo::new(&known.order).ok();
    let promised = match &order {
        Some(order) => orders::find(connection, order)?.is_some_and(|(row, ..)| row.promised),
        None => false,
    };
    let parts = parts::of_order(connection, channel.channel.as_str(), number.as_str())?;
    let waits = routing::why_waiting(connection, channel.channel.as_str(), number.as_str())?;
    // A parcel is promised by the place's own stock.
    let shipped = !parts.is_empty() && waits.is_empty() && parts.iter().all(|part| part.kind == PartKind::Ship);
    let promised = promised || shipped;
    Ok(Receipt {
        parts: parts.into_iter().map(|part| ReceiptPart { part: part.part, place: part.place, state: part.state }).collect(),
        waits,
        channel: channel.channel.clone(),
        number: number.clone(),
        version: known.version,
        outcome,
        order,
        promised,
        refused: known.refused.clone(),
    })
}

/// The channel takes it back. Whether that comes in time the store's record says. Idempotent. `None`: there is no such order.
pub fn cancel(writer: &Writer, channel: &Channel, number: &ChannelOrderNo, now_ms: i64) -> db::Result<Option<Receipt>> {
    let connection = writer.connection();
    let Some(known) = find(connection, &channel.channel, number)? else { return Ok(None) };
    let parts = end(writer, channel.channel.as_str(), number.as_str(), "the channel cancelled the order", now_ms)?;
    if let (Ok(order), 0) = (OrderNo::new(&known.order), parts) {
        // What the store's order says of itself stands in its own row.
        let _ = orders::cancelled(connection, &order, now_ms)?;
    }
    receipt(connection, channel, number, &known, Outcome::CancelAsked).map(Some)
}

/// Nobody looks for places for it any more, and its parts end, or are asked back of their places. Returns how many parts it ever had.
pub fn end(writer: &Writer, channel: &str, number: &str, why: &str, now_ms: i64) -> db::Result<usize> {
    let connection = writer.connection();
    let sql = "UPDATE channel_orders SET cancelled_ms = ?3, changed_ms = ?3 WHERE channel = ?1 AND number = ?2 AND cancelled_ms IS NULL";
    connection.prepare_cached(sql)?.execute(params![channel, number, now_ms])?;
    let parts = parts::of_order(connection, channel, number)?;
    routing::stop(connection, channel, number, now_ms)?;
    for part in parts.iter().filter(|part| part.state != "refused" && part.state != "cancelled") {
        // What has left stays; its place says so.
        let _ = parts::end(writer, &part.part, why, now_ms)?;
    }
    Ok(parts.len())
}

/// How an error is tried again.
#[derive(Debug, Clone, Default)]
pub struct Again {
    /// Repaired; `None`: as it stands.
    pub text: Option<String>,
    /// What stands is replaced by it, under the next version.
    pub as_change: bool,
    pub who: String,
    /// Whoever is bound to certain stores makes it no order of another one.
    pub stays_in_store: bool,
}

/// Tries an error again. `None`: it is not open.
pub fn replay(writer: &Writer, id: i64, again: &Again, house: &House, now_ms: i64) -> Result<Option<Result<Receipt, Refused>>, WriteError> {
    let connection = writer.connection();
    let Some(error) = errors::find(connection, id)?.filter(|error| error.settled_ms.is_none()) else { return Ok(None) };
    let Some(channel) = ChannelId::new(&error.channel).ok().map(|channel| channels::find(connection, &channel)).transpose()?.flatten()
    else {
        return Ok(None);
    };
    let text = again.text.as_ref().unwrap_or(&error.text);
    let mut sent = read(&channel, text, Form::named(&error.form), house);
    let number = ChannelOrderNo::new(&error.number).ok().or_else(|| sent.as_ref().ok().and_then(number_of));
    let done = match (&mut sent, &number) {
        (Ok(sent), Some(number)) => {
            let elsewhere = again.stays_in_store && sent.store.as_ref().is_none_or(|store| store.as_str() != error.store);
            if again.as_change
                && let Some(known) = find(connection, &channel.channel, number)?
            {
                sent.version = Some(known.version + 1);
            }
            match elsewhere {
                true => {
                    Err(Refused::of("malformed", "store", "it is not the store that the order was for, and you are for certain stores"))
                }
                false => take_one(writer, &channel, number, sent, house, now_ms)?,
            }
        }
        (Ok(_), None) => Err(Refused::of("malformed", "number", "the order has none")),
        (Err(refused), _) => Err(refused.clone()),
    };
    match done {
        Ok(receipt) => {
            errors::replayed(connection, id, &again.who, now_ms)?;
            Ok(Some(Ok(receipt)))
        }
        Err(refused) => {
            errors::still(connection, id, text, refused.kind, &refused.reason())?;
            Ok(Some(Err(Refused { error: Some(id), ..refused })))
        }
    }
}

/// The number of a collect order: the channel's own where it is one and free, else the end of it and five characters that are its alone.
fn order_no(connection: &Connection, channel: &ChannelId, number: &ChannelOrderNo) -> db::Result<OrderNo> {
    let is_free = |order: &OrderNo| -> db::Result<bool> {
        let sql = "SELECT EXISTS (SELECT 1 FROM collect_orders WHERE order_no = ?1)";
        connection.prepare_cached(sql)?.query_row([order.as_str()], |row| row.get::<_, bool>(0)).map(|there| !there)
    };
    if let Ok(order) = OrderNo::new(number.as_str())
        && is_free(&order)?
    {
        return Ok(order);
    }
    let head: String = number.as_str().chars().filter(char::is_ascii_alphanumeric).collect();
    let head = &head[head.len().saturating_sub(NUMBER_HEAD)..];
    for round in 0u32.. {
        let hash = Hash::of(format!("{channel} {number} {round}").as_bytes());
        let tail: String = hash.0.iter().take(5).map(|byte| char::from(ALPHABET[usize::from(byte & 31)])).collect();
        let order = OrderNo::new(&format!("{head}{tail}")).map_err(|_| crate::head_office::chain::corrupt("a number of an order"))?;
        if is_free(&order)? {
            return Ok(order);
        }
    }
    Err(crate::head_office::chain::corrupt("no number is free"))
}
