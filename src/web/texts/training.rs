//! Words of practice.

#[derive(Debug)]
pub struct TrainingTexts {
    /// In the head of the page, beside the till's number.
    pub banner: &'static str,
    /// For customers.
    pub display: &'static str,
    /// On the tile.
    pub begin: &'static str,
    pub end: &'static str,
    /// While nothing is open.
    pub hint: &'static str,
    /// Where a card payment is practised: what a stand-alone terminal's hint says for a real one.
    pub card_hint: &'static str,
    pub card: &'static str,
}

pub static ENGLISH: TrainingTexts = TrainingTexts {
    banner: "TRAINING",
    display: "TRAINING – nothing is sold here",
    begin: "Training",
    end: "End training",
    hint: "Practice: nothing counts, the drawer stays shut, no card terminal is asked.",
    card_hint: "Practice: no terminal is asked. You say how it ended.",
    card: "Practice: card {}",
};

pub static GERMAN: TrainingTexts = TrainingTexts {
    banner: "TRAINING",
    display: "TRAINING – hier wird nichts verkauft",
    begin: "Training",
    end: "Training beenden",
    hint: "Training: Nichts zählt, die Schublade bleibt zu, kein Kartengerät wird gefragt.",
    card_hint: "Training: Kein Kartengerät wird gefragt. Sagen Sie, wie es ausging.",
    card: "Training: Karte {}",
};
