//! Contracts and engine of Medley: artifacts, capabilities, plans, the executor and the agent loop.
//!
//! A request and files become draft steps ([`Planner`]), which become a [`Plan`] that is valid by
//! construction, which an [`Executor`] runs as concurrently as its data allows. What the tools are, which models
//! they use and who plans is not known here: no HTTP, no machine learning, no scripting.
#![forbid(unsafe_code)]

mod agent;
mod artifact;
mod capability;
mod chat;
mod conform;
mod digest;
mod draft;
mod event;
mod executor;
mod expression;
mod graph_picture;
mod journal;
mod kind;
mod ledger;
mod plan;
mod policy;
mod provider;
mod question;
mod regions;
mod registry;
mod report;
mod response;
mod standing;
mod store;
mod table;
mod tool;
mod tool_error;
mod value;
mod value_type;

#[cfg(test)]
mod fixtures;

pub use agent::{
    Agent, AgentError, AsWritten, Assignment, Attachment, Bounds, Conversation, Corrector,
    Decision, Decline, Evidence, Exchange, GivenPlan, NamedArtifact, Outcome, Planner,
    PlannerError, Program, ProgramEnd, ProgramRun, Refined, Refiner, Refining, Request,
    SessionTurn, Situation, StepStream, Suggestion, Telling, unused_attachments,
};
pub use artifact::{Artifact, Facts, Probe, ProbeError, Probed};
pub use capability::{Capability, Output, Parameter, Visibility};
pub use chat::telemetry as gen_ai;
pub use chat::{
    Budget, ChatDelta, ChatError, ChatErrorKind, ChatModel, ChatProfile, ChatReply, ChatRequest,
    ChatStream, ChatSupport, ChatTool, Content, FinishReason, Message, ModelChain, Picture,
    PlanShape, Price, Recorder, RecordingError, Replay, ResponseFormat, Role, Scrubber, Spending,
    Spent, TokenCounter, ToolCall, ToolChoice, Usage,
};
pub use conform::{ConformError, TEXT_LIMIT, check, conform, print, select};
pub use digest::{Digest, ParseDigestError};
pub use draft::{Comparison, DraftCondition, DraftPlan, DraftRetry, DraftStep, OnError};
pub use event::{Event, EventKind, EventSink, EventStream, PlannedStep, Tap};
pub use executor::{
    Awaited, Dispatcher, Executor, LocalDispatcher, Outcomes, ProcessDispatcher, RunContext,
    StepCall, StepControl, StepOutcome, WorkerCommand, serve, serve_standard_streams,
};
pub use expression::{Expression, ExpressionError, Reference, Segment, Selector, is_step_id};
pub use graph_picture::{GraphFormat, GraphPicture, PicturedStep, UnknownGraphFormat};
pub use journal::{
    CacheUsage, CachedStep, Durability, Journal, JournalError, JournalErrorKind, JournalOptions,
    OpenRun, RunHistory, RunKind, RunLock, RunRecord, RunSummary, SessionHistory, SessionSummary,
    SqliteJournal, StepRecord, TurnRecord,
};
pub use kind::Kind;
pub use ledger::{Evict, Lease, Ledger, Limits, Resources, Unfit};
pub use plan::{
    Accepted, Addition, Argument, CHILD_LIMIT, Candidate, Condition, Defect, DefectCode, Defects,
    ForEach, GrowingPlan, Known, Plan, Retry, STEP_LIMIT, Scope, Step,
};
pub use policy::{Permission, Policy};
pub use provider::{
    CallContext, Determinism, Effects, Health, Profile, Progress, ProgressSink, Provider,
};
pub use question::{Question, QuestionKind};
pub use regions::{BoundingBox, Region, Regions, RunLengthMask};
pub use registry::{Entry, Registration, Registry, RegistryError};
pub use report::{Answer, RunReport, RunStatus, StepError, StepReport, StepStatus};
pub use response::{Part, Response};
pub use standing::StandingAnswers;
pub use store::{ArtifactStore, Collected, DiskStore, StoreError};
pub use table::{table_column, table_rows};
pub use tool::{
    About, AudioArtifact, FileArtifact, ImageArtifact, JsonArtifact, RegionsArtifact, SchemaError,
    TableArtifact, TextArtifact, Tool, VideoArtifact,
};
pub use tool_error::{ToolError, ToolErrorKind};
pub use value::{JsonValueError, Record, Value};
pub use value_type::{Field, ValueType};
