//! Figures for Prometheus: one recorder in the process, rendered on `/metrics`.

use std::sync::OnceLock;

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

static RECORDER: OnceLock<Option<PrometheusHandle>> = OnceLock::new();

/// Installs the recorder; a second call changes nothing.
pub fn install() {
    RECORDER.get_or_init(|| {
        let buckets = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 2.0];
        let builder = PrometheusBuilder::new().set_buckets(&buckets).ok()?;
        let handle = builder.install_recorder().ok()?;
        metrics::describe_histogram!("counterfoil_flush_seconds", "Time of one journal flush (fdatasync), in seconds.");
        metrics::describe_counter!("counterfoil_records_total", "Records appended to the journal by this process.");
        metrics::describe_counter!("counterfoil_refusals_total", "Commands refused, by the refusal's code.");
        metrics::describe_gauge!("counterfoil_records_waiting", "Records that head office has not acknowledged.");
        metrics::describe_gauge!("counterfoil_head_office_online", "1 while head office answers.");
        metrics::describe_gauge!("counterfoil_journal_seq", "Sequence number of the newest record.");
        metrics::describe_gauge!("counterfoil_prints_open", "Print jobs that wait for a printer or for a person.");
        metrics::describe_gauge!("counterfoil_alarms", "Alarms that a technician should look at.");
        Some(handle)
    });
}

/// The text of `/metrics`; empty when no recorder could be installed.
pub fn render() -> String {
    RECORDER.get().and_then(Option::as_ref).map(PrometheusHandle::render).unwrap_or_default()
}
