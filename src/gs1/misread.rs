//! Every reason why a frame that claims to be a known code cannot be one, and its text. A misread changes nothing: the cashier scans
//! again, and the text says what to look at when it happens again.

use super::gtin::BadGtin;

/// What was wrong with the code. `Display` is one line for the till's screen.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Misread {
    #[error("{symbology} with {digits} characters: expected {expected}; scan again")]
    Length { symbology: &'static str, digits: usize, expected: &'static str },
    #[error(transparent)]
    Gtin(#[from] BadGtin),
    #[error("the check digit inside {code} does not fit its value {value}; print the scale label again")]
    InnerCheck { code: String, value: String },
    #[error("{shown:?} is not a GS1 application identifier; scan again")]
    AiUnknown { shown: String },
    #[error("({ai}) {name}: {length} characters do not fit its format; scan again")]
    AiLength { ai: String, name: &'static str, length: usize },
    #[error("({ai}) {name}: character {shown:?} is not allowed")]
    AiCharacter { ai: String, name: &'static str, shown: String },
    #[error("({ai}) {name}: {value:?} is not {rule}")]
    AiValue { ai: String, name: &'static str, value: String, rule: &'static str },
    #[error("({ai}) {name} stands twice with different values")]
    AiTwice { ai: String, name: &'static str },
    #[error("({first}) and ({second}) contradict each other on one label")]
    AiContradiction { first: String, second: String },
    #[error("GS1 Digital Link: {what}")]
    Link { what: &'static str },
    #[error("the price in the code is in currency {numeric}, this store sells in {store}: enter the price by hand")]
    ForeignPrice { numeric: String, store: String },
    #[error("the price in the code does not fit the decimals of {currency}")]
    PriceDecimals { currency: String },
    #[error("the {what} in the code is too large")]
    TooLarge { what: &'static str },
}
