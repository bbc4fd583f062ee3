//! Articles that exist only here: as many as wanted, always the same for the same number, with valid GTINs and names as long and as mixed
//! as those of a real shop. Nothing is random: article `index` is a function of `index`.

use crate::gs1::Gtin;
use crate::ids::{Sku, TaxClassId};
use crate::money::{Money, Qty, Unit};
use crate::retail::{ArticleFact, QuantityFrom};
use crate::sync::feed::{Article, CodeKey, SaleCode};

/// Numbers below this are taken in an order that looks random, so that neighbours in the list are not neighbours by code.
const CODES: u64 = 10_000_000_000;
/// Shares no factor with [`CODES`], so that no number comes twice.
const STRIDE: u64 = 7_364_820_393;

/// Ascending by SKU.
pub fn article(index: u64) -> Article {
    let mut bits = Bits(mixed(index));
    let (group, noun, base_price) = KINDS[bits.below(KINDS.len())];
    let brand = BRANDS[bits.below(BRANDS.len())];
    let variety = VARIETIES[bits.below(VARIETIES.len())];
    let size = SIZES[bits.below(SIZES.len())];
    let maker = bits.below(900) + 100;
    let price = base_price * (50 + bits.below(300) as i64) / 100 / 10 * 10 + 9;
    let weighed = bits.below(50) == 0;
    let mut codes = vec![SaleCode { key: CodeKey::Gtin(gtin(index)), quantity: Qty::ONE }];
    if bits.below(12) == 0 {
        codes.push(SaleCode { key: CodeKey::Gtin(case_gtin(index)), quantity: Qty::pieces(6) });
    }
    codes.sort_by(|a, b| a.key.cmp(&b.key));
    let food = !matches!(group.split('/').next(), Some("Household" | "Body" | "Paper"));
    Article {
        sku: Sku::new(&format!("{:08}", 10_000_000 + index)).expect("eight digits are a SKU"),
        name: format!("{brand} {noun} {variety} {size} No. {maker}"),
        unit: if weighed { Unit::Kilogram } else { Unit::Piece },
        tax_class: TaxClassId::new(if food { "B" } else { "A" }).expect("a letter is a tax class"),
        group: group.to_owned(),
        brand: Some(brand.to_owned()),
        price: Some(Money::from_minor(price)),
        codes,
        location: None,
        age_min: None,
    }
}

/// What is typed with its code: goods by weight are sold by a typed kilogram.
pub fn typed_quantity(unit: Unit) -> Option<Qty> {
    (unit == Unit::Kilogram).then_some(Qty::ONE)
}

/// The GTIN-13 of article `index`, of a German-looking maker.
pub fn gtin(index: u64) -> Gtin {
    let body = (index * STRIDE) % CODES;
    Gtin::with_check(&format!("40{body:010}")).expect("twelve digits take a check digit")
}

fn case_gtin(index: u64) -> Gtin {
    let body = (index * STRIDE) % CODES;
    Gtin::with_check(&format!("140{body:010}")).expect("thirteen digits take a check digit")
}

/// The article that is sold as number `sale` in the history of a shop with `articles` of them: one in two sales is of the thousandth part that
/// sells best, as everywhere.
pub fn nth_sold(sale: u64, articles: u64) -> u64 {
    let bits = mixed(sale ^ 0x5a1e);
    let among = if bits & 1 == 0 { (articles / 1000).max(20) } else { articles };
    (bits >> 1) % among.min(articles)
}

/// What a node would know of it when its code is scanned.
pub fn as_fact(article: &Article, price_version: u64) -> ArticleFact {
    let key = &article.codes[0].key;
    ArticleFact {
        sku: article.sku.clone(),
        name: article.name.clone(),
        unit: article.unit,
        unit_price: article.price.expect("every article here has a price"),
        tax_class: article.tax_class.clone(),
        group: article.group.clone(),
        quantity: article.codes[0].quantity,
        quantity_from: QuantityFrom::Entry,
        embedded_price: None,
        code: key.short().to_owned(),
        gtin: Some(key.to_string()),
        batch: None,
        serial: None,
        price_version,
        age_min: None,
        last_day: None,
        recalled: None,
    }
}

fn mixed(index: u64) -> u64 {
    // SplitMix64.
    let mut z = index.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A number to take small numbers from.
struct Bits(u64);

impl Bits {
    fn below(&mut self, limit: usize) -> usize {
        let taken = (self.0 % limit as u64) as usize;
        self.0 = mixed(self.0 / limit as u64);
        taken
    }
}

// Group, noun, a usual price in cents.
const KINDS: &[(&str, &str, i64)] = &[
    ("Dairy/Milk", "Vollmilch", 139),
    ("Dairy/Milk", "H-Milch", 139),
    ("Dairy/Milk", "Buttermilch", 139),
    ("Dairy/Milk", "Hafer-Drink", 139),
    ("Dairy/Yoghurt", "Joghurt", 119),
    ("Dairy/Yoghurt", "Quark", 119),
    ("Dairy/Yoghurt", "Skyr", 119),
    ("Dairy/Yoghurt", "Kefir", 119),
    ("Dairy/Cheese", "Gouda in Scheiben", 249),
    ("Dairy/Cheese", "Camembert", 249),
    ("Dairy/Cheese", "Bergkäse", 249),
    ("Dairy/Cheese", "Frischkäse", 249),
    ("Dairy/Cheese", "Feta", 249),
    ("Bakery/Bread", "Roggenbrot", 219),
    ("Bakery/Bread", "Dinkelbrot", 219),
    ("Bakery/Bread", "Toastbrot", 219),
    ("Bakery/Bread", "Knäckebrot", 219),
    ("Bakery/Sweet", "Butterkekse", 189),
    ("Bakery/Sweet", "Marmorkuchen", 189),
    ("Bakery/Sweet", "Zwieback", 189),
    ("Bakery/Sweet", "Waffeln", 189),
    ("Pantry/Pasta", "Spaghetti", 129),
    ("Pantry/Pasta", "Penne", 129),
    ("Pantry/Pasta", "Bandnudeln", 129),
    ("Pantry/Pasta", "Lasagneplatten", 129),
    ("Pantry/Rice", "Basmatireis", 229),
    ("Pantry/Rice", "Milchreis", 229),
    ("Pantry/Rice", "Risottoreis", 229),
    ("Pantry/Tins", "Tomaten gehackt", 119),
    ("Pantry/Tins", "Kichererbsen", 119),
    ("Pantry/Tins", "Mais", 119),
    ("Pantry/Tins", "Rote Linsen", 119),
    ("Pantry/Tins", "Thunfisch", 119),
    ("Pantry/Oil", "Olivenöl nativ", 599),
    ("Pantry/Oil", "Rapsöl", 599),
    ("Pantry/Oil", "Sonnenblumenöl", 599),
    ("Pantry/Oil", "Balsamico", 599),
    ("Pantry/Spread", "Erdbeerkonfitüre", 299),
    ("Pantry/Spread", "Honig", 299),
    ("Pantry/Spread", "Nuss-Nougat-Creme", 299),
    ("Pantry/Spread", "Erdnussmus", 299),
    ("Pantry/Cereal", "Haferflocken", 249),
    ("Pantry/Cereal", "Müsli", 249),
    ("Pantry/Cereal", "Cornflakes", 249),
    ("Pantry/Cereal", "Granola", 249),
    ("Frozen/Pizza", "Pizza Margherita", 299),
    ("Frozen/Pizza", "Pizza Salami", 299),
    ("Frozen/Pizza", "Flammkuchen", 299),
    ("Frozen/Vegetables", "Erbsen", 199),
    ("Frozen/Vegetables", "Rahmspinat", 199),
    ("Frozen/Vegetables", "Brokkoli", 199),
    ("Frozen/Vegetables", "Kaisergemüse", 199),
    ("Frozen/Ice", "Vanilleeis", 349),
    ("Frozen/Ice", "Fruchteis", 349),
    ("Frozen/Ice", "Eiscreme Stracciatella", 349),
    ("Drinks/Water", "Mineralwasser", 79),
    ("Drinks/Water", "Mineralwasser medium", 79),
    ("Drinks/Water", "Tafelwasser", 79),
    ("Drinks/Juice", "Apfelsaft", 179),
    ("Drinks/Juice", "Orangensaft", 179),
    ("Drinks/Juice", "Multivitaminsaft", 179),
    ("Drinks/Juice", "Johannisbeernektar", 179),
    ("Drinks/Coffee", "Filterkaffee", 549),
    ("Drinks/Coffee", "Espresso ganze Bohne", 549),
    ("Drinks/Coffee", "Kaffeepads", 549),
    ("Drinks/Coffee", "Instantkaffee", 549),
    ("Drinks/Tea", "Pfefferminztee", 199),
    ("Drinks/Tea", "Earl Grey", 199),
    ("Drinks/Tea", "Kräutertee", 199),
    ("Drinks/Tea", "Früchtetee", 199),
    ("Drinks/Beer", "Pils", 99),
    ("Drinks/Beer", "Weißbier", 99),
    ("Drinks/Beer", "Radler", 99),
    ("Drinks/Beer", "Helles", 99),
    ("Drinks/Wine", "Riesling", 599),
    ("Drinks/Wine", "Grauburgunder", 599),
    ("Drinks/Wine", "Spätburgunder", 599),
    ("Drinks/Wine", "Chianti", 599),
    ("Sweets/Chocolate", "Vollmilchschokolade", 129),
    ("Sweets/Chocolate", "Zartbitterschokolade", 129),
    ("Sweets/Chocolate", "Pralinen", 129),
    ("Sweets/Chocolate", "Haselnusstafel", 129),
    ("Sweets/Gum", "Weingummi", 99),
    ("Sweets/Gum", "Lakritz", 99),
    ("Sweets/Gum", "Bonbons", 99),
    ("Sweets/Gum", "Kaugummi", 99),
    ("Snacks/Crisps", "Kartoffelchips", 179),
    ("Snacks/Crisps", "Salzstangen", 179),
    ("Snacks/Crisps", "Erdnüsse geröstet", 179),
    ("Snacks/Crisps", "Tortilla-Chips", 179),
    ("Household/Cleaning", "Allzweckreiniger", 219),
    ("Household/Cleaning", "Spülmittel", 219),
    ("Household/Cleaning", "Badreiniger", 219),
    ("Household/Cleaning", "Glasreiniger", 219),
    ("Household/Laundry", "Colorwaschmittel", 499),
    ("Household/Laundry", "Weichspüler", 499),
    ("Household/Laundry", "Feinwaschmittel", 499),
    ("Paper/Kitchen", "Küchenrolle", 249),
    ("Paper/Kitchen", "Servietten", 249),
    ("Paper/Kitchen", "Backpapier", 249),
    ("Paper/Kitchen", "Alufolie", 249),
    ("Paper/Toilet", "Toilettenpapier", 399),
    ("Paper/Toilet", "Taschentücher", 399),
    ("Paper/Toilet", "Feuchttücher", 399),
    ("Body/Hair", "Shampoo", 299),
    ("Body/Hair", "Spülung", 299),
    ("Body/Hair", "Haarkur", 299),
    ("Body/Hair", "Haarspray", 299),
    ("Body/Teeth", "Zahncreme", 199),
    ("Body/Teeth", "Zahnbürste", 199),
    ("Body/Teeth", "Mundspülung", 199),
    ("Body/Skin", "Duschgel", 349),
    ("Body/Skin", "Handcreme", 349),
    ("Body/Skin", "Sonnenmilch LSF 30", 349),
    ("Body/Skin", "Körperlotion", 349),
];
const BRANDS: &[&str] = &[
    "Alpenhof",
    "Amselfeld",
    "Anker",
    "Bachtal",
    "Balduin",
    "Bergquell",
    "Birkental",
    "Blaumeise",
    "Bodensee",
    "Brunnenhof",
    "Buchenau",
    "Casa-Verde",
    "Delphin",
    "Dorfladen",
    "Eichengrund",
    "Elbgold",
    "Emsland",
    "Erlenbach",
    "Falkenstein",
    "Feldhase",
    "Fjordsen",
    "Frischeparadies",
    "Fuchsbau",
    "Gartenlust",
    "Goldähre",
    "Grünwald",
    "Gutshof",
    "Haferkamp",
    "Hanseat",
    "Heidehof",
    "Herzblatt",
    "Holunder",
    "Hopfenau",
    "Igelweg",
    "Inselperle",
    "Jägerhof",
    "Kaiserblick",
    "Kastanie",
    "Kornblume",
    "Krähennest",
    "Küstengold",
    "Landfein",
    "Lerchenberg",
    "Lindenhof",
    "Luisenhof",
    "Mühlengold",
    "Morgentau",
    "Mondsee",
    "Neuland",
    "Nordlicht",
    "Olivetta",
    "Ostwind",
    "Pappelhof",
    "Pfauenauge",
    "Quellgrund",
    "Rapsody",
    "Rebstock",
    "Rosengarten",
    "Rotkehlchen",
    "Sandbank",
    "Schäferei",
    "Schwalbe",
    "Seestern",
    "Silberdistel",
    "Sonnenhang",
    "Spatzennest",
    "Steinofen",
    "Storchennest",
    "Tannenzapfen",
    "Talblick",
    "Uferlos",
    "Veltlin",
    "Waldmeister",
    "Weidenau",
    "Wiesengrün",
    "Windmühle",
    "Wolkenlos",
    "Zeisig",
    "Zirbe",
    "Zollhaus",
];
const VARIETIES: &[&str] = &[
    "Natur",
    "Bio",
    "Classic",
    "Mild",
    "Würzig",
    "Fein",
    "Kräftig",
    "Extra",
    "Leicht",
    "Original",
    "Premium",
    "Vollkorn",
    "Laktosefrei",
    "Ungesüßt",
    "Zuckerfrei",
    "Familienpackung",
    "Vorratspackung",
    "Jubiläumsedition",
    "Winterzeit",
    "Sommerfrische",
    "Hausmarke",
    "Kräuter",
    "Zitrone",
    "Vanille",
    "Erdbeere",
    "Himbeere",
    "Kirsche",
    "Apfel-Zimt",
    "Pfirsich",
    "Mango",
    "Kokos",
    "Haselnuss",
    "Mandel",
    "Walnuss",
    "Honig",
    "Paprika",
    "Knoblauch",
    "Basilikum",
    "Rosmarin",
    "Meersalz",
    "Pfeffer",
    "Chili",
    "Curry",
    "Senf",
    "Sensitiv",
    "Frische",
];
const SIZES: &[&str] = &[
    "50 g",
    "100 g",
    "125 g",
    "200 g",
    "250 g",
    "400 g",
    "500 g",
    "750 g",
    "1 kg",
    "1,5 kg",
    "6 x 0,33 l",
    "0,5 l",
    "0,7 l",
    "1 l",
    "1,5 l",
    "4 Stück",
    "10 Stück",
    "24 Stück",
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn codes_are_valid_and_never_twice() {
        let mut seen = BTreeSet::new();
        for index in (0..20_000).chain(999_000..1_001_000) {
            let article = article(index);
            assert!(article.codes.iter().any(|code| code.key == CodeKey::Gtin(gtin(index))));
            for code in &article.codes {
                assert_eq!(CodeKey::read(&code.key.to_string()).as_ref(), Ok(&code.key));
                assert!(seen.insert(code.key.clone()), "{} comes twice", code.key);
            }
            assert!(article.price.is_some_and(|price| price.minor() > 0 && price.minor() < 10_000), "{article:?}");
        }
    }

    #[test]
    fn the_same_number_is_the_same_article() {
        assert_eq!(article(4711), article(4711));
        assert_ne!(article(4711).name, article(4712).name);
    }
}
