//! Sorts more than fits into memory: runs of a fixed size are sorted and written to scratch files, then merged. Codes and words of
//! a million articles are some ten million short records; sled wants them in order, and a small box has no room for them at once.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Seek, Write};
use std::path::{Path, PathBuf};

/// Records are short: a code or word of at most some hundred bytes and a number.
pub const RECORD_BYTES_MAX: usize = 1024;
/// What one sorter keeps in memory while records come in.
pub const RUN_BYTES: usize = 6 * 1024 * 1024;
/// Per run while merging.
const READ_BYTES: usize = 32 * 1024;

/// Takes records in any order.
pub struct Sorter {
    folder: Option<PathBuf>,
    run_bytes: usize,
    bytes: Vec<u8>,
    /// Offset and length in `bytes`.
    records: Vec<(u32, u16)>,
    runs: Vec<File>,
    count: u64,
}

impl Sorter {
    /// Scratch files go to `folder`; they have no name there, so that nothing is left behind after a crash. Without a folder all stays in
    /// memory.
    pub fn new(folder: Option<&Path>, run_bytes: usize) -> Sorter {
        Sorter { folder: folder.map(Path::to_owned), run_bytes, bytes: Vec::new(), records: Vec::new(), runs: Vec::new(), count: 0 }
    }

    pub fn add(&mut self, record: &[u8]) -> io::Result<()> {
        assert!(record.len() <= RECORD_BYTES_MAX, "a record of {} bytes", record.len());
        let length = record.len() as u16;
        self.records.push((self.bytes.len() as u32, length));
        self.bytes.extend_from_slice(record);
        self.count += 1;
        if self.bytes.len() + self.records.len() * size_of::<(u32, u16)>() >= self.run_bytes {
            self.spill()?;
        }
        Ok(())
    }

    /// How many were added.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// All records ascending, equal ones each as often as they were added.
    pub fn finish(mut self) -> io::Result<Sorted> {
        if !self.runs.is_empty() && !self.records.is_empty() {
            self.spill()?;
        }
        self.sort();
        let mut sorted =
            Sorted { memory: (self.bytes, self.records.into_iter().rev().collect()), runs: Vec::new(), heads: BinaryHeap::new() };
        for mut file in self.runs {
            file.rewind()?;
            let index = sorted.runs.len();
            sorted.runs.push(BufReader::with_capacity(READ_BYTES, file));
            sorted.refill(index)?;
        }
        Ok(sorted)
    }

    fn sort(&mut self) {
        let bytes = &self.bytes;
        self.records.sort_unstable_by(|a, b| slice(bytes, *a).cmp(slice(bytes, *b)));
    }

    fn spill(&mut self) -> io::Result<()> {
        let Some(folder) = self.folder.clone() else { return Ok(()) };
        self.sort();
        let mut out = BufWriter::with_capacity(256 * 1024, unnamed(&folder, self.runs.len())?);
        for record in &self.records {
            out.write_all(&record.1.to_le_bytes())?;
            out.write_all(slice(&self.bytes, *record))?;
        }
        self.runs.push(out.into_inner().map_err(io::IntoInnerError::into_error)?);
        self.bytes.clear();
        self.records.clear();
        Ok(())
    }
}

/// Gives the records in order.
pub struct Sorted {
    /// When nothing was spilled: the records, last one first.
    memory: (Vec<u8>, Vec<(u32, u16)>),
    runs: Vec<BufReader<File>>,
    heads: BinaryHeap<Reverse<(Vec<u8>, usize)>>,
}

impl Sorted {
    /// The next record in `record`; `false` at the end.
    pub fn next_into(&mut self, record: &mut Vec<u8>) -> io::Result<bool> {
        record.clear();
        if let Some(at) = self.memory.1.pop() {
            record.extend_from_slice(slice(&self.memory.0, at));
            return Ok(true);
        }
        let Some(Reverse((head, run))) = self.heads.pop() else { return Ok(false) };
        record.extend_from_slice(&head);
        self.refill_with(run, head)?;
        Ok(true)
    }

    fn refill(&mut self, run: usize) -> io::Result<()> {
        self.refill_with(run, Vec::new())
    }

    fn refill_with(&mut self, run: usize, mut buffer: Vec<u8>) -> io::Result<()> {
        let input = &mut self.runs[run];
        if !input.fill_buf()?.is_empty() {
            let mut length = [0; 2];
            input.read_exact(&mut length)?;
            buffer.resize(usize::from(u16::from_le_bytes(length)), 0);
            input.read_exact(&mut buffer)?;
            self.heads.push(Reverse((buffer, run)));
        }
        Ok(())
    }
}

fn slice(bytes: &[u8], (offset, length): (u32, u16)) -> &[u8] {
    &bytes[offset as usize..offset as usize + usize::from(length)]
}

fn unnamed(folder: &Path, index: usize) -> io::Result<File> {
    let path = folder.join(format!("sort-{index}-{:?}.tmp", std::thread::current().id()));
    let file = File::options().read(true).write(true).create(true).truncate(true).open(&path)?;
    std::fs::remove_file(&path)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spilled_or_not_the_order_is_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let mut seed = 1u64;
        let records: Vec<Vec<u8>> = (0..5000)
            .map(|_| {
                seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                seed.to_be_bytes()[..(seed >> 60) as usize % 8].to_vec()
            })
            .collect();
        let mut expected = records.clone();
        expected.sort();
        for run_bytes in [100, 10_000, 10_000_000] {
            let mut sorter = Sorter::new(Some(folder.path()), run_bytes);
            records.iter().for_each(|record| sorter.add(record).unwrap());
            assert_eq!(sorter.count(), 5000);
            let mut sorted = sorter.finish().unwrap();
            let (mut found, mut record) = (Vec::new(), Vec::new());
            while sorted.next_into(&mut record).unwrap() {
                found.push(record.clone());
            }
            assert_eq!(found, expected, "runs of {run_bytes} bytes");
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
