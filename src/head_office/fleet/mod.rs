//! The boxes of all shops: what each says of itself, what head office sees of it, and alarms by rule. Nothing is counted from any of this.

pub mod alarms;
pub mod api;
pub mod mails;
pub mod rounds;
pub mod rule;

use serde::Serialize;

use super::db::{self, Connection, Row, params};
use super::queries::ONLINE_MS;
use crate::ids::StoreId;
use crate::sync::wire::NodeReport;

/// A report that is older than this says nothing of now: a box tells once a minute.
pub const REPORT_MS: i64 = 180_000;
/// A clock that is off by less may be the line's doing.
pub const CLOCK_OFF_MS: i64 = 2_000;
/// Less of its disk than this is free, in per cent: people should know.
pub const DISK_LOW_PERCENT: u64 = 10;

/// Keeps the newest report of a box. `node`: of the table of nodes.
pub fn keep(connection: &Connection, node: i64, store: &StoreId, report: &NodeReport, now_ms: i64) -> db::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO node_reports (node, store, received_ms, clock_off_ms, report) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (node) DO UPDATE SET store = ?2, received_ms = ?3, clock_off_ms = ?4, report = ?5",
        )?
        .execute(params![
            node,
            store.as_str(),
            now_ms,
            report.at_ms.saturating_sub(now_ms),
            serde_json::to_string(report).expect("a report is plain values"),
        ])
        .map(drop)
}

/// A box as the fleet's page shows it.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct BoxRow {
    pub store: String,
    pub store_name: String,
    pub region: String,
    pub node: String,
    pub last_contact_ms: i64,
    pub online: bool,
    /// Records on its disk that are not here yet, and finished transactions among them.
    pub records_waiting: u64,
    pub transactions_waiting: u64,
    /// Open ones of the box.
    pub incidents: u64,
    pub exceptions: u64,
    /// Alarms that are not over.
    pub alarms: u64,
    /// The version of its configuration that it was sent last; 0: none.
    pub configuration: u64,
    /// What it last said of itself; `None`: nothing, it may be of an older version.
    pub report: Option<Reported>,
}

#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Reported {
    pub received_ms: i64,
    /// Its clock less head office's, when that came.
    pub clock_off_ms: i64,
    #[serde(flatten)]
    pub said: NodeReport,
}

impl Reported {
    /// `None`: the box could not say.
    pub fn disk_free_percent(&self) -> Option<u64> {
        let NodeReport { disk_free, disk_total, .. } = self.said;
        (disk_total > 0).then(|| u64::try_from(u128::from(disk_free) * 100 / u128::from(disk_total)).unwrap_or(100))
    }

    pub fn devices_down(&self) -> usize {
        self.said.devices.iter().filter(|device| device.is_down()).count()
    }
}

impl BoxRow {
    /// Somebody should look at it. `newest`: of the program, in the fleet.
    pub fn needs_a_look(&self) -> bool {
        let by_report = self.report.as_ref().is_some_and(|report| {
            report.devices_down() > 0
                || !report.said.alarms.is_empty()
                || report.clock_off_ms.saturating_abs() > CLOCK_OFF_MS
                || report.disk_free_percent().is_some_and(|percent| percent < DISK_LOW_PERCENT)
        });
        !self.online || self.incidents + self.exceptions + self.alarms > 0 || by_report
    }
}

/// Which boxes.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Beginning of a store's id, or part of its name or region, as typed.
    pub search: String,
    /// Those alone that somebody should look at.
    pub trouble: bool,
    /// Behind this store and node.
    pub after: Option<(String, String)>,
    pub limit: usize,
}

const BOXES: &str = "SELECT n.store, coalesce(s.name, ''), coalesce(s.region, ''), n.node, n.last_contact_ms, n.head_seq, coalesce(b.head_seq, 0), n.waiting,
   (SELECT count(*) FROM incidents i WHERE i.store = n.store AND i.node = n.node AND i.closed_ms IS NULL),
   (SELECT count(*) FROM exceptions e WHERE e.node = n.id AND e.settled_ms IS NULL),
   (SELECT count(*) FROM alarms a WHERE a.store = n.store AND a.node = n.node AND a.cleared_ms IS NULL),
   r.received_ms, r.clock_off_ms, r.report,
   (SELECT coalesce(max(f.version), 0) FROM feed_files f WHERE f.feed = 'configuration' AND f.store = n.store)
 FROM nodes n LEFT JOIN stores s ON s.store = n.store LEFT JOIN branches b ON b.id = n.current_branch LEFT JOIN node_reports r ON r.node = n.id
 WHERE NOT EXISTS (SELECT 1 FROM enrolments v WHERE v.store = n.store AND v.node = n.node AND v.revoked_ms IS NOT NULL)";

fn read(row: &Row<'_>, now_ms: i64) -> db::Result<BoxRow> {
    let (store, store_name): (String, String) = (row.get(0)?, row.get(1)?);
    let (last_contact_ms, head_seq, held_seq): (i64, u64, u64) = (row.get(4)?, row.get(5)?, row.get(6)?);
    let said: Option<String> = row.get(13)?;
    let report = match (row.get::<_, Option<i64>>(11)?, row.get::<_, Option<i64>>(12)?, said) {
        (Some(received_ms), Some(clock_off_ms), Some(said)) => {
            serde_json::from_str(&said).ok().map(|said| Reported { received_ms, clock_off_ms, said })
        }
        _ => None,
    };
    Ok(BoxRow {
        store_name: if store_name.is_empty() { store.clone() } else { store_name },
        store,
        region: row.get(2)?,
        node: row.get(3)?,
        last_contact_ms,
        online: now_ms - last_contact_ms <= ONLINE_MS,
        records_waiting: head_seq.saturating_sub(held_seq),
        transactions_waiting: if head_seq > held_seq { row.get(7)? } else { 0 },
        incidents: row.get(8)?,
        exceptions: row.get(9)?,
        alarms: row.get(10)?,
        configuration: row.get(14)?,
        report,
    })
}

/// All boxes that are not revoked, by store and node.
pub fn all(connection: &Connection, now_ms: i64) -> db::Result<Vec<BoxRow>> {
    connection.prepare_cached(&format!("{BOXES} ORDER BY n.store, n.node"))?.query_map([], |row| read(row, now_ms))?.collect()
}

/// What all boxes come to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = FleetTotals)]
pub struct Totals {
    pub boxes: u64,
    pub offline: u64,
    pub trouble: u64,
    pub devices_down: u64,
    /// How many boxes run which version, newest first as text sorts it; "" is unknown.
    pub versions: Vec<(String, u64)>,
}

pub fn totals(rows: &[BoxRow]) -> Totals {
    let mut versions = std::collections::BTreeMap::<String, u64>::new();
    for row in rows {
        *versions.entry(row.report.as_ref().map(|report| report.said.version.clone()).unwrap_or_default()).or_default() += 1;
    }
    let count = |is: fn(&BoxRow) -> bool| rows.iter().filter(|row| is(row)).count() as u64;
    Totals {
        boxes: rows.len() as u64,
        offline: count(|row| !row.online),
        trouble: count(BoxRow::needs_a_look),
        devices_down: rows.iter().filter_map(|row| row.report.as_ref()).map(|report| report.devices_down() as u64).sum(),
        versions: versions.into_iter().rev().collect(),
    }
}

/// Those that the filter lets through, and where the next ones begin.
pub fn page(rows: Vec<BoxRow>, filter: &Filter) -> (Vec<BoxRow>, Option<(String, String)>) {
    let wanted = filter.search.trim().to_lowercase();
    let is_found = |row: &BoxRow| {
        wanted.is_empty()
            || row.store.to_lowercase().starts_with(&wanted)
            || [&row.store_name, &row.region].into_iter().any(|text| text.to_lowercase().contains(&wanted))
    };
    let is_behind = |row: &BoxRow| filter.after.as_ref().is_none_or(|(store, node)| (&row.store, &row.node) > (store, node));
    let is_wanted = |row: &BoxRow| is_behind(row) && is_found(row) && (!filter.trouble || row.needs_a_look());
    let mut found: Vec<BoxRow> = rows.into_iter().filter(is_wanted).take(filter.limit + 1).collect();
    let has_more = found.len() > filter.limit;
    found.truncate(filter.limit);
    let next = found.last().filter(|_| has_more).map(|row| (row.store.clone(), row.node.clone()));
    (found, next)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::wire::DeviceReport;

    fn well(store: &str) -> BoxRow {
        let said = NodeReport { version: "1.2.0".to_owned(), disk_free: 50, disk_total: 100, ..NodeReport::default() };
        BoxRow {
            store: store.to_owned(),
            store_name: format!("Shop {store}"),
            region: "north".to_owned(),
            node: "n1".to_owned(),
            last_contact_ms: 0,
            online: true,
            records_waiting: 0,
            transactions_waiting: 0,
            incidents: 0,
            exceptions: 0,
            alarms: 0,
            configuration: 0,
            report: Some(Reported { received_ms: 0, clock_off_ms: 0, said }),
        }
    }

    #[test]
    fn a_box_needs_a_look_for_whatever_is_the_matter_with_it() {
        assert!(!well("a").needs_a_look());
        assert!(BoxRow { online: false, ..well("a") }.needs_a_look());
        assert!(BoxRow { incidents: 1, ..well("a") }.needs_a_look());
        assert!(BoxRow { exceptions: 1, ..well("a") }.needs_a_look());
        let reporting = |change: fn(&mut Reported)| {
            let mut row = well("a");
            change(row.report.as_mut().unwrap());
            row.needs_a_look()
        };
        assert!(reporting(|report| report.clock_off_ms = -CLOCK_OFF_MS - 1));
        assert!(!reporting(|report| report.clock_off_ms = CLOCK_OFF_MS));
        assert!(reporting(|report| report.said.disk_free = 9));
        assert!(!reporting(|report| (report.said.disk_free, report.said.disk_total) = (0, 0)));
        assert!(reporting(|report| report.said.alarms.push("the disk".to_owned())));
        assert!(reporting(|report| report.said.devices.push(DeviceReport { state: "attention".to_owned(), ..DeviceReport::default() })));
        assert!(!reporting(|report| report.said.devices.push(DeviceReport { state: "ready".to_owned(), ..DeviceReport::default() })));
    }

    #[test]
    fn boxes_are_found_and_paged() {
        let rows = || vec![well("a-1"), BoxRow { online: false, ..well("b-1") }, well("b-2")];
        let found = |filter: Filter| {
            let (rows, next) = page(rows(), &filter);
            (rows.into_iter().map(|row| row.store).collect::<Vec<_>>(), next.map(|(store, _)| store))
        };
        let all = Filter { limit: 2, ..Filter::default() };
        assert_eq!(found(all.clone()), (vec!["a-1".to_owned(), "b-1".to_owned()], Some("b-1".to_owned())));
        assert_eq!(found(Filter { after: Some(("b-1".to_owned(), "n1".to_owned())), ..all.clone() }), (vec!["b-2".to_owned()], None));
        assert_eq!(found(Filter { search: "B-".to_owned(), ..all.clone() }).0, ["b-1", "b-2"]);
        assert_eq!(found(Filter { search: "shop b".to_owned(), ..all.clone() }).0, ["b-1", "b-2"]);
        assert_eq!(found(Filter { search: "south".to_owned(), ..all.clone() }).0, [""; 0]);
        assert_eq!(found(Filter { trouble: true, ..all }).0, ["b-1"]);
        let totals = totals(&rows());
        assert_eq!((totals.boxes, totals.offline, totals.trouble), (3, 1, 1));
        assert_eq!(totals.versions, [("1.2.0".to_owned(), 3)]);
    }
}
