//! Acts at one workstation, and its live state.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::shape::{CommandAnswer, NextScanView, WorkstationView};
use super::{Asked, Body, IdQuery, Named, ask, shape};
use crate::device::DeviceReport;
use crate::ids::{AttemptId, CommandId, DeviceName, PageId, TxnId, WorkstationId};
use crate::money::{Money, Qty};
use crate::node::handle::Input;
use crate::node::screen::NextScan;
use crate::retail::{Answer, Command};
use crate::web::problem::Problem;
use crate::web::session::{At, Session};
use crate::web::{Web, streams};

type Answered = Result<Json<CommandAnswer>, Problem>;

/// The piece of an address behind the workstation.
#[derive(Debug, Deserialize)]
pub struct LineAt {
    pub(super) line: u32,
}
#[derive(Debug, Deserialize)]
pub struct TenderAt {
    index: u32,
}
#[derive(Debug, Deserialize)]
pub struct AttemptAt {
    attempt: AttemptId,
}

/// Workstations this session may touch.
#[utoipa::path(get, path = "/api/v1/workstations", responses((status = OK, body = Vec<WorkstationView>)))]
pub async fn list(State(web): State<Web>, session: Session) -> Json<Vec<WorkstationView>> {
    let screen = web.node.screen();
    let mine = screen.workstations.iter().filter(|(id, _)| session.0.scope.allows(id));
    Json(mine.map(|(id, till)| shape::workstation(id, till, &screen)).collect())
}

/// What is on the screen of a workstation now.
#[utoipa::path(get, path = "/api/v1/workstations/{ws}", params(("ws" = String, Path)), responses((status = OK, body = WorkstationView)))]
pub async fn get(State(web): State<Web>, At(ws): At) -> Result<Json<WorkstationView>, Problem> {
    current(&web, &ws).map(Json).ok_or_else(|| {
        Problem::new(
            StatusCode::NOT_FOUND,
            "workstation_unknown",
            format!("there is no workstation {ws}"),
            "list them at /api/v1/workstations",
        )
    })
}

/// The same as a live stream: event `workstation` with the whole state at once and after every change, event `beat` each second.
#[utoipa::path(get, path = "/api/v1/workstations/{ws}/events", params(("ws" = String, Path)),
    responses((status = OK, body = WorkstationView, content_type = "text/event-stream")))]
pub async fn events(State(web): State<Web>, session: Session, At(ws): At) -> Response {
    let mut shown = None;
    streams::stream(web, session, "workstation", move |web| {
        let screen = web.node.screen();
        let till = screen.workstations.get(&ws)?;
        let changed = shown.as_ref().is_none_or(|before| !std::sync::Arc::ptr_eq(before, till));
        shown = Some(till.clone());
        changed.then(|| shape::workstation(&ws, till, &screen))
    })
}

fn current(web: &Web, ws: &WorkstationId) -> Option<WorkstationView> {
    let screen = web.node.screen();
    screen.workstations.get(ws).map(|till| shape::workstation(ws, till, &screen))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Scan {
    #[schema(value_type = String)]
    id: CommandId,
    /// As a scanner sent it, an AIM identifier in front if it sends one.
    code: String,
}

/// A code was scanned: one unit or what the code carries, or what `next-scan` said before. With a price check or a bag's
/// number armed nothing is sold, price or number appears on the workstation's screens, and `seq` is 0.
#[utoipa::path(post, path = "/api/v1/workstations/{ws}/scan", params(("ws" = String, Path)), request_body = Scan,
    responses((status = OK, body = CommandAnswer), (status = "4XX", body = Problem)))]
pub async fn scan(State(web): State<Web>, At(ws): At, Body(scan): Body<Scan>) -> Answered {
    let armed = web.node.screen().workstations.get(&ws).map_or(NextScan::Sell, |till| till.next_scan);
    let quantity = match armed {
        NextScan::Sell => None,
        NextScan::Times(quantity) => Some(quantity),
        NextScan::PriceCheck | NextScan::Bag => {
            let device = DeviceName::new("api").expect("a valid device name");
            let report = DeviceReport::Scan { device, workstation: Some(ws), frame: scan.code.into_bytes() };
            web.node.tell(Input::Device(report)).await.map_err(|error| super::ask_problem(&error))?;
            return Ok(Json(Answer::default().into()));
        }
    };
    ask(&web, scan.id, Some(ws), Command::AddLine { code: scan.code, quantity }).await
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AddLine {
    #[schema(value_type = String)]
    id: CommandId,
    /// Any code of the article.
    code: String,
    /// In thousandths; left out: one, or what the code carries.
    #[serde(default)]
    #[schema(value_type = Option<i64>)]
    quantity: Option<Qty>,
}

/// Adds an article by code, with a quantity if wanted. Opens a transaction when none is open.
#[utoipa::path(post, path = "/api/v1/workstations/{ws}/lines", params(("ws" = String, Path)), request_body = AddLine,
    responses((status = OK, body = CommandAnswer), (status = "4XX", body = Problem)))]
pub async fn add_line(State(web): State<Web>, At(ws): At, Body(line): Body<AddLine>) -> Answered {
    ask(&web, line.id, Some(ws), Command::AddLine { code: line.code, quantity: line.quantity }).await
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetQuantity {
    #[schema(value_type = String)]
    id: CommandId,
    /// In thousandths.
    #[schema(value_type = i64)]
    quantity: Qty,
}

/// Changes the quantity of a line.
#[utoipa::path(patch, path = "/api/v1/workstations/{ws}/lines/{line}", params(("ws" = String, Path), ("line" = u32, Path)),
    request_body = SetQuantity, responses((status = OK, body = CommandAnswer), (status = "4XX", body = Problem)))]
pub async fn set_quantity(State(web): State<Web>, At(ws): At, Named(at): Named<LineAt>, Body(body): Body<SetQuantity>) -> Answered {
    ask(&web, body.id, Some(ws), Command::SetQuantity { line: at.line, quantity: body.quantity }).await
}

/// Voids a line.
#[utoipa::path(delete, path = "/api/v1/workstations/{ws}/lines/{line}", params(("ws" = String, Path), ("line" = u32, Path), IdQuery),
    responses((status = OK, body = CommandAnswer), (status = "4XX", body = Problem)))]
pub async fn void_line(State(web): State<Web>, At(ws): At, Named(at): Named<LineAt>, Asked(query): Asked<IdQuery>) -> Answered {
    ask(&web, query.id, Some(ws), Command::VoidLine { line: at.line }).await
}

/// A command that needs nothing but its id.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Plain {
    #[schema(value_type = String)]
    id: CommandId,
}

/// Takes back the newest act on the basket.
#[utoipa::path(post, path = "/api/v1/workstations/{ws}/undo", params(("ws" = String, Path)), request_body = Plain,
    responses((status = OK, body = CommandAnswer), (status = "4XX", body = Problem)))]
pub async fn undo(State(web): State<Web>, At(ws): At, Body(body): Body<Plain>) -> Answered {
    ask(&web, body.id, Some(ws), Command::Undo {}).await
}

/// Voids the whole transaction; it keeps its number.
#[utoipa::path(post, path = "/api/v1/workstations/{ws}/void", params(("ws" = String, Path)), request_body = Plain,
    responses((status = OK, body = CommandAnswer), (status = "4XX", body = Problem)))]
pub async fn void(State(web): State<Web>, At(ws): At, Body(body): Body<Plain>) -> Answered {
    ask(&web, body.id, Some(ws), Command::VoidTransaction {}).await
}

/// Parks the transaction for any workstation to recall.
#[utoipa::path(post, path = "/api/v1/workstations/{ws}/suspend", params(("ws" = String, Path)), request_body = Plain,
    responses((status = OK, body = CommandAnswer), (status = "4XX", body = Problem)))]
pub async fn suspend(State(web): State<Web>, At(ws): At, Body(body): Body<Plain>) -> Answered {
    ask(&web, body.id, Some(ws), Command::Suspend {}).await
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Recall {
    #[schema(value_type = String)]
    id: CommandId,
    #[schema(value_type = String)]
    txn: TxnId,
}

/// Brings a parked transaction here.
#[utoipa::path(post, path = "/api/v1/workstations/{ws}/recall", params(("ws" = String, Path)), request_body = Recall,
    responses((status = OK, body = CommandAnswer), (status = "4XX", body = Problem)))]
pub async fn recall(State(web): State<Web>, At(ws): At, Body(body): Body<Recall>) -> Answered {
    ask(&web, body.id, Some(ws), Command::Recall { txn: body.txn }).await
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CashTender {
    #[schema(value_type = String)]
    id: CommandId,
    /// As handed over, in minor units; what is more than due becomes change.
    #[schema(value_type = i64)]
    amount: Money,
}

/// Cash was handed over. Finishes the sale when nothing remains to be paid.
#[utoipa::path(post, path = "/api/v1/workstations/{ws}/tenders", params(("ws" = String, Path)), request_body = CashTender,
    responses((status = OK, body = CommandAnswer), (status = "4XX", body = Problem)))]
pub async fn tender(State(web): State<Web>, At(ws): At, Body(body): Body<CashTender>) -> Answered {
    ask(&web, body.id, Some(ws), Command::TenderCash { amount: body.amount }).await
}

/// Takes a tender back before the sale is finished.
#[utoipa::path(delete, path = "/api/v1/workstations/{ws}/tenders/{index}", params(("ws" = String, Path), ("index" = u32, Path), IdQuery),
    responses((status = OK, body = CommandAnswer), (status = "4XX", body = Problem)))]
pub async fn remove_tender(State(web): State<Web>, At(ws): At, Named(at): Named<TenderAt>, Asked(query): Asked<IdQuery>) -> Answered {
    ask(&web, query.id, Some(ws), Command::RemoveTender { index: at.index }).await
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StartCard {
    #[schema(value_type = String)]
    id: CommandId,
    /// In minor units; left out: all that remains.
    #[serde(default)]
    #[schema(value_type = Option<i64>)]
    amount: Option<Money>,
}

/// Our terminal asks for the card; where there is none, the cashier types the amount into a stand-alone one. Answers the attempt's id.
#[utoipa::path(post, path = "/api/v1/workstations/{ws}/card", params(("ws" = String, Path)), request_body = StartCard,
    responses((status = OK, body = CommandAnswer), (status = "4XX", body = Problem)))]
pub async fn start_card(State(web): State<Web>, At(ws): At, Body(body): Body<StartCard>) -> Answered {
    ask(&web, body.id, Some(ws), Command::StartCard { amount: body.amount }).await
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EndCard {
    #[schema(value_type = String)]
    id: CommandId,
    /// What the terminal said.
    paid: bool,
}

/// What the terminal said about an attempt.
#[utoipa::path(post, path = "/api/v1/workstations/{ws}/card/{attempt}", params(("ws" = String, Path), ("attempt" = String, Path)),
    request_body = EndCard, responses((status = OK, body = CommandAnswer), (status = "4XX", body = Problem)))]
pub async fn end_card(State(web): State<Web>, At(ws): At, Named(at): Named<AttemptAt>, Body(body): Body<EndCard>) -> Answered {
    ask(&web, body.id, Some(ws), Command::EndCard { attempt: at.attempt, paid: body.paid }).await
}

/// Asks our terminal to give the attempt up. It may be too late; how it ends comes from the terminal. Not recorded, so it needs no id.
#[utoipa::path(post, path = "/api/v1/workstations/{ws}/card/{attempt}/cancel", params(("ws" = String, Path), ("attempt" = String, Path)),
    responses((status = NO_CONTENT), (status = "4XX", body = Problem)))]
pub async fn cancel_card(State(web): State<Web>, At(ws): At, Named(at): Named<AttemptAt>) -> Result<StatusCode, Problem> {
    web.node.tell(Input::CancelCard { workstation: ws, attempt: at.attempt }).await.map_err(|error| super::ask_problem(&error))?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResolveCard {
    #[schema(value_type = String)]
    id: CommandId,
    /// What the terminal's last receipt says.
    charged: bool,
}

/// A person says how an attempt ended of which the terminal cannot. Recorded with the name.
#[utoipa::path(post, path = "/api/v1/workstations/{ws}/card/{attempt}/resolve", params(("ws" = String, Path), ("attempt" = String, Path)),
    request_body = ResolveCard, responses((status = OK, body = CommandAnswer), (status = "4XX", body = Problem)))]
pub async fn resolve_card(State(web): State<Web>, At(ws): At, Named(at): Named<AttemptAt>, Body(body): Body<ResolveCard>) -> Answered {
    ask(&web, body.id, Some(ws), Command::ResolveCard { attempt: at.attempt, charged: body.charged }).await
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Reprint {
    #[schema(value_type = String)]
    id: CommandId,
    /// Left out: the newest receipt of this workstation.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    txn: Option<TxnId>,
}

/// Prints a copy, marked COPY.
#[utoipa::path(post, path = "/api/v1/workstations/{ws}/reprint", params(("ws" = String, Path)), request_body = Reprint,
    responses((status = OK, body = CommandAnswer), (status = "4XX", body = Problem)))]
pub async fn reprint(State(web): State<Web>, At(ws): At, Body(body): Body<Reprint>) -> Answered {
    ask(&web, body.id, Some(ws), Command::Reprint { txn: body.txn }).await
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetNextScan {
    next: NextScanView,
}

/// What the next scan shall mean. One-shot, not recorded, so it needs no id.
#[utoipa::path(post, path = "/api/v1/workstations/{ws}/next-scan", params(("ws" = String, Path)), request_body = SetNextScan,
    responses((status = NO_CONTENT), (status = "4XX", body = Problem)))]
pub async fn next_scan(State(web): State<Web>, At(ws): At, Body(body): Body<SetNextScan>) -> Result<StatusCode, Problem> {
    let next = match body.next {
        NextScanView::Sell => NextScan::Sell,
        NextScanView::PriceCheck => NextScan::PriceCheck,
        NextScanView::Bag => NextScan::Bag,
        NextScanView::Times(thousandths) => {
            let quantity = Qty::from_thousandths(thousandths);
            let max = web.node.screen().rules.limits.quantity_max;
            if quantity <= Qty::ZERO || quantity > max {
                let detail = format!("a quantity of {quantity} cannot be sold");
                let remedy = format!("use more than 0 and at most {max}");
                return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "quantity_out_of_range", detail, remedy));
            }
            NextScan::Times(quantity)
        }
    };
    web.node.tell(Input::NextScan { workstation: ws, next }).await.map_err(|error| super::ask_problem(&error))?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InFront {
    /// Made by the page when it was loaded; its live stream carries it as `?page=`.
    #[schema(value_type = String)]
    page: PageId,
    in_front: bool,
}

/// A page says whether it is in front of the person: the one that came last has the workstation's scanner. Not recorded, so it needs no id.
#[utoipa::path(post, path = "/api/v1/workstations/{ws}/scanner", params(("ws" = String, Path)), request_body = InFront,
    responses((status = NO_CONTENT), (status = "4XX", body = Problem)))]
pub async fn in_front(State(web): State<Web>, At(ws): At, Body(body): Body<InFront>) -> Result<StatusCode, Problem> {
    let told = Input::PageInFront { workstation: ws, page: body.page, in_front: body.in_front };
    web.node.tell(told).await.map_err(|error| super::ask_problem(&error))?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TakeScan {
    #[schema(value_type = String)]
    page: PageId,
    serial: u64,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct ScanTaken {
    /// False: another page has it, or it was said to be scanned again.
    taken: bool,
}

/// A page takes a scan that its stream offered, before it does anything with it.
#[utoipa::path(post, path = "/api/v1/workstations/{ws}/scanner/take", params(("ws" = String, Path)), request_body = TakeScan,
    responses((status = OK, body = ScanTaken), (status = "4XX", body = Problem)))]
pub async fn take_scan(State(web): State<Web>, At(ws): At, Body(body): Body<TakeScan>) -> Result<Json<ScanTaken>, Problem> {
    let taken = web.node.take_scan(ws, body.page, body.serial).await.map_err(|error| super::ask_problem(&error))?;
    Ok(Json(ScanTaken { taken }))
}
