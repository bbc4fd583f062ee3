//! Configuration: the shipped example is right, and every wrong value is named with its key, the value and the remedy.

use std::path::Path;

use counterfoil::device::PortConfig;
use counterfoil::money::Money;
use counterfoil::node::config::{ConfigError, NodeConfig, parse};

const EXAMPLE: &str = include_str!("../docs/node.toml");

fn read(text: &str) -> Result<NodeConfig, ConfigError> {
    parse(text, Path::new("node.toml"))
}

#[test]
fn the_example_is_right() {
    let config = read(EXAMPLE).unwrap();
    assert_eq!(config.rules.workstations.len(), 2);
    assert_eq!(config.rules.tax.classes[0].components[0].rate, 190_000);
    assert_eq!(config.rules.notes[0], Money::from_minor(500));
    assert_eq!(config.devices[2].port, PortConfig::Serial { path: "/dev/serial/by-id/usb-scanner-1".into(), baud: 115_200 });
}

#[test]
fn head_offices_example_is_right() {
    let config = counterfoil::head_office::config::parse(include_str!("../docs/head-office.toml"), Path::new("head-office.toml")).unwrap();
    assert_eq!(config.listen.port(), 8090);
}

#[test]
fn every_wrong_value_is_named_with_its_remedy() {
    let check = |from: &str, to: &str, expected: &str| {
        assert!(EXAMPLE.contains(from), "the example has no {from:?}");
        let error = read(&EXAMPLE.replacen(from, to, 1)).expect_err(to).to_string();
        assert!(error.contains(expected), "{to}\n  said:     {error}\n  expected: {expected}");
    };
    check(r#"id = "berlin-1""#, r#"id = "Berlin 1""#, r#"store.id = "Berlin 1": store "Berlin 1" is not valid: use 1 to 32"#);
    check(r#"currency = "EUR""#, r#"currency = "EUX""#, r#"store.currency = "EUX": not a currency"#);
    check("Europe/Berlin", "Europe/Atlantis", r#"store.time_zone = "Europe/Atlantis": not an IANA time zone"#);
    check(r#"country = "DE""#, r#"country = "Germany""#, r#"store.country = "Germany": use the two capital letters"#);
    check(r#"locale = "en""#, r#"locale = "xx""#, r#"store.locale = "xx": use one of en, "#);
    check(r#"name = "Markt am Platz""#, r#"name = "  ""#, "store.name");
    check("127.0.0.1:8080", "0.0.0.0:8080", "node.listen = 0.0.0.0:8080: other machines may reach this address");
    check("127.0.0.1:8080", "8080", r#"node.listen = "8080": write an address and a port"#);
    check("http://127.0.0.1:8090", "http://192.0.2.1:8090", "plain http is only allowed to this machine");
    check("http://127.0.0.1:8090", "https://head-office.example", "https needs head_office.ca");
    check("http://127.0.0.1:8090", "head office", r#"head_office.url = "head office": write an address"#);
    check(r#"percent = "19""#, r#"percent = "19.12345""#, r#"tax.class[0].component[0].percent = "19.12345": write per cent as text"#);
    check(r#"percent = "19""#, r#"percent = "101""#, "tax.class[0].component[0].percent");
    check(r#"id = "B""#, r#"id = "A""#, "tax.class[1].id = A: is there twice");
    check(r#"step = """#, r#"step = "0.001""#, r#"cash.step = "0.001": write an amount"#);
    check(r#"step = """#, r#"step = "0""#, "cash.step");
    check(r#""200"]"#, r#""-200"]"#, r#"cash.notes[5] = "-200""#);
    check(r#"without_receipt_max = "50""#, r#"without_receipt_max = "fifty""#, r#"returns.without_receipt_max = "fifty": write an amount"#);
    check(r#"reasons = ["unwanted","#, r#"reasons = ["","#, "returns.reasons");
    check(r#"chain = "counterfoil""#, r#"chain = """#, "store.chain");
    check(r#"text = "Bread roll""#, r#"text = """#, r#"quick_key[0].text = "": write 1 to 20 characters"#);
    check(
        r#"scale = "scale-1""#,
        r#"scale = "printer-1""#,
        "workstation[0].scale = printer-1: no [[device]] of kind \"scale\" has this name",
    );
    let second = "receipt_printer = \"printer-2\"";
    check(second, &format!("{second}\nscale = \"scale-1\""), "workstation[1].scale = scale-1: stands at another workstation");
    check(r#"step = "0.005""#, r#"step = "5 g""#, r#"weighing.step = "5 g": write kilograms"#);
    check(r#"min = "0.02""#, r#"min = "20""#, "weighing.min = 20: must be at most weighing.max, which is 15");
    check(r#"code = "3001""#, r#"code = " ""#, "quick_key[0].code");
    check(r#"code = "3001""#, "", "quick_key[0] = Bread roll: give either code or department");
    check(r#"department = "dept-deli""#, r#"department = "dept-9""#, "quick_key[1].department = \"dept-9\": no [[department]] has this id");
    check(r#"price_max = "100""#, r#"price_max = "0""#, "department[0].price_max = \"0\": write the highest price");
    check("tax_class = \"B\"\ngroup", "tax_class = \"Q\"\ngroup", "department[0].tax_class = Q: no [[tax.class]] has this id");
    check("[[workstation]]\nid = \"2\"", "[[workstation]]\nid = \"1\"", "workstation[1].id = 1: is there twice");
    check(r#"receipt_printer = "printer-2""#, r#"receipt_printer = "printer-9""#, "no [[device]] of kind \"printer\" has this name");
    check("receipt_printer = \"printer-1\"\n", "", "the drawer hangs on the receipt printer");
    check("drawer = true\n", "drawer = true\nlabel_printer = \"printer-1\"\n", "no [[device]] of kind \"label_printer\" has this name");
    check(r#"workstation = "2""#, r#"workstation = "7""#, "device[3].workstation = 7: no [[workstation]] has this id");
    check(r#"file = "/dev/usb/lp0""#, "", "device[1] = printer-2: give exactly one of serial, tcp, file or evdev");
    check(r#"name = "printer-2""#, r#"name = "printer-1""#, "is there twice");
    check("# tls_cert", "tls_cert", "node.tls_cert");
    check("# font = \"/usr", "font = \"/nowhere", "node.font");
}

#[test]
fn all_complaints_come_at_once() {
    let text = EXAMPLE.replacen("EUR", "EUX", 1).replacen("Europe/Berlin", "X", 1);
    let Err(ConfigError::Values { complaints, .. }) = read(&text) else { panic!("two wrong values") };
    assert_eq!(complaints.len(), 2, "{complaints:?}");
}

#[test]
fn an_unknown_key_is_named() {
    let error = read(&EXAMPLE.replacen("footer", "fooder", 1)).unwrap_err().to_string();
    assert!(error.contains("unknown field `fooder`"), "{error}");
    let error = read("not toml").unwrap_err().to_string();
    assert!(error.contains("node.toml is not valid TOML"), "{error}");
}

/// One label printer serves every workstation, where none is named; of two nobody guesses.
#[test]
fn the_only_label_printer_is_everybodys() {
    let device = |name: &str| {
        format!("\n[[device]]\nname = \"{name}\"\nkind = \"label_printer\"\nprofile = \"zpl-203\"\ntcp = \"192.0.2.9:9100\"\n")
    };
    let printers = |text: &str| {
        let workstations = read(text).unwrap().rules.workstations;
        workstations.into_iter().map(|here| here.label_printer.map(|name| name.to_string())).collect::<Vec<_>>()
    };
    assert_eq!(printers(EXAMPLE), [None, None]);
    let one = EXAMPLE.to_owned() + device("labels-1").as_str();
    assert_eq!(printers(&one), [Some("labels-1".to_owned()), Some("labels-1".to_owned())]);
    let two = one + device("labels-2").as_str();
    assert_eq!(printers(&two), [None, None]);
    let named = two.replacen("drawer = true", "drawer = true\nlabel_printer = \"labels-2\"", 1);
    assert_eq!(printers(&named), [Some("labels-2".to_owned()), None]);
}
