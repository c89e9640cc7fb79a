//! `medley eval`: how good the plans of a planner, or of a model, are.

mod planners;
mod rectify;

use std::{
    collections::BTreeSet,
    fmt,
    io::{IsTerminal, Write},
    path::{Path, PathBuf},
    str::FromStr,
};

use clap::{Args, Subcommand, ValueEnum};
use medley_planners::evaluation::{
    Edges, Invented, Measure, Prediction, Sample, Scores, ToolList, evaluate, predictions, samples,
    table,
};

use self::{planners::Plans, rectify::Rectifier};
use super::{
    arguments::LanguageArguments,
    output::{Exit, Unusable, print, print_json},
    settings::Settings,
};

#[derive(Debug, Subcommand)]
pub(super) enum EvalAction {
    /// Compare plans with those that people made, as TaskBench does.
    Taskbench(TaskbenchArguments),
}

#[derive(Debug, Args)]
pub(super) struct TaskbenchArguments {
    /// Requests with their right plans, one JSON object a line.
    #[arg(long, value_name = "FILE")]
    gold: PathBuf,
    /// The tools that plans are made of.
    #[arg(long, value_name = "FILE")]
    tools: PathBuf,
    /// Who plans: `embedded`, `llm` (the configured planner), or `file:PREDICTIONS` for plans that are there.
    #[arg(long, value_name = "PLANNER")]
    planner: PlannerName,
    /// Put right what is certain in each plan before it is compared.
    #[arg(long)]
    repair: bool,
    /// A table of published scores to print beside.
    #[arg(long, value_name = "FILE", conflicts_with = "json")]
    published: Option<PathBuf>,
    /// Where edges are read: in the `<node-j>` of arguments, or in `task_links`; by default as TaskBench does, which
    /// reads links where tools have no types.
    #[arg(long, value_name = "PLACE")]
    edges: Option<EdgesFrom>,
    /// What the name of a tool that there is not counts as.
    #[arg(long, value_name = "AS", default_value = "ignored")]
    invented: InventedAs,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    language: LanguageArguments,
}

/// Who makes the plans.
#[derive(Debug, Clone)]
enum PlannerName {
    Embedded,
    LanguageModel,
    File(PathBuf),
}

impl FromStr for PlannerName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            Some(("file", path)) if !path.is_empty() => Ok(Self::File(path.into())),
            None if text == "embedded" => Ok(Self::Embedded),
            None if text == "llm" => Ok(Self::LanguageModel),
            _ => Err("use `embedded`, `llm` or `file:PREDICTIONS`".to_owned()),
        }
    }
}

impl fmt::Display for PlannerName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Embedded => formatter.write_str("embedded"),
            Self::LanguageModel => formatter.write_str("llm"),
            Self::File(path) => {
                let name = path.file_stem().unwrap_or(path.as_os_str());
                write!(formatter, "{}", name.to_string_lossy())
            }
        }
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum EdgesFrom {
    Tags,
    Links,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum InventedAs {
    Ignored,
    Wrong,
}

impl TaskbenchArguments {
    fn measure(&self, tools: &ToolList) -> Measure {
        Measure {
            edges: match self.edges {
                Some(EdgesFrom::Tags) => Edges::Tags,
                Some(EdgesFrom::Links) => Edges::Links,
                None => Edges::usual_for(tools),
            },
            invented: match self.invented {
                InventedAs::Ignored => Invented::Ignored,
                InventedAs::Wrong => Invented::Wrong,
            },
        }
    }
}

pub(super) async fn run(settings: &Settings, action: EvalAction) -> anyhow::Result<Exit> {
    let EvalAction::Taskbench(arguments) = action;
    taskbench(settings, &arguments).await
}

async fn taskbench(settings: &Settings, arguments: &TaskbenchArguments) -> anyhow::Result<Exit> {
    let gold =
        samples(&read(&arguments.gold)?).map_err(|error| unusable(&arguments.gold, error))?;
    if gold.is_empty() {
        let message = format!("{}: there is no request in it", arguments.gold.display());
        return Err(Unusable(message).into());
    }
    let tools = ToolList::from_json_text(&read(&arguments.tools)?)
        .map_err(|error| unusable(&arguments.tools, error))?;
    if let Some(note) = unknown_tools(&gold, &tools) {
        aside!("note: {note}");
    }
    if let Some(path) = &arguments.published {
        read(path)?;
    }
    let medley = super::open_with(settings, &arguments.language)?;
    let mut plans = match &arguments.planner {
        PlannerName::Embedded => Plans::embedded(&medley, &gold, &tools).await?,
        PlannerName::LanguageModel => {
            let options = settings.agent.controller(&arguments.language.planning);
            Plans::of_language_model(&medley, options, &gold, &tools).await?
        }
        PlannerName::File(path) => {
            Plans::written(predictions(&read(path)?).map_err(|error| unusable(path, error))?)
        }
    };
    if plans.was_stopped {
        return Ok(Exit::Cancelled);
    }
    for note in &plans.notes {
        aside!("note: {note}");
    }
    if arguments.repair {
        let rectifier = Rectifier::new(&medley, &tools)?;
        let (repaired, summary) =
            tokio::task::block_in_place(|| rectifier.rectify_all(&plans.predictions, &gold));
        plans.predictions = repaired;
        aside!("{summary}");
    }
    show(arguments, &gold, &plans.predictions, &tools)
}

fn show(
    arguments: &TaskbenchArguments,
    gold: &[Sample],
    predictions: &[Prediction],
    tools: &ToolList,
) -> anyhow::Result<Exit> {
    let scores: Scores = evaluate(gold, predictions, tools, arguments.measure(tools));
    if scores.n + scores.invalid == 0 {
        let message = format!(
            "none of the plans is for a request in {}; plans have the `id` of their request",
            arguments.gold.display()
        );
        return Err(Unusable(message).into());
    }
    if arguments.json {
        print_json(&scores)?;
        return Ok(Exit::Succeeded);
    }
    let name = arguments.planner.to_string();
    let published = arguments.published.as_deref();
    let table = table(&[(&name, &scores)], published).map_err(|error| match published {
        Some(path) => unusable(path, error),
        None => error.into(),
    })?;
    print(table.trim_end())?;
    if scores.invalid > 0 {
        aside!("note: {} are no plans and count in nothing", scores.invalid);
    }
    Ok(Exit::Succeeded)
}

/// What is to be said if the right plans are made of other tools.
fn unknown_tools(gold: &[Sample], tools: &ToolList) -> Option<String> {
    let named = gold.iter().flat_map(|sample| &sample.nodes);
    let unknown: BTreeSet<&str> = named
        .map(|node| node.task.as_str())
        .filter(|name| !tools.has(name))
        .collect();
    let first = unknown.first()?;
    Some(format!(
        "{} tools of the right plans are not in the list, such as `{first}`; no plan can have them right",
        unknown.len()
    ))
}

fn read(path: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(path).map_err(|error| unusable(path, error))
}

/// An error with the file that it is about.
fn unusable(path: &Path, error: impl std::error::Error) -> anyhow::Error {
    let mut message = format!("{}: {error}", path.display());
    if let Some(cause) = error.source()
        && !message.contains(&cause.to_string())
    {
        message = format!("{message}: {cause}");
    }
    Unusable(message).into()
}

/// Says how far a long evaluation is.
struct Progress {
    total: usize,
    shown: bool,
}

impl Progress {
    fn new(total: usize) -> Self {
        Self {
            total,
            shown: std::io::stderr().is_terminal(),
        }
    }

    /// On a terminal one line that is written over; else a line for every hundredth plan.
    fn done(&self, count: usize) {
        if self.shown {
            eprint!("\r{count} of {} planned", self.total);
            if count == self.total {
                aside!("");
            }
            let _ = std::io::stderr().flush();
        } else if count.is_multiple_of(100) {
            aside!("{count} of {} planned", self.total);
        }
    }
}
