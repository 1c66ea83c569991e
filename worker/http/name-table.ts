/**
 * What names mean, by their length first. The name of a header comes as a new string each time: to hash it, as a `Map`
 * must, costs twice what the few comparisons cost that a length leaves.
 */
export class NameTable<Meaning> {
  readonly #byLength: { name: string; meaning: Meaning }[][] = [];
  readonly #otherwise: Meaning;

  /** @param otherwise the meaning of every other name */
  constructor(meanings: Iterable<readonly [name: string, meaning: Meaning]>, otherwise: Meaning) {
    this.#otherwise = otherwise;
    for (const [name, meaning] of meanings) {
      while (this.#byLength.length <= name.length) this.#byLength.push([]);
      this.#byLength[name.length]?.push({ name, meaning });
    }
  }

  get(name: string): Meaning {
    const candidates = this.#byLength[name.length];
    if (candidates === undefined) return this.#otherwise;
    for (let i = 0; i < candidates.length; i++) {
      const candidate = candidates[i];
      if (candidate?.name === name) return candidate.meaning;
    }
    return this.#otherwise;
  }
}
