//! What was answered to which command, so that a repeat is answered as the first time, across restarts and day close.
//! Kept for 48 hours and 100,000 keys, but never fewer than the newest thousand: a box without a clock battery wakes in 1970 and
//! jumps to today, and the till that repeats its last sale just then must not sell it twice.

use std::collections::BTreeMap;

use serde::de::Deserializer;
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};

use super::Answer;
use crate::ids::CommandId;
use crate::time::Stamp;

/// How long an answer is kept. Not a rule of the store: State is a function of the journal alone.
pub const ANSWERS_KEPT_MS: i64 = 48 * 3_600_000;
pub const ANSWERS_KEPT_MAX: usize = 100_000;
/// Kept whatever their age.
pub const ANSWERS_KEPT_MIN: usize = 1_000;

/// Answers in the order of their records.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answers {
    /// Boxed: a tree keeps room for twice its entries, and at 100,000 of them that is 20 MB.
    by_id: BTreeMap<CommandId, Box<Given>>,
    by_seq: BTreeMap<u64, CommandId>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Given {
    pub content: Content,
    pub at: Stamp,
    pub answer: Answer,
}

/// What was asked under an id: the SHA-256 of [`super::Ask::content`] in 32 bytes. Any other text is kept as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum Content {
    Sha256([u8; 32]),
    Other(Box<str>),
}

impl From<&str> for Content {
    fn from(text: &str) -> Content {
        let digit = |byte: u8| match byte {
            b'0'..=b'9' => Some(byte - b'0'),
            b'a'..=b'f' => Some(byte - b'a' + 10),
            _ => None,
        };
        let pair = |pair: &[u8]| Some(digit(pair[0])? << 4 | digit(pair[1])?);
        let bytes: Option<Vec<u8>> = text.as_bytes().chunks_exact(2).map(pair).collect();
        let hash = bytes.filter(|_| text.len() == 64).and_then(|bytes| bytes.try_into().ok());
        hash.map_or_else(|| Content::Other(text.into()), Content::Sha256)
    }
}
impl From<String> for Content {
    fn from(text: String) -> Content {
        Content::from(text.as_str())
    }
}
impl From<Content> for String {
    fn from(content: Content) -> String {
        match content {
            Content::Sha256(bytes) => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
            Content::Other(text) => text.into(),
        }
    }
}

impl Answers {
    pub fn get(&self, id: &CommandId) -> Option<&Given> {
        self.by_id.get(id).map(|given| &**given)
    }

    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// Every index entry has its answer and the other way round.
    pub(super) fn is_consistent(&self) -> bool {
        self.by_id.len() == self.by_seq.len()
            && self.by_seq.iter().all(|(seq, id)| self.by_id.get(id).is_some_and(|g| g.answer.seq == *seq))
    }

    /// Adds one and lets go of those that are too old or too many. False when the id was there already: the newer answer stands.
    pub(super) fn add(&mut self, id: CommandId, given: Given) -> bool {
        let now = given.at.ms;
        let seq = given.answer.seq;
        let former = self.by_id.insert(id.clone(), Box::new(given));
        if let Some(former) = &former {
            self.by_seq.remove(&former.answer.seq);
        }
        if let Some(displaced) = self.by_seq.insert(seq, id.clone()).filter(|displaced| *displaced != id) {
            self.by_id.remove(&displaced);
        }
        while self.by_id.len() > ANSWERS_KEPT_MIN && self.oldest_is_over(now) {
            if let Some((_, id)) = self.by_seq.pop_first() {
                self.by_id.remove(&id);
            }
        }
        former.is_none()
    }

    fn oldest_is_over(&self, now_ms: i64) -> bool {
        let oldest = self.by_seq.first_key_value().and_then(|(_, id)| self.by_id.get(id));
        self.by_id.len() > ANSWERS_KEPT_MAX || oldest.is_some_and(|given| given.at.ms.saturating_add(ANSWERS_KEPT_MS) < now_ms)
    }
}

/// A list in the order of the records: half the size of two maps, and one way to write it.
impl Serialize for Answers {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.by_seq.values().filter_map(|id| self.by_id.get(id).map(|given| (id, given))))
    }
}

impl<'de> Deserialize<'de> for Answers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Answers, D::Error> {
        let list = Vec::<(CommandId, Box<Given>)>::deserialize(deserializer)?;
        let by_seq = list.iter().map(|(id, given)| (given.answer.seq, id.clone())).collect();
        Ok(Answers { by_id: list.into_iter().collect(), by_seq })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::ClockQuality;

    fn given(seq: u64, ms: i64) -> Given {
        Given {
            content: Content::from("c"),
            at: Stamp { ms, quality: ClockQuality::Synchronised },
            answer: Answer { seq, ..Answer::default() },
        }
    }

    fn id(n: u64) -> CommandId {
        CommandId::new(&format!("c{n}")).unwrap()
    }

    #[test]
    fn content_reads_back_as_written() {
        for text in ["", "c", &"0f".repeat(32), &"0F".repeat(32), &"zz".repeat(32), &"\u{e4}".repeat(32)] {
            assert_eq!(String::from(Content::from(text)), text);
        }
        assert!(matches!(Content::from("0f".repeat(32)), Content::Sha256(_)));
    }

    #[test]
    fn old_answers_go_but_never_the_newest_thousand() {
        let mut answers = Answers::default();
        for n in 1..=3_000 {
            assert!(answers.add(id(n), given(n, 0)));
        }
        assert_eq!(answers.len(), 3_000);
        answers.add(id(3_001), given(3_001, ANSWERS_KEPT_MS + 1));
        assert_eq!(answers.len(), ANSWERS_KEPT_MIN);
        assert!(answers.get(&id(3_001)).is_some() && answers.get(&id(2_002)).is_some() && answers.get(&id(2_001)).is_none());
        assert!(answers.is_consistent());
    }

    #[test]
    fn the_count_is_limited() {
        let mut answers = Answers::default();
        for n in 1..=(ANSWERS_KEPT_MAX as u64 + 5) {
            answers.add(id(n), given(n, 0));
        }
        assert_eq!(answers.len(), ANSWERS_KEPT_MAX);
        assert!(answers.get(&id(5)).is_none() && answers.get(&id(6)).is_some());
    }

    #[test]
    fn a_doubled_id_or_sequence_keeps_both_indexes_whole() {
        let mut answers = Answers::default();
        assert!(answers.add(id(1), given(1, 0)));
        assert!(!answers.add(id(1), given(2, 0)));
        assert!(answers.add(id(3), given(2, 0)));
        assert!(answers.is_consistent());
        assert_eq!(answers.len(), 1);
        let json = serde_json::to_vec(&answers).unwrap();
        assert_eq!(serde_json::from_slice::<Answers>(&json).unwrap(), answers);
    }
}
