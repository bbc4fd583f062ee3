//! The label printer through the real driver and a real line: what is proved, what is held and why, and what is unknown.

use std::sync::Arc;

use counterfoil::device::label_job::test_label;
use counterfoil::device::lang::zpl::Part;
use counterfoil::device::profile::load_label_printer;
use counterfoil::device::sim::{LabelFault, LabelSwitch, SimLabelPrinter};
use counterfoil::device::trial::try_out;
use counterfoil::device::{DeviceKind, DeviceReport, DeviceState, PrintOrder, PrinterOrder, Printout, TestKind};
use counterfoil::document::label::BagLabel;
use counterfoil::document::{Document, Printable};
use counterfoil::ids::{JobId, OrderNo};
use counterfoil::retail::PrintProgress::{self, FailedClean, HeldClean, Printed, Resumed, Sent, Unknown};

use super::bench::{cause, job};
use super::shop::{Shop, config};

const NAME: &str = "labels-1";

fn printer(profile: &str, label_ms: u64) -> SimLabelPrinter {
    SimLabelPrinter::tcp("127.0.0.1:0", load_label_printer(profile).expect("built in"), label_ms).expect("a port")
}

fn shop(printer: &SimLabelPrinter, profile: &str) -> Shop {
    Shop::start(vec![config(NAME, DeviceKind::LabelPrinter, printer.port().clone(), profile)])
}

fn label(bag: u32) -> Arc<BagLabel> {
    Arc::new(BagLabel { order: OrderNo::new("4711").unwrap(), initials: Printable::new("A.B."), bag, bags: 4, ..test_label() })
}

fn print(shop: &Shop, number: u32) -> JobId {
    let id = job(number.into());
    shop.order(
        NAME,
        PrinterOrder::Print(PrintOrder { job: id, printout: Printout::Label(label(number)), kick: false, held_before: false }),
    );
    id
}

/// The bags of the labels that came out, in their order.
fn bags(printer: &SimLabelPrinter) -> Vec<String> {
    let codes = printer.snapshot().labels;
    let code = |parts: &Vec<Part>| parts.iter().find_map(|part| if let Part::Bars { data, .. } = part { Some(data.clone()) } else { None });
    codes.iter().filter_map(|label| code(&label.parts)).collect()
}

fn wait_attention(shop: &mut Shop, what: &str) -> String {
    shop.wait_state(NAME, &DeviceState::Attention { cause: cause(what) }).hint
}

#[test]
fn each_label_is_proved_by_the_printers_own_count() {
    let printer = printer("zpl-203", 30);
    let mut shop = shop(&printer, "zpl-203");
    let jobs = [print(&shop, 1), print(&shop, 2), print(&shop, 3)];
    for job in jobs {
        assert_eq!(shop.wait_end(NAME, job), [Printed {}]);
    }
    assert_eq!(bags(&printer), ["CFB1014711", "CFB1024711", "CFB1034711"]);
    shop.stop();
}

#[test]
fn a_printer_that_cannot_count_or_speak_has_sent_at_most() {
    let uncounted = printer("zpl-203", 0);
    uncounted.misbehave(LabelFault::NoCount);
    let mut first = shop(&uncounted, "zpl-203");
    let id = print(&first, 1);
    assert_eq!(first.wait_end(NAME, id), [Sent {}]);
    first.stop();

    let mute = printer("zpl-203", 0);
    mute.misbehave(LabelFault::Mute);
    let mut second = shop(&mute, "zpl-203-mute");
    let id = print(&second, 1);
    assert_eq!(second.wait_end(NAME, id), [Sent {}]);
    second.stop();
    // What was sent is still on its way through the printer.
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(30);
    while bags(&mute).is_empty() && std::time::Instant::now() < deadline {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    assert_eq!(bags(&mute), ["CFB1014711"]);
}

#[test]
fn what_a_person_must_see_to_holds_the_labels_and_each_comes_once() {
    for (switch, what) in [
        (LabelSwitch::PaperOut, "paper_out"),
        (LabelSwitch::RibbonOut, "ribbon_out"),
        (LabelSwitch::HeadOpen, "head_open"),
        (LabelSwitch::Paused, "paused"),
    ] {
        let printer = printer("zpl-203", 0);
        printer.set(switch, true);
        let mut shop = shop(&printer, "zpl-203");
        assert!(!wait_attention(&mut shop, what).is_empty());
        let jobs = [print(&shop, 1), print(&shop, 2)];
        shop.wait("the second is held", |report| match report {
            DeviceReport::Job { job: id, progress: HeldClean { cause }, .. } => (*id == jobs[1] && cause == what).then_some(()),
            _ => None,
        });
        assert!(bags(&printer).is_empty());
        printer.set(switch, false);
        assert_eq!(shop.wait_end(NAME, jobs[0]), [Resumed {}, Printed {}], "{what}");
        assert_eq!(shop.wait_end(NAME, jobs[1]), [Resumed {}, Printed {}], "{what}");
        assert_eq!(bags(&printer).len(), 2);
        shop.stop();
    }
}

#[test]
fn the_roll_ends_within_an_order_and_the_rest_follows_after_the_new_one() {
    let printer = printer("zpl-300", 20);
    printer.set_labels_left(2);
    let mut shop = shop(&printer, "zpl-300");
    let jobs: Vec<JobId> = (1..=4).map(|number| print(&shop, number)).collect();
    assert_eq!(shop.wait_end(NAME, jobs[0]), [Printed {}]);
    wait_attention(&mut shop, "paper_out");
    printer.set(LabelSwitch::PaperOut, false);
    for job in &jobs[2..] {
        assert_eq!(shop.wait_end(NAME, *job).last(), Some(&Printed {}));
    }
    assert_eq!(bags(&printer), ["CFB1014711", "CFB1024711", "CFB1034711", "CFB1044711"]);
    shop.stop();
}

#[test]
fn it_dies_in_the_third_label_and_nothing_is_printed_twice() {
    let printer = printer("zpl-203", 0);
    let mut shop = shop(&printer, "zpl-203");
    for number in [1, 2] {
        let id = print(&shop, number);
        assert_eq!(shop.wait_end(NAME, id), [Printed {}]);
    }
    // Questions before a label have some 80 bytes, a label some 500.
    printer.die_after(300);
    let jobs = [print(&shop, 3), print(&shop, 4)];
    assert_eq!(shop.wait_end(NAME, jobs[0]), [Unknown { cause: cause("unplugged") }]);
    printer.power_cycle();
    assert_eq!(shop.wait_end(NAME, jobs[1]).last(), Some(&Printed {}));
    assert_eq!(bags(&printer), ["CFB1014711", "CFB1024711", "CFB1044711"]);
    shop.stop();
}

#[test]
fn a_printer_of_another_resolution_prints_nothing_and_says_which_profile_it_needs() {
    let printer = printer("zpl-300", 0);
    let mut shop = shop(&printer, "zpl-203");
    let hint = shop.wait_state(NAME, &DeviceState::Fault { cause: cause("wrong_dpi") }).hint;
    let id = print(&shop, 1);
    shop.wait("held", |report| match report {
        DeviceReport::Job { job, progress: HeldClean { cause }, .. } => (*job == id && cause == "wrong_dpi").then_some(()),
        _ => None,
    });
    assert!(hint.contains("300 dpi") && hint.contains("203"), "{hint}");
    // Given up with no byte sent.
    shop.order(NAME, PrinterOrder::Drop { job: id });
    let ended = shop.wait("dropped", |report| match report {
        DeviceReport::Job { job, progress: progress @ FailedClean { .. }, .. } if *job == id => Some(progress.clone()),
        _ => None,
    });
    assert_eq!(ended, FailedClean { cause: cause("given_up") });
    shop.stop();
    assert!(bags(&printer).is_empty());
}

#[test]
fn a_printer_that_is_gone_is_found_again_and_a_paper_is_not_for_it() {
    let printer = printer("zpl-203", 0);
    printer.set(LabelSwitch::Offline, true);
    let mut shop = shop(&printer, "zpl-203");
    let paper = PrintOrder { job: job(9), printout: Printout::Paper(Arc::new(Document::default())), kick: false, held_before: false };
    shop.order(NAME, PrinterOrder::Print(paper));
    assert_eq!(shop.wait_end(NAME, job(9)), [FailedClean { cause: cause("wrong_printer") }]);
    let id = print(&shop, 1);
    shop.wait("held", |report| match report {
        DeviceReport::Job { job, progress: HeldClean { .. }, .. } => (*job == id).then_some(()),
        _ => None,
    });
    printer.set(LabelSwitch::Offline, false);
    assert_eq!(shop.wait_end(NAME, id).last(), Some(&Printed {}));
    shop.stop();
}

#[test]
fn one_that_swallows_labels_is_never_believed() {
    let printer = printer("zpl-203", 0);
    let mut shop = shop(&printer, "zpl-203");
    shop.wait_state(NAME, &DeviceState::Ready);
    printer.misbehave(LabelFault::Blank);
    let id = print(&shop, 1);
    assert_eq!(shop.wait_end(NAME, id), [Unknown { cause: cause("no_proof") }]);
    shop.stop();
}

#[test]
fn a_technicians_test_over_a_pseudo_terminal() {
    let profile = load_label_printer("zpl-203").expect("built in");
    let printer = SimLabelPrinter::pty(None, profile, 0).expect("a pty");
    let config = config(NAME, DeviceKind::LabelPrinter, printer.port().clone(), "zpl-203");
    let mut screen = Vec::new();
    try_out(&config, None, &mut screen).expect("passes");
    let said = String::from_utf8(screen).expect("text");
    assert!(said.contains("proved"), "{said}");
    assert_eq!(printer.snapshot().labels.len(), 1);

    let mut shop = Shop::start(vec![config]);
    shop.wait_state(NAME, &DeviceState::Ready);
    shop.order(NAME, PrinterOrder::Test(TestKind::Page));
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while printer.snapshot().labels.len() < 2 {
        assert!(std::time::Instant::now() < deadline, "the test label did not come");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    shop.stop();
}

#[test]
fn a_story_ends_once() {
    let is_end = |progress: &PrintProgress| super::bench::is_end(progress);
    let printer = printer("zpl-203", 5);
    let mut shop = shop(&printer, "zpl-203");
    let id = print(&shop, 1);
    let again = print(&shop, 1);
    assert_eq!(id, again);
    assert_eq!(shop.wait_end(NAME, id), [Printed {}]);
    let seen = shop.stop();
    let ends = seen.iter().filter(|report| matches!(report, DeviceReport::Job { progress, .. } if is_end(progress))).count();
    assert_eq!((ends, bags(&printer).len()), (1, 1));
}
