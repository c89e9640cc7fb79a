//! Tools that have named parameters in place of types, as TaskBench's everyday ones have.

use super::*;

fn errands() -> ToolList {
    let tools = json!({"nodes": [
        {"id": "reserve_table", "desc": "Reserve a table", "parameters": [
            {"name": "restaurant", "type": "string", "desc": "Which it is"},
            {"name": "guests", "type": "integer"},
            {"name": "wish"},
        ]},
        {"id": "send_photo", "desc": "", "parameters": [{"name": "photo", "type": "image"}]},
        {"id": "feed_cat"},
    ]});
    ToolList::from_json_text(&tools.to_string()).unwrap()
}

fn plan(nodes: serde_json::Value, links: serde_json::Value) -> TaskPlan {
    let line = json!({"id": "1", "task_nodes": nodes, "task_links": links});
    predicted(line).remove(0).plan.unwrap()
}

#[test]
fn parameters_keep_their_names_and_types_and_what_nobody_describes_may_be_anything() {
    let list = errands();
    assert!(!list.has_types() && tools().has_types());
    let capabilities = list.capabilities();
    let of = |name: &str| {
        let tool = capabilities.iter().find(|each| each.name == name).unwrap();
        let parameters = tool.parameters.iter();
        let parameters: Vec<(&str, &ValueType, bool)> = parameters
            .map(|each| (each.name.as_str(), &each.value_type, each.required))
            .collect();
        assert_eq!(tool.outputs[0].value_type, ValueType::Any);
        format!("{parameters:?}")
    };
    let expected = [
        ("restaurant", &ValueType::String, true),
        ("guests", &ValueType::integer(), true),
        ("wish", &ValueType::Any, true),
    ];
    assert_eq!(of("reserve_table"), format!("{expected:?}"));
    let photo = ValueType::artifact(Kind::Image);
    assert_eq!(of("send_photo"), format!("{:?}", [("photo", &photo, true)]));
    assert_eq!(
        of("feed_cat"),
        format!("{:?}", [("input", &ValueType::Any, false)])
    );
}

#[test]
fn links_are_order_and_arguments_keep_their_names() {
    let list = errands();
    let request = attached_files("Feed the cat, then send cat.png.");
    let plan = plan(
        json!([
            {"task": "send_photo", "arguments": [{"name": "photo", "value": "$input1"}]},
            {"task": "feed_cat", "arguments": []},
        ]),
        json!([{"source": "feed_cat", "target": "send_photo"}]),
    );
    let draft = draft_of(&plan, &list);
    assert_eq!(draft.steps[0].after, ["s2"]);
    assert_eq!(draft.steps[0].args.len(), 1, "no argument comes of a link");
    let registry = list.registry().unwrap();
    Plan::validate(&draft, &registry, &Scope::of_request(&request)).unwrap();
    let back = plan_of(&draft, &list, &request);
    assert_eq!(back.task_links, plan.task_links);
    assert_eq!(
        back.task_nodes[0].arguments,
        [json!({"name": "photo", "value": "cat.png"})]
    );
}

#[test]
fn names_are_compared_as_they_are_written_and_arguments_by_their_names() {
    let list = errands();
    let nodes = json!([{"task": "reserve_table", "arguments": [
        {"name": "restaurant", "value": "Zum Hecht"}, {"name": "guests", "value": 4}, "no name",
    ]}]);
    let sample = gold("single", nodes, json!([]));
    let measure = Measure {
        edges: Edges::usual_for(&list),
        ..Measure::default()
    };
    assert_eq!(measure.edges, Edges::Links);
    let scores = |line| {
        evaluate(
            std::slice::from_ref(&sample),
            &predicted(line),
            &list,
            measure,
        )
    };
    let named = scores(
        json!({"id": "1", "task_nodes": [{"task": "reserve_table", "arguments": [
            {"name": "restaurant", "value": "Adler"}, {"value": "4", "name": "guests"},
        ]}]}),
    );
    assert!(near(named.node_f1, 100.0) && near(named.type_f1, 100.0));
    assert!(near(named.value_f1, 50.0), "{named:?}");
    let spaced = scores(json!({"id": "1", "task_nodes": [{"task": "reserve table"}]}));
    assert!(near(spaced.node_f1, 0.0), "{spaced:?}");
}
