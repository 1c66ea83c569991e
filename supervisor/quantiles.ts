/** Quantiles out of a histogram's buckets. */

export interface Bucket {
  /** Upper bound, inclusive; `Infinity` on the last one. */
  le: number;
  /** Observations up to the bound, those of the lower buckets included. */
  cumulative: number;
}

/**
 * The value below which a share `quantile` (0 to 1) of the observations lies, in the unit of the bounds, or null
 * when there are none. As PromQL's `histogram_quantile`: evenly spread within a bucket, the lowest bucket begins at 0,
 * and what is above the last finite bound is told as that bound.
 *
 * `buckets` are in increasing order of `le`, and the last one is `Infinity`.
 */
export function bucketQuantile(buckets: readonly Bucket[], quantile: number): number | null {
  const total = buckets.at(-1)?.cumulative ?? 0;
  if (total <= 0) return null;
  const rank = Math.min(Math.max(quantile, 0), 1) * total;
  let lower: Bucket = { le: 0, cumulative: 0 };
  for (const bucket of buckets) {
    // An empty bucket cannot hold the rank: without the second test, quantile 0 would be found in it.
    if (bucket.cumulative >= rank && bucket.cumulative > lower.cumulative) {
      if (bucket.le === Number.POSITIVE_INFINITY) return lower.le;
      const share = (rank - lower.cumulative) / (bucket.cumulative - lower.cumulative);
      return lower.le + (bucket.le - lower.le) * share;
    }
    lower = bucket;
  }
  return lower.le;
}
