//! Builds layers from feed files, line by line: never more than some megabytes in memory, always in the order of keys, which is how sled
//! likes it (a million articles in random order took 1.2 GB, in order 88 MB).

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::path::Path;

use super::block::{ARTICLES_PER_BLOCK, BLOCK_BYTES, Ordinal, Pack, pack_entry, seal};
use super::cache::{Batch, CacheError};
use super::layer::LayerInfo;
use super::layer::{LayerId, OwnBaseline, article_block_key, code_bytes, code_key, info_key, sku_key, stock_key, word_bytes, word_key};
use super::shelf::{Shelf, ShelfLine, pack_shelf_line};
use super::sorting::{RUN_BYTES, Sorted, Sorter};
use super::words::words;
use crate::ids::{NodeId, Sku};
use crate::sync::feed::{CatalogueEntry, FeedError, FeedLine, FeedReader};

/// Entries go to the cache in batches of this size.
const BATCH_BYTES: usize = 128 * 1024;
/// Postings have less to share than articles; a smaller block is faster to read through.
const INDEX_BLOCK_BYTES: usize = 4 * 1024;

/// Why a layer could not be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    #[error(transparent)]
    Feed(#[from] FeedError),
    #[error(transparent)]
    Cache(#[from] CacheError),
    #[error("sorting failed: {0}; check the space on the disk")]
    Scratch(#[from] io::Error),
}

/// Where finished blocks go: the views' one writer.
pub type PutBatch<'a> = dyn FnMut(Batch) -> Result<(), CacheError> + 'a;
/// Told how much is done, in percent.
pub type Progress<'a> = dyn Fn(u8) + 'a;

/// Builds the layer of one catalogue file. `scratch` is a folder for sorting; `None` sorts in memory. The info is returned and put last.
pub fn build_catalogue<R: Read>(
    mut file: FeedReader<R>,
    mut info: LayerInfo,
    scratch: Option<&Path>,
    put: &mut PutBatch<'_>,
    progress: &Progress<'_>,
) -> Result<LayerInfo, BuildError> {
    let layer = info.id;
    let mut out = Blocks { put, batch: Batch::default(), blocks: 0 };
    let mut codes = Sorter::new(scratch, RUN_BYTES);
    let mut found_words = Sorter::new(scratch, RUN_BYTES);
    let mut articles = ArticleBlock { number: 0, count: 0, first: None, pack: Pack::default() };
    let announced = file.header().count;
    while let Some(line) = file.next_line()? {
        let FeedLine::Catalogue(entry) = line else { continue };
        let place = articles.add(&entry, layer, &mut out)?;
        if let CatalogueEntry::Put(article) = &entry {
            for code in &article.codes {
                codes.add(&[&code_bytes(&code.key)[..], &place.number().to_be_bytes()].concat())?;
            }
            let brand = article.brand.as_deref().unwrap_or_default();
            for word in words(&format!("{} {brand}", article.name)) {
                found_words.add(&word_bytes(&word, place))?;
            }
        }
        info.entries += 1;
        if info.entries.is_multiple_of(1024) {
            progress((info.entries * 60 / announced.max(1)) as u8);
        }
    }
    articles.close(layer, &mut out)?;
    progress(60);

    let count = codes.count();
    let mut index = IndexBlock::new(KeyOf::Code, layer);
    each_sorted(codes.finish()?, count, 60, 75, progress, &mut |record| {
        let (code, place) = record.split_at(record.len() - 4);
        index.add(code, ordinal(place), &mut out)
    })?;
    index.close(None, &mut out)?;

    let count = found_words.count();
    let mut index = IndexBlock::new(KeyOf::Word, layer);
    each_sorted(found_words.finish()?, count, 75, 99, progress, &mut |record| {
        let (word, place) = record.split_at(record.len() - 5);
        index.add(word, ordinal(&place[1..]), &mut out)
    })?;
    index.close(None, &mut out)?;
    out.finish(info)
}

/// Builds the stock layer that is in force with a file: what was adopted before stays as it was adopted, what is new comes from the
/// file. `before` is the layer that the file comes on top of.
pub fn build_stock<R: Read>(
    mut file: FeedReader<R>,
    mut info: LayerInfo,
    node: &NodeId,
    before: Option<&Shelf<'_>>,
    put: &mut PutBatch<'_>,
    progress: &Progress<'_>,
) -> Result<LayerInfo, BuildError> {
    let layer = info.id;
    let own = |baseline: &crate::sync::feed::Baseline| OwnBaseline {
        version: baseline.version,
        as_of: baseline.as_of,
        head_seq: baseline.heads.get(node).map_or(0, |head| head.seq),
    };
    let mut baselines = before.map(|shelf| shelf.info.baselines.clone()).unwrap_or_default();
    // The file's numbering of baselines, as ours.
    let mut numbers = BTreeMap::new();
    for (index, baseline) in file.header().baselines.iter().enumerate() {
        let known = baselines.iter().position(|b| *b == own(baseline));
        numbers.insert(index as u32, known.unwrap_or(baselines.len()) as u32);
        if known.is_none() {
            baselines.push(own(baseline));
        }
    }
    info.baselines = baselines;

    let mut out = Blocks { put, batch: Batch::default(), blocks: 0 };
    let mut block = ShelfBlock { layer, count: 0, first: None, pack: Pack::default() };
    let announced = file.header().count;
    let mut read = 0u64;
    let mut next_of_file = || -> Result<Option<(Sku, ShelfLine)>, FeedError> {
        loop {
            match file.next_line()? {
                Some(FeedLine::Stock(line)) => {
                    read += 1;
                    if read.is_multiple_of(1024) {
                        progress((read * 99 / announced.max(1)) as u8);
                    }
                    let number = numbers[&line.baseline];
                    return Ok(Some((line.sku, ShelfLine { quantity: line.quantity, baseline: number })));
                }
                Some(FeedLine::Catalogue(_) | FeedLine::Entry(_)) => {}
                None => return Ok(None),
            }
        }
    };
    let mut from_file = next_of_file()?;
    let mut failed = None;
    if let Some(before) = before {
        before.each(&mut |sku, kept| {
            let mut step = || -> Result<(), BuildError> {
                while let Some((new_sku, line)) = from_file.take_if(|(new_sku, _)| new_sku.as_str() < sku) {
                    block.add(new_sku.as_str(), line, &mut out)?;
                    info.entries += 1;
                    from_file = next_of_file()?;
                }
                if from_file.take_if(|(new_sku, _)| new_sku.as_str() == sku).is_some() {
                    from_file = next_of_file()?;
                }
                info.entries += 1;
                block.add(sku, kept, &mut out)
            };
            match step() {
                Ok(()) => ControlFlow::Continue(()),
                Err(error) => {
                    failed = Some(error);
                    ControlFlow::Break(())
                }
            }
        })?;
    }
    if let Some(failed) = failed {
        return Err(failed);
    }
    while let Some((sku, line)) = from_file {
        block.add(sku.as_str(), line, &mut out)?;
        info.entries += 1;
        from_file = next_of_file()?;
    }
    block.close(None, &mut out)?;
    out.finish(info)
}

fn ordinal(bytes: &[u8]) -> Ordinal {
    Ordinal::from_number(u32::from_be_bytes(bytes.try_into().expect("a record ends with four bytes of ordinal")))
}

fn each_sorted(
    mut sorted: Sorted,
    count: u64,
    percent_from: u64,
    percent_to: u64,
    progress: &Progress<'_>,
    each: &mut dyn FnMut(&[u8]) -> Result<(), BuildError>,
) -> Result<(), BuildError> {
    let mut record = Vec::new();
    let mut done = 0u64;
    while sorted.next_into(&mut record)? {
        each(&record)?;
        done += 1;
        if done.is_multiple_of(16 * 1024) {
            progress((percent_from + done * (percent_to - percent_from) / count.max(1)) as u8);
        }
    }
    Ok(())
}

/// Finished blocks on their way to the cache.
struct Blocks<'a, 'b> {
    put: &'a mut PutBatch<'b>,
    batch: Batch,
    blocks: u64,
}

impl Blocks<'_, '_> {
    fn block(&mut self, key: Vec<u8>, value: Vec<u8>) -> Result<(), CacheError> {
        self.blocks += 1;
        self.batch.put(key, value);
        if self.batch.bytes() >= BATCH_BYTES { (self.put)(std::mem::take(&mut self.batch)) } else { Ok(()) }
    }

    fn finish(mut self, mut info: LayerInfo) -> Result<LayerInfo, BuildError> {
        info.blocks = self.blocks;
        self.batch.put(info_key(info.id), serde_json::to_vec(&info).expect("a layer's facts are plain values"));
        (self.put)(self.batch)?;
        Ok(info)
    }
}

struct ArticleBlock {
    number: u32,
    count: usize,
    first: Option<Sku>,
    pack: Pack,
}

impl ArticleBlock {
    fn add(&mut self, entry: &CatalogueEntry, layer: LayerId, out: &mut Blocks<'_, '_>) -> Result<Ordinal, CacheError> {
        let mut packed = Pack::default();
        pack_entry(entry, &mut packed);
        if self.count == ARTICLES_PER_BLOCK || (self.count > 0 && self.pack.bytes.len() + packed.bytes.len() > BLOCK_BYTES) {
            self.close(layer, out)?;
        }
        self.first.get_or_insert_with(|| entry.sku().clone());
        self.pack.text(&packed.bytes);
        self.count += 1;
        Ok(Ordinal::new(self.number, self.count - 1))
    }

    fn close(&mut self, layer: LayerId, out: &mut Blocks<'_, '_>) -> Result<(), CacheError> {
        let Some(first) = self.first.take() else { return Ok(()) };
        out.block(article_block_key(layer, self.number), seal(&self.pack.bytes))?;
        out.block(sku_key(layer, first.as_str()), self.number.to_be_bytes().to_vec())?;
        self.pack.bytes.clear();
        self.number += 1;
        self.count = 0;
        Ok(())
    }
}

#[derive(Clone, Copy)]
enum KeyOf {
    /// A code has one article.
    Code,
    /// A word has many, so a block's key has the first one's place as well.
    Word,
}

struct IndexBlock {
    key_of: KeyOf,
    layer: LayerId,
    /// The block's key, less its kind and layer.
    first: Option<Vec<u8>>,
    last: Vec<u8>,
    ordinal: u32,
    pack: Pack,
}

impl IndexBlock {
    fn new(key_of: KeyOf, layer: LayerId) -> IndexBlock {
        IndexBlock { key_of, layer, first: None, last: Vec::new(), ordinal: 0, pack: Pack::default() }
    }

    fn add(&mut self, record: &[u8], place: Ordinal, out: &mut Blocks<'_, '_>) -> Result<(), BuildError> {
        let own_key = match self.key_of {
            // Head office sees to it that a code sells one article; should two come, the first keeps it.
            KeyOf::Code if self.first.is_some() && self.last == record => return Ok(()),
            KeyOf::Code => record.to_vec(),
            KeyOf::Word => [record, b"\0", &place.number().to_be_bytes()].concat(),
        };
        if self.pack.bytes.len() >= INDEX_BLOCK_BYTES {
            self.close(Some(&own_key), out)?;
        }
        if self.first.is_none() {
            self.first = Some(own_key);
        }
        let shared = self.last.iter().zip(record).take_while(|(a, b)| a == b).count();
        self.pack.number(shared as u64);
        self.pack.text(&record[shared..]);
        self.pack.signed(i64::from(place.number()) - i64::from(self.ordinal));
        self.last.clear();
        self.last.extend_from_slice(record);
        self.ordinal = place.number();
        Ok(())
    }

    fn close(&mut self, next: Option<&[u8]>, out: &mut Blocks<'_, '_>) -> Result<(), CacheError> {
        let Some(first) = self.first.take() else { return Ok(()) };
        let mut plain = Pack::default();
        plain.text(next.unwrap_or_default());
        plain.bytes.append(&mut self.pack.bytes);
        let key = match self.key_of {
            KeyOf::Code => code_key(self.layer, &first),
            KeyOf::Word => word_key(self.layer, &first),
        };
        self.last.clear();
        self.ordinal = 0;
        out.block(key, seal(&plain.bytes))
    }
}

struct ShelfBlock {
    layer: LayerId,
    count: usize,
    first: Option<String>,
    pack: Pack,
}

impl ShelfBlock {
    fn add(&mut self, sku: &str, line: ShelfLine, out: &mut Blocks<'_, '_>) -> Result<(), BuildError> {
        if self.pack.bytes.len() >= INDEX_BLOCK_BYTES {
            self.close(Some(sku), out)?;
        }
        self.first.get_or_insert_with(|| sku.to_owned());
        pack_shelf_line(sku, line, &mut self.pack);
        self.count += 1;
        Ok(())
    }

    fn close(&mut self, next: Option<&str>, out: &mut Blocks<'_, '_>) -> Result<(), CacheError> {
        let Some(first) = self.first.take() else { return Ok(()) };
        let mut plain = Pack::default();
        plain.text(next.unwrap_or_default().as_bytes());
        plain.bytes.append(&mut self.pack.bytes);
        self.count = 0;
        out.block(stock_key(self.layer, &first), seal(&plain.bytes))
    }
}
