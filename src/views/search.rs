//! Finding articles by what a person types: words of the name, or the beginning of a code or SKU. The work is bounded whatever is typed:
//! postings read and articles looked at have limits, and a search that reaches one gives good matches, not all of them.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use super::block::Ordinal;
use super::cache::CacheError;
use super::catalogue::Catalogue;
use super::layer::Layer;
use super::words::{query_words, words};
use crate::sync::feed::{Article, CatalogueEntry, CodeKey};

/// Places read from one layer's index for one typed word.
const PLACES_READ_MAX: usize = 20_000;
/// Articles of one layer that are looked at for one search.
const ARTICLES_READ_MAX: usize = 240;
/// More typed words make no search better.
const QUERY_WORDS_MAX: usize = 8;
/// Longer texts are not what a person searches for.
pub const QUERY_CHARS_MAX: usize = 100;

/// The best `limit` articles for `text`, best first: an exact code, then names that begin with the text, then the others; short names
/// before long ones.
pub fn search(catalogue: &Catalogue<'_>, text: &str, limit: usize) -> Result<Vec<Article>, CacheError> {
    let text: String = text.trim().chars().take(QUERY_CHARS_MAX).collect();
    let mut wanted = query_words(&text);
    wanted.truncate(QUERY_WORDS_MAX);
    let mut found: Vec<(Rank, Article)> = Vec::new();
    let mut seen = BTreeSet::new();
    for (depth, layer) in catalogue.layers().enumerate() {
        let mut places = code_places(&layer, &text)?;
        places.extend(word_places(&layer, &wanted)?);
        let places: Vec<Ordinal> = places.into_iter().collect();
        for entry in layer.at(&places)? {
            let CatalogueEntry::Put(article) = entry else { continue };
            let Some(rank) = rank(&article, &text, &wanted) else { continue };
            if seen.contains(&article.sku) || catalogue.is_covered(&article.sku, depth)? {
                continue;
            }
            seen.insert(article.sku.clone());
            found.push((rank, *article));
        }
    }
    found.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(found.into_iter().take(limit).map(|(_, article)| article).collect())
}

/// Lower is better.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    is_not_the_code: bool,
    is_not_at_start: bool,
    whole_words_missing: usize,
    name_chars: usize,
    name: String,
}

/// `None`: the article does not match.
fn rank(article: &Article, text: &str, wanted: &[String]) -> Option<Rank> {
    let is_the_code = article.sku.as_str() == text || article.codes.iter().any(|code| code.key.short() == text);
    let code_begins = |code: &CodeKey| match code {
        CodeKey::Gtin(gtin) => gtin.short().starts_with(text) || gtin.as_str().starts_with(text),
        CodeKey::Text(own) => own.starts_with(text),
    };
    let by_code = !text.is_empty() && (article.sku.as_str().starts_with(text) || article.codes.iter().any(|code| code_begins(&code.key)));
    let brand = article.brand.as_deref().unwrap_or_default();
    let has = words(&format!("{} {brand}", article.name));
    let by_words = !wanted.is_empty() && wanted.iter().all(|word| has.iter().any(|of_name| of_name.starts_with(word.as_str())));
    if !by_code && !by_words {
        return None;
    }
    Some(Rank {
        is_not_the_code: !is_the_code,
        is_not_at_start: wanted.is_empty() || !has.iter().zip(wanted).all(|(of_name, word)| of_name.starts_with(word.as_str())),
        whole_words_missing: wanted.iter().filter(|word| !has.contains(word)).count(),
        name_chars: article.name.chars().count(),
        name: article.name.clone(),
    })
}

/// Where a code or SKU begins with the text. GTINs lie there with 14 digits: the shorter kinds have zeros in front.
fn code_places(layer: &Layer<'_>, text: &str) -> Result<BTreeSet<Ordinal>, CacheError> {
    let mut places = BTreeSet::new();
    if text.is_empty() {
        return Ok(places);
    }
    let share = ARTICLES_READ_MAX / 8;
    let mut prefixes = vec![format!("t{text}")];
    if text.len() <= 14 && text.bytes().all(|b| b.is_ascii_digit()) {
        prefixes.extend(["", "0", "00", "000000"].iter().map(|zeros| format!("g{zeros}{text}")));
    }
    for prefix in prefixes {
        let mut left = share;
        layer.codes_from(prefix.as_bytes(), &mut |place| {
            places.insert(place);
            left -= 1;
            if left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
    }
    let mut left = share;
    layer.skus_from(text, &mut |sku, place| {
        if !sku.starts_with(text) || left == 0 {
            return ControlFlow::Break(());
        }
        places.insert(place);
        left -= 1;
        ControlFlow::Continue(())
    })?;
    Ok(places)
}

/// Articles that have all words, or, where a word is too common to read all its places, those that have the rarer ones: the rest is
/// seen when the article is read.
fn word_places(layer: &Layer<'_>, wanted: &[String]) -> Result<Vec<Ordinal>, CacheError> {
    if let [word] = wanted {
        return Ok(places_of(layer, word, ARTICLES_READ_MAX)?.0);
    }
    let (mut whole, mut cut): (Vec<Vec<Ordinal>>, Vec<Vec<Ordinal>>) = (Vec::new(), Vec::new());
    for word in wanted {
        let (mut places, is_whole) = places_of(layer, word, PLACES_READ_MAX)?;
        places.sort_unstable();
        places.dedup();
        if is_whole { whole.push(places) } else { cut.push(places) }
    }
    whole.sort_by_key(Vec::len);
    let has = |places: &Vec<Ordinal>, place: &Ordinal| places.binary_search(place).is_ok();
    let candidates: Vec<Ordinal> = match whole.split_first() {
        Some((rarest, others)) => rarest.iter().filter(|place| others.iter().all(|other| has(other, place))).copied().collect(),
        None => cut.pop().unwrap_or_default(),
    };
    // Of many, first those that the read part of the common words has as well.
    let (mut sure, open): (Vec<Ordinal>, Vec<Ordinal>) = candidates.into_iter().partition(|place| cut.iter().all(|c| has(c, place)));
    sure.extend(open);
    sure.truncate(ARTICLES_READ_MAX);
    Ok(sure)
}

/// Places of a word by its beginning, the exact word first, and whether these are all.
fn places_of(layer: &Layer<'_>, word: &str, places_max: usize) -> Result<(Vec<Ordinal>, bool), CacheError> {
    let mut places = Vec::new();
    layer.words_from(word, &mut |place| {
        places.push(place);
        if places.len() == places_max { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    let is_whole = places.len() < places_max;
    Ok((places, is_whole))
}
