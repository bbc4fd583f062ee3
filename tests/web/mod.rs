//! The node's doors, pages and API, against a loop that the test plays.

mod api;
mod doors;
pub mod http;
mod language;
mod pages;
pub mod stage;
