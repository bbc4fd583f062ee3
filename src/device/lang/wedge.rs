//! Keyboard scanners: from `struct input_event` to the bytes that were in the code. A fixed US table, because the scanner is set to "US
//! keyboard" and the host's layout must not matter. Pure: the same function reads a recorded session and a live one.

/// Bytes of one `struct input_event` on this machine: two longs of time, type, code, value.
pub const EVENT_BYTES: usize = 2 * size_of::<usize>() + 8;

const EV_SYN: u16 = 0;
const EV_KEY: u16 = 1;
/// The kernel's buffer ran over: keys are missing.
const SYN_DROPPED: u16 = 3;

const LEFT_CTRL: u16 = 29;
const RIGHT_CTRL: u16 = 97;
const LEFT_SHIFT: u16 = 42;
const RIGHT_SHIFT: u16 = 54;
const LEFT_ALT: u16 = 56;
const F8: u16 = 66;

/// How the scanner passes on the group separator (1Dh) of GS1 codes, which no key stands for.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GsAs {
    /// As itself: a serial byte, Ctrl+] or Alt+029.
    #[default]
    Itself,
    /// The F8 key.
    F8,
    /// A text in its place, such as `|` or `{GS}`.
    Text(String),
}

impl GsAs {
    /// Puts the separators back where the scanner sent a text for them.
    pub fn restore(&self, frame: Vec<u8>) -> Vec<u8> {
        let GsAs::Text(text) = self else { return frame };
        let text = text.as_bytes();
        if text.is_empty() {
            return frame;
        }
        let mut out = Vec::with_capacity(frame.len());
        let mut rest = frame.as_slice();
        while !rest.is_empty() {
            if let Some(after) = rest.strip_prefix(text) {
                out.push(0x1D);
                rest = after;
            } else {
                out.push(rest[0]);
                rest = &rest[1..];
            }
        }
        out
    }
}

/// What a key press meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    Byte(u8),
    /// Keys went missing or made no sense: what is pending is no scan.
    Lost,
}

/// One event as the kernel delivers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InputEvent {
    pub kind: u16,
    pub code: u16,
    pub value: i32,
}

/// Takes whole events off the front of `pending`; a torn one stays for the next read.
pub fn take_events(pending: &mut Vec<u8>) -> Vec<InputEvent> {
    let whole = pending.len() / EVENT_BYTES * EVENT_BYTES;
    let events = pending[..whole]
        .chunks_exact(EVENT_BYTES)
        .map(|raw| {
            let tail = &raw[EVENT_BYTES - 8..];
            InputEvent {
                kind: u16::from_ne_bytes([tail[0], tail[1]]),
                code: u16::from_ne_bytes([tail[2], tail[3]]),
                value: i32::from_ne_bytes([tail[4], tail[5], tail[6], tail[7]]),
            }
        })
        .collect();
    pending.drain(..whole);
    events
}

/// Which keys are held.
#[derive(Debug, Clone, Default)]
pub struct Wedge {
    gs_is_f8: bool,
    shifts: Held,
    ctrls: Held,
    /// Keypad digits typed while Alt is held.
    alt: Option<String>,
}

/// Left and right of a modifier.
#[derive(Debug, Clone, Copy, Default)]
struct Held {
    left: bool,
    right: bool,
}

impl Held {
    fn any(self) -> bool {
        self.left || self.right
    }
}

impl Wedge {
    pub fn new(gs_as: &GsAs) -> Wedge {
        Wedge { gs_is_f8: *gs_as == GsAs::F8, ..Wedge::default() }
    }

    /// Forgets held keys: the device was opened anew.
    pub fn reset(&mut self) {
        *self = Wedge { gs_is_f8: self.gs_is_f8, ..Wedge::default() };
    }

    /// Enter comes out as CR and Tab as HT, for the framer.
    pub fn event(&mut self, event: InputEvent) -> Option<Key> {
        match (event.kind, event.code, event.value) {
            (EV_SYN, SYN_DROPPED, _) => {
                self.reset();
                Some(Key::Lost)
            }
            (EV_KEY, LEFT_SHIFT, held) => self.modifier(|wedge| &mut wedge.shifts.left, held),
            (EV_KEY, RIGHT_SHIFT, held) => self.modifier(|wedge| &mut wedge.shifts.right, held),
            (EV_KEY, LEFT_CTRL, held) => self.modifier(|wedge| &mut wedge.ctrls.left, held),
            (EV_KEY, RIGHT_CTRL, held) => self.modifier(|wedge| &mut wedge.ctrls.right, held),
            (EV_KEY, LEFT_ALT, 1) => {
                self.alt = Some(String::new());
                None
            }
            (EV_KEY, LEFT_ALT, 0) => self.alt.take().and_then(|digits| alt_byte(&digits)),
            (EV_KEY, code, 1) => self.pressed(code),
            // Releases, auto-repeat, lock lights, scan codes.
            _ => None,
        }
    }

    fn modifier(&mut self, which: fn(&mut Wedge) -> &mut bool, value: i32) -> Option<Key> {
        *which(self) = value != 0;
        None
    }

    fn pressed(&mut self, code: u16) -> Option<Key> {
        if let Some(digits) = &mut self.alt {
            // Num Lock is toggled by some scanners around each character; only the digits count.
            if let Some(digit) = keypad_digit(code)
                && digits.len() < 5
            {
                digits.push(digit);
            }
            return None;
        }
        if code == F8 && self.gs_is_f8 {
            return Some(Key::Byte(0x1D));
        }
        let byte = us_key(code, self.shifts.any())?;
        if self.ctrls.any() && (b'@'..=b'~').contains(&byte) {
            return Some(Key::Byte(byte & 0x1F));
        }
        Some(Key::Byte(byte))
    }
}

fn alt_byte(digits: &str) -> Option<Key> {
    if digits.is_empty() {
        return None;
    }
    Some(digits.parse::<u8>().map_or(Key::Lost, Key::Byte))
}

fn keypad_digit(code: u16) -> Option<char> {
    match code {
        71..=73 => char::from_digit(u32::from(code) - 71 + 7, 10),
        75..=77 => char::from_digit(u32::from(code) - 75 + 4, 10),
        79..=81 => char::from_digit(u32::from(code) - 79 + 1, 10),
        82 => Some('0'),
        _ => None,
    }
}

/// The US keyboard: scan code (linux/input-event-codes.h) to ASCII.
fn us_key(code: u16, shift: bool) -> Option<u8> {
    const ROWS: [(u16, &[u8], &[u8]); 7] = [
        (2, b"1234567890-=", b"!@#$%^&*()_+"),
        (16, b"qwertyuiop[]", b"QWERTYUIOP{}"),
        (30, b"asdfghjkl;'`", b"ASDFGHJKL:\"~"),
        (43, b"\\zxcvbnm,./", b"|ZXCVBNM<>?"),
        (57, b" ", b" "),
        (71, b"789-456+1230.", b"789-456+1230."),
        (98, b"/", b"/"),
    ];
    match code {
        28 | 96 => return Some(b'\r'),
        15 => return Some(b'\t'),
        55 => return Some(b'*'),
        _ => {}
    }
    ROWS.iter().find_map(|(first, plain, shifted)| {
        let row = if shift { shifted } else { plain };
        row.get(usize::from(code.checked_sub(*first)?)).copied()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(wedge: &mut Wedge, presses: &[(u16, i32)]) -> Vec<u8> {
        presses
            .iter()
            .filter_map(|&(code, value)| wedge.event(InputEvent { kind: EV_KEY, code, value }))
            .map(|key| match key {
                Key::Byte(byte) => byte,
                Key::Lost => b'!',
            })
            .collect()
    }

    /// Every key of the table as linux/input-event-codes.h numbers it, plain and with Shift.
    #[test]
    #[rustfmt::skip]
    fn the_us_table_is_the_kernels() {
        let keys: [(u16, char, char); 60] = [
            (2, '1', '!'), (3, '2', '@'), (4, '3', '#'), (5, '4', '$'), (6, '5', '%'), (7, '6', '^'), (8, '7', '&'), (9, '8', '*'),
            (10, '9', '('), (11, '0', ')'), (12, '-', '_'), (13, '=', '+'),
            (16, 'q', 'Q'), (17, 'w', 'W'), (18, 'e', 'E'), (19, 'r', 'R'), (20, 't', 'T'), (21, 'y', 'Y'), (22, 'u', 'U'),
            (23, 'i', 'I'), (24, 'o', 'O'), (25, 'p', 'P'), (26, '[', '{'), (27, ']', '}'),
            (30, 'a', 'A'), (31, 's', 'S'), (32, 'd', 'D'), (33, 'f', 'F'), (34, 'g', 'G'), (35, 'h', 'H'), (36, 'j', 'J'),
            (37, 'k', 'K'), (38, 'l', 'L'), (39, ';', ':'), (40, '\'', '"'), (41, '`', '~'), (43, '\\', '|'),
            (44, 'z', 'Z'), (45, 'x', 'X'), (46, 'c', 'C'), (47, 'v', 'V'), (48, 'b', 'B'), (49, 'n', 'N'), (50, 'm', 'M'),
            (51, ',', '<'), (52, '.', '>'), (53, '/', '?'), (57, ' ', ' '),
            (71, '7', '7'), (72, '8', '8'), (73, '9', '9'), (75, '4', '4'), (76, '5', '5'), (77, '6', '6'),
            (79, '1', '1'), (80, '2', '2'), (81, '3', '3'), (82, '0', '0'), (83, '.', '.'), (98, '/', '/'),
        ];
        for (code, plain, shifted) in keys {
            assert_eq!(us_key(code, false), Some(plain as u8), "key {code}");
            assert_eq!(us_key(code, true), Some(shifted as u8), "key {code} with shift");
        }
        for code in [0, 1, 14, 42, 54, 58, 59, 66, 69, 84, 97, 100, 183, u16::MAX] {
            assert_eq!(us_key(code, false), None, "key {code}");
        }
    }

    #[test]
    fn shift_counts_while_it_is_held_and_repeat_does_not() {
        let mut wedge = Wedge::new(&GsAs::Itself);
        let presses = [(42, 1), (30, 1), (30, 0), (42, 0), (30, 1), (30, 2), (30, 2), (30, 0), (54, 1), (42, 1), (42, 0), (48, 1), (54, 0)];
        assert_eq!(typed(&mut wedge, &presses), b"AaB");
    }

    #[test]
    #[rustfmt::skip]
    fn alt_and_keypad_digits_are_one_character() {
        let mut wedge = Wedge::new(&GsAs::Itself);
        // Num Lock on, Alt+052, Num Lock off, then Alt+029 (GS) and Alt+013 (Enter).
        let presses = [
            (69, 1), (69, 0), (56, 1), (82, 1), (82, 0), (76, 1), (76, 0), (80, 1), (80, 0), (56, 0), (69, 1), (69, 0),
            (56, 1), (82, 1), (80, 1), (73, 1), (56, 0), (56, 1), (82, 1), (79, 1), (81, 1), (56, 0),
        ];
        assert_eq!(typed(&mut wedge, &presses), b"4\x1d\r");
        assert_eq!(typed(&mut wedge, &[(56, 1), (56, 0)]), b"", "Alt alone");
        assert_eq!(typed(&mut wedge, &[(56, 1), (73, 1), (73, 1), (73, 1), (56, 0)]), b"!", "999 is no byte");
    }

    #[test]
    fn ctrl_makes_control_bytes() {
        let mut wedge = Wedge::new(&GsAs::Itself);
        // Ctrl+], Ctrl+Shift+6 (RS), Ctrl+M.
        let presses = [(29, 1), (27, 1), (29, 0), (97, 1), (42, 1), (7, 1), (42, 0), (97, 0), (29, 1), (50, 1), (29, 0)];
        assert_eq!(typed(&mut wedge, &presses), b"\x1d\x1e\r");
    }

    #[test]
    fn the_group_separator_comes_back_however_it_was_sent() {
        assert_eq!(typed(&mut Wedge::new(&GsAs::F8), &[(66, 1), (2, 1)]), b"\x1d1");
        assert_eq!(typed(&mut Wedge::new(&GsAs::Itself), &[(66, 1), (2, 1)]), b"1");
        let text = |text: &str| GsAs::Text(text.into());
        assert_eq!(text("{GS}").restore(b"10ABC{GS}21X{GS".to_vec()), b"10ABC\x1d21X{GS");
        assert_eq!(text("|").restore(b"||".to_vec()), b"\x1d\x1d");
        assert_eq!(text("").restore(b"a".to_vec()), b"a");
        assert_eq!(GsAs::Itself.restore(b"a|".to_vec()), b"a|");
    }

    #[test]
    fn lost_keys_are_said_and_held_ones_forgotten() {
        let mut wedge = Wedge::new(&GsAs::Itself);
        typed(&mut wedge, &[(42, 1)]);
        assert_eq!(wedge.event(InputEvent { kind: EV_SYN, code: SYN_DROPPED, value: 0 }), Some(Key::Lost));
        assert_eq!(typed(&mut wedge, &[(30, 1)]), b"a");
    }

    #[test]
    fn a_torn_event_waits_for_its_rest() {
        let mut raw = [0u8; EVENT_BYTES * 2];
        raw[EVENT_BYTES - 8] = 1;
        raw[EVENT_BYTES - 6] = 30;
        raw[EVENT_BYTES - 4] = 1;
        let mut pending = raw[..EVENT_BYTES + 5].to_vec();
        assert_eq!(take_events(&mut pending), [InputEvent { kind: 1, code: 30, value: 1 }]);
        assert_eq!(pending.len(), 5);
        pending.extend_from_slice(&raw[EVENT_BYTES + 5..]);
        assert_eq!(take_events(&mut pending).len(), 1);
    }
}
