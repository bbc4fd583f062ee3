//! The bytes of a job, read as a printer reads them, give the same lines as the plain text.

use counterfoil::device::lang::escpos::commands::wake;
use counterfoil::device::lang::escpos::{
    FenceSent, Interpreter, Options, Paper, PaperOp, PrinterProfile, ProcessId, RealTimeCommand, RealTimeQuery, RealTimeScanner,
    StatusQuery, as_shown, encode, paper_html, paper_text,
};
use counterfoil::document::{Block, Document, QrData, text};
use proptest::prelude::*;

use super::cases;
use super::records;

pub fn profiles() -> impl Iterator<Item = PrinterProfile> {
    PrinterProfile::built_in_names().map(|name| PrinterProfile::built_in(name).unwrap())
}

pub fn ops(bytes: &[u8], profile: &PrinterProfile) -> Vec<PaperOp> {
    let mut interpreter = Interpreter::new(profile);
    let ops = interpreter.push(bytes);
    assert!(!interpreter.is_in_command(), "the job ends in the middle of a command");
    ops
}

pub fn print(bytes: &[u8], profile: &PrinterProfile) -> Paper {
    let mut paper = Paper::new(profile);
    ops(bytes, profile).iter().for_each(|op| paper.apply(op));
    paper
}

/// The text that the paper must match.
fn expected(document: &Document, profile: &PrinterProfile) -> String {
    text::render(&as_shown(document, profile, None).0, profile.columns())
}

#[test]
fn the_paper_says_what_the_text_says() {
    for profile in profiles() {
        for (name, sale) in records::all() {
            let document = sale.document();
            let encoded = encode(&document, &profile, Options::default());
            let paper = paper_text(&print(&encoded.bytes, &profile));
            assert_eq!(paper, expected(&document, &profile), "{name} on {}", profile.name);
        }
    }
}

proptest! {
    #![proptest_config(cases(200))]
    #[test]
    fn any_name_on_any_printer(names in proptest::collection::vec("\\PC{0,60}|.{0,40}", 1..6), which in 0..4usize) {
        let profile = profiles().nth(which).unwrap();
        let sale = names.iter().fold(records::sale("EUR", "en", 0), |sale, name| sale.piece(name, 199, "A"));
        let document = sale.document();
        let encoded = encode(&document, &profile, Options::default());
        let paper = paper_text(&print(&encoded.bytes, &profile));
        prop_assert_eq!(paper, expected(&document, &profile));
        for row in counterfoil::document::layout(&document, profile.columns()) {
            if let counterfoil::document::Row::Text(row) = row {
                let wide = counterfoil::document::text_width(row.text.as_str()) * row.style.size.columns_wide();
                prop_assert!(wide <= profile.columns(), "{:?}", row);
            }
        }
    }

    #[test]
    fn a_stream_cut_anywhere_is_read_the_same(cuts in proptest::collection::vec(1..200usize, 1..40)) {
        let profile = PrinterProfile::built_in("epson-80mm").unwrap();
        let encoded = encode(&records::many_scripts().document(), &profile, Options { kick: true, ..Options::default() });
        let whole = paper_html(&print(&encoded.bytes, &profile));
        let mut interpreter = Interpreter::new(&profile);
        let mut paper = Paper::new(&profile);
        let mut rest = encoded.bytes.as_slice();
        for size in cuts.iter().cycle() {
            let (piece, after) = rest.split_at(rest.len().min(*size));
            interpreter.push(piece).iter().for_each(|op| paper.apply(op));
            rest = after;
            if rest.is_empty() {
                break;
            }
        }
        prop_assert_eq!(paper_html(&paper), whole);
    }

    #[test]
    fn garbage_stops_no_printer(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        let profile = PrinterProfile::built_in("generic-58mm").unwrap();
        let mut interpreter = Interpreter::new(&profile);
        let mut paper = Paper::new(&profile);
        for piece in bytes.chunks(7) {
            interpreter.push(piece).iter().for_each(|op| paper.apply(op));
            RealTimeScanner::new().push(piece);
        }
        paper_html(&paper);
        paper_text(&paper);
    }
}

#[test]
fn a_job_opens_and_ends_as_its_printer_wants_it() {
    let document = records::simple().document();
    let options = Options { kick: true, fence: Some(ProcessId::numbered(41)), font: None };
    for profile in profiles() {
        let encoded = encode(&document, &profile, options);
        let ops = ops(&encoded.bytes, &profile);
        assert_eq!(ops[0], PaperOp::Initialise, "{}", profile.name);
        let kicks: Vec<usize> =
            ops.iter().enumerate().filter(|(_, op)| matches!(op, PaperOp::DrawerPulse { .. })).map(|(at, _)| at).collect();
        let first_text = ops.iter().position(|op| matches!(op, PaperOp::Text(_))).unwrap();
        assert!(kicks.len() == 1 && kicks[0] < first_text, "{}: one pulse, before the first letter", profile.name);
        assert_eq!(ops[kicks[0]], PaperOp::DrawerPulse { pin: 2, on_ms: 100, off_ms: 500 });
        let last = ops.last().unwrap();
        match encoded.fence {
            FenceSent::ProcessId(id) => {
                assert_eq!(id.bytes(), *b"0042");
                assert_eq!(*last, PaperOp::ProcessId(id));
            }
            FenceSent::Status(StatusQuery::Paper) => assert_eq!(*last, PaperOp::StatusQuery(1)),
            FenceSent::Status(StatusQuery::Drawer) | FenceSent::None => panic!("{} has a fence", profile.name),
        }
        let plain = encode(&document, &profile, Options::default());
        assert_eq!(plain.fence, FenceSent::None);
        assert!(!self::ops(&plain.bytes, &profile).iter().any(|op| matches!(op, PaperOp::DrawerPulse { .. })));
        assert!(profile.print_ms(encoded.dots_high) > 300, "{}", profile.name);
    }
}

/// Against the bytes of the makers' manuals, not against our own reader of them.
#[test]
fn the_commands_are_those_of_the_manual() {
    let mut document = records::simple().document();
    document.blocks.insert(0, Block::Qr(QrData::new("https://example.com/r").unwrap()));
    let check = |profile: &str, start: &[u8], inside: &[&[u8]], end: &[u8]| {
        let profile = PrinterProfile::built_in(profile).unwrap();
        let options = Options { kick: true, fence: Some(ProcessId::numbered(41)), font: None };
        let bytes = encode(&document, &profile, options).bytes;
        assert!(bytes.starts_with(start), "{}: {:02x?}", profile.name, &bytes[..32]);
        assert!(bytes.ends_with(end), "{}: {:02x?}", profile.name, &bytes[bytes.len() - 32..]);
        for part in inside {
            assert!(bytes.windows(part.len()).any(|window| window == *part), "{}: {part:02x?}", profile.name);
        }
    };
    let qr: &[&[u8]] = &[
        b"\x1d\x28\x6b\x04\x00\x31\x41\x32\x00",
        b"\x1d\x28\x6b\x03\x00\x31\x43\x04",
        b"\x1d\x28\x6b\x03\x00\x31\x45\x31",
        b"\x1d\x28\x6b\x18\x00\x31\x50\x30https://example.com/r\x1d\x28\x6b\x03\x00\x31\x51\x30",
        b"\x1d\x68\x40\x1d\x77\x03\x1d\x48\x00\x1d\x6b\x49\x0e{B1-7BH6-{C\x00\x00\x2a",
        b"\x1b\x45\x01\x1d\x21\x11Kolonialwaren Kr\x81ger\n",
    ];
    check(
        "epson-80mm",
        b"\x1b\x40\x1c\x2e\x1d\x61\x0f\x1b\x52\x00\x1b\x74\x00\x1b\x70\x00\x32\xfa",
        qr,
        b"\x1d\x56\x42\x00\x1d\x28\x48\x06\x00\x30\x300042",
    );
    check(
        "generic-80mm",
        b"\x1b\x40\x1c\x2e\x1d\x61\x0f\x1b\x52\x00\x1b\x74\x00\x1b\x70\x00\x32\xfa",
        &[],
        b"\x1d\x56\x42\x00\x1d\x72\x01",
    );
    let picture: &[u8] = b"\x1d\x76\x30\x00\x30\x00\x18\x00";
    check("generic-58mm", b"\x1b\x40\x1c\x2e\x1b\x52\x00\x1b\x74\x00\x1b\x70\x00\x32\xfa", &[picture], b"\x1b\x64\x05\x1d\x72\x01");
}

/// A link that broke in mid-command leaves a printer waiting for the rest. Whatever it waits for, the wake-up ends it, and
/// the drawer has opened once at most.
#[test]
fn a_printer_wakes_from_a_job_cut_off_anywhere() {
    for profile in profiles() {
        let options = Options { kick: true, fence: Some(ProcessId::numbered(41)), font: Some(&super::font::Boxes) };
        let mut document = records::many_scripts().document();
        document.blocks.insert(0, Block::Qr(QrData::new("https://example.com/r").unwrap()));
        let bytes = encode(&document, &profile, options).bytes;
        let (mut printer, wake) = (Interpreter::new(&profile), wake());
        let mut before = Vec::new();
        for end in 0..bytes.len() {
            let mut ops = before.clone();
            ops.extend(printer.clone().push(&wake));
            before.extend(printer.push(&bytes[end..=end]).into_iter().filter(|op| matches!(op, PaperOp::DrawerPulse { .. })));
            let last: Vec<&PaperOp> = ops.iter().rev().take(2).collect();
            assert_eq!(last, [&PaperOp::AsbEnable(15), &PaperOp::Initialise], "{} cut at {end}", profile.name);
            let pulses = ops.iter().filter(|op| matches!(op, PaperOp::DrawerPulse { .. })).count();
            assert!(pulses <= 1, "{} cut at {end}: {pulses} pulses", profile.name);
        }
    }
}

#[test]
fn real_time_commands_are_seen_wherever_they_stand() {
    let check = |bytes: &[u8], expect: &[RealTimeCommand]| {
        for size in 1..=bytes.len() {
            let mut scanner = RealTimeScanner::new();
            let seen: Vec<RealTimeCommand> = bytes.chunks(size).flat_map(|piece| scanner.push(piece)).collect();
            assert_eq!(seen, expect, "{bytes:02x?} in pieces of {size}");
        }
    };
    let status = RealTimeCommand::Status;
    check(&[0x10, 4, 1, 0x10, 4, 2], &[status(RealTimeQuery::Printer), status(RealTimeQuery::OfflineCause)]);
    check(b"text\x10\x04\x04text", &[status(RealTimeQuery::Roll)]);
    check(&[0x1d, 0x76, 0x30, 0, 3, 0, 1, 0, 0x10, 5, 2], &[RealTimeCommand::Recover(2)]);
    check(&[0x10, 0x10, 4, 3], &[status(RealTimeQuery::Error)]);
    check(&[0x10, 0x14, 1, 0, 2], &[RealTimeCommand::Pulse { pin: 2, ms: 200 }]);
    check(&[0x10, 0x14, 8, 1, 3, 0x14, 1, 6, 2, 8], &[RealTimeCommand::Clear]);
    check(b"\x10 nothing \x04", &[]);
}

#[test]
fn a_picture_too_large_to_keep_is_read_over() {
    let profile = PrinterProfile::built_in("epson-80mm").unwrap();
    let mut interpreter = Interpreter::new(&profile);
    let mut seen = interpreter.push(&[0x1d, 0x76, 0x30, 0, 0xff, 0xff, 0xff, 0xff]);
    let piece = vec![0x1b; 1 << 20];
    let mut left = 0xffffusize * 0xffff;
    while left > 0 {
        let size = left.min(piece.len());
        seen.extend(interpreter.push(&piece[..size]));
        left -= size;
    }
    seen.extend(interpreter.push(b"on"));
    assert_eq!(seen.len(), 2, "{seen:?}");
    assert_eq!(seen[1], PaperOp::Text("on".into()));
}
