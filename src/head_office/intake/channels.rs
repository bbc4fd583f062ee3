//! The channels that orders come from, how each names things, and what it may sell.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::mapping::Mapping;
use crate::head_office::db::{self, Connection, OptionalExtension, params};
use crate::ids::{ChannelId, Sku, StoreId};

/// Orders that people at head office type: made by itself.
pub const DESK: &str = "desk";
const NAME_CHARS_MAX: usize = 60;
const CHANNELS_MAX: i64 = 200;
const PROMISE_MINUTES: u32 = 24 * 60;
const PROMISE_MINUTES_MAX: u32 = 60 * 24 * 60;
pub const ARTICLE_CHARS_MAX: usize = 64;

/// As it is put.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ChannelSettings)]
pub struct Settings {
    /// As people read it.
    pub name: String,
    /// How long after it came an order is promised when it does not say.
    #[serde(default = "promise_minutes")]
    pub promise_minutes: u32,
    /// The stores and places whose stock it may sell; none: all.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub stores: BTreeSet<StoreId>,
    /// How its JSON says what ours says. Left out: it sends our names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mapping: Option<Mapping>,
    /// The same for the columns of its CSV files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub csv_mapping: Option<Mapping>,
}

const fn promise_minutes() -> u32 {
    PROMISE_MINUTES
}

impl Settings {
    /// A channel that sends our names.
    pub fn named(name: &str) -> Settings {
        Settings { name: name.to_owned(), promise_minutes: PROMISE_MINUTES, stores: BTreeSet::new(), mapping: None, csv_mapping: None }
    }

    /// What is wrong with them, all of it.
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let chars = self.name.chars().count();
        if !(1..=NAME_CHARS_MAX).contains(&chars) || self.name.chars().any(char::is_control) {
            faults.push(format!("name: 1 to {NAME_CHARS_MAX} characters"));
        }
        if self.promise_minutes == 0 || self.promise_minutes > PROMISE_MINUTES_MAX {
            faults.push(format!("promise_minutes: 1 to {PROMISE_MINUTES_MAX}"));
        }
        for (key, mapping) in [("mapping", &self.mapping), ("csv_mapping", &self.csv_mapping)] {
            faults.extend(mapping.iter().flat_map(Mapping::faults).map(|fault| format!("{key}: {fault}")));
        }
        faults
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Channel {
    pub channel: ChannelId,
    #[serde(flatten)]
    pub settings: Settings,
}

pub fn find(connection: &Connection, channel: &ChannelId) -> db::Result<Option<Channel>> {
    let found: Option<String> = connection
        .prepare_cached("SELECT settings FROM channels WHERE channel = ?1")?
        .query_row([channel.as_str()], |row| row.get(0))
        .optional()?;
    found.map(|settings| read(channel.clone(), &settings)).transpose()
}

pub fn list(connection: &Connection) -> db::Result<Vec<Channel>> {
    let all: Vec<(String, String)> = connection
        .prepare_cached("SELECT channel, settings FROM channels ORDER BY channel")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<db::Result<_>>()?;
    let bad = |_| crate::head_office::chain::corrupt("a channel without a name");
    all.into_iter().map(|(channel, settings)| read(ChannelId::new(&channel).map_err(bad)?, &settings)).collect()
}

fn read(channel: ChannelId, settings: &str) -> db::Result<Channel> {
    let bad = |_| crate::head_office::chain::corrupt("the settings of a channel cannot be read");
    Ok(Channel { channel, settings: serde_json::from_str(settings).map_err(bad)? })
}

/// The error: there are as many as anybody can look after.
pub fn put(connection: &Connection, channel: &ChannelId, settings: &Settings, now_ms: i64) -> db::Result<Result<(), String>> {
    let others = "SELECT count(*) FROM channels WHERE channel <> ?1";
    if connection.query_row(others, [channel.as_str()], |row| row.get::<_, i64>(0))? >= CHANNELS_MAX {
        return Ok(Err(format!("there are {CHANNELS_MAX} channels already")));
    }
    connection
        .prepare_cached(
            "INSERT INTO channels (channel, settings, made_ms, changed_ms) VALUES (?1, ?2, ?3, ?3)
             ON CONFLICT (channel) DO UPDATE SET settings = excluded.settings, changed_ms = excluded.changed_ms
               WHERE channels.settings <> excluded.settings",
        )?
        .execute(params![channel.as_str(), serde_json::to_string(settings).expect("settings are plain values"), now_ms])?;
    Ok(Ok(()))
}

/// The channel of what is typed here.
pub fn desk(connection: &Connection, now_ms: i64) -> db::Result<Channel> {
    let channel = ChannelId::new(DESK).expect("a plain name");
    if let Some(found) = find(connection, &channel)? {
        return Ok(found);
    }
    let settings =
        Settings { name: "Order desk".to_owned(), promise_minutes: 2 * 60, stores: BTreeSet::new(), mapping: None, csv_mapping: None };
    let _ = put(connection, &channel, &settings, now_ms)?;
    Ok(Channel { channel, settings })
}

/// What the channel calls an article; `None` takes the name away. `false`: there is no such article.
pub fn name_article(connection: &Connection, channel: &ChannelId, article: &str, sku: Option<&Sku>) -> db::Result<bool> {
    let Some(sku) = sku else {
        let sql = "DELETE FROM channel_articles WHERE channel = ?1 AND article = ?2";
        return connection.execute(sql, [channel.as_str(), article]).map(|_| true);
    };
    if super::articles::one(connection, sku.as_str())?.is_none() {
        return Ok(false);
    }
    connection
        .prepare_cached(
            "INSERT INTO channel_articles (channel, article, sku) VALUES (?1, ?2, ?3) ON CONFLICT (channel, article) DO UPDATE SET sku = excluded.sku",
        )?
        .execute([channel.as_str(), article, sku.as_str()])?;
    Ok(true)
}
