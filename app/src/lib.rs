//! Medley as a library: say what you want, hand over files, and watch it happen.
//!
//! ```no_run
//! # async fn run() -> Result<(), medley::MedleyError> {
//! let medley = medley::Medley::builder().build()?;
//! let outcome = medley
//!     .ask("Read the sign and say it out loud")
//!     .attach("sign.png")
//!     .await?;
//! for part in &outcome.response.parts {
//!     println!("{part:?}");
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Tools of one's own are structs that implement [`Tool`] and go into [`MedleyBuilder::provider`]. This crate only
//! puts the other crates together; what a plan is and how it runs is the business of `medley-orchestrator`.
#![forbid(unsafe_code)]

mod attachment;
mod builder;
mod error;
mod export;
mod medley;
mod plan_text;
mod records;
mod result;
mod session;
mod workflow;

pub use async_trait::async_trait;
pub use medley_models::{
    Models, ModelsOptions,
    assets::{AssetEvent, AssetStage, AssetState, AssetStatus, Readiness},
    language::{
        LanguageError, LanguageModels, LanguageSettings, ModelRole, ModelSettings, Names, Tape,
        count_tokens,
    },
};
pub use medley_orchestrator::{
    About, Artifact, ArtifactStore, AsWritten, Attachment, AudioArtifact, BoundingBox, Bounds,
    Budget, CacheUsage, CallContext, Capability, ChatDelta, ChatError, ChatErrorKind, ChatModel,
    ChatProfile, ChatReply, ChatRequest, ChatStream, ChatSupport, Conversation, Corrector,
    Decision, Decline, Defect, Defects, Determinism, DraftPlan, DraftStep, Effects, Event,
    EventKind, EventSink, EventStream, Evidence, Facts, FileArtifact, GraphFormat, GraphPicture,
    Health, ImageArtifact, JsonArtifact, Kind, Limits, Message, NamedArtifact, Outcome, Part,
    Permission, Plan, PlannedStep, Planner, Policy, Profile, Program, Provider, Question, Record,
    Refined, Refiner, Refining, Region, Regions, RegionsArtifact, Registration, Registry, Request,
    Response, RunHistory, RunReport, RunStatus, RunSummary, SessionSummary, StepReport, StepStatus,
    TableArtifact, Telling, TextArtifact, Tool, ToolError, Value, ValueType, VideoArtifact,
};
pub use medley_planners::{ControllerOptions, Example, ExampleError, PlanForm};
pub use medley_workflows::{
    InputNote, Manifest, Place, Review, Script, ScriptError, ScriptErrors, ScriptLimits,
};
pub use schemars;

pub use self::{
    attachment::AttachmentError,
    builder::{BuildError, MedleyBuilder, Planning},
    error::MedleyError,
    export::{ExportError, Exported, Exporter},
    medley::{Ask, Asking, Medley, Planned},
    plan_text::PlanText,
    records::{Records, Removed},
    result::{
        AnswerPart, Failure, ResultEvent, ResultTag, RunResult, StepResult, StreamLine, Usage,
    },
    session::{
        Asked, Leave, Said, Session, asking_before_effects, denying_what_asks, meant_choice,
    },
    workflow::{Workflow, WorkflowError, WorkflowRun},
};
