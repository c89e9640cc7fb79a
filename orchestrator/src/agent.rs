//! The agent loop: decide, check, run, look, and in the end put the answer together.

mod planner;
mod refiner;
mod request;

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

pub use planner::{Decision, Decline, Planner, PlannerError, Situation, Suggestion};
pub use refiner::Refiner;
pub use request::{Attachment, Request};

use crate::{
    Defects, EventKind, EventSink, Executor, Plan, Registry, Response, RunContext, RunReport,
    RunStatus, Scope,
};

/// How often a planner may look at what came of its steps and add more.
const ROUND_LIMIT: usize = 8;

/// Answers requests with a planner, an executor and a refiner.
pub struct Agent {
    /// What can be done.
    pub registry: Arc<Registry>,
    /// Who decides what is done.
    pub planner: Arc<dyn Planner>,
    /// Who does it.
    pub executor: Executor,
    /// Who puts the answer together.
    pub refiner: Arc<dyn Refiner>,
}

/// An answer, with how it came about.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The run.
    pub run: String,
    /// What it comes to.
    pub status: RunStatus,
    /// The answer.
    pub response: Response,
    /// What was done, a report a round.
    pub rounds: Vec<RunReport>,
}

/// Why there is no outcome at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AgentError {
    /// The planner cannot work.
    #[error("the planner cannot work")]
    Planner(#[from] PlannerError),
    /// The planner's steps are no plan.
    #[error("the planner made a plan that cannot run")]
    Plan(#[from] Defects),
}

impl Agent {
    /// Answers a request.
    ///
    /// Cancelling `cancel` ends the run with what there is; dropping the future aborts it.
    ///
    /// # Errors
    /// When the planner cannot work or writes what is no plan. A step that fails is in the outcome instead.
    pub async fn answer(
        &self,
        run: &str,
        request: &Request,
        events: &EventSink,
        cancel: &CancellationToken,
    ) -> Result<Outcome, AgentError> {
        events.emit(EventKind::RunStarted {
            run: run.to_owned(),
        });
        let mut scope = Scope::of_request(request);
        let mut rounds: Vec<RunReport> = Vec::new();
        let mut notes = Vec::new();
        let mut declined = None;
        while rounds.len() < ROUND_LIMIT && !cancel.is_cancelled() {
            match self.decide(request, &rounds, cancel).await? {
                Decision::Finish => break,
                Decision::Decline(decline) => {
                    declined = Some(decline);
                    break;
                }
                Decision::Add { draft, notes: said } => {
                    notes.extend(said);
                    let plan = Plan::validate(&draft, &self.registry, &scope)?;
                    notes.extend(unused_attachments(request, &plan));
                    let context = RunContext {
                        run,
                        scope: &scope,
                        events,
                        cancel,
                    };
                    let report = self.executor.run(&plan, &context).await;
                    scope.add_round(&plan, &report);
                    rounds.push(report);
                }
            }
        }
        let status = overall(&rounds, cancel.is_cancelled());
        let mut response = self.refiner.refine(request, &rounds).await;
        response.notes.extend(notes);
        response.declined = declined;
        events.emit(EventKind::RunFinished {
            run: run.to_owned(),
            status,
        });
        Ok(Outcome {
            run: run.to_owned(),
            status,
            response,
            rounds,
        })
    }

    async fn decide(
        &self,
        request: &Request,
        rounds: &[RunReport],
        cancel: &CancellationToken,
    ) -> Result<Decision, PlannerError> {
        let situation = Situation {
            request,
            registry: &self.registry,
            rounds,
            cancel,
        };
        tokio::select! {
            decision = self.planner.decide(&situation) => decision,
            () = cancel.cancelled() => Ok(Decision::Finish),
        }
    }
}

/// The last round tells; a request that was declined before any round has failed.
fn overall(rounds: &[RunReport], cancelled: bool) -> RunStatus {
    match rounds.last() {
        _ if cancelled => RunStatus::Cancelled,
        Some(report) => report.status,
        None => RunStatus::Failed,
    }
}

/// A line for each attachment that no step takes.
#[must_use]
pub fn unused_attachments(request: &Request, plan: &Plan) -> Vec<String> {
    let used = |name: &str| {
        plan.steps()
            .flat_map(|step| step.arguments.values())
            .flat_map(|argument| argument.expression.references())
            .any(|reference| reference.root == name)
    };
    request
        .attachments
        .iter()
        .enumerate()
        .filter(|(index, _)| !used(&Request::input_name(*index)))
        .map(|(_, attachment)| format!("no step uses the attachment {}", attachment.name))
        .collect()
}
