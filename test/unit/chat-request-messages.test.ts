import { expect } from 'chai';
import fc from 'fast-check';
import { BadDocument } from '../../worker/json/view';
import { translateChat, user } from '../support/chat-request';

const text = (value: string) => ({ type: 'text', text: value });
const system = (content: unknown) => ({ role: 'system', content });
const assistant = (content: unknown, more: object = {}) => ({ role: 'assistant', content, ...more });
const call = (id: string, name: string, args: unknown) => ({
  id,
  type: 'function',
  function: { name, arguments: args },
});
const result = (tool_call_id: string, content: unknown) => ({ role: 'tool', tool_call_id, content });
const toolUse = (id: string, name: string, input: object) => ({ type: 'tool_use', id, name, input });
const toolResult = (tool_use_id: string, ...content: object[]) => ({
  type: 'tool_result',
  tool_use_id,
  ...(content.length > 0 && { content }),
});
const PNG = 'iVBORw0KGgo/+==';
const PDF = 'JVBERi0xLjQK';

interface Turns {
  system?: unknown;
  messages: unknown;
}

function turns(...messages: unknown[]): Turns {
  const { body } = translateChat({ messages });
  return { messages: body['messages'], ...(body['system'] !== undefined && { system: body['system'] }) };
}

function refused(...messages: unknown[]): string {
  try {
    turns(...messages);
  } catch (error) {
    if (error instanceof BadDocument) return error.message;
    throw error;
  }
  throw new Error('it was taken');
}

describe('messages of a chat request', () => {
  const cases: [string, unknown[], Turns][] = [
    ['a string', [user('Hi "é" 🙂\n')], { messages: [user([text('Hi "é" 🙂\n')])] }],
    ['text parts', [user([text('a'), text('b')])], { messages: [user([text('a'), text('b')])] }],
    [
      'system and developer messages at the beginning',
      [system('one'), { role: 'developer', content: [text('two'), text('three')] }, user('Hi')],
      { system: [text('one'), text('two'), text('three')], messages: [user([text('Hi')])] },
    ],
    [
      'a system message in the middle',
      [system('one'), user('a'), assistant('b'), system('two'), user('c')],
      {
        system: [text('one'), text('two')],
        messages: [user([text('a')]), assistant([text('b')]), user([text('c')])],
      },
    ],
    ['a system message alone', [system('one')], { messages: [user([text('one')])] }],
    [
      'an assistant at the beginning',
      [assistant('a'), user('b')],
      { messages: [assistant([text('a')]), user([text('b')])] },
    ],
    [
      'turns of one role',
      [user('a'), user('b'), assistant('c'), assistant([text('d')]), user('e')],
      { messages: [user([text('a'), text('b')]), assistant([text('c'), text('d')]), user([text('e')])] },
    ],
    [
      'empty and blank texts',
      [
        system(' '),
        user(''),
        user([text('\n\t '), text('a')]),
        assistant(null),
        assistant(''),
        user(' '.repeat(200)),
        user('b'),
      ],
      { messages: [user([text('a'), text('b')])] },
    ],
    [
      'a refusal',
      [
        user('a'),
        assistant(null, { refusal: 'no' }),
        user('b'),
        assistant([{ type: 'refusal', refusal: 'never' }]),
        user('c'),
      ],
      {
        messages: [
          user([text('a')]),
          assistant([text('no')]),
          user([text('b')]),
          assistant([text('never')]),
          user([text('c')]),
        ],
      },
    ],
    [
      'thoughts',
      [user('a'), assistant([{ type: 'thinking', thinking: 'x' }, text('b')], { reasoning_content: 'x' }), user('c')],
      { messages: [user([text('a')]), assistant([text('b')]), user([text('c')])] },
    ],
    [
      'parallel calls and their results',
      [
        user('a'),
        assistant('b', { tool_calls: [call('t1', 'f', '{"x":"é\\n"}'), call('t2', 'g', ''), call('t3', 'g', ' {} ')] }),
        result('t1', 'one'),
        result('t2', [text('two'), text('three')]),
        result('t3', ''),
        user('c'),
      ],
      {
        messages: [
          user([text('a')]),
          assistant([text('b'), toolUse('t1', 'f', { x: 'é\n' }), toolUse('t2', 'g', {}), toolUse('t3', 'g', {})]),
          user([
            toolResult('t1', text('one')),
            toolResult('t2', text('two'), text('three')),
            toolResult('t3'),
            text('c'),
          ]),
        ],
      },
    ],
    [
      'a system message between a call and its result',
      [user('a'), assistant(null, { tool_calls: [call('t', 'f', '{}')] }), system('s'), result('t', 'r')],
      {
        system: [text('s')],
        messages: [user([text('a')]), assistant([toolUse('t', 'f', {})]), user([toolResult('t', text('r'))])],
      },
    ],
    [
      'a function_call and its result',
      [
        user('a'),
        assistant(null, { function_call: { name: 'f', arguments: '{"x":1}' } }),
        { role: 'function', name: 'f', content: 'r' },
      ],
      {
        messages: [
          user([text('a')]),
          assistant([toolUse('function_call_1', 'f', { x: 1 })]),
          user([toolResult('function_call_1', text('r'))]),
        ],
      },
    ],
    [
      'arguments that are an object already',
      [user('a'), assistant(null, { tool_calls: [call('t', 'f', { x: [1] })] })],
      { messages: [user([text('a')]), assistant([toolUse('t', 'f', { x: [1] })])] },
    ],
    [
      'images',
      [
        user([
          { type: 'image_url', image_url: { url: `data:image/png;base64,${PNG}`, detail: 'low' } },
          { type: 'image_url', image_url: `DATA:image/jpg;x=y;base64,${PNG}` },
          { type: 'image_url', image_url: { url: 'https://example.com/a.png?x="é"' } },
        ]),
      ],
      {
        messages: [
          user([
            { type: 'image', source: { type: 'base64', media_type: 'image/png', data: PNG } },
            { type: 'image', source: { type: 'base64', media_type: 'image/jpeg', data: PNG } },
            { type: 'image', source: { type: 'url', url: 'https://example.com/a.png?x="é"' } },
          ]),
        ],
      },
    ],
    [
      'an image in a result',
      [result('t', [{ type: 'image_url', image_url: { url: `data:image/gif;base64,${PNG}` } }])],
      {
        messages: [
          user([toolResult('t', { type: 'image', source: { type: 'base64', media_type: 'image/gif', data: PNG } })]),
        ],
      },
    ],
    [
      'documents',
      [
        user([
          { type: 'file', file: { file_data: `data:application/pdf;base64,${PDF}`, filename: 'a "b".pdf' } },
          { type: 'file', file: { file_data: PDF } },
          { type: 'image_url', image_url: { url: `data:application/pdf;base64,${PDF}` } },
        ]),
      ],
      {
        messages: [
          user([
            {
              type: 'document',
              source: { type: 'base64', media_type: 'application/pdf', data: PDF },
              title: 'a "b".pdf',
            },
            { type: 'document', source: { type: 'base64', media_type: 'application/pdf', data: PDF } },
            { type: 'document', source: { type: 'base64', media_type: 'application/pdf', data: PDF } },
          ]),
        ],
      },
    ],
  ];
  for (const [what, messages, expected] of cases) {
    it(`may have ${what}`, () => {
      expect(turns(...messages)).to.deep.equal(expected);
    });
  }

  it('keep their arguments as they were written', () => {
    const written = '{"2":1, "1":12345678901234567890, "é":1.0}';
    const { json } = translateChat({
      messages: [user('a'), assistant(null, { tool_calls: [call('t', 'f', written)] })],
    });
    expect(json).to.include(`"input":${written}}`);
  });

  it('may have slashes and other characters escaped in a data URL', () => {
    const url = (written: string) =>
      `{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"${written}"}}]}]}`;
    for (const written of ['data:image\\/png;base64,AA\\/\\/', 'd\\u0061ta:image/png;base64\\u002cAA//']) {
      const { body } = translateChat(url(written));
      expect(body['messages']).to.deep.equal([
        user([{ type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AA//' } }]),
      ]);
    }
    expect(translateChat(url('https:\\/\\/example.com\\/a')).body['messages']).to.deep.equal([
      user([{ type: 'image', source: { type: 'url', url: 'https://example.com/a' } }]),
    ]);
  });

  it('get ids that Anthropic takes, the same for a call and its result', () => {
    const messages = [
      user('a'),
      assistant(null, { tool_calls: [call('functions.f:0', 'f', '{}'), call('functions.f:1', 'f', '{}')] }),
      result('functions.f:0', 'r'),
    ];
    const ids = (options: object) => {
      const { body } = translateChat({ messages }, options);
      return [...JSON.stringify(body).matchAll(/"(?:id|tool_use_id)":"([^"]*)"/g)].map(([, id]) => id);
    };
    const [first = '', second = '', answered] = ids({});
    expect(first).to.match(/^[a-zA-Z0-9_-]{1,64}$/);
    expect(second).to.match(/^[a-zA-Z0-9_-]{1,64}$/);
    expect([first === second, answered]).to.deep.equal([false, first]);
    expect(ids({ dialect: 'gemini' })).to.deep.equal(['functions.f:0', 'functions.f:1', 'functions.f:0']);
  });

  const part = (value: unknown) => [user([text('a'), value])];
  const image = (url: unknown) => part({ type: 'image_url', image_url: { url } });
  const calls = (...tool_calls: unknown[]) => [user('a'), assistant(null, { tool_calls })];
  const mistakes: [unknown[], string][] = [
    [[], 'messages: at least one message with content is required'],
    [[user(' '), assistant(null)], 'messages: at least one message with content is required'],
    [['Hi'], 'messages.0: Input should be an object'],
    [[{ content: 'Hi' }], 'messages.0.role: Field required'],
    [[{ role: 7 }], 'messages.0.role: Input should be a valid string'],
    [[user('a'), { role: 'critic', content: 'x' }], 'messages.1.role: "critic" is no role of a chat message'],
    [[user(7)], 'messages.0.content: Input should be a string or an array of parts'],
    [part('x'), 'messages.0.content.1: Input should be an object'],
    [part({}), 'messages.0.content.1.type: Field required'],
    [part({ type: 'text' }), 'messages.0.content.1.text: Field required'],
    [part({ type: 'text', text: 7 }), 'messages.0.content.1.text: Input should be a valid string'],
    [part({ type: 'video' }), 'messages.0.content.1.type: content parts of type "video" are not supported'],
    [
      part({ type: 'v'.repeat(100) }),
      `messages.0.content.1.type: content parts of type "${'v'.repeat(64)}…" are not supported`,
    ],
    [
      part({ type: 'input_audio', input_audio: { data: '', format: 'wav' } }),
      'messages.0.content.1.type: audio input is not supported by the provider',
    ],
    [part({ type: 'image_url' }), 'messages.0.content.1.image_url.url: Field required'],
    [image('ftp://a'), 'messages.0.content.1.image_url.url: Input should be an http(s) URL or a Base64 data URL'],
    [image('data:image/png,abc'), 'messages.0.content.1.image_url.url: Input should be a Base64 data URL'],
    [image('data:image/png;base64'), 'messages.0.content.1.image_url.url: Input should be a Base64 data URL'],
    [
      image('data:image/tiff;base64,AA'),
      'messages.0.content.1.image_url.url: images of type "image/tiff" are not supported; send JPEG, PNG, GIF or WebP',
    ],
    [part({ type: 'file' }), 'messages.0.content.1.file.file_data: Field required'],
    [
      part({ type: 'file', file: { file_id: 'f' } }),
      'messages.0.content.1.file.file_id: uploaded files are not known to the provider; send file_data',
    ],
    [
      part({ type: 'file', file: { file_data: 'data:text/plain;base64,AA' } }),
      'messages.0.content.1.file.file_data: Input should be a data URL with a PDF',
    ],
    [[system([{ type: 'image_url', image_url: 'x' }]), user('a')], "messages.0.content.0.type: Input should be 'text'"],
    [[user('a'), assistant(null, { tool_calls: {} })], 'messages.1.tool_calls: Input should be an array'],
    [calls('x'), 'messages.1.tool_calls.0: Input should be an object'],
    [calls({ id: 't' }), 'messages.1.tool_calls.0.function: Field required'],
    [calls({ function: { name: 'f' } }), 'messages.1.tool_calls.0.id: Field required'],
    [calls(call('t', 'f', '{}'), { id: 't', function: {} }), 'messages.1.tool_calls.1.function.name: Field required'],
    [
      calls({ id: 't', type: 'custom', custom: {} }),
      'messages.1.tool_calls.0.type: calls of type "custom" are not supported',
    ],
    [
      calls(call('t', 'f', '{"a":')),
      'messages.1.tool_calls.0.function.arguments: Input should be valid JSON; it goes wrong at byte 5',
    ],
    [
      calls(call('t', 'f', '{"a":1} x')),
      'messages.1.tool_calls.0.function.arguments: Input should be valid JSON; it goes wrong at byte 8',
    ],
    [
      calls(call('t', 'f', '[1]')),
      'messages.1.tool_calls.0.function.arguments: Input should be the JSON text of an object',
    ],
    [
      calls(call('t', 'f', 7)),
      'messages.1.tool_calls.0.function.arguments: Input should be a string with a JSON object',
    ],
    [[{ role: 'tool', content: 'r' }], 'messages.0.tool_call_id: Field required'],
    [[{ role: 'function', name: 'f', content: 'r' }], 'messages.0: there is no function_call before it'],
  ];
  for (const [messages, expected] of mistakes) {
    it(`are refused: ${expected}`, () => {
      expect(refused(...messages)).to.equal(expected);
    });
  }

  it('must be there', () => {
    expect(() => translateChat('{}')).to.throw(BadDocument, 'messages: Field required');
    expect(() => translateChat('{"messages":"Hi"}')).to.throw(BadDocument, 'messages: Input should be an array');
  });

  it('are translated or refused, whatever they are', () => {
    const content = fc.oneof(
      fc.string(),
      fc.array(
        fc.record(
          { type: fc.constantFrom('text', 'image_url', 'file', 'refusal'), text: fc.jsonValue() },
          { requiredKeys: [] },
        ),
      ),
      fc.jsonValue(),
    );
    const message = fc.record(
      {
        role: fc.constantFrom('system', 'developer', 'user', 'assistant', 'tool', 'function'),
        content,
        tool_call_id: fc.string(),
        tool_calls: fc.array(
          fc.record(
            { id: fc.string(), function: fc.record({ name: fc.string(), arguments: fc.json() }) },
            { requiredKeys: [] },
          ),
        ),
      },
      { requiredKeys: ['role'] },
    );
    fc.assert(
      fc.property(fc.array(message, { maxLength: 8 }), fc.jsonValue(), (messages, other) => {
        try {
          const { body } = translateChat({ ...(typeof other === 'object' && other), messages });
          const roles = (body['messages'] as { role: string; content: unknown[] }[]).map(({ role }) => role);
          expect(roles.every((role, i) => role !== roles[i + 1])).to.equal(true);
        } catch (error) {
          expect(error).to.be.instanceOf(BadDocument);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('may have very many parts', () => {
    const many = Array.from({ length: 50_000 }, () => text('a'));
    const { body } = translateChat({ messages: [user(many), { role: 'developer', content: many }] });
    expect((body['system'] as unknown[]).length).to.equal(50_000);
  });
});
