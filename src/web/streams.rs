//! Live streams (server-sent events): one task per connection looks at the newest published screen, and sends what differs.
//! A slow reader gets the newest state, not a queue of old ones.

use std::convert::Infallible;
use std::time::Duration;

use axum::http::StatusCode;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::Web;
use super::live::{Live, StreamSeat};
use super::live::{STREAMS_MAX, Sent};
use super::problem::Problem;
use super::session::Session;
use crate::ids::{PageId, WorkstationId};
use crate::node::Node;
use crate::node::handle::Input;
use crate::node::scanner::PageKind;

/// A page says "no connection" when it has heard nothing for longer than this and some.
const BEAT: Duration = Duration::from_secs(1);
/// Ages and clocks on a page are at most this old.
const REFRESH: Duration = Duration::from_secs(20);

/// A page's stream: event `update` with the parts that changed.
pub fn page_stream(web: Web, session: Session, render: impl Fn(&Web) -> Option<Live> + Send + 'static) -> Response {
    let mut sent = Sent::default();
    stream(web, session, "update", move |web| sent.update(render(web)?))
}

/// Which page asks for a stream; a page that says it may have its workstation's scanner.
#[derive(Debug, Deserialize)]
pub struct Asks {
    #[serde(default)]
    page: Option<PageId>,
}

/// The stream of a page that uses scans: as long as it stands, the page may have the workstation's scanner.
pub async fn scanning_stream(
    web: Web,
    session: Session,
    workstation: WorkstationId,
    asks: Asks,
    kind: PageKind,
    render: impl Fn(&Web) -> Option<Live> + Send + 'static,
) -> Response {
    let Some(page) = asks.page else { return page_stream(web, session, render) };
    let mut sent = Sent::to(Some(page.clone()));
    // The loop is gone when it cannot be told, and so is the scanner.
    let _ = web.node.tell(Input::PageOpened { workstation: workstation.clone(), page: page.clone(), kind }).await;
    let open = OpenPage { node: web.node.clone(), workstation, page };
    stream(web, session, "update", move |web| {
        let _open = &open;
        sent.update(render(web)?)
    })
}

/// Says when the stream is over, however it ends.
struct OpenPage {
    node: Node,
    workstation: WorkstationId,
    page: PageId,
}

impl Drop for OpenPage {
    fn drop(&mut self) {
        let (node, gone) = (self.node.clone(), Input::PageClosed { workstation: self.workstation.clone(), page: self.page.clone() });
        // Streams live on the runtime; when that ends, so does the loop.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                let _ = node.tell(gone).await;
            });
        }
    }
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
