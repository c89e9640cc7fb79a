//! Which file is meant by a path.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::error::{GgufError, Problem};

/// The file at `path`, or the only GGUF file in the directory there.
pub(super) fn locate(path: &Path) -> Result<PathBuf, GgufError> {
    if path.is_file() {
        return Ok(path.to_owned());
    }
    if !path.is_dir() {
        return Err(Problem::Absent.at(path));
    }
    let failed = |error| Problem::Read(error).at(path);
    let mut found = Vec::new();
    for entry in fs::read_dir(path).map_err(failed)? {
        let file = entry.map_err(failed)?.path();
        if file
            .extension()
            .is_some_and(|extension| extension.eq_ignore_ascii_case("gguf"))
        {
            found.push(file);
        }
    }
    match found.as_slice() {
        [file] => Ok(file.clone()),
        files => Err(Problem::NotOne(files.len()).at(path)),
    }
}
