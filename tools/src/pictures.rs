//! Tools that look at pictures, or make a picture of others.
//!
//! Every picture is read through `medley_models::processing::picture`, so it is upright and within the limits, and its
//! metadata is left behind. A result keeps the format of its input where that can carry it: a JPEG stays a JPEG as long
//! as nothing is transparent, a lossless format stays what it is, and the rest becomes PNG. Tools that mix pixels work
//! with 8 bits a channel; those that only move them keep 16.

mod adjust_image;
mod blur_image;
mod colour;
mod compare_images;
mod contact_sheet;
mod convert_image;
mod crop_image;
mod draw_regions;
mod flip_image;
mod grayscale_image;
mod image_info;
mod label;
mod layer;
mod lettering;
mod paragraph;
mod passage;
mod places;
mod redact_regions;
mod replace_text;
mod resize_image;
mod rotate_image;
mod shape;

#[cfg(test)]
pub(crate) mod testing;

pub use adjust_image::{AdjustImage, AdjustInput};
pub use blur_image::{BlurImage, BlurInput};
pub use colour::{Colour, ParseColourError};
pub use compare_images::{CompareImages, CompareInput, Differences};
pub use contact_sheet::{ContactSheet, SheetInput};
pub use convert_image::{ConvertImage, ConvertInput, TargetFormat};
pub use crop_image::{CropImage, CropInput};
pub use draw_regions::{DrawInput, DrawRegions};
pub use flip_image::{FlipDirection, FlipImage, FlipInput};
pub use grayscale_image::{GrayscaleImage, GrayscaleInput};
pub use image_info::{ColourModel, ImageFacts, ImageInfo, ImageInfoInput};
pub use passage::ChangedImage;
pub(crate) use passage::load;
pub use places::Places;
pub use redact_regions::{RedactInput, RedactRegions, RedactStyle};
pub use replace_text::{ReplaceInput, ReplaceText};
pub use resize_image::{Fit, ResizeImage, ResizeInput};
pub use rotate_image::{RotateImage, RotateInput};
