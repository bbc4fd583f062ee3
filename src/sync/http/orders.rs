//! The shell around [`crate::sync::orders`]: asks head office for orders on a connection of its own and has the loop take them, one after
//! another. A word that the loop did not take is asked for again.

use std::time::Duration;

use super::{Line, SyncConfig};
use crate::node::handle::{AskError, Input, Node};
use crate::node::run::shell_request;
use crate::retail::Command;
use crate::sync::backoff::Backoff;
use crate::sync::orders::{ORDERS_POLL_MS, OrdersReply, Word, path};
use crate::time::Clock;

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
        let address = path(&line.config.store, &line.config.node, cursor);
        let wait_ms = match line.get_json::<OrdersReply>(&address).await {
            Ok(reply) => {
                backoff.succeeded();
                let _ = node.tell(Input::OrdersHeard { lead: reply.lead, at_ms: line.clock.now().ms }).await;
                match take(&node, reply.words, &mut cursor).await {
                    Ok(0) => ORDERS_POLL_MS,
                    Ok(_) => 0,
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

/// How many words were taken.
async fn take(node: &Node, words: Vec<Word>, cursor: &mut u64) -> Result<usize, AskError> {
    let mut taken = 0;
    for word in words {
        let at = word.cursor;
        let act = word.act(|number| node.shared().collect.number_mark(number));
        node.ask(shell_request(None, Command::Order(act))).await?;
        *cursor = at;
        taken += 1;
    }
    Ok(taken)
}
