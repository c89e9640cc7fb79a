//! What the tests of the picture tools share: a store, a context and pictures to put in.

use std::sync::Arc;

use image::{DynamicImage, Rgb, RgbImage};
use medley_models::processing::picture::{Limits, Picture, PictureFormat, Quality, decode, encode};
use medley_orchestrator::{
    CallContext, DiskStore, Facts, ImageArtifact, Kind, Regions, RegionsArtifact,
};
use tokio_util::sync::CancellationToken;

/// A store in a folder of its own, and the context of a call over it.
pub(crate) struct Bench {
    context: CallContext,
    _folder: tempfile::TempDir,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(DiskStore::new(folder.path()));
        let context = CallContext::new(store, CancellationToken::new(), Arc::new(|_| ()));
        Self {
            context,
            _folder: folder,
        }
    }

    pub(crate) const fn context(&self) -> &CallContext {
        &self.context
    }

    /// Puts a picture in, written in `format`.
    pub(crate) async fn picture(
        &self,
        pixels: impl Into<DynamicImage>,
        format: PictureFormat,
    ) -> ImageArtifact {
        let picture = Picture::new(pixels.into(), format);
        let content = encode(&picture, format, Quality::default()).unwrap();
        self.file(content, format.mime()).await
    }

    /// Puts any bytes in as a picture.
    pub(crate) async fn file(&self, content: Vec<u8>, mime: &str) -> ImageArtifact {
        let artifact = self
            .context
            .write(Kind::Image, mime, Facts::default(), content)
            .await;
        artifact.unwrap().into()
    }

    /// Puts regions in.
    pub(crate) async fn regions(&self, regions: &Regions) -> RegionsArtifact {
        self.context.write_regions(regions).await.unwrap().into()
    }

    /// Takes a picture out, and checks that its description is right.
    pub(crate) async fn read(&self, image: &ImageArtifact) -> Picture {
        let content = self.context.read(image).await.unwrap();
        let picture = decode(&content, &Limits::default()).unwrap();
        assert_eq!(picture.format.mime(), image.mime);
        picture
    }
}

/// Red, green, blue and yellow quarters, from the top left in reading order.
pub(crate) fn quarters(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        match (x < width / 2, y < height / 2) {
            (true, true) => Rgb([220, 30, 30]),
            (false, true) => Rgb([30, 200, 30]),
            (true, false) => Rgb([30, 30, 210]),
            (false, false) => Rgb([230, 220, 40]),
        }
    })
}
