//! Where orders of all channels come in: sent to the API, dropped as files, typed by hand; in our names or in the channel's own.
//!
//! What comes is read ([`mapping`], [`sheet`]), checked ([`order`]) and taken once under its channel and number ([`take`]). What cannot be taken
//! stays on the list of errors with the reason, to be repaired and tried again ([`errors`]). What becomes of an order its store's record says.

pub mod mapping;
pub mod order;
pub mod sheet;

pub mod articles;
pub mod channels;
pub mod errors;
pub mod take;
pub mod trial;

pub mod api;
pub mod drop;
pub mod levels;
pub mod returned;

pub use take::order_of;
