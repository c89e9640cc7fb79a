//! The refiner's turn: what a language model said is kept and not asked for again, while the results are the same.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use medley_orchestrator::{
    DraftPlan, GivenPlan, Part, Refined, Refiner, Refining, Response, StepStatus,
};
use serde_json::json;

use crate::house::{House, Way};

/// More calls than one run makes.
const ENOUGH: usize = 1_000;

/// Says how often it was asked, as a model or as something that is not kept.
struct Counting {
    asked: AtomicUsize,
    by_model: bool,
}

fn counting(by_model: bool) -> Arc<Counting> {
    Arc::new(Counting {
        asked: AtomicUsize::new(0),
        by_model,
    })
}

#[async_trait::async_trait]
impl Refiner for Counting {
    async fn refine(&self, refining: &Refining<'_>) -> Refined {
        let asked = self.asked.fetch_add(1, Ordering::SeqCst) + 1;
        let steps = refining.rounds.iter().flat_map(|round| &round.steps);
        let done = steps.filter(|step| step.status.is_success()).count();
        let text = format!("{done} done, asked {asked} times");
        Refined {
            response: Response {
                parts: vec![Part::Text { text }],
                ..Response::default()
            },
            by_model: self.by_model,
        }
    }
}

async fn answer(house: &House, resume: bool) -> (String, Vec<StepStatus>) {
    let draft = DraftPlan::from_json_text(
        &json!({"steps": [
            {"id": "s1", "tool": "echo", "args": {"text": "one"}},
            {"id": "s2", "tool": "flaky", "args": {"counter": house.file("calls").to_str().unwrap(), "succeeds_at": ENOUGH}},
        ]})
        .to_string(),
    )
    .unwrap();
    let planner = Arc::new(GivenPlan::new(draft));
    let started = match resume {
        true => house.ask_again("r1", planner).await,
        false => house.ask("r1", planner),
    };
    let outcome = started.outcome().await.unwrap();
    let statuses = outcome.rounds[0].steps.iter().map(|step| step.status);
    let [Part::Text { text }] = outcome.response.parts.as_slice() else {
        unreachable!("{:?}", outcome.response)
    };
    (text.clone(), statuses.collect())
}

pub(crate) async fn an_answer_of_a_model_is_kept_while_the_results_are_the_same(way: Way) {
    let model = counting(true);
    let house = House::new(way).refined_by(model.clone());
    let (first, statuses) = answer(&house, false).await;
    assert_eq!(first, "1 done, asked 1 times");
    assert_eq!(statuses, [StepStatus::Done, StepStatus::Failed]);

    let house = house.restarted();
    let (again, _) = answer(&house, true).await;
    assert_eq!(again, first, "what failed still does, so nothing is new");
    assert_eq!(model.asked.load(Ordering::SeqCst), 1);

    std::fs::write(house.file("calls"), ".".repeat(ENOUGH)).unwrap();
    let (better, _) = answer(&house, true).await;
    assert_eq!(better, "2 done, asked 2 times");
    let (last, _) = answer(&house, true).await;
    assert_eq!(last, better);
    assert_eq!(model.asked.load(Ordering::SeqCst), 2);
}

pub(crate) async fn an_answer_without_a_model_is_made_anew(way: Way) {
    let template = counting(false);
    let house = House::new(way).refined_by(template.clone());
    answer(&house, false).await;
    let (again, _) = answer(&house, true).await;
    assert_eq!(again, "1 done, asked 2 times");
    let turns = house.history("r1").await.turns;
    assert!(
        turns
            .iter()
            .all(|turn| turn.decision.get("refined").is_none())
    );
}
