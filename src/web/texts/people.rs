//! Words of signing in, locking, and another person's approval.

#[derive(Debug)]
pub struct PeopleTexts {
    pub sign_in: &'static str,
    pub sign_in_hint: &'static str,
    /// `{}`: who is signed in.
    pub locked: &'static str,
    pub locked_hint: &'static str,
    pub approve: &'static str,
    pub approve_hint: &'static str,
    pub pin_of: &'static str,
    pub choose: &'static str,
    pub no_pin: &'static str,
    pub nobody: &'static str,
    pub nobody_hint: &'static str,
    pub lock: &'static str,
    pub sign_out: &'static str,
    pub clear: &'static str,
    pub pin_ok: &'static str,
    pub cancel: &'static str,
}

pub static ENGLISH: PeopleTexts = PeopleTexts {
    sign_in: "Who works here?",
    sign_in_hint: "Scan your badge, or tap your name and type your PIN.",
    locked: "Locked by {}",
    locked_hint: "Scan a badge, or tap a name and type the PIN. The sale on the screen stays.",
    approve: "Supervisor, please",
    approve_hint: "Scan a badge, or tap your name and type your PIN.",
    pin_of: "PIN",
    choose: "Tap a name first",
    no_pin: "badge only",
    nobody: "Nobody is on the staff list yet",
    nobody_hint: "The list comes with the first contact to head office. People are added there, on the page Staff.",
    lock: "Lock",
    sign_out: "Sign out",
    clear: "Clear",
    pin_ok: "OK",
    cancel: "Cancel",
};

pub static GERMAN: PeopleTexts = PeopleTexts {
    sign_in: "Wer arbeitet hier?",
    sign_in_hint: "Ausweis scannen, oder Namen antippen und PIN eingeben.",
    locked: "Gesperrt von {}",
    locked_hint: "Ausweis scannen, oder Namen antippen und PIN eingeben. Der Verkauf auf dem Schirm bleibt.",
    approve: "Bitte Aufsicht",
    approve_hint: "Ausweis scannen, oder Namen antippen und PIN eingeben.",
    pin_of: "PIN",
    choose: "Zuerst Namen antippen",
    no_pin: "nur Ausweis",
    nobody: "Noch niemand auf der Personalliste",
    nobody_hint: "Die Liste kommt mit dem ersten Kontakt zur Zentrale. Personal wird dort auf der Seite Staff angelegt.",
    lock: "Sperren",
    sign_out: "Abmelden",
    clear: "Löschen",
    pin_ok: "OK",
    cancel: "Abbrechen",
};
