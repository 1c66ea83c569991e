/**
 * The room for what a request leaves behind. Node gives it 1 MiB and lets it grow by what outlives a collection, which
 * here is next to nothing: so it stays small, and under load is collected some fifteen times a second, in several threads
 * and out of the caches that the data path needs. Pure.
 */

/** V8 has two halves of this size; under load both fill up. */
const SEMI_SPACE_MIB = 32;
/** A worker that is to stay below this gets what Node gives it. */
const ROOMY_BYTES = 512 * 1024 * 1024;

/** Of the second, three halves are set aside: workers would not start with a small one. Node takes `_` for `-`. */
const SIZES = /(?:semi[-_]space|max[-_]heap)[-_]size/;

/**
 * Options for a worker's Node.
 * @param nodeOptions those that it has anyway: who has set a size has the last word
 */
export function youngGenerationOptions(maxWorkerMemoryBytes: number | null, nodeOptions: string): string[] {
  const isTight = maxWorkerMemoryBytes !== null && maxWorkerMemoryBytes < ROOMY_BYTES;
  if (isTight || SIZES.test(nodeOptions)) return [];
  return [`--min-semi-space-size=${SEMI_SPACE_MIB}`, `--max-semi-space-size=${SEMI_SPACE_MIB}`];
}
