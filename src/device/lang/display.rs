//! Customer displays of two lines of twenty characters. Both lines are sent whole each time, padded with spaces: the simplest way, and one that
//! heals itself after a glitch. Their code pages differ too much to be trusted: text goes out as ASCII.

use serde::{Deserialize, Serialize};

use super::to_ascii;

/// Characters in a line.
pub const DISPLAY_COLUMNS: usize = 20;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DisplayLanguage {
    /// Epson DM-D, Bixolon BCD and most others.
    EscPosVfd,
    Cd5220,
}

/// Sent once after the port was opened: initialise, cursor off.
pub fn initialise(language: DisplayLanguage) -> Vec<u8> {
    match language {
        DisplayLanguage::EscPosVfd => vec![0x1b, 0x40, 0x1f, 0x43, 0x00],
        DisplayLanguage::Cd5220 => vec![0x1b, 0x40, 0x0c, 0x1b, 0x5f, 0x00],
    }
}

/// Both lines. What is longer than a line is cut.
pub fn show(language: DisplayLanguage, upper: &str, lower: &str) -> Vec<u8> {
    let line = |text: &str| -> Vec<u8> { format!("{:<DISPLAY_COLUMNS$.DISPLAY_COLUMNS$}", to_ascii(text)).into_bytes() };
    match language {
        DisplayLanguage::EscPosVfd => [vec![0x1f, 0x24, 1, 1], line(upper), vec![0x1f, 0x24, 1, 2], line(lower)].concat(),
        DisplayLanguage::Cd5220 => [vec![0x1b, 0x51, 0x41], line(upper), vec![0x0d, 0x1b, 0x51, 0x42], line(lower), vec![0x0d]].concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_lines_are_always_whole() {
        let bytes = show(DisplayLanguage::EscPosVfd, "Käse", "a name much too long for it");
        assert_eq!(bytes, b"\x1f\x24\x01\x01Kaese               \x1f\x24\x01\x02a name much too long");
        let bytes = show(DisplayLanguage::Cd5220, "\x1b@\x0c", "");
        assert_eq!(bytes, b"\x1bQA?@?                 \x0d\x1bQB                    \x0d");
    }
}
