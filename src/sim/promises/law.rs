//! What must hold of every world, and of every step from one to the next.

use super::shop::OrderHere;
use super::world::{Sides, Step, World, of};

/// The first law that the step broke, in words.
pub fn broken(sides: &Sides, before: &World, step: Step, after: &World) -> Option<String> {
    if let Some((term, promised)) =
        after.promised.iter().find(|(term, promised)| promised + of(&after.released, *term) > of(&after.granted, *term))
    {
        let (released, granted) = (of(&after.released, *term), of(&after.granted, *term));
        return Some(format!("{promised} promised and {released} given back under {term:?}, and {granted} granted"));
    }
    let shop = sides.shops.view(after.shop);
    let term = (shop.lead, shop.office);
    if shop.spent > of(&after.promised, term) {
        return Some(format!("the store believes {} spent under {term:?}, and {} are", shop.spent, of(&after.promised, term)));
    }
    if shop.released > of(&after.released, term) {
        return Some(format!("the store believes {} given back under {term:?}, and {} are", shop.released, of(&after.released, term)));
    }
    let office = sides.offices.view(after.office);
    if office.released > office.answered + after.given_back {
        return Some(format!(
            "{} given back, of which {} were asked back and {} unused",
            office.released, office.answered, after.given_back
        ));
    }
    let short = shortage(sides, after);
    // A till sale never waits for a promise.
    (step != Step::Sell && short > before.taken_by_sales).then(|| {
        let (on_hand, sold) = (shop.on_hand, before.taken_by_sales);
        format!("{on_hand} on hand, and {} are promised or can be: {short} too many, of which sales took {sold}", exposure(sides, after))
    })
}

/// Of a world in which everything was said and heard.
pub fn broken_at_rest(sides: &Sides, world: &World) -> Option<String> {
    let (shop, office) = (sides.shops.view(world.shop), sides.offices.view(world.office));
    if (shop.lead, shop.office) != (office.lead, office.epoch) {
        return Some(format!("the store is at {:?}, head office at {:?}", (shop.lead, shop.office), (office.lead, office.epoch)));
    }
    let totals = |granted, spent, released, outstanding| {
        format!("granted {granted}, spent {spent}, given back {released}, asked back {outstanding}")
    };
    let here = totals(shop.granted, shop.spent, shop.released, shop.outstanding);
    let there = totals(office.granted, office.spent, office.released, office.outstanding);
    if here != there || shop.outstanding != 0 {
        return Some(format!("the store counts {here}, head office {there}"));
    }
    for (order, (placed, stands)) in office.orders.iter().zip(&shop.orders).enumerate() {
        match (placed, stands) {
            (Some(placed), OrderHere::Unheard) if !placed.cancelled => {
                return Some(format!("the store never hears of order {}", order + 1));
            }
            (Some(placed), OrderHere::Accepted | OrderHere::Received) if placed.cancelled => {
                return Some(format!("the store never hears that order {} is cancelled", order + 1));
            }
            _ => {}
        }
    }
    let unspent = shop.granted - shop.spent - shop.released;
    let free = (shop.on_hand - shop.reserved).max(0);
    (unspent > free).then(|| format!("{unspent} can be promised, and {free} are free"))
}

/// Units that were promised or can be, in truth, and that the shelf lacks.
pub fn shortage(sides: &Sides, world: &World) -> i64 {
    (exposure(sides, world) - sides.shops.view(world.shop).on_hand).max(0)
}

/// Units of orders that were promised and of which the store has heard without taking them yet.
pub fn promised_and_received(sides: &Sides, world: &World) -> i64 {
    let (shop, office) = (sides.shops.view(world.shop), sides.offices.view(world.office));
    let waits = office
        .orders
        .iter()
        .zip(&shop.orders)
        .enumerate()
        .filter(|(_, (placed, stands))| **stands == OrderHere::Received && placed.is_some_and(|placed| placed.promised.is_some()));
    waits.map(|(order, _)| sides.offices.pieces(order)).sum()
}

/// What the store holds, what customers were promised and the store has not heard of, and what head office can promise by what was granted.
fn exposure(sides: &Sides, world: &World) -> i64 {
    let (shop, office) = (sides.shops.view(world.shop), sides.offices.view(world.office));
    let unheard = office.orders.iter().zip(&shop.orders).enumerate().map(|(order, (placed, stands))| {
        let is_promised = placed.is_some_and(|placed| placed.promised.is_some());
        // Once it waits for the staff's word, people see to it.
        if is_promised && *stands == OrderHere::Unheard { sides.offices.pieces(order) } else { 0 }
    });
    let is_term_shared = (shop.lead, shop.office) == (office.lead, office.epoch);
    let granted = if is_term_shared { shop.granted.max(office.granted) } else { office.granted };
    let rights = if world.waits_for.any() || !office.is_told { 0 } else { granted - office.spent - office.released };
    shop.reserved + unheard.sum::<i64>() + rights
}
