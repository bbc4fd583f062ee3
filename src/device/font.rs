//! A font file as dots for the paper: one line is drawn as a picture when the printer has no glyphs for it. Lives outside of the pure languages
//! because outlines are scaled with floats; no amount and no quantity passes through here.

use std::sync::{Mutex, PoisonError};

use swash::scale::{Render, ScaleContext, Source, StrikeWith};
use swash::{CacheKey, FontRef};

use crate::device::lang::escpos::{Bitmap, Glyph, GlyphSource};

/// Outlines of one font. Shared by all printers that use it.
pub struct FontGlyphs {
    data: Vec<u8>,
    offset: u32,
    key: CacheKey,
    scaler: Mutex<ScaleContext>,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FontError {
    #[error("the file is not a TrueType or OpenType font: name one such as /usr/share/fonts/opentype/unifont/unifont.otf (fonts-unifont)")]
    NotAFont,
    #[error("the font has no outline for the letter A: name a font with outlines")]
    NoOutlines,
}

/// A dot is black when the outline covers at least this much of it, of 255.
const COVERED: u8 = 120;

impl FontGlyphs {
    /// `data`: the whole file, TrueType or OpenType; of a collection the first font.
    pub fn from_bytes(data: Vec<u8>) -> Result<FontGlyphs, FontError> {
        let font = FontRef::from_index(&data, 0).ok_or(FontError::NotAFont)?;
        let (offset, key) = (font.offset, font.key);
        let glyphs = FontGlyphs { data, offset, key, scaler: Mutex::new(ScaleContext::new()) };
        let letter = glyphs.glyph('A', 24).ok_or(FontError::NoOutlines)?;
        if letter.dots.bits.iter().all(|byte| *byte == 0) { Err(FontError::NoOutlines) } else { Ok(glyphs) }
    }

    fn font(&self) -> FontRef<'_> {
        FontRef { data: &self.data, offset: self.offset, key: self.key }
    }
}

impl GlyphSource for FontGlyphs {
    fn covers(&self, c: char) -> bool {
        self.font().charmap().map(c) != 0
    }

    fn glyph(&self, c: char, cell_height: usize) -> Option<Glyph> {
        let font = self.font();
        let id = font.charmap().map(c);
        if id == 0 {
            return None;
        }
        if c.is_whitespace() {
            return Some(Glyph { left: 0, top: 0, dots: Bitmap::new(0, 0) });
        }
        // The font's line, from its highest to its lowest point, fills the cell.
        let metrics = font.metrics(&[]);
        let line = metrics.ascent + metrics.descent;
        let size = cell_height as f32 * f32::from(metrics.units_per_em) / line;
        let baseline = (cell_height as f32 * metrics.ascent / line).round() as i32;
        let mut scaler = self.scaler.lock().unwrap_or_else(PoisonError::into_inner);
        let mut scaler = scaler.builder(font).size(size).hint(true).build();
        let image = Render::new(&[Source::Outline, Source::Bitmap(StrikeWith::BestFit)]).render(&mut scaler, id)?;
        let (width, height) = (image.placement.width as usize, image.placement.height as usize);
        let mut dots = Bitmap::new(width, height);
        for (at, _) in image.data.iter().take(width * height).enumerate().filter(|(_, alpha)| **alpha >= COVERED) {
            dots.set(at % width, at / width);
        }
        Some(Glyph { left: image.placement.left, top: baseline - image.placement.top, dots })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_font_is_refused_with_the_remedy() {
        for bytes in [Vec::new(), b"not a font".to_vec(), vec![0; 4096]] {
            let error = FontGlyphs::from_bytes(bytes).err().unwrap();
            assert!(error.to_string().contains("fonts-unifont"), "{error}");
        }
    }
}
