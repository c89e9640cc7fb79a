//! Workflows: found by path or by name, checked, and run so that running again goes on with what was interrupted.

mod ask;

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use medley_orchestrator::{
    Agent, Assignment, EventSink, Journal as _, LocalDispatcher, Outcome, Planner, Program,
    Request, RunKind, RunStatus,
};
use medley_planners::TemplateRefiner;
use medley_workflows::{
    Bundled, GivenScript, ModuleError, Script, ScriptErrors, functions, gather,
};
use tokio_util::sync::CancellationToken;

use self::ask::AskPlanner;
use crate::{BuildError, Medley, MedleyError, medley::new_run};

/// How many runs are looked through for one of the same script that was interrupted.
const LOOKED_THROUGH: usize = 1_000;

/// A workflow that was found: the text of its script and of what it imports.
#[derive(Debug, Clone)]
pub struct Workflow {
    /// The program; its arguments are not filled in.
    pub program: Program,
    /// The file that it was read from; absent for one that comes with Medley.
    pub path: Option<PathBuf>,
}

/// A run of a workflow.
#[derive(Debug, Clone, Default)]
pub struct WorkflowRun {
    /// Arguments by name, as text.
    pub arguments: Vec<(String, String)>,
    /// The files that it works on.
    pub attachments: Vec<PathBuf>,
    /// Begin anew, whether or not a run of the same script on the same files was interrupted.
    pub fresh: bool,
}

/// Why a workflow cannot be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WorkflowError {
    /// Neither a file nor a workflow that comes with Medley has this name.
    #[error("there is no workflow `{0}`")]
    Unknown(String),
    /// The file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A module that it imports cannot be had.
    #[error(transparent)]
    Module(#[from] ModuleError),
}

impl WorkflowError {
    /// A stable name in snake case.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unknown(_) => "unknown_workflow",
            Self::Unreadable { .. } => "unreadable_script",
            Self::Module(_) => "module_missing",
        }
    }

    /// The way out.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Unknown(_) => Some(
                "give the path of a script, or a name that `medley workflow list` shows".to_owned(),
            ),
            Self::Unreadable { .. } => None,
            Self::Module(_) => Some("modules are files beside the script".to_owned()),
        }
    }
}

impl Workflow {
    /// Finds a workflow: a file, one of the person's own in `folder`, or one that comes with Medley.
    ///
    /// # Errors
    /// When there is none of this name, or it or a module cannot be read.
    pub fn find(what: &str, folder: &Path) -> Result<Self, WorkflowError> {
        let path = Path::new(what);
        let is_path = path.extension().is_some() || path.components().count() > 1;
        if is_path || path.is_file() {
            return Self::read(path);
        }
        let own = folder.join(what).with_extension("rhai");
        if own.is_file() {
            return Self::read(&own);
        }
        let bundled = Bundled::find(what).ok_or_else(|| WorkflowError::Unknown(what.to_owned()))?;
        Ok(Self {
            program: Program {
                name: format!("{what}.rhai"),
                text: bundled.text.to_owned(),
                ..Program::default()
            },
            path: None,
        })
    }

    /// Reads a script, and what it imports from its folder.
    ///
    /// # Errors
    /// When it or a module cannot be read.
    pub fn read(path: &Path) -> Result<Self, WorkflowError> {
        let read = |path: &Path| fs::read_to_string(path);
        let text = read(path).map_err(|source| WorkflowError::Unreadable {
            path: path.to_owned(),
            source,
        })?;
        let folder = path.parent().unwrap_or(Path::new(""));
        let load = |name: &str| {
            let path = folder.join(name).with_extension("rhai");
            read(&path).map_err(|error| format!("{}: {error}", path.display()))
        };
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        Ok(Self {
            program: Program {
                name: name.into_owned(),
                modules: gather(&text, &load)?,
                text,
                ..Program::default()
            },
            path: Some(path.to_owned()),
        })
    }

    /// Every workflow by name: the person's own in `folder`, then those that come with Medley and that none of those hides.
    #[must_use]
    pub fn all(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        let mut names: Vec<String> = entries
            .map(|entry| entry.path())
            .filter(|path| path.extension().is_some_and(|end| end == "rhai"))
            .filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()))
            .collect();
        names.sort();
        for bundled in Bundled::all() {
            if !names.iter().any(|name| name == bundled.name) {
                names.push(bundled.name.to_owned());
            }
        }
        names
    }
}

impl Medley {
    /// The folder of the person's own workflows.
    #[must_use]
    pub fn workflow_folder(&self) -> PathBuf {
        self.models().home().workflows()
    }

    /// Reads and checks a script against the tools that are here.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn check_script(&self, program: &Program) -> Result<Script, ScriptErrors> {
        let capabilities = functions(&self.scripting_registry());
        Script::read(program, &capabilities, &self.script_runner().limits)
    }

    /// Runs a workflow; one that was interrupted on the same files with the same arguments is gone on with.
    ///
    /// # Errors
    /// When the script, an argument or a file cannot be used; then nothing has run.
    pub async fn run_workflow(
        &self,
        workflow: &Workflow,
        run: &WorkflowRun,
        events: &EventSink,
        cancel: &CancellationToken,
    ) -> Result<Outcome, MedleyError> {
        let mut program = workflow.program.clone();
        let script = self.check_script(&program).map_err(MedleyError::Script)?;
        let one = |error| MedleyError::Script(ScriptErrors(vec![error]));
        program.arguments = script
            .manifest
            .arguments(&run.arguments)
            .map_err(|errors| MedleyError::Script(ScriptErrors(errors)))?;
        let name = script.manifest.name.clone();
        let request = self.request(name, &run.attachments).await?;
        if let Some(error) = script.manifest.check_inputs(&request) {
            return Err(one(error));
        }
        let agent = self.agent_of_workflow(program.clone())?;
        let interrupted = match run.fresh {
            true => None,
            false => self.interrupted(&program, &request).await?,
        };
        let assignment = match interrupted {
            Some(assignment) => {
                events.emit(medley_orchestrator::EventKind::Log {
                    message: format!(
                        "going on with run {}, which was interrupted",
                        assignment.run.id
                    ),
                });
                assignment
            }
            None => Assignment::new(new_run(), RunKind::Workflow, request),
        };
        self.carry_out(agent, assignment, events, cancel).await
    }

    /// A run of the same program on the same files that was killed or stopped, and that no process goes on with.
    async fn interrupted(
        &self,
        program: &Program,
        request: &Request,
    ) -> Result<Option<Assignment>, MedleyError> {
        let Some(journal) = self.records().journal()? else {
            return Ok(None);
        };
        for known in journal.runs(LOOKED_THROUGH).await? {
            let is_open = matches!(known.status, None | Some(RunStatus::Cancelled));
            if known.kind != RunKind::Workflow || !is_open || known.text != request.text {
                continue;
            }
            let history = journal.load_run(&known.id).await?;
            let is_same = history.run.request == *request
                && history
                    .turns
                    .iter()
                    .find_map(|turn| turn.program())
                    .as_ref()
                    == Some(program);
            let is_free = self.records().lock(&known.id).is_ok();
            if is_same && is_free {
                return Ok(Some(Assignment::resume(history)));
            }
        }
        Ok(None)
    }

    /// An agent that runs a script: what the script emits is the answer.
    pub(crate) fn agent_of_workflow(&self, program: Program) -> Result<Agent, MedleyError> {
        let planner = GivenScript::new(program, self.script_runner());
        self.scripting_agent(Arc::new(planner))
    }

    /// An agent whose planner runs scripts, which may ask the usual planner.
    pub(crate) fn scripting_agent(&self, planner: Arc<dyn Planner>) -> Result<Agent, MedleyError> {
        let agent = self.agent().clone();
        let registry = Arc::new(self.scripting_registry());
        let dispatcher =
            LocalDispatcher::new(Arc::clone(&registry), self.script_runner().store.clone());
        Ok(Agent {
            executor: agent.executor.with_dispatcher(Arc::new(dispatcher)),
            registry,
            planner,
            refiner: Arc::new(TemplateRefiner),
            ..agent
        })
    }

    /// The tools, with the planner as one of them.
    fn scripting_registry(&self) -> medley_orchestrator::Registry {
        let mut registry = self.registry().clone();
        // A tool of the same name that somebody added is the one that they want.
        let _ = registry.register(AskPlanner::new(self.clone()));
        registry
    }
}

impl From<ScriptErrors> for MedleyError {
    fn from(errors: ScriptErrors) -> Self {
        Self::Script(errors)
    }
}

impl From<medley_orchestrator::RegistryError> for MedleyError {
    fn from(error: medley_orchestrator::RegistryError) -> Self {
        Self::Build(BuildError::Registry(error))
    }
}
