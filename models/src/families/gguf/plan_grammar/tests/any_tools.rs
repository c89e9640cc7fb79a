//! Whatever the tools are: plans are valid.

use medley_orchestrator::{Field, Output, Parameter, Visibility};
use proptest::prelude::*;

use super::*;

fn kind() -> impl Strategy<Value = Kind> {
    prop::sample::select(vec![
        Kind::Text,
        Kind::Image,
        Kind::Audio,
        Kind::Video,
        Kind::Regions,
        Kind::Table,
        Kind::Json,
        Kind::File,
    ])
}

fn bounds<T: PartialOrd + Copy + std::fmt::Debug + 'static>(
    bound: impl Strategy<Value = T> + Clone + 'static,
) -> impl Strategy<Value = (Option<T>, Option<T>)> {
    let bound = prop::option::of(bound);
    (bound.clone(), bound).prop_map(|(one, other)| match (one, other) {
        (Some(one), Some(other)) if one > other => (Some(other), Some(one)),
        bounds => bounds,
    })
}

fn leaf() -> impl Strategy<Value = ValueType> {
    let word = "[a-z$\"{}é ]{0,6}";
    prop_oneof![
        Just(ValueType::String),
        Just(ValueType::Boolean),
        Just(ValueType::Box),
        Just(ValueType::Any),
        kind().prop_map(ValueType::artifact),
        bounds(any::<i64>()).prop_map(|(minimum, maximum)| ValueType::Integer { minimum, maximum }),
        bounds(-2000_i64..2000)
            .prop_map(|(minimum, maximum)| ValueType::Integer { minimum, maximum }),
        bounds(-50.0..50.0_f64)
            .prop_map(|(minimum, maximum)| ValueType::Number { minimum, maximum }),
        bounds(any::<f64>().prop_filter("finite", |each| each.is_finite()))
            .prop_map(|(minimum, maximum)| ValueType::Number { minimum, maximum }),
        prop::collection::vec(word, 0..4).prop_map(|values| ValueType::Enum { values }),
    ]
}

fn value_type() -> impl Strategy<Value = ValueType> {
    leaf().prop_recursive(3, 8, 3, |inner| {
        let field = ("[a-z\" ]{1,4}", inner.clone(), any::<bool>());
        let field = field.prop_map(|(name, value_type, optional)| Field {
            name,
            value_type,
            optional,
        });
        prop_oneof![
            inner.clone().prop_map(ValueType::list),
            prop::collection::vec(inner, 0..4).prop_map(|options| ValueType::OneOf { options }),
            prop::collection::vec(field, 0..3).prop_map(|mut fields| {
                fields.sort_by(|one, other| one.name.cmp(&other.name));
                fields.dedup_by(|one, other| one.name == other.name);
                ValueType::Record { fields }
            }),
        ]
    })
}

prop_compose! {
    fn parameter()(
        name in "[a-z_]{1,5}",
        value_type in value_type(),
        required in any::<bool>(),
    ) -> Parameter {
        Parameter { name, value_type, required, default: None, description: String::new() }
    }
}

prop_compose! {
    fn output()(name in "[a-z_-]{1,5}", value_type in value_type(), optional in any::<bool>()) -> Output {
        Output { name, value_type, optional, description: String::new() }
    }
}

prop_compose! {
    fn capability()(
        mut parameters in prop::collection::vec(parameter(), 0..5),
        mut outputs in prop::collection::vec(output(), 1..4),
    ) -> Capability {
        parameters.sort_by(|one, other| one.name.cmp(&other.name));
        parameters.dedup_by(|one, other| one.name == other.name);
        outputs.sort_by(|one, other| one.name.cmp(&other.name));
        outputs.dedup_by(|one, other| one.name == other.name);
        Capability {
            name: String::new(),
            version: 1,
            purpose: String::new(),
            phrases: Vec::new(),
            parameters,
            outputs,
            visibility: Visibility::Shown,
        }
    }
}

fn tools() -> impl Strategy<Value = Vec<Capability>> {
    let tools = prop::collection::vec(capability(), 1..8);
    tools.prop_map(|mut tools| {
        for (index, tool) in tools.iter_mut().enumerate() {
            tool.name = format!("tool{}_{index}", "x".repeat(index % 3));
        }
        tools
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn plans_are_valid_over_any_tools(
        tools in tools(),
        kinds in prop::collection::vec(kind(), 0..3),
        seed in any::<u64>(),
        most in prop_oneof![60_usize..400, Just(20_000)],
    ) {
        let registry = registry(&tools);
        let request = request(&kinds);
        let mut shape = PlanShape::of(&registry, &request);
        shape.max_string = 20;
        let vocabulary = vocabulary();
        match PlanConstraint::new(&vocabulary, &shape) {
            Err(error) => prop_assert_eq!(error, GrammarError::NoTool),
            Ok(mut constraint) => {
                match RandomModel::new(seed).write(&mut constraint, &vocabulary, most) {
                    Ok(reply) => drop(validated(&reply, &registry, &request)),
                    Err(error) => prop_assert!(
                        most < 400 && error.to_string().contains("allow more tokens"),
                        "{}", error
                    ),
                }
            }
        }
    }
}
