//! What can keep Medley from answering, in one type, with the way out.

use medley_orchestrator::{AgentError, Defects, PlannerError, StoreError};

use crate::{AttachmentError, BuildError, ExportError};

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
            Self::PlannersPlan(_) => "planner_wrote_no_plan",
            Self::Planner(error) => error.code,
            Self::Store(error) => error.code(),
            Self::Export(error) => error.code(),
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
            Self::PlannersPlan(_) | Self::Internal(_) => {
                Some("report it, with the request".to_owned())
            }
            Self::Planner(error) => error.hint.clone(),
            Self::Store(error) => error.hint(),
            Self::Export(error) => error.hint(),
        }
    }

    /// Whether the caller gave something that cannot be used, rather than the work having failed.
    #[must_use]
    pub const fn is_usage(&self) -> bool {
        matches!(self, Self::Attachment(_) | Self::Plan(_))
    }
}

impl From<AgentError> for MedleyError {
    fn from(error: AgentError) -> Self {
        match error {
            AgentError::Planner(error) => Self::Planner(error),
            AgentError::Plan(defects) => Self::PlannersPlan(defects),
            other => Self::Internal(other.to_string()),
        }
    }
}
