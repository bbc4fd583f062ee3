//! What the chain knows of one receipt: the sale itself, read back from the seller's own bytes, and what other nodes have taken back of it.
//! Also who gave back more than was sold: every node is right by what it could know, and together they may not be.

use super::db::{self, Connection, OptionalExtension, params};

use super::chain::{self, NodeChain};
use super::projection::{Disliked, finished, kind_name};
use crate::ids::{NodeId, StoreId, TxnId};
use crate::journal::Record;
use crate::money::{Money, Qty};
use crate::retail::{Original, SoldLine, TransactionRecord};

/// The sale as the asking node may take goods back from it. `None`: no such sale has come here.
pub fn find(connection: &Connection, store: &StoreId, node: &NodeId, txn: Option<TxnId>, number: &str) -> db::Result<Option<Original>> {
    let columns = "SELECT t.branch, t.seq, t.txn, t.store, n.node, t.node FROM transactions t JOIN nodes n ON n.id = t.node";
    let read = |row: &db::Row<'_>| {
        let of: (i64, u64, Vec<u8>) = (row.get(0)?, row.get(1)?, row.get(2)?);
        Ok((of, row.get::<_, String>(3)?, row.get::<_, String>(4)?))
    };
    let found = match txn {
        Some(txn) => connection.query_row(&format!("{columns} WHERE t.txn = ?1"), [txn.0.as_bytes().as_slice()], read).optional()?,
        None => connection.query_row(&format!("{columns} WHERE t.number = ?1 ORDER BY t.id DESC LIMIT 1"), [number], read).optional()?,
    };
    let Some(((branch, seq, id), of_store, of_node)) = found else { return Ok(None) };
    let Some(line) = chain::line(connection, branch, seq)? else { return Ok(None) };
    let record = Record::parse(line).map_err(|error| chain::corrupt(&error.to_string()))?;
    let Some(sale) = record.events.iter().find_map(|raw| finished(raw.get())).filter(|sale| sale.txn.0.as_bytes()[..] == id[..]) else {
        return Ok(None);
    };
    let is_its_own = of_store == store.as_str() && of_node == node.as_str();
    let seller = of_store.parse().ok().filter(|_| !is_its_own);
    let Ok(mut original) = Original::of_record(&sale, seller) else { return Ok(None) };
    let mut elsewhere = connection.prepare_cached(
        "SELECT r.line, sum(r.quantity) FROM returned_lines r JOIN nodes n ON n.id = r.node
         WHERE r.original = ?1 AND r.line > 0 AND NOT (n.store = ?2 AND n.node = ?3) GROUP BY r.line",
    )?;
    let rows =
        elsewhere.query_map(params![id, store.as_str(), node.as_str()], |row| Ok((row.get(0)?, Qty::from_thousandths(row.get(1)?))))?;
    original.elsewhere = Some(rows.collect::<db::Result<_>>()?);
    Ok(Some(original))
}

/// Counts what a transaction takes back. More than was sold, over all nodes, goes on the exceptions list.
pub fn count(connection: &Connection, chain: &NodeChain, record: &TransactionRecord) -> db::Result<Result<(), Disliked>> {
    let mut outcome = Ok(());
    for line in &record.lines {
        let Some(receipt) = line.returned.as_ref().and_then(|of| of.receipt.as_ref()) else { continue };
        let original = receipt.txn.0.as_bytes().as_slice();
        connection
            .prepare_cached(
                "INSERT INTO returned_lines (original, line, node, txn, place, quantity, amount, kind, store, business_date, currency)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) ON CONFLICT DO NOTHING",
            )?
            .execute(params![
                original,
                receipt.line.unwrap_or(0),
                chain.id,
                record.txn.0.as_bytes().as_slice(),
                line.line,
                -line.quantity.thousandths(),
                SoldLine::refund(line).minor(),
                kind_name(record.kind),
                chain.store.as_str(),
                record.business_date.to_string(),
                record.currency,
            ])?;
        let sum = |column: &str, which: &str| -> db::Result<i64> {
            connection
                .prepare_cached(&format!("SELECT coalesce(sum({column}), 0) FROM returned_lines WHERE original = ?1 AND {which}"))?
                .query_row(params![original, receipt.line.unwrap_or(0)], |row| row.get(0))
        };
        let reason = match receipt.line {
            Some(number) => {
                let returned = Qty::from_thousandths(sum("quantity", "line = ?2")?);
                (returned > receipt.sold).then(|| {
                    let (sale, sold) = (&receipt.number, receipt.sold);
                    format!("of receipt {sale}, line {number}, {returned} came back over all shops and {sold} were sold")
                })
            }
            None => {
                let given = Money::from_minor(sum("amount", "?2 = 0")?);
                (given > receipt.total).then(|| {
                    let (sale, given, total) = (&receipt.number, given.minor(), receipt.total.minor());
                    format!("for receipt {sale} {given} minor units were given back over all shops, it cost {total}")
                })
            }
        };
        if let Some(reason) = reason {
            outcome = Err(Disliked { owner: "loss prevention", reason });
        }
    }
    Ok(outcome)
}
