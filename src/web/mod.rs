//! Pages and API served by the node, and the doors that head office shares with it.

pub mod tls;
