//! Words about an article that somebody asks about.

#[derive(Debug)]
pub struct ArticleTexts {
    pub title: &'static str,
    pub hint: &'static str,
    pub field: &'static str,
    pub look: &'static str,
    pub number: &'static str,
    pub instead_of: &'static str,
    pub by_list: &'static str,
    pub with_coupon: &'static str,
    pub for_members: &'static str,
    pub elsewhere: &'static str,
    /// Shop, quantity, age.
    pub elsewhere_row: &'static str,
    pub nowhere: &'static str,
    pub recall_whole: &'static str,
    pub recall_batches: &'static str,
    pub recall_part: &'static str,
}

pub static ENGLISH: ArticleTexts = ArticleTexts {
    title: "Articles",
    hint: "Scan an article, or type its name or number.",
    field: "Name or number",
    look: "Show",
    number: "No. {}",
    instead_of: "instead of {}",
    by_list: "Price list {}",
    with_coupon: "{} (with coupon)",
    for_members: "{} (members)",
    elsewhere: "In other shops",
    elsewhere_row: "{}: {}, as of {}",
    nowhere: "No other shop has it.",
    recall_whole: "all of it",
    recall_batches: "batch {}",
    recall_part: "some of it",
};

pub static GERMAN: ArticleTexts = ArticleTexts {
    title: "Artikel",
    hint: "Artikel scannen, oder Namen oder Nummer eintippen.",
    field: "Name oder Nummer",
    look: "Zeigen",
    number: "Nr. {}",
    instead_of: "statt {}",
    by_list: "Preisliste {}",
    with_coupon: "{} (mit Gutschein)",
    for_members: "{} (Mitglieder)",
    elsewhere: "In anderen Filialen",
    elsewhere_row: "{}: {}, Stand {}",
    nowhere: "Keine andere Filiale hat ihn.",
    recall_whole: "alles davon",
    recall_batches: "Charge {}",
    recall_part: "ein Teil davon",
};
