//! The house rules that the manifests can break: who may know whom, and who may name which crate.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::MetadataCommand;
use medley_tests::repository;

/// Each package with the packages of ours that it may depend on.
fn allowed() -> BTreeMap<&'static str, Vec<&'static str>> {
    let below_tools = vec!["medley-orchestrator", "medley-models"];
    BTreeMap::from([
        ("medley-orchestrator", vec![]),
        ("medley-models", vec!["medley-orchestrator"]),
        ("medley-tools", below_tools.clone()),
        ("medley-generators", below_tools.clone()),
        ("medley-planners", below_tools.clone()),
        ("medley-workflows", below_tools),
        (
            "medley",
            vec![
                "medley-orchestrator",
                "medley-models",
                "medley-tools",
                "medley-generators",
                "medley-planners",
                "medley-workflows",
            ],
        ),
        ("medley-tests", vec!["medley", "medley-orchestrator"]),
    ])
}

/// Each package with the crates that it names in its manifest.
fn named() -> BTreeMap<String, BTreeSet<String>> {
    let metadata = MetadataCommand::new()
        .manifest_path(repository().join("Cargo.toml"))
        .no_deps()
        .other_options(vec!["--offline".to_owned()])
        .exec()
        .unwrap();
    let packages = metadata.packages.into_iter();
    packages
        .map(|package| {
            let dependencies = package.dependencies.iter();
            let names = dependencies.map(|each| each.name.to_string()).collect();
            (package.name.to_string(), names)
        })
        .collect()
}

#[test]
fn a_crate_knows_the_layers_below_it_and_none_beside_it() {
    let allowed = allowed();
    let named = named();
    assert_eq!(
        named.keys().map(String::as_str).collect::<Vec<_>>(),
        allowed.keys().copied().collect::<Vec<_>>(),
        "every package has its place in the house"
    );
    for (package, dependencies) in &named {
        for dependency in dependencies
            .iter()
            .filter(|name| name.starts_with("medley"))
        {
            assert!(
                allowed[package.as_str()].contains(&dependency.as_str()),
                "{package} must not know {dependency}"
            );
        }
    }
}

#[test]
fn only_models_names_the_inference_crates() {
    for (package, dependencies) in named() {
        for dependency in dependencies {
            let inference = dependency == "ort" || dependency.starts_with("candle");
            assert!(
                !inference || package == "medley-models",
                "{package} names {dependency}; sessions come from medley-models"
            );
        }
    }
}

#[test]
fn the_orchestrator_has_no_http_no_machine_learning_and_no_scripting() {
    let named = named();
    for foreign in [
        "reqwest",
        "hf-hub",
        "ort",
        "candle-core",
        "rhai",
        "image",
        "tokenizers",
    ] {
        assert!(!named["medley-orchestrator"].contains(foreign), "{foreign}");
    }
}
