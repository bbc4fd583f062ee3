//! Product recalls of the chain: kept in the recalls feed itself, which is small, and published anew with every change. Each shop refuses the
//! goods as soon as its box has fetched the list, and goes on refusing them with the line down.

use std::collections::BTreeMap;

use super::db::{self, Connection};
use serde::Deserialize;

use super::card_data::{REMEDY, WHAT, holds_card};
use super::feeds::{self, PublishError, Published};
use super::storage::Folders;
use crate::gs1::Gtin;
use crate::retail::Feed;
use crate::retail::recalls::{ARTICLES_PER_RECALL_MAX, BATCHES_PER_ARTICLE_MAX, REASON_CHARS_MAX, Recall, RecalledArticle, Unmarked};
use crate::time::{BusinessDate, Stamp};

const RECALL: &str = "recall/";
const ID_CHARS_MAX: usize = 40;
/// GS1 keeps batch and serial to 20 characters.
const MARK_CHARS_MAX: usize = 20;

/// A recall as typed or imported.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RecallDraft)]
pub struct Draft {
    pub reason: String,
    pub articles: Vec<DraftArticle>,
}

/// Absent fields do not narrow the recall down.
#[derive(Debug, Clone, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(as = RecallDraftArticle)]
pub struct DraftArticle {
    /// 8, 12, 13 or 14 digits.
    pub gtin: String,
    pub batches: Vec<String>,
    /// Both or neither; included.
    pub serial_from: Option<String>,
    pub serial_to: Option<String>,
    /// YYYY-MM-DD, both or neither; included.
    pub date_from: Option<String>,
    pub date_to: Option<String>,
    pub unmarked: Unmarked,
}

/// Every fault in words.
pub fn check(id: &str, draft: &Draft) -> Result<Recall, Vec<String>> {
    if holds_card(id) || holds_card(&draft.reason) {
        return Err(vec![format!("{WHAT}: {REMEDY}")]);
    }
    let mut faults = Vec::new();
    let is_name = |text: &str, max: usize| {
        !text.is_empty() && text.chars().count() <= max && text.trim() == text && !text.chars().any(char::is_control)
    };
    if !is_name(id, ID_CHARS_MAX) || id.contains('/') {
        faults.push(format!("id {id:?}: 1 to {ID_CHARS_MAX} printable characters without a slash"));
    }
    if !is_name(&draft.reason, REASON_CHARS_MAX) {
        faults.push(format!("reason: 1 to {REASON_CHARS_MAX} printable characters, for the cashier to read"));
    }
    if draft.articles.is_empty() || draft.articles.len() > ARTICLES_PER_RECALL_MAX {
        faults.push(format!("articles: 1 to {ARTICLES_PER_RECALL_MAX}"));
    }
    let mut articles = Vec::new();
    for article in &draft.articles {
        let gtin = Gtin::parse(article.gtin.trim()).map_err(|error| faults.push(format!("gtin: {error}"))).ok();
        let shown = &article.gtin;
        if article.batches.len() > BATCHES_PER_ARTICLE_MAX || !article.batches.iter().all(|batch| is_name(batch, MARK_CHARS_MAX)) {
            faults.push(format!("batches of {shown}: at most {BATCHES_PER_ARTICLE_MAX}, each of 1 to {MARK_CHARS_MAX} characters"));
        }
        let serials = match (&article.serial_from, &article.serial_to) {
            (None, None) => None,
            (Some(from), Some(to)) if is_name(from, MARK_CHARS_MAX) && is_name(to, MARK_CHARS_MAX) && from.len() <= to.len() => {
                if from.len() == to.len() && from > to {
                    faults.push(format!("serials of {shown}: {from} comes after {to}"));
                }
                Some((from.clone(), to.clone()))
            }
            (Some(_), _) | (_, Some(_)) => {
                faults.push(format!("serials of {shown}: both ends, the first not longer than the last, 1 to {MARK_CHARS_MAX} characters"));
                None
            }
        };
        let day = |text: &Option<String>| text.as_deref().map(|text| text.parse::<BusinessDate>());
        let dates = match (day(&article.date_from), day(&article.date_to)) {
            (None, None) => None,
            (Some(Ok(from)), Some(Ok(to))) if from <= to => Some((from, to)),
            (Some(_), _) | (_, Some(_)) => {
                faults.push(format!("dates of {shown}: both ends as YYYY-MM-DD, the first not after the last"));
                None
            }
        };
        let Some(gtin) = gtin else { continue };
        let (batches, unmarked) = (article.batches.clone(), article.unmarked);
        articles.push(RecalledArticle { gtin: gtin.as_str().to_owned(), batches, serials, dates, unmarked });
    }
    if faults.is_empty() { Ok(Recall { id: id.to_owned(), reason: draft.reason.clone(), articles }) } else { Err(faults) }
}

/// All recalls in force, by id.
pub fn list(connection: &Connection) -> db::Result<Vec<Recall>> {
    let mut statement = connection.prepare_cached("SELECT value FROM book_entries WHERE feed = ?1 AND store = '' ORDER BY key")?;
    let rows = statement.query_map([Feed::Recalls.name()], |row| row.get::<_, String>(0))?;
    let mut recalls = Vec::new();
    for json in rows {
        // Written by `publish` alone.
        recalls.extend(serde_json::from_str(&json?).ok());
    }
    Ok(recalls)
}

/// Makes these the recalls in force, as one version. Inside the caller's transaction.
pub fn publish(connection: &Connection, folders: &Folders, recalls: &[Recall], now: Stamp) -> Result<Published, PublishError> {
    let mut entries = BTreeMap::new();
    for recall in recalls {
        let value = serde_json::to_value(recall).map_err(|error| PublishError::Source(error.to_string()))?;
        if entries.insert(format!("{RECALL}{}", recall.id), value).is_some() {
            return Err(PublishError::Twice { what: format!("recall {}", recall.id) });
        }
    }
    feeds::publish_book(connection, folders, Feed::Recalls, None, &entries, now)
}

/// Adds or changes one. Inside the caller's transaction.
pub fn put(connection: &Connection, folders: &Folders, recall: Recall, now: Stamp) -> Result<Published, PublishError> {
    let mut recalls = list(connection)?;
    recalls.retain(|other| other.id != recall.id);
    recalls.push(recall);
    publish(connection, folders, &recalls, now)
}

/// Ends one; that it was not there is no error. Inside the caller's transaction.
pub fn remove(connection: &Connection, folders: &Folders, id: &str, now: Stamp) -> Result<Published, PublishError> {
    let mut recalls = list(connection)?;
    recalls.retain(|other| other.id != id);
    publish(connection, folders, &recalls, now)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(article: DraftArticle) -> Draft {
        Draft { reason: "May contain glass.".to_owned(), articles: vec![article] }
    }

    #[test]
    fn every_fault_is_named() {
        let milk = || DraftArticle { gtin: "4099108000018".to_owned(), ..DraftArticle::default() };
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(check("R-1", &draft(milk())).unwrap().articles[0].gtin, "04099108000018");
        let wrong = [
            (draft(DraftArticle { gtin: "4099108000019".to_owned(), ..milk() }), "check digit"),
            (draft(DraftArticle { batches: vec![" L7".to_owned()], ..milk() }), "batches of"),
            (draft(DraftArticle { serial_from: some("1"), ..milk() }), "serials of"),
            (draft(DraftArticle { serial_from: some("20"), serial_to: some("10"), ..milk() }), "20 comes after 10"),
            (draft(DraftArticle { date_from: some("2026-04-01"), date_to: some("2026-03-01"), ..milk() }), "dates of"),
            (draft(DraftArticle { date_from: some("soon"), date_to: some("2026-03-01"), ..milk() }), "dates of"),
            (Draft { articles: Vec::new(), ..draft(milk()) }, "articles: 1 to"),
            (Draft { reason: String::new(), ..draft(milk()) }, "reason"),
        ];
        for (draft, expected) in wrong {
            let faults = check("R-1", &draft).unwrap_err().join("; ");
            assert!(faults.contains(expected), "{expected} in {faults}");
        }
        assert!(check("a/b", &draft(milk())).unwrap_err()[0].starts_with("id"));
    }
}
