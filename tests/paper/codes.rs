//! The codes on the paper can be scanned: what is drawn is decoded again by an independent reader.

use counterfoil::device::lang::escpos::{Bitmap, Options, Paper, PaperOp, PaperRow, PrinterProfile, encode, paper_picture, png};
use counterfoil::document::{Align, Block, Code128, Document, QrData};
use counterfoil::ids::{Incarnation, ReceiptNo, WorkstationId};

use super::stream::{ops, print, profiles};

/// Rows of black and white as a picture with a quiet zone, three times as large.
pub fn decode(width: usize, height: usize, black: impl Fn(usize, usize) -> bool, format: rxing::BarcodeFormat) -> String {
    const SCALE: usize = 3;
    const QUIET: usize = 24;
    let (wide, high) = ((width + 2 * QUIET) * SCALE, (height + 2 * QUIET) * SCALE);
    let mut luma = vec![0xff; wide * high];
    for (at, pixel) in luma.iter_mut().enumerate() {
        let (x, y) = ((at % wide / SCALE).checked_sub(QUIET), (at / wide / SCALE).checked_sub(QUIET));
        if let (Some(x), Some(y)) = (x, y)
            && x < width
            && y < height
            && black(x, y)
        {
            *pixel = 0;
        }
    }
    let hints = rxing::DecodeHints { TryHarder: Some(true), ..Default::default() };
    let (wide, high) = (u32::try_from(wide).unwrap(), u32::try_from(high).unwrap());
    let mut hints = hints;
    let result = rxing::helpers::detect_in_luma_with_hints(luma, wide, high, Some(format), &mut hints);
    result.unwrap_or_else(|error| panic!("{format:?} of {width} x {height} cannot be read: {error}")).getText().to_owned()
}

fn code128_on(paper: &Paper) -> Option<String> {
    paper.rows.iter().find_map(|row| match row {
        PaperRow::Barcode { bars: Some(bars), module_dots, dots_high, .. } => {
            Some(decode(bars.len() * module_dots, *dots_high, |x, _| bars[x / module_dots], rxing::BarcodeFormat::CODE_128))
        }
        _ => None,
    })
}

fn picture_on(paper: &Paper) -> &Bitmap {
    paper.rows.iter().find_map(|row| if let PaperRow::Picture { dots, .. } = row { Some(dots) } else { None }).expect("a picture")
}

fn document_of(block: Block) -> Document {
    Document { blocks: vec![block, Block::Cut] }
}

#[test]
fn transaction_numbers_read_back_from_the_paper() {
    let number = |workstation: &str, incarnation, counter| {
        ReceiptNo { workstation: WorkstationId::new(workstation).unwrap(), incarnation: Incarnation(incarnation), counter, training: false }
            .to_string()
    };
    let numbers = [
        number("1", 0x00ab_cdef_0123_4567, 42),
        number("bar", 1, 160_400),
        number("bar", u64::MAX, 999_999),
        number("2", 7, 1_604),
        "a{b}~ !".to_owned(),
        "123456789012".to_owned(),
    ];
    for profile in profiles() {
        for number in &numbers {
            let encoded = encode(&document_of(Block::Barcode(Code128::new(number).unwrap())), &profile, Options::default());
            let paper = print(&encoded.bytes, &profile);
            assert_eq!(code128_on(&paper).as_deref(), Some(number.as_str()), "on {}", profile.name);
        }
    }
}

#[test]
fn a_code_too_wide_for_the_paper_is_left_out() {
    let profile = PrinterProfile::built_in("generic-58mm").unwrap();
    let long = Code128::new("WORKSTAT-7K3F-AAAAAAAAAAAAAAAA").unwrap();
    let encoded = encode(&document_of(Block::Barcode(long)), &profile, Options::default());
    assert!(!ops(&encoded.bytes, &profile).iter().any(|op| matches!(op, PaperOp::Barcode { .. })));
}

#[test]
fn qr_codes_read_back_drawn_by_the_printer_or_by_us() {
    let text = "https://example.com/r/1-7K3F-000042?t=abc";
    for profile in profiles() {
        let encoded = encode(&document_of(Block::Qr(QrData::new(text).unwrap())), &profile, Options::default());
        let paper = print(&encoded.bytes, &profile);
        let native = paper.rows.iter().find_map(|row| match row {
            PaperRow::Qr { modules, width, module_dots, align: Align::Centre, .. } => {
                assert!(*module_dots >= 4, "half a millimetre at least");
                Some(decode(*width, *width, |x, y| modules[y * width + x], rxing::BarcodeFormat::QR_CODE))
            }
            _ => None,
        });
        let read = native.unwrap_or_else(|| {
            let whole = stack(&paper);
            decode(whole.width, whole.height, |x, y| whole.get(x, y), rxing::BarcodeFormat::QR_CODE)
        });
        assert_eq!(read, text, "on {}", profile.name);
    }
}

#[test]
fn the_number_is_found_on_the_whole_paper() {
    let font = super::font::unifont();
    for profile in profiles() {
        let encoded = encode(&super::records::simple().document(), &profile, Options::default());
        let picture = paper_picture(&print(&encoded.bytes, &profile), &font);
        let read = decode(picture.width, picture.height, |x, y| picture.get(x, y), rxing::BarcodeFormat::CODE_128);
        assert_eq!(read, super::records::simple().record.number.to_string(), "on {}", profile.name);
    }
}

#[test]
fn a_paper_as_a_png_is_the_same_dots() {
    let profile = PrinterProfile::built_in("epson-80mm").unwrap();
    let encoded = encode(&super::records::many_scripts().document(), &profile, Options::default());
    let picture = paper_picture(&print(&encoded.bytes, &profile), &super::font::unifont());
    let file = png(&picture);
    let mut reader = ::png::Decoder::new(std::io::Cursor::new(&file)).read_info().unwrap();
    let mut rows = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut rows).unwrap();
    assert_eq!((info.width as usize, info.height as usize), (picture.width, picture.height));
    assert!(rows.iter().map(|byte| !byte).eq(picture.bits.iter().copied()));
    // A paper of nothing is a picture too.
    png(&Bitmap::new(0, 0));
}

/// The slices of a picture, one below the other.
fn stack(paper: &Paper) -> Bitmap {
    let width = picture_on(paper).width;
    let mut bits = Vec::new();
    for row in &paper.rows {
        if let PaperRow::Picture { dots, .. } = row {
            bits.extend(&dots.bits);
        }
    }
    Bitmap { width, height: bits.len() / width.div_ceil(8), bits }
}
