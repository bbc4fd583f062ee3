//! Orders on their way down, on a connection of their own: what head office says, word by word. Pure; the shell asks and delivers.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::ids::{NodeId, OrderNo, StoreId, SubjectRef};
use crate::retail::order::{CollectOrder, OrderAct, OrderCopy, OrderLine, RightTotals, Substitution};
use crate::vault::Details;

/// Words of one answer.
pub const WORDS_MAX: u32 = 50;
/// How often head office is asked for news while there is none.
pub const ORDERS_POLL_MS: u64 = 2_000;

/// `epoch`: of the lead that the node knows of. `office`: head office's own, as the node knows it.
pub fn path(store: &StoreId, node: &NodeId, after: u64, epoch: u64, office: u64) -> String {
    format!("/sync/v1/{store}/nodes/{node}/orders?after={after}&epoch={epoch}&office={office}")
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct OrdersReply {
    pub v: u32,
    /// Whether this node is the one that keeps the store's orders.
    pub lead: bool,
    /// Which one is, and under which epoch. `None`: nobody was named yet.
    #[serde(default)]
    pub named: Option<Named>,
    /// Head office's own epoch: rights of an earlier one are worth nothing.
    #[serde(default)]
    pub office_epoch: u64,
    /// In order. Fewer than [`WORDS_MAX`]: that is all for now.
    pub words: Vec<Word>,
}

impl OrdersReply {
    /// Whether `node` keeps the store's orders. `None`: head office has named nobody yet, so there is nobody to send the staff to.
    pub fn says_lead(&self, node: &NodeId) -> Option<bool> {
        match &self.named {
            Some(named) => Some(named.node == *node),
            None => self.lead.then_some(true),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named {
    pub epoch: u64,
    pub node: NodeId,
    /// Where its line begins: what came before was said to other leads.
    pub from: u64,
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
    Cancel {
        order: OrderNo,
        version: u64,
    },
    /// Articles that head office wants to promise, and how its totals stand.
    Rights(Vec<RightTotals>),
    /// An order as the lead before had it (an [`OrderCopy`] as JSON text); `placed`: as it was placed here, when that is still known.
    Adopt {
        order: OrderNo,
        copy: String,
        placed: Option<Box<OfficeOrder>>,
    },
}

impl Word {
    /// What the store's core is asked to do about it. `subject`: the reference to the customer, who is in the vault by now; `mark`: the short
    /// number as the record holds it. An error: a copy that cannot be read.
    pub fn act(self, subject: Option<SubjectRef>, mark: impl Fn(&str) -> String) -> Result<OrderAct, serde_json::Error> {
        let cursor = self.cursor;
        Ok(match self.kind {
            WordKind::Put(order) => OrderAct::Deliver { order: Box::new(order.marked(subject, mark)), cursor },
            WordKind::Rights(totals) => OrderAct::TellRights { totals, cursor },
            WordKind::Cancel { order, version } => OrderAct::Cancel { order, version, cursor },
            WordKind::Adopt { order, copy, placed } => {
                let mut copy: Box<OrderCopy> = serde_json::from_str(&copy)?;
                // References and marks are each node's own.
                if let (OrderCopy::Open(copy), Some(placed)) = (copy.as_mut(), placed) {
                    let copy = Arc::make_mut(copy);
                    copy.asked.subject = subject;
                    copy.asked.number_mark = mark(&placed.number);
                }
                OrderAct::Adopt { order, copy, cursor }
            }
        })
    }

    /// The order whose customer the vault has to know before the word is taken.
    pub fn placed(&self) -> Option<&OfficeOrder> {
        match &self.kind {
            WordKind::Put(order) => Some(order),
            WordKind::Adopt { placed, .. } => placed.as_deref(),
            WordKind::Rights(_) | WordKind::Cancel { .. } => None,
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
    /// Who comes for it. Goes into the vault, never into the record.
    #[serde(default)]
    pub initials: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub phone: String,
    #[serde(default)]
    pub substitution: Substitution,
    pub lines: Vec<OrderLine>,
    /// SHA-256 of the secret in the customer's code.
    pub code: String,
    /// Eight digits.
    pub number: String,
    /// The totals after the rights for it were spent; empty: the store has to say whether it can.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rights: Vec<RightTotals>,
}

/// Without the number, which opens the order, and without the customer.
impl std::fmt::Debug for OfficeOrder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OfficeOrder").field("order", &self.order).field("version", &self.version).finish_non_exhaustive()
    }
}

impl OfficeOrder {
    /// What the vault keeps; `None`: nobody said who it is.
    pub fn details(&self) -> Option<Details> {
        let details = Details::of_order(self.order.clone(), &self.name, &self.initials, &self.phone);
        let is_known = [&details.name, &details.initials, &details.phone].into_iter().any(|text| !text.is_empty());
        is_known.then_some(details)
    }

    /// As the store's record holds it: who comes for it is a reference there.
    pub fn marked(self, subject: Option<SubjectRef>, mark: impl Fn(&str) -> String) -> CollectOrder {
        CollectOrder {
            order: self.order,
            version: self.version,
            placed_ms: self.placed_ms,
            promised_ms: self.promised_ms,
            expires_ms: self.expires_ms,
            initials: String::new(),
            customer: None,
            subject,
            substitution: self.substitution,
            lines: self.lines,
            code: self.code,
            number_mark: mark(&self.number),
            rights: self.rights,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_sent_elsewhere_before_a_lead_is_named() {
        let node = |name: &str| NodeId::new(name).unwrap();
        let named = |name: &str| Some(Named { epoch: 1, node: node(name), from: 0 });
        let reply = |lead, named| OrdersReply { v: 1, lead, named, office_epoch: 0, words: Vec::new() };
        assert_eq!(reply(false, None).says_lead(&node("box-1")), None);
        assert_eq!(reply(true, named("box-1")).says_lead(&node("box-1")), Some(true));
        assert_eq!(reply(false, named("box-2")).says_lead(&node("box-1")), Some(false));
    }
}
