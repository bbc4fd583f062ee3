//! GS1 messages: application identifiers with their values, from the bytes behind FNC1. Each value is checked against the table; what
//! stands together is checked as far as one label can tell.

use super::ai::{AiRow, matches};
use super::misread::Misread;

/// FNC1 behind a value, as scanners transmit it.
pub const GS: char = '\x1d';

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Element {
    /// Two to four digits.
    pub ai: String,
    /// Valid by the table.
    pub value: String,
}

/// At least one element; no identifier twice; nothing that contradicts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Elements(Vec<Element>);

impl Elements {
    /// Reads an element string. Needless separators (in front, doubled, behind the last) are passed over: printers put them there.
    pub fn parse(data: &str) -> Result<Elements, Misread> {
        let mut found = Vec::new();
        let mut rest = data.trim_start_matches(GS);
        while !rest.is_empty() {
            let Some((ai, row)) = AiRow::at_start(rest) else {
                let shown = super::shown(rest.chars().take(4).collect::<String>().as_bytes());
                return Err(Misread::AiUnknown { shown });
            };
            let behind = &rest[ai.len()..];
            let end = behind.find(GS).unwrap_or(behind.len());
            let end = if row.fixed { behind.floor_char_boundary(row.length_max().min(end)) } else { end };
            found.push((row, Element { ai: ai.to_owned(), value: behind[..end].to_owned() }));
            rest = behind[end..].trim_start_matches(GS);
        }
        Elements::checked(found)
    }

    /// From elements found elsewhere (a Digital Link). Checks each value and what stands together.
    pub(super) fn checked(found: Vec<(&'static AiRow, Element)>) -> Result<Elements, Misread> {
        let mut elements: Vec<Element> = Vec::new();
        for (row, element) in found {
            row.check_value(&element.ai, &element.value)?;
            match elements.iter().find(|e| e.ai == element.ai) {
                None => elements.push(element),
                Some(before) if before.value == element.value => {}
                Some(_) => return Err(Misread::AiTwice { ai: element.ai, name: row.name }),
            }
        }
        if elements.is_empty() {
            return Err(Misread::AiUnknown { shown: String::new() });
        }
        let elements = Elements(elements);
        match elements.contradiction() {
            Some((first, second)) => Err(Misread::AiContradiction { first: first.to_owned(), second: second.to_owned() }),
            None => Ok(elements),
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = &Element> {
        self.0.iter()
    }

    pub fn get(&self, ai: &str) -> Option<&str> {
        self.0.iter().find(|e| e.ai == ai).map(|e| e.value.as_str())
    }

    /// The value of an identifier whose fourth digit counts the decimals ("310" for 310n), and these.
    pub fn get_decimal(&self, ai_start: &str) -> Option<(&str, u32)> {
        let element = self.0.iter().find(|e| e.ai.len() == 4 && e.ai.starts_with(ai_start))?;
        Some((&element.value, u32::from(element.ai.as_bytes()[3] - b'0')))
    }

    /// Identifiers that miss the company they must keep. Other labels on the same item may carry it, so one scan alone is not wrong.
    pub fn unaccompanied(&self) -> Vec<&Element> {
        let here = |pattern: &str| self.0.iter().any(|e| matches(pattern, &e.ai));
        let alone = |element: &&Element| {
            let needs = AiRow::find(&element.ai).map_or("", |row| row.needs);
            !needs.is_empty() && !needs.split(' ').any(|group| group.split('+').all(here))
        };
        self.0.iter().filter(alone).collect()
    }

    fn contradiction(&self) -> Option<(&str, &str)> {
        self.0.iter().find_map(|element| {
            let excludes = AiRow::find(&element.ai)?.excludes;
            let excluded = |other: &&Element| other.ai != element.ai && excludes.split(' ').any(|pattern| matches(pattern, &other.ai));
            self.0.iter().find(excluded).map(|other| (element.ai.as_str(), other.ai.as_str()))
        })
    }
}
