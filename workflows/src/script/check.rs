//! Checks a script before it runs: functions that are there, with as many arguments, and arguments that fit.

mod types;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use medley_orchestrator::Capability;
use rhai::{AST, ASTNode, Engine, Expr, FnCallExpr, Position, Stmt};

use self::types::Types;
use super::Texts;
use crate::{
    arguments,
    engine::{BUILT_IN, CHAT},
    error::ScriptError,
};

/// What the engine knows without there being a function for it (The Rhai Book, "Keywords").
const SYNTACTIC: [(&str, std::ops::RangeInclusive<usize>); 10] = [
    ("Fn", 1..=1),
    ("call", 1..=20),
    ("curry", 1..=20),
    ("debug", 0..=1),
    ("is_def_fn", 2..=3),
    ("is_def_var", 1..=1),
    ("is_shared", 1..=1),
    ("print", 1..=1),
    ("type_of", 1..=1),
    ("exit", 0..=1),
];

/// Checks the trees of a script and its modules.
pub(super) struct Checker<'a> {
    capabilities: &'a BTreeMap<String, Arc<Capability>>,
    texts: &'a Texts,
    /// Tools that the script says it needs, whether or not they are here.
    needs: &'a [String],
    modules: &'a BTreeMap<&'a str, AST>,
    /// With how many arguments each function of the engine can be called.
    known: HashMap<String, BTreeSet<usize>>,
}

/// What checking found.
#[derive(Default)]
pub(super) struct Checked {
    pub errors: Vec<ScriptError>,
    /// The tools that are called, and those that are needed.
    pub calls: Vec<String>,
}

/// One tree while it is checked.
struct Reading<'a, 'c> {
    checker: &'c Checker<'a>,
    module: &'c str,
    /// The script's own functions, by name, with how many parameters they have.
    own: HashMap<String, BTreeSet<usize>>,
    /// Modules by the names under which they are imported.
    imports: HashMap<String, String>,
    types: Types,
    errors: Vec<ScriptError>,
    calls: BTreeSet<String>,
}

impl<'a> Checker<'a> {
    pub(super) fn new(
        engine: &Engine,
        capabilities: &'a BTreeMap<String, Arc<Capability>>,
        texts: &'a Texts,
        needs: &'a [String],
        modules: &'a BTreeMap<&'a str, AST>,
    ) -> Self {
        let mut known: HashMap<String, BTreeSet<usize>> = HashMap::new();
        let functions = engine.collect_fn_metadata(
            None,
            |function| {
                Some((
                    function.metadata.name.to_string(),
                    function.metadata.num_params,
                ))
            },
            true,
        );
        for (name, parameters) in functions {
            known.entry(name).or_default().insert(parameters);
        }
        for (name, parameters) in SYNTACTIC {
            known.entry(name.to_owned()).or_default().extend(parameters);
        }
        // It is there to say that it is not.
        known.remove("sleep");
        Self {
            capabilities,
            texts,
            needs,
            modules,
            known,
        }
    }

    pub(super) fn check(&self, tree: &AST) -> Checked {
        let mut calls: BTreeSet<String> = self.needs.iter().cloned().collect();
        let mut errors = Vec::new();
        let modules = self.modules.iter().map(|(name, tree)| (*name, tree));
        for (module, tree) in std::iter::once(("", tree)).chain(modules) {
            let mut reading = Reading {
                checker: self,
                module,
                own: own_functions(tree),
                imports: imports(tree),
                types: Types::of(tree, self.capabilities),
                errors: Vec::new(),
                calls: BTreeSet::new(),
            };
            reading.check(tree);
            errors.extend(reading.errors);
            calls.extend(reading.calls);
        }
        for missing in self
            .needs
            .iter()
            .filter(|name| !self.capabilities.contains_key(*name))
        {
            errors.push(
                ScriptError::new(
                    "missing_tool",
                    format!("it needs the tool {missing}, which is not here"),
                )
                .with_hint("`medley tools` lists what there is; some come with a language model, under [llm] of the configuration"),
            );
        }
        Checked {
            errors,
            calls: calls.into_iter().collect(),
        }
    }
}

fn own_functions(tree: &AST) -> HashMap<String, BTreeSet<usize>> {
    let mut own: HashMap<String, BTreeSet<usize>> = HashMap::new();
    for function in tree.iter_functions() {
        own.entry(function.name.to_owned())
            .or_default()
            .insert(function.params.len());
    }
    own
}

pub(super) fn imports(tree: &AST) -> HashMap<String, String> {
    let mut imports = HashMap::new();
    tree.walk(&mut |path: &[ASTNode<'_>]| {
        if let Some(ASTNode::Stmt(Stmt::Import(import, _))) = path.last()
            && let Expr::StringConstant(name, _) = &import.0
        {
            imports.insert(import.1.name.to_string(), name.to_string());
        }
        true
    });
    imports
}

impl Reading<'_, '_> {
    fn check(&mut self, tree: &AST) {
        self.check_names(tree);
        tree.walk(&mut |path: &[ASTNode<'_>]| {
            match path.last() {
                Some(
                    ASTNode::Expr(Expr::FnCall(call, position))
                    | ASTNode::Stmt(Stmt::FnCall(call, position)),
                ) => self.check_call(call, false, *position),
                Some(ASTNode::Expr(Expr::MethodCall(call, position))) => {
                    self.check_call(call, true, *position);
                }
                Some(ASTNode::Expr(Expr::Dot(dot, ..))) => {
                    if let Expr::Property(property, position) = &dot.rhs {
                        self.check_field(&dot.lhs, &property.2, *position);
                    }
                }
                _ => {}
            }
            true
        });
    }

    /// A function of the script under the name of a tool would be called instead of it.
    fn check_names(&mut self, tree: &AST) {
        for function in tree.iter_functions() {
            let name = function.name;
            let is_tool = self.checker.capabilities.contains_key(name)
                || self.checker.needs.iter().any(|need| need == name);
            if is_tool || BUILT_IN.contains(&name) {
                let what = if is_tool {
                    "a tool"
                } else {
                    "a function of Medley"
                };
                let error = ScriptError::new(
                    "shadowed",
                    format!("the script defines a function `{name}`, which is {what}"),
                )
                .with_hint("give it another name");
                let place = self.place_of_definition(name);
                self.errors.push(error.at(place));
            }
        }
    }

    /// Definitions have no positions in the tree.
    fn place_of_definition(&self, name: &str) -> Option<crate::error::Place> {
        let source = self.checker.texts.source(self.module);
        let (index, column) = source.text.lines().enumerate().find_map(|(index, line)| {
            let (at, _) = line.match_indices("fn ").find(|(at, _)| {
                let rest = line[at + 3..].trim_start();
                rest.strip_prefix(name)
                    .is_some_and(|rest| rest.trim_start().starts_with('('))
            })?;
            Some((index, at + 1))
        })?;
        let position = Position::new(u16::try_from(index + 1).ok()?, u16::try_from(column).ok()?);
        source.place(position)
    }

    fn check_call(&mut self, call: &FnCallExpr, is_method: bool, position: Position) {
        if call.is_operator_call() || !starts_like_a_name(&call.name) {
            return;
        }
        let name = call.name.as_str();
        let given = call.args.len() + usize::from(is_method);
        if !call.namespace.is_empty() {
            // What modules import themselves is looked up when it is called.
            if call.namespace.path.len() == 1 {
                self.check_in_module(call, given, position);
            }
            return;
        }
        // A function of the script takes the object of a method call as `this`.
        let own = self.own.get(name).cloned();
        if own
            .as_ref()
            .is_some_and(|own| own.contains(&given) || own.contains(&call.args.len()))
        {
            return;
        }
        let capability = self.checker.capabilities.get(name);
        if capability.is_some() || self.checker.needs.iter().any(|need| need == name) {
            self.calls.insert(name.to_owned());
        }
        if name == "chat" {
            self.calls.insert(CHAT.to_owned());
            if !self.checker.capabilities.contains_key(CHAT) {
                let error = ScriptError::new(
                    "missing_tool",
                    "`chat` needs a language model, and none is configured",
                )
                .with_hint("name one with `--model`, or in the configuration under [llm]");
                self.report(error, position);
                return;
            }
        }
        if let Some(capability) = capability {
            if !is_method {
                self.check_tool(capability, &call.args, position);
            }
            if arguments::arities(capability).contains(&given) {
                return;
            }
        }
        match self.checker.known.get(name).or(own.as_ref()) {
            Some(arities) if arities.contains(&given) => {}
            Some(arities) => {
                let wrong = wrong_count(name, arities, given);
                self.report(wrong, position);
            }
            None if self.checker.needs.iter().any(|need| need == name) => {}
            None => {
                let unknown = self.unknown(name);
                self.report(unknown, position);
            }
        }
    }

    fn check_in_module(&mut self, call: &FnCallExpr, given: usize, position: Position) {
        let alias = call.namespace.root().to_owned();
        let Some(module) = self.imports.get(&alias) else {
            return;
        };
        let Some(tree) = self.checker.modules.get(module.as_str()) else {
            return;
        };
        let arities = own_functions(tree).remove(call.name.as_str());
        let error = match arities {
            Some(arities) if arities.contains(&given) => return,
            Some(arities) => wrong_count(&call.name, &arities, given),
            None => ScriptError::new(
                "unknown_function",
                format!("the module {module} has no function `{}`", call.name),
            ),
        };
        self.report(error, position);
    }

    fn check_tool(&mut self, capability: &Capability, given: &[Expr], position: Position) {
        for (error, at) in self.types.check(capability, given) {
            let at = if at.is_none() { position } else { at };
            self.report(error, at);
        }
    }

    fn check_field(&mut self, object: &Expr, field: &str, position: Position) {
        if let Some(error) = self.types.check_field(object, field) {
            self.report(error, position);
        }
    }

    fn unknown(&self, name: &str) -> ScriptError {
        let error = ScriptError::new(
            "unknown_function",
            format!("there is no function or tool `{name}`"),
        );
        let names = self.checker.known.keys().map(String::as_str);
        let names = names.chain(self.own.keys().map(String::as_str));
        let nearest = names
            .filter(|known| starts_like_a_name(known))
            .map(|known| (similarity(name, known), known))
            .filter(|(similarity, _)| *similarity > 0.85)
            .max_by(|one, other| one.0.total_cmp(&other.0).then(other.1.cmp(one.1)));
        match nearest {
            Some((_, known)) => error.with_hint(format!("did you mean `{known}`?")),
            None => error.with_hint("`medley tools` lists the tools; a tool that may be absent is declared with `//! @needs`"),
        }
    }

    fn report(&mut self, error: ScriptError, position: Position) {
        let place = self.checker.texts.source(self.module).place(position);
        self.errors.push(error.at(place));
    }
}

/// Swapped letters of short names are far apart to Jaro-Winkler.
fn similarity(name: &str, known: &str) -> f64 {
    match strsim::damerau_levenshtein(name, known) {
        1 if name.len() > 2 => 0.99,
        _ => strsim::jaro_winkler(name, known),
    }
}

fn wrong_count(name: &str, arities: &BTreeSet<usize>, given: usize) -> ScriptError {
    let counts: Vec<String> = arities.iter().map(usize::to_string).collect();
    let plural = if counts == ["1"] {
        "argument"
    } else {
        "arguments"
    };
    ScriptError::new(
        "wrong_arguments",
        format!(
            "`{name}` takes {} {plural}, and {given} are given",
            counts.join(" or ")
        ),
    )
}

fn starts_like_a_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_alphabetic() || first == '_')
}
