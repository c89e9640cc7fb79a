//! The planner of a plan that somebody wrote.

use async_trait::async_trait;

use super::{Decision, Planner, PlannerError, Situation};
use crate::DraftPlan;

/// Decides for a plan that is given, and then that it suffices.
#[derive(Debug, Clone)]
pub struct GivenPlan(pub DraftPlan);

#[async_trait]
impl Planner for GivenPlan {
    async fn decide(&self, situation: &Situation<'_>) -> Result<Decision, PlannerError> {
        if !situation.rounds.is_empty() {
            return Ok(Decision::Finish);
        }
        Ok(Decision::Add {
            draft: self.0.clone(),
            notes: Vec::new(),
        })
    }
}
