/** Every request of a chaos run, by what became of it. */

export class Account {
  #succeeded = 0;
  readonly #allowed = new Map<string, number>();
  readonly #unexplained: string[] = [];

  succeed(): void {
    this.#succeeded++;
  }

  /** It failed for a reason that is the run's own doing. */
  allow(reason: string): void {
    this.#allowed.set(reason, (this.#allowed.get(reason) ?? 0) + 1);
  }

  /** Nothing that was done explains this. */
  blame(what: string): void {
    this.#unexplained.push(what);
  }

  get unexplained(): readonly string[] {
    return this.#unexplained;
  }

  get total(): number {
    const allowed = [...this.#allowed.values()].reduce((sum, count) => sum + count, 0);
    return this.#succeeded + allowed + this.#unexplained.length;
  }

  lines(): string[] {
    const row = (count: number, what: string) => `${String(count).padStart(8)}  ${what}`;
    return [
      row(this.total, 'requests'),
      row(this.#succeeded, 'succeeded, byte for byte'),
      ...[...this.#allowed].sort(([a], [b]) => (a < b ? -1 : 1)).map(([reason, count]) => row(count, reason)),
      row(this.#unexplained.length, 'unexplained'),
    ];
  }
}
