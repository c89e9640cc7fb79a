//! The tools that a plan may call, so that written names and arguments without names find theirs.

use std::collections::HashMap;

use medley_orchestrator::Registry;
use serde_json::{Map, Value as Json};

use super::repairs::Repairs;

/// The names of tools, and of their parameters in order.
#[derive(Debug, Clone, Default)]
pub struct ToolNames {
    parameters: HashMap<String, Vec<String>>,
    /// Names by what is left of them without case and punctuation; `None` where two tools share it.
    folded: HashMap<String, Option<String>>,
}

impl ToolNames {
    /// These tools, each with the names of its parameters in order.
    #[must_use]
    pub fn new<Name, Parameter>(
        tools: impl IntoIterator<Item = (Name, impl IntoIterator<Item = Parameter>)>,
    ) -> Self
    where
        Name: Into<String>,
        Parameter: Into<String>,
    {
        let mut names = Self::default();
        for (name, parameters) in tools {
            names.add(
                name.into(),
                parameters.into_iter().map(Into::into).collect(),
            );
        }
        names
    }

    /// The tools that a registry shows to planners.
    #[must_use]
    pub fn of(registry: &Registry) -> Self {
        Self::new(registry.plannable().map(|capability| {
            let parameters = capability.parameters.iter();
            (
                capability.name.clone(),
                parameters.map(|each| each.name.clone()),
            )
        }))
    }

    fn add(&mut self, name: String, parameters: Vec<String>) {
        self.folded
            .entry(fold(&name))
            .and_modify(|known| *known = None)
            .or_insert_with(|| Some(name.clone()));
        self.parameters.insert(name, parameters);
    }

    /// The tool that is meant by `written`: the same name, or the only one that differs in case and punctuation alone.
    pub(super) fn resolve(&self, written: &str, repairs: &mut Repairs) -> String {
        let written = written.trim();
        if self.parameters_of(written).is_some() {
            return written.to_owned();
        }
        match self.folded.get(&fold(written)) {
            Some(Some(name)) => {
                repairs.note("tools were written with other punctuation or case");
                name.clone()
            }
            _ => written.to_owned(),
        }
    }

    /// The parameters of a tool that is known, by `name` or `name@version`.
    pub(super) fn parameters_of(&self, tool: &str) -> Option<&[String]> {
        let name = tool.split_once('@').map_or(tool, |(name, _)| name);
        self.parameters.get(name).map(Vec::as_slice)
    }

    /// Arguments by name; those without one take the parameters in order, and `arg1`, `arg2` where there are none.
    pub(super) fn arrange(
        &self,
        tool: &str,
        arguments: Vec<(Option<String>, Json)>,
        repairs: &mut Repairs,
    ) -> Map<String, Json> {
        let parameters = self.parameters_of(tool).unwrap_or_default();
        let mut arranged = Map::new();
        for (position, (name, value)) in arguments.into_iter().enumerate() {
            let name = name.unwrap_or_else(|| match parameters.get(position) {
                Some(parameter) => parameter.clone(),
                None => format!("arg{}", position + 1),
            });
            if arranged.insert(name, value).is_some() {
                repairs.note("an argument was given twice; the last one counts");
            }
        }
        arranged
    }
}

/// A name without case and punctuation.
pub(super) fn fold(name: &str) -> String {
    name.chars()
        .filter(|each| each.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}
