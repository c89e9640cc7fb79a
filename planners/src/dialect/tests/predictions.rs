//! Plans by real models, read in place where they are.

use std::path::PathBuf;

use super::*;

/// `shared/` beside the repository.
fn shared(path: &str) -> Option<String> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    let text = std::fs::read_to_string(root.join("shared/data/taskbench").join(path));
    if text.is_err() {
        println!("skipped: no shared/data/taskbench/{path} beside the repository");
    }
    text.ok()
}

fn task_bench_tools() -> Option<ToolNames> {
    let tools: Json = serde_json::from_str(&shared("multimedia_tools.json")?).unwrap();
    let tools = tools["nodes"].as_array().unwrap().iter().map(|tool| {
        let inputs = tool["input-type"].as_array().unwrap().iter().enumerate();
        let names: Vec<String> = inputs
            .map(|(at, kind)| format!("{}_{at}", kind.as_str().unwrap()))
            .collect();
        (tool["id"].as_str().unwrap().to_owned(), names)
    });
    Some(ToolNames::new(tools))
}

/// The share of plans that are read without a defect.
fn share_read(file: &str) -> Option<f64> {
    let tools = task_bench_tools()?;
    let text = shared(&format!("predictions/{file}"))?;
    let (mut plans, mut whole) = (0_u32, 0_u32);
    for line in text.lines().filter(|line| !line.is_empty()) {
        let reading = read(line, &tools);
        let nodes: Json = serde_json::from_str(line).unwrap();
        let nodes = nodes["task_nodes"].as_array().unwrap().len();
        assert_eq!(reading.dialect, Dialect::TaskBench, "{line}");
        assert_eq!(reading.draft.steps.len(), nodes, "{line}");
        assert!(!reading.is_cut);
        assert!(reading.defects().iter().all(|defect| defect.hint.is_some()));
        plans += 1;
        whole += u32::from(reading.defects().is_empty());
    }
    let share = f64::from(whole) / f64::from(plans);
    println!(
        "{file}: {whole} of {plans} plans read without a defect ({:.1} %)",
        share * 100.0
    );
    Some(share)
}

#[test]
fn plans_of_a_7b_and_a_13b_model() {
    for (file, floor) in [
        ("CodeLlama-13b_direct.json", 0.95),
        ("mistral-7b_direct.json", 0.75),
    ] {
        if let Some(share) = share_read(file) {
            assert!(share >= floor, "{file}: {share}");
        }
    }
}

#[test]
fn gold_plans() {
    let (Some(tools), Some(text)) = (task_bench_tools(), shared("multimedia_sample.jsonl")) else {
        return;
    };
    for line in text.lines() {
        let reading = read(line, &tools);
        assert_eq!(reading.dialect, Dialect::TaskBench, "{line}");
        assert_eq!(reading.defects(), [], "{line}");
        let gold: Json = serde_json::from_str(line).unwrap();
        assert_eq!(
            reading.draft.steps.len(),
            gold["nodes"].as_array().unwrap().len()
        );
    }
}
