//! What customers read: a text for each kind of message and language, the chain's own or else the one that comes with the program.
//!
//! A text is a file `KIND.LANGUAGE.txt`: a first line `Subject: …`, an empty line, and what is to be said. `{order}` and its like are replaced;
//! a line that names something there is none of is left out.

use std::collections::BTreeMap;
use std::path::Path;

use crate::document::Locale;

/// Kinds of messages, as [`super::super::order_messages`] makes them.
pub const KINDS: [&str; 7] = ["ready", "reminder", "delayed", "handed_over", "expired", "cancelled", "refused"];
/// Languages that come with the program. Others a chain adds by files of its own.
const BUILT_IN: [(&str, &str, &str); 14] = [
    ("delayed", "en", include_str!("texts/delayed.en.txt")),
    ("delayed", "de", include_str!("texts/delayed.de.txt")),
    ("ready", "en", include_str!("texts/ready.en.txt")),
    ("ready", "de", include_str!("texts/ready.de.txt")),
    ("reminder", "en", include_str!("texts/reminder.en.txt")),
    ("reminder", "de", include_str!("texts/reminder.de.txt")),
    ("handed_over", "en", include_str!("texts/handed_over.en.txt")),
    ("handed_over", "de", include_str!("texts/handed_over.de.txt")),
    ("expired", "en", include_str!("texts/expired.en.txt")),
    ("expired", "de", include_str!("texts/expired.de.txt")),
    ("cancelled", "en", include_str!("texts/cancelled.en.txt")),
    ("cancelled", "de", include_str!("texts/cancelled.de.txt")),
    ("refused", "en", include_str!("texts/refused.en.txt")),
    ("refused", "de", include_str!("texts/refused.de.txt")),
];
const NAMES: [&str; 6] = ["order", "store", "number", "until", "name", "link"];
const FILE_BYTES_MAX: u64 = 64 * 1024;

/// What is said of one message.
#[derive(Debug, Clone, Default)]
pub struct Values<'a> {
    pub order: &'a str,
    pub store: &'a str,
    /// "1234 5678".
    pub number: &'a str,
    pub until: &'a str,
    pub name: &'a str,
    /// The page where the customer sees how it stands.
    pub link: &'a str,
}

/// A message in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    pub subject: String,
    /// Lines end in `\n`.
    pub body: String,
}

/// All texts, checked.
#[derive(Debug, Clone)]
pub struct Texts {
    /// By kind and language.
    texts: BTreeMap<(String, String), Words>,
}

impl Default for Texts {
    fn default() -> Texts {
        let built_in = BUILT_IN.iter().map(|(kind, language, text)| {
            let words = parsed(text).unwrap_or_else(|why| panic!("{kind}.{language}.txt: {why}"));
            ((String::from(*kind), String::from(*language)), words)
        });
        Texts { texts: built_in.collect() }
    }
}

impl Texts {
    /// The texts of a folder on top of those that come with the program. The error names the file and the remedy.
    pub fn with_folder(folder: &Path) -> Result<Texts, String> {
        let mut all = Texts::default();
        let entries = std::fs::read_dir(folder).map_err(|error| format!("cannot be read: {error}"))?;
        for entry in entries {
            let path = entry.map_err(|error| format!("cannot be read: {error}"))?.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
            if !name.ends_with(".txt") {
                continue;
            }
            let parts: Vec<&str> = name.split('.').collect();
            let [kind, language, _] = parts.as_slice() else {
                return Err(format!("{name}: call it KIND.LANGUAGE.txt, for example ready.de.txt"));
            };
            if !KINDS.contains(kind) {
                return Err(format!("{name}: there is no message {kind:?}; there are {}", KINDS.join(", ")));
            }
            if !is_language(language) {
                return Err(format!("{name}: {language:?} is no language; write for example \"fr\""));
            }
            if std::fs::metadata(&path).is_ok_and(|file| file.len() > FILE_BYTES_MAX) {
                return Err(format!("{name}: more than 64 KiB; a message is short"));
            }
            let text = std::fs::read_to_string(&path).map_err(|error| format!("{name} cannot be read: {error}"))?;
            let words = parsed(&text).map_err(|why| format!("{name}: {why}"))?;
            all.texts.insert((String::from(*kind), String::from(*language)), words);
        }
        Ok(all)
    }

    /// In the customer's language if there is a text in it, else in the chain's, else in English.
    pub fn words(&self, kind: &str, language: &str, house: &str, values: &Values<'_>) -> Words {
        let of = |language: &str| self.texts.get(&(kind.to_owned(), base(language).to_owned()));
        let template = of(language).or_else(|| of(house)).or_else(|| of("en"));
        let plain = Words { subject: "{order}: ".to_owned() + kind, body: String::new() };
        let Words { subject, body } = template.unwrap_or(&plain);
        Words { subject: filled(subject, values).unwrap_or_default(), body: body_filled(body, values) }
    }

    /// The language that [`Texts::words`] takes, so that dates are written as it writes them.
    pub fn locale(&self, kind: &str, language: &str, house: &Locale) -> Locale {
        let has = self.texts.contains_key(&(kind.to_owned(), base(language).to_owned()));
        let asked = if has { Locale::from_tag(language).or_else(|| Locale::from_tag(base(language))) } else { None };
        asked.unwrap_or(*house)
    }
}

/// "de" of "de-AT".
fn base(language: &str) -> &str {
    language.split('-').next().unwrap_or_default()
}

/// A language as a channel may name it: "de", "de-AT".
pub fn is_language(text: &str) -> bool {
    let mut parts = text.split('-');
    let is_base = parts.next().is_some_and(|base| (2..=3).contains(&base.len()) && base.bytes().all(|byte| byte.is_ascii_lowercase()));
    let mut rest = parts.take(3);
    is_base && rest.all(|part| (2..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())) && text.len() <= 16
}

fn parsed(text: &str) -> Result<Words, String> {
    let text = text.trim_start_matches('\u{feff}').replace("\r\n", "\n");
    let (first, body) = text.split_once('\n').unwrap_or((&text, ""));
    let subject = first.strip_prefix("Subject:").map(str::trim).filter(|subject| !subject.is_empty());
    let subject = subject.ok_or("its first line must be \"Subject: \" and what the mail is about")?;
    let body = body.trim();
    if body.is_empty() {
        return Err("nothing is said under the subject".to_owned());
    }
    for line in std::iter::once(subject).chain(body.lines()) {
        if let Some(unknown) = names(line).find(|name| !NAMES.contains(name)) {
            return Err(format!("{{{unknown}}} is nothing we know; there are {{{}}}", NAMES.join("}, {")));
        }
    }
    Ok(Words { subject: subject.to_owned(), body: format!("{body}\n") })
}

/// What stands between braces.
fn names(line: &str) -> impl Iterator<Item = &str> {
    line.split('{').skip(1).filter_map(|rest| rest.split_once('}').map(|(name, _)| name))
}

/// `None`: it names something there is none of.
fn filled(line: &str, values: &Values<'_>) -> Option<String> {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, tail) = after.split_once('}')?;
        let value = match name {
            "order" => values.order,
            "store" => values.store,
            "number" => values.number,
            "until" => values.until,
            "link" => values.link,
            _ => values.name,
        };
        if value.is_empty() {
            return None;
        }
        out.push_str(before);
        out.push_str(value);
        rest = tail;
    }
    out.push_str(rest);
    Some(out)
}

/// With the lines that say nothing left out, and no more than one empty line in a row.
fn body_filled(body: &str, values: &Values<'_>) -> String {
    let mut out = String::new();
    for line in body.lines().filter_map(|line| filled(line, values)) {
        if line.is_empty() && (out.is_empty() || out.ends_with("\n\n")) {
            continue;
        }
        out.push_str(&line);
        out.push('\n');
    }
    out.truncate(out.trim_end().len());
    out.push('\n');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_said_in_every_language_that_comes_with_the_program() {
        let texts = Texts::default();
        let values = Values {
            order: "K1",
            store: "Berlin",
            number: "1234 5678",
            until: "1 May, 18:00",
            name: "Zoë",
            link: "https://x.example/o/abc",
        };
        for kind in KINDS {
            let (en, de) = (texts.words(kind, "en", "en", &values), texts.words(kind, "de-AT", "en", &values));
            assert_ne!(en, de, "{kind}");
            for words in [&en, &de] {
                assert!(words.subject.contains("K1") && words.body.contains("Berlin") && words.body.contains("Zoë"), "{kind}: {words:?}");
                assert!(!words.body.contains(['{', '}']), "{kind}: {words:?}");
            }
            assert!(en.body.contains("https://x.example/o/abc") && de.body.contains("https://x.example/o/abc"), "{kind}");
            let has_code = en.body.contains("1234 5678") && de.body.contains("1234 5678");
            assert_eq!(has_code, matches!(kind, "ready" | "reminder"), "{kind}");
        }
    }

    #[test]
    fn a_line_that_names_what_there_is_none_of_is_left_out() {
        let words = Texts::default().words("cancelled", "fr", "en", &Values { order: "K1", store: "Berlin", ..Values::default() });
        assert_eq!(words.subject, "Your order K1 is cancelled");
        assert_eq!(words.body, "your order K1 at Berlin is cancelled. There is nothing to collect.\n");
    }

    #[test]
    fn a_folder_adds_and_replaces_and_every_fault_is_named() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("ready.fr.txt"), "Subject: {order} est prête\r\n\r\nBonjour {name}\r\n").unwrap();
        std::fs::write(folder.path().join("notes.md"), "not ours").unwrap();
        let texts = Texts::with_folder(folder.path()).unwrap();
        let words = texts.words("ready", "fr", "en", &Values { order: "K1", name: "Zoë", ..Values::default() });
        assert_eq!(words, Words { subject: "K1 est prête".to_owned(), body: "Bonjour Zoë\n".to_owned() });
        for (name, text, says) in [
            ("soon.en.txt", "Subject: x\n\nx", "no message \"soon\""),
            ("ready.txt", "Subject: x\n\nx", "KIND.LANGUAGE.txt"),
            ("ready.English.txt", "Subject: x\n\nx", "no language"),
            ("ready.it.txt", "Ciao\n\nx", "Subject: "),
            ("ready.it.txt", "Subject: x\n\n", "nothing is said"),
            ("ready.it.txt", "Subject: x\n\n{prezzo}", "{prezzo}"),
        ] {
            std::fs::write(folder.path().join(name), text).unwrap();
            let error = Texts::with_folder(folder.path()).unwrap_err();
            assert!(error.contains(says) && error.contains(name), "{error}");
            std::fs::remove_file(folder.path().join(name)).unwrap();
        }
    }
}
