//! Pages as HTML, against golden files; hostile names; what travels when something changes.

use std::path::PathBuf;
use std::sync::Arc;

use counterfoil::money::Qty;
use counterfoil::node::Screen;
use counterfoil::node::screen::{ArticleInfo, TillScreen};
use counterfoil::retail::pricing::offer::{Hint, Offer};
use counterfoil::retail::recalls::Notice;
use counterfoil::retail::till::Phase;
use counterfoil::sync::wire::StockElsewhere;
use counterfoil::web::live::{Live, Sent};
use counterfoil::web::locale::Locale;
use counterfoil::web::{display, till};

use super::stage::{NOW_MS, basket, cash_situations, euro, finished, groceries, line, locale, screen, selling, situations, ws};

fn view<R>(screen: &Screen, locale: &Locale, render: impl Fn(&till::View) -> R) -> R {
    let workstation = ws("1");
    let till = &screen.workstations[&workstation];
    render(&till::View { screen, till, workstation: &workstation, locale, customer: None, now_ms: NOW_MS })
}

/// Compares with `tests/golden/web/NAME.html`, one element a line so that a difference can be read.
fn check(name: &str, html: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/web").join(format!("{name}.html"));
    let shown = html.replace("><", ">\n<") + "\n";
    if std::env::var_os("COUNTERFOIL_BLESS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, shown).unwrap();
        return;
    }
    let golden =
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}: make it with COUNTERFOIL_BLESS=1", path.display()));
    assert!(golden == shown, "{name} differs from {}:\n{shown}", path.display());
}

fn parts(live: &Live) -> String {
    let parts: String = live.parts.iter().map(|(id, markup)| format!("<!-- {id} -->{}", markup.0)).collect();
    format!("{parts}<!-- lines -->{}", live.all_rows().0)
}

#[test]
fn every_situation_of_the_till_as_html() {
    for (name, screen) in situations() {
        check(&format!("till-{name}"), &parts(&view(&screen, &locale("en"), till::live)));
        check(&format!("display-{name}"), &parts(&view(&screen, &locale("en"), display::live)));
    }
    for (name, screen) in cash_situations() {
        check(name, &parts(&view(&screen, &locale("en"), till::live)));
    }
    let (_, full) = situations().into_iter().find(|(name, _)| *name == "full").unwrap();
    check("till-full-german", &parts(&view(&full, &locale("de"), till::live)));
}

const HOSTILE: [&str; 7] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "' onclick='alert(1)",
    "&lt;b&gt; &amp; {{7*7}} ${7*7} </span></div>",
    "bell\u{7} escape\u{1b}[31m nul\u{0} delete\u{7f} next\u{85}",
    "left\u{202e}right\u{2066}\u{200f}",
    "line\r\nbreak\ttab",
];

#[test]
fn hostile_names_are_text_wherever_they_appear() {
    let lines: Vec<_> = HOSTILE.iter().zip(1..).map(|(name, number)| line(number, name, 1, 100)).collect();
    let mut hostile = screen(selling(basket(lines.clone())));
    hostile.store_name = HOSTILE[0].to_owned();
    hostile.alarms = vec![HOSTILE[1].to_owned()];
    hostile.devices[0].hint = HOSTILE[1].to_owned();
    let done = screen(TillScreen { last: Some(Arc::new(finished(lines, euro(1000)))), ..TillScreen::default() });
    let article = |name: &str| ArticleInfo {
        sku: counterfoil::ids::Sku::new("A1").unwrap(),
        name: name.to_owned(),
        // Goes back as it is when it is tapped, so it stands unchanged in an attribute.
        code: "\"><b>".to_owned(),
        unit: counterfoil::money::Unit::Piece,
        codes: vec![name.to_owned()],
        offer: Some(Offer {
            price: euro(100),
            list: Some(name.to_owned()),
            pays: euro(90),
            hints: vec![Hint { name: name.to_owned(), counted: true, member: true, coupon: false }],
        }),
        elsewhere: Some(Arc::new(vec![StockElsewhere {
            store: name.to_owned(),
            name: name.to_owned(),
            quantity: Qty::ONE,
            as_of_ms: NOW_MS,
        }])),
        recalls: vec![Notice { recall: name.to_owned(), reason: name.to_owned(), batches: vec![name.to_owned()], whole: false }],
        on_hand: None,
        stock_as_of_ms: None,
    };
    let found: Vec<ArticleInfo> = HOSTILE.iter().map(|name| article(name)).collect();
    let english = locale("en");
    let currency = &hostile.rules.currency;
    let mut all = vec![
        view(&hostile, &english, till::page).0,
        view(&hostile, &english, display::page).0,
        view(&done, &english, till::page).0,
        till::search_results(&english, currency, NOW_MS, HOSTILE[0], &found).0,
        till::search_results(&english, currency, NOW_MS, HOSTILE[1], &[]).0,
    ];
    all.extend(found.iter().map(|article| till::price_card(&english, currency, NOW_MS, article).0));
    for html in &all {
        for attack in ["<script>alert", "<img"] {
            assert!(!html.contains(attack), "{attack} got through: {html}");
        }
        for tag in html.split('<').skip(1).filter_map(|rest| rest.split('>').next()) {
            // What stands outside the quotes of a tag: its name and those of its attributes.
            let names: String = tag.split('"').step_by(2).collect();
            assert!(!names.contains(" on") && !names.contains('\''), "an attribute got through: <{tag}>");
        }
        let control = html.chars().find(|c| {
            (c.is_control() && *c != '\n') || matches!(c, '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        });
        assert_eq!(control, None, "a control character got through");
    }
    check("hostile-names", &parts(&view(&hostile, &english, till::live)));
}

/// What should be in a drawer is on no page before somebody has counted it, whoever looks.
#[test]
fn a_count_is_blind() {
    let mut looked_at = 0;
    for (name, screen) in cash_situations() {
        let Some(cash) = &screen.workstations[&ws("1")].cash else { continue };
        let counted = matches!(cash.session.phase, Phase::Counted { .. });
        let read = screen.workstations[&ws("1")].till_report.is_some();
        let page = view(&screen, &locale("en"), till::page).0;
        assert_eq!(page.contains("189.36"), counted || read, "{name}");
        looked_at += usize::from(!counted && !read);
    }
    assert_eq!(looked_at, 3, "open, and two counts under way");
}

#[test]
fn a_scan_sends_only_what_changed() {
    let english = locale("en");
    let mut sent = Sent::default();
    let mut lines = groceries();
    let newest = lines.pop().unwrap();
    let before = screen(selling(basket(lines.clone())));
    let whole = sent.update(view(&before, &english, till::live)).unwrap();
    assert_eq!(whole.rows.unwrap().html.len(), 10);
    lines.push(newest);
    let mut after = screen(selling(basket(lines)));
    let till = Arc::make_mut(after.workstations.get_mut(&ws("1")).unwrap());
    till.feedback.as_mut().unwrap().serial = 2;
    let update = sent.update(view(&after, &english, till::live)).unwrap();
    let rows = update.rows.unwrap();
    // The new row, and the one that was the newest before.
    assert_eq!(rows.html.keys().collect::<Vec<_>>(), ["l-10", "l-11"]);
    assert_eq!(update.parts.keys().collect::<Vec<_>>(), ["pay", "strip", "total"]);
    assert_eq!(update.signal.unwrap().serial, 2);
}

#[test]
fn a_reload_in_mid_sale_shows_the_same() {
    let english = locale("en");
    let shown = screen(selling(basket(groceries())));
    let page = view(&shown, &english, till::page).0;
    let live = view(&shown, &english, till::live);
    for (id, markup) in &live.parts {
        assert!(page.contains(&markup.0), "{id} is not on the page as the stream would send it");
    }
    assert!(page.contains(&live.all_rows().0));
}
