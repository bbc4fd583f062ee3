//! Where each piece is, whatever the book says: on the shelf, in an order's bags, with a customer, broken or stolen. Counted by the simulation
//! alone; the product is asked whether it agrees.

use std::collections::BTreeMap;

use crate::ids::{OrderNo, Sku};

/// Pieces of one article.
#[derive(Debug, Clone, Default)]
struct Pieces {
    shelf: i64,
    sold: i64,
    broken: i64,
    /// Nobody has noticed yet.
    stolen: i64,
    /// Stolen and found out when somebody looked for them.
    missed: i64,
}

#[derive(Debug, Clone, Default)]
pub struct Goods {
    articles: BTreeMap<Sku, Pieces>,
    /// By order and line.
    bags: BTreeMap<(OrderNo, u32), BTreeMap<Sku, i64>>,
    with_customers: BTreeMap<(OrderNo, u32), BTreeMap<Sku, i64>>,
}

impl Goods {
    pub fn arrive(&mut self, sku: &Sku, pieces: i64) {
        self.articles.entry(sku.clone()).or_default().shelf += pieces;
    }

    pub fn on_shelf(&self, sku: &Sku) -> i64 {
        self.articles.get(sku).map_or(0, |pieces| pieces.shelf)
    }

    /// Out of the store through a till.
    pub fn sell(&mut self, sku: &Sku, pieces: i64) {
        let of = self.take(sku, pieces);
        of.sold += pieces;
    }

    /// As many as are there. The book does not hear of it.
    pub fn steal(&mut self, sku: &Sku, pieces: i64) {
        let pieces = pieces.min(self.on_shelf(sku));
        self.take(sku, pieces).stolen += pieces;
    }

    pub fn break_some(&mut self, sku: &Sku, pieces: i64) {
        self.take(sku, pieces).broken += pieces;
    }

    /// Somebody stood before an empty shelf and said so.
    pub fn find_out(&mut self, sku: &Sku) {
        let of = self.articles.entry(sku.clone()).or_default();
        of.missed += std::mem::take(&mut of.stolen);
    }

    pub fn pick(&mut self, order: &OrderNo, line: u32, sku: &Sku, pieces: i64) {
        self.take(sku, pieces);
        *self.bags.entry((order.clone(), line)).or_default().entry(sku.clone()).or_default() += pieces;
    }

    pub fn put_line_back(&mut self, order: &OrderNo, line: u32) {
        for (sku, pieces) in self.bags.remove(&(order.clone(), line)).unwrap_or_default() {
            self.arrive(&sku, pieces);
        }
    }

    /// One piece of an order's bags, back on its shelf. False: there is none.
    pub fn put_back(&mut self, order: &OrderNo, sku: &Sku) -> bool {
        let has = |bag: &BTreeMap<Sku, i64>| bag.get(sku).is_some_and(|pieces| *pieces > 0);
        let found = self.bags.iter_mut().find(|((of, _), bag)| of == order && has(bag));
        let Some(pieces) = found.and_then(|(_, bag)| bag.get_mut(sku)) else { return false };
        *pieces -= 1;
        self.arrive(sku, 1);
        true
    }

    pub fn hand_over(&mut self, order: &OrderNo, leaves: &[u32]) {
        let lines: Vec<u32> = self.bags.keys().filter(|(of, line)| of == order && !leaves.contains(line)).map(|(_, line)| *line).collect();
        for line in lines {
            if let Some(bag) = self.bags.remove(&(order.clone(), line)) {
                self.with_customers.insert((order.clone(), line), bag);
            }
        }
    }

    pub fn take_back(&mut self, order: &OrderNo) {
        let lines: Vec<u32> = self.with_customers.keys().filter(|(of, _)| of == order).map(|(_, line)| *line).collect();
        for line in lines {
            if let Some(bag) = self.with_customers.remove(&(order.clone(), line)) {
                self.bags.insert((order.clone(), line), bag);
            }
        }
    }

    pub fn sold(&self, sku: &Sku) -> i64 {
        self.articles.get(sku).map_or(0, |pieces| pieces.sold)
    }

    pub fn handed_over(&self, sku: &Sku) -> i64 {
        sum(&self.with_customers, sku)
    }

    pub fn in_bags(&self, sku: &Sku) -> i64 {
        sum(&self.bags, sku)
    }

    /// What a book would say that heard of everything but the thieves.
    pub fn by_the_book(&self, sku: &Sku) -> i64 {
        self.on_shelf(sku) + self.in_bags(sku) + self.articles.get(sku).map_or(0, |pieces| pieces.stolen)
    }

    /// Everywhere together.
    pub fn whole(&self, sku: &Sku) -> i64 {
        let of = self.articles.get(sku).cloned().unwrap_or_default();
        of.shelf + of.sold + of.broken + of.stolen + of.missed + self.in_bags(sku) + self.handed_over(sku)
    }

    fn take(&mut self, sku: &Sku, pieces: i64) -> &mut Pieces {
        let of = self.articles.entry(sku.clone()).or_default();
        of.shelf -= pieces;
        assert!(of.shelf >= 0, "the simulation takes what is not there: {sku}");
        of
    }
}

fn sum(places: &BTreeMap<(OrderNo, u32), BTreeMap<Sku, i64>>, sku: &Sku) -> i64 {
    places.values().filter_map(|bag| bag.get(sku)).sum()
}
