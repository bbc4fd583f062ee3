//! What the engine has to know, out of the database: of an order, of each place that could serve it, and of what has been asked before. Reads only.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;

use super::calendar::Calendar;
use super::engine::{Ask, Candidate, Stock, Wanted, km};
use super::rules::{Rules, Way};
use crate::head_office::db::{self, Connection, OptionalExtension, params};
use crate::head_office::intake::order::{ChannelOrder, Fulfilment};
use crate::head_office::orders::WithoutRights;
use crate::head_office::parts::{self, Part};
use crate::head_office::places::{Place, Position};
use crate::head_office::queries::ROWS_MAX;
use crate::head_office::stock_figures::{self, StockFilter, StockRow};
use crate::head_office::{atp, places::stock};
use crate::ids::Sku;
use crate::money::{Qty, Unit};
use crate::sync::feed::Article;

/// Places that are asked about one by one. Beyond it one question for all of an article is cheaper.
const ONE_BY_ONE_MAX: usize = 24;

/// What the assortment says of an article.
pub fn article(connection: &Connection, sku: &Sku) -> db::Result<Option<Article>> {
    let found: Option<String> =
        connection.prepare_cached("SELECT article FROM articles WHERE sku = ?1")?.query_row([sku.as_str()], |row| row.get(0)).optional()?;
    Ok(found.and_then(|json| serde_json::from_str(&json).ok()))
}

/// `lines`: what is to be served of it; `before`: parts that count against their places.
pub fn ask(
    connection: &Connection,
    order: &ChannelOrder,
    lines: &[(u32, Qty)],
    before: &[&Part],
    places: &[Place],
    now_ms: i64,
) -> db::Result<Ask> {
    let place_at = |id: &str| places.iter().find(|place| place.place.as_str() == id).and_then(|place| place.at);
    let (way, chosen, country, postcode, at) = match &order.fulfilment {
        Fulfilment::Collect { store } => (Way::Collect, Some(store.to_string()), String::new(), String::new(), place_at(store.as_str())),
        Fulfilment::Ship { to } => {
            let at = to.lat.zip(to.lon).map(|(latitude, longitude)| Position { latitude, longitude });
            (Way::Ship, None, to.country.clone(), to.postcode.clone(), at)
        }
        Fulfilment::ShipToPlace { place } => (Way::ShipToPlace, None, String::new(), String::new(), place_at(place.as_str())),
    };
    let mut wanted = Vec::with_capacity(lines.len());
    for (line, quantity) in lines {
        let Some(of) = order.lines.iter().find(|of| of.line == *line) else { continue };
        let whole = article(connection, &of.sku)?.is_none_or(|article| article.unit == Unit::Piece);
        wanted.push(Wanted { line: *line, sku: of.sku.to_string(), quantity: quantity.thousandths(), whole });
    }
    let tried = before.iter().map(|part| (part.place.to_string(), failed(part).collect())).collect();
    Ok(Ask {
        channel: order.channel.to_string(),
        way,
        chosen,
        country,
        postcode,
        at,
        promised_ms: order.promised_ms,
        now_ms,
        may_split: order.may_split,
        partial: order.partial,
        may_ask: order.without_rights == WithoutRights::AskStore,
        lines: wanted,
        tried,
    })
}

/// Every place, with what is there of the order's articles; of a place that the order's way rules out in any case nothing is asked.
pub fn candidates(connection: &Connection, ask: &Ask, places: &[Place], rules: &Rules) -> db::Result<Vec<Candidate>> {
    let far = rules.routes.iter().map(|route| route.elsewhere_km).max().unwrap_or(0);
    let could = |place: &&Place| {
        place.active
            && match ask.way {
                Way::Ship | Way::ShipToPlace => place.ships,
                Way::Collect if ask.chosen.as_deref() == Some(place.place.as_str()) => true,
                Way::Collect => far > 0 && place.collects && ask.at.zip(place.at).is_some_and(|(from, to)| km(from, to) <= far),
            }
    };
    let open: Vec<&Place> = places.iter().filter(could).collect();
    let stock = stock(connection, ask, &open)?;
    let loads = if rules.points.per_open_part > 0 { loads(connection, &open)? } else { BTreeMap::new() };
    // A thousand places share a few time zones.
    let mut zones: BTreeMap<&str, TimeZone> = BTreeMap::new();
    places
        .iter()
        .map(|place| {
            let id = place.place.as_str();
            let zone = zones.entry(&place.time_zone).or_insert_with(|| TimeZone::get(&place.time_zone).unwrap_or(TimeZone::UTC));
            let calendar = calendar(place, zone.clone());
            let taken_today = match place.capacity_day.filter(|_| could(&place)) {
                Some(_) => parts::load(connection, &place.place, calendar.midnight_ms(ask.now_ms))?,
                None => 0,
            };
            let of_line = |line: &Wanted| stock.get(&(id.to_owned(), line.sku.clone())).copied();
            Ok(Candidate {
                place: id.to_owned(),
                kind: place.kind,
                region: place.region.clone(),
                at: place.at,
                ships: place.ships && !place.has_node(),
                collects: place.collects && place.has_node(),
                active: place.active,
                calendar,
                capacity: place.capacity_day,
                taken_today: u32::try_from(taken_today).unwrap_or(u32::MAX),
                open: loads.get(id).copied().unwrap_or(0),
                cost: place.cost.minor(),
                stock: ask.lines.iter().map(|line| of_line(line).unwrap_or(UNKNOWN)).collect(),
            })
        })
        .collect()
}

const UNKNOWN: Stock = Stock { certain: 0, is_old: false, is_unknown: true };

fn calendar(place: &Place, time_zone: TimeZone) -> Calendar {
    Calendar {
        time_zone,
        cutoff: place.cutoff_minute,
        // A store of which nobody said more is open as long as it sells.
        work_days: if place.has_node() && place.cutoff_minute.is_none() { super::calendar::EVERY_DAY } else { place.work_days.bits() },
        closed_days: place.closed_days.clone(),
        lead_days: place.lead_days,
    }
}

type OfPlaces = BTreeMap<(String, String), Stock>;

fn stock(connection: &Connection, ask: &Ask, open: &[&Place]) -> db::Result<OfPlaces> {
    let mut found = OfPlaces::new();
    let mut note = |row: StockRow| {
        let doubts = row.promise.doubts;
        let stock = Stock { certain: row.promise.atp, is_old: doubts.stock_old, is_unknown: doubts.stock_unknown && row.promise.atp == 0 };
        found.insert((row.store, row.sku), stock);
    };
    for line in &ask.lines {
        if open.len() > ONE_BY_ONE_MAX {
            atp::everywhere(connection, &line.sku, None, ask.now_ms)?.stores.into_iter().for_each(&mut note);
            continue;
        }
        for place in open {
            if place.has_node() {
                note(stock_figures::of_one(connection, place.place.as_str(), &line.sku, ask.now_ms)?);
                continue;
            }
            let filter =
                StockFilter { store: place.place.to_string(), sku: Some(line.sku.clone()), limit: ROWS_MAX, ..StockFilter::default() };
            stock::of_place(connection, &filter, ask.now_ms)?.into_iter().for_each(&mut note);
        }
    }
    Ok(found)
}

/// Parts and orders that each place has and that are not over.
fn loads(connection: &Connection, open: &[&Place]) -> db::Result<BTreeMap<String, u32>> {
    let parts = "SELECT store, count(*) FROM order_parts WHERE kind = 'ship' AND state IN ('sent', 'accepted', 'cancel_asked')";
    let orders = "SELECT store, count(DISTINCT order_no) FROM order_holds WHERE quantity <> 0";
    let read = |row: &db::Row<'_>| Ok((row.get::<_, String>(0)?, row.get::<_, u32>(1)?));
    let mut loads = BTreeMap::new();
    let (shops, others): (Vec<&Place>, Vec<&Place>) = open.iter().copied().partition(|place| place.has_node());
    for (of, sql) in [(shops, orders), (others, parts)] {
        if of.len() > ONE_BY_ONE_MAX {
            let all = connection.prepare_cached(&format!("{sql} GROUP BY store"))?.query_map([], read)?.collect::<db::Result<Vec<_>>>()?;
            loads.extend(all);
            continue;
        }
        for place in of {
            let sql = format!("{sql} AND store = ?1 GROUP BY store");
            loads.extend(connection.prepare_cached(&sql)?.query_row([place.place.as_str()], read).optional()?);
        }
    }
    Ok(loads)
}

/// What no part serves: line and quantity. Parts that came to nothing serve nothing, and of others not what is short.
pub fn unserved(order: &ChannelOrder, parts: &[Part]) -> Vec<(u32, Qty)> {
    let served = |line: u32| -> Qty {
        let live = parts.iter().filter(|part| !is_lost(part)).flat_map(|part| &part.lines);
        live.filter(|of| of.line == line).map(|of| of.quantity - of.short).fold(Qty::ZERO, |sum, quantity| sum + quantity)
    };
    order.lines.iter().map(|line| (line.line, line.quantity - served(line.line))).filter(|(_, lacking)| *lacking > Qty::ZERO).collect()
}

/// The place, or its store, does not do it.
pub fn is_lost(part: &Part) -> bool {
    matches!(part.state.as_str(), "refused" | "cancelled")
}

/// Lines of a part that its place does not serve, or not all of it.
fn failed(part: &Part) -> impl Iterator<Item = u32> {
    part.lines.iter().filter(|line| is_lost(part) || line.short > Qty::ZERO).map(|line| line.line)
}

/// How often it was tried in vain to have these lines served.
pub fn attempts(lines: &[(u32, Qty)], parts: &[&Part]) -> u32 {
    let is_of = |part: &&&Part| failed(part).any(|of| lines.iter().any(|(line, _)| *line == of));
    parts.iter().filter(is_of).map(|part| part.attempt).max().unwrap_or(0)
}

/// Whether an order or a part of this number is there.
pub fn is_taken(connection: &Connection, number: &str) -> db::Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM collect_orders WHERE order_no = ?1 UNION ALL SELECT 1 FROM order_parts WHERE part = ?1)";
    connection.prepare_cached(sql)?.query_row(params![number], |row| row.get(0))
}
