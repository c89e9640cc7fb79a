mod untyped;

use std::path::PathBuf;

use medley_orchestrator::{Kind, Plan, Scope, ValueType};
use serde_json::json;

use super::*;

const TOOLS: &str = r#"{"nodes": [
    {"id": "Reader", "desc": "", "input-type": ["image"], "output-type": ["text"]},
    {"id": "Picture Search", "desc": "", "input-type": ["text"], "output-type": ["Image"]},
    {"id": "Video-to-Audio", "desc": "", "input-type": ["video"], "output-type": ["audio"]},
    {"id": "Splicer", "desc": "", "input-type": ["audio", "audio"], "output-type": ["audio"]},
    {"id": "Effects", "desc": "", "input-type": ["audio", "text"], "output-type": ["audio"]}
]}"#;

fn tools() -> ToolList {
    ToolList::from_json_text(TOOLS).unwrap()
}

/// The real files, or nothing where they are not beside the repository.
pub(crate) fn shared(name: &str) -> Option<PathBuf> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/taskbench");
    let path = folder.join(name);
    if path.exists() {
        return Some(path);
    }
    println!("skipped: {} is not there", path.display());
    None
}

fn gold(plan_type: &str, nodes: serde_json::Value, links: serde_json::Value) -> Sample {
    let line =
        json!({"id": "1", "type": plan_type, "instruction": "", "nodes": nodes, "links": links});
    samples(&line.to_string()).unwrap().remove(0)
}

fn predicted(line: serde_json::Value) -> Vec<Prediction> {
    predictions(&line.to_string()).unwrap()
}

fn score(gold: Sample, line: serde_json::Value, measure: Measure) -> Scores {
    evaluate(&[gold], &predicted(line), &tools(), measure)
}

fn near(one: f64, other: f64) -> bool {
    (one - other).abs() < 0.005
}

#[test]
fn an_invented_tool_costs_nothing_unless_it_is_counted() {
    let sample = || {
        gold(
            "single",
            json!([{"task": "Reader", "arguments": []}]),
            json!([]),
        )
    };
    let line = json!({"id": "1", "task_nodes": [{"task": "Reader"}, {"task": "Oracle"}]});
    let scores = score(sample(), line.clone(), Measure::default());
    assert!(near(scores.node_f1, 100.0));
    let strict = Measure {
        invented: Invented::Wrong,
        ..Measure::default()
    };
    // One right, one there to find, two named: 2 * 1 / (1 + 2).
    assert!(near(score(sample(), line, strict).node_f1, 66.67));
}

#[test]
fn underscores_are_spaces_and_case_matters() {
    let sample = || {
        gold(
            "single",
            json!([{"task": "Picture Search", "arguments": []}]),
            json!([]),
        )
    };
    for (name, expected) in [("Picture_Search", 100.0), ("picture search", 0.0)] {
        let line = json!({"id": "1", "task_nodes": [{"task": name}]});
        let scores = score(sample(), line, Measure::default());
        assert!(near(scores.node_f1, expected), "{name}");
    }
}

#[test]
fn edges_are_read_from_tags_whatever_the_links_say() {
    let nodes = json!([
        {"task": "Effects", "arguments": ["<node-1>[0]", "reverb"]},
        {"task": "Video-to-Audio", "arguments": ["<node-1>"]},
        {"task": "Splicer", "arguments": ["see <node-0> again", "<node-7>", "<node-x>", 3]},
    ]);
    let sample = gold("chain", nodes.clone(), json!([]));
    let line = json!({"id": "1", "result": {"task_nodes": nodes, "task_links": [
        {"source": "Splicer", "target": "Effects"}, {"source": 1}, {"source": 1, "target": "2"},
    ]}});
    let scores = score(sample.clone(), line.clone(), Measure::default());
    assert!(near(scores.edge_f1, 100.0), "{scores:?}");
    let links = Measure {
        edges: Edges::Links,
        ..Measure::default()
    };
    assert!(near(score(sample, line, links).edge_f1, 0.0));
}

#[test]
fn an_edge_for_a_single_call_is_wrong() {
    let sample = gold(
        "single",
        json!([{"task": "Reader", "arguments": ["a.png"]}]),
        json!([]),
    );
    let line = json!({"id": "1", "task_nodes": [
        {"task": "Reader", "arguments": ["a.png"]},
        {"task": "Picture Search", "arguments": ["<node-0>"]},
    ]});
    let scores = score(sample, line, Measure::default());
    assert!(near(scores.edge_f1, 0.0));
    assert!(near(scores.node_f1, 66.67));
}

#[test]
fn arguments_have_the_type_of_their_ending_or_of_what_makes_them() {
    let sample = gold(
        "dag",
        json!([
            {"task": "Picture Search", "arguments": ["a dog.jpg.mp3"]},
            {"task": "Reader", "arguments": ["<node-0>"]},
            {"task": "Effects", "arguments": ["song.wav", "http://a.b/c"]},
        ]),
        json!([]),
    );
    let line = json!({"id": "1", "task_nodes": [
        {"task": "Picture Search", "arguments": [{"name": "b.png", "value": "x"}]},
        {"task": "Reader", "arguments": [["<node-0>", "now"]]},
        {"task": "Effects", "arguments": ["other.wav", "echo", {}, 3, null]},
    ]});
    let scores = score(sample, line, Measure::default());
    assert!(near(scores.type_f1, 100.0), "{scores:?}");
    // Only the tag agrees letter by letter: 2 * 1 / (4 + 4).
    assert!(near(scores.value_f1, 25.0), "{scores:?}");
}

#[test]
fn the_type_of_an_output_is_taken_as_it_is_written() {
    let sample = gold(
        "chain",
        json!([{"task": "Reader", "arguments": ["a.png"]}]),
        json!([]),
    );
    let line = json!({"id": "1", "task_nodes": [
        {"task": "Reader", "arguments": ["<node-1>"]},
        {"task": "Picture Search", "arguments": []},
    ]});
    // `Image` of the tool is not the `image` of a file name.
    assert!(near(score(sample, line, Measure::default()).type_f1, 0.0));
}

#[test]
fn a_text_instead_of_arguments_is_taken_apart() {
    let sample = gold(
        "single",
        json!([{"task": "Reader", "arguments": ["a", "b"]}]),
        json!([]),
    );
    let line = json!({"id": "1", "task_nodes": [{"task": "Reader", "arguments": "ab"}]});
    assert!(near(
        score(sample, line, Measure::default()).value_f1,
        100.0
    ));
}

#[test]
fn what_is_no_plan_is_counted_and_left_out() {
    let sample = || {
        gold(
            "single",
            json!([{"task": "Reader", "arguments": []}]),
            json!([]),
        )
    };
    for nodes in [
        json!([{"arguments": []}]),
        json!([{"task": 3}]),
        json!([{"task": "Reader", "arguments": null}]),
        json!("none"),
    ] {
        let line = json!({"id": "1", "task_nodes": nodes});
        let scores = score(sample(), line, Measure::default());
        assert_eq!((scores.n, scores.invalid), (0, 1));
    }
    let other = json!({"id": "2", "task_nodes": []});
    let scores = score(sample(), other, Measure::default());
    assert_eq!((scores.n, scores.invalid), (0, 0), "a missing plan is free");
}

#[test]
fn a_line_that_is_no_object_says_where() {
    let error = predictions("{\"id\": \"1\"}\n\n3").unwrap_err();
    assert!(error.to_string().starts_with("line 3"), "{error}");
}

#[test]
fn scores_serialise_with_their_types() {
    let sample = gold(
        "single",
        json!([{"task": "Reader", "arguments": []}]),
        json!([]),
    );
    let line = json!({"id": "1", "task_nodes": [{"task": "Reader"}]});
    let json = serde_json::to_value(score(sample, line, Measure::default())).unwrap();
    assert_eq!(json["by_type"]["single"]["node_f1"], 100.0);
    assert_eq!(json["n"], 1);
}

#[test]
fn tools_become_capabilities() {
    let list = tools();
    let capabilities = list.capabilities();
    let splicer = capabilities.iter().find(|each| each.name == "splicer");
    let parameters = &splicer.unwrap().parameters;
    assert_eq!(parameters[0].name, "audio");
    assert_eq!(parameters[1].name, "audio_2");
    assert_eq!(parameters[1].value_type, ValueType::artifact(Kind::Audio));
    assert_eq!(list.id_of("picture_search"), Some("Picture Search"));
    assert_eq!(list.registry().unwrap().plannable().count(), 5);
    let twice = r#"{"nodes": [{"id": "A-b", "input-type": [], "output-type": []},
                              {"id": "a_B", "input-type": [], "output-type": []}]}"#;
    assert!(ToolList::from_json_text(twice).is_err());
}

#[test]
fn a_plan_comes_back_from_a_draft() {
    let request = attached_files("Take the sound of 'clip.mp4', and mix it with (b.wav).");
    let names: Vec<&str> = request
        .attachments
        .iter()
        .map(|each| each.name.as_str())
        .collect();
    assert_eq!(names, ["clip.mp4", "b.wav"]);
    let line = json!({"id": "1", "task_nodes": [
        {"task": "Splicer", "arguments": ["<node-1>", "$input2"]},
        {"task": "Video-to-Audio", "arguments": ["$input1"]},
        {"task": "Oracle", "arguments": ["of <node-0>"]},
    ], "task_links": [{"source": "Splicer", "target": "Oracle"}, {"source": "Oracle", "target": "Effects"}]});
    let plan = predicted(line).remove(0).plan.unwrap();
    let draft = draft_of(&plan, &tools());
    assert_eq!(draft.steps[0].args["audio"], "$s2");
    assert_eq!(draft.steps[2].args["argument_1"], "of ${s1}");
    assert_eq!(draft.steps[2].args["link_1"], "$s1");
    let back = plan_of(&draft, &tools(), &request);
    assert_eq!(
        back.task_nodes[0].arguments,
        [json!("<node-1>"), json!("b.wav")]
    );
    assert_eq!(back.task_nodes[2].task, "Oracle");
    assert_eq!(back.task_links.len(), 2);
}

#[test]
fn the_table_shows_published_scores_below() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("published.csv");
    let text =
        "model,rouge1,node_f1,edge_f1,arg_type_f1,arg_value_f1\nbest,1,90.9,69.27,87.06,72.31\n";
    std::fs::write(&path, text).unwrap();
    let scores = Scores {
        node_f1: 50.0,
        ..Scores::default()
    };
    let shown = table(&[("mine", &scores)], Some(&path)).unwrap();
    assert!(shown.contains("mine"), "{shown}");
    assert!(shown.contains("90.90"), "{shown}");
    std::fs::write(&path, "model\nbest\n").unwrap();
    assert!(table(&[], Some(&path)).is_err());
}

#[test]
fn the_published_figures_of_real_plans_come_out() {
    let Some(sample) = shared("multimedia_sample.jsonl") else {
        return;
    };
    let read = |name| std::fs::read_to_string(shared(name).unwrap()).unwrap();
    let list = ToolList::from_json_text(&read("multimedia_tools.json")).unwrap();
    let gold = samples(&std::fs::read_to_string(sample).unwrap()).unwrap();
    let strict = Measure {
        edges: Edges::Links,
        invented: Invented::Wrong,
    };
    for (name, n, official, invented, links, of, value) in [
        (
            "predictions/CodeLlama-13b_direct.json",
            40,
            71.43,
            69.77,
            39.82,
            54.10,
            14.77,
        ),
        (
            "predictions/mistral-7b_direct.json",
            39,
            73.55,
            69.72,
            36.95,
            39.37,
            2.71,
        ),
    ] {
        let plans = predictions(&read(name)).unwrap();
        let scores = evaluate(&gold, &plans, &list, Measure::default());
        let ours = evaluate(&gold, &plans, &list, strict);
        println!("{name}: {scores:?} {ours:?}");
        assert_eq!(scores.n, n);
        assert!(near(scores.node_f1, official), "{scores:?}");
        assert!(near(scores.edge_f1, 0.0), "{scores:?}");
        assert!(near(ours.node_f1, invented), "{ours:?}");
        assert!(near(ours.edge_f1, links), "{ours:?}");
        // TaskBench's program counts some arguments twice.
        assert!((scores.type_f1 - of).abs() < 0.5, "{scores:?}");
        assert!((scores.value_f1 - value).abs() < 0.5, "{scores:?}");
    }
}

#[test]
fn every_right_plan_can_be_read_and_names_known_tools() {
    let Some(sample) = shared("multimedia_sample.jsonl") else {
        return;
    };
    let tools = std::fs::read_to_string(shared("multimedia_tools.json").unwrap()).unwrap();
    let list = ToolList::from_json_text(&tools).unwrap();
    let gold = samples(&std::fs::read_to_string(sample).unwrap()).unwrap();
    let registry = list.registry().unwrap();
    let own: Vec<Prediction> = gold
        .iter()
        .map(|sample| Prediction::new(&sample.id, sample.plan()))
        .collect();
    let scores = evaluate(&gold, &own, &list, Measure::default());
    assert_eq!(scores.n, 234);
    assert!(
        near(scores.node_f1, 100.0) && near(scores.edge_f1, 100.0),
        "{scores:?}"
    );
    for sample in &gold {
        let request = attached_files(&sample.instruction);
        let draft = draft_of(&sample.plan(), &list);
        for step in &draft.steps {
            assert!(registry.get(&step.tool).is_some(), "{}", step.tool);
        }
        // Many have defects of their own; none makes validation stop.
        let _ = Plan::validate(&draft, &registry, &Scope::of_request(&request));
    }
}
