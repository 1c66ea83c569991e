/** Bodies that are no Messages request (issue 2, "Bad input"): 400 that says why, and nothing reaches a provider. */
import { expect } from 'chai';
import { expectApiError, goodBody, mockConfig, postMessage, refusedOn, survivor } from '../support/aftermath';
import { chunk, LAST_CHUNK } from '../support/chunked';
import { closeAll } from '../support/close-all';
import { type MockProvider, startMockProvider } from '../support/mock-provider';
import { type RunningProxy, startProxy } from '../support/proxy';
import { requestBytes } from '../support/raw-client';

const NO_JSON = 'the request body is not valid JSON: ';
const NO_OBJECT = 'the request body must be a JSON object, but ';
const NO_STRING = 'model: Input should be a valid string';

/** What is wrong, the body, and what the client is told. */
const BAD_BODIES: [string, string | Buffer, string][] = [
  ['empty', '', 'the request body is empty'],
  ['white space', ' \r\n\t ', 'the request body is empty'],
  ['text', 'hello', `${NO_JSON}expected '{' at byte 0, found 'h'`],
  ['a form', 'model=m1&stream=true', `${NO_JSON}expected '{' at byte 0, found 'm'`],
  ['a byte order mark', '\ufeff{"model":"m1"}', `${NO_JSON}expected '{' at byte 0, found byte 0xef`],
  ['NUL bytes', '\0\0\0', `${NO_JSON}expected '{' at byte 0, found byte 0x00`],
  [
    'an object that is not closed',
    '{"model":"m1"',
    `${NO_JSON}expected ',' or '}' at byte 13, but the body ends there`,
  ],
  [
    'a string that is not closed',
    '{"model":"m1',
    `${NO_JSON}expected the end of a string at byte 12, but the body ends there`,
  ],
  ['a trailing comma', '{"model":"m1",}', `${NO_JSON}expected a name at byte 14, found '}'`],
  ['two documents', '{"model":"m1"} {}', `${NO_JSON}expected nothing behind the object at byte 15, found '{'`],
  [
    'a control character in a string',
    '{"model":"m\n1"}',
    `${NO_JSON}expected an escape instead of a control character at byte 11, found byte 0x0a`,
  ],
  ['single quotes', "{'model':'m1'}", `${NO_JSON}expected a name or '}' at byte 1, found '''`],
  ['no value', '{"model":}', `${NO_JSON}expected a value at byte 9, found '}'`],
  ['an array', '[{"model":"m1"}]', `${NO_OBJECT}an array begins at byte 0`],
  ['a string', '"m1"', `${NO_OBJECT}a string begins at byte 0`],
  ['a number', ' 42', `${NO_OBJECT}a number begins at byte 1`],
  ['null', 'null', `${NO_OBJECT}a literal begins at byte 0`],
  ['no model', '{"messages":[]}', 'model: Field required'],
  ['an empty object', '{}', 'model: Field required'],
  ['a model only further inside', '{"a":{"model":"m1"}}', 'model: Field required'],
  ['a null model', '{"model":null}', NO_STRING],
  ['a number as model', '{"model":5}', NO_STRING],
  ['true as model', '{"model":true}', NO_STRING],
  ['a list as model', '{"model":["m1"]}', NO_STRING],
  ['an object as model', '{"model":{"id":"m1"}}', NO_STRING],
  ['an empty model', '{"model":""}', 'model: String should have at least 1 character'],
  ['two models', '{"model":"m1","model":"m2"}', '"model" occurs twice in the request body'],
  ['two models, one of them escaped', '{"model":"m1","mod\\u0065l":"m2"}', '"model" occurs twice in the request body'],
  [
    'two lists of messages',
    '{"model":"m1","messages":[],"messages":[]}',
    '"messages" occurs twice in the request body',
  ],
  [
    'invalid UTF-8 in a string',
    Buffer.from('{"model":"m\xff"}', 'latin1'),
    'the request body is not valid UTF-8 at byte 11',
  ],
  [
    'a character cut in two',
    Buffer.from('{"model":"\xe6\x9d"}', 'latin1'),
    'the request body is not valid UTF-8 at byte 10',
  ],
  ['compressed bytes', Buffer.from('1f8b0800', 'hex'), 'the request body is not valid UTF-8 at byte 1'],
];

describe('bad input: bodies', () => {
  let provider: MockProvider;
  let proxy: RunningProxy;
  const test = survivor(() => ({ proxy }));

  before(async () => {
    provider = await startMockProvider();
    proxy = await startProxy({ config: mockConfig(provider), workers: 1 });
  });
  after(() =>
    closeAll(
      () => proxy?.stop(),
      () => provider?.close(),
    ),
  );

  const refused = async (bytes: Buffer, message: string): Promise<void> => {
    const requestsBefore = provider.requestCount;
    const response = await refusedOn(proxy, bytes);
    expectApiError(response, { status: 400, type: 'invalid_request_error', message });
    expect(provider.requestCount, 'requests at the provider').to.equal(requestsBefore);
  };

  for (const [title, body, message] of BAD_BODIES) {
    test(`${title}: 400`, () => refused(requestBytes('POST', '/v1/messages', {}, body), message));
  }

  test('the same rules hold for count_tokens', async () => {
    const bytes = (body: string) => requestBytes('POST', '/v1/messages/count_tokens', {}, body);
    await refused(bytes(''), 'the request body is empty');
    await refused(bytes('[]'), `${NO_OBJECT}an array begins at byte 0`);
    await refused(bytes('{}'), 'model: Field required');
  });

  test('no length and no body: 400', () => refused(requestBytes('POST', '/v1/messages'), 'the request body is empty'));

  test('a chunked body that is no JSON: 400', () => {
    const head = requestBytes('POST', '/v1/messages', { 'transfer-encoding': 'chunked' });
    return refused(
      Buffer.concat([head, chunk(Buffer.from('hel')), chunk(Buffer.from('lo')), LAST_CHUNK]),
      `${NO_JSON}expected '{' at byte 0, found 'h'`,
    );
  });

  test('an abyss of brackets: 400, and no stack overflows', () => {
    const body = `{"model":"m1","messages":${'['.repeat(200_000)}`;
    return refused(
      requestBytes('POST', '/v1/messages', {}, body),
      `${NO_JSON}expected a value or ']' at byte ${body.length}, but the body ends there`,
    );
  });

  test('200 bad bodies on one connection do not spoil the good one after them', async () => {
    const bad = Array.from({ length: 200 }, () => postMessage(proxy, { body: 'nonsense' }));
    for (const response of await Promise.all(bad)) expect(response.status).to.equal(400);
    const good = await postMessage(proxy, { body: goodBody() });
    expect(good.status, good.text).to.equal(200);
  });
});
