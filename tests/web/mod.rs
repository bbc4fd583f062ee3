//! The node's doors, pages and API, against a loop that the test plays.

pub mod stage;
