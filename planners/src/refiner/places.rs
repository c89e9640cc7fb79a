//! What in a text names a file or an address: where people would look for something.

use medley_orchestrator::Kind;

/// Endings of files, by what the files are.
const ENDINGS: &[(Kind, &[&str])] = &[
    (
        Kind::Image,
        &[
            "png", "jpg", "jpeg", "gif", "webp", "bmp", "tif", "tiff", "svg", "heic", "avif", "ico",
        ],
    ),
    (
        Kind::Audio,
        &[
            "wav", "mp3", "ogg", "oga", "opus", "flac", "m4a", "aac", "aiff",
        ],
    ),
    (
        Kind::Video,
        &["mp4", "mkv", "webm", "mov", "avi", "mpeg", "mpg", "m4v"],
    ),
    (
        Kind::Text,
        &["txt", "md", "rtf", "srt", "vtt", "log", "tex"],
    ),
    (Kind::Json, &["json", "jsonl", "yaml", "yml", "toml", "xml"]),
    (
        Kind::Table,
        &["csv", "tsv", "xls", "xlsx", "ods", "parquet"],
    ),
    (
        Kind::File,
        &[
            "pdf", "doc", "docx", "odt", "ppt", "pptx", "zip", "gz", "tar", "7z", "rar", "exe",
            "bin", "dat", "html", "htm", "py", "sh", "epub",
        ],
    ),
];

/// Ends of host names that people write without a scheme.
const DOMAINS: &[&str] = &[
    "com",
    "org",
    "net",
    "io",
    "dev",
    "ai",
    "app",
    "co",
    "edu",
    "gov",
    "info",
    "biz",
    "example",
    "de",
    "fr",
    "uk",
    "cn",
    "jp",
    "eu",
    "me",
    "xyz",
    "cloud",
    "site",
    "online",
    "local",
    "localhost",
];

/// Folders at the top of machines.
const ROOTS: &[&str] = &[
    "tmp",
    "home",
    "usr",
    "var",
    "mnt",
    "etc",
    "opt",
    "root",
    "srv",
    "data",
    "media",
    "users",
    "output",
    "outputs",
    "workspace",
    "content",
    "app",
    "dev",
    "proc",
];

/// Whether a word names a file, a path or an address.
pub(super) fn is_place(word: &str) -> bool {
    let lower = word.to_lowercase();
    is_address(&lower) || is_path(&lower) || kind_of(&lower).is_some()
}

/// What a file of this name would be.
pub(super) fn kind_of(name: &str) -> Option<Kind> {
    let name = name.split(['?', '#']).next().unwrap_or(name);
    let name = name.rsplit(['/', '\\']).next().unwrap_or(name);
    let (stem, ending) = name.rsplit_once('.')?;
    // Signs and letters of other scripts that stand right behind it are not the name's.
    let end = ending.find(|each: char| !each.is_ascii_alphanumeric());
    let ending = ending[..end.unwrap_or(ending.len())].to_lowercase();
    let known = ENDINGS
        .iter()
        .find(|(_, endings)| endings.contains(&ending.as_str()));
    known.filter(|_| !stem.is_empty()).map(|(kind, _)| *kind)
}

fn is_address(word: &str) -> bool {
    if word.contains("://") || word.starts_with("www.") {
        return true;
    }
    let has_scheme = |scheme| {
        word.strip_prefix(scheme)
            .is_some_and(|rest| !rest.is_empty())
    };
    if ["mailto:", "file:", "sandbox:", "data:", "attachment:"]
        .into_iter()
        .any(has_scheme)
    {
        return true;
    }
    let host = word.split(['/', ':', '?', '#']).next().unwrap_or(word);
    let host = host.rsplit('@').next().unwrap_or(host);
    host.rsplit_once('.').is_some_and(|(name, domain)| {
        let is_label = |label: &str| {
            !label.is_empty()
                && label
                    .chars()
                    .all(|each| each.is_alphanumeric() || matches!(each, '-' | '_'))
        };
        DOMAINS.contains(&domain) && name.split('.').all(is_label)
    })
}

fn is_path(word: &str) -> bool {
    if ["./", "../", "~/", ".\\", "..\\", "\\\\"]
        .iter()
        .any(|start| word.starts_with(start) && word.len() > start.len())
    {
        return true;
    }
    let mut letters = word.chars();
    let drive = letters
        .next()
        .is_some_and(|each| each.is_ascii_alphabetic());
    if drive && letters.next() == Some(':') && matches!(letters.next(), Some('\\' | '/')) {
        return true;
    }
    let Some(path) = word.strip_prefix('/') else {
        return false;
    };
    let segments: Vec<&str> = path.split('/').filter(|each| !each.is_empty()).collect();
    match segments.as_slice() {
        [] => false,
        [only] => ROOTS.contains(only),
        [_, ..] => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_paths_and_addresses_are_places() {
        for place in [
            "out.png",
            "OUT.PNG",
            "a/b.wav",
            "/tmp/out",
            "/tmp",
            "~/x",
            "./x",
            "../up",
            "C:\\x",
            "c:/x",
            "https://example.com/x",
            "www.example",
            "example.com",
            "example.com/out.png",
            "me@example.org",
            "sandbox:/mnt/data/x",
            "file:///x",
            "report.pdf",
            "result.final.jpeg",
            "\\\\host\\share",
            "localhost.localhost/x",
            "photo.png?size=2",
        ] {
            assert!(is_place(place), "{place}");
        }
    }

    #[test]
    fn words_and_numbers_are_none() {
        for word in [
            "e.g",
            "3.50",
            "1.2.3",
            "and/or",
            "km/h",
            "24/7",
            "image/png",
            "/open/",
            "8/10",
            "Node.js",
            "U.S",
            "s2.image",
            "png",
            ".png",
            "a",
            "",
            "/",
            "note:this",
            "12:30",
            "A.com.b",
            "x.",
        ] {
            assert!(!is_place(word), "{word}");
        }
    }

    #[test]
    fn an_ending_tells_the_kind() {
        for (name, kind) in [
            ("a.png", Some(Kind::Image)),
            ("/x/a.WAV", Some(Kind::Audio)),
            ("a.mp4?x=1.png", Some(Kind::Video)),
            ("a.b", None),
        ] {
            assert_eq!(kind_of(name), kind, "{name}");
        }
    }
}
