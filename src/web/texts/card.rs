//! Words for cards at a terminal that the till drives.

#[derive(Debug)]
pub struct CardTexts {
    /// Takes the amount.
    pub running: &'static str,
    pub refund: &'static str,
    pub reversal: &'static str,
    /// Until the terminal has said what it waits for.
    pub running_hint: &'static str,
    pub cancel: &'static str,
    /// The bar: nobody knows yet.
    pub unknown: &'static str,
    pub unknown_hint: &'static str,
    pub decide_hint: &'static str,
    pub charged: &'static str,
    pub not_charged: &'static str,
    /// Why it was not carried out.
    pub declined: &'static str,
    pub declined_hint: &'static str,
    /// Closes the terminal's own day.
    pub day_end: &'static str,
    pub day_running: &'static str,
    pub day_done: &'static str,
    pub day_failed: &'static str,
}

pub static ENGLISH: CardTexts = CardTexts {
    running: "Card {}: the terminal asks the customer",
    refund: "Card {}: the terminal gives it back",
    reversal: "Card {}: the terminal takes the payment back",
    running_hint: "The result comes back by itself.",
    cancel: "Cancel",
    unknown: "Payment not confirmed: {}. Asking the terminal …",
    unknown_hint: "Do not charge the card again. The answer is asked for by itself.",
    decide_hint: "Look at the terminal's last receipt, then say it here. The answer is recorded with your name.",
    charged: "Customer was charged",
    not_charged: "Was not charged",
    declined: "Card not charged: {}",
    declined_hint: "Try again, or choose another way to pay.",
    day_end: "Close the terminal's day",
    day_running: "The terminal closes its day …",
    day_done: "The terminal's day was closed at {}.",
    day_failed: "The terminal's day was not closed ({}). Closing it again does no harm.",
};

pub static GERMAN: CardTexts = CardTexts {
    running: "Karte {}: das Terminal fragt den Kunden",
    refund: "Karte {}: das Terminal erstattet",
    reversal: "Karte {}: das Terminal storniert die Zahlung",
    running_hint: "Das Ergebnis kommt von selbst.",
    cancel: "Abbrechen",
    unknown: "Zahlung nicht bestätigt: {}. Das Terminal wird gefragt …",
    unknown_hint: "Die Karte nicht noch einmal belasten. Die Antwort wird von selbst geholt.",
    decide_hint: "Den letzten Beleg des Terminals ansehen, dann hier sagen. Die Antwort wird mit deinem Namen festgehalten.",
    charged: "Kunde wurde belastet",
    not_charged: "Nicht belastet",
    declined: "Karte nicht belastet: {}",
    declined_hint: "Noch einmal versuchen oder anders bezahlen.",
    day_end: "Kassenschnitt am Terminal",
    day_running: "Das Terminal macht Kassenschnitt …",
    day_done: "Kassenschnitt am Terminal um {}.",
    day_failed: "Kein Kassenschnitt am Terminal ({}). Noch einmal schadet nicht.",
};
