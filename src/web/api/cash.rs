//! Tills, safe and bank bags. The state never says what should be in a drawer: the count is blind.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::people::ApprovalBody;
use super::shape::CommandAnswer;
use super::{Body, ask, ask_at_desk};
use crate::ids::{BagNo, CommandId, ReasonCode, StaffId};
use crate::money::Money;
use crate::retail::Command;
use crate::retail::cash::{CashCount, Pieces};
use crate::retail::till::XReport;
use crate::web::Web;
use crate::web::problem::Problem;
use crate::web::session::{At, Session};

#[derive(Debug, Deserialize, ToSchema)]
pub struct TillAct {
    #[schema(value_type = String)]
    id: CommandId,
    #[serde(flatten)]
    act: TillActKind,
}

/// What is done with the till of the workstation. Amounts in minor units.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum TillActKind {
    /// Opens it with a counted float out of the safe.
    Open {
        float: CountView,
    },
    Loan {
        amount: i64,
    },
    Pickup {
        amount: i64,
        #[serde(default)]
        #[schema(value_type = Option<String>)]
        bag: Option<BagNo>,
    },
    PaidIn {
        amount: i64,
        #[schema(value_type = String)]
        reason: ReasonCode,
    },
    PaidOut {
        amount: i64,
        #[schema(value_type = String)]
        reason: ReasonCode,
    },
    NoSale {
        #[schema(value_type = String)]
        reason: ReasonCode,
    },
    StartCount {},
    CancelCount {},
    Count {
        count: CountView,
    },
    /// The till's Z from the count just given.
    Close {
        #[serde(default)]
        #[schema(value_type = Option<String>)]
        reason: Option<ReasonCode>,
    },
    HandOver {
        #[schema(value_type = String)]
        to: StaffId,
        #[serde(default)]
        #[schema(value_type = Option<String>)]
        reason: Option<ReasonCode>,
    },
    /// Prints the X report of the till.
    PrintX {},
    /// Prints the X report of the day.
    PrintDayX {},
}

/// Cash as a sum, or by denomination.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CountView {
    Total(i64),
    Pieces(Vec<PiecesView>),
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PiecesView {
    value: i64,
    count: u32,
}

/// Opens, moves, counts or closes the till of this workstation. A count answers `difference`.
#[utoipa::path(post, path = "/api/v1/workstations/{ws}/till", params(("ws" = String, Path)), request_body = TillAct,
    responses((status = OK, body = CommandAnswer), (status = "4XX", body = Problem)))]
pub async fn till(State(web): State<Web>, At(ws): At, Body(body): Body<TillAct>) -> Result<Json<CommandAnswer>, Problem> {
    ask(&web, body.id, Some(ws), command(body.act)).await
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PackBag {
    #[schema(value_type = String)]
    id: CommandId,
    #[schema(value_type = String)]
    bag: BagNo,
    amount: i64,
    /// Whoever this proves does it, or approves it.
    #[serde(default)]
    approval: Option<ApprovalBody>,
}

/// Cash from the safe into a bank bag.
#[utoipa::path(post, path = "/api/v1/safe/bags", request_body = PackBag,
    responses((status = OK, body = CommandAnswer), (status = "4XX", body = Problem)))]
pub async fn pack_bag(State(web): State<Web>, session: Session, Body(body): Body<PackBag>) -> Result<Json<CommandAnswer>, Problem> {
    let command = Command::PackBag { bag: body.bag, amount: Money::from_minor(body.amount) };
    ask_at_desk(&web, &session, body.id, body.approval, command).await
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CollectBag {
    #[schema(value_type = String)]
    id: CommandId,
    #[schema(value_type = String)]
    bag: BagNo,
    /// Whoever this proves does it, or approves it.
    #[serde(default)]
    approval: Option<ApprovalBody>,
}

/// The carrier took a bag.
#[utoipa::path(post, path = "/api/v1/safe/collections", request_body = CollectBag,
    responses((status = OK, body = CommandAnswer), (status = "4XX", body = Problem)))]
pub async fn collect_bag(State(web): State<Web>, session: Session, Body(body): Body<CollectBag>) -> Result<Json<CommandAnswer>, Problem> {
    ask_at_desk(&web, &session, body.id, body.approval, Command::CollectBag { bag: body.bag }).await
}

#[derive(Deserialize, ToSchema)]
pub struct SafeAct {
    #[schema(value_type = String)]
    id: CommandId,
    #[serde(flatten)]
    act: SafeActKind,
    /// Whoever this proves does it, or approves it.
    #[serde(default)]
    approval: Option<ApprovalBody>,
}

/// What is done with the safe.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum SafeActKind {
    /// From here on nobody is told what should be in it.
    StartCount {},
    CancelCount {},
    /// The loose cash that was found, without the bags.
    Count {
        count: CountView,
    },
    /// Ends the count just given: from then on the safe holds what was found.
    Close {
        #[serde(default)]
        #[schema(value_type = Option<String>)]
        reason: Option<ReasonCode>,
    },
}

/// Counts the safe, blind. A count answers `difference`.
#[utoipa::path(post, path = "/api/v1/safe/count", request_body = SafeAct,
    responses((status = OK, body = CommandAnswer), (status = "4XX", body = Problem)))]
pub async fn count_safe(State(web): State<Web>, session: Session, Body(body): Body<SafeAct>) -> Result<Json<CommandAnswer>, Problem> {
    let command = match body.act {
        SafeActKind::StartCount {} => Command::StartSafeCount {},
        SafeActKind::CancelCount {} => Command::CancelSafeCount {},
        SafeActKind::Count { count } => Command::CountSafe { count: count.into() },
        SafeActKind::Close { reason } => Command::CloseSafeCount { reason },
    };
    ask_at_desk(&web, &session, body.id, body.approval, command).await
}

fn command(act: TillActKind) -> Command {
    let money = Money::from_minor;
    match act {
        TillActKind::Open { float } => Command::OpenTill { float: float.into() },
        TillActKind::Loan { amount } => Command::Loan { amount: money(amount) },
        TillActKind::Pickup { amount, bag } => Command::Pickup { amount: money(amount), bag },
        TillActKind::PaidIn { amount, reason } => Command::PaidIn { amount: money(amount), reason },
        TillActKind::PaidOut { amount, reason } => Command::PaidOut { amount: money(amount), reason },
        TillActKind::NoSale { reason } => Command::NoSale { reason },
        TillActKind::StartCount {} => Command::StartCount {},
        TillActKind::CancelCount {} => Command::CancelCount {},
        TillActKind::Count { count } => Command::CountTill { count: count.into() },
        TillActKind::Close { reason } => Command::CloseTill { reason },
        TillActKind::HandOver { to, reason } => Command::HandOverTill { to, reason },
        TillActKind::PrintX {} => Command::PrintX { of: XReport::Till },
        TillActKind::PrintDayX {} => Command::PrintX { of: XReport::Day },
    }
}

impl From<CountView> for CashCount {
    fn from(count: CountView) -> CashCount {
        let pieces = |pieces: PiecesView| Pieces { value: Money::from_minor(pieces.value), count: pieces.count };
        match count {
            CountView::Total(total) => CashCount::Total(Money::from_minor(total)),
            CountView::Pieces(list) => CashCount::Pieces(list.into_iter().map(pieces).collect()),
        }
    }
}
