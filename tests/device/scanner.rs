//! Scanners through the real serial driver, on pseudo terminals, and keyboard scanners from recorded input events.

use std::path::Path;
use std::sync::Arc;

use counterfoil::device::lang::wedge::EVENT_BYTES;
use counterfoil::device::port::{Port, PortError, RealPort, SerialFormat};
use counterfoil::device::profile::ScannerProfile;
use counterfoil::device::reporter::Reporter;
use counterfoil::device::scanner::ScannerOwner;
use counterfoil::device::sim::{Aim, SimClock, SimScanner};
use counterfoil::device::{DeviceKind, DeviceReport, DeviceState, PortConfig, Stop};
use tokio::sync::mpsc;

use super::shop::{Shop, config, name};

fn serial(path: &Path) -> PortConfig {
    PortConfig::Serial { path: path.display().to_string(), baud: 115_200 }
}

fn shop(scanner: &SimScanner) -> Shop {
    let mut shop = Shop::start(vec![config("scanner-1", DeviceKind::Scanner, serial(scanner.path()), "usb-serial")]);
    shop.wait_state("scanner-1", &DeviceState::Ready);
    shop
}

fn attention(cause: &str) -> DeviceState {
    DeviceState::Attention { cause: cause.into() }
}

#[test]
fn scans_arrive_as_they_were_sent() {
    let scanner = SimScanner::new(None).expect("a line");
    let mut shop = shop(&scanner);
    let rows = [
        ("4006381333931", Aim::Ean13, "]E04006381333931"),
        ("012345678905", Aim::Ean13, "]E00012345678905"),
        ("96385074", Aim::Ean8, "]E496385074"),
        ("0104012345678901\u{1d}10ABC", Aim::Gs1_128, "]C10104012345678901\u{1d}10ABC"),
        ("https://example.com/01/09506000134352", Aim::Qr, "]Q1https://example.com/01/09506000134352"),
        ("4006381333931", Aim::None, "4006381333931"),
    ];
    for (code, aim, expect) in rows {
        scanner.scan(code, aim).expect("sent");
        assert_eq!(shop.wait_scan(), expect);
    }
    let seen = shop.stop();
    let from = seen.iter().filter(|report| matches!(report, DeviceReport::Scan { workstation: Some(w), .. } if w.as_str() == "1"));
    assert_eq!(from.count(), rows.len());
}

#[test]
fn garbage_is_said_and_does_not_spoil_the_next_scan() {
    let scanner = SimScanner::new(None).expect("a line");
    let mut shop = shop(&scanner);
    scanner.send(&[b'x'; 10_000]).expect("sent");
    scanner.send(b"\r").expect("sent");
    let status = shop.wait_state("scanner-1", &attention("scan_too_long"));
    assert!(status.hint.contains("4096"), "{}", status.hint);
    scanner.scan("96385074", Aim::Ean8).expect("sent");
    assert_eq!(shop.wait_scan(), "]E496385074");
    scanner.send(b"]E04006381").expect("sent");
    shop.wait_state("scanner-1", &attention("scan_torn"));
    scanner.send(&[0xff, 0x00, 0x80, b'\r']).expect("sent");
    let frame = shop.wait("a scan", |report| match report {
        DeviceReport::Scan { frame, .. } => Some(frame.clone()),
        _ => None,
    });
    assert_eq!(frame, [0xff, 0x00, 0x80], "whatever it is, it is handed on as it is");
    shop.stop();
}

#[test]
fn a_scanner_that_is_plugged_out_and_in_again_works_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("scanner");
    let mut scanner = SimScanner::new(Some(&path)).expect("a line");
    let mut shop = shop(&scanner);
    for round in 0..3 {
        scanner.scan(&format!("round {round}"), Aim::Code128).expect("sent");
        assert_eq!(shop.wait_scan(), format!("]C0round {round}"));
        drop(scanner);
        shop.wait("it is gone", |report| match report {
            DeviceReport::Status(status) => (status.state == attention("unplugged") || status.state == DeviceState::Absent).then_some(()),
            _ => None,
        });
        scanner = SimScanner::new(Some(&path)).expect("a line");
        shop.wait_state("scanner-1", &DeviceState::Ready);
    }
    shop.stop();
}

#[test]
fn a_second_program_is_refused_and_told_so() {
    let scanner = SimScanner::new(None).expect("a line");
    let shop = shop(&scanner);
    let mut second = RealPort::new(serial(scanner.path()), SerialFormat::default());
    let refused = second.open().expect_err("the first one has it");
    assert!(matches!(refused, PortError::InUse { .. }), "{refused:?}");
    assert!(refused.to_string().contains("another program"), "{refused}");
    shop.stop();
    second.open().expect("free again");
}

#[test]
fn what_is_not_there_or_no_device_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let plain = folder.path().join("plain");
    std::fs::write(&plain, "not a device").expect("written");
    let text = plain.display().to_string();
    let open = |config: PortConfig| RealPort::new(config, SerialFormat::default()).open().expect_err("no device");
    let gone = || "/dev/no-such-device".to_owned();
    assert!(matches!(open(PortConfig::Serial { path: gone(), baud: 9600 }), PortError::Missing { .. }));
    assert!(matches!(open(PortConfig::File { path: gone() }), PortError::Missing { .. }));
    assert!(matches!(open(PortConfig::Evdev { path: gone() }), PortError::Missing { .. }));
    assert!(matches!(open(PortConfig::Serial { path: text.clone(), baud: 9600 }), PortError::Unusable { .. }));
    assert!(matches!(open(PortConfig::File { path: text.clone() }), PortError::Unusable { .. }));
    assert!(matches!(open(PortConfig::Evdev { path: text }), PortError::Unusable { .. }));
    let closed = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    assert!(matches!(open(PortConfig::Tcp { address: closed.to_string() }), PortError::Unreachable { .. }));
    assert!(matches!(open(PortConfig::Tcp { address: "no port".into() }), PortError::Unusable { .. }));
}

#[test]
fn a_double_read_is_one_scan_and_a_later_one_is_another() {
    // Time that moves only here: three hundred milliseconds are exactly that.
    let scanner = SimScanner::new(None).expect("a line");
    let (mut owner, mut reports, clock) = owner(serial(scanner.path()), "usb-serial", false);
    let mut scans = 0;
    for (wait_ms, expect) in [(0, 1), (299, 1), (1, 2), (299, 2), (10_000, 3)] {
        clock.advance(wait_ms);
        scanner.scan("96385074", Aim::Ean8).expect("sent");
        // One write is one read: a round ends with the frame.
        owner.turn();
        while let Ok(report) = reports.try_recv() {
            scans += u32::from(matches!(report, DeviceReport::Scan { .. }));
        }
        assert_eq!(scans, expect, "after {wait_ms} ms");
    }
}

/// An owner on a real port and a simulated clock, turned by the test.
fn owner(port: PortConfig, profile: &str, keyboard: bool) -> (ScannerOwner, mpsc::Receiver<DeviceReport>, Arc<SimClock>) {
    let clock = Arc::new(SimClock::new());
    let (sender, mut reports) = mpsc::channel(64);
    let reporter = Reporter::new(name("scanner-1"), DeviceKind::Scanner, None, sender, clock.clone());
    let profile = ScannerProfile::load(profile).expect("a profile");
    let port = Box::new(RealPort::new(port, SerialFormat::default()));
    let mut owner = ScannerOwner::new(port, &profile, keyboard, reporter, Stop::default());
    owner.turn();
    match reports.try_recv() {
        Ok(DeviceReport::Status(status)) => assert_eq!(status.state, DeviceState::Ready),
        other => panic!("{other:?}"),
    }
    (owner, reports, clock)
}

/// A session as `cat /dev/input/event5` records it: one struct input_event per line of the table.
fn recorded(table: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for line in table.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let fields: Vec<i64> = line.split_whitespace().map(|field| field.parse().expect("a number")).collect();
        let [kind, code, value] = fields[..] else { panic!("{line}") };
        bytes.extend(vec![0u8; EVENT_BYTES - 8]);
        bytes.extend(u16::try_from(kind).expect("small").to_ne_bytes());
        bytes.extend(u16::try_from(code).expect("small").to_ne_bytes());
        bytes.extend(i32::try_from(value).expect("small").to_ne_bytes());
    }
    bytes
}

#[test]
fn recorded_keyboard_scans_come_out_as_the_code() {
    let sessions = [
        (include_str!("../golden/evdev/plain.txt"), "]E04006381333931"),
        (include_str!("../golden/evdev/alt.txt"), "]C1010400\u{1d}21a"),
        (include_str!("../golden/evdev/ctrl.txt"), "]C110A\u{1d}21B"),
    ];
    for (session, expect) in sessions {
        // The device's bytes come through the port, in pieces that do not respect the events.
        let line = SimScanner::new(None).expect("a line");
        let port = PortConfig::File { path: line.path().display().to_string() };
        let (mut owner, mut reports, _) = owner(port, "keyboard", true);
        let bytes = recorded(session);
        let mut scans = Vec::new();
        for piece in bytes.chunks(EVENT_BYTES * 3 + 5) {
            line.send(piece).expect("sent");
            owner.turn();
        }
        while let Ok(report) = reports.try_recv() {
            if let DeviceReport::Scan { frame, .. } = report {
                scans.push(String::from_utf8(frame).expect("text"));
            }
        }
        assert_eq!(scans, [expect]);
    }
}
