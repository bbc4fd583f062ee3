//! The read model's own figures, for `counterfoil bench`: a made-up catalogue of any size, and what it costs to build, open, ask and
//! rebuild. Everything happens in a folder that the caller gives and removes.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::gs1::Gtin;
use crate::ids::{NodeId, Sku, TaxClassId};
use crate::money::{Money, Qty, Unit};
use crate::retail::Feed;
use crate::retail::state::AdoptedFeed;
use crate::sync::feed::{Article, CatalogueEntry, CodeKey, FEED_FORMAT, FeedHeader, FeedWriter, SaleCode, Written};
use crate::time::Stamp;

use super::{FeedState, Options, Views};

/// What was measured. Times in microseconds unless said otherwise.
#[derive(Debug, Clone, Default)]
pub struct Figures {
    pub articles: u64,
    /// Compressed.
    pub file_bytes: u64,
    pub load_ms: u64,
    /// Resident memory of the process before, at its highest while loading, and after look-ups all over the catalogue.
    pub resident_before_kib: u64,
    pub resident_loading_kib: u64,
    pub resident_after_kib: u64,
    /// The views' folder.
    pub disk_bytes: u64,
    pub by_code_p50_us: u64,
    pub by_code_p99_us: u64,
    pub search_p50_us: u64,
    pub search_p99_us: u64,
    pub search_max_us: u64,
    /// From nothing open to the first article found.
    pub open_ms: u64,
    /// After the folder was deleted: until the start returns, and until the first article is found.
    pub rebuild_start_ms: u64,
    pub rebuild_ms: u64,
}

/// Measures with `articles` articles in `folder`.
pub fn run(folder: &Path, articles: u64) -> io::Result<Figures> {
    let feeds = folder.join("feeds");
    fs::create_dir_all(&feeds)?;
    let written = write_catalogue(&feeds, 1, articles)?;
    let mut figures = Figures { articles, file_bytes: written.bytes, resident_before_kib: resident_kib("VmRSS:"), ..Figures::default() };
    let adopted = AdoptedFeed { version: 1, hash: written.hash.clone(), at: Stamp::default() };

    let started = Instant::now();
    let (views, _) = Views::open(options(folder, BTreeMap::new()));
    let loaded = views.load(Feed::Catalogue, 1, &written.hash, &|_| {});
    loaded.map_err(|e| io::Error::other(e.to_string()))?;
    views.switch(Feed::Catalogue, &adopted);
    figures.load_ms = millis(started.elapsed());
    figures.resident_loading_kib = resident_kib("VmHWM:");

    let mut seed = 42;
    let mut by_code: Vec<u64> = (0..20_000)
        .map(|_| {
            let wanted = CodeKey::Gtin(gtin(random(&mut seed) % articles));
            timed(|| views.by_code(&[wanted]).is_ok_and(|hit| hit.is_some()))
        })
        .collect();
    (figures.by_code_p50_us, figures.by_code_p99_us, _) = spread(&mut by_code);
    let mut searches: Vec<u64> =
        QUERIES.iter().flat_map(|query| prefixes(query)).map(|query| timed(|| views.search(&query, 20).is_ok())).collect();
    (figures.search_p50_us, figures.search_p99_us, figures.search_max_us) = spread(&mut searches);
    figures.resident_after_kib = resident_kib("VmRSS:");
    views.close();
    drop(views);
    figures.disk_bytes = folder_bytes(&folder.join("views"))?;

    let started = Instant::now();
    let (views, _) = Views::open(options(folder, BTreeMap::from([(Feed::Catalogue, adopted.clone())])));
    let _ = timed(|| views.by_code(&[CodeKey::Gtin(gtin(articles / 2))]).is_ok_and(|hit| hit.is_some()));
    figures.open_ms = millis(started.elapsed());
    views.close();
    drop(views);

    fs::remove_dir_all(folder.join("views"))?;
    let started = Instant::now();
    let (views, _) = Views::open(options(folder, BTreeMap::from([(Feed::Catalogue, adopted)])));
    figures.rebuild_start_ms = millis(started.elapsed());
    while matches!(views.feed(Feed::Catalogue), FeedState::Rebuilding { .. }) {
        std::thread::sleep(Duration::from_millis(5));
    }
    let _ = timed(|| views.by_code(&[CodeKey::Gtin(gtin(articles / 2))]).is_ok_and(|hit| hit.is_some()));
    figures.rebuild_ms = millis(started.elapsed());
    views.close();
    Ok(figures)
}

/// Writes a snapshot of made-up articles into `feeds`: names of three to six words, one code each, every tenth a case of six.
pub fn write_catalogue(feeds: &Path, version: u64, articles: u64) -> io::Result<Written> {
    let header = FeedHeader {
        format: FEED_FORMAT,
        feed: Feed::Catalogue,
        version,
        base: None,
        count: articles,
        made_at: Stamp::default(),
        currency: Some("EUR".to_owned()),
        store: None,
        baselines: Vec::new(),
    };
    let part = feeds.join("bench.part");
    let mut writer = FeedWriter::new(File::create(&part)?, header)?;
    for number in 0..articles {
        writer.catalogue(&CatalogueEntry::Put(Box::new(article(number))))?;
    }
    let (file, written) = writer.finish()?;
    file.sync_all()?;
    fs::rename(part, feeds.join(written.name.to_string()))?;
    Ok(written)
}

/// Article number `number` of the made-up catalogue.
pub fn article(number: u64) -> Article {
    let mut seed = number + 1;
    let mut pick = |words: &'static [&'static str]| words[(random(&mut seed) % words.len() as u64) as usize];
    let brand = format!("{}{}", pick(SYLLABLES), pick(SYLLABLES));
    let name = format!("{brand} {} {}{} {} {}", pick(GOODS), pick(SYLLABLES), pick(SYLLABLES), pick(KINDS), pick(SIZES));
    let unit_code = SaleCode { key: CodeKey::Gtin(gtin(number)), quantity: Qty::ONE };
    let mut codes = vec![unit_code];
    if number.is_multiple_of(10) {
        let digits = format!("1{}", &gtin(number).as_str()[1..13]);
        let case = Gtin::with_check(&digits).expect("13 digits");
        codes.push(SaleCode { key: CodeKey::Gtin(case), quantity: Qty::pieces(6) });
    }
    Article {
        sku: Sku::new(&format!("{number:08}")).expect("digits are a valid SKU"),
        name,
        unit: Unit::Piece,
        tax_class: TaxClassId::new(if number.is_multiple_of(3) { "B" } else { "A" }).expect("a letter is a valid class"),
        group: format!("{}/{}", pick(KINDS), pick(GOODS)),
        brand: Some(brand),
        price: Some(Money::from_minor((number % 2000) as i64 + 49)),
        codes,
        location: None,
        age_min: None,
    }
}

/// The code of article `number`: numbers next to each other have codes far apart, as in life.
pub fn gtin(number: u64) -> Gtin {
    let spread = number * 7_919_791 % 10_000_000_000;
    Gtin::with_check(&format!("40{spread:010}")).expect("12 digits")
}

const GOODS: &[&str] = &[
    "Milch",
    "Joghurt",
    "Käse",
    "Brot",
    "Kaffee",
    "Tee",
    "Saft",
    "Wasser",
    "Schokolade",
    "Kekse",
    "Nudeln",
    "Reis",
    "Öl",
    "Essig",
    "Senf",
    "Seife",
    "Shampoo",
    "Zahncreme",
    "Papier",
    "Batterie",
    "Kabel",
    "Schraube",
    "Farbe",
    "Lampe",
    "Hemd",
    "Socken",
    "Buch",
    "Heft",
];
const KINDS: &[&str] = &[
    "natur", "fein", "mild", "kräftig", "bio", "extra", "classic", "light", "rot", "blau", "grün", "schwarz", "weiß", "groß", "klein",
    "neu",
];
const SIZES: &[&str] = &["100 g", "250 g", "500 g", "1 kg", "0,5 l", "1 l", "1,5 l", "2er", "4er", "10 Stück", "XL", "M"];
const SYLLABLES: &[&str] = &[
    "al", "be", "cor", "dan", "el", "fo", "gar", "hin", "is", "jo", "kal", "lun", "mar", "nor", "ost", "pel", "qui", "ran", "sol", "tam",
    "ul", "vel", "wen", "xan", "yor", "zil", "bra", "cle", "dro", "fri", "gle", "kro", "pla", "sti", "tru", "bel", "cas", "dur", "fen",
    "gol", "hal", "jun", "kor", "lim", "mon", "nek", "ol", "par", "ros", "sil", "tor", "urs", "vor", "wal",
];
/// Typed letter by letter: each prefix is one search.
const QUERIES: &[&str] =
    &["milch 500", "kaffee bio", "schok", "m", "xan", "4012", "zahncreme mild", "öl", "lun kal", "grün groß neu", "10 stück"];

fn prefixes(query: &str) -> Vec<String> {
    query.char_indices().map(|(at, c)| query[..at + c.len_utf8()].to_owned()).collect()
}

fn options(folder: &Path, adopted: BTreeMap<Feed, AdoptedFeed>) -> Options {
    Options {
        folder: folder.join("views"),
        feeds_folder: folder.join("feeds"),
        node: NodeId::new("bench").expect("a valid name"),
        adopted,
        head_seq: 0,
        records: Arc::new(|_, _, _| Ok(())),
    }
}

fn timed(ask: impl FnOnce() -> bool) -> u64 {
    let started = Instant::now();
    assert!(ask(), "the bench asks for what is there");
    u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX)
}

/// Median, 99th percentile, maximum.
fn spread(times: &mut [u64]) -> (u64, u64, u64) {
    times.sort_unstable();
    let at = |percent: usize| times.get((times.len() * percent / 100).min(times.len() - 1)).copied().unwrap_or(0);
    (at(50), at(99), at(100))
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn random(seed: &mut u64) -> u64 {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*seed ^ (*seed >> 29)) >> 16
}

/// A line of the kernel's account of this process, in KiB; 0 where there is none.
fn resident_kib(field: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(field));
    line.and_then(|rest| rest.split_whitespace().next()).and_then(|number| number.parse().ok()).unwrap_or(0)
}

fn folder_bytes(folder: &PathBuf) -> io::Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        bytes += if entry.file_type()?.is_dir() { folder_bytes(&entry.path())? } else { entry.metadata()?.len() };
    }
    Ok(bytes)
}
