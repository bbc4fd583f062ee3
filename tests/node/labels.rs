//! Labels of bags through the whole node: packed, printed by themselves, a printer that dies in the third label, a roll that ends, and a list to
//! pick by on the receipt printer. Real loop, journal, drivers and sockets.

use counterfoil::device::lang::escpos::{PrinterProfile, paper_text};
use counterfoil::device::lang::zpl::Part;
use counterfoil::device::profile::load_label_printer;
use counterfoil::device::sim::{LabelSwitch, SimLabelPrinter, SimPrinter};
use counterfoil::device::{DeviceKind, DeviceState};
use counterfoil::ids::OrderNo;
use counterfoil::retail::order::{LabelEnd, Order, OrderAct, OrderState, open_label};
use counterfoil::retail::print::PrintState;

use super::*;

const PATIENCE: Duration = Duration::from_secs(120);

fn labels(profile: &str) -> SimLabelPrinter {
    SimLabelPrinter::tcp("127.0.0.1:0", load_label_printer(profile).unwrap(), 0).unwrap()
}

fn with_devices(data: &Path, labels: &SimLabelPrinter, receipts: &SimPrinter) -> NodeConfig {
    let tcp = |port: &counterfoil::device::PortConfig| port.address().to_owned();
    let text = include_str!("../../docs/node.toml");
    let shop = text.split("[[workstation]]").next().unwrap();
    let shop = shop.split("[head_office]").next().unwrap().to_owned() + "[tax]" + shop.split("[tax]").nth(1).unwrap();
    let shop = shop.replace("/var/lib/counterfoil", &data.display().to_string()).replace("127.0.0.1:8080", "127.0.0.1:0");
    let shop = shop.replace("required = true", "required = false");
    let devices = format!(
        "[[workstation]]\nid = \"1\"\nreceipt_printer = \"printer-1\"\n[[workstation]]\nid = \"2\"\n\
         [[device]]\nname = \"labels-1\"\nkind = \"label_printer\"\nprofile = \"zpl-203\"\ntcp = \"{}\"\n\
         [[device]]\nname = \"printer-1\"\nkind = \"printer\"\nprofile = \"epson-80mm\"\ntcp = \"{}\"\n",
        tcp(labels.port()),
        tcp(receipts.port()),
    );
    parse(&(shop + devices.as_str()), Path::new("test")).unwrap()
}

fn receipts() -> SimPrinter {
    SimPrinter::tcp("127.0.0.1:0", PrinterProfile::built_in("epson-80mm").unwrap(), 0).unwrap()
}

async fn started(config: &NodeConfig) -> Running {
    let running = start(config).await.unwrap();
    if running.node.screen().feeds.is_empty() {
        catalogue(&running.node, 1).await;
        stock(&running.node, 1, 0, &[(MILK, 100)]).await;
    }
    running
}

async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "waited in vain: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn number(order: &str) -> OrderNo {
    OrderNo::new(order).unwrap()
}

async fn act(node: &Node, act: OrderAct) -> Result<Answer, AskError> {
    ask(node, &uuid::Uuid::now_v7().simple().to_string(), "1", Command::Order(act)).await
}

/// From head office's word until it is packed into so many bags.
async fn packed(node: &Node, order: &str, bags: u32) {
    let now_ms = jiff::Timestamp::now().as_millisecond();
    let asked = serde_json::from_value(serde_json::json!({
        "order": order, "version": 1, "placed_ms": now_ms, "promised_ms": now_ms + 3_600_000, "expires_ms": now_ms + 90_000_000,
        "initials": "A^B~\u{7}\"", "code": "", "number_mark": "",
        "lines": [{"line": 1, "sku": MILK, "name": "Milk", "quantity": 2000, "location": "A-01"}],
    }));
    act(node, OrderAct::Deliver { order: Box::new(asked.unwrap()), cursor: 1 }).await.unwrap();
    act(node, OrderAct::StartPicking { order: number(order), take_over: false }).await.unwrap();
    act(node, OrderAct::Pick { orders: vec![number(order)], code: MILK.to_owned(), quantity: Some(Qty::pieces(2)) }).await.unwrap();
    act(node, OrderAct::FinishPicking { order: number(order), bags }).await.unwrap();
}

fn order(node: &Node, order: &str) -> Order {
    node.screen().orders.orders[&number(order)].as_ref().clone()
}

fn ends(node: &Node, of: &str) -> Vec<Option<LabelEnd>> {
    order(node, of).bags.iter().map(|bag| bag.label).collect()
}

fn waits(node: &Node, of: &str, bag: u32) -> Option<PrintState> {
    open_label(&node.screen().prints, &number(of), bag).map(|open| open.state.clone())
}

/// Code of every label that came out.
fn on_paper(printer: &SimLabelPrinter) -> Vec<String> {
    let code = |parts: &Vec<Part>| parts.iter().find_map(|part| if let Part::Bars { data, .. } = part { Some(data.clone()) } else { None });
    printer.snapshot().labels.iter().filter_map(|label| code(&label.parts)).collect()
}

async fn ready(node: &Node) {
    until("the label printer", || {
        node.screen().devices.iter().any(|device| device.kind == DeviceKind::LabelPrinter && device.state == DeviceState::Ready)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_label_printer_that_dies_between_bag_2_and_3() {
    let data = tempfile::tempdir().unwrap();
    let (printer, papers) = (labels("zpl-203"), receipts());
    let running = started(&with_devices(data.path(), &printer, &papers)).await;
    let node = running.node.clone();
    ready(&node).await;
    // What one label costs in bytes, with the questions before and behind it.
    let before = printer.snapshot().received;
    packed(&node, "W1", 1).await;
    until("the first label", || ends(&node, "W1") == [Some(LabelEnd::Printed)]).await;
    let each = usize::try_from(printer.snapshot().received - before).unwrap();
    printer.take_labels_away();

    printer.die_after(2 * each + each / 2);
    packed(&node, "W2", 4).await;
    until("the third label is lost", || matches!(waits(&node, "W2", 3), Some(PrintState::Unknown { .. }))).await;
    until("the fourth is held", || matches!(waits(&node, "W2", 4), Some(PrintState::HeldClean { .. }))).await;
    assert_eq!(order(&node, "W2").state, OrderState::Picked, "the bags are packed all the same");
    assert_eq!(ends(&node, "W2")[..2], [Some(LabelEnd::Printed), Some(LabelEnd::Printed)]);
    assert_eq!(on_paper(&printer), ["CFB101W2", "CFB102W2"]);

    // The box goes down as well. Nothing is forgotten, and nothing comes out twice.
    running.stop().await.unwrap();
    let running = started(&with_devices(data.path(), &printer, &papers)).await;
    let node = running.node.clone();
    assert!(matches!(waits(&node, "W2", 3), Some(PrintState::Unknown { .. })));
    printer.power_cycle();
    until("the fourth came by itself", || ends(&node, "W2")[3] == Some(LabelEnd::Printed)).await;
    assert_eq!(on_paper(&printer), ["CFB101W2", "CFB102W2", "CFB104W2"]);
    act(&node, OrderAct::PrintLabel { order: number("W2"), bag: Some(3) }).await.unwrap();
    until("the third again", || ends(&node, "W2")[2] == Some(LabelEnd::Printed)).await;
    let last = printer.snapshot().labels.last().cloned().unwrap();
    let says = |what: &str| last.parts.iter().any(|part| matches!(part, Part::Text { text, .. } if text.contains(what)));
    assert!(says("REPRINT 1") && says("3/4") && says("A^B~?"), "{last:?}");
    assert_eq!(on_paper(&printer).len(), 4);
    assert!(node.screen().prints.is_empty());
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_roll_that_ended_holds_the_labels_until_there_is_a_new_one() {
    let data = tempfile::tempdir().unwrap();
    let (printer, papers) = (labels("zpl-203"), receipts());
    printer.set(LabelSwitch::PaperOut, true);
    let running = started(&with_devices(data.path(), &printer, &papers)).await;
    let node = running.node.clone();
    packed(&node, "W1", 2).await;
    until("both wait", || (1..=2).all(|bag| matches!(waits(&node, "W1", bag), Some(PrintState::HeldClean { .. })))).await;
    running.stop().await.unwrap();
    let running = started(&with_devices(data.path(), &printer, &papers)).await;
    let node = running.node.clone();
    printer.set(LabelSwitch::PaperOut, false);
    until("both came", || ends(&node, "W1") == [Some(LabelEnd::Printed); 2]).await;
    assert_eq!(on_paper(&printer), ["CFB101W1", "CFB102W1"]);
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_printer_of_another_resolution_says_so_and_wastes_no_label() {
    let data = tempfile::tempdir().unwrap();
    let (printer, papers) = (labels("zpl-300"), receipts());
    let running = started(&with_devices(data.path(), &printer, &papers)).await;
    let node = running.node.clone();
    packed(&node, "W1", 1).await;
    let wrong = |state: &PrintState| matches!(state, PrintState::HeldClean { cause } if cause == "wrong_dpi");
    until("it is held", || waits(&node, "W1", 1).as_ref().is_some_and(wrong)).await;
    let said = node.screen().devices.iter().find(|device| device.kind == DeviceKind::LabelPrinter).map(|device| device.hint.clone());
    assert!(said.as_ref().is_some_and(|hint| hint.contains("300 dpi")), "{said:?}");
    // Written on by hand and handed over: nobody needs the label any more.
    act(&node, OrderAct::Stage { order: number("W1"), bag: 1, place: counterfoil::ids::PlaceCode::new("C7").unwrap() }).await.unwrap();
    act(&node, OrderAct::Decline { order: number("W1") }).await.unwrap();
    until("it is dropped", || node.screen().prints.is_empty()).await;
    running.stop().await.unwrap();
    assert!(on_paper(&printer).is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pick_list_comes_out_of_the_receipt_printer_and_the_second_says_copy() {
    let data = tempfile::tempdir().unwrap();
    let (printer, papers) = (labels("zpl-203"), receipts());
    let running = started(&with_devices(data.path(), &printer, &papers)).await;
    let node = running.node.clone();
    packed(&node, "W1", 1).await;
    let now_ms = jiff::Timestamp::now().as_millisecond();
    let asked = serde_json::json!({
        "order": "W2", "version": 1, "placed_ms": now_ms, "promised_ms": now_ms + 3_600_000, "expires_ms": now_ms + 90_000_000,
        "initials": "C.D.", "code": "", "number_mark": "",
        "lines": [{"line": 1, "sku": MILK, "name": "Milk, whole", "quantity": 3000, "location": "A-01", "zone": "chilled"}],
    });
    act(&node, OrderAct::Deliver { order: Box::new(serde_json::from_value(asked).unwrap()), cursor: 2 }).await.unwrap();
    let text = || paper_text(&papers.snapshot().paper);
    act(&node, OrderAct::PrintPickList { orders: vec![number("W2")] }).await.unwrap();
    until("the list", || text().contains("Milk, whole") && papers.snapshot().cuts == 1).await;
    assert!(text().contains("PICK LIST") && text().contains("A-01") && !text().contains("COPY"), "{}", text());
    act(&node, OrderAct::PrintPickList { orders: vec![number("W2")] }).await.unwrap();
    until("the copy", || papers.snapshot().cuts == 2).await;
    assert!(text().contains("COPY 1"), "{}", text());
    running.stop().await.unwrap();
}
