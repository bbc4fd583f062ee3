//! Configuration profiles: pieces of a node's file for all stores, for regions or for single ones. They are written, looked at (who would get what)
//! and then applied in one act; until then nothing of them leaves head office. docs/CONFIGURATION.md says it to people.

pub mod api;
pub mod plan;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::access::rights::is_region;
use super::db::{self, Connection, Params, params};
use super::feeds::{self, PublishError};
use super::storage::Folders;
use crate::ids::StoreId;
use crate::node::config::Complaint;
use crate::node::config::profile::{self, Setting};
use crate::node::configuration::SET;
use crate::retail::Feed;
use crate::time::Stamp;
use plan::{Preview, Profile, Shop};

pub const PROFILES_MAX: usize = 200;
/// Of each profile, the newest that are kept.
const VERSIONS_MAX: u64 = 200;
const NAME_CHARS_MAX: usize = 40;

/// For whom a profile is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = ConfigurationTargets)]
pub struct Targets {
    /// All stores, also those that open later.
    pub all: bool,
    pub regions: BTreeSet<String>,
    pub stores: BTreeSet<String>,
}

/// A version of a profile, with whom it is for by now.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = ProfileVersion)]
pub struct Version {
    pub profile: String,
    /// From 1.
    pub version: u64,
    pub document: String,
    pub who: String,
    pub made_ms: i64,
    #[serde(flatten)]
    pub targets: Targets,
}

/// Why a profile was not kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotKept {
    Complaints(Vec<Complaint>),
    /// Somebody kept another version meanwhile.
    Newer(u64),
}

/// What somebody wants to be kept.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    pub profile: String,
    pub document: String,
    pub targets: Targets,
    /// The version its writer has read, 0 for none; `None`: whatever there is.
    pub over: Option<u64>,
}

const NEWEST: &str = "version = (SELECT max(n.version) FROM configuration_profiles n WHERE n.profile = p.profile)";

/// The newest version of each, by name.
pub fn list(connection: &Connection) -> db::Result<Vec<Version>> {
    read(connection, &format!("WHERE {NEWEST} ORDER BY p.profile"), [])
}

/// One version of a profile, or its newest.
pub fn find(connection: &Connection, profile: &str, version: Option<u64>) -> db::Result<Option<Version>> {
    let found = match version {
        Some(version) => read(connection, "WHERE p.profile = ?1 AND p.version = ?2", params![profile, version])?,
        None => read(connection, &format!("WHERE p.profile = ?1 AND {NEWEST}"), [profile])?,
    };
    Ok(found.into_iter().next())
}

/// Newest first.
pub fn versions(connection: &Connection, profile: &str) -> db::Result<Vec<Version>> {
    read(connection, "WHERE p.profile = ?1 ORDER BY p.version DESC", [profile])
}

fn read(connection: &Connection, which: &str, parameters: impl Params) -> db::Result<Vec<Version>> {
    let mut targets: BTreeMap<String, Targets> = BTreeMap::new();
    let mut statement = connection.prepare_cached("SELECT profile, kind, name FROM configuration_targets")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (profile, kind, name): (String, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let of = targets.entry(profile).or_default();
        match kind.as_str() {
            "all" => of.all = true,
            "region" => drop(of.regions.insert(name)),
            _ => drop(of.stores.insert(name)),
        }
    }
    let sql = format!("SELECT p.profile, p.version, p.document, p.who, p.made_ms FROM configuration_profiles p {which}");
    let mut statement = connection.prepare_cached(&sql)?;
    let found = statement.query_map(parameters, |row| {
        let profile: String = row.get(0)?;
        let targets = targets.get(&profile).cloned().unwrap_or_default();
        Ok(Version { profile, version: row.get(1)?, document: row.get(2)?, who: row.get(3)?, made_ms: row.get(4)?, targets })
    })?;
    found.collect()
}

/// Keeps a profile and whom it is for; nothing leaves head office by it. A document that changed is the next version.
pub fn keep(connection: &Connection, wanted: &Wanted, currency: &str, who: &str, now_ms: i64) -> db::Result<Result<u64, NotKept>> {
    let mut complaints = complaints_of(connection, wanted)?;
    complaints.extend(profile::read(&wanted.document, currency).err().unwrap_or_default());
    if !complaints.is_empty() {
        return Ok(Err(NotKept::Complaints(complaints)));
    }
    let name = wanted.profile.as_str();
    let before = find(connection, name, None)?;
    let newest = before.as_ref().map_or(0, |before| before.version);
    if wanted.over.is_some_and(|over| over != newest) {
        return Ok(Err(NotKept::Newer(newest)));
    }
    let version = match before.as_ref() {
        Some(before) if before.document == wanted.document => newest,
        Some(_) | None => newest + 1,
    };
    if version > newest {
        connection.execute(
            "INSERT INTO configuration_profiles (profile, version, document, who, made_ms) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![name, version, wanted.document, who, now_ms],
        )?;
        connection.execute(
            "DELETE FROM configuration_profiles WHERE profile = ?1 AND version <= ?2",
            params![name, version.saturating_sub(VERSIONS_MAX)],
        )?;
    }
    if before.is_none_or(|before| before.targets != wanted.targets) {
        let Targets { all, regions, stores } = &wanted.targets;
        connection.execute("DELETE FROM configuration_targets WHERE profile = ?1", [name])?;
        let mut insert = connection.prepare_cached("INSERT INTO configuration_targets (profile, kind, name) VALUES (?1, ?2, ?3)")?;
        if *all {
            insert.execute([name, "all", ""])?;
        }
        for region in regions {
            insert.execute([name, "region", region])?;
        }
        for store in stores {
            insert.execute([name, "store", store])?;
        }
    }
    Ok(Ok(version))
}

/// About its name and whom it is for.
fn complaints_of(connection: &Connection, wanted: &Wanted) -> db::Result<Vec<Complaint>> {
    let mut complaints = Vec::new();
    let mut complain = |key: &str, value: &str, remedy: &str| {
        complaints.push(Complaint { key: key.to_owned(), value: format!("{value:?}"), remedy: remedy.to_owned() });
    };
    let name = &wanted.profile;
    if !is_name(name) {
        complain("profile", name, "call it by 1 to 40 of a-z, 0-9, - and _");
    }
    let known = |sql: &str, id: &str| connection.query_row(sql, [id], |row| row.get::<_, bool>(0));
    for region in &wanted.targets.regions {
        if !is_region(region) || !known("SELECT EXISTS (SELECT 1 FROM stores WHERE region = ?1)", region)? {
            complain("regions", region, "no store is in this region: name one of those on the page Stores");
        }
    }
    for store in &wanted.targets.stores {
        if StoreId::new(store).is_err() || !known("SELECT EXISTS (SELECT 1 FROM stores WHERE store = ?1)", store)? {
            complain("stores", store, "there is no such store: name one of those on the page Stores");
        }
    }
    let count: u64 =
        connection.query_row("SELECT count(DISTINCT profile) FROM configuration_profiles WHERE profile <> ?1", [name], |row| row.get(0))?;
    if count as usize >= PROFILES_MAX {
        complain("profile", name, "there are 200 profiles: change one of them");
    }
    Ok(complaints)
}

pub fn is_name(name: &str) -> bool {
    let is_char = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    (1..=NAME_CHARS_MAX).contains(&name.len()) && name.chars().all(is_char)
}

/// Who would get what, from what is kept and what was applied last.
pub fn preview(connection: &Connection, currency: &str) -> db::Result<Preview> {
    let mut profiles = Vec::new();
    for Version { profile: name, version, document, targets, .. } in list(connection)? {
        // It passed when it was kept; what an older release took and this one does not is a fault of each store that it is for.
        profiles.push(Profile { name, version, settings: profile::read(&document, currency), targets });
    }
    let shops = connection
        .prepare_cached("SELECT store, name, coalesce(region, '') FROM stores ORDER BY store")?
        .query_map([], |row| Ok(Shop { store: row.get(0)?, name: row.get(1)?, region: row.get(2)? }))?
        .collect::<db::Result<Vec<Shop>>>()?;
    Ok(Preview::of(&profiles, shops, &applied(connection)?, currency))
}

/// What each store was sent last.
fn applied(connection: &Connection) -> db::Result<BTreeMap<String, BTreeMap<String, Setting>>> {
    let mut found: BTreeMap<String, BTreeMap<String, Setting>> = BTreeMap::new();
    let mut statement = connection.prepare_cached("SELECT store, key, value FROM book_entries WHERE feed = ?1")?;
    let mut rows = statement.query([Feed::Configuration.name()])?;
    while let Some(row) = rows.next()? {
        let (store, key, value): (String, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let Some(key) = key.strip_prefix(SET) else { continue };
        // Written by `apply` alone.
        if let Ok(setting) = serde_json::from_str(&value) {
            found.entry(store).or_default().insert(key.to_owned(), setting);
        }
    }
    Ok(found)
}

/// Why nothing was applied.
#[derive(Debug, Clone)]
pub enum NotApplied {
    /// Something changed since the preview that was looked at.
    Another,
    /// Stores whose result cannot be used: in the preview.
    Faults(Box<Preview>),
}

/// Sends every store what the preview says, as one act. `id`: of the preview that somebody looked at. Returns how many stores get something else.
/// Inside the caller's transaction.
pub fn apply(
    connection: &Connection,
    folders: &Folders,
    id: &str,
    currency: &str,
    now: Stamp,
) -> Result<Result<usize, NotApplied>, PublishError> {
    let preview = preview(connection, currency)?;
    if preview.id != id {
        return Ok(Err(NotApplied::Another));
    }
    if !preview.faults.is_empty() {
        return Ok(Err(NotApplied::Faults(Box::new(preview))));
    }
    let mut count = 0;
    for (store, settings) in preview.changed() {
        let store: StoreId = store.parse().map_err(|error: crate::ids::BadId| PublishError::Source(error.to_string()))?;
        let mut entries = BTreeMap::new();
        for (key, setting) in settings {
            let value = serde_json::to_value(setting).map_err(|error| PublishError::Source(error.to_string()))?;
            entries.insert(format!("{SET}{key}"), value);
        }
        feeds::publish_book(connection, folders, Feed::Configuration, Some(&store), &entries, now)?;
        count += 1;
    }
    Ok(Ok(count))
}
