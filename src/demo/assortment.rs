//! The demo's goods: a neighbourhood supermarket, made up by us. Brands do not exist, numbers have right check digits, prices are believable.
//! Deterministic: the same articles, codes and quantities at every start.

use crate::gs1::Gtin;
use crate::ids::{Sku, TaxClassId};
use crate::money::{Money, Qty, Unit};
use crate::retail::recalls::{Recall, RecalledArticle, Unmarked};
use crate::sync::feed::{Article, CodeKey, SaleCode};

/// An article and what lies on the shelf when the demo begins.
pub struct Good {
    pub article: Article,
    pub on_hand: Qty,
}

/// One family: every variant in every size.
struct Family {
    group: &'static str,
    /// Tax class: A 19 %, B 7 %.
    tax: &'static str,
    brand: &'static str,
    name: &'static str,
    variants: &'static [&'static str],
    /// Text and price in cents.
    sizes: &'static [(&'static str, i64)],
    /// Units in a case that has a code of its own; 0 for none.
    case: i64,
}

const fn f(
    group: &'static str,
    tax: &'static str,
    brand: &'static str,
    name: &'static str,
    variants: &'static [&'static str],
    sizes: &'static [(&'static str, i64)],
    case: i64,
) -> Family {
    Family { group, tax, brand, name, variants, sizes, case }
}

#[rustfmt::skip]
const FAMILIES: &[Family] = &[
    f("Dairy/Milk", "B", "Almgrund", "Fresh milk", &["3.5 %", "1.5 %", "lactose-free 1.5 %", "organic 3.8 %"], &[("1 l", 129), ("0.5 l", 89)], 12),
    f("Dairy/Milk", "B", "Almgrund", "Long-life milk", &["3.5 %", "1.5 %", "0.3 %"], &[("1 l", 109)], 12),
    f("Dairy/Yoghurt", "B", "Almgrund", "Yoghurt", &["natural", "strawberry", "cherry", "peach", "vanilla", "raspberry"], &[("150 g", 59), ("500 g", 149)], 0),
    f("Dairy/Yoghurt", "B", "Nordfjell", "Skyr", &["natural", "blueberry", "vanilla"], &[("150 g", 89), ("450 g", 199)], 0),
    f("Dairy/Butter", "B", "Almgrund", "Butter", &["mild", "salted", "organic"], &[("250 g", 239)], 0),
    f("Dairy/Cheese", "B", "Käserei Tobel", "Sliced cheese", &["Gouda", "Emmental", "Tilsit", "butter cheese"], &[("200 g", 249), ("400 g", 449)], 0),
    f("Dairy/Cheese", "B", "Käserei Tobel", "Cream cheese", &["natural", "herbs", "horseradish"], &[("200 g", 159)], 0),
    f("Dairy/Cheese", "B", "La Colline", "Camembert", &["mild", "strong"], &[("125 g", 199), ("250 g", 329)], 0),
    f("Dairy/Dessert", "B", "Almgrund", "Rice pudding", &["plain", "cinnamon", "cherry"], &[("200 g", 69)], 0),
    f("Dairy/Eggs", "B", "Hof Lerche", "Eggs free-range", &["M", "L"], &[("6", 219), ("10", 329)], 0),
    f("Bread/Fresh", "B", "Backhaus Ernst", "Bread", &["rye", "mixed wheat", "wholemeal", "spelt", "sunflower seed"], &[("500 g", 249), ("1 kg", 429)], 0),
    f("Bread/Packed", "B", "Backhaus Ernst", "Toast", &["butter", "wholemeal", "sandwich"], &[("250 g", 109), ("500 g", 169)], 0),
    f("Bread/Packed", "B", "Backhaus Ernst", "Crispbread", &["rye", "sesame"], &[("200 g", 159)], 0),
    f("Breakfast/Cereals", "B", "Morgenkorn", "Muesli", &["fruit", "nut", "chocolate", "no added sugar"], &[("500 g", 299), ("750 g", 399)], 0),
    f("Breakfast/Cereals", "B", "Morgenkorn", "Cornflakes", &["plain", "honey"], &[("375 g", 199), ("750 g", 349)], 0),
    f("Breakfast/Cereals", "B", "Morgenkorn", "Rolled oats", &["fine", "coarse"], &[("500 g", 99)], 0),
    f("Breakfast/Spreads", "B", "Tante Grete", "Jam", &["strawberry", "apricot", "raspberry", "black cherry", "orange"], &[("340 g", 249)], 0),
    f("Breakfast/Spreads", "B", "Imkerei Weiß", "Honey", &["blossom", "forest", "acacia"], &[("250 g", 399), ("500 g", 649)], 0),
    f("Breakfast/Spreads", "B", "Nocciola", "Hazelnut spread", &["classic", "crunchy"], &[("400 g", 349), ("750 g", 549)], 0),
    f("Coffee & Tea/Coffee", "B", "Rösterei Kai", "Ground coffee", &["mild", "classic", "decaf", "espresso"], &[("250 g", 449), ("500 g", 799)], 12),
    f("Coffee & Tea/Coffee", "B", "Rösterei Kai", "Coffee beans", &["crema", "espresso", "organic"], &[("500 g", 849), ("1 kg", 1499)], 0),
    f("Coffee & Tea/Tea", "B", "Teekontor", "Tea", &["peppermint", "camomile", "fruit", "green", "Earl Grey", "rooibos"], &[("20 bags", 199), ("40 bags", 349)], 0),
    f("Pasta & Rice/Pasta", "B", "Pasta Vera", "Pasta", &["spaghetti", "penne", "fusilli", "farfalle", "linguine"], &[("500 g", 119), ("1 kg", 219)], 12),
    f("Pasta & Rice/Rice", "B", "Reisfeld", "Rice", &["basmati", "jasmine", "risotto", "long grain"], &[("500 g", 189), ("1 kg", 329)], 0),
    f("Pasta & Rice/Pulses", "B", "Reisfeld", "Dried pulses", &["red lentils", "brown lentils", "chick peas", "white beans"], &[("500 g", 199)], 0),
    f("Baking", "B", "Mühle Adler", "Flour", &["wheat 405", "wheat 1050", "spelt 630", "rye 1150"], &[("1 kg", 99)], 10),
    f("Baking", "B", "Südzucker-Hof", "Sugar", &["fine", "brown", "icing"], &[("500 g", 109), ("1 kg", 159)], 10),
    f("Baking", "B", "Mühle Adler", "Baking powder", &["classic", "phosphate-free"], &[("4 sachets", 79)], 0),
    f("Tins/Vegetables", "B", "Gartenwerk", "Tin", &["sweetcorn", "kidney beans", "peas", "chick peas", "white beans"], &[("200 g", 79), ("400 g", 119)], 6),
    f("Tins/Tomatoes", "B", "Pasta Vera", "Tomatoes", &["whole", "chopped", "strained"], &[("400 g", 99), ("800 g", 169)], 12),
    f("Tins/Fish", "B", "Kutter Jan", "Tuna", &["in oil", "in brine"], &[("150 g", 179)], 0),
    f("Tins/Fish", "B", "Kutter Jan", "Herring fillets", &["tomato", "mustard", "paprika"], &[("200 g", 199)], 0),
    f("Tins/Fruit", "B", "Gartenwerk", "Tinned fruit", &["pineapple", "peach", "pear", "mandarin"], &[("400 g", 159)], 0),
    f("Sauces", "B", "Tante Grete", "Pasta sauce", &["basil", "arrabbiata", "bolognese"], &[("350 g", 249)], 0),
    f("Sauces", "B", "Rote Paula", "Ketchup", &["tomato", "curry", "no added sugar"], &[("450 ml", 229), ("800 ml", 349)], 0),
    f("Sauces", "B", "Rote Paula", "Mustard", &["medium hot", "sweet", "Dijon"], &[("200 ml", 119)], 0),
    f("Sauces", "B", "Olivar", "Olive oil", &["extra virgin", "mild", "organic extra virgin"], &[("500 ml", 799), ("750 ml", 1099)], 6),
    f("Sauces", "B", "Olivar", "Vinegar", &["balsamic", "apple", "white wine"], &[("500 ml", 249)], 0),
    f("Frozen/Pizza", "B", "Fornello", "Pizza", &["margherita", "salami", "spinach", "tuna", "four cheeses"], &[("350 g", 329)], 0),
    f("Frozen/Vegetables", "B", "Gartenwerk", "Frozen vegetables", &["spinach", "peas", "broccoli", "vegetable mix"], &[("450 g", 199), ("750 g", 299)], 0),
    f("Frozen/Ice cream", "B", "Eisbär & Söhne", "Ice cream", &["vanilla", "chocolate", "strawberry", "walnut", "lemon sorbet"], &[("500 ml", 349), ("1 l", 549)], 0),
    f("Frozen/Fish", "B", "Kutter Jan", "Fish fingers", &["classic", "wholemeal crumb"], &[("450 g", 429)], 0),
    f("Meat & Sausage", "B", "Metzgerei Roth", "Cold cuts", &["ham", "salami", "turkey breast", "liver sausage", "mortadella"], &[("100 g", 199), ("200 g", 339)], 0),
    f("Meat & Sausage", "B", "Metzgerei Roth", "Sausages", &["Vienna", "bratwurst", "poultry"], &[("400 g", 399)], 0),
    f("Vegan", "B", "Grünspan", "Tofu", &["natural", "smoked", "basil"], &[("200 g", 229)], 0),
    f("Vegan", "B", "Grünspan", "Oat drink", &["natural", "barista", "calcium", "chocolate"], &[("1 l", 189)], 6),
    f("Sweets/Chocolate", "B", "Kakaohaus", "Chocolate", &["milk", "dark 70 %", "hazelnut", "marzipan", "white", "nougat", "sea salt"], &[("100 g", 149), ("300 g", 399)], 10),
    f("Sweets/Sweets", "B", "Bonbonnière", "Fruit gums", &["bears", "sour", "liquorice", "cola bottles"], &[("175 g", 129), ("320 g", 219)], 0),
    f("Sweets/Biscuits", "B", "Backhaus Ernst", "Biscuits", &["butter", "oat", "chocolate", "wafers"], &[("200 g", 179), ("400 g", 299)], 0),
    f("Sweets/Snacks", "B", "Knabberhof", "Crisps", &["paprika", "salted", "sour cream", "vinegar"], &[("175 g", 199), ("250 g", 259)], 0),
    f("Sweets/Snacks", "B", "Knabberhof", "Nuts", &["cashews", "almonds", "peanuts", "trail mix", "pistachios"], &[("150 g", 299), ("250 g", 449)], 0),
    f("Drinks/Water", "A", "Felsenborn", "Mineral water", &["sparkling", "medium", "still"], &[("0.5 l", 59), ("1 l", 79), ("1.5 l", 89)], 6),
    f("Drinks/Juice", "A", "Obsthof Senn", "Juice", &["orange", "apple", "apple cloudy", "multivitamin", "grape", "cherry nectar"], &[("0.2 l", 89), ("1 l", 199)], 6),
    f("Drinks/Soft drinks", "A", "Sprizz", "Lemonade", &["lemon", "orange", "elderflower", "ginger", "rhubarb"], &[("0.33 l", 99), ("0.75 l", 149), ("1.5 l", 179)], 6),
    f("Drinks/Soft drinks", "A", "Sprizz", "Cola", &["classic", "zero"], &[("0.33 l", 99), ("1 l", 139), ("1.5 l", 179)], 6),
    f("Drinks/Beer", "A", "Brauhaus Anker", "Beer", &["Pilsner", "Helles", "wheat", "alcohol-free", "shandy"], &[("0.33 l", 99), ("0.5 l", 119)], 20),
    f("Drinks/Wine", "A", "Weingut Felder", "Wine", &["Riesling dry", "Pinot gris", "rosé", "Pinot noir", "Dornfelder"], &[("0.75 l", 699), ("0.25 l", 329)], 6),
    f("Drinks/Sparkling", "A", "Weingut Felder", "Sparkling wine", &["brut", "dry", "alcohol-free"], &[("0.75 l", 899), ("0.2 l", 299)], 6),
    f("Drinks/Spirits", "A", "Brennerei Holm", "Spirits", &["gin", "vodka", "fruit brandy", "herb liqueur"], &[("0.5 l", 1499), ("0.7 l", 1899)], 0),
    f("Baby", "B", "Kleinfuß", "Baby food", &["carrot", "apple", "pumpkin", "pasta bolognese"], &[("190 g", 129)], 6),
    f("Baby", "A", "Kleinfuß", "Nappies", &["size 2", "size 3", "size 4", "size 5"], &[("40", 999)], 0),
    f("Pet", "B", "Pfotenglück", "Cat food", &["beef", "salmon", "chicken", "lamb"], &[("100 g", 79), ("400 g", 149)], 12),
    f("Pet", "B", "Pfotenglück", "Dog food", &["beef", "poultry"], &[("400 g", 169), ("800 g", 279)], 6),
    f("Household/Cleaning", "A", "Klarwerk", "Cleaner", &["kitchen", "bath", "glass", "all-purpose", "floor"], &[("750 ml", 249), ("1 l", 299)], 0),
    f("Household/Laundry", "A", "Klarwerk", "Laundry detergent", &["full", "colour", "delicates", "black"], &[("20 washes", 549), ("40 washes", 949)], 0),
    f("Household/Dishes", "A", "Klarwerk", "Washing-up liquid", &["lemon", "sensitive", "aloe"], &[("500 ml", 149)], 0),
    f("Household/Paper", "A", "Weichblatt", "Toilet paper", &["3 layers", "4 layers", "recycled"], &[("8 rolls", 399), ("16 rolls", 699)], 0),
    f("Household/Paper", "A", "Weichblatt", "Kitchen towels", &["white", "recycled"], &[("4 rolls", 329)], 0),
    f("Household/Odds", "A", "Klarwerk", "Batteries", &["AA", "AAA", "C", "9 V"], &[("4", 499)], 0),
    f("Household/Odds", "A", "Klarwerk", "Bin bags", &["20 l", "35 l", "60 l"], &[("20", 179)], 0),
    f("Care/Hair", "A", "Lindwasser", "Shampoo", &["normal", "repair", "anti-dandruff", "baby", "volume"], &[("250 ml", 299), ("400 ml", 429)], 0),
    f("Care/Body", "A", "Lindwasser", "Shower gel", &["sea", "lemon", "milk & honey", "men"], &[("250 ml", 199)], 0),
    f("Care/Body", "A", "Lindwasser", "Soap", &["olive", "lavender", "sensitive"], &[("100 g", 129)], 0),
    f("Care/Teeth", "A", "Weißzahn", "Toothpaste", &["fresh", "sensitive", "children", "whitening"], &[("75 ml", 219)], 0),
    f("Care/Teeth", "A", "Weißzahn", "Toothbrush", &["soft", "medium", "hard"], &[("1", 249)], 0),
    f("World/Asia", "B", "Drachenboot", "Noodle soup", &["chicken", "beef", "vegetable", "shrimp", "miso"], &[("70 g", 89), ("cup 65 g", 149)], 12),
    f("World/Asia", "B", "Drachenboot", "Soy sauce", &["light", "dark", "gluten-free"], &[("150 ml", 199), ("500 ml", 349)], 0),
    f("World/Spices", "B", "Gewürzmühle", "Spice", &["pepper black", "paprika", "curry", "oregano", "cinnamon", "turmeric", "nutmeg", "caraway"], &[("40 g", 179)], 0),
    f("World/Spices", "B", "Gewürzmühle", "Salt", &["fine iodised", "sea salt coarse"], &[("500 g", 59)], 0),
    f("Soups", "B", "Tante Grete", "Soup", &["tomato", "pea", "potato", "goulash", "chicken noodle"], &[("400 ml", 219), ("800 ml", 349)], 6),
    f("Care/Sun", "A", "Lindwasser", "Sun cream", &["factor 20", "factor 30", "factor 50"], &[("200 ml", 699)], 0),
    f("Stationery", "A", "Schreibwerk", "Exercise book", &["ruled", "squared", "plain"], &[("A5", 79), ("A4", 129)], 0),
    f("Stationery", "A", "Schreibwerk", "Ballpoint pens", &["blue", "black", "red"], &[("3", 299)], 0),
];

/// Sold by weight: PLU, name, cents per kilogram.
#[rustfmt::skip]
const WEIGHED: &[(u32, &str, i64)] = &[
    (1001, "Bananas", 179), (1002, "Apples Elstar", 249), (1003, "Apples Braeburn", 269), (1004, "Pears Abate", 299), (1005, "Oranges", 229),
    (1006, "Lemons loose", 349), (1007, "Grapes white", 399), (1008, "Grapes dark", 429), (1009, "Tomatoes on the vine", 349), (1010, "Carrots loose", 149),
    (1011, "Potatoes waxy", 129), (1012, "Onions", 139), (1013, "Peppers red", 449), (1014, "Courgettes", 249), (1015, "Aubergines", 349),
    (1016, "Ginger", 599), (1017, "Mushrooms brown", 699), (1018, "Kohlrabi", 199), (1019, "White cabbage", 99), (1020, "Plums", 299),
];

/// Sold by the piece without a code on them: PLU, name, cents, group, tax class.
#[rustfmt::skip]
const LOOSE: &[(u32, &str, i64, &str, &str)] = &[
    (3001, "Bread roll", 35, "Bread/Fresh", "B"), (3002, "Rye roll", 45, "Bread/Fresh", "B"), (3003, "Pretzel", 89, "Bread/Fresh", "B"),
    (3004, "Croissant", 119, "Bread/Fresh", "B"), (3005, "Avocado", 149, "Fruit & Vegetables", "B"), (3006, "Mango", 199, "Fruit & Vegetables", "B"),
    (3007, "Lettuce", 159, "Fruit & Vegetables", "B"), (3008, "Cucumber", 79, "Fruit & Vegetables", "B"), (3009, "Carrier bag", 25, "Household/Odds", "A"),
];

/// What the tills sell with one tap: text and PLU.
pub const QUICK_KEYS: &[(&str, u32)] = &[
    ("Bread roll", 3001),
    ("Bananas", 1001),
    ("Rye roll", 3002),
    ("Pretzel", 3003),
    ("Carrier bag", 3009),
    ("Cucumber", 3008),
    ("Croissant", 3004),
    ("Avocado", 3005),
    ("Mango", 3006),
    ("Lettuce", 3007),
];

/// Packed and labelled by the scale in the shop: article, name, cents per kilogram.
#[rustfmt::skip]
const FROM_THE_COUNTER: &[(u32, &str, i64)] = &[
    (2001, "Minced beef", 1190), (2002, "Pork neck", 990), (2003, "Chicken breast", 1290), (2004, "Salmon fillet", 2990), (2005, "Mountain cheese", 2190),
    (2006, "Gouda aged", 1690), (2007, "Leberkäse", 1190), (2008, "Olives from the counter", 1590),
];

/// All of them, in the order of their article numbers.
pub fn goods() -> Vec<Good> {
    let mut goods = Vec::new();
    let mut number = 0u32;
    for family in FAMILIES {
        for variant in family.variants {
            for (size, cents) in family.sizes {
                number += 1;
                goods.push(packed(family, variant, size, *cents, number));
            }
        }
    }
    goods.extend(WEIGHED.iter().map(|(plu, name, cents)| weighed(*plu, name, *cents, "Fruit & Vegetables")));
    goods.extend(FROM_THE_COUNTER.iter().map(|(plu, name, cents)| weighed(*plu, name, *cents, "Fresh counter")));
    goods.extend(LOOSE.iter().map(|loose| by_the_piece(*loose)));
    goods
}

fn by_the_piece((plu, name, cents, group, tax): (u32, &str, i64, &str, &str)) -> Good {
    let article = Article {
        sku: Sku::new(&format!("{:06}", 200_000 + plu)).expect("digits are a valid SKU"),
        name: name.to_owned(),
        unit: Unit::Piece,
        tax_class: tax_class(tax),
        group: group.to_owned(),
        brand: None,
        price: Some(Money::from_minor(cents)),
        codes: vec![SaleCode { key: CodeKey::Text(plu.to_string()), quantity: Qty::ONE }],
        location: None,
        age_min: None,
    };
    Good { article, on_hand: Qty::pieces(i64::from(plu % 17) * 5 + 30) }
}

fn packed(family: &Family, variant: &str, size: &str, cents: i64, number: u32) -> Good {
    let gtin = match number % 29 {
        // Small packs carry the short number.
        7 => with_check(&format!("40{number:05}")),
        // Imported goods carry a UPC.
        13 => with_check(&format!("09{number:09}")),
        _ => with_check(&format!("4099{:03}{number:05}", 100 + family.brand.len() % 40)),
    };
    let mut codes = vec![SaleCode { key: CodeKey::Gtin(gtin), quantity: Qty::ONE }];
    if family.case > 0 {
        let case = with_check(&format!("1{}", &gtin.as_str()[1..13]));
        codes.push(SaleCode { key: CodeKey::Gtin(case), quantity: Qty::pieces(family.case) });
    }
    codes.sort_by(|a, b| a.key.cmp(&b.key));
    let name = format!("{} {} {variant} {size}", family.brand, family.name);
    let article = Article {
        sku: Sku::new(&format!("{:06}", 100_000 + number)).expect("digits are a valid SKU"),
        name,
        unit: Unit::Piece,
        tax_class: tax_class(family.tax),
        group: family.group.to_owned(),
        brand: Some(family.brand.to_owned()),
        price: Some(Money::from_minor(cents)),
        codes,
        location: Some(format!("{}{:02}", char::from(b'A' + (number / 60 % 12) as u8), number % 60 + 1)),
        age_min: age_min(family.group),
    };
    Good { article, on_hand: Qty::pieces(i64::from(number * 7 % 41) + 6) }
}

fn weighed(plu: u32, name: &str, cents: i64, group: &str) -> Good {
    // The scale's label: prefix 28, article, then an inner check digit and the weight, which are zero in the key.
    let label = with_check(&format!("28{plu:04}000000"));
    let mut codes = vec![
        SaleCode { key: CodeKey::Gtin(label), quantity: Qty::ONE },
        SaleCode { key: CodeKey::Text(plu.to_string()), quantity: Qty::ONE },
    ];
    codes.sort_by(|a, b| a.key.cmp(&b.key));
    let article = Article {
        sku: Sku::new(&format!("{:06}", 200_000 + plu)).expect("digits are a valid SKU"),
        name: name.to_owned(),
        unit: Unit::Kilogram,
        tax_class: tax_class("B"),
        group: group.to_owned(),
        brand: None,
        price: Some(Money::from_minor(cents)),
        codes,
        location: None,
        age_min: None,
    };
    Good { article, on_hand: Qty::pieces(i64::from(plu % 17) + 8) }
}

/// What was taken out of the supply this week, and the code of a pack that it means: number and batch in a GS1 DataMatrix.
pub fn recalls() -> Vec<Recall> {
    let article = RecalledArticle {
        gtin: recalled_gtin().as_str().to_owned(),
        batches: vec![RECALLED_BATCH.to_owned()],
        serials: None,
        dates: None,
        unmarked: Unmarked::Sell,
    };
    vec![Recall { id: "R-2026-31".to_owned(), reason: "May contain pieces of metal.".to_owned(), articles: vec![article] }]
}

pub fn recalled_pack() -> String {
    format!("]d201{}10{RECALLED_BATCH}", recalled_gtin())
}

const RECALLED_BATCH: &str = "K4";

fn recalled_gtin() -> Gtin {
    let is_butter_biscuit = |good: &Good| good.article.group == "Sweets/Biscuits";
    let good = goods().into_iter().find(is_butter_biscuit).expect("the shop has biscuits");
    let gtin = good.article.codes.iter().find_map(|code| match code.key {
        CodeKey::Gtin(gtin) => Some(gtin),
        CodeKey::Text(_) => None,
    });
    gtin.expect("biscuits are packed")
}

/// Years of age below which it is not sold (Germany: beer and wine 16, spirits 18).
fn age_min(group: &str) -> Option<u8> {
    match group {
        "Drinks/Beer" | "Drinks/Wine" | "Drinks/Sparkling" => Some(16),
        "Drinks/Spirits" => Some(18),
        _ => None,
    }
}

fn with_check(digits: &str) -> Gtin {
    Gtin::with_check(digits).expect("digits of the right number")
}

fn tax_class(text: &str) -> TaxClassId {
    TaxClassId::new(text).expect("a letter is a valid class")
}

/// The label a scale would print for so many grams of a weighed article (Germany, prefix 28), with both check digits.
pub fn scale_label(plu: u32, grams: u32) -> Gtin {
    const PLUS5: [u32; 10] = [0, 5, 1, 6, 2, 7, 3, 8, 4, 9];
    const MINUS2: [u32; 10] = [0, 2, 4, 6, 8, 9, 1, 3, 5, 7];
    const MINUS5: [u32; 10] = [0, 5, 9, 4, 8, 3, 7, 2, 6, 1];
    let weight = format!("{:05}", grams % 100_000);
    let maps = [PLUS5, MINUS2, MINUS5, PLUS5, MINUS2];
    let sum: u32 = weight.bytes().zip(maps).map(|(digit, map)| map[usize::from(digit - b'0')]).sum();
    let wanted = (10 - sum % 10) % 10;
    let inner = MINUS5.iter().position(|value| *value == wanted).expect("the map has every digit");
    with_check(&format!("28{plu:04}{inner}{weight}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gs1::{CodeRules, EmbeddedValue, Meaning, Scan, interpret};
    use crate::money::Currency;
    use std::collections::BTreeSet;

    #[test]
    fn the_shelf_is_full_and_nothing_is_there_twice() {
        let goods = goods();
        assert!(goods.len() >= 500, "{} articles", goods.len());
        let skus: BTreeSet<_> = goods.iter().map(|good| good.article.sku.clone()).collect();
        assert_eq!(skus.len(), goods.len(), "every article number once");
        assert!(goods.iter().map(|good| &good.article.sku).is_sorted(), "in the order of their article numbers");
        let codes: Vec<_> = goods.iter().flat_map(|good| good.article.codes.iter().map(|code| code.key.clone())).collect();
        assert_eq!(codes.iter().collect::<BTreeSet<_>>().len(), codes.len(), "every code once");
        let names: BTreeSet<_> = goods.iter().map(|good| good.article.name.clone()).collect();
        assert_eq!(names.len(), goods.len(), "every name once");
        let classes: BTreeSet<_> = goods.iter().map(|good| good.article.tax_class.to_string()).collect();
        assert_eq!(classes.len(), 2);
        assert!(goods.iter().all(|good| good.article.price.is_some_and(|price| price.minor() > 0)));
    }

    #[test]
    fn a_scale_label_reads_as_its_weight() {
        let rules = CodeRules::for_country("DE", Currency::from_code("EUR").unwrap());
        let label = scale_label(1002, 1250);
        let scan = Scan::from_frame(format!("]E0{}", label.short()).as_bytes(), true).unwrap();
        let Meaning::Embedded(embedded) = interpret(&scan, &rules, jiff::civil::date(2026, 11, 22)) else { panic!("a scale label") };
        assert_eq!(embedded.value, EmbeddedValue::Weight(Qty::from_thousandths(1250)));
        let apples = goods().into_iter().find(|good| good.article.name == "Apples Elstar").unwrap();
        assert!(apples.article.quantity_of(&CodeKey::Gtin(embedded.key)).is_some());
    }
}
