//! The workflows that come with Medley: scripts as people write them, in `scripts/`.

/// A workflow that comes with Medley.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bundled {
    /// Its name.
    pub name: &'static str,
    /// Its script.
    pub text: &'static str,
}

macro_rules! bundled {
    ($($name:literal),* $(,)?) => {
        &[$(Bundled { name: $name, text: include_str!(concat!("../scripts/", $name, ".rhai")) }),*]
    };
}

const ALL: &[Bundled] = bundled![
    "alt_texts",
    "compare_screenshots",
    "contact_sheet",
    "meeting_notes",
    "qr_codes",
    "read_aloud",
    "receipt_to_table",
    "redact_text",
    "translate_sign",
];

impl Bundled {
    /// All of them, by name.
    #[must_use]
    pub const fn all() -> &'static [Self] {
        ALL
    }

    /// The one with this name.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        ALL.iter().copied().find(|each| each.name == name)
    }
}
