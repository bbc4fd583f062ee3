//! Languages: bytes to meaning and back. Pure.

pub mod frame;
pub mod wedge;
