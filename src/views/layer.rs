//! One feed file of the catalogue, indexed: articles in blocks by SKU, and two sorted indexes of where an article is: by code and by word.
//! A layer never changes once it is built. A catalogue is a stack of them: a snapshot below, the changes since on top.
//!
//! Keys: `A` layer block number → articles · `S` layer first SKU → block number · `C` layer first code → codes · `W` layer first
//! word → words. Every block of an index says where the next one begins, so that a block that got lost is noticed and not taken for
//! "not found".

use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};

use super::block::{Ordinal, Unpack, sku_of, split_entries, unpack_entry, unseal};
use super::cache::{Cache, CacheError, Entry};
use crate::ids::Sku;
use crate::retail::Feed;
use crate::sync::feed::{CatalogueEntry, CodeKey};
use crate::time::Stamp;

/// The number of a layer in this cache; never used twice.
pub type LayerId = u32;

/// What is known of a layer without reading it. Kept in the manifest, and in the cache behind the layer's last block.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LayerInfo {
    pub id: LayerId,
    pub feed: Feed,
    pub version: u64,
    /// Of the file it was built from.
    pub hash: String,
    /// Articles, or stock lines.
    pub entries: u64,
    /// Entries of the cache.
    pub blocks: u64,
    /// Stock: what the lines refer to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub baselines: Vec<OwnBaseline>,
}

/// A stock baseline as far as it concerns this node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnBaseline {
    pub version: u64,
    pub as_of: Stamp,
    /// The newest record of our journal that it includes; 0: none.
    pub head_seq: u64,
}

pub fn article_block_key(layer: LayerId, block: u32) -> Vec<u8> {
    key(b'A', layer, &block.to_be_bytes())
}
pub fn sku_key(layer: LayerId, sku: &str) -> Vec<u8> {
    key(b'S', layer, sku.as_bytes())
}
pub fn code_key(layer: LayerId, code: &[u8]) -> Vec<u8> {
    key(b'C', layer, code)
}
pub fn word_key(layer: LayerId, word: &[u8]) -> Vec<u8> {
    key(b'W', layer, word)
}
pub fn stock_key(layer: LayerId, sku: &str) -> Vec<u8> {
    key(b'K', layer, sku.as_bytes())
}
/// Written last: a layer without it is not whole.
pub fn info_key(layer: LayerId) -> Vec<u8> {
    key(b'L', layer, b"")
}
/// All kinds of keys a layer has.
pub const LAYER_KINDS: [u8; 6] = *b"ACKLSW";

/// Kind and layer, before what a key is really about.
pub const KEY_FRONT_BYTES: usize = 5;

/// The range of a layer's keys of one kind.
pub fn kind_range(kind: u8, layer: LayerId) -> (Vec<u8>, Vec<u8>) {
    (key(kind, layer, b""), key(kind, layer + 1, b""))
}

fn key(kind: u8, layer: LayerId, rest: &[u8]) -> Vec<u8> {
    let mut key = Vec::with_capacity(KEY_FRONT_BYTES + rest.len());
    key.push(kind);
    key.extend_from_slice(&layer.to_be_bytes());
    key.extend_from_slice(rest);
    key
}

/// A code as a key: GTINs as their 14 digits, so that what a cashier types of one is a range of keys.
pub fn code_bytes(code: &CodeKey) -> Vec<u8> {
    match code {
        CodeKey::Gtin(gtin) => [b"g", gtin.as_str().as_bytes()].concat(),
        CodeKey::Text(text) => [b"t", text.as_bytes()].concat(),
    }
}

/// The bytes that order a word's occurrences: word, zero, ordinal.
pub fn word_bytes(word: &str, ordinal: Ordinal) -> Vec<u8> {
    [word.as_bytes(), b"\0", &ordinal.number().to_be_bytes()].concat()
}

/// Reads one layer.
#[derive(Clone, Copy)]
pub struct Layer<'a> {
    pub cache: &'a dyn Cache,
    pub id: LayerId,
}

impl Layer<'_> {
    /// The layer's word on an article: as it is from this version on, gone, or `None` when it says nothing.
    pub fn entry(&self, sku: &Sku) -> Result<Option<CatalogueEntry>, CacheError> {
        let Some(block) = self.block_of(sku.as_str())? else { return Ok(None) };
        let plain = self.article_block(block)?;
        let entries = split_entries("an article block", &plain)?;
        for entry in entries {
            if sku_of(entry)? == sku.as_str() {
                return unpack_entry(entry).map(Some);
            }
        }
        Ok(None)
    }

    /// Whether the layer says anything of an article.
    pub fn knows(&self, sku: &Sku) -> Result<bool, CacheError> {
        Ok(self.entry(sku)?.is_some())
    }

    /// The articles at some places. Each block is read once when the places are in order.
    pub fn at(&self, places: &[Ordinal]) -> Result<Vec<CatalogueEntry>, CacheError> {
        let mut found = Vec::with_capacity(places.len());
        for of_block in places.chunk_by(|a, b| a.block() == b.block()) {
            let plain = self.article_block(of_block[0].block())?;
            let entries = split_entries("an article block", &plain)?;
            for place in of_block {
                let entry =
                    entries.get(place.place()).ok_or_else(|| damaged("an article block", "it has fewer articles than its index"))?;
                found.push(unpack_entry(entry)?);
            }
        }
        Ok(found)
    }

    /// Where the article with this code is.
    pub fn place_of(&self, code: &CodeKey) -> Result<Option<Ordinal>, CacheError> {
        let wanted = code_bytes(code);
        let Some((_, block)) = self.index_block(&code_key(self.id, &wanted))? else { return Ok(None) };
        let plain = unseal("a code block", &block)?;
        let mut found = None;
        let next = read_index_block("a code block", &plain, &mut |record, ordinal| {
            if record == wanted {
                found = Some(ordinal);
            }
            if record < wanted.as_slice() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        refuse_gap("a code block", next, &wanted)?;
        Ok(found)
    }

    /// Places of articles with a code that begins with `prefix` (as [`code_bytes`]).
    pub fn codes_from(&self, prefix: &[u8], each: &mut dyn FnMut(Ordinal) -> ControlFlow<()>) -> Result<(), CacheError> {
        self.index_from(b'C', "a code block", prefix, &mut |_, ordinal| each(ordinal))
    }

    /// Places of articles with a word that begins with `prefix`, by word.
    pub fn words_from(&self, prefix: &str, each: &mut dyn FnMut(Ordinal) -> ControlFlow<()>) -> Result<(), CacheError> {
        self.index_from(b'W', "a word block", prefix.as_bytes(), &mut |_, ordinal| each(ordinal))
    }

    /// Places of articles from the first SKU at or after `sku` on.
    pub fn skus_from(&self, sku: &str, each: &mut dyn FnMut(&str, Ordinal) -> ControlFlow<()>) -> Result<(), CacheError> {
        let mut block = self.block_of(sku)?.unwrap_or(0);
        loop {
            let Some(sealed) = self.cache.get(&article_block_key(self.id, block))? else { return Ok(()) };
            let plain = unseal("an article block", &sealed)?;
            for (place, entry) in split_entries("an article block", &plain)?.into_iter().enumerate() {
                let found = sku_of(entry)?;
                if found >= sku && each(found, Ordinal::new(block, place)).is_break() {
                    return Ok(());
                }
            }
            block += 1;
        }
    }

    fn block_of(&self, sku: &str) -> Result<Option<u32>, CacheError> {
        let Some((_, value)) = self.in_kind(b'S', &sku_key(self.id, sku))? else { return Ok(None) };
        let bytes: [u8; 4] = value.try_into().map_err(|_| damaged("the SKU index", "a block number is not 4 bytes long"))?;
        Ok(Some(u32::from_be_bytes(bytes)))
    }

    fn article_block(&self, block: u32) -> Result<Vec<u8>, CacheError> {
        let sealed = self.cache.get(&article_block_key(self.id, block))?;
        unseal("an article block", &sealed.ok_or_else(|| damaged("an article block", "it is missing"))?)
    }

    fn index_block(&self, key: &[u8]) -> Result<Option<Entry>, CacheError> {
        self.in_kind(key[0], key)
    }

    fn in_kind(&self, kind: u8, key: &[u8]) -> Result<Option<Entry>, CacheError> {
        let (from, _) = kind_range(kind, self.id);
        Ok(self.cache.at_or_before(key)?.filter(|(found, _)| found.starts_with(&from)))
    }

    fn index_from(&self, kind: u8, what: &'static str, prefix: &[u8], each: &mut EachRecord<'_>) -> Result<(), CacheError> {
        let (from, to) = kind_range(kind, self.id);
        let wanted = [&from, prefix].concat();
        let start = self.in_kind(kind, &wanted)?.map_or(wanted, |(found, _)| found);
        let mut failed = None;
        // The key of the next block, as long as the walk is not over.
        let mut expected: Option<Vec<u8>> = None;
        self.cache.scan(&start, &to, &mut |key, sealed| {
            let first = &key[KEY_FRONT_BYTES..];
            if expected.as_ref().is_some_and(|expected| expected != first) {
                failed = Some(damaged(what, "the one after it is missing"));
                return ControlFlow::Break(());
            }
            expected = None;
            let mut is_past = false;
            let read = unseal(what, sealed).and_then(|plain| {
                read_index_block(what, &plain, &mut |record, ordinal| {
                    if record < prefix {
                        return ControlFlow::Continue(());
                    }
                    if !record.starts_with(prefix) || each(record, ordinal).is_break() {
                        is_past = true;
                        return ControlFlow::Break(());
                    }
                    ControlFlow::Continue(())
                })
            });
            match read {
                Ok(next) if !is_past && next.is_some() => {
                    expected = next;
                    ControlFlow::Continue(())
                }
                Ok(_) => ControlFlow::Break(()),
                Err(error) => {
                    failed = Some(error);
                    ControlFlow::Break(())
                }
            }
        })?;
        if failed.is_none() && expected.is_some() {
            failed = Some(damaged(what, "the one after it is missing"));
        }
        failed.map_or(Ok(()), Err)
    }
}

/// Takes index records: the code or word, and where the article is.
pub type EachRecord<'a> = dyn FnMut(&[u8], Ordinal) -> ControlFlow<()> + 'a;

/// An index block: the first record of the next block (empty: none), then records, each with what it shares with the one before.
/// Returns the next block's first record.
fn read_index_block(what: &'static str, plain: &[u8], each: &mut EachRecord<'_>) -> Result<Option<Vec<u8>>, CacheError> {
    let mut from = Unpack::new(what, plain);
    let next = from.bytes()?;
    let next = (!next.is_empty()).then(|| next.to_vec());
    let mut record: Vec<u8> = Vec::new();
    let mut ordinal = 0u32;
    while !from.is_empty() {
        let shared = usize::try_from(from.number()?).unwrap_or(usize::MAX);
        if shared > record.len() {
            return Err(from.damaged("a record shares more than there is"));
        }
        record.truncate(shared);
        record.extend_from_slice(from.bytes()?);
        ordinal = ordinal.wrapping_add(from.signed()? as u32);
        if each(&record, Ordinal::from_number(ordinal)).is_break() {
            break;
        }
    }
    Ok(next)
}

fn refuse_gap(what: &'static str, next: Option<Vec<u8>>, wanted: &[u8]) -> Result<(), CacheError> {
    match next {
        Some(next) if next.as_slice() <= wanted => Err(damaged(what, "the one after it is missing")),
        Some(_) | None => Ok(()),
    }
}

fn damaged(what: &'static str, why: &str) -> CacheError {
    CacheError::Damaged { what, why: why.to_owned() }
}
