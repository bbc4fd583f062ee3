//! What is stored for ever: one example of every event, and a carried-forward state, as the first release wrote them. Every later release
//! must read them, and write those events with the same bytes. Lines are added to these files, none is ever changed: a change here breaks
//! the journal of every shop.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use counterfoil::retail::event::EventKind;
use counterfoil::retail::{Event, State, invariant};

fn stored(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/core").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|reason| panic!("{}: {reason}", path.display()))
}

/// The first release's day, and the examples that later rooms added.
fn all_events() -> String {
    [
        "events.jsonl",
        "events-pricing.jsonl",
        "events-orders.jsonl",
        "events-customer.jsonl",
        "events-stock.jsonl",
        "events-training.jsonl",
        "events-safe.jsonl",
        "events-people.jsonl",
    ]
    .map(stored)
    .concat()
}

/// The tags as the enum writes them, so that no variant is forgotten.
fn tags() -> BTreeSet<String> {
    let source = include_str!("../../src/retail/event.rs");
    source.split("#[serde(rename = \"").skip(1).map(|rest| rest.split('"').next().unwrap().to_owned()).collect()
}

fn tag(line: &str) -> String {
    line.trim_start_matches("{\"").split('"').next().unwrap().to_owned()
}

#[test]
fn every_event_is_stored_as_it_always_was() {
    let mut seen = BTreeSet::new();
    for line in all_events().lines() {
        let event: Event = serde_json::from_str(line).unwrap_or_else(|reason| panic!("{line}: {reason}"));
        assert_eq!(serde_json::to_string(&event).unwrap(), line, "written as it was read");
        // A later release adds fields; this one reads past them.
        let later = line.replacen(":{", ":{\"of_a_later_release\":[1],", 1);
        assert_eq!(serde_json::from_str::<Event>(&later).unwrap(), event, "{later}");
        seen.insert(tag(line));
    }
    assert_eq!(seen, tags(), "one example of each");
}

#[test]
fn events_are_soft_hard_or_urgent() {
    let text = all_events();
    let of = |kind: EventKind| -> BTreeSet<String> {
        text.lines().filter(|line| serde_json::from_str::<Event>(line).unwrap().kind() == kind).map(tag).collect()
    };
    let set = |tags: &[&str]| -> BTreeSet<String> { tags.iter().map(|tag| (*tag).to_owned()).collect() };
    let orders = [
        "bag_added.1",
        "bag_staged.1",
        "hand_over_taken_back.1",
        "lead_named.1",
        "order_adopted.1",
        "order_accepted.1",
        "order_cancel_failed.1",
        "order_cancelled.1",
        "order_change_too_late.1",
        "order_contradicted.1",
        "order_declined.1",
        "order_expired.1",
        "order_handed_over.1",
        "order_paid_elsewhere.1",
        "order_picked.1",
        "order_received.1",
        "order_refund_requested.1",
        "order_rest_missed.1",
        "order_refused.1",
        "order_replaced.1",
        "promise_broken.1",
        "rights_begun.1",
        "rights_granted.1",
        "rights_overrun.1",
    ];
    let urgent = ["card_contradicted.1", "count_requested.1", "day_closed.1"];
    assert_eq!(of(EventKind::Urgent), set(&[urgent.as_slice(), &orders].concat()));
    let soft = ["basket_act_undone.1", "command_answered.1", "line_added.1", "line_quantity_set.1", "line_voided.1"];
    let pricing =
        ["basket_discount_set.1", "basket_repriced.1", "coupon_added.1", "line_discount_set.1", "line_price_set.1", "member_attached.1"];
    let customer = ["customer_attached.1", "customer_detached.1"];
    assert_eq!(of(EventKind::Soft), set(&[soft.as_slice(), &pricing, &customer].concat()));
}

/// What is soft changes a basket, and what changes a basket is soft; the answer of a command rides with either.
#[test]
fn a_change_of_a_basket_is_soft_and_known_as_one() {
    for line in all_events().lines() {
        let event: Event = serde_json::from_str(line).unwrap();
        let is_soft = event.kind() == EventKind::Soft && !matches!(event, Event::CommandAnswered { .. });
        assert_eq!(event.basket_changed().is_some(), is_soft, "{line}");
    }
}

/// Head office puts aside what another lead did too late: no act on an order may escape it.
#[test]
fn every_act_on_an_order_says_under_which_lead() {
    let mut acts = 0;
    for line in all_events().lines().filter(|line| line.contains("\"step\":{\"order\":")) {
        let event: Event = serde_json::from_str(line).unwrap();
        assert!(event.lead_epoch().is_some() && event.order_at().is_some(), "{line}");
        acts += 1;
    }
    assert!(acts > 10, "{acts}");
}

/// The stored parts are read as the state to which the stored events add up.
#[test]
fn a_carried_forward_state_is_read_as_it_always_was() {
    let mut state = State::default();
    let mut seq = 1;
    for line in stored("events.jsonl").lines() {
        let event: Event = serde_json::from_str(line).unwrap();
        state.apply(seq, &event);
        // The answer is the last event of its record.
        seq += u64::from(matches!(event, Event::CommandAnswered { .. }));
    }
    assert_eq!(invariant::check_all(&state), []);
    let part = |name: &str| (name.to_owned(), stored(&format!("part-{name}.json")).trim_end().as_bytes().to_vec());
    let parts = BTreeMap::from(["answers", "cash", "core", "movements"].map(part));
    // Nor when an article last moved, nor which counts wait.
    state.stock_marks.clear();
    state.stock = Default::default();
    // The first release did not keep which record opened a till: 0, and every hole counts.
    for session in state.cash.tills.values_mut().filter_map(|till| till.session.as_mut()) {
        session.opened_seq = 0;
    }
    assert!(State::from_parts(&parts).unwrap() == state);
}
