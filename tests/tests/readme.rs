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
fn every_file_that_the_readme_names_is_there() {
    let readme = fs::read_to_string(repository().join("README.md")).unwrap();
    let named: Vec<&str> = readme
        .split(|each: char| each.is_whitespace() || "()[]`".contains(each))
        .filter(|word| word.starts_with("samples/") || word.starts_with("app/"))
        .collect();
    assert!(named.len() > 5, "{named:?}");
    for file in named {
        assert!(repository().join(file).exists(), "{file}");
    }
}
