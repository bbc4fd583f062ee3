//! `counterfoil demo`: a small chain of shops and its head office on one machine. Devices are simulated, but they speak real bytes over real
//! sockets and ptys, so that everything in between is the product itself.

pub mod assortment;
pub mod line;

mod inbox;
mod labels;
mod orders;
mod pages;
mod shop;
mod warehouse;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use axum::Router;
use tokio::task::JoinSet;

use crate::head_office::config::HeadOfficeConfig;
use crate::head_office::messages::Messages;
use crate::head_office::storage::{self, Claimed, Server};
use crate::head_office::{db, serve};
use crate::money::Currency;
use crate::node::service::{self, Service};
use crate::node::start::StartError;
use crate::process;
use crate::time::SystemClock;
use crate::web::pairing::Scope;
use crate::web::tls::DoorError;
use inbox::Inbox;
use line::Line;
use shop::{Branch, Counter};

/// A folder with this file in it is a demo's, and `--fresh` may empty it.
const MARK: &str = "counterfoil-demo";

#[derive(Debug, clap::Args)]
pub struct DemoArguments {
    /// Where the demo keeps its shop and its head office.
    #[arg(long, default_value = "counterfoil-data")]
    pub data_dir: PathBuf,
    /// Port of the first shop's pages; head office gets the next one, the other shops those behind it. 0 takes free ones.
    #[arg(long, default_value_t = 8080)]
    pub port: u16,
    /// Shops that are open, 1 to 3; head office knows all three.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=3))]
    pub stores: u16,
    /// Forget what an earlier demo left in the folder.
    #[arg(long)]
    pub fresh: bool,
    /// Head office keeps its data in this PostgreSQL database (postgres://user:password@host/database): an empty one, or an earlier demo's.
    #[arg(long, value_name = "URL")]
    pub postgres: Option<String>,
    /// Everyone may do everything: nobody signs in at the tills, so nobody answers for a drawer, and no till has to be opened.
    #[arg(long)]
    pub no_staff: bool,
}

/// Why the demo cannot run.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    #[error("cannot write to {path}: {reason}: choose a folder you may write to with --data-dir")]
    Folder { path: PathBuf, reason: std::io::Error },
    #[error("{path} is not empty and not a demo's: it stays as it is; choose another folder with --data-dir")]
    Foreign { path: PathBuf },
    #[error("another process works with {path}: stop it first (Ctrl-C in its window), or choose another folder with --data-dir")]
    Running { path: PathBuf },
    #[error(
        "port {port} is taken by another program: stop it, or choose another with --port (the demo takes one for each shop and one for head office, in a row)"
    )]
    Port { port: u16 },
    #[error("--postgres: {0}; write an address such as postgres://user:password@host/database")]
    Address(String),
    #[error("the database {server} has tables that no demo made: they stay as they are; give the demo an empty database")]
    ForeignDatabase { server: Server },
    #[error("PostgreSQL at {server} cannot be used: {reason}; check that it runs and that the address is right")]
    Database { server: Server, reason: db::Error },
    #[error("a simulated device cannot be made: {0}: are pseudo terminals (/dev/pts) and loopback available here?")]
    Device(std::io::Error),
    #[error(transparent)]
    Node(#[from] StartError),
    #[error(transparent)]
    HeadOffice(#[from] serve::StartError),
    #[error("the demo's goods could not be put into head office: {0}")]
    Goods(String),
}

pub fn run(arguments: DemoArguments) -> ExitCode {
    process::log_to_stderr("warn,counterfoil=warn");
    crate::node::figures::install();
    process::runtime().block_on(async {
        process::listen_for_stop();
        match open(&arguments).await {
            Ok(demo) => {
                demo.print_addresses();
                let code = until_stopped(demo.shops).await;
                demo.office.stop().await;
                println!("Stopped. The next start carries on here: {}", arguments.data_dir.display());
                code
            }
            Err(reason) => process::fail(&reason, process::EXIT_UNAVAILABLE),
        }
    })
}

struct Demo {
    office: serve::Running,
    shops: Vec<OpenShop>,
}

/// A shop that sells: its node, its counters, and its own line to head office.
struct OpenShop {
    branch: &'static Branch,
    service: Service,
    counters: Vec<Arc<Counter>>,
}

/// Until somebody stops the demo, or a shop cannot go on.
async fn until_stopped(shops: Vec<OpenShop>) -> ExitCode {
    let mut nodes: JoinSet<ExitCode> = shops.into_iter().map(|shop| service::until_stopped(shop.service.running)).collect();
    while let Some(ended) = nodes.join_next().await {
        match ended {
            Ok(code) if code == ExitCode::SUCCESS => {}
            Ok(code) => return code,
            Err(_) => return ExitCode::FAILURE,
        }
    }
    ExitCode::SUCCESS
}

async fn open(arguments: &DemoArguments) -> Result<Demo, DemoError> {
    let folder = prepare_folder(&arguments.data_dir, arguments.fresh)?;
    let office_port = if arguments.port == 0 { 0 } else { arguments.port.saturating_add(1) };
    let currency = Currency::from_code("EUR").expect("EUR is in the table");
    let (inbox, webhook) = Inbox::start().await.map_err(DemoError::Device)?;
    let office_config = HeadOfficeConfig {
        messages: Messages { webhook: Some(webhook), ..Messages::default() },
        postgres: prepare_database(arguments).await?,
        time_zone: shop::time_zone(),
        public_url: (office_port > 0).then(|| format!("http://127.0.0.1:{office_port}")),
        ..HeadOfficeConfig::on_loopback(&folder.join("head-office"), office_port, currency)
    };
    let office = serve::start(office_config, Arc::new(SystemClock::new())).await.map_err(|reason| match reason {
        serve::StartError::Door(DoorError::InUse { address }) => DemoError::Port { port: address.port() },
        other => DemoError::HeadOffice(other),
    })?;
    match fill(arguments, &folder, &office, inbox).await {
        Ok(shops) => Ok(Demo { office, shops }),
        Err(reason) => {
            // What looks after stores by the clock must not be at work when the runtime goes.
            office.stop().await;
            Err(reason)
        }
    }
}

/// What head office knows, and the shops.
async fn fill(arguments: &DemoArguments, folder: &Path, office: &serve::Running, inbox: Arc<Inbox>) -> Result<Vec<OpenShop>, DemoError> {
    shop::stock_head_office(&office.office).await?;
    shop::staff_head_office(&office.office).await?;
    shop::name_stores(&office.office).await?;
    warehouse::open(&office.office).await?;
    let mut inbox = Some(inbox);
    let mut shops = Vec::new();
    for (branch, place) in shop::BRANCHES.iter().zip(0..arguments.stores) {
        let port = match (arguments.port, place) {
            (0, _) => 0,
            (port, 0) => port,
            (port, place) => port.saturating_add(1 + place),
        };
        // The web shop's page stands beside the first shop's.
        let web_shop = inbox.take().map(|inbox| orders::router(office.office.clone(), inbox, usize::from(arguments.stores)));
        shops.push(OpenShop::open(branch, folder, port, office, web_shop.unwrap_or_default(), arguments).await?);
    }
    Ok(shops)
}

impl OpenShop {
    async fn open(
        branch: &'static Branch,
        folder: &Path,
        port: u16,
        office: &serve::Running,
        more: Router,
        arguments: &DemoArguments,
    ) -> Result<OpenShop, DemoError> {
        let line = Line::start(office.address).await.map_err(DemoError::Device)?;
        let devices = folder.join("devices").join(branch.id);
        let counters: std::io::Result<Vec<Arc<Counter>>> =
            branch.counters.iter().map(|(id, is_full)| Counter::new(id, &devices, *is_full).map(Arc::new)).collect();
        let counters = counters.map_err(DemoError::Device)?;
        let labels = Arc::new(shop::label_printer().map_err(DemoError::Device)?);
        let data_dir = folder.join(branch.folder);
        let staffed = !arguments.no_staff;
        let config = shop::node_config(branch, &data_dir, port, line.address(), counters.iter().map(Arc::as_ref), labels.port(), staffed);
        let (extra, currency) = (counters.clone(), config.rules.currency.clone());
        let router = labels::router(labels).merge(more);
        let service =
            service::open(&config, move |_| pages::extra(extra, line, currency, router)).await.map_err(|reason| match reason {
                StartError::Door(DoorError::InUse { address }) => DemoError::Port { port: address.port() },
                other => DemoError::Node(other),
            })?;
        Ok(OpenShop { branch, service, counters })
    }

    /// Lets one browser in and brings it to a page.
    fn link(&self, path: &str) -> String {
        format!("http://{}/pair/{}?to={path}", self.service.address, self.service.pairing.invite(Scope::Any))
    }

    fn print_addresses(&self) {
        for counter in &self.counters {
            let id = counter.workstation();
            println!("  Till {id}           {}", self.link(&format!("/till/{id}")));
            println!("  Scanner {id}        {}", self.link(&format!("/sim/scanner/{id}")));
            println!("  Printer {id}        {}", self.link(&format!("/sim/printer/{id}")));
            if counter.terminal.is_some() {
                println!("  Card terminal {id}  {}", self.link(&format!("/sim/terminal/{id}")));
            }
            println!("  Customer {id}       {}", self.link(&format!("/display/{id}")));
            println!("  Orders {id}         {}", self.link(&format!("/orders/{id}")));
            println!("  Picking {id}        {}", self.link(&format!("/pick/{id}")));
            println!("  Stock {id}          {}", self.link(&format!("/stock/{id}")));
        }
        println!("  Label printer    {}", self.link("/sim/labels"));
    }
}

/// The database that was asked for, ours from now on.
async fn prepare_database(arguments: &DemoArguments) -> Result<Option<Server>, DemoError> {
    let Some(url) = &arguments.postgres else { return Ok(None) };
    let server = Server::new(url).map_err(DemoError::Address)?;
    let (asked, fresh) = (server.clone(), arguments.fresh);
    let claimed = tokio::task::spawn_blocking(move || storage::claim_for_demo(&asked, fresh)).await.expect("the question does not panic");
    match claimed {
        Ok(Claimed::Ours) => Ok(Some(server)),
        Ok(Claimed::Foreign) => Err(DemoError::ForeignDatabase { server }),
        Err(reason) => Err(DemoError::Database { server, reason }),
    }
}

/// Makes the folder, empties it when asked, and never touches one that is not a demo's.
fn prepare_folder(folder: &Path, fresh: bool) -> Result<PathBuf, DemoError> {
    let unwritable = |reason| DemoError::Folder { path: folder.to_owned(), reason };
    let is_ours = folder.join(MARK).exists();
    let is_empty = std::fs::read_dir(folder).map_or(true, |mut entries| entries.next().is_none());
    if !is_ours && !is_empty {
        return Err(DemoError::Foreign { path: folder.to_owned() });
    }
    std::fs::create_dir_all(folder).map_err(unwritable)?;
    if fresh && is_ours {
        if is_in_use(folder) {
            return Err(DemoError::Running { path: folder.to_owned() });
        }
        std::fs::remove_dir_all(folder).and_then(|()| std::fs::create_dir_all(folder)).map_err(unwritable)?;
    }
    std::fs::write(folder.join(MARK), b"Made by `counterfoil demo`. `--fresh` empties this folder.\n").map_err(unwritable)?;
    folder.canonicalize().map_err(unwritable)
}

/// Emptying a folder under a running demo would take its record away.
fn is_in_use(folder: &Path) -> bool {
    let journal = folder.join(shop::BRANCHES[0].folder).join("journal");
    if !journal.is_dir() {
        return false;
    }
    match crate::journal::Folder::create(&journal) {
        Ok(disk) => !matches!(crate::journal::Disk::lock(&disk, "lock"), Ok(Some(_))),
        Err(_) => true,
    }
}

impl Demo {
    fn print_addresses(&self) {
        let Some((first, others)) = self.shops.split_first() else { return };
        println!("{} Each link lets one browser in; open them side by side.", shops_in_words(others.len()));
        println!();
        println!("  Start here       {}", first.link("/"));
        first.print_addresses();
        println!("  Web shop         {}", first.link("/sim/orders"));
        println!("  Head office      http://{}/   (nobody signs in here; a real head office asks who it is)", self.office.pages_address);
        for shop in others {
            println!("  {:<16} {}", format!("Shop in {}", shop.branch.town()), shop.link("/"));
        }
        println!();
        println!("Who works here, with PIN and badge (scan the badge's code, or tap the name):");
        for person in shop::PEOPLE {
            println!("  {:<8} {:<11} PIN {}   badge {}", person.name, person.role.name(), person.pin, person.badge);
        }
        println!();
        println!("Ctrl-C stops it; the next start carries on where it was.");
    }
}

fn shops_in_words(others: usize) -> &'static str {
    match others {
        0 => "A shop is open.",
        1 => "Two shops are open.",
        _ => "Three shops are open.",
    }
}
