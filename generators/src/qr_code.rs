//! `qr_code`: draws a text as a QR code that a camera can read back.
//!
//! Knows how large a code has to be drawn; how text becomes modules is the business of `fast_qr`.

use async_trait::async_trait;
use fast_qr::{ECL, QRBuilder, QRCode as Modules};
use image::{GrayImage, Luma};
use medley_models::processing::picture::{Picture, PictureFormat, Quality, encode};
use medley_orchestrator::{About, CallContext, Facts, ImageArtifact, Kind, Tool, ToolError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The light rim that readers need on every side, in modules (ISO/IEC 18004, 6.3.8).
const QUIET_ZONE: u32 = 4;

/// Side of the picture in pixels where none is asked for.
const USUAL_SIDE: u32 = 512;

/// Pixels a module where none are asked for, at least: a camera tells them apart on a screen.
const LEGIBLE_MODULE: u32 = 4;

/// Draws texts as QR codes.
#[derive(Debug, Clone, Copy, Default)]
pub struct QrCode;

/// What the code should say, and how it should look.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub struct Input {
    /// The text or the link that the code holds.
    pub text: String,
    /// Side of the picture in pixels. By default 512, and more where a long text needs it.
    #[schemars(range(min = 32, max = 4096))]
    pub size: Option<u32>,
    /// How much of the code may be dirty or covered and it can still be read: low 7 %, medium 15 %, quartile 25 %,
    /// high 30 %. More of it leaves less room for text.
    #[serde(default)]
    pub error_correction: ErrorCorrection,
}

/// How much damage a code survives.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ErrorCorrection {
    /// 7 % of the code.
    Low,
    /// 15 % of the code.
    #[default]
    Medium,
    /// 25 % of the code.
    Quartile,
    /// 30 % of the code.
    High,
}

/// The code.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    /// The code in black on white: PNG.
    pub image: ImageArtifact,
}

#[async_trait]
impl Tool for QrCode {
    type Input = Input;
    type Output = Output;

    fn about(&self) -> About {
        About::new(
            "qr_code",
            "Makes a QR code of a text or a link, as a picture",
        )
        .phrases(&[
            "make a QR code",
            "create a QR code for this link",
            "turn the text into a QR code",
            "generate a QR code of the address",
            "put the link into a QR code that I can scan",
            "encode it as a QR code",
        ])
        .computes(1, 64 << 20)
    }

    async fn call(&self, input: Input, context: &CallContext) -> Result<Output, ToolError> {
        let (side, content) = context
            .compute(move || {
                let modules = modules(&input.text, input.error_correction)?;
                let pixels = draw(&modules, input.size)?;
                let side = pixels.width();
                let picture = Picture::new(pixels.into(), PictureFormat::Png);
                let content = encode(&picture, PictureFormat::Png, Quality::default())?;
                Ok((side, content))
            })
            .await?;
        context.check_cancelled()?;
        let facts = Facts::picture(side, side);
        let mime = PictureFormat::Png.mime();
        let artifact = context.write(Kind::Image, mime, facts, content).await?;
        Ok(Output {
            image: artifact.into(),
        })
    }
}

fn modules(text: &str, correction: ErrorCorrection) -> Result<Modules, ToolError> {
    if text.is_empty() {
        return Err(ToolError::bad_argument("text", "it is empty")
            .with_hint("give the text or the link that the code should hold"));
    }
    QRBuilder::new(text)
        .ecl(correction.level())
        .build()
        .map_err(|_| {
            let (limit, unit) = correction.room_for(text);
            let message = format!(
                "the text is too long for a QR code: it has {} {unit}, and at most {limit} fit with error correction \"{}\"",
                text.len(),
                correction.name(),
            );
            ToolError::permanent("text_too_long", message).with_hint(
                "shorten the text, split it over several codes, give a link to it, or ask for error correction \"low\"",
            )
        })
}

/// Whole pixels a module, in the middle of a light square of just the side that is asked for.
fn draw(modules: &Modules, size: Option<u32>) -> Result<GrayImage, ToolError> {
    // A code has at most 177 modules a side.
    let count = modules.size as u32;
    let needed = count + 2 * QUIET_ZONE;
    let side = size.unwrap_or_else(|| USUAL_SIDE.max(needed * LEGIBLE_MODULE));
    let module = side / needed;
    if module == 0 {
        let message = format!("a code of this text needs at least {needed} pixels a side");
        return Err(ToolError::bad_argument("size", message).with_hint(format!(
            "ask for {needed} pixels or more, better {}",
            needed * LEGIBLE_MODULE
        )));
    }
    let rim = (side - count * module) / 2;
    Ok(GrayImage::from_fn(side, side, |x, y| {
        let place = |pixel: u32| pixel.checked_sub(rim).map(|inside| inside / module);
        let dark = match (place(x), place(y)) {
            (Some(across), Some(down)) if across < count && down < count => {
                modules[down as usize][across as usize].value()
            }
            _ => false,
        };
        Luma([if dark { 0 } else { u8::MAX }])
    }))
}

impl ErrorCorrection {
    const fn level(self) -> ECL {
        match self {
            Self::Low => ECL::L,
            Self::Medium => ECL::M,
            Self::Quartile => ECL::Q,
            Self::High => ECL::H,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::Quartile => "quartile",
            Self::High => "high",
        }
    }

    /// How much of texts like this one the largest code holds, and in what it is counted (ISO/IEC 18004, table 7).
    fn room_for(self, text: &str) -> (usize, &'static str) {
        let is_compact =
            |byte: u8| matches!(byte, b'0'..=b'9' | b'A'..=b'Z') || b" $%*+-./:".contains(&byte);
        let (room, unit) = if text.bytes().all(|byte| byte.is_ascii_digit()) {
            ([7089, 5596, 3993, 3057], "digits")
        } else if text.bytes().all(is_compact) {
            ([4296, 3391, 2420, 1852], "characters")
        } else {
            ([2953, 2331, 1663, 1273], "bytes of UTF-8")
        };
        (room[self as usize], unit)
    }
}

#[cfg(test)]
mod tests;
