//! `counterfoil import staff`: people from a CSV file with a header. The people in it are added or changed, all of them or none; others stay. An
//! empty field leaves what it says as it is, so that a file without PINs takes no PIN away.

use std::collections::BTreeSet;
use std::path::Path;

use crate::head_office::people::{self, Checked, Draft, PeopleError};
use crate::head_office::storage::{self, Folders};
use crate::retail::rights::{Right, Role};
use crate::time::Stamp;

use super::ImportError;

pub const COLUMNS: [&str; 9] = ["id", "name", "language", "role", "rights", "discount_max", "stores", "badge", "pin"];
/// Faults listed before the rest is only counted.
const FAULTS_SHOWN_MAX: usize = 20;

/// Reads, checks, stores, publishes. Returns how many people and how many stores' books changed.
pub fn import(folders: &Folders, file: &Path, is_dry_run: bool, now: Stamp) -> Result<(usize, usize), ImportError> {
    let bytes = std::fs::read(file).map_err(|e| wrong(file, 0, vec![format!("  it cannot be read: {e}")]))?;
    let people = read(&bytes).map_err(|(rows, faults)| wrong(file, rows, faults))?;
    let count = people.len();
    if is_dry_run {
        return Ok((count, 0));
    }
    let mut connection = storage::open(folders)?;
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let published = people::put(&transaction, folders, people, now).map_err(|error| match error {
        PeopleError::Draft(why) => wrong(file, count, vec![format!("  {why}")]),
        PeopleError::Publish(error) => ImportError::Publish(error),
    })?;
    transaction.commit()?;
    Ok((count, published.len()))
}

fn wrong(file: &Path, rows: usize, mut faults: Vec<String>) -> ImportError {
    if faults.len() > FAULTS_SHOWN_MAX {
        let more = faults.len() - FAULTS_SHOWN_MAX;
        faults.truncate(FAULTS_SHOWN_MAX);
        faults.push(format!("  and {more} more"));
    }
    ImportError::Staff { path: file.to_owned(), rows, faults: faults.join("\n") }
}

/// Faults name their line and never repeat a PIN or a badge.
fn read(bytes: &[u8]) -> Result<Vec<Checked>, (usize, Vec<String>)> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let first = bytes.split(|b| *b == b'\n').next().unwrap_or_default();
    let delimiter = if first.contains(&b';') { b';' } else { b',' };
    let mut table = csv::ReaderBuilder::new().delimiter(delimiter).trim(csv::Trim::All).from_reader(bytes);
    let header = table.headers().cloned().map_err(|e| (0, vec![format!("  line 1: {e}")]))?;
    let mut faults: Vec<String> = header
        .iter()
        .filter(|name| !COLUMNS.contains(name))
        .map(|name| format!("  line 1: there is no column {name:?}; known are {}", COLUMNS.join(", ")))
        .collect();
    if !header.iter().any(|name| name == "id") {
        faults.push("  line 1: the column id is missing".to_owned());
    }
    if !faults.is_empty() {
        return Err((0, faults));
    }
    let (mut people, mut ids, mut rows) = (Vec::new(), BTreeSet::new(), 0);
    for record in table.records() {
        rows += 1;
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                faults.push(format!("  {error}"));
                continue;
            }
        };
        let line = record.position().map_or(0, csv::Position::line);
        let field = |name: &str| {
            let at = header.iter().position(|column| column == name)?;
            record.get(at).filter(|text| !text.is_empty()).map(str::to_owned)
        };
        let id = field("id").unwrap_or_default();
        let mut at = |why: String| faults.push(format!("  line {line}: {why}"));
        if !ids.insert(id.clone()) {
            at(format!("{id:?} is in the file twice"));
        }
        let role = field("role").map(|text| (Role::ALL.into_iter().find(|role| role.name() == text), text));
        if let Some((None, text)) = &role {
            at(format!("role {text:?}: use cashier, supervisor, manager or stock"));
        }
        let mut rights = BTreeSet::new();
        for name in field("rights").iter().flat_map(|text| text.split_whitespace()) {
            match Right::ALL.into_iter().find(|right| right.name() == name) {
                Some(right) => drop(rights.insert(right)),
                None => at(format!("right {name:?}: use {}", Right::ALL.map(Right::name).join(", "))),
            }
        }
        let discount = field("discount_max").map(|text| text.trim_end_matches('%').trim().parse::<u8>());
        if let Some(Err(_)) = discount {
            at("discount_max: a whole number from 0 to 100".to_owned());
        }
        let draft = Draft {
            name: field("name"),
            language: field("language"),
            role: role.and_then(|(role, _)| role),
            rights: field("rights").map(|_| rights),
            discount_percent_max: discount.and_then(Result::ok),
            stores: field("stores").map(|text| text.split_whitespace().map(str::to_owned).collect()),
            pin: field("pin"),
            badge: field("badge"),
            active: None,
        };
        match Checked::new(&id, draft) {
            Ok(checked) => people.push(checked),
            Err(whys) => whys.into_iter().for_each(at),
        }
    }
    if faults.is_empty() { Ok(people) } else { Err((rows, faults)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(text: &str) -> String {
        read(text.as_bytes()).err().map(|(_, faults)| faults.join("\n")).unwrap_or_default()
    }

    #[test]
    fn faults_name_their_line_and_never_a_secret() {
        assert_eq!(faults("id,name,role,pin\nanna,Anna,cashier,1111\n"), "");
        assert_eq!(faults("id;name;role;pin\nanna;Anna;cashier;\n"), "");
        let found =
            faults("id,name,role,pin,badge\nanna,Anna,cashier,12a4,\nben,Ben,boss,,\nanna,Anna,cashier,98765432198,\nx,X,stock,,short\n");
        for part in ["line 2: pin", "line 3: role \"boss\"", "line 4: \"anna\" is in the file twice", "line 4: pin", "line 5: badge"] {
            assert!(found.contains(part), "{part} in {found}");
        }
        assert!(!found.contains("12a4") && !found.contains("98765432198") && !found.contains("short"), "{found}");
        assert!(faults("id,name,shoe_size\n").contains("there is no column \"shoe_size\""));
    }
}
