//! Feed files: what is written reads back, and nothing that is not whole is taken.

use counterfoil::ids::{Incarnation, NodeId};
use counterfoil::retail::Feed;
use counterfoil::sync::feed::{FeedError, FeedLine, FeedName, FeedReader, hash_of};
use counterfoil::views::{Engine, LoadError};

use super::shop::{Shop, article, put};

fn lines(bytes: &[u8]) -> Result<Vec<FeedLine>, FeedError> {
    let mut reader = FeedReader::open(bytes)?;
    let mut lines = Vec::new();
    while let Some(line) = reader.next_line()? {
        lines.push(line);
    }
    Ok(lines)
}

/// A feed file with these lines as they stand.
fn file(text: &str) -> Vec<u8> {
    zstd::encode_all(text.as_bytes(), 1).unwrap()
}

const HEADER: &str = r#"{"format":1,"feed":"catalogue","version":3,"count":1,"made_at":{"ms":0,"quality":"unverified"}}"#;
const MILK: &str = r#"{"put":{"sku":"1","name":"Milk","tax_class":"B","price":119,"codes":[{"code":"04006381333931"}]}}"#;

#[test]
fn a_file_reads_back_as_written() {
    let shop = Shop::new();
    let articles = [article("1", "Milk", 119, "4006381333931 14006381333938x6"), article("2", "Brot „Kruste“", 349, "12345")];
    let written = shop.snapshot(1, &articles);
    let bytes = std::fs::read(shop.path_of(&written)).unwrap();
    assert_eq!(hash_of(bytes.as_slice()).unwrap(), (written.hash.clone(), written.bytes));
    assert_eq!(lines(&bytes).unwrap(), articles.map(|a| FeedLine::Catalogue(put(a))));

    let stock = shop.stock(4, None, Some(17), &[("1", 10), ("2", -3)]);
    let reader = FeedReader::open(std::fs::File::open(shop.path_of(&stock)).unwrap()).unwrap();
    let head = reader.header().baselines[0].heads[&NodeId::new("berlin-1-a").unwrap()];
    assert_eq!((head.incarnation, head.seq), (Incarnation(1), 17));
}

#[test]
fn names_carry_feed_version_and_hash() {
    let name = FeedName::new(Feed::Catalogue, 17, &"0123456789abcdef".repeat(4));
    assert_eq!(name.to_string(), "catalogue-17-0123456789ab.jsonl.zst");
    assert_eq!(FeedName::parse(&name.to_string()), Some(name));
    for bad in
        ["catalogue-17-0123456789ab.jsonl", "offers-1-0123456789ab.jsonl.zst", "stock-01-0123456789ab.jsonl.zst", "stock-1-xyz.jsonl.zst"]
    {
        assert_eq!(FeedName::parse(bad), None, "{bad}");
    }
}

#[test]
fn fields_and_lines_of_a_newer_head_office_are_skipped() {
    let newer = r#"{"put":{"sku":"1","name":"Milk","tax_class":"B","price":119,"colour":"white","codes":[]}}"#;
    let header = HEADER.replace("\"count\":1", "\"count\":2,\"season\":\"autumn\"");
    let found = lines(&file(&format!("{header}\n{newer}\n{{\"promotion\":{{}}}}\n"))).unwrap();
    let [FeedLine::Catalogue(entry)] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!(entry.sku().as_str(), "1");
}

#[test]
fn what_is_not_whole_is_refused_by_name() {
    let check = |text: &str, expected: &str| {
        let error = lines(&file(text)).expect_err(expected);
        assert_eq!(error.to_string(), expected);
    };
    check("", "its first line is not a feed header: EOF while parsing a value at line 1 column 0");
    check("sku;name\n", "its first line is not a feed header: expected value at line 1 column 1");
    check(&HEADER.replace("\"format\":1", "\"format\":2"), "it is written in feed format 2, this version reads 1: install a newer version");
    check(&HEADER.replace("\"version\":3", "\"version\":0"), "its first line is not a feed header: versions grow from 1");
    check(&HEADER.replace("\"count\":1", "\"count\":99000000"), "it announces 99000000 lines, more than 16000000");
    check(&format!("{HEADER}\n"), "it ends after 0 of 1 lines");
    check(&format!("{HEADER}\n{MILK}"), "it ends after 0 of 1 lines");
    check(&format!("{HEADER}\n{MILK}\n{MILK}\n"), "it goes on after its 1 lines");
    let two = HEADER.replace("\"count\":1", "\"count\":2");
    check(&format!("{two}\n{MILK}\n{MILK}\n"), "line 3: \"1\" does not come after the one before it");
    check(&format!("{HEADER}\n{{\"remove\":\"1\"}}\n"), "line 2: a snapshot removes nothing");
    check(&format!("{HEADER}\n{}\n", MILK.replace("119", "-1")), "line 2: the price of 1 is negative");
    check(
        &format!("{HEADER}\n{}\n", MILK.replace("Milk", "Mi\\u0007lk")),
        "line 2: the name of 1 is empty, longer than 200 characters or has control characters",
    );
    check(&format!("{HEADER}\n{}\n", MILK.replace("Milk", &"x".repeat(40_000))), "line 2: longer than 32768 bytes");
    let good = file(&format!("{HEADER}\n{MILK}\n"));
    assert_eq!(lines(&good).unwrap().len(), 1);
    for length in 0..good.len() {
        assert!(lines(&good[..length]).is_err(), "cut to {length} bytes");
    }
}

#[test]
fn a_truncated_file_is_refused_and_what_is_in_force_stays() {
    let mut shop = Shop::new();
    let (views, _) = shop.open(Engine::Sled);
    let one = shop.snapshot(1, &[article("1", "Milk", 119, "4006381333931")]);
    shop.adopt(&views, Feed::Catalogue, 1, &one);
    let two = shop.snapshot(2, &[article("1", "Milk", 129, "4006381333931")]);
    let bytes = std::fs::read(shop.path_of(&two)).unwrap();
    std::fs::write(shop.path_of(&two), &bytes[..bytes.len() - 5]).unwrap();
    let error = views.load(Feed::Catalogue, 2, &two.hash, &|_| {}).unwrap_err();
    assert!(matches!(&error, LoadError::Damaged { file, .. } if *file == two.name.to_string()), "{error}");
    assert!(!shop.path_of(&two).exists(), "a damaged file is removed");
    assert_eq!(views.load(Feed::Catalogue, 2, &two.hash, &|_| {}), Err(LoadError::Missing { file: two.name.to_string() }));
    assert_eq!(views.catalogue_version(), 1);

    // A file that is what was announced, and was announced wrongly.
    let header = HEADER.replace("\"version\":3", "\"version\":2");
    let short = file(&format!("{}\n{MILK}\n", header.replace("\"count\":1", "\"count\":2")));
    let (hash, _) = hash_of(short.as_slice()).unwrap();
    std::fs::write(shop.feeds().join(FeedName::new(Feed::Catalogue, 2, &hash).to_string()), short).unwrap();
    let error = views.load(Feed::Catalogue, 2, &hash, &|_| {}).unwrap_err();
    assert!(error.to_string().contains("it ends after 1 of 2 lines"), "{error}");
    assert_eq!(views.catalogue_version(), 1);
    views.close();
}
