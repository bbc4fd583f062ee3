//! Counterfoil: the program on the box in the shop. It sells, prints, keeps the record, and tells head office when it can.
//!
//! Reading order: the values, what a scan means, the core, what is printed, the record, then the shell around them.
//! `docs/ARCHITECTURE.md` is the map; `docs/GLOSSARY.md` has the words.

pub mod ids;
pub mod money;
pub mod time;

pub mod gs1;
pub mod retail;

pub mod document;
pub mod journal;
pub mod views;

pub mod device;
pub mod sync;

pub mod vault;

pub mod node;
pub mod web;

#[cfg(feature = "head-office")]
pub mod demo;

#[cfg(feature = "head-office")]
pub mod head_office;

#[cfg(feature = "head-office")]
pub mod bench;
#[cfg(feature = "head-office")]
pub mod sim;

pub mod check;
pub mod enrol;
pub mod export;
mod export_stock;
pub mod process;
pub mod restore;

pub mod fault;
