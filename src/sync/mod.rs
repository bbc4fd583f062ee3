//! Empty room.

pub mod feed;
