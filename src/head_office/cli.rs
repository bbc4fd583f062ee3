//! `counterfoil head-office`: the service, and the word that a backup was put back.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use super::config;
use super::serve::{StartError, restore, start};
use crate::node::{figures, notify};
use crate::process;
use crate::time::SystemClock;

#[derive(Debug, clap::Args)]
pub struct HeadOfficeArguments {
    /// Head office's TOML file.
    #[arg(long)]
    pub config: PathBuf,
    /// Check the file, say what is wrong with it, and end.
    #[arg(long)]
    pub check_config: bool,
    /// The database was put back from a backup: raise the epoch, so that the stores send what it lacks, and end.
    #[arg(long)]
    pub restored: bool,
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
        };
        notify::ready();
        println!("head office: http{}://{}/", if running.is_tls() { "s" } else { "" }, running.pages_address);
        println!("public key: {}", running.office.public_key());
        process::asked_to_stop().await;
        notify::stopping();
        running.stop().await;
        ExitCode::SUCCESS
    })
}
