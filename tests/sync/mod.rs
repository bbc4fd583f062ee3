//! The line to head office, from a journal's bytes at the node to sums on head office's disk.

mod access;
mod card_data;
mod enrolment;
mod events;
mod fleet;
mod ingest;
mod intake;
mod line;
mod mail_server;
pub mod messages;
pub mod openapi;
pub mod over_http;
pub mod places;
mod postgres;
mod promises;
pub mod reconcile;
mod returns;
mod routing;
mod service;
mod shop;
mod simulation;
mod status;
