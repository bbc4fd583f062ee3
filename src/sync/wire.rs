//! What node and head office say to each other: addresses, shapes, limits, and the signature under an acknowledgement. Values only.
//! Unknown fields are ignored by both sides and absent ones have defaults, so that either may be newer. Record lines themselves travel
//! as the bytes that are on the node's disk, compressed with zstd.
//!
//! Every address begins with `/sync/v1/{store}/nodes/{node}`, so that a certificate can be held against it.
//!
//! | who asks | address | body → answer |
//! |---|---|---|
//! | uplink | `POST …/locate` | [`LocateRequest`] → [`LocateReply`] |
//! | uplink | `POST …/records?…` ([`RecordsQuery`]) | journal lines, zstd → [`RecordsReply`] |
//! | side door | `POST …/urgent` | journal lines, zstd → [`UrgentReply`] |
//! | repair | `POST …/repair` | [`RepairRequest`] → zstd: [`RepairReply`] on one line, then journal lines |
//! | `counterfoil restore` | `POST …/restore` | [`RestoreRequest`] → [`RestorePlan`] |
//! | `counterfoil restore` | `GET …/restore/{journal}?from=SEQ&upto=SEQ&bytes_max=BYTES` | → journal lines, zstd |
//! | downlink | `GET …/feeds/{feed}?have=VERSION` | → [`FeedOffer`] |
//! | downlink | `GET …/files/{hash}` | → the file |
//! | till | `GET …/receipts?…` ([`ReceiptQuery`]) | → [`ReceiptReply`] |
//! | report | `POST …/report` | [`NodeReport`] → nothing |

use serde::{Deserialize, Serialize};

use crate::ids::{Incarnation, NodeId, StoreId, TxnId};
use crate::journal::PublicKey;
use crate::money::Qty;
use crate::retail::{Original, UplinkAck};
use crate::time::ClockQuality;

/// In every address. Raised only when old and new cannot talk to each other.
pub const WIRE_VERSION: u32 = 1;

/// Records in one batch.
pub const BATCH_RECORDS_MAX: u32 = 5_000;
/// Bytes of record lines in one batch, before compression. A single longer record still travels, alone.
pub const BATCH_BYTES_MAX: usize = 1 << 20;
/// The longest record line head office takes, with its newline.
pub const LINE_BYTES_MAX: usize = 8 << 20;
/// Compressed bytes of one request body.
pub const BODY_BYTES_MAX: usize = 8 << 20;
/// Bytes a request body may unpack to: one batch, or one record of the greatest length. Guards against a small body that unpacks to gigabytes.
pub const UNPACKED_BYTES_MAX: usize = BATCH_BYTES_MAX + LINE_BYTES_MAX;
/// Bytes of a JSON request or answer.
pub const JSON_BYTES_MAX: usize = 256 << 10;
/// Points in one [`LocateRequest`]: enough for 2^60 records.
pub const LOCATE_POINTS_MAX: usize = 64;
/// Records in one side door request.
pub const URGENT_RECORDS_MAX: usize = 20;
/// Files in one [`FeedOffer`]: a snapshot, or at most this many deltas.
pub const FEED_FILES_MAX: usize = 64;

/// Which receipt a till asks about.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ReceiptQuery {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub txn: Option<TxnId>,
    /// As printed.
    #[serde(default)]
    pub number: String,
}

/// `None`: no such sale has come to head office.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ReceiptReply {
    #[serde(default)]
    pub original: Option<Original>,
}

/// What the other shops have of one article, those with the most first.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct ElsewhereReply {
    #[serde(default)]
    pub stores: Vec<StockElsewhere>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StockElsewhere {
    pub store: String,
    /// As people call it; empty: nobody has said.
    #[serde(default)]
    pub name: String,
    pub quantity: Qty,
    /// Up to when head office knows all that moved there.
    pub as_of_ms: i64,
}

/// How a box is, as it says itself. Head office keeps the newest one; nothing is counted from it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct NodeReport {
    pub v: u32,
    /// Of the program.
    #[serde(default)]
    pub version: String,
    /// The node's wall clock as it wrote this, and how far it believes it.
    #[serde(default)]
    pub at_ms: i64,
    #[serde(default)]
    pub clock: ClockQuality,
    /// When the program was started.
    #[serde(default)]
    pub started_ms: i64,
    /// Bytes of the disk with the journal; 0 and 0: it could not be asked.
    #[serde(default)]
    pub disk_free: u64,
    #[serde(default)]
    pub disk_total: u64,
    #[serde(default)]
    pub devices: Vec<DeviceReport>,
    /// What a technician should know, with a remedy.
    #[serde(default)]
    pub alarms: Vec<String>,
    #[serde(default)]
    pub configuration: ConfigurationReport,
}

/// Which of head office's versions of its configuration a box goes by; 0: none came.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct ConfigurationReport {
    pub in_force: u64,
    pub wanted: u64,
    /// Why what is wanted is not in force; empty while it waits for a moment without an open sale.
    pub refused: String,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DeviceReport {
    pub name: String,
    #[serde(default)]
    pub kind: String,
    /// "absent", "starting", "ready", "busy", "attention", "fault".
    #[serde(default)]
    pub state: String,
    /// "paper_out" and so on; empty when nothing is the matter.
    #[serde(default)]
    pub cause: String,
    /// For people.
    #[serde(default)]
    pub hint: String,
    /// Since when it is in this state, by the node's clock.
    #[serde(default)]
    pub since_ms: i64,
}

impl DeviceReport {
    /// A person or a technician is needed.
    pub fn is_down(&self) -> bool {
        matches!(self.state.as_str(), "attention" | "fault")
    }
}

/// A record's place: which run of which process wrote it, its number, and the SHA-256 of its stored line (64 lower-case hex characters).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    #[serde(rename = "inc")]
    pub incarnation: Incarnation,
    pub seq: u64,
    pub hash: String,
}

/// A record by number and hash alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Point {
    pub seq: u64,
    pub hash: String,
}

/// First contact, and the sign of life when there is nothing to send: where do we stand?
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LocateRequest {
    pub v: u32,
    /// The newest record on the node's disk; `None` before the first.
    #[serde(default)]
    pub head: Option<Position>,
    /// The oldest record the node still has.
    #[serde(default)]
    pub oldest_seq: u64,
    /// Own records, newest first, in doubling steps back from the head. Head office answers with the newest one it knows.
    #[serde(default)]
    pub points: Vec<Point>,
    /// The newest acknowledgement the node holds. One that is ahead of what head office has proves that head office was restored.
    #[serde(default)]
    pub held: Option<UplinkAck>,
    /// Finished transactions not yet acknowledged, for head office's page.
    #[serde(default)]
    pub waiting: u64,
    /// Since when the line was down, in the node's wall clock; for the page.
    #[serde(default)]
    pub at_ms: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LocateReply {
    pub v: u32,
    pub epoch: u64,
    /// Head office's public key, 64 hex characters.
    pub key: String,
    /// Signed: the newest of the node's points that head office holds on disk.
    #[serde(default)]
    pub ack: Option<UplinkAck>,
    /// The next record head office wants.
    pub send_from: u64,
}

/// In the address of a batch: what the node knows of itself, so that head office can show how far behind it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordsQuery {
    /// The first record of the batch.
    #[serde(default)]
    pub from: u64,
    /// The node's newest durable record.
    #[serde(default)]
    pub head_seq: u64,
    #[serde(default)]
    pub waiting: u64,
    /// Set when the node has nothing that joins this batch to what head office holds: the first record that is missing between
    /// them (the batch's own first, when the numbers join but the hashes do not). Head office then opens an incident instead of
    /// asking again.
    #[serde(default)]
    pub hole_from: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordsReply {
    pub v: u32,
    pub epoch: u64,
    /// Signed and on head office's disk: everything of this journal up to here.
    #[serde(default)]
    pub ack: Option<UplinkAck>,
    /// The next record head office wants. After a gap: the first one missing.
    pub send_from: u64,
    /// The batch did not join what head office holds.
    #[serde(default)]
    pub gap: bool,
    /// The first record whose bytes do not prove themselves. Everything before it was stored.
    #[serde(default)]
    pub bad: Option<BadRecord>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BadRecord {
    pub seq: u64,
    pub reason: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UrgentReply {
    pub v: u32,
    pub epoch: u64,
    /// The copies now on head office's disk. What is missing here was not readable and will come with the chain.
    #[serde(default)]
    pub taken: Vec<Position>,
}

/// Records that the node's disk has lost. What is known of their neighbours says which journal is meant, should there be several.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepairRequest {
    pub v: u32,
    pub first_seq: u64,
    pub last_seq: u64,
    /// The record in front of them.
    #[serde(default)]
    pub before: Option<Point>,
    /// What the record behind them calls its predecessor: 64 hex characters.
    #[serde(default)]
    pub after_prev: Option<String>,
}

/// Goes before the lines, which begin with the first record asked for and are as many as fit [`BATCH_BYTES_MAX`]; one at least.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepairReply {
    pub v: u32,
    pub epoch: u64,
    /// Signed: the last of the lines. `None`: head office does not hold the first record asked for.
    #[serde(default)]
    pub ack: Option<UplinkAck>,
}

/// A box that has taken a node's place asks for that node's journal.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestoreRequest {
    pub v: u32,
    /// Of [`HeldJournal`]; `None`: the one that the node wrote last.
    #[serde(default)]
    pub journal: Option<i64>,
}

/// What head office can give back of a node's journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestorePlan {
    pub v: u32,
    pub epoch: u64,
    pub journal: HeldJournal,
    /// Signed: its newest record. All before it is proved by the chain.
    pub ack: UplinkAck,
    /// Of the boxes that were this node, 64 hex characters each.
    pub keys: Vec<String>,
    /// Records on the way there that head office never got, both ends included.
    #[serde(default)]
    pub holes: Vec<(u64, u64)>,
    /// What was begun under the node's name besides.
    #[serde(default)]
    pub others: Vec<HeldJournal>,
    /// How far the node said that its journal went when it called last, and when that was.
    #[serde(default)]
    pub said_seq: u64,
    #[serde(default)]
    pub last_contact_ms: i64,
}

/// A journal as head office holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldJournal {
    pub id: i64,
    /// Its newest record, and when that was written.
    pub seq: u64,
    pub at_ms: i64,
}

/// In the address of the lines that are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestoreQuery {
    pub from: u64,
    pub upto: u64,
    /// As many as fit; one at least.
    pub bytes_max: usize,
}

/// What the newest version of a feed is and which files lead there from the version the node has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeedOffer {
    pub v: u32,
    pub feed: String,
    /// 0: head office has none yet.
    pub version: u64,
    /// In order of application; empty when the node has the newest.
    #[serde(default)]
    pub files: Vec<FeedFile>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeedFile {
    pub kind: FeedFileKind,
    /// The version a delta starts from; 0 for a snapshot.
    #[serde(default)]
    pub base: u64,
    /// The version it leads to.
    pub version: u64,
    /// SHA-256 of the file, 64 hex characters: its name as well.
    pub hash: String,
    pub bytes: u64,
    /// Path on the same server.
    pub url: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FeedFileKind {
    Snapshot,
    Delta,
}

pub fn locate_path(store: &StoreId, node: &NodeId) -> String {
    format!("/sync/v1/{store}/nodes/{node}/locate")
}
pub fn records_path(store: &StoreId, node: &NodeId, query: &RecordsQuery) -> String {
    let hole = query.hole_from.map(|seq| format!("&hole_from={seq}")).unwrap_or_default();
    format!("/sync/v1/{store}/nodes/{node}/records?from={}&head_seq={}&waiting={}{hole}", query.from, query.head_seq, query.waiting)
}
pub fn urgent_path(store: &StoreId, node: &NodeId) -> String {
    format!("/sync/v1/{store}/nodes/{node}/urgent")
}
pub fn repair_path(store: &StoreId, node: &NodeId) -> String {
    format!("/sync/v1/{store}/nodes/{node}/repair")
}
pub fn restore_path(store: &StoreId, node: &NodeId) -> String {
    format!("/sync/v1/{store}/nodes/{node}/restore")
}
pub fn restore_lines_path(store: &StoreId, node: &NodeId, journal: i64, query: RestoreQuery) -> String {
    let RestoreQuery { from, upto, bytes_max } = query;
    format!("/sync/v1/{store}/nodes/{node}/restore/{journal}?from={from}&upto={upto}&bytes_max={bytes_max}")
}
pub fn feed_path(store: &StoreId, node: &NodeId, feed: &str, have: u64) -> String {
    format!("/sync/v1/{store}/nodes/{node}/feeds/{feed}?have={have}")
}
pub fn file_path(store: &StoreId, node: &NodeId, hash: &str) -> String {
    format!("/sync/v1/{store}/nodes/{node}/files/{hash}")
}
pub fn elsewhere_path(store: &StoreId, node: &NodeId) -> String {
    format!("/sync/v1/{store}/nodes/{node}/elsewhere")
}
pub fn report_path(store: &StoreId, node: &NodeId) -> String {
    format!("/sync/v1/{store}/nodes/{node}/report")
}
pub fn receipts_path(store: &StoreId, node: &NodeId) -> String {
    format!("/sync/v1/{store}/nodes/{node}/receipts")
}

/// The DNS name a node's client certificate must carry. `None` for ids with a dot: two of them could share one name.
pub fn certificate_name(store: &StoreId, node: &NodeId) -> Option<String> {
    let dotted = store.as_str().contains('.') || node.as_str().contains('.');
    (!dotted).then(|| format!("{node}.{store}.counterfoil").to_ascii_lowercase())
}

/// A SHA-256 as 64 lower-case hex characters.
pub fn is_hash(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

/// Whether head office's key (64 hex characters) signed this acknowledgement for this node.
pub fn is_signed(ack: &UplinkAck, store: &StoreId, node: &NodeId, key: &str) -> bool {
    PublicKey::from_hex(key).is_ok_and(|key| key.signed(&ack_text(store, node, ack), &ack.signature))
}

/// What is signed. It names store and node, so that no acknowledgement can be shown to another.
pub fn ack_text(store: &StoreId, node: &NodeId, ack: &UplinkAck) -> Vec<u8> {
    format!("ack\n{store}\n{node}\n{}\n{}\n{}\n{}\n", ack.incarnation, ack.seq, ack.hash, ack.epoch).into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::NodeKey;

    #[test]
    fn an_acknowledgement_is_good_for_one_node_and_one_content() {
        let key = NodeKey::from_seed([7; 32]);
        let public = key.public_hex();
        let (store, node) = (StoreId::new("s1").unwrap(), NodeId::new("n1").unwrap());
        let mut ack = UplinkAck { incarnation: Incarnation(5), seq: 9, hash: "ab".repeat(32), epoch: 2, signature: String::new() };
        ack.signature = key.sign_hex(&ack_text(&store, &node, &ack));
        assert!(is_signed(&ack, &store, &node, &public));
        assert!(!is_signed(&ack, &store, &NodeId::new("n2").unwrap(), &public));
        assert!(!is_signed(&ack, &StoreId::new("s2").unwrap(), &node, &public));
        for changed in [
            UplinkAck { seq: 10, ..ack.clone() },
            UplinkAck { epoch: 3, ..ack.clone() },
            UplinkAck { hash: "ac".repeat(32), ..ack.clone() },
        ] {
            assert!(!is_signed(&changed, &store, &node, &public), "{changed:?}");
        }
        assert!(!is_signed(&UplinkAck { signature: "zz".into(), ..ack.clone() }, &store, &node, &public));
        assert!(!is_signed(&ack, &store, &node, "not a key"));
    }

    #[test]
    fn newer_partners_may_say_more() {
        let reply: RecordsReply = serde_json::from_str(r#"{"v":1,"epoch":3,"send_from":12,"mood":"good"}"#).unwrap();
        assert_eq!((reply.send_from, reply.gap, reply.bad), (12, false, None));
    }

    #[test]
    fn certificate_names_cannot_be_shared() {
        let name = |s: &str, n: &str| certificate_name(&StoreId::new(s).unwrap(), &NodeId::new(n).unwrap());
        assert_eq!(name("Berlin-1", "box").as_deref(), Some("box.berlin-1.counterfoil"));
        assert_eq!((name("b.c", "a"), name("c", "a.b")), (None, None));
    }
}
