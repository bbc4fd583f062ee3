//! An order as a channel sends it ([`SentOrder`]), and what it is once it has been checked ([`ChannelOrder`]). Pure: what the assortment knows of
//! an article is asked of the caller.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::gs1::gtin::Gtin;
use crate::head_office::messages::{mail, text};
use crate::head_office::orders::{PlacedLine, PlacedOrder, WithoutRights};
use crate::ids::{ChannelId, ChannelOrderNo, OrderNo, PlaceId, Sku, StoreId};
use crate::money::{Money, Qty, Unit};
use crate::retail::order::{ORDER_LINES_MAX, Substitution, Zone};
use crate::vault::details::{INITIALS_CHARS_MAX, NAME_CHARS_MAX, ORDER_PHONE_CHARS_MAX};

const QUANTITY_MAX: Qty = Qty::pieces(99_999);
/// Minor units; beyond it somebody mistyped.
const UNIT_PRICE_MAX: Money = Money::from_minor(100_000_000);
const ADDRESS_CHARS_MAX: usize = 100;
const REFERENCE_CHARS_MAX: usize = 64;
const LOCATION_CHARS_MAX: usize = 24;
const SUBSTITUTES_MAX: usize = 10;
/// 2000-01-01. What is promised for a time before it was sent in seconds, or by a clock that stands.
const PROMISED_MS_MIN: i64 = 946_684_800_000;
const PROMISED_MS_MAX: i64 = 4_102_444_800_000;

/// In our names, as it is sent, dropped as a file or typed. Nothing is believed yet.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SentOrder {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// Raised by the channel with each change; left out: 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<u64>,
    /// "collect", "ship" or "ship_to_place".
    pub fulfilment: Option<Way>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub store: Option<StoreId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<PlaceId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<Address>,
    /// Left out: as long after it came as the channel's settings say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub promised_ms: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_ms: Option<i64>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub initials: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub phone: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub email: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub language: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub without_rights: Option<WithoutRights>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub substitution: Option<Substitution>,
    /// Left out: yes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub may_split: Option<bool>,
    /// Lines that cannot be taken are left out of it; otherwise one such line refuses the whole.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub partial: bool,
    pub lines: Vec<SentLine>,
}

/// How the customer gets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    Collect,
    Ship,
    ShipToPlace,
}

/// The article by one of three names.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SentLine {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sku: Option<Sku>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gtin: Option<String>,
    /// The channel's own number of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub article: Option<String>,
    /// Thousandths of the article's unit.
    pub quantity: i64,
    /// Of one unit, in minor units.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit_price: Option<Money>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub pay_in_store: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zone: Option<Zone>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub location: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub substitutes: Vec<Sku>,
}

/// Where goods are sent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Address {
    pub name: String,
    /// Lines of the address before the town, one under the other.
    pub street: Vec<String>,
    pub postcode: String,
    pub city: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub region: String,
    /// Two letters of ISO 3166.
    pub country: String,
    /// Millionths of a degree, where the channel knows them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lat: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lon: Option<i64>,
}

/// An order that can be served: every line is of an article that is there, in a quantity that can be handed over.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ChannelOrder {
    pub channel: ChannelId,
    pub number: ChannelOrderNo,
    pub version: u64,
    pub fulfilment: Fulfilment,
    pub promised_ms: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_ms: Option<i64>,
    #[serde(default)]
    pub initials: String,
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    pub phone: String,
    #[serde(default)]
    pub email: String,
    #[serde(default)]
    pub language: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<String>,
    #[serde(default)]
    pub without_rights: WithoutRights,
    #[serde(default)]
    pub substitution: Substitution,
    pub may_split: bool,
    pub partial: bool,
    pub lines: Vec<ChannelLine>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Fulfilment {
    Collect { store: StoreId },
    Ship { to: Address },
    ShipToPlace { place: PlaceId },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ChannelLine {
    /// As the channel counts them, from 1. Lines that were not taken leave gaps.
    pub line: u32,
    pub sku: Sku,
    pub quantity: Qty,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit_price: Option<Money>,
    #[serde(default)]
    pub pay_in_store: bool,
    #[serde(default)]
    pub zone: Zone,
    #[serde(default)]
    pub location: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub substitutes: Vec<Sku>,
}

/// How a line names its article.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ArticleName {
    Sku(Sku),
    Gtin(Gtin),
    Channel(String),
}

impl std::fmt::Display for ArticleName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            ArticleName::Sku(sku) => write!(f, "article {sku}"),
            ArticleName::Gtin(gtin) => write!(f, "article with the GTIN {}", gtin.short()),
            ArticleName::Channel(text) => write!(f, "article that this channel calls {text:?}"),
        }
    }
}

/// What the assortment knows of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownArticle {
    pub sku: Sku,
    pub unit: Unit,
    /// Of one that is ordered under this name: a case of six is 6 pieces.
    pub each: Qty,
}

/// What is wrong with an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Fault {
    /// "lines[3].quantity"; empty: it is about the whole.
    pub field: String,
    pub reason: String,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.field.as_str() {
            "" => f.write_str(&self.reason),
            field => write!(f, "{field}: {}", self.reason),
        }
    }
}

/// A line that was left out of an order that allows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RefusedLine {
    pub line: u32,
    pub reason: String,
}

/// An order that is taken, and what of it is not.
#[derive(Debug, Clone, PartialEq)]
pub struct Checked {
    pub order: ChannelOrder,
    pub refused: Vec<RefusedLine>,
}

/// What is not in the order itself.
#[derive(Debug, Clone, Copy)]
pub struct Given<'a> {
    pub channel: &'a ChannelId,
    pub number: &'a ChannelOrderNo,
    /// When nothing else is said.
    pub promised_ms: i64,
}

impl SentOrder {
    /// Checks everything and names every fault, in the order of the fields. `known`: what the assortment knows of an article.
    pub fn check<E>(
        &self,
        given: Given<'_>,
        mut known: impl FnMut(&ArticleName) -> Result<Option<KnownArticle>, E>,
    ) -> Result<Result<Checked, Vec<Fault>>, E> {
        let mut faults = Vec::new();
        let mut fault = |field: &str, reason: String| faults.push(Fault { field: field.to_owned(), reason });
        if self.number.as_deref().is_some_and(|number| number != given.number.as_str()) {
            fault("number", format!("{} in the order, {} outside of it", quoted(&self.number), given.number));
        }
        if self.version == Some(0) {
            fault("version", "versions count from 1".to_owned());
        }
        self.check_contact(&mut fault);
        let fulfilment = self.fulfilment(&mut fault);
        let promised_ms = self.promised_ms.unwrap_or(given.promised_ms);
        if !(PROMISED_MS_MIN..PROMISED_MS_MAX).contains(&promised_ms) {
            fault("promised_ms", format!("{promised_ms} is no time of this century in milliseconds since 1970"));
        } else if self.expires_ms.is_some_and(|expires| expires <= promised_ms || expires >= PROMISED_MS_MAX) {
            fault("expires_ms", "it expires before it is to be ready, or never".to_owned());
        }
        if self.lines.is_empty() || self.lines.len() > ORDER_LINES_MAX {
            fault("lines", format!("an order has 1 to {ORDER_LINES_MAX} lines, this one {}", self.lines.len()));
            return Ok(Err(faults));
        }
        let (mut lines, mut refused) = (Vec::with_capacity(self.lines.len()), Vec::new());
        let mut seen: BTreeMap<Sku, u32> = BTreeMap::new();
        for (sent, line) in self.lines.iter().zip(1u32..) {
            match sent.check(line, &mut seen, &mut known)? {
                Ok(taken) => lines.push(taken),
                Err(wrong) if self.partial => refused.push(RefusedLine { line, reason: wrong.to_string() }),
                Err(wrong) => faults.push(Fault { field: format!("lines[{line}].{}", wrong.field), reason: wrong.reason }),
            }
        }
        if lines.is_empty() && faults.is_empty() {
            let why = refused.iter().map(|line| format!("line {}: {}", line.line, line.reason)).collect::<Vec<_>>().join("; ");
            faults.push(Fault { field: "lines".to_owned(), reason: format!("none of them can be taken: {why}") });
        }
        let Some(fulfilment) = fulfilment.filter(|_| faults.is_empty()) else { return Ok(Err(faults)) };
        let order = ChannelOrder {
            channel: given.channel.clone(),
            number: given.number.clone(),
            version: self.version.unwrap_or(1),
            fulfilment,
            promised_ms,
            expires_ms: self.expires_ms,
            initials: self.initials.clone(),
            name: self.name.clone(),
            phone: self.phone.clone(),
            email: self.email.clone(),
            language: self.language.clone(),
            customer: self.customer.clone(),
            without_rights: self.without_rights.unwrap_or_default(),
            substitution: self.substitution.unwrap_or_default(),
            may_split: self.may_split.unwrap_or(true),
            partial: self.partial,
            lines,
        };
        Ok(Ok(Checked { order, refused }))
    }

    fn check_contact(&self, fault: &mut impl FnMut(&str, String)) {
        let texts = [
            ("initials", self.initials.as_str(), INITIALS_CHARS_MAX),
            ("name", &self.name, NAME_CHARS_MAX),
            ("phone", &self.phone, ORDER_PHONE_CHARS_MAX),
            ("customer", self.customer.as_deref().unwrap_or_default(), REFERENCE_CHARS_MAX),
        ];
        for (field, text, max) in texts {
            if let Some(why) = too_long(text, max) {
                fault(field, why);
            }
        }
        if !self.email.is_empty() && !mail::is_address(&self.email) {
            fault("email", "a mail cannot be sent to this address".to_owned());
        }
        if !self.language.is_empty() && !text::is_language(&self.language) {
            fault("language", "it is no tag such as \"de\" or \"de-AT\"".to_owned());
        }
    }

    /// Names what is missing, and what is there that this way does not use: whoever sends both meant something that would not happen.
    fn fulfilment(&self, fault: &mut impl FnMut(&str, String)) -> Option<Fulfilment> {
        let Some(way) = self.fulfilment else {
            fault("fulfilment", "say \"collect\", \"ship\" or \"ship_to_place\"".to_owned());
            return None;
        };
        let there = [
            ("store", Way::Collect, self.store.is_some()),
            ("place", Way::ShipToPlace, self.place.is_some()),
            ("to", Way::Ship, self.to.is_some()),
        ];
        for (field, of, is_there) in there {
            match (is_there, of == way) {
                (true, false) => fault(field, "this way of fulfilment does not use it: leave it out".to_owned()),
                (false, true) => fault(field, "this way of fulfilment needs it".to_owned()),
                (true, true) | (false, false) => {}
            }
        }
        match way {
            Way::Collect => self.store.clone().map(|store| Fulfilment::Collect { store }),
            Way::ShipToPlace => self.place.clone().map(|place| Fulfilment::ShipToPlace { place }),
            Way::Ship => {
                let to = self.to.clone()?;
                to.check(fault);
                Some(Fulfilment::Ship { to })
            }
        }
    }
}

impl Address {
    fn check(&self, fault: &mut impl FnMut(&str, String)) {
        let street = self.street.join("");
        let texts = [
            ("to.name", &self.name),
            ("to.street", &street),
            ("to.postcode", &self.postcode),
            ("to.city", &self.city),
            ("to.region", &self.region),
        ];
        for (field, text) in texts {
            if let Some(why) = too_long(text, ADDRESS_CHARS_MAX) {
                fault(field, why);
            }
        }
        for (field, text) in [("to.name", &self.name), ("to.street", &street), ("to.city", &self.city)] {
            if text.trim().is_empty() {
                fault(field, "nothing can be sent there without it".to_owned());
            }
        }
        if self.country.len() != 2 || !self.country.bytes().all(|byte| byte.is_ascii_uppercase()) {
            fault("to.country", "write the two capital letters of the country, for example \"DE\"".to_owned());
        }
        let is_within = |value: Option<i64>, degrees: i64| value.is_none_or(|value| value.abs() <= degrees * 1_000_000);
        if self.lat.is_some() != self.lon.is_some() || !is_within(self.lat, 90) || !is_within(self.lon, 180) {
            fault("to.lat", "lat and lon are millionths of a degree, both or neither".to_owned());
        }
    }
}

impl SentLine {
    fn check<E>(
        &self,
        line: u32,
        seen: &mut BTreeMap<Sku, u32>,
        known: &mut impl FnMut(&ArticleName) -> Result<Option<KnownArticle>, E>,
    ) -> Result<Result<ChannelLine, Fault>, E> {
        let fault = |field: &str, reason: String| Ok(Err(Fault { field: field.to_owned(), reason }));
        let name = match (&self.sku, &self.gtin, &self.article) {
            (Some(sku), None, None) => ArticleName::Sku(sku.clone()),
            (None, Some(gtin), None) => match Gtin::parse(gtin) {
                Ok(gtin) => ArticleName::Gtin(gtin),
                Err(why) => return fault("gtin", why.to_string()),
            },
            (None, None, Some(article)) => ArticleName::Channel(article.clone()),
            _ => return fault("sku", "name the article by one of sku, gtin and article".to_owned()),
        };
        let Some(article) = known(&name)? else { return fault("sku", format!("there is no {name}")) };
        let quantity = match article.each.thousandths().checked_mul(self.quantity).filter(|product| product % 1000 == 0) {
            Some(product) if self.quantity > 0 => Qty::from_thousandths(product / 1000),
            Some(_) | None => return fault("quantity", format!("{} cannot be handed over", Qty::from_thousandths(self.quantity).plain())),
        };
        if quantity > QUANTITY_MAX || (article.unit == Unit::Piece && !quantity.is_whole()) {
            return fault("quantity", format!("{} of {} cannot be handed over; thousandths are counted", quantity.plain(), article.sku));
        }
        if self.unit_price.is_some_and(|price| price.is_negative() || price > UNIT_PRICE_MAX) {
            return fault("unit_price", "minor units from 0 on".to_owned());
        }
        if self.pay_in_store && self.unit_price.is_none() {
            return fault("unit_price", "what is paid in the store needs its price".to_owned());
        }
        if let Some(why) = too_long(&self.location, LOCATION_CHARS_MAX) {
            return fault("location", why);
        }
        if self.substitutes.len() > SUBSTITUTES_MAX {
            return fault("substitutes", format!("more than {SUBSTITUTES_MAX}"));
        }
        for instead in &self.substitutes {
            if known(&ArticleName::Sku(instead.clone()))?.is_none() {
                return fault("substitutes", format!("there is no article {instead}"));
            }
        }
        if let Some(first) = seen.get(&article.sku) {
            return fault("sku", format!("{} is in line {first} already: send it once with the sum", article.sku));
        }
        seen.insert(article.sku.clone(), line);
        Ok(Ok(ChannelLine {
            line,
            sku: article.sku,
            quantity,
            unit_price: self.unit_price,
            pay_in_store: self.pay_in_store,
            zone: self.zone.unwrap_or_default(),
            location: self.location.clone(),
            substitutes: self.substitutes.clone(),
        }))
    }
}

impl ChannelOrder {
    /// These lines of it as a collect order of a store, under a number of its own there.
    pub fn placed(&self, order: OrderNo, store: StoreId, lines: &[ChannelLine]) -> PlacedOrder {
        let line = |line: &ChannelLine| PlacedLine {
            sku: line.sku.clone(),
            quantity: line.quantity,
            zone: line.zone,
            location: line.location.clone(),
            substitutes: line.substitutes.clone(),
            unit_price: line.unit_price,
            pay_in_store: line.pay_in_store,
        };
        PlacedOrder {
            order,
            store,
            promised_ms: self.promised_ms,
            expires_ms: self.expires_ms,
            initials: self.initials.clone(),
            name: self.name.clone(),
            phone: self.phone.clone(),
            email: self.email.clone(),
            language: self.language.clone(),
            without_rights: self.without_rights,
            customer: self.customer.clone(),
            substitution: self.substitution,
            lines: lines.iter().map(line).collect(),
        }
    }
}

fn too_long(text: &str, max: usize) -> Option<String> {
    let is_bad = text.chars().count() > max || text.chars().any(char::is_control);
    is_bad.then(|| format!("it has more than {max} characters, or control characters"))
}

fn quoted(text: &Option<String>) -> String {
    text.as_deref().unwrap_or_default().chars().take(80).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(order: serde_json::Value) -> Result<Checked, Vec<String>> {
        let order: SentOrder = serde_json::from_value(order).map_err(|why| vec![why.to_string()])?;
        let (channel, number) = (ChannelId::new("web").unwrap(), ChannelOrderNo::new("#1001").unwrap());
        let given = Given { channel: &channel, number: &number, promised_ms: 1_764_200_000_000 };
        let known = |name: &ArticleName| {
            let of = |sku: &str, unit, each| Some(KnownArticle { sku: Sku::new(sku).unwrap(), unit, each });
            Ok::<_, std::convert::Infallible>(match name.to_string().as_str() {
                "article tea" | "article that this channel calls \"T-1\"" => of("tea", Unit::Piece, Qty::ONE),
                "article with the GTIN 4006381333931" => of("tea", Unit::Piece, Qty::pieces(6)),
                "article ham" => of("ham", Unit::Kilogram, Qty::ONE),
                _ => None,
            })
        };
        let Ok(checked) = order.check(given, known);
        checked.map_err(|faults| faults.iter().map(Fault::to_string).collect())
    }

    fn collect(lines: serde_json::Value) -> serde_json::Value {
        serde_json::json!({ "fulfilment": "collect", "store": "s1", "lines": lines })
    }

    #[test]
    fn every_fault_is_named_with_its_field() {
        let cases = [
            (serde_json::json!({ "fulfilment": "post" }), "unknown variant `post`"),
            (serde_json::json!({ "shop": 1 }), "unknown field `shop`"),
            (
                serde_json::json!({ "fulfilment": "ship", "store": "s1", "lines": [{ "sku": "tea", "quantity": 1000 }] }),
                "store: this way of fulfilment does not use it",
            ),
            (
                serde_json::json!({ "fulfilment": "ship", "lines": [{ "sku": "tea", "quantity": 1000 }] }),
                "to: this way of fulfilment needs it",
            ),
            (
                serde_json::json!({ "fulfilment": "ship", "to": { "country": "Germany" }, "lines": [{ "sku": "tea", "quantity": 1000 }] }),
                "to.country: ",
            ),
            (serde_json::json!({ "number": "1002" }), "number: 1002 in the order, #1001 outside of it"),
            (
                serde_json::json!({ "fulfilment": "collect", "store": "s1", "promised_ms": 1_764_200_000, "lines": [{ "sku": "tea", "quantity": 1000 }] }),
                "promised_ms: ",
            ),
            (collect(serde_json::json!([])), "lines: an order has 1 to 200 lines, this one 0"),
            (
                collect(vec![serde_json::json!({ "sku": "tea", "quantity": 1000 }); 10_000].into()),
                "lines: an order has 1 to 200 lines, this one 10000",
            ),
            (
                collect(serde_json::json!([{ "sku": "tea", "gtin": "4006381333931", "quantity": 1000 }])),
                "lines[1].sku: name the article by one of",
            ),
            (collect(serde_json::json!([{ "gtin": "4006381333932", "quantity": 1000 }])), "lines[1].gtin: "),
            (
                collect(serde_json::json!([{ "sku": "tea", "quantity": 1000 }, { "sku": "soap", "quantity": 1000 }])),
                "lines[2].sku: there is no article soap",
            ),
            (collect(serde_json::json!([{ "sku": "tea", "quantity": 0 }])), "lines[1].quantity: 0 cannot"),
            (collect(serde_json::json!([{ "sku": "tea", "quantity": -1000 }])), "lines[1].quantity: -1 cannot"),
            (collect(serde_json::json!([{ "sku": "tea", "quantity": 1_000_000_000 }])), "lines[1].quantity: 1000000 of tea"),
            (collect(serde_json::json!([{ "sku": "tea", "quantity": i64::MAX }])), "lines[1].quantity: "),
            (collect(serde_json::json!([{ "sku": "tea", "quantity": 2 }])), "lines[1].quantity: 0.002 of tea"),
            (
                collect(serde_json::json!([{ "sku": "tea", "quantity": 1000 }, { "gtin": "4006381333931", "quantity": 1000 }])),
                "lines[2].sku: tea is in line 1 already",
            ),
            (collect(serde_json::json!([{ "sku": "tea", "quantity": 1000, "pay_in_store": true }])), "lines[1].unit_price: what is paid"),
        ];
        for (order, expect) in cases {
            let faults = check(order.clone()).expect_err(expect);
            assert!(faults.iter().any(|fault| fault.contains(expect)), "{expect}: {faults:?}");
        }
    }

    #[test]
    fn what_can_be_taken_of_a_partial_order_is_taken() {
        let mut order = collect(serde_json::json!([
            { "sku": "soap", "quantity": 1000 }, { "gtin": "4006381333931", "quantity": 2000 }, { "sku": "ham", "quantity": 250 }, { "sku": "ham", "quantity": 0 },
        ]));
        assert_eq!(check(order.clone()).expect_err("two lines are wrong").len(), 2);
        order["partial"] = true.into();
        let checked = check(order).expect("two lines are right");
        let lines: Vec<_> = checked.order.lines.iter().map(|line| (line.line, line.sku.as_str(), line.quantity.plain())).collect();
        assert_eq!(lines, [(2, "tea", "12".to_owned()), (3, "ham", "0.25".to_owned())]);
        let refused: Vec<_> = checked.refused.iter().map(|line| (line.line, line.reason.as_str())).collect();
        assert_eq!(refused, [(1, "sku: there is no article soap"), (4, "quantity: 0 cannot be handed over")]);
        let mut nothing = collect(serde_json::json!([{ "sku": "soap", "quantity": 1000 }]));
        nothing["partial"] = true.into();
        assert_eq!(check(nothing), Err(vec!["lines: none of them can be taken: line 1: sku: there is no article soap".to_owned()]));
    }
}
