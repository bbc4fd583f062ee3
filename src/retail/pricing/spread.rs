//! An amount spread over shares to the minor unit: whole units first, what is left by largest remainder.

use crate::money::Money;

/// `amount` in proportion to `weights`, summing to it exactly; no part is larger than its weight when `amount` is not larger than their
/// sum. A tie goes to the earlier weight, so callers sort by content, not by the order of scanning. Symmetric: −amount gives the parts negated.
/// Weights are not negative; when all are zero the parts are zero and `amount` must be too.
pub fn spread(amount: Money, weights: &[Money]) -> Vec<Money> {
    let total: i128 = weights.iter().map(|weight| i128::from(weight.minor())).sum();
    if total == 0 {
        return vec![Money::ZERO; weights.len()];
    }
    let magnitude = i128::from(amount.abs().minor());
    let mut parts: Vec<i128> = weights.iter().map(|weight| magnitude * i128::from(weight.minor()) / total).collect();
    let mut left = magnitude - parts.iter().sum::<i128>();
    let mut order: Vec<(i128, usize)> = weights
        .iter()
        .map(|weight| magnitude * i128::from(weight.minor()) % total)
        .enumerate()
        .map(|(index, rest)| (-rest, index))
        .collect();
    order.sort_unstable();
    for (_, index) in order {
        if left == 0 {
            break;
        }
        parts[index] += 1;
        left -= 1;
    }
    let sign = if amount.is_negative() { -1 } else { 1 };
    parts.into_iter().map(|part| Money::from_minor(sign * i64::try_from(part).expect("a part fits its amount"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_sum_exactly_and_are_symmetric() {
        let check = |amount: i64, weights: &[i64], expect: &[i64]| {
            let weights: Vec<Money> = weights.iter().copied().map(Money::from_minor).collect();
            let minor = |amount: i64| -> Vec<i64> { spread(Money::from_minor(amount), &weights).iter().map(|part| part.minor()).collect() };
            assert_eq!(minor(amount), expect);
            assert_eq!(minor(-amount), expect.iter().map(|part| -part).collect::<Vec<_>>());
        };
        check(199, &[199, 199, 199], &[67, 66, 66]);
        check(100, &[1, 1, 1], &[34, 33, 33]);
        check(500, &[250, 0, 250], &[250, 0, 250]);
        check(1, &[10, 20], &[0, 1]);
        check(0, &[0, 0], &[0, 0]);
    }
}
