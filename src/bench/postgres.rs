//! The same on PostgreSQL, where `--postgres` names an empty database; it is empty again afterwards.

use super::row::Row;
use super::{BenchArguments, CannotMeasure};
use crate::head_office::db::Server;
use crate::head_office::storage::{self, Claimed};

/// Runs `measure` on the database that was named; else the row says that one can be named.
pub fn as_well(
    row: &mut Row,
    arguments: &BenchArguments,
    measure: impl FnOnce(&mut Row, &str, Server) -> Result<(), CannotMeasure>,
) -> Result<(), CannotMeasure> {
    let Some(url) = &arguments.postgres else {
        row.note("PostgreSQL is measured as well when an empty database is named with --postgres URL");
        return Ok(());
    };
    let failed = "preparing the database";
    let server = Server::new(url).map_err(CannotMeasure::doing("--postgres"))?;
    let claim = || match storage::claim_for_demo(&server, true).map_err(CannotMeasure::doing(failed))? {
        Claimed::Ours => Ok(()),
        Claimed::Foreign => Err(CannotMeasure::new(failed, "it has tables that no demo or bench made: name an empty one")),
    };
    claim()?;
    let measured = measure(row, url, server.clone());
    claim()?;
    measured
}
