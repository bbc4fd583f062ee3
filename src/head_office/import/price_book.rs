//! The file of price lists and promotions that people write (TOML, or the same as JSON), and its check as a whole: nothing of a file with one
//! complaint is published. `docs/PROMOTIONS.md` describes the file.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Deserialize;

use crate::head_office::card_data::{REMEDY, WHAT, holds_card};
use crate::ids::{Sku, StoreId};
use crate::money::{Currency, Money};
use crate::retail::pricing::{Combine, Coupon, Gives, Hours, Off, Part, PriceEntry, PriceList, Promotion, Selection, Step, Weekday};
use crate::time::BusinessDate;

/// More in one file is a mistake.
pub const PROMOTIONS_MAX: usize = 20_000;
const NAME_CHARS_MAX: usize = 40;
const COUNT_MAX: u32 = 1_000;
/// A list price this many times above or below the catalogue's is a typing error unless the list says `unusual = true`.
const UNUSUAL_TIMES: i64 = 10;

/// What the check knows of the assortment.
#[derive(Debug, Clone, Default)]
pub struct Assortment {
    /// Group and price of each article.
    pub articles: BTreeMap<Sku, (String, Option<Money>)>,
}

/// What is wrong, with which rule, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceComplaint {
    /// The line on which the rule's id stands; 0 when the file as a whole is meant.
    pub line: usize,
    pub rule: String,
    pub what: String,
}

impl fmt::Display for PriceComplaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.line, self.rule.as_str()) {
            (0, "") => write!(f, "{}", self.what),
            (0, rule) => write!(f, "{rule}: {}", self.what),
            (line, rule) => write!(f, "line {line}, {rule}: {}", self.what),
        }
    }
}

/// Reads and checks a file. `json`: it is JSON, not TOML.
pub fn read(text: &str, json: bool, currency: &Currency, known: &Assortment) -> Result<Vec<PriceEntry>, Vec<PriceComplaint>> {
    let whole = |what: String| vec![PriceComplaint { line: 0, rule: String::new(), what }];
    let raw: RawFile = if json {
        serde_json::from_str(text).map_err(|reason| whole(format!("it is no JSON of prices: {reason}")))?
    } else {
        toml::from_str(text).map_err(|reason| whole(format!("it is no TOML of prices: {reason}")))?
    };
    if raw.promotion.len() > PROMOTIONS_MAX {
        return Err(whole(format!("{} promotions, at most {PROMOTIONS_MAX} are taken", raw.promotion.len())));
    }
    let mut check = Check { text, currency, known, complaints: Vec::new(), rule: String::new() };
    let mut entries: Vec<PriceEntry> = raw.member_cards.iter().cloned().map(PriceEntry::MemberCards).collect();
    if raw.member_cards.iter().any(|start| start.trim().len() < 2) {
        check.complain("member_cards: what cards begin with needs two characters or more");
    }
    let lists: Vec<PriceList> = raw.list.into_iter().filter_map(|list| check.list(list)).collect();
    let promotions: Vec<Promotion> = raw.promotion.into_iter().filter_map(|promotion| check.promotion(promotion)).collect();
    check.lists_agree(&lists);
    check.promotions_agree(&promotions);
    if !check.complaints.is_empty() {
        return Err(check.complaints);
    }
    entries.extend(lists.into_iter().map(PriceEntry::List));
    entries.extend(promotions.into_iter().map(|promotion| PriceEntry::Promotion(Box::new(promotion))));
    Ok(entries)
}

// As typed.

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile {
    #[serde(default)]
    member_cards: Vec<String>,
    #[serde(default)]
    list: Vec<RawList>,
    #[serde(default)]
    promotion: Vec<RawPromotion>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawList {
    id: String,
    #[serde(default)]
    stores: Vec<String>,
    from: Option<String>,
    to: Option<String>,
    #[serde(default)]
    priority: i32,
    #[serde(default)]
    unusual: bool,
    prices: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum RawKind {
    Each,
    QuantityBreak,
    BuyGet,
    MixMatch,
    Bundle,
    Basket,
    Gift,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPromotion {
    id: String,
    name: String,
    kind: RawKind,
    on: Option<RawSelection>,
    percent: Option<String>,
    amount: Option<String>,
    price: Option<String>,
    buy: Option<u32>,
    get: Option<u32>,
    count: Option<u32>,
    #[serde(default)]
    steps: Vec<RawStep>,
    #[serde(default)]
    parts: Vec<RawPart>,
    over: Option<String>,
    gift: Option<RawSelection>,
    /// It is meant: somebody gets goods for nothing.
    #[serde(default)]
    free: bool,
    #[serde(default)]
    combine: Combine,
    #[serde(default)]
    priority: i32,
    #[serde(default)]
    stores: Vec<String>,
    from: Option<String>,
    to: Option<String>,
    #[serde(default)]
    hours: Vec<RawHours>,
    #[serde(default)]
    member: bool,
    #[serde(default)]
    coupons: Vec<String>,
    #[serde(default)]
    single_use: bool,
    times_max: Option<u32>,
    amount_max: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSelection {
    #[serde(default)]
    all: bool,
    #[serde(default)]
    skus: Vec<String>,
    #[serde(default)]
    groups: Vec<String>,
    #[serde(default)]
    except: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawStep {
    from: u32,
    percent: Option<String>,
    amount: Option<String>,
    price: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPart {
    on: RawSelection,
    count: u32,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawHours {
    #[serde(default)]
    days: BTreeSet<Weekday>,
    from: String,
    to: String,
}

struct Check<'a> {
    text: &'a str,
    currency: &'a Currency,
    known: &'a Assortment,
    complaints: Vec<PriceComplaint>,
    /// The rule at hand.
    rule: String,
}

impl Check<'_> {
    fn complain(&mut self, what: impl Into<String>) {
        let rule = self.rule.clone();
        let quoted = format!("\"{rule}\"");
        let is_its_id = |line: &&str| line.contains("id") && line.contains(&quoted) && !rule.is_empty();
        let line = self.text.lines().position(|line| is_its_id(&line)).map_or(0, |index| index + 1);
        self.complaints.push(PriceComplaint { line, rule, what: what.into() });
    }

    fn begin(&mut self, id: &str) -> bool {
        if holds_card(id) {
            self.rule.clear();
            self.complain(format!("an id: {WHAT}: {REMEDY}"));
            return false;
        }
        self.rule = id.to_owned();
        let is_name = !id.is_empty() && id.len() <= 40 && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
        if !is_name {
            self.complain("an id is 1 to 40 letters, digits, - _ or .");
        }
        is_name
    }

    fn list(&mut self, raw: RawList) -> Option<PriceList> {
        self.begin(&raw.id);
        let (from, to) = self.dates(raw.from.as_deref(), raw.to.as_deref());
        let mut prices = BTreeMap::new();
        for (sku, text) in &raw.prices {
            let (Some(sku), Some(price)) = (self.sku(sku), self.amount("price", text)) else { continue };
            let usual = self.known.articles.get(&sku).and_then(|(_, price)| *price).unwrap_or(price);
            let is_odd =
                price.minor() > usual.minor().saturating_mul(UNUSUAL_TIMES) || price.minor().saturating_mul(UNUSUAL_TIMES) < usual.minor();
            if is_odd && !raw.unusual {
                let (price, usual) = (self.currency.plain(price), self.currency.plain(usual));
                self.complain(format!("article {sku} at {price} instead of {usual}: if it is meant, say unusual = true"));
            }
            prices.insert(sku, price);
        }
        let stores = self.stores(&raw.stores);
        Some(PriceList { id: raw.id, stores, from, to, priority: raw.priority, prices })
    }

    fn promotion(&mut self, raw: RawPromotion) -> Option<Promotion> {
        self.begin(&raw.id);
        let before = self.complaints.len();
        let name = raw.name.trim();
        if name.is_empty() || name.chars().count() > NAME_CHARS_MAX || name.chars().any(char::is_control) {
            self.complain(format!("name: 1 to {NAME_CHARS_MAX} characters, as the customer reads it"));
        }
        // A till would turn such a coupon away unread.
        if holds_card(name) || raw.coupons.iter().any(|code| holds_card(code)) {
            self.complain(format!("name or coupons: {WHAT}: {REMEDY}"));
        }
        let gives = self.gives(&raw);
        let (from, to) = self.dates(raw.from.as_deref(), raw.to.as_deref());
        let hours = raw.hours.iter().filter_map(|hours| self.hours(hours)).collect();
        let stores = self.stores(&raw.stores);
        let amount_max = raw.amount_max.as_deref().and_then(|text| self.amount("amount_max", text));
        if raw.times_max == Some(0) {
            self.complain("times_max: 1 or more, or leave it out");
        }
        let codes: BTreeSet<String> = raw.coupons.iter().map(|code| code.trim().to_owned()).collect();
        if codes.len() != raw.coupons.len()
            || codes.iter().any(|code| code.len() < 3 || code.len() > 40 || !code.bytes().all(|b| b.is_ascii_graphic()))
        {
            self.complain("coupons: each code once, 3 to 40 letters, digits or signs without spaces");
        }
        if raw.single_use && codes.is_empty() {
            self.complain("single_use is about coupons, and it has none");
        }
        let gives = gives?;
        let is_on_basket = matches!(gives, Gives::Basket { .. } | Gives::Gift { .. });
        let counts_times = !matches!(gives, Gives::QuantityBreak { .. } | Gives::Basket { .. }) && raw.combine != Combine::Stack;
        if raw.times_max.is_some() && !counts_times {
            self.complain("times_max: this kind of rule has no times to count");
        }
        if amount_max.is_some() && !is_on_basket && raw.combine == Combine::Best {
            self.complain("amount_max: only for rules that do not compete (combine = \"exclusive\" or \"stack\", or on the basket)");
        }
        match raw.combine {
            Combine::Best => {}
            Combine::Exclusive if is_on_basket => self.complain("combine: a rule on the basket is \"best\" or \"stack\""),
            Combine::Exclusive => {}
            Combine::Stack if matches!(gives, Gives::Each { off: Off::Percent(_) | Off::Amount(_), .. } | Gives::Basket { .. }) => {}
            Combine::Stack => self.complain("combine: only percent or amount off each, and rules on the basket, can come on top of others"),
        }
        let coupon = (!codes.is_empty()).then_some(Coupon { codes, single_use: raw.single_use });
        (self.complaints.len() == before).then(|| Promotion {
            id: raw.id,
            name: name.to_owned(),
            gives,
            combine: raw.combine,
            priority: raw.priority,
            stores,
            from,
            to,
            hours,
            member: raw.member,
            coupon,
            times_max: raw.times_max,
            amount_max,
        })
    }

    fn gives(&mut self, raw: &RawPromotion) -> Option<Gives> {
        let off = (raw.percent.as_deref(), raw.amount.as_deref(), raw.price.as_deref());
        let has_off = off != (None, None, None);
        let unused: [(&str, bool, bool); 9] = {
            use RawKind as K;
            let kind = &raw.kind;
            [
                ("on", raw.on.is_some(), !matches!(kind, K::Bundle)),
                ("percent, amount or price", has_off, !matches!(kind, K::QuantityBreak)),
                ("buy", raw.buy.is_some(), matches!(kind, K::BuyGet)),
                ("get", raw.get.is_some(), matches!(kind, K::BuyGet)),
                ("count", raw.count.is_some(), matches!(kind, K::MixMatch)),
                ("steps", !raw.steps.is_empty(), matches!(kind, K::QuantityBreak)),
                ("parts", !raw.parts.is_empty(), matches!(kind, K::Bundle)),
                ("over", raw.over.is_some(), matches!(kind, K::Basket | K::Gift)),
                ("gift", raw.gift.is_some(), matches!(kind, K::Gift)),
            ]
        };
        for (name, _, _) in unused.into_iter().filter(|(_, given, wanted)| *given && !wanted) {
            self.complain(format!("{name}: this kind of rule does not use it"));
        }
        let free_percent = |check: &mut Self| match off {
            (None, None, None) => Some(crate::retail::pricing::promotion::WHOLE),
            (Some(percent), None, None) => check.percent(percent),
            _ => {
                check.complain("only percent can be given here, or nothing for free");
                None
            }
        };
        match raw.kind {
            RawKind::Each => {
                let (on, off) = (self.on(raw.on.as_ref()), self.off(off, raw.free));
                Some(Gives::Each { on: on?, off: off? })
            }
            RawKind::QuantityBreak => {
                let on = self.on(raw.on.as_ref());
                if raw.steps.is_empty()
                    || raw.steps.windows(2).any(|pair| pair[0].from >= pair[1].from)
                    || raw.steps.iter().any(|s| s.from < 2 || s.from > COUNT_MAX)
                {
                    self.complain(format!("steps: one or more, from 2 to {COUNT_MAX} pieces, each from more pieces than the one before"));
                }
                let step = |check: &mut Self, step: &RawStep| {
                    let off = (step.percent.as_deref(), step.amount.as_deref(), step.price.as_deref());
                    check.off(off, raw.free).map(|off| Step { from: step.from, off })
                };
                let steps: Option<Vec<Step>> = raw.steps.iter().map(|raw| step(self, raw)).collect();
                Some(Gives::QuantityBreak { on: on?, steps: steps? })
            }
            RawKind::BuyGet => {
                let (on, buy, get) = (self.on(raw.on.as_ref()), self.count("buy", raw.buy, 1), self.count("get", raw.get, 1));
                let percent = free_percent(self);
                Some(Gives::BuyGet { on: on?, buy: buy?, get: get?, percent: percent? })
            }
            RawKind::MixMatch => {
                let (on, count, off) = (self.on(raw.on.as_ref()), self.count("count", raw.count, 2), self.off(off, raw.free));
                if matches!(off, Some(Off::Amount(_))) {
                    self.complain("a set has a price together or a percent off, no amount");
                }
                Some(Gives::MixMatch { on: on?, count: count?, off: off? })
            }
            RawKind::Bundle => {
                if raw.parts.len() < 2 || raw.parts.len() > 5 {
                    self.complain("parts: two to five");
                }
                let part = |check: &mut Self, part: &RawPart| {
                    let (on, count) = (check.selection(&part.on), check.count("parts.count", Some(part.count), 1));
                    Some(Part { on: on?, count: count? })
                };
                let parts: Option<Vec<Part>> = raw.parts.iter().map(|raw| part(self, raw)).collect();
                let Some(Off::Price(price)) = self.off(off, raw.free) else {
                    self.complain("price: what the bundle costs together");
                    return None;
                };
                Some(Gives::Bundle { parts: parts?, price })
            }
            RawKind::Basket => {
                let on = raw.on.as_ref().map_or(Some(Selection { all: true, ..Selection::default() }), |on| self.selection(on));
                let off = self.off(off, raw.free);
                if matches!(off, Some(Off::Price(_))) {
                    self.complain("a basket has a percent or an amount off, no price");
                }
                let over = raw.over.as_deref().map_or(Some(Money::ZERO), |text| self.amount("over", text));
                Some(Gives::Basket { on: on?, off: off?, over: over? })
            }
            RawKind::Gift => {
                let on = raw.on.as_ref().map_or(Some(Selection { all: true, ..Selection::default() }), |on| self.selection(on));
                let gift = self.on(raw.gift.as_ref());
                let percent = free_percent(self);
                let over = self.amount("over", raw.over.as_deref().unwrap_or("0"));
                Some(Gives::Gift { on: on?, over: over?, gift: gift?, percent: percent? })
            }
        }
    }

    fn off(&mut self, off: (Option<&str>, Option<&str>, Option<&str>), free: bool) -> Option<Off> {
        match off {
            (Some(percent), None, None) => {
                let percent = self.percent(percent)?;
                if percent == crate::retail::pricing::promotion::WHOLE && !free {
                    self.complain("100 % off gives goods away: if it is meant, say free = true");
                }
                Some(Off::Percent(percent))
            }
            (None, Some(amount), None) => self.amount("amount", amount).map(Off::Amount),
            (None, None, Some(price)) => self.amount("price", price).map(Off::Price),
            _ => {
                self.complain("give one of percent, amount and price");
                None
            }
        }
    }

    fn percent(&mut self, text: &str) -> Option<u32> {
        let hundredths = Currency { code: String::new(), exponent: 2 }.parse(text).and_then(|percent| u32::try_from(percent.minor()).ok());
        let found = hundredths.filter(|percent| (1..=crate::retail::pricing::promotion::WHOLE).contains(percent));
        if found.is_none() {
            self.complain(format!("percent = \"{text}\": above 0 and at most 100, with two decimals at most"));
        }
        found
    }

    fn amount(&mut self, key: &str, text: &str) -> Option<Money> {
        let max = Money::from_minor(1_000_000_000);
        let found = self.currency.parse(text).filter(|amount| *amount > Money::ZERO && *amount <= max);
        if found.is_none() {
            let (code, max) = (&self.currency.code, self.currency.plain(max));
            self.complain(format!("{key} = \"{text}\": an amount of {code} above 0 and at most {max}, like \"1.99\""));
        }
        found
    }

    fn count(&mut self, key: &str, count: Option<u32>, min: u32) -> Option<u32> {
        let found = count.filter(|count| (min..=COUNT_MAX).contains(count));
        if found.is_none() {
            self.complain(format!("{key}: {min} to {COUNT_MAX} pieces"));
        }
        found
    }

    fn on(&mut self, raw: Option<&RawSelection>) -> Option<Selection> {
        match raw {
            Some(raw) => self.selection(raw),
            None => {
                self.complain("it does not say on which articles: on = { groups = [..], skus = [..] } or on = { all = true }");
                None
            }
        }
    }

    fn selection(&mut self, raw: &RawSelection) -> Option<Selection> {
        if !raw.all && raw.skus.is_empty() && raw.groups.is_empty() {
            self.complain("a selection is empty: name skus, groups, or all = true");
        }
        for group in &raw.groups {
            let below = format!("{group}/");
            let is_known = self.known.articles.values().any(|(of, _)| of == group || of.starts_with(&below));
            if !is_known {
                self.complain(format!("no article is in the group {group:?}"));
            }
        }
        let skus = raw.skus.iter().filter_map(|sku| self.sku(sku)).collect();
        let except = raw.except.iter().filter_map(|sku| self.sku(sku)).collect();
        Some(Selection { all: raw.all, skus, groups: raw.groups.iter().cloned().collect(), except })
    }

    fn sku(&mut self, text: &str) -> Option<Sku> {
        let found = Sku::new(text).ok().filter(|sku| self.known.articles.contains_key(sku));
        if found.is_none() {
            self.complain(format!("there is no article {text:?}"));
        }
        found
    }

    fn stores(&mut self, raw: &[String]) -> BTreeSet<StoreId> {
        let mut stores = BTreeSet::new();
        for text in raw {
            match StoreId::new(text) {
                Ok(store) => stores.extend([store]),
                Err(reason) => self.complain(format!("stores: {text:?}: {reason}")),
            }
        }
        stores
    }

    fn dates(&mut self, from: Option<&str>, to: Option<&str>) -> (Option<BusinessDate>, Option<BusinessDate>) {
        let mut date = |key: &str, text: Option<&str>| {
            let text = text?;
            let found = text.parse::<BusinessDate>().ok();
            if found.is_none() {
                self.complain(format!("{key} = \"{text}\": a date like 2026-07-31"));
            }
            found
        };
        let (from, to) = (date("from", from), date("to", to));
        if let (Some(from), Some(to)) = (from, to)
            && from > to
        {
            self.complain(format!("it ends on {to}, before it begins on {from}"));
        }
        (from, to)
    }

    fn hours(&mut self, raw: &RawHours) -> Option<Hours> {
        let minutes = |text: &str| {
            let (hours, minutes) = text.split_once(':')?;
            let (hours, minutes) = (hours.parse::<u16>().ok()?, minutes.parse::<u16>().ok()?);
            (minutes < 60 && hours * 60 + minutes <= 24 * 60 && hours <= 24).then_some(hours * 60 + minutes)
        };
        match (minutes(&raw.from), minutes(&raw.to)) {
            (Some(from), Some(to)) if from != to => Some(Hours { weekdays: raw.days.clone(), from, to }),
            _ => {
                self.complain(format!("hours from {:?} to {:?}: two times like 17:00 and 19:00", raw.from, raw.to));
                None
            }
        }
    }

    /// No two lists of one rank name one article at one time in one store.
    fn lists_agree(&mut self, lists: &[PriceList]) {
        for (index, list) in lists.iter().enumerate() {
            self.rule.clone_from(&list.id);
            for other in &lists[..index] {
                if other.id == list.id {
                    self.complain("another list has this id");
                }
                let overlap = list.priority == other.priority
                    && meet(&list.stores, &other.stores)
                    && dates_meet((list.from, list.to), (other.from, other.to));
                if overlap && let Some(sku) = list.prices.keys().find(|sku| other.prices.contains_key(sku)) {
                    let sku = sku.clone();
                    self.complain(format!(
                        "article {sku} is in the list {} as well, at the same time and with the same priority",
                        other.id
                    ));
                }
            }
        }
    }

    fn promotions_agree(&mut self, promotions: &[Promotion]) {
        let mut ids: BTreeSet<&str> = BTreeSet::new();
        let mut coupons: BTreeMap<&str, &str> = BTreeMap::new();
        for promotion in promotions {
            self.rule.clone_from(&promotion.id);
            if !ids.insert(&promotion.id) {
                self.complain("another promotion has this id");
            }
            for code in promotion.coupon.iter().flat_map(|coupon| &coupon.codes) {
                if let Some(other) = coupons.insert(code, &promotion.id) {
                    self.complain(format!("coupon {code} belongs to {other} already"));
                }
            }
        }
        let exclusive: Vec<&Promotion> = promotions.iter().filter(|promotion| promotion.combine == Combine::Exclusive).collect();
        for (index, promotion) in exclusive.iter().enumerate() {
            for other in &exclusive[..index] {
                let overlap = promotion.priority == other.priority
                    && meet(&promotion.stores, &other.stores)
                    && dates_meet((promotion.from, promotion.to), (other.from, other.to));
                let selects = |rule: &Promotion, sku: &Sku, group: &str| rule.selections().iter().any(|on| on.has(sku, group));
                if overlap
                    && let Some((sku, _)) =
                        self.known.articles.iter().find(|(sku, (group, _))| selects(promotion, sku, group) && selects(other, sku, group))
                {
                    self.rule.clone_from(&promotion.id);
                    let what =
                        format!("{} is exclusive too, with the same priority and at the same time, and both name article {sku}", other.id);
                    self.complain(what);
                }
            }
        }
    }
}

fn meet(one: &BTreeSet<StoreId>, other: &BTreeSet<StoreId>) -> bool {
    one.is_empty() || other.is_empty() || !one.is_disjoint(other)
}

type Dates = (Option<BusinessDate>, Option<BusinessDate>);

fn dates_meet(one: Dates, other: Dates) -> bool {
    let before = |to: Option<BusinessDate>, from: Option<BusinessDate>| matches!((to, from), (Some(to), Some(from)) if to < from);
    !before(one.1, other.0) && !before(other.1, one.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> Assortment {
        let article = |sku: &str, group: &str, price: i64| (Sku::new(sku).unwrap(), (group.to_owned(), Some(Money::from_minor(price))));
        Assortment {
            articles: BTreeMap::from([article("m1", "Dairy/Milk", 129), article("y1", "Dairy/Yoghurt", 59), article("s1", "Soap", 249)]),
        }
    }

    fn complaints(text: &str) -> Vec<String> {
        let eur = Currency::from_code("EUR").unwrap();
        read(text, false, &eur, &known()).err().unwrap_or_default().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_is_wrong_is_said_with_the_rule_and_its_line() {
        let check = |rule: &str, expect: &str| {
            let text = format!("[[promotion]]\nid = \"r\"\nname = \"Rule\"\n{rule}\n");
            let found = complaints(&text);
            assert!(found.iter().any(|complaint| complaint.contains(expect)), "{rule}: {found:?}");
            assert!(found[0].starts_with("line 2, r: ") || found[0].contains("no TOML"), "{found:?}");
        };
        check("kind = \"each\"\non = { groups = [\"Bread\"] }\npercent = \"10\"", "no article is in the group");
        check("kind = \"each\"\non = { skus = [\"x9\"] }\npercent = \"10\"", "there is no article \"x9\"");
        check("kind = \"each\"\non = { all = true }\npercent = \"100\"", "gives goods away");
        check("kind = \"each\"\non = { all = true }\npercent = \"120\"", "at most 100");
        check("kind = \"each\"\non = { all = true }\namount = \"-1\"", "above 0");
        check("kind = \"each\"\non = { all = true }\nprice = \"0\"", "above 0");
        check("kind = \"each\"\non = { all = true }", "one of percent, amount and price");
        check("kind = \"each\"\non = {}\npercent = \"5\"", "selection is empty");
        check("kind = \"buy_get\"\non = { all = true }\nbuy = 2", "get: 1 to");
        check("kind = \"buy_get\"\non = { all = true }\nbuy = 2\nget = 1\ncount = 3", "does not use it");
        check("kind = \"mix_match\"\non = { all = true }\ncount = 1\nprice = \"5\"", "count: 2 to");
        check("kind = \"each\"\non = { all = true }\npercent = \"5\"\nfrom = \"2026-08-01\"\nto = \"2026-07-01\"", "before it begins");
        check("kind = \"each\"\non = { all = true }\npercent = \"5\"\nhours = [{ from = \"25:00\", to = \"3:00\" }]", "two times like");
        check("kind = \"each\"\non = { all = true }\npercent = \"5\"\namount_max = \"5\"", "do not compete");
        check("kind = \"buy_get\"\non = { all = true }\nbuy = 2\nget = 1\ncombine = \"stack\"", "can come on top");
        check("kind = \"each\"\non = { all = true }\npercent = \"5\"\nsingle_use = true", "about coupons");
        check("kind = \"each\"\non = { all = true }\npercent = \"5\"\nnonsense = 1", "no TOML");
    }

    #[test]
    fn rules_that_contradict_each_other_are_named() {
        let rule =
            |id: &str, more: &str| format!("[[promotion]]\nid = \"{id}\"\nname = \"Rule\"\nkind = \"each\"\npercent = \"5\"\n{more}\n");
        let two = |one: &str, other: &str| complaints(&(rule("a", one) + rule("b", other).as_str()));
        let dairy = "combine = \"exclusive\"\non = { groups = [\"Dairy\"] }";
        let milk = "combine = \"exclusive\"\non = { skus = [\"m1\"] }";
        assert_eq!(two(dairy, milk).len(), 1);
        assert!(two(dairy, milk)[0].contains("a is exclusive too"), "{:?}", two(dairy, milk));
        assert_eq!(two(dairy, &format!("priority = 1\n{milk}")), Vec::<String>::new());
        assert_eq!(two(&format!("stores = [\"a\"]\n{dairy}"), &format!("stores = [\"b\"]\n{milk}")), Vec::<String>::new());
        let apart = (format!("to = \"2026-07-01\"\n{dairy}"), format!("from = \"2026-07-02\"\n{milk}"));
        assert_eq!(two(&apart.0, &apart.1), Vec::<String>::new());
        let coupon = "coupons = [\"SUMMER\"]\non = { all = true }";
        assert!(two(coupon, coupon)[0].contains("belongs to a already"));
        let lists = "[[list]]\nid = \"x\"\nprices = { m1 = \"1.19\" }\n[[list]]\nid = \"y\"\nprices = { m1 = \"0.99\", s1 = \"249\" }\n";
        let found = complaints(lists);
        assert!(
            found.iter().any(|c| c.contains("in the list x as well")) && found.iter().any(|c| c.contains("unusual = true")),
            "{found:?}"
        );
    }

    #[test]
    fn toml_and_json_say_the_same() {
        let eur = Currency::from_code("EUR").unwrap();
        let toml = "[[promotion]]\nid = \"r\"\nname = \"3 for 2\"\nkind = \"buy_get\"\non = { groups = [\"Dairy\"] }\nbuy = 2\nget = 1\n";
        let json = r#"{"promotion": [{"id": "r", "name": "3 for 2", "kind": "buy_get", "on": {"groups": ["Dairy"]}, "buy": 2, "get": 1}]}"#;
        assert_eq!(read(toml, false, &eur, &known()).unwrap(), read(json, true, &eur, &known()).unwrap());
    }
}
