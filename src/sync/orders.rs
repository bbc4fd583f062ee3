//! Orders on their way down, on a connection of their own: what head office says, word by word. Pure; the shell asks and delivers.

use serde::{Deserialize, Serialize};

use crate::ids::{NodeId, OrderNo, StoreId};
use crate::retail::order::{CollectOrder, OrderAct, OrderLine, Substitution};

/// Words of one answer.
pub const WORDS_MAX: u32 = 50;
/// How often head office is asked for news while there is none.
pub const ORDERS_POLL_MS: u64 = 2_000;

pub fn path(store: &StoreId, node: &NodeId, after: u64) -> String {
    format!("/sync/v1/{store}/nodes/{node}/orders?after={after}")
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct OrdersReply {
    pub v: u32,
    /// Whether this node is the one that keeps the store's orders.
    pub lead: bool,
    /// In order. Fewer than [`WORDS_MAX`]: that is all for now.
    pub words: Vec<Word>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Word {
    /// Where to go on after it.
    pub cursor: u64,
    #[serde(flatten)]
    pub kind: WordKind,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WordKind {
    Put(Box<OfficeOrder>),
    Cancel { order: OrderNo, version: u64 },
}

impl Word {
    /// What the store's core is asked to do about it. `mark`: the short number as the record holds it.
    pub fn act(self, mark: impl Fn(&str) -> String) -> OrderAct {
        match self.kind {
            WordKind::Put(order) => OrderAct::Deliver { order: Box::new(order.marked(mark)), cursor: self.cursor },
            WordKind::Cancel { order, version } => OrderAct::Cancel { order, version, cursor: self.cursor },
        }
    }
}

/// An order as it travels: the short number is in it as the customer has it, and leaves the memory as its mark.
#[derive(Clone, Serialize, Deserialize)]
pub struct OfficeOrder {
    pub order: OrderNo,
    pub version: u64,
    pub placed_ms: i64,
    pub promised_ms: i64,
    pub expires_ms: i64,
    pub initials: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<String>,
    #[serde(default)]
    pub substitution: Substitution,
    pub lines: Vec<OrderLine>,
    /// SHA-256 of the secret in the customer's code.
    pub code: String,
    /// Eight digits.
    pub number: String,
}

/// Without the number: it opens the order.
impl std::fmt::Debug for OfficeOrder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OfficeOrder").field("order", &self.order).field("version", &self.version).finish_non_exhaustive()
    }
}

impl OfficeOrder {
    /// As the store's record holds it.
    pub fn marked(self, mark: impl Fn(&str) -> String) -> CollectOrder {
        CollectOrder {
            order: self.order,
            version: self.version,
            placed_ms: self.placed_ms,
            promised_ms: self.promised_ms,
            expires_ms: self.expires_ms,
            initials: self.initials,
            customer: self.customer,
            substitution: self.substitution,
            lines: self.lines,
            code: self.code,
            number_mark: mark(&self.number),
        }
    }
}
