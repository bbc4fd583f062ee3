//! How a paper speaks: its words, its decimal mark, the order of a date. One table; a language is one more column.

use serde::{Deserialize, Serialize};

use crate::money::{Currency, Money, Qty};
use crate::retail::TenderKind;

/// Made from a language tag such as "de-AT" in the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Locale {
    pub language: Language,
    /// Stands before the decimals: '.' or ','. Thousands are not grouped, so a figure reads the same to everybody.
    pub decimal_mark: char,
    pub date: DateOrder,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    English,
    German,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DateOrder {
    /// 2026-11-22
    YearMonthDay,
    /// 22.11.2026
    DayMonthYearDots,
    /// 22/11/2026
    DayMonthYear,
    /// 11/22/2026
    MonthDayYear,
}

impl Language {
    /// BCP 47.
    pub fn tag(self) -> &'static str {
        match self {
            Language::English => "en",
            Language::German => "de",
        }
    }
    /// Of a tag such as "de" or "en-GB"; `None`: one we have no words for.
    pub fn of_tag(tag: &str) -> Option<Language> {
        match tag.split('-').next()? {
            "en" => Some(Language::English),
            "de" => Some(Language::German),
            _ => None,
        }
    }
}

impl Locale {
    /// `None` for a tag we have no words or no habits for.
    pub fn from_tag(tag: &str) -> Option<Locale> {
        let (language, decimal_mark, date) = match tag {
            "en" | "en-IE" => (Language::English, '.', DateOrder::YearMonthDay),
            "en-GB" => (Language::English, '.', DateOrder::DayMonthYear),
            "en-US" => (Language::English, '.', DateOrder::MonthDayYear),
            "de" | "de-DE" | "de-AT" => (Language::German, ',', DateOrder::DayMonthYearDots),
            "de-CH" | "de-LI" => (Language::German, '.', DateOrder::DayMonthYearDots),
            _ => return None,
        };
        Some(Locale { language, decimal_mark, date })
    }
    /// Every tag [`Locale::from_tag`] takes, for error messages.
    pub const TAGS: [&str; 8] = ["en", "en-GB", "en-IE", "en-US", "de", "de-AT", "de-CH", "de-DE"];

    /// "-12.34", without the currency's name.
    pub fn money(&self, currency: &Currency, amount: Money) -> String {
        self.decimals(currency.plain(amount))
    }
    pub fn quantity(&self, quantity: Qty) -> String {
        self.decimals(quantity.plain())
    }
    /// A weight that was found at the till, as the scale shows it: "0,250".
    pub fn weight(&self, weight: Qty) -> String {
        self.decimals(weight.to_the_gram())
    }
    /// A rate in millionths as "8.875 %".
    pub fn rate(&self, millionths: u32) -> String {
        let text = format!("{}.{:04}", millionths / 10_000, millionths % 10_000);
        self.decimals(text.trim_end_matches('0').trim_end_matches('.').to_owned()) + " %"
    }
    pub fn date(&self, date: jiff::civil::Date) -> String {
        let (y, m, d) = (date.year(), date.month(), date.day());
        match self.date {
            DateOrder::YearMonthDay => format!("{y:04}-{m:02}-{d:02}"),
            DateOrder::DayMonthYearDots => format!("{d:02}.{m:02}.{y:04}"),
            DateOrder::DayMonthYear => format!("{d:02}/{m:02}/{y:04}"),
            DateOrder::MonthDayYear => format!("{m:02}/{d:02}/{y:04}"),
        }
    }
    /// Date and minutes on the shop's wall. `None` for a moment no calendar has.
    pub fn moment(&self, ms: i64, utc_offset_min: i32) -> Option<String> {
        let offset = jiff::tz::Offset::from_seconds(utc_offset_min.checked_mul(60)?).ok()?;
        let local = offset.to_datetime(jiff::Timestamp::from_millisecond(ms).ok()?);
        Some(format!("{} {:02}:{:02}", self.date(local.date()), local.hour(), local.minute()))
    }
    pub(crate) fn word(&self, word: Word) -> &'static str {
        let (english, german) = word.spoken();
        match self.language {
            Language::English => english,
            Language::German => german,
        }
    }
    pub(crate) fn tender(&self, kind: TenderKind) -> &'static str {
        self.word(match kind {
            TenderKind::Cash => Word::Cash,
            TenderKind::Card => Word::Card,
        })
    }

    fn decimals(&self, plain: String) -> String {
        if self.decimal_mark == '.' { plain } else { plain.replace('.', self.decimal_mark.encode_utf8(&mut [0; 4])) }
    }
}

impl Default for Locale {
    fn default() -> Locale {
        Locale { language: Language::English, decimal_mark: '.', date: DateOrder::YearMonthDay }
    }
}

/// Every word a paper may need.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Word {
    Approval,
    Batch,
    /// Typed at the till.
    ManualWeight,
    Tare,
    BusinessDate,
    Card,
    CardReceipt,
    Cash,
    Change,
    Closed,
    Copy,
    Gross,
    Journal,
    Net,
    Numbers,
    NoTax,
    NotASale,
    Opened,
    PostVoid,
    PostVoids,
    Printed,
    Return,
    Returned,
    ReturnedFrom,
    Serial,
    ReturnedWithout,
    Returns,
    Rounding,
    Sales,
    Staff,
    Subtotal,
    Tax,
    Terminal,
    Till,
    ToPay,
    Total,
    Trace,
    Training,
    Turnover,
    Void,
    Voids,
    Unreadable,
    Incomplete,
    Records,
    XReport,
    ZReport,
    // Papers about cash.
    Addendum,
    Bag,
    CashTaken,
    Counted,
    CountedBy,
    Counts,
    Difference,
    Expected,
    Float,
    HandedTo,
    Late,
    Loan,
    NoSale,
    NotCounted,
    OpenSales,
    CardUnknown,
    PaidIn,
    PaidOut,
    PartPaid,
    Pickup,
    Reason,
    Signature,
    Suspended,
    TillX,
    TillZ,
    SafeCount,
    Bags,
    Time,
    Tills,
    CashMoved,
    OnScreen,
    ExpectedUnproved,
    CustomerRef,
    // Collect orders.
    Order,
    PickList,
    ReadyBy,
    Reprint,
    ZoneAmbient,
    ZoneChilled,
    ZoneFrozen,
}

impl Word {
    /// English, German.
    const fn spoken(self) -> (&'static str, &'static str) {
        match self {
            Word::Approval => ("approval", "Genehmigung"),
            Word::BusinessDate => ("Business date", "Geschäftstag"),
            Word::Card => ("Card", "Karte"),
            Word::CardReceipt => ("Terminal receipt", "Terminal-Beleg"),
            Word::Cash => ("Cash", "Bar"),
            Word::Change => ("Change", "Rückgeld"),
            Word::Closed => ("Closed", "Geschlossen"),
            Word::Copy => ("COPY", "KOPIE"),
            Word::Gross => ("Gross", "Brutto"),
            Word::Journal => ("Journal", "Journal"),
            Word::Net => ("Net", "Netto"),
            Word::Numbers => ("Numbers", "Nummern"),
            Word::NoTax => ("no tax", "steuerfrei"),
            Word::NotASale => ("given up, nothing was sold", "abgebrochen, nichts verkauft"),
            Word::Opened => ("Opened", "Geöffnet"),
            Word::PostVoid => ("SALE UNDONE", "VERKAUF STORNIERT"),
            Word::PostVoids => ("Sales undone", "Stornierte Verkäufe"),
            Word::Printed => ("Read", "Gelesen"),
            Word::Return => ("RETURN", "RÜCKGABE"),
            Word::Returned => ("Goods returned", "Zurückgenommene Ware"),
            Word::Batch => ("Batch", "Charge"),
            Word::ManualWeight => ("Manual weight", "Gewicht von Hand"),
            Word::Tare => ("tare", "Tara"),
            Word::Serial => ("Serial no.", "Serien-Nr."),
            Word::ReturnedFrom => ("Returned from", "Rückgabe zu"),
            Word::ReturnedWithout => ("Returned without receipt", "Rückgabe ohne Beleg"),
            Word::Returns => ("Returns", "Rückgaben"),
            Word::Rounding => ("Cash rounding", "Rundung bar"),
            Word::Sales => ("Sales", "Verkäufe"),
            Word::Staff => ("Staff", "Bediener"),
            Word::Subtotal => ("Subtotal", "Zwischensumme"),
            Word::Tax => ("Tax", "Steuer"),
            Word::Terminal => ("Terminal", "Terminal"),
            Word::Till => ("Till", "Kasse"),
            Word::ToPay => ("To pay", "Zu zahlen"),
            Word::Total => ("TOTAL", "SUMME"),
            Word::Trace => ("trace", "Trace"),
            Word::Training => ("TRAINING - NOT A RECEIPT", "TRAINING - KEIN BELEG"),
            Word::Turnover => ("Turnover", "Umsatz"),
            Word::Void => ("VOID", "STORNO"),
            Word::Voids => ("Voids", "Abbrüche"),
            Word::Records => ("Records", "Datensätze"),
            Word::Unreadable => ("cannot be read", "sind nicht lesbar"),
            Word::Incomplete => ("The sums may lack them.", "Sie können in den Summen fehlen."),
            Word::XReport => ("X REPORT", "X-BERICHT"),
            Word::ZReport => ("Z REPORT", "Z-BERICHT"),
            Word::Addendum => ("ADDENDUM", "NACHTRAG"),
            Word::Bag => ("Bag", "Geldtasche"),
            Word::CashTaken => ("Cash from sales", "Bar aus Verkäufen"),
            Word::Counted => ("Counted", "Gezählt"),
            Word::CountedBy => ("Counted by", "Gezählt von"),
            Word::Counts => ("Counts taken", "Zählungen"),
            Word::Difference => ("Difference", "Differenz"),
            Word::Expected => ("Expected", "Soll"),
            Word::Float => ("Float", "Wechselgeld"),
            Word::HandedTo => ("Handed over to", "Übergeben an"),
            Word::Late => ("Of an earlier day", "Eines früheren Tages"),
            Word::Loan => ("Loan", "Einlage Tresor"),
            Word::NoSale => ("No sale", "Kein Verkauf"),
            Word::NotCounted => ("not counted, still open", "nicht gezählt, noch offen"),
            Word::OpenSales => ("Unfinished sales", "Offene Verkäufe"),
            Word::CardUnknown => ("card payment not confirmed", "Kartenzahlung unbestätigt"),
            Word::PaidIn => ("Paid in", "Einzahlung"),
            Word::PaidOut => ("Paid out", "Auszahlung"),
            Word::PartPaid => ("part paid", "angezahlt"),
            Word::Pickup => ("Pickup", "Abschöpfung"),
            Word::Reason => ("Reason", "Grund"),
            Word::Signature => ("Signature", "Unterschrift"),
            Word::Suspended => ("parked", "geparkt"),
            Word::TillX => ("TILL X", "KASSE X"),
            Word::TillZ => ("TILL Z", "KASSE Z"),
            Word::SafeCount => ("SAFE COUNT", "TRESORZÄHLUNG"),
            Word::Bags => ("Bank bags", "Geldtaschen"),
            Word::Time => ("Time", "Zeit"),
            Word::Tills => ("Tills", "Kassen"),
            Word::CustomerRef => ("Customer ref.", "Kunden-Nr."),
            Word::CashMoved => ("Cash movements", "Bargeldbewegungen"),
            Word::OnScreen => ("on the screen", "auf dem Schirm"),
            Word::Order => ("Order", "Auftrag"),
            Word::PickList => ("PICK LIST", "PICKLISTE"),
            Word::ReadyBy => ("Ready by", "Bereit bis"),
            Word::Reprint => ("REPRINT", "NACHDRUCK"),
            Word::ZoneAmbient => ("SHELF", "REGAL"),
            Word::ZoneChilled => ("CHILLED", "GEKÜHLT"),
            Word::ZoneFrozen => ("FROZEN", "TIEFGEKÜHLT"),
            Word::ExpectedUnproved => ("Expected (unproved)", "Soll (unbelegt)"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_follow_the_country() {
        let german = Locale::from_tag("de-DE").unwrap();
        let american = Locale::from_tag("en-US").unwrap();
        let eur = Currency::from_code("EUR").unwrap();
        assert_eq!(german.money(&eur, Money::from_minor(-123_456)), "-1234,56");
        assert_eq!(american.rate(88_750), "8.875 %");
        assert_eq!(german.rate(190_000), "19 %");
        assert_eq!(american.rate(3_750), "0.375 %");
        // 2026-11-22T23:30Z is already the 23rd in Berlin and still the 22nd in New York.
        let ms = 1_795_390_200_000;
        assert_eq!(german.moment(ms, 60).unwrap(), "23.11.2026 00:30");
        assert_eq!(american.moment(ms, -300).unwrap(), "11/22/2026 18:30");
        assert_eq!(german.moment(i64::MAX, 60), None);
        for tag in Locale::TAGS {
            assert!(Locale::from_tag(tag).is_some(), "{tag}");
        }
    }
}
