//! Lines in scripts the printer has no glyphs for are drawn with a font, here GNU Unifont from Debian's package fonts-unifont.

use counterfoil::device::font::FontGlyphs;
use counterfoil::device::lang::escpos::{Bitmap, Glyph, GlyphSource, Options, PaperRow, PrinterProfile, encode, paper_text};

use super::records;
use super::stream::print;

/// A box for each character, two dots inside its cell.
pub struct Boxes;

impl GlyphSource for Boxes {
    fn covers(&self, c: char) -> bool {
        !c.is_whitespace()
    }
    fn glyph(&self, c: char, cell_height: usize) -> Option<Glyph> {
        let width = cell_height / 2 * counterfoil::document::char_width(c);
        let mut dots = Bitmap::new(width.saturating_sub(4), cell_height - 4);
        let (wide, high) = (dots.width, dots.height);
        for (x, y) in (0..high).flat_map(|y| (0..wide).map(move |x| (x, y))) {
            if x == 0 || x + 1 == wide || y == 0 || y + 1 == high {
                dots.set(x, y);
            }
        }
        Some(Glyph { left: 2, top: 2, dots })
    }
}

const UNIFONT: &str = "/usr/share/fonts/opentype/unifont/unifont.otf";

pub fn unifont() -> FontGlyphs {
    let bytes = std::fs::read(UNIFONT).unwrap_or_else(|error| panic!("{UNIFONT}: {error}: install Debian's package fonts-unifont"));
    FontGlyphs::from_bytes(bytes).unwrap()
}

#[test]
fn foreign_lines_are_drawn_and_the_others_are_printed() {
    let font = unifont();
    for name in PrinterProfile::built_in_names() {
        let profile = PrinterProfile::built_in(name).unwrap();
        let document = records::many_scripts().document();
        let encoded = encode(&document, &profile, Options { font: Some(&font), ..Options::default() });
        assert_eq!(encoded.transliterated, Vec::<char>::new(), "{name}");
        let paper = print(&encoded.bytes, &profile);
        let pictures: Vec<&Bitmap> =
            paper.rows.iter().filter_map(|row| if let PaperRow::Picture { dots, .. } = row { Some(dots) } else { None }).collect();
        assert!(!pictures.is_empty(), "{name}");
        assert!(pictures.iter().all(|dots| dots.height <= usize::from(profile.capability.raster_rows_max)), "{name}");
        let text = paper_text(&paper);
        assert!(text.contains("Crème brûlée"), "{name}: a line the printer can print is printed\n{text}");
        assert!(!text.contains("日本酒") && !text.contains('?'), "{name}\n{text}");
    }
}

#[test]
fn without_a_font_letters_are_changed_and_told() {
    let profile = PrinterProfile::built_in("generic-58mm").unwrap();
    let encoded = encode(&records::many_scripts().document(), &profile, Options::default());
    let text = paper_text(&print(&encoded.bytes, &profile));
    assert!(text.contains("Feta") && text.contains("????"), "{text}");
    assert!(encoded.transliterated.contains(&'酒') && !encoded.transliterated.contains(&'è'), "{:?}", encoded.transliterated);
}

#[test]
fn a_letter_is_drawn_where_a_printed_one_would_stand() {
    let font = unifont();
    let glyph = font.glyph('日', 24).unwrap();
    let (right, bottom) = (glyph.left + i32::try_from(glyph.dots.width).unwrap(), glyph.top + i32::try_from(glyph.dots.height).unwrap());
    assert!(glyph.left >= 0 && right <= 24 && glyph.top >= 0 && bottom <= 24, "{glyph:?}");
    assert!(glyph.dots.height >= 18, "it fills its cell: {glyph:?}");
    assert!(font.glyph(' ', 24).is_some_and(|glyph| glyph.dots.width == 0));
    assert!(font.glyph('\u{10ffff}', 24).is_none() && !font.covers('\u{10ffff}'));
}
