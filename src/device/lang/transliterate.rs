//! Letters a device has no glyph for, in letters it has: "Käse" as "Kaese", "Щи" as "Shchi". Good enough to recognise an article by; never used
//! while the device can show the real thing. One table for printers and customer displays.

use crate::document::char_width;

/// ASCII for a character: "" for a mark that may be left out, `None` when there is nothing sensible.
pub fn transliterate(c: char) -> Option<&'static str> {
    if matches!(c, 'Ъ' | 'ъ' | 'Ь' | 'ь') || char_width(c) == 0 {
        return Some("");
    }
    if let Some(ascii) = full_width(c) {
        return Some(ascii);
    }
    LETTERS.iter().chain(&SIGNS).find(|(_, chars)| chars.contains(c)).map(|(ascii, _)| *ascii)
}

/// All of `text` in ASCII; what has no transliteration becomes "?".
pub fn to_ascii(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            ' '..='~' => out.push(c),
            _ => out.push_str(transliterate(c).unwrap_or("?")),
        }
    }
    out
}

/// The wide forms of ASCII in East Asian text.
fn full_width(c: char) -> Option<&'static str> {
    const ASCII: &str = "!\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~";
    let at = usize::try_from(u32::from(c).checked_sub(0xff01)?).ok()?;
    ASCII.get(at..=at)
}

const LETTERS: [(&str, &str); 101] = [
    ("'n", "ŉ"),
    ("A", "ÀÁÂÃÅĀĂĄẠẢẤẦẨẪẬẮẰẲẴẶǍАΑΆ"),
    ("a", "àáâãåāăąạảấầẩẫậắằẳẵặǎаαά"),
    ("AE", "Æ"),
    ("Ae", "Ä"),
    ("ae", "äæ"),
    ("B", "Б"),
    ("b", "б"),
    ("C", "ÇĆĈĊČЋ"),
    ("c", "çćĉċčћ"),
    ("Ch", "ЧΧ"),
    ("ch", "чχ"),
    ("D", "ÐĎĐДΔ"),
    ("d", "ðďđдδ"),
    ("Dj", "Ђ"),
    ("dj", "ђ"),
    ("Dz", "ЏЅ"),
    ("dz", "џѕ"),
    ("E", "ÈÉÊËĒĔĖĘĚẸẺẼẾỀỂỄỆЕЭΕΈ"),
    ("e", "èéêëēĕėęěẹẻẽếềểễệеэεέ"),
    ("F", "ФΦ"),
    ("f", "фφ"),
    ("G", "ĜĞĠĢГҐΓ"),
    ("g", "ĝğġģгґγ"),
    ("Gj", "Ѓ"),
    ("gj", "ѓ"),
    ("H", "ĤĦ"),
    ("h", "ĥħ"),
    ("I", "ÌÍÎÏĨĪĬĮİỈỊǏИІΗΙΉΊΪ"),
    ("i", "ìíîïĩīĭįıỉịǐиіηιήίϊΐ"),
    ("IJ", "Ĳ"),
    ("ij", "ĳ"),
    ("J", "ĴЈ"),
    ("j", "ĵј"),
    ("K", "ĶКΚ"),
    ("k", "ķĸкκ"),
    ("Kh", "Х"),
    ("kh", "х"),
    ("Kj", "Ќ"),
    ("kj", "ќ"),
    ("L", "ĹĻĽĿŁЛΛ"),
    ("l", "ĺļľŀłлλ"),
    ("Lj", "Љ"),
    ("lj", "љ"),
    ("M", "МΜ"),
    ("m", "мμ"),
    ("N", "ÑŃŅŇŊНΝ"),
    ("n", "ñńņňŋнν"),
    ("Nj", "Њ"),
    ("nj", "њ"),
    ("O", "ÒÓÔÕØŌŎŐỌỎỐỒỔỖỘỚỜỞỠỢƠǑОΟΩΌΏ"),
    ("o", "òóôõøōŏőọỏốồổỗộớờởỡợơǒоοωόώ"),
    ("OE", "Œ"),
    ("Oe", "Ö"),
    ("oe", "öœ"),
    ("P", "ПΠ"),
    ("p", "пπ"),
    ("Ps", "Ψ"),
    ("ps", "ψ"),
    ("R", "ŔŖŘРΡ"),
    ("r", "ŕŗřрρ"),
    ("S", "ŚŜŞŠȘСΣ"),
    ("s", "śŝşšſșсσς"),
    ("Sh", "Ш"),
    ("sh", "ш"),
    ("Shch", "Щ"),
    ("shch", "щ"),
    ("SS", "ẞ"),
    ("ss", "ß"),
    ("T", "ŢŤŦȚТΤ"),
    ("t", "ţťŧțтτ"),
    ("Th", "ÞΘ"),
    ("th", "þθ"),
    ("Ts", "Ц"),
    ("ts", "ц"),
    ("U", "ÙÚÛŨŪŬŮŰŲỤỦỨỪỬỮỰƯǓǕǗǙǛУЎ"),
    ("u", "ùúûũūŭůűųụủứừửữựưǔǖǘǚǜуў"),
    ("Ue", "Ü"),
    ("ue", "ü"),
    ("V", "ВΒ"),
    ("v", "вβ"),
    ("W", "ŴẀẂẄ"),
    ("w", "ŵẁẃẅ"),
    ("X", "Ξ"),
    ("x", "ξ"),
    ("Y", "ÝŶŸỲỴỶỸЙЫΥΎΫ"),
    ("y", "ýÿŷỳỵỷỹйыυύϋΰ"),
    ("Ya", "Я"),
    ("ya", "я"),
    ("Ye", "Є"),
    ("ye", "є"),
    ("Yi", "Ї"),
    ("yi", "ї"),
    ("Yo", "Ё"),
    ("yo", "ё"),
    ("Yu", "Ю"),
    ("yu", "ю"),
    ("Z", "ŹŻŽЗΖ"),
    ("z", "źżžзζ"),
    ("Zh", "Ж"),
    ("zh", "ж"),
];

const SIGNS: [(&str, &str); 34] = [
    ("-", "‐‑‒–—―−⁃"),
    ("'", "‘’‚‛′´ʼ"),
    ("\"", "“”„‟″"),
    ("...", "…"),
    ("*", "•·∙×★☆"),
    ("/", "÷⁄"),
    ("EUR", "€"),
    ("GBP", "£"),
    ("JPY", "¥"),
    ("c", "¢"),
    ("o", "º°"),
    ("a", "ª"),
    ("(c)", "©"),
    ("(R)", "®"),
    ("(TM)", "™"),
    ("<<", "«"),
    (">>", "»"),
    ("<", "‹"),
    (">", "›"),
    ("+-", "±"),
    ("1/2", "½"),
    ("1/4", "¼"),
    ("3/4", "¾"),
    ("1", "¹"),
    ("2", "²"),
    ("3", "³"),
    ("No", "№"),
    ("!", "¡"),
    ("?", "¿"),
    ("u", "µμ"),
    ("|", "¦"),
    ("%o", "‰"),
    ("S", "§"),
    ("P", "¶"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_recognisable() {
        let check = |text: &str, ascii: &str| assert_eq!(to_ascii(text), ascii);
        check("Käse Müller ß", "Kaese Mueller ss");
        check("Żubrówka", "Zubrowka");
        check("Борщ", "Borshch");
        check("Φέτα", "Feta");
        check("10 € – „neu“", "10 EUR - \"neu\"");
        check("ＣＯＬＡ", "COLA");
        check("東京", "??");
        check("e\u{301}", "e");
    }

    #[test]
    fn the_tables_hold_only_printable_ascii() {
        for (ascii, chars) in LETTERS.iter().chain(&SIGNS) {
            assert!(ascii.bytes().all(|b| (0x20..0x7f).contains(&b)), "{ascii:?} {chars}");
            assert!(chars.chars().all(|c| !(' '..='~').contains(&c)), "{ascii:?} {chars}");
        }
    }
}
