//! Tools that create: speech and QR codes now; pictures, sound and video as they come.
//!
//! Each module is one tool, a function from a typed input to a typed output. What a model is and where it comes from is
//! the business of `medley-models`; which tools a request needs is the planners'.
#![forbid(unsafe_code)]

mod qr_code;
mod text_to_speech;

use medley_models::Models;
use medley_orchestrator::{Registry, RegistryError};

pub use qr_code::QrCode;
pub use text_to_speech::TextToSpeech;

/// Adds every tool of this crate to `registry`.
///
/// # Errors
/// When the registry holds a tool of the same name already.
pub fn register(registry: &mut Registry, models: &Models) -> Result<(), RegistryError> {
    registry.register(TextToSpeech::new(models.clone()))?;
    registry.register(QrCode)
}
