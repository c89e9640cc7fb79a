//! What the drawings look like, and that nothing is lost or broken in them whatever the graph is.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::*;
use crate::{
    DraftPlan, Question, QuestionKind, RunStatus, Scope, StepError,
    fixtures::{registry, request},
};

const FORMATS: [GraphFormat; 4] = [
    GraphFormat::Tree,
    GraphFormat::Mermaid,
    GraphFormat::Dot,
    GraphFormat::Json,
];

fn plan() -> Plan {
    let draft = DraftPlan::from_json_text(
        &json!({"steps": [
            {"id": "s1", "tool": "ocr", "args": {"image": "$input1"}, "why": "the sign is text"},
            {"id": "s2", "tool": "repeat", "args": {"text": "$s1", "times": 2}},
            {"id": "s3", "tool": "repeat", "args": {"text": "costs $$5: ${s2}"}, "after": ["s1"]},
            {"id": "s4", "tool": "repeat", "args": {"text": "\"so\""}},
        ]})
        .to_string(),
    )
    .unwrap();
    Plan::validate(&draft, &registry(), &Scope::of_request(&request())).unwrap()
}

fn report(id: &str, status: StepStatus, started_ms: f64, ms: f64) -> StepReport {
    StepReport {
        id: id.to_owned(),
        tool: "repeat".to_owned(),
        provider: Some("builtin".to_owned()),
        status,
        started_ms,
        ms,
        attempts: 1,
        outputs: BTreeMap::new(),
        error: None,
        question: None,
        children: Vec::new(),
        call: None,
    }
}

fn run(steps: Vec<StepReport>) -> RunReport {
    RunReport {
        run: "run".to_owned(),
        status: RunStatus::Partial,
        steps,
        answer: Vec::new(),
        unanswered: Vec::new(),
        defects: Vec::new(),
        ms: 0.0,
    }
}

fn step(id: impl ToString, after: &[usize]) -> PicturedStep {
    PicturedStep {
        id: id.to_string(),
        tool: "wait".to_owned(),
        after: after.iter().map(|step| format!("s{step}")).collect(),
        ..PicturedStep::default()
    }
}

fn picture(parents: &[Vec<usize>]) -> GraphPicture {
    let steps = parents.iter().enumerate();
    GraphPicture {
        steps: steps
            .map(|(index, after)| step(format!("s{index}"), after))
            .collect(),
    }
}

fn ended(mut step: PicturedStep, started_ms: f64, ms: f64) -> PicturedStep {
    (step.status, step.started_ms, step.ms) = (Some(StepStatus::Done), started_ms, ms);
    step
}

/// The ids that the lines of a tree begin with, from the top.
fn tree_ids(drawing: &str) -> Vec<&str> {
    let lines = drawing.lines().filter(|line| !line.starts_with('*'));
    lines
        .map(|line| {
            let label = line.trim_start_matches(|each: char| {
                each.is_whitespace() || "│├└─✓=✗-!?·█*".contains(each)
            });
            // In the tree of a run, the time stands before the bar.
            let label = label.rsplit(['·', '█']).next().unwrap_or(label);
            let label = label
                .trim_start_matches(|each: char| each.is_whitespace() || "│├└─*".contains(each));
            label.split_whitespace().next().unwrap_or_default()
        })
        .collect()
}

#[test]
fn a_plan_is_a_tree_in_which_a_step_stands_under_the_last_that_it_waits_for() {
    let drawing = GraphPicture::of_plan(&plan()).draw(GraphFormat::Tree);
    assert_eq!(
        drawing,
        "\
s1 ocr  image=$input1  — the sign is text
└─ s2 repeat  text=$s1.text, times=2
   └─ s3 repeat  ← s1  text=\"costs $$5: ${s2.text}\"
s4 repeat  text=\"\\\"so\\\"\"
"
    );
}

#[test]
fn a_finished_run_shows_where_the_time_went() {
    let mut failed = report("s2", StepStatus::Failed, 100.0, 300.0);
    failed.error = Some(StepError::new("timed_out", "it took too long", None));
    failed.attempts = 3;
    let mut mapped = report("s4", StepStatus::Done, 0.0, 51.0);
    mapped.children = vec![
        report("s4[0]", StepStatus::Done, 0.0, 51.0),
        report("s4[1]", StepStatus::Failed, 0.0, 1.0),
    ];
    let picture = GraphPicture::of_plan(&plan()).with_report(&run(vec![
        report("s1", StepStatus::Done, 0.0, 100.0),
        failed,
        report("s3", StepStatus::Skipped, 0.0, 0.0),
        mapped,
    ]));
    assert_eq!(
        picture.draw(GraphFormat::Tree),
        "\
✓ 100 ms █████··············· * s1 ocr  image=$input1  (by builtin)
✗ 300 ms ·····███████████████ * └─ s2 repeat  text=$s1.text, times=2  (failed: timed_out, by builtin, 3 attempts)
-        ····················      └─ s3 repeat  ← s1  text=\"costs $$5: ${s2.text}\"  (skipped, by builtin)
✓  51 ms ███·················   s4 repeat  text=\"\\\"so\\\"\"  (by builtin, 1 of 2 items)
* critical path: s1 → s2, 400 ms
"
    );
}

#[test]
fn a_question_is_shown_with_the_step_that_asks_it() {
    let mut waiting = report("s4", StepStatus::Waiting, 10.0, 0.0);
    waiting.question = Some(Question {
        id: "q1".to_owned(),
        step: "s4".to_owned(),
        kind: QuestionKind::Approve,
        text: "may it write?".to_owned(),
        choices: Vec::new(),
    });
    let mut picture = GraphPicture::of_plan(&plan());
    picture.steps[3].note = Some("for each $s1".to_owned());
    let picture = picture.with_report(&run(vec![waiting]));
    let drawing = picture.draw(GraphFormat::Tree);
    let last = drawing.lines().last().unwrap();
    assert!(
        last.starts_with("? ")
            && last.contains("(waiting: for each $s1; may it write?, by builtin)"),
        "{last}"
    );
    assert_eq!(picture.steps[0].status, None, "the report does not name it");
}

#[test]
fn the_critical_path_walks_back_along_what_ended_last_and_says_how_long_it_waited() {
    // s0 and s1 begin together; s2 needs both, had to wait for room, and s3 is long but ends first.
    let mut picture = picture(&[vec![], vec![], vec![0, 1], vec![0]]);
    let times = [(0.0, 10.0), (0.0, 40.0), (90.0, 10.0), (10.0, 85.0)];
    for (step, (started, ms)) in picture.steps.iter_mut().zip(times) {
        *step = ended(step.clone(), started, ms);
    }
    let graph: Json = serde_json::from_str(&picture.draw(GraphFormat::Json)).unwrap();
    assert_eq!(graph["critical_path"], json!(["s1", "s2"]));
    let critical: Vec<bool> = graph["edges"]
        .as_array()
        .unwrap()
        .iter()
        .map(|edge| edge["critical"].as_bool().unwrap())
        .collect();
    assert_eq!(critical, [false, true, false], "s0→s2, s1→s2, s0→s3");
    let tree = picture.draw(GraphFormat::Tree);
    let last = tree.lines().last().unwrap();
    assert_eq!(
        last,
        "* critical path: s1 → s2, 100 ms, 50 ms of it waiting"
    );
    assert!(picture.draw(GraphFormat::Mermaid).contains("  n1 ==> n2\n"));
    assert!(
        picture
            .draw(GraphFormat::Mermaid)
            .contains("  class n1,n2 critical\n")
    );
    assert!(picture.draw(GraphFormat::Dot).contains("  n1 -> n2 [color"));
}

#[test]
fn mermaid_and_dot_have_boxes_with_what_came_of_the_steps() {
    let picture = GraphPicture::of_plan(&plan()).with_report(&run(vec![
        report("s1", StepStatus::Done, 0.0, 1500.0),
        report("s2", StepStatus::Cached, 1500.0, 0.0),
    ]));
    let mermaid = picture.draw(GraphFormat::Mermaid);
    assert_eq!(
        mermaid,
        "\
flowchart TD
  n0[\"s1 ocr<br/>image=$input1<br/>1.50 s, by builtin\"]:::done
  n1[\"s2 repeat<br/>text=$s1.text, times=2<br/>0 µs, cached, by builtin\"]:::cached
  n2[\"s3 repeat<br/>text=#34;costs $$5#58; $#123;s2.text#125;#34;\"]:::planned
  n3[\"s4 repeat<br/>text=#34;#92;#34;so#92;#34;#34;\"]:::planned
  n0 ==> n1
  n0 --> n2
  n1 --> n2
  classDef planned fill:#f5f5f5,stroke:#757575,color:#000
  classDef done fill:#dcedc8,stroke:#558b2f,color:#000
  classDef cached fill:#b2dfdb,stroke:#00796b,color:#000
  classDef critical stroke-width:3px
  class n0,n1 critical
"
    );
    let dot = picture.draw(GraphFormat::Dot);
    assert!(dot.starts_with("digraph plan {\n") && dot.ends_with("}\n"));
    assert!(
        dot.contains(r#"n3 [label="s4 repeat\ntext=\"\\\"so\\\"\"", class="planned""#),
        "{dot}"
    );
}

#[test]
fn no_label_breaks_out_of_its_drawing() {
    let hostile = "\"]; end\n\\\" --> n9 `x` <script> #quot; style:a#b; %% \u{1b}[31m \u{202e} \\";
    let picture = GraphPicture {
        steps: vec![PicturedStep {
            id: hostile.to_owned(),
            tool: hostile.to_owned(),
            arguments: hostile.to_owned(),
            status: Some(StepStatus::Failed),
            note: Some(hostile.to_owned()),
            provider: Some(hostile.to_owned()),
            ..PicturedStep::default()
        }],
    };
    for format in FORMATS {
        let drawing = picture.draw(format);
        let obeyed = |each: char| each.is_control() && each != '\n' || each == '\u{202e}';
        // JSON keeps the text as it is, in its own escapes.
        assert!(
            format == GraphFormat::Json || !drawing.contains(obeyed),
            "{drawing:?}"
        );
    }
    assert_eq!(picture.draw(GraphFormat::Tree).lines().count(), 1);
    let mermaid = picture.draw(GraphFormat::Mermaid);
    let node = mermaid.lines().nth(1).unwrap();
    let label = node
        .strip_prefix("  n0[\"")
        .unwrap()
        .strip_suffix("\"]:::failed")
        .unwrap();
    let label = label.replace("<br/>", "");
    assert!(
        !label.contains(['"', '[', ']', '<', '>', '`', ':', '%', '\\']),
        "{label}"
    );
    let dot = picture.draw(GraphFormat::Dot);
    let node = dot
        .lines()
        .nth(2)
        .unwrap()
        .strip_prefix("  n0 [label=")
        .unwrap();
    // What a reader of DOT takes for the label: up to the first quote that is not escaped.
    let mut escaped = false;
    let end = node.char_indices().skip(1).find(|&(_, each)| {
        let ends = each == '"' && !escaped;
        escaped = each == '\\' && !escaped;
        ends
    });
    assert!(
        node[end.unwrap().0 + 1..].starts_with(", class=\"failed\","),
        "{node}"
    );
    let graph: Json = serde_json::from_str(&picture.draw(GraphFormat::Json)).unwrap();
    assert_eq!(graph["nodes"][0]["id"], hostile);
}

#[test]
fn nothing_and_one_step_are_pictures_too() {
    let empty = GraphPicture::default();
    assert_eq!(empty.draw(GraphFormat::Tree), "no steps\n");
    assert_eq!(empty.draw(GraphFormat::Mermaid), "flowchart TD\n");
    assert!(empty.draw(GraphFormat::Dot).ends_with("}\n"));
    let graph: Json = serde_json::from_str(&empty.draw(GraphFormat::Json)).unwrap();
    assert_eq!(
        graph,
        json!({"nodes": [], "edges": [], "critical_path": []})
    );
    let one = GraphPicture {
        steps: vec![ended(step("s0", &[]), 0.0, 0.25)],
    };
    assert_eq!(
        one.draw(GraphFormat::Tree),
        "✓ 250 µs ████████████████████ * s0 wait\n* critical path: s0, 250 µs\n"
    );
}

#[test]
fn a_long_chain_stays_narrow_and_a_wide_graph_names_few() {
    let chain: Vec<Vec<usize>> = (0..10_000_usize)
        .map(|index| index.checked_sub(1).into_iter().collect())
        .collect();
    let mut chain = picture(&chain);
    for (index, step) in chain.steps.iter_mut().enumerate() {
        *step = ended(step.clone(), index as f64, 1.0);
    }
    let drawing = chain.draw(GraphFormat::Tree);
    assert_eq!(drawing.lines().count(), 10_001);
    assert!(drawing.lines().all(|line| line.chars().count() < 120));
    let last = drawing.lines().last().unwrap();
    assert_eq!(
        last,
        "* critical path: s0 → s1 → s2 → s3 → (9992 more) → s9996 → s9997 → s9998 → s9999, 10.0 s"
    );
    let mut wide = vec![vec![]];
    wide.extend((0..1_000).map(|_| vec![0]));
    wide.push((1..=1_000).collect());
    let drawing = picture(&wide).draw(GraphFormat::Tree);
    let last = drawing.lines().last().unwrap();
    assert_eq!(
        last,
        "   └─ s1001 wait  ← s1, s2, s3, s4, (991 more), s996, s997, s998, s999"
    );
    assert!(drawing.contains("\n├─ s999 wait\n└─ s1000 wait\n"));
    for format in FORMATS {
        assert!(chain.draw(format).len() < 8_000_000);
    }
}

#[test]
fn steps_that_no_plan_could_have_are_drawn_all_the_same() {
    let mut odd = picture(&[vec![1], vec![2], vec![1], vec![3], vec![7, 0, 0]]);
    odd.steps[4].started_ms = f64::NAN;
    odd.steps[4].ms = f64::INFINITY;
    odd.steps[4].status = Some(StepStatus::Done);
    odd.steps.push(step("s0", &[]));
    for format in FORMATS {
        let drawing = odd.draw(format);
        assert!(drawing.contains("s4"), "{drawing}");
    }
    let drawing = odd.draw(GraphFormat::Tree);
    let mut ids = tree_ids(&drawing);
    ids.sort_unstable();
    assert_eq!(ids, ["s0", "s0", "s1", "s2", "s3", "s4"], "{drawing}");
}

#[test]
fn times_are_said_in_the_unit_that_fits() {
    for (ms, said) in [
        (0.0, "0 µs"),
        (0.9996, "1.0 ms"),
        (9.94, "9.9 ms"),
        (9.96, "10 ms"),
        (999.6, "1.00 s"),
        (9_996.0, "10.0 s"),
        (59_960.0, "1 min 00 s"),
        (123_000.0, "2 min 03 s"),
        (3_599_600.0, "1 h 00 min"),
        (7_380_000.0, "2 h 03 min"),
    ] {
        assert_eq!(label::human_time(ms), said);
    }
}

#[test]
fn formats_have_names_and_others_are_refused() {
    for format in FORMATS {
        assert_eq!(format.to_string().parse(), Ok(format));
        assert_eq!(serde_json::to_value(format).unwrap(), format.as_str());
    }
    let error = "svg".parse::<GraphFormat>().unwrap_err();
    assert!(error.to_string().contains("`mermaid`"));
}

/// Random acyclic graphs, written in any order, with any outcome.
fn pictures() -> impl Strategy<Value = GraphPicture> {
    let statuses = prop_oneof![
        Just(None),
        Just(Some(StepStatus::Done)),
        Just(Some(StepStatus::Cached)),
        Just(Some(StepStatus::Failed)),
        Just(Some(StepStatus::Skipped)),
        Just(Some(StepStatus::Cancelled)),
        Just(Some(StepStatus::Waiting)),
    ];
    let step = (
        prop::collection::vec(any::<prop::sample::Index>(), 0..4),
        statuses,
        0.0..100.0,
        0.0..100.0,
    );
    let order = |steps: Vec<_>| {
        let order: Vec<usize> = (0..steps.len()).collect();
        (Just(steps), Just(order).prop_shuffle())
    };
    prop::collection::vec(step, 1..40)
        .prop_flat_map(order)
        .prop_map(|(drawn, order)| {
            let all =
                drawn
                    .into_iter()
                    .enumerate()
                    .map(|(index, (after, status, started_ms, ms))| {
                        let after: BTreeSet<usize> = after
                            .iter()
                            .filter(|_| index > 0)
                            .map(|each| each.index(index))
                            .collect();
                        let after: Vec<usize> = after.into_iter().collect();
                        PicturedStep {
                            status,
                            started_ms,
                            ms,
                            ..step_of(index, &after)
                        }
                    });
            let all: Vec<PicturedStep> = all.collect();
            GraphPicture {
                steps: order.into_iter().map(|index| all[index].clone()).collect(),
            }
        })
}

fn step_of(index: usize, after: &[usize]) -> PicturedStep {
    step(format!("s{index}"), after)
}

proptest! {
    #[test]
    fn every_step_appears_once_and_below_all_that_it_waits_for(picture in pictures()) {
        let drawing = picture.draw(GraphFormat::Tree);
        let ids = tree_ids(&drawing);
        prop_assert_eq!(ids.len(), picture.steps.len());
        for step in &picture.steps {
            let places: Vec<usize> = (0..ids.len()).filter(|&line| ids[line] == step.id).collect();
            prop_assert_eq!(places.len(), 1, "{} in {}", &step.id, &drawing);
            for parent in &step.after {
                let above = ids.iter().position(|id| id == parent);
                prop_assert!(above < Some(places[0]), "{} in {}", &step.id, &drawing);
            }
        }
    }

    #[test]
    fn every_edge_is_drawn_once_and_the_critical_path_is_a_chain_of_them(picture in pictures()) {
        let mermaid = picture.draw(GraphFormat::Mermaid);
        let dot = picture.draw(GraphFormat::Dot);
        let graph: Json = serde_json::from_str(&picture.draw(GraphFormat::Json)).unwrap();
        let position = |id: &str| picture.steps.iter().position(|step| step.id == id).unwrap();
        let mut edges = 0;
        let mut critical = 0;
        for (to, step) in picture.steps.iter().enumerate() {
            for parent in &step.after {
                let from = position(parent);
                edges += 1;
                let thin = mermaid.matches(&format!("  n{from} --> n{to}\n")).count();
                let thick = mermaid.matches(&format!("  n{from} ==> n{to}\n")).count();
                prop_assert_eq!(thin + thick, 1);
                critical += thick;
                let plain = format!("  n{from} -> n{to};\n");
                let marked = format!("  n{from} -> n{to} [");
                prop_assert_eq!((dot.matches(&plain).count(), dot.matches(&marked).count()), (thin, thick));
            }
        }
        prop_assert_eq!(graph["edges"].as_array().unwrap().len(), edges);
        prop_assert_eq!(dot.matches(" -> ").count(), edges);
        let path: Vec<usize> = graph["critical_path"].as_array().unwrap().iter()
            .map(|id| position(id.as_str().unwrap())).collect();
        prop_assert_eq!(critical, path.len().saturating_sub(1));
        for pair in path.windows(2) {
            prop_assert!(picture.steps[pair[1]].after.contains(&picture.steps[pair[0]].id));
        }
        // It ends with the step that ended last, and begins with one that waited for nothing that ran.
        let last = picture.steps.iter().filter(|step| step.ran()).map(PicturedStep::end).fold(0.0, f64::max);
        if let (Some(&first), Some(&end)) = (path.first(), path.last()) {
            prop_assert_eq!(picture.steps[end].end(), last);
            let waited = |id: &String| picture.steps[position(id)].ran();
            prop_assert!(!picture.steps[first].after.iter().any(waited));
        } else {
            prop_assert_eq!(last, 0.0);
        }
    }
}

#[test]
fn what_was_never_written_down_as_a_plan_is_drawn_from_its_record() {
    let recorded = run(vec![
        report("ocr_1_9", StepStatus::Done, 0.0, 5.0),
        report("blur_2_9", StepStatus::Cancelled, 5.0, 0.0),
    ]);
    let picture = GraphPicture::of_report(&recorded);
    let steps: Vec<_> = picture
        .steps
        .iter()
        .map(|step| (step.id.as_str(), step.status, step.after.len()))
        .collect();
    assert_eq!(
        steps,
        [
            ("ocr_1_9", Some(StepStatus::Done), 0),
            ("blur_2_9", Some(StepStatus::Cancelled), 0)
        ]
    );
}
