//! Reads a request whole, for tools that say what they do but not how people ask for them.
//!
//! Clause by clause the purposes of such tools are too far from what people write. So everything that speaks for each
//! tool is weighed together: meaning and words of the passages, the materials that they name, and what the other
//! likely tools take and give. The weights are those of logistic regressions over plans that people made
//! (`overview/fitting.rs`), the second and third of which see what the one before found likely. Then the best set of tools
//! that fit together is searched, and the cheapest way to connect them, after the Thoughts-on-Graph of ControlLLM.

mod context;
mod evidence;
#[cfg(test)]
mod fitting;
mod passages;
mod selection;
mod sharing;
mod wiring;
mod words;
mod writing;

use medley_models::{ModelError, families::minilm::Embedding};
use medley_orchestrator::{Capability, Decision, Decline, Request, Suggestion};
use serde::Deserialize;
use tokio_util::sync::CancellationToken;

use self::{
    context::Context,
    evidence::{Evidence, Tool},
    passages::Outline,
    selection::{Selection, SelectionSettings},
    sharing::share_out,
    wiring::{Wiring, WiringSettings},
    words::Lexicon,
    writing::Writer,
};
pub(super) use self::{evidence::Tools, words::WordLists};
use super::{Encoder, tokens::Token, vocabulary::Vocabulary};

/// What the data file says.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OverviewSettings {
    words: WordLists,
    selection: SelectionSettings,
    wiring: WiringSettings,
    weights: Vec<Weights>,
}

/// A logistic regression.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Weights {
    constant: f32,
    of: Vec<f32>,
}

impl Weights {
    fn probability(&self, features: &[f32]) -> f32 {
        let sum: f32 = self
            .of
            .iter()
            .zip(features)
            .map(|(weight, each)| weight * each)
            .sum();
        1.0 / (1.0 + (-(sum + self.constant)).exp())
    }
}

/// Whether most of the tools say only what they do.
pub(super) fn is_for(capabilities: &[Capability], vocabulary: &Vocabulary) -> bool {
    let tasks = &vocabulary.tasks.task;
    let described = capabilities.iter().filter(|capability| {
        capability.phrases.is_empty() && tasks.iter().all(|task| task.name != capability.name)
    });
    2 * described.count() > capabilities.len()
}

/// Plans requests over described tools.
pub(super) struct Overview<'a> {
    pub vocabulary: &'a Vocabulary,
    pub capabilities: &'a [Capability],
    pub tools: &'a Tools,
    pub encoder: &'a dyn Encoder,
}

/// The tools of a registry, ready for requests.
pub(super) fn describe(
    capabilities: &[Capability],
    vocabulary: &Vocabulary,
    encoder: &dyn Encoder,
    cache: &std::path::Path,
    cancel: &CancellationToken,
) -> Result<Tools, ModelError> {
    let lexicon = Lexicon::of(&vocabulary.overview.words);
    Tools::describe(capabilities, &lexicon, encoder, cache, cancel)
}

impl Overview<'_> {
    /// The plan for a request, or why there is none.
    pub(super) fn plan(
        &self,
        request: &Request,
        tokens: &[Token],
        cancel: &CancellationToken,
    ) -> Result<Decision, ModelError> {
        let settings = &self.vocabulary.overview;
        let lexicon = Lexicon::of(&settings.words);
        let outline = Outline::of(request, tokens, &lexicon);
        let vectors = self.embed(&outline, cancel)?;
        let evidence = self.tools.weigh(&outline, &vectors);
        let likely = judge(&settings.weights, &self.tools.tools, &outline, &evidence);
        Ok(self.compose(request, &outline, &evidence, &likely))
    }

    /// The plan of the likely tools that fit together best.
    fn compose(
        &self,
        request: &Request,
        outline: &Outline,
        evidence: &[Evidence],
        likely: &[f32],
    ) -> Decision {
        let settings = &self.vocabulary.overview;
        let tools = &self.tools.tools;
        let most = likely.iter().copied().fold(0.0, f32::max);
        if outline.passages.is_empty() || most < settings.selection.accept {
            return Decision::Decline(self.not_understood(likely));
        }
        let selection = Selection {
            tools,
            outline,
            settings: &settings.selection,
            likely,
        };
        let chosen = selection.best();
        let places: Vec<usize> = outline.passages.iter().map(|each| each.place).collect();
        let evidence = &share_out(evidence, &chosen, &places, settings.wiring.crowding);
        let wiring = Wiring {
            tools,
            evidence,
            outline,
            settings: &settings.wiring,
        };
        let origins = wiring.connect(&chosen);
        let order = wiring::order(&origins, |tool| wiring.place(tool));
        let writer = Writer {
            overview: self,
            request,
            outline,
            evidence,
        };
        Decision::Add {
            draft: writer.draft(&order, &origins),
            notes: self.doubts(&order, likely),
        }
    }

    /// What the person should know is not sure.
    fn doubts(&self, order: &[usize], likely: &[f32]) -> Vec<String> {
        let sure = self.vocabulary.overview.selection.sure;
        let unsure = order.iter().copied().filter(|&tool| likely[tool] < sure);
        let notes = unsure.map(|tool| {
            let percent = (likely[tool] * 100.0).round();
            format!(
                "it is not sure that {} is meant ({percent} %)",
                self.capabilities[tool].name
            )
        });
        notes.collect()
    }

    fn embed(
        &self,
        outline: &Outline,
        cancel: &CancellationToken,
    ) -> Result<Vec<Embedding>, ModelError> {
        let passages = outline.passages.iter();
        let texts: Vec<&str> = passages.map(|passage| passage.text.as_str()).collect();
        self.encoder.embed(&texts, cancel)
    }

    fn not_understood(&self, likely: &[f32]) -> Decline {
        let mut ranked: Vec<usize> = (0..likely.len()).collect();
        ranked.sort_by(|one, other| likely[*other].total_cmp(&likely[*one]));
        let nearest = ranked
            .into_iter()
            .take(self.vocabulary.settings.suggestions);
        Decline {
            reason: "no tool here surely does what is asked; say which of these is meant, or ask in other words"
                .to_owned(),
            nearest: nearest
                .map(|tool| Suggestion {
                    capability: self.capabilities[tool].name.clone(),
                    purpose: self.capabilities[tool].purpose.clone(),
                })
                .collect(),
        }
    }
}

/// How likely each tool is: the first judgement is of the evidence alone, those after it see the others, as far as they
/// are likely enough to matter.
fn judge(stages: &[Weights], tools: &[Tool], outline: &Outline, evidence: &[Evidence]) -> Vec<f32> {
    let mut stages = stages.iter();
    let Some(first) = stages.next() else {
        return vec![0.0; evidence.len()];
    };
    let mut likely: Vec<f32> = evidence
        .iter()
        .map(|each| first.probability(&each.features))
        .collect();
    let shortlist = shortlist(&likely);
    for weights in stages {
        let context = Context {
            tools,
            outline,
            evidence,
            likely: &likely,
            shortlist: &shortlist,
        };
        let mut judged = vec![0.0; likely.len()];
        for &tool in &shortlist {
            judged[tool] = weights.probability(&context.features(tool));
        }
        likely = judged;
    }
    likely
}

/// The most tools that are judged together.
const SHORTLIST: usize = 40;

fn shortlist(likely: &[f32]) -> Vec<usize> {
    let mut shortlist: Vec<usize> = (0..likely.len()).collect();
    shortlist.sort_by(|one, other| likely[*other].total_cmp(&likely[*one]));
    shortlist.truncate(SHORTLIST);
    shortlist
}
