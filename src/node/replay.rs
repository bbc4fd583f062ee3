//! From records back to state: load what the newest carry-forward names, then apply every event after it. The same for the live node,
//! the simulation and the tests that compare a replay with the live state.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::writer::WriterError;
use crate::journal::{Content, Disk, Hash, Journal, Kind, ReadError, Record, Replay, Replayed as Step};
use crate::retail::unproved::Unproved;
use crate::retail::{Event, State};

/// What a replay found.
#[derive(Default)]
pub struct Replayed {
    pub state: State,
    pub records: u64,
    /// Damage within the replayed range, in words: what the lost records could change is unproved.
    pub holes: Vec<String>,
    /// The carry-forward it began with, when records were missing from the state it names.
    lacking: Option<(u64, Unproved)>,
}

/// The state at the journal's end. When the content that a carry-forward names cannot be read, the one before it serves.
pub fn state<D: Disk>(mut replay: Replay<D>, journal: &Journal<D>, content: &Content<D>) -> Result<Replayed, WriterError> {
    let mut begins = u64::MAX;
    loop {
        match fold(replay, content) {
            Err(WriterError::CarryForward { seq, reason }) if seq > 1 => {
                tracing::error!(seq, %reason, "the state carried forward cannot be loaded; replaying from the one before");
                replay = journal.replay_from_carry_before(seq)?;
            }
            Ok(done) => {
                let Some((seq, missing)) = &done.lacking else { return Ok(done) };
                let mut is_back = false;
                for range in missing.ranges() {
                    is_back |= journal.is_repaired(range.first_seq, range.last_seq)?;
                }
                // Nothing older may be here.
                if !is_back || *seq >= begins {
                    return Ok(done);
                }
                tracing::info!(seq, "the state carried forward lacks records that have been repaired since; replaying from the one before");
                begins = *seq;
                replay = journal.replay_from_carry_before(*seq)?;
            }
            failed => return failed,
        }
    }
}

/// Folds records into a state. The first is a carry-forward, or the very first record.
pub fn fold<D: Disk>(steps: impl Iterator<Item = Result<Step, ReadError>>, content: &Content<D>) -> Result<Replayed, WriterError> {
    let mut replayed = Replayed::default();
    for step in steps {
        let record = match step? {
            Step::Record(record) => record,
            Step::Damage(bad) => {
                replayed.holes.push(bad.to_string());
                continue;
            }
        };
        let events = events(&record)?;
        if let (0, Some(Event::CarriedForward { parts })) = (replayed.records, events.first()) {
            replayed.state = carried(record.seq, parts, content)?;
            if !replayed.state.unproved.is_empty() {
                replayed.lacking = Some((record.seq, replayed.state.unproved.clone()));
            }
        }
        let link = if record.kind() == Kind::Link { record.link() } else { None };
        for hole in link.into_iter().flat_map(|link| link.holes) {
            replayed.state.note_hole(hole.first_seq, hole.last_seq);
        }
        for event in &events {
            replayed.state.apply(record.seq, event);
        }
        replayed.records += 1;
    }
    Ok(replayed)
}

/// The parts of the state that the carry-forward `seq` names, made again from the record up to it. `None`: they come out otherwise, as when another
/// release wrote them; then a start replays what came before as well.
pub fn parts_again<D: Disk>(seq: u64, replay: Replay<D>, nowhere: &Content<D>) -> Result<Option<Vec<Vec<u8>>>, WriterError> {
    let mut named = None;
    let before = replay.take_while(|step| match step {
        Ok(Step::Record(record)) if record.seq == seq => {
            named = events(record).ok().and_then(|events| match events.into_iter().next() {
                Some(Event::CarriedForward { parts }) => Some(parts),
                Some(_) | None => None,
            });
            false
        }
        Ok(_) | Err(_) => true,
    });
    let state = fold(before, nowhere)?.state;
    let made = state.to_parts();
    let is_named = named.is_some_and(|named| made.iter().map(|(name, bytes)| (name.clone(), Hash::of(bytes).to_string())).eq(named));
    Ok(is_named.then(|| made.into_values().collect()))
}

/// The core's events of one record. The journal's own (links, marks) are none of the core's business.
pub fn events(record: &Record) -> Result<Vec<Event>, WriterError> {
    match record.kind() {
        Kind::Link | Kind::Mark => return Ok(Vec::new()),
        Kind::CarryForward | Kind::Command => {}
    }
    let parse = |raw: &RawValue| serde_json::from_str(raw.get()).map_err(|reason| unreadable(record.seq, raw, &reason));
    record.events.iter().map(|raw| parse(raw)).collect()
}

fn carried<D: Disk>(seq: u64, parts: &BTreeMap<String, String>, content: &Content<D>) -> Result<State, WriterError> {
    let failed = |reason: String| WriterError::CarryForward { seq, reason };
    let mut loaded = BTreeMap::new();
    for (name, hash) in parts {
        let bytes = content.get(hash).map_err(|reason| failed(format!("part {name}: {reason}")))?;
        loaded.insert(name.clone(), bytes);
    }
    State::from_parts(&loaded).map_err(|reason| failed(reason.to_string()))
}

/// A kind we do not know was written by a newer release; a known kind with another shape is damage or a defect.
fn unreadable(seq: u64, raw: &RawValue, reason: &serde_json::Error) -> WriterError {
    let text = reason.to_string();
    match crate::journal::record::tag(raw.get()) {
        Some(tag) if text.starts_with("unknown variant") => WriterError::NewerRelease { seq, tag: tag.to_owned() },
        _ => WriterError::Unreadable { seq, reason: text },
    }
}
