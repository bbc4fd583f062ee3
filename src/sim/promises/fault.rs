//! Deliberate defects at the seams of the two sides, so that the search can show that it would notice.

/// What a careless change could make of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlantedFault {
    /// Head office tells that rights are spent before it tells of the order that they were spent on.
    SpentIsToldBeforeItsOrder,
    /// What the store asked back is answered again when its record is counted again.
    ReleasedTwice,
    /// Rights are spent whatever epoch they are of.
    SpentAcrossEpochs,
    /// A grant is counted as so many more, not as a total.
    GrantsAsDeltas,
    /// An acknowledgement of what head office does not hold is passed over.
    RestoreNotNoticed,
    /// The store grants what is reserved for orders as well.
    ReservedIsGranted,
    /// In a new epoch of head office the store keeps the totals of the one before.
    TotalsOutliveTheirEpoch,
    /// A sale that eats into what was granted asks nothing back.
    NothingAskedBack,
    /// The store begins to grant in a new epoch before it has heard which orders head office knows.
    GrantedBeforeTheOrdersAreHeard,
}

impl PlantedFault {
    pub const ALL: [PlantedFault; 9] = [
        PlantedFault::SpentIsToldBeforeItsOrder,
        PlantedFault::ReleasedTwice,
        PlantedFault::SpentAcrossEpochs,
        PlantedFault::GrantsAsDeltas,
        PlantedFault::RestoreNotNoticed,
        PlantedFault::ReservedIsGranted,
        PlantedFault::TotalsOutliveTheirEpoch,
        PlantedFault::NothingAskedBack,
        PlantedFault::GrantedBeforeTheOrdersAreHeard,
    ];
}
