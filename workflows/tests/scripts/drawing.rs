//! What can be told of a script without running it: its graph, and what editors complete.

use std::sync::Arc;

use medley_orchestrator::{GraphPicture, PicturedStep, Program};
use medley_workflows::{Bundled, Manifest, Script, ScriptLimits, definitions, functions};

use crate::tools::registry;

fn graph(text: &str) -> GraphPicture {
    let program = Program {
        name: "test.rhai".to_owned(),
        text: text.to_owned(),
        ..Program::default()
    };
    let functions = functions(&registry(&Arc::default()));
    let script = Script::read(&program, &functions, &ScriptLimits::default()).unwrap();
    script.graph()
}

fn edges(picture: &GraphPicture) -> Vec<String> {
    let line = |step: &PicturedStep| {
        let note = step.note.as_deref().map(|note| format!(" ({note})"));
        format!(
            "{} <- {}{}",
            step.id,
            step.after.join(" "),
            note.unwrap_or_default()
        )
    };
    picture.steps.iter().map(line).collect()
}

#[test]
fn edges_follow_values_through_variables_functions_and_closures() {
    let picture = graph(
        "fn shout(x) { join([x, \"!\"]) }\n\
         let a = pause(\"a\");\n\
         let b = shout(a);\n\
         let all = map([a, b], |x| pause(x + a));\n\
         if a == \"a\" { fail(`${b}`); }\n\
         for word in all { find(word); }\n\
         join(all);",
    );
    assert_eq!(
        edges(&picture),
        [
            "pause_2_9 <- ",
            "join_1_15 <- pause_2_9",
            "pause_4_27 <- pause_2_9 join_1_15 (for each)",
            "fail_5_15 <- join_1_15 (if)",
            "find_6_19 <- pause_2_9 join_1_15 pause_4_27 (repeated)",
            "join_7_1 <- pause_2_9 join_1_15 pause_4_27",
        ]
    );
}

#[test]
fn recursion_and_methods_are_drawn_once() {
    let picture = graph(
        "fn again(x, n) { if n == 0 { return x; } again(pause(x), n - 1) }\n\
         let list = [];\nlist.push(again(\"a\", 3));\nlist.join();",
    );
    assert_eq!(
        edges(&picture),
        ["pause_1_48 <- ", "join_4_6 <- pause_1_48"]
    );
}

#[test]
fn a_graph_is_drawn_however_often_functions_call_each_other() {
    let mut text = "fn f0(x) { pause(x) }\n".to_owned();
    for number in 1..14 {
        let call = format!("f{}(x);", number - 1);
        text.push_str(&format!("fn f{number}(x) {{ {} }}\n", call.repeat(8)));
    }
    text.push_str("f13(\"a\");");
    assert!(!graph(&text).steps.is_empty());
}

#[test]
fn editors_are_told_of_every_tool_and_of_what_medley_adds() {
    let files = definitions(&functions(&registry(&Arc::default())));
    let (name, own) = &files[0];
    assert_eq!(name, "medley.d.rhai");
    for line in [
        "fn pause(text: ?) -> Handle;",
        "/// * `ms`: integer 0..60000, may be left out. How long it takes, in milliseconds.",
        "fn map(list: ?, function: FnPtr) -> Array;",
        "let inputs: Array;",
    ] {
        assert!(own.contains(line), "{line} is missing in {own}");
    }
    assert!(
        files[1..]
            .iter()
            .any(|(_, text)| text.contains("fn split("))
    );
}

#[test]
fn every_workflow_that_comes_along_says_what_it_is_for() {
    assert!(Bundled::all().len() >= 8);
    for bundled in Bundled::all() {
        let manifest = Manifest::of_text(bundled.name, bundled.text).unwrap();
        assert!(manifest.purpose.ends_with('.'), "{}", bundled.name);
        assert!(!manifest.inputs.is_empty(), "{}", bundled.name);
        for parameter in &manifest.parameters {
            assert!(!parameter.description.is_empty(), "{}", parameter.name);
        }
    }
}
