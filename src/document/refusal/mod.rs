//! What a refusal says to a person: what happened and what to do next, in the language of whoever reads it. One file per language; the
//! causes and their codes for programs stand in `retail::refusal`.

mod english;
mod german;

use super::{Language, Locale};
use crate::money::{Currency, Money, Qty};
use crate::retail::Refusal;
use crate::retail::rules::Rules;
use crate::time::BusinessDate;

/// In which language, and with which money and marks, somebody is spoken to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Voice {
    pub locale: Locale,
    pub currency: Currency,
}

impl Voice {
    /// The store's own.
    pub fn of_store(rules: &Rules) -> Voice {
        let locale = rules.paper.as_ref().and_then(|paper| Locale::from_tag(&paper.locale)).unwrap_or_default();
        Voice { locale, currency: rules.currency.clone() }
    }

    /// The store's, in the language of a person; figures and dates stay as the store writes them. `None`: the store's language.
    pub fn to_person(rules: &Rules, language: Option<Language>) -> Voice {
        let mut voice = Voice::of_store(rules);
        voice.locale.language = language.unwrap_or(voice.locale.language);
        voice
    }

    /// What happened, to which thing.
    pub fn happened(&self, refusal: &Refusal) -> String {
        match self.locale.language {
            Language::English => english::happened(refusal, self),
            Language::German => german::happened(refusal, self),
        }
    }

    /// What to do next.
    pub fn remedy(&self, refusal: &Refusal) -> &'static str {
        match self.locale.language {
            Language::English => english::remedy(refusal),
            Language::German => german::remedy(refusal),
        }
    }

    fn money(&self, amount: Money) -> String {
        format!("{} {}", self.locale.money(&self.currency, amount), self.currency.code)
    }

    fn quantity(&self, quantity: Qty) -> String {
        self.locale.quantity(quantity)
    }

    fn date(&self, date: BusinessDate) -> String {
        self.locale.date(date)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn voice(tag: &str) -> Voice {
        Voice { locale: Locale::from_tag(tag).unwrap(), currency: Currency::from_code("EUR").unwrap() }
    }

    #[test]
    fn every_refusal_says_what_happened_and_what_to_do_in_every_language() {
        let (english, german) = (voice("en"), voice("de"));
        for refusal in Refusal::all() {
            for voice in [&english, &german] {
                let (happened, remedy) = (voice.happened(&refusal), voice.remedy(&refusal));
                assert!(happened.len() > 8 && remedy.len() > 8 && remedy.ends_with('.'), "{refusal:?}: {happened} {remedy}");
            }
            assert_ne!(english.happened(&refusal), german.happened(&refusal), "{refusal:?} was not translated");
            assert_ne!(english.remedy(&refusal), german.remedy(&refusal), "{refusal:?}: the remedy was not translated");
        }
    }

    #[test]
    fn figures_and_dates_are_written_as_in_the_store() {
        let above = Refusal::CardAmountAboveDue { due: Money::from_minor(2340) };
        assert_eq!(voice("en").happened(&above), "Only 23.40 EUR is due; a card gives no change.");
        assert_eq!(voice("de").happened(&above), "Nur 23,40 EUR sind offen; eine Karte gibt kein Rückgeld.");
        let closed = Refusal::DayGoesBack { last: BusinessDate::constant(2026, 3, 2) };
        assert_eq!(voice("de").happened(&closed), "Der Tag 02.03.2026 ist abgeschlossen; ein früherer lässt sich nicht öffnen.");
        let mut german_in_dublin = voice("en-IE");
        german_in_dublin.locale.language = Language::German;
        assert_eq!(german_in_dublin.happened(&above), "Nur 23.40 EUR sind offen; eine Karte gibt kein Rückgeld.");
    }
}
