//! One line of a plan: what it may be, and what of it is written.
//!
//! A step's line is followed in two parts, so that no grammar is large: first the names of all tools, and once one is
//! chosen its arguments.

use std::sync::Arc;

use llguidance::{Matcher, api::TopLevelGrammar};
use medley_orchestrator::Capability;
use serde_json::Value as Json;

use super::{
    ending::Costs,
    error::GrammarError,
    lark,
    names::Names,
    node::Node,
    values::{Values, entries, named},
    vocabulary::Vocabulary,
};

/// Up to so many steps may be answered with in any order; more only in the order in which they are written.
const ANY_ORDER: usize = 4;

/// What stands in place of a plan where nothing is left to do.
const DONE: &str = "{\"done\":true}\n";

/// The line that is being written.
pub(super) struct Line {
    /// The ways of calling a tool; none where only the answer is left.
    calls: Vec<Call>,
    /// What ends the plan.
    answer: Option<Node>,
    /// The position among `calls` of the tool that is written already.
    chosen: Option<usize>,
    matcher: Matcher,
    written: Vec<u8>,
    tokens: Vec<u32>,
    rest: usize,
}

/// A step that calls one tool.
struct Call {
    /// The line up to the quote behind the tool's name.
    name: String,
    /// The line up to the first value.
    head: String,
    /// The whole line.
    line: Node,
}

impl Line {
    /// The next line of a plan over these tools; the first may say that all is done, if that may be.
    pub(super) fn new(
        names: &Names,
        tools: &[Arc<Capability>],
        max_string: usize,
        may_be_done: bool,
        costs: &mut Costs,
        vocabulary: &Vocabulary,
    ) -> Result<Self, GrammarError> {
        let values = Values { names, max_string };
        let calls: Vec<Call> = tools
            .iter()
            .filter_map(|tool| call(tool, &values))
            .collect();
        let done = may_be_done.then(|| Node::text(DONE));
        let answer = answer(names).or(done);
        let mut choices: Vec<Node> = calls.iter().map(|call| Node::text(&call.head)).collect();
        choices.extend(answer.clone());
        let whole = calls.iter().map(|call| &call.line).chain(&answer);
        let rest = whole.map(|node| costs.of(node).rest).max();
        let Some(rest) = rest else {
            return Err(GrammarError::NoTool);
        };
        Ok(Self {
            matcher: follow(&choices, vocabulary)?,
            calls,
            answer,
            chosen: None,
            written: Vec::new(),
            tokens: Vec::new(),
            rest,
        })
    }

    /// What follows the grammar of what may come next.
    pub(super) const fn matcher(&mut self) -> &mut Matcher {
        &mut self.matcher
    }

    /// How many tokens bring the line to its end at most, wherever it stands.
    pub(super) const fn rest(&self) -> usize {
        self.rest
    }

    /// What is written of it.
    pub(super) fn written(&self) -> &[u8] {
        &self.written
    }

    /// Whether it says that all is done.
    pub(super) fn says_done(&self) -> bool {
        self.written == DONE.as_bytes()
    }

    /// Whether it may still become a step and the answer.
    pub(super) fn is_open(&self) -> bool {
        self.answer.is_some() && !self.calls.is_empty() && self.chosen.is_none()
    }

    /// The shortest text that brings it to its end; that of the answer, while it can be one.
    pub(super) fn ending(&self, costs: &mut Costs) -> Option<Vec<u8>> {
        let answer = self.answer.as_ref().filter(|_| self.chosen.is_none());
        if let Some(ending) = answer.and_then(|answer| costs.ending(answer, &self.written)) {
            return Some(ending);
        }
        let calls = match self.chosen {
            Some(index) => &self.calls[index..=index],
            None => &self.calls,
        };
        let endings = calls
            .iter()
            .filter_map(|call| costs.ending(&call.line, &self.written));
        let endings: Vec<Vec<u8>> = endings.collect();
        endings
            .into_iter()
            .min_by_key(|ending| costs.of_bytes(ending))
    }

    /// Takes a token.
    pub(super) fn accept(
        &mut self,
        token: u32,
        costs: &mut Costs,
        vocabulary: &Vocabulary,
    ) -> Result<(), GrammarError> {
        let allowed = self.matcher.validate_tokens(&[token]).map_err(engine)?;
        if allowed == 0 {
            return Err(GrammarError::Refused(token));
        }
        self.matcher.consume_token(token).map_err(engine)?;
        self.written.extend(vocabulary.bytes(token));
        self.tokens.push(token);
        if self.chosen.is_none() {
            self.choose(costs, vocabulary)?;
        }
        Ok(())
    }

    /// Goes on to the arguments once a tool's name is written.
    fn choose(&mut self, costs: &mut Costs, vocabulary: &Vocabulary) -> Result<(), GrammarError> {
        let written = &self.written;
        let is_chosen = |call: &Call| written.starts_with(call.name.as_bytes());
        let Some(index) = self.calls.iter().position(is_chosen) else {
            return Ok(());
        };
        let line = &self.calls[index].line;
        self.rest = costs.of(line).rest;
        self.matcher = follow(std::slice::from_ref(line), vocabulary)?;
        self.matcher.consume_tokens(&self.tokens).map_err(engine)?;
        self.chosen = Some(index);
        Ok(())
    }
}

/// An error of the grammar engine.
pub(super) fn engine(error: impl std::fmt::Display) -> GrammarError {
    GrammarError::Grammar(error.to_string())
}

fn follow(lines: &[Node], vocabulary: &Vocabulary) -> Result<Matcher, GrammarError> {
    vocabulary.matcher(TopLevelGrammar::from_lark(lark::grammar(lines)))
}

/// The line that calls a tool, if there can be a value for all that it must have.
fn call(tool: &Capability, values: &Values<'_>) -> Option<Call> {
    let mut required = Vec::new();
    let mut optional = Vec::new();
    for parameter in &tool.parameters {
        let value = values.of(&parameter.value_type);
        let argument = value.map(|value| named(&parameter.name, value));
        if parameter.required {
            required.push(argument?);
        } else {
            optional.extend(argument);
        }
    }
    let name = Json::from(tool.name.as_str());
    let name = format!(r#"{{"id":"{}","tool":{name}"#, values.names.next_id());
    let line = Node::sequence([
        Node::text(&name),
        Node::text(r#","args":{"#),
        entries(required, optional),
        Node::text("}}\n"),
    ]);
    let head = match &line {
        Node::Sequence(parts) => parts.first(),
        single => Some(single),
    };
    match head {
        Some(Node::Text(head)) => Some(Call {
            name,
            head: head.clone(),
            line,
        }),
        _ => None,
    }
}

/// The line that names the steps to answer with, once there are any.
fn answer(names: &Names) -> Option<Node> {
    let steps: Vec<&str> = names.steps().rev().collect();
    let references = if steps.len() <= ANY_ORDER {
        in_any_order(&steps)
    } else {
        let in_order = steps.iter().rev().map(|id| reference(id));
        entries_of_some(in_order.collect())
    };
    Some(Node::sequence([
        Node::text(r#"{"answer":["#),
        references?,
        Node::text("]}\n"),
    ]))
}

/// One of the steps or more, each once, in any order.
fn in_any_order(steps: &[&str]) -> Option<Node> {
    let starts = steps.iter().map(|first| {
        let others: Vec<&str> = steps.iter().copied().filter(|each| each != first).collect();
        let more = in_any_order(&others);
        let more = more.map(|more| Node::sequence([Node::text(","), more]).optional());
        Node::sequence(std::iter::once(reference(first)).chain(more))
    });
    Node::choice(starts.collect())
}

/// One of these or more, in this order; the last alone comes first among the choices.
fn entries_of_some(references: Vec<Node>) -> Option<Node> {
    let starts = references.iter().enumerate().rev().map(|(index, first)| {
        let behind = references[index + 1..].iter();
        let behind = behind.map(|each| Node::sequence([Node::text(","), each.clone()]).optional());
        Node::sequence(std::iter::once(first.clone()).chain(behind))
    });
    Node::choice(starts.collect())
}

fn reference(id: &str) -> Node {
    Node::text(format!("\"${id}\""))
}
