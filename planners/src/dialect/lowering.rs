//! From statements to steps: variables become references and nested calls become steps of their own.

mod values;

use std::collections::{HashMap, HashSet};

use medley_orchestrator::{DraftStep, Reference, Selector};
use serde_json::Value as Json;

use super::{
    Dialect,
    drafting::Drafting,
    references,
    statements::Statement,
    written::{Call, Written},
};

/// Calls that end a plan and say what it answers.
const ANSWERING: [&str; 7] = [
    "RESULT",
    "print",
    "join",
    "finish",
    "Finish",
    "answer",
    "final_answer",
];

/// Turns statements into steps, one after the other.
pub(super) struct Lowering<'a> {
    pub drafting: Drafting<'a>,
    /// Known once the first call has been read.
    dialect: Option<Dialect>,
    bindings: HashMap<String, Binding>,
    /// How many steps have been named after each name.
    named: HashMap<String, usize>,
    taken: HashSet<String>,
    thought: Option<String>,
    /// How many bytes of values may still be copied into arguments.
    copies: usize,
    has_answer: bool,
}

/// What a variable stands for.
enum Binding {
    Step(Reference),
    Value(Json),
}

impl<'a> Lowering<'a> {
    pub(super) fn new(drafting: Drafting<'a>) -> Self {
        Self {
            drafting,
            dialect: None,
            bindings: HashMap::new(),
            named: HashMap::new(),
            taken: HashSet::new(),
            thought: None,
            copies: 1 << 22,
            has_answer: false,
        }
    }

    /// Which dialect it is, by its first call.
    pub(super) fn dialect(&self) -> Dialect {
        self.dialect.unwrap_or(Dialect::Unknown)
    }

    /// Takes a statement, and gives the steps that it makes.
    pub(super) fn take(&mut self, statement: Statement) -> Vec<DraftStep> {
        let before = self.drafting.steps.len();
        if self.has_answer {
            return Vec::new();
        }
        match statement {
            Statement::Thought(thought) => {
                self.thought = Some(thought).filter(|thought| !thought.is_empty())
            }
            Statement::Numbered(number, value) => {
                self.decide(|| Dialect::LlmCompiler);
                self.assign(&references::numbered_id(&number.to_string()), value);
            }
            Statement::Assigned(name, value) => {
                if let Written::Call(call, _) = &value {
                    let is_program_of_modules = call.name.chars().all(|each| !each.is_lowercase());
                    self.decide(|| {
                        if is_program_of_modules {
                            Dialect::VisProg
                        } else {
                            Dialect::Python
                        }
                    });
                }
                self.assign(&name, value);
            }
            Statement::Bare(value) => {
                self.decide(|| Dialect::Python);
                let id = format!("s{}", self.drafting.steps.len() + 1);
                self.assign(&id, value);
            }
            Statement::Returned(value) => {
                let answer = self.value(value, "answer");
                self.answer(answer.into_iter().collect());
            }
            Statement::Control(line) => self.control(&line),
            Statement::Prose => {}
        }
        self.drafting.steps[before..].to_vec()
    }

    fn decide(&mut self, dialect: impl FnOnce() -> Dialect) {
        self.dialect.get_or_insert_with(dialect);
    }

    fn control(&mut self, line: &str) {
        if line.contains("__name__") {
            return;
        }
        let line: String = line.chars().take(60).collect();
        self.drafting.malformed(
            format!("`{line}` cannot be read as steps"),
            "write a step for each call, with `for_each` for loops and `when` for conditions",
        );
    }

    fn assign(&mut self, name: &str, value: Written) {
        let binding = match value {
            Written::Call(call, selectors) if !self.ends_with(&call) => {
                let id = self.free(name);
                let root = self.call(id, call);
                Binding::Step(Reference { root, selectors })
            }
            Written::Call(call, _) => {
                let values: Vec<Json> = call
                    .arguments
                    .into_iter()
                    .filter_map(|(_, value)| self.value(value, "answer"))
                    .collect();
                return self.answer(values);
            }
            Written::Raw(source) => {
                let source: String = source.chars().take(60).collect();
                return self.drafting.malformed(
                    format!("`{name} = {source}` is neither a call nor a value"),
                    "write one call of a tool a line",
                );
            }
            Written::Variable(variable) if self.resolved(&variable).is_some() => {
                match self.resolved(&variable) {
                    Some(reference) => Binding::Step(reference),
                    None => return,
                }
            }
            value => match self.value(value, name) {
                Some(value) => Binding::Value(value),
                None => return,
            },
        };
        self.bindings.insert(name.to_owned(), binding);
    }

    /// Whether a call says what the answer is; a tool of that name comes first.
    fn ends_with(&self, call: &Call) -> bool {
        ANSWERING.contains(&call.name.as_str())
            && self.drafting.tools.parameters_of(&call.name).is_none()
    }

    /// `print` may stand several times; whatever else says the answer ends the plan.
    fn answer(&mut self, values: Vec<Json>) {
        if self.dialect != Some(Dialect::Python) {
            self.has_answer = true;
        }
        if !values.is_empty() {
            self.drafting.answer.get_or_insert_default().extend(values);
        }
    }

    /// An id that no step has: the name itself, or with a number behind it.
    fn free(&mut self, name: &str) -> String {
        let base = references::legal_id(name);
        let mut id = base.clone();
        while !self.taken.insert(id.clone()) {
            let count = self.named.entry(base.clone()).or_insert(1);
            *count += 1;
            id = format!("{base}_{count}");
        }
        id
    }

    /// Adds the step of a call behind those of the calls in its arguments, and gives its id.
    fn call(&mut self, id: String, call: Call) -> String {
        if let Some(receiver) = &call.receiver
            && self.bindings.contains_key(receiver)
        {
            self.drafting.malformed(
                format!(
                    "`{receiver}.{}(..)` is a method of a value, and no tool",
                    call.name
                ),
                "call a tool, and give it the value as an argument",
            );
        }
        let thought = self.thought.take();
        let mut arguments = Vec::with_capacity(call.arguments.len());
        for (name, value) in call.arguments {
            let shown = name.clone().unwrap_or_else(|| call.name.clone());
            let value = match value {
                Written::Call(inner, selectors) => Some(self.nested(&id, inner, selectors)),
                value => self.value(value, &shown),
            };
            arguments.extend(value.map(|value| (name, value)));
        }
        let step = self.drafting.add(id.clone(), &call.name, arguments);
        step.why = thought;
        id
    }

    fn nested(&mut self, outer: &str, call: Call, selectors: Vec<Selector>) -> Json {
        let id = self.free(&format!("{outer}_in"));
        let root = self.call(id, call);
        Json::String(Reference { root, selectors }.to_string())
    }

    /// What a variable refers to, if it stands for a step.
    fn resolved(&self, variable: &Reference) -> Option<Reference> {
        match self.bindings.get(&variable.root)? {
            Binding::Step(step) => Some(Reference {
                root: step.root.clone(),
                selectors: step
                    .selectors
                    .iter()
                    .chain(&variable.selectors)
                    .cloned()
                    .collect(),
            }),
            Binding::Value(_) => None,
        }
    }
}
