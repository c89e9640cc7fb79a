use std::collections::VecDeque;
use std::path::Path;
use std::sync::mpsc;

use ndarray::ArrayD;
use tokio_util::sync::CancellationToken;

use super::OnnxRuntime;
use super::batch::{self, Job};
use crate::ModelError;

fn job(shape: &[usize]) -> Job {
    Job {
        input: ArrayD::zeros(shape),
        cancel: CancellationToken::new(),
        answer: Box::new(|_| ()),
    }
}

#[test]
fn calls_of_equal_shape_run_together_and_others_keep_their_order() {
    let mut waiting: VecDeque<Job> = [
        job(&[1, 3, 4]),
        job(&[1, 3, 5]),
        job(&[2, 3, 4]),
        job(&[9, 3, 4]),
    ]
    .into();
    let batch = batch::take(&mut waiting, 4);
    assert_eq!(batch.len(), 2);
    assert_eq!(batch[1].input.shape(), [2, 3, 4]);
    let left: Vec<_> = waiting
        .iter()
        .map(|job| job.input.shape().to_vec())
        .collect();
    assert_eq!(left, [vec![1, 3, 5], vec![9, 3, 4]]);
}

#[test]
fn a_cancelled_call_is_answered_and_never_run() {
    let (sender, receiver) = mpsc::channel();
    let mut cancelled = job(&[1, 2]);
    cancelled.answer = Box::new(move |answer| {
        sender
            .send(matches!(answer, Err(ModelError::InferenceCancelled)))
            .unwrap();
    });
    cancelled.cancel.cancel();
    let mut waiting: VecDeque<Job> = [cancelled].into();
    assert!(batch::take(&mut waiting, 4).is_empty());
    assert!(receiver.recv().unwrap());
    assert!(waiting.is_empty());
}

#[test]
fn a_file_that_is_no_library_is_refused_with_the_way_out() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let error = OnnxRuntime::load(file.path()).unwrap_err();
    assert!(error.to_string().contains("ORT_DYLIB_PATH"), "{error}");
    let error = OnnxRuntime::load(Path::new("no/such/library.so")).unwrap_err();
    assert!(matches!(error, ModelError::RuntimeLoad { .. }), "{error}");
}
