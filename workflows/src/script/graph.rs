//! The graph of a script before it runs: which call may take something from which, read off its text.
//!
//! Values are followed through variables, functions and closures; what is taken in any branch and in any round of a loop
//! is drawn once. What a running script adds is this graph with its branches taken and its loops unrolled.

mod bodies;
mod flow;

use std::collections::HashMap;

use medley_orchestrator::{GraphPicture, PicturedStep};
use rhai::{AST, ASTFlags, Expr, FnCallExpr, FnPtr, Position, Stmt};

use self::{
    bodies::Bodies,
    flow::{Closure, Flow, Frame, base},
};
use super::Texts;

/// How deep functions are followed into each other.
const DEPTH: usize = 16;

/// How many statements are read, those of a function once for each place that calls it: enough for any that people write.
const MOST: usize = 20_000;

/// Draws the calls of `tools` in a script.
pub(super) fn draw(
    tree: &AST,
    modules: &HashMap<String, AST>,
    texts: &Texts,
    is_tool: &dyn Fn(&str) -> bool,
) -> GraphPicture {
    let mut reader = Reader {
        trees: std::iter::once((String::new(), tree))
            .chain(modules.iter().map(|(name, tree)| (name.clone(), tree)))
            .map(|(name, tree)| (name, (tree, Bodies::of(tree))))
            .collect(),
        texts,
        is_tool,
        steps: Vec::new(),
        known: HashMap::new(),
        read: 0,
        calls: Vec::new(),
        notes: Vec::new(),
    };
    let mut frame = Frame::default();
    reader.statements(tree.statements(), &mut frame);
    GraphPicture {
        steps: reader.steps,
    }
}

struct Reader<'a> {
    /// The trees of the script and its modules, by name.
    trees: HashMap<String, (&'a AST, Bodies)>,
    texts: &'a Texts,
    is_tool: &'a dyn Fn(&str) -> bool,
    steps: Vec<PicturedStep>,
    /// Places that have a step already, with the functions that led there.
    known: HashMap<(Vec<String>, String, Position), usize>,
    /// How many statements were read.
    read: usize,
    /// The functions that are being read.
    calls: Vec<String>,
    /// What holds for the calls that are being read.
    notes: Vec<&'static str>,
}

impl Reader<'_> {
    fn statements(&mut self, statements: &[Stmt], frame: &mut Frame) -> Flow {
        let mut last = Flow::default();
        for statement in statements {
            last = self.statement(statement, frame);
        }
        last
    }

    fn noted<T>(&mut self, note: &'static str, work: impl FnOnce(&mut Self) -> T) -> T {
        self.notes.push(note);
        let done = work(self);
        self.notes.pop();
        done
    }

    fn statement(&mut self, statement: &Stmt, frame: &mut Frame) -> Flow {
        self.read += 1;
        if self.read > MOST {
            return Flow::default();
        }
        match statement {
            Stmt::If(branches, _) => {
                self.expression(&branches.expr, frame);
                self.noted("if", |this| {
                    let mut flow = this.statements(branches.body.statements(), frame);
                    flow.join(this.statements(branches.branch.statements(), frame));
                    flow
                })
            }
            Stmt::Switch(switch, _) => {
                self.expression(&switch.0, frame);
                self.noted("if", |this| {
                    let cases = switch.1.expressions.iter();
                    Flow::of(cases.map(|case| this.expression(&case.rhs, frame)))
                })
            }
            Stmt::While(body, _) | Stmt::Do(body, ..) => {
                self.expression(&body.expr, frame);
                self.looped(body.body.statements(), frame)
            }
            Stmt::For(heads, _) => {
                let (item, counter, body) = &**heads;
                let over = self.expression(&body.expr, frame);
                frame.variables.insert(item.name.to_string(), over);
                if let Some(counter) = counter {
                    frame
                        .variables
                        .insert(counter.name.to_string(), Flow::default());
                }
                self.looped(body.body.statements(), frame)
            }
            Stmt::Var(variable, ..) => {
                let flow = self.expression(&variable.1, frame);
                frame.variables.insert(variable.0.name.to_string(), flow);
                Flow::default()
            }
            Stmt::Assignment(assignment) => {
                let flow = self.expression(&assignment.1.rhs, frame);
                self.expression(&assignment.1.lhs, frame);
                if let Some(name) = base(&assignment.1.lhs) {
                    // What stood there before may still be a part of it.
                    frame.variables.entry(name).or_default().join(flow);
                }
                Flow::default()
            }
            Stmt::FnCall(call, position) => self.call(call, None, *position, frame),
            Stmt::Block(block) => self.statements(block.statements(), frame),
            Stmt::TryCatch(parts, _) => {
                let flow = self.statements(parts.body.statements(), frame);
                self.noted("if", |this| {
                    this.statements(parts.branch.statements(), frame)
                });
                flow
            }
            Stmt::Expr(expression) => self.expression(expression, frame),
            Stmt::Return(Some(value), flags, _) => {
                let flow = self.expression(value, frame);
                if !flags.intersects(ASTFlags::BREAK) {
                    frame.returned.join(flow);
                }
                Flow::default()
            }
            Stmt::BreakLoop(Some(value), ..) => self.expression(value, frame),
            _ => Flow::default(),
        }
    }

    /// Twice, since what one round leaves in a variable the next one may take.
    fn looped(&mut self, body: &[Stmt], frame: &mut Frame) -> Flow {
        self.noted("repeated", |this| {
            this.statements(body, frame);
            this.statements(body, frame)
        })
    }

    fn expression(&mut self, expression: &Expr, frame: &mut Frame) -> Flow {
        match expression {
            Expr::Variable(variable, ..) => frame
                .variables
                .get(variable.1.as_str())
                .cloned()
                .unwrap_or_default(),
            Expr::DynamicConstant(value, _) => {
                let closure = value.read_lock::<FnPtr>().map(|function| Closure {
                    name: function.fn_name().to_owned(),
                    captured: Vec::new(),
                });
                closure.map(Flow::of_closure).unwrap_or_default()
            }
            Expr::InterpolatedString(parts, _) | Expr::Array(parts, _) => {
                Flow::of(parts.iter().map(|part| self.expression(part, frame)))
            }
            Expr::Map(fields, _) => {
                let fields = fields.0.iter();
                Flow::of(fields.map(|(_, field)| self.expression(field, frame)))
            }
            Expr::Stmt(block) => self.statements(block.statements(), frame),
            Expr::FnCall(call, position) => self.call(call, None, *position, frame),
            Expr::Dot(pair, ..) => {
                let object = self.expression(&pair.lhs, frame);
                self.of_object(object, base(&pair.lhs), &pair.rhs, frame)
            }
            Expr::Index(pair, ..) => {
                let object = self.expression(&pair.lhs, frame);
                self.expression(&pair.rhs, frame);
                object
            }
            Expr::And(parts, _) | Expr::Or(parts, _) | Expr::Coalesce(parts, _) => {
                Flow::of(parts.iter().map(|part| self.expression(part, frame)))
            }
            _ => Flow::default(),
        }
    }

    /// What stands behind a dot.
    fn of_object(
        &mut self,
        object: Flow,
        name: Option<String>,
        rest: &Expr,
        frame: &mut Frame,
    ) -> Flow {
        match rest {
            Expr::MethodCall(call, position) => {
                let flow = self.call(call, Some(object), *position, frame);
                // `list.push(x)` changes the list.
                if let (Some(name), false) = (name, (self.is_tool)(&call.name)) {
                    frame.variables.entry(name).or_default().join(flow.clone());
                }
                flow
            }
            Expr::Dot(pair, ..) | Expr::Index(pair, ..) => {
                let flow = self.of_object(object, name, &pair.lhs, frame);
                self.of_object(flow, None, &pair.rhs, frame)
            }
            _ => object,
        }
    }

    fn call(
        &mut self,
        call: &FnCallExpr,
        object: Option<Flow>,
        position: Position,
        frame: &mut Frame,
    ) -> Flow {
        let name = call.name.as_str();
        let mut given: Vec<Flow> = object.clone().into_iter().collect();
        for argument in &call.args {
            given.push(self.expression(argument, frame));
        }
        if (self.is_tool)(name) && call.namespace.is_empty() {
            return self.step(name, Flow::of(given), position, frame);
        }
        let module = match call.namespace.is_empty() {
            true => frame.module.clone(),
            false => self.module_of(call.namespace.root(), &frame.module),
        };
        if let Some(flow) = self.own(&module, name, &given, object.is_some()) {
            return flow;
        }
        match name {
            "curry" => {
                let mut function = given.remove(0);
                for closure in &mut function.closures {
                    closure.captured.extend(given.iter().cloned());
                }
                function
            }
            _ => self.with_closures(name, given, &module),
        }
    }

    /// A function that is not the script's own: it may call every closure that it is given.
    fn with_closures(&mut self, name: &str, given: Vec<Flow>, module: &str) -> Flow {
        let note = match name {
            "map" => Some("for each"),
            "parallel" | "call" => None,
            _ => Some("repeated"),
        };
        let mut all = Flow::of(given);
        let closures = std::mem::take(&mut all.closures);
        for closure in closures {
            let item = Flow {
                steps: all.steps.clone(),
                closures: Vec::new(),
            };
            let run = |this: &mut Self| this.closure(&closure, &item, module);
            let flow = match note {
                Some(note) => self.noted(note, run),
                None => run(self),
            };
            all.join(flow);
        }
        all
    }

    fn closure(&mut self, closure: &Closure, item: &Flow, module: &str) -> Flow {
        let bodies = self.trees.get(module).map(|(_, bodies)| bodies);
        let parameters = bodies.and_then(|bodies| bodies.parameters_of(&closure.name));
        let Some(parameters) = parameters else {
            return Flow::default();
        };
        let mut given = closure.captured.clone();
        given.resize(parameters, item.clone());
        self.own(module, &closure.name, &given, false)
            .unwrap_or_default()
    }

    /// A function of the script's own.
    fn own(&mut self, module: &str, name: &str, given: &[Flow], is_method: bool) -> Option<Flow> {
        let bodies = &self.trees.get(module)?.1;
        let arguments = if is_method { given.get(1..)? } else { given };
        let function = bodies
            .get(name, given.len())
            .map(|function| (function, given))
            .or_else(|| Some((bodies.get(name, arguments.len())?, arguments)));
        let (function, given) = function?;
        if self.calls.len() >= DEPTH || self.calls.iter().any(|known| known == name) {
            return Some(Flow::of(given.iter().cloned()));
        }
        let parameters = function.parameters.iter().cloned();
        let mut frame = Frame {
            module: module.to_owned(),
            variables: parameters.zip(given.iter().cloned()).collect(),
            returned: Flow::default(),
        };
        self.calls.push(name.to_owned());
        let mut flow = self.statements(&function.statements, &mut frame);
        self.calls.pop();
        flow.join(frame.returned);
        Some(flow)
    }

    fn module_of(&self, alias: &str, module: &str) -> String {
        let tree = self.trees.get(module);
        let imports = tree.map(|(tree, _)| super::check::imports(tree));
        let imports = imports.unwrap_or_default();
        imports.get(alias).cloned().unwrap_or_default()
    }

    fn step(&mut self, tool: &str, from: Flow, position: Position, frame: &Frame) -> Flow {
        let place = (self.calls.clone(), frame.module.clone(), position);
        let next = self.steps.len();
        let node = *self.known.entry(place).or_insert(next);
        if node == next {
            let (line, column) = self.texts.locate(&frame.module, position);
            let mut id = format!("{tool}_{line}_{column}");
            while self.steps.iter().any(|step| step.id == id) {
                id.push('_');
            }
            self.steps.push(PicturedStep {
                id,
                tool: tool.to_owned(),
                why: Some(format!("line {line}")),
                note: self.notes.last().map(|note| (*note).to_owned()),
                ..PicturedStep::default()
            });
        }
        let before: Vec<String> = from
            .steps
            .iter()
            .filter(|&&step| step != node)
            .map(|&step| self.steps[step].id.clone())
            .collect();
        let after = &mut self.steps[node].after;
        for id in before {
            if !after.contains(&id) {
                after.push(id);
            }
        }
        Flow::of_step(node)
    }
}
