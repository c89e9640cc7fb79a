//! A language model as the author of programs (ViperGPT, Surís et al. 2023; VisProg, Gupta and Kembhavi 2023).
//!
//! It is shown the functions and an example, and writes a script, which is checked before it runs. What is wrong with it
//! goes back once, before it runs and after; then the other planner plans. What tools read is never told: of a failure
//! at run time it learns the place and the sort.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use medley_orchestrator::{
    Capability, ChatError, ChatModel, ChatReply, ChatRequest, Decision, Decline, Message,
    Parameter, Planner, PlannerError, Program, ProgramEnd, ProgramRun, Registry, Request,
    RunReport, RunStatus, Situation,
};

use crate::{
    engine::callable,
    runner::{Ran, ScriptRunner},
    script::Script,
};

/// The rules; the tools stand where it says `{tools}`.
const RULES: &str = include_str!("../prompts/program.txt");
const EXAMPLE_REQUEST: &str = include_str!("../prompts/example_request.txt");
const EXAMPLE_SCRIPT: &str = include_str!("../prompts/example_script.txt");

/// The tools of the example; where one is not here, the model is shown none.
const EXAMPLE_TOOLS: [&str; 2] = ["ocr", "grayscale_image"];

/// How often the model may write a script before one runs.
const ATTEMPTS: usize = 2;

/// Looks at a script before it runs, and says whether it may.
pub type Review = Arc<dyn Fn(&Program) -> bool + Send + Sync>;

/// Plans by writing programs with a language model.
pub struct ProgramAuthor {
    model: Arc<dyn ChatModel>,
    runner: ScriptRunner,
    fallback: Arc<dyn Planner>,
    review: Option<Review>,
    /// What may be told to the model of the program that stopped, by run.
    stopped: Mutex<HashMap<String, String>>,
}

impl ProgramAuthor {
    /// An author that asks `model`, and lets `fallback` plan where that gives no program.
    #[must_use]
    pub fn new(
        model: Arc<dyn ChatModel>,
        runner: ScriptRunner,
        fallback: Arc<dyn Planner>,
    ) -> Self {
        Self {
            model,
            runner,
            fallback,
            review: None,
            stopped: Mutex::default(),
        }
    }

    /// Lets somebody look at each script before it runs.
    #[must_use]
    pub fn reviewed_by(mut self, review: Review) -> Self {
        self.review = Some(review);
        self
    }

    /// Has the model write a script until one can run; else why there is none.
    async fn write(
        &self,
        situation: &Situation<'_>,
        mut messages: Vec<Message>,
    ) -> Result<Result<Program, String>, ChatError> {
        let model = situation.spending.meter(Arc::clone(&self.model));
        let capabilities = callable(situation.registry);
        let mut why = String::new();
        for _ in 0..ATTEMPTS {
            let request = ChatRequest {
                temperature: Some(0.0),
                ..ChatRequest::new(messages.clone())
            };
            let stream = model.chat(&request, situation.cancel).await?;
            let reply = ChatReply::collect(stream).await?;
            let program = Program {
                name: "program.rhai".to_owned(),
                text: script_in(&reply.text).to_owned(),
                ..Program::default()
            };
            match Script::read(&program, &capabilities, &self.runner.limits) {
                Ok(script) if !script.is_empty() => return Ok(Ok(program)),
                Ok(_) => why = "the reply holds no script".to_owned(),
                Err(errors) => {
                    let hints = errors.0.iter().filter_map(|error| error.hint.as_deref());
                    let hints: Vec<&str> = hints.collect();
                    why = [errors.to_string(), hints.join("\n")].join("\n");
                }
            }
            messages.push(Message::assistant(reply.text));
            messages.push(Message::user(format!(
                "The script cannot run:\n{why}\nWrite it again, whole and put right."
            )));
        }
        Ok(Err(why))
    }

    fn stopped(&self) -> MutexGuard<'_, HashMap<String, String>> {
        self.stopped.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets somebody look at the script, where that is wanted.
    async fn approve(&self, program: Program) -> Decision {
        if let Some(review) = self.review.clone() {
            let shown = program.clone();
            let approved = tokio::task::spawn_blocking(move || review(&shown)).await;
            if !approved.unwrap_or(false) {
                return Decision::Decline(Decline {
                    reason: "the script was not approved".to_owned(),
                    nearest: Vec::new(),
                });
            }
        }
        Decision::Program {
            program,
            notes: Vec::new(),
        }
    }

    async fn fall_back(
        &self,
        situation: &Situation<'_>,
        why: &str,
    ) -> Result<Decision, PlannerError> {
        let mut decision = self.fallback.decide(situation).await?;
        if let Decision::Add { notes, .. } | Decision::Streamed { notes } = &mut decision {
            notes.push(format!(
                "the language model wrote no program that can run: {why}"
            ));
        }
        Ok(decision)
    }
}

#[async_trait]
impl Planner for ProgramAuthor {
    fn may_add(&self, rounds: &[RunReport]) -> bool {
        match rounds {
            [] => true,
            [only] => matches!(only.status, RunStatus::Failed | RunStatus::Partial),
            _ => false,
        }
    }

    async fn choose(&self, request: &Request, registry: &Registry) -> Vec<String> {
        self.fallback.choose(request, registry).await
    }

    async fn decide(&self, situation: &Situation<'_>) -> Result<Decision, PlannerError> {
        if !self.may_add(situation.rounds) {
            return Ok(Decision::Finish);
        }
        let mut messages = conversation(situation);
        if !situation.rounds.is_empty() {
            // A run that was resumed has forgotten; what there is, is there.
            let Some(told) = self.stopped().remove(situation.run) else {
                return Ok(Decision::Finish);
            };
            messages.push(Message::user(told));
        }
        let is_first = situation.rounds.is_empty();
        match self.write(situation, messages).await {
            Ok(Ok(program)) => Ok(self.approve(program).await),
            Ok(Err(why)) if is_first => self.fall_back(situation, &why).await,
            Err(error) if is_first => self.fall_back(situation, &error.to_string()).await,
            Ok(Err(_)) | Err(_) => Ok(Decision::Finish),
        }
    }

    async fn run_program(&self, run: ProgramRun<'_>) -> Result<ProgramEnd, PlannerError> {
        let (program, id) = (run.program, run.run);
        let Ran { end, error } = self.runner.run(run).await?;
        if let Some(error) = error {
            let place = error.place.as_ref();
            let place = place.map_or(String::new(), |place| {
                format!(" in line {}, `{}`", place.line, place.text.trim())
            });
            let told = format!(
                "This script was run:\n```rhai\n{}\n```\nIt stopped{place}: {}. Write another one that goes another \
                 way; what was done is known and not done again.",
                program.text.trim_end(),
                error.code.replace('_', " ")
            );
            self.stopped().insert(id.to_owned(), told);
        }
        Ok(end)
    }
}

fn conversation(situation: &Situation<'_>) -> Vec<Message> {
    let tools: Vec<&Capability> = situation
        .registry
        .plannable()
        .filter(|tool| situation.scope.allows(&tool.name))
        .collect();
    let signatures: Vec<String> = tools.iter().map(|tool| signature(tool)).collect();
    let rules = RULES.trim_end().replace("{tools}", &signatures.join("\n"));
    let mut messages = vec![Message::system(rules)];
    let is_here = |name: &&str| tools.iter().any(|tool| tool.name == **name);
    if EXAMPLE_TOOLS.iter().all(is_here) {
        messages.push(Message::user(EXAMPLE_REQUEST.trim_end()));
        messages.push(Message::assistant(EXAMPLE_SCRIPT.trim_end()));
    }
    let request = situation.request;
    let mut asked = format!("Request: {}", request.text);
    for (index, file) in request.attachments.iter().enumerate() {
        asked.push_str(&format!(
            "\ninputs[{index}]: {}, called {:?}",
            file.artifact.kind, file.name
        ));
    }
    messages.push(Message::user(asked));
    messages
}

/// A tool in a line: `ocr(image: image) -> text: string, regions: regions. Reads the text in a picture.`
fn signature(tool: &Capability) -> String {
    let parameter = |parameter: &Parameter| {
        let mark = if parameter.required { "" } else { "?" };
        format!("{}{mark}: {}", parameter.name, parameter.value_type)
    };
    let parameters = crate::arguments::by_position(tool).map(parameter);
    let outputs = tool.outputs.iter();
    let outputs = outputs.map(|output| format!("{}: {}", output.name, output.value_type));
    format!(
        "{}({}) -> {}. {}",
        tool.name,
        parameters.collect::<Vec<_>>().join(", "),
        outputs.collect::<Vec<_>>().join(", "),
        tool.purpose
    )
}

/// The script in a reply: what stands in the first block, or all of it.
fn script_in(reply: &str) -> &str {
    let Some((_, rest)) = reply.split_once("```") else {
        return reply.trim();
    };
    let rest = rest.split_once('\n').map_or(rest, |(_, rest)| rest);
    rest.split_once("```")
        .map_or(rest, |(script, _)| script)
        .trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_is_found_in_what_models_reply() {
        for reply in [
            "emit(1);",
            "```rhai\nemit(1);\n```",
            "Here it is:\n```\nemit(1);\n```\nIt emits one.",
            "```rhai\nemit(1);",
        ] {
            assert_eq!(script_in(reply), "emit(1);");
        }
    }
}
