//! Which box is which node: one-time codes, certificates, their renewal and their end. Who may speak for a node is decided here, request by
//! request and by head office's clock; a certificate only proves the key.
//!
//! | what | who decides | on repeat |
//! |---|---|---|
//! | a code is used | the one transaction that marks it as used | the same box gets its certificate again; any other box nothing |
//! | a certificate is renewed | head office, when two thirds of its life have passed | the newest one is given again until it is due |
//! | a node comes back after its certificate has run out | a person | one certificate for one approval |
//! | a node is revoked | a person | nothing more happens |
//! | a box is replaced | a person, with a code that says so | as for a code |

use std::collections::BTreeMap;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde::Serialize;

use super::authority::{Authority, Issued, Shown};
use super::db::{self, Connection, OptionalExtension, params};
use super::incidents::{self, Incident};
use super::leads;
use crate::ids::{NodeId, StoreId};
use crate::journal::{Hash, NodeKey, PublicKey};
use crate::sync::enrolment::{CertificateReply, Code, EnrolRequest, Pin};
use crate::sync::wire::{self, WIRE_VERSION};

/// A code is typed in within this.
pub const CODE_LIFE_MS: i64 = 30 * 60_000;
/// Codes that may wait to be used.
pub const CODES_OPEN_MAX: i64 = 10_000;
/// Of a list.
const CODES_SHOWN_MAX: u32 = 200;
/// Codes stay this long after their end, to tell a late box why.
const CODE_KEPT_MS: i64 = 30 * 86_400_000;
/// Whoever waits for an approval asks again after this.
const APPROVAL_ASK_MS: u64 = 60_000;
const ASK_MS_MAX: i64 = 6 * 3_600_000;
const ASK_MS_MIN: i64 = 200;

/// What a code is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeFor {
    pub store: StoreId,
    /// `None`: whatever the box calls itself.
    pub node: Option<NodeId>,
    /// The box may take the place of another one.
    pub replaces: bool,
}

impl CodeFor {
    /// `None`: no box of such names could get a certificate.
    pub fn new(store: StoreId, node: Option<NodeId>, replaces: bool) -> Option<CodeFor> {
        let any = || NodeId::new("any").ok();
        wire::certificate_name(&store, &node.clone().or_else(any)?)?;
        Some(CodeFor { store, node, replaces })
    }
}

/// The key under which codes are hashed: who has only the database cannot try codes out.
fn code_hash(office_key: &NodeKey, secret: &str) -> String {
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &office_key.derived("enrolment codes"));
    let mut hash = [0; 32];
    hash.copy_from_slice(ring::hmac::sign(&key, secret.as_bytes()).as_ref());
    Hash(hash).to_string()
}

/// Makes a code; it is shown once and only its hash is kept. `None`: too many wait already.
pub fn make_code(
    connection: &Connection,
    office_key: &NodeKey,
    pin: Pin,
    random: [u8; 10],
    wanted: &CodeFor,
    now_ms: i64,
) -> db::Result<Option<Code>> {
    connection.execute("DELETE FROM enrol_codes WHERE expires_ms < ?1", [now_ms - CODE_KEPT_MS])?;
    let open: i64 =
        connection.query_row("SELECT count(*) FROM enrol_codes WHERE used_ms IS NULL AND expires_ms > ?1", [now_ms], |row| row.get(0))?;
    if open >= CODES_OPEN_MAX {
        return Ok(None);
    }
    let code = Code::new(random, pin);
    connection.execute(
        "INSERT INTO enrol_codes (hash, store, node, replaces, made_ms, expires_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            code_hash(office_key, code.secret()),
            wanted.store.as_str(),
            wanted.node.as_ref().map_or("", NodeId::as_str),
            i64::from(wanted.replaces),
            now_ms,
            now_ms + CODE_LIFE_MS
        ],
    )?;
    Ok(Some(code))
}

/// A code that waits to be used, without the code itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct OpenCode {
    /// By this it can be withdrawn; nobody gets in with it.
    pub id: String,
    pub store: String,
    /// Empty: any of the store.
    pub node: String,
    pub replaces: bool,
    pub made_ms: i64,
    pub expires_ms: i64,
}

/// The newest first.
pub fn open_codes(connection: &Connection, now_ms: i64) -> db::Result<Vec<OpenCode>> {
    connection
        .prepare_cached(
            "SELECT hash, store, node, replaces, made_ms, expires_ms FROM enrol_codes WHERE used_ms IS NULL AND expires_ms > ?1
             ORDER BY made_ms DESC, hash LIMIT ?2",
        )?
        .query_map(params![now_ms, CODES_SHOWN_MAX], |row| {
            Ok(OpenCode {
                id: row.get(0)?,
                store: row.get(1)?,
                node: row.get(2)?,
                replaces: row.get::<_, i64>(3)? != 0,
                made_ms: row.get(4)?,
                expires_ms: row.get(5)?,
            })
        })?
        .collect()
}

/// From here on nobody gets in with it. One that was used stays as it is. Idempotent.
pub fn withdraw(connection: &Connection, id: &str, now_ms: i64) -> db::Result<()> {
    connection
        .execute("UPDATE enrol_codes SET expires_ms = ?2 WHERE hash = ?1 AND used_ms IS NULL AND expires_ms > ?2", params![id, now_ms])
        .map(drop)
}

/// Why a box gets no certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotEnrolled {
    UnknownCode,
    NotSigned,
    OtherStore {
        store: String,
    },
    OtherNode {
        node: String,
    },
    Used {
        node: String,
        used_ms: i64,
    },
    Expired {
        expires_ms: i64,
    },
    /// The box's key is another node's: its disk is a copy.
    KeyOfAnother {
        store: String,
        node: String,
    },
    /// Another node's name differs from this one in capitals only.
    NameTaken {
        store: String,
        node: String,
    },
    /// Another box is this node.
    NodeTaken,
    BadName,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enrolled {
    pub certificate: String,
    pub expires_ms: i64,
    pub replaced: bool,
}

struct StoredCode {
    store: String,
    node: String,
    replaces: bool,
    expires_ms: i64,
    used_ms: Option<i64>,
    used_node: String,
    used_key: String,
}

struct Enrolment {
    public_key: String,
    certificate: String,
    issued_ms: i64,
    expires_ms: i64,
    revoked_ms: Option<i64>,
    returned_ms: Option<i64>,
    approved_ms: Option<i64>,
}

fn find(connection: &Connection, store: &StoreId, node: &NodeId) -> db::Result<Option<Enrolment>> {
    connection
        .prepare_cached(
            "SELECT public_key, certificate, issued_ms, expires_ms, revoked_ms, returned_ms, approved_ms FROM enrolments
             WHERE store = ?1 AND node = ?2",
        )?
        .query_row(params![store.as_str(), node.as_str()], |row| {
            Ok(Enrolment {
                public_key: row.get(0)?,
                certificate: row.get(1)?,
                issued_ms: row.get(2)?,
                expires_ms: row.get(3)?,
                revoked_ms: row.get(4)?,
                returned_ms: row.get(5)?,
                approved_ms: row.get(6)?,
            })
        })
        .optional()
}

/// Certifies a box that shows a good code, in the caller's transaction.
pub fn enrol(
    connection: &Connection,
    office_key: &NodeKey,
    authority: &Authority,
    request: &EnrolRequest,
    life_ms: i64,
    now_ms: i64,
) -> db::Result<Result<Enrolled, NotEnrolled>> {
    let (store, node) = (&request.store, &request.node);
    let hash = code_hash(office_key, &request.secret);
    let Some(code) = stored_code(connection, &hash)? else { return Ok(Err(NotEnrolled::UnknownCode)) };
    let Some(key) = PublicKey::from_hex(&request.public_key).ok().filter(|_| request.is_signed()) else {
        return Ok(Err(NotEnrolled::NotSigned));
    };
    if code.store != store.as_str() {
        return Ok(Err(NotEnrolled::OtherStore { store: code.store }));
    }
    if !code.node.is_empty() && code.node != node.as_str() {
        return Ok(Err(NotEnrolled::OtherNode { node: code.node }));
    }
    let known = find(connection, store, node)?;
    if let Some(used_ms) = code.used_ms {
        let is_same_box = code.used_node == node.as_str() && code.used_key == request.public_key;
        if let Some(known) = known.filter(|known| is_same_box && known.public_key == request.public_key && known.revoked_ms.is_none()) {
            return Ok(Ok(Enrolled { certificate: known.certificate, expires_ms: known.expires_ms, replaced: false }));
        }
        let incident = Incident::CodeUsedTwice { used_node: code.used_node.clone(), used_ms, key: request.public_key.clone() };
        incidents::raise(connection, store, node, &incident, now_ms)?;
        return Ok(Err(NotEnrolled::Used { node: code.used_node, used_ms }));
    }
    if now_ms >= code.expires_ms {
        return Ok(Err(NotEnrolled::Expired { expires_ms: code.expires_ms }));
    }
    if let Some((store, node)) = other_holder(connection, &request.public_key, store, node)? {
        return Ok(Err(NotEnrolled::KeyOfAnother { store, node }));
    }
    if let Some((store, node)) = namesake(connection, store, node)? {
        return Ok(Err(NotEnrolled::NameTaken { store, node }));
    }
    let is_revoked = known.as_ref().is_some_and(|known| known.revoked_ms.is_some());
    let before = match known {
        Some(known) => Some(known.public_key),
        None => pinned_key(connection, store, node)?,
    };
    let former = before.filter(|before| *before != request.public_key);
    if former.is_some() && !code.replaces && !is_revoked {
        return Ok(Err(NotEnrolled::NodeTaken));
    }
    let Some(issued) = authority.certify(store, node, &key, now_ms, life_ms) else { return Ok(Err(NotEnrolled::BadName)) };
    // Cannot fail below.
    connection.execute(
        "UPDATE enrol_codes SET used_ms = ?2, used_node = ?3, used_key = ?4 WHERE hash = ?1",
        params![hash, now_ms, node.as_str(), request.public_key.as_str()],
    )?;
    if let Some(former) = &former {
        replace(connection, store, node, former, &request.public_key, now_ms)?;
    }
    put(connection, store, node, &request.public_key, &issued, now_ms)?;
    Ok(Ok(Enrolled { certificate: issued.pem, expires_ms: issued.expires_ms, replaced: former.is_some() }))
}

fn stored_code(connection: &Connection, hash: &str) -> db::Result<Option<StoredCode>> {
    connection
        .prepare_cached("SELECT store, node, replaces, expires_ms, used_ms, used_node, used_key FROM enrol_codes WHERE hash = ?1")?
        .query_row([hash], |row| {
            Ok(StoredCode {
                store: row.get(0)?,
                node: row.get(1)?,
                replaces: row.get::<_, i64>(2)? != 0,
                expires_ms: row.get(3)?,
                used_ms: row.get(4)?,
                used_node: row.get(5)?,
                used_key: row.get(6)?,
            })
        })
        .optional()
}

fn other_holder(connection: &Connection, key: &str, store: &StoreId, node: &NodeId) -> db::Result<Option<(String, String)>> {
    connection
        .prepare_cached(
            "SELECT store, node FROM enrolments WHERE public_key = ?1 AND revoked_ms IS NULL AND NOT (store = ?2 AND node = ?3) LIMIT 1",
        )?
        .query_row(params![key, store.as_str(), node.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()
}

/// Names in certificates know no capitals.
fn namesake(connection: &Connection, store: &StoreId, node: &NodeId) -> db::Result<Option<(String, String)>> {
    connection
        .prepare_cached(
            "SELECT store, node FROM enrolments WHERE lower(store) = lower(?1) AND lower(node) = lower(?2) AND NOT (store = ?1 AND node = ?2)
             LIMIT 1",
        )?
        .query_row(params![store.as_str(), node.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()
}

/// The key of a node that called before it was enrolled.
fn pinned_key(connection: &Connection, store: &StoreId, node: &NodeId) -> db::Result<Option<String>> {
    let key = connection
        .prepare_cached("SELECT public_key FROM nodes WHERE store = ?1 AND node = ?2")?
        .query_row(params![store.as_str(), node.as_str()], |row| row.get::<_, Option<String>>(0))
        .optional()?;
    Ok(key.flatten())
}

/// Another box becomes this node. The former one is heard no more; what it signed can still be proved; and a store's lead begins anew.
fn replace(connection: &Connection, store: &StoreId, node: &NodeId, former: &str, key: &str, now_ms: i64) -> db::Result<()> {
    connection.execute(
        "INSERT INTO former_keys (public_key, store, node, until_ms) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
        params![former, store.as_str(), node.as_str(), now_ms],
    )?;
    connection.execute("UPDATE nodes SET public_key = ?3 WHERE store = ?1 AND node = ?2", params![store.as_str(), node.as_str(), key])?;
    leads::replaced(connection, store, node, now_ms)
}

fn put(connection: &Connection, store: &StoreId, node: &NodeId, key: &str, issued: &Issued, now_ms: i64) -> db::Result<()> {
    connection
        .execute(
            "INSERT INTO enrolments (store, node, public_key, certificate, issued_ms, expires_ms, enrolled_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT (store, node) DO UPDATE SET public_key = ?3, certificate = ?4, issued_ms = ?5, expires_ms = ?6, enrolled_ms = ?7,
               revoked_ms = NULL, revoked_why = NULL, returned_ms = NULL, approved_ms = NULL",
            params![store.as_str(), node.as_str(), key, issued.pem.as_str(), issued.issued_ms, issued.expires_ms, now_ms],
        )
        .map(drop)
}

/// Whether a node may be heard, and if not why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// `newest`: there is no later certificate than the one it shows.
    Good {
        newest: bool,
    },
    /// Only about another certificate.
    Expired {
        expires_ms: i64,
    },
    Revoked {
        revoked_ms: i64,
    },
    /// Another box is this node now.
    Replaced,
    /// The certificate is ours, and there is no trace of the node: head office was put back from a backup.
    Forgotten,
}

/// By what is stored and what was shown.
pub fn standing(
    connection: &Connection,
    store: &StoreId,
    node: &NodeId,
    shown: &Shown,
    certificate: &CertificateDer<'_>,
    now_ms: i64,
) -> db::Result<Standing> {
    let Some(known) = find(connection, store, node)? else {
        return Ok(match namesake(connection, store, node)? {
            Some(_) => Standing::Replaced,
            None => Standing::Forgotten,
        });
    };
    Ok(match known.revoked_ms {
        Some(revoked_ms) if known.public_key == shown.public_key => Standing::Revoked { revoked_ms },
        Some(_) | None if known.public_key != shown.public_key => Standing::Replaced,
        Some(_) | None if now_ms >= shown.expires_ms => Standing::Expired { expires_ms: shown.expires_ms },
        Some(_) | None => Standing::Good { newest: known.certificate.is_empty() || is_same(&known.certificate, certificate) },
    })
}

fn is_same(pem: &str, certificate: &CertificateDer<'_>) -> bool {
    CertificateDer::from_pem_slice(pem.as_bytes()).is_ok_and(|stored| stored == *certificate)
}

/// Writes down again what a backup lacks: its certificate says whose it is. It gets another one when it asks.
pub fn remember(connection: &Connection, store: &StoreId, node: &NodeId, shown: &Shown, now_ms: i64) -> db::Result<()> {
    if find(connection, store, node)?.is_some() {
        return Ok(());
    }
    let issued = Issued { pem: String::new(), issued_ms: now_ms, expires_ms: shown.expires_ms };
    put(connection, store, node, &shown.public_key, &issued, now_ms)?;
    incidents::raise(connection, store, node, &Incident::EnrolmentForgotten { key: shown.public_key.clone() }, now_ms)
}

/// Answers a node that asks about its certificate. It has proved its key; that it is neither revoked nor replaced was seen before.
pub fn renew(
    connection: &Connection,
    authority: &Authority,
    store: &StoreId,
    node: &NodeId,
    certificate: &CertificateDer<'_>,
    life_ms: i64,
    now_ms: i64,
) -> db::Result<Option<CertificateReply>> {
    let Some(known) = find(connection, store, node)? else { return Ok(None) };
    let is_over = now_ms >= known.expires_ms;
    if is_over && known.approved_ms.is_none() {
        if known.returned_ms.is_none() {
            connection.execute(
                "UPDATE enrolments SET returned_ms = ?3 WHERE store = ?1 AND node = ?2",
                params![store.as_str(), node.as_str(), now_ms],
            )?;
            incidents::raise(connection, store, node, &Incident::WaitsForApproval { expires_ms: known.expires_ms }, now_ms)?;
        }
        return Ok(Some(CertificateReply {
            v: WIRE_VERSION,
            certificate: None,
            waits_for_approval: true,
            ask_again_ms: APPROVAL_ASK_MS.min(u64::try_from(life_ms / 10).unwrap_or(0)),
        }));
    }
    if !is_over && !known.certificate.is_empty() && now_ms < due_ms(known.issued_ms, known.expires_ms) {
        let certificate = (!is_same(&known.certificate, certificate)).then_some(known.certificate);
        return Ok(Some(told(certificate, known.issued_ms, known.expires_ms, now_ms)));
    }
    let Some(issued) = PublicKey::from_hex(&known.public_key).ok().and_then(|key| authority.certify(store, node, &key, now_ms, life_ms))
    else {
        return Ok(None);
    };
    connection.execute(
        "UPDATE enrolments SET certificate = ?3, issued_ms = ?4, expires_ms = ?5, returned_ms = NULL, approved_ms = NULL
         WHERE store = ?1 AND node = ?2",
        params![store.as_str(), node.as_str(), issued.pem.as_str(), issued.issued_ms, issued.expires_ms],
    )?;
    if is_over {
        incidents::settle(connection, store, node, &Incident::WaitsForApproval { expires_ms: known.expires_ms }, now_ms)?;
    }
    Ok(Some(told(Some(issued.pem), issued.issued_ms, issued.expires_ms, now_ms)))
}

/// When two thirds of its life have passed.
fn due_ms(issued_ms: i64, expires_ms: i64) -> i64 {
    issued_ms + (expires_ms - issued_ms) / 3 * 2
}

fn told(certificate: Option<String>, issued_ms: i64, expires_ms: i64, now_ms: i64) -> CertificateReply {
    let wait_ms = (due_ms(issued_ms, expires_ms) - now_ms).clamp(ASK_MS_MIN, ASK_MS_MAX);
    CertificateReply { v: WIRE_VERSION, certificate, waits_for_approval: false, ask_again_ms: wait_ms.unsigned_abs() }
}

/// Why an act on a node was not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotDone {
    /// No box was ever enrolled as this node.
    Unknown,
    Revoked,
    /// Its certificate is good until then: there is nothing to approve.
    StillGood {
        expires_ms: i64,
    },
    /// It has not called since its certificate ran out, so its key is not proved.
    NotBack,
}

/// From here on the box is not heard any more. Idempotent.
pub fn revoke(connection: &Connection, store: &StoreId, node: &NodeId, why: &str, now_ms: i64) -> db::Result<Result<(), NotDone>> {
    if find(connection, store, node)?.is_none() {
        return Ok(Err(NotDone::Unknown));
    }
    connection.execute(
        "UPDATE enrolments SET revoked_ms = ?3, revoked_why = ?4, approved_ms = NULL WHERE store = ?1 AND node = ?2 AND revoked_ms IS NULL",
        params![store.as_str(), node.as_str(), now_ms, why],
    )?;
    Ok(Ok(()))
}

/// A person lets a node back in that was away for longer than its certificate lived. It gets its next one when it asks. Idempotent.
pub fn approve(connection: &Connection, store: &StoreId, node: &NodeId, now_ms: i64) -> db::Result<Result<(), NotDone>> {
    let Some(known) = find(connection, store, node)? else { return Ok(Err(NotDone::Unknown)) };
    if known.revoked_ms.is_some() {
        return Ok(Err(NotDone::Revoked));
    }
    if now_ms < known.expires_ms {
        return Ok(Err(NotDone::StillGood { expires_ms: known.expires_ms }));
    }
    if known.returned_ms.is_none() {
        return Ok(Err(NotDone::NotBack));
    }
    connection.execute(
        "UPDATE enrolments SET approved_ms = ?3 WHERE store = ?1 AND node = ?2 AND approved_ms IS NULL",
        params![store.as_str(), node.as_str(), now_ms],
    )?;
    Ok(Ok(()))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = EnrolmentState)]
pub enum State {
    Good,
    /// Its certificate has run out and it has not called since.
    Expired,
    /// It came back after that; a person must say yes.
    WaitsForApproval,
    /// A person has said yes; it gets its certificate when it asks.
    Approved,
    Revoked,
    /// Two journals under one name and one key, and nobody has looked yet.
    TwoBoxes,
    /// It calls, and no certificate of ours is its own.
    NotEnrolled,
}

/// A node as people look at it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = EnrolledNode)]
pub struct NodeRow {
    pub store: String,
    pub node: String,
    pub state: State,
    /// Whether orders of its store lie with it.
    pub is_lead: bool,
    pub public_key: Option<String>,
    pub enrolled_ms: Option<i64>,
    pub issued_ms: Option<i64>,
    pub expires_ms: Option<i64>,
    /// `None`: it never called.
    pub last_contact_ms: Option<i64>,
    pub revoked_ms: Option<i64>,
    pub revoked_why: Option<String>,
}

/// All that are enrolled or have ever called, by store.
pub fn list(connection: &Connection, now_ms: i64) -> db::Result<Vec<NodeRow>> {
    let mut rows: BTreeMap<(String, String), NodeRow> = BTreeMap::new();
    let mut seen = connection.prepare_cached("SELECT store, node, public_key, last_contact_ms FROM nodes")?;
    let seen = seen.query_map([], |row| {
        Ok(NodeRow {
            store: row.get(0)?,
            node: row.get(1)?,
            state: State::NotEnrolled,
            is_lead: false,
            public_key: row.get(2)?,
            enrolled_ms: None,
            issued_ms: None,
            expires_ms: None,
            last_contact_ms: Some(row.get(3)?),
            revoked_ms: None,
            revoked_why: None,
        })
    })?;
    for row in seen {
        let row = row?;
        rows.insert((row.store.clone(), row.node.clone()), row);
    }
    let mut enrolled = connection.prepare_cached(
        "SELECT store, node, public_key, enrolled_ms, issued_ms, expires_ms, revoked_ms, revoked_why, returned_ms, approved_ms
         FROM enrolments",
    )?;
    let enrolled = enrolled.query_map([], |row| {
        let (expires_ms, revoked_ms): (i64, Option<i64>) = (row.get(5)?, row.get(6)?);
        let (returned_ms, approved_ms): (Option<i64>, Option<i64>) = (row.get(8)?, row.get(9)?);
        let state = match (revoked_ms, returned_ms, approved_ms) {
            (Some(_), _, _) => State::Revoked,
            (None, _, _) if now_ms < expires_ms => State::Good,
            (None, None, _) => State::Expired,
            (None, Some(_), None) => State::WaitsForApproval,
            (None, Some(_), Some(_)) => State::Approved,
        };
        Ok(NodeRow {
            store: row.get(0)?,
            node: row.get(1)?,
            state,
            is_lead: false,
            public_key: Some(row.get(2)?),
            enrolled_ms: Some(row.get(3)?),
            issued_ms: Some(row.get(4)?),
            expires_ms: Some(expires_ms),
            last_contact_ms: None,
            revoked_ms,
            revoked_why: row.get(7)?,
        })
    })?;
    for row in enrolled {
        let mut row = row?;
        let place = (row.store.clone(), row.node.clone());
        row.last_contact_ms = rows.get(&place).and_then(|seen| seen.last_contact_ms);
        rows.insert(place, row);
    }
    for (store, node) in forked(connection)? {
        if let Some(row) = rows.get_mut(&(store, node)).filter(|row| row.state == State::Good) {
            row.state = State::TwoBoxes;
        }
    }
    let mut rows: Vec<NodeRow> = rows.into_values().collect();
    for row in &mut rows {
        row.is_lead = leads::current(connection, &row.store)?.is_some_and(|lead| lead.node == row.node);
    }
    Ok(rows)
}

/// Nodes whose journal goes on in two ways, as long as the incident is open.
fn forked(connection: &Connection) -> db::Result<Vec<(String, String)>> {
    connection
        .prepare_cached("SELECT DISTINCT store, node FROM incidents WHERE kind = ?1 AND closed_ms IS NULL")?
        .query_map([Incident::Fork { after_seq: 0, branch: 0 }.kind()], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

/// Keys that were nodes' own before their boxes were replaced: (store, node, key).
pub fn former_keys(connection: &Connection) -> db::Result<Vec<(String, String, String)>> {
    connection
        .prepare_cached("SELECT store, node, public_key FROM former_keys")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect()
}
