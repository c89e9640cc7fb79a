//! `medley runs`: what ran before, and going on with it.

use std::{fs, path::Path};

use medley::{
    Event, GraphFormat, GraphPicture, Medley, MedleyError, Planned, RunHistory, RunStatus,
    RunSummary,
};
use medley_orchestrator::RunReport;
use serde_json::json;

use super::{
    arguments::{LanguageArguments, RunsAction, TellingArguments, WhichRun, WhoPlans},
    open_telling,
    output::{Exit, Unusable, print, print_json},
    run::resume,
    settings::Settings,
};

/// What an exported run's record is called.
const RUN_FILE: &str = "run.json";
/// What its events are called, one a line.
const EVENTS_FILE: &str = "events.jsonl";

pub(super) async fn run(settings: &Settings, action: RunsAction) -> anyhow::Result<Exit> {
    let (language, telling) = models_of(&action);
    let medley = open_telling(settings, &language, telling, WhoPlans::default())?;
    match action {
        RunsAction::List { limit, json } => list(&medley, limit, json).await,
        RunsAction::Show {
            which,
            format,
            json,
        } => show(&medley, &which, format, json).await,
        RunsAction::Resume { which, output, .. } => {
            let run = find(&medley, &which).await?;
            resume(settings, &medley, &run, &output).await
        }
        RunsAction::Answer {
            run,
            question,
            value,
            output,
            ..
        } => {
            let run = medley.records().find(Some(&run)).await?;
            medley.answer(&run, &question, &value).await?;
            resume(settings, &medley, &run, &output).await
        }
        RunsAction::Export { which, output } => export(&medley, &which, &output).await,
        RunsAction::Rm { runs } => {
            for start in runs {
                let run = medley.records().find(Some(&start)).await?;
                medley.records().remove(&run).await?;
                print(&format!("{run} is forgotten"))?;
            }
            Ok(Exit::Succeeded)
        }
    }
}

/// Which language models go on with a run, and how they tell the answer.
fn models_of(action: &RunsAction) -> (LanguageArguments, TellingArguments) {
    match action {
        RunsAction::Resume {
            language, telling, ..
        }
        | RunsAction::Answer {
            language, telling, ..
        } => (language.clone(), *telling),
        _ => Default::default(),
    }
}

async fn find(medley: &Medley, which: &WhichRun) -> Result<String, MedleyError> {
    medley.records().find(which.run.as_deref()).await
}

async fn list(medley: &Medley, limit: usize, json: bool) -> anyhow::Result<Exit> {
    let runs = medley.records().runs(limit).await?;
    if json {
        print_json(&runs)?;
        return Ok(Exit::Succeeded);
    }
    for run in &runs {
        print(&line(run))?;
    }
    Ok(Exit::Succeeded)
}

fn line(run: &RunSummary) -> String {
    let text: String = run.text.split_whitespace().collect::<Vec<_>>().join(" ");
    let short: String = text.chars().take(60).collect();
    format!(
        "{}  {:10}  {:3} steps  {short}",
        run.id,
        word(run.status),
        run.steps
    )
}

const fn word(status: Option<RunStatus>) -> &'static str {
    match status {
        None => "unfinished",
        Some(RunStatus::Succeeded) => "succeeded",
        Some(RunStatus::Partial) => "partial",
        Some(RunStatus::Failed) => "failed",
        Some(RunStatus::Cancelled) => "cancelled",
        Some(RunStatus::Waiting) => "waiting",
    }
}

async fn show(
    medley: &Medley,
    which: &WhichRun,
    format: GraphFormat,
    json: bool,
) -> anyhow::Result<Exit> {
    let run = find(medley, which).await?;
    if json {
        print_json(&medley.records().history(&run).await?)?;
        return Ok(Exit::Succeeded);
    }
    draw(medley, &run, format).await?;
    Ok(Exit::Succeeded)
}

/// Draws what was planned in a run, and what became of it.
pub(super) async fn draw(medley: &Medley, run: &str, format: GraphFormat) -> anyhow::Result<()> {
    let history = medley.records().history(run).await?;
    if format == GraphFormat::Tree {
        print(&format!("{run}  {}", word(history.status)))?;
        if !history.run.request.text.is_empty() {
            print(&history.run.request.text)?;
        }
    }
    for (draft, report) in rounds(&history) {
        let planned = draft.map(|draft| medley.check(&history.run.request, &draft));
        match planned {
            Some(Ok(Planned::Plan { plan, .. })) => {
                print(
                    GraphPicture::of_plan(&plan)
                        .with_report(&report)
                        .draw(format)
                        .trim_end(),
                )?;
            }
            // A script was stopped, or the tools have changed since; what is recorded can still be shown.
            _ => print(GraphPicture::of_report(&report).draw(format).trim_end())?,
        }
    }
    Ok(())
}

/// The rounds of a run: what was planned, where that was written down, and what is recorded of it.
fn rounds(history: &RunHistory) -> Vec<(Option<medley::DraftPlan>, RunReport)> {
    let turns = history.turns.iter();
    turns
        .map(|turn| (turn.draft(), history.report(turn.index)))
        .filter(|(draft, report)| draft.is_some() || !report.steps.is_empty())
        .collect()
}

async fn export(medley: &Medley, which: &WhichRun, folder: &Path) -> anyhow::Result<Exit> {
    let run = find(medley, which).await?;
    let history = medley.records().history(&run).await?;
    let events: Vec<Event> = match medley.records().journal()? {
        Some(journal) => journal.events_of(&run).await?,
        None => Vec::new(),
    };
    let unusable = |error| Unusable(format!("cannot write to {}: {error}", folder.display()));
    fs::create_dir_all(folder).map_err(unusable)?;
    let taken = [RUN_FILE, EVENTS_FILE].into_iter();
    if let Some(taken) = taken
        .map(|name| folder.join(name))
        .find(|path| path.exists())
    {
        let taken = taken.display();
        return Err(Unusable(format!(
            "{taken} is there already; export to another folder"
        ))
        .into());
    }
    let lines: Result<Vec<String>, _> = events.iter().map(serde_json::to_string).collect();
    fs::write(folder.join(EVENTS_FILE), lines?.join("\n") + "\n").map_err(unusable)?;
    let exported = medley::Exporter::new(folder)
        .export_all(&history.artifacts(), medley.store())
        .await;
    let files: Vec<_> = exported
        .answer
        .iter()
        .filter_map(|part| serde_json::to_value(part).ok())
        .collect();
    let record = json!({"run": history, "files": files});
    fs::write(
        folder.join(RUN_FILE),
        serde_json::to_string_pretty(&record)? + "\n",
    )
    .map_err(unusable)?;
    print(&format!("{run} is in {}", folder.display()))?;
    for failure in &exported.failures {
        super::output::report_failure(&failure.to_string(), failure.hint().as_deref());
    }
    Ok(if exported.failures.is_empty() {
        Exit::Succeeded
    } else {
        Exit::Partial
    })
}
