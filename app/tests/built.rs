//! Makes `cargo test --workspace` build the command, which the end-to-end tests of `medley-tests` run.

use std::process::Command;

#[test]
fn the_command_is_built_and_names_its_version() {
    let output = Command::new(env!("CARGO_BIN_EXE_medley"))
        .arg("--version")
        .output()
        .unwrap();
    let shown = String::from_utf8(output.stdout).unwrap();
    assert_eq!(
        shown.trim(),
        format!("medley {}", env!("CARGO_PKG_VERSION"))
    );
}
