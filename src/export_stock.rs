//! Stock work of a day as a table, for `counterfoil journal export --stock`: counts, receipts of goods and adjustments, a row per article.

use crate::export::{Table, plain_text};
use crate::journal::record::tag;
use crate::retail::Event;
use crate::retail::stock::StockStep;
use crate::time::rfc3339;

/// Quantities are decimals of the article's unit. `quantity` is what was counted, came, or was written off (negative) or in.
pub const COLUMNS: [&str; 14] = [
    "seq",
    "kind",
    "document",
    "at",
    "workstation",
    "staff",
    "sku",
    "quantity",
    "before",
    "on_hand",
    "reason",
    "delivery",
    "batch",
    "expiry",
];

/// Writes the rows of one event, and says how many; none of what is no stock work.
pub fn write(table: &mut Table, seq: u64, event: &str) -> std::io::Result<u64> {
    if !matches!(tag(event), Some("stock_counted.1" | "goods_received.1" | "units_adjusted.1")) {
        return Ok(0);
    }
    let event: Event = serde_json::from_str(event)?;
    let mut rows = 0;
    let mut row = |kind: &str, document: Option<u64>, step: &StockStep, fields: [String; 8]| {
        rows += 1;
        let head = [
            seq.to_string(),
            kind.to_owned(),
            document.map(|number| number.to_string()).unwrap_or_default(),
            rfc3339(step.at.ms),
            step.workstation.to_string(),
            step.by.as_ref().map(ToString::to_string).unwrap_or_default(),
        ];
        table.write_record(head.iter().chain(&fields))
    };
    let none = String::new;
    match event {
        Event::StockCounted { document, step, lines } => {
            for line in &lines {
                let before = line.before.map(|before| before.plain()).unwrap_or_default();
                let (sku, counted) = (plain_text(line.sku.as_str()), line.counted.plain());
                row("count", Some(document), &step, [sku, counted, before, line.on_hand.plain(), none(), none(), none(), none()])?;
            }
        }
        Event::GoodsReceived { document, step, delivery, lines } => {
            let delivery = delivery.map(|delivery| plain_text(delivery.as_str())).unwrap_or_default();
            for line in &lines {
                let batch = line.batch.as_deref().map(plain_text).unwrap_or_default();
                let expiry = line.expiry.map(|date| date.to_string()).unwrap_or_default();
                let (sku, quantity) = (plain_text(line.sku.as_str()), line.quantity.plain());
                row("receipt", Some(document), &step, [sku, quantity, none(), none(), none(), delivery.clone(), batch, expiry])?;
            }
        }
        Event::UnitsAdjusted { step, sku, quantity, why, batch, .. } => {
            let batch = batch.as_deref().map(plain_text).unwrap_or_default();
            let fields = [plain_text(sku.as_str()), quantity.plain(), none(), none(), why.name().to_owned(), none(), batch, none()];
            row("adjustment", None, &step, fields)?;
        }
        _ => {}
    }
    Ok(rows)
}
