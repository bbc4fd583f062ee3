//! A scale at a till, through the real driver: the article that was keyed waits for its weight, and whatever the scale does, the cashier can go on.

use counterfoil::device::sim::SimScale;
use counterfoil::device::{DeviceKind, DeviceState, ScaleReading};
use counterfoil::node::handle::Input;
use counterfoil::node::screen::{Check, TillScreen};
use counterfoil::retail::weight::WeightSource;

use super::*;

const PATIENCE: Duration = Duration::from_secs(40);

fn config_with(data: &Path, scale: &SimScale) -> NodeConfig {
    let text = include_str!("../../docs/node.toml");
    let shop = text.split("[[workstation]]").next().unwrap();
    let shop = shop.split("[head_office]").next().unwrap().to_owned() + "[tax]" + shop.split("[tax]").nth(1).unwrap();
    let shop = shop.replace("/var/lib/counterfoil", &data.display().to_string()).replace("127.0.0.1:8080", "127.0.0.1:0");
    let shop = shop.replace("required = true", "required = false");
    let path = scale.path().display();
    let till = format!(
        "[[workstation]]\nid = \"1\"\nscale = \"scale-1\"\n[[device]]\nname = \"scale-1\"\nkind = \"scale\"\nprofile = \"toledo-8217\"\nserial = \"{path}\"\n"
    );
    parse(&format!("{shop}{till}"), Path::new("test")).unwrap()
}

async fn until(what: &str, node: &Node, mut holds: impl FnMut(&TillScreen) -> bool) {
    let mut changes = node.changes();
    let wait = async {
        while !holds(&changes.borrow_and_update().workstations[&till("1").unwrap()]) {
            changes.changed().await.unwrap();
        }
    };
    let came = tokio::time::timeout(PATIENCE, wait).await;
    assert!(came.is_ok(), "{what} did not happen: {:?}", node.screen().workstations);
}

fn waits(screen: &TillScreen) -> bool {
    matches!(screen.check.as_deref(), Some(Check::Weigh(_)))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_article_waits_for_its_weight_and_is_sold_by_what_the_scale_says() {
    let folder = tempfile::tempdir().unwrap();
    let scale = SimScale::new(None, Duration::from_millis(50)).unwrap();
    let running = start(&config_with(folder.path(), &scale)).await.unwrap();
    let node = &running.node;
    catalogue(node, 1).await;
    let key = async |id: &str, code: &str| ask(node, id, "1", Command::AddLine { code: code.into(), quantity: None }).await;
    let refused = |answer: Result<Answer, AskError>| match answer {
        Err(AskError::Refused(refusal, _)) => refusal.code(),
        other => panic!("{other:?}"),
    };
    until("a scale", node, |_| {
        node.screen().devices.iter().any(|device| device.kind == DeviceKind::Scale && device.state == DeviceState::Ready)
    })
    .await;

    // Keyed first, weighed then, with a tare.
    assert_eq!(refused(key("w-1", "1001").await), "weight_needed");
    until("it waits at an empty scale", node, |till| waits(till) && till.reading == Some(ScaleReading::Empty)).await;
    assert_eq!(refused(key("w-2", MILK).await), "check_first", "a scan meanwhile is dropped");
    node.tell(Input::SetTare { workstation: till("1").unwrap(), tare: Qty::from_thousandths(15) }).await.unwrap();
    until("the tare", node, |till| !till.tare.is_zero()).await;
    scale.put(535);
    until("the line", node, |till| till.basket.as_ref().is_some_and(|basket| basket.lines.len() == 1)).await;
    let line = node.screen().workstations[&till("1").unwrap()].basket.as_ref().unwrap().lines[0].sold.clone();
    assert_eq!(line.quantity, Qty::from_thousandths(520));
    let weighed = line.weighed.unwrap();
    assert_eq!((weighed.source, weighed.tare), (WeightSource::Scale, Qty::from_thousandths(15)));
    assert!(!waits(&node.screen().workstations[&till("1").unwrap()]), "nothing waits any more");

    // The same goods are not sold twice, but by the cashier's word.
    assert_eq!(refused(key("w-3", "1001").await), "weight_needed");
    until("the same load", node, |till| till.reading == Some(ScaleReading::SameLoad)).await;
    node.tell(Input::WeighAgain { workstation: till("1").unwrap() }).await.unwrap();
    until("a second line", node, |till| till.basket.as_ref().is_some_and(|basket| basket.lines.len() == 2)).await;

    // A scale that is silent holds nobody up: the weight is typed, and marked.
    scale.set_silent(true);
    assert_eq!(refused(key("w-4", "1001").await), "weight_needed");
    until("no answer", node, |till| till.reading == Some(ScaleReading::NoAnswer)).await;
    let weight = Qty::from_thousandths(350);
    ask(node, "w-5", "1", Command::AddWeighed { code: "1001".into(), weight, tare: Qty::ZERO, scale: None }).await.unwrap();
    let line = node.screen().workstations[&till("1").unwrap()].basket.as_ref().unwrap().lines[2].sold.clone();
    assert_eq!((line.quantity, line.weighed.unwrap().source), (weight, WeightSource::Typed));

    // Given up.
    assert_eq!(refused(key("w-6", "1001").await), "weight_needed");
    node.tell(Input::ForgetWeight { workstation: till("1").unwrap() }).await.unwrap();
    until("it is given up", node, |till| !waits(till)).await;
    key("w-7", MILK).await.unwrap();
    running.stop().await.unwrap();
}
