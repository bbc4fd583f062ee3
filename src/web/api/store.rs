//! The store as a whole: finished transactions, the business day, papers, articles.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::people::ApprovalBody;
use super::shape::{ArticleView, CommandAnswer, DayView, PrintView, SuspendedView, TransactionRow, TransactionView};
use super::{Asked, Body, Named, ask, ask_at_desk, shape};
use crate::ids::WorkstationId;
use crate::ids::{CommandId, JobId, TxnId};
use crate::node::handle::CommandRequest;
use crate::retail::{Command, PrintAnswer};
use crate::time::BusinessDate;
use crate::views::NotNow;
use crate::web::Web;
use crate::web::problem::Problem;
use crate::web::session::Session;

/// Rows one answer lists.
const ROWS_MAX: usize = 200;

/// Transactions that wait to be recalled.
#[utoipa::path(get, path = "/api/v1/suspended", responses((status = OK, body = Vec<SuspendedView>)))]
pub async fn suspended(State(web): State<Web>, _session: Session) -> Json<Vec<SuspendedView>> {
    Json(web.node.screen().suspended.iter().map(shape::suspended).collect())
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Page {
    /// Only those below this sequence number.
    #[serde(default)]
    before: Option<u64>,
    /// At most 200; 50 when left out.
    #[serde(default)]
    limit: Option<usize>,
}

/// Finished transactions, newest first.
#[utoipa::path(get, path = "/api/v1/transactions", params(Page), responses((status = OK, body = Vec<TransactionRow>), (status = "5XX", body = Problem)))]
pub async fn transactions(
    State(web): State<Web>,
    session: Session,
    Asked(page): Asked<Page>,
) -> Result<Json<Vec<TransactionRow>>, Problem> {
    let limit = page.limit.unwrap_or(50).clamp(1, ROWS_MAX);
    let entries = blocking(&web, move |web| web.node.shared().views.transactions(page.before, limit)).await?;
    Ok(Json(entries.iter().filter(|entry| session.0.scope.allows(&entry.number.workstation)).map(shape::transaction_row).collect()))
}

/// One finished transaction, whole.
#[utoipa::path(get, path = "/api/v1/transactions/{txn}", params(("txn" = String, Path)),
    responses((status = OK, body = TransactionView), (status = "4XX", body = Problem)))]
pub async fn transaction(State(web): State<Web>, session: Session, Named(txn): Named<TxnId>) -> Result<Json<TransactionView>, Problem> {
    let found = blocking(&web, move |web| web.node.shared().archive.transaction(txn)).await?.map(|archived| archived.record);
    match found.filter(|record| session.0.scope.allows(&record.workstation)) {
        Some(record) => Ok(Json(shape::transaction(&record))),
        None => {
            let detail = format!("no finished transaction {txn} is known to this screen");
            Err(Problem::new(StatusCode::NOT_FOUND, "transaction_unknown", detail, "list them at /api/v1/transactions"))
        }
    }
}

/// The business day.
#[utoipa::path(get, path = "/api/v1/day", responses((status = OK, body = DayView)))]
pub async fn day(State(web): State<Web>, _session: Session) -> Json<DayView> {
    Json(shape::day(&web.node.screen()))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenDay {
    #[schema(value_type = String)]
    id: CommandId,
    /// Left out: today on the store's wall.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Date)]
    date: Option<BusinessDate>,
}

/// Opens the business day.
#[utoipa::path(post, path = "/api/v1/day/open", request_body = OpenDay, responses((status = OK, body = CommandAnswer), (status = "4XX", body = Problem)))]
pub async fn open_day(State(web): State<Web>, _session: Session, Body(body): Body<OpenDay>) -> Result<Json<CommandAnswer>, Problem> {
    let Some(date) = body.date.or_else(|| web.parts.locale.today(web.now_ms())) else {
        let detail = "the clock of this box does not show a date that exists";
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "no_date", detail, "send the date, and set the clock"));
    };
    ask(&web, body.id, None, Command::OpenDay { date }).await
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CloseDay {
    #[schema(value_type = String)]
    id: CommandId,
    /// Where it is asked: who is signed in there closes. Left out: whoever `approval` proves.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    workstation: Option<WorkstationId>,
    #[serde(default)]
    approval: Option<ApprovalBody>,
}

/// Closes the business day: the Z report.
#[utoipa::path(post, path = "/api/v1/day/close", request_body = CloseDay, responses((status = OK, body = CommandAnswer), (status = "4XX", body = Problem)))]
pub async fn close_day(State(web): State<Web>, session: Session, Body(body): Body<CloseDay>) -> Result<Json<CommandAnswer>, Problem> {
    let workstation = body.workstation.filter(|workstation| session.0.scope.allows(workstation));
    if workstation.is_none() && session.needs_desk().is_ok() {
        return ask_at_desk(&web, &session, body.id, body.approval, Command::CloseDay {}).await;
    }
    let approval = body.approval.and_then(ApprovalBody::approval);
    let request = CommandRequest { id: body.id, workstation, staff: None, approval, command: Command::CloseDay {} };
    let answer = web.node.ask(request).await.map_err(|error| super::ask_problem(&error))?;
    Ok(Json(answer.into()))
}

/// Papers that wait for a printer or for a person.
#[utoipa::path(get, path = "/api/v1/prints", responses((status = OK, body = Vec<PrintView>)))]
pub async fn prints(State(web): State<Web>, session: Session) -> Json<Vec<PrintView>> {
    let screen = web.node.screen();
    Json(screen.prints.iter().filter(|print| session.0.scope.allows(&print.workstation)).map(shape::print).collect())
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SettlePrint {
    #[schema(value_type = String)]
    id: CommandId,
    answer: SettleAnswer,
}

#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SettleAnswer {
    /// It came out, or nobody needs it.
    Complete,
    /// Print one marked COPY.
    PrintCopy,
}

/// Did the paper come out completely?
#[utoipa::path(post, path = "/api/v1/prints/{job}/settle", params(("job" = String, Path)), request_body = SettlePrint,
    responses((status = OK, body = CommandAnswer), (status = "4XX", body = Problem)))]
pub async fn settle_print(
    State(web): State<Web>,
    session: Session,
    Named(job): Named<JobId>,
    Body(body): Body<SettlePrint>,
) -> Result<Json<CommandAnswer>, Problem> {
    let screen = web.node.screen();
    let owner = screen.prints.iter().find(|print| print.job == job).map(|print| print.workstation.clone());
    if owner.as_ref().is_some_and(|ws| !session.0.scope.allows(ws)) {
        let detail = format!("the paper {job} belongs to another workstation");
        return Err(Problem::new(StatusCode::FORBIDDEN, "wrong_workstation", detail, "answer on the screen that asked for it"));
    }
    let answer = match body.answer {
        SettleAnswer::Complete => PrintAnswer::Complete,
        SettleAnswer::PrintCopy => PrintAnswer::PrintCopy,
    };
    // Whoever works where the paper was asked for answers. A repeat of an answered job finds no owner any more and is answered by its id.
    ask(&web, body.id, owner, Command::SettlePrint { job, answer }).await
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ArticleQuery {
    /// Beginnings of words of the name, or of a code.
    q: String,
    /// At most 200; 20 when left out.
    #[serde(default)]
    limit: Option<usize>,
}

/// Articles by name or code, with price and stock.
#[utoipa::path(get, path = "/api/v1/articles", params(ArticleQuery), responses((status = OK, body = Vec<ArticleView>), (status = "5XX", body = Problem)))]
pub async fn search_articles(
    State(web): State<Web>,
    _session: Session,
    Asked(query): Asked<ArticleQuery>,
) -> Result<Json<Vec<ArticleView>>, Problem> {
    let limit = query.limit.unwrap_or(20).clamp(1, ROWS_MAX);
    let text: String = query.q.chars().take(100).collect();
    let found = web.node.search(&text, limit).await.map_err(|error| not_now(&error))?;
    Ok(Json(found.iter().map(shape::article).collect()))
}

/// Price check: one article by any of its codes. Sells nothing.
#[utoipa::path(get, path = "/api/v1/articles/by-code/{code}", params(("code" = String, Path)),
    responses((status = OK, body = ArticleView), (status = "4XX", body = Problem)))]
pub async fn article_by_code(State(web): State<Web>, _session: Session, Named(code): Named<String>) -> Result<Json<ArticleView>, Problem> {
    let shown: String = code.chars().take(60).collect();
    let found = web.price_check(&code).await.map_err(|error| not_now(&error))?;
    found.map(|article| Json(shape::article(&article))).ok_or_else(|| {
        let detail = format!("not found: {shown}");
        Problem::new(StatusCode::NOT_FOUND, "unknown_article", detail, "search by name, or check the code on the package")
    })
}

/// Reads that may take some milliseconds of disk.
pub async fn blocking<A: Send + 'static>(web: &Web, read: impl FnOnce(&Web) -> A + Send + 'static) -> Result<A, Problem> {
    let web = web.clone();
    let answer = tokio::task::spawn_blocking(move || read(&web)).await;
    answer.map_err(|_| {
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "read_failed", "the journal could not be read", "a technician must look at the log")
    })
}

fn not_now(error: &NotNow) -> Problem {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "not_now", error.to_string(), "try again in a moment; selling goes on with what is known")
}
