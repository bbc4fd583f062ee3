//! Code 128 for `GS k` function B, its width, and its bars. Digits in a row are packed two to a symbol (set C) when that makes the code
//! narrower.

/// A bar code as symbols: which set, and what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::device::lang) struct Symbols {
    /// As `GS k I` wants it: `{B` text, `{C` values of two digits each.
    pub data: Vec<u8>,
    /// Bars and spaces, from the start symbol to the stop, without quiet zones.
    pub modules: usize,
    /// Characters at the start that are in set B; the rest is in set C.
    pub set_b_count: usize,
}

/// Bars (true) and spaces from the start symbol to the stop; `None` for text that is not printable ASCII.
pub(in crate::device::lang) fn bars(text: &str) -> Option<Vec<bool>> {
    if text.is_empty() || !text.bytes().all(|b| (0x20..0x7f).contains(&b)) {
        return None;
    }
    let (head, tail) = text.split_at(symbols(text).set_b_count);
    bars_of(head, tail)
}

/// The same with the sets given: `head` in B, `tail` (pairs of digits) in C.
pub(in crate::device::lang) fn bars_of(head: &str, tail: &str) -> Option<Vec<bool>> {
    let set_b = if head.is_empty() { "" } else { "\u{181}" };
    let set_c = if tail.is_empty() { "" } else { "\u{106}" };
    let encoder = barcoders::sym::code128::Code128::new(format!("{set_b}{head}{set_c}{tail}")).ok()?;
    Some(encoder.encode().into_iter().map(|bar| bar == 1).collect())
}

/// `text` is printable ASCII (its type says so).
pub(in crate::device::lang) fn symbols(text: &str) -> Symbols {
    let plain = set_b(text.as_bytes());
    match packed(text.as_bytes()) {
        Some(packed) if packed.modules < plain.modules => packed,
        Some(_) | None => plain,
    }
}

/// Start, check and stop symbols: 11 + 11 + 13 modules.
const FRAME_MODULES: usize = 35;
const SYMBOL_MODULES: usize = 11;

fn set_b(text: &[u8]) -> Symbols {
    let mut data = b"{B".to_vec();
    push_b(&mut data, text);
    Symbols { data, modules: FRAME_MODULES + SYMBOL_MODULES * text.len(), set_b_count: text.len() }
}

/// As many digits at the end as possible in set C, what is before them in set B; `None` when there are too few. Two of the values must not be a
/// real-time command, which printers execute even inside a bar code's data: 16 followed by 4, 5 or 20 is DLE EOT, DLE ENQ or DLE DC4.
fn packed(text: &[u8]) -> Option<Symbols> {
    let digits = text.iter().rev().take_while(|b| b.is_ascii_digit()).count() / 2 * 2;
    let (head, tail) = text.split_at(text.len() - digits);
    let values: Vec<u8> = tail.chunks(2).map(|pair| (pair[0] - b'0') * 10 + pair[1] - b'0').collect();
    let is_command = |pair: &[u8]| pair[0] == 0x10 && matches!(pair[1], 0x04 | 0x05 | 0x14);
    let unsafe_count = values.windows(2).rposition(is_command).map_or(0, |at| at + 1);
    let (head, values) = (&text[..head.len() + 2 * unsafe_count], &values[unsafe_count..]);
    if values.is_empty() {
        return None;
    }
    let mut data = Vec::new();
    let mut symbol_count = values.len();
    if !head.is_empty() {
        data.extend(b"{B");
        push_b(&mut data, head);
        symbol_count += head.len() + 1;
    }
    data.extend(b"{C");
    data.extend(values);
    Some(Symbols { data, modules: FRAME_MODULES + SYMBOL_MODULES * symbol_count, set_b_count: head.len() })
}

fn push_b(data: &mut Vec<u8>, text: &[u8]) {
    for &byte in text {
        data.push(byte);
        if byte == b'{' {
            data.push(byte);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_packed_when_it_helps() {
        let check = |text: &str, data: &[u8], modules: usize| {
            let symbols = symbols(text);
            assert_eq!((symbols.data.as_slice(), symbols.modules), (data, modules), "{text}");
            assert_eq!(bars(text).unwrap().len(), modules, "{text}");
        };
        check("1-7K3F-000042", b"{B1-7K3F-{C\x00\x00\x2a", 35 + 11 * 11);
        check("123456", b"{C\x0c\x22\x38", 35 + 33);
        check("AB12", b"{BAB12", 35 + 44);
        check("a{b", b"{Ba{{b", 35 + 33);
    }

    #[test]
    fn no_bar_code_carries_a_real_time_command() {
        for text in ["1-AAAA-001604", "1-AAAA-001605", "1-AAAA-001620", "001604", "1-AAAA-160400", "16041605162016"] {
            let data = symbols(text).data;
            let command = |pair: &[u8]| pair[0] == 0x10 && matches!(pair[1], 0x04 | 0x05 | 0x14);
            assert!(!data.windows(2).any(command), "{text}: {data:02x?}");
        }
        assert_eq!(symbols("1-AAAA-160400").data, b"{B1-AAAA-16{C\x04\x00");
        assert!(symbols("1-AAAA-041600").data.contains(&0x10), "a lone 16 is harmless");
    }
}
