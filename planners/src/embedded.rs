//! The planner without a language model: clauses, matching, arguments, graph.
//!
//! A request is split into clauses; each is matched to a capability by sentence embeddings and words; numbers, choices,
//! languages and quotations become arguments; and the steps are connected by what the words refer to and what the types
//! allow, with tools put in between where a type is missing. What cannot be planned is declined as a whole.

mod arguments;
mod assembly;
mod bridge;
mod chinese;
mod clauses;
mod decline;
mod encoder;
mod holdings;
mod interpret;
mod language;
mod matching;
mod tokens;
mod vector_cache;
mod vocabulary;

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use medley_models::ModelError;
use medley_orchestrator::{
    Capability, Decision, Decline, Planner, PlannerError, Request, Situation,
};
use tokio_util::sync::CancellationToken;

pub use encoder::{Encoder, LazyEncoder};
pub use vocabulary::VocabularyError;

use self::{
    assembly::Assembly,
    decline::Decliner,
    interpret::{Interpreter, Reading},
    matching::{Index, Meaning},
    tokens::TokenKind,
    vocabulary::Vocabulary,
};

/// Plans requests in English and Chinese without a language model.
///
/// It plans once, from the request alone; what the steps give is not looked at.
pub struct EmbeddedPlanner(Arc<Shared>);

struct Shared {
    vocabulary: Vocabulary,
    encoder: Box<dyn Encoder>,
    cache: PathBuf,
    /// The index of the registry that was planned for last.
    index: Mutex<Option<(Vec<Capability>, Arc<Index>)>>,
}

impl EmbeddedPlanner {
    /// A planner that keeps the embeddings of tools in the directory `cache`. Loads nothing yet.
    ///
    /// # Errors
    /// If a data file that the program was built with is not usable.
    pub fn new(
        encoder: impl Encoder + 'static,
        cache: impl Into<PathBuf>,
    ) -> Result<Self, VocabularyError> {
        Ok(Self(Arc::new(Shared {
            vocabulary: Vocabulary::built_in()?,
            encoder: Box::new(encoder),
            cache: cache.into(),
            index: Mutex::default(),
        })))
    }
}

#[async_trait]
impl Planner for EmbeddedPlanner {
    async fn decide(&self, situation: &Situation<'_>) -> Result<Decision, PlannerError> {
        if !situation.rounds.is_empty() {
            return Ok(Decision::Finish);
        }
        let shared = Arc::clone(&self.0);
        let request = situation.request.clone();
        let capabilities: Vec<Capability> = situation.registry.plannable().cloned().collect();
        let cancel = situation.cancel.clone();
        tokio::task::spawn_blocking(move || shared.plan(&request, &capabilities, &cancel))
            .await
            .map_err(|failure| PlannerError {
                code: "planner_stopped",
                message: "the planner stopped on a defect of its own".to_owned(),
                hint: Some("report it, with the request".to_owned()),
                source: Some(failure.into()),
            })?
            .map_err(model_failure)
    }
}

fn model_failure(error: ModelError) -> PlannerError {
    PlannerError {
        code: "planner_model",
        message: "the model that reads requests cannot be used".to_owned(),
        hint: error.hint(),
        source: Some(error.into()),
    }
}

impl Shared {
    fn plan(
        &self,
        request: &Request,
        capabilities: &[Capability],
        cancel: &CancellationToken,
    ) -> Result<Decision, ModelError> {
        let vocabulary = &self.vocabulary;
        let names: Vec<&str> = request
            .attachments
            .iter()
            .map(|attachment| attachment.name.as_str())
            .collect();
        let tokens = tokens::tokenize(&request.text, &names, vocabulary);
        if request.text.trim().is_empty() {
            return Ok(Decision::Decline(decline::empty()));
        }
        if let Some(language) = language::unreadable(&request.text, &tokens, &vocabulary.languages)
        {
            return Ok(Decision::Decline(decline::foreign(&language)));
        }
        let index = self.index(capabilities, cancel)?;
        let starts_action =
            |word: &str| vocabulary.words.verbs.contains(word) || index.is_action_word(word);
        let clauses = clauses::split(&tokens, &vocabulary.words, &starts_action);
        let interpreter = Interpreter {
            vocabulary,
            index: &index,
            encoder: &*self.encoder,
            capabilities,
            attachments: &request.attachments,
            cancel,
        };
        let readings = interpreter.read(clauses)?;
        Ok(match self.assemble(request, capabilities, &readings) {
            Ok(decision) => decision,
            Err(decline) => Decision::Decline(decline),
        })
    }

    /// The index of these capabilities; the last one is kept.
    fn index(
        &self,
        capabilities: &[Capability],
        cancel: &CancellationToken,
    ) -> Result<Arc<Index>, ModelError> {
        let mut kept = self.index.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, index)) = &*kept
            && of == capabilities
        {
            return Ok(Arc::clone(index));
        }
        let index = Arc::new(Index::build(
            capabilities,
            &self.vocabulary,
            &*self.encoder,
            &self.cache,
            cancel,
        )?);
        *kept = Some((capabilities.to_vec(), Arc::clone(&index)));
        Ok(index)
    }

    fn assemble(
        &self,
        request: &Request,
        capabilities: &[Capability],
        readings: &[Reading],
    ) -> Result<Decision, Decline> {
        if readings.is_empty() {
            return Err(decline::nothing_asked());
        }
        let decliner = Decliner {
            capabilities,
            attachments: &request.attachments,
            vocabulary: &self.vocabulary,
            request: &request.text,
        };
        let mut assembly = Assembly::new(capabilities, request, &self.vocabulary);
        let mut notes = Vec::new();
        for reading in readings {
            let capability = self.choose(reading, &assembly, &decliner)?;
            assembly
                .add(reading, capability)
                .map_err(|obstacle| decliner.obstacle(reading, capability, &obstacle))?;
            notes.extend(unknown_words(reading));
        }
        Ok(Decision::Add {
            draft: assembly.finish(),
            notes,
        })
    }

    /// The capability that a clause asks for; one whose inputs are at hand goes before one that is hardly nearer.
    fn choose(
        &self,
        reading: &Reading,
        assembly: &Assembly<'_>,
        decliner: &Decliner<'_>,
    ) -> Result<usize, Decline> {
        let settings = &self.vocabulary.settings;
        let Some(best) = reading.matches.first() else {
            return Err(decliner.not_understood(reading));
        };
        if best.score < settings.accept || self.unknown_share(reading) > settings.unknown_characters
        {
            return Err(decliner.not_understood(reading));
        }
        let Meaning::Capability(capability) = best.meaning else {
            return Err(match best.meaning {
                Meaning::MissingTask(task) => decliner.missing_task(reading, task),
                _ => decliner.not_understood(reading),
            });
        };
        if assembly.try_add(reading, capability) == Ok(()) {
            return Ok(capability);
        }
        let least = settings.accept.max(best.score - settings.margin);
        let other = reading
            .matches
            .iter()
            .take_while(|each| each.score >= least)
            .filter_map(|each| match each.meaning {
                Meaning::Capability(index) => Some(index),
                _ => None,
            })
            .find(|index| assembly.try_add(reading, *index).is_ok());
        Ok(other.unwrap_or(capability))
    }

    /// The share of characters that the phrase table does not know.
    #[expect(
        clippy::cast_precision_loss,
        reason = "a request has fewer than 2^23 characters"
    )]
    fn unknown_share(&self, reading: &Reading) -> f32 {
        let tokens = &reading.clause.tokens;
        let unknown = tokens
            .iter()
            .filter(|token| token.kind == TokenKind::Unknown)
            .count();
        let mut places: Vec<_> = tokens.iter().map(|token| token.source.start).collect();
        places.dedup();
        unknown as f32 / places.len().max(1) as f32
    }
}

/// A note of the characters in a clause that were passed over.
fn unknown_words(reading: &Reading) -> Option<String> {
    let unknown: String = reading
        .clause
        .tokens
        .iter()
        .filter(|token| token.kind == TokenKind::Unknown)
        .map(|token| token.text.as_str())
        .collect();
    (!unknown.is_empty())
        .then(|| format!("these characters were not understood and passed over: {unknown}"))
}

#[cfg(test)]
mod tests;
