//! Plans of later rounds: what was done has its name, can be referred to, and may be enough.

use medley_orchestrator::{DraftStep, Output};

use super::*;

#[test]
fn later_plans_take_new_names_refer_to_what_was_done_or_say_that_it_is_enough() {
    let capabilities = capabilities();
    let registry = registry(&capabilities);
    let request = request(&[Kind::Image]);
    let ocr = capabilities.iter().find(|each| each.name == "ocr").unwrap();
    let given: Vec<Output> = ocr.outputs.clone();
    let shape = PlanShape {
        earlier: vec![("s1".to_owned(), given), ("s3".to_owned(), Vec::new())],
        may_be_done: true,
        ..PlanShape::of(&registry, &request)
    };
    let vocabulary = vocabulary();
    let (mut done, mut referring) = (0, 0);
    for seed in 0..60 {
        let mut constraint = PlanConstraint::new(&vocabulary, &shape).unwrap();
        let reply = RandomModel::new(seed).write(&mut constraint, &vocabulary, 100_000);
        let reply = reply.unwrap();
        if reply == "{\"done\":true}\n" {
            done += 1;
            continue;
        }
        let mut draft = read(&reply);
        referring += usize::from(reply.contains("$s1"));
        let ids: Vec<&str> = draft.steps.iter().map(|step| step.id.as_str()).collect();
        assert!(!ids.contains(&"s1") && !ids.contains(&"s3"), "{ids:?}");
        // As if it had been one plan: every reference has what it refers to.
        let first = DraftStep::new("s1", "ocr").with("image", "$input1");
        draft.steps.insert(0, first);
        let scope = Scope::of_request(&request);
        if let Err(defects) = Plan::validate(&draft, &registry, &scope) {
            unreachable!("{defects:?}\n{reply}");
        }
    }
    assert!((5..=40).contains(&done), "{done} of 60 are done");
    assert!(referring >= 5, "{referring} of 60 use what was read");
}

#[test]
fn what_is_done_can_be_said_with_little_room_and_without_tools() {
    let registry = registry(&capabilities());
    let request = request(&[Kind::Image]);
    let vocabulary = vocabulary();
    for capabilities in [Vec::new(), PlanShape::of(&registry, &request).capabilities] {
        let shape = PlanShape {
            capabilities,
            may_be_done: true,
            ..PlanShape::of(&registry, &request)
        };
        let mut constraint = PlanConstraint::new(&vocabulary, &shape).unwrap();
        let reply = RandomModel::new(7).write(&mut constraint, &vocabulary, 16);
        assert_eq!(reply.unwrap(), "{\"done\":true}\n");
    }
}
