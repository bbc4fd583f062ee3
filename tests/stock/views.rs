//! Look-ups, versions, search and the index of transactions, on both engines.

use counterfoil::ids::{Sku, TxnId};
use counterfoil::money::{Money, Qty};
use counterfoil::retail::Feed;
use counterfoil::sync::feed::{Article, CatalogueEntry};
use counterfoil::views::{Engine, FeedState, LoadError, NotNow, Views};

use super::shop::{Shop, article, code, put, sku};

fn on_both(test: impl Fn(Shop, Engine)) {
    test(Shop::new(), Engine::Memory);
    test(Shop::new(), Engine::Sled);
}

fn assortment() -> Vec<Article> {
    let mut articles = vec![
        article("1001", "Frische Vollmilch 3,5% 1 l", 119, "4006381333931 14006381333938x6"),
        article("1002", "H-Milch 1,5% 1 l", 99, "40063812 milch"),
        article("1003", "Milchreis Vanille", 89, "4006381333948"),
        article("1004", "Crème fraîche", 149, ""),
        article("1005", "Müller Joghurt", 79, "4006381333955"),
    ];
    for n in 0..3000 {
        articles.push(article(&format!("2{n:05}"), &format!("Artikel Nummer {n} aus dem Regal"), n, ""));
    }
    articles.sort_by(|a, b| a.sku.cmp(&b.sku));
    articles
}

fn price(views: &Views, text: &str) -> Option<i64> {
    views.by_code(&[code(text)]).unwrap().and_then(|hit| hit.article.price).map(Money::minor)
}

fn names(views: &Views, text: &str) -> Vec<String> {
    views.search(text, 5).unwrap().into_iter().map(|article| article.name).collect()
}

#[test]
fn an_article_is_found_by_any_code_and_by_sku() {
    on_both(|mut shop, engine| {
        let (views, _) = shop.open(engine);
        assert_eq!(views.by_code(&[code("4006381333931")]), Err(NotNow::NoCatalogue));
        let one = shop.snapshot(1, &assortment());
        shop.adopt(&views, Feed::Catalogue, 1, &one);

        let hit = views.by_code(&[code("nothing"), code("14006381333938")]).unwrap().unwrap();
        assert_eq!((hit.article.sku, hit.quantity, hit.version), (sku("1001"), Qty::pieces(6), 1));
        assert_eq!(views.by_code(&[code("milch")]).unwrap().unwrap().article.sku, sku("1002"));
        assert_eq!(views.by_code(&[code("96385074")]), Ok(None));
        assert_eq!(views.by_code(&[]), Ok(None));
        for n in [0, 1, 63, 64, 65, 1500, 2999] {
            let found = views.by_sku(&sku(&format!("2{n:05}"))).unwrap().unwrap();
            assert_eq!(found.price, Some(Money::from_minor(n)));
        }
        for absent in ["0", "1000", "200000x", "203000", "9"] {
            assert_eq!(views.by_sku(&sku(absent)), Ok(None), "{absent}");
        }
        assert_eq!(views.feed(Feed::Catalogue), FeedState::Ready { version: 1, entries: 3005 });
        views.close();
    });
}

#[test]
fn a_new_version_lies_beside_the_old_one_until_it_is_adopted() {
    on_both(|mut shop, engine| {
        let (views, _) = shop.open(engine);
        let one = shop.snapshot(1, &assortment());
        shop.adopt(&views, Feed::Catalogue, 1, &one);
        // 1001 changes its price, 1002 goes, a code moves from 1003 to a new article.
        let changes = vec![
            put(article("1001", "Frische Vollmilch 3,5% 1 l", 125, "4006381333931")),
            CatalogueEntry::Remove(sku("1002")),
            put(article("1003", "Milchreis Vanille", 89, "")),
            put(article("1003-neu", "Milchreis Vanille, neue Rezeptur", 95, "4006381333948")),
        ];
        let two = shop.delta(2, (1, &one), changes);
        let loaded = views.load(Feed::Catalogue, 2, &two.hash, &|_| {}).unwrap();
        assert_eq!((loaded.version, loaded.entries), (2, 3009));
        let all = |views: &Views| ["4006381333931", "14006381333938", "milch", "4006381333948"].map(|text| price(views, text));
        assert_eq!(all(&views), [Some(119), Some(119), Some(99), Some(89)], "loaded is not adopted");
        assert_eq!(names(&views, "rezeptur"), [""; 0]);

        // The next delta may be loaded before this one is in force.
        let three = shop.delta(3, (2, &two), vec![put(article("1001", "Vollmilch", 130, "4006381333931 40063812"))]);
        views.load(Feed::Catalogue, 3, &three.hash, &|_| {}).unwrap();
        assert_eq!(views.loaded_version(Feed::Catalogue), 3);

        let adopted = shop.journal_adoption(Feed::Catalogue, 2, &two);
        views.switch(Feed::Catalogue, &adopted);
        views.switch(Feed::Catalogue, &adopted);
        assert_eq!(all(&views), [Some(125), None, None, Some(95)]);
        assert_eq!(views.by_sku(&sku("1002")), Ok(None));
        assert_eq!(names(&views, "milch vanille"), ["Milchreis Vanille", "Milchreis Vanille, neue Rezeptur"]);
        assert_eq!(names(&views, "h milch"), [""; 0]);
        assert_eq!(views.by_sku(&sku("200007")).unwrap().unwrap().price, Some(Money::from_minor(7)));

        views.switch(Feed::Catalogue, &shop.journal_adoption(Feed::Catalogue, 3, &three));
        assert_eq!(price(&views, "40063812"), Some(130));
        assert_eq!(names(&views, "frische"), [""; 0]);

        // A snapshot replaces it all, and the files before it go.
        let four = shop.snapshot(4, &[article("1001", "Vollmilch", 140, "4006381333931")]);
        shop.adopt(&views, Feed::Catalogue, 4, &four);
        assert_eq!(all(&views), [Some(140), None, None, None]);
        assert_eq!(views.by_sku(&sku("200007")), Ok(None));
        assert_eq!(std::fs::read_dir(shop.feeds()).unwrap().count(), 1);
        views.close();
    });
}

#[test]
fn a_change_without_its_base_asks_for_a_snapshot() {
    let mut shop = Shop::new();
    let (views, _) = shop.open(Engine::Memory);
    let mut base = shop.snapshot(1, &[article("1", "Milk", 1, "")]);
    let orphan = shop.delta(9, (8, &base), vec![]);
    let error = views.load(Feed::Catalogue, 9, &orphan.hash, &|_| {}).unwrap_err();
    assert_eq!(error, LoadError::NoBase { file: orphan.name.to_string(), base: 8 });

    shop.adopt(&views, Feed::Catalogue, 1, &base);
    for version in 2.. {
        let next = shop.delta(version, (version - 1, &base), vec![put(article("1", "Milk", version as i64, ""))]);
        match views.load(Feed::Catalogue, version, &next.hash, &|_| {}) {
            Ok(_) => views.switch(Feed::Catalogue, &shop.journal_adoption(Feed::Catalogue, version, &next)),
            Err(error) => {
                assert_eq!(error, LoadError::TooManyChanges { changes: 64 });
                assert_eq!(views.by_sku(&sku("1")).unwrap().unwrap().price, Some(Money::from_minor(64)));
                break;
            }
        }
        base = next;
    }
    views.close();
}

#[test]
fn search_folds_ranks_and_is_bounded() {
    on_both(|mut shop, engine| {
        let (views, _) = shop.open(engine);
        let one = shop.snapshot(1, &assortment());
        shop.adopt(&views, Feed::Catalogue, 1, &one);
        assert_eq!(names(&views, "CREME frai"), ["Crème fraîche"]);
        assert_eq!(names(&views, "mueller"), ["Müller Joghurt"]);
        assert_eq!(names(&views, "muller jog"), ["Müller Joghurt"]);
        assert_eq!(names(&views, "vollm 1 l"), ["Frische Vollmilch 3,5% 1 l"]);
        // Names that begin with it first.
        assert_eq!(names(&views, "milch"), ["H-Milch 1,5% 1 l", "Milchreis Vanille"]);
        assert_eq!(names(&views, "milchr"), ["Milchreis Vanille"]);
        assert_eq!(names(&views, "400638133393"), ["Frische Vollmilch 3,5% 1 l"]);
        assert_eq!(names(&views, "14006"), ["Frische Vollmilch 3,5% 1 l"]);
        assert_eq!(names(&views, "100").len(), 5);
        assert_eq!(names(&views, "1004")[0], "Crème fraîche", "an exact SKU comes first");
        assert_eq!(names(&views, "artikel 2999"), ["Artikel Nummer 2999 aus dem Regal"]);
        assert_eq!(views.search("artikel", 10_000).unwrap().len(), 200, "never more than the limit");
        for nothing in ["", "   ", "%", "xyz", "milch xyz", &"m".repeat(5000)] {
            assert_eq!(names(&views, nothing), [""; 0], "{nothing:?}");
        }
        views.close();
    });
}

#[test]
fn a_baseline_is_adopted_once_per_article() {
    on_both(|mut shop, engine| {
        let (views, _) = shop.open(engine);
        assert_eq!(views.stock(&sku("a")), Ok(None));
        let one = shop.stock(1, None, Some(5), &[("a", 10), ("c", 7)]);
        shop.adopt(&views, Feed::Stock, 1, &one);
        // A later file says other things of "a", and knows more of "b" and "d".
        let two = shop.stock(2, Some((1, &one)), Some(9), &[("a", 99), ("b", 3), ("d", -2)]);
        views.load(Feed::Stock, 2, &two.hash, &|_| {}).unwrap();
        let all: Vec<Sku> = ["a", "b", "c", "d", "e"].map(sku).into();
        assert_eq!(views.newly_settled(2, &mut all.iter()), [(9, vec![sku("b"), sku("d")])]);
        assert_eq!(views.stock(&sku("b")), Ok(None), "loaded is not adopted");
        views.switch(Feed::Stock, &shop.journal_adoption(Feed::Stock, 2, &two));
        let known = |views: &Views| {
            let line = |s: &Sku| views.stock(s).unwrap().map(|f| (f.baseline.thousandths() / 1000, f.head_seq, f.as_of.ms));
            all.iter().map(line).collect::<Vec<_>>()
        };
        let expected = [Some((10, 5, 1)), Some((3, 9, 2)), Some((7, 5, 1)), Some((-2, 9, 2)), None];
        assert_eq!(known(&views), expected);
        assert_eq!(views.newly_settled(2, &mut all.iter()), []);
        // A whole file keeps what was adopted, too.
        let three = shop.stock(3, None, Some(12), &[("a", 1), ("b", 1), ("c", 1), ("d", 1), ("e", 1)]);
        shop.adopt(&views, Feed::Stock, 3, &three);
        let expected = [Some((10, 5, 1)), Some((3, 9, 2)), Some((7, 5, 1)), Some((-2, 9, 2)), Some((1, 12, 3))];
        assert_eq!(known(&views), expected);
        views.close();

        // Deleted with the line down: the files know who came first.
        let _ = std::fs::remove_dir_all(shop.views_folder());
        let (views, _) = shop.opened(engine);
        assert_eq!(known(&views), expected);
        views.close();
    });
}

#[test]
fn a_large_baseline_spans_blocks() {
    let mut shop = Shop::new();
    let (views, _) = shop.open(Engine::Sled);
    let names: Vec<String> = (0..5000).map(|n| format!("{n:06}")).collect();
    let even: Vec<(&str, i64)> = names.iter().step_by(2).map(|name| (name.as_str(), 2)).collect();
    let all: Vec<(&str, i64)> = names.iter().map(|name| (name.as_str(), 1)).collect();
    let one = shop.stock(1, None, None, &even);
    shop.adopt(&views, Feed::Stock, 1, &one);
    let two = shop.stock(2, Some((1, &one)), Some(8), &all);
    shop.adopt(&views, Feed::Stock, 2, &two);
    for (n, name) in names.iter().enumerate() {
        let fact = views.stock(&sku(name)).unwrap().unwrap();
        let expected = if n % 2 == 0 { (2, 0) } else { (1, 8) };
        assert_eq!((fact.baseline.thousandths() / 1000, fact.head_seq), expected, "{name}");
    }
    assert_eq!(views.stock(&sku("0049995")), Ok(None));
    views.close();
}

#[test]
fn finished_transactions_are_found_at_once_and_after_a_restart() {
    let shop = Shop::new();
    let (views, _) = shop.open(Engine::Sled);
    for counter in 1..=50 {
        let (seq, events) = shop.sell(counter);
        views.apply(seq, &events);
        views.apply(seq, &events);
        assert_eq!(views.find_txn(&TxnId(uuid::Uuid::from_u128(u128::from(counter)))).unwrap().seq, seq);
        assert_eq!(views.transactions(None, 1)[0].seq, seq);
    }
    let check = |views: &Views| {
        let seqs = |before, limit| views.transactions(before, limit).iter().map(|entry| entry.seq).collect::<Vec<_>>();
        assert_eq!(seqs(None, 3), [50, 49, 48]);
        assert_eq!(seqs(Some(3), 10), [2, 1]);
        assert_eq!(seqs(None, 0), [0u64; 0]);
        let found = views.find_number("1-42");
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].seq, found[0].total.minor()), (42, 42));
        assert_eq!(views.find_number(&found[0].number.to_string()), found);
        for absent in ["2-42", "1-51", "1-ZZZZ-000042", "42", "", "1-", "-", "1-7K3F-x"] {
            assert_eq!(views.find_number(absent), [], "{absent:?}");
        }
        assert_eq!(views.find_txn(&TxnId(uuid::Uuid::from_u128(51))), None);
        assert_eq!(views.missing_records(), None);
    };
    check(&views);
    views.close();
    drop(views);
    let (views, report) = shop.opened(Engine::Sled);
    assert_eq!(report, Default::default());
    check(&views);
    views.close();
}
