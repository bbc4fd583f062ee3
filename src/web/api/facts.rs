//! How the node is: devices, health, and what works now with the age of each fact.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::ToSchema;

use super::people::ApprovalBody;
use super::shape::{CommandAnswer, DeviceView, HealthView, WorksView};
use super::{Body, Named, shape};
use crate::device::{DeviceKind, DeviceState, DeviceStatus, Paper, TestKind};
use crate::ids::{CommandId, DeviceName};
use crate::node::handle::Input;
use crate::node::screen::{FeedStatus, Screen};
use crate::retail::day::Day;
use crate::retail::{Command, Feed};
use crate::web::Web;
use crate::web::problem::Problem;
use crate::web::session::{self, Session};

/// All devices and how they are.
#[utoipa::path(get, path = "/api/v1/devices", responses((status = OK, body = Vec<DeviceView>)))]
pub async fn devices(State(web): State<Web>, _session: Session) -> Json<Vec<DeviceView>> {
    Json(web.node.screen().devices.iter().map(shape::device).collect())
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeviceTest {
    kind: DeviceTestKind,
}

#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeviceTestKind {
    Page,
    Beep,
    Drawer,
}

/// Tests a printer: page, beep or drawer. Not a business act; not recorded. Where people have to sign in, the drawer is not opened this way.
#[utoipa::path(post, path = "/api/v1/devices/{name}/test", params(("name" = String, Path)), request_body = DeviceTest,
    responses((status = ACCEPTED), (status = "4XX", body = Problem)))]
pub async fn test_device(
    State(web): State<Web>,
    session: Session,
    Named(name): Named<DeviceName>,
    Body(body): Body<DeviceTest>,
) -> Result<StatusCode, Problem> {
    session.needs_desk()?;
    let screen = web.node.screen();
    let device =
        screen.devices.iter().find(|device| device.name == name && matches!(device.kind, DeviceKind::Printer | DeviceKind::LabelPrinter));
    if device.is_none() {
        let detail = format!("there is no printer {name}");
        return Err(Problem::new(StatusCode::NOT_FOUND, "device_unknown", detail, "list devices at /api/v1/devices"));
    }
    if matches!(body.kind, DeviceTestKind::Drawer) && screen.rules.staff_required {
        let detail = "where people answer for drawers, none is opened from a desk";
        return Err(Problem::new(
            StatusCode::FORBIDDEN,
            "drawer_at_its_till",
            detail,
            "sign in at the till and open it there: it is on the record",
        ));
    }
    let kind = match body.kind {
        DeviceTestKind::Page => TestKind::Page,
        DeviceTestKind::Beep => TestKind::Beep,
        DeviceTestKind::Drawer => TestKind::Drawer,
    };
    web.node.tell(Input::DeviceTest { device: name, kind }).await.map_err(|error| super::ask_problem(&error))?;
    Ok(StatusCode::ACCEPTED)
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EndTerminalDay {
    #[schema(value_type = String)]
    id: CommandId,
    /// Of another person, when nobody is signed in at the desk or the right is missing.
    #[serde(default)]
    approval: Option<ApprovalBody>,
}

/// Closes the own day of a card terminal. How it ends is in the device's page and the record; again does no harm.
#[utoipa::path(post, path = "/api/v1/devices/{name}/end-of-day", params(("name" = String, Path)), request_body = EndTerminalDay,
    responses((status = OK, body = CommandAnswer), (status = "4XX", body = Problem)))]
pub async fn end_terminal_day(
    State(web): State<Web>,
    session: Session,
    Named(name): Named<DeviceName>,
    Body(body): Body<EndTerminalDay>,
) -> Result<Json<CommandAnswer>, Problem> {
    super::ask_at_desk(&web, &session, body.id, body.approval, Command::EndTerminalDay { terminal: name }).await
}

/// How the node is.
#[utoipa::path(get, path = "/api/v1/health", responses((status = OK, body = HealthView)))]
pub async fn health(State(web): State<Web>, _session: Session) -> Json<HealthView> {
    Json(health_view(&web.node.screen()))
}

/// What works now and how old each fact is.
#[utoipa::path(get, path = "/api/v1/works", responses((status = OK, body = Vec<WorksView>)))]
pub async fn works_now(State(web): State<Web>, _session: Session) -> Json<Vec<WorksView>> {
    Json(works(&web.node.screen()))
}

/// For watchdogs: 200 while the node answers, without a session and without business figures.
pub async fn healthz(State(web): State<Web>) -> &'static str {
    let screen = web.node.screen();
    if screen.alarms.is_empty() { "ok\n" } else { "alarm\n" }
}

/// Figures for Prometheus. On loopback anyone on the box may read them; through TLS a token is needed.
pub async fn metrics(State(web): State<Web>, headers: HeaderMap) -> Response {
    if web.parts.guard.tls() && session::find(&web, &headers).is_none() {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let now_ms = web.now_ms();
    crate::node::figures::note_orders(&web.node.screen().order_figures(now_ms), now_ms);
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], (web.parts.metrics)()).into_response()
}

fn health_view(screen: &Screen) -> HealthView {
    HealthView {
        state: if screen.alarms.is_empty() { "ok" } else { "alarm" }.into(),
        revision: screen.revision,
        alarms: screen.alarms.clone(),
        head_office_online: screen.link.online,
        transactions_waiting: screen.link.transactions_waiting,
        records_waiting: screen.link.records_waiting,
        version: env!("CARGO_PKG_VERSION").into(),
    }
}

/// One line per thing the shop does.
pub fn works(screen: &Screen) -> Vec<WorksView> {
    let mut facts = Vec::new();
    let mut say = |what: String, works: bool, note: String, as_of_ms: Option<i64>| facts.push(WorksView { what, works, note, as_of_ms });
    let open = matches!(screen.day, Day::Open { .. });
    let note = if open { "cash and stand-alone card terminals, with or without the line" } else { "open the day first" };
    say("selling".into(), open, note.into(), None);
    let prices = feed_of(screen, Feed::Catalogue);
    let note = prices.map_or("no catalogue has come yet".into(), |feed| format!("catalogue version {}", feed.version));
    say("prices".into(), prices.is_some(), note, prices.map(known_ms));
    let stock = feed_of(screen, Feed::Stock);
    let note = stock
        .map_or("no stock baseline has come yet".into(), |feed| format!("baseline version {} and our own movements since", feed.version));
    say("stock".into(), stock.is_some(), note, stock.map(known_ms));
    let link = &screen.link;
    let note = if link.online { String::new() } else { format!("{} finished transactions wait. {}", link.transactions_waiting, link.why) };
    say("head_office".into(), link.online, note, link.last_contact_ms);
    for device in &screen.devices {
        let what = match device.kind {
            DeviceKind::Scanner => "scanning",
            DeviceKind::Printer => "printing",
            DeviceKind::LabelPrinter => "labels",
            DeviceKind::LineDisplay => "display",
            DeviceKind::Zvt => "cards",
            DeviceKind::Scale => "weighing",
        };
        say(format!("{what}.{}", device.name), device_works(device), device.hint.clone(), Some(device.since_ms));
    }
    facts
}

fn device_works(device: &DeviceStatus) -> bool {
    let able = match device.state {
        DeviceState::Ready | DeviceState::Busy => true,
        DeviceState::Absent | DeviceState::Starting | DeviceState::Attention { .. } | DeviceState::Fault { .. } => false,
    };
    able && device.paper != Some(Paper::Out)
}

fn feed_of(screen: &Screen, feed: Feed) -> Option<&FeedStatus> {
    screen.feeds.iter().find(|status| status.feed == feed)
}

/// When head office last vouched for it.
fn known_ms(feed: &FeedStatus) -> i64 {
    feed.confirmed_ms.unwrap_or(feed.adopted_at.ms).max(feed.adopted_at.ms)
}
