//! The demo's shops: counters with simulated devices, and the configuration of the node behind them. The configuration is the same TOML that a
//! real node reads.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use crate::device::PortConfig;
use crate::device::lang::escpos::PrinterProfile;
use crate::device::profile::load_label_printer;
use crate::device::sim::{SimDisplay, SimLabelPrinter, SimPrinter, SimScale, SimScanner, SimTerminal};
use crate::head_office::feeds::{self, PublishError};
use crate::head_office::import;
use crate::head_office::office::HeadOffice;
use crate::head_office::people::{self, Draft};
use crate::head_office::recalls;
use crate::head_office::shops_api::store_person;
use crate::ids::{StoreId, WorkstationId};
use crate::node::config::{self, NodeConfig};
use crate::retail::rights::Role;
use crate::time::{ClockQuality, Stamp};

use super::DemoError;
use super::assortment::{self, Good, QUICK_KEYS, goods};

/// A shop of the demo's chain. One that is not opened is known to head office by its stated stock alone.
pub struct Branch {
    pub id: &'static str,
    /// Of its node, in the demo's folder.
    pub folder: &'static str,
    /// On receipts.
    name: &'static str,
    address: [&'static str; 2],
    /// As customers read it.
    known_as: &'static str,
    /// Its counters; true: with a card terminal and a scale.
    pub counters: &'static [(&'static str, bool)],
    /// It keeps every first, second, third article.
    goods_step: usize,
}

pub const BRANCHES: [Branch; 3] = [
    Branch {
        id: "berlin-1",
        folder: "node",
        name: "Markt am Platz",
        address: ["Marktplatz 4", "10115 Berlin"],
        known_as: "Markt Berlin Mitte",
        counters: &[("1", true), ("2", false)],
        goods_step: 1,
    },
    Branch {
        id: "potsdam-1",
        folder: "node-potsdam",
        name: "Markt am Tor",
        address: ["Torstrasse 12", "14467 Potsdam"],
        known_as: "Markt Potsdam",
        counters: &[("1", false)],
        goods_step: 3,
    },
    Branch {
        id: "leipzig-1",
        folder: "node-leipzig",
        name: "Markt am Ring",
        address: ["Ringweg 3", "04109 Leipzig"],
        known_as: "Markt Leipzig",
        counters: &[("1", false)],
        goods_step: 2,
    },
];

impl Branch {
    pub fn store(&self) -> StoreId {
        StoreId::new(self.id).expect("the demo's stores have valid names")
    }

    /// What it keeps.
    pub fn goods(&self) -> impl Iterator<Item = Good> {
        goods().into_iter().step_by(self.goods_step)
    }

    /// The town, for lists that people read.
    pub fn town(&self) -> &'static str {
        self.address[1].split_once(' ').map_or(self.id, |(_, town)| town)
    }
}

const TIME_ZONE: &str = "Europe/Berlin";
const PROFILE: &str = "epson-80mm";
/// As fast as a good thermal printer: some 150 mm a second.
const PRINT_LINE_MS: u64 = 25;

const LABELS: &str = "zpl-203";
/// 50 mm at 100 mm a second.
const LABEL_MS: u64 = 500;

/// How long the customer and the bank take for each of their steps.
const CARD_STEP: Duration = Duration::from_millis(1_500);

/// One checkout with its devices.
pub struct Counter {
    workstation: WorkstationId,
    pub printer: SimPrinter,
    pub scanner: SimScanner,
    pub display: SimDisplay,
    /// The other counter has a stand-alone terminal, whose amounts the cashier types.
    pub terminal: Option<SimTerminal>,
    /// At the other counter weights are typed.
    pub scale: Option<SimScale>,
}

/// How long a new load swings.
const SCALE_SETTLES_IN: Duration = Duration::from_millis(800);

impl Counter {
    /// `folder`: where the stable paths of scanner, display and scale are put, as udev would. `is_full`: with a card terminal and a scale.
    pub fn new(id: &str, folder: &Path, is_full: bool) -> std::io::Result<Counter> {
        std::fs::create_dir_all(folder)?;
        let profile = PrinterProfile::built_in(PROFILE).expect("the profile is built in");
        Ok(Counter {
            workstation: WorkstationId::new(id).expect("a digit is a valid workstation"),
            printer: SimPrinter::tcp("127.0.0.1:0", profile, PRINT_LINE_MS)?,
            scanner: SimScanner::new(Some(&folder.join(format!("scanner-{id}"))))?,
            terminal: is_full.then(|| SimTerminal::tcp("127.0.0.1:0", CARD_STEP)).transpose()?,
            scale: is_full.then(|| SimScale::new(Some(&folder.join(format!("scale-{id}"))), SCALE_SETTLES_IN)).transpose()?,
            display: SimDisplay::new(Some(&folder.join(format!("display-{id}"))))?,
        })
    }

    pub fn workstation(&self) -> &WorkstationId {
        &self.workstation
    }

    fn toml(&self) -> String {
        let id = &self.workstation;
        let PortConfig::Tcp { address } = self.printer.port() else { unreachable!("the demo's printers listen on TCP") };
        let (scanner, display) = (self.scanner.path().display(), self.display.path().display());
        let (mut names_terminal, mut terminal) = (String::new(), String::new());
        if let Some(PortConfig::Tcp { address }) = self.terminal.as_ref().map(SimTerminal::port) {
            names_terminal = format!("terminal = \"terminal-{id}\"\n");
            terminal = format!(
                "\n[[device]]\nname = \"terminal-{id}\"\nkind = \"zvt\"\nworkstation = \"{id}\"\nprofile = \"zvt\"\ntcp = \"{address}\"\n"
            );
        }
        let (mut names_scale, mut scale) = (String::new(), String::new());
        if let Some(path) = self.scale.as_ref().map(|scale| scale.path().display()) {
            names_scale = format!("scale = \"scale-{id}\"\n");
            scale = format!(
                "\n[[device]]\nname = \"scale-{id}\"\nkind = \"scale\"\nworkstation = \"{id}\"\nprofile = \"toledo-8217\"\nserial = \"{path}\"\n"
            );
        }
        format!(
            r#"
[[workstation]]
id = "{id}"
receipt_printer = "printer-{id}"
drawer = true
{names_terminal}{names_scale}
[[device]]
name = "printer-{id}"
kind = "printer"
workstation = "{id}"
profile = "{PROFILE}"
tcp = "{address}"

[[device]]
name = "scanner-{id}"
kind = "scanner"
workstation = "{id}"
profile = "usb-serial"
serial = "{scanner}"
baud = 115200

[[device]]
name = "display-{id}"
kind = "line_display"
workstation = "{id}"
profile = "esc-pos"
serial = "{display}"
baud = 9600
{terminal}{scale}"#
        )
    }
}

/// The one where orders are packed; every counter and handheld prints on it.
pub fn label_printer() -> std::io::Result<SimLabelPrinter> {
    let profile = load_label_printer(LABELS).expect("the profile is built in");
    SimLabelPrinter::tcp("127.0.0.1:0", profile, LABEL_MS)
}

/// Gives head office the demo's goods and their stock, once: a demo that carries on has them.
pub async fn stock_head_office(office: &HeadOffice) -> Result<(), DemoError> {
    let failed = |reason: &dyn std::fmt::Display| DemoError::Goods(reason.to_string());
    let folders = office.folders().clone();
    let currency = office.config().currency.clone();
    let done = office.write(move |writer, now_ms| {
        let made_at = Stamp { ms: now_ms, quality: ClockQuality::Unverified };
        let connection = writer.connection();
        let publish = || {
            feeds::stage_articles(connection, goods().into_iter().map(|good| Ok(good.article)))?;
            feeds::publish_catalogue(connection, &folders, &currency, made_at)?;
            for branch in &BRANCHES {
                feeds::stage_stock(connection, branch.goods().map(|good| Ok((good.article.sku, good.on_hand))))?;
                feeds::publish_stock(connection, &folders, &branch.store(), made_at)?;
            }
            let path = Path::new("the demo's own promotions");
            let checked = import::check_prices(connection, path, include_str!("promotions.toml"), false, &currency);
            let prices = checked.map_err(|reason| PublishError::Source(reason.to_string()))?;
            import::publish_prices(connection, &folders, &prices, made_at)?;
            recalls::publish(connection, &folders, &assortment::recalls(), made_at)
        };
        Ok(publish())
    });
    done.await.map_err(|reason| failed(&reason))?.map_err(|reason: PublishError| failed(&reason))?;
    Ok(())
}

/// Someone of the demo, whose PIN is no secret.
pub struct Someone {
    id: &'static str,
    pub name: &'static str,
    /// Empty: the store's.
    language: &'static str,
    pub role: Role,
    pub pin: &'static str,
    pub badge: &'static str,
}

pub const PEOPLE: [Someone; 4] = [
    Someone { id: "anna", name: "Anna", language: "", role: Role::Cashier, pin: "1111", badge: "STAFF-1001" },
    Someone { id: "ben", name: "Ben", language: "de", role: Role::Cashier, pin: "2222", badge: "STAFF-1002" },
    Someone { id: "sue", name: "Sue", language: "", role: Role::Supervisor, pin: "3333", badge: "STAFF-1003" },
    Someone { id: "mia", name: "Mia", language: "", role: Role::Manager, pin: "4444", badge: "STAFF-1004" },
];

/// As customers read it.
pub async fn name_stores(office: &HeadOffice) -> Result<(), DemoError> {
    for branch in &BRANCHES {
        let named = crate::head_office::shops_api::give_store_a_name(office, branch.store(), branch.known_as, None).await;
        named.map_err(|problem| DemoError::Goods(problem.detail))?;
    }
    Ok(())
}

/// Gives head office the demo's people, once, in the way its page and its API do.
pub async fn staff_head_office(office: &HeadOffice) -> Result<(), DemoError> {
    let failed = |reason: &dyn std::fmt::Display| DemoError::Goods(reason.to_string());
    let known = office.read(people::list).await.map_err(|reason| failed(&reason))?;
    for person in PEOPLE.iter().filter(|person| !known.iter().any(|known| known.id == person.id)) {
        let draft = Draft {
            name: Some(person.name.to_owned()),
            language: Some(person.language.to_owned()),
            role: Some(person.role),
            discount_percent_max: Some(if person.role == Role::Cashier { 5 } else { 50 }),
            pin: Some(person.pin.to_owned()),
            badge: Some(person.badge.to_owned()),
            ..Draft::default()
        };
        let stored = store_person(office, person.id.to_owned(), draft).await;
        stored.map_err(|problem| failed(&problem.detail))?;
    }
    Ok(())
}

pub fn time_zone() -> jiff::tz::TimeZone {
    jiff::tz::TimeZone::get(TIME_ZONE).expect("the zone table is built in")
}

/// The node's configuration as a file would hold it, checked like one. `staffed`: people sign in, and the tills are counted.
pub fn node_config<'a>(
    branch: &Branch,
    data_dir: &Path,
    port: u16,
    head_office: SocketAddr,
    counters: impl IntoIterator<Item = &'a Counter>,
    labels: &PortConfig,
    staffed: bool,
) -> NodeConfig {
    let counters: String = counters.into_iter().map(Counter::toml).collect();
    let labels =
        format!("\n[[device]]\nname = \"labels\"\nkind = \"label_printer\"\nprofile = \"{LABELS}\"\ntcp = \"{}\"\n", labels.address());
    let counters = counters + labels.as_str();
    let quick_keys: String =
        QUICK_KEYS.iter().map(|(text, plu)| format!("\n[[quick_key]]\ntext = \"{text}\"\ncode = \"{plu}\"\n")).collect();
    let counter = "\n[[quick_key]]\ntext = \"Fresh counter\"\ndepartment = \"dept-counter\"\n";
    let quick_keys = format!("{counter}{quick_keys}");
    let data_dir = toml::Value::String(data_dir.display().to_string());
    let (store, name, [street, town]) = (branch.id, branch.name, branch.address);
    let text = format!(
        r#"
[store]
id = "{store}"
name = "{name}"
address = ["{street}", "{town}"]
tax_id = "VAT ID DE 123456789"
footer = ["Thank you for shopping with us!"]
currency = "EUR"
country = "DE"
time_zone = "{TIME_ZONE}"
locale = "en"

[node]
id = "box-1"
data_dir = {data_dir}
listen = "127.0.0.1:{port}"
opens_day_itself = true

[head_office]
url = "http://{head_office}"

[tax]
mode = "inclusive"

[[tax.class]]
id = "A"
label = "19 %"
mark = "A"
[[tax.class.component]]
name = "VAT"
jurisdiction = "DE"
percent = "19"

[[tax.class]]
id = "B"
label = "7 %"
mark = "B"
[[tax.class.component]]
name = "VAT"
jurisdiction = "DE"
percent = "7"

[[tax.class]]
id = "Z"
label = "0 %"
mark = "Z"
exempt_reason = "stamps and deposit"

[people]
required = {staffed}

[cash]
control = {staffed}
notes = ["5", "10", "20", "50", "100", "200"]
usual_float = "100"

[stock]
low_min = "3"

[[department]]
id = "dept-counter"
name = "Fresh counter"
tax_class = "B"
group = "Fresh counter"
price_max = "100"
[[department]]
id = "dept-sundry"
name = "Sundry goods"
tax_class = "A"
price_max = "50"
for_unknown = true
{quick_keys}{counters}"#
    );
    config::parse(&text, Path::new("the demo's own configuration")).expect("the demo's configuration is right")
}
