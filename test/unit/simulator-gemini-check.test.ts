/** What the Gemini simulator refuses: each case is a good request with one thing wrong. */
import { expect } from 'chai';
import { type HttpResponse, request } from '../support/http';
import { type Simulator, startSimulator, turn } from '../support/simulator/simulator';

type Body = Record<string, unknown>;

const user = (...parts: unknown[]) => ({ role: 'user', parts });
const model = (...parts: unknown[]) => ({ role: 'model', parts });
const text = (words: string) => ({ text: words });
const call = (name: string, more: Body = {}) => ({ functionCall: { name, args: {} }, ...more });
const gives = (name: string, more: Body = {}) => ({ functionResponse: { name, response: { output: 'x' }, ...more } });
const HI = user(text('Hi'));
const PNG = { inlineData: { mimeType: 'image/png', data: 'aGk=' } };

const SCHEMA = {
  type: 'OBJECT',
  properties: {
    a: { type: 'string', format: 'enum', enum: ['x', 'y'], nullable: true },
    b: { type: 'array', items: { anyOf: [{ type: 'integer', minimum: 1 }, { type: 'null' }] } },
  },
  required: ['a'],
  propertyOrdering: ['a', 'b'],
};

/** Everything that is allowed, at once; both spellings. */
const GOOD: Body = {
  system_instruction: { parts: [text('Be brief')] },
  contents: [
    user(text('Hi'), PNG),
    model({ text: 'Hm', thought: true }, call('look', { thoughtSignature: 'c2ln' }), call('see')),
    user(gives('see'), gives('look'), PNG),
    model(text('So')),
    HI,
  ],
  tools: [
    {
      functionDeclarations: [
        { name: 'look', description: 'd', parameters: SCHEMA },
        { name: 'see', parametersJsonSchema: { type: 'object', $schema: 'x', additionalProperties: false } },
      ],
    },
  ],
  toolConfig: { functionCallingConfig: { mode: 'ANY', allowedFunctionNames: ['look'] } },
  generationConfig: {
    ...{ maxOutputTokens: 100, temperature: 2, topP: 0.5, topK: 40, stopSequences: ['a'] },
    ...{ thinkingConfig: { includeThoughts: true, thinkingBudget: 1024 } },
  },
};

const contents = (...list: unknown[]): Body => ({ contents: list });
const parameters = (schema: unknown): Body => ({
  tools: [{ functionDeclarations: [{ name: 'look', parameters: schema }] }],
  toolConfig: undefined,
});
const property = (schema: unknown): Body => parameters({ type: 'object', properties: { p: schema } });
const config = (more: Body): Body => ({ generationConfig: more });

const CANNOT = 'Cannot find field.';
const EQUAL = 'the number of function response parts is equal to';
const WRONG: [string, Body, string][] = [
  [
    'a member of another dialect',
    { max_tokens: 5 },
    `Invalid JSON payload received. Unknown name "max_tokens": ${CANNOT}`,
  ],
  ['stream', { stream: true }, `Unknown name "stream": ${CANNOT}`],
  [
    'cache_control',
    contents(user({ text: 'x', cache_control: {} })),
    `Unknown name "cache_control" at 'contents[0].parts[0]'`,
  ],
  ['a type in a part', contents(user({ type: 'text', text: 'x' })), `Unknown name "type" at 'contents[0].parts[0]'`],
  ['an unknown setting', config({ maxTokens: 5 }), `Unknown name "maxTokens" at 'generation_config'`],
  ['no contents', { contents: [] }, 'contents is not specified'],
  [
    'a role',
    contents(user(text('x')), { role: 'assistant', parts: [text('x')] }),
    'Please use a valid role: user, model.',
  ],
  ['no parts', contents(user()), 'must not be empty'],
  ['a part with nothing', contents(user({ thought: true })), "required oneof field 'data'"],
  ['a part with two things', contents(user({ text: 'x', ...PNG })), 'is already set'],
  ['the model first', contents(model(text('x'))), 'alternate between user and model'],
  ['the user twice', contents(HI, HI), 'alternate between user and model'],
  [
    'a signature that is no Base64',
    contents(HI, model({ text: 'x', thoughtSignature: '?' }), HI),
    'Base64 decoding failed',
  ],
  [
    'a GIF',
    contents(user({ inlineData: { mimeType: 'image/gif', data: 'aGk=' } })),
    'Unsupported MIME type: image/gif',
  ],
  ['a response without a call', contents(user(gives('look'))), 'immediately after a function call turn'],
  ['too few responses', contents(HI, model(call('look'), call('see')), user(gives('look'))), EQUAL],
  ['no response', contents(HI, model(call('look')), HI), EQUAL],
  ['no response at the end', contents(HI, model(call('look'))), EQUAL],
  ['a response of another name', contents(HI, model(call('look')), user(gives('see'))), 'response names'],
  [
    'a response with an id that was not given',
    contents(HI, model(call('look')), user(gives('look', { id: 'x' }))),
    'answers no function call',
  ],
  [
    'a lost id',
    contents(HI, model({ functionCall: { name: 'look', id: 'x' } }), user(gives('look'))),
    'has no response with it',
  ],
  [
    'a response that is a string',
    contents(HI, model(call('look')), user(gives('look', { response: 'x' }))),
    'google.protobuf.Struct',
  ],
  [
    'arguments as text',
    contents(HI, model({ functionCall: { name: 'look', args: '{}' } }), user(gives('look'))),
    'Struct',
  ],
  ['is_error in a response', contents(HI, model(call('look')), user(gives('look', { is_error: true }))), 'is_error'],
  [
    'an image in a response before Gemini 3',
    contents(HI, model(call('look')), user(gives('look', { parts: [PNG] }))),
    'Multimodal',
  ],
  [
    '$schema',
    parameters({ $schema: 'x', type: 'object' }),
    `Unknown name "$schema" at 'tools[0].function_declarations[0].parameters'`,
  ],
  ['additionalProperties', parameters({ type: 'object', additionalProperties: false }), 'additionalProperties'],
  [
    'const',
    property({ const: 1 }),
    `Unknown name "const" at 'tools[0].function_declarations[0].parameters.properties[0].value'`,
  ],
  ['exclusiveMinimum', property({ type: 'number', exclusiveMinimum: 0 }), 'exclusiveMinimum'],
  ['a list of types', property({ type: ['string', 'null'] }), 'Proto field is not repeating, cannot start list.'],
  ['no type', property({ description: 'x' }), 'field type is required'],
  [
    'oneOf deep inside',
    property({ type: 'array', items: { oneOf: [] } }),
    `"oneOf" at 'tools[0].function_declarations[0].parameters.properties[0].value.items'`,
  ],
  ['an enum of numbers', property({ type: 'integer', enum: [1] }), 'TYPE_STRING'],
  ['an enum of another type', property({ type: 'object', enum: ['a'] }), 'only allowed for STRING type'],
  ['an empty enum value', property({ type: 'string', enum: [''] }), 'cannot be empty'],
  ['a format', property({ type: 'string', format: 'uri' }), 'only enum and date-time are supported for STRING type'],
  ['an array without items', property({ type: 'array' }), 'items: missing field'],
  [
    'a required property that is not there',
    parameters({ type: 'object', required: ['q'] }),
    'property is not defined: q',
  ],
  ["a function's name", { tools: [{ functionDeclarations: [{ name: '1x' }] }] }, 'Invalid function name'],
  ['no functions', { tools: [{ functionDeclarations: [] }] }, 'tool_type'],
  [
    'both schemas',
    { tools: [{ functionDeclarations: [{ name: 'look', parameters: SCHEMA, parametersJsonSchema: {} }] }] },
    'both',
  ],
  [
    'names without ANY',
    { toolConfig: { functionCallingConfig: { mode: 'AUTO', allowedFunctionNames: ['look'] } } },
    'mode is ANY',
  ],
  [
    'a name that is not declared',
    { toolConfig: { functionCallingConfig: { mode: 'ANY', allowedFunctionNames: ['no'] } } },
    'not declared',
  ],
  ['a mode of another dialect', { toolConfig: { functionCallingConfig: { mode: 'required' } } }, 'mode'],
  ['six stops', config({ stopSequences: ['1', '2', '3', '4', '5', '6'] }), 'stop sequences'],
  ['a temperature', config({ temperature: 3 }), 'temperature'],
  ['budget and level', config({ thinkingConfig: { thinkingBudget: 1, thinkingLevel: 'low' } }), 'only one of'],
  ['a level before Gemini 3', config({ thinkingConfig: { thinkingLevel: 'low' } }), 'Thinking level is not supported'],
  ['a schema without the MIME type', config({ responseSchema: { type: 'object' } }), 'response_mime_type'],
  ['an instruction as a string', { system_instruction: 'x' }, 'system_instruction'],
];

describe('simulator: what Gemini refuses', () => {
  let sim: Simulator;
  before(async () => {
    sim = await startSimulator({ dialect: 'gemini' });
  });
  after(async () => {
    await sim.close();
    expect(sim.provider.failures).to.deep.equal([]);
  });
  beforeEach(() => sim.reset());

  const PATH = '/v1beta/models/gemini-2.5-pro:generateContent';
  function post(body: Body, path = PATH, headers: Record<string, string> = {}): Promise<HttpResponse> {
    return request({ url: sim.url + path, body, headers: { 'x-goog-api-key': sim.key ?? '', ...headers } });
  }

  it('takes what is documented', async () => {
    const { status, text: answer } = await post(GOOD);
    expect(status, answer).to.equal(200);
    expect((await post(GOOD, '/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse')).text).to.match(
      /^data: \{.*\r\n\r\n/,
    );
  });

  for (const [name, more, message] of WRONG) {
    it(`refuses ${name}`, async () => {
      const { status, text: answer, json } = await post({ ...GOOD, ...more });
      expect(status, answer).to.equal(400);
      const { error } = json<{ error: Body }>();
      expect(error).to.include({ code: 400, status: 'INVALID_ARGUMENT' });
      expect(error['message']).to.include(message);
    });
  }

  const HEADS: [string, string, Record<string, string>, number][] = [
    ['another key', PATH, { 'x-goog-api-key': 'wrong' }, 401],
    ['a key in the query', `${PATH}?key=sk-sim-gemini`, {}, 400],
    ['a Bearer', PATH, { authorization: 'Bearer x' }, 400],
    ['anthropic-version', PATH, { 'anthropic-version': '2023-06-01' }, 400],
    ['another version', PATH.replace('v1beta', 'v1'), {}, 404],
    ['another method', PATH.replace('generateContent', 'chat'), {}, 404],
    ['a stream without alt=sse', PATH.replace('generate', 'streamGenerate'), {}, 400],
  ];
  for (const [name, path, headers, status] of HEADS) {
    it(`refuses ${name}`, async () => {
      expect((await post(GOOD, path, headers)).status).to.equal(status);
    });
  }

  describe('signatures of Gemini 3', () => {
    const THREE = '/v1beta/models/gemini-3-pro:generateContent';
    const turns = (...parts: unknown[]) => contents(HI, model(...parts), user(...parts.map(() => gives('look'))));

    beforeEach(async () => {
      const calls = [
        { name: 'look', input: { b: 1, a: [2] }, signature: 'c2ln' },
        { name: 'look', input: { c: 1 } },
      ];
      sim.next(turn({ calls }));
      expect((await post(contents(HI), THREE)).text).to.include('"thoughtSignature": "c2ln"');
    });

    const ours = { functionCall: { name: 'look', args: { a: [2], b: 1 } } };
    const second = { functionCall: { name: 'look', args: { c: 1 } } };

    for (const [name, body, refusal] of [
      ['come back with their call', turns({ ...ours, thoughtSignature: 'c2ln' }, second), null],
      ['must not be missing', turns(ours, second), 'missing a thought_signature'],
      ['must not be changed', turns({ ...ours, thoughtSignature: 'c2lo' }, second), 'not valid'],
      ['must not move to another call', turns(ours, { ...second, thoughtSignature: 'c2ln' }), 'missing'],
      ['must not move away from a changed call', turns({ ...second, thoughtSignature: 'c2ln' }), 'not valid'],
      [
        "may be Google's own for a call of another model",
        turns({ ...second, thoughtSignature: 'skip_thought_signature_validator' }),
        null,
      ],
      ['must be there for a call of another model', turns(second), 'missing'],
    ] as const) {
      it(name, async () => {
        const { status, text: answer } = await post(body, THREE);
        expect(status, answer).to.equal(refusal === null ? 200 : 400);
        expect(answer).to.include(refusal ?? '');
      });
    }

    it('of older turns are wanted only where they were given', async () => {
      const later = (...parts: unknown[]) => contents(HI, model(...parts), user(gives('look')), model(text('So')), HI);
      expect((await post(later(second), THREE)).status).to.equal(200);
      expect((await post(later(ours), THREE)).status).to.equal(400);
    });

    it('nobody else insists', async () => {
      expect((await post(turns(ours, second))).status).to.equal(200);
    });
  });
});
