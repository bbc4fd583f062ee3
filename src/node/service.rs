//! A node with its door open: what `counterfoil node` and the demo run. Pages, API and the line to head office on a running shop.

use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use tracing::error;

use super::config::profile::Setting;
use super::config::{self, NodeConfig};
use super::configuration::Configuration;
use super::notify;
use super::start::{Running, StartError, start};
use super::writer::WriterError;
use super::{Node, figures};
use crate::journal::OpenError;
use crate::process;
use crate::time::SystemClock;
use crate::web::guard::Guard;
use crate::web::locale::Locale;
use crate::web::pairing::Pairing;
use crate::web::setup_code::SetupCode;
use crate::web::tls::{Door, Peer};
use crate::web::{self, Extra, WebParts};

/// A node that sells, answers and tells head office.
pub struct Service {
    pub running: Running,
    pub address: SocketAddr,
    pub pairing: Arc<Pairing>,
    setup: Arc<SetupCode>,
    is_tls: bool,
}

impl Service {
    /// Nobody could use this node: no screen is paired, or people are asked for and none are known. Then a new code lets one browser in; the
    /// words for the console say where.
    pub fn offer_setup(&self, config: &NodeConfig) -> Option<String> {
        let has_screens = !self.pairing.screens().is_empty();
        let lacks_people = config.rules.staff_required && self.running.node.shared().books.books().staff.is_empty();
        if has_screens && !lacks_people {
            return None;
        }
        let scheme = if self.is_tls { "https" } else { "http" };
        let host = match config.hosts.first() {
            Some(host) if self.address.ip().is_unspecified() => format!("{host}:{}", self.address.port()),
            Some(_) | None => self.address.to_string(),
        };
        let code = self.setup.offer();
        Some(format!(
            "set-up code: {code} - open {scheme}://{host}/setup and type it there. It lets one browser in and is good until it is used, or until the next start."
        ))
    }
}

/// Opens the door first (the clearest error comes first), then the shop behind it, then lets people in. `extra` adds pages that only the demo has.
pub async fn open(config: &NodeConfig, extra: impl FnOnce(Node) -> Extra) -> Result<Service, StartError> {
    let door = Door::open(config.listen, config.tls.as_ref()).await?;
    let address = door.address();
    let running = start(config).await?;
    let node = running.node.clone();
    let clock = Arc::new(SystemClock::new());
    let pairing = Arc::new(Pairing::open(&config.data_dir, clock.clone())?);
    tokio::spawn(pairing.clone().watch_files());
    let is_tls = door.is_tls();
    let guard = Arc::new(Guard::new(address, &config.hosts, is_tls));
    let setup = Arc::new(SetupCode::new(clock.clone()));
    let parts = WebParts {
        locale: Locale::of_store(&config.locale, config.time_zone.clone()),
        guard,
        pairing: pairing.clone(),
        setup: setup.clone(),
        clock,
        metrics: Box::new(figures::render),
        body_timeout: web::BODY_TIMEOUT,
    };
    let router = web::router(node.clone(), parts, extra(node.clone()));
    tokio::spawn(async move {
        if let Err(reason) = axum::serve(door, router.into_make_service_with_connect_info::<Peer>()).await {
            error!(%reason, "the door closed: screens cannot reach the node until it is started again");
        }
    });
    notify::ready();
    Ok(Service { running, address, pairing, setup, is_tls })
}

/// `counterfoil node`.
pub fn run(path: &Path, check_only: bool) -> ExitCode {
    let config = match config::load(path) {
        Ok(config) => config,
        Err(reason) => return process::fail(&reason, process::EXIT_CONFIG),
    };
    if check_only {
        let (workstations, devices) = (config.rules.workstations.len(), config.devices.len());
        println!(
            "{} is right: store {}, node {}, {workstations} workstation(s), {devices} device(s)",
            path.display(),
            config.store,
            config.node
        );
        return tell_configuration(&config);
    }
    process::log_to_stderr("info");
    figures::install();
    process::runtime().block_on(async {
        process::listen_for_stop();
        match open(&config, |_| Extra::default()).await {
            Ok(service) => {
                if let Some(words) = service.offer_setup(&config) {
                    eprintln!("counterfoil: {words}");
                }
                until_stopped(service.running).await
            }
            Err(reason) => process::fail(&reason, exit_code(&reason)),
        }
    })
}

/// What of the configuration comes from head office. Laid over the file that passed, it may not pass: then the file alone counts.
fn tell_configuration(config: &NodeConfig) -> ExitCode {
    let configuration = Configuration::open(config);
    let standing = configuration.standing();
    if !standing.refused.is_empty() {
        let wanted = standing.wanted;
        println!("head office's configuration {wanted} cannot be laid over it, so this file counts alone: {}", standing.refused);
        return ExitCode::from(process::EXIT_CONFIG);
    }
    if standing.in_force > 0 {
        println!("from head office, as configuration {}:", standing.in_force);
    }
    for (key, Setting { to, profile, version }) in configuration.settings() {
        println!("  {key} = {to}   (profile {profile}, version {version})");
    }
    ExitCode::SUCCESS
}

/// Runs until Ctrl-C, SIGTERM, or the journal's fence.
pub async fn until_stopped(mut running: Running) -> ExitCode {
    tokio::select! {
        () = process::asked_to_stop() => match running.stop().await {
            Ok(()) => ExitCode::SUCCESS,
            Err(reason) => process::fail(&reason, 1),
        },
        () = running.ended() => {
            eprintln!("counterfoil: the journal is fenced; the process ends and recovers at its next start");
            ExitCode::from(process::EXIT_UNAVAILABLE)
        }
    }
}

/// What systemd should make of it: data of a newer release or a broken configuration is not mended by a restart.
pub fn exit_code(reason: &StartError) -> u8 {
    match reason {
        StartError::Writer(WriterError::NewerRelease { .. } | WriterError::Unreadable { .. } | WriterError::CarryForward { .. })
        | StartError::Journal(OpenError::Newer { .. } | OpenError::Foreign { .. } | OpenError::Fork { .. }) => process::EXIT_DATA,
        StartError::Device(_) | StartError::RestoreUnfinished { .. } => process::EXIT_CONFIG,
        StartError::Journal(_) | StartError::Door(_) | StartError::Folder { .. } => process::EXIT_UNAVAILABLE,
        StartError::Key(_) | StartError::Writer(_) | StartError::Read(_) | StartError::Pairing(_) => 1,
    }
}
