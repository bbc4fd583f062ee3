//! What systemd hears: ready when a till can sell, signs of life while it runs, and a word before a clean stop.

use super::child::PATIENCE;
use super::shop::{Devices, Shop};
use super::till::Till;

#[test]
fn systemd_hears_ready_alive_and_stopping() {
    let shop = Shop::new(&Devices::default());
    let mut command = shop.node();
    command.env("WATCHDOG_USEC", "300000");
    let mut node = shop.start_as(command);

    // READY=1 has come, so the door is open and the day as well: the first question is answered.
    let mut till = Till::connect(node.address, &shop.token).expect("READY=1 was said before the door was open");
    assert_eq!(till.look("/api/v1/day")["state"], "open", "READY=1 was said before the shop could sell");

    let began = std::time::Instant::now();
    for _ in 0..4 {
        node.socket.wait("WATCHDOG=1", &mut node.child).expect("the node runs");
    }
    assert!(began.elapsed() < PATIENCE / 4, "four signs of life took {} ms", began.elapsed().as_millis());

    node.child.ask_to_stop();
    node.socket.wait("STOPPING=1", &mut node.child).expect("STOPPING=1 is said before the end");
    let status = node.child.wait_end();
    assert_eq!(status.code(), Some(0), "{}", shop.last_words());
}
