//! What a person reads when something is in the way: the thing, the remedy, and an exit code that systemd understands.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Output, Stdio};

use counterfoil::process::{EXIT_CONFIG, EXIT_DATA, EXIT_UNAVAILABLE};

use super::child::{Child, program, run};
use super::shop::{Devices, config_text};

/// Runs to the end, and expects it to be a bad one.
fn check(arguments: &[&str], code: u8, says: &[&str]) {
    let output = run(arguments);
    let text = words(&output);
    assert_eq!(output.status.code(), Some(i32::from(code)), "{arguments:?}: {text}");
    for words in says {
        assert!(text.contains(words), "{arguments:?} does not say {words:?}:\n{text}");
    }
    assert!(!text.contains("panicked"), "{arguments:?}: {text}");
}

fn words(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// A node's file in `folder`, for a shop without head office.
fn config(folder: &Path, data: &Path, listen: &str) -> String {
    let path = folder.join("node.toml");
    std::fs::write(&path, config_text(data, listen, None, &Devices::default())).expect("a file");
    text_of(&path)
}

fn text_of(path: &Path) -> String {
    path.to_str().expect("a plain path").to_owned()
}

/// A demo that has printed its addresses. Its last words follow on the reader.
fn demo(folder: &Path, more: &[&str]) -> (Child, BufReader<std::process::ChildStdout>, Vec<String>) {
    let folder = text_of(folder);
    let mut arguments = vec!["demo", "--port", "0", "--data-dir", &folder];
    arguments.extend(more);
    let mut child = Child::spawn(program(&arguments).stdout(Stdio::piped()).stderr(Stdio::null()));
    let mut said = BufReader::new(child.stdout());
    let mut lines = Vec::new();
    while !lines.last().is_some_and(|line: &String| line.starts_with("Ctrl-C")) {
        let mut line = String::new();
        assert!(said.read_line(&mut line).expect("text") > 0, "the demo ended: {lines:?}");
        lines.push(line);
    }
    (child, said, lines)
}

#[test]
fn a_port_in_use_is_named_with_the_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let file = config(folder.path(), &folder.path().join("data"), &address.to_string());
    let port = format!("port {}", address.port());
    check(&["node", "--config", &file], EXIT_UNAVAILABLE, &[&port, "in use", "choose another port"]);
    let data = text_of(&folder.path().join("demo"));
    check(&["demo", "--data-dir", &data, "--port", &address.port().to_string()], EXIT_UNAVAILABLE, &[&port, "--port"]);
}

#[test]
fn a_folder_that_cannot_be_written_is_named_with_the_remedy() {
    let folder = tempfile::tempdir().unwrap();
    // Permissions do not bind root, but nobody makes a folder below a file.
    let file = folder.path().join("a-file");
    std::fs::write(&file, "kept").unwrap();
    let below = file.join("data");
    let config = config(folder.path(), &below, "127.0.0.1:0");
    check(&["node", "--config", &config], EXIT_UNAVAILABLE, &["cannot write to", &text_of(&below), "data_dir"]);
    check(&["demo", "--port", "0", "--data-dir", &text_of(&below)], EXIT_UNAVAILABLE, &["cannot write to", &text_of(&below), "--data-dir"]);
    assert_eq!(std::fs::read(&file).unwrap(), b"kept");
}

#[test]
fn a_configuration_is_checked_without_a_start() {
    let folder = tempfile::tempdir().unwrap();
    let file = config(folder.path(), &folder.path().join("data"), "127.0.0.1:0");
    let output = run(&["node", "--config", &file, "--check-config"]);
    assert!(output.status.success() && words(&output).contains("is right: store berlin-1"), "{}", words(&output));
    assert!(!folder.path().join("data").exists(), "a check makes nothing");

    // What head office said is told, and when it does not go with the file.
    let data = folder.path().join("data");
    std::fs::create_dir(&data).unwrap();
    let said = |max: &str| {
        let setting = format!(r#"{{"to":"{max}","profile":"scales","version":7}}"#);
        std::fs::write(data.join("configuration.json"), format!(r#"{{"version":3,"settings":{{"weighing.max":{setting}}}}}"#)).unwrap();
    };
    said("12");
    let output = run(&["node", "--config", &file, "--check-config"]);
    assert!(output.status.success(), "{}", words(&output));
    assert!(words(&output).contains("weighing.max = \"12\"   (profile scales, version 7)"), "{}", words(&output));
    said("0.0001");
    check(&["node", "--config", &file, "--check-config"], EXIT_CONFIG, &["configuration 3 cannot be laid over it", "weighing.max"]);
    std::fs::remove_dir_all(&data).unwrap();

    let good = std::fs::read_to_string(&file).unwrap();
    let with = |from: &str, to: &str, says: &[&str]| {
        std::fs::write(&file, good.replace(from, to)).unwrap();
        for arguments in [&["node", "--config", &file, "--check-config"][..], &["node", "--config", &file][..]] {
            check(arguments, EXIT_CONFIG, says);
        }
    };
    with("opens_day_itself", "opens_the_day", &["opens_the_day", "node.toml"]);
    with("\"EUR\"", "\"EURO\"", &["store.currency", "EURO", "ISO 4217"]);
    with("127.0.0.1:0", "0.0.0.0:8080", &["node.listen", "0.0.0.0:8080", "tls_cert"]);
    with("percent = \"19\"", "percent = \"nineteen\"", &["nineteen"]);
    check(&["node", "--config", "/nowhere/node.toml"], EXIT_CONFIG, &["/nowhere/node.toml", "--config"]);
    check(&["journal", "verify", "/nowhere/journal"], 2, &["/nowhere/journal"]);
}

#[test]
fn promotions_that_contradict_themselves_or_each_other_are_not_published() {
    let folder = tempfile::tempdir().unwrap();
    let (office, file) = (text_of(&folder.path().join("head-office")), text_of(&folder.path().join("prices.toml")));
    let articles = text_of(&folder.path().join("articles.csv"));
    std::fs::write(&articles, "sku,gtin,name,group,price\nm1,96385074,Milk,Dairy/Milk,1.29\n").unwrap();
    let catalogue = run(&["import", "catalogue", &articles, "--data-dir", &office, "--currency", "EUR"]);
    assert!(catalogue.status.success(), "{}", words(&catalogue));
    let import = ["import", "prices", &file, "--data-dir", &office];
    let rule = |id: &str, more: &str| format!("[[promotion]]\nid = \"{id}\"\nname = \"Rule\"\nkind = \"each\"\n{more}\n");
    let good = rule("milk-week", "on = { groups = [\"Dairy\"] }\npercent = \"10\"\ncombine = \"exclusive\"");
    std::fs::write(&file, &good).unwrap();
    let published = run(&import);
    assert!(published.status.success() && words(&published).contains("version 1: 1 new"), "{}", words(&published));

    let refused = |more: &str, says: &[&str]| {
        std::fs::write(&file, format!("{good}{more}")).unwrap();
        check(&import, EXIT_DATA, says);
    };
    let milk = "on = { skus = [\"m1\"] }\npercent = \"20\"\n";
    let exclusive = rule("milk-day", &format!("{milk}combine = \"exclusive\""));
    refused(&exclusive, &["line 9, milk-day:", "milk-week is exclusive too", "m1", "nothing was imported"]);
    refused(&rule("milk-day", &format!("{milk}from = \"2026-08-02\"\nto = \"2026-08-01\"")), &["line 9, milk-day:", "before it begins"]);
    refused(&rule("milk-day", &format!("{milk}price = \"0.99\"")), &["line 9, milk-day:", "one of percent, amount and price"]);
    refused(&rule("milk-week", milk), &["milk-week:", "another promotion has this id"]);
    let coupon = |id: &str| rule(id, &format!("{milk}coupons = [\"SUMMER\"]"));
    refused(&(coupon("one") + coupon("two").as_str()), &["line 16, two:", "coupon SUMMER belongs to one already"]);

    // What was in force still is.
    std::fs::write(&file, &good).unwrap();
    let again = run(&import);
    assert!(again.status.success() && words(&again).contains("nothing differs from version 1"), "{}", words(&again));
}

#[test]
fn a_demo_keeps_to_its_folder_and_carries_on_there() {
    let folder = tempfile::tempdir().unwrap();
    let foreign = folder.path().join("photos");
    std::fs::create_dir(&foreign).unwrap();
    std::fs::write(foreign.join("holiday.jpg"), "sun").unwrap();
    for more in [&[][..], &["--fresh"][..]] {
        let foreign = text_of(&foreign);
        let arguments = [&["demo", "--port", "0", "--data-dir", foreign.as_str()], more].concat();
        check(&arguments, EXIT_UNAVAILABLE, &["not empty and not a demo's", "--data-dir"]);
    }
    assert_eq!(std::fs::read(foreign.join("holiday.jpg")).unwrap(), b"sun");

    let data = folder.path().join("demo");
    let text = text_of(&data);
    let (mut first, mut said, lines) = demo(&data, &[]);
    let link = lines.iter().find_map(|line| line.split_once("Till 1")).expect("a link to till 1").1.trim();
    assert!(link.starts_with("http://127.0.0.1:") && link.contains("/pair/"), "{link}");
    // A token from the console opens the running node's API.
    let token = run(&["token", "test", "--data-dir", &text_of(&data.join("node"))]);
    assert!(token.status.success(), "{}", words(&token));
    let address = link.trim_start_matches("http://").split('/').next().unwrap().parse().unwrap();
    let mut till = super::till::Till::connect(address, String::from_utf8_lossy(&token.stdout).trim()).unwrap();
    assert_eq!(till.look("/api/v1/workstations").as_array().map(Vec::len), Some(2));
    assert_eq!(till.get("/api/v1/nothing").unwrap().status, 404);

    check(&["demo", "--port", "0", "--data-dir", &text], EXIT_UNAVAILABLE, &["stop it"]);
    check(&["demo", "--port", "0", "--data-dir", &text, "--fresh"], EXIT_UNAVAILABLE, &["another process works with", "stop it first"]);
    first.ask_to_stop();
    assert_eq!(first.wait_end().code(), Some(0), "a clean stop");
    let mut last = String::new();
    std::io::Read::read_to_string(&mut said, &mut last).unwrap();
    assert!(last.contains("carries on here"), "{last}");

    let first_segment = |data: &Path| {
        let names = std::fs::read_dir(data.join("node/journal")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name.starts_with("segment-")).min().expect("a segment")
    };
    let before = first_segment(&data);
    let (mut second, _said, _) = demo(&data, &[]);
    second.ask_to_stop();
    assert!(second.wait_end().success());
    assert_eq!(first_segment(&data), before, "it carried on where it was");
    let (mut third, _said, _) = demo(&data, &["--fresh"]);
    third.ask_to_stop();
    assert!(third.wait_end().success());
    assert_ne!(first_segment(&data), before, "--fresh began anew");
}

#[test]
fn a_second_node_on_the_same_data_is_sent_away() {
    let folder = tempfile::tempdir().unwrap();
    let file = config(folder.path(), &folder.path().join("data"), "127.0.0.1:0");
    let socket = super::child::NotifySocket::new(folder.path());
    let mut first = Child::spawn(program(&["node", "--config", &file]).env("NOTIFY_SOCKET", socket.path()).stderr(Stdio::null()));
    socket.wait("READY=1", &mut first).expect("the first one runs");
    check(&["node", "--config", &file], EXIT_UNAVAILABLE, &["another process is using the journal", "stop it first"]);
    first.ask_to_stop();
    assert!(first.wait_end().success());
}
