//! The way of a picture through a tool: out of the store, decoded, changed, encoded, into the store.
//!
//! Each stage runs off the async threads and is not begun once the call is cancelled.

use medley_models::processing::picture::{Limits, Picture, PictureFormat, Quality, decode, encode};
use medley_orchestrator::{CallContext, Facts, ImageArtifact, Kind, ToolError};
use schemars::JsonSchema;
use serde::Serialize;

/// The output of every tool that makes one picture of another.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ChangedImage {
    /// The new picture.
    pub image: ImageArtifact,
}

/// Reads and decodes a picture.
pub(crate) async fn load(
    image: &ImageArtifact,
    context: &CallContext,
) -> Result<Picture, ToolError> {
    let content = context.read(image).await?;
    context
        .compute(move || Ok(decode(&content, &Limits::default())?))
        .await
}

/// Encodes and keeps a picture in the format that it names.
pub(super) async fn save(
    picture: Picture,
    quality: Quality,
    context: &CallContext,
) -> Result<ChangedImage, ToolError> {
    let facts = Facts::picture(picture.width(), picture.height());
    let mime = picture.format.mime();
    let content = context
        .compute(move || Ok(encode(&picture, picture.format, quality)?))
        .await?;
    context.check_cancelled()?;
    let artifact = context.write(Kind::Image, mime, facts, content).await?;
    Ok(ChangedImage {
        image: artifact.into(),
    })
}

/// Makes one picture of another, in the same format where that can carry the result.
pub(super) async fn transform<F>(
    image: &ImageArtifact,
    context: &CallContext,
    change: F,
) -> Result<ChangedImage, ToolError>
where
    F: FnOnce(Picture) -> Result<Picture, ToolError> + Send + 'static,
{
    let picture = load(image, context).await?;
    let mut changed = context.compute(move || change(picture)).await?;
    changed.format = format_for(&changed);
    save(changed, Quality::default(), context).await
}

/// The picture's own format if it can carry the picture, else PNG.
fn format_for(picture: &Picture) -> PictureFormat {
    let own = picture.format;
    let fits = picture.width().max(picture.height()) <= own.longest_side();
    match own {
        PictureFormat::Jpeg if fits && !picture.is_transparent() => own,
        own if fits && own.is_lossless() => own,
        _ => PictureFormat::Png,
    }
}

/// Refuses a result that could not be read again, before memory is taken for it.
pub(super) fn check_size(parameter: &str, width: f64, height: f64) -> Result<(), ToolError> {
    let limit = Limits::default().pixels;
    // A hundred million is exact as a float.
    if width * height <= limit as f64 {
        return Ok(());
    }
    Err(ToolError::bad_argument(
        parameter,
        format!(
            "the result would have {width:.0} x {height:.0} pixels, more than the {} million that are allowed",
            limit / 1_000_000
        ),
    )
    .with_hint("ask for a smaller picture"))
}
