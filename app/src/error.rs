//! What can keep Medley from answering, in one type, with the way out.

use medley_orchestrator::{
    AgentError, Defects, JournalError, JournalErrorKind, PlannerError, StoreError,
};

use medley_workflows::ScriptErrors;

use crate::{AttachmentError, BuildError, ExportError, WorkflowError};

/// Why there is no answer. A step that fails is no error: it is in the outcome.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MedleyError {
    /// Medley cannot be put together.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// A file cannot be attached.
    #[error(transparent)]
    Attachment(#[from] AttachmentError),
    /// A plan has defects.
    #[error(transparent)]
    Plan(Defects),
    /// A script cannot run.
    #[error("the script cannot run:\n{0}")]
    Script(ScriptErrors),
    /// A script or a module that it imports cannot be had.
    #[error(transparent)]
    Workflow(#[from] WorkflowError),
    /// The planner wrote a plan that cannot run.
    #[error("the planner made a plan that cannot run")]
    PlannersPlan(#[source] Defects),
    /// The planner cannot work.
    #[error(transparent)]
    Planner(PlannerError),
    /// The store cannot keep or give an artifact.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The answer's files cannot be written.
    #[error(transparent)]
    Export(#[from] ExportError),
    /// The history of runs cannot be kept or read.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// Runs are not recorded.
    #[error("runs are not recorded here")]
    NotRecorded,
    /// A run stopped before its plan was kept.
    #[error("run {0} stopped before its plan was kept")]
    NothingToResume(String),
    /// A run does not ask this.
    #[error("the run asks no question `{question}`")]
    NoSuchQuestion {
        /// The question.
        question: String,
        /// What it asks instead.
        open: Vec<String>,
    },
    /// A question cannot be answered so.
    #[error("`{answer}` is no answer to it")]
    NoSuchChoice {
        /// The answer.
        answer: String,
        /// What can be answered.
        choices: Vec<String>,
    },
    /// The work stopped on a defect of Medley's own.
    #[error("medley stopped on a defect of its own: {0}")]
    Internal(String),
}

impl MedleyError {
    /// A stable name in snake case.
    #[must_use]
    pub fn code(&self) -> &str {
        match self {
            Self::Build(_) => "not_built",
            Self::Attachment(error) => error.code(),
            Self::Plan(_) => "invalid_plan",
            Self::Script(_) => "invalid_script",
            Self::Workflow(error) => error.code(),
            Self::PlannersPlan(_) => "planner_wrote_no_plan",
            Self::Planner(error) => error.code,
            Self::Store(error) => error.code(),
            Self::Export(error) => error.code(),
            Self::Journal(error) => error.code(),
            Self::NotRecorded => "not_recorded",
            Self::NothingToResume(_) => "nothing_to_resume",
            Self::NoSuchQuestion { .. } => "no_such_question",
            Self::NoSuchChoice { .. } => "no_such_choice",
            Self::Internal(_) => "internal",
        }
    }

    /// The way out.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Build(error) => error.hint(),
            Self::Attachment(error) => error.hint(),
            Self::Plan(_) => None,
            Self::Script(errors) => errors.0.iter().find_map(|error| error.hint.clone()),
            Self::Workflow(error) => error.hint(),
            Self::PlannersPlan(_) | Self::Internal(_) => {
                Some("report it, with the request".to_owned())
            }
            Self::Planner(error) => error.hint.clone(),
            Self::Store(error) => error.hint(),
            Self::Export(error) => error.hint(),
            Self::Journal(error) => Some(error.hint.clone()),
            Self::NotRecorded => Some("build Medley without `unrecorded`".to_owned()),
            Self::NothingToResume(_) => Some("run the plan again with `medley exec`".to_owned()),
            Self::NoSuchQuestion { open, .. } if open.is_empty() => {
                Some("it waits for no answer; `medley runs resume` goes on with it".to_owned())
            }
            Self::NoSuchQuestion { open, .. } => Some(format!("it asks {}", open.join(", "))),
            Self::NoSuchChoice { choices, .. } => Some(format!("answer {}", choices.join(" or "))),
        }
    }

    /// Whether the caller gave something that cannot be used, rather than the work having failed.
    #[must_use]
    pub fn is_usage(&self) -> bool {
        match self {
            Self::Journal(error) => matches!(
                error.kind,
                JournalErrorKind::UnknownRun | JournalErrorKind::AmbiguousRun
            ),
            Self::Build(BuildError::Language(_) | BuildError::NoModel)
            | Self::Attachment(_)
            | Self::Plan(_)
            | Self::Script(_)
            | Self::Workflow(_)
            | Self::NoSuchQuestion { .. }
            | Self::NoSuchChoice { .. } => true,
            _ => false,
        }
    }
}

impl From<AgentError> for MedleyError {
    fn from(error: AgentError) -> Self {
        match error {
            AgentError::Planner(error) => Self::Planner(error),
            AgentError::Plan(defects) => Self::PlannersPlan(defects),
            AgentError::Journal(error) => Self::Journal(error),
            other => Self::Internal(other.to_string()),
        }
    }
}
