//! The way of a picture through a tool: out of the store, decoded, changed, encoded, into the store.
//!
//! Each stage runs off the async threads and is not begun once the call is cancelled.

use medley_models::processing::picture::{Limits, Picture, PictureFormat, Quality, decode, encode};
use medley_orchestrator::{CallContext, Facts, ImageArtifact, Kind, ToolError};
use schemars::JsonSchema;
use serde::Serialize;

/// The memory that a picture tool is admitted with, in bytes: a photograph of 30 megapixels and what is made of it.
pub(super) const PICTURE_MEMORY: u64 = 256 << 20;

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

#[cfg(test)]
mod tests {
    use image::{Rgba, RgbaImage};
    use medley_orchestrator::ToolErrorKind;

    use super::*;
    use crate::pictures::testing::{Bench, quarters};

    #[tokio::test]
    async fn a_result_keeps_the_format_that_can_carry_it() {
        let bench = Bench::new();
        for (given, kept) in [
            (PictureFormat::Png, PictureFormat::Png),
            (PictureFormat::Jpeg, PictureFormat::Jpeg),
            (PictureFormat::WebP, PictureFormat::WebP),
            (PictureFormat::Bmp, PictureFormat::Bmp),
            (PictureFormat::Tiff, PictureFormat::Tiff),
            (PictureFormat::Gif, PictureFormat::Png),
            (PictureFormat::Ico, PictureFormat::Png),
        ] {
            let image = bench.picture(quarters(8, 8), given).await;
            let changed = transform(&image, bench.context(), Ok).await.unwrap();
            assert_eq!(changed.image.mime, kept.mime());
            assert_eq!(changed.image.facts.width, Some(8));
        }
        let image = bench.picture(quarters(8, 8), PictureFormat::Jpeg).await;
        let glass = RgbaImage::from_pixel(2, 2, Rgba([0; 4]));
        let changed = transform(&image, bench.context(), |picture| {
            Ok(picture.with_pixels(glass))
        });
        assert_eq!(changed.await.unwrap().image.mime, "image/png");
    }

    #[tokio::test]
    async fn metadata_does_not_pass() {
        let bench = Bench::new();
        let image = bench.picture(quarters(16, 16), PictureFormat::Jpeg).await;
        let jpeg = bench.context().read(&image).await.unwrap();
        let mut content = b"\xff\xd8\xff\xe1\x00\x16Exif\0\0taken at home".to_vec();
        content.extend(&jpeg[2..]);
        let image = bench.file(content, "image/jpeg").await;
        let changed = transform(&image, bench.context(), Ok).await.unwrap();
        let content = bench.context().read(&changed.image).await.unwrap();
        assert!(
            !content
                .windows(4)
                .any(|four| four == b"Exif" || four == b"home")
        );
    }

    #[tokio::test]
    async fn what_is_no_picture_or_was_cut_says_so() {
        let bench = Bench::new();
        let image = bench.file(b"just text".to_vec(), "image/png").await;
        let failure = load(&image, bench.context()).await.unwrap_err();
        assert_eq!(failure.code(), "not_a_picture");
        assert!(failure.hint().is_some());
        let image = bench.picture(quarters(40, 40), PictureFormat::Jpeg).await;
        let mut content = bench.context().read(&image).await.unwrap();
        content.truncate(content.len() - 30);
        let image = bench.file(content, "image/jpeg").await;
        let failure = load(&image, bench.context()).await.unwrap_err();
        assert_eq!(failure.code(), "truncated_picture");
    }

    #[tokio::test]
    async fn a_cancelled_call_ends_before_the_next_stage() {
        let bench = Bench::new();
        let image = bench.picture(quarters(8, 8), PictureFormat::Png).await;
        let cancel = bench.context().cancellation().clone();
        let failure = transform(&image, bench.context(), move |picture| {
            cancel.cancel();
            Ok(picture)
        })
        .await
        .unwrap_err();
        assert_eq!(failure.kind(), ToolErrorKind::Cancelled);
    }
}
