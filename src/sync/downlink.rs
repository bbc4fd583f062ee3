//! Who moves next on the way down: one machine per feed. It asks what the newest version is, has the files fetched one after
//! another, has each checked and loaded, and starts over. What the files contain is not its business ([`crate::sync::feed`]).
//! A file that is not what its hash says is thrown away and fetched again; a version that cannot be loaded is left, and the next
//! question asks for a snapshot, so that no bad delta can hold a store back.

use super::backoff::Backoff;
use super::uplink::{ANSWER_MS_MAX, Failure};
use super::wire::{self, FeedFile, FeedFileKind, FeedOffer};
use crate::retail::Feed;

/// How often head office is asked for news.
pub const POLL_MS: u64 = 5_000;
/// One file may take this long: a million articles over a slow line.
pub const FETCH_MS_MAX: u64 = 1_800_000;

pub struct Downlink {
    feed: Feed,
    /// The version that is loaded (it may not be in force yet); 0 = none.
    have: u64,
    /// A delta could not be used: ask as one who has nothing.
    whole: bool,
    to_do: Vec<FeedFile>,
    asked: Option<(u64, u64)>,
    next_ms: u64,
    ticket: u64,
    backoff: Backoff,
    why: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Ask for the newest version, as one who has this one.
    Ask {
        ticket: u64,
        have: u64,
    },
    /// Fetch the file, check its hash, make it durable, load it beside the version in force, and tell the node's loop.
    Fetch {
        ticket: u64,
        file: FeedFile,
    },
    Wait {
        until_ms: u64,
    },
}

#[derive(Debug, Clone)]
pub enum Told {
    Offer {
        ticket: u64,
        offer: FeedOffer,
    },
    /// The file is on disk and loaded.
    Loaded {
        ticket: u64,
    },
    /// The file is complete and was refused by the loader.
    Unusable {
        ticket: u64,
        why: String,
    },
    Failed {
        ticket: u64,
        failure: Failure,
    },
    /// Someone knows that there is news: ask at once.
    Hurry,
    /// The version we have was to be made from the disk, and its files are not there.
    Lost,
}

impl Downlink {
    /// `have`: the version the node has loaded; 0 for none.
    pub fn new(feed: Feed, node_name: &str, have: u64) -> Downlink {
        Downlink {
            feed,
            have,
            whole: false,
            to_do: Vec::new(),
            asked: None,
            next_ms: 0,
            ticket: 0,
            backoff: Backoff::new(&format!("downlink/{}/{node_name}", feed.name())),
            why: String::new(),
        }
    }

    /// Words for the technician; empty when all is well.
    pub fn why(&self) -> &str {
        &self.why
    }

    /// Whether the newest version head office named is loaded.
    pub fn is_current(&self) -> bool {
        self.to_do.is_empty() && self.why.is_empty()
    }

    pub fn poll(&mut self, now_ms: u64) -> Step {
        if let Some((_, since_ms)) = self.asked {
            let limit_ms = if self.to_do.is_empty() { ANSWER_MS_MAX } else { FETCH_MS_MAX };
            if now_ms < since_ms + limit_ms {
                return Step::Wait { until_ms: since_ms + limit_ms };
            }
            self.failed(now_ms, Failure::TimedOut(limit_ms / 1000));
        }
        if now_ms < self.next_ms {
            return Step::Wait { until_ms: self.next_ms };
        }
        self.ticket += 1;
        self.asked = Some((self.ticket, now_ms));
        match self.to_do.first() {
            Some(file) => Step::Fetch { ticket: self.ticket, file: file.clone() },
            None => Step::Ask { ticket: self.ticket, have: if self.whole { 0 } else { self.have } },
        }
    }

    pub fn handle(&mut self, now_ms: u64, told: Told) {
        match told {
            Told::Offer { ticket, offer } => {
                if self.answered(ticket) {
                    self.offered(now_ms, offer);
                }
            }
            Told::Loaded { ticket } => {
                if self.answered(ticket) && !self.to_do.is_empty() {
                    self.have = self.to_do.remove(0).version;
                    self.backoff.succeeded();
                    self.why.clear();
                    self.next_ms = if self.to_do.is_empty() { now_ms + POLL_MS } else { now_ms };
                    self.whole &= !self.to_do.is_empty();
                }
            }
            Told::Unusable { ticket, why } => {
                if self.answered(ticket) {
                    self.to_do.clear();
                    self.whole = true;
                    self.failed(now_ms, Failure::BadAnswer(format!("the {} feed cannot be loaded: {why}", self.feed.name())));
                }
            }
            Told::Failed { ticket, failure } => {
                if self.answered(ticket) {
                    // Ask anew: what was offered may be gone.
                    self.to_do.clear();
                    self.failed(now_ms, failure);
                }
            }
            Told::Hurry => self.next_ms = self.next_ms.min(now_ms),
            Told::Lost if self.have > 0 && self.to_do.is_empty() => {
                self.have = 0;
                self.asked = None;
                self.next_ms = now_ms;
            }
            Told::Lost => {}
        }
    }

    fn offered(&mut self, now_ms: u64, offer: FeedOffer) {
        let from = if self.whole { 0 } else { self.have };
        if offer.version <= from || offer.files.is_empty() {
            // Nothing newer. A head office that is behind us was restored; our version stays in force until it catches up.
            self.backoff.succeeded();
            self.why.clear();
            self.whole = false;
            self.next_ms = now_ms + POLL_MS;
            return;
        }
        if let Err(why) = check(self.feed, from, &offer) {
            self.whole = true;
            return self.failed(now_ms, Failure::BadAnswer(why));
        }
        self.to_do = offer.files;
        self.next_ms = now_ms;
    }

    fn answered(&mut self, ticket: u64) -> bool {
        self.asked.take_if(|(asked, _)| *asked == ticket).is_some()
    }

    fn failed(&mut self, now_ms: u64, failure: Failure) {
        self.asked = None;
        self.why = failure.to_string();
        self.next_ms = now_ms + self.backoff.failed();
    }
}

/// The files must lead from the version we have to the one named, without a break.
fn check(feed: Feed, have: u64, offer: &FeedOffer) -> Result<(), String> {
    if offer.feed != feed.name() {
        return Err(format!("asked for the {} feed, got {:?}", feed.name(), offer.feed));
    }
    if offer.files.len() > wire::FEED_FILES_MAX {
        return Err(format!("{} files for one feed, at most {} are taken", offer.files.len(), wire::FEED_FILES_MAX));
    }
    let mut at = have;
    for file in &offer.files {
        if !wire::is_hash(&file.hash) {
            return Err(format!("{:?} is not the hash of a file", file.hash.chars().take(80).collect::<String>()));
        }
        let joins = match file.kind {
            FeedFileKind::Snapshot => true,
            FeedFileKind::Delta => file.base == at,
        };
        if !joins || file.version <= at {
            return Err(format!(
                "the files do not lead from version {have} to {}: one goes from {} to {}",
                offer.version, file.base, file.version
            ));
        }
        at = file.version;
    }
    if at == offer.version { Ok(()) } else { Err(format!("the files end at version {at}, the newest is {}", offer.version)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(kind: FeedFileKind, base: u64, version: u64) -> FeedFile {
        FeedFile { kind, base, version, hash: "0f".repeat(32), bytes: 1, url: "/x".into() }
    }
    fn offer(version: u64, files: Vec<FeedFile>) -> FeedOffer {
        FeedOffer { v: 1, feed: "stock".into(), version, files }
    }
    fn ask(machine: &mut Downlink, now_ms: u64) -> (u64, u64) {
        match machine.poll(now_ms) {
            Step::Ask { ticket, have } => (ticket, have),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn files_are_fetched_one_after_another_and_then_it_rests() {
        let mut machine = Downlink::new(Feed::Stock, "n1", 3);
        let (ticket, have) = ask(&mut machine, 0);
        assert_eq!(have, 3);
        let files = vec![file(FeedFileKind::Delta, 3, 4), file(FeedFileKind::Delta, 4, 6)];
        machine.handle(1, Told::Offer { ticket, offer: offer(6, files) });
        for version in [4, 6] {
            let Step::Fetch { ticket, file } = machine.poll(2) else { panic!() };
            assert_eq!(file.version, version);
            machine.handle(2, Told::Loaded { ticket });
            machine.handle(2, Told::Loaded { ticket });
        }
        assert_eq!(machine.poll(3), Step::Wait { until_ms: 2 + POLL_MS });
        machine.handle(4, Told::Hurry);
        assert_eq!(ask(&mut machine, 4).1, 6);
    }

    #[test]
    fn a_delta_that_cannot_be_used_is_replaced_by_a_snapshot() {
        let mut machine = Downlink::new(Feed::Stock, "n1", 3);
        let (ticket, _) = ask(&mut machine, 0);
        machine.handle(0, Told::Offer { ticket, offer: offer(4, vec![file(FeedFileKind::Delta, 3, 4)]) });
        let Step::Fetch { ticket, .. } = machine.poll(0) else { panic!() };
        machine.handle(0, Told::Unusable { ticket, why: "line 7".into() });
        assert!(machine.why().contains("line 7"));
        let (ticket, have) = ask(&mut machine, 60_000);
        assert_eq!(have, 0);
        machine.handle(60_000, Told::Offer { ticket, offer: offer(4, vec![file(FeedFileKind::Snapshot, 0, 4)]) });
        let Step::Fetch { ticket, .. } = machine.poll(60_000) else { panic!() };
        machine.handle(60_000, Told::Loaded { ticket });
        assert!(machine.is_current());
    }

    #[test]
    fn offers_that_lead_nowhere_are_refused() {
        let mut other = offer(4, vec![]);
        other.feed = "catalogue".into();
        assert!(check(Feed::Stock, 3, &other).is_err());
        assert!(check(Feed::Stock, 3, &offer(4, vec![file(FeedFileKind::Delta, 2, 4)])).is_err());
        assert!(check(Feed::Stock, 3, &offer(5, vec![file(FeedFileKind::Delta, 3, 4)])).is_err());
        assert!(check(Feed::Stock, 3, &offer(3, vec![file(FeedFileKind::Snapshot, 0, 3)])).is_err());
        let mut bad = file(FeedFileKind::Snapshot, 0, 4);
        bad.hash = "../../etc/passwd".into();
        assert!(check(Feed::Stock, 3, &offer(4, vec![bad])).is_err());
        assert!(check(Feed::Stock, 3, &offer(4, vec![file(FeedFileKind::Snapshot, 0, 4)])).is_ok());
    }
}
