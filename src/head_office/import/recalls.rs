//! `counterfoil import recalls`: the recalls in force from a CSV file with a header, a line for each article; lines with the same id are one recall.
//! The file becomes the whole list: what is not in it is not recalled any more.

use std::path::Path;

use super::ImportError;
use crate::head_office::feeds::Published;
use crate::head_office::recalls::{self, Draft, DraftArticle};
use crate::head_office::storage::{self, Folders};
use crate::retail::recalls::{Recall, Unmarked};
use crate::time::Stamp;

pub const COLUMNS: [&str; 9] = ["id", "reason", "gtin", "batches", "serial_from", "serial_to", "date_from", "date_to", "unmarked"];
/// Faults listed before the rest is only counted.
const FAULTS_SHOWN_MAX: usize = 20;

/// Reads, checks, publishes. `None`: a dry run.
pub fn import(folders: &Folders, file: &Path, is_dry_run: bool, now: Stamp) -> Result<(usize, Option<Published>), ImportError> {
    let bytes = std::fs::read(file).map_err(|reason| ImportError::Unreadable { path: file.to_owned(), reason })?;
    let recalls = read(&bytes).map_err(|mut faults| {
        if faults.len() > FAULTS_SHOWN_MAX {
            let more = faults.len() - FAULTS_SHOWN_MAX;
            faults.truncate(FAULTS_SHOWN_MAX);
            faults.push(format!("  and {more} more"));
        }
        ImportError::Recalls { path: file.to_owned(), faults: faults.join("\n") }
    })?;
    if is_dry_run {
        return Ok((recalls.len(), None));
    }
    let mut connection = storage::open(folders)?;
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let published = recalls::publish(&transaction, folders, &recalls, now)?;
    transaction.commit()?;
    Ok((recalls.len(), Some(published)))
}

/// Faults name their line.
pub fn read(bytes: &[u8]) -> Result<Vec<Recall>, Vec<String>> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let first = bytes.split(|b| *b == b'\n').next().unwrap_or_default();
    let delimiter = if first.contains(&b';') { b';' } else { b',' };
    let mut table = csv::ReaderBuilder::new().delimiter(delimiter).trim(csv::Trim::All).from_reader(bytes);
    let header = table.headers().cloned().map_err(|e| vec![format!("  line 1: {e}")])?;
    let mut faults: Vec<String> = header
        .iter()
        .filter(|name| !COLUMNS.contains(name))
        .map(|name| format!("  line 1: there is no column {name:?}; known are {}", COLUMNS.join(", ")))
        .collect();
    for needed in ["id", "reason", "gtin"].into_iter().filter(|needed| !header.iter().any(|name| name == *needed)) {
        faults.push(format!("  line 1: the column {needed} is missing"));
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    let mut recalls: Vec<Recall> = Vec::new();
    for record in table.records() {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                faults.push(format!("  {error}"));
                continue;
            }
        };
        let line = record.position().map_or(0, csv::Position::line);
        let mut at = |why: String| faults.push(format!("  line {line}: {why}"));
        let field = |name: &str| {
            let at = header.iter().position(|column| column == name)?;
            record.get(at).filter(|text| !text.is_empty()).map(str::to_owned)
        };
        let unmarked = match field("unmarked").as_deref() {
            None | Some("refuse") => Unmarked::Refuse,
            Some("sell") => Unmarked::Sell,
            Some(other) => {
                at(format!("unmarked {other:?}: use refuse or sell"));
                continue;
            }
        };
        let article = DraftArticle {
            gtin: field("gtin").unwrap_or_default(),
            batches: field("batches").map(|text| text.split_whitespace().map(str::to_owned).collect()).unwrap_or_default(),
            serial_from: field("serial_from"),
            serial_to: field("serial_to"),
            date_from: field("date_from"),
            date_to: field("date_to"),
            unmarked,
        };
        let (id, reason) = (field("id").unwrap_or_default(), field("reason").unwrap_or_default());
        match recalls::check(&id, &Draft { reason, articles: vec![article] }) {
            Ok(new) => match recalls.iter_mut().find(|recall| recall.id == new.id) {
                Some(recall) if recall.reason != new.reason => at(format!("recall {id} has another reason above: {:?}", recall.reason)),
                Some(recall) => recall.articles.extend(new.articles),
                None => recalls.push(new),
            },
            Err(whys) => whys.into_iter().for_each(at),
        }
    }
    let too_long = |recall: &&Recall| recall.articles.len() > crate::retail::recalls::ARTICLES_PER_RECALL_MAX;
    faults.extend(recalls.iter().find(too_long).map(|recall| format!("  recall {} has too many articles: make two of it", recall.id)));
    if faults.is_empty() { Ok(recalls) } else { Err(faults) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_one_id_are_one_recall_and_faults_name_their_line() {
        let read_text = |text: &str| read(text.as_bytes()).map_err(|faults| faults.join("\n"));
        let found = read_text(
            "id;reason;gtin;batches;unmarked\nR-1;Glass;4099108000018;L7 L8;\nR-1;Glass;4099109000253;;\nR-2;Plug;4099108000018;;sell\n",
        )
        .unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!((found[0].articles.len(), found[0].articles[0].batches.len()), (2, 2));
        assert_eq!(found[1].articles[0].unmarked, Unmarked::Sell);
        let found = read_text(
            "id,reason,gtin,unmarked\nR-1,Glass,4099108000019,\nR-1,Glass,4099108000018,maybe\n,Glass,4099108000018,\nR-3,A,4099108000018,\nR-3,B,4099108000018,\n",
        );
        let faults = found.unwrap_err();
        for part in ["line 2: gtin", "line 3: unmarked \"maybe\"", "line 4: id", "line 6: recall R-3 has another reason"] {
            assert!(faults.contains(part), "{part} in {faults}");
        }
        assert!(read_text("id,gtin\n").unwrap_err().contains("the column reason is missing"));
    }
}
