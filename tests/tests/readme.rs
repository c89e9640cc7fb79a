//! What the README shows is what the repository holds.

use std::fs;

use medley_tests::repository;

#[test]
fn the_tool_in_the_readme_is_the_example_that_runs() {
    let readme = fs::read_to_string(repository().join("README.md")).unwrap();
    let example = repository().join("app/examples/own_tool.rs");
    let example = fs::read_to_string(example).unwrap();
    assert!(
        readme.contains(example.trim_end()),
        "copy app/examples/own_tool.rs into the README"
    );
}

#[test]
fn every_file_that_the_pages_name_is_there() {
    for (page, least) in [("README.md", 6), ("ARCHITECTURE.md", 10)] {
        let named = files_named_in(page);
        assert!(named.len() >= least, "{page}: {named:?}");
        for file in named {
            assert!(repository().join(&file).exists(), "{page}: {file}");
        }
    }
}

/// Words that start like a path in the repository.
fn files_named_in(page: &str) -> Vec<String> {
    let folders = [
        "app/",
        "bench/",
        "generators/",
        "models/",
        "orchestrator/",
        "planners/",
        "samples/",
        "tests/",
        "tools/",
        "workflows/",
    ];
    fs::read_to_string(repository().join(page))
        .unwrap()
        .split(|each: char| each.is_whitespace() || "()[]`,".contains(each))
        .filter(|word| folders.iter().any(|folder| word.starts_with(folder)))
        .map(|word| word.trim_end_matches('.').to_owned())
        .collect()
}
