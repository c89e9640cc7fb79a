//! Plans that real language models wrote, before and after repair.

use std::collections::BTreeMap;

use medley_orchestrator::{DraftPlan, Plan, Scope};

use super::super::*;
use crate::evaluation::{
    Edges, Invented, Measure, Prediction, Sample, Scores, ToolList, attached_files, draft_of,
    evaluate, plan_of, predictions, samples, shared, table,
};

const STRICT: Measure = Measure {
    edges: Edges::Links,
    invented: Invented::Wrong,
};

struct House {
    tools: ToolList,
    registry: Registry,
    gold: Vec<Sample>,
}

impl House {
    fn open() -> Option<Self> {
        let read = |name| Some(std::fs::read_to_string(shared(name)?).unwrap());
        let tools = ToolList::from_json_text(&read("multimedia_tools.json")?).unwrap();
        Some(Self {
            registry: tools.registry().unwrap(),
            gold: samples(&read("multimedia_sample.jsonl")?).unwrap(),
            tools,
        })
    }

    fn repaired(&self, draft: DraftPlan, request: &Request) -> Repaired {
        let hints = Hints {
            request: Some(request),
            ..Hints::default()
        };
        repair(draft, &self.registry, &Scope::of_request(request), &hints)
    }
}

/// The plans of a model with their requests.
fn plans(model: &str) -> Vec<(String, Prediction)> {
    let name = format!("predictions/{model}_direct.json");
    let text = std::fs::read_to_string(shared(&name).unwrap()).unwrap();
    let requests = text.lines().map(|line| {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        line["user_request"].as_str().unwrap().to_owned()
    });
    requests.zip(predictions(&text).unwrap()).collect()
}

#[test]
fn repair_makes_real_plans_better() {
    let Some(house) = House::open() else {
        return;
    };
    for model in ["CodeLlama-13b", "mistral-7b"] {
        let mut runnable = (0, 0);
        let mut codes: BTreeMap<RepairCode, usize> = BTreeMap::new();
        let mut left: BTreeMap<String, usize> = BTreeMap::new();
        let (mut raw, mut mended) = (Vec::new(), Vec::new());
        for (request, prediction) in plans(model) {
            let request = attached_files(&request);
            let draft = draft_of(prediction.plan.as_ref().unwrap(), &house.tools);
            let scope = Scope::of_request(&request);
            runnable.0 += usize::from(Plan::validate(&draft, &house.registry, &scope).is_ok());
            let repaired = house.repaired(draft, &request);
            runnable.1 += usize::from(repaired.defects.is_empty());
            let valid = Plan::validate(&repaired.draft, &house.registry, &scope).is_ok();
            assert_eq!(valid, repaired.defects.is_empty(), "{}", prediction.id);
            for repair in &repaired.repairs {
                *codes.entry(repair.code).or_default() += 1;
            }
            for defect in &repaired.defects {
                *left.entry(format!("{:?}", defect.code)).or_default() += 1;
            }
            if std::env::var_os("SHOW").is_some_and(|id| *id == *prediction.id || id == *"all") {
                println!("{} {}", prediction.id, request.text);
                for repair in &repaired.repairs {
                    println!("   {repair}");
                }
                for defect in &repaired.defects {
                    println!("   !! {defect}");
                }
                println!("   {}", serde_json::to_string(&repaired.draft).unwrap());
            }
            let again = house.repaired(repaired.draft.clone(), &request);
            assert_eq!(again.draft, repaired.draft, "{}", prediction.id);
            assert!(again.repairs.is_empty(), "{}", prediction.id);
            let plan = plan_of(&repaired.draft, &house.tools, &request);
            mended.push(Prediction::new(&prediction.id, plan));
            raw.push(prediction);
        }
        let score =
            |plans: &[Prediction], measure| evaluate(&house.gold, plans, &house.tools, measure);
        let before = score(&raw, STRICT);
        let after = score(&mended, STRICT);
        let tags = score(&mended, Measure::default());
        let rows: [(&str, &Scores); 4] = [
            ("before, links", &before),
            ("after, links", &after),
            ("before, as TaskBench", &score(&raw, Measure::default())),
            ("after, as TaskBench", &tags),
        ];
        println!("{model}\n{}", table(&rows, None).unwrap());
        println!(
            "runnable {runnable:?} of {}; {codes:?}; left {left:?}",
            raw.len()
        );
        assert!(after.node_f1 > before.node_f1, "{model}");
        assert!(after.edge_f1 > before.edge_f1, "{model}");
        assert!(tags.edge_f1 > before.edge_f1, "{model}");
        assert!(runnable.1 > runnable.0, "{model}");
    }
}
