//! Which node of a store keeps its orders, under which epoch. Named here; a node writes down what it is told, and every act on an order carries
//! the epoch. What a former lead does after another was named, and head office had not seen by then, is stored like everything and shown as an
//! exception; it is never counted: the next lead began with the copy that head office made of the record at that moment.

use std::collections::BTreeMap;

use serde::Serialize;

use super::chain::{self, NodeChain};
use super::db::{self, Connection, OptionalExtension, params};
use super::orders::{self, Said, say};
use super::{order_states, rights, storage};
use crate::ids::{NodeId, OrderNo, StoreId};
use crate::journal::{Record, record::tag};
use crate::retail::Event;
use crate::retail::order::{OrderBook, OrderCopy};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct LeadRow {
    pub store: String,
    pub epoch: u64,
    pub node: String,
    pub named_ms: i64,
    /// Words of the line up to here were said to leads before.
    #[serde(skip)]
    pub from_word: u64,
}

/// Why another lead could not be named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotNamed {
    UnknownNode,
    /// It is the lead already.
    Already,
}

/// Of each store that has one, and every node that could be.
pub fn current(connection: &Connection, store: &str) -> db::Result<Option<LeadRow>> {
    connection
        .prepare_cached("SELECT store, epoch, node, named_ms, from_word FROM leads WHERE store = ?1 ORDER BY epoch DESC LIMIT 1")?
        .query_row([store], |row| {
            Ok(LeadRow { store: row.get(0)?, epoch: row.get(1)?, node: row.get(2)?, named_ms: row.get(3)?, from_word: row.get(4)? })
        })
        .optional()
}

pub fn nodes(connection: &Connection, store: &str) -> db::Result<Vec<String>> {
    connection.prepare_cached("SELECT node FROM nodes WHERE store = ?1 ORDER BY id")?.query_map([store], |row| row.get(0))?.collect()
}

/// The first node of a store that ever called, while nobody else was named.
pub fn first(connection: &Connection, store: &StoreId, now_ms: i64) -> db::Result<Option<LeadRow>> {
    if let Some(lead) = current(connection, store.as_str())? {
        return Ok(Some(lead));
    }
    if let Some(node) = nodes(connection, store.as_str())?.first() {
        insert(connection, store.as_str(), 1, node, now_ms, 0, "{}")?;
        rights::want_again(connection, store, 0)?;
    }
    current(connection, store.as_str())
}

fn insert(connection: &Connection, store: &str, epoch: u64, node: &str, now_ms: i64, from_word: u64, cut: &str) -> db::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO leads (store, epoch, node, named_ms, from_word, cut, told) VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0) ON CONFLICT DO NOTHING",
        )?
        .execute(params![store, epoch, node, now_ms, from_word, cut])
        .map(drop)
}

/// Our epoch as the store's lead was last told it. `None`: nobody noted it, or nobody is the lead.
pub fn told(connection: &Connection, store: &str) -> db::Result<Option<u64>> {
    let told: Option<Option<u64>> = connection
        .prepare_cached("SELECT told FROM leads WHERE store = ?1 ORDER BY epoch DESC LIMIT 1")?
        .query_row([store], |row| row.get(0))
        .optional()?;
    Ok(told.flatten())
}

/// The store's lead is told our epoch with the answer that follows.
pub fn tell(connection: &Connection, store: &str, office: u64) -> db::Result<()> {
    connection
        .execute(
            "UPDATE leads SET told = ?2 WHERE store = ?1 AND epoch = (SELECT max(epoch) FROM leads WHERE store = ?1)",
            params![store, office],
        )
        .map(drop)
}

/// What a lead that asks for words behind `after` says of us, knowing of our epoch `office`. `None`: nothing that is not known.
pub fn asks(connection: &Connection, store: &str, after: u64, office: Option<u64>) -> db::Result<Option<Asked>> {
    let (epoch, told) = (storage::epoch(connection)?, told(connection, store)?);
    // A lead that was told this very epoch by us, and we know nothing of it: we were put back since, and are in that epoch for the second time.
    let is_told_before = |office: u64| office > epoch || (office == epoch && told.is_some_and(|told| told != epoch));
    if office.is_some_and(is_told_before) || after > orders::newest_word(connection)? {
        return Ok(Some(Asked::WeWerePutBack { epoch: office.unwrap_or(0).max(epoch) + 1 }));
    }
    Ok((told != Some(epoch)).then_some(Asked::ToBeTold))
}

/// See [`asks`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// It has not been told our epoch yet.
    ToBeTold,
    /// It has heard what we have not said: the epoch to go on with.
    WeWerePutBack { epoch: u64 },
}

/// Names another node. From here on the former lead's acts do not count any more, but for those that are here already.
pub fn name(connection: &Connection, store: &StoreId, node: &NodeId, now_ms: i64) -> db::Result<Result<LeadRow, NotNamed>> {
    if !nodes(connection, store.as_str())?.iter().any(|known| known == node.as_str()) {
        return Ok(Err(NotNamed::UnknownNode));
    }
    let before = first(connection, store, now_ms)?;
    if before.as_ref().is_some_and(|lead| lead.node == node.as_str()) {
        return Ok(Err(NotNamed::Already));
    }
    succeed(connection, store, node, before.as_ref(), now_ms)?;
    Ok(Ok(current(connection, store.as_str())?.expect("it was just named")))
}

/// Another box is the node now. If the store's orders lie with it, they go on under the next epoch, beginning with head office's copy.
pub fn replaced(connection: &Connection, store: &StoreId, node: &NodeId, now_ms: i64) -> db::Result<()> {
    match current(connection, store.as_str())? {
        Some(lead) if lead.node == node.as_str() => succeed(connection, store, node, Some(&lead), now_ms),
        Some(_) | None => Ok(()),
    }
}

fn succeed(connection: &Connection, store: &StoreId, node: &NodeId, before: Option<&LeadRow>, now_ms: i64) -> db::Result<()> {
    let epoch = before.map_or(1, |lead| lead.epoch + 1);
    let from_word = connection.query_row("SELECT coalesce(max(id), 0) FROM order_words", [], |row| row.get(0))?;
    let heads: BTreeMap<i64, u64> = connection
        .prepare_cached("SELECT b.id, b.head_seq FROM branches b JOIN nodes n ON n.id = b.node WHERE n.store = ?1")?
        .query_map([store.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<db::Result<_>>()?;
    let cut = serde_json::to_string(&heads).expect("numbers are always JSON");
    insert(connection, store.as_str(), epoch, node.as_str(), now_ms, from_word, &cut)?;
    if let Some(before) = before {
        hand_on(connection, store, before, epoch, now_ms)?;
        rights::want_again(connection, store, before.epoch)?;
    }
    Ok(())
}

/// Says to the next lead what the one before had: each order as it stood, and what was placed, changed or cancelled meanwhile.
fn hand_on(connection: &Connection, store: &StoreId, before: &LeadRow, epoch: u64, now_ms: i64) -> db::Result<()> {
    let node: NodeId = before.node.parse().map_err(|_| chain::corrupt("a lead without a name"))?;
    let book = book(connection, store, &node, now_ms)?;
    let mut copies: BTreeMap<OrderNo, OrderCopy> = book.copies().into_iter().collect();
    let mut placed = connection.prepare_cached(
        "SELECT order_no, version, cancelled_ms IS NOT NULL FROM collect_orders WHERE store = ?1 ORDER BY placed_ms, order_no",
    )?;
    let placed: Vec<(String, u64, bool)> =
        placed.query_map([store.as_str()], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?.collect::<db::Result<_>>()?;
    for (number, version, is_cancelled) in placed {
        let order = OrderNo::new(&number).map_err(|_| chain::corrupt("an order without a number"))?;
        let known = copies.remove(&order);
        let had = match &known {
            Some(OrderCopy::Open(order)) => order.asked.version.max(order.late_version),
            Some(OrderCopy::Over(ended)) => ended.version,
            None => 0,
        };
        let is_over = matches!(known, Some(OrderCopy::Over(_)));
        if let Some(copy) = &known {
            adopt(connection, store, epoch, &order, version, copy)?;
        }
        if had < version && !is_cancelled {
            say(connection, store, &order, version, Said::Put)?;
        }
        if is_cancelled && !is_over {
            say(connection, store, &order, version, Said::Cancel)?;
        }
    }
    // Those that head office has lost: the store's record is all there is of them.
    for (order, copy) in copies {
        adopt(connection, store, epoch, &order, 0, &copy)?;
    }
    Ok(())
}

fn adopt(connection: &Connection, store: &StoreId, epoch: u64, order: &OrderNo, version: u64, copy: &OrderCopy) -> db::Result<()> {
    say(connection, store, order, version, Said::Adopt)?;
    connection
        .prepare_cached(
            "INSERT INTO lead_copies (store, epoch, order_no, copy) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (store, epoch, order_no) DO UPDATE SET copy = ?4",
        )?
        .execute(params![store.as_str(), epoch, order.as_str(), serde_json::to_string(copy).expect("an order is plain values")])
        .map(drop)
}

/// The newest copy of an order, as JSON text.
pub fn copy(connection: &Connection, store: &StoreId, order: &OrderNo) -> db::Result<Option<String>> {
    connection
        .prepare_cached("SELECT copy FROM lead_copies WHERE store = ?1 AND order_no = ?2 ORDER BY epoch DESC LIMIT 1")?
        .query_row(params![store.as_str(), order.as_str()], |row| row.get(0))
        .optional()
}

/// A node's book of orders, by what is here of its record: from its first record to its newest, along the way its disk went.
fn book(connection: &Connection, store: &StoreId, node: &NodeId, now_ms: i64) -> db::Result<OrderBook> {
    let chain = NodeChain::load(connection, store, node, now_ms)?;
    let mut way = Vec::new();
    let (mut at, mut upto) = (chain.current(), u64::MAX);
    while let Some(branch) = at {
        way.push((branch.id, upto));
        upto = upto.min(branch.base_seq);
        at = branch.parent.map(|parent| chain.branch(parent));
    }
    let mut book = OrderBook::default();
    for (branch, upto) in way.into_iter().rev() {
        chain::for_each_chunk(connection, branch, |bytes| {
            for line in bytes.split_inclusive(|byte| *byte == b'\n') {
                if !mentions_orders(line) || chain::seq_of(line).is_some_and(|seq| seq > upto) {
                    continue;
                }
                let record = Record::parse(line.to_vec()).map_err(|error| chain::corrupt(&error.to_string()))?;
                for raw in &record.events {
                    let is_ours = tag(raw.get()).is_some_and(is_of_the_book);
                    if let Some(event) = is_ours.then(|| serde_json::from_str::<Event>(raw.get()).ok()).flatten() {
                        book.follow(&event);
                    }
                }
            }
            Ok(())
        })?;
    }
    Ok(book)
}

fn is_of_the_book(kind: &str) -> bool {
    let name = kind.rsplit_once('.').map_or(kind, |(name, _)| name);
    order_states::is_ours(name) || name == "lead_named"
}

/// Most records are sales: those are not taken apart.
fn mentions_orders(line: &[u8]) -> bool {
    const WORDS: [&[u8]; 4] = [b"\"order_", b"\"bag_staged", b"\"hand_over_taken", b"\"lead_named"];
    let first = WORDS[0][1];
    line.windows(WORDS[2].len()).any(|window| {
        window[0] == b'"' && (window[1] == first || b"bhl".contains(&window[1])) && WORDS.iter().any(|word| window.starts_with(word))
    })
}

/// The lead that was named since, when a record came too late to count: it was not here by then.
pub fn named_since(connection: &Connection, store: &str, epoch: u64, branch: i64, seq: u64) -> db::Result<Option<LeadRow>> {
    let next: Option<(LeadRow, String)> = connection
        .prepare_cached(
            "SELECT store, epoch, node, named_ms, from_word, cut FROM leads WHERE store = ?1 AND epoch > ?2 ORDER BY epoch LIMIT 1",
        )?
        .query_row(params![store, epoch.max(1)], |row| {
            let lead = LeadRow { store: row.get(0)?, epoch: row.get(1)?, node: row.get(2)?, named_ms: row.get(3)?, from_word: row.get(4)? };
            Ok((lead, row.get(5)?))
        })
        .optional()?;
    let Some((lead, cut)) = next else { return Ok(None) };
    let cut: BTreeMap<i64, u64> = serde_json::from_str(&cut).unwrap_or_default();
    let was_here = cut.get(&branch).is_some_and(|head| seq <= *head);
    Ok((!was_here).then_some(lead))
}

/// A node was told of a lead that is not known here: head office was put back from a backup since. Everything that is here of the former
/// lead counts then.
pub fn learn(connection: &Connection, at: &order_states::At<'_>, epoch: u64, lead: &NodeId, named_ms: i64, cursor: u64) -> db::Result<()> {
    let known = current(connection, at.store)?.map_or(0, |lead| lead.epoch);
    if epoch > known {
        insert(connection, at.store, epoch, lead.as_str(), named_ms, cursor, "{}")?;
    }
    Ok(())
}
