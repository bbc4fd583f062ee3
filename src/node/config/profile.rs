//! What head office may say of a node's configuration: a profile is a piece of a node's file without what is bound to the one box. Key by key it goes
//! over what is there; a list is replaced as a whole. Pure: the same check for head office, which has no box's file, and for the box.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use super::raw::Raw;
use super::{Check, Complaint, card_complaint, checked};
use crate::ids::{Sku, TaxClassId};

/// Of one profile.
pub const PROFILE_BYTES_MAX: usize = 64 << 10;

/// Tables that a profile may hold, and of some of them certain keys alone. Everything else is the box's own.
const SHARED: [(&str, &[&str]); 11] = [
    ("store", &["footer", "tax_id"]),
    ("tax", &[]),
    ("cash", &[]),
    ("returns", &[]),
    ("weighing", &[]),
    ("people", &["idle_lock_min"]),
    ("stock", &[]),
    ("orders", &[]),
    ("discount_reason", &[]),
    ("quick_key", &[]),
    ("department", &[]),
];

/// Values by their keys, "cash.reasons.paid_in".
pub type Settings = BTreeMap<String, Value>;

/// What head office sets a key to, and by which profile.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = ConfigurationSetting)]
pub struct Setting {
    #[schema(value_type = serde_json::Value)]
    pub to: Value,
    pub profile: String,
    pub version: u64,
}

/// What a profile may hold, for people.
pub fn shared_words() -> String {
    let all = SHARED.iter().flat_map(|(table, keys)| match keys {
        [] => vec![(*table).to_owned()],
        keys => keys.iter().map(|key| format!("{table}.{key}")).collect(),
    });
    all.collect::<Vec<_>>().join(", ")
}

/// Reads a profile and checks what can be checked without a box's file: all complaints at once.
pub fn read(text: &str, currency: &str) -> Result<Settings, Vec<Complaint>> {
    let one = |key: &str, value: &str, remedy: String| vec![Complaint { key: key.to_owned(), value: value.to_owned(), remedy }];
    if text.len() > PROFILE_BYTES_MAX {
        return Err(one("profile", &format!("{} bytes", text.len()), format!("at most {PROFILE_BYTES_MAX}: make two profiles of it")));
    }
    if let Some(complaint) = card_complaint(text) {
        return Err(vec![complaint]);
    }
    let table: Table = toml::from_str(text).map_err(|reason| {
        let line = reason.span().map_or(0, |span| text[..span.start.min(text.len())].matches('\n').count());
        let shown = text.lines().nth(line).unwrap_or_default().trim();
        one(&format!("line {}", line + 1), shown, format!("this is not valid TOML: {}", reason.message()))
    })?;
    let mut complaints = Vec::new();
    let mut settings = Settings::new();
    for (name, value) in table {
        let remedy = || format!("belongs into each box's node.toml; a profile may hold {}", shared_words());
        let Some((_, keys)) = SHARED.iter().find(|(shared, _)| *shared == name) else {
            complaints.push(Complaint { key: name, value: String::new(), remedy: remedy() });
            continue;
        };
        if let (Value::Table(table), false) = (&value, keys.is_empty()) {
            let others = table.keys().filter(|key| !keys.contains(&key.as_str()));
            complaints.extend(others.map(|key| Complaint { key: format!("{name}.{key}"), value: String::new(), remedy: remedy() }));
        }
        flatten(name, value, &mut settings);
    }
    complaints.extend(check(&settings, currency));
    if complaints.is_empty() { Ok(settings) } else { Err(complaints) }
}

/// What is wrong with settings whatever a box's own file says. What they refer to and do not hold themselves is taken to be there.
pub fn check(settings: &Settings, currency: &str) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    let mut whole = stand_in(settings, currency);
    for (table, keys) in SHARED {
        let part: Settings = settings
            .iter()
            .filter(|(key, _)| key.split('.').next() == Some(table))
            .filter(|(key, _)| {
                keys.is_empty() || keys.iter().any(|known| key.strip_prefix(table).and_then(|rest| rest.strip_prefix('.')) == Some(known))
            })
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        let mut tried = whole.clone();
        lay_over(&mut tried, &part);
        match Value::Table(tried.clone()).try_into::<Raw>() {
            Ok(_) => whole = tried,
            Err(reason) => complaints.push(misread(table, &reason)),
        }
    }
    match Value::Table(whole.clone()).try_into::<Raw>() {
        Ok(raw) => {
            let mut check = Check::default();
            checked(raw, whole, &mut check);
            complaints.extend(check.complaints);
        }
        Err(reason) => complaints.push(misread("profile", &reason)),
    }
    complaints
}

/// A key that is not known, or a value of another kind.
pub(super) fn misread(table: &str, reason: &toml::de::Error) -> Complaint {
    let text = reason.to_string();
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let remedy = lines.next().unwrap_or("cannot be read").to_owned();
    let inside = lines.find_map(|line| line.strip_prefix("in `")?.strip_suffix('`').map(str::to_owned));
    Complaint { key: inside.unwrap_or_else(|| table.to_owned()), value: String::new(), remedy }
}

/// Puts settings over a file's tables.
pub fn lay_over(table: &mut Table, settings: &Settings) {
    for (key, value) in settings {
        let mut names: Vec<&str> = key.split('.').collect();
        let Some(last) = names.pop() else { continue };
        let mut inside = &mut *table;
        for name in names {
            let slot = inside.entry(name.to_owned()).or_insert_with(|| Value::Table(Table::new()));
            if !slot.is_table() {
                *slot = Value::Table(Table::new());
            }
            let Value::Table(next) = slot else { unreachable!("it was made one just now") };
            inside = next;
        }
        inside.insert(last.to_owned(), value.clone());
    }
}

fn flatten(key: String, value: Value, settings: &mut Settings) {
    match value {
        Value::Table(table) => table.into_iter().for_each(|(name, value)| flatten(format!("{key}.{name}"), value, settings)),
        Value::String(_) | Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Datetime(_) | Value::Array(_) => {
            settings.insert(key, value);
        }
    }
}

/// The file of a box that does not exist, with the tax classes and departments that these settings refer to and do not hold.
fn stand_in(settings: &Settings, currency: &str) -> Table {
    let named = |list: &str, field: &str| -> Vec<String> {
        let rows = settings.get(list).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let mut names: Vec<String> = rows.iter().filter_map(|row| Some(row.get(field)?.as_str()?.to_owned())).collect();
        names.sort();
        names.dedup();
        names
    };
    let text = |text: &str| Value::String(text.to_owned());
    let of = |pairs: &[(&str, Value)]| Table::from_iter(pairs.iter().map(|(key, value)| ((*key).to_owned(), value.clone())));
    let class =
        |id: &str| Value::Table(of(&[("id", text(id)), ("label", text(id)), ("mark", text("A")), ("exempt_reason", text("stand-in"))]));
    let mut classes: Vec<Value> =
        named("department", "tax_class").iter().filter(|id| TaxClassId::new(id).is_ok()).map(|id| class(id)).collect();
    if classes.is_empty() {
        classes.push(class("standard"));
    }
    let first = classes[0].get("id").cloned().expect("each class got one");
    let departments = named("quick_key", "department").into_iter().filter(|id| Sku::new(id).is_ok()).map(|id| {
        Value::Table(of(&[("id", text(&id)), ("name", text("stand-in")), ("tax_class", first.clone()), ("price_max", text("1"))]))
    });
    let departments: Vec<Value> = departments.collect();
    of(&[
        (
            "store",
            Value::Table(of(&[
                ("id", text("store")),
                ("name", text("store")),
                ("currency", text(currency)),
                ("country", text("DE")),
                ("time_zone", text("UTC")),
            ])),
        ),
        ("node", Value::Table(of(&[("id", text("node")), ("data_dir", text("/"))]))),
        ("tax", Value::Table(of(&[("mode", text("inclusive")), ("class", Value::Array(classes))]))),
        ("workstation", Value::Array(vec![Value::Table(of(&[("id", text("1"))]))])),
        ("department", Value::Array(departments)),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaints(text: &str) -> Vec<String> {
        read(text, "EUR").unwrap_err().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_profile_is_read_key_by_key() {
        let text = "[store]\nfooter = ['Thank you']\n[cash]\nstep = '0.05'\n[cash.reasons]\npaid_in = ['float']\n[people]\nidle_lock_min = 3\n\
                    [[quick_key]]\ntext = 'Bread'\ndepartment = 'bakery'\n[[department]]\nid = 'bakery'\nname = 'Bakery'\ntax_class = 'reduced'\nprice_max = '50'";
        let settings = read(text, "EUR").unwrap();
        let keys: Vec<&str> = settings.keys().map(String::as_str).collect();
        assert_eq!(keys, ["cash.reasons.paid_in", "cash.step", "department", "people.idle_lock_min", "quick_key", "store.footer"]);
        let mut own: Table =
            toml::from_str("[store]\nname = 'Ours'\nfooter = ['Bye', 'now']\n[cash.reasons]\nno_sale = ['change']").unwrap();
        lay_over(&mut own, &settings);
        let cash = own["cash"].as_table().unwrap();
        assert_eq!((own["store"]["name"].as_str(), own["store"]["footer"].as_array().unwrap().len()), (Some("Ours"), 1));
        assert!(cash["reasons"].get("no_sale").is_some() && cash["reasons"].get("paid_in").is_some());
        assert!(read("", "EUR").unwrap().is_empty());
    }

    #[test]
    fn what_cannot_be_used_is_named_all_at_once() {
        let found = complaints(
            "[node]\nid = 'n2'\n[store]\nname = 'Other'\nfooter = ['Thank you']\n[cash]\nstep = 'five'\nstap = '5'\n[people]\nrequired = false\n\
             [returns]\nwithout_receipt_max = '-3'\n[orders]\ngrant_percent = 120\n[[department]]\nid = 'x'\nname = ''\ntax_class = 'standard'\nprice_max = '5'",
        );
        let expected = [
            "node: ",
            "store.name: ",
            "people.required: ",
            "cash",
            "returns.without_receipt_max = ",
            "orders.grant_percent = 120",
            "department[0].name",
        ];
        for key in expected {
            assert!(found.iter().any(|complaint| complaint.starts_with(key)), "{key} in {found:#?}");
        }
        assert!(found.iter().any(|complaint| complaint.contains("stap")), "{found:#?}");
        assert_eq!(found.len(), expected.len(), "{found:#?}");
        assert!(complaints("[cash]\nstep = ").concat().starts_with("line 2 = step =: this is not valid TOML"));
        assert!(complaints("[cash]\nstep = 'five'").concat().starts_with("cash.step = "));
        assert!(complaints("# 4111 1111 1111 1111").concat().starts_with("line 1"));
        assert!(complaints(&"#".repeat(PROFILE_BYTES_MAX + 1)).concat().contains("make two"));
    }
}
