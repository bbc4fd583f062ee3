//! The journal against disks that lie, files that rot and people who cheat.

mod chain;
mod command_line;
mod flips;
mod format;
mod life;
mod power_cut;
mod recovery;
mod repair;
mod shop;
