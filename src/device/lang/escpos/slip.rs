//! The slip a technician prints to see whether a profile fits the printer: a ruler, the styles, each code page, the codes, the knife.

use super::commands::ProcessId;
use super::encode::{Encoded, Job};
use super::profile::PrinterProfile;
use crate::document::{Align, Block, Code128, Document, QrData, Style, layout};

/// The whole slip. Right when the ruler fills one line, no code page shows boxes or wrong letters, both codes scan and the paper is cut.
pub fn test_slip(profile: &PrinterProfile, fence: Option<ProcessId>) -> Encoded {
    let mut job = Job::new(profile, None);
    job.open(false);
    print(&mut job, &head(profile), profile);
    for entry in &profile.code_pages {
        let mut label = Document::default();
        label.pair(0, entry.page.name(), &format!("{:?}", entry.how).to_lowercase(), Style::PLAIN);
        print(&mut job, &label, profile);
        job.page_sample(*entry);
    }
    print(&mut job, &tail(), profile);
    job.close(fence, Vec::new())
}

fn print(job: &mut Job<'_>, document: &Document, profile: &PrinterProfile) {
    layout(document, profile.columns()).iter().for_each(|row| job.row(row));
}

fn head(profile: &PrinterProfile) -> Document {
    let ruler: String = (1..=profile.columns()).map(|column| char::from_digit((column % 10) as u32, 10).unwrap_or('0')).collect();
    let mut document = Document::default();
    document.centred("Counterfoil", Style::LARGE).centred("TEST", Style::TALL).centred(&profile.name, Style::BOLD);
    document.centred(&profile.title, Style::PLAIN).block(Block::Feed(1));
    document.text(crate::document::Printable::new(&ruler), Align::Left, Style::PLAIN);
    document.pair(0, "plain", "12.34", Style::PLAIN).pair(0, "bold", "12.34", Style::BOLD);
    document.pair(0, "tall", "12.34", Style::TALL).pair(0, "small", "12.34", Style::SMALL);
    document.block(Block::Feed(1));
    document
}

fn tail() -> Document {
    let mut document = Document::default();
    document.block(Block::Feed(1));
    for block in [Code128::new("TEST-000042").map(Block::Barcode), QrData::new("https://example.com/test/000042").map(Block::Qr)] {
        document.blocks.extend(block);
        document.block(Block::Feed(1));
    }
    document.centred("TEST-000042", Style::PLAIN).block(Block::Cut);
    document
}
