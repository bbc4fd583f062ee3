//! Breadth first: every world once, with the way to it, so that what is found is the shortest way to it.

use std::collections::{HashMap, HashSet};
use std::fmt::Write;
use std::path::Path;

use super::super::Broken;
use super::beginnings::Beginning;
use super::fault::PlantedFault;
use super::law;
use super::office::{LEAD, Offices};
use super::shop::Shops;
use super::world::{Sides, Step, World};
use crate::ids::{NodeId, OrderNo, StoreId};

/// Units on the shelf before anything happens.
const ON_SHELF: i64 = 4;
/// Pieces of each order.
const ORDERS: [i64; 3] = [1, 2, 1];
/// Rights that head office wants to hold.
const HOLD: i64 = 3;
/// Far more steps than it takes to say everything that is to be said.
const REST_STEPS_MAX: usize = 200;

/// How much was searched.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Searched {
    pub worlds: u64,
    pub steps: u64,
    pub depth: u32,
    /// States of each side, and steps that its code really did.
    pub shop: (usize, usize),
    pub office: (usize, usize),
}

impl std::fmt::Display for Searched {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Searched { worlds, steps, depth, shop: (shops, shop_steps), office: (offices, office_steps) } = self;
        write!(
            f,
            "{worlds} worlds and {steps} steps between them, {depth} deep; the store did {shop_steps} of them in {shops} states, head office {office_steps} in {offices}"
        )
    }
}

pub struct Search {
    sides: Sides,
    /// Worlds of which it is known that they come to rest.
    calm: HashSet<World>,
}

impl Search {
    pub fn new(folder: &Path, fault: Option<PlantedFault>) -> Result<Search, Broken> {
        let failed = "setting a world up";
        let store = StoreId::new("store-1").map_err(Broken::doing(failed))?;
        let node = NodeId::new(LEAD).map_err(Broken::doing(failed))?;
        let numbers = (1..=ORDERS.len()).map(|number| OrderNo::new(&number.to_string())).collect::<Result<Vec<_>, _>>();
        let numbers = numbers.map_err(Broken::doing(failed))?;
        let shops = Shops::new(&store, &node, &numbers, ON_SHELF, fault)?;
        let orders: Vec<(OrderNo, i64)> = numbers.into_iter().zip(ORDERS).collect();
        let offices = Offices::open(folder, &store, &[node], shops.article(), &orders, HOLD, fault)?;
        Ok(Search { sides: Sides::new(shops, offices, orders.len(), fault), calm: HashSet::new() })
    }

    pub fn run(&mut self, beginning: Beginning, depth: u32) -> Result<Searched, Broken> {
        let first = beginning.world(&mut self.sides)?;
        let mut worlds = vec![first.clone()];
        let mut ways: Vec<Option<(usize, Step)>> = vec![None];
        let mut seen: HashMap<World, usize> = [(first, 0)].into();
        let steps = self.sides.steps();
        let mut searched = Searched { worlds: 1, ..Searched::default() };
        let mut edge = 0..1;
        for level in 1..=depth {
            for at in edge.clone() {
                let world = worlds[at].clone();
                let told = |why: &str, last: &[Step]| Broken::new(&format!("{}: {}", beginning.name(), way(&ways, at, last)), why);
                if let Some((why, last)) = self.unrest(&world)? {
                    return Err(told(&why, &last));
                }
                let mut found = Vec::new();
                for step in &steps {
                    let next = self.sides.step(&world, *step).map_err(|broken| told(&broken.to_string(), &[*step]))?;
                    let Some(next) = next else { continue };
                    searched.steps += 1;
                    if let Some(why) = law::broken(&self.sides, &world, *step, &next) {
                        return Err(told(&why, &[*step]));
                    }
                    found.push((*step, next));
                }
                for (step, next) in found {
                    if !seen.contains_key(&next) {
                        seen.insert(next.clone(), worlds.len());
                        worlds.push(next);
                        ways.push(Some((at, step)));
                    }
                }
            }
            searched.depth = level;
            edge = edge.end..worlds.len();
            if edge.is_empty() {
                break;
            }
        }
        searched.worlds = worlds.len() as u64;
        searched.shop = self.sides.shops.counts();
        searched.office = self.sides.offices.counts();
        Ok(searched)
    }

    /// Nothing happens any more but that everything is said and heard: then both sides must agree. `None`: they do.
    fn unrest(&mut self, world: &World) -> Result<Option<(String, Vec<Step>)>, Broken> {
        let (mut at, mut way, mut passed) = (world.clone(), Vec::new(), Vec::new());
        while !self.calm.contains(&at) {
            passed.push(at.clone());
            let mut moved = None;
            for step in [Step::Locate { heard: true }, Step::Up { heard: true }, Step::Take, Step::Ask, Step::Grant] {
                if let Some(next) = self.sides.step(&at, step)? {
                    moved = Some((step, next));
                    break;
                }
            }
            let Some((step, next)) = moved else {
                if let Some(why) = law::broken_at_rest(&self.sides, &at) {
                    return Ok(Some((why, way)));
                }
                break;
            };
            way.push(step);
            if let Some(why) = law::broken(&self.sides, &at, step, &next) {
                return Ok(Some((why, way)));
            }
            if way.len() > REST_STEPS_MAX {
                return Ok(Some(("they never stop talking".to_owned(), way)));
            }
            at = next;
        }
        self.calm.extend(passed);
        Ok(None)
    }
}

fn way(ways: &[Option<(usize, Step)>], to: usize, last: &[Step]) -> String {
    let (mut steps, mut at) = (Vec::new(), to);
    while let Some((from, step)) = ways[at] {
        steps.push(step);
        at = from;
    }
    steps.reverse();
    let mut text = String::new();
    for (index, step) in steps.iter().chain(last).enumerate() {
        let comma = if index == 0 { "" } else { ", " };
        let _ = write!(text, "{comma}{step:?}");
    }
    text
}
