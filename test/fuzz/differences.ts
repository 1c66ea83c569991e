/** Where our client and Node's differ, and why it is right so. Anything else is a fault. */
import type { Answer } from './exchange';
import type { Expected } from './judge';
import type { NodeOutcome } from './node-answer';

/** - `stricter`: we refuse what Node takes. - `looser`: the reverse. - `other`: both take it, as something else. */
export type Direction = 'stricter' | 'looser' | 'other';

export interface Difference {
  name: string;
  direction: Direction;
  reason: string;
  /** Once in thousands of cases: a sample need not have it. */
  isRare?: true;
  /** The last major version of Node that differs; later ones do as we do. */
  lastNode?: number;
  applies: (seen: { answer: Answer; flaw: Expected['flaw']; node: NodeOutcome }) => boolean;
}

const isStatusLine =
  (pattern: RegExp): Difference['applies'] =>
  ({ answer, flaw }) =>
    flaw === 'status line' &&
    answer.bytes
      .toString('latin1')
      .split('\r\n\r\n')
      .some((head) => pattern.test(head));

export const DIFFERENCES: readonly Difference[] = [
  {
    name: 'bytes behind the end, in the same read',
    direction: 'stricter',
    reason: 'who sends more than it said may as well have meant something else by what it said',
    applies: ({ flaw }) => flaw === 'surplus',
  },
  {
    name: 'blank lines before the status line',
    direction: 'stricter',
    reason: 'only servers are asked to be patient with them (RFC 9112, 2.2); here they are the rest of a wrong end',
    applies: isStatusLine(/^(?:[\r\n]|$)/),
  },
  {
    name: 'a version other than 1.0 and 1.1',
    direction: 'stricter',
    reason: 'nobody knows how it frames its bodies',
    applies: isStatusLine(/^HTTP\/(?!1\.[01] )/),
  },
  {
    name: 'a status below 100',
    direction: 'stricter',
    reason: 'there is none (RFC 9110, 15)',
    applies: isStatusLine(/^HTTP\/1\.[01] 0/),
  },
  {
    name: 'a control character in the reason',
    direction: 'stricter',
    reason: 'a CR or LF alone is the end of the line to some (RFC 9112, 2.2)',
    applies: isStatusLine(/^HTTP\/1\.[01] [1-9]\d\d [\t\x20-\x7e\x80-\xff]*(?!\r\n)[^\t\x20-\x7e\x80-\xff]/),
  },
  {
    name: 'a coding other than chunked alone',
    direction: 'stricter',
    reason: 'none was asked for (`te`), and where the body ends would be a guess (RFC 9112, 6.1 and 6.3)',
    applies: ({ flaw }) => flaw === 'coding',
  },
  {
    name: 'interim heads too large together',
    direction: 'stricter',
    reason: 'Node bounds each of them, and not their number',
    applies: ({ flaw }) => flaw === 'head too large',
  },
  {
    name: 'switching protocols',
    direction: 'stricter',
    reason: 'nobody asked for it (RFC 9110, 15.2.2)',
    applies: ({ flaw }) => flaw === 'protocol switch',
  },
  {
    name: 'a tab behind a length',
    direction: 'looser',
    reason: 'it is white space like any other (RFC 9110, 5.5), and Node knows only spaces there',
    lastNode: 20,
    applies: ({ answer, node }) =>
      failsFor(node, 'HPE_INVALID_CONTENT_LENGTH') && TAB_BEHIND_LENGTH.test(latin1(answer)),
  },
  {
    name: 'a tab behind a coding',
    direction: 'other',
    reason: 'the same; Node takes the chunks for the body',
    applies: ({ answer }) => TAB_BEHIND_CODING.test(latin1(answer)),
  },
  {
    name: 'a tab behind a coding, and malformed chunks',
    direction: 'stricter',
    reason: 'the same; to Node they are a body like any other',
    isRare: true,
    applies: ({ answer, flaw }) => flaw === 'chunk' && TAB_BEHIND_CODING.test(latin1(answer)),
  },
  {
    name: 'an extension that Node refuses',
    direction: 'looser',
    reason: 'there may be white space, and what is unknown is to be ignored (RFC 9112, 7.1.1)',
    applies: ({ answer, node }) => failsFor(node, 'HPE_STRICT') && /\r\n[\da-f]+;/i.test(latin1(answer)),
  },
  {
    name: 'an interim answer that says that the connection ends',
    direction: 'looser',
    reason: 'the answer itself is still to come, and says it for itself; Node takes nothing more after that',
    applies: ({ answer, node }) => failsFor(node, 'HPE_CLOSED_CONNECTION') && ENDING_INTERIM.test(latin1(answer)),
  },
  {
    name: 'a reset behind a body to the end, in the same read',
    direction: 'looser',
    reason: 'libuv calls it an end; of such a body nobody can tell',
    isRare: true,
    applies: ({ flaw }) => flaw === 'reset',
  },
  {
    name: 'a trailer that frames',
    direction: 'looser',
    reason: 'trailers are dropped unread; Node reads them as if they stood in the head',
    applies: ({ answer, node }) => node.kind === 'failure' && TRAILER_THAT_FRAMES.test(latin1(answer)),
  },
];

const ENDING_INTERIM = /HTTP\/1\.(?:0 1|1 1\d\d[^\r]*\r\n(?:[^\r]+\r\n)*connection:[^\r]*close)/i;
const TAB_BEHIND_LENGTH = /\r\ncontent-length:[^\r\n]*\t[ \t]*\r\n/i;
const TAB_BEHIND_CODING = /\r\ntransfer-encoding:[^\r\n]*\t[ \t]*\r\n/i;
const TRAILER_THAT_FRAMES = /\r\n0+(?:;[^\r]*)?\r\n(?:[^\r]+\r\n)*(?:content-length|transfer-encoding):/i;

function latin1({ bytes }: Answer): string {
  return bytes.toString('latin1');
}

function failsFor(node: NodeOutcome, code: string): boolean {
  return node.kind === 'failure' && node.code === code;
}
