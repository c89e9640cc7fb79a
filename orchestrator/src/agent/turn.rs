//! One turn of the agent loop: a decision, committed before anything of it starts, and what comes of it.
//!
//! A planner may hand over its steps one by one while it still decides the next. What it handed over is committed and
//! starts at once; if the process ends meanwhile, the planner is asked again with these steps shown.

use std::{borrow::Cow, collections::HashSet, sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};
use tokio::{
    sync::mpsc,
    time::{Instant, timeout_at},
};
use tokio_util::sync::CancellationToken;

use super::{
    Agent, AgentError, Assignment, Decision, Decline, PlannerError, Program, ProgramEnd,
    ProgramRun, Situation, StepStream, unused_attachments,
};
use crate::{
    Addition, Defect, DefectCode, Defects, Digest, DraftPlan, DraftStep, JournalError, Outcomes,
    Plan, Question, Response, RunContext, RunReport, RunStatus, Scope, Spending, TurnRecord,
};

/// How many steps a planner may be ahead of the engine.
const AHEAD: usize = 64;

/// How long a planner that was told to stop may take to say what it has.
const PATIENCE: Duration = Duration::from_millis(50);

/// How long a program that was told to stop may take to notice.
const LEAVE: Duration = Duration::from_secs(2);

/// What came of a turn.
pub(super) enum Turn {
    /// What was done suffices.
    Finish,
    /// The request cannot be done.
    Decline(Decline),
    /// The person has to say what is meant.
    Clarify(Question),
    /// Steps were run.
    Ran {
        plan: Box<Plan>,
        report: Box<RunReport>,
        notes: Vec<String>,
    },
}

/// What the loop knows when a turn begins.
pub(super) struct Before<'a> {
    pub assignment: &'a Assignment,
    pub scope: &'a Scope,
    pub rounds: &'a [RunReport],
    pub spending: &'a Spending,
    /// How many steps may still be run.
    pub allowance: usize,
    pub context: RunContext<'a>,
}

/// A turn as it is committed.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Committed {
    /// It was decided.
    Decided(Decision),
    /// It was being decided, and these steps were handed over.
    Growing { growing: DraftPlan },
    /// A program was run, which added these steps; it is run again when the run is resumed.
    Programmed {
        programmed: Decision,
        draft: DraftPlan,
    },
    /// It is the refiner's.
    Refined { refined: Response },
}

impl TurnRecord {
    /// The steps that were decided, or handed over so far.
    #[must_use]
    pub fn draft(&self) -> Option<DraftPlan> {
        match serde_json::from_value(self.decision.clone()).ok()? {
            Committed::Decided(Decision::Add { draft, .. })
            | Committed::Growing { growing: draft }
            | Committed::Programmed { draft, .. } => Some(draft),
            Committed::Decided(_) | Committed::Refined { .. } => None,
        }
    }

    /// The program that was decided on.
    #[must_use]
    pub fn program(&self) -> Option<Program> {
        match serde_json::from_value(self.decision.clone()).ok()? {
            Committed::Decided(Decision::Program { program, .. })
            | Committed::Programmed {
                programmed: Decision::Program { program, .. },
                ..
            } => Some(program),
            _ => None,
        }
    }

    /// What the planner asked instead of deciding.
    #[must_use]
    pub fn question(&self) -> Option<Question> {
        match serde_json::from_value(self.decision.clone()).ok()? {
            Committed::Decided(Decision::Clarify(question)) => Some(question),
            _ => None,
        }
    }
}

impl Agent {
    pub(super) async fn turn(&self, before: Before<'_>) -> Result<Turn, AgentError> {
        let index = before.context.round;
        let turns = &before.assignment.turns;
        let committed = turns.iter().find(|turn| turn.index == index);
        let committed =
            committed.and_then(|turn| serde_json::from_value(turn.decision.clone()).ok());
        let answers = &before.assignment.answers;
        match committed {
            Some(Committed::Decided(Decision::Clarify(asked)))
                if answers.contains_key(&asked.id) =>
            {
                self.decide(&before, Vec::new()).await
            }
            Some(
                Committed::Decided(decision)
                | Committed::Programmed {
                    programmed: decision,
                    ..
                },
            ) => self.carry_out(&before, decision).await,
            Some(Committed::Growing { growing }) => self.decide(&before, growing.steps).await,
            Some(Committed::Refined { .. }) | None => self.decide(&before, Vec::new()).await,
        }
    }

    async fn carry_out(&self, before: &Before<'_>, decision: Decision) -> Result<Turn, AgentError> {
        let (draft, mut notes) = match decision {
            Decision::Finish => return Ok(Turn::Finish),
            Decision::Decline(decline) => return Ok(Turn::Decline(decline)),
            Decision::Clarify(question) => return Ok(Turn::Clarify(question)),
            Decision::Add { draft, notes } => (draft, notes),
            Decision::Streamed { notes } => (DraftPlan::default(), notes),
            Decision::Program { program, notes } => {
                return self.run_program(before, &program, notes).await;
            }
        };
        if draft.steps.len() > before.allowance {
            return Err(Defects(vec![beyond(before.allowance, draft.steps.len())]).into());
        }
        let plan = Plan::validate(&draft, &self.registry, before.scope)?;
        let report = self.executor.run(&plan, &before.context).await;
        notes.extend(unused_attachments(&before.assignment.run.request, &plan));
        Ok(Turn::Ran {
            plan: Box::new(plan),
            report: Box::new(report),
            notes,
        })
    }

    /// Asks the planner, and runs what it hands over meanwhile.
    async fn decide(&self, before: &Before<'_>, known: Vec<DraftStep>) -> Result<Turn, AgentError> {
        let (stream, offered) = StepStream::channel(AHEAD);
        let (engine, additions) = mpsc::channel(AHEAD);
        let asked = self.ask(before, &known, stream);
        let relay = self.relay(before, known.clone(), offered, engine);
        let grown = self
            .executor
            .run_growing(additions, &self.registry, &before.context);
        let (decision, draft, report) = tokio::join!(asked, relay, grown);
        let draft = draft?;
        if draft.steps.is_empty() {
            let decision = decision?;
            self.commit(before, &Committed::Decided(decision.clone()))
                .await?;
            return self.carry_out(before, decision).await;
        }
        self.take_streamed(before, decision, draft, report).await
    }

    /// Runs a program, which is committed: its steps need not be.
    async fn run_program(
        &self,
        before: &Before<'_>,
        program: &Program,
        mut notes: Vec<String>,
    ) -> Result<Turn, AgentError> {
        let (stream, offered) = StepStream::channel(AHEAD);
        let (engine, additions) = mpsc::channel(AHEAD);
        let outcomes = Outcomes::default();
        let _closing = Closing(&outcomes);
        let context = RunContext {
            program: Some(outcomes.clone()),
            ..before.context.clone()
        };
        let run = ProgramRun {
            program,
            request: &before.assignment.run.request,
            registry: &self.registry,
            run: context.run,
            round: context.round,
            stream: &stream,
            outcomes: &outcomes,
            finished: &context.finished,
            failed_before: before.assignment.failed_in(context.round),
            events: context.events,
            cancel: context.cancel,
        };
        let running = self.planner.run_program(run);
        let end = CancellationToken::new();
        let relay = relay_program(before.allowance, offered, engine, &outcomes, &end);
        let grown = self
            .executor
            .run_growing(additions, &self.registry, &context);
        let ended = async {
            let ended = tokio::select! {
                ended = running => ended,
                () = left(context.cancel) => Ok(ProgramEnd {
                    status: RunStatus::Cancelled,
                    notes: Vec::new(),
                }),
            };
            end.cancel();
            ended
        };
        let (ended, mut draft, mut report) = tokio::join!(ended, relay, grown);
        let ended = ended?;
        keep_accepted(&mut draft, &report);
        let ran = Committed::Programmed {
            programmed: Decision::Program {
                program: program.clone(),
                notes: notes.clone(),
            },
            draft: draft.clone(),
        };
        self.commit(before, &ran).await?;
        report.status = ended.status;
        notes.extend(ended.notes);
        if !report.defects.is_empty() && report.status == RunStatus::Succeeded {
            let defects = Defects(report.defects.clone());
            notes.push(format!("a part of the answer cannot be shown: {defects}"));
            report.status = RunStatus::Partial;
        }
        // A program may have nothing to call.
        let plan = match draft.steps.is_empty() {
            true => Plan::empty(),
            false => Plan::validate(&draft, &self.registry, before.scope)?,
        };
        Ok(Turn::Ran {
            plan: Box::new(plan),
            report: Box::new(report),
            notes,
        })
    }

    /// Commits what was handed over and accepted as what was decided.
    async fn take_streamed(
        &self,
        before: &Before<'_>,
        decision: Result<Decision, PlannerError>,
        mut draft: DraftPlan,
        report: RunReport,
    ) -> Result<Turn, AgentError> {
        let mut notes = match decision {
            Ok(Decision::Streamed { notes } | Decision::Add { notes, .. }) => notes,
            Ok(
                Decision::Finish
                | Decision::Decline(_)
                | Decision::Clarify(_)
                | Decision::Program { .. },
            ) => Vec::new(),
            Err(error) => vec![format!("the planner stopped: {error}")],
        };
        keep_accepted(&mut draft, &report);
        if draft.steps.is_empty() && !report.defects.is_empty() {
            return Err(Defects(report.defects).into());
        }
        let plan = Plan::validate(&draft, &self.registry, before.scope)?;
        let decision = Decision::Add {
            draft,
            notes: notes.clone(),
        };
        self.commit(before, &Committed::Decided(decision)).await?;
        notes.extend(unused_attachments(&before.assignment.run.request, &plan));
        Ok(Turn::Ran {
            plan: Box::new(plan),
            report: Box::new(report),
            notes,
        })
    }

    async fn ask(
        &self,
        before: &Before<'_>,
        known: &[DraftStep],
        stream: StepStream,
    ) -> Result<Decision, PlannerError> {
        let cancel = before.context.cancel;
        let situation = Situation {
            run: before.context.run,
            scope: Cow::Borrowed(before.scope),
            rounds: before.rounds,
            accepted: known,
            answers: &before.assignment.answers,
            stream: Some(&stream),
            spending: before.spending.clone(),
            ..Situation::new(&before.assignment.run.request, &self.registry, cancel)
        };
        let mut decision = self.planner.decide(&situation);
        tokio::select! {
            decision = &mut decision => decision,
            () = cancel.cancelled() => {
                let soon = Instant::now() + PATIENCE;
                timeout_at(soon, decision).await.unwrap_or(Ok(Decision::Finish))
            }
        }
    }

    /// Passes on what the planner hands over, each step once it is committed; returns all of it.
    async fn relay(
        &self,
        before: &Before<'_>,
        known: Vec<DraftStep>,
        mut offered: mpsc::Receiver<Addition>,
        engine: mpsc::Sender<Addition>,
    ) -> Result<DraftPlan, JournalError> {
        let mut draft = DraftPlan::default();
        for step in known {
            draft.steps.push(step.clone());
            let _ = engine.send(Addition::Step(Box::new(step))).await;
        }
        while let Some(addition) = offered.recv().await {
            match &addition {
                // Whoever plans more than that is stopped, and without an end nothing of it changes the world.
                Addition::Step(_) if draft.steps.len() >= before.allowance => break,
                Addition::Step(step) if !draft.steps.contains(step) => {
                    draft.steps.push(DraftStep::clone(step));
                    let growing = draft.clone();
                    self.commit(before, &Committed::Growing { growing }).await?;
                }
                Addition::Step(_) | Addition::End => {}
                Addition::Answer(answer) => draft.answer = Some(answer.clone()),
            }
            if engine.send(addition).await.is_err() {
                break;
            }
        }
        Ok(draft)
    }

    async fn commit(&self, before: &Before<'_>, turn: &Committed) -> Result<(), JournalError> {
        // A decision that the cancel made is none of the planner's.
        let Some(journal) = self.executor.journal() else {
            return Ok(());
        };
        if before.context.cancel.is_cancelled() {
            return Ok(());
        }
        let run = &before.assignment.run;
        let request = serde_json::to_vec(&run.request).unwrap_or_default();
        let record = TurnRecord {
            index: before.context.round,
            request_digest: Digest::of(&request),
            decision: serde_json::to_value(turn).unwrap_or_default(),
            usage: serde_json::to_value(before.spending.spent()).unwrap_or_default(),
        };
        Arc::clone(journal).commit_turn(&run.id, &record).await
    }
}

/// Comes to its end once a program that was told to stop has had its time.
async fn left(cancel: &CancellationToken) {
    cancel.cancelled().await;
    tokio::time::sleep(LEAVE).await;
}

/// Wakes the threads of a program when its run is left, so that none waits for ever.
struct Closing<'a>(&'a Outcomes);

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// Leaves out what was refused.
fn keep_accepted(draft: &mut DraftPlan, report: &RunReport) {
    let accepted: HashSet<&str> = report.steps.iter().map(|step| step.id.as_str()).collect();
    let offered = draft.steps.len();
    draft
        .steps
        .retain(|step| accepted.contains(step.id.as_str()));
    if draft.steps.len() < offered || !report.defects.is_empty() {
        // What the answer names may be among it.
        draft.answer = None;
    }
}

/// Passes on what a program hands over, as many steps as may be run; returns all of it.
async fn relay_program(
    allowance: usize,
    mut offered: mpsc::Receiver<Addition>,
    engine: mpsc::Sender<Addition>,
    outcomes: &Outcomes,
    end: &CancellationToken,
) -> DraftPlan {
    let mut draft = DraftPlan::default();
    loop {
        let addition = tokio::select! {
            biased;
            addition = offered.recv() => addition,
            // A thread that was left behind sends nothing more.
            () = end.cancelled(), if !offered.is_closed() => {
                offered.close();
                continue;
            }
        };
        let Some(addition) = addition else {
            break;
        };
        match &addition {
            // What it answers with still counts.
            Addition::Step(step) if draft.steps.len() >= allowance => {
                outcomes.turn_away(&step.id);
                continue;
            }
            Addition::Step(step) => draft.steps.push(DraftStep::clone(step)),
            Addition::Answer(answer) => draft.answer = Some(answer.clone()),
            Addition::End => {}
        }
        if engine.send(addition).await.is_err() {
            break;
        }
    }
    draft
}

fn beyond(allowance: usize, steps: usize) -> Defect {
    let message = format!("the plan has {steps} steps, and {allowance} more may be run");
    Defect::new(DefectCode::TooManySteps, message)
        .with_hint("raise `steps` in [agent], or plan less")
}
