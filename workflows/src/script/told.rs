//! What went wrong while a script ran, told with its place.

use medley_orchestrator::Outcomes;
use rhai::EvalAltResult;

use super::Texts;
use crate::{
    engine::{Failure, Stop},
    error::ScriptError,
};

/// What ended a script, at the innermost place.
pub(crate) fn describe(error: EvalAltResult, texts: &Texts) -> ScriptError {
    describe_in(error, texts, String::new())
}

fn describe_in(error: EvalAltResult, texts: &Texts, module: String) -> ScriptError {
    match error {
        EvalAltResult::ErrorInFunctionCall(_, source, inner, at) => {
            let inner_module = texts.module(Some(&source));
            let inner = describe_in(*inner, texts, inner_module);
            // What was thrown without a place happened where the function was called.
            match inner.place {
                Some(_) => inner,
                None => inner.at(texts.source(&module).place(at)),
            }
        }
        EvalAltResult::ErrorInModule(name, inner, _) => {
            let module = texts.module(Some(&name));
            describe_in(*inner, texts, module)
        }
        mut error => {
            let position = error.take_position();
            told(error).at(texts.source(&module).place(position))
        }
    }
}

fn told(error: EvalAltResult) -> ScriptError {
    match error {
        EvalAltResult::ErrorRuntime(thrown, _) => match thrown.read_lock::<Failure>() {
            Some(failure) => {
                let told = ScriptError::new("step_failed", failure.to_string());
                match &failure.error.hint {
                    Some(hint) => told.with_hint(hint),
                    None => told,
                }
            }
            None => ScriptError::new("thrown", thrown.to_string()),
        },
        EvalAltResult::ErrorTerminated(token, _) => match token.read_lock::<Stop>().as_deref() {
            Some(Stop::Limit(message)) => limit(message.clone()),
            Some(Stop::Steps) => ScriptError::new("limit", Outcomes::FULL)
                .with_hint("raise `steps` under [agent] of the configuration"),
            Some(Stop::AnotherWay(message)) => ScriptError::new(
                "another_way",
                format!("the script took another way than before: {message}"),
            )
            .with_hint("run it anew with `--fresh`"),
            Some(Stop::Waiting) => ScriptError::new("waiting", "the run waits for an answer"),
            _ => ScriptError::new("cancelled", "the run was stopped"),
        },
        EvalAltResult::ErrorTooManyOperations(_) => {
            limit("the script did all the operations that it may")
        }
        EvalAltResult::ErrorStackOverflow(_) => {
            limit("the script's functions call each other deeper than they may")
        }
        EvalAltResult::ErrorTooManyVariables(_) => {
            limit("a function has more variables than it may")
        }
        EvalAltResult::ErrorTooManyModules(_) => {
            limit("the script imports more modules than it may")
        }
        EvalAltResult::ErrorDataTooLarge(what, _) => {
            let what = what.to_lowercase();
            let key = SIZES.iter().find(|(of, _)| what.contains(of));
            let key = key.map_or("text", |(_, key)| *key);
            limit(format!("{what} became larger than it may")).with_hint(format!(
                "`{key}` under [workflow] of the configuration says how large; `for` goes over a file of any size"
            ))
        }
        EvalAltResult::ErrorDataRace(..) => ScriptError::new(
            "used_twice",
            "a value is used inside a function that goes over it or changes it",
        )
        .with_hint("copy it first: `let copy = value;`, or use `map(value, ...)`"),
        other => ScriptError::new(sort(&other), other.to_string()),
    }
}

/// The limits of sizes, by what the engine calls what is too large.
const SIZES: [(&str, &str); 2] = [("array", "array"), ("map", "map")];

/// What sort of error it is, in which nothing of what a script read can stand.
const fn sort(error: &EvalAltResult) -> &'static str {
    match error {
        EvalAltResult::ErrorFunctionNotFound(..) => "no_such_function_for_these_types",
        EvalAltResult::ErrorVariableNotFound(..) => "no_such_variable",
        EvalAltResult::ErrorMismatchDataType(..)
        | EvalAltResult::ErrorMismatchOutputType(..)
        | EvalAltResult::ErrorIndexingType(..)
        | EvalAltResult::ErrorFor(..) => "wrong_type",
        EvalAltResult::ErrorPropertyNotFound(..)
        | EvalAltResult::ErrorIndexNotFound(..)
        | EvalAltResult::ErrorArrayBounds(..)
        | EvalAltResult::ErrorStringBounds(..) => "no_such_item",
        EvalAltResult::ErrorArithmetic(..) => "arithmetic",
        _ => "script_failed",
    }
}

fn limit(message: impl Into<String>) -> ScriptError {
    ScriptError::new("limit", message)
        .with_hint("limits of scripts are set in [workflow] of the configuration")
}
