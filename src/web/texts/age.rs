//! Words of the age check.

#[derive(Debug)]
pub struct AgeTexts {
    /// Years, article.
    pub asks: &'static str,
    pub born_by: &'static str,
    pub from: &'static str,
    pub of_age: &'static str,
    pub not_sold: &'static str,
    pub birth_date: &'static str,
    /// Eight digits in the store's order of day, month and year.
    pub digits_ymd: &'static str,
    pub digits_dmy: &'static str,
    pub digits_mdy: &'static str,
}

pub static ENGLISH: AgeTexts = AgeTexts {
    asks: "From {}: {}",
    born_by: "Born on or before {}",
    from: "from {} years on",
    of_age: "Of age",
    not_sold: "Do not sell",
    birth_date: "Birth date",
    digits_ymd: "type yyyymmdd",
    digits_dmy: "type ddmmyyyy",
    digits_mdy: "type mmddyyyy",
};

pub static GERMAN: AgeTexts = AgeTexts {
    asks: "Ab {}: {}",
    born_by: "Geboren am {} oder früher",
    from: "ab {} Jahren",
    of_age: "Alt genug",
    not_sold: "Nicht verkaufen",
    birth_date: "Geburtsdatum",
    digits_ymd: "JJJJMMTT tippen",
    digits_dmy: "TTMMJJJJ tippen",
    digits_mdy: "MMTTJJJJ tippen",
};
