//! Who works in a store, as head office publishes it and a node reads it: one entry per person, and the key under which badges are marked. A PIN
//! travels as its argon2id hash, a badge as an HMAC of its code under the store's own badge key, so that the list alone lets nobody in.
//! Calculations only: where the list lies and who may read it is decided elsewhere.

use std::collections::{BTreeMap, BTreeSet};

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordVerifier, Version};
use serde::{Deserialize, Deserializer, Serialize};

use super::feed::BookEntry;
use crate::ids::StaffId;
use crate::retail::rights::{Right, Role, StaffFact, StaffLimits};

/// The key of the entry that holds the badge key; people are under `staff/ID`.
pub const BADGE_KEY: &str = "badge-key";
const PERSON: &str = "staff/";
pub const PIN_DIGITS_MIN: usize = 4;
pub const PIN_DIGITS_MAX: usize = 8;
pub const NAME_CHARS_MAX: usize = 60;
/// A badge shorter than this could be an article's key; longer ones no scanner sends in one piece.
pub const BADGE_CHARS_MIN: usize = 6;
pub const BADGE_CHARS_MAX: usize = 80;
/// OWASP's argon2id for 19 MiB: some 30 ms on a till's box.
const MEMORY_KIB: u32 = 19 * 1024;
const ROUNDS: u32 = 2;

/// One person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    pub id: StaffId,
    /// As on the tile and the receipt.
    pub name: String,
    /// "de"; empty: the store's.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub language: String,
    pub role: Role,
    /// Beyond the role's. One that this release does not know is passed over.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty", deserialize_with = "known_rights")]
    pub rights: BTreeSet<Right>,
    #[serde(default = "no_limits")]
    pub limits: StaffLimits,
    /// HMAC-SHA256 of the badge's code, 64 hex characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub badge: Option<String>,
    /// argon2id in PHC form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pin: Option<String>,
}

fn no_limits() -> StaffLimits {
    StaffLimits { discount_percent_max: 0 }
}

fn known_rights<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeSet<Right>, D::Error> {
    let names = Vec::<String>::deserialize(deserializer)?;
    Ok(Right::ALL.into_iter().filter(|right| names.iter().any(|name| name == right.name())).collect())
}

impl Person {
    pub fn entry_key(&self) -> String {
        format!("{PERSON}{}", self.id)
    }

    pub fn fact(&self) -> StaffFact {
        let rights = self.role.rights().union(&self.rights).copied().collect();
        StaffFact { id: self.id.clone(), role: self.role, rights, limits: self.limits }
    }
}

/// The staff list in force at a node.
#[derive(Debug, Clone, Default)]
pub struct StaffBook {
    pub version: u64,
    people: BTreeMap<StaffId, Person>,
    by_badge: BTreeMap<String, StaffId>,
    badge_key: Vec<u8>,
}

impl StaffBook {
    /// An error names the entry that cannot be read. Entries of other kinds are passed over.
    pub fn read(version: u64, entries: &[BookEntry]) -> Result<StaffBook, String> {
        let mut book = StaffBook { version, ..StaffBook::default() };
        for entry in entries {
            let wrong = |e: serde_json::Error| format!("entry {:?}: {e}", entry.key);
            if entry.key == BADGE_KEY {
                let hex: String = serde_json::from_str(entry.value.get()).map_err(wrong)?;
                book.badge_key = hex.into_bytes();
            } else if entry.key.starts_with(PERSON) {
                let person: Person = serde_json::from_str(entry.value.get()).map_err(wrong)?;
                book.add(person);
            }
        }
        Ok(book)
    }

    pub fn add(&mut self, person: Person) {
        if let Some(badge) = &person.badge {
            self.by_badge.insert(badge.clone(), person.id.clone());
        }
        self.people.insert(person.id.clone(), person);
    }

    pub fn is_empty(&self) -> bool {
        self.people.is_empty()
    }

    pub fn person(&self, id: &StaffId) -> Option<&Person> {
        self.people.get(id)
    }

    pub fn people(&self) -> impl Iterator<Item = &Person> {
        self.people.values()
    }

    /// Whose badge a scanned or typed code is. An AIM identifier in front and blanks around it are not part of the code.
    pub fn by_badge(&self, frame: &str) -> Option<&Person> {
        if self.by_badge.is_empty() {
            return None;
        }
        let code = frame.trim();
        let bare = code.strip_prefix(']').and_then(|rest| rest.get(2..));
        [Some(code), bare].into_iter().flatten().find_map(|code| {
            let id = self.by_badge.get(&badge_mark(&self.badge_key, code))?;
            self.people.get(id)
        })
    }
}

/// What stands for a badge in the list.
pub fn badge_mark(badge_key: &[u8], code: &str) -> String {
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, badge_key);
    ring::hmac::sign(&key, code.as_bytes()).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether a text can be a badge's code; else why not.
pub fn check_badge(code: &str) -> Result<(), String> {
    let chars = code.chars().count();
    if !(BADGE_CHARS_MIN..=BADGE_CHARS_MAX).contains(&chars) || code.trim() != code || code.chars().any(char::is_control) {
        return Err(format!("a badge has {BADGE_CHARS_MIN} to {BADGE_CHARS_MAX} printable characters without spaces at either end"));
    }
    Ok(())
}

/// Whether a text can be a PIN; else why not. Never repeats it.
pub fn check_pin(pin: &str) -> Result<(), String> {
    if !(PIN_DIGITS_MIN..=PIN_DIGITS_MAX).contains(&pin.len()) || !pin.bytes().all(|b| b.is_ascii_digit()) {
        return Err(format!("a PIN has {PIN_DIGITS_MIN} to {PIN_DIGITS_MAX} digits"));
    }
    Ok(())
}

/// argon2id of a PIN in PHC form. Takes tens of milliseconds: call it from a thread that may block.
pub fn hash_pin(pin: &str, salt: &[u8; 16]) -> String {
    let hash = argon2::PasswordHasher::hash_password_with_salt(&argon2id(), pin.as_bytes(), salt);
    hash.expect("the parameters are in the algorithm's range").to_string()
}

/// Whether the PIN is the one behind the hash. As slow as [`hash_pin`].
pub fn is_pin(pin: &str, hash: &str) -> bool {
    PasswordHash::new(hash).is_ok_and(|hash| argon2id().verify_password(pin.as_bytes(), &hash).is_ok())
}

fn argon2id() -> Argon2<'static> {
    let params = Params::new(MEMORY_KIB, ROUNDS, 1, None).expect("constants in range");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_is_known_by_its_hash_alone() {
        let hash = hash_pin("4711", &[7; 16]);
        assert!(hash.starts_with("$argon2id$") && !hash.contains("4711"), "{hash}");
        assert!(is_pin("4711", &hash) && !is_pin("4712", &hash) && !is_pin("4711", "no hash"));
        assert!(check_pin("123").is_err() && check_pin("123456789").is_err() && check_pin("12a4").is_err() && check_pin("0000").is_ok());
    }

    #[test]
    fn a_badge_is_found_with_and_without_what_a_scanner_puts_around_it() {
        let mut book = StaffBook { badge_key: b"key".to_vec(), ..StaffBook::default() };
        let badge = Some(badge_mark(b"key", "STAFF-0815"));
        let (id, name) = (StaffId::new("anna").unwrap(), "Anna".to_owned());
        book.add(Person {
            id,
            name,
            language: String::new(),
            role: Role::Cashier,
            rights: BTreeSet::new(),
            limits: no_limits(),
            badge,
            pin: None,
        });
        for frame in ["STAFF-0815", "]C0STAFF-0815\r", " STAFF-0815\n"] {
            assert_eq!(book.by_badge(frame).unwrap().name, "Anna", "{frame:?}");
        }
        assert!(book.by_badge("STAFF-0816").is_none() && book.by_badge("").is_none());
    }

    #[test]
    fn rights_of_a_later_release_are_passed_over() {
        let later = r#"{"id":"anna","name":"Anna","role":"cashier","rights":["no_sale","fly"],"of_later":1}"#;
        let person: Person = serde_json::from_str(later).unwrap();
        assert_eq!(person.rights, BTreeSet::from([Right::NoSale]));
        assert!(person.fact().may(Right::SellItems) && person.fact().may(Right::NoSale) && !person.fact().may(Right::CloseDay));
    }
}
