//! What becomes of a print job, as the till sees it.

use counterfoil::device::sim::{Fault, Switch};
use counterfoil::device::{DeviceState, Paper, PrintOrder, PrinterOrder, Printout, TestKind};
use counterfoil::retail::PrintProgress::{FailedClean, HeldClean, Printed, Resumed, Sent, Unknown};

use super::bench::{Bench, cause, job, paper, profile};

fn attention(code: &str) -> DeviceState {
    DeviceState::Attention { cause: cause(code) }
}

#[test]
fn a_receipt_is_printed_and_proved_and_the_drawer_opens_once() {
    for name in ["epson-80mm", "generic-80mm"] {
        let mut bench = Bench::new(profile(name), 5);
        bench.print(job(1), &paper("A", 30), true);
        bench.run_until("the end", |bench| bench.is_over(job(1)));
        assert_eq!(bench.story(job(1)), [Printed {}], "{name}");
        assert!(bench.port.with_engine(|engine, _| engine.is_done()), "{name}: proof came before the paper was out");
        assert_eq!((bench.pulses(), bench.count("A line 29")), (1, 1), "{name}");
    }
}

#[test]
fn a_printer_that_proves_nothing_is_sent() {
    let mut profile = profile("generic-80mm");
    profile.capability.fence.is = counterfoil::device::lang::escpos::profile::FenceKind::None;
    let mut bench = Bench::new(profile, 0);
    bench.print(job(1), &paper("A", 3), true);
    bench.run_until("the end", |bench| bench.is_over(job(1)));
    assert_eq!(bench.story(job(1)), [Sent {}]);
}

#[test]
fn out_of_paper_before_the_first_byte_holds_then_asks_for_leave_and_does_not_open_the_drawer_late() {
    let mut bench = Bench::new(profile("epson-80mm"), 5);
    bench.releases = false;
    bench.port.with_engine(|engine, now| engine.set(Switch::PaperOut, true, now));
    bench.print(job(1), &paper("A", 3), true);
    bench.run_until("held", |bench| bench.story(job(1)).len() == 1);
    assert_eq!(bench.story(job(1)), [HeldClean { cause: cause("paper_out") }]);
    bench.run_for(300_000);
    assert_eq!(bench.story(job(1)).len(), 1, "said once");
    let status = bench.statuses.last().expect("a status");
    assert_eq!((&status.state, status.paper), (&attention("paper_out"), Some(Paper::Out)));
    assert!(status.hint.contains("roll"), "{}", status.hint);

    bench.port.with_engine(|engine, now| engine.set(Switch::PaperOut, false, now));
    bench.run_until("resumed", |bench| bench.story(job(1)).len() == 2);
    assert_eq!(bench.story(job(1))[1], Resumed {});
    bench.run_for(60_000);
    assert_eq!(bench.text(), "", "not a byte before leave is given");
    bench.order(PrinterOrder::Release { job: job(1) });
    bench.run_until("the end", |bench| bench.is_over(job(1)));
    assert_eq!(bench.story(job(1))[2], Printed {});
    assert_eq!((bench.count("A line 0"), bench.pulses()), (1, 0));
}

#[test]
fn out_of_paper_in_the_middle_is_not_lost_and_not_sent_again() {
    let mut bench = Bench::new(profile("epson-80mm"), 5);
    bench.port.with_engine(|engine, _| engine.set_lines_left(10));
    bench.print(job(1), &paper("A", 400), true);
    bench.print(job(2), &paper("B", 3), true);
    bench.run_until("paper out", |bench| bench.statuses.last().is_some_and(|status| status.state == attention("paper_out")));
    bench.run_for(3_600_000);
    assert_eq!(bench.story(job(1)), [], "an hour without paper decides nothing");
    assert_eq!(bench.story(job(2)), [HeldClean { cause: cause("paper_out") }], "who waits behind it is held as well");
    bench.port.with_engine(|engine, now| engine.set(Switch::PaperOut, false, now));
    bench.run_until("the end", |bench| bench.is_over(job(2)));
    assert_eq!(bench.story(job(1)), [Printed {}]);
    assert_eq!(bench.story(job(2)), [HeldClean { cause: cause("paper_out") }, Resumed {}, Printed {}]);
    assert_eq!((bench.count("A line 0\n"), bench.count("A line 399\n"), bench.count("B line 0\n"), bench.pulses()), (1, 1, 1, 1));
}

#[test]
fn a_printer_that_is_off_holds_the_job_and_prints_it_when_it_is_back() {
    let mut bench = Bench::new(profile("epson-80mm"), 5);
    bench.port.with_engine(|engine, now| engine.set(Switch::Offline, true, now));
    bench.print(job(1), &paper("A", 3), true);
    bench.run_for(120_000);
    assert_eq!(bench.story(job(1)), [HeldClean { cause: cause("offline") }]);
    assert_eq!(bench.statuses.last().expect("a status").state, attention("offline"));
    bench.port.with_engine(|engine, now| engine.set(Switch::Offline, false, now));
    bench.run_until("the end", |bench| bench.is_over(job(1)));
    assert_eq!(bench.story(job(1))[1..], [Resumed {}, Printed {}]);
    assert_eq!((bench.count("A line 0"), bench.pulses()), (1, 0));
}

#[test]
fn a_job_that_was_held_before_a_restart_asks_for_leave_even_when_all_is_well() {
    let mut bench = Bench::new(profile("epson-80mm"), 5);
    bench.order(PrinterOrder::Print(PrintOrder { job: job(1), printout: Printout::Paper(paper("A", 3)), kick: true, held_before: true }));
    bench.run_until("the end", |bench| bench.is_over(job(1)));
    assert_eq!(bench.story(job(1)), [Resumed {}, Printed {}]);
    assert_eq!(bench.pulses(), 0);
}

#[test]
fn power_lost_in_the_middle_is_unknown_and_the_next_job_prints() {
    let mut bench = Bench::new(profile("epson-80mm"), 50);
    bench.print(job(1), &paper("A", 100), true);
    bench.run_until("the first line", |bench| bench.count("A line 5") == 1);
    bench.port.with_engine(|engine, now| {
        engine.power_cycle();
        engine.set(Switch::Offline, true, now);
    });
    bench.run_until("the end", |bench| bench.is_over(job(1)));
    assert_eq!(bench.story(job(1)), [Unknown { cause: cause("unplugged") }]);
    bench.print(job(2), &paper("B", 3), false);
    bench.run_for(60_000);
    bench.port.with_engine(|engine, now| engine.set(Switch::Offline, false, now));
    bench.run_until("the next", |bench| bench.is_over(job(2)));
    assert_eq!(bench.story(job(2)).last(), Some(&Printed {}));
    assert_eq!((bench.count("A line 0\n"), bench.count("A line 99"), bench.count("B line 0"), bench.pulses()), (1, 0, 1, 1));
}

#[test]
fn a_printer_that_never_proves_is_unknown_after_its_time() {
    let mut bench = Bench::new(profile("epson-80mm"), 5);
    bench.run_until("ready", |bench| bench.statuses.last().is_some_and(|status| status.state == DeviceState::Ready));
    bench.port.with_engine(|engine, _| engine.misbehave(Fault::NoProof));
    bench.print(job(1), &paper("A", 3), false);
    bench.run_until("the end", |bench| bench.is_over(job(1)));
    assert_eq!(bench.story(job(1)), [Unknown { cause: cause("no_proof") }]);
    assert_eq!(bench.count("A line 0"), 1);
}

#[test]
fn nonsense_and_silence_prove_nothing_and_cost_no_paper() {
    for fault in [Fault::Nonsense, Fault::Mute, Fault::NeverReads] {
        let mut bench = Bench::new(profile("epson-80mm"), 5);
        bench.port.with_engine(|engine, _| engine.misbehave(fault));
        bench.print(job(1), &paper("A", 3), true);
        bench.run_for(120_000);
        assert_eq!(bench.story(job(1)), [HeldClean { cause: cause("no_answer") }], "{fault:?} {:?} {}", bench.statuses, bench.port.opens());
        assert_eq!((bench.text().as_str(), bench.pulses()), ("", 0), "{fault:?}");
        assert_eq!(bench.statuses.last().expect("a status").state, attention("no_answer"), "{fault:?}");
        bench.port.with_engine(|engine, _| engine.misbehave(Fault::None));
        bench.run_until("the end", |bench| bench.is_over(job(1)));
        assert_eq!(bench.story(job(1))[1..], [Resumed {}, Printed {}], "{fault:?}");
    }
}

#[test]
fn a_printer_that_stops_reading_in_the_middle_is_unknown_after_five_seconds() {
    let mut bench = Bench::new(profile("epson-80mm"), 50);
    bench.print(job(1), &paper("A", 1000), false);
    bench.run_until("the first line", |bench| bench.count("A line 5\n") == 1);
    bench.port.with_engine(|engine, _| engine.misbehave(Fault::NeverReads));
    let before = counterfoil::time::Clock::monotonic_ms(&*bench.clock);
    bench.run_until("the end", |bench| bench.is_over(job(1)));
    assert_eq!(bench.story(job(1)), [Unknown { cause: cause("no_answer") }]);
    let took = counterfoil::time::Clock::monotonic_ms(&*bench.clock) - before;
    assert!((4_900..6_000).contains(&took), "{took} ms");
}

#[test]
fn a_job_may_be_given_up_only_while_no_byte_has_left() {
    let mut bench = Bench::new(profile("epson-80mm"), 50);
    bench.port.with_engine(|engine, now| engine.set(Switch::CoverOpen, true, now));
    bench.print(job(1), &paper("A", 3), false);
    bench.print(job(2), &paper("B", 3), false);
    bench.run_until("held", |bench| bench.said.len() == 2);
    bench.order(PrinterOrder::Drop { job: job(1) });
    bench.run_until("the end", |bench| bench.is_over(job(1)));
    assert_eq!(bench.story(job(1)), [HeldClean { cause: cause("cover_open") }, FailedClean { cause: cause("given_up") }]);
    bench.port.with_engine(|engine, now| engine.set(Switch::CoverOpen, false, now));
    bench.run_until("the first line", |bench| bench.count("B line 0") == 1);
    bench.order(PrinterOrder::Drop { job: job(2) });
    bench.run_until("the end", |bench| bench.is_over(job(2)));
    assert_eq!(bench.story(job(2)).last(), Some(&Printed {}), "too late to give up");
    assert_eq!(bench.count("A line"), 0);
}

#[test]
fn a_drawer_opens_at_once_or_not_at_all() {
    let mut bench = Bench::new(profile("epson-80mm"), 5);
    bench.run_until("ready", |bench| bench.statuses.last().is_some_and(|status| status.state == DeviceState::Ready));
    bench.order(PrinterOrder::Kick);
    bench.run_for(5_000);
    assert_eq!(bench.pulses(), 1);
    assert_eq!(bench.statuses.last().expect("a status").drawer_open, Some(true));
    bench.port.with_engine(|engine, _| engine.close_drawer());
    bench.run_for(1);
    assert_eq!(bench.statuses.last().expect("a status").drawer_open, Some(false));
    bench.port.with_engine(|engine, now| engine.set(Switch::PaperOut, true, now));
    bench.run_for(5_000);
    bench.order(PrinterOrder::Kick);
    bench.order(PrinterOrder::Test(TestKind::Drawer));
    bench.order(PrinterOrder::Test(TestKind::Page));
    bench.run_for(30_000);
    assert!(bench.statuses.last().expect("a status").hint.contains("use its key"));
    bench.port.with_engine(|engine, now| engine.set(Switch::PaperOut, false, now));
    bench.run_for(60_000);
    assert_eq!((bench.pulses(), bench.text().as_str()), (1, ""));
    bench.order(PrinterOrder::Test(TestKind::Page));
    bench.run_for(5_000);
    assert_eq!(bench.text().trim_end(), "test");
}

#[test]
fn paper_low_and_the_drawer_are_seen_while_nothing_is_printed() {
    let mut bench = Bench::new(profile("epson-80mm"), 5);
    bench.run_until("ready", |bench| bench.statuses.last().is_some_and(|status| status.state == DeviceState::Ready));
    bench.port.with_engine(|engine, now| engine.set(Switch::PaperLow, true, now));
    bench.run_until("low", |bench| bench.statuses.last().is_some_and(|status| status.paper == Some(Paper::Low)));
    assert_eq!(bench.statuses.last().expect("a status").state, DeviceState::Ready);
    bench.port.with_engine(|engine, now| engine.set(Switch::CoverOpen, true, now));
    bench.run_until("open", |bench| bench.statuses.last().is_some_and(|status| status.cover_open == Some(true)));
}

#[test]
fn a_clean_stop_waits_for_the_proof_and_puts_the_rest_back() {
    let mut bench = Bench::new(profile("epson-80mm"), 50);
    bench.print(job(1), &paper("A", 40), false);
    bench.print(job(2), &paper("B", 3), true);
    bench.run_until("the first line", |bench| bench.count("A line 5\n") == 1);
    bench.stop.ask();
    while bench.turn() {}
    assert_eq!(bench.story(job(1)), [Printed {}]);
    assert_eq!(bench.story(job(2)), [HeldClean { cause: cause("stopping") }]);
    assert_eq!((bench.count("A line 39"), bench.count("B line"), bench.pulses()), (1, 0, 0));
}

#[test]
fn a_full_queue_gives_the_job_back() {
    let mut bench = Bench::new(profile("epson-80mm"), 5);
    bench.port.with_engine(|engine, now| engine.set(Switch::PaperOut, true, now));
    let limit = u128::try_from(counterfoil::device::print_job::JOBS_WAITING_MAX).expect("small");
    for n in 0..limit + 2 {
        bench.print(job(n), &paper("A", 1), false);
        bench.turn();
    }
    bench.run_for(5_000);
    assert_eq!(bench.story(job(limit + 1)), [FailedClean { cause: cause("queue_full") }]);
    assert_eq!(bench.story(job(limit)), [HeldClean { cause: cause("paper_out") }]);
}
