//! Posts what happened to those who subscribed: each receiver by itself, in order, signed as Standard Webhooks says.

use std::time::Duration;

use serde::Serialize;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use super::messages::outbox::Outcome;
use super::messages::webhook::Webhook;
use super::office::HeadOffice;
use super::office_events::OfficeEvent;
use super::subscriptions::{self, Taken};

/// Waits end by the clock alone.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// Changes come in heaps.
const SETTLE: Duration = Duration::from_millis(100);
/// Receivers that are posted to at the same time. Each takes no longer than a batch of posts.
const POSTING_MAX: usize = 64;

#[derive(Serialize)]
struct Body<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    /// Milliseconds since 1970, by the clock of whoever did it.
    at_ms: i64,
    data: &'a OfficeEvent,
}

/// Starts the sender. It finishes what is leaving when `ended` says so.
pub fn start(office: &HeadOffice, ended: &watch::Receiver<bool>) -> JoinHandle<()> {
    tokio::spawn(run(office.clone(), ended.clone()))
}

async fn run(office: HeadOffice, mut ended: watch::Receiver<bool>) {
    let mut changes = office.changes();
    let mut posting = JoinSet::new();
    while !*ended.borrow() {
        changes.mark_unchanged();
        while posting.try_join_next().is_some() {}
        if posting.len() < POSTING_MAX {
            match take(&office).await {
                Ok(taken) => {
                    for one in taken {
                        posting.spawn(post(office.clone(), one, ended.clone()));
                    }
                }
                Err(why) => tracing::warn!(why, "webhooks wait"),
            }
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK_EVERY) => {}
            changed = changes.changed() => {
                if changed.is_err() {
                    return;
                }
                tokio::time::sleep(SETTLE).await;
            }
            changed = ended.changed() => if changed.is_err() { return },
        }
    }
    while posting.join_next().await.is_some() {}
}

/// With the secret of each.
async fn take(office: &HeadOffice) -> Result<Vec<(Taken, String)>, String> {
    let now_ms = office.now_ms();
    let due = office.read(move |connection| subscriptions::is_anything_due(connection, now_ms));
    if !due.await.map_err(|error| error.to_string())? {
        return Ok(Vec::new());
    }
    let taken = office.write(|writer, now_ms| {
        let taken = subscriptions::take(writer.connection(), now_ms)?;
        let secret = |one: &Taken| subscriptions::secret(&writer.sign(&subscriptions::signed_text(one.id, &one.nonce)));
        Ok(taken.into_iter().map(|one| (secret(&one), one)).map(|(secret, one)| (one, secret)).collect())
    });
    taken.await.map_err(|error| error.to_string())
}

/// One by one, until one is not taken.
async fn post(office: HeadOffice, (taken, secret): (Taken, String), ended: watch::Receiver<bool>) {
    let mut cursor = taken.events.first().map_or(0, |event| event.id.saturating_sub(1));
    let mut outcome = Outcome::Sent;
    match Webhook::new(&taken.url, &secret, None) {
        Ok(webhook) => {
            for event in &taken.events {
                if *ended.borrow() {
                    break;
                }
                let body = Body { kind: &event.kind, at_ms: event.at_ms, data: event };
                let body = serde_json::to_vec(&body).expect("an event is plain values");
                outcome = webhook.post(&format!("evt_{}", event.id), body, office.now_ms()).await;
                if outcome != Outcome::Sent {
                    break;
                }
                cursor = event.id;
            }
        }
        Err((_, why)) => outcome = Outcome::Later(why),
    }
    if cursor == taken.events.last().map_or(0, |event| event.id) {
        cursor = taken.upto;
    }
    if outcome != Outcome::Sent {
        tracing::warn!(url = taken.url, ?outcome, "an event was not taken by its receiver");
    }
    let dead_after_ms = office.config().webhook_dead_ms;
    let noted = office
        .write(move |writer, now_ms| Ok(subscriptions::finish(writer.connection(), &taken, cursor, &outcome, dead_after_ms, now_ms)?));
    if let Err(error) = noted.await {
        tracing::error!(%error, "how far a webhook came could not be noted; its receiver gets some events again");
    }
}
