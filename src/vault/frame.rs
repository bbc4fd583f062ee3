//! One frame of the vault's file, byte by byte (`docs/VAULT.md`), and how frames are found again in a file that was damaged. Pure.
//!
//! Each part carries its own checksum: a flipped bit spoils the frame it is in and no other, and as often as not it can still be said
//! whose frame that was.

use uuid::Uuid;

use crate::ids::SubjectRef;

/// Begins every frame.
pub const MAGIC: [u8; 4] = *b"CFv1";
/// Magic, kind, length of the body, whose it is, and the checksum of these.
const HEAD: usize = 32;
/// The sealed key and its checksum.
pub const KEY_AND_CHECK: usize = KEY_BOX + 4;
/// A nonce, a key of 32 bytes, a tag.
pub const KEY_BOX: usize = 12 + 32 + 16;
/// Where the sealed key begins within a frame.
pub const KEY_AT: usize = HEAD;
/// Sealed details of one subject; a frame that claims more is damaged.
pub const BODY_BYTES_MAX: usize = 64 * 1024;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The subject's details as of now.
    Sealed,
    /// The tombstone of a subject whose key was destroyed.
    Erased,
    /// What there was of the subject could not be read any more.
    Lost,
}

/// The byte of [`mark`].
const MARK: u8 = 4;

impl Kind {
    const fn byte(self) -> u8 {
        match self {
            Kind::Sealed => 1,
            Kind::Erased => 2,
            Kind::Lost => 3,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    pub kind: Kind,
    pub subject: SubjectRef,
    /// Zeros: there is none (any more).
    pub key: [u8; KEY_BOX],
    pub body: Vec<u8>,
}

impl Frame {
    /// A frame that says nothing but what became of a subject.
    pub fn marker(kind: Kind, subject: SubjectRef) -> Frame {
        Frame { kind, subject, key: [0; KEY_BOX], body: Vec::new() }
    }

    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = head_bytes(self.kind.byte(), self.body.len() as u32, self.subject).to_vec();
        bytes.extend(self.key);
        bytes.extend(crc32c::crc32c(&self.key).to_le_bytes());
        bytes.extend(&self.body);
        bytes.extend(crc32c::crc32c(&self.body).to_le_bytes());
        bytes
    }
}

/// Stands behind the newest frame once that is flushed, and makes room for the next one. A last frame that is damaged and has no mark behind it was
/// never answered; with one, something answered was lost.
pub fn mark() -> [u8; HEAD] {
    head_bytes(MARK, 0, SubjectRef(Uuid::nil()))
}

/// What stands at the key's place once it is destroyed: no key, and a checksum that fits it.
pub fn no_key() -> [u8; KEY_AND_CHECK] {
    let mut bytes = [0; KEY_AND_CHECK];
    bytes[KEY_BOX..].copy_from_slice(&crc32c::crc32c(&[0; KEY_BOX]).to_le_bytes());
    bytes
}

fn head_bytes(kind: u8, length: u32, subject: SubjectRef) -> [u8; HEAD] {
    let mut bytes = [0; HEAD];
    bytes[..4].copy_from_slice(&MAGIC);
    bytes[4] = kind;
    bytes[8..12].copy_from_slice(&length.to_le_bytes());
    bytes[12..28].copy_from_slice(subject.0.as_bytes());
    let check = crc32c::crc32c(&bytes[..28]);
    bytes[28..].copy_from_slice(&check.to_le_bytes());
    bytes
}

/// What was found in a file, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    Frame {
        at: u64,
        frame: Frame,
    },
    /// A frame that is not what was written. `subject` where its owner can still be read.
    Damaged {
        at: u64,
        subject: Option<SubjectRef>,
    },
    /// Bytes at the end that are no whole frame: a write that nobody was told of.
    Torn {
        at: u64,
        bytes: u64,
    },
}

/// Takes a file apart. Never fails: what cannot be read is said so.
pub fn scan(bytes: &[u8]) -> Vec<Found> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let next = match head(&bytes[at..]) {
            Some(Head::Mark) => {
                // Whatever lies behind it was being written when the machine went.
                if at + HEAD < bytes.len() {
                    found.push(Found::Torn { at: (at + HEAD) as u64, bytes: (bytes.len() - at - HEAD) as u64 });
                }
                return found;
            }
            Some(Head::Frame { kind, subject, length }) => frame_at(bytes, at, kind, subject, length),
            None => Err(None),
        };
        match next {
            Ok((end, frame)) => {
                found.push(Found::Frame { at: at as u64, frame });
                at = end;
            }
            Err(subject) => match (at + 1..bytes.len()).find(|from| head(&bytes[*from..]).is_some()) {
                Some(next) => {
                    found.push(Found::Damaged { at: at as u64, subject });
                    at = next;
                }
                None => {
                    found.push(Found::Torn { at: at as u64, bytes: (bytes.len() - at) as u64 });
                    return found;
                }
            },
        }
    }
    found
}

/// The frame and where it ends; an error when its key or its body is not what was written.
fn frame_at(bytes: &[u8], at: usize, kind: Kind, subject: SubjectRef, length: usize) -> Result<(usize, Frame), Option<SubjectRef>> {
    let end = at + HEAD + KEY_AND_CHECK + length + 4;
    let rest = bytes.get(at + HEAD..end).ok_or(Some(subject))?;
    let key = checked(&rest[..KEY_AND_CHECK]).ok_or(Some(subject))?;
    let body = checked(&rest[KEY_AND_CHECK..]).ok_or(Some(subject))?;
    let key = key.try_into().expect("the length of a sealed key");
    Ok((end, Frame { kind, subject, key, body: body.to_vec() }))
}

enum Head {
    Mark,
    Frame { kind: Kind, subject: SubjectRef, length: usize },
}

fn head(bytes: &[u8]) -> Option<Head> {
    let head = checked(bytes.get(..HEAD)?).filter(|head| head[..4] == MAGIC)?;
    if head[4] == MARK {
        return Some(Head::Mark);
    }
    let kind = [Kind::Sealed, Kind::Erased, Kind::Lost].into_iter().find(|kind| kind.byte() == head[4])?;
    let length = u32::from_le_bytes(head[8..12].try_into().expect("four bytes")) as usize;
    let subject = SubjectRef(Uuid::from_slice(&head[12..28]).expect("sixteen bytes"));
    (length <= BODY_BYTES_MAX).then_some(Head::Frame { kind, subject, length })
}

/// What stands before a checksum that fits it.
fn checked(bytes: &[u8]) -> Option<&[u8]> {
    let (value, check) = bytes.split_last_chunk::<4>()?;
    let (value, check): (&[u8], &[u8; 4]) = (value, check);
    (crc32c::crc32c(value).to_le_bytes() == *check).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(number: u128, body: &[u8]) -> Frame {
        Frame { kind: Kind::Sealed, subject: SubjectRef(Uuid::from_u128(number)), key: [7; KEY_BOX], body: body.to_vec() }
    }

    #[test]
    fn a_flipped_bit_spoils_its_own_frame_alone() {
        let frames = [frame(1, b"one"), frame(2, b"the second one"), frame(3, b"")];
        let encoded = frames.each_ref().map(Frame::encode);
        let whole = [encoded.concat(), mark().to_vec()].concat();
        assert!(scan(&whole).iter().zip(&frames).all(|(found, frame)| matches!(found, Found::Frame { frame: is, .. } if is == frame)));
        for bit in 0..whole.len() * 8 {
            let mut bytes = whole.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            let found = scan(&bytes);
            let kept = found.iter().filter(|found| matches!(found, Found::Frame { .. })).count();
            // A mark that is gone takes nobody with it.
            let is_mark = bit / 8 >= whole.len() - HEAD;
            assert_eq!((kept, found.len()), if is_mark { (3, 4) } else { (2, 3) }, "bit {bit}: {found:?}");
        }
    }

    #[test]
    fn a_tail_cut_anywhere_is_torn_and_no_damage() {
        let whole = [frame(1, b"one").encode(), frame(2, b"two").encode()].concat();
        let first = frame(1, b"one").encode().len();
        for length in first + 1..whole.len() {
            let found = scan(&whole[..length]);
            assert_eq!(found[1..], [Found::Torn { at: first as u64, bytes: (length - first) as u64 }], "{length}");
        }
        let zeros = [&whole[..first], &[0; 300]].concat();
        assert!(matches!(scan(&zeros)[1..], [Found::Torn { .. }]));
    }

    #[test]
    fn a_destroyed_key_leaves_a_frame_that_can_be_read() {
        let frame = frame(4, b"sealed");
        let mut bytes = frame.encode();
        bytes[KEY_AT..KEY_AT + KEY_AND_CHECK].copy_from_slice(&no_key());
        assert_eq!(scan(&bytes), [Found::Frame { at: 0, frame: Frame { key: [0; KEY_BOX], ..frame } }]);
    }
}
