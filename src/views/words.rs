//! What counts as a word of an article's name, and when two are the same: case and accents are folded, so that "creme", "CRÈME" and
//! "Crème" find each other. Not a linguist: no stemming, no transliteration between scripts, no Unicode tables beyond the ones below.

/// Longer words are cut: nobody types more of one.
pub const WORD_CHARS_MAX: usize = 24;
/// More words of a name are not indexed.
pub const WORDS_PER_NAME_MAX: usize = 40;

/// Letters that a customer's keyboard may lack, and what is typed instead. The umlauts' second spelling is in [`words`].
const FOLDED: &[(&str, &str)] = &[
    ("a", "àáâãäåāăąǎạảấầẩẫậắằẳẵặ"),
    ("ae", "æ"),
    ("c", "çćĉċč"),
    ("d", "ďđð"),
    ("e", "èéêëēĕėęěẹẻẽếềểễệ"),
    ("g", "ĝğġģ"),
    ("h", "ĥħ"),
    ("i", "ìíîïĩīĭįıỉị"),
    ("ij", "ĳ"),
    ("j", "ĵ"),
    ("k", "ķĸ"),
    ("l", "ĺļľŀł"),
    ("n", "ñńņňŉŋ"),
    ("o", "òóôõöøōŏőơọỏốồổỗộớờởỡợ"),
    ("oe", "œ"),
    ("r", "ŕŗř"),
    ("s", "śŝşšșſ"),
    ("ss", "ß"),
    ("t", "ţťŧț"),
    ("th", "þ"),
    ("u", "ùúûüũūŭůűųưụủứừửữự"),
    ("w", "ŵẁẃẅ"),
    ("y", "ýÿŷỳỵỷỹ"),
    ("z", "źżž"),
    ("е", "ё"),
    ("и", "й"),
    ("і", "ї"),
    ("α", "ά"),
    ("ε", "έ"),
    ("η", "ή"),
    ("ι", "ίϊΐ"),
    ("ο", "ό"),
    ("σ", "ς"),
    ("υ", "ύϋΰ"),
    ("ω", "ώ"),
];

/// The words of a name, folded, each once, in order of appearance. A word with umlauts counts in both spellings ("muller", "mueller");
/// scripts without spaces give a word from every character on.
pub fn words(name: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for word in split(name) {
        let umlauts = spelled_out(&word);
        let folded = fold(&word);
        if is_unspaced(&folded) {
            let starts = folded.char_indices().map(|(at, _)| folded[at..].to_owned());
            starts.for_each(|tail| push_word(&mut found, tail));
        } else {
            push_word(&mut found, folded);
        }
        if let Some(umlauts) = umlauts {
            push_word(&mut found, fold(&umlauts));
        }
    }
    found
}

/// What someone typed, as words to look for.
pub fn query_words(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for word in split(text) {
        push_word(&mut found, fold(&word));
    }
    found
}

fn push_word(found: &mut Vec<String>, word: String) {
    let word: String = word.chars().take(WORD_CHARS_MAX).collect();
    if !word.is_empty() && found.len() < WORDS_PER_NAME_MAX && !found.contains(&word) {
        found.push(word);
    }
}

/// Lower-case runs of letters and digits. A number and the letters behind it are one word ("500g").
fn split(text: &str) -> Vec<String> {
    let is_mark = |c: char| ('\u{300}'..='\u{36f}').contains(&c);
    let runs = text.split(|c: char| !c.is_alphanumeric() && !is_mark(c)).filter(|run| !run.is_empty());
    runs.map(|run| recomposed(run).to_lowercase()).collect()
}

/// A letter followed by its diaeresis as a separate mark becomes the one letter, so that both spellings of umlauts are found; other
/// marks are dropped.
fn recomposed(run: &str) -> String {
    let mut out = String::with_capacity(run.len());
    for c in run.chars() {
        match (c, out.chars().last()) {
            ('\u{308}', Some(last)) if "aouAOU".contains(last) => {
                out.pop();
                out.push(match last {
                    'a' => 'ä',
                    'o' => 'ö',
                    'u' => 'ü',
                    'A' => 'Ä',
                    'O' => 'Ö',
                    _ => 'Ü',
                });
            }
            ('\u{300}'..='\u{36f}', _) => {}
            _ => out.push(c),
        }
    }
    out
}

fn fold(word: &str) -> String {
    let mut out = String::with_capacity(word.len());
    for c in word.chars() {
        if c.is_ascii() {
            out.push(c);
        } else {
            match FOLDED.iter().find(|(_, letters)| letters.contains(c)) {
                Some((base, _)) => out.push_str(base),
                // What lower-casing leaves behind of a Turkish İ.
                None if ('\u{300}'..='\u{36f}').contains(&c) => {}
                None => out.push(c),
            }
        }
    }
    out
}

fn spelled_out(word: &str) -> Option<String> {
    let has_umlaut = word.contains(['ä', 'ö', 'ü', 'å', 'ø']);
    has_umlaut.then(|| word.replace('ä', "ae").replace(['ö', 'ø'], "oe").replace('ü', "ue").replace('å', "aa"))
}

/// Han, Kana and Thai are written without spaces between words.
fn is_unspaced(word: &str) -> bool {
    word.chars().any(|c| matches!(c, '\u{e00}'..='\u{e7f}' | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_fold() {
        let check = |name: &str, expected: &str| assert_eq!(words(name).join(" "), expected, "{name:?}");
        check("Crème brûlée, 2×100 g", "creme brulee 2 100 g");
        check("MÜLLER Milch 3,5% 1L", "muller mueller milch 3 5 1l");
        check("Mu\u{308}ller", "muller mueller");
        check("Weißbier Weizen-Bier WEIZEN", "weissbier weizen bier");
        check("Ёлка ёж Чай", "елка еж чаи");
        check("Smørrebrød Łódź İstanbul", "smorrebrod smoerrebroed lodz istanbul");
        check("Φέτα ΤΥΡΊ Ελλάς", "φετα τυρι ελλασ");
        check("绿茶 500ml", "绿茶 茶 500ml");
        check("Phở bò", "pho bo");
        check("", "");
        check("---", "");
        assert_eq!(words(&"x".repeat(100)), ["x".repeat(WORD_CHARS_MAX)]);
        assert_eq!(words(&(0..100).map(|n| format!("w{n} ")).collect::<String>()).len(), WORDS_PER_NAME_MAX);
        assert_eq!(query_words("Müller mi"), ["muller", "mi"]);
    }
}
