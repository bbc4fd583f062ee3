//! The journal against disks that lie, files that rot and people who cheat.

mod life;
mod power_cut;
mod recovery;
mod shop;
