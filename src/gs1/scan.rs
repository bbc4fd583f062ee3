//! A scan as it left the scanner, and how to show one to a person. Nothing is interpreted here.

use super::aim::AimId;

/// The most that one symbol can hold (QR version 40, digits only). A longer frame is not one scan: a stuck trigger, a wrong port.
pub const SCAN_BYTES_MAX: usize = 7_089;

/// A toast has room for this much; the rest is counted, not shown.
pub const SHOWN_CHARS_MAX: usize = 200;

/// The data of one symbol. The terminator is already off, the AIM identifier apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scan {
    raw: Vec<u8>,
    aim: Option<AimId>,
}

/// Why a frame is not a scan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadScan {
    #[error("an empty scan; scan again")]
    Empty,
    #[error("a scan of {bytes} bytes is longer than any bar code ({SCAN_BYTES_MAX}); check the scanner's suffix and port settings")]
    TooLong { bytes: usize },
}

impl Scan {
    /// From a frame whose terminator the device profile has cut off. With `aim_expected` a leading `]cm` is taken for the AIM
    /// identifier; a frame without one is still a scan, of which less is known.
    pub fn from_frame(frame: &[u8], aim_expected: bool) -> Result<Scan, BadScan> {
        match frame.split_first_chunk().and_then(|(three, rest)| Some((AimId::parse(*three)?, rest))) {
            Some((aim, rest)) if aim_expected => Scan::new(rest, Some(aim)),
            _ => Scan::new(frame, None),
        }
    }

    /// From an interface that sends the identifier apart from the data (HID POS).
    pub fn new(raw: &[u8], aim: Option<AimId>) -> Result<Scan, BadScan> {
        if raw.len() > SCAN_BYTES_MAX {
            return Err(BadScan::TooLong { bytes: raw.len() });
        }
        if raw.is_empty() {
            return Err(BadScan::Empty);
        }
        Ok(Scan { raw: raw.to_vec(), aim })
    }

    /// Typed by a person: space around it is not meant.
    pub fn typed(text: &str) -> Result<Scan, BadScan> {
        Scan::new(text.trim().as_bytes(), None)
    }

    /// One byte at least, [`SCAN_BYTES_MAX`] at most.
    pub fn raw(&self) -> &[u8] {
        &self.raw
    }
    pub fn aim(&self) -> Option<AimId> {
        self.aim
    }
}

/// The bytes for a person's eyes: printable text as it is, control characters by their symbols (GS as ␝), characters that would hide or
/// turn the text and bytes that are no UTF-8 as escapes. At most [`SHOWN_CHARS_MAX`] characters, then the length.
pub fn shown(raw: &[u8]) -> String {
    let mut text = String::new();
    for chunk in raw.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\0'..='\x1f' => text.extend(char::from_u32(0x2400 + u32::from(c))),
                '\x7f' => text.push('\u{2421}'),
                _ if is_hidden(c) => text.extend(c.escape_unicode()),
                _ => text.push(c),
            }
        }
        for byte in chunk.invalid() {
            text.push_str(&format!("\\x{byte:02X}"));
        }
    }
    match text.char_indices().nth(SHOWN_CHARS_MAX) {
        Some((cut, _)) => format!("{}… ({} bytes)", &text[..cut], raw.len()),
        None => text,
    }
}

/// Controls, line separators, and the marks that turn or join text without being seen.
pub(super) fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
        || matches!(c, '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}
