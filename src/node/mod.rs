//! The store shell: one loop with one writer around the pure core. Prefetch facts, decide, apply, append, fsync, publish.

pub mod handle;
pub mod screen;

mod repair;
pub mod replay;
pub mod run;
pub mod service;
pub mod start;
pub mod writer;

pub mod archive;
pub mod books;
mod cards;
mod cycle_counts;
pub mod elsewhere;
pub mod facts;
pub mod keys;
mod line_display;
pub mod orders;
pub mod originals;
pub mod prints;
pub mod proof;
pub mod publish;
mod receipts;
pub mod reports;
pub mod scanner;
pub mod seal;

pub mod config;
pub mod configuration;
pub mod figures;
pub mod notify;

pub use handle::{AskError, CommandRequest, Node};
pub use screen::Screen;
