//! Random plans over random tools: a plan stays one, and a second repair finds nothing to do.

use proptest::prelude::*;

use super::*;

const KINDS: [Kind; 3] = [Kind::Image, Kind::Audio, Kind::Video];

fn value_type() -> impl Strategy<Value = ValueType> {
    prop_oneof![
        Just(ValueType::String),
        Just(ValueType::integer()),
        Just(ValueType::Boolean),
        prop::sample::select(KINDS.to_vec()).prop_map(ValueType::artifact),
        Just(ValueType::list(ValueType::String)),
    ]
}

fn tools() -> impl Strategy<Value = Vec<Capability>> {
    let parameters = prop::collection::vec((value_type(), any::<bool>()), 0..3);
    prop::collection::vec((parameters, value_type()), 1..6).prop_map(|tools| {
        let tools = tools.into_iter().enumerate();
        tools
            .map(|(index, (parameters, gives))| {
                let names = parameters
                    .into_iter()
                    .enumerate()
                    .map(|(place, (of, required))| {
                        let mark = if required { "" } else { "?" };
                        (format!("value_{place}{mark}"), of)
                    });
                let named: Vec<(String, ValueType)> = names.collect();
                let takes: Vec<(&str, ValueType)> = named
                    .iter()
                    .map(|(name, of)| (name.as_str(), of.clone()))
                    .collect();
                capability(
                    &format!("make_{}", ["a", "b", "cc", "ddd", "e_to_f"][index]),
                    &takes,
                    gives,
                )
            })
            .collect()
    })
}

fn argument() -> impl Strategy<Value = Json> {
    prop_oneof![
        4 => (0..6).prop_map(|step| json!(format!("$s{step}"))),
        2 => (1..4).prop_map(|input| json!(format!("$input{input}"))),
        1 => Just(json!("$request")),
        1 => (0..6).prop_map(|step| json!(format!("It says ${{s{step}}}."))),
        1 => (0..6).prop_map(|step| json!(format!("output of step {step}"))),
        3 => prop::sample::select(vec![
            json!(""), json!("3"), json!(3), json!(true), json!("true"), json!("a text of its own"),
            json!("sign.png"), json!("<node-1>"), json!(["a", "$s1"]), json!([]), json!({"a": "$s2"}),
            json!(null), json!("${"), json!("$nothing"), json!("input image"), json!("made-up.wav"),
        ]),
    ]
}

fn step() -> impl Strategy<Value = DraftStep> {
    let tool = prop::sample::select(vec![
        "make_a",
        "make_b",
        "make_cc",
        "make_ddd",
        "Make-CC",
        "make_e_to_f",
        "image to text",
        "",
    ]);
    let names = prop::sample::select(vec!["value_0", "value_1", "Value 0", "link_1", "audio"]);
    let args = prop::collection::vec((names, argument()), 0..4);
    let after = prop::collection::vec(0..6_usize, 0..2);
    (
        0..6_usize,
        tool,
        args,
        after,
        prop::option::weighted(0.1, argument()),
    )
        .prop_map(|(id, tool, args, after, list)| DraftStep {
            args: args
                .into_iter()
                .map(|(name, json)| (name.to_owned(), json))
                .collect(),
            after: after.into_iter().map(|step| format!("s{step}")).collect(),
            for_each: list,
            ..DraftStep::new(
                if id == 0 {
                    String::new()
                } else {
                    format!("s{id}")
                },
                tool,
            )
        })
}

fn drafts() -> impl Strategy<Value = DraftPlan> {
    prop::collection::vec(step(), 0..7).prop_map(|steps| DraftPlan {
        steps,
        ..DraftPlan::default()
    })
}

fn mended(draft: DraftPlan, registry: &Registry, request: &Request) -> Repaired {
    let hints = Hints {
        request: Some(request),
        ..Hints::default()
    };
    repair(draft, registry, &Scope::of_request(request), &hints)
}

fn files() -> Request {
    request(&[("sign.png", Kind::Image), ("song.wav", Kind::Audio)])
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_second_repair_does_nothing(tools in tools(), draft in drafts()) {
        let registry = registry_of(tools);
        let once = mended(draft, &registry, &files());
        let twice = mended(once.draft.clone(), &registry, &files());
        prop_assert_eq!(&twice.repairs, &[]);
        prop_assert_eq!(twice.draft, once.draft);
        prop_assert_eq!(twice.defects, once.defects);
    }

    #[test]
    fn what_is_left_is_what_validation_finds(tools in tools(), draft in drafts()) {
        let registry = registry_of(tools);
        let request = files();
        let repaired = mended(draft, &registry, &request);
        let valid = Plan::validate(&repaired.draft, &registry, &Scope::of_request(&request)).is_ok();
        prop_assert_eq!(valid, repaired.defects.is_empty());
    }

    #[test]
    fn a_plan_stays_a_plan(
        tools in tools(),
        draft in drafts(),
        order in any::<prop::sample::Index>(),
        text in prop::sample::select(vec!["", "output of step 1", "<node-0>", "input text", "$s1"]),
    ) {
        let registry = registry_of(tools);
        let request = files();
        let scope = Scope::of_request(&request);
        // Another order, and texts that say little, leave a plan valid.
        let mut plan = mended(draft, &registry, &request).draft;
        if !plan.steps.is_empty() {
            let place = order.index(plan.steps.len());
            plan.steps.rotate_left(place);
            for json in plan.steps[0].args.values_mut().filter(|json| json.is_string()) {
                *json = text.into();
            }
        }
        let hints = Hints {
            request: Some(&request),
            ..Hints::default()
        };
        if Plan::validate(&plan, &registry, &scope).is_ok() {
            let (mended, _) = super::super::mend(plan, &registry, &scope, &hints);
            let still = Plan::validate(&mended, &registry, &scope);
            prop_assert!(still.is_ok(), "{:?}", still.err());
        }
    }
}
