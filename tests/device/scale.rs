//! Checkout scales through the real driver on a pseudo terminal: what lies on them, and every way in which they fail.

use std::time::Duration;

use counterfoil::device::sim::SimScale;
use counterfoil::device::trial::try_out;
use counterfoil::device::{DeviceConfig, DeviceKind, DeviceReport, DeviceState, PortConfig, ScaleReading, Wanted};

use super::shop::{Shop, config, name};

const AT_ONCE: Duration = Duration::from_millis(1);

fn device(path: &std::path::Path) -> DeviceConfig {
    let port = PortConfig::Serial { path: path.display().to_string(), baud: 9600 };
    config("scale-1", DeviceKind::Scale, port, "toledo-8217")
}

fn shop(scale: &SimScale) -> Shop {
    let mut shop = Shop::start(vec![device(scale.path())]);
    shop.wait_state("scale-1", &DeviceState::Ready);
    shop
}

fn wait_for(shop: &mut Shop, wanted: ScaleReading) {
    shop.wait(&format!("{wanted:?}"), |report| match report {
        DeviceReport::Weight { scale, reading } if *scale == name("scale-1") && *reading == wanted => Some(()),
        _ => None,
    });
}

fn weigh(shop: &Shop, serial: u64) {
    shop.devices.as_ref().unwrap().scales[&name("scale-1")].weigh(Some(Wanted { serial, again: false }));
}

fn attention(cause: &str) -> DeviceState {
    DeviceState::Attention { cause: cause.into() }
}

#[test]
fn a_load_is_told_when_it_has_settled_and_sold_once() {
    let scale = SimScale::new(None, Duration::from_millis(700)).expect("a line");
    let mut shop = shop(&scale);
    weigh(&shop, 1);
    wait_for(&mut shop, ScaleReading::Empty);
    scale.put(535);
    wait_for(&mut shop, ScaleReading::Moving);
    wait_for(&mut shop, ScaleReading::Stable { grams: 535 });
    // The next article, with the same goods still on it.
    weigh(&shop, 2);
    wait_for(&mut shop, ScaleReading::SameLoad);
    scale.put(0);
    wait_for(&mut shop, ScaleReading::Empty);
    scale.put(120);
    wait_for(&mut shop, ScaleReading::Stable { grams: 120 });
    shop.stop();
}

#[test]
fn every_fault_is_told_and_heals() {
    let scale = SimScale::new(None, AT_ONCE).expect("a line");
    let mut shop = shop(&scale);
    weigh(&shop, 1);
    wait_for(&mut shop, ScaleReading::Empty);
    scale.put(18_000);
    wait_for(&mut shop, ScaleReading::OverCapacity);
    scale.put(-40);
    wait_for(&mut shop, ScaleReading::UnderZero);
    scale.set_silent(true);
    wait_for(&mut shop, ScaleReading::NoAnswer);
    let status = shop.wait_state("scale-1", &attention("offline"));
    assert!(status.hint.contains("8217"), "{}", status.hint);
    scale.set_silent(false);
    shop.wait_state("scale-1", &DeviceState::Ready);
    scale.set_garbled(true);
    let status = shop.wait_state("scale-1", &attention("garbled"));
    assert!(status.hint.contains("even parity"), "{}", status.hint);
    scale.set_garbled(false);
    scale.put(200);
    wait_for(&mut shop, ScaleReading::Stable { grams: 200 });
    // Somebody leans on it, for ever.
    scale.shake(true);
    wait_for(&mut shop, ScaleReading::Unsettled);
    scale.shake(false);
    wait_for(&mut shop, ScaleReading::Stable { grams: 200 });
    shop.stop();
}

#[test]
fn a_cable_that_is_pulled_while_weighing_is_told_and_plugged_in_again_it_weighs() {
    let folder = tempfile::tempdir().expect("a folder");
    let link = folder.path().join("scale");
    let scale = SimScale::new(Some(&link), AT_ONCE).expect("a line");
    let mut shop = shop(&scale);
    weigh(&shop, 1);
    wait_for(&mut shop, ScaleReading::Empty);
    drop(scale);
    wait_for(&mut shop, ScaleReading::NoAnswer);
    let scale = SimScale::new(Some(&link), AT_ONCE).expect("a line");
    scale.put(350);
    wait_for(&mut shop, ScaleReading::Stable { grams: 350 });
    shop.stop();
}

#[test]
fn a_technician_weighs_once() {
    let scale = SimScale::new(None, AT_ONCE).expect("a line");
    scale.put(1_185);
    let mut said = Vec::new();
    try_out(&device(scale.path()), None, &mut said).expect("passes");
    let said = String::from_utf8(said).expect("utf-8");
    assert!(said.contains("put something on the scale") && said.contains("weighed 1.185 kg"), "{said}");
}
