//! A cache that was deleted, torn, filled with garbage or left behind is healed at the start, with the line down, and nobody waits.

use std::fs::{self, File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};

use counterfoil::ids::TxnId;
use counterfoil::retail::Feed;
use counterfoil::views::{Engine, FeedState, NotNow, Views};

use super::shop::{Shop, article, code, copy_folder, put, settle, sku};

/// A shop with two catalogue versions, a baseline and some sales, closed cleanly.
fn closed_shop() -> Shop {
    let mut shop = Shop::new();
    let (views, report) = shop.open(Engine::Sled);
    assert_eq!(report.rebuilt, None, "a first start rebuilds nothing");
    let mut articles: Vec<_> = (0..2000).map(|n| article(&format!("{n:05}"), &format!("Ware {n}"), n, "")).collect();
    articles[7] = article("00007", "Milch", 119, "4006381333931");
    let one = shop.snapshot(1, &articles);
    shop.adopt(&views, Feed::Catalogue, 1, &one);
    let two = shop.delta(2, (1, &one), vec![put(article("00007", "Milch", 129, "4006381333931"))]);
    shop.adopt(&views, Feed::Catalogue, 2, &two);
    let stock = shop.stock(1, None, Some(3), &[("00007", 12)]);
    shop.adopt(&views, Feed::Stock, 1, &stock);
    for counter in 1..=600 {
        let (seq, events) = shop.sell(counter);
        views.apply(seq, &events);
    }
    check(&views);
    views.close();
    shop
}

fn check(views: &Views) {
    let hit = views.by_code(&[code("4006381333931")]).unwrap().unwrap();
    assert_eq!((hit.article.price.unwrap().minor(), hit.version), (129, 2));
    for n in [0, 500, 1999] {
        assert_eq!(views.by_sku(&sku(&format!("{n:05}"))).unwrap().unwrap().name, format!("Ware {n}"));
    }
    assert_eq!(views.search("ware 1234", 3).unwrap().len(), 1);
    assert_eq!(views.stock(&sku("00007")).unwrap().unwrap().head_seq, 3);
    for counter in [1, 300, 600] {
        assert_eq!(views.find_txn(&TxnId(uuid::Uuid::from_u128(counter))).unwrap().number.counter, counter as u64);
    }
}

#[test]
fn a_sound_cache_is_taken_as_it_is() {
    let shop = closed_shop();
    let (views, report) = shop.open(Engine::Sled);
    assert_eq!(report, Default::default());
    check(&views);
    views.close();
}

/// Whatever is done to the folder, the shop opens, says so, and has everything again.
#[test]
fn whatever_happened_to_the_folder_is_healed() {
    type Harm = fn(&Shop);
    let harms: [(&str, &str, Harm); 9] = [
        ("sled's folder deleted", "it was deleted", |shop| fs::remove_dir_all(shop.sled_folder()).unwrap()),
        ("all of it deleted", "there was none", |shop| fs::remove_dir_all(shop.views_folder()).unwrap()),
        ("the manifest deleted", "there was none", |shop| fs::remove_file(shop.views_folder().join("manifest.json")).unwrap()),
        ("the manifest torn", "manifest.json is not what we wrote", |shop| {
            File::options().write(true).open(shop.views_folder().join("manifest.json")).unwrap().set_len(40).unwrap();
        }),
        ("sled's file emptied", "", |shop| {
            File::create(shop.sled_folder().join("db")).unwrap();
        }),
        ("sled's file cut", "", |shop| {
            let file = OpenOptions::new().write(true).open(shop.sled_folder().join("db")).unwrap();
            file.set_len(file.metadata().unwrap().len() / 2).unwrap();
            remove_snapshots(shop);
        }),
        ("garbage in sled's file", "", |shop| {
            let mut file = OpenOptions::new().write(true).open(shop.sled_folder().join("db")).unwrap();
            file.seek(SeekFrom::Start(1000)).unwrap();
            file.write_all(&[0xa5; 200_000]).unwrap();
            remove_snapshots(shop);
        }),
        ("sled's configuration is garbage", "", |shop| fs::write(shop.sled_folder().join("conf"), "garbage").unwrap()),
        ("a file where the folder was", "", |shop| {
            fs::remove_dir_all(shop.sled_folder()).unwrap();
            fs::write(shop.sled_folder(), "not a folder").unwrap();
        }),
    ];
    let template = closed_shop();
    for (what, why, harm) in harms {
        let mut shop = Shop::new();
        copy_folder(template.folder.path(), shop.folder.path());
        (shop.adopted, shop.journal) = (template.adopted.clone(), template.journal.clone());
        harm(&shop);
        let (views, report) = shop.opened(Engine::Sled);
        // Garbage that sled notices only when it is read heals in use.
        if let Some(rebuilt) = &report.rebuilt {
            assert!(rebuilt.contains(why), "{what}: {rebuilt}");
        } else {
            assert_eq!(why, "", "{what} was not noticed");
            touch_all(&views);
        }
        assert_eq!(report.in_memory, None, "{what}");
        check(&views);
        views.close();
        drop(views);
        let (views, report) = shop.open(Engine::Sled);
        assert_eq!(report, Default::default(), "{what}: healed once");
        check(&views);
        views.close();
    }
}

fn remove_snapshots(shop: &Shop) {
    for entry in fs::read_dir(shop.sled_folder()).unwrap() {
        let entry = entry.unwrap();
        if entry.file_name().to_str().unwrap().starts_with("snap.") {
            fs::remove_file(entry.path()).unwrap();
        }
    }
}

/// Reads everything, and waits for the healing that this may bring about.
fn touch_all(views: &Views) {
    for n in 0..2000 {
        let _ = views.by_sku(&sku(&format!("{n:05}")));
    }
    for counter in 1..=600 {
        let _ = views.find_txn(&TxnId(uuid::Uuid::from_u128(counter)));
    }
    let _ = (views.search("ware", 100), views.stock(&sku("00007")), views.transactions(None, 100));
    settle(views);
}

#[test]
fn while_it_is_rebuilt_the_answer_is_not_now_and_never_unknown() {
    let shop = closed_shop();
    fs::remove_dir_all(shop.views_folder()).unwrap();
    let (views, report) = shop.open(Engine::Sled);
    assert_eq!(report.rebuilt.as_deref(), Some("there was none"));
    loop {
        match views.by_code(&[code("4006381333931")]) {
            Err(NotNow::Rebuilding { percent, .. }) => assert!(percent <= 100),
            Ok(Some(hit)) => break assert_eq!(hit.version, 2),
            other => panic!("{other:?}"),
        }
    }
    settle(&views);
    check(&views);
    views.close();
}

#[test]
fn a_crash_between_load_and_switch_leaves_the_old_version_or_the_new_one() {
    let shop = closed_shop();
    let two = shop.adopted[&Feed::Catalogue].clone();
    let (views, _) = shop.open(Engine::Sled);
    let three = shop.snapshot(3, &[article("00007", "Milch", 139, "4006381333931")]);
    views.load(Feed::Catalogue, 3, &three.hash, &|_| {}).unwrap();
    // The plug is pulled: what is on disk now, without a clean stop.
    let crashed = Shop::new();
    copy_folder(shop.folder.path(), crashed.folder.path());
    views.close();
    let price = |shop: &Shop| {
        let (views, report) = shop.open(Engine::Sled);
        assert_eq!(report.rebuilt, None);
        let hit = views.by_code(&[code("4006381333931")]).unwrap().unwrap();
        let other = views.by_sku(&sku("00001")).unwrap().is_some();
        views.close();
        (hit.version, hit.article.price.unwrap().minor(), other)
    };
    let mut crashed = Shop { journal: shop.journal.clone(), ..crashed };
    crashed.adopted = shop.adopted.clone();
    assert_eq!(crashed.adopted[&Feed::Catalogue], two);
    assert_eq!(price(&crashed), (2, 129, true), "not adopted: the old one, whole");
    crashed.journal_adoption(Feed::Catalogue, 3, &three);
    assert_eq!(price(&crashed), (3, 139, false), "adopted: the new one, whole");
}

#[test]
fn a_crash_while_loading_leaves_nothing_that_is_believed() {
    let mut shop = closed_shop();
    let (views, _) = shop.open(Engine::Sled);
    let many: Vec<_> = (0..20_000).map(|n| article(&format!("{n:05}"), &format!("Neue Ware {n}"), n, "")).collect();
    let three = shop.snapshot(3, &many);
    let crashed = Shop::new();
    let is_copied = std::cell::Cell::new(false);
    views
        .load(Feed::Catalogue, 3, &three.hash, &|percent| {
            if percent > 50 && !is_copied.replace(true) {
                copy_folder(shop.folder.path(), crashed.folder.path());
            }
        })
        .unwrap();
    views.close();
    assert!(is_copied.get());
    let mut crashed = Shop { journal: shop.journal.clone(), adopted: shop.adopted.clone(), ..crashed };
    let (views, _) = crashed.opened(Engine::Sled);
    check(&views);
    assert_eq!(views.loaded_version(Feed::Catalogue), 2);
    views.load(Feed::Catalogue, 3, &three.hash, &|_| {}).unwrap();
    views.switch(Feed::Catalogue, &crashed.journal_adoption(Feed::Catalogue, 3, &three));
    assert_eq!(views.by_sku(&sku("19999")).unwrap().unwrap().name, "Neue Ware 19999");
    views.close();
    shop.adopted.clear();
}

#[test]
fn a_feed_file_that_is_gone_is_said_and_mended_by_fetching_it_again() {
    let shop = closed_shop();
    fs::remove_dir_all(shop.views_folder()).unwrap();
    let adopted = shop.adopted[&Feed::Catalogue].clone();
    let lost =
        fs::read_dir(shop.feeds()).unwrap().map(|e| e.unwrap().path()).find(|p| p.to_str().unwrap().contains("catalogue-1-")).unwrap();
    fs::remove_file(&lost).unwrap();
    let (views, _) = shop.opened(Engine::Sled);
    let FeedState::Broken { version: 2, why } = views.feed(Feed::Catalogue) else { panic!("{:?}", views.feed(Feed::Catalogue)) };
    assert!(why.contains(lost.file_name().unwrap().to_str().unwrap()) && why.ends_with("fetch it again"), "{why}");
    assert!(matches!(views.by_sku(&sku("1")), Err(NotNow::Broken { .. })));
    assert_eq!(views.loaded_version(Feed::Catalogue), 0, "sync asks for a snapshot");
    assert_eq!(views.stock(&sku("00007")).unwrap().unwrap().head_seq, 3, "the rest works");

    // Head office sends the same version as a snapshot, which is another file.
    let mut articles: Vec<_> = (0..2000).map(|n| article(&format!("{n:05}"), &format!("Ware {n}"), n, "")).collect();
    articles[7] = article("00007", "Milch", 129, "4006381333931");
    let again = shop.snapshot(2, &articles);
    assert_ne!(again.hash, adopted.hash);
    views.load(Feed::Catalogue, 2, &again.hash, &|_| {}).unwrap();
    check(&views);
    views.close();
    drop(views);
    fs::remove_dir_all(shop.views_folder()).unwrap();
    let (views, _) = shop.opened(Engine::Sled);
    check(&views);
    views.close();
}

#[test]
fn a_cache_behind_the_journal_catches_up_and_one_ahead_of_it_is_not_believed() {
    let shop = closed_shop();
    for counter in 601..=650 {
        shop.sell(counter);
    }
    let (views, report) = shop.opened(Engine::Sled);
    assert_eq!(report, Default::default());
    assert_eq!(views.find_number("1-650").len(), 1);
    check(&views);
    views.close();
    drop(views);

    shop.journal.lock().unwrap().truncate(620);
    let (views, report) = shop.opened(Engine::Sled);
    assert_eq!(report.rebuilt.as_deref(), Some("it knows record 650, the journal ends at 620"));
    assert_eq!(views.find_number("1-650"), []);
    check(&views);
    views.close();
}

#[test]
fn a_disk_without_room_for_a_cache_still_sells() {
    let shop = closed_shop();
    fs::remove_dir_all(shop.views_folder()).unwrap();
    fs::write(shop.views_folder(), "a file where the folder should be").unwrap();
    let (views, report) = shop.opened(Engine::Sled);
    assert!(report.in_memory.is_some());
    check(&views);
    views.close();
}
