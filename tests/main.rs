//! One integration binary with modules: one link, one place to look.

mod config;
mod gs1;
mod journal;
mod purity;
mod stock;
