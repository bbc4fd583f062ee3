//! When somebody is to be told of a box: pure. A rule looks at what is known of one box and says what is the matter, or that it cannot know.

use serde::{Deserialize, Serialize};

use super::{BoxRow, REPORT_MS};

/// What a rule looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = AlarmKind)]
pub enum Kind {
    /// Not heard of for so many minutes.
    Silent,
    /// So many finished sales are on its disk and not here.
    Waiting,
    /// A device needs a person for so many minutes.
    Device,
    /// Its clock is off by so many seconds.
    Clock,
    /// Less than so many per cent of its disk are free.
    Disk,
    /// It says itself that a technician should look.
    Alarm,
    /// An incident of it is open.
    Incident,
    /// It refused the configuration that it was sent.
    Configuration,
}

impl Kind {
    pub const ALL: [Kind; 8] =
        [Kind::Silent, Kind::Waiting, Kind::Device, Kind::Clock, Kind::Disk, Kind::Alarm, Kind::Incident, Kind::Configuration];

    pub fn name(self) -> &'static str {
        match self {
            Kind::Silent => "silent",
            Kind::Waiting => "waiting",
            Kind::Device => "device",
            Kind::Clock => "clock",
            Kind::Disk => "disk",
            Kind::Alarm => "alarm",
            Kind::Incident => "incident",
            Kind::Configuration => "configuration",
        }
    }

    pub fn from_name(name: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// What its bound counts; `None`: it has none.
    pub fn unit(self) -> Option<&'static str> {
        match self {
            Kind::Silent | Kind::Device => Some("minutes"),
            Kind::Waiting => Some("sales"),
            Kind::Clock => Some("seconds"),
            Kind::Disk => Some("per cent"),
            Kind::Alarm | Kind::Incident | Kind::Configuration => None,
        }
    }

    /// The bounds that make sense.
    pub fn bounds(self) -> (i64, i64) {
        match self {
            Kind::Silent => (1, 43_200),
            Kind::Device => (0, 43_200),
            Kind::Waiting => (1, 1_000_000),
            Kind::Clock => (2, 86_400),
            Kind::Disk => (1, 99),
            Kind::Alarm | Kind::Incident | Kind::Configuration => (0, 0),
        }
    }
}

/// What a fresh head office looks at: kinds and bounds, for all boxes, told on the page and to webhooks.
pub const AT_FIRST: [(Kind, i64); 6] =
    [(Kind::Silent, 15), (Kind::Device, 15), (Kind::Clock, 60), (Kind::Disk, 10), (Kind::Alarm, 0), (Kind::Incident, 0)];

#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = AlarmRule)]
pub struct Rule {
    pub id: i64,
    pub kind: Kind,
    pub bound: i64,
    /// Empty: of all stores; of all regions.
    pub store: String,
    pub region: String,
    /// Who is written to; none: the page and webhooks tell.
    pub mail: Vec<String>,
    pub made_by: String,
}

impl Rule {
    pub fn is_about(&self, row: &BoxRow) -> bool {
        (self.store.is_empty() || self.store == row.store) && (self.region.is_empty() || self.region == row.region)
    }

    /// As people read it: "not heard of for 15 minutes".
    pub fn words(&self) -> String {
        let bound = self.bound;
        match self.kind {
            Kind::Silent => format!("not heard of for {}", minutes(bound)),
            Kind::Waiting => format!("{bound} or more sales wait there"),
            Kind::Device if bound == 0 => "a device needs somebody".to_owned(),
            Kind::Device => format!("a device needs somebody for {}", minutes(bound)),
            Kind::Clock => format!("its clock is off by {bound} s or more"),
            Kind::Disk => format!("less than {bound} % of its disk are free"),
            Kind::Alarm => "the box itself asks for a technician".to_owned(),
            Kind::Incident => "an incident of it is open".to_owned(),
            Kind::Configuration => "it refused its configuration".to_owned(),
        }
    }
}

fn minutes(count: i64) -> String {
    if count == 1 { "1 minute".to_owned() } else { format!("{count} minutes") }
}

/// Something that is the matter with a box, by one rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matter {
    /// Which device or alarm; empty: the box itself. The same as long as it is the same matter.
    pub thing: String,
    /// For people, without the name of the box.
    pub text: String,
}

/// What a rule sees of a box.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// All that is the matter; none: it is well.
    Matters(Vec<Matter>),
    /// What it would look at is too old: what was the matter stays as it was.
    Unknown,
}

/// Pure; `now_ms` by head office's clock.
pub fn look(rule: &Rule, row: &BoxRow, now_ms: i64) -> Finding {
    let one = |is: bool, text: String| Finding::Matters(is.then(|| Matter { thing: String::new(), text }).into_iter().collect());
    match rule.kind {
        Kind::Silent => {
            let silent_ms = now_ms.saturating_sub(row.last_contact_ms);
            one(silent_ms >= rule.bound.saturating_mul(60_000), "was not heard of any more; the shop goes on by itself".to_owned())
        }
        Kind::Waiting => one(
            i64::try_from(row.transactions_waiting).unwrap_or(i64::MAX) >= rule.bound,
            "has sales on its disk that do not come here".to_owned(),
        ),
        Kind::Incident => one(row.incidents > 0, "has an open incident".to_owned()),
        Kind::Device | Kind::Clock | Kind::Disk | Kind::Alarm | Kind::Configuration => match row.report.as_ref() {
            Some(report) if now_ms - report.received_ms <= REPORT_MS => Finding::Matters(by_report(rule, report, now_ms)),
            Some(_) | None => Finding::Unknown,
        },
    }
}

fn by_report(rule: &Rule, report: &super::Reported, now_ms: i64) -> Vec<Matter> {
    let box_itself = |is: bool, text: &str| is.then(|| Matter { thing: String::new(), text: text.to_owned() }).into_iter().collect();
    match rule.kind {
        Kind::Device => {
            // By the box's own clock, so that one that is wrong counts right.
            let box_now_ms = now_ms.saturating_add(report.clock_off_ms);
            let is_long = |since_ms: i64| box_now_ms.saturating_sub(since_ms) >= rule.bound.saturating_mul(60_000);
            let down = report.said.devices.iter().filter(|device| device.is_down() && is_long(device.since_ms));
            down.map(|device| {
                let what = if device.hint.is_empty() { device.cause.replace('_', " ") } else { device.hint.clone() };
                Matter { thing: device.name.clone(), text: format!("{}: {what}", device.name) }
            })
            .collect()
        }
        Kind::Clock => box_itself(
            report.clock_off_ms.saturating_abs() >= rule.bound.saturating_mul(1_000),
            "has a wrong clock: check its time service",
        ),
        Kind::Disk => box_itself(
            report.disk_free_percent().is_some_and(|percent| i64::try_from(percent).is_ok_and(|percent| percent < rule.bound)),
            "has a disk that is nearly full: free some space",
        ),
        Kind::Alarm => report.said.alarms.iter().map(|words| Matter { thing: words.clone(), text: format!("says: {words}") }).collect(),
        Kind::Configuration => {
            let refused = &report.said.configuration.refused;
            box_itself(!refused.is_empty(), &format!("refused configuration {}: {refused}", report.said.configuration.wanted))
        }
        Kind::Silent | Kind::Waiting | Kind::Incident => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Reported;
    use super::*;
    use crate::sync::wire::{DeviceReport, NodeReport};

    const NOW: i64 = 1_800_000_000_000;

    fn rule(kind: Kind, bound: i64) -> Rule {
        Rule { id: 1, kind, bound, store: String::new(), region: String::new(), mail: Vec::new(), made_by: String::new() }
    }

    fn row(said: NodeReport, clock_off_ms: i64, report_age_ms: i64) -> BoxRow {
        BoxRow {
            store: "berlin-1".to_owned(),
            store_name: "Berlin".to_owned(),
            region: "north".to_owned(),
            node: "n1".to_owned(),
            last_contact_ms: NOW - 10_000,
            online: true,
            records_waiting: 0,
            transactions_waiting: 7,
            incidents: 0,
            exceptions: 0,
            alarms: 0,
            configuration: 0,
            report: Some(Reported { received_ms: NOW - report_age_ms, clock_off_ms, said }),
        }
    }

    fn is_raised(rule: &Rule, row: &BoxRow) -> bool {
        match look(rule, row, NOW) {
            Finding::Matters(matters) => !matters.is_empty(),
            Finding::Unknown => panic!("it should know: {rule:?}"),
        }
    }

    #[test]
    fn each_kind_is_raised_at_its_bound_and_not_before() {
        let well = row(NodeReport { disk_free: 10, disk_total: 100, ..NodeReport::default() }, 0, 1_000);
        let since = |ago_ms: i64| BoxRow { last_contact_ms: NOW - ago_ms, ..well.clone() };
        assert!(is_raised(&rule(Kind::Silent, 15), &since(15 * 60_000)) && !is_raised(&rule(Kind::Silent, 15), &since(15 * 60_000 - 1)));
        assert!(is_raised(&rule(Kind::Waiting, 7), &well) && !is_raised(&rule(Kind::Waiting, 8), &well));
        assert!(!is_raised(&rule(Kind::Disk, 10), &well) && is_raised(&rule(Kind::Disk, 11), &well));
        assert!(!is_raised(&rule(Kind::Incident, 0), &well));
        assert!(is_raised(&rule(Kind::Incident, 0), &BoxRow { incidents: 1, ..well.clone() }));
        for off_ms in [-60_000, 60_000] {
            let off = row(NodeReport::default(), off_ms, 1_000);
            assert!(is_raised(&rule(Kind::Clock, 60), &off) && !is_raised(&rule(Kind::Clock, 61), &off));
        }
    }

    #[test]
    fn a_device_counts_by_the_clock_of_its_box() {
        let device = |since_ms| DeviceReport {
            name: "printer-1".to_owned(),
            state: "attention".to_owned(),
            cause: "paper_out".to_owned(),
            since_ms,
            ..DeviceReport::default()
        };
        let day_ms = 86_400_000;
        // The box believes it to be a day earlier.
        let of = |ago_ms: i64| row(NodeReport { devices: vec![device(NOW - day_ms - ago_ms)], ..NodeReport::default() }, -day_ms, 1_000);
        assert!(!is_raised(&rule(Kind::Device, 15), &of(15 * 60_000 - 1)));
        let Finding::Matters(matters) = look(&rule(Kind::Device, 15), &of(15 * 60_000), NOW) else { panic!() };
        assert_eq!(matters, [Matter { thing: "printer-1".to_owned(), text: "printer-1: paper out".to_owned() }]);
    }

    #[test]
    fn what_an_old_report_says_is_not_known_any_more() {
        let old = row(NodeReport::default(), 0, REPORT_MS + 1);
        for kind in [Kind::Device, Kind::Clock, Kind::Disk, Kind::Alarm, Kind::Configuration] {
            assert_eq!(look(&rule(kind, 1), &old, NOW), Finding::Unknown, "{kind:?}");
            assert_eq!(look(&rule(kind, 1), &BoxRow { report: None, ..old.clone() }, NOW), Finding::Unknown, "{kind:?}");
        }
    }

    #[test]
    fn a_rule_is_about_its_store_or_region_alone() {
        let row = row(NodeReport::default(), 0, 0);
        let of = |store: &str, region: &str| Rule { store: store.to_owned(), region: region.to_owned(), ..rule(Kind::Silent, 1) };
        assert!(of("", "").is_about(&row) && of("berlin-1", "").is_about(&row) && of("", "north").is_about(&row));
        assert!(!of("berlin-2", "").is_about(&row) && !of("", "south").is_about(&row));
    }

    #[test]
    fn names_come_back() {
        for kind in Kind::ALL {
            assert_eq!(Kind::from_name(kind.name()), Some(kind));
        }
    }
}
