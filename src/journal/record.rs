//! One record: all events of one command, as one line of JSON. This file knows the line's bytes and nothing of files.
//!
//! ```text
//! {"v":1,"store":S,"node":N,"inc":"16 hex","seq":1,"at":ms,"clock":C,"date":D,"key":K,"durable_upto":0,"prev":"64 hex",
//!  "events":[{"tag.1":{..}},..],"sig":"128 hex","crc":"8 hex"}\n                (one line; date, key and sig may be absent)
//!
//! crc   CRC-32C (Castagnoli) of every byte before  ,"crc":
//! sig   ed25519 over every byte before  ,"sig":
//! hash  SHA-256 of the whole line with its newline; the next record's prev
//! ```

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::error::BadRecord;
use super::hash::{Hash, from_hex, to_hex};
use super::key::{NodeKey, PublicKey};
use crate::ids::{Incarnation, NodeId, StoreId};
use crate::money::INTEGER_MAX;
use crate::time::{BusinessDate, ClockQuality, Stamp};

/// The format this program writes, and the newest it reads.
pub const FORMAT: u64 = 1;
/// `,"crc":"01234567"}` and the newline.
const CRC_FIELD_BYTES: usize = 19;
/// `,"sig":"` + 128 digits + `"`.
const SIG_FIELD_BYTES: usize = 137;
const CARRY_TAG: &str = "carried_forward.1";

/// Whose journal it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    pub store: StoreId,
    pub node: NodeId,
}

/// A place in the chain. `(node, incarnation, seq)` is never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    pub incarnation: Incarnation,
    /// From 1, without gaps, across incarnations.
    pub seq: u64,
    pub hash: Hash,
}

/// A record as it is stored, taken apart.
#[derive(Debug, Clone)]
pub struct Record {
    pub identity: Identity,
    pub incarnation: Incarnation,
    pub seq: u64,
    /// When the command was decided. Never before the record before it.
    pub at: Stamp,
    pub date: Option<BusinessDate>,
    /// The command's idempotency key.
    pub key: Option<String>,
    /// The highest sequence known flushed when this record was written. Always below `seq`.
    pub durable_upto: u64,
    pub prev: Hash,
    /// One JSON text per event, as stored.
    pub events: Vec<Box<RawValue>>,
    /// 128 hex digits.
    pub sig: Option<String>,
    pub hash: Hash,
    /// The stored line with its newline: the record itself. It is never encoded again, here or anywhere.
    pub line: Vec<u8>,
}

/// What a record is to the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// First of its incarnation. Signed.
    Link,
    /// Says that all before it was flushed, when nothing else would say so soon. Signed.
    Mark,
    /// Replay may start here. Signed.
    CarryForward,
    /// Anything else.
    Command,
}

/// The journal's own events. Whoever replays a journal passes over records whose [`Record::kind`] is `Link` or `Mark`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum OwnEvent {
    #[serde(rename = "journal.link.1")]
    Link(Link),
    #[serde(rename = "journal.mark.1")]
    Mark {},
}

/// How an incarnation continues what was there. Two links with one parent are a fork: a restored or cloned disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// The last intact record before; `None` at the very first start.
    pub parent_inc: Option<Incarnation>,
    pub parent_seq: u64,
    pub parent_hash: Hash,
    /// Of the key that signs this incarnation, 64 hex digits.
    pub public_key: String,
    /// Version of the program that runs, for "written by 1.4, install 1.4 or newer".
    pub program: String,
    /// Records that were flushed once and cannot be read any more, as far as they concern what is replayed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub holes: Vec<Hole>,
}

/// Records lost to damage, both ends included.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hole {
    pub first_seq: u64,
    pub last_seq: u64,
    pub segment: String,
    pub reason: String,
}

/// What is to be recorded: everything that the journal does not know by itself.
#[derive(Debug, Clone)]
pub struct Draft {
    pub at: Stamp,
    pub date: Option<BusinessDate>,
    pub key: Option<String>,
    /// One JSON text per event, at least one.
    pub events: Vec<Box<RawValue>>,
    /// For records that vouch for a stretch of the journal, such as the close of a day.
    pub signed: bool,
    /// The first event is `carried_forward.1`: signed as well, under 64 KiB, and a place where replay may start.
    pub carry: bool,
}

impl Record {
    /// Reads one stored line. Everything the line says of itself is checked; whether it follows its predecessor is not.
    pub fn parse(line: Vec<u8>) -> Result<Record, BadRecord> {
        let text = checked_text(&line)?;
        if !text.starts_with("{\"v\":1,") {
            return Err(other_format(text));
        }
        let fields: Line<'_> = serde_json::from_str(text).map_err(|error| BadRecord::NotARecord(error.to_string()))?;
        let numbers = [fields.seq, fields.durable_upto, fields.at.unsigned_abs()];
        if numbers.iter().any(|number| *number > INTEGER_MAX.unsigned_abs())
            || fields.durable_upto >= fields.seq
            || fields.events.is_empty()
        {
            return Err(BadRecord::NotARecord("a number is out of range, or there are no events".to_owned()));
        }
        if signature_field(&line) != fields.sig.as_deref() {
            return Err(BadRecord::NotARecord("the signature is not the last field before the checksum".to_owned()));
        }
        Ok(Record {
            identity: Identity { store: fields.store, node: fields.node },
            incarnation: fields.inc,
            seq: fields.seq,
            at: Stamp { ms: fields.at, quality: fields.clock },
            date: fields.date,
            key: fields.key,
            durable_upto: fields.durable_upto,
            prev: fields.prev,
            events: fields.events,
            sig: fields.sig,
            hash: Hash::of(&line),
            line,
        })
    }

    pub fn position(&self) -> Position {
        Position { incarnation: self.incarnation, seq: self.seq, hash: self.hash }
    }

    pub fn kind(&self) -> Kind {
        match tag(self.events[0].get()) {
            Some("journal.link.1") => Kind::Link,
            Some("journal.mark.1") => Kind::Mark,
            Some(CARRY_TAG) => Kind::CarryForward,
            _ => Kind::Command,
        }
    }

    /// The link, if this is one and its event reads as one.
    pub fn link(&self) -> Option<Link> {
        match serde_json::from_str(self.events[0].get()) {
            Ok(OwnEvent::Link(link)) => Some(link),
            Ok(OwnEvent::Mark {}) | Err(_) => None,
        }
    }

    /// Whether the record carries `key`'s signature over all bytes before it.
    pub fn is_signed_by(&self, key: &PublicKey) -> bool {
        let signed_bytes = self.line.len() - CRC_FIELD_BYTES - SIG_FIELD_BYTES.min(self.line.len() - CRC_FIELD_BYTES);
        self.sig.as_deref().is_some_and(|sig| key.signed(&self.line[..signed_bytes], sig))
    }
}

/// The name before the first colon of an event's JSON: `line_added.1` of `{"line_added.1":{..}}`.
pub fn tag(event: &str) -> Option<&str> {
    event.strip_prefix("{\"")?.split_once('"').map(|(tag, _)| tag)
}

/// The fields of a line, in the order in which they are written.
#[derive(Deserialize)]
struct Line<'a> {
    store: StoreId,
    node: NodeId,
    inc: Incarnation,
    seq: u64,
    at: i64,
    clock: ClockQuality,
    #[serde(default)]
    date: Option<BusinessDate>,
    #[serde(default)]
    key: Option<String>,
    durable_upto: u64,
    prev: Hash,
    events: Vec<Box<RawValue>>,
    #[serde(default)]
    sig: Option<String>,
    #[serde(rename = "crc")]
    _crc: &'a str,
}

/// Everything that goes into a line.
pub(super) struct Fields<'a> {
    pub identity: &'a Identity,
    pub incarnation: Incarnation,
    pub seq: u64,
    pub at: Stamp,
    pub date: Option<BusinessDate>,
    pub key: Option<&'a str>,
    pub durable_upto: u64,
    pub prev: Hash,
    pub events: &'a [Box<RawValue>],
}

/// The line of a new record with its newline. `signer` adds the signature.
pub(super) fn encode(fields: &Fields<'_>, signer: Option<&NodeKey>) -> Vec<u8> {
    let clock = match fields.at.quality {
        ClockQuality::Synchronised => "synchronised",
        ClockQuality::Unverified => "unverified",
        ClockQuality::HeldBack => "held_back",
    };
    let mut line = format!(
        r#"{{"v":{FORMAT},"store":"{}","node":"{}","inc":"{}","seq":{},"at":{},"clock":"{clock}""#,
        fields.identity.store, fields.identity.node, fields.incarnation, fields.seq, fields.at.ms,
    );
    if let Some(date) = fields.date {
        line += &format!(r#","date":"{date}""#);
    }
    if let Some(key) = fields.key {
        line += &format!(r#","key":{}"#, serde_json::Value::from(key));
    }
    line += &format!(r#","durable_upto":{},"prev":"{}","events":["#, fields.durable_upto, fields.prev);
    for (index, event) in fields.events.iter().enumerate() {
        line += if index == 0 { "" } else { "," };
        line += event.get();
    }
    line.push(']');
    if let Some(signer) = signer {
        line += &format!(r#","sig":"{}""#, signer.sign_hex(line.as_bytes()));
    }
    line += &format!(",\"crc\":\"{:08x}\"}}\n", crc32c::crc32c(line.as_bytes()));
    line.into_bytes()
}

/// What may not be in an event: control characters (a newline would end the record), and numbers that a reader with 64-bit
/// floats would change (fractions, exponents, beyond 2^53). `None` when all is well.
pub(super) fn unfit_event(event: &str) -> Option<String> {
    if let Some(control) = event.bytes().find(|byte| *byte < 0x20) {
        return Some(format!("an event holds the control character {control:#04x}"));
    }
    if tag(event).is_none() {
        return Some("an event is not an object with one name".to_owned());
    }
    let bytes = event.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'"' => at = end_of_string(bytes, at),
            b'-' | b'0'..=b'9' => {
                let digits = bytes[at..].iter().take_while(|byte| matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9')).count();
                let number = &event[at..at + digits];
                if !number.parse::<i64>().is_ok_and(|number| number.abs() <= INTEGER_MAX) {
                    return Some(format!("the number {number} is not an integer below 2^53"));
                }
                at += digits;
            }
            _ => at += 1,
        }
    }
    None
}

pub(super) fn is_carry(event: &str) -> bool {
    tag(event) == Some(CARRY_TAG)
}

/// Checks newline, checksum and UTF-8, in this order, and gives the line without its newline.
fn checked_text(line: &[u8]) -> Result<&str, BadRecord> {
    let body = line.strip_suffix(b"\n").ok_or(BadRecord::NoNewline)?;
    if line.len() <= CRC_FIELD_BYTES {
        return Err(BadRecord::NoChecksum);
    }
    let (covered, field) = body.split_at(line.len() - CRC_FIELD_BYTES);
    let digits = field.strip_prefix(b",\"crc\":\"").and_then(|field| field.strip_suffix(b"\"}")).ok_or(BadRecord::NoChecksum)?;
    let stored = std::str::from_utf8(digits).ok().and_then(|digits| from_hex::<4>(digits).ok()).ok_or(BadRecord::NoChecksum)?;
    let computed = crc32c::crc32c(covered).to_be_bytes();
    if stored != computed {
        return Err(BadRecord::Checksum { stored: to_hex(&stored), computed: to_hex(&computed) });
    }
    std::str::from_utf8(body).map_err(|error| BadRecord::NotARecord(error.to_string()))
}

/// The digits of `,"sig":"…"` when that is what stands before the checksum.
fn signature_field(line: &[u8]) -> Option<&str> {
    let end = line.len().checked_sub(CRC_FIELD_BYTES)?;
    let field = std::str::from_utf8(line.get(end.checked_sub(SIG_FIELD_BYTES)?..end)?).ok()?;
    field.strip_prefix(",\"sig\":\"")?.strip_suffix('"')
}

/// The line is whole, but not of our format: most likely of a newer one.
fn other_format(text: &str) -> BadRecord {
    #[derive(Deserialize)]
    struct Version {
        v: u64,
    }
    match serde_json::from_str(text) {
        Ok(Version { v }) if v > FORMAT => BadRecord::NewerFormat(v),
        _ => BadRecord::NotARecord("it does not begin with {\"v\":1,".to_owned()),
    }
}

/// The index behind the closing quote of the string that opens at `start`.
fn end_of_string(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while at < bytes.len() && bytes[at] != b'"' {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    at + 1
}
