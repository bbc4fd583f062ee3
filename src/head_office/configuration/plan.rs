//! Who gets what: profiles of three levels, of which the narrower beats the wider key by key, held against what was applied last. Pure.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::Targets;
use crate::journal::hash::to_hex;
use crate::node::config::Complaint;
use crate::node::config::profile::{self, Setting, Settings};

/// The newest version of a profile.
#[derive(Debug, Clone)]
pub struct Profile {
    pub name: String,
    pub version: u64,
    pub settings: Result<Settings, Vec<Complaint>>,
    pub targets: Targets,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, utoipa::ToSchema)]
#[schema(as = ConfigurationShop)]
pub struct Shop {
    pub store: String,
    pub name: String,
    pub region: String,
}

/// One key of some stores.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
#[schema(as = ConfigurationChange)]
pub struct Change {
    pub key: String,
    /// `None`: the box's own file decides.
    pub from: Option<Setting>,
    pub to: Option<Setting>,
}

/// Stores for which the same keys change in the same way.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
#[schema(as = ConfigurationGroup)]
pub struct Group {
    pub stores: Vec<Shop>,
    pub changes: Vec<Change>,
}

/// Stores whose result cannot be used, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = ConfigurationFault)]
pub struct Faulty {
    pub stores: Vec<Shop>,
    pub why: Vec<String>,
}

#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(as = ConfigurationPreview)]
pub struct Preview {
    /// Another one whenever anything in it, or behind it, is another.
    pub id: String,
    pub groups: Vec<Group>,
    pub faults: Vec<Faulty>,
    /// Stores that stay as they are.
    pub unchanged: Vec<Shop>,
    /// All that each store is to have that changes.
    #[serde(skip)]
    wanted: BTreeMap<String, Arc<BTreeMap<String, Setting>>>,
}

type Wanted = Result<BTreeMap<String, Setting>, Vec<String>>;

impl Preview {
    /// `applied`: what each store was sent last.
    pub fn of(profiles: &[Profile], shops: Vec<Shop>, applied: &BTreeMap<String, BTreeMap<String, Setting>>, currency: &str) -> Preview {
        let nothing = BTreeMap::new();
        let mut preview =
            Preview { id: String::new(), groups: Vec::new(), faults: Vec::new(), unchanged: Vec::new(), wanted: BTreeMap::new() };
        // Most stores of a chain get the same: each mixture is made and checked once.
        let mut mixtures: BTreeMap<Vec<(usize, usize)>, Arc<Wanted>> = BTreeMap::new();
        for shop in shops {
            let levels = levels_of(profiles, &shop);
            let wanted = mixtures.entry(levels).or_insert_with_key(|levels| Arc::new(mix(profiles, levels, currency))).clone();
            let before = applied.get(&shop.store).unwrap_or(&nothing);
            match wanted.as_ref() {
                Err(why) => match preview.faults.iter_mut().find(|faulty| faulty.why == *why) {
                    Some(faulty) => faulty.stores.push(shop),
                    None => preview.faults.push(Faulty { stores: vec![shop], why: why.clone() }),
                },
                Ok(wanted) => {
                    let (changes, settings) = changes(before, wanted);
                    if changes.is_empty() {
                        preview.unchanged.push(shop);
                        continue;
                    }
                    preview.wanted.insert(shop.store.clone(), Arc::new(settings));
                    match preview.groups.iter_mut().find(|group| group.changes == changes) {
                        Some(group) => group.stores.push(shop),
                        None => preview.groups.push(Group { stores: vec![shop], changes }),
                    }
                }
            }
        }
        let bytes = serde_json::to_vec(&(&preview, &preview.wanted)).expect("a preview is plain values");
        preview.id = to_hex(&Sha256::digest(bytes))[..16].to_owned();
        preview
    }

    /// Each store that gets something else, with all that it has then.
    pub fn changed(&self) -> impl Iterator<Item = (&String, &BTreeMap<String, Setting>)> {
        self.wanted.iter().map(|(store, settings)| (store, settings.as_ref()))
    }
}

/// Which profiles are for this store, by level: 0 all stores, 1 its region, 2 itself.
fn levels_of(profiles: &[Profile], shop: &Shop) -> Vec<(usize, usize)> {
    let is_for = |level: usize, Targets { all, regions, stores }: &Targets| match level {
        0 => *all,
        1 => regions.contains(&shop.region),
        _ => stores.contains(&shop.store),
    };
    (0..3)
        .flat_map(|level| {
            profiles.iter().enumerate().filter(move |(_, of)| is_for(level, &of.targets)).map(move |(index, _)| (level, index))
        })
        .collect()
}

/// All keys of these profiles, or why they do not go together.
fn mix(profiles: &[Profile], levels: &[(usize, usize)], currency: &str) -> Wanted {
    const LEVELS: [&str; 3] = ["all stores", "the region", "the store"];
    let mut why = Vec::new();
    let mut mixed: BTreeMap<String, (usize, Setting)> = BTreeMap::new();
    for (level, index) in levels {
        let Profile { name, version, settings, .. } = &profiles[*index];
        let settings = match settings {
            Ok(settings) => settings,
            Err(complaints) => {
                why.extend(complaints.iter().map(|complaint| format!("profile {name}: {complaint}")));
                continue;
            }
        };
        for (key, to) in settings {
            let setting = Setting { to: to.clone(), profile: name.clone(), version: *version };
            if let Some((at, other)) = mixed.insert(key.clone(), (*level, setting))
                && at == *level
            {
                let of = LEVELS[*level];
                why.push(format!("{key} is in profile {} and in profile {name}, both for {of}: take it out of one", other.profile));
            }
        }
    }
    let mixed: BTreeMap<String, Setting> = mixed.into_iter().map(|(key, (_, setting))| (key, setting)).collect();
    if why.is_empty() {
        let values: Settings = mixed.iter().map(|(key, setting)| (key.clone(), setting.to.clone())).collect();
        why.extend(profile::check(&values, currency).iter().map(ToString::to_string));
    }
    if why.is_empty() { Ok(mixed) } else { Err(why) }
}

/// What is another value, or comes from another profile; and all that the store has then. What stays keeps the version that it came with.
fn changes(before: &BTreeMap<String, Setting>, wanted: &BTreeMap<String, Setting>) -> (Vec<Change>, BTreeMap<String, Setting>) {
    let mut changes = Vec::new();
    let mut settings = BTreeMap::new();
    for (key, to) in wanted {
        let from = before.get(key);
        match from.filter(|from| from.to == to.to && from.profile == to.profile) {
            Some(from) => settings.insert(key.clone(), from.clone()),
            None => {
                changes.push(Change { key: key.clone(), from: from.cloned(), to: Some(to.clone()) });
                settings.insert(key.clone(), to.clone())
            }
        };
    }
    let gone = before.iter().filter(|(key, _)| !wanted.contains_key(*key));
    changes.extend(gone.map(|(key, from)| Change { key: key.clone(), from: Some(from.clone()), to: None }));
    (changes, settings)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile(name: &str, version: u64, text: &str, targets: &[&str]) -> Profile {
        let mut of = Targets::default();
        for target in targets {
            match target.split_once(' ') {
                None => of.all = true,
                Some(("region", name)) => drop(of.regions.insert(name.to_owned())),
                Some((_, name)) => drop(of.stores.insert(name.to_owned())),
            }
        }
        Profile { name: name.to_owned(), version, settings: profile::read(text, "EUR"), targets: of }
    }

    fn shops() -> Vec<Shop> {
        let shop = |store: &str, region: &str| Shop { store: store.to_owned(), name: store.to_owned(), region: region.to_owned() };
        vec![shop("a", "north"), shop("b", "south"), shop("c", "south"), shop("d", "")]
    }

    /// "a b: people.idle_lock_min - > 5", one line for each group.
    fn shown(preview: &Preview) -> Vec<String> {
        let value = |setting: &Option<Setting>| setting.as_ref().map_or("-".to_owned(), |of| format!("{} ({})", of.to, of.profile));
        let names = |shops: &[Shop]| shops.iter().map(|shop| shop.store.as_str()).collect::<Vec<_>>().join(" ");
        let change = |of: &Change| format!("{} {} > {}", of.key, value(&of.from), value(&of.to));
        let line = |group: &Group| format!("{}: {}", names(&group.stores), group.changes.iter().map(change).collect::<Vec<_>>().join(", "));
        preview.groups.iter().map(line).chain([format!("stay: {}", names(&preview.unchanged))]).collect()
    }

    #[test]
    fn the_narrower_beats_the_wider_key_by_key_and_the_rest_stays() {
        let lock = |minutes: u32| format!("[people]\nidle_lock_min = {minutes}\n");
        let profiles = [
            profile("base", 2, &format!("{}[orders]\nsafety = 3\n", lock(5)), &["all"]),
            profile("quick", 1, &lock(2), &["region south"]),
            profile("shop", 1, &lock(9), &["store c"]),
        ];
        let preview = Preview::of(&profiles, shops(), &BTreeMap::new(), "EUR");
        let safety = "orders.safety - > 3 (base)";
        let expected = [
            format!("a d: {safety}, people.idle_lock_min - > 5 (base)"),
            format!("b: {safety}, people.idle_lock_min - > 2 (quick)"),
            format!("c: {safety}, people.idle_lock_min - > 9 (shop)"),
            "stay: ".to_owned(),
        ];
        assert_eq!(shown(&preview), expected);

        // Applied, nothing is left to do; another version with the same value is no change, and a profile that is taken away is one.
        let applied: BTreeMap<_, _> = preview.changed().map(|(store, settings)| (store.clone(), settings.clone())).collect();
        let again = [profile("base", 3, &format!("{}[orders]\nsafety = 3\n", lock(5)), &["all"]), profiles[1].clone(), profiles[2].clone()];
        let after = Preview::of(&again, shops(), &applied, "EUR");
        assert_eq!(shown(&after), ["stay: a b c d"]);
        assert_ne!(after.id, preview.id);
        let without = [profiles[0].clone(), profile("quick", 2, "", &["region south"]), profiles[2].clone()];
        let expected = ["b: people.idle_lock_min 2 (quick) > 5 (base)", "stay: a c d"];
        assert_eq!(shown(&Preview::of(&without, shops(), &applied, "EUR")), expected);
        assert_eq!(
            shown(&Preview::of(&[], shops(), &applied, "EUR"))[0],
            "a d: orders.safety 3 (base) > -, people.idle_lock_min 5 (base) > -"
        );
    }

    #[test]
    fn what_does_not_go_together_is_a_fault_of_each_store_it_is_for() {
        let twice =
            [profile("one", 1, "[orders]\nsafety = 1", &["region south"]), profile("two", 1, "[orders]\nsafety = 2", &["region south"])];
        let preview = Preview::of(&twice, shops(), &BTreeMap::new(), "EUR");
        assert_eq!(preview.faults.len(), 1);
        assert_eq!(preview.faults[0].stores.iter().map(|shop| shop.store.as_str()).collect::<Vec<_>>(), ["b", "c"]);
        assert_eq!(preview.faults[0].why, ["orders.safety is in profile one and in profile two, both for the region: take it out of one"]);

        // Each passes by itself, together they do not.
        let weights =
            [profile("all", 1, "[weighing]\nmin = '0.500'", &["all"]), profile("small", 1, "[weighing]\nmax = '0.200'", &["store d"])];
        let preview = Preview::of(&weights, shops(), &BTreeMap::new(), "EUR");
        assert_eq!(preview.faults[0].stores[0].store, "d");
        assert!(preview.faults[0].why[0].starts_with("weighing.min = 0.5: "), "{:?}", preview.faults);
    }
}
