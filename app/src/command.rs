//! From arguments to work to an exit code.

#[macro_use]
mod terminal;

mod arguments;
mod cache;
mod chat;
mod doctor;
mod eval;
mod llm;
mod models;
mod output;
mod plan;
mod progress;
mod run;
mod runs;
mod schema;
mod settings;
mod tools;
mod workflow;

use std::process::ExitCode;

use clap::CommandFactory;
use futures::FutureExt;
use medley::{BuildError, Medley, MedleyBuilder, MedleyError, Planning, Tape};
use tokio_util::sync::CancellationToken;

pub(crate) use arguments::Arguments;

use self::{
    arguments::{Command, LanguageArguments, PlannerName, TellingArguments, WhoPlans},
    output::{Exit, report},
    settings::Settings,
};

/// Does what the arguments say.
pub(crate) fn run(arguments: Arguments) -> ExitCode {
    let verbosity = arguments.verbosity();
    output::start_log(verbosity);
    let form = arguments.command.result_form();
    let outcome = Settings::load(&arguments)
        .map_err(anyhow::Error::from)
        .and_then(|settings| dispatch(arguments, settings));
    let exit = outcome.unwrap_or_else(|error| report(&error, form));
    exit.into()
}

fn dispatch(arguments: Arguments, settings: Settings) -> anyhow::Result<Exit> {
    match arguments.command {
        Command::Schema { of } => schema::print(of),
        Command::Completions { shell } => {
            let mut command = Arguments::command();
            clap_complete::generate(shell, &mut command, "medley", &mut std::io::stdout());
            Ok(Exit::Succeeded)
        }
        Command::Tools { show, json } => tools::run(&settings, show, json),
        Command::Llm { action } => on_runtime(llm::run(&settings, action)),
        Command::Models { action } => models::run(&settings, action),
        Command::Doctor { json } => doctor::run(&settings, json),
        Command::Ask(ask) => on_runtime(run::ask(&settings, ask)),
        Command::Exec(exec) => on_runtime(run::exec(&settings, exec)),
        Command::Run(run) => on_runtime(run::workflow(&settings, run)),
        Command::Workflow { action } => workflow::run(&settings, action),
        Command::Chat(chat) => on_runtime(chat::run(&settings, chat)),
        Command::Plan(plan) => on_runtime(plan::run(&settings, plan)),
        Command::Runs { action } => on_runtime(runs::run(&settings, action)),
        Command::Eval { action } => on_runtime(eval::run(&settings, action)),
        Command::Cache { action } => on_runtime(cache::run(&settings, action)),
    }
}

/// Runs async work; what is left running when it ends is left behind rather than waited for.
fn on_runtime(work: impl Future<Output = anyhow::Result<Exit>>) -> anyhow::Result<Exit> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let outcome = runtime.block_on(work);
    runtime.shutdown_background();
    outcome
}

fn open(settings: &Settings) -> Result<Medley, MedleyError> {
    open_with(settings, &LanguageArguments::default())
}

/// Who plans, as it was said on the command line.
fn planning(who: WhoPlans) -> Planning {
    match who.planner {
        None => Planning::Default,
        Some(PlannerName::Embedded) => Planning::Embedded,
        Some(PlannerName::Llm) => Planning::Controller,
        Some(PlannerName::Program) => Planning::Program(None),
    }
}

fn open_with(settings: &Settings, language: &LanguageArguments) -> Result<Medley, MedleyError> {
    Ok(builder_with(settings, language)?.build()?)
}

/// The same, where a language model may write answers.
fn open_telling(
    settings: &Settings,
    language: &LanguageArguments,
    telling: TellingArguments,
    who: WhoPlans,
) -> Result<Medley, MedleyError> {
    let builder = builder_telling(settings, language, telling)?;
    Ok(builder.planning(planning(who)).build()?)
}

fn builder_telling(
    settings: &Settings,
    language: &LanguageArguments,
    telling: TellingArguments,
) -> Result<MedleyBuilder, MedleyError> {
    let builder = builder_with(settings, language)?;
    Ok(match telling.no_correct {
        true => builder.uncorrected(),
        false => builder,
    })
}

fn builder_with(
    settings: &Settings,
    language: &LanguageArguments,
) -> Result<MedleyBuilder, MedleyError> {
    let tape = match (&language.record, &language.replay) {
        (Some(path), _) => Tape::Record(path.clone()),
        (None, Some(path)) => Tape::Replay(path.clone()),
        (None, None) => Tape::Off,
    };
    let mut builder = Medley::builder()
        .models(settings.models_options())
        .language_models(settings.language(language.model.clone()), tape);
    if let Some(limit) = settings.steps_in_flight {
        builder = builder.in_flight_limit(limit);
    }
    if let Some(limit) = settings.cache_limit {
        builder = builder.cache_limit(limit);
    }
    let examples = settings.agent.examples().map_err(BuildError::from)?;
    Ok(builder
        .policy(settings.policy)
        .limits(settings.limits.limits())
        .bounds(settings.agent.bounds())
        .script_limits(settings.workflow.clone())
        .controller(settings.agent.controller(&language.planning), examples))
}

/// A token that Ctrl-C cancels; a second Ctrl-C ends the process at once.
fn cancelled_by_interrupt() -> CancellationToken {
    let token = CancellationToken::new();
    tokio::spawn(cancelling_on_interrupt(token.clone()));
    token
}

/// Cancels a token on Ctrl-C, and ends the process on a second. One that comes before this is polled counts too.
fn cancelling_on_interrupt(token: CancellationToken) -> impl Future<Output = ()> {
    let mut first = Box::pin(tokio::signal::ctrl_c());
    let already = (&mut first).now_or_never();
    async move {
        let first = match already {
            Some(interrupt) => interrupt,
            None => first.await,
        };
        if first.is_ok() {
            token.cancel();
        }
        if tokio::signal::ctrl_c().await.is_ok() {
            std::process::exit(Exit::Cancelled as i32);
        }
    }
}
