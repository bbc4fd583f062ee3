//! Head office: receives every store's journal, keeps the sum of them, and answers people. SQLite inside the process.
//!
//! What comes in goes through one writer ([`writer`]): a batch is proved ([`ingest`]), joined to what is there ([`chain`]), counted
//! ([`projection`]), committed, and only then acknowledged. What goes out is read beside it: pages, API, and files for the nodes.

pub mod config;
pub mod office;
pub use config::HeadOfficeConfig;
pub use office::HeadOffice;

pub mod cli;
pub mod node_cli;
pub mod serve;

pub mod access;
pub mod api;
pub mod api_answers;
pub mod card_data;
pub mod doors;
pub mod enrol_door;
pub mod node_acts;
pub mod openapi;
pub mod pages;
pub mod paging;
pub mod queries;
pub mod shops_api;
pub mod stock_api;

pub mod atp;
pub mod authority;
pub mod chain;
pub mod configuration;
pub mod days;
pub mod db;
pub mod elsewhere;
pub mod enrolment;
pub mod event_webhooks;
pub mod events_api;
pub mod feeds;
pub mod figures;
pub mod fleet;
pub mod fleet_keys;
pub mod found_journal;
pub mod gate;
pub mod import;
pub mod incidents;
pub mod ingest;
pub mod intake;
pub mod leads;
pub mod messages;
pub mod office_events;
pub mod order_exceptions;
mod order_holds;
pub mod order_messages;
pub mod order_notes;
pub mod order_returns;
pub mod order_search;
pub(crate) mod order_states;
mod order_steps;
pub mod orders;
pub mod parts;
pub mod people;
pub mod places;
pub mod projection;
pub mod recalls;
pub mod receipts;
pub mod reconcile;
pub mod repair;
pub mod replenish;
pub mod restore;
pub mod right;
pub mod rights;
pub mod rights_rounds;
pub mod routing;
pub mod service;
pub mod service_api;
pub mod status_door;
pub mod status_link;
pub mod stock_figures;
pub mod stock_levels;
mod stock_work;
pub mod storage;
pub mod subscriptions;
mod unsaid;
pub mod writer;

pub mod bench;
