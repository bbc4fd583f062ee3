//! Look-ups straight from the feed files, for the seconds in which a lost cache is made anew: a shop with a million articles sells on
//! within the second that one look through its file takes.
//!
//! What is found is what the cache would say, because the line itself is read. What is not found is no answer: only a whole cache says
//! "unknown".

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;

use memchr::{memchr, memchr_iter, memmem};
use zstd::zstd_safe;

use crate::ids::Sku;
use crate::money::Qty;
use crate::sync::feed::{Article, CatalogueEntry, CodeKey, FRAME_BYTES_MAX, catalogue_line};

/// Read at once while looking for the end of a frame.
const READ_BYTES: usize = 256 * 1024;

/// Why a file cannot be looked up in. It can still be built from, line by line.
#[derive(Debug, thiserror::Error)]
pub enum Unfit {
    #[error("reading it failed: {0}")]
    Read(#[from] io::Error),
    #[error("it is not made of frames of whole lines as this version writes them")]
    Form,
    #[error("a line cannot be read: {0}")]
    Line(String),
}

/// The catalogue as some files have it.
pub struct Direct {
    pub version: u64,
    /// Newest first.
    files: Vec<Indexed>,
}

/// One file, and where in it to look.
struct Indexed {
    file: File,
    frames: Vec<Frame>,
    /// Half a hash of a code and the number of the frame it is in, ascending: eight bytes for each code.
    codes: Vec<(u32, u32)>,
}

struct Frame {
    at: u64,
    bytes: usize,
    /// The SKU of its first line.
    first: String,
}

impl Direct {
    /// Looks through the files of one version once. `files`: snapshot first, then the changes since, all proved to be the announced ones.
    pub fn open(version: u64, files: Vec<File>) -> Result<Direct, Unfit> {
        let files: Vec<Indexed> = files.into_iter().rev().map(Indexed::read).collect::<Result<_, _>>()?;
        Ok(Direct { version, files })
    }

    /// The article for the first of `keys` that is found.
    pub fn by_code(&self, keys: &[CodeKey]) -> Result<Option<(Article, CodeKey, Qty)>, Unfit> {
        for key in keys {
            for (depth, file) in self.files.iter().enumerate() {
                for article in file.with_code(key)? {
                    if let Some(quantity) = article.quantity_of(key)
                        && !self.is_covered(&article.sku, depth)?
                    {
                        return Ok(Some((article, key.clone(), quantity)));
                    }
                }
            }
        }
        Ok(None)
    }

    pub fn by_sku(&self, sku: &Sku) -> Result<Option<Article>, Unfit> {
        for file in &self.files {
            match file.entry(sku)? {
                Some(CatalogueEntry::Put(article)) => return Ok(Some(*article)),
                Some(CatalogueEntry::Remove(_)) => return Ok(None),
                None => {}
            }
        }
        Ok(None)
    }

    /// Whether a file above the one at `depth` (0 = newest) has a newer word on the article.
    fn is_covered(&self, sku: &Sku, depth: usize) -> Result<bool, Unfit> {
        for file in &self.files[..depth] {
            if file.entry(sku)?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

impl Indexed {
    fn read(mut file: File) -> Result<Indexed, Unfit> {
        let finder = memmem::Finder::new(CODE);
        let (mut frames, mut codes): (Vec<Frame>, Vec<(u32, u32)>) = (Vec::new(), Vec::new());
        let (mut packed, mut at) = (Vec::new(), 0);
        while let Some(bytes) = frame_end(&mut file, &mut packed)? {
            let number = u32::try_from(frames.len()).map_err(|_| Unfit::Form)?;
            unpacked(&packed[..bytes], |plain| {
                let mut first = None;
                // The file begins with its header.
                for line in lines(plain)?.skip(usize::from(at == 0)) {
                    let sku = line_sku(line).ok_or(Unfit::Form)?;
                    first.get_or_insert(sku);
                    for found in finder.find_iter(line) {
                        let rest = &line[found + CODE.len()..];
                        codes.push((half_hash(&rest[..text_end(rest).ok_or(Unfit::Form)?]), number));
                    }
                }
                // An empty catalogue is a header alone.
                let first = first.map(|sku| String::from_utf8_lossy(sku).into_owned()).unwrap_or_default();
                frames.push(Frame { at, bytes, first });
                Ok(())
            })?;
            at += bytes as u64;
            packed.drain(..bytes);
        }
        codes.sort_unstable();
        codes.dedup();
        Ok(Indexed { file, frames, codes })
    }

    /// Articles of this file that say they have the code; nearly always one.
    fn with_code(&self, key: &CodeKey) -> Result<Vec<Article>, Unfit> {
        let text = serde_json::to_string(key).map_err(|e| Unfit::Line(e.to_string()))?;
        let hash = half_hash(&text.as_bytes()[1..text.len() - 1]);
        // With the quotes: no code is taken for a longer one.
        let wanted = [&CODE[..CODE.len() - 1], text.as_bytes()].concat();
        let from = self.codes.partition_point(|(known, _)| *known < hash);
        let mut found = Vec::new();
        for (_, number) in self.codes[from..].iter().take_while(|(known, _)| *known == hash) {
            self.frame(*number as usize, |plain| {
                for line in memmem::find_iter(plain, &wanted).map(|place| line_around(plain, place)) {
                    if let Some(CatalogueEntry::Put(article)) = catalogue_line(line).map_err(Unfit::Line)? {
                        found.push(*article);
                    }
                }
                Ok(())
            })?;
        }
        Ok(found)
    }

    /// The file's word on an article.
    fn entry(&self, sku: &Sku) -> Result<Option<CatalogueEntry>, Unfit> {
        let after = self.frames.partition_point(|frame| frame.first.as_str() <= sku.as_str());
        let Some(number) = after.checked_sub(1) else { return Ok(None) };
        self.frame(number, |plain| {
            let is_it = |line: &&[u8]| line_sku(line) == Some(sku.as_str().as_bytes());
            match lines(plain)?.find(is_it) {
                Some(line) => catalogue_line(line).map_err(Unfit::Line),
                None => Ok(None),
            }
        })
    }

    fn frame<T>(&self, number: usize, look: impl FnOnce(&[u8]) -> Result<T, Unfit>) -> Result<T, Unfit> {
        let frame = &self.frames[number];
        let mut packed = vec![0; frame.bytes];
        self.file.read_exact_at(&mut packed, frame.at)?;
        unpacked(&packed, look)
    }
}

const CODE: &[u8] = b"\"code\":\"";
const PUT: &[u8] = b"{\"put\":{\"sku\":\"";
const REMOVE: &[u8] = b"{\"remove\":\"";

/// Reads on until `packed` begins with a whole frame, and says how long that is; `None` at the end of the file.
fn frame_end(file: &mut File, packed: &mut Vec<u8>) -> Result<Option<usize>, Unfit> {
    loop {
        if let Ok(bytes) = zstd_safe::find_frame_compressed_size(packed) {
            return Ok(Some(bytes).filter(|bytes| *bytes > 0));
        }
        if packed.len() > zstd_safe::compress_bound(FRAME_BYTES_MAX) {
            return Err(Unfit::Form);
        }
        let before = packed.len();
        file.take(READ_BYTES as u64).read_to_end(packed)?;
        if packed.len() == before {
            return if before == 0 { Ok(None) } else { Err(Unfit::Form) };
        }
    }
}

fn unpacked<T>(packed: &[u8], look: impl FnOnce(&[u8]) -> Result<T, Unfit>) -> Result<T, Unfit> {
    thread_local! {
        static DECOMPRESSOR: RefCell<zstd::bulk::Decompressor<'static>> =
            RefCell::new(zstd::bulk::Decompressor::new().expect("a decompressor needs memory only"));
    }
    let mut plain = Vec::with_capacity(FRAME_BYTES_MAX);
    DECOMPRESSOR.with_borrow_mut(|decompressor| decompressor.decompress_to_buffer(packed, &mut plain)).map_err(|_| Unfit::Form)?;
    look(&plain)
}

/// Without their newlines. A frame that does not end with a line is none of ours.
fn lines(plain: &[u8]) -> Result<impl Iterator<Item = &[u8]>, Unfit> {
    if plain.last() != Some(&b'\n') {
        return Err(Unfit::Form);
    }
    let mut begins = 0;
    Ok(memchr_iter(b'\n', plain).map(move |end| &plain[std::mem::replace(&mut begins, end + 1)..end]))
}

fn line_around(plain: &[u8], place: usize) -> &[u8] {
    let begins = memchr::memrchr(b'\n', &plain[..place]).map_or(0, |newline| newline + 1);
    let ends = memchr(b'\n', &plain[place..]).map_or(plain.len(), |newline| place + newline);
    &plain[begins..ends]
}

/// What a line is about; `None` when it does not begin as our lines do.
fn line_sku(line: &[u8]) -> Option<&[u8]> {
    let rest = line.strip_prefix(PUT).or_else(|| line.strip_prefix(REMOVE))?;
    let sku = &rest[..text_end(rest)?];
    // One that had to be escaped could not be compared.
    (!sku.contains(&b'\\')).then_some(sku)
}

/// Where a JSON text ends, given what follows its first quote.
fn text_end(rest: &[u8]) -> Option<usize> {
    let mut escaped = false;
    rest.iter().position(|byte| {
        let is_end = *byte == b'"' && !escaped;
        escaped = *byte == b'\\' && !escaped;
        is_end
    })
}

/// FNV-1a, folded.
fn half_hash(bytes: &[u8]) -> u32 {
    let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3));
    (hash ^ (hash >> 32)) as u32
}
