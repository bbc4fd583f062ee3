//! The description of head office's API (OpenAPI 3.1), made from the handlers themselves. What an address needs is said from the one table
//! ([`routes`]), so that it cannot say otherwise.

use std::collections::BTreeMap;

use utoipa::OpenApi as _;
use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{Components, Header, Object, OpenApi, RefOr, ResponseBuilder, Schema, Type};

use super::access::routes::{self, Of, Rule};
use crate::web::problem::{self, Problem};

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Counterfoil head office",
        description = "Every store of a chain. Amounts are integers in minor units of the chain's currency, quantities integers in thousandths \
            of their unit, times milliseconds since 1970-01-01 UTC. Errors are application/problem+json and say what to do next. Unknown fields \
            are refused. Programs send `Authorization: Bearer TOKEN`; a token has rights (`x-right` of an operation), and may be bound to \
            certain stores. Answers have an `ETag`; see docs/API.md.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")
    ),
    components(schemas(Problem))
)]
struct Description;

const SESSION: &str = "session";
const TOKEN: &str = "token";

/// To be merged with what the handlers say.
pub fn begin() -> OpenApi {
    Description::openapi()
}

/// Adds what holds for every address: who may, and how it refuses. `cookie` is what a session's cookie is called.
pub fn complete(mut api: OpenApi, cookie: &str) -> OpenApi {
    let components = api.components.get_or_insert_with(Components::new);
    let cookie = ApiKeyValue::with_description(cookie, "A person's session, from the form at /sign-in.");
    components.add_security_scheme(SESSION, SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
    let token = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some("A program's, from the page People."));
    components.add_security_scheme(TOKEN, SecurityScheme::Http(token.build()));
    let (name, answer) = problem::described();
    components.responses.insert(name.to_owned(), answer.into());
    open_parts(components);
    let known = components.schemas.clone();
    for (path, item) in &mut api.paths.paths {
        for (method, operation) in operations(item) {
            for parameter in operation.parameters.iter_mut().flatten() {
                if let RefOr::T(Parameter { schema: Some(schema), .. }) = parameter {
                    in_place(schema, &known);
                }
            }
            describe(method, path, operation);
        }
    }
    api
}

/// What a parameter may be stands with it: not every reader follows a reference from there.
fn in_place(schema: &mut RefOr<Schema>, known: &BTreeMap<String, RefOr<Schema>>) {
    match schema {
        RefOr::Ref(to) => {
            let found = to.ref_location.rsplit('/').next().and_then(|name| known.get(name));
            if let Some(found) = found.cloned() {
                *schema = found;
            }
        }
        RefOr::T(Schema::OneOf(one)) => one.items.iter_mut().for_each(|item| in_place(item, known)),
        RefOr::T(_) => {}
    }
}

/// What is a part of something else stands beside fields that it does not know. As a body it refuses them all the same.
fn open_parts(components: &mut Components) {
    let mut parts = Vec::new();
    for schema in components.schemas.values() {
        let RefOr::T(Schema::AllOf(whole)) = schema else { continue };
        parts.extend(whole.items.iter().filter_map(|part| match part {
            RefOr::Ref(part) => part.ref_location.rsplit('/').next().map(str::to_owned),
            RefOr::T(_) => None,
        }));
    }
    for part in parts {
        if let Some(RefOr::T(Schema::Object(part))) = components.schemas.get_mut(&part) {
            part.additional_properties = None;
        }
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (&'static str, &mut Operation)> {
    let all = [("GET", &mut item.get), ("PUT", &mut item.put), ("POST", &mut item.post), ("DELETE", &mut item.delete)];
    all.into_iter().filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}

fn describe(method: &'static str, path: &str, operation: &mut Operation) {
    operation.operation_id = Some(operation_id(method, path));
    operation.tags = path.strip_prefix("/api/v1/").and_then(|rest| rest.split(['/', '.']).next()).map(|tag| vec![tag.to_owned()]);
    operation.security = Some([SESSION, TOKEN].map(|scheme| SecurityRequirement::new(scheme, [""; 0])).to_vec());
    if let Some(rule) = routes::find(method, path) {
        operation.extensions = Some(Extensions::from_iter([("x-right", rule.right.name()), ("x-about", about(rule))]));
    }
    let has_body = operation.request_body.is_some();
    let of_header = |parameter: &Parameter| parameter.parameter_in == ParameterIn::Header;
    let is_conditional = operation.parameters.iter().flatten().any(|it| matches!(it, RefOr::T(parameter) if of_header(parameter)));
    if method == "GET" {
        say_tag(operation);
    }
    let statuses = [
        ("400", true),
        ("401", true),
        ("403", true),
        ("404", method != "GET" || path.contains('{')),
        ("409", method != "GET"),
        ("412", is_conditional),
        ("413", has_body),
        ("415", has_body),
        ("422", true),
        ("5XX", true),
    ];
    problem::describe(operation, statuses.into_iter().filter_map(|(status, can_be)| can_be.then_some(status)));
}

/// What is read as JSON has an `ETag` ([`super::api_answers`]).
fn say_tag(operation: &mut Operation) {
    let Some(RefOr::T(answer)) = operation.responses.responses.get_mut("200") else { return };
    if !answer.content.contains_key("application/json") {
        return;
    }
    let text = || Object::with_type(Type::String);
    answer.headers.insert("ETag".to_owned(), Header::new(text()).into());
    let seen = ParameterBuilder::new().name("If-None-Match").parameter_in(ParameterIn::Header).schema(Some(text()));
    let seen = seen.description(Some("An `ETag` from before: answered with 304 and nothing while it is still the same."));
    operation.parameters.get_or_insert_default().push(seen.build().into());
    let same = ResponseBuilder::new().description("Nothing changed since then").build();
    operation.responses.responses.insert("304".to_owned(), same.into());
}

/// "get_places_place_stock_csv": one for each, whatever the handlers are called.
fn operation_id(method: &str, path: &str) -> String {
    let words = path.trim_start_matches("/api/v1/").split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.fold(method.to_ascii_lowercase(), |id, word| id + "_" + word)
}

/// How whoever is bound to certain stores is kept to them.
fn about(rule: &Rule) -> &'static str {
    match rule.of {
        Of::Lists => "rows of stores beyond one's reach are left out",
        Of::Path => "the store or place in the address",
        Of::Body => "the store in the body",
        Of::Query => "the store in the query; without it, the whole chain",
        Of::Row(..) => "the store of the row",
        Of::Nothing => "no store",
        Of::Chain => "the whole chain",
    }
}
