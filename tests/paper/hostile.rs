//! What stands in a name stays in the name: it opens no drawer, cuts no paper, breaks no page.

use counterfoil::device::lang::escpos::{GlyphSource, Options, PaperOp, PrinterProfile, RealTimeScanner, encode, paper_html};
use proptest::prelude::*;

use super::cases;
use super::font::Boxes;
use super::records::{self, HOSTILE};
use super::stream::{ops, print, profiles};

/// Every op a receipt may hold, and the counts of those that act on the world.
fn check(document: &counterfoil::document::Document, profile: &PrinterProfile, font: Option<&dyn GlyphSource>) {
    let encoded = encode(document, profile, Options { kick: false, fence: None, font });
    let mut cuts = 0;
    for op in ops(&encoded.bytes, profile) {
        match op {
            PaperOp::Cut { .. } => cuts += 1,
            PaperOp::DrawerPulse { .. }
            | PaperOp::Beep
            | PaperOp::StatusQuery(_)
            | PaperOp::Identify(_)
            | PaperOp::ProcessId(_)
            | PaperOp::RealTime(_)
            | PaperOp::Unknown(_) => panic!("{op:?} on {}", profile.name),
            PaperOp::Text(text) => assert!(!text.chars().any(char::is_control), "{text:?}"),
            _ => {}
        }
    }
    assert!(cuts <= 1, "{cuts} cuts on {}", profile.name);
    assert_eq!(RealTimeScanner::new().push(&encoded.bytes), [], "real-time commands on {}", profile.name);
}

#[test]
fn hostile_names_stay_names() {
    for profile in profiles() {
        check(&records::hostile().document(), &profile, None);
        check(&records::hostile().document(), &profile, Some(&Boxes));
    }
}

proptest! {
    #![proptest_config(cases(200))]
    #[test]
    fn any_bytes_stay_a_name(raw in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 1..4), which in 0..4usize) {
        let sale = raw.iter().fold(records::sale("EUR", "en", 0), |sale, name| sale.piece(&String::from_utf8_lossy(name), 1, "A"));
        let profile = profiles().nth(which).unwrap();
        check(&sale.document(), &profile, None);
        check(&sale.document(), &profile, Some(&Boxes));
    }
}

/// A font whose dots are the bytes that printers take for real-time commands.
struct Commands;

impl GlyphSource for Commands {
    fn covers(&self, _: char) -> bool {
        true
    }
    fn glyph(&self, _: char, cell_height: usize) -> Option<counterfoil::device::lang::escpos::Glyph> {
        let mut dots = counterfoil::device::lang::escpos::Bitmap::new(24, cell_height);
        for (at, byte) in dots.bits.iter_mut().enumerate() {
            *byte = [0x10, 0x04, 0x10, 0x05, 0x10, 0x14][at % 6];
        }
        Some(counterfoil::device::lang::escpos::Glyph { left: 0, top: 0, dots })
    }
}

#[test]
fn pictures_carry_no_real_time_commands() {
    let profile = PrinterProfile::built_in("generic-80mm").unwrap();
    let document = records::sale("EUR", "en", 0).piece("長 長 長", 1, "A").document();
    let encoded = encode(&document, &profile, Options { font: Some(&Commands), ..Options::default() });
    assert!(encoded.bytes.len() > 2000, "there are pictures");
    assert_eq!(RealTimeScanner::new().push(&encoded.bytes), []);
}

#[test]
fn the_page_of_the_paper_escapes_everything() {
    let profile = PrinterProfile::built_in("epson-80mm").unwrap();
    let encoded = encode(&records::hostile().document(), &profile, Options::default());
    let page = paper_html(&print(&encoded.bytes, &profile));
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"), "the name is shown");
    for forbidden in ["<script", "style=", "javascript:", " on", "\u{1b}", "\u{0}"] {
        let attribute = forbidden == " on";
        let found = if attribute { page.contains(" onload=") || page.contains(" onclick=") } else { page.contains(forbidden) };
        assert!(!found, "{forbidden:?} in the page");
    }
    assert!(HOSTILE.iter().any(|name| name.contains('<')));
}
