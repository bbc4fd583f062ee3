//! Data from head office as files: the catalogue with its price list, a store's stock baseline, and the books (staff, prices, keys). What
//! a file holds, how it is written and read, what makes it whole. Where files lie, how they travel and when they are adopted is decided elsewhere.
//!
//! A file is JSON lines under zstd, in frames of [`FRAME_BYTES`]. The first line is the [`FeedHeader`]; then one line per entry, ascending by SKU (in a book: by key), each once. A
//! snapshot (no `base`) holds everything; a delta holds what changed since its base. The file's name carries feed, version and the SHA-256
//! of the compressed bytes, so that a file is either the one that was announced or none. Unknown fields and unknown kinds of lines are
//! skipped: head office is upgraded first.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, BufRead, BufReader, Read, Write};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use crate::gs1::Gtin;
use crate::ids::{Incarnation, NodeId, Sku, StoreId, TaxClassId};
use crate::money::{Money, Qty, Unit};
use crate::retail::Feed;
use crate::time::Stamp;

/// Raised when a reader of the former format could misunderstand a file. Added fields do not raise it.
pub const FEED_FORMAT: u32 = 1;
/// One article with all its codes.
pub const LINE_BYTES_MAX: usize = 32 * 1024;
/// One entry of a book: a promotion with its articles.
pub const ENTRY_BYTES_MAX: usize = 256 * 1024;
/// Of a book, which is held in memory as a whole.
pub const BOOK_ENTRIES_MAX: u64 = 200_000;
/// A book's file as it travels.
pub const BOOK_FILE_BYTES_MAX: u64 = 32 * 1024 * 1024;
/// A header names the heads of all nodes of a store for every baseline in it.
pub const HEADER_BYTES_MAX: usize = 1024 * 1024;
/// Longer names are cut at import; the paper has 42 to 48 columns.
pub const NAME_CHARS_MAX: usize = 200;
pub const CODES_PER_ARTICLE_MAX: usize = 200;
pub const TEXT_CODE_CHARS_MAX: usize = crate::gs1::TEXT_KEY_CHARS_MAX;
/// Some 15 times the size we design for.
pub const ENTRIES_MAX: u64 = 16_000_000;
/// At this level a million articles take some 20 MB and a few seconds.
const COMPRESSION_LEVEL: i32 = 3;
/// A file is a row of zstd frames of whole lines, each closed when it holds this much, so that a line can be read without all before it.
pub const FRAME_BYTES: usize = 512 * 1024;
/// The most that unpacking one frame can give.
pub const FRAME_BYTES_MAX: usize = HEADER_BYTES_MAX + FRAME_BYTES + LINE_BYTES_MAX + 2;

/// What can be looked up: a GTIN, or a text as it stands (PLU, own number, an old internal code).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum CodeKey {
    Gtin(Gtin),
    Text(String),
}

/// Why a text cannot be a code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{shown:?} cannot be a code: use 1 to {TEXT_CODE_CHARS_MAX} printable characters without spaces at either end")]
pub struct BadCode {
    shown: String,
}

impl CodeKey {
    /// 8, 12, 13 or 14 digits with a right check digit are a GTIN, anything else is text.
    pub fn read(text: &str) -> Result<CodeKey, BadCode> {
        if let Ok(gtin) = Gtin::parse(text) {
            return Ok(CodeKey::Gtin(gtin));
        }
        let chars = text.chars().take(TEXT_CODE_CHARS_MAX + 1).count();
        if chars == 0 || chars > TEXT_CODE_CHARS_MAX || text.chars().any(char::is_control) || text.trim() != text {
            return Err(BadCode { shown: text.chars().take(TEXT_CODE_CHARS_MAX).collect() });
        }
        Ok(CodeKey::Text(text.to_owned()))
    }

    /// A GTIN as the digits under its bars, a text as it stands. Given to a till, it finds the article again.
    pub fn short(&self) -> &str {
        match self {
            CodeKey::Gtin(gtin) => gtin.short(),
            CodeKey::Text(text) => text,
        }
    }
}

impl fmt::Display for CodeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CodeKey::Gtin(gtin) => f.write_str(gtin.as_str()),
            CodeKey::Text(text) => f.write_str(text),
        }
    }
}
impl TryFrom<String> for CodeKey {
    type Error = BadCode;
    fn try_from(text: String) -> Result<CodeKey, BadCode> {
        CodeKey::read(&text)
    }
}
impl From<CodeKey> for String {
    fn from(key: CodeKey) -> String {
        key.to_string()
    }
}

/// An article as the assortment has it, and its price in the list that comes with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Article {
    pub sku: Sku,
    /// Without control characters; any script.
    pub name: String,
    #[serde(default)]
    pub unit: Unit,
    pub tax_class: TaxClassId,
    /// Of goods, for reports: "Dairy/Milk".
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub group: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub brand: Option<String>,
    /// Per unit. `None`: in the assortment, but the list in force has no price for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<Money>,
    /// Ascending by key, each once. Empty: found by SKU and name only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub codes: Vec<SaleCode>,
    /// Where it lies in the shop.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// Years of age below which it is not sold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age_min: Option<u8>,
}

/// A code that sells an article, and how much of it one scan stands for: 1 piece, a case of 6.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SaleCode {
    #[serde(rename = "code")]
    pub key: CodeKey,
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub quantity: Qty,
}

fn one() -> Qty {
    Qty::ONE
}
fn is_one(quantity: &Qty) -> bool {
    *quantity == Qty::ONE
}

impl Article {
    /// How much one scan of `key` stands for; `None` when the code is not one of this article's.
    pub fn quantity_of(&self, key: &CodeKey) -> Option<Qty> {
        self.codes.iter().find(|code| code.key == *key).map(|code| code.quantity)
    }

    /// The code to show and to give to a till: the first that stands for one unit, else the SKU.
    pub fn shown_code(&self) -> &str {
        self.codes.iter().find(|code| code.quantity == Qty::ONE).map_or(self.sku.as_str(), |code| code.key.short())
    }
}

/// One line of a catalogue file. A snapshot has only `Put`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CatalogueEntry {
    /// The whole article, new or changed.
    Put(Box<Article>),
    /// No longer in the assortment.
    Remove(Sku),
}

/// One line of a stock file: what was on the shelf when baseline number `baseline` of the header was taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StockLine {
    pub sku: Sku,
    /// May be negative: head office knows of more sales than of goods.
    pub quantity: Qty,
    /// Index into [`FeedHeader::baselines`].
    #[serde(default)]
    pub baseline: u32,
}

/// One line of a book: a person, a promotion, a key. What `value` means is the book's own business ([`crate::node::books`]).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct BookEntry {
    /// Unique in the book; the order of the file. Which kinds of keys there are is the book's business too.
    pub key: String,
    pub value: Box<RawValue>,
}

impl PartialEq for BookEntry {
    fn eq(&self, other: &BookEntry) -> bool {
        self.key == other.key && self.value.get() == other.value.get()
    }
}
impl Eq for BookEntry {}

/// A moment at which stock was stated, and which records of the store's nodes that statement includes. A node subtracts its own
/// movements after its head, once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Baseline {
    /// The feed version that brought it.
    pub version: u64,
    pub as_of: Stamp,
    /// A node that is not named had sent nothing: all its movements come after.
    pub heads: BTreeMap<NodeId, Head>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    pub incarnation: Incarnation,
    pub seq: u64,
}

/// The first line of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeedHeader {
    pub format: u32,
    pub feed: Feed,
    /// From 1, growing by one with every change of this feed.
    pub version: u64,
    /// `None`: a snapshot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<FeedBase>,
    /// Lines that follow.
    pub count: u64,
    pub made_at: Stamp,
    /// Catalogue: ISO 4217, what the prices are in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    /// Stock: whose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub store: Option<StoreId>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub baselines: Vec<Baseline>,
}

/// The file a delta goes on top of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeedBase {
    pub version: u64,
    /// SHA-256 of the whole file, 64 hex characters.
    pub hash: String,
}

/// A feed file by its name: `catalogue-17-0f3a5c7d9e1b.jsonl.zst`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FeedName {
    pub feed: Feed,
    pub version: u64,
    /// The first 12 hex characters of the hash.
    pub hash12: String,
}

impl FeedName {
    pub fn new(feed: Feed, version: u64, hash: &str) -> FeedName {
        FeedName { feed, version, hash12: hash.chars().take(12).collect() }
    }

    /// `None` for any other file.
    pub fn parse(name: &str) -> Option<FeedName> {
        let mut parts = name.strip_suffix(".jsonl.zst")?.split('-');
        let (feed, version, hash12) = (parts.next()?, parts.next()?, parts.next()?);
        let feed = Feed::ALL.into_iter().find(|f| f.name() == feed)?;
        let hex = hash12.len() == 12 && hash12.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        let name_again = FeedName { feed, version: version.parse().ok()?, hash12: hash12.to_owned() };
        (hex && parts.next().is_none() && name_again.to_string() == name).then_some(name_again)
    }
}

impl fmt::Display for FeedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-{}.jsonl.zst", self.feed.name(), self.version, self.hash12)
    }
}

/// Why a file is not a feed we can take.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    #[error("it cannot be read: {0}")]
    Read(#[from] io::Error),
    #[error("its first line is not a feed header: {why}")]
    Header { why: String },
    #[error("it is written in feed format {format}, this version reads {FEED_FORMAT}: install a newer version")]
    Format { format: u32 },
    #[error("it announces {count} lines, more than {max}")]
    TooMany { count: u64, max: u64 },
    #[error("line {line}: {why}")]
    Line { line: u64, why: String },
    #[error("line {line}: {key:?} does not come after the one before it")]
    Order { line: u64, key: String },
    #[error("it ends after {found} of {announced} lines")]
    Truncated { found: u64, announced: u64 },
    #[error("it goes on after its {announced} lines")]
    Longer { announced: u64 },
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    pub name: FeedName,
    /// SHA-256 of the compressed bytes, 64 hex characters.
    pub hash: String,
    pub bytes: u64,
}

/// Writes one feed file to any writer. The caller gives the lines in order of SKU and makes the bytes durable.
pub struct FeedWriter<W: Write> {
    header: FeedHeader,
    /// SKU or key of the line before.
    last: String,
    written: u64,
    /// `None` only after an error.
    frame: Option<zstd::stream::write::Encoder<'static, Hashing<W>>>,
    /// Before compression.
    frame_bytes: usize,
    line: Vec<u8>,
}

/// An error ended it before.
const UNUSABLE: &str = "a feed file that could not be written is not written on";

impl<W: Write> FeedWriter<W> {
    pub fn new(out: W, header: FeedHeader) -> io::Result<FeedWriter<W>> {
        let frame = Some(next_frame(Hashing::new(out))?);
        let mut writer = FeedWriter { header, last: String::new(), written: 0, frame, frame_bytes: 0, line: Vec::new() };
        let header = serde_json::to_vec(&writer.header)?;
        writer.write_line(header)?;
        Ok(writer)
    }

    pub fn catalogue(&mut self, entry: &CatalogueEntry) -> io::Result<()> {
        assert!(self.header.feed == Feed::Catalogue, "only a catalogue has articles");
        self.in_order(entry.sku().as_str());
        self.write(entry)
    }

    pub fn stock(&mut self, line: &StockLine) -> io::Result<()> {
        assert!(self.header.feed == Feed::Stock, "only a stock file has stock");
        assert!((line.baseline as usize) < self.header.baselines.len(), "a stock line names a baseline of the header");
        self.in_order(line.sku.as_str());
        self.write(line)
    }

    pub fn entry(&mut self, entry: &BookEntry) -> io::Result<()> {
        assert!(self.header.feed.is_book(), "only a book has entries");
        self.in_order(&entry.key);
        self.write(entry)
    }

    /// Ends the file. Panics when fewer or more lines were written than announced: our bug.
    pub fn finish(self) -> io::Result<(W, Written)> {
        assert_eq!(self.written, self.header.count, "a feed file has the lines it announces");
        let mut hashing = self.frame.expect(UNUSABLE).finish()?;
        hashing.inner.flush()?;
        let hash = hex(&hashing.sha.finalize());
        let name = FeedName::new(self.header.feed, self.header.version, &hash);
        Ok((hashing.inner, Written { name, hash, bytes: hashing.bytes }))
    }

    fn in_order(&mut self, key: &str) {
        assert!(self.written == 0 || self.last.as_str() < key, "feed lines ascend by SKU or key");
        self.last.clear();
        self.last.push_str(key);
        self.written += 1;
    }

    fn write(&mut self, line: &impl Serialize) -> io::Result<()> {
        if self.frame_bytes >= FRAME_BYTES {
            let hashing = self.frame.take().expect(UNUSABLE).finish()?;
            self.frame = Some(next_frame(hashing)?);
            self.frame_bytes = 0;
        }
        let mut bytes = std::mem::take(&mut self.line);
        bytes.clear();
        serde_json::to_writer(&mut bytes, line)?;
        self.write_line(bytes)
    }

    fn write_line(&mut self, mut bytes: Vec<u8>) -> io::Result<()> {
        bytes.push(b'\n');
        self.frame.as_mut().expect(UNUSABLE).write_all(&bytes)?;
        self.frame_bytes += bytes.len();
        self.line = bytes;
        Ok(())
    }
}

fn next_frame<W: Write>(out: Hashing<W>) -> io::Result<zstd::stream::write::Encoder<'static, Hashing<W>>> {
    let mut encoder = zstd::stream::write::Encoder::new(out, COMPRESSION_LEVEL)?;
    encoder.include_checksum(true)?;
    Ok(encoder)
}

impl CatalogueEntry {
    pub fn sku(&self) -> &Sku {
        match self {
            CatalogueEntry::Put(article) => &article.sku,
            CatalogueEntry::Remove(sku) => sku,
        }
    }
}

/// Reads one feed file line by line: never more than a line in memory. Checks format, order, bounds and the announced count.
/// Whether the bytes are the announced ones is [`hash_of`]'s question, asked before.
pub struct FeedReader<R: Read> {
    header: FeedHeader,
    lines: BufReader<zstd::stream::read::Decoder<'static, BufReader<R>>>,
    buffer: Vec<u8>,
    line: u64,
    last: String,
}

/// One line, of whichever feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FeedLine {
    Catalogue(CatalogueEntry),
    Stock(StockLine),
    Entry(BookEntry),
}

impl FeedLine {
    /// By what lines ascend.
    fn key(&self) -> &str {
        match self {
            FeedLine::Catalogue(entry) => entry.sku().as_str(),
            FeedLine::Stock(stock) => stock.sku.as_str(),
            FeedLine::Entry(entry) => &entry.key,
        }
    }
}

impl<R: Read> FeedReader<R> {
    /// Reads the header.
    pub fn open(input: R) -> Result<FeedReader<R>, FeedError> {
        let decoder = zstd::stream::read::Decoder::new(input)?;
        let mut lines = BufReader::with_capacity(64 * 1024, decoder);
        let mut buffer = Vec::new();
        read_line(&mut lines, &mut buffer, HEADER_BYTES_MAX, 1)?;
        let header: FeedHeader = serde_json::from_slice(&buffer).map_err(|e| FeedError::Header { why: e.to_string() })?;
        if header.format != FEED_FORMAT {
            return Err(FeedError::Format { format: header.format });
        }
        let max = if header.feed.is_book() { BOOK_ENTRIES_MAX } else { ENTRIES_MAX };
        if header.count > max {
            return Err(FeedError::TooMany { count: header.count, max });
        }
        if header.version == 0 || header.base.as_ref().is_some_and(|base| base.version >= header.version) {
            return Err(FeedError::Header { why: "versions grow from 1".to_owned() });
        }
        Ok(FeedReader { header, lines, buffer, line: 1, last: String::new() })
    }

    pub fn header(&self) -> &FeedHeader {
        &self.header
    }

    /// The next line that this version understands; `None` after the last announced one, when the file ends there.
    pub fn next_line(&mut self) -> Result<Option<FeedLine>, FeedError> {
        loop {
            let announced = self.header.count;
            let bytes_max = if self.header.feed.is_book() { ENTRY_BYTES_MAX } else { LINE_BYTES_MAX };
            let whole = read_line(&mut self.lines, &mut self.buffer, bytes_max, self.line + 1)?;
            if self.line > announced {
                return if self.buffer.is_empty() { Ok(None) } else { Err(FeedError::Longer { announced }) };
            }
            if !whole {
                return Err(FeedError::Truncated { found: self.line - 1, announced });
            }
            self.line += 1;
            let Some(line) = self.parse()? else { continue };
            // No SKU and no key is empty, so the first line always comes after nothing.
            if self.last.as_str() >= line.key() {
                return Err(FeedError::Order { line: self.line, key: line.key().to_owned() });
            }
            self.last.clear();
            self.last.push_str(line.key());
            return Ok(Some(line));
        }
    }

    fn parse(&self) -> Result<Option<FeedLine>, FeedError> {
        let wrong = |why: String| FeedError::Line { line: self.line, why };
        match self.header.feed {
            Feed::Catalogue => match catalogue_line(&self.buffer).map_err(wrong)? {
                Some(CatalogueEntry::Remove(_)) if self.header.base.is_none() => Err(wrong("a snapshot removes nothing".to_owned())),
                entry => Ok(entry.map(FeedLine::Catalogue)),
            },
            Feed::Stock => {
                let line: StockLine = serde_json::from_slice(&self.buffer).map_err(|e| wrong(e.to_string()))?;
                if line.baseline as usize >= self.header.baselines.len() {
                    return Err(wrong(format!("names baseline {}, the header has {}", line.baseline, self.header.baselines.len())));
                }
                Ok(Some(FeedLine::Stock(line)))
            }
            Feed::Staff | Feed::Prices | Feed::Keys | Feed::Recalls | Feed::Configuration => {
                let entry: BookEntry = serde_json::from_slice(&self.buffer).map_err(|e| wrong(e.to_string()))?;
                Ok(Some(FeedLine::Entry(entry)))
            }
        }
    }
}

/// What one line of a catalogue file says, without its newline; `None`: a kind of line that this version does not know.
pub fn catalogue_line(bytes: &[u8]) -> Result<Option<CatalogueEntry>, String> {
    let line: CatalogueLine = serde_json::from_slice(bytes).map_err(|e| e.to_string())?;
    match (line.put, line.remove) {
        (Some(article), None) => {
            check_article(&article)?;
            Ok(Some(CatalogueEntry::Put(article)))
        }
        (None, Some(sku)) => Ok(Some(CatalogueEntry::Remove(sku))),
        (None, None) => Ok(None),
        (Some(_), Some(_)) => Err("puts and removes at once".to_owned()),
    }
}

/// A catalogue line as it stands. Neither field: a kind of line that a newer head office knows.
#[derive(Deserialize)]
struct CatalogueLine {
    #[serde(default)]
    put: Option<Box<Article>>,
    #[serde(default)]
    remove: Option<Sku>,
}

fn check_article(article: &Article) -> Result<(), String> {
    if article.name.is_empty() || article.name.chars().count() > NAME_CHARS_MAX || article.name.chars().any(char::is_control) {
        return Err(format!("the name of {} is empty, longer than {NAME_CHARS_MAX} characters or has control characters", article.sku));
    }
    if article.price.is_some_and(Money::is_negative) {
        return Err(format!("the price of {} is negative", article.sku));
    }
    if article.codes.len() > CODES_PER_ARTICLE_MAX || article.codes.iter().any(|code| code.quantity <= Qty::ZERO) {
        return Err(format!("{} has more than {CODES_PER_ARTICLE_MAX} codes, or one that sells nothing", article.sku));
    }
    Ok(())
}

/// Reads up to and with the newline into `buffer`, which then holds the line without it. `false` when the input ended before a newline.
fn read_line(input: &mut impl BufRead, buffer: &mut Vec<u8>, bytes_max: usize, line: u64) -> Result<bool, FeedError> {
    buffer.clear();
    input.take(bytes_max as u64 + 1).read_until(b'\n', buffer)?;
    if buffer.last() == Some(&b'\n') {
        buffer.pop();
        return Ok(true);
    }
    if buffer.len() > bytes_max {
        return Err(FeedError::Line { line, why: format!("longer than {bytes_max} bytes") });
    }
    Ok(false)
}

/// SHA-256 of all that `input` gives, as 64 hex characters, and the number of bytes.
pub fn hash_of(mut input: impl Read) -> io::Result<(String, u64)> {
    let mut hashing = Hashing::new(io::sink());
    io::copy(&mut input, &mut hashing)?;
    Ok((hex(&hashing.sha.finalize()), hashing.bytes))
}

/// Hashes and counts what passes through.
struct Hashing<W> {
    inner: W,
    sha: Sha256,
    bytes: u64,
}

impl<W> Hashing<W> {
    fn new(inner: W) -> Hashing<W> {
        Hashing { inner, sha: Sha256::new(), bytes: 0 }
    }
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = self.inner.write(bytes)?;
        self.sha.update(&bytes[..taken]);
        self.bytes += taken as u64;
        Ok(taken)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
