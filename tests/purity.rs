//! The pure rooms stay pure: no files, network, clock, threads, logging, randomness, floats or hash maps. Enforced by reading their sources,
//! because a lint cannot tell one room from another.

use std::path::{Path, PathBuf};

const PURE_ROOMS: &[&str] = &["src/retail", "src/gs1", "src/document", "src/device/lang", "src/sync", "src/money.rs", "src/ids.rs"];
/// The files in a pure room that speak to the outside.
const EXCEPTIONS: &[&str] = &[
    "src/sync/http.rs",
    "src/sync/http/repair.rs",
    "src/sync/http/restore.rs",
    "src/sync/http/orders.rs",
    "src/sync/http/tls.rs",
    "src/sync/http/certificate.rs",
    "src/sync/http/report.rs",
];

const FORBIDDEN: &[&str] = &[
    "std::fs",
    "std::net",
    "std::thread",
    "std::process",
    "std::env",
    "SystemTime",
    "Instant",
    "tokio",
    "tracing",
    "reqwest",
    "rusqlite",
    "sled",
    "rand",
    "getrandom",
    "HashMap",
    "HashSet",
    "f32",
    "f64",
    "Uuid::now",
    "Uuid::new",
    "println!",
    "eprintln!",
    "log::",
];

/// All Rust files of a folder, or the one file.
pub fn sources(path: &Path, found: &mut Vec<PathBuf>) {
    if path.is_file() {
        found.push(path.to_owned());
        return;
    }
    for entry in std::fs::read_dir(path).unwrap_or_else(|e| panic!("{}: {e}", path.display())) {
        let path = entry.unwrap().path();
        if path.is_dir() || path.extension().is_some_and(|e| e == "rs") {
            sources(&path, found);
        }
    }
}

/// The words of a line of code that stand on the list, comments and tests aside.
fn offences(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("#[cfg(test)]") {
            break;
        }
        let code = line.split("//").next().unwrap_or("");
        for word in FORBIDDEN {
            let hit = code.match_indices(word).any(|(at, _)| {
                let before = code[..at].chars().next_back();
                let after = code[at + word.len()..].chars().next();
                let part_of_name = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
                !part_of_name(before) && (word.ends_with('!') || word.ends_with(':') || !part_of_name(after))
            });
            if hit {
                found.push((index + 1, (*word).to_owned()));
            }
        }
    }
    found
}

#[test]
fn the_pure_rooms_are_pure() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    for room in PURE_ROOMS {
        sources(&root.join(room), &mut files);
    }
    assert!(files.len() > 20, "the rooms have moved: mend the list");
    let mut complaints = Vec::new();
    for file in files {
        let name = file.strip_prefix(root).unwrap().display().to_string();
        if EXCEPTIONS.contains(&name.as_str()) {
            continue;
        }
        for (line, word) in offences(&std::fs::read_to_string(&file).unwrap()) {
            complaints.push(format!("{name}:{line}: {word}"));
        }
    }
    assert!(complaints.is_empty(), "impure code in a pure room:\n{}", complaints.join("\n"));
}

#[test]
fn the_reader_finds_what_it_looks_for() {
    let check = |code: &str, expected: usize| assert_eq!(offences(code).len(), expected, "{code}");
    check("use std::fs;", 1);
    check("let x: f64 = 1.0;", 1);
    check("let brand = 1; // rand", 0);
    check("use std::collections::HashMap;", 1);
    check("tracing::warn!(\"x\")", 1);
    check("let now = std::time::Instant::now();", 1);
    check("#[cfg(test)]\nmod tests { use std::fs; }", 0);
}
