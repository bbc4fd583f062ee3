//! What a person must look at: incidents (something that should never happen did) and exceptions (a record is stored but could not be
//! counted). Neither ever holds anything up.

use super::db::{self, Connection, params};

use crate::ids::{NodeId, StoreId};
use crate::time::BusinessDate;

/// What happened. The texts are here, in one place; the page shows them as they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Incident {
    /// Two records follow the same one: a disk was restored or cloned.
    Fork { after_seq: u64, branch: i64 },
    /// A record that does not continue the one before it, and nothing is missing between.
    ChainBroken { seq: u64 },
    /// Records that neither side has.
    Hole { first_seq: u64, last_seq: u64 },
    /// A start found damage on the node's disk and went on behind it.
    NodeDamage { first_seq: u64, last_seq: u64, we_hold_all: bool },
    /// Bytes that do not prove themselves.
    BadBytes { seq: u64, reason: String },
    /// A record that must be signed by the node's key is not.
    BadSignature { seq: u64 },
    /// The node shows another key than at its first contact.
    KeyChanged { seq: u64, known: String, shown: String },
    /// A side door copy differs from what the chain brought.
    UrgentDiffers { seq: u64 },
    /// A store holds an acknowledgement of ours for something we do not have.
    Restored { acknowledged_seq: u64, held_seq: u64, epoch: u64 },
    /// A store's lead has heard what head office has not said.
    SaidMore { epoch: u64 },
    /// Another box goes on with a node's record, from our copy. `said_seq`: how far the former one said that it had come.
    BoxRestored { upto_seq: u64, said_seq: u64, key: String },
    /// A second box showed a code that a first one had used.
    CodeUsedTwice { used_node: String, used_ms: i64, key: String },
    /// A node is back after its certificate has run out.
    WaitsForApproval { expires_ms: i64 },
    /// A node shows a certificate of ours, and head office does not remember it.
    EnrolmentForgotten { key: String },
    /// A day's sums are not what its records come to, though each record was counted as it is.
    SumsDiffer { day: BusinessDate, what: String },
}

impl Incident {
    pub fn kind(&self) -> &'static str {
        match self {
            Incident::Fork { .. } => "fork",
            Incident::ChainBroken { .. } => "chain broken",
            Incident::Hole { .. } => "hole",
            Incident::NodeDamage { .. } => "damaged disk",
            Incident::BadBytes { .. } => "bad bytes",
            Incident::BadSignature { .. } => "bad signature",
            Incident::KeyChanged { .. } => "key changed",
            Incident::UrgentDiffers { .. } => "copy differs",
            Incident::Restored { .. } | Incident::SaidMore { .. } => "restored",
            Incident::BoxRestored { .. } => "box restored",
            Incident::CodeUsedTwice { .. } => "code used twice",
            Incident::WaitsForApproval { .. } => "waits for approval",
            Incident::EnrolmentForgotten { .. } => "enrolment forgotten",
            Incident::SumsDiffer { .. } => "sums differ",
        }
    }

    /// What happened, to which thing.
    pub fn text(&self, store: &StoreId, node: &NodeId) -> String {
        match self {
            Incident::Fork { after_seq: 0, branch } => format!(
                "Two journals call themselves {store}/{node}: this one begins anew with record 1. Both are kept and counted; this is branch {branch}."
            ),
            Incident::Fork { after_seq, branch } => format!(
                "The journal of {store}/{node} went on in two ways after record {after_seq}. Both are kept and counted; the newer one is branch {branch}."
            ),
            Incident::ChainBroken { seq } => {
                format!(
                    "Record {seq} of {store}/{node} does not name the hash of the record before it, and the node has no other. Both are kept."
                )
            }
            Incident::Hole { first_seq, last_seq } if first_seq == last_seq => {
                format!("Record {first_seq} of {store}/{node} is lost: the node cannot read it any more and head office never got it.")
            }
            Incident::Hole { first_seq, last_seq } => {
                format!(
                    "Records {first_seq} to {last_seq} of {store}/{node} are lost: the node cannot read them any more and head office never got them."
                )
            }
            Incident::NodeDamage { first_seq, last_seq, we_hold_all } => format!(
                "{store}/{node} found damage on its disk at records {first_seq} to {last_seq} and went on behind it. {}",
                if *we_hold_all { "Head office holds all of them." } else { "Head office does not hold all of them." }
            ),
            Incident::BadBytes { seq, reason } => {
                format!(
                    "Record {seq} of {store}/{node} arrived with bytes that do not prove themselves ({reason}). They were put aside; the node sends again."
                )
            }
            Incident::BadSignature { seq } => {
                format!("Record {seq} of {store}/{node} is not signed by the node's key, though its chain is whole.")
            }
            Incident::KeyChanged { seq, known, shown } => {
                format!("{store}/{node} shows the key {}… in record {seq}; at first contact it was {}….", short(shown), short(known))
            }
            Incident::UrgentDiffers { seq } => {
                format!("The urgent copy of record {seq} of {store}/{node} differs from what the journal brought; the journal counts.")
            }
            Incident::Restored { acknowledged_seq, held_seq, epoch } => format!(
                "{store}/{node} holds our acknowledgement of record {acknowledged_seq}, but head office has only {held_seq}: it was restored from a backup. \
                 The epoch is {epoch} now and the stores send again what is missing."
            ),
            Incident::SaidMore { epoch } => format!(
                "{store}/{node} has heard more of orders and rights than head office has said: it was restored from a backup. The epoch is {epoch} \
                 now; no order is promised to a store before it has granted anew."
            ),
            Incident::BoxRestored { upto_seq, said_seq, key } => format!(
                "Another box (key {}…) took the record of {store}/{node} from head office and goes on behind record {upto_seq}. {}",
                short(key),
                match said_seq.saturating_sub(*upto_seq) {
                    0 => "The former box never spoke of a later one; what it wrote after its last call is on its disk alone.".to_owned(),
                    1 => format!("The former box said that it was at record {said_seq}: one record never arrived, and what came after."),
                    lost =>
                        format!("The former box said that it was at record {said_seq}: {lost} records never arrived, and what came after."),
                }
            ),
            Incident::CodeUsedTwice { used_node, key, .. } => format!(
                "A box that calls itself {store}/{node} (key {}…) showed a code that {store}/{used_node} had used already. It was turned away.",
                short(key)
            ),
            Incident::WaitsForApproval { .. } => {
                format!(
                    "{store}/{node} is back after its certificate has run out. It has proved its key; nothing else is taken from it yet."
                )
            }
            Incident::EnrolmentForgotten { key } => format!(
                "{store}/{node} shows a good certificate for the key {}… of which head office knew nothing: it was put back from a backup. It is heard.",
                short(key)
            ),
            Incident::SumsDiffer { day, what } => {
                format!("Of {store} on {day} every record was counted as it is, and the sums are others: {what}.")
            }
        }
    }

    /// What to do next.
    pub fn remedy(&self) -> &'static str {
        match self {
            Incident::Fork { .. } => {
                "Find out which box was restored or cloned and switch the other one off; give it a new name, a new disk and a new code. Then close this."
            }
            Incident::ChainBroken { .. } => {
                "A record was changed on the node's disk: run `counterfoil journal verify` there, and compare with printed receipts."
            }
            Incident::Hole { .. } => "Compare the day reports of those dates with the till's cash; replace the node's disk.",
            Incident::NodeDamage { .. } => "Replace the node's disk.",
            Incident::BadBytes { .. } => "Once is a bad line. If it repeats, run `counterfoil journal verify` on the node.",
            Incident::BadSignature { .. } => {
                "Someone may have rewritten the journal: keep the node as it is and compare with its printed receipts."
            }
            Incident::KeyChanged { .. } => "If the node was set up anew, close this; if not, someone uses its name.",
            Incident::UrgentDiffers { .. } => "Someone may use this node's name on the line: check its certificate.",
            Incident::Restored { .. } | Incident::SaidMore { .. } => "Wait until all stores have caught up, then close this.",
            Incident::BoxRestored { .. } => {
                "Compare the tills' cash with the receipts of that day. Should the former box or its disk be found, do not start it in the shop: read its journal in with `counterfoil head-office found-journal`, where it is kept beside this one. Then close this."
            }
            Incident::CodeUsedTwice { .. } => {
                "Ask who typed the code where. If the first box is not yours, revoke it on the page Nodes; then make a new code."
            }
            Incident::WaitsForApproval { .. } => {
                "Ask the store whether the box is theirs. Then approve it on the page Nodes, or revoke it."
            }
            Incident::SumsDiffer { .. } => super::reconcile::REMEDY,
            Incident::EnrolmentForgotten { .. } => {
                "If that box was revoked or replaced after the backup was made, revoke it again on the page Nodes."
            }
        }
    }

    /// Equal for the same trouble seen again.
    fn fingerprint(&self, store: &StoreId, node: &NodeId) -> String {
        let detail = match self {
            Incident::Fork { after_seq, branch } => format!("{after_seq}/{branch}"),
            Incident::Hole { first_seq, .. } | Incident::NodeDamage { first_seq, .. } => first_seq.to_string(),
            // One per node, counted: a bad line or a false key shows at record after record.
            Incident::BadBytes { .. } | Incident::BadSignature { .. } | Incident::UrgentDiffers { .. } => String::new(),
            Incident::ChainBroken { seq } => seq.to_string(),
            Incident::KeyChanged { shown, .. } => shown.clone(),
            Incident::Restored { epoch, .. } | Incident::SaidMore { epoch } => epoch.to_string(),
            Incident::BoxRestored { upto_seq, key, .. } => format!("{upto_seq}/{key}"),
            Incident::CodeUsedTwice { used_ms, key, .. } => format!("{used_ms}/{key}"),
            Incident::WaitsForApproval { expires_ms } => expires_ms.to_string(),
            Incident::EnrolmentForgotten { key } => key.clone(),
            Incident::SumsDiffer { day, .. } => day.to_string(),
        };
        format!("{}|{store}|{node}|{detail}", self.kind())
    }
}

/// The beginning of a key, enough to compare by eye.
fn short(key: &str) -> String {
    key.chars().take(16).collect()
}

/// Opens it, or counts it again.
pub fn raise(connection: &Connection, store: &StoreId, node: &NodeId, incident: &Incident, now_ms: i64) -> db::Result<()> {
    let text = incident.text(store, node);
    tracing::warn!(kind = incident.kind(), %store, %node, text, "incident");
    connection
        .prepare_cached(
            "INSERT INTO incidents (kind, store, node, fingerprint, text, remedy, first_ms, last_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7)
             ON CONFLICT (fingerprint) DO UPDATE SET times = incidents.times + 1, last_ms = ?7, text = ?5, closed_ms = NULL",
        )?
        .execute(params![incident.kind(), store.as_str(), node.as_str(), incident.fingerprint(store, node), text, incident.remedy(), now_ms])
        .map(|_| ())
}

/// A node has filled a hole: said beside what was said of the damage. The incident stays open, because the disk is no better for it.
pub fn repaired(connection: &Connection, store: &StoreId, node: &NodeId, first_seq: u64, last_seq: u64) -> db::Result<()> {
    let words = format!(" Records {first_seq} to {last_seq} are repaired from head office's copy.");
    let kind = Incident::NodeDamage { first_seq, last_seq, we_hold_all: true }.kind();
    connection
        .execute(
            "UPDATE incidents SET text = text || ?4 WHERE kind = ?1 AND store = ?2 AND node = ?3 AND closed_ms IS NULL AND replace(text, ?4, '') = text",
            params![kind, store.as_str(), node.as_str(), words],
        )
        .map(|_| ())
}

/// It is over by itself.
pub fn settle(connection: &Connection, store: &StoreId, node: &NodeId, incident: &Incident, now_ms: i64) -> db::Result<()> {
    connection
        .execute(
            "UPDATE incidents SET closed_ms = ?2 WHERE fingerprint = ?1 AND closed_ms IS NULL",
            params![incident.fingerprint(store, node), now_ms],
        )
        .map(drop)
}

/// A person has dealt with it. `false`: there is no such open incident.
pub fn close(connection: &Connection, id: i64, now_ms: i64) -> db::Result<bool> {
    Ok(connection.execute("UPDATE incidents SET closed_ms = ?2 WHERE id = ?1 AND closed_ms IS NULL", params![id, now_ms])? == 1)
}

/// Bytes kept of what could not be stored as a record.
pub const QUARANTINE_BYTES_MAX: usize = 64 << 10;
/// Pieces kept. Beyond it only incidents are counted.
pub const QUARANTINE_PIECES_MAX: i64 = 1_000;

/// Keeps bad bytes for the technician, each piece once, within limits.
pub fn quarantine(connection: &Connection, store: &StoreId, node: &NodeId, reason: &str, bytes: &[u8], now_ms: i64) -> db::Result<()> {
    let pieces: i64 = connection.query_row("SELECT count(*) FROM quarantine", [], |row| row.get(0))?;
    if pieces >= QUARANTINE_PIECES_MAX {
        return Ok(());
    }
    let kept = &bytes[..bytes.len().min(QUARANTINE_BYTES_MAX)];
    connection
        .execute(
            "INSERT INTO quarantine (store, node, received_ms, reason, hash, bytes) VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING",
            params![store.as_str(), node.as_str(), now_ms, reason, crate::journal::Hash::of(bytes).to_string(), kept],
        )
        .map(|_| ())
}
