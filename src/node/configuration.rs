//! What head office says of this box's configuration: checked with the box's own file when it comes, put in force between two commands while no
//! sale is open, and kept in a file of its own, so that the next start begins with what was in force. What does not pass leaves the former in force.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tracing::{error, info, warn};

use super::config::NodeConfig;
use super::config::profile::{Setting, Settings};
use crate::sync::feed::BookEntry;

/// The file in the data folder that holds what is in force.
const FILE: &str = "configuration.json";
/// Begins the key of an entry of the feed that sets one of ours.
pub const SET: &str = "set/";
const WHY_CHARS_MAX: usize = 1_000;

/// What head office sent, as one version.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Sent {
    /// 0: nothing was ever sent.
    pub version: u64,
    pub settings: BTreeMap<String, Setting>,
}

impl Sent {
    /// A kind of entry that this release does not know is left out; a key that it does not know is complained about when it is laid over the file.
    pub fn read(version: u64, entries: &[BookEntry]) -> Result<Sent, String> {
        let of = |entry: &BookEntry| {
            let key = entry.key.strip_prefix(SET)?.to_owned();
            Some(serde_json::from_str(entry.value.get()).map(|setting| (key, setting)).map_err(|error| format!("{}: {error}", entry.key)))
        };
        Ok(Sent { version, settings: entries.iter().filter_map(of).collect::<Result<_, _>>()? })
    }

    fn values(&self) -> Settings {
        self.settings.iter().map(|(key, setting)| (key.clone(), setting.to.clone())).collect()
    }
}

/// How it stands, for pages and head office.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Standing {
    /// Versions; 0: the box's own file alone, nothing was sent.
    pub in_force: u64,
    pub wanted: u64,
    /// Why what is wanted is not in force; empty while it only waits for a moment without an open sale.
    pub refused: String,
}

/// Belongs to the loop.
pub struct Configuration {
    own: NodeConfig,
    path: PathBuf,
    in_force: Sent,
    wanted: u64,
    /// The version that did not pass, and why.
    refused: Option<(u64, String)>,
    /// Passed, and waits for a moment without an open sale.
    next: Option<Box<(Sent, NodeConfig)>>,
}

impl Configuration {
    /// With what was in force when the last process ended.
    pub fn open(own: &NodeConfig) -> Configuration {
        let path = own.data_dir.join(FILE);
        let kept = read(&path);
        let mut configuration =
            Configuration { own: own.clone(), path, in_force: Sent::default(), wanted: kept.version, refused: None, next: None };
        match own.with(&kept.values()) {
            Ok(_) => configuration.in_force = kept,
            Err(complaints) => configuration.refuse(kept.version, &complaints),
        }
        configuration
    }

    /// The box's configuration with what is in force laid over it.
    pub fn effective(&self) -> NodeConfig {
        // It passed when it came into force.
        self.own.with(&self.in_force.values()).unwrap_or_else(|_| self.own.clone())
    }

    /// What of the effective configuration comes from head office.
    pub fn settings(&self) -> &BTreeMap<String, Setting> {
        &self.in_force.settings
    }

    pub fn standing(&self) -> Standing {
        let refused = self.refused.as_ref().map(|(_, why)| why.clone()).unwrap_or_default();
        Standing { in_force: self.in_force.version, wanted: self.wanted, refused }
    }

    /// Looks at what head office wants: nothing when that was looked at before. True when there is news to show.
    pub fn look(&mut self, wanted: &Sent) -> bool {
        let is_known = wanted.version == 0
            || wanted.version == self.in_force.version
            || self.refused.as_ref().is_some_and(|(version, _)| *version == wanted.version)
            || self.next.as_ref().is_some_and(|next| next.0.version == wanted.version);
        if is_known {
            return false;
        }
        self.wanted = wanted.version;
        self.next = None;
        match self.own.with(&wanted.values()) {
            Ok(config) => {
                self.refused = None;
                self.next = Some(Box::new((wanted.clone(), config)));
            }
            Err(complaints) => self.refuse(wanted.version, &complaints),
        }
        true
    }

    pub fn is_waiting(&self) -> bool {
        self.next.is_some()
    }

    /// Puts what waits in force: on the disk, durably, when this returns. The caller lets the rules follow.
    pub fn take(&mut self) -> io::Result<Option<NodeConfig>> {
        let Some(next) = self.next.take() else { return Ok(None) };
        if let Err(error) = write(&self.path, &next.0) {
            // Tried again with the next one, or at the next start.
            self.refused = Some((next.0.version, format!("{} cannot be written: {error}: make room on the disk", self.path.display())));
            return Err(error);
        }
        let (sent, config) = *next;
        info!(version = sent.version, keys = sent.settings.len(), "head office's configuration is in force");
        self.in_force = sent;
        Ok(Some(config))
    }

    /// For people; while something is refused.
    pub fn alarm(&self) -> Option<String> {
        let (version, why) = self.refused.as_ref()?;
        Some(format!(
            "Head office's configuration {version} cannot be used here: {why}. The shop goes on as before; head office has to mend the profile, or this box's node.toml."
        ))
    }

    fn refuse(&mut self, version: u64, complaints: &[super::config::Complaint]) {
        let why = complaints.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
        let why: String = why.chars().take(WHY_CHARS_MAX).collect();
        error!(version, %why, "head office's configuration was refused; the former stays in force");
        self.refused = Some((version, why));
    }
}

/// Nothing when there is no such file, or when it cannot be read: head office sends it again.
fn read(path: &Path) -> Sent {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) => {
            if error.kind() != io::ErrorKind::NotFound {
                warn!(path = %path.display(), %error, "head office's configuration cannot be read from disk; the box's own file counts until it comes again");
            }
            return Sent::default();
        }
    };
    serde_json::from_slice(&bytes).unwrap_or_else(|error| {
        warn!(path = %path.display(), %error, "head office's configuration on disk is damaged; the box's own file counts until it comes again");
        Sent::default()
    })
}

/// Temp file, fsync, rename, fsync of the folder.
fn write(path: &Path, sent: &Sent) -> io::Result<()> {
    let part = path.with_extension("part");
    let mut file = fs::File::create(&part)?;
    file.write_all(&serde_json::to_vec(sent).map_err(io::Error::other)?)?;
    file.sync_all()?;
    fs::rename(&part, path)?;
    fs::File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
}
