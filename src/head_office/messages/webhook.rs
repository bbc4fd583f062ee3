//! Messages to a web shop or marketplace by HTTP, each signed as [Standard Webhooks](https://www.standardwebhooks.com) says: the headers
//! `webhook-id`, `webhook-timestamp` (seconds) and `webhook-signature` (`v1,` and base 64 of HMAC-SHA256 over id, timestamp and body with dots
//! between). A receiver knows a message that comes twice by its id.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::{Client, StatusCode, Url};
use ring::hmac;
use serde::Serialize;

use super::outbox::{Outcome, Outgoing};
use super::text::Words;

/// A receiver that takes longer is tried again later.
const ANSWER_MAX: Duration = Duration::from_secs(10);
const CONNECT_MAX: Duration = Duration::from_secs(5);
/// What Standard Webhooks asks of a secret.
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 24..=64;
const SECRET_PREFIX: &str = "whsec_";

/// Where messages are posted, and with which key.
#[derive(Clone)]
pub struct Webhook {
    url: Url,
    key: hmac::Key,
    client: Client,
}

impl std::fmt::Debug for Webhook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Webhook({})", self.url)
    }
}

#[derive(Serialize)]
struct Body<'a> {
    /// "order.ready" and so on.
    #[serde(rename = "type")]
    kind: String,
    /// When it became true: milliseconds since 1970.
    due_ms: i64,
    data: Data<'a>,
}

#[derive(Serialize)]
struct Data<'a> {
    order: &'a str,
    store: &'a str,
    store_name: &'a str,
    customer: Option<&'a str>,
    language: &'a str,
    expires_ms: i64,
    #[serde(skip_serializing_if = "str::is_empty")]
    number: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    token: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    status_url: &'a str,
    subject: &'a str,
    text: &'a str,
}

impl Webhook {
    /// The error says which key is wrong and what to do.
    pub fn new(url: &str, secret: &str, ca: Option<&[u8]>) -> Result<Webhook, (&'static str, String)> {
        let no_url = |why: &str| ("url", format!("{why}: write an address such as \"https://shop.example/counterfoil\""));
        let url: Url = url.parse().map_err(|_| no_url("not an address"))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(no_url("only https and http are spoken"));
        }
        let is_here = url.host_str().is_some_and(|host| {
            host == "localhost" || host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
        });
        if url.scheme() == "http" && !is_here {
            return Err(("url", "collect codes would leave unencrypted: use https, or http to this machine alone".to_owned()));
        }
        let key = key_of(secret).ok_or_else(|| {
            let remedy =
                "its content must be \"whsec_\" and base 64 of 24 to 64 random bytes; make one with: echo whsec_$(openssl rand -base64 32)";
            ("secret_file", remedy.to_owned())
        })?;
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = Client::builder()
            .connect_timeout(CONNECT_MAX)
            .timeout(ANSWER_MAX)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .user_agent(concat!("counterfoil/", env!("CARGO_PKG_VERSION")));
        if let Some(pem) = ca {
            super::has_certificates(pem)?;
            let certificates =
                reqwest::Certificate::from_pem_bundle(pem).map_err(|error| ("ca", format!("no certificates in it: {error}")))?;
            builder = builder.tls_certs_only(certificates);
        }
        let client = builder.build().map_err(|error| ("url", error.to_string()))?;
        Ok(Webhook { url, key, client })
    }

    /// One try. It may come twice; it has the same id then.
    pub async fn send(&self, message: &Outgoing, words: &Words, now_ms: i64) -> Outcome {
        let body = Body {
            kind: format!("order.{}", message.kind),
            due_ms: message.due_ms,
            data: Data {
                order: &message.order,
                store: &message.store,
                store_name: &message.store_name,
                customer: message.customer.as_deref(),
                language: &message.language,
                expires_ms: message.expires_ms,
                number: &message.number,
                token: &message.token,
                status_url: &message.link,
                subject: &words.subject,
                text: &words.body,
            },
        };
        let body = serde_json::to_vec(&body).expect("a message is plain values");
        self.post(&message.id(), body, now_ms).await
    }

    /// One try at a signed JSON body. It may come twice; it has the same id then.
    pub async fn post(&self, id: &str, body: Vec<u8>, now_ms: i64) -> Outcome {
        let seconds = now_ms / 1_000;
        let signature = sign(&self.key, id, seconds, &body);
        let request = self.client.post(self.url.clone()).header("content-type", "application/json").header("webhook-id", id);
        let request = request.header("webhook-timestamp", seconds).header("webhook-signature", signature).body(body);
        match request.send().await {
            Ok(answer) if answer.status().is_success() => Outcome::Sent,
            Ok(answer) if answer.status() == StatusCode::GONE => Outcome::Refused("the receiver answers 410 Gone".to_owned()),
            Ok(answer) => Outcome::Later(format!("the receiver answers {}", answer.status())),
            Err(error) if error.is_timeout() => Outcome::Later(format!("no answer within {} s", ANSWER_MAX.as_secs())),
            Err(error) => Outcome::Later(format!("the receiver cannot be reached: {}", root(&error))),
        }
    }
}

/// The innermost reason: the others only say that there is one.
fn root(error: &(dyn std::error::Error + 'static)) -> String {
    error.source().map_or_else(|| error.to_string(), root)
}

fn key_of(secret: &str) -> Option<hmac::Key> {
    let bytes = secret.trim().strip_prefix(SECRET_PREFIX).and_then(|rest| STANDARD.decode(rest).ok())?;
    SECRET_BYTES.contains(&bytes.len()).then(|| hmac::Key::new(hmac::HMAC_SHA256, &bytes))
}

/// A secret as [`Webhook::new`] takes it.
pub fn fresh_secret() -> String {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).expect("the system gives random bytes");
    format!("{SECRET_PREFIX}{}", STANDARD.encode(bytes))
}

/// What a receiver asks of the three headers and the body. How old a message may be is the receiver's business.
pub fn is_signed(secret: &str, id: &str, timestamp: &str, signatures: &str, body: &[u8]) -> bool {
    let (Some(key), Ok(seconds)) = (key_of(secret), timestamp.parse::<i64>()) else { return false };
    let mut signed = format!("{id}.{seconds}.").into_bytes();
    signed.extend_from_slice(body);
    let tags = signatures.split(' ').filter_map(|signature| STANDARD.decode(signature.strip_prefix("v1,")?).ok());
    tags.into_iter().any(|tag| hmac::verify(&key, &signed, &tag).is_ok())
}

fn sign(key: &hmac::Key, id: &str, seconds: i64, body: &[u8]) -> String {
    let mut signed = format!("{id}.{seconds}.").into_bytes();
    signed.extend_from_slice(body);
    format!("v1,{}", STANDARD.encode(hmac::sign(key, &signed)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification's reference libraries.
    #[test]
    fn signed_as_the_specification_has_it() {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap());
        let signature = sign(&key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, br#"{"test": 2432232314}"#);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        let is_signed = |id: &str, seconds: &str, body: &[u8]| super::is_signed(secret, id, seconds, &format!("v0,x {signature}"), body);
        assert!(is_signed("msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", br#"{"test": 2432232314}"#));
        assert!(!is_signed("msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265331", br#"{"test": 2432232314}"#));
        assert!(!is_signed("msg_other", "1614265330", br#"{"test": 2432232314}"#));
        assert!(!is_signed("msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", b"{}"));
    }

    #[test]
    fn what_is_wrong_with_a_webhook_is_said() {
        let good = format!("whsec_{}\n", STANDARD.encode([7; 32]));
        assert!(Webhook::new("https://shop.example/x", &good, None).is_ok());
        assert!(Webhook::new("http://127.0.0.1:9/x", &good, None).is_ok());
        assert!(Webhook::new("http://[::1]:9/x", &good, None).is_ok());
        let key = |url: &str, secret: &str| Webhook::new(url, secret, None).unwrap_err().0;
        assert_eq!(key("http://shop.example/x", &good), "url");
        assert_eq!(key("http://localhost.shop.example/x", &good), "url");
        assert_eq!(key("ftp://shop.example/x", &good), "url");
        assert_eq!(key("shop", &good), "url");
        assert_eq!(key("https://shop.example/x", "secret"), "secret_file");
        assert_eq!(key("https://shop.example/x", "whsec_c2hvcnQ="), "secret_file");
        assert_eq!(Webhook::new("https://shop.example/x", &good, Some(b"no pem")).map(|_| ()).unwrap_err().0, "ca");
    }
}
