//! Vectors of the registry's texts on disk, so that a new process need not compute them again.
//!
//! A file holds the vectors of one list of texts by one model, named by a digest of both. It is only a saving: what
//! cannot be read is computed, and what cannot be written is left.

use std::{fs, io::Write, path::Path};

use medley_models::{
    ModelError,
    families::minilm::{DIMENSIONS, Embedding},
};
use tokio_util::sync::CancellationToken;

use super::Encoder;

/// The vectors of `texts`, read from `directory` or else embedded and kept there.
pub(super) fn through(
    directory: &Path,
    encoder: &dyn Encoder,
    texts: &[&str],
    cancel: &CancellationToken,
) -> Result<Vec<Embedding>, ModelError> {
    let key = key(&encoder.identity(cancel)?, texts);
    if let Some(vectors) = read(directory, &key, texts.len()) {
        return Ok(vectors);
    }
    let vectors = encoder.embed(texts, cancel)?;
    write(directory, &key, &vectors);
    Ok(vectors)
}

/// The digest that names the vectors of `texts` by the model `identity`.
fn key(identity: &str, texts: &[&str]) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    for text in std::iter::once(&identity).chain(texts) {
        hasher.update(&(text.len() as u64).to_le_bytes());
        hasher.update(text.as_bytes());
    }
    hasher.finalize()
}

/// The `count` vectors under `key`, if they are there and whole.
fn read(directory: &Path, key: &blake3::Hash, count: usize) -> Option<Vec<Embedding>> {
    let bytes = fs::read(file(directory, key)).ok()?;
    let (checksum, content) = bytes.split_first_chunk::<32>()?;
    if content.len() != count * DIMENSIONS * 4 || blake3::hash(content) != *checksum {
        return None;
    }
    content
        .chunks_exact(DIMENSIONS * 4)
        .map(|row| {
            let numbers: Vec<f32> = row
                .as_chunks::<4>()
                .0
                .iter()
                .map(|bytes| f32::from_le_bytes(*bytes))
                .collect();
            Embedding::try_from(numbers).ok()
        })
        .collect()
}

/// Keeps `vectors` under `key`; a reader sees all of them or none.
fn write(directory: &Path, key: &blake3::Hash, vectors: &[Embedding]) {
    if let Err(error) = try_write(directory, key, vectors) {
        tracing::debug!(%error, "the embeddings of the tools are not cached");
    }
}

fn try_write(directory: &Path, key: &blake3::Hash, vectors: &[Embedding]) -> std::io::Result<()> {
    fs::create_dir_all(directory)?;
    let content: Vec<u8> = vectors
        .iter()
        .flatten()
        .flat_map(|number| number.to_le_bytes())
        .collect();
    let mut target = tempfile::NamedTempFile::new_in(directory)?;
    target.write_all(blake3::hash(&content).as_bytes())?;
    target.write_all(&content)?;
    target.persist(file(directory, key))?;
    Ok(())
}

fn file(directory: &Path, key: &blake3::Hash) -> std::path::PathBuf {
    directory.join(format!("{}.embeddings", key.to_hex()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_come_back_and_damage_does_not() {
        let home = tempfile::tempdir().unwrap();
        let directory = home.path().join("cache");
        let vectors = vec![[0.25; DIMENSIONS], [-1.5; DIMENSIONS]];
        let key = key("model", &["a", "b"]);
        assert_eq!(read(&directory, &key, 2), None);
        write(&directory, &key, &vectors);
        assert_eq!(read(&directory, &key, 2), Some(vectors));
        assert_eq!(read(&directory, &key, 3), None);

        let path = file(&directory, &key);
        let mut bytes = fs::read(&path).unwrap();
        bytes[40] ^= 1;
        fs::write(&path, bytes).unwrap();
        assert_eq!(read(&directory, &key, 2), None);
    }

    #[test]
    fn the_key_tells_texts_and_models_apart() {
        assert_ne!(key("m", &["ab", "c"]), key("m", &["a", "bc"]));
        assert_ne!(key("m", &["a"]), key("n", &["a"]));
    }
}
