//! The address of a PostgreSQL database, taken apart once and checked: where it is, and whether the line to it is encrypted.

use std::fmt;
use std::path::{Path, PathBuf};

use postgres::Config;
use postgres::config::{Host, SslMode};

/// How long a server may take to answer the first word.
const CONNECT_PATIENCE: std::time::Duration = std::time::Duration::from_secs(10);

/// A PostgreSQL database; its password is never shown.
#[derive(Clone)]
pub struct Server {
    config: Box<Config>,
    encryption: Encryption,
    /// `sslmode=disable` stands in the address.
    said_off: bool,
    ca: Option<PathBuf>,
}

/// Whether what is said to the server can be read on the way. Where there is TLS, certificate and name are always checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encryption {
    /// `sslmode=disable`; also what holds on this machine when nothing is said.
    Off,
    /// `sslmode=prefer`: plain to a server that has no TLS.
    IfOffered,
    /// `sslmode=require` and stricter words; also what holds for any other machine when nothing is said.
    Required,
}

impl Server {
    /// `url`: `postgres://user:password@host/database` or `host=… dbname=…`, as libpq reads it, with `sslmode` and `sslrootcert` if need be.
    ///
    /// # Errors
    /// What is wrong with the address.
    pub fn new(url: &str) -> Result<Server, String> {
        let (rest, said) = without_tls_words(url)?;
        let mut config: Config = rest.parse().map_err(|error: postgres::Error| {
            std::error::Error::source(&error).map_or_else(|| error.to_string(), |source| format!("{error}: {source}"))
        })?;
        if config.get_dbname().is_none() {
            return Err("it names no database".to_owned());
        }
        let place = Place::of(&config);
        let encryption = match (place, said.mode.as_deref()) {
            // A socket is a file of this machine; libpq encrypts nothing there either, whatever is said.
            (Place::Socket, _) | (_, Some("disable")) | (Place::Loopback, None) => Encryption::Off,
            (_, Some("prefer")) => Encryption::IfOffered,
            (_, Some("require" | "verify-ca" | "verify-full")) | (Place::Elsewhere, None) => Encryption::Required,
            (_, Some(other)) => return Err(format!("sslmode={other}: it is disable, prefer or require")),
        };
        config.application_name("counterfoil head-office");
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_PATIENCE);
        }
        let said_off = said.mode.as_deref() == Some("disable");
        let mut server = Server { config: Box::new(config), encryption: Encryption::Off, said_off, ca: None };
        server.encrypt(encryption);
        match said.root.as_deref() {
            None | Some("system") => Ok(server),
            Some(path) => server.with_ca(Path::new(path)),
        }
    }

    /// Trusts the servers of this CA (a PEM file) instead of the ones that this machine trusts. On this machine it also says that the line is encrypted.
    ///
    /// # Errors
    /// Why it cannot be of use.
    pub fn with_ca(mut self, path: &Path) -> Result<Server, String> {
        if self.said_off {
            return Err("a CA is named, and sslmode=disable encrypts nothing: leave one of them out".to_owned());
        }
        if self.ca.as_deref().is_some_and(|other| other != path) {
            return Err("sslrootcert in the address and postgres_ca name two files: leave one out".to_owned());
        }
        if !path.is_file() {
            return Err(format!("the CA's file {} is not there: check the path", path.display()));
        }
        self.ca = Some(path.to_owned());
        if Place::of(&self.config) == Place::Loopback && self.encryption == Encryption::Off {
            self.encrypt(Encryption::Required);
        }
        Ok(self)
    }

    fn encrypt(&mut self, encryption: Encryption) {
        self.encryption = encryption;
        self.config.ssl_mode(match encryption {
            Encryption::Off => SslMode::Disable,
            Encryption::IfOffered => SslMode::Prefer,
            Encryption::Required => SslMode::Require,
        });
    }

    pub fn encryption(&self) -> Encryption {
        self.encryption
    }

    pub(super) fn config(&self) -> &Config {
        &self.config
    }

    pub(super) fn ca(&self) -> Option<&Path> {
        self.ca.as_deref()
    }
}

impl fmt::Display for Server {
    /// Hosts and database.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, host) in self.config.get_hosts().iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            match host {
                Host::Tcp(name) => write!(f, "{comma}{name}")?,
                Host::Unix(path) => write!(f, "{comma}{}", path.display())?,
            }
        }
        write!(f, "/{}", self.config.get_dbname().unwrap_or_default())
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Server({self})")
    }
}

/// The farthest of the hosts. A name is not looked up, so only `localhost` is this machine by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Socket,
    Loopback,
    Elsewhere,
}

impl Place {
    fn of(config: &Config) -> Place {
        let by_name = config.get_hosts().iter().map(|host| match host {
            Host::Unix(_) => Place::Socket,
            Host::Tcp(name) if name.eq_ignore_ascii_case("localhost") => Place::Loopback,
            Host::Tcp(name) => name.parse().map_or(Place::Elsewhere, Place::of_address),
        });
        // A number given beside the name is what is called.
        let by_number = config.get_hostaddrs().iter().map(|address| Place::of_address(*address));
        let farthest = if config.get_hostaddrs().is_empty() { by_name.max() } else { by_number.max() };
        farthest.unwrap_or(Place::Elsewhere)
    }

    fn of_address(address: std::net::IpAddr) -> Place {
        if address.is_loopback() { Place::Loopback } else { Place::Elsewhere }
    }
}

/// What an address says of TLS.
#[derive(Debug, Default, PartialEq, Eq)]
struct TlsWords {
    mode: Option<String>,
    root: Option<String>,
}

impl TlsWords {
    /// Whether it is one of them.
    fn take(&mut self, key: &str, value: &str) -> bool {
        match key {
            "sslmode" => self.mode = Some(value.to_owned()),
            "sslrootcert" => self.root = Some(value.to_owned()),
            _ => return false,
        }
        true
    }
}

/// The address without what we read ourselves: the client knows neither the file of a CA nor the stricter words.
fn without_tls_words(address: &str) -> Result<(String, TlsWords), String> {
    let mut words = TlsWords::default();
    let is_url = ["postgres://", "postgresql://"].iter().any(|scheme| address.starts_with(scheme));
    if is_url {
        let Some((front, query)) = address.split_once('?') else { return Ok((address.to_owned(), words)) };
        let mut kept = Vec::new();
        for pair in query.split('&') {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            if !words.take(key, &percent_encoding::percent_decode_str(value).decode_utf8_lossy()) {
                kept.push(pair);
            }
        }
        let mark = if kept.is_empty() { "" } else { "?" };
        return Ok((format!("{front}{mark}{}", kept.join("&")), words));
    }
    let mut kept = String::new();
    let mut rest = address.trim_start();
    while !rest.is_empty() {
        let (key, behind) = rest.split_once('=').ok_or("a word of it has no value: write key=value")?;
        let (value, length) = word(behind.trim_start());
        let end = address.len() - behind.trim_start().len() + length;
        if !words.take(key.trim_end(), &value) {
            kept.push_str(&address[address.len() - rest.len()..end]);
            kept.push(' ');
        }
        rest = address[end..].trim_start();
    }
    Ok((kept, words))
}

/// The value that a text begins with, bare or in quotes, and its length as written.
fn word(text: &str) -> (String, usize) {
    let quoted = text.starts_with('\'');
    let mut value = String::new();
    let mut escaped = false;
    for (index, character) in text.char_indices().skip(usize::from(quoted)) {
        match character {
            _ if escaped => {
                value.push(character);
                escaped = false;
            }
            '\\' => escaped = true,
            '\'' if quoted => return (value, index + 1),
            blank if !quoted && blank.is_whitespace() => return (value, index),
            plain => value.push(plain),
        }
    }
    (value, text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_to_another_machine_is_encrypted_unless_it_is_said_otherwise() {
        let check = |address: &str, encryption: Encryption| {
            assert_eq!(Server::new(address).unwrap_or_else(|why| panic!("{address}: {why}")).encryption(), encryption, "{address}");
        };
        check("postgres://office:word@db.example/counterfoil", Encryption::Required);
        check("postgresql://office@10.1.2.3:5433/counterfoil?sslmode=disable", Encryption::Off);
        check("postgres://office@db.example/counterfoil?sslmode=prefer&connect_timeout=3", Encryption::IfOffered);
        check("postgres://office@db.example/counterfoil?connect_timeout=3&sslmode=verify-full", Encryption::Required);
        check("postgres://office@localhost/counterfoil", Encryption::Off);
        check("postgres://office@127.0.0.1/counterfoil", Encryption::Off);
        check("postgres://office@[::1]/counterfoil", Encryption::Off);
        check("postgres://office@localhost/counterfoil?sslmode=require", Encryption::Required);
        check("postgres://office@localhost,db.example/counterfoil", Encryption::Required);
        check("host=/run/postgresql dbname=counterfoil", Encryption::Off);
        check("host=/run/postgresql dbname=counterfoil sslmode=require", Encryption::Off);
        check("host=localhost hostaddr=192.0.2.7 dbname=counterfoil", Encryption::Required);
        check("host=db.example hostaddr=127.0.0.1 dbname=counterfoil", Encryption::Off);
        check(r"  host = db.example password='it\'s' sslmode = 'prefer' dbname=a\ b ", Encryption::IfOffered);
    }

    #[test]
    fn only_the_words_of_tls_are_taken_out_of_an_address() {
        let (kept, words) = without_tls_words(r"host=db sslmode='require' password='a b\'=c' sslrootcert=/etc/a\ ca.pem dbname=x").unwrap();
        assert_eq!(kept.trim(), r"host=db password='a b\'=c' dbname=x");
        assert_eq!(words, TlsWords { mode: Some("require".to_owned()), root: Some("/etc/a ca.pem".to_owned()) });
        let (kept, words) = without_tls_words("postgres://u:p%40@h/d?sslrootcert=%2Fetc%2Fca.pem&options=-c%20a%3Db").unwrap();
        assert_eq!(kept, "postgres://u:p%40@h/d?options=-c%20a%3Db");
        assert_eq!(words.root.as_deref(), Some("/etc/ca.pem"));
        assert_eq!(without_tls_words("postgres://u@h/d?sslmode=prefer").unwrap().0, "postgres://u@h/d");
    }

    #[test]
    fn what_an_address_lacks_is_said() {
        let check = |address: &str, words: &str| {
            let why = Server::new(address).unwrap_err();
            assert!(why.contains(words), "{address}: {why}");
        };
        check("postgres://office@db.example", "names no database");
        check("postgres://office@db.example/d?sslmode=allow", "sslmode=allow: it is disable, prefer or require");
        check("postgres://office@db.example/d?sslmode=disable&sslrootcert=/etc/ca.pem", "encrypts nothing");
        check("postgres://office@db.example/d?sslrootcert=/nowhere/ca.pem", "/nowhere/ca.pem is not there");
        check("host=db.example dbname=d sslcert=/etc/me.pem", "sslcert");
        check("host=db.example dbname", "key=value");
    }
}
