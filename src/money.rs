//! Money, quantities and the one way to round. Integers only: an amount is a count of minor units of the store's
//! one currency, a quantity is a count of thousandths of its unit. Nothing here knows of sales or of screens.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Neg, Sub, SubAssign};

use serde::{Deserialize, Serialize};

/// The largest integer that a JSON reader with 64-bit floats still reads exactly (2^53 - 1). Amounts, quantities
/// and sequence numbers in the journal stay at or below it.
pub const INTEGER_MAX: i64 = (1 << 53) - 1;

/// An amount in minor units (cents for EUR, yen for JPY, fils for KWD). The store has one currency, so an amount
/// does not repeat it; [`Currency`] turns it into text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(transparent)]
pub struct Money(i64);

impl Money {
    pub const ZERO: Money = Money(0);

    pub const fn from_minor(minor: i64) -> Money {
        Money(minor)
    }
    pub const fn minor(self) -> i64 {
        self.0
    }
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }
    /// For serde's `skip_serializing_if`, which passes a reference.
    pub const fn is_zero_ref(&self) -> bool {
        self.0 == 0
    }
    pub const fn is_negative(self) -> bool {
        self.0 < 0
    }
    pub const fn abs(self) -> Money {
        Money(self.0.abs())
    }

    /// `self × numerator ÷ denominator`, rounded once to a minor unit by `mode`. The middle product is 128 bits wide.
    pub fn scale(self, numerator: i64, denominator: i64, mode: RoundingMode) -> Money {
        Money(mode.divide(i128::from(self.0) * i128::from(numerator), i128::from(denominator)))
    }

    /// The price of `quantity` at `self` per unit, rounded once.
    pub fn times(self, quantity: Qty, mode: RoundingMode) -> Money {
        self.scale(quantity.thousandths(), 1000, mode)
    }

    /// The nearest multiple of `step` minor units (cash rounding: 5 for CH, 1000 for a note). `step` of 0 or 1 changes nothing.
    pub fn to_step(self, step: Money, mode: RoundingMode) -> Money {
        if step.0 <= 1 { self } else { Money(mode.divide(i128::from(self.0), i128::from(step.0)) * step.0) }
    }
}

impl Add for Money {
    type Output = Money;
    fn add(self, other: Money) -> Money {
        Money(self.0 + other.0)
    }
}
impl Sub for Money {
    type Output = Money;
    fn sub(self, other: Money) -> Money {
        Money(self.0 - other.0)
    }
}
impl Neg for Money {
    type Output = Money;
    fn neg(self) -> Money {
        Money(-self.0)
    }
}
impl AddAssign for Money {
    fn add_assign(&mut self, other: Money) {
        self.0 += other.0;
    }
}
impl SubAssign for Money {
    fn sub_assign(&mut self, other: Money) {
        self.0 -= other.0;
    }
}
impl Sum for Money {
    fn sum<I: Iterator<Item = Money>>(amounts: I) -> Money {
        amounts.fold(Money::ZERO, Add::add)
    }
}

/// How a value between two representable ones is settled. All modes are symmetric: −x rounds to −(x rounded), so
/// that a return gives back what the sale took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RoundingMode {
    /// Half a unit goes away from zero: the commercial rule in most tax laws.
    #[default]
    HalfUp,
    /// Half a unit goes to the even neighbour.
    HalfEven,
    /// Towards zero.
    Down,
}

impl RoundingMode {
    /// `numerator ÷ denominator` as an integer. Panics on a zero denominator or a result beyond 64 bits: both are our bug,
    /// the core's limits keep every product far below.
    pub fn divide(self, numerator: i128, denominator: i128) -> i64 {
        assert!(denominator != 0, "division of money by zero");
        let negative = (numerator < 0) != (denominator < 0);
        let (n, d) = (numerator.unsigned_abs(), denominator.unsigned_abs());
        let (whole, rest) = (n / d, n % d);
        let up = match self {
            RoundingMode::HalfUp => rest * 2 >= d,
            RoundingMode::HalfEven => rest * 2 > d || (rest * 2 == d && whole % 2 == 1),
            RoundingMode::Down => false,
        };
        let magnitude = i64::try_from(whole + u128::from(up)).expect("a rounded amount fits 64 bits");
        if negative { -magnitude } else { magnitude }
    }
}

/// A currency as ISO 4217 names it, with the number of its decimals (EUR 2, JPY 0, KWD 3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Currency {
    /// Three capital letters.
    pub code: String,
    /// Decimals of the minor unit, 0 to 3.
    pub exponent: u8,
}

impl Currency {
    /// `None` for a code that is not in the table: better no shop than one with wrong decimals.
    pub fn from_code(code: &str) -> Option<Currency> {
        let exponent = match code {
            "JPY" | "KRW" | "VND" | "CLP" | "ISK" | "XAF" | "XOF" | "PYG" | "UGX" => 0,
            "KWD" | "BHD" | "OMR" | "JOD" | "TND" | "IQD" | "LYD" => 3,
            "EUR" | "USD" | "GBP" | "CHF" | "SEK" | "NOK" | "DKK" | "PLN" | "CZK" | "HUF" | "RON" | "BGN" | "TRY" | "CAD" | "AUD"
            | "NZD" | "MXN" | "BRL" | "INR" | "CNY" | "ZAR" | "AED" | "SAR" | "ILS" | "THB" | "SGD" | "HKD" | "TWD" | "UAH" | "KES"
            | "NGN" => 2,
            _ => return None,
        };
        Some(Currency { code: code.to_owned(), exponent })
    }

    /// "12.34", "-0.05", "1234" (JPY), "1.234" (KWD): a plain decimal point, no grouping. Pages put the locale's comma in.
    pub fn plain(&self, amount: Money) -> String {
        decimal(amount.0, u32::from(self.exponent))
    }

    /// Reads what [`Currency::plain`] writes, and a decimal comma as well. `None` on anything else, on too many decimals, or beyond 2^53.
    pub fn parse(&self, text: &str) -> Option<Money> {
        parse_decimal(text, u32::from(self.exponent)).map(Money)
    }
}

/// What a quantity counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    #[default]
    Piece,
    Kilogram,
    Litre,
    Metre,
}

impl Unit {
    /// As it stands on a receipt: "", "kg", "l", "m".
    pub fn symbol(self) -> &'static str {
        match self {
            Unit::Piece => "",
            Unit::Kilogram => "kg",
            Unit::Litre => "l",
            Unit::Metre => "m",
        }
    }
}

/// An exact quantity in thousandths of its unit: 1 piece = 1000, 0.250 kg = 250.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(transparent)]
pub struct Qty(i64);

impl Qty {
    pub const ZERO: Qty = Qty(0);
    pub const ONE: Qty = Qty(1000);

    pub const fn from_thousandths(thousandths: i64) -> Qty {
        Qty(thousandths)
    }
    pub const fn pieces(count: i64) -> Qty {
        Qty(count * 1000)
    }
    pub const fn thousandths(self) -> i64 {
        self.0
    }
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }
    pub const fn is_whole(self) -> bool {
        self.0 % 1000 == 0
    }
    /// "3", "0.25", "-1.5": no needless zeros.
    pub fn plain(self) -> String {
        let text = decimal(self.0, 3);
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    }
    /// "3.000", "0.250": a weight as a scale shows it.
    pub fn to_the_gram(self) -> String {
        decimal(self.0, 3)
    }
    /// Reads "3", "0.250" or "0,25"; `None` on more than three decimals or anything else.
    pub fn parse(text: &str) -> Option<Qty> {
        parse_decimal(text, 3).map(Qty)
    }
}

impl Add for Qty {
    type Output = Qty;
    fn add(self, other: Qty) -> Qty {
        Qty(self.0 + other.0)
    }
}
impl Sub for Qty {
    type Output = Qty;
    fn sub(self, other: Qty) -> Qty {
        Qty(self.0 - other.0)
    }
}
impl Neg for Qty {
    type Output = Qty;
    fn neg(self) -> Qty {
        Qty(-self.0)
    }
}
impl AddAssign for Qty {
    fn add_assign(&mut self, other: Qty) {
        self.0 += other.0;
    }
}
impl Sum for Qty {
    fn sum<I: Iterator<Item = Qty>>(quantities: I) -> Qty {
        quantities.fold(Qty::ZERO, Add::add)
    }
}
impl fmt::Display for Qty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.plain())
    }
}

fn decimal(value: i64, decimals: u32) -> String {
    let sign = if value < 0 { "-" } else { "" };
    let unit = 10u64.pow(decimals);
    let (whole, rest) = (value.unsigned_abs() / unit, value.unsigned_abs() % unit);
    if decimals == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{rest:0width$}", width = decimals as usize) }
}

fn parse_decimal(text: &str, decimals: u32) -> Option<i64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, fraction) = digits.split_once(['.', ',']).unwrap_or((digits, ""));
    let all_digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || whole.len() > 16 || !all_digits(whole) || !all_digits(fraction) || fraction.len() > decimals as usize {
        return None;
    }
    if digits.contains(['.', ',']) && fraction.is_empty() {
        return None;
    }
    let mut value: i64 = whole.parse().ok()?;
    for position in 0..decimals as usize {
        let digit = fraction.as_bytes().get(position).map_or(0, |b| i64::from(b - b'0'));
        value = value.checked_mul(10)?.checked_add(digit)?;
    }
    (value <= INTEGER_MAX).then_some(if negative { -value } else { value })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_is_symmetric() {
        for mode in [RoundingMode::HalfUp, RoundingMode::HalfEven, RoundingMode::Down] {
            for n in -1000..1000 {
                for d in [1, 3, 8, 10, 119] {
                    assert_eq!(mode.divide(n, d), -mode.divide(-n, d), "{mode:?} {n}/{d}");
                }
            }
        }
        assert_eq!(RoundingMode::HalfUp.divide(5, 10), 1);
        assert_eq!(RoundingMode::HalfEven.divide(5, 10), 0);
        assert_eq!(RoundingMode::HalfEven.divide(15, 10), 2);
        assert_eq!(RoundingMode::Down.divide(19, 10), 1);
    }

    #[test]
    fn amounts_read_back_as_written() {
        let check = |code: &str, minor: i64, text: &str| {
            let currency = Currency::from_code(code).unwrap();
            assert_eq!(currency.plain(Money::from_minor(minor)), text);
            assert_eq!(currency.parse(text), Some(Money::from_minor(minor)));
        };
        check("EUR", 1234, "12.34");
        check("EUR", -5, "-0.05");
        check("JPY", 1234, "1234");
        check("KWD", 1234, "1.234");
        let eur = Currency::from_code("EUR").unwrap();
        for bad in ["", "-", "1.", ".5", "1.234", "1e3", "99999999999999999999", "1 000", "+1"] {
            assert_eq!(eur.parse(bad), None, "{bad:?}");
        }
        assert_eq!(eur.parse("7,5"), Some(Money::from_minor(750)));
        assert_eq!(Qty::parse("0,25"), Some(Qty::from_thousandths(250)));
        assert_eq!(Qty::from_thousandths(1500).plain(), "1.5");
        assert_eq!(Qty::pieces(30).plain(), "30");
    }

    #[test]
    fn cash_rounds_to_the_step() {
        let step = Money::from_minor(5);
        let check = |amount, rounded| {
            assert_eq!(Money::from_minor(amount).to_step(step, RoundingMode::HalfUp), Money::from_minor(rounded));
        };
        check(928, 930);
        check(927, 925);
        check(-928, -930);
        check(930, 930);
    }
}
