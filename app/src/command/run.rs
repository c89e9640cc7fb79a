//! `medley ask`, `medley exec` and `medley run`: run something and show what came of it.

mod review;

use std::{
    fs, io,
    io::Read,
    path::{Path, PathBuf},
};

use anyhow::Context;
use medley::{
    AnswerPart, Defects, Event, EventSink, Exported, Exporter, Medley, MedleyError, Outcome,
    PlanText, Planning, RunResult, Workflow, WorkflowRun,
};
use tokio_util::sync::CancellationToken;

use super::{
    arguments::{
        AskArguments, ExecArguments, OutputArguments, PlannerName, RunArguments, Verbosity,
    },
    builder_telling, builder_with, cancelled_by_interrupt, open_with,
    output::{
        AnswerStream, Exit, ResultForm, Unusable, print_json_line, report_failure, show_outcome,
    },
    planning,
    progress::StepProgress,
    settings::Settings,
};

pub(super) async fn ask(settings: &Settings, arguments: AskArguments) -> anyhow::Result<Exit> {
    let mut builder = builder_telling(settings, &arguments.language, arguments.telling)?;
    builder = builder.planning(planning(arguments.who));
    if arguments.review {
        if arguments.who.planner != Some(PlannerName::Program) {
            return Err(Unusable("`--review` goes with `--planner program`".to_owned()).into());
        }
        builder = builder.planning(Planning::Program(Some(review::reviewer()?)));
    }
    let medley = builder.build().map_err(MedleyError::from)?;
    check_output(settings, &arguments.output)?;
    let mut asking = medley
        .ask(arguments.request)
        .attach_all(arguments.attachments)
        .cancelled_by(cancelled_by_interrupt())
        .start();
    let mut watcher = Watcher::new(settings, &arguments.output);
    while let Some(event) = asking.next_event().await {
        watcher.show(&event);
    }
    let told = watcher.finish();
    let outcome = asking.outcome().await?;
    finish(settings, &medley, &outcome, told, &arguments.output).await
}

pub(super) async fn exec(settings: &Settings, arguments: ExecArguments) -> anyhow::Result<Exit> {
    let medley = open_with(settings, &arguments.language)?;
    let text = read_plan(&arguments.plan)?;
    check_output(settings, &arguments.output)?;
    watched(
        settings,
        &medley,
        &arguments.output,
        async |events, cancel| {
            let plan = PlanText {
                text: &text,
                repair: arguments.repair,
            };
            medley
                .exec_text(plan, &arguments.attachments, events, cancel)
                .await
        },
    )
    .await
}

pub(super) async fn workflow(settings: &Settings, arguments: RunArguments) -> anyhow::Result<Exit> {
    let builder = builder_with(settings, &arguments.language)?;
    let medley = builder
        .planning(planning(arguments.who))
        .build()
        .map_err(MedleyError::from)?;
    let workflow = Workflow::find(&arguments.workflow, &medley.workflow_folder())
        .map_err(MedleyError::from)?;
    check_output(settings, &arguments.output)?;
    let run = WorkflowRun {
        arguments: arguments.arguments,
        attachments: arguments.attachments,
        fresh: arguments.fresh,
    };
    watched(
        settings,
        &medley,
        &arguments.output,
        async |events, cancel| medley.run_workflow(&workflow, &run, events, cancel).await,
    )
    .await
}

pub(super) async fn resume(
    settings: &Settings,
    medley: &Medley,
    run: &str,
    output: &OutputArguments,
) -> anyhow::Result<Exit> {
    check_output(settings, output)?;
    watched(settings, medley, output, async |events, cancel| {
        medley.resume(run, events, cancel).await
    })
    .await
}

/// Does work while its events are shown, and prints what came of it.
async fn watched(
    settings: &Settings,
    medley: &Medley,
    output: &OutputArguments,
    work: impl AsyncFnOnce(&EventSink, &CancellationToken) -> Result<Outcome, MedleyError>,
) -> anyhow::Result<Exit> {
    let (events, mut stream) = EventSink::channel();
    let cancel = cancelled_by_interrupt();
    let mut watcher = Watcher::new(settings, output);
    let watch = async {
        while let Some(event) = stream.recv().await {
            watcher.show(&event);
        }
        watcher.finish()
    };
    let work = async {
        let outcome = work(&events, &cancel).await;
        drop(events);
        outcome
    };
    let (outcome, told) = tokio::join!(work, watch);
    finish(settings, medley, &outcome?, told, output).await
}

/// Shows events as they happen: to programs as lines, to people as progress.
struct Watcher {
    progress: StepProgress,
    form: ResultForm,
    answer: AnswerStream,
}

impl Watcher {
    fn new(settings: &Settings, output: &OutputArguments) -> Self {
        Self {
            progress: StepProgress::new(settings.verbosity),
            form: output.result_form(),
            answer: AnswerStream::default(),
        }
    }

    fn show(&mut self, event: &Event) {
        // A reader that went away does not stop the work.
        let _ = match self.form {
            ResultForm::Text => self.answer.show(event),
            ResultForm::Line => print_json_line(event),
            ResultForm::Object => Ok(()),
        };
        self.progress.show(event);
    }

    /// Says whether the text of the answer was shown.
    fn finish(&mut self) -> bool {
        self.progress.finish();
        // As above.
        self.answer.finish().unwrap_or(true)
    }
}

async fn finish(
    settings: &Settings,
    medley: &Medley,
    outcome: &Outcome,
    told: bool,
    output: &OutputArguments,
) -> anyhow::Result<Exit> {
    let folder = output_folder(settings, output).unwrap_or_else(|| default_folder(&outcome.run));
    let exported = Exporter::new(folder)
        .export(&outcome.response, medley.store())
        .await;
    let Exported { answer, failures } = exported;
    let form = output.result_form();
    if form == ResultForm::Text {
        // Where the text was shown as it came, only the files are left to be named.
        let left = |part: &AnswerPart| !told || matches!(part, AnswerPart::Artifact { .. });
        let answer: Vec<AnswerPart> = answer.into_iter().filter(left).collect();
        show_outcome(outcome, &answer, settings.verbosity)?;
    } else {
        form.print(RunResult::new(outcome, answer).with_export_failures(&failures))?;
        if settings.verbosity > Verbosity::Normal {
            show_outcome(outcome, &[], settings.verbosity)?;
        }
    }
    for failure in &failures {
        report_failure(&failure.to_string(), failure.hint().as_deref());
    }
    if failures.is_empty() {
        Ok(outcome.status.into())
    } else {
        Ok(Exit::Failed)
    }
}

fn output_folder(settings: &Settings, output: &OutputArguments) -> Option<PathBuf> {
    output.output.clone().or_else(|| settings.output.clone())
}

fn default_folder(run: &str) -> PathBuf {
    Path::new("medley-out").join(run)
}

/// Work whose files could not be put anywhere is not begun.
fn check_output(settings: &Settings, output: &OutputArguments) -> Result<(), MedleyError> {
    let folder = output_folder(settings, output).unwrap_or_else(|| default_folder("run"));
    Ok(Exporter::new(folder).check()?)
}

fn read_plan(path: &Path) -> anyhow::Result<String> {
    if path == Path::new("-") {
        let mut text = String::new();
        io::stdin()
            .read_to_string(&mut text)
            .context("the plan on standard input cannot be read")?;
        return Ok(text);
    }
    match fs::read_to_string(path) {
        Ok(text) => Ok(text),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            Err(MedleyError::Plan(not_text(path)).into())
        }
        Err(error) => {
            Err(Unusable(format!("cannot read the plan {}: {error}", path.display())).into())
        }
    }
}

fn not_text(path: &Path) -> Defects {
    Defects(vec![medley::Defect::new(
        medley_orchestrator::DefectCode::MalformedPlan,
        format!("{} is not UTF-8 text", path.display()),
    )])
}
