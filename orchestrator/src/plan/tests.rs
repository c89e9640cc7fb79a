//! What validation accepts, and that it reports every defect at once.

use serde_json::json;

use super::*;
use crate::fixtures::{registry, request};

fn validate(plan: serde_json::Value) -> Result<Plan, Vec<(DefectCode, String)>> {
    let scope = Scope::of_request(&request());
    DraftPlan::from_json_text(&plan.to_string())
        .and_then(|draft| Plan::validate(&draft, &registry(), &scope))
        .map_err(|Defects(defects)| {
            let shown = |defect: Defect| (defect.code, defect.to_string());
            defects.into_iter().map(shown).collect()
        })
}

fn codes(plan: serde_json::Value) -> Vec<DefectCode> {
    validate(plan)
        .err()
        .unwrap_or_default()
        .into_iter()
        .map(|(code, _)| code)
        .collect()
}

#[test]
fn a_sound_draft_becomes_a_plan_with_named_outputs() {
    let plan = validate(json!({"steps": [
        {"id": "s2", "tool": "repeat", "args": {"text": "It says ${s1}", "times": 2}},
        {"id": "s1", "tool": "ocr@1", "args": {"image": "$input1"}, "why": "the sign is text"},
    ]}))
    .unwrap();
    assert_eq!(plan.dependencies(), [vec![1], vec![]]);
    let repeat = plan.steps().next().unwrap();
    let references = repeat.arguments["text"].expression.references();
    assert_eq!(references[0].to_string(), "$s1.text");
    assert_eq!(
        plan.answer().len(),
        1,
        "the answer defaults to the step that nothing waits for"
    );
}

#[test]
fn a_bare_reference_means_the_only_output_that_fits() {
    // The primary output of `ocr` is text; only its regions have items with text.
    let plan = validate(json!({"steps": [
        {"id": "s1", "tool": "ocr", "args": {"image": "$input1"}},
        {"id": "s2", "tool": "repeat", "args": {"text": "$s1[1].text"}},
    ]}))
    .unwrap();
    let repeat = plan.steps().nth(1).unwrap();
    let references = repeat.arguments["text"].expression.references();
    assert_eq!(references[0].to_string(), "$s1.regions[1].text");
}

#[test]
fn every_defect_is_reported_at_once() {
    let defects = validate(json!({"steps": [
        {"id": "s1", "tool": "ocr", "args": {}},
        {"id": "s2", "tool": "telepathy", "args": {"mind": "$s1"}},
        {"id": "s3", "tool": "repeat", "args": {"text": "$s4", "times": "often"}},
        {"id": "s4", "tool": "repeat", "args": {"text": "$s3", "time": 3}},
        {"id": "s5", "tool": "ocr", "args": {"image": "sign.png"}, "loop": "$s1"},
        {"id": "s5", "tool": "repeat", "args": {"text": "$s9", "times": 9}},
        {"id": "6", "tool": "repeat", "args": {"text": "$s1.words"}, "timeout_s": -1},
        {"id": "s7", "tool": "ocr@2", "provider": "oracle", "args": {"image": "$s1"}},
    ], "answer": ["$s8"]}))
    .unwrap_err();
    let mut found: Vec<DefectCode> = defects.iter().map(|(code, _)| *code).collect();
    for expected in [
        DefectCode::MissingArgument,
        DefectCode::UnknownTool,
        DefectCode::WrongType,
        DefectCode::WrongType,
        DefectCode::WrongType,
        DefectCode::UnknownArgument,
        DefectCode::Cycle,
        DefectCode::UnknownKey,
        DefectCode::DuplicateId,
        DefectCode::UnknownReference,
        DefectCode::UnknownReference,
        DefectCode::OutOfRange,
        DefectCode::MalformedId,
        DefectCode::UnknownOutput,
        DefectCode::MalformedTimeLimit,
        DefectCode::UnknownVersion,
        DefectCode::UnknownProvider,
    ] {
        let position = found.iter().position(|code| *code == expected);
        assert!(
            position.is_some(),
            "{expected:?} is missing in {defects:#?}"
        );
        found.remove(position.unwrap());
    }
    assert!(found.is_empty(), "unexpected {found:?} in {defects:#?}");
}

#[test]
fn a_record_does_not_stand_for_a_picture() {
    assert_eq!(
        codes(json!({"steps": [
            {"id": "s1", "tool": "ocr", "args": {"image": {"file": "$input1"}}},
        ]})),
        [DefectCode::WrongType]
    );
}

#[test]
fn hints_name_the_way_out() {
    let scope = Scope::of_request(&request());
    let draft = DraftPlan {
        steps: vec![crate::DraftStep::new("s1", "orc").with("image", "$input1")],
        ..DraftPlan::default()
    };
    let Defects(defects) = Plan::validate(&draft, &registry(), &scope).unwrap_err();
    assert!(defects[0].hint.as_ref().unwrap().contains("`ocr`"));
}

#[test]
fn what_is_no_plan_says_what_a_plan_is() {
    for text in ["", "[]", "{", r#"{"steps": 3}"#, r#"{"answer": []}"#] {
        let Defects(defects) = DraftPlan::from_json_text(text).unwrap_err();
        assert_eq!(defects[0].code, DefectCode::MalformedPlan, "{text}");
        assert!(defects[0].hint.as_ref().unwrap().contains("steps"));
    }
    assert_eq!(codes(json!({"steps": []})), [DefectCode::EmptyPlan]);
    assert_eq!(
        codes(json!({"steps": [{"id": "s1", "tool": 3}, {"id": "s2"}]})),
        [
            DefectCode::MalformedPlan,
            DefectCode::UnknownTool,
            DefectCode::UnknownTool
        ],
    );
}

#[test]
fn what_cannot_be_read_does_not_hide_what_else_is_wrong() {
    assert_eq!(
        codes(json!({"steps": [
            {"id": "s1", "tool": "repeat", "args": {"text": "x"}, "after": "s9", "timeout_s": "long"},
            {"id": "s2", "tool": "repeat", "args": {"text": "$s1", "times": 9}},
            {"tool": "telepathy"},
            "a step",
        ], "answer": "$s2", "colour": "red"})),
        [
            DefectCode::MalformedPlan,
            DefectCode::UnknownKey,
            DefectCode::MalformedPlan,
            DefectCode::MalformedPlan,
            DefectCode::MalformedPlan,
            DefectCode::UnknownTool,
            DefectCode::UnknownTool,
            DefectCode::MalformedId,
            DefectCode::MalformedId,
            DefectCode::OutOfRange,
        ]
    );
}

#[test]
fn a_cycle_names_its_members() {
    let defects = validate(json!({"steps": [
        {"id": "a", "tool": "repeat", "args": {"text": "$c"}},
        {"id": "b", "tool": "repeat", "args": {"text": "$a"}},
        {"id": "c", "tool": "repeat", "args": {"text": "x"}, "after": ["b"]},
        {"id": "d", "tool": "repeat", "args": {"text": "$d"}},
    ]}))
    .unwrap_err();
    let messages: Vec<_> = defects
        .iter()
        .map(|(_, message)| message.as_str())
        .collect();
    assert!(
        messages.contains(&"a: a, b, c wait for each other"),
        "{messages:?}"
    );
    assert!(messages.contains(&"d: d waits for itself"), "{messages:?}");
}

#[test]
fn an_earlier_round_can_be_referred_to_and_its_names_stay_taken() {
    let registry = registry();
    let mut scope = Scope::of_request(&request());
    let first = DraftPlan {
        steps: vec![crate::DraftStep::new("s1", "repeat").with("text", "hello")],
        ..DraftPlan::default()
    };
    let plan = Plan::validate(&first, &registry, &scope).unwrap();
    let report = RunReport {
        run: "r".into(),
        status: crate::RunStatus::Succeeded,
        steps: vec![crate::StepReport {
            id: "s1".into(),
            tool: "repeat".into(),
            provider: None,
            status: crate::StepStatus::Done,
            started_ms: 0.0,
            ms: 1.0,
            attempts: 1,
            outputs: [("text".to_owned(), Value::from("hello"))].into(),
            error: None,
            question: None,
            children: Vec::new(),
            call: None,
        }],
        answer: Vec::new(),
        unanswered: Vec::new(),
        defects: Vec::new(),
        ms: 1.0,
    };
    scope.add_round(&plan, &report);
    let second = |id: &str| DraftPlan {
        steps: vec![crate::DraftStep::new(id, "repeat").with("text", "$s1")],
        ..DraftPlan::default()
    };
    assert!(Plan::validate(&second("s2"), &registry, &scope).is_ok());
    let Defects(defects) = Plan::validate(&second("s1"), &registry, &scope).unwrap_err();
    assert_eq!(defects[0].code, DefectCode::DuplicateId);
}
