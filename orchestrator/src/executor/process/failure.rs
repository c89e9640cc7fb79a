//! Why a call over a worker process gave nothing, when it was not the tool that said so.
//!
//! Every such failure becomes a [`StepOutcome`] here and nowhere else.

use std::{io, process::ExitStatus, time::Duration};

use super::{
    super::StepOutcome,
    protocol::{DecodeError, EncodeError, MESSAGE_LIMIT},
};
use crate::StepError;

/// What went wrong with a worker, or between it and its dispatcher.
#[derive(Debug, thiserror::Error)]
pub(super) enum WorkerFailure {
    /// The system would not start it.
    #[error("the worker process could not be started")]
    NotStarted(#[source] io::Error),
    /// It ended before it had said that it is ready.
    #[error("the worker process ended before it was ready ({})", describe(*status))]
    EndedEarly { status: Option<ExitStatus> },
    /// It lives, and does not say that it is ready.
    #[error("the worker process was not ready within {} s", limit.as_secs())]
    Silent { limit: Duration },
    /// It ended with calls in flight: killed, out of memory, or by its own doing.
    #[error("the worker process ended while it worked on this ({})", describe(*status))]
    Died { status: Option<ExitStatus> },
    /// It wrote what is no message.
    #[error("the worker process wrote a line that is not a message")]
    Garbage(#[source] DecodeError),
    /// It gave a malformed answer to this one call.
    #[error("the worker process gave an answer that cannot be read")]
    Unreadable(#[source] DecodeError),
    /// It spoke, but not when it should.
    #[error("the worker process answered before it was ready, or was ready twice")]
    OutOfTurn,
    /// What it writes cannot be read.
    #[error("what the worker process writes cannot be read")]
    Output(#[source] io::Error),
    /// The call is too large for a line.
    #[error("the step's arguments cannot be given to a worker process")]
    Call(#[source] EncodeError),
    /// The dispatcher was dropped.
    #[error("the worker process was ended")]
    Ended,
}

impl WorkerFailure {
    /// The outcome of a call, with what the worker last wrote to its stderr.
    ///
    /// A worker that died is the one failure that trying again can mend, on a new worker.
    pub(super) fn outcome(&self, last_words: &str) -> StepOutcome {
        let mut error = StepError::new(self.code(), self.to_string(), Some(&self.hint()));
        let first = std::error::Error::source(self);
        error.causes = std::iter::successors(first, |cause| cause.source())
            .map(ToString::to_string)
            .collect();
        // The operator reads these; what a process says when it dies is nothing that a model should see.
        if let Self::Garbage(decode) | Self::Unreadable(decode) = self {
            error.causes = vec![format!("{decode}, in: {}", decode.excerpt)];
        }
        if !last_words.is_empty() {
            error.causes.push(format!("it last wrote:\n{last_words}"));
        }
        StepOutcome::Failed {
            provider: None,
            error,
            // A new worker may fare better.
            transient: matches!(self, Self::Died { .. }),
        }
    }

    const fn code(&self) -> &'static str {
        match self {
            Self::NotStarted(_) | Self::EndedEarly { .. } | Self::Silent { .. } => {
                "worker_not_started"
            }
            Self::Died { .. } | Self::Ended => "worker_died",
            Self::Garbage(_) | Self::Unreadable(_) | Self::OutOfTurn | Self::Output(_) => {
                "worker_garbled"
            }
            Self::Call(_) => "call_too_large",
        }
    }

    fn hint(&self) -> String {
        match self {
            Self::NotStarted(_) => {
                "check that the worker's program exists and may be run".to_owned()
            }
            Self::EndedEarly { .. } | Self::Silent { .. } => {
                "run the worker's command by hand to see what keeps it from starting".to_owned()
            }
            Self::Died { status } if was_killed(*status) => {
                "the system may have run out of memory: run fewer steps at once, or smaller ones"
                    .to_owned()
            }
            Self::Died { .. } => {
                "run the step again; if it ends again, report it with the file that it was given"
                    .to_owned()
            }
            Self::Garbage(_) | Self::Unreadable(_) | Self::OutOfTurn => {
                "only messages may go to the worker's standard output; let tools print to standard error, \
                 and use a worker of the same version"
                    .to_owned()
            }
            Self::Output(_) | Self::Call(_) => format!(
                "a message holds up to {} MiB; keep larger data in the store, as an artifact",
                MESSAGE_LIMIT >> 20
            ),
            Self::Ended => "run the step again".to_owned(),
        }
    }
}

fn describe(status: Option<ExitStatus>) -> String {
    status.map_or_else(
        || "its exit status is not known".to_owned(),
        |status| status.to_string(),
    )
}

#[cfg(unix)]
fn was_killed(status: Option<ExitStatus>) -> bool {
    use std::os::unix::process::ExitStatusExt;

    let kill = rustix::process::Signal::KILL.as_raw();
    status.and_then(|status| status.signal()) == Some(kill)
}

#[cfg(not(unix))]
fn was_killed(_: Option<ExitStatus>) -> bool {
    false
}
