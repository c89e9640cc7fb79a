//! What fits a request best: tools where there are more than a prompt can hold, and examples.
//!
//! It shares the model and the embeddings of tools with the planner that it comes from.

use std::{collections::BTreeMap, sync::Arc};

use medley_models::Models;
use medley_orchestrator::{Capability, Registry};
use tokio_util::sync::CancellationToken;

use super::{
    EmbeddedPlanner, Failure, Shared, clauses,
    matching::{Meaning, cosine},
    tokens,
};

/// Finds the capabilities and the texts that are nearest to a request in meaning and in words.
///
/// Every method blocks: a few milliseconds a clause, and once a list of tools as much for each tool that is not in the
/// cache on disk. Async callers go through `spawn_blocking`; clones share everything.
#[derive(Clone)]
pub struct Retriever(Arc<Shared>);

/// Why nothing can be looked up.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct RetrievalError(#[from] Failure);

impl EmbeddedPlanner {
    /// A retriever that shares this planner's model.
    #[must_use]
    pub fn retriever(&self) -> Retriever {
        Retriever(Arc::clone(&self.0))
    }
}

impl Retriever {
    /// A retriever with the encoder of these models. Loads nothing yet.
    #[must_use]
    pub fn new(models: &Models) -> Self {
        EmbeddedPlanner::new(models).retriever()
    }

    /// Whether it can be asked without fetching anything.
    #[must_use]
    pub fn is_here(&self) -> bool {
        self.0.encoder.is_here()
    }

    /// The places of the `count` capabilities that fit a request best, the best first.
    ///
    /// Each clause of the request has its say: what is best for one clause goes before what is second best for another.
    ///
    /// # Errors
    /// When the model is not here and cannot be fetched, or fails.
    pub fn capabilities(
        &self,
        request: &str,
        capabilities: &[Capability],
        count: usize,
        cancel: &CancellationToken,
    ) -> Result<Vec<usize>, RetrievalError> {
        if capabilities.len() <= count {
            return Ok((0..capabilities.len()).collect());
        }
        let shared = &self.0;
        let vocabulary = shared.vocabulary()?;
        let index = shared
            .index(capabilities, vocabulary, cancel)
            .map_err(Failure::Model)?;
        let texts = self.texts(request)?;
        let borrowed: Vec<&str> = texts.iter().map(String::as_str).collect();
        let vectors = shared
            .encoder
            .embed(&borrowed, cancel)
            .map_err(Failure::Model)?;
        // By capability: its best rank in any text, and how well it fits there.
        let mut best: BTreeMap<usize, (usize, f32)> = BTreeMap::new();
        for (text, vector) in texts.iter().zip(&vectors) {
            let matches = index.rank(vector, text.split_whitespace(), vocabulary);
            let of_capability = matches.iter().filter_map(|each| match each.meaning {
                Meaning::Capability(place) => Some((place, each.score)),
                Meaning::MissingTask(_) | Meaning::Filler => None,
            });
            for (rank, (place, score)) in of_capability.enumerate() {
                let known = best.entry(place).or_insert((rank, score));
                if (rank, -score) < (known.0, -known.1) {
                    *known = (rank, score);
                }
            }
        }
        let mut ranked: Vec<(usize, (usize, f32))> = best.into_iter().collect();
        ranked.sort_by(|(_, one), (_, other)| one.0.cmp(&other.0).then(other.1.total_cmp(&one.1)));
        Ok(ranked
            .into_iter()
            .map(|(place, _)| place)
            .take(count)
            .collect())
    }

    /// The places of the `count` texts that are nearest to a request, the nearest first.
    ///
    /// # Errors
    /// When the model is not here and cannot be fetched, or fails.
    pub fn examples(
        &self,
        request: &str,
        texts: &[&str],
        count: usize,
        cancel: &CancellationToken,
    ) -> Result<Vec<usize>, RetrievalError> {
        let shared = &self.0;
        let asked = shared
            .encoder
            .embed(&[request], cancel)
            .map_err(Failure::Model)?;
        let known = shared.embedded(texts, cancel).map_err(Failure::Model)?;
        let mut ranked: Vec<(usize, f32)> = asked
            .iter()
            .flat_map(|asked| known.iter().map(|text| cosine(asked, text)))
            .enumerate()
            .collect();
        ranked.sort_by(|one, other| other.1.total_cmp(&one.1));
        Ok(ranked
            .into_iter()
            .map(|(place, _)| place)
            .take(count)
            .collect())
    }

    /// The capability whose meaning is nearest to an invented name, if it is near enough and clearly nearer than the
    /// next; nothing, too, where the model cannot be used.
    #[must_use]
    pub fn nearest_to_name(
        &self,
        name: &str,
        registry: &Registry,
        cancel: &CancellationToken,
    ) -> Option<String> {
        let capabilities: Vec<Capability> = registry.plannable().cloned().collect();
        self.nearest_tool(name, &capabilities, cancel)
    }

    /// The same among these capabilities.
    #[must_use]
    pub fn nearest_tool(
        &self,
        name: &str,
        capabilities: &[Capability],
        cancel: &CancellationToken,
    ) -> Option<String> {
        let shared = &self.0;
        let vocabulary = shared.vocabulary().ok()?;
        let index = shared.index(capabilities, vocabulary, cancel).ok()?;
        let words = spaced(name);
        let vector = shared.encoder.embed(&[&words], cancel).ok()?.pop()?;
        let matches = index.rank(&vector, words.split_whitespace(), vocabulary);
        let mut matches = matches.iter();
        let (best, next) = (matches.next()?, matches.next());
        let settings = &vocabulary.settings;
        let lead = best.score - next.map_or(0.0, |next| next.score);
        match best.meaning {
            Meaning::Capability(place)
                if best.score >= settings.name_accept && lead >= settings.name_lead =>
            {
                capabilities.get(place).map(|each| each.name.clone())
            }
            _ => None,
        }
    }

    /// The request and its clauses.
    fn texts(&self, request: &str) -> Result<Vec<String>, Failure> {
        let vocabulary = self.0.vocabulary()?;
        let tokens = tokens::tokenize(request, &[], vocabulary);
        let starts_action = |word: &str| vocabulary.words.verbs.contains(word);
        let clauses = clauses::split(&tokens, &vocabulary.words, &starts_action);
        let mut texts = vec![request.to_owned()];
        if clauses.len() > 1 {
            let words = clauses
                .iter()
                .map(|clause| clause.words().collect::<Vec<_>>().join(" "));
            texts.extend(words.filter(|words| !words.is_empty()));
        }
        Ok(texts)
    }
}

/// A name as words: `TextExtractor`, `text-extractor` and `text_extractor` are "text extractor".
fn spaced(name: &str) -> String {
    let mut words = String::new();
    let mut after_small = false;
    for each in name.chars() {
        if !each.is_alphanumeric() || (each.is_uppercase() && after_small) {
            words.push(' ');
        }
        if each.is_alphanumeric() {
            words.extend(each.to_lowercase());
        }
        after_small = each.is_lowercase();
    }
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
