/** Manners of real providers that a translation has to survive. All are off unless asked for. */

export interface Ugliness {
  // --- bytes, for every dialect's stream ---

  /** Writes of so many bytes each; 1 cuts at every position. */
  cutBytes?: number;
  /** Writes that end at these offsets of the stream. */
  cutAt?: readonly number[];
  /** Lines end with CR LF (Google's do, unless this is false). */
  crlf?: boolean;
  /** A comment before every event, such as `: keep-alive`. */
  comment?: string;
  /** Anthropic: a ping after every so many events. Default 0, none. */
  pingEvery?: number;
  /** The stream ends after so many events, as if that were all: `end`; or the connection is reset: `reset`. */
  truncate?: { after: number; how: 'end' | 'reset' };
  /** After so many events the provider fails inside its 200 stream, in its own words, and the stream ends. */
  errorAfter?: number;
  /** After so many events nothing more comes until the client goes. */
  holdAfter?: number;

  // --- usage ---

  /**
   * `own`: a chunk of its own at the end (OpenAI, when asked); `last`: with the finish reason (Mistral); `every`: in
   * every chunk (Gemini, xAI); `x_groq`; `absent`. Default: as the dialect and the request have it.
   */
  usage?: 'own' | 'last' | 'every' | 'x_groq' | 'absent';

  // --- OpenAI ---

  /** Whether `data: [DONE]` ends the stream. Default present. */
  done?: 'present' | 'missing';
  /** The calls' arguments come in turns, one piece of each. */
  interleaved?: boolean;
  /**
   * Arguments in pieces of so many UTF-16 units (halves of surrogate pairs then are escapes), whole with the call's
   * name, or only at the end of the stream. Default pieces of 5.
   */
  arguments?: number | 'whole' | 'at_end';
  /** Every piece of arguments has the call's id and name again. */
  repeatIds?: boolean;
  /** A call without input has no arguments at all, where OpenAI sends `{}`. */
  emptyArguments?: boolean;
  /** Calls have no `index`. */
  indexMissing?: boolean;
  /** Members that are not there are null instead. */
  nulls?: boolean;
  /** Azure's first chunk: no choices, but filter results. */
  emptyChoicesFirst?: boolean;
  /** How thinking is spelt. Default: the vendor's way; OpenAI itself never tells it. */
  reasoning?: 'reasoning_content' | 'reasoning' | 'reasoning_details' | 'reasoning+reasoning_details';
  /** Content is a list of parts, thinking among them (Mistral). */
  contentParts?: boolean;
  /** `finish_reason` is `stop` although there are calls. */
  stopWithCalls?: boolean;
  /** The choice names the stop sequence that was met, as vLLM does. */
  tellStopSequence?: boolean;

  // --- Gemini ---

  /** Nothing but this `promptFeedback.blockReason`. */
  blockReason?: string;
  /** The finish reason instead of the turn's. */
  finishReason?: string;
  /** A JSON array of answers, as without `alt=sse`. */
  jsonArray?: boolean;
  /** Among the others: content without parts, parts with an empty text, a candidate without content. */
  emptyParts?: boolean;
}

/** A stream in pieces as the knobs want them. */
export function cutUp(bytes: Buffer, { cutAt, cutBytes }: Pick<Ugliness, 'cutAt' | 'cutBytes'>): Buffer[] {
  const positions = cutAt?.filter((at) => at > 0 && at < bytes.length) ?? [];
  if (cutBytes !== undefined) for (let at = cutBytes; at < bytes.length; at += cutBytes) positions.push(at);
  return [...positions.toSorted((a, b) => a - b), bytes.length].map((at, i) =>
    bytes.subarray(i === 0 ? 0 : positions[i - 1], at),
  );
}

/** The stream in two pieces, cut at every position once: for readers that are fed by hand. */
export function* everyCut(bytes: Buffer): Generator<[before: Buffer, after: Buffer]> {
  for (let at = 1; at < bytes.length; at++) yield [bytes.subarray(0, at), bytes.subarray(at)];
}

/** One event's data, framed, with its line ends and the comment before it. */
export function frame(data: string, { crlf = false, comment }: Pick<Ugliness, 'crlf' | 'comment'>): string {
  const framed = (comment === undefined ? '' : `${comment}\n\n`) + data;
  // Neither JSON nor a comment has a line end of its own.
  return crlf ? framed.replaceAll('\n', '\r\n') : framed;
}

/** Text in pieces of so many UTF-16 units. */
export function unitPieces(text: string, units: number): string[] {
  return Array.from({ length: Math.ceil(text.length / units) }, (_, i) => text.slice(i * units, (i + 1) * units));
}
