//! Who may use the doors: screens and programs that were let in by a person. A secret is shown once and kept as its
//! SHA-256; what it may do is its scope. Nothing here knows HTTP; the pages around it are in `pair_pages`.
//!
//! A new browser gets a code, a person confirms it (on the box, or on a screen that is already in), and only the browser
//! that was shown the code can collect the secret.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tokio::sync::watch;

use crate::ids::WorkstationId;
use crate::time::Clock;

/// Browsers that may wait for their code at the same time.
pub const PENDING_MAX: usize = 16;
/// How long a code is good.
pub const PENDING_MS_MAX: i64 = 10 * 60_000;
/// Wrong codes before confirming is locked for everyone.
pub const WRONG_CODES_MAX: u32 = 5;
/// How long it stays locked.
pub const LOCKED_MS: i64 = 60_000;
/// Screens and tokens one node knows.
pub const SCREENS_MAX: usize = 200;
/// How often one invitation link can be used, and for how long.
pub const INVITE_USES_MAX: u32 = 20;
pub const INVITE_MS_MAX: i64 = 24 * 3_600_000;
/// Characters of a code, out of the 32 that are not mistaken for each other: 30 bits against five tries a minute.
const CODE_LENGTH: usize = 6;
const CODE_ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// What a screen or token may touch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// One workstation and its customer display.
    Workstation(WorkstationId),
    /// The desk: every workstation, devices, the list of screens.
    Any,
}

impl Scope {
    pub fn allows(&self, workstation: &WorkstationId) -> bool {
        match self {
            Scope::Any => true,
            Scope::Workstation(own) => own == workstation,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScreenKind {
    Browser,
    Token,
}

/// One that was let in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PairedScreen {
    /// Eight hex digits, for lists and for revoking.
    pub id: String,
    pub name: String,
    pub kind: ScreenKind,
    pub scope: Scope,
    /// SHA-256 of its secret, 64 hex characters.
    pub secret_sha256: String,
    pub paired_at_ms: i64,
}

/// One that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingScreen {
    pub code: String,
    pub name: String,
    pub scope: Scope,
    pub asked_at_ms: i64,
}

/// Where a waiting browser stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PendingState {
    Waiting(PendingScreen),
    Confirmed(PendingScreen),
    /// Never was, lapsed, or was collected already.
    Gone,
}

#[derive(Debug, thiserror::Error)]
pub enum PairingError {
    #[error("no screen waits with the code {code:?}: type the code as the new screen shows it; {left} tries are left")]
    WrongCode { code: String, left: u32 },
    #[error("too many wrong codes: wait a minute, then try again")]
    Locked,
    #[error("{PENDING_MAX} screens wait for their code already: confirm them, or let them lapse (10 minutes)")]
    TooManyPending,
    #[error("{SCREENS_MAX} screens and tokens are paired already: revoke one first")]
    TooManyScreens,
    #[error("there is no paired screen {id:?}")]
    NoSuchScreen { id: String },
    #[error("cannot keep the list of paired screens in {path}: {source}; make the folder writable for this user")]
    Store { path: PathBuf, source: std::io::Error },
    #[error("the list of paired screens in {path} cannot be read: {reason}; move the file aside and pair the screens anew")]
    Unreadable { path: PathBuf, reason: String },
    #[error("the running node did not answer within {seconds} s: is it running with the data folder {folder}?")]
    NodeSilent { folder: PathBuf, seconds: u64 },
    #[error("the node refused the code: {why}")]
    NodeRefused { why: String },
}

/// The store of screens, and of those that knock. One per door; shared by all requests.
pub struct Pairing {
    folder: PathBuf,
    clock: Arc<dyn Clock>,
    inner: Mutex<Inner>,
    /// Grows when a screen is revoked, so that live streams look again.
    changed: watch::Sender<u64>,
}

#[derive(Default)]
struct Inner {
    /// By the hash of the secret.
    screens: BTreeMap<String, PairedScreen>,
    /// By the hash of the waiting browser's secret.
    pending: BTreeMap<String, Pending>,
    /// By the hash of the link's token.
    invites: BTreeMap<String, Invite>,
    wrong_codes: u32,
    locked_until_ms: i64,
}

struct Pending {
    screen: PendingScreen,
    confirmed: bool,
}

struct Invite {
    scope: Scope,
    uses_left: u32,
    until_ms: i64,
}

#[derive(Serialize, Deserialize)]
struct ScreensFile {
    version: u32,
    screens: Vec<PairedScreen>,
}

impl Pairing {
    /// Reads `screens.json` in `folder`; a missing file is an empty list.
    pub fn open(folder: &Path, clock: Arc<dyn Clock>) -> Result<Pairing, PairingError> {
        let path = folder.join("screens.json");
        let screens = match std::fs::read(&path) {
            Ok(bytes) => {
                let file: ScreensFile = serde_json::from_slice(&bytes)
                    .map_err(|error| PairingError::Unreadable { path: path.clone(), reason: error.to_string() })?;
                if file.version != 1 {
                    let reason = format!("it was written by a newer release (version {})", file.version);
                    return Err(PairingError::Unreadable { path, reason });
                }
                file.screens
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            Err(source) => return Err(PairingError::Store { path, source }),
        };
        let screens = screens.into_iter().map(|screen| (screen.secret_sha256.clone(), screen)).collect();
        let inner = Mutex::new(Inner { screens, ..Inner::default() });
        Ok(Pairing { folder: folder.to_owned(), clock, inner, changed: watch::channel(0).0 })
    }

    /// The screen or program that owns this secret.
    pub fn find(&self, secret: &str) -> Option<PairedScreen> {
        self.inner().screens.get(&hash(secret)).cloned()
    }

    /// Wakes when a screen was revoked.
    pub fn revocations(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// A browser knocks: its code, and the secret by which it collects the answer.
    pub fn knock(&self, name: &str, scope: Scope) -> Result<(PendingScreen, String), PairingError> {
        let now_ms = self.clock.now().ms;
        let mut inner = self.inner();
        inner.drop_lapsed(now_ms);
        if inner.pending.len() >= PENDING_MAX {
            return Err(PairingError::TooManyPending);
        }
        let secret = random_hex(32);
        let screen = PendingScreen { code: random_code(), name: printable(name), scope, asked_at_ms: now_ms };
        tracing::info!(code = screen.code, scope = ?screen.scope, "a new screen asks to be paired: confirm it with `counterfoil pair {}`", screen.code);
        inner.pending.insert(hash(&secret), Pending { screen: screen.clone(), confirmed: false });
        Ok((screen, secret))
    }

    /// How the knock stands.
    pub fn pending(&self, secret: &str) -> PendingState {
        let mut inner = self.inner();
        inner.drop_lapsed(self.clock.now().ms);
        match inner.pending.get(&hash(secret)) {
            None => PendingState::Gone,
            Some(pending) if pending.confirmed => PendingState::Confirmed(pending.screen.clone()),
            Some(pending) => PendingState::Waiting(pending.screen.clone()),
        }
    }

    /// Those that wait for a person, oldest first.
    pub fn waiting(&self) -> Vec<PendingScreen> {
        let mut inner = self.inner();
        inner.drop_lapsed(self.clock.now().ms);
        let mut waiting: Vec<PendingScreen> = inner.pending.values().filter(|p| !p.confirmed).map(|p| p.screen.clone()).collect();
        waiting.sort_by_key(|screen| screen.asked_at_ms);
        waiting
    }

    /// A person says that the code belongs to a screen of this shop. Wrong codes are counted over all doors.
    pub fn confirm(&self, code: &str) -> Result<PendingScreen, PairingError> {
        let now_ms = self.clock.now().ms;
        let mut inner = self.inner();
        inner.drop_lapsed(now_ms);
        if now_ms < inner.locked_until_ms {
            return Err(PairingError::Locked);
        }
        let wanted = code.trim().to_ascii_uppercase();
        if let Some(pending) = inner.pending.values_mut().find(|pending| pending.screen.code == wanted) {
            pending.confirmed = true;
            let screen = pending.screen.clone();
            inner.wrong_codes = 0;
            return Ok(screen);
        }
        inner.wrong_codes += 1;
        let left = WRONG_CODES_MAX.saturating_sub(inner.wrong_codes);
        if left == 0 {
            inner.wrong_codes = 0;
            inner.locked_until_ms = now_ms + LOCKED_MS;
            tracing::warn!("pairing is locked for a minute after {WRONG_CODES_MAX} wrong codes");
        }
        Err(PairingError::WrongCode { code: printable(code), left })
    }

    /// The confirmed browser collects its lasting secret, once.
    pub fn collect(&self, pending_secret: &str) -> Result<Option<(PairedScreen, String)>, PairingError> {
        let key = hash(pending_secret);
        let mut inner = self.inner();
        inner.drop_lapsed(self.clock.now().ms);
        let Some(screen) = inner.pending.get(&key).filter(|pending| pending.confirmed).map(|pending| pending.screen.clone()) else {
            return Ok(None);
        };
        let admitted = self.admit(&mut inner, &screen.name, ScreenKind::Browser, screen.scope)?;
        inner.pending.remove(&key);
        Ok(Some(admitted))
    }

    /// A link's token for a browser on this box: good [`INVITE_USES_MAX`] times within [`INVITE_MS_MAX`] and until the next start.
    pub fn invite(&self, scope: Scope) -> String {
        let token = random_hex(16);
        let invite = Invite { scope, uses_left: INVITE_USES_MAX, until_ms: self.clock.now().ms + INVITE_MS_MAX };
        self.inner().invites.insert(hash(&token), invite);
        token
    }

    /// Uses a link's token up by one. `None`: unknown, too old, or used up.
    pub fn accept_invite(&self, token: &str, name: &str) -> Result<Option<(PairedScreen, String)>, PairingError> {
        let now_ms = self.clock.now().ms;
        let mut inner = self.inner();
        inner.invites.retain(|_, invite| invite.until_ms > now_ms && invite.uses_left > 0);
        let Some(scope) = inner.invites.get(&hash(token)).map(|invite| invite.scope.clone()) else { return Ok(None) };
        let admitted = self.admit(&mut inner, name, ScreenKind::Browser, scope)?;
        if let Some(invite) = inner.invites.get_mut(&hash(token)) {
            invite.uses_left -= 1;
        }
        Ok(Some(admitted))
    }

    /// Lets a browser in whose right to it was proved otherwise.
    pub fn admit_browser(&self, name: &str, scope: Scope) -> Result<(PairedScreen, String), PairingError> {
        let mut inner = self.inner();
        self.admit(&mut inner, name, ScreenKind::Browser, scope)
    }

    /// A token for a program. The secret is shown once.
    pub fn create_token(&self, name: &str, scope: Scope) -> Result<(PairedScreen, String), PairingError> {
        let mut inner = self.inner();
        self.admit(&mut inner, name, ScreenKind::Token, scope)
    }

    /// All that are let in, newest first.
    pub fn screens(&self) -> Vec<PairedScreen> {
        let mut screens: Vec<PairedScreen> = self.inner().screens.values().cloned().collect();
        screens.sort_by(|a, b| b.paired_at_ms.cmp(&a.paired_at_ms).then_with(|| a.id.cmp(&b.id)));
        screens
    }

    /// Lets one go; its live streams end.
    pub fn revoke(&self, id: &str) -> Result<PairedScreen, PairingError> {
        let mut inner = self.inner();
        let Some(key) = inner.screens.iter().find(|(_, screen)| screen.id == id).map(|(key, _)| key.clone()) else {
            return Err(PairingError::NoSuchScreen { id: printable(id) });
        };
        let mut screens = inner.screens.clone();
        let screen = screens.remove(&key).expect("the key was just found");
        self.store(&screens)?;
        inner.screens = screens;
        drop(inner);
        self.changed.send_modify(|count| *count += 1);
        tracing::info!(id = screen.id, name = screen.name, "a paired screen was revoked");
        Ok(screen)
    }

    /// Serves `counterfoil pair CODE`: looks for `pairing/confirm-CODE` in the data folder, for as long as the node runs.
    /// Whoever can write there owns the box already.
    pub async fn watch_files(self: Arc<Pairing>) {
        loop {
            let pairing = self.clone();
            // A panic in there is our bug and must not take the door with it.
            if let Err(error) = tokio::task::spawn_blocking(move || pairing.answer_files()).await {
                tracing::error!(%error, "the watch over pairing files failed");
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }

    fn answer_files(&self) {
        let folder = self.folder.join("pairing");
        let Ok(entries) = std::fs::read_dir(&folder) else { return };
        for entry in entries.flatten() {
            let name = entry.file_name();
            let Some((act, code)) = name.to_str().and_then(|name| name.split_once('-')) else { continue };
            let answer = match act {
                "confirm" => self.confirm(code).map(|screen| screen.name),
                "token" => self.answer_token(&entry.path()),
                _ => continue,
            };
            let answer = answer.map_or_else(|error| format!("no {error}"), |text| format!("ok {text}"));
            let answered = std::fs::write(folder.join(format!("answer-{code}")), answer);
            let removed = std::fs::remove_file(entry.path());
            if let Err(error) = answered.and(removed) {
                tracing::warn!(%error, folder = %folder.display(), "cannot answer a pairing request: make the folder writable");
            }
        }
    }

    /// A program's token, asked for on the box. The file says for what; the answer is the secret.
    fn answer_token(&self, path: &Path) -> Result<String, PairingError> {
        let store = |source| PairingError::Store { path: path.to_owned(), source };
        let wish: TokenWish = serde_json::from_slice(&std::fs::read(path).map_err(store)?)
            .map_err(|error| PairingError::Unreadable { path: path.to_owned(), reason: error.to_string() })?;
        self.create_token(&wish.name, wish.scope).map(|(_, secret)| secret)
    }

    fn admit(&self, inner: &mut Inner, name: &str, kind: ScreenKind, scope: Scope) -> Result<(PairedScreen, String), PairingError> {
        if inner.screens.len() >= SCREENS_MAX {
            return Err(PairingError::TooManyScreens);
        }
        let secret = random_hex(32);
        let screen = PairedScreen {
            id: random_hex(4),
            name: printable(name),
            kind,
            scope,
            secret_sha256: hash(&secret),
            paired_at_ms: self.clock.now().ms,
        };
        let mut screens = inner.screens.clone();
        screens.insert(screen.secret_sha256.clone(), screen.clone());
        self.store(&screens)?;
        inner.screens = screens;
        tracing::info!(id = screen.id, name = screen.name, scope = ?screen.scope, "a screen was paired");
        Ok((screen, secret))
    }

    /// Temp file, fsync, rename, fsync of the folder: a power cut leaves the old list or the new one.
    fn store(&self, screens: &BTreeMap<String, PairedScreen>) -> Result<(), PairingError> {
        let path = self.folder.join("screens.json");
        let write = || -> std::io::Result<()> {
            use std::io::Write;
            use std::os::unix::fs::OpenOptionsExt;
            std::fs::create_dir_all(&self.folder)?;
            let file = ScreensFile { version: 1, screens: screens.values().cloned().collect() };
            let temporary = self.folder.join("screens.json.new");
            let mut out = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&temporary)?;
            out.write_all(&serde_json::to_vec_pretty(&file).map_err(std::io::Error::other)?)?;
            out.sync_all()?;
            std::fs::rename(&temporary, &path)?;
            std::fs::File::open(&self.folder)?.sync_all()
        };
        write().map_err(|source| PairingError::Store { path: path.clone(), source })
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().expect("no holder of this lock panics")
    }
}

impl Inner {
    fn drop_lapsed(&mut self, now_ms: i64) {
        self.pending.retain(|_, pending| now_ms - pending.screen.asked_at_ms < PENDING_MS_MAX);
    }
}

/// What a request for a program's token says.
#[derive(Debug, Serialize, Deserialize)]
struct TokenWish {
    name: String,
    scope: Scope,
}

/// `counterfoil token NAME --data-dir FOLDER`: asks the running node for a program's secret and waits for its answer.
pub fn token_by_file(folder: &Path, name: &str, scope: Scope, wait: Duration) -> Result<String, PairingError> {
    let wish = serde_json::to_vec(&TokenWish { name: name.to_owned(), scope }).expect("a wish is plain data");
    ask_by_file(folder, "token", &random_hex(8), &wish, wait)
}

/// `counterfoil pair CODE --data-dir FOLDER`: asks the running node and waits for its answer. Returns the screen's name.
pub fn confirm_by_file(folder: &Path, code: &str, wait: Duration) -> Result<String, PairingError> {
    let code: String = code.trim().to_ascii_uppercase();
    if code.len() != CODE_LENGTH || !code.bytes().all(|byte| CODE_ALPHABET.contains(&byte)) {
        return Err(PairingError::NodeRefused {
            why: format!("{:?} is not a pairing code: it has {CODE_LENGTH} letters and digits", printable(&code)),
        });
    }
    ask_by_file(folder, "confirm", &code, b"", wait)
}

/// Puts a request where the running node looks and waits for its answer. The file appears whole: written aside, then renamed.
fn ask_by_file(folder: &Path, act: &str, id: &str, content: &[u8], wait: Duration) -> Result<String, PairingError> {
    let folder = folder.join("pairing");
    let request = folder.join(format!("{act}-{id}"));
    let answer = folder.join(format!("answer-{id}"));
    let aside = folder.join(format!(".{id}"));
    let store = |source| PairingError::Store { path: request.clone(), source };
    std::fs::create_dir_all(&folder).map_err(store)?;
    let _ = std::fs::remove_file(&answer);
    std::fs::write(&aside, content).and_then(|()| std::fs::rename(&aside, &request)).map_err(store)?;
    let deadline = std::time::Instant::now() + wait;
    loop {
        if !request.exists()
            && let Ok(text) = std::fs::read_to_string(&answer)
        {
            let _ = std::fs::remove_file(&answer);
            return match text.split_once(' ') {
                Some(("ok", name)) => Ok(name.to_owned()),
                Some((_, why)) => Err(PairingError::NodeRefused { why: why.to_owned() }),
                None => Err(PairingError::NodeRefused { why: text }),
            };
        }
        if std::time::Instant::now() >= deadline {
            let _ = std::fs::remove_file(&request);
            return Err(PairingError::NodeSilent { folder, seconds: wait.as_secs() });
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn hash(secret: &str) -> String {
    Sha256::digest(secret.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn random_hex(bytes: usize) -> String {
    let mut buffer = vec![0u8; bytes];
    getrandom::fill(&mut buffer).expect("the kernel gives random bytes");
    buffer.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn random_code() -> String {
    let mut buffer = [0u8; CODE_LENGTH];
    getrandom::fill(&mut buffer).expect("the kernel gives random bytes");
    buffer.iter().map(|byte| CODE_ALPHABET[usize::from(byte & 31)] as char).collect()
}

/// Names come from outside: no control characters, not longer than a line.
fn printable(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(60).collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::HandClock;

    fn fresh() -> (tempfile::TempDir, Arc<HandClock>, Pairing) {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(HandClock::at(1_000_000));
        let pairing = Pairing::open(folder.path(), clock.clone()).unwrap();
        (folder, clock, pairing)
    }

    fn till(text: &str) -> Scope {
        Scope::Workstation(WorkstationId::new(text).unwrap())
    }

    #[test]
    fn a_confirmed_browser_collects_its_secret_once_and_it_survives_a_restart() {
        let (folder, clock, pairing) = fresh();
        let (screen, knock) = pairing.knock("Chromium", till("1")).unwrap();
        assert!(matches!(pairing.pending(&knock), PendingState::Waiting(_)));
        assert!(pairing.collect(&knock).unwrap().is_none(), "nobody confirmed yet");
        pairing.confirm(&screen.code.to_lowercase()).unwrap();
        let (paired, secret) = pairing.collect(&knock).unwrap().unwrap();
        assert!(pairing.collect(&knock).unwrap().is_none(), "collected twice");
        assert_eq!(paired.scope, till("1"));

        let again = Pairing::open(folder.path(), clock).unwrap();
        assert_eq!(again.find(&secret), Some(paired.clone()));
        assert_eq!(again.find("something else"), None);
        let stored = std::fs::read_to_string(folder.path().join("screens.json")).unwrap();
        assert!(!stored.contains(&secret), "the secret itself must not be stored");
        again.revoke(&paired.id).unwrap();
        assert_eq!(again.find(&secret), None);
        assert!(matches!(again.revoke(&paired.id), Err(PairingError::NoSuchScreen { .. })));
    }

    #[test]
    fn wrong_codes_lock_confirming_for_a_minute() {
        let (_folder, clock, pairing) = fresh();
        let (screen, _) = pairing.knock("Chromium", Scope::Any).unwrap();
        for left in (0..WRONG_CODES_MAX).rev() {
            let refused = pairing.confirm("WRONG0");
            assert!(matches!(refused, Err(PairingError::WrongCode { left: l, .. }) if l == left), "{refused:?}");
        }
        assert!(matches!(pairing.confirm(&screen.code), Err(PairingError::Locked)), "the right code must wait as well");
        clock.advance(LOCKED_MS);
        pairing.confirm(&screen.code).unwrap();
    }

    #[test]
    fn codes_lapse_and_knocks_are_limited() {
        let (_folder, clock, pairing) = fresh();
        let (screen, knock) = pairing.knock("one", Scope::Any).unwrap();
        for _ in 1..PENDING_MAX {
            pairing.knock("more", Scope::Any).unwrap();
        }
        assert!(matches!(pairing.knock("too many", Scope::Any), Err(PairingError::TooManyPending)));
        clock.advance(PENDING_MS_MAX);
        assert_eq!(pairing.pending(&knock), PendingState::Gone);
        assert!(pairing.confirm(&screen.code).is_err());
        pairing.knock("room again", Scope::Any).unwrap();
    }

    #[test]
    fn a_link_works_a_limited_number_of_times() {
        let (_folder, clock, pairing) = fresh();
        let token = pairing.invite(till("2"));
        for _ in 0..INVITE_USES_MAX {
            let (screen, _) = pairing.accept_invite(&token, "demo").unwrap().unwrap();
            assert_eq!(screen.scope, till("2"));
        }
        assert!(pairing.accept_invite(&token, "demo").unwrap().is_none());
        let old = pairing.invite(Scope::Any);
        clock.advance(INVITE_MS_MAX);
        assert!(pairing.accept_invite(&old, "demo").unwrap().is_none());
        assert!(pairing.accept_invite("made up", "demo").unwrap().is_none());
    }

    #[test]
    fn the_console_confirms_by_a_file() {
        let (folder, _clock, pairing) = fresh();
        let (screen, knock) = pairing.knock("Chromium", Scope::Any).unwrap();
        let path = folder.path().to_owned();
        let code = screen.code.clone();
        let console = std::thread::spawn(move || confirm_by_file(&path, &code, Duration::from_secs(20)));
        let deadline = std::time::Instant::now() + Duration::from_secs(20);
        while !matches!(pairing.pending(&knock), PendingState::Confirmed(_)) {
            assert!(std::time::Instant::now() < deadline, "the file was not seen");
            pairing.answer_files();
        }
        assert_eq!(console.join().unwrap().unwrap(), "Chromium");
        assert!(matches!(confirm_by_file(folder.path(), "../../x", Duration::ZERO), Err(PairingError::NodeRefused { .. })));
        assert!(matches!(confirm_by_file(folder.path(), "ABCDEF", Duration::ZERO), Err(PairingError::NodeSilent { .. })));
    }

    #[test]
    fn a_damaged_list_is_named_and_not_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("screens.json"), b"{").unwrap();
        let opened = Pairing::open(folder.path(), Arc::new(HandClock::at(0)));
        assert!(matches!(opened, Err(PairingError::Unreadable { .. })));
        assert_eq!(std::fs::read(folder.path().join("screens.json")).unwrap(), b"{");
    }
}
