//! Figures for Prometheus: one recorder in the process, rendered on `/metrics`.

use std::sync::OnceLock;

use crate::retail::order::figures::Figures;
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
        metrics::describe_counter!("counterfoil_print_outcomes_total", "What printers reported of jobs, by printer and outcome.");
        metrics::describe_gauge!("counterfoil_stock_tasks_open", "Counts that wait to be done.");
        metrics::describe_gauge!("counterfoil_stock_task_oldest_seconds", "How long the oldest of them has waited.");
        metrics::describe_gauge!("counterfoil_stock_low", "Articles of which fewer are there than their minimum.");
        metrics::describe_gauge!("counterfoil_alarms", "Alarms that a technician should look at.");
        metrics::describe_gauge!("counterfoil_orders_open", "Collect orders that wait for the staff or for their customer.");
        metrics::describe_gauge!("counterfoil_orders_late", "Collect orders whose promised time has passed and that are not ready.");
        metrics::describe_gauge!(
            "counterfoil_orders_oldest_waiting_seconds",
            "Since the oldest order that is not ready was received; 0 without one."
        );
        metrics::describe_gauge!(
            "counterfoil_orders_ready_seconds_median",
            "From received to ready, median of today; NaN before the first."
        );
        metrics::describe_gauge!(
            "counterfoil_orders_lines_short_ratio",
            "Part of today's picked lines of which something was missing; NaN before the first."
        );
        Some(handle)
    });
}

/// Takes in how it goes with collect orders; they are looked at when they are asked for, because what is late depends on the time.
pub fn note_orders(figures: &Figures, now_ms: i64) {
    let seconds = |ms: i64| ms.max(0) as f64 / 1_000.0;
    let (short, lines) = figures.short_lines;
    let oldest = figures.oldest_waiting.as_ref().map_or(0.0, |(_, received_ms)| seconds(now_ms - received_ms));
    metrics::gauge!("counterfoil_orders_open").set(figures.open as f64);
    metrics::gauge!("counterfoil_orders_late").set(figures.late as f64);
    metrics::gauge!("counterfoil_orders_oldest_waiting_seconds").set(oldest);
    metrics::gauge!("counterfoil_orders_ready_seconds_median").set(figures.ready_median_ms.map_or(f64::NAN, seconds));
    metrics::gauge!("counterfoil_orders_lines_short_ratio").set(if lines == 0 { f64::NAN } else { short as f64 / lines as f64 });
}

/// The text of `/metrics`; empty when no recorder could be installed.
pub fn render() -> String {
    RECORDER.get().and_then(Option::as_ref).map(PrometheusHandle::render).unwrap_or_default()
}
