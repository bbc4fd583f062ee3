//! `counterfoil sim`: a chain of stores with faults, in one thread, from one seed. The nodes' core, writer, journal and recovery, the
//! machines of the line and head office are the product's own; simulated are the people, the disks ([`crate::journal::model_disk`]), the
//! power and the wire. Every world ends with the question whether each acknowledged sale is at head office once, to the cent.
//!
//! The tests run some worlds, `counterfoil sim` as many as you like. A world that fails prints the line that runs it again; the seed fixes
//! what happens in it, though not the random ids of transactions.

mod chain;
pub(crate) mod dice;
mod office;
mod orders;
mod promises;
mod store;
mod trade;
mod world;

use std::fmt::Display;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

pub use orders::OrdersTally;
pub use promises::{Beginning, PlantedFault, Searched};
pub use world::{Tally, World};

#[derive(Debug, Clone, clap::Args)]
pub struct SimArguments {
    /// The first world's seed; the next ones count up. Random unless given.
    #[arg(long)]
    pub seed: Option<u64>,
    /// How many worlds.
    #[arg(long, default_value_t = 10, conflicts_with = "minutes")]
    pub worlds: u64,
    /// Worlds for so long instead.
    #[arg(long)]
    pub minutes: Option<u64>,
    /// Stores in each.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..=20))]
    pub stores: u8,
    /// Worlds of collect orders instead, so many orders in each (200 unless given): one shop lived twice, with the line up and with the line cut.
    #[arg(long, value_name = "N", num_args = 0..=1, default_missing_value = "200", conflicts_with = "stores", value_parser = clap::value_parser!(u32).range(8..=5_000))]
    pub orders: Option<u32>,
    /// How long the line is cut in a world of orders.
    #[arg(long, value_name = "HOURS", default_value_t = 72, requires = "orders", value_parser = clap::value_parser!(u32).range(12..=720))]
    pub hours: u32,
    /// Small worlds of promises instead, all that can be reached in so many steps: one store, head office, and every order of what they do and
    /// of what goes wrong.
    #[arg(long, value_name = "DEPTH", num_args = 0..=1, default_missing_value = "4", conflicts_with_all = ["orders", "stores", "worlds", "seed", "minutes"], value_parser = clap::value_parser!(u32).range(1..=30))]
    pub promises: Option<u32>,
    /// For head office's disk; what is made here is removed.
    #[arg(long, value_name = "FOLDER")]
    pub data_dir: Option<PathBuf>,
}

/// A promise that was not kept, or a world that could not be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}: {why}")]
pub struct Broken {
    what: String,
    why: String,
}

impl Broken {
    pub fn new(what: &str, why: &str) -> Broken {
        Broken { what: what.to_owned(), why: why.to_owned() }
    }
    pub fn doing<E: Display>(what: &str) -> impl Fn(E) -> Broken {
        move |why| Broken::new(what, &why.to_string())
    }
}

pub fn run(arguments: &SimArguments) -> ExitCode {
    crate::process::log_to_stderr("off");
    let mut seed = arguments.seed.unwrap_or_else(|| {
        let mut bytes = [0; 4];
        // Any number will do where the machine has no chance to give.
        let _ = getrandom::fill(&mut bytes);
        u64::from(u32::from_le_bytes(bytes))
    });
    let folder = arguments.data_dir.clone().unwrap_or_else(std::env::temp_dir);
    if let Some(depth) = arguments.promises {
        return search_promises(depth, &folder);
    }
    let ends = arguments.minutes.map(|minutes| Instant::now() + Duration::from_secs(minutes * 60));
    let mut worlds = 0;
    while ends.map_or(worlds < arguments.worlds, |ends| Instant::now() < ends) {
        let (lived, shape) = match arguments.orders {
            Some(orders) => {
                let lived = one_with_orders(seed, orders, arguments.hours, &folder).map(|tally| format!("{tally}: both ends are the same"));
                (lived, format!("--orders {orders} --hours {}", arguments.hours))
            }
            None => {
                let lived = one(seed, arguments.stores.into(), &folder).map(|tally| format!("{tally}: all at head office, once"));
                (lived, format!("--stores {}", arguments.stores))
            }
        };
        match lived {
            Ok(words) => println!("seed {seed}: {words}"),
            Err(broken) => {
                eprintln!("counterfoil: seed {seed}: {broken}\nrun it again: counterfoil sim --seed {seed} --worlds 1 {shape}");
                return ExitCode::FAILURE;
            }
        }
        worlds += 1;
        seed = seed.wrapping_add(1);
    }
    println!("{worlds} worlds, no promise broken");
    ExitCode::SUCCESS
}

fn search_promises(depth: u32, folder: &Path) -> ExitCode {
    let mut sum = 0;
    for beginning in promises::Beginning::ALL {
        match search(beginning, depth, None, folder) {
            Ok(searched) => println!("{}: {searched}", beginning.name()),
            Err(broken) => {
                eprintln!("counterfoil: {broken}\nrun it again: counterfoil sim --promises {depth}");
                return ExitCode::FAILURE;
            }
        }
        sum += 1;
    }
    println!("{sum} beginnings, no promise broken");
    ExitCode::SUCCESS
}

/// Every world of promises that can be reached from a beginning in so many steps. Head office's database is in a folder of its own below `parent`.
pub fn search(beginning: Beginning, depth: u32, fault: Option<PlantedFault>, parent: &Path) -> Result<Searched, Broken> {
    in_folder(0, parent, |folder| promises::search(beginning, depth, fault, folder))
}

/// One world, in a folder of its own below `parent`. A panic is a promise broken, too.
pub fn one(seed: u64, stores: usize, parent: &Path) -> Result<Tally, Broken> {
    in_folder(seed, parent, |folder| World::new(seed, stores, folder)?.run())
}

/// One shop with collect orders, lived twice: with the line up, and with the line cut for `hours`.
pub fn one_with_orders(seed: u64, orders: u32, hours: u32, parent: &Path) -> Result<OrdersTally, Broken> {
    in_folder(seed, parent, |folder| orders::play(seed, orders, hours, folder))
}

fn in_folder<T>(seed: u64, parent: &Path, live: impl FnOnce(&Path) -> Result<T, Broken>) -> Result<T, Broken> {
    let folder = Folder::create(parent, seed)?;
    let lived = catch_unwind(AssertUnwindSafe(|| live(&folder.0)));
    lived.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
        Err(Broken::new("a panic", text.unwrap_or("without words")))
    })
}

struct Folder(PathBuf);

impl Folder {
    fn create(parent: &Path, seed: u64) -> Result<Folder, Broken> {
        let mut unique = [0; 8];
        getrandom::fill(&mut unique).map_err(Broken::doing("making a folder"))?;
        let folder = parent.join(format!("counterfoil-sim-{seed}-{:016x}", u64::from_le_bytes(unique)));
        std::fs::create_dir_all(&folder)
            .map_err(|why| Broken::new(&format!("making {}", folder.display()), &format!("{why}: choose another with --data-dir")))?;
        Ok(Folder(folder))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // In a folder for temporary files: what stays is removed by the machine.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Tally { records, sales, power_cuts, disk_failures, packets, restores } = self;
        write!(
            f,
            "{sales} sales in {records} records, {power_cuts} power cuts, {disk_failures} failed flushes, {packets} packets, {restores} restores of head office"
        )
    }
}
