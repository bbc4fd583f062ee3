//! From the elements of a message to what a till needs of an article: number, dates, weight, price.

use jiff::civil::Date;

use super::element::Elements;
use super::gtin::Gtin;
use super::misread::Misread;
use super::{ArticleCode, CodeRules};
use crate::money::{INTEGER_MAX, Money, Qty, RoundingMode};

/// `None`: a valid message that names no article (a pallet, a coupon, a place).
pub(super) fn article(elements: &Elements, rules: &CodeRules, today: Date) -> Result<Option<ArticleCode>, Misread> {
    let text = |ai: &str| elements.get(ai).map(str::to_owned);
    // The article itself, made to order, or what a carton holds (then its count says how many).
    let Some(number) = ["01", "03", "02"].iter().find_map(|ai| elements.get(ai)) else { return Ok(None) };
    let day = |ai: &str| elements.get(ai).and_then(|value| date(value, today));
    Ok(Some(ArticleCode {
        keys: vec![Gtin::parse(number)?],
        text: None,
        batch: text("10"),
        serial: text("21"),
        expiry: day("17").or_else(|| day("7003")),
        sell_by: day("16"),
        best_before: day("15"),
        count: elements.get("30").or_else(|| elements.get("37")).and_then(count),
        weight: weight(elements),
        price: price(elements, rules)?,
        variant: text("22").or_else(|| text("20")),
        add_on: None,
    }))
}

/// The day of YYMMDD... seen from `today`: of the three centuries the one that brings the year within 50 years. DD = 00 is the last day
/// of the month. Source: GS1 General Specifications 7.12.
pub(super) fn date(value: &str, today: Date) -> Option<Date> {
    let two = |at: usize| value.get(at..at + 2)?.parse::<i16>().ok();
    let (yy, month, day) = (two(0)?, two(2)?, two(4)?);
    let century = today.year() - today.year() % 100;
    let year = match yy - today.year() % 100 {
        51.. => century - 100 + yy,
        ..=-50 => century + 100 + yy,
        _ => century + yy,
    };
    let of_month = |day: i16| Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok();
    if day == 0 { of_month(1).map(Date::last_of_month) } else { of_month(day) }
}

/// Zero says that nobody counted.
fn count(value: &str) -> Option<Qty> {
    value.parse().ok().filter(|n| *n > 0).map(Qty::pieces)
}

/// Zero says that nobody weighed.
fn weight(elements: &Elements) -> Option<Qty> {
    let grams = |(value, decimals): (&str, u32), micrograms_per_unit: i128| {
        let micrograms = i128::from(value.parse::<u32>().ok()?) * micrograms_per_unit;
        Some(RoundingMode::HalfUp.divide(micrograms, 1_000_000 * 10i128.pow(decimals)))
    };
    let kilograms = elements.get_decimal("310").and_then(|found| grams(found, 1_000_000_000));
    let grams = kilograms.or_else(|| elements.get_decimal("320").and_then(|found| grams(found, 453_592_370)))?;
    (grams > 0).then(|| Qty::from_thousandths(grams))
}

/// Zero says that nobody priced it.
fn price(elements: &Elements, rules: &CodeRules) -> Result<Option<Money>, Misread> {
    let (digits, decimals) = if let Some(found) = elements.get_decimal("392") {
        found
    } else if let Some((value, decimals)) = elements.get_decimal("393") {
        let (numeric, digits) = value.split_at(3);
        if currency_numeric(&rules.currency.code) != Some(numeric) {
            return Err(Misread::ForeignPrice { numeric: numeric.to_owned(), store: rules.currency.code.clone() });
        }
        (digits, decimals)
    } else {
        return Ok(None);
    };
    let scaled = digits.bytes().fold(0, |n, b| n * 10 + i128::from(b - b'0')) * 10i128.pow(u32::from(rules.currency.exponent));
    let unit = 10i128.pow(decimals);
    if scaled % unit != 0 {
        return Err(Misread::PriceDecimals { currency: rules.currency.code.clone() });
    }
    match i64::try_from(scaled / unit) {
        Ok(minor) if minor <= INTEGER_MAX => Ok((minor > 0).then(|| Money::from_minor(minor))),
        _ => Err(Misread::TooLarge { what: "price" }),
    }
}

/// The three digits that codes use for a currency. Source: ISO 4217.
fn currency_numeric(code: &str) -> Option<&'static str> {
    const NUMBERS: &[(&str, &str)] = &[
        ("AED", "784"),
        ("AUD", "036"),
        ("BGN", "975"),
        ("BHD", "048"),
        ("BRL", "986"),
        ("CAD", "124"),
        ("CHF", "756"),
        ("CLP", "152"),
        ("CNY", "156"),
        ("CZK", "203"),
        ("DKK", "208"),
        ("EUR", "978"),
        ("GBP", "826"),
        ("HKD", "344"),
        ("HUF", "348"),
        ("ILS", "376"),
        ("INR", "356"),
        ("IQD", "368"),
        ("ISK", "352"),
        ("JOD", "400"),
        ("JPY", "392"),
        ("KES", "404"),
        ("KRW", "410"),
        ("KWD", "414"),
        ("LYD", "434"),
        ("MXN", "484"),
        ("NGN", "566"),
        ("NOK", "578"),
        ("NZD", "554"),
        ("OMR", "512"),
        ("PLN", "985"),
        ("PYG", "600"),
        ("RON", "946"),
        ("SAR", "682"),
        ("SEK", "752"),
        ("SGD", "702"),
        ("THB", "764"),
        ("TND", "788"),
        ("TRY", "949"),
        ("TWD", "901"),
        ("UAH", "980"),
        ("UGX", "800"),
        ("USD", "840"),
        ("VND", "704"),
        ("XAF", "950"),
        ("XOF", "952"),
        ("ZAR", "710"),
    ];
    NUMBERS.iter().find(|(letters, _)| *letters == code).map(|(_, numeric)| *numeric)
}
