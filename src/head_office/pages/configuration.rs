//! Configuration of the boxes: the profiles, one of them to change, and who would get what before it is applied.

use std::collections::BTreeSet;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Form, Router};
use maud::{Markup, html};
use serde::Deserialize;

use super::frame;
use super::frame::{Frame, Tab, counted, visible};
use crate::head_office::access::{self, Right};
use crate::head_office::configuration::api::{self, Apply};
use crate::head_office::configuration::plan::{Change, Preview, Shop};
use crate::head_office::configuration::{self, NotKept, Targets, Version, Wanted};
use crate::head_office::office::HeadOffice;
use crate::node::config::profile::{Setting, shared_words};
use crate::web::problem::Problem;

/// Stores that are named at once; the rest is folded.
const STORES_SHOWN: usize = 12;
/// Of a value.
const VALUE_CHARS_SHOWN: usize = 160;

pub fn routes() -> Router<HeadOffice> {
    Router::new()
        .route("/configuration", get(page))
        .route("/configuration/profiles", get(named))
        .route("/configuration/profiles/{profile}", get(profile_page).post(keep))
        .route("/configuration/preview", get(preview_page))
        .route("/configuration/apply", post(apply))
}

async fn page(State(office): State<HeadOffice>) -> Result<Markup, Problem> {
    let frame = frame(&office, Tab::Fleet).await?;
    let profiles = office.read(configuration::list).await?;
    let tools = html! {
        div .tools {
            a .button.primary href="/configuration/preview" { "Who gets what" }
            a .button href="/fleet" { "Fleet" }
        }
    };
    let body = html! {
        p .note {
            "A profile is a piece of a box’s " code { "node.toml" } ", for all stores, a region or a store; the narrower beats the wider, key by key. "
            "Nothing leaves head office before “Who gets what” is applied."
        }
        @if profiles.is_empty() { p .empty { "No profile yet: each box goes by its own file." } } @else {
            table .wide {
                thead { tr { th { "Profile" } th { "For" } th .n { "Version" } th { "By" } th { "When" } } }
                tbody {
                    @for of in &profiles {
                        tr {
                            td data-label="Profile" { a .strong href=(format!("/configuration/profiles/{}", of.profile)) { (of.profile) } }
                            td data-label="For" { (visible(&targets(&of.targets))) }
                            td .n data-label="Version" { (of.version) }
                            td data-label="By" { (visible(&of.who)) }
                            td data-label="When" { span title=(frame.time(of.made_ms)) { (frame.ago(of.made_ms)) } }
                        }
                    }
                }
            }
        }
    };
    let forms = html! {
        @if access::may(Right::Manage) {
            section {
                form .tools method="get" action="/configuration/profiles" autocomplete="off" {
                    label { "New profile " input name="name" size="16" maxlength="40" required pattern="[a-z0-9_\\-]+" title="a-z, 0-9, - and _"; }
                    button { "Write it" }
                }
            }
        }
    };
    Ok(frame.page_with_forms("Configuration", tools, body, forms))
}

fn targets(of: &Targets) -> String {
    let all = of.all.then(|| "all stores".to_owned());
    let regions = of.regions.iter().map(|region| format!("region {region}"));
    let words: Vec<String> = all.into_iter().chain(regions).chain(of.stores.iter().cloned()).collect();
    if words.is_empty() { "nobody".to_owned() } else { words.join(", ") }
}

#[derive(Deserialize)]
struct Name {
    name: String,
}

async fn named(Query(Name { name }): Query<Name>) -> Redirect {
    let name = name.trim().to_lowercase();
    Redirect::to(&if configuration::is_name(&name) { format!("/configuration/profiles/{name}") } else { "/configuration".to_owned() })
}

#[derive(Deserialize)]
struct Which {
    version: Option<u64>,
}

async fn profile_page(
    State(office): State<HeadOffice>,
    Path(profile): Path<String>,
    Query(Which { version }): Query<Which>,
) -> Result<Response, Problem> {
    let frame = frame(&office, Tab::Fleet).await?;
    let name = profile.clone();
    let (versions, shown) = office
        .read(move |connection| Ok((configuration::versions(connection, &name)?, configuration::find(connection, &name, version)?)))
        .await?;
    let shown = match shown {
        Some(shown) => shown,
        None if versions.is_empty() && version.is_none() && configuration::is_name(&profile) => Version { profile, ..Version::default() },
        None => {
            let message = frame.message("No such profile", "It was never kept, or the version is too old.");
            return Ok((StatusCode::NOT_FOUND, message).into_response());
        }
    };
    Ok(one(&frame, &versions, &shown, &[]).into_response())
}

/// `faults`: why what is shown was not kept.
fn one(frame: &Frame, versions: &[Version], shown: &Version, faults: &[String]) -> Markup {
    let newest = versions.first().map_or(0, |newest| newest.version);
    let joined = |names: &BTreeSet<String>| names.iter().cloned().collect::<Vec<_>>().join(" ");
    let tools = html! { a .button href="/configuration" { "Configuration" } };
    let rows = shown.document.lines().count().clamp(12, 40);
    let forms = html! {
        @if !faults.is_empty() {
            div .faults role="alert" {
                strong { "Nothing was kept. Mend this and keep it again:" }
                ul { @for why in faults { li { (visible(why)) "." } } }
            }
        } @else if shown.version < newest {
            p .note { "This is version " (shown.version) " by " (visible(&shown.who)) ", " (frame.time(shown.made_ms)) ". Keep it to put it back as the newest." }
        }
        form method="post" action=(format!("/configuration/profiles/{}", shown.profile)) autocomplete="off" {
            input type="hidden" name="over" value=(newest);
            textarea .document name="document" rows=(rows) spellcheck="false" aria-label="The profile, as TOML" { (shown.document) }
            p .note { "It may hold " (shared_words()) ", written as in node.toml. A list is replaced as a whole." }
            div .tools {
                label { input type="checkbox" name="all" value="yes" checked[shown.targets.all]; span { "for all stores" } }
                label { "Regions " input name="regions" size="16" maxlength="1000" value=(joined(&shown.targets.regions)); }
                label { "Stores " input name="stores" size="24" maxlength="8000" value=(joined(&shown.targets.stores)); }
                @if access::may(Right::Manage) { button .primary { "Keep, and look who gets what" } }
            }
        }
        @if !versions.is_empty() {
            section #versions {
                h2 { "Versions" }
                table .wide {
                    thead { tr { th .n { "Version" } th { "By" } th { "When" } } }
                    tbody {
                        @for of in versions.iter().take(20) {
                            tr {
                                td .n data-label="Version" { a href=(format!("/configuration/profiles/{}?version={}", of.profile, of.version)) { (of.version) } }
                                td data-label="By" { (visible(&of.who)) }
                                td data-label="When" { (frame.time(of.made_ms)) }
                            }
                        }
                    }
                }
            }
        }
    };
    frame.page_with_forms(&format!("Profile {}", visible(&shown.profile)), tools, html! {}, forms)
}

#[derive(Deserialize)]
struct ProfileForm {
    document: String,
    over: u64,
    all: Option<String>,
    #[serde(default)]
    regions: String,
    #[serde(default)]
    stores: String,
}

/// What cannot be kept comes back as it was typed, with every complaint.
async fn keep(State(office): State<HeadOffice>, Path(profile): Path<String>, Form(form): Form<ProfileForm>) -> Result<Response, Problem> {
    let names = |text: &str| text.split([' ', ',', '\n', '\t']).filter(|name| !name.is_empty()).map(str::to_owned).collect();
    let targets = Targets { all: form.all.is_some(), regions: names(&form.regions), stores: names(&form.stores) };
    // As a browser sends what was typed.
    let document = form.document.replace("\r\n", "\n");
    let wanted = Wanted { profile: profile.clone(), document: document.clone(), targets: targets.clone(), over: Some(form.over) };
    let faults: Vec<String> = match api::keep(&office, wanted).await? {
        Ok(_) => return Ok(Redirect::to("/configuration/preview").into_response()),
        Err(NotKept::Complaints(complaints)) => complaints.iter().map(ToString::to_string).collect(),
        Err(NotKept::Newer(version)) => {
            vec![format!("somebody kept version {version} meanwhile: open it below, and bring your change into it")]
        }
    };
    let frame = frame(&office, Tab::Fleet).await?;
    let name = profile.clone();
    let versions = office.read(move |connection| configuration::versions(connection, &name)).await?;
    let typed = Version { profile, document, targets, version: form.over, ..Version::default() };
    Ok((StatusCode::UNPROCESSABLE_ENTITY, one(&frame, &versions, &typed, &faults)).into_response())
}

async fn preview_page(State(office): State<HeadOffice>) -> Result<Markup, Problem> {
    let frame = frame(&office, Tab::Fleet).await?;
    let preview = api::look(&office).await?;
    Ok(who_gets_what(&frame, &preview, ""))
}

/// `why`: nothing was applied.
fn who_gets_what(frame: &Frame, preview: &Preview, why: &str) -> Markup {
    let changed: usize = preview.groups.iter().map(|group| group.stores.len()).sum();
    let tools = html! { div .tools { a .button href="/configuration" { "Configuration" } a .button href="/fleet" { "Fleet" } } };
    // Not brought up to date while it is read: what is applied is what is seen.
    let forms = html! {
        @if !why.is_empty() { div .faults role="alert" { p { (visible(why)) "." } } }
        @if !preview.faults.is_empty() {
            div .faults role="alert" {
                strong { "Nothing can be applied before this is mended:" }
                @for of in &preview.faults {
                    p { (shops(&of.stores)) }
                    ul { @for why in &of.why { li { (visible(why)) "." } } }
                }
            }
        }
        @if preview.groups.is_empty() && preview.faults.is_empty() { p .empty { "Nothing would change: every store has what the profiles say." } }
        @for group in &preview.groups {
            section {
                h2 { (counted(&frame.count(group.stores.len() as u64), "store")) span .more .dim { (shops(&group.stores)) } }
                table .wide {
                    thead { tr { th { "Key" } th { "From" } th { "To" } } }
                    tbody { @for change in &group.changes { (row(change)) } }
                }
            }
        }
        @if !preview.unchanged.is_empty() {
            section #unchanged {
                h2 { "Stay as they are" }
                p { (counted(&frame.count(preview.unchanged.len() as u64), "store")) ": " (shops(&preview.unchanged)) }
            }
        }
        @if changed > 0 && preview.faults.is_empty() && access::may(Right::Manage) {
            section {
                p .note {
                    "A box takes it as soon as it has a line and no sale is open there, and checks it with its own file first. What does not fit is refused, and Fleet says why."
                }
                form .tools method="post" action="/configuration/apply" {
                    input type="hidden" name="id" value=(preview.id);
                    button .primary { "Apply to " (counted(&frame.count(changed as u64), "store")) }
                }
            }
        }
    };
    frame.page_with_forms("Who gets what", tools, html! {}, forms)
}

fn shops(shops: &[Shop]) -> Markup {
    let name = |shop: &Shop| {
        if shop.name == shop.store || shop.name.is_empty() { shop.store.clone() } else { format!("{} ({})", shop.name, shop.store) }
    };
    let words = |shops: &[Shop]| visible(&shops.iter().map(name).collect::<Vec<_>>().join(", "));
    let (shown, rest) = shops.split_at(shops.len().min(STORES_SHOWN));
    html! {
        (words(shown))
        @if !rest.is_empty() { details .behind { summary { (rest.len()) " more" } (words(rest)) } }
    }
}

fn row(change: &Change) -> Markup {
    let value = |setting: &Option<Setting>| {
        html! {
            @match setting {
                None => span .dim { "the box’s own file" },
                Some(Setting { to, profile, version }) => {
                    @let text = to.to_string();
                    code title=(text) { (visible(&text.chars().take(VALUE_CHARS_SHOWN).collect::<String>())) @if text.chars().count() > VALUE_CHARS_SHOWN { "…" } }
                    " " span .dim { (profile) " " (version) }
                }
            }
        }
    };
    html! {
        tr {
            td data-label="Key" { code { (visible(&change.key)) } }
            td data-label="From" { (value(&change.from)) }
            td data-label="To" { (value(&change.to)) }
        }
    }
}

async fn apply(State(office): State<HeadOffice>, Form(Apply { id }): Form<Apply>) -> Result<Response, Problem> {
    let problem = match api::apply_now(&office, id).await {
        Ok(_) => return Ok(Redirect::to("/fleet").into_response()),
        Err(problem) if (400..500).contains(&problem.status) => problem,
        Err(problem) => return Err(problem),
    };
    let frame = frame(&office, Tab::Fleet).await?;
    let preview = api::look(&office).await?;
    let why = format!("Nothing was applied: {}; {}", problem.detail, problem.remedy);
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::CONFLICT);
    Ok((status, who_gets_what(&frame, &preview, &why)).into_response())
}
