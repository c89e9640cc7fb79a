//! The refiner's turn: an answer that a language model wrote is committed, and not asked for again while the results
//! are the same.

use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::{Agent, AgentError, Assignment, Refined, Refining, turn::Committed};
use crate::{Digest, Response, RunReport, StepReport, TurnRecord};

/// The refiner's turn comes after every turn that a planner can have.
const TURN: u32 = u32::MAX;

impl Agent {
    /// Puts the answer together, or takes the one that was committed.
    pub(super) async fn refine(
        &self,
        assignment: &Assignment,
        refining: &Refining<'_>,
    ) -> Result<Response, AgentError> {
        let results = digest_of(refining);
        let turns = &assignment.turns;
        let committed = turns.iter().find(|turn| turn.index == TURN);
        if let Some(turn) = committed.filter(|turn| turn.request_digest == results)
            && let Ok(Committed::Refined { refined }) =
                serde_json::from_value(turn.decision.clone())
        {
            return Ok(refined);
        }
        let Refined { response, by_model } = self.refiner.refine(refining).await;
        if let Some(journal) = self.executor.journal()
            && by_model
        {
            let committed = Committed::Refined {
                refined: response.clone(),
            };
            let record = TurnRecord {
                index: TURN,
                request_digest: results,
                decision: serde_json::to_value(committed).unwrap_or_default(),
                usage: serde_json::to_value(refining.spending.spent()).unwrap_or_default(),
            };
            Arc::clone(journal)
                .commit_turn(&assignment.run.id, &record)
                .await?;
        }
        Ok(response)
    }
}

/// What an answer is made from: the request and what came of each step, without times and without who did it.
fn digest_of(refining: &Refining<'_>) -> Digest {
    let round = |report: &RunReport| {
        let steps: Vec<Json> = report.steps.iter().map(result).collect();
        json!({"steps": steps, "answer": report.answer, "defects": report.defects})
    };
    let rounds: Vec<Json> = refining.rounds.iter().map(round).collect();
    let made_from = json!({"request": refining.request, "rounds": rounds});
    Digest::of(made_from.to_string().as_bytes())
}

fn result(step: &StepReport) -> Json {
    let children: Vec<Json> = step.children.iter().map(result).collect();
    let error = step.error.as_ref();
    let error = error.map(|error| json!([error.code, error.message, error.hint]));
    json!({
        "id": step.id,
        "tool": step.tool,
        "done": step.status.is_success(),
        "outputs": step.outputs,
        "error": error,
        "children": children,
    })
}
