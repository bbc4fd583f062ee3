//! What is true of PostgreSQL alone: several head offices on one database, and a server that dies.

use std::sync::Arc;

use counterfoil::head_office::db::{Connection, params};
use counterfoil::head_office::ingest::Batch;
use counterfoil::head_office::office::HeadOffice;
use counterfoil::head_office::storage::{self, Folders, Server};
use counterfoil::head_office::writer::Writer;
use counterfoil::sync::wire::{RecordsQuery, RecordsReply};
use counterfoil::time::SystemClock;

use super::ingest::shop_with_sales;
use super::shop::Shop;
use crate::storage::Postgres;

fn open(folder: &std::path::Path, address: &str) -> Writer {
    Writer::open(&Folders { root: folder.to_owned(), server: Some(Server::new(address).unwrap()) }).unwrap()
}

fn send(writer: &mut Writer, shop: &Shop, from: u64, upto: u64) -> RecordsReply {
    let batch = Batch::read(&shop.lines(from, upto), &shop.store, &shop.node);
    let query = RecordsQuery { from, head_seq: shop.head_seq(), ..RecordsQuery::default() };
    writer.transaction(|writer| writer.records(&shop.store, &shop.node, &batch, &query, 1_795_000_000_000)).unwrap()
}

fn number(connection: &Connection, sql: &str) -> i64 {
    connection.query_row(sql, [], |row| row.get(0)).unwrap()
}

#[test]
fn what_failed_inside_is_never_taken_for_committed() {
    let folder = tempfile::tempdir().unwrap();
    let connection = Connection::postgres(&crate::storage::address_for(folder.path())).unwrap();
    connection.create("CREATE TABLE kept (id INTEGER PRIMARY KEY, text TEXT NOT NULL)").unwrap();
    connection.begin_writing().unwrap();
    connection.execute("INSERT INTO kept (text) VALUES (?1)", ["lost with the rest"]).unwrap();
    connection.execute("INSERT INTO kept (id, text) VALUES (?1, ?2)", params![1, Option::<String>::None]).unwrap_err();
    // The server would answer a plain COMMIT here with a rollback, and call that a success.
    connection.commit().unwrap_err();
    connection.rollback();
    assert_eq!(number(&connection, "SELECT count(*) FROM kept"), 0);
    let twice = connection.whole(|| {
        connection.execute("INSERT INTO kept (id, text) VALUES (?1, ?2)", params![7, "a"])?;
        connection.execute("INSERT INTO kept (id, text) VALUES (?1, ?2)", params![7, "b"])
    });
    assert!(twice.unwrap_err().is_constraint());
    assert_eq!(number(&connection, "SELECT count(*) FROM kept"), 0);
}

#[test]
fn many_rows_come_a_part_at_a_time_and_other_questions_may_be_asked_between() {
    let folder = tempfile::tempdir().unwrap();
    let connection = Connection::postgres(&crate::storage::address_for(folder.path())).unwrap();
    connection.begin_reading().unwrap();
    let mut statement = connection.prepare_cached("SELECT n, CAST(n AS TEXT) || '?' FROM generate_series(1, ?1) AS t (n)").unwrap();
    let mut rows = statement.stream([2_345]).unwrap();
    let mut sum = 0;
    while let Some(row) = rows.next().unwrap() {
        let (n, text): (i64, String) = (row.get(0).unwrap(), row.get(1).unwrap());
        assert_eq!(text, format!("{n}?"));
        sum += connection.query_row("SELECT ?1 + 0", [n], |row| row.get::<_, i64>(0)).unwrap();
    }
    assert_eq!(sum, 2_345 * 2_346 / 2);
    drop(rows);
    connection.commit().unwrap();
}

#[test]
fn two_head_offices_share_a_database_and_take_turns() {
    let (shop, folder) = (shop_with_sales(40), tempfile::tempdir().unwrap());
    let address = crate::storage::address_for(folder.path());
    let (one, other) = (folder.path().join("one"), folder.path().join("other"));
    let first = open(&one, &address);
    let stranger = Writer::open(&Folders { root: other.clone(), server: Some(Server::new(&address).unwrap()) }).err().unwrap().to_string();
    assert!(stranger.contains("copy head-office.key"), "{stranger}");
    std::fs::copy(one.join("head-office.key"), other.join("head-office.key")).unwrap();
    let mut writers = [first, open(&other, &address)];
    let head = shop.head_seq();
    // Every piece goes to the one that did not take the last, and some to both.
    let mut from = 1;
    while from <= head {
        let upto = (from + 6).min(head);
        let turn = usize::from(from % 2 == 0);
        assert_eq!(send(&mut writers[turn], &shop, from, upto).send_from, upto + 1);
        assert_eq!(send(&mut writers[1 - turn], &shop, from, upto).send_from, upto + 1);
        from = upto + 1;
    }
    let connection = writers[0].connection();
    assert_eq!(number(connection, "SELECT count(*) FROM branches"), 1);
    assert_eq!(number(connection, "SELECT coalesce(sum(last_seq - first_seq + 1), 0) FROM chunks"), i64::try_from(head).unwrap());
    assert_eq!(number(connection, "SELECT coalesce(sum(sales), 0) FROM sales_days"), 40);
    assert_eq!(number(connection, "SELECT coalesce(sum(total), 0) FROM sales_days"), shop.sold);
    // A restore at one is known to the other.
    let epoch = writers[0].transaction(|writer| writer.restore()).unwrap();
    let reply = send(&mut writers[1], &shop, head, head);
    assert_eq!((reply.epoch, reply.ack.unwrap().epoch), (epoch, epoch));
}

#[test]
fn two_that_write_at_once_wait_for_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let address = crate::storage::address_for(folder.path());
    drop(open(folder.path(), &address));
    let shops = ["s1", "s2"].map(|store| {
        let mut shop = Shop::new(store, "n1");
        (0..30).for_each(|index| shop.sale(&[("apple", 1000, 100 + index)]));
        shop
    });
    std::thread::scope(|scope| {
        for shop in &shops {
            let (root, address) = (folder.path(), &address);
            scope.spawn(move || {
                let mut writer = open(root, address);
                for seq in 1..=shop.head_seq() {
                    send(&mut writer, shop, seq, seq);
                }
            });
        }
    });
    let connection = Connection::postgres(&address).unwrap();
    assert_eq!(number(&connection, "SELECT count(*) FROM branches"), 2);
    assert_eq!(number(&connection, "SELECT coalesce(sum(sales), 0) FROM sales_days"), 60);
    assert_eq!(number(&connection, "SELECT coalesce(sum(total), 0) FROM sales_days"), shops[0].sold + shops[1].sold);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_killed_loses_nothing_that_was_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    // Not the one that the other tests use.
    let postgres = tokio::task::spawn_blocking(Postgres::start).await.unwrap();
    let config = counterfoil::head_office::HeadOfficeConfig {
        postgres: Some(Server::new(&postgres.address("postgres")).unwrap()),
        ..crate::storage::config(folder.path(), 0)
    };
    let office = HeadOffice::open(config, Arc::new(SystemClock::new())).unwrap();
    let shop = Arc::new(shop_with_sales(60));
    let (mut acknowledged, mut failures) = (0, 0);
    for seq in 1..=shop.head_seq() {
        if seq % 40 == 20 {
            postgres.kill();
        }
        loop {
            let batch = Batch::read(&shop.lines(seq, seq), &shop.store, &shop.node);
            let (store, node) = (shop.store.clone(), shop.node.clone());
            let query = RecordsQuery { from: seq, head_seq: shop.head_seq(), ..RecordsQuery::default() };
            let sent = office.write(move |writer, now_ms| writer.records(&store, &node, &batch, &query, now_ms)).await;
            let asked = office.read(|connection| {
                connection.query_row("SELECT coalesce(sum(last_seq - first_seq + 1), 0) FROM chunks", [], |row| row.get::<_, i64>(0))
            });
            match (sent, asked.await) {
                (Ok(reply), asked) => {
                    acknowledged = reply.ack.unwrap().seq;
                    // Whoever is asked and answers knows of it.
                    assert!(asked.is_err() || asked.unwrap() >= i64::try_from(acknowledged).unwrap());
                    break;
                }
                (Err(_), _) => {
                    failures += 1;
                    assert!(failures < 2_000, "the server does not come back");
                    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                }
            }
        }
    }
    assert_eq!(acknowledged, shop.head_seq());
    assert!(failures > 0, "it was never missed");
    let count = async |sql: &'static str| loop {
        match office.read(move |connection| connection.query_row(sql, [], |row| row.get::<_, i64>(0))).await {
            Ok(count) => break count,
            Err(storage::StorageError::Server { .. }) => tokio::time::sleep(std::time::Duration::from_millis(50)).await,
            Err(error) => panic!("{error}"),
        }
    };
    assert_eq!(count("SELECT coalesce(sum(last_seq - first_seq + 1), 0) FROM chunks").await, i64::try_from(shop.head_seq()).unwrap());
    assert_eq!(count("SELECT coalesce(sum(sales), 0) FROM sales_days").await, 60);
    assert_eq!(count("SELECT coalesce(sum(total), 0) FROM sales_days").await, shop.sold);
    office.stop().await;
}

#[test]
fn an_address_that_leads_nowhere_is_named_without_its_password() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::new("postgres://office:secret-word@127.0.0.1:1/counterfoil").unwrap();
    let error = Writer::open(&Folders { root: folder.path().to_owned(), server: Some(server) }).err().unwrap().to_string();
    assert!(error.contains("127.0.0.1/counterfoil") && error.contains("check that it runs"), "{error}");
    assert!(!error.contains("secret-word"), "{error}");
}
