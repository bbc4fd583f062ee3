//! The node's doors, pages and API, against a loop that the test plays.

mod api;
mod customer;
mod doors;
pub mod http;
mod language;
mod pages;
pub mod stage;
