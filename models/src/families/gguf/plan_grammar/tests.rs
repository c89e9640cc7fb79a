//! Whatever a model without an opinion writes is a plan.

mod any_tools;
#[path = "../../../../../planners/tests/support/described.rs"]
mod described;
mod large;
mod limits;
mod random_model;
mod rounds;
mod schemas;
mod strings;

use std::collections::BTreeSet;

use medley_orchestrator::{
    Addition, Artifact, Attachment, Capability, Digest, DraftPlan, Facts, Kind, Plan, PlanShape,
    Registry, Request, Scope, ValueType,
};

use self::described::{capabilities, registry_of as registry};
use self::random_model::{RandomModel, vocabulary};
use super::{super::constraint::Constraint, *};

fn request(kinds: &[Kind]) -> Request {
    let attachments = kinds.iter().map(|&kind| Attachment {
        name: kind.to_string(),
        artifact: Artifact {
            id: Digest::of(kind.to_string().as_bytes()),
            kind,
            mime: String::new(),
            facts: Facts::default(),
        },
    });
    Request {
        text: "make something of these".to_owned(),
        attachments: attachments.collect(),
        ..Request::default()
    }
}

/// Reads a plan in JSON Lines.
fn read(text: &str) -> DraftPlan {
    let mut draft = DraftPlan::default();
    assert!(text.ends_with('\n'), "{text}");
    for line in text.lines() {
        assert!(draft.answer.is_none(), "a line behind the answer: {text}");
        match Addition::from_json_line(line).unwrap() {
            Addition::Step(step) => draft.steps.push(*step),
            Addition::Answer(answer) => draft.answer = Some(answer),
            Addition::End => unreachable!("no line says so"),
        }
    }
    draft
}

/// Reads a plan, as a stream of lines and as a file, and has it validated.
fn validated(text: &str, registry: &Registry, request: &Request) -> DraftPlan {
    let draft = read(text);
    let file = serde_json::to_string(&draft).unwrap();
    assert_eq!(DraftPlan::from_json_text(&file).unwrap(), draft, "{text}");
    let scope = Scope::of_request(request);
    if let Err(defects) = Plan::validate(&draft, registry, &scope) {
        unreachable!("{defects:?}\n{text}");
    }
    let answer = draft.answer.clone().unwrap();
    let distinct: BTreeSet<String> = answer.iter().map(ToString::to_string).collect();
    assert_eq!(distinct.len(), answer.len(), "{text}");
    assert!(!answer.is_empty(), "{text}");
    draft
}

#[test]
fn random_models_write_valid_plans_of_three_steps_with_many_tools() {
    let capabilities = capabilities();
    let registry = registry(&capabilities);
    let request = request(&[Kind::Image, Kind::Audio]);
    let shape = PlanShape::of(&registry, &request);
    let vocabulary = vocabulary();
    let mut tools = BTreeSet::new();
    let mut steps = 0;
    for seed in 0..200 {
        let mut constraint = PlanConstraint::new(&vocabulary, &shape).unwrap();
        let reply = RandomModel::new(seed).write(&mut constraint, &vocabulary, 100_000);
        let draft = validated(&reply.unwrap(), &registry, &request);
        assert!(draft.steps.len() <= shape.max_steps);
        steps += draft.steps.len();
        tools.extend(draft.steps.into_iter().map(|step| step.tool));
    }
    let mean = steps as f64 / 200.0;
    println!("{mean} steps a plan, {} tools", tools.len());
    assert!((2.0..=4.0).contains(&mean), "{mean} steps a plan");
    assert!(tools.len() >= 10, "{tools:?}");
}

#[test]
fn nothing_that_is_masked_is_taken() {
    let registry = registry(&capabilities());
    let request = request(&[Kind::Image]);
    let vocabulary = vocabulary();
    let shape = PlanShape::of(&registry, &request);
    let mut constraint = PlanConstraint::new(&vocabulary, &shape).unwrap();
    let mut model = RandomModel::new(7);
    while !constraint.may_end() {
        let mask = constraint.mask(100_000).unwrap().unwrap().clone();
        for token in 0..vocabulary.size() {
            if !mask.allows(token) && model.below(10) == 0 {
                assert!(constraint.accept(token).is_err(), "{token}");
                constraint.mask(100_000).unwrap();
            }
        }
        let next = model.choose(&mask, &vocabulary);
        constraint.accept(next).unwrap();
    }
    let mask = constraint.mask(1).unwrap().unwrap();
    let allowed: Vec<u32> = (0..vocabulary.size())
        .filter(|&each| mask.allows(each))
        .collect();
    assert_eq!(allowed, [vocabulary.end()]);
    assert!(constraint.accept(0).is_err());
    assert!(constraint.accept(vocabulary.end()).is_ok());
}

#[test]
fn steps_refer_by_type_to_what_is_there() {
    let capabilities = capabilities();
    let ocr = capabilities.iter().find(|each| each.name == "ocr").unwrap();
    let inputs = [
        ("input1".to_owned(), ValueType::artifact(Kind::Image)),
        ("input2".to_owned(), ValueType::artifact(Kind::Audio)),
        ("request".to_owned(), ValueType::String),
        ("s2".to_owned(), ValueType::String),
    ];
    let mut names = Names::new(&inputs, &[]);
    names.add(Arc::new(ocr.clone()));
    assert_eq!(names.next_id(), "s3", "an input has the id s2");
    let image = ValueType::artifact(Kind::Image);
    assert_eq!(names.fitting(&image, true), ["$input1"]);
    assert_eq!(
        names.fitting(&ValueType::String, true),
        ["$s1", "$request", "$s2"]
    );
    let regions = ValueType::artifact(Kind::Regions);
    assert_eq!(names.fitting(&regions, true), ["$s1"]);
    assert_eq!(names.fitting(&regions, false), ["$s1.regions"]);
    assert_eq!(
        names.fitting(&ValueType::Box, true),
        ["$s1.regions[0]"],
        "an item of regions is a box"
    );
}

#[test]
fn without_a_tool_that_can_be_called_there_is_an_error() {
    let blur = capabilities()
        .into_iter()
        .filter(|each| each.name == "blur_image");
    let shape = PlanShape {
        capabilities: blur.collect(),
        inputs: vec![("request".to_owned(), ValueType::String)],
        earlier: Vec::new(),
        may_be_done: false,
        max_steps: 3,
        max_string: 10,
    };
    let error = PlanConstraint::new(&vocabulary(), &shape).err();
    assert_eq!(error, Some(GrammarError::NoTool));
}
