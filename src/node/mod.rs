//! The store shell: one loop with one writer around the pure core. Prefetch facts, decide, apply, append, fsync, publish.

pub mod handle;
pub mod screen;

pub mod config;
pub mod figures;
pub mod notify;

pub use handle::{AskError, CommandRequest, Node};
pub use screen::Screen;
