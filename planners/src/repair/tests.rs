mod properties;
mod real_plans;

use async_trait::async_trait;
use medley_orchestrator::{
    Artifact, Attachment, CallContext, Capability, DefectCode, Digest, DraftStep, Facts, Kind,
    Output, Parameter, Profile, Provider, Record, Registration, ToolError, ValueType, Visibility,
};
use serde_json::{Value as Json, json};

use super::*;

struct Nobody(Profile);

#[async_trait]
impl Provider for Nobody {
    fn profile(&self) -> &Profile {
        &self.0
    }

    async fn call(&self, _: Record, _: &CallContext) -> Result<Record, ToolError> {
        Err(ToolError::cancelled())
    }
}

fn capability(name: &str, takes: &[(&str, ValueType)], gives: ValueType) -> Capability {
    let parameters = takes.iter().map(|(name, value_type)| Parameter {
        name: name.trim_end_matches('?').to_owned(),
        value_type: value_type.clone(),
        required: !name.ends_with('?'),
        default: None,
        description: String::new(),
    });
    Capability {
        name: name.to_owned(),
        version: 1,
        purpose: String::new(),
        phrases: Vec::new(),
        parameters: parameters.collect(),
        outputs: vec![Output {
            name: "result".to_owned(),
            value_type: gives,
            optional: false,
            description: String::new(),
        }],
        visibility: Visibility::Shown,
    }
}

fn registry_of(capabilities: Vec<Capability>) -> Registry {
    let mut registry = Registry::new();
    for capability in capabilities {
        let profile = Profile {
            id: "nobody".to_owned(),
            revision: "1".to_owned(),
            ..Profile::default()
        };
        let registration = Registration::new(capability, Nobody(profile));
        registry.register(registration).unwrap();
    }
    registry
}

fn registry() -> Registry {
    let [image, audio, video] = [Kind::Image, Kind::Audio, Kind::Video].map(ValueType::artifact);
    let text = || ValueType::String;
    let turns = ValueType::Integer {
        minimum: Some(0),
        maximum: Some(3),
    };
    let way = ValueType::Enum {
        values: vec!["left".to_owned(), "right".to_owned()],
    };
    registry_of(vec![
        capability("read_picture", &[("image", image.clone())], text()),
        capability("shorten", &[("text", text())], text()),
        capability(
            "rotate",
            &[
                ("image", image.clone()),
                ("turns?", turns),
                ("mirrored?", ValueType::Boolean),
                ("way?", way),
            ],
            image.clone(),
        ),
        capability("take_still", &[("video", video.clone())], image.clone()),
        capability("take_sound", &[("video", video)], audio.clone()),
        capability("speak", &[("text", text())], audio.clone()),
        capability(
            "mix",
            &[("audio_1", audio.clone()), ("audio_2", audio.clone())],
            audio,
        ),
        capability(
            "stitch",
            &[("image_1", image.clone()), ("image_2", image.clone())],
            image,
        ),
    ])
}

fn request(names: &[(&str, Kind)]) -> Request {
    Request {
        text: "do it".to_owned(),
        attachments: names
            .iter()
            .map(|(name, kind)| Attachment {
                name: (*name).to_owned(),
                artifact: Artifact {
                    id: Digest::of(name.as_bytes()),
                    kind: *kind,
                    mime: String::new(),
                    facts: Facts::default(),
                },
            })
            .collect(),
        ..Request::default()
    }
}

fn picture() -> Request {
    request(&[("sign.png", Kind::Image)])
}

fn draft(steps: Json) -> DraftPlan {
    serde_json::from_value(json!({"steps": steps})).unwrap()
}

fn mend(steps: Json, request: &Request) -> Repaired {
    let hints = Hints {
        request: Some(request),
        ..Hints::default()
    };
    repair(
        draft(steps),
        &registry(),
        &Scope::of_request(request),
        &hints,
    )
}

/// Expects a draft to become a plan, with one repair of each of these sorts.
fn mends(steps: Json, request: &Request, codes: &[RepairCode], expected: Json) {
    let repaired = mend(steps, request);
    assert_eq!(repaired.defects, [], "{repaired:#?}");
    let done: Vec<RepairCode> = repaired.repairs.iter().map(|each| each.code).collect();
    assert_eq!(done, codes, "{:#?}", repaired.repairs);
    assert_eq!(repaired.draft, draft(expected));
}

#[test]
fn a_plan_is_left_as_it_is() {
    let steps = json!([
        {"id": "s1", "tool": "read_picture", "args": {"image": "$input1"}, "why": "to read it"},
        {"id": "s2", "tool": "shorten", "args": {"text": "It says ${s1}"}},
        {"id": "s3", "tool": "speak", "args": {"text": "step 2 of the recipe is to wait for an hour, then to eat"}, "after": ["s2"]},
    ]);
    mends(steps.clone(), &picture(), &[], steps);
}

#[test]
fn names_differ_in_case_and_punctuation_or_in_a_letter() {
    for name in [
        "Read-Picture",
        "readPicture",
        "read_pictur",
        "Read Picture (OCR)",
    ] {
        mends(
            json!([{"id": "s1", "tool": name, "args": {"image": "$input1"}}]),
            &picture(),
            &[RepairCode::RenamedTool],
            json!([{"id": "s1", "tool": "read_picture", "args": {"image": "$input1"}}]),
        );
    }
}

#[test]
fn an_invented_name_becomes_a_tool_only_if_the_types_fit() {
    // "take" is in two names; only one of them gives a picture.
    mends(
        json!([
            {"id": "s1", "tool": "taker", "args": {"video": "$input1"}},
            {"id": "s2", "tool": "rotate", "args": {"image": "$s1"}},
        ]),
        &request(&[("clip.mp4", Kind::Video)]),
        &[RepairCode::RenamedTool],
        json!([
            {"id": "s1", "tool": "take_still", "args": {"video": "$input1"}},
            {"id": "s2", "tool": "rotate", "args": {"image": "$s1"}},
        ]),
    );
    let repaired = mend(
        json!([{"id": "s1", "tool": "taker", "args": {"image": "$input1"}}]),
        &picture(),
    );
    assert_eq!(repaired.defects[0].code, DefectCode::UnknownTool);
}

#[test]
fn a_meaning_given_by_the_caller_counts_if_the_types_fit() {
    let nearest = |name: &str| (name == "whisper").then(|| "speak".to_owned());
    let request = picture();
    let hints = Hints {
        request: Some(&request),
        nearest: Some(&nearest),
    };
    let mend = |argument: &str| {
        let steps = json!([{"id": "s1", "tool": "whisper", "args": {"text": argument}}]);
        repair(
            draft(steps),
            &registry(),
            &Scope::of_request(&request),
            &hints,
        )
    };
    assert_eq!(mend("hello you").draft.steps[0].tool, "speak");
    assert_eq!(mend("$input1").draft.steps[0].tool, "whisper");
}

#[test]
fn an_argument_finds_its_parameter_by_name_or_by_type() {
    for name in ["Image", "imgae", "input_image", "picture"] {
        mends(
            json!([{"id": "s1", "tool": "read_picture", "args": {name: "$input1"}}]),
            &picture(),
            &[RepairCode::RenamedArgument],
            json!([{"id": "s1", "tool": "read_picture", "args": {"image": "$input1"}}]),
        );
    }
}

#[test]
fn what_no_parameter_takes_is_left_out() {
    mends(
        json!([{"id": "s1", "tool": "read_picture", "args": {"image": "$input1", "language": "English"}}]),
        &picture(),
        &[RepairCode::DroppedArgument],
        json!([{"id": "s1", "tool": "read_picture", "args": {"image": "$input1"}}]),
    );
}

#[test]
fn a_missing_input_is_the_latest_of_its_type() {
    mends(
        json!([
            {"id": "s1", "tool": "rotate"},
            {"id": "s2", "tool": "read_picture"},
            {"id": "s3", "tool": "speak"},
        ]),
        &picture(),
        &[RepairCode::FilledInput; 3],
        json!([
            {"id": "s1", "tool": "rotate", "args": {"image": "$input1"}},
            {"id": "s2", "tool": "read_picture", "args": {"image": "$s1"}},
            {"id": "s3", "tool": "speak", "args": {"text": "$s2"}},
        ]),
    );
}

#[test]
fn two_inputs_of_one_type_are_two_things() {
    let steps = json!([{"id": "s1", "tool": "stitch"}]);
    let one = mend(steps.clone(), &picture());
    assert_eq!(one.defects[0].code, DefectCode::MissingArgument);
    let two = request(&[("a.png", Kind::Image), ("b.png", Kind::Image)]);
    mends(
        steps,
        &two,
        &[RepairCode::FilledInput; 2],
        json!([{"id": "s1", "tool": "stitch", "args": {"image_1": "$input1", "image_2": "$input2"}}]),
    );
}

#[test]
fn words_that_mean_a_step_become_a_reference() {
    for said in [
        "the output of step 1",
        "result of s1",
        "<GENERATED>-0",
        "<node-0>",
        "${ReadPicture.output}",
        "%{READ_PICTURE#output}%",
        "[output from step 1]",
        "output_of_step_1",
    ] {
        mends(
            json!([
                {"id": "s1", "tool": "read_picture", "args": {"image": "$input1"}},
                {"id": "s2", "tool": "shorten", "args": {"text": "a text of its own"}},
                {"id": "s3", "tool": "speak", "args": {"text": said}},
            ]),
            &picture(),
            &[RepairCode::Referred],
            json!([
                {"id": "s1", "tool": "read_picture", "args": {"image": "$input1"}},
                {"id": "s2", "tool": "shorten", "args": {"text": "a text of its own"}},
                {"id": "s3", "tool": "speak", "args": {"text": "$s1"}},
            ]),
        );
    }
}

#[test]
fn a_file_is_meant_by_its_name_and_an_input_by_its_kind() {
    mends(
        json!([{"id": "s1", "tool": "read_picture", "args": {"image": "Sign.png"}}]),
        &picture(),
        &[RepairCode::Referred],
        json!([{"id": "s1", "tool": "read_picture", "args": {"image": "$input1"}}]),
    );
    mends(
        json!([{"id": "s1", "tool": "read_picture", "args": {"image": "the input image"}}]),
        &picture(),
        &[RepairCode::FilledInput],
        json!([{"id": "s1", "tool": "read_picture", "args": {"image": "$input1"}}]),
    );
}

#[test]
fn a_step_that_waits_for_what_it_lacks_takes_it() {
    mends(
        json!([
            {"id": "s1", "tool": "read_picture", "args": {"image": "$input1"}},
            {"id": "s2", "tool": "shorten", "args": {"text": "$s1"}},
            {"id": "s3", "tool": "speak", "after": ["s1"]},
        ]),
        &picture(),
        &[RepairCode::FilledInput, RepairCode::DroppedWait],
        json!([
            {"id": "s1", "tool": "read_picture", "args": {"image": "$input1"}},
            {"id": "s2", "tool": "shorten", "args": {"text": "$s1"}},
            {"id": "s3", "tool": "speak", "args": {"text": "$s1"}},
        ]),
    );
}

#[test]
fn a_value_of_another_type_is_converted_by_the_only_shortest_way() {
    mends(
        json!([{"id": "s1", "tool": "shorten", "args": {"text": "$input1"}}]),
        &request(&[("clip.mp4", Kind::Video)]),
        &[RepairCode::Bridged],
        json!([
            {"id": "s2", "tool": "take_still", "args": {"video": "$input1"}},
            {"id": "s3", "tool": "read_picture", "args": {"image": "$s2"}},
            {"id": "s1", "tool": "shorten", "args": {"text": "$s3"}},
        ]),
    );
    let repaired = mend(
        json!([{"id": "s1", "tool": "read_picture", "args": {"image": "$input1"}}]),
        &request(&[("song.wav", Kind::Audio)]),
    );
    assert_eq!(
        repaired.defects[0].code,
        DefectCode::WrongType,
        "nothing makes pictures of sound"
    );
}

#[test]
fn two_ways_to_convert_are_none() {
    let [image, text] = [ValueType::artifact(Kind::Image), ValueType::String];
    let registry = registry_of(vec![
        capability("describe", &[("image", image.clone())], text.clone()),
        capability("read", &[("image", image)], text.clone()),
        capability("shorten", &[("text", text.clone())], text),
    ]);
    let steps = json!([{"id": "s1", "tool": "shorten", "args": {"text": "$input1"}}]);
    let scope = Scope::of_request(&picture());
    let repaired = repair(draft(steps.clone()), &registry, &scope, &Hints::default());
    assert_eq!(repaired.draft, draft(steps));
    assert_eq!(repaired.defects[0].code, DefectCode::WrongType);
}

#[test]
fn literals_are_written_as_their_types() {
    mends(
        json!([{"id": "s1", "tool": "rotate", "args": {
            "image": "$input1", "turns": "3", "mirrored": "True", "way": "LEFT",
        }}]),
        &picture(),
        &[RepairCode::CoercedLiteral; 3],
        json!([{"id": "s1", "tool": "rotate", "args": {
            "image": "$input1", "turns": 3, "mirrored": true, "way": "left",
        }}]),
    );
    let repaired = mend(
        json!([{"id": "s1", "tool": "rotate", "args": {"image": "$input1", "turns": "9"}}]),
        &picture(),
    );
    assert_eq!(
        repaired.repairs,
        [],
        "a number out of range means nothing else"
    );
}

#[test]
fn equal_steps_become_one() {
    mends(
        json!([
            {"id": "s1", "tool": "read_picture", "args": {"image": "$input1"}},
            {"id": "s2", "tool": "read_picture", "args": {"image": "$input1"}, "why": "again"},
            {"id": "s3", "tool": "speak", "args": {"text": "It says ${s2}"}},
            {"id": "s1", "tool": "read_picture", "args": {"image": "$input1"}},
        ]),
        &picture(),
        &[RepairCode::MergedSteps; 2],
        json!([
            {"id": "s1", "tool": "read_picture", "args": {"image": "$input1"}},
            {"id": "s3", "tool": "speak", "args": {"text": "It says ${s1}"}},
        ]),
    );
}

#[test]
fn a_cycle_breaks_where_no_type_holds_it() {
    mends(
        json!([
            {"id": "s1", "tool": "read_picture", "args": {"image": "$input1"}, "after": ["s2"]},
            {"id": "s2", "tool": "shorten", "args": {"text": "$s1"}},
        ]),
        &picture(),
        &[RepairCode::BrokenCycle],
        json!([
            {"id": "s1", "tool": "read_picture", "args": {"image": "$input1"}},
            {"id": "s2", "tool": "shorten", "args": {"text": "$s1"}},
        ]),
    );
}

#[test]
fn steps_stand_behind_those_that_they_take_from() {
    mends(
        json!([
            {"id": "s1", "tool": "speak", "args": {"text": "$s2"}},
            {"id": "s2", "tool": "read_picture", "args": {"image": "$input1"}},
        ]),
        &picture(),
        &[RepairCode::Sorted],
        json!([
            {"id": "s2", "tool": "read_picture", "args": {"image": "$input1"}},
            {"id": "s1", "tool": "speak", "args": {"text": "$s2"}},
        ]),
    );
}

#[test]
fn a_wait_for_nothing_is_left_out() {
    mends(
        json!([{"id": "s1", "tool": "speak", "args": {"text": "hello you"}, "after": ["s9"]}]),
        &picture(),
        &[RepairCode::DroppedWait],
        json!([{"id": "s1", "tool": "speak", "args": {"text": "hello you"}}]),
    );
}

#[test]
fn a_step_without_an_id_gets_one() {
    mends(
        json!([{"id": "", "tool": "speak", "args": {"text": "hello you"}}]),
        &picture(),
        &[RepairCode::NamedStep],
        json!([{"id": "s1", "tool": "speak", "args": {"text": "hello you"}}]),
    );
}

#[test]
fn repairs_are_written_for_programs() {
    let repaired = mend(
        json!([{"id": "s1", "tool": "Read-Picture", "args": {"image": "$input1"}}]),
        &picture(),
    );
    let json = serde_json::to_value(&repaired.repairs).unwrap();
    assert_eq!(json[0]["code"], "renamed_tool");
    assert_eq!(json[0]["step"], "s1");
}
