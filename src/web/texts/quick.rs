//! Words around the quick keys. What stands on a key is the store's own.

#[derive(Debug)]
pub struct QuickTexts {
    pub title: &'static str,
    pub all: &'static str,
    /// Under the department's name.
    pub type_price: &'static str,
    /// Beside what was not found.
    pub open_price: &'static str,
}

pub static ENGLISH: QuickTexts =
    QuickTexts { title: "Quick keys", all: "All keys", type_price: "Type its price, then Enter.", open_price: "Open price" };

pub static GERMAN: QuickTexts =
    QuickTexts { title: "Schnelltasten", all: "Alle Tasten", type_price: "Preis eintippen, dann Enter.", open_price: "Freier Preis" };
