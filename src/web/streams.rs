//! Live streams (server-sent events): one task per connection looks at the newest published screen, and sends what differs.
//! A slow reader gets the newest state, not a queue of old ones.

use std::convert::Infallible;
use std::time::Duration;

use axum::http::StatusCode;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::Web;
use super::live::{Live, StreamSeat};
use super::live::{STREAMS_MAX, Sent};
use super::problem::Problem;
use super::session::Session;

/// A page says "no connection" when it has heard nothing for longer than this and some.
const BEAT: Duration = Duration::from_secs(1);
/// Ages and clocks on a page are at most this old.
const REFRESH: Duration = Duration::from_secs(20);

/// A page's stream: event `update` with the parts that changed.
pub fn page_stream(web: Web, session: Session, render: impl Fn(&Web) -> Option<Live> + Send + 'static) -> Response {
    let mut sent = Sent::default();
    stream(web, session, "update", move |web| sent.update(render(web)?))
}

/// Calls `next` now, after each published screen and from time to time; sends what it returns. Ends when the screen is revoked.
pub fn stream<T: Serialize + Send + 'static>(
    web: Web,
    session: Session,
    event: &'static str,
    next: impl FnMut(&Web) -> Option<T> + Send + 'static,
) -> Response {
    let Some(seat) = web.streams.take() else {
        let detail = format!("{STREAMS_MAX} live streams are open already");
        return Problem::new(StatusCode::SERVICE_UNAVAILABLE, "too_many_streams", detail, "close pages that are not needed")
            .into_response();
    };
    let (send, receive) = mpsc::channel::<Result<Event, Infallible>>(4);
    tokio::spawn(feed(web, session, seat, event, next, send));
    let beat = KeepAlive::new().interval(BEAT).event(Event::default().event("beat").data("."));
    let mut response = Sse::new(ReceiverStream::new(receive)).keep_alive(beat).into_response();
    // Proxies must pass each event on at once.
    response.headers_mut().insert("x-accel-buffering", axum::http::HeaderValue::from_static("no"));
    response
}

async fn feed<T: Serialize>(
    web: Web,
    session: Session,
    _seat: StreamSeat,
    event: &'static str,
    mut next: impl FnMut(&Web) -> Option<T> + Send,
    send: mpsc::Sender<Result<Event, Infallible>>,
) {
    let mut screens = web.node.changes();
    let mut revocations = web.parts.pairing.revocations();
    loop {
        screens.mark_unchanged();
        if let Some(value) = next(&web) {
            let Ok(event) = Event::default().event(event).json_data(value) else { return };
            if send.send(Ok(event)).await.is_err() {
                return;
            }
        }
        tokio::select! {
            changed = screens.changed() => if changed.is_err() { return },
            changed = revocations.changed() => {
                if changed.is_err() || !web.parts.pairing.screens().iter().any(|screen| screen.id == session.0.id) {
                    return;
                }
            }
            () = tokio::time::sleep(REFRESH) => {}
            () = send.closed() => return,
        }
    }
}
