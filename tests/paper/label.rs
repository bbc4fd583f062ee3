//! Labels of bags: the very bytes, what a printer makes of them, whether their codes are read again, and that no text breaks out of its field.
//! The drawings in `tests/golden/label-*.svg` open in any browser.

use counterfoil::device::lang::escpos::{Bitmap, GlyphSource};
use counterfoil::device::lang::zpl::{Heard, Interpreter, LabelError, LabelPicture, LabelProfile, Part, encode, label_dots, label_svg};
use counterfoil::device::profile::load_label_printer;
use counterfoil::document::label::{BagLabel, LabelSize};
use counterfoil::document::{Locale, Printable};
use counterfoil::ids::OrderNo;
use counterfoil::retail::order::{Zone, bag_of};
use proptest::prelude::*;

use super::codes::decode;
use super::font::unifont;
use super::golden::check;

fn profile(name: &str) -> LabelProfile {
    load_label_printer(name).unwrap()
}

fn label(order: &str, initials: &str) -> BagLabel {
    BagLabel {
        order: OrderNo::new(order).unwrap(),
        initials: Printable::new(initials),
        zone: Zone::Ambient,
        bag: 1,
        bags: 2,
        ready_by: Printable::new("14:05  02.03.2026"),
        copy: 0,
        locale: Locale::default(),
    }
}

fn german(order: &str, initials: &str) -> BagLabel {
    BagLabel { locale: Locale::from_tag("de-DE").unwrap(), ..label(order, initials) }
}

fn bytes(label: &BagLabel, profile: &LabelProfile, font: Option<&dyn GlyphSource>) -> Vec<u8> {
    encode(&label.laid_out(profile.size()), profile, font).unwrap()
}

/// What the printer of that profile makes of the bytes, which is one label and nothing else.
fn printed(bytes: &[u8], profile: &LabelProfile) -> LabelPicture {
    let size = profile.size();
    let mut printer = Interpreter::new(profile.dots(size.width), profile.dots(size.height));
    let (at_once, mut heard) = printer.push(bytes);
    assert_eq!((at_once.as_slice(), heard.len(), printer.is_partial()), ([].as_slice(), 1, false));
    let Heard::Label(label) = heard.remove(0) else { panic!("a question") };
    assert_eq!(label.quantity, 1);
    *label
}

fn texts(label: &LabelPicture) -> Vec<&str> {
    label.parts.iter().filter_map(|part| if let Part::Text { text, .. } = part { Some(text.as_str()) } else { None }).collect()
}

/// The code on the whole label, as an independent reader finds it.
fn scanned(dots: &Bitmap) -> String {
    decode(dots.width, dots.height, |x, y| dots.get(x, y), rxing::BarcodeFormat::CODE_128)
}

#[test]
fn labels_look_as_they_should_and_their_codes_are_read() {
    let font = unifont();
    let chilled = BagLabel { zone: Zone::Chilled, bag: 2, ..label("K4711", "M. K.") };
    let again = BagLabel { zone: Zone::Frozen, bag: 12, bags: 12, copy: 1, ..german("WEB20260302X4711", "Ä. von Ö.") };
    for (name, label) in [("ambient", label("4711", "A.B.")), ("chilled", chilled), ("german-frozen-reprint", again)] {
        for dpi in [203, 300] {
            let profile = profile(&format!("zpl-{dpi}"));
            let bytes = bytes(&label, &profile, None);
            check(&format!("label-{name}-{dpi}.zpl"), &String::from_utf8(bytes.clone()).unwrap());
            let picture = printed(&bytes, &profile);
            check(&format!("label-{name}-{dpi}.svg"), &label_svg(&picture));
            let code = scanned(&label_dots(&picture, &font));
            assert_eq!(bag_of(&code), Some((label.order.clone(), label.bag)), "{name} at {dpi} dpi");
            stays_inside(&picture);
        }
    }
}

/// No part reaches over the label's edge, and no bar is narrower than scanners read.
fn stays_inside(label: &LabelPicture) {
    for part in &label.parts {
        let (right, bottom) = match part {
            Part::Text { x, y, high, block, .. } => (x + block, y + high),
            Part::Fill { x, y, width, height } => (x + width, y + height),
            Part::Bars { x, y, module, high, bars, .. } => {
                assert!(*x >= 10 * module, "no room for the quiet zone");
                (x + (bars.len() + 10) * module, y + high)
            }
            Part::Dots { x, y, dots, .. } => (x + dots.width - 7, y + dots.height),
        };
        assert!(right <= label.width && bottom <= label.height, "{part:?}");
    }
}

#[test]
fn a_label_of_one_resolution_on_the_other_is_seen_to_be_wrong() {
    let (low, high) = (profile("zpl-203"), profile("zpl-300"));
    let right = label_dots(&printed(&bytes(&label("4711", "A.B."), &low, None), &low), &unifont());
    let wrong = label_dots(&printed(&bytes(&label("4711", "A.B."), &low, None), &high), &unifont());
    let used = |dots: &Bitmap| (0..dots.width).rev().find(|x| (0..dots.height).any(|y| dots.get(*x, y))).unwrap() * 100 / dots.width;
    assert!(used(&right) > 90 && used(&wrong) < 75, "{} {}", used(&right), used(&wrong));
}

#[test]
fn names_in_other_scripts_are_drawn_or_written_in_latin_letters() {
    let (profile, font) = (profile("zpl-203"), unifont());
    let foreign = label("4711", "山田 太郎");
    let drawn = printed(&bytes(&foreign, &profile, Some(&font)), &profile);
    assert!(drawn.parts.iter().any(|part| matches!(part, Part::Dots { dots, .. } if dots.bits.iter().any(|byte| *byte != 0))));
    stays_inside(&drawn);
    assert_eq!(scanned(&label_dots(&drawn, &font)), "CFB1014711");
    let plain = printed(&bytes(&label("4711", "Щукин Й."), &profile, None), &profile);
    assert!(texts(&plain).contains(&"Shchukin Y."), "{:?}", texts(&plain));
}

#[test]
fn nothing_in_a_name_is_a_command() {
    let profile = profile("zpl-203");
    for name in [
        "^XZ^XA^FO0,0^A0N,300,300^FDFREE^FS^XZ",
        "~JA~JR~HS",
        "_5EXZ_7EJA",
        "\\&\\\\x\\(*)",
        "A\u{0}B\u{1b}\u{2}\u{3}\r\n\u{7f}\u{85}C",
        "! U1 setvar \"device.reset\" \"\"\r\n",
        "\"quoted\" 'n' <b>&amp;",
        "\u{202e}gnp.exe",
        "",
    ] {
        let picture = printed(&bytes(&label("4711", name), &profile, None), &profile);
        assert_eq!(texts(&picture).len(), 6, "{name:?}");
        stays_inside(&picture);
        let code = picture.parts.iter().find_map(|part| if let Part::Bars { data, .. } = part { Some(data.as_str()) } else { None });
        assert_eq!(code, Some("CFB1014711"));
    }
    let said = printed(&bytes(&label("4711", "a^b~c_d\\e"), &profile, None), &profile);
    assert!(texts(&said).contains(&"a^b~c_d\\e"), "{:?}", texts(&said));
    let long = printed(&bytes(&label("4711", &"W".repeat(5_000)), &profile, None), &profile);
    assert!(texts(&long).iter().any(|text| text.starts_with("WWW") && text.ends_with("...")), "{:?}", texts(&long));
}

/// Set smaller when its letters are wide, never cut: two orders whose numbers begin alike stand on one shelf.
#[test]
fn the_whole_order_number_stands_on_the_label() {
    for dpi in [203, 300] {
        let profile = profile(&format!("zpl-{dpi}"));
        for order in ["WWWWWWWWWWWWWWWW", "MMMMMMMMMMMMMMM1", "1111111111111111"] {
            let label = BagLabel { bag: 99, bags: 99, ..label(order, "A.B.") };
            let picture = printed(&bytes(&label, &profile, None), &profile);
            assert_eq!(texts(&picture)[0], order);
            stays_inside(&picture);
        }
    }
}

#[test]
fn a_roll_too_narrow_for_the_code_is_refused_and_not_shrunk() {
    let narrow = BagLabel { ..label("ABCDEFGHIJKLMNOP", "A.B.") }.laid_out(LabelSize { width: 570, height: 320 });
    assert_eq!(encode(&narrow, &profile("zpl-203"), None), Err(LabelError::CodeTooWide));
}

proptest! {
    #![proptest_config(super::cases(300))]
    #[test]
    fn any_text_stays_text(order in "[A-Za-z0-9]{1,16}", name in any::<String>(), bag in 1u32..100, dpi in prop::sample::select(vec![203, 300])) {
        let profile = profile(&format!("zpl-{dpi}"));
        let label = BagLabel { bag, bags: 99, ..label(&order, &name) };
        let picture = printed(&bytes(&label, &profile, None), &profile);
        stays_inside(&picture);
        let code = picture.parts.iter().find_map(|part| if let Part::Bars { data, .. } = part { Some(data.as_str()) } else { None });
        prop_assert_eq!(bag_of(code.unwrap()), Some((label.order.clone(), bag)));
        prop_assert_eq!(texts(&picture)[0], order);
    }
}
