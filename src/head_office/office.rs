//! Head office as one handle: a writer on its own thread, readers beside it, and word of every change.

use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::db::{self, Connection};
use tokio::sync::{Semaphore, mpsc, watch};

use super::access::{self, Acting, Reach, audit};
use super::api_answers;
use super::authority::Authority;
use super::config::HeadOfficeConfig;
use super::gate::Gate;
use super::storage::{self, Folders, ServingLock, StorageError};
use super::writer::{self, JOBS_WAITING_MAX, Job, WriteError, Writer};
use crate::time::Clock;
use crate::web::setup_code::SetupCode;

/// Questions answered from the database at the same time.
pub const READERS_MAX: usize = 8;
/// How long a question waits for a connection where the server takes no more of them.
const READER_PATIENCE: Duration = Duration::from_secs(5);
const READER_PAUSE: Duration = Duration::from_millis(20);

/// Connections that lie idle and see certain stores alone.
const BOUNDED_IDLE_MAX: usize = 8;

/// Cheap to clone. The database is given back when the last clone is gone, or by [`HeadOffice::stop`].
#[derive(Clone)]
pub struct HeadOffice {
    inner: Arc<Inner>,
}

struct Inner {
    config: HeadOfficeConfig,
    folders: Folders,
    clock: Arc<dyn Clock>,
    public_key: String,
    jobs: Mutex<Option<mpsc::Sender<Job>>>,
    writer: Mutex<Option<JoinHandle<()>>>,
    readers: Mutex<Vec<Connection>>,
    bounded: Mutex<Vec<(Reach, Connection)>>,
    setup: SetupCode,
    places: Semaphore,
    revision: watch::Receiver<u64>,
    authority: Option<Arc<Authority>>,
    gate: Gate,
}

impl HeadOffice {
    /// Opens the data folder, makes what is missing in it, and starts the writer. One process at a time.
    pub fn open(config: HeadOfficeConfig, clock: Arc<dyn Clock>) -> Result<HeadOffice, StorageError> {
        let folders = Folders::of(&config);
        folders.create()?;
        let lock = folders.lock_serving()?;
        let mut writer = on_a_thread(|| Writer::open(&folders))?;
        writer.hold_by(config.hold_rule.clone());
        let authority = match config.enrolment {
            true => Some(Arc::new(on_a_thread(|| open_authority(&mut writer, &folders))?)),
            false => None,
        };
        let public_key = writer.public_key();
        let (jobs, queue) = mpsc::channel(JOBS_WAITING_MAX);
        let (changed, revision) = watch::channel(0);
        let handle = start(writer, lock, queue, changed, Arc::clone(&clock), &folders)?;
        let inner = Inner {
            setup: SetupCode::new(Arc::clone(&clock)),
            config,
            folders,
            clock,
            public_key,
            jobs: Mutex::new(Some(jobs)),
            writer: Mutex::new(Some(handle)),
            readers: Mutex::new(Vec::new()),
            bounded: Mutex::new(Vec::new()),
            places: Semaphore::new(READERS_MAX),
            revision,
            authority,
            gate: Gate::default(),
        };
        Ok(HeadOffice { inner: Arc::new(inner) })
    }

    pub fn config(&self) -> &HeadOfficeConfig {
        &self.inner.config
    }

    pub fn folders(&self) -> &Folders {
        &self.inner.folders
    }

    /// Who says who is who; `None` when certificates come from elsewhere.
    pub fn authority(&self) -> Option<&Arc<Authority>> {
        self.inner.authority.as_ref()
    }

    pub fn gate(&self) -> &Gate {
        &self.inner.gate
    }

    /// How the first person comes in.
    pub fn setup(&self) -> &SetupCode {
        &self.inner.setup
    }

    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.inner.clock
    }

    /// 64 hex characters: what a node's configuration may pin.
    pub fn public_key(&self) -> &str {
        &self.inner.public_key
    }

    pub fn now_ms(&self) -> i64 {
        self.inner.clock.now().ms
    }

    /// Grows with every commit of the writer.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.inner.revision.clone()
    }

    /// Has the writer do something; returns when it is on disk. What changes something on behalf of a request is
    /// noted in the same transaction, and done only if the request's condition holds ([`api_answers`]).
    pub async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Writer, i64) -> Result<T, WriteError> + Send + 'static,
    ) -> Result<T, WriteError> {
        let work = api_answers::under_condition(work, Writer::connection);
        let Some(acting) = access::acting().filter(|acting| acting.to_note().is_some()) else { return self.write_unseen(work).await };
        let noting = Arc::clone(&acting);
        let (done, noted) = self.write_unseen(move |writer, now_ms| witnessed(writer, now_ms, &noting, work)).await?;
        if noted {
            acting.noted();
        }
        Ok(done)
    }

    /// What head office does by itself, or notes itself.
    pub async fn write_unseen<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Writer, i64) -> Result<T, WriteError> + Send + 'static,
    ) -> Result<T, WriteError> {
        let (job, answer) = Job::new(work);
        let jobs = self.inner.jobs.lock().ok().and_then(|jobs| jobs.clone()).ok_or(WriteError::Stopping)?;
        jobs.try_send(job).map_err(|full| match full {
            mpsc::error::TrySendError::Full(_) => WriteError::Busy,
            mpsc::error::TrySendError::Closed(_) => WriteError::Stopping,
        })?;
        // Without an answer: the writer is gone, or its transaction could not even begin.
        answer.await.unwrap_or_else(|_| Err(if self.is_stopping() { WriteError::Stopping } else { WriteError::NotCommitted }))
    }

    fn is_stopping(&self) -> bool {
        self.inner.jobs.lock().map_or(true, |jobs| jobs.is_none())
    }

    /// Answers a question from the newest committed state: to whoever asks, as far as their stores reach.
    pub async fn read<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Connection) -> db::Result<T> + Send + 'static,
    ) -> Result<T, StorageError> {
        self.read_within(access::bounds().unwrap_or(Reach::All), question).await
    }

    /// Answers from the rows of these stores alone.
    pub async fn read_within<T: Send + 'static>(
        &self,
        reach: Reach,
        question: impl FnOnce(&Connection) -> db::Result<T> + Send + 'static,
    ) -> Result<T, StorageError> {
        let place = self.inner.places.acquire().await;
        let office = self.clone();
        let answer = tokio::task::spawn_blocking(move || match reach {
            Reach::All => office.read_here(question),
            reach => office.read_bounded(reach, question),
        })
        .await;
        drop(place);
        match answer {
            Ok(answer) => answer,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                // Cancelled before it began: the process ends.
                Err(_) => Err(StorageError::Stopping),
            },
        }
    }

    fn read_here<T>(&self, question: impl FnOnce(&Connection) -> db::Result<T>) -> Result<T, StorageError> {
        let connection = self.reader()?;
        // One snapshot for all statements of a question.
        let failed = |source| self.inner.folders.failed(source);
        connection.begin_reading().map_err(failed)?;
        let answer = question(&connection).map_err(failed);
        if connection.commit().is_ok()
            && let Ok(mut readers) = self.inner.readers.lock()
        {
            readers.push(connection);
        }
        answer
    }

    fn read_bounded<T>(&self, reach: Reach, question: impl FnOnce(&Connection) -> db::Result<T>) -> Result<T, StorageError> {
        let idle = self.inner.bounded.lock().ok().and_then(|mut idle| {
            let found = idle.iter().position(|(of, _)| *of == reach);
            found.map(|index| idle.remove(index).1)
        });
        let connection = match idle.filter(Connection::is_alive) {
            Some(connection) => connection,
            None => storage::open_bounded(&self.inner.folders, &reach)?,
        };
        let failed = |source| self.inner.folders.failed(source);
        connection.begin_reading().map_err(failed)?;
        let answer = question(&connection).map_err(failed);
        if connection.commit().is_ok()
            && let Ok(mut idle) = self.inner.bounded.lock()
        {
            idle.push((reach, connection));
            if idle.len() > BOUNDED_IDLE_MAX {
                idle.remove(0);
            }
        }
        answer
    }

    /// A connection that lies idle, or a new one. Where the server takes no more of them, the next of ours that is done with.
    fn reader(&self) -> Result<Connection, StorageError> {
        let asked = Instant::now();
        loop {
            let idle = self.inner.readers.lock().ok().and_then(|mut readers| readers.pop());
            if let Some(connection) = idle.filter(Connection::is_alive) {
                return Ok(connection);
            }
            match storage::open_reader(&self.inner.folders) {
                Err(StorageError::Server { source, .. }) if source.is_full() && asked.elapsed() < READER_PATIENCE => {
                    std::thread::sleep(READER_PAUSE);
                }
                opened => return opened,
            }
        }
    }

    /// Finishes what is queued and closes the database.
    pub async fn stop(&self) {
        let jobs = self.inner.jobs.lock().ok().and_then(|mut jobs| jobs.take());
        drop(jobs);
        let handle = self.inner.writer.lock().ok().and_then(|mut writer| writer.take());
        if let Some(handle) = handle {
            let _ = tokio::task::spawn_blocking(move || handle.join()).await;
        }
        if let Ok(mut readers) = self.inner.readers.lock() {
            readers.clear();
        }
        if let Ok(mut bounded) = self.inner.bounded.lock() {
            bounded.clear();
        }
    }
}

/// Does the work and, when it changed something, notes whose it was.
fn witnessed<T>(
    writer: &mut Writer,
    now_ms: i64,
    acting: &Acting,
    work: impl FnOnce(&mut Writer, i64) -> Result<T, WriteError>,
) -> Result<(T, bool), WriteError> {
    let before = writer.connection().rows_changed();
    let done = work(writer, now_ms)?;
    let Some(deed) = acting.to_note().filter(|_| writer.connection().rows_changed() != before) else { return Ok((done, false)) };
    let entry = audit::Entry::new(&acting.who, deed, audit::CHANGED.to_owned());
    audit::append(writer.connection(), writer.key(), &entry, now_ms)?;
    Ok((done, true))
}

/// The certificate authority of the data folder, when it is the one this database knows.
fn open_authority(writer: &mut Writer, folders: &Folders) -> Result<Authority, StorageError> {
    let authority = Authority::open(&folders.root)?;
    let fingerprint = authority.fingerprint().to_string();
    let is_known = writer.transaction(|writer| storage::agree(writer.connection(), "ca", &fingerprint));
    match is_known.map_err(|source| folders.failed(source))? {
        true => Ok(authority),
        false => Err(StorageError::OtherAuthority { place: folders.place(), folder: folders.root.clone() }),
    }
}

/// Runs what blocks, such as a session with a server, away from a runtime that must not.
fn on_a_thread<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| scope.spawn(work).join()).unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

fn start(
    writer: Writer,
    lock: ServingLock,
    queue: mpsc::Receiver<Job>,
    changed: watch::Sender<u64>,
    clock: Arc<dyn Clock>,
    folders: &Folders,
) -> Result<JoinHandle<()>, StorageError> {
    let work = move || {
        writer::run(writer, queue, &changed, || clock.now().ms);
        drop(lock);
    };
    let failed = |source| StorageError::Folder { path: folders.root.clone(), source };
    std::thread::Builder::new().name("head-office-writer".to_owned()).spawn(work).map_err(failed)
}
