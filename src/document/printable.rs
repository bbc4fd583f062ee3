//! The only kind of text a document can hold. An article's name comes from a file somebody sent us; on its way to a printer it must
//! not be able to open the drawer, cut the paper or turn the line around. It is made harmless here, once, where it enters.

use std::fmt;

/// Text without control, format, private or unassigned-plane characters, on one line, of bounded length.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Printable(String);

impl Printable {
    /// What is longer is cut and ends in "...": no field of a paper needs more.
    pub const CHARS_MAX: usize = 500;

    /// Tabs, line ends and odd spaces become a space, other control characters "?"; direction marks, joiners and other invisible
    /// format characters go away. A letter followed by a common accent becomes the accented letter, which more printers have.
    pub fn new(text: &str) -> Printable {
        let mut out = String::with_capacity(text.len());
        if text.len() <= Printable::CHARS_MAX && text.bytes().all(|b| (0x20..0x7f).contains(&b)) {
            out.push_str(text);
            return Printable(out);
        }
        let mut count = 0;
        for c in text.chars() {
            let Some(c) = harmless(c) else { continue };
            if let Some(composed) = out.chars().next_back().and_then(|base| compose(base, c)) {
                out.pop();
                out.push(composed);
                continue;
            }
            if count == Printable::CHARS_MAX {
                out.push_str("...");
                break;
            }
            out.push(c);
            count += 1;
        }
        Printable(out)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Printable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// `None`: leave it out.
fn harmless(c: char) -> Option<char> {
    match c {
        '\t' | '\n' | '\r' | '\u{0b}' | '\u{0c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => Some(' '),
        '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => Some(' '),
        '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}' => Some('?'),
        // Soft hyphen, joiners, direction marks and overrides, invisible operators, byte-order mark, tags.
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' => None,
        '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{fe00}'..='\u{fe0f}' | '\u{e0000}'..='\u{e0fff}' => None,
        // Private use and non-characters mean nothing to anybody else.
        '\u{e000}'..='\u{f8ff}' | '\u{fdd0}'..='\u{fdef}' | '\u{fffd}'..='\u{ffff}' | '\u{f0000}'..='\u{10ffff}' => Some('?'),
        _ => Some(c),
    }
}

/// The accented letter for a letter and a combining accent, for the letters European names use. Names exported from some systems come
/// decomposed, and no printer's code page has a combining accent.
fn compose(base: char, mark: char) -> Option<char> {
    let (letters, accented) = match mark {
        '\u{300}' => ("AEIOUaeiou", "ÀÈÌÒÙàèìòù"),
        '\u{301}' => ("AEIOUYCLNRSZaeiouyclnrsz", "ÁÉÍÓÚÝĆĹŃŔŚŹáéíóúýćĺńŕśź"),
        '\u{302}' => ("AEIOUaeiou", "ÂÊÎÔÛâêîôû"),
        '\u{303}' => ("ANOano", "ÃÑÕãñõ"),
        '\u{304}' => ("AEIUaeiu", "ĀĒĪŪāēīū"),
        '\u{306}' => ("AGag", "ĂĞăğ"),
        '\u{307}' => ("EIZez", "ĖİŻėż"),
        '\u{308}' => ("AEIOUaeiouy", "ÄËÏÖÜäëïöüÿ"),
        '\u{30a}' => ("AUau", "ÅŮåů"),
        '\u{30b}' => ("OUou", "ŐŰőű"),
        '\u{30c}' => ("CDENRSTZcdenrstz", "ČĎĚŇŘŠŤŽčďěňřšťž"),
        '\u{326}' => ("STst", "ȘȚșț"),
        '\u{327}' => ("CSTcst", "ÇŞŢçşţ"),
        '\u{328}' => ("AEIUaeiu", "ĄĘĮŲąęįų"),
        _ => return None,
    };
    letters.chars().zip(accented.chars()).find(|(letter, _)| *letter == base).map(|(_, accented)| accented)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_text_becomes_harmless() {
        let check = |input: &str, expect: &str| assert_eq!(Printable::new(input).as_str(), expect, "{input:?}");
        check("Cola", "Cola");
        check("Cola\x1bp\x00\x19\u{fa}", "Cola?p??ú");
        check("two\r\nlines\tand\u{a0}tab", "two  lines and tab");
        check("\u{202e}live\u{202c}", "live");
        check("Cafe\u{301} Ko\u{308}ln", "Café Köln");
        check("x\u{e000}y\u{10ffff}", "x?y?");
        check("q\u{301}", "q\u{301}");
        check(&"ü".repeat(600), &format!("{}...", "ü".repeat(500)));
    }
}
