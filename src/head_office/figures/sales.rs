//! Figures of sales: what was summed when transactions were counted, added up over a period.

use serde::Serialize;

use super::orders::per_mille;
use super::{By, Scope};
use crate::head_office::db::{self, Connection, params};

/// Sales of one currency over a part of a period. Amounts in minor units.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(into = "SalesView")]
pub struct SalesSums {
    /// Day, store, channel or hour; empty for all together.
    pub key: String,
    pub currency: String,
    pub sales: u64,
    pub voids: u64,
    pub returns: u64,
    pub post_voids: u64,
    /// Tax included, returns and post voids taken off, before cash rounding.
    pub total: i64,
    pub tax: i64,
    pub rounding: i64,
    /// All goods that came back, those of post voids included; a positive amount.
    pub returned: i64,
    pub post_voided: i64,
    pub discounts: i64,
}

impl SalesSums {
    /// Sales (gross): with tax.
    pub fn gross(&self) -> i64 {
        self.total
    }
    /// Sales (net): without tax.
    pub fn net(&self) -> i64 {
        self.total - self.tax
    }
    /// Goods that customers brought back.
    pub fn goods_returned(&self) -> i64 {
        self.returned - self.post_voided
    }
    /// Before what came back.
    pub fn goods_sold(&self) -> i64 {
        self.total + self.goods_returned()
    }
    /// Sales that stand: without those that a post void undid.
    pub fn transactions(&self) -> u64 {
        self.sales.saturating_sub(self.post_voids)
    }
    pub fn average_basket(&self) -> Option<i64> {
        super::average(self.goods_sold(), self.transactions())
    }
    /// In thousandths of what was sold.
    pub fn return_rate(&self) -> Option<u64> {
        per_mille(u64::try_from(self.goods_returned()).ok()?, u64::try_from(self.goods_sold()).ok()?)
    }
}

/// By currency and `by`, in their order. Currencies are never added together.
pub fn sums(connection: &Connection, scope: &Scope, by: By) -> db::Result<Vec<SalesSums>> {
    let table = match by {
        By::Nothing | By::Day | By::Store => "sales_days",
        By::Channel | By::Hour => "figure_hours",
    };
    let key = by.column();
    let sql = format!(
        "SELECT {key}, currency, sum(sales), sum(voids), sum(returns), sum(post_voids), sum(total), sum(tax), sum(rounding), sum(returned),
           sum(post_voided), sum(discounts)
         FROM {table} WHERE {} GROUP BY 1, 2 ORDER BY 2, 1",
        scope.when(3)
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let (from, to) = scope.days();
    let read = |row: &db::Row<'_>| {
        Ok(SalesSums {
            key: row.get(0)?,
            currency: row.get(1)?,
            sales: row.get(2)?,
            voids: row.get(3)?,
            returns: row.get(4)?,
            post_voids: row.get(5)?,
            total: row.get(6)?,
            tax: row.get(7)?,
            rounding: row.get(8)?,
            returned: row.get(9)?,
            post_voided: row.get(10)?,
            discounts: row.get(11)?,
        })
    };
    let mut found: Vec<SalesSums> = match &scope.store {
        Some(store) => statement.query_map(params![from, to, store], read)?.collect::<db::Result<_>>()?,
        None => statement.query_map(params![from, to], read)?.collect::<db::Result<_>>()?,
    };
    if by == By::Channel {
        to_the_channel_of_the_sale(connection, scope, &mut found)?;
    }
    Ok(found)
}

/// What came back of a sale that had paid an order counts to the order's channel, though it came back at a till.
fn to_the_channel_of_the_sale(connection: &Connection, scope: &Scope, found: &mut Vec<SalesSums>) -> db::Result<()> {
    let sql = format!(
        "SELECT s.channel, r.currency, sum(r.amount) FROM returned_lines r JOIN order_sales s ON s.txn = r.original
         WHERE {} AND r.kind <> 'post_void' GROUP BY 1, 2 ORDER BY 2, 1",
        scope.when(3)
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let (from, to) = scope.days();
    let read = |row: &db::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    let moved: Vec<(String, String, i64)> = match &scope.store {
        Some(store) => statement.query_map(params![from, to, store], read)?.collect::<db::Result<_>>()?,
        None => statement.query_map(params![from, to], read)?.collect::<db::Result<_>>()?,
    };
    for (channel, currency, amount) in moved {
        for (key, sign) in [(super::TILL, -1), (channel.as_str(), 1)] {
            let place = found.iter().position(|sums| sums.key == key && sums.currency == currency).unwrap_or_else(|| {
                found.push(SalesSums { key: key.to_owned(), currency: currency.clone(), ..SalesSums::default() });
                found.len() - 1
            });
            found[place].returned += sign * amount;
            found[place].total -= sign * amount;
        }
    }
    Ok(())
}

/// Money kept by kind of tender.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct TenderSum {
    pub currency: String,
    pub kind: String,
    pub payments: u64,
    pub amount: i64,
}

pub fn tenders(connection: &Connection, scope: &Scope) -> db::Result<Vec<TenderSum>> {
    let sql = format!(
        "SELECT currency, kind, sum(payments), sum(amount) FROM figure_tenders WHERE {} GROUP BY 1, 2 ORDER BY 1, 2",
        scope.when(3)
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let (from, to) = scope.days();
    let read = |row: &db::Row<'_>| Ok(TenderSum { currency: row.get(0)?, kind: row.get(1)?, payments: row.get(2)?, amount: row.get(3)? });
    match &scope.store {
        Some(store) => statement.query_map(params![from, to, store], read)?.collect(),
        None => statement.query_map(params![from, to], read)?.collect(),
    }
}

/// One component of the tax.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct TaxSum {
    pub currency: String,
    pub name: String,
    pub jurisdiction: String,
    /// Millionths.
    pub rate: u64,
    pub base: i64,
    pub tax: i64,
}

pub fn taxes(connection: &Connection, scope: &Scope) -> db::Result<Vec<TaxSum>> {
    let sql = format!(
        "SELECT currency, name, jurisdiction, rate, sum(base), sum(tax) FROM figure_taxes WHERE {} GROUP BY 1, 2, 3, 4 ORDER BY 1, 3, 4 DESC, 2",
        scope.when(3)
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let (from, to) = scope.days();
    let read = |row: &db::Row<'_>| {
        Ok(TaxSum {
            currency: row.get(0)?,
            name: row.get(1)?,
            jurisdiction: row.get(2)?,
            rate: row.get(3)?,
            base: row.get(4)?,
            tax: row.get(5)?,
        })
    };
    match &scope.store {
        Some(store) => statement.query_map(params![from, to, store], read)?.collect(),
        None => statement.query_map(params![from, to], read)?.collect(),
    }
}

/// The same with what follows from it, for programs.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct SalesView {
    #[serde(skip_serializing_if = "String::is_empty")]
    key: String,
    currency: String,
    gross: i64,
    net: i64,
    tax: i64,
    goods_sold: i64,
    goods_returned: i64,
    discounts: i64,
    rounding: i64,
    transactions: u64,
    returns: u64,
    voids: u64,
    post_voids: u64,
    average_basket: Option<i64>,
    return_rate_per_mille: Option<u64>,
}

impl From<SalesSums> for SalesView {
    fn from(sums: SalesSums) -> SalesView {
        SalesView {
            gross: sums.gross(),
            net: sums.net(),
            goods_sold: sums.goods_sold(),
            goods_returned: sums.goods_returned(),
            transactions: sums.transactions(),
            average_basket: sums.average_basket(),
            return_rate_per_mille: sums.return_rate(),
            tax: sums.tax,
            discounts: sums.discounts,
            rounding: sums.rounding,
            returns: sums.returns,
            voids: sums.voids,
            post_voids: sums.post_voids,
            key: sums.key,
            currency: sums.currency,
        }
    }
}
