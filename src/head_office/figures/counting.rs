//! What a finished transaction adds to the figures, in the transaction that counts it. Rows grow by sums; nothing is read back.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::{TILL, orders};
use crate::head_office::db::{self, Bulk, Connection, Kind, Value};
use crate::head_office::projection::tender_name;
use crate::ids::OrderNo;
use crate::money::Money;
use crate::retail::{SoldLine, TenderKind, TransactionKind, TransactionRecord};

/// What one transaction comes to; docs/MEASURES.md says why. Training comes to nothing, a void to one void.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sums {
    pub sales: i64,
    pub voids: i64,
    pub returns: i64,
    pub post_voids: i64,
    pub total: i64,
    pub tax: i64,
    pub rounding: i64,
    pub returned: i64,
    pub post_voided: i64,
    pub discounts: i64,
}

impl Sums {
    pub fn of(record: &TransactionRecord) -> Sums {
        if record.training {
            return Sums::default();
        }
        if record.kind == TransactionKind::Void {
            return Sums { voids: 1, ..Sums::default() };
        }
        let is = |kind: TransactionKind| i64::from(record.kind == kind);
        let returned: Money = record.lines.iter().map(SoldLine::refund).sum();
        let sold = record.lines.iter().filter(|line| line.returned.is_none());
        Sums {
            sales: is(TransactionKind::Sale),
            voids: 0,
            returns: is(TransactionKind::Return),
            post_voids: is(TransactionKind::PostVoid),
            total: record.total.minor(),
            tax: record.taxes.iter().map(|group| group.tax).sum::<Money>().minor(),
            rounding: record.rounding.minor(),
            returned: returned.minor(),
            post_voided: if record.kind == TransactionKind::PostVoid { returned.minor() } else { 0 },
            discounts: sold.flat_map(|line| &line.discounts).map(|discount| discount.amount).sum::<Money>().minor(),
        }
    }

    fn add(&mut self, more: &Sums) {
        self.sales += more.sales;
        self.voids += more.voids;
        self.returns += more.returns;
        self.post_voids += more.post_voids;
        self.total += more.total;
        self.tax += more.tax;
        self.rounding += more.rounding;
        self.returned += more.returned;
        self.post_voided += more.post_voided;
        self.discounts += more.discounts;
    }
}

/// Money kept of a kind of tender; change is taken off the cash.
pub fn kept(record: &TransactionRecord, kind: TenderKind) -> i64 {
    if record.training || record.kind == TransactionKind::Void {
        return 0;
    }
    let given: Money = record.tenders.iter().filter(|tender| tender.kind == kind).map(|tender| tender.amount).sum();
    let change = if kind == TenderKind::Cash { record.change } else { Money::ZERO };
    (given - change).minor()
}

/// The order that it paid.
fn order_of(record: &TransactionRecord) -> Option<&OrderNo> {
    record.lines.iter().find_map(|line| line.order.as_ref())
}

/// Of the channel of the order that it paid, as a whole; else of the till.
fn channel_of(connection: &Connection, record: &TransactionRecord) -> db::Result<Cow<'static, str>> {
    match order_of(record) {
        Some(order) => Ok(orders::source_of(connection, order)?.0.into()),
        None => Ok(TILL.into()),
    }
}

/// Hour of the day on the store's clock, 0 to 23.
pub fn hour_of(record: &TransactionRecord) -> i64 {
    let local_ms = record.at.ms.saturating_add(i64::from(record.utc_offset_min) * 60_000);
    local_ms.div_euclid(3_600_000).rem_euclid(24)
}

/// A component of the tax: name, jurisdiction, rate in millionths.
pub type Rate<'r> = (&'r str, &'r str, i64);
/// Base and tax in minor units.
pub type Taxed = (i64, i64);

/// Taxes of a transaction by component.
pub fn taxes_of(record: &TransactionRecord) -> Vec<(Rate<'_>, Taxed)> {
    if record.training || record.kind == TransactionKind::Void {
        return Vec::new();
    }
    let mut found = Vec::new();
    for group in &record.taxes {
        if group.components.is_empty() {
            found.push(((group.exempt_reason.as_deref().unwrap_or(&group.label), "", 0), (group.net.minor(), group.tax.minor())));
        }
        let parts = group.components.iter();
        found.extend(parts.map(|part| {
            let key = (part.name.as_str(), part.jurisdiction.as_str(), i64::from(part.rate));
            (key, (part.base.minor(), part.tax.minor()))
        }));
    }
    found
}

/// Adds transactions of one store, however many, with a few statements.
pub fn add<'r>(connection: &Connection, store: &str, records: impl Iterator<Item = &'r TransactionRecord> + Clone) -> db::Result<()> {
    let counted = records.filter(|record| !record.training);
    add_taxes(connection, store, counted.clone())?;
    add_tenders(connection, store, counted.clone())?;
    let of_channels: Vec<Counted<'_>> = counted.map(|record| Ok((record, channel_of(connection, record)?))).collect::<db::Result<_>>()?;
    add_hours(connection, store, &of_channels)?;
    let paying = of_channels.iter().filter(|(record, _)| record.kind == TransactionKind::Sale);
    let paid = paying.filter_map(|(record, channel)| Some((record, channel, order_of(record)?)));
    let values: Vec<Value<'_>> = paid
        .flat_map(|(record, channel, order)| [Value::Bytes(record.txn.0.as_bytes()), Value::Text(channel), Value::Text(order.as_str())])
        .collect();
    const INTO: Bulk = Bulk {
        table: "order_sales",
        columns: &[("txn", Kind::Bytes), ("channel", Kind::Text), ("order_no", Kind::Text)],
        behind: "ON CONFLICT DO NOTHING",
    };
    connection.insert_all(&INTO, &values, |_| Ok(())).map(drop)
}

/// A transaction and the channel that it counts to.
type Counted<'r> = (&'r TransactionRecord, Cow<'static, str>);

fn add_hours(connection: &Connection, store: &str, records: &[Counted<'_>]) -> db::Result<()> {
    use Kind::{Integer, Text};
    const INTO: Bulk = Bulk {
        table: "figure_hours",
        columns: &[
            ("business_date", Text),
            ("store", Text),
            ("currency", Text),
            ("channel", Text),
            ("hour", Integer),
            ("sales", Integer),
            ("voids", Integer),
            ("returns", Integer),
            ("post_voids", Integer),
            ("total", Integer),
            ("tax", Integer),
            ("rounding", Integer),
            ("returned", Integer),
            ("post_voided", Integer),
            ("discounts", Integer),
        ],
        behind: "ON CONFLICT (business_date, store, currency, channel, hour) DO UPDATE SET sales = figure_hours.sales + excluded.sales,
               voids = figure_hours.voids + excluded.voids, returns = figure_hours.returns + excluded.returns,
               post_voids = figure_hours.post_voids + excluded.post_voids, total = figure_hours.total + excluded.total,
               tax = figure_hours.tax + excluded.tax, rounding = figure_hours.rounding + excluded.rounding,
               returned = figure_hours.returned + excluded.returned, post_voided = figure_hours.post_voided + excluded.post_voided,
               discounts = figure_hours.discounts + excluded.discounts",
    };
    let mut rows: BTreeMap<(String, &str, &str, i64), Sums> = BTreeMap::new();
    for (record, channel) in records {
        let key = (record.business_date.to_string(), record.currency.as_str(), &**channel, hour_of(record));
        rows.entry(key).or_default().add(&Sums::of(record));
    }
    let mut values = Vec::new();
    for ((date, currency, channel, hour), sums) in &rows {
        values.extend([Value::Text(date), Value::Text(store), Value::Text(currency), Value::Text(channel), Value::Integer(*hour)]);
        let Sums { sales, voids, returns, post_voids, total, tax, rounding, returned, post_voided, discounts } = *sums;
        let amounts = [sales, voids, returns, post_voids, total, tax, rounding, returned, post_voided, discounts];
        values.extend(amounts.map(Value::Integer));
    }
    connection.insert_all(&INTO, &values, |_| Ok(())).map(drop)
}

fn add_taxes<'r>(connection: &Connection, store: &str, records: impl Iterator<Item = &'r TransactionRecord>) -> db::Result<()> {
    use Kind::{Integer, Text};
    const INTO: Bulk = Bulk {
        table: "figure_taxes",
        columns: &[
            ("business_date", Text),
            ("store", Text),
            ("currency", Text),
            ("name", Text),
            ("jurisdiction", Text),
            ("rate", Integer),
            ("base", Integer),
            ("tax", Integer),
        ],
        behind: "ON CONFLICT (business_date, store, currency, name, jurisdiction, rate)
               DO UPDATE SET base = figure_taxes.base + excluded.base, tax = figure_taxes.tax + excluded.tax",
    };
    let mut rows: BTreeMap<(String, &str, Rate<'_>), Taxed> = BTreeMap::new();
    for record in records {
        for (rate, (base, tax)) in taxes_of(record) {
            let sum = rows.entry((record.business_date.to_string(), record.currency.as_str(), rate)).or_default();
            *sum = (sum.0 + base, sum.1 + tax);
        }
    }
    let mut values = Vec::new();
    for ((date, currency, (name, jurisdiction, rate)), (base, tax)) in &rows {
        values.extend([Value::Text(date), Value::Text(store), Value::Text(currency), Value::Text(name), Value::Text(jurisdiction)]);
        values.extend([*rate, *base, *tax].map(Value::Integer));
    }
    connection.insert_all(&INTO, &values, |_| Ok(())).map(drop)
}

fn add_tenders<'r>(connection: &Connection, store: &str, records: impl Iterator<Item = &'r TransactionRecord>) -> db::Result<()> {
    use Kind::{Integer, Text};
    const INTO: Bulk = Bulk {
        table: "figure_tenders",
        columns: &[
            ("business_date", Text),
            ("store", Text),
            ("currency", Text),
            ("kind", Text),
            ("payments", Integer),
            ("amount", Integer),
        ],
        behind: "ON CONFLICT (business_date, store, currency, kind)
               DO UPDATE SET payments = figure_tenders.payments + excluded.payments, amount = figure_tenders.amount + excluded.amount",
    };
    let mut rows: BTreeMap<(String, &str, &str), (i64, i64)> = BTreeMap::new();
    for record in records.filter(|record| record.kind != TransactionKind::Void) {
        for kind in [TenderKind::Cash, TenderKind::Card] {
            let payments = record.tenders.iter().filter(|tender| tender.kind == kind).count();
            let kept = kept(record, kind);
            if payments > 0 || kept != 0 {
                let sum = rows.entry((record.business_date.to_string(), record.currency.as_str(), tender_name(kind))).or_default();
                *sum = (sum.0 + i64::try_from(payments).unwrap_or(i64::MAX), sum.1 + kept);
            }
        }
    }
    let mut values = Vec::new();
    for ((date, currency, kind), (payments, amount)) in &rows {
        values.extend([Value::Text(date), Value::Text(store), Value::Text(currency), Value::Text(kind)]);
        values.extend([*payments, *amount].map(Value::Integer));
    }
    connection.insert_all(&INTO, &values, |_| Ok(())).map(drop)
}
