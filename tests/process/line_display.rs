//! The customer's display of two lines, lit by the node through a pseudo terminal, from the welcome to the change.

use std::fs;

use counterfoil::device::sim::SimDisplay;
use serde_json::json;

use super::child::wait_for;
use super::shop::{Devices, Shop};

#[test]
fn the_customer_reads_line_total_and_change_on_two_lines() {
    let devices = tempfile::tempdir().expect("a temporary folder");
    let link = devices.path().join("display-1");
    let display = SimDisplay::new(Some(&link)).expect("a pseudo terminal");
    let shop = Shop::new(&Devices::default());
    let facing = format!(
        "\n[[device]]\nname = \"display-1\"\nkind = \"line_display\"\nworkstation = \"1\"\nprofile = \"esc-pos\"\nserial = {link:?}\nbaud = 9600\n"
    );
    let text = fs::read_to_string(shop.config()).expect("the configuration is there");
    fs::write(shop.config(), format!("{text}{facing}")).expect("a file");
    let node = shop.start();
    let mut till = shop.till(&node);
    let reads = |upper: &str, lower: &str| {
        wait_for("the display", || {
            let [first, second] = display.text();
            (first.contains(upper) && second.contains(lower)).then_some([first, second])
        })
    };
    reads("Markt am Platz", "Welcome");
    let priced = &shop.goods()[0];
    let amount = format!("{}.{:02}", priced.cents / 100, priced.cents % 100);
    till.must("/api/v1/workstations/1/lines", &json!({"id": "line-1", "code": priced.code}));
    let [upper, lower] = reads(&amount, "Total");
    assert!(upper.ends_with(&format!(" {amount}")) && lower.ends_with(&format!(" {amount}")), "{upper:?} {lower:?}");
    till.must("/api/v1/workstations/1/tenders", &json!({"id": "cash-1", "amount": 50_000}));
    let change = 50_000 - priced.cents;
    reads("Thank you!", &format!("{}.{:02}", change / 100, change % 100));
    shop.stop(node);
}
