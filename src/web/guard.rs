//! What every request passes before anything looks at it, at a node and at head office alike: the exact Host, the origin
//! of writes, and the headers of every answer. Knows nothing of tills, screens or who is asking; that is `pairing`.
//!
//! Loopback is no protection by itself: any page open in a browser on the same box can send requests to 127.0.0.1, and a
//! name under an attacker's control can be pointed at it after the page has loaded (DNS rebinding).

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::problem::Problem;

/// Nothing inline, nothing from elsewhere, no frames. `data:` pictures are the simulated printer's paper.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
    connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// The doors' own names. Built once, when the listener is bound.
#[derive(Debug, Clone)]
pub struct Guard {
    /// As in the Host header: "127.0.0.1:8080", lower case.
    hosts: Vec<String>,
    tls: bool,
    /// Cookies are shared by all ports of a host, so each door's cookies carry its port.
    port: u16,
}

impl Guard {
    /// `names`: further names under which the pages are reached ("till-box.lan", or "till-box.lan:8443" behind a forwarded port).
    pub fn new(bound: SocketAddr, names: &[String], tls: bool) -> Guard {
        let port = bound.port();
        let mut bare: Vec<String> = Vec::new();
        if bound.ip().is_loopback() || bound.ip().is_unspecified() {
            bare.extend(["localhost".to_owned(), "127.0.0.1".to_owned(), "[::1]".to_owned()]);
        }
        if !bound.ip().is_unspecified() {
            bare.push(if bound.is_ipv6() { format!("[{}]", bound.ip()) } else { bound.ip().to_string() });
        }
        let (with_port, without): (Vec<&String>, Vec<&String>) = names.iter().partition(|name| names_a_port(name));
        bare.extend(without.into_iter().map(|name| name.to_ascii_lowercase()));
        let default_port = if tls { 443 } else { 80 };
        let mut hosts: Vec<String> = bare.iter().map(|name| format!("{name}:{port}")).collect();
        hosts.extend(with_port.into_iter().map(|name| name.to_ascii_lowercase()));
        if port == default_port {
            hosts.extend(bare);
        }
        hosts.sort();
        hosts.dedup();
        Guard { hosts, tls, port }
    }

    /// Answers for this host as well, as it stands in the Host header: behind a proxy the port is not this door's.
    pub fn also(mut self, host: &str) -> Guard {
        self.hosts.push(host.to_ascii_lowercase());
        self
    }

    pub fn tls(&self) -> bool {
        self.tls
    }

    /// "counterfoil-8080". With TLS the `__Host-` prefix keeps other hosts and plain HTTP from setting it.
    pub fn cookie_name(&self, purpose: &str) -> String {
        let prefix = if self.tls { "__Host-" } else { "" };
        format!("{prefix}{purpose}-{}", self.port)
    }

    /// Attributes of every cookie set here.
    pub fn cookie_attributes(&self) -> &'static str {
        if self.tls { "; Path=/; HttpOnly; SameSite=Strict; Secure" } else { "; Path=/; HttpOnly; SameSite=Strict" }
    }

    fn knows_host(&self, host: &str) -> bool {
        self.hosts.iter().any(|known| known.eq_ignore_ascii_case(host))
    }

    fn knows_origin(&self, origin: &str) -> bool {
        let scheme = if self.tls { "https://" } else { "http://" };
        origin.strip_prefix(scheme).is_some_and(|host| self.knows_host(host))
    }

    /// The first rule the request breaks.
    fn verdict(&self, request: &Request) -> Result<(), Problem> {
        let headers = request.headers();
        let host = single(headers, &header::HOST)?;
        if !host.is_some_and(|host| self.knows_host(host)) {
            return Err(foreign_host(host.unwrap_or("none")));
        }
        // An absolute address on the request line wins over Host in some servers; here both must be ours.
        if let Some(authority) = request.uri().authority()
            && !self.knows_host(authority.as_str())
        {
            return Err(foreign_host(authority.as_str()));
        }
        let site = single(headers, &HeaderName::from_static("sec-fetch-site"))?;
        if request.method() == Method::GET || request.method() == Method::HEAD {
            return self.read_verdict(headers, site);
        }
        let origin = single(headers, &header::ORIGIN)?;
        match site {
            None | Some("same-origin") => {}
            Some(site) => return Err(foreign_site(site)),
        }
        match origin {
            Some(origin) if self.knows_origin(origin) => Ok(()),
            Some(origin) => Err(foreign_origin(origin)),
            // Every browser says where a write comes from. What says nothing is a program, and a program brings a
            // token instead of a cookie that was lying around.
            None if headers.contains_key(header::COOKIE) => Err(foreign_origin("none")),
            None => Ok(()),
        }
    }

    /// Other sites may link to our pages; they may not pull them in as pictures, scripts or data.
    fn read_verdict(&self, headers: &HeaderMap, site: Option<&str>) -> Result<(), Problem> {
        match site {
            None | Some("same-origin" | "none") => Ok(()),
            Some(site) => {
                let navigates = single(headers, &HeaderName::from_static("sec-fetch-mode"))? == Some("navigate");
                let document = single(headers, &HeaderName::from_static("sec-fetch-dest"))? == Some("document");
                if navigates && document { Ok(()) } else { Err(foreign_site(site)) }
            }
        }
    }
}

/// The middleware: `router.layer(axum::middleware::from_fn_with_state(guard, guard::stand))`, as the outermost layer.
pub async fn stand(State(guard): State<Arc<Guard>>, request: Request, next: Next) -> Response {
    let mut response = match guard.verdict(&request) {
        Ok(()) => next.run(request).await,
        Err(problem) => {
            tracing::warn!(code = problem.code, detail = problem.detail, "a request was turned away at the door");
            problem.into_response()
        }
    };
    let headers = response.headers_mut();
    let keeps_referrer = headers.contains_key(header::REFERRER_POLICY);
    let mut always = |name: &'static str, value: &'static str| {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    };
    always("content-security-policy", CONTENT_SECURITY_POLICY);
    always("x-content-type-options", "nosniff");
    always("x-frame-options", "DENY");
    // Not "no-referrer": with that a browser sends the forms of our own pages from the origin "null".
    // A page without forms may say so itself.
    if !keeps_referrer {
        always("referrer-policy", "same-origin");
    }
    always("cross-origin-opener-policy", "same-origin");
    always("cross-origin-resource-policy", "same-origin");
    always("permissions-policy", "camera=(), microphone=(), geolocation=(), usb=(), serial=(), payment=()");
    if guard.tls {
        always("strict-transport-security", "max-age=31536000");
    }
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}

/// "box:80" and "[::1]:80" do, "box" and "[::1]" do not.
fn names_a_port(name: &str) -> bool {
    name.rsplit_once(':').is_some_and(|(_, port)| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()))
}

/// The one value of a header; two of them are an attempt at confusion.
fn single<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, Problem> {
    let mut values = headers.get_all(name).iter();
    let first = values.next();
    if values.next().is_some() {
        return Err(bad_header(name));
    }
    match first {
        None => Ok(None),
        Some(value) => value.to_str().map(Some).map_err(|_| bad_header(name)),
    }
}

fn bad_header(name: &HeaderName) -> Problem {
    let detail = format!("the header {name} is there twice or is not plain text");
    Problem::new(StatusCode::BAD_REQUEST, "bad_header", detail, "send it once, in ASCII")
}

fn foreign_host(host: &str) -> Problem {
    let detail = format!("this door does not answer for the host {:?}", shorten(host));
    let remedy = "use an address this program printed at its start, or add the name to `hosts` in its configuration";
    Problem::new(StatusCode::MISDIRECTED_REQUEST, "foreign_host", detail, remedy)
}

fn foreign_origin(origin: &str) -> Problem {
    let detail = format!("a change was asked for from the origin {:?}, which is not ours", shorten(origin));
    Problem::new(StatusCode::FORBIDDEN, "foreign_origin", detail, "open the page from this program itself; programs use a bearer token")
}

fn foreign_site(site: &str) -> Problem {
    let detail = format!("the browser says that the request comes from another site ({:?})", shorten(site));
    Problem::new(StatusCode::FORBIDDEN, "foreign_site", detail, "open the page from this program itself")
}

fn shorten(text: &str) -> String {
    text.chars().take(80).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;

    fn check(method: &str, headers: &[(&str, &str)], expect: Result<(), &str>) {
        let guard = Guard::new("127.0.0.1:8080".parse().unwrap(), &["till.lan".to_owned()], false);
        let mut request = Request::builder().method(method).uri("/x");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let verdict = guard.verdict(&request.body(Body::empty()).unwrap());
        assert_eq!(verdict.map_err(|p| p.code), expect, "{method} {headers:?}");
    }

    #[test]
    fn only_our_names_are_answered() {
        for host in ["127.0.0.1:8080", "localhost:8080", "[::1]:8080", "TILL.lan:8080"] {
            check("GET", &[("host", host)], Ok(()));
        }
        for host in ["127.0.0.1", "127.0.0.1:8081", "evil.example", "evil.example:8080", "localhost:8080.evil.example", ""] {
            check("GET", &[("host", host)], Err("foreign_host"));
        }
        check("GET", &[], Err("foreign_host"));
        check("GET", &[("host", "localhost:8080"), ("host", "evil.example")], Err("bad_header"));
    }

    #[test]
    fn writes_come_from_our_own_pages_or_bring_a_token() {
        let host = ("host", "localhost:8080");
        check("POST", &[host, ("origin", "http://localhost:8080"), ("sec-fetch-site", "same-origin")], Ok(()));
        check("POST", &[host, ("origin", "http://127.0.0.1:8080")], Ok(()));
        for origin in ["null", "http://evil.example", "https://localhost:8080", "http://localhost:9090", "http://localhost"] {
            check("POST", &[host, ("origin", origin)], Err("foreign_origin"));
        }
        for site in ["cross-site", "same-site", "none"] {
            check("POST", &[host, ("origin", "http://localhost:8080"), ("sec-fetch-site", site)], Err("foreign_site"));
        }
        for method in ["PUT", "PATCH", "DELETE", "OPTIONS"] {
            check(method, &[host, ("origin", "http://evil.example")], Err("foreign_origin"));
        }
        check("POST", &[host, ("cookie", "a=b")], Err("foreign_origin"));
        check("POST", &[host, ("authorization", "Bearer x")], Ok(()));
    }

    #[test]
    fn other_sites_may_link_to_pages_but_not_read_them() {
        let host = ("host", "localhost:8080");
        let cross = ("sec-fetch-site", "cross-site");
        check("GET", &[host, cross, ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")], Ok(()));
        check("GET", &[host, cross, ("sec-fetch-mode", "no-cors"), ("sec-fetch-dest", "image")], Err("foreign_site"));
        check("GET", &[host, cross, ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "iframe")], Err("foreign_site"));
        check("GET", &[host, ("sec-fetch-site", "same-origin")], Ok(()));
    }
}
