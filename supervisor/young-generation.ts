/**
 * The room for what a request leaves behind. Node gives it 1 MiB and lets it grow by what outlives a collection, which
 * here is next to nothing: so it stays small, and under load is collected some fifteen times a second, in several threads
 * and out of the caches that the data path needs. Pure.
 */

/** V8 has two halves of this size; under load both fill up. */
const SEMI_SPACE_MIB = 32;
/** A worker that is to stay below this gets what Node gives it. */
const ROOMY_BYTES = 512 * 1024 * 1024;

/**
 * Options for a worker's Node.
 * @param nodeOptions `NODE_OPTIONS`: who has set the size there has the last word
 */
export function youngGenerationOptions(
  maxWorkerMemoryBytes: number | null,
  nodeOptions: string = process.env['NODE_OPTIONS'] ?? '',
): string[] {
  const isTight = maxWorkerMemoryBytes !== null && maxWorkerMemoryBytes < ROOMY_BYTES;
  // Node takes underscores for hyphens.
  if (isTight || /semi[-_]space[-_]size/.test(nodeOptions)) return [];
  return [`--min-semi-space-size=${SEMI_SPACE_MIB}`, `--max-semi-space-size=${SEMI_SPACE_MIB}`];
}
