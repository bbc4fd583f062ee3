//! Words about who comes for an order, which node keeps the store's orders, how old its knowledge is, and what may be promised.

#[derive(Debug)]
pub struct PromiseTexts {
    pub customer: &'static str,
    pub erased: &'static str,
    pub unknown: &'static str,
    pub sign_in_for_name: &'static str,
    pub erase: &'static str,

    /// The node's name.
    pub elsewhere: &'static str,
    pub elsewhere_hint: &'static str,
    pub lead_here: &'static str,
    pub asked: &'static str,
    /// A time.
    pub stale: &'static str,
    pub never_asked: &'static str,
    /// What a page cannot know while the line is down.
    pub cannot_know: &'static str,

    pub rights: &'static str,
    pub rights_hint: &'static str,
    pub rights_none: &'static str,
    pub article: &'static str,
    pub on_hand: &'static str,
    pub reserved: &'static str,
    pub granted: &'static str,
    /// Units.
    pub asked_back: &'static str,
    pub safety: &'static str,
    pub free: &'static str,
}

pub static ENGLISH: PromiseTexts = PromiseTexts {
    customer: "Customer",
    erased: "erased",
    unknown: "not known here",
    sign_in_for_name: "sign in to see who it is",
    erase: "Erase the customer’s details",

    elsewhere: "The orders of this store are at node {}.",
    elsewhere_hint: "Pick, stage and hand over on the pages of that node. Selling goes on here.",
    lead_here: "This node keeps the store’s orders.",
    asked: "Head office asked less than a minute ago.",
    stale: "No line to head office: last asked at {}.",
    never_asked: "Head office has not been asked since this node was started.",
    cannot_know: "Orders, changes and cancels since then are not known here. What is shown can be picked, staged and handed over.",

    rights: "What may be promised",
    rights_hint: "Free = on hand − held for orders − granted to head office − safety. Head office promises only what was granted to it.",
    rights_none: "Head office has not asked for any article yet.",
    article: "Article",
    on_hand: "On hand",
    reserved: "Held for orders",
    granted: "Granted",
    asked_back: "{} asked back",
    safety: "Safety",
    free: "Free",
};

pub static GERMAN: PromiseTexts = PromiseTexts {
    customer: "Kunde",
    erased: "gelöscht",
    unknown: "hier nicht bekannt",
    sign_in_for_name: "anmelden, um den Namen zu sehen",
    erase: "Angaben zum Kunden löschen",

    elsewhere: "Die Aufträge dieser Filiale liegen bei Knoten {}.",
    elsewhere_hint: "Auf den Seiten jenes Knotens kommissionieren, bereitstellen und übergeben. Verkauft wird hier weiter.",
    lead_here: "Dieser Knoten führt die Aufträge der Filiale.",
    asked: "Zentrale vor weniger als einer Minute gefragt.",
    stale: "Keine Leitung zur Zentrale: zuletzt gefragt um {}.",
    never_asked: "Seit dem Start dieses Knotens wurde die Zentrale nicht gefragt.",
    cannot_know: "Aufträge, Änderungen und Stornos seitdem sind hier nicht bekannt. Was angezeigt wird, kann kommissioniert, bereitgestellt und übergeben werden.",

    rights: "Was zugesagt werden darf",
    rights_hint: "Frei = Bestand − für Aufträge gehalten − der Zentrale eingeräumt − Sicherheit. Die Zentrale sagt nur zu, was ihr eingeräumt wurde.",
    rights_none: "Die Zentrale hat noch nach keinem Artikel gefragt.",
    article: "Artikel",
    on_hand: "Bestand",
    reserved: "Für Aufträge",
    granted: "Eingeräumt",
    asked_back: "{} zurückverlangt",
    safety: "Sicherheit",
    free: "Frei",
};
