//! The read model and what feeds it: the cache on both engines, feed files, loading and switching, healing, search, import.

mod cache;
mod direct;
mod feeds;
mod healing;
mod import;
mod shop;
mod unsynced;
mod views;
