//! The print link cut after every byte of a receipt: never two unmarked papers, never a second drawer pulse, never a proof that is none.

use counterfoil::retail::PrintProgress::{self, HeldClean, Printed, Resumed, Unknown};

use super::bench::{Bench, job, paper, profile};

/// Bytes on the wire before the job, and with it.
fn measure(name: &str) -> (u64, u64) {
    let mut bench = Bench::new(profile(name), 5);
    bench.print(job(1), &paper("A", 12), true);
    let mut before = 0;
    while !bench.is_over(job(1)) {
        if bench.text().is_empty() && bench.pulses() == 0 {
            before = bench.port.written();
        }
        bench.turn();
    }
    (before, bench.port.written())
}

fn check_cut(name: &str, after: u64, lost: usize, window: usize) {
    let at = format!("{name}: cut after {after} bytes, {lost} of them lost, window {window}");
    let mut bench = Bench::new(profile(name), 5);
    bench.port.set_window(window);
    bench.port.cut(usize::try_from(after).expect("small"), lost);
    bench.print(job(1), &paper("A", 12), true);
    bench.print(job(2), &paper("B", 2), false);
    bench.run_until(&at, |bench| bench.is_over(job(1)) && bench.is_over(job(2)));
    // Whatever still lies in the printer comes out, whatever the owner still wants to do it does.
    bench.run_for(120_000);

    let (first, last) = (bench.count("A line 0\n"), bench.count("A line 11\n"));
    assert!(first <= 1 && last <= 1, "{at}: two papers\n{}", bench.text());
    assert!(bench.pulses() <= 1, "{at}: {} drawer pulses", bench.pulses());
    let story = bench.story(job(1));
    match story.as_slice() {
        [Printed {}] | [HeldClean { .. }, Resumed {}, Printed {}] => assert_eq!((first, last), (1, 1), "{at}: proved and not printed"),
        [Unknown { .. }] => {}
        other => panic!("{at}: {other:?}"),
    }
    if let [HeldClean { .. }, ..] = story.as_slice() {
        assert_eq!(bench.pulses(), 0, "{at}: a held job's pulse is never made up for");
    }
    assert!(bench.cuts() <= 2, "{at}: {} papers", bench.cuts());
    let next: Vec<PrintProgress> = bench.story(job(2));
    assert_eq!(next.last(), Some(&Printed {}), "{at}: the next job is not hurt: {next:?}");
    assert_eq!(bench.count("B line 1\n"), 1, "{at}: the next paper is whole\n{}", bench.text());
}

#[test]
fn the_link_may_break_after_any_byte() {
    for name in ["epson-80mm", "generic-80mm"] {
        let (before, all) = measure(name);
        assert!(all > before + 120, "{name}: {before} to {all}");
        for after in before.saturating_sub(40)..=all {
            check_cut(name, after, 0, 64);
            check_cut(name, after, 17, 64);
        }
        // In the wake-up of the printer, and long after the proof.
        for after in [0, 1, 100, 8_192, 8_194, 8_200, all + 5] {
            check_cut(name, after, 3, 256);
        }
    }
}
