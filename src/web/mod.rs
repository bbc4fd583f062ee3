//! Pages and API served by the node, and the doors that head office shares with it.
//!
//! Reading order: the doors (`tls`, `guard`, `pairing`, `session`), what a page is (`live`, `layout`), the till, then the
//! smaller pages, then the API. Rendering is pure: a page is a function of the loop's published [`Screen`](crate::node::Screen).
//! Nothing here decides anything; commands go to the loop and its answers come back.

pub mod guard;
pub mod pair_cli;
pub mod pairing;
pub mod problem;
pub mod session;
pub mod setup_code;
pub mod tls;

mod articles;
pub mod assets;
pub(crate) mod card_data;
pub mod layout;
pub mod live;
pub mod locale;
pub mod texts;
mod texts_de;

pub mod display;
pub mod till;

mod desk;
mod office;
mod orders;
mod pages;
mod pair_pages;
mod seat;
mod setup;
mod stock;
mod streams;

pub mod api;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::routing::get;

use crate::node::Node;
use crate::node::screen::ArticleInfo;
use crate::retail::{Feed, ScanFact};
use crate::time::Clock;
use crate::views::NotNow;
use guard::Guard;
use locale::Locale;
use pairing::Pairing;
use setup_code::SetupCode;

/// Bytes of a request's body. The largest honest one is below 1 KiB.
pub const BODY_BYTES_MAX: usize = 64 * 1024;
/// A body that is not complete by then is given up.
pub const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// What the pages and the API need besides the loop.
pub struct WebParts {
    pub locale: Locale,
    pub guard: Arc<Guard>,
    pub pairing: Arc<Pairing>,
    pub setup: Arc<SetupCode>,
    pub clock: Arc<dyn Clock>,
    /// The text of `/metrics`.
    pub metrics: Box<dyn Fn() -> String + Send + Sync>,
    /// [`BODY_TIMEOUT`]; tests shorten it.
    pub body_timeout: Duration,
}

/// Shared by all handlers.
#[derive(Clone)]
pub struct Web(Arc<WebInner>);

pub struct WebInner {
    pub node: Node,
    pub parts: WebParts,
    streams: live::Streams,
    seats: seat::Seats,
    links: Vec<(String, String)>,
}

impl std::ops::Deref for Web {
    type Target = WebInner;
    fn deref(&self) -> &WebInner {
        &self.0
    }
}

impl Web {
    fn now_ms(&self) -> i64 {
        self.parts.clock.now().ms
    }

    /// What a code would sell, with what lies on the shelf; `None` when nothing is known under it.
    async fn price_check(&self, code: &str) -> Result<Option<ArticleInfo>, NotNow> {
        match self.node.price_check(code).await {
            ScanFact::Article(fact) => self.node.article(&fact.sku).await,
            ScanFact::NoPrice(fact) => self.node.article(&fact.sku).await,
            ScanFact::NotReady { why } => Err(NotNow::Broken { feed: Feed::Catalogue, why }),
            ScanFact::UnknownArticle | ScanFact::Misread { .. } | ScanFact::UnknownCode | ScanFact::CardData => Ok(None),
        }
    }
}

/// Pages that only the demo has: they go behind the guards and behind pairing like all others.
#[derive(Default)]
pub struct Extra {
    pub router: Router,
    /// For the list of pages: what it is, and its address.
    pub links: Vec<(String, String)>,
}

/// Everything behind the node's door: pages, API, live streams, with all guards around them.
pub fn router(node: Node, parts: WebParts, extra: Extra) -> Router {
    let guard = parts.guard.clone();
    let web = Web(Arc::new(WebInner { node, parts, streams: live::Streams::default(), seats: seat::Seats::default(), links: extra.links }));
    let (api, description) = api::routes();
    let description = Arc::new(description);
    let behind_pairing = Router::new()
        .merge(api)
        .merge(pages::routes())
        .merge(desk::routes())
        .merge(office::routes())
        .merge(orders::routes())
        .merge(articles::routes())
        .merge(stock::routes())
        .merge(extra.router.with_state(()))
        .route("/api/openapi.json", get(move || std::future::ready(axum::Json(description.as_ref().clone()))))
        .route_layer(from_fn_with_state(web.clone(), card_data::watch))
        .route_layer(from_fn_with_state(web.clone(), session::require));
    Router::new()
        .merge(behind_pairing)
        .merge(pair_pages::routes())
        .merge(setup::routes())
        .route("/assets/{hash}/{name}", get(assets::serve))
        .route("/healthz", get(api::healthz))
        .route("/metrics", get(api::metrics))
        .fallback(pages::not_found)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(web)
        .layer(from_fn_with_state(guard, guard::stand))
}
