import { createHash } from 'node:crypto';
import { expect } from 'chai';
import { translateRequest } from '../../worker/dialects/openai/to-request';
import { viewOf } from '../../worker/json/view';
import { chatProvider, translated } from '../support/chat-completions';

const messages = [{ role: 'user', content: 'hi' }];

function bodyOf(request: object, provider?: string, model?: string, stream = false): Record<string, unknown> {
  const { messages: _, ...rest } = translated({ messages, ...request }, provider, model, stream).body;
  return rest;
}

describe('OpenAI request: parameters', () => {
  const sampling = { max_tokens: 10, temperature: 0.5, top_p: 1e-1, top_k: 4, stop_sequences: ['\n', 'b'] };

  it('go on as they came', () => {
    expect(bodyOf(sampling)).to.deep.equal({
      model: 'some-model',
      max_tokens: 10,
      temperature: 0.5,
      top_p: 0.1,
      stop: ['\n', 'b'],
    });
    expect(bodyOf({ top_k: 4 }, 'openrouter')).to.have.property('top_k', 4);
  });

  it("are those that OpenAI's reasoning models take", () => {
    for (const model of ['o3', 'o4-mini', 'gpt-5', 'gpt-5.1', 'gpt-6-mini', 'gpt-5-chat-latest']) {
      expect(bodyOf(sampling, 'openai', model)).to.deep.equal({ model, max_completion_tokens: 10 });
    }
    expect(bodyOf(sampling, 'openai', 'gpt-4o')).to.include({ max_tokens: 10, temperature: 0.5 });
    expect(bodyOf(sampling, 'unknown', 'openai/gpt-5')).to.have.property('max_completion_tokens', 10);
    expect(bodyOf(sampling, 'unknown', 'gpt-oss-120b')).to.have.property('max_tokens', 10);
  });

  it('keep the stop sequences that the service takes, and say so', () => {
    const five = { messages, stop_sequences: ['a', 'b', 'c', 'd', 'e'] };
    const cut = translated(five);
    expect(cut.body['stop']).to.deep.equal(['a', 'b', 'c', 'd']);
    expect(cut.warnings).to.have.length(1);
    expect(translated(five, 'deepseek').body['stop']).to.have.length(5);
    const none = translated(five, 'xai', 'grok-4');
    expect(none.body).not.to.have.property('stop');
    expect(none.warnings.join()).to.include('stop_sequences');
  });

  it('ask a stream for its usage, except Mistral, which tells it unasked', () => {
    expect(bodyOf({}, 'openai', 'm', true)).to.deep.equal({
      model: 'm',
      stream: true,
      stream_options: { include_usage: true },
    });
    expect(bodyOf({ stream: true }, 'mistral', 'm', true)).to.deep.equal({ model: 'm', stream: true });
    expect(bodyOf({ stream: true }, 'openai', 'm', false)).to.deep.equal({ model: 'm' });
  });

  it('drop what only Anthropic knows', () => {
    const own = {
      context_management: {},
      safeguards: {},
      betas: ['x'],
      service_tier: 'auto',
      container: null,
      anthropic_x: 1,
    };
    expect(bodyOf(own)).to.deep.equal({ model: 'some-model' });
  });

  it('name the member that is wrong', () => {
    expect(() => bodyOf({ max_tokens: '5' })).to.throw('max_tokens: Input should be a valid number');
    expect(() => bodyOf({ temperature: [] })).to.throw('temperature: Input should be a valid number');
    expect(() => bodyOf({ stop_sequences: [1] })).to.throw('stop_sequences: Input should be a list of valid strings');
    expect(() => bodyOf({ tools: {} })).to.throw('tools: Input should be a valid array');
  });

  it('go to the path with its version', () => {
    expect(translated({ messages }).path).to.equal('/v1/chat/completions');
  });
});

describe('OpenAI request: user', () => {
  const userOf = (id: unknown, provider?: string) => bodyOf({ metadata: { user_id: id } }, provider)['user'];

  it('is the user id, or its digest where it is longer than 64 characters', () => {
    expect(userOf('a "b"')).to.equal('a "b"');
    expect(userOf('x'.repeat(64))).to.equal('x'.repeat(64));
    const long = JSON.stringify({ device_id: 'd'.repeat(64), session_id: 's' });
    expect(userOf(long)).to.equal(createHash('sha256').update(long).digest('hex'));
  });

  it('is left out where there is none, or the service refuses it', () => {
    for (const id of [undefined, '', 5, null]) expect(userOf(id)).to.equal(undefined);
    expect(userOf('a', 'mistral')).to.equal(undefined);
  });
});

describe('OpenAI request: structured output', () => {
  const closed = {
    type: 'object',
    properties: { a: { type: 'string' } },
    required: ['a'],
    additionalProperties: false,
  };
  const formatOf = (schema: object, provider?: string) =>
    bodyOf({ output_config: { format: { type: 'json_schema', schema } } }, provider)['response_format'];

  it('is a schema, strict where OpenAI can enforce it', () => {
    const named = (schema: object) => ({ name: 'answer', schema });
    expect(formatOf(closed)).to.deep.equal({ type: 'json_schema', json_schema: { ...named(closed), strict: true } });
    for (const looser of [
      { ...closed, required: [] },
      { ...closed, additionalProperties: true },
      { ...closed, minProperties: 1 },
      { ...closed, properties: { a: { type: 'object' } } },
      { ...closed, properties: { a: { type: 'array', items: { type: 'string', format: 'x' } } } },
    ]) {
      expect(formatOf(looser)).to.deep.equal({ type: 'json_schema', json_schema: named(looser) });
    }
  });

  it('is an instruction where the service only knows JSON', () => {
    const request = { system: 'be kind', messages, output_config: { format: { type: 'json_schema', schema: closed } } };
    const { body, messages: made } = translated(request, 'deepseek');
    expect(body['response_format']).to.deep.equal({ type: 'json_object' });
    expect(JSON.stringify(made[0]))
      .to.include('be kind\\n\\nAnswer with one JSON object')
      .and.to.include('additionalProperties');
  });

  it('is known by its name in beta, too; other formats are dropped', () => {
    expect(bodyOf({ output_format: { type: 'json_schema', schema: closed } })).to.have.property('response_format');
    expect(bodyOf({ output_config: { format: { type: 'text' } } })).not.to.have.property('response_format');
    expect(() => bodyOf({ output_config: { format: { type: 'json_schema' } } })).to.throw(
      'output_config.format.schema',
    );
  });
});

describe('OpenAI request: services', () => {
  const limitAt = (name: string, baseUrl: string) => {
    const context = { provider: chatProvider(name, baseUrl), model: 'm', stream: true, warn: () => undefined };
    return translateRequest(viewOf(JSON.stringify({ messages, max_tokens: 1 })), context).body.toString();
  };

  it('are known by host, whatever they are called, else by name', () => {
    expect(limitAt('mine', 'https://api.mistral.ai/v1')).not.to.include('stream_options');
    expect(limitAt('openai', 'https://api.groq.com/openai/v1')).to.include('max_completion_tokens');
    expect(limitAt('groq', 'http://localhost:8080/v1')).to.include('max_completion_tokens');
    expect(limitAt('mine', 'https://eu.api.mistral.ai.example/v1')).to.include('stream_options');
  });

  it('may want members of their own', () => {
    expect(bodyOf({}, 'groq', 'qwen/qwen3-32b')).to.have.property('reasoning_format', 'parsed');
  });
});
