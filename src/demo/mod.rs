//! `counterfoil demo`: a whole shop and its head office on one machine, with simulated devices that speak real bytes over real
//! sockets and ptys, so that everything in between is the product itself.

pub mod line;
