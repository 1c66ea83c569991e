// biome-ignore-all lint/suspicious/noTemplateCurlyInString: ${NAME} is the notation of the file
import { expect } from 'chai';
import { SMALLEST, Workspace } from '../support/config/workspace';

describe('problems of the configuration', () => {
  let here: Workspace;
  beforeEach(() => {
    here = new Workspace();
  });
  afterEach(() => here.remove());

  const EVERYTHING = `{
  "port": "many", // a comment
  "workers": 0,
  "api_key": "",
  "trusted_proxies": ["10.0.0.0/8", "10.0.0.0/99"],
  "log": "maybe",
  "log_levle": "info",
  "shutdown_timeout": "soon",
  "proxy_url": "socks5://user:geheim@proxy",
  "providers": [
    { "name": "anthropic", "api_key": "\${NOT_SET}" },
    { "name": "openai", "api_key": "passthrough", "tiemouts": {} },
    { "name": "mine", "api_base_url": "nowhere" },
    { "name": "anthropic", "api_key": 12345 },
    { "name": "groq", "enabled": false, "api_key": { "file": "./none" } },
    "xai"
  ],
  "routes": {
    "think": { "provider": "anthropc", "model": "x", "modle": "y" },
    "background": "groq,llama",
    "image": "gpt",
  },
  "performance": { "max_request_body_size": "10 apples", "max_concurrent_requests": 0 },
  "porfiders": [],
}
`;

  it('are listed all at once, in the order of the file, variables last', () => {
    here.write('ccproxy.json', EVERYTHING);
    const problems = here.problems({ CCPROXY_PORT: 'abc' });
    const expected: RegExp[] = [
      /^ccproxy\.json:2: port: expected a whole number from 0 to 65535, got "many"$/,
      /^ccproxy\.json:3: workers: expected "auto" or a whole number from 1 to 1024, got 0$/,
      /^ccproxy\.json:4: api_key: is empty; give the key that clients send, or leave it out$/,
      /^ccproxy\.json:5: trusted_proxies\[1\]: expected an address range .*, got "10\.0\.0\.0\/99"$/,
      /^ccproxy\.json:6: log: expected true or false, got "maybe"$/,
      /^ccproxy\.json:7: log_levle: unknown key, did you mean "log_level"\?$/,
      /^ccproxy\.json:8: shutdown_timeout: expected a duration .*, got "soon"$/,
      /^ccproxy\.json:9: proxy_url: must begin with http:\/\/ or https:\/\/; expected/,
      /^ccproxy\.json:11: providers\[0\]\.api_key: \$NOT_SET is not set in the environment; set it or change this value$/,
      /^ccproxy\.json:12: providers\[1\]\.tiemouts: unknown key, did you mean "timeouts"\?$/,
      /^ccproxy\.json:12: providers\[1\]\.api_key: "passthrough" works with the anthropic dialect only, not openai$/,
      /^ccproxy\.json:13: providers\[2\]\.api_base_url: is not a URL, got "nowhere"$/,
      /^ccproxy\.json:14: providers\[3\]\.api_key: expected text or {"file": "PATH"}$/,
      /^ccproxy\.json:14: providers\[3\]\.name: "anthropic" is the name of another provider already/,
      /^ccproxy\.json:15: providers\[4\]\.api_key: the secret's file .*none does not exist$/,
      /^ccproxy\.json:16: providers\[5\]: expected an object, got "xai"$/,
      /^ccproxy\.json:18: routes\.default: missing: requests that no other route takes need one; add for example/,
      /^ccproxy\.json:19: routes\.think\.modle: unknown key, did you mean "model"\?$/,
      /^ccproxy\.json:19: routes\.think\.provider: unknown provider "anthropc", did you mean "anthropic"\?$/,
      /^ccproxy\.json:20: routes\.background\.provider: "groq" is disabled; enable it or choose another provider$/,
      /^ccproxy\.json:21: routes\.image: expected "provider,model" or .*, got "gpt"$/,
      /^ccproxy\.json:23: performance\.max_request_body_size: expected a size .*, got "10 apples"$/,
      /^ccproxy\.json:23: performance\.max_concurrent_requests: expected a whole number from 1 up, got 0$/,
      /^ccproxy\.json:24: porfiders: unknown key, did you mean "providers"\?$/,
      /^CCPROXY_PORT: expected a whole number from 0 to 65535, got "abc"$/,
    ];
    for (const pattern of expected) {
      expect(
        problems.some((problem) => pattern.test(problem)),
        `${pattern}\n${problems.join('\n')}`,
      ).to.equal(true);
    }
    expect(problems, problems.join('\n')).to.have.length(expected.length);
    const lines = problems.slice(0, -1).map((problem) => Number(problem.split(':')[1]));
    expect(lines).to.deep.equal([...lines].sort((a, b) => a - b));
  });

  it('have their lines in YAML, too', () => {
    here.write(
      'ccproxy.yaml',
      'port: -1\nproviders:\n  - name: openai\n    api_kye: x\nroutes:\n  default: nobody,x\n',
    );
    expect(here.problems()).to.deep.equal([
      'ccproxy.yaml:1: port: expected a whole number from 0 to 65535, got -1',
      'ccproxy.yaml:4: providers[0].api_kye: unknown key, did you mean "api_key"?',
      'ccproxy.yaml:6: routes.default.provider: unknown provider "nobody"; there is openai',
    ]);
  });

  it('a misspelt "providers" is one problem, not one for each route', () => {
    here.write('ccproxy.json', { porviders: SMALLEST.providers, routes: SMALLEST.routes });
    expect(here.problems()).to.deep.equal(['ccproxy.json:2: porviders: unknown key, did you mean "providers"?']);
  });

  it('a provider with a mistake is not unknown to its routes', () => {
    here.write('ccproxy.json', { providers: [{ name: 'a', dialect: 'x' }], routes: { default: 'a,b' } });
    expect(here.problems().map((problem) => problem.split(': ')[1])).to.have.members([
      'providers[0].api_base_url',
      'providers[0].dialect',
    ]);
    here.write('ccproxy.json', { providers: [{ nmae: 'ollama' }], routes: { default: 'ollama,b' } });
    expect(here.problems().join('\n')).not.to.contain('unknown provider');
  });

  const table: [what: string, file: object, problem: RegExp][] = [
    [
      'no default route',
      { providers: SMALLEST.providers },
      /^ccproxy\.json:1: routes\.default: missing.*"anthropic,MODEL"$/,
    ],
    [
      'a misspelt default',
      { ...SMALLEST, routes: { defualt: 'anthropic,x' } },
      /missing: .* did you mean that by "defualt"\?$/,
    ],
    [
      'a route without provider',
      { ...SMALLEST, routes: { default: { model: 'x' } } },
      /routes\.default\.provider: missing/,
    ],
    [
      'a route to nobody',
      { ...SMALLEST, routes: { default: 'antropic,x' } },
      /unknown provider "antropic", did you mean "anthropic"\?$/,
    ],
    [
      'a short form without model',
      { ...SMALLEST, routes: { default: 'anthropic,' } },
      /routes\.default: expected "provider,model"/,
    ],
    [
      'a model among the parameters',
      { ...SMALLEST, routes: { default: { provider: 'anthropic', parameters: { model: 'x' } } } },
      /routes\.default\.parameters\.model: stands in the wrong place/,
    ],
    [
      'parameters that are no object',
      { ...SMALLEST, routes: { default: { provider: 'anthropic', parameters: [1] } } },
      /routes\.default\.parameters: expected an object, got a list$/,
    ],
    ['routes that are no object', { ...SMALLEST, routes: 'x' }, /routes: expected an object, got "x"/],
    ['providers that are no list', { ...SMALLEST, providers: { a: 1 } }, /providers: expected a list, got an object/],
    ['two spellings of the key', { ...SMALLEST, api_key: 'a', apikey: 'b' }, /apikey: given twice, as "api_key" too/],
    ['an empty key', { ...SMALLEST, api_key: '' }, /api_key: is empty; /],
    ['a key of white space', { ...SMALLEST, api_key: ' \n' }, /api_key: is only white space; /],
    ['a key of null', { ...SMALLEST, api_key: null }, /api_key: expected text or {"file": "PATH"}$/],
    ['a key with an accent', { ...SMALLEST, api_key: 'clé' }, /api_key: has a character that cannot be in a key/],
    ['a key with a control character', { ...SMALLEST, api_key: 'a\u0007' }, /api_key: has a character/],
    ['a bad log level', { ...SMALLEST, log_level: 'loud' }, /log_level: expected "error".*got "loud"/],
    ['a bad host', { ...SMALLEST, host: '127.0.0.1:80' }, /host: expected an address.*got "127\.0\.0\.1:80"/],
    ['a bad port', { ...SMALLEST, port: 65_536 }, /port: expected a whole number from 0 to 65535, got 65536$/],
    ['a fraction of a worker', { ...SMALLEST, workers: 1.5 }, /workers: .*got 1\.5$/],
    ['an unknown section', { ...SMALLEST, zebra: 1 }, /zebra: unknown key$/],
    [
      'an unknown limit',
      { ...SMALLEST, performance: { max_concurent_requests: 1 } },
      /did you mean "max_concurrent_requests"\?$/,
    ],
    ['a broken reference', { ...SMALLEST, log_file: '${LOG' }, /log_file: has a "\${" that no variable's name/],
  ];
  for (const [what, file, problem] of table) {
    it(what, () => {
      here.write('ccproxy.json', file);
      const problems = here.problems();
      expect(problems, problems.join('\n')).to.have.length(1);
      expect(problems[0]).to.match(problem);
    });
  }

  it('a file that is no object', () => {
    for (const text of ['[]', '"x"', 'null', '3']) {
      here.write('ccproxy.json', text);
      expect(here.problems()).to.deep.equal([
        'ccproxy.json:1: expected an object with the configuration, such as {"port": 3456}',
      ]);
    }
  });

  it('broken text is told with its line, together with bad variables', () => {
    here.write('ccproxy.json', '{\n  "port": 1\n  "host": 2\n}');
    expect(here.problems({ CCPROXY_PORT: 'x', OPENAI_API_KEY: 'k' })).to.deep.equal([
      'ccproxy.json:3: a comma is missing before this',
      'CCPROXY_PORT: expected a whole number from 0 to 65535, got "x"',
    ]);
  });

  it('a key given twice is told beside other mistakes', () => {
    here.write('ccproxy.json', '{\n  "port": 1,\n  "port": 2,\n  "log": 3\n}');
    expect(here.problems()).to.deep.equal([
      'ccproxy.json:3: port: given twice, first on line 2; keep one',
      'ccproxy.json:4: log: expected true or false, got 3',
    ]);
  });

  it('every name that is not set is told', () => {
    here.write('ccproxy.json', {
      ...SMALLEST,
      host: '$A.${B}',
      routes: { default: '$C' },
      proxy_url: 'http://$D:$E@h',
    });
    expect(here.problems()).to.deep.equal([
      'ccproxy.json:9: routes.default: $C is not set in the environment; set it or change this value',
      'ccproxy.json:11: host: $A, $B are not set in the environment; set them or change this value',
      'ccproxy.json:12: proxy_url: refers to an environment variable that is not set; for a plain dollar sign write $$',
    ]);
  });
});
