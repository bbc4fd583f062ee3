//! Figures as tables for a spreadsheet: amounts as plain decimals of their currency, rates in per mille, times in seconds.

use super::orders::OrderSums;
use super::sales::SalesSums;
use super::{Figures, Scope};
use crate::money::{Currency, Money};

/// One table of a dashboard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Days,
    Hours,
    Stores,
    Channels,
    Tenders,
    Taxes,
    Orders,
    OrderChannels,
    Turnover,
}

impl Part {
    pub const ALL: [Part; 9] = [
        Part::Days,
        Part::Hours,
        Part::Stores,
        Part::Channels,
        Part::Tenders,
        Part::Taxes,
        Part::Orders,
        Part::OrderChannels,
        Part::Turnover,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Part::Days => "days",
            Part::Hours => "hours",
            Part::Stores => "stores",
            Part::Channels => "channels",
            Part::Tenders => "tenders",
            Part::Taxes => "taxes",
            Part::Orders => "orders",
            Part::OrderChannels => "order-channels",
            Part::Turnover => "turnover",
        }
    }

    pub fn from_name(name: &str) -> Option<Part> {
        Part::ALL.into_iter().find(|part| part.name() == name)
    }
}

pub fn table(figures: &Figures, scope: &Scope, part: Part) -> Result<Vec<u8>, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    match part {
        Part::Days => sales(&mut writer, "day", &figures.by_day)?,
        Part::Hours => sales(&mut writer, "hour", &figures.by_hour)?,
        Part::Stores => sales(&mut writer, "store", &figures.by_store)?,
        Part::Channels => sales(&mut writer, "channel", &figures.by_channel)?,
        Part::Tenders => {
            writer.write_record(["from", "to", "currency", "tender", "payments", "amount"])?;
            for sum in &figures.tenders {
                let cells = [&sum.currency, &sum.kind, &sum.payments.to_string(), &money(sum.amount, &sum.currency)].map(Clone::clone);
                writer.write_record(days(scope).iter().chain(&cells))?;
            }
        }
        Part::Taxes => {
            writer.write_record(["from", "to", "currency", "tax", "jurisdiction", "rate_percent", "base", "amount"])?;
            for sum in &figures.taxes {
                let [base, tax] = [sum.base, sum.tax].map(|amount| money(amount, &sum.currency));
                let cells = [sum.currency.clone(), sum.name.clone(), sum.jurisdiction.clone(), percent(sum.rate), base, tax];
                writer.write_record(days(scope).iter().chain(&cells))?;
            }
        }
        Part::Orders => orders(&mut writer, "day", &figures.orders_by_day)?,
        Part::OrderChannels => orders(&mut writer, "channel", &figures.orders_by_channel)?,
        Part::Turnover => {
            writer.write_record(["store", "currency", "days", "average_stock", "sold", "turns_a_year", "unpriced"])?;
            let rows = if figures.turnover_by_store.is_empty() { &figures.turnover } else { &figures.turnover_by_store };
            for row in rows {
                let store = if row.key.is_empty() { scope.store.clone().unwrap_or_default() } else { row.key.clone() };
                let average = row.average_stock().map(|amount| money(amount, &row.currency)).unwrap_or_default();
                let turns = row.per_year().map(|turns| format!("{}.{:02}", turns / 100, turns.abs() % 100)).unwrap_or_default();
                let (days, unpriced) = (row.store_days.to_string(), row.unpriced.to_string());
                writer.write_record([store, row.currency.clone(), days, average, money(row.sold, &row.currency), turns, unpriced])?;
            }
        }
    }
    writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))
}

fn days(scope: &Scope) -> [String; 2] {
    [scope.period.from.to_string(), scope.period.to.to_string()]
}

fn sales(writer: &mut csv::Writer<Vec<u8>>, key: &str, rows: &[SalesSums]) -> Result<(), csv::Error> {
    writer.write_record([
        key,
        "currency",
        "sales_gross",
        "sales_net",
        "tax",
        "goods_sold",
        "returns",
        "discounts",
        "rounding",
        "transactions",
        "average_basket",
        "return_rate_per_mille",
        "voids",
        "post_voids",
    ])?;
    for row in rows {
        let of = |amount: i64| money(amount, &row.currency);
        writer.write_record([
            row.key.clone(),
            row.currency.clone(),
            of(row.gross()),
            of(row.net()),
            of(row.tax),
            of(row.goods_sold()),
            of(row.goods_returned()),
            of(row.discounts),
            of(row.rounding),
            row.transactions().to_string(),
            row.average_basket().map(of).unwrap_or_default(),
            text(row.return_rate()),
            row.voids.to_string(),
            row.post_voids.to_string(),
        ])?;
    }
    Ok(())
}

fn orders(writer: &mut csv::Writer<Vec<u8>>, key: &str, rows: &[OrderSums]) -> Result<(), csv::Error> {
    writer.write_record([
        key,
        "orders",
        "ready",
        "handed_over",
        "refused",
        "cancelled",
        "not_fetched",
        "promises_kept",
        "promises_due",
        "short_lines",
        "picked_lines",
        "fulfilment_median_s",
        "fulfilment_p90_s",
        "returned",
    ])?;
    for row in rows {
        let seconds = |ms: Option<i64>| text(ms.map(|ms| ms / 1000));
        let counts = [row.orders, row.ready, row.handed_over, row.refused, row.cancelled, row.not_fetched];
        let rates = [row.promises_kept, row.promises_due, row.short_lines, row.picked_lines];
        let mut cells = vec![row.key.clone()];
        cells.extend(counts.iter().chain(&rates).map(u64::to_string));
        cells.extend([seconds(row.fulfilment_median_ms), seconds(row.fulfilment_p90_ms), row.returned.to_string()]);
        writer.write_record(&cells)?;
    }
    Ok(())
}

/// "1234.50"; minor units where the currency is not known here.
fn money(minor: i64, currency: &str) -> String {
    Currency::from_code(currency).map_or_else(|| minor.to_string(), |currency| currency.plain(Money::from_minor(minor)))
}

/// Millionths as "7" or "8.875".
fn percent(rate: u64) -> String {
    let (whole, rest) = (rate / 10_000, rate % 10_000);
    if rest == 0 { whole.to_string() } else { format!("{whole}.{rest:04}").trim_end_matches('0').to_owned() }
}

fn text<T: ToString>(value: Option<T>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}
