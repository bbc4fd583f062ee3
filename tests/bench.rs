//! The bench itself: every row is there, each figure is JSON, and each row has something to be compared with. No times: a machine under
//! test has none to give.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};
use counterfoil::bench::{BenchArguments, RowName, measure};
use counterfoil::head_office::db::Connection;
use counterfoil::head_office::storage::Server;
use serde_json::Value;

#[derive(Parser)]
struct CommandLine {
    #[command(flatten)]
    arguments: BenchArguments,
}

fn figures(words: &[&str]) -> Vec<Value> {
    let (failed, text) = measured(words);
    assert_eq!(failed, 0, "{text}");
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|reason| panic!("{reason}: {line}"))).collect()
}

/// Rows that could not be measured, and what was printed.
fn measured(words: &[&str]) -> (usize, String) {
    let folder = tempfile::tempdir().unwrap();
    let mut arguments = CommandLine::parse_from([&["bench", "--json", "--quick"], words].concat()).arguments;
    arguments.data_dir = folder.path().to_owned();
    arguments.program = Some(PathBuf::from(env!("CARGO_BIN_EXE_counterfoil")));
    let mut out = Vec::new();
    let failed = measure(&arguments, &mut out).unwrap();
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "the bench leaves nothing behind");
    (failed, String::from_utf8(out).unwrap())
}

#[test]
fn every_row_has_figures_beside_a_baseline() {
    let lines = figures(&[]);
    assert!(lines[0]["machine"].as_str().is_some_and(|machine| machine.contains("Linux")), "{}", lines[0]);
    for name in RowName::USUAL {
        let name = name.to_possible_value().unwrap();
        let of_row: Vec<&Value> = lines.iter().filter(|line| line["row"] == name.get_name() && line["figure"].is_string()).collect();
        let compared = of_row.iter().filter(|line| line["baseline"]["value"].is_number() && line["value"].is_number()).count();
        assert!(compared >= 2, "{}: {of_row:?}", name.get_name());
        for line in &of_row {
            let aimed = line["aim"].is_string();
            assert_eq!(line["met"].is_boolean(), aimed, "{line}");
            assert_eq!(line["missed_by_percent"].is_number(), line["met"] == false, "{line}");
        }
    }
}

#[test]
fn what_head_office_takes_in_is_measured_on_both_storages_and_in_an_empty_database_alone() {
    let folder = tempfile::tempdir().unwrap();
    let address = crate::storage::address_for(folder.path());
    let words = ["--only", "ingest", "--postgres", &address];
    let lines = figures(&words);
    for storage in ["SQLite", "PostgreSQL"] {
        let events = lines.iter().find(|line| line["figure"] == format!("events, {storage}")).unwrap();
        assert!(events["value"].as_f64() > Some(0.0) && events["baseline"]["value"].as_f64() > Some(0.0), "{events}");
        assert!(events["aim"].as_str().is_some_and(|aim| aim.starts_with("at least")), "{events}");
    }
    let connection = Connection::postgres(&Server::new(&address).unwrap()).unwrap();
    let tables = "SELECT count(*) FROM information_schema.tables WHERE table_schema = current_schema() AND table_name <> 'meta'";
    let left: i64 = connection.query_row(tables, [], |row| row.get(0)).unwrap();
    assert_eq!(left, 0, "it is emptied again");

    let folder = tempfile::tempdir().unwrap();
    let address = crate::storage::address_for(folder.path());
    let connection = Connection::postgres(&Server::new(&address).unwrap()).unwrap();
    connection.execute_batch("CREATE TABLE ledger (entry TEXT); INSERT INTO ledger VALUES ('of somebody else')").unwrap();
    let (failed, text) = measured(&["--only", "ingest", "--postgres", &address]);
    assert!(failed == 1 && text.contains("name an empty one"), "{text}");
    let kept = connection.query_row("SELECT count(*) FROM ledger", [], |row| row.get::<_, i64>(0));
    assert_eq!(kept.unwrap(), 1);
}

#[test]
fn dashboards_are_measured_on_both_storages() {
    let folder = tempfile::tempdir().unwrap();
    let address = crate::storage::address_for(folder.path());
    let lines = figures(&["--only", "dashboards", "--postgres", &address]);
    for storage in ["SQLite", "PostgreSQL"] {
        for name in ["the whole page, chain, p95", "orders with fulfilment time, p95"] {
            let found = lines.iter().find(|line| line["figure"] == format!("{name}, {storage}")).unwrap();
            assert!(found["value"].as_f64() > Some(0.0) && found["baseline"]["value"].as_f64() > Some(0.0), "{found}");
        }
        let stored = lines.iter().find(|line| line["figure"] == format!("stored per transaction, {storage}")).unwrap();
        assert!(stored["value"].as_f64() > Some(100.0), "{stored}");
    }
}

#[test]
fn routing_is_measured_on_both_storages() {
    let folder = tempfile::tempdir().unwrap();
    let address = crate::storage::address_for(folder.path());
    let lines = figures(&["--only", "routing", "--postgres", &address]);
    for storage in ["SQLite", "PostgreSQL"] {
        let found = lines.iter().find(|line| line["figure"] == format!("order routed, p99, {storage}")).unwrap();
        assert!(found["value"].as_f64() > Some(0.0) && found["baseline"]["value"].as_f64() > Some(0.0), "{found}");
    }
}
