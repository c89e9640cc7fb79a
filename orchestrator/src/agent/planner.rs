//! The seam to planners: what they are told, and what they may answer.

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use super::Request;
use crate::{DraftPlan, Registry, RunReport};

/// Turns a request into steps.
#[async_trait]
pub trait Planner: Send + Sync {
    /// Decides what to do next; called again with what came of it until it says [`Decision::Finish`].
    ///
    /// # Errors
    /// When the planner itself cannot work, such as a model that cannot be loaded. A request that it does not
    /// understand is no error but a [`Decision::Decline`].
    async fn decide(&self, situation: &Situation<'_>) -> Result<Decision, PlannerError>;
}

/// What a planner knows when it decides.
pub struct Situation<'a> {
    /// What was asked, and the files that came with it.
    pub request: &'a Request,
    /// What can be done.
    pub registry: &'a Registry,
    /// What was done so far, a report a round.
    pub rounds: &'a [RunReport],
    /// Cancelled when nobody waits for the decision.
    pub cancel: &'a CancellationToken,
}

/// What a planner decides.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "decision", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Decision {
    /// Run these steps.
    Add {
        /// The steps, and what of them the answer is made of.
        draft: DraftPlan,
        /// What the person should know about the plan, such as a part of the request that was left out.
        notes: Vec<String>,
    },
    /// What was done suffices.
    Finish,
    /// The request, or a part of it, cannot be done with the tools at hand; nothing is run.
    Decline(Decline),
}

/// Why a request is declined, and what comes nearest to it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Decline {
    /// What cannot be done, to the person who asked.
    pub reason: String,
    /// What can be done that comes near, best first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub nearest: Vec<Suggestion>,
}

/// A capability that comes near to what was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Suggestion {
    /// The capability's name.
    pub capability: String,
    /// What it is for.
    pub purpose: String,
}

/// Why a planner cannot work.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct PlannerError {
    /// A stable name in snake case.
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
    /// The way out.
    pub hint: Option<String>,
    /// The cause.
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}
