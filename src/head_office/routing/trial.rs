//! An order that is only tried: where it would go by the rules in force, or by a draft, and why. Reads; nothing is kept.

use serde::Deserialize;

use super::engine::{self, Ask, Plan, Wanted};
use super::rules::{Rules, Way};
use super::{book, gather};
use crate::head_office::db::{self, Connection};
use crate::head_office::places::{self, Place, PlaceKind, Position};
use crate::ids::Sku;
use crate::money::{Qty, Unit};

const LINES_MAX: usize = 50;
const DAYS_MAX: u32 = 60;
const DAY_MS: i64 = 86_400_000;

/// As it was typed.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields, default)]
pub struct Trial {
    /// "collect", "ship" or "ship_to_place". Empty: nothing is tried.
    pub way: String,
    pub channel: String,
    /// The store where it is collected, or the place it is shipped to.
    pub place: String,
    pub country: String,
    pub postcode: String,
    /// "53.55, 10.0": where the address is.
    pub position: String,
    /// "tea 2, oat 0.5": articles with their quantities.
    pub articles: String,
    /// Until it is to be there.
    pub days: String,
    /// "no": never.
    pub split: String,
    /// "yes": better a part than nothing.
    pub partial: String,
    /// "draft": by the draft.
    pub rules: String,
}

/// What would become of it.
#[derive(Debug)]
pub struct Tried {
    pub ask: Ask,
    pub plan: Plan,
    pub places: Vec<Place>,
    /// Of the rules; 0: a draft, or nobody has written any.
    pub version: u64,
}

impl Trial {
    pub fn is_empty(&self) -> bool {
        self.way.is_empty()
    }

    pub fn wants_split(&self) -> bool {
        self.split != "no"
    }

    pub fn wants_part(&self) -> bool {
        self.partial == "yes"
    }

    pub fn run(&self, connection: &Connection, now_ms: i64) -> db::Result<Result<Tried, String>> {
        let places = places::all(connection)?;
        let ask = match self.ask(connection, &places, now_ms)? {
            Ok(ask) => ask,
            Err(why) => return Ok(Err(why)),
        };
        let version = match self.rules.as_str() {
            "" => book::newest(connection)?,
            "draft" => match book::draft(connection)? {
                Some(draft) => draft,
                None => return Ok(Err("there is no draft: keep one below, then try it".to_owned())),
            },
            other => return Ok(Err(format!("{other:?} are no rules: leave it out, or write draft"))),
        };
        let rules: Rules = book::meant(&version.document);
        let candidates = gather::candidates(connection, &ask, &places, &rules)?;
        let plan = engine::plan(&ask, &candidates, &rules);
        Ok(Ok(Tried { ask, plan, places, version: version.version }))
    }

    fn ask(&self, connection: &Connection, places: &[Place], now_ms: i64) -> db::Result<Result<Ask, String>> {
        let typed = |text: &str| text.trim().to_owned();
        let named = typed(&self.place);
        let place = places.iter().find(|place| place.place.as_str() == named);
        let (way, chosen, at) = match (self.way.as_str(), place) {
            ("ship", _) => match position(&self.position) {
                Ok(at) => (Way::Ship, None, at),
                Err(why) => return Ok(Err(why)),
            },
            ("collect" | "ship_to_place", None) => return Ok(Err(format!("there is no place {named:?}: choose one of the list"))),
            ("collect", Some(place)) if place.kind != PlaceKind::Store => {
                return Ok(Err(format!("{named} is no store: an order is collected in a store")));
            }
            ("collect", Some(place)) => (Way::Collect, Some(named.clone()), place.at),
            ("ship_to_place", Some(place)) => (Way::ShipToPlace, None, place.at),
            (other, _) => return Ok(Err(format!("{other:?} is no way of delivery: collect, ship or ship_to_place"))),
        };
        let days = match self.days.trim() {
            "" => 2,
            text => match text.parse::<u32>().ok().filter(|days| *days <= DAYS_MAX) {
                Some(days) => days,
                None => return Ok(Err(format!("{text:?}: it is promised for a day from today on, 0 to {DAYS_MAX} days from now"))),
            },
        };
        let lines = match lines(connection, &self.articles)? {
            Ok(lines) => lines,
            Err(why) => return Ok(Err(why)),
        };
        Ok(Ok(Ask {
            channel: typed(&self.channel),
            way,
            chosen,
            country: typed(&self.country).to_uppercase(),
            postcode: typed(&self.postcode),
            at,
            promised_ms: now_ms + i64::from(days) * DAY_MS,
            now_ms,
            may_split: self.wants_split(),
            partial: self.wants_part(),
            may_ask: true,
            lines,
            tried: Vec::new(),
        }))
    }
}

fn lines(connection: &Connection, text: &str) -> db::Result<Result<Vec<Wanted>, String>> {
    let mut lines: Vec<Wanted> = Vec::new();
    for part in text.split([',', ';', '\n']).map(str::trim).filter(|part| !part.is_empty()) {
        let (name, quantity) = part.rsplit_once(char::is_whitespace).unwrap_or((part, "1"));
        let (name, line) = (name.trim(), lines.len() as u32 + 1);
        let known = match Sku::new(name) {
            Ok(sku) => gather::article(connection, &sku)?,
            Err(_) => None,
        };
        let Some(article) = known else {
            return Ok(Err(format!("there is no article {name:?}: write its number and how many, as in “tea 2, oat 1”")));
        };
        let whole = article.unit == Unit::Piece;
        let quantity = match Qty::parse(quantity).filter(|quantity| *quantity > Qty::ZERO && (!whole || quantity.is_whole())) {
            Some(quantity) => quantity.thousandths(),
            None => return Ok(Err(format!("{quantity:?} of {name} cannot be ordered"))),
        };
        if lines.iter().any(|line| line.sku == name) {
            return Ok(Err(format!("{name} stands twice: write it once with the sum")));
        }
        lines.push(Wanted { line, sku: name.to_owned(), quantity, whole });
        if lines.len() > LINES_MAX {
            return Ok(Err(format!("more than {LINES_MAX} articles")));
        }
    }
    Ok(if lines.is_empty() { Err("write at least one article, as in “tea 2, oat 1”".to_owned()) } else { Ok(lines) })
}

/// "53.55, 10.0"; nothing: nobody knows.
fn position(text: &str) -> Result<Option<Position>, String> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let wrong = || format!("{text:?} is no position: write latitude and longitude in degrees, as in “53.55, 10.0”");
    let (north, east) = text.split_once(',').ok_or_else(wrong)?;
    let millionths = |text: &str, degrees: i64| {
        let text = text.trim();
        let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
        let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let digits = whole.strip_prefix('-').unwrap_or(whole);
        if digits.is_empty() || digits.len() > 3 || decimals.len() > 6 || !is_digits(digits) || !is_digits(decimals) {
            return None;
        }
        let value: i64 = format!("{digits}{decimals:0<6}").parse().ok()?;
        (value <= degrees * 1_000_000).then_some(if whole.starts_with('-') { -value } else { value })
    };
    match (millionths(north, 90), millionths(east, 180)) {
        (Some(latitude), Some(longitude)) => Ok(Some(Position { latitude, longitude })),
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_read_as_maps_show_them() {
        let check = |text: &str, expect: Option<(i64, i64)>| {
            let found = position(text).ok().flatten().map(|at| (at.latitude, at.longitude));
            assert_eq!(found, expect, "{text}");
        };
        check("53.55, 10.0", Some((53_550_000, 10_000_000)));
        check("-0.5,-179.999999", Some((-500_000, -179_999_999)));
        check("53", None);
        check("53.1234567, 10", None);
        check("91, 10", None);
        check("+1, 1", None);
        check("", None);
    }
}
