//! Who works in the chain: kept here, published to each store as its staff book. A PIN is kept as argon2id, a badge as an HMAC under the
//! chain's badge key; neither can be read back, only set anew.

use std::collections::{BTreeMap, BTreeSet};

use super::db::{self, Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize};

use super::card_data::{REMEDY, WHAT, holds_card};
use super::feeds::{self, PublishError, Published};
use super::storage::{self, Folders};
use crate::ids::{StaffId, StoreId};
use crate::retail::Feed;
use crate::retail::rights::{Right, Role, StaffLimits};
use crate::sync::staff::{self, BADGE_KEY, NAME_CHARS_MAX, Person};
use crate::time::Stamp;

/// In a person's list of stores: all of them, also those that open later.
pub const ALL_STORES: &str = "*";
pub const STORES_PER_PERSON_MAX: usize = 200;

/// A person as typed or imported. What is absent stays as it is (of a new person: nothing, no extra rights, all stores).
#[derive(Debug, Clone, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = StaffDraft)]
pub struct Draft {
    pub name: Option<String>,
    pub language: Option<String>,
    pub role: Option<Role>,
    pub rights: Option<BTreeSet<Right>>,
    pub discount_percent_max: Option<u8>,
    /// Store ids, or "*" for all.
    pub stores: Option<Vec<String>>,
    /// Digits; an empty text takes the PIN away.
    pub pin: Option<String>,
    /// The code on the badge; an empty text takes the badge away.
    pub badge: Option<String>,
    pub active: Option<bool>,
}

/// One person for pages and programs, without anything that lets somebody in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct PersonRow {
    pub id: String,
    pub name: String,
    pub language: String,
    pub role: Role,
    pub rights: BTreeSet<Right>,
    pub discount_percent_max: u8,
    pub stores: Vec<String>,
    pub has_pin: bool,
    pub has_badge: bool,
    pub active: bool,
}

/// A checked draft, its PIN hashed: that takes tens of milliseconds and is done before the writer is asked.
pub struct Checked {
    id: StaffId,
    draft: Draft,
    /// `Some(None)`: the PIN is taken away.
    pin: Option<Option<String>>,
}

impl Checked {
    /// Says every fault in words. Slow when there is a PIN.
    pub fn new(id: &str, draft: Draft) -> Result<Checked, Vec<String>> {
        let texts = [Some(id), draft.name.as_deref(), draft.language.as_deref(), draft.badge.as_deref()];
        let stores = draft.stores.iter().flatten().map(String::as_str);
        if texts.into_iter().flatten().chain(stores).any(holds_card) {
            return Err(vec![format!("{WHAT}: {REMEDY}")]);
        }
        let mut faults = Vec::new();
        let staff = StaffId::new(id).map_err(|e| faults.push(format!("id {id:?}: {e}"))).ok();
        if let Some(name) = &draft.name
            && (name.trim().is_empty() || name.chars().count() > NAME_CHARS_MAX || name.chars().any(char::is_control))
        {
            faults.push(format!("name: 1 to {NAME_CHARS_MAX} printable characters"));
        }
        if draft.language.as_ref().is_some_and(|l| l.len() > 8 || !l.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')) {
            faults.push("language: a code like de or en".to_owned());
        }
        if draft.discount_percent_max.is_some_and(|percent| percent > 100) {
            faults.push("discount_percent_max: 0 to 100".to_owned());
        }
        if let Some(stores) = &draft.stores {
            if stores.len() > STORES_PER_PERSON_MAX {
                faults.push(format!("stores: at most {STORES_PER_PERSON_MAX}, or * for all"));
            }
            faults.extend(
                stores.iter().filter(|s| *s != ALL_STORES && StoreId::new(s).is_err()).map(|s| format!("stores: {s:?} is no store")),
            );
        }
        let pin = draft.pin.as_deref().filter(|pin| !pin.is_empty()).map(staff::check_pin);
        faults.extend(pin.and_then(Result::err).map(|why| format!("pin: {why}")));
        let badge = draft.badge.as_deref().filter(|badge| !badge.is_empty()).map(staff::check_badge);
        faults.extend(badge.and_then(Result::err).map(|why| format!("badge: {why}")));
        let Some(id) = staff.filter(|_| faults.is_empty()) else { return Err(faults) };
        let pin = draft.pin.as_ref().map(|pin| (!pin.is_empty()).then(|| staff::hash_pin(pin, &random())));
        Ok(Checked { id, draft, pin })
    }
}

/// Why a person was not stored. Nothing was.
#[derive(Debug, thiserror::Error)]
pub enum PeopleError {
    #[error("{0}")]
    Draft(String),
    #[error(transparent)]
    Publish(#[from] PublishError),
}

impl From<db::Error> for PeopleError {
    fn from(error: db::Error) -> PeopleError {
        PeopleError::Publish(PublishError::Database(error))
    }
}

/// Stores people and publishes the books of the stores that changed. Inside the caller's transaction.
pub fn put(connection: &Connection, folders: &Folders, people: Vec<Checked>, now: Stamp) -> Result<Vec<(StoreId, Published)>, PeopleError> {
    let badge_key = badge_key(connection)?;
    for Checked { id, draft, pin } in people {
        let before = person(connection, &id)?;
        let (old, old_stores, was_active) = match before {
            Some((old, stores, active)) => (Some(old), stores, active),
            None => (None, vec![ALL_STORES.to_owned()], true),
        };
        let name = draft.name.clone().map(|name| name.trim().to_owned()).or_else(|| old.as_ref().map(|old| old.name.clone()));
        let role = draft.role.or_else(|| old.as_ref().map(|old| old.role));
        let (Some(name), Some(role)) = (name, role) else {
            return Err(PeopleError::Draft(format!("{id} is new: a name and a role are needed")));
        };
        let badge = match draft.badge.as_deref() {
            None => old.as_ref().and_then(|old| old.badge.clone()),
            Some("") => None,
            Some(code) => Some(staff::badge_mark(badge_key.as_bytes(), code)),
        };
        if let Some(badge) = &badge
            && let Some(other) = badge_owner(connection, badge)?.filter(|other| *other != id.as_str())
        {
            return Err(PeopleError::Draft(format!("the badge of {id} is {other}'s already")));
        }
        let old_limit = old.as_ref().map_or(role.discount_percent_max(), |old| old.limits.discount_percent_max);
        let new = Person {
            id,
            name,
            language: draft.language.or_else(|| old.as_ref().map(|old| old.language.clone())).unwrap_or_default(),
            role,
            rights: draft.rights.or_else(|| old.as_ref().map(|old| old.rights.clone())).unwrap_or_default(),
            limits: StaffLimits { discount_percent_max: draft.discount_percent_max.unwrap_or(old_limit) },
            badge,
            pin: pin.unwrap_or_else(|| old.and_then(|old| old.pin)),
        };
        let stores = draft.stores.unwrap_or(old_stores).join(" ");
        let json = serde_json::to_string(&new).map_err(|e| PublishError::Source(e.to_string()))?;
        connection.execute(
            "INSERT INTO people (id, person, badge, stores, active) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (id) DO UPDATE SET person = excluded.person, badge = excluded.badge, stores = excluded.stores, active = excluded.active",
            params![new.id.as_str(), json, new.badge, stores, draft.active.unwrap_or(was_active)],
        )?;
    }
    let stores: Vec<String> = connection
        .prepare_cached("SELECT DISTINCT store FROM feed_files WHERE feed = ?1 UNION SELECT store FROM nodes")?
        .query_map([Feed::Staff.name()], |row| row.get(0))?
        .collect::<db::Result<_>>()?;
    let mut published = Vec::new();
    for store in stores {
        let store: StoreId = store.parse().map_err(|e: crate::ids::BadId| PublishError::Source(e.to_string()))?;
        let done = publish(connection, folders, &store, now)?;
        published.extend(done.file.is_some().then_some((store, done)));
    }
    Ok(published)
}

/// The staff book of one store, when it differs from what is in force. Also for a store that asks for the first time.
pub fn publish(connection: &Connection, folders: &Folders, store: &StoreId, now: Stamp) -> Result<Published, PublishError> {
    let mut entries = BTreeMap::from([(BADGE_KEY.to_owned(), serde_json::Value::String(badge_key(connection)?))]);
    let mut statement = connection.prepare_cached("SELECT person, stores FROM people WHERE active <> 0")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (json, stores): (String, String) = (row.get(0)?, row.get(1)?);
        if stores.split(' ').any(|name| name == ALL_STORES || name == store.as_str()) {
            let source = |e: serde_json::Error| PublishError::Source(e.to_string());
            let person: Person = serde_json::from_str(&json).map_err(source)?;
            entries.insert(person.entry_key(), serde_json::to_value(&person).map_err(source)?);
        }
    }
    feeds::publish_book(connection, folders, Feed::Staff, Some(store), &entries, now)
}

/// Everyone, by name.
pub fn list(connection: &Connection) -> db::Result<Vec<PersonRow>> {
    let mut statement = connection.prepare_cached("SELECT person, stores, active FROM people")?;
    let mut rows = statement.query([])?;
    let mut people = Vec::new();
    while let Some(row) = rows.next()? {
        let (json, stores, active): (String, String, bool) = (row.get(0)?, row.get(1)?, row.get(2)?);
        // What this release wrote itself and cannot read any more is not shown.
        let Ok(person) = serde_json::from_str::<Person>(&json) else { continue };
        people.push(PersonRow {
            id: person.id.to_string(),
            name: person.name,
            language: person.language,
            role: person.role,
            rights: person.rights,
            discount_percent_max: person.limits.discount_percent_max,
            stores: stores.split(' ').map(str::to_owned).collect(),
            has_pin: person.pin.is_some(),
            has_badge: person.badge.is_some(),
            active,
        });
    }
    people.sort_by(|a, b| (!a.active, &a.name).cmp(&(!b.active, &b.name)));
    Ok(people)
}

fn person(connection: &Connection, id: &StaffId) -> Result<Option<(Person, Vec<String>, bool)>, PeopleError> {
    let found: Option<(String, String, bool)> = connection
        .query_row("SELECT person, stores, active FROM people WHERE id = ?1", [id.as_str()], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .optional()?;
    let Some((json, stores, active)) = found else { return Ok(None) };
    let person = serde_json::from_str(&json).map_err(|e| PublishError::Source(e.to_string()))?;
    Ok(Some((person, stores.split(' ').map(str::to_owned).collect(), active)))
}

fn badge_owner(connection: &Connection, badge: &str) -> db::Result<Option<String>> {
    connection.query_row("SELECT id FROM people WHERE badge = ?1", [badge], |row| row.get(0)).optional()
}

/// Made at the first use, kept for ever: another one would make every badge unknown.
fn badge_key(connection: &Connection) -> db::Result<String> {
    if let Some(key) = storage::meta(connection, "badge_key")? {
        return Ok(key);
    }
    let bytes: [u8; 16] = random();
    let key: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    storage::set_meta(connection, "badge_key", &key)?;
    Ok(key)
}

fn random() -> [u8; 16] {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).expect("the kernel always has randomness after boot");
    bytes
}
