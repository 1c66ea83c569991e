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
