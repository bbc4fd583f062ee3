//! Code pages: which byte from 80h up stands for which character. Which number a printer gives a page is its profile's business; below
//! 80h all pages are ASCII. Hebrew and Arabic pages are left out on purpose: without bidirectional layout their text would read backwards.

use serde::{Deserialize, Serialize};

/// A page by the name printer manuals use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum CodePage {
    #[serde(rename = "PC437")]
    Pc437,
    #[serde(rename = "Katakana")]
    Katakana,
    #[serde(rename = "PC850")]
    Pc850,
    #[serde(rename = "PC860")]
    Pc860,
    #[serde(rename = "PC863")]
    Pc863,
    #[serde(rename = "PC865")]
    Pc865,
    #[serde(rename = "PC858")]
    Pc858,
    #[serde(rename = "WPC1252")]
    Wpc1252,
    #[serde(rename = "PC852")]
    Pc852,
    #[serde(rename = "PC866")]
    Pc866,
    #[serde(rename = "PC857")]
    Pc857,
    #[serde(rename = "PC737")]
    Pc737,
    #[serde(rename = "PC775")]
    Pc775,
    #[serde(rename = "PC855")]
    Pc855,
    #[serde(rename = "WPC1250")]
    Wpc1250,
    #[serde(rename = "WPC1251")]
    Wpc1251,
    #[serde(rename = "WPC1253")]
    Wpc1253,
    #[serde(rename = "WPC1254")]
    Wpc1254,
    #[serde(rename = "WPC1257")]
    Wpc1257,
    #[serde(rename = "ISO8859-2")]
    Iso8859_2,
    #[serde(rename = "ISO8859-7")]
    Iso8859_7,
    #[serde(rename = "ISO8859-15")]
    Iso8859_15,
}

impl CodePage {
    pub const ALL: [CodePage; 22] = [
        CodePage::Pc437,
        CodePage::Katakana,
        CodePage::Pc850,
        CodePage::Pc860,
        CodePage::Pc863,
        CodePage::Pc865,
        CodePage::Pc858,
        CodePage::Wpc1252,
        CodePage::Pc852,
        CodePage::Pc866,
        CodePage::Pc857,
        CodePage::Pc737,
        CodePage::Pc775,
        CodePage::Pc855,
        CodePage::Wpc1250,
        CodePage::Wpc1251,
        CodePage::Wpc1253,
        CodePage::Wpc1254,
        CodePage::Wpc1257,
        CodePage::Iso8859_2,
        CodePage::Iso8859_7,
        CodePage::Iso8859_15,
    ];

    /// As printer manuals write it.
    pub const fn name(self) -> &'static str {
        match self {
            CodePage::Pc437 => "PC437",
            CodePage::Katakana => "Katakana",
            CodePage::Pc850 => "PC850",
            CodePage::Pc860 => "PC860",
            CodePage::Pc863 => "PC863",
            CodePage::Pc865 => "PC865",
            CodePage::Pc858 => "PC858",
            CodePage::Wpc1252 => "WPC1252",
            CodePage::Pc852 => "PC852",
            CodePage::Pc866 => "PC866",
            CodePage::Pc857 => "PC857",
            CodePage::Pc737 => "PC737",
            CodePage::Pc775 => "PC775",
            CodePage::Pc855 => "PC855",
            CodePage::Wpc1250 => "WPC1250",
            CodePage::Wpc1251 => "WPC1251",
            CodePage::Wpc1253 => "WPC1253",
            CodePage::Wpc1254 => "WPC1254",
            CodePage::Wpc1257 => "WPC1257",
            CodePage::Iso8859_2 => "ISO8859-2",
            CodePage::Iso8859_7 => "ISO8859-7",
            CodePage::Iso8859_15 => "ISO8859-15",
        }
    }

    /// The byte of a character, 20h to 7Eh or 80h and up; `None` when the page has no such character.
    pub fn byte(self, c: char) -> Option<u8> {
        if (' '..='~').contains(&c) {
            return u8::try_from(c).ok();
        }
        if c < '\u{80}' || c == MISSING {
            return None;
        }
        let at = self.upper().chars().position(|held| held == c)?;
        u8::try_from(0x80 + at).ok()
    }

    /// The character of a byte; `None` for a control character or a place the page leaves empty.
    pub fn char(self, byte: u8) -> Option<char> {
        match byte {
            0x20..=0x7e => Some(char::from(byte)),
            0x80.. => self.upper().chars().nth(usize::from(byte - 0x80)).filter(|c| *c != MISSING),
            0x00..=0x1f | 0x7f => None,
        }
    }

    /// The 128 characters of 80h to FFh.
    const fn upper(self) -> &'static str {
        match self {
            CodePage::Pc437 => PC437,
            CodePage::Katakana => KATAKANA,
            CodePage::Pc850 => PC850,
            CodePage::Pc860 => PC860,
            CodePage::Pc863 => PC863,
            CodePage::Pc865 => PC865,
            CodePage::Pc858 => PC858,
            CodePage::Wpc1252 => WPC1252,
            CodePage::Pc852 => PC852,
            CodePage::Pc866 => PC866,
            CodePage::Pc857 => PC857,
            CodePage::Pc737 => PC737,
            CodePage::Pc775 => PC775,
            CodePage::Pc855 => PC855,
            CodePage::Wpc1250 => WPC1250,
            CodePage::Wpc1251 => WPC1251,
            CodePage::Wpc1253 => WPC1253,
            CodePage::Wpc1254 => WPC1254,
            CodePage::Wpc1257 => WPC1257,
            CodePage::Iso8859_2 => ISO8859_2,
            CodePage::Iso8859_7 => ISO8859_7,
            CodePage::Iso8859_15 => ISO8859_15,
        }
    }
}

/// Stands in the tables where a page has nothing.
const MISSING: char = '\u{fffd}';

const PC437: &str = "\
    ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐\
    └┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}";
const KATAKANA: &str = "\
    ���������������������������������｡｢｣､･ｦｧｨｩｪｫｬｭｮｯｰｱｲｳｴｵｶｷｸｹｺｻｼｽｾｿ\
    ﾀﾁﾂﾃﾄﾅﾆﾇﾈﾉﾊﾋﾌﾍﾎﾏﾐﾑﾒﾓﾔﾕﾖﾗﾘﾙﾚﾛﾜﾝﾞﾟ��������������������������������";
const PC850: &str = "\
    ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø×ƒáíóúñÑªº¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐\
    └┴┬├─┼ãÃ╚╔╩╦╠═╬¤ðÐÊËÈıÍÎÏ┘┌█▄¦Ì▀ÓßÔÒõÕµþÞÚÛÙýÝ¯´�±‗¾¶§÷¸°¨·¹³²■\u{a0}";
const PC860: &str = "\
    ÇüéâãàÁçêÊèÍÔìÃÂÉÀÈôõòÚùÌÕÜ¢£Ù₧ÓáíóúñÑªº¿Ò¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐\
    └┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}";
const PC863: &str = "\
    ÇüéâÂà¶çêëèïî‗À§ÉÈÊôËÏûù¤ÔÜ¢£ÙÛƒ¦´óú¨¸³¯Î⌐¬½¼¾«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐\
    └┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}";
const PC865: &str = "\
    ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø₧ƒáíóúñÑªº¿⌐¬½¼¡«¤░▒▓│┤╡╢╖╕╣║╗╝╜╛┐\
    └┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}";
const PC858: &str = "\
    ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø×ƒáíóúñÑªº¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐\
    └┴┬├─┼ãÃ╚╔╩╦╠═╬¤ðÐÊËÈ€ÍÎÏ┘┌█▄¦Ì▀ÓßÔÒõÕµþÞÚÛÙýÝ¯´�±‗¾¶§÷¸°¨·¹³²■\u{a0}";
const WPC1252: &str = "\
    €�‚ƒ„…†‡ˆ‰Š‹Œ�Ž��‘’“”•–—˜™š›œ�žŸ\u{a0}¡¢£¤¥¦§¨©ª«¬�®¯°±²³´µ¶·¸¹º»¼½¾¿\
    ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖ×ØÙÚÛÜÝÞßàáâãäåæçèéêëìíîïðñòóôõö÷øùúûüýþÿ";
const PC852: &str = "\
    ÇüéâäůćçłëŐőîŹÄĆÉĹĺôöĽľŚśÖÜŤťŁ×čáíóúĄąŽžĘę¬źČş«»░▒▓│┤ÁÂĚŞ╣║╗╝Żż┐\
    └┴┬├─┼Ăă╚╔╩╦╠═╬¤đĐĎËďŇÍÎě┘┌█▄ŢŮ▀ÓßÔŃńňŠšŔÚŕŰýÝţ´�˝˛ˇ˘§÷¸°¨˙űŘř■\u{a0}";
const PC866: &str = "\
    АБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯабвгдежзийклмноп░▒▓│┤╡╢╖╕╣║╗╝╜╛┐\
    └┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀рстуфхцчшщъыьэюяЁёЄєЇїЎў°∙·√№¤■\u{a0}";
const PC857: &str = "\
    ÇüéâäàåçêëèïîıÄÅÉæÆôöòûùİÖÜø£ØŞşáíóúñÑĞğ¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐\
    └┴┬├─┼ãÃ╚╔╩╦╠═╬¤ºªÊËÈ�ÍÎÏ┘┌█▄¦Ì▀ÓßÔÒõÕµ�×ÚÛÙìÿ¯´�±�¾¶§÷¸°¨·¹³²■\u{a0}";
const PC737: &str = "\
    ΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩαβγδεζηθικλμνξοπρσςτυφχψ░▒▓│┤╡╢╖╕╣║╗╝╜╛┐\
    └┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀ωάέήϊίόύϋώΆΈΉΊΌΎΏ±≥≤ΪΫ÷≈°∙·√ⁿ²■\u{a0}";
const PC775: &str = "\
    ĆüéāäģåćłēŖŗīŹÄÅÉæÆōöĢ¢ŚśÖÜø£Ø×¤ĀĪóŻżź”¦©®¬½¼Ł«»░▒▓│┤ĄČĘĖ╣║╗╝ĮŠ┐\
    └┴┬├─┼ŲŪ╚╔╩╦╠═╬Žąčęėįšųūž┘┌█▄▌▐▀ÓßŌŃõÕµńĶķĻļņĒŅ’�±“¾¶§÷„°∙·¹³²■\u{a0}";
const PC855: &str = "\
    ђЂѓЃёЁєЄѕЅіІїЇјЈљЉњЊћЋќЌўЎџЏюЮъЪаАбБцЦдДеЕфФгГ«»░▒▓│┤хХиИ╣║╗╝йЙ┐\
    └┴┬├─┼кК╚╔╩╦╠═╬¤лЛмМнНоОп┘┌█▄Пя▀ЯрРсСтТуУжЖвВьЬ№�ыЫзЗшШэЭщЩчЧ§■\u{a0}";
const WPC1250: &str = "\
    €�‚�„…†‡�‰Š‹ŚŤŽŹ�‘’“”•–—�™š›śťžź\u{a0}ˇ˘Ł¤Ą¦§¨©Ş«¬�®Ż°±˛ł´µ¶·¸ąş»Ľ˝ľż\
    ŔÁÂĂÄĹĆÇČÉĘËĚÍÎĎĐŃŇÓÔŐÖ×ŘŮÚŰÜÝŢßŕáâăäĺćçčéęëěíîďđńňóôőö÷řůúűüýţ˙";
const WPC1251: &str = "\
    ЂЃ‚ѓ„…†‡€‰Љ‹ЊЌЋЏђ‘’“”•–—�™љ›њќћџ\u{a0}ЎўЈ¤Ґ¦§Ё©Є«¬�®Ї°±Ііґµ¶·ё№є»јЅѕї\
    АБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯабвгдежзийклмнопрстуфхцчшщъыьэюя";
const WPC1253: &str = "\
    €�‚ƒ„…†‡�‰�‹�����‘’“”•–—�™�›����\u{a0}΅Ά£¤¥¦§¨©�«¬�®―°±²³΄µ¶·ΈΉΊ»Ό½ΎΏ\
    ΐΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡ�ΣΤΥΦΧΨΩΪΫάέήίΰαβγδεζηθικλμνξοπρςστυφχψωϊϋόύώ�";
const WPC1254: &str = "\
    €�‚ƒ„…†‡ˆ‰Š‹Œ����‘’“”•–—˜™š›œ��Ÿ\u{a0}¡¢£¤¥¦§¨©ª«¬�®¯°±²³´µ¶·¸¹º»¼½¾¿\
    ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏĞÑÒÓÔÕÖ×ØÙÚÛÜİŞßàáâãäåæçèéêëìíîïğñòóôõö÷øùúûüışÿ";
const WPC1257: &str = "\
    €�‚�„…†‡�‰�‹�¨ˇ¸�‘’“”•–—�™�›�¯˛�\u{a0}�¢£¤�¦§Ø©Ŗ«¬�®Æ°±²³´µ¶·ø¹ŗ»¼½¾æ\
    ĄĮĀĆÄÅĘĒČÉŹĖĢĶĪĻŠŃŅÓŌÕÖ×ŲŁŚŪÜŻŽßąįāćäåęēčéźėģķīļšńņóōõö÷ųłśūüżž˙";
const ISO8859_2: &str = "\
    ��������������������������������\u{a0}Ą˘Ł¤ĽŚ§¨ŠŞŤŹ�ŽŻ°ą˛ł´ľśˇ¸šşťź˝žż\
    ŔÁÂĂÄĹĆÇČÉĘËĚÍÎĎĐŃŇÓÔŐÖ×ŘŮÚŰÜÝŢßŕáâăäĺćçčéęëěíîďđńňóôőö÷řůúűüýţ˙";
const ISO8859_7: &str = "\
    ��������������������������������\u{a0}‘’£€₯¦§¨©ͺ«¬��―°±²³΄΅Ά·ΈΉΊ»Ό½ΎΏ\
    ΐΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡ�ΣΤΥΦΧΨΩΪΫάέήίΰαβγδεζηθικλμνξοπρςστυφχψωϊϋόύώ�";
const ISO8859_15: &str = "\
    ��������������������������������\u{a0}¡¢£€¥Š§š©ª«¬�®¯°±²³Žµ¶·ž¹º»ŒœŸ¿\
    ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖ×ØÙÚÛÜÝÞßàáâãäåæçèéêëìíîïðñòóôõö÷øùúûüýþÿ";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_has_128_places_and_reads_back() {
        for page in CodePage::ALL {
            assert_eq!(page.upper().chars().count(), 128, "{page:?}");
            for byte in 0x20..=0xff {
                if let Some(c) = page.char(byte) {
                    assert_eq!(page.byte(c), Some(byte), "{page:?} {byte:02x} {c}");
                }
            }
            for control in (0..0x20).chain([0x7f]) {
                assert_eq!(page.char(control), None);
                assert_eq!(page.byte(char::from(control)), None);
            }
        }
    }

    #[test]
    fn the_euro_is_where_the_manuals_say() {
        assert_eq!(CodePage::Pc858.byte('€'), Some(0xd5));
        assert_eq!(CodePage::Wpc1252.byte('€'), Some(0x80));
        assert_eq!(CodePage::Pc437.byte('€'), None);
        assert_eq!(CodePage::Pc866.byte('Ж'), Some(0x86));
        assert_eq!(CodePage::Katakana.byte('ｱ'), Some(0xb1));
    }
}
