//! `counterfoil head-office`: the service, the word that a backup was put back, and words about boxes ([`super::node_cli`]) and about who
//! may do what ([`super::access::cli`]).

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use super::access::{self, cli::AccessTask};
use super::config;
use super::node_cli::{self, NodeTask};
use super::serve::{StartError, restore, start};
use crate::node::{figures, notify};
use crate::process;
use crate::sync::enrolment::Pin;
use crate::time::SystemClock;

#[derive(Debug, clap::Args)]
pub struct HeadOfficeArguments {
    /// Head office's TOML file.
    #[arg(long, global = true, default_value = "/etc/counterfoil/head-office.toml")]
    pub config: PathBuf,
    /// Check the file, say what is wrong with it, and end.
    #[arg(long)]
    pub check_config: bool,
    /// The database was put back from a backup: raise the epoch, so that the stores send what it lacks, and end.
    #[arg(long)]
    pub restored: bool,
    #[command(subcommand)]
    pub task: Option<HeadOfficeTask>,
}

/// What a person does about boxes, people and programs.
#[derive(Debug, clap::Subcommand)]
pub enum HeadOfficeTask {
    #[command(flatten)]
    Node(NodeTask),
    #[command(flatten)]
    Access(AccessTask),
}

pub fn run(arguments: &HeadOfficeArguments) -> ExitCode {
    let config = match config::load(&arguments.config) {
        Ok(config) => config,
        Err(reason) => return process::fail(&reason, process::EXIT_CONFIG),
    };
    if arguments.check_config {
        println!("{} is right: head office listens on {}", arguments.config.display(), config.listen);
        return ExitCode::SUCCESS;
    }
    match &arguments.task {
        Some(HeadOfficeTask::Node(task)) => return node_cli::run(&config, task),
        Some(HeadOfficeTask::Access(task)) => return access::cli::run(&config, task),
        None => {}
    }
    if arguments.restored {
        return match restore(&config) {
            Ok(epoch) => {
                println!("epoch {epoch}: at the next contact every store sends what this database lacks");
                ExitCode::SUCCESS
            }
            Err(reason) => process::fail(&reason, process::EXIT_UNAVAILABLE),
        };
    }
    process::log_to_stderr("info");
    figures::install();
    process::runtime().block_on(async {
        let running = match start(config, Arc::new(SystemClock::new())).await {
            Ok(running) => running,
            Err(reason @ (StartError::Storage(_) | StartError::Door(_))) => return process::fail(&reason, process::EXIT_UNAVAILABLE),
            Err(reason @ StartError::OpenToAll { .. }) => return process::fail(&reason, process::EXIT_CONFIG),
        };
        notify::ready();
        println!("head office: http{}://{}/", if running.is_tls() { "s" } else { "" }, running.pages_address);
        if running.is_locked() {
            println!("nodes call: {}", node_cli::called_at(running.office.config(), running.address.port()));
        }
        if let Some(code) = &running.setup_code {
            println!("nobody may sign in yet: type the one-time set-up code {code} at /setup");
        }
        println!("public key: {}", running.office.public_key());
        if let Some(authority) = running.office.authority() {
            println!("certificate authority: {}", Pin::of(&authority.fingerprint()));
        }
        process::asked_to_stop().await;
        notify::stopping();
        running.stop().await;
        ExitCode::SUCCESS
    })
}
