//! Files as people export them, and what is said of bad ones: one row per kind of mistake, with the exact words.

use std::fs;
use std::path::{Path, PathBuf};

use counterfoil::head_office::feeds::Published;
use counterfoil::head_office::import::catalogue::{CatalogueRules, CheckedCatalogue};
use counterfoil::head_office::import::prices::MissingPrice;
use counterfoil::head_office::import::rows::RowRules;
use counterfoil::head_office::import::stock::StockRules;
use counterfoil::head_office::import::table::{Encoding, TableOptions};
use counterfoil::head_office::import::{CatalogueOutcome, ImportError, StockOutcome, import_catalogue, import_stock};
use counterfoil::head_office::storage::Folders;
use counterfoil::ids::TaxClassId;
use counterfoil::money::{Currency, Money};
use counterfoil::sync::feed::{Article, FeedLine, FeedReader};
use counterfoil::time::Stamp;

struct Office {
    folder: tempfile::TempDir,
    rules: CatalogueRules,
}

impl Office {
    fn new() -> Office {
        let rows = RowRules {
            currency: Currency::from_code("EUR").unwrap(),
            missing_price: MissingPrice::Reject,
            price_max: Money::from_minor(10_000_000),
            tax_class: TaxClassId::new("A").unwrap(),
            tax_names: [("7".to_owned(), TaxClassId::new("B").unwrap())].into(),
        };
        let rules = CatalogueRules { table: TableOptions::default(), mappings: Vec::new(), rows };
        Office { folder: tempfile::tempdir().unwrap(), rules }
    }

    fn mapped(text: &str) -> Office {
        let mut office = Office::new();
        office.rules.mappings = text.split(',').map(|part| part.parse().unwrap()).collect();
        office
    }

    fn folders(&self) -> Folders {
        crate::storage::folders(&self.folder.path().join("office"))
    }

    fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    }

    fn import(&self, path: &Path) -> Result<CatalogueOutcome, ImportError> {
        import_catalogue(&self.folders(), path, self.rules.clone(), false, Stamp::default(), &mut |_, _, _, _| {})
    }

    /// The articles of a file that is right.
    fn articles(&self, bytes: impl AsRef<[u8]>) -> Vec<Article> {
        let path = self.file("good.csv", bytes);
        let checked = CheckedCatalogue::read(&path, self.rules.clone(), &mut |_, _, _, _| {}).unwrap();
        assert!(checked.report.complaints.is_empty(), "{:?}", checked.report.complaints);
        let articles: Vec<Article> = checked.articles(&mut |_, _, _, _| {}).unwrap().map(Result::unwrap).collect();
        assert_eq!(articles.len() as u64, checked.report.articles);
        assert_eq!(articles.iter().map(|a| a.codes.len() as u64).sum::<u64>(), checked.report.codes);
        articles
    }

    /// Everything that is said of a file that is not right.
    fn complaints(&self, bytes: impl AsRef<[u8]>) -> Vec<String> {
        let path = self.file("bad.csv", bytes);
        let error = self.import(&path).map(|_| ()).unwrap_err();
        assert!(!self.folders().database().exists(), "nothing is touched before the file is known to be right");
        let ImportError::Complaints { complaints, .. } = &error else { return vec![named(&error, &path)] };
        assert!(named(&error, &path).starts_with("FILE: "), "{error}");
        complaints.first.iter().map(ToString::to_string).collect()
    }
}

fn named(error: &ImportError, path: &Path) -> String {
    error.to_string().replace(path.to_str().unwrap(), "FILE")
}

fn line(article: &Article) -> String {
    let codes: Vec<String> = article.codes.iter().map(|code| format!("{}x{}", code.key.short(), code.quantity)).collect();
    let price = article.price.map_or("-".to_owned(), |price| price.minor().to_string());
    format!("{} {:?} {price} {} {}", article.sku, article.name, article.tax_class, codes.join(" ")).trim_end().to_owned()
}

#[test]
fn one_row_per_kind_of_bad_line() {
    let check = |row: &str, expected: &[&str]| {
        let good = "1,Milk,1.19,4006381333931,,,";
        let text = format!("sku,name,price,ean,pack_code,pack_quantity,unit\n{good}\n{row}\n");
        assert_eq!(Office::new().complaints(text), expected, "{row}");
    };
    check(
        "2,Bread,1.99,4006381333930,,,",
        &[
            "line 3, column \"ean\": 4006381333930 is not a GTIN: its check digit should be 1; compare it with the label: correct it, or leave the cell empty",
        ],
    );
    check(
        "2,Bread,1.99,40063813x,,,",
        &["line 3, column \"ean\": \"40063813x\" is not a GTIN: only digits are allowed: correct it, or leave the cell empty"],
    );
    check(
        "2,Bread,1.99,4.00638E+12,,,",
        &["line 3, column \"ean\": \"4.00638E+12\" is a number that a spreadsheet rounded: format the column as text and export again"],
    );
    check(
        "2,Bread,1.99,40063813338,,,",
        &[
            "line 3, column \"ean\": 11 digits are not a GTIN: it has 8, 12, 13 or 14 digits: look for lost leading zeros: format the column as text before exporting",
        ],
    );
    check(
        "2,Bread,1.99,00000000,,,",
        &["line 3, column \"ean\": a GTIN of zeros only is a placeholder, not an article number: correct it, or leave the cell empty"],
    );
    check("2,,1.99,,,,", &["line 3, column \"name\": it has no name: give it one"]);
    check("2,\u{1}\u{2},1.99,,,,", &["line 3, column \"name\": it has no name: give it one"]);
    check("2,Bread,,,,,", &["line 3, column \"price\": it has no price: give it one, or choose a rule with --missing-price"]);
    check("2,Bread,0.00,,,,", &["line 3, column \"price\": it has no price: give it one, or choose a rule with --missing-price"]);
    check("2,Bread,-1.99,,,,", &["line 3, column \"price\": the price \"-1.99\" is negative: a price is above zero"]);
    check(
        "2,Bread,100000.01,,,,",
        &["line 3, column \"price\": the price \"100000.01\" is above 100000.00: correct it, or allow it with --price-max"],
    );
    check("2,Bread,cheap,,,,", &["line 3, column \"price\": \"cheap\" is no price: write it like 1.99, in EUR with at most 2 decimals"]);
    check("2,Bread,1.999,,,,", &["line 3, column \"price\": \"1.999\" is no price: write it like 1.99, in EUR with at most 2 decimals"]);
    check(
        "2,Bread,99999999999999999999,,,,",
        &["line 3, column \"price\": \"99999999999999999999\" is no price: write it like 1.99, in EUR with at most 2 decimals"],
    );
    check("2,Bread,1.99,,,,lb", &["line 3, column \"unit\": \"lb\" is no unit: use piece, kg, l or m, or leave the cell empty"]);
    check(
        "2,Bread,1.99,,14006381333938,,",
        &["line 3: 1 pack codes and 0 pack quantities: give each pack code the number of units it stands for"],
    );
    check("2,Bread,1.99,,14006381333938,0,", &["line 3, column \"pack_quantity\": \"0\" is no pack quantity: write a number above zero"]);
    check("2,Bread,1.99,,14006381333938,-6,", &["line 3, column \"pack_quantity\": \"-6\" is no pack quantity: write a number above zero"]);
    check(",Bread,1.99,,,,", &["line 3: it has neither an article number nor a code: give it one of the two"]);
    check(
        &format!("{},Bread,1.99,,,,", "9".repeat(49)),
        &[&format!("line 3, column \"sku\": \"{}\" is no sku: use 1 to 48 printable characters", "9".repeat(40))],
    );
    check(
        "2,Bread,1.99",
        &["line 3: it has 3 columns, the first line has 7: look for a delimiter too many or too few, or a quotation mark"],
    );
    check(
        "2,Bread,1,99,,,,",
        &["line 3: it has 8 columns, the first line has 7: look for a delimiter too many or too few, or a quotation mark"],
    );
    check(
        "1,Milk,1.29,,,,",
        &[
            "line 3: article 1 is on line 2 already, and not the same there: give it one name and price, or another number; further lines of an article may only add codes",
        ],
    );
    // Card data is never repeated.
    let remedy = "it holds what looks like the number or the stripe of a payment card: take it out: card data is kept nowhere";
    check("2,Call 4111 1111 1111 1111,1.99,,,,", &[&format!("line 3, column \"name\": {remedy}")]);
    check("2,Bread,4111111111111111,,,,", &[&format!("line 3, column \"price\": {remedy}")]);
    check(";5018123412341234=2512?,Bread,1.99,,,,", &[&format!("line 3, column \"sku\": {remedy}")]);
    // Everything that is wrong with a line is said at once.
    check(
        "2,,-1,123,,,lb",
        &[
            "line 3, column \"ean\": 3 digits are not a GTIN: it has 8, 12, 13 or 14 digits: correct it, or leave the cell empty",
            "line 3, column \"name\": it has no name: give it one",
            "line 3, column \"unit\": \"lb\" is no unit: use piece, kg, l or m, or leave the cell empty",
            "line 3, column \"price\": the price \"-1\" is negative: a price is above zero",
        ],
    );
}

#[test]
fn files_that_are_no_table() {
    let check = |bytes: &[u8], expected: &str| assert_eq!(Office::new().complaints(bytes), [expected]);
    check(b"", "FILE is empty: it needs a line with the names of its columns, then one line per article");
    check(b"\n\n", "FILE is empty: it needs a line with the names of its columns, then one line per article");
    check(b"\xff\xfes\0k\0u\0", "FILE is UTF-16: save it as UTF-8");
    check(b"PK\x03\x04\0\0\0\0xl/workbook", "FILE is not a text file: import CSV or TSV, plain or compressed with zstd");
    check(b"name\nMilk\n", "FILE: the first line has one column only: is the delimiter a tab? Say which it is with --delimiter");
    check(b"name,pr\xe4is\nMilk,1\n", "FILE: the first line is not UTF-8: save the file as UTF-8, or say --encoding windows-1252");
    check(b"sku,price\n1,1\n", "FILE: no column for the name; the file has sku, price: say which with --map name=COLUMN");
    check(
        b"name,price\nMilk,1\n",
        "FILE: no column for article number or code; the file has name, price: say which with --map gtin=COLUMN",
    );
    check(
        b"sku,name\n1,Milk\n",
        "FILE: no column for the price (or choose a rule with --missing-price); the file has sku, name: say which with --map price=COLUMN",
    );
    check(b"sku,name,price,preis\n1,Milk,1,1\n", "FILE: 2 columns for price: choose one with --map price=COLUMN");
    let wide = vec!["x"; 501].join(",");
    check(wide.as_bytes(), "FILE: the first line has more than 500 columns: it should name them");
    let open_quote = format!("sku,name,price\n1,Milk,1\n2,\"Bread,1\n{}", "3,Rice,1\n".repeat(200_000));
    check(open_quote.as_bytes(), "FILE, line 3: this row is longer than 1 MiB: is a quotation mark before it not closed?");
    let packed = zstd::encode_all(&b"sku,name,price\n1,Milk,1\n"[..], 3).unwrap();
    check(&packed[..packed.len() - 6], "FILE, after line 1: incomplete frame: is the file complete?");

    let complaint = Office::mapped("price=VK").complaints("sku,name,price\n");
    assert_eq!(complaint, ["FILE: --map price=VK: there is no such column; the file has sku, name, price"]);
    let missing = Office::new().import(Path::new("/no/such/file.csv")).unwrap_err().to_string();
    assert_eq!(missing, "/no/such/file.csv cannot be read: No such file or directory (os error 2)");
    assert_eq!(
        "prise=VK".parse::<counterfoil::head_office::import::columns::Mapping>().unwrap_err().split(':').next(),
        Some("\"prise\" is not a field")
    );
}

#[test]
fn the_wrong_encoding_is_named_with_its_remedy() {
    let text = b"sku;name;price\n1;K\xe4se \x80;1,99\n";
    assert_eq!(
        Office::new().complaints(text),
        [
            "line 2, column \"name\": byte E4 is not UTF-8; as Windows-1252 it would read \"Käse €\": save the file as UTF-8, or say --encoding windows-1252"
        ]
    );
    let mut office = Office::new();
    office.rules.table.encoding = Encoding::Windows1252;
    assert_eq!(office.articles(text).iter().map(line).collect::<Vec<_>>(), ["1 \"Käse €\" 199 A"]);
    let marked = Office::new().articles("\u{feff}sku;name;price\n1;Käse;1,99\n");
    assert_eq!(marked[0].name, "Käse");
}

#[test]
fn many_complaints_are_counted_and_the_first_are_shown() {
    let office = Office::new();
    let path = office.file("bad.csv", format!("sku,name,price\n{}", ",x,\n".repeat(1500)));
    let error = named(&office.import(&path).unwrap_err(), &path);
    assert!(
        error.starts_with("FILE: 1,500 of 1,500 lines are wrong, nothing was imported:\n  line 2, column \"price\": it has no price"),
        "{error}"
    );
    assert!(error.ends_with("\n  and 1,480 more"), "{error}");
}

#[test]
fn all_that_a_row_may_hold() {
    let text = "Artikelnummer;Bezeichnung;VK;EAN;EAN;PLU;MwSt;Einheit;Warengruppe;Marke;case_code;case_quantity;Regalplatz;Mindestalter\n\
        4711;\"Bier \"\"Hell\"\"\";1.234,56;4006381333931|96385074;036000291452;17;19;Stk;Getränke/Bier;Hopf;14006381333938|24006381333935;6|24;A3;16\n\
        4712;Äpfel;2,49;;;1002;7;kg;Obst;;;;;0\n";
    let mut office = Office::new();
    office.rules.rows.tax_names.insert("19".to_owned(), TaxClassId::new("A").unwrap());
    let articles = office.articles(text);
    assert_eq!(
        articles.iter().map(line).collect::<Vec<_>>(),
        [
            "4711 \"Bier \\\"Hell\\\"\" 123456 A 96385074x1 036000291452x1 4006381333931x1 14006381333938x6 24006381333935x24 17x1",
            "4712 \"Äpfel\" 249 B 1002x1"
        ]
    );
    let beer = &articles[0];
    assert_eq!(
        (beer.age_min, beer.location.as_deref(), beer.brand.as_deref(), beer.group.as_str()),
        (Some(16), Some("A3"), Some("Hopf"), "Getränke/Bier")
    );
    assert_eq!((articles[1].unit.symbol(), articles[1].age_min), ("kg", None));
}

#[test]
fn codes_on_more_than_one_line() {
    let check = |text: &str, expected: &[&str], twins: &[&str]| {
        let office = Office::new();
        assert_eq!(office.articles(text).iter().map(line).collect::<Vec<_>>(), expected, "{text}");
        let path = office.file("twins.csv", text);
        let outcome = office.import(&path).unwrap();
        assert_eq!(outcome.report.twins.first.iter().map(ToString::to_string).collect::<Vec<_>>(), twins, "{text}");
    };
    // The same number, once with a leading zero: one article, the first.
    check(
        "gtin,name,price\n036000291452,Cola,1\n0036000291452,Cola again,2\n",
        &["036000291452 \"Cola\" 100 A 036000291452x1"],
        &["036000291452 is on line 2 already: line 3 is left out"],
    );
    // Two articles with one code: the first keeps it, the second is sold by its number.
    check(
        "sku,gtin,name,price\n1,036000291452,Cola,1\n2,36000291452,Other,2\n",
        &["1 \"Cola\" 100 A 036000291452x1", "2 \"Other\" 200 A"],
        &["036000291452 is on line 2 already: line 3 loses the code"],
    );
    // A line per code.
    check(
        "sku,gtin,name,price\n1,036000291452,Cola,1\n2,,Tea,1\n1,96385074,Cola,1\n1,96385074,Cola,1\n",
        &["1 \"Cola\" 100 A 96385074x1 036000291452x1", "2 \"Tea\" 100 A"],
        &[],
    );
}

#[test]
fn what_is_mended_is_said() {
    let office = Office::new();
    let long = "x".repeat(300);
    let text = format!("gtin\tname\tprice\n36000291452\tCo\u{5}la \u{202e}3.5\" nails\t1\n96385074\t{long}\t1\n");
    let path = office.file("mended.tsv", text);
    let outcome = office.import(&path).unwrap();
    assert_eq!(
        outcome.to_string(),
        "2 rows: 2 articles with 2 codes, 0 of them packs\n\
         control characters became spaces on line 2\n\
         names were cut to 200 characters on line 3\n\
         leading zeros of a code were put back on line 2\n\
         version 1: 2 articles new, 0 changed, 0 gone; nodes fetch SIZE bytes\n"
            .replace("SIZE", &outcome.published.as_ref().unwrap().file.as_ref().unwrap().bytes.to_string())
    );
    let names: Vec<String> = feed(&office, outcome.published.as_ref().unwrap()).into_iter().map(|article| article.name).collect();
    assert_eq!(names, ["Co la 3.5\" nails".to_owned(), "x".repeat(200)]);
}

#[test]
fn missing_prices_follow_the_rule() {
    let prices = |rule: &str| {
        let mut office = Office::new();
        office.rules.rows.missing_price = rule.parse().unwrap();
        let text = "gtin,name,price\n036000291452,Cola,\n96385074,Tea,0\n4006381333931,Milk,1.19\n";
        let articles = office.articles(text);
        articles.into_iter().map(|article| article.price.map(Money::minor)).collect::<Vec<_>>()
    };
    assert_eq!(prices("unpriced"), [None, None, Some(119)]);
    assert_eq!(prices("fixed=1,99"), [Some(199), Some(199), Some(119)]);
    let made_up = prices("demo");
    assert_eq!(made_up, prices("demo"), "the same every time");
    assert!(made_up.iter().flatten().all(|price| (29..=8099).contains(price) && price % 10 == 9), "{made_up:?}");
    for bad in ["", "free", "fixed"] {
        assert!(bad.parse::<MissingPrice>().is_err(), "{bad:?}");
    }
}

fn feed(office: &Office, published: &Published) -> Vec<Article> {
    let name = published.file.as_ref().unwrap().name.to_string();
    let mut reader = FeedReader::open(fs::File::open(office.folders().feeds().join(name)).unwrap()).unwrap();
    let mut articles = Vec::new();
    while let Some(FeedLine::Catalogue(entry)) = reader.next_line().unwrap() {
        if let counterfoil::sync::feed::CatalogueEntry::Put(article) = entry {
            articles.push(*article);
        }
    }
    articles
}

#[test]
fn a_file_becomes_the_next_version_as_a_whole_or_not_at_all() {
    let office = Office::new();
    let rows = |from: u32, price: u32| (from..from + 50).map(|n| format!("{n},Ware {n},{price}\n")).collect::<String>();
    let one = office.file("one.csv", format!("sku,name,price\n{}", rows(100, 1)));
    let published = office.import(&one).unwrap().published.unwrap();
    assert_eq!((published.version, published.added, published.changed, published.removed), (1, 50, 0, 0));
    let same = office.import(&one).unwrap();
    assert_eq!(same.to_string().lines().last(), Some("nothing differs from version 1, which stays in force"));

    let two = office.file("two.csv.zst", zstd::encode_all(format!("sku,name,price\n{}", rows(105, 1)).as_bytes(), 3).unwrap());
    let bad = office.file("bad.csv", format!("sku,name,price\n{}900,Bad,-1\n", rows(500, 1)));
    assert!(office.import(&bad).is_err());
    let dry = import_catalogue(&office.folders(), &two, office.rules.clone(), true, Stamp::default(), &mut |_, _, _, _| {}).unwrap();
    assert_eq!(dry.to_string().lines().last(), Some("dry run: nothing was stored"));
    let published = office.import(&two).unwrap().published.unwrap();
    assert_eq!((published.version, published.added, published.changed, published.removed), (2, 5, 0, 5));
    assert_eq!(feed(&office, &published).len(), 5, "nodes fetch what changed");
}

fn stock(office: &Office, text: &str, is_dry_run: bool) -> Result<StockOutcome, ImportError> {
    let path = office.file("stock.csv", text);
    import_stock(&office.folders(), &path, &StockRules::default(), is_dry_run, Stamp::default(), &mut |_, _, _, _| {})
}

#[test]
fn stock_is_a_baseline_once_per_store_and_article() {
    let office = Office::new();
    let articles = office.file(
        "articles.csv",
        "sku,name,price,ean,pack_code,pack_quantity\n1,Milk,1,4006381333931,14006381333938,6\n2,Tea,1,96385074,,\n3,Salt,1,,,\n",
    );
    office.import(&articles).unwrap();
    let first = "store;ean;menge\nberlin-1;4006381333931;10\nberlin-1;2;2,5\nbonn;14006381333938;2\n";
    assert_eq!(stock(&office, first, true).unwrap().to_string(), "3 rows\ndry run: nothing was stored\n");
    let outcome = stock(&office, first, false).unwrap();
    assert_eq!(
        outcome.to_string(),
        "3 rows\n\
         berlin-1: 2 articles have their baseline from now on; 0 had one before and keep it\n\
         bonn: 1 articles have their baseline from now on; 0 had one before and keep it\n"
    );
    let again = stock(&office, "store,sku,quantity\nberlin-1,1,99\nberlin-1,3,-4\n", false).unwrap();
    assert_eq!(
        again.to_string().lines().last(),
        Some("berlin-1: 1 articles have their baseline from now on; 1 had one before and keep it")
    );
    let lines = |published: &Published| {
        let name = published.file.as_ref().unwrap().name.to_string();
        let mut reader = FeedReader::open(fs::File::open(office.folders().feeds().join(name)).unwrap()).unwrap();
        let mut lines = Vec::new();
        while let Some(FeedLine::Stock(line)) = reader.next_line().unwrap() {
            lines.push(format!("{} {} {}", line.sku, line.quantity, reader.header().baselines[line.baseline as usize].version));
        }
        lines
    };
    assert_eq!(lines(&again.published[0].1), ["1 10 1", "2 2.5 1", "3 -4 2"]);
    assert_eq!(lines(&outcome.published[1].1), ["1 12 1"], "two cases of six");
}

#[test]
fn one_row_per_kind_of_bad_stock_line() {
    let office = Office::new();
    office.import(&office.file("articles.csv", "sku,name,price\n1,Milk,1\n2,Tea,1\n")).unwrap();
    let check = |row: &str, expected: &str| {
        let error = stock(&office, &format!("store,sku,quantity\nberlin-1,2,5\n{row}\n"), false).unwrap_err();
        let ImportError::Complaints { complaints, .. } = error else { panic!("{error}") };
        assert_eq!(complaints.first.iter().map(ToString::to_string).collect::<Vec<_>>(), [expected], "{row}");
    };
    check("berlin-1,9,5", "line 3, column \"sku\": no article has the number or code \"9\": import the catalogue first, or correct it");
    check("berlin 1,1,5", "line 3, column \"store\": \"berlin 1\" is no store: use A-Z a-z 0-9 . _ -, at most 32");
    check(",1,5", "line 3: it names no store: fill the cell, or leave the line out");
    check("berlin-1,,5", "line 3: it names no article: fill the cell, or leave the line out");
    check("berlin-1,1,", "line 3: it names no quantity: fill the cell, or leave the line out");
    check(
        "berlin-1,1,many",
        "line 3, column \"quantity\": \"many\" is no quantity: write a number with at most three decimals, like 12 or 0.250",
    );
    check(
        "berlin-1,1,10000001",
        "line 3, column \"quantity\": \"10000001\" is no quantity: more than ten million of one article is a mistake",
    );
    check("berlin-1,2,6", "line 3: article 2 in store berlin-1 is on line 2 already: leave one line per store and article");
    let error = stock(&office, "sku,quantity\n1,2\n", false).unwrap_err().to_string();
    assert!(
        error.ends_with("no column for the store (or say --store); the file has sku, quantity: say which with --map store=COLUMN"),
        "{error}"
    );
}
