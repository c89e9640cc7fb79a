//! What can be done with a handle: everything that can be done with what it stands for, which waits for it.

use std::{any::TypeId, collections::HashSet, sync::OnceLock};

use rhai::{Array, Dynamic, Engine, FLOAT, INT, ImmutableString, Map, NativeCallContext};

use super::{
    BUILT_IN,
    failure::{Evaluated, Failure, misuse},
    handle::Handle,
    values::plain,
};

const BINARY: [&str; 15] = [
    "+", "-", "*", "/", "%", "**", "==", "!=", "<", "<=", ">", ">=", "+=", "-=", "*=",
];

pub(super) fn register(engine: &mut Engine) {
    engine.register_type_with_name::<Handle>("Handle");
    engine.register_type_with_name::<Failure>("Failure");
    register_failure(engine);
    register_reading(engine);
    let handle = TypeId::of::<Handle>();
    let others = [
        TypeId::of::<INT>(),
        TypeId::of::<FLOAT>(),
        TypeId::of::<bool>(),
        TypeId::of::<char>(),
        TypeId::of::<ImmutableString>(),
        TypeId::of::<Array>(),
        TypeId::of::<Map>(),
        TypeId::of::<()>(),
    ];
    for name in BINARY {
        for other in others {
            engine.register_raw_fn(name, [handle, other], again(name));
            engine.register_raw_fn(name, [other, handle], again(name));
        }
        engine.register_raw_fn(name, [handle, handle], again(name));
    }
    for name in ["!", "-"] {
        engine.register_raw_fn(name, [handle], again(name));
    }
    register_missing(engine);
}

/// Rhai's own functions know no handles: they are called again with what the handles stand for. The engine asks after any
/// failure, so that what is not Rhai's own is left as it failed: it has run.
#[expect(
    deprecated,
    reason = "the engine marks what may change between releases so; ours is pinned"
)]
fn register_missing(engine: &mut Engine) {
    engine.on_missing_function(|name, arguments, is_method, mut context| {
        let has_handle = arguments.iter().any(|argument| argument.is::<Handle>());
        if !has_handle || !standard().contains(name) || BUILT_IN.contains(&name) {
            return Ok(None);
        }
        if is_method && arguments[0].is::<Handle>() && CHANGING.contains(&name) {
            return Err(misuse(format!(
                "`{name}` changes what it is called on, and what a tool gave does not change: \
                 write `let own = wait(...)` and change that"
            )));
        }
        let mut read: Vec<Dynamic> = Vec::with_capacity(arguments.len());
        for argument in arguments.iter() {
            read.push(plain(argument)?);
        }
        // What has no other form, as a picture, cannot be looked into.
        if read.iter().any(|argument| argument.is::<Handle>()) {
            return Ok(None);
        }
        let mut read: Vec<&mut Dynamic> = read.iter_mut().collect();
        context
            .call_native_fn_raw(name, is_method, &mut read)
            .map(Some)
    });
}

/// Rhai's functions that change the object that they are called on (The Rhai Book, "Standard library").
const CHANGING: [&str; 27] = [
    "append",
    "chop",
    "clear",
    "crop",
    "dedup",
    "drain",
    "extract",
    "fill_with",
    "insert",
    "make_lower",
    "make_upper",
    "mixin",
    "pad",
    "pop",
    "push",
    "remove",
    "replace",
    "retain",
    "reverse",
    "set",
    "shift",
    "sort",
    "sort_by",
    "sort_desc",
    "splice",
    "trim",
    "truncate",
];

/// The names of Rhai's own functions.
fn standard() -> &'static HashSet<String> {
    static STANDARD: OnceLock<HashSet<String>> = OnceLock::new();
    STANDARD.get_or_init(|| {
        let engine = Engine::new();
        let names = engine.collect_fn_metadata(
            None,
            |function| Some(function.metadata.name.to_string()),
            true,
        );
        names.into_iter().collect()
    })
}

/// The same operator or function on what the handles stand for.
fn again(
    name: &'static str,
) -> impl Fn(NativeCallContext<'_>, &mut [&mut Dynamic]) -> Evaluated<Dynamic> + Send + Sync + 'static
{
    move |context, arguments| {
        let mut read: Vec<Dynamic> = Vec::with_capacity(arguments.len());
        for argument in arguments.iter() {
            read.push(plain(argument)?);
        }
        if read.iter().any(|argument| argument.is::<Handle>()) {
            return files(name, &read);
        }
        // An operator that assigns changes its first operand.
        let is_assignment = name.ends_with('=') && !matches!(name, "==" | "!=" | "<=" | ">=");
        if is_assignment {
            let operator = &name[..name.len() - 1];
            let mut operands: Vec<&mut Dynamic> = read.iter_mut().collect();
            let result = context.call_native_fn_raw(operator, false, &mut operands)?;
            *arguments[0] = result;
            return Ok(Dynamic::UNIT);
        }
        let mut read: Vec<&mut Dynamic> = read.iter_mut().collect();
        context.call_native_fn_raw(name, false, &mut read)
    }
}

/// Files are the same or are not; nothing else can be said of two of them.
fn files(name: &str, operands: &[Dynamic]) -> Evaluated<Dynamic> {
    let same = match operands {
        [one, other] => match (one.read_lock::<Handle>(), other.read_lock::<Handle>()) {
            (Some(one), Some(other)) => one.is_same(&other),
            _ => false,
        },
        _ => false,
    };
    match name {
        "==" => Ok(same.into()),
        "!=" => Ok((!same).into()),
        _ => {
            let told = operands.iter().find_map(|operand| {
                let handle = operand.read_lock::<Handle>()?;
                Some(handle.told())
            });
            let message = format!("`{name}` means nothing for {}", told.unwrap_or_default());
            Err(Failure::new("bad_value", message, None).into())
        }
    }
}

fn register_reading(engine: &mut Engine) {
    engine
        .register_indexer_get(|handle: &mut Handle, name: ImmutableString| handle.field(&name))
        .register_indexer_get(|handle: &mut Handle, index: INT| handle.item(index))
        .register_iterator_result::<Handle, Dynamic>()
        .register_fn("wait", |handle: &mut Handle| handle.read())
        .register_fn("text", |handle: &mut Handle| handle.text())
        .register_fn("to_string", |handle: &mut Handle| handle.text())
        .register_fn("to_debug", |handle: &mut Handle| handle.text())
        .register_fn("print", |handle: &mut Handle| handle.text())
        .register_fn("debug", |handle: &mut Handle| handle.text());
}

fn register_failure(engine: &mut Engine) {
    engine
        .register_get("code", |failure: &mut Failure| failure.error.code.clone())
        .register_get("message", |failure: &mut Failure| {
            failure.error.message.clone()
        })
        .register_get("hint", |failure: &mut Failure| {
            failure.error.hint.clone().unwrap_or_default()
        })
        .register_get("tool", |failure: &mut Failure| failure.tool.clone())
        .register_get("step", |failure: &mut Failure| failure.step.clone())
        .register_fn("to_string", |failure: &mut Failure| failure.to_string())
        .register_fn("to_debug", |failure: &mut Failure| failure.to_string());
}
