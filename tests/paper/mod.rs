//! Papers, from the transaction's record to what comes out of the printer: text, bytes, what a printer makes of them, and what it answers.

mod cash;
pub mod codes;
mod font;
mod golden;
mod hostile;
mod label;
mod pick_list;
mod receipt_code;
pub mod records;
mod replies;
mod stream;

use proptest::prelude::ProptestConfig;

/// A failing run prints the smallest input that fails; nothing is kept in files.
pub fn cases(count: u32) -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(count) }
}
