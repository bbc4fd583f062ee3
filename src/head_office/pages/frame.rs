//! What all pages of head office share: head, navigation, and how amounts, quantities, times and ages are written.

use std::sync::Arc;

use maud::{DOCTYPE, Markup, html};

use crate::head_office::access::{self, Acting, Right, Via};
use crate::head_office::office::HeadOffice;
use crate::money::{Currency, Money, Qty, Unit};
use crate::web::assets::address;
use crate::web::locale::Locale;

pub use crate::web::layout::visible;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tab {
    Overview,
    Figures,
    Sales,
    Days,
    Transactions,
    Stock,
    Places,
    Orders,
    Service,
    Staff,
    Recalls,
    Fleet,
    Nodes,
    Feeds,
    Trouble,
    People,
    Audit,
    Account,
}

const TABS: &[(Tab, &str, &str)] = &[
    (Tab::Overview, "/", "Stores"),
    (Tab::Figures, "/figures", "Figures"),
    (Tab::Sales, "/sales", "Sales"),
    (Tab::Days, "/days", "Days"),
    (Tab::Transactions, "/transactions", "Transactions"),
    (Tab::Stock, "/stock", "Stock"),
    (Tab::Places, "/places", "Places"),
    (Tab::Orders, "/orders", "Orders"),
    (Tab::Service, "/service", "Service"),
    (Tab::Staff, "/staff", "Staff"),
    (Tab::Recalls, "/recalls", "Recalls"),
    (Tab::Fleet, "/fleet", "Fleet"),
    (Tab::Nodes, "/nodes", "Nodes"),
    (Tab::Feeds, "/feeds", "Feeds"),
    (Tab::Trouble, "/incidents", "Incidents"),
];

/// Beside the person's name, for those who may.
const BESIDE: [(Tab, Right, &str, &str); 2] =
    [(Tab::People, Right::Administer, "/people", "People"), (Tab::Audit, Right::Audit, "/audit", "Audit")];

pub struct Frame {
    /// Whoever looks at the page.
    acting: Option<Arc<Acting>>,
    name: String,
    tab: Tab,
    currency: Currency,
    locale: Locale,
    time_zone: jiff::tz::TimeZone,
    pub now_ms: i64,
    /// Open incidents and exceptions.
    troubles: (u64, u64),
}

impl Frame {
    pub fn new(office: &HeadOffice, tab: Tab, troubles: (u64, u64)) -> Frame {
        let config = office.config();
        Frame {
            acting: access::acting(),
            name: config.name.clone(),
            tab,
            currency: config.currency.clone(),
            locale: Locale::of_store(&config.locale, config.time_zone.clone()),
            time_zone: config.time_zone.clone(),
            now_ms: office.now_ms(),
            troubles,
        }
    }

    /// A whole page. `body` is replaced in place when something changed; forms that someone may be typing in stand outside it.
    pub fn page(&self, title: &str, tools: Markup, body: Markup) -> Markup {
        self.document(title, tools, body, html! {}, None)
    }

    /// The same, with forms below that stay while the page is brought up to date.
    pub fn page_with_forms(&self, title: &str, tools: Markup, body: Markup, forms: Markup) -> Markup {
        self.document(title, tools, body, forms, None)
    }

    /// One that costs more to make than a list: it is brought up to date once a minute.
    pub fn slow_page(&self, title: &str, tools: Markup, body: Markup) -> Markup {
        self.document(title, tools, body, html! {}, Some(60))
    }

    fn document(&self, title: &str, tools: Markup, body: Markup, forms: Markup, every_s: Option<u32>) -> Markup {
        html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    title { (title) " · " (self.name) }
                    link rel="icon" href=(address("icon.svg")) type="image/svg+xml";
                    link rel="stylesheet" href=(address("office.css"));
                    script src=(address("office.js")) defer {}
                }
                body data-may=(self.rights()) {
                    a .skip href="#live" { "Skip to content" }
                    header {
                        a .brand href="/" { (self.name) }
                        nav aria-label="Pages" { (self.tabs()) }
                        span #line .line { }
                        (self.person())
                    }
                    main {
                        div .title {
                            h1 { (title) }
                            (tools)
                        }
                        div #live data-every=[every_s] { (body) }
                        (forms)
                    }
                }
            }
        }
    }

    /// One message instead of a page.
    pub fn message(&self, title: &str, hint: &str) -> Markup {
        self.page(title, html! {}, html! { p .empty { (hint) } })
    }

    /// What whoever looks may do; the style sheet leaves out the forms that would be refused.
    fn rights(&self) -> String {
        let rights = Right::ALL.into_iter().filter(|right| self.acting.as_ref().is_none_or(|acting| acting.who.may(*right)));
        rights.map(Right::name).collect::<Vec<_>>().join(" ")
    }

    fn person(&self) -> Markup {
        let who = self.acting.as_ref().map(|acting| &acting.who);
        let signed_in = who.filter(|who| who.via == Via::Session);
        html! {
            div .person {
                @for (tab, right, address, label) in BESIDE {
                    @if who.is_none_or(|who| who.may(right)) {
                        a href=(address) aria-current=[(tab == self.tab).then_some("page")] { (label) }
                    }
                }
                @if let Some(who) = signed_in {
                    a href="/account" aria-current=[(self.tab == Tab::Account).then_some("page")] { (visible(&who.name)) }
                    form method="post" action="/sign-out" { button .plain { "Sign out" } }
                }
            }
        }
    }

    fn tabs(&self) -> Markup {
        let open = self.troubles.0 + self.troubles.1;
        html! {
            @for (tab, address, label) in TABS.iter().copied().filter(|(tab, ..)| *tab != Tab::Service || access::may(Right::Orders)) {
                a href=(address) aria-current=[(tab == self.tab).then_some("page")] {
                    (label)
                    @if tab == Tab::Trouble && open > 0 { " " span .count { (open) } }
                }
            }
        }
    }

    /// In the configured currency without its name; another currency brings its own.
    pub fn money(&self, minor: i64, currency: &str) -> String {
        let amount = Money::from_minor(minor);
        if currency == self.currency.code {
            return self.locale.money(&self.currency, amount);
        }
        match Currency::from_code(currency) {
            Some(other) => format!("{} {}", self.locale.money(&other, amount), other.code),
            None => format!("{minor} {}", visible(currency)),
        }
    }

    /// Without decimals that are all zero: for the axis of a chart.
    pub fn whole_money(&self, minor: i64, currency: &str) -> String {
        let text = self.money(minor, currency);
        let decimals = Currency::from_code(currency).map_or(0, |currency| currency.exponent);
        if decimals == 0 || minor % i64::pow(10, u32::from(decimals)) != 0 {
            return text;
        }
        // The mark goes with them; a foreign currency's name stays.
        let (number, name) = text.split_once(' ').map_or((text.as_str(), String::new()), |(number, name)| (number, format!(" {name}")));
        format!("{}{name}", number.get(..number.len() - 1 - usize::from(decimals)).unwrap_or(number))
    }

    /// Thousandths as per cent: "25.4 %".
    pub fn per_mille(&self, rate: u64) -> String {
        let tenths = i64::try_from(rate).unwrap_or(i64::MAX / 100);
        format!("{} %", self.locale.quantity(Qty::from_thousandths(tenths.saturating_mul(100)), Unit::Piece))
    }

    /// "12.5", of hundredths.
    pub fn hundredths(&self, hundredths: i64) -> String {
        self.locale.quantity(Qty::from_thousandths(hundredths.saturating_mul(10)), Unit::Piece)
    }

    /// A business date without its year, where room is short.
    pub fn short_day(&self, day: &str) -> String {
        day.parse::<jiff::civil::Date>().map_or_else(|_| visible(day), |date| self.locale.day_and_month(date))
    }

    pub fn currency(&self) -> &str {
        &self.currency.code
    }

    pub fn quantity(&self, thousandths: i64, symbol: &str) -> String {
        let number = self.locale.quantity(Qty::from_thousandths(thousandths), Unit::Piece);
        if symbol.is_empty() { number } else { format!("{number} {symbol}") }
    }

    pub fn count(&self, count: u64) -> String {
        let plain = i64::try_from(count).unwrap_or(i64::MAX);
        self.locale.quantity(Qty::from_thousandths(plain.saturating_mul(1000)), Unit::Piece)
    }

    pub fn time(&self, ms: i64) -> String {
        self.locale.date_and_clock(ms)
    }

    /// A business date "2026-11-22" as people write it; anything else as it is.
    pub fn day(&self, day: &str) -> String {
        match day.parse::<jiff::civil::Date>() {
            Ok(date) => format!("{} {}", date.strftime("%a"), self.locale.date(date)),
            Err(_) => visible(day),
        }
    }

    /// "2026-11-22", as a field for a day takes it.
    pub fn iso_day(&self, ms: i64) -> String {
        jiff::Timestamp::from_millisecond(ms).map(|at| at.to_zoned(self.time_zone.clone()).date().to_string()).unwrap_or_default()
    }

    /// "8 s ago", "2 h ago": how old, in the largest unit that says something.
    pub fn ago(&self, ms: i64) -> String {
        match (self.now_ms - ms).max(0) / 1000 {
            0..=4 => "just now".to_owned(),
            seconds @ 5..=99 => format!("{seconds} s ago"),
            seconds @ 100..=5_999 => format!("{} min ago", seconds / 60),
            seconds @ 6_000..=172_799 => format!("{} h ago", seconds / 3_600),
            seconds => format!("{} days ago", seconds / 86_400),
        }
    }
}

/// "1 record", "12 records".
pub fn counted(count: &str, singular: &str) -> String {
    if count == "1" { format!("1 {singular}") } else { format!("{count} {singular}s") }
}

/// Percent-encoded for a query string.
pub fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            out += &format!("%{byte:02X}");
        }
        out
    })
}
