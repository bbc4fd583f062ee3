//! Product recalls: goods that came out of the supply and must not be sold any more, as head office published them. Of an article, of some of its
//! batches, of a range of serials or of dates. (A suspended transaction is *recalled* as well; that is in `sale.rs`.)

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::basket::Basket;
use super::decide::Case;
use super::last_day::LastDay;
use super::{ArticleFact, Refusal, SoldLine};
use crate::time::BusinessDate;

/// Articles of one recall, and batches of one article. More is said by leaving the batches out.
pub const ARTICLES_PER_RECALL_MAX: usize = 500;
pub const BATCHES_PER_ARTICLE_MAX: usize = 500;
pub const REASON_CHARS_MAX: usize = 120;

/// One recall, an entry of the recalls feed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Recall {
    pub id: String,
    /// In the words of the shop's language, for the cashier: "May contain glass."
    pub reason: String,
    pub articles: Vec<RecalledArticle>,
}

/// What of an article is recalled: items to which everything said here applies. Nothing said but the GTIN: all of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RecalledArticle {
    /// 14 digits.
    pub gtin: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub batches: Vec<String>,
    /// From and to, both included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<[String; 2]>)]
    pub serials: Option<(String, String)>,
    /// The date that stands on the item, from and to, both included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<[String; 2]>)]
    pub dates: Option<(BusinessDate, BusinessDate)>,
    /// What becomes of an item whose code does not say which batch, serial or date it has.
    #[serde(default, skip_serializing_if = "Unmarked::is_refused")]
    pub unmarked: Unmarked,
}

/// The safe side is the default.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Unmarked {
    #[default]
    Refuse,
    /// The shelves were cleared by hand; what is scanned by its plain number is good.
    Sell,
}

impl Unmarked {
    fn is_refused(&self) -> bool {
        *self == Unmarked::Refuse
    }
}

/// What a code says of the item in the hand.
#[derive(Debug, Clone, Copy, Default)]
pub struct Item<'a> {
    pub batch: Option<&'a str>,
    pub serial: Option<&'a str>,
    pub last_day: Option<LastDay>,
}

/// Why an item is not sold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recalled {
    pub recall: String,
    pub reason: String,
}

/// A line of an open sale that must not be sold any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecalledLine {
    pub line: u32,
    pub recalled: Recalled,
}

/// A recall as it concerns one article.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Notice {
    pub recall: String,
    pub reason: String,
    /// Empty: not narrowed down by batch.
    pub batches: Vec<String>,
    /// Every item of the article.
    pub whole: bool,
}

/// All recalls in force.
#[derive(Debug, Clone, Default)]
pub struct RecallBook {
    recalls: Vec<Recall>,
    /// Where an article is named: recall and row.
    by_gtin: BTreeMap<String, Vec<(usize, usize)>>,
}

impl RecallBook {
    pub fn new(recalls: Vec<Recall>) -> RecallBook {
        let mut by_gtin: BTreeMap<String, Vec<(usize, usize)>> = BTreeMap::new();
        for (at, recall) in recalls.iter().enumerate() {
            for (row, article) in recall.articles.iter().enumerate() {
                by_gtin.entry(article.gtin.clone()).or_default().push((at, row));
            }
        }
        RecallBook { recalls, by_gtin }
    }

    pub fn is_empty(&self) -> bool {
        self.recalls.is_empty()
    }

    /// What is said of an article as such, for whoever asks about it without an item in the hand: each recall that names it, and what of it is meant.
    pub fn naming<'a>(&self, gtins: impl IntoIterator<Item = &'a str>) -> Vec<Notice> {
        let mut rows: Vec<(usize, usize)> = gtins.into_iter().filter_map(|gtin| self.by_gtin.get(gtin)).flatten().copied().collect();
        rows.sort_unstable();
        rows.dedup_by_key(|(at, _)| *at);
        let notice = |(at, row): (usize, usize)| {
            let (recall, article) = (&self.recalls[at], &self.recalls[at].articles[row]);
            Notice {
                recall: recall.id.clone(),
                reason: recall.reason.clone(),
                batches: article.batches.clone(),
                whole: article.batches.is_empty() && article.serials.is_none() && article.dates.is_none(),
            }
        };
        rows.into_iter().map(notice).collect()
    }

    /// The first recall that means the item. `gtins`: all numbers of the article (14 digits), because a case holds what its pieces are.
    pub fn find<'a>(&self, gtins: impl IntoIterator<Item = &'a str>, item: Item<'_>) -> Option<Recalled> {
        let named = gtins.into_iter().filter_map(|gtin| self.by_gtin.get(gtin)).flatten();
        let meant = named.copied().find(|(at, row)| self.recalls[*at].articles[*row].means(item))?;
        let recall = &self.recalls[meant.0];
        Some(Recalled { recall: recall.id.clone(), reason: recall.reason.clone() })
    }
}

impl RecalledArticle {
    fn means(&self, item: Item<'_>) -> bool {
        // Of each criterion: whether it applies; `None`: the code does not say.
        let batch = (!self.batches.is_empty()).then(|| item.batch.map(|batch| self.batches.iter().any(|recalled| recalled == batch)));
        let serial = self.serials.as_ref().map(|range| item.serial.map(|serial| serial_lies_in(serial, range)));
        let date = self.dates.map(|(from, to)| item.last_day.map(|last_day| (from..=to).contains(&last_day.date)));
        let told = [batch, serial, date];
        let mut criteria = told.into_iter().flatten();
        criteria.all(|applies| match (applies, self.unmarked) {
            (Some(applies), _) => applies,
            (None, Unmarked::Refuse) => true,
            (None, Unmarked::Sell) => false,
        })
    }
}

/// By length, then by character: digits of equal length count as numbers, and 99 comes before 100.
fn serial_lies_in(serial: &str, (from, to): &(String, String)) -> bool {
    let place = |text: &str| (text.chars().count(), text.to_owned());
    (place(from)..=place(to)).contains(&place(serial))
}

pub(super) fn refuse_recalled(article: &ArticleFact) -> Result<(), Refusal> {
    match &article.recalled {
        Some(recalled) => {
            Err(Refusal::RecalledItem { name: article.name.clone(), recall: recalled.recall.clone(), reason: recalled.reason.clone() })
        }
        None => Ok(()),
    }
}

/// Before the first money: what was scanned before the recall came is looked at once more. The first such line is named; the cashier takes it out.
pub(super) fn refuse_in_sale(case: &Case, basket: &Basket) -> Result<(), Refusal> {
    if basket.has_money() {
        return Ok(());
    }
    let meant = |sold: &&SoldLine| sold.returned.is_none();
    let hit = basket.live().filter(meant).find_map(|sold| {
        let found = case.facts.recalled.iter().find(|found| found.line == sold.line)?;
        Some((sold, &found.recalled))
    });
    match hit {
        Some((sold, recalled)) => Err(Refusal::RecalledInSale {
            line: sold.line,
            name: sold.name.clone(),
            recall: recalled.recall.clone(),
            reason: recalled.reason.clone(),
        }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::retail::last_day::LastDayKind;

    const GTIN: &str = "04099108000018";

    fn article() -> RecalledArticle {
        RecalledArticle { gtin: GTIN.to_owned(), batches: Vec::new(), serials: None, dates: None, unmarked: Unmarked::Refuse }
    }

    fn is_meant(article: RecalledArticle, batch: Option<&str>, serial: Option<&str>, date: Option<&str>) -> bool {
        let recall = Recall { id: "R-1".to_owned(), reason: "Glass".to_owned(), articles: vec![article] };
        let last_day = date.map(|date| LastDay { date: date.parse().unwrap(), kind: LastDayKind::BestBefore });
        RecallBook::new(vec![recall]).find(["00000000000017", GTIN], Item { batch, serial, last_day }).is_some()
    }

    #[test]
    fn an_article_by_its_number_alone_is_recalled_as_a_whole() {
        assert!(is_meant(article(), None, None, None));
        assert!(is_meant(article(), Some("L7"), Some("1"), Some("2026-03-01")));
        assert!(!is_meant(RecalledArticle { gtin: "04099108000025".to_owned(), ..article() }, None, None, None));
    }

    #[test]
    fn batch_serial_and_date_must_all_apply() {
        let batches = || vec!["L7".to_owned(), "L9".to_owned()];
        let by_batch = || RecalledArticle { batches: batches(), ..article() };
        assert!(is_meant(by_batch(), Some("L9"), None, None));
        assert!(!is_meant(by_batch(), Some("L8"), None, None));
        let by_serial = || RecalledArticle { serials: Some(("98".to_owned(), "102".to_owned())), ..article() };
        for (serial, meant) in [("97", false), ("98", true), ("99", true), ("100", true), ("102", true), ("103", false), ("1000", false)] {
            assert_eq!(is_meant(by_serial(), None, Some(serial), None), meant, "{serial}");
        }
        let day = |text: &str| text.parse::<BusinessDate>().unwrap();
        let by_date = || RecalledArticle { dates: Some((day("2026-03-01"), day("2026-03-31"))), ..article() };
        assert!(is_meant(by_date(), None, None, Some("2026-03-31")));
        assert!(!is_meant(by_date(), None, None, Some("2026-04-01")));
        let both = || RecalledArticle { batches: batches(), ..by_date() };
        assert!(is_meant(both(), Some("L7"), None, Some("2026-03-15")));
        assert!(!is_meant(both(), Some("L7"), None, Some("2026-04-15")));
        assert!(!is_meant(both(), Some("L8"), None, Some("2026-03-15")));
    }

    #[test]
    fn an_item_whose_code_does_not_say_is_refused_unless_head_office_says_otherwise() {
        let by_batch = |unmarked| RecalledArticle { batches: vec!["L7".to_owned()], unmarked, ..article() };
        assert!(is_meant(by_batch(Unmarked::Refuse), None, None, None));
        assert!(!is_meant(by_batch(Unmarked::Sell), None, None, None));
        assert!(is_meant(by_batch(Unmarked::Sell), Some("L7"), None, None));
    }
}
