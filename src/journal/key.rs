//! The node's ed25519 key. It signs what vouches for a stretch of the journal, so it must not lie beside it: whoever can rewrite
//! the records must not find the means to sign them. One file, mode 0600, made at the first start and never again.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};

use super::hash::{NotHex, from_hex, to_hex};

/// The secret half. Cheap to clone; never printed.
#[derive(Clone)]
pub struct NodeKey {
    signing: Arc<SigningKey>,
}

impl NodeKey {
    /// Reads the key, or makes one when the file does not exist. A file that others can read is refused.
    pub fn load_or_create(path: &Path) -> Result<NodeKey, KeyError> {
        match fs::read_to_string(path) {
            Ok(text) => NodeKey::load(path, &text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => NodeKey::create(path),
            Err(source) => Err(KeyError::Unreadable { path: path.to_owned(), source }),
        }
    }

    /// Reads a key that must be there.
    pub fn load_existing(path: &Path) -> Result<NodeKey, KeyError> {
        let text = fs::read_to_string(path).map_err(|source| KeyError::Unreadable { path: path.to_owned(), source })?;
        NodeKey::load(path, &text)
    }

    /// A key from its 32 secret bytes, for tests and simulations.
    pub fn from_seed(seed: [u8; 32]) -> NodeKey {
        NodeKey { signing: Arc::new(SigningKey::from_bytes(&seed)) }
    }

    pub fn public(&self) -> PublicKey {
        PublicKey(self.signing.verifying_key())
    }

    /// 64 lower-case hex digits.
    pub fn public_hex(&self) -> String {
        self.public().to_hex()
    }

    /// The signature over `bytes`. Deterministic: the same bytes always get the same.
    pub fn sign(&self, bytes: &[u8]) -> [u8; 64] {
        self.signing.sign(bytes).to_bytes()
    }

    /// The signature over `bytes`, 128 lower-case hex digits.
    pub fn sign_hex(&self, bytes: &[u8]) -> String {
        to_hex(&self.sign(bytes))
    }

    /// 32 secret bytes for another purpose, from which nobody can get back to the key (HMAC-SHA256 of the purpose's name).
    pub fn derived(&self, purpose: &str) -> [u8; 32] {
        let secret = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, self.signing.as_bytes());
        let mut bytes = [0; 32];
        bytes.copy_from_slice(ring::hmac::sign(&secret, purpose.as_bytes()).as_ref());
        bytes
    }

    /// The secret half as TLS wants it: PKCS #8 (RFC 8410 §7).
    pub fn to_pkcs8(&self) -> Vec<u8> {
        const HEAD: [u8; 16] = [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];
        [&HEAD[..], self.signing.as_bytes()].concat()
    }

    fn load(path: &Path, text: &str) -> Result<NodeKey, KeyError> {
        let mode = fs::metadata(path).map_err(|source| KeyError::Unreadable { path: path.to_owned(), source })?.mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(KeyError::TooOpen { path: path.to_owned(), mode });
        }
        let seed = from_hex(text.trim_end()).map_err(|_| KeyError::NotAKey { path: path.to_owned() })?;
        Ok(NodeKey::from_seed(seed))
    }

    /// The full ritual, because a journal whose first record names a key that a power cut took away could never be signed again.
    fn create(path: &Path) -> Result<NodeKey, KeyError> {
        let unwritable = |source| KeyError::Unwritable { path: path.to_owned(), source };
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(|error| unwritable(io::Error::other(error)))?;
        let temporary = path.with_extension("tmp");
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let write = || {
            let _ = fs::remove_file(&temporary);
            let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary)?;
            file.write_all(format!("{}\n", to_hex(&seed)).as_bytes())?;
            file.sync_all()?;
            fs::rename(&temporary, path)?;
            File::open(folder)?.sync_all()
        };
        write().map_err(unwritable)?;
        Ok(NodeKey::from_seed(seed))
    }
}

/// The public half, by which anyone can check a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

impl PublicKey {
    /// Reads 64 lower-case hex digits; `None` when they are not a point of the curve.
    pub fn from_hex(text: &str) -> Result<PublicKey, NotHex> {
        let bytes = from_hex(text)?;
        VerifyingKey::from_bytes(&bytes).map(PublicKey).map_err(|_| NotHex { digits: 64 })
    }

    pub fn to_hex(&self) -> String {
        to_hex(self.0.as_bytes())
    }

    pub fn to_bytes(&self) -> [u8; 32] {
        self.0.to_bytes()
    }

    /// Whether `signature` (128 hex digits) is this key's over `bytes`. Strict: no second spelling of a signature passes.
    pub fn signed(&self, bytes: &[u8], signature: &str) -> bool {
        from_hex::<64>(signature).is_ok_and(|signature| self.0.verify_strict(bytes, &Signature::from_bytes(&signature)).is_ok())
    }
}

/// Why the node has no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error("the node's key {} cannot be read: check that the file belongs to the user the node runs as", path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("the node's key {} cannot be made: check that the folder exists, is writable and has space", path.display())]
    Unwritable { path: PathBuf, source: io::Error },
    #[error("the node's key {} can be read by others (mode {mode:03o}): chmod 600 it, and enrol the node anew if it may have leaked", path.display())]
    TooOpen { path: PathBuf, mode: u32 },
    #[error("the node's key {} is not 64 hex digits: restore it; a new key needs a new enrolment", path.display())]
    NotAKey { path: PathBuf },
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_key_is_made_once_and_kept_from_others() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("node.key");
        let made = NodeKey::load_or_create(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        let loaded = NodeKey::load_or_create(&path).unwrap();
        assert_eq!(made.public_hex(), loaded.public_hex());
        assert!(made.public().signed(b"ack", &loaded.sign_hex(b"ack")));
        assert!(!made.public().signed(b"nak", &loaded.sign_hex(b"ack")));

        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(NodeKey::load_or_create(&path), Err(KeyError::TooOpen { mode: 0o640, .. })));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(&path, "not a key\n").unwrap();
        assert!(matches!(NodeKey::load_or_create(&path), Err(KeyError::NotAKey { .. })));
        assert!(matches!(NodeKey::load_or_create(&folder.path().join("none/node.key")), Err(KeyError::Unwritable { .. })));
    }
}
