//! The statements of a script's functions: the engine tells where a function's body is, and walks all bodies in one go.

use std::{collections::HashMap, sync::Arc};

use rhai::{AST, ASTNode, Position, Stmt};

/// A function of a script.
#[derive(Debug, Default)]
pub(super) struct Body {
    pub parameters: Vec<String>,
    pub statements: Vec<Stmt>,
}

/// The functions of a tree, by name and number of parameters.
#[derive(Debug)]
pub(super) struct Bodies(HashMap<(String, usize), Arc<Body>>);

/// Where a function's body is.
struct Span {
    key: (String, usize),
    from: Position,
    to: Position,
}

impl Bodies {
    pub(super) fn of(tree: &AST) -> Self {
        let library = tree.shared_lib();
        let mut bodies: HashMap<(String, usize), Body> = HashMap::new();
        let mut spans = Vec::new();
        for function in tree.iter_functions() {
            let key = (function.name.to_owned(), function.params.len());
            if let Some(known) = library.get_script_fn(&key.0, key.1) {
                spans.push(Span {
                    key: key.clone(),
                    from: known.body.start_position(),
                    to: known.body.end_position(),
                });
            }
            let parameters = function.params.iter().map(ToString::to_string);
            let body = Body {
                parameters: parameters.collect(),
                statements: Vec::new(),
            };
            bodies.insert(key, body);
        }
        let mut left = tree.statements().len();
        tree.walk(&mut |path: &[ASTNode<'_>]| {
            if let [ASTNode::Stmt(statement)] = path {
                // The script's own statements come first.
                if left > 0 {
                    left -= 1;
                } else if let Some(key) = innermost(&spans, statement.position())
                    && let Some(body) = bodies.get_mut(key)
                {
                    body.statements.push((*statement).clone());
                }
            }
            true
        });
        let bodies = bodies.into_iter();
        Self(bodies.map(|(key, body)| (key, Arc::new(body))).collect())
    }

    pub(super) fn get(&self, name: &str, parameters: usize) -> Option<Arc<Body>> {
        self.0.get(&(name.to_owned(), parameters)).cloned()
    }

    /// How many parameters a function has of which there is only one.
    pub(super) fn parameters_of(&self, name: &str) -> Option<usize> {
        let mut keys = self.0.keys();
        keys.find(|(known, _)| known == name)
            .map(|(_, count)| *count)
    }
}

/// The function whose body begins last of those around a position.
fn innermost(spans: &[Span], position: Position) -> Option<&(String, usize)> {
    // A body that is a single expression has no end.
    let is_in = |span: &&Span| match span.to.is_none() {
        true => span.from == position,
        false => span.from <= position && position <= span.to,
    };
    let around = spans.iter().filter(is_in);
    around.max_by_key(|span| span.from).map(|span| &span.key)
}
