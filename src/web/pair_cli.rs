//! `counterfoil pair` and `counterfoil token`: letting screens and programs in from the box's own console. Both ask the running node by a
//! file in its data folder; whoever can write there owns the box already.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use super::pairing::{Scope, confirm_by_file, token_by_file};
use crate::ids::WorkstationId;
use crate::process;

const WAIT: Duration = Duration::from_secs(10);

#[derive(Debug, clap::Args)]
pub struct PairArguments {
    /// The code that the new screen shows.
    pub code: String,
    /// The data folder of the running node.
    #[arg(long)]
    pub data_dir: PathBuf,
}

#[derive(Debug, clap::Args)]
pub struct TokenArguments {
    /// What the program is called in the list of screens.
    pub name: String,
    /// The data folder of the running node.
    #[arg(long)]
    pub data_dir: PathBuf,
    /// Bind it to one workstation; without it the token opens the whole store.
    #[arg(long)]
    pub workstation: Option<WorkstationId>,
}

pub fn pair(arguments: &PairArguments) -> ExitCode {
    match confirm_by_file(&arguments.data_dir, &arguments.code, WAIT) {
        Ok(name) => {
            println!("paired: {name}");
            ExitCode::SUCCESS
        }
        Err(reason) => process::fail(&reason, process::EXIT_UNAVAILABLE),
    }
}

/// Prints the secret, once, alone on its line: for `Authorization: Bearer …`.
pub fn token(arguments: TokenArguments) -> ExitCode {
    let scope = arguments.workstation.map_or(Scope::Any, Scope::Workstation);
    match token_by_file(&arguments.data_dir, &arguments.name, scope, WAIT) {
        Ok(secret) => {
            println!("{secret}");
            ExitCode::SUCCESS
        }
        Err(reason) => process::fail(&reason, process::EXIT_UNAVAILABLE),
    }
}
