//! The agent loop and its seams.

mod planner;
mod request;

pub use planner::{Decision, Decline, Planner, PlannerError, Situation, Suggestion};
pub use request::{Attachment, Request};
