/** What is played to both clients: the bytes of an answer, where they are cut, and how the connection ends after them. */

/** What an answer that keeps to the rules says. */
export interface Meaning {
  status: number;
  /** Flat list of lower-case name, value; one char per byte. */
  headers: string[];
  body: Buffer;
  /** The connection may be used again. */
  isPersistent: boolean;
}

/** - `keep`: the connection stays open. - `fin`: closed by the server in order. - `reset`: RST. */
export type Ending = 'keep' | 'fin' | 'reset';

export interface Answer {
  /** How it was made: `legal`, or what is wrong with it. A name in `differences.ts` may refer to it. */
  kind: string;
  bytes: Buffer;
  /** Rising offsets, without 0 and the end: each piece is a read of its own for the client, as long as it reads. */
  cuts: number[];
  ending: Ending;
  /** Null where it was not made to be legal; it may be so all the same. */
  meaning: Meaning | null;
  /** It was made so that the call must fail, whatever Node thinks of it. */
  mustFail: boolean;
}

export interface Exchange {
  method: 'POST' | 'GET';
  requestBody: Buffer;
  answer: Answer;
  /** What our client does meanwhile. */
  conduct: 'plain' | 'pauses' | 'aborts';
  /** The next request waits until the server has played everything; else it goes out as the answer ends. */
  waitsForServer: boolean;
}

/** The pieces of an answer. */
export function piecesOf({ bytes, cuts }: Answer): Buffer[] {
  return [0, ...cuts].map((from, index) => bytes.subarray(from, cuts[index] ?? bytes.length));
}
