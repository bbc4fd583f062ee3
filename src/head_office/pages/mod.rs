//! Head office's pages: rendered here, readable without a script, brought up to date by a small one. Each page is a function of one
//! answer from the database; nothing lives in the browser.

pub mod accounts;
pub mod audit;
mod chart;
mod configuration;
mod days;
mod feeds;
mod figures;
mod fleet;
mod frame;
mod intake;
mod nodes;
mod order_desk;
mod orders;
mod overview;
mod people;
mod place_form;
mod place_pages;
mod places;
mod recalls;
mod reconciliation;
mod routing;
mod sales;
mod service;
mod service_pages;
mod service_parts;
pub mod sign_in;
pub mod status;
mod status_texts;
mod stock;
mod transactions;
mod trouble;

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Form, Router};
use maud::Markup;
use serde::Deserialize;
use tokio_stream::wrappers::ReceiverStream;

use super::days as closed;
use super::enrolment;
use super::figures::api::{self as measures, Asked};
use super::node_acts;
use super::office::HeadOffice;
use super::people::Draft;
use super::queries::{self, TransactionFilter};
use super::reconcile;
use super::stock_figures::{self, StockFilter};
use crate::ids::{NodeId, OrderNo, StoreId, TxnId};
use crate::web::problem::Problem;
use frame::{Frame, Tab};

/// Rows of one page of a list.
const ROWS_PER_PAGE: u32 = 50;
/// Open live streams. Beyond it a page is brought up to date by asking now and then.
const STREAMS_MAX: usize = 200;
/// A page hears of changes at most this often.
const NEWS_EVERY: Duration = Duration::from_millis(500);
const BEAT: Duration = Duration::from_secs(15);

static STREAMS: tokio::sync::Semaphore = tokio::sync::Semaphore::const_new(STREAMS_MAX);

pub fn router(office: HeadOffice) -> Router {
    Router::new()
        .route("/", get(overview_page))
        .route("/stores/{store}", get(store_page).post(name_store))
        .route("/figures", get(figures_page))
        .route("/figures/measures", get(measures_page))
        .route("/sales", get(sales_page))
        .route("/reconciliation", get(reconciliation_page).post(reconcile_now))
        .route("/days", get(days_page))
        .route("/days/{store}/{day}", get(day_page))
        .route("/stock", get(stock_page))
        .route("/stock/{sku}", get(article_page))
        .route("/replenishment", get(replenishment_page))
        .route("/transactions", get(transactions_page))
        .route("/transactions/{txn}", get(transaction_page))
        .route("/incidents", get(trouble_page))
        .route("/incidents/{id}/close", post(close_incident))
        .route("/exceptions/{id}/replay", post(replay_exception))
        .route("/staff", get(staff_page).post(put_staff))
        .route("/staff/{id}/{act}", post(switch_staff))
        .route("/recalls", get(recalls_page).post(put_recall))
        .route("/recalls/{id}/end", post(end_recall))
        .route("/nodes", get(nodes_page))
        .route("/nodes/codes", get(back_to_nodes).post(make_code))
        .route("/nodes/codes/{id}/withdraw", post(withdraw_code))
        .route("/nodes/{store}/{node}/approve", get(ask_approve).post(approve_node))
        .route("/nodes/{store}/{node}/revoke", get(ask_revoke).post(revoke_node))
        .route("/orders", get(orders_page))
        .route("/orders/exceptions/{id}/settle", post(settle_order_exception))
        .route("/orders/leads", post(name_lead))
        .route("/orders/messages/{id}/again", post(send_again))
        .route("/orders/messages/{id}/told", post(customer_told))
        .route("/orders/returns/{order}/close", post(close_order_return))
        .route("/orders/rights", get(rights_page))
        .route("/orders/{order}", get(order_page))
        .route("/orders/{order}/cancel", post(cancel_order))
        .merge(service_pages::routes())
        .merge(place_pages::routes())
        .merge(feeds::routes())
        .merge(fleet::routes())
        .merge(routing::routes())
        .merge(configuration::routes())
        .merge(intake::routes())
        .route("/changes", get(changes))
        .route("/assets/{hash}/{name}", get(crate::web::assets::serve))
        .fallback(not_found)
        .with_state(office)
}

async fn frame(office: &HeadOffice, tab: Tab) -> Result<Frame, Problem> {
    let troubles = office.read(queries::open_troubles).await?;
    Ok(Frame::new(office, tab, troubles))
}

async fn overview_page(State(office): State<HeadOffice>) -> Result<Markup, Problem> {
    let frame = frame(&office, Tab::Overview).await?;
    let now_ms = office.now_ms();
    let facts = office.read(move |connection| overview::facts(connection, now_ms)).await?;
    Ok(overview::page(&frame, &facts))
}

async fn store_page(State(office): State<HeadOffice>, Path(store): Path<String>, Query(asked): Query<Asked>) -> Result<Response, Problem> {
    let frame = frame(&office, Tab::Overview).await?;
    let now_ms = office.now_ms();
    let asked = Asked { store: Some(store.clone()), ..asked };
    let (scope, preset) = asked.scope(measures::today(&office)).map_err(measures::wrong)?;
    let facts = office.read(move |connection| overview::store_facts(connection, &store, now_ms)).await?;
    Ok(match facts {
        Some(facts) => {
            let figures = measures::answer(&office, scope.clone()).await?;
            overview::store_page(&frame, &facts, &figures::Facts { scope, preset, figures }).into_response()
        }
        None => (StatusCode::NOT_FOUND, frame.message("No such store", "No node of a store with this id has ever called.")).into_response(),
    })
}

async fn figures_page(State(office): State<HeadOffice>, Query(asked): Query<Asked>) -> Result<Markup, Problem> {
    let frame = frame(&office, Tab::Figures).await?;
    let (scope, preset) = asked.scope(measures::today(&office)).map_err(measures::wrong)?;
    let figures = measures::answer(&office, scope.clone()).await?;
    Ok(figures::page(&frame, &figures::Facts { scope, preset, figures }))
}

async fn measures_page(State(office): State<HeadOffice>) -> Result<Markup, Problem> {
    Ok(figures::measures_page(&frame(&office, Tab::Figures).await?))
}

#[derive(Deserialize)]
struct StoreName {
    name: String,
    region: Option<String>,
}

async fn name_store(
    State(office): State<HeadOffice>,
    Path(store): Path<StoreId>,
    Form(form): Form<StoreName>,
) -> Result<Redirect, Problem> {
    let address = format!("/stores/{store}");
    super::shops_api::give_store_a_name(&office, store, &form.name, form.region).await?;
    Ok(Redirect::to(&address))
}

#[derive(Deserialize)]
struct SalesQuery {
    store: Option<String>,
    day: Option<String>,
}

async fn sales_page(State(office): State<HeadOffice>, Query(query): Query<SalesQuery>) -> Result<Markup, Problem> {
    let frame = frame(&office, Tab::Sales).await?;
    let (store, day) = (filled(query.store), filled(query.day));
    let filter = (store.clone(), day.clone());
    let rows = office.read(move |connection| queries::sales(connection, store.as_deref(), day.as_deref(), queries::ROWS_MAX)).await?;
    Ok(sales::page(&frame, &rows, filter.0.as_deref(), filter.1.as_deref()))
}

async fn days_page(State(office): State<HeadOffice>, Query(query): Query<SalesQuery>) -> Result<Markup, Problem> {
    let frame = frame(&office, Tab::Days).await?;
    let (store, day) = (filled(query.store), filled(query.day));
    let filter = (store.clone(), day.clone());
    let rows = office.read(move |connection| closed::list(connection, store.as_deref(), day.as_deref(), queries::ROWS_MAX)).await?;
    Ok(days::list_page(&frame, &rows, filter.0.as_deref(), filter.1.as_deref()))
}

async fn reconciliation_page(State(office): State<HeadOffice>, Query(query): Query<SalesQuery>) -> Result<Markup, Problem> {
    let frame = frame(&office, Tab::Days).await?;
    let (store, day) = (filled(query.store), filled(query.day));
    let filter = (store.clone(), day.clone());
    let rows = office.read(move |connection| reconcile::list(connection, store.as_deref(), day.as_deref(), queries::ROWS_MAX)).await?;
    Ok(reconciliation::page(&frame, &rows, filter.0.as_deref(), filter.1.as_deref()))
}

#[derive(Deserialize)]
struct DayOfStore {
    store: StoreId,
    day: crate::time::BusinessDate,
}

async fn reconcile_now(State(office): State<HeadOffice>, Form(DayOfStore { store, day }): Form<DayOfStore>) -> Result<Redirect, Problem> {
    let address = format!("/reconciliation?store={store}&day={day}");
    reconcile::api::on_demand(&office, store, day).await?;
    Ok(Redirect::to(&address))
}

async fn day_page(State(office): State<HeadOffice>, Path((store, day)): Path<(String, String)>) -> Result<Response, Problem> {
    let frame = frame(&office, Tab::Days).await?;
    let papers = closed::papers(office.config());
    let asked = (store.clone(), day.clone());
    let (rows, reports) = office
        .read(move |connection| {
            let rows = closed::list(connection, Some(&asked.0), Some(&asked.1), queries::ROWS_MAX)?;
            Ok((rows, closed::reports(connection, &asked.0, &asked.1, &papers)?))
        })
        .await?;
    if rows.is_empty() {
        let hint = "No report of this store and day has come to head office. It may still be on its way.";
        return Ok((StatusCode::NOT_FOUND, frame.message("No such day", hint)).into_response());
    }
    Ok(days::day_page(&frame, &store, &day, &rows, &reports).into_response())
}

#[derive(Deserialize)]
struct StockQuery {
    store: Option<String>,
    search: Option<String>,
    after: Option<String>,
}

async fn stock_page(State(office): State<HeadOffice>, Query(query): Query<StockQuery>) -> Result<Markup, Problem> {
    let frame = frame(&office, Tab::Stock).await?;
    let now_ms = office.now_ms();
    let chosen = filled(query.store);
    let (search, after) = (filled(query.search), filled(query.after));
    let facts = office
        .read(move |connection| {
            let stores = queries::stores(connection, now_ms)?;
            let store = chosen.or_else(|| stores.first().map(|store| store.store.clone())).unwrap_or_default();
            let filter = StockFilter { store, sku: None, search, after, limit: ROWS_PER_PAGE };
            let rows = stock_figures::of_store(connection, &filter, now_ms)?;
            Ok(stock::Facts { stores, rows, filter, assortment: queries::assortment(connection)? })
        })
        .await?;
    Ok(stock::page(&frame, &facts))
}

#[derive(Deserialize)]
struct ReplenishmentQuery {
    store: Option<String>,
    after: Option<String>,
}

/// What a store runs low of.
async fn replenishment_page(State(office): State<HeadOffice>, Query(query): Query<ReplenishmentQuery>) -> Result<Markup, Problem> {
    let frame = frame(&office, Tab::Stock).await?;
    let now_ms = office.now_ms();
    let (chosen, after) = (filled(query.store), filled(query.after).unwrap_or_default());
    let facts = office
        .read(move |connection| {
            let stores = queries::stores(connection, now_ms)?;
            let store = chosen.or_else(|| stores.first().map(|store| store.store.clone())).unwrap_or_default();
            let (rows, next) = super::replenish::of_store(connection, &store, &after, ROWS_PER_PAGE, now_ms)?;
            Ok(stock::Low { stores, store, rows, next })
        })
        .await?;
    Ok(stock::low_page(&frame, &facts))
}

/// One article in every store.
async fn article_page(State(office): State<HeadOffice>, Path(sku): Path<String>) -> Result<Response, Problem> {
    let frame = frame(&office, Tab::Stock).await?;
    let now_ms = office.now_ms();
    let asked = sku.clone();
    let found = office.read(move |connection| super::atp::everywhere(connection, &asked, None, now_ms)).await?;
    if found.stores.is_empty() {
        let hint = "No store has ever stated, counted or promised this article.";
        return Ok((StatusCode::NOT_FOUND, frame.message(&format!("Nothing of {sku}"), hint)).into_response());
    }
    Ok(stock::article_page(&frame, &found).into_response())
}

#[derive(Deserialize)]
struct TransactionsQuery {
    store: Option<String>,
    day: Option<String>,
    number: Option<String>,
    before: Option<i64>,
}

async fn transactions_page(State(office): State<HeadOffice>, Query(query): Query<TransactionsQuery>) -> Result<Markup, Problem> {
    let frame = frame(&office, Tab::Transactions).await?;
    let filter = TransactionFilter {
        store: filled(query.store),
        day: filled(query.day),
        number: filled(query.number),
        before: query.before,
        limit: ROWS_PER_PAGE,
    };
    let asked = filter.clone();
    let rows = office.read(move |connection| queries::transactions(connection, &asked)).await?;
    Ok(transactions::list_page(&frame, &rows, &filter))
}

async fn transaction_page(State(office): State<HeadOffice>, Path(txn): Path<String>) -> Result<Response, Problem> {
    let frame = frame(&office, Tab::Transactions).await?;
    let found = match txn.parse::<TxnId>() {
        Ok(txn) => office.read(move |connection| queries::transaction(connection, txn)).await?,
        Err(_) => None,
    };
    Ok(match found {
        Some(detail) => transactions::detail_page(&frame, &detail).into_response(),
        None => {
            let hint = "Head office has no transaction with this id. It may still be on its way from the store.";
            (StatusCode::NOT_FOUND, frame.message("No such transaction", hint)).into_response()
        }
    })
}

async fn trouble_page(State(office): State<HeadOffice>) -> Result<Markup, Problem> {
    let frame = frame(&office, Tab::Trouble).await?;
    let facts = office.read(trouble::facts).await?;
    Ok(trouble::page(&frame, &facts))
}

async fn staff_page(State(office): State<HeadOffice>) -> Result<Markup, Problem> {
    let frame = frame(&office, Tab::Staff).await?;
    let rows = office.read(super::people::list).await?;
    Ok(people::page(&frame, &rows, None))
}

/// What cannot be stored comes back as it was typed, but for badge and PIN, with the fault.
async fn put_staff(State(office): State<HeadOffice>, Form(form): Form<people::Form>) -> Result<Response, Problem> {
    let fault = match form.draft() {
        Err(fault) => fault,
        Ok(draft) => match super::shops_api::store_person(&office, form.id.trim().to_owned(), draft).await {
            Ok(()) => return Ok(Redirect::to("/staff").into_response()),
            Err(problem) if problem.status == StatusCode::UNPROCESSABLE_ENTITY.as_u16() => problem.detail,
            Err(problem) => return Err(problem),
        },
    };
    let frame = frame(&office, Tab::Staff).await?;
    let rows = office.read(super::people::list).await?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, people::page(&frame, &rows, Some((&form, &fault)))).into_response())
}

/// `deactivate` or `activate`. Who is inactive leaves every store's list with the next contact.
async fn switch_staff(State(office): State<HeadOffice>, Path((id, act)): Path<(String, String)>) -> Result<Redirect, Problem> {
    let draft = Draft { active: Some(act == "activate"), ..Draft::default() };
    super::shops_api::store_person(&office, id, draft).await?;
    Ok(Redirect::to("/staff"))
}

async fn recalls_page(State(office): State<HeadOffice>) -> Result<Markup, Problem> {
    let frame = frame(&office, Tab::Recalls).await?;
    let rows = office.read(super::recalls::list).await?;
    Ok(recalls::page(&frame, &rows, None))
}

/// What cannot be published comes back as it was typed, with every fault.
async fn put_recall(State(office): State<HeadOffice>, Form(form): Form<recalls::Form>) -> Result<Response, Problem> {
    match super::recalls::check(form.id.trim(), &form.draft()) {
        Ok(recall) => {
            super::shops_api::change_recalls(&office, move |connection, folders, now| {
                super::recalls::put(connection, folders, recall, now)
            })
            .await?;
            Ok(Redirect::to("/recalls").into_response())
        }
        Err(faults) => {
            let frame = frame(&office, Tab::Recalls).await?;
            let rows = office.read(super::recalls::list).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, recalls::page(&frame, &rows, Some((&form, &faults)))).into_response())
        }
    }
}

async fn end_recall(State(office): State<HeadOffice>, Path(id): Path<String>) -> Result<Redirect, Problem> {
    super::shops_api::change_recalls(&office, move |connection, folders, now| super::recalls::remove(connection, folders, &id, now))
        .await?;
    Ok(Redirect::to("/recalls"))
}

async fn nodes_facts(office: &HeadOffice) -> Result<nodes::Facts, Problem> {
    let now_ms = office.now_ms();
    let enrols = office.authority().is_some();
    let facts = office.read(move |connection| {
        Ok(nodes::Facts { enrols, nodes: enrolment::list(connection, now_ms)?, codes: enrolment::open_codes(connection, now_ms)? })
    });
    Ok(facts.await?)
}

async fn nodes_page(State(office): State<HeadOffice>, Query(typed): Query<nodes::CodeForm>) -> Result<Markup, Problem> {
    let frame = frame(&office, Tab::Nodes).await?;
    Ok(nodes::page(&frame, &nodes_facts(&office).await?, &typed, None))
}

/// The page that shows a code has this address, and asks it for news of the list.
async fn back_to_nodes() -> Redirect {
    Redirect::to("/nodes")
}

/// The code is in this answer and nowhere else, so it is no redirect and kept by nobody.
async fn make_code(State(office): State<HeadOffice>, Form(typed): Form<nodes::CodeForm>) -> Result<Response, Problem> {
    let wanted = typed.wanted()?;
    let made = node_acts::make_code(&office, wanted).await?;
    let frame = frame(&office, Tab::Nodes).await?;
    let page = nodes::page(&frame, &nodes_facts(&office).await?, &typed, Some(&made));
    Ok(([(header::CACHE_CONTROL, "no-store")], page).into_response())
}

async fn withdraw_code(State(office): State<HeadOffice>, Path(id): Path<String>) -> Result<Redirect, Problem> {
    node_acts::withdraw(&office, id).await?;
    Ok(Redirect::to("/nodes"))
}

async fn ask_approve(State(office): State<HeadOffice>, path: Path<(String, String)>) -> Result<Response, Problem> {
    ask_about_node(office, path, nodes::Act::Approve).await
}

async fn ask_revoke(State(office): State<HeadOffice>, path: Path<(String, String)>) -> Result<Response, Problem> {
    ask_about_node(office, path, nodes::Act::Revoke).await
}

async fn ask_about_node(office: HeadOffice, Path((store, node)): Path<(String, String)>, act: nodes::Act) -> Result<Response, Problem> {
    let frame = frame(&office, Tab::Nodes).await?;
    let facts = nodes_facts(&office).await?;
    Ok(match facts.nodes.iter().find(|row| row.store == store && row.node == node) {
        Some(row) => nodes::question(&frame, row, act).into_response(),
        None => (StatusCode::NOT_FOUND, frame.message("No such node", "No box was ever enrolled under this name.")).into_response(),
    })
}

async fn approve_node(State(office): State<HeadOffice>, Path((store, node)): Path<(StoreId, NodeId)>) -> Result<Redirect, Problem> {
    node_acts::approve(&office, store, node).await?;
    Ok(Redirect::to("/nodes"))
}

#[derive(Deserialize)]
struct RevokeForm {
    #[serde(default)]
    reason: String,
}

async fn revoke_node(
    State(office): State<HeadOffice>,
    Path((store, node)): Path<(StoreId, NodeId)>,
    Form(RevokeForm { reason }): Form<RevokeForm>,
) -> Result<Redirect, Problem> {
    node_acts::revoke(&office, store, node, &reason).await?;
    Ok(Redirect::to("/nodes"))
}

async fn orders_page(State(office): State<HeadOffice>) -> Result<Markup, Problem> {
    let frame = frame(&office, Tab::Orders).await?;
    let now_ms = office.now_ms();
    let remind_ms = office.config().order_remind_ms;
    let sends = !office.config().messages.ways().is_empty();
    let facts = office.read(move |connection| orders::facts(connection, now_ms, remind_ms, sends)).await?;
    Ok(orders::page(&frame, &facts))
}

async fn close_order_return(State(office): State<HeadOffice>, Path(order): Path<OrderNo>) -> Result<Redirect, Problem> {
    super::api::close_return(&office, order).await?;
    Ok(Redirect::to("/orders#returns"))
}

async fn settle_order_exception(State(office): State<HeadOffice>, Path(id): Path<i64>) -> Result<Redirect, Problem> {
    super::api::settle_order_row(&office, id).await?;
    Ok(Redirect::to("/orders#exceptions"))
}

#[derive(Deserialize)]
struct OfStore {
    store: StoreId,
}

async fn rights_page(State(office): State<HeadOffice>, Query(OfStore { store }): Query<OfStore>) -> Result<Markup, Problem> {
    let frame = frame(&office, Tab::Orders).await?;
    let asked = store.clone();
    let rows = office.read(move |connection| super::rights::list(connection, asked.as_str(), queries::ROWS_MAX)).await?;
    Ok(orders::rights_page(&frame, store.as_str(), &rows))
}

#[derive(Deserialize)]
struct LeadForm {
    store: StoreId,
    node: NodeId,
}

async fn name_lead(State(office): State<HeadOffice>, Form(form): Form<LeadForm>) -> Result<Redirect, Problem> {
    super::api::name_lead_of(&office, form.store, form.node).await?;
    Ok(Redirect::to("/orders#leads"))
}

async fn order_page(State(office): State<HeadOffice>, Path(order): Path<String>) -> Result<Response, Problem> {
    let frame = frame(&office, Tab::Orders).await?;
    let found = match order.parse() {
        Ok(order) => {
            let facts = office.read(move |connection| Ok((super::orders::find(connection, &order)?, orders::told_of(connection, &order)?)));
            let (found, told) = facts.await?;
            found.map(|found| (found, told))
        }
        Err(_) => None,
    };
    Ok(match found {
        Some(((row, lines, code), told)) => orders::detail(&frame, &row, &lines, code.as_ref(), &told).into_response(),
        None => (StatusCode::NOT_FOUND, frame.message("No such order", "Head office has no order of this number.")).into_response(),
    })
}

async fn cancel_order(State(office): State<HeadOffice>, Path(order): Path<OrderNo>) -> Result<Redirect, Problem> {
    let address = format!("/orders/{order}");
    super::orders::cancel(&office, order).await?;
    Ok(Redirect::to(&address))
}

/// Somebody told the customer in another way.
async fn customer_told(State(office): State<HeadOffice>, Path(id): Path<i64>) -> Result<Redirect, Problem> {
    super::api::message_sent(&office, id).await?;
    Ok(Redirect::to("/orders#messages"))
}

#[derive(Deserialize)]
struct OfOrder {
    order: OrderNo,
}

async fn send_again(
    State(office): State<HeadOffice>,
    Path(id): Path<i64>,
    Form(OfOrder { order }): Form<OfOrder>,
) -> Result<Redirect, Problem> {
    super::api::message_again(&office, id).await?;
    Ok(Redirect::to(&format!("/orders/{order}#told")))
}

async fn close_incident(State(office): State<HeadOffice>, Path(id): Path<i64>) -> Result<Redirect, Problem> {
    office.write(move |writer, now_ms| writer.close_incident(id, now_ms)).await?;
    Ok(Redirect::to("/incidents"))
}

async fn replay_exception(State(office): State<HeadOffice>, Path(id): Path<i64>) -> Result<Redirect, Problem> {
    office.write(move |writer, now_ms| writer.replay_exception(id, now_ms)).await?;
    Ok(Redirect::to("/incidents#exceptions"))
}

/// Says that something changed; the page then fetches itself. A slow reader hears of the newest change only.
async fn changes(State(office): State<HeadOffice>) -> Response {
    let Ok(seat) = STREAMS.try_acquire() else {
        let detail = format!("{STREAMS_MAX} live streams are open already");
        return Problem::new(StatusCode::SERVICE_UNAVAILABLE, "too_many_streams", detail, "close pages that are not needed")
            .into_response();
    };
    let mut revisions = office.changes();
    let (send, receive) = tokio::sync::mpsc::channel::<Result<Event, Infallible>>(1);
    tokio::spawn(async move {
        let _seat = seat;
        loop {
            let revision = *revisions.borrow_and_update();
            if send.send(Ok(Event::default().event("changed").data(revision.to_string()))).await.is_err() {
                return;
            }
            tokio::time::sleep(NEWS_EVERY).await;
            tokio::select! {
                changed = revisions.changed() => if changed.is_err() { return },
                () = send.closed() => return,
            }
        }
    });
    let beat = KeepAlive::new().interval(BEAT).event(Event::default().event("beat").data("."));
    Sse::new(ReceiverStream::new(receive)).keep_alive(beat).into_response()
}

async fn not_found(State(office): State<HeadOffice>, headers: HeaderMap) -> Result<Response, Problem> {
    let wants_page = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).is_some_and(|accept| accept.contains("text/html"));
    if !wants_page {
        return Err(Problem::new(StatusCode::NOT_FOUND, "not_found", "there is nothing at this address", "start at / or /api/v1/stores"));
    }
    let frame = frame(&office, Tab::Overview).await?;
    Ok((StatusCode::NOT_FOUND, frame.message("Nothing here", "There is no page at this address.")).into_response())
}

/// An empty field of a form is no filter.
fn filled(value: Option<String>) -> Option<String> {
    value.map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
}
