import { expect } from 'chai';
import type { ErrorType } from '../../shared/errors';
import { openAiProvider } from '../../worker/dialects/openai/provider';

const read = (status: number, body: unknown) =>
  openAiProvider.readError(status, typeof body === 'string' ? body : JSON.stringify(body));

describe('OpenAI errors: types', () => {
  const types: Array<[number, ErrorType]> = [
    [400, 'invalid_request_error'],
    [401, 'authentication_error'],
    [402, 'billing_error'],
    [403, 'permission_error'],
    [404, 'not_found_error'],
    [405, 'invalid_request_error'],
    [408, 'timeout_error'],
    [409, 'invalid_request_error'],
    [413, 'request_too_large'],
    [422, 'invalid_request_error'],
    [429, 'rate_limit_error'],
    [500, 'api_error'],
    [502, 'api_error'],
    [503, 'overloaded_error'],
    [504, 'api_error'],
    [529, 'overloaded_error'],
  ];
  for (const [status, type] of types) {
    it(`${status} is ${type}`, () => {
      expect(read(status, { error: { message: 'Boom', type: 'x', code: 'y' } })).to.deep.equal({
        type,
        message: 'Boom',
      });
    });
  }

  it('tells a client that is out of money so, instead of letting it try again', () => {
    const body = {
      error: { message: 'You exceeded your current quota', type: 'insufficient_quota', code: 'insufficient_quota' },
    };
    expect(read(429, body)).to.have.property('type', 'billing_error');
  });
});

describe('OpenAI errors: messages', () => {
  const cases: Array<[string, unknown, string]> = [
    [
      'OpenAI',
      { error: { message: 'No such model', type: 'invalid_request_error', param: null, code: 'model_not_found' } },
      'No such model',
    ],
    ['OpenRouter', { error: { message: 'No endpoints found', code: 404 }, user_id: 'u' }, 'No endpoints found'],
    [
      'OpenRouter, quoting JSON',
      {
        error: {
          message: 'Provider returned error',
          code: 400,
          metadata: { raw: '{"error":{"message":"bad tool"}}', provider_name: 'P' },
        },
      },
      'Provider returned error: bad tool',
    ],
    [
      'OpenRouter, quoting text',
      { error: { message: 'Provider returned error', metadata: { raw: 'bad\ntool' } } },
      'Provider returned error: bad tool',
    ],
    [
      'Mistral',
      { object: 'error', message: 'Unexpected role', type: 'invalid_request_message_order', code: '3230' },
      'Unexpected role',
    ],
    [
      "Mistral, with FastAPI's list",
      {
        object: 'error',
        message: {
          detail: [
            {
              type: 'extra_forbidden',
              loc: ['body', 'messages', 0, 'x'],
              msg: 'Extra inputs are not permitted',
              input: 's',
            },
          ],
        },
      },
      'body.messages.0.x: Extra inputs are not permitted',
    ],
    ['FastAPI', { detail: 'Not Found' }, 'Not Found'],
    ['FastAPI, a list', { detail: [{ loc: ['body'], msg: 'a' }, { msg: 'b' }, null] }, 'body: a; b'],
    [
      'xAI',
      { code: 'Client specified an invalid argument', error: 'Each message must have content' },
      'Each message must have content',
    ],
    ['Ollama', { error: 'model "x" not found' }, 'model "x" not found'],
    ['Gemini, compatible', [{ error: { code: 400, message: 'Bad', status: 'INVALID_ARGUMENT' } }], 'Bad'],
    ['text', 'upstream connect error', 'upstream connect error'],
    ['a page', '<!DOCTYPE html><html><title>502</title></html>', 'The provider answered with an error (400)'],
    ['nothing', '', 'The provider answered with an error (400)'],
    ['an empty object', {}, 'The provider answered with an error (400)'],
    ['JSON that was cut off', '{"error":{"message":"Bo', '{"error":{"message":"Bo'],
  ];
  for (const [name, body, message] of cases) {
    it(`are found: ${name}`, () => expect(read(400, body).message).to.equal(message));
  }

  it('hold no key', () => {
    for (const key of [
      'sk-proj-abc123def456',
      'sk-or-v1-0123456789',
      'gsk_Abc123456',
      'xai-1a2b3c4d5e',
      'sk-****************7890',
    ]) {
      const { message } = read(401, { error: { message: `Incorrect API key provided: ${key}. Find yours.` } });
      expect(message)
        .to.match(/^Incorrect API key provided: …/)
        .and.not.to.include(key.slice(-4));
    }
    expect(read(401, 'bad header: Bearer abc.def').message).to.equal('bad header: …');
    expect(read(400, { error: { message: 'api-version is key_word, not sk-learn' } }).message).to.equal(
      'api-version is key_word, not sk-learn',
    );
  });

  it('are of a bearable length, whatever comes', () => {
    const nested = `${'{"error":'.repeat(5000)}"x"${'}'.repeat(5000)}`;
    for (const body of [
      nested,
      'x'.repeat(65_536),
      { error: { message: 'y'.repeat(60_000) } },
      '[[[[[]]]]]',
      'null',
      '5',
      '"s"',
      '{"error":5}',
      '{"error":{"message":{}}}',
    ]) {
      expect(read(500, body).message).to.have.length.within(1, 1100);
    }
  });
});

describe('OpenAI errors: a context overflow', () => {
  const both = (input: number, output: number, limit: number) =>
    `input length and \`max_tokens\` exceed context limit: ${input} + ${output} > ${limit}, decrease input length or \`max_tokens\` and try again`;
  const prompt = (input: number, limit: number) => `prompt is too long: ${input} tokens > ${limit} maximum`;
  const cases: Array<[string, string, string]> = [
    [
      'OpenAI',
      "This model's maximum context length is 128000 tokens. However, your messages resulted in 131072 tokens. Please reduce the length of the messages.",
      prompt(131072, 128000),
    ],
    [
      'OpenAI, functions',
      "This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens (8000 in the messages, 1000 in the functions). Please reduce",
      prompt(9000, 8192),
    ],
    [
      'DeepSeek',
      "This model's maximum context length is 131072 tokens. However, you requested 140000 tokens (12000 in the messages, 128000 in the completion). Please reduce the length of the messages or completion.",
      both(12000, 128000, 131072),
    ],
    [
      'OpenAI, three numbers',
      "This model's maximum context length is 8192 tokens. However, you requested 9000 tokens (4000 in the messages, 1000 in the functions, and 4000 in the completion).",
      both(5000, 4000, 8192),
    ],
    [
      'OpenAI, of old',
      "This model's maximum context length is 4097 tokens, however you requested 4569 tokens (3545 in your prompt; 1024 for the completion). Please reduce your prompt; or completion length.",
      both(3545, 1024, 4097),
    ],
    [
      'OpenAI, newer',
      'Input tokens exceed the configured limit of 272000 tokens. Your messages resulted in 300000 tokens. Please reduce the length of the messages.',
      prompt(300000, 272000),
    ],
    [
      'OpenAI, newest',
      'Your input exceeds the context window of this model. Please adjust your input and try again.',
      'prompt is too long',
    ],
    [
      'OpenRouter',
      "This endpoint's maximum context length is 131072 tokens. However, you requested about 132463 tokens (1463 of text input, 131000 in the output). Please reduce the length of either one.",
      both(1463, 131000, 131072),
    ],
    [
      'OpenRouter, tools',
      "This endpoint's maximum context length is 1048576 tokens. However, you requested about 1293741 tokens (1227853 of text input, 353 of tool input, 65535 in the output).",
      prompt(1228206, 1048576),
    ],
    [
      'vLLM',
      "'max_tokens' or 'max_completion_tokens' is too large: 2000. This model's maximum context length is 4096 tokens and your request has 2104 input tokens (2000 > 4096 - 2104).",
      both(2104, 2000, 4096),
    ],
    [
      'vLLM, newer',
      "This model's maximum context length is 4096 tokens. However, you requested 2000 output tokens and your prompt contains at least 2104 input tokens, for a total of at least 4104 tokens.",
      both(2104, 2000, 4096),
    ],
    ['Groq', 'Please reduce the length of the messages or completion.', 'prompt is too long'],
    [
      'xAI',
      "This model's maximum prompt length is 131072 but the request contains 537812 tokens.",
      prompt(537812, 131072),
    ],
    [
      'Mistral',
      'Prompt contains 140000 tokens and 0 draft tokens, too large for model with 131072 maximum context length',
      prompt(140000, 131072),
    ],
    [
      'Moonshot',
      'Invalid request: Your request exceeded model token limit: 262144 (requested: 300000)',
      prompt(300000, 262144),
    ],
    [
      'llama.cpp',
      'request (9000 tokens) exceeds the available context size (8192 tokens), try increasing it',
      prompt(9000, 8192),
    ],
    ['Ollama', 'prompt too long; exceeded max context length by 5 tokens', 'prompt is too long'],
    ['Ollama, other', 'the input length exceeds the context length', 'prompt is too long'],
    [
      'Gemini',
      'The input token count (1,196,265) exceeds the maximum number of tokens allowed (1,048,575).',
      prompt(1196265, 1048575),
    ],
    ['Anthropic', 'prompt is too long: 202609 tokens > 200000 maximum', prompt(202609, 200000)],
    [
      'Anthropic, both',
      'input length and `max_tokens` exceed context limit: 180000 + 32000 > 200000, decrease input length or `max_tokens` and try again',
      both(180000, 32000, 200000),
    ],
  ];
  for (const [name, message, expected] of cases) {
    it(`in the words of ${name} is told in Anthropic's`, () => {
      expect(read(400, { error: { message } })).to.deep.equal({ type: 'invalid_request_error', message: expected });
    });
  }

  it('is known by its code, with any status and any place', () => {
    const body = { error: { message: 'too much', code: 'context_length_exceeded' } };
    for (const status of [400, 413, 422, 500]) {
      expect(read(status, body)).to.deep.equal({ type: 'invalid_request_error', message: 'prompt is too long' });
    }
    const raw = JSON.stringify({
      error: { message: "This model's maximum prompt length is 10 but the request contains 20 tokens." },
    });
    expect(read(400, { error: { message: 'Provider returned error', metadata: { raw } } }).message).to.equal(
      prompt(20, 10),
    );
  });

  it('is not seen where another limit is meant', () => {
    for (const message of [
      'max_tokens is too large: 128000. This model supports at most 16384 completion tokens, whereas you provided 128000.',
      'Request too large for model `x` on tokens per minute (TPM): Limit 6000, Requested 14810, please reduce your message size',
      "Invalid 'tools[1].function.description': string too long. Expected a string with maximum length 1024",
      'Rate limit reached. Please reduce the length of the messages',
    ]) {
      expect(read(400, { error: { message } }).message).to.equal(message);
    }
    expect(read(429, { error: { message: 'maximum context length' } })).to.have.property('type', 'rate_limit_error');
  });
});
