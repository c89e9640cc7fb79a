//! The facade: ask, plan and run, with attachments in and events out.

use std::{
    future::IntoFuture,
    path::{Path, PathBuf},
    pin::Pin,
    sync::Arc,
};

use medley_models::{Models, language::LanguageModels};
use medley_orchestrator::{
    Agent, Assignment, Attachment, Decision, Decline, DiskStore, DraftPlan, EventSink, EventStream,
    GivenPlan, Journal, Outcome, Plan, Probe, Program, Registry, Request, RunKind, RunStatus,
    Scope, Situation, unused_attachments,
};
use medley_planners::{Retriever, TemplateRefiner};
use medley_workflows::{ScriptLimits, ScriptRunner};
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::{MedleyBuilder, MedleyError, PlanText, attachment::attach, records::Records};

/// Answers requests over files. Cheap to clone; clones share everything that is loaded.
#[derive(Clone)]
pub struct Medley {
    house: Arc<House>,
}

struct House {
    agent: Agent,
    store: Arc<DiskStore>,
    models: Models,
    language: LanguageModels,
    probe: Arc<dyn Probe>,
    records: Records,
    /// How much a script may take.
    script_limits: ScriptLimits,
}

/// What planning a request gave.
#[derive(Debug)]
pub enum Planned {
    /// A plan that would run.
    Plan {
        /// As the planner wrote it.
        draft: DraftPlan,
        /// Checked.
        plan: Box<Plan>,
        /// What the person should know about it.
        notes: Vec<String>,
    },
    /// A program that would run.
    Program {
        /// The program.
        program: Program,
        /// What the person should know about it.
        notes: Vec<String>,
    },
    /// The request cannot be done.
    Declined(Decline),
}

impl Medley {
    /// Starts putting one together.
    pub fn builder() -> MedleyBuilder {
        MedleyBuilder::default()
    }

    pub(crate) fn assemble(
        agent: Agent,
        store: Arc<DiskStore>,
        models: Models,
        language: LanguageModels,
        probe: Arc<dyn Probe>,
        records: Records,
        script_limits: ScriptLimits,
    ) -> Self {
        let house = House {
            agent,
            store,
            models,
            language,
            probe,
            records,
            script_limits,
        };
        Self {
            house: Arc::new(house),
        }
    }

    /// What can be done, and who does it.
    #[must_use]
    pub fn registry(&self) -> &Registry {
        &self.house.agent.registry
    }

    /// Where models and libraries come from.
    #[must_use]
    pub fn models(&self) -> &Models {
        &self.house.models
    }

    /// The language models that are configured.
    #[must_use]
    pub fn language_models(&self) -> &LanguageModels {
        &self.house.language
    }

    /// Where artifacts are kept.
    #[must_use]
    pub fn store(&self) -> &DiskStore {
        &self.house.store
    }

    /// What is kept of runs: their history, and results that may be used again.
    #[must_use]
    pub fn records(&self) -> &Records {
        &self.house.records
    }

    /// Asks for something; attach files to the result, then await it.
    pub fn ask(&self, request: impl Into<String>) -> Ask {
        Ask {
            medley: self.clone(),
            text: request.into(),
            attachments: Vec::new(),
            cancel: CancellationToken::new(),
            events: EventSink::ignored(),
        }
    }

    /// Plans a request and runs nothing.
    ///
    /// # Errors
    /// When an attachment cannot be used, or the planner cannot work.
    pub async fn plan(
        &self,
        request: impl Into<String>,
        attachments: &[PathBuf],
    ) -> Result<Planned, MedleyError> {
        let request = self.request(request.into(), attachments).await?;
        let cancel = CancellationToken::new();
        let situation = Situation::new(&request, self.registry(), &cancel);
        let decision = self.house.agent.planner.decide(&situation).await;
        match decision.map_err(MedleyError::Planner)? {
            Decision::Add { draft, notes: said } => {
                let mut planned = self.check(&request, &draft)?;
                if let Planned::Plan { notes, .. } = &mut planned {
                    notes.splice(0..0, said);
                }
                Ok(planned)
            }
            Decision::Program { program, notes } => Ok(Planned::Program { program, notes }),
            Decision::Decline(decline) => Ok(Planned::Declined(decline)),
            Decision::Clarify(question) => Ok(Planned::Declined(Decline {
                reason: question.text,
                nearest: Vec::new(),
            })),
            _ => Ok(Planned::Declined(Decline {
                reason: "there is nothing to do".to_owned(),
                nearest: Vec::new(),
            })),
        }
    }

    /// Checks a plan for a request and runs nothing.
    ///
    /// # Errors
    /// When the plan has defects.
    pub fn check(&self, request: &Request, draft: &DraftPlan) -> Result<Planned, MedleyError> {
        let scope = Scope::of_request(request);
        let plan =
            Plan::validate(draft, self.registry(), &scope).map_err(MedleyError::PlannersPlan)?;
        Ok(Planned::Plan {
            draft: draft.clone(),
            notes: unused_attachments(request, &plan),
            plan: Box::new(plan),
        })
    }

    /// Runs a plan that somebody wrote, without planning or refining.
    ///
    /// # Errors
    /// When an attachment cannot be used, or the plan has defects: then nothing has run.
    pub async fn exec(
        &self,
        draft: &DraftPlan,
        attachments: &[PathBuf],
        events: &EventSink,
        cancel: &CancellationToken,
    ) -> Result<Outcome, MedleyError> {
        let request = self.request(String::new(), attachments).await?;
        let plan = GivenPlan::new(draft.clone());
        self.exec_given(plan, request, events, cancel).await
    }

    /// Runs a plan that somebody or a language model wrote down, in any form that is known; see [`PlanText`].
    ///
    /// # Errors
    /// When an attachment cannot be used, or the plan has defects: then nothing has run.
    pub async fn exec_text(
        &self,
        plan: PlanText<'_>,
        attachments: &[PathBuf],
        events: &EventSink,
        cancel: &CancellationToken,
    ) -> Result<Outcome, MedleyError> {
        let request = self.request(String::new(), attachments).await?;
        let medley = self.clone();
        let (text, repair, stop) = (plan.text.to_owned(), plan.repair, cancel.clone());
        // Whose name a tool goes by may be a question for the model that reads requests, which blocks.
        let reading = tokio::task::spawn_blocking(move || {
            let plan = PlanText {
                text: &text,
                repair,
            };
            let retriever = Retriever::new(medley.models());
            let nearest = |name: &str| retriever.nearest_to_name(name, medley.registry(), &stop);
            let read = plan.read(medley.registry(), &request, &nearest);
            (request, read)
        });
        let (request, read) = reading
            .await
            .map_err(|failure| MedleyError::Internal(failure.to_string()))?;
        let read = read?;
        let plan = GivenPlan {
            draft: read.draft,
            notes: read.notes,
        };
        self.exec_given(plan, request, events, cancel).await
    }

    async fn exec_given(
        &self,
        plan: GivenPlan,
        request: Request,
        events: &EventSink,
        cancel: &CancellationToken,
    ) -> Result<Outcome, MedleyError> {
        let scope = Scope::of_request(&request);
        Plan::validate(&plan.draft, self.registry(), &scope).map_err(MedleyError::Plan)?;
        let agent = self.agent_of_plan(plan);
        let assignment = Assignment::new(new_run(), RunKind::Exec, request);
        self.carry_out(agent, assignment, events, cancel).await
    }

    /// Goes on with a run where it stopped: what was decided is not decided again, and what was finished is not done
    /// again. What failed, was skipped or was stopped is tried again.
    ///
    /// # Errors
    /// When there is no such run, it is alive in another process, or its plan was never kept.
    pub async fn resume(
        &self,
        run: &str,
        events: &EventSink,
        cancel: &CancellationToken,
    ) -> Result<Outcome, MedleyError> {
        let journal = self.house.records.opened()?;
        let history = journal.load_run(run).await?;
        let agent = match history.run.kind {
            // A program that was decided on needs nobody to decide any more.
            RunKind::Ask if history.turns.iter().any(|turn| turn.program().is_some()) => {
                self.agent_of_workflow(Program::default())?
            }
            RunKind::Ask => self.house.agent.clone(),
            RunKind::Exec | RunKind::Workflow if history.turns.is_empty() => {
                return Err(MedleyError::NothingToResume(run.to_owned()));
            }
            RunKind::Exec => self.agent_of_plan(GivenPlan::default()),
            RunKind::Workflow => self.agent_of_workflow(Program::default())?,
        };
        self.carry_out(agent, Assignment::resume(history), events, cancel)
            .await
    }

    /// Answers a question of a run that waits for it. [`resume`](Self::resume) goes on with the run.
    ///
    /// # Errors
    /// When there is no such run or question, or it cannot be answered so.
    pub async fn answer(&self, run: &str, question: &str, answer: &str) -> Result<(), MedleyError> {
        let journal = self.house.records.opened()?;
        let history = journal.load_run(run).await?;
        let planner = history.turns.iter().filter_map(|turn| turn.question());
        let steps = history.steps.iter();
        let questions: Vec<_> = steps
            .filter_map(|step| step.report.question.clone())
            .chain(planner)
            .collect();
        let Some(asked) = questions.iter().find(|asked| asked.id == question) else {
            return Err(MedleyError::NoSuchQuestion {
                question: question.to_owned(),
                open: questions.iter().map(|asked| asked.id.clone()).collect(),
            });
        };
        if !asked.choices.is_empty() && !asked.choices.iter().any(|choice| choice == answer) {
            return Err(MedleyError::NoSuchChoice {
                answer: answer.to_owned(),
                choices: asked.choices.clone(),
            });
        }
        Ok(journal.record_answer(run, question, answer).await?)
    }

    /// An agent that carries out a given plan, without planning or refining.
    fn agent_of_plan(&self, plan: GivenPlan) -> Agent {
        Agent {
            planner: Arc::new(plan),
            refiner: Arc::new(TemplateRefiner),
            ..self.house.agent.clone()
        }
    }

    /// Carries out a run, which is recorded and which no other process may go on with meanwhile.
    pub(crate) async fn carry_out(
        &self,
        mut agent: Agent,
        assignment: Assignment,
        events: &EventSink,
        cancel: &CancellationToken,
    ) -> Result<Outcome, MedleyError> {
        let Some(journal) = self.house.records.journal()? else {
            return Ok(agent.answer(assignment, events, cancel).await?);
        };
        let run = assignment.run.id.clone();
        let lock = self.house.records.lock(&run)?;
        agent.executor = agent.executor.with_journal(journal.clone());
        let copied = Arc::clone(&journal);
        let tapped = run.clone();
        let events = events
            .clone()
            .with_tap(Arc::new(move |event| copied.note_event(&tapped, event)));
        let outcome = match agent.answer(assignment, &events, cancel).await {
            Ok(outcome) => outcome,
            Err(error) => {
                // That there is no answer is worth more than that this could not be noted.
                let _ = journal.finish_run(&run, RunStatus::Failed).await;
                return Err(error.into());
            }
        };
        drop(lock);
        if let Err(error) = self.house.records.keep_within_limit().await {
            tracing::warn!("known results could not be pruned: {error}");
        }
        Ok(outcome)
    }

    /// Reads, measures and keeps a file.
    pub(crate) async fn take_in(&self, path: &Path) -> Result<Attachment, MedleyError> {
        let House { probe, store, .. } = &*self.house;
        Ok(attach(path, &**probe, &**store).await?)
    }

    /// How scripts are run.
    pub(crate) fn script_runner(&self) -> ScriptRunner {
        ScriptRunner {
            store: self.house.store.clone(),
            limits: self.house.script_limits.clone(),
        }
    }

    /// Who answers requests.
    pub(crate) fn agent(&self) -> &Agent {
        &self.house.agent
    }

    pub(crate) async fn request(
        &self,
        text: String,
        attachments: &[impl AsRef<Path>],
    ) -> Result<Request, MedleyError> {
        let mut taken = Vec::with_capacity(attachments.len());
        for path in attachments {
            taken.push(self.take_in(path.as_ref()).await?);
        }
        Ok(Request {
            text,
            attachments: taken,
            ..Request::default()
        })
    }
}

/// A run's id: sorts by time.
pub(crate) fn new_run() -> String {
    uuid::Uuid::now_v7().to_string()
}

/// A request on its way. Await it for the outcome, or [`start`](Ask::start) it to watch.
#[must_use = "a request does nothing until it is awaited or started"]
pub struct Ask {
    medley: Medley,
    text: String,
    attachments: Vec<PathBuf>,
    cancel: CancellationToken,
    events: EventSink,
}

impl Ask {
    /// Attaches a file.
    pub fn attach(mut self, path: impl Into<PathBuf>) -> Self {
        self.attachments.push(path.into());
        self
    }

    /// Attaches files.
    pub fn attach_all(mut self, paths: impl IntoIterator<Item = PathBuf>) -> Self {
        self.attachments.extend(paths);
        self
    }

    /// Stops the request when `token` is cancelled.
    pub fn cancelled_by(mut self, token: CancellationToken) -> Self {
        self.cancel = token;
        self
    }

    /// Starts the request on the current tokio runtime, to watch it.
    #[must_use = "dropping it stops the request"]
    pub fn start(mut self) -> Asking {
        let (sink, events) = EventSink::channel();
        self.events = sink;
        let cancel = self.cancel.child_token();
        self.cancel = cancel.clone();
        Asking {
            outcome: tokio::spawn(self.run()),
            events,
            guard: cancel.drop_guard(),
        }
    }

    async fn run(self) -> Result<Outcome, MedleyError> {
        let Self {
            medley,
            text,
            attachments,
            cancel,
            events,
        } = self;
        let request = medley.request(text, &attachments).await?;
        let agent = medley.house.agent.clone();
        let assignment = Assignment::new(new_run(), RunKind::Ask, request);
        medley.carry_out(agent, assignment, &events, &cancel).await
    }
}

impl IntoFuture for Ask {
    type Output = Result<Outcome, MedleyError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

/// A request that is being answered; dropping it stops it.
pub struct Asking {
    outcome: JoinHandle<Result<Outcome, MedleyError>>,
    events: EventStream,
    guard: DropGuard,
}

impl Asking {
    /// What happens next; `None` once the request has ended. Cancel-safe.
    pub async fn next_event(&mut self) -> Option<medley_orchestrator::Event> {
        self.events.recv().await
    }

    /// The outcome, once the request has ended.
    ///
    /// # Errors
    /// When there is no answer at all; a step that failed is in the outcome instead.
    pub async fn outcome(self) -> Result<Outcome, MedleyError> {
        let outcome = self
            .outcome
            .await
            .unwrap_or_else(|failure| Err(MedleyError::Internal(failure.to_string())));
        drop(self.guard);
        outcome
    }
}
