//! `counterfoil demo`: a whole shop and its head office on one machine.

pub mod assortment;
pub mod line;
