//! One call of a step, in a task of its own: from values to a record in the journal.
//!
//! Condition, arguments, cache, permission, attempts and fall-back, in this order. It holds no lock while a tool runs.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use backon::{BackoffBuilder, ExponentialBuilder};
use tokio_util::sync::CancellationToken;

use super::{
    StepCall, StepOutcome,
    attempt::{TimeLimits, attempt},
    condition::holds,
    evaluate::{Values, argument_error},
    flights::{Claim, Flight},
    identity::{identity, seed_of},
    shared::Shared,
};
use crate::{
    CHILD_LIMIT, CachedStep, Candidate, Digest, Effects, EventKind, Permission, Profile, Progress,
    ProgressSink, Question, QuestionKind, Record, Step, StepError, StepReport, StepStatus, Value,
};

/// A call of a step, or of a step for one item of its list.
pub(super) struct Call {
    pub shared: Arc<Shared>,
    pub step: Arc<Step>,
    /// The name of the call in events and records: `s2`, or `s2[3]` for an item.
    pub key: String,
    /// Which item it is for.
    pub child: Option<usize>,
    pub values: Values,
    /// The expected time from here to the end; the longer, the sooner it is admitted.
    pub priority: u64,
    /// Whether known results are passed over, because their bytes are no longer there.
    pub afresh: bool,
}

/// How a call ended.
#[derive(Debug)]
pub(super) enum Ended {
    /// It came to this.
    Settled(Box<StepReport>),
    /// The step goes over these items.
    Expands(Vec<Value>),
}

/// What running a call gave, before it is recorded.
enum Ran {
    Settled(Box<Settled>),
    Expands(Vec<Value>),
}

/// What a call came to.
struct Settled {
    status: StepStatus,
    provider: Option<String>,
    attempts: u32,
    outputs: Record,
    error: Option<StepError>,
    question: Option<Question>,
    /// Its identity, where its result may be used again.
    identity: Option<Digest>,
    /// Others who wait for the same result.
    flight: Option<Flight>,
}

impl Settled {
    const fn new(status: StepStatus) -> Self {
        Self {
            status,
            provider: None,
            attempts: 0,
            outputs: Record::new(),
            error: None,
            question: None,
            identity: None,
            flight: None,
        }
    }

    fn failed(error: StepError) -> Self {
        Self {
            error: Some(error),
            ..Self::new(StepStatus::Failed)
        }
    }

    fn cached(found: CachedStep) -> Self {
        Self {
            provider: Some(found.provider),
            outputs: found.outputs,
            ..Self::new(StepStatus::Cached)
        }
    }
}

/// What is known of a provider after it was tried.
enum Tried {
    /// Its outcome is the step's.
    Settles(Box<Settled>),
    /// It failed, and another one may do better.
    Failed(StepError),
}

impl Tried {
    fn settles(settled: Settled) -> Self {
        Self::Settles(Box::new(settled))
    }
}

impl Call {
    /// Makes the call, and records what it came to. Dropping the future stops it.
    pub(super) async fn run(&self) -> Ended {
        let started = Instant::now();
        let mut settled = match self.settle().await {
            Ran::Expands(items) => return Ended::Expands(items),
            Ran::Settled(settled) => settled,
        };
        let flight = settled.flight.take();
        let identity = settled.identity;
        let mut report = self.report(*settled, started);
        if let Err(error) = self.shared.record(&self.key, identity, &report).await {
            // What is not recorded is not finished: said, and never silently lost.
            report.status = StepStatus::Failed;
            report.outputs = Record::new();
            report.error = Some(error);
        } else if let (Some(flight), Some(provider)) = (flight, &report.provider) {
            flight.land(|| CachedStep {
                provider: provider.clone(),
                outputs: report.outputs.clone(),
            });
        }
        Ended::Settled(Box::new(report))
    }

    fn report(&self, settled: Settled, started: Instant) -> StepReport {
        let since = started.saturating_duration_since(self.shared.began);
        StepReport {
            id: self.key.clone(),
            tool: self.step.capability.clone(),
            provider: settled.provider,
            status: settled.status,
            started_ms: since.as_secs_f64() * 1e3,
            ms: started.elapsed().as_secs_f64() * 1e3,
            attempts: settled.attempts,
            outputs: settled.outputs,
            error: settled.error,
            question: settled.question,
            children: Vec::new(),
        }
    }

    async fn settle(&self) -> Ran {
        if let Some(settled) = self.check_condition().await {
            return Ran::Settled(Box::new(settled));
        }
        let store = &*self.shared.store;
        if let (Some(for_each), None) = (&self.step.for_each, self.child) {
            return match self.values.list(&for_each.list, store).await {
                Ok(items) if items.len() > CHILD_LIMIT => {
                    Ran::Settled(Box::new(Settled::failed(too_many_items(items.len()))))
                }
                Ok(items) => Ran::Expands(items),
                Err(error) => Ran::Settled(Box::new(Settled::failed(error))),
            };
        }
        let settled = match self.values.arguments(&self.step, store).await {
            Ok(arguments) => self.try_providers(&arguments).await,
            Err(error) => Settled::failed(error),
        };
        Ran::Settled(Box::new(settled))
    }

    async fn check_condition(&self) -> Option<Settled> {
        let condition = self.step.condition.as_ref()?;
        // A step that goes over a list and judges its items is judged item by item.
        let per_item = self.step.for_each.is_some() && condition.is_per_item();
        if per_item == self.child.is_none() && self.step.for_each.is_some() {
            return None;
        }
        match holds(condition, &self.values, &*self.shared.store).await {
            Ok(true) => None,
            Ok(false) => Some(Settled {
                error: Some(StepError::new(
                    StepError::NOT_TAKEN,
                    "its condition does not hold",
                    None,
                )),
                ..Settled::new(StepStatus::Skipped)
            }),
            Err(error) => Some(Settled::failed(argument_error("when", &error))),
        }
    }

    /// Tries the providers in their order.
    async fn try_providers(&self, arguments: &Record) -> Settled {
        let mut attempts = 0;
        let mut last = Settled::failed(StepError::new(
            "no_provider",
            format!("nothing here provides `{}`", self.step.capability),
            Some("`medley doctor` says what is missing"),
        ));
        let candidates = &self.step.candidates;
        for (position, candidate) in candidates.iter().enumerate() {
            let provider = &candidate.profile;
            if position > 0 && !self.may_step_in(&candidates[0].profile, provider) {
                continue;
            }
            let next = candidates.get(position + 1).map(|next| &next.profile);
            match self
                .try_provider(candidate, next, arguments, &mut attempts)
                .await
            {
                Tried::Settles(mut settled) => {
                    settled.attempts = attempts;
                    return *settled;
                }
                Tried::Failed(error) => {
                    last = Settled {
                        provider: Some(provider.id.clone()),
                        attempts,
                        ..Settled::failed(error)
                    };
                }
            }
        }
        last
    }

    /// Nothing leaves the machine because something here failed, unless the policy says so.
    fn may_step_in(&self, preferred: &Profile, provider: &Profile) -> bool {
        provider.effects == Effects::Pure
            || preferred.effects == provider.effects
            || (provider.effects == Effects::Network && self.shared.policy.network_fallback)
    }

    async fn try_provider(
        &self,
        candidate: &Candidate,
        next: Option<&Profile>,
        arguments: &Record,
        attempts: &mut u32,
    ) -> Tried {
        let provider = &candidate.profile;
        let seed = seed_of(self.shared.seed, &self.key);
        let identity = identity(&self.step, provider, arguments, seed);
        let flight = match identity {
            Some(identity) => match self.known(identity).await {
                Known::Result(found) => {
                    return Tried::settles(Settled {
                        identity: Some(identity),
                        ..Settled::cached(found)
                    });
                }
                Known::Lead(flight) => Some(flight),
            },
            None => None,
        };
        if let Some(settled) = self.ask_leave(provider) {
            return Tried::settles(settled);
        }
        let resources = candidate.resources(arguments);
        let lease = match self.shared.ledger.admit(&resources, self.priority).await {
            Ok(lease) => lease,
            Err(unfit) => {
                let message = format!("the step can never run here: {unfit}");
                let error = StepError::new("does_not_fit", message, Some(&unfit.hint()));
                return Tried::Failed(error);
            }
        };
        let tried = self.repeat(provider, next, arguments, seed, attempts).await;
        drop(lease);
        let Tried::Settles(mut settled) = tried else {
            return tried;
        };
        if settled.status == StepStatus::Done {
            settled.identity = identity;
            settled.flight = flight;
        }
        Tried::Settles(settled)
    }

    /// What is known of a call: a result from before or from another call in flight, or that it is ours to make.
    async fn known(&self, identity: Digest) -> Known {
        loop {
            match self.shared.flights.claim(identity) {
                Claim::Lead(flight) => {
                    if self.afresh {
                        return Known::Lead(flight);
                    }
                    return match self.shared.look_up(&identity).await {
                        Some(found) => {
                            flight.land(|| found.clone());
                            Known::Result(found)
                        }
                        None => Known::Lead(flight),
                    };
                }
                Claim::Follow(receiver) => {
                    if let Ok(found) = receiver.await {
                        return Known::Result(found);
                    }
                }
            }
        }
    }

    /// Why the call may not be made now, if it may not.
    fn ask_leave(&self, provider: &Profile) -> Option<Settled> {
        let doing = match provider.effects {
            Effects::Pure => "run",
            Effects::Network => "use the network",
            Effects::Writes => "change something outside of the run",
        };
        let denied = |hint: &str| {
            let message = format!("`{}` may not {doing}", self.step.capability);
            Settled {
                provider: Some(provider.id.clone()),
                ..Settled::failed(StepError::new("denied", message, Some(hint)))
            }
        };
        match self.shared.policy.permission(provider.effects) {
            Permission::Allow => None,
            Permission::Deny => Some(denied(
                "the policy denies it; change [policy] in the configuration",
            )),
            Permission::Ask => {
                let question = Question {
                    id: format!("{}.approve", self.key),
                    step: self.key.clone(),
                    kind: QuestionKind::Approve,
                    text: format!("may `{}` {doing}?", self.step.capability),
                    choices: vec![Question::YES.to_owned(), Question::NO.to_owned()],
                };
                match self.shared.answers.get(&question.id).map(String::as_str) {
                    Some(Question::YES) => None,
                    Some(_) => Some(denied("it was asked for and refused")),
                    None => Some(waiting(question)),
                }
            }
        }
    }

    /// Attempts with one provider until one settles the call or no more may help.
    async fn repeat(
        &self,
        provider: &Profile,
        next: Option<&Profile>,
        arguments: &Record,
        seed: u64,
        attempts: &mut u32,
    ) -> Tried {
        let mut delays = self.delays(provider);
        loop {
            *attempts += 1;
            if *attempts == 1 {
                self.shared.events.emit(EventKind::StepStarted {
                    step: self.key.clone(),
                    tool: self.step.capability.clone(),
                });
            }
            let (error, transient) = match self.attempt(provider, arguments, seed, *attempts).await
            {
                StepOutcome::Done { provider, outputs } => {
                    return Tried::settles(Settled {
                        provider: Some(provider),
                        outputs,
                        ..Settled::new(StepStatus::Done)
                    });
                }
                StepOutcome::Asks { text, choices } => {
                    return Tried::settles(waiting(Question {
                        id: format!("{}.clarify", self.key),
                        step: self.key.clone(),
                        kind: QuestionKind::Clarify,
                        text,
                        choices,
                    }));
                }
                StepOutcome::Cancelled if self.shared.cancel.is_cancelled() => {
                    return Tried::settles(Settled::new(StepStatus::Cancelled));
                }
                StepOutcome::Cancelled => {
                    let message = "the tool stopped of its own accord";
                    (StepError::new("stopped", message, None), false)
                }
                StepOutcome::Failed {
                    error, transient, ..
                } => (error, transient),
            };
            if self.shared.cancel.is_cancelled() {
                return Tried::settles(Settled::new(StepStatus::Cancelled));
            }
            let delay = delays.next().filter(|_| transient);
            if delay.is_none() && (next.is_none() || is_final(&error)) {
                return match next {
                    // Another provider would be given the same arguments.
                    Some(_) => Tried::settles(Settled {
                        provider: Some(provider.id.clone()),
                        ..Settled::failed(error)
                    }),
                    None => Tried::Failed(error),
                };
            }
            self.shared.events.emit(EventKind::StepRetry {
                step: self.key.clone(),
                attempt: *attempts,
                provider: provider.id.clone(),
                next: match (delay, next) {
                    (None, Some(next)) => next.id.clone(),
                    _ => provider.id.clone(),
                },
                delay_ms: delay.unwrap_or_default().as_secs_f64() * 1e3,
                error: error.clone(),
            });
            let Some(delay) = delay else {
                return Tried::Failed(error);
            };
            tokio::select! {
                () = tokio::time::sleep(delay) => {}
                () = self.shared.cancel.cancelled() => {
                    return Tried::settles(Settled::new(StepStatus::Cancelled));
                }
            }
        }
    }

    fn delays(&self, provider: &Profile) -> impl Iterator<Item = Duration> + use<> {
        let retry = self.step.retry;
        let standard = if provider.effects == Effects::Writes {
            0
        } else {
            2
        };
        let times = retry.times.unwrap_or(standard) as usize;
        ExponentialBuilder::default()
            .with_min_delay(retry.delay)
            .with_max_delay(Duration::from_secs(60))
            .with_factor(2.0)
            .with_jitter()
            .with_max_times(times)
            .build()
            .take(times)
    }

    async fn attempt(
        &self,
        provider: &Profile,
        arguments: &Record,
        seed: u64,
        number: u32,
    ) -> StepOutcome {
        let key = &self.key;
        let limits = TimeLimits {
            whole: self.step.time_limit.or(provider.time_limit),
            idle: self.step.idle_limit.or(provider.idle_limit),
        };
        let shared = &self.shared;
        let call = StepCall {
            run: shared.run.clone(),
            step: self.step.id.clone(),
            child: self.child,
            attempt: number,
            capability: self.step.capability.clone(),
            version: self.step.version,
            provider: provider.id.clone(),
            arguments: arguments.clone(),
            seed,
            idempotency_key: Digest::of(
                format!("{}/{}/{key}", shared.run, shared.round).as_bytes(),
            ),
            time_limit: limits.whole,
            answer: shared.answers.get(&format!("{key}.clarify")).cloned(),
        };
        let cancel = shared.cancel.child_token();
        let progress = self.progress_sink(cancel.clone());
        attempt(&*shared.dispatcher, call, limits, progress, cancel).await
    }

    fn progress_sink(&self, cancel: CancellationToken) -> ProgressSink {
        let events = self.shared.events.clone();
        let key = self.key.clone();
        Arc::new(move |Progress { fraction, message }| {
            // What a tool says after it was told to stop is of no use to anybody.
            if !cancel.is_cancelled() {
                events.emit(EventKind::StepProgress {
                    step: key.clone(),
                    fraction,
                    message,
                });
            }
        })
    }
}

/// What is known of a call before it is made.
enum Known {
    Result(CachedStep),
    Lead(Flight),
}

/// The name of a call in events and records.
pub(super) fn key_of(step: &str, child: Option<usize>) -> String {
    match child {
        None => step.to_owned(),
        Some(index) => format!("{step}[{index}]"),
    }
}

fn waiting(question: Question) -> Settled {
    Settled {
        question: Some(question),
        ..Settled::new(StepStatus::Waiting)
    }
}

/// Whether no other provider could do better: the fault is with what the step was given.
fn is_final(error: &StepError) -> bool {
    error.artifact.is_some() || error.code == "bad_argument"
}

fn too_many_items(count: usize) -> StepError {
    StepError::new(
        "too_many_items",
        format!("the list has {count} items, more than {CHILD_LIMIT}"),
        Some("go over a shorter list"),
    )
}
