//! What the journal's tests share: a node with a fixed key, drafts, and replay into a list.

use counterfoil::ids::{Incarnation, NodeId, StoreId};
use counterfoil::journal::{Disk, Draft, Identity, Journal, Limits, NodeKey, OpenError, OpenOptions, Opened, Record, Replay, Replayed};
use counterfoil::time::{ClockQuality, Stamp};
use serde_json::value::RawValue;

/// Small enough that a few records reach every limit.
pub const SMALL: Limits = Limits { segment_bytes_max: 8 << 10, fill_bytes: 2 << 10, record_bytes_max: 4 << 10 };

pub fn identity() -> Identity {
    Identity { store: StoreId::new("berlin-1").unwrap(), node: NodeId::new("node-1").unwrap() }
}

pub fn key() -> NodeKey {
    NodeKey::from_seed([7; 32])
}

pub fn at(ms: i64) -> Stamp {
    Stamp { ms: 1_800_000_000_000 + ms, quality: ClockQuality::Synchronised }
}

pub fn options(incarnation: u64, limits: Limits) -> OpenOptions {
    OpenOptions { identity: identity(), key: key(), incarnation: Incarnation(incarnation), now: at(0), program: "0.1.0".to_owned(), limits }
}

/// Opens with the small limits.
pub fn open<D: Disk>(disk: &D, incarnation: u64) -> Result<Opened<D>, OpenError> {
    Journal::open(disk.clone(), options(incarnation, SMALL))
}

pub fn event(json: &str) -> Box<RawValue> {
    RawValue::from_string(json.to_owned()).unwrap()
}

/// A command of three events, so that a part of it would be seen.
pub fn command(number: u64) -> Draft {
    let part = |part: u64| event(&format!(r#"{{"part_done.1":{{"command":{number},"part":{part},"of":3}}}}"#));
    Draft {
        at: at(number as i64),
        date: None,
        key: Some(format!("command-{number}")),
        events: vec![part(1), part(2), part(3)],
        signed: false,
        carry: false,
    }
}

pub fn carry(number: u64) -> Draft {
    let events =
        vec![event(&format!(r#"{{"carried_forward.1":{{"parts":{{"tills":"{number:064x}"}}}}}}"#)), event(r#"{"day_opened.1":{}}"#)];
    Draft { at: at(number as i64), date: None, key: Some(format!("carry-{number}")), events, signed: false, carry: true }
}

/// All that a replay gives, which must be without damage.
pub fn records<D: Disk>(replay: Replay<D>) -> Vec<Record> {
    replay
        .map(|step| match step.unwrap() {
            Replayed::Record(record) => *record,
            Replayed::Damage(bad) => panic!("damage where there should be none: {bad}"),
        })
        .collect()
}

/// The idempotency keys in the order of their records.
pub fn keys(records: &[Record]) -> Vec<String> {
    records.iter().filter_map(|record| record.key.clone()).collect()
}
