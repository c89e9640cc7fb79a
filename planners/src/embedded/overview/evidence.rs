//! What speaks for each tool: its words and its meaning in some passage, and the things that the passage names.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use medley_models::{
    ModelError,
    families::minilm::{DIMENSIONS, Embedding},
};
use medley_orchestrator::Capability;
use tokio_util::sync::CancellationToken;

use super::{
    super::{Encoder, matching::cosine, vector_cache},
    passages::{Outline, Passage},
    words::{Lexicon, Material},
};

/// A tool, ready to be compared with passages.
pub(super) struct Tool {
    /// What it takes, an entry for each content parameter.
    pub inputs: Vec<Material>,
    /// What it gives.
    pub output: Option<Material>,
    takes: BTreeSet<Material>,
    texts: Vec<Embedding>,
    name_roots: BTreeSet<String>,
    name_concepts: BTreeSet<String>,
    roots: BTreeSet<String>,
    concepts: BTreeSet<String>,
}

/// The tools of a registry.
pub(in super::super) struct Tools {
    pub(super) tools: Vec<Tool>,
    /// How many tools have a root or a concept.
    counts: BTreeMap<String, usize>,
}

/// What speaks for a tool.
#[derive(Debug, Clone)]
pub(super) struct Evidence {
    /// The numbers that are weighed; which they are, [`Tools::weigh`] says.
    pub features: Vec<f32>,
    /// The passage that speaks for it most.
    pub passage: usize,
    /// How much each passage speaks for it.
    pub standings: Vec<f32>,
}

/// How a tool and a passage go together.
struct Fit {
    base: f32,
    features: Vec<f32>,
}

/// How many texts say what a tool does, before its phrases: purpose, name with purpose, name.
const OWN_TEXTS: usize = 3;

impl Tools {
    /// Describes the tools of a registry; their embeddings come from the cache, if they are there.
    pub(super) fn describe(
        capabilities: &[Capability],
        lexicon: &Lexicon,
        encoder: &dyn Encoder,
        cache: &Path,
        cancel: &CancellationToken,
    ) -> Result<Self, ModelError> {
        let texts: Vec<Vec<String>> = capabilities.iter().map(texts_of).collect();
        let all: Vec<&str> = texts.iter().flatten().map(String::as_str).collect();
        let vectors = vector_cache::through(cache, encoder, &all, cancel)?;
        let mut vectors = vectors.into_iter();
        let tools: Vec<Tool> = capabilities
            .iter()
            .zip(&texts)
            .map(|(capability, texts)| {
                let vectors = vectors.by_ref().take(texts.len()).collect();
                Tool::of(capability, vectors, lexicon)
            })
            .collect();
        let mut counts = BTreeMap::new();
        for word in tools
            .iter()
            .flat_map(|tool| tool.roots.iter().chain(&tool.concepts))
        {
            *counts.entry(word.clone()).or_default() += 1;
        }
        Ok(Self { tools, counts })
    }

    /// What speaks for each tool. `vectors` are those of the passages; their mean stands for the whole request, which
    /// would take longer to embed than all of them.
    pub(super) fn weigh(&self, outline: &Outline, vectors: &[Embedding]) -> Vec<Evidence> {
        let fits: Vec<Vec<Fit>> = outline
            .passages
            .iter()
            .zip(vectors)
            .map(|(passage, vector)| {
                self.tools
                    .iter()
                    .map(|tool| self.fit(tool, passage, vector))
                    .collect()
            })
            .collect();
        let rivals: Vec<Vec<f32>> = fits.iter().map(|row| sorted(row)).collect();
        let whole = mean(vectors);
        (0..self.tools.len())
            .map(|tool| self.evidence(tool, &fits, &rivals, outline, &whole))
            .collect()
    }

    fn evidence(
        &self,
        place: usize,
        fits: &[Vec<Fit>],
        rivals: &[Vec<f32>],
        outline: &Outline,
        whole: &Embedding,
    ) -> Evidence {
        let lead = |passage: usize| {
            let own = fits[passage][place].base;
            let best = rivals[passage].first().copied().unwrap_or(own);
            let next = rivals[passage].get(1).copied().unwrap_or_default();
            own - if own >= best { next } else { best }
        };
        let standing = |passage: usize| fits[passage][place].base + lead(passage).min(0.0);
        let standings: Vec<f32> = (0..fits.len()).map(standing).collect();
        let mut best = 0;
        for passage in 1..fits.len() {
            if standings[passage] > standings[best] {
                best = passage;
            }
        }
        let tool = &self.tools[place];
        let Some(fit) = fits.get(best).map(|row| &row[place]) else {
            return Evidence {
                features: vec![0.0; Self::FEATURES],
                passage: 0,
                standings,
            };
        };
        let better = rivals[best]
            .iter()
            .take(5)
            .filter(|other| **other > fit.base)
            .count();
        let addresses: Vec<Material> = outline.addresses.iter().map(|(_, of)| *of).collect();
        let takes_address = tool.takes.contains(&Material::Address);
        let found_there = tool
            .output
            .is_some_and(|output| addresses.contains(&output));
        let asked_address = outline.materials.contains(&Material::Address) || !addresses.is_empty();
        let mut features = fit.features.clone();
        features.extend([
            lead(best).min(0.0),
            lead(best).max(0.0),
            share(better, 5),
            tool.texts.first().map_or(0.0, |text| cosine(whole, text)),
            self.cover(&outline.roots, &tool.name_roots, &tool.name_roots),
            self.cover(&outline.concepts, &tool.name_concepts, &tool.name_concepts),
            share(
                tool.takes.intersection(&outline.materials).count(),
                tool.takes.len(),
            ),
            flag(
                tool.output
                    .is_some_and(|output| outline.materials.contains(&output)),
            ),
            flag(takes_address && found_there),
            flag(takes_address && !found_there),
            flag(asked_address && tool.output == Some(Material::Address)),
        ]);
        Evidence {
            features,
            passage: best,
            standings,
        }
    }

    /// How many numbers [`Evidence`] has.
    pub(super) const FEATURES: usize = 27;

    fn fit(&self, tool: &Tool, passage: &Passage, vector: &Embedding) -> Fit {
        let likeness: Vec<f32> = tool.texts.iter().map(|text| cosine(vector, text)).collect();
        let nearest = likeness.iter().copied().fold(f32::MIN, f32::max);
        let at = |place: usize| likeness.get(place).copied().unwrap_or_default();
        let roots = self.cover(&passage.roots, &tool.roots, &passage.roots);
        let name_roots = self.cover(&passage.roots, &tool.name_roots, &tool.name_roots);
        let concepts = self.cover(&passage.concepts, &tool.concepts, &passage.concepts);
        let name_concepts = self.cover(&passage.concepts, &tool.name_concepts, &tool.name_concepts);
        let named = &passage.named;
        let becomes = tool
            .output
            .is_some_and(|output| named.targets.contains(&output));
        let made = tool
            .output
            .is_some_and(|output| named.objects.contains(&output));
        let taken: usize = tool
            .takes
            .iter()
            .filter(|of| named.sources.contains(of) || named.objects.contains(of))
            .count();
        let taken = share(taken, tool.takes.len());
        let strange = |list: &BTreeSet<Material>, or_made: bool| {
            let foreign = list
                .iter()
                .filter(|of| !(tool.takes.contains(of) || or_made && tool.output == Some(**of)));
            share(foreign.count(), 1)
        };
        let strangers = [
            strange(&named.sources, false),
            strange(&named.targets, true),
            strange(&named.objects, true),
        ];
        let base = nearest
            + 0.25 * roots
            + 0.15 * name_roots
            + 0.2 * concepts
            + 0.1 * name_concepts
            + 0.08 * (taken + flag(becomes || made) - strangers.iter().sum::<f32>());
        let mut features = vec![
            base,
            nearest,
            at(0),
            at(OWN_TEXTS - 1),
            roots,
            name_roots,
            concepts,
            name_concepts,
            taken,
            flag(becomes),
            flag(made),
            flag(!tool.takes.is_disjoint(&named.objects)),
            flag(!tool.takes.is_disjoint(&named.sources)),
        ];
        features.extend(strangers);
        Fit { base, features }
    }

    /// The share of `of` that two lists have in common, rare words counting more.
    fn cover(
        &self,
        one: &BTreeSet<String>,
        other: &BTreeSet<String>,
        of: &BTreeSet<String>,
    ) -> f32 {
        let weight = |word: &String| {
            let count = self.counts.get(word).copied().unwrap_or_default().max(1);
            (1.0 + share(self.tools.len(), count)).ln()
        };
        let total: f32 = of.iter().map(weight).sum();
        let common: f32 = one.intersection(other).map(weight).sum();
        if total > 0.0 { common / total } else { 0.0 }
    }
}

impl Tool {
    fn of(capability: &Capability, texts: Vec<Embedding>, lexicon: &Lexicon) -> Self {
        let required = capability
            .parameters
            .iter()
            .filter(|parameter| parameter.required);
        let inputs: Vec<Material> = required.filter_map(Material::of_parameter).collect();
        let name_roots = lexicon.roots(&capability.name.replace('_', " "));
        let mut roots = lexicon.roots(&capability.purpose);
        for phrase in &capability.phrases {
            roots.extend(lexicon.roots(phrase));
        }
        let mut concepts = lexicon.concepts(&roots);
        let name_concepts = lexicon.concepts(&name_roots);
        concepts.extend(name_concepts.iter().cloned());
        roots.extend(name_roots.iter().cloned());
        Self {
            takes: inputs.iter().copied().collect(),
            output: Material::of_result(capability),
            inputs,
            texts,
            name_roots,
            name_concepts,
            roots,
            concepts,
        }
    }

    /// Whether it takes a material.
    pub(super) fn takes(&self, material: Material) -> bool {
        self.takes.contains(&material)
    }

    /// What it takes, each material once.
    pub(super) fn materials(&self) -> impl Iterator<Item = Material> {
        self.takes.iter().copied()
    }

    /// How many of a material it needs.
    pub(super) fn needs(&self, material: Material) -> usize {
        self.inputs.iter().filter(|of| **of == material).count()
    }
}

/// The texts that say what a tool does.
fn texts_of(capability: &Capability) -> Vec<String> {
    let name = capability.name.replace('_', " ");
    let named = format!("{name}: {}", capability.purpose);
    let mut texts = vec![capability.purpose.clone(), named, name];
    texts.extend(capability.phrases.iter().cloned());
    texts
}

/// The direction between vectors, of length 1.
fn mean(vectors: &[Embedding]) -> Embedding {
    let mut mean = [0.0; DIMENSIONS];
    for vector in vectors {
        for (sum, each) in mean.iter_mut().zip(vector) {
            *sum += each;
        }
    }
    let length = cosine(&mean, &mean).sqrt().max(f32::MIN_POSITIVE);
    mean.map(|each| each / length)
}

fn sorted(row: &[Fit]) -> Vec<f32> {
    let mut bases: Vec<f32> = row.iter().map(|fit| fit.base).collect();
    bases.sort_by(|one, other| other.total_cmp(one));
    bases.truncate(6);
    bases
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts of words and tools are small"
)]
pub(super) fn share(part: usize, whole: usize) -> f32 {
    if whole == 0 {
        0.0
    } else {
        part as f32 / whole as f32
    }
}

pub(super) const fn flag(holds: bool) -> f32 {
    if holds { 1.0 } else { 0.0 }
}
