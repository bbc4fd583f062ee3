//! `counterfoil journal`: for auditors and for the on-call technician. Reads, never writes, and needs no running node.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::disk::Folder;
use super::error::ReadError;
use super::key::PublicKey;
use super::record::{Record, tag};
use super::segment::SegmentName;
use super::verify::{VerifyReport, verify};
use super::walk::{Step, Walk};
use super::writer::Limits;
use crate::time::{ClockQuality, rfc3339};

/// All is well.
const CLEAN: u8 = 0;
/// A record is bad; the first one was named.
const BAD: u8 = 1;
/// The folder or the key could not be read.
const UNREADABLE: u8 = 2;

#[derive(Debug, Args)]
pub struct JournalArgs {
    #[command(subcommand)]
    pub command: JournalCommand,
}

#[derive(Debug, Subcommand)]
pub enum JournalCommand {
    /// Checks every record: checksum, chain, sequence, signatures. Exit code 0: clean, 1: a bad record, 2: unreadable.
    Verify(VerifyArgs),
    /// Prints one readable line per record.
    Cat(CatArgs),
    /// Writes a business day as JSON lines and as CSV.
    Export(crate::export::ExportArgs),
}

#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// The journal's folder.
    pub folder: PathBuf,
    /// The node's public key: 64 hex digits, or a file that holds them. Then every signature must be by this key. A node that was restored on another
    /// box has one for each box: name them all.
    #[arg(long)]
    pub key: Vec<String>,
}

#[derive(Debug, Args)]
pub struct CatArgs {
    /// The journal's folder.
    pub folder: PathBuf,
    /// First sequence number.
    #[arg(long, default_value_t = 1)]
    pub from: u64,
    /// Last sequence number.
    #[arg(long, default_value_t = u64::MAX)]
    pub to: u64,
}

pub fn run(args: &JournalArgs) -> ExitCode {
    match &args.command {
        JournalCommand::Verify(args) => run_verify(args, &mut io::stdout().lock()),
        JournalCommand::Cat(args) => run_cat(args, &mut io::stdout().lock()),
        JournalCommand::Export(args) => crate::export::run(args),
    }
}

pub fn run_verify(args: &VerifyArgs, out: &mut dyn Write) -> ExitCode {
    let keys = match args.key.iter().map(|key| read_key(key)).collect::<Result<Vec<_>, _>>() {
        Ok(keys) => keys,
        Err(message) => return complain(&message, UNREADABLE),
    };
    match verify(&args.folder, &keys) {
        Ok(report) if report.segments == 0 => {
            complain(&format!("{} holds no segment: is this a journal's folder?", args.folder.display()), UNREADABLE)
        }
        Ok(report) => {
            let _ = write_report(&report, !keys.is_empty(), out);
            ExitCode::from(if report.first_bad.is_some() { BAD } else { CLEAN })
        }
        Err(error) => complain(&with_source(&error), UNREADABLE),
    }
}

pub fn run_cat(args: &CatArgs, out: &mut dyn Write) -> ExitCode {
    match cat(args, out) {
        Ok(code) => ExitCode::from(code),
        // The reader of a pipe has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::from(CLEAN),
        Err(error) => complain(&format!("reading {} failed: {error}", args.folder.display()), UNREADABLE),
    }
}

/// Walks a folder for a command of this kind. Whatever is not a record is given as text.
pub(crate) fn walk_folder(folder: &Path, each: &mut dyn FnMut(Result<Record, String>) -> io::Result<()>) -> io::Result<()> {
    let disk = Folder::read_only(folder)?;
    let mut walk = Walk::new(&disk, SegmentName::list(&disk)?, None, Limits::default().record_bytes_max);
    while let Some(step) = walk.next()? {
        match step {
            Step::Record(record) => each(Ok(*record))?,
            Step::Bad(bad) => each(Err(bad.to_string()))?,
        }
    }
    Ok(())
}

fn cat(args: &CatArgs, out: &mut dyn Write) -> io::Result<u8> {
    let mut code = CLEAN;
    walk_folder(&args.folder, &mut |step| match step {
        Ok(record) if (args.from..=args.to).contains(&record.seq) => writeln!(out, "{}", readable(&record)),
        Ok(_) => Ok(()),
        Err(bad) => {
            code = BAD;
            writeln!(out, "BAD {bad}")
        }
    })?;
    out.flush()?;
    Ok(code)
}

/// Sequence, time and its quality, business date, what happened, under which key.
fn readable(record: &Record) -> String {
    let quality = match record.at.quality {
        ClockQuality::Synchronised => ' ',
        ClockQuality::Unverified => '?',
        ClockQuality::HeldBack => '<',
    };
    let date = record.date.map_or_else(|| "-".to_owned(), |date| date.to_string());
    let tags: Vec<&str> = record.events.iter().map(|event| tag(event.get()).unwrap_or("?")).collect();
    let key = record.key.as_deref().map(|key| format!("  key {key}")).unwrap_or_default();
    let signed = if record.sig.is_some() { "  signed" } else { "" };
    format!("{:>9}  {}{quality} {date:<10}  {}{key}{signed}", record.seq, rfc3339(record.at.ms), tags.join(" "))
}

fn write_report(report: &VerifyReport, has_key: bool, out: &mut dyn Write) -> io::Result<()> {
    for bad in &report.repaired {
        writeln!(out, "repaired from head office's copy: {bad}")?;
    }
    if let Some(bad) = &report.first_bad {
        writeln!(out, "BAD: {bad}")?;
        writeln!(out, "{} bad stretches, {} intact records in {} segments", report.bad_stretches, report.records, report.segments)?;
        return Ok(());
    }
    let (first, last) = (report.first.map_or(0, |first| first.seq), report.head.map_or(0, |head| head.seq));
    writeln!(out, "clean: {} records ({first} to {last}) in {} segments", report.records, report.segments)?;
    if let Some(head) = report.head {
        writeln!(out, "head: {} {} {}", head.incarnation, head.seq, head.hash)?;
    }
    let believed = if has_key { "by the keys given" } else { "by the keys that the journal itself names" };
    writeln!(out, "signatures: {} hold, {believed}; records after {} are not vouched for yet", report.signatures, report.signed_upto)?;
    if report.unfinished_bytes > 0 {
        writeln!(out, "unfinished: {} bytes of a record that was never acknowledged; the next start cuts them", report.unfinished_bytes)?;
    }
    Ok(())
}

fn read_key(text: &str) -> Result<PublicKey, String> {
    if let Ok(key) = PublicKey::from_hex(text) {
        return Ok(key);
    }
    let content = std::fs::read_to_string(text)
        .map_err(|error| format!("--key {text} is neither 64 hex digits nor a file that can be read ({error})"))?;
    PublicKey::from_hex(content.trim()).map_err(|error| format!("the key in {text} is {error}"))
}

fn with_source(error: &ReadError) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

fn complain(message: &str, code: u8) -> ExitCode {
    eprintln!("counterfoil journal: {message}");
    ExitCode::from(code)
}
