//! Alarms in the database: rules, what is raised by them, and what is over. Told to webhooks as events and, where a rule names somebody, by mail:
//! one for all that one look found, so that a whole region without a line is one mail.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::super::db::{self, Connection, params};
use super::super::messages::mail;
use super::super::office_events::{self, Fact};
use super::super::storage;
use super::rule::{self, Finding, Kind, Rule};
use super::{BoxRow, all};
use crate::head_office::paging::{Behind, Rows};

pub const RULES_MAX: i64 = 100;
pub const ADDRESSES_MAX: usize = 5;
/// Alarms that are over and kept.
const KEPT_MAX: i64 = 10_000;
/// Lines of one mail; what is more is counted.
const LINES_MAX: usize = 40;
/// In `meta`: the rules of a fresh head office were made.
const MADE: &str = "alarm_rules";

#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct AlarmRow {
    pub id: i64,
    /// By which rule; it may be ended by now.
    pub rule: i64,
    pub kind: String,
    pub store: String,
    pub node: String,
    pub text: String,
    pub raised_ms: i64,
    pub cleared_ms: Option<i64>,
}

/// A rule as it is asked for.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    pub kind: String,
    pub bound: Option<i64>,
    pub store: String,
    pub region: String,
    /// Addresses with blanks or commas between.
    pub mail: String,
}

/// Why a rule was not made: what is wrong, and how it is written.
#[derive(Debug, PartialEq, Eq)]
pub enum NotMade {
    Malformed(String),
    TooMany,
}

pub fn rules(connection: &Connection) -> db::Result<Vec<Rule>> {
    connection
        .prepare_cached("SELECT id, kind, bound, store, region, mail, made_by FROM alarm_rules ORDER BY id")?
        .query_map([], |row| {
            let (kind, mail): (String, String) = (row.get(1)?, row.get(5)?);
            Ok(Rule {
                id: row.get(0)?,
                kind: Kind::from_name(&kind).ok_or_else(|| super::super::chain::corrupt("an alarm rule of an unknown kind"))?,
                bound: row.get(2)?,
                store: row.get(3)?,
                region: row.get(4)?,
                mail: mail.split_whitespace().map(str::to_owned).collect(),
                made_by: row.get(6)?,
            })
        })?
        .collect()
}

pub fn add(connection: &Connection, wanted: &Wanted, made_by: &str, now_ms: i64) -> db::Result<Result<i64, NotMade>> {
    let malformed = |why: String| Ok(Err(NotMade::Malformed(why)));
    let Some(kind) = Kind::from_name(wanted.kind.trim()) else {
        let names: Vec<&str> = Kind::ALL.into_iter().map(Kind::name).collect();
        return malformed(format!("a rule is one of {}", names.join(", ")));
    };
    let (least, most) = kind.bounds();
    let bound = match (kind.unit(), wanted.bound) {
        (None, _) => 0,
        (Some(unit), None) => return malformed(format!("say how many {unit}")),
        (Some(unit), Some(bound)) if !(least..=most).contains(&bound) => return malformed(format!("{least} to {most} {unit}")),
        (Some(_), Some(bound)) => bound,
    };
    let addresses: Vec<&str> = wanted.mail.split([' ', ',', ';', '\t', '\n']).filter(|text| !text.is_empty()).collect();
    if addresses.len() > ADDRESSES_MAX {
        return malformed(format!("at most {ADDRESSES_MAX} addresses"));
    }
    if let Some(wrong) = addresses.iter().find(|text| !mail::is_address(text)) {
        return malformed(format!("{wrong:?} is no mail address"));
    }
    let (store, region) = (wanted.store.trim(), wanted.region.trim());
    let known = |sql: &str, id: &str| connection.query_row(sql, [id], |row| row.get::<_, bool>(0));
    if !store.is_empty() && !known("SELECT EXISTS (SELECT 1 FROM stores WHERE store = ?1)", store)? {
        return malformed(format!("there is no store {store:?}"));
    }
    if !region.is_empty() && !known("SELECT EXISTS (SELECT 1 FROM stores WHERE region = ?1)", region)? {
        return malformed(format!("no store is in a region {region:?}"));
    }
    if connection.query_row("SELECT count(*) FROM alarm_rules", [], |row| row.get::<_, i64>(0))? >= RULES_MAX {
        return Ok(Err(NotMade::TooMany));
    }
    insert(connection, kind, bound, (store, region), &addresses.join(" "), made_by, now_ms).map(Ok)
}

fn insert(
    connection: &Connection,
    kind: Kind,
    bound: i64,
    (store, region): (&str, &str),
    mail: &str,
    made_by: &str,
    now_ms: i64,
) -> db::Result<i64> {
    connection
        .prepare_cached(
            "INSERT INTO alarm_rules (kind, bound, store, region, mail, made_ms, made_by) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) RETURNING id",
        )?
        .query_row(params![kind.name(), bound, store, region, mail, now_ms, made_by], |row| row.get(0))
}

/// The rules that a fresh head office begins with. Once: whoever ends one of them has ended it.
pub fn make_first(connection: &Connection, now_ms: i64) -> db::Result<()> {
    if storage::meta(connection, MADE)?.is_some() {
        return Ok(());
    }
    for (kind, bound) in rule::AT_FIRST {
        insert(connection, kind, bound, ("", ""), "", "", now_ms)?;
    }
    storage::set_meta(connection, MADE, "1")
}

pub fn were_first_made(connection: &Connection) -> db::Result<bool> {
    Ok(storage::meta(connection, MADE)?.is_some())
}

/// What it raised is over with it. `false`: there is none of this number.
pub fn end(connection: &Connection, id: i64, now_ms: i64) -> db::Result<bool> {
    connection.execute("UPDATE alarms SET cleared_ms = ?2 WHERE rule = ?1 AND cleared_ms IS NULL", params![id, now_ms])?;
    Ok(connection.execute("DELETE FROM alarm_rules WHERE id = ?1", [id])? > 0)
}

/// Open ones first, each kind newest first.
pub fn list(connection: &Connection, open: bool, rows: impl Into<Rows<Behind>>) -> db::Result<Vec<AlarmRow>> {
    let Rows { behind, limit } = rows.into();
    let only = if open { "AND cleared_ms IS NULL" } else { "" };
    connection
        .prepare_cached(&format!(
            "SELECT id, kind, store, node, text, raised_ms, cleared_ms, rule FROM alarms
             WHERE (CASE WHEN cleared_ms IS NULL THEN 0 ELSE 1 END, -raised_ms, -id) > (CAST(?1 AS BIGINT), CAST(?2 AS BIGINT), CAST(?3 AS BIGINT)) {only}
             ORDER BY CASE WHEN cleared_ms IS NULL THEN 0 ELSE 1 END, raised_ms DESC, id DESC LIMIT ?4"
        ))?
        .query_map(params![behind.rank, -behind.at, -behind.number(), limit], |row| {
            Ok(AlarmRow {
                id: row.get(0)?,
                kind: row.get(1)?,
                store: row.get(2)?,
                node: row.get(3)?,
                text: row.get(4)?,
                raised_ms: row.get(5)?,
                cleared_ms: row.get(6)?,
                rule: row.get(7)?,
            })
        })?
        .collect()
}

/// One alarm by what it is about: rule, store, node, thing.
type Key = (i64, String, String, String);

/// What a look would change.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Change {
    raise: Vec<(Key, String)>,
    clear: Vec<i64>,
}

impl Change {
    pub fn is_empty(&self) -> bool {
        self.raise.is_empty() && self.clear.is_empty()
    }
}

/// Looks at every box by every rule.
pub fn compare(connection: &Connection, now_ms: i64) -> db::Result<(Change, Vec<Rule>, Vec<BoxRow>)> {
    let (rules, boxes) = (rules(connection)?, all(connection, now_ms)?);
    let mut open: BTreeMap<Key, i64> = connection
        .prepare_cached("SELECT id, rule, store, node, thing FROM alarms WHERE cleared_ms IS NULL")?
        .query_map([], |row| Ok(((row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?), row.get(0)?)))?
        .collect::<db::Result<_>>()?;
    let (mut change, mut unknown) = (Change::default(), BTreeSet::new());
    for rule in &rules {
        for row in boxes.iter().filter(|row| rule.is_about(row)) {
            match rule::look(rule, row, now_ms) {
                Finding::Unknown => {
                    unknown.insert((rule.id, row.store.clone(), row.node.clone()));
                }
                Finding::Matters(matters) => {
                    for matter in matters {
                        let key = (rule.id, row.store.clone(), row.node.clone(), matter.thing);
                        if open.remove(&key).is_none() {
                            change.raise.push((key, matter.text));
                        }
                    }
                }
            }
        }
    }
    let is_over = |key: &Key| !unknown.contains(&(key.0, key.1.clone(), key.2.clone()));
    change.clear = open.into_iter().filter(|(key, _)| is_over(key)).map(|(_, id)| id).collect();
    Ok((change, rules, boxes))
}

/// Looks once more, now inside the writer's transaction, and writes down what changed; whom a rule names is written to.
pub fn settle(connection: &Connection, now_ms: i64, moment: impl Fn(i64) -> String) -> db::Result<()> {
    let (change, rules, boxes) = compare(connection, now_ms)?;
    let name = |store: &str| boxes.iter().find(|row| row.store == store).map_or_else(|| store.to_owned(), |row| row.store_name.clone());
    let mut letters = BTreeMap::<&str, Letter>::new();
    let mut told = |rule: i64, write: &dyn Fn(&mut Letter)| {
        for address in rules.iter().filter(|known| known.id == rule).flat_map(|rule| &rule.mail) {
            write(letters.entry(address).or_default());
        }
    };
    for ((rule, store, node, thing), text) in &change.raise {
        let kind = rules.iter().find(|known| known.id == *rule).map_or("", |rule| rule.kind.name());
        let id: i64 = connection
            .prepare_cached(
                "INSERT INTO alarms (rule, kind, store, node, thing, text, raised_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) RETURNING id",
            )?
            .query_row(params![rule, kind, store, node, thing, text, now_ms], |row| row.get(0))?;
        tell(connection, "alarm.raised", id, (kind, store, node, text), now_ms)?;
        told(*rule, &|letter| letter.raised.push(format!("{} ({store}), box {node}: {text}", name(store))));
    }
    for id in &change.clear {
        let (rule, kind, store, node, text, raised_ms): (i64, String, String, String, String, i64) = connection
            .prepare_cached("SELECT rule, kind, store, node, text, raised_ms FROM alarms WHERE id = ?1")?
            .query_row([id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?)))?;
        connection.execute("UPDATE alarms SET cleared_ms = ?2 WHERE id = ?1", params![id, now_ms])?;
        tell(connection, "alarm.cleared", *id, (&kind, &store, &node, &text), now_ms)?;
        told(rule, &|letter| letter.cleared.push(format!("{} ({store}), box {node}: {text} (since {})", name(&store), moment(raised_ms))));
    }
    for (address, letter) in letters {
        super::mails::queue(connection, address, &letter.subject(), &letter.body(), now_ms)?;
    }
    let count: i64 = connection.query_row("SELECT count(*) FROM alarms WHERE cleared_ms IS NOT NULL", [], |row| row.get(0))?;
    if count > KEPT_MAX {
        let oldest = "SELECT id FROM alarms WHERE cleared_ms IS NOT NULL ORDER BY id LIMIT ?1";
        connection.execute(&format!("DELETE FROM alarms WHERE id IN ({oldest})"), [count - KEPT_MAX])?;
    }
    Ok(())
}

fn tell(
    connection: &Connection,
    kind: &'static str,
    id: i64,
    (rule, store, node, text): (&str, &str, &str, &str),
    now_ms: i64,
) -> db::Result<()> {
    let data = serde_json::json!({ "alarm": id, "rule": rule, "node": node, "text": text });
    let fact = Fact { kind, store, order: "", at_ms: now_ms, known_ms: now_ms, who: "", source: format!("{kind} {id} {now_ms}"), data };
    office_events::add(connection, &fact)
}

/// What one look has to say to one address.
#[derive(Debug, Default)]
struct Letter {
    raised: Vec<String>,
    cleared: Vec<String>,
}

impl Letter {
    fn subject(&self) -> String {
        match (self.raised.as_slice(), self.cleared.as_slice()) {
            ([one], []) => format!("Alarm: {one}"),
            ([], [one]) => format!("Over: {one}"),
            (raised, cleared) => format!("{} raised, {} over", plural(raised.len()), cleared.len()),
        }
    }

    fn body(&self) -> String {
        let mut body = String::new();
        for (title, lines) in [("Raised", &self.raised), ("Over", &self.cleared)] {
            if lines.is_empty() {
                continue;
            }
            body += &format!("{title}:\n");
            for line in lines.iter().take(LINES_MAX) {
                body += &format!("* {line}\n");
            }
            if lines.len() > LINES_MAX {
                body += &format!("and {} more; the page Fleet shows all\n", lines.len() - LINES_MAX);
            }
            body.push('\n');
        }
        body + "The page Fleet at head office shows how each box is.\n"
    }
}

fn plural(count: usize) -> String {
    if count == 1 { "1 alarm".to_owned() } else { format!("{count} alarms") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_mail_says_all_that_one_look_found() {
        let one = Letter { raised: vec!["Berlin (b-1), box n1: was not heard of".to_owned()], cleared: Vec::new() };
        assert_eq!(one.subject(), "Alarm: Berlin (b-1), box n1: was not heard of");
        let many = Letter { raised: (0..45).map(|shop| format!("shop {shop}")).collect(), cleared: vec!["shop 99".to_owned()] };
        assert_eq!(many.subject(), "45 alarms raised, 1 over");
        let body = many.body();
        assert!(body.contains("* shop 39\nand 5 more") && !body.contains("shop 40") && body.contains("Over:\n* shop 99"), "{body}");
    }
}
