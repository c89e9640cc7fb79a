//! The agent loop: decide, check, run, look, and in the end put the answer together.

mod bounds;
mod conversation;
mod corrector;
mod course;
mod given;
mod planner;
mod program;
mod refiner;
mod refining;
mod request;
mod taint;
mod telling;
mod turn;

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use tokio_util::sync::CancellationToken;

pub use bounds::Bounds;
pub use conversation::{Conversation, Exchange, NamedArtifact, SessionTurn};
pub use corrector::{AsWritten, Corrector, Evidence};
pub use given::GivenPlan;
pub use planner::{Decision, Decline, Planner, PlannerError, Situation, StepStream, Suggestion};
pub use program::{Program, ProgramEnd, ProgramRun};
pub use refiner::{Refined, Refiner, Refining};
pub use request::{Attachment, Request};
pub use telling::Telling;

use self::{
    bounds::{Clock, status_in_time},
    course::{Course, Underway},
};

use crate::{
    Budget, Defects, EventKind, EventSink, Executor, Expression, JournalError, Plan, Registry,
    Response, RunHistory, RunKind, RunRecord, RunReport, RunStatus, Spending, Spent, Step,
    StepError, StepRecord, StepReport, TokenCounter, TurnRecord,
};

/// Answers requests with a planner, an executor and a refiner.
#[derive(Clone)]
pub struct Agent {
    /// What can be done.
    pub registry: Arc<Registry>,
    /// Who decides what is done.
    pub planner: Arc<dyn Planner>,
    /// Who does it.
    pub executor: Executor,
    /// Who puts the answer together.
    pub refiner: Arc<dyn Refiner>,
    /// How far a run may go.
    pub bounds: Bounds,
    /// Who sees each sentence of the answer before it is shown; without one, words are shown as they come.
    pub corrector: Option<Arc<dyn Corrector>>,
    /// What a run may spend on language models.
    pub budget: Budget,
    /// Counts the tokens of a text where a language model does not say.
    pub counter: TokenCounter,
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
    /// What was spent on language models.
    pub spent: Spent,
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
    /// What must survive the process cannot be kept or read.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

/// What a run is to do, and what of it was done before.
#[derive(Debug, Clone)]
pub struct Assignment {
    /// As it began.
    pub run: RunRecord,
    /// Whether the journal holds it already.
    pub resumed: bool,
    /// Decisions that were committed.
    pub turns: Vec<TurnRecord>,
    /// Steps that were recorded.
    pub steps: Vec<StepRecord>,
    /// Answers by question.
    pub answers: BTreeMap<String, String>,
}

impl Assignment {
    /// A run that begins now.
    #[must_use]
    pub fn new(run: impl Into<String>, kind: RunKind, request: Request) -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        let milliseconds = since.map_or(0, |since| since.as_millis());
        Self {
            run: RunRecord {
                id: run.into(),
                kind,
                session: None,
                request,
                began_at: u64::try_from(milliseconds).unwrap_or(u64::MAX),
            },
            resumed: false,
            turns: Vec::new(),
            steps: Vec::new(),
            answers: BTreeMap::new(),
        }
    }

    /// A run that goes on where the journal says it stopped.
    #[must_use]
    pub fn resume(history: RunHistory) -> Self {
        Self {
            run: history.run,
            resumed: true,
            turns: history.turns,
            steps: history.steps,
            answers: history.answers,
        }
    }

    /// What was spent on language models before.
    fn spent(&self) -> Spent {
        let last = self.turns.last();
        let spent = last.and_then(|turn| serde_json::from_value(turn.usage.clone()).ok());
        spent.unwrap_or_default()
    }

    /// Whether a step of a round failed before: then what comes after it may differ when it is tried again.
    fn failed_in(&self, round: u32) -> bool {
        let mut steps = self.steps.iter().filter(|step| step.round == round);
        steps.any(|step| !step.report.status.is_success())
    }

    fn finished_in(&self, round: u32) -> BTreeMap<String, StepReport> {
        self.steps
            .iter()
            .filter(|step| step.round == round && step.report.status.is_success())
            .map(|step| (step.key.clone(), step.report.clone()))
            .collect()
    }
}

impl Agent {
    /// An agent that may spend what its language models take.
    #[must_use]
    pub fn new(
        registry: Arc<Registry>,
        planner: Arc<dyn Planner>,
        executor: Executor,
        refiner: Arc<dyn Refiner>,
    ) -> Self {
        Self {
            registry,
            planner,
            executor,
            refiner,
            bounds: Bounds::default(),
            corrector: Some(Arc::new(AsWritten)),
            budget: Budget::default(),
            counter: Spending::rough_counter(),
        }
    }

    /// Answers a request, or goes on with one.
    ///
    /// Committed decisions are not made again and finished steps not done again. Cancelling `cancel` ends the run with
    /// what there is; dropping the future aborts it. Either way it can be resumed.
    ///
    /// # Errors
    /// When the planner cannot work or writes what is no plan, or the journal cannot keep the run. A step that fails is
    /// in the outcome instead.
    pub async fn answer(
        &self,
        assignment: Assignment,
        events: &EventSink,
        cancel: &CancellationToken,
    ) -> Result<Outcome, AgentError> {
        let RunRecord {
            id: run, request, ..
        } = &assignment.run;
        let journal = self.executor.journal();
        let mut expected = BTreeMap::new();
        if let Some(journal) = journal {
            if !assignment.resumed {
                journal.begin_run(&assignment.run).await?;
            }
            expected = journal.durations().await?;
        }
        events.emit(EventKind::RunStarted { run: run.clone() });
        let spending =
            Spending::resumed(self.budget, Arc::clone(&self.counter), assignment.spent());
        let clock = Clock::start(self.bounds, cancel);
        let mut course = Course::new(request);
        let underway = Underway {
            assignment: &assignment,
            spending: &spending,
            expected: &expected,
            events,
            stop: &clock.steps,
        };
        self.follow(&mut course, &underway).await?;
        let Course {
            rounds,
            mut notes,
            declined,
            question,
            ..
        } = course;
        let status = if question.is_some() {
            RunStatus::Waiting
        } else if clock.is_up() {
            let seconds = self.bounds.time_s.unwrap_or_default();
            notes.push(format!("the run was ended when its {seconds} s were over"));
            status_in_time(&rounds)
        } else {
            overall(&rounds, cancel.is_cancelled())
        };
        let refining = Refining {
            spending: spending.clone(),
            corrector: self.corrector.as_deref(),
            ..Refining::new(request, &self.registry, &rounds, events, cancel)
        };
        let mut response = self.refine(&assignment, &refining).await?;
        response.notes.extend(notes);
        response.notes.extend(rounds.iter().flat_map(not_taken));
        response.declined = declined;
        response.question = question;
        events.emit(EventKind::RunFinished {
            run: run.clone(),
            status,
        });
        if let Some(journal) = journal {
            journal.finish_run(run, status).await?;
        }
        Ok(Outcome {
            run: run.clone(),
            status,
            response,
            rounds,
            spent: spending.spent(),
        })
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

/// A line for each step that was left out because its own condition does not hold.
fn not_taken(report: &RunReport) -> impl Iterator<Item = String> {
    report.steps.iter().filter_map(|step| {
        let error = step.error.as_ref()?;
        let untaken = error.code == StepError::NOT_TAKEN;
        untaken.then(|| {
            format!(
                "{} ({}) was left out: {}",
                step.id, step.tool, error.message
            )
        })
    })
}

/// A line for each attachment that neither a step nor the answer takes.
#[must_use]
pub fn unused_attachments(request: &Request, plan: &Plan) -> Vec<String> {
    let taken = |name: &str| {
        let answer = plan.answer().iter().flat_map(Expression::references);
        plan.steps()
            .flat_map(Step::references)
            .chain(answer)
            .any(|reference| reference.root == name)
    };
    let names = &request.conversation.attached_as;
    let used = |index: usize| {
        taken(&Request::input_name(index)) || names.get(index).is_some_and(|name| taken(name))
    };
    request
        .attachments
        .iter()
        .enumerate()
        .filter(|(index, _)| !used(*index))
        .map(|(_, attachment)| format!("no step uses the attachment {}", attachment.name))
        .collect()
}
