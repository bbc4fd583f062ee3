//! Which places serve an order, and why: one pure function from what is asked, what each place can and the rules to a plan that carries the whole
//! reasoning. No database, clock or randomness; the same question has the same answer, in whatever order the places are given.

use std::collections::BTreeSet;

use serde::Serialize;

use super::calendar::{Calendar, Day};
use super::choose;
use super::rules::{Effect, Points, Route, Rules, Way};
use crate::head_office::places::{PlaceKind, Position};

/// What an order wants, as far as it matters here.
#[derive(Debug, Clone)]
pub struct Ask {
    pub channel: String,
    pub way: Way,
    /// The store the customer chose to collect it in.
    pub chosen: Option<String>,
    pub country: String,
    pub postcode: String,
    /// Where the goods are to be: the address, the chosen store or the pick-up point. `None`: nobody knows.
    pub at: Option<Position>,
    pub promised_ms: i64,
    pub now_ms: i64,
    pub may_split: bool,
    /// Better a part of it than nothing.
    pub partial: bool,
    /// The chosen store may be asked for what no rights cover.
    pub may_ask: bool,
    pub lines: Vec<Wanted>,
    /// Places that were asked before, each with the lines it was asked for.
    pub tried: Vec<(String, BTreeSet<u32>)>,
}

#[derive(Debug, Clone)]
pub struct Wanted {
    pub line: u32,
    pub sku: String,
    /// Thousandths.
    pub quantity: i64,
    /// It is counted in pieces.
    pub whole: bool,
}

/// A place, as far as it matters here.
#[derive(Debug, Clone)]
pub struct Candidate {
    pub place: String,
    pub kind: PlaceKind,
    pub region: String,
    pub at: Option<Position>,
    pub ships: bool,
    pub collects: bool,
    pub active: bool,
    pub calendar: Calendar,
    /// Parts it takes on a day; `None`: any number.
    pub capacity: Option<u32>,
    pub taken_today: u32,
    /// Parts that it has and that are not over.
    pub open: u32,
    /// Minor units for each part.
    pub cost: i64,
    /// Of each line of the ask, in its order.
    pub stock: Vec<Stock>,
}

/// What a place has of an article, in thousandths.
#[derive(Debug, Clone, Copy, Default)]
pub struct Stock {
    /// Can be promised at once.
    pub certain: i64,
    /// Its report is older than the place's stock may be.
    pub is_old: bool,
    pub is_unknown: bool,
}

/// Why a place does not serve the order. Each has its sentence in [`super::words`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum Dropped {
    NotActive,
    DoesNotShip,
    DoesNotCollect,
    /// The customer chose another store, and the route does not go elsewhere.
    NotChosen,
    TooFar {
        km: u32,
        km_max: u32,
    },
    NoPosition,
    NotAmong {
        group: String,
    },
    Excluded {
        rule: String,
    },
    TriedBefore,
    Full {
        taken: u32,
        capacity: u32,
    },
    NeverOpen,
    TooLate {
        ready: Day,
    },
    StockOld,
    StockUnknown,
    NoStock,
}

/// One summand of a place's points.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Summand {
    pub of: What,
    pub points: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum What {
    Distance { km: u32 },
    Cost { minor: i64 },
    Open { parts: u32 },
    Days { days: u32 },
    AskStore,
    Preferred { rule: String },
}

/// A place that can serve something of the order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Offer {
    /// Of each line, in thousandths, no more than is wanted.
    pub covers: Vec<i64>,
    /// Rights do not cover all of it: the store has to say.
    pub asks_store: bool,
    pub ready: Day,
    /// Behind the day that was promised.
    pub is_late: bool,
    /// Fewest win.
    pub points: i64,
    pub summands: Vec<Summand>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Considered {
    pub place: String,
    /// Lines it may not have, by rules or because it was asked for them before.
    pub closed_lines: Vec<u32>,
    #[serde(flatten)]
    pub verdict: Verdict,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Everything that speaks against it.
    Dropped(Vec<Dropped>),
    Kept(Offer),
}

/// One route that was tried, with every place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RouteTried {
    pub route: String,
    /// In time nobody could: places that are late were looked at as well.
    pub late: bool,
    /// All of it nobody could: a part of it was looked for.
    pub in_part: bool,
    pub parts_max: u32,
    /// Kept ones first, fewest points first; then the others by name.
    pub places: Vec<Considered>,
    pub found: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlannedPart {
    pub place: String,
    /// Line and thousandths.
    pub lines: Vec<(u32, i64)>,
    pub asks_store: bool,
    pub is_late: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Plan {
    /// Route by route as it was thought through; the last one is the one that was taken, if any was.
    pub steps: Vec<RouteTried>,
    /// None: nobody can serve it now.
    pub parts: Vec<PlannedPart>,
    /// What no part has: line and thousandths.
    pub missing: Vec<(u32, i64)>,
}

/// Thinks it through: the first route that fits the order, then those it hands on to. Of each, the fewest parts win, then the fewest points.
pub fn plan(ask: &Ask, candidates: &[Candidate], rules: &Rules) -> Plan {
    let mut steps = Vec::new();
    let mut next = rules.routes.iter().position(|route| route.when.fits(ask));
    // Rules that loop are refused before they count; should one be here all the same, no route is tried twice.
    let mut routes: Vec<&Route> = Vec::new();
    while let Some(route) = next.map(|index| &rules.routes[index]).filter(|route| routes.iter().all(|before| before.name != route.name)) {
        routes.push(route);
        next = route.otherwise.as_ref().and_then(|name| rules.routes.iter().position(|route| route.name == *name));
    }
    // All of it somewhere, also late, before a part of it anywhere.
    for in_part in [false, true].into_iter().filter(|in_part| !in_part || ask.partial) {
        for route in &routes {
            for late in [false, true].into_iter().filter(|late| !late || route.late) {
                let (step, parts) = along(ask, candidates, rules, route, Pass { late, in_part });
                steps.push(step);
                if !parts.is_empty() {
                    let missing = missing(ask, &parts);
                    return Plan { steps, parts, missing };
                }
            }
        }
    }
    Plan { steps, parts: Vec::new(), missing: missing(ask, &[]) }
}

/// How much is asked of a route.
#[derive(Clone, Copy)]
struct Pass {
    /// Places that are behind the promised day will do.
    late: bool,
    /// A part of the order will do.
    in_part: bool,
}

fn along(ask: &Ask, candidates: &[Candidate], rules: &Rules, route: &Route, pass: Pass) -> (RouteTried, Vec<PlannedPart>) {
    let Pass { late, in_part } = pass;
    let mut places: Vec<Considered> = candidates.iter().map(|candidate| consider(ask, candidate, rules, route, late)).collect();
    places.sort_by(|a, b| (rank(a), &a.place).cmp(&(rank(b), &b.place)));
    let parts_max = match (ask.way, ask.may_split) {
        // One customer, one store, one code.
        (Way::Collect, _) | (_, false) => 1,
        (Way::Ship | Way::ShipToPlace, true) => route.parts,
    };
    let offers: Vec<(&str, &Offer)> = places
        .iter()
        .filter_map(|place| match &place.verdict {
            Verdict::Kept(offer) => Some((place.place.as_str(), offer)),
            Verdict::Dropped(_) => None,
        })
        .collect();
    let parts = choose::choose(ask, &offers, parts_max, in_part);
    let found = !parts.is_empty();
    (RouteTried { route: route.name.clone(), late, in_part, parts_max, places, found }, parts)
}

fn rank(considered: &Considered) -> (bool, i64) {
    match &considered.verdict {
        Verdict::Kept(offer) => (false, offer.points),
        Verdict::Dropped(_) => (true, 0),
    }
}

/// Every check, also behind the first that fails, so that a person sees all that stands against a place.
fn consider(ask: &Ask, of: &Candidate, rules: &Rules, route: &Route, late: bool) -> Considered {
    let mut against = Vec::new();
    let is_chosen = ask.chosen.as_ref() == Some(&of.place);
    let km = ask.at.zip(of.at).map(|(from, to)| km(from, to));
    if !of.active {
        against.push(Dropped::NotActive);
    }
    match ask.way {
        Way::Collect if !of.collects => against.push(Dropped::DoesNotCollect),
        Way::Ship | Way::ShipToPlace if !of.ships => against.push(Dropped::DoesNotShip),
        Way::Collect | Way::Ship | Way::ShipToPlace => {}
    }
    if ask.way == Way::Collect && !is_chosen {
        match (route.elsewhere_km, km) {
            (0, _) => against.push(Dropped::NotChosen),
            (_, None) => against.push(Dropped::NoPosition),
            (km_max, Some(km)) if km > km_max => against.push(Dropped::TooFar { km, km_max }),
            (_, Some(_)) => {}
        }
    }
    if let Some(group) = route.among.as_ref().filter(|group| !rules.is_in(group, of)) {
        against.push(Dropped::NotAmong { group: group.clone() });
    }
    let mut closed: BTreeSet<u32> = ask.tried.iter().filter(|(place, _)| *place == of.place).flat_map(|(_, lines)| lines.clone()).collect();
    if !closed.is_empty() && ask.lines.iter().all(|line| closed.contains(&line.line)) {
        against.push(Dropped::TriedBefore);
    }
    let mut preferred = Vec::new();
    for rule in rules.rules.iter().filter(|rule| rule.when.fits(ask) && rules.is_in(&rule.places, of)) {
        match rule.effect {
            Effect::Prefer(points) => preferred.push(Summand { of: What::Preferred { rule: rule.name.clone() }, points: -points }),
            Effect::Exclude => {
                let lines: Vec<u32> = ask.lines.iter().filter(|line| rule.when.is_about(&line.sku)).map(|line| line.line).collect();
                closed.extend(&lines);
                if lines.len() == ask.lines.len() {
                    against.push(Dropped::Excluded { rule: rule.name.clone() });
                }
            }
        }
    }
    if let Some(capacity) = of.capacity.filter(|capacity| of.taken_today >= *capacity) {
        against.push(Dropped::Full { taken: of.taken_today, capacity });
    }
    let ready = of.calendar.ready(ask.now_ms);
    let days = ready.map(|ready| of.calendar.days_until(ask.now_ms, ready));
    let is_late = ready.is_some_and(|ready| ready > of.calendar.day(ask.promised_ms));
    match ready {
        None => against.push(Dropped::NeverOpen),
        Some(ready) if is_late && !late => against.push(Dropped::TooLate { ready }),
        Some(_) => {}
    }
    let (covers, asks_store) = covers(ask, of, is_chosen, &closed);
    if covers.iter().all(|covered| *covered == 0) && against.is_empty() {
        let open = || of.stock.iter().zip(&ask.lines).filter(|(_, line)| !closed.contains(&line.line)).map(|(stock, _)| stock);
        against.push(match () {
            () if open().any(|stock| stock.is_old) => Dropped::StockOld,
            () if open().all(|stock| stock.is_unknown) => Dropped::StockUnknown,
            () => Dropped::NoStock,
        });
    }
    let closed_lines = closed.into_iter().collect();
    let verdict = match ready.filter(|_| against.is_empty()) {
        None => Verdict::Dropped(against),
        Some(ready) => {
            let summands = summands(&rules.points, of, km, days.unwrap_or_default(), asks_store, preferred);
            let points = summands.iter().map(|summand| summand.points).sum();
            Verdict::Kept(Offer { covers, asks_store, ready, is_late, points, summands })
        }
    };
    Considered { place: of.place.clone(), closed_lines, verdict }
}

/// What it has of each line. The store that the customer chose can always be asked for all of it: it knows its shelf better than we do.
/// Elsewhere an order goes for what is certain alone, and a place without a node has nothing on request.
fn covers(ask: &Ask, of: &Candidate, is_chosen: bool, closed: &BTreeSet<u32>) -> (Vec<i64>, bool) {
    let can_be_asked = ask.way == Way::Collect && is_chosen && ask.may_ask;
    let of_line = |(line, stock): (&Wanted, &Stock)| match () {
        () if closed.contains(&line.line) => 0,
        () if can_be_asked => line.quantity,
        () if stock.is_old => 0,
        () if line.whole => stock.certain.clamp(0, line.quantity) / 1000 * 1000,
        () => stock.certain.clamp(0, line.quantity),
    };
    let covers = ask.lines.iter().zip(&of.stock).map(of_line).collect();
    let asks = can_be_asked && ask.lines.iter().zip(&of.stock).any(|(line, stock)| stock.certain < line.quantity);
    (covers, asks)
}

fn summands(points: &Points, of: &Candidate, km: Option<u32>, days: u32, asks_store: bool, preferred: Vec<Summand>) -> Vec<Summand> {
    let mut summands = Vec::new();
    let mut add = |of: What, points: i64| {
        if points != 0 {
            summands.push(Summand { of, points });
        }
    };
    if let Some(km) = km {
        add(What::Distance { km }, i64::from(km) * points.per_km);
    }
    add(What::Cost { minor: of.cost }, of.cost.saturating_mul(points.per_cost) / 100);
    add(What::Open { parts: of.open }, i64::from(of.open) * points.per_open_part);
    add(What::Days { days }, i64::from(days) * points.per_day);
    if asks_store {
        add(What::AskStore, points.ask_store);
    }
    summands.extend(preferred);
    summands
}

fn missing(ask: &Ask, parts: &[PlannedPart]) -> Vec<(u32, i64)> {
    let given =
        |line: u32| -> i64 { parts.iter().flat_map(|part| &part.lines).filter(|(of, _)| *of == line).map(|(_, quantity)| quantity).sum() };
    ask.lines.iter().map(|line| (line.line, line.quantity - given(line.line))).filter(|(_, lacking)| *lacking > 0).collect()
}

/// As the crow flies, on a ball; good to one per cent, which is better than any road.
pub fn km(from: Position, to: Position) -> u32 {
    const EARTH_KM: f64 = 6_371.0;
    let radians = |millionths: i64| (millionths as f64 / 1e6).to_radians();
    let (lat1, lat2) = (radians(from.latitude), radians(to.latitude));
    let (north, east) = (lat2 - lat1, radians(to.longitude) - radians(from.longitude));
    let half = (north / 2.0).sin().powi(2) + lat1.cos() * lat2.cos() * (east / 2.0).sin().powi(2);
    (2.0 * EARTH_KM * half.sqrt().min(1.0).asin()).round() as u32
}
