//! What is true of PostgreSQL alone: several head offices on one database, and a server that dies.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use counterfoil::head_office::bench::{StandIn, wait_until};
use counterfoil::head_office::db::{Connection, TlsTrouble, params};
use counterfoil::head_office::ingest::Batch;
use counterfoil::head_office::office::HeadOffice;
use counterfoil::head_office::serve;
use counterfoil::head_office::storage::{self, Folders, Server};
use counterfoil::head_office::writer::Writer;
use counterfoil::sync::wire::{RecordsQuery, RecordsReply};
use counterfoil::time::SystemClock;

use super::ingest::shop_with_sales;
use super::over_http::{Certificates, PATIENCE};
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
    let connection = Connection::postgres(&Server::new(&crate::storage::address_for(folder.path())).unwrap()).unwrap();
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
    let connection = Connection::postgres(&Server::new(&crate::storage::address_for(folder.path())).unwrap()).unwrap();
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
    let connection = Connection::postgres(&Server::new(&address).unwrap()).unwrap();
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

/// Ends every other session of this server, as a server that restarts does.
const END_SESSIONS: &str =
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'";

#[test]
fn a_session_lost_in_the_middle_of_a_batch_leaves_nothing_of_it_and_the_next_one_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let postgres = Postgres::start();
    let shop = shop_with_sales(20);
    let mut writer = open(folder.path(), &postgres.address("postgres"));
    send(&mut writer, &shop, 1, 10);
    let head = shop.head_seq();
    let batch = Batch::read(&shop.lines(11, head), &shop.store, &shop.node);
    let query = RecordsQuery { from: 11, head_seq: head, ..RecordsQuery::default() };
    let lost = writer.transaction(|writer| {
        let reply = writer.records(&shop.store, &shop.node, &batch, &query, 1_795_000_000_000)?;
        assert_eq!(reply.send_from, head + 1, "all of it was written");
        postgres.ask("postgres", END_SESSIONS);
        Ok::<_, counterfoil::head_office::writer::WriteError>(reply)
    });
    assert!(lost.is_err(), "nobody may be told that it is stored");
    let connection = Connection::postgres(&Server::new(&postgres.address("postgres")).unwrap()).unwrap();
    let held = "SELECT coalesce(sum(last_seq - first_seq + 1), 0) FROM chunks";
    assert_eq!(number(&connection, held), 10);
    // The same again, by the same writer.
    assert_eq!(send(&mut writer, &shop, 11, head).ack.unwrap().seq, head);
    assert_eq!(number(&connection, held), i64::try_from(head).unwrap());
    assert_eq!(number(&connection, "SELECT coalesce(sum(sales), 0) FROM sales_days"), 20);
    assert_eq!(number(&connection, "SELECT coalesce(sum(total), 0) FROM sales_days"), shop.sold);
}

/// A line to the server that breaks behind the next commit it carries: the server does it, and nobody hears of it. Gives its port.
fn line_that_breaks(to: u16, breaks: Arc<AtomicBool>) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for near in listener.incoming().map_while(Result::ok) {
            let far = TcpStream::connect(("127.0.0.1", to)).unwrap();
            let (mut up, mut down) = ((near.try_clone().unwrap(), far.try_clone().unwrap()), (far, near));
            let (commits, breaks) = (Arc::new(AtomicBool::new(false)), Arc::clone(&breaks));
            let seen = Arc::clone(&commits);
            std::thread::spawn(move || {
                let mut bytes = [0; 16 << 10];
                while let Ok(count @ 1..) = up.0.read(&mut bytes) {
                    if bytes[..count].windows(6).any(|word| word == b"COMMIT") && breaks.swap(false, Ordering::SeqCst) {
                        commits.store(true, Ordering::SeqCst);
                    }
                    if up.1.write_all(&bytes[..count]).is_err() {
                        break;
                    }
                }
                let _ = up.1.shutdown(Shutdown::Both);
            });
            std::thread::spawn(move || {
                let mut bytes = [0; 16 << 10];
                while let Ok(count @ 1..) = down.0.read(&mut bytes) {
                    // "C", a length and its name: the server has done it.
                    let is_done = bytes[..count].windows(7).any(|word| word == b"COMMIT\0");
                    if (seen.load(Ordering::SeqCst) && is_done) || down.1.write_all(&bytes[..count]).is_err() {
                        break;
                    }
                }
                let _ = down.1.shutdown(Shutdown::Both);
                let _ = down.0.shutdown(Shutdown::Both);
            });
        }
    });
    port
}

#[test]
fn a_commit_whose_answer_is_lost_is_not_counted_twice() {
    let folder = tempfile::tempdir().unwrap();
    let postgres = Postgres::start_on_port(None);
    let shop = shop_with_sales(20);
    let breaks = Arc::new(AtomicBool::new(false));
    let port = line_that_breaks(postgres.port(), Arc::clone(&breaks));
    let mut writer = open(folder.path(), &format!("postgres://office@127.0.0.1:{port}/postgres"));
    send(&mut writer, &shop, 1, 10);
    let head = shop.head_seq();
    let batch = Batch::read(&shop.lines(11, head), &shop.store, &shop.node);
    let query = RecordsQuery { from: 11, head_seq: head, ..RecordsQuery::default() };
    breaks.store(true, Ordering::SeqCst);
    let unheard = writer.transaction(|writer| writer.records(&shop.store, &shop.node, &batch, &query, 1_795_000_000_000));
    assert!(unheard.is_err(), "what nobody heard of is not acknowledged");
    let connection = Connection::postgres(&Server::new(&postgres.address("postgres")).unwrap()).unwrap();
    let held = "SELECT coalesce(sum(last_seq - first_seq + 1), 0) FROM chunks";
    assert_eq!(number(&connection, held), i64::try_from(head).unwrap(), "and yet it is there");
    assert_eq!(send(&mut writer, &shop, 11, head).ack.unwrap().seq, head);
    assert_eq!(number(&connection, held), i64::try_from(head).unwrap());
    assert_eq!(number(&connection, "SELECT coalesce(sum(sales), 0) FROM sales_days"), 20);
    assert_eq!(number(&connection, "SELECT coalesce(sum(total), 0) FROM sales_days"), shop.sold);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_the_server_takes_no_more_connections_head_office_gets_along_with_those_it_has() {
    let folder = tempfile::tempdir().unwrap();
    let postgres = Arc::new(tokio::task::spawn_blocking(Postgres::start).await.unwrap());
    let ask = async |sql: &'static str| {
        let postgres = Arc::clone(&postgres);
        tokio::task::spawn_blocking(move || postgres.ask("postgres", sql)).await.unwrap();
    };
    // Nobody's limits hold for whoever owns the server.
    ask("CREATE ROLE clerk LOGIN CONNECTION LIMIT 2").await;
    ask("CREATE DATABASE small OWNER clerk").await;
    let address = postgres.address("small").replace("user=office", "user=clerk");
    let config = counterfoil::head_office::HeadOfficeConfig {
        postgres: Some(Server::new(&address).unwrap()),
        ..crate::storage::config(folder.path(), 0)
    };
    let office = HeadOffice::open(config, Arc::new(SystemClock::new())).unwrap();
    let ask_slowly = || {
        let office = office.clone();
        tokio::spawn(async move {
            office.read(|connection| connection.query_row("SELECT 7 FROM pg_sleep(0.05)", [], |row| row.get::<_, i64>(0))).await
        })
    };
    // One that writes, one that reads, and eight who ask at once.
    let asked: Vec<_> = (0..8).map(|_| ask_slowly()).collect();
    for answer in asked {
        assert_eq!(answer.await.unwrap().unwrap(), 7);
    }
    // Not even one to read with.
    ask("ALTER ROLE clerk CONNECTION LIMIT 1").await;
    ask("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'clerk'").await;
    let shop = Arc::new(shop_with_sales(5));
    let send = || {
        let batch = Batch::read(&shop.lines(1, shop.head_seq()), &shop.store, &shop.node);
        let query = RecordsQuery { from: 1, head_seq: shop.head_seq(), ..RecordsQuery::default() };
        let (store, node, office) = (shop.store.clone(), shop.node.clone(), office.clone());
        async move { office.write(move |writer, now_ms| writer.records(&store, &node, &batch, &query, now_ms)).await }
    };
    assert_eq!(send().await.unwrap().ack.unwrap().seq, shop.head_seq());
    let full = office.read(|connection| connection.query_row("SELECT 7", [], |row| row.get::<_, i64>(0))).await.unwrap_err().to_string();
    assert!(full.contains("too many connections") && full.contains("that it takes more connections"), "{full}");
    // Not even one to write with: the node is told to come again, and does.
    ask("ALTER ROLE clerk CONNECTION LIMIT 0").await;
    ask("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'clerk'").await;
    let refused = send().await.unwrap_err().to_string();
    assert!(refused.contains("takes connections; the node sends again"), "{refused}");
    ask("ALTER ROLE clerk CONNECTION LIMIT -1").await;
    assert_eq!(send().await.unwrap().ack.unwrap().seq, shop.head_seq());
    let sales = office.read(|connection| connection.query_row("SELECT sum(sales) FROM sales_days", [], |row| row.get::<_, i64>(0)));
    assert_eq!(sales.await.unwrap(), 5);
    office.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_put_back_from_an_older_dump_under_a_running_head_office_is_healed_by_its_stores() {
    let folder = tempfile::tempdir().unwrap();
    let postgres = Arc::new(tokio::task::spawn_blocking(Postgres::start).await.unwrap());
    let ask = async |statements: &'static [&'static str]| {
        let postgres = Arc::clone(&postgres);
        tokio::task::spawn_blocking(move || statements.iter().for_each(|sql| postgres.ask("postgres", sql))).await.unwrap();
    };
    ask(&["CREATE DATABASE office"]).await;
    let config = counterfoil::head_office::HeadOfficeConfig {
        postgres: Some(Server::new(&postgres.address("office")).unwrap()),
        ..crate::storage::config(&folder.path().join("ho"), 0)
    };
    let running = serve::start(config, Arc::new(SystemClock::new())).await.unwrap();
    let node = StandIn::open(&folder.path().join("node"), "s1", "n1").unwrap();
    node.sell(20).unwrap();
    node.start_line(&format!("http://{}", running.address), None).unwrap();
    let caught_up = || wait_until(PATIENCE, || node.acknowledged_seq() >= node.head_seq());
    caught_up().await.unwrap();
    const NOBODY_IN: [&str; 2] = ["ALTER DATABASE office ALLOW_CONNECTIONS false", END_SESSIONS];
    ask(&NOBODY_IN).await;
    ask(&["CREATE DATABASE dump TEMPLATE office", "ALTER DATABASE office ALLOW_CONNECTIONS true"]).await;
    node.sell(15).unwrap();
    caught_up().await.unwrap();
    ask(&NOBODY_IN).await;
    ask(&["ALTER DATABASE office RENAME TO lost", "ALTER DATABASE dump RENAME TO office"]).await;
    node.sell(1).unwrap();
    let office = running.office.clone();
    let sales = async || {
        let asked = office
            .read(|connection| connection.query_row("SELECT coalesce(sum(sales), 0) FROM sales_days", [], |row| row.get::<_, i64>(0)));
        asked.await.unwrap_or(0)
    };
    let deadline = std::time::Instant::now() + PATIENCE;
    while sales().await < 36 {
        assert!(std::time::Instant::now() < deadline, "the store did not send again what the dump lacks");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    wait_until(PATIENCE, || node.kept().is_some_and(|ack| ack.epoch == 2)).await.unwrap();
    let asked = office.read(|connection| {
        let restored = connection.query_row("SELECT count(*) FROM incidents WHERE kind = 'restored'", [], |row| row.get::<_, i64>(0))?;
        let counted = connection.query_row("SELECT count(*) FROM transactions", [], |row| row.get::<_, i64>(0))?;
        Ok((restored, counted, storage::epoch(connection)?))
    });
    assert_eq!(asked.await.unwrap(), (1, 36, 2));
    running.stop().await;
}

#[test]
fn an_address_that_leads_nowhere_is_named_without_its_password() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::new("postgres://office:secret-word@127.0.0.1:1/counterfoil").unwrap();
    let error = Writer::open(&Folders { root: folder.path().to_owned(), server: Some(server) }).err().unwrap().to_string();
    assert!(error.contains("127.0.0.1/counterfoil") && error.contains("check that it runs"), "{error}");
    assert!(!error.contains("secret-word"), "{error}");
}

/// What is said when head office opens its data at this address.
fn refused(address: &str) -> (TlsTrouble, String) {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::new(address).unwrap_or_else(|why| panic!("{address}: {why}"));
    match Writer::open(&Folders { root: folder.path().to_owned(), server: Some(server) }).err() {
        Some(error @ storage::StorageError::ServerTls { .. }) => {
            let text = error.to_string();
            let storage::StorageError::ServerTls { source, .. } = error else { unreachable!() };
            (source, text)
        }
        other => panic!("{address}: {other:?}"),
    }
}

fn is_encrypted(connection: &Connection) -> bool {
    connection.query_row("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()", [], |row| row.get(0)).unwrap()
}

#[test]
fn the_line_to_the_server_is_encrypted_and_its_certificate_is_checked() {
    let (ours, theirs) = (Certificates::new(), Certificates::new());
    let (cert, key) = ours.issue("server", &["localhost", "0.0.0.0"]);
    let postgres = Postgres::start_on_port(Some((&cert, &key)));
    let (our_ca, their_ca) = (ours.ca().display().to_string(), theirs.ca().display().to_string());
    let with_ca = |host: &str, ca: &str| postgres.address_at(host, &format!("?sslmode=require&sslrootcert={ca}"));

    // Head office itself, from its configuration on.
    let (shop, folder) = (shop_with_sales(5), tempfile::tempdir().unwrap());
    let text = format!(
        "[head_office]\ndata_dir = {:?}\npostgres = {:?}\npostgres_ca = {our_ca:?}\ncurrency = \"EUR\"\ntime_zone = \"UTC\"\n",
        folder.path(),
        postgres.address_at("0.0.0.0", "")
    );
    let config = counterfoil::head_office::config::parse(&text, std::path::Path::new("head-office.toml")).unwrap();
    let mut writer = Writer::open(&Folders::of(&config)).unwrap();
    assert!(is_encrypted(writer.connection()));
    assert_eq!(send(&mut writer, &shop, 1, shop.head_seq()).ack.unwrap().seq, shop.head_seq());
    // A session that is opened again is encrypted as well.
    postgres.ask("postgres", END_SESSIONS);
    assert_eq!(send(&mut writer, &shop, 1, shop.head_seq()).ack.unwrap().seq, shop.head_seq());
    assert!(is_encrypted(writer.connection()));
    assert_eq!(number(writer.connection(), "SELECT coalesce(sum(sales), 0) FROM sales_days"), 5);

    let open = |address: &str| Connection::postgres(&Server::new(address).unwrap()).unwrap();
    assert!(is_encrypted(&open(&with_ca("localhost", &our_ca))));
    assert!(is_encrypted(&open(&postgres.address_at("localhost", &format!("?sslmode=prefer&sslrootcert={our_ca}")))));
    assert!(is_encrypted(&open(&postgres.address_at("localhost", &format!("?sslrootcert={our_ca}")))));
    assert!(!is_encrypted(&open(&postgres.address_at("localhost", ""))));
    assert!(!is_encrypted(&open(&postgres.address_at("0.0.0.0", "?sslmode=disable"))));

    let (trouble, text) = refused(&with_ca("localhost", &their_ca));
    assert_eq!(trouble, TlsTrouble::UnknownIssuer { ca: Some(theirs.ca()) });
    assert!(text.contains("localhost/postgres") && text.contains("postgres_ca") && text.contains(&their_ca), "{text}");
    let (trouble, text) = refused(&postgres.address_at("localhost", "?sslmode=require"));
    assert_eq!(trouble, TlsTrouble::UnknownIssuer { ca: None }, "{text}");
    // The weaker word lets a server without TLS in, not one with a false certificate.
    let (trouble, _) = refused(&postgres.address_at("localhost", &format!("?sslmode=prefer&sslrootcert={their_ca}")));
    assert_eq!(trouble, TlsTrouble::UnknownIssuer { ca: Some(theirs.ca()) });
    let (trouble, text) = refused(&with_ca("127.0.0.1", &our_ca));
    assert!(matches!(&trouble, TlsTrouble::OtherName { wanted, .. } if wanted == "127.0.0.1"), "{trouble:?}");
    assert!(text.contains("is not for 127.0.0.1") && text.contains("call it by the name in its certificate"), "{text}");
    let (trouble, text) = refused(&with_ca("localhost", &key.display().to_string()));
    assert!(matches!(trouble, TlsTrouble::BadCa { .. }) && text.contains("PEM file"), "{text}");
}

#[test]
fn a_server_without_tls_is_refused_unless_it_is_said_that_it_may_be_plain() {
    let postgres = Postgres::start_on_port(None);
    // Not a loopback address, and yet this machine.
    for more in ["", "?sslmode=require", "?sslmode=verify-full"] {
        let (trouble, text) = refused(&postgres.address_at("0.0.0.0", more));
        assert_eq!(trouble, TlsTrouble::NotOffered);
        assert!(text.contains("ssl = on") && text.contains("sslmode=disable"), "{text}");
    }
    for more in ["?sslmode=disable", "?sslmode=prefer"] {
        assert!(!is_encrypted(&Connection::postgres(&Server::new(&postgres.address_at("0.0.0.0", more)).unwrap()).unwrap()));
    }
    assert!(!is_encrypted(&Connection::postgres(&Server::new(&postgres.address_at("127.0.0.1", "")).unwrap()).unwrap()));
}
