//! The file as it was typed.

use super::*;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Raw {
    pub(super) store: RawStore,
    pub(super) node: RawNode,
    pub(super) head_office: Option<RawHeadOffice>,
    pub(super) tax: RawTax,
    #[serde(default)]
    pub(super) cash: RawCash,
    #[serde(default)]
    pub(super) returns: RawReturns,
    #[serde(default)]
    pub(super) weighing: RawWeighing,
    #[serde(default)]
    pub(super) people: RawPeople,
    #[serde(default)]
    pub(super) stock: RawStock,
    #[serde(default)]
    pub(super) orders: RawOrders,
    #[serde(default)]
    pub(super) workstation: Vec<RawWorkstation>,
    #[serde(default)]
    pub(super) device: Vec<RawDevice>,
    #[serde(default)]
    pub(super) discount_reason: Vec<RawReason>,
    #[serde(default)]
    pub(super) quick_key: Vec<RawQuickKey>,
    #[serde(default)]
    pub(super) department: Vec<RawDepartment>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawQuickKey {
    pub(super) text: String,
    pub(super) code: Option<String>,
    pub(super) department: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawDepartment {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) tax_class: String,
    #[serde(default)]
    pub(super) group: String,
    pub(super) price_max: String,
    #[serde(default)]
    pub(super) for_unknown: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawReason {
    pub(super) code: String,
    pub(super) text: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawStore {
    pub(super) id: String,
    #[serde(default = "default_chain")]
    pub(super) chain: String,
    pub(super) name: String,
    #[serde(default)]
    pub(super) address: Vec<String>,
    #[serde(default)]
    pub(super) tax_id: String,
    #[serde(default)]
    pub(super) footer: Vec<String>,
    pub(super) currency: String,
    pub(super) country: String,
    pub(super) time_zone: String,
    #[serde(default = "english")]
    pub(super) locale: String,
}

fn default_chain() -> String {
    "counterfoil".to_owned()
}

fn english() -> String {
    "en".to_owned()
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawNode {
    pub(super) id: String,
    pub(super) data_dir: PathBuf,
    #[serde(default = "default_listen")]
    pub(super) listen: String,
    #[serde(default)]
    pub(super) hosts: Vec<String>,
    pub(super) tls_cert: Option<PathBuf>,
    pub(super) tls_key: Option<PathBuf>,
    pub(super) tls_client_ca: Option<PathBuf>,
    pub(super) font: Option<PathBuf>,
    #[serde(default)]
    pub(super) opens_day_itself: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawPeople {
    /// Left out: where there is a head office, which says who works here.
    pub(super) required: Option<bool>,
    #[serde(default = "idle_lock_min")]
    pub(super) idle_lock_min: u32,
}

impl Default for RawPeople {
    fn default() -> RawPeople {
        RawPeople { required: None, idle_lock_min: idle_lock_min() }
    }
}

fn idle_lock_min() -> u32 {
    10
}

fn default_listen() -> String {
    "127.0.0.1:8080".to_owned()
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawHeadOffice {
    pub(super) url: String,
    pub(super) ca: Option<PathBuf>,
    pub(super) cert: Option<PathBuf>,
    pub(super) key: Option<PathBuf>,
    pub(super) public_key: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawTax {
    pub(super) mode: TaxMode,
    #[serde(default = "by_group")]
    pub(super) rounding_place: TaxRounding,
    #[serde(default)]
    pub(super) rounding_mode: RoundingMode,
    pub(super) class: Vec<RawTaxClass>,
}

fn by_group() -> TaxRounding {
    TaxRounding::Group
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawTaxClass {
    pub(super) id: String,
    pub(super) label: String,
    pub(super) mark: String,
    pub(super) exempt_reason: Option<String>,
    #[serde(default)]
    pub(super) component: Vec<RawTaxComponent>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawTaxComponent {
    pub(super) name: String,
    #[serde(default)]
    pub(super) jurisdiction: String,
    /// Per cent as text, "19" or "0.375": exact, never a float.
    pub(super) percent: String,
    pub(super) valid_from: Option<String>,
    pub(super) valid_to: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawCash {
    /// "0.05"; empty for none.
    pub(super) step: String,
    pub(super) notes: Vec<String>,
    /// Cash needs a till that was opened with a counted float. Left out: it does not.
    pub(super) control: Option<bool>,
    /// Left out: all notes and coins of the currency.
    pub(super) denominations: Vec<String>,
    /// What a till usually begins with.
    pub(super) usual_float: String,
    pub(super) reasons: RawCashReasons,
}

/// Codes out of A-Z a-z 0-9 . _ -; an empty list keeps the built-in one.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawCashReasons {
    pub(super) paid_in: Vec<String>,
    pub(super) paid_out: Vec<String>,
    pub(super) no_sale: Vec<String>,
    pub(super) difference: Vec<String>,
}

/// What is left out keeps its default.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawOrders {
    pub(super) grant_percent: Option<u32>,
    pub(super) safety: Option<u32>,
}

/// What is left out keeps its default.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawReturns {
    pub(super) reasons: Option<Vec<String>>,
    pub(super) unknown_elsewhere_max: Option<String>,
    pub(super) without_receipt_max: Option<String>,
    pub(super) post_void_minutes_max: Option<u32>,
}

/// In kilograms, as text; what is left out keeps its default.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawWeighing {
    pub(super) min: Option<String>,
    pub(super) max: Option<String>,
    pub(super) step: Option<String>,
}

/// What is left out keeps its default. Quantities are written as text: "5" or "0.250".
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawStock {
    pub(super) recount_units: Option<String>,
    pub(super) recount_percent: Option<u32>,
    pub(super) adjust_value_max: Option<String>,
    pub(super) low_min: Option<String>,
    pub(super) not_moved_days: Option<u32>,
    pub(super) not_counted_days: Option<u32>,
    pub(super) low: Vec<RawLow>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawLow {
    pub(super) sku: String,
    pub(super) min: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawWorkstation {
    pub(super) id: String,
    pub(super) receipt_printer: Option<String>,
    #[serde(default)]
    pub(super) drawer: bool,
    /// Left out: the only label printer there is, if there is one.
    pub(super) label_printer: Option<String>,
    pub(super) terminal: Option<String>,
    pub(super) scale: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawDevice {
    pub(super) name: String,
    pub(super) kind: DeviceKind,
    pub(super) workstation: Option<String>,
    pub(super) profile: String,
    pub(super) serial: Option<String>,
    pub(super) baud: Option<u32>,
    pub(super) tcp: Option<String>,
    pub(super) file: Option<String>,
    pub(super) evdev: Option<String>,
    #[serde(default)]
    pub(super) drawer_sense: DrawerSense,
    /// Six digits, for card terminals.
    pub(super) password: Option<String>,
}
