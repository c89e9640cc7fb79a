//! Scripts as people write them, run by the agent: what they can do, what ends them, and what resuming keeps.

#![expect(clippy::unwrap_used, reason = "a test that cannot set up has failed")]

#[path = "../support/house.rs"]
mod house;
#[path = "../../../planners/tests/support/scripted.rs"]
#[expect(
    dead_code,
    clippy::expect_used,
    reason = "the planners' tests take it in too, and need more of it"
)]
mod scripted;
#[path = "../support/tools.rs"]
mod tools;

mod author;
mod concurrency;
mod drawing;
mod language;
mod limits;
mod resume;
