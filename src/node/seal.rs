//! Sealing under the node's own key: what must not be readable to someone who has the disk's files and not the key. The key file lies outside
//! the folders that are copied and backed up (`node.key`, mode 0600); a sealed file is worth nothing without it.

use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

use crate::journal::NodeKey;

/// Cheap to clone; never printed.
#[derive(Clone)]
pub struct Seal {
    key: std::sync::Arc<LessSafeKey>,
}

impl Seal {
    /// The sealing key that belongs to a node's key: derived from it, so that there is one secret to keep.
    pub fn of(key: &NodeKey) -> Seal {
        Seal::under(key.derived("counterfoil seal v1"))
    }

    /// Under a key of 32 random bytes.
    pub fn under(key: [u8; 32]) -> Seal {
        let key = UnboundKey::new(&CHACHA20_POLY1305, &key).expect("ChaCha20 takes keys of 32 bytes");
        Seal { key: std::sync::Arc::new(LessSafeKey::new(key)) }
    }

    /// `name` is bound to it: a sealed thing cannot be passed off as another. A random nonce (96 bits) comes first.
    pub fn seal(&self, name: &str, plain: &[u8]) -> Vec<u8> {
        let mut nonce = [0; NONCE_LEN];
        getrandom::fill(&mut nonce).expect("the kernel always has randomness after boot");
        let mut bytes = plain.to_vec();
        let place = Nonce::assume_unique_for_key(nonce);
        self.key.seal_in_place_append_tag(place, Aad::from(name.as_bytes()), &mut bytes).expect("far below the cipher's 256 GiB");
        [nonce.as_slice(), &bytes].concat()
    }

    /// `None`: sealed by another node, under another name, or changed since.
    pub fn open(&self, name: &str, sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, bytes) = sealed.split_at_checked(NONCE_LEN)?;
        let mut bytes = bytes.to_vec();
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let length = self.key.open_in_place(nonce, Aad::from(name.as_bytes()), &mut bytes).ok()?.len();
        bytes.truncate(length);
        Some(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_key_and_name_open_it() {
        let seal = Seal::of(&NodeKey::from_seed([1; 32]));
        let sealed = seal.seal("staff", b"secret words");
        assert!(!sealed.windows(6).any(|part| part == b"secret"));
        assert_eq!(seal.open("staff", &sealed).unwrap(), b"secret words");
        assert_ne!(seal.seal("staff", b"secret words"), sealed, "a nonce is used once");
        assert_eq!(seal.open("other", &sealed), None);
        assert_eq!(Seal::of(&NodeKey::from_seed([2; 32])).open("staff", &sealed), None);
        let mut changed = sealed.clone();
        changed[15] ^= 1;
        assert_eq!(seal.open("staff", &changed), None);
        assert_eq!(seal.open("staff", &sealed[..5]), None);
    }
}
