//! ZPL II for label printers: a label to bytes, a printer's answers to meaning, and the other direction for the simulator and its page.
//!
//! Our own bytes, because no crate writes text that cannot break out of its field. Source of the commands: Zebra's ZPL II programming guide
//! (45541L); what clones lack stands in their profiles.

pub mod encode;
pub mod interpret;
pub mod picture;
pub mod profile;
pub mod reply;

pub use encode::{LabelError, encode};
pub use interpret::{Heard, Immediate, Interpreter, LabelPicture, Part};
pub use picture::{label_dots, label_svg};
pub use profile::{LabelProfile, StatusKind};
pub use reply::{LabelReply, LabelReplyParser, LabelStatus, LabelTrouble};

/// Width of a character of the printer's scalable font, in hundredths of its height; a little more than it really takes, so that what fits by
/// this fits on paper. Also how the simulator sets its type.
pub(super) fn char_hundredths(c: char) -> usize {
    match c {
        'i' | 'j' | 'l' | 'I' | '.' | ',' | ':' | ';' | '\'' | '!' | '|' | ' ' | 'f' | 't' | '/' | '(' | ')' | '-' => 34,
        'M' | 'W' | 'm' | 'w' | '@' | '%' => 86,
        '0'..='9' | 'a'..='z' => 56,
        ' '..='~' => 66,
        '\u{a0}'..='\u{17f}' => 66,
        _ => 100,
    }
}

/// Dots that a text takes at a height.
pub(super) fn text_dots(text: &str, height: usize) -> usize {
    text.chars().map(char_hundredths).sum::<usize>() * height / 100
}
