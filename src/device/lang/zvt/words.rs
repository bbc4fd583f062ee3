//! What the protocol's numbers mean, in the words a cashier needs. Terminals that send their own texts are quoted instead.

/// Result and abort codes that a shop meets.
const RESULTS: [(u8, &str, &str); 34] = [
    (0x64, "the card cannot be read", "die Karte ist nicht lesbar"),
    (0x65, "no card data", "keine Kartendaten"),
    (0x66, "the card reader failed", "Fehler am Kartenleser"),
    (0x67, "not possible with this card", "mit dieser Karte nicht möglich"),
    (0x68, "not possible with this card", "mit dieser Karte nicht möglich"),
    (0x6a, "the terminal is full: run its end of day", "das Terminal ist voll: Kassenschnitt machen"),
    (0x6b, "the terminal did not accept the registration", "das Terminal hat die Anmeldung nicht angenommen"),
    (0x6c, "cancelled, or nobody acted in time", "abgebrochen oder Zeit abgelaufen"),
    (0x6f, "wrong currency", "falsche Währung"),
    (0x71, "not enough credit on the card", "Guthaben reicht nicht"),
    (0x72, "the chip failed", "Chipfehler"),
    (0x77, "end of day is not possible now", "Kassenschnitt ist jetzt nicht möglich"),
    (0x78, "the card has expired", "die Karte ist abgelaufen"),
    (0x79, "the card is not valid yet", "die Karte ist noch nicht gültig"),
    (0x7a, "the card is unknown", "unbekannte Karte"),
    (0x7d, "the terminal has no line to its bank", "das Terminal erreicht seine Bank nicht"),
    (0x83, "not possible", "nicht möglich"),
    (0x9a, "the terminal did not understand the till", "das Terminal hat die Kasse nicht verstanden"),
    (0x9b, "the terminal has no line to its bank", "das Terminal erreicht seine Bank nicht"),
    (0x9c, "the terminal is busy", "das Terminal ist beschäftigt"),
    (0xa0, "the terminal is not ready", "das Terminal ist nicht bereit"),
    (0xa1, "the bank does not answer", "die Bank antwortet nicht"),
    (0xa3, "the terminal has no line to its bank", "das Terminal erreicht seine Bank nicht"),
    (0xb4, "reversed already", "schon storniert"),
    (0xb5, "a reversal is not possible", "Storno nicht möglich"),
    (0xb7, "the amount is wrong", "falscher Betrag"),
    (0xc2, "the terminal needs a diagnosis", "das Terminal braucht eine Diagnose"),
    (0xc3, "above the card's limit", "über dem Limit der Karte"),
    (0xc5, "this way of paying is not accepted", "diese Zahlart wird nicht angenommen"),
    (0xc8, "the amount is too small", "der Betrag ist zu klein"),
    (0xcc, "the terminal's printer is not ready", "der Drucker des Terminals ist nicht bereit"),
    (0xe4, "the terminal must be activated", "das Terminal muss freigeschaltet werden"),
    (0xf0, "the terminal's day is still open", "der Kassenschnitt ist noch offen"),
    (0xff, "an error in the terminal", "Fehler im Terminal"),
];

/// Intermediate status. From 41h to 5Dh the same again with "remove the card".
const STATUSES: [(u8, &str, &str); 34] = [
    (0x00, "Confirm the amount on the terminal", "Betrag am Terminal bestätigen"),
    (0x01, "Enter the PIN", "PIN eingeben"),
    (0x02, "Enter the PIN", "PIN eingeben"),
    (0x03, "Not accepted", "Nicht angenommen"),
    (0x04, "The terminal asks the bank", "Das Terminal fragt die Bank"),
    (0x05, "The terminal takes a payment back", "Das Terminal storniert"),
    (0x06, "The terminal sends postings", "Das Terminal sendet Buchungen"),
    (0x07, "Card not accepted", "Karte nicht zugelassen"),
    (0x08, "Unknown card", "Unbekannte Karte"),
    (0x09, "The card has expired", "Karte abgelaufen"),
    (0x0a, "Insert or hold the card", "Karte einstecken oder vorhalten"),
    (0x0b, "Remove the card", "Karte entnehmen"),
    (0x0c, "The card cannot be read", "Karte nicht lesbar"),
    (0x0d, "Not completed", "Vorgang abgebrochen"),
    (0x0e, "Please wait", "Bitte warten"),
    (0x0f, "The terminal closes its day", "Das Terminal macht Kassenschnitt"),
    (0x10, "The card is not valid", "Karte ungültig"),
    (0x12, "Error in the terminal", "Störung am Terminal"),
    (0x13, "Payment not possible", "Zahlung nicht möglich"),
    (0x14, "Not enough credit", "Guthaben reicht nicht"),
    (0x15, "Wrong PIN", "Falsche PIN"),
    (0x16, "Limit not sufficient", "Limit reicht nicht"),
    (0x17, "Please wait", "Bitte warten"),
    (0x18, "Too many wrong PINs", "PIN zu oft falsch"),
    (0x19, "Card data wrong", "Kartendaten falsch"),
    (0x1b, "Approved", "Zahlung erfolgt"),
    (0x1c, "Approved", "Zahlung erfolgt"),
    (0x1d, "Declined", "Abgelehnt"),
    (0x28, "Choose the currency on the terminal", "Währung am Terminal wählen"),
    (0x29, "Choose the language on the terminal", "Sprache am Terminal wählen"),
    (0x2c, "Choose the card's application on the terminal", "Anwendung am Terminal wählen"),
    (0xc8, "The terminal waits for the cashier", "Das Terminal wartet auf die Kasse"),
    (0xd2, "The terminal dials", "Das Terminal wählt"),
    (0xd3, "The terminal has its line", "Das Terminal ist verbunden"),
];

const REMOVE: (&str, &str) = ("remove the card", "Karte entnehmen");

/// Why something did not succeed, by result, abort or refusal code. Unknown codes keep their number for the terminal's help line.
pub fn result_words(code: u8, german: bool) -> String {
    match RESULTS.iter().find(|(known, _, _)| *known == code) {
        Some((_, english, germans)) => pick(english, germans, german).to_owned(),
        None if german => format!("Meldung {code:02X} des Terminals"),
        None => format!("message {code:02X} of the terminal"),
    }
}

/// What the customer is asked for.
pub fn status_words(code: u8, german: bool) -> String {
    let find = |code: u8| STATUSES.iter().find(|(known, _, _)| *known == code).map(|(_, english, germans)| pick(english, germans, german));
    match (find(code), code) {
        (Some(words), _) => words.to_owned(),
        (None, 0x4b) => find(0x0b).unwrap_or_default().to_owned(),
        (None, 0x41..=0x7f) => match find(code - 0x40) {
            Some(words) => format!("{words}, {}", pick(REMOVE.0, REMOVE.1, german)),
            None => find(0x0e).unwrap_or_default().to_owned(),
        },
        (None, _) => find(0x0e).unwrap_or_default().to_owned(),
    }
}

fn pick<'a>(english: &'a str, germans: &'a str, german: bool) -> &'a str {
    if german { germans } else { english }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_words() {
        for code in 0..=255 {
            for german in [false, true] {
                assert!(!result_words(code, german).is_empty() && !status_words(code, german).is_empty(), "{code:02x}");
            }
        }
        assert_eq!(status_words(0x4a, false), "Insert or hold the card, remove the card");
        assert_eq!(status_words(0x4b, false), "Remove the card");
        assert_eq!(status_words(0x44, true), "Das Terminal fragt die Bank, Karte entnehmen");
        assert_eq!(result_words(0x8e, false), "message 8E of the terminal");
    }
}
