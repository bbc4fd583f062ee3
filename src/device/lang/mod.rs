//! Languages: bytes to meaning and back. Pure: no ports, no clock, no logging. A device's owner moves the bytes.

pub mod code_page;
pub mod display;
pub mod escpos;
pub mod frame;
pub mod scale;
pub mod transliterate;
pub mod wedge;
pub mod zpl;
pub mod zvt;

pub use code_page::CodePage;
pub use transliterate::{to_ascii, transliterate};
