//! The form of a place: as a browser sends it, as it is read, and as it is shown again.

use maud::{Markup, html};
use serde::Deserialize;

use crate::head_office::places::{Draft, Place, PlaceKind, Position, WorkDays};
use crate::ids::PlaceId;
use crate::money::Currency;

/// Fields as they were typed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct PlaceForm {
    /// The place's id; by this name the door knows whose it is.
    pub store: String,
    pub kind: String,
    name: String,
    region: String,
    address: String,
    latitude: String,
    longitude: String,
    time_zone: String,
    ships: String,
    collects: String,
    cutoff: String,
    work_days: String,
    closed_days: String,
    capacity_day: String,
    cost: String,
    lead_days: String,
    stock_hours: String,
    accept_minutes: String,
    active: String,
}

impl PlaceForm {
    /// Of a place that nobody described yet, in the chain's time zone.
    pub fn empty(time_zone: &str) -> PlaceForm {
        PlaceForm {
            kind: PlaceKind::Warehouse.name().to_owned(),
            time_zone: time_zone.to_owned(),
            ships: "yes".to_owned(),
            work_days: "mon-fri".to_owned(),
            cutoff: "14:00".to_owned(),
            lead_days: "0".to_owned(),
            stock_hours: "24".to_owned(),
            accept_minutes: "240".to_owned(),
            active: "yes".to_owned(),
            ..PlaceForm::default()
        }
    }

    pub fn of(place: &Place, currency: &Currency) -> PlaceForm {
        let yes = |is: bool| if is { "yes".to_owned() } else { String::new() };
        let degrees = |millionths: Option<i64>| millionths.map(shown_degrees).unwrap_or_default();
        PlaceForm {
            store: place.place.to_string(),
            kind: place.kind.name().to_owned(),
            name: place.name.clone(),
            region: place.region.clone(),
            address: place.address.clone(),
            latitude: degrees(place.at.map(|at| at.latitude)),
            longitude: degrees(place.at.map(|at| at.longitude)),
            time_zone: place.time_zone.clone(),
            ships: yes(place.ships),
            collects: yes(place.collects),
            cutoff: place.cutoff_minute.map(|minute| format!("{:02}:{:02}", minute / 60, minute % 60)).unwrap_or_default(),
            work_days: place.work_days.names().join(" "),
            closed_days: place.closed_days.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
            capacity_day: place.capacity_day.map(|parts| parts.to_string()).unwrap_or_default(),
            cost: currency.plain(place.cost),
            lead_days: place.lead_days.to_string(),
            stock_hours: place.stock_hours.to_string(),
            accept_minutes: place.accept_minutes.to_string(),
            active: yes(place.active),
        }
    }

    /// What was meant, or all that cannot be read.
    pub fn read(&self, currency: &Currency) -> Result<(PlaceId, Draft), Vec<String>> {
        let mut faults = Vec::new();
        let mut fault = |what: String| faults.push(what);
        let place = PlaceId::new(self.store.trim()).map_err(|why| fault(why.to_string()));
        let kind = PlaceKind::named(&self.kind).ok_or(()).map_err(|()| fault(format!("{:?} is no kind of place", self.kind)));
        let whole = |text: &str, name: &str, fault: &mut dyn FnMut(String)| match text.trim() {
            "" => None,
            text => text.parse::<u32>().map_err(|_| fault(format!("{name}: {text:?} is no whole number"))).ok(),
        };
        let mut draft = Draft::empty();
        draft.capacity_day = whole(&self.capacity_day, "parts a day", &mut fault);
        draft.lead_days = whole(&self.lead_days, "work days", &mut fault).map_or(0, |days| u16::try_from(days).unwrap_or(u16::MAX));
        draft.stock_hours = whole(&self.stock_hours, "hours of stock", &mut fault).unwrap_or(draft.stock_hours);
        draft.accept_minutes = whole(&self.accept_minutes, "minutes of silence", &mut fault).unwrap_or(draft.accept_minutes);
        match self.cutoff.trim() {
            "" => {}
            text => match text.parse::<jiff::civil::Time>() {
                Ok(time) => draft.cutoff_minute = u16::try_from(i32::from(time.hour()) * 60 + i32::from(time.minute())).ok(),
                Err(_) => fault(format!("cut-off: {text:?} is no time: write 14:00")),
            },
        }
        match WorkDays::parse(&self.work_days) {
            Ok(days) => draft.work_days = days,
            Err(why) => fault(format!("work days: {why}")),
        }
        for day in self.closed_days.split([' ', ',', '\n', '\r', '\t']).filter(|day| !day.is_empty()) {
            match day.parse() {
                Ok(day) => drop(draft.closed_days.insert(day)),
                Err(_) => fault(format!("closed days: {day:?} is no day: write 2026-12-24")),
            }
        }
        match self.cost.trim() {
            "" => {}
            text => match currency.parse(text) {
                Some(cost) => draft.cost = cost,
                None => fault(format!("cost: {text:?} is no amount of {}", currency.code)),
            },
        }
        match (self.latitude.trim(), self.longitude.trim()) {
            ("", "") => {}
            (latitude, longitude) => match (degrees(latitude), degrees(longitude)) {
                (Some(latitude), Some(longitude)) => draft.at = Some(Position { latitude, longitude }),
                _ => fault("position: write both in degrees with a point: 52.5200 and 13.4050".to_owned()),
            },
        }
        draft.name.clone_from(&self.name);
        draft.region.clone_from(&self.region);
        draft.address.clone_from(&self.address);
        draft.time_zone.clone_from(&self.time_zone);
        draft.ships = Some(!self.ships.is_empty());
        draft.collects = Some(!self.collects.is_empty());
        draft.active = !self.active.is_empty();
        match (place, kind) {
            (Ok(place), Ok(kind)) if faults.is_empty() => Ok((place, Draft { kind, ..draft })),
            _ => Err(faults),
        }
    }
}

/// "52.52" as millionths, without a float.
fn degrees(text: &str) -> Option<i64> {
    let text = text.replace(',', ".");
    let (sign, text) = text.strip_prefix('-').map_or((1, text.as_str()), |text| (-1, text));
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || whole.len() > 3 || !is_number(whole) || !is_number(part) {
        return None;
    }
    let part: String = part.chars().chain("000000".chars()).take(6).collect();
    Some(sign * (whole.parse::<i64>().ok()? * 1_000_000 + part.parse::<i64>().ok()?))
}

fn shown_degrees(millionths: i64) -> String {
    let sign = if millionths < 0 { "-" } else { "" };
    let whole = millionths.unsigned_abs();
    format!("{sign}{}.{:06}", whole / 1_000_000, whole % 1_000_000)
}

/// `is_known`: of a place that is there; its id and kind stay.
pub fn form(typed: &PlaceForm, is_known: bool) -> Markup {
    let text = |label: &str, name: &str, value: &str, hint: &str| {
        html! { label { (label) input name=(name) value=(value) placeholder=(hint); } }
    };
    let tick = |label: &str, name: &str, value: &str| {
        html! { label .tick { input type="checkbox" name=(name) value="yes" checked[!value.is_empty()]; (label) } }
    };
    html! {
        form .fields.place-fields method="post" action="/places" autocomplete="off" {
            @if is_known {
                input type="hidden" name="store" value=(typed.store);
                input type="hidden" name="kind" value=(typed.kind);
            } @else {
                label { "Id" input name="store" value=(typed.store) required maxlength="32" placeholder="hub-1"; }
                label { "Kind"
                    select name="kind" { @for kind in PlaceKind::ALL { option value=(kind.name()) selected[kind.name() == typed.kind] { (kind.words()) } } }
                }
            }
            (text("Name", "name", &typed.name, "Central warehouse"))
            (text("Region", "region", &typed.region, ""))
            label .broad { "Address, as on a parcel" textarea name="address" rows="3" { (typed.address) } }
            (text("Latitude", "latitude", &typed.latitude, "52.5200"))
            (text("Longitude", "longitude", &typed.longitude, "13.4050"))
            (text("Time zone", "time_zone", &typed.time_zone, "Europe/Berlin"))
            (text("Cut-off", "cutoff", &typed.cutoff, "14:00"))
            (text("Work days", "work_days", &typed.work_days, "mon-fri"))
            (text("Closed on", "closed_days", &typed.closed_days, "2026-12-24 2026-12-25"))
            (text("Leaves after (work days)", "lead_days", &typed.lead_days, "0"))
            (text("Parts a day, at most", "capacity_day", &typed.capacity_day, "no limit"))
            (text("Cost of a part", "cost", &typed.cost, "0.00"))
            (text("Its stock counts for (hours)", "stock_hours", &typed.stock_hours, "24"))
            (text("May be silent for (minutes)", "accept_minutes", &typed.accept_minutes, "240"))
            div .ticks {
                (tick("sends parcels", "ships", &typed.ships))
                (tick("customers fetch there", "collects", &typed.collects))
                (tick("takes parts", "active", &typed.active))
            }
            button .primary { "Save" }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn degrees_are_read_and_shown_without_a_float() {
        let check = |text: &str, expect: Option<i64>| assert_eq!(degrees(text), expect, "{text}");
        check("52.52", Some(52_520_000));
        check("-0,1278", Some(-127_800));
        check("13", Some(13_000_000));
        check("1e2", None);
        check("", None);
        check("1.2.3", None);
        assert_eq!(shown_degrees(-127_800), "-0.127800");
    }

    #[test]
    fn a_form_that_cannot_be_read_names_all_that_is_wrong_and_a_place_survives_its_form() {
        let euro = Currency::from_code("EUR").unwrap();
        let form = PlaceForm {
            store: "hub 1".to_owned(),
            kind: "shed".to_owned(),
            cutoff: "late".to_owned(),
            cost: "a lot".to_owned(),
            ..PlaceForm::empty("UTC")
        };
        let faults = form.read(&euro).unwrap_err().join("\n");
        for part in ["place \"hub 1\" is not valid", "\"shed\" is no kind", "\"late\" is no time", "\"a lot\" is no amount"] {
            assert!(faults.contains(part), "{part}: {faults}");
        }
        let form = PlaceForm {
            store: "hub-1".to_owned(),
            name: "Hub".to_owned(),
            latitude: "50.94".to_owned(),
            longitude: "6.96".to_owned(),
            ..PlaceForm::empty("UTC")
        };
        let (place, draft) = form.read(&euro).unwrap();
        let place = draft.checked(place).unwrap();
        let (again, draft) = PlaceForm::of(&place, &euro).read(&euro).unwrap();
        assert_eq!(draft.checked(again).unwrap(), place);
    }
}
