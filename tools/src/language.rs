//! Tools that a configured language model does: translating, summarizing, answering, rewriting, writing.
//!
//! They are there only where a model is, so that no planner counts on what nobody can do. What a call asks counts
//! against the run's budget.

mod passages;
mod question_answering;
mod rewrite;
mod summarization;
mod text_generation;
mod translation;
mod writer;

use medley_models::language::{LanguageModels, ModelRole};
use medley_orchestrator::{Registry, RegistryError};

pub use self::{
    question_answering::QuestionAnswering, rewrite::Rewrite, summarization::Summarization,
    text_generation::TextGeneration, translation::Translation,
};

/// Adds the tools that language models do: summaries by the model of the role `summary`, the others by that of
/// `refiner`. A role without a model has no tools.
///
/// # Errors
/// When another provider of the same name is there already, or a name is taken by a different capability.
pub fn register(registry: &mut Registry, models: &LanguageModels) -> Result<(), RegistryError> {
    let refiner = models.of_role(ModelRole::Refiner);
    let summary = models
        .of_role(ModelRole::Summary)
        .or_else(|| refiner.clone());
    if let Some(model) = summary {
        registry.register(Summarization::new(model))?;
    }
    if let Some(model) = refiner {
        registry.register(Translation::new(model.clone()))?;
        registry.register(QuestionAnswering::new(model.clone()))?;
        registry.register(Rewrite::new(model.clone()))?;
        registry.register(TextGeneration::new(model))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
