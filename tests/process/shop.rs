//! A head office, a shop's folder and its configuration file; the node itself is a process that comes and goes.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use counterfoil::demo::assortment::goods;
use counterfoil::device::PortConfig;
use counterfoil::head_office::config::HeadOfficeConfig;
use counterfoil::head_office::office::HeadOffice;
use counterfoil::head_office::{db, doors, feeds};
use counterfoil::ids::StoreId;
use counterfoil::journal::{Reader, Record, verify};
use counterfoil::money::{Currency, Qty, Unit};
use counterfoil::node::replay;
use counterfoil::retail::Event;
use counterfoil::sync::feed::{CatalogueEntry, CodeKey, FeedLine, FeedReader};
use counterfoil::time::{ClockQuality, Stamp, SystemClock};
use counterfoil::web::pairing::{Pairing, Scope};
use counterfoil::web::tls::{Door, Peer};
use tempfile::TempDir;

use super::child::{Child, Log, NotifySocket, first_below, listening, program, wait_for};
use super::till::Till;

pub const STORE: &str = "berlin-1";
pub const STORE_NAME: &str = "Markt am Platz";

/// What one unit of a code costs, in cents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Priced {
    pub code: String,
    pub cents: i64,
}

/// What stands at workstation 1. Workstation 2 has nothing.
#[derive(Default)]
pub struct Devices<'a> {
    pub printer: Option<&'a PortConfig>,
    pub scanner: Option<&'a Path>,
}

pub struct Shop {
    pub folder: TempDir,
    pub office: HeadOffice,
    pub token: String,
    log: Log,
    runtime: tokio::runtime::Runtime,
}

/// A node at work.
pub struct Node {
    pub child: Child,
    pub socket: NotifySocket,
    pub address: SocketAddr,
}

impl Shop {
    /// Head office with the demo's goods, and a node's folder beside it that holds nothing but a token yet.
    pub fn new(devices: &Devices) -> Shop {
        Shop::with_catalogue(devices, None)
    }

    /// With the articles of a file instead, brought in by the program itself. What has no price gets one made up from its number.
    pub fn with_catalogue(devices: &Devices, catalogue: Option<&Path>) -> Shop {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        let currency = Currency::from_code("EUR").expect("EUR is in the table");
        let config = HeadOfficeConfig { currency: currency.clone(), ..crate::storage::config(&folder.path().join("head-office"), 0) };
        let office = HeadOffice::open(config, Arc::new(SystemClock::new())).expect("head office opens");
        let address = runtime.block_on(open_doors(&office));
        match catalogue {
            None => runtime.block_on(stock_up(&office, currency)),
            Some(file) => import(file, &folder.path().join("head-office")),
        }
        let data = folder.path().join("node");
        std::fs::create_dir(&data).expect("a folder in a temporary folder");
        let pairing = Pairing::open(&data, Arc::new(SystemClock::new())).expect("the list of screens opens");
        let (_, token) = pairing.create_token("test", Scope::Any).expect("a token");
        let shop = Shop { log: Log::new(folder.path().join("node.log")), folder, office, token, runtime };
        std::fs::write(shop.config(), config_text(&shop.data(), "127.0.0.1:0", Some(address), devices)).expect("a file");
        shop
    }

    pub fn data(&self) -> PathBuf {
        self.folder.path().join("node")
    }
    pub fn journal(&self) -> PathBuf {
        self.data().join("journal")
    }
    pub fn config(&self) -> PathBuf {
        self.folder.path().join("node.toml")
    }

    /// `counterfoil node`, not started yet.
    pub fn node(&self) -> Command {
        program(&["node", "--config", self.config().to_str().expect("a plain path")])
    }

    pub fn start(&self) -> Node {
        self.start_as(self.node())
    }

    /// Starts what says that it is ready as a node does.
    pub fn start_as(&self, mut command: Command) -> Node {
        let socket = NotifySocket::new(self.folder.path());
        let mut child = Child::spawn(command.env("NOTIFY_SOCKET", socket.path()).stdout(self.log.open()).stderr(self.log.open()));
        if let Err(status) = socket.wait("READY=1", &mut child) {
            panic!("the node ended instead of being ready ({status}):\n{}", self.log.last_words());
        }
        let address = listening(child.id()).or_else(|| {
            // Under a tracer it is the tracer's child that listens.
            let below = first_below(child.id())?;
            child.mind(below);
            listening(below)
        });
        Node { address: address.expect("a ready node listens"), child, socket }
    }

    /// A till of a node that knows the demo's goods.
    pub fn till(&self, node: &Node) -> Till {
        self.till_that_knows(node, &self.goods()[0])
    }

    pub fn till_that_knows(&self, node: &Node, priced: &Priced) -> Till {
        let mut till = Till::connect(node.address, &self.token).expect("a ready node answers");
        let known = format!("/api/v1/articles/by-code/{}", priced.code);
        wait_for("the catalogue's arrival", || (till.get(&known).expect("an answer").status == 200).then_some(()));
        till
    }

    /// What a file's catalogue sells by the piece, as head office has published it.
    pub fn published_goods(&self) -> Vec<Priced> {
        let folder = self.office.folders().feeds();
        let files = std::fs::read_dir(&folder).expect("head office's feeds").map(|entry| entry.expect("an entry").file_name());
        let is_catalogue = |name: &std::ffi::OsString| name.to_str().is_some_and(|name| name.starts_with("catalogue-1-"));
        let name = files.into_iter().find(is_catalogue).expect("a first catalogue");
        let file = std::fs::File::open(folder.join(name)).expect("a file");
        let mut reader = FeedReader::open(file).expect("a feed");
        let mut found = Vec::new();
        while let Some(line) = reader.next_line().expect("a line") {
            let FeedLine::Catalogue(CatalogueEntry::Put(article)) = line else { continue };
            let Some(price) = article.price.filter(|_| article.unit == Unit::Piece && article.age_min.is_none()) else { continue };
            for code in article.codes.iter().filter(|code| code.quantity == Qty::ONE) {
                if let CodeKey::Gtin(gtin) = &code.key {
                    found.push(Priced { code: gtin.short().to_owned(), cents: price.minor() });
                }
            }
        }
        // Numbers that a shop gives itself may be read as a price or a weight.
        found.retain(|priced| !priced.code.starts_with('2') && !priced.code.starts_with("02"));
        found
    }

    pub fn goods(&self) -> Vec<Priced> {
        priced_goods()
    }

    /// An answer of head office's own tables.
    pub fn ask_office<T: Send + 'static>(&self, question: impl FnOnce(&db::Connection) -> db::Result<T> + Send + 'static) -> T {
        self.runtime.block_on(self.office.read(question)).expect("head office answers")
    }

    /// Someone's hand in head office's own database.
    pub fn tamper_with_office(&self, act: impl FnOnce(&db::Connection) -> db::Result<()> + Send + 'static) {
        self.runtime.block_on(self.office.write(move |writer, _| Ok(act(writer.connection())?))).expect("head office writes");
    }

    /// Cuts the line to head office, or mends it. For the next start.
    pub fn line(&self, is_up: bool) {
        let text = std::fs::read_to_string(self.config()).expect("the configuration is there");
        let text = if is_up {
            text.replace("http://127.0.0.1:9/#", "http://")
        } else {
            text.replace("url = \"http://", "url = \"http://127.0.0.1:9/#")
        };
        std::fs::write(self.config(), text).expect("a file");
    }

    pub fn last_words(&self) -> String {
        self.log.last_words()
    }

    /// Stops a node as systemd does.
    pub fn stop(&self, mut node: Node) {
        node.child.ask_to_stop();
        let status = node.child.wait_end();
        assert!(status.success(), "a clean stop: {status}\n{}", self.last_words());
    }

    /// All events of the record, with their sequence numbers.
    pub fn events(&self) -> Vec<(u64, Event)> {
        let folder = self.journal();
        let head = verify(&folder, &[]).expect("the journal can be read").head.map_or(0, |head| head.seq);
        let reader = Reader::open(&folder).expect("the journal can be read");
        let (mut next, mut found) = (1, Vec::new());
        while next <= head {
            let batch = reader.read_batch(next, head, 1 << 20).expect("no hole");
            assert_eq!(batch.first().map(|raw| raw.seq), Some(next), "every record is there");
            for raw in batch {
                next = raw.seq + 1;
                let record = Record::parse(raw.line).expect("a record");
                found.extend(replay::events(&record).expect("known kinds").into_iter().map(|event| (raw.seq, event)));
            }
        }
        found
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        self.runtime.block_on(self.office.stop());
    }
}

/// What is sold by the piece, by its own code or by its case's, and to anyone of any age: an age check would wait for a person.
pub fn priced_goods() -> Vec<Priced> {
    let all = goods();
    let codes = all
        .iter()
        .filter(|good| good.article.age_min.is_none())
        .filter_map(|good| Some((good.article.price?.minor(), &good.article.codes)));
    let pieces = codes.flat_map(|(cents, codes)| {
        codes.iter().filter_map(move |code| match &code.key {
            CodeKey::Gtin(gtin) => {
                let units = code.quantity.thousandths() / Qty::ONE.thousandths();
                Some(Priced { code: gtin.short().to_owned(), cents: cents * units })
            }
            CodeKey::Text(_) => None,
        })
    });
    // Labels of the scale begin with 28 and mean nothing without a weight.
    pieces.filter(|priced| !priced.code.starts_with("28")).collect()
}

async fn open_doors(office: &HeadOffice) -> SocketAddr {
    let door = Door::open(office.config().listen, None).await.expect("a free port on loopback");
    let address = door.address();
    let router = doors::router(office.clone()).into_make_service_with_connect_info::<Peer>();
    tokio::spawn(async move { axum::serve(door, router).await });
    address
}

fn import(file: &Path, head_office: &Path) {
    let (file, folder) = (file.to_str().expect("a plain path"), head_office.to_str().expect("a plain path"));
    let done = program(&["import", "catalogue", file, "--data-dir", folder, "--currency", "EUR", "--missing-price", "demo"]).output();
    let done = done.expect("the program starts");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

/// The demo's goods, and what of them is on the shelf.
pub async fn stock_up(office: &HeadOffice, currency: Currency) {
    let folders = office.folders().clone();
    let published = office.write(move |writer, now_ms| {
        let made_at = Stamp { ms: now_ms, quality: ClockQuality::Unverified };
        let store = StoreId::new(STORE).expect("a valid name");
        let connection = writer.connection();
        let publish = || {
            feeds::stage_articles(connection, goods().into_iter().map(|good| Ok(good.article)))?;
            feeds::publish_catalogue(connection, &folders, &currency, made_at)?;
            feeds::stage_stock(connection, goods().into_iter().map(|good| Ok((good.article.sku, good.on_hand))))?;
            feeds::publish_stock(connection, &folders, &store, made_at)
        };
        Ok(publish().expect("the demo's goods are right"))
    });
    published.await.expect("head office writes");
}

/// A node's file: two workstations, the first with the given devices.
pub fn config_text(data: &Path, listen: &str, head_office: Option<SocketAddr>, devices: &Devices) -> String {
    let head_office = head_office.map_or(String::new(), |address| format!("[head_office]\nurl = \"http://{address}\"\n"));
    let mut text = format!(
        r#"
[store]
id = "{STORE}"
name = "{STORE_NAME}"
currency = "EUR"
country = "DE"
time_zone = "Europe/Berlin"
locale = "en"

[node]
id = "box-1"
data_dir = {data:?}
listen = "{listen}"
opens_day_itself = true

[people]
required = false

{head_office}
[tax]
mode = "inclusive"
class = [
    {{ id = "A", label = "19 %", mark = "A", component = [{{ name = "VAT", jurisdiction = "DE", percent = "19" }}] }},
    {{ id = "B", label = "7 %", mark = "B", component = [{{ name = "VAT", jurisdiction = "DE", percent = "7" }}] }},
]

[[workstation]]
id = "2"

[[workstation]]
id = "1"
"#
    );
    if let Some(PortConfig::Tcp { address }) = devices.printer {
        text.push_str("receipt_printer = \"printer-1\"\ndrawer = true\n");
        text.push_str(&format!("\n[[device]]\nname = \"printer-1\"\nkind = \"printer\"\nprofile = \"epson-80mm\"\ntcp = \"{address}\"\n"));
    }
    if let Some(path) = devices.scanner {
        text.push_str("\n[[device]]\nname = \"scanner-1\"\nkind = \"scanner\"\nworkstation = \"1\"\nprofile = \"usb-serial\"\n");
        text.push_str(&format!("serial = {path:?}\nbaud = 115200\n"));
    }
    text
}
