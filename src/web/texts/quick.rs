//! Words around the quick keys. What stands on a key is the store's own.

#[derive(Debug)]
pub struct QuickTexts {
    pub title: &'static str,
    pub all: &'static str,
}

pub static ENGLISH: QuickTexts = QuickTexts { title: "Quick keys", all: "All keys" };

pub static GERMAN: QuickTexts = QuickTexts { title: "Schnelltasten", all: "Alle Tasten" };
