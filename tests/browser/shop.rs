//! `counterfoil demo` as a process of its own, for stories in a browser.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};

use super::harness::Browser;

pub struct Shop {
    process: Child,
    /// Kept open: a program whose output nobody reads any more may end for that.
    _output: BufReader<ChildStdout>,
    /// "http://127.0.0.1:PORT"
    pub node: String,
    lines: Vec<String>,
    data: tempfile::TempDir,
}

impl Shop {
    /// Starts the demo on free ports and reads the addresses it prints.
    pub fn open() -> Shop {
        Shop::start(&["--no-staff", "--stores", "1"])
    }

    /// With people who have to sign in.
    pub fn with_staff() -> Shop {
        Shop::start(&["--stores", "1"])
    }

    /// Three shops, each with a node and a line of its own.
    pub fn chain() -> Shop {
        Shop::start(&["--no-staff"])
    }

    fn start(options: &[&str]) -> Shop {
        let data = tempfile::tempdir().unwrap();
        let mut process = Command::new(env!("CARGO_BIN_EXE_counterfoil"))
            .args(["demo", "--port", "0", "--data-dir"])
            .arg(data.path().join("demo"))
            .args(options)
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .expect("the demo starts");
        let mut output = BufReader::new(process.stdout.take().expect("stdout is piped"));
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            let count = output.read_line(&mut line).expect("the demo speaks UTF-8");
            assert!(count > 0, "the demo ended before it had said its addresses: {lines:#?}");
            let last = line.contains("Ctrl-C");
            lines.push(line);
            if last {
                break;
            }
        }
        let till = address(&lines, "Till 1").unwrap_or_else(|| panic!("no till among the addresses: {lines:#?}"));
        let node = till.split("/pair/").next().unwrap().to_owned();
        Shop { process, _output: output, node, lines, data }
    }

    /// The link that lets a browser in.
    pub fn link(&self, page: &str) -> String {
        address(&self.lines, page).unwrap_or_else(|| panic!("no address of {page}: {:#?}", self.lines))
    }

    /// The demo's folder.
    pub fn data(&self) -> std::path::PathBuf {
        self.data.path().join("demo")
    }

    pub fn pid(&self) -> rustix::process::Pid {
        rustix::process::Pid::from_child(&self.process)
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        let _ = rustix::process::kill_process(self.pid(), rustix::process::Signal::CONT);
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn address(lines: &[String], page: &str) -> Option<String> {
    let line = lines.iter().find(|line| line.trim_start().starts_with(page))?;
    line.split_whitespace().find(|word| word.starts_with("http")).map(str::to_owned)
}

/// What the simulated devices of a counter are told, from a page of the same browser.
pub struct Counter<'a> {
    pub browser: &'a Browser,
    pub id: &'a str,
}

impl Counter<'_> {
    pub async fn scan(&self, code: &str) {
        self.post(&format!("/sim/scanner/{}", self.id), &format!("code: {code:?}")).await;
    }
    pub async fn switch(&self, name: &str, on: bool) {
        let on = if on { "yes" } else { "no" };
        self.post(&format!("/sim/printer/{}/act", self.id), &format!("act: {name:?}, on: {on:?}")).await;
    }
    pub async fn act(&self, name: &str) {
        self.post(&format!("/sim/printer/{}/act", self.id), &format!("act: {name:?}")).await;
    }

    async fn post(&self, path: &str, fields: &str) {
        let script = format!(
            "return await fetch({path:?}, {{ method: 'POST', body: new URLSearchParams({{ {fields} }}) }}).then(answer => answer.status)"
        );
        assert_eq!(self.browser.run(&script).await, 204, "{path} {fields}");
    }

    /// Waits until the simulated printer's page has `what` in it, and returns the page.
    pub async fn printer_shows(&self, what: &str) -> String {
        let script = format!(
            "return await fetch('/sim/printer/{}/now?revision=0').then(answer => answer.text()).then(html => {{
               const page = document.createElement('template'); page.innerHTML = html;
               return [...page.content.querySelectorAll('svg')].map(svg => [...svg.querySelectorAll('text')].map(t => t.textContent).join('\\n')).join('\\n---\\n')
                 + '\\n' + page.content.querySelector('.switch-side').textContent }})",
            self.id
        );
        let deadline = std::time::Instant::now() + super::harness::PATIENCE;
        loop {
            let page = self.browser.run(&script).await.as_str().unwrap_or_default().to_owned();
            if page.contains(what) {
                return page;
            }
            assert!(std::time::Instant::now() < deadline, "{what:?} is not on the printer's page:\n{page}");
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    }
}
