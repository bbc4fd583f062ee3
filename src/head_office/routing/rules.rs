//! The rules of routing: a document that people read and write (TOML), and what it means once it was checked. Every fault is named before the
//! rules count: what is not known, what can never apply, what goes round in a circle. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use super::engine::{Ask, Candidate};
use crate::head_office::places::PlaceKind;

pub const DOCUMENT_BYTES_MAX: usize = 64 * 1024;
const ROUTES_MAX: usize = 50;
const RULES_MAX: usize = 200;
const GROUPS_MAX: usize = 100;
const NAME_CHARS_MAX: usize = 60;
/// Places that are combined with each other.
pub const PARTS_MAX: u32 = 4;
pub const ATTEMPTS_MAX: u32 = 10;
const POINTS_MAX: i64 = 1_000_000;
const KM_MAX: u32 = 20_000;

/// What counts until somebody writes rules.
pub const DEFAULT: &str = r#"# How orders find the places that serve them. docs/ROUTING.md explains each key.

# So often it is tried to have the same goods served; then a person decides.
attempts = 3

# Of places that can serve an order the one with the fewest points does.
[points]
per_km = 1          # each kilometre from there to the customer
per_cost = 10       # each whole unit of currency that a part costs there
per_open_part = 1   # each part that waits there already
per_day = 20        # each day until they leave or are ready
ask_store = 100     # rights do not cover it: the store has to say

# The first route that fits an order is taken.
[[routes]]
name = "any place"
parts = 3           # it may be split over so many places
late = true         # when nobody is ready in time, late is better than never
"#;

/// How the goods get to the customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    Collect,
    Ship,
    ShipToPlace,
}

impl Way {
    pub fn words(self) -> &'static str {
        match self {
            Way::Collect => "collected in a store",
            Way::Ship => "shipped to an address",
            Way::ShipToPlace => "shipped to a store or pick-up point",
        }
    }
}

/// Which orders something is about. What is left out does not matter.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct When {
    pub ways: BTreeSet<Way>,
    pub channels: BTreeSet<String>,
    /// Two letters.
    pub countries: BTreeSet<String>,
    /// Their beginnings.
    pub postcodes: BTreeSet<String>,
    /// An order that has one of these; of a rule that excludes: these lines alone.
    pub skus: BTreeSet<String>,
}

impl When {
    pub fn fits(&self, ask: &Ask) -> bool {
        let any = |set: &BTreeSet<String>, of: &str| set.is_empty() || set.contains(of);
        (self.ways.is_empty() || self.ways.contains(&ask.way))
            && any(&self.channels, &ask.channel)
            && any(&self.countries, &ask.country)
            && (self.postcodes.is_empty() || self.postcodes.iter().any(|beginning| ask.postcode.starts_with(beginning)))
            && (self.skus.is_empty() || ask.lines.iter().any(|line| self.skus.contains(&line.sku)))
    }

    pub fn is_about(&self, sku: &str) -> bool {
        self.skus.is_empty() || self.skus.contains(sku)
    }

    fn is_always(&self) -> bool {
        *self == When::default()
    }

    /// Whatever fits `other` fits this.
    fn takes_all_of(&self, other: &When) -> bool {
        fn within<T: Ord>(all: &BTreeSet<T>, some: &BTreeSet<T>) -> bool {
            all.is_empty() || (!some.is_empty() && some.is_subset(all))
        }
        let covered = |code: &String| self.postcodes.iter().any(|beginning| code.starts_with(beginning));
        within(&self.ways, &other.ways)
            && within(&self.channels, &other.channels)
            && within(&self.countries, &other.countries)
            && (self.postcodes.is_empty() || (!other.postcodes.is_empty() && other.postcodes.iter().all(covered)))
            && within(&self.skus, &other.skus)
    }
}

/// Checked.
#[derive(Debug, Clone)]
pub struct Rules {
    pub attempts: u32,
    pub points: Points,
    pub groups: BTreeMap<String, Group>,
    pub routes: Vec<Route>,
    pub rules: Vec<Rule>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Points {
    pub per_km: i64,
    /// For each 100 minor units.
    pub per_cost: i64,
    pub per_open_part: i64,
    pub per_day: i64,
    pub ask_store: i64,
}

impl Default for Points {
    fn default() -> Points {
        Points { per_km: 1, per_cost: 10, per_open_part: 1, per_day: 20, ask_store: 100 }
    }
}

/// Places that are named together: whatever is in one of these.
#[derive(Debug, Clone, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Group {
    pub places: BTreeSet<String>,
    pub kinds: BTreeSet<PlaceKind>,
    pub regions: BTreeSet<String>,
    pub groups: BTreeSet<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Route {
    pub name: String,
    #[serde(default)]
    pub when: When,
    /// A group; left out: all places.
    #[serde(default)]
    pub among: Option<String>,
    /// Over how many places an order may be split.
    #[serde(default = "one")]
    pub parts: u32,
    /// An order that is to be collected may go to another store so far from the one that was chosen; 0: never.
    #[serde(default)]
    pub elsewhere_km: u32,
    /// When nobody is ready in time, the others are looked at.
    #[serde(default)]
    pub late: bool,
    /// The route that is tried when this one finds nobody.
    #[serde(default)]
    pub otherwise: Option<String>,
}

fn one() -> u32 {
    1
}

#[derive(Debug, Clone)]
pub struct Rule {
    pub name: String,
    pub when: When,
    /// A group.
    pub places: String,
    pub effect: Effect,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// They do not serve such orders; with articles named, not these lines.
    Exclude,
    /// So many points less.
    Prefer(i64),
}

impl Rules {
    /// Whether a place is in a group. A group that is not there has nobody.
    pub fn is_in(&self, group: &str, of: &Candidate) -> bool {
        self.is_within(group, &Known { place: of.place.clone(), kind: of.kind, region: of.region.clone() }, &mut BTreeSet::new())
    }

    fn is_within<'a>(&'a self, group: &'a str, of: &Known, seen: &mut BTreeSet<&'a str>) -> bool {
        let Some(found) = self.groups.get(group).filter(|_| seen.insert(group)) else { return false };
        found.places.contains(&of.place)
            || found.kinds.contains(&of.kind)
            || (!of.region.is_empty() && found.regions.contains(&of.region))
            || found.groups.iter().any(|inner| self.is_within(inner, of, seen))
    }
}

/// A place that there is.
#[derive(Debug, Clone)]
pub struct Known {
    pub place: String,
    pub kind: PlaceKind,
    pub region: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    attempts: u32,
    #[serde(default)]
    points: Points,
    #[serde(default)]
    groups: BTreeMap<String, Group>,
    #[serde(default)]
    routes: Vec<Route>,
    #[serde(default)]
    rules: Vec<RawRule>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRule {
    name: String,
    #[serde(default)]
    when: When,
    #[serde(default)]
    exclude: Option<String>,
    #[serde(default)]
    prefer: Option<String>,
    #[serde(default)]
    points: Option<i64>,
}

/// Why rules do not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    TooLong,
    Unreadable(String),
    OutOfRange {
        what: String,
        from: i64,
        to: i64,
    },
    TooMany {
        what: &'static str,
        max: usize,
    },
    BadName(String),
    Doubled(String),
    NoRoute,
    UnknownGroup {
        by: String,
        group: String,
    },
    UnknownPlace {
        group: String,
        place: String,
    },
    UnknownRegion {
        group: String,
        region: String,
    },
    UnknownRoute {
        route: String,
        otherwise: String,
    },
    /// The names in a circle, the first one again at the end.
    GroupsLoop(Vec<String>),
    RoutesLoop(Vec<String>),
    NobodyIn {
        group: String,
    },
    NeverReached {
        route: String,
        behind: String,
    },
    /// It asks for what its own way of delivery does not have.
    NeverFits {
        by: String,
    },
    NoEffect {
        rule: String,
    },
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::TooLong => write!(f, "the rules are longer than {DOCUMENT_BYTES_MAX} bytes: name places in groups"),
            Fault::Unreadable(why) => write!(f, "the rules cannot be read: {}", why.trim_end()),
            Fault::OutOfRange { what, from, to } => write!(f, "{what} must be from {from} to {to}"),
            Fault::TooMany { what, max } => write!(f, "there are more than {max} {what}"),
            Fault::BadName(name) => write!(f, "“{name}” is no name: give each route, rule and group 1 to {NAME_CHARS_MAX} characters"),
            Fault::Doubled(name) => write!(f, "“{name}” stands twice: give each route and each rule a name of its own"),
            Fault::NoRoute => f.write_str("there is no route, so no order would go anywhere: write one under [[routes]]"),
            Fault::UnknownGroup { by, group } => write!(f, "“{by}” names the group “{group}”, which there is not: write [groups.{group}]"),
            Fault::UnknownPlace { group, place } => {
                write!(f, "the group “{group}” names the place “{place}”, which there is not: check its id on the page Places")
            }
            Fault::UnknownRegion { group, region } => write!(f, "the group “{group}” names the region “{region}”, in which no place is"),
            Fault::UnknownRoute { route, otherwise } => {
                write!(f, "the route “{route}” hands on to “{otherwise}”, which there is not: name a route, or leave `otherwise` out")
            }
            Fault::GroupsLoop(names) => write!(f, "groups have each other in them: {}: take one of them out", circle(names)),
            Fault::RoutesLoop(names) => {
                write!(f, "routes hand on to each other without an end: {}: leave out the last `otherwise`", circle(names))
            }
            Fault::NobodyIn { group } => write!(f, "no place is in the group “{group}”, so what names it can never apply"),
            Fault::NeverReached { route, behind } => write!(
                f,
                "the route “{route}” can never be taken: “{behind}” stands before it and takes every order that fits it; put it first, or name it as `otherwise`"
            ),
            Fault::NeverFits { by } => write!(
                f,
                "“{by}” can never apply: an order that is collected, or shipped to a place, has no country and no postcode of its own; leave them out, or leave out these ways"
            ),
            Fault::NoEffect { rule } => {
                write!(f, "the rule “{rule}” must say either exclude = \"group\", or prefer = \"group\" with points")
            }
        }
    }
}

fn circle(names: &[String]) -> String {
    names.iter().map(|name| format!("“{name}”")).collect::<Vec<_>>().join(" → ")
}

/// Reads and checks. All faults that can be told apart.
pub fn check(text: &str, places: &[Known]) -> Result<Rules, Vec<Fault>> {
    let rules = read(text)?;
    let mut faults = Vec::new();
    numbers(&rules, &mut faults);
    names(&rules, &mut faults);
    groups_of(&rules, places, &mut faults);
    routes_of(&rules, &mut faults);
    for (name, when) in whens(&rules) {
        let has_address = !when.countries.is_empty() || !when.postcodes.is_empty();
        if has_address && !when.ways.is_empty() && !when.ways.contains(&Way::Ship) {
            faults.push(Fault::NeverFits { by: name.to_owned() });
        }
    }
    if faults.is_empty() { Ok(rules) } else { Err(faults) }
}

/// What a document says, whether it can hold or not.
pub fn read(text: &str) -> Result<Rules, Vec<Fault>> {
    if text.len() > DOCUMENT_BYTES_MAX {
        return Err(vec![Fault::TooLong]);
    }
    let document: Document = toml::from_str(text).map_err(|error| vec![Fault::Unreadable(error.to_string())])?;
    let mut faults = Vec::new();
    let mut rules = Vec::with_capacity(document.rules.len());
    for RawRule { name, when, exclude, prefer, points } in document.rules {
        let (places, effect) = match (exclude, prefer, points) {
            (Some(group), None, None) => (group, Effect::Exclude),
            (None, Some(group), Some(points)) => (group, Effect::Prefer(points)),
            _ => {
                faults.push(Fault::NoEffect { rule: name });
                continue;
            }
        };
        rules.push(Rule { name, when, places, effect });
    }
    let Document { attempts, points, groups, routes, .. } = document;
    if faults.is_empty() { Ok(Rules { attempts, points, groups, routes, rules }) } else { Err(faults) }
}

fn whens(rules: &Rules) -> impl Iterator<Item = (&str, &When)> {
    let of_routes = rules.routes.iter().map(|route| (route.name.as_str(), &route.when));
    of_routes.chain(rules.rules.iter().map(|rule| (rule.name.as_str(), &rule.when)))
}

fn numbers(rules: &Rules, faults: &mut Vec<Fault>) {
    let mut within = |what: String, value: i64, from: i64, to: i64| {
        if !(from..=to).contains(&value) {
            faults.push(Fault::OutOfRange { what, from, to });
        }
    };
    within("attempts".to_owned(), rules.attempts.into(), 1, ATTEMPTS_MAX.into());
    let Points { per_km, per_cost, per_open_part, per_day, ask_store } = rules.points;
    let points =
        [("per_km", per_km), ("per_cost", per_cost), ("per_open_part", per_open_part), ("per_day", per_day), ("ask_store", ask_store)];
    for (name, value) in points {
        within(format!("points.{name}"), value, 0, POINTS_MAX);
    }
    for route in &rules.routes {
        within(format!("parts of the route “{}”", route.name), route.parts.into(), 1, PARTS_MAX.into());
        within(format!("elsewhere_km of the route “{}”", route.name), route.elsewhere_km.into(), 0, KM_MAX.into());
    }
    for rule in &rules.rules {
        if let Effect::Prefer(points) = rule.effect {
            within(format!("points of the rule “{}”", rule.name), points, 1, POINTS_MAX);
        }
    }
    let counts = [("routes", rules.routes.len(), ROUTES_MAX), ("rules", rules.rules.len(), RULES_MAX)];
    let counts = counts.into_iter().chain([("groups", rules.groups.len(), GROUPS_MAX)]);
    faults.extend(counts.filter(|(_, count, max)| count > max).map(|(what, _, max)| Fault::TooMany { what, max }));
    if rules.routes.is_empty() {
        faults.push(Fault::NoRoute);
    }
}

fn names(rules: &Rules, faults: &mut Vec<Fault>) {
    let mut seen = BTreeSet::new();
    for (name, _) in whens(rules) {
        if !seen.insert(name) {
            faults.push(Fault::Doubled(name.to_owned()));
        }
    }
    for name in seen.into_iter().chain(rules.groups.keys().map(String::as_str)) {
        if name.trim().is_empty() || name.chars().count() > NAME_CHARS_MAX || name.chars().any(char::is_control) {
            faults.push(Fault::BadName(name.to_owned()));
        }
    }
}

fn groups_of(rules: &Rules, places: &[Known], faults: &mut Vec<Fault>) {
    let before = faults.len();
    for (name, group) in &rules.groups {
        let unknown = group.places.iter().filter(|place| places.iter().all(|known| known.place != **place));
        faults.extend(unknown.map(|place| Fault::UnknownPlace { group: name.clone(), place: place.clone() }));
        let unknown = group.regions.iter().filter(|region| places.iter().all(|known| known.region != **region));
        faults.extend(unknown.map(|region| Fault::UnknownRegion { group: name.clone(), region: region.clone() }));
        let unknown = group.groups.iter().filter(|inner| !rules.groups.contains_key(*inner));
        faults.extend(unknown.map(|inner| Fault::UnknownGroup { by: name.clone(), group: inner.clone() }));
    }
    let named = rules.routes.iter().filter_map(|route| Some((&route.name, route.among.as_ref()?)));
    for (by, group) in named.chain(rules.rules.iter().map(|rule| (&rule.name, &rule.places))) {
        if !rules.groups.contains_key(group) {
            faults.push(Fault::UnknownGroup { by: by.clone(), group: group.clone() });
        }
    }
    if faults.len() > before {
        return;
    }
    let inner = |name: &str| rules.groups.get(name).map(|group| group.groups.iter().map(String::as_str).collect()).unwrap_or_default();
    if let Some(names) = find_circle(rules.groups.keys().map(String::as_str), inner) {
        faults.push(Fault::GroupsLoop(names));
        return;
    }
    let is_empty = |name: &&String| !places.iter().any(|known| rules.is_within(name, known, &mut BTreeSet::new()));
    faults.extend(rules.groups.keys().filter(is_empty).map(|group| Fault::NobodyIn { group: group.clone() }));
}

fn routes_of(rules: &Rules, faults: &mut Vec<Fault>) {
    for route in &rules.routes {
        if let Some(otherwise) = route.otherwise.as_ref().filter(|name| rules.routes.iter().all(|other| other.name != **name)) {
            faults.push(Fault::UnknownRoute { route: route.name.clone(), otherwise: otherwise.clone() });
        }
    }
    let next = |name: &str| {
        let route = rules.routes.iter().find(|route| route.name == name);
        route.and_then(|route| route.otherwise.as_deref()).into_iter().collect()
    };
    if let Some(names) = find_circle(rules.routes.iter().map(|route| route.name.as_str()), next) {
        faults.push(Fault::RoutesLoop(names));
    }
    for (index, route) in rules.routes.iter().enumerate() {
        let before = rules.routes[..index].iter().find(|before| before.when.is_always() || before.when.takes_all_of(&route.when));
        let is_named = rules.routes.iter().any(|other| other.otherwise.as_ref() == Some(&route.name));
        if let Some(before) = before.filter(|_| !is_named) {
            faults.push(Fault::NeverReached { route: route.name.clone(), behind: before.name.clone() });
        }
    }
}

/// A way from a name back to itself.
fn find_circle<'a>(names: impl Iterator<Item = &'a str>, next: impl Fn(&str) -> Vec<&'a str>) -> Option<Vec<String>> {
    let mut done: BTreeSet<&str> = BTreeSet::new();
    for name in names {
        // The way so far, and of each step what is still to be looked at.
        let mut way: Vec<(&str, Vec<&str>)> = vec![(name, next(name))];
        while let Some((at, open)) = way.last_mut() {
            let at = *at;
            let Some(inner) = open.pop() else {
                done.insert(at);
                way.pop();
                continue;
            };
            if let Some(begin) = way.iter().position(|(name, _)| *name == inner) {
                let circle = way[begin..].iter().map(|(name, _)| *name).chain([inner]);
                return Some(circle.map(str::to_owned).collect());
            }
            if !done.contains(inner) {
                way.push((inner, next(inner)));
            }
        }
    }
    None
}

#[cfg(test)]
mod tests;
