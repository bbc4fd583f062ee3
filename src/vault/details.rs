//! What the vault holds of one person, and the spellings under which somebody is found again. Pure.

use serde::{Deserialize, Serialize};

use crate::ids::{OrderNo, StaffId};

pub const NAME_CHARS_MAX: usize = 100;
/// RFC 5321: 254 bytes.
pub const EMAIL_BYTES_MAX: usize = 254;
/// ITU-T E.164 has 15 digits; some write an exit code before them.
pub const PHONE_DIGITS_MAX: usize = 18;
const PHONE_DIGITS_MIN: usize = 5;
pub const CARD_CHARS_MAX: usize = 48;
/// Of the initials on a bag's label.
pub const INITIALS_CHARS_MAX: usize = 6;
/// Of the telephone number of an order, as the customer wrote it.
pub const ORDER_PHONE_CHARS_MAX: usize = 30;
/// Consents given and taken back, of one person. Beyond it the oldest goes.
pub const CONSENTS_MAX: usize = 50;

/// Personal data of one subject. Empty: not known. Fields are only added.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Details {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub email: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub phone: String,
    /// The number of a loyalty card; never a payment card's.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub card: String,
    /// Oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub consents: Vec<Consent>,
    /// Whose details came with a collect order, and for it alone: they are found by nothing but the order's own reference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<OrderNo>,
    /// As on the label of an order's bag.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub initials: String,
}

/// Never shown by accident: a log that formats it shows that there is somebody, not who.
impl std::fmt::Debug for Details {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Details(sealed)")
    }
}

/// Somebody said yes to being remembered, or took it back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consent {
    pub given: bool,
    /// Milliseconds since 1970-01-01 UTC.
    pub at_ms: i64,
    /// Which words were shown ("2026-1-de").
    pub wording: String,
    /// Who asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub staff: Option<StaffId>,
}

/// Why details cannot be kept. The words name the field and never quote it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadDetails {
    #[error("an e-mail address, a telephone number or a card is needed to find somebody again")]
    NothingToFindBy,
    #[error("the name is longer than {NAME_CHARS_MAX} characters, or has characters that no name has")]
    Name,
    #[error("that is no e-mail address")]
    Email,
    #[error("that is no telephone number: {PHONE_DIGITS_MIN} to {PHONE_DIGITS_MAX} digits, with + before a country's code")]
    Phone,
    #[error("that is no card number: 4 to {CARD_CHARS_MAX} letters and digits")]
    Card,
}

/// One way to find somebody, spelled as it is compared.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum FindBy {
    Email(String),
    Phone(String),
    Card(String),
}

impl FindBy {
    /// What was typed or scanned: with an @ it is an e-mail address; digits are a telephone number and a card at once. All that can be meant.
    pub fn meant(text: &str) -> Vec<FindBy> {
        let ways = [email(text).map(FindBy::Email), card(text).map(FindBy::Card), phone(text).map(FindBy::Phone)];
        ways.into_iter().flatten().collect()
    }

    /// As on the card: exactly, but for blanks.
    pub fn card(text: &str) -> Option<FindBy> {
        card(text).map(FindBy::Card)
    }

    /// Kind and spelling, for the index.
    pub(super) fn spelled(&self) -> String {
        match self {
            FindBy::Email(text) => format!("email {text}"),
            FindBy::Phone(text) => format!("phone {text}"),
            FindBy::Card(text) => format!("card {text}"),
        }
    }
}

impl Details {
    /// Of the customer of a collect order. Nothing in it is a reason to refuse the order: what no name has becomes a blank, what is too long is cut.
    pub fn of_order(order: OrderNo, name: &str, initials: &str, phone: &str) -> Details {
        Details {
            name: shown(name, NAME_CHARS_MAX),
            initials: shown(initials, INITIALS_CHARS_MAX),
            phone: shown(phone, ORDER_PHONE_CHARS_MAX),
            order: Some(order),
            ..Details::default()
        }
    }

    /// The same as it is kept, or what is wrong with it.
    pub fn checked(self) -> Result<Details, BadDetails> {
        if let Some(order) = self.order {
            return Ok(Details::of_order(order, &self.name, &self.initials, &self.phone));
        }
        let name = self.name.split_whitespace().collect::<Vec<_>>().join(" ");
        if name.chars().count() > NAME_CHARS_MAX || name.chars().any(char::is_control) {
            return Err(BadDetails::Name);
        }
        let kept = |text: String, spell: fn(&str) -> Option<String>, bad: BadDetails| match text.trim() {
            "" => Ok(String::new()),
            text => spell(text).ok_or(bad),
        };
        let email = kept(self.email, email, BadDetails::Email)?;
        let phone = kept(self.phone, phone, BadDetails::Phone)?;
        let card = kept(self.card, card, BadDetails::Card)?;
        if email.is_empty() && phone.is_empty() && card.is_empty() {
            return Err(BadDetails::NothingToFindBy);
        }
        let oldest = self.consents.len().saturating_sub(CONSENTS_MAX);
        Ok(Details { name, email, phone, card, consents: self.consents[oldest..].to_vec(), ..Details::default() })
    }

    pub fn has_consented(&self) -> bool {
        self.consents.last().is_some_and(|consent| consent.given)
    }

    /// Every spelling under which this person is found.
    pub fn found_by(&self) -> Vec<FindBy> {
        if self.order.is_some() {
            return Vec::new();
        }
        let kept = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        let ways = [kept(&self.email).map(FindBy::Email), kept(&self.phone).map(FindBy::Phone), kept(&self.card).map(FindBy::Card)];
        ways.into_iter().flatten().collect()
    }

    /// What may stand on a screen that others can see, and on a receipt: the end of the card, else of the telephone number.
    pub fn tail(&self) -> String {
        let digits = if self.card.is_empty() { &self.phone } else { &self.card };
        let count = digits.chars().count();
        digits.chars().skip(count.saturating_sub(4).max(count / 2)).collect()
    }
}

fn shown(text: &str, chars_max: usize) -> String {
    let plain: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    plain.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(chars_max).collect()
}

fn email(text: &str) -> Option<String> {
    let text = text.trim().to_lowercase();
    let (before, host) = text.split_once('@')?;
    let is_sane = |part: &str| !part.is_empty() && part.chars().all(|c| !c.is_whitespace() && !c.is_control() && !"@,;<>\"".contains(c));
    let has_dots = host.contains('.') && host.split('.').all(|label| !label.is_empty());
    (text.len() <= EMAIL_BYTES_MAX && is_sane(before) && is_sane(host) && has_dots).then_some(text)
}

/// Digits, and + before a country's code; what people put between them is left out. 00 is +.
fn phone(text: &str) -> Option<String> {
    let text = text.trim();
    let international = text.starts_with('+') || text.starts_with("00");
    let rest = text.strip_prefix('+').or_else(|| text.strip_prefix("00")).unwrap_or(text);
    if !rest.chars().all(|c| c.is_ascii_digit() || " -/().".contains(c)) {
        return None;
    }
    let digits: String = rest.chars().filter(char::is_ascii_digit).collect();
    let fits = (PHONE_DIGITS_MIN..=PHONE_DIGITS_MAX).contains(&digits.len());
    fits.then(|| if international { format!("+{digits}") } else { digits })
}

fn card(text: &str) -> Option<String> {
    let text: String = text.chars().filter(|c| *c != ' ').collect();
    let fits = (4..=CARD_CHARS_MAX).contains(&text.len()) && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    fits.then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_address_are_one() {
        assert_eq!(email(" Eva.Muster@Example.ORG "), Some("eva.muster@example.org".into()));
        for bad in ["eva", "@example.org", "eva@", "eva@example", "eva@@example.org", "e va@example.org", "eva@.org"] {
            assert_eq!(email(bad), None, "{bad}");
        }
        assert_eq!(phone("+49 (30) 123-45 67"), Some("+49301234567".into()));
        assert_eq!(phone("0049 30 1234567"), phone("+49301234567"));
        assert_eq!(phone("030/1234567"), Some("0301234567".into()));
        for bad in ["", "1234", "+", "12a45678", "1234567890123456789"] {
            assert_eq!(phone(bad), None, "{bad}");
        }
        assert_eq!(card(" MEMBER-0001 234 "), Some("MEMBER-0001234".into()));
        assert_eq!(card("abc"), None);
    }

    #[test]
    fn details_are_kept_as_they_are_compared() {
        let details = Details { name: "  Eva   Muster ".into(), email: "EVA@example.org".into(), ..Details::default() };
        let kept = details.checked().unwrap();
        assert_eq!((kept.name.as_str(), kept.email.as_str()), ("Eva Muster", "eva@example.org"));
        assert_eq!(Details { name: "Eva".into(), ..Details::default() }.checked().unwrap_err(), BadDetails::NothingToFindBy);
        assert_eq!(format!("{kept:?}"), "Details(sealed)");
    }

    #[test]
    fn an_orders_customer_is_kept_whatever_the_name() {
        let details = Details::of_order(OrderNo::new("K1").unwrap(), "Eva \u{7}\r\n\"O'Neil\" <b>", "E.O.\u{1b}and more", "+49 30 12 34")
            .checked()
            .unwrap();
        assert_eq!((details.name.as_str(), details.initials.as_str()), ("Eva \"O'Neil\" <b>", "E.O. a"));
        assert_eq!(details.phone, "+49 30 12 34");
        assert!(details.found_by().is_empty(), "another customer may have the same number");
        assert_eq!(Details::of_order(OrderNo::new("K1").unwrap(), &"x".repeat(999), "", "").name.len(), NAME_CHARS_MAX);
    }

    #[test]
    fn a_tail_never_shows_more_than_half() {
        let tail = |card: &str, phone: &str| Details { card: card.into(), phone: phone.into(), ..Details::default() }.tail();
        assert_eq!(tail("29000001234", "0301234567"), "1234");
        assert_eq!(tail("", "+49301234567"), "4567");
        assert_eq!(tail("ABCD", ""), "CD");
        assert_eq!(tail("", ""), "");
    }
}
