//! Finds what references mean, and whether what they mean fits.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use serde_json::Value as Json;

use super::{
    ForEach, Known, Scope,
    defect::{Defect, DefectCode},
    nearest_name,
};
use crate::{
    ConformError, DraftStep, Expression, ExpressionError, Output, Reference, Segment, Selector,
    ValueType, check,
};

/// A step that can be referred to.
#[derive(Debug, Clone)]
pub(super) struct Declared {
    /// Its place in the graph.
    pub position: usize,
    /// What it gives; unknown, if its capability is.
    pub outputs: Option<Arc<[Output]>>,
}

/// Knows every name that a draft may refer to.
#[derive(Clone)]
pub(super) struct Resolver<'a> {
    steps: &'a BTreeMap<String, Declared>,
    scope: &'a Scope,
    /// The type of `$item`, inside a step that goes over a list.
    item: Option<ValueType>,
}

impl<'a> Resolver<'a> {
    pub(super) const fn new(steps: &'a BTreeMap<String, Declared>, scope: &'a Scope) -> Self {
        Self {
            steps,
            scope,
            item: None,
        }
    }

    /// The same, inside a step that goes over a list of `item`.
    pub(super) fn with_item(&self, item: ValueType) -> Self {
        Self {
            item: Some(item),
            ..self.clone()
        }
    }

    /// The position of the draft's step with this id.
    pub(super) fn position(&self, id: &str) -> Option<usize> {
        self.steps.get(id).map(|declared| declared.position)
    }

    /// Reads a list that a step goes over, with the type of its items.
    pub(super) fn list(&self, json: &Json) -> Result<(Expression, ValueType), Defect> {
        let wanted = ValueType::list(ValueType::Any);
        let expression = Expression::from_json(json).map_err(|error| malformed(&error))?;
        let given = match &expression {
            Expression::Literal(value) => ValueType::of(value),
            Expression::Reference(reference) => self.resolve(reference, &wanted)?.1,
            _ => wanted.clone(),
        };
        let expression = self.fit(expression, &wanted)?;
        let item = given.select(&Selector::Index(0)).unwrap_or(ValueType::Any);
        Ok((expression, item))
    }

    pub(super) fn unknown_reference(&self, name: &str) -> Defect {
        let name = name.trim_start_matches('$');
        let names = || {
            let steps = self.steps.keys().map(String::as_str);
            steps.chain(self.scope.names())
        };
        let hint = match nearest_name(name, names()) {
            Some(near) => format!("did you mean `${near}`?"),
            None if is_input(name) && !self.scope.names().any(is_input) => {
                "no file is attached; attach one".to_owned()
            }
            None => {
                let known: Vec<_> = names().take(12).map(|each| format!("${each}")).collect();
                format!("there is {}", known.join(", "))
            }
        };
        Defect::new(
            DefectCode::UnknownReference,
            format!("`${name}` names neither a step nor an input"),
        )
        .with_hint(hint)
    }

    /// Reads an argument and checks that it fits; references to steps come out naming an output.
    pub(super) fn argument(&self, json: &Json, wanted: &ValueType) -> Result<Expression, Defect> {
        let expression = Expression::from_json(json).map_err(|error| malformed(&error))?;
        self.fit(expression, wanted)
    }

    fn fit(&self, expression: Expression, wanted: &ValueType) -> Result<Expression, Defect> {
        match expression {
            Expression::Literal(value) => match check(&value, wanted) {
                Ok(()) => Ok(Expression::Literal(value)),
                Err(error) => Err(literal_defect(&error, wanted)),
            },
            Expression::Reference(reference) => {
                let (resolved, given) = self.resolve(&reference, wanted)?;
                if wanted.accepts(&given) {
                    Ok(Expression::Reference(resolved))
                } else {
                    Err(wrong_type(&resolved.to_string(), &given, wanted))
                }
            }
            Expression::Template(segments) => self.fit_template(segments, wanted),
            Expression::List(items) => {
                let each = item_type(wanted).ok_or_else(|| {
                    wrong_type("a list", &ValueType::list(ValueType::Any), wanted)
                })?;
                let items = items.into_iter().map(|item| self.fit(item, &each));
                items.collect::<Result<_, _>>().map(Expression::List)
            }
            Expression::Record(_) if !takes_record(wanted) => Err(Defect::new(
                DefectCode::WrongType,
                format!("expected {wanted}, got a record"),
            )),
            Expression::Record(fields) => fields
                .into_iter()
                .map(|(name, field)| {
                    let each = field_type(wanted, &name);
                    Ok((name, self.fit(field, &each)?))
                })
                .collect::<Result<_, _>>()
                .map(Expression::Record),
        }
    }

    fn fit_template(
        &self,
        segments: Vec<Segment>,
        wanted: &ValueType,
    ) -> Result<Expression, Defect> {
        if !wanted.accepts(&ValueType::String) {
            return Err(wrong_type("a text", &ValueType::String, wanted));
        }
        segments
            .into_iter()
            .map(|segment| match segment {
                Segment::Reference(reference) => {
                    let (resolved, given) = self.resolve(&reference, &ValueType::String)?;
                    if ValueType::String.accepts(&given) {
                        Ok(Segment::Reference(resolved))
                    } else {
                        Err(wrong_type(
                            &resolved.to_string(),
                            &given,
                            &ValueType::String,
                        ))
                    }
                }
                text @ Segment::Text(_) => Ok(text),
            })
            .collect::<Result<_, _>>()
            .map(Expression::Template)
    }

    fn resolve(
        &self,
        reference: &Reference,
        wanted: &ValueType,
    ) -> Result<(Reference, ValueType), Defect> {
        if let Some(item) = &self.item {
            let local = match reference.root.as_str() {
                ForEach::ITEM => Some(item.clone()),
                ForEach::INDEX => Some(ValueType::integer()),
                _ => None,
            };
            if let Some(local) = local {
                let given = select_type(local, &reference.selectors, reference)?;
                return Ok((reference.clone(), given));
            }
        }
        if let Some(declared) = self.steps.get(&reference.root) {
            return match &declared.outputs {
                Some(outputs) => resolve_step(reference, outputs, wanted),
                // The step has a defect of its own, which says enough.
                None => Ok((reference.clone(), ValueType::Any)),
            };
        }
        match self.scope.get(&reference.root) {
            Some(Known::Step { outputs, .. }) => resolve_step(reference, outputs, wanted),
            Some(Known::Value(value)) => {
                let given = select_type(ValueType::of(value), &reference.selectors, reference)?;
                Ok((reference.clone(), given))
            }
            None => Err(self.unknown_reference(&reference.root)),
        }
    }
}

/// Every name that a drafted step refers to: in its arguments, its list, its condition and `after`.
pub(super) fn roots(step: &DraftStep) -> BTreeSet<String> {
    let conditions = step.when.iter();
    let condition = conditions.flat_map(|when| std::iter::once(&when.value).chain(&when.to));
    let written = step.args.values().chain(&step.for_each).chain(condition);
    let mut roots: BTreeSet<String> = step
        .after
        .iter()
        .map(|name| name.trim_start_matches('$').to_owned())
        .collect();
    for json in written {
        if let Ok(expression) = Expression::from_json(json) {
            let references = expression.references().into_iter();
            roots.extend(references.map(|reference| reference.root.clone()));
        }
    }
    if step.for_each.is_some() {
        roots.remove(ForEach::ITEM);
        roots.remove(ForEach::INDEX);
    }
    roots
}

fn malformed(error: &ExpressionError) -> Defect {
    let defect = Defect::new(DefectCode::MalformedArgument, error.to_string());
    match error {
        ExpressionError::Reference(_) => defect.with_hint(
            "items count from 0, as in `$s1[0]`; fields are written `$s1.name` or `$s1[\"any name\"]`, values within text \
             `${s1}`, and a dollar `$$`",
        ),
        _ => defect,
    }
}

/// Names the output that a reference to a step means.
fn resolve_step(
    reference: &Reference,
    outputs: &[Output],
    wanted: &ValueType,
) -> Result<(Reference, ValueType), Defect> {
    if let Some((Selector::Field(name), rest)) = reference.selectors.split_first() {
        let output = outputs
            .iter()
            .find(|output| output.name == *name)
            .ok_or_else(|| {
                let known: Vec<_> = outputs.iter().map(|output| output.name.as_str()).collect();
                Defect::new(
                    DefectCode::UnknownOutput,
                    format!("`${}` has no output `{name}`", reference.root),
                )
                .with_hint(format!("it has {}", known.join(", ")))
            })?;
        let given = select_type(output.value_type.clone(), rest, reference)?;
        return Ok((reference.clone(), given));
    }
    let chosen = choose_output(outputs, &reference.selectors, wanted)
        .ok_or_else(|| no_output_fits(reference, outputs, wanted))?;
    let mut selectors = vec![Selector::Field(chosen.name.clone())];
    selectors.extend(reference.selectors.iter().cloned());
    let given = select_type(chosen.value_type.clone(), &reference.selectors, reference)?;
    let resolved = Reference {
        root: reference.root.clone(),
        selectors,
    };
    Ok((resolved, given))
}

/// The primary output where it fits, else the only one that does.
fn choose_output<'a>(
    outputs: &'a [Output],
    selectors: &[Selector],
    wanted: &ValueType,
) -> Option<&'a Output> {
    let fits = |output: &&Output| {
        let picked = selectors
            .iter()
            .try_fold(output.value_type.clone(), |each, selector| {
                each.select(selector)
            });
        picked.is_some_and(|given| wanted.accepts(&given))
    };
    if let Some(primary) = outputs.first().filter(fits) {
        return Some(primary);
    }
    let mut fitting = outputs.iter().filter(fits);
    match (fitting.next(), fitting.next()) {
        (Some(only), None) => Some(only),
        _ => None,
    }
}

fn no_output_fits(reference: &Reference, outputs: &[Output], wanted: &ValueType) -> Defect {
    let known: Vec<_> = outputs
        .iter()
        .map(|output| format!("{} ({})", output.name, output.value_type))
        .collect();
    Defect::new(
        DefectCode::WrongType,
        format!("expected {wanted}, but no single output of `{reference}` fits"),
    )
    .with_hint(format!("it has {}", known.join(", ")))
}

fn select_type(
    start: ValueType,
    selectors: &[Selector],
    reference: &Reference,
) -> Result<ValueType, Defect> {
    selectors.iter().try_fold(start, |each, selector| {
        each.select(selector).ok_or_else(|| {
            Defect::new(
                DefectCode::UnknownOutput,
                format!("`{reference}`: there is no `{selector}` in {each}"),
            )
        })
    })
}

fn literal_defect(error: &ConformError, wanted: &ValueType) -> Defect {
    let code = match error {
        ConformError::OutOfRange { .. } => DefectCode::OutOfRange,
        _ => DefectCode::WrongType,
    };
    let defect = Defect::new(code, error.to_string());
    if wanted.kinds().is_empty() {
        defect
    } else {
        defect.with_hint("refer to an attached file with $input1, or to a step with $s1")
    }
}

fn wrong_type(what: &str, given: &ValueType, wanted: &ValueType) -> Defect {
    Defect::new(
        DefectCode::WrongType,
        format!("expected {wanted}, but {what} is {given}"),
    )
}

fn item_type(wanted: &ValueType) -> Option<ValueType> {
    match wanted {
        ValueType::List { items } => Some((**items).clone()),
        ValueType::Box => Some(ValueType::number()),
        ValueType::Any => Some(ValueType::Any),
        ValueType::String
        | ValueType::Artifact {
            kind: crate::Kind::Text,
        } => Some(ValueType::String),
        ValueType::OneOf { options } => union(options.iter().filter_map(item_type)),
        _ => None,
    }
}

/// What fits any of the types; nothing, if there are none.
fn union(types: impl Iterator<Item = ValueType>) -> Option<ValueType> {
    let mut options: Vec<ValueType> = types.collect();
    match options.len() {
        0 | 1 => options.pop(),
        _ => Some(ValueType::OneOf { options }),
    }
}

fn takes_record(wanted: &ValueType) -> bool {
    match wanted {
        ValueType::Record { .. } | ValueType::Box | ValueType::Any => true,
        ValueType::OneOf { options } => options.iter().any(takes_record),
        _ => false,
    }
}

fn field_type(wanted: &ValueType, name: &str) -> ValueType {
    match wanted {
        ValueType::Record { fields } => fields
            .iter()
            .find(|field| field.name == name)
            .map_or(ValueType::Any, |field| field.value_type.clone()),
        ValueType::OneOf { options } => union(
            options
                .iter()
                .filter(|option| takes_record(option))
                .map(|option| field_type(option, name)),
        )
        .unwrap_or(ValueType::Any),
        _ => ValueType::Any,
    }
}

/// Whether a name is that of an attached file, such as `input1`.
fn is_input(name: &str) -> bool {
    let number = name.strip_prefix("input").map(str::parse::<usize>);
    matches!(number, Some(Ok(_)))
}
