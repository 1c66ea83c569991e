import { expect } from 'chai';
import fc from 'fast-check';
import type { ProxyError } from '../../shared/errors';
import { readError } from '../../worker/dialects/gemini/errors';

function body(code: number, status: string, message: string, details: object[] = []): string {
  return JSON.stringify({ error: { code, message, status, details } }, null, 2);
}

describe('An error of Gemini', () => {
  const table: Array<[name: string, status: number, body: string, expected: ProxyError]> = [
    [
      'INVALID_ARGUMENT',
      400,
      body(400, 'INVALID_ARGUMENT', 'Invalid value at tools[0]'),
      { type: 'invalid_request_error', message: 'Invalid value at tools[0]' },
    ],
    [
      'a wrong key',
      400,
      body(400, 'INVALID_ARGUMENT', 'API key not valid. Please pass a valid API key.', [
        { '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: 'API_KEY_INVALID', domain: 'googleapis.com' },
      ]),
      { type: 'authentication_error', message: 'API key not valid. Please pass a valid API key.' },
    ],
    [
      'PERMISSION_DENIED with a key in it',
      403,
      body(
        403,
        'PERMISSION_DENIED',
        "Permission denied: Consumer 'api_key:AIzaSyA-1234567890abcdefghij' has been suspended.",
      ),
      { type: 'permission_error', message: "Permission denied: Consumer 'api_key:…' has been suspended." },
    ],
    [
      'UNAUTHENTICATED',
      401,
      body(401, 'UNAUTHENTICATED', 'Request had invalid authentication credentials.'),
      { type: 'authentication_error', message: 'Request had invalid authentication credentials.' },
    ],
    [
      'RESOURCE_EXHAUSTED with its delay',
      429,
      body(429, 'RESOURCE_EXHAUSTED', 'You exceeded your current quota. Please retry in 34.074824224s.', [
        { '@type': 'type.googleapis.com/google.rpc.QuotaFailure', violations: [] },
        { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '34s' },
      ]),
      {
        type: 'rate_limit_error',
        message: 'You exceeded your current quota. Please retry in 34.074824224s.',
        retryAfter: 34,
      },
    ],
    [
      'a delay in the message only',
      429,
      body(429, 'RESOURCE_EXHAUSTED', 'Please retry in 0.2s.'),
      { type: 'rate_limit_error', message: 'Please retry in 0.2s.', retryAfter: 1 },
    ],
    [
      'UNAVAILABLE',
      503,
      body(503, 'UNAVAILABLE', 'The model is overloaded. Please try again later.'),
      { type: 'overloaded_error', message: 'The model is overloaded. Please try again later.' },
    ],
    [
      'NOT_FOUND',
      404,
      body(404, 'NOT_FOUND', 'models/x is not found'),
      { type: 'not_found_error', message: 'models/x is not found' },
    ],
    [
      'DEADLINE_EXCEEDED',
      504,
      body(504, 'DEADLINE_EXCEEDED', 'Too late'),
      { type: 'timeout_error', message: 'Too late' },
    ],
    [
      'INTERNAL',
      500,
      body(500, 'INTERNAL', 'An internal error has occurred.'),
      { type: 'api_error', message: 'An internal error has occurred.' },
    ],
    [
      'FAILED_PRECONDITION',
      400,
      body(400, 'FAILED_PRECONDITION', 'User location is not supported for the API use.'),
      { type: 'permission_error', message: 'User location is not supported for the API use.' },
    ],
    [
      'a context that is too long',
      400,
      body(
        400,
        'INVALID_ARGUMENT',
        'The input token count (1054016) exceeds the maximum number of tokens allowed (1048576).',
      ),
      { type: 'invalid_request_error', message: 'prompt is too long: 1054016 tokens > 1048576 maximum' },
    ],
    [
      'the same without brackets, in an array',
      400,
      `[${body(400, 'INVALID_ARGUMENT', 'The input token count 5 exceeds the maximum number of tokens allowed 4.')}]`,
      { type: 'invalid_request_error', message: 'prompt is too long: 5 tokens > 4 maximum' },
    ],
    [
      'a body that is too large',
      400,
      body(400, 'INVALID_ARGUMENT', 'Request payload size exceeds the limit: 20971520 bytes.'),
      { type: 'request_too_large', message: 'Request payload size exceeds the limit: 20971520 bytes.' },
    ],
    [
      'a page',
      502,
      '<html>AIzaSyA-1234567890abcdefghij</html>',
      { type: 'api_error', message: 'The provider answered with status 502' },
    ],
    ['nothing', 429, '', { type: 'rate_limit_error', message: 'The provider answered with status 429' }],
    [
      'JSON of another kind',
      418,
      '{"error":"no"}',
      { type: 'invalid_request_error', message: 'The provider answered with status 418' },
    ],
    [
      'an error without words',
      503,
      '{"error":{"status":"constructor"}}',
      { type: 'overloaded_error', message: 'The provider answered with status 503' },
    ],
  ];
  for (const [name, status, text, expected] of table) {
    it(`${name} is ${expected.type}`, () => {
      expect(readError(status, text)).to.deep.equal(expected);
    });
  }

  it('never tells a key', () => {
    const secret = 'AIzaSyD4-EXAMPLE_key-0123456789abcdefgh';
    for (const said of [
      `https://x/v1beta/models?key=${secret}&alt=sse`,
      `api_key: "${secret}"`,
      `Authorization: Bearer ${secret.slice(4)}`,
      `bad key ${secret}`,
      `caller ${secret} is unknown`,
      `access_token=${secret.slice(4)}`,
    ]) {
      expect(readError(400, body(400, 'INVALID_ARGUMENT', said)).message).not.to.contain(secret.slice(8));
    }
  });

  it('may be any JSON, and its message has an end', () => {
    fc.assert(fc.property(fc.json(), fc.nat(999), (text, status) => readError(status, text).message !== ''));
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), fc.jsonValue(), (message, details, code) => {
        readError(500, JSON.stringify({ error: { message, details, code } }));
      }),
    );
    expect(readError(400, body(400, 'INVALID_ARGUMENT', 'x'.repeat(60_000))).message).to.have.length(2000);
  });
});
