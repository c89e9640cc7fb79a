//! A hundred tools and a vocabulary of 200,000 tokens.

use super::*;

/// The vocabulary of `o200k_base`.
fn large_vocabulary() -> Vocabulary {
    let ranks = tiktoken_rs::o200k_base_singleton();
    let size = 199_998_u32;
    let tokens = (0..size).map(|token| ranks.decode_bytes(&[token]).ok());
    Vocabulary::new(tokens.chain([None]).collect(), size, &[]).unwrap()
}

#[test]
fn plans_over_a_hundred_tools_are_valid_in_a_large_vocabulary() {
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
    let mut constraint = PlanConstraint::new(&vocabulary, &shape).unwrap();
    let mut model = RandomModel::new(0);
    let mut reply = Vec::new();
    while !constraint.may_end() {
        let mask = constraint.mask(1_000).unwrap().unwrap();
        let token = model.choose(mask, &vocabulary);
        reply.extend(vocabulary.bytes(token));
        constraint.accept(token).unwrap();
    }
    validated(&String::from_utf8(reply).unwrap(), &registry, &request);
}
