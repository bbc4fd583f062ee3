//! The core as a person at the counter sees it: scenarios in plain text, baskets worked out by hand and by a separate calculator,
//! and random days that must keep every invariant.

mod baskets;
mod calculator;
mod contract;
mod limits;
mod pricing;
mod pricing_exact;
mod random;
mod random_cash;
mod random_orders;
mod random_stock;
mod returns;
mod scenario;
mod scenario_card;
mod scenario_cash;
mod scenario_customer;
mod scenario_orders;
mod scenario_people;
mod scenario_pricing;
mod scenario_returns;
mod scenario_stock;
mod scenario_till;
mod shop;
