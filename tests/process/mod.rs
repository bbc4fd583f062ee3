//! The product as a process of its own: killed, traced, misconfigured, and watched from outside as systemd, a browser and a shop would.
//! Head office and the simulated devices stand in the test's process, so that they outlive whatever is done to the node.

mod child;
pub mod dice;
mod shop;
mod till;

mod card_data;
mod enrolment;
mod errors;
mod kill;
mod line_display;
mod notify;
mod printing;
mod repair;
mod restore;
mod setup;
mod strace;
mod thousand;
