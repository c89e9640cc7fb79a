//! The seam to planners: what they are told, and what they may answer.

use std::{borrow::Cow, collections::BTreeMap};

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{Program, ProgramEnd, ProgramRun, Request};
use crate::{Addition, DraftPlan, DraftStep, Question, Registry, RunReport, Scope, Spending};

/// Answers where nothing was asked.
static NONE: BTreeMap<String, String> = BTreeMap::new();

/// Turns a request into steps.
#[async_trait]
pub trait Planner: Send + Sync {
    /// Decides what to do next; called again with what came of it until it says [`Decision::Finish`].
    ///
    /// # Errors
    /// When the planner itself cannot work, such as a model that cannot be loaded. A request that it does not
    /// understand is no error but a [`Decision::Decline`].
    async fn decide(&self, situation: &Situation<'_>) -> Result<Decision, PlannerError>;

    /// Runs a program that it decided on: its steps go into the stream, one call after the other, and at the end its
    /// answer does.
    ///
    /// # Errors
    /// When it cannot be run at all, as by a planner that decides on none. What goes wrong while it runs is an end.
    async fn run_program(&self, run: ProgramRun<'_>) -> Result<ProgramEnd, PlannerError> {
        Err(PlannerError {
            code: "no_programs",
            message: format!("nothing here can run the program {}", run.program.name),
            hint: None,
            source: None,
        })
    }

    /// Whether it may add steps after these rounds, so that it is worth while to choose capabilities for that.
    fn may_add(&self, rounds: &[RunReport]) -> bool {
        let _ = rounds;
        true
    }

    /// The capabilities that a request may need besides those of its first steps, chosen from its words alone.
    ///
    /// What tools read picks no tool: once it was looked at, only these and those of the first steps may be called.
    async fn choose(&self, request: &Request, registry: &Registry) -> Vec<String> {
        let _ = (request, registry);
        Vec::new()
    }
}

/// What a planner knows when it decides.
#[derive(Clone)]
pub struct Situation<'a> {
    /// The run's id; empty where nothing is to be run.
    pub run: &'a str,
    /// What was asked, and the files that came with it.
    pub request: &'a Request,
    /// What can be done.
    pub registry: &'a Registry,
    /// What steps may refer to: the request, its files, and what earlier rounds gave.
    pub scope: Cow<'a, Scope>,
    /// What was done so far, a report a round.
    pub rounds: &'a [RunReport],
    /// Steps of this very decision that were handed over before the process ended, and run already.
    pub accepted: &'a [DraftStep],
    /// What was answered when the planner, or a step, asked, by question.
    pub answers: &'a BTreeMap<String, String>,
    /// Takes steps before the decision is complete, so that they start at once; absent where nothing is to be run.
    pub stream: Option<&'a StepStream>,
    /// What the run may spend on language models, and has spent.
    pub spending: Spending,
    /// Cancelled when nobody waits for the decision.
    pub cancel: &'a CancellationToken,
}

impl<'a> Situation<'a> {
    /// A run that begins, with nothing to hand over to and nothing that limits spending.
    #[must_use]
    pub fn new(
        request: &'a Request,
        registry: &'a Registry,
        cancel: &'a CancellationToken,
    ) -> Self {
        Self {
            run: "",
            request,
            registry,
            scope: Cow::Owned(Scope::of_request(request)),
            rounds: &[],
            accepted: &[],
            answers: &NONE,
            stream: None,
            spending: Spending::unlimited(),
            cancel,
        }
    }
}

/// Takes steps while a planner still decides the next.
#[derive(Debug, Clone)]
pub struct StepStream {
    additions: mpsc::Sender<Addition>,
}

impl StepStream {
    /// A stream, and where what is handed over comes out; the planner waits while `ahead` of it were not taken.
    #[must_use]
    pub fn channel(ahead: usize) -> (Self, mpsc::Receiver<Addition>) {
        let (additions, taken) = mpsc::channel(ahead);
        (Self { additions }, taken)
    }

    /// Hands over what comes next. [`Addition::End`] says that the plan is whole; without it, steps that change the
    /// world are not run. False once nobody takes any more.
    pub async fn send(&self, addition: Addition) -> bool {
        self.additions.send(addition).await.is_ok()
    }

    /// The same from a thread that may wait, which must not be one of the async runtime's.
    #[must_use]
    pub fn send_blocking(&self, addition: Addition) -> bool {
        self.additions.blocking_send(addition).is_ok()
    }
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
    /// The steps were handed over to [`Situation::stream`].
    Streamed {
        /// What the person should know about the plan.
        notes: Vec<String>,
    },
    /// What was done suffices.
    Finish,
    /// The request, or a part of it, cannot be done with the tools at hand; nothing is run.
    Decline(Decline),
    /// Run this program, which adds the steps; see [`Planner::run_program`].
    Program {
        /// The program.
        program: Program,
        /// What the person should know about it.
        notes: Vec<String>,
    },
    /// The request can be meant in several ways; nothing is run before the person has said which. The planner is asked
    /// again with the answer.
    Clarify(Question),
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
