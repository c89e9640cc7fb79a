use serde_json::json;

use super::super::{clauses, tokens::tokenize};
use super::*;

fn filled(capability: &str, text: &str) -> Filling {
    let vocabulary = Vocabulary::built_in().unwrap();
    let capabilities: Vec<Capability> =
        serde_json::from_str(include_str!("../../../fixtures/capabilities.json")).unwrap();
    let capability = capabilities
        .iter()
        .find(|each| each.name == capability)
        .unwrap();
    let tokens = tokenize(text, &[], &vocabulary);
    let mut split = clauses::split(&tokens, &vocabulary.words, &|_| true).into_iter();
    let mut clause = split.next().unwrap();
    for other in split {
        clause.absorb(other);
    }
    fill(capability, &clause, &vocabulary)
}

#[test]
fn numbers_find_their_parameters() {
    for (capability, text, expected) in [
        (
            "resize_image",
            "300 pixels wide and 200 high",
            json!({"width": 300, "height": 200}),
        ),
        (
            "resize_image",
            "to a height of 200 and a width of 300",
            json!({"height": 200, "width": 300}),
        ),
        (
            "resize_image",
            "resize to 640 x 480",
            json!({"width": 640, "height": 480}),
        ),
        ("resize_image", "resize it to 50%", json!({"scale": 0.5})),
        ("resize_image", "by half", json!({"scale": 0.5})),
        (
            "resize_image",
            "enlarge it by 20 percent",
            json!({"scale": 1.2}),
        ),
        ("resize_image", "shrink it by 30%", json!({"scale": 0.7})),
        ("resize_image", "shrink it to 30%", json!({"scale": 0.3})),
        (
            "resize_image",
            "make it 3 times as big",
            json!({"scale": 3}),
        ),
        ("rotate_image", "rotate 90", json!({"degrees": 90})),
        ("rotate_image", "rotate it left", json!({"degrees": -90})),
        (
            "rotate_image",
            "turn it 30 degrees counterclockwise",
            json!({"degrees": -30}),
        ),
        ("rotate_image", "turn it by -30°", json!({"degrees": -30})),
        ("rotate_image", "upside down", json!({"degrees": 180})),
        (
            "adjust_image",
            "increase brightness by 20% and contrast by 10%",
            json!({"brightness": 1.2, "contrast": 1.1}),
        ),
        (
            "adjust_image",
            "set the contrast to 150%",
            json!({"contrast": 1.5}),
        ),
        ("adjust_image", "darker", json!({"brightness": 0.7})),
        ("blur_image", "blur it strongly", json!({"radius": 10})),
        (
            "crop_image",
            "crop to 10, 20, 30, 40",
            json!({"region": [10, 20, 30, 40]}),
        ),
        (
            "crop_image",
            "crop to 300x200 at 10, 20",
            json!({"region": [10, 20, 300, 200]}),
        ),
    ] {
        let found = filled(capability, text).arguments;
        assert_eq!(Json::Object(found), expected, "{text}");
    }
}

#[test]
fn words_choose_among_what_is_allowed() {
    for (capability, text, expected) in [
        (
            "flip_image",
            "mirror it left to right",
            json!({"direction": "horizontal"}),
        ),
        (
            "flip_image",
            "flip it vertically",
            json!({"direction": "vertical"}),
        ),
        (
            "convert_image",
            "turn the png into a jpg",
            json!({"format": "jpg"}),
        ),
        (
            "convert_image",
            "save as webp with quality 70",
            json!({"format": "webp", "quality": 70}),
        ),
        (
            "redact_regions",
            "pixelate the text",
            json!({"style": "pixelate"}),
        ),
        (
            "text_to_speech",
            "say it in a german voice",
            json!({"language": "de"}),
        ),
        ("text_to_speech", "say the german word", json!({})),
        (
            "draw_regions",
            "draw red boxes around it",
            json!({"color": "red"}),
        ),
    ] {
        let found = filled(capability, text).arguments;
        assert_eq!(Json::Object(found), expected, "{text}");
    }
}

#[test]
fn several_values_are_kept() {
    let both = filled("flip_image", "flip it horizontally and vertically");
    let several = both.several.unwrap();
    assert_eq!(several.values, [json!("horizontal"), json!("vertical")]);
    assert!(!several.alternatives);
    let formats = filled("convert_image", "save it as png and webp");
    assert!(formats.several.unwrap().alternatives);
    let voices = filled("text_to_speech", "say it in German and French");
    assert_eq!(voices.several.unwrap().values, [json!("de"), json!("fr")]);
}
