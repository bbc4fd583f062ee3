//! What differs from one label printer to the next, as data: `firmware-config/labels`.

use serde::Deserialize;

use crate::device::port::SerialFormat;
use crate::device::profile::Provenance;
use crate::document::label::LabelSize;

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LabelProfile {
    pub name: String,
    pub about: String,
    pub provenance: Provenance,
    /// 203, 300 or 600.
    pub dpi: u32,
    /// Size of the labels on the roll.
    pub width_mm: u32,
    pub height_mm: u32,
    pub status: StatusKind,
    /// The name under which the printer tells how many labels it has printed; empty: it does not count.
    #[serde(default)]
    pub odometer: String,
    #[serde(default)]
    pub serial: SerialFormat,
}

/// What the printer says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StatusKind {
    /// `~HS` and `~HQES`.
    Host,
    /// Nothing: most clones. What it was sent is all that is known.
    None,
}

impl LabelProfile {
    /// Hundredths of a dot in a millimetre.
    fn dots_per_mm_x100(&self) -> u32 {
        match self.dpi {
            203 => 800,
            300 => 1_180,
            _ => 2_360,
        }
    }

    /// As the printer itself says it: whole dots in a millimetre.
    pub fn dots_per_mm(&self) -> u32 {
        (self.dots_per_mm_x100() + 50) / 100
    }

    /// Dots in so many tenths of a millimetre.
    pub fn dots(&self, tenths_mm: u32) -> usize {
        (tenths_mm * self.dots_per_mm_x100() / 1_000) as usize
    }

    pub fn size(&self) -> LabelSize {
        LabelSize { width: self.width_mm * 10, height: self.height_mm * 10 }
    }

    /// Widths of a bar code's narrowest bar in dots, from the best down to what scanners still read: 0.42 mm to 0.25 mm.
    pub fn modules(&self) -> impl Iterator<Item = usize> {
        let (most, least) = (42 * self.dots_per_mm_x100() / 10_000, (25 * self.dots_per_mm_x100()).div_ceil(10_000));
        (least..=most).rev().map(|dots| dots as usize)
    }

    /// Why it cannot be used.
    pub fn fault(&self) -> Option<String> {
        if ![203, 300, 600].contains(&self.dpi) {
            return Some("dpi must be 203, 300 or 600".to_owned());
        }
        let (least, most, size) = (LabelSize::MIN, LabelSize::MAX, self.size());
        let fits = (least.width..=most.width).contains(&size.width) && (least.height..=most.height).contains(&size.height);
        let safe = self.odometer.len() <= 60 && self.odometer.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'_');
        match (fits, safe) {
            (false, _) => {
                let [a, b, c, d] = [least.width, least.height, most.width, most.height].map(|tenths| tenths / 10);
                Some(format!("labels must be from {a} x {b} mm to {c} x {d} mm"))
            }
            (true, false) => Some("odometer is a name such as \"odometer.total_label_count\"".to_owned()),
            (true, true) => None,
        }
    }
}
