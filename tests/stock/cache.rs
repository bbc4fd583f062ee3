//! The same promises of a cache, kept by both engines.

use std::ops::ControlFlow;

use counterfoil::views::SledCache;
use counterfoil::views::cache::{Batch, Cache, MemoryCache};

fn on_both(test: impl Fn(&dyn Cache)) {
    test(&MemoryCache::default());
    let folder = tempfile::tempdir().unwrap();
    test(&SledCache::open(folder.path()).unwrap());
}

fn fill(cache: &dyn Cache, keys: &[&str]) {
    let mut batch = Batch::default();
    keys.iter().for_each(|key| batch.put(key.as_bytes().to_vec(), key.to_uppercase().into_bytes()));
    cache.apply(batch).unwrap();
}

fn texts(entries: &[Vec<u8>]) -> String {
    entries.iter().map(|e| String::from_utf8(e.clone()).unwrap()).collect::<Vec<_>>().join(" ")
}

fn scanned(cache: &dyn Cache, from: &str, to: &str, is_back: bool, limit: usize) -> String {
    let mut found = Vec::new();
    let mut each = |key: &[u8], value: &[u8]| {
        assert_eq!(String::from_utf8(key.to_vec()).unwrap().to_uppercase().into_bytes(), value);
        found.push(key.to_vec());
        if found.len() == limit { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    if is_back {
        cache.scan_back(from.as_bytes(), to.as_bytes(), &mut each).unwrap();
    } else {
        cache.scan(from.as_bytes(), to.as_bytes(), &mut each).unwrap();
    }
    texts(&found)
}

#[test]
fn what_was_put_is_got_and_what_was_removed_is_gone() {
    on_both(|cache| {
        assert_eq!(cache.get(b"a"), Ok(None));
        fill(cache, &["a", "b"]);
        assert_eq!(cache.get(b"a"), Ok(Some(b"A".to_vec())));
        let mut batch = Batch::default();
        batch.remove(b"a".to_vec());
        batch.put(b"b".to_vec(), b"again".to_vec());
        batch.put(b"empty".to_vec(), Vec::new());
        cache.apply(batch).unwrap();
        assert_eq!(cache.get(b"a"), Ok(None));
        assert_eq!(cache.get(b"b"), Ok(Some(b"again".to_vec())));
        assert_eq!(cache.get(b"empty"), Ok(Some(Vec::new())));
        assert_eq!(cache.verify(), Ok(2));
    });
}

#[test]
fn the_neighbour_before_is_found() {
    on_both(|cache| {
        fill(cache, &["b", "d", "da"]);
        let before = |key: &str| cache.at_or_before(key.as_bytes()).unwrap().map(|(key, _)| String::from_utf8(key).unwrap());
        for (key, expected) in [("a", None), ("b", Some("b")), ("c", Some("b")), ("d", Some("d")), ("d0", Some("d")), ("z", Some("da"))] {
            assert_eq!(before(key).as_deref(), expected, "{key}");
        }
    });
}

#[test]
fn scans_go_both_ways_and_stop_when_told() {
    on_both(|cache| {
        fill(cache, &["a", "b", "ba", "c", "d"]);
        for (from, to, forward) in [("", "z", "a b ba c d"), ("b", "c", "b ba"), ("b0", "d", "ba c"), ("c", "c", ""), ("d", "a", "")] {
            assert_eq!(scanned(cache, from, to, false, 9), forward, "{from}..{to}");
            let back = forward.split_whitespace().rev().collect::<Vec<_>>().join(" ");
            assert_eq!(scanned(cache, from, to, true, 9), back, "{from}..{to} back");
        }
        assert_eq!(scanned(cache, "", "z", false, 2), "a b");
        assert_eq!(scanned(cache, "", "z", true, 2), "d c");
    });
}

#[test]
fn the_applied_sequence_rides_with_its_batch() {
    on_both(|cache| {
        assert_eq!(cache.applied_seq(), Ok(None));
        cache.apply(Batch { applied_seq: Some(41), ..Batch::default() }).unwrap();
        let mut batch = Batch { applied_seq: Some(42), ..Batch::default() };
        batch.put(b"k".to_vec(), b"v".to_vec());
        cache.apply(batch).unwrap();
        assert_eq!(cache.applied_seq(), Ok(Some(42)));
        assert_eq!(cache.get(b"k"), Ok(Some(b"v".to_vec())));
    });
}

#[test]
fn many_and_large_values_read_back_in_order() {
    on_both(|cache| {
        let mut seed = 7u64;
        let mut expected = std::collections::BTreeMap::new();
        for _ in 0..60 {
            let mut batch = Batch::default();
            for _ in 0..50 {
                seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                let key = (seed >> 44).to_be_bytes().to_vec();
                let value = vec![seed as u8; (seed >> 50) as usize % 4000];
                expected.insert(key.clone(), value.clone());
                batch.put(key, value);
            }
            cache.apply(batch).unwrap();
        }
        cache.checkpoint().unwrap();
        let mut found = std::collections::BTreeMap::new();
        let mut last = Vec::new();
        cache
            .scan(&[], &[0xff], &mut |key, value| {
                assert!(last.as_slice() < key);
                last = key.to_vec();
                found.insert(key.to_vec(), value.to_vec());
                ControlFlow::Continue(())
            })
            .unwrap();
        assert!(found == expected);
    });
}

#[test]
fn sled_has_after_a_checkpoint_what_it_had_before() {
    let folder = tempfile::tempdir().unwrap();
    let cache = SledCache::open(folder.path()).unwrap();
    fill(&cache, &["a", "b", "c"]);
    cache.apply(Batch { applied_seq: Some(3), ..Batch::default() }).unwrap();
    cache.checkpoint().unwrap();
    drop(cache);
    let cache = SledCache::open(folder.path()).unwrap();
    assert_eq!(scanned(&cache, "a", "z", false, 9), "a b c");
    assert_eq!(cache.applied_seq(), Ok(Some(3)));
}

#[test]
fn a_folder_that_sled_cannot_open_is_an_error_and_no_panic() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("conf"), "not a configuration of sled").unwrap();
    let Err(error) = SledCache::open(folder.path()) else { panic!("opened") };
    assert!(error.to_string().starts_with("opening sled"), "{error}");
}
