//! Starts a browser of its own for a test and ends it with the test.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use thirtyfour::error::WebDriverErrorInner;
use thirtyfour::prelude::*;

/// How long a page may take to show what a test waits for.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Keeps what went wrong in the pages' scripts, across the pages of one address: see [`Browser::script_errors`]. A request that a page going away
/// leaves unanswered is none.
const KEEP_ERRORS: &str = "{
    const keep = (text) => {
        const kept = JSON.parse(sessionStorage.getItem('scriptErrors') || '[]');
        sessionStorage.setItem('scriptErrors', JSON.stringify([...kept, text]));
    };
    addEventListener('error', (event) => { if (event.error) keep(`${event.message} (${event.filename}:${event.lineno})`); });
    addEventListener('unhandledrejection', (event) => {
        if (event.reason instanceof Error && !/fetch|network|abort/i.test(event.reason.message)) keep(String(event.reason.stack));
    });
}";

pub struct Browser {
    pub driver: WebDriver,
    chromedriver: Child,
    profile: tempfile::TempDir,
}

impl Browser {
    /// A window of this inner size. Panics with the remedy when chromium is not installed.
    pub async fn start(width: u32, height: u32) -> Browser {
        // The WebDriver crate's HTTP client wants a TLS provider even for plain HTTP.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let (chromedriver, port) = start_chromedriver();
        let profile = tempfile::tempdir().unwrap();
        let mut capabilities = DesiredCapabilities::chrome();
        let folder = format!("--user-data-dir={}", profile.path().display());
        let size = format!("--window-size={width},{height}");
        let arguments = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--no-first-run",
            "--hide-scrollbars",
            "--force-prefers-reduced-motion",
            "--autoplay-policy=no-user-gesture-required",
            "--force-device-scale-factor=1",
            &folder,
            &size,
        ];
        for argument in arguments {
            capabilities.add_arg(argument).unwrap();
        }
        let driver = WebDriver::new(format!("http://127.0.0.1:{port}"), capabilities).await.expect("chromium starts");
        driver.cdp().page().add_script_to_evaluate_on_new_document(KEEP_ERRORS).await.unwrap();
        let browser = Browser { driver, chromedriver, profile };
        browser.resize(width, height).await;
        browser
    }

    /// Makes the page's own area exactly this large, whatever frame the window has.
    pub async fn resize(&self, width: u32, height: u32) {
        let inner = self.run("return [window.outerWidth - window.innerWidth, window.outerHeight - window.innerHeight]").await;
        let frame = |index: usize| inner[index].as_u64().unwrap_or(0) as u32;
        self.driver.set_window_rect(0, 0, width + frame(0), height + frame(1)).await.unwrap();
    }

    pub async fn open(&self, address: &str) {
        self.driver.goto(address).await.unwrap();
    }

    /// The result of a script.
    pub async fn run(&self, script: &str) -> serde_json::Value {
        self.driver.execute(script, Vec::new()).await.unwrap_or_else(|error| panic!("{script}: {error}")).json().clone()
    }

    pub async fn text(&self, css: &str) -> String {
        let script = format!("return (document.querySelector({css:?}) || {{}}).innerText || ''");
        self.run(&script).await.as_str().unwrap_or_default().to_owned()
    }

    /// What went wrong in the scripts of the pages that this tab showed.
    async fn script_errors(&self) -> Vec<String> {
        let kept = "try { return JSON.parse(sessionStorage.getItem('scriptErrors') || '[]') } catch { return [] }";
        let kept = self.driver.execute(kept, Vec::new()).await.map(|kept| kept.json().clone());
        serde_json::from_value(kept.unwrap_or_default()).unwrap_or_default()
    }

    /// Waits until the script returns true.
    pub async fn until(&self, what: &str, script: &str) {
        let deadline = Instant::now() + PATIENCE;
        while self.run(&format!("return Boolean({script})")).await != true {
            if Instant::now() > deadline {
                self.picture(Path::new("/tmp"), "browser-test-waited").await;
                panic!("waited in vain: {what}; errors of scripts: {:?}\n{}", self.script_errors().await, self.text("body").await);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Taps as a finger would: what is not there yet, is just being put in place anew, or is still covered or moving is tapped a moment later.
    pub async fn tap(&self, css: &str) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let tapped = match self.driver.find(By::Css(css)).await {
                Ok(element) => element.click().await,
                Err(error) => Err(error),
            };
            match tapped {
                Ok(()) => return,
                Err(error) if is_passing(&error) && Instant::now() < deadline => tokio::time::sleep(Duration::from_millis(20)).await,
                Err(error) => panic!("{css}: {error}; errors of scripts: {:?}", self.script_errors().await),
            }
        }
    }

    /// Keys, wherever the focus is.
    pub async fn keys(&self, keys: &str) {
        self.driver.action_chain().send_keys(keys).perform().await.unwrap();
    }

    /// Writes a picture; a failing picture fails no test.
    pub async fn picture(&self, folder: &Path, name: &str) {
        let _ = self.driver.screenshot(&folder.join(format!("{name}.png"))).await;
    }

    pub async fn end(mut self) {
        let errors = self.script_errors().await;
        assert!(errors.is_empty(), "errors of scripts: {errors:?}");
        let _ = self.driver.clone().quit().await;
        let _ = self.chromedriver.kill();
        let _ = self.chromedriver.wait();
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.chromedriver.kill();
        let _ = self.chromedriver.wait();
        // A test that fails never says goodbye to its browser, which then goes on for ever: it is known by its profile folder.
        let profile = self.profile.path().as_os_str().as_encoded_bytes().to_vec();
        for process in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
            let number = process.file_name().to_str().and_then(|name| name.parse().ok());
            let arguments = std::fs::read(process.path().join("cmdline")).unwrap_or_default();
            if let Some(pid) = number.and_then(rustix::process::Pid::from_raw)
                && arguments.windows(profile.len()).any(|part| part == profile)
            {
                let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
            }
        }
    }
}

/// A page that is changing while it is tapped.
fn is_passing(error: &WebDriverError) -> bool {
    use WebDriverErrorInner::{ElementClickIntercepted, ElementNotInteractable, NoSuchElement, StaleElementReference};
    matches!(**error, NoSuchElement(_) | StaleElementReference(_) | ElementClickIntercepted(_) | ElementNotInteractable(_))
}

/// On a port of its own. One that another program took meanwhile ends it; then it is started again.
fn start_chromedriver() -> (Child, u16) {
    for _ in 0..5 {
        let mut chromedriver = Command::new("chromedriver")
            .args(["--port=0", "--log-level=SEVERE"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver runs: apt-get install chromium chromium-driver");
        if let Some(port) = announced_port(&mut chromedriver) {
            return (chromedriver, port);
        }
        let _ = chromedriver.wait();
    }
    panic!("chromedriver ended before it said its port, five times");
}

fn announced_port(chromedriver: &mut Child) -> Option<u16> {
    let output = chromedriver.stdout.take().expect("stdout is piped");
    for line in BufReader::new(output).lines() {
        let line = line.expect("chromedriver speaks UTF-8");
        if let Some((_, port)) = line.split_once("started successfully on port ") {
            return Some(port.trim_end_matches('.').parse().expect("a port"));
        }
    }
    None
}
