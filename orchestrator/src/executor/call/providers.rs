//! Who makes a call: providers in their order, each looked up, asked for, admitted and tried as often as may help.

use std::{sync::Arc, time::Duration};

use backon::{BackoffBuilder, ExponentialBuilder};
use tokio_util::sync::CancellationToken;

use super::{
    super::{
        StepCall, StepControl, StepOutcome,
        attempt::{TimeLimits, attempt},
        flights::{Claim, Flight},
        identity::{identity, seed_of},
    },
    Call, Settled, waiting,
};
use crate::{
    CachedStep, Candidate, Digest, Effects, EventKind, Profile, Progress, ProgressSink, Question,
    QuestionKind, Record, StepError, StepStatus,
};

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

/// What is known of a call before it is made.
enum Known {
    Result(CachedStep),
    Lead(Flight),
}

impl Call {
    /// Tries the providers in their order.
    pub(super) async fn try_providers(&self, arguments: &Record) -> Box<Settled> {
        let mut attempts = 0;
        let mut last = None;
        let candidates = &self.step.candidates;
        for (position, candidate) in candidates.iter().enumerate() {
            let provider = &candidate.profile;
            if position > 0 && !self.may_step_in(&candidates[0].profile, provider) {
                continue;
            }
            let next = candidates[position + 1..]
                .iter()
                .map(|next| &next.profile)
                .find(|next| self.may_step_in(&candidates[0].profile, next));
            match self
                .try_provider(candidate, next, arguments, &mut attempts)
                .await
            {
                Tried::Settles(mut settled) => {
                    settled.attempts = attempts;
                    return settled;
                }
                Tried::Failed(error) => last = Some((provider, Box::new(error))),
            }
        }
        let Some((provider, error)) = last else {
            return Box::new(Settled::failed(self.nobody_provides_it()));
        };
        Box::new(Settled {
            provider: Some(provider.id.clone()),
            attempts,
            ..Settled::failed(*error)
        })
    }

    fn nobody_provides_it(&self) -> StepError {
        StepError::new(
            "no_provider",
            format!("nothing here provides `{}`", self.step.capability),
            Some("`medley doctor` says what is missing"),
        )
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
        let tried = self
            .repeat(candidate, next, arguments, seed, attempts)
            .await;
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

    /// Attempts with one provider until one settles the call or no more may help.
    async fn repeat(
        &self,
        candidate: &Candidate,
        next: Option<&Profile>,
        arguments: &Record,
        seed: u64,
        attempts: &mut u32,
    ) -> Tried {
        let provider = &candidate.profile;
        let resources = candidate.resources(arguments);
        let mut delays = None;
        loop {
            // What an attempt takes is free for others while the next one waits for its time.
            let lease = match self.shared.ledger.admit(&resources, self.priority).await {
                Ok(lease) => lease,
                Err(unfit) => {
                    let message = format!("the step can never run here: {unfit}");
                    let error = StepError::new("does_not_fit", message, Some(&unfit.hint()));
                    return Tried::Failed(error);
                }
            };
            *attempts += 1;
            if *attempts == 1 {
                self.shared.events.emit(EventKind::StepStarted {
                    step: self.key.clone(),
                    tool: self.step.capability.clone(),
                });
            }
            let outcome = self.attempt(provider, arguments, seed, *attempts).await;
            drop(lease);
            let (error, transient) = match outcome {
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
            let delays = delays.get_or_insert_with(|| self.delays(provider));
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
            idempotency_key: shared.idempotency_key(key),
            time_limit: limits.whole,
            answer: shared.answer(key),
        };
        // Only an attempt that may be stopped alone needs a token of its own.
        let cancel = if limits.whole.is_some() || limits.idle.is_some() {
            shared.cancel.child_token()
        } else {
            shared.cancel.clone()
        };
        let progress = self.progress_sink(cancel.clone());
        let control = StepControl {
            cancel,
            progress,
            spending: shared.spending.clone(),
        };
        attempt(&*shared.dispatcher, call, limits, control).await
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

/// Whether no other provider could do better: the fault is with what the step was given.
fn is_final(error: &StepError) -> bool {
    error.artifact.is_some() || error.code == "bad_argument"
}
