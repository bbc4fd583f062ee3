//! Checkout scales. Mettler Toledo 8217: the till sends `W`; the scale answers `STX 01.235 CR` when its weight stands still, else
//! `STX ? s CR` with a status byte. It weighs, the till prices; nothing is averaged or rounded here.

use serde::{Deserialize, Serialize};

const STX: u8 = 0x02;
const CR: u8 = 0x0d;
/// Asks for the weight.
pub const ASK_WEIGHT: &[u8] = b"W";
/// An answer is at most nine bytes; what is longer is noise.
pub const ANSWER_BYTES_MAX: usize = 32;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ScaleLanguage {
    #[serde(rename = "toledo_8217")]
    Toledo8217,
}

/// One answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// It stands still. `own_tare`: a tare is set on the scale itself.
    Grams {
        grams: i64,
        own_tare: bool,
    },
    Moving,
    /// Nothing is on it.
    Zero,
    UnderZero,
    OverCapacity,
    /// Its zero drifted away: it must be emptied and set to zero.
    ZeroLost,
    /// Two decimals: it is set to pounds.
    Pounds,
    /// No answer of this language.
    Garbled,
}

/// The first whole answer in `bytes`, which is taken out with what stood before it. `None`: none has ended yet.
pub fn take_answer(bytes: &mut Vec<u8>) -> Option<Heard> {
    let Some(end) = bytes.iter().position(|byte| byte & 0x7f == CR) else {
        let noise = bytes.len() > ANSWER_BYTES_MAX;
        return noise.then(|| {
            bytes.clear();
            Heard::Garbled
        });
    };
    // An adapter that is set to eight bits leaves the parity in.
    let answer: Vec<u8> = bytes.drain(..=end).map(|byte| byte & 0x7f).collect();
    let begin = answer.iter().rposition(|byte| *byte == STX);
    Some(begin.map_or(Heard::Garbled, |begin| read(&answer[begin + 1..answer.len() - 1])))
}

/// Between STX and CR.
fn read(body: &[u8]) -> Heard {
    match body {
        [b'?', status] => read_status(*status),
        [digits @ .., b'N'] => read_weight(digits, true),
        digits => read_weight(digits, false),
    }
}

/// Bit 6 is set in every printable status; what weighs more comes first.
fn read_status(status: u8) -> Heard {
    let bit = |number: u8| status & (1 << number) != 0;
    match () {
        () if status & 0x40 == 0 => Heard::Garbled,
        () if bit(1) => Heard::OverCapacity,
        () if bit(2) => Heard::UnderZero,
        () if bit(3) => Heard::ZeroLost,
        () if bit(0) => Heard::Moving,
        () if bit(4) => Heard::Zero,
        () => Heard::Moving,
    }
}

/// "01.235" kg; "012.34" lb.
fn read_weight(digits: &[u8], own_tare: bool) -> Heard {
    let Some(point) = digits.iter().position(|byte| *byte == b'.') else { return Heard::Garbled };
    let (whole, decimals) = (&digits[..point], &digits[point + 1..]);
    let is_number = |part: &[u8]| !part.is_empty() && part.len() <= 4 && part.iter().all(u8::is_ascii_digit);
    match decimals.len() {
        3 if is_number(whole) && is_number(decimals) => {
            let value = whole.iter().chain(decimals).fold(0, |value: i64, digit| value * 10 + i64::from(digit - b'0'));
            Heard::Grams { grams: value, own_tare }
        }
        2 if is_number(whole) && is_number(decimals) => Heard::Pounds,
        _ => Heard::Garbled,
    }
}

/// As the scale sends it: for the simulated one.
pub fn weight_answer(grams: i64) -> Vec<u8> {
    let mut answer = vec![STX];
    answer.extend_from_slice(format!("{:02}.{:03}", grams / 1000, grams % 1000).as_bytes());
    answer.push(CR);
    answer
}

/// The same of a state in which it gives no weight.
pub fn status_answer(heard: Heard) -> Vec<u8> {
    let bits = match heard {
        Heard::Moving => 0b0000_0001,
        Heard::OverCapacity => 0b0000_0010,
        Heard::UnderZero => 0b0000_0100,
        Heard::ZeroLost => 0b0000_1000,
        Heard::Zero => 0b0001_0000,
        Heard::Grams { .. } | Heard::Pounds | Heard::Garbled => 0,
    };
    vec![STX, b'?', 0x40 | bits, CR]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_as_the_maker_documents_them() {
        let check = |bytes: &[u8], expect: Heard| {
            let mut pending = bytes.to_vec();
            assert_eq!(take_answer(&mut pending), Some(expect), "{}", bytes.escape_ascii());
            assert!(pending.is_empty());
        };
        let grams = |grams| Heard::Grams { grams, own_tare: false };
        check(b"\x0201.235\r", grams(1_235));
        check(b"\x0200.000\r", grams(0));
        check(b"\x0201.235N\r", Heard::Grams { grams: 1_235, own_tare: true });
        check(b"\x02012.34\r", Heard::Pounds);
        check(b"\x02?A\r", Heard::Moving);
        check(b"\x02?B\r", Heard::OverCapacity);
        check(b"\x02?D\r", Heard::UnderZero);
        check(b"\x02?H\r", Heard::ZeroLost);
        check(b"\x02?P\r", Heard::Zero);
        check(b"\x02?C\r", Heard::OverCapacity);
        // The end of an answer that began before we listened, and the next one.
        check(b".235\x02?A\r", Heard::Moving);
        // Even parity left in by an adapter that is set to eight bits.
        check(b"\x82\x30\xb1\x2e\xb2\x33\x35\x8d", grams(1_235));
        for noise in
            [&b"\r"[..], b"\x02\r", b"\x02?\r", b"\x0201,235\r", b"\x02-1.235\r", b"\x0201.2345\r", b"\x02?\x01\r", b"ST,GS,01.2\r"]
        {
            check(noise, Heard::Garbled);
        }
        check(&weight_answer(12_005), grams(12_005));
        for heard in [Heard::Moving, Heard::OverCapacity, Heard::UnderZero, Heard::ZeroLost, Heard::Zero] {
            check(&status_answer(heard), heard);
        }
    }

    #[test]
    fn an_answer_may_come_byte_by_byte_and_noise_is_not_kept() {
        let mut pending = Vec::new();
        for byte in b"\x0200.350" {
            pending.push(*byte);
            assert_eq!(take_answer(&mut pending), None);
        }
        pending.extend_from_slice(b"\r\x02?A");
        assert_eq!(take_answer(&mut pending), Some(Heard::Grams { grams: 350, own_tare: false }));
        assert_eq!(take_answer(&mut pending), None);
        pending.extend_from_slice(&[b'x'; ANSWER_BYTES_MAX]);
        assert_eq!((take_answer(&mut pending), pending.len()), (Some(Heard::Garbled), 0));
    }
}
