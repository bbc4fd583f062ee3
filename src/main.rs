//! argv → subcommand → exit code. Errors are printed here, once.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The program on the box in the shop: sells, prints, keeps the record, and tells head office when it can.
#[derive(Parser)]
#[command(name = "counterfoil", version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Task,
}

#[derive(Subcommand)]
enum Task {
    /// A whole shop and its head office on this machine, with simulated devices.
    #[cfg(feature = "head-office")]
    Demo(counterfoil::demo::DemoArguments),
    /// The daemon of one store node.
    Node {
        /// The node's TOML file.
        #[arg(long)]
        config: PathBuf,
        /// Check the file, say what is wrong with it, and end.
        #[arg(long)]
        check_config: bool,
    },
    /// The service that receives every store.
    #[cfg(feature = "head-office")]
    HeadOffice(counterfoil::head_office::cli::HeadOfficeArguments),
    /// Bring articles, prices and stock into head office.
    #[cfg(feature = "head-office")]
    #[command(subcommand)]
    Import(counterfoil::head_office::import::Import),
    /// Read, verify and export the record.
    Journal(counterfoil::journal::cli::JournalArgs),
    /// Look at this box: folders, devices, clock, head office; each finding with its remedy.
    Check(counterfoil::check::CheckArgs),
    /// Make this box known to head office with a one-time code.
    Enrol(counterfoil::enrol::EnrolArguments),
    /// Bring a node's record back from head office to a new box that is enrolled in place of a broken one.
    Restore(counterfoil::restore::RestoreArguments),
    /// List the devices, or try one: test page, beep, drawer.
    Device(counterfoil::device::trial::DeviceArgs),
    /// Confirm the pairing code that a new screen shows.
    Pair(counterfoil::web::pair_cli::PairArguments),
    /// Make a token for a program that uses the API.
    Token(counterfoil::web::pair_cli::TokenArguments),
    /// Measure this machine.
    #[cfg(feature = "head-office")]
    Bench(counterfoil::bench::BenchArguments),
    /// A chain of stores with power cuts, bad disks and a bad line, from a seed.
    #[cfg(feature = "head-office")]
    Sim(counterfoil::sim::SimArguments),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    counterfoil::process::prepare();
    match arguments.command {
        #[cfg(feature = "head-office")]
        Task::Demo(arguments) => counterfoil::demo::run(arguments),
        Task::Node { config, check_config } => counterfoil::node::service::run(&config, check_config),
        #[cfg(feature = "head-office")]
        Task::HeadOffice(arguments) => counterfoil::head_office::cli::run(&arguments),
        #[cfg(feature = "head-office")]
        Task::Import(arguments) => counterfoil::head_office::import::run(&arguments),
        Task::Journal(arguments) => counterfoil::journal::cli::run(&arguments),
        Task::Check(arguments) => counterfoil::check::run(&arguments),
        Task::Enrol(arguments) => counterfoil::enrol::run(&arguments),
        Task::Restore(arguments) => counterfoil::restore::run(&arguments),
        Task::Device(arguments) => counterfoil::device::trial::run(&arguments),
        Task::Pair(arguments) => counterfoil::web::pair_cli::pair(&arguments),
        Task::Token(arguments) => counterfoil::web::pair_cli::token(arguments),
        #[cfg(feature = "head-office")]
        Task::Bench(arguments) => counterfoil::bench::run(arguments),
        #[cfg(feature = "head-office")]
        Task::Sim(arguments) => counterfoil::sim::run(&arguments),
    }
}
