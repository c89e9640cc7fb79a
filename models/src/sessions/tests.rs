use std::collections::VecDeque;
use std::env;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;

use medley_orchestrator::{Ledger, Limits};
use ndarray::ArrayD;
use tokio_util::sync::CancellationToken;

use super::batch::{self, Job};
use super::{OnnxRuntime, Session, Sessions, SessionsOptions};
use crate::options::ModelsOptions;
use crate::{ModelError, Models};

/// The models of the catalogue, in a home that test runs share.
pub(crate) fn models() -> Models {
    let home = env::var_os("MEDLEY_TEST_HOME").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/medley-test-home"),
        PathBuf::from,
    );
    let options = ModelsOptions {
        home: Some(home),
        ..ModelsOptions::default()
    };
    Models::open(options).unwrap()
}

/// A pool of its own, on the library of the process.
fn pool(models: &Models) -> Sessions {
    let library = models.assets().ensure("onnxruntime", &forever()).unwrap();
    let runtime = OnnxRuntime::load(&library.file("library").unwrap()).unwrap();
    Sessions::new(
        runtime,
        SessionsOptions::default(),
        Ledger::new(Limits::unlimited()),
    )
}

/// The smallest of the models: `[lines, 3, height, width]` in, `[lines, 2]` out.
fn small_model(models: &Models) -> PathBuf {
    let asset = models.assets().ensure("pp-ocr", &forever()).unwrap();
    asset.file("orientation").unwrap()
}

fn forever() -> CancellationToken {
    CancellationToken::new()
}

fn picture(value: f32) -> ArrayD<f32> {
    ArrayD::from_shape_fn(vec![1, 3, 48, 192], |index| {
        value * ((index[3] * 7 + index[2] * 3) % 11) as f32 / 11.0
    })
}

fn job(shape: &[usize]) -> Job {
    Job {
        input: ArrayD::zeros(shape),
        cancel: forever(),
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
        let cancelled = matches!(answer, Err(ModelError::InferenceCancelled));
        sender.send(cancelled).unwrap();
    });
    cancelled.cancel.cancel();
    let mut waiting: VecDeque<Job> = [cancelled].into();
    assert!(batch::take(&mut waiting, 4).is_empty());
    assert!(receiver.recv().unwrap());
    assert!(waiting.is_empty());
}

#[test]
fn a_process_has_one_library() {
    let models = models();
    let library = models.assets().ensure("onnxruntime", &forever()).unwrap();
    let library = library.file("library").unwrap();
    let first = OnnxRuntime::load(&library).unwrap();
    assert_eq!(OnnxRuntime::load(&library).unwrap().path(), first.path());

    let other = tempfile::NamedTempFile::new().unwrap();
    let error = OnnxRuntime::load(other.path()).unwrap_err();
    assert!(
        matches!(error, ModelError::RuntimeAlreadyLoaded { .. }),
        "{error}"
    );
    let error = OnnxRuntime::load(Path::new("no/such/library.so")).unwrap_err();
    assert!(matches!(error, ModelError::RuntimeLoad { .. }), "{error}");
}

#[test]
fn a_model_is_loaded_once_and_unloaded_with_its_last_handle() {
    let models = models();
    let (pool, model) = (pool(&models), small_model(&models));
    let opened: Vec<Session> = thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(|| pool.open(&model))).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap().unwrap())
            .collect()
    });
    assert!(
        opened
            .iter()
            .all(|other| Arc::ptr_eq(&other.loaded, &opened[0].loaded))
    );
    assert_eq!(opened[0].inputs()[0][1], Some(3));
    assert_eq!(opened[0].outputs()[0], [None, Some(2)]);
    assert_eq!(opened[0].metadata("nothing"), None);

    let loaded = Arc::downgrade(&opened[0].loaded);
    drop(opened);
    assert!(loaded.upgrade().is_none());
    assert!(pool.open(&model).is_ok());
}

#[test]
fn each_of_many_concurrent_calls_gets_its_own_answer() {
    let models = models();
    let session = pool(&models).open(&small_model(&models)).unwrap();
    let values = [0.1, 0.4, 0.7, 1.0];
    let alone = values.map(|value| session.run(picture(value), &forever()).unwrap());
    let together = thread::scope(|scope| {
        values
            .map(|value| {
                let session = &session;
                scope.spawn(move || session.run(picture(value), &forever()).unwrap())
            })
            .map(|thread| thread.join().unwrap())
    });
    assert_ne!(alone[0], alone[3]);
    for (alone, together) in alone.iter().zip(&together) {
        assert_eq!(together.shape(), [1, 2]);
        assert!(
            (alone - together)
                .iter()
                .all(|difference| difference.abs() < 1e-4)
        );
    }
}

#[test]
fn calls_that_wait_together_run_as_one_batch() {
    let models = models();
    let session = pool(&models).open(&small_model(&models)).unwrap();
    // The first call holds the worker until the others wait behind it.
    let (started, wait_started) = mpsc::channel();
    let (release, wait_release) = mpsc::channel::<()>();
    let addresses = Arc::new(Mutex::new(Vec::new()));
    thread::scope(|scope| {
        let holding = session.clone();
        scope.spawn(move || {
            holding.run_with(picture(0.5), &forever(), move |_| {
                started.send(()).unwrap();
                wait_release.recv().unwrap();
            })
        });
        wait_started.recv().unwrap();
        let mut queued: Vec<_> = (0..3)
            .map(|_| {
                let addresses = Arc::clone(&addresses);
                let cancel = forever();
                let session = session.clone();
                Box::pin(async move {
                    session
                        .run_with_async(picture(0.5), &cancel, move |output| {
                            addresses.lock().unwrap().push(output.as_ptr() as usize);
                        })
                        .await
                })
            })
            .collect();
        // A first poll queues each of them.
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        for call in &mut queued {
            assert!(call.as_mut().poll(&mut context).is_pending());
        }
        release.send(()).unwrap();
        for call in queued {
            super::block_on::block_on(call).unwrap();
        }
    });
    let addresses = addresses.lock().unwrap();
    let row = 2 * size_of::<f32>();
    assert_eq!(addresses[1] - addresses[0], row, "rows of one output");
    assert_eq!(addresses[2] - addresses[1], row, "rows of one output");
}

#[test]
fn a_refused_input_is_an_error_and_the_session_goes_on() {
    let models = models();
    let session = pool(&models).open(&small_model(&models)).unwrap();
    let error = session
        .run(ArrayD::zeros(vec![1, 2]), &forever())
        .unwrap_err();
    assert!(matches!(error, ModelError::Inference { .. }), "{error}");
    assert!(session.run(picture(0.5), &forever()).is_ok());
}

#[test]
fn a_dead_worker_is_an_error_and_the_model_can_be_opened_again() {
    let models = models();
    let (pool, model) = (pool(&models), small_model(&models));
    let session = pool.open(&model).unwrap();
    let died = session.run_with(picture(0.5), &forever(), |_| -> () { panic!("on purpose") });
    assert!(
        matches!(died, Err(ModelError::WorkerGone { .. })),
        "{died:?}"
    );
    let after = session.run(picture(0.5), &forever());
    assert!(
        matches!(after, Err(ModelError::WorkerGone { .. })),
        "{after:?}"
    );
    drop(session);
    let again = pool.open(&model).unwrap();
    assert!(again.run(picture(0.5), &forever()).is_ok());
}

#[test]
fn a_cancelled_caller_does_not_wait() {
    let models = models();
    let session = pool(&models).open(&small_model(&models)).unwrap();
    let cancel = forever();
    cancel.cancel();
    let answer = session.run(picture(0.5), &cancel);
    assert!(
        matches!(answer, Err(ModelError::InferenceCancelled)),
        "{answer:?}"
    );
}

#[test]
fn a_file_that_is_no_model_is_refused() {
    let models = models();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "not a model").unwrap();
    let error = pool(&models).open(file.path()).unwrap_err();
    assert!(matches!(error, ModelError::ModelLoad { .. }), "{error}");
    let error = pool(&models)
        .open(Path::new("no/such/model.onnx"))
        .unwrap_err();
    assert!(matches!(error, ModelError::ModelLoad { .. }), "{error}");
}
