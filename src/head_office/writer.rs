//! The one writer of head office's database: takes requests one after another, several in one commit when they queue, and answers
//! only after the commit. [`Writer`] is plain and single-threaded, so that a simulation can drive it; [`spawn`] puts it on its thread.

use std::collections::HashMap;

use super::db::{self, Connection};
use tokio::sync::{mpsc, oneshot, watch};

use super::chain::{self, NodeChain};
use super::fleet;
use super::incidents::{self, Incident};
use super::ingest::{self, Batch};
use super::intake::articles;
use super::leads::{self, Asked};
use super::order_search;
use super::orders;
use super::projection;
use super::repair;
use super::restore::{self, Held, NotRestored};
use super::right::HoldRule;
use super::rights;
use super::status_link;
use super::storage::{self, Folders, StorageError};
use crate::ids::{NodeId, StoreId};
use crate::journal::{BadRecord, Hash, NodeKey, Position, Record};
use crate::retail::UplinkAck;
use crate::sync::wire::{
    self, LocateReply, LocateRequest, NodeReport, RecordsQuery, RecordsReply, RepairReply, RepairRequest, RestorePlan, RestoreRequest,
    UrgentReply, WIRE_VERSION,
};

/// Requests that may wait for the writer. Beyond it nodes are told to come back.
pub const JOBS_WAITING_MAX: usize = 256;
/// Requests in one commit.
pub const JOBS_PER_COMMIT_MAX: usize = 32;

/// Why a request was not carried out. Nothing of it was stored.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    #[error("head office's database failed: {0}")]
    Database(#[from] db::Error),
    #[error(
        "the records are of format {0}, which this head office does not know: install a newer version here; the node keeps them and sends again"
    )]
    NewerFormat(u64),
    #[error("head office is busy: more than {JOBS_WAITING_MAX} requests wait")]
    Busy,
    #[error(
        "head office could not write to its database: check the free space of its disk, or that PostgreSQL runs and takes connections; the node sends again"
    )]
    NotCommitted,
    #[error("head office is stopping")]
    Stopping,
    /// What the request built upon does not stand any more.
    #[error("somebody changed it after it was read, or it is gone")]
    Changed,
}

pub struct Writer {
    connection: Connection,
    key: NodeKey,
    epoch: u64,
    chains: HashMap<(StoreId, NodeId), NodeChain>,
    hold_rule: HoldRule,
}

impl Writer {
    /// Opens the database and, when this version counts differently from the one before, counts everything again.
    pub fn open(folders: &Folders) -> Result<Writer, StorageError> {
        let connection = storage::open(folders)?;
        let key = folders.load_key()?;
        let failed = |source| folders.failed(source);
        let epoch = storage::epoch(&connection).map_err(failed)?;
        let mut writer = Writer { connection, key, epoch, chains: HashMap::new(), hold_rule: HoldRule::default() };
        if let Some(server) = &folders.server
            && !writer.transaction(|writer| storage::agree(&writer.connection, "public_key", &writer.public_key())).map_err(failed)?
        {
            return Err(StorageError::OtherKey { place: server.to_string(), folder: folders.root.clone() });
        }
        writer
            .transaction(|writer| {
                order_search::fill(&writer.connection)?;
                status_link::fill(&writer.connection)?;
                articles::fill(&writer.connection)
            })
            .map_err(failed)?;
        writer.transaction(|writer| writer.renew_projections()).map_err(failed)?;
        Ok(writer)
    }

    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// 64 hex characters: what nodes pin.
    pub fn public_key(&self) -> String {
        self.key.public_hex()
    }

    /// How many rights are held.
    pub fn hold_rule(&self) -> &HoldRule {
        &self.hold_rule
    }

    /// The one that was configured.
    pub fn hold_by(&mut self, rule: HoldRule) {
        self.hold_rule = rule;
    }

    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Runs `work` in one transaction. After an error nothing of it is stored and nothing of it is remembered.
    pub fn transaction<T, E: From<db::Error>>(&mut self, work: impl FnOnce(&mut Writer) -> Result<T, E>) -> Result<T, E> {
        self.connection.begin_writing()?;
        self.refresh()?;
        let done = work(self).and_then(|value| self.connection.commit().map(|()| value).map_err(E::from));
        if done.is_err() {
            self.connection.rollback();
            self.forget();
        }
        done
    }

    pub fn locate(&mut self, store: &StoreId, node: &NodeId, request: &LocateRequest, now_ms: i64) -> Result<LocateReply, WriteError> {
        let mut chain = self.take_chain(store, node, now_ms)?;
        let found = ingest::locate(&self.connection, &chain, request)?;
        if let Some(held) = &request.held {
            self.notice_restore(&mut chain, held, now_ms)?;
        }
        ingest::contact(&self.connection, &chain, request.head.as_ref().map_or(0, |head| head.seq), request.waiting, now_ms)?;
        self.put_chain(chain);
        Ok(LocateReply {
            v: WIRE_VERSION,
            epoch: self.epoch,
            key: self.public_key(),
            ack: found.map(|at| self.acknowledge(store, node, &at)),
            send_from: found.map_or(1, |at| at.seq + 1),
        })
    }

    pub fn records(
        &mut self,
        store: &StoreId,
        node: &NodeId,
        batch: &Batch,
        query: &RecordsQuery,
        now_ms: i64,
    ) -> Result<RecordsReply, WriteError> {
        let newer = batch.bad.as_ref().and_then(|bad| match bad.why {
            BadRecord::NewerFormat(format) => Some(format),
            _ => None,
        });
        if let (Some(format), true) = (newer, batch.records.is_empty()) {
            return Err(WriteError::NewerFormat(format));
        }
        let mut chain = self.take_chain(store, node, now_ms)?;
        let outcome = ingest::records(&self.connection, &mut chain, batch, query, now_ms)?;
        ingest::contact(&self.connection, &chain, query.head_seq, query.waiting, now_ms)?;
        self.put_chain(chain);
        Ok(RecordsReply {
            v: WIRE_VERSION,
            epoch: self.epoch,
            ack: outcome.held.map(|at| self.acknowledge(store, node, &at)),
            send_from: outcome.send_from,
            gap: outcome.gap,
            bad: outcome.bad,
        })
    }

    pub fn urgent(&mut self, store: &StoreId, node: &NodeId, records: &[Record], now_ms: i64) -> Result<UrgentReply, WriteError> {
        let chain = self.take_chain(store, node, now_ms)?;
        let taken = ingest::urgent(&self.connection, &chain, records, now_ms)?;
        self.put_chain(chain);
        let taken = taken.iter().map(on_the_wire).collect();
        Ok(UrgentReply { v: WIRE_VERSION, epoch: self.epoch, taken })
    }

    /// Our copy of records that a node has lost, signed, as far as one answer holds.
    pub fn repair(
        &mut self,
        store: &StoreId,
        node: &NodeId,
        request: &RepairRequest,
        now_ms: i64,
    ) -> Result<(RepairReply, Vec<u8>), WriteError> {
        let chain = self.take_chain(store, node, now_ms)?;
        let copy = repair::copy(&self.connection, &chain, request, now_ms)?;
        self.put_chain(chain);
        let ack = copy.last.map(|at| self.acknowledge(store, node, &at));
        Ok((RepairReply { v: WIRE_VERSION, epoch: self.epoch, ack }, copy.lines))
    }

    /// What a box that has taken another's place may go on with.
    pub fn plan_restore(
        &mut self,
        store: &StoreId,
        node: &NodeId,
        request: &RestoreRequest,
        now_ms: i64,
    ) -> Result<Result<RestorePlan, NotRestored>, WriteError> {
        let Some(chain) = NodeChain::find_node(&self.connection, store, node)? else { return Ok(Err(NotRestored::NothingHeld)) };
        let held = match restore::plan(&self.connection, &chain, request.journal, now_ms)? {
            Ok(held) => held,
            Err(why) => return Ok(Err(why)),
        };
        let ack = self.acknowledge(store, node, &held.head);
        let Held { journal, head: _, keys, holes, others, said_seq, last_contact_ms } = held;
        Ok(Ok(RestorePlan { v: WIRE_VERSION, epoch: self.epoch, journal, ack, keys, holes, others, said_seq, last_contact_ms }))
    }

    /// What a box says of itself.
    pub fn report(&mut self, store: &StoreId, node: &NodeId, report: &NodeReport, now_ms: i64) -> Result<(), WriteError> {
        let chain = self.take_chain(store, node, now_ms)?;
        fleet::keep(&self.connection, chain.id, store, report, now_ms)?;
        self.put_chain(chain);
        Ok(())
    }

    /// A person has dealt with an incident.
    pub fn close_incident(&mut self, id: i64, now_ms: i64) -> Result<bool, WriteError> {
        Ok(incidents::close(&self.connection, id, now_ms)?)
    }

    /// Tries an exception again; `None` when there is none of this number.
    pub fn replay_exception(&mut self, id: i64, now_ms: i64) -> Result<Option<Result<(), String>>, WriteError> {
        Ok(projection::replay(&self.connection, id, now_ms)?)
    }

    /// Raises the epoch after the database was put back from a backup.
    pub fn restore(&mut self) -> db::Result<u64> {
        self.begin_epoch(self.epoch + 1)?;
        Ok(self.epoch)
    }

    /// What is known of a node was changed beside its chain.
    pub fn forget_chain(&mut self, store: &StoreId, node: &NodeId) {
        self.chains.remove(&(store.clone(), node.clone()));
    }

    /// The key that signs acknowledgements.
    pub fn key(&self) -> &NodeKey {
        &self.key
    }

    /// Head office's signature over `bytes`.
    pub fn sign(&self, bytes: &[u8]) -> [u8; 64] {
        self.key.sign(bytes)
    }

    fn acknowledge(&self, store: &StoreId, node: &NodeId, at: &Position) -> UplinkAck {
        let mut ack =
            UplinkAck { incarnation: at.incarnation, seq: at.seq, hash: at.hash.to_string(), epoch: self.epoch, signature: String::new() };
        ack.signature = self.key.sign_hex(&wire::ack_text(store, node, &ack));
        ack
    }

    /// A node shows an acknowledgement of ours, of this epoch or a later one, for something that is not here: we were restored.
    fn notice_restore(&mut self, chain: &mut NodeChain, held: &UplinkAck, now_ms: i64) -> db::Result<()> {
        if held.epoch < self.epoch || !wire::is_signed(held, &chain.store, &chain.node, &self.public_key()) {
            return Ok(());
        }
        let known = match held.hash.parse::<Hash>() {
            Ok(hash) => chain.find(&self.connection, held.seq, &hash)?.is_some(),
            Err(_) => false,
        };
        if known && held.epoch == self.epoch {
            return Ok(());
        }
        self.begin_epoch(held.epoch + 1)?;
        let held_seq = chain.current().map_or(0, |branch| branch.head.seq);
        let incident = Incident::Restored { acknowledged_seq: held.seq, held_seq, epoch: self.epoch };
        incidents::raise(&self.connection, &chain.store, &chain.node, &incident, now_ms)
    }

    /// The store's lead asks for words. What it knows of us may prove that the database was put back, also when the same backup was put back
    /// once before; and it is noted which epoch it is told.
    pub fn lead_asks(&mut self, store: &StoreId, node: &NodeId, after: u64, office: Option<u64>, now_ms: i64) -> db::Result<()> {
        let Some(asked) = leads::asks(&self.connection, store.as_str(), after, office)? else { return Ok(()) };
        if let Asked::WeWerePutBack { epoch } = asked {
            self.begin_epoch(epoch)?;
            incidents::raise(&self.connection, store, node, &Incident::SaidMore { epoch }, now_ms)?;
        }
        leads::tell(&self.connection, store.as_str(), self.epoch)
    }

    pub(crate) fn begin_epoch(&mut self, epoch: u64) -> db::Result<()> {
        let before = std::mem::replace(&mut self.epoch, epoch);
        storage::set_epoch(&self.connection, epoch)?;
        orders::say_again(&self.connection)?;
        rights::want_again_everywhere(&self.connection, before)
    }

    fn renew_projections(&mut self) -> db::Result<()> {
        if !storage::drop_stale_projections(&self.connection)? {
            return Ok(());
        }
        tracing::info!("this version counts differently: counting all stored records again");
        let names: Vec<(String, String)> = self
            .connection
            .prepare_cached("SELECT store, node FROM nodes ORDER BY id")?
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<db::Result<_>>()?;
        for (store, node) in names {
            let bad_id = |error: crate::ids::BadId| chain::corrupt(&error.to_string());
            let chain = NodeChain::load(&self.connection, &store.parse().map_err(bad_id)?, &node.parse().map_err(bad_id)?, 0)?;
            for branch in &chain.branches {
                let mut counter = projection::Counter::new(&self.connection, &chain, branch.id);
                chain::for_each_chunk(&self.connection, branch.id, |bytes| {
                    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
                        let record = Record::parse(line.to_vec()).map_err(|error| chain::corrupt(&error.to_string()))?;
                        counter.record(&record, record.at.ms)?;
                    }
                    Ok(())
                })?;
                counter.flush()?;
            }
        }
        Ok(())
    }

    /// What is known of a node leaves the memory while it is worked on, so that after an error it is read again.
    fn take_chain(&mut self, store: &StoreId, node: &NodeId, now_ms: i64) -> db::Result<NodeChain> {
        match self.chains.remove(&(store.clone(), node.clone())) {
            Some(chain) => Ok(chain),
            None => NodeChain::load(&self.connection, store, node, now_ms),
        }
    }

    fn put_chain(&mut self, chain: NodeChain) {
        self.chains.insert((chain.store.clone(), chain.node.clone()), chain);
    }

    /// What others may have written meanwhile is read again.
    fn refresh(&mut self) -> db::Result<()> {
        if self.connection.is_shared() {
            self.chains.clear();
            self.epoch = storage::epoch(&self.connection)?;
        }
        Ok(())
    }

    /// What is remembered of the database is read again.
    pub(crate) fn forget(&mut self) {
        self.chains.clear();
        if let Ok(epoch) = storage::epoch(&self.connection) {
            self.epoch = epoch;
        }
    }
}

fn on_the_wire(at: &Position) -> wire::Position {
    wire::Position { incarnation: at.incarnation, seq: at.seq, hash: at.hash.to_string() }
}

/// What is done inside a commit that others may share.
type Work = Box<dyn FnOnce(&mut Writer, i64) -> Answer + Send>;
/// What is done after it; told whether the commit went through.
type Answer = Box<dyn FnOnce(bool) + Send>;

/// One request and where its answer goes.
pub struct Job {
    work: Work,
}

impl Job {
    /// `work` is given the time. Its answer comes out of the receiver, after the commit.
    pub fn new<T: Send + 'static>(
        work: impl FnOnce(&mut Writer, i64) -> Result<T, WriteError> + Send + 'static,
    ) -> (Job, oneshot::Receiver<Result<T, WriteError>>) {
        let (reply, answer) = oneshot::channel();
        let work = move |writer: &mut Writer, now_ms: i64| -> Answer {
            let done = guarded(writer, now_ms, work);
            Box::new(move |committed| {
                let _ = reply.send(if committed { done } else { done.and_then(|_| Err(WriteError::NotCommitted)) });
            })
        };
        (Job { work: Box::new(work) }, answer)
    }
}

/// A failed request takes back what it wrote and leaves the others of the same commit alone.
fn guarded<T>(writer: &mut Writer, now_ms: i64, work: impl FnOnce(&mut Writer, i64) -> Result<T, WriteError>) -> Result<T, WriteError> {
    writer.connection.execute_batch("SAVEPOINT job")?;
    let done = work(writer, now_ms);
    if done.is_err() {
        writer.connection.execute_batch("ROLLBACK TO job")?;
        writer.forget();
    }
    writer.connection.execute_batch("RELEASE job")?;
    done
}

/// Runs the writer until all senders are gone. `revision` grows with every commit.
pub fn run(mut writer: Writer, mut jobs: mpsc::Receiver<Job>, revision: &watch::Sender<u64>, now_ms: impl Fn() -> i64) {
    let mut queue = Vec::with_capacity(JOBS_PER_COMMIT_MAX);
    while jobs.blocking_recv_many(&mut queue, JOBS_PER_COMMIT_MAX) > 0 {
        let at_ms = now_ms();
        let mut answers = Vec::with_capacity(queue.len());
        let committed = writer.transaction(|writer| {
            answers.extend(queue.drain(..).map(|job| (job.work)(writer, at_ms)));
            Ok::<(), db::Error>(())
        });
        if let Err(error) = &committed {
            tracing::error!(%error, "a commit failed; nothing of it was acknowledged, the nodes send again: check the disk, or PostgreSQL");
        }
        queue.clear();
        for answer in answers {
            answer(committed.is_ok());
        }
        revision.send_modify(|revision| *revision += 1);
    }
}
