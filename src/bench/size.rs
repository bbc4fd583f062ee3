//! What the program weighs: its binary, the crates in it, and the time a clean build takes, beside an empty program of the same
//! toolchain and profile.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use super::row::{Figure, Row, Unit};
use super::{BenchArguments, CannotMeasure, child};

/// Binary and dependencies: takes seconds.
pub fn measure(arguments: &BenchArguments) -> Result<Row, CannotMeasure> {
    let program = child::program(arguments)?;
    let bytes = std::fs::metadata(&program).map_err(CannotMeasure::doing("looking at this program"))?.len();
    let mut row = Row::new("size", "what the program weighs");
    // Where there is no toolchain, there is nothing to compare with.
    let empty = EmptyProgram::create(&std::env::temp_dir()).and_then(|empty| empty.build());
    let figure = Figure::new("binary as it was built", bytes as f64, Unit::Bytes);
    match &empty {
        Ok(built) => row.figure(figure.beside("an empty program, same profile", built.bytes as f64)),
        Err(reason) => row.figure(figure).note(format!("no baseline for the binary: {reason}")),
    };
    match loaded_bytes(&program) {
        Some(loaded) => row.figure(Figure::new("of it, code and data that are loaded", loaded as f64, Unit::Bytes)),
        None => row.note("the binary's segments could not be read"),
    };
    match dependencies(&source_tree()) {
        Ok((all, linked)) => {
            row.figure(Figure::new("crates in Cargo.lock, with those for tests", all as f64, Unit::Count).beside("the empty program", 0.0));
            match linked {
                Some(linked) => {
                    row.figure(Figure::new("crates in the binary", linked as f64, Unit::Count).beside("the empty program", 0.0))
                }
                None => row.note("cargo is not here to say which of them are in the binary"),
            };
        }
        Err(reason) => {
            row.note(format!("dependencies are counted only in the source tree: {reason}"));
        }
    }
    Ok(row)
}

/// A clean release build beside that of an empty program.
pub fn measure_build(folder: &Path) -> Result<Row, CannotMeasure> {
    let empty = EmptyProgram::create(folder)?.build()?;
    let target = folder.join("clean-build");
    let began = Instant::now();
    cargo(&source_tree(), &["build", "--release", "--locked", "--bin", "counterfoil"], &target)?;
    let seconds = began.elapsed().as_secs_f64();
    let mut row = Row::new("build", "a clean release build, dependencies on this disk already");
    row.figure(Figure::new("clean build", seconds, Unit::Seconds).beside("an empty program, same profile", empty.seconds));
    Ok(row)
}

/// Where this program was built from.
fn source_tree() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Crates in Cargo.lock without our own, and how many of them a build of the binary for this machine takes.
fn dependencies(tree: &Path) -> Result<(usize, Option<usize>), CannotMeasure> {
    let lock = std::fs::read_to_string(tree.join("Cargo.lock")).map_err(CannotMeasure::doing("reading Cargo.lock"))?;
    let all = lock.lines().filter(|line| *line == "[[package]]").count().saturating_sub(1);
    let tree_of = Command::new("cargo")
        .args(["tree", "--offline", "--edges", "normal,build", "--prefix", "none", "--format", "{p}"])
        .current_dir(tree)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output();
    let linked = tree_of.ok().filter(|output| output.status.success()).map(|output| {
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let crates: BTreeSet<&str> = text.lines().map(|line| line.trim_end_matches(" (*)").trim_end_matches(" (proc-macro)")).collect();
        crates.len().saturating_sub(1)
    });
    Ok((all, linked))
}

/// The sum of the segments that an ELF file of 64 bits wants in memory.
fn loaded_bytes(program: &Path) -> Option<u64> {
    use std::io::{Read, Seek, SeekFrom};
    let mut file = std::fs::File::open(program).ok()?;
    let mut header = [0u8; 64];
    file.read_exact(&mut header).ok()?;
    if header[..5] != *b"\x7fELF\x02" {
        return None;
    }
    let number = |bytes: &[u8]| bytes.iter().rev().fold(0u64, |n, byte| n << 8 | u64::from(*byte));
    let (offset, entry_size, count) = (number(&header[32..40]), number(&header[54..56]), number(&header[56..58]));
    file.seek(SeekFrom::Start(offset)).ok()?;
    let mut loaded = 0;
    for _ in 0..count {
        let mut entry = vec![0u8; usize::try_from(entry_size).ok()?];
        file.read_exact(&mut entry).ok()?;
        const LOAD: u64 = 1;
        if number(entry.get(0..4)?) == LOAD {
            loaded += number(entry.get(40..48)?);
        }
    }
    Some(loaded)
}

/// `fn main() {}` with our release profile.
struct EmptyProgram {
    folder: PathBuf,
}

struct Built {
    bytes: u64,
    seconds: f64,
}

impl EmptyProgram {
    fn create(parent: &Path) -> Result<EmptyProgram, CannotMeasure> {
        let folder = parent.join(format!("counterfoil-empty-{}", std::process::id()));
        let failed = "writing an empty program";
        std::fs::create_dir_all(folder.join("src")).map_err(CannotMeasure::doing(failed))?;
        std::fs::write(folder.join("src/main.rs"), "fn main() {}\n").map_err(CannotMeasure::doing(failed))?;
        let manifest = "[package]\nname = \"empty\"\nversion = \"0.0.0\"\nedition = \"2024\"\n[workspace]\n\
            [profile.release]\noverflow-checks = true\ndebug = \"line-tables-only\"\nstrip = \"none\"\n";
        std::fs::write(folder.join("Cargo.toml"), manifest).map_err(CannotMeasure::doing(failed))?;
        Ok(EmptyProgram { folder })
    }

    fn build(&self) -> Result<Built, CannotMeasure> {
        let target = self.folder.join("target");
        let began = Instant::now();
        cargo(&self.folder, &["build", "--release", "--offline"], &target)?;
        let seconds = began.elapsed().as_secs_f64();
        let bytes = std::fs::metadata(target.join("release/empty")).map_err(CannotMeasure::doing("looking at the empty program"))?.len();
        Ok(Built { bytes, seconds })
    }
}

impl Drop for EmptyProgram {
    fn drop(&mut self) {
        // In a folder for temporary files: what stays is removed by the machine.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn cargo(folder: &Path, arguments: &[&str], target: &Path) -> Result<(), CannotMeasure> {
    let status = Command::new("cargo")
        .args(arguments)
        .current_dir(folder)
        .env("CARGO_TARGET_DIR", target)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .map_err(CannotMeasure::doing("running cargo"))?;
    if status.success() { Ok(()) } else { Err(CannotMeasure::new("running cargo", &status.to_string())) }
}
