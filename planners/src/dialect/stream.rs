//! Gives the steps of a plan while it is being written, each the moment its line is complete.

use medley_orchestrator::DraftStep;

use super::{
    Dialect, Reading, ToolNames,
    drafting::Drafting,
    find::{self, Shape},
    lowering::Lowering,
    own::OwnSteps,
    read,
    repairs::Repairs,
    statements::{Statement, Statements},
    wrapping::{self, Region},
};

/// How often what is incomplete may be read again, on average, and how many bytes come on top.
const READINGS: usize = 8;
const ALLOWANCE: usize = 1 << 16;

/// Reads steps from a text that arrives in pieces.
///
/// Steps of JSON Lines and of `LLMCompiler` come one by one; other dialects are read when the text has ended.
pub struct StreamReader<'a> {
    tools: &'a ToolNames,
    text: String,
    /// Up to where the text has been read.
    at: usize,
    /// How much of the text is white space before anything is said; nothing once the model speaks.
    blank: Option<usize>,
    state: State<'a>,
    /// What the model thought last, while it is not known what it belongs to.
    thought: Option<Statement>,
    /// How many bytes may still be read in vain.
    fuel: usize,
}

enum State<'a> {
    /// Nothing of a plan has been seen.
    Undecided,
    JsonLines(Box<Drafting<'a>>, OwnSteps),
    Calls(Box<Lowering<'a>>),
    /// Another dialect, which is read as a whole.
    Whole,
}

/// What reading at a place came to.
enum Progress {
    /// A step, or nothing of a plan; the text goes on behind it.
    Passed(Vec<DraftStep>),
    /// More text is needed.
    Waits,
}

impl<'a> StreamReader<'a> {
    /// A reader of nothing yet.
    #[must_use]
    pub fn new(tools: &'a ToolNames) -> Self {
        Self {
            tools,
            text: String::new(),
            at: 0,
            blank: Some(0),
            state: State::Undecided,
            thought: None,
            fuel: ALLOWANCE,
        }
    }

    /// Takes the next piece of the text, and gives the steps that it completes.
    pub fn push(&mut self, piece: &str) -> Vec<DraftStep> {
        self.text.push_str(piece);
        self.fuel += piece.len() * READINGS;
        if !piece.contains('\n') || matches!(self.state, State::Whole) {
            return Vec::new();
        }
        self.advance()
    }

    /// Ends the text, and gives all of the plan; the steps that were given before are the first of it.
    #[must_use]
    pub fn finish(mut self) -> Reading {
        self.text.push('\n');
        self.fuel = usize::MAX;
        self.advance();
        let rest = self.text.get(self.at..).unwrap_or_default();
        let is_cut = !rest.trim().is_empty();
        match self.state {
            State::Undecided | State::Whole => {
                self.text.pop();
                read(&self.text, self.tools)
            }
            State::JsonLines(mut drafting, _) => {
                drafting.is_cut = is_cut;
                drafting.finish(Dialect::JsonLines)
            }
            State::Calls(mut lowering) => {
                lowering.drafting.is_cut = is_cut;
                let dialect = lowering.dialect();
                lowering.drafting.finish(dialect)
            }
        }
    }

    /// Reads as many complete lines as there are.
    fn advance(&mut self) -> Vec<DraftStep> {
        let mut steps = Vec::new();
        if !self.pass_thoughts() {
            return steps;
        }
        while !matches!(self.state, State::Whole) {
            let Some(length) = self.text[self.at..].find('\n') else {
                break;
            };
            let line = self.text[self.at..self.at + length].trim_start();
            let progress = if line.starts_with('{') && find::is_opening(line) {
                self.object(self.at + length - line.len())
            } else if line.starts_with('[') || line.starts_with("<tool_call>") {
                self.leave()
            } else {
                self.statement(length)
            };
            match progress {
                Progress::Passed(more) => steps.extend(more),
                Progress::Waits => break,
            }
        }
        steps
    }

    /// Passes what the model thinks before it speaks; false while it still thinks.
    fn pass_thoughts(&mut self) -> bool {
        let Some(blank) = self.blank else {
            return true;
        };
        let start = self.text[blank..].trim_start();
        self.blank = Some(self.text.len() - start.len());
        // The tag itself may arrive in pieces.
        if start.is_empty() {
            return false;
        }
        match wrapping::behind_thoughts(&self.text) {
            Some(said) => {
                self.at = self.text.len() - said.len();
                self.blank = None;
                true
            }
            None => false,
        }
    }

    /// Another dialect: nothing more is read before the end, if nothing has been given yet.
    fn leave(&mut self) -> Progress {
        if matches!(self.state, State::Undecided) {
            self.state = State::Whole;
            return Progress::Waits;
        }
        let line = self.text[self.at..].find('\n').unwrap_or_default();
        self.at += line + 1;
        Progress::Passed(Vec::new())
    }

    fn object(&mut self, start: usize) -> Progress {
        let cost = self.text.len() - start;
        if cost > self.fuel {
            return Progress::Waits;
        }
        let mut noted = Repairs::default();
        let region = Region {
            text: &self.text,
            is_whole: false,
        };
        let found = find::read_at(region, start, &mut noted);
        if found.is_cut {
            self.fuel -= cost;
            return Progress::Waits;
        }
        let Some(candidate) = found.candidate else {
            return self.leave();
        };
        if !matches!(candidate.shape, Shape::Step | Shape::Answer) || candidate.is_list {
            return self.leave();
        }
        if matches!(self.state, State::Undecided) {
            self.state = State::JsonLines(Box::new(Drafting::new(self.tools)), OwnSteps::default());
        }
        let State::JsonLines(drafting, own) = &mut self.state else {
            return self.leave();
        };
        drafting.repairs.extend(noted);
        self.at = found.end;
        let steps = candidate
            .objects
            .into_iter()
            .filter_map(|object| own.line(object, drafting));
        Progress::Passed(steps.collect())
    }

    fn statement(&mut self, length: usize) -> Progress {
        let cost = self.text.len() - self.at;
        if cost > self.fuel {
            return Progress::Waits;
        }
        let mut noted = Repairs::default();
        let read = Statements::new(&self.text, self.at, false).next(&mut noted);
        let Some(line) = read else {
            return Progress::Waits;
        };
        if line.is_cut {
            self.fuel -= cost;
            return Progress::Waits;
        }
        let is_call = matches!(line.statement, Statement::Numbered(..));
        if is_call && matches!(self.state, State::Undecided) {
            let mut lowering = Lowering::new(Drafting::new(self.tools));
            lowering.take(self.thought.take().unwrap_or(Statement::Prose));
            self.state = State::Calls(Box::new(lowering));
        }
        match (&mut self.state, line.statement) {
            (State::Undecided, Statement::Prose) => {
                self.at += length + 1;
                Progress::Passed(Vec::new())
            }
            // Thoughts belong to `ReAct` as well.
            (State::Undecided, thought @ Statement::Thought(_)) => {
                self.thought = Some(thought);
                self.at += length + 1;
                Progress::Passed(Vec::new())
            }
            (State::Undecided, _) => self.leave(),
            (State::Calls(lowering), statement) => {
                lowering.drafting.repairs.extend(noted);
                self.at = line.end;
                Progress::Passed(lowering.take(statement))
            }
            _ => {
                self.at += length + 1;
                Progress::Passed(Vec::new())
            }
        }
    }
}
