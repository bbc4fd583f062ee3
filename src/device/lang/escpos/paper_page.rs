//! The paper as text for tests, and as SVG for the page that shows a simulated printer. One unit of the drawing is one dot of the print head. No inline
//! style and no script: the page's content policy forbids both; [`PAPER_CSS`] belongs into its style sheet.

use maud::{Markup, html};

use super::paper::{CUT_DOTS, Paper, PaperRow, Span, SpanStyle};
use super::raster::Bitmap;
use crate::document::{Align, align, text};

/// For the style sheet of the page that shows papers.
pub const PAPER_CSS: &str = "\
.papers { display: flex; flex-direction: column; align-items: center; gap: 1.5rem; }
.paper { display: block; max-width: 100%; height: auto; background: #fffefa; box-shadow: 0 1px 6px rgb(0 0 0 / 35%); }
.paper text { font-family: \"DejaVu Sans Mono\", \"Liberation Mono\", Menlo, Consolas, monospace; fill: #1c1c1c; white-space: pre; }
.paper .bold { font-weight: 700; }
.paper .underline { text-decoration: underline; }
.paper .reverse { fill: #fffefa; }
.paper .ink { fill: #1c1c1c; }
.paper .knife { stroke: #b9b4a6; stroke-width: 2; stroke-dasharray: 8 8; }
";

/// Rows as plain lines, as `document::text` writes them; a picture stands as its size.
pub fn paper_text(paper: &Paper) -> String {
    let mut lines = Vec::new();
    for row in &paper.rows {
        match row {
            PaperRow::Text { spans, align: side, .. } => {
                let line: String = spans.iter().map(|span| span.text.as_str()).collect();
                lines.push(align(&line, *side, paper.columns));
            }
            PaperRow::Barcode { data, bars: Some(_), align: side, .. } => {
                lines.push(align(&format!("[barcode {data}]"), *side, paper.columns));
            }
            PaperRow::Qr { data, align: side, .. } => lines.push(align(&format!("[QR {data}]"), *side, paper.columns)),
            PaperRow::Picture { dots, .. } => lines.push(format!("[picture {}x{}]", dots.width, dots.height)),
            PaperRow::Barcode { bars: None, .. } | PaperRow::Feed { .. } | PaperRow::Cut { .. } => {}
        }
    }
    text::join(&lines)
}

/// One drawing per paper, the newest last; what still hangs in the printer is the last one.
pub fn paper_html(paper: &Paper) -> String {
    let papers = paper.rows.split_inclusive(|row| matches!(row, PaperRow::Cut { .. }));
    html! { div.papers { @for rows in papers { (drawing(paper, rows)) } } }.into_string()
}

/// Blank dots at all sides: what of the paper the head does not reach.
const MARGIN: usize = 24;
/// How large a paper is shown when there is room: somewhat over life size.
const PIXELS_PER_INCH: usize = 135;
/// The type fills its 24 dots with this size of a common monospaced font; [`draw_span`] fits the width.
const TYPE_SIZE: usize = 20;

fn drawing(paper: &Paper, rows: &[PaperRow]) -> Markup {
    let width = paper.dots + 2 * MARGIN;
    let mut y = MARGIN;
    let mut drawn = Vec::with_capacity(rows.len());
    for row in rows {
        drawn.push(draw_row(paper, row, y));
        y += row.dots_high();
    }
    let height = y + MARGIN;
    let view_box = format!("0 0 {width} {height}");
    let pixels = |dots: usize| dots * PIXELS_PER_INCH / paper.dpi;
    html! {
        svg.paper xmlns="http://www.w3.org/2000/svg" viewBox=(view_box) width=(pixels(width)) height=(pixels(height)) {
            @for row in drawn { (row) }
        }
    }
}

fn draw_row(paper: &Paper, row: &PaperRow, y: usize) -> Markup {
    let left = |width: usize, side: Align| MARGIN + side.offset(width, paper.dots);
    match row {
        PaperRow::Text { spans, align: side, dots_high } => {
            let mut x = left(paper.spans_dots(spans), *side);
            html! {
                @for span in spans {
                    (draw_span(span, paper.cell_dots(span.style), x, y, *dots_high))
                    ({ x += paper.cell_dots(span.style) * span.text.chars().count(); "" })
                }
            }
        }
        PaperRow::Barcode { bars: Some(bars), module_dots, dots_high, align: side, data, readable, .. } => {
            let x = left(bars.len() * module_dots, *side);
            let text_x = left(data.len() * 12, *side);
            html! {
                path.ink d=(runs(bars, bars.len(), *module_dots, *dots_high, x, y)) shape-rendering="crispEdges" {}
                @if *readable { text x=(text_x) y=(y + dots_high + TYPE_SIZE) font-size=(TYPE_SIZE) textLength=(data.len() * 12) { (data) } }
            }
        }
        PaperRow::Qr { modules, width, module_dots, align: side, data } => {
            let x = left(width * module_dots, *side);
            // What a scanner would read stands with it, for who has only the page.
            html! { path.ink d=(runs(modules, *width, *module_dots, *module_dots, x, y)) shape-rendering="crispEdges" data-qr=(data) {} }
        }
        PaperRow::Picture { dots, align: side } => {
            html! { path.ink d=(picture_runs(dots, left(dots.width, *side), y)) shape-rendering="crispEdges" {} }
        }
        PaperRow::Cut { .. } => {
            html! { line.knife x1="0" x2=(paper.dots + 2 * MARGIN) y1=(y + CUT_DOTS) y2=(y + CUT_DOTS) {} }
        }
        PaperRow::Barcode { bars: None, .. } | PaperRow::Feed { .. } => html! {},
    }
}

fn draw_span(span: &Span, cell: usize, x: usize, y: usize, line_high: usize) -> Markup {
    let SpanStyle { emphasis, underline, reverse, height, small, .. } = span.style;
    let count = span.text.chars().count();
    let size = (if small { TYPE_SIZE * 3 / 4 } else { TYPE_SIZE }) * usize::from(height);
    let baseline = y + line_high.min(24 * usize::from(height)) * 4 / 5;
    let classes = [("bold", emphasis), ("underline", underline), ("reverse", reverse)];
    let class: Vec<&str> = classes.iter().filter(|(_, on)| *on).map(|(class, _)| *class).collect();
    html! {
        @if reverse { rect.ink x=(x) y=(y) width=(cell * count) height=(line_high) {} }
        text class=[(!class.is_empty()).then(|| class.join(" "))] x=(x) y=(baseline) font-size=(size) textLength=(cell * count)
            lengthAdjust="spacingAndGlyphs" xml:space="preserve" { (span.text) }
    }
}

fn picture_runs(dots: &Bitmap, x: usize, y: usize) -> String {
    let modules: Vec<bool> = (0..dots.height).flat_map(|row| (0..dots.width).map(move |column| dots.get(column, row))).collect();
    runs(&modules, dots.width, 1, 1, x, y)
}

/// Black modules as the data of one path: a rectangle for each run in a row.
fn runs(modules: &[bool], width: usize, scale_x: usize, scale_y: usize, left: usize, top: usize) -> String {
    let mut path = String::new();
    for (index, row) in modules.chunks(width.max(1)).enumerate() {
        let mut at = 0;
        for run in row.chunk_by(|a, b| a == b) {
            if run[0] {
                let (x, y, wide) = (left + at * scale_x, top + index * scale_y, run.len() * scale_x);
                path.push_str(&format!("M{x} {y}h{wide}v{scale_y}h-{wide}z"));
            }
            at += run.len();
        }
    }
    path
}
