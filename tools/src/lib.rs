//! Tools that perceive and transform: pictures, sound, video and text, each behind a typed signature.
//!
//! A tool is one file, a `mod` line and a line in [`register`]. Files from outside are measured at the door by
//! [`MediaProbe`]. Who plans the calls, and how they are scheduled, is not known here.
#![forbid(unsafe_code)]

pub mod language;
mod language_identification;
mod ocr;
pub mod pictures;
mod probe;
mod regions_to_table;

use medley_models::Models;
use medley_orchestrator::{Registry, RegistryError};

pub use self::{
    language_identification::LanguageIdentification, ocr::Ocr, probe::MediaProbe,
    regions_to_table::RegionsToTable,
};

/// Adds every tool of this crate.
///
/// # Errors
/// When another provider of the same name is there already, or a name is taken by a different capability.
pub fn register(registry: &mut Registry, models: &Models) -> Result<(), RegistryError> {
    registry.register(Ocr::new(models.clone()))?;
    registry.register(LanguageIdentification)?;
    registry.register(pictures::ImageInfo)?;
    registry.register(pictures::ResizeImage)?;
    registry.register(pictures::CropImage)?;
    registry.register(pictures::RotateImage)?;
    registry.register(pictures::FlipImage)?;
    registry.register(pictures::GrayscaleImage)?;
    registry.register(pictures::AdjustImage)?;
    registry.register(pictures::BlurImage)?;
    registry.register(pictures::ConvertImage)?;
    registry.register(pictures::DrawRegions)?;
    registry.register(pictures::RedactRegions)?;
    registry.register(pictures::ReplaceText)?;
    registry.register(pictures::CompareImages)?;
    registry.register(pictures::ContactSheet)?;
    registry.register(RegionsToTable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tool_can_be_asked_for_and_is_documented() {
        let mut registry = Registry::new();
        let models = Models::open(medley_models::ModelsOptions::default()).unwrap();
        register(&mut registry, &models).unwrap();
        assert!(registry.plannable().count() >= 17);
        for capability in registry.plannable() {
            let name = &capability.name;
            assert!(capability.phrases.len() >= 5, "{name}");
            for parameter in &capability.parameters {
                assert!(
                    !parameter.description.is_empty(),
                    "{name}.{}",
                    parameter.name
                );
            }
            for output in &capability.outputs {
                assert!(!output.description.is_empty(), "{name}.{}", output.name);
            }
        }
    }
}
