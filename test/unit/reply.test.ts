import { expect } from 'chai';
import type { EngineResponse } from '../../worker/http/engine';
import { type ReplyOptions, sendReply } from '../../worker/http/reply';

/** What the engine is asked to do for a reply with a body of so many bytes, each call in one text. */
function callsFor(bytes: number, options: ReplyOptions): string[] {
  const calls: string[] = [];
  const note = (name: string) => (first: unknown, second: unknown) => {
    calls.push([name, ...[first, second].map((value) => (String(value).length > 100 ? 'body' : value))].join(' '));
    return [true, true];
  };
  const names = ['writeStatus', 'writeHeader', 'end', 'tryEnd', 'endWithoutBody'].map((name) => [name, note(name)]);
  const response = { ...Object.fromEntries(names), cork: (work: () => void) => work() };
  // It has what a reply needs.
  sendReply(
    response as unknown as EngineResponse,
    { status: 200, typeAndHeaders: 'a/b', body: 'x'.repeat(bytes) },
    options,
  );
  return calls.map((call) => call.trim());
}

describe('a reply', () => {
  const type = 'writeHeader content-type a/b';
  const close = 'writeHeader connection close';
  const cases: [string, number, ReplyOptions, readonly string[]][] = [
    ['that is short does not wait', 2048, { headOnly: false, closing: false }, [type, 'end body']],
    ['waits for its client', 20_000, { headOnly: false, closing: false }, [type, 'tryEnd body 20000']],
    ['ends the connection of a worker that drains', 1000, { headOnly: false, closing: true }, [type, 'end body true']],
    [
      'that is long leaves that to its client: the engine could lose it, and end the process',
      ...([20_000, { headOnly: false, closing: true }, [type, close, 'tryEnd body 20000']] as const),
    ],
    [
      'to HEAD has the same head',
      ...([
        20_000,
        { headOnly: true, closing: true },
        [type, close, 'writeHeader content-length 20000', 'endWithoutBody'],
      ] as const),
    ],
  ];
  for (const [what, bytes, options, calls] of cases) {
    it(what, () => {
      expect(callsFor(bytes, options)).to.deep.equal(calls);
    });
  }
});
