//! What can be said on the command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use medley::GraphFormat;

use super::{eval::EvalAction, output::ResultForm};

const EXIT_CODES: &str = "Exit codes:
  0    succeeded
  1    failed, or the request cannot be done
  2    the command, a file or a plan is not usable
  3    partial: some of it was done
  4    needs an answer or an approval
  130  cancelled";

/// Say what you want and hand over files; answers with text, pictures and sound.
#[derive(Debug, Parser)]
#[command(name = "medley", version, about, after_help = EXIT_CODES, max_term_width = 100)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Command,
    /// Say more: each step, and the causes of errors. Twice for even more.
    #[arg(short, long, global = true, action = clap::ArgAction::Count, conflicts_with = "quiet")]
    verbose: u8,
    /// Say nothing but the answer and errors.
    #[arg(short, long, global = true)]
    quiet: bool,
    /// Where models, libraries and artifacts are kept [env: MEDLEY_HOME].
    #[arg(long, global = true, value_name = "DIR")]
    pub(super) home: Option<PathBuf>,
    /// Never use the network [env: MEDLEY_OFFLINE].
    #[arg(long, global = true)]
    pub(super) offline: bool,
    /// The configuration file [env: MEDLEY_CONFIG].
    #[arg(long, global = true, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
}

/// How much is said beside the answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Verbosity {
    Quiet,
    #[default]
    Normal,
    Verbose,
    Debug,
}

impl Arguments {
    pub(super) const fn verbosity(&self) -> Verbosity {
        match (self.quiet, self.verbose) {
            (true, _) => Verbosity::Quiet,
            (false, 0) => Verbosity::Normal,
            (false, 1) => Verbosity::Verbose,
            (false, _) => Verbosity::Debug,
        }
    }
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Answer a request over files.
    Ask(AskArguments),
    /// Answer requests turn by turn; what was made before can be referred to.
    Chat(ChatArguments),
    /// Show how a request would be done, and run nothing.
    Plan(PlanArguments),
    /// Run a plan that is written in a file.
    Exec(ExecArguments),
    /// Run a workflow: a script, or one that comes with Medley.
    Run(RunArguments),
    /// List, show, check, begin or draw workflows.
    Workflow {
        #[command(subcommand)]
        action: WorkflowAction,
    },
    /// List, show, resume, answer, export or remove runs.
    Runs {
        #[command(subcommand)]
        action: RunsAction,
    },
    /// Show or empty the store of results that may be used again.
    Cache {
        #[command(subcommand)]
        action: CacheAction,
    },
    /// List the tools, or show one.
    Tools {
        #[command(subcommand)]
        show: Option<ToolsAction>,
        /// Print JSON.
        #[arg(long, global = true)]
        json: bool,
    },
    /// List, fetch, locate or verify models and libraries.
    Models {
        #[command(subcommand)]
        action: ModelsAction,
    },
    /// List the language models that are configured, or see whether they answer.
    Llm {
        #[command(subcommand)]
        action: LlmAction,
    },
    /// Measure how good plans are.
    Eval {
        #[command(subcommand)]
        action: EvalAction,
    },
    /// Say what is here, what is missing and what to do about it.
    Doctor {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Print the JSON schema of a plan, a result or an event.
    Schema {
        /// What to describe.
        of: SchemaOf,
    },
    /// Print completions for a shell.
    Completions {
        /// The shell.
        shell: Shell,
    },
}

impl Command {
    /// How the result is printed.
    pub(super) const fn result_form(&self) -> ResultForm {
        match self {
            Self::Ask(ask) => ask.output.result_form(),
            Self::Exec(exec) => exec.output.result_form(),
            Self::Run(run) => run.output.result_form(),
            Self::Plan(plan) => ResultForm::of(plan.json, false),
            Self::Runs { action } => action.result_form(),
            _ => ResultForm::Text,
        }
    }
}

#[derive(Debug, Args)]
pub(super) struct AskArguments {
    /// What you want, in English or Chinese.
    pub request: String,
    /// A file that the request is about; may be given again.
    #[arg(short, long = "attach", value_name = "PATH")]
    pub attachments: Vec<PathBuf>,
    /// Look at the script that the language model writes, and say whether it may run.
    #[arg(long)]
    pub review: bool,
    #[command(flatten)]
    pub output: OutputArguments,
    #[command(flatten)]
    pub language: LanguageArguments,
    #[command(flatten)]
    pub who: WhoPlans,
    #[command(flatten)]
    pub telling: TellingArguments,
}

/// How an answer is told that a language model writes.
#[derive(Debug, Default, Clone, Copy, Args)]
pub(super) struct TellingArguments {
    /// Correct nothing that a language model writes: its answer is shown word by word.
    #[arg(long)]
    pub no_correct: bool,
}

#[derive(Debug, Args)]
pub(super) struct ChatArguments {
    /// A file that the first request is about; may be given again.
    #[arg(short, long = "attach", value_name = "PATH")]
    pub attachments: Vec<PathBuf>,
    /// Go on with a session, by the start of its id; without one, with the latest.
    #[arg(long, value_name = "SESSION", num_args = 0..=1)]
    pub resume: Option<Option<String>>,
    /// List the sessions that are kept, the newest first.
    #[arg(long, conflicts_with_all = ["resume", "attachments"])]
    pub list: bool,
    /// Where to put files; by default medley-out/SESSION.
    #[arg(short, long, value_name = "DIR")]
    pub output: Option<PathBuf>,
    #[command(flatten)]
    pub language: LanguageArguments,
    #[command(flatten)]
    pub who: WhoPlans,
    #[command(flatten)]
    pub telling: TellingArguments,
}

#[derive(Debug, Args)]
pub(super) struct PlanArguments {
    /// What you want, in English or Chinese.
    pub request: String,
    /// A file that the request is about; may be given again.
    #[arg(short, long = "attach", value_name = "PATH")]
    pub attachments: Vec<PathBuf>,
    /// Print the plan as JSON, as `medley exec` takes it.
    #[arg(long)]
    pub json: bool,
    /// How to draw the graph.
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "tree",
        conflicts_with = "json"
    )]
    pub format: GraphFormat,
    #[command(flatten)]
    pub language: LanguageArguments,
    #[command(flatten)]
    pub who: WhoPlans,
}

#[derive(Debug, Args)]
pub(super) struct ExecArguments {
    /// The plan: JSON as `medley plan --json` prints it, or what a language model wrote in any form that is known.
    /// `-` reads it from standard input.
    #[arg(value_name = "PLAN")]
    pub plan: PathBuf,
    /// Put right what is certain in a plan of our own form too, and run what there is of one that was cut off.
    #[arg(long)]
    pub repair: bool,
    /// A file that the plan calls $input1, $input2 and so on; may be given again.
    #[arg(short, long = "attach", value_name = "PATH")]
    pub attachments: Vec<PathBuf>,
    #[command(flatten)]
    pub output: OutputArguments,
    #[command(flatten)]
    pub language: LanguageArguments,
}

#[derive(Debug, Args)]
pub(super) struct RunArguments {
    /// A script's path, or the name of a workflow (see `medley workflow list`).
    #[arg(value_name = "WORKFLOW")]
    pub workflow: String,
    /// An argument of the workflow; may be given again.
    #[arg(long = "arg", value_name = "NAME=VALUE", value_parser = named_value)]
    pub arguments: Vec<(String, String)>,
    /// A file that it works on; may be given again.
    #[arg(short, long = "attach", value_name = "PATH")]
    pub attachments: Vec<PathBuf>,
    /// Begin anew, though a run of the same script on the same files was interrupted.
    #[arg(long)]
    pub fresh: bool,
    #[command(flatten)]
    pub output: OutputArguments,
    #[command(flatten)]
    pub language: LanguageArguments,
    #[command(flatten)]
    pub who: WhoPlans,
}

fn named_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err(format!("`{text}` is not `name=value`")),
    }
}

#[derive(Debug, Subcommand)]
pub(super) enum WorkflowAction {
    /// List the workflows, and which of them cannot run here.
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Print a workflow's script.
    Show {
        /// A script's path, or a workflow's name.
        workflow: String,
    },
    /// Say what is wrong with a script, and run nothing.
    Check {
        /// A script's path, or a workflow's name.
        workflow: String,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Write a new script to begin with.
    New {
        /// A path, or a name in the folder of your own workflows.
        workflow: String,
    },
    /// Draw which call takes something from which.
    Graph {
        /// A script's path, or a workflow's name.
        workflow: String,
        /// How to draw the graph.
        #[arg(long, value_name = "FORMAT", default_value = "tree")]
        format: GraphFormat,
    },
    /// Write definition files, from which editors complete scripts.
    Definitions {
        /// The folder.
        #[arg(value_name = "DIR", default_value = ".rhai")]
        folder: PathBuf,
    },
}

#[derive(Debug, Args)]
pub(super) struct OutputArguments {
    /// Where to put files; by default medley-out/RUN.
    #[arg(short, long, value_name = "DIR")]
    pub output: Option<PathBuf>,
    /// Print one JSON object (see `medley schema result`).
    #[arg(long)]
    pub json: bool,
    /// Print events as JSON Lines while they happen, the result as the last (see `medley schema event`).
    #[arg(long, conflicts_with = "json")]
    pub json_events: bool,
}

impl OutputArguments {
    pub(super) const fn result_form(&self) -> ResultForm {
        ResultForm::of(self.json, self.json_events)
    }
}

/// A run by the start of its id, or the newest.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(super) struct WhichRun {
    /// The run's id, or the start of it.
    #[arg(value_name = "RUN")]
    pub run: Option<String>,
    /// The newest run.
    #[arg(long)]
    pub last: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum RunsAction {
    /// List runs, the newest first.
    List {
        /// How many at most.
        #[arg(short = 'n', long, default_value_t = 20)]
        limit: usize,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Show what became of a run, and where its time went.
    Show {
        #[command(flatten)]
        which: WhichRun,
        /// How to draw the graph.
        #[arg(
            long,
            value_name = "FORMAT",
            default_value = "tree",
            conflicts_with = "json"
        )]
        format: GraphFormat,
        /// Print all that is recorded as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Go on with a run where it stopped; what was finished is not done again.
    Resume {
        #[command(flatten)]
        which: WhichRun,
        #[command(flatten)]
        output: OutputArguments,
        #[command(flatten)]
        language: LanguageArguments,
        #[command(flatten)]
        telling: TellingArguments,
    },
    /// Answer a question of a run, and go on with it.
    Answer {
        /// The run's id, or the start of it.
        run: String,
        /// The question's id, as `medley runs show` prints it.
        question: String,
        /// The answer.
        value: String,
        #[command(flatten)]
        output: OutputArguments,
        #[command(flatten)]
        language: LanguageArguments,
        #[command(flatten)]
        telling: TellingArguments,
    },
    /// Write what is recorded of a run, and its files, into a folder.
    Export {
        #[command(flatten)]
        which: WhichRun,
        /// The folder.
        #[arg(short, long, value_name = "DIR")]
        output: PathBuf,
    },
    /// Forget runs.
    Rm {
        /// Their ids, or the starts of them.
        #[arg(required = true)]
        runs: Vec<String>,
    },
}

impl RunsAction {
    const fn result_form(&self) -> ResultForm {
        match self {
            Self::List { json, .. } | Self::Show { json, .. } => ResultForm::of(*json, false),
            Self::Resume { output, .. } | Self::Answer { output, .. } => output.result_form(),
            Self::Export { .. } | Self::Rm { .. } => ResultForm::Text,
        }
    }
}

#[derive(Debug, Subcommand)]
pub(super) enum CacheAction {
    /// Say how many results are known, and what they take.
    Info {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Forget all results. What kept runs refer to stays.
    Clear,
    /// Forget the results that were not used for longest.
    Prune {
        /// How much may stay, such as `500M` or `2G`; by default the configured limit.
        #[arg(long, value_name = "SIZE", value_parser = size)]
        limit: Option<u64>,
    },
}

/// A number of bytes with K, M, G or T behind it, in powers of 1024.
fn size(text: &str) -> Result<u64, String> {
    let text = text.trim().trim_end_matches(['B', 'b', 'i']);
    let digits = text.trim_end_matches(|each: char| each.is_ascii_alphabetic());
    let shift = match text[digits.len()..].to_ascii_uppercase().as_str() {
        "" => 0,
        "K" => 10,
        "M" => 20,
        "G" => 30,
        "T" => 40,
        unit => return Err(format!("`{unit}` is no unit; use K, M, G or T")),
    };
    digits
        .parse::<u64>()
        .ok()
        .and_then(|number| number.checked_mul(1 << shift))
        .ok_or_else(|| format!("`{digits}` is no number of bytes"))
}

#[derive(Debug, Subcommand)]
pub(super) enum ToolsAction {
    /// Show what a tool takes and gives.
    Show {
        /// The tool's name.
        name: String,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum LlmAction {
    /// List the language models that are configured, and what they are for.
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Send a small request to each, and say how fast it answers and what it supports.
    Test {
        /// Their names; all of them if none is given.
        names: Vec<String>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        language: LanguageArguments,
    },
}

/// Which language models are used, and what becomes of what is said.
#[derive(Debug, Default, Clone, Args)]
pub(super) struct LanguageArguments {
    /// The language model for everything, by its name in the configuration.
    #[arg(long, value_name = "NAME")]
    pub model: Option<String>,
    /// Add every exchange with a language model to this file; keys are left out.
    #[arg(long, value_name = "FILE", conflicts_with = "replay")]
    pub record: Option<PathBuf>,
    /// Take every reply of a language model from this file, and ask none.
    #[arg(long, value_name = "FILE")]
    pub replay: Option<PathBuf>,
    #[command(flatten)]
    pub planning: PlanningArguments,
}

/// Who plans.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum PlannerName {
    /// The small model that comes with Medley; no language model is asked.
    Embedded,
    /// A language model that writes steps.
    Llm,
    /// A language model that writes a script, which is checked and run in its sandbox.
    Program,
}

/// Who plans.
#[derive(Debug, Default, Clone, Copy, Args)]
pub(super) struct WhoPlans {
    /// Who plans; by default a language model where one is configured.
    #[arg(long, value_name = "PLANNER")]
    pub planner: Option<PlannerName>,
}

/// How a language model plans; without one it makes no difference.
#[derive(Debug, Default, Clone, Args)]
pub(super) struct PlanningArguments {
    /// How many examples the language model is shown before it plans.
    #[arg(long, value_name = "COUNT")]
    pub shots: Option<usize>,
    /// Let the language model look at what came of its steps, and add more until it finds that enough.
    #[arg(long)]
    pub look: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum ModelsAction {
    /// List models and libraries, and what is here of them.
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Fetch models or libraries now rather than at first use.
    Pull {
        /// Their names; all of them if none is given.
        names: Vec<String>,
    },
    /// Print where a model or library is.
    Where {
        /// Its name.
        name: String,
    },
    /// Read every file and compare it with what was pinned.
    Verify {
        /// The names; all that are here if none is given.
        names: Vec<String>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum SchemaOf {
    /// What `medley exec` takes.
    Plan,
    /// What `medley ask --json` and `medley exec --json` print.
    Result,
    /// What `medley ask --json-events` prints a line of.
    Event,
}
