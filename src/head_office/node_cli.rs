//! `counterfoil head-office enrol-code`, `nodes`, `approve`, `revoke`, `found-journal`: a person's word about boxes, straight into the database, whether head
//! office runs or not.

use std::process::ExitCode;

use super::access::cli::note_command;
use super::authority::Authority;
use super::config::HeadOfficeConfig;
use super::db::Connection;
use super::enrolment::{self, CodeFor, NodeRow, NotDone, State};
use super::found_journal::{self, FoundError, FoundJournal};
use super::reconcile::{self, Reconcile};
use super::storage::{self, Folders, StorageError};
use crate::ids::{NodeId, StoreId};
use crate::process;
use crate::sync::enrolment::Code;
use crate::time::{Clock, SystemClock};
use crate::web::tls::DoorError;

#[derive(Debug, clap::Subcommand)]
pub enum NodeTask {
    /// Print a one-time code by which a box is let in; good for half an hour.
    EnrolCode(EnrolCode),
    /// List the boxes: whose certificate is good until when, who waits for approval, who is revoked.
    Nodes,
    /// Let a box back in that was away for longer than its certificate lived and has proved its key.
    Approve(Named),
    /// Hear a box no more, from now on.
    Revoke(Revoke),
    /// Take in the journal of a box that was replaced, when its disk has turned up.
    FoundJournal(FoundJournal),
    /// Compare the sums of business days with the journals' stored bytes, to the cent and the unit.
    Reconcile(Reconcile),
}

#[derive(Debug, clap::Args)]
pub struct EnrolCode {
    /// The store the code is for.
    #[arg(long)]
    store: StoreId,
    /// The node the code is for; any of the store without it.
    #[arg(long)]
    node: Option<NodeId>,
    /// The box takes the place of the one that is this node now, which is not heard any more.
    #[arg(long, requires = "node")]
    replace: bool,
}

#[derive(Debug, clap::Args)]
pub struct Named {
    #[arg(long)]
    pub store: StoreId,
    #[arg(long)]
    pub node: NodeId,
}

#[derive(Debug, clap::Args)]
pub struct Revoke {
    #[command(flatten)]
    of: Named,
    /// Why, for the page Nodes.
    #[arg(long, default_value = "")]
    reason: String,
}

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
pub enum NodeCliError {
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error(transparent)]
    Door(#[from] DoorError),
    #[error(transparent)]
    Found(#[from] FoundError),
    #[error("head_office.enrolment is off: boxes get their certificates from elsewhere; set it to true to enrol them here")]
    NoEnrolment,
    #[error("{0} codes wait to be used: use those, or wait until they have run out", enrolment::CODES_OPEN_MAX)]
    TooManyCodes,
    #[error("store and node are written into a certificate, so their ids cannot contain a dot: use letters, digits and -")]
    BadName,
    #[error("the machine gave no random numbers: {0}")]
    NoRandomness(String),
    #[error("no box was ever enrolled as node {node} of store {store}: `counterfoil head-office nodes` lists them")]
    Unknown { store: StoreId, node: NodeId },
    #[error("node {node} of store {store} is revoked: make it a new code with `counterfoil head-office enrol-code`")]
    Revoked { store: StoreId, node: NodeId },
    #[error("the certificate of node {node} in store {store} is good until {until}: there is nothing to approve")]
    StillGood { store: StoreId, node: NodeId, until: String },
    #[error("node {node} of store {store} has not called since its certificate ran out: start it, and approve it when it waits")]
    NotBack { store: StoreId, node: NodeId },
}

pub fn run(config: &HeadOfficeConfig, task: &NodeTask) -> ExitCode {
    if let NodeTask::Reconcile(wanted) = task {
        return reconcile::run(config, wanted, SystemClock::new().now().ms);
    }
    match carry_out(config, task, SystemClock::new().now().ms) {
        Ok(words) => {
            process::say(&words);
            ExitCode::SUCCESS
        }
        Err(reason @ (NodeCliError::Storage(_) | NodeCliError::Door(_))) => process::fail(&reason, process::EXIT_UNAVAILABLE),
        Err(NodeCliError::NoEnrolment) => process::fail(&NodeCliError::NoEnrolment, process::EXIT_CONFIG),
        Err(reason) => process::fail(&reason, 1),
    }
}

/// Does it and returns what to print.
pub fn carry_out(config: &HeadOfficeConfig, task: &NodeTask, now_ms: i64) -> Result<String, NodeCliError> {
    if !config.enrolment {
        return Err(NodeCliError::NoEnrolment);
    }
    let folders = Folders::of(config);
    let connection = storage::open(&folders)?;
    let failed = |source| NodeCliError::Storage(folders.failed(source));
    match task {
        NodeTask::Reconcile(wanted) => Ok(reconcile::on_demand(config, wanted, now_ms)?.0),
        NodeTask::EnrolCode(wanted) => enrol_code(config, &folders, &connection, wanted, now_ms),
        NodeTask::FoundJournal(wanted) => {
            let words = found_journal::carry_out(&connection, wanted, now_ms)?;
            let (store, node) = wanted.of();
            noted(&connection, &folders, ("take in a found journal", node.as_str(), store), now_ms, || Ok(Ok::<(), NodeCliError>(())))??;
            Ok(words)
        }
        NodeTask::Nodes => Ok(table(config, &enrolment::list(&connection, now_ms).map_err(failed)?)),
        NodeTask::Approve(Named { store, node }) => {
            let done = noted(&connection, &folders, ("approve node", node.as_str(), store), now_ms, || {
                enrolment::approve(&connection, store, node, now_ms)
            })?;
            done.map_err(|why| not_done(config, why, store, node))?;
            Ok(format!("node {node} of store {store} is approved: it goes on by itself within a minute"))
        }
        NodeTask::Revoke(Revoke { of: Named { store, node }, reason }) => {
            let done = noted(&connection, &folders, ("revoke node", node.as_str(), store), now_ms, || {
                enrolment::revoke(&connection, store, node, reason, now_ms)
            })?;
            done.map_err(|why| not_done(config, why, store, node))?;
            let lead = super::leads::current(&connection, store.as_str()).map_err(failed)?;
            let is_lead = lead.is_some_and(|lead| lead.node == node.as_str());
            let more = if is_lead {
                "\nthe orders of the store lie with it: name another node on the page Orders, or replace the box"
            } else {
                ""
            };
            Ok(format!("node {node} of store {store} is revoked: it is not heard any more{more}"))
        }
    }
}

/// The whole of `work` with its line in the log, or nothing of it.
fn noted<T, E>(
    connection: &Connection,
    folders: &Folders,
    (act, node, store): (&str, &str, &StoreId),
    now_ms: i64,
    work: impl FnOnce() -> super::db::Result<Result<T, E>>,
) -> Result<Result<T, E>, StorageError> {
    let failed = |source| folders.failed(source);
    let transaction = connection.begin().map_err(failed)?;
    let done = work().map_err(failed)?;
    if done.is_ok() {
        let object = if node.is_empty() { String::new() } else { format!("node {node}") };
        note_command(connection, folders, (act, &object, store.as_str()), now_ms)?;
    }
    transaction.commit().map_err(failed)?;
    Ok(done)
}

fn enrol_code(
    config: &HeadOfficeConfig,
    folders: &Folders,
    connection: &Connection,
    wanted: &EnrolCode,
    now_ms: i64,
) -> Result<String, NodeCliError> {
    let (key, authority) = (folders.load_key()?, Authority::open(&folders.root).map_err(StorageError::from)?);
    let (_, pin) = authority.server_trust(config.tls.as_ref())?;
    let mut random = [0; 10];
    getrandom::fill(&mut random).map_err(|error| NodeCliError::NoRandomness(error.to_string()))?;
    let EnrolCode { store, node, replace } = wanted;
    let code_for = CodeFor::new(store.clone(), node.clone(), *replace).ok_or(NodeCliError::BadName)?;
    let agreed = || -> super::db::Result<bool> {
        Ok(storage::agree(connection, "ca", &authority.fingerprint().to_string())?
            && (!connection.is_shared() || storage::agree(connection, "public_key", &key.public_hex())?))
    };
    let named = node.as_ref().map_or("", NodeId::as_str);
    let code = noted(connection, folders, ("make enrolment code", named, store), now_ms, || {
        if !agreed()? {
            return Ok(Err(NodeCliError::from(StorageError::OtherAuthority { place: folders.place(), folder: folders.root.clone() })));
        }
        Ok(enrolment::make_code(connection, &key, pin, random, &code_for, now_ms)?.ok_or(NodeCliError::TooManyCodes))
    });
    let code = code??;
    let whom = match node {
        Some(node) if *replace => format!("for the box that takes the place of node {node} in store {store}"),
        Some(node) => format!("for node {node} of store {store}"),
        None => format!("for a box of store {store}"),
    };
    let (until, command) = (clock_time(config, now_ms + enrolment::CODE_LIFE_MS), command_line(config, &code));
    Ok(format!("{code}\n\n{whom}, once, until {until}. On the box, as root:\n  {command}"))
}

/// What is typed on a box to enrol it.
pub fn command_line(config: &HeadOfficeConfig, code: &Code) -> String {
    format!("counterfoil enrol --config /etc/counterfoil/node.toml --head-office {} --code {code}", called_at(config, config.listen.port()))
}

/// Where boxes call, as far as the configuration says it. `port`: the one that is listened on.
pub fn called_at(config: &HeadOfficeConfig, port: u16) -> String {
    match config.hosts.first() {
        Some(host) if host.contains(':') => format!("https://{host}"),
        Some(host) => format!("https://{host}:{port}"),
        None if config.listen.ip().is_unspecified() => format!("https://HEAD-OFFICE:{port}"),
        None => format!("https://{}", std::net::SocketAddr::new(config.listen.ip(), port)),
    }
}

fn not_done(config: &HeadOfficeConfig, why: NotDone, store: &StoreId, node: &NodeId) -> NodeCliError {
    let (store, node) = (store.clone(), node.clone());
    match why {
        NotDone::Unknown => NodeCliError::Unknown { store, node },
        NotDone::Revoked => NodeCliError::Revoked { store, node },
        NotDone::StillGood { expires_ms } => NodeCliError::StillGood { store, node, until: clock_time(config, expires_ms) },
        NotDone::NotBack => NodeCliError::NotBack { store, node },
    }
}

fn clock_time(config: &HeadOfficeConfig, ms: i64) -> String {
    let at = jiff::Timestamp::from_millisecond(ms).unwrap_or_default().to_zoned(config.time_zone.clone());
    at.strftime("%Y-%m-%d %H:%M").to_string()
}

pub fn words(state: State) -> &'static str {
    match state {
        State::Good => "good",
        State::Expired => "expired",
        State::WaitsForApproval => "waits for approval",
        State::Approved => "approved",
        State::Revoked => "revoked",
        State::TwoBoxes => "two boxes",
        State::NotEnrolled => "not enrolled",
    }
}

fn table(config: &HeadOfficeConfig, rows: &[NodeRow]) -> String {
    if rows.is_empty() {
        return "no box is enrolled: make a code with `counterfoil head-office enrol-code --store STORE`".to_owned();
    }
    let head = ["STORE", "NODE", "STATE", "GOOD UNTIL", "LAST CONTACT", "KEY"].map(str::to_owned);
    let time = |ms: Option<i64>| ms.map_or_else(|| "-".to_owned(), |ms| clock_time(config, ms));
    let lines: Vec<[String; 6]> = std::iter::once(head)
        .chain(rows.iter().map(|row| {
            let key = row.public_key.as_deref().unwrap_or("-").chars().take(16).collect();
            [row.store.clone(), row.node.clone(), words(row.state).to_owned(), time(row.expires_ms), time(row.last_contact_ms), key]
        }))
        .collect();
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..6).map(width).collect();
    let line = |cells: &[String; 6]| {
        let padded: Vec<String> = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        padded.join("  ").trim_end().to_owned()
    };
    lines.iter().map(line).collect::<Vec<_>>().join("\n")
}
