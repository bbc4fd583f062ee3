//! `counterfoil import recalls`: the recalls in force from a CSV file with a header, a line for each article; lines with the same id are one recall.
//! The file becomes the whole list: what is not in it is not recalled any more.

use std::path::Path;

use super::ImportError;
use super::sheet::{self, Sheet};
use crate::head_office::feeds::Published;
use crate::head_office::recalls::{self, Draft, DraftArticle};
use crate::head_office::storage::{self, Folders};
use crate::retail::recalls::{Recall, Unmarked};
use crate::time::Stamp;

pub const COLUMNS: [&str; 9] = ["id", "reason", "gtin", "batches", "serial_from", "serial_to", "date_from", "date_to", "unmarked"];

/// Reads, checks, publishes. `None`: a dry run.
pub fn import(folders: &Folders, file: &Path, is_dry_run: bool, now: Stamp) -> Result<(usize, Option<Published>), ImportError> {
    let bytes = std::fs::read(file).map_err(|reason| ImportError::Unreadable { path: file.to_owned(), reason })?;
    let recalls = read(&bytes).map_err(|faults| ImportError::Recalls { path: file.to_owned(), faults: sheet::listed(faults) })?;
    if is_dry_run {
        return Ok((recalls.len(), None));
    }
    let connection = storage::open(folders)?;
    let transaction = connection.begin()?;
    let published = recalls::publish(&transaction, folders, &recalls, now)?;
    super::note_import(&transaction, folders, "recalls", "", now)?;
    transaction.commit()?;
    Ok((recalls.len(), Some(published)))
}

/// Faults name their line.
pub fn read(bytes: &[u8]) -> Result<Vec<Recall>, Vec<String>> {
    let (sheet, mut faults) = Sheet::read(bytes, &COLUMNS, &["id", "reason", "gtin"])?;
    let mut recalls: Vec<Recall> = Vec::new();
    for row in sheet.rows() {
        let mut at = |why: String| faults.push(row.fault(&why));
        let field = |column: &str| row.cell(column);
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
