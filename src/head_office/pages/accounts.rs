//! The page People, for admins: who may sign in at head office, with which role, for which stores; who is signed in; the tokens of programs.

use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Form, Router};
use maud::{Markup, html};
use serde::Deserialize;

use super::frame::{Frame, Tab, encoded, visible};
use super::sign_in::session_table;
use crate::head_office::access::accounts::{self, Account, Draft};
use crate::head_office::access::sessions;
use crate::head_office::access::tokens::{self, TokenRow, Wanted};
use crate::head_office::access::{self, Reach, Right, Role};
use crate::head_office::office::HeadOffice;
use crate::web::problem::Problem;

pub fn router(office: HeadOffice) -> Router {
    Router::new()
        .route("/people", get(show).post(save))
        .route("/people/tokens", get(back).post(make_token))
        .route("/people/tokens/{name}/revoke", post(revoke_token))
        .route("/people/sessions/{id}/end", post(end_session))
        .route("/people/{login}/{act}", get(back_to_all).post(act))
        .with_state(office)
}

/// What is shown this once.
enum Made {
    Password { login: String, password: String },
    Token { name: String, secret: String },
}

#[derive(Default)]
struct Shown {
    /// Whose row is being changed.
    edit: Option<String>,
    typed: Option<Typed>,
    complaint: String,
    made: Option<Made>,
}

#[derive(Deserialize)]
struct Edit {
    edit: Option<String>,
}

async fn show(State(office): State<HeadOffice>, Query(Edit { edit }): Query<Edit>) -> Result<Response, Problem> {
    page(&office, Shown { edit, ..Shown::default() }, StatusCode::OK).await
}

/// The page that shows something once has this address, and asks it for news of the list.
async fn back() -> Redirect {
    Redirect::to("/people")
}

async fn back_to_all(Path(_): Path<(String, String)>) -> Redirect {
    Redirect::to("/people")
}

/// The form as a browser sends it.
#[derive(Debug, Clone, Default, Deserialize)]
struct Typed {
    #[serde(default)]
    login: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    role: String,
    #[serde(default)]
    stores: String,
    #[serde(default)]
    regions: String,
    /// "yes": somebody who is there.
    #[serde(default)]
    known: String,
}

impl Typed {
    fn draft(&self) -> Result<Draft, String> {
        let role = Role::named(&self.role).ok_or("choose a role")?;
        let reach = Reach::parse(&self.stores, &self.regions)?;
        Ok(Draft { login: self.login.trim().to_lowercase(), name: self.name.trim().to_owned(), role, reach })
    }
}

async fn save(State(office): State<HeadOffice>, Form(typed): Form<Typed>) -> Result<Response, Problem> {
    let is_known = typed.known == "yes";
    let edit = is_known.then(|| typed.login.clone());
    let again = async |why: String| {
        page(
            &office,
            Shown { edit: edit.clone(), typed: Some(typed.clone()), complaint: why, made: None },
            StatusCode::UNPROCESSABLE_ENTITY,
        )
        .await
    };
    let draft = match typed.draft().and_then(|draft| accounts::check(&draft).map(|()| draft).map_err(|why| why.to_string())) {
        Ok(draft) => draft,
        Err(why) => return again(why).await,
    };
    let login = draft.login.clone();
    if is_known {
        return match office.write(move |writer, now_ms| Ok(accounts::change(writer.connection(), &draft, now_ms)?)).await? {
            Ok(()) => Ok(Redirect::to("/people").into_response()),
            Err(why) => again(why.to_string()).await,
        };
    }
    let (password, hash) = made_password().await;
    match office.write(move |writer, now_ms| Ok(accounts::add(writer.connection(), &draft, &hash, true, now_ms)?)).await? {
        Ok(()) => page(&office, Shown { made: Some(Made::Password { login, password }), ..Shown::default() }, StatusCode::OK).await,
        Err(why) => again(why.to_string()).await,
    }
}

async fn made_password() -> (String, String) {
    let made = tokio::task::spawn_blocking(accounts::made_password).await;
    made.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
}

/// `reset`, `disable`, `enable` or `end-sessions`.
async fn act(State(office): State<HeadOffice>, Path((login, act)): Path<(String, String)>) -> Result<Response, Problem> {
    let asked = login.clone();
    let done = match act.as_str() {
        "reset" => {
            let (password, hash) = made_password().await;
            let done = office
                .write(move |writer, now_ms| Ok(accounts::set_password(writer.connection(), &asked, &hash, true, None, now_ms)?))
                .await?;
            if done.is_ok() {
                return page(&office, Shown { made: Some(Made::Password { login, password }), ..Shown::default() }, StatusCode::OK).await;
            }
            done
        }
        "disable" | "enable" => {
            let is_disabled = act == "disable";
            office.write(move |writer, now_ms| Ok(accounts::disable(writer.connection(), &asked, is_disabled, now_ms)?)).await?
        }
        "end-sessions" => {
            let sql = "DELETE FROM account_sessions WHERE login = ?1";
            office.write(move |writer, _| Ok(writer.connection().execute(sql, [asked.as_str()])?)).await?;
            Ok(())
        }
        _ => {
            return Err(Problem::new(StatusCode::NOT_FOUND, "not_found", "there is no such act", "reset, disable, enable or end-sessions"));
        }
    };
    match done {
        Ok(()) => Ok(Redirect::to("/people").into_response()),
        Err(why) => page(&office, Shown { edit: Some(login), complaint: why.to_string(), ..Shown::default() }, StatusCode::CONFLICT).await,
    }
}

async fn end_session(State(office): State<HeadOffice>, Path(id): Path<String>) -> Result<Redirect, Problem> {
    office.write(move |writer, _| Ok(sessions::end(writer.connection(), &id, None)?)).await?;
    Ok(Redirect::to("/people#sessions"))
}

#[derive(Deserialize)]
struct TokenForm {
    #[serde(default)]
    name: String,
    #[serde(default)]
    scope: String,
    #[serde(default)]
    stores: String,
    #[serde(default)]
    regions: String,
    #[serde(default)]
    channels: String,
    #[serde(default)]
    days: String,
}

async fn make_token(State(office): State<HeadOffice>, Form(form): Form<TokenForm>) -> Result<Response, Problem> {
    let name = form.name.trim().to_owned();
    let wanted = tokens::scope(&form.scope).map_err(|why| why.to_string()).and_then(|scope| {
        let reach = Reach::parse(&form.stores, &form.regions)?;
        let days = form.days.trim().parse().map_err(|_| format!("{:?} is no number of days", form.days))?;
        let channels = tokens::channels(&form.channels).map_err(|why| why.to_string())?;
        Ok(Wanted { name: name.clone(), scope, reach, channels, days })
    });
    let wanted = match wanted {
        Ok(wanted) => wanted,
        Err(why) => return page(&office, Shown { complaint: why, ..Shown::default() }, StatusCode::UNPROCESSABLE_ENTITY).await,
    };
    let by = access::acting().map_or_else(String::new, |acting| acting.who.who.clone());
    match office.write(move |writer, now_ms| Ok(tokens::make(writer.connection(), &wanted, &by, now_ms)?)).await? {
        Ok(secret) => page(&office, Shown { made: Some(Made::Token { name, secret }), ..Shown::default() }, StatusCode::OK).await,
        Err(why) => page(&office, Shown { complaint: why.to_string(), ..Shown::default() }, StatusCode::UNPROCESSABLE_ENTITY).await,
    }
}

async fn revoke_token(State(office): State<HeadOffice>, Path(name): Path<String>) -> Result<Redirect, Problem> {
    let revoked = office.write(move |writer, now_ms| Ok(tokens::revoke(writer.connection(), &name, now_ms)?)).await?;
    let unknown = |why: tokens::NotDone| Problem::new(StatusCode::NOT_FOUND, "no_such_token", why.to_string(), "load the list again");
    revoked.map(|()| Redirect::to("/people#tokens")).map_err(unknown)
}

async fn page(office: &HeadOffice, shown: Shown, status: StatusCode) -> Result<Response, Problem> {
    let frame = super::frame(office, Tab::People).await?;
    let now_ms = office.now_ms();
    let (people, open, programs) = office
        .read(move |connection| Ok((accounts::list(connection)?, sessions::list(connection, None, now_ms)?, tokens::list(connection)?)))
        .await?;
    let own = access::acting().and_then(|acting| acting.who.session.clone()).unwrap_or_default();
    let edited = shown.edit.as_ref().and_then(|login| people.iter().find(|row| row.login == *login));
    let tools = html! {
        @if let Some(made) = &shown.made { (made_once(made)) }
        @if !shown.complaint.is_empty() { div .faults role="alert" { p { (visible(&shown.complaint)) } } }
        (person_form(edited, shown.typed.as_ref()))
        (token_form())
    };
    let body = html! {
        (people_table(&frame, &people))
        section #sessions {
            h2 { "Signed in now" }
            @if open.is_empty() { p .empty { "Nobody." } } @else { (session_table(&frame, &open, &own, "/people/sessions")) }
        }
        (tokens_section(&frame, &programs))
    };
    Ok((status, [(header::CACHE_CONTROL, "no-store")], frame.page("People", tools, body)).into_response())
}

fn made_once(made: &Made) -> Markup {
    html! {
        div .made {
            @match made {
                Made::Password { login, password } => {
                    p { "The password of " strong { (visible(login)) } ", shown this once. It has to be replaced at the first sign-in." }
                    p .code { (password) }
                }
                Made::Token { name, secret } => {
                    p { "The token " strong { (visible(name)) } ", shown this once. The program sends it as " code { "Authorization: Bearer …" } }
                    pre { (secret) }
                }
            }
        }
    }
}

/// Adds somebody, or changes who is there.
fn person_form(edited: Option<&Account>, typed: Option<&Typed>) -> Markup {
    let (stores, regions) = edited.map(|row| row.reach.stored()).unwrap_or_default();
    let before = edited.map(|row| Typed {
        login: row.login.clone(),
        name: row.name.clone(),
        role: row.role.name().to_owned(),
        stores,
        regions,
        known: "yes".to_owned(),
    });
    let shown = typed.cloned().or(before).unwrap_or_default();
    html! {
        div .question[edited.is_some()] {
            form .tools method="post" action="/people" autocomplete="off" {
                @if let Some(row) = edited {
                    strong { (row.login) }
                    input type="hidden" name="login" value=(row.login);
                    input type="hidden" name="known" value="yes";
                } @else {
                    label { "Login " input name="login" size="10" maxlength="40" required autocapitalize="none" spellcheck="false" value=(shown.login) placeholder="anna"; }
                }
                label { "Name " input name="name" size="14" maxlength="60" required value=(shown.name); }
                label { "Role "
                    select name="role" { @for role in Role::ALL { option value=(role.name()) selected[role.name() == shown.role] { (role.words()) } } }
                }
                label { "Stores " input name="stores" size="10" value=(shown.stores) placeholder="* = all"; }
                label { "Regions " input name="regions" size="10" value=(shown.regions); }
                button { @if edited.is_some() { "Save" } @else { "Add" } }
            }
            @if let Some(row) = edited {
                div .tools.pager {
                    (button_for(row, "reset", "New password"))
                    @if row.sessions > 0 { (button_for(row, "end-sessions", "End sessions")) }
                    @if row.disabled_ms.is_some() { (button_for(row, "enable", "Let in again")) } @else { (button_for(row, "disable", "Shut out")) }
                    a .button href="/people" { "Leave it as it is" }
                }
            }
        }
    }
}

fn button_for(row: &Account, act: &str, words: &str) -> Markup {
    html! { form method="post" action={ "/people/" (encoded(&row.login)) "/" (act) } { button { (words) } } }
}

fn people_table(frame: &Frame, people: &[Account]) -> Markup {
    html! {
        @if people.is_empty() {
            p .empty { "Nobody yet: add people above, or with " code { "counterfoil head-office person add" } "." }
        } @else {
            table .wide {
                thead { tr { th { "Login" } th { "Name" } th { "Role" } th { "Stores" } th .n { "Last seen" } th .n {} } }
                tbody {
                    @for row in people {
                        tr {
                            td data-label="Login" { code { (visible(&row.login)) } }
                            td data-label="Name" {
                                (visible(&row.name))
                                @if row.disabled_ms.is_some() { " " span .state.warn { "shut out" } }
                                @else if row.must_change { " " span .dim { "has to choose a password" } }
                            }
                            td data-label="Role" { (row.role.words()) }
                            td data-label="Stores" { (visible(&row.reach.to_string())) }
                            td .n data-label="Last seen" { @if let Some(at) = row.seen_ms { span title=(frame.time(at)) { (frame.ago(at)) } } @else { span .dim { "–" } } }
                            td .n { a .button href={ "/people?edit=" (encoded(&row.login)) } { "Change" } }
                        }
                    }
                }
            }
        }
    }
}

/// Outside of the part that is replaced while somebody types.
fn token_form() -> Markup {
    html! {
        details .aside {
            summary { "Make a token for a program" }
            form .tools method="post" action="/people/tokens" autocomplete="off" {
                label { "Name " input name="name" size="12" maxlength="40" required autocapitalize="none" spellcheck="false" placeholder="web-shop"; }
                label { "Scope " input name="scope" size="16" required placeholder="look, orders"; }
                label { "Stores " input name="stores" size="10" placeholder="* = all"; }
                label { "Regions " input name="regions" size="10"; }
                label { "Or channels " input name="channels" size="10" autocapitalize="none" spellcheck="false"; }
                label { "Days " input name="days" size="4" inputmode="numeric" required value=(tokens::DAYS); }
                button { "Make" }
            }
            p .note { "Scopes: " (Right::ALL.iter().filter(|right| **right != Right::Administer).map(|right| right.name()).collect::<Vec<_>>().join(", ")) "." }
        }
    }
}

fn tokens_section(frame: &Frame, rows: &[TokenRow]) -> Markup {
    html! {
        section #tokens {
            h2 { "Tokens of programs" }
            @if rows.is_empty() { p .empty { "None." } } @else {
                table .wide {
                    thead { tr { th { "Name" } th { "Scope" } th { "For" } th .n { "Good until" } th .n { "Last used" } th { "Made by" } th .n {} } }
                    tbody {
                        @for row in rows {
                            tr {
                                td data-label="Name" { code { (visible(&row.name)) } }
                                td data-label="Scope" { (row.scope.iter().map(|right| right.name()).collect::<Vec<_>>().join(", ")) }
                                td data-label="For" { (visible(&row.bounds())) }
                                td .n data-label="Good until" {
                                    @if row.revoked_ms.is_some() { span .state.bad { "revoked" } }
                                    @else if row.expires_ms <= frame.now_ms { span .state.warn { "over" } }
                                    @else { (frame.time(row.expires_ms)) }
                                }
                                td .n data-label="Last used" { @if let Some(at) = row.used_ms { (frame.ago(at)) } @else { span .dim { "never" } } }
                                td data-label="Made by" { (visible(&row.made_by)) }
                                td .n {
                                    @if row.revoked_ms.is_none() {
                                        form method="post" action={ "/people/tokens/" (encoded(&row.name)) "/revoke" } { button { "Revoke" } }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
