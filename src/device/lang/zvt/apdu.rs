//! The frame on a TCP line: class, instruction, length, data. The length is one byte, or `FF` and two more (low byte first) from 255 on.

use std::fmt;

/// A terminal that announces more than this is not one: the largest real frames are receipts of a few kilobytes.
pub const DATA_BYTES_MAX: usize = 16 * 1024;

/// One APDU. `Debug` shows no data: before parsing it may hold what nobody shall see.
#[derive(Clone, PartialEq, Eq)]
pub struct Apdu {
    pub class: u8,
    pub instruction: u8,
    pub data: Vec<u8>,
}

/// The line has lost its step; the only way on is a new connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    #[error("the terminal announced a message of {0} bytes, more than {DATA_BYTES_MAX}")]
    TooLong(usize),
}

impl Apdu {
    pub fn new(class: u8, instruction: u8, data: impl Into<Vec<u8>>) -> Apdu {
        Apdu { class, instruction, data: data.into() }
    }

    /// "Understood, go on."
    pub fn acknowledge() -> Apdu {
        Apdu::new(0x80, 0x00, [])
    }

    pub fn is_acknowledge(&self) -> bool {
        (self.class, self.instruction) == (0x80, 0x00)
    }

    /// The error code of a refusal (`84 xx`).
    pub fn refusal(&self) -> Option<u8> {
        (self.class == 0x84).then_some(self.instruction)
    }

    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = vec![self.class, self.instruction];
        match u8::try_from(self.data.len()) {
            Ok(short) if short < 0xff => bytes.push(short),
            Ok(_) | Err(_) => {
                let long = u16::try_from(self.data.len()).unwrap_or(u16::MAX);
                bytes.push(0xff);
                bytes.extend(long.to_le_bytes());
            }
        }
        bytes.extend(&self.data);
        bytes
    }
}

impl fmt::Debug for Apdu {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02x} {:02x} ({} bytes)", self.class, self.instruction, self.data.len())
    }
}

/// Puts APDUs together from bytes as they come.
#[derive(Default)]
pub struct Frames {
    pending: Vec<u8>,
}

impl Frames {
    pub fn push(&mut self, bytes: &[u8]) {
        self.pending.extend(bytes);
    }

    /// The next whole APDU; `None`: more must come.
    pub fn take(&mut self) -> Result<Option<Apdu>, FrameError> {
        let (head, length) = match self.pending.as_slice() {
            [_, _, 0xff, low, high, ..] => (5, usize::from(u16::from_le_bytes([*low, *high]))),
            [_, _, 0xff, ..] | [] | [_] | [_, _] => return Ok(None),
            [_, _, length, ..] => (3, usize::from(*length)),
        };
        if length > DATA_BYTES_MAX {
            return Err(FrameError::TooLong(length));
        }
        if self.pending.len() < head + length {
            return Ok(None);
        }
        let apdu = Apdu::new(self.pending[0], self.pending[1], &self.pending[head..head + length]);
        self.pending.drain(..head + length);
        Ok(Some(apdu))
    }

    pub fn clear(&mut self) {
        self.pending.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_have_two_forms() {
        for (length, head) in [(0usize, 3), (1, 3), (254, 3), (255, 5), (256, 5), (4_000, 5)] {
            let apdu = Apdu::new(0x04, 0x0f, vec![7; length]);
            let bytes = apdu.bytes();
            assert_eq!(bytes.len(), head + length);
            let mut frames = Frames::default();
            // Byte by byte: nothing comes out before the last one.
            for (index, byte) in bytes.iter().enumerate() {
                assert_eq!(frames.take(), Ok(None), "{length}: after {index}");
                frames.push(&[*byte]);
            }
            assert_eq!(frames.take(), Ok(Some(apdu)));
            assert_eq!(frames.take(), Ok(None));
        }
        assert_eq!(Apdu::new(6, 1, vec![0; 255]).bytes()[2..5], [0xff, 0xff, 0x00]);
    }

    #[test]
    fn an_absurd_length_is_named() {
        let mut frames = Frames::default();
        frames.push(&[0x04, 0x0f, 0xff, 0xff, 0xff]);
        assert_eq!(frames.take(), Err(FrameError::TooLong(65_535)));
    }
}
