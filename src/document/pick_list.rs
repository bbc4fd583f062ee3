//! The list for whoever picks without a handheld: what is left of up to six orders, in the order in which one walks past the shelves.

use super::cash::Stationery;
use super::locale::Word;
use super::{Block, Cell, Code128, Document, Style};
use crate::retail::order::{Order, OrderLine, Zone};

/// The letters of a batch's totes, as on the picker's page.
const LETTERS: [&str; 6] = ["A", "B", "C", "D", "E", "F"];

impl Stationery {
    /// `ready_by`: the moment of each order in words. A line's code is its article's number, so a scanner at a desk confirms it later.
    pub fn pick_list(&self, orders: &[&Order], ready_by: impl Fn(i64) -> String, copy: u32) -> Document {
        let mut document = self.head(self.locale.word(Word::PickList), copy);
        let is_batch = orders.len() > 1;
        for (order, letter) in orders.iter().zip(LETTERS) {
            let letter = if is_batch { format!("{letter}  ") } else { String::new() };
            let title = format!("{letter}{} {}", self.locale.word(Word::Order), order.asked.order);
            document.pair(0, &title, &order.asked.initials, Style::TALL);
            document.pair(0, self.locale.word(Word::ReadyBy), &ready_by(order.asked.promised_ms), Style::PLAIN);
        }
        let mut lines: Vec<(usize, &Order, &OrderLine)> =
            orders.iter().enumerate().flat_map(|(at, order)| order.open_lines().map(move |line| (at, *order, line))).collect();
        lines.sort_by(|a, b| (&a.2.location, &a.2.sku, a.0).cmp(&(&b.2.location, &b.2.sku, b.0)));
        for (at, order, line) in lines {
            document.block(Block::Rule);
            let place = if line.location.is_empty() { "-" } else { &line.location };
            let zone = match line.zone {
                Zone::Ambient => "",
                Zone::Chilled => self.locale.word(Word::ZoneChilled),
                Zone::Frozen => self.locale.word(Word::ZoneFrozen),
            };
            let tote = if is_batch { format!("-> {}", LETTERS[at % LETTERS.len()]) } else { String::new() };
            document.cells(0, vec![Cell::fill(place), Cell::right(zone, 0), Cell::right(&tote, 0)], Style::TALL);
            let unit = if line.unit.symbol().is_empty() { "x" } else { line.unit.symbol() };
            let quantity = format!("{} {unit}", self.locale.quantity(order.left(line)));
            document.cells(0, vec![Cell::left(&quantity, 0), Cell::fill(&line.name), Cell::right("[  ]", 0)], Style::BOLD);
            if let Some(code) = Code128::new(line.sku.as_str()) {
                document.block(Block::Barcode(code));
            }
            document.centred(line.sku.as_str(), Style::SMALL);
        }
        document.block(Block::Rule);
        self.foot(&mut document, "");
        document
    }
}
