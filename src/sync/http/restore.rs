//! What `counterfoil restore` asks of head office, on a line that is not a node's yet.

use serde::Deserialize;

use super::{Line, answer, blocking, failure, read_limited};
use crate::ids::OrderNo;
use crate::retail::Feed;
use crate::retail::order::OrderBook;
use crate::sync::orders::{OrdersReply, Word, WordKind, path};
use crate::sync::uplink::Failure;
use crate::sync::wire::{self, BODY_BYTES_MAX, FeedOffer, JSON_BYTES_MAX, RestorePlan, RestoreQuery, RestoreRequest, UNPACKED_BYTES_MAX};

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum NoAnswer {
    /// The line; it may be better in a moment.
    #[error("{0}")]
    Line(Failure),
    /// Head office says no.
    #[error("head office says no: {detail}; {remedy} ({code})")]
    Refused { code: String, detail: String, remedy: String },
    /// What it says cannot be used.
    #[error("head office's answer makes no sense: {0}; install the same version here and there")]
    Senseless(String),
}

#[derive(Deserialize)]
struct Refusal {
    code: String,
    detail: String,
    remedy: String,
}

impl Line {
    /// What of this node's journal can come back, signed by the head office that this box trusts.
    pub async fn restore_plan(&self, journal: Option<i64>) -> Result<RestorePlan, NoAnswer> {
        let request = RestoreRequest { v: wire::WIRE_VERSION, journal };
        let address = format!("{}{}", self.config.url, wire::restore_path(&self.config.store, &self.config.node));
        let body = self.body(self.client.post(address).json(&request), JSON_BYTES_MAX).await?;
        let plan: RestorePlan = serde_json::from_slice(&body).map_err(|error| NoAnswer::Senseless(error.to_string()))?;
        let is_signed = self.pinned.as_ref().is_some_and(|key| wire::is_signed(&plan.ack, &self.config.store, &self.config.node, key));
        if !is_signed || plan.ack.seq != plan.journal.seq {
            return Err(NoAnswer::Senseless("it is not signed by the head office that this box was enrolled at".to_owned()));
        }
        Ok(plan)
    }

    /// Lines as they were written.
    pub async fn restore_lines(&self, journal: i64, query: RestoreQuery) -> Result<Vec<u8>, NoAnswer> {
        let path = wire::restore_lines_path(&self.config.store, &self.config.node, journal, query);
        let body = self.body(self.client.get(format!("{}{path}", self.config.url)), BODY_BYTES_MAX).await?;
        let unpacked = blocking(move || zstd::bulk::decompress(&body, UNPACKED_BYTES_MAX)).await;
        unpacked.map_err(|error| NoAnswer::Senseless(error.to_string()))
    }

    /// The newest version of a feed; 0: there is none.
    pub async fn newest_version(&self, feed: Feed) -> Result<u64, Failure> {
        let path = wire::feed_path(&self.config.store, &self.config.node, feed.name(), 0);
        Ok(self.get_json::<FeedOffer>(&path).await?.version)
    }

    /// Whether a node whose line of orders stands there knows who keeps them, and every order that head office has for it. Rights come and go for
    /// ever, and nobody waits for those.
    pub async fn has_heard_all(&self, book: &OrderBook) -> Result<bool, Failure> {
        let path = path(&self.config.store, &self.config.node, book.cursor, book.epoch(), book.office_epoch);
        let reply: OrdersReply = answer(self.client.get(format!("{}{path}", self.config.url))).await?;
        let is_here = |order: &OrderNo| book.orders.contains_key(order) || book.ended.contains_key(order);
        let is_heard = |word: &Word| match &word.kind {
            WordKind::Put(order) => is_here(&order.order),
            WordKind::Adopt { order, .. } => is_here(order),
            WordKind::Cancel { .. } | WordKind::Rights(_) => true,
        };
        let knows_lead = reply.named.as_ref().is_none_or(|named| named.epoch == book.epoch());
        Ok(knows_lead && reply.words.iter().all(is_heard))
    }

    async fn body(&self, request: reqwest::RequestBuilder, bytes_max: usize) -> Result<Vec<u8>, NoAnswer> {
        let line = |error: reqwest::Error| NoAnswer::Line(failure(error));
        let response = request.send().await.map_err(line)?;
        let status = response.status();
        let body = read_limited(response, bytes_max).await.map_err(NoAnswer::Line)?;
        if status.is_success() {
            return Ok(body);
        }
        match serde_json::from_slice(&body) {
            // Busy, or stopping.
            Ok(Refusal { detail, .. }) if status.is_server_error() => {
                Err(NoAnswer::Line(Failure::Refused { status: status.as_u16(), text: detail }))
            }
            Ok(Refusal { code, detail, remedy }) => Err(NoAnswer::Refused { code, detail, remedy }),
            Err(_) => Err(NoAnswer::Line(Failure::Refused {
                status: status.as_u16(),
                text: "head office is older, or something else answers".to_owned(),
            })),
        }
    }
}
