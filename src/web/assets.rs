//! Style sheet and scripts, compiled in. Their addresses carry their content's hash, so that a browser keeps them for ever
//! and a new release is never mixed with an old one.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

struct Asset {
    name: &'static str,
    content_type: &'static str,
    bytes: &'static [u8],
}

static ASSETS: &[Asset] = &[
    Asset { name: "shop.css", content_type: "text/css; charset=utf-8", bytes: include_bytes!("assets/shop.css") },
    Asset { name: "till.css", content_type: "text/css; charset=utf-8", bytes: include_bytes!("assets/till.css") },
    Asset { name: "live.js", content_type: "text/javascript; charset=utf-8", bytes: include_bytes!("assets/live.js") },
    Asset { name: "till.js", content_type: "text/javascript; charset=utf-8", bytes: include_bytes!("assets/till.js") },
    Asset { name: "returns.js", content_type: "text/javascript; charset=utf-8", bytes: include_bytes!("assets/returns.js") },
    Asset { name: "prices.js", content_type: "text/javascript; charset=utf-8", bytes: include_bytes!("assets/prices.js") },
    Asset { name: "returns.css", content_type: "text/css; charset=utf-8", bytes: include_bytes!("assets/returns.css") },
    Asset { name: "weight.js", content_type: "text/javascript; charset=utf-8", bytes: include_bytes!("assets/weight.js") },
    Asset { name: "quick.js", content_type: "text/javascript; charset=utf-8", bytes: include_bytes!("assets/quick.js") },
    Asset { name: "quick.css", content_type: "text/css; charset=utf-8", bytes: include_bytes!("assets/quick.css") },
    Asset { name: "customer.js", content_type: "text/javascript; charset=utf-8", bytes: include_bytes!("assets/customer.js") },
    Asset { name: "customer.css", content_type: "text/css; charset=utf-8", bytes: include_bytes!("assets/customer.css") },
    Asset { name: "gate.css", content_type: "text/css; charset=utf-8", bytes: include_bytes!("assets/gate.css") },
    Asset { name: "gate.js", content_type: "text/javascript; charset=utf-8", bytes: include_bytes!("assets/gate.js") },
    Asset { name: "backoffice.css", content_type: "text/css; charset=utf-8", bytes: include_bytes!("assets/backoffice.css") },
    Asset { name: "backoffice.js", content_type: "text/javascript; charset=utf-8", bytes: include_bytes!("assets/backoffice.js") },
    Asset { name: "proof.js", content_type: "text/javascript; charset=utf-8", bytes: include_bytes!("assets/proof.js") },
    Asset { name: "cash.css", content_type: "text/css; charset=utf-8", bytes: include_bytes!("assets/cash.css") },
    Asset { name: "cash.js", content_type: "text/javascript; charset=utf-8", bytes: include_bytes!("assets/cash.js") },
    Asset { name: "desk.js", content_type: "text/javascript; charset=utf-8", bytes: include_bytes!("assets/desk.js") },
    Asset { name: "handheld.js", content_type: "text/javascript; charset=utf-8", bytes: include_bytes!("assets/handheld.js") },
    Asset { name: "find.js", content_type: "text/javascript; charset=utf-8", bytes: include_bytes!("assets/find.js") },
    Asset { name: "orders.js", content_type: "text/javascript; charset=utf-8", bytes: include_bytes!("assets/orders.js") },
    Asset { name: "articles.css", content_type: "text/css; charset=utf-8", bytes: include_bytes!("assets/articles.css") },
    Asset { name: "orders.css", content_type: "text/css; charset=utf-8", bytes: include_bytes!("assets/orders.css") },
    Asset { name: "stock.js", content_type: "text/javascript; charset=utf-8", bytes: include_bytes!("assets/stock.js") },
    Asset { name: "stock.css", content_type: "text/css; charset=utf-8", bytes: include_bytes!("assets/stock.css") },
    Asset { name: "look.js", content_type: "text/javascript; charset=utf-8", bytes: include_bytes!("assets/look.js") },
    Asset { name: "icon.svg", content_type: "image/svg+xml", bytes: include_bytes!("assets/icon.svg") },
    Asset { name: "sim.js", content_type: "text/javascript; charset=utf-8", bytes: include_bytes!("../demo/assets/sim.js") },
    Asset { name: "sim.css", content_type: "text/css; charset=utf-8", bytes: include_bytes!("../demo/assets/sim.css") },
    #[cfg(feature = "head-office")]
    Asset { name: "office.css", content_type: "text/css; charset=utf-8", bytes: include_bytes!("../head_office/assets/office.css") },
    #[cfg(feature = "head-office")]
    Asset { name: "status.css", content_type: "text/css; charset=utf-8", bytes: include_bytes!("../head_office/assets/status.css") },
    #[cfg(feature = "head-office")]
    Asset { name: "office.js", content_type: "text/javascript; charset=utf-8", bytes: include_bytes!("../head_office/assets/office.js") },
];

static HASHES: LazyLock<Vec<String>> = LazyLock::new(|| {
    ASSETS
        .iter()
        .map(|asset| {
            let hash = Sha256::digest(asset.bytes);
            hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
        })
        .collect()
});

/// "/assets/0123456789abcdef/till.js". Panics on a name that is not compiled in: a page of ours is wrong then.
pub fn address(name: &str) -> String {
    let index = ASSETS.iter().position(|asset| asset.name == name).unwrap_or_else(|| panic!("no asset {name}"));
    format!("/assets/{}/{name}", HASHES[index])
}

/// `GET /assets/{hash}/{name}`. A wrong hash is not found: it belongs to another release.
pub async fn serve(Path((hash, name)): Path<(String, String)>) -> Response {
    let found = ASSETS.iter().zip(HASHES.iter()).find(|(asset, known)| asset.name == name && **known == hash);
    match found {
        Some((asset, _)) => {
            let headers = [
                (header::CONTENT_TYPE, HeaderValue::from_static(asset.content_type)),
                (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable")),
            ];
            (headers, asset.bytes).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
