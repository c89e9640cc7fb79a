//! Rhai's own functions that scripts may not have as they are: they take more than a script may, or cannot be stopped.

use rhai::{Engine, EvalAltResult, FLOAT, INT, ImmutableString, NativeCallContext, Position};

use super::failure::{Evaluated, misuse};

pub(super) fn register(engine: &mut Engine) {
    engine
        .register_fn("sleep", |_: INT| no_sleep())
        .register_fn("sleep", |_: FLOAT| no_sleep())
        .register_fn("replace", replace)
        .register_fn(
            "replace",
            |context: NativeCallContext<'_>, text: &mut ImmutableString, find: char, with: &str| {
                replace(context, text, find.encode_utf8(&mut [0; 4]), with)
            },
        );
}

fn no_sleep() -> Evaluated<()> {
    Err(misuse(
        "a script does not sleep; it waits for what tools give",
    ))
}

/// As Rhai's, but that the size is known before it is taken.
fn replace(
    context: NativeCallContext<'_>,
    text: &mut ImmutableString,
    find: &str,
    with: &str,
) -> Evaluated<()> {
    let found = match find.is_empty() {
        true => 0,
        false => text.matches(find).count(),
    };
    let most = context.engine().max_string_size();
    if text.len() + found.saturating_mul(with.len()) > most && with.len() > find.len() {
        let size = text.len() + found.saturating_mul(with.len() - find.len());
        if size > most {
            let what = "Length of string".to_owned();
            return Err(EvalAltResult::ErrorDataTooLarge(what, Position::NONE).into());
        }
    }
    if found > 0 {
        *text = text.replace(find, with).into();
    }
    Ok(())
}
