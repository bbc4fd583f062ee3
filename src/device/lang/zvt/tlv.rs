//! The TLV container (BMP 06): tags of one to three bytes, BER lengths, nested.

/// Containers inside containers; deeper than any terminal goes.
const DEPTH_MAX: usize = 8;

/// Reads a BER length: how long the data is, and how many bytes the length itself took.
pub fn length(bytes: &[u8]) -> Option<(usize, usize)> {
    match bytes {
        [short @ 0..=0x7f, ..] => Some((usize::from(*short), 1)),
        [0x81, length, ..] => Some((usize::from(*length), 2)),
        [0x82, high, low, ..] => Some((usize::from(u16::from_be_bytes([*high, *low])), 3)),
        _ => None,
    }
}

/// Calls `take` for every primitive element, containers opened. Stops quietly at the first element that does not fit: what was read before
/// it stands.
pub fn each(bytes: &[u8], take: &mut dyn FnMut(u32, &[u8])) {
    walk(bytes, take, 0);
}

fn walk(mut bytes: &[u8], take: &mut dyn FnMut(u32, &[u8]), depth: usize) {
    while let Some((tag, tag_bytes)) = tag(bytes) {
        let rest = &bytes[tag_bytes..];
        let Some((length, length_bytes)) = length(rest) else { return };
        let Some(data) = rest.get(length_bytes..length_bytes + length) else { return };
        let constructed = bytes[0] & 0x20 != 0;
        if constructed && depth < DEPTH_MAX {
            // The container itself is news as well: a text block begins with one.
            take(tag, &[]);
            walk(data, take, depth + 1);
        } else {
            take(tag, data);
        }
        bytes = &rest[length_bytes + length..];
    }
}

/// The next tag: its number and how many bytes it took. Zero bytes between elements are filling.
fn tag(bytes: &[u8]) -> Option<(u32, usize)> {
    let first = *bytes.first()?;
    if first & 0x1f != 0x1f {
        return Some((u32::from(first), 1));
    }
    let second = *bytes.get(1)?;
    let two = u32::from(first) << 8 | u32::from(second);
    if second & 0x80 == 0 {
        return Some((two, 2));
    }
    Some((two << 8 | u32::from(*bytes.get(2)?), 3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nested_elements_come_out_in_order() {
        let bytes = [0x2f, 0x08, 0x1f, 0x12, 0x01, 0x02, 0x1f, 0x10, 0x01, 0x00, 0x07, 0x02, b'H', b'i'];
        let mut seen = Vec::new();
        each(&bytes, &mut |tag, data| seen.push((tag, data.to_vec())));
        assert_eq!(seen, [(0x2f, vec![]), (0x1f12, vec![2]), (0x1f10, vec![0]), (0x07, b"Hi".to_vec())]);
        for end in 0..bytes.len() {
            each(&bytes[..end], &mut |_, _| {});
        }
    }

    #[test]
    fn long_lengths() {
        assert_eq!(length(&[0x7f]), Some((127, 1)));
        assert_eq!(length(&[0x81, 0xc8]), Some((200, 2)));
        assert_eq!(length(&[0x82, 0x01, 0x00]), Some((256, 3)));
        assert_eq!(length(&[0x83, 1, 1, 1]), None);
        assert_eq!(length(&[]), None);
    }
}
