//! Goods that come back, at one workstation: a receipt's lines, returns, refunds, post-voids.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::shape::CommandAnswer;
use super::{Body, ask, ask_problem};
use crate::ids::{CommandId, TxnId};
use crate::money::Qty;
use crate::node::handle::Input;
use crate::node::screen::{ArmedReturn, OpenReceipt};
use crate::retail::{Command, Disposition, TenderKind};
use crate::web::Web;
use crate::web::problem::Problem;
use crate::web::session::At;

type Answered = Result<Json<CommandAnswer>, Problem>;

/// Where the goods go.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DispositionView {
    Shelf,
    Damaged,
    Supplier,
}

impl From<DispositionView> for Disposition {
    fn from(view: DispositionView) -> Disposition {
        match view {
            DispositionView::Shelf => Disposition::Shelf,
            DispositionView::Damaged => Disposition::Damaged,
            DispositionView::Supplier => Disposition::Supplier,
        }
    }
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ShowReceipt {
    /// The square code on the receipt, or its number.
    receipt: String,
}

/// A sale from which goods can come back, as far as it is known here.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReceiptView {
    /// As it was sent: what a return names.
    pub receipt: String,
    pub txn: String,
    pub number: String,
    /// The store that sold it; `null`: this node.
    pub store: Option<String>,
    pub business_date: String,
    pub total: i64,
    /// Empty: only the total is known; return by article then.
    pub lines: Vec<ReceiptLineView>,
    /// Whether it is known what other shops have taken back.
    pub elsewhere_known: bool,
    /// Head office is being asked; the workstation's screen shows the answer.
    pub asking: bool,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct ReceiptLineView {
    pub line: u32,
    pub sku: String,
    pub name: String,
    /// In thousandths.
    pub sold: i64,
    /// In thousandths, here and as far as it is known elsewhere.
    pub returned: i64,
    /// For all units, after discounts.
    pub paid: i64,
}

fn view(open: &OpenReceipt) -> ReceiptView {
    let original = &open.original;
    let line = |line: &crate::retail::OriginalLine| ReceiptLineView {
        line: line.line,
        sku: line.sku.to_string(),
        name: line.name.clone(),
        sold: line.quantity.thousandths(),
        returned: open.returned.get(&line.line).copied().unwrap_or_default().thousandths(),
        paid: line.extended.minor(),
    };
    ReceiptView {
        receipt: open.receipt.clone(),
        txn: original.txn.to_string(),
        number: original.number.clone(),
        store: original.store.as_ref().map(ToString::to_string),
        business_date: original.business_date.to_string(),
        total: original.total.minor(),
        lines: original.lines.iter().map(line).collect(),
        elsewhere_known: original.elsewhere.is_some(),
        asking: open.asking,
    }
}

/// Shows a receipt on the workstation's screens and answers with its lines. Not recorded, so it needs no id.
#[utoipa::path(put, path = "/api/v1/workstations/{ws}/receipt", params(("ws" = String, Path)), request_body = ShowReceipt,
    responses((status = OK, body = ReceiptView), (status = "4XX", body = Problem)))]
pub async fn show_receipt(State(web): State<Web>, At(ws): At, Body(body): Body<ShowReceipt>) -> Result<Json<ReceiptView>, Problem> {
    let open = web.node.open_receipt(ws, body.receipt).await.map_err(|error| ask_problem(&error))?;
    Ok(Json(view(&open)))
}

/// Takes the receipt off the screens. What was returned stays in the basket.
#[utoipa::path(delete, path = "/api/v1/workstations/{ws}/receipt", params(("ws" = String, Path)), responses((status = NO_CONTENT)))]
pub async fn hide_receipt(State(web): State<Web>, At(ws): At) -> Result<StatusCode, Problem> {
    web.node.tell(Input::CloseReceipt { workstation: ws }).await.map_err(|error| ask_problem(&error))?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReturnLine {
    #[schema(value_type = String)]
    id: CommandId,
    /// The square code on the receipt, or its number.
    receipt: String,
    line: u32,
    /// In thousandths; left out: all that is left. Asked again for the same line it replaces what was asked before.
    #[serde(default)]
    #[schema(value_type = Option<i64>)]
    quantity: Option<Qty>,
    disposition: DispositionView,
    /// A code of the store's list.
    reason: String,
}

/// Gives back a line of a receipt at the price that was paid, into the open transaction or a new one.
#[utoipa::path(post, path = "/api/v1/workstations/{ws}/returns", params(("ws" = String, Path)), request_body = ReturnLine,
    responses((status = OK, body = CommandAnswer), (status = "4XX", body = Problem)))]
pub async fn return_line(State(web): State<Web>, At(ws): At, Body(body): Body<ReturnLine>) -> Answered {
    let ReturnLine { id, receipt, line, quantity, disposition, reason } = body;
    ask(&web, id, Some(ws), Command::ReturnLine { receipt, line, quantity, disposition: disposition.into(), reason }).await
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReturnArticle {
    #[schema(value_type = String)]
    id: CommandId,
    /// Any code of the article.
    code: String,
    /// In thousandths; left out: one, or what the code carries.
    #[serde(default)]
    #[schema(value_type = Option<i64>)]
    quantity: Option<Qty>,
    disposition: DispositionView,
    reason: String,
    /// A receipt whose lines are not known here; left out: without a receipt.
    #[serde(default)]
    receipt: Option<String>,
}

/// Gives back an article at the lowest recent price.
#[utoipa::path(post, path = "/api/v1/workstations/{ws}/returns/articles", params(("ws" = String, Path)), request_body = ReturnArticle,
    responses((status = OK, body = CommandAnswer), (status = "4XX", body = Problem)))]
pub async fn return_article(State(web): State<Web>, At(ws): At, Body(body): Body<ReturnArticle>) -> Answered {
    let ReturnArticle { id, code, quantity, disposition, reason, receipt } = body;
    ask(&web, id, Some(ws), Command::ReturnArticle { code, quantity, disposition: disposition.into(), reason, receipt }).await
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ArmReturn {
    disposition: DispositionView,
    reason: String,
    #[serde(default)]
    receipt: Option<String>,
}

/// Articles that are scanned next come back, until it is taken off. Not recorded, so it needs no id.
#[utoipa::path(put, path = "/api/v1/workstations/{ws}/armed-return", params(("ws" = String, Path)), request_body = ArmReturn,
    responses((status = NO_CONTENT), (status = "4XX", body = Problem)))]
pub async fn arm_return(State(web): State<Web>, At(ws): At, Body(body): Body<ArmReturn>) -> Result<StatusCode, Problem> {
    let ArmReturn { disposition, reason, receipt } = body;
    let armed = Some(ArmedReturn { disposition: disposition.into(), reason, receipt });
    web.node.tell(Input::ArmReturn { workstation: ws, armed }).await.map_err(|error| ask_problem(&error))?;
    Ok(StatusCode::NO_CONTENT)
}

/// The next article scanned is sold again.
#[utoipa::path(delete, path = "/api/v1/workstations/{ws}/armed-return", params(("ws" = String, Path)), responses((status = NO_CONTENT)))]
pub async fn disarm_return(State(web): State<Web>, At(ws): At) -> Result<StatusCode, Problem> {
    web.node.tell(Input::ArmReturn { workstation: ws, armed: None }).await.map_err(|error| ask_problem(&error))?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Refund {
    #[schema(value_type = String)]
    id: CommandId,
    /// "cash" or "card", instead of the tenders the sale was paid with.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    by: Option<TenderKind>,
}

/// The next step of the refund that is due: cash out of the drawer, or a card on the stand-alone terminal (then `card/{attempt}` says how
/// it ended).
#[utoipa::path(post, path = "/api/v1/workstations/{ws}/refund", params(("ws" = String, Path)), request_body = Refund,
    responses((status = OK, body = CommandAnswer), (status = "4XX", body = Problem)))]
pub async fn refund(State(web): State<Web>, At(ws): At, Body(body): Body<Refund>) -> Answered {
    ask(&web, body.id, Some(ws), Command::Refund { by: body.by }).await
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PostVoid {
    #[schema(value_type = String)]
    id: CommandId,
    /// The newest sale of this workstation.
    #[schema(value_type = String)]
    txn: TxnId,
}

/// Undoes the newest sale of this workstation with a transaction of its own.
#[utoipa::path(post, path = "/api/v1/workstations/{ws}/post-void", params(("ws" = String, Path)), request_body = PostVoid,
    responses((status = OK, body = CommandAnswer), (status = "4XX", body = Problem)))]
pub async fn post_void(State(web): State<Web>, At(ws): At, Body(body): Body<PostVoid>) -> Answered {
    ask(&web, body.id, Some(ws), Command::PostVoid { txn: body.txn }).await
}
