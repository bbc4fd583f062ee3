//! Counts that are raised by the passing of time: looks through the shelf now and then for what has not moved or been counted for as long as
//! the store's rules say. Only candidates: whether a count is due is decided by the core.

use std::sync::Arc;
use std::time::Duration;

use super::handle::Node;
use super::run::shell_request;
use crate::ids::Sku;
use crate::retail::Command;
use crate::retail::stock::{CYCLE_TASKS_OPEN_MAX, StockAct};
use crate::time::Clock;

/// Articles looked at in one turn: a million are through in some three hours.
const LOOK_AT_MAX: usize = 2_000;
const LOOK_EVERY: Duration = Duration::from_secs(20);
const DAY_MS: i64 = 86_400_000;

/// As long as the loop lives. Nothing at all where the store's rules ask for no such counts.
pub async fn watch(node: Node, clock: Arc<dyn Clock>) {
    let rules = node.screen().rules.stock.clone();
    let Some(days) = [rules.not_moved_days, rules.not_counted_days].into_iter().filter(|days| *days > 0).min() else { return };
    let durable = node.durable();
    let mut after: Option<Sku> = None;
    while durable.has_changed().is_ok() {
        if node.screen().stock.cycle_tasks() < CYCLE_TASKS_OPEN_MAX {
            after = look(&node, after, clock.now().ms - i64::from(days) * DAY_MS).await;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Returns where to go on; `None`: from the beginning.
async fn look(node: &Node, after: Option<Sku>, before_ms: i64) -> Option<Sku> {
    let views = node.clone();
    let from = after.clone();
    let looked = tokio::task::spawn_blocking(move || views.shared().views.baselines_after(from.as_ref(), LOOK_AT_MAX)).await;
    let found = looked.unwrap_or_default();
    let last = found.last().map(|(sku, _)| sku.clone()).filter(|_| found.len() == LOOK_AT_MAX);
    // A younger baseline counts as a count and as a movement.
    let old: Vec<Sku> = found.into_iter().filter(|(_, stated_ms)| *stated_ms <= before_ms).map(|(sku, _)| sku).collect();
    if !old.is_empty() {
        let request = shell_request(None, Command::Stock(StockAct::RaiseCounts { skus: old }));
        if let Err(error) = node.ask(request).await {
            tracing::warn!(%error, "counts that are due could not be raised; it is tried again");
        }
    }
    last
}
