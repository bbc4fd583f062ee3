//! ESC/POS: a document to bytes, a printer's answers to meaning, and the other direction for simulators and the page that shows the paper.
//!
//! The `escpos` crate builds what it builds right: initialising, emphasis, font, size, alignment and native QR codes, into a buffer of
//! ours. The rest is our own bytes, because the crate (0.20.1)
//! * lets control characters in text through (an article's name could open the drawer) and sends a character outside the page as UTF-8;
//! * knows code pages by Epson's numbers only, and one page per document: we switch per run, by the profile's numbers;
//! * has no Code 128, and sends bar codes in the old NUL-terminated form without checking their digits;
//! * sends the drawer pulse without its two times, which eats the next two bytes, and a full cut when asked for a partial one;
//! * has no process id, no automatic status and no parser for what comes back; its pictures pull in a hundred crates.
//!
//! Limits, stated: no Arabic or Indic shaping and no bidirectional layout. Such scripts are drawn letter by letter from left to right.

pub mod commands;
pub mod encode;
pub mod interpret;
pub mod paper;
pub mod paper_page;
pub mod picture;
pub mod profile;
pub mod reply;
pub mod status;

pub(super) mod code128;
mod raster;
mod slip;

pub use commands::{Identify, ProcessId, RealTimeQuery, StatusQuery};
pub use encode::{Encoded, FenceSent, Options, as_shown, encode};
pub use interpret::{Interpreter, PaperOp, RealTimeCommand, RealTimeScanner};
pub use paper::{Paper, PaperRow};
pub use paper_page::{PAPER_CSS, paper_html, paper_text};
pub use picture::{paper_picture, png};
pub use profile::PrinterProfile;
pub use raster::{Bitmap, Glyph, GlyphSource};
pub use reply::{Asb, Query, Reply, ReplyParser};
pub use slip::test_slip;
pub use status::{PaperStatus, PrinterStatus, Trouble};
