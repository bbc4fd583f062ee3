//! The shell around [`crate::sync::repair`]: reads the journal for holes, fetches head office's copy, proves it, and hands it to the loop.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;

use super::{Line, blocking, failure, read_limited};
use crate::journal::{Folder, Hash, Identity, Limits, LostRecords, NodeKey, Repair, repair::find_lost};
use crate::node::handle::{Input, Node};
use crate::sync::repair::{Damaged, Repairs, Step, Told};
use crate::sync::uplink::Failure;
use crate::sync::wire::{self, BODY_BYTES_MAX, Point, RepairReply, RepairRequest, UNPACKED_BYTES_MAX};

/// Fills holes as long as the loop lives.
pub async fn run(node: Node, line: Line) {
    let mut machine = Repairs::new(&line.config.store, &line.config.node, line.now_ms());
    let mut durable = node.durable();
    let mut shown: Vec<Damaged> = Vec::new();
    loop {
        match machine.poll(line.now_ms()) {
            Step::Look => {
                let (folder, upto_seq) = (node.shared().journal_folder.clone(), durable.borrow_and_update().seq);
                let look = move || find_lost(&Folder::read_only(&folder)?, upto_seq, Limits::default().record_bytes_max);
                let lost = blocking(look).await.unwrap_or_else(|error| {
                    tracing::error!(%error, "the journal cannot be read for damage: check the disk");
                    Vec::new()
                });
                machine.handle(line.now_ms(), Told::Found { lost });
                shown = machine.damaged();
                if node.tell(Input::Damage(shown.clone())).await.is_err() {
                    return;
                }
            }
            Step::Ask { ticket, lost } => {
                let told = match fetch(&line, &lost).await {
                    Ok(repair) => keep(&node, ticket, repair).await,
                    Err(Trouble::Line(failure)) => Told::Failed { ticket, failure },
                    Err(Trouble::Unusable(why)) => {
                        tracing::error!(first_seq = lost.first_seq, last_seq = lost.last_seq, why, "head office's copy was refused");
                        Told::Refused { ticket, why }
                    }
                };
                machine.handle(line.now_ms(), told);
            }
            Step::Wait { until_ms } => {
                let wait = Duration::from_millis(until_ms.saturating_sub(line.now_ms()));
                tokio::select! {
                    () = tokio::time::sleep(wait) => {}
                    () = closed(&mut durable) => return,
                }
            }
        }
        let now = machine.damaged();
        if now != shown {
            shown = now.clone();
            if node.tell(Input::Damage(now)).await.is_err() {
                return;
            }
        }
    }
}

/// Resolves when the loop is gone.
async fn closed(durable: &mut tokio::sync::watch::Receiver<crate::node::handle::DurableHead>) {
    while durable.changed().await.is_ok() {}
}

enum Trouble {
    Line(Failure),
    Unusable(String),
}

async fn keep(node: &Node, ticket: u64, repair: Repair) -> Told {
    let upto_seq = repair.last().seq;
    let (reply, kept) = oneshot::channel();
    let stopping = || Told::Failed { ticket, failure: Failure::Journal("the node is stopping".to_owned()) };
    if node.tell(Input::Repaired(Box::new(repair), reply)).await.is_err() {
        return stopping();
    }
    match kept.await {
        Ok(Ok(())) => Told::Filled { ticket, upto_seq },
        Ok(Err(why)) => Told::Failed { ticket, failure: Failure::Journal(why) },
        Err(_) => stopping(),
    }
}

/// Head office's copy of what was lost, proved by all that we know of it.
async fn fetch(line: &Line, lost: &LostRecords) -> Result<Repair, Trouble> {
    let config = Arc::clone(&line.config);
    let unusable = |error: &dyn std::fmt::Display| Trouble::Unusable(error.to_string());
    let Some(pinned) = config.pinned().map_err(|error| unusable(&error))? else {
        return Err(Trouble::Line(Failure::Unreachable("there was no first contact yet".to_owned())));
    };
    let request = RepairRequest {
        v: wire::WIRE_VERSION,
        first_seq: lost.first_seq,
        last_seq: lost.last_seq,
        before: lost.before.map(|at| Point { seq: at.seq, hash: at.hash.to_string() }),
        after_prev: lost.after_prev.map(|hash| hash.to_string()),
    };
    let path = wire::repair_path(&config.store, &config.node);
    let response = line.client.post(format!("{}{path}", config.url)).json(&request).send().await.map_err(|e| Trouble::Line(failure(e)))?;
    let status = response.status();
    let body = read_limited(response, BODY_BYTES_MAX).await.map_err(Trouble::Line)?;
    if !status.is_success() {
        let text: String = String::from_utf8_lossy(&body).chars().take(300).collect();
        return Err(Trouble::Line(Failure::Refused { status: status.as_u16(), text }));
    }
    let bytes = blocking(move || zstd::bulk::decompress(&body, UNPACKED_BYTES_MAX)).await.map_err(|error| unusable(&error))?;
    let (header, lines) = bytes.split_at(bytes.iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |newline| newline + 1));
    let reply: RepairReply = serde_json::from_slice(header).map_err(|error| unusable(&error))?;
    let Some(ack) = reply.ack else {
        return Err(Trouble::Unusable("has none of these records: they never reached it".to_owned()));
    };
    let mut keys = vec![NodeKey::load_or_create(&config.key_file).map_err(|error| unusable(&error))?.public()];
    keys.extend(config.former_keys().map_err(|error| unusable(&error))?);
    let identity = Identity { store: config.store.clone(), node: config.node.clone() };
    let witnessed = config.kept.as_ref().and_then(|kept| Some((kept.seq, kept.hash.parse::<Hash>().ok()?)));
    let repair = lost.prove(lines, &identity, &keys, witnessed).map_err(|error| unusable(&error))?;
    let last = repair.last();
    let is_vouched_for = wire::is_signed(&ack, &config.store, &config.node, &pinned)
        && (ack.incarnation, ack.seq, &ack.hash) == (last.incarnation, last.seq, &last.hash.to_string());
    if !is_vouched_for {
        return Err(Trouble::Unusable(format!("comes without head office's signature under record {}", last.seq)));
    }
    Ok(repair)
}
