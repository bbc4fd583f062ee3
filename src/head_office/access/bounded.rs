//! How somebody who is bound to certain stores reads: over a connection of its own, on which every table with rows of stores is hidden behind a
//! temporary view of the same name that has only the rows within reach. Every statement of head office means the view then, also one that is
//! written later; none has to remember. SQLite looks for a name among the temporary ones first, and so does PostgreSQL (pg_temp).
//!
//! Read over the views: questions. Not for writing; acts are looked at in [`super::door`] before they reach the writer.

use super::Reach;
use crate::head_office::db::{self, Connection, OptionalExtension};
use crate::head_office::storage;

/// Tables whose rows are about no single store. A table that is in none of these lists fails a test.
pub const CHAIN_WIDE: &[&str] = &[
    "meta",
    "articles",
    "feed_parts",
    "recalls",
    "accounts",
    "account_sessions",
    "sign_in_waits",
    "api_tokens",
    "audit_log",
    "subscriptions",
    "alarm_mails",
    "routing_rules",
    "configuration_profiles",
    "article_codes",
    "channels",
    "channel_articles",
    "channel_levels",
];

/// Of an order that a store has, or a part that a place has.
const OF_ORDERS: &str = "order_no IN (SELECT order_no FROM collect_orders UNION ALL SELECT part FROM order_parts)";

/// Tables of stores without a column `store`: the condition under which a row is within reach.
const BY_CONDITION: &[(&str, &str)] = &[
    ("branches", "node IN (SELECT id FROM nodes)"),
    ("chunks", "branch IN (SELECT id FROM branches)"),
    ("holes", "branch IN (SELECT id FROM branches)"),
    ("urgent", "node IN (SELECT id FROM nodes)"),
    ("exceptions", "node IN (SELECT id FROM nodes)"),
    ("lines", "txn IN (SELECT id FROM transactions)"),
    ("tenders", "txn IN (SELECT id FROM transactions)"),
    ("returned_lines", "node IN (SELECT id FROM nodes)"),
    ("order_sales", "txn IN (SELECT txn FROM transactions)"),
    ("order_shorts", "order_no IN (SELECT order_no FROM collect_orders)"),
    ("order_terms", OF_ORDERS),
    ("order_links", "order_no IN (SELECT order_no FROM collect_orders)"),
    ("order_notes", OF_ORDERS),
    ("order_issues", OF_ORDERS),
    ("order_rights", "order_no IN (SELECT order_no FROM collect_orders)"),
    ("route_orders", "EXISTS (SELECT 1 FROM order_parts p WHERE p.channel = route_orders.channel AND p.number = route_orders.number)"),
    ("route_plans", "EXISTS (SELECT 1 FROM order_parts p WHERE p.channel = route_plans.channel AND p.number = route_plans.number)"),
    ("message_sendings", "message IN (SELECT id FROM order_messages)"),
    ("configuration_targets", "kind <> 'store' OR name IN (SELECT store FROM stores)"),
    // Those that name no store are for people who see the whole chain, and for the places that have parts of them.
    (
        "channel_orders",
        "store IN (SELECT store FROM stores) OR EXISTS (SELECT 1 FROM order_parts p WHERE p.channel = channel_orders.channel AND p.number = channel_orders.number)",
    ),
    ("intake_errors", "store IN (SELECT store FROM stores)"),
    ("people", "stores = '*' OR EXISTS (SELECT 1 FROM stores s WHERE ' ' || people.stores || ' ' LIKE '% ' || s.store || ' %')"),
];

/// Makes the connection see these stores alone. Rows whose store is '' are the chain's and stay.
pub fn confine(connection: &Connection, reach: &Reach) -> db::Result<()> {
    let Reach::Some { stores, regions } = reach else { return Ok(()) };
    let home: String = match connection.is_shared() {
        true => connection.query_row("SELECT current_schema()", [], |row| row.get(0))?,
        false => "main".to_owned(),
    };
    connection.execute_batch(
        "CREATE TEMP TABLE reached_stores (store TEXT PRIMARY KEY); CREATE TEMP TABLE reached_regions (region TEXT PRIMARY KEY)",
    )?;
    for store in stores {
        connection.execute("INSERT INTO reached_stores (store) VALUES (?1)", [store.as_str()])?;
    }
    for region in regions {
        connection.execute("INSERT INTO reached_regions (region) VALUES (?1)", [region.as_str()])?;
    }
    // Regions are looked up each time, so a store that is put into another one is there at once.
    let of_stores = format!(
        "store = '' OR store IN (SELECT r.store FROM reached_stores r UNION ALL
         SELECT g.store FROM {home}.stores g JOIN reached_regions r ON r.region = g.region UNION ALL
         SELECT p.store FROM {home}.places p JOIN reached_regions r ON r.region = p.region AND p.kind <> 'store')"
    );
    let with_store = storage::tables()
        .into_iter()
        .filter(|(table, has_store)| *has_store && !is_by_condition(table))
        .map(|(table, _)| (table, of_stores.as_str()));
    // PostgreSQL binds the names in a view when it is made: those that others stand on come first.
    for (table, condition) in with_store.chain(BY_CONDITION.iter().map(|(table, condition)| ((*table).to_owned(), *condition))) {
        connection.execute_batch(&format!("CREATE TEMP VIEW {table} AS SELECT * FROM {home}.{table} AS {table} WHERE {condition}"))?;
    }
    Ok(())
}

fn is_by_condition(table: &str) -> bool {
    BY_CONDITION.iter().any(|(name, _)| *name == table)
}

/// Whether a store or place is within reach of a confined connection, known to head office or not.
pub fn is_reached(connection: &Connection, store: &str) -> db::Result<bool> {
    let sql = "SELECT 1 FROM reached_stores WHERE store = ?1 UNION ALL SELECT 1 FROM stores WHERE store = ?1
        UNION ALL SELECT 1 FROM places WHERE store = ?1 LIMIT 1";
    Ok(connection.query_row(sql, [store], |_| Ok(())).optional()?.is_some())
}

/// Every table that is neither of stores nor of the chain, by these lists.
pub fn undecided() -> Vec<String> {
    let tables = storage::tables().into_iter();
    tables
        .filter(|(table, has_store)| !has_store && !CHAIN_WIDE.contains(&table.as_str()) && !is_by_condition(table))
        .map(|(table, _)| table)
        .collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_table_is_decided() {
        let undecided = super::undecided();
        assert!(
            undecided.is_empty(),
            "{undecided:?}: whose rows are they? Name the store in a column `store`, or add the table to BY_CONDITION or CHAIN_WIDE in \
             src/head_office/access/bounded.rs; without that, people bound to one store see the rows of all"
        );
    }
}
