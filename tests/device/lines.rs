//! Printers and displays through the real drivers: TCP, a pseudo terminal as `/dev/usb/lp0`, a FIFO, a serial line.

use std::io::Read;
use std::time::Duration;

use counterfoil::device::lang::escpos::paper_text;
use counterfoil::device::sim::{Pty, SimDisplay, SimPrinter, Switch};
use counterfoil::device::{DeviceKind, DeviceState, PortConfig, PrinterOrder, TestKind};
use counterfoil::retail::PrintProgress::{HeldClean, Printed, Resumed, Sent, Unknown};

use super::bench::{cause, job, paper, profile};
use super::shop::{Shop, config, name};

fn printers(printer: &SimPrinter) -> Shop {
    Shop::start(vec![config("printer-1", DeviceKind::Printer, printer.port().clone(), "epson-80mm")])
}

fn count(printer: &SimPrinter, text: &str) -> usize {
    paper_text(&printer.snapshot().paper).matches(text).count()
}

/// Looks until it holds; for what nothing reports.
fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = std::time::Instant::now() + Duration::from_secs(60);
    while !holds() {
        assert!(std::time::Instant::now() < deadline, "{what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn a_receipt_over_tcp_is_proved_and_the_drawer_opens() {
    let printer = SimPrinter::tcp("127.0.0.1:0", profile("epson-80mm"), 1).expect("a port");
    let mut shop = printers(&printer);
    shop.print("printer-1", job(1), &paper("A", 60), true);
    assert_eq!(shop.wait_end("printer-1", job(1)), [Printed {}]);
    let seen = printer.snapshot();
    assert_eq!((seen.pulses, seen.cuts, seen.drawer_open, seen.done), (1, 1, true, true));
    assert_eq!(count(&printer, "A line 59"), 1);
    shop.stop();
}

#[test]
fn the_paper_out_story_over_tcp() {
    let printer = SimPrinter::tcp("127.0.0.1:0", profile("epson-80mm"), 0).expect("a port");
    printer.set(Switch::PaperOut, true);
    let mut shop = printers(&printer);
    shop.wait_state("printer-1", &DeviceState::Attention { cause: cause("paper_out") });
    shop.print("printer-1", job(1), &paper("A", 5), true);
    shop.print("printer-1", job(2), &paper("B", 5), true);
    shop.wait("both held", |report| match report {
        counterfoil::device::DeviceReport::Job { job: id, .. } => (*id == job(2)).then_some(()),
        _ => None,
    });
    assert_eq!(count(&printer, "line"), 0);
    printer.set(Switch::PaperOut, false);
    assert_eq!(shop.wait_end("printer-1", job(1)), [Resumed {}, Printed {}]);
    assert_eq!(shop.wait_end("printer-1", job(2)), [Resumed {}, Printed {}]);
    assert_eq!((count(&printer, "A line 4"), count(&printer, "B line 4"), printer.snapshot().pulses), (1, 1, 0));
    shop.stop();
}

#[test]
fn a_connection_cut_in_the_middle_is_unknown_and_heals() {
    let printer = SimPrinter::tcp("127.0.0.1:0", profile("epson-80mm"), 20).expect("a port");
    let mut shop = printers(&printer);
    shop.wait_state("printer-1", &DeviceState::Ready);
    shop.print("printer-1", job(1), &paper("A", 60), true);
    until("the paper begins", || count(&printer, "A line 2") > 0);
    printer.power_cycle();
    assert_eq!(shop.wait_end("printer-1", job(1)), [Unknown { cause: cause("unplugged") }]);
    shop.print("printer-1", job(2), &paper("B", 3), false);
    assert_eq!(shop.wait_end("printer-1", job(2)).last(), Some(&Printed {}));
    assert_eq!((count(&printer, "A line 59"), count(&printer, "B line 2"), printer.snapshot().pulses), (0, 1, 1));
    shop.stop();
}

#[test]
fn a_printer_switched_off_and_on_is_found_again() {
    let printer = SimPrinter::tcp("127.0.0.1:0", profile("epson-80mm"), 0).expect("a port");
    let mut shop = printers(&printer);
    shop.wait_state("printer-1", &DeviceState::Ready);
    printer.set(Switch::Offline, true);
    shop.wait("offline", |report| match report {
        counterfoil::device::DeviceReport::Status(status) => matches!(status.state, DeviceState::Attention { .. }).then_some(()),
        _ => None,
    });
    shop.print("printer-1", job(1), &paper("A", 3), true);
    printer.set(Switch::Offline, false);
    let story = shop.wait_end("printer-1", job(1));
    assert!(matches!(story.as_slice(), [HeldClean { .. }, Resumed {}, Printed {}]), "{story:?}");
    assert_eq!((count(&printer, "A line 0"), printer.snapshot().pulses), (1, 0));
    shop.stop();
}

#[test]
fn a_printer_on_a_device_file_prints_and_a_second_program_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let printer = SimPrinter::pty(Some(&folder.path().join("lp0")), profile("epson-80mm"), 0).expect("a line");
    let mut shop = printers(&printer);
    shop.print("printer-1", job(1), &paper("A", 30), true);
    assert_eq!(shop.wait_end("printer-1", job(1)), [Printed {}]);
    let mut second = Shop::start(vec![config("printer-2", DeviceKind::Printer, printer.port().clone(), "epson-80mm")]);
    let status = second.wait_state("printer-2", &DeviceState::Fault { cause: cause("in_use") });
    assert!(status.hint.contains("another program"), "{}", status.hint);
    second.stop();
    shop.stop();
}

#[test]
fn a_printer_on_a_serial_line_prints() {
    let printer = SimPrinter::pty(None, profile("epson-80mm"), 0).expect("a line");
    let path = printer.port().address().to_owned();
    let port = PortConfig::Serial { path, baud: 38_400 };
    let mut shop = Shop::start(vec![config("printer-1", DeviceKind::Printer, port, "epson-80mm")]);
    shop.print("printer-1", job(1), &paper("A", 30), false);
    assert_eq!(shop.wait_end("printer-1", job(1)), [Printed {}]);
    assert_eq!(count(&printer, "A line 29"), 1);
    shop.stop();
}

#[test]
fn a_one_way_line_is_sent_and_never_printed() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("fifo");
    rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, rustix::fs::Mode::from_raw_mode(0o600), 0).expect("a FIFO");
    // Opened for both so that it never ends.
    let mut far = std::fs::File::options().read(true).write(true).open(&path).expect("open");
    let text = |name: &str| include_str!("../../firmware-config/printers/generic-80mm.toml").replace("generic-80mm", name);
    let one_way = text("one-way")
        .replace("fence = { is = \"status_request\"", "fence = { is = \"none\"")
        .replace("asb = { is = true", "asb = { is = false")
        .replace("real_time_status = { is = true", "real_time_status = { is = false");
    let profile_path = folder.path().join("one-way.toml");
    std::fs::write(&profile_path, one_way).expect("written");
    let port = PortConfig::File { path: path.display().to_string() };
    let mut shop = Shop::start(vec![config("printer-1", DeviceKind::Printer, port, profile_path.to_str().expect("utf-8"))]);
    shop.print("printer-1", job(1), &paper("A", 5), false);
    assert_eq!(shop.wait_end("printer-1", job(1)), [Sent {}]);
    shop.stop();
    let mut bytes = vec![0; 65_536];
    let count = far.read(&mut bytes).expect("read");
    assert!(bytes[..count].windows(8).any(|window| window == b"A line 4"));
}

#[test]
fn the_technicians_tests_print_a_slip_and_open_the_drawer() {
    let printer = SimPrinter::tcp("127.0.0.1:0", profile("epson-80mm"), 0).expect("a port");
    let mut shop = printers(&printer);
    shop.wait_state("printer-1", &DeviceState::Ready);
    shop.order("printer-1", PrinterOrder::Test(TestKind::Page));
    until("the slip", || printer.snapshot().cuts == 1);
    shop.order("printer-1", PrinterOrder::Test(TestKind::Beep));
    shop.order("printer-1", PrinterOrder::Test(TestKind::Drawer));
    until("the drawer", || printer.snapshot().pulses == 1);
    printer.close_drawer();
    printer.tear_off();
    assert!(!printer.snapshot().drawer_open);
    assert_eq!(count(&printer, "PC437"), 0, "torn off");
    shop.stop();
}

#[test]
fn a_display_shows_the_newest_text_and_does_not_flicker() {
    let display = SimDisplay::new(None).expect("a line");
    let port = PortConfig::Serial { path: display.path().display().to_string(), baud: 9600 };
    let mut shop = Shop::start(vec![config("display-1", DeviceKind::LineDisplay, port, "esc-pos")]);
    shop.wait_state("display-1", &DeviceState::Ready);
    let handle = shop.devices.as_ref().expect("running").displays[&name("display-1")].clone();
    for n in 0..100 {
        handle.show("Milk 1.5 %", &format!("TOTAL {n:>14}"));
    }
    until("the newest text", || display.text() == ["Milk 1.5 %          ", "TOTAL             99"]);
    assert!(display.refreshes() <= 3, "{} refreshes for a hundred changes at once", display.refreshes());
    shop.stop();
}

#[test]
fn a_display_that_is_plugged_in_again_shows_the_text_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("display");
    let port = PortConfig::Serial { path: path.display().to_string(), baud: 9600 };
    let mut shop = Shop::start(vec![config("display-1", DeviceKind::LineDisplay, port, "esc-pos")]);
    shop.wait_state("display-1", &DeviceState::Absent);
    shop.devices.as_ref().expect("running").displays[&name("display-1")].show("WELCOME", "");
    let display = SimDisplay::new(Some(&path)).expect("a line");
    until("the text", || display.text()[0].trim_end() == "WELCOME");
    drop(display);
    let display = SimDisplay::new(Some(&path)).expect("a line");
    until("the text again", || display.text()[0].trim_end() == "WELCOME");
    shop.stop();
}

#[test]
fn a_stable_name_leads_to_the_line_that_is_plugged_in_now() {
    let folder = tempfile::tempdir().expect("a folder");
    let link = folder.path().join("by-id");
    let first = Pty::new(Some(&link)).expect("a line");
    let second = Pty::new(Some(&link)).expect("a line");
    assert_eq!(std::fs::read_link(first.path()).ok(), std::fs::read_link(second.path()).ok());
    drop(second);
    assert!(!link.exists());
}
