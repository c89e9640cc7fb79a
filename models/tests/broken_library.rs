//! A file that is no library: in a process of its own, because a process loads one library for good.

use medley_models::ModelError;
use medley_models::sessions::OnnxRuntime;

#[test]
fn a_file_that_is_no_library_is_refused_with_the_way_out() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let error = OnnxRuntime::load(file.path()).unwrap_err();
    assert!(matches!(error, ModelError::RuntimeLoad { .. }), "{error}");
    assert!(error.hint().unwrap().contains("ORT_DYLIB_PATH"));
}
