//! A segment's bytes as lines, whatever state they are in. Knows newlines and zeros, not records.

use std::io::{self, BufRead, BufReader, Read};

use super::disk::Disk;

const READ_AHEAD_BYTES: usize = 256 << 10;

/// The bytes between two newlines.
pub(super) struct Line {
    /// Of the first byte that is not zero.
    pub offset: u64,
    /// From 1.
    pub number: u64,
    /// Zero bytes in front.
    pub zeros: u64,
    /// With the newline, unless the file ends without one. Longer lines are given up to one byte beyond `bytes_max`.
    pub bytes: Vec<u8>,
}

pub(super) struct Lines<D: Disk> {
    reader: BufReader<FileAt<D>>,
    offset: u64,
    number: u64,
    bytes_max: usize,
}

impl<D: Disk> Lines<D> {
    pub fn open(disk: &D, name: &str, bytes_max: usize) -> io::Result<Lines<D>> {
        let file = FileAt { file: disk.open(name)?, disk: disk.clone(), offset: 0 };
        Ok(Lines { reader: BufReader::with_capacity(READ_AHEAD_BYTES, file), offset: 0, number: 0, bytes_max })
    }

    /// Where the next line begins.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Of the line read last.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// The next line; `None` when only zeros are left.
    pub fn next(&mut self) -> io::Result<Option<Line>> {
        let zeros = self.skip_zeros()?;
        let mut bytes = Vec::new();
        let line_offset = self.offset;
        let length = self.reader.by_ref().take(self.bytes_max as u64 + 1).read_until(b'\n', &mut bytes)?;
        if length == 0 {
            return Ok(None);
        }
        self.offset += length as u64;
        self.number += 1;
        if bytes.len() > self.bytes_max && !bytes.ends_with(b"\n") {
            self.offset += self.reader.skip_until(b'\n')? as u64;
        }
        Ok(Some(Line { offset: line_offset, number: self.number, zeros, bytes }))
    }

    /// Passes over `count` lines without looking at them. For files known to hold a record in each.
    pub fn skip(&mut self, count: u64) -> io::Result<()> {
        for _ in 0..count {
            match self.reader.skip_until(b'\n')? {
                0 => break,
                length => self.offset += length as u64,
            }
            self.number += 1;
        }
        Ok(())
    }

    /// Looks at the next line and goes back to its start.
    pub fn peek_is(&mut self, is_wanted: impl FnOnce(Vec<u8>) -> bool) -> io::Result<bool> {
        let (offset, number) = (self.offset, self.number);
        let is_it = self.next()?.is_some_and(|line| is_wanted(line.bytes));
        (self.offset, self.number) = (offset, number);
        self.refresh();
        Ok(is_it)
    }

    /// Forgets what was read ahead: the file may have grown into its zeros since.
    pub fn refresh(&mut self) {
        let read_ahead = self.reader.buffer().len();
        self.reader.consume(read_ahead);
        self.reader.get_mut().offset = self.offset;
    }

    fn skip_zeros(&mut self) -> io::Result<u64> {
        let mut zeros = 0;
        loop {
            let buffer = self.reader.fill_buf()?;
            let count = buffer.iter().take_while(|byte| **byte == 0).count();
            let more = count > 0 && count == buffer.len();
            self.reader.consume(count);
            zeros += count as u64;
            self.offset += count as u64;
            if !more {
                return Ok(zeros);
            }
        }
    }
}

/// A file read from front to back.
struct FileAt<D: Disk> {
    disk: D,
    file: D::File,
    offset: u64,
}

impl<D: Disk> Read for FileAt<D> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.disk.read_at(&self.file, self.offset, buffer)?;
        self.offset += count as u64;
        Ok(count)
    }
}
