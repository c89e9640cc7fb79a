//! How tools are called from scripts: which argument is meant for which parameter, and what can be wrong with them, told in
//! the same words before a script runs and while it does.

use std::ops::RangeInclusive;

use medley_orchestrator::{Capability, Parameter, ValueType};

use crate::error::ScriptError;

/// The most arguments that can be given by position.
const BY_POSITION: usize = 8;

/// With how many arguments a tool can be called: one, which may be the map of all, up to all that are required and
/// one optional after the other.
pub(crate) fn arities(capability: &Capability) -> RangeInclusive<usize> {
    let most = capability.parameters.len().clamp(1, BY_POSITION);
    let least = usize::from(capability.parameters.iter().any(|each| each.required));
    least..=most
}

/// Parameters in the order in which they are given by position: what is required first.
pub(crate) fn by_position(capability: &Capability) -> impl Iterator<Item = &Parameter> {
    let required = capability.parameters.iter().filter(|each| each.required);
    let optional = capability.parameters.iter().filter(|each| !each.required);
    required.chain(optional)
}

/// Whether a single map is all arguments by name, rather than the first of them.
pub(crate) fn is_named<'a>(
    capability: &Capability,
    mut keys: impl Iterator<Item = &'a str>,
) -> bool {
    let takes_maps = by_position(capability).next().is_some_and(|first| {
        matches!(
            first.value_type,
            ValueType::Any
                | ValueType::Record { .. }
                | ValueType::Box
                | ValueType::OneOf { .. }
                | ValueType::Artifact { .. }
        )
    });
    !takes_maps || keys.any(|key| capability.parameter(key).is_some())
}

/// The parameter of a name.
///
/// # Errors
/// When the tool has none of that name.
pub(crate) fn parameter<'a>(
    capability: &'a Capability,
    name: &str,
) -> Result<&'a Parameter, ScriptError> {
    capability.parameter(name).ok_or_else(|| {
        let names = capability.parameters.iter().map(|each| each.name.as_str());
        let names: Vec<&str> = names.collect();
        let message = format!("{} has no parameter `{name}`", capability.name);
        let hint = format!("it has {}", names.join(", "));
        ScriptError::new("unknown_parameter", message).with_hint(hint)
    })
}

/// An argument that does not fit, and why.
pub(crate) fn misfit(capability: &Capability, name: &str, why: &str) -> ScriptError {
    let message = format!("`{name}` of {}: {why}", capability.name);
    ScriptError::new("bad_argument", message)
}

/// What is required and not among what `is_given`.
pub(crate) fn missing(
    capability: &Capability,
    is_given: impl Fn(&str) -> bool,
) -> Option<ScriptError> {
    let required = capability.parameters.iter().filter(|each| each.required);
    let names = required.map(|each| each.name.as_str());
    let missing: Vec<&str> = names.filter(|name| !is_given(name)).collect();
    (!missing.is_empty()).then(|| {
        let message = format!("{} needs `{}`", capability.name, missing.join("` and `"));
        ScriptError::new("missing_argument", message)
    })
}
