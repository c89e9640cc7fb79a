use std::sync::atomic::{AtomicUsize, Ordering};

use medley_models::{
    ModelError,
    families::minilm::{DIMENSIONS, Embedding},
};
use medley_orchestrator::Visibility;

use super::{super::Encoder, *};

/// Puts texts near each other that share words: each word adds to one number of the vector.
#[derive(Default)]
struct WordCounter(Arc<AtomicUsize>);

impl Encoder for WordCounter {
    fn identity(&self, _: &CancellationToken) -> Result<String, ModelError> {
        Ok("words".to_owned())
    }

    fn embed(
        &self,
        sentences: &[&str],
        _: &CancellationToken,
    ) -> Result<Vec<Embedding>, ModelError> {
        self.0.fetch_add(sentences.len(), Ordering::Relaxed);
        Ok(sentences.iter().map(|sentence| vector(sentence)).collect())
    }
}

fn vector(sentence: &str) -> Embedding {
    let mut vector = [0.0_f32; DIMENSIONS];
    for word in sentence
        .to_lowercase()
        .split(|each: char| !each.is_alphanumeric())
    {
        let bytes = blake3::hash(word.as_bytes());
        let [low, high, ..] = bytes.as_bytes();
        vector[(usize::from(*low) + 256 * usize::from(*high)) % DIMENSIONS] += 1.0;
    }
    let length = vector.iter().map(|each| each * each).sum::<f32>().sqrt();
    vector.map(|each| each / length.max(f32::MIN_POSITIVE))
}

fn tool(name: String, purpose: String) -> Capability {
    Capability {
        name,
        version: 1,
        purpose,
        phrases: Vec::new(),
        parameters: Vec::new(),
        outputs: Vec::new(),
        visibility: Visibility::Shown,
    }
}

/// A thousand tools, each with a verb and a noun of its own.
fn thousand() -> Vec<Capability> {
    let tools = (0..1_000).map(|number| {
        let (verb, noun) = (number / 40, number % 40);
        tool(
            format!("verb{verb}_noun{noun}"),
            format!("Does the verb{verb} with every noun{noun} of number{number}."),
        )
    });
    tools.collect()
}

fn retriever(cache: &std::path::Path) -> (Retriever, Arc<AtomicUsize>) {
    let encoder = WordCounter::default();
    let embedded = Arc::clone(&encoder.0);
    (
        EmbeddedPlanner::with_encoder(encoder, cache).retriever(),
        embedded,
    )
}

#[test]
fn of_a_thousand_tools_those_that_each_clause_asks_for_are_found() {
    let cache = tempfile::tempdir().unwrap();
    let tools = thousand();
    let cancel = CancellationToken::new();
    let (retriever, embedded) = retriever(cache.path());
    let request = "verb3 the noun7, then verb20 the noun11 of number811";
    let found = retriever
        .capabilities(request, &tools, 12, &cancel)
        .unwrap();
    assert_eq!(found.len(), 12);
    let names: Vec<&str> = found
        .iter()
        .map(|&place| tools[place].name.as_str())
        .collect();
    assert!(names[..4].contains(&"verb3_noun7"), "{names:?}");
    assert!(names[..4].contains(&"verb20_noun11"), "{names:?}");

    // Another process reads the tools from the disk.
    let first = embedded.load(Ordering::Relaxed);
    assert!(first > 1_000);
    let (again, embedded) = self::retriever(cache.path());
    assert_eq!(
        again.capabilities(request, &tools, 12, &cancel).unwrap(),
        found
    );
    assert!(embedded.load(Ordering::Relaxed) < 10);
}

#[test]
fn few_tools_are_all_shown() {
    let cache = tempfile::tempdir().unwrap();
    let (retriever, embedded) = retriever(cache.path());
    let tools = &thousand()[..5];
    let found = retriever.capabilities("anything", tools, 5, &CancellationToken::new());
    assert_eq!(found.unwrap(), [0, 1, 2, 3, 4]);
    assert_eq!(
        embedded.load(Ordering::Relaxed),
        0,
        "nothing had to be loaded"
    );
}

#[test]
fn the_nearest_examples_come_first() {
    let cache = tempfile::tempdir().unwrap();
    let (retriever, _) = retriever(cache.path());
    let texts = [
        "blur the picture",
        "say the words aloud",
        "crop the wide picture",
    ];
    let found = retriever
        .examples("say words", &texts, 2, &CancellationToken::new())
        .unwrap();
    assert_eq!(found[0], 1);
    assert_eq!(found.len(), 2);
}

#[test]
fn names_are_taken_apart_into_words() {
    for name in [
        "TextExtractor",
        "text-extractor",
        "text_extractor",
        "Text Extractor",
    ] {
        assert_eq!(spaced(name), "text extractor");
    }
    assert_eq!(spaced("PDFReader2"), "pdfreader2");
}
