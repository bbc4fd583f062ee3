//! The line to head office: what travels ([`wire`]), and who moves next ([`uplink`], [`side_door`], [`downlink`]) as machines
//! without files, network, clock or threads. They are polled and told, with the time passed in; [`http`] is the thin shell that
//! reads the journal, speaks HTTP and keeps the clock.
//!
//! Up go the journal's own bytes; nothing is encoded again. What is newest and urgent goes by the side door, so that it never waits
//! behind a backlog. Down come whole files by their hash.

pub mod enrolment;
pub mod feed;
pub mod orders;
pub mod staff;
pub mod wire;

pub mod backoff;
pub mod downlink;
pub mod repair;
pub mod side_door;
pub mod uplink;

pub mod http;
