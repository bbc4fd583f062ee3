//! `counterfoil journal` as an auditor uses it: what it prints, what it answers to the shell, what it writes.

use std::path::Path;
use std::process::ExitCode;

use clap::Parser;
use counterfoil::export::{ExportArgs, export};
use counterfoil::journal::cli::{CatArgs, JournalArgs, JournalCommand, VerifyArgs, run_cat, run_verify};
use counterfoil::journal::{Draft, Folder, Journal, Limits, SegmentName};
use counterfoil::time::Stamp;
use serde_json::value::RawValue;

use super::shop::{SMALL, at, command, event, key, options};

#[test]
fn verify_says_clean_or_names_the_first_bad_record() {
    let folder = sold();
    let key_file = folder.path().join("public.key");
    std::fs::write(&key_file, format!("{}\n", key().public_hex())).unwrap();
    let journal = folder.path().join("journal");
    for given in [None, Some(key().public_hex()), Some(key_file.display().to_string())] {
        let (code, said) = verify(&journal, given.clone());
        assert_eq!(code, ExitCode::from(0), "{given:?}: {said}");
        assert!(said.starts_with("clean: 32 records (1 to 32) in 2 segments\nhead: 0000000000000001 32 "), "{said}");
        assert!(said.contains("records after 32 are not vouched for yet"), "{said}");
    }
    let (code, said) = verify(&journal, Some("11".repeat(32)));
    assert_eq!((code, said.contains("BAD: record 1 has a signature that is not by the key 1111")), (ExitCode::from(1), true), "{said}");

    let file = first_segment(&journal);
    let mut bytes = std::fs::read(&file).unwrap();
    let third_line = bytes.split_inclusive(|byte| *byte == b'\n').take(2).map(<[u8]>::len).sum::<usize>();
    bytes[third_line + 200] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    let (code, said) = verify(&journal, None);
    assert_eq!(code, ExitCode::from(1));
    assert!(said.starts_with("BAD: record 3 has checksum "), "{said}");
    let place = format!(", {} line 3, byte {third_line}\n", file.file_name().unwrap().to_str().unwrap());
    assert!(said.contains(&place), "{said}");
    assert!(said.ends_with("1 bad stretches, 31 intact records in 2 segments\n"), "{said}");
}

#[test]
fn verify_calls_a_torn_tail_unfinished_and_not_bad() {
    let folder = sold();
    let journal = folder.path().join("journal");
    let file = journal.join(segments(&journal).pop().unwrap().to_string());
    let mut bytes = std::fs::read(&file).unwrap();
    let end = bytes.iter().rposition(|byte| *byte == b'\n').unwrap() + 1;
    let sector_end = end.next_multiple_of(512);
    bytes[end..sector_end].fill(b'x');
    std::fs::write(&file, bytes).unwrap();
    let (code, said) = verify(&journal, None);
    assert_eq!(code, ExitCode::from(0), "{said}");
    assert!(said.contains(&format!("unfinished: {} bytes of a record that was never acknowledged", sector_end - end)), "{said}");
}

#[test]
fn what_cannot_be_read_is_told_apart_from_what_is_bad() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(verify(&folder.path().join("none"), None).0, ExitCode::from(2));
    assert_eq!(verify(folder.path(), None).0, ExitCode::from(2), "an empty folder is no clean journal");
    let sold = sold();
    assert_eq!(verify(&sold.path().join("journal"), Some("no such file".to_owned())).0, ExitCode::from(2));
    assert_eq!(run_cat(&CatArgs { folder: folder.path().join("none"), from: 1, to: 2 }, &mut Vec::new()), ExitCode::from(2));
}

#[test]
fn cat_prints_a_line_per_record() {
    let folder = sold();
    let mut out = Vec::new();
    assert_eq!(run_cat(&CatArgs { folder: folder.path().join("journal"), from: 2, to: 3 }, &mut out), ExitCode::from(0));
    let part = "part_done.1 part_done.1 part_done.1";
    let expected = format!(
        "        2  2027-01-15T08:00:00.001Z  -           {part}  key command-1\n        3  2027-01-15T08:00:00.002Z  -           {part}  key command-2\n"
    );
    assert_eq!(String::from_utf8(out).unwrap(), expected);
}

#[test]
fn export_writes_a_day_as_stored_and_as_a_table() {
    let folder = tempfile::tempdir().unwrap();
    let journal = folder.path().join("journal");
    let mut writer = Journal::open(Folder::create(&journal).unwrap(), options(1, Limits::default())).unwrap().journal;
    let dated = |date: &str, events| Draft { date: Some(date.parse().unwrap()), events, ..command(1) };
    writer.append(&dated("2027-01-14", vec![completed()])).unwrap();
    writer.append(&dated("2027-01-15", vec![completed()])).unwrap();
    writer.append(&dated("2027-01-15", command(2).events)).unwrap();
    writer.append(&command(3)).unwrap();
    let stock_work = include_str!("../golden/core/events-stock.jsonl").lines().map(event).collect();
    writer.append(&dated("2027-01-16", stock_work)).unwrap();
    writer.close(at(9)).unwrap();

    let [json, csv, stock] = ["day.jsonl", "day.csv", "stock.csv"].map(|name| folder.path().join(name));
    let date = "2027-01-15".parse().unwrap();
    let args = ExportArgs { folder: journal.clone(), date, json: Some(json.clone()), csv: Some(csv.clone()), stock: None };
    let exported = export(&args).unwrap();
    assert_eq!((exported.records, exported.transactions, exported.bad.len()), (2, 1, 0));
    let next = ExportArgs { date: "2027-01-16".parse().unwrap(), json: None, csv: None, stock: Some(stock.clone()), ..args.clone() };
    assert_eq!(export(&next).unwrap().stock_rows, 4);
    let at = "2026-03-02T08:00:00.000Z,1,anna";
    let expected = format!(
        "seq,kind,document,at,workstation,staff,sku,quantity,before,on_hand,reason,delivery,batch,expiry\n\
         6,count,1,{at},milk,17,19,18,,,,\n\
         6,receipt,2,{at},ham,2,,,,LS-4711/2,L1,2026-03-20\n\
         6,receipt,2,{at},milk,18,,,,LS-4711/2,,\n\
         6,adjustment,,{at},milk,-2,,,damaged,,L1,\n"
    );
    assert_eq!(std::fs::read_to_string(stock).unwrap(), expected);

    let stored = std::fs::read(first_segment(&journal)).unwrap();
    let of_the_day: Vec<u8> = stored.split_inclusive(|byte| *byte == b'\n').skip(2).take(2).flatten().copied().collect();
    assert_eq!(std::fs::read(json).unwrap(), of_the_day, "byte for byte");
    let head = "3,1-1000-000042,sale,false,2027-01-15T08:00:07.000Z,1,,EUR";
    let expected = format!(
        "seq,number,kind,training,at,workstation,staff,currency,row,line,sku,gtin,name,quantity,unit_price,amount,tax_class\n\
         {head},line,1,4711,04006381333931,\"'=1+1, \"\"Stift\"\"\",2,1.29,2.58,A\n\
         {head},tender,,,,cash,,,5.00,\n\
         {head},rounding,,,,,,,0.02,\n\
         {head},change,,,,,,,2.40,\n"
    );
    assert_eq!(std::fs::read_to_string(csv).unwrap(), expected);

    let error = export(&ExportArgs { csv: Some(folder.path().join("none/day.csv")), ..args }).unwrap_err();
    assert!(error.to_string().contains("none/day.csv"), "{error}");
}

#[test]
fn the_command_line_reads_as_documented() {
    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        journal: JournalArgs,
    }
    let parse = |line: &str| Cli::try_parse_from(line.split(' ')).map(|cli| cli.journal.command);
    assert!(matches!(parse("journal verify /j --key ab"), Ok(JournalCommand::Verify(VerifyArgs { .. }))));
    assert!(matches!(parse("journal cat /j --from 5"), Ok(JournalCommand::Cat(CatArgs { from: 5, to: u64::MAX, .. }))));
    assert!(matches!(parse("journal export /j --date 2027-01-15 --csv out"), Ok(JournalCommand::Export(_))));
    assert!(parse("journal export /j --date 2027-01-15").is_err(), "an export goes somewhere");
    assert!(parse("journal export /j --date tomorrow --csv out").is_err());
}

/// Link, thirty commands and a mark, in two segments.
fn sold() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let limits = Limits { segment_bytes_max: 9 << 10, ..SMALL };
    let mut journal = Journal::open(Folder::create(&folder.path().join("journal")).unwrap(), options(1, limits)).unwrap().journal;
    for number in 1..=30 {
        journal.append(&command(number)).unwrap();
        journal.flush().unwrap();
    }
    journal.close(at(99)).unwrap();
    folder
}

/// A sale as it was stored once; fields that were added since have their defaults.
fn completed() -> Box<RawValue> {
    let stamp = |at: Stamp| serde_json::json!({"ms": at.ms, "quality": "synchronised"});
    let line = serde_json::json!({
        "line": 1, "sku": "4711", "name": "=1+1, \"Stift\"", "code": "4006381333931", "gtin": "04006381333931", "quantity": 2000, "unit": "piece",
        "unit_price": 129, "gross": 258, "extended": 258, "tax_class": "A", "price_version": 1,
    });
    let record = serde_json::json!({
        "txn": "00000000-0000-0000-0000-000000000000", "kind": "sale", "workstation": "1", "staff": null, "business_date": "2027-01-15",
        "number": {"workstation": "1", "incarnation": "0000000000000001", "counter": 42}, "opened_at": stamp(at(5_000)), "at": stamp(at(7_000)),
        "utc_offset_min": 60, "currency": "EUR", "tax_mode": "inclusive", "lines": [line], "taxes": [], "total": 258, "rounding": 2,
        "tenders": [{"kind": "cash", "amount": 500}], "change": 240,
    });
    event(&serde_json::json!({"transaction_completed.1": {"record": record}}).to_string())
}

fn verify(folder: &Path, key: Option<String>) -> (ExitCode, String) {
    let mut out = Vec::new();
    let code = run_verify(&VerifyArgs { folder: folder.to_owned(), key: key.into_iter().collect() }, &mut out);
    (code, String::from_utf8(out).unwrap())
}

fn segments(journal: &Path) -> Vec<SegmentName> {
    let entries = std::fs::read_dir(journal).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = entries.filter_map(|name| SegmentName::parse(&name)).collect();
    names.sort();
    names
}

fn first_segment(journal: &Path) -> std::path::PathBuf {
    journal.join(segments(journal)[0].to_string())
}
