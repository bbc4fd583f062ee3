//! The door at which a box enrols: it has no certificate yet, only a code. Who tries codes out is turned away for a while.

use axum::body::Bytes;
use axum::extract::{ConnectInfo, DefaultBodyLimit, State};
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::routing::post;
use axum::{Json, Router};

use super::enrolment::{self, Enrolled, NotEnrolled};
use super::office::HeadOffice;
use super::writer::WriteError;
use crate::sync::enrolment::{ENROL_PATH, EnrolReply, EnrolRequest};
use crate::sync::wire::WIRE_VERSION;
use crate::web::problem::Problem;
use crate::web::tls::Peer;

const BODY_BYTES_MAX: usize = 8 << 10;

pub fn router(office: HeadOffice) -> Router {
    Router::new().route(ENROL_PATH, post(enrol)).layer(DefaultBodyLimit::max(BODY_BYTES_MAX)).with_state(office)
}

async fn enrol(
    State(office): State<HeadOffice>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<EnrolReply>, Problem> {
    let marks = [header::ORIGIN, header::COOKIE, HeaderName::from_static("sec-fetch-site")];
    if marks.iter().any(|mark| headers.contains_key(mark)) {
        let detail = "this address is for boxes that enrol; the request carries headers as browsers send them";
        return Err(Problem::new(StatusCode::FORBIDDEN, "not_for_browsers", detail, "run `counterfoil enrol` on the box"));
    }
    let Some(authority) = office.authority().cloned() else {
        let detail = "this head office does not enrol boxes";
        return Err(Problem::new(StatusCode::NOT_FOUND, "no_enrolment", detail, "set head_office.enrolment there"));
    };
    let (address, now_ms) = (peer.address.ip(), office.now_ms());
    if office.gate().is_shut(address, now_ms) {
        let detail = "too many wrong codes came from this address";
        return Err(Problem::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too_many_codes",
            detail,
            "wait ten minutes and try again with a new code",
        ));
    }
    let request: EnrolRequest = serde_json::from_slice(&body).map_err(|error| {
        let detail = format!("the body is not the request expected here: {error}");
        Problem::new(StatusCode::BAD_REQUEST, "bad_json", detail, "install the same or a newer version at head office")
    })?;
    let config = office.config();
    let (trust, _) = authority.server_trust(config.tls.as_ref()).map_err(|error| {
        tracing::error!(%error, "head office's certificate cannot be read");
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "not_readable", "head office's certificate cannot be read", "see head office's log")
    })?;
    let life_ms = config.certificate_life_ms;
    let (store, node) = (request.store.clone(), request.node.clone());
    let done = office.write(move |writer, now_ms| {
        let done = enrolment::enrol(writer.connection(), writer.key(), &authority, &request, life_ms, now_ms)?;
        writer.forget_chain(&request.store, &request.node);
        Ok::<_, WriteError>(done)
    });
    match done.await? {
        Ok(Enrolled { certificate, expires_ms, replaced }) => {
            office.gate().forget();
            tracing::info!(%store, %node, %address, replaced, "a box is enrolled");
            let office_key = office.public_key().to_owned();
            Ok(Json(EnrolReply { v: WIRE_VERSION, certificate, ca: trust, office_key, expires_ms }))
        }
        Err(why) => {
            tracing::warn!(%store, %node, %address, ?why, "a box was not enrolled");
            // Whoever holds a code and names the wrong store or box mistypes; who has none may be trying them out.
            if matches!(why, NotEnrolled::UnknownCode | NotEnrolled::NotSigned) {
                office.gate().wrong_code(address, now_ms);
            }
            Err(problem(&why, &office))
        }
    }
}

fn problem(why: &NotEnrolled, office: &HeadOffice) -> Problem {
    let zone = &office.config().time_zone;
    let time = |ms: i64| {
        let at = jiff::Timestamp::from_millisecond(ms).unwrap_or_default().to_zoned(zone.clone());
        at.strftime("%Y-%m-%d %H:%M").to_string()
    };
    let new_code = "make a new code at head office with `counterfoil head-office enrol-code`";
    let (code, detail, remedy) = match why {
        NotEnrolled::UnknownCode => ("code_unknown", "head office knows no such code".to_owned(), new_code.to_owned()),
        NotEnrolled::NotSigned => (
            "not_signed",
            "the request is not signed by the key it names".to_owned(),
            "run `counterfoil enrol` on the box itself; nothing else can ask for it".to_owned(),
        ),
        NotEnrolled::OtherStore { store } => (
            "code_of_other_store",
            format!("this code is for store {store}, and this box is configured as another"),
            format!("set store.id = \"{store}\" in the box's configuration, or {new_code}"),
        ),
        NotEnrolled::OtherNode { node } => (
            "code_of_other_node",
            format!("this code is for node {node}, and this box is configured as another"),
            format!("set node.id = \"{node}\" in the box's configuration, or {new_code}"),
        ),
        NotEnrolled::Used { node, used_ms } => (
            "code_used",
            format!("this code was used at {} by the box that is node {node} now", time(*used_ms)),
            format!("if that was not you, tell head office at once; then {new_code}"),
        ),
        NotEnrolled::Expired { expires_ms } => {
            ("code_expired", format!("this code was good until {}", time(*expires_ms)), new_code.to_owned())
        }
        NotEnrolled::KeyOfAnother { store, node } => (
            "key_of_other_node",
            format!("this box has the key of node {node} in store {store}: its disk is a copy of that box's"),
            "empty this box's data_dir, so that it makes a key of its own, and enrol it again".to_owned(),
        ),
        NotEnrolled::NameTaken { store, node } => (
            "name_taken",
            format!("node {node} of store {store} is called the same but for capitals"),
            "give the box another node.id".to_owned(),
        ),
        NotEnrolled::NodeTaken => (
            "node_taken",
            "another box is this node".to_owned(),
            "give this box another node.id; or, if it takes the other one's place, make a code with --replace".to_owned(),
        ),
        NotEnrolled::BadName => (
            "bad_name",
            "store and node cannot be written into a certificate".to_owned(),
            "use letters, digits and - in store.id and node.id, no dot".to_owned(),
        ),
    };
    Problem::new(StatusCode::FORBIDDEN, code, detail, remedy)
}
