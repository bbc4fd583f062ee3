//! The bytes on disk are a contract with auditors and with every later release: a golden journal that is written the same today, that
//! reads as it always did, and that a verifier which shares no code with the product finds clean.
//!
//! `COUNTERFOIL_BLESS=1` writes the golden files anew. Once a format was released its folder is frozen: a change of bytes is then a
//! new format with a folder of its own, and this one stays and must still read.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Once;

use counterfoil::journal::cli::{CatArgs, run_cat};
use counterfoil::journal::{Draft, Folder, Journal, Limits, verify};
use ed25519_dalek::{Signature, VerifyingKey};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::shop::{at, carry, command, event, key, keys, open, options, records};

#[test]
fn the_golden_journal_is_written_the_same_today() {
    let folder = tempfile::tempdir().unwrap();
    write_golden(folder.path());
    let (written, kept) = (files(folder.path()), files(&golden()));
    assert_eq!(written.keys().collect::<Vec<_>>(), kept.keys().collect::<Vec<_>>());
    for (name, bytes) in &written {
        assert!(*bytes == kept[name], "{name} differs from tests/journals/v1");
    }
}

#[test]
fn the_golden_journal_reads_as_it_always_did() {
    let report = verify(&golden(), &[key().public()]).unwrap();
    assert_eq!((report.first_bad, report.records, report.segments, report.unfinished_bytes), (None, 13, 4, 0));

    let mut text = Vec::new();
    run_cat(&CatArgs { folder: golden(), from: 1, to: u64::MAX }, &mut text);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/journals/v1.txt");
    if std::env::var_os("COUNTERFOIL_BLESS").is_some() {
        fs::write(&path, &text).unwrap();
    }
    assert_eq!(String::from_utf8(text).unwrap(), fs::read_to_string(path).unwrap());

    // And a start goes on from it.
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files(&golden()) {
        fs::write(folder.path().join(name), bytes).unwrap();
    }
    let opened = open(&Folder::create(folder.path()).unwrap(), 3).unwrap();
    assert!(opened.report.is_clean());
    assert_eq!(
        keys(&records(opened.replay)),
        ["carry-1", "command-1", "command-2", "command-3", "command-4", "command-5", "Ü-6", "command-7"]
    );
}

#[test]
fn a_verifier_that_shares_no_code_agrees() {
    let (seq, head) = independent::verify(&golden(), &key().public_hex()).unwrap();
    let report = verify(&golden(), &[key().public()]).unwrap();
    assert_eq!((seq, head), (report.records, report.head.unwrap().hash.to_string()));

    // And it can fail, in each of its checks.
    let check = |change: fn(&mut String), complaint: &str| {
        let folder = tempfile::tempdir().unwrap();
        for (name, bytes) in files(&golden()) {
            let mut text = String::from_utf8(bytes).unwrap();
            change(&mut text);
            fs::write(folder.path().join(name), text).unwrap();
        }
        let said = independent::verify(folder.path(), &key().public_hex()).unwrap_err();
        assert!(said.contains(complaint), "{said}, not {complaint}");
        assert!(verify(folder.path(), &[key().public()]).unwrap().first_bad.is_some(), "{complaint}");
    };
    check(|text| *text = text.replacen("\"command\":4", "\"command\":5", 1), "checksum");
    check(|text| *text = text.replacen('\n', "\n\n", 1), "checksum");
    check(|text| *text = text.lines().filter(|line| !line.contains("command-5")).map(|line| format!("{line}\n")).collect(), "sequence");
    assert!(independent::verify(&golden(), &"00".repeat(32)).is_err());
}

/// The golden journal's folder, written anew when that was asked for.
fn golden() -> PathBuf {
    static BLESSED: Once = Once::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/journals/v1");
    BLESSED.call_once(|| {
        if std::env::var_os("COUNTERFOIL_BLESS").is_some() {
            let _ = fs::remove_dir_all(&folder);
            fs::create_dir_all(&folder).unwrap();
            write_golden(&folder);
        }
    });
    folder
}

/// Two starts, a carry-forward, a mark, a segment that was ended and one that is open, a grouped commit, all kinds of text.
fn write_golden(folder: &Path) {
    let limits = Limits { segment_bytes_max: 64 << 10, fill_bytes: 2 << 10, record_bytes_max: 16 << 10 };
    let disk = Folder::create(folder).unwrap();
    let mut journal = Journal::open(disk.clone(), options(0x8f3a_0001_c0de_0001, limits)).unwrap().journal;
    let dated = |draft: Draft| Draft { date: Some("2027-01-15".parse().unwrap()), ..draft };
    journal.append(&dated(carry(1))).unwrap();
    journal.flush().unwrap();
    journal.append(&dated(command(1))).unwrap();
    journal.append(&dated(command(2))).unwrap();
    journal.flush().unwrap();
    journal.write_mark(at(1_500)).unwrap();
    journal.append(&dated(Draft { signed: true, ..command(3) })).unwrap();
    journal.end_segment().unwrap();
    journal.append(&command(4)).unwrap();
    journal.flush().unwrap();
    journal.close(at(2_000)).unwrap();

    let mut journal = Journal::open(disk, options(0x8f3a_0001_c0de_0002, limits)).unwrap().journal;
    journal.append(&dated(command(5))).unwrap();
    journal.flush().unwrap();
    let odd = r#"{"said.1":{"text":"Müller \"& Söhne\" \\ 東京 \u0007 🧾","minus":-9007199254740991,"nothing":null}}"#;
    journal.append(&dated(Draft { key: Some("Ü-6".to_owned()), events: vec![event(odd)], ..command(6) })).unwrap();
    journal.flush().unwrap();
    journal.end_segment().unwrap();
    journal.append(&dated(command(7))).unwrap();
    journal.flush().unwrap();
    journal.close(at(9_000)).unwrap();
    fs::remove_file(folder.join("lock")).unwrap();
}

fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    entries.map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap())).collect()
}

/// `docs/JOURNAL.md` in Rust, from its text alone; the python there does the same.
mod independent {
    use super::*;

    /// The last sequence and its hash, or what is wrong first.
    pub fn verify(folder: &Path, public_key: &str) -> Result<(u64, String), String> {
        let key = VerifyingKey::from_bytes(&unhex(public_key).try_into().unwrap()).map_err(|error| error.to_string())?;
        let segments = files(folder);
        let first_seqs: Vec<u64> = segments.keys().map(|name| name.split('-').nth(1).unwrap().parse().unwrap()).collect();
        let (mut seq, mut prev, mut inc) = (first_seqs[0] - 1, None, None);
        for (index, (name, bytes)) in segments.iter().enumerate() {
            let end = first_seqs.get(index + 1).copied().unwrap_or(u64::MAX);
            let mut rest = bytes.as_slice();
            while seq + 1 < end && rest.iter().any(|byte| *byte != 0) {
                let newline = rest.iter().position(|byte| *byte == b'\n').ok_or(format!("{name}: bytes behind the end"))?;
                let (line, behind) = rest.split_at(newline + 1);
                let covered = &line[..line.len().saturating_sub(19)];
                if line[covered.len()..] != *format!(",\"crc\":\"{:08x}\"}}\n", crc32c(covered)).as_bytes() {
                    return Err(format!("{name}: record {} has a wrong checksum", seq + 1));
                }
                let record: Value = serde_json::from_slice(line).map_err(|error| error.to_string())?;
                if record["seq"] != seq + 1 {
                    return Err(format!("{name}: sequence {} where {} belongs", record["seq"], seq + 1));
                }
                if prev.as_ref().is_some_and(|prev| record["prev"] != *prev) {
                    return Err(format!("{name}: record {} breaks the chain", seq + 1));
                }
                let kind = record["events"][0].as_object().unwrap().keys().next().unwrap().clone();
                if inc.is_some() && inc.as_ref() != Some(&record["inc"]) && kind != "journal.link.1" {
                    return Err(format!("{name}: record {} begins an incarnation without a link", seq + 1));
                }
                match record["sig"].as_str() {
                    None if ["journal.link.1", "journal.mark.1", "carried_forward.1"].contains(&kind.as_str()) => {
                        return Err(format!("{name}: record {} is not signed", seq + 1));
                    }
                    None => {}
                    Some(sig) => {
                        let signed = &covered[..covered.len() - 137];
                        let signature = Signature::from_slice(&unhex(sig)).map_err(|error| error.to_string())?;
                        key.verify_strict(signed, &signature).map_err(|_| format!("{name}: record {} has a false signature", seq + 1))?;
                    }
                }
                (seq, prev, inc) = (seq + 1, Some(hex(&Sha256::digest(line))), Some(record["inc"].clone()));
                rest = behind;
            }
            if end != u64::MAX && seq + 1 < end {
                return Err(format!("{name}: ends before record {}", end - 1));
            }
        }
        Ok((seq, prev.unwrap_or_default()))
    }

    /// Bit by bit, from the polynomial 0x1EDC6F41 read backwards.
    fn crc32c(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(!0_u32, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0x82f6_3b78 } else { crc >> 1 })
        })
    }

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn unhex(text: &str) -> Vec<u8> {
        (0..text.len() / 2).map(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap()).collect()
    }
}
