//! The shell around [`crate::sync::orders`]: asks head office for orders on a connection of its own and has the loop take them, one after
//! another. A word that the loop did not take is asked for again.

use std::time::Duration;

use super::{Line, SyncConfig};
use crate::ids::SubjectRef;
use crate::node::handle::{AskError, Input, Node};
use crate::node::run::shell_request;
use crate::retail::Command;
use crate::retail::order::OrderAct;
use crate::sync::backoff::Backoff;
use crate::sync::orders::{Named, ORDERS_POLL_MS, OfficeOrder, OrdersReply, Word, path};
use crate::time::Clock;
use crate::vault::VaultError;

/// As long as the loop lives.
pub(super) fn spawn(node: Node, config: &SyncConfig) {
    // What is wrong with the set-up, the uplink says.
    let Ok(line) = Line::open(config) else { return };
    tokio::spawn(run(node, line));
}

async fn run(node: Node, line: Line) {
    let mut backoff = Backoff::new(&format!("orders/{}/{}", line.config.store, line.config.node));
    let mut cursor = node.screen().orders.cursor;
    let closed = node.durable();
    while closed.has_changed().is_ok() {
        let book = node.screen().orders.clone();
        let address = path(&line.config.store, &line.config.node, cursor, book.epoch(), book.office_epoch);
        let wait_ms = match line.get_json::<OrdersReply>(&address).await {
            Ok(reply) => {
                if let Some(lead) = reply.says_lead(&line.config.node) {
                    let _ = node.tell(Input::OrdersHeard { lead, at_ms: line.clock.now().ms }).await;
                }
                match follow(&node, &line, reply, &mut cursor).await {
                    Ok(taken) => {
                        backoff.succeeded();
                        if taken == 0 { ORDERS_POLL_MS } else { 0 }
                    }
                    Err(reason) => {
                        tracing::warn!(%reason, cursor, "an order was not taken; it is asked for again");
                        backoff.failed()
                    }
                }
            }
            Err(reason) => {
                tracing::debug!(%reason, "head office could not be asked for orders");
                backoff.failed()
            }
        };
        tokio::time::sleep(Duration::from_millis(wait_ms)).await;
    }
}

/// First who keeps the orders; under a new epoch the line begins anew. Returns how much was taken.
async fn follow(node: &Node, line: &Line, reply: OrdersReply, cursor: &mut u64) -> Result<usize, String> {
    if let Some(Named { epoch, node: lead, from }) = reply.named
        && epoch > node.screen().orders.epoch()
    {
        let here = lead == line.config.node;
        tracing::info!(epoch, %lead, here, "head office named the node that keeps the store's orders");
        let begins = if node.screen().orders.lead.is_none() { from.max(*cursor) } else { from };
        act(node, OrderAct::NameLead { epoch, lead, here, cursor: begins }).await?;
        *cursor = begins;
        return Ok(1);
    }
    let book = node.screen().orders.clone();
    if reply.office_epoch > book.office_epoch && book.lead.as_ref().is_some_and(|lead| lead.here) {
        act(node, OrderAct::BeginRights { office_epoch: reply.office_epoch }).await?;
    }
    take(node, reply.words, cursor).await
}

/// How many words were taken.
async fn take(node: &Node, words: Vec<Word>, cursor: &mut u64) -> Result<usize, String> {
    let mark = |number: &str| node.shared().collect.number_mark(number);
    let mut taken = 0;
    for word in words {
        let at = word.cursor;
        let subject = match word.placed() {
            Some(order) => kept(node, order).await.map_err(|reason| reason.to_string())?,
            None => None,
        };
        let said = word.act(subject, mark).map_err(|reason| format!("a word about an order cannot be read: {reason}"))?;
        act(node, said).await?;
        *cursor = at;
        taken += 1;
    }
    Ok(taken)
}

async fn act(node: &Node, act: OrderAct) -> Result<(), String> {
    node.ask(shell_request(None, Command::Order(act))).await.map(drop).map_err(|reason: AskError| reason.to_string())
}

/// Who comes for it, on disk before any record names the reference. An order never waits for a vault that is broken: it goes on without the name.
async fn kept(node: &Node, order: &OfficeOrder) -> Result<Option<SubjectRef>, VaultError> {
    let shared = node.shared();
    let (Some(vault), Some(details)) = (shared.vault.clone(), order.details()) else { return Ok(None) };
    let subject = shared.collect.subject(&order.order);
    if !node.screen().orders.takes_details(&order.order, order.version) {
        return Ok(Some(subject));
    }
    let written = tokio::task::spawn_blocking(move || vault.keep(subject, details)).await;
    match written.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic())) {
        // Who was erased stays so, and the order goes on.
        Ok(()) | Err(VaultError::Erased(_)) => Ok(Some(subject)),
        Err(full @ VaultError::DiskFull) => Err(full),
        Err(reason) => {
            tracing::error!(order = %order.order, %reason, "an order is taken without its customer's name");
            Ok(None)
        }
    }
}
