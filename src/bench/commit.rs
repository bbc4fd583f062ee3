//! What a durable sale costs beside the bare disk: the product's writer on a real folder against one write and one fdatasync of the very
//! bytes it wrote. Both take turns in short blocks, so that a disk that gets slower gets slower for both.

use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use rustix::fs::{self, Mode, OFlags};

use super::machine::{BlockDevice, DeviceUse};
use super::row::{Aim, Figure, Row, Unit};
use super::samples::Samples;
use super::shop::{self, Shop, Till, Wants};
use super::{CannotMeasure, Size, articles};
use crate::ids::WorkstationId;
use crate::journal::Reader;
use crate::time::SystemClock;

const LINES: u64 = 5;
const ARTICLES: u64 = 1_000;
/// Acts of one kind before the other kind has its turn.
const BLOCK: usize = 25;
/// p99 of a durable commit, at most so many times the bare disk's.
const RATIO_MAX: f64 = 1.5;

pub fn measure(folder: &Path, size: Size) -> Result<Row, CannotMeasure> {
    let shop = Shop::found(&folder.join("commit"), &Wants::default())?;
    let mut till = shop.till(Arc::new(SystemClock::new()))?;
    till.open_day(jiff::Timestamp::now().to_zoned(shop.config.time_zone.clone()).date())?;
    let reader = Reader::open(&shop.data_dir().join("journal")).map_err(CannotMeasure::doing("opening the journal for reading"))?;
    let device = BlockDevice::under(folder);
    let background = device.as_ref().and_then(idle_use);

    let mut bench = Bench { workstation: shop::workstation(1), till, reader, device, number: 0, row: 0 };
    let blocks = size.pick(120, 2);
    let at_pace = bench.compare(folder, Pace::LineByLine, blocks)?;
    let at_once = bench.compare(folder, Pace::AtOnce, blocks)?;

    let mut row =
        Row::new("commit", format!("a sale of {LINES} lines, paid in cash: from the payment's arrival to its record on the disk"));
    let sales = at_pace.commits.count();
    for (how, found) in [("lines on disk already", &at_pace), ("lines in the same flush", &at_once)] {
        let bytes = found.bytes / found.commits.count().max(1) as u64;
        let raw = format!("write + fdatasync of the same {bytes} bytes, zero-filled file");
        let growing = "the same, growing file";
        let (p50, p99) = (found.commits.p50_ms(), found.commits.p99_ms());
        row.figure(Figure::new(format!("p50, {how}"), p50, Unit::Milliseconds).beside(&raw, found.raw.p50_ms()));
        row.figure(
            Figure::new(format!("p99, {how}"), p99, Unit::Milliseconds).beside(&raw, found.raw.p99_ms()).aim(Aim::RatioAtMost(RATIO_MAX)),
        );
        row.figure(Figure::new(format!("p99, {how}"), p99, Unit::Milliseconds).beside(growing, found.growing.p99_ms()));
    }
    bench.usage(&mut row, &at_pace, &at_once);
    match background {
        Some(idle) => row.note(format!(
            "device figures are those of the middle turn, because the counters are the whole disk's: in the second before, others caused {} flushes and {} KiB",
            idle.flushes,
            idle.bytes_written / 1024
        )),
        None => row.note("this kernel or disk gives no flush counters: device figures are left out"),
    };
    row.note(format!("{sales} sales of each kind after {} to warm up, in turns of {BLOCK} with the bare disk", BLOCK));
    Ok(row)
}

/// When the lines of a sale are flushed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pace {
    /// A cashier scans slower than the disk flushes: each line is on disk before the next, the payment is a record of its own.
    LineByLine,
    /// All lines and the payment wait for one flush: the least a sale can cost.
    AtOnce,
}

#[derive(Default)]
struct Compared {
    commits: Samples,
    raw: Samples,
    growing: Samples,
    /// Of all timed commits.
    bytes: u64,
    sales_used: Used,
    raw_used: Used,
    growing_used: Used,
}

/// What the device did, block by block, per act.
#[derive(Default)]
struct Used {
    flushes: Vec<f64>,
    bytes: Vec<f64>,
}

struct Bench {
    workstation: WorkstationId,
    till: Till,
    reader: Reader,
    device: Option<BlockDevice>,
    /// Of the next sale.
    number: u64,
    /// Of the next raw file.
    row: u32,
}

impl Bench {
    fn compare(&mut self, folder: &Path, pace: Pace, blocks: usize) -> Result<Compared, CannotMeasure> {
        self.row += 1;
        let mut filled = RawFile::create(&folder.join(format!("raw-filled-{}", self.row)), blocks * BLOCK * 16 * 1024)?;
        let mut growing = RawFile::create(&folder.join(format!("raw-growing-{}", self.row)), 0)?;
        let mut found = Compared::default();
        // One block more than counts.
        for block in 0..=blocks {
            let mut kept = Compared::default();
            let payloads = self.sales(pace, &mut kept)?;
            let before = self.used();
            filled.write(&payloads, &mut kept.raw)?;
            let between = self.used();
            growing.write(&payloads, &mut kept.growing)?;
            kept.raw_used.add(before, between, BLOCK);
            kept.growing_used.add(between, self.used(), BLOCK);
            if block > 0 {
                found.merge(kept);
            }
        }
        Ok(found)
    }

    /// One block of sales; gives the bytes each timed commit made durable.
    fn sales(&mut self, pace: Pace, kept: &mut Compared) -> Result<Vec<Vec<u8>>, CannotMeasure> {
        let mut ranges = Vec::new();
        let before = self.used();
        for _ in 0..BLOCK {
            let mut first = self.till.writer.journal().next_seq();
            for line in 0..LINES {
                let article = articles::article(articles::nth_sold(self.number * LINES + line, ARTICLES));
                self.till.add(&self.workstation, articles::as_fact(&article, 1))?;
                if pace == Pace::LineByLine {
                    self.till.flush()?;
                }
            }
            self.number += 1;
            let (amount, facts) = self.till.bill(&self.workstation)?;
            if pace == Pace::LineByLine {
                first = self.till.writer.journal().next_seq();
            }
            let began = Instant::now();
            let recorded = self.till.pay(&self.workstation, amount, &facts)?;
            self.till.flush()?;
            kept.commits.since(began);
            ranges.push((first, recorded.seq));
        }
        kept.sales_used.add(before, self.used(), BLOCK);
        let read = |(first, last): (u64, u64)| {
            let records = self.reader.read_batch(first, last, usize::MAX).map_err(CannotMeasure::doing("reading a sale back"))?;
            Ok(records.into_iter().flat_map(|record| record.line).collect())
        };
        let payloads: Vec<Vec<u8>> = ranges.into_iter().map(read).collect::<Result<_, CannotMeasure>>()?;
        kept.bytes = payloads.iter().map(|payload| payload.len() as u64).sum();
        Ok(payloads)
    }

    fn used(&self) -> Option<DeviceUse> {
        self.device.as_ref().and_then(BlockDevice::used)
    }

    fn usage(&self, row: &mut Row, at_pace: &Compared, at_once: &Compared) {
        let Some((sale_flushes, sale_bytes)) = at_once.sales_used.medians() else { return };
        let Some((pace_flushes, pace_bytes)) = at_pace.sales_used.medians() else { return };
        let (Some((raw_flushes, raw_bytes)), Some((growing_flushes, growing_bytes))) =
            (at_once.raw_used.medians(), at_once.growing_used.medians())
        else {
            return;
        };
        let (filled, growing) = ("write + fdatasync, zero-filled file", "write + fdatasync, growing file");
        let flushes = Figure::new("device flushes per sale, lines in the same flush", sale_flushes, Unit::Count);
        row.figure(flushes.clone().beside(filled, raw_flushes)).figure(flushes.beside(growing, growing_flushes));
        let bytes = Figure::new("device bytes per sale, lines in the same flush", sale_bytes, Unit::Bytes);
        row.figure(bytes.clone().beside(filled, raw_bytes)).figure(bytes.beside(growing, growing_bytes));
        let times = (LINES + 1) as f64;
        let what = format!("{} times {filled}", LINES + 1);
        row.figure(Figure::new("device flushes per sale, line by line", pace_flushes, Unit::Count).beside(what, raw_flushes * times));
        row.figure(
            Figure::new("device bytes per sale, line by line", pace_bytes, Unit::Bytes).beside("the same sale in one flush", sale_bytes),
        );
    }
}

impl Compared {
    fn merge(&mut self, other: Compared) {
        self.commits.merge(other.commits);
        self.raw.merge(other.raw);
        self.growing.merge(other.growing);
        self.bytes += other.bytes;
        self.sales_used.merge(other.sales_used);
        self.raw_used.merge(other.raw_used);
        self.growing_used.merge(other.growing_used);
    }
}

impl Used {
    fn add(&mut self, before: Option<DeviceUse>, after: Option<DeviceUse>, acts: usize) {
        if let (Some(before), Some(after)) = (before, after) {
            self.flushes.push((after.flushes - before.flushes) as f64 / acts as f64);
            self.bytes.push((after.bytes_written - before.bytes_written) as f64 / acts as f64);
        }
    }

    fn merge(&mut self, other: Used) {
        self.flushes.extend(other.flushes);
        self.bytes.extend(other.bytes);
    }

    /// Flushes and bytes of the block in the middle: what others write comes in bursts.
    fn medians(&self) -> Option<(f64, f64)> {
        let middle = |values: &[f64]| {
            let mut sorted = values.to_vec();
            sorted.sort_by(f64::total_cmp);
            sorted.get(sorted.len() / 2).copied()
        };
        middle(&self.flushes).zip(middle(&self.bytes))
    }
}

/// A file that is written with nothing in between.
pub struct RawFile {
    file: OwnedFd,
    end: u64,
}

impl RawFile {
    /// `filled`: bytes of zeros on disk before the first write.
    pub fn create(path: &Path, filled: usize) -> Result<RawFile, CannotMeasure> {
        let failed = "making the file to compare with";
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::TRUNC | OFlags::CLOEXEC;
        let file = fs::open(path, flags, Mode::RUSR | Mode::WUSR).map_err(CannotMeasure::doing(failed))?;
        let zeros = vec![0; 1 << 20];
        let mut at = 0;
        while at < filled {
            let take = zeros.len().min(filled - at);
            at += rustix::io::pwrite(&file, &zeros[..take], at as u64).map_err(CannotMeasure::doing(failed))?;
        }
        fs::fsync(&file).map_err(CannotMeasure::doing(failed))?;
        Ok(RawFile { file, end: 0 })
    }

    pub fn write(&mut self, payloads: &[Vec<u8>], times: &mut Samples) -> Result<(), CannotMeasure> {
        for payload in payloads {
            let began = Instant::now();
            let mut rest = &payload[..];
            while !rest.is_empty() {
                let written = rustix::io::pwrite(&self.file, rest, self.end).map_err(CannotMeasure::doing("writing to compare"))?;
                self.end += written as u64;
                rest = &rest[written..];
            }
            fs::fdatasync(&self.file).map_err(CannotMeasure::doing("flushing to compare"))?;
            times.since(began);
        }
        Ok(())
    }
}

/// What the device did while we did nothing for a second.
fn idle_use(device: &BlockDevice) -> Option<DeviceUse> {
    let before = device.used()?;
    std::thread::sleep(std::time::Duration::from_secs(1));
    let after = device.used()?;
    Some(DeviceUse { bytes_written: after.bytes_written - before.bytes_written, flushes: after.flushes - before.flushes })
}
