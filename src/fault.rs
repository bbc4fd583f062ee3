//! Deliberate defects, so that the tests can show that they would notice. Only a build with the feature `planted-faults` has
//! them, and then one is chosen by the environment: `COUNTERFOIL_FAULT=no-flush`. In any other build every question is
//! answered "no" at compile time.

/// A defect that a careless change could bring in. Each makes at least one named test fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The writer answers a command before its record is flushed.
    AnswerBeforeFlush,
    /// A flush returns without asking the disk.
    NoFlush,
    /// A file's new name is taken for durable without an fsync of its folder.
    NoFolderFsync,
    /// A failed fsync is tried again and its second answer believed.
    RetryAfterFailedFsync,
    /// Recovery takes the first bad record for the end of the journal.
    StopAtFirstBadRecord,
    /// Recovery cuts a bad record although it was flushed once.
    CutBelowDurable,
    /// A repeated command acts again.
    DoubleApplyOnRepeat,
    /// A command's events are written as records of their own.
    HalfACommand,
    /// An order that is handed over can be handed over once more.
    HandOverTwice,
    /// What goes back to whoever paid the channel counts what the customer has.
    RefundOfWhatWasGiven,
    /// A sale that eats into what head office may promise says nothing of it.
    SilentOverrun,
}

impl Fault {
    pub const ALL: [Fault; 11] = [
        Fault::AnswerBeforeFlush,
        Fault::NoFlush,
        Fault::NoFolderFsync,
        Fault::RetryAfterFailedFsync,
        Fault::StopAtFirstBadRecord,
        Fault::CutBelowDurable,
        Fault::DoubleApplyOnRepeat,
        Fault::HalfACommand,
        Fault::HandOverTwice,
        Fault::RefundOfWhatWasGiven,
        Fault::SilentOverrun,
    ];

    /// As `COUNTERFOIL_FAULT` names it.
    pub const fn name(self) -> &'static str {
        match self {
            Fault::AnswerBeforeFlush => "answer-before-flush",
            Fault::NoFlush => "no-flush",
            Fault::NoFolderFsync => "no-folder-fsync",
            Fault::RetryAfterFailedFsync => "retry-after-failed-fsync",
            Fault::StopAtFirstBadRecord => "stop-at-first-bad-record",
            Fault::CutBelowDurable => "cut-below-durable",
            Fault::DoubleApplyOnRepeat => "double-apply-on-repeat",
            Fault::HalfACommand => "half-a-command",
            Fault::HandOverTwice => "hand-over-twice",
            Fault::RefundOfWhatWasGiven => "refund-of-what-was-given",
            Fault::SilentOverrun => "silent-overrun",
        }
    }

    /// Whether this process was asked to misbehave in this way. Read from the environment once; a name that does not exist
    /// stops the process, because a test run with a misspelt fault would prove nothing.
    #[cfg(feature = "planted-faults")]
    pub fn is_planted(self) -> bool {
        static CHOSEN: std::sync::OnceLock<Option<Fault>> = std::sync::OnceLock::new();
        let chosen = CHOSEN.get_or_init(|| {
            let name = std::env::var("COUNTERFOIL_FAULT").ok()?;
            let fault = Fault::ALL.into_iter().find(|fault| fault.name() == name);
            Some(fault.unwrap_or_else(|| panic!("COUNTERFOIL_FAULT={name}: no such fault")))
        });
        *chosen == Some(self)
    }

    #[cfg(not(feature = "planted-faults"))]
    pub const fn is_planted(self) -> bool {
        false
    }
}
