//! What a store in a folder promises.

use super::*;

async fn keep_text(store: &DiskStore, text: &str) -> Artifact {
    store
        .write(
            Kind::Text,
            "text/plain",
            Facts::default(),
            text.as_bytes().to_vec(),
        )
        .await
        .unwrap()
}

#[tokio::test]
async fn the_same_content_is_kept_once_and_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let store = DiskStore::new(folder.path());
    let first = keep_text(&store, "hello").await;
    let second = keep_text(&store, "hello").await;
    assert_eq!(first, second);
    assert_eq!(first.facts.bytes, 5);
    assert_eq!(store.read(&first.id).await.unwrap(), b"hello");
    assert_eq!(
        fs::read_dir(folder.path().join("tmp")).unwrap().count(),
        0,
        "no temporary file is left"
    );
}

#[tokio::test]
async fn damage_is_noticed_and_mended_by_writing_again() {
    let folder = tempfile::tempdir().unwrap();
    let store = DiskStore::new(folder.path());
    let artifact = keep_text(&store, "hello").await;
    fs::write(store.path_of(&artifact.id), "hell").unwrap();
    assert!(matches!(
        store.read(&artifact.id).await,
        Err(StoreError::Damaged(id)) if id == artifact.id
    ));
    keep_text(&store, "hello").await;
    assert_eq!(store.read(&artifact.id).await.unwrap(), b"hello");
}

#[tokio::test]
async fn a_folder_that_cannot_be_made_names_the_way_out() {
    let folder = tempfile::tempdir().unwrap();
    let blocker = folder.path().join("file");
    fs::write(&blocker, "in the way").unwrap();
    let store = DiskStore::new(blocker.join("store"));
    let failure = store
        .write(Kind::Text, "text/plain", Facts::default(), vec![1])
        .await
        .unwrap_err();
    assert!(failure.to_string().contains("artifact store"), "{failure}");
}

#[tokio::test]
async fn large_files_pass_through_piece_by_piece() {
    let folder = tempfile::tempdir().unwrap();
    let store = DiskStore::new(folder.path());
    let content: Vec<u8> = (0..PIECE * 2 + 17).map(|at| (at % 251) as u8).collect();
    let source = Box::new(io::Cursor::new(content.clone()));
    let kept = store
        .write_from(Kind::Video, "video/mp4", Facts::default(), source)
        .await
        .unwrap();
    assert_eq!(kept.id, Digest::of(&content));
    assert_eq!(kept.facts.bytes, content.len() as u64);
    let mut read = Vec::new();
    let mut file = store.open(&kept.id).await.unwrap();
    file.read_to_end(&mut read).unwrap();
    assert_eq!(read, content);
    fs::write(store.path_of(&kept.id), "short").unwrap();
    assert!(matches!(
        store.open(&kept.id).await,
        Err(StoreError::Damaged(_))
    ));
    assert!(!store.holds(&kept).await, "it can be made again");
}

#[tokio::test]
async fn what_nobody_refers_to_is_removed_once_it_is_old() {
    let folder = tempfile::tempdir().unwrap();
    let store = DiskStore::new(folder.path());
    let kept = keep_text(&store, "kept").await;
    let lost = keep_text(&store, "lost").await;
    let keep = || HashSet::from([kept.id]);
    let young = store
        .remove_unreferenced(keep(), Duration::from_secs(60))
        .await;
    assert_eq!(young.unwrap(), Collected::default());
    let old = store.remove_unreferenced(keep(), Duration::ZERO).await;
    assert_eq!(old.unwrap(), Collected { files: 1, bytes: 4 });
    assert!(store.holds(&kept).await);
    assert!(!store.holds(&lost).await);
}

#[tokio::test]
async fn what_is_written_again_is_young_again() {
    let folder = tempfile::tempdir().unwrap();
    let store = DiskStore::new(folder.path());
    let hour = Duration::from_secs(3_600);
    let artifacts = [
        keep_text(&store, "again").await,
        keep_text(&store, "streamed again").await,
        keep_text(&store, "old").await,
    ];
    for artifact in &artifacts {
        let file = fs::File::options()
            .write(true)
            .open(store.path_of(&artifact.id));
        let long_ago = SystemTime::now() - 2 * hour;
        file.unwrap().set_modified(long_ago).unwrap();
    }
    keep_text(&store, "again").await;
    let source = Box::new(io::Cursor::new(b"streamed again"));
    let streamed = store.write_from(Kind::Text, "text/plain", Facts::default(), source);
    streamed.await.unwrap();
    let removed = store.remove_unreferenced(HashSet::new(), hour).await;
    assert_eq!(removed.unwrap(), Collected { files: 1, bytes: 3 });
    assert!(!store.holds(&artifacts[2]).await);
}

#[tokio::test]
async fn an_unknown_digest_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let store = DiskStore::new(folder.path());
    assert!(matches!(
        store.read(&Digest::of(b"nothing")).await,
        Err(StoreError::Missing(_))
    ));
}
