//! The figures people look at. docs/MEASURES.md says what each means; here each is computed, once, in SQL, from sums that grow with
//! every counted transaction ([`counting`]) and from the steps of orders ([`orders`]). Pages, CSV and API show these answers.

pub mod api;
pub mod counting;
pub mod csv;
pub mod orders;
pub mod period;
pub mod sales;
pub mod turnover;
pub mod unsynced;

use serde::Serialize;

use crate::head_office::db::{self, Connection};
use orders::{OrderSums, OrderValue};
pub use period::{Period, Preset};
use sales::{SalesSums, TaxSum, TenderSum};
use turnover::Turnover;
use unsynced::Unsynced;

/// Channel of what is sold at a till and pays no order.
pub const TILL: &str = "till";
/// Channel of orders that came by none: by page or API of head office, for a store.
pub const COLLECT: &str = "collect";

/// Which days, and of which store; all of them without one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    pub period: Period,
    pub store: Option<String>,
}

impl Scope {
    /// First and last day, both included, as they stand in the tables.
    fn days(&self) -> (String, String) {
        (self.period.from.to_string(), self.period.to.to_string())
    }

    /// The condition on a table of days. ?1 and ?2 are the days, `store` is the place of the store's value when there is one.
    fn when(&self, store: usize) -> String {
        let days = "business_date BETWEEN ?1 AND ?2";
        if self.store.is_some() { format!("{days} AND store = ?{store}") } else { days.to_owned() }
    }
}

/// What a figure is split by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    Nothing,
    Day,
    Store,
    Channel,
    Hour,
}

impl By {
    fn column(self) -> &'static str {
        match self {
            By::Nothing => "''",
            By::Day => "business_date",
            By::Store => "store",
            By::Channel => "channel",
            // As text, in the order of the hours.
            By::Hour => "CASE WHEN hour < 10 THEN '0' ELSE '' END || CAST(hour AS TEXT)",
        }
    }
}

/// Half up, away from zero, to the minor unit. `None`: of nothing.
pub fn average(amount: i64, count: u64) -> Option<i64> {
    let count = i128::from(count);
    (count > 0).then(|| crate::money::RoundingMode::HalfUp.divide(i128::from(amount), count))
}

/// Everything that a dashboard shows of a scope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Figures {
    /// One for each currency.
    #[schema(value_type = Vec<sales::SalesView>)]
    pub sales: Vec<SalesSums>,
    #[schema(value_type = Vec<sales::SalesView>)]
    pub sales_before: Vec<SalesSums>,
    #[schema(value_type = Vec<sales::SalesView>)]
    pub by_day: Vec<SalesSums>,
    /// Empty for one store.
    #[schema(value_type = Vec<sales::SalesView>)]
    pub by_store: Vec<SalesSums>,
    #[schema(value_type = Vec<sales::SalesView>)]
    pub by_channel: Vec<SalesSums>,
    #[schema(value_type = Vec<sales::SalesView>)]
    pub by_hour: Vec<SalesSums>,
    pub tenders: Vec<TenderSum>,
    pub taxes: Vec<TaxSum>,
    pub orders: OrderSums,
    pub orders_before: OrderSums,
    pub orders_by_day: Vec<OrderSums>,
    pub orders_by_store: Vec<OrderSums>,
    pub orders_by_channel: Vec<OrderSums>,
    pub order_values: Vec<OrderValue>,
    pub order_values_by_channel: Vec<OrderValue>,
    pub turnover: Vec<Turnover>,
    /// Empty for one store.
    pub turnover_by_store: Vec<Turnover>,
    pub unsynced: Vec<Unsynced>,
}

/// `default_currency`: of orders in stores that have not sold anything yet.
pub fn of(connection: &Connection, scope: &Scope, default_currency: &str, now_ms: i64) -> db::Result<Figures> {
    let before = Scope { period: scope.period.before(), store: scope.store.clone() };
    let one = |scope: &Scope| Ok::<_, db::Error>(orders::sums(connection, scope, By::Nothing, now_ms)?.pop().unwrap_or_default());
    let is_chain = scope.store.is_none();
    Ok(Figures {
        sales: sales::sums(connection, scope, By::Nothing)?,
        sales_before: sales::sums(connection, &before, By::Nothing)?,
        by_day: sales::sums(connection, scope, By::Day)?,
        by_store: if is_chain { sales::sums(connection, scope, By::Store)? } else { Vec::new() },
        by_channel: sales::sums(connection, scope, By::Channel)?,
        by_hour: sales::sums(connection, scope, By::Hour)?,
        tenders: sales::tenders(connection, scope)?,
        taxes: sales::taxes(connection, scope)?,
        orders: one(scope)?,
        orders_before: one(&before)?,
        orders_by_day: orders::sums(connection, scope, By::Day, now_ms)?,
        orders_by_store: if is_chain { orders::sums(connection, scope, By::Store, now_ms)? } else { Vec::new() },
        orders_by_channel: orders::sums(connection, scope, By::Channel, now_ms)?,
        order_values: orders::values(connection, scope, By::Nothing, default_currency)?,
        order_values_by_channel: orders::values(connection, scope, By::Channel, default_currency)?,
        turnover: turnover::list(connection, scope, By::Nothing, default_currency)?,
        turnover_by_store: if is_chain { turnover::list(connection, scope, By::Store, default_currency)? } else { Vec::new() },
        unsynced: unsynced::list(connection, scope.store.as_deref(), now_ms)?,
    })
}
