//! Where head office keeps its data in these tests: SQLite, or with COUNTERFOIL_STORAGE=postgres a server of our own, started from Debian's binaries
//! on a socket that nobody else sees. The same tests run on both; `tests/run` runs them twice.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};

use counterfoil::head_office::HeadOfficeConfig;
use counterfoil::head_office::db::Connection;
use counterfoil::head_office::storage::{Folders, Server};
use counterfoil::money::Currency;

/// How long the server may take to start on a busy machine.
const START_PATIENCE: Duration = Duration::from_secs(60);

/// Whether this run is about PostgreSQL.
pub fn is_postgres() -> bool {
    match std::env::var("COUNTERFOIL_STORAGE").as_deref() {
        Ok("postgres") => true,
        Ok("sqlite") | Err(_) => false,
        Ok(other) => panic!("COUNTERFOIL_STORAGE={other}: it is sqlite or postgres"),
    }
}

/// The places of a head office in this folder; the same database each time it is asked for the same folder.
pub fn folders(root: &Path) -> Folders {
    Folders { root: root.to_owned(), server: server(root) }
}

/// A head office on loopback that takes euros.
pub fn config(root: &Path, port: u16) -> HeadOfficeConfig {
    let euro = Currency::from_code("EUR").expect("the euro is known");
    HeadOfficeConfig { postgres: server(root), ..HeadOfficeConfig::on_loopback(root, port, euro) }
}

fn server(root: &Path) -> Option<Server> {
    is_postgres().then(|| Server::new(&address_for(root)).expect("our own address is right"))
}

/// A copy of a head office's data as it is now, in a folder of its own, with the key.
pub fn backup(root: &Path, connection: &Connection) -> tempfile::TempDir {
    let copy = tempfile::tempdir().expect("a temporary folder");
    if is_postgres() {
        let from = name_of(root);
        let onto = name_of(copy.path());
        let postgres = Postgres::shared();
        postgres.ask("postgres", &format!("DROP DATABASE {onto}"));
        // A database with sessions is not copied; whoever had one calls again.
        postgres.ask("postgres", &format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{from}'"));
        postgres.ask("postgres", &format!("CREATE DATABASE {onto} TEMPLATE {from}"));
    } else {
        let file = copy.path().join("head-office.sqlite");
        connection.execute("VACUUM INTO ?1", [file.to_str().expect("a plain path")]).expect("the copy is written");
    }
    std::fs::copy(root.join("head-office.key"), copy.path().join("head-office.key")).expect("the key is copied");
    copy
}

/// The address of the database of this folder.
pub fn address_for(root: &Path) -> String {
    Postgres::shared().address(&name_of(root))
}

/// The database of this folder. Made when it is not there.
fn name_of(root: &Path) -> String {
    static DATABASES: Mutex<BTreeMap<PathBuf, String>> = Mutex::new(BTreeMap::new());
    let mut databases = DATABASES.lock().expect("nobody panics with it");
    let next = format!("office_{}", databases.len());
    let make = || {
        Postgres::shared().ask("postgres", &format!("CREATE DATABASE {next}"));
        next
    };
    databases.entry(root.to_owned()).or_insert_with(make).clone()
}

/// A server of our own, stopped with this process.
pub struct Postgres {
    folder: PathBuf,
    binaries: PathBuf,
    /// On loopback; otherwise it has a socket alone.
    port: Option<u16>,
    has_tls: bool,
}

/// Between two starts of a server that was killed.
const RESTART_PAUSE: Duration = Duration::from_millis(100);

impl Postgres {
    /// One for all tests of this process.
    pub fn shared() -> &'static Postgres {
        static SHARED: OnceLock<Postgres> = OnceLock::new();
        SHARED.get_or_init(Postgres::start)
    }

    pub fn start() -> Postgres {
        Postgres::start_with(None, None)
    }

    /// One that is called over TCP; with TLS when there are a certificate and its key (PEM).
    pub fn start_on_port(tls: Option<(&Path, &Path)>) -> Postgres {
        let free = std::net::TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr()).expect("a free port");
        Postgres::start_with(Some(free.port()), tls)
    }

    fn start_with(port: Option<u16>, tls: Option<(&Path, &Path)>) -> Postgres {
        let binaries = binaries();
        let folder = tempfile::Builder::new().prefix("counterfoil-postgres-").tempdir().expect("a folder").keep();
        for (from, to) in tls.into_iter().flat_map(|(cert, key)| [(cert, "server.crt"), (key, "server.key")]) {
            std::fs::copy(from, folder.join(to)).expect("the certificate is copied");
            // The server refuses a key that others may read.
            std::fs::set_permissions(folder.join(to), std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("the copy is ours");
        }
        let postgres = Postgres { folder, binaries, port, has_tls: tls.is_some() };
        if rustix::process::geteuid().is_root() {
            let done = Command::new("chown").args(["-R", "postgres"]).arg(&postgres.folder).status().expect("chown runs");
            assert!(done.success(), "the folder is the server's");
        }
        let data = postgres.folder.join("data");
        let made = postgres
            .as_servant("initdb", "TERM")
            .args(["--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C", "--username=office", "-D"])
            .arg(&data)
            .output()
            .expect("initdb runs");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        postgres.serve();
        postgres
    }

    /// Ends the server as a power cut would; whoever watches over it starts it again.
    pub fn kill(&self) {
        let text = std::fs::read_to_string(self.folder.join("data/postmaster.pid")).unwrap_or_default();
        let pid = text.lines().next().and_then(|line| line.parse().ok()).and_then(rustix::process::Pid::from_raw);
        let pid = pid.expect("the server runs");
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).expect("the server is ours");
    }

    /// Starts the server, again when it was killed, and waits until it answers. It ends with the thread that started it, so that one stays.
    fn serve(&self) {
        let mut server = self.as_servant("postgres", "INT");
        server.arg("-D").arg(self.folder.join("data")).arg("-k").arg(&self.folder).args([
            "-c",
            "max_connections=200",
            // The tests prove what is kept when processes die, not when the machine does.
            "-c",
            "fsync=off",
        ]);
        let mut set = |text: String| {
            server.args(["-c", &text]);
        };
        match self.port {
            None => set("listen_addresses=".to_owned()),
            Some(port) => {
                set("listen_addresses=127.0.0.1".to_owned());
                set(format!("port={port}"));
            }
        }
        if self.has_tls {
            set("ssl=on".to_owned());
            set(format!("ssl_cert_file={}", self.folder.join("server.crt").display()));
            set(format!("ssl_key_file={}", self.folder.join("server.key").display()));
        }
        server.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        std::thread::spawn(move || {
            loop {
                let mut child = server.spawn().expect("postgres starts");
                let _ = child.wait();
                std::thread::sleep(RESTART_PAUSE);
            }
        });
        let started = Instant::now();
        while self.try_ask("postgres", "SELECT 1").is_err() {
            assert!(started.elapsed() < START_PATIENCE, "PostgreSQL does not answer");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    pub fn address(&self, database: &str) -> String {
        let port = self.port.map(|port| format!(" port={port}")).unwrap_or_default();
        format!("host={} user=office dbname={database}{port}", self.folder.display())
    }

    pub fn port(&self) -> u16 {
        self.port.expect("it has a port")
    }

    /// Over TCP, by this name or number of this machine. `more`: what stands behind the question mark.
    pub fn address_at(&self, host: &str, more: &str) -> String {
        format!("postgres://office@{host}:{}/postgres{more}", self.port())
    }

    /// One statement by a session of its own.
    pub fn ask(&self, database: &str, sql: &str) {
        self.try_ask(database, sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    fn try_ask(&self, database: &str, sql: &str) -> Result<(), counterfoil::head_office::db::Error> {
        let address = self.address(database);
        std::thread::scope(|scope| {
            let asked = scope.spawn(|| {
                counterfoil::head_office::db::Connection::postgres(&Server::new(&address).expect("our own address is right"))?
                    .execute_batch(sql)
            });
            asked.join().expect("the question does not panic")
        })
    }

    /// PostgreSQL does not run as root; it gets `signal` when the thread that started it is gone.
    fn as_servant(&self, program: &str, signal: &str) -> Command {
        let mut command = Command::new("setpriv");
        command.arg("--pdeathsig").arg(signal);
        if rustix::process::geteuid().is_root() {
            command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]);
        }
        command.arg(self.binaries.join(program)).current_dir(&self.folder);
        command
    }
}

/// Debian keeps them out of the path, one folder for each version.
fn binaries() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().filter_map(Result::ok);
    versions
        .map(|version| version.path().join("bin"))
        .filter(|folder| folder.join("initdb").exists())
        .max()
        .expect("PostgreSQL's server is needed: apt-get install postgresql")
}
