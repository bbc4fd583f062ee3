//! The label on a bag of a collect order: what it says as values, and where each of them stands on a label of any size. Lengths are in tenths
//! of a millimetre: how many dots that is, is the printer's business.

use super::locale::Word;
use super::{Align, Code128, Locale, Printable};
use crate::ids::OrderNo;
use crate::retail::order::{Zone, bag_code};

/// What one bag's label says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BagLabel {
    pub order: OrderNo,
    pub initials: Printable,
    pub zone: Zone,
    /// From 1.
    pub bag: u32,
    /// How many the order has.
    pub bags: u32,
    /// Until when the customer was told that it is ready: the shop's wall clock.
    pub ready_by: Printable,
    /// 0: the first label of this bag. From 1 on it says so.
    pub copy: u32,
    pub locale: Locale,
}

/// The size of one label.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LabelSize {
    pub width: u32,
    pub height: u32,
}

/// A label laid out: what stands where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    pub size: LabelSize,
    pub marks: Vec<Mark>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mark {
    /// One line of type as high as its area, or smaller when it would be too wide. `inverse`: white on black.
    Text { area: Area, text: Printable, align: Align, inverse: bool },
    /// Never printed with narrower bars than scanners read.
    Code128 { area: Area, code: Code128 },
}

/// From the label's upper left corner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Area {
    pub x: u32,
    pub y: u32,
    pub width: u32,
    pub height: u32,
}

impl LabelSize {
    /// The smallest on which every part can be read from an arm's length, and the longest order number scanned.
    pub const MIN: LabelSize = LabelSize { width: 800, height: 400 };
    pub const MAX: LabelSize = LabelSize { width: 2_000, height: 2_000 };
}

/// The layout is drawn for a label of this height and stretched to others.
const DRAWN_HEIGHT: u32 = 500;
const MARGIN: u32 = 30;

impl BagLabel {
    /// From what one looks for first to what only a scanner reads: order and bag, whose and where it is kept, until when, and the code.
    pub fn laid_out(&self, size: LabelSize) -> Label {
        let tall = |drawn: u32| drawn * size.height / DRAWN_HEIGHT;
        let inner = size.width.saturating_sub(2 * MARGIN);
        let right = |width: u32| MARGIN + inner - width;
        let row = |x: u32, y: u32, width: u32, height: u32| Area { x, y: tall(y), width, height: tall(height) };
        let (count, zone) = (inner * 3 / 10, inner * 5 / 10);
        let text = |area: Area, text: &str, align: Align| Mark::Text { area, text: Printable::new(text), align, inverse: false };
        let mut marks = vec![
            text(row(MARGIN, 25, inner - count - MARGIN, 150), self.order.as_str(), Align::Left),
            text(row(right(count), 25, count, 150), &format!("{}/{}", self.bag, self.bags), Align::Right),
            text(row(MARGIN, 185, inner - zone - MARGIN, 80), self.initials.as_str(), Align::Left),
            Mark::Text {
                area: row(right(zone), 180, zone, 85),
                text: Printable::new(self.locale.word(zone_word(self.zone))),
                align: if self.zone == Zone::Ambient { Align::Right } else { Align::Centre },
                inverse: self.zone != Zone::Ambient,
            },
            text(
                row(MARGIN, 275, inner * 13 / 20, 50),
                &format!("{} {}", self.locale.word(Word::ReadyBy), self.ready_by.as_str()),
                Align::Left,
            ),
        ];
        if self.copy > 0 {
            let words = format!("{} {}", self.locale.word(Word::Reprint), self.copy);
            let third = inner * 3 / 10;
            marks.push(text(row(right(third), 275, third, 50), &words, Align::Right));
        }
        let code = bag_code(&self.order, self.bag);
        marks.extend(Code128::new(&code).map(|code| Mark::Code128 { area: row(0, 335, size.width, 115), code }));
        marks.push(text(row(MARGIN, 455, inner, 32), &code, Align::Centre));
        Label { size, marks }
    }
}

fn zone_word(zone: Zone) -> Word {
    match zone {
        Zone::Ambient => Word::ZoneAmbient,
        Zone::Chilled => Word::ZoneChilled,
        Zone::Frozen => Word::ZoneFrozen,
    }
}
