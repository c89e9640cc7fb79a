//! What can be said on the command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

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
    /// Show how a request would be done, and run nothing.
    Plan(PlanArguments),
    /// Run a plan that is written in a file.
    Exec(ExecArguments),
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
    /// Say what is here, what is missing and what to do about it.
    Doctor {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Print the JSON schema of a plan or of a result.
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
    /// Whether errors are to be printed as JSON too.
    pub(super) const fn wants_json(&self) -> bool {
        match self {
            Self::Ask(ask) => ask.output.json,
            Self::Exec(exec) => exec.output.json,
            _ => false,
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
    #[command(flatten)]
    pub output: OutputArguments,
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
}

#[derive(Debug, Args)]
pub(super) struct ExecArguments {
    /// The plan, as JSON; `-` reads it from standard input.
    #[arg(value_name = "PLAN.json")]
    pub plan: PathBuf,
    /// A file that the plan calls $input1, $input2 and so on; may be given again.
    #[arg(short, long = "attach", value_name = "PATH")]
    pub attachments: Vec<PathBuf>,
    #[command(flatten)]
    pub output: OutputArguments,
}

#[derive(Debug, Args)]
pub(super) struct OutputArguments {
    /// Where to put files; by default medley-out/RUN.
    #[arg(short, long, value_name = "DIR")]
    pub output: Option<PathBuf>,
    /// Print one JSON object (see `medley schema result`).
    #[arg(long)]
    pub json: bool,
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
}
