//! The checks of one step, the same for a plan file and for a stream of steps.

use std::{cell::RefCell, collections::BTreeMap, sync::Arc, time::Duration};

use super::{
    Argument, Candidate, Condition, ForEach, Retry, Scope, Step,
    defect::{Defect, DefectCode},
    nearest_name,
    resolve::Resolver,
    split_version,
};
use crate::{
    Capability, DraftCondition, DraftRetry, DraftStep, Entry, Health, Output, Provider, Registry,
    ValueType,
};

/// Why nobody can do a step, and the way out.
type Unable = (String, String);

/// The providers of a capability, each able or not.
type Judged = Arc<[Result<Candidate, Unable>]>;

/// Finds who may do a step; asks each provider for its health once.
pub(super) struct Candidates<'a> {
    registry: &'a Registry,
    scope: &'a Scope,
    known: RefCell<BTreeMap<String, Judged>>,
}

impl<'a> Candidates<'a> {
    pub(super) fn new(registry: &'a Registry, scope: &'a Scope) -> Self {
        Self {
            registry,
            scope,
            known: RefCell::default(),
        }
    }

    /// The capability that a step names; what is wrong with the name goes into `defects`.
    pub(super) fn entry(&self, step: &DraftStep, defects: &mut Vec<Defect>) -> Option<&'a Entry> {
        if step.tool.is_empty() {
            defects.push(
                Defect::new(DefectCode::UnknownTool, "the step has no `tool`")
                    .in_step(&step.id)
                    .with_hint("`medley tools` lists what there is"),
            );
            return None;
        }
        let (name, version) = split_version(&step.tool);
        let Some(entry) = self.registry.get(name) else {
            defects.push(self.unknown_tool(step, name));
            return None;
        };
        if !self.scope.allows(name) {
            defects.push(self.not_chosen(step, name));
            return None;
        }
        let current = entry.capability.version;
        if version.is_some_and(|wanted| wanted != current.to_string()) {
            let message = format!(
                "`{}` is not here; `{name}` is at version {current}",
                step.tool
            );
            defects.push(
                Defect::new(DefectCode::UnknownVersion, message)
                    .in_step(&step.id)
                    .with_hint(format!("write `{name}` or `{name}@{current}`")),
            );
        }
        Some(entry)
    }

    fn not_chosen(&self, step: &DraftStep, name: &str) -> Defect {
        let chosen = self.scope.chosen().into_iter().flatten();
        let chosen: Vec<&str> = chosen.map(String::as_str).collect();
        let message = format!("`{name}` was not chosen from the request alone");
        let hint = format!(
            "after files were read, only these tools may be called: {}",
            chosen.join(", ")
        );
        Defect::new(DefectCode::ToolNotChosen, message)
            .in_step(&step.id)
            .with_hint(hint)
    }

    fn unknown_tool(&self, step: &DraftStep, name: &str) -> Defect {
        let names = self
            .registry
            .entries()
            .map(|entry| entry.capability.name.as_str());
        let hint = match nearest_name(name, names) {
            Some(near) => format!("did you mean `{near}`? `medley tools` lists all"),
            None => "`medley tools` lists what there is".to_owned(),
        };
        Defect::new(
            DefectCode::UnknownTool,
            format!("there is no tool `{name}`"),
        )
        .in_step(&step.id)
        .with_hint(hint)
    }

    /// Who may do a step: the provider that it names, else all that could, the preferred first.
    fn of(&self, step: &DraftStep, entry: &Entry) -> Result<Arc<[Candidate]>, Defect> {
        let name = &entry.capability.name;
        let all = self.all(entry);
        let chosen: Vec<&Result<Candidate, Unable>> = match &step.provider {
            None => all.iter().collect(),
            Some(wanted) => {
                let position = entry
                    .providers
                    .iter()
                    .position(|provider| provider.profile().id == *wanted);
                match position {
                    Some(position) => vec![&all[position]],
                    None => return Err(unknown_provider(step, entry, wanted)),
                }
            }
        };
        let able: Vec<Candidate> = chosen
            .iter()
            .filter_map(|each| each.as_ref().ok().cloned())
            .collect();
        if able.is_empty() {
            let (reason, hint) = chosen
                .iter()
                .find_map(|each| each.as_ref().err().cloned())
                .unwrap_or_else(|| {
                    let hint = "register a provider of it".to_owned();
                    ("nothing provides it".to_owned(), hint)
                });
            let who = step.provider.as_ref().unwrap_or(name);
            return Err(Defect::new(
                DefectCode::UnavailableTool,
                format!("`{who}` cannot run here: {reason}"),
            )
            .in_step(&step.id)
            .with_hint(hint));
        }
        Ok(able.into())
    }

    fn all(&self, entry: &Entry) -> Judged {
        let name = &entry.capability.name;
        if let Some(known) = self.known.borrow().get(name) {
            return Arc::clone(known);
        }
        let judge = |provider: &Arc<dyn Provider>| {
            if let Health::Unavailable { reason, hint } = provider.health() {
                return Err((reason, hint));
            }
            if let Some(limits) = self.registry.limits() {
                let fits = limits.fits(&provider.profile().resources);
                fits.map_err(|unfit| (unfit.to_string(), unfit.hint()))?;
            }
            Ok(Candidate::new(Arc::clone(provider)))
        };
        let judged: Judged = entry.providers.iter().map(judge).collect();
        self.known
            .borrow_mut()
            .insert(name.clone(), Arc::clone(&judged));
        judged
    }
}

fn unknown_provider(step: &DraftStep, entry: &Entry, wanted: &str) -> Defect {
    let known: Vec<_> = entry
        .providers
        .iter()
        .map(|provider| provider.profile().id.as_str())
        .collect();
    Defect::new(
        DefectCode::UnknownProvider,
        format!("`{}` has no provider `{wanted}`", entry.capability.name),
    )
    .in_step(&step.id)
    .with_hint(format!("it has {}", known.join(", ")))
}

/// What a step gives, known before its arguments are: lists, if it goes over a list.
pub(super) fn declared_outputs(step: &DraftStep, capability: &Capability) -> Vec<Output> {
    let mut outputs = capability.outputs.clone();
    if step.for_each.is_some() {
        for output in &mut outputs {
            let item = std::mem::replace(&mut output.value_type, ValueType::Any);
            output.value_type = ValueType::list(item);
            output.optional = false;
        }
    }
    outputs
}

/// Checks a step whose capability is known; what is wrong goes into `defects`.
pub(super) fn check_step(
    drafted: &DraftStep,
    entry: &Entry,
    candidates: &Candidates<'_>,
    resolver: &Resolver<'_>,
    defects: &mut Vec<Defect>,
) -> Step {
    let capability = &entry.capability;
    let mut step = Step::of_capability(&drafted.id, capability);
    step.outputs = declared_outputs(drafted, capability);
    step.provider.clone_from(&drafted.provider);
    step.why.clone_from(&drafted.why);
    step.call = drafted.call;
    match candidates.of(drafted, entry) {
        Ok(able) => step.candidates = able,
        Err(defect) => defects.push(defect),
    }
    step.retry = retry_of(drafted);
    step.time_limit = seconds(drafted.timeout_s);
    step.idle_limit = seconds(drafted.idle_timeout_s);
    let mut note = |found: Result<(), Defect>| {
        if let Err(defect) = found {
            defects.push(defect.in_step(&drafted.id));
        }
    };
    let item_type = drafted.for_each.as_ref().and_then(|json| {
        let (list, item_type) = resolver
            .list(json)
            .map_err(|defect| note(Err(defect.in_argument("for_each"))))
            .ok()?;
        let on_error = drafted.on_error.unwrap_or_default();
        step.for_each = Some(ForEach { list, on_error });
        Some(item_type)
    });
    let inner = match (&drafted.for_each, item_type) {
        (None, _) => resolver.clone(),
        // A list with a defect of its own still binds the names.
        (Some(_), item_type) => resolver.with_item(item_type.unwrap_or(ValueType::Any)),
    };
    if let Some(condition) = &drafted.when {
        match check_condition(condition, &inner) {
            Ok(condition) => step.condition = Some(condition),
            Err(defect) => note(Err(defect.in_argument("when"))),
        }
    }
    check_arguments(drafted, capability, &inner, &mut step, defects);
    step
}

fn check_condition(drafted: &DraftCondition, resolver: &Resolver<'_>) -> Result<Condition, Defect> {
    if drafted.is.needs_operand() && drafted.to.is_none() {
        return Err(Defect::new(
            DefectCode::MissingArgument,
            "the condition compares with nothing",
        )
        .with_hint("add `to`, or use `empty` or `not_empty`"));
    }
    let operand = drafted.to.as_ref();
    Ok(Condition {
        value: resolver.argument(&drafted.value, &ValueType::Any)?,
        comparison: drafted.is,
        operand: operand
            .map(|json| resolver.argument(json, &ValueType::Any))
            .transpose()?,
    })
}

fn check_arguments(
    drafted: &DraftStep,
    capability: &Capability,
    resolver: &Resolver<'_>,
    step: &mut Step,
    defects: &mut Vec<Defect>,
) {
    for parameter in &capability.parameters {
        let json = drafted
            .args
            .get(&parameter.name)
            .filter(|json| !json.is_null());
        match json {
            Some(json) => match resolver.argument(json, &parameter.value_type) {
                Ok(expression) => {
                    let argument = Argument {
                        expression,
                        value_type: parameter.value_type.clone(),
                        required: parameter.required,
                    };
                    step.arguments.insert(parameter.name.clone(), argument);
                }
                Err(defect) => {
                    defects.push(defect.in_step(&drafted.id).in_argument(&parameter.name));
                }
            },
            None if parameter.required => defects.push(
                Defect::new(
                    DefectCode::MissingArgument,
                    format!("`{}` needs `{}`", capability.name, parameter.name),
                )
                .in_step(&drafted.id)
                .in_argument(&parameter.name)
                .with_hint(format!(
                    "add \"{}\" ({})",
                    parameter.name, parameter.value_type
                )),
            ),
            None => {}
        }
    }
    defects.extend(unknown_arguments(drafted, capability));
}

fn unknown_arguments<'a>(
    drafted: &'a DraftStep,
    capability: &'a Capability,
) -> impl Iterator<Item = Defect> + 'a {
    let names = || capability.parameters.iter().map(|each| each.name.as_str());
    drafted
        .args
        .keys()
        .filter(|name| capability.parameter(name).is_none())
        .map(move |name| {
            let hint = match nearest_name(name, names()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("it takes {}", names().collect::<Vec<_>>().join(", ")),
            };
            Defect::new(
                DefectCode::UnknownArgument,
                format!("`{}` takes no `{name}`", capability.name),
            )
            .in_step(&drafted.id)
            .in_argument(name)
            .with_hint(hint)
        })
}

/// The keys of a step that are not about its arguments.
pub(super) fn check_keys(step: &DraftStep, defects: &mut Vec<Defect>) {
    for key in step.unknown.keys() {
        defects.push(
            Defect::new(DefectCode::UnknownKey, format!("a step has no key `{key}`"))
                .in_step(&step.id)
                .with_hint(
                    "a step has id, tool, provider, args, why, for_each, on_error, when, after, retry, timeout_s \
                     and idle_timeout_s",
                ),
        );
    }
    for (key, given) in [
        ("timeout_s", step.timeout_s),
        ("idle_timeout_s", step.idle_timeout_s),
    ] {
        if given.is_some() && seconds(given).is_none() {
            defects.push(
                Defect::new(
                    DefectCode::MalformedTimeLimit,
                    format!("{} seconds is no time limit", given.unwrap_or_default()),
                )
                .in_step(&step.id)
                .with_hint(format!("give `{key}` a number above zero")),
            );
        }
    }
    if step.on_error.is_some() && step.for_each.is_none() {
        defects.push(
            Defect::new(
                DefectCode::UnknownKey,
                "`on_error` is for steps that go over a list",
            )
            .in_step(&step.id)
            .with_hint("add `for_each`, or take `on_error` out"),
        );
    }
}

/// A time above zero.
fn seconds(given: Option<f64>) -> Option<Duration> {
    given
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .filter(|limit| !limit.is_zero())
}

fn retry_of(step: &DraftStep) -> Retry {
    let standard = Retry::default();
    match step.retry {
        None => standard,
        Some(DraftRetry::Times(times)) => Retry {
            times: Some(times),
            ..standard
        },
        Some(DraftRetry::Delayed { times, delay_s }) => Retry {
            times: Some(times),
            delay: seconds(delay_s).unwrap_or(standard.delay),
        },
    }
}
