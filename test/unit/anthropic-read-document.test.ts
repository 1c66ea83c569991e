import { expect } from 'chai';
import fc from 'fast-check';
import { readError } from '../../worker/dialects/anthropic/errors';
import { MessageDocumentReader } from '../../worker/dialects/anthropic/read-document';
import { RecordingSink } from '../support/recording-sink';

function read(body: string, cut = 0): unknown[][] {
  const sink = new RecordingSink();
  const reader = new MessageDocumentReader(sink);
  const bytes = Buffer.from(body);
  reader.feed(bytes.subarray(0, cut));
  reader.feed(bytes.subarray(cut));
  reader.end();
  return sink.calls;
}

const MESSAGE = {
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: 'claude-x',
  content: [
    { type: 'thinking', thinking: 'hm "so"', signature: 'c2ln' },
    { type: 'redacted_thinking', data: 'b3BhcXVl' },
    { type: 'text', text: 'Héllo\n🙂' },
    { type: 'server_tool_use', id: 'srv', name: 'web_search', input: { query: 'x' } },
    { type: 'web_search_tool_result', tool_use_id: 'srv', content: [] },
    { type: 'text', text: '' },
    { type: 'tool_use', id: 'toolu_1', name: 'get', input: { a: ['é', 1] } },
    { type: 'tool_use', id: 'toolu_2', name: 'now', input: {} },
  ],
  stop_reason: 'tool_use',
  stop_sequence: null,
  usage: { input_tokens: 10, output_tokens: 7, cache_read_input_tokens: 3 },
};
const COUNTS = { input: 10, output: 7, cacheRead: 3, cacheCreation: 0 };

describe('an Anthropic document', () => {
  it('is read as calls, wherever it is cut', () => {
    const body = JSON.stringify(MESSAGE, null, 1).replace('1\n', '1.0\n');
    for (let cut = 0; cut <= Buffer.byteLength(body); cut++) {
      expect(read(body, cut), `cut at ${cut}`).to.deep.equal([
        ['begin', 'msg_1', 'claude-x', COUNTS],
        ['thinking', 'hm \\"so\\"'],
        ['signature', 'c2ln'],
        ['redactedThinking', 'b3BhcXVl'],
        ['text', 'Héllo\\n🙂'],
        ['toolCall', 'toolu_1', 'get'],
        ['toolArguments', '{\\n    \\"a\\": [\\n     \\"é\\",\\n     1.0\\n    ]\\n   }'],
        ['toolCall', 'toolu_2', 'now'],
        ['end', 'tool_use', null, COUNTS],
      ]);
    }
  });

  it('tells its stop sequence', () => {
    const end = read(JSON.stringify({ ...MESSAGE, stop_reason: 'stop_sequence', stop_sequence: 'END' })).at(-1);
    expect(end).to.deep.equal(['end', 'stop_sequence', 'END', COUNTS]);
  });

  const failures: [string, string, string][] = [
    ['', 'api_error', 'The provider sent an answer that is not valid'],
    ['{"content":[', 'api_error', 'The provider sent an answer that is not valid'],
    ['[]', 'api_error', 'The provider sent an answer that is no message'],
    ['{"content":"text"}', 'api_error', 'The provider sent an answer that is no message'],
    ['{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}', 'overloaded_error', 'Overloaded'],
  ];
  for (const [body, type, message] of failures) {
    it(`fails as ${JSON.stringify(body)}`, () => {
      expect(read(body)).to.deep.equal([['fail', { type, message }]]);
    });
  }

  it('fails when it has more than can be looked at', () => {
    const input = Object.fromEntries(Array.from({ length: 10_001 }, (_, i) => [`k${i}`, i]));
    const calls = read(JSON.stringify({ ...MESSAGE, content: [{ type: 'tool_use', id: 'a', name: 'b', input }] }));
    expect(calls.at(-1)?.[0]).to.equal('fail');
  });

  it('never makes the reader throw, and has one end', () => {
    const block = fc.constantFrom<unknown>(...MESSAGE.content, 7, null, [], {}, { type: 'text', text: 7 });
    const value = fc.oneof(
      fc.json(),
      fc.string(),
      fc.array(block).map((content) => JSON.stringify({ content })),
    );
    fc.assert(
      fc.property(value, (body) => {
        expect(read(body).filter(([name]) => name === 'end' || name === 'fail')).to.have.length(1);
      }),
    );
  });
});

describe('an error answer of an Anthropic provider', () => {
  const error = (type: string, message: string) => JSON.stringify({ type: 'error', error: { type, message } });
  const cases: [number, string, string, string][] = [
    [400, error('invalid_request_error', 'max_tokens: required'), 'invalid_request_error', 'max_tokens: required'],
    [400, error('billing_error', 'no credit'), 'billing_error', 'no credit'],
    [401, error('authentication_error', 'invalid x-api-key'), 'authentication_error', 'invalid x-api-key'],
    [401, error('invalid_request_error', 'bad key'), 'authentication_error', 'bad key'],
    [
      402,
      '{"error":{"message":"Insufficient Balance","type":"unknown_error"}}',
      'billing_error',
      'Insufficient Balance',
    ],
    [403, error('permission_error', 'no'), 'permission_error', 'no'],
    [404, error('not_found_error', 'model: x'), 'not_found_error', 'model: x'],
    [413, '<html>', 'request_too_large', 'The provider answered with status 413'],
    [422, '{"error":"words"}', 'invalid_request_error', 'words'],
    [429, error('rate_limit_error', 'slow'), 'rate_limit_error', 'slow'],
    [500, error('api_error', 'Internal server error'), 'api_error', 'Internal server error'],
    [500, error('internal_error', 'ours?'), 'api_error', 'ours?'],
    [503, '', 'overloaded_error', 'The provider answered with status 503'],
    [504, 'null', 'timeout_error', 'The provider answered with status 504'],
    [529, error('overloaded_error', 'Overloaded'), 'overloaded_error', 'Overloaded'],
    [302, '[1]', 'api_error', 'The provider answered with status 302'],
  ];
  for (const [status, body, type, message] of cases) {
    it(`${status} ${body} is ${type}`, () => {
      expect(readError(status, body)).to.deep.equal({ type, message });
    });
  }

  it('is understood whatever it is', () => {
    fc.assert(
      fc.property(fc.integer({ min: 100, max: 599 }), fc.oneof(fc.string(), fc.json()), (status, body) => {
        expect(readError(status, body).message).to.be.a('string').that.is.not.equal('');
      }),
    );
  });
});
