//! What head office makes of what it is sent, one story per test, without a network.

use counterfoil::head_office::db::params;
use counterfoil::head_office::ingest::Batch;
use counterfoil::head_office::writer::{WriteError, Writer};
use counterfoil::ids::{NodeId, StoreId};
use counterfoil::journal::NodeKey;
use counterfoil::sync::orders::WordKind;
use counterfoil::sync::wire::{LocateReply, LocateRequest, Point, RecordsQuery, RecordsReply, is_signed};

use super::shop::{Odd, Shop, with_checksum};

/// Head office on a disk, driven without threads.
pub struct Office {
    pub folder: tempfile::TempDir,
    pub writer: Writer,
    pub now_ms: i64,
}

impl Office {
    pub fn new() -> Office {
        let folder = tempfile::tempdir().unwrap();
        let writer = Writer::open(&crate::storage::folders(folder.path())).unwrap();
        Office { folder, writer, now_ms: 1_795_000_000_000 }
    }

    /// The process starts again on the same disk.
    pub fn restart(&mut self) {
        self.writer = Writer::open(&crate::storage::folders(self.folder.path())).unwrap();
    }

    pub fn take(&mut self, shop: &Shop, lines: &[u8], query: &RecordsQuery) -> RecordsReply {
        self.try_take(&shop.store, &shop.node, lines, query).unwrap()
    }

    pub fn try_take(&mut self, store: &StoreId, node: &NodeId, lines: &[u8], query: &RecordsQuery) -> Result<RecordsReply, WriteError> {
        let batch = Batch::read(lines, store, node);
        let now_ms = self.now_ms;
        self.writer.transaction(|writer| writer.records(store, node, &batch, query, now_ms))
    }

    /// Sends `from..=upto` of the shop's journal.
    pub fn send(&mut self, shop: &Shop, from: u64, upto: u64) -> RecordsReply {
        let query = RecordsQuery { from, head_seq: shop.head_seq(), ..RecordsQuery::default() };
        self.take(shop, &shop.lines(from, upto), &query)
    }

    pub fn locate(&mut self, shop: &Shop, seqs: &[u64], held: Option<counterfoil::retail::UplinkAck>) -> LocateReply {
        let points = seqs.iter().filter_map(|seq| shop.get(*seq)).map(|r| Point { seq: r.seq, hash: r.hash.to_string() }).collect();
        let request = LocateRequest { v: 1, head: None, oldest_seq: 1, points, held, waiting: 0, at_ms: 0 };
        let now_ms = self.now_ms;
        self.writer.transaction(|writer| writer.locate(&shop.store, &shop.node, &request, now_ms)).unwrap()
    }

    pub fn number(&self, sql: &str) -> i64 {
        self.writer.connection().query_row(sql, [], |row| row.get(0)).unwrap()
    }

    pub fn incidents(&self) -> Vec<String> {
        let mut statement =
            self.writer.connection().prepare_cached("SELECT kind FROM incidents WHERE closed_ms IS NULL ORDER BY id").unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
    }

    pub fn sold(&self) -> (i64, i64) {
        (self.number("SELECT coalesce(sum(sales), 0) FROM sales_days"), self.number("SELECT coalesce(sum(total), 0) FROM sales_days"))
    }

    /// The bytes stored for a branch, in order.
    pub fn bytes_of(&self, branch: i64) -> Vec<u8> {
        let mut bytes = Vec::new();
        counterfoil::head_office::chain::for_each_chunk(self.writer.connection(), branch, |chunk| {
            bytes.extend_from_slice(chunk);
            Ok(())
        })
        .unwrap();
        bytes
    }
}

pub fn shop_with_sales(count: i64) -> Shop {
    let mut shop = Shop::new("s1", "n1");
    for index in 0..count {
        shop.sale(&[("apple", 1000, 100 + index), ("bread", 2000, 250)]);
    }
    shop.mark();
    shop
}

#[test]
fn a_journal_arrives_once_with_the_same_bytes_and_every_sale_is_counted() {
    let (shop, mut office) = (shop_with_sales(20), Office::new());
    let head = shop.head();
    let reply = office.send(&shop, 1, 30);
    assert_eq!((reply.send_from, reply.gap), (31, false));
    let reply = office.send(&shop, 31, head.seq);
    let ack = reply.ack.unwrap();
    assert_eq!((ack.seq, ack.hash.as_str(), ack.incarnation), (head.seq, head.hash.to_string().as_str(), head.incarnation));
    assert!(is_signed(&ack, &shop.store, &shop.node, &office.writer.public_key()));
    assert_eq!(office.bytes_of(1), shop.lines(1, head.seq));
    assert_eq!(office.sold(), (20, shop.sold));
    assert_eq!(office.number("SELECT sum(quantity) FROM stock_moves WHERE sku = 'bread'"), -40_000);
    assert_eq!(office.number("SELECT count(*) FROM lines"), 40);
    assert!(office.incidents().is_empty());
}

#[test]
fn repeats_are_acknowledged_and_change_nothing() {
    let (shop, mut office) = (shop_with_sales(10), Office::new());
    office.send(&shop, 1, 20);
    for (from, upto) in [(1, 20), (5, 9), (1, 1), (15, 25), (1, shop.head_seq()), (20, 20)] {
        let reply = office.send(&shop, from, upto);
        assert_eq!((reply.ack.unwrap().seq, reply.send_from, reply.gap), (upto, upto + 1, false));
        office.restart();
    }
    assert_eq!(office.bytes_of(1), shop.lines(1, shop.head_seq()));
    assert_eq!(office.sold(), (10, shop.sold));
    assert!(office.incidents().is_empty());
}

#[test]
fn a_gap_is_named_and_closed_by_sending_what_is_missing() {
    let (shop, mut office) = (shop_with_sales(10), Office::new());
    assert_eq!(office.send(&shop, 5, 9).send_from, 1);
    office.send(&shop, 1, 4);
    let reply = office.send(&shop, 7, 9);
    assert_eq!((reply.gap, reply.send_from, reply.ack), (true, 5, None));
    office.send(&shop, 5, shop.head_seq());
    assert_eq!(office.bytes_of(1), shop.lines(1, shop.head_seq()));
    assert!(office.incidents().is_empty());
}

#[test]
fn a_restored_disk_is_a_fork_and_both_branches_are_kept_and_counted() {
    let (mut shop, mut office) = (shop_with_sales(10), Office::new());
    let old_head = shop.head_seq();
    office.send(&shop, 1, old_head);
    let old_bytes = shop.lines(1, old_head);
    let old_sold = shop.sold;

    shop.restore_disk(12);
    shop.sold = 0;
    shop.sale(&[("cheese", 1000, 777)]);
    // What the node would do: say where it stands, then send on.
    let at = office.locate(&shop, &[shop.head_seq(), 12, 8, 4], None);
    assert_eq!((at.send_from, at.ack.unwrap().seq), (13, 12));
    let reply = office.send(&shop, 13, shop.head_seq());
    assert_eq!(reply.ack.unwrap().hash, shop.head().hash.to_string());
    assert_eq!(office.incidents(), ["fork"]);
    assert_eq!(office.bytes_of(1), old_bytes);
    assert_eq!(office.bytes_of(2), shop.lines(13, shop.head_seq()));
    assert_eq!(office.sold(), (11, old_sold + 777));

    // Further records go on the new branch, repeats find it again, and the incident is the same one.
    shop.sale(&[("cheese", 1000, 23)]);
    office.restart();
    assert!(!office.send(&shop, 5, shop.head_seq()).gap);
    assert_eq!(office.bytes_of(2), shop.lines(13, shop.head_seq()));
    assert_eq!(office.incidents(), ["fork"]);
    assert_eq!(office.number("SELECT count(*) FROM branches"), 2);
}

#[test]
fn two_boxes_with_one_name_are_two_branches() {
    let (mut first, mut second, mut office) = (Shop::new("s1", "n1"), Shop::new("s1", "n1"), Office::new());
    second.incarnation = 0xb0;
    second.records.clear();
    second.restart();
    first.sale(&[("a", 1000, 100)]);
    let mut third = Shop::new("s1", "n1-");
    third.node = first.node.clone();
    third.records.clear();
    third.restart();
    office.send(&first, 1, first.head_seq());
    office.send(&second, 1, second.head_seq());
    office.send(&third, 1, third.head_seq());
    first.sale(&[("a", 1000, 100)]);
    let reply = office.send(&first, 1, first.head_seq());
    assert_eq!(reply.ack.unwrap().seq, first.head_seq());
    assert_eq!(office.incidents(), ["fork", "fork", "key changed"]);
    assert_eq!(office.bytes_of(1), first.lines(1, first.head_seq()));
}

#[test]
fn a_tampered_byte_is_put_aside_and_everything_before_it_is_kept() {
    let (shop, mut office) = (shop_with_sales(5), Office::new());
    let lines = shop.lines(1, shop.head_seq());
    let start_of_8 = shop.lines(1, 7).len();
    for offset in [1, 40, 200] {
        let mut tampered = lines.clone();
        tampered[start_of_8 + offset] ^= 1;
        let reply = office.take(&shop, &tampered, &RecordsQuery { from: 1, ..RecordsQuery::default() });
        assert_eq!(reply.ack.unwrap().seq, 7);
        assert_eq!((reply.send_from, reply.bad.unwrap().seq), (8, 8));
    }
    assert_eq!(office.incidents(), ["bad bytes"]);
    assert!(office.number("SELECT count(*) FROM quarantine") >= 1);
    office.send(&shop, 8, shop.head_seq());
    assert_eq!(office.bytes_of(1), lines);
    assert_eq!(office.sold(), (5, shop.sold));
}

#[test]
fn a_record_changed_with_a_right_checksum_breaks_the_chain_and_is_found_out() {
    let (shop, mut office) = (shop_with_sales(5), Office::new());
    let text = String::from_utf8(shop.get(7).unwrap().line.clone()).unwrap();
    let forged = with_checksum(text.replace("\"total\":", "\"total\": ").trim_end());
    let mut lines = shop.lines(1, 6);
    lines.extend(&forged);
    lines.extend(shop.lines(8, shop.head_seq()));
    let reply = office.take(&shop, &lines, &RecordsQuery { from: 1, ..RecordsQuery::default() });
    // One of records 7 and 8 is false; neither is taken for true.
    assert_eq!((reply.gap, reply.send_from, reply.ack.unwrap().seq), (true, 7, 6));
    office.send(&shop, 7, shop.head_seq());
    assert_eq!(office.bytes_of(1), shop.lines(1, shop.head_seq()));
}

#[test]
fn a_wrong_or_missing_signature_raises_an_incident_and_holds_up_nothing() {
    let (mut shop, mut office) = (shop_with_sales(2), Office::new());
    let mark = r#"{"journal.mark.1":{}}"#;
    shop.write(mark, &Odd { signed_by: Some(NodeKey::from_seed([99; 32])), ..Odd::default() });
    shop.sale(&[("a", 1000, 100)]);
    shop.write(mark, &Odd { unsigned: true, ..Odd::default() });
    let reply = office.send(&shop, 1, shop.head_seq());
    assert_eq!(reply.ack.unwrap().seq, shop.head_seq());
    assert_eq!(office.incidents(), ["bad signature"]);
    assert_eq!(office.number("SELECT times FROM incidents"), 2);
    assert_eq!(office.sold(), (3, shop.sold));
}

#[test]
fn a_new_key_in_a_link_is_an_incident_and_its_own_records_are_believed() {
    let (mut shop, mut office) = (shop_with_sales(2), Office::new());
    shop.key = NodeKey::from_seed([42; 32]);
    shop.restart();
    shop.mark();
    office.send(&shop, 1, shop.head_seq());
    assert_eq!(office.incidents(), ["key changed"]);
    shop.write(r#"{"journal.mark.1":{}}"#, &Odd { signed_by: Some(NodeKey::from_seed([2; 32])), ..Odd::default() });
    office.restart();
    office.send(&shop, shop.head_seq(), shop.head_seq());
    assert_eq!(office.incidents(), ["key changed", "bad signature"], "the former key does not sign for the new one");
}

#[test]
fn damage_on_the_node_is_no_fork_when_we_hold_what_it_lost() {
    let (mut shop, mut office) = (shop_with_sales(10), Office::new());
    let before = shop.head_seq();
    office.send(&shop, 1, before);
    let bytes = shop.lines(1, before);
    shop.restart_over_damage(before - 5);
    shop.sale(&[("a", 1000, 100)]);
    let at = office.locate(&shop, &[shop.head_seq(), before + 1, before, before - 5], None);
    assert_eq!(at.send_from, before - 4);
    // The node has nothing between: its next readable record is the link.
    let reply = office.take(
        &shop,
        &shop.lines(before - 4, shop.head_seq()),
        &RecordsQuery { from: before + 1, hole_from: Some(before - 4), ..RecordsQuery::default() },
    );
    assert_eq!((reply.gap, reply.ack.unwrap().seq), (false, shop.head_seq()));
    assert_eq!(office.incidents(), ["damaged disk"]);
    let mut whole = bytes;
    whole.extend(shop.lines(before + 1, shop.head_seq()));
    assert_eq!(office.bytes_of(1), whole);
}

#[test]
fn records_that_nobody_has_any_more_are_a_named_hole() {
    let (mut shop, mut office) = (shop_with_sales(10), Office::new());
    office.send(&shop, 1, 10);
    shop.records.retain(|record| !(11..=14).contains(&record.seq));
    let query = RecordsQuery { from: 15, hole_from: Some(11), ..RecordsQuery::default() };
    let reply = office.take(&shop, &shop.lines(15, shop.head_seq()), &query);
    assert_eq!((reply.gap, reply.ack.unwrap().seq), (false, shop.head_seq()));
    assert_eq!(office.incidents(), ["hole"]);
    assert_eq!((office.number("SELECT first_seq FROM holes"), office.number("SELECT last_seq FROM holes")), (11, 14));
    assert!(!office.send(&shop, 15, shop.head_seq()).gap, "what came behind the hole is known on repeat");
}

#[test]
fn an_acknowledgement_ahead_of_us_proves_a_restore_and_raises_the_epoch_once() {
    let (shop, mut office) = (shop_with_sales(10), Office::new());
    office.send(&shop, 1, 10);
    let copy = crate::storage::backup(office.folder.path(), office.writer.connection());
    let held = office.send(&shop, 11, 20).ack;
    office.folder = copy;
    office.restart();

    let at = office.locate(&shop, &[20, 18, 12, 4], held.clone());
    assert_eq!((at.epoch, at.send_from), (2, 5));
    assert_eq!(office.incidents(), ["restored"]);
    assert_eq!(office.locate(&shop, &[20, 10], held).epoch, 2, "the same proof again");
    let reply = office.send(&shop, 5, 20);
    assert_eq!((reply.epoch, reply.ack.unwrap().epoch), (2, 2));
    office.restart();
    assert_eq!(office.writer.epoch(), 2);
    assert_eq!(office.bytes_of(1), shop.lines(1, 20));
}

#[test]
fn a_restored_head_office_says_its_orders_again_beyond_all_that_a_store_heard() {
    use counterfoil::head_office::orders;
    let (shop, mut office) = (shop_with_sales(10), Office::new());
    office.send(&shop, 1, 10);
    for (number, order, cancelled_ms, state) in [
        ("00000001", "OPEN1", None, None),
        ("00000002", "GONE2", Some(5), Some("picking")),
        ("00000003", "OVER3", None, Some("handed_over")),
    ] {
        let content = format!(r#"{{"order":"{order}","store":"s1","promised_ms":1,"lines":[{{"sku":"apple","quantity":1000}}]}}"#);
        let (secret, connection) = ("00".repeat(16), office.writer.connection());
        connection
            .execute(
                "INSERT INTO collect_orders (order_no, store, version, content, lines, secret, token, number, placed_ms, promised_ms, expires_ms, cancelled_ms)
                 VALUES (?1, 's1', 1, ?2, '[]', ?3, ?1, ?4, 0, 0, 86400000, ?5)",
                params![order, content, secret, number, cancelled_ms],
            )
            .unwrap();
        if let Some(state) = state {
            connection
                .execute(
                    "INSERT INTO order_states (order_no, store, state, at_ms, note) VALUES (?1, 's1', ?2, 0, '')",
                    params![order, state],
                )
                .unwrap();
        }
    }
    let copy = crate::storage::backup(office.folder.path(), office.writer.connection());
    let held = office.send(&shop, 11, 20).ack;
    office.folder = copy;
    office.restart();
    // What the store's lead had heard by then, of which the copy knows nothing.
    let heard = 50;
    assert!(orders::words(office.writer.connection(), &shop.store, heard).unwrap().is_empty());
    office.locate(&shop, &[20, 10], held);
    let said = |office: &Office, after| {
        let words = orders::words(office.writer.connection(), &shop.store, after).unwrap();
        let what = words.iter().map(|word| match &word.kind {
            WordKind::Put(order) => format!("put {}", order.order),
            WordKind::Cancel { order, .. } => format!("cancel {order}"),
            other => panic!("{other:?}"),
        });
        (what.collect::<Vec<_>>(), words.iter().map(|word| word.cursor).max().unwrap())
    };
    let (what, cursor) = said(&office, heard);
    assert_eq!(what, ["cancel GONE2", "put OPEN1"]);
    // A second restore, this time by hand: beyond the first one's again.
    office.writer.transaction(|writer| writer.restore()).unwrap();
    assert_eq!(said(&office, cursor).0, ["cancel GONE2", "put OPEN1"]);
}

#[test]
fn a_forged_acknowledgement_proves_nothing() {
    let (shop, mut office) = (shop_with_sales(2), Office::new());
    let mut held = office.send(&shop, 1, 5).ack.unwrap();
    held.seq = 900;
    assert_eq!(office.locate(&shop, &[5], Some(held)).epoch, 1);
}

#[test]
fn a_clock_of_1970_is_stored_and_counted_like_any_other() {
    let (mut shop, mut office) = (Shop::new("s1", "n1"), Office::new());
    shop.at_ms = 0;
    shop.date = "1970-01-01".to_owned();
    shop.sale(&[("a", 1000, 100)]);
    office.send(&shop, 1, shop.head_seq());
    assert_eq!(office.number("SELECT total FROM sales_days WHERE business_date = '1970-01-01'"), 100);
}

#[test]
fn unknown_event_kinds_are_stored_untouched() {
    let (mut shop, mut office) = (shop_with_sales(1), Office::new());
    shop.event(r#"{"loyalty_points_given.3":{"points":12}}"#);
    shop.sale(&[("a", 1000, 100)]);
    let reply = office.send(&shop, 1, shop.head_seq());
    assert_eq!(reply.ack.unwrap().seq, shop.head_seq());
    assert_eq!(office.bytes_of(1), shop.lines(1, shop.head_seq()));
    assert_eq!(office.number("SELECT count(*) FROM exceptions"), 0);
    assert_eq!(office.sold().0, 2);
}

#[test]
fn what_a_rule_dislikes_goes_on_the_list_and_holds_up_nothing() {
    let (mut shop, mut office) = (shop_with_sales(1), Office::new());
    let newer = r#"{"transaction_completed.2":{"record":{"all":"different"}}}"#;
    shop.event(newer);
    let good = shop.transaction(&[("a", 1000, 100)]);
    let short_paid = good.replace(r#""amount":100"#, r#""amount":90"#);
    shop.event(&format!(r#"{{"transaction_completed.1":{{"record":{short_paid}}}}}"#));
    shop.sale(&[("b", 1000, 300)]);
    let reply = office.send(&shop, 1, shop.head_seq());
    assert_eq!(reply.ack.unwrap().seq, shop.head_seq());
    assert_eq!(office.number("SELECT count(*) FROM exceptions WHERE settled_ms IS NULL"), 2);
    assert_eq!(office.sold(), (2, shop.sold - 100));
    assert_eq!(office.number("SELECT count(*) FROM exceptions WHERE owner = 'accounting'"), 1);

    // A person tries again; the record is still what it is.
    let id = office.number("SELECT id FROM exceptions WHERE owner = 'accounting'");
    let now_ms = office.now_ms;
    let outcome = office.writer.transaction(|writer| writer.replay_exception(id, now_ms)).unwrap();
    assert!(outcome.unwrap().unwrap_err().contains("tenders"));
    assert_eq!(office.number("SELECT tries FROM exceptions WHERE owner = 'accounting'"), 2);
    assert!(office.writer.transaction(|writer| writer.replay_exception(999, now_ms)).unwrap().is_none());
}

#[test]
fn one_transaction_with_two_contents_counts_once() {
    let (mut shop, mut office) = (Shop::new("s1", "n1"), Office::new());
    let record = shop.transaction(&[("a", 1000, 100)]);
    let event = |record: &str| format!(r#"{{"transaction_completed.1":{{"record":{record}}}}}"#);
    shop.event(&event(&record));
    shop.event(&event(&record));
    shop.event(&event(&record.replace(":100,", ":200,").replace(":100}", ":200}")));
    office.send(&shop, 1, shop.head_seq());
    assert_eq!(office.sold(), (1, 100));
    assert_eq!(office.number("SELECT count(*) FROM exceptions"), 1);
}

#[test]
fn a_day_report_that_disagrees_with_our_sums_is_shown() {
    let report = |date: &str, sales: u64, total: i64| {
        let stamp = r#"{"ms":1,"quality":"synchronised"}"#;
        format!(
            r#"{{"day_closed.1":{{"report":{{"date":"{date}","opened_at":{stamp},"closed_at":{stamp},"currency":"EUR","workstations":[],
               "totals":{{"sales":{sales},"voids":0,"total":{total},"rounding":0,"tenders":[],"taxes":[]}}}}}}}}"#
        )
        .replace('\n', " ")
    };
    let (mut shop, mut office) = (shop_with_sales(3), Office::new());
    let sold = shop.sold;
    shop.event(&report("2026-11-22", 3, sold));
    office.send(&shop, 1, shop.head_seq());
    assert_eq!(office.number("SELECT count(*) FROM exceptions"), 0);
    shop.event(&report("2026-11-23", 1, 5));
    office.send(&shop, shop.head_seq(), shop.head_seq());
    assert_eq!(office.number("SELECT count(*) FROM exceptions"), 1);
}

#[test]
fn records_of_another_node_are_put_aside() {
    let (shop, mut office) = (shop_with_sales(1), Office::new());
    let other = NodeId::new("n2").unwrap();
    let reply = office.try_take(&shop.store, &other, &shop.lines(1, 3), &RecordsQuery { from: 1, ..RecordsQuery::default() }).unwrap();
    assert_eq!((reply.ack, reply.bad.unwrap().seq), (None, 1));
    assert_eq!(office.number("SELECT count(*) FROM branches"), 0);
}

#[test]
fn a_newer_record_format_waits_for_head_offices_upgrade() {
    let (shop, mut office) = (shop_with_sales(1), Office::new());
    let newer = with_checksum(String::from_utf8(shop.get(1).unwrap().line.clone()).unwrap().replacen("\"v\":1", "\"v\":2", 1).trim_end());
    let error = office.try_take(&shop.store, &shop.node, &newer, &RecordsQuery::default()).unwrap_err();
    assert!(matches!(error, WriteError::NewerFormat(2)), "{error}");
    assert_eq!(office.number("SELECT count(*) FROM quarantine"), 0);
}

#[test]
fn urgent_copies_are_provisional_until_the_chain_reaches_them() {
    let (mut shop, mut office) = (shop_with_sales(3), Office::new());
    shop.sale(&[("a", 1000, 100)]);
    let newest = shop.records.last().unwrap().clone();
    let now_ms = office.now_ms;
    for _ in 0..2 {
        let reply = office.writer.transaction(|w| w.urgent(&shop.store, &shop.node, std::slice::from_ref(&newest), now_ms)).unwrap();
        assert_eq!(reply.taken[0].seq, newest.seq);
    }
    assert_eq!(office.sold(), (0, 0), "never counted");
    assert_eq!(office.number("SELECT count(*) FROM urgent WHERE confirmed_ms IS NULL"), 1);
    office.send(&shop, 1, newest.seq - 1);
    assert_eq!(office.number("SELECT count(*) FROM urgent WHERE confirmed_ms IS NULL"), 1);
    office.send(&shop, newest.seq, newest.seq);
    assert_eq!(office.number("SELECT count(*) FROM urgent WHERE confirmed_ms IS NULL"), 0);
    assert_eq!(office.sold(), (4, shop.sold));
}

#[test]
fn a_new_version_counts_everything_again_to_the_same_sums() {
    let (mut shop, mut office) = (shop_with_sales(10), Office::new());
    office.send(&shop, 1, shop.head_seq());
    shop.restore_disk(12);
    shop.sale(&[("cheese", 1000, 777)]);
    office.send(&shop, 12, shop.head_seq());
    let before =
        (office.sold(), office.number("SELECT count(*) FROM transactions"), office.number("SELECT sum(quantity) FROM stock_moves"));
    office.writer.connection().execute_batch("UPDATE meta SET value = '0' WHERE name = 'projections'; DELETE FROM sales_days").unwrap();
    office.restart();
    let after = (office.sold(), office.number("SELECT count(*) FROM transactions"), office.number("SELECT sum(quantity) FROM stock_moves"));
    assert_eq!(after, before);
}
