//! How a channel's own JSON (or the columns of its CSV) says what our order says: a list of rules, each of one of our fields. Pure.

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use super::order::{Fault, SentOrder};
use crate::money::{Currency, Money, Qty};

const RULES_MAX: usize = 100;
const PATH_CHARS_MAX: usize = 200;
const TABLE_MAX: usize = 2_000;
/// What is shown of a value.
const SHOWN_CHARS_MAX: usize = 80;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    pub fields: Vec<Rule>,
    pub lines: Lines,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = MappingLines)]
pub struct Lines {
    /// Where the list of lines is: "items", "order.positions".
    pub from: String,
    pub fields: Vec<Rule>,
    /// Lines that are none of goods, such as postage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skip: Option<Skip>,
}

/// Lines whose field has one of these values are passed over.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = MappingSkip)]
pub struct Skip {
    pub from: String,
    pub values: BTreeSet<String>,
}

/// One of our fields: taken from theirs, or the same for every order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = MappingRule)]
pub struct Rule {
    /// "name", "to.city", "quantity".
    pub to: String,
    /// "customer.first_name"; of several the filled ones are joined with a blank.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Source>,
    /// As it is written in our names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Json>,
    /// How theirs is written, where it is not as one would think.
    #[serde(default, rename = "as", skip_serializing_if = "Option::is_none")]
    pub written: Option<Written>,
    /// Theirs to ours; what is not in it is a fault.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub table: BTreeMap<String, String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(untagged)]
#[schema(as = MappingSource)]
pub enum Source {
    One(String),
    Several(Vec<String>),
}

impl Source {
    fn paths(&self) -> &[String] {
        match self {
            Source::One(path) => std::slice::from_ref(path),
            Source::Several(paths) => paths,
        }
    }
}

/// How a value is written on their side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = HowWritten)]
pub enum Written {
    Text,
    /// Lines of text, as a list or with line ends.
    Lines,
    /// "2", 2, "0.250".
    Units,
    Thousandths,
    /// "19.90", 19.9, "19,90".
    Amount,
    /// Cents.
    Minor,
    /// "2026-11-27T18:00:00Z"; without an offset, by the clocks of the chain.
    Time,
    /// Since 1970.
    Seconds,
    Milliseconds,
    Yes,
    Count,
    /// "52.52".
    Degrees,
}

/// Our fields, and how one would think that theirs are written.
const FIELDS: [(&str, Written); 25] = [
    ("number", Written::Text),
    ("version", Written::Count),
    ("fulfilment", Written::Text),
    ("store", Written::Text),
    ("place", Written::Text),
    ("to.name", Written::Text),
    ("to.street", Written::Lines),
    ("to.postcode", Written::Text),
    ("to.city", Written::Text),
    ("to.region", Written::Text),
    ("to.country", Written::Text),
    ("to.lat", Written::Degrees),
    ("to.lon", Written::Degrees),
    ("promised_ms", Written::Time),
    ("expires_ms", Written::Time),
    ("initials", Written::Text),
    ("name", Written::Text),
    ("phone", Written::Text),
    ("email", Written::Text),
    ("language", Written::Text),
    ("customer", Written::Text),
    ("without_rights", Written::Text),
    ("substitution", Written::Text),
    ("may_split", Written::Yes),
    ("partial", Written::Yes),
];
const LINE_FIELDS: [(&str, Written); 8] = [
    ("sku", Written::Text),
    ("gtin", Written::Text),
    ("article", Written::Text),
    ("quantity", Written::Units),
    ("unit_price", Written::Amount),
    ("pay_in_store", Written::Yes),
    ("zone", Written::Text),
    ("location", Written::Text),
];

/// By what texts are read.
#[derive(Clone, Copy)]
pub struct Reading<'a> {
    pub currency: &'a Currency,
    pub time_zone: &'a TimeZone,
}

/// What one rule took, for whoever tries a mapping out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Took {
    pub to: String,
    pub from: String,
    pub value: String,
    pub became: String,
}

impl Mapping {
    /// The columns of a CSV file that has our names.
    pub fn of_our_columns() -> Mapping {
        let rules = |fields: &[(&str, Written)]| {
            let rule = |name: &str| Rule {
                to: name.to_owned(),
                from: Some(Source::One(name.trim_end_matches("_ms").replace('.', "_"))),
                value: None,
                written: None,
                table: BTreeMap::new(),
            };
            fields.iter().map(|(name, _)| rule(name)).collect()
        };
        Mapping { fields: rules(&FIELDS), lines: Lines { from: "rows".to_owned(), fields: rules(&LINE_FIELDS), skip: None } }
    }

    /// Columns of a CSV file that lines are made of.
    pub fn line_columns(&self) -> BTreeSet<&str> {
        self.lines.fields.iter().flat_map(|rule| rule.from.iter().flat_map(Source::paths)).map(String::as_str).collect()
    }

    /// The column that has the order's number.
    pub fn number_column(&self) -> Option<&str> {
        let rule = self.fields.iter().find(|rule| rule.to == "number")?;
        rule.from.as_ref()?.paths().first().map(String::as_str)
    }

    /// What is wrong with it, before any order is read by it.
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        check_rules("fields", &self.fields, &FIELDS, &mut faults);
        check_rules("lines.fields", &self.lines.fields, &LINE_FIELDS, &mut faults);
        if !is_path(&self.lines.from) {
            faults.push(format!("lines.from: {:?} is no path such as \"items\" or \"order.items\"", self.lines.from));
        }
        if let Some(skip) = self.lines.skip.as_ref().filter(|skip| !is_path(&skip.from) || skip.values.is_empty()) {
            faults.push(format!("lines.skip: {:?} is no path, or no value is named", skip.from));
        }
        let has = |rules: &[Rule], to: &str| rules.iter().any(|rule| rule.to == to);
        if !["sku", "gtin", "article"].iter().any(|to| has(&self.lines.fields, to)) {
            faults.push("lines.fields: one rule has to name the article: sku, gtin or article".to_owned());
        }
        for (at, rules, to) in [("fields", &self.fields, "fulfilment"), ("lines.fields", &self.lines.fields, "quantity")] {
            if !has(rules, to) {
                faults.push(format!("{at}: no rule says what {to} is"));
            }
        }
        faults
    }

    /// An order in our names, and what each rule took.
    pub fn apply(&self, theirs: &Json, reading: Reading<'_>) -> (Result<SentOrder, Vec<Fault>>, Vec<Took>) {
        let (mut faults, mut took) = (Vec::new(), Vec::new());
        let mut ours = Map::new();
        follow(&self.fields, &FIELDS, theirs, "", reading, &mut ours, &mut faults, &mut took);
        let mut lines = Vec::new();
        match at(theirs, &self.lines.from) {
            Some(Json::Array(all)) => {
                for (line, number) in all.iter().zip(1..) {
                    if self.lines.skip.as_ref().is_some_and(|skip| plain(at(line, &skip.from)).is_some_and(|it| skip.values.contains(&it)))
                    {
                        continue;
                    }
                    let (mut our_line, place) = (Map::new(), format!("{}[{number}].", self.lines.from));
                    follow(&self.lines.fields, &LINE_FIELDS, line, &place, reading, &mut our_line, &mut faults, &mut took);
                    lines.push(Json::Object(our_line));
                }
            }
            Some(_) => faults.push(fault(&self.lines.from, "it is no list of lines".to_owned())),
            None => faults.push(fault(&self.lines.from, "there is no list of lines here".to_owned())),
        }
        if !faults.is_empty() {
            return (Err(faults), took);
        }
        ours.insert("lines".to_owned(), Json::Array(lines));
        (serde_json::from_value(Json::Object(ours)).map_err(|why| vec![fault("", why.to_string())]), took)
    }
}

fn check_rules(at: &str, rules: &[Rule], fields: &[(&str, Written)], faults: &mut Vec<String>) {
    if rules.len() > RULES_MAX {
        return faults.push(format!("{at}: more than {RULES_MAX} rules"));
    }
    let mut seen = BTreeSet::new();
    for rule in rules {
        let mut wrong = |why: &str| faults.push(format!("{at}: {}: {why}", shown(&rule.to)));
        if !fields.iter().any(|(name, _)| *name == rule.to) {
            let known = fields.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
            wrong(&format!("there is no such field; there are {known}"));
        }
        if !seen.insert(rule.to.as_str()) {
            wrong("two rules say what it is");
        }
        match (&rule.from, &rule.value) {
            (Some(from), None) if from.paths().is_empty() || !from.paths().iter().all(|path| is_path(path)) => {
                wrong("from is no path such as \"customer.name\"");
            }
            (Some(_), None) | (None, Some(_)) => {}
            _ => wrong("say either from or value"),
        }
        if rule.value.is_some() && (rule.written.is_some() || !rule.table.is_empty()) {
            wrong("a value is written as ours: leave out as and table");
        }
        if rule.table.len() > TABLE_MAX {
            wrong(&format!("its table has more than {TABLE_MAX} lines"));
        }
    }
}

#[expect(clippy::too_many_arguments, reason = "one walk over two lists of rules")]
fn follow(
    rules: &[Rule],
    fields: &[(&str, Written)],
    theirs: &Json,
    place: &str,
    reading: Reading<'_>,
    ours: &mut Map<String, Json>,
    faults: &mut Vec<Fault>,
    took: &mut Vec<Took>,
) {
    for rule in rules {
        let Some((_, usual)) = fields.iter().find(|(name, _)| *name == rule.to) else { continue };
        if let Some(value) = &rule.value {
            took.push(Took { to: rule.to.clone(), from: "always".to_owned(), value: String::new(), became: shown(&value.to_string()) });
            put(ours, &rule.to, value.clone());
            continue;
        }
        let paths = rule.from.as_ref().map_or(&[][..], Source::paths);
        let written = rule.written.unwrap_or(*usual);
        let from = paths.iter().map(|path| format!("{place}{path}")).collect::<Vec<_>>().join(" + ");
        let found: Vec<&Json> = paths.iter().filter_map(|path| at(theirs, path)).filter(|value| !is_nothing(value)).collect();
        if found.is_empty() {
            continue;
        }
        let text = match written {
            Written::Lines => lines_of(&found),
            _ => found.iter().filter_map(|value| plain(Some(value))).collect::<Vec<_>>().join(" "),
        };
        let became = match text.is_empty() {
            true => Err("it is a list or an object, not a value".to_owned()),
            false => match rule.table.is_empty() {
                true => read(&text, written, reading),
                false => match rule.table.get(text.trim()) {
                    Some(ours) => read(ours, if written == Written::Yes { written } else { Written::Text }, reading),
                    None => Err(format!("{:?} is not in the table of this rule", shown(&text))),
                },
            },
        };
        match became {
            Ok(value) => {
                took.push(Took {
                    to: format!("{}{}", if place.is_empty() { "" } else { "line " }, rule.to),
                    from,
                    value: shown(&text),
                    became: shown(&value.to_string()),
                });
                put(ours, &rule.to, value);
            }
            Err(why) => faults.push(fault(&from, format!("{}: {why}", rule.to))),
        }
    }
}

fn read(text: &str, written: Written, reading: Reading<'_>) -> Result<Json, String> {
    let text = text.trim();
    let no = |what: &str| format!("{:?} is no {what}", shown(text));
    let whole = |what: &str| text.parse::<i64>().map_err(|_| no(what));
    Ok(match written {
        Written::Text => text.into(),
        Written::Lines => text.split('\n').map(str::trim).filter(|line| !line.is_empty()).map(Json::from).collect::<Vec<_>>().into(),
        Written::Units => Qty::parse(&without_zeros(text, 3)).ok_or_else(|| no("quantity such as 2 or 0.250"))?.thousandths().into(),
        Written::Thousandths => whole("number of thousandths")?.into(),
        Written::Amount => {
            let exponent = usize::from(reading.currency.exponent);
            let amount: Money = reading.currency.parse(&without_zeros(text, exponent)).ok_or_else(|| no("amount such as 19.90"))?;
            amount.minor().into()
        }
        Written::Minor => whole("number of minor units")?.into(),
        Written::Seconds => whole("number of seconds")?.checked_mul(1000).ok_or_else(|| no("number of seconds"))?.into(),
        Written::Milliseconds => whole("number of milliseconds")?.into(),
        Written::Count => whole("whole number")?.into(),
        Written::Time => time(text, reading.time_zone).ok_or_else(|| no("time such as 2026-11-27T18:00:00Z"))?.into(),
        Written::Degrees => micro(text).ok_or_else(|| no("number of degrees"))?.into(),
        Written::Yes => match text.to_lowercase().as_str() {
            "true" | "yes" | "y" | "1" | "ja" => true.into(),
            "false" | "no" | "n" | "0" | "nein" => false.into(),
            _ => return Err(no("yes or no")),
        },
    })
}

/// "2.0000" says no more than "2".
fn without_zeros(text: &str, decimals: usize) -> String {
    let Some(mark) = text.rfind(['.', ',']) else { return text.to_owned() };
    let mut out = text.to_owned();
    while out.len() > mark + 1 + decimals && out.ends_with('0') {
        out.pop();
    }
    if out.len() == mark + 1 && decimals == 0 {
        out.pop();
    }
    out
}

/// Degrees with up to any number of decimals, as millionths.
fn micro(text: &str) -> Option<i64> {
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() || whole.len() > 3 || !whole.bytes().chain(part.bytes()).all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let part: String = part.chars().chain(std::iter::repeat('0')).take(6).collect();
    Some(sign * (whole.parse::<i64>().ok()? * 1_000_000 + part.parse::<i64>().ok()?))
}

fn time(text: &str, zone: &TimeZone) -> Option<i64> {
    if let Ok(at) = text.parse::<jiff::Timestamp>() {
        return Some(at.as_millisecond());
    }
    let local = text.parse::<jiff::civil::DateTime>().ok()?;
    local.to_zoned(zone.clone()).ok().map(|at| at.timestamp().as_millisecond())
}

fn put(ours: &mut Map<String, Json>, to: &str, value: Json) {
    match to.split_once('.') {
        None => drop(ours.insert(to.to_owned(), value)),
        Some((outer, inner)) => {
            if let Some(within) = ours.entry(outer).or_insert_with(|| Json::Object(Map::new())).as_object_mut() {
                within.insert(inner.to_owned(), value);
            }
        }
    }
}

/// "shipping.lines.0.title": names of objects, numbers of lists.
fn at<'a>(value: &'a Json, path: &str) -> Option<&'a Json> {
    path.split('.').try_fold(value, |value, step| match value {
        Json::Object(fields) => fields.get(step),
        Json::Array(list) => step.parse::<usize>().ok().and_then(|index| list.get(index)),
        _ => None,
    })
}

fn is_path(text: &str) -> bool {
    !text.is_empty()
        && text.chars().count() <= PATH_CHARS_MAX
        && text.split('.').all(|step| !step.is_empty())
        && !text.chars().any(char::is_control)
}

fn is_nothing(value: &Json) -> bool {
    match value {
        Json::Null => true,
        Json::String(text) => text.trim().is_empty(),
        Json::Array(list) => list.is_empty(),
        Json::Bool(_) | Json::Number(_) | Json::Object(_) => false,
    }
}

fn plain(value: Option<&Json>) -> Option<String> {
    match value? {
        Json::String(text) => Some(text.trim().to_owned()),
        Json::Number(number) => Some(number.to_string()),
        Json::Bool(is) => Some(is.to_string()),
        Json::Null | Json::Array(_) | Json::Object(_) => None,
    }
}

fn lines_of(found: &[&Json]) -> String {
    let each = |value: &&Json| match value {
        Json::Array(list) => list.iter().filter_map(|line| plain(Some(line))).collect::<Vec<_>>(),
        other => plain(Some(other)).into_iter().collect(),
    };
    found.iter().flat_map(each).collect::<Vec<_>>().join("\n")
}

fn shown(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(SHOWN_CHARS_MAX).collect()
}

fn fault(field: &str, reason: String) -> Fault {
    Fault { field: field.to_owned(), reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn apply(mapping: &Json, theirs: &Json) -> Result<SentOrder, Vec<String>> {
        let mapping: Mapping = serde_json::from_value(mapping.clone()).map_err(|why| vec![why.to_string()])?;
        let faults = mapping.faults();
        if !faults.is_empty() {
            return Err(faults);
        }
        let (euro, zone) = (Currency::from_code("EUR").unwrap(), TimeZone::get("Europe/Berlin").unwrap());
        let (order, _) = mapping.apply(theirs, Reading { currency: &euro, time_zone: &zone });
        order.map_err(|faults| faults.iter().map(Fault::to_string).collect())
    }

    fn shop() -> Json {
        serde_json::json!({
            "fields": [
                { "to": "fulfilment", "from": "delivery.kind", "table": { "click": "collect", "post": "ship" } },
                { "to": "store", "from": "delivery.branch", "table": { "B7": "s1" } },
                { "to": "name", "from": ["customer.first", "customer.last"] },
                { "to": "promised_ms", "from": "delivery.at" },
                { "to": "partial", "value": true },
            ],
            "lines": { "from": "items", "skip": { "from": "type", "values": ["postage"] }, "fields": [
                { "to": "gtin", "from": "ean" }, { "to": "quantity", "from": "qty" }, { "to": "unit_price", "from": "price" },
            ] },
        })
    }

    fn order() -> Json {
        serde_json::json!({
            "delivery": { "kind": "click", "branch": "B7", "at": "2026-11-27T18:00:00" },
            "customer": { "first": "Zoë", "last": "Müller", "vip": true },
            "items": [{ "ean": 4006381333931i64, "qty": "2.0000", "price": 19.9 }, { "type": "postage", "price": 4.9 }],
        })
    }

    #[test]
    fn their_names_become_ours() {
        let ours = apply(&shop(), &order()).expect("it is read");
        let expect = serde_json::json!({
            "fulfilment": "collect", "store": "s1", "name": "Zoë Müller", "promised_ms": 1_795_798_800_000i64, "partial": true,
            "lines": [{ "gtin": "4006381333931", "quantity": 2000, "unit_price": 1990 }],
        });
        assert_eq!(serde_json::to_value(&ours).unwrap(), expect);
    }

    #[test]
    fn a_mapping_that_cannot_work_is_named_before_it_counts() {
        let check = |change: &dyn Fn(&mut Json), expect: &str| {
            let mut mapping = shop();
            change(&mut mapping);
            let faults = apply(&mapping, &order()).expect_err(expect);
            assert!(faults.iter().any(|fault| fault.contains(expect)), "{expect}: {faults:?}");
        };
        check(&|it| it["fields"][1]["to"] = "name".into(), "fields: name: two rules say what it is");
        check(&|it| it["fields"][1]["to"] = "shop".into(), "fields: shop: there is no such field; there are number, version");
        check(&|it| it["fields"][1]["from"] = "delivery..branch".into(), "fields: store: from is no path");
        check(&|it| it["fields"][4]["from"] = "x".into(), "fields: partial: say either from or value");
        check(&|it| it["fields"][0]["to"] = "initials".into(), "fields: no rule says what fulfilment is");
        check(&|it| it["lines"]["fields"][0]["to"] = "zone".into(), "one rule has to name the article");
        check(&|it| it["lines"]["from"] = "".into(), "lines.from: ");
        check(&|it| it["fields"][0]["az"] = 1.into(), "unknown field `az`");
    }

    #[test]
    fn what_cannot_be_read_is_named_with_its_place() {
        let check = |change: &dyn Fn(&mut Json), expect: &str| {
            let mut theirs = order();
            change(&mut theirs);
            let faults = apply(&shop(), &theirs).expect_err(expect);
            assert!(faults.iter().any(|fault| fault.contains(expect)), "{expect}: {faults:?}");
        };
        check(&|it| it["delivery"]["branch"] = "B8".into(), "delivery.branch: store: \"B8\" is not in the table");
        check(&|it| it["delivery"]["at"] = "tomorrow".into(), "delivery.at: promised_ms: \"tomorrow\" is no time");
        check(&|it| it["items"][0]["qty"] = "two".into(), "items[1].qty: quantity: \"two\" is no quantity");
        check(&|it| it["items"][0]["price"] = 19.999.into(), "items[1].price: unit_price: \"19.999\" is no amount");
        check(&|it| it["items"] = 7.into(), "items: it is no list of lines");
        check(&|it| it["delivery"]["kind"] = serde_json::json!({ "a": 1 }), "delivery.kind: fulfilment: it is a list or an object");
    }
}
