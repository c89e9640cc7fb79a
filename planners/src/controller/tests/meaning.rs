//! Names of tools that only their meaning explains.

use medley_models::{
    ModelError,
    families::minilm::{DIMENSIONS, Embedding},
};

use super::*;
use crate::{EmbeddedPlanner, Encoder};

/// Knows one thing: to vocalize is to turn text to speech. Everything else means something of its own.
struct Vocalizing {
    is_here: bool,
}

impl Encoder for Vocalizing {
    fn identity(&self, _: &CancellationToken) -> Result<String, ModelError> {
        Ok("vocalizing".to_owned())
    }

    fn is_here(&self) -> bool {
        self.is_here
    }

    fn embed(
        &self,
        sentences: &[&str],
        _: &CancellationToken,
    ) -> Result<Vec<Embedding>, ModelError> {
        let vectors = sentences.iter().map(|sentence| {
            let place = match *sentence {
                "text to speech" | "vocalizer" => 0,
                other => 1 + usize::from(blake3::hash(other.as_bytes()).as_bytes()[0]),
            };
            let mut vector = [0.0; DIMENSIONS];
            vector[place] = 1.0;
            vector
        });
        Ok(vectors.collect())
    }
}

const VOCALIZE: &str = concat!(
    r#"{"id":"s1","tool":"ocr","args":{"image":"$input1"}}"#,
    "\n",
    r#"{"id":"s2","tool":"Vocalizer","args":{"text":"$s1.text"}}"#,
    "\n",
    r#"{"answer":["$s2"]}"#,
);

async fn decide_with(encoder: Vocalizing, model: &Arc<Scripted>) -> Decision {
    let cache = tempfile::tempdir().unwrap();
    let retriever = EmbeddedPlanner::with_encoder(encoder, cache.path()).retriever();
    let (registry, request, cancel) = (registry(), request(), CancellationToken::new());
    let situation = Situation::new(&request, &registry, &cancel);
    let controller = controller(model).with_retriever(retriever);
    controller.decide(&situation).await.unwrap()
}

#[tokio::test]
async fn a_name_that_means_a_tool_becomes_it_without_another_call() {
    let model = saying(&[VOCALIZE]);
    let decision = decide_with(Vocalizing { is_here: true }, &model).await;
    let Decision::Add { draft, .. } = &decision else {
        unreachable!("{decision:?}")
    };
    assert_eq!(draft.steps[1].tool, "text_to_speech");
    let notes = notes(&decision);
    assert!(
        notes.contains("the tool is `text_to_speech`, not `Vocalizer`"),
        "{notes}"
    );
    assert_eq!(model.asked().len(), 1);
}

#[tokio::test]
async fn nothing_is_fetched_to_understand_a_name() {
    let model = saying(&[VOCALIZE, BOTH]);
    let decision = decide_with(Vocalizing { is_here: false }, &model).await;
    assert_eq!(steps(&decision), ["s1", "s2"]);
    assert_eq!(model.asked().len(), 2, "the model is asked instead");
    let complaint = model.told();
    assert!(complaint.contains("Vocalizer"), "{complaint}");
}
