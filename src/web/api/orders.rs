//! Collect orders: what is in the book, and acts on it.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::shape::CommandAnswer;
use super::{Asked, Body, Named, ask};
use crate::ids::{CommandId, OrderNo, WorkstationId};
use crate::money::Qty;
use crate::node::handle::Shared;
use crate::node::orders::OrderCustomer;
use crate::retail::Command;
use crate::retail::order::figures::Clocks;
use crate::retail::order::{LabelEnd, NoticeKind, Order, OrderAct, OrderState, OrderStateName, Substitution, open_label};
use crate::retail::print::{OpenPrint, PrintState};
use crate::web::Web;
use crate::web::orders::find;
use crate::web::problem::Problem;
use crate::web::session::{At, Session};

/// An order as it stands. Quantities in thousandths.
#[derive(Debug, Serialize, ToSchema)]
pub struct OrderView {
    order: String,
    version: u64,
    /// "received", "accepted", "picking", "picked", "staged", "handed_over", "putting_back", "ended".
    state: &'static str,
    /// Who picks it.
    picker: Option<String>,
    /// Why it went another way than to its customer: "cancelled", "expired", "declined", "refused".
    why: Option<&'static str>,
    initials: String,
    promised_ms: i64,
    expires_ms: i64,
    received_ms: i64,
    accepted_ms: Option<i64>,
    picked_ms: Option<i64>,
    ready_ms: Option<i64>,
    handed_over_ms: Option<i64>,
    lines: Vec<OrderLineView>,
    bags: Vec<BagView>,
    /// What is still to be scanned back to its shelf, by SKU.
    put_back: BTreeMap<String, i64>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct OrderLineView {
    line: u32,
    sku: String,
    name: String,
    location: String,
    quantity: i64,
    picked: i64,
    short: i64,
    left: i64,
    /// With the customer already.
    given: i64,
    age_min: Option<u8>,
    /// What may be taken instead, by the order's rule: SKUs, and their names in the same order.
    substitutes: Vec<String>,
    substitute_names: Vec<String>,
    /// Of one unit, as agreed, in minor units.
    unit_price: Option<i64>,
    /// It is paid here, before it is handed over.
    to_pay: bool,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct BagView {
    number: u32,
    /// What its label carries as a code.
    code: String,
    /// "ambient", "chilled", "frozen".
    zone: String,
    place: Option<String>,
    /// "none", "given", "held", "unknown", "failed", "printed", "sent", "settled".
    label: &'static str,
    /// Labels that were asked for.
    labels: u32,
}

/// Something a person should see to.
#[derive(Debug, Serialize, ToSchema)]
pub struct NoticeView {
    notice: u64,
    order: String,
    at_ms: i64,
    /// "change_too_late", "cancel_too_late", "contradicted", "promise_broken", "paid_elsewhere".
    what: &'static str,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct OrdersView {
    /// Whether this node keeps the store's orders. `null`: head office has not said so since the start.
    lead: Option<bool>,
    /// The node that keeps them, and under which epoch; `null`: head office has never named one.
    lead_node: Option<String>,
    lead_epoch: u64,
    /// When head office was last asked.
    heard_ms: Option<i64>,
    figures: OrderFiguresView,
    /// By number.
    orders: Vec<OrderView>,
    /// There are more: ask again with `after` = the last number of this answer.
    more: bool,
    notices: Vec<NoticeView>,
}

/// How it goes today.
#[derive(Debug, Serialize, ToSchema)]
pub struct OrderFiguresView {
    /// Received, accepted, picking, picked or staged.
    open: usize,
    /// Not staged, and the promised time has passed.
    late: usize,
    /// The order that waits longest for the staff, and when it was received.
    oldest_waiting: Option<String>,
    oldest_waiting_ms: Option<i64>,
    /// From received to ready.
    ready_median_ms: Option<i64>,
    /// Lines of which something was missing, and all lines, of what was picked today.
    lines_short: usize,
    lines_picked: usize,
}

/// Orders in one answer, unless fewer are asked for.
const ORDERS_PER_ANSWER_MAX: usize = 500;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Which {
    after: Option<OrderNo>,
    state: Option<OrderStateName>,
    limit: Option<usize>,
}

/// Orders that are not over, and those that ended today, by number: up to 500 at once.
#[utoipa::path(get, path = "/api/v1/orders",
    params(
        ("after" = Option<String>, Query, description = "Only numbers behind this one"),
        ("state" = Option<String>, Query, description = "Only orders that stand there"),
        ("limit" = Option<usize>, Query, description = "At most so many; 500 unless fewer")
    ),
    responses((status = OK, body = OrdersView), (status = "4XX", body = Problem)))]
pub async fn orders(State(web): State<Web>, _session: Session, Asked(which): Asked<Which>) -> Json<OrdersView> {
    let screen = web.node.screen();
    let notices = screen.orders.notices.iter().map(|(notice, told)| NoticeView {
        notice: *notice,
        order: told.order.to_string(),
        at_ms: told.at.ms,
        what: notice_name(&told.what),
    });
    let figures = screen.order_figures(web.now_ms());
    let limit = which.limit.unwrap_or(ORDERS_PER_ANSWER_MAX).clamp(1, ORDERS_PER_ANSWER_MAX);
    let from = which.after.map_or(Bound::Unbounded, Bound::Excluded);
    let wanted = |order: &&Arc<Order>| which.state.is_none_or(|state| order.state.name() == state);
    let mut found = screen.orders.orders.range((from, Bound::Unbounded)).map(|(_, order)| order).filter(wanted);
    let orders = found.by_ref().take(limit).map(|order| view(web.node.shared(), order, &screen.prints)).collect();
    Json(OrdersView {
        lead: screen.orders.lead.as_ref().map(|lead| lead.here).or(screen.orders_heard.map(|(lead, _)| lead)),
        lead_node: screen.orders.lead.as_ref().map(|lead| lead.node.to_string()),
        lead_epoch: screen.orders.epoch(),
        heard_ms: screen.orders_heard.map(|(_, at_ms)| at_ms),
        figures: OrderFiguresView {
            open: figures.open,
            late: figures.late,
            oldest_waiting: figures.oldest_waiting.as_ref().map(|(order, _)| order.to_string()),
            oldest_waiting_ms: figures.oldest_waiting.map(|(_, received_ms)| received_ms),
            ready_median_ms: figures.ready_median_ms,
            lines_short: figures.short_lines.0,
            lines_picked: figures.short_lines.1,
        },
        orders,
        more: found.next().is_some(),
        notices: notices.collect(),
    })
}

#[derive(Debug, Deserialize)]
pub struct OrderAt {
    order: OrderNo,
}

#[utoipa::path(get, path = "/api/v1/orders/{order}", params(("order" = String, Path)),
    responses((status = OK, body = OrderView), (status = "4XX", body = Problem)))]
pub async fn order(State(web): State<Web>, _session: Session, Named(at): Named<OrderAt>) -> Result<Json<OrderView>, Problem> {
    let screen = web.node.screen();
    let found = screen.orders.orders.get(&at.order);
    found.map(|order| Json(view(web.node.shared(), order, &screen.prints))).ok_or_else(|| unknown(&at.order))
}

/// Who comes for an order.
#[derive(Serialize, ToSchema)]
pub struct OrderCustomerView {
    /// What the record calls them; `DELETE .../customers/{subject}` erases what is known. `null`: head office did not say who it is.
    subject: Option<String>,
    name: String,
    initials: String,
    phone: String,
    /// There was somebody, and what was known of them is gone.
    erased: bool,
}

#[derive(Debug, Deserialize)]
pub struct OrderAtDesk {
    ws: WorkstationId,
    order: OrderNo,
}

/// The customer of an order, for whoever works at the workstation.
#[utoipa::path(get, path = "/api/v1/workstations/{ws}/orders/{order}/customer", params(("ws" = String, Path), ("order" = String, Path)),
    responses((status = OK, body = OrderCustomerView), (status = "4XX", body = Problem)))]
pub async fn customer(
    State(web): State<Web>,
    _session: Session,
    Named(at): Named<OrderAtDesk>,
) -> Result<Json<OrderCustomerView>, Problem> {
    super::customer::working(&web, &at.ws)?;
    let screen = web.node.screen();
    let order = screen.orders.orders.get(&at.order).ok_or_else(|| unknown(&at.order))?;
    let OrderCustomer { subject, name, initials, phone, is_erased } = web.node.shared().order_customer(&order.asked);
    Ok(Json(OrderCustomerView { subject: subject.map(|subject| subject.to_string()), name, initials, phone, erased: is_erased }))
}

/// What was found, those that are ready or open first.
#[derive(Serialize, ToSchema)]
pub struct FoundOrdersView {
    orders: Vec<OrderView>,
    /// More fit than the answer holds.
    more: usize,
    /// The first one has exactly this number.
    exact: bool,
    /// It may be a name, and nobody is signed in at the workstation who may see names: only numbers were looked for.
    names_hidden: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LookedFor {
    find: String,
}

/// Orders by their number, its last four digits or more, or the name of whoever comes for them from three letters: at most 20.
#[utoipa::path(get, path = "/api/v1/workstations/{ws}/orders",
    params(("ws" = String, Path), ("find" = String, Query, description = "Number, last digits, or words of a name")),
    responses((status = OK, body = FoundOrdersView), (status = "4XX", body = Problem)))]
pub async fn find(State(web): State<Web>, At(ws): At, Asked(asked): Asked<LookedFor>) -> Result<Json<FoundOrdersView>, Problem> {
    let with_names = super::customer::working(&web, &ws).is_ok();
    let node = web.node.clone();
    let looked = tokio::task::spawn_blocking(move || find::find(&node, &asked.find, with_names)).await;
    let gone = |_| Problem::new(StatusCode::SERVICE_UNAVAILABLE, "search_failed", "the search did not end", "ask again");
    let found = looked.map_err(gone)?;
    if found.too_short && !found.names_hidden {
        let remedy = "give an order number, its last 4 digits, or at least 3 letters of a name";
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "search_too_short", "that is too little to look for", remedy));
    }
    let screen = web.node.screen();
    let orders = found.hits.iter().map(|hit| view(web.node.shared(), &hit.order, &screen.prints)).collect();
    Ok(Json(FoundOrdersView { orders, more: found.more, exact: found.is_exact, names_hidden: found.names_hidden }))
}

fn unknown(order: &OrderNo) -> Problem {
    let detail = format!("order {order} is not in this store");
    Problem::new(StatusCode::NOT_FOUND, "order_unknown", detail, "list them at /api/v1/orders")
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ActOnOrder {
    #[schema(value_type = String)]
    id: CommandId,
    /// `{"act": NAME, ...}`. Staff: accept, refuse {why}, start_picking {take_over}, pause_picking, pick {orders, code, quantity; with a quantity
    /// the record says that they were counted}, pick_by_hand {line, quantity, why}, short {line, why}, reset_line {line}, finish_picking {bags}, stage {bag, place}, put_back {code, quantity},
    /// settle_notice {notice}, add_bag {like}, print_label {bag}, settle_label {bag}, print_pick_list {orders}. Desk: identify {code},
    /// hand_over {shown, bags, leaves, later, of_age}, pay (the same; a sale opens at the
    /// workstation, and paid the order is handed over), miss_at_counter {line, quantity, why, then}, replace_at_counter {line, code, why},
    /// decline, take_back_hand_over, allow_numbers.
    /// All but the last name their `order`; `pick` names up to six.
    #[schema(value_type = Object)]
    act: OrderAct,
}

/// Does something with an order, as whoever is signed in at the workstation. `identify` answers which order a customer's code opens.
#[utoipa::path(post, path = "/api/v1/workstations/{ws}/orders", params(("ws" = String, Path)), request_body = ActOnOrder,
    responses((status = OK, body = CommandAnswer), (status = "4XX", body = Problem)))]
pub async fn act(State(web): State<Web>, At(ws): At, Body(body): Body<ActOnOrder>) -> Result<Json<CommandAnswer>, Problem> {
    match &body.act {
        OrderAct::Deliver { .. }
        | OrderAct::Cancel { .. }
        | OrderAct::Expire { .. }
        | OrderAct::Recheck { .. }
        | OrderAct::BeginRights { .. }
        | OrderAct::TellRights { .. }
        | OrderAct::Grant { .. }
        | OrderAct::NameLead { .. }
        | OrderAct::Adopt { .. }
        | OrderAct::ReportWrongNumber {} => {
            let remedy = "place, change and cancel orders at head office";
            Err(Problem::new(StatusCode::FORBIDDEN, "not_from_here", "this act is head office's or the node's own", remedy))
        }
        _ => ask(&web, body.id, Some(ws), Command::Order(body.act)).await,
    }
}

fn view(shared: &Shared, order: &Order, prints: &[OpenPrint]) -> OrderView {
    let why = match &order.state {
        OrderState::PuttingBack { why } | OrderState::Ended { why, .. } => Some(ending_name(*why)),
        _ => None,
    };
    let named = order.asked.substitution == Substitution::Named;
    let line = |line: &crate::retail::order::OrderLine| {
        let progress = order.progress.get(&line.line);
        OrderLineView {
            line: line.line,
            sku: line.sku.to_string(),
            name: line.name.clone(),
            location: line.location.clone(),
            quantity: line.quantity.thousandths(),
            picked: progress.map_or(Qty::ZERO, |progress| progress.picked_quantity()).thousandths(),
            short: progress.map_or(Qty::ZERO, |progress| progress.short).thousandths(),
            left: order.left(line).thousandths(),
            given: progress.map_or(Qty::ZERO, |progress| progress.given_quantity()).thousandths(),
            unit_price: line.price.as_ref().map(|price| price.unit_price.minor()),
            to_pay: line.due().is_some(),
            age_min: line.age_min,
            substitutes: if named { line.substitutes.iter().map(ToString::to_string).collect() } else { Vec::new() },
            substitute_names: if named { line.substitute_names.clone() } else { Vec::new() },
        }
    };
    let bag = |bag: &crate::retail::order::Bag| BagView {
        number: bag.number,
        code: crate::retail::order::bag_code(&order.asked.order, bag.number),
        zone: format!("{:?}", bag.zone).to_lowercase(),
        place: bag.place.as_ref().map(ToString::to_string),
        label: label_name(open_label(prints, &order.asked.order, bag.number), bag.label),
        labels: bag.labels,
    };
    let clocks = Clocks::of(order);
    OrderView {
        order: order.asked.order.to_string(),
        version: order.asked.version,
        state: order.state.name().as_str(),
        picker: match &order.state {
            OrderState::Picking { by, .. } => by.as_ref().map(ToString::to_string),
            _ => None,
        },
        why,
        initials: shared.order_customer(&order.asked).initials,
        promised_ms: order.asked.promised_ms,
        expires_ms: order.asked.expires_ms,
        received_ms: clocks.received_ms,
        accepted_ms: clocks.accepted_ms,
        picked_ms: clocks.picked_ms,
        ready_ms: clocks.ready_ms,
        handed_over_ms: clocks.handed_over_ms,
        lines: order.asked.lines.iter().map(line).collect(),
        bags: order.bags.iter().map(bag).collect(),
        put_back: order.to_put_back().into_iter().map(|units| (units.sku.to_string(), units.quantity.thousandths())).collect(),
    }
}

fn label_name(open: Option<&OpenPrint>, end: Option<LabelEnd>) -> &'static str {
    match (open.map(|open| &open.state), end) {
        (Some(PrintState::Given), _) => "given",
        (Some(PrintState::HeldClean { .. }), _) => "held",
        (Some(PrintState::Unknown { .. }), _) => "unknown",
        (Some(PrintState::FailedClean { .. }), _) => "failed",
        (None, Some(LabelEnd::Printed)) => "printed",
        (None, Some(LabelEnd::Sent)) => "sent",
        (None, Some(LabelEnd::Settled)) => "settled",
        (None, None) => "none",
    }
}

fn ending_name(why: crate::retail::order::Ending) -> &'static str {
    use crate::retail::order::Ending;
    match why {
        Ending::Cancelled => "cancelled",
        Ending::Expired => "expired",
        Ending::Declined => "declined",
        Ending::Refused(_) => "refused",
    }
}

fn notice_name(what: &NoticeKind) -> &'static str {
    match what {
        NoticeKind::ChangeTooLate { .. } => "change_too_late",
        NoticeKind::CancelTooLate { .. } => "cancel_too_late",
        NoticeKind::Contradicted { .. } => "contradicted",
        NoticeKind::PromiseBroken { .. } => "promise_broken",
        NoticeKind::PaidElsewhere { .. } => "paid_elsewhere",
    }
}
