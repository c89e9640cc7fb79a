//! Planners that hand over steps while they still decide.

use std::{
    fs,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use async_trait::async_trait;
use medley_orchestrator::{
    Addition, Decision, DraftStep, EventKind, Planner, PlannerError, RunStatus, Situation,
    StepStatus,
};
use serde_json::json;
use tokio::sync::Notify;

use crate::house::{House, Way, statuses};

/// What the planner does next.
#[derive(Clone)]
enum Act {
    Step(Box<DraftStep>),
    End,
    /// Waits until the test says so.
    Wait,
    Fail,
}

/// Does what it is told in the first round, and finds that enough in the second.
struct Scripted {
    acts: Vec<Act>,
    go: Arc<Notify>,
    /// What it was shown as accepted, each time that it was asked.
    shown: Mutex<Vec<Vec<String>>>,
    asked: AtomicUsize,
}

fn scripted(acts: Vec<Act>) -> Arc<Scripted> {
    Arc::new(Scripted {
        acts,
        go: Arc::default(),
        shown: Mutex::default(),
        asked: AtomicUsize::new(0),
    })
}

#[async_trait]
impl Planner for Scripted {
    async fn decide(&self, situation: &Situation<'_>) -> Result<Decision, PlannerError> {
        if !situation.rounds.is_empty() {
            return Ok(Decision::Finish);
        }
        self.asked.fetch_add(1, Ordering::SeqCst);
        let names = situation.accepted.iter().map(|step| step.id.clone());
        self.shown.lock().unwrap().push(names.collect());
        let stream = situation.stream.expect("something to hand over to");
        for act in self.acts.clone() {
            match act {
                Act::Step(step) => drop(stream.send(Addition::Step(step)).await),
                Act::End => drop(stream.send(Addition::End).await),
                Act::Wait => self.go.notified().await,
                Act::Fail => {
                    return Err(PlannerError {
                        code: "cut",
                        message: "the model was cut off".to_owned(),
                        hint: None,
                        source: None,
                    });
                }
            }
        }
        Ok(Decision::Streamed { notes: Vec::new() })
    }
}

fn echo(id: &str, text: &str) -> Act {
    Act::Step(Box::new(DraftStep::new(id, "echo").with("text", text)))
}

fn finished(step: &str) -> impl Fn(&medley_orchestrator::Event) -> bool {
    let step = step.to_owned();
    move |event| matches!(&event.kind, EventKind::StepFinished { step: id, .. } if *id == step)
}

pub(crate) async fn a_step_runs_while_the_next_is_still_being_decided(way: Way) {
    let house = House::new(way);
    let planner = scripted(vec![
        echo("s1", "one"),
        Act::Wait,
        echo("s2", "$s1"),
        Act::End,
    ]);
    let mut started = house.ask("r1", planner.clone());
    started.until(finished("s1")).await;
    planner.go.notify_one();
    let outcome = started.outcome().await.unwrap();
    assert_eq!(outcome.status, RunStatus::Succeeded);
    let report = &outcome.rounds[0];
    assert_eq!(report.step("s2").unwrap().outputs["text"], "one".into());
    assert_eq!(report.answer.len(), 1, "the leaf is the answer");
    let again = house.resume("r1").await;
    assert_eq!(again.steps, report.steps, "all of it was committed");
}

pub(crate) async fn what_was_handed_over_is_not_done_again_when_the_decision_was_cut(way: Way) {
    let house = House::new(way);
    let lines = house.file("lines");
    let append = DraftStep::new("s1", "append")
        .with("path", lines.to_str().unwrap())
        .with("text", "once");
    let acts = vec![
        Act::Step(Box::new(append)),
        echo("s2", "two"),
        Act::Wait,
        echo("s3", "${s1} and ${s2}"),
        Act::End,
    ];
    let planner = scripted(acts.clone());
    let mut started = house.ask("r1", planner);
    started.until(finished("s2")).await;
    started.abandon().await;
    assert!(!lines.exists(), "what changes the world waits for the end");

    let house = house.restarted();
    let planner = scripted(acts);
    planner.go.notify_one();
    let started = house.ask_again("r1", planner.clone()).await;
    let report = started.report().await;
    assert_eq!(*planner.shown.lock().unwrap(), [["s1", "s2"]]);
    assert_eq!(report.status, RunStatus::Succeeded, "{report:#?}");
    assert_eq!(report.steps.len(), 3, "an equal step is the same step");
    assert_eq!(fs::read_to_string(&lines).unwrap(), "once\n");

    let unasked = scripted(Vec::new());
    let again = house.ask_again("r1", unasked.clone()).await.report().await;
    assert_eq!(again.steps, report.steps);
    assert_eq!(unasked.asked.load(Ordering::SeqCst), 0, "it is committed");
    assert_eq!(fs::read_to_string(lines).unwrap(), "once\n");
}

pub(crate) async fn what_the_planner_did_before_it_failed_counts(way: Way) {
    let house = House::new(way);
    let write = DraftStep::new("s2", "append")
        .with("path", house.file("lines").to_str().unwrap())
        .with("text", "never");
    let acts = vec![echo("s1", "one"), Act::Step(Box::new(write)), Act::Fail];
    let outcome = house.ask("r1", scripted(acts)).outcome().await.unwrap();
    assert_eq!(outcome.status, RunStatus::Partial);
    assert_eq!(
        statuses(&outcome.rounds[0]),
        [("s1", StepStatus::Done), ("s2", StepStatus::Skipped)].into()
    );
    let notes = outcome.response.notes.join("\n");
    assert!(notes.contains("cut off"), "{notes}");
    assert!(!house.file("lines").exists());
    let nothing = house.ask("r2", scripted(vec![Act::Fail])).outcome().await;
    assert!(nothing.is_err(), "nothing was done that would count");
}

pub(crate) async fn a_defect_leaves_the_sound_steps_and_is_reported(way: Way) {
    let house = House::new(way);
    let unknown = Act::Step(Box::new(DraftStep::new("s2", "no_such_tool")));
    let acts = vec![echo("s1", "one"), unknown, echo("s3", "$s2"), Act::End];
    let outcome = house.ask("r1", scripted(acts)).outcome().await.unwrap();
    let report = &outcome.rounds[0];
    assert_eq!(statuses(report), [("s1", StepStatus::Done)].into());
    let broken: Vec<_> = report.defects.iter().map(|defect| &defect.step).collect();
    assert_eq!(json!(broken), json!(["s2", "s3"]), "{:#?}", report.defects);
    assert_eq!(report.status, RunStatus::Partial);
}
