//! Routing: which places serve an order. The engine ([`engine`]) is pure and explains itself; what people may say about it are [`rules`], kept with
//! their versions ([`book`]). The glue ([`glue`]) gathers what the engine has to know ([`gather`]), carries its plan out in the transaction that takes
//! the order, and keeps the reasoning ([`steps`]); when a place does not serve what it was asked for, [`rounds`] look again. docs/ROUTING.md.

pub mod api;
pub mod book;
pub mod calendar;
mod choose;
pub mod engine;
mod gather;
pub mod glue;
pub mod rounds;
pub mod rules;
mod silence;
pub mod steps;
pub mod trial;
pub mod words;

pub use glue::{RouteState, Served, afresh, goes_elsewhere, serve, stop, why_waiting};

#[cfg(test)]
mod engine_tests;
