//! What every subcommand that stays running shares: logs, the TLS provider, signals, exit codes.

use std::process::ExitCode;
use std::sync::OnceLock;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// A wrong value in a configuration file or on the command line (sysexits' EX_CONFIG). systemd does not restart on it.
pub const EXIT_CONFIG: u8 = 78;
/// The data on disk cannot be used by this release (EX_DATAERR). systemd does not restart on it.
pub const EXIT_DATA: u8 = 65;
/// Something outside is not there or taken: port, folder, another instance (EX_TEMPFAIL).
pub const EXIT_UNAVAILABLE: u8 = 75;

/// Once, before anything else: the TLS provider, and a panic in any thread that must not go on ends the process.
pub fn prepare() {
    // A second call in one process fails and changes nothing.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// Logs to standard error: words for a terminal, JSON lines for journald. `RUST_LOG` chooses, `default` else.
pub fn log_to_stderr(default: &str) {
    use std::io::IsTerminal;
    let filter = tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(default));
    let terminal = std::io::stderr().is_terminal();
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(terminal);
    // A logger that is there already stays.
    let _ = if terminal { builder.with_target(false).try_init() } else { builder.json().try_init() };
}

/// Prints what a command has to say. A reader who has gone away, as `head` does, is no fault.
pub fn say(words: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stdout(), "{words}");
}

/// Prints an error with its causes, once, and turns it into an exit code.
pub fn fail(error: &dyn std::error::Error, code: u8) -> ExitCode {
    eprintln!("counterfoil: {error}");
    let mut cause = error.source();
    while let Some(inner) = cause {
        eprintln!("  because {inner}");
        cause = inner.source();
    }
    ExitCode::from(code)
}

/// The asynchronous runtime for everything but the writer.
pub fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name("counterfoil")
        .build()
        .expect("a runtime can be built on any Linux")
}

/// Whether somebody asked the process to stop, since [`listen_for_stop`].
static STOP_ASKED: OnceLock<watch::Receiver<bool>> = OnceLock::new();

/// From here on Ctrl-C and SIGTERM are kept for [`asked_to_stop`] instead of ending the process where it stands. Called before a start, so
/// that one who stops a service while it starts gets a clean stop too. Inside the runtime; a second call changes nothing.
pub fn listen_for_stop() -> watch::Receiver<bool> {
    let listen = || {
        let (asked, receiver) = watch::channel(false);
        let signals = [SignalKind::interrupt(), SignalKind::terminate()].map(signal);
        for mut signal in signals.into_iter().flatten() {
            let asked = asked.clone();
            tokio::spawn(async move {
                while signal.recv().await.is_some() {
                    asked.send_replace(true);
                }
            });
        }
        receiver
    };
    STOP_ASKED.get_or_init(listen).clone()
}

/// Resolves at Ctrl-C or SIGTERM.
pub async fn asked_to_stop() {
    if listen_for_stop().wait_for(|asked| *asked).await.is_err() {
        // The kernel gave us no handler, so the signals still end the process by themselves.
        std::future::pending().await
    }
}
