//! The node's configuration: one TOML file, first as it was typed (raw), then as it is meant (checked). After the check nobody
//! checks again. Every complaint names the key, the value and the remedy, and all of them come at once.

pub mod profile;
mod raw;

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::device::lang::zvt;
use crate::device::{CardSetting, DeviceConfig, DeviceKind, DrawerSense, PortConfig};
use crate::document::{Letterhead, Locale};
use crate::ids::{DeviceName, NodeId, ReasonCode, Sku, StoreId, TaxClassId, WorkstationId};
use crate::money::{Currency, Money, Qty, RoundingMode};
use crate::retail::Rules;
use crate::retail::cash::{self, CashReasons, CashRules, Paper};
use crate::retail::open_price::Department;
use crate::retail::pricing::Reason;
use crate::retail::rules::{Limits, PromiseRules, QuickKey, QuickSale, ReturnRules, TillRules, WorkstationRules};
use crate::retail::stock::StockRules;
use crate::retail::tax::{TaxClass, TaxComponent, TaxMode, TaxRounding, TaxTable};
use crate::web::tls::TlsFiles;
use profile::Settings;
use raw::*;

/// The checked configuration of a node.
#[derive(Debug, Clone)]
pub struct NodeConfig {
    pub store: StoreId,
    pub node: NodeId,
    /// Shops of one chain take back each other's goods; a receipt's code says which chain it is of.
    pub chain: String,
    pub letterhead: Letterhead,
    /// ISO 3166 two-letter code; selects the rules for price- and weight-embedded codes.
    pub country: String,
    pub time_zone: jiff::tz::TimeZone,
    /// Decimal mark, dates and words of receipts and pages.
    pub locale: Locale,
    pub data_dir: PathBuf,
    pub listen: SocketAddr,
    /// Host names (with port) that pages may be asked under, besides the listen address.
    pub hosts: Vec<String>,
    pub tls: Option<TlsFiles>,
    pub head_office: Option<HeadOfficeLink>,
    pub rules: Rules,
    pub devices: Vec<DeviceConfig>,
    /// A font for glyphs that the printer lacks.
    pub font: Option<PathBuf>,
    /// Open the business day by itself at the first start of a new date.
    pub opens_day_itself: bool,
    /// The file as it was typed, for what head office lays over it.
    own: toml::Table,
}

impl NodeConfig {
    /// The same box with what head office says laid over its file. A complaint names the key as it is in the file.
    pub fn with(&self, settings: &Settings) -> Result<NodeConfig, Vec<Complaint>> {
        if settings.is_empty() {
            return Ok(self.clone());
        }
        let mut table = self.own.clone();
        profile::lay_over(&mut table, settings);
        let raw: Raw = toml::Value::Table(table.clone()).try_into().map_err(|reason| vec![profile::misread("node.toml", &reason)])?;
        let mut check = Check::default();
        match checked(raw, table, &mut check) {
            Some(config) if check.complaints.is_empty() => Ok(NodeConfig { own: self.own.clone(), ..config }),
            _ => Err(check.complaints),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeadOfficeLink {
    pub url: String,
    /// The CA that signed head office's certificate; needed for https.
    pub ca: Option<PathBuf>,
    /// Our own certificate and key for mutual TLS.
    pub cert: Option<PathBuf>,
    pub key: Option<PathBuf>,
    /// Head office's public key (64 hex characters). Without it the first contact's key is trusted and remembered.
    pub public_key: Option<String>,
}

/// One complaint about a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint {
    /// "device[2].port.baud"
    pub key: String,
    pub value: String,
    pub remedy: String,
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Complaint { key, value, remedy } = self;
        if value.is_empty() { write!(f, "{key}: {remedy}") } else { write!(f, "{key} = {value}: {remedy}") }
    }
}

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("cannot read {path}: {reason}: name an existing TOML file with --config")]
    Unreadable { path: PathBuf, reason: std::io::Error },
    #[error("{path} is not valid TOML or has a key that is not known:\n{reason}")]
    Syntax { path: PathBuf, reason: Box<toml::de::Error> },
    #[error("{path} has {} value(s) that cannot be used:\n{}", complaints.len(), complaints.iter().map(|c| format!("  {c}")).collect::<Vec<_>>().join("\n"))]
    Values { path: PathBuf, complaints: Vec<Complaint> },
}

/// Reads and checks a node's file.
pub fn load(path: &Path) -> Result<NodeConfig, ConfigError> {
    let text = std::fs::read_to_string(path).map_err(|reason| ConfigError::Unreadable { path: path.into(), reason })?;
    parse(&text, path)
}

/// Checks a node's configuration text; `path` is named in errors only.
pub fn parse(text: &str, path: &Path) -> Result<NodeConfig, ConfigError> {
    // Before the reader of TOML, whose complaints show the line.
    if let Some(complaint) = card_complaint(text) {
        return Err(ConfigError::Values { path: path.into(), complaints: vec![complaint] });
    }
    let syntax = |reason| ConfigError::Syntax { path: path.into(), reason: Box::new(reason) };
    let raw: Raw = toml::from_str(text).map_err(syntax)?;
    let mut check = Check::default();
    let config = checked(raw, toml::from_str(text).map_err(syntax)?, &mut check);
    match config {
        Some(config) if check.complaints.is_empty() => Ok(config),
        _ => Err(ConfigError::Values { path: path.into(), complaints: check.complaints }),
    }
}

/// A line that holds what looks like a payment card's number.
fn card_complaint(text: &str) -> Option<Complaint> {
    let holds_card = |(index, line): (usize, &str)| crate::gs1::card::find(line).map(|_| index + 1);
    let line = text.lines().enumerate().find_map(holds_card)?;
    let remedy = "take it out: no payment card's number belongs into a configuration".to_owned();
    Some(Complaint { key: format!("line {line}"), value: "(not shown)".to_owned(), remedy })
}

#[derive(Default)]
struct Check {
    complaints: Vec<Complaint>,
}

impl Check {
    fn complain(&mut self, key: impl Into<String>, value: impl fmt::Display, remedy: impl fmt::Display) {
        self.complaints.push(Complaint { key: key.into(), value: value.to_string(), remedy: remedy.to_string() });
    }

    /// The value, or a complaint.
    fn take<T, E: fmt::Display>(&mut self, key: impl Into<String>, value: &str, parsed: Result<T, E>) -> Option<T> {
        parsed.map_err(|error| self.complain(key, format!("{value:?}"), error)).ok()
    }

    fn file(&mut self, key: &str, path: &Path) {
        if !path.is_file() {
            self.complain(key, path.display(), "there is no such file: check the path, or leave the key out");
        }
    }
}

/// `own`: the file that `raw` was read from.
fn checked(raw: Raw, own: toml::Table, check: &mut Check) -> Option<NodeConfig> {
    let store = check.take("store.id", &raw.store.id, StoreId::new(&raw.store.id));
    let node = check.take("node.id", &raw.node.id, NodeId::new(&raw.node.id));
    let currency = check.take(
        "store.currency",
        &raw.store.currency,
        Currency::from_code(&raw.store.currency).ok_or("not a currency we know the decimals of: use an ISO 4217 code such as \"EUR\""),
    );
    let time_zone = check.take(
        "store.time_zone",
        &raw.store.time_zone,
        jiff::tz::TimeZone::get(&raw.store.time_zone).map_err(|_| "not an IANA time zone: write for example \"Europe/Berlin\""),
    );
    if raw.store.chain.trim().is_empty() || raw.store.chain.len() > 64 {
        check.complain("store.chain", format!("{:?}", raw.store.chain), "use one name of 1 to 64 characters in all shops of the chain");
    }
    if raw.store.name.trim().is_empty() {
        check.complain("store.name", "\"\"", "the receipt needs the shop's name");
    }
    if raw.store.country.len() != 2 || !raw.store.country.bytes().all(|b| b.is_ascii_uppercase()) {
        check.complain("store.country", format!("{:?}", raw.store.country), "use the two capital letters of ISO 3166, for example \"DE\"");
    }
    let locale = check.take(
        "store.locale",
        &raw.store.locale,
        Locale::from_tag(&raw.store.locale).ok_or_else(|| format!("use one of {}", Locale::TAGS.join(", "))),
    );
    let listen = check.take(
        "node.listen",
        &raw.node.listen,
        raw.node.listen.parse::<SocketAddr>().map_err(|_| "write an address and a port, for example \"127.0.0.1:8080\""),
    );
    let tls = tls_files(check, &raw.node);
    if let Some(listen) = listen
        && !listen.ip().is_loopback()
        && tls.is_none()
    {
        check.complain(
            "node.listen",
            listen,
            "other machines may reach this address, so node.tls_cert and node.tls_key must be set; or listen on 127.0.0.1",
        );
    }
    if let Some(font) = &raw.node.font {
        check.file("node.font", font);
    }
    let has_head_office = raw.head_office.is_some();
    let head_office = raw.head_office.and_then(|link| head_office_link(check, link));
    let tax = tax_table(check, raw.tax);
    let promises = PromiseRules {
        grant_percent: raw.orders.grant_percent.unwrap_or(PromiseRules::default().grant_percent),
        safety: raw.orders.safety.map_or(PromiseRules::default().safety, |units| Qty::pieces(units.into())),
    };
    if promises.grant_percent > 100 {
        check.complain("orders.grant_percent", promises.grant_percent, "use 0 to 100: how much of what is free head office may promise");
    }
    let returns = currency.as_ref().map(|c| returns(check, raw.returns, c)).unwrap_or_default();
    let stock = currency.as_ref().map(|c| stock_rules(check, raw.stock, c)).unwrap_or_default();
    let (cash_step, notes) = currency.as_ref().map(|c| cash_amounts(check, &raw.cash, c)).unwrap_or_default();
    let cash_rules = currency.as_ref().map(|c| cash_rules(check, &raw.cash, c, cash_step)).unwrap_or_default();
    let paper = Paper {
        store_name: raw.store.name.clone(),
        address_lines: raw.store.address.clone(),
        tax_id: raw.store.tax_id.clone(),
        locale: raw.store.locale.clone(),
    };
    let devices = devices(check, &raw.device, &raw.store.currency);
    let workstations = workstations(check, &raw.workstation, &devices);
    for (index, device) in devices.iter().enumerate() {
        if let Some(workstation) = &device.workstation
            && !workstations.iter().any(|w| w.id == *workstation)
        {
            check.complain(format!("device[{index}].workstation"), workstation, "no [[workstation]] has this id");
        }
    }
    let discount_reasons = discount_reasons(check, raw.discount_reason, &raw.store.locale);
    let limits = weight_limits(check, &raw.weighing);
    let departments = match (&currency, &tax) {
        (Some(currency), Some(tax)) => Some(departments(check, raw.department, currency, tax)),
        // Complained about already.
        (None, _) | (_, None) => None,
    };
    let quick_keys = quick_keys(check, raw.quick_key, departments.as_deref());
    let departments = departments.unwrap_or_default();
    let store = store?;
    Some(NodeConfig {
        store: store.clone(),
        node: node?,
        chain: raw.store.chain,
        letterhead: Letterhead {
            store_name: raw.store.name,
            address_lines: raw.store.address,
            tax_id: raw.store.tax_id,
            footer_lines: raw.store.footer,
        },
        country: raw.store.country,
        time_zone: time_zone?,
        locale: locale?,
        data_dir: raw.node.data_dir,
        listen: listen?,
        hosts: raw.node.hosts,
        tls,
        head_office,
        rules: Rules {
            store,
            currency: currency?,
            tax: tax?,
            line_rounding: RoundingMode::HalfUp,
            cash_step,
            notes,
            workstations,
            limits,
            returns,
            discount_reasons,
            staff_required: raw.people.required.unwrap_or(has_head_office),
            idle_lock_min: raw.people.idle_lock_min,
            cash_control: raw.cash.control.unwrap_or(false),
            cash: cash_rules,
            paper: Some(paper),
            till: TillRules { quick_keys, departments },
            stock,
            promises,
        },
        devices,
        font: raw.node.font,
        opens_day_itself: raw.node.opens_day_itself,
        own,
    })
}

/// What goods that are weighed at the till may weigh.
fn weight_limits(check: &mut Check, raw: &RawWeighing) -> Limits {
    let usual = Limits::default();
    let mut kilograms = |key: &str, text: &Option<String>, usual: Qty| {
        let Some(text) = text else { return usual };
        let found = Qty::parse(text).filter(|weight| *weight > Qty::ZERO);
        let remedy = "write kilograms with up to three decimals, for example \"0.005\"";
        check.take(format!("weighing.{key}"), text, found.ok_or(remedy)).unwrap_or(usual)
    };
    let weight_min = kilograms("min", &raw.min, usual.weight_min);
    let weight_max = kilograms("max", &raw.max, usual.weight_max);
    let weight_step = kilograms("step", &raw.step, usual.weight_step);
    if weight_min > weight_max {
        check.complain("weighing.min", weight_min, format!("must be at most weighing.max, which is {weight_max}"));
    }
    Limits { weight_min, weight_max, weight_step, ..usual }
}

/// Articles with a minimum of their own. More belongs into the chain's catalogue.
const LOW_OWN_MAX: usize = 10_000;

fn stock_rules(check: &mut Check, raw: RawStock, currency: &Currency) -> StockRules {
    let usual = StockRules::default();
    let units = |check: &mut Check, key: &str, text: &str| {
        let parsed = Qty::parse(text).filter(|quantity| *quantity >= Qty::ZERO);
        check.take(key, text, parsed.ok_or("write units as text, for example \"5\" or \"0.250\"; \"0\" switches it off"))
    };
    let recount_units = raw.recount_units.and_then(|text| units(check, "stock.recount_units", &text)).unwrap_or(usual.recount_units);
    let low_min = raw.low_min.and_then(|text| units(check, "stock.low_min", &text)).unwrap_or(usual.low_min);
    let adjust_value_max = raw.adjust_value_max.and_then(|text| {
        let parsed = currency.parse(&text).filter(|amount| *amount >= Money::ZERO);
        let remedy = format!("write an amount such as {:?}", currency.plain(usual.adjust_value_max));
        check.take("stock.adjust_value_max", &text, parsed.ok_or(remedy))
    });
    if raw.low.len() > LOW_OWN_MAX {
        check.complain(
            "stock.low",
            format!("{} of them", raw.low.len()),
            format!("at most {LOW_OWN_MAX} articles have a minimum of their own"),
        );
    }
    let mut low_min_of = BTreeMap::new();
    for (index, low) in raw.low.into_iter().take(LOW_OWN_MAX).enumerate() {
        let sku = check.take(format!("stock.low[{index}].sku"), &low.sku, Sku::new(&low.sku));
        let min = units(check, &format!("stock.low[{index}].min"), &low.min);
        let (Some(sku), Some(min)) = (sku, min) else { continue };
        if low_min_of.insert(sku, min).is_some() {
            check.complain(format!("stock.low[{index}].sku"), low.sku, "is there twice: every article once");
        }
    }
    StockRules {
        recount_units,
        recount_percent: raw.recount_percent.unwrap_or(usual.recount_percent),
        adjust_value_max: adjust_value_max.unwrap_or(usual.adjust_value_max),
        low_min,
        low_min_of,
        not_moved_days: raw.not_moved_days.unwrap_or(usual.not_moved_days),
        not_counted_days: raw.not_counted_days.unwrap_or(usual.not_counted_days),
    }
}

/// Why a price may be changed by hand: the store's own list, or four that every shop knows.
fn discount_reasons(check: &mut Check, raw: Vec<RawReason>, locale: &str) -> Vec<Reason> {
    if raw.is_empty() {
        let texts = if locale.starts_with("de") {
            ["Beschädigt", "Kurz haltbar", "Mitbewerberpreis", "Kulanz"]
        } else {
            ["Damaged", "Short dated", "Price match", "Goodwill"]
        };
        let codes = ["damaged", "short_dated", "price_match", "goodwill"];
        return codes.into_iter().zip(texts).map(|(code, text)| Reason { code: code.to_owned(), text: text.to_owned() }).collect();
    }
    for (index, reason) in raw.iter().enumerate() {
        if reason.code.is_empty() || reason.text.is_empty() || raw[..index].iter().any(|other| other.code == reason.code) {
            check.complain(format!("discount_reason[{index}].code"), &reason.code, "each needs a code of its own and a text");
        }
    }
    raw.into_iter().map(|reason| Reason { code: reason.code, text: reason.text }).collect()
}

/// Keys that fit the screen; a till shows the first ones at once.
const QUICK_KEYS_MAX: usize = 24;
const QUICK_TEXT_CHARS_MAX: usize = 20;

fn quick_keys(check: &mut Check, raw: Vec<RawQuickKey>, departments: Option<&[Department]>) -> Vec<QuickKey> {
    if raw.len() > QUICK_KEYS_MAX {
        check.complain("quick_key", format!("{} of them", raw.len()), format!("at most {QUICK_KEYS_MAX} fit on a till's screen"));
    }
    let mut keys = Vec::new();
    for (index, key) in raw.into_iter().enumerate() {
        if !is_text(&key.text, QUICK_TEXT_CHARS_MAX) {
            let remedy = format!("write 1 to {QUICK_TEXT_CHARS_MAX} characters, to be read at arm's length");
            check.complain(format!("quick_key[{index}].text"), format!("{:?}", key.text), remedy);
        }
        let sells = match (key.code, key.department) {
            (Some(code), None) => {
                if !is_text(&code, 80) {
                    let remedy = "write the article's code, PLU or number as it would be typed";
                    check.complain(format!("quick_key[{index}].code"), format!("{code:?}"), remedy);
                }
                QuickSale::Code(code)
            }
            (None, Some(id)) => match departments.map(|known| known.iter().find(|department| department.sku.as_str() == id)) {
                Some(Some(department)) => QuickSale::Department(department.sku.clone()),
                None => continue,
                Some(None) => {
                    check.complain(format!("quick_key[{index}].department"), format!("{id:?}"), "no [[department]] has this id");
                    continue;
                }
            },
            (Some(_), Some(_)) | (None, None) => {
                check.complain(format!("quick_key[{index}]"), &key.text, "give either code or department");
                continue;
            }
        };
        keys.push(QuickKey { text: key.text, sells });
    }
    keys
}

/// Without blanks at the ends, nothing but characters that can be seen.
fn is_text(text: &str, max: usize) -> bool {
    text.trim() == text && !text.is_empty() && text.chars().count() <= max && !text.chars().any(char::is_control)
}

fn departments(check: &mut Check, raw: Vec<RawDepartment>, currency: &Currency, tax: &TaxTable) -> Vec<Department> {
    let mut found: Vec<Department> = Vec::new();
    for (index, department) in raw.into_iter().enumerate() {
        let key = format!("department[{index}]");
        let sku = check.take(format!("{key}.id"), &department.id, Sku::new(&department.id));
        if !is_text(&department.name, 60) {
            check.complain(format!("{key}.name"), format!("{:?}", department.name), "write 1 to 60 characters, as on the receipt");
        }
        let tax_class = check.take(format!("{key}.tax_class"), &department.tax_class, TaxClassId::new(&department.tax_class));
        if tax_class.as_ref().is_some_and(|class| !tax.classes.iter().any(|known| known.id == *class)) {
            check.complain(format!("{key}.tax_class"), &department.tax_class, "no [[tax.class]] has this id");
        }
        let limit = Limits::default().unit_price_max;
        let price_max = currency.parse(&department.price_max).filter(|max| *max > Money::ZERO && *max <= limit);
        let remedy = format!("write the highest price, for example {:?}", currency.plain(Money::from_minor(5_000)));
        let price_max = check.take(format!("{key}.price_max"), &department.price_max, price_max.ok_or(remedy));
        if department.for_unknown && found.iter().any(|other| other.for_unknown) {
            check.complain(format!("{key}.for_unknown"), true, "one department takes the unknown articles: leave it out here");
        }
        let (Some(sku), Some(tax_class), Some(price_max)) = (sku, tax_class, price_max) else { continue };
        if found.iter().any(|other| other.sku == sku) {
            check.complain(format!("{key}.id"), &sku, "is there twice: every department once");
        }
        let RawDepartment { name, group, for_unknown, .. } = department;
        found.push(Department { sku, name, tax_class, group, price_max, for_unknown });
    }
    found
}

fn tls_files(check: &mut Check, raw: &RawNode) -> Option<TlsFiles> {
    match (&raw.tls_cert, &raw.tls_key) {
        (Some(cert), Some(key)) => {
            check.file("node.tls_cert", cert);
            check.file("node.tls_key", key);
            if let Some(ca) = &raw.tls_client_ca {
                check.file("node.tls_client_ca", ca);
            }
            Some(TlsFiles { cert: cert.clone(), key: key.clone(), client_ca: raw.tls_client_ca.clone() })
        }
        (None, None) => {
            if let Some(ca) = &raw.tls_client_ca {
                check.complain("node.tls_client_ca", ca.display(), "it needs node.tls_cert and node.tls_key as well");
            }
            None
        }
        (Some(cert), None) => {
            check.complain("node.tls_cert", cert.display(), "it needs node.tls_key as well");
            None
        }
        (None, Some(key)) => {
            check.complain("node.tls_key", key.display(), "it needs node.tls_cert as well");
            None
        }
    }
}

/// True for an address that cannot leave the machine.
fn is_loopback_url(url: &reqwest::Url) -> bool {
    match url.host_str() {
        Some("localhost") => true,
        Some(host) => host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback()),
        None => false,
    }
}

fn head_office_link(check: &mut Check, raw: RawHeadOffice) -> Option<HeadOfficeLink> {
    let url = check.take(
        "head_office.url",
        &raw.url,
        raw.url.parse::<reqwest::Url>().map_err(|_| "write an address such as \"https://head-office.example:8443\""),
    )?;
    match url.scheme() {
        "https" if raw.ca.is_none() => {
            check.complain(
                "head_office.url",
                &raw.url,
                "https needs head_office.ca, the file of the CA that signed head office's certificate",
            );
        }
        "https" => {}
        "http" if is_loopback_url(&url) => {}
        "http" => check.complain("head_office.url", &raw.url, "plain http is only allowed to this machine: use https"),
        _ => check.complain("head_office.url", &raw.url, "use https"),
    }
    for (key, path) in [("head_office.ca", &raw.ca), ("head_office.cert", &raw.cert), ("head_office.key", &raw.key)] {
        if let Some(path) = path {
            check.file(key, path);
        }
    }
    if raw.cert.is_some() != raw.key.is_some() {
        check.complain("head_office.cert", "alone", "head_office.cert and head_office.key belong together");
    }
    if let Some(key) = &raw.public_key
        && (key.len() != 64 || !key.bytes().all(|b| b.is_ascii_hexdigit()))
    {
        check.complain("head_office.public_key", format!("{key:?}"), "use the 64 hex characters that head office prints at its start");
    }
    Some(HeadOfficeLink {
        url: raw.url.trim_end_matches('/').to_owned(),
        ca: raw.ca,
        cert: raw.cert,
        key: raw.key,
        public_key: raw.public_key,
    })
}

fn tax_table(check: &mut Check, raw: RawTax) -> Option<TaxTable> {
    if raw.class.is_empty() {
        check.complain("tax.class", "[]", "name at least one [[tax.class]]");
    }
    let mut classes: Vec<TaxClass> = Vec::new();
    for (index, class) in raw.class.into_iter().enumerate() {
        let key = format!("tax.class[{index}]");
        let Some(id) = check.take(format!("{key}.id"), &class.id, TaxClassId::new(&class.id)) else { continue };
        if classes.iter().any(|c| c.id == id) {
            check.complain(format!("{key}.id"), &id, "is there twice: every tax class once");
        }
        if class.exempt_reason.is_some() != class.component.is_empty() {
            check.complain(&key, &id, "give either exempt_reason or at least one [[tax.class.component]]");
        }
        let components = class
            .component
            .into_iter()
            .enumerate()
            .filter_map(|(c, component)| tax_component(check, &format!("{key}.component[{c}]"), component))
            .collect();
        classes.push(TaxClass { id, label: class.label, mark: class.mark, exempt_reason: class.exempt_reason, components });
    }
    Some(TaxTable { mode: raw.mode, rounding_place: raw.rounding_place, rounding_mode: raw.rounding_mode, classes })
}

fn tax_component(check: &mut Check, key: &str, raw: RawTaxComponent) -> Option<TaxComponent> {
    // Four decimals of a per cent are millionths.
    let percent = Currency { code: String::new(), exponent: 4 }.parse(&raw.percent).filter(|p| (0..=1_000_000).contains(&p.minor()));
    let rate = check.take(
        format!("{key}.percent"),
        &raw.percent,
        percent
            .map(|p| u32::try_from(p.minor()).unwrap_or(0))
            .ok_or("write per cent as text with up to four decimals, for example \"19\" or \"0.375\""),
    );
    let mut date = |name: &str, text: Option<String>| {
        text.and_then(|text| {
            check.take(format!("{key}.{name}"), &text, text.parse::<jiff::civil::Date>().map_err(|_| "write a date as \"2026-11-22\""))
        })
    };
    let valid_from = date("valid_from", raw.valid_from);
    let valid_to = date("valid_to", raw.valid_to);
    Some(TaxComponent { name: raw.name, jurisdiction: raw.jurisdiction, rate: rate?, valid_from, valid_to })
}

fn cash_amounts(check: &mut Check, raw: &RawCash, currency: &Currency) -> (Money, Vec<Money>) {
    let remedy =
        format!("write an amount with up to {} decimals, for example {:?}", currency.exponent, currency.plain(Money::from_minor(5)));
    let step = if raw.step.is_empty() {
        Money::ZERO
    } else {
        check.take("cash.step", &raw.step, currency.parse(&raw.step).filter(|m| m.minor() > 0).ok_or(&remedy)).unwrap_or(Money::ZERO)
    };
    let mut notes: Vec<Money> = raw
        .notes
        .iter()
        .enumerate()
        .filter_map(|(i, text)| check.take(format!("cash.notes[{i}]"), text, currency.parse(text).filter(|m| m.minor() > 0).ok_or(&remedy)))
        .collect();
    notes.sort();
    notes.dedup();
    (step, notes)
}

fn returns(check: &mut Check, raw: RawReturns, currency: &Currency) -> ReturnRules {
    let remedy = format!("write an amount with up to {} decimals, 0 for none", currency.exponent);
    let mut amount = |key: &str, text: Option<String>, usual: Money| {
        let Some(text) = text else { return usual };
        check.take(key, &text, currency.parse(&text).filter(|amount| !amount.is_negative()).ok_or(&remedy)).unwrap_or(usual)
    };
    // So many minor units would be another sum in a currency with other decimals.
    let units = |count: i64| Money::from_minor(count * 10i64.pow(u32::from(currency.exponent)));
    let usual = ReturnRules::default();
    let unknown_elsewhere_max = amount("returns.unknown_elsewhere_max", raw.unknown_elsewhere_max, units(100));
    let without_receipt_max = amount("returns.without_receipt_max", raw.without_receipt_max, units(50));
    let reasons = raw.reasons.unwrap_or(usual.reasons);
    if reasons.is_empty() || reasons.iter().any(|reason| reason.trim().is_empty() || reason.len() > 40) {
        check.complain("returns.reasons", format!("{reasons:?}"), "name at least one reason, each of 1 to 40 characters");
    }
    let post_void_minutes_max = raw.post_void_minutes_max.unwrap_or(usual.post_void_minutes_max);
    ReturnRules { reasons, unknown_elsewhere_max, without_receipt_max, post_void_minutes_max }
}

/// How tills are opened, counted and explained.
fn cash_rules(check: &mut Check, raw: &RawCash, currency: &Currency, step: Money) -> CashRules {
    let remedy = format!("write an amount such as {:?}", currency.plain(Money::from_minor(10_000)));
    let mut amount = |key: String, text: &str| check.take(key, text, currency.parse(text).filter(|m| m.minor() >= 0).ok_or(&remedy));
    let usual_float = match raw.usual_float.as_str() {
        "" => Money::ZERO,
        text => amount("cash.usual_float".to_owned(), text).unwrap_or_default(),
    };
    let named = raw.denominations.iter().enumerate();
    let mut denominations: Vec<Money> = named.filter_map(|(i, text)| amount(format!("cash.denominations[{i}]"), text)).collect();
    denominations.retain(|value| !value.is_zero());
    denominations.sort();
    denominations.dedup();
    if denominations.is_empty() {
        denominations = cash::denominations(currency, step);
    }
    let mut reasons = CashReasons::default();
    for (key, codes, list) in [
        ("paid_in", &raw.reasons.paid_in, &mut reasons.paid_in),
        ("paid_out", &raw.reasons.paid_out, &mut reasons.paid_out),
        ("no_sale", &raw.reasons.no_sale, &mut reasons.no_sale),
        ("difference", &raw.reasons.difference, &mut reasons.difference),
    ] {
        let read = |(i, code): (usize, &String)| check.take(format!("cash.reasons.{key}[{i}]"), code, ReasonCode::new(code));
        let own: Vec<ReasonCode> = codes.iter().enumerate().filter_map(read).collect();
        if !own.is_empty() {
            *list = own;
        }
    }
    CashRules { denominations, usual_float, reasons }
}

fn workstations(check: &mut Check, raw: &[RawWorkstation], devices: &[DeviceConfig]) -> Vec<WorkstationRules> {
    if raw.is_empty() {
        check.complain("workstation", "[]", "name at least one [[workstation]] with an id such as \"1\"");
    }
    let mut found: Vec<WorkstationRules> = Vec::new();
    for (index, workstation) in raw.iter().enumerate() {
        let key = format!("workstation[{index}]");
        let Some(id) = check.take(format!("{key}.id"), &workstation.id, WorkstationId::new(&workstation.id)) else { continue };
        if found.iter().any(|w| w.id == id) {
            check.complain(format!("{key}.id"), &id, "is there twice: two workstations would draw the same receipt numbers");
        }
        let printer = workstation.receipt_printer.as_deref().and_then(|name| {
            let name = check.take(format!("{key}.receipt_printer"), name, DeviceName::new(name))?;
            if !devices.iter().any(|d| d.name == name && d.kind == DeviceKind::Printer) {
                check.complain(format!("{key}.receipt_printer"), &name, "no [[device]] of kind \"printer\" has this name");
            }
            Some(name)
        });
        if workstation.drawer && printer.is_none() {
            check.complain(format!("{key}.drawer"), true, "the drawer hangs on the receipt printer: name receipt_printer as well");
        }
        let terminal = workstation.terminal.as_deref().and_then(|name| {
            let name = check.take(format!("{key}.terminal"), name, DeviceName::new(name))?;
            if !devices.iter().any(|d| d.name == name && d.kind == DeviceKind::Zvt) {
                check.complain(format!("{key}.terminal"), &name, "no [[device]] of kind \"zvt\" has this name");
            }
            Some(name)
        });
        let scale = workstation.scale.as_deref().and_then(|name| {
            let name = check.take(format!("{key}.scale"), name, DeviceName::new(name))?;
            if !devices.iter().any(|d| d.name == name && d.kind == DeviceKind::Scale) {
                check.complain(format!("{key}.scale"), &name, "no [[device]] of kind \"scale\" has this name");
            }
            if found.iter().any(|other| other.scale.as_ref() == Some(&name)) {
                check.complain(
                    format!("{key}.scale"),
                    &name,
                    "stands at another workstation already: its customer must see what is weighed",
                );
            }
            Some(name)
        });
        let label_printer = label_printer(check, &format!("{key}.label_printer"), workstation.label_printer.as_deref(), devices);
        found.push(WorkstationRules { id, receipt_printer: printer, has_drawer: workstation.drawer, label_printer, terminal, scale });
    }
    found
}

/// The one that is named, or the only one there is: it stands where the orders are packed and serves every handheld.
fn label_printer(check: &mut Check, key: &str, named: Option<&str>, devices: &[DeviceConfig]) -> Option<DeviceName> {
    let mut all = devices.iter().filter(|device| device.kind == DeviceKind::LabelPrinter).map(|device| &device.name);
    let Some(name) = named else {
        return all.next().filter(|_| all.next().is_none()).cloned();
    };
    let name = check.take(key, name, DeviceName::new(name))?;
    if !all.any(|known| *known == name) {
        check.complain(key, &name, "no [[device]] of kind \"label_printer\" has this name");
    }
    Some(name)
}

fn devices(check: &mut Check, raw: &[RawDevice], currency: &str) -> Vec<DeviceConfig> {
    let mut found: Vec<DeviceConfig> = Vec::new();
    for (index, device) in raw.iter().enumerate() {
        let key = format!("device[{index}]");
        let Some(name) = check.take(format!("{key}.name"), &device.name, DeviceName::new(&device.name)) else { continue };
        if found.iter().any(|d| d.name == name) {
            check.complain(format!("{key}.name"), &name, "is there twice: every device once");
        }
        let workstation = device.workstation.as_deref().and_then(|id| check.take(format!("{key}.workstation"), id, WorkstationId::new(id)));
        let port = match (&device.serial, &device.tcp, &device.file, &device.evdev) {
            (Some(path), None, None, None) => Some(PortConfig::Serial { path: path.clone(), baud: device.baud.unwrap_or(9600) }),
            (None, Some(address), None, None) => Some(PortConfig::Tcp { address: address.clone() }),
            (None, None, Some(path), None) => Some(PortConfig::File { path: path.clone() }),
            (None, None, None, Some(path)) => Some(PortConfig::Evdev { path: path.clone() }),
            _ => {
                check.complain(&key, &name, "give exactly one of serial, tcp, file or evdev");
                None
            }
        };
        if let Some(port) = port {
            found.push(DeviceConfig {
                name,
                kind: device.kind,
                workstation,
                port,
                profile: device.profile.clone(),
                drawer_sense: device.drawer_sense,
                card: card_setting(check, &key, device, currency),
            });
        }
    }
    found
}

/// A card terminal's own keys; complaints about them on any other device.
fn card_setting(check: &mut Check, key: &str, device: &RawDevice, currency: &str) -> CardSetting {
    match device.kind {
        DeviceKind::Zvt => {
            if device.tcp.is_none() {
                check.complain(key, &device.name, "a card terminal is reached over the network: give tcp, for example \"10.0.0.5:20007\"");
            }
            let text = device.password.as_deref().unwrap_or("000000");
            let digits = (text.len() == 6 && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok()).flatten();
            let password = check.take(
                format!("{key}.password"),
                "******",
                digits.ok_or("write the terminal's password as six digits, for example \"000000\""),
            );
            let number =
                zvt::currency_number(currency).ok_or("the ZVT terminals we know do not charge this currency: leave the device out");
            let number = check.take(format!("{key}.kind"), "zvt", number);
            CardSetting { password: password.unwrap_or(0), currency: number.unwrap_or(0) }
        }
        DeviceKind::Scanner | DeviceKind::Printer | DeviceKind::LabelPrinter | DeviceKind::LineDisplay | DeviceKind::Scale => {
            if device.password.is_some() {
                check.complain(format!("{key}.password"), "******", "only card terminals have one: leave it out");
            }
            CardSetting::default()
        }
    }
}
