//! Rules and reasoning as sentences, for people. Pure.

use std::collections::BTreeSet;

use super::calendar::Day;
use super::engine::{Dropped, What};
use super::rules::{Effect, Group, Route, Rule, Rules, When};
use crate::head_office::places::PlaceKind;
use crate::money::Qty;

/// The rules, part by part.
pub struct Sentences {
    pub general: Vec<String>,
    /// A name and what it means.
    pub routes: Vec<(String, String)>,
    pub rules: Vec<(String, String)>,
    pub groups: Vec<(String, String)>,
}

pub fn sentences(rules: &Rules) -> Sentences {
    let points = &rules.points;
    let summands = [
        (points.per_km, "for each kilometre"),
        (points.per_cost, "for each 1.00 that a part costs there"),
        (points.per_open_part, "for each part that waits there already"),
        (points.per_day, "for each day until they leave or are ready"),
        (points.ask_store, "when no rights cover it and the store has to say"),
    ];
    let summands: Vec<String> =
        summands.into_iter().filter(|(points, _)| *points > 0).map(|(points, of)| format!("{points} {of}")).collect();
    let summands = if summands.is_empty() { "none are counted".to_owned() } else { summands.join(", ") };
    Sentences {
        general: vec![
            format!(
                "It is tried {} to have the same goods served, never twice by the same place; then a person decides.",
                if rules.attempts == 1 { "once".to_owned() } else { format!("{} times", rules.attempts) }
            ),
            format!("Of the places that can serve an order the fewest parts win, then the fewest points: {summands}."),
        ],
        routes: rules.routes.iter().map(|route| (route.name.clone(), of_route(route))).collect(),
        rules: rules.rules.iter().map(|rule| (rule.name.clone(), of_rule(rule))).collect(),
        groups: rules.groups.iter().map(|(name, group)| (name.clone(), of_group(group))).collect(),
    }
}

fn of_route(route: &Route) -> String {
    let mut text = format!("Takes {}", orders(&route.when));
    text += &match &route.among {
        Some(group) => format!(", and looks among “{group}”"),
        None => ", and looks everywhere".to_owned(),
    };
    text += &match route.parts {
        1 => "; never split".to_owned(),
        parts => format!("; in up to {parts} parts"),
    };
    if route.elsewhere_km > 0 {
        text += &format!(
            "; what is collected may go to another store within {} km of the chosen one, when that has the goods for certain",
            route.elsewhere_km
        );
    }
    if route.late {
        text += "; when nobody is ready in time, late is better than never";
    }
    text += &match &route.otherwise {
        Some(otherwise) => format!(". When it finds nobody, “{otherwise}” is tried."),
        None => ". When it finds nobody, the order waits.".to_owned(),
    };
    text
}

fn of_rule(rule: &Rule) -> String {
    match rule.effect {
        Effect::Prefer(points) => format!("Of {}: a place in “{}” has {points} points less.", orders(&rule.when), rule.places),
        Effect::Exclude if rule.when.skus.is_empty() => {
            format!("Of {}: no place in “{}” serves them.", orders(&rule.when), rule.places)
        }
        Effect::Exclude => {
            let others = When { skus: BTreeSet::new(), ..rule.when.clone() };
            format!("Of {}: no place in “{}” serves the lines with {}.", orders(&others), rule.places, list(&rule.when.skus, "or"))
        }
    }
}

fn orders(when: &When) -> String {
    let mut parts = Vec::new();
    if !when.ways.is_empty() {
        parts.push(format!("that are {}", when.ways.iter().map(|way| way.words()).collect::<Vec<_>>().join(" or ")));
    }
    if !when.channels.is_empty() {
        parts.push(format!("from {}", list(&when.channels, "or")));
    }
    if !when.countries.is_empty() {
        parts.push(format!("to {}", list(&when.countries, "or")));
    }
    if !when.postcodes.is_empty() {
        parts.push(format!("to postcodes that begin with {}", list(&when.postcodes, "or")));
    }
    if !when.skus.is_empty() {
        parts.push(format!("with {}", list(&when.skus, "or")));
    }
    if parts.is_empty() { "all orders".to_owned() } else { format!("orders {}", parts.join(", ")) }
}

fn of_group(group: &Group) -> String {
    let mut parts = Vec::new();
    if !group.places.is_empty() {
        parts.push(list(&group.places, "and"));
    }
    parts.extend(group.kinds.iter().map(|kind| every(*kind).to_owned()));
    parts.extend(group.regions.iter().map(|region| format!("every place in {region}")));
    parts.extend(group.groups.iter().map(|inner| format!("all of “{inner}”")));
    match parts.is_empty() {
        true => "Nobody.".to_owned(),
        false => format!("{}.", first_upper(&parts.join("; "))),
    }
}

fn every(kind: PlaceKind) -> &'static str {
    match kind {
        PlaceKind::Store => "every store",
        PlaceKind::Warehouse => "every warehouse",
        PlaceKind::ThirdParty => "every third-party logistics provider",
        PlaceKind::Supplier => "every drop-ship supplier",
    }
}

fn first_upper(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

fn list(names: &BTreeSet<String>, word: &str) -> String {
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    match names.as_slice() {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [many @ .., last] => format!("{} {word} {last}", many.join(", ")),
    }
}

fn counted(count: u32, singular: &str) -> String {
    if count == 1 { format!("1 {singular}") } else { format!("{count} {singular}s") }
}

/// Why a place does not serve it.
pub fn dropped(why: &Dropped) -> String {
    match why {
        Dropped::NotActive => "is switched off".to_owned(),
        Dropped::DoesNotShip => "does not ship".to_owned(),
        Dropped::DoesNotCollect => "hands nothing out to customers".to_owned(),
        Dropped::NotChosen => "the customer chose another store".to_owned(),
        Dropped::TooFar { km, km_max } => format!("is {km} km from the chosen store, {km_max} are allowed"),
        Dropped::NoPosition => "nobody knows how far it is from the chosen store".to_owned(),
        Dropped::NotAmong { group } => format!("is not among “{group}”"),
        Dropped::Excluded { rule } => format!("the rule “{rule}” excludes it"),
        Dropped::TriedBefore => "was asked for these goods before".to_owned(),
        Dropped::Full { taken, capacity } => format!("is full today: {taken} of {capacity} parts"),
        Dropped::NeverOpen => "does not work in the next weeks".to_owned(),
        Dropped::TooLate { ready } => format!("is not ready before {}, after the promised day", day(*ready)),
        Dropped::StockOld => "its report of stock is too old".to_owned(),
        Dropped::StockUnknown => "nobody knows what it has".to_owned(),
        Dropped::NoStock => "has none of it that can be promised".to_owned(),
    }
}

/// What a place's points are made of.
pub fn summand(of: &What) -> String {
    match of {
        What::Distance { km } => format!("{km} km"),
        What::Cost { minor } => format!("{}.{:02} of cost", minor / 100, minor % 100),
        What::Open { parts } => format!("{} waiting", counted(*parts, "part")),
        What::Days { days } => counted(*days, "day"),
        What::AskStore => "has to be asked".to_owned(),
        What::Preferred { rule } => format!("rule “{rule}”"),
    }
}

pub fn day(day: Day) -> String {
    day.strftime("%a %-d %b").to_string()
}

/// "2", "0.5".
pub fn quantity(thousandths: i64) -> String {
    Qty::from_thousandths(thousandths).plain()
}
