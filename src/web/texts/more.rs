//! Words of the panel "More" and of its own tiles. A room that adds a tile brings its words in its own table.

/// One or two words a tile: it is read at arm's length.
#[derive(Debug)]
pub struct MoreTexts {
    /// On the button that opens it.
    pub word: &'static str,
    pub title: &'static str,
    pub hint: &'static str,
    pub devices: &'static str,
    pub pages: &'static str,
}

pub static ENGLISH: MoreTexts =
    MoreTexts { word: "More…", title: "More acts", hint: "Tap a tile, or press its key.", devices: "Devices", pages: "All pages" };

pub static GERMAN: MoreTexts = MoreTexts {
    word: "Weiteres",
    title: "Weitere Vorgänge",
    hint: "Kachel antippen oder ihre Taste drücken.",
    devices: "Geräte",
    pages: "Alle Seiten",
};
