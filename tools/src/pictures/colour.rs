//! Colours as people and planners write them.

use std::{borrow::Cow, str::FromStr};

use image::Rgba;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de};

/// A colour: a CSS name (`red`, `transparent`), `#rrggbb`, `#rrggbbaa` or another CSS notation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Colour(pub Rgba<u8>);

/// A word is no colour.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no colour: use a name such as red or navy, or #rrggbb, or #rrggbbaa")]
pub struct ParseColourError(String);

impl Colour {
    /// Red, the colour that marks.
    pub const RED: Self = Self(Rgba([255, 0, 0, 255]));
    /// Black, the colour that hides.
    pub const BLACK: Self = Self(Rgba([0, 0, 0, 255]));
    /// No colour at all.
    pub const TRANSPARENT: Self = Self(Rgba([0, 0, 0, 0]));

    /// Whether nothing shows through.
    #[must_use]
    pub const fn is_opaque(self) -> bool {
        self.0.0[3] == u8::MAX
    }

    /// Black or white, whichever is easier to read on this colour.
    #[must_use]
    pub fn ink(self) -> Rgba<u8> {
        let [red, green, blue, _] = self.0.0.map(f32::from);
        // Luma of Rec. 709.
        let luma = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
        let value = if luma > 140.0 { 0 } else { 255 };
        Rgba([value, value, value, 255])
    }
}

impl FromStr for Colour {
    type Err = ParseColourError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        csscolorparser::parse(text.trim())
            .map(|colour| Self(Rgba(colour.to_rgba8())))
            .map_err(|_| ParseColourError(text.chars().take(40).collect()))
    }
}

impl<'de> Deserialize<'de> for Colour {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Cow::<str>::deserialize(deserializer)?
            .parse()
            .map_err(de::Error::custom)
    }
}

impl JsonSchema for Colour {
    fn schema_name() -> Cow<'static, str> {
        "Colour".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_are_colours() {
        for (text, wanted) in [
            ("red", [255, 0, 0, 255]),
            ("Navy", [0, 0, 128, 255]),
            ("grey", [128, 128, 128, 255]),
            (" #102030 ", [16, 32, 48, 255]),
            ("#10203040", [16, 32, 48, 64]),
            ("#f00", [255, 0, 0, 255]),
            ("transparent", [0, 0, 0, 0]),
            ("rgb(1, 2, 3)", [1, 2, 3, 255]),
        ] {
            assert_eq!(text.parse(), Ok(Colour(Rgba(wanted))), "{text}");
        }
        for text in ["", "purpel", "#12", "12", "rgb(1,2)"] {
            let failure = text.parse::<Colour>().unwrap_err().to_string();
            assert!(failure.contains("#rrggbb"), "{failure}");
        }
    }

    #[test]
    fn ink_stands_out() {
        assert_eq!(Colour::BLACK.ink().0[0], 255);
        assert_eq!("yellow".parse::<Colour>().unwrap().ink().0[0], 0);
    }
}
