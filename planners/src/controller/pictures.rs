//! Pictures that steps made, for models that see.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use medley_orchestrator::{Artifact, ArtifactStore, Kind, Message, Picture, RunReport};

/// How many pictures of a round a model is shown at most.
const SHOWN: usize = 4;

/// How many bytes a picture that is shown may have.
const BYTES: u64 = 4 << 20;

/// The encodings that every model which sees can read.
const READABLE: [&str; 4] = ["image/png", "image/jpeg", "image/webp", "image/gif"];

/// Adds the pictures of a round behind what was said of it; one that cannot be read is left out.
pub(super) async fn show(
    mut message: Message,
    round: &RunReport,
    store: &dyn ArtifactStore,
) -> Message {
    for artifact in pictures(round).take(SHOWN) {
        match store.read(&artifact.id).await {
            Ok(bytes) => {
                message = message.with_picture(Picture {
                    mime: artifact.mime.clone(),
                    base64: STANDARD.encode(bytes),
                });
            }
            Err(error) => tracing::warn!("a picture cannot be shown to the model: {error}"),
        }
    }
    message
}

fn pictures(round: &RunReport) -> impl Iterator<Item = &Artifact> {
    let outputs = round.steps.iter().flat_map(|step| step.outputs.values());
    let artifacts = outputs.flat_map(|value| value.artifacts());
    artifacts.filter(|artifact| {
        artifact.kind == Kind::Image
            && artifact.facts.bytes <= BYTES
            && READABLE.contains(&artifact.mime.as_str())
    })
}
