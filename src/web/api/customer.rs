//! The customer of a transaction. Personal data goes in and out in bodies alone, never in an address, and only where somebody is signed in.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::shape::CommandAnswer;
use super::{Asked, Body, IdQuery, Named, ask};
use crate::ids::{CommandId, StaffId, SubjectRef, WorkstationId};
use crate::retail::{Command, Refusal};
use crate::vault::{BadDetails, Consent, Details, FindBy, Vault, VaultError};
use crate::web::Web;
use crate::web::pages::staff_locale;
use crate::web::problem::{Problem, of_refusal};
use crate::web::session::At;
use crate::web::texts::customer::{CustomerTexts, WORDINGS};

type Answered = Result<Json<CommandAnswer>, Problem>;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FindAsked {
    /// An e-mail address, a telephone number or the number of a loyalty card, whole.
    text: String,
}

/// Somebody as the vault knows them.
#[derive(Serialize, ToSchema)]
pub struct CustomerView {
    /// What everything else calls them.
    subject: String,
    name: String,
    email: String,
    phone: String,
    card: String,
    /// When they agreed to be kept, in milliseconds since 1970-01-01 UTC, and to which wording.
    agreed_ms: Option<i64>,
    wording: Option<String>,
}

impl CustomerView {
    fn of(subject: SubjectRef, details: Details) -> CustomerView {
        let consent = details.consents.iter().rev().find(|consent| consent.given);
        CustomerView {
            subject: subject.to_string(),
            agreed_ms: consent.map(|consent| consent.at_ms),
            wording: consent.map(|consent| consent.wording.clone()),
            name: details.name,
            email: details.email,
            phone: details.phone,
            card: details.card,
        }
    }
}

/// Who is known under exactly this spelling. Never by a part of it.
#[utoipa::path(post, path = "/api/v1/workstations/{ws}/customers/find", params(("ws" = String, Path)),
    request_body = FindAsked, responses((status = OK, body = CustomerView), (status = "4XX", body = Problem)))]
pub async fn find(State(web): State<Web>, At(ws): At, Body(body): Body<FindAsked>) -> Result<Json<CustomerView>, Problem> {
    working(&web, &ws)?;
    let t = texts(&web, &ws);
    let vault = vault(&web, t)?;
    let subject = FindBy::meant(&body.text).iter().find_map(|by| vault.find(by));
    let subject = subject.ok_or_else(|| Problem::new(StatusCode::NOT_FOUND, "customer_not_found", t.not_found, t.not_found_remedy))?;
    let details = vault.get(subject).map_err(|error| problem(&error, t))?;
    Ok(Json(CustomerView::of(subject, details)))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCustomer {
    #[serde(default)]
    name: String,
    #[serde(default)]
    email: String,
    #[serde(default)]
    phone: String,
    /// Of a loyalty card; never a payment card's.
    #[serde(default)]
    card: String,
    /// The version of the words that the customer agreed to ("2026-1-en"). Left out: the customer did not agree, and is not kept.
    #[serde(default)]
    agreed_to: String,
}

#[derive(Serialize, ToSchema)]
pub struct Kept {
    subject: String,
}

/// Takes somebody in with their consent, durably. The same details again answer with the same reference.
#[utoipa::path(post, path = "/api/v1/workstations/{ws}/customers", params(("ws" = String, Path)),
    request_body = NewCustomer, responses((status = OK, body = Kept), (status = "4XX", body = Problem)))]
pub async fn create(State(web): State<Web>, At(ws): At, Body(body): Body<NewCustomer>) -> Result<Json<Kept>, Problem> {
    let staff = working(&web, &ws)?;
    let t = texts(&web, &ws);
    let vault = vault(&web, t)?.clone();
    let screen = web.node.screen();
    if screen.workstations.get(&ws).is_some_and(|till| till.training) {
        return Err(of_refusal(&Refusal::NotInTraining, &crate::document::Voice::of_store(&screen.rules)));
    }
    if !WORDINGS.contains(&body.agreed_to.as_str()) {
        let (detail, remedy) = (t.consent_missing, t.consent_missing_remedy);
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "customer_consent_missing", detail, remedy));
    }
    let consent = Consent { given: true, at_ms: web.now_ms(), wording: body.agreed_to, staff };
    let details =
        Details { name: body.name, email: body.email, phone: body.phone, card: body.card, consents: vec![consent], ..Details::default() };
    let kept = tokio::task::spawn_blocking(move || keep(&vault, details)).await;
    let kept = kept.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()));
    Ok(Json(Kept { subject: kept.map_err(|error| problem(&error, t))?.to_string() }))
}

fn keep(vault: &Vault, details: Details) -> Result<SubjectRef, VaultError> {
    let details = details.checked()?;
    match vault.create(details.clone()) {
        // Sent again after the answer was lost.
        Err(VaultError::Taken(known)) if vault.get(known).is_ok_and(|known| is_same(&known, &details)) => Ok(known),
        other => other,
    }
}

fn is_same(known: &Details, asked: &Details) -> bool {
    let plain = |details: &Details| Details { consents: Vec::new(), ..details.clone() };
    known.has_consented() && plain(known) == plain(asked)
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AttachAsked {
    #[schema(value_type = String)]
    id: CommandId,
    #[schema(value_type = String)]
    subject: SubjectRef,
}

/// Attaches somebody to the open transaction, which names the reference alone.
#[utoipa::path(post, path = "/api/v1/workstations/{ws}/customer", params(("ws" = String, Path)),
    request_body = AttachAsked, responses((status = OK, body = CommandAnswer), (status = "4XX", body = Problem)))]
pub async fn attach(State(web): State<Web>, At(ws): At, Body(body): Body<AttachAsked>) -> Answered {
    ask(&web, body.id, Some(ws), Command::AttachCustomer { subject: body.subject }).await
}

/// Takes customer and member's card off the open transaction.
#[utoipa::path(delete, path = "/api/v1/workstations/{ws}/customer", params(("ws" = String, Path), IdQuery),
    responses((status = OK, body = CommandAnswer), (status = "4XX", body = Problem)))]
pub async fn detach(State(web): State<Web>, At(ws): At, Asked(IdQuery { id }): Asked<IdQuery>) -> Answered {
    ask(&web, id, Some(ws), Command::DetachCustomer {}).await
}

#[derive(Deserialize)]
pub struct SubjectAt {
    subject: SubjectRef,
}

/// Destroys what is kept of somebody, for ever; the record keeps the reference. Needs the right, or another person's word.
#[utoipa::path(delete, path = "/api/v1/workstations/{ws}/customers/{subject}", params(("ws" = String, Path), ("subject" = String, Path), IdQuery),
    responses((status = OK, body = CommandAnswer), (status = "4XX", body = Problem)))]
pub async fn erase(State(web): State<Web>, At(ws): At, Named(at): Named<SubjectAt>, Asked(IdQuery { id }): Asked<IdQuery>) -> Answered {
    ask(&web, id, Some(ws), Command::EraseCustomer { subject: at.subject }).await
}

fn texts(web: &Web, ws: &WorkstationId) -> &'static CustomerTexts {
    staff_locale(web, ws).texts.customer
}

/// Who works there; nobody sees personal data at a till that is locked.
pub(super) fn working(web: &Web, ws: &WorkstationId) -> Result<Option<StaffId>, Problem> {
    let screen = web.node.screen();
    let here = screen.workstations.get(ws).and_then(|till| till.signed_in.as_ref()).filter(|here| !here.locked);
    match here {
        None if screen.rules.staff_required => Err(of_refusal(&Refusal::SignInFirst, &crate::document::Voice::of_store(&screen.rules))),
        here => Ok(here.map(|here| here.staff.clone())),
    }
}

fn vault<'a>(web: &'a Web, t: &CustomerTexts) -> Result<&'a Vault, Problem> {
    let closed = || Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "vault_closed", t.closed, t.closed_remedy);
    web.node.shared().vault.as_ref().ok_or_else(closed)
}

fn problem(error: &VaultError, t: &CustomerTexts) -> Problem {
    let unprocessable = |detail: &str| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "customer_details_unusable", detail, t.bad_remedy);
    match error {
        VaultError::Unknown(_) | VaultError::Erased(_) | VaultError::Lost(_) => {
            Problem::new(StatusCode::NOT_FOUND, "customer_not_found", t.not_found, t.not_found_remedy)
        }
        VaultError::Taken(_) => Problem::new(StatusCode::CONFLICT, "customer_taken", t.taken, t.taken_remedy),
        VaultError::Bad(BadDetails::NothingToFindBy) => unprocessable(t.nothing_to_find_by),
        VaultError::Bad(BadDetails::Name) => unprocessable(t.bad_name),
        VaultError::Bad(BadDetails::Email) => unprocessable(t.bad_email),
        VaultError::Bad(BadDetails::Phone) => unprocessable(t.bad_phone),
        VaultError::Bad(BadDetails::Card) => unprocessable(t.bad_card),
        VaultError::Full | VaultError::DiskFull => Problem::new(StatusCode::INSUFFICIENT_STORAGE, "vault_full", t.full, t.full_remedy),
        VaultError::OtherKey { .. } | VaultError::Fenced | VaultError::Disk { .. } => {
            tracing::error!(%error, "the vault does not answer");
            Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "vault_closed", t.closed, t.closed_remedy)
        }
    }
}
