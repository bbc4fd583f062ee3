//! What one kind of printer is and can do, as data with the provenance of each statement. "ESC/POS" is a family and not a protocol: above
//! code page 5 the numbers differ by maker, and what a printer says about itself is a hint at best. The files live in
//! `firmware-config/printers`; those in the repository are built in.

use serde::{Deserialize, Serialize};

use crate::device::lang::CodePage;
use crate::device::port::SerialFormat;

/// A printer profile, checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PrinterProfile {
    /// As the configuration names it: "epson-80mm".
    pub name: String,
    /// For people.
    pub title: String,
    /// Dots across the printable width.
    pub dots: u16,
    /// Characters of font A, the normal type, in a line.
    pub columns_a: u16,
    /// Characters of font B, the small type, in a line.
    pub columns_b: u16,
    pub dpi: u16,
    /// Paper speed, for the estimate of when a job should be done.
    pub speed_mm_s: u16,
    pub capability: Capabilities,
    /// On a serial line: read it off the printer's self-test slip.
    #[serde(default)]
    pub serial: SerialFormat,
    /// In the order in which they are tried.
    #[serde(rename = "code_page")]
    pub code_pages: Vec<CodePageEntry>,
}

/// One thing we hold for true of a printer, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Known<T> {
    pub is: T,
    pub how: Provenance,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Provenance {
    /// The maker's manual, or a table read off real printers.
    Documented,
    /// The printer at hand answered so.
    Probed,
    /// Common practice. Not to be trusted with prices.
    Unverified,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Capabilities {
    /// How the printer can say that all before was printed.
    pub fence: Known<FenceKind>,
    /// Automatic status back, `GS a`.
    pub asb: Known<bool>,
    /// Real-time status, `DLE EOT`.
    pub real_time_status: Known<bool>,
    pub cut: Known<CutKind>,
    /// Blank lines that bring the last line past the tear bar where there is no knife.
    pub feed_end_lines: u8,
    pub drawer: Known<Drawer>,
    pub barcode: Known<BarcodeKind>,
    pub qr: Known<QrKind>,
    pub raster: Known<RasterKind>,
    /// Rows of one raster command, at most 255. Small buffers want less, so that a stall never leaves half a picture's header.
    pub raster_rows_max: u8,
    /// Takes `GS ( D`, which stops pictures from being read as real-time commands.
    pub real_time_disable: Known<bool>,
    /// Must be told to leave Chinese mode (`FS .`), or reads bytes from 80h up in pairs.
    pub kanji_leave: Known<bool>,
    pub buzzer: Known<BuzzerKind>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FenceKind {
    /// `GS ( H` function 48: answered when the data before it has been printed.
    ProcessId,
    /// `GS r 1`: queued; on buffered printers answered when the data before it has been processed.
    StatusRequest,
    /// Nothing comes back that proves anything.
    None,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CutKind {
    Partial,
    Full,
    None,
}

/// The drawer's pulse, `ESC p`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Drawer {
    /// 2 or 5, of the printer's connector.
    pub pin: u8,
    /// In steps of 2 ms up to 510.
    pub on_ms: u16,
    /// In steps of 2 ms up to 510, and not below `on_ms`. The solenoid wants a pause of four times the pulse.
    pub off_ms: u16,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BarcodeKind {
    /// `GS k`, length first: has Code 128.
    FunctionB,
    /// Only the older form, which has no Code 128: bar codes are sent as pictures.
    Raster,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QrKind {
    /// `GS ( k`.
    Native,
    /// Sent as a picture: works everywhere a picture does.
    Raster,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RasterKind {
    /// `GS v 0`.
    GsV0,
    /// No pictures: foreign scripts are transliterated, codes left out.
    None,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BuzzerKind {
    /// Epson's `ESC ( A`.
    EscParenA,
    /// `ESC B`, on clones.
    EscB,
    None,
}

/// A code page and the number `ESC t` knows it by on this printer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CodePageEntry {
    pub page: CodePage,
    pub number: u8,
    pub how: Provenance,
}

/// Why a profile cannot be used: which key, what is wrong with it, what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProfileError {
    #[error("printer profile: {0}")]
    Syntax(String),
    #[error("printer profile {profile:?}: {key} is {value}: {remedy}")]
    Value { profile: String, key: &'static str, value: String, remedy: &'static str },
}

impl PrinterProfile {
    /// Reads and checks a profile file.
    pub fn from_toml(text: &str) -> Result<PrinterProfile, ProfileError> {
        let profile: PrinterProfile = toml::from_str(text).map_err(|error| ProfileError::Syntax(error.to_string()))?;
        profile.check()?;
        Ok(profile)
    }

    /// A profile of the repository by its name.
    pub fn built_in(name: &str) -> Option<PrinterProfile> {
        let (_, text) = BUILT_IN.iter().find(|(built_in, _)| *built_in == name)?;
        Some(PrinterProfile::from_toml(text).expect("the profiles in the repository are valid: a test reads them all"))
    }
    /// The names [`PrinterProfile::built_in`] knows, for error messages and lists.
    pub fn built_in_names() -> impl Iterator<Item = &'static str> {
        BUILT_IN.iter().map(|(name, _)| *name)
    }

    /// Columns of normal type.
    pub fn columns(&self) -> usize {
        usize::from(self.columns_a)
    }

    /// How long the printer needs for this many rows of dots, without pauses.
    pub fn print_ms(&self, dots_high: u32) -> u64 {
        u64::from(dots_high) * 25_400 / (u64::from(self.dpi) * u64::from(self.speed_mm_s))
    }

    /// The first page that has the character, and its number. A currency sign is taken from confirmed pages alone: a wrong glyph beside a
    /// price is worse than "EUR".
    pub fn page_for(&self, c: char) -> Option<(CodePageEntry, u8)> {
        self.code_pages.iter().filter(|entry| entry.may_show(c)).find_map(|entry| Some((*entry, entry.page.byte(c)?)))
    }

    fn check(&self) -> Result<(), ProfileError> {
        let refuse = |key, value: String, remedy| Err(ProfileError::Value { profile: self.name.clone(), key, value, remedy });
        if self.name.is_empty() || self.name.len() > 48 {
            return refuse("name", format!("{:?}", self.name), "use 1 to 48 characters");
        }
        if !(128..=1024).contains(&self.dots) {
            return refuse("dots", self.dots.to_string(), "give the dots across the paper, 128 to 1024 (576 for 80 mm at 203 dpi)");
        }
        if self.columns_a < 16 || u32::from(self.columns_a) * 8 > u32::from(self.dots) {
            return refuse(
                "columns_a",
                self.columns_a.to_string(),
                "give the characters of font A in a line, 16 or more, each at least 8 dots",
            );
        }
        if self.columns_b < self.columns_a || self.columns_b > 128 {
            return refuse("columns_b", self.columns_b.to_string(), "font B has at least as many columns as font A, and at most 128");
        }
        if !(100..=400).contains(&self.dpi) {
            return refuse("dpi", self.dpi.to_string(), "give dots per inch, 100 to 400 (180 or 203 on most)");
        }
        if !(20..=500).contains(&self.speed_mm_s) {
            return refuse("speed_mm_s", self.speed_mm_s.to_string(), "give millimetres per second, 20 to 500");
        }
        let capability = &self.capability;
        if capability.raster_rows_max == 0 {
            return refuse("capability.raster_rows_max", "0".into(), "give the rows of one raster command, 1 to 255");
        }
        let drawer = capability.drawer.is;
        if !matches!(drawer.pin, 2 | 5) {
            return refuse("capability.drawer.pin", drawer.pin.to_string(), "use 2 or 5");
        }
        if !(2..=510).contains(&drawer.on_ms) {
            return refuse("capability.drawer.on_ms", drawer.on_ms.to_string(), "use 2 to 510 ms; 100 opens most drawers");
        }
        if drawer.off_ms < drawer.on_ms || drawer.off_ms > 510 {
            return refuse("capability.drawer.off_ms", drawer.off_ms.to_string(), "use at least on_ms and at most 510 ms");
        }
        if self.code_pages.is_empty() {
            return refuse("code_page", "empty".into(), "give at least PC437 with its number, 0 on nearly all printers");
        }
        for (at, entry) in self.code_pages.iter().enumerate() {
            let twice = |other: &CodePageEntry| other.page == entry.page || other.number == entry.number;
            if self.code_pages[..at].iter().any(twice) {
                return refuse("code_page", format!("{:?} as number {}", entry.page, entry.number), "give each page and each number once");
            }
        }
        Ok(())
    }
}

impl CodePageEntry {
    /// Whether this page may be used for the character at all.
    pub(super) fn may_show(&self, c: char) -> bool {
        let confirmed = match self.how {
            Provenance::Documented | Provenance::Probed => true,
            Provenance::Unverified => false,
        };
        confirmed || !is_currency_sign(c)
    }
}

fn is_currency_sign(c: char) -> bool {
    matches!(c, '$' | '¢' | '£' | '¤' | '¥' | 'ƒ' | '₧' | '\u{20a0}'..='\u{20cf}')
}

const BUILT_IN: [(&str, &str); 4] = [
    ("epson-80mm", include_str!("../../../../firmware-config/printers/epson-80mm.toml")),
    ("epson-tm-t88", include_str!("../../../../firmware-config/printers/epson-tm-t88.toml")),
    ("generic-80mm", include_str!("../../../../firmware-config/printers/generic-80mm.toml")),
    ("generic-58mm", include_str!("../../../../firmware-config/printers/generic-58mm.toml")),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_profile_is_valid_and_named_as_its_file() {
        for (name, text) in BUILT_IN {
            let profile = PrinterProfile::from_toml(text).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(profile.name, name);
        }
    }

    #[test]
    fn a_bad_profile_names_the_key_and_the_remedy() {
        let good = BUILT_IN[0].1;
        let check = |from: &str, to: &str, expect: &str| {
            let bad = good.replacen(from, to, 1);
            assert_ne!(bad, good, "{from:?} is not in the profile");
            let error = PrinterProfile::from_toml(&bad).unwrap_err().to_string();
            assert!(error.contains(expect), "{error}");
        };
        check("dots = 576", "dots = 9", "dots is 9: give the dots");
        check("columns_a = 48", "columns_a = 500", "columns_a is 500");
        check("dots = 576", "dotz = 576", "dotz");
        check("pin = 2", "pin = 3", "capability.drawer.pin is 3: use 2 or 5");
        check("number = 2,", "number = 0,", "each number once");
        check("PC850", "PC851", "PC851");
    }

    #[test]
    fn an_unconfirmed_page_never_shows_a_currency_sign() {
        let mut profile = PrinterProfile::built_in("epson-80mm").unwrap();
        assert!(profile.page_for('€').is_some());
        for entry in &mut profile.code_pages {
            entry.how = Provenance::Unverified;
        }
        assert!(profile.page_for('€').is_none());
        assert!(profile.page_for('ü').is_some());
    }
}
