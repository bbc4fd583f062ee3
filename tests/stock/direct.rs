//! Look-ups straight from the feed files, while there is no cache: they find what a whole cache finds, and say "unknown" of nothing.

use std::fs::{self, File};

use counterfoil::retail::Feed;
use counterfoil::sync::feed::{CatalogueEntry, Written};
use counterfoil::views::direct::{Direct, Unfit};
use counterfoil::views::{Engine, FeedState, NotNow};

use super::shop::{Shop, article, code, put, settle, sku};

/// Articles enough for several frames; every seventh has a text code, every ninth a pack.
fn many(count: i64) -> Vec<counterfoil::sync::feed::Article> {
    let one = |number: i64| {
        let text = if number % 7 == 0 { format!("\"K{number}") } else { format!("{number}") };
        let pack = if number % 9 == 0 { format!("9{number:05}x6") } else { String::new() };
        article(&format!("{number:05}"), &format!("Ware {number} {}", "mit langem Namen ".repeat(9)), number, &format!("{text} {pack}"))
    };
    (0..count).map(one).collect()
}

fn opened(shop: &Shop, version: u64, files: &[&Written]) -> Result<Direct, Unfit> {
    Direct::open(version, files.iter().map(|written| File::open(shop.path_of(written)).unwrap()).collect())
}

#[test]
fn the_files_say_what_the_cache_says() {
    let mut shop = Shop::new();
    let (views, _) = shop.open(Engine::Memory);
    let articles = many(6_000);
    let one = shop.snapshot(1, &articles);
    shop.adopt(&views, Feed::Catalogue, 1, &one);
    // A new price, an article that is gone, a code that moved to another article, and a new article before all others.
    let changes = vec![
        put(article("00100", "Neuer Preis", 7, "100")),
        CatalogueEntry::Remove(sku("00200")),
        put(article("00300", "Hat seinen Code abgegeben", 9, "")),
        put(article("00301", "Hat ihn bekommen", 9, "300 301")),
        put(article("!0", "Ganz vorn", 1, "vorn")),
    ];
    let two = shop.delta(2, (1, &one), changes);
    shop.adopt(&views, Feed::Catalogue, 2, &two);
    let three = shop.delta(3, (2, &two), vec![CatalogueEntry::Remove(sku("00301")), put(article("00200", "Wieder da", 2, "200"))]);
    shop.adopt(&views, Feed::Catalogue, 3, &three);

    let direct = opened(&shop, 3, &[&one, &two, &three]).unwrap();
    let texts = articles.iter().flat_map(|article| &article.codes).map(|code| code.key.clone());
    let more = ["vorn", "vor", "0", "K7", "\"K7", "6000", "nope"].map(code);
    let mut found = 0;
    for key in texts.chain(more) {
        let hit = views.by_code(std::slice::from_ref(&key)).unwrap();
        let cached = hit.map(|hit| (hit.article, hit.key, hit.quantity));
        found += usize::from(cached.is_some());
        assert_eq!(direct.by_code(std::slice::from_ref(&key)).unwrap(), cached, "{key}");
    }
    assert!(found > 6_000);
    for text in ["!0", "!", "00000", "00100", "00200", "00300", "00301", "05999", "06000", "1"] {
        assert_eq!(direct.by_sku(&sku(text)).unwrap(), views.by_sku(&sku(text)).unwrap(), "{text}");
    }
    let both = [code("nope"), code("100")];
    assert_eq!(direct.by_code(&both).unwrap().unwrap().1, both[1]);
}

#[test]
fn a_file_in_another_form_is_not_looked_up_in() {
    let shop = Shop::new();
    let one = shop.snapshot(1, &many(50));
    let path = shop.path_of(&one);
    let whole = fs::read(&path).unwrap();
    assert!(opened(&shop, 1, &[&one]).is_ok());
    let plain = String::from_utf8(zstd::decode_all(whole.as_slice()).unwrap()).unwrap();
    for other in
        [plain.replace("{\"put\":{", "{ \"put\": {"), plain.trim_end().to_owned(), plain.replace("\"sku\":\"0", "\"sku\":\"\\u0030")]
    {
        fs::write(&path, zstd::encode_all(other.as_bytes(), 1).unwrap()).unwrap();
        assert!(matches!(opened(&shop, 1, &[&one]), Err(Unfit::Form)), "{other:.200}");
    }
    for length in [0, 1, whole.len() / 2, whole.len() - 1] {
        fs::write(&path, &whole[..length]).unwrap();
        assert_eq!(opened(&shop, 1, &[&one]).is_ok(), length == 0, "{length} bytes");
    }
    fs::write(&path, plain.as_bytes()).unwrap();
    assert!(matches!(opened(&shop, 1, &[&one]), Err(Unfit::Form)));
}

/// The last line of the file cannot be taken into the cache, so the catalogue never comes into force; everything else sells.
#[test]
fn what_is_not_in_force_is_found_and_what_is_not_found_is_never_unknown() {
    let mut shop = Shop::new();
    let mut articles = many(6_000);
    articles[5_999].name.clear();
    let one = shop.snapshot(1, &articles);
    shop.journal_adoption(Feed::Catalogue, 1, &one);
    let (views, _) = shop.open(Engine::Sled);
    settle(&views);
    assert!(matches!(views.feed(Feed::Catalogue), FeedState::Broken { version: 1, .. }), "{:?}", views.feed(Feed::Catalogue));
    let hit = views.by_code(&[code("4712")]).unwrap().unwrap();
    assert_eq!((hit.article.sku, hit.version, views.catalogue_version()), (sku("04712"), 1, 1));
    assert_eq!(views.by_sku(&sku("00012")).unwrap().unwrap().price.unwrap().minor(), 12);
    assert!(matches!(views.by_code(&[code("nope")]), Err(NotNow::Broken { .. })));
    assert!(matches!(views.by_code(&[code("5999")]), Err(NotNow::Broken { .. })), "nor is the line that nobody can read");
    assert!(matches!(views.by_sku(&sku("nope")), Err(NotNow::Broken { .. })));
    assert!(matches!(views.search("ware", 10), Err(NotNow::Broken { .. })));

    // A good version of it comes, and the files are asked no more.
    let two = shop.snapshot(2, &many(10));
    shop.adopt(&views, Feed::Catalogue, 2, &two);
    assert_eq!((views.by_code(&[code("4712")]).unwrap(), views.catalogue_version()), (None, 2));
    views.close();
}
