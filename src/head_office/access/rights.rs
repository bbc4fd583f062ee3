//! What somebody may do at head office, and for which stores. Few roles, in plain words; docs/PEOPLE.md shows the same table to people.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ids::StoreId;

/// Stores and regions that one person or token is bound to.
pub const REACH_NAMES_MAX: usize = 200;
const REGION_CHARS_MAX: usize = 40;
/// In a list of stores: all of them, also those that open later.
pub const ALL_STORES: &str = "*";

/// A kind of act. The table in [`super::routes`] says which address needs which.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Right {
    /// Read what the stores sent, without what hands out goods or tells of customers.
    Look,
    /// Say what is there at a place without a node, take its parts of orders, confirm them.
    Fulfil,
    /// Take, change and cancel orders, see their customers and codes, tell customers.
    Orders,
    /// Incidents, exceptions, and boxes: codes, approval, revoking, which node leads.
    HelpShops,
    /// What all shops work by: staff, recalls, names and regions of stores, rules.
    Manage,
    /// Read the log of acts.
    Audit,
    /// People, their roles and sessions, tokens of programs.
    Administer,
}

impl Right {
    pub const ALL: [Right; 7] =
        [Right::Look, Right::Fulfil, Right::Orders, Right::HelpShops, Right::Manage, Right::Audit, Right::Administer];

    pub fn name(self) -> &'static str {
        match self {
            Right::Look => "look",
            Right::Fulfil => "fulfil",
            Right::Orders => "orders",
            Right::HelpShops => "help-shops",
            Right::Manage => "manage",
            Right::Audit => "audit",
            Right::Administer => "administer",
        }
    }

    pub fn named(name: &str) -> Option<Right> {
        Right::ALL.into_iter().find(|right| right.name() == name)
    }
}

/// What a person of head office is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum Role {
    Look,
    /// Works at a place without a node.
    Place,
    ShopHelp,
    Orders,
    Manager,
    Admin,
}

impl Role {
    pub const ALL: [Role; 6] = [Role::Look, Role::Place, Role::ShopHelp, Role::Orders, Role::Manager, Role::Admin];

    pub fn name(self) -> &'static str {
        match self {
            Role::Look => "look",
            Role::Place => "place",
            Role::ShopHelp => "shop-help",
            Role::Orders => "orders",
            Role::Manager => "manager",
            Role::Admin => "admin",
        }
    }

    /// As people read it.
    pub fn words(self) -> &'static str {
        match self {
            Role::Look => "look only",
            Role::Place => "a place’s people",
            Role::ShopHelp => "shop help",
            Role::Orders => "orders",
            Role::Manager => "manager",
            Role::Admin => "admin",
        }
    }

    pub fn named(name: &str) -> Option<Role> {
        Role::ALL.into_iter().find(|role| role.name() == name)
    }

    pub fn rights(self) -> &'static [Right] {
        match self {
            Role::Look => &[Right::Look],
            Role::Place => &[Right::Look, Right::Fulfil],
            Role::ShopHelp => &[Right::Look, Right::HelpShops],
            Role::Orders => &[Right::Look, Right::Fulfil, Right::Orders],
            Role::Manager => &[Right::Look, Right::Fulfil, Right::Orders, Right::HelpShops, Right::Manage],
            Role::Admin => &Right::ALL,
        }
    }
}

/// The stores somebody sees and acts on: all, or these and those of these regions.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    All,
    Some { stores: BTreeSet<String>, regions: BTreeSet<String> },
}

impl Reach {
    /// From lists as they are typed: separated by blanks or commas. Nothing in either, or `*` among the stores: all.
    pub fn parse(stores: &str, regions: &str) -> Result<Reach, String> {
        let names = |text: &str| -> BTreeSet<String> {
            text.split([' ', ',', '\n', '\t']).map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
        };
        let (stores, regions) = (names(stores), names(regions));
        if stores.contains(ALL_STORES) || (stores.is_empty() && regions.is_empty()) {
            return Ok(Reach::All);
        }
        if stores.len() + regions.len() > REACH_NAMES_MAX {
            return Err(format!("at most {REACH_NAMES_MAX} stores and regions: name regions instead of single stores, or * for all"));
        }
        if let Some(bad) = stores.iter().find(|name| StoreId::new(name).is_err()) {
            return Err(format!("{bad:?} is no store's id"));
        }
        if let Some(bad) = regions.iter().find(|name| !is_region(name)) {
            return Err(format!("{bad:?} is no region: {REGION_RULE}"));
        }
        Ok(Reach::Some { stores, regions })
    }

    /// As it is kept: stores, regions, with blanks between.
    pub fn stored(&self) -> (String, String) {
        let joined = |names: &BTreeSet<String>| names.iter().map(String::as_str).collect::<Vec<_>>().join(" ");
        match self {
            Reach::All => (ALL_STORES.to_owned(), String::new()),
            Reach::Some { stores, regions } => (joined(stores), joined(regions)),
        }
    }

    /// What was kept. A list that cannot be read, or is empty, reaches nothing.
    pub fn of_stored(stores: &str, regions: &str) -> Reach {
        let nothing = || Reach::Some { stores: BTreeSet::new(), regions: BTreeSet::new() };
        if stores.trim().is_empty() && regions.trim().is_empty() {
            return nothing();
        }
        Reach::parse(stores, regions).unwrap_or_else(|_| nothing())
    }

    pub fn is_all(&self) -> bool {
        *self == Reach::All
    }
}

impl fmt::Display for Reach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Reach::Some { stores, regions } = self else { return f.write_str("all stores") };
        let mut words: Vec<String> = regions.iter().map(|region| format!("region {region}")).collect();
        words.extend(stores.iter().cloned());
        f.write_str(if words.is_empty() { "no store".to_owned() } else { words.join(", ") }.as_str())
    }
}

/// What a region is called.
pub const REGION_RULE: &str = "1 to 40 letters, digits, - and _";

pub fn is_region(name: &str) -> bool {
    let chars = name.chars().count();
    (1..=REGION_CHARS_MAX).contains(&chars) && name.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_reaches_what_was_typed_and_damage_reaches_nothing() {
        let check = |stores: &str, regions: &str, shown: &str| {
            let reach = Reach::parse(stores, regions).unwrap();
            let (kept, kept_regions) = reach.stored();
            assert_eq!((reach.to_string().as_str(), Reach::of_stored(&kept, &kept_regions)), (shown, reach));
        };
        check("", "", "all stores");
        check("s1, *", "north", "all stores");
        check("s2 s1,s2", "", "s1, s2");
        check("s9", "north,Süd-1", "region Süd-1, region north, s9");
        assert!(Reach::parse("", "two words!").is_err() && Reach::parse("a/b", "").is_err());
        assert_eq!(Reach::of_stored("", "").to_string(), "no store");
        assert_eq!(Reach::of_stored("a/b", "").to_string(), "no store");
    }

    #[test]
    fn every_role_can_look_and_only_admins_make_people() {
        for role in Role::ALL {
            assert!(role.rights().contains(&Right::Look), "{role:?}");
            assert_eq!(role.rights().contains(&Right::Administer), role == Role::Admin);
            assert_eq!(Role::named(role.name()), Some(role));
        }
        assert!(Right::ALL.into_iter().all(|right| Right::named(right.name()) == Some(right)));
    }
}
