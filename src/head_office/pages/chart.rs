//! Charts, drawn here as SVG: bars over days or hours with round numbers at the axis. Pure: numbers and words in, markup out. Colours come from
//! the style sheet, so both themes fit; a screen reader hears title and description, and the table behind each chart has every number.

use maud::{Markup, PreEscaped, html};

const WIDTH: i64 = 600;
const HEIGHT: i64 = 210;
/// Room for the numbers at the left, and for the labels below.
const LEFT: i64 = 64;
const BOTTOM: i64 = 24;
const TOP: i64 = 10;
const LABELS_MAX: usize = 10;
const STEPS_MAX: i64 = 5;

/// One column of a chart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bar {
    /// Below the axis; not every one is written when there are many.
    pub label: String,
    /// What is shown to a pointer that rests on it.
    pub words: String,
    pub value: i64,
}

pub struct Chart<'a> {
    /// Unique on its page.
    pub id: &'a str,
    pub title: &'a str,
    /// What a reader without the picture should know.
    pub description: String,
    pub bars: Vec<Bar>,
    /// A line to compare with, column by column; empty: none.
    pub line: Vec<i64>,
    /// How a number at the axis is written.
    pub axis: &'a dyn Fn(i64) -> String,
}

impl Chart<'_> {
    pub fn draw(&self) -> Markup {
        let values = || self.bars.iter().map(|bar| bar.value).chain(self.line.iter().copied());
        let marks = marks(values().min().unwrap_or(0), values().max().unwrap_or(0));
        let (least, most) = (marks.first().copied().unwrap_or(0), marks.last().copied().unwrap_or(1));
        let height_of = |value: i64| at(value, least, most);
        let (title, description) = (format!("{}-title", self.id), format!("{}-text", self.id));
        let every = self.bars.len().div_ceil(LABELS_MAX).max(1);
        html! {
            div .chart tabindex="0" {
                svg viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img" aria-labelledby={ (title) " " (description) } {
                    title id=(title) { (self.title) }
                    desc id=(description) { (self.description) }
                    @for mark in &marks {
                        @let y = height_of(*mark);
                        line .grid .zero[*mark == 0] x1=(LEFT) x2=(WIDTH) y1=(y) y2=(y) {}
                        text .mark x=(LEFT - 8) y=(y + 4) text-anchor="end" { ((self.axis)(*mark)) }
                    }
                    @for (index, bar) in self.bars.iter().enumerate() {
                        @let (from, width) = self.column(index);
                        @let (zero, top) = (height_of(0), height_of(bar.value));
                        g {
                            title { (bar.words) }
                            // The whole column answers to a pointer, however low its bar.
                            rect .hover x=(from) y=(TOP) width=(width) height=(HEIGHT - BOTTOM - TOP) {}
                            rect .bar x=(from + width / 8) y=(top.min(zero)) width=((width * 3 / 4).max(1)) height=((top - zero).abs()) {}
                        }
                        @if index % every == 0 {
                            text .label x=(from + width / 2) y=(HEIGHT - 7) text-anchor="middle" { (bar.label) }
                        }
                    }
                    @if self.line.len() > 1 { polyline .before points=(self.points(&height_of)) {} }
                }
            }
        }
    }

    /// Where a column begins, and how wide it is.
    fn column(&self, index: usize) -> (i64, i64) {
        let count = i64::try_from(self.bars.len().max(self.line.len())).unwrap_or(1).max(1);
        let index = i64::try_from(index).unwrap_or(0);
        let edge = |index: i64| LEFT + (WIDTH - LEFT) * index / count;
        (edge(index), edge(index + 1) - edge(index))
    }

    fn points(&self, height_of: &dyn Fn(i64) -> i64) -> PreEscaped<String> {
        let points = self.line.iter().enumerate().map(|(index, value)| {
            let (from, width) = self.column(index);
            format!("{},{}", from + width / 2, height_of(*value))
        });
        PreEscaped(points.collect::<Vec<_>>().join(" "))
    }
}

/// From the top of the picture.
fn at(value: i64, least: i64, most: i64) -> i64 {
    let room = i128::from(HEIGHT - BOTTOM - TOP);
    let span = (i128::from(most) - i128::from(least)).max(1);
    let above = (i128::from(value) - i128::from(least)) * room / span;
    HEIGHT - BOTTOM - i64::try_from(above).unwrap_or(0)
}

/// Round numbers from at or below `least` to at or above `most`, zero among them: steps of 1, 2 or 5 times a power of ten.
pub fn marks(least: i64, most: i64) -> Vec<i64> {
    let (least, most) = (least.min(0), most.max(0));
    if least == most {
        return vec![0, 1];
    }
    let mut step: i64 = 1;
    let mut factors = [2, 5, 10].into_iter().cycle();
    let mut power = 1;
    let count = |step: i64| most.div_euclid(step) + i64::from(most.rem_euclid(step) > 0) - least.div_euclid(step);
    while count(step) > STEPS_MAX {
        let factor = factors.next().unwrap_or(10);
        step = power * factor;
        if factor == 10 {
            power = step;
        }
    }
    let first = least.div_euclid(step);
    (0..=count(step)).map(|index| (first + index) * step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_axis_has_round_numbers_around_all_values() {
        let check = |least: i64, most: i64, expected: &[i64]| assert_eq!(marks(least, most), expected, "{least} to {most}");
        check(0, 0, &[0, 1]);
        check(0, 1, &[0, 1]);
        check(3, 7, &[0, 2, 4, 6, 8]);
        check(0, 66_800, &[0, 20_000, 40_000, 60_000, 80_000]);
        check(0, 100_000, &[0, 20_000, 40_000, 60_000, 80_000, 100_000]);
        check(-129, 466, &[-200, 0, 200, 400, 600]);
        check(-500, -20, &[-500, -400, -300, -200, -100, 0]);
    }

    fn chart(values: &[i64], line: Vec<i64>) -> String {
        let bars = values.iter().map(|value| Bar { label: "<a>".to_owned(), words: format!("{value}"), value: *value }).collect();
        let axis = |value: i64| value.to_string();
        Chart { id: "c", title: "Sales", description: "By day & hour.".to_owned(), bars, line, axis: &axis }.draw().into_string()
    }

    #[test]
    fn a_bar_stands_on_zero_and_what_is_less_hangs_from_it() {
        // From -50 to 100 on 176 units: zero is 58 above the ground.
        let text = chart(&[100, -50], Vec::new());
        assert!(text.contains(r#"y="10" width="201" height="118""#), "{text}");
        assert!(text.contains(r#"y="128" width="201" height="58""#), "{text}");
        assert!(text.contains("&lt;a&gt;") && text.contains("By day &amp; hour."), "words are escaped");
        assert!(text.contains(r#"aria-labelledby="c-title c-text""#) && text.contains(r#"role="img""#));
    }

    #[test]
    fn many_columns_are_not_all_labelled_and_none_are_no_trouble() {
        assert_eq!(chart(&[1; 366], Vec::new()).matches("class=\"label\"").count(), 10);
        assert!(chart(&[1, 2, 3], vec![3, 2, 1]).contains("polyline"));
        assert!(chart(&[], Vec::new()).contains("</svg>"));
    }
}
