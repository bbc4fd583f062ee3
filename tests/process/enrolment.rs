//! From a box to a running node as a technician does it: every command is a process, the code is copied from what was printed, and each wrong try is
//! answered with what to do.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use counterfoil::process::{EXIT_CONFIG, EXIT_UNAVAILABLE};

use super::child::{Child, Log, NotifySocket, program, run, wait_for};
use super::shop::{Devices, STORE, config_text};

/// A head office's folder and file.
struct Office {
    config: PathBuf,
    url: String,
}

impl Office {
    fn new(folder: &Path, name: &str) -> Office {
        let data = folder.join(name);
        std::fs::create_dir(&data).unwrap();
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let config = folder.join(format!("{name}.toml"));
        let database = match crate::storage::is_postgres() {
            true => format!("postgres = {:?}\n", crate::storage::address_for(&data)),
            false => String::new(),
        };
        let text = format!(
            "[head_office]\ndata_dir = {data:?}\nlisten = \"{free}\"\npages_listen = \"127.0.0.1:0\"\nenrolment = true\n{database}\
             currency = \"EUR\"\ntime_zone = \"Europe/Berlin\"\n"
        );
        std::fs::write(&config, text).unwrap();
        Office { config, url: format!("https://{free}") }
    }

    /// Returns when it is at work.
    fn start(&self) -> Child {
        let arguments = ["head-office", "--config", self.config.to_str().unwrap()];
        let mut child = Child::spawn(program(&arguments).stdout(Stdio::piped()).stderr(Stdio::null()));
        let mut said = BufReader::new(child.stdout());
        let (mut line, mut all) = (String::new(), String::new());
        while !line.starts_with("certificate authority: ") {
            line.clear();
            assert!(said.read_line(&mut line).unwrap() > 0, "head office ended: {all}");
            all.push_str(&line);
        }
        assert!(all.contains(&format!("nodes call: {}\n", self.url)), "{all}");
        child
    }

    /// Whether it went well, and what was said.
    fn command(&self, task: &[&str]) -> (bool, String) {
        let mut arguments = vec!["head-office", "--config", self.config.to_str().unwrap()];
        arguments.extend(task);
        let output = run(&arguments);
        let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(!text.contains("panicked"), "{text}");
        (output.status.success(), text)
    }

    fn refused(&self, task: &[&str], says: &[&str]) {
        let (well, text) = self.command(task);
        assert!(!well && says.iter().all(|words| text.contains(words)), "{task:?}: {text}");
    }

    /// A code as it was printed, and the command line below it.
    fn code(&self, more: &[&str]) -> (String, String) {
        let (well, text) = self.command(&[&["enrol-code", "--store", STORE], more].concat());
        assert!(well, "{text}");
        let line = text.lines().map(str::trim).find(|line| line.starts_with("counterfoil enrol ")).expect("a command to copy");
        (text.lines().next().unwrap().to_owned(), line.to_owned())
    }

    /// The line of `nodes` about this node.
    fn node(&self, node: &str) -> String {
        let (well, text) = self.command(&["nodes"]);
        assert!(well, "{text}");
        text.lines().find(|line| line.contains(node)).unwrap_or_default().to_owned()
    }
}

/// A box in a folder of its own.
struct NewBox {
    folder: PathBuf,
    log: Log,
}

impl NewBox {
    fn new(folder: &Path, name: &str) -> NewBox {
        let folder = folder.join(name);
        std::fs::create_dir(&folder).unwrap();
        let text = config_text(&folder.join("data"), "127.0.0.1:0", None, &Devices::default());
        std::fs::write(folder.join("node.toml"), text.replace("\"box-1\"", &format!("{name:?}"))).unwrap();
        NewBox { log: Log::new(folder.join("log")), folder }
    }

    fn config(&self) -> String {
        self.folder.join("node.toml").to_str().unwrap().to_owned()
    }

    fn enrol(&self, url: &str, code: &str) -> (Option<i32>, String) {
        let output = run(&["enrol", "--config", &self.config(), "--head-office", url, "--code", code]);
        (output.status.code(), format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr)))
    }

    fn refused(&self, url: &str, code: &str, exit: u8, says: &[&str]) {
        let (status, text) = self.enrol(url, code);
        assert_eq!(status, Some(i32::from(exit)), "{text}");
        assert!(says.iter().all(|words| text.contains(words)) && !text.contains("panicked"), "{says:?}: {text}");
    }

    fn start(&self) -> Child {
        let socket = NotifySocket::new(&self.folder);
        let mut command = program(&["node", "--config", &self.config()]);
        let mut child = Child::spawn(command.env("NOTIFY_SOCKET", socket.path()).stdout(self.log.open()).stderr(self.log.open()));
        socket.wait("READY=1", &mut child).unwrap_or_else(|status| panic!("{status}: {}", self.log.last_words()));
        child
    }

    /// How often the log says it.
    fn said(&self, words: &str) -> usize {
        std::fs::read_to_string(self.folder.join("log")).unwrap().matches(words).count()
    }

    fn until_said(&self, words: &str, times: usize) {
        wait_for(&format!("{words:?} in the node's log"), || (self.said(words) >= times).then_some(()));
    }
}

const LINE_UP: &str = "the line to head office is up";

#[test]
fn from_the_box_to_a_running_node_and_every_wrong_try_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let office = Office::new(folder.path(), "office");
    let here = NewBox::new(folder.path(), "till-1");
    assert!(office.command(&["nodes"]).1.contains("make a code with `counterfoil head-office enrol-code"));
    let (code, line) = office.code(&["--node", "till-1"]);
    // What was printed is what has to be typed.
    let printed = format!("counterfoil enrol --config /etc/counterfoil/node.toml --head-office {} --code {code}", office.url);
    assert_eq!(line, printed);

    // Head office is not at work yet.
    here.refused(&office.url, &code, EXIT_UNAVAILABLE, &["cannot be reached", "check the address and the line", "the code is still good"]);
    let _office = office.start();
    let mistyped = format!("{}{}", if code.starts_with('7') { "8" } else { "7" }, &code[1..]);
    here.refused(&office.url, &mistyped, EXIT_CONFIG, &["mistyped", "letter by letter"]);
    here.refused(&office.url, "7777", EXIT_CONFIG, &["28 letters and digits, not 4", "copy it whole"]);
    here.refused(&office.url.replace("https", "http"), &code, EXIT_CONFIG, &["is no address of a head office", "https://"]);
    let pages = TcpListener::bind("127.0.0.1:0").unwrap();
    let other_door = format!("https://{}", pages.local_addr().unwrap());
    let answers = std::thread::spawn(move || {
        let (mut stream, _) = pages.accept().unwrap();
        std::io::Read::read(&mut stream, &mut [0; 1024]).unwrap();
        std::io::Write::write_all(&mut stream, b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
    });
    here.refused(&other_door, &code, EXIT_UNAVAILABLE, &["speaks no TLS", "enrol-code", "still good"]);
    answers.join().unwrap();
    here.refused(&format!("{}/sync", office.url), &code, EXIT_UNAVAILABLE, &["answers 404", "check the address"]);
    // A code of somebody else's head office is shown to nobody.
    let other = Office::new(folder.path(), "other");
    here.refused(
        &office.url,
        &other.code(&[]).0,
        1,
        &["is not the head office that this code is from", "Nothing was sent", "Check the address"],
    );
    assert!(!here.folder.join("data/node.pem").exists());

    let (status, text) = here.enrol(&office.url, &code);
    assert_eq!(status, Some(0), "{text}");
    assert!(text.contains("Restart the node"), "{text}");
    assert!(office.node("till-1").contains("  good  "), "{}", office.node("till-1"));
    let _node = here.start();
    here.until_said(LINE_UP, 1);
    wait_for("the contact in the list of nodes", || {
        let row = office.node("till-1");
        (!row.split_whitespace().any(|cell| cell == "-")).then_some(())
    });

    let second = NewBox::new(folder.path(), "till-2");
    second.refused(&office.url, &code, 1, &["code_of_other_node", "node.id = \"till-1\""]);
    let (code, _) = office.code(&[]);
    assert_eq!(second.enrol(&office.url, &code).0, Some(0));
    NewBox::new(folder.path(), "till-3").refused(&office.url, &code, 1, &["was used", "till-2", "tell head office at once", "enrol-code"]);
    let third = NewBox::new(&folder.path().join("till-3"), "till-1");
    third.refused(&office.url, &office.code(&["--node", "till-1"]).0, 1, &["another box is this node", "--replace"]);

    let named = |task: &'static str, node: &'static str| [task, "--store", STORE, "--node", node];
    office.refused(&named("approve", "till-1"), &["is good until", "nothing to approve"]);
    office.refused(&named("revoke", "till-9"), &["no box was ever enrolled", "head-office nodes"]);
    let (well, text) = office.command(&[&named("revoke", "till-1")[..], &["--reason", "stolen"]].concat());
    assert!(well && text.contains("not heard any more"), "{text}");
    here.until_said("certificate_revoked", 1);
    assert!(here.said("ask head office why; with a new code this box can be enrolled again") > 0, "{}", here.log.last_words());
    assert!(office.node("till-1").contains("revoked"));
    office.refused(&named("approve", "till-1"), &["is revoked", "make it a new code"]);

    // Let in again, the running node goes on by itself.
    assert_eq!(here.enrol(&office.url, &office.code(&["--node", "till-1"]).0).0, Some(0));
    here.until_said(LINE_UP, 2);
    assert!(office.node("till-1").contains("  good  "));
}

#[test]
fn what_head_office_cannot_do_without_enrolment_it_says() {
    let folder = tempfile::tempdir().unwrap();
    let office = Office::new(folder.path(), "office");
    let text = std::fs::read_to_string(&office.config).unwrap();
    std::fs::write(&office.config, text.replace("enrolment = true", "enrolment = false")).unwrap();
    office.refused(&["enrol-code", "--store", STORE], &["head_office.enrolment is off", "set it to true"]);
    office.refused(&["enrol-code", "--store", "a b"], &["--store"]);
    std::fs::write(&office.config, text).unwrap();
    office.refused(&["enrol-code", "--store", "berlin.1"], &["cannot contain a dot", "letters, digits and -"]);
    office.refused(&["enrol-code", "--store", STORE, "--replace"], &["--node <NODE>"]);
}
