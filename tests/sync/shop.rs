//! A node's journal in memory, made line by line from `docs/JOURNAL.md` and not by the product's encoder, with sales whose sums the
//! tests know themselves.

use counterfoil::ids::{Incarnation, NodeId, StoreId};
use counterfoil::journal::{Hash, NodeKey, Position, Record};

pub struct Shop {
    pub store: StoreId,
    pub node: NodeId,
    pub key: NodeKey,
    pub incarnation: u64,
    /// In order of sequence; a hole is left out.
    pub records: Vec<Record>,
    pub at_ms: i64,
    pub date: String,
    /// Minor units of all sales so far.
    pub sold: i64,
    pub sales: u64,
    counter: u64,
    next_txn: u128,
}

/// What a test wants to be different about a line.
#[derive(Default)]
pub struct Odd {
    pub unsigned: bool,
    pub signed_by: Option<NodeKey>,
    pub signed: bool,
}

impl Shop {
    /// A journal with its first link.
    pub fn new(store: &str, node: &str) -> Shop {
        let mut shop = Shop {
            store: StoreId::new(store).unwrap(),
            node: NodeId::new(node).unwrap(),
            key: NodeKey::from_seed([u8::try_from(node.len()).unwrap(); 32]),
            incarnation: 0xa0,
            records: Vec::new(),
            at_ms: 1_795_000_000_000,
            date: "2026-11-22".to_owned(),
            sold: 0,
            sales: 0,
            counter: 0,
            next_txn: u128::from_be_bytes(Hash::of(format!("{store}/{node}").as_bytes()).0[..16].try_into().unwrap()) & !0xffff_ffff,
        };
        shop.link("");
        shop
    }

    pub fn head(&self) -> Position {
        self.records.last().unwrap().position()
    }

    pub fn head_seq(&self) -> u64 {
        self.records.last().map_or(0, |record| record.seq)
    }

    pub fn get(&self, seq: u64) -> Option<&Record> {
        let index = self.records.partition_point(|record| record.seq < seq);
        self.records.get(index).filter(|record| record.seq == seq)
    }

    /// Lines `from..=upto` as they travel.
    pub fn lines(&self, from: u64, upto: u64) -> Vec<u8> {
        self.records.iter().filter(|r| (from..=upto).contains(&r.seq)).flat_map(|r| r.line.clone()).collect()
    }

    /// The process starts again.
    pub fn restart(&mut self) {
        self.incarnation += 1;
        self.link("");
    }

    /// The process starts on a disk that lost everything above `parent_seq`, though it was flushed.
    pub fn restart_over_damage(&mut self, parent_seq: u64) {
        self.incarnation += 1;
        let next_seq = self.head_seq() + 1;
        self.records.retain(|record| record.seq <= parent_seq);
        let hole = format!(r#","holes":[{{"first_seq":{},"last_seq":{},"segment":"x","reason":"y"}}]"#, parent_seq + 1, next_seq - 1);
        let parent = self.head();
        self.link_at(next_seq, Some(parent), &hole);
    }

    /// The disk is put back to an earlier state and the process starts.
    pub fn restore_disk(&mut self, upto_seq: u64) {
        self.records.retain(|record| record.seq <= upto_seq);
        self.incarnation += 0x100;
        self.link("");
    }

    pub fn mark(&mut self) {
        self.write(r#"{"journal.mark.1":{}}"#, &Odd { signed: true, ..Odd::default() });
    }

    pub fn event(&mut self, event: &str) {
        self.write(event, &Odd::default());
    }

    /// Basket lines in records of their own, then the completion. Lines: SKU, thousandths, price per unit in minor units.
    pub fn sale(&mut self, lines: &[(&str, i64, i64)]) {
        for (sku, ..) in lines {
            self.event(&format!(r#"{{"line_added.1":{{"sku":"{sku}"}}}}"#));
        }
        let record = self.transaction(lines);
        self.event(&format!(
            r#"{{"transaction_completed.1":{{"record":{record}}}}},{{"receipt_sealed.1":{{"txn":"{}","seal":"none"}}}}"#,
            self.txn()
        ));
    }

    /// The JSON of a finished cash sale, paid with the exact amount, counted in [`Shop::sold`].
    pub fn transaction(&mut self, lines: &[(&str, i64, i64)]) -> String {
        self.counter += 1;
        self.next_txn += 1;
        let mut total = 0;
        let mut json = String::new();
        for (index, (sku, quantity, price)) in lines.iter().enumerate() {
            let extended = (quantity * price + 500) / 1000;
            total += extended;
            let comma = if index == 0 { "" } else { "," };
            json += &format!(
                r#"{comma}{{"line":{},"sku":"{sku}","name":"Article {sku}","code":"{sku}","quantity":{quantity},"unit":"piece","unit_price":{price},
                   "gross":{extended},"extended":{extended},"tax_class":"A","group":"","price_version":1}}"#,
                index + 1
            );
        }
        self.sold += total;
        self.sales += 1;
        let (txn, at_ms, date, incarnation) = (self.txn(), self.at_ms, &self.date, Incarnation(self.incarnation));
        let number = format!(r#"{{"workstation":"1","incarnation":"{incarnation}","counter":{}}}"#, self.counter);
        let stamp = format!(r#"{{"ms":{at_ms},"quality":"synchronised"}}"#);
        format!(
            r#"{{"txn":"{txn}","kind":"sale","number":{number},"workstation":"1","staff":null,"business_date":"{date}","opened_at":{stamp},"at":{stamp},
               "utc_offset_min":60,"currency":"EUR","tax_mode":"inclusive","lines":[{json}],"taxes":[],"total":{total},"rounding":0,
               "tenders":[{{"kind":"cash","amount":{total}}}],"change":0,"training":false}}"#
        )
        .replace(['\n'], " ")
    }

    fn txn(&self) -> String {
        let hex = format!("{:032x}", self.next_txn);
        format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
    }

    fn link(&mut self, more: &str) {
        let parent = self.records.last().map(Record::position);
        self.link_at(self.head_seq() + 1, parent, more);
    }

    fn link_at(&mut self, seq: u64, parent: Option<Position>, more: &str) {
        let (inc, parent_seq, hash) = match parent {
            Some(parent) => (format!("\"{}\"", parent.incarnation), parent.seq, parent.hash),
            None => ("null".to_owned(), 0, Hash::NONE),
        };
        let event = format!(
            r#"{{"journal.link.1":{{"parent_inc":{inc},"parent_seq":{parent_seq},"parent_hash":"{hash}","public_key":"{}","program":"0.1.0"{more}}}}}"#,
            self.key.public_hex()
        );
        self.write_at(seq, hash, &event, &Odd { signed: true, ..Odd::default() });
    }

    pub fn write(&mut self, events: &str, odd: &Odd) {
        let prev = self.records.last().map_or(Hash::NONE, |record| record.hash);
        self.write_at(self.head_seq() + 1, prev, events, odd);
    }

    pub fn write_at(&mut self, seq: u64, prev: Hash, events: &str, odd: &Odd) {
        self.at_ms += 1_000;
        let mut line = format!(
            r#"{{"v":1,"store":"{}","node":"{}","inc":"{}","seq":{seq},"at":{},"clock":"synchronised","date":"{}","durable_upto":{},"prev":"{prev}","events":[{events}]"#,
            self.store,
            self.node,
            Incarnation(self.incarnation),
            self.at_ms,
            self.date,
            seq - 1,
        );
        let signer = odd.signed_by.as_ref().unwrap_or(&self.key);
        if (odd.signed || odd.signed_by.is_some()) && !odd.unsigned {
            line += &format!(r#","sig":"{}""#, signer.sign_hex(line.as_bytes()));
        }
        line += &format!(",\"crc\":\"{:08x}\"}}\n", crc32c::crc32c(line.as_bytes()));
        self.records.push(Record::parse(line.into_bytes()).expect("the test writes valid lines"));
    }
}

/// The line with its checksum made right again after something in it was changed.
pub fn with_checksum(line: &str) -> Vec<u8> {
    let at = line.rfind(",\"crc\":\"").unwrap();
    format!("{},\"crc\":\"{:08x}\"}}\n", &line[..at], crc32c::crc32c(&line.as_bytes()[..at])).into_bytes()
}
