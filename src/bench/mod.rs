//! `counterfoil bench`: the figures of this machine, each beside a baseline that was measured in the same run on the same disk. What
//! is measured is the product: its writer, its node, its head office, started as a shop starts them. One file per row of figures.

pub mod row;
pub mod samples;

pub(crate) mod articles;
mod child;
mod machine;
mod relay;
mod shop;
mod till_client;

mod commit;
mod dashboards;
mod drain;
mod group;
mod import;
mod ingest;
mod orders;
mod postgres;
mod receipt;
mod reconnect;
mod reprice;
mod restore;
mod routing;
mod scan;
mod size;
mod start;

use std::fmt::Display;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::ValueEnum;

use row::Row;

/// What to measure, and how to show it.
#[derive(Debug, Clone, clap::Args)]
pub struct BenchArguments {
    /// Print one line of JSON per figure instead of a table.
    #[arg(long)]
    pub json: bool,
    /// Only these rows. "build" takes minutes, so it is measured only when it is named.
    #[arg(long, value_name = "NAME", num_args = 1..)]
    pub only: Vec<RowName>,
    /// Sizes of the assortment.
    #[arg(long, value_name = "N", num_args = 1.., default_values_t = [100_000, 1_000_000])]
    pub articles: Vec<u64>,
    /// Small sizes: shows that everything works, says nothing about speed.
    #[arg(long)]
    pub quick: bool,
    /// Transactions for the row "dashboards".
    #[arg(long, value_name = "N", default_value_t = 200_000, value_parser = clap::value_parser!(u64).range(1_000..=100_000_000))]
    pub transactions: u64,
    /// Stores that call at once, for the row "reconnect"; 2,000 unless given.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=20_000))]
    pub stores: Option<u32>,
    /// An empty PostgreSQL database, for the rows "ingest", "reconnect", "dashboards" and "routing"; it is emptied again at the end.
    #[arg(long, value_name = "URL")]
    pub postgres: Option<String>,
    /// Work in a folder made here; it is removed at the end. Take the disk that shall be measured.
    #[arg(long, value_name = "FOLDER", default_value = "/var/tmp")]
    pub data_dir: PathBuf,
    /// The program to start as node and head office; this one by default.
    #[arg(long, hide = true)]
    pub program: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RowName {
    Commit,
    Group,
    Scan,
    Import,
    Start,
    Drain,
    Ingest,
    Reconnect,
    Receipt,
    Reprice,
    Orders,
    Size,
    Dashboards,
    Routing,
    Restore,
    Build,
}

impl RowName {
    /// What is measured when nothing is named.
    pub const USUAL: [RowName; 15] = [
        RowName::Commit,
        RowName::Group,
        RowName::Scan,
        RowName::Import,
        RowName::Start,
        RowName::Drain,
        RowName::Ingest,
        RowName::Reconnect,
        RowName::Receipt,
        RowName::Reprice,
        RowName::Orders,
        RowName::Size,
        RowName::Dashboards,
        RowName::Routing,
        RowName::Restore,
    ];
}

/// How much of everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    Full,
    Quick,
}

impl Size {
    pub fn pick<T>(self, full: T, quick: T) -> T {
        match self {
            Size::Full => full,
            Size::Quick => quick,
        }
    }
}

/// Why a row has no figures.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{act}: {why}")]
pub struct CannotMeasure {
    act: String,
    why: String,
}

impl CannotMeasure {
    pub fn new(act: &str, why: &str) -> CannotMeasure {
        CannotMeasure { act: act.to_owned(), why: why.to_owned() }
    }
    pub fn doing<E: Display>(act: &str) -> impl Fn(E) -> CannotMeasure {
        move |why| CannotMeasure::new(act, &why.to_string())
    }
}

pub fn run(arguments: BenchArguments) -> ExitCode {
    crate::process::log_to_stderr("warn");
    match measure(&arguments, &mut std::io::stdout().lock()) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(reason) => crate::process::fail(&reason, crate::process::EXIT_UNAVAILABLE),
    }
}

/// Measures and prints row by row; gives the number of rows that could not be measured. A missed aim is a finding, not a failure.
pub fn measure(arguments: &BenchArguments, out: &mut dyn Write) -> Result<usize, CannotMeasure> {
    let work = Work::create(&arguments.data_dir)?;
    let size = if arguments.quick { Size::Quick } else { Size::Full };
    let mut print = |text: String| out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(CannotMeasure::doing("printing"));
    let machine = machine::description(&work.folder);
    let memory = machine::is_memory(&work.folder);
    if arguments.json {
        let line = serde_json::json!({ "machine": machine, "in_memory": memory, "quick": arguments.quick });
        print(format!("{line}\n"))?;
    } else {
        print(format!("{machine}\n"))?;
        if memory {
            print(
                "This folder lies in memory: figures of durability mean nothing. Name a folder on the disk with --data-dir.\n".to_owned(),
            )?;
        }
        if arguments.quick {
            print("Small sizes: these figures say nothing about speed.\n".to_owned())?;
        }
    }
    let wanted = if arguments.only.is_empty() { RowName::USUAL.to_vec() } else { arguments.only.clone() };
    let mut failed = 0;
    for name in wanted {
        let label = name.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned());
        let text = match one(name, arguments, &work.folder, size) {
            Ok(row) if arguments.json => row::json_lines(&row),
            Ok(row) => format!("\n{}", row::table(&row)),
            Err(reason) => {
                failed += 1;
                if arguments.json {
                    format!("{}\n", serde_json::json!({ "row": label, "error": reason.to_string() }))
                } else {
                    format!("\n{label}: could not be measured: {reason}\n")
                }
            }
        };
        print(text)?;
    }
    Ok(failed)
}

fn one(name: RowName, arguments: &BenchArguments, folder: &Path, size: Size) -> Result<Row, CannotMeasure> {
    match name {
        RowName::Commit => commit::measure(folder, size),
        RowName::Group => group::measure(folder, arguments, size),
        RowName::Scan => scan::measure(folder, arguments, size),
        RowName::Import => import::measure(folder, arguments, size),
        RowName::Start => start::measure(folder, arguments, size),
        RowName::Drain => drain::measure(folder, arguments, size),
        RowName::Ingest => ingest::measure(folder, arguments, size),
        RowName::Reconnect => reconnect::measure(folder, arguments, size),
        RowName::Receipt => receipt::measure(folder, arguments, size),
        RowName::Reprice => reprice::measure(folder, size),
        RowName::Orders => orders::measure(folder, arguments, size),
        RowName::Size => size::measure(arguments),
        RowName::Dashboards => dashboards::measure(folder, arguments, size),
        RowName::Routing => routing::measure(folder, arguments, size),
        RowName::Restore => restore::measure(folder, arguments, size),
        RowName::Build => size::measure_build(folder),
    }
}

/// The folder everything happens in; gone at the end.
struct Work {
    folder: PathBuf,
}

impl Work {
    fn create(parent: &Path) -> Result<Work, CannotMeasure> {
        let folder = parent.join(format!("counterfoil-bench-{}-{}", std::process::id(), shop::wall_ms()));
        std::fs::create_dir_all(&folder).map_err(|why| {
            CannotMeasure::new(&format!("making {}", folder.display()), &format!("{why}: choose another with --data-dir"))
        })?;
        Ok(Work { folder })
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        // What cannot be removed is named: it may be gigabytes.
        if let Err(reason) = std::fs::remove_dir_all(&self.folder) {
            eprintln!("counterfoil: {} is left over and can be removed: {reason}", self.folder.display());
        }
    }
}
