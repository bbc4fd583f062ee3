//! `counterfoil check`: each thing that can be wrong has its row and its remedy, and a shop that is well has none.

use std::path::Path;

use counterfoil::check::{Place, Row, Table, Verdict, examine};
use counterfoil::device::lang::escpos::PrinterProfile;
use counterfoil::device::sim::{SimPrinter, SimScanner};
use counterfoil::device::{DeviceConfig, DeviceKind, DrawerSense, PortConfig};
use counterfoil::ids::DeviceName;
use counterfoil::node::config::parse;

fn place(data: &Path) -> Place {
    let mut config = parse(include_str!("../docs/node.toml"), Path::new("node.toml")).expect("the example is right");
    config.data_dir = data.to_owned();
    config.listen = "127.0.0.1:0".parse().expect("an address");
    config.devices = Vec::new();
    config.head_office = None;
    Place { config, udev_folders: vec![data.join("rules.d")], running: false }
}

fn device(name: &str, kind: DeviceKind, port: PortConfig, profile: &str) -> DeviceConfig {
    let name = DeviceName::new(name).expect("a name");
    DeviceConfig {
        name,
        kind,
        workstation: None,
        port,
        profile: profile.to_owned(),
        drawer_sense: DrawerSense::None,
        card: Default::default(),
    }
}

fn row(place: &Place, name: &str) -> Row {
    let rows = examine(place);
    rows.iter().find(|row| row.name == name).unwrap_or_else(|| panic!("no row {name}: {rows:?}")).clone()
}

#[test]
fn a_shop_that_is_well_has_nothing_bad() {
    let folder = tempfile::tempdir().expect("a folder");
    let printer = SimPrinter::tcp("127.0.0.1:0", PrinterProfile::built_in("epson-80mm").expect("built in"), 0).expect("a port");
    let scanner = SimScanner::new(None).expect("a line");
    let mut place = place(folder.path());
    let serial = PortConfig::Serial { path: scanner.path().display().to_string(), baud: 9600 };
    place.config.devices = vec![
        device("printer-1", DeviceKind::Printer, printer.port().clone(), "epson-80mm"),
        device("scanner-1", DeviceKind::Scanner, serial, "usb-serial"),
    ];
    let rows = examine(&place);
    let bad: Vec<&Row> = rows.iter().filter(|row| row.verdict == Verdict::Bad && row.name != "disk space").collect();
    assert!(bad.is_empty(), "{bad:#?}");
    assert_eq!(rows.iter().filter(|row| row.name == "device" && row.verdict == Verdict::Good).count(), 2);
    assert!(rows.iter().filter(|row| row.verdict != Verdict::Good).all(|row| !row.remedy.is_empty()), "{rows:#?}");
    assert_eq!(std::fs::read_dir(folder.path()).expect("readable").count(), 0, "nothing is left behind");
    let table = Table(&rows).to_string();
    assert!(table.contains("ok    data folder"), "{table}");
}

#[test]
fn what_is_wrong_is_named_with_its_remedy() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut place = place(folder.path());
    let gone = PortConfig::File { path: "/dev/usb/no-such-printer".into() };
    place.config.devices = vec![device("printer-1", DeviceKind::Printer, gone.clone(), "epson-80mm")];
    let found = row(&place, "device");
    assert_eq!(found.verdict, Verdict::Bad);
    assert!(found.found.contains("/dev/usb/no-such-printer is not there"), "{found:?}");
    assert!(row(&place, "udev rules").remedy.contains("60-counterfoil.rules"));
    std::fs::create_dir(folder.path().join("rules.d")).expect("made");
    std::fs::write(folder.path().join("rules.d/60-counterfoil.rules"), "").expect("written");
    assert_eq!(row(&place, "udev rules").verdict, Verdict::Good);

    place.config.devices = vec![device("printer-1", DeviceKind::Printer, gone, "no-such-profile")];
    assert!(row(&place, "device").found.contains("use one of epson-80mm"), "{:?}", row(&place, "device"));

    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    place.config.listen = taken.local_addr().expect("an address");
    assert_eq!(row(&place, "address").verdict, Verdict::Bad);
    place.running = true;
    assert_eq!(row(&place, "address").verdict, Verdict::Good, "the running node's own");

    place.config.font = Some(folder.path().join("rules.d/60-counterfoil.rules"));
    assert_eq!(row(&place, "font").verdict, Verdict::Bad);

    place.config.data_dir = folder.path().join("not there");
    assert_eq!(row(&place, "data folder").verdict, Verdict::Note, "the first start makes it");
    place.config.data_dir = folder.path().join("rules.d/60-counterfoil.rules");
    let found = row(&place, "data folder");
    assert_eq!(found.verdict, Verdict::Bad);
    assert!(found.found.contains("cannot be written"), "{found:?}");

    std::fs::create_dir_all(folder.path().join("other/journal")).expect("made");
    let segment = "segment-0000000000000001-00000000000000aa.jsonl";
    std::fs::write(folder.path().join("other/journal").join(segment), "not a record\n").expect("written");
    place.config.data_dir = folder.path().join("other");
    let found = row(&place, "journal");
    assert_eq!(found.verdict, Verdict::Bad, "{found:?}");
    assert!(found.remedy.contains("keep the disk as it is"));
}
