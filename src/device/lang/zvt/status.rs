//! Status information (04 0F): what the terminal says of a transaction.

use super::pan::{MaskedPan, scrub};
use super::words;
use super::{bcd, fields, message};
use crate::money::Money;

/// What the terminal has said; what it has not said is `None`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StatusInformation {
    /// 0 is success; [`words::result_words`] has the others.
    pub result: Option<u8>,
    pub amount: Option<Money>,
    pub trace: Option<u32>,
    pub receipt: Option<u32>,
    /// Eight digits.
    pub terminal_id: Option<String>,
    pub card: Option<MaskedPan>,
    pub card_name: Option<String>,
    pub authorisation: Option<String>,
    /// The terminal's own clock: HHMMSS and MMDD.
    pub time: Option<String>,
    pub date: Option<String>,
    pub text: Option<String>,
}

impl StatusInformation {
    /// Never fails: a message that cannot be read to its end says what it said before.
    pub fn read(data: &[u8]) -> StatusInformation {
        let mut said = StatusInformation::default();
        // A field we do not know, or a torn end, costs only what follows it; the result comes first in every terminal's message.
        let _ = fields::each(data, &mut |number, data| said.take(number, data));
        said
    }

    /// The transaction went through.
    pub fn is_success(&self) -> bool {
        self.result == Some(0)
    }

    /// Why not, for people.
    pub fn reason(&self, german: bool) -> String {
        match (&self.text, self.result) {
            (Some(text), _) => text.clone(),
            (None, Some(code)) => words::result_words(code, german),
            (None, None) => String::new(),
        }
    }

    fn take(&mut self, number: u8, data: &[u8]) {
        let digits = || bcd::from_bcd(data).and_then(|number| u32::try_from(number).ok());
        let hex = || data.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        match number {
            0x27 => self.result = data.first().copied(),
            0x04 => self.amount = bcd::from_bcd(data).and_then(|minor| i64::try_from(minor).ok()).map(Money::from_minor),
            0x0b => self.trace = digits(),
            0x87 => self.receipt = digits(),
            0x0c => self.time = Some(hex()),
            0x0d => self.date = Some(hex()),
            0x22 => self.card = Some(MaskedPan::read(data)),
            0x29 => self.terminal_id = Some(hex()),
            0x3b => self.authorisation = filled(message::text(data)),
            0x3c => self.text = filled(message::text(data)),
            0x8b => self.card_name = filled(message::text(data)),
            // Tracks, chip data, offsets and keys are none of our business; the rest we have no use for.
            _ => {}
        }
    }
}

fn filled(text: String) -> Option<String> {
    let text = scrub(text.trim_matches(['\0', ' ', '\r', '\n']));
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::lang::zvt::{Frames, Message};

    fn hex(text: &str) -> Vec<u8> {
        text.split([' ', '-']).map(|pair| u8::from_str_radix(pair, 16).expect("hex")).collect()
    }

    /// Approved on a CCV terminal, as recorded by others (Portalum.Zvt's tests).
    const APPROVED: &str = "04 0F 77 27 00 04 00 00 00 00 20 40 0B 00 04 70 0C 22 39 53 0D 10 06 0E 25 12 17 00 01 19 70 22 F0 F8 EE EE EE EE EE EE 47 71 \
29 28 00 48 69 2A 31 30 30 34 36 31 37 36 33 20 20 20 20 20 20 3B 36 31 31 38 30 34 00 00 3C F0 F1 F4 47 45 4E 2E 4E 52 2E 3A 36 31 31 38 30 34 49 \
09 78 87 04 70 88 00 04 70 8A 2E 8B F1 F7 44 65 62 69 74 20 4D 61 73 74 65 72 63 61 72 64 00";

    fn read(text: &str) -> StatusInformation {
        let mut frames = Frames::default();
        frames.push(&hex(text));
        match Message::read(&frames.take().expect("a frame").expect("whole")) {
            Message::Status(said) => said,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_approval_as_recorded_from_a_terminal() {
        let said = read(APPROVED);
        assert!(said.is_success());
        assert_eq!(said.amount, Some(Money::from_minor(2040)));
        assert_eq!((said.trace, said.receipt), (Some(470), Some(470)));
        assert_eq!(said.terminal_id.as_deref(), Some("28004869"));
        assert_eq!(said.card.as_ref().map(MaskedPan::as_str), Some("************4771"));
        assert_eq!(said.card_name.as_deref(), Some("Debit Mastercard"));
        assert_eq!(said.authorisation.as_deref(), Some("611804"));
        assert_eq!((said.time.as_deref(), said.date.as_deref()), (Some("223953"), Some("1006")));
    }

    #[test]
    fn a_refusal_says_why() {
        let text = "04 0F 1E 27 6C 29 28 00 48 69 3C F0 F1 F9 41 62 62 72 75 63 68 20 64 75 72 63 68 20 4B 75 6E 64 65";
        let said = read(text);
        assert_eq!((said.result, said.reason(false).as_str()), (Some(0x6c), "Abbruch durch Kunde"));
    }

    #[test]
    fn a_whole_number_and_its_tracks_never_come_out() {
        let number = "4012888888881881";
        let text = "04 0F 2d 27 00 22 F0 F8 40 12 88 88 88 88 18 81 23 F0 F8 40 12 88 88 88 88 18 81 3C F0 F1 F6 34 30 31 32 38 38 38 38 38 38 38 38 31 38 38 31";
        let mut bytes = hex(text);
        bytes[2] = (bytes.len() - 3) as u8;
        let mut frames = Frames::default();
        frames.push(&bytes);
        let message = Message::read(&frames.take().expect("a frame").expect("whole"));
        let shown = format!("{message:?}");
        assert!(shown.contains("************1881"), "{shown}");
        assert!(!shown.contains(number) && !shown.contains("40128888"), "{shown}");
    }

    #[test]
    fn any_cut_of_a_message_is_read_without_harm() {
        let whole = hex(APPROVED);
        for end in 0..whole.len() {
            for flip in [0u8, 0x10, 0xff] {
                let mut bytes = whole[3.min(end)..end].to_vec();
                if let Some(last) = bytes.last_mut() {
                    *last ^= flip;
                }
                let said = StatusInformation::read(&bytes);
                assert!(!format!("{said:?}").contains("EE EE"));
            }
        }
    }
}
