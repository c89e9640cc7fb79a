//! `ask` in a script: a request to the planner, as a step of its own.

use std::sync::Arc;

use async_trait::async_trait;
use medley_orchestrator::{
    About, Assignment, Attachment, CallContext, Decline, Determinism, EventKind, EventSink, Kind,
    Outcome, Part, Request, RunKind, RunStatus, Tool, ToolError, Value, Visibility,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::{Medley, medley::new_run};

/// Answers a request as `medley ask` does, in a run of its own.
pub(super) struct AskPlanner {
    medley: Medley,
}

impl AskPlanner {
    pub(super) const fn new(medley: Medley) -> Self {
        Self { medley }
    }
}

/// A request.
#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct Input {
    /// What is wanted, in English or Chinese.
    request: String,
    /// The files that the request is about.
    #[serde(default)]
    files: Vec<Json>,
}

/// An answer.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Output {
    /// The words of the answer.
    text: String,
    /// Its files, in reading order.
    files: Vec<Json>,
}

#[async_trait]
impl Tool for AskPlanner {
    type Input = Input;
    type Output = Output;

    fn about(&self) -> About {
        About {
            determinism: Determinism::Recorded,
            visibility: Visibility::Internal,
            ..About::new("ask", "Answers a request: plans it and runs the plan")
        }
    }

    async fn call(&self, input: Input, context: &CallContext) -> Result<Output, ToolError> {
        let attachments = input
            .files
            .into_iter()
            .enumerate()
            .map(|(index, file)| attachment(index, file));
        let request = Request {
            text: input.request,
            attachments: attachments.collect::<Result<_, _>>()?,
            ..Request::default()
        };
        let progress = context.clone();
        let events = EventSink::ignored().with_tap(Arc::new(move |event| {
            if let EventKind::StepStarted { tool, .. } = &event.kind {
                progress.progress(None, tool.clone());
            }
        }));
        let assignment = Assignment::new(new_run(), RunKind::Ask, request);
        let agent = self.medley.agent().clone();
        let answered = self
            .medley
            .carry_out(agent, assignment, &events, context.cancellation())
            .await;
        match answered {
            Ok(outcome) => answer(outcome),
            Err(error) => {
                let mut failure = ToolError::permanent("not_answered", error.to_string());
                if let Some(hint) = error.hint() {
                    failure = failure.with_hint(hint);
                }
                Err(failure.caused_by(error))
            }
        }
    }
}

fn attachment(index: usize, file: Json) -> Result<Attachment, ToolError> {
    match Value::from_json(file) {
        Ok(Value::Artifact(artifact)) => Ok(Attachment {
            name: format!("{}{}", artifact.kind, index + 1),
            artifact: *artifact,
        }),
        _ => Err(ToolError::bad_argument(
            "files",
            "only files can be handed over; put words into the request",
        )),
    }
}

fn answer(outcome: Outcome) -> Result<Output, ToolError> {
    let refused = |message: String| ToolError::permanent("not_answered", message);
    if let Some(Decline { reason, nearest }) = outcome.response.declined {
        let nearest: Vec<String> = nearest.into_iter().map(|each| each.capability).collect();
        let error = refused(reason);
        return Err(match nearest.is_empty() {
            true => error,
            false => error.with_hint(format!("nearest to it are {}", nearest.join(", "))),
        });
    }
    match outcome.status {
        RunStatus::Succeeded | RunStatus::Partial => {}
        RunStatus::Cancelled => return Err(ToolError::cancelled()),
        RunStatus::Waiting => {
            return Err(refused(
                "it asks something first; say it in the request".to_owned(),
            ));
        }
        RunStatus::Failed => {
            let steps = outcome.rounds.iter().flat_map(|round| &round.steps);
            let first = steps.filter_map(|step| step.error.as_ref()).next();
            let why = first.map_or_else(
                || outcome.response.notes.join("; "),
                |error| error.message.clone(),
            );
            return Err(refused(why));
        }
    }
    let mut words: Vec<String> = Vec::new();
    let mut files = Vec::new();
    for part in outcome.response.parts {
        match part {
            Part::Text { text } => words.push(text),
            Part::Artifact { artifact, .. } if artifact.kind == Kind::Text => {}
            Part::Artifact { artifact, .. } => {
                files.push(serde_json::to_value(artifact).unwrap_or_default());
            }
        }
    }
    Ok(Output {
        text: words.join("\n"),
        files,
    })
}
