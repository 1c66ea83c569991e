import { expect } from 'chai';
import type { Provider } from '../../shared/config/config';
import { maxOutputTokensOf } from '../../shared/config/models';
import { Workspace } from '../support/config/workspace';

type Raw = Record<string, unknown>;

describe('providers of the configuration', () => {
  let here: Workspace;
  beforeEach(() => {
    here = new Workspace();
  });
  afterEach(() => here.remove());

  const write = (...providers: Raw[]) => {
    here.write('ccproxy.json', { providers, routes: { default: { provider: providers[0]?.['name'] } } });
  };

  function loaded(raw: Raw, env: NodeJS.ProcessEnv = {}): { provider: Provider; warnings: string[] } {
    write(raw);
    const { config, warnings } = here.loaded(env);
    const [provider] = config.providers;
    if (provider === undefined) throw new Error('no provider');
    return { provider, warnings };
  }

  const table: [raw: Raw, expected: Partial<Provider>][] = [
    [
      { name: 'openai', api_key: 'k' },
      { baseUrl: 'https://api.openai.com/v1', keyHeader: 'bearer', apiKey: 'k' },
    ],
    [{ name: 'ollama' }, { baseUrl: 'http://localhost:11434/v1', keyHeader: 'none', apiKey: null }],
    [
      { name: 'ollama', api_key: 'cloud' },
      { keyHeader: 'bearer', apiKey: 'cloud' },
    ],
    [
      { name: 'anthropic', api_key: 'passthrough' },
      { passthroughKey: true, apiKey: null, keyHeader: 'x-api-key' },
    ],

    // The dialect of a known service follows from the address.
    [
      { name: 'deepseek', api_key: 'k' },
      { dialect: 'anthropic', baseUrl: 'https://api.deepseek.com/anthropic' },
    ],
    [
      { name: 'deepseek', api_key: 'k', api_base_url: 'https://api.deepseek.com' },
      { dialect: 'openai', keyHeader: 'bearer', baseUrl: 'https://api.deepseek.com' },
    ],
    [
      { name: 'deepseek', api_key: 'k', api_base_url: 'https://api.deepseek.com/anthropic/v1' },
      { dialect: 'anthropic', keyHeader: 'x-api-key' },
    ],
    [
      { name: 'deepseek', api_key: 'k', api_base_url: 'https://api.deepseek.com/chat/completions' },
      { dialect: 'openai', keyHeader: 'bearer' },
    ],
    [
      { name: 'deepseek', api_key: 'k', dialect: 'openai' },
      { dialect: 'openai', keyHeader: 'bearer', baseUrl: 'https://api.deepseek.com' },
    ],
    [{ name: 'openrouter', api_key: 'k', api_base_url: 'https://openrouter.ai/api/v1' }, { dialect: 'openai' }],
    [
      { name: 'openrouter', api_key: 'k', api_base_url: 'https://openrouter.ai/api' },
      { dialect: 'anthropic', keyHeader: 'bearer' },
    ],
    [
      { name: 'openrouter', api_key: 'k', api_base_url: 'https://openrouter.ai/api/v1/messages' },
      { dialect: 'anthropic', keyHeader: 'bearer' },
    ],
    [
      { name: 'openrouter', api_key: 'k', api_base_url: 'https://openrouter.ai/api/v1/chat/completions/' },
      { dialect: 'openai', baseUrl: 'https://openrouter.ai/api/v1/chat/completions' },
    ],
    [
      { name: 'openai', api_key: 'k', api_base_url: 'http://localhost:1' },
      { dialect: 'openai', keyHeader: 'bearer' },
    ],

    [
      { name: 'ollama', dialect: 'anthropic' },
      { dialect: 'anthropic', baseUrl: 'http://localhost:11434', keyHeader: 'none' },
    ],
    [
      { name: 'ollama', api_key: 'cloud', dialect: 'anthropic', api_base_url: 'https://ollama.com' },
      { keyHeader: 'bearer' },
    ],
    [
      { name: 'ollama', api_base_url: 'http://localhost:11434/v1/messages' },
      { dialect: 'anthropic', baseUrl: 'http://localhost:11434/v1/messages' },
    ],
    // The server's address has always meant Chat Completions, on this machine and on others.
    [{ name: 'ollama', api_base_url: 'http://localhost:11434' }, { dialect: 'openai' }],
    [{ name: 'ollama', api_base_url: 'http://gpu:11434' }, { dialect: 'openai' }],

    // Own names.
    [
      { name: 'mine', dialect: 'anthropic', api_base_url: 'http://h/', api_key: 'k' },
      { keyHeader: 'x-api-key', baseUrl: 'http://h' },
    ],
    [{ name: 'mine', dialect: 'gemini', api_base_url: 'http://h', api_key: 'k' }, { keyHeader: 'x-goog-api-key' }],
    [
      { name: 'mine', dialect: 'openai', api_base_url: 'http://h' },
      { keyHeader: 'none', apiKey: null },
    ],
    [
      { name: 'mine', api_base_url: 'https://h.example/api/v3/chat/completions', api_key: 'k' },
      { dialect: 'openai', keyHeader: 'bearer' },
    ],
    [{ name: 'mine', api_base_url: 'http://h', message_format: 'anthropic' }, { dialect: 'anthropic' }],
    [
      { name: 'mine', api_base_url: 'http://h/x?api-version=1', dialect: 'openai' },
      { baseUrl: 'http://h/x?api-version=1' },
    ],
  ];
  for (const [raw, expected] of table) {
    it(JSON.stringify(raw), () => expect(loaded(raw).provider).to.deep.include(expected));
  }

  it('takes limits of the output, of all models and of single ones', () => {
    const models = [
      'plain',
      { name: 'small', max_output_tokens: 8192 },
      { name: 'also-plain' },
      { Name: 'constructor' },
    ];
    const { provider } = loaded({ name: 'openai', api_key: 'k', models, max_output_tokens: '16384' });
    expect(provider.models).to.deep.equal(['plain', 'small', 'also-plain', 'constructor']);
    const limits = ['plain', 'small', 'also-plain', 'constructor', 'not-listed'].map((model) =>
      maxOutputTokensOf(provider, model),
    );
    expect(limits).to.deep.equal([16_384, 8192, 16_384, 16_384, 16_384]);

    const without = loaded({ name: 'openai', api_key: 'k', models }).provider;
    expect(maxOutputTokensOf(without, 'small')).to.equal(8192);
    expect(maxOutputTokensOf(without, 'plain')).to.equal(null);
    expect(maxOutputTokensOf(without, 'constructor')).to.equal(null);
  });

  it('a limit of a model may be above that of its provider', () => {
    const raw = { name: 'openai', api_key: 'k', models: [{ name: 'big', max_output_tokens: 9 }], max_output_tokens: 8 };
    expect(maxOutputTokensOf(loaded(raw).provider, 'big')).to.equal(9);
  });

  it('keeps a disabled provider in its place', () => {
    write({ name: 'ollama' }, { name: 'groq', enabled: 'false' });
    const { config, warnings } = here.loaded();
    expect(config.providers.map((provider) => provider.enabled)).to.deep.equal([true, false]);
    expect(warnings).to.deep.equal([]);
  });

  it('takes a missing or empty key from the environment', () => {
    const env = { GOOGLE_API_KEY: 'from-env' };
    expect(loaded({ name: 'gemini' }, env).provider.apiKey).to.equal('from-env');
    expect(loaded({ name: 'gemini', api_key: '' }, env).provider.apiKey).to.equal('from-env');
    expect(loaded({ name: 'gemini', api_key: 'own' }, env).provider.apiKey).to.equal('own');
  });

  it('warns when a key is nowhere to be found', () => {
    expect(loaded({ name: 'gemini' }).warnings[0]).to.match(
      /providers\[0\]\.api_key: missing, and GEMINI_API_KEY or GOOGLE_API_KEY is not set: requests go without a key$/,
    );
    const own = { name: 'mine', dialect: 'openai', api_base_url: 'http://h' };
    expect(loaded({ ...own, api_key: '' }).warnings[0]).to.match(/api_key: empty: requests go without a key$/);
    expect(loaded(own).warnings).to.deep.equal([]);
    expect(loaded({ name: 'openai', headers: { Authorization: 'Basic x' } }).warnings).to.deep.equal([]);
  });

  it("uses Gemini's v1beta where v1 is given", () => {
    const { provider, warnings } = loaded({
      name: 'gemini',
      api_key: 'k',
      api_base_url: 'https://generativelanguage.googleapis.com/v1/',
    });
    expect(provider.baseUrl).to.equal('https://generativelanguage.googleapis.com/v1beta');
    expect(warnings[0]).to.match(/v1beta is used/);
  });

  it('takes default timeouts from "performance"', () => {
    here.write('ccproxy.json', {
      providers: [{ name: 'ollama', timeouts: { idle: '1s' } }],
      routes: { default: 'ollama,x' },
      performance: { request_timeout: '9s', stream_idle_timeout: '8s' },
    });
    const timeouts = { connectMs: 10_000, firstByteMs: 9000, idleMs: 1000 };
    expect(here.loaded().config.providers[0]?.timeouts).to.deep.equal(timeouts);
  });

  const wrong: [raw: Raw, problem: RegExp][] = [
    [
      { name: 'mine', api_base_url: 'http://h' },
      /dialect: missing: "mine" is not one of .*"anthropic", "openai" or "gemini"$/,
    ],
    [{ name: 'opnai', api_base_url: 'http://h' }, /dialect: missing: "opnai".*did you mean "openai"\?/],
    [{ name: 'mine', dialect: 'openai' }, /api_base_url: missing/],
    [{ name: 'groq', dialect: 'gemini' }, /api_base_url: missing/],
    [{ name: 'mine', dialect: 'klingon', api_base_url: 'http://h' }, /dialect: expected "anthropic".*got "klingon"$/],
    [
      { name: 'openai', api_key: 'passthrough' },
      /api_key: "passthrough" works with the anthropic dialect only, not openai$/,
    ],
    [{ name: 'openai', api_base_url: 'api.openai.com' }, /api_base_url: is not a URL, got "api\.openai\.com"$/],
    [{ name: 'openai', api_base_url: 'ftp://h' }, /api_base_url: must begin with http:\/\/ or https:\/\//],
    [{ name: 'openai', api_base_url: 'http://' }, /api_base_url: is not a URL/],
    [{ name: 'openai', api_base_url: 'http:///x' }, /api_base_url: is not a URL/],
    [{ name: 'openai', api_base_url: 'https://h/#a' }, /must not have a #/],
    [{ name: 'openai', api_base_url: 'https://user:geheim@h' }, /must not have a user or password/],
    [
      { name: 'openai', dialect: 'anthropic', api_base_url: 'https://h/v1/chat/completions' },
      /dialect: "anthropic" does not fit "api_base_url", which is an endpoint of the dialect "openai"/,
    ],
    [{ name: 'a,b', dialect: 'openai', api_base_url: 'http://h' }, /name: must be plain ASCII text without a comma/],
    [{ name: 'é', dialect: 'openai', api_base_url: 'http://h' }, /name: must be plain ASCII/],
    [{ name: ' a', dialect: 'openai', api_base_url: 'http://h' }, /name: must be plain ASCII/],
    [{ name: 'sandbox', dialect: 'openai', api_base_url: 'http://h' }, /name: "sandbox" is the built-in provider's/],
    [{ name: 'openai', api_key: ' ' }, /api_key: is only white space/],
    [{ name: 'openai', api_key: 'a\nb' }, /api_key: has a character/],
    [{ name: 'openai', api_key: 'a ' }, /api_key: begins or ends with a space/],
    [{ name: 'openai', headers: { 'bad name': 'x' } }, /headers\["bad name"\]: is not a name for a header/],
    [{ name: 'openai', headers: { 'X-A': 'a\r\nb: c' } }, /headers\.X-A: has a character that cannot be in a header/],
    [{ name: 'openai', headers: { Host: 'x' } }, /headers\.Host: cannot be set/],
    [{ name: 'openai', headers: { 'X-A': 'x', 'x-a': 'y' } }, /headers\.x-a: given twice/],
    [{ name: 'openai', headers: { 'X-A': 1 } }, /headers\.X-A: expected text or {"file": "PATH"}$/],
    [{ name: 'openai', models: 'gpt' }, /models: expected a list, got "gpt"/],
    [{ name: 'openai', models: ['gpt', 4] }, /models\[1\]: expected a model's name or \{"name": …, .*\}, got 4$/],
    [{ name: 'openai', models: [['gpt']] }, /models\[0\]: expected a model's name or .*, got a list$/],
    [{ name: 'openai', models: [{ max_output_tokens: 5 }] }, /models\[0\]\.name: missing: the model's name$/],
    [{ name: 'openai', models: [{ name: 4 }] }, /models\[0\]\.name: expected text, got 4$/],
    [
      { name: 'openai', models: ['a', { name: 'b', max_output_tokens: 0 }] },
      /models\[1\]\.max_output_tokens: expected a whole number from 1 up, got 0$/,
    ],
    [
      { name: 'openai', models: [{ name: 'b', max_output_token: 1 }] },
      /models\[0\]\.max_output_token: unknown key, did you mean "max_output_tokens"\?$/,
    ],
    [
      { name: 'openai', max_output_tokens: 1.5 },
      /\[0\]\.max_output_tokens: expected a whole number from 1 up, got 1\.5$/,
    ],
    [{ name: 'openai', timeouts: { idle: 0 } }, /timeouts\.idle: expected a duration from 1ms to 24h.*got 0$/],
    [{ name: 'openai', timeouts: { connect: '25h' } }, /timeouts\.connect: .*got "25h"$/],
    [{ name: 'openai', timeouts: { conect: '1s' } }, /timeouts\.conect: unknown key, did you mean "connect"\?/],
    [{ name: 'openai', connections: { max: 0 } }, /connections\.max: expected a whole number from 1 up, got 0$/],
  ];
  for (const [raw, problem] of wrong) {
    it(`refuses ${JSON.stringify(raw)}`, () => {
      write(raw);
      const problems = here.problems();
      expect(problems, problems.join('\n')).to.have.length(1);
      expect(problems[0]).to.match(problem);
      expect(problems[0]).not.to.contain('geheim');
    });
  }

  it('refuses a second provider of the same name', () => {
    write({ name: 'openai', api_key: 'a' }, { name: 'openai', api_key: 'b' });
    expect(here.problems()).to.deep.equal([
      'ccproxy.json:8: providers[1].name: "openai" is the name of another provider already; choose another',
    ]);
  });
});
