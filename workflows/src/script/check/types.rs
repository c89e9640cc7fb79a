//! What is known of values before a script runs: constants, and results of tools that are kept in variables.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use medley_orchestrator::{Capability, Parameter, Value, ValueType, check};
use rhai::{AST, ASTNode, Expr, Position, Stmt};
use serde_json::Value as Json;

use crate::{arguments, error::ScriptError};

/// The variables of a tree that hold the result of one tool, wherever they are read.
pub(super) struct Types {
    results: HashMap<String, Arc<Capability>>,
    capabilities: BTreeMap<String, Arc<Capability>>,
}

/// What is known of an expression.
enum Known<'a> {
    Constant(Value),
    Result(&'a Capability),
    Typed(&'a ValueType),
}

impl Types {
    pub(super) fn of(tree: &AST, capabilities: &BTreeMap<String, Arc<Capability>>) -> Self {
        let mut results = HashMap::new();
        let mut ambiguous = HashSet::new();
        tree.walk(&mut |path: &[ASTNode<'_>]| {
            match path.last() {
                Some(ASTNode::Stmt(Stmt::Var(variable, ..))) => {
                    let (name, value) = (variable.0.name.to_string(), &variable.1);
                    let capability = match value {
                        Expr::FnCall(call, _) => capabilities.get(call.name.as_str()),
                        _ => None,
                    };
                    match capability {
                        Some(capability) if !results.contains_key(&name) => {
                            results.insert(name, Arc::clone(capability));
                        }
                        _ => {
                            ambiguous.insert(name);
                        }
                    }
                }
                Some(ASTNode::Stmt(Stmt::Assignment(assignment))) => {
                    if let Expr::Variable(variable, ..) = &assignment.1.lhs {
                        ambiguous.insert(variable.1.to_string());
                    }
                }
                Some(ASTNode::Stmt(Stmt::For(heads, _))) => {
                    ambiguous.insert(heads.0.name.to_string());
                }
                _ => {}
            }
            true
        });
        for function in tree.iter_functions() {
            ambiguous.extend(function.params.iter().map(|name| (*name).to_owned()));
        }
        results.retain(|name, _| !ambiguous.contains(name));
        Self {
            results,
            capabilities: capabilities.clone(),
        }
    }

    /// What is wrong with the arguments of a call of a tool, each with its place.
    pub(super) fn check(
        &self,
        capability: &Capability,
        given: &[Expr],
    ) -> Vec<(ScriptError, Position)> {
        if let [Expr::Map(fields, position)] = given
            && arguments::is_named(
                capability,
                fields.0.iter().map(|(name, _)| name.name.as_str()),
            )
        {
            return self.check_named(capability, &fields.0, *position);
        }
        let by_position: Vec<&Parameter> = arguments::by_position(capability).collect();
        let mut wrong = Vec::new();
        for (parameter, expression) in by_position.iter().zip(given) {
            wrong.extend(self.check_argument(capability, parameter, expression));
        }
        // A variable may hold the map of all arguments.
        if !matches!(given, [Expr::Variable(..)]) {
            let named = &by_position[..given.len().min(by_position.len())];
            let is_given = |name: &str| named.iter().any(|parameter| parameter.name == name);
            let missing = arguments::missing(capability, is_given);
            wrong.extend(missing.map(|missing| (missing, Position::NONE)));
        }
        wrong
    }

    fn check_named(
        &self,
        capability: &Capability,
        fields: &[(rhai::Ident, Expr)],
        position: Position,
    ) -> Vec<(ScriptError, Position)> {
        let mut wrong = Vec::new();
        for (name, expression) in fields {
            match arguments::parameter(capability, &name.name) {
                Err(unknown) => wrong.push((unknown, name.pos)),
                Ok(parameter) => {
                    wrong.extend(self.check_argument(capability, parameter, expression));
                }
            }
        }
        let is_given = |name: &str| fields.iter().any(|(field, _)| field.name == name);
        let missing = arguments::missing(capability, is_given);
        wrong.extend(missing.map(|missing| (missing, position)));
        wrong
    }

    fn check_argument(
        &self,
        capability: &Capability,
        parameter: &Parameter,
        given: &Expr,
    ) -> Option<(ScriptError, Position)> {
        let why = self.unfit(given, &parameter.value_type)?;
        let error = arguments::misfit(capability, &parameter.name, &why);
        Some((error, given.start_position()))
    }

    /// A field of a result that its tool does not give.
    pub(super) fn check_field(&self, object: &Expr, field: &str) -> Option<ScriptError> {
        let Known::Result(capability) = self.known(object)? else {
            return None;
        };
        // Below the primary output of these types anything may be.
        let primary = &capability.outputs.first()?.value_type;
        let is_closed = matches!(
            primary,
            ValueType::String
                | ValueType::Integer { .. }
                | ValueType::Number { .. }
                | ValueType::Boolean
        );
        if !is_closed || capability.output(field).is_some() {
            return None;
        }
        let outputs: Vec<&str> = capability
            .outputs
            .iter()
            .map(|each| each.name.as_str())
            .collect();
        let message = format!("{} gives no `{field}`", capability.name);
        let error = ScriptError::new("no_such_field", message);
        Some(error.with_hint(format!("it gives {}", outputs.join(", "))))
    }

    fn unfit(&self, expression: &Expr, wanted: &ValueType) -> Option<String> {
        match self.known(expression)? {
            Known::Constant(value) => check(&value, wanted).err().map(|error| error.to_string()),
            Known::Result(capability) => capability.output_for(wanted).is_none().then(|| {
                let outputs = capability.outputs.iter();
                let outputs: Vec<String> =
                    outputs.map(|each| each.value_type.to_string()).collect();
                format!(
                    "expected {wanted}, and {} gives {}",
                    capability.name,
                    outputs.join(", ")
                )
            }),
            Known::Typed(given) => {
                (!wanted.accepts(given)).then(|| format!("expected {wanted}, got {given}"))
            }
        }
    }

    fn known(&self, expression: &Expr) -> Option<Known<'_>> {
        Some(match expression {
            Expr::IntegerConstant(whole, _) => Known::Constant(Value::Integer(*whole)),
            Expr::FloatConstant(real, _) => Known::Constant(Value::Number(**real)),
            Expr::BoolConstant(truth, _) => Known::Constant(Value::Boolean(*truth)),
            Expr::StringConstant(text, _) => Known::Constant(Value::from(text.as_str())),
            Expr::Array(items, _) => Known::Constant(Value::List(
                items
                    .iter()
                    .map(|item| match self.known(item) {
                        Some(Known::Constant(value)) => Some(value),
                        _ => None,
                    })
                    .collect::<Option<_>>()?,
            )),
            Expr::FnCall(call, _) => Known::Result(self.capabilities.get(call.name.as_str())?),
            Expr::Variable(variable, ..) => Known::Result(self.results.get(variable.1.as_str())?),
            Expr::Dot(dot, ..) => {
                let (Known::Result(capability), Expr::Property(property, _)) =
                    (self.known(&dot.lhs)?, &dot.rhs)
                else {
                    return None;
                };
                Known::Typed(&capability.output(&property.2)?.value_type)
            }
            Expr::Map(..) => return constant_map(expression).map(Known::Constant),
            _ => return None,
        })
    }
}

/// A map of nothing but constants.
fn constant_map(expression: &Expr) -> Option<Value> {
    let constant = expression.get_literal_value(None)?;
    let json: Json = rhai::serde::from_dynamic(&constant).ok()?;
    Value::from_json(json).ok()
}
