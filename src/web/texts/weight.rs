//! Words around goods that are sold by weight.

#[derive(Debug)]
pub struct WeightTexts {
    /// Under the article's name, with a scale and without.
    pub put_on: &'static str,
    pub type_it: &'static str,
    pub moving: &'static str,
    pub unsettled: &'static str,
    pub same_load: &'static str,
    pub under_zero: &'static str,
    pub over_capacity: &'static str,
    pub own_tare: &'static str,
    pub no_answer: &'static str,
    /// The way out that is always there.
    pub or_type: &'static str,
    pub typed: &'static str,
    pub typed_hint: &'static str,
    /// While the goods of the last line are still there.
    pub again: &'static str,
    pub tare: &'static str,
    pub tare_hint: &'static str,
    /// The tare that is taken off the next weight.
    pub tare_set: &'static str,
    pub tare_set_hint: &'static str,
    pub too_fine: &'static str,
    pub too_fine_hint: &'static str,
    /// On a line.
    pub by_hand: &'static str,
    pub scale_trouble: &'static str,
    /// For the customer, until there is a weight.
    pub weighing: &'static str,
}

pub static ENGLISH: WeightTexts = WeightTexts {
    put_on: "Put it on the scale.",
    type_it: "Type its weight in kilograms, then Enter.",
    moving: "The weight is settling …",
    unsettled: "The weight does not come to rest. Does something touch the scale?",
    same_load: "The last goods are still on the scale.",
    under_zero: "The scale is below zero. Take everything off, and set it to zero.",
    over_capacity: "Too heavy for the scale. Weigh it in parts.",
    own_tare: "A tare is set on the scale itself. Clear it there; type it here instead.",
    no_answer: "The scale does not answer.",
    or_type: "Or type the weight in kilograms, then Enter.",
    typed: "Typed weight",
    typed_hint: "kg",
    again: "Weigh them again",
    tare: "Tare",
    tare_hint: "grams",
    tare_set: "Tare {}",
    tare_set_hint: "Taken off the next weight.",
    too_fine: "A weight has at most three decimals.",
    too_fine_hint: "Type kilograms: 0.350 is 350 grams.",
    by_hand: "typed weight",
    scale_trouble: "Scale",
    weighing: "Being weighed …",
};

pub static GERMAN: WeightTexts = WeightTexts {
    put_on: "Auf die Waage legen.",
    type_it: "Das Gewicht in Kilogramm eintippen, dann Enter.",
    moving: "Das Gewicht kommt zur Ruhe …",
    unsettled: "Das Gewicht kommt nicht zur Ruhe. Berührt etwas die Waage?",
    same_load: "Die letzte Ware liegt noch auf der Waage.",
    under_zero: "Die Waage steht unter null. Alles herunternehmen und auf null stellen.",
    over_capacity: "Zu schwer für die Waage. In Teilen wiegen.",
    own_tare: "Auf der Waage selbst ist eine Tara gesetzt. Dort löschen, hier eintippen.",
    no_answer: "Die Waage antwortet nicht.",
    or_type: "Oder das Gewicht in Kilogramm eintippen, dann Enter.",
    typed: "Getipptes Gewicht",
    typed_hint: "kg",
    again: "Noch einmal wiegen",
    tare: "Tara",
    tare_hint: "Gramm",
    tare_set: "Tara {}",
    tare_set_hint: "Geht vom nächsten Gewicht ab.",
    too_fine: "Ein Gewicht hat höchstens drei Nachkommastellen.",
    too_fine_hint: "Kilogramm eintippen: 0,350 sind 350 Gramm.",
    by_hand: "Gewicht getippt",
    scale_trouble: "Waage",
    weighing: "Wird gewogen …",
};
