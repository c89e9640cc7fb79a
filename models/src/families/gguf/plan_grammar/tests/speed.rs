//! How long grammars and masks take over a hundred tools and a vocabulary of 200,000 tokens.
//!
//! `cargo test --release -p medley-models plan_grammar::tests::speed -- --nocapture` prints it.

use std::time::{Duration, Instant};

use super::*;

/// The vocabulary of `o200k_base`.
fn large_vocabulary() -> Vocabulary {
    let ranks = tiktoken_rs::o200k_base_singleton();
    let size = 199_998_u32;
    let tokens = (0..size).map(|token| ranks.decode_bytes(&[token]).ok());
    Vocabulary::new(tokens.chain([None]).collect(), size, &[]).unwrap()
}

#[test]
fn a_constraint_takes_little_of_the_time() {
    let vocabulary = large_vocabulary();
    let known = capabilities();
    let tools = (0..100).map(|index| {
        let mut tool = known[index % known.len()].clone();
        tool.name = format!("{}_{index}", tool.name);
        tool
    });
    let tools: Vec<Capability> = tools.collect();
    let registry = registry(&tools);
    let request = request(&[Kind::Image, Kind::Audio]);
    let shape = PlanShape::of(&registry, &request);
    let (mut masks, mut accepts) = (Vec::new(), Vec::new());
    let (mut starts, mut plans) = (Vec::new(), 0);
    for seed in 0..20 {
        let start = Instant::now();
        let mut constraint = PlanConstraint::new(&vocabulary, &shape).unwrap();
        starts.push(start.elapsed());
        let mut model = RandomModel::new(seed);
        let mut reply = Vec::new();
        while !constraint.may_end() {
            let start = Instant::now();
            let mask = constraint.mask(1_000).unwrap().unwrap();
            masks.push(start.elapsed());
            let token = model.choose(mask, &vocabulary);
            reply.extend(vocabulary.bytes(token));
            let start = Instant::now();
            constraint.accept(token).unwrap();
            accepts.push(start.elapsed());
        }
        validated(&String::from_utf8(reply).unwrap(), &registry, &request);
        plans += 1;
    }
    println!("{plans} plans, {} tokens", masks.len());
    for (what, mut times) in [("start", starts), ("mask", masks), ("accept", accepts)] {
        times.sort_unstable();
        let mean = times.iter().sum::<Duration>() / u32::try_from(times.len()).unwrap();
        let (middle, worst) = (times[times.len() / 2], times[times.len() - 1]);
        println!("{what}: mean {mean:?}, median {middle:?}, worst {worst:?}");
        assert!(mean < Duration::from_secs(1), "{what} takes {mean:?}");
    }
}
