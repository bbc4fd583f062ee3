//! The bench itself: every row is there, each figure is JSON, and each row has something to be compared with. No times: a machine under
//! test has none to give.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};
use counterfoil::bench::{BenchArguments, RowName, measure};
use serde_json::Value;

#[derive(Parser)]
struct CommandLine {
    #[command(flatten)]
    arguments: BenchArguments,
}

fn figures(words: &[&str]) -> Vec<Value> {
    let folder = tempfile::tempdir().unwrap();
    let mut arguments = CommandLine::parse_from([&["bench", "--json", "--quick"], words].concat()).arguments;
    arguments.data_dir = folder.path().to_owned();
    arguments.program = Some(PathBuf::from(env!("CARGO_BIN_EXE_counterfoil")));
    let mut out = Vec::new();
    let failed = measure(&arguments, &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    assert_eq!(failed, 0, "{text}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "the bench leaves nothing behind");
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|reason| panic!("{reason}: {line}"))).collect()
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
