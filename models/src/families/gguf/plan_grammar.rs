//! Holds a model to plans: whatever it writes is a valid plan over the tools at hand, even where its weights are random.
//!
//! A plan is written as JSON Lines, a step a line and the answer last. The grammar of a line is built when the line
//! before it has ended: what its steps give can be referred to from then on, by type, as validation has it. Where the
//! tokens that are left would not do for anything else, the shortest ending is taken.
//!
//! What a plan says well or badly, this module does not know.

mod ending;
mod error;
mod fork;
mod lark;
mod line;
mod names;
mod node;
mod numbers;
mod schema;
mod values;
mod vocabulary;

use std::{collections::VecDeque, sync::Arc};

use medley_orchestrator::{Addition, Capability, PlanShape, STEP_LIMIT};

use self::{ending::Costs, line::Line, line::engine, names::Names};
use super::constraint::{Constraint, ConstraintError, TokenMask};

pub(crate) use self::{error::GrammarError, schema::SchemaConstraint, vocabulary::Vocabulary};

/// Holds a reply to a plan in JSON Lines.
pub(crate) struct PlanConstraint {
    vocabulary: Vocabulary,
    tools: Vec<Arc<Capability>>,
    max_steps: usize,
    max_string: usize,
    /// Whether there may be no plan, since all is done.
    may_be_done: bool,
    names: Names,
    costs: Costs,
    /// The line that is being written; none once the plan has ended.
    line: Option<Line>,
    /// The tokens of the shortest ending, once there is room for nothing else.
    ending: VecDeque<u32>,
    /// What may come next, once that was asked.
    mask: Option<TokenMask>,
    /// How many tokens may still be written, once that was said.
    left: Option<usize>,
}

impl PlanConstraint {
    /// Holds a reply to plans of this shape.
    ///
    /// # Errors
    /// [`GrammarError::NoTool`] when no tool can be called, [`GrammarError::Grammar`] when the engine gives up.
    pub(crate) fn new(vocabulary: &Vocabulary, shape: &PlanShape) -> Result<Self, GrammarError> {
        let mut constraint = Self {
            vocabulary: vocabulary.clone(),
            tools: callable(&shape.capabilities),
            max_steps: shape.max_steps.clamp(1, STEP_LIMIT),
            max_string: shape.max_string,
            names: Names::new(&shape.inputs, &shape.earlier),
            may_be_done: shape.may_be_done,
            costs: Costs::new(vocabulary),
            line: None,
            ending: VecDeque::new(),
            mask: None,
            left: None,
        };
        constraint.start_line()?;
        Ok(constraint)
    }

    fn start_line(&mut self) -> Result<(), GrammarError> {
        let is_full = self.names.steps().len() >= self.max_steps;
        let tools = if is_full { &[] } else { self.tools.as_slice() };
        let line = Line::new(
            &self.names,
            tools,
            self.max_string,
            self.may_be_done,
            &mut self.costs,
            &self.vocabulary,
        )?;
        self.line = Some(line);
        Ok(())
    }

    /// The answer line that can end the plan behind the line that is being written, if that is a step.
    fn shortest_answer(&self) -> String {
        format!("{{\"answer\":[\"${}\"]}}\n", self.names.next_id())
    }

    /// How many tokens must be left for any token to be allowed.
    fn room(&self, line: &Line) -> usize {
        let answer = self.costs.of_bytes(self.shortest_answer().as_bytes());
        // One token more, and the end of text.
        line.rest() + answer + 2
    }

    /// The tokens of the shortest ending, without the end of text.
    fn shortest_ending(&mut self) -> Result<Vec<u32>, GrammarError> {
        let answer = self.shortest_answer();
        let Some(line) = &self.line else {
            return Ok(Vec::new());
        };
        let mut ending = line
            .ending(&mut self.costs)
            .ok_or_else(|| engine("the line has no end"))?;
        let whole = [line.written(), &ending].concat();
        if let Ok(Addition::Step(_)) = read_line(&whole) {
            ending.extend(answer.as_bytes());
        }
        Ok(self.vocabulary.tokens(&ending))
    }

    /// Takes the shortest ending if `left` tokens allow nothing else.
    fn mind_the_end(&mut self, left: usize) -> Result<(), GrammarError> {
        self.left = Some(left);
        let Some(line) = &self.line else {
            return Ok(());
        };
        if self.ending.is_empty() && left < self.room(line) {
            self.ending = self.shortest_ending()?.into();
        }
        let needed = self.ending.len() + 1;
        if !self.ending.is_empty() && left < needed {
            return Err(GrammarError::TooShort { needed, left });
        }
        Ok(())
    }

    fn next_mask(&mut self) -> Result<TokenMask, GrammarError> {
        let Some(line) = &mut self.line else {
            return Ok(self.vocabulary.only(self.vocabulary.end()));
        };
        if let Some(&next) = self.ending.front() {
            return Ok(self.vocabulary.only(next));
        }
        let mut tokens = line.matcher().compute_mask().map_err(engine)?;
        if line.is_open() {
            fork::balance(&mut tokens, line.written(), &self.vocabulary);
        }
        Ok(self.vocabulary.mask(&tokens))
    }

    /// Learns from a line that is complete.
    fn end_line(&mut self) -> Result<(), GrammarError> {
        let Some(line) = self.line.take() else {
            return Ok(());
        };
        if line.says_done() {
            return Ok(());
        }
        match read_line(line.written())? {
            Addition::Step(step) => {
                let tool = self.tools.iter().find(|tool| tool.name == step.tool);
                let tool = tool.ok_or_else(|| engine(format!("`{}` is no tool", step.tool)))?;
                self.names.add(Arc::clone(tool));
                self.start_line()
            }
            Addition::Answer(_) | Addition::End => Ok(()),
        }
    }
}

impl Constraint for PlanConstraint {
    fn mask(&mut self, left: usize) -> Result<Option<&TokenMask>, ConstraintError> {
        self.mind_the_end(left)?;
        let mask = self.next_mask()?;
        Ok(Some(self.mask.insert(mask)))
    }

    fn accept(&mut self, token: u32) -> Result<(), ConstraintError> {
        let mask = self.mask.take();
        if mask.is_some_and(|mask| !mask.allows(token)) {
            return Err(GrammarError::Refused(token).into());
        }
        self.left = self.left.map(|left| left.saturating_sub(1));
        let Some(line) = &mut self.line else {
            return match token == self.vocabulary.end() {
                true => Ok(()),
                false => Err(GrammarError::Refused(token).into()),
            };
        };
        if self.ending.front().is_some_and(|&next| next != token) {
            return Err(GrammarError::Refused(token).into());
        }
        line.accept(token, &mut self.costs, &self.vocabulary)?;
        self.ending.pop_front();
        if line.written().ends_with(b"\n") {
            self.end_line()?;
        }
        Ok(())
    }

    fn may_end(&self) -> bool {
        self.line.is_none()
    }

    /// Those that the vocabulary's longest tokens write; none before the first mask was asked for.
    fn forced(&mut self) -> Vec<u32> {
        if !self.ending.is_empty() {
            return self.ending.iter().copied().collect();
        }
        let (Some(left), Some(line)) = (self.left, &mut self.line) else {
            return Vec::new();
        };
        let bytes = line.matcher().compute_ff_bytes();
        let tokens = self.vocabulary.forced(&bytes);
        let room = self.line.as_ref().map_or(0, |line| self.room(line));
        if left < room + tokens.len() {
            return Vec::new();
        }
        tokens
    }
}

/// The tools that a plan can name, each once, with the parameters that an argument can be given for.
fn callable(capabilities: &[Capability]) -> Vec<Arc<Capability>> {
    let mut tools: Vec<Arc<Capability>> = Vec::new();
    for capability in capabilities {
        let is_new = !tools.iter().any(|tool| tool.name == capability.name);
        if is_new && !capability.name.is_empty() && !capability.name.contains('@') {
            tools.push(Arc::new(distinct(capability)));
        }
    }
    tools
}

/// The same without parameters whose name another has already.
fn distinct(capability: &Capability) -> Capability {
    let mut tool = capability.clone();
    tool.parameters.clear();
    for parameter in &capability.parameters {
        if tool.parameter(&parameter.name).is_none() {
            tool.parameters.push(parameter.clone());
        }
    }
    tool
}

fn read_line(line: &[u8]) -> Result<Addition, GrammarError> {
    let line = std::str::from_utf8(line).map_err(engine)?;
    Addition::from_json_line(line).map_err(engine)
}

#[cfg(test)]
mod tests;
