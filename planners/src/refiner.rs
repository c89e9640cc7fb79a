//! The refiner with a language model: it writes the answer from what was found, and shows what was made where it
//! speaks of it.
//!
//! The model cites results by marks such as `[[s2.image]]`. What it writes is read as it comes: a mark becomes the
//! artifact, a near miss the one that is certainly meant, and what names nothing is never shown. When the model cannot
//! be asked or says nothing, the results are shown in order, as without a model.

mod citable;
mod composition;
mod places;
mod prompt;
mod reader;

use std::sync::Arc;

use async_trait::async_trait;
use futures::StreamExt;
use medley_orchestrator::{
    ArtifactStore, ChatDelta, ChatError, ChatErrorKind, ChatModel, ChatRequest, FinishReason,
    Refined, Refiner, Refining, Response, RunReport, RunStatus,
};

use self::{citable::Citable, composition::Composition};
use crate::{TemplateRefiner, excerpts::Excerpts};

/// Puts answers together with a language model.
pub struct LanguageRefiner {
    model: Arc<dyn ChatModel>,
    /// Where the texts are that the model is shown.
    store: Option<Arc<dyn ArtifactStore>>,
}

/// How far the model came.
enum Said {
    /// It said all that it wanted to say.
    All,
    /// It was cut off, for this reason.
    Cut(String),
    /// It could not be asked, or nobody waits for it.
    Nothing(Option<String>),
}

impl LanguageRefiner {
    /// A refiner that asks `model`.
    #[must_use]
    pub fn new(model: Arc<dyn ChatModel>) -> Self {
        Self { model, store: None }
    }

    /// Shows the model the beginnings of texts that steps made as files, which are in this store.
    #[must_use]
    pub fn with_results_from(mut self, store: Arc<dyn ArtifactStore>) -> Self {
        self.store = Some(store);
        self
    }

    /// Asks the model, and takes down what it says as it comes.
    async fn write(
        &self,
        refining: &Refining<'_>,
        request: &ChatRequest,
        composition: &mut Composition<'_>,
    ) -> Result<Option<FinishReason>, ChatError> {
        let model = refining.spending.meter(Arc::clone(&self.model));
        let mut stream = model.chat(request, refining.cancel).await?;
        let mut finish = None;
        while let Some(delta) = stream.next().await {
            match delta? {
                ChatDelta::Text { text } => composition.write(&text).await,
                ChatDelta::Finish { reason } => finish = Some(reason),
                _ => {}
            }
        }
        Ok(finish)
    }

    async fn compose(&self, refining: &Refining<'_>, composition: &mut Composition<'_>) -> Said {
        let context = self.model.profile().context_tokens;
        let request = ChatRequest {
            temperature: Some(0.0),
            ..ChatRequest::new(prompt::conversation(
                refining,
                composition.citable(),
                context,
            ))
        };
        let written = self.write(refining, &request, composition).await;
        composition.end_text().await;
        match written {
            Ok(_) if composition.is_empty() => Said::Nothing(Some("it said nothing".to_owned())),
            Ok(Some(FinishReason::Length)) => Said::Cut("it said as much as it may".to_owned()),
            Ok(_) => Said::All,
            Err(error) if composition.is_empty() => {
                let nobody_waits = error.kind == ChatErrorKind::Cancelled;
                Said::Nothing((!nobody_waits).then(|| with_hint(&error)))
            }
            Err(error) => Said::Cut(with_hint(&error)),
        }
    }
}

#[async_trait]
impl Refiner for LanguageRefiner {
    async fn refine(&self, refining: &Refining<'_>) -> Refined {
        if refining.cancel.is_cancelled() || !is_worth_telling(refining.rounds) {
            return TemplateRefiner.refine(refining).await;
        }
        let texts = match self.store.as_deref() {
            Some(store) => Excerpts::of(refining.rounds, store).await,
            None => Excerpts::default(),
        };
        let citable = Citable::of(refining, &texts);
        let mut composition = Composition::new(&citable, refining);
        match self.compose(refining, &mut composition).await {
            Said::All => {
                composition.add_uncited().await;
                Refined {
                    response: composition.finish().await,
                    by_model: true,
                }
            }
            Said::Cut(why) => {
                tracing::warn!(why, "the language model was cut off in its answer");
                composition.add_untold().await;
                let mut response = composition.finish().await;
                let note = format!("the language model was cut off in its answer: {why}");
                response.notes.push(note);
                response.into()
            }
            Said::Nothing(why) => {
                let mut refined = TemplateRefiner.refine(refining).await;
                if let Some(why) = why {
                    tracing::warn!(why, "the language model gave no answer");
                    let note = format!("answered without the language model: {why}");
                    refined.response.notes.push(note);
                }
                refined
            }
        }
    }
}

/// Whether there are results that a model could put into words, and all of them are there.
fn is_worth_telling(rounds: &[RunReport]) -> bool {
    let has_ended =
        |report: &RunReport| !matches!(report.status, RunStatus::Waiting | RunStatus::Cancelled);
    let mut steps = rounds.iter().flat_map(|round| &round.steps);
    rounds.iter().all(has_ended) && steps.any(|step| step.status.is_success())
}

fn with_hint(error: &ChatError) -> String {
    let hint = error.hint.as_ref().map(|hint| format!(" ({hint})"));
    format!("{error}{}", hint.unwrap_or_default())
}

impl Composition<'_> {
    async fn finish(self) -> Response {
        let (parts, left_out) = self.into_parts().await;
        let mut notes = Vec::new();
        if left_out > 0 {
            let what = match left_out {
                1 => "a mention of a file or place that does not exist".to_owned(),
                several => format!("{several} mentions of files or places that do not exist"),
            };
            notes.push(format!("left out of the answer: {what}"));
        }
        Response {
            parts,
            notes,
            ..Response::default()
        }
    }
}

#[cfg(test)]
mod tests;
