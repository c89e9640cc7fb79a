//! What values of a script may have come from.

use std::collections::{BTreeSet, HashMap};

use rhai::Expr;

/// What a value may have come from.
#[derive(Debug, Clone, Default)]
pub(super) struct Flow {
    /// Calls of tools, by their numbers.
    pub steps: BTreeSet<usize>,
    pub closures: Vec<Closure>,
}

/// A function as a value, with what it holds.
#[derive(Debug, Clone)]
pub(super) struct Closure {
    pub name: String,
    pub captured: Vec<Flow>,
}

/// The variables of a function.
#[derive(Debug, Default)]
pub(super) struct Frame {
    pub module: String,
    pub variables: HashMap<String, Flow>,
    pub returned: Flow,
}

impl Flow {
    pub(super) fn join(&mut self, other: Self) {
        self.steps.extend(other.steps);
        self.closures.extend(other.closures);
    }

    pub(super) fn of(flows: impl IntoIterator<Item = Self>) -> Self {
        let mut all = Self::default();
        for flow in flows {
            all.join(flow);
        }
        all
    }

    pub(super) fn of_step(step: usize) -> Self {
        Self {
            steps: BTreeSet::from([step]),
            closures: Vec::new(),
        }
    }

    pub(super) fn of_closure(closure: Closure) -> Self {
        Self {
            steps: BTreeSet::new(),
            closures: vec![closure],
        }
    }
}

/// The variable that an expression is a part of.
pub(super) fn base(expression: &Expr) -> Option<String> {
    match expression {
        Expr::Variable(variable, ..) => Some(variable.1.to_string()),
        Expr::Dot(pair, ..) | Expr::Index(pair, ..) => base(&pair.lhs),
        _ => None,
    }
}
