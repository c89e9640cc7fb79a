//! What a model is asked with, and what it is held to if it can be.

use medley_orchestrator::{ChatModel, ChatRequest, Message, PlanShape, ResponseFormat, Situation};

use super::{
    super::{PlanForm, prompt},
    Writing,
};

impl Writing<'_> {
    pub(super) fn request(&self, model: &dyn ChatModel, messages: &[Message]) -> ChatRequest {
        let tools = match self.form {
            PlanForm::Lines => Vec::new(),
            PlanForm::Calls => prompt::callable(&self.tools),
        };
        ChatRequest {
            tools,
            temperature: Some(0.0),
            format: match model.profile().supports.plans && self.form == PlanForm::Lines {
                true => ResponseFormat::Plan(Box::new(self.shape())),
                false => ResponseFormat::Text,
            },
            ..ChatRequest::new(messages.to_vec())
        }
    }

    /// What a model that is held to plans may write: what is known already has its name.
    fn shape(&self) -> PlanShape {
        let Situation {
            registry,
            request,
            scope,
            rounds,
            ..
        } = self.situation;
        let mut shape = PlanShape {
            capabilities: self.tools.iter().map(|&tool| tool.clone()).collect(),
            may_be_done: !rounds.is_empty(),
            ..PlanShape::of(registry, request).after(scope)
        };
        for step in &self.accepted.steps {
            let outputs = registry
                .get(&step.tool)
                .map(|entry| &entry.capability.outputs);
            let outputs = outputs.cloned().unwrap_or_default();
            shape.earlier.push((step.id.clone(), outputs));
        }
        shape
    }
}
