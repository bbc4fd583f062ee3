//! `counterfoil enrol`: makes this box known to head office. Takes the node's own key, or makes it; sends its public half and a signature; keeps the
//! certificate beside it; and writes into the configuration where head office is. The key itself goes nowhere.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;

use crate::ids::{BadId, NodeId, StoreId};
use crate::journal::{KeyError, NodeKey, PublicKey};
use crate::process;
use crate::sync::enrolment::{BadCode, Code, ENROL_PATH, EnrolReply, EnrolRequest, Pin};
use crate::sync::http::tls::{OfficeVerifier, client_config};

/// Head office must have answered by then.
const PATIENCE: Duration = Duration::from_secs(30);
const ANSWER_BYTES_MAX: usize = 64 << 10;

#[derive(Debug, clap::Args)]
pub struct EnrolArguments {
    /// The node's TOML file: it says which store and which node this box is.
    #[arg(long, default_value = "/etc/counterfoil/node.toml")]
    config: PathBuf,
    /// Where head office is: https://name:port.
    #[arg(long, value_name = "URL")]
    head_office: String,
    /// As `counterfoil head-office enrol-code` printed it.
    #[arg(long)]
    code: String,
}

/// Why the box is not enrolled. Nothing of it was changed, but that it may have a key now.
#[derive(Debug, thiserror::Error)]
pub enum EnrolError {
    #[error(transparent)]
    Code(#[from] BadCode),
    #[error("{path} cannot be read: {reason}; name the node's TOML file with --config")]
    Config { path: PathBuf, reason: String },
    #[error("{path} names no usable store and node: {reason}")]
    Id { path: PathBuf, reason: BadId },
    #[error("{url:?} is no address of a head office: write for example https://head-office.example:8443")]
    Url { url: String },
    #[error("{path} cannot be written: {reason}; run this as the user the node runs as")]
    File { path: PathBuf, reason: io::Error },
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error(
        "{url} is not the head office that this code is from: it shows {shown}, the code says {wanted}. Nothing was sent to it. Check the address; if \
         it is right, somebody may stand between this box and head office"
    )]
    Stranger { url: String, wanted: Pin, shown: Pin },
    #[error("{url} cannot be reached: {reason}; check the address and the line, and try again: the code is still good")]
    Unreachable { url: String, reason: String },
    #[error(
        "{url} speaks no TLS: boxes call another address than people do; `counterfoil head-office enrol-code` prints it. The code is still good"
    )]
    NoTls { url: String },
    #[error(
        "{url} answers {status}, as no head office does: something else listens there, or between; check the address. The code may be used up: make a new one then"
    )]
    NoOffice { url: String, status: u16 },
    #[error("head office says no: {detail}; {remedy} ({code})")]
    Refused { code: String, detail: String, remedy: String },
    #[error("head office's answer makes no sense: {0}; install the same version here and there")]
    BadAnswer(String),
}

/// Where things are that a box has from its enrolment, all in its data folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnrolledFiles {
    pub ca: PathBuf,
    pub cert: PathBuf,
    pub key: PathBuf,
    /// Head office's public key.
    pub office_key: PathBuf,
}

impl EnrolledFiles {
    pub fn of(data_dir: &Path) -> EnrolledFiles {
        EnrolledFiles {
            ca: data_dir.join("head-office-ca.pem"),
            cert: data_dir.join("node.pem"),
            key: data_dir.join("node.key"),
            office_key: data_dir.join("head-office.pub"),
        }
    }
}

/// What of the node's file matters here; the rest may be wrong still.
#[derive(Deserialize)]
struct Wanted {
    store: WantedId,
    node: WantedNode,
}

#[derive(Deserialize)]
struct WantedId {
    id: String,
}

#[derive(Deserialize)]
struct WantedNode {
    id: String,
    data_dir: PathBuf,
}

pub fn run(arguments: &EnrolArguments) -> ExitCode {
    match process::runtime().block_on(enrol(&arguments.config, &arguments.head_office, &arguments.code)) {
        Ok(words) => {
            process::say(&words);
            ExitCode::SUCCESS
        }
        Err(reason @ (EnrolError::Code(_) | EnrolError::Config { .. } | EnrolError::Id { .. } | EnrolError::Url { .. })) => {
            process::fail(&reason, process::EXIT_CONFIG)
        }
        Err(reason @ (EnrolError::Unreachable { .. } | EnrolError::NoTls { .. } | EnrolError::NoOffice { .. })) => {
            process::fail(&reason, process::EXIT_UNAVAILABLE)
        }
        Err(reason) => process::fail(&reason, 1),
    }
}

/// Returns what to tell the technician.
pub async fn enrol(config: &Path, url: &str, code: &str) -> Result<String, EnrolError> {
    let code: Code = code.parse()?;
    let url = url.trim_end_matches('/');
    let unreadable =
        |reason: &dyn std::fmt::Display| EnrolError::Config { path: config.to_owned(), reason: reason.to_string().trim_end().to_owned() };
    let text = std::fs::read_to_string(config).map_err(|error| unreadable(&error))?;
    let wanted: Wanted = toml::from_str(&text).map_err(|error| unreadable(&error))?;
    let bad_id = |reason| EnrolError::Id { path: config.to_owned(), reason };
    let (store, node) = (StoreId::new(&wanted.store.id).map_err(bad_id)?, NodeId::new(&wanted.node.id).map_err(bad_id)?);
    let data_dir = wanted.node.data_dir;
    make_folder(&data_dir).map_err(|reason| EnrolError::File { path: data_dir.clone(), reason })?;
    let files = EnrolledFiles::of(&data_dir);
    let key = NodeKey::load_or_create(&files.key)?;
    let reply = ask(url, &code, &EnrolRequest::new(&code, store.clone(), node.clone(), &key)).await?;
    if PublicKey::from_hex(&reply.office_key).is_err() {
        return Err(EnrolError::BadAnswer("it names no key".to_owned()));
    }
    let office_key = format!("{}\n", reply.office_key);
    for (path, content) in [(&files.ca, &reply.ca), (&files.cert, &reply.certificate), (&files.office_key, &office_key)] {
        keep(path, content, &data_dir).map_err(|reason| EnrolError::File { path: path.clone(), reason })?;
    }
    give(&files.key, &data_dir).map_err(|reason| EnrolError::File { path: files.key.clone(), reason })?;
    let lines = config_lines(url, &files);
    let done = format!("this box is node {node} of store {store} now");
    Ok(match with_lines(&text, &lines, url).map(|text| keep_as_it_was(config, &text)) {
        Some(Ok(())) => format!("{done}; {} says where head office is. Restart the node.", config.display()),
        Some(Err(_)) | None => {
            let lines: String = lines.iter().map(|(_, line)| format!("  {line}\n")).collect();
            format!(
                "{done}. Put these lines into {}, in place of what is there under [head_office], and restart the node:\n\n  [head_office]\n{lines}",
                config.display()
            )
        }
    })
}

async fn ask(url: &str, code: &Code, request: &EnrolRequest) -> Result<EnrolReply, EnrolError> {
    let address = reqwest::Url::parse(&format!("{url}{ENROL_PATH}")).ok().filter(|address| address.scheme() == "https");
    let address = address.ok_or_else(|| EnrolError::Url { url: url.to_owned() })?;
    let unreachable = |reason: String| EnrolError::Unreachable { url: url.to_owned(), reason };
    let verifier = Arc::new(OfficeVerifier::of_pin(code.pin().clone()));
    let tls = client_config(Arc::clone(&verifier), None).map_err(|error| unreachable(error.to_string()))?;
    let client = reqwest::Client::builder()
        .timeout(PATIENCE)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .https_only(true)
        .tls_backend_preconfigured(tls)
        .user_agent(concat!("counterfoil/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|error| unreachable(error.to_string()))?;
    let mut answer = client.post(address).json(request).send().await.map_err(|error| match verifier.stranger() {
        Some(shown) => EnrolError::Stranger { url: url.to_owned(), wanted: code.pin().clone(), shown },
        None if is_about_tls(&error) => EnrolError::NoTls { url: url.to_owned() },
        None => unreachable(innermost(&error)),
    })?;
    let (is_good, status) = (answer.status().is_success(), answer.status().as_u16());
    let mut body = Vec::new();
    while let Some(part) = answer.chunk().await.map_err(|error| unreachable(innermost(&error)))? {
        body.extend_from_slice(&part);
        if body.len() > ANSWER_BYTES_MAX {
            return Err(EnrolError::BadAnswer(format!("it is longer than {ANSWER_BYTES_MAX} bytes")));
        }
    }
    if is_good {
        return serde_json::from_slice(&body).map_err(|error| EnrolError::BadAnswer(error.to_string()));
    }
    #[derive(Deserialize)]
    struct Problem {
        code: String,
        detail: String,
        remedy: String,
    }
    match serde_json::from_slice(&body) {
        Ok(Problem { code, detail, remedy }) => Err(EnrolError::Refused { code, detail, remedy }),
        Err(_) => Err(EnrolError::NoOffice { url: url.to_owned(), status }),
    }
}

/// Whether what came back is not TLS at all.
fn is_about_tls(error: &(dyn std::error::Error + 'static)) -> bool {
    let within = |error: &io::Error| error.get_ref().is_some_and(|inner| is_about_tls(inner));
    matches!(error.downcast_ref(), Some(rustls::Error::InvalidMessage(_)))
        || error.downcast_ref().is_some_and(within)
        || error.source().is_some_and(is_about_tls)
}

fn innermost(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

fn make_folder(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

fn keep(path: &Path, content: &str, data_dir: &Path) -> io::Result<()> {
    write_whole(path, content, None)?;
    give(path, data_dir)
}

/// To whom the folder belongs: a technician may have run this as root.
fn give(path: &Path, data_dir: &Path) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt;
    let (file, folder) = (std::fs::metadata(path)?, std::fs::metadata(data_dir)?);
    if (file.uid(), file.gid()) == (folder.uid(), folder.gid()) || !rustix::process::geteuid().is_root() {
        return Ok(());
    }
    std::os::unix::fs::chown(path, Some(folder.uid()), Some(folder.gid()))
}

fn keep_as_it_was(config: &Path, text: &str) -> io::Result<()> {
    let before = std::fs::metadata(config)?;
    write_whole(config, text, Some(&before))
}

/// All of it or nothing; with the owner and mode of the file before.
fn write_whole(path: &Path, text: &str, like: Option<&std::fs::Metadata>) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt;
    let part = path.with_extension("part");
    let mut file = std::fs::File::create(&part)?;
    file.write_all(text.as_bytes())?;
    if let Some(like) = like {
        file.set_permissions(like.permissions())?;
        std::os::unix::fs::fchown(&file, Some(like.uid()), Some(like.gid()))?;
    }
    file.sync_all()?;
    std::fs::rename(&part, path)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::File::open(folder)?.sync_all()
}

fn config_lines(url: &str, files: &EnrolledFiles) -> Vec<(&'static str, String)> {
    let line = |key: &'static str, value: String| (key, format!("{key} = {}", toml::Value::String(value)));
    let path = |path: &Path| path.display().to_string();
    vec![line("url", url.to_owned()), line("ca", path(&files.ca)), line("cert", path(&files.cert)), line("key", path(&files.key))]
}

/// The configuration with these lines under `[head_office]`, all else as it is. `None`: it is written in a way that only a person should change.
fn with_lines(text: &str, lines: &[(&'static str, String)], url: &str) -> Option<String> {
    let mut out: Vec<String> = Vec::new();
    let (mut inside, mut found) = (false, false);
    for line in text.lines() {
        let bare = line.trim();
        if bare.starts_with('[') {
            inside = bare == "[head_office]";
        }
        let key = bare.split('=').next().unwrap_or_default().trim();
        if inside && (lines.iter().any(|(ours, _)| *ours == key) || key == "public_key") {
            continue;
        }
        out.push(line.to_owned());
        if inside && bare == "[head_office]" && !found {
            found = true;
            out.extend(lines.iter().map(|(_, line)| line.clone()));
        }
    }
    if !found {
        out.extend(["".to_owned(), "[head_office]".to_owned()]);
        out.extend(lines.iter().map(|(_, line)| line.clone()));
    }
    let text = out.join("\n") + "\n";
    let read: toml::Table = toml::from_str(&text).ok()?;
    let written = read.get("head_office")?.get("url")?.as_str()?;
    (written == url).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_configuration_keeps_everything_else() {
        let files = EnrolledFiles::of(Path::new("/data"));
        let lines = config_lines("https://ho:1", &files);
        let ours = "[head_office]\nurl = \"https://ho:1\"\nca = \"/data/head-office-ca.pem\"\ncert = \"/data/node.pem\"\nkey = \"/data/node.key\"\n";
        assert_eq!(
            with_lines("[store]\nid = \"s\" # ours\n", &lines, "https://ho:1").unwrap(),
            format!("[store]\nid = \"s\" # ours\n\n{ours}")
        );
        let before = "[head_office]\nurl = \"http://127.0.0.1:1\"\npublic_key = \"00\"\n# a word\n\n[node]\nkey = 1\n";
        assert_eq!(with_lines(before, &lines, "https://ho:1").unwrap(), format!("{ours}# a word\n\n[node]\nkey = 1\n"));
        assert_eq!(with_lines("head_office = { url = \"x\" }\n", &lines, "https://ho:1"), None);
    }
}
