//! Makes calls without a plan.

use std::sync::Arc;

use medley_orchestrator::{Digest, Progress, Record, Spending, StepCall, StepControl, Value};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// The first attempt at a step that calls `capability`.
pub(crate) fn call<const N: usize>(capability: &str, arguments: [(&str, Value); N]) -> StepCall {
    StepCall {
        run: "run".to_owned(),
        step: capability.to_owned(),
        child: None,
        attempt: 1,
        capability: capability.to_owned(),
        version: 1,
        provider: "builtin".to_owned(),
        arguments: arguments
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect::<Record>(),
        seed: u64::MAX,
        idempotency_key: Digest::of(capability.as_bytes()),
        time_limit: None,
        answer: None,
    }
}

/// A control that can be cancelled, and the progress that the call reports.
pub(crate) fn control() -> (StepControl, mpsc::UnboundedReceiver<Progress>) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let control = StepControl {
        cancel: CancellationToken::new(),
        progress: Arc::new(move |progress| {
            // A test that does not listen does not mind.
            let _ = sender.send(progress);
        }),
        spending: Spending::unlimited(),
    };
    (control, receiver)
}
