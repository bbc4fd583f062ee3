//! Whole chains of stores with power cuts, failing disks, a line that does everything wrong and a head office that is put back from backups:
//! the worlds of `counterfoil sim`. A failing one prints the seed that replays it.

use counterfoil::sim::{self, Beginning, PlantedFault, Tally};

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

/// Collect orders with the line cut for days: `counterfoil sim --orders`, smaller here. A failing one prints the seed that replays it.
#[test]
fn orders_end_the_same_with_the_line_up_or_cut() {
    let seed = std::env::var("COUNTERFOIL_SEED").map_or(7, |seed| seed.parse().expect("COUNTERFOIL_SEED is a number"));
    println!("seed {seed}");
    let folder = tempfile::tempdir().unwrap();
    let tally = sim::one_with_orders(seed, 200, 72, folder.path())
        .unwrap_or_else(|broken| panic!("{broken}\nrun it again: counterfoil sim --seed {seed} --worlds 1 --orders 200 --hours 72"));
    println!("{tally}");
    assert!(tally.hand_overs > 100 && tally.taken_back > 0 && tally.given_up > 0 && tally.sales > 0 && tally.notices > 0, "{tally}");
    assert!(tally.power_cuts > 0 && tally.disk_failures > 0 && tally.refusals > 0, "some fault never happened: {tally}");
    assert!(tally.late_words >= 14, "late words met too few states: {tally}");
    assert!(tally.parts > 0 && tally.payments > 10 && tally.counts > 0 && tally.wrong_numbers >= 5, "{tally}");
    assert!(tally.unknown_cards > 4 && tally.paid_late > 4, "{tally}");
    assert!(tally.promised > 0 && tally.overruns > 0, "no sale ate into a right: {tally}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "a world leaves nothing behind");
}

/// As deep as each run of the tests goes; `counterfoil sim --promises` goes deeper.
const DEPTH: u32 = 4;

#[test]
fn no_small_world_promises_what_was_not_granted() {
    let folder = tempfile::tempdir().unwrap();
    for beginning in Beginning::ALL {
        let searched = sim::search(beginning, DEPTH, None, folder.path()).unwrap_or_else(|broken| panic!("{broken}"));
        println!("{beginning:?}: {searched}");
        assert!(searched.worlds > 500 && searched.shop.1 > 20 && searched.office.1 > 20, "{beginning:?}: {searched}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "a search leaves nothing behind");
}

#[test]
fn the_search_of_small_worlds_finds_every_planted_fault() {
    let folder = tempfile::tempdir().unwrap();
    for fault in PlantedFault::ALL {
        let found = Beginning::ALL.into_iter().find_map(|beginning| sim::search(beginning, DEPTH, Some(fault), folder.path()).err());
        println!("{fault:?}: {}", found.unwrap_or_else(|| panic!("{fault:?} is not found")));
    }
}
