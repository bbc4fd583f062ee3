//! The pages in a real browser: Debian's chromium, headless, driven through chromedriver.

mod acts;
mod besides;
mod budgets;
mod cash;
mod chain;
mod customer;
mod day;
pub mod harness;
mod head_office;
mod intake;
mod layout;
mod office;
mod orders;
mod orders_besides;
mod orders_counted;
mod orders_counter;
mod orders_found;
mod orders_news;
mod orders_people;
mod people;
mod places;
mod returns;
pub mod routing;
mod shop;
mod situations;
mod stock;
mod stories;
