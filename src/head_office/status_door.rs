//! The door for customers: the page of one order by its secret link, and nothing else of head office. Who tries many links is asked to wait.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{ConnectInfo, Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use maud::Markup;

use super::office::HeadOffice;
use super::pages::status;
use super::status_link;
use crate::web::assets;
use crate::web::tls::Peer;

/// Of one address within the window. A page asks for itself once a minute, and many customers may share an address.
const PAGES_MAX: u32 = 240;
const WRONG_MAX: u32 = 20;
const WINDOW_MS: i64 = 60_000;
/// Addresses that are remembered; beyond it all are forgotten.
const ADDRESSES_MAX: usize = 20_000;
/// All that a page loads.
const ASSETS: [&str; 2] = ["status.css", "icon.svg"];

#[derive(Clone)]
struct Customers {
    office: HeadOffice,
    seen: Arc<Mutex<BTreeMap<IpAddr, Seen>>>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Seen {
    since_ms: i64,
    pages: u32,
    wrong: u32,
}

/// The page among those of head office.
pub fn router(office: HeadOffice) -> Router {
    Router::new().route("/o/{secret}", get(page)).with_state(Customers { office, seen: Arc::default() })
}

/// A door of its own, for the internet.
pub fn alone(office: HeadOffice) -> Router {
    Router::new().merge(router(office)).route("/assets/{hash}/{name}", get(asset)).fallback(nothing)
}

async fn asset(Path((hash, name)): Path<(String, String)>) -> Response {
    match ASSETS.contains(&name.as_str()) {
        true => assets::serve(Path((hash, name))).await,
        false => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn nothing() -> Response {
    private(StatusCode::NOT_FOUND, status::unknown())
}

async fn page(
    State(customers): State<Customers>,
    peer: Option<axum::Extension<ConnectInfo<Peer>>>,
    headers: HeaderMap,
    Path(secret): Path<String>,
) -> Response {
    let now_ms = customers.office.now_ms();
    let address = peer.map(|peer| caller(peer.0.0.address.ip(), &headers));
    if address.is_some_and(|address| customers.is_too_much(address, now_ms)) {
        let mut response = private(StatusCode::TOO_MANY_REQUESTS, status::too_many());
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("60"));
        return response;
    }
    let found = customers.office.read(move |connection| match status_link::find(connection, &secret)? {
        Some(order) => status::facts(connection, &order, now_ms),
        None => Ok(None),
    });
    match found.await {
        Ok(Some(facts)) => private(StatusCode::OK, status::page(customers.office.config(), &facts)),
        Ok(None) => {
            if let Some(address) = address {
                customers.wrong(address, now_ms);
            }
            private(StatusCode::NOT_FOUND, status::unknown())
        }
        Err(error) => {
            tracing::error!(%error, "a customer's page could not be shown");
            private(StatusCode::SERVICE_UNAVAILABLE, status::trouble())
        }
    }
}

/// Kept by nobody, found by no search engine, and its address goes nowhere.
fn private(status: StatusCode, page: Markup) -> Response {
    let headers = [
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (HeaderName::from_static("x-robots-tag"), HeaderValue::from_static("noindex, nofollow, noarchive")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (status, headers, page).into_response()
}

/// Who calls. A proxy on this machine says for whom it calls; of IPv6 the network counts, a customer has all of its addresses.
fn caller(peer: IpAddr, headers: &HeaderMap) -> IpAddr {
    let forwarded = headers.get_all("x-forwarded-for").iter().next_back().and_then(|value| value.to_str().ok());
    let named = forwarded.and_then(|value| value.rsplit(',').next()?.trim().parse::<IpAddr>().ok());
    match named.filter(|_| peer.is_loopback()).unwrap_or(peer) {
        IpAddr::V6(address) => match address.to_ipv4_mapped() {
            Some(address) => IpAddr::V4(address),
            None => IpAddr::V6((address.to_bits() >> 64 << 64).into()),
        },
        address @ IpAddr::V4(_) => address,
    }
}

impl Customers {
    fn with<T>(&self, address: IpAddr, now_ms: i64, with: impl FnOnce(&mut Seen) -> T) -> Option<T> {
        let mut seen = self.seen.lock().ok()?;
        if seen.len() >= ADDRESSES_MAX && !seen.contains_key(&address) {
            seen.clear();
        }
        let of = seen.entry(address).or_default();
        if !(of.since_ms..of.since_ms + WINDOW_MS).contains(&now_ms) {
            *of = Seen { since_ms: now_ms, ..Seen::default() };
        }
        Some(with(of))
    }

    fn is_too_much(&self, address: IpAddr, now_ms: i64) -> bool {
        let judged = self.with(address, now_ms, |seen| {
            seen.pages = seen.pages.saturating_add(1);
            seen.pages > PAGES_MAX || seen.wrong >= WRONG_MAX
        });
        judged.unwrap_or(true)
    }

    fn wrong(&self, address: IpAddr, now_ms: i64) {
        self.with(address, now_ms, |seen| seen.wrong = seen.wrong.saturating_add(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_here_names_the_caller_and_nobody_else_does() {
        let check = |peer: &str, forwarded: Option<&str>, expect: &str| {
            let mut headers = HeaderMap::new();
            if let Some(forwarded) = forwarded {
                headers.insert("x-forwarded-for", forwarded.parse().unwrap());
            }
            assert_eq!(caller(peer.parse().unwrap(), &headers).to_string(), expect);
        };
        check("127.0.0.1", None, "127.0.0.1");
        check("127.0.0.1", Some("1.2.3.4, 203.0.113.9"), "203.0.113.9");
        check("127.0.0.1", Some("nonsense"), "127.0.0.1");
        check("203.0.113.7", Some("1.2.3.4"), "203.0.113.7");
        check("2001:db8:1:2:3:4:5:6", None, "2001:db8:1:2::");
        check("::ffff:203.0.113.7", None, "203.0.113.7");
    }
}
