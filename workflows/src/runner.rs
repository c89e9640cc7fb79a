//! Runs scripts: the way from a program to steps, and back to how it ended.

use std::{collections::BTreeMap, sync::Arc, thread};

use async_trait::async_trait;
use medley_orchestrator::{
    ArtifactStore, Decision, Outcomes, Planner, PlannerError, Program, ProgramEnd, ProgramRun,
    RunStatus, Situation,
};
use rhai::{Array, Dynamic, Engine, EvalAltResult, Scope, serde::to_dynamic};
use serde_json::Value as Json;

use crate::{
    engine::{self, Handle, Run, Stop, Strand, callable, to_answer},
    error::ScriptError,
    limits::ScriptLimits,
    script::{Script, describe},
};

/// Scripts call deep; the thread that runs one is made for it.
const STACK: usize = 128 << 20;

/// Runs scripts.
#[derive(Clone)]
pub struct ScriptRunner {
    /// Where what scripts read is kept.
    pub store: Arc<dyn ArtifactStore>,
    /// How much a script may take.
    pub limits: ScriptLimits,
}

/// How a script ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub end: ProgramEnd,
    /// Why it stopped before its end.
    pub error: Option<ScriptError>,
}

/// The planner of a script that somebody wrote.
#[derive(Clone)]
pub struct GivenScript {
    program: Program,
    runner: ScriptRunner,
}

impl GivenScript {
    /// A script about which nothing need be decided.
    #[must_use]
    pub const fn new(program: Program, runner: ScriptRunner) -> Self {
        Self { program, runner }
    }
}

#[async_trait]
impl Planner for GivenScript {
    async fn decide(&self, situation: &Situation<'_>) -> Result<Decision, PlannerError> {
        if !situation.rounds.is_empty() {
            return Ok(Decision::Finish);
        }
        Ok(Decision::Program {
            program: self.program.clone(),
            notes: Vec::new(),
        })
    }

    async fn run_program(&self, run: ProgramRun<'_>) -> Result<ProgramEnd, PlannerError> {
        Ok(self.runner.run(run).await?.end)
    }

    fn may_add(&self, rounds: &[medley_orchestrator::RunReport]) -> bool {
        rounds.is_empty()
    }
}

impl ScriptRunner {
    /// Runs a program to its end.
    ///
    /// # Errors
    /// When it cannot be run at all, because something is wrong with it.
    pub(crate) async fn run(&self, run: ProgramRun<'_>) -> Result<Ran, PlannerError> {
        let capabilities = callable(run.registry);
        let script = Script::read(run.program, &capabilities, &self.limits).map_err(|errors| {
            PlannerError {
                code: "script_refused",
                message: format!("the script cannot run:\n{errors}"),
                hint: errors.0.into_iter().find_map(|error| error.hint),
                source: None,
            }
        })?;
        let state = Arc::new(Run::new(
            &run,
            Arc::clone(&script.texts),
            Arc::clone(&self.store),
            self.limits.clone(),
        ));
        let names = names(&state, &run).map_err(|error| PlannerError {
            code: "script_refused",
            message: format!("the script cannot be given its arguments: {error}"),
            hint: None,
            source: None,
        })?;
        let mut scope = Scope::new();
        for (name, value) in &names {
            scope.push_constant_dynamic(*name, value.clone());
        }
        let execution = Execution {
            engine: engine::runner(&state, &capabilities, &script.texts, names),
            scope,
            suffix: match run.round {
                0 => String::new(),
                round => format!("_r{round}"),
            },
            run: state,
            script,
        };
        let (ended, end) = tokio::sync::oneshot::channel();
        let thread = thread::Builder::new()
            .name("workflow".to_owned())
            .stack_size(STACK)
            .spawn(move || {
                let _ = ended.send(execution.run());
            });
        let lost = |message: String| PlannerError {
            code: "script_lost",
            message,
            hint: None,
            source: None,
        };
        thread.map_err(|error| lost(format!("no thread can be had for the script: {error}")))?;
        end.await
            .map_err(|_| lost("the script's thread stopped on a defect of the program".to_owned()))
    }
}

/// A script with all that it needs, on the way to its thread.
struct Execution {
    engine: Engine,
    scope: Scope<'static>,
    script: Script,
    run: Arc<Run>,
    suffix: String,
}

impl Execution {
    fn run(mut self) -> Ran {
        let strand = Strand::whole(std::mem::take(&mut self.suffix));
        let ended = strand.hold(|| {
            self.engine
                .eval_ast_with_scope::<Dynamic>(&mut self.scope, &self.script.tree)
        });
        let run = Arc::clone(&self.run);
        let texts = Arc::clone(&self.script.texts);
        match ended {
            Ok(value) => Ran {
                end: finish(&run, &value),
                error: None,
            },
            Err(error) => {
                let error = describe(*error, &texts);
                Ran {
                    end: stop(&run, &error),
                    error: Some(error),
                }
            }
        }
    }
}

/// The script came to its end: what it emitted is the answer, or else what its last expression gives, or else what no
/// other step takes.
fn finish(run: &Run, value: &Dynamic) -> ProgramEnd {
    let mut answer = run.answer();
    if answer.is_empty() && !value.is_unit() {
        answer.extend(last_value(value));
    }
    run.end((!answer.is_empty()).then_some(answer));
    if let Some(step) = run.passed_over() {
        let stopped = "the script took another way than before: it did not come by";
        return ended(
            RunStatus::Failed,
            vec![format!("{stopped} {step}, which is done")],
        );
    }
    match run.untold() {
        Ok(untold) if untold.is_empty() => ended(RunStatus::Succeeded, Vec::new()),
        Ok(untold) => {
            let all = untold.len() == run.made();
            let status = if all {
                RunStatus::Failed
            } else {
                RunStatus::Partial
            };
            ended(
                status,
                vec![format!(
                    "not everything was done: {} failed",
                    untold.join(", ")
                )],
            )
        }
        Err(Stop::Waiting) => ended(RunStatus::Waiting, Vec::new()),
        Err(Stop::Steps) => ended(RunStatus::Partial, vec![Outcomes::FULL.to_owned()]),
        Err(_) => ended(RunStatus::Cancelled, Vec::new()),
    }
}

/// What the last expression gives, where that can be shown.
fn last_value(value: &Dynamic) -> Vec<Json> {
    let parts = match value.as_array_ref() {
        Ok(items) => items.clone(),
        Err(_) => vec![value.clone()],
    };
    let shown = parts.iter().filter_map(|part| to_answer(part).ok()?);
    shown.collect()
}

/// The script stopped before its end: what it emitted is still the answer.
fn stop(run: &Run, error: &ScriptError) -> ProgramEnd {
    let answer = run.answer();
    let has_answer = !answer.is_empty();
    run.end(Some(answer));
    let status = match error.code {
        "waiting" => return ended(RunStatus::Waiting, Vec::new()),
        "cancelled" => return ended(RunStatus::Cancelled, Vec::new()),
        _ if has_answer => RunStatus::Partial,
        _ => RunStatus::Failed,
    };
    ended(status, vec![note(error)])
}

fn note(error: &ScriptError) -> String {
    match &error.hint {
        Some(hint) => format!("the script stopped: {error}\n  {hint}"),
        None => format!("the script stopped: {error}"),
    }
}

const fn ended(status: RunStatus, notes: Vec<String>) -> ProgramEnd {
    ProgramEnd { status, notes }
}

/// What every script knows.
fn names(
    state: &Arc<Run>,
    run: &ProgramRun<'_>,
) -> Result<BTreeMap<&'static str, Dynamic>, Box<EvalAltResult>> {
    let files = run.request.attachments.iter().enumerate();
    let inputs: Array = files
        .map(|(index, file)| {
            let name = medley_orchestrator::Request::input_name(index);
            Dynamic::from(Handle::of_file(state, &name, file))
        })
        .collect();
    Ok(BTreeMap::from([
        ("inputs", inputs.into()),
        ("args", to_dynamic(&run.program.arguments)?),
        ("request", run.request.text.clone().into()),
    ]))
}

/// The tools that scripts can call.
#[must_use]
pub fn functions(
    registry: &medley_orchestrator::Registry,
) -> BTreeMap<String, Arc<medley_orchestrator::Capability>> {
    callable(registry)
}
