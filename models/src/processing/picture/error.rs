//! Why a picture does not pass the door, and the way out.

use std::io;

use image::{ImageError, error::LimitErrorKind};
use medley_orchestrator::{ProbeError, ToolError};

use super::PictureFormat;

/// Why a picture cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PictureError {
    /// There are no bytes.
    #[error("the file is empty")]
    Empty,
    /// The bytes are something else.
    #[error("the file is not a picture in a known format")]
    NotAPicture,
    /// A picture, but in a format that is known by name only.
    #[error("{0} pictures cannot be read")]
    Unreadable(&'static str),
    /// More pixels than are allowed.
    #[error("the picture has {width} x {height} pixels, more than the {} million that are allowed", limit / 1_000_000)]
    TooManyPixels {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
        /// How many pixels are allowed.
        limit: u64,
    },
    /// The pixels would take more memory than is allowed.
    #[error("reading the {format} picture would take more than {} MiB of memory", limit >> 20)]
    TooMuchMemory {
        /// The format.
        format: PictureFormat,
        /// How many bytes are allowed.
        limit: u64,
    },
    /// The file ends before the picture does.
    #[error("the {format} file is cut off: it ends before the picture does")]
    Truncated {
        /// The format.
        format: PictureFormat,
    },
    /// The file contradicts itself, or uses something that cannot be read.
    #[error("the {format} file cannot be read: it is damaged or of a rare kind")]
    Damaged {
        /// The format.
        format: PictureFormat,
        /// What the decoder said.
        source: ImageError,
    },
    /// The format has no room for so wide or high a picture.
    #[error("{format} cannot hold {width} x {height} pixels, only {} a side", format.longest_side())]
    TooLargeForFormat {
        /// The format.
        format: PictureFormat,
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
    },
    /// The encoder refuses the picture.
    #[error("the picture cannot be written as {format}")]
    Unwritable {
        /// The format.
        format: PictureFormat,
        /// What the encoder said.
        source: ImageError,
    },
}

impl PictureError {
    /// A stable name in snake case.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Empty => "empty_file",
            Self::NotAPicture => "not_a_picture",
            Self::Unreadable(_) => "unsupported_picture",
            Self::TooManyPixels { .. } | Self::TooMuchMemory { .. } => "picture_too_large",
            Self::Truncated { .. } => "truncated_picture",
            Self::Damaged { .. } => "damaged_picture",
            Self::TooLargeForFormat { .. } => "too_large_for_format",
            Self::Unwritable { .. } => "picture_not_written",
        }
    }

    /// The way out.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::Empty => "attach a file that has content",
            Self::NotAPicture => {
                "attach a picture as PNG, JPEG, WebP, GIF, BMP, TIFF, ICO, QOI or PNM"
            }
            Self::Unreadable(_) => "save it as PNG or JPEG with another program, and attach that",
            Self::TooManyPixels { .. } | Self::TooMuchMemory { .. } => {
                "make a smaller copy with another program, and attach that"
            }
            Self::Truncated { .. } => "copy or download the file again, to its end",
            Self::Damaged { .. } => {
                "open it with another program and save it as PNG, or get the file again"
            }
            Self::TooLargeForFormat { .. } => "make the picture smaller first, or choose PNG",
            Self::Unwritable { .. } => "choose PNG",
        }
    }

    pub(super) fn from_decoder(format: PictureFormat, limit: u64, source: ImageError) -> Self {
        match &source {
            ImageError::Limits(error)
                if !matches!(error.kind(), LimitErrorKind::Unsupported { .. }) =>
            {
                Self::TooMuchMemory { format, limit }
            }
            error if ends_early(error) => Self::Truncated { format },
            _ => Self::Damaged { format, source },
        }
    }
}

/// Whether a decoder ran out of bytes, somewhere down its chain of causes.
fn ends_early(error: &ImageError) -> bool {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(current) = cause {
        let found = match (
            current.downcast_ref::<io::Error>(),
            current.downcast_ref::<ImageError>(),
        ) {
            (Some(io), _) | (None, Some(ImageError::IoError(io))) => {
                io.kind() == io::ErrorKind::UnexpectedEof
            }
            (None, _) => false,
        };
        if found {
            return true;
        }
        cause = current.source();
    }
    false
}

impl From<PictureError> for ToolError {
    fn from(error: PictureError) -> Self {
        Self::permanent(error.code(), error.to_string())
            .with_hint(error.hint())
            .caused_by(error)
    }
}

impl From<PictureError> for ProbeError {
    fn from(error: PictureError) -> Self {
        Self {
            code: error.code(),
            message: error.to_string(),
            hint: error.hint().to_owned(),
        }
    }
}
