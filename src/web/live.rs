//! A page as parts that change by themselves: the server renders parts, the stream sends those that differ from what it
//! sent before, the script puts them in place by id. A page that is loaded anew shows the same, so nothing lives in the browser.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use maud::{Markup, PreEscaped, html};
use serde::Serialize;

use crate::ids::PageId;
use crate::node::scanner::PageScan;
use crate::node::screen::{Feedback, Screen};
use crate::web::texts::{Texts, fill};

/// A page's changing parts at one moment.
#[derive(Debug, Default)]
pub struct Live {
    pub revision: u64,
    /// Of the words; a page in another one is loaded anew.
    pub language: &'static str,
    /// Content of the element with this id.
    pub parts: Vec<(&'static str, Markup)>,
    /// A list whose rows are replaced one by one, so that a long basket does not travel with every scan.
    pub rows: Option<Rows>,
    /// A sound to play once.
    pub signal: Option<Feedback>,
    /// What the workstation's scanner read for its pages.
    pub scans: Arc<Vec<PageScan>>,
    /// How it stands with new orders, on pages that tell of them.
    pub news: Option<OrderNews>,
}

/// New orders, as every page of a desk, a handheld and a till tells of them: in its title, and once by sound and words for each arrival.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OrderNews {
    /// Nobody has begun them.
    pub waiting: usize,
    /// Grows with every order that comes, from 0 at the start of the node.
    pub arrivals: u64,
    /// For those who hear the page.
    pub words: String,
}

impl OrderNews {
    pub fn of(screen: &Screen, texts: &Texts) -> OrderNews {
        let waiting = screen.orders.new_count();
        let words = if waiting == 1 { texts.orders.news_one.to_owned() } else { fill(texts.orders.news, &[&waiting.to_string()]) };
        OrderNews { waiting, arrivals: screen.order_arrivals, words }
    }

    /// The number beside the way to the orders; nothing while there is none.
    pub fn badge(&self) -> Markup {
        html! { @if self.waiting > 0 { span .count aria-hidden="true" { (self.waiting) } span .unseen { " " (self.words) } } }
    }
}

#[derive(Debug)]
pub struct Rows {
    /// Id of the element that holds them.
    pub list: &'static str,
    /// Id and outer HTML of each row, in order.
    pub rows: Vec<(String, Markup)>,
}

impl Live {
    /// The content of one part, for the first rendering of the page. Empty when there is no such part.
    pub fn part(&self, id: &str) -> Markup {
        let found = self.parts.iter().find(|(part, _)| *part == id);
        found.map_or_else(|| PreEscaped(String::new()), |(_, markup)| markup.clone())
    }

    /// All rows one after the other, for the first rendering.
    pub fn all_rows(&self) -> Markup {
        html! {
            @if let Some(rows) = &self.rows {
                @for (_, row) in &rows.rows { (row) }
            }
        }
    }
}

/// What one event of the stream carries.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub struct Update {
    pub revision: u64,
    pub language: &'static str,
    pub parts: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows: Option<RowsUpdate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signal: Option<Feedback>,
    /// Scans that this page is to take, oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub scans: Vec<PageScan>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub news: Option<OrderNews>,
}

#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub struct RowsUpdate {
    pub list: String,
    /// All ids in order; rows that are not among them go away.
    pub ids: Vec<String>,
    /// New and changed ones.
    pub html: BTreeMap<String, String>,
}

/// What one connection has been sent.
#[derive(Debug, Default)]
pub struct Sent {
    parts: BTreeMap<&'static str, String>,
    row_ids: Vec<String>,
    rows: BTreeMap<String, String>,
    signal: Option<u64>,
    /// The page at the other end, where it may have a scanner.
    page: Option<PageId>,
    /// The newest scan that it was sent.
    scan: u64,
    news: Option<OrderNews>,
    began: bool,
}

impl Sent {
    pub fn to(page: Option<PageId>) -> Sent {
        Sent { page, ..Sent::default() }
    }

    /// What must be sent so that the other side shows `live`; `None` when it does already.
    pub fn update(&mut self, live: Live) -> Option<Update> {
        let mut update = Update { revision: live.revision, language: live.language, ..Update::default() };
        for (id, markup) in live.parts {
            if self.parts.get(id) != Some(&markup.0) {
                update.parts.insert(id.to_owned(), markup.0.clone());
                self.parts.insert(id, markup.0);
            }
        }
        if let Some(rows) = live.rows {
            update.rows = self.rows_update(rows);
        }
        // The sound of an act before this page was opened is not played again.
        let serial = live.signal.as_ref().map(|feedback| feedback.serial);
        if self.began && serial != self.signal {
            update.signal = live.signal;
        }
        self.signal = serial;
        if let Some(page) = &self.page {
            update.scans = live.scans.iter().filter(|scan| scan.page == *page && scan.serial > self.scan).cloned().collect();
            self.scan = update.scans.last().map_or(self.scan, |scan| scan.serial);
        }
        if live.news != self.news {
            update.news.clone_from(&live.news);
            self.news = live.news;
        }
        let first = !std::mem::replace(&mut self.began, true);
        let quiet = update.signal.is_none() && update.scans.is_empty() && update.news.is_none();
        let nothing = update.parts.is_empty() && update.rows.is_none() && quiet;
        if nothing && !first { None } else { Some(update) }
    }

    fn rows_update(&mut self, rows: Rows) -> Option<RowsUpdate> {
        let ids: Vec<String> = rows.rows.iter().map(|(id, _)| id.clone()).collect();
        let mut html = BTreeMap::new();
        let mut now = BTreeMap::new();
        for (id, markup) in rows.rows {
            if self.rows.get(&id) != Some(&markup.0) {
                html.insert(id.clone(), markup.0.clone());
            }
            now.insert(id, markup.0);
        }
        let same = self.began && html.is_empty() && ids == self.row_ids;
        self.rows = now;
        self.row_ids = ids.clone();
        (!same).then(|| RowsUpdate { list: rows.list.to_owned(), ids, html })
    }
}

/// Live streams one node serves at the same time: 8 tills and their displays, 20 handhelds, and some to spare.
pub const STREAMS_MAX: usize = 100;

/// Counts open streams; the guard it gives out counts down when dropped.
#[derive(Debug, Clone, Default)]
pub struct Streams(Arc<AtomicUsize>);

pub struct StreamSeat(Arc<AtomicUsize>);

impl Streams {
    /// `None` when all seats are taken.
    pub fn take(&self) -> Option<StreamSeat> {
        let taken = self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |open| (open < STREAMS_MAX).then_some(open + 1));
        taken.ok().map(|_| StreamSeat(self.0.clone()))
    }
}

impl Drop for StreamSeat {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::screen::Tone;

    fn live(total: &str, rows: &[(&str, &str)], serial: u64) -> Live {
        let rows = rows.iter().map(|(id, text)| ((*id).to_owned(), html! { (text) })).collect();
        let signal = Feedback {
            serial,
            tone: Tone::Good,
            text: String::new(),
            remedy: String::new(),
            code: String::new(),
            line: None,
            unknown: None,
            opens: None,
        };
        Live {
            revision: 1,
            language: "en",
            parts: vec![("total", html! { (total) })],
            rows: Some(Rows { list: "lines", rows }),
            signal: Some(signal),
            scans: Arc::default(),
            news: None,
        }
    }

    #[test]
    fn an_order_that_comes_as_another_leaves_is_news() {
        let with = |arrivals| Live { news: Some(OrderNews { waiting: 70, arrivals, words: String::new() }), ..live("1.00", &[], 1) };
        let mut sent = Sent::default();
        assert_eq!(sent.update(with(5)).unwrap().news.unwrap().arrivals, 5);
        assert_eq!(sent.update(with(5)), None);
        assert_eq!(sent.update(with(6)).unwrap().news.unwrap().arrivals, 6);
    }

    #[test]
    fn a_page_is_sent_its_own_scans_once() {
        let (mine, other) = (PageId::new("mine").unwrap(), PageId::new("other").unwrap());
        let scan = |serial, page: &PageId| PageScan { serial, page: page.clone(), code: serial.to_string() };
        let with = |scans: Vec<PageScan>| Live { scans: Arc::new(scans), ..live("1.00", &[], 1) };
        let mut sent = Sent::to(Some(mine.clone()));
        assert_eq!(sent.update(with(vec![scan(1, &other), scan(2, &mine)])).unwrap().scans, [scan(2, &mine)]);
        assert_eq!(sent.update(with(vec![scan(1, &other), scan(2, &mine)])), None);
        assert_eq!(sent.update(with(vec![scan(2, &mine), scan(3, &mine)])).unwrap().scans, [scan(3, &mine)]);
    }

    #[test]
    fn only_what_differs_is_sent() {
        let mut sent = Sent::default();
        let first = sent.update(live("1.00", &[("l-1", "milk")], 7)).unwrap();
        assert_eq!(first.parts["total"], "1.00");
        assert_eq!(first.rows.unwrap().html["l-1"], "milk");
        assert_eq!(first.signal, None, "an old sound must not be played on opening the page");

        assert_eq!(sent.update(live("1.00", &[("l-1", "milk")], 7)), None);

        let second = sent.update(live("3.00", &[("l-1", "milk"), ("l-2", "tea")], 8)).unwrap();
        let rows = second.rows.unwrap();
        assert_eq!(rows.ids, ["l-1", "l-2"]);
        assert_eq!(rows.html.keys().collect::<Vec<_>>(), ["l-2"]);
        assert_eq!(second.signal.unwrap().serial, 8);

        let third = sent.update(live("2.00", &[("l-2", "tea")], 8)).unwrap();
        assert_eq!(third.rows.unwrap(), RowsUpdate { list: "lines".into(), ids: vec!["l-2".into()], html: BTreeMap::new() });
        assert_eq!(third.signal, None);
    }

    #[test]
    fn an_empty_list_is_said_once() {
        let mut sent = Sent::default();
        assert!(sent.update(live("0", &[], 1)).unwrap().rows.is_some());
        assert_eq!(sent.update(live("0", &[], 1)), None);
    }

    #[test]
    fn seats_are_limited_and_come_back() {
        let streams = Streams::default();
        let seats: Vec<StreamSeat> = (0..STREAMS_MAX).map(|_| streams.take().unwrap()).collect();
        assert!(streams.take().is_none());
        drop(seats);
        assert!(streams.take().is_some());
    }
}
