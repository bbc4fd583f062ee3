//! Everything a printer sends back, taken apart by one parser: real-time status, automatic status, queued status, process ids,
//! identifications, flow control, and noise. A printer that answers nonsense yields [`Reply::Noise`] and nothing else: no byte can
//! block the parser, and a single byte nobody asked for proves nothing.

use std::collections::VecDeque;

use super::commands::{Identify, ProcessId, RealTimeQuery, StatusQuery};

/// A question that was sent and whose answer is one of the ambiguous ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Query {
    RealTime(RealTimeQuery),
    Status(StatusQuery),
    Identify(Identify),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// Answer to `DLE EOT`. `query` is the oldest one open; without one the byte means nothing.
    RealTime { query: Option<RealTimeQuery>, byte: u8 },
    /// Automatic status.
    Asb(Asb),
    /// All before this id was printed.
    ProcessId(ProcessId),
    /// The printer went offline, in the form some send on their own.
    Offline { cause: Vec<u8> },
    /// Buffers were cleared.
    Cleared,
    /// Answer to the oldest open `GS r`.
    Status { query: StatusQuery, byte: u8 },
    /// Answer to the oldest open `GS I`; `None` when none was asked.
    Identification { what: Option<Identify>, text: String },
    /// Another well-formed block: ink, extended status, memory.
    Block { kind: u8, data: Vec<u8> },
    /// Flow control in the band: go on.
    Xon,
    /// Flow control in the band: wait.
    Xoff,
    /// A byte that means nothing here.
    Noise(u8),
}

/// The four bytes of automatic status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asb(pub [u8; 4]);

/// Bytes in, replies out. One per connection.
#[derive(Debug, Clone)]
pub struct ReplyParser {
    xon_xoff: bool,
    pending: VecDeque<u8>,
    real_time: VecDeque<RealTimeQuery>,
    queued: VecDeque<Query>,
}

/// Questions that may be open at once; older ones are forgotten.
pub const QUERIES_OPEN_MAX: usize = 32;
/// The longest block a printer sends (an identification has at most 80 characters).
pub const BLOCK_BYTES_MAX: usize = 96;

impl ReplyParser {
    /// `xon_xoff`: the line uses XON/XOFF, so 11h and 13h are flow control wherever they fall.
    pub fn new(xon_xoff: bool) -> ReplyParser {
        ReplyParser { xon_xoff, pending: VecDeque::new(), real_time: VecDeque::new(), queued: VecDeque::new() }
    }

    /// Say what was asked, when it is sent.
    pub fn asked(&mut self, query: Query) {
        match query {
            Query::RealTime(query) => bounded_push(&mut self.real_time, query),
            Query::Status(_) | Query::Identify(_) => bounded_push(&mut self.queued, query),
        }
    }

    /// Takes what arrived, in pieces of any size.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<Reply> {
        let mut replies = Vec::new();
        for &byte in bytes {
            match byte {
                0x11 if self.xon_xoff => replies.push(Reply::Xon),
                0x13 if self.xon_xoff => replies.push(Reply::Xoff),
                _ => {
                    self.pending.push_back(byte);
                    while let Some(reply) = self.take() {
                        replies.push(reply);
                    }
                }
            }
        }
        replies
    }

    /// The rest of a reply did not come (the owner's timer decides when): what is held is noise.
    pub fn give_up(&mut self) -> Vec<Reply> {
        let mut replies = Vec::new();
        while let Some(byte) = self.pending.pop_front() {
            replies.push(Reply::Noise(byte));
            while let Some(reply) = self.take() {
                replies.push(reply);
            }
        }
        replies
    }

    /// Bytes held because they may be the beginning of a longer reply.
    pub fn is_waiting(&self) -> bool {
        !self.pending.is_empty()
    }

    fn take(&mut self) -> Option<Reply> {
        let first = *self.pending.front()?;
        match first {
            0x35 | 0x37 | 0x39 | 0x3b | 0x3d | 0x5f => self.take_block(first),
            _ if first & 0x93 == 0x12 => {
                self.pending.pop_front();
                Some(Reply::RealTime { query: self.real_time.pop_front(), byte: first })
            }
            _ if first & 0x93 == 0x10 => self.take_asb(),
            _ if first & 0x90 == 0 => {
                self.pending.pop_front();
                // An identification by one byte, or the answer to a queued status. Without a question it is noise.
                match self.queued.pop_front() {
                    Some(Query::Status(query)) => Some(Reply::Status { query, byte: first }),
                    Some(Query::Identify(what)) => Some(Reply::Identification { what: Some(what), text: format!("{first:02x}") }),
                    Some(Query::RealTime(_)) | None => Some(Reply::Noise(first)),
                }
            }
            _ => self.noise(),
        }
    }

    fn take_asb(&mut self) -> Option<Reply> {
        let rest_fits = self.pending.iter().skip(1).take(3).all(|b| b & 0x90 == 0);
        if !rest_fits {
            return self.noise();
        }
        if self.pending.len() < 4 {
            return None;
        }
        let mut status = [0; 4];
        for byte in &mut status {
            *byte = self.pending.pop_front()?;
        }
        Some(Reply::Asb(Asb(status)))
    }

    /// A block runs to its NUL. Text blocks hold printable characters alone, so a status byte that falls into one ends it as noise instead of
    /// being swallowed until the limit.
    fn take_block(&mut self, kind: u8) -> Option<Reply> {
        let end = match kind {
            // Extended status: two free bytes and NUL. Process id: four characters and NUL.
            0x39 => (self.pending.len() >= 4).then_some(3),
            _ => self.pending.iter().position(|b| *b == 0),
        };
        let Some(end) = end else {
            let broken = kind != 0x39 && self.pending.iter().skip(1).any(|b| !(0x20..0x7f).contains(b));
            return if broken || self.pending.len() > BLOCK_BYTES_MAX { self.noise() } else { None };
        };
        let data: Vec<u8> = self.pending.iter().skip(1).take(end - 1).copied().collect();
        let text_only = data.iter().all(|b| (0x20..0x7f).contains(b));
        if self.pending[end] != 0 || (kind != 0x39 && !text_only) {
            return self.noise();
        }
        let reply = match (kind, data.as_slice()) {
            (0x37, [0x22, a, b, c, d]) => Reply::ProcessId(ProcessId::from_bytes([*a, *b, *c, *d]).expect("a block of text is printable")),
            (0x37, [0x23, cause @ ..]) => Reply::Offline { cause: cause.to_vec() },
            (0x37, [0x25, ..]) => Reply::Cleared,
            (0x5f | 0x3d, text) => {
                let what = match self.queued.front() {
                    Some(Query::Identify(what)) => Some(*what),
                    Some(Query::Status(_) | Query::RealTime(_)) | None => None,
                };
                if what.is_some() {
                    self.queued.pop_front();
                }
                Reply::Identification { what, text: String::from_utf8_lossy(text).into_owned() }
            }
            _ => Reply::Block { kind, data },
        };
        self.pending.drain(..=end);
        Some(reply)
    }

    fn noise(&mut self) -> Option<Reply> {
        self.pending.pop_front().map(Reply::Noise)
    }
}

fn bounded_push<T>(queue: &mut VecDeque<T>, item: T) {
    if queue.len() == QUERIES_OPEN_MAX {
        queue.pop_front();
    }
    queue.push_back(item);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each reply must come out the same however the bytes were cut.
    fn check(asked: &[Query], bytes: &[u8], expect: &[Reply]) {
        for size in 1..=bytes.len() {
            let mut parser = ReplyParser::new(false);
            asked.iter().for_each(|query| parser.asked(*query));
            let replies: Vec<Reply> = bytes.chunks(size).flat_map(|chunk| parser.push(chunk)).collect();
            assert_eq!(replies, expect, "in pieces of {size}");
        }
    }

    #[test]
    fn replies_are_told_apart() {
        let id = ProcessId::from_bytes(*b"0042").unwrap();
        check(&[], &[0x37, 0x22, b'0', b'0', b'4', b'2', 0], &[Reply::ProcessId(id)]);
        check(&[], &[0x14, 0, 0, 0x0f], &[Reply::Asb(Asb([0x14, 0, 0, 0x0f]))]);
        let roll = Query::RealTime(RealTimeQuery::Roll);
        check(&[roll], &[0x72], &[Reply::RealTime { query: Some(RealTimeQuery::Roll), byte: 0x72 }]);
        check(&[], &[0x12], &[Reply::RealTime { query: None, byte: 0x12 }]);
        let paper = Query::Status(StatusQuery::Paper);
        check(&[paper], &[0x00, 0x03], &[Reply::Status { query: StatusQuery::Paper, byte: 0 }, Reply::Noise(3)]);
        let model = Query::Identify(Identify::Model);
        let named = Reply::Identification { what: Some(Identify::Model), text: "TM-T20".into() };
        check(&[model], b"\x5fTM-T20\0", &[named]);
        check(&[], &[0x37, 0x23, 0x31, 0], &[Reply::Offline { cause: vec![0x31] }]);
        check(&[], &[0x39, 0x12, 0x40, 0], &[Reply::Block { kind: 0x39, data: vec![0x12, 0x40] }]);
        check(&[], &[0xff, 0x80], &[Reply::Noise(0xff), Reply::Noise(0x80)]);
    }

    #[test]
    fn a_status_inside_a_broken_reply_is_still_heard() {
        // The tail of an id was lost with the line; the automatic status after it must not be swallowed.
        check(
            &[],
            &[0x37, 0x22, b'0', 0x10, 0x08, 0x0c, 0x00, 0x00],
            &[Reply::Noise(0x37), Reply::Noise(0x22), Reply::Noise(b'0'), Reply::Asb(Asb([0x10, 0x08, 0x0c, 0])), Reply::Noise(0)],
        );
    }
}
