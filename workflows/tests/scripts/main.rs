//! Scripts as people write them, run by the agent: what they can do, what ends them, and what resuming keeps.

#![expect(clippy::unwrap_used, reason = "a test that cannot set up has failed")]

#[path = "../support/house.rs"]
mod house;
#[path = "../support/tools.rs"]
mod tools;

mod author;
mod concurrency;
mod drawing;
mod language;
mod limits;
mod resume;
