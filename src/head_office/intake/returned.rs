//! Goods of a channel's order that came back to a place without a node: they are there again, and every channel may sell them. In a store its own
//! record says what came back. Inside the caller's transaction; once under the channel's number of the return.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::take;
use crate::head_office::db::{self, Connection, OptionalExtension, params};
use crate::head_office::places;
use crate::ids::{ChannelId, ChannelOrderNo, PlaceId, Sku};
use crate::money::Qty;

const LINES_MAX: usize = 200;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Returned {
    /// The channel's number of the return.
    #[serde(rename = "return")]
    pub number: ChannelOrderNo,
    pub place: PlaceId,
    /// What can be sold again; what is damaged is not named.
    pub lines: Vec<ReturnedLine>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReturnedLine {
    pub sku: Sku,
    /// Thousandths.
    pub quantity: Qty,
}

/// Why it was not taken.
#[derive(Debug, PartialEq, Eq)]
pub enum NotReturned {
    NoOrder,
    NoPlace,
    /// Its shelf is moved by its own record.
    InStore,
    /// There is a return of this number with another content.
    Doubled,
    Malformed(String),
}

/// `false`: it was taken before.
pub fn take_back(
    connection: &Connection,
    channel: &ChannelId,
    number: &ChannelOrderNo,
    returned: &Returned,
    now_ms: i64,
) -> db::Result<Result<bool, NotReturned>> {
    let Some(order) = take::order_of(connection, channel, number)? else { return Ok(Err(NotReturned::NoOrder)) };
    let content = serde_json::to_string(returned).expect("a return is plain values");
    let known: Option<(String, String)> = connection
        .prepare_cached("SELECT number, content FROM channel_returns WHERE channel = ?1 AND return_no = ?2")?
        .query_row([channel.as_str(), returned.number.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    match known {
        Some((of, before)) if of == number.as_str() && before == content => return Ok(Ok(false)),
        Some(_) => return Ok(Err(NotReturned::Doubled)),
        None => {}
    }
    match places::find(connection, returned.place.as_str())? {
        None => return Ok(Err(NotReturned::NoPlace)),
        Some(place) if place.has_node() => return Ok(Err(NotReturned::InStore)),
        Some(_) => {}
    }
    if returned.lines.is_empty() || returned.lines.len() > LINES_MAX {
        return Ok(Err(NotReturned::Malformed(format!("a return has 1 to {LINES_MAX} lines"))));
    }
    // More than was ordered never comes back, over all returns of the order.
    let mut left: BTreeMap<&Sku, Qty> = order.lines.iter().map(|line| (&line.sku, line.quantity)).collect();
    let before: Vec<String> = connection
        .prepare_cached("SELECT content FROM channel_returns WHERE channel = ?1 AND number = ?2")?
        .query_map([channel.as_str(), number.as_str()], |row| row.get(0))?
        .collect::<db::Result<_>>()?;
    let before: Vec<Returned> = before.iter().filter_map(|content| serde_json::from_str(content).ok()).collect();
    for line in before.iter().flat_map(|before| &before.lines).chain(&returned.lines) {
        match left.get_mut(&line.sku) {
            Some(left) if line.quantity > Qty::ZERO && line.quantity <= *left => *left = *left - line.quantity,
            Some(_) | None => {
                let reason =
                    format!("{} of {}: that is not what the order had, less what came back of it", line.quantity.plain(), line.sku);
                return Ok(Err(NotReturned::Malformed(reason)));
            }
        }
    }
    connection
        .prepare_cached(
            "INSERT INTO channel_returns (channel, return_no, number, store, content, came_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![channel.as_str(), returned.number.as_str(), number.as_str(), returned.place.as_str(), content, now_ms])?;
    // Until the place states its stock again; of what it never stated nobody knows the sum.
    let mut add = connection.prepare_cached("UPDATE place_stock SET on_hand = on_hand + ?3 WHERE store = ?1 AND sku = ?2")?;
    for line in &returned.lines {
        add.execute(params![returned.place.as_str(), line.sku.as_str(), line.quantity.thousandths()])?;
    }
    Ok(Ok(true))
}
