//! Reports as they were recorded and as they would be now; tills, safe and bank bags as they are. Blind counts stay blind: what should be in
//! a till is not said while it is counted, nor to the one who answers for it before they have counted.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::people::ApprovalBody;
use super::shape::CommandAnswer;
pub use super::store::blocking;
use super::{Asked, Body, Named, ask_at_desk, ask_problem};
use crate::document::{Voice, table};
use crate::ids::{CommandId, WorkstationId};
use crate::node::archive::ArchivedReport;
use crate::node::handle::CashNow;
use crate::node::reports::{DayReports, ReportId, Unshown};
use crate::retail::Command;
use crate::retail::safe::is_blind;
use crate::retail::till::{Phase, ReportKey, ReportRef, Session as TillSession};
use crate::time::BusinessDate;
use crate::web::Web;
use crate::web::problem::{Problem, of_refusal};
use crate::web::seat::{self, AtDesk};
use crate::web::session::Session;

/// Rows one answer lists.
const ROWS_MAX: usize = 1_000;

/// One till.
#[derive(Debug, Serialize, ToSchema)]
pub struct TillView {
    till: String,
    /// "closed", "open", "counting", "counted".
    state: &'static str,
    /// The number its next Z will have.
    number: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    opened_at_ms: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    float: Option<i64>,
    /// What should be in it; absent while it may not be known.
    #[serde(skip_serializing_if = "Option::is_none")]
    expected: Option<i64>,
    /// What was counted, before it is closed with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    counted: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    difference: Option<i64>,
    /// Who counts it, or counted it.
    #[serde(skip_serializing_if = "Option::is_none")]
    counted_by: Option<String>,
}

/// All tills of the store.
#[utoipa::path(get, path = "/api/v1/tills", responses((status = OK, body = Vec<TillView>), (status = "4XX", body = Problem)))]
pub async fn tills(State(web): State<Web>, session: Session) -> Result<Json<Vec<TillView>>, Problem> {
    let (reader, cash) = look(&web, &session).await?;
    let screen = web.node.screen();
    // A till whose workstation has left the configuration may still be open.
    let open = cash.book.tills.iter().filter(|(_, till)| till.session.is_some()).map(|(id, _)| id);
    let all: std::collections::BTreeSet<&WorkstationId> = screen.workstations.keys().chain(open).collect();
    Ok(Json(all.into_iter().map(|till| till_view(&cash, till, &reader)).collect()))
}

fn till_view(cash: &CashNow, till: &WorkstationId, reader: &AtDesk) -> TillView {
    let book = cash.book.tills.get(till);
    let session: Option<&TillSession> = cash.book.session(till);
    let expected = cash.till_x(till, reader.staff()).ok().map(|x| x.expected);
    let (state, by, counted) = match session.map(|session| &session.phase) {
        None => ("closed", None, None),
        Some(Phase::Open) => ("open", None, None),
        Some(Phase::Counting { by, .. }) => ("counting", by.as_ref(), None),
        Some(Phase::Counted { by, counted, .. }) => ("counted", by.as_ref(), Some(*counted)),
    };
    TillView {
        till: till.to_string(),
        state,
        number: session.map_or_else(|| book.map_or(0, |book| book.reports) + 1, |session| session.number),
        owner: session.and_then(|session| session.owner.as_ref()).map(ToString::to_string),
        opened_at_ms: session.map(|session| session.opened_at.ms),
        float: session.map(|session| session.float.minor()),
        expected: expected.map(|amount| amount.minor()),
        counted: counted.map(|amount| amount.minor()),
        difference: counted.zip(expected).map(|(counted, expected)| (counted - expected).minor()),
        counted_by: by.map(ToString::to_string),
    }
}

/// A report of this moment: it closes nothing and is recorded nowhere.
#[derive(Debug, Serialize, ToSchema)]
pub struct XView {
    /// As in the journal's events; see docs/JOURNAL.md.
    #[schema(value_type = Object)]
    report: serde_json::Value,
    /// As it would be printed, 42 columns.
    text: String,
}

/// The X of a till that is open.
#[utoipa::path(get, path = "/api/v1/tills/{till}/x", params(("till" = String, Path)),
    responses((status = OK, body = XView), (status = "4XX", body = Problem)))]
pub async fn till_x(State(web): State<Web>, session: Session, Named(till): Named<WorkstationId>) -> Result<Json<XView>, Problem> {
    let (reader, cash) = look(&web, &session).await?;
    let report = cash.till_x(&till, reader.staff()).map_err(|why| unshown(&web, &why))?;
    Ok(Json(XView { report: json(report)?, text: web.node.shared().papers.till_x_text(report) }))
}

/// The X of the business day.
#[utoipa::path(get, path = "/api/v1/day/x", responses((status = OK, body = XView), (status = "4XX", body = Problem)))]
pub async fn day_x(State(web): State<Web>, session: Session) -> Result<Json<XView>, Problem> {
    let (reader, cash) = look(&web, &session).await?;
    let report = cash.day_x(reader.staff()).map_err(|why| unshown(&web, &why))?;
    Ok(Json(XView { report: json(report)?, text: web.node.shared().papers.day_x_text(report) }))
}

/// The safe as the record knows it, and the bank bags.
#[derive(Debug, Serialize, ToSchema)]
pub struct SafeView {
    /// Loose cash; below zero when floats came out of a safe that no till has filled yet. Absent while it is being counted: the count is blind.
    #[serde(skip_serializing_if = "Option::is_none")]
    cash: Option<i64>,
    /// "open", "counting", "counted".
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    counted_by: Option<String>,
    /// What was found, before the count is closed with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    counted: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    difference: Option<i64>,
    /// Those that wait, and those collected since the last day close.
    bags: Vec<BagView>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct BagView {
    bag: String,
    amount: i64,
    packed_at_ms: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    packed_by: Option<String>,
    /// Absent: it waits in the safe.
    #[serde(skip_serializing_if = "Option::is_none")]
    collected_at_ms: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    collected_by: Option<String>,
}

/// Safe and bank bags.
#[utoipa::path(get, path = "/api/v1/safe", responses((status = OK, body = SafeView), (status = "4XX", body = Problem)))]
pub async fn safe(State(web): State<Web>, session: Session) -> Result<Json<SafeView>, Problem> {
    let (_, cash) = look(&web, &session).await?;
    let safe = &cash.book.safe;
    let bag = |(number, bag): (&crate::ids::BagNo, &crate::retail::safe::Bag)| BagView {
        bag: number.to_string(),
        amount: bag.amount.minor(),
        packed_at_ms: bag.packed_at.ms,
        packed_by: bag.packed_by.as_ref().map(ToString::to_string),
        collected_at_ms: bag.collected.as_ref().map(|collected| collected.at.ms),
        collected_by: bag.collected.as_ref().and_then(|collected| collected.by.as_ref()).map(ToString::to_string),
    };
    let (state, by, counted) = match &safe.phase {
        Phase::Open => ("open", None, None),
        Phase::Counting { by, .. } => ("counting", by.as_ref(), None),
        Phase::Counted { by, counted, .. } => ("counted", by.as_ref(), Some(*counted)),
    };
    Ok(Json(SafeView {
        cash: (!is_blind(safe)).then(|| safe.cash.minor()),
        state,
        counted_by: by.map(ToString::to_string),
        counted: counted.map(|amount| amount.minor()),
        difference: counted.map(|counted| (counted - safe.cash).minor()),
        bags: safe.bags.iter().map(bag).collect(),
    }))
}

/// A stored report, for lists.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReportRow {
    /// For `/api/v1/reports/{report}`.
    id: String,
    /// "day_z", "till_z", "addendum", "safe_count".
    kind: &'static str,
    #[schema(value_type = String, format = Date)]
    date: BusinessDate,
    number: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    till: Option<String>,
    at_ms: i64,
    /// Turnover of a day or an addendum, difference of a till or of the safe.
    amount: i64,
}

fn report_row((id, report): &(ReportId, ReportRef)) -> ReportRow {
    let (kind, number, till) = match &report.what {
        ReportKey::Day { number } => ("day_z", *number, None),
        ReportKey::Till { till, number } => ("till_z", *number, Some(till.to_string())),
        ReportKey::Addendum { number, .. } => ("addendum", *number, None),
        ReportKey::Safe { number } => ("safe_count", *number, None),
    };
    ReportRow { id: id.to_string(), kind, date: report.date, number, till, at_ms: report.at.ms, amount: report.amount.minor() }
}

/// Which business dates.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Span {
    /// Not before this business date.
    #[serde(default)]
    #[param(value_type = Option<String>, format = Date)]
    from: Option<BusinessDate>,
    /// Not after this business date.
    #[serde(default)]
    #[param(value_type = Option<String>, format = Date)]
    to: Option<BusinessDate>,
}

impl Span {
    fn holds(&self, date: BusinessDate) -> bool {
        self.from.is_none_or(|from| date >= from) && self.to.is_none_or(|to| date <= to)
    }
}

/// Stored Zs and addenda, newest first; at most 1,000, which is what a node lists. Older ones are in the journal and at head office.
#[utoipa::path(get, path = "/api/v1/reports", params(Span), responses((status = OK, body = Vec<ReportRow>), (status = "4XX", body = Problem)))]
pub async fn reports(State(web): State<Web>, session: Session, Asked(span): Asked<Span>) -> Result<Json<Vec<ReportRow>>, Problem> {
    let (_, cash) = look(&web, &session).await?;
    let days = cash.days();
    let in_span = days.iter().filter(|(date, _)| span.holds(**date)).flat_map(|(_, day)| day.all());
    let mut rows: Vec<&(ReportId, ReportRef)> = in_span.collect();
    rows.sort_by_key(|(id, _)| std::cmp::Reverse(*id));
    Ok(Json(rows.into_iter().take(ROWS_MAX).map(report_row).collect()))
}

/// The same as a table: one row a report, oldest first, amounts as decimals.
#[utoipa::path(get, path = "/api/v1/reports.csv", params(Span),
    responses((status = OK, body = String, content_type = "text/csv"), (status = "4XX", body = Problem)))]
pub async fn reports_csv(State(web): State<Web>, session: Session, Asked(span): Asked<Span>) -> Result<Response, Problem> {
    let (_, cash) = look(&web, &session).await?;
    let mut ids: Vec<ReportId> = cash
        .days()
        .iter()
        .filter(|(date, _)| span.holds(**date))
        .flat_map(|(_, day)| day.all().into_iter().map(|(id, _)| *id).collect::<Vec<_>>())
        .collect();
    ids.sort();
    let text = blocking(&web, move |web| {
        let read = |id: &ReportId| web.node.shared().archive.report(id.seq, id.place).ok_or_else(|| unreadable(*id));
        let rows = ids.iter().map(|id| read(id).map(|found| table::row(&found.event, found.seq, &found.hash)));
        csv_text(rows.collect::<Result<Vec<_>, _>>()?.into_iter().flatten())
    })
    .await??;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8")),
        (header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"reports.csv\"")),
    ];
    Ok((headers, text).into_response())
}

fn csv_text(rows: impl Iterator<Item = [String; table::COLUMNS.len()]>) -> Result<Vec<u8>, Problem> {
    let failed = |why: String| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "table_failed", why, "a technician must look at the log");
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(table::COLUMNS).map_err(|error| failed(error.to_string()))?;
    for row in rows {
        writer.write_record(row).map_err(|error| failed(error.to_string()))?;
    }
    writer.into_inner().map_err(|error| failed(error.to_string()))
}

/// A stored report, whole.
#[derive(Debug, Serialize, ToSchema)]
pub struct StoredReportView {
    #[serde(flatten)]
    row: ReportRow,
    /// As in the journal's events; see docs/JOURNAL.md.
    #[schema(value_type = Object)]
    report: serde_json::Value,
    /// As it was printed, 42 columns.
    text: String,
    /// The journal record that holds it.
    record: u64,
    /// SHA-256 of that record; its beginning stands on the paper.
    sha256: String,
}

/// One stored report.
#[utoipa::path(get, path = "/api/v1/reports/{report}", params(("report" = String, Path)),
    responses((status = OK, body = StoredReportView), (status = "4XX", body = Problem)))]
pub async fn report(State(web): State<Web>, session: Session, Named(report): Named<String>) -> Result<Json<StoredReportView>, Problem> {
    let (_, cash) = look(&web, &session).await?;
    let entry = find(&cash, &report)?;
    blocking(&web, move |web| stored_view(web, &entry)).await?.map(Json)
}

/// The text of a stored report, as it was printed.
#[utoipa::path(get, path = "/api/v1/reports/{report}/text", params(("report" = String, Path)),
    responses((status = OK, body = String, content_type = "text/plain"), (status = "4XX", body = Problem)))]
pub async fn report_text(State(web): State<Web>, session: Session, Named(report): Named<String>) -> Result<String, Problem> {
    let (_, cash) = look(&web, &session).await?;
    let (id, _) = find(&cash, &report)?;
    blocking(&web, move |web| text(web, id)).await?
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PrintReport {
    #[schema(value_type = String)]
    id: CommandId,
    /// Where the paper comes out.
    #[schema(value_type = String)]
    workstation: WorkstationId,
    /// Whoever this proves does it, or approves it.
    #[serde(default)]
    approval: Option<ApprovalBody>,
}

/// Prints a stored report again, marked COPY.
#[utoipa::path(post, path = "/api/v1/reports/{report}/print", params(("report" = String, Path)), request_body = PrintReport,
    responses((status = OK, body = CommandAnswer), (status = "4XX", body = Problem)))]
pub async fn print_report(
    State(web): State<Web>,
    session: Session,
    Named(report): Named<String>,
    Body(body): Body<PrintReport>,
) -> Result<Json<CommandAnswer>, Problem> {
    let (_, cash) = look(&web, &session).await?;
    let (id, _) = find(&cash, &report)?;
    let command = Command::PrintStored { seq: id.seq, place: u32::try_from(id.place).unwrap_or(u32::MAX), at: body.workstation };
    ask_at_desk(&web, &session, body.id, body.approval, command).await
}

/// A business date with reports.
#[derive(Debug, Serialize, ToSchema)]
pub struct DayRow {
    #[schema(value_type = String, format = Date)]
    date: BusinessDate,
    /// How often it was closed.
    zs: u64,
    addenda: u64,
    tills: u64,
    /// The sum of its Zs and addenda.
    total: i64,
    /// Counted less expected, over all tills closed on it.
    difference: i64,
}

fn day_row(date: BusinessDate, day: &DayReports) -> DayRow {
    DayRow {
        date,
        zs: day.days.len() as u64,
        addenda: day.addenda.len() as u64,
        tills: day.tills.len() as u64,
        total: day.total().minor(),
        difference: day.difference().minor(),
    }
}

/// Business dates with reports, newest first.
#[utoipa::path(get, path = "/api/v1/days", params(Span), responses((status = OK, body = Vec<DayRow>), (status = "4XX", body = Problem)))]
pub async fn days(State(web): State<Web>, session: Session, Asked(span): Asked<Span>) -> Result<Json<Vec<DayRow>>, Problem> {
    let (_, cash) = look(&web, &session).await?;
    Ok(Json(cash.days().iter().rev().filter(|(date, _)| span.holds(**date)).map(|(date, day)| day_row(*date, day)).collect()))
}

/// A business date, with all its reports whole.
#[derive(Debug, Serialize, ToSchema)]
pub struct DayWhole {
    #[serde(flatten)]
    row: DayRow,
    currency: String,
    /// In the order in which they were recorded.
    reports: Vec<StoredReportView>,
}

/// One business date: its Zs, its addenda, the Zs of its tills.
#[utoipa::path(get, path = "/api/v1/days/{date}", params(("date" = String, Path)),
    responses((status = OK, body = DayWhole), (status = "4XX", body = Problem)))]
pub async fn day_whole(State(web): State<Web>, session: Session, Named(date): Named<BusinessDate>) -> Result<Json<DayWhole>, Problem> {
    let (_, cash) = look(&web, &session).await?;
    let day = cash.days().remove(&date).ok_or_else(|| {
        let detail = format!("no report of {date} is listed here");
        Problem::new(StatusCode::NOT_FOUND, "day_unknown", detail, "list the dates at /api/v1/days; older ones are at head office")
    })?;
    let currency = web.node.screen().rules.currency.code.to_string();
    let row = day_row(date, &day);
    let entries: Vec<(ReportId, ReportRef)> = day.all().into_iter().cloned().collect();
    let reports = blocking(&web, move |web| entries.iter().map(|entry| stored_view(web, entry)).collect::<Result<Vec<_>, _>>()).await??;
    Ok(Json(DayWhole { row, currency, reports }))
}

/// Who reads, and what there is.
async fn look(web: &Web, session: &Session) -> Result<(AtDesk, Box<CashNow>), Problem> {
    let reader = seat::reader(web, session)?;
    let cash = web.node.cash().await.map_err(|error| ask_problem(&error))?;
    Ok((reader, cash))
}

fn find(cash: &CashNow, text: &str) -> Result<(ReportId, ReportRef), Problem> {
    let unknown = || {
        let shown: String = text.chars().take(40).collect();
        Problem::new(StatusCode::NOT_FOUND, "report_unknown", format!("no report {shown:?} is listed here"), "list them at /api/v1/reports")
    };
    let id: ReportId = text.parse().map_err(|()| unknown())?;
    let report = cash.book.reports.get(&id.seq).and_then(|of_record| of_record.get(id.place)).ok_or_else(unknown)?;
    Ok((id, report.clone()))
}

fn stored_view(web: &Web, entry: &(ReportId, ReportRef)) -> Result<StoredReportView, Problem> {
    let (id, _) = *entry;
    let archive = &web.node.shared().archive;
    let ArchivedReport { event, raw, seq, hash } = archive.report(id.seq, id.place).ok_or_else(|| unreadable(id))?;
    let text = web.node.shared().papers.text_of(&event, &hash).ok_or_else(|| unreadable(id))?;
    // The event's one field, under its tag.
    let stored: serde_json::Value = serde_json::from_str(&raw).map_err(|_| unreadable(id))?;
    let inner = stored.as_object().and_then(|tagged| tagged.values().next()).and_then(|event| event.as_object());
    let report = inner.and_then(|event| event.values().next()).cloned().ok_or_else(|| unreadable(id))?;
    Ok(StoredReportView { row: report_row(entry), report, text, record: seq, sha256: hash })
}

fn text(web: &Web, id: ReportId) -> Result<String, Problem> {
    let shared = web.node.shared();
    let found = shared.archive.report(id.seq, id.place).ok_or_else(|| unreadable(id))?;
    shared.papers.text_of(&found.event, &found.hash).ok_or_else(|| unreadable(id))
}

pub fn unreadable(id: ReportId) -> Problem {
    let detail = format!("record {} with this report cannot be read back", id.seq);
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "report_unreadable", detail, "run `counterfoil journal verify` on the box")
}

fn unshown(web: &Web, why: &Unshown) -> Problem {
    match why {
        Unshown::Refused(refusal) => of_refusal(refusal, &Voice::of_store(&web.node.screen().rules)),
        Unshown::Own(till) => {
            let detail = format!("you answer for till {till} and have not counted it: the count is blind");
            Problem::new(StatusCode::FORBIDDEN, "count_is_blind", detail, "count the till first, or let somebody else read the report")
        }
    }
}

fn json(report: &impl Serialize) -> Result<serde_json::Value, Problem> {
    let failed = |error: serde_json::Error| {
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "report_failed", error.to_string(), "a technician must look at the log")
    };
    serde_json::to_value(report).map_err(failed)
}
