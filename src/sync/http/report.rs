//! Tells head office how the box is: version, clock, disk, devices, alarms. News within seconds, and a sign of it every minute. It is for people
//! who look after many boxes; the record has nothing of it, and nothing waits for it.

use std::path::Path;
use std::time::Duration;

use super::{Failure, Line, blocking};
use crate::device::{DeviceState, DeviceStatus};
use crate::node::configuration::Standing;
use crate::node::handle::Node;
use crate::sync::backoff::Backoff;
use crate::sync::wire::{self, ConfigurationReport, DeviceReport, NodeReport};
use crate::time::Clock;

/// Without news.
const EVERY: Duration = Duration::from_secs(60);
/// With them: a device that comes and goes is told of no more often.
const NEWS_EVERY: Duration = Duration::from_secs(5);
/// A head office that does not know what a report is.
const OLDER_OFFICE: Duration = Duration::from_secs(3_600);
/// Devices and alarms in one report; a box has far fewer.
const LIST_MAX: usize = 100;
const TEXT_CHARS_MAX: usize = 300;

/// As long as the loop lives.
pub async fn run(node: Node, line: Line) {
    let path = wire::report_path(&line.config.store, &line.config.node);
    let started_ms = line.clock.now().ms;
    let mut backoff = Backoff::new(&format!("report/{}/{}", line.config.store, line.config.node));
    let mut changes = node.changes();
    loop {
        let report = report(&node, &line, started_ms).await;
        let wait = match line.post_nothing_back(&path, &report).await {
            Ok(()) => {
                backoff.succeeded();
                EVERY
            }
            Err(Failure::Refused { status: 404, .. }) => OLDER_OFFICE,
            Err(error) => {
                tracing::debug!(%error, "head office could not be told how the box is");
                Duration::from_millis(backoff.failed())
            }
        };
        let told = (report.devices, report.alarms, report.configuration);
        let is_heard = wait == EVERY;
        let news = async {
            tokio::time::sleep(NEWS_EVERY).await;
            let has_news = changes
                .wait_for(|screen| {
                    is_heard && (devices(&screen.devices), alarms(&screen.alarms), configuration(&screen.configuration)) != told
                })
                .await;
            has_news.is_ok()
        };
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            goes_on = news => if !goes_on { return },
        }
    }
}

async fn report(node: &Node, line: &Line, started_ms: i64) -> NodeReport {
    let folder = node.shared().journal_folder.clone();
    let (disk_free, disk_total) = blocking(move || disk(&folder)).await;
    let (screen, now) = (node.screen(), line.clock.now());
    NodeReport {
        v: wire::WIRE_VERSION,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        at_ms: now.ms,
        clock: now.quality,
        started_ms,
        disk_free,
        disk_total,
        devices: devices(&screen.devices),
        alarms: alarms(&screen.alarms),
        configuration: configuration(&screen.configuration),
    }
}

/// Bytes that are free for us, and all. Zeros when the system does not say.
fn disk(folder: &Path) -> (u64, u64) {
    rustix::fs::statvfs(folder).map_or((0, 0), |fs| (fs.f_bavail.saturating_mul(fs.f_frsize), fs.f_blocks.saturating_mul(fs.f_frsize)))
}

fn cut(text: &str) -> String {
    text.chars().take(TEXT_CHARS_MAX).collect()
}

fn alarms(alarms: &[String]) -> Vec<String> {
    alarms.iter().take(LIST_MAX).map(|words| cut(words)).collect()
}

fn configuration(standing: &Standing) -> ConfigurationReport {
    let Standing { in_force, wanted, ref refused } = *standing;
    ConfigurationReport { in_force, wanted, refused: cut(refused) }
}

fn devices(devices: &[DeviceStatus]) -> Vec<DeviceReport> {
    devices.iter().take(LIST_MAX).map(device).collect()
}

fn device(status: &DeviceStatus) -> DeviceReport {
    let (state, cause) = match &status.state {
        DeviceState::Absent => ("absent", ""),
        DeviceState::Starting => ("starting", ""),
        // A printer that prints is as well as one that waits, and would be news with each receipt.
        DeviceState::Ready | DeviceState::Busy => ("ready", ""),
        DeviceState::Attention { cause } => ("attention", cause.as_str()),
        DeviceState::Fault { cause } => ("fault", cause.as_str()),
    };
    let kind = serde_json::to_value(status.kind).ok().and_then(|kind| kind.as_str().map(str::to_owned)).unwrap_or_default();
    let since_ms = if state == "ready" { 0 } else { status.since_ms };
    DeviceReport {
        name: status.name.to_string(),
        kind,
        state: state.to_owned(),
        cause: cause.to_owned(),
        hint: cut(&status.hint),
        since_ms,
    }
}
