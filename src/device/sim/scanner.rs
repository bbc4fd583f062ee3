//! A simulated scanner on a pseudo terminal: what it "reads" goes down the line as a real one in USB-serial mode would send it.

use std::io;
use std::path::Path;

use super::Pty;

/// Unplugged when dropped.
pub struct SimScanner {
    line: Pty,
}

/// The AIM symbology identifier that a scanner puts in front.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aim {
    /// Not switched on.
    None,
    /// EAN-13, UPC-A, UPC-E.
    Ean13,
    Ean8,
    Code128,
    Gs1_128,
    Itf14,
    DataBar,
    Gs1DataMatrix,
    Gs1Qr,
    Qr,
}

impl Aim {
    pub const fn text(self) -> &'static str {
        match self {
            Aim::None => "",
            Aim::Ean13 => "]E0",
            Aim::Ean8 => "]E4",
            Aim::Code128 => "]C0",
            Aim::Gs1_128 => "]C1",
            Aim::Itf14 => "]I1",
            Aim::DataBar => "]e0",
            Aim::Gs1DataMatrix => "]d2",
            Aim::Gs1Qr => "]Q3",
            Aim::Qr => "]Q1",
        }
    }

    /// What a label with this text would most likely be printed as.
    pub fn likely(code: &str) -> Aim {
        let digits = !code.is_empty() && code.bytes().all(|b| b.is_ascii_digit());
        match (digits, code.len()) {
            (true, 12 | 13) => Aim::Ean13,
            (true, 8) => Aim::Ean8,
            (true, 14) => Aim::Itf14,
            _ if code.contains("://") => Aim::Qr,
            _ => Aim::Code128,
        }
    }
}

impl SimScanner {
    /// `link`: the path the driver's configuration names, if it shall be a stable one.
    pub fn new(link: Option<&Path>) -> io::Result<SimScanner> {
        Ok(SimScanner { line: Pty::new(link)? })
    }

    /// What the driver opens.
    pub fn path(&self) -> &Path {
        self.line.path()
    }

    /// Identifier, code, CR. A UPC-A code goes out as 13 digits under `]E0`, as scanners send it.
    pub fn scan(&self, code: &str, aim: Aim) -> io::Result<()> {
        let pad = if aim == Aim::Ean13 && code.len() == 12 { "0" } else { "" };
        self.send(format!("{}{pad}{code}\r", aim.text()).as_bytes())
    }

    /// Any bytes: garbage, half a frame, a frame without end.
    pub fn send(&self, bytes: &[u8]) -> io::Result<()> {
        self.line.write_all(bytes)
    }
}
