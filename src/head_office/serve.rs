//! Head office as a running service: the doors are opened, nodes and people are answered, and a stop is clean.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::get;
use axum::{Json, Router};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use utoipa_axum::router::OpenApiRouter;

use super::access::accounts;
use super::access::audit;
use super::access::cli::command_entry;
use super::access::door::{self, AccessDoor};
use super::config::HeadOfficeConfig;
use super::office::HeadOffice;
use super::storage::{Folders, StorageError};
use super::writer::Writer;
use super::{
    api, api_answers, card_data, configuration, doors, enrol_door, event_webhooks, events_api, figures, fleet, intake, messages, node_acts,
    openapi, pages, places, reconcile, rights_rounds, routing, service_api, shops_api, status_door, stock_api,
};
use crate::time::{Clock, SystemClock};
use crate::web::guard::{self, Guard};
use crate::web::tls::{self, Door, DoorError, Peer};

/// Requests under way have this long to finish when head office stops.
const STOP_PATIENCE: Duration = Duration::from_secs(5);

/// Why head office cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error(transparent)]
    Door(#[from] DoorError),
    #[error(
        "nobody signs in here (head_office.sign_in is false), and other machines may reach the pages at {address}: leave sign_in out, or listen on 127.0.0.1"
    )]
    OpenToAll { address: SocketAddr },
}

/// A head office at work.
pub struct Running {
    pub office: HeadOffice,
    /// Where nodes call.
    pub address: SocketAddr,
    /// Where people look; the same unless a door of their own is configured.
    pub pages_address: SocketAddr,
    /// Nobody was ever set up: whoever types this at /setup becomes the first admin.
    pub setup_code: Option<String>,
    /// Where customers see how their order stands, when there is a door for them alone.
    pub public_address: Option<SocketAddr>,
    end: watch::Sender<bool>,
    doors: Vec<JoinHandle<()>>,
    senders: Vec<JoinHandle<()>>,
}

/// Opens the data and the doors. Returns when it can take records.
pub async fn start(config: HeadOfficeConfig, clock: Arc<dyn Clock>) -> Result<Running, StartError> {
    // The doors first: one that may not open, and a second head office on the same port, must not touch the data.
    if !config.enrolment && config.tls.is_none() && !config.listen.ip().is_loopback() {
        return Err(DoorError::OpenWithoutTls { address: config.listen }.into());
    }
    let for_people_at = config.pages_listen.unwrap_or(config.listen);
    if !config.sign_in && !for_people_at.ip().is_loopback() {
        return Err(StartError::OpenToAll { address: for_people_at });
    }
    let door = Door::bind(config.listen).await?;
    let pages_door = match config.pages_listen {
        Some(address) => Some(Door::open(address, None).await?),
        None => None,
    };
    let public_door = match config.public_listen {
        Some(address) => Some(Door::open(address, config.public_tls.as_ref()).await?),
        None => None,
    };
    let (address, hosts) = (door.address(), config.hosts.clone());
    let office = HeadOffice::open(config, clock)?;
    let door = door.open(tls_of(&office)?)?;
    tracing::info!(%address, tls = door.is_tls(), public_key = office.public_key(), "head office takes records");
    let (end, ended) = watch::channel(false);
    let setup_code = match office.config().sign_in && !office.read(accounts::is_anybody).await? {
        true => Some(office.setup().offer()),
        false => None,
    };
    let mut senders = messages::start(&office, &ended);
    senders.push(reconcile::start(&office, &ended));
    senders.push(rights_rounds::start(&office, &ended));
    senders.push(event_webhooks::start(&office, &ended));
    senders.push(fleet::rounds::start(&office, &ended));
    senders.push(fleet::mails::start(&office, &ended));
    senders.push(routing::rounds::start(&office, &ended));
    senders.push(intake::drop::start(&office, &ended));
    senders.push(intake::levels::start(&office, &ended));
    let mut running = Running {
        office: office.clone(),
        address,
        pages_address: address,
        public_address: None,
        setup_code,
        end,
        doors: Vec::new(),
        senders,
    };
    let for_nodes = doors::router(office.clone()).merge(enrol_door::router(office.clone()));
    let guard = Guard::new(address, &hosts, door.is_tls());
    match office.authority() {
        // Certificates of our own are nodes' alone: no node is let into the pages.
        Some(_) => running.open(door, for_nodes),
        None => running.open(door, for_people(&office, guard).merge(for_nodes)),
    }
    if let Some(door) = pages_door {
        running.pages_address = door.address();
        let guard = Guard::new(door.address(), &hosts, false);
        running.open(door, for_people(&office, guard));
    }
    if let Some(door) = public_door {
        running.public_address = Some(door.address());
        let named = office.config().public_url.as_ref().and_then(|url| url.split("://").nth(1)).unwrap_or_default();
        let guard = Guard::new(door.address(), &[], door.is_tls()).also(named);
        running.open(door, status_door::alone(office.clone()).layer(from_fn_with_state(Arc::new(guard), guard::stand)));
    }
    Ok(running)
}

/// How the door for nodes is locked.
fn tls_of(office: &HeadOffice) -> Result<Option<rustls::ServerConfig>, DoorError> {
    let config = office.config();
    match office.authority() {
        Some(authority) => authority.server_config(config.names(), office.clock(), config.tls.as_ref()).map(Some),
        None => config.tls.as_ref().map(tls::server_config).transpose(),
    }
}

impl Running {
    fn open(&mut self, door: Door, router: Router) {
        let mut ended = self.end.subscribe();
        self.doors.push(tokio::spawn(async move {
            let end = async move {
                let _ = ended.wait_for(|ended| *ended).await;
            };
            let service = router.into_make_service_with_connect_info::<Peer>();
            if let Err(error) = axum::serve(door, service).with_graceful_shutdown(end).await {
                tracing::error!(%error, "a door of head office closed");
            }
        }));
    }

    /// Whether people's pages are behind TLS. A door of their own never is: it is on loopback.
    pub fn is_tls(&self) -> bool {
        self.is_locked() && self.office.config().pages_listen.is_none()
    }

    /// Whether nodes call over TLS.
    pub fn is_locked(&self) -> bool {
        self.office.config().tls.is_some() || self.office.authority().is_some()
    }

    /// Finishes what is under way, then closes doors and database.
    pub async fn stop(self) {
        self.end.send_replace(true);
        // What is leaving should be noted as left.
        for sender in self.senders {
            let abort = sender.abort_handle();
            if tokio::time::timeout(STOP_PATIENCE, sender).await.is_err() {
                abort.abort();
            }
        }
        self.office.stop().await;
        for door in self.doors {
            let abort = door.abort_handle();
            if tokio::time::timeout(STOP_PATIENCE, door).await.is_err() {
                abort.abort();
            }
        }
    }
}

/// Pages and API, behind the same guard as a node's, then behind the door that asks who it is.
pub fn for_people(office: &HeadOffice, guard: Guard) -> Router {
    let door = Arc::new(AccessDoor { office: office.clone(), guard: guard.clone() });
    let (api, description) = api_of(office, &door);
    let description = Arc::new(description);
    Router::new()
        .merge(api)
        .route("/api/openapi.json", get(move || std::future::ready(Json(description.as_ref().clone()))))
        .merge(pages::router(office.clone()))
        .merge(pages::sign_in::router(Arc::clone(&door)))
        .merge(pages::accounts::router(office.clone()))
        .layer(from_fn_with_state(office.clone(), card_data::watch))
        .layer(from_fn_with_state(door, door::stand))
        .layer(from_fn(api_answers::finish))
        // Customers do not sign in.
        .merge(status_door::router(office.clone()))
        .layer(from_fn_with_state(Arc::new(guard), guard::stand))
}

/// Everything for programs, and its description.
fn api_of(office: &HeadOffice, door: &AccessDoor) -> (Router, utoipa::openapi::OpenApi) {
    let (api, description) = OpenApiRouter::with_openapi(openapi::begin())
        .merge(api::router(office.clone()))
        .merge(shops_api::router(office.clone()))
        .merge(stock_api::router(office.clone()))
        .merge(places::api::router(office.clone()))
        .merge(service_api::router(office.clone()))
        .merge(intake::api::router(office.clone()))
        .merge(figures::api::router(office.clone()))
        .merge(reconcile::api::router(office.clone()))
        .merge(events_api::router(office.clone()))
        .merge(fleet::api::router(office.clone()))
        .merge(routing::api::router(office.clone()))
        .merge(configuration::api::router(office.clone()))
        .merge(node_acts::router(office.clone()))
        .merge(pages::audit::router(office.clone()))
        .split_for_parts();
    (api, openapi::complete(description, &door.guard.cookie_name(door::COOKIE)))
}

/// `head-office restore`: after the database was put back from a backup, and before it serves again, raises the epoch, so that every store
/// knows and sends what the backup lacks. Returns the new epoch.
pub fn restore(config: &HeadOfficeConfig) -> Result<u64, StorageError> {
    let folders = Folders::of(config);
    folders.create()?;
    let _lock = folders.lock_serving()?;
    let mut writer = Writer::open(&folders)?;
    let failed = |source| folders.failed(source);
    let now_ms = SystemClock::new().now().ms;
    writer
        .transaction(|writer| {
            let epoch = writer.restore()?;
            let entry = command_entry("raise epoch after a restore", &format!("epoch {epoch}"), "");
            audit::append(writer.connection(), writer.key(), &entry, now_ms)?;
            Ok(epoch)
        })
        .map_err(failed)
}
