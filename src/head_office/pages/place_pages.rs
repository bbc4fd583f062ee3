//! The addresses of places.

use std::collections::BTreeMap;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Form, Router};
use serde::Deserialize;

use super::frame::Tab;
use super::place_form::PlaceForm;
use super::places::{self, Facts, Refused};
use super::{ROWS_PER_PAGE, filled, frame};
use crate::head_office::office::HeadOffice;
use crate::head_office::parts::{self, Part};
use crate::head_office::places::api::{self, OPEN_MAX, Said, SaidLine};
use crate::head_office::places::{self as all, stock};
use crate::head_office::stock_figures::StockFilter;
use crate::ids::{OrderNo, PlaceId};
use crate::money::Qty;
use crate::web::problem::Problem;

/// Parts that are over, on a place's page.
const OVER_MAX: u32 = 20;

pub fn routes() -> Router<HeadOffice> {
    Router::new()
        .route("/places", get(list_page).post(put_place))
        .route("/places/{place}", get(place_page))
        .route("/places/{place}/edit", get(edit_page))
        .route("/places/{place}/stock", post(state_stock))
        .route("/places/{place}/confirmations", post(confirm))
        .route("/places/{place}/parts/{part}/{act}", get(ask_act).post(act))
}

async fn list_page(State(office): State<HeadOffice>) -> Result<Response, Problem> {
    let typed = PlaceForm::empty(zone_name(&office).as_str());
    list(&office, &typed, &[]).await
}

fn zone_name(office: &HeadOffice) -> String {
    office.config().time_zone.iana_name().unwrap_or("UTC").to_owned()
}

async fn list(office: &HeadOffice, typed: &PlaceForm, faults: &[String]) -> Result<Response, Problem> {
    let frame = frame(office, Tab::Places).await?;
    let rows = office.read(all::described).await?;
    Ok(places::list_page(&frame, &rows, typed, faults).into_response())
}

async fn put_place(State(office): State<HeadOffice>, Form(form): Form<PlaceForm>) -> Result<Response, Problem> {
    let read = form.read(&office.config().currency);
    let (place, faults) = match read {
        Ok((place, draft)) => match api::store(&office, place.clone(), draft).await {
            Ok(()) => return Ok(Redirect::to(&format!("/places/{place}")).into_response()),
            Err(problem) => (Some(place), vec![problem.detail]),
        },
        Err(faults) => (None, faults),
    };
    // A place that is there is mended on its own page.
    let is_known = match place {
        Some(place) => office.read(move |connection| all::find(connection, place.as_str())).await?.is_some(),
        None => false,
    };
    let page = match is_known {
        true => places::edit_page(&frame(&office, Tab::Places).await?, &form.store, &form, &faults).into_response(),
        false => list(&office, &form, &faults).await?,
    };
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}

async fn edit_page(State(office): State<HeadOffice>, Path(place): Path<PlaceId>) -> Result<Response, Problem> {
    let frame = frame(&office, Tab::Places).await?;
    match office.read(move |connection| all::find(connection, place.as_str())).await? {
        Some(place) => {
            let typed = PlaceForm::of(&place, &office.config().currency);
            Ok(places::edit_page(&frame, place.place.as_str(), &typed, &[]).into_response())
        }
        None => Ok(none(&frame)),
    }
}

fn none(frame: &super::Frame) -> Response {
    (StatusCode::NOT_FOUND, frame.message("No such place", "Head office has no place of this id.")).into_response()
}

#[derive(Deserialize)]
struct Search {
    search: Option<String>,
}

async fn place_page(
    State(office): State<HeadOffice>,
    Path(place): Path<PlaceId>,
    Query(Search { search }): Query<Search>,
) -> Result<Response, Problem> {
    show(&office, place, filled(search), &Refused::default()).await
}

async fn show(office: &HeadOffice, place: PlaceId, search: Option<String>, refused: &Refused) -> Result<Response, Problem> {
    let frame = frame(office, Tab::Places).await?;
    let now_ms = office.now_ms();
    let facts = office.read(move |connection| {
        let Some(place) = all::find(connection, place.as_str())? else { return Ok(None) };
        let id = place.place.as_str();
        let filter = StockFilter { store: id.to_owned(), sku: None, search: search.clone(), after: None, limit: ROWS_PER_PAGE };
        Ok(Some(Facts {
            summary: all::summary(connection, id)?,
            open: parts::open(connection, id, OPEN_MAX)?,
            over: parts::over(connection, id, OVER_MAX)?,
            stock: if place.has_node() { Vec::new() } else { stock::of_place(connection, &filter, now_ms)? },
            place,
            search,
        }))
    });
    let Some(facts) = facts.await? else { return Ok(none(&frame)) };
    let page = places::page(&frame, &facts, refused);
    let status = if refused.faults.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    Ok((status, page).into_response())
}

#[derive(Deserialize)]
struct Table {
    table: String,
    #[serde(default)]
    whole: bool,
}

async fn state_stock(State(office): State<HeadOffice>, Path(place): Path<PlaceId>, Form(typed): Form<Table>) -> Result<Response, Problem> {
    let stated = api::state_table(&office, place.clone(), typed.table.clone().into(), None, typed.whole).await?;
    match stated {
        Ok(_) => Ok(Redirect::to(&format!("/places/{place}#stock")).into_response()),
        Err(faults) => {
            let refused = Refused { faults: faults.lines(), stock: typed.table, whole: typed.whole, ..Refused::default() };
            show(&office, place, None, &refused).await
        }
    }
}

async fn confirm(State(office): State<HeadOffice>, Path(place): Path<PlaceId>, Form(typed): Form<Table>) -> Result<Response, Problem> {
    match api::confirm_table(&office, place.clone(), typed.table.clone().into()).await? {
        Ok(_) => Ok(Redirect::to(&format!("/places/{place}#parts")).into_response()),
        Err(faults) => {
            let refused = Refused { faults: faults.lines(), confirmations: typed.table, ..Refused::default() };
            show(&office, place, None, &refused).await
        }
    }
}

async fn part_at(office: &HeadOffice, place: &PlaceId, part: &str) -> Result<Option<(all::Place, Part)>, Problem> {
    let (place, Ok(part)) = (place.clone(), OrderNo::new(part)) else { return Ok(None) };
    let found = office.read(move |connection| {
        let part = parts::find(connection, &part)?.filter(|part| part.place == place);
        Ok(all::find(connection, place.as_str())?.zip(part))
    });
    Ok(found.await?)
}

async fn ask_act(State(office): State<HeadOffice>, Path((place, part, act)): Path<(PlaceId, String, String)>) -> Result<Response, Problem> {
    let frame = frame(&office, Tab::Places).await?;
    let has_question = matches!(act.as_str(), "refuse" | "short" | "shipped" | "delivered");
    Ok(match part_at(&office, &place, &part).await?.filter(|_| has_question) {
        Some((place, part)) => places::question(&frame, &place, &part, &act, None).into_response(),
        None => (StatusCode::NOT_FOUND, frame.message("No such part", "This place has no part of this number.")).into_response(),
    })
}

/// The fields of a question: `tracking`, `reason`, and `short_1` for each line.
async fn act(
    State(office): State<HeadOffice>,
    Path((place, part, act)): Path<(PlaceId, String, String)>,
    Form(fields): Form<BTreeMap<String, String>>,
) -> Result<Response, Problem> {
    let done = match said(&fields) {
        Ok(said) => api::act(&office, place.clone(), part.clone(), &act, said).await.map_err(|problem| problem.detail),
        Err(fault) => Err(fault),
    };
    let fault = match done {
        Ok(_) => return Ok(Redirect::to(&format!("/places/{place}#p-{part}")).into_response()),
        Err(fault) => fault,
    };
    let asked = if matches!(act.as_str(), "refuse" | "short" | "shipped") { part_at(&office, &place, &part).await? } else { None };
    match asked.filter(|(_, part)| part.standing().is_some_and(|standing| standing.state.is_open())) {
        Some((place, part)) => {
            let page = places::question(&frame(&office, Tab::Places).await?, &place, &part, &act, Some(&fault));
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
        None => show(&office, place, None, &Refused { faults: vec![fault], ..Refused::default() }).await,
    }
}

fn said(fields: &BTreeMap<String, String>) -> Result<Said, String> {
    let field = |name: &str| fields.get(name).map(|text| text.trim().to_owned()).unwrap_or_default();
    let mut lines = Vec::new();
    for (name, text) in fields {
        let Some(line) = name.strip_prefix("short_").and_then(|line| line.parse().ok()) else { continue };
        match text.trim() {
            "" | "0" => {}
            text => {
                let quantity = Qty::parse(text).ok_or_else(|| format!("line {line}: {text:?} is no number with up to three decimals"))?;
                lines.push(SaidLine { line, quantity, reason: String::new() });
            }
        }
    }
    Ok(Said { reason: field("reason"), tracking: field("tracking"), lines })
}
