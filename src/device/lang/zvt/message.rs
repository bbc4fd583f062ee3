//! What a terminal says, APDU by APDU.

use super::pan::scrub;
use super::status::StatusInformation;
use super::{Apdu, fields, tlv};
use crate::device::lang::CodePage;

/// A message from the terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// 80 00: our last message arrived.
    Acknowledge,
    /// 84 xx: our last command is refused; 9C: not now.
    Refusal(u8),
    /// 04 FF: what the customer is asked for. `text`: the terminal's own words, when it sends any.
    Intermediate { status: u8, text: Option<String> },
    /// 04 0F: the result of a transaction.
    Status(StatusInformation),
    /// 06 0F: the command is done.
    Completion,
    /// 06 1E: the command ended without effect; why.
    Abort(u8),
    /// 06 D1: a line of a receipt that we are to print.
    PrintLine(String),
    /// 06 D3: a whole receipt, or a part of one.
    PrintBlock(Receipt),
    /// Anything else. It is acknowledged and passed over.
    Other { class: u8, instruction: u8 },
}

/// Text of a terminal's receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    pub whose: ReceiptFor,
    pub lines: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReceiptFor {
    Merchant,
    Customer,
    /// End of day and the like, or unsaid.
    Administration,
}

impl Message {
    /// Never fails: what cannot be read says less.
    pub fn read(apdu: &Apdu) -> Message {
        let data = apdu.data.as_slice();
        match (apdu.class, apdu.instruction) {
            (0x80, 0x00) => Message::Acknowledge,
            (0x84, code) => Message::Refusal(code),
            (0x04, 0xff) => {
                // Status, then a time in minutes, then texts in a container; both may be missing.
                let status = data.first().copied().unwrap_or(0xff);
                let mut words = Vec::new();
                let _ = fields::each(data.get(2..).unwrap_or_default(), &mut |number, data| {
                    if number == 0x06 {
                        tlv::each(data, &mut |tag, data| {
                            if tag == 0x07 {
                                words.push(scrub(&text(data)));
                            }
                        });
                    }
                });
                let text = words.join(" ").trim().to_owned();
                Message::Intermediate { status, text: (!text.is_empty()).then_some(text) }
            }
            (0x04, 0x0f) => Message::Status(StatusInformation::read(data)),
            (0x06, 0x0f) => Message::Completion,
            (0x06, 0x1e) => Message::Abort(data.first().copied().unwrap_or(0xff)),
            // The first byte says how: bold, centred, line feeds. We print plainly.
            (0x06, 0xd1) => Message::PrintLine(scrub(&text(data.get(1..).unwrap_or_default()))),
            (0x06, 0xd3) => Message::PrintBlock(receipt(data)),
            (class, instruction) => Message::Other { class, instruction },
        }
    }
}

fn receipt(data: &[u8]) -> Receipt {
    let mut receipt = Receipt { whose: ReceiptFor::Administration, lines: Vec::new() };
    let _ = fields::each(data, &mut |number, data| {
        if number == 0x06 {
            tlv::each(data, &mut |tag, data| match (tag, data) {
                (0x1f07, [1]) => receipt.whose = ReceiptFor::Merchant,
                (0x1f07, [2]) => receipt.whose = ReceiptFor::Customer,
                (0x07, line) => receipt.lines.push(scrub(&text(line))),
                _ => {}
            });
        }
    });
    receipt
}

/// Terminals write in code page 437; what has no place there is left out.
pub(super) fn text(bytes: &[u8]) -> String {
    bytes
        .iter()
        .filter_map(|byte| match byte {
            0x20..=0x7e => Some(char::from(*byte)),
            0x80.. => CodePage::Pc437.char(*byte),
            0..=0x1f | 0x7f => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_terminals_say() {
        let check = |class: u8, instruction: u8, data: &[u8], expect: Message| {
            assert_eq!(Message::read(&Apdu::new(class, instruction, data)), expect);
        };
        check(0x80, 0x00, &[], Message::Acknowledge);
        check(0x84, 0x9c, &[], Message::Refusal(0x9c));
        check(0x04, 0xff, &[0x0a, 0x01], Message::Intermediate { status: 0x0a, text: None });
        let with_text = [0x0a, 0x01, 0x06, 0x07, 0x24, 0x05, 0x07, 0x03, b'H', b'i', b'!'];
        check(0x04, 0xff, &with_text, Message::Intermediate { status: 0x0a, text: Some("Hi!".to_owned()) });
        check(0x04, 0xff, &[], Message::Intermediate { status: 0xff, text: None });
        check(0x06, 0x1e, &[0x6c], Message::Abort(0x6c));
        check(0x06, 0xd1, &[0x40, b'4', b'0', b'1', b'2', b'8', b'8', b'8', b'8', b'8', b'8', b'8', b'8', b'1'], {
            Message::PrintLine("*********8881".to_owned())
        });
        check(0x06, 0xd1, &[0x00, b'B', 0x81, b'r', b'o'], Message::PrintLine("B\u{fc}ro".to_owned()));
        let block = [0x06, 0x0c, 0x1f, 0x07, 0x01, 0x02, 0x25, 0x06, 0x07, 0x01, b'A', 0x07, 0x01, b'B'];
        let lines = vec!["A".to_owned(), "B".to_owned()];
        check(0x06, 0xd3, &block, Message::PrintBlock(Receipt { whose: ReceiptFor::Customer, lines }));
        check(0x04, 0x01, &[1], Message::Other { class: 0x04, instruction: 0x01 });
    }
}
