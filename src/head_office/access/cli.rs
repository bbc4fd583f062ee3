//! `counterfoil head-office person`, `token`, `audit`: who may do what, straight into the database, whether head office runs or not. Whoever can read
//! its configuration and write its data owns it already; what they do here stands in the log all the same.

use std::process::ExitCode;

use super::rights::{Reach, Role};
use super::tokens::{self, Wanted};
use super::{accounts, audit, passwords, sessions, terminal};
use crate::head_office::config::HeadOfficeConfig;
use crate::head_office::db::{self, Connection};
use crate::head_office::storage::{self, Folders, StorageError};
use crate::process;
use crate::time::{Clock, SystemClock};

#[derive(Debug, clap::Subcommand)]
pub enum AccessTask {
    /// People of head office, who sign in on its pages.
    #[command(subcommand)]
    Person(PersonTask),
    /// Tokens by which programs come in.
    #[command(subcommand)]
    Token(TokenTask),
    /// The log of acts.
    #[command(subcommand)]
    Audit(AuditTask),
}

#[derive(Debug, clap::Subcommand)]
pub enum PersonTask {
    /// Add somebody; prints a password once, to be replaced at the first sign-in.
    Add(PersonAdd),
    /// Everybody, with role, stores and when they were last there.
    List,
    /// Another role, name or other stores.
    Change(PersonChange),
    /// Another password: made and shown once, or typed. Every session of theirs ends.
    Reset(PersonReset),
    /// Shut somebody out, at once.
    Disable(Login),
    /// Let somebody in again.
    Enable(Login),
}

#[derive(Debug, clap::Args)]
pub struct Login {
    /// What they sign in by.
    pub login: String,
}

#[derive(Debug, clap::Args)]
pub struct PersonAdd {
    /// What they sign in by: letters, digits and . - _ @
    pub login: String,
    #[arg(long)]
    pub name: String,
    #[arg(long, value_enum)]
    pub role: Role,
    #[command(flatten)]
    pub reach: ReachArgs,
    /// Type the password (without echo), or pipe it in, instead of having one made.
    #[arg(long)]
    pub type_password: bool,
}

#[derive(Debug, clap::Args)]
pub struct PersonChange {
    pub login: String,
    #[arg(long)]
    pub name: Option<String>,
    #[arg(long, value_enum)]
    pub role: Option<Role>,
    #[command(flatten)]
    pub reach: ReachArgs,
}

#[derive(Debug, clap::Args)]
pub struct PersonReset {
    pub login: String,
    /// Type the password (without echo), or pipe it in, instead of having one made.
    #[arg(long)]
    pub type_password: bool,
}

#[derive(Debug, clap::Args)]
pub struct ReachArgs {
    /// For these stores alone: ids with commas between, or * for all.
    #[arg(long, value_name = "STORES")]
    pub stores: Option<String>,
    /// For the stores of these regions.
    #[arg(long, value_name = "REGIONS")]
    pub regions: Option<String>,
}

#[derive(Debug, clap::Subcommand)]
pub enum TokenTask {
    /// Make one; it is printed once, alone on its line.
    Add(TokenAdd),
    /// All of them, with scope, stores, end and last use.
    List,
    /// It is good for nothing from now on.
    Revoke(TokenName),
}

#[derive(Debug, clap::Args)]
pub struct TokenAdd {
    /// The program's name.
    pub name: String,
    /// What it may do: look, orders, help-shops, manage, audit; with commas between.
    #[arg(long)]
    pub scope: String,
    #[command(flatten)]
    pub reach: ReachArgs,
    /// The channels that it is for, with commas between: it sees and does nothing else.
    #[arg(long)]
    pub channels: Option<String>,
    /// How many days it is good.
    #[arg(long, default_value_t = tokens::DAYS)]
    pub days: u32,
}

#[derive(Debug, clap::Args)]
pub struct TokenName {
    pub name: String,
}

#[derive(Debug, clap::Subcommand)]
pub enum AuditTask {
    /// Walk the whole log and name the first row that is not what was written.
    Verify {
        /// A head that was printed earlier ("row 4711 3fa9…"): it must still be in the log.
        #[arg(long, num_args = 2, value_names = ["ROW", "HASH"])]
        known: Option<Vec<String>>,
    },
}

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error(transparent)]
    Person(#[from] accounts::NotDone),
    #[error(transparent)]
    Token(#[from] tokens::NotDone),
    #[error("{0}")]
    Typed(String),
    #[error("the password cannot be read: {0}")]
    Console(#[from] std::io::Error),
    #[error(
        "the log of acts is broken: {0}; what is before that row is as it was written. Keep the database, find out who could write to it"
    )]
    Broken(#[from] audit::Broken),
}

pub fn run(config: &HeadOfficeConfig, task: &AccessTask) -> ExitCode {
    match carry_out(config, task, terminal::typed_password, SystemClock::new().now().ms) {
        Ok(words) => {
            process::say(&words);
            ExitCode::SUCCESS
        }
        Err(reason @ AccessError::Storage(_)) => process::fail(&reason, process::EXIT_UNAVAILABLE),
        Err(reason) => process::fail(&reason, 1),
    }
}

/// Who is at this console, as far as the machine says it.
pub fn console_user() -> String {
    let uid = rustix::process::getuid().as_raw();
    let names = ["SUDO_USER", "LOGNAME", "USER"].iter().filter_map(|name| std::env::var(name).ok());
    match names.into_iter().find(|name| !name.is_empty() && name.len() <= 40) {
        Some(name) => format!("uid {uid}, {name}"),
        None => format!("uid {uid}"),
    }
}

/// Notes an act of a command line, inside the transaction of that act.
pub fn note_command(
    connection: &Connection,
    folders: &Folders,
    (act, object, store): (&str, &str, &str),
    now_ms: i64,
) -> Result<(), StorageError> {
    let key = folders.load_key()?;
    let failed = |source| folders.failed(source);
    if connection.is_shared() && !storage::agree(connection, "public_key", &key.public_hex()).map_err(failed)? {
        return Err(StorageError::OtherKey { place: folders.place(), folder: folders.root.clone() });
    }
    audit::append(connection, &key, &command_entry(act, object, store), now_ms).map_err(failed)
}

/// What the log says of a command line.
pub fn command_entry(act: &str, object: &str, store: &str) -> audit::Entry {
    audit::Entry {
        who: super::CONSOLE.to_owned(),
        via: "command".to_owned(),
        from: console_user(),
        act: act.to_owned(),
        object: object.to_owned(),
        store: store.to_owned(),
        outcome: audit::CHANGED.to_owned(),
    }
}

/// Does it and returns what to print. `typed`: asks for a password, twice.
pub fn carry_out(
    config: &HeadOfficeConfig,
    task: &AccessTask,
    typed: impl FnOnce() -> std::io::Result<(String, String)>,
    now_ms: i64,
) -> Result<String, AccessError> {
    let folders = Folders::of(config);
    let connection = storage::open(&folders)?;
    let place = Place { config, folders: &folders, connection: &connection, now_ms };
    match task {
        AccessTask::Person(task) => place.person(task, typed),
        AccessTask::Token(task) => place.token(task),
        AccessTask::Audit(AuditTask::Verify { known }) => place.verify(known.as_deref()),
    }
}

struct Place<'a> {
    config: &'a HeadOfficeConfig,
    folders: &'a Folders,
    connection: &'a Connection,
    now_ms: i64,
}

impl Place<'_> {
    fn person(&self, task: &PersonTask, typed: impl FnOnce() -> std::io::Result<(String, String)>) -> Result<String, AccessError> {
        match task {
            PersonTask::Add(wanted) => {
                let draft = accounts::Draft {
                    login: wanted.login.clone(),
                    name: wanted.name.clone(),
                    role: wanted.role,
                    reach: self.reach(&wanted.reach)?.unwrap_or(Reach::All),
                };
                accounts::check(&draft)?;
                let (password, hash) = password(wanted.type_password, &wanted.login, typed)?;
                self.act(("add person", &wanted.login), |connection, now_ms| {
                    accounts::add(connection, &draft, &hash, password.is_some(), now_ms)
                })?;
                Ok(format!("{} is {} for {}{}", draft.login, draft.role.words(), draft.reach, shown_once(password.as_deref())))
            }
            PersonTask::List => self.people(),
            PersonTask::Change(wanted) => {
                let before = self.ask(|connection| accounts::find(connection, &wanted.login))?;
                let before = before.ok_or_else(|| accounts::NotDone::Unknown(wanted.login.clone()))?;
                let draft = accounts::Draft {
                    login: before.login,
                    name: wanted.name.clone().unwrap_or(before.name),
                    role: wanted.role.unwrap_or(before.role),
                    reach: self.reach(&wanted.reach)?.unwrap_or(before.reach),
                };
                self.act(("change person", &wanted.login), |connection, now_ms| accounts::change(connection, &draft, now_ms))?;
                Ok(format!("{} is {} for {}", draft.login, draft.role.words(), draft.reach))
            }
            PersonTask::Reset(PersonReset { login, type_password }) => {
                let (password, hash) = password(*type_password, login, typed)?;
                self.act(("reset password", login), |connection, now_ms| {
                    accounts::set_password(connection, login, &hash, password.is_some(), None, now_ms)
                })?;
                Ok(format!("{login} has another password, and every session of theirs has ended{}", shown_once(password.as_deref())))
            }
            PersonTask::Disable(Login { login }) => {
                self.act(("disable person", login), |connection, now_ms| accounts::disable(connection, login, true, now_ms))?;
                Ok(format!("{login} is shut out, and every session of theirs has ended"))
            }
            PersonTask::Enable(Login { login }) => {
                self.act(("enable person", login), |connection, now_ms| accounts::disable(connection, login, false, now_ms))?;
                Ok(format!("{login} may sign in again"))
            }
        }
    }

    fn token(&self, task: &TokenTask) -> Result<String, AccessError> {
        match task {
            TokenTask::Add(TokenAdd { name, scope, reach, channels, days }) => {
                let reach = self.reach(reach)?.unwrap_or(Reach::All);
                let bound = channels.as_deref().unwrap_or_default();
                let wanted =
                    Wanted { name: name.clone(), scope: tokens::scope(scope)?, reach, channels: tokens::channels(bound)?, days: *days };
                let object = if bound.is_empty() { name.clone() } else { format!("{name}, channels {bound}") };
                self.act(("make token", &object), |connection, now_ms| tokens::make(connection, &wanted, super::CONSOLE, now_ms))
            }
            TokenTask::List => self.tokens(),
            TokenTask::Revoke(TokenName { name }) => {
                self.act(("revoke token", name), |connection, now_ms| tokens::revoke(connection, name, now_ms))?;
                Ok(format!("the token {name} is good for nothing any more"))
            }
        }
    }

    fn verify(&self, known: Option<&[String]>) -> Result<String, AccessError> {
        let known = match known {
            Some([row, hash]) => {
                let seq = row
                    .parse()
                    .map_err(|_| AccessError::Typed(format!("{row:?} is no row's number: give ROW and HASH as they were printed")))?;
                Some(audit::Head { seq, hash: hash.clone() })
            }
            _ => None,
        };
        let key = self.folders.load_key()?.public();
        let failed = |source| self.folders.failed(source);
        self.connection.begin_reading().map_err(failed)?;
        let verified = audit::verify(self.connection, &key, known.as_ref());
        self.connection.commit().map_err(failed)?;
        let head = verified.map_err(failed)??;
        Ok(match head.seq {
            0 => "the log of acts is empty".to_owned(),
            seq => format!("the log of acts is whole: {seq} rows\nrow {seq} {}", head.hash),
        })
    }

    fn people(&self) -> Result<String, AccessError> {
        let rows = self.ask(accounts::list)?;
        if rows.is_empty() {
            return Ok("nobody yet: `counterfoil head-office person add LOGIN --name NAME --role admin`".to_owned());
        }
        let seen = self.ask(|connection| sessions::list(connection, None, self.now_ms))?;
        let lines = rows.iter().map(|row| {
            let is_here = seen.iter().any(|session| session.login == row.login);
            let state = match (row.disabled_ms, row.must_change) {
                (Some(_), _) => "shut out",
                (None, true) => "has to choose a password",
                (None, false) if is_here => "signed in",
                (None, false) => "",
            };
            let seen = row.seen_ms.map_or_else(|| "-".to_owned(), |ms| self.time(ms));
            [row.login.clone(), row.name.clone(), row.role.words().to_owned(), row.reach.to_string(), seen, state.to_owned()]
        });
        Ok(table(["LOGIN", "NAME", "ROLE", "STORES", "LAST SEEN", "STATE"], lines))
    }

    fn tokens(&self) -> Result<String, AccessError> {
        let rows = self.ask(tokens::list)?;
        if rows.is_empty() {
            return Ok("no tokens: `counterfoil head-office token add NAME --scope look`".to_owned());
        }
        let lines = rows.iter().map(|row| {
            let scope = row.scope.iter().map(|right| right.name()).collect::<Vec<_>>().join(" ");
            let used = row.used_ms.map_or_else(|| "never".to_owned(), |ms| self.time(ms));
            let until = match row.revoked_ms {
                Some(_) => "revoked".to_owned(),
                None if row.expires_ms <= self.now_ms => "over".to_owned(),
                None => self.time(row.expires_ms),
            };
            [row.name.clone(), scope, row.bounds(), until, used, row.made_by.clone()]
        });
        Ok(table(["NAME", "SCOPE", "FOR", "GOOD UNTIL", "LAST USED", "MADE BY"], lines))
    }

    /// `None`: neither was named.
    fn reach(&self, typed: &ReachArgs) -> Result<Option<Reach>, AccessError> {
        if typed.stores.is_none() && typed.regions.is_none() {
            return Ok(None);
        }
        let (stores, regions) = (typed.stores.as_deref().unwrap_or_default(), typed.regions.as_deref().unwrap_or_default());
        Reach::parse(stores, regions).map(Some).map_err(AccessError::Typed)
    }

    fn ask<T>(&self, question: impl FnOnce(&Connection) -> db::Result<T>) -> Result<T, AccessError> {
        Ok(question(self.connection).map_err(|source| self.folders.failed(source))?)
    }

    /// The act and its line in the log, or neither.
    fn act<T, E>(
        &self,
        (act, object): (&str, &str),
        work: impl FnOnce(&Connection, i64) -> db::Result<Result<T, E>>,
    ) -> Result<T, AccessError>
    where
        AccessError: From<E>,
    {
        let failed = |source| self.folders.failed(source);
        let transaction = self.connection.begin().map_err(failed)?;
        let done = work(&transaction, self.now_ms).map_err(failed)??;
        note_command(&transaction, self.folders, (act, object, ""), self.now_ms)?;
        transaction.commit().map_err(failed)?;
        Ok(done)
    }

    fn time(&self, ms: i64) -> String {
        let at = jiff::Timestamp::from_millisecond(ms).unwrap_or_default().to_zoned(self.config.time_zone.clone());
        at.strftime("%Y-%m-%d %H:%M").to_string()
    }
}

/// The one that was made, if it was, and the hash of it or of the one that was typed.
fn password(
    is_typed: bool,
    login: &str,
    typed: impl FnOnce() -> std::io::Result<(String, String)>,
) -> Result<(Option<String>, String), AccessError> {
    if !is_typed {
        let (password, hash) = accounts::made_password();
        return Ok((Some(password), hash));
    }
    let (first, again) = typed()?;
    if first != again {
        return Err(AccessError::Typed("the two differ: try again".to_owned()));
    }
    passwords::check(&first, login).map_err(AccessError::Typed)?;
    Ok((None, passwords::hash(&first)))
}

fn shown_once(password: Option<&str>) -> String {
    password.map_or_else(String::new, |password| format!("\npassword, shown this once, to be replaced at the first sign-in:\n{password}"))
}

fn table<const N: usize>(head: [&str; N], rows: impl Iterator<Item = [String; N]>) -> String {
    let lines: Vec<[String; N]> = std::iter::once(head.map(str::to_owned)).chain(rows).collect();
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..N).map(width).collect();
    let line = |cells: &[String; N]| {
        let padded: Vec<String> = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        padded.join("  ").trim_end().to_owned()
    };
    lines.iter().map(line).collect::<Vec<_>>().join("\n")
}
