//! Words of the panel "Discount or price" and of what a customer saves.

#[derive(Debug)]
pub struct PriceTexts {
    pub word: &'static str,
    pub title: &'static str,
    pub hint: &'static str,
    pub line_percent: &'static str,
    pub line_amount: &'static str,
    pub line_price: &'static str,
    pub sale_percent: &'static str,
    pub sale_amount: &'static str,
    /// With the amount.
    pub saved: &'static str,
    pub member: &'static str,
    /// With its name.
    pub coupon: &'static str,
}

pub static ENGLISH: PriceTexts = PriceTexts {
    word: "Discount, price",
    title: "Discount or price",
    hint: "Choose the line, type the number, then tap what it means beside the reason.",
    line_percent: "% off line",
    line_amount: "off line",
    line_price: "new price",
    sale_percent: "% off sale",
    sale_amount: "off sale",
    saved: "You save {}",
    member: "Member",
    coupon: "Coupon: {}",
};

pub static GERMAN: PriceTexts = PriceTexts {
    word: "Rabatt, Preis",
    title: "Rabatt oder Preis",
    hint: "Zeile wählen, Zahl tippen, dann neben dem Grund antippen, was sie bedeutet.",
    line_percent: "% auf Zeile",
    line_amount: "Abzug Zeile",
    line_price: "neuer Preis",
    sale_percent: "% auf Bon",
    sale_amount: "Abzug Bon",
    saved: "Sie sparen {}",
    member: "Mitglied",
    coupon: "Gutschein: {}",
};
