//! The set-up code: how the first browser comes into a node that nobody can use yet. It stands on the console, is new at each start, and is
//! good until it is used; there is no default password. Whoever reads the console or the log owns the box already. Nothing here knows HTTP.

use std::sync::{Arc, Mutex, MutexGuard};

use crate::time::Clock;

/// Characters of a code, out of the 32 that are not mistaken for each other: 40 bits against five tries a minute.
const CODE_LENGTH: usize = 8;
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Wrong codes before the door is locked for everyone, and for how long.
pub const WRONG_CODES_MAX: u32 = 5;
pub const LOCKED_MS: i64 = 60_000;

pub struct SetupCode {
    clock: Arc<dyn Clock>,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    /// `None`: never offered, or used.
    code: Option<String>,
    /// The screen that came in with it: it alone may name the first manager.
    used_by: Option<String>,
    wrong: u32,
    locked_until_ms: i64,
}

/// Why a code lets nobody in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotIn {
    /// No code was offered by this start, or it was used.
    NoCode,
    Wrong {
        left: u32,
    },
    Locked,
}

impl SetupCode {
    /// Without a code: the door is shut until one is offered.
    pub fn new(clock: Arc<dyn Clock>) -> SetupCode {
        SetupCode { clock, inner: Mutex::default() }
    }

    /// Makes the code of this start, as it is shown: "7K3F-9QXA".
    pub fn offer(&self) -> String {
        let mut bytes = [0u8; CODE_LENGTH];
        getrandom::fill(&mut bytes).expect("the kernel gives random bytes");
        let code: String = bytes.iter().map(|byte| ALPHABET[usize::from(byte & 31)] as char).collect();
        let shown = format!("{}-{}", &code[..4], &code[4..]);
        self.inner().code = Some(code);
        shown
    }

    pub fn is_offered(&self) -> bool {
        self.inner().code.is_some()
    }

    /// Takes a typed code; the right one is used up, and `admit` lets its browser in. When that fails, the code stays good.
    pub fn take<E>(&self, typed: &str, admit: impl FnOnce() -> Result<(String, String), E>) -> Result<Result<String, E>, NotIn> {
        let mut inner = self.inner();
        let now_ms = self.clock.now().ms;
        let Some(code) = inner.code.clone() else { return Err(NotIn::NoCode) };
        if now_ms < inner.locked_until_ms {
            return Err(NotIn::Locked);
        }
        if read(typed) != code {
            inner.wrong += 1;
            let left = WRONG_CODES_MAX.saturating_sub(inner.wrong);
            if left == 0 {
                inner.wrong = 0;
                inner.locked_until_ms = now_ms + LOCKED_MS;
                tracing::warn!("{WRONG_CODES_MAX} wrong set-up codes: no code is taken for a minute");
            }
            return Err(NotIn::Wrong { left });
        }
        let (screen, secret) = match admit() {
            Ok(admitted) => admitted,
            Err(error) => return Ok(Err(error)),
        };
        inner.code = None;
        inner.used_by = Some(screen);
        Ok(Ok(secret))
    }

    /// Whether this screen came in with the code and has not finished.
    pub fn came_in(&self, screen: &str) -> bool {
        self.inner().used_by.as_deref() == Some(screen)
    }

    /// The first manager is named, or none is needed.
    pub fn finish(&self) {
        self.inner().used_by = None;
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().expect("no holder of this lock panics")
    }
}

/// As people type it: in any case, with or without the dash, with the letters that look like digits.
fn read(typed: &str) -> String {
    let plain = typed.chars().filter(|c| !c.is_whitespace() && *c != '-').take(CODE_LENGTH + 1);
    plain
        .map(|c| match c.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            other => other,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::HandClock;

    fn admit() -> Result<(String, String), ()> {
        Ok(("screen".to_owned(), "secret".to_owned()))
    }

    #[test]
    fn a_code_is_used_once_and_typed_as_people_type() {
        let code = SetupCode::new(Arc::new(HandClock::at(0)));
        assert_eq!(code.take("ABCDEFGH", admit), Err(NotIn::NoCode));
        let shown = code.offer();
        assert_eq!(code.take(&shown, || Err(())), Ok(Err(())), "a disk that is full uses no code up");
        assert!(!code.came_in("screen"));
        let typed = format!(" {} ", shown.to_lowercase().replace('-', " ").replace('0', "o").replace('1', "l"));
        assert_eq!(code.take(&typed, admit), Ok(Ok("secret".to_owned())));
        assert!(code.came_in("screen") && !code.came_in("another"));
        assert_eq!(code.take(&shown, admit), Err(NotIn::NoCode));
        code.finish();
        assert!(!code.came_in("screen"));
    }

    #[test]
    fn wrong_codes_lock_the_door_for_a_minute() {
        let clock = Arc::new(HandClock::at(0));
        let code = SetupCode::new(clock.clone());
        let shown = code.offer();
        for left in (0..WRONG_CODES_MAX).rev() {
            assert_eq!(code.take("WRONG", admit), Err(NotIn::Wrong { left }));
        }
        assert_eq!(code.take(&shown, admit), Err(NotIn::Locked), "the right code must wait as well");
        clock.advance(LOCKED_MS);
        assert!(code.take(&shown, admit).is_ok());
    }
}
