//! The thread that owns one model: it loads it, then serves the queue until nobody asks any more.

use std::collections::{HashMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver};
use std::thread;

use medley_orchestrator::Lease;
use ndarray::{ArrayD, ArrayViewD, Axis, Slice};
use ort::ep;
use ort::session::builder::GraphOptimizationLevel;
use ort::session::{RunOptions, Session as Model};
use ort::value::{Outlet, TensorRef};

use super::batch::{self, Job};
use super::session::{Facts, Loaded};
use super::{OnnxRuntime, SessionsOptions};
use crate::ModelError;

/// Loads `path` on a new thread and returns when it can take calls.
pub(super) fn start(
    runtime: &OnnxRuntime,
    path: PathBuf,
    options: SessionsOptions,
    lease: Lease,
) -> Result<Loaded, ModelError> {
    let (report, loaded) = mpsc::sync_channel(1);
    let (jobs, queue) = mpsc::channel();
    let name = path
        .file_stem()
        .map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
    let failed = |problem: String| ModelError::ModelLoad {
        path: path.clone(),
        problem,
    };
    let worker = thread::Builder::new()
        .name(name)
        .spawn({
            let runtime = runtime.clone();
            let path = path.clone();
            move || match load(&runtime, &path, options) {
                Ok((mut worker, facts)) => {
                    if report.send(Ok(facts)).is_ok() {
                        worker.serve(&queue);
                    }
                }
                // Nobody is left to tell if the channel is closed.
                Err(error) => drop(report.send(Err(error.to_string()))),
            }
        })
        .map_err(|error| failed(error.to_string()))?;
    let facts = match loaded.recv() {
        Ok(Ok(facts)) => facts,
        Ok(Err(problem)) => return Err(failed(problem)),
        Err(_) => return Err(ModelError::WorkerGone { path }),
    };
    Ok(Loaded {
        path,
        facts,
        jobs: Some(jobs),
        worker: Some(worker),
        _lease: lease,
    })
}

fn load(
    runtime: &OnnxRuntime,
    path: &Path,
    options: SessionsOptions,
) -> ort::Result<(Worker, Facts)> {
    // Memory patterns are kept for every input shape, and shapes here hardly repeat. Spinning
    // threads would take the cores from whatever runs between two inferences.
    let model = Model::builder(runtime.environment())?
        .with_execution_providers([ep::CPU::default().with_arena_allocator(true).build()])?
        .with_memory_pattern(false)?
        .with_optimization_level(GraphOptimizationLevel::All)?
        .with_intra_threads(options.threads)?
        .with_intra_op_spinning(false)?
        .commit_from_file(path)?;
    // The arena saves page faults within a run; kept between runs, it would hold the largest
    // input's memory for good.
    let mut run_options = RunOptions::new()?;
    run_options.set("memory.enable_memory_arena_shrinkage", "cpu:0")?;
    let mut metadata = HashMap::new();
    {
        let notes = model.metadata()?;
        for key in notes.custom_keys()? {
            if let Some(value) = notes.custom(&key) {
                metadata.insert(key, value);
            }
        }
    }
    let facts = Facts {
        inputs: model.inputs().iter().map(axes).collect(),
        outputs: model.outputs().iter().map(axes).collect(),
        metadata,
    };
    let worker = Worker {
        model,
        run_options,
        path: path.to_owned(),
        max_rows: batch_rows(&facts, options),
    };
    Ok((worker, facts))
}

/// The sizes of an input's or output's axes; the library writes a free one as a negative number.
fn axes(outlet: &Outlet) -> Vec<Option<usize>> {
    outlet
        .dtype()
        .tensor_shape()
        .map_or_else(Vec::new, |shape| {
            shape
                .iter()
                .map(|&axis| usize::try_from(axis).ok())
                .collect()
        })
}

/// How many rows may run together: more than one only if axis 0 is free going in and coming out.
fn batch_rows(facts: &Facts, options: SessionsOptions) -> usize {
    let free =
        |side: &[Vec<Option<usize>>]| matches!(side, [axes, ..] if axes.first() == Some(&None));
    if facts.inputs.len() == 1 && free(&facts.inputs) && free(&facts.outputs) {
        options.max_batch.max(1)
    } else {
        1
    }
}

/// What a model's thread owns.
struct Worker {
    model: Model,
    run_options: RunOptions,
    path: PathBuf,
    max_rows: usize,
}

impl Worker {
    /// Answers calls until nobody can make any.
    fn serve(&mut self, queue: &Receiver<Job>) {
        let mut waiting = VecDeque::new();
        loop {
            if waiting.is_empty() {
                match queue.recv() {
                    Ok(job) => waiting.push_back(job),
                    Err(_) => return,
                }
            }
            waiting.extend(queue.try_iter());
            let mut jobs = batch::take(&mut waiting, self.max_rows);
            if jobs.len() > 1 {
                jobs = self.answer_together(jobs);
            }
            for job in jobs {
                self.answer(job);
            }
        }
    }

    /// Runs `jobs` as one batch, and returns those that have to run alone because that failed.
    fn answer_together(&mut self, mut jobs: Vec<Job>) -> Vec<Job> {
        let inputs: Vec<ArrayViewD<'_, f32>> = jobs.iter().map(|job| job.input.view()).collect();
        let Ok(input) = ndarray::concatenate(Axis(0), &inputs) else {
            return jobs;
        };
        // One bad call must not fail its neighbours: any error sends each of them on its own.
        let _ = self.infer(&input, |output| {
            if output.shape().first() != input.shape().first() {
                return;
            }
            let mut start = 0;
            for job in jobs.drain(..) {
                let end = start + job.input.len_of(Axis(0));
                let rows = output.slice_axis(Axis(0), Slice::from(start..end));
                (job.answer)(Ok(rows));
                start = end;
            }
        });
        jobs
    }

    fn answer(&mut self, job: Job) {
        let Job { input, answer, .. } = job;
        let mut answer = Some(answer);
        let result = self.infer(&input, |output| {
            if let Some(answer) = answer.take() {
                answer(Ok(output));
            }
        });
        if let (Err(error), Some(answer)) = (result, answer) {
            answer(Err(error));
        }
    }

    fn infer(
        &mut self,
        input: &ArrayD<f32>,
        read: impl FnOnce(ArrayViewD<'_, f32>),
    ) -> Result<(), ModelError> {
        let failed = |error: ort::Error| ModelError::Inference {
            path: self.path.clone(),
            problem: error.to_string(),
        };
        let input = input.as_standard_layout();
        let tensor = TensorRef::from_array_view(input.view()).map_err(failed)?;
        let outputs = self
            .model
            .run_with_options(ort::inputs![tensor], &self.run_options)
            .map_err(failed)?;
        let Some((_, output)) = outputs.iter().next() else {
            return Err(ModelError::UnexpectedModel {
                path: self.path.clone(),
                problem: "it has no output".to_owned(),
            });
        };
        read(output.try_extract_array::<f32>().map_err(failed)?);
        Ok(())
    }
}
