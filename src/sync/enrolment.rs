//! How a box becomes known to head office: the one-time code that a person carries over, and what the two say to each other. Values only.
//!
//! The code holds a secret, by which head office knows who was let in, and enough of the fingerprint of head office's CA for the box to know at
//! its first contact whom it speaks to. So neither side can be fooled by somebody in between. The box's key never leaves it: head office gets
//! the public half and a signature.
//!
//! | who asks | address | body → answer |
//! |---|---|---|
//! | `counterfoil enrol` | `POST /enrol/v1` | [`EnrolRequest`] → [`EnrolReply`] |
//! | an enrolled node | `POST /sync/v1/{store}/nodes/{node}/certificate` | → [`CertificateReply`] |

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::ids::{NodeId, StoreId};
use crate::journal::{Hash, NodeKey, PublicKey};

pub const ENROL_PATH: &str = "/enrol/v1";

/// A name that every certificate which head office's CA issues to a head office carries, beside the names it is called under. By it a node knows
/// its own head office on whatever address it is reached.
pub const OFFICE_NAME: &str = "head-office.counterfoil";

/// Digits and letters but I, L, O and U, which are read as others (Crockford's base 32).
const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const SECRET_CHARS: usize = 10;
/// 80 bits: nobody finds another key with the same ones.
const PIN_CHARS: usize = 16;
const CHECK_CHARS: usize = 2;
const CODE_CHARS: usize = SECRET_CHARS + PIN_CHARS + CHECK_CHARS;
const GROUP_CHARS: usize = 4;

/// A one-time code, as it is printed and typed: seven groups of four.
#[derive(Clone, PartialEq, Eq)]
pub struct Code {
    secret: String,
    pin: Pin,
}

/// The beginning of a fingerprint: of the SHA-256 of a CA's public key (its SubjectPublicKeyInfo).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pin(String);

impl Pin {
    pub fn of(fingerprint: &Hash) -> Pin {
        let five_bits = |index: usize| {
            let (byte, bit) = (index * 5 / 8, index * 5 % 8);
            let pair = u16::from_be_bytes([fingerprint.0[byte], fingerprint.0[byte + 1]]);
            usize::from(pair >> (11 - bit) & 31)
        };
        Pin((0..PIN_CHARS).map(|index| char::from(DIGITS[five_bits(index)])).collect())
    }

    pub fn matches(&self, fingerprint: &Hash) -> bool {
        *self == Pin::of(fingerprint)
    }
}

impl fmt::Display for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        in_groups(f, &self.0)
    }
}

/// Why what was typed is no code. Said before anything is sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadCode {
    #[error("the code has {CODE_CHARS} letters and digits, not {0}: copy it whole, with or without its dashes")]
    Length(usize),
    #[error("{0:?} does not occur in codes: copy the code as it was printed")]
    Letter(char),
    #[error("the code is mistyped: compare it letter by letter with what was printed")]
    Check,
}

impl Code {
    /// Of random bytes.
    pub fn new(random: [u8; SECRET_CHARS], pin: Pin) -> Code {
        Code { secret: random.iter().map(|byte| char::from(DIGITS[usize::from(byte & 31)])).collect(), pin }
    }

    /// What only head office and whoever holds the code know.
    pub fn secret(&self) -> &str {
        &self.secret
    }

    pub fn pin(&self) -> &Pin {
        &self.pin
    }

    fn check(body: &str) -> String {
        let hash = Hash::of(format!("code\n{body}").as_bytes());
        hash.0.iter().take(CHECK_CHARS).map(|byte| char::from(DIGITS[usize::from(byte & 31)])).collect()
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let body = format!("{}{}", self.secret, self.pin.0);
        let check = Code::check(&body);
        in_groups(f, &(body + &check))
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Code(.. {})", self.pin)
    }
}

impl FromStr for Code {
    type Err = BadCode;

    fn from_str(text: &str) -> Result<Code, BadCode> {
        let mut body = String::new();
        for typed in text.chars().filter(|c| !matches!(c, '-' | ' ')) {
            let digit = match typed.to_ascii_uppercase() {
                'O' => '0',
                'I' | 'L' => '1',
                other => other,
            };
            if !u8::try_from(digit).is_ok_and(|digit| DIGITS.contains(&digit)) {
                return Err(BadCode::Letter(typed));
            }
            body.push(digit);
        }
        if body.len() != CODE_CHARS {
            return Err(BadCode::Length(body.len()));
        }
        let check = body.split_off(SECRET_CHARS + PIN_CHARS);
        if check != Code::check(&body) {
            return Err(BadCode::Check);
        }
        let pin = Pin(body.split_off(SECRET_CHARS));
        Ok(Code { secret: body, pin })
    }
}

fn in_groups(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    for (index, digit) in text.chars().enumerate() {
        if index > 0 && index % GROUP_CHARS == 0 {
            f.write_str("-")?;
        }
        write!(f, "{digit}")?;
    }
    Ok(())
}

/// A box asks for a certificate: the public half of its key, and a signature over all that matters, which only the key's holder can make.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnrolRequest {
    pub v: u32,
    pub secret: String,
    pub store: StoreId,
    pub node: NodeId,
    /// ed25519, 64 hex characters: the key that signs the node's journal.
    pub public_key: String,
    /// 128 hex characters, over [`request_text`].
    pub signature: String,
}

impl EnrolRequest {
    pub fn new(code: &Code, store: StoreId, node: NodeId, key: &NodeKey) -> EnrolRequest {
        let public_key = key.public_hex();
        let signature = key.sign_hex(&request_text(code.secret(), &store, &node, &public_key));
        EnrolRequest { v: 1, secret: code.secret().to_owned(), store, node, public_key, signature }
    }

    /// Whether who sent it holds the key.
    pub fn is_signed(&self) -> bool {
        let text = request_text(&self.secret, &self.store, &self.node, &self.public_key);
        PublicKey::from_hex(&self.public_key).is_ok_and(|key| key.signed(&text, &self.signature))
    }
}

/// What is signed. It names code, store and node, so that no signature can be used for another.
fn request_text(secret: &str, store: &StoreId, node: &NodeId, public_key: &str) -> Vec<u8> {
    format!("enrol\n{secret}\n{store}\n{node}\n{public_key}\n").into_bytes()
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnrolReply {
    pub v: u32,
    /// The node's, PEM.
    pub certificate: String,
    /// Of the CA that vouches for head office's own certificate, PEM.
    pub ca: String,
    /// The key that signs acknowledgements, 64 hex characters.
    pub office_key: String,
    /// By head office's clock.
    pub expires_ms: i64,
}

/// All times are head office's: the box's clock may be anything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertificateReply {
    pub v: u32,
    /// PEM, when there is a newer one than the one the node showed.
    #[serde(default)]
    pub certificate: Option<String>,
    /// The certificate has run out. The key was proved; a person must say yes before there is another one.
    #[serde(default)]
    pub waits_for_approval: bool,
    pub ask_again_ms: u64,
}

pub fn certificate_path(store: &StoreId, node: &NodeId) -> String {
    format!("/sync/v1/{store}/nodes/{node}/certificate")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_as_people_type_it_and_a_slip_is_seen() {
        let fingerprint = Hash::of(b"a key");
        let code = Code::new([0, 1, 31, 32, 77, 200, 255, 9, 10, 11], Pin::of(&fingerprint));
        let text = code.to_string();
        assert_eq!((text.len(), text.split('-').count()), (34, 7));
        assert_eq!(text.parse(), Ok(code.clone()));
        let sloppy = text.replace('-', " ").to_lowercase().replace('0', "o").replace('1', "l");
        assert_eq!(sloppy.parse(), Ok(code.clone()));
        assert!(code.pin().matches(&fingerprint) && !code.pin().matches(&Hash::of(b"another")));

        assert_eq!(text[..20].parse::<Code>(), Err(BadCode::Length(16)));
        assert_eq!(text.replacen(&text[..1], "U", 1).parse::<Code>(), Err(BadCode::Letter('U')));
        for at in (0..text.len()).filter(|at| text.as_bytes()[*at] != b'-') {
            let other = if text.as_bytes()[at] == b'7' { "8" } else { "7" };
            let slip = format!("{}{other}{}", &text[..at], &text[at + 1..]);
            assert_eq!(slip.parse::<Code>(), Err(BadCode::Check), "{slip}");
        }
        assert!(!format!("{code:?}").contains(code.secret()));
    }

    #[test]
    fn a_request_is_good_for_one_code_one_name_and_one_key() {
        let code = Code::new([7; 10], Pin::of(&Hash::of(b"a key")));
        let (store, node) = (StoreId::new("s1").unwrap(), NodeId::new("n1").unwrap());
        let request = EnrolRequest::new(&code, store, node, &NodeKey::from_seed([1; 32]));
        assert!(request.is_signed());
        assert!(!EnrolRequest { store: StoreId::new("s2").unwrap(), ..request.clone() }.is_signed());
        assert!(!EnrolRequest { node: NodeId::new("n2").unwrap(), ..request.clone() }.is_signed());
        assert!(!EnrolRequest { secret: "0000000000".into(), ..request.clone() }.is_signed());
        assert!(!EnrolRequest { public_key: NodeKey::from_seed([2; 32]).public_hex(), ..request }.is_signed());
    }
}
