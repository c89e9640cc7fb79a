//! The rounds of a run: decide, run, look, until it suffices or a bound is reached.

use std::collections::BTreeMap;

use tokio_util::sync::CancellationToken;

use super::{
    Agent, AgentError, Assignment, Decline,
    taint::Taint,
    turn::{Before, Turn},
};
use crate::{EventSink, Question, Request, RunContext, RunReport, RunStatus, Scope, Spending};

/// What a run goes by while it is on its way.
pub(super) struct Underway<'a> {
    pub assignment: &'a Assignment,
    pub spending: &'a Spending,
    /// How long calls are expected to take, by step or by capability.
    pub expected: &'a BTreeMap<String, f64>,
    pub events: &'a EventSink,
    /// Stops the steps.
    pub stop: &'a CancellationToken,
}

/// How far a run has come.
pub(super) struct Course {
    pub rounds: Vec<RunReport>,
    /// What the person should know.
    pub notes: Vec<String>,
    pub declined: Option<Decline>,
    /// What the planner asks before it decides.
    pub question: Option<Question>,
    scope: Scope,
    taint: Taint,
}

impl Course {
    pub(super) fn new(request: &Request) -> Self {
        Self {
            rounds: Vec::new(),
            notes: Vec::new(),
            declined: None,
            question: None,
            scope: Scope::of_request(request),
            taint: Taint::default(),
        }
    }

    /// How many steps were run.
    fn steps(&self) -> usize {
        self.rounds.iter().map(|report| report.steps.len()).sum()
    }

    fn is_waiting(&self) -> bool {
        let last = self.rounds.last();
        last.is_some_and(|report| report.status == RunStatus::Waiting)
    }

    /// Takes what came of a turn; says whether another may follow.
    fn take(&mut self, turn: Turn, agent: &Agent) -> bool {
        match turn {
            Turn::Finish => false,
            Turn::Decline(decline) => {
                self.declined = Some(decline);
                false
            }
            Turn::Clarify(question) => {
                self.question = Some(question);
                false
            }
            Turn::Ran {
                plan,
                report,
                notes,
            } => {
                self.notes.extend(notes);
                let missing = report.unanswered.iter();
                self.notes
                    .extend(missing.map(|why| format!("a part of the answer is missing: {why}")));
                self.taint.add_round(&plan, &agent.registry, &self.scope);
                self.scope.add_round(&plan, &report);
                self.rounds.push(*report);
                true
            }
        }
    }
}

impl Agent {
    /// Decides and runs, round after round.
    pub(super) async fn follow(
        &self,
        course: &mut Course,
        underway: &Underway<'_>,
    ) -> Result<(), AgentError> {
        let request = &underway.assignment.run.request;
        for round in 0.. {
            if underway.stop.is_cancelled() || course.is_waiting() {
                break;
            }
            if let Some(bound) = self.bounds.reached(round, course.steps()) {
                course.notes.push(bound);
                break;
            }
            let scope = std::mem::take(&mut course.scope);
            course.scope = course
                .taint
                .hold(
                    scope,
                    &*self.planner,
                    request,
                    &self.registry,
                    &course.rounds,
                )
                .await;
            match self.turn(before(course, underway, self, round)).await {
                Ok(turn) => {
                    if !course.take(turn, self) {
                        break;
                    }
                }
                // What was done is worth more than that no more can be decided.
                Err(AgentError::Planner(error)) if !course.rounds.is_empty() => {
                    course.notes.push(format!("the planner stopped: {error}"));
                    break;
                }
                Err(AgentError::Plan(defects)) if !course.rounds.is_empty() => {
                    let refused = format!("the planner's further steps were refused: {defects}");
                    course.notes.push(refused);
                    break;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// What is known when a round begins.
fn before<'a>(
    course: &'a Course,
    underway: &Underway<'a>,
    agent: &Agent,
    round: u32,
) -> Before<'a> {
    let assignment = underway.assignment;
    Before {
        assignment,
        scope: &course.scope,
        rounds: &course.rounds,
        spending: underway.spending,
        allowance: agent.bounds.steps - course.steps(),
        context: RunContext {
            round,
            finished: assignment.finished_in(round),
            answers: assignment.answers.clone(),
            expected: underway.expected.clone(),
            is_tainted: course.taint.is_tainted(),
            spending: underway.spending.clone(),
            ..RunContext::new(
                &assignment.run.id,
                &course.scope,
                underway.events,
                underway.stop,
            )
        },
    }
}
