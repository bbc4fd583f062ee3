//! Head office on a real disk, driven without threads: its own writer, its own database. Its disk can be saved and put back, as happens.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::head_office::db::{self, FromValue, OptionalExtension, Row, params};

use super::Broken;
use crate::head_office::ingest::Batch;
use crate::head_office::orders::{self, PlacedOrder, Whole};
use crate::head_office::storage::Folders;
use crate::head_office::writer::{WriteError, Writer};
use crate::head_office::{chain, feeds, leads, rights};
use crate::ids::{NodeId, OrderNo, Sku, StoreId};
use crate::money::{Currency, Qty};
use crate::retail::order::PromiseRight;
use crate::sync::feed::Article;
use crate::sync::orders::{Named, OrdersReply};
use crate::sync::wire::{LocateReply, LocateRequest, RecordsQuery, RecordsReply, WIRE_VERSION};
use crate::time::{ClockQuality, Stamp};

/// How long an order waits for its customer when the channel does not say: three days.
const KEPT_MS: i64 = 3 * 24 * 3_600_000;

pub struct Office {
    /// Holds the disk and the copies of it.
    folder: PathBuf,
    disks: u32,
    writer: Writer,
    backup: Option<PathBuf>,
    pub now_ms: i64,
}

impl Office {
    pub fn open(folder: &Path, now_ms: i64) -> Result<Office, Broken> {
        let disk = folder.join("office-0");
        Ok(Office { folder: folder.to_owned(), disks: 1, writer: started(&disk)?, backup: None, now_ms })
    }

    fn disk(&self) -> PathBuf {
        self.folder.join(format!("office-{}", self.disks - 1))
    }

    pub fn restart(&mut self) -> Result<(), Broken> {
        self.writer = started(&self.disk())?;
        Ok(())
    }

    pub fn back_up(&mut self) -> Result<(), Broken> {
        let copy = self.folder.join(format!("office-{}", self.disks));
        let failed = Broken::doing("backing head office up");
        // One that was never put back gives way.
        let _ = std::fs::remove_dir_all(&copy);
        std::fs::create_dir_all(&copy).map_err(&failed)?;
        let path = copy.join("head-office.sqlite");
        self.writer
            .connection()
            .execute("VACUUM INTO ?1", [path.to_string_lossy().as_ref()])
            .map_err(|error| Broken::new("backing head office up", &error.to_string()))?;
        let key = self.folder.join(format!("office-{}", self.disks - 1)).join("head-office.key");
        std::fs::copy(key, copy.join("head-office.key")).map_err(&failed)?;
        self.backup = Some(copy);
        Ok(())
    }

    /// Whether there was a backup to put back.
    pub fn restore(&mut self) -> Result<bool, Broken> {
        let Some(disk) = self.backup.take() else { return Ok(false) };
        self.disks += 1;
        self.writer = started(&disk)?;
        Ok(true)
    }

    pub fn locate(&mut self, store: &StoreId, node: &NodeId, request: &LocateRequest) -> Result<LocateReply, WriteError> {
        let now_ms = self.now_ms;
        self.writer.transaction(|writer| writer.locate(store, node, request, now_ms))
    }

    pub fn take(&mut self, store: &StoreId, node: &NodeId, lines: &[u8], query: &RecordsQuery) -> Result<RecordsReply, WriteError> {
        let batch = Batch::read(lines, store, node);
        let now_ms = self.now_ms;
        self.writer.transaction(|writer| writer.records(store, node, &batch, query, now_ms))
    }

    pub fn take_urgent(&mut self, store: &StoreId, node: &NodeId, lines: &[u8]) -> bool {
        let batch = Batch::read(lines, store, node);
        let now_ms = self.now_ms;
        self.writer.transaction(|writer| writer.urgent(store, node, &batch.records, now_ms)).is_ok()
    }

    /// Makes articles known, so that they can be ordered.
    pub fn stock_up(&mut self, articles: &[Article]) -> Result<(), Broken> {
        let (folders, connection) = (Folders::new(&self.disk()), self.writer.connection());
        feeds::stage_articles(connection, articles.iter().cloned().map(Ok)).map_err(Broken::doing("staging articles"))?;
        let currency = Currency::from_code("EUR").ok_or_else(|| Broken::new("naming a currency", "EUR is not known"))?;
        let made_at = Stamp { ms: self.now_ms, quality: ClockQuality::Synchronised };
        feeds::publish_catalogue(connection, &folders, &currency, made_at).map(drop).map_err(Broken::doing("publishing articles"))
    }

    /// Who keeps the store's orders, and what they have not heard yet of them.
    pub fn words(&mut self, store: &StoreId, node: &NodeId, after: u64, epoch: u64) -> Result<OrdersReply, Broken> {
        let failed = Broken::doing("head office is asked for orders");
        let now_ms = self.now_ms;
        let lead = self.writer.transaction(|writer| leads::first(writer.connection(), store, now_ms)).map_err(&failed)?;
        let Some(lead) = lead else {
            return Ok(OrdersReply { v: WIRE_VERSION, lead: false, named: None, office_epoch: 0, words: Vec::new() });
        };
        let named =
            Named { epoch: lead.epoch, node: NodeId::new(&lead.node).map_err(Broken::doing("naming the lead"))?, from: lead.from_word };
        if named.node == *node {
            self.writer.transaction(|writer| writer.lead_asks(store, node, after, None, now_ms)).map_err(&failed)?;
        }
        let connection = self.writer.connection();
        let words = match named.node == *node && epoch == named.epoch {
            true => orders::words(connection, store, after.max(lead.from_word)).map_err(&failed)?,
            false => Vec::new(),
        };
        let office_epoch = self.writer.epoch();
        Ok(OrdersReply { v: WIRE_VERSION, lead: named.node == *node, named: Some(named), office_epoch, words })
    }

    /// Head office's totals of rights by article, under its lead and epoch of now.
    pub fn rights(&self, store: &StoreId) -> Result<BTreeMap<Sku, PromiseRight>, Broken> {
        let failed = Broken::doing("head office is asked for its rights");
        let term = rights::term(self.writer.connection(), store.as_str()).map_err(&failed)?;
        let sql = format!(
            "SELECT sku, granted, asked, spent, released, answered FROM rights WHERE store = '{store}' AND lead = {} AND office = {}",
            term.lead, term.office
        );
        let total = |row: &Row<'_>, at: usize| row.get(at).map(Qty::from_thousandths);
        let rows = self.rows(&sql, |row| {
            let (granted, asked, spent) = (total(row, 1)?, total(row, 2)?, total(row, 3)?);
            let right = PromiseRight { granted, asked, spent, released: total(row, 4)?, answered: total(row, 5)?, wanted: None };
            Ok((row.get::<_, String>(0)?, right))
        })?;
        let named = |(sku, right): (String, PromiseRight)| Ok((Sku::new(&sku).map_err(Broken::doing("naming an article"))?, right));
        rows.into_iter().map(named).collect()
    }

    /// Takes an order or its change, as the channel's API does. Returns the newest word about it.
    pub fn put(&mut self, placed: &PlacedOrder, change: bool) -> Result<u64, Broken> {
        let now_ms = self.now_ms;
        let taken = self.writer.transaction(|writer| orders::put(writer, placed, now_ms, KEPT_MS, change));
        match taken.map_err(Broken::doing("placing an order"))? {
            Ok(_) => self.newest_word(),
            Err(why) => Err(Broken::new("placing an order", &format!("{why:?}"))),
        }
    }

    pub fn cancel(&mut self, order: &OrderNo) -> Result<u64, Broken> {
        let now_ms = self.now_ms;
        let taken = self.writer.transaction(|writer| orders::cancelled(writer.connection(), order, now_ms).map_err(WriteError::from));
        match taken.map_err(Broken::doing("cancelling an order"))? {
            Ok(_) => self.newest_word(),
            Err(why) => Err(Broken::new("cancelling an order", &format!("{why:?}"))),
        }
    }

    pub fn newest_word(&self) -> Result<u64, Broken> {
        let newest = self.count("SELECT coalesce(max(id), 0) FROM order_words")?;
        u64::try_from(newest).map_err(Broken::doing("reading head office's line of orders"))
    }

    /// An order as head office knows it, with what its customer was sent.
    pub fn order(&self, order: &OrderNo) -> Result<Option<Whole>, Broken> {
        orders::find(self.writer.connection(), order).map_err(Broken::doing("looking an order up at head office"))
    }

    pub fn public_key(&self) -> String {
        self.writer.public_key()
    }

    pub fn rows<T>(&self, sql: &str, row: impl Fn(&Row<'_>) -> db::Result<T>) -> Result<Vec<T>, Broken> {
        let failed = Broken::doing("asking head office");
        let mut statement = self.writer.connection().prepare_cached(sql).map_err(&failed)?;
        let rows = statement.query_map([], row).map_err(&failed)?.collect::<Result<_, _>>();
        rows.map_err(&failed)
    }

    /// Sequence and hash of the newest record of a node that is held here; an error when there is more than one branch.
    pub fn head_of(&self, store: &StoreId, node: &NodeId) -> Result<Option<(u64, String)>, Broken> {
        let of_node = "FROM branches JOIN nodes ON branches.node = nodes.id WHERE nodes.store = ?1 AND nodes.node = ?2";
        let branches: i64 = self.ask(&format!("SELECT count(*) {of_node}"), store, node)?.unwrap_or(0);
        if branches > 1 {
            return Err(Broken::new(store.as_str(), "a fork without a cause"));
        }
        let seq: Option<u64> = self.ask(&format!("SELECT branches.head_seq {of_node}"), store, node)?;
        let hash: Option<String> = self.ask(&format!("SELECT branches.head_hash {of_node}"), store, node)?;
        Ok(seq.zip(hash).filter(|(seq, _)| *seq > 0))
    }

    /// The bytes of a node's journal as they are stored.
    pub fn bytes_of(&self, store: &StoreId, node: &NodeId) -> Result<Vec<u8>, Broken> {
        let branch: Option<i64> = self.ask(
            "SELECT branches.id FROM branches JOIN nodes ON branches.node = nodes.id WHERE nodes.store = ?1 AND nodes.node = ?2",
            store,
            node,
        )?;
        let mut bytes = Vec::new();
        if let Some(branch) = branch {
            let read = chain::for_each_chunk(self.writer.connection(), branch, |chunk| {
                bytes.extend_from_slice(chunk);
                Ok(())
            });
            read.map_err(Broken::doing("reading head office's copy"))?;
        }
        Ok(bytes)
    }

    /// Sales and their sum, as head office's own days have them.
    pub fn sold(&self, store: &StoreId) -> Result<(i64, i64), Broken> {
        let sum = |column: &str| format!("SELECT coalesce(sum({column}), 0) FROM sales_days WHERE store = ?1 AND ?2 = ?2");
        let node = NodeId::new("any").expect("a word is a node's id");
        let number = |column: &str| self.ask::<i64>(&sum(column), store, &node).map(|found| found.unwrap_or(0));
        Ok((number("sales")?, number("total")?))
    }

    pub fn count(&self, sql: &str) -> Result<i64, Broken> {
        self.writer.connection().query_row(sql, [], |row| row.get(0)).map_err(Broken::doing("asking head office"))
    }

    pub fn incidents(&self) -> Result<Vec<String>, Broken> {
        let failed = Broken::doing("asking head office");
        let mut statement =
            self.writer.connection().prepare_cached("SELECT kind FROM incidents WHERE closed_ms IS NULL ORDER BY id").map_err(&failed)?;
        let kinds = statement.query_map([], |row| row.get(0)).map_err(&failed)?.collect::<Result<_, _>>();
        kinds.map_err(&failed)
    }

    fn ask<T: FromValue>(&self, sql: &str, store: &StoreId, node: &NodeId) -> Result<Option<T>, Broken> {
        let asked = self.writer.connection().query_row(sql, params![store.as_str(), node.as_str()], |row| row.get(0)).optional();
        asked.map_err(Broken::doing("asking head office"))
    }
}

fn started(disk: &Path) -> Result<Writer, Broken> {
    let writer = Writer::open(&Folders::new(disk)).map_err(Broken::doing("starting head office"))?;
    // Nothing here cuts head office's power, so its disk need not be waited for.
    writer.connection().execute_batch("PRAGMA synchronous=OFF").map_err(Broken::doing("starting head office"))?;
    Ok(writer)
}
