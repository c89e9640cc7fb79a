//! Which waiting calls run together. Knows nothing of the library that runs them.

use std::collections::VecDeque;

use ndarray::{ArrayD, ArrayViewD, Axis};
use tokio_util::sync::CancellationToken;

use crate::ModelError;

/// Rows that run together unless the caller says otherwise.
pub(super) const DEFAULT_ROWS: usize = 16;

/// Values (not bytes) that a batch of several calls may hold: large inputs gain nothing from
/// batching, and their intermediate results would double the peak of memory.
const MAX_VALUES: usize = 1 << 20;

/// What a call wants to be told: a view of its own rows of the output, or why there is none.
pub(super) type Answer = Box<dyn FnOnce(Result<ArrayViewD<'_, f32>, ModelError>) + Send>;

/// One call, waiting.
pub(super) struct Job {
    pub(super) input: ArrayD<f32>,
    pub(super) cancel: CancellationToken,
    pub(super) answer: Answer,
}

/// Takes the first waiting call and those that can run with it, in order.
///
/// Calls fit together when their inputs differ at most in axis 0. Cancelled calls are answered and
/// dropped on the way; an empty result means that nothing was left to do.
pub(super) fn take(waiting: &mut VecDeque<Job>, max_rows: usize) -> Vec<Job> {
    let mut batch: Vec<Job> = Vec::new();
    let mut rows = 0;
    let mut values = 0;
    let mut left = VecDeque::with_capacity(waiting.len());
    for job in waiting.drain(..) {
        if job.cancel.is_cancelled() {
            (job.answer)(Err(ModelError::InferenceCancelled));
            continue;
        }
        let fits = match batch.first() {
            None => true,
            Some(first) => {
                job.input.ndim() > 0
                    && first.input.shape().get(1..) == job.input.shape().get(1..)
                    && rows + job.input.len_of(Axis(0)) <= max_rows
                    && values + job.input.len() <= MAX_VALUES
            }
        };
        if fits {
            rows += job.input.shape().first().copied().unwrap_or(0);
            values += job.input.len();
            batch.push(job);
        } else {
            left.push_back(job);
        }
    }
    *waiting = left;
    batch
}
