//! One integration binary with modules: one link, one place to look.

mod bench;
mod browser;
mod check;
mod config;
mod core;
mod device;
mod gs1;
mod journal;
mod node;
mod paper;
mod process;
mod purity;
mod stock;
mod storage;
mod sync;
mod vault;
mod web;
