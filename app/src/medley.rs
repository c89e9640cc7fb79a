//! The facade: ask, plan and run, with attachments in and events out.

use std::{
    future::IntoFuture,
    path::{Path, PathBuf},
    pin::Pin,
    sync::Arc,
};

use medley_models::Models;
use medley_orchestrator::{
    Agent, Decision, Decline, DiskStore, DraftPlan, EventKind, EventSink, EventStream, Outcome,
    Plan, Probe, Refiner, Registry, Request, RunContext, Scope, Situation, unused_attachments,
};
use medley_planners::TemplateRefiner;
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::{MedleyBuilder, MedleyError, attachment::attach};

/// Answers requests over files. Cheap to clone; clones share everything that is loaded.
#[derive(Clone)]
pub struct Medley {
    house: Arc<House>,
}

struct House {
    agent: Agent,
    store: Arc<DiskStore>,
    models: Models,
    probe: Arc<dyn Probe>,
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
        probe: Arc<dyn Probe>,
    ) -> Self {
        let house = House {
            agent,
            store,
            models,
            probe,
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

    /// Where artifacts are kept.
    #[must_use]
    pub fn store(&self) -> &DiskStore {
        &self.house.store
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
        let situation = Situation {
            request: &request,
            registry: self.registry(),
            rounds: &[],
            cancel: &CancellationToken::new(),
        };
        let decision = self.house.agent.planner.decide(&situation).await;
        match decision.map_err(MedleyError::Planner)? {
            Decision::Add { draft, mut notes } => {
                let scope = Scope::of_request(&request);
                let plan = Plan::validate(&draft, self.registry(), &scope)
                    .map_err(MedleyError::PlannersPlan)?;
                notes.extend(unused_attachments(&request, &plan));
                let plan = Box::new(plan);
                Ok(Planned::Plan { draft, plan, notes })
            }
            Decision::Decline(decline) => Ok(Planned::Declined(decline)),
            _ => Ok(Planned::Declined(Decline {
                reason: "there is nothing to do".to_owned(),
                nearest: Vec::new(),
            })),
        }
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
        let scope = Scope::of_request(&request);
        let plan = Plan::validate(draft, self.registry(), &scope).map_err(MedleyError::Plan)?;
        let run = new_run();
        events.emit(EventKind::RunStarted { run: run.clone() });
        let context = RunContext {
            run: &run,
            scope: &scope,
            events,
            cancel,
        };
        let report = self.house.agent.executor.run(&plan, &context).await;
        let status = report.status;
        let rounds = vec![report];
        let mut response = TemplateRefiner.refine(&request, &rounds).await;
        response.notes.extend(unused_attachments(&request, &plan));
        events.emit(EventKind::RunFinished {
            run: run.clone(),
            status,
        });
        Ok(Outcome {
            run,
            status,
            response,
            rounds,
        })
    }

    async fn request(
        &self,
        text: String,
        attachments: &[impl AsRef<Path>],
    ) -> Result<Request, MedleyError> {
        let mut taken = Vec::with_capacity(attachments.len());
        for path in attachments {
            let House { probe, store, .. } = &*self.house;
            taken.push(attach(path.as_ref(), &**probe, &**store).await?);
        }
        Ok(Request {
            text,
            attachments: taken,
        })
    }
}

/// A run's id: sorts by time.
fn new_run() -> String {
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
        let run = new_run();
        let agent = &medley.house.agent;
        Ok(agent.answer(&run, &request, &events, &cancel).await?)
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
