//! Typed names for everything that has an identity, so that a store is never passed where an article is meant.
//! Each is checked once, where it enters; after that nobody checks again.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Why a text is not a valid id. The message names the rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind} {text:?} is not valid: use 1 to {length_max} characters out of {allowed}")]
pub struct BadId {
    pub kind: &'static str,
    pub text: String,
    pub length_max: usize,
    pub allowed: &'static str,
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $kind:literal, $length_max:literal, $allowed:literal, $test:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(std::sync::Arc<str>);

        impl $name {
            /// Checks the text; the error names the rule.
            pub fn new(text: &str) -> Result<$name, BadId> {
                let test: fn(char) -> bool = $test;
                if text.is_empty() || text.len() > $length_max || !text.chars().all(test) {
                    let shown = text.chars().take(80).collect();
                    return Err(BadId { kind: $kind, text: shown, length_max: $length_max, allowed: $allowed });
                }
                Ok($name(text.into()))
            }
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                id_schema($length_max, $allowed)
            }
        }
        impl utoipa::ToSchema for $name {}
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl FromStr for $name {
            type Err = BadId;
            fn from_str(text: &str) -> Result<$name, BadId> {
                $name::new(text)
            }
        }
        impl TryFrom<String> for $name {
            type Error = BadId;
            fn try_from(text: String) -> Result<$name, BadId> {
                $name::new(&text)
            }
        }
        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0.to_string()
            }
        }
    };
}

/// The rule as the descriptions of the APIs say it. Where anything printable is allowed, blanks at either end are not said.
fn id_schema(length_max: usize, allowed: &str) -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
    let set = match allowed {
        "printable characters without spaces" => r"^[^\u0000-\u0020\u007f-\u00a0]+$".to_owned(),
        _ if allowed.starts_with("printable") => r"^[^\u0000-\u001f\u007f-\u009f]+$".to_owned(),
        _ => format!("^[{}]+$", allowed.replace(" - /", " / -").replace(" -", r"\-").replace(' ', "")),
    };
    let object = utoipa::openapi::ObjectBuilder::new().schema_type(utoipa::openapi::Type::String);
    object.min_length(Some(1)).max_length(Some(length_max)).pattern(Some(set)).into()
}

const fn is_name_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-')
}

text_id!(
    /// A shop.
    StoreId, "store", 32, "A-Z a-z 0-9 . _ -", is_name_char);
text_id!(
    /// One box in a store that runs the daemon.
    NodeId, "node", 32, "A-Z a-z 0-9 . _ -", is_name_char);
text_id!(
    /// A checkout position: a screen and its devices. Its text is on the receipt number ("1", "2", "bar").
    WorkstationId, "workstation", 8, "A-Z a-z 0-9 . _ -", is_name_char);
text_id!(
    /// A member of staff, by reference; names live elsewhere.
    StaffId, "staff", 32, "A-Z a-z 0-9 . _ -", is_name_char);
text_id!(
    /// A device as the configuration names it ("printer-1").
    DeviceName, "device", 32, "A-Z a-z 0-9 . _ -", is_name_char);
text_id!(
    /// The chain's own article number. Anything printable; many chains use the GTIN itself.
    Sku, "sku", 48, "printable characters without spaces at either end", |c| !c.is_control());
text_id!(
    /// Made by whoever sends a command, once per intended act; a repeat with the same id is the same act.
    CommandId, "command id", 64, "A-Z a-z 0-9 . _ -", is_name_char);
text_id!(
    /// An open page of a workstation, made by the page itself each time it is loaded.
    PageId, "page", 64, "A-Z a-z 0-9 . _ -", is_name_char);
text_id!(
    /// A tax class of the article ("A", "standard", "food").
    TaxClassId, "tax class", 24, "A-Z a-z 0-9 . _ -", is_name_char);

text_id!(
    /// A bank bag, by the number printed on it.
    BagNo, "bag number", 32, "A-Z a-z 0-9 . _ -", is_name_char);
text_id!(
    /// Why something was done, out of a short list; what it is called is a matter of language.
    ReasonCode, "reason", 24, "A-Z a-z 0-9 . _ -", is_name_char);

text_id!(
    /// A collect order, as the customer knows it. Letters and digits only: it stands in codes that scanners type.
    OrderNo, "order number", 16, "A-Z a-z 0-9", |c| c.is_ascii_alphanumeric());
text_id!(
    /// Where bags wait for their customer ("C07"), by the code on the shelf.
    PlaceCode, "place", 24, "A-Z a-z 0-9 . _ -", is_name_char);

text_id!(
    /// The paper that came with goods, by the supplier's number.
    DeliveryNo, "delivery number", 32, "A-Z a-z 0-9 . _ - /", |c| is_name_char(c) || c == '/');

text_id!(
    /// Where orders come from: a web shop, a marketplace, the phone desk. It names a folder as well.
    ChannelId, "channel", 32, "A-Z a-z 0-9 _ -", |c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
text_id!(
    /// An order as its channel numbers it ("#1001", "302-7654321-1234567"). One channel gives each number once.
    ChannelOrderNo, "order number of a channel", 64, "printable characters without spaces", |c| !c.is_control() && !c.is_whitespace());
text_id!(
    /// Where goods are and orders are served: a store, by its own id, a warehouse, a supplier.
    PlaceId, "place", 32, "A-Z a-z 0-9 . _ -", is_name_char);

/// A transaction, from its first keystroke to its record at head office: a UUIDv7 made when the first line is entered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TxnId(pub Uuid);

/// One piece of paper asked for: an original or a copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct JobId(pub Uuid);

impl JobId {
    /// Of several jobs that one command asks for: this one's id, counted on.
    pub fn after(self, nth: usize) -> JobId {
        // The lower 62 bits are random; what says which kind of id it is stays.
        const LOWER: u128 = (1 << 62) - 1;
        let bits = self.0.as_u128();
        let next = (bits & LOWER).wrapping_add(nth as u128) & LOWER;
        JobId(Uuid::from_u128((bits & !LOWER) | next))
    }
}

/// One attempt at taking money by card. Written to disk before the terminal is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AttemptId(pub Uuid);

/// A person of whom the vault knows who it is; everywhere else this is all there is. Made at random, so it says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SubjectRef(pub Uuid);

impl SubjectRef {
    /// Six characters to tell people apart by where nobody may be named. Not unique.
    pub fn short(self) -> String {
        let text = self.0.simple().to_string().to_uppercase();
        text[text.len() - 6..].to_owned()
    }
}

macro_rules! uuid_id {
    ($name:ident) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<$name, uuid::Error> {
                Uuid::parse_str(text).map($name)
            }
        }
    };
}
uuid_id!(TxnId);
uuid_id!(JobId);
uuid_id!(AttemptId);
uuid_id!(SubjectRef);

/// One run of a node's process: 16 lower-case hex digits, random, minted at every start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Incarnation(pub u64);

impl Incarnation {
    /// Four characters for printed numbers, out of the 32 that are not mistaken for each other (Crockford's alphabet).
    pub fn short(self) -> String {
        const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
        (0..4).map(|i| ALPHABET[((self.0 >> (5 * i)) & 31) as usize] as char).collect()
    }
}
impl fmt::Display for Incarnation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}
impl FromStr for Incarnation {
    type Err = BadId;
    fn from_str(text: &str) -> Result<Incarnation, BadId> {
        let bad = || BadId { kind: "incarnation", text: text.chars().take(80).collect(), length_max: 16, allowed: "0-9 a-f (16 of them)" };
        if text.len() != 16 || !text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)) {
            return Err(bad());
        }
        u64::from_str_radix(text, 16).map(Incarnation).map_err(|_| bad())
    }
}
impl Serialize for Incarnation {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
impl<'de> Deserialize<'de> for Incarnation {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Incarnation, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// The printed number of a transaction: "1-7K3F-000042" = workstation, short incarnation, counter. The counter alone is gapless
/// per workstation and goes on over restarts; the incarnation code keeps a cloned box from printing the same number twice.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ReceiptNo {
    pub workstation: WorkstationId,
    pub incarnation: Incarnation,
    /// From 1, without gaps, voids included.
    pub counter: u64,
    /// Practice counts apart, and says so in its number: "1-7K3F-T000042".
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub training: bool,
}
impl fmt::Display for ReceiptNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = if self.training { "T" } else { "" };
        write!(f, "{}-{}-{mark}{:06}", self.workstation, self.incarnation.short(), self.counter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_checked_where_they_enter() {
        assert!(StoreId::new("berlin-1").is_ok());
        for bad in ["", "a b", "x/y", "ü", &"x".repeat(33)] {
            assert!(StoreId::new(bad).is_err(), "{bad:?}");
        }
        assert!(serde_json::from_str::<StoreId>("\"a b\"").is_err());
        let incarnation = Incarnation(0x00ab_cdef_0123_4567);
        assert_eq!(incarnation.to_string().parse::<Incarnation>(), Ok(incarnation));
        assert!("00ABCDEF01234567".parse::<Incarnation>().is_err());
    }
}
