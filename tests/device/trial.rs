//! `counterfoil device test`: what the technician reads, against simulated devices.

use std::io::Write;

use counterfoil::device::sim::{Aim, SimDisplay, SimPrinter, SimScanner};
use counterfoil::device::trial::{TEST_CODE, TrialError, try_out};
use counterfoil::device::{DeviceKind, PortConfig};

use super::bench::profile;
use super::shop::config;

/// What was said, and something to do when a line is said.
struct Screen<'a> {
    text: String,
    on_text: Box<dyn FnMut(&str) + 'a>,
}

impl Write for Screen<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let text = String::from_utf8_lossy(bytes).into_owned();
        (self.on_text)(&text);
        self.text.push_str(&text);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn screen() -> Screen<'static> {
    Screen { text: String::new(), on_text: Box::new(|_| {}) }
}

#[test]
fn a_printer_prints_a_slip_beeps_opens_the_drawer_and_proves_a_paper() {
    let printer = SimPrinter::tcp("127.0.0.1:0", profile("epson-80mm"), 0).expect("a port");
    let mut screen = screen();
    try_out(&config("printer-1", DeviceKind::Printer, printer.port().clone(), "epson-80mm"), None, &mut screen).expect("passes");
    assert!(screen.text.contains("printer-1: proved"), "{}", screen.text);
    let seen = printer.snapshot();
    assert_eq!((seen.pulses, seen.cuts), (1, 2));
}

#[test]
fn a_link_that_breaks_in_the_slip_is_seen_and_the_paper_behind_it_still_proved() {
    let printer = SimPrinter::tcp("127.0.0.1:0", profile("epson-80mm"), 0).expect("a port");
    // It wakes up well and breaks off in the middle of the papers.
    let mut screen = Screen {
        text: String::new(),
        on_text: Box::new(|text| {
            if text.contains("drawer") {
                printer.cut_after(300)
            }
        }),
    };
    let config = config("printer-1", DeviceKind::Printer, printer.port().clone(), "epson-80mm");
    let outcome = try_out(&config, None, &mut screen);
    // The slip is nobody's receipt and is lost; the paper behind it is held, and then printed and proved.
    assert!(outcome.is_ok(), "{outcome:?}");
    assert!(screen.text.contains("held, nothing sent"), "{}", screen.text);
}

#[test]
fn a_scanner_shows_what_it_sends() {
    let scanner = SimScanner::new(None).expect("a line");
    let port = PortConfig::Serial { path: scanner.path().display().to_string(), baud: 9600 };
    let scan = |text: &str| {
        if text.contains("scan up to") {
            scanner.scan("4006381333931", Aim::Ean13).expect("sent");
            scanner.scan("0104012345678901\u{1d}10A", Aim::Gs1_128).expect("sent");
            scanner.scan("4006381333931", Aim::None).expect("sent");
            scanner.scan(TEST_CODE, Aim::Code128).expect("sent");
            scanner.scan(&TEST_CODE.to_lowercase(), Aim::Code128).expect("sent");
        }
    };
    let mut screen = Screen { text: String::new(), on_text: Box::new(scan) };
    try_out(&config("scanner-1", DeviceKind::Scanner, port, "usb-serial"), None, &mut screen).expect("passes");
    for expected in ["scanned ]E04006381333931\n", "\\x1d10A", "no AIM identifier", "set up right", "Caps Lock"] {
        assert!(screen.text.contains(expected), "{expected:?} is not in\n{}", screen.text);
    }
}

#[test]
fn a_display_shows_the_test_text() {
    let display = SimDisplay::new(None).expect("a line");
    let port = PortConfig::Serial { path: display.path().display().to_string(), baud: 9600 };
    try_out(&config("display-1", DeviceKind::LineDisplay, port, "esc-pos"), None, &mut screen()).expect("passes");
    assert_eq!(display.text()[0], "COUNTERFOIL TEST 123");
}

#[test]
fn a_device_in_use_says_so_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let printer = SimPrinter::pty(Some(&folder.path().join("lp0")), profile("epson-80mm"), 0).expect("a line");
    let device = config("printer-1", DeviceKind::Printer, printer.port().clone(), "epson-80mm");
    let mut running = super::shop::Shop::start(vec![device.clone()]);
    running.wait_state("printer-1", &counterfoil::device::DeviceState::Ready);
    let refused = try_out(&device, None, &mut screen()).expect_err("held by the other one");
    assert!(matches!(refused, TrialError::InUse { .. }), "{refused:?}");
    assert!(refused.to_string().contains("systemctl stop"), "{refused}");
    running.stop();
}
