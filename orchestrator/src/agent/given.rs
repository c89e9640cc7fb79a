//! The planner of a plan that somebody wrote.

use async_trait::async_trait;

use super::{Decision, Planner, PlannerError, Situation};
use crate::DraftPlan;

/// Decides for a plan that is given, and then that it suffices.
#[derive(Debug, Clone, Default)]
pub struct GivenPlan {
    /// The plan.
    pub draft: DraftPlan,
    /// What the person should know about it.
    pub notes: Vec<String>,
}

impl GivenPlan {
    /// A plan about which nothing need be said.
    #[must_use]
    pub const fn new(draft: DraftPlan) -> Self {
        Self {
            draft,
            notes: Vec::new(),
        }
    }
}

#[async_trait]
impl Planner for GivenPlan {
    async fn decide(&self, situation: &Situation<'_>) -> Result<Decision, PlannerError> {
        if !situation.rounds.is_empty() {
            return Ok(Decision::Finish);
        }
        Ok(Decision::Add {
            draft: self.draft.clone(),
            notes: self.notes.clone(),
        })
    }
}
