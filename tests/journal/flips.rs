//! Every single bit of a 64 KiB segment is flipped, in its records, its last line and the zeros behind it, and each flip is found.
//!
//! The whole verifier over the whole segment for each of half a million flips would take many minutes, so the test uses what the
//! verifier does first: it takes the file line by line, and a line that is no record is a bad stretch, whatever surrounds it. A flip
//! can only change the lines it touches (two when it takes a newline away, two new ones when it makes one), and all others read as
//! before. So it is enough that for each flip one of the touched lines is no record; `flip_touches` is exactly these lines. That this
//! stands for the whole is then shown with the whole verifier, on some thousand bits: all over the first line, the last line
//! and the zeros behind it, and spread over the rest of the file.

use counterfoil::journal::model_disk::ModelDisk;
use counterfoil::journal::verify::verify_disk;
use counterfoil::journal::{Journal, Limits, Record};

use super::shop::{at, command, key, open, options};

const SEGMENT_BYTES: usize = 64 << 10;

#[test]
fn every_flipped_bit_of_a_segment_is_found() {
    let (disk, name, segment) = full_segment();
    let mut flipped = segment.clone();
    for bit in 0..segment.len() * 8 {
        flipped[bit / 8] ^= 1 << (bit % 8);
        let touched = flip_touches(&flipped, bit / 8);
        assert!(touched.iter().any(|line| Record::parse(line.to_vec()).is_err()), "bit {bit} of byte {} is not found", bit / 8);
        flipped[bit / 8] ^= 1 << (bit % 8);
    }

    let end = segment.iter().rposition(|byte| *byte == b'\n').unwrap() + 1;
    let last_line = segment[..end - 1].iter().rposition(|byte| *byte == b'\n').unwrap() + 1;
    let first_line_end = segment.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    let edges = (last_line * 8..(end + 512) * 8).step_by(5).chain((0..first_line_end * 8).step_by(13));
    for bit in edges.chain((0..segment.len() * 8).step_by(9_973)).chain((end - 1) * 8..(end + 1) * 8) {
        let mut flipped = segment.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let line = segment[..bit / 8].iter().filter(|byte| **byte == b'\n').count() as u64 + 1;
        disk.plant(&name, flipped);
        let bad = verify_disk(&disk, &[key().public()]).unwrap().first_bad;
        let bad = bad.unwrap_or_else(|| panic!("bit {bit} of byte {} is not found by the verifier", bit / 8));
        assert_eq!(bad.line, line, "bit {bit}: {bad}");
    }
}

#[test]
fn a_start_finds_a_flip_in_the_last_line_too() {
    let (disk, name, segment) = full_segment();
    let end = segment.iter().rposition(|byte| *byte == b'\n').unwrap() + 1;
    let last_line = segment[..end - 1].iter().rposition(|byte| *byte == b'\n').unwrap() + 1;
    for bit in (last_line * 8..end * 8).step_by(7).chain((end - 1) * 8..(end + 1) * 8) {
        let disk = disk.copy();
        let mut flipped = segment.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        disk.plant(&name, flipped);
        let report = open(&disk, 2).unwrap().report;
        assert!(report.cut.is_some() || !report.is_clean(), "bit {bit} of byte {}", bit / 8);
    }
}

/// The lines of the flipped file that are not lines of the original: those that the flipped byte is in or borders on.
fn flip_touches(flipped: &[u8], at: usize) -> Vec<&[u8]> {
    let start = flipped[..at].iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
    let behind = |from: usize| flipped[from..].iter().position(|byte| *byte == b'\n').map_or(flipped.len(), |newline| from + newline + 1);
    let end = behind(at);
    // A newline that was made here ends one line and begins another.
    let end = if flipped[at] == b'\n' { behind(end) } else { end };
    flipped[start..end].split_inclusive(|byte| *byte == b'\n').filter(|line| line.iter().any(|byte| *byte != 0)).collect()
}

/// One file of exactly 64 KiB, some of it zeros, all of its records flushed.
fn full_segment() -> (ModelDisk, String, Vec<u8>) {
    let disk = ModelDisk::new();
    let limits = Limits { segment_bytes_max: SEGMENT_BYTES as u64, fill_bytes: SEGMENT_BYTES as u64, record_bytes_max: 4 << 10 };
    let mut journal = Journal::open(disk.clone(), options(1, limits)).unwrap().journal;
    for number in 1..=160 {
        journal.append(&command(number)).unwrap();
    }
    journal.close(at(200)).unwrap();
    let names = counterfoil::journal::Disk::list(&disk).unwrap();
    let [name] = names.try_into().unwrap();
    let segment = disk.bytes(&name).unwrap();
    assert_eq!(segment.len(), SEGMENT_BYTES);
    let zeros = segment.iter().rev().take_while(|byte| **byte == 0).count();
    assert!((512..8_192).contains(&zeros), "{zeros} zeros: mostly records, and some room behind them");
    (disk, name, segment)
}
