//! Places that serve orders: stores, and warehouses, third parties' and suppliers' without a node. What each can do is said here by people at head
//! office, for routing to read; what is there of an article a place without a node says itself ([`stock`]).
//!
//! A place's id stands in columns named `store`: people and tokens are bound to a place as they are to a store.

pub mod api;
pub mod sheet;
pub mod stock;

use std::collections::BTreeSet;

use jiff::civil::{Date, Weekday};
use serde::{Deserialize, Serialize};

use super::access::rights::{REGION_RULE, is_region};
use super::card_data;
use super::db::{self, Connection, OptionalExtension, Row, params};
use crate::ids::PlaceId;
use crate::money::Money;

pub const NAME_CHARS_MAX: usize = 60;
const ADDRESS_CHARS_MAX: usize = 300;
const ADDRESS_LINES_MAX: usize = 6;
pub const CLOSED_DAYS_MAX: usize = 100;
/// Of one head office.
pub const PLACES_MAX: u64 = 20_000;
const COST_MAX: Money = Money::from_minor(10_000_000);
const LEAD_DAYS_MAX: u16 = 60;
const STOCK_HOURS_MAX: u32 = 24 * 31;
const ACCEPT_MINUTES_MAX: u32 = 7 * 24 * 60;
const CAPACITY_MAX: u32 = 1_000_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PlaceKind {
    /// With a node: its stock and its orders are in its journal.
    Store,
    Warehouse,
    /// Third-party logistics: keeps our goods and sends them.
    ThirdParty,
    /// Sends its own goods for us.
    Supplier,
}

impl PlaceKind {
    pub const ALL: [PlaceKind; 4] = [PlaceKind::Store, PlaceKind::Warehouse, PlaceKind::ThirdParty, PlaceKind::Supplier];

    pub fn name(self) -> &'static str {
        match self {
            PlaceKind::Store => "store",
            PlaceKind::Warehouse => "warehouse",
            PlaceKind::ThirdParty => "third_party",
            PlaceKind::Supplier => "supplier",
        }
    }

    /// As people read it.
    pub fn words(self) -> &'static str {
        match self {
            PlaceKind::Store => "store",
            PlaceKind::Warehouse => "warehouse",
            PlaceKind::ThirdParty => "third-party logistics",
            PlaceKind::Supplier => "supplier",
        }
    }

    pub fn named(name: &str) -> Option<PlaceKind> {
        PlaceKind::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// Where a place is, in millionths of a degree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Position {
    pub latitude: i64,
    pub longitude: i64,
}

/// What a place is and can do. Its own times are of its own time zone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Place {
    pub place: PlaceId,
    pub kind: PlaceKind,
    pub name: String,
    /// Empty: in none.
    pub region: String,
    /// As it stands on a parcel, with line breaks.
    pub address: String,
    pub at: Option<Position>,
    pub time_zone: String,
    /// Parcels go out of it.
    pub ships: bool,
    /// Customers fetch their goods there.
    pub collects: bool,
    /// What comes after this minute of the day goes with the next work day. `None`: midnight.
    pub cutoff_minute: Option<u16>,
    #[schema(value_type = Vec<String>, example = json!(["mon", "tue"]))]
    pub work_days: WorkDays,
    #[schema(value_type = Vec<String>)]
    pub closed_days: BTreeSet<Date>,
    /// Parts it takes in a day; `None`: as many as come.
    pub capacity_day: Option<u32>,
    /// Of a part, in minor units: what routing weighs.
    pub cost: Money,
    /// Work days from the cut-off until it leaves.
    pub lead_days: u16,
    /// Stock that is older than this promises nothing.
    pub stock_hours: u32,
    /// So long may it be silent about a part before the part goes elsewhere.
    pub accept_minutes: u32,
    pub active: bool,
}

impl Place {
    /// What a store is of which nobody said more: customers fetch there, nothing is sent from it.
    pub fn store(place: PlaceId, name: &str, region: &str) -> Place {
        let draft = Draft { kind: PlaceKind::Store, name: name.to_owned(), region: region.to_owned(), ..Draft::empty() };
        Place { collects: true, ships: false, ..draft.of(place) }
    }

    pub fn has_node(&self) -> bool {
        self.kind == PlaceKind::Store
    }

    /// The date on its clock.
    pub fn day_of(&self, ms: i64) -> Date {
        let zone = jiff::tz::TimeZone::get(&self.time_zone).unwrap_or(jiff::tz::TimeZone::UTC);
        jiff::Timestamp::from_millisecond(ms).unwrap_or(jiff::Timestamp::UNIX_EPOCH).to_zoned(zone).date()
    }
}

/// Days of the week on which a place works: bit 0 is Monday.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<String>", into = "Vec<String>")]
pub struct WorkDays(u8);

const DAY_NAMES: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

impl WorkDays {
    pub const MONDAY_TO_FRIDAY: WorkDays = WorkDays(0b001_1111);

    /// `None`: none of them, or a bit beyond Sunday.
    pub fn of_bits(bits: u8) -> Option<WorkDays> {
        (1..=0b111_1111).contains(&bits).then_some(WorkDays(bits))
    }

    pub fn bits(self) -> u8 {
        self.0
    }

    pub fn has(self, day: Weekday) -> bool {
        self.0 & (1 << day.to_monday_zero_offset()) != 0
    }

    pub fn names(self) -> Vec<&'static str> {
        DAY_NAMES.into_iter().enumerate().filter(|(index, _)| self.0 & (1 << index) != 0).map(|(_, name)| name).collect()
    }

    /// From names with blanks or commas between: "mon tue", "Mon-Fri".
    pub fn parse(text: &str) -> Result<WorkDays, String> {
        let place = |name: &str| DAY_NAMES.iter().position(|day| name.to_lowercase().starts_with(day));
        let mut bits = 0;
        for part in text.split([' ', ',', ';']).filter(|part| !part.is_empty()) {
            let (from, to) = part.split_once(['-', '–']).unwrap_or((part, part));
            let (Some(from), Some(to)) = (place(from), place(to)) else {
                return Err(format!("{part:?} is no day: write mon-fri, or mon wed sat"));
            };
            let mut day = from;
            loop {
                bits |= 1 << day;
                if day == to {
                    break;
                }
                day = (day + 1) % 7;
            }
        }
        WorkDays::of_bits(bits).ok_or_else(|| "a place works on one day of the week at least: write mon-fri".to_owned())
    }
}

impl TryFrom<Vec<String>> for WorkDays {
    type Error = String;
    fn try_from(names: Vec<String>) -> Result<WorkDays, String> {
        WorkDays::parse(&names.join(" "))
    }
}

impl From<WorkDays> for Vec<String> {
    fn from(days: WorkDays) -> Vec<String> {
        days.names().into_iter().map(str::to_owned).collect()
    }
}

/// What somebody says of a place.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PlaceDraft)]
pub struct Draft {
    pub kind: PlaceKind,
    /// A store's own stands when it is left out.
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    pub region: String,
    #[serde(default)]
    pub address: String,
    #[serde(default)]
    pub at: Option<Position>,
    #[serde(default = "utc")]
    pub time_zone: String,
    /// Left out: a store does not, every other place does.
    #[serde(default)]
    pub ships: Option<bool>,
    /// Left out: a store does, no other place does.
    #[serde(default)]
    pub collects: Option<bool>,
    #[serde(default)]
    pub cutoff_minute: Option<u16>,
    #[serde(default = "monday_to_friday")]
    #[schema(value_type = Vec<String>, example = json!(["mon", "tue"]))]
    pub work_days: WorkDays,
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    pub closed_days: BTreeSet<Date>,
    #[serde(default)]
    pub capacity_day: Option<u32>,
    #[serde(default)]
    pub cost: Money,
    #[serde(default)]
    pub lead_days: u16,
    #[serde(default = "a_day")]
    pub stock_hours: u32,
    #[serde(default = "four_hours")]
    pub accept_minutes: u32,
    #[serde(default = "yes")]
    pub active: bool,
}

fn utc() -> String {
    "UTC".to_owned()
}
fn monday_to_friday() -> WorkDays {
    WorkDays::MONDAY_TO_FRIDAY
}
fn a_day() -> u32 {
    24
}
fn four_hours() -> u32 {
    240
}
fn yes() -> bool {
    true
}

impl Draft {
    /// A warehouse of which nothing is said yet.
    pub fn empty() -> Draft {
        serde_json::from_str(r#"{"kind": "warehouse"}"#).expect("all else has a default")
    }

    fn of(self, place: PlaceId) -> Place {
        let is_store = self.kind == PlaceKind::Store;
        Place {
            place,
            kind: self.kind,
            name: self.name.trim().to_owned(),
            region: self.region.trim().to_owned(),
            address: self.address.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n"),
            at: self.at,
            time_zone: self.time_zone.trim().to_owned(),
            ships: self.ships.unwrap_or(!is_store),
            collects: self.collects.unwrap_or(is_store),
            cutoff_minute: self.cutoff_minute,
            work_days: self.work_days,
            closed_days: self.closed_days,
            capacity_day: self.capacity_day,
            cost: self.cost,
            lead_days: self.lead_days,
            stock_hours: self.stock_hours,
            accept_minutes: self.accept_minutes,
            active: self.active,
        }
    }

    /// The place, or all that is wrong with it.
    pub fn checked(self, place: PlaceId) -> Result<Place, Vec<String>> {
        let place = self.of(place);
        let mut wrong = Vec::new();
        let mut rule = |holds: bool, what: String| {
            if !holds {
                wrong.push(what);
            }
        };
        let chars = place.name.chars().count();
        let is_named = place.has_node() || chars > 0;
        rule(
            is_named && chars <= NAME_CHARS_MAX && !place.name.chars().any(char::is_control),
            format!("a name has 1 to {NAME_CHARS_MAX} printable characters"),
        );
        rule(place.region.is_empty() || is_region(&place.region), format!("{:?} is no region: {REGION_RULE}", place.region));
        let lines = place.address.lines().count();
        let is_plain = !place.address.chars().any(|c| c.is_control() && c != '\n');
        rule(
            is_plain && lines <= ADDRESS_LINES_MAX && place.address.chars().count() <= ADDRESS_CHARS_MAX,
            format!("an address has at most {ADDRESS_LINES_MAX} lines and {ADDRESS_CHARS_MAX} characters"),
        );
        rule(
            !card_data::holds_card(&place.name) && !card_data::holds_card(&place.address),
            format!("{}: {}", card_data::WHAT, card_data::REMEDY),
        );
        let in_range = |at: Position| at.latitude.abs() <= 90_000_000 && at.longitude.abs() <= 180_000_000;
        rule(
            place.at.is_none_or(in_range),
            "a position is in millionths of a degree: latitude up to 90000000, longitude up to 180000000".to_owned(),
        );
        rule(
            jiff::tz::TimeZone::get(&place.time_zone).is_ok(),
            format!("{:?} is no time zone: write for example Europe/Berlin", place.time_zone),
        );
        rule(place.cutoff_minute.is_none_or(|minute| minute < 24 * 60), "a cut-off is a minute of the day, 0 to 1439".to_owned());
        rule(place.closed_days.len() <= CLOSED_DAYS_MAX, format!("at most {CLOSED_DAYS_MAX} closed days: leave out those that are past"));
        rule(
            place.capacity_day.is_none_or(|parts| (1..=CAPACITY_MAX).contains(&parts)),
            format!("a capacity is 1 to {CAPACITY_MAX} parts a day; left out, there is no limit"),
        );
        rule(!place.cost.is_negative() && place.cost <= COST_MAX, "what a part costs is 0 or more, in minor units".to_owned());
        rule(place.lead_days <= LEAD_DAYS_MAX, format!("at most {LEAD_DAYS_MAX} days of lead"));
        rule((1..=STOCK_HOURS_MAX).contains(&place.stock_hours), format!("stock may be 1 to {STOCK_HOURS_MAX} hours old"));
        rule(
            (1..=ACCEPT_MINUTES_MAX).contains(&place.accept_minutes),
            format!("a place may be silent for 1 to {ACCEPT_MINUTES_MAX} minutes"),
        );
        rule(!place.ships || !place.has_node(), "a store does not send parcels yet: leave ships out".to_owned());
        if wrong.is_empty() { Ok(place) } else { Err(wrong) }
    }
}

/// Why a place was not changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotPut {
    #[error("{0} is a store with a node: only what kind store says can be said of it")]
    IsStore(PlaceId),
    #[error("there is no store {0}: a store is known from its first contact, or from its first stock, on")]
    NoSuchStore(PlaceId),
    #[error("{place} is a {} and stays one: name another place, and switch this one off", before.words())]
    OtherKind { place: PlaceId, before: PlaceKind },
    #[error("whoever is for certain stores moves none into another region")]
    OtherRegion,
    #[error("{PLACES_MAX} places are the limit of one head office")]
    TooMany,
}

/// Adds or changes a place. Idempotent. `is_bound`: by somebody who is for certain stores.
pub fn put(connection: &Connection, place: &Place, is_bound: bool, now_ms: i64) -> db::Result<Result<(), NotPut>> {
    let id = &place.place;
    let is_store = is_store(connection, id.as_str())?;
    if is_store != place.has_node() {
        return Ok(Err(if is_store { NotPut::IsStore(id.clone()) } else { NotPut::NoSuchStore(id.clone()) }));
    }
    let before = row_of(connection, id.as_str())?;
    if let Some(before) = before.as_ref().filter(|before| before.kind != place.kind) {
        return Ok(Err(NotPut::OtherKind { place: id.clone(), before: before.kind }));
    }
    // Which region a store is in is said of the store.
    if is_bound && before.as_ref().is_some_and(|before| !before.has_node() && before.region != place.region) {
        return Ok(Err(NotPut::OtherRegion));
    }
    let count = "SELECT count(*) FROM places";
    if before.is_none() && connection.query_row(count, [], |row| row.get::<_, u64>(0))? >= PLACES_MAX {
        return Ok(Err(NotPut::TooMany));
    }
    if before.as_ref() == Some(place) {
        return Ok(Ok(()));
    }
    let closed = place.closed_days.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    connection
        .prepare_cached(
            "INSERT INTO places (store, kind, name, region, address, latitude, longitude, time_zone, ships, collects, cutoff_minute, work_days,
               closed_days, capacity_day, cost, lead_days, stock_hours, accept_minutes, active, changed_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20)
             ON CONFLICT (store) DO UPDATE SET name = ?3, region = ?4, address = ?5, latitude = ?6, longitude = ?7, time_zone = ?8, ships = ?9,
               collects = ?10, cutoff_minute = ?11, work_days = ?12, closed_days = ?13, capacity_day = ?14, cost = ?15, lead_days = ?16,
               stock_hours = ?17, accept_minutes = ?18, active = ?19, changed_ms = ?20",
        )?
        .execute(params![
            id.as_str(),
            place.kind.name(),
            place.name,
            place.region,
            place.address,
            place.at.map(|at| at.latitude),
            place.at.map(|at| at.longitude),
            place.time_zone,
            i64::from(place.ships),
            i64::from(place.collects),
            place.cutoff_minute.map(i64::from),
            i64::from(place.work_days.bits()),
            closed,
            place.capacity_day.map(i64::from),
            place.cost.minor(),
            i64::from(place.lead_days),
            i64::from(place.stock_hours),
            i64::from(place.accept_minutes),
            i64::from(place.active),
            now_ms,
        ])?;
    Ok(Ok(()))
}

/// Whether head office knows a store of this id.
pub fn is_store(connection: &Connection, id: &str) -> db::Result<bool> {
    connection.prepare_cached("SELECT EXISTS (SELECT 1 FROM stores WHERE store = ?1)")?.query_row([id], |row| row.get(0))
}

/// The name and region of a store stand with the store; what else is said of it here.
const COLUMNS: &str = "SELECT p.store, p.kind, coalesce(nullif(s.name, ''), p.name), coalesce(s.region, p.region), p.address, p.latitude, p.longitude, p.time_zone,
   p.ships, p.collects, p.cutoff_minute, p.work_days, p.closed_days, p.capacity_day, p.cost, p.lead_days, p.stock_hours, p.accept_minutes, p.active
   FROM places p LEFT JOIN stores s ON s.store = p.store";

fn read(row: &Row<'_>) -> db::Result<Place> {
    let bad = |what: &str| super::chain::corrupt(&format!("a place cannot be read: {what}"));
    let (id, kind): (String, String) = (row.get(0)?, row.get(1)?);
    let (latitude, longitude): (Option<i64>, Option<i64>) = (row.get(5)?, row.get(6)?);
    let closed: String = row.get(12)?;
    let small =
        |column: usize| -> db::Result<Option<u32>> { Ok(row.get::<_, Option<i64>>(column)?.and_then(|number| u32::try_from(number).ok())) };
    let minute = |number: u32| u16::try_from(number).ok();
    Ok(Place {
        place: PlaceId::new(&id).map_err(|_| bad("its id"))?,
        kind: PlaceKind::named(&kind).ok_or_else(|| bad("its kind"))?,
        name: row.get(2)?,
        region: row.get(3)?,
        address: row.get(4)?,
        at: latitude.zip(longitude).map(|(latitude, longitude)| Position { latitude, longitude }),
        time_zone: row.get(7)?,
        ships: row.get(8)?,
        collects: row.get(9)?,
        cutoff_minute: small(10)?.and_then(minute),
        work_days: small(11)?.and_then(|bits| u8::try_from(bits).ok()).and_then(WorkDays::of_bits).ok_or_else(|| bad("its work days"))?,
        closed_days: closed.split_whitespace().filter_map(|day| day.parse().ok()).collect(),
        capacity_day: small(13)?,
        cost: Money::from_minor(row.get(14)?),
        lead_days: small(15)?.and_then(minute).unwrap_or_default(),
        stock_hours: small(16)?.unwrap_or_default(),
        accept_minutes: small(17)?.unwrap_or_default(),
        active: row.get(18)?,
    })
}

fn row_of(connection: &Connection, id: &str) -> db::Result<Option<Place>> {
    connection.prepare_cached(&format!("{COLUMNS} WHERE p.store = ?1"))?.query_row([id], read).optional()
}

/// A place of this id, also a store of which nothing was said here.
pub fn find(connection: &Connection, id: &str) -> db::Result<Option<Place>> {
    if let Some(place) = row_of(connection, id)? {
        return Ok(Some(place));
    }
    let store = connection
        .prepare_cached("SELECT name, coalesce(region, '') FROM stores WHERE store = ?1")?
        .query_row([id], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))
        .optional()?;
    Ok(store.and_then(|(name, region)| Some(Place::store(PlaceId::new(id).ok()?, &name, &region))))
}

/// All of them, every store too, by id.
pub fn all(connection: &Connection) -> db::Result<Vec<Place>> {
    let mut places: Vec<Place> = connection.prepare_cached(COLUMNS)?.query_map([], read)?.collect::<db::Result<_>>()?;
    let stores = connection
        .prepare_cached(
            "SELECT s.store, s.name, coalesce(s.region, '') FROM stores s WHERE NOT EXISTS (SELECT 1 FROM places p WHERE p.store = s.store)",
        )?
        .query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?)))?
        .collect::<db::Result<Vec<_>>>()?;
    places.extend(stores.iter().filter_map(|(id, name, region)| Some(Place::store(PlaceId::new(id).ok()?, name, region))));
    places.sort_by(|a, b| a.place.cmp(&b.place));
    Ok(places)
}

/// What is to be done at a place, and how old its word is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct PlaceSummary {
    /// Parts that wait for the place.
    pub open: u64,
    /// Since when the oldest of them waits for a first word.
    pub unheard_ms: Option<i64>,
    /// Articles that it stated.
    pub articles: u64,
    /// The oldest figure among them, and the newest.
    pub stock_ms: Option<(i64, i64)>,
}

pub fn summary(connection: &Connection, id: &str) -> db::Result<PlaceSummary> {
    let open = "SELECT count(*), min(CASE WHEN state = 'sent' THEN since_ms END) FROM order_parts
        WHERE store = ?1 AND kind = 'ship' AND state IN ('sent', 'accepted', 'cancel_asked')";
    let (open, unheard_ms) = connection.prepare_cached(open)?.query_row([id], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let stock = "SELECT count(*), min(as_of_ms), max(as_of_ms) FROM place_stock WHERE store = ?1";
    let (articles, oldest, newest): (u64, Option<i64>, Option<i64>) =
        connection.prepare_cached(stock)?.query_row([id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    Ok(PlaceSummary { open, unheard_ms, articles, stock_ms: oldest.zip(newest) })
}

/// Places that a list shows.
const LISTED_MAX: u32 = 500;

/// Those of which something was said here, stores last.
pub fn described(connection: &Connection) -> db::Result<Vec<(Place, PlaceSummary)>> {
    let sql = format!("{COLUMNS} ORDER BY p.active DESC, p.kind = 'store', p.store LIMIT ?1");
    let places: Vec<Place> = connection.prepare_cached(&sql)?.query_map([LISTED_MAX], read)?.collect::<db::Result<_>>()?;
    places.into_iter().map(|place| Ok((place.clone(), summary(connection, place.place.as_str())?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_read_as_people_write_them() {
        let check = |text: &str, expect: &str| {
            let read = WorkDays::parse(text).map_or_else(|why| why, |days| days.names().join(" "));
            assert!(
                read.starts_with(expect) && (expect.len() == read.len() || expect.contains("is no day") || expect.contains("at least")),
                "{text}: {read}"
            );
        };
        check("mon-fri", "mon tue wed thu fri");
        check("Sat–Mon", "mon sat sun");
        check("Mon, wednesday", "mon wed");
        check("someday", "\"someday\" is no day");
        check("", "a place works on one day of the week at least");
    }

    #[test]
    fn what_cannot_be_a_place_is_named() {
        let check = |json: &str, expect: &str| {
            let draft: Draft = serde_json::from_str(json).unwrap();
            let said = draft.checked(PlaceId::new("W1").unwrap()).map_or_else(|faults| faults.join("; "), |_| String::new());
            assert!(if expect.is_empty() { said.is_empty() } else { said.contains(expect) }, "{json}: {said}");
        };
        check(r#"{"kind": "warehouse", "name": "Köln"}"#, "");
        check(r#"{"kind": "store"}"#, "");
        check(r#"{"kind": "warehouse"}"#, "a name has");
        check(r#"{"kind": "warehouse", "name": "x", "region": "two words"}"#, "no region");
        check(r#"{"kind": "warehouse", "name": "x", "time_zone": "Mars/Olympus"}"#, "no time zone");
        check(r#"{"kind": "warehouse", "name": "x", "at": {"latitude": 91000000, "longitude": 0}}"#, "a position");
        check(r#"{"kind": "warehouse", "name": "x", "cutoff_minute": 1440}"#, "a cut-off");
        check(r#"{"kind": "warehouse", "name": "x", "cost": -1}"#, "what a part costs");
        check(r#"{"kind": "warehouse", "name": "x", "stock_hours": 0}"#, "stock may be");
        check(r#"{"kind": "warehouse", "name": "x", "address": "1\n2\n3\n4\n5\n6\n7"}"#, "an address");
        check(r#"{"kind": "store", "ships": true}"#, "does not send parcels");
    }
}
