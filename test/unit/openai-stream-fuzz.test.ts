/** Whatever a provider sends: the sink's rules hold (the recording sink throws if not), and there is an end. */
import { expect } from 'chai';
import fc from 'fast-check';
import { documentCalls, lastOf, streamCalls } from '../support/chat-completions';

const NAMES = [
  ...[
    'id',
    'model',
    'object',
    'choices',
    'index',
    'delta',
    'message',
    'finish_reason',
    'stop_reason',
    'usage',
    'error',
    'code',
  ],
  ...[
    'role',
    'content',
    'reasoning',
    'reasoning_content',
    'reasoning_details',
    'refusal',
    'tool_calls',
    'function_call',
  ],
  ...[
    'type',
    'text',
    'thinking',
    'summary',
    'data',
    'function',
    'name',
    'arguments',
    'detail',
    'metadata',
    'raw',
    '__proto__',
  ],
];
const scalar = fc.oneof(
  fc.constantFrom(
    null,
    true,
    false,
    0,
    1,
    -1,
    1e300,
    '',
    'stop',
    'error',
    'length',
    'reasoning.encrypted',
    'thinking',
    '{"a":',
    '1}',
  ),
  fc.string({ unit: 'binary', maxLength: 4 }),
);
const { any } = fc.letrec((tie) => ({
  any: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    scalar,
    tie('object'),
    fc.array(tie('any'), { maxLength: 3 }),
  ),
  object: fc.dictionary(fc.constantFrom(...NAMES), tie('any'), { maxKeys: 4, noNullPrototype: true }),
}));
/** Near enough to a chunk that something comes of it. */
const choice = fc.record({
  index: fc.constantFrom(0, 0, 0, 1),
  delta: any,
  finish_reason: fc.oneof({ weight: 6, arbitrary: fc.constant(null) }, any),
});
const call = fc.record({ index: fc.nat(2), id: any, function: fc.record({ name: any, arguments: any }) });
const delta = fc.record(
  {
    content: any,
    reasoning: any,
    reasoning_details: fc.array(any, { maxLength: 2 }),
    tool_calls: fc.array(call, { maxLength: 2 }),
  },
  { requiredKeys: [] },
);
const chunk = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      id: any,
      choices: fc.array(fc.record({ index: fc.constant(0), delta }), { minLength: 1, maxLength: 2 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ id: any, choices: fc.array(choice, { maxLength: 2 }), usage: any }) },
  any,
);

describe('OpenAI stream: fuzz', () => {
  it('comes to an end, in order', () => {
    fc.assert(
      fc.property(
        fc.array(chunk, { maxLength: 8 }),
        fc.boolean(),
        fc.constantFrom('generic', 'openrouter'),
        (chunks, done, name) => {
          const datas = [...chunks.map((value) => JSON.stringify(value)), ...(done ? ['[DONE]'] : [])];
          const calls = streamCalls(datas.map((data) => `data: ${data}\n\n`).join(''), name);
          expect(Object.keys(lastOf(calls))[0]).to.be.oneOf(['end', 'fail']);
        },
      ),
      { numRuns: 3000 },
    );
  });

  it('does so with bytes that are no stream at all', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 60 })), (pieces) => {
        expect(lastOf(streamCalls(pieces.map((piece) => Buffer.from(piece))))).to.have.property('fail');
      }),
      { numRuns: 300 },
    );
  });

  it('does so with documents', () => {
    fc.assert(
      fc.property(chunk, (value) => {
        expect(Object.keys(lastOf(documentCalls(JSON.stringify(value))))[0]).to.be.oneOf(['end', 'fail']);
      }),
      { numRuns: 1000 },
    );
  });
});
