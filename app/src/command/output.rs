//! What is printed, and what the process says when it ends.

use std::{
    error::Error,
    io::{self, IsTerminal, Write},
    process::ExitCode,
};

use medley::{
    AnswerPart, Decline, Defects, Event, EventKind, Failure, MedleyError, Outcome, Question,
    ResultEvent, ResultTag, RunResult, RunStatus, StepStatus,
};
use medley_models::ModelError;

use super::{arguments::Verbosity, terminal::harmless};

/// How the process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exit {
    Succeeded = 0,
    Failed = 1,
    Usage = 2,
    Partial = 3,
    Waiting = 4,
    Cancelled = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

impl From<RunStatus> for Exit {
    fn from(status: RunStatus) -> Self {
        match status {
            RunStatus::Succeeded => Self::Succeeded,
            RunStatus::Partial => Self::Partial,
            RunStatus::Failed => Self::Failed,
            RunStatus::Cancelled => Self::Cancelled,
            RunStatus::Waiting => Self::Waiting,
        }
    }
}

/// Sends the program's own log to standard error; `RUST_LOG` chooses, else the verbosity.
pub(super) fn start_log(verbosity: Verbosity) {
    let level = if verbosity >= Verbosity::Debug {
        "info,medley=debug,medley_orchestrator=debug,medley_models=debug"
    } else {
        "error"
    };
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(level));
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .try_init();
}

/// Prints to standard output; a reader that went away is no error.
pub(super) fn print(text: &str) -> anyhow::Result<()> {
    print_piece(&format!("{text}\n"))
}

fn print_piece(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    // What goes to a file or another program goes there as it is.
    let text = match out.is_terminal() {
        true => harmless(text),
        false => text.into(),
    };
    match write!(out, "{text}").and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other?),
    }
}

/// Prints a value as JSON.
pub(super) fn print_json(value: &impl serde::Serialize) -> anyhow::Result<()> {
    print(&serde_json::to_string_pretty(value)?)
}

/// How a result is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ResultForm {
    /// For people.
    Text,
    /// One JSON object.
    Object,
    /// The last of the lines of events.
    Line,
}

impl ResultForm {
    pub(super) const fn of(object: bool, line: bool) -> Self {
        match (object, line) {
            (true, _) => Self::Object,
            (false, true) => Self::Line,
            (false, false) => Self::Text,
        }
    }

    /// Prints a result as programs read it; nothing for people.
    pub(super) fn print(self, result: RunResult) -> anyhow::Result<()> {
        match self {
            Self::Text => Ok(()),
            Self::Object => print_json(&result),
            Self::Line => print_json_line(&ResultEvent {
                event: ResultTag::Result,
                result,
            }),
        }
    }
}

/// Prints a value as a line of JSON.
pub(super) fn print_json_line(value: &impl serde::Serialize) -> anyhow::Result<()> {
    print(&serde_json::to_string(value)?)
}

/// Says what went wrong and what to do about it; to programs as a result too.
pub(super) fn report(error: &anyhow::Error, form: ResultForm) -> Exit {
    let medley = error.downcast_ref::<MedleyError>();
    let model = error.downcast_ref::<ModelError>();
    let hint = match medley {
        Some(failure) => failure.hint(),
        None => model.and_then(ModelError::hint),
    };
    if form != ResultForm::Text {
        let result = match medley {
            Some(failure) => RunResult::of_error(failure),
            None => RunResult::of_failure(Failure {
                code: "not_usable".to_owned(),
                message: chain(error.as_ref()),
                hint: hint.clone(),
            }),
        };
        // Standard output may be closed; what went wrong is said on standard error all the same.
        let _ = form.print(result);
    }
    if let Some(MedleyError::Plan(defects)) = medley {
        report_defects(defects);
    } else {
        report_failure(&chain(error.as_ref()), hint.as_deref());
    }
    match medley {
        Some(failure) if failure.is_usage() => Exit::Usage,
        Some(_) => Exit::Failed,
        None if error.is::<super::settings::SettingsError>() || error.is::<Unusable>() => {
            Exit::Usage
        }
        None if matches!(model, Some(ModelError::UnknownAsset { .. })) => Exit::Usage,
        None => Exit::Failed,
    }
}

/// Something that the person gave the command cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Unusable(pub String);

/// Prints an error with its way out.
pub(super) fn report_failure(message: &str, hint: Option<&str>) {
    aside!("error: {message}");
    if let Some(hint) = hint {
        aside!("  hint: {}", hint.trim_end_matches('.'));
    }
}

fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let message = error.to_string();
        // Many messages already hold their cause.
        if !text.contains(&message) {
            text.push_str(": ");
            text.push_str(&message);
        }
        cause = error.source();
    }
    text
}

/// Asks what a run waits for, and says how to answer.
fn show_question(run: &str, question: &Question) {
    match question.step.as_str() {
        "" => aside!("question: {}", question.text),
        step => aside!("question: {step}: {}", question.text),
    }
    let answer = match question.choices.as_slice() {
        [] => "ANSWER".to_owned(),
        choices => choices.join("|"),
    };
    aside!("  hint: medley runs answer {run} {} {answer}", question.id);
}

fn report_defects(Defects(defects): &Defects) {
    let count = defects.len();
    let noun = if count == 1 { "defect" } else { "defects" };
    aside!("error: the plan has {count} {noun}; nothing was run");
    for defect in defects {
        aside!("  {defect}");
        if let Some(hint) = &defect.hint {
            aside!("    hint: {}", hint.trim_end_matches('.'));
        }
    }
}

/// Says what cannot be done and what comes nearest.
pub(super) fn report_decline(decline: &Decline) {
    aside!("sorry: {}", decline.reason);
    if !decline.nearest.is_empty() {
        aside!("  what comes nearest:");
        for suggestion in &decline.nearest {
            aside!("    {} - {}", suggestion.capability, suggestion.purpose);
        }
    }
}

/// Prints an answer to standard output while it is written; files by name, as where they are is known at the end.
#[derive(Debug, Default)]
pub(super) struct AnswerStream {
    has_shown: bool,
    is_within_line: bool,
}

impl AnswerStream {
    pub(super) fn show(&mut self, event: &Event) -> anyhow::Result<()> {
        match &event.kind {
            EventKind::AnswerText { text } => {
                self.has_shown = true;
                self.is_within_line = !text.ends_with('\n');
                print_piece(text)
            }
            EventKind::AnswerArtifact { name, artifact } => {
                self.end_line()?;
                self.has_shown = true;
                print(&format!("[{}: {name}]", artifact.kind))
            }
            _ => Ok(()),
        }
    }

    /// Ends the last line; says whether there was any.
    pub(super) fn finish(&mut self) -> anyhow::Result<bool> {
        self.end_line()?;
        Ok(self.has_shown)
    }

    fn end_line(&mut self) -> anyhow::Result<()> {
        if std::mem::take(&mut self.is_within_line) {
            print_piece("\n")?;
        }
        Ok(())
    }
}

/// Prints an outcome for a person: the answer to standard output, the rest to standard error.
pub(super) fn show_outcome(
    outcome: &Outcome,
    answer: &[AnswerPart],
    verbosity: Verbosity,
) -> anyhow::Result<()> {
    for part in answer {
        match part {
            AnswerPart::Text { text } => print(text)?,
            AnswerPart::Artifact {
                kind,
                path: Some(path),
                ..
            } => print(&format!("{kind}: {path}"))?,
            // That it is not there is reported behind the answer.
            AnswerPart::Artifact { path: None, .. } => {}
        }
    }
    if let Some(question) = &outcome.response.question {
        show_question(&outcome.run, question);
    }
    let steps = || outcome.rounds.iter().flat_map(|round| &round.steps);
    for question in steps().filter_map(|step| step.question.as_ref()) {
        show_question(&outcome.run, question);
    }
    show_troubles(outcome, verbosity);
    Ok(())
}

/// Says on standard error what an outcome holds besides the answer and what is asked.
pub(super) fn show_troubles(outcome: &Outcome, verbosity: Verbosity) {
    if let Some(decline) = &outcome.response.declined {
        report_decline(decline);
    }
    for step in outcome.rounds.iter().flat_map(|round| &round.steps) {
        if let Some(error) = &step.error
            && step.status != StepStatus::Skipped
        {
            let mut message = format!("{} ({}): {}", step.id, step.tool, error.message);
            if verbosity > Verbosity::Normal {
                for cause in &error.causes {
                    message.push_str(": ");
                    message.push_str(cause);
                }
            }
            report_failure(&message, error.hint.as_deref());
        }
    }
    if outcome.status == RunStatus::Cancelled {
        aside!("cancelled");
    }
    if verbosity > Verbosity::Quiet {
        for note in &outcome.response.notes {
            aside!("note: {note}");
        }
    }
}
