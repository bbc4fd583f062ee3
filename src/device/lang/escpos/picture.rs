//! The paper as dots, as the print head burns it: for a receipt that is sent or archived as a picture, and for tests that scan the whole paper.

use super::paper::{Paper, PaperRow, Span};
use super::raster::{Bitmap, GlyphSource};

/// All rows of `paper` as one picture, one dot of the head to a pixel; letters by `font`. A printer's own type looks a little different.
pub fn paper_picture(paper: &Paper, font: &dyn GlyphSource) -> Bitmap {
    let mut canvas = Bitmap::new(paper.dots, paper.rows.iter().map(PaperRow::dots_high).sum());
    let mut top = 0;
    for row in &paper.rows {
        draw(paper, row, top, font, &mut canvas);
        top += row.dots_high();
    }
    canvas
}

/// A picture as a PNG file of one bit per pixel.
pub fn png(picture: &Bitmap) -> Vec<u8> {
    let mut file = Vec::new();
    let side = |dots: usize| u32::try_from(dots.max(1)).expect("a paper has fewer than four billion dots");
    let mut encoder = png::Encoder::new(&mut file, side(picture.width), side(picture.height));
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::One);
    // In a PNG 1 is white.
    let mut rows: Vec<u8> = picture.bits.iter().map(|byte| !byte).collect();
    rows.resize(picture.bytes_per_row().max(1) * picture.height.max(1), 0xff);
    let mut writer = encoder.write_header().expect("a header into memory");
    writer.write_image_data(&rows).expect("rows of the header's size into memory");
    writer.finish().expect("an end into memory");
    file
}

fn draw(paper: &Paper, row: &PaperRow, top: usize, font: &dyn GlyphSource, canvas: &mut Bitmap) {
    match row {
        PaperRow::Text { spans, align, .. } => {
            let mut left = align.offset(paper.spans_dots(spans), paper.dots);
            for span in spans {
                draw_span(span, paper.cell_dots(span.style), left, top, font, canvas);
                left += paper.cell_dots(span.style) * span.text.chars().count();
            }
        }
        PaperRow::Barcode { bars: Some(bars), module_dots, dots_high, align, .. } => {
            let left = align.offset(bars.len() * module_dots, paper.dots);
            canvas.stamp(bars, bars.len(), (*module_dots, *dots_high), (left, top));
        }
        PaperRow::Qr { modules, width, module_dots, align, .. } => {
            let left = align.offset(width * module_dots, paper.dots);
            canvas.stamp(modules, *width, (*module_dots, *module_dots), (left, top));
        }
        PaperRow::Picture { dots, align } => {
            let left = align.offset(dots.width, paper.dots);
            for (x, y) in (0..dots.height).flat_map(|y| (0..dots.width).map(move |x| (x, y))).filter(|(x, y)| dots.get(*x, *y)) {
                canvas.set(left + x, top + y);
            }
        }
        PaperRow::Barcode { bars: None, .. } | PaperRow::Feed { .. } | PaperRow::Cut { .. } => {}
    }
}

fn draw_span(span: &Span, cell: usize, left: usize, top: usize, font: &dyn GlyphSource, canvas: &mut Bitmap) {
    let (wide, high) = (usize::from(span.style.width), usize::from(span.style.height));
    let size = if span.style.small { 17 } else { 24 };
    for (index, c) in span.text.chars().enumerate() {
        if let Some(glyph) = font.glyph(c, size) {
            canvas.draw(&glyph, left + index * cell, top, (wide, high), span.style.emphasis);
        }
    }
}
