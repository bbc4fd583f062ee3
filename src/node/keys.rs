//! The keys that count on a receipt's code, as head office published them: those of the whole fleet. A node that was taken out of use keeps
//! its key in the list as long as its receipts are good; one whose key leaked is in it as not valid.

use serde::{Deserialize, Serialize};

use crate::document::receipt_code::KeyId;
use crate::ids::{NodeId, StoreId};
use crate::journal::PublicKey;
use crate::journal::hash::to_hex;
use crate::sync::feed::BookEntry;

/// One entry of the keys feed; its key in the book is `public_key`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FleetKey {
    pub store: StoreId,
    pub node: NodeId,
    /// 64 hex digits.
    pub public_key: String,
    #[serde(default = "yes")]
    pub valid: bool,
}

fn yes() -> bool {
    true
}

/// The fleet's keys, ready to look a signature up in.
#[derive(Debug, Clone, Default)]
pub struct KeyBook {
    keys: Vec<(KeyId, PublicKey)>,
}

impl KeyBook {
    /// An error names the entry that cannot be read.
    pub fn read(entries: &[BookEntry]) -> Result<KeyBook, String> {
        let mut keys = Vec::with_capacity(entries.len());
        for entry in entries {
            let fleet: FleetKey = serde_json::from_str(entry.value.get()).map_err(|error| format!("the key {}: {error}", entry.key))?;
            let key = PublicKey::from_hex(&fleet.public_key).map_err(|error| format!("the key {}: {error}", entry.key))?;
            if fleet.valid {
                keys.push((KeyId::of(&fleet.public_key), key));
            }
        }
        keys.sort_by_key(|(id, _)| *id);
        Ok(KeyBook { keys })
    }

    /// Whether a key of that id signed the bytes; `None` when there is none. Two keys may share an id: each is tried.
    pub fn verify(&self, own: &PublicKey, id: KeyId, bytes: &[u8], signature: &[u8; 64]) -> Option<bool> {
        let from = self.keys.partition_point(|(known, _)| *known < id);
        let fleet = self.keys[from..].iter().take_while(|(known, _)| *known == id).map(|(_, key)| key);
        let keys: Vec<&PublicKey> = fleet.chain((KeyId::of(&own.to_hex()) == id).then_some(own)).collect();
        (!keys.is_empty()).then(|| keys.iter().any(|key| key.signed(bytes, &to_hex(signature))))
    }
}
