//! How far a run may go before it ends with what is there.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::task::AbortHandle;
use tokio_util::sync::CancellationToken;

use crate::{RunReport, RunStatus};

/// How far a run may go before it ends with what is there.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Bounds {
    /// How often a planner may look at what came of its steps and add more.
    pub rounds: u32,
    /// How many steps may be run, those of all rounds together; items of a list do not count.
    pub steps: usize,
    /// How many seconds the steps may take together, planning included; absent = as long as it takes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_s: Option<f64>,
}

impl Default for Bounds {
    /// Eight rounds and 10,000 steps.
    fn default() -> Self {
        Self {
            rounds: 8,
            steps: crate::STEP_LIMIT,
            time_s: None,
        }
    }
}

impl Bounds {
    /// Which bound forbids to go on after so many rounds and steps, in words.
    pub(super) fn reached(&self, rounds: u32, steps: usize) -> Option<String> {
        let (bound, what) = if rounds >= self.rounds {
            (self.rounds as usize, "round")
        } else if steps >= self.steps {
            (self.steps, "step")
        } else {
            return None;
        };
        let plural = if bound == 1 { "" } else { "s" };
        Some(format!("the run was ended after {bound} {what}{plural}"))
    }
}

/// Stops the steps of a run when its time is up; dropping it stops the clock.
pub(super) struct Clock {
    /// What the person stops the run with.
    whole: CancellationToken,
    /// What stops the steps.
    pub steps: CancellationToken,
    timer: Option<AbortHandle>,
}

impl Clock {
    pub(super) fn start(bounds: Bounds, whole: &CancellationToken) -> Self {
        let steps = whole.child_token();
        let time = bounds
            .time_s
            .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        let timer = time.map(|time| {
            let steps = steps.clone();
            let wait = async move {
                tokio::time::sleep(time).await;
                steps.cancel();
            };
            tokio::spawn(wait).abort_handle()
        });
        Self {
            whole: whole.clone(),
            steps,
            timer,
        }
    }

    /// Whether the time is up, rather than the person having stopped the run.
    pub(super) fn is_up(&self) -> bool {
        self.steps.is_cancelled() && !self.whole.is_cancelled()
    }
}

impl Drop for Clock {
    fn drop(&mut self) {
        if let Some(timer) = &self.timer {
            timer.abort();
        }
    }
}

/// What a run comes to whose time was up.
pub(super) fn status_in_time(rounds: &[RunReport]) -> RunStatus {
    let mut steps = rounds.iter().flat_map(|round| &round.steps);
    match steps.any(|step| step.status.is_success()) {
        true => RunStatus::Partial,
        false => RunStatus::Failed,
    }
}
