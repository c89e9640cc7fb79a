//! What the model is told: the rules, the tools, examples, the request, and what was done so far.

use std::{fmt::Write as _, sync::LazyLock};

use super::earlier;
use medley_orchestrator::{Capability, Defect, Message, Parameter, Request, RunReport, StepReport};
use serde::Deserialize;
use serde_json::Value as Json;

/// The rules; the tools stand where it says `{tools}`.
const RULES: &str = include_str!("../../prompts/controller.txt");

/// Requests with their plans.
const EXAMPLES: &str = include_str!("../../prompts/examples.json");

/// The most characters of a result that are shown.
const SHOWN: usize = 300;

/// A request with its plan.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Example {
    /// The request.
    pub request: String,
    /// The kinds of its files.
    pub files: Vec<String>,
    /// The lines of the plan.
    pub plan: Vec<Json>,
}

impl Example {
    /// The tools that its plan calls.
    pub(super) fn tools(&self) -> impl Iterator<Item = &str> {
        self.plan.iter().filter_map(|line| line["tool"].as_str())
    }

    fn lines(&self) -> String {
        let lines: Vec<String> = self.plan.iter().map(Json::to_string).collect();
        lines.join("\n")
    }
}

/// The examples that come with Medley; a test holds that they can be read and are valid plans.
pub(super) static BUILT_IN: LazyLock<Vec<Example>> =
    LazyLock::new(|| serde_json::from_str(EXAMPLES).unwrap_or_default());

/// The conversation that asks for a plan.
pub(super) fn conversation(
    tools: &[&Capability],
    examples: &[&Example],
    request: &Request,
) -> Vec<Message> {
    let mut messages = vec![Message::system(rules(tools))];
    for example in examples {
        let files = example.files.iter().enumerate().map(|(index, kind)| {
            let name = Request::input_name(index);
            format!("${name}: {kind}")
        });
        messages.push(Message::user(asked(&example.request, files)));
        messages.push(Message::assistant(example.lines()));
    }
    let files = request.attachments.iter().enumerate().map(|(index, file)| {
        let name = Request::input_name(index);
        format!("${name}: {}, called {:?}", file.artifact.kind, file.name)
    });
    let before = earlier::recount(request).unwrap_or_default();
    messages.push(Message::user(before + &asked(&request.text, files)));
    messages
}

fn rules(tools: &[&Capability]) -> String {
    let lines: Vec<String> = tools.iter().map(|tool| signature(tool)).collect();
    RULES.trim_end().replace("{tools}", &lines.join("\n"))
}

fn asked(request: &str, files: impl Iterator<Item = String>) -> String {
    let mut text = format!("Request: {request}");
    for file in files {
        text.push('\n');
        text.push_str(&file);
    }
    text
}

/// A tool in a line: `ocr(image: image) -> text: string, regions: regions. Reads the text in a picture.`
pub(super) fn signature(tool: &Capability) -> String {
    let parameters: Vec<String> = tool.parameters.iter().map(parameter).collect();
    let outputs: Vec<String> = tool
        .outputs
        .iter()
        .map(|output| format!("{}: {}", output.name, output.value_type))
        .collect();
    format!(
        "{}({}) -> {}. {}",
        tool.name,
        parameters.join(", "),
        outputs.join(", "),
        tool.purpose
    )
}

fn parameter(parameter: &Parameter) -> String {
    let mark = if parameter.required { "" } else { "?" };
    format!("{}{mark}: {}", parameter.name, parameter.value_type)
}

/// What came of a round, for the model: names, states and results, the long ones cut.
pub(super) fn observations(report: &RunReport) -> String {
    let mut text = String::from("This is what came of your steps:\n");
    for step in &report.steps {
        let _ = writeln!(text, "{}", observation(step));
    }
    if !report.defects.is_empty() {
        text.push_str(&complaints(&report.defects));
    }
    text
}

fn observation(step: &StepReport) -> String {
    let mut line = format!("{} ({}): ", step.id, step.tool);
    match &step.error {
        Some(error) => {
            let _ = write!(line, "{}: {}", error.code, error.message);
            if let Some(hint) = &error.hint {
                let _ = write!(line, " ({hint})");
            }
        }
        None => {
            let outputs = step.outputs.iter();
            let outputs: Vec<String> = outputs
                .map(|(name, value)| format!("{name}: {}", cut(&value.to_string())))
                .collect();
            line.push_str(&outputs.join(", "));
        }
    }
    line
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{:?}...", &text[..end]),
        None => format!("{text:?}"),
    }
}

/// What is wrong with a plan, a line each.
pub(super) fn complaints(defects: &[Defect]) -> String {
    let mut text = String::from("This is wrong with your plan:\n");
    for defect in defects {
        let _ = write!(text, "- {defect}");
        if let Some(hint) = &defect.hint {
            let _ = write!(text, " ({hint})");
        }
        text.push('\n');
    }
    text
}
