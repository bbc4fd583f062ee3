//! Times of the same act, many times over. Percentiles are samples that were really measured, never made up between two.

use std::time::{Duration, Instant};

#[derive(Debug, Default)]
pub struct Samples {
    nanoseconds: Vec<u64>,
}

impl Samples {
    pub fn with_capacity(count: usize) -> Samples {
        Samples { nanoseconds: Vec::with_capacity(count) }
    }

    /// What `act` says it took, `turns` times, the first `warm_up` of them not counted.
    pub fn of<E>(turns: usize, warm_up: usize, mut act: impl FnMut() -> Result<Duration, E>) -> Result<Samples, E> {
        let mut samples = Samples::with_capacity(turns);
        for turn in 0..turns {
            let took = act()?;
            if turn >= warm_up {
                samples.add(took);
            }
        }
        Ok(samples)
    }

    pub fn add(&mut self, time: Duration) {
        self.nanoseconds.push(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
    }

    /// Adds the time since `began`.
    pub fn since(&mut self, began: Instant) {
        self.add(began.elapsed());
    }

    pub fn merge(&mut self, other: Samples) {
        self.nanoseconds.extend(other.nanoseconds);
    }

    pub fn count(&self) -> usize {
        self.nanoseconds.len()
    }

    /// Smallest sample that `per_mille` of all samples do not exceed (nearest rank), in milliseconds. 0 without samples.
    pub fn percentile_ms(&self, per_mille: usize) -> f64 {
        let mut sorted = self.nanoseconds.clone();
        sorted.sort_unstable();
        let rank = (sorted.len() * per_mille).div_ceil(1000).max(1);
        sorted.get(rank - 1).map_or(0.0, |nanoseconds| *nanoseconds as f64 / 1e6)
    }

    pub fn p50_ms(&self) -> f64 {
        self.percentile_ms(500)
    }

    pub fn p99_ms(&self) -> f64 {
        self.percentile_ms(990)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_samples() {
        let mut samples = Samples::default();
        assert_eq!(samples.p50_ms(), 0.0);
        for ms in (1..=200).rev() {
            samples.add(Duration::from_millis(ms));
        }
        assert_eq!((samples.p50_ms(), samples.p99_ms(), samples.percentile_ms(1000)), (100.0, 198.0, 200.0));
        let mut one = Samples::default();
        one.add(Duration::from_millis(7));
        assert_eq!((one.p50_ms(), one.p99_ms()), (7.0, 7.0));
    }
}
