//! `counterfoil import staff`: people from a CSV file with a header. The people in it are added or changed, all of them or none; others stay. An
//! empty field leaves what it says as it is, so that a file without PINs takes no PIN away.

use std::collections::BTreeSet;
use std::path::Path;

use crate::head_office::people::{self, Checked, Draft, PeopleError};
use crate::head_office::storage::{self, Folders};
use crate::retail::rights::{Right, Role};
use crate::time::Stamp;

use super::ImportError;
use super::sheet::{self, Sheet};

pub const COLUMNS: [&str; 9] = ["id", "name", "language", "role", "rights", "discount_max", "stores", "badge", "pin"];

/// Reads, checks, stores, publishes. Returns how many people and how many stores' books changed.
pub fn import(folders: &Folders, file: &Path, is_dry_run: bool, now: Stamp) -> Result<(usize, usize), ImportError> {
    let bytes = std::fs::read(file).map_err(|e| wrong(file, 0, vec![format!("  it cannot be read: {e}")]))?;
    let people = read(&bytes).map_err(|(rows, faults)| wrong(file, rows, faults))?;
    let count = people.len();
    if is_dry_run {
        return Ok((count, 0));
    }
    let connection = storage::open(folders)?;
    let transaction = connection.begin()?;
    let published = people::put(&transaction, folders, people, now).map_err(|error| match error {
        PeopleError::Draft(why) => wrong(file, count, vec![format!("  {why}")]),
        PeopleError::Publish(error) => ImportError::Publish(error),
    })?;
    super::note_import(&transaction, folders, "staff", "", now)?;
    transaction.commit()?;
    Ok((count, published.len()))
}

fn wrong(file: &Path, rows: usize, faults: Vec<String>) -> ImportError {
    ImportError::Staff { path: file.to_owned(), rows, faults: sheet::listed(faults) }
}

/// Faults name their line and never repeat a PIN or a badge.
fn read(bytes: &[u8]) -> Result<Vec<Checked>, (usize, Vec<String>)> {
    let (sheet, mut faults) = Sheet::read(bytes, &COLUMNS, &["id"]).map_err(|faults| (0, faults))?;
    let (mut people, mut ids) = (Vec::new(), BTreeSet::new());
    for row in sheet.rows() {
        let field = |column: &str| row.cell(column);
        let id = field("id").unwrap_or_default();
        let mut at = |why: String| faults.push(row.fault(&why));
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
    if faults.is_empty() { Ok(people) } else { Err((sheet.lines, faults)) }
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
