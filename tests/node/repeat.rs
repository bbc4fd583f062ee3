//! A command that comes twice is one act: over the loop, in one flush, after a restart. The planted fault `double-apply-on-repeat` must fail here.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_repeat_answers_as_the_first_time_and_changes_nothing() {
    let data = tempfile::tempdir().unwrap();
    let running = open(data.path()).await;
    let node = running.node.clone();
    let first = ask(&node, "scan-1", "1", scan(MILK)).await.unwrap();
    let again = ask(&node, "scan-1", "1", scan(MILK)).await.unwrap();
    assert_eq!(first, again);
    let lines = node.screen().workstations[&till("1").unwrap()].totals.as_ref().unwrap().lines;
    assert_eq!(lines, 1, "one scan, one line");

    // Both in one flush: the same answer for both, one sale.
    let (one, two) = tokio::join!(ask(&node, "pay-1", "1", cash(500)), ask(&node, "pay-1", "1", cash(500)));
    assert_eq!(one.unwrap(), two.unwrap());
    running.stop().await.unwrap();

    let running = open(data.path()).await;
    let after = ask(&running.node, "pay-1", "1", cash(500)).await.unwrap();
    assert_eq!(after.receipt.unwrap().counter, 1);
    assert_eq!(running.node.shared().views.transactions(None, 10).len(), 1, "one sale in the record");
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_id_with_another_content_is_refused() {
    let data = tempfile::tempdir().unwrap();
    let running = open(data.path()).await;
    ask(&running.node, "x", "1", scan(MILK)).await.unwrap();
    let refused = ask(&running.node, "x", "2", scan(MILK)).await.unwrap_err();
    assert!(matches!(&refused, AskError::Refused(refusal, _) if refusal.code() == "command_reused"), "{refused}");
    running.stop().await.unwrap();
}
