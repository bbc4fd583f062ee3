//! Where orders of all channels come in.

pub mod order;
