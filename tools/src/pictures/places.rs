//! Regions as an argument, in each of the forms in which a plan may give them.

use std::borrow::Cow;

use medley_orchestrator::{BoundingBox, CallContext, Region, Regions, RegionsArtifact, ToolError};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de};
use serde_json::Value as Json;

/// How far the shape of two pictures may differ, as a part, and still count as the same picture at another size.
const SHAPE_TOLERANCE: f32 = 0.01;

/// Places in a picture: regions, a list of regions or of boxes, or a single region.
#[derive(Debug, Clone)]
pub struct Places(Given);

#[derive(Debug, Clone)]
enum Given {
    Artifact(RegionsArtifact),
    Regions(Regions),
    List(Vec<Region>),
}

impl Places {
    /// Reads the regions, from the store if they are there.
    pub(crate) async fn read(self, context: &CallContext) -> Result<Found, ToolError> {
        let regions = match self.0 {
            Given::Artifact(artifact) => context.read_regions(&artifact).await?,
            Given::Regions(regions) => regions,
            Given::List(items) => return Ok(Found { size: None, items }),
        };
        Ok(Found {
            size: Some([regions.width, regions.height]),
            items: regions.items,
        })
    }
}

/// Regions at hand, and the size of the picture that they were found in, where it is known.
pub(crate) struct Found {
    size: Option<[u32; 2]>,
    /// The regions in pixels of that picture.
    pub(crate) items: Vec<Region>,
}

impl Found {
    /// The regions in pixels of a picture of `width` by `height`: scaled if they were found in the same picture at
    /// another size.
    ///
    /// # Errors
    /// When they were found in a picture of another shape, where they would mark the wrong places.
    pub(super) fn in_picture(self, width: u32, height: u32) -> Result<Vec<Region>, ToolError> {
        let Some([found_width, found_height]) = self.size else {
            return Ok(self.items);
        };
        if (found_width, found_height) == (width, height) || found_width * found_height == 0 {
            return Ok(self.items);
        }
        let across = width as f32 / found_width as f32;
        let down = height as f32 / found_height as f32;
        if (across / down - 1.0).abs() > SHAPE_TOLERANCE {
            let message = format!(
                "they were found in a picture of {found_width} x {found_height} pixels, this one has {width} x {height}"
            );
            return Err(ToolError::bad_argument("regions", message)
                .with_hint("give the picture in which they were found"));
        }
        Ok(self
            .items
            .into_iter()
            .map(|region| scaled(region, across, down))
            .collect())
    }
}

fn scaled(region: Region, across: f32, down: f32) -> Region {
    let [x, y, width, height] = region.bounds;
    let polygon = region.polygon.map(|points| {
        points
            .into_iter()
            .map(|[x, y]| [x * across, y * down])
            .collect()
    });
    Region {
        bounds: [x * across, y * down, width * across, height * down],
        polygon,
        mask: None,
        ..region
    }
}

/// A region, or a box in any form that is one.
fn place(json: Json) -> Result<Region, serde_json::Error> {
    let bounds: BoundingBox = serde_json::from_value(json.clone())?;
    if json.get("box").is_some() {
        return serde_json::from_value(json);
    }
    Ok(Region {
        bounds: [bounds.x, bounds.y, bounds.width, bounds.height],
        ..Region::default()
    })
}

impl<'de> Deserialize<'de> for Places {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = Json::deserialize(deserializer)?;
        let given = match json {
            json if json.get("$artifact").is_some() => {
                serde_json::from_value(json).map(Given::Artifact)
            }
            json if json.get("items").is_some() => serde_json::from_value(json).map(Given::Regions),
            Json::Array(items) if !items.iter().any(Json::is_number) => items
                .into_iter()
                .map(place)
                .collect::<Result<_, _>>()
                .map(Given::List),
            one => place(one).map(|region| Given::List(vec![region])),
        };
        given.map(Self).map_err(de::Error::custom)
    }
}

impl JsonSchema for Places {
    fn schema_name() -> Cow<'static, str> {
        "Places".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let bounds = BoundingBox::json_schema(generator);
        let number = json_schema!({ "type": "number" });
        // A region comes before a box: as a box it would lose its outline.
        let region = json_schema!({
            "type": "object",
            "required": ["box"],
            "properties": {
                "box": bounds,
                "text": { "type": "string" },
                "label": { "type": "string" },
                "score": number,
                "polygon": { "type": "array", "items": { "type": "array", "items": number } },
                "mask": true,
            },
        });
        json_schema!({ "anyOf": [
            RegionsArtifact::json_schema(generator),
            { "type": "array", "items": region },
            region,
            { "type": "array", "items": bounds },
        ] })
    }
}

#[cfg(test)]
mod tests {
    use medley_orchestrator::{Kind, Registry, ValueType};
    use serde_json::json;

    use super::*;
    use crate::pictures::DrawRegions;

    fn bounds_of(json: Json) -> Vec<[f32; 4]> {
        match serde_json::from_value::<Places>(json).unwrap().0 {
            Given::List(items) | Given::Regions(Regions { items, .. }) => {
                items.iter().map(|region| region.bounds).collect()
            }
            Given::Artifact(_) => unreachable!("no artifact was given"),
        }
    }

    #[test]
    fn every_form_is_read() {
        let wanted = vec![[1.0, 2.0, 3.0, 4.0]];
        for json in [
            json!([1, 2, 3, 4]),
            json!([[1, 2, 3, 4]]),
            json!({"x": 1, "y": 2, "w": 3, "h": 4}),
            json!([{"box": [1, 2, 3, 4], "text": "hello"}]),
            json!({"box": [1, 2, 3, 4], "polygon": [[1, 2], [4, 2], [4, 6]]}),
            json!({"width": 9, "height": 9, "items": [{"box": [1, 2, 3, 4]}]}),
        ] {
            assert_eq!(bounds_of(json.clone()), wanted, "{json}");
        }
        assert!(bounds_of(json!([])).is_empty());
        for json in [
            json!("here"),
            json!([1, 2]),
            json!([["a"]]),
            json!({"a": 1}),
        ] {
            assert!(serde_json::from_value::<Places>(json).is_err());
        }
    }

    #[test]
    fn a_plan_may_give_each_form_and_nothing_else() {
        let mut registry = Registry::new();
        registry.register(DrawRegions).unwrap();
        let entry = registry.get("draw_regions").unwrap();
        let wanted = &entry.capability.parameter("regions").unwrap().value_type;
        let region = ValueType::region();
        for given in [
            ValueType::artifact(Kind::Regions),
            ValueType::list(region.clone()),
            ValueType::list(ValueType::Box),
            region,
        ] {
            assert!(wanted.accepts(&given), "{given}");
        }
        assert!(!wanted.accepts(&ValueType::artifact(Kind::Text)));
        assert!(!wanted.accepts(&ValueType::String));
    }

    #[test]
    fn regions_follow_the_size_of_the_picture_but_not_its_shape() {
        let found = || Found {
            size: Some([100, 50]),
            items: vec![Region {
                bounds: [10.0, 10.0, 20.0, 5.0],
                polygon: Some(vec![[10.0, 10.0]]),
                ..Region::default()
            }],
        };
        let scaled = found().in_picture(200, 100).unwrap();
        assert_eq!(scaled[0].bounds, [20.0, 20.0, 40.0, 10.0]);
        assert_eq!(scaled[0].polygon, Some(vec![[20.0, 20.0]]));
        let failure = found().in_picture(50, 100).unwrap_err();
        assert_eq!(failure.code(), "bad_argument");
        assert!(failure.hint().is_some());
    }
}
