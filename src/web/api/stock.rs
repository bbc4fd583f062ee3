//! Stock work: what is being counted and received, what waits, and acts on it.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::shape::CommandAnswer;
use super::{Body, ask};
use crate::ids::CommandId;
use crate::retail::Command;
use crate::retail::stock::{Sheet, StockAct, StockTask};
use crate::web::Web;
use crate::web::problem::Problem;
use crate::web::session::{At, Session};

/// A count or a receipt that is being filled. Quantities in thousandths.
#[derive(Debug, Serialize, ToSchema)]
pub struct SheetView {
    workstation: String,
    /// "count" or "receipt".
    kind: &'static str,
    by: Option<String>,
    opened_ms: i64,
    delivery: Option<String>,
    lines: Vec<SheetLineView>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct SheetLineView {
    line: u32,
    sku: String,
    name: String,
    /// `null`: on the list, and not counted yet.
    quantity: Option<i64>,
    batch: Option<String>,
    expiry: Option<String>,
    /// It differed much from the book and is counted a second time.
    again: bool,
}

/// A count that waits.
#[derive(Debug, Serialize, ToSchema)]
pub struct StockTaskView {
    task: u64,
    sku: String,
    /// "negative", "short_pick", "not_moved", "not_counted".
    why: String,
    since_ms: i64,
    taken_by: Option<String>,
}

/// An article of which fewer are there than its minimum.
#[derive(Debug, Serialize, ToSchema)]
pub struct LowView {
    sku: String,
    on_hand: i64,
    min: i64,
    since_ms: i64,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct StockView {
    sheets: Vec<SheetView>,
    tasks: Vec<StockTaskView>,
    low: Vec<LowView>,
}

/// What is being counted and received now, what waits to be counted, and what ran low.
#[utoipa::path(get, path = "/api/v1/stock", responses((status = OK, body = StockView)))]
pub async fn stock(State(web): State<Web>, _session: Session) -> Json<StockView> {
    let book = web.node.screen().stock.clone();
    let counts = book.counts.iter().map(|(workstation, sheet)| sheet_view(workstation.as_str(), "count", sheet));
    let receipts = book.receipts.iter().map(|(workstation, sheet)| sheet_view(workstation.as_str(), "receipt", sheet));
    let task = |(number, task): (&u64, &std::sync::Arc<StockTask>)| StockTaskView {
        task: *number,
        sku: task.sku.to_string(),
        why: serde_json::to_value(task.why).ok().and_then(|why| why.as_str().map(str::to_owned)).unwrap_or_default(),
        since_ms: task.at.ms,
        taken_by: task.taken.as_ref().and_then(|step| step.by.as_ref()).map(ToString::to_string),
    };
    let low = book.low.iter().map(|(sku, low)| LowView {
        sku: sku.to_string(),
        on_hand: low.on_hand.thousandths(),
        min: low.min.thousandths(),
        since_ms: low.at.ms,
    });
    Json(StockView { sheets: counts.chain(receipts).collect(), tasks: book.tasks.iter().map(task).collect(), low: low.collect() })
}

fn sheet_view(workstation: &str, kind: &'static str, sheet: &Sheet) -> SheetView {
    let lines = sheet.lines.iter().map(|line| SheetLineView {
        line: line.line,
        sku: line.sku.to_string(),
        name: line.name.clone(),
        quantity: line.quantity.map(|quantity| quantity.thousandths()),
        batch: line.batch.clone(),
        expiry: line.expiry.map(|date| date.to_string()),
        again: line.first.is_some(),
    });
    SheetView {
        workstation: workstation.to_owned(),
        kind,
        by: sheet.by.as_ref().map(ToString::to_string),
        opened_ms: sheet.opened_at.ms,
        delivery: sheet.delivery.as_ref().map(ToString::to_string),
        lines: lines.collect(),
    }
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ActOnStock {
    #[schema(value_type = String)]
    id: CommandId,
    /// `{"act": NAME, ...}`. Sheets ("count" or "receipt"): add {sheet, code, quantity}, set {sheet, line, quantity}, remove {sheet, line},
    /// finish {sheet}, discard {sheet}, name_delivery {delivery}, count_tasks. At once: adjust {code, quantity, why}. Tasks: take_task {task,
    /// take_over}, leave_task {task}, dismiss_task {task, why}.
    #[schema(value_type = Object)]
    act: StockAct,
}

/// Does something with stock, as whoever is signed in at the workstation.
#[utoipa::path(post, path = "/api/v1/workstations/{ws}/stock", params(("ws" = String, Path)), request_body = ActOnStock,
    responses((status = OK, body = CommandAnswer), (status = "4XX", body = Problem)))]
pub async fn act(State(web): State<Web>, At(ws): At, Body(body): Body<ActOnStock>) -> Result<Json<CommandAnswer>, Problem> {
    if let StockAct::RaiseCounts { .. } = body.act {
        let remedy = "set stock.not_moved_days and stock.not_counted_days in the configuration";
        return Err(Problem::new(StatusCode::FORBIDDEN, "not_from_here", "counts are raised by the node itself", remedy));
    }
    ask(&web, body.id, Some(ws), Command::Stock(body.act)).await
}
