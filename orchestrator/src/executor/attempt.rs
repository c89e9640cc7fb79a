//! One attempt at a call, within its limits of time.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::time::{Instant, sleep_until, timeout};

use super::{CANCEL_GRACE, Dispatcher, StepCall, StepControl, StepOutcome};
use crate::{Progress, ProgressSink, StepError};

/// How long an attempt may take, and how long it may go without progress.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct TimeLimits {
    pub whole: Option<Duration>,
    pub idle: Option<Duration>,
}

/// Makes the call. An attempt that takes too long is told to stop, and left behind if it does not.
pub(super) async fn attempt(
    dispatcher: &dyn Dispatcher,
    call: StepCall,
    limits: TimeLimits,
    control: StepControl,
) -> StepOutcome {
    if limits.whole.is_none() && limits.idle.is_none() {
        return dispatcher.dispatch(call, control).await;
    }
    let started = Instant::now();
    let heard = Arc::new(AtomicU64::new(0));
    let cancel = control.cancel.clone();
    let control = StepControl {
        progress: noting_time(control.progress, started, Arc::clone(&heard)),
        ..control
    };
    let mut dispatch = dispatcher.dispatch(call, control);
    loop {
        let last = started + Duration::from_micros(heard.load(Ordering::Relaxed));
        let idle = limits.idle.map(|limit| (last + limit, limit, false));
        let whole = limits.whole.map(|limit| (started + limit, limit, true));
        let Some((deadline, limit, is_whole)) = [whole, idle]
            .into_iter()
            .flatten()
            .min_by_key(|each| each.0)
        else {
            return dispatch.await;
        };
        if Instant::now() >= deadline {
            cancel.cancel();
            // It may tidy up, but what it gives now is too late.
            let _ = timeout(CANCEL_GRACE, &mut dispatch).await;
            return too_long(limit, is_whole);
        }
        tokio::select! {
            outcome = &mut dispatch => return outcome,
            () = sleep_until(deadline) => {}
        }
    }
}

/// Passes progress on, and notes when it came, in microseconds since `started`.
fn noting_time(progress: ProgressSink, started: Instant, heard: Arc<AtomicU64>) -> ProgressSink {
    Arc::new(move |said: Progress| {
        let elapsed = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
        heard.fetch_max(elapsed, Ordering::Relaxed);
        progress(said);
    })
}

fn too_long(limit: Duration, is_whole: bool) -> StepOutcome {
    let seconds = limit.as_secs_f64();
    let error = if is_whole {
        StepError::new(
            "timed_out",
            format!("the step took longer than {seconds} s"),
            Some("give the step a larger `timeout_s`"),
        )
    } else {
        StepError::new(
            "idle",
            format!("the step made no progress for {seconds} s"),
            Some("give the step a larger `idle_timeout_s`"),
        )
    };
    StepOutcome::Failed {
        provider: None,
        error,
        transient: true,
    }
}
