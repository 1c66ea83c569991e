/** Texts that keep coming back are looked into once. */

const MAX_REMEMBERED = 64;

/** The same function, with its last results kept. For pure functions that cost more than finding a text in a `Map`. */
export function remembered<Result>(of: (text: string) => Result): (text: string) => Result {
  const known = new Map<string, Result>();
  return (text) => {
    const found = known.get(text);
    if (found !== undefined) return found;
    const result = of(text);
    // Clients can think up any number of texts, of any length.
    if (text.length > MAX_TEXT_CHARS) return result;
    if (known.size >= MAX_REMEMBERED) known.clear();
    known.set(text, result);
    return result;
  };
}

const MAX_TEXT_CHARS = 256;

type Names = [first: string, second?: string, third?: string, fourth?: string];

/** The same function of some names, with its last result kept: for what is mostly asked for again. */
export function lastOf<Result>(of: (...names: Required<Names>) => Result): (...names: Names) => Result {
  let last: { names: Names; result: Result } | null = null;
  return (first, second = '', third = '', fourth = '') => {
    const names = last?.names;
    if (last === null || names?.[0] !== first || names[1] !== second || names[2] !== third || names[3] !== fourth) {
      last = { names: [first, second, third, fourth], result: of(first, second, third, fourth) };
    }
    return last.result;
  };
}
