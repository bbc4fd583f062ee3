//! Whole chains of stores with power cuts, failing disks, a line that does everything wrong and a head office that is put back from backups:
//! the worlds of `counterfoil sim`. A failing one prints the seed that replays it.

use counterfoil::sim::{self, Tally};

#[test]
fn everything_arrives_once_over_a_line_that_does_everything_wrong() {
    let seeds: Vec<u64> = match std::env::var("COUNTERFOIL_SEED") {
        Ok(seed) => vec![seed.parse().expect("COUNTERFOIL_SEED is a number")],
        Err(_) => (1..=6).collect(),
    };
    let folder = tempfile::tempdir().unwrap();
    let mut sum = Tally::default();
    for seed in &seeds {
        let tally = sim::one(*seed, 2, folder.path()).unwrap_or_else(|broken| panic!("{broken}\nreplay with COUNTERFOIL_SEED={seed}"));
        sum.restores += tally.restores;
        sum.power_cuts += tally.power_cuts;
        sum.disk_failures += tally.disk_failures;
        sum.sales += tally.sales;
    }
    assert!(sum.sales > 0, "nothing was sold");
    if seeds.len() > 1 {
        assert!(sum.restores > 0 && sum.power_cuts > 0 && sum.disk_failures > 0, "some fault never happened: {sum}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "a world leaves nothing behind");
}
