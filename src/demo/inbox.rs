//! The demo's web shop as a receiver of messages: it takes what head office posts, believes only what is signed, and knows what comes twice.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use serde::Deserialize;
use tokio::net::TcpListener;

use crate::head_office::messages::webhook::{self, Webhook};

/// Messages that the page can show.
const KEPT_MAX: usize = 50;

pub struct Inbox {
    secret: String,
    messages: Mutex<VecDeque<Received>>,
}

/// One message as it came.
#[derive(Debug, Clone)]
pub struct Received {
    id: String,
    pub subject: String,
    pub text: String,
}

#[derive(Deserialize)]
struct Posted {
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    subject: String,
    text: String,
}

impl Inbox {
    /// Opens a door on loopback; the webhook leads to it.
    pub async fn start() -> std::io::Result<(Arc<Inbox>, Webhook)> {
        let secret = webhook::fresh_secret();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let url = format!("http://{}/messages", listener.local_addr()?);
        let webhook = Webhook::new(&url, &secret, None).map_err(|(_, why)| std::io::Error::other(why))?;
        let inbox = Arc::new(Inbox { secret, messages: Mutex::default() });
        let router = Router::new().route("/messages", post(receive)).with_state(Arc::clone(&inbox));
        tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                tracing::error!(%error, "the web shop's door for messages closed");
            }
        });
        Ok((inbox, webhook))
    }

    /// The newest first.
    pub fn messages(&self) -> Vec<Received> {
        self.messages.lock().map(|messages| messages.iter().cloned().collect()).unwrap_or_default()
    }
}

async fn receive(State(inbox): State<Arc<Inbox>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let id = header("webhook-id");
    if !webhook::is_signed(&inbox.secret, id, header("webhook-timestamp"), header("webhook-signature"), &body) {
        return StatusCode::UNAUTHORIZED;
    }
    let Ok(Posted { data }) = serde_json::from_slice(&body) else { return StatusCode::UNPROCESSABLE_ENTITY };
    if let Ok(mut messages) = inbox.messages.lock()
        && !messages.iter().any(|known| known.id == id)
    {
        messages.push_front(Received { id: id.to_owned(), subject: data.subject, text: data.text });
        messages.truncate(KEPT_MAX);
    }
    StatusCode::NO_CONTENT
}
