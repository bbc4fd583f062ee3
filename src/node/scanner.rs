//! Which page has a workstation's scanner. A scanner at the node belongs to a workstation, and several pages of it may be open: a till, the
//! board of orders, one order. The page that was last in front has the scanner, as long as its live stream stands; a page of orders is
//! offered each scan and takes it before it acts, so that a scan is used once, and what nobody takes is said.
//!
//! Between two pages (a link, a reload) nobody has the scanner: what is scanned in that moment waits for the next page.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use tokio::time::Instant;

use super::screen::{Feedback, Tone};
use crate::document::Language;
use crate::gs1::aim::{AimId, Content};
use crate::ids::{PageId, WorkstationId};

/// A page that has not taken what it was offered by then is gone, whatever its stream says.
const TAKE_PATIENCE: Duration = Duration::from_secs(3);
/// How long a page may need to load after another one of the same workstation went.
const GAP: Duration = Duration::from_secs(2);
/// Scans that wait for one page; the next one is said not to count.
const WAITING_MAX: usize = 16;
/// Scans that were taken, for a page that asks again because the answer was lost.
const TAKEN_MAX: usize = 16;

/// What a page does with a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PageKind {
    /// The loop sells it; the page only shows.
    Till,
    /// The page says what it means: a bag, a place, an article to pick.
    Orders,
}

/// A scan that a page is to take.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct PageScan {
    /// Grows with every scan of the workstation, across restarts.
    pub serial: u64,
    pub page: PageId,
    pub code: String,
}

/// What becomes of a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Routed {
    Sell,
    /// It waits for a page.
    Waits,
    /// Too many wait already: nobody will use it.
    Nowhere,
}

struct Page {
    kind: PageKind,
    in_front: bool,
    /// When it came in front, in the order of such moments.
    claim: u64,
    /// A stream that is made anew may overlap with the one that broke.
    streams: u32,
    /// It did not take what it was offered.
    deaf: bool,
}

/// For whom a scan waits.
enum For {
    Page(PageId),
    /// For the page that comes after one of this kind.
    Next(PageKind),
}

struct Waiting {
    serial: u64,
    code: String,
    since: Instant,
    to: For,
}

#[derive(Default)]
struct Counter {
    pages: BTreeMap<PageId, Page>,
    /// The page that had the scanner went at that time, and no other has come in front since.
    gap: Option<(PageKind, Instant)>,
    waiting: VecDeque<Waiting>,
    taken: VecDeque<(u64, PageId)>,
}

impl Counter {
    fn holder(&self) -> Option<(&PageId, &Page)> {
        self.pages.iter().filter(|(_, page)| !page.deaf).max_by_key(|(_, page)| (page.in_front, page.claim))
    }

    /// Somebody has the scanner again: what waited for the next page goes to it, or comes back as what happens to it now.
    fn settle_gap(&mut self, now: Instant) -> Vec<(String, Routed)> {
        self.gap = None;
        let holder = self.holder().map(|(id, page)| (id.clone(), page.kind));
        let mut over = Vec::new();
        for mut scan in std::mem::take(&mut self.waiting) {
            match (&scan.to, &holder) {
                (For::Page(_), _) => self.waiting.push_back(scan),
                (For::Next(_), Some((page, PageKind::Orders))) => {
                    scan.to = For::Page(page.clone());
                    scan.since = now;
                    self.waiting.push_back(scan);
                }
                (For::Next(PageKind::Till), Some((_, PageKind::Till)) | None) => over.push((scan.code, Routed::Sell)),
                // It was meant for an order, and no page of orders came.
                (For::Next(PageKind::Orders), Some((_, PageKind::Till)) | None) => over.push((scan.code, Routed::Nowhere)),
            }
        }
        over
    }
}

/// A scan that waited and waits no more.
pub struct Over {
    pub workstation: WorkstationId,
    pub code: String,
    pub routed: Routed,
}

/// The pages of all workstations. Not recorded: after a restart the pages' streams come again.
pub struct Scanners {
    counters: BTreeMap<WorkstationId, Counter>,
    claims: u64,
    serials: u64,
}

impl Scanners {
    /// `serials_from`: higher than any serial of an earlier run, so that an open page never mistakes a new scan for an old one.
    pub fn new(serials_from: u64) -> Scanners {
        Scanners { counters: BTreeMap::new(), claims: 0, serials: serials_from }
    }

    /// A page's stream began.
    pub fn opened(&mut self, workstation: &WorkstationId, page: &PageId, kind: PageKind, now: Instant) -> Vec<Over> {
        self.claims += 1;
        let claim = self.claims;
        let counter = self.counters.entry(workstation.clone()).or_default();
        let known = counter.pages.entry(page.clone()).or_insert(Page { kind, in_front: true, claim, streams: 0, deaf: false });
        known.streams += 1;
        known.deaf = false;
        let over = counter.settle_gap(now);
        name(workstation, over)
    }

    /// One of its streams ended.
    pub fn closed(&mut self, workstation: &WorkstationId, page: &PageId, now: Instant) {
        let Some(counter) = self.counters.get_mut(workstation) else { return };
        let had_it = counter.holder().is_some_and(|(holder, _)| holder == page);
        let Some(known) = counter.pages.get_mut(page) else { return };
        known.streams = known.streams.saturating_sub(1);
        if known.streams > 0 {
            return;
        }
        let kind = known.kind;
        counter.pages.remove(page);
        if had_it {
            counter.gap = Some((kind, now));
        }
        for scan in counter.waiting.iter_mut().filter(|scan| matches!(&scan.to, For::Page(to) if to == page)) {
            scan.to = For::Next(kind);
        }
        if counter.gap.is_none() && counter.waiting.iter().any(|scan| matches!(scan.to, For::Next(_))) {
            counter.gap = Some((kind, now));
        }
    }

    /// A page came in front of the person, or went behind another one.
    pub fn in_front(&mut self, workstation: &WorkstationId, page: &PageId, in_front: bool, now: Instant) -> Vec<Over> {
        self.claims += 1;
        let claim = self.claims;
        let Some(counter) = self.counters.get_mut(workstation) else { return Vec::new() };
        let Some(known) = counter.pages.get_mut(page) else { return Vec::new() };
        known.in_front = in_front;
        if !in_front {
            return Vec::new();
        }
        known.claim = claim;
        known.deaf = false;
        let over = counter.settle_gap(now);
        name(workstation, over)
    }

    /// The page that has the scanner, when it is a till's.
    pub fn till_page(&self, workstation: &WorkstationId) -> Option<PageId> {
        let (id, page) = self.counters.get(workstation)?.holder()?;
        (page.kind == PageKind::Till).then(|| id.clone())
    }

    pub fn scanned(&mut self, workstation: &WorkstationId, code: &str, now: Instant) -> Routed {
        let Some(counter) = self.counters.get_mut(workstation) else { return Routed::Sell };
        let to = match (counter.gap, counter.holder()) {
            (Some((kind, since)), _) if now < since + GAP => For::Next(kind),
            (_, Some((page, Page { kind: PageKind::Orders, .. }))) => For::Page(page.clone()),
            (_, Some((_, Page { kind: PageKind::Till, .. })) | None) => return Routed::Sell,
        };
        if counter.waiting.len() >= WAITING_MAX {
            return Routed::Nowhere;
        }
        self.serials += 1;
        counter.waiting.push_back(Waiting { serial: self.serials, code: code.to_owned(), since: now, to });
        Routed::Waits
    }

    /// True once for each scan; again only for the page that took it.
    pub fn take(&mut self, workstation: &WorkstationId, page: &PageId, serial: u64) -> bool {
        let Some(counter) = self.counters.get_mut(workstation) else { return false };
        let is_its = |scan: &Waiting| scan.serial == serial && matches!(&scan.to, For::Page(to) if to == page);
        if let Some(at) = counter.waiting.iter().position(is_its) {
            counter.waiting.remove(at);
            counter.taken.push_back((serial, page.clone()));
            if counter.taken.len() > TAKEN_MAX {
                counter.taken.pop_front();
            }
            return true;
        }
        counter.taken.iter().any(|(taken, by)| *taken == serial && by == page)
    }

    /// What the workstation's pages are to take.
    pub fn offers(&self, workstation: &WorkstationId) -> Vec<PageScan> {
        let Some(counter) = self.counters.get(workstation) else { return Vec::new() };
        let offer = |scan: &Waiting| match &scan.to {
            For::Page(page) => Some(PageScan { serial: scan.serial, page: page.clone(), code: for_page(&scan.code) }),
            For::Next(_) => None,
        };
        counter.waiting.iter().filter_map(offer).collect()
    }

    /// When somebody must look again.
    pub fn due(&self) -> Option<Instant> {
        let of = |counter: &Counter| {
            let gap = counter.gap.filter(|_| !counter.waiting.is_empty()).map(|(_, since)| since + GAP);
            let offered = counter.waiting.iter().filter(|scan| matches!(scan.to, For::Page(_))).map(|scan| scan.since + TAKE_PATIENCE);
            offered.chain(gap).min()
        };
        self.counters.values().filter_map(of).min()
    }

    /// Ends the waiting that has lasted too long.
    pub fn look(&mut self, now: Instant) -> Vec<Over> {
        let mut over = Vec::new();
        for (workstation, counter) in &mut self.counters {
            if counter.gap.is_some_and(|(_, since)| since + GAP <= now) {
                over.extend(name(workstation, counter.settle_gap(now)));
            }
            let waiting = std::mem::take(&mut counter.waiting);
            for scan in waiting {
                match &scan.to {
                    For::Page(page) if scan.since + TAKE_PATIENCE <= now => {
                        if let Some(page) = counter.pages.get_mut(page) {
                            page.deaf = true;
                        }
                        over.push(Over { workstation: workstation.clone(), code: scan.code, routed: Routed::Nowhere });
                    }
                    For::Page(_) | For::Next(_) => counter.waiting.push_back(scan),
                }
            }
        }
        over
    }
}

fn name(workstation: &WorkstationId, over: Vec<(String, Routed)>) -> Vec<Over> {
    over.into_iter().map(|(code, routed)| Over { workstation: workstation.clone(), code, routed }).collect()
}

/// A scan as a page gets it: our own labels, places and customers' codes without the symbology identifier that many scanners put in front. Where GS1 has
/// a rule for the data the identifier says which, and stays.
fn for_page(code: &str) -> String {
    let id = code.as_bytes().first_chunk().and_then(|three| AimId::parse(*three));
    match id.map(AimId::content) {
        Some(Content::Text | Content::TextEci) => code[3..].to_owned(),
        _ => code.to_owned(),
    }
}

/// A scan that nobody used.
pub(super) fn unused(code: &str, language: Language) -> Feedback {
    let code = crate::gs1::shown(code.as_bytes());
    match language {
        Language::English => error("scan_unused", format!("Not used: {code}"), "No page took this scan. Scan it again."),
        Language::German => {
            error("scan_unused", format!("Nicht verwendet: {code}"), "Keine Seite hat diesen Scan genommen. Bitte noch einmal scannen.")
        }
    }
}

/// The number of a bank bag was asked for, and this cannot be one.
pub(super) fn no_bag_number(code: &str, language: Language) -> Feedback {
    let code = crate::gs1::shown(code.as_bytes());
    let name = "no_bag_number";
    match language {
        Language::English => error(
            name,
            format!("No bag number: {code}"),
            "Scan the number that is printed on the bank bag, or type it: up to 32 letters, digits, dots and dashes.",
        ),
        Language::German => error(
            name,
            format!("Keine Taschennummer: {code}"),
            "Die Nummer scannen, die auf der Geldtasche steht, oder sie eingeben: bis zu 32 Buchstaben, Ziffern, Punkte und Striche.",
        ),
    }
}

fn error(code: &str, text: String, remedy: &str) -> Feedback {
    let (code, remedy) = (code.to_owned(), remedy.to_owned());
    Feedback { serial: 0, tone: Tone::Error, text, remedy, code, line: None, unknown: None, opens: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ws() -> WorkstationId {
        WorkstationId::new("1").unwrap()
    }
    fn page(name: &str) -> PageId {
        PageId::new(name).unwrap()
    }
    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }
    fn codes(over: Vec<Over>) -> Vec<(String, Routed)> {
        over.into_iter().map(|over| (over.code, over.routed)).collect()
    }

    #[test]
    fn without_a_page_a_scan_sells() {
        let mut scanners = Scanners::new(0);
        assert_eq!(scanners.scanned(&ws(), "a", Instant::now()), Routed::Sell);
    }

    #[test]
    fn the_page_that_came_in_front_last_has_it_and_takes_each_scan_once() {
        let (mut scanners, now) = (Scanners::new(100), Instant::now());
        scanners.opened(&ws(), &page("till"), PageKind::Till, now);
        assert_eq!(scanners.scanned(&ws(), "a", now), Routed::Sell);
        scanners.opened(&ws(), &page("board"), PageKind::Orders, now);
        assert_eq!(scanners.scanned(&ws(), "b", now), Routed::Waits);
        let offers = scanners.offers(&ws());
        assert_eq!((offers.len(), offers[0].page.clone(), offers[0].serial), (1, page("board"), 101));
        assert!(!scanners.take(&ws(), &page("till"), 101), "it was not offered to that page");
        assert!(scanners.take(&ws(), &page("board"), 101));
        assert!(scanners.take(&ws(), &page("board"), 101), "the answer may have been lost");
        assert!(scanners.offers(&ws()).is_empty());
        // The other tab.
        scanners.in_front(&ws(), &page("board"), false, now);
        assert_eq!(scanners.scanned(&ws(), "c", now), Routed::Sell);
        scanners.in_front(&ws(), &page("board"), true, now);
        assert_eq!(scanners.scanned(&ws(), "d", now), Routed::Waits);
        assert_eq!(scanners.due(), Some(now + TAKE_PATIENCE));
    }

    #[test]
    fn a_page_that_is_the_only_one_keeps_it_behind_another_window() {
        let (mut scanners, now) = (Scanners::new(0), Instant::now());
        scanners.opened(&ws(), &page("board"), PageKind::Orders, now);
        scanners.in_front(&ws(), &page("board"), false, now);
        assert_eq!(scanners.scanned(&ws(), "a", now), Routed::Waits);
    }

    #[test]
    fn between_two_pages_of_orders_a_scan_waits_for_the_second() {
        let (mut scanners, now) = (Scanners::new(0), Instant::now());
        scanners.opened(&ws(), &page("till"), PageKind::Till, now);
        scanners.opened(&ws(), &page("board"), PageKind::Orders, now);
        // A plain Code 128 says of itself that it is one; a GS1-128 has to.
        assert_eq!(scanners.scanned(&ws(), "]C0offered", now), Routed::Waits);
        scanners.closed(&ws(), &page("board"), now);
        assert_eq!(scanners.scanned(&ws(), "]C1in between", now + ms(100)), Routed::Waits);
        assert!(scanners.offers(&ws()).is_empty());
        assert!(scanners.opened(&ws(), &page("order"), PageKind::Orders, now + ms(300)).is_empty());
        let offered: Vec<String> = scanners.offers(&ws()).into_iter().map(|scan| scan.code).collect();
        assert_eq!(offered, ["offered", "]C1in between"]);
    }

    #[test]
    fn what_was_meant_for_an_order_never_sells_when_its_page_is_gone() {
        let (mut scanners, now) = (Scanners::new(0), Instant::now());
        scanners.opened(&ws(), &page("order"), PageKind::Orders, now);
        scanners.closed(&ws(), &page("order"), now);
        assert_eq!(scanners.scanned(&ws(), "a", now), Routed::Waits);
        let over = scanners.opened(&ws(), &page("till"), PageKind::Till, now + ms(100));
        assert_eq!(codes(over), [("a".to_owned(), Routed::Nowhere)]);
        assert_eq!(scanners.scanned(&ws(), "b", now + ms(200)), Routed::Sell);
    }

    #[test]
    fn a_till_that_is_loaded_anew_loses_no_scan() {
        let (mut scanners, now) = (Scanners::new(0), Instant::now());
        scanners.opened(&ws(), &page("till"), PageKind::Till, now);
        scanners.closed(&ws(), &page("till"), now);
        assert_eq!(scanners.scanned(&ws(), "a", now), Routed::Waits);
        assert_eq!(codes(scanners.opened(&ws(), &page("again"), PageKind::Till, now + ms(100))), [("a".to_owned(), Routed::Sell)]);
        scanners.closed(&ws(), &page("again"), now + ms(200));
        assert_eq!(scanners.scanned(&ws(), "b", now + ms(300)), Routed::Waits);
        assert_eq!(codes(scanners.look(now + ms(200) + GAP)), [("b".to_owned(), Routed::Sell)]);
        assert_eq!(scanners.scanned(&ws(), "c", now + ms(300) + GAP), Routed::Sell);
    }

    #[test]
    fn a_page_that_died_without_a_word_loses_the_scanner_and_it_is_said() {
        let (mut scanners, now) = (Scanners::new(0), Instant::now());
        scanners.opened(&ws(), &page("till"), PageKind::Till, now);
        scanners.opened(&ws(), &page("order"), PageKind::Orders, now);
        assert_eq!(scanners.scanned(&ws(), "a", now), Routed::Waits);
        assert!(scanners.look(now + ms(100)).is_empty());
        assert_eq!(codes(scanners.look(now + TAKE_PATIENCE)), [("a".to_owned(), Routed::Nowhere)]);
        assert!(!scanners.take(&ws(), &page("order"), 1), "too late: it was said to be scanned again");
        assert_eq!(scanners.scanned(&ws(), "b", now + TAKE_PATIENCE), Routed::Sell);
        // It was only asleep.
        scanners.in_front(&ws(), &page("order"), true, now + TAKE_PATIENCE);
        assert_eq!(scanners.scanned(&ws(), "c", now + TAKE_PATIENCE), Routed::Waits);
    }

    #[test]
    fn a_stream_made_anew_is_the_same_page_and_too_many_scans_are_said() {
        let (mut scanners, now) = (Scanners::new(0), Instant::now());
        scanners.opened(&ws(), &page("order"), PageKind::Orders, now);
        scanners.opened(&ws(), &page("order"), PageKind::Orders, now);
        scanners.closed(&ws(), &page("order"), now);
        for _ in 0..WAITING_MAX {
            assert_eq!(scanners.scanned(&ws(), "a", now), Routed::Waits);
        }
        assert_eq!(scanners.scanned(&ws(), "a", now), Routed::Nowhere);
    }
}
