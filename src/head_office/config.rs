//! Head office's configuration: one TOML file, raw as typed, then checked. Every complaint names the key, the value and the remedy.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::messages::{self, Messages};
use super::right::HoldRule;
use super::storage::Server;
use crate::document::Locale;
use crate::money::{Currency, Qty};
use crate::node::config::{Complaint, ConfigError};
use crate::web::tls::TlsFiles;

/// Checked.
#[derive(Debug, Clone)]
pub struct HeadOfficeConfig {
    /// On top of the pages.
    pub name: String,
    pub listen: SocketAddr,
    /// Host names the pages are reached under besides the address itself.
    pub hosts: Vec<String>,
    /// A second door on loopback for people at this machine; with TLS the first one wants a certificate of everybody.
    pub pages_listen: Option<SocketAddr>,
    /// Keys and the files for the nodes; and the database, unless `postgres` names one.
    pub data_dir: PathBuf,
    /// Where others drop files of orders, a folder for each channel. `None`: `drop` in the data folder.
    pub drop_dir: Option<PathBuf>,
    pub postgres: Option<Server>,
    pub tls: Option<TlsFiles>,
    /// Boxes enrol with a code and get their certificates here, from head office's own authority.
    pub enrolment: bool,
    /// How long a node's certificate lives. It is renewed when two thirds have passed.
    pub certificate_life_ms: i64,
    /// People sign in. Without it whoever reaches the pages may do everything: on loopback alone.
    pub sign_in: bool,
    /// Of the prices in the catalogue, and of amounts on the pages.
    pub currency: Currency,
    /// Decimal mark and order of dates on the pages.
    pub locale: Locale,
    pub time_zone: jiff::tz::TimeZone,
    /// How long an order waits for its customer when the channel does not say.
    pub order_kept_ms: i64,
    /// How long before that ends the customer is reminded.
    pub order_remind_ms: i64,
    /// How many rights to promise are held of each article, and when the store has to say.
    pub hold_rule: HoldRule,
    /// How long after the promised time the customer of an order that is not ready is told. `None`: never.
    pub order_delayed_ms: Option<i64>,
    /// How customers are told.
    pub messages: Messages,
    /// What a webhook's receiver did not take for so long is given up until a person resumes it.
    pub webhook_dead_ms: i64,
    /// Under which address customers reach the page of their order, without a slash at its end. `None`: they have no such page.
    pub public_url: Option<String>,
    /// A door for customers alone.
    pub public_listen: Option<SocketAddr>,
    pub public_tls: Option<TlsFiles>,
}

const HOUR_MS: i64 = 3_600_000;
const ORDER_KEPT_HOURS: u32 = 72;
const ORDER_REMIND_HOURS: u32 = 24;
const ORDER_DELAYED_MINUTES: u32 = 15;
const ORDER_DELAYED_MINUTES_MAX: u32 = 24 * 60;
const WEBHOOK_DEAD_DAYS: u32 = 5;
const WEBHOOK_DEAD_DAYS_MAX: u32 = 30;
const MINUTE_MS: i64 = 60_000;
const ORDER_HOURS_MAX: u32 = 24 * 60;
const CERTIFICATE_DAYS: u32 = 90;
const CERTIFICATE_DAYS_MAX: u32 = 825;
/// Where people look when the other door is for nodes alone.
const PAGES_LISTEN: &str = "127.0.0.1:8091";

impl HeadOfficeConfig {
    /// The names and addresses that head office's own certificate is for.
    pub fn names(&self) -> Vec<String> {
        let bare = |host: &String| {
            host.rsplit_once(':').filter(|(_, port)| port.parse::<u16>().is_ok()).map_or(host.as_str(), |(name, _)| name).to_owned()
        };
        let mut names: Vec<String> = self.hosts.iter().map(bare).collect();
        names.extend(["localhost", "127.0.0.1"].map(str::to_owned));
        if !self.listen.ip().is_unspecified() {
            names.push(self.listen.ip().to_string());
        }
        names.sort();
        names.dedup();
        names
    }

    pub fn drop_dir(&self) -> PathBuf {
        self.drop_dir.clone().unwrap_or_else(|| self.data_dir.join("drop"))
    }

    /// The whole address of an order's page. `secret`: of [`super::status_link`].
    pub fn status_link(&self, secret: &str) -> Option<String> {
        self.public_url.as_ref().filter(|_| !secret.is_empty()).map(|url| format!("{url}/o/{secret}"))
    }

    /// Plain HTTP on loopback, and nobody signs in: the demo and the tests.
    pub fn on_loopback(data_dir: &Path, port: u16, currency: Currency) -> HeadOfficeConfig {
        HeadOfficeConfig {
            name: "Head office".to_owned(),
            listen: SocketAddr::from(([127, 0, 0, 1], port)),
            hosts: Vec::new(),
            pages_listen: None,
            data_dir: data_dir.to_owned(),
            drop_dir: None,
            postgres: None,
            tls: None,
            enrolment: false,
            certificate_life_ms: i64::from(CERTIFICATE_DAYS) * 24 * HOUR_MS,
            sign_in: false,
            currency,
            locale: Locale::from_tag("en").expect("English is in the table"),
            time_zone: jiff::tz::TimeZone::UTC,
            order_kept_ms: i64::from(ORDER_KEPT_HOURS) * HOUR_MS,
            order_remind_ms: i64::from(ORDER_REMIND_HOURS) * HOUR_MS,
            hold_rule: HoldRule::default(),
            order_delayed_ms: Some(i64::from(ORDER_DELAYED_MINUTES) * MINUTE_MS),
            messages: Messages::default(),
            webhook_dead_ms: i64::from(WEBHOOK_DEAD_DAYS) * 24 * HOUR_MS,
            public_url: None,
            public_listen: None,
            public_tls: None,
        }
    }
}

/// Reads and checks a file.
pub fn load(path: &Path) -> Result<HeadOfficeConfig, ConfigError> {
    let text = std::fs::read_to_string(path).map_err(|reason| ConfigError::Unreadable { path: path.into(), reason })?;
    parse(&text, path)
}

/// Checks a configuration text; `path` is named in errors only.
pub fn parse(text: &str, path: &Path) -> Result<HeadOfficeConfig, ConfigError> {
    let raw: Raw = toml::from_str(text).map_err(|reason| ConfigError::Syntax { path: path.into(), reason: Box::new(reason) })?;
    let mut complaints = Vec::new();
    match checked(raw.head_office, &mut complaints) {
        Some(config) if complaints.is_empty() => Ok(config),
        Some(_) | None => Err(ConfigError::Values { path: path.into(), complaints }),
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    head_office: RawHeadOffice,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawHeadOffice {
    #[serde(default = "default_name")]
    name: String,
    #[serde(default = "default_listen")]
    listen: String,
    #[serde(default)]
    hosts: Vec<String>,
    pages_listen: Option<String>,
    data_dir: PathBuf,
    drop_dir: Option<PathBuf>,
    postgres: Option<String>,
    postgres_ca: Option<PathBuf>,
    tls_cert: Option<PathBuf>,
    tls_key: Option<PathBuf>,
    tls_client_ca: Option<PathBuf>,
    enrolment: Option<bool>,
    certificate_days: Option<u32>,
    sign_in: Option<bool>,
    currency: String,
    #[serde(default = "english")]
    locale: String,
    time_zone: String,
    order_kept_hours: Option<u32>,
    order_remind_hours: Option<u32>,
    promises: Option<RawPromises>,
    order_delayed_minutes: Option<u32>,
    webhook_dead_days: Option<u32>,
    public_url: Option<String>,
    public_listen: Option<String>,
    public_tls_cert: Option<PathBuf>,
    public_tls_key: Option<PathBuf>,
    mail: Option<messages::settings::RawMail>,
    webhook: Option<messages::settings::RawWebhook>,
    message_texts: Option<PathBuf>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPromises {
    hold_min: Option<u32>,
    demand_days: Option<u32>,
    cover_days: Option<u32>,
    quiet_days: Option<u32>,
    few: Option<u32>,
}

const UNITS_MAX: u32 = 100_000;
const DAYS_MAX: u32 = 365;

fn hold_rule(raw: RawPromises, complain: &mut impl FnMut(&str, String, &str)) -> HoldRule {
    let usual = HoldRule::default();
    let mut units = |key: &str, value: Option<u32>, usual: Qty| match value {
        Some(value) if value > UNITS_MAX => {
            complain(key, value.to_string(), "use 0 to 100000 units");
            usual
        }
        Some(value) => Qty::pieces(i64::from(value)),
        None => usual,
    };
    let (hold_min, few) = (units("promises.hold_min", raw.hold_min, usual.hold_min), units("promises.few", raw.few, usual.few));
    let mut days = |key: &str, value: Option<u32>, usual: u32| match value {
        Some(value) if value == 0 || value > DAYS_MAX => {
            complain(key, value.to_string(), "use 1 to 365 days");
            usual
        }
        value => value.unwrap_or(usual),
    };
    HoldRule {
        hold_min,
        few,
        demand_days: days("promises.demand_days", raw.demand_days, usual.demand_days),
        cover_days: days("promises.cover_days", raw.cover_days, usual.cover_days),
        quiet_days: days("promises.quiet_days", raw.quiet_days, usual.quiet_days),
    }
}

fn english() -> String {
    "en".to_owned()
}

fn default_name() -> String {
    "Head office".to_owned()
}
fn default_listen() -> String {
    "127.0.0.1:8090".to_owned()
}

fn checked(raw: RawHeadOffice, complaints: &mut Vec<Complaint>) -> Option<HeadOfficeConfig> {
    let mut complain = |key: &str, value: String, remedy: &str| {
        complaints.push(Complaint { key: format!("head_office.{key}"), value, remedy: remedy.to_owned() });
    };
    let mut address = |key: &str, text: &str| {
        let parsed = text.parse::<SocketAddr>().ok();
        if parsed.is_none() {
            complain(key, format!("{text:?}"), "write an address and a port, for example \"127.0.0.1:8090\"");
        }
        parsed
    };
    let listen = address("listen", &raw.listen);
    let pages_listen = raw.pages_listen.as_deref().map(|text| address("pages_listen", text));
    let public_listen = raw.public_listen.as_deref().and_then(|text| address("public_listen", text));
    let currency = Currency::from_code(&raw.currency);
    if currency.is_none() {
        complain("currency", format!("{:?}", raw.currency), "not a currency we know the decimals of: use an ISO 4217 code such as \"EUR\"");
    }
    let time_zone = jiff::tz::TimeZone::get(&raw.time_zone).ok();
    if time_zone.is_none() {
        complain("time_zone", format!("{:?}", raw.time_zone), "not an IANA time zone: write for example \"Europe/Berlin\"");
    }
    // The address may hold a password, so it is not shown.
    let postgres = raw.postgres.as_deref().map(|url| match Server::new(url) {
        Ok(server) => Some(server),
        Err(why) => {
            complain("postgres", format!("({why})"), "write an address such as \"postgres://user:password@host/database\"");
            None
        }
    });
    let postgres = match (postgres, &raw.postgres_ca) {
        (Some(Some(server)), Some(ca)) => match server.with_ca(ca) {
            Ok(server) => Some(Some(server)),
            Err(why) => {
                complain("postgres_ca", ca.display().to_string(), &why);
                None
            }
        },
        (None, Some(ca)) => {
            complain("postgres_ca", ca.display().to_string(), "it is of use with postgres alone: set that as well, or leave it out");
            None
        }
        (postgres, _) => postgres,
    };
    let locale = Locale::from_tag(&raw.locale);
    if locale.is_none() {
        complain("locale", format!("{:?}", raw.locale), &format!("use one of {}", Locale::TAGS.join(", ")));
    }
    if raw.name.trim().is_empty() {
        complain("name", "\"\"".to_owned(), "the pages need a name, or leave the key out");
    }
    for (key, path) in [("tls_cert", &raw.tls_cert), ("tls_key", &raw.tls_key), ("tls_client_ca", &raw.tls_client_ca)] {
        if let Some(path) = path.as_ref().filter(|path| !path.is_file()) {
            complain(key, path.display().to_string(), "there is no such file: check the path");
        }
    }
    let (kept, remind) = (raw.order_kept_hours.unwrap_or(ORDER_KEPT_HOURS), raw.order_remind_hours.unwrap_or(ORDER_REMIND_HOURS));
    if kept == 0 || kept > ORDER_HOURS_MAX {
        complain("order_kept_hours", kept.to_string(), "use 1 to 1440 hours: how long an order waits for its customer");
    }
    if remind >= kept {
        complain(
            "order_remind_hours",
            remind.to_string(),
            "use fewer hours than order_kept_hours: when the customer is reminded before the end",
        );
    }
    let tls = match (raw.tls_cert, raw.tls_key) {
        (Some(cert), Some(key)) => Some(TlsFiles { cert, key, client_ca: raw.tls_client_ca }),
        (None, None) => {
            if let Some(path) = raw.tls_client_ca {
                complain("tls_client_ca", path.display().to_string(), "it needs tls_cert and tls_key as well");
            }
            None
        }
        (Some(path), None) | (None, Some(path)) => {
            complain("tls_cert", path.display().to_string(), "tls_cert and tls_key belong together");
            None
        }
    };
    let has_client_ca = tls.as_ref().is_some_and(|tls| tls.client_ca.is_some());
    let enrolment = raw.enrolment.unwrap_or_else(|| !has_client_ca && listen.is_some_and(|listen| !listen.ip().is_loopback()));
    if enrolment && has_client_ca {
        complain(
            "enrolment",
            "true".to_owned(),
            "boxes get their certificates either here or from tls_client_ca: leave one of the two out",
        );
    }
    if let Some(listen) = listen.filter(|listen| !listen.ip().is_loopback())
        && !enrolment
        && !has_client_ca
    {
        let remedy = "other machines may reach this address: leave enrolment out, or set tls_cert, tls_key and tls_client_ca, or listen on 127.0.0.1";
        complain("listen", listen.to_string(), remedy);
    }
    let days = raw.certificate_days.unwrap_or(CERTIFICATE_DAYS);
    if days == 0 || days > CERTIFICATE_DAYS_MAX {
        complain("certificate_days", days.to_string(), "use 1 to 825 days: how long a node may be away and come back by itself");
    }
    // With enrolment the first door is for nodes alone.
    let pages_listen = pages_listen.or_else(|| enrolment.then(|| PAGES_LISTEN.parse().ok()));
    if let Some(Some(pages)) = pages_listen.filter(|pages| pages.is_some_and(|pages| !pages.ip().is_loopback())) {
        complain(
            "pages_listen",
            pages.to_string(),
            "this door has no TLS: only an address on loopback will do, for example \"127.0.0.1:8091\"",
        );
    }
    let sign_in = raw.sign_in.unwrap_or(true);
    let for_people = pages_listen.flatten().or(listen);
    if let Some(open) = for_people.filter(|address| !sign_in && !address.ip().is_loopback()) {
        let remedy =
            format!("other machines may reach the pages at {open}: leave sign_in out, so that people sign in, or listen on 127.0.0.1");
        complain("sign_in", "false".to_owned(), &remedy);
    }
    let hold_rule = hold_rule(raw.promises.unwrap_or_default(), &mut complain);
    let delayed = raw.order_delayed_minutes.unwrap_or(ORDER_DELAYED_MINUTES);
    if delayed > ORDER_DELAYED_MINUTES_MAX {
        complain("order_delayed_minutes", delayed.to_string(), "use 0 (customers are not told that it takes longer) to 1440 minutes");
    }
    let dead_days = raw.webhook_dead_days.unwrap_or(WEBHOOK_DEAD_DAYS);
    if dead_days == 0 || dead_days > WEBHOOK_DEAD_DAYS_MAX {
        complain(
            "webhook_dead_days",
            dead_days.to_string(),
            "use 1 to 30 days: how long a receiver may take nothing before it is given up",
        );
    }
    let public_tls = match (raw.public_tls_cert, raw.public_tls_key) {
        (Some(cert), Some(key)) => Some(TlsFiles { cert, key, client_ca: None }),
        (None, None) => None,
        (Some(path), None) | (None, Some(path)) => {
            complain("public_tls_cert", path.display().to_string(), "public_tls_cert and public_tls_key belong together");
            None
        }
    };
    for path in public_tls.iter().flat_map(|tls| [&tls.cert, &tls.key]).filter(|path| !path.is_file()) {
        complain("public_tls_cert", path.display().to_string(), "there is no such file: check the path");
    }
    if let Some(listen) = public_listen.filter(|listen| !listen.ip().is_loopback() && public_tls.is_none()) {
        let remedy =
            "other machines may reach this address: set public_tls_cert and public_tls_key, or listen on 127.0.0.1 behind a proxy with TLS";
        complain("public_listen", listen.to_string(), remedy);
    }
    let public_url = raw.public_url.as_deref().map(|text| match public_address(text) {
        Ok(url) => Some(url),
        Err(remedy) => {
            complain("public_url", format!("{text:?}"), remedy);
            None
        }
    });
    if let Some(listen) = public_listen.filter(|_| public_url.is_none()) {
        complain("public_listen", listen.to_string(), "set public_url as well: the address under which customers reach it");
    }
    let messages = messages::settings::checked(raw.mail, raw.webhook, raw.message_texts, &mut complain);
    Some(HeadOfficeConfig {
        name: raw.name,
        listen: listen?,
        hosts: raw.hosts,
        pages_listen: pages_listen.flatten(),
        data_dir: raw.data_dir,
        drop_dir: raw.drop_dir,
        postgres: postgres.flatten(),
        tls,
        enrolment,
        certificate_life_ms: i64::from(days) * 24 * HOUR_MS,
        sign_in,
        currency: currency?,
        locale: locale?,
        time_zone: time_zone?,
        order_kept_ms: i64::from(kept) * HOUR_MS,
        order_remind_ms: i64::from(remind) * HOUR_MS,
        hold_rule,
        order_delayed_ms: (delayed > 0).then(|| i64::from(delayed) * MINUTE_MS),
        messages,
        webhook_dead_ms: i64::from(dead_days) * 24 * HOUR_MS,
        public_url: public_url.flatten(),
        public_listen,
        public_tls,
    })
}

/// Without the slash at its end. The error says what to write.
fn public_address(text: &str) -> Result<String, &'static str> {
    const REMEDY: &str = "write the beginning of an address, such as \"https://status.markt.example\"";
    let url: reqwest::Url = text.parse().map_err(|_| REMEDY)?;
    let host = url.host_str().ok_or(REMEDY)?;
    let is_here = host == "localhost" || host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
    let is_plain = url.query().is_none() && url.fragment().is_none() && url.username().is_empty() && url.password().is_none();
    match (url.scheme(), url.path()) {
        ("http", "/" | "") if !is_here => Err("the secret in the links would travel unencrypted: use https"),
        ("http" | "https", "/" | "") if is_plain => Ok(text.trim_end_matches('/').to_owned()),
        _ => Err(REMEDY),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "[head_office]\ndata_dir = \"/tmp/x\"\ncurrency = \"EUR\"\nlocale = \"de-DE\"\ntime_zone = \"Europe/Berlin\"\n";

    #[test]
    fn every_complaint_names_key_value_and_remedy() {
        assert_eq!(parse(GOOD, Path::new("ho.toml")).unwrap().listen.to_string(), "127.0.0.1:8090");
        let check = |more: &str, key: &str| {
            let text = GOOD
                .lines()
                .filter(|line| line.starts_with('[') || !more.starts_with(&line[..line.len().min(6)]))
                .collect::<Vec<_>>()
                .join("\n");
            let error = parse(&format!("{text}\n{more}\n"), Path::new("ho.toml")).unwrap_err().to_string();
            assert!(error.contains(key), "{error}");
        };
        check("listen = \"0.0.0.0:8090\"\nenrolment = false", "head_office.listen");
        check("certificate_days = 0", "head_office.certificate_days");
        check("listen = \"here\"", "head_office.listen");
        check("pages_listen = \"10.0.0.1:80\"", "head_office.pages_listen");
        check("postgres = \"postgres://user:secret@host\"", "head_office.postgres");
        check("postgres = \"postgres://db.example/d?sslmode=allow\"", "sslmode=allow");
        check("postgres = \"postgres://db.example/d\"\npostgres_ca = \"/nowhere/ca.pem\"", "head_office.postgres_ca");
        check("postgres_ca = \"/nowhere/ca.pem\"", "it is of use with postgres alone");
        check("webhook_dead_days = 0", "head_office.webhook_dead_days");
        check("order_delayed_minutes = 9999", "head_office.order_delayed_minutes");
        check("public_url = \"http://shop.example\"", "head_office.public_url");
        check("public_url = \"https://shop.example/path\"", "head_office.public_url");
        check("public_listen = \"127.0.0.1:8092\"", "head_office.public_listen");
        check("public_url = \"https://shop.example\"\npublic_listen = \"0.0.0.0:8092\"", "head_office.public_listen");
        check("currency = \"XXX\"", "head_office.currency");
        check("locale = \"Germany\"", "head_office.locale");
        check("time_zone = \"Berlin\"", "head_office.time_zone");
        check("tls_cert = \"/nowhere\"", "head_office.tls_cert");
        check("[head_office.promises]\nquiet_days = 0", "head_office.promises.quiet_days");
        check("[head_office.promises]\nfew = 999999", "head_office.promises.few");
        check("colour = \"red\"", "colour");
    }

    #[test]
    fn on_the_network_boxes_enrol_and_people_look_from_this_machine() {
        let config = parse(&format!("{GOOD}listen = \"0.0.0.0:8443\"\nhosts = [\"ho.example:8443\"]\n"), Path::new("ho.toml")).unwrap();
        assert!(config.enrolment);
        assert_eq!(config.pages_listen.unwrap().to_string(), PAGES_LISTEN);
        assert_eq!(config.names(), ["127.0.0.1", "ho.example", "localhost"]);
        assert!(!parse(GOOD, Path::new("ho.toml")).unwrap().enrolment);
    }
}
