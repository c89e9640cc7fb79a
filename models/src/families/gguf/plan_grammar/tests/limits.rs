//! However few tokens there are: a valid plan, or an error that says how many it takes.

use super::*;

#[test]
fn plans_end_in_time() {
    let capabilities = capabilities();
    let registry = registry(&capabilities);
    let request = request(&[Kind::Image, Kind::Audio]);
    let shape = PlanShape::of(&registry, &request);
    let vocabulary = vocabulary();
    let mut least = None;
    for most in (1..200).chain([250, 300, 400, 500, 1000]) {
        for seed in 0..3 {
            let mut constraint = PlanConstraint::new(&vocabulary, &shape).unwrap();
            let reply = RandomModel::new(seed).write(&mut constraint, &vocabulary, most);
            match reply {
                Ok(reply) => {
                    validated(&reply, &registry, &request);
                    least.get_or_insert(most);
                }
                Err(error) => {
                    assert_eq!(least, None, "{most} tokens are enough: {error}");
                    let message = error.to_string();
                    assert!(message.contains("allow more tokens"), "{message}");
                }
            }
        }
    }
    let shortest = "{\"id\":\"s1\",\"tool\":\"ocr\",\"args\":{\"image\":\"$input1\"}}\n{\"answer\":[\"$s1\"]}\n";
    let needed = vocabulary.tokens(shortest.as_bytes()).len() + 1;
    assert_eq!(least, Some(needed), "no token is wasted");
}

#[test]
fn the_bound_holds_wherever_a_line_stands() {
    let registry = registry(&capabilities());
    let request = request(&[Kind::Image, Kind::Audio]);
    let shape = PlanShape::of(&registry, &request);
    let vocabulary = vocabulary();
    for seed in 0..30 {
        let mut constraint = PlanConstraint::new(&vocabulary, &shape).unwrap();
        let mut model = RandomModel::new(seed);
        while !constraint.may_end() {
            let room = constraint.room(constraint.line.as_ref().unwrap());
            let ending = constraint.shortest_ending().unwrap();
            assert!(ending.len() + 1 < room, "{} of {room}", ending.len());
            let mask = constraint.mask(100_000).unwrap().unwrap().clone();
            let first = vocabulary.bytes(ending[0]);
            let leads = (0..vocabulary.size())
                .filter(|&token| mask.allows(token))
                .any(|token| first.starts_with(&vocabulary.bytes(token)[..1]));
            assert!(leads, "{:?}", String::from_utf8_lossy(first));
            let next = model.choose(&mask, &vocabulary);
            constraint.accept(next).unwrap();
        }
    }
}

#[test]
fn a_plan_has_no_more_steps_than_allowed() {
    let registry = registry(&capabilities());
    let request = request(&[Kind::Image]);
    let vocabulary = vocabulary();
    let shape = PlanShape {
        max_steps: 2,
        ..PlanShape::of(&registry, &request)
    };
    let mut counts = BTreeSet::new();
    for seed in 0..20 {
        let mut constraint = PlanConstraint::new(&vocabulary, &shape).unwrap();
        let reply = RandomModel::new(seed).write(&mut constraint, &vocabulary, 10_000);
        counts.insert(validated(&reply.unwrap(), &registry, &request).steps.len());
    }
    assert_eq!(counts, BTreeSet::from([1, 2]));
}
