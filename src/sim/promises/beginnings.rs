//! Where the search begins: near enough to each danger that a few steps reach it.

use super::super::Broken;
use super::office::OfficeStep;
use super::world::{Doors, Left, Sides, Step, World};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beginning {
    /// Nobody has heard of anybody.
    Fresh,
    /// Four on the shelf, three of them granted and heard of.
    Granted,
    /// Saved like that; since then an order was promised, a right was given back, and both were heard of.
    Yesterday,
    /// Put back to it with the command just now, and put back once more if need be.
    Restored,
    /// An order was promised that the store has not heard of, and head office was put back to just behind it.
    RestoredWithAnOrder,
    /// A sale has eaten into what was granted.
    EatenInto,
}

impl Beginning {
    pub const ALL: [Beginning; 6] = [
        Beginning::Fresh,
        Beginning::Granted,
        Beginning::Yesterday,
        Beginning::Restored,
        Beginning::RestoredWithAnOrder,
        Beginning::EatenInto,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Beginning::Fresh => "fresh",
            Beginning::Granted => "granted",
            Beginning::Yesterday => "yesterday",
            Beginning::Restored => "restored",
            Beginning::RestoredWithAnOrder => "restored with an order",
            Beginning::EatenInto => "eaten into",
        }
    }

    /// How it comes about, after [`Beginning::Fresh`].
    fn story(self) -> Vec<Step> {
        const UP: Step = Step::Up { heard: true };
        let granted = [Step::Ask, Step::Take, Step::Place(0), Step::Ask, Step::Take, Step::Take, Step::Take, Step::Grant];
        let yesterday = [Step::Save, Step::Place(1), Step::Ask, Step::Take, Step::Take, Step::GiveBack, Step::Ask, Step::Take, UP, UP, UP];
        let granted = || granted.into_iter().chain([UP; 6]);
        match self {
            Beginning::Fresh => Vec::new(),
            Beginning::Granted => granted().collect(),
            Beginning::Yesterday => granted().chain(yesterday).collect(),
            Beginning::Restored => granted().chain(yesterday).chain([Step::Restore]).collect(),
            Beginning::RestoredWithAnOrder => granted().chain([Step::Place(1), Step::Save, Step::Restore]).collect(),
            Beginning::EatenInto => granted().chain([Step::Sell, Step::Sell]).collect(),
        }
    }

    /// Lived step by step; a step of the story that changes nothing there is passed over.
    pub fn world(self, sides: &mut Sides) -> Result<World, Broken> {
        let empty = sides.offices.empty()?;
        let office = sides.offices.step(empty, &OfficeStep::NameFirst, &[])?;
        let left = Left { sales: 2, cancels: 1, give_backs: 1, saves: 1, restores: 2, recounts: 1, losses: 1 };
        let mut world = World {
            office,
            counted: 0,
            saved: None,
            waits_for: Doors::default(),
            shop: sides.shops.opened()?,
            heard: 0,
            journal: Vec::new(),
            base: 0,
            acknowledged: (0, 0),
            reply: None,
            taken_by_sales: 0,
            given_back: 0,
            left: Left { sales: 9, give_backs: 9, saves: 9, restores: 9, ..left },
            granted: Vec::new(),
            promised: Vec::new(),
            released: Vec::new(),
            astray: Vec::new(),
        };
        for step in self.story() {
            world = sides.step(&world, step)?.unwrap_or(world);
        }
        world.left = left;
        Ok(world)
    }
}
