//! What every subcommand that stays running shares: logs, the TLS provider, signals, exit codes.

use std::process::ExitCode;

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

/// Resolves at Ctrl-C or SIGTERM.
pub async fn asked_to_stop() {
    let mut terminate = match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        Ok(signal) => signal,
        Err(_) => {
            let _ = tokio::signal::ctrl_c().await;
            return;
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}
