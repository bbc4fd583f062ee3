//! The order of what the program asks of the kernel, seen by strace: for each acknowledged sale its record was written to the segment and
//! the segment's fdatasync had returned before the first byte of the reply went out.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::json;

use super::child::{first_below, terminate};
use super::shop::{Devices, Shop};
use super::till::{scan_at, tender_at};

const SALES: usize = 20;

/// One system call. Entry and return are places in the trace: strace stops a thread at both, so the order of the places is the order of
/// the events.
#[derive(Debug)]
struct Call {
    name: String,
    arguments: String,
    entered: usize,
    /// Where it returned and what.
    returned: Option<(usize, i64)>,
}

impl Call {
    fn is_on_segment(&self) -> bool {
        // With -yy a handle is shown with its path: 12</data/journal/segment-0001.jsonl>.
        self.arguments.split('>').next().is_some_and(|handle| handle.contains("/journal/segment-"))
    }

    /// Whether it sends bytes on a connection of ours.
    fn is_to_socket(&self) -> bool {
        self.arguments.split(',').next().is_some_and(|handle| handle.contains("<TCP:["))
    }
}

/// Reads a trace made with `-f -yy -o`: "PID name(arguments) = result", in two lines when another thread's call came in between.
fn parse(trace: &str) -> Vec<Call> {
    let mut calls: Vec<Call> = Vec::new();
    let mut unfinished: BTreeMap<(&str, String), usize> = BTreeMap::new();
    for (place, line) in trace.lines().enumerate() {
        let Some((thread, rest)) = line.split_once(' ') else { continue };
        let rest = rest.trim_start();
        if let Some(resumed) = rest.strip_prefix("<... ") {
            let Some((name, rest)) = resumed.split_once(" resumed>") else { continue };
            if let Some(index) = unfinished.remove(&(thread, name.to_owned())) {
                calls[index].returned = result(rest).map(|value| (place, value));
            }
            continue;
        }
        // Signals and ends of threads are not calls.
        let Some((name, rest)) = rest.split_once('(') else { continue };
        if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            continue;
        }
        let is_whole = !rest.ends_with("<unfinished ...>");
        let returned = if is_whole { result(rest).map(|value| (place, value)) } else { None };
        if !is_whole {
            unfinished.insert((thread, name.to_owned()), calls.len());
        }
        calls.push(Call { name: name.to_owned(), arguments: rest.to_owned(), entered: place, returned });
    }
    calls
}

/// What stands behind the last ") = ".
fn result(rest: &str) -> Option<i64> {
    let (_, value) = rest.rsplit_once(" = ")?;
    value.split_whitespace().next()?.parse().ok()
}

/// The tracer, or what the reader of a red test must do.
fn strace(trace: &Path, command: &Command) -> Command {
    let mut tracer = Command::new("strace");
    let calls = "trace=fdatasync,fsync,write,sendto,sendmsg,writev,pwrite64";
    tracer.args(["-f", "-yy", "-s", "65536", "-e", calls, "-e", "signal=none", "-o"]).arg(trace);
    tracer.arg(command.get_program()).args(command.get_args()).stdin(Stdio::null()).env_remove("RUST_LOG");
    tracer
}

fn check_strace_works(folder: &Path) {
    let output = Command::new("strace").args(["-f", "-o"]).arg(folder.join("trial")).arg("true").output();
    match output {
        Err(reason) => panic!("strace cannot be run ({reason}): install the package strace (tests/run does)"),
        Ok(output) if !output.status.success() => panic!(
            "strace may not trace here (ptrace is forbidden, by a container or by kernel.yama.ptrace_scope): run the tests where it may. It says: {}",
            String::from_utf8_lossy(&output.stderr)
        ),
        Ok(_) => {}
    }
}

#[test]
fn no_reply_leaves_before_its_fdatasync_has_returned() {
    let shop = Shop::new(&Devices::default());
    check_strace_works(shop.folder.path());
    let path = shop.folder.path().join("trace");
    let mut node = shop.start_as(strace(&path, &shop.node()));
    let mut till = shop.till(&node);
    let goods = shop.goods();
    // (which reply of this connection, the id of its command)
    let mut sales = Vec::new();
    for (sale, priced) in goods.iter().take(SALES).enumerate() {
        till.must(&scan_at("1"), &json!({ "id": format!("traced-scan-{sale}"), "code": priced.code }));
        let id = format!("traced-sale-{sale}.");
        till.must(&tender_at("1"), &json!({ "id": id, "amount": 100_000 }));
        sales.push((till.asked - 1, id));
    }
    // The tracer ends with its child, and passes no signal on.
    terminate(first_below(node.child.id()).expect("the tracer runs the node"));
    assert!(node.child.wait_end().success(), "{}", shop.last_words());

    let trace = std::fs::read_to_string(&path).expect("strace wrote a trace");
    let calls = parse(&trace);
    let door = format!("127.0.0.1:{}->127.0.0.1:{}]", node.address.port(), till.port());
    let sends = calls.iter().filter(|call| call.is_to_socket() && call.arguments.contains(&door));
    let replies: Vec<&Call> = sends.filter(|call| call.arguments.contains("\"HTTP/1.1 ")).collect();
    assert_eq!(replies.len(), till.asked, "a reply for each request");

    for (reply, id) in &sales {
        let reply = replies[*reply];
        let is_record = |call: &&Call| call.name == "pwrite64" && call.is_on_segment() && call.arguments.contains(id.as_str());
        let written: Vec<&Call> = calls.iter().filter(is_record).collect();
        let [written] = written[..] else { panic!("{id} was written {} times", written.len()) };
        let (written_at, bytes) = written.returned.expect("the write returned");
        assert!(bytes > 0, "{id}: the write failed");
        let flushed = calls.iter().find(|call| {
            let in_time = call.returned.is_some_and(|(at, result)| result == 0 && at < reply.entered);
            call.name == "fdatasync" && call.is_on_segment() && call.entered > written_at && in_time
        });
        assert!(
            flushed.is_some(),
            "{id}: written in line {}, answered in line {}, and no fdatasync of the segment returned in between:\n{}",
            written_at + 1,
            reply.entered + 1,
            excerpt(&trace, written.entered, reply.entered)
        );
    }
    println!("{SALES} sales, {} calls in the trace, every reply behind its fdatasync", calls.len());
}

fn excerpt(trace: &str, from: usize, to: usize) -> String {
    let short = |line: &str| line.chars().take(160).collect::<String>();
    trace.lines().skip(from).take((to + 1).saturating_sub(from)).map(short).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_trace_is_read_as_strace_writes_it() {
    let trace = "7 pwrite64(9</d/journal/segment-1.jsonl>, \"{\\\"k\\\":\\\"a = b\\\"}\", 9, 0) = 9\n\
                 7 fdatasync(9</d/journal/segment-1.jsonl> <unfinished ...>\n\
                 8 sendto(11<TCP:[127.0.0.1:1->127.0.0.1:2]>, \"HTTP/1.1 200\", 12, MSG_NOSIGNAL, NULL, 0) = 12\n\
                 7 <... fdatasync resumed>)                = 0\n\
                 8 +++ exited with 0 +++\n\
                 7 fsync(3</d>) = -1 EIO (Input/output error)\n";
    let calls = parse(trace);
    let seen: Vec<_> = calls.iter().map(|call| (call.name.as_str(), call.entered, call.returned)).collect();
    let wanted =
        vec![("pwrite64", 0, Some((0, 9))), ("fdatasync", 1, Some((3, 0))), ("sendto", 2, Some((2, 12))), ("fsync", 5, Some((5, -1)))];
    assert_eq!(seen, wanted);
    assert!(calls[0].is_on_segment() && calls[1].is_on_segment() && !calls[2].is_on_segment());
    assert!(calls[2].is_to_socket() && !calls[0].is_to_socket());
}
