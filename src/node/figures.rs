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
        metrics::describe_counter!(
            "counterfoil_promotions_unproved_total",
            "Prices from a search for the best promotions that stopped at its limit."
        );
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::ids::{OrderNo, PlaceCode, Sku};
    use crate::money::Qty;
    use crate::retail::Event;
    use crate::retail::order::{Bag, OrderBook, PickWay, Proof, ShortWhy, Step, Zone};
    use crate::time::{ClockQuality, Stamp};

    fn at(minute: i64) -> Stamp {
        Stamp { ms: 1_000_000 + minute * 60_000, quality: ClockQuality::Synchronised }
    }

    fn step(order: &str, minute: i64) -> Step {
        Step { order: OrderNo::new(order).unwrap(), by: None, workstation: None, at: at(minute), epoch: 0 }
    }

    fn received(order: &str, minute: i64, promised: i64, lines: u32) -> Event {
        let line = |line| json!({ "line": line, "sku": "milk", "name": "Milk", "quantity": 1_000 });
        let order = json!({
            "order": order, "version": 1, "placed_ms": 0, "promised_ms": at(promised).ms, "expires_ms": at(9_999).ms, "code": "", "number_mark": "",
            "lines": (1..=lines).map(line).collect::<Vec<_>>(),
        });
        Event::OrderReceived { order: serde_json::from_value(order).unwrap(), cursor: 0, at: at(minute), epoch: 0 }
    }

    /// Accepted when it came, and one line in the bag.
    fn begun(order: &str, minute: i64, promised: i64, lines: u32) -> Vec<Event> {
        let (sku, quantity) = (Sku::new("milk").unwrap(), Qty::ONE);
        vec![
            received(order, minute, promised, lines),
            Event::OrderAccepted { step: step(order, minute), automatic: true },
            Event::OrderPicking { step: step(order, minute + 1), taken_over_from: None },
            Event::OrderLinePicked { step: step(order, minute + 2), line: 1, sku, quantity, way: PickWay::Scan },
        ]
    }

    fn ready(order: &str, minute: i64) -> Vec<Event> {
        let place = PlaceCode::new("C01").unwrap();
        vec![
            Event::OrderPicked { step: step(order, minute - 5), bags: vec![Bag::new(1, Zone::Ambient)] },
            Event::BagStaged { step: step(order, minute), bag: 1, place },
        ]
    }

    #[test]
    fn orders_of_a_day_worked_by_hand() {
        let handed = serde_json::from_value(json!({ "order_handed_over.1": {
            "step": step("A", 45), "proof": Proof::Name, "issued": [{ "sku": "milk", "quantity": 1_000 }],
        }}));
        let short = Event::OrderLineShort { step: step("E", 40), line: 2, quantity: Qty::ONE, why: ShortWhy::WrongPlace };
        let cancel = Event::OrderCancelled { order: OrderNo::new("F").unwrap(), version: 1, cursor: 0, at: at(30), epoch: 0 };
        // The hour from 0 to 60. A, B and E are ready after 20, 30 and 40 minutes, A is fetched, of E one of two lines is missing. C was
        // promised for minute 50 and is being picked, D waits for somebody to look at it, F is cancelled.
        let day = [
            begun("A", 0, 60, 1),
            ready("A", 20),
            vec![handed.unwrap()],
            begun("B", 5, 60, 1),
            ready("B", 35),
            begun("C", 10, 50, 1),
            vec![received("D", 15, 120, 1)],
            begun("E", 15, 60, 2),
            vec![short],
            ready("E", 55),
            begun("F", 20, 60, 1),
            vec![cancel],
        ];
        let mut book = OrderBook::default();
        day.iter().flatten().for_each(|event| book.follow(event));

        install();
        let shows = |expected: [&str; 5]| {
            let text = render();
            let names = ["open", "late", "oldest_waiting_seconds", "ready_seconds_median", "lines_short_ratio"];
            for (name, expected) in names.into_iter().zip(expected) {
                let line = format!("counterfoil_orders_{name} {expected}");
                assert!(text.lines().any(|shown| shown == line), "{line}:\n{text}");
            }
        };
        note_orders(&Figures::of(&OrderBook::default(), at(0).ms, at(0).ms), at(0).ms);
        shows(["0", "0", "0", "NaN", "NaN"]);
        // B, C, D and E are open; C has waited since minute 10.
        note_orders(&Figures::of(&book, at(60).ms, at(0).ms), at(60).ms);
        shows(["4", "1", "3000", "1800", "0.25"]);
    }
}
