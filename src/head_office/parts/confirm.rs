//! What a place confirms as a table: one row for each part or line, all of it or nothing. And the table that it works from.

use std::collections::BTreeMap;

use super::machine::{PartAct, ShortLine};
use super::{NotActed, NotConfirmed, Part, act, left_after_cancel};
use crate::head_office::db::{self, Connection};
use crate::head_office::places::sheet::{self, Faults};
use crate::ids::{OrderNo, PlaceId};
use crate::money::Qty;

/// What one row, or several of one part, say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confirmation {
    pub row: u64,
    pub part: String,
    pub act: PartAct,
}

/// From a table with the columns `part`, `act` ("accepted", "refused", "short", "shipped", "delivered") and, where it says more, `line`,
/// `quantity` (what is short), `tracking`, `reason`.
pub fn of_table(bytes: &[u8]) -> Result<Vec<Confirmation>, Faults> {
    let mut faults = Faults::default();
    let mut read: Vec<Confirmation> = Vec::new();
    let mut seen: BTreeMap<String, (u64, usize)> = BTreeMap::new();
    for row in sheet::read(bytes, &["part", "act"], &["line", "quantity", "tracking", "reason"])? {
        let [part, name, line, quantity, tracking, reason] = &row.fields[..] else { continue };
        let said = match name.to_lowercase().as_str() {
            "accepted" | "accept" => PartAct::Accept,
            "refused" | "refuse" => PartAct::Refuse { why: reason.clone() },
            "shipped" | "ship" => PartAct::Ship { tracking: tracking.clone() },
            "delivered" | "deliver" => PartAct::Deliver,
            "short" => match (line.parse::<u32>(), Qty::parse(quantity)) {
                (Ok(line), Some(quantity)) => PartAct::Short { lines: vec![ShortLine { line, quantity, why: reason.clone() }] },
                (Err(_), _) => {
                    faults.add(row.number, format!("line {line:?}: which line of the part is short? Its number is in the list of parts"));
                    continue;
                }
                (Ok(_), None) => {
                    faults.add(row.number, format!("quantity {quantity:?} is no number with up to three decimals: write 1, 0.5 or 0,5"));
                    continue;
                }
            },
            _ => {
                faults.add(row.number, format!("act {name:?}: write accepted, refused, short, shipped or delivered"));
                continue;
            }
        };
        let key = part.to_ascii_uppercase();
        match seen.get(&key) {
            None => {
                seen.insert(key, (row.number, read.len()));
                read.push(Confirmation { row: row.number, part: part.clone(), act: said });
            }
            // Several lines of a part may be short.
            Some((first, index)) => match (read.get_mut(*index).map(|before| &mut before.act), said) {
                (Some(PartAct::Short { lines: before }), PartAct::Short { lines })
                    if !before.iter().any(|of| lines.iter().any(|one| one.line == of.line)) =>
                {
                    before.extend(lines);
                }
                _ => faults.add(row.number, format!("part {part} stands in row {first} already: say one thing of a part")),
            },
        }
    }
    if faults.is_empty() { Ok(read) } else { Err(faults) }
}

/// Why a batch was given up.
enum Stopped {
    Database(db::Error),
    Faults(Faults, Vec<OrderNo>),
}

impl From<db::Error> for Stopped {
    fn from(error: db::Error) -> Stopped {
        Stopped::Database(error)
    }
}

/// Takes all that a place confirms, or nothing; returns how many parts moved. Inside the caller's transaction.
pub fn confirm(
    connection: &Connection,
    place: &PlaceId,
    said: &[Confirmation],
    who: &str,
    now_ms: i64,
) -> db::Result<Result<usize, Faults>> {
    let done = connection.whole(|| {
        let mut faults = Faults::default();
        let mut left = Vec::new();
        let mut moved = 0;
        for one in said {
            let before = connection.rows_changed();
            match act(connection, place, &one.part, &one.act, who, now_ms)? {
                Ok(_) => moved += usize::from(connection.rows_changed() != before),
                Err(why) => {
                    if let (NotConfirmed::Refused { part, why: NotActed::Cancelled }, PartAct::Ship { .. }) = (&why, &one.act) {
                        left.push(part.clone());
                    }
                    faults.add(one.row, why.to_string());
                }
            }
        }
        if faults.is_empty() { Ok(moved) } else { Err(Stopped::Faults(faults, left)) }
    });
    match done {
        Ok(moved) => Ok(Ok(moved)),
        Err(Stopped::Database(error)) => Err(error),
        Err(Stopped::Faults(faults, left)) => {
            for part in left {
                left_after_cancel(connection, place, &part, now_ms)?;
            }
            Ok(Err(faults))
        }
    }
}

/// The parts as a table, one row for each line.
pub fn table(parts: &[Part]) -> Result<Vec<u8>, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record([
        "part", "state", "order", "channel", "promised", "name", "address", "country", "phone", "line", "sku", "article", "quantity",
        "unit", "short",
    ])?;
    for part in parts {
        let promised = jiff::Timestamp::from_millisecond(part.promised_ms).map(|at| at.to_string()).unwrap_or_default();
        for line in &part.lines {
            writer.write_record([
                part.part.as_str(),
                &part.state,
                &part.number,
                &part.channel,
                &promised,
                &part.to.name,
                &part.to.lines.join(", "),
                &part.to.country,
                &part.to.phone,
                &line.line.to_string(),
                line.sku.as_str(),
                &line.name,
                &line.to_send().plain(),
                line.unit.symbol(),
                &line.short.plain(),
            ])?;
        }
    }
    writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_says_one_thing_of_a_part_and_its_faults_are_named() {
        let check = |rows: &str, expect: &str| {
            let text = format!("part;act;line;quantity;tracking;reason\n{rows}");
            let said = match of_table(text.as_bytes()) {
                Ok(read) => read.iter().map(|one| format!("{} {} {:?}", one.row, one.part, one.act)).collect::<Vec<_>>().join(" / "),
                Err(faults) => faults.lines().join("; "),
            };
            assert!(said.contains(expect), "{rows}: {said}");
        };
        check("A1;accepted;;;;", "2 A1 Accept");
        check("A1;shipped;;;00340;", "Ship { tracking: \"00340\" }");
        check("A1;short;1;0,5;;gone\nA1;short;2;1;;gone", "2 A1 Short { lines: [ShortLine { line: 1, quantity: Qty(500)");
        check("A1;short;1;1;;\nA1;short;1;1;;", "row 3: part A1 stands in row 2 already");
        check("A1;accepted;;;;\nA1;shipped;;;;", "row 3: part A1 stands in row 2 already");
        check("A1;lost;;;;", "row 2: act \"lost\"");
        check("A1;short;;1;;", "row 2: line \"\": which line");
        check("A1;short;1;1.000,5;;", "row 2: quantity \"1.000,5\" is no number");
    }
}
