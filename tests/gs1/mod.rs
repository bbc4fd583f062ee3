//! What a scan means, seen from the till: vectors first, then whatever bytes may come.

mod table;

use counterfoil::gs1::{
    AimId, BadScan, CodeRules, Elements, EmbeddedValue, Gtin, Meaning, RestrictedRule, SCAN_BYTES_MAX, Scan, interpret, shown,
};
use counterfoil::money::Currency;
use jiff::civil::{Date, date};
use proptest::prelude::*;

const TODAY: Date = date(2026, 3, 14);

/// Scans `input` (an AIM identifier in front or not, {GS} for FNC1) in a German shop and compares what it means.
fn check(input: &str, expect: &str) {
    check_in("DE", "EUR", input, expect);
}

fn check_in(country: &str, currency: &str, input: &str, expect: &str) {
    let scan = Scan::from_frame(input.replace("{GS}", "\x1d").as_bytes(), true).unwrap();
    assert_eq!(told(&interpret(&scan, &rules(country, currency), TODAY)), expect, "scanned {input:?} in {country}");
}

fn rules(country: &str, currency: &str) -> CodeRules {
    CodeRules::for_country(country, Currency::from_code(currency).unwrap())
}

fn told(meaning: &Meaning) -> String {
    match meaning {
        Meaning::Article(code) => {
            let keys: Vec<&str> = code.keys.iter().map(Gtin::as_str).collect();
            let mut text = format!("article {}", keys.join(" or "));
            let mut say = |name: &str, value: Option<String>| text.extend(value.map(|value| format!(" {name}={value}")));
            say("text", code.text.clone());
            say("batch", code.batch.clone());
            say("serial", code.serial.clone());
            say("expiry", code.expiry.map(|d| d.to_string()));
            say("sell-by", code.sell_by.map(|d| d.to_string()));
            say("best-before", code.best_before.map(|d| d.to_string()));
            say("count", code.count.map(|q| q.plain()));
            say("weight", code.weight.map(|q| q.plain()));
            say("price", code.price.map(|m| m.minor().to_string()));
            say("variant", code.variant.clone());
            say("add-on", code.add_on.clone());
            text
        }
        Meaning::Embedded(code) => match code.value {
            EmbeddedValue::Price(money) => format!("embedded {} price {}", code.key.short(), money.minor()),
            EmbeddedValue::Weight(kilograms) => format!("embedded {} weight {kilograms}", code.key.short()),
            EmbeddedValue::Count(pieces) => format!("embedded {} count {pieces}", code.key.short()),
        },
        Meaning::Plain { text, doubt: None } => format!("plain {text}"),
        Meaning::Plain { text, doubt: Some(doubt) } => format!("plain {text}, but {doubt}"),
        Meaning::Misread(misread) => format!("misread {misread}"),
        Meaning::Unknown { shown } => format!("unknown {shown}"),
    }
}

#[test]
fn retail_numbers() {
    check("]E04006381333931", "article 04006381333931");
    check("]E0042100005264", "article 00042100005264");
    check("]E00042100005264", "article 00042100005264");
    check("]E004252614", "article 00042100005264");
    check("]E496385074", "article 00000096385074");
    check("]I114006381333938", "article 14006381333938");
    check("]I31400638133393", "article 14006381333938");
    // In a symbology for own numbers a GTIN may be one by chance: the text is tried as well.
    check("]C04006381333931", "article 04006381333931 text=4006381333931");
    check("]A0SHELF-17", "plain SHELF-17");
    check("]I0123456", "plain 123456");

    check("]E04006381333930", "misread 4006381333930 is not a GTIN: its check digit should be 1; compare it with the label");
    check("]E400000000", "misread a GTIN of zeros only is a placeholder, not an article number");
    check("]E496385075", "misread 96385075 is not a GTIN: its check digit should be 4; compare it with the label");
    check("]I114006381333939", "misread 14006381333939 is not a GTIN: its check digit should be 8; compare it with the label");
    check("]E0400638133391", "misread 400638133391 is not a GTIN: its check digit should be 0; compare it with the label");
    check("]E040063813339", "misread EAN/UPC with 11 characters: expected 8, 12 or 13 digits; scan again");
    check("]E04006381333931\r", "misread EAN/UPC with 14 characters: expected 8, 12 or 13 digits; scan again");
    check("]E4963850", "misread EAN-8 with 6 characters: expected 8 digits; scan again");
}

#[test]
fn numbers_without_a_scanner_s_word() {
    check("4006381333931", "article 04006381333931 text=4006381333931");
    check("042100005264", "article 00042100005264 text=042100005264");
    check("14006381333938", "article 14006381333938 text=14006381333938");
    check("96385074", "article 00000096385074 text=96385074");
    // Not an EAN-8; as UPC-E it is right.
    check("04252614", "article 00042100005264 text=04252614");
    // Right as both: an EAN-8 that begins with 0, and a UPC-E.
    check("01234558", "article 00000001234558 or 00012345000058 text=01234558");
    check("12345678", "plain 12345678");
    check("4011", "plain 4011");
    check("Röstkaffee 3", "plain Röstkaffee 3");
    check("4006381333930", "plain 4006381333930, but 4006381333930 is not a GTIN: its check digit should be 1; compare it with the label");
    check("]X0316148410X", "article 09783161484100 text=316148410X");
    check("080442957X", "article 09780804429573 text=080442957X");
    let typed = interpret(&Scan::typed(" 4011 \n").unwrap(), &rules("DE", "EUR"), TODAY);
    assert_eq!(told(&typed), "plain 4011");
}

#[test]
fn add_ons_of_the_press() {
    // In one packet, with an identifier of its own (Datalogic), without any identifier.
    check("]E3977012345678705", "article 09770123456787 add-on=05");
    check("]E3978316148410051299", "article 09783161484100 add-on=51299");
    check("]E09770123456787]E105", "article 09770123456787 add-on=05");
    check("]E09783161484100]E251299", "article 09783161484100 add-on=51299");
    check("977012345678705", "article 09770123456787 add-on=05");
    check("]E304210000526405", "article 00042100005264 add-on=05");
    check("]E30425261405", "article 00042100005264 add-on=05");
    check("]E105", "unknown 05");
    check(
        "]E3977012345678",
        "misread EAN/UPC with add-on with 12 characters: expected 8, 12 or 13 digits and 2 or 5 of the add-on; scan again",
    );
    check("]E39770123456787", "misread 97701234 is not a UPC-E code: it begins with 0 or 1");
    check("]E397701234567870", "misread 977012345678 is not a GTIN: its check digit should be 5; compare it with the label");
    check(
        "]E09770123456787]E1055",
        "misread EAN/UPC with add-on with 16 characters: expected 8, 12 or 13 digits and 2 or 5 of the add-on; scan again",
    );
    check("977012345678605", "plain 977012345678605");
}

#[test]
fn price_weight_and_count_inside() {
    check_in("GB", "GBP", "]E02012345105997", "embedded 2012345000001 price 599");
    check_in("DE", "EUR", "]E02812347012503", "embedded 2812340000002 weight 1.25");
    check_in("DE", "EUR", "]E02212349007505", "embedded 2212340000000 price 750");
    check_in("SE", "SEK", "]E02312345612502", "embedded 2312345600004 weight 1.25");
    check_in("US", "USD", "]E0201234105992", "embedded 201234000006 price 599");
    check_in("US", "USD", "]E00201234105992", "embedded 201234000006 price 599");
    check_in("US", "USD", "201234105992", "embedded 201234000006 price 599");
    check_in("DE", "EUR", "2812347012503", "embedded 2812340000002 weight 1.25");

    let numbered = |body: &str| format!("]E0{}", Gtin::with_check(body).unwrap().short());
    // No inner check digit in these: article, then value.
    check_in("DK", "DKK", &numbered("211234012550"), "embedded 2112340000003 price 12550");
    check_in("DK", "DKK", &numbered("271234501250"), "embedded 2712345000000 weight 1.25");
    check_in("FI", "EUR", &numbered("251234560125"), "embedded 2512345600008 weight 12.5");
    check_in("NO", "NOK", &numbered("221234560099"), "embedded 2212345600007 price 9900");
    check_in("DE", "EUR", &numbered("251234900750"), "embedded 2512340000001 count 750");
    // A store with other decimals than the label's nation.
    check_in("GB", "JPY", "]E02012345105997", "embedded 2012345000001 price 6");
    check_in("GB", "KWD", "]E02012345105997", "embedded 2012345000001 price 5990");
    check_in("GB", "JPY", &numbered("201234590049"), "article 02012345000001");
    // Left to the chain: nothing is inside until a rule says so. The article's own number carries no value.
    check_in("AT", "EUR", "]E02812347012503", "article 02812347012503");
    check_in("DE", "EUR", "]E02812340000002", "article 02812340000002");
    // 20, 21, 24 and 27 mean nothing in Germany.
    check_in("DE", "EUR", "]E02012345105997", "article 02012345105997");
    check(
        &numbered("281234601250"),
        "misread the check digit inside 2812346012504 does not fit its value 01250; print the scale label again",
    );
}

#[test]
fn store_rules_are_configuration() {
    let text = r#"
        currency = { code = "EUR", exponent = 2 }
        [[restricted]]
        prefixes = "27-28"
        pattern = "PPPPPCVVVVVV"
        kind = "price"
        decimals = 3
        divisor = 10
    "#;
    let rules: CodeRules = toml::from_str(text).unwrap();
    let scan = Scan::typed(Gtin::with_check("271239123455").unwrap().short()).unwrap();
    assert_eq!(told(&interpret(&scan, &rules, TODAY)), "embedded 2712300000007 price 1235");
    assert_eq!(toml::from_str::<CodeRules>(&toml::to_string(&rules).unwrap()).unwrap(), rules);
    let named = |change: (&str, &str)| toml::from_str::<CodeRules>(&text.replace(change.0, change.1)).unwrap_err().to_string();
    assert!(named(("decimals", "decimal")).contains("unknown field `decimal`"));
    assert!(named(("PPPPPCVVVVVV", "PPPPPPCVVVV")).contains("write 12 letters"));
    for country in ["SE", "NO", "FI", "EE", "LV", "LT", "DK", "DE", "GB", "US", "CA"] {
        let defaults: Vec<RestrictedRule> = CodeRules::for_country(country, rules.currency.clone()).restricted;
        assert!(!defaults.is_empty(), "{country}");
    }
}

#[test]
fn element_strings() {
    check("]C10104006381333931", "article 04006381333931");
    check("]e00104006381333931", "article 04006381333931");
    check("]d2010400638133393117261231{GS}10AB-12{GS}21S1", "article 04006381333931 batch=AB-12 serial=S1 expiry=2026-12-31");
    check("]Q310AB-12{GS}010400638133393115260200", "article 04006381333931 batch=AB-12 best-before=2026-02-28");
    // A separator is missing behind an identifier whose length is not predefined for all readers.
    check("]J1010400638133393170032612312359235AB", "misread (7003) expiry date and time: character \"A\" is not allowed");
    check("]J1010400638133393170032612312359{GS}2042", "article 04006381333931 expiry=2026-12-31 variant=42");
    check("]d201040063813339312042{GS}22K1", "article 04006381333931 variant=K1");
    // Needless separators: in front, doubled, behind a predefined length, at the end.
    check("]C1{GS}0104006381333931{GS}{GS}17261231{GS}10A{GS}", "article 04006381333931 batch=A expiry=2026-12-31");
    // Variable measure: kilograms, tenths of a gram, pounds; a zero says that nobody weighed.
    check("]e001995011015300063103001250", "article 99501101530006 weight=1.25");
    check("]e001995011015300063104012505", "article 99501101530006 weight=1.251");
    check("]e001995011015300063202000250", "article 99501101530006 weight=1.134");
    check("]e001995011015300063103000000", "article 99501101530006");
    check("]e001995011015300063922599", "article 99501101530006 price=599");
    check("]e0019950110153000631030012503922599", "article 99501101530006 weight=1.25 price=599");
    check("]e001995011015300063932978599", "article 99501101530006 price=599");
    check("]e001995011015300063920{GS}308", "misread (3920) price: 0 characters do not fit its format; scan again");
    check("]e00199501101530006305{GS}39205", "article 99501101530006 count=5 price=500");
    check_in("US", "JPY", "]e001995011015300063922500", "article 99501101530006 price=5");
    // A carton of something, and labels that name no article.
    check("]C102040063813339313724{GS}00376104250021234569", "article 04006381333931 count=24");
    check("]C100376104250021234569", "unknown 00376104250021234569");
    check("]e08110100707340143210110", "unknown 8110100707340143210110");
    check("]C1{GS}{GS}", "misread \"\" is not a GS1 application identifier; scan again");

    check("]C10104006381333930", "misread (01) GTIN: \"04006381333930\" is not right in its check digit; scan again");
    check("]C1010400638133393", "misread (01) GTIN: 13 characters do not fit its format; scan again");
    check("]C1010400638133393A", "misread (01) GTIN: character \"A\" is not allowed");
    check("]C1010400638133393117261331", "misread (17) expiry date: \"261331\" is not a calendar date");
    check("]C1010400638133393117260229", "misread (17) expiry date: \"260229\" is not a calendar date");
    check("]C1010400638133393110{GS}2112", "misread (10) batch: 0 characters do not fit its format; scan again");
    check("]C101040063813339311012345678901234567890X", "misread (10) batch: 21 characters do not fit its format; scan again");
    check("]C1010400638133393110A B", "misread (10) batch: character \" \" is not allowed");
    check("]C1010400638133393110Ä", "misread (10) batch: character \"Ä\" is not allowed");
    check("]C10104006381333931052", "misread \"052\" is not a GS1 application identifier; scan again");
    check("]C1010400638133393110A{GS}10B", "misread (10) batch stands twice with different values");
    check("]C1010400638133393110A{GS}10A", "article 04006381333931 batch=A");
    check("]C101040063813339310296385074", "misread (02) GTIN of the content: 8 characters do not fit its format; scan again");
    check("]C101040063813339313724", "misread (01) and (37) contradict each other on one label");
    check("]e0019950110153000631030012503102000125", "misread (3103) and (3102) contradict each other on one label");
    check(
        "]e001995011015300063932840599",
        "misread the price in the code is in currency 840, this store sells in EUR: enter the price by hand",
    );
    check("]e001995011015300063923599", "misread the price in the code does not fit the decimals of EUR");
    check("]e001995011015300063920999999999999999", "misread the price in the code is too large");
}

#[test]
fn element_strings_without_a_scanner_s_word() {
    check("{GS}010400638133393110AB{GS}21S1", "article 04006381333931 batch=AB serial=S1");
    check("0104006381333931", "article 04006381333931 text=0104006381333931");
    check("010400638133393110AB", "article 04006381333931 text=010400638133393110AB batch=AB");
    check("0104006381333930", "plain 0104006381333930");
    check("0104006381333931-7", "plain 0104006381333931-7");
    check("10AB{GS}21S1", "unknown 10AB␝21S1");
    check("AB{GS}CD", "unknown AB␝CD");
}

#[test]
fn character_sets_by_eci() {
    check(r"]d5\000026010400638133393110AB", "article 04006381333931 batch=AB");
    check(r"]Q2\000026Brötchen\\3", r"plain Brötchen\3");
    check(r"]Q2\000020abc", r"unknown \000020abc");
    check(r"]Q1C:\temp", r"plain C:\temp");
}

#[test]
fn two_digit_years_stay_within_fifty() {
    let check_year = |today: Date, input: &str, year: i16| {
        let scan = Scan::from_frame(format!("]C1010400638133393117{input}1231").as_bytes(), true).unwrap();
        let Meaning::Article(code) = interpret(&scan, &rules("DE", "EUR"), today) else { panic!("{input}") };
        assert_eq!(code.expiry, Some(date(year, 12, 31)), "{input} seen from {today}");
    };
    check_year(date(2026, 1, 1), "26", 2026);
    check_year(date(2026, 1, 1), "76", 2076);
    check_year(date(2026, 1, 1), "77", 1977);
    check_year(date(2026, 1, 1), "00", 2000);
    check_year(date(2060, 1, 1), "10", 2110);
    check_year(date(2060, 1, 1), "11", 2011);
    check_year(date(2099, 1, 1), "01", 2101);
}

#[test]
fn digital_links() {
    check("]Q1https://id.gs1.org/01/09506000134352", "article 09506000134352");
    check(
        "]Q1https://example.com/shop/de/01/09506000134352/22/2A/10/ABC123/21/12345?17=261204&3103=000500;linkType=x#top",
        "article 09506000134352 batch=ABC123 serial=12345 expiry=2026-12-04 weight=0.5 variant=2A",
    );
    check("HTTP://EXAMPLE.COM/01/9506000134352?17=261204", "article 09506000134352 expiry=2026-12-04");
    check("]d1https://x.org/01/96385074/", "article 00000096385074");
    check("]Q1https://x.org/01/09506000134352/10/A%2FB%2525", "article 09506000134352 batch=A/B%25");
    check("]Q1https://x.org/10/7/01/09506000134352", "article 09506000134352");
    // The owner's own path may look like a key as well; the rightmost counts.
    check("]Q1https://x.org/01/04006381333931/01/09506000134352", "article 09506000134352");
    // A key without an article, and addresses that are only addresses.
    for address in [
        "https://x.org/00/376104250021234569",
        "https://example.com/",
        "https://example.com",
        "https:///01/09506000134352",
        "https://blog.example.com/2024/01/15/bread",
        "https://example.com/01/09506000134352/reviews/5",
        "https://example.com/01/09506000134352/reviews",
        "https://example.com/01/123",
        "https://example.com/?01=09506000134352",
        "https://example.com/%zz",
        "https://",
        "http://[::1]:8080/x",
    ] {
        check(&format!("]Q1{address}"), &format!("unknown {address}"));
    }
    check("]Q1ftp://x.org/01/09506000134352", "plain ftp://x.org/01/09506000134352");

    check("]Q1https://x.org/01/09506000134353", "misread (01) GTIN: \"09506000134353\" is not right in its check digit; scan again");
    check(
        "]Q1https://x.org/01/09506000134352/21/1/10/2",
        "misread GS1 Digital Link: the qualifiers behind the key are not allowed or not in their order",
    );
    check(
        "]Q1https://x.org/01/09506000134352/235/1/10/2",
        "misread GS1 Digital Link: the qualifiers behind the key are not allowed or not in their order",
    );
    check(
        "]Q1https://x.org/01/09506000134352?21=1",
        "misread GS1 Digital Link: an identifier stands in the query that belongs into the path",
    );
    check("]Q1https://x.org/01/09506000134352?4=1", "misread \"4\" is not a GS1 application identifier; scan again");
    check("]Q1https://x.org/01/09506000134352?17=261399", "misread (17) expiry date: \"261399\" is not a calendar date");
    check(
        "]Q1https://x.org/01/09506000134352?10=%C3",
        "misread GS1 Digital Link: a percent sign is not followed by two hex digits of readable text",
    );
}

#[test]
fn the_standard_s_own_examples_of_other_keys() {
    let holds = |message: &str| assert!(Elements::parse(message).is_ok(), "{message}: {:?}", Elements::parse(message));
    holds("80131987654Ad4X4bL5ttr2310c2K");
    holds("00376104250021234569");
    holds("4149501101020917\x1d254A1");
    holds("800309501101530003SERIAL");
    holds("8007GB82WEST12345698765432");
    holds("430908999999993600000000");
    let fails = |message: &str| assert!(Elements::parse(message).is_err(), "{message}");
    fails("80131987654Ad4X4bL5ttr2310c2J");
    fails("8007GB82WEST12345698765433");
    fails("430918000000013600000000");
    fails("8006095060001343520302");
}

#[test]
fn what_a_label_lacks_is_told_but_not_a_misread() {
    let missing = |message: &str| -> Vec<String> {
        Elements::parse(message).unwrap().unaccompanied().into_iter().map(|element| element.ai.clone()).collect()
    };
    assert_eq!(missing("010400638133393110A"), Vec::<String>::new());
    assert_eq!(missing("10A"), ["10"]);
    assert_eq!(missing("02040063813339313724"), ["37"]);
    assert_eq!(missing("0037610425002123456902040063813339313724"), Vec::<String>::new());
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever bytes come, with whatever identifier: no panic, and nothing is changed on the way to the catalogue or the screen.
    #[test]
    fn any_bytes_have_a_meaning(frame in prop::collection::vec(any::<u8>(), 1..200), aim in "\\][A-Za-z][0-9]", known in any::<bool>()) {
        no_harm(&frame);
        let code = if known { ["]E0", "]E3", "]E4", "]C1", "]Q1", "]Q3", "]d5", "]I1", "]I3", "]e0"][frame[0] as usize % 10] } else { &aim };
        no_harm(&[code.as_bytes(), &frame].concat());
    }

    /// Valid codes cut anywhere, with one byte changed and one put in.
    #[test]
    fn damaged_codes_have_a_meaning(which in 0..DAMAGED.len(), cut in 0usize..120, at in 0usize..120, byte in any::<u8>()) {
        let whole = DAMAGED[which].replace("{GS}", "\x1d").into_bytes();
        let mut frame = whole[..cut.min(whole.len())].to_vec();
        frame.insert(at.min(frame.len()), byte);
        no_harm(&frame);
        let mut frame = whole.clone();
        frame[at % whole.len()] = byte;
        no_harm(&frame);
    }

    /// Digits are the likeliest of all: every length, every identifier of the retail family.
    #[test]
    fn digits_have_a_meaning(digits in "[0-9]{1,40}", aim in "(|\\]E[0-4]|\\]C[01]|\\]I[013]|\\]e0|\\]Q3)") {
        no_harm(format!("{aim}{digits}").as_bytes());
    }
}

const DAMAGED: &[&str] = &[
    "]E02812347012503",
    "]E3978316148410051299",
    "]d2010400638133393117261231{GS}10AB-12{GS}21S1{GS}3932978599",
    "]Q1https://example.com/shop/01/09506000134352/22/2A/10/A%2F3/21/12345?17=261204&3103=000500",
    "]d5\\000026010400638133393110AB",
    "]C180131987654Ad4X4bL5ttr2310c2K{GS}8007GB82WEST12345698765432",
];

fn no_harm(frame: &[u8]) {
    for country in ["DE", "US"] {
        for expected in [true, false] {
            let Ok(scan) = Scan::from_frame(frame, expected) else { continue };
            let verbatim = |text: &str| scan.aim().is_some_and(aim_has_eci) || text.as_bytes() == scan.raw();
            match interpret(&scan, &rules(country, "EUR"), TODAY) {
                Meaning::Article(code) => {
                    assert!(matches!(code.keys.len(), 1 | 2));
                    assert!(code.text.is_none_or(|text| verbatim(&text)));
                }
                Meaning::Embedded(code) => assert!(code.key != code.code),
                Meaning::Plain { text, doubt } => {
                    assert!(verbatim(&text) && !text.chars().any(char::is_control));
                    assert!(doubt.is_none_or(|doubt| !doubt.to_string().is_empty()));
                }
                Meaning::Misread(misread) => assert!(!misread.to_string().chars().any(char::is_control), "{misread}"),
                Meaning::Unknown { shown } => assert!(!shown.is_empty() && !shown.chars().any(char::is_control)),
            }
        }
    }
}

fn aim_has_eci(aim: AimId) -> bool {
    use counterfoil::gs1::aim::Content;
    matches!(aim.content(), Content::TextEci | Content::ElementStringEci)
}

#[test]
fn frames_that_are_no_scan_are_refused_by_name() {
    assert_eq!(Scan::from_frame(b"", true), Err(BadScan::Empty));
    assert_eq!(Scan::from_frame(b"]E0", true), Err(BadScan::Empty));
    assert_eq!(Scan::typed("  "), Err(BadScan::Empty));
    assert_eq!(Scan::from_frame(&[b'7'; 10_240], true), Err(BadScan::TooLong { bytes: 10_240 }));
    let longest = Scan::from_frame(&[b'7'; SCAN_BYTES_MAX], true).unwrap();
    assert!(matches!(interpret(&longest, &rules("DE", "EUR"), TODAY), Meaning::Unknown { .. }));
    // Without the profile's word a bracket is data.
    let scan = Scan::from_frame(b"]E04006381333931", false).unwrap();
    assert_eq!((scan.aim(), scan.raw()), (None, &b"]E04006381333931"[..]));
    let scan = Scan::from_frame(b"]-0abc", true).unwrap();
    assert_eq!((scan.aim(), scan.raw()), (None, &b"]-0abc"[..]));
}

#[test]
fn every_scan_can_be_shown() {
    let check = |raw: &[u8], expect: &str| assert_eq!(shown(raw), expect);
    check(b"4006381333931", "4006381333931");
    check(b"01\x1d10\r\n\0\x7f", "01␝10␍␊␀␡");
    check("Bröt\u{202e}chen\u{200b}\u{85}".as_bytes(), "Bröt\\u{202e}chen\\u{200b}\\u{85}");
    check(b"a\xff\xc3(b", "a\\xFF\\xC3(b");
    assert!(shown(&[b'7'; 7_000]).ends_with("777… (7000 bytes)"));
    assert!(shown("ü".repeat(3_000).as_bytes()).ends_with("üüü… (6000 bytes)"));
}
