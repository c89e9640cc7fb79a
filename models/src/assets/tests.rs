//! The store against a package index and a model hub on loopback, with the real pip.

mod fetching;
mod fixture;
mod hub;
pub(crate) mod loopback;
mod real;
mod store;
