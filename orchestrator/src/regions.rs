//! Places in a picture, the common currency of detection, OCR, drawing and redaction.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The schema keyword that marks a [`BoundingBox`].
pub(crate) const BOX_KEYWORD: &str = "x-medley-box";

/// Places in one picture, in pixels of the upright picture.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Regions {
    /// Width of the picture in pixels.
    pub width: u32,
    /// Height of the picture in pixels.
    pub height: u32,
    /// The places, in an order that means something (reading order, falling score).
    pub items: Vec<Region>,
}

impl Regions {
    /// The MIME type of regions in the store.
    pub const MIME: &'static str = "application/vnd.medley.regions+json";
}

/// One place in a picture, and what is known of it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Region {
    /// The upright rectangle around the place: x, y, width and height in pixels.
    #[serde(rename = "box")]
    pub bounds: [f32; 4],
    /// The outline, clockwise from its own top left, in pixels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub polygon: Option<Vec<[f32; 2]>>,
    /// What it shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// What is written there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Confidence, 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<f32>,
    /// The mask, as run-length encoding in the way of COCO.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mask: Option<RunLengthMask>,
}

/// A mask in the run-length encoding of COCO: runs of 0 and 1 in turn, column by column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RunLengthMask {
    /// Height and width of the picture in pixels.
    pub size: [u32; 2],
    /// Lengths of the runs, the first of them of zeros.
    pub counts: Vec<u32>,
}

/// An upright rectangle as an argument: `[x, y, width, height]` in pixels, a record of those, or a [`Region`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BoundingBox {
    /// Left edge in pixels.
    pub x: f32,
    /// Top edge in pixels.
    pub y: f32,
    /// Width in pixels.
    pub width: f32,
    /// Height in pixels.
    pub height: f32,
}

impl From<[f32; 4]> for BoundingBox {
    fn from([x, y, width, height]: [f32; 4]) -> Self {
        Self {
            x,
            y,
            width,
            height,
        }
    }
}

impl Serialize for BoundingBox {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        [self.x, self.y, self.width, self.height].serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for BoundingBox {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            List([f32; 4]),
            Region {
                #[serde(rename = "box")]
                bounds: [f32; 4],
            },
            Record {
                x: f32,
                y: f32,
                #[serde(alias = "w")]
                width: f32,
                #[serde(alias = "h")]
                height: f32,
            },
        }
        let bounds = match Written::deserialize(deserializer) {
            Ok(Written::List(bounds) | Written::Region { bounds }) => bounds.into(),
            Ok(Written::Record {
                x,
                y,
                width,
                height,
            }) => Self {
                x,
                y,
                width,
                height,
            },
            Err(_) => {
                return Err(de::Error::custom(
                    "a box is [x, y, width, height] in pixels, or a region",
                ));
            }
        };
        let sound = [bounds.x, bounds.y, bounds.width, bounds.height]
            .iter()
            .all(|edge| edge.is_finite());
        if sound && bounds.width > 0.0 && bounds.height > 0.0 {
            Ok(bounds)
        } else {
            Err(de::Error::custom(
                "a box needs a width and a height above zero",
            ))
        }
    }
}

impl JsonSchema for BoundingBox {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "BoundingBox".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["array", "object"], (BOX_KEYWORD): true })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_fits_wherever_a_box_does() {
        let wanted = BoundingBox::from([1.0, 2.0, 30.0, 40.0]);
        for written in [
            serde_json::json!([1, 2, 30, 40]),
            serde_json::json!({"x": 1, "y": 2, "w": 30, "h": 40}),
            serde_json::json!({"box": [1, 2, 30, 40], "text": "hello", "score": 0.5}),
        ] {
            assert_eq!(
                serde_json::from_value::<BoundingBox>(written).unwrap(),
                wanted
            );
        }
        assert!(serde_json::from_value::<BoundingBox>(serde_json::json!([1, 2, 0, 40])).is_err());
        assert!(serde_json::from_value::<BoundingBox>(serde_json::json!([1, 2])).is_err());
    }
}
