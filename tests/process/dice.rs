//! Chance that can be thrown again: everything comes from one seed, which a failing test has printed.

pub struct Dice(u64);

impl Dice {
    /// `COUNTERFOIL_SEED`, else always the same. Printed, so that a failure says what to set.
    pub fn from_environment() -> Dice {
        let seed = number_from("COUNTERFOIL_SEED").unwrap_or(1);
        println!("replay with COUNTERFOIL_SEED={seed}");
        Dice(seed)
    }

    /// Between the two, both included. SplitMix64; the bias of the remainder is of no consequence here.
    pub fn throw(&mut self, least: u64, most: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        least + (z ^ (z >> 31)) % (most - least + 1)
    }

    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        let last = u64::try_from(from.len() - 1).expect("a list fits");
        &from[usize::try_from(self.throw(0, last)).expect("below the length")]
    }

    /// Dice of their own for somebody else.
    pub fn fork(&mut self) -> Dice {
        Dice(self.throw(0, u64::MAX - 1))
    }
}

/// A number that whoever runs the tests may set.
pub fn number_from(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name}={text}: a number is wanted")))
}
