//! Papers, from the transaction's record to what comes out of the printer: text, bytes, what a printer makes of them, and what it answers.

mod codes;
mod font;
mod golden;
mod hostile;
pub mod records;
mod replies;
mod stream;
