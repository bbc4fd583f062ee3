//! Passwords of people at head office: what one may be, how it is kept (argon2id, as PINs are), and how one is made. Calculations only.

use crate::sync::staff;

pub const CHARS_MIN: usize = 12;
pub const CHARS_MAX: usize = 128;
/// Of those, at least so many different ones: "aaaaaaaaaaaa" is no password.
const DIFFERENT_MIN: usize = 6;
/// Without what is mistaken for something else; 32 of them, so that five bits choose one.
const ALPHABET: &[u8; 32] = b"23456789abcdefghjkmnpqrstuvwxyz1";
const GROUPS: usize = 4;
const GROUP_CHARS: usize = 5;

/// What is wrong with a password, for the person who chose it. Never repeats it.
pub fn check(password: &str, login: &str) -> Result<(), String> {
    let chars = password.chars().count();
    if !(CHARS_MIN..=CHARS_MAX).contains(&chars) {
        return Err(format!("a password has {CHARS_MIN} to {CHARS_MAX} characters: take a few words"));
    }
    let mut different: Vec<char> = password.chars().collect();
    different.sort_unstable();
    different.dedup();
    if different.len() < DIFFERENT_MIN {
        return Err(format!("a password has at least {DIFFERENT_MIN} different characters"));
    }
    if login.chars().count() >= 4 && password.to_lowercase().contains(&login.to_lowercase()) {
        return Err("a password does not hold the name one signs in by".to_owned());
    }
    Ok(())
}

/// Compared with where there is no such person. Made of nothing anybody knows.
const NOBODYS: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5IGhhcyBpdA$2Yw8gq9tFfVYk4JpO0c8v3m1z1lq0u3mJc0sN5Y2m7o";

/// In PHC form. Takes tens of milliseconds: on a thread that may block.
pub fn hash(password: &str) -> String {
    let mut salt = [0u8; 16];
    getrandom::fill(&mut salt).expect("the kernel gives random bytes");
    staff::hash_pin(password, &salt)
}

/// As slow as [`hash`], also when there is no hash to compare with: how long it takes tells nobody whether there is such a person.
pub fn is_right(password: &str, hash: Option<&str>) -> bool {
    let is_right = staff::is_pin(password, hash.unwrap_or(NOBODYS));
    is_right && hash.is_some()
}

/// A new one: 100 random bits, easily read out.
pub fn generate() -> String {
    let mut bytes = [0u8; GROUPS * GROUP_CHARS];
    getrandom::fill(&mut bytes).expect("the kernel gives random bytes");
    let groups =
        bytes.chunks(GROUP_CHARS).map(|group| group.iter().map(|byte| ALPHABET[usize::from(byte & 31)] as char).collect::<String>());
    groups.collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_easy_is_named_and_never_repeated() {
        let check = |password: &str, says: &str| {
            let why = check(password, "anna").unwrap_err();
            assert!(why.contains(says) && !why.contains(password), "{why}");
        };
        check("short", "12 to 128");
        check(&"x".repeat(129), "12 to 128");
        check("abababababab", "6 different");
        check("correct-ANNA-battery", "signs in by");
        assert!(super::check("correct horse battery", "anna").is_ok());
    }

    #[test]
    fn a_password_is_known_by_its_hash_alone_and_nobody_costs_as_much() {
        let kept = hash("correct horse battery");
        assert!(kept.starts_with("$argon2id$") && !kept.contains("horse"));
        assert!(is_right("correct horse battery", Some(&kept)) && !is_right("correct horse", Some(&kept)));
        assert!(!is_right("anything", None));
        let made = generate();
        assert!(super::check(&made, "anna").is_ok() && made.len() == 23 && made != generate(), "{made}");
    }

    #[test]
    fn the_hash_that_is_nobodys_is_really_calculated_with() {
        use argon2::password_hash::phc::PasswordHash;
        let nobodys = hash("x");
        let (ours, made) = (PasswordHash::new(NOBODYS).unwrap(), PasswordHash::new(&nobodys).unwrap());
        assert_eq!((ours.algorithm, ours.params), (made.algorithm, made.params));
    }
}
