/** The few statistics of an evaluation, as `pilothouse eval` counts them. */

/** The 97.5 % quantile of the normal distribution. */
const Z = 1.959963984540054;

/** The 95 % score interval of a share, 0 to 1; of nothing it is 0 to 1. E. B. Wilson, JASA 22 (1927). */
export function wilson(passed: number, of: number): readonly [number, number] {
  if (of === 0) return [0, 1];
  const share = passed / of;
  const spread = (Z * Z) / of;
  const middle = (share + spread / 2) / (1 + spread);
  const reach = (Z * Math.sqrt((share * (1 - share)) / of + spread / (4 * of))) / (1 + spread);
  return [Math.max(0, middle - reach), Math.min(1, middle + reach)];
}

/** How likely so uneven a split is by chance: McNemar's exact test, two-sided. Q. McNemar, Psychometrika 12 (1947). */
export function signTest(onlyOne: number, onlyOther: number): number {
  const pairs = onlyOne + onlyOther;
  let term = -pairs * Math.LN2;
  let tail = Math.exp(term);
  for (let count = 1; count <= Math.min(onlyOne, onlyOther); count++) {
    term += Math.log((pairs - count + 1) / count);
    tail += Math.exp(term);
  }
  return Math.min(1, 2 * tail);
}

/** The share of pairs of repeats of the same case that agree; null where nothing was repeated. */
export function agreement(repeats: readonly (readonly boolean[])[]): number | null {
  let agreeing = 0;
  let pairs = 0;
  for (const trials of repeats) {
    const passed = trials.filter(Boolean).length;
    agreeing += pairsOf(passed) + pairsOf(trials.length - passed);
    pairs += pairsOf(trials.length);
  }
  return pairs === 0 ? null : agreeing / pairs;
}

function pairsOf(count: number): number {
  return (count * (count - 1)) / 2;
}

/** The value below which a share (0 to 1) of them lies, by nearest rank; 0 of none. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
}
