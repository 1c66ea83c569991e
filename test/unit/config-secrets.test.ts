// biome-ignore-all lint/suspicious/noTemplateCurlyInString: ${NAME} is the notation of the file

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Config } from '../../shared/config/config';
import { configHash } from '../../shared/config/hash';
import { secretsOf } from '../../shared/config/load';
import { SMALLEST, Workspace } from '../support/config/workspace';

describe('secrets of the configuration', () => {
  let here: Workspace;
  beforeEach(() => {
    here = new Workspace();
  });
  afterEach(() => here.remove());

  describe('in files of their own', () => {
    it('are read relative to the configuration, without the line break at the end', () => {
      here.write('conf/secrets/client', 'client-key\n');
      here.write('conf/header', ' header-value \r\n');
      here.write('~/provider', 'provider-key');
      here.write('conf/proxy', 'http://u:p@h:1\n');
      const file = here.write(
        'conf/my.yaml',
        JSON.stringify({
          api_key: { file: 'secrets/client' },
          proxy_url: { file: '$DIR/proxy' },
          providers: [{ name: 'openai', api_key: { file: '~/provider' }, headers: { 'X-Secret': { file: 'header' } } }],
          routes: { default: 'openai,x' },
        }),
      );
      const { config } = here.loaded({ DIR: join(here.cwd, 'conf') }, { file });
      expect(config).to.include({ apiKey: 'client-key', proxyUrl: 'http://u:p@h:1' });
      expect(config.providers[0]).to.deep.include({ apiKey: 'provider-key', headers: { 'x-secret': 'header-value' } });
    });

    const bad: [what: string, prepare: (here: Workspace) => unknown, problem: RegExp][] = [
      ['missing', () => undefined, /^ccproxy\.json:11: api_key: the secret's file .*\/run\/key does not exist$/],
      ['empty', (at) => at.write('run/key', '\n'), /\/run\/key is empty$/],
      ['a folder', (at) => mkdirSync(join(at.cwd, 'run/key'), { recursive: true }), /is not a file$/],
      ['huge', (at) => at.write('run/key', 'x'.repeat(65_537)), /is larger than 64 kB/],
      ['no text', (at) => at.write('run/key', 'a\u0000b'), /api_key: has a character that cannot be in a key/],
    ];
    for (const [what, prepare, problem] of bad) {
      it(`are told when ${what}`, () => {
        prepare(here);
        here.write('ccproxy.json', { ...SMALLEST, api_key: { file: './run/key' } });
        expect(here.problems()).to.have.length(1);
        expect(here.problems()[0]).to.match(problem);
      });
    }

    it('are objects of one member', () => {
      for (const api_key of [{ file: '' }, { file: 1 }, { path: 'x' }, { file: 'x', mode: 1 }, []]) {
        here.write('ccproxy.json', { ...SMALLEST, api_key });
        expect(here.problems()[0]).to.match(/api_key: expected text or {"file": "PATH"}$/);
      }
    });
  });

  describe('never appear in a message', () => {
    const SECRET = 'geheimnis';
    const files: [what: string, file: object, env?: NodeJS.ProcessEnv][] = [
      ['a key in a list', { ...SMALLEST, api_key: [SECRET] }],
      ['a key in an object', { ...SMALLEST, api_key: { value: SECRET } }],
      ['a key with a line break', { ...SMALLEST, api_key: `${SECRET}\nx` }],
      ['a key given twice', { ...SMALLEST, api_key: SECRET, apikey: SECRET }],
      ['a key with a dollar sign', { ...SMALLEST, api_key: `abc$${SECRET}` }],
      ["a provider's key", { ...SMALLEST, providers: [{ name: 'anthropic', api_key: { file: 1, x: SECRET } }] }],
      ['a secret where its path belongs', { ...SMALLEST, api_key: { file: SECRET } }],
      ['a header', { ...SMALLEST, providers: [{ name: 'anthropic', headers: { 'X-Key': `${SECRET}\r\n` } }] }],
      ['a header in a list', { ...SMALLEST, providers: [{ name: 'anthropic', headers: { 'X-Key': [SECRET] } }] }],
      ['a proxy', { ...SMALLEST, proxy_url: `socks5://user:${SECRET}@h` }],
      ['a proxy that is no URL', { ...SMALLEST, proxy_url: `user:${SECRET}@h` }],
      ['a base URL', { ...SMALLEST, providers: [{ name: 'anthropic', api_base_url: `https://u:${SECRET}@h` }] }],
      ['a query', { ...SMALLEST, providers: [{ name: 'anthropic', api_base_url: `ftp://h?key=${SECRET}` }] }],
      ['a port from the environment', { ...SMALLEST, port: '$S' }, { S: SECRET }],
      ['a level from the environment', { ...SMALLEST, log_level: 'x${S}' }, { S: SECRET }],
      ['a route from the environment', { ...SMALLEST, routes: { default: '$S,x', think: '$S' } }, { S: SECRET }],
      ['a range from the environment', { ...SMALLEST, trusted_proxies: ['$S'] }, { S: SECRET }],
      [
        'a provider from the environment',
        { providers: [{ name: '$S', api_base_url: '$S' }], routes: { default: 'nobody,x' } },
        { S: SECRET },
      ],
      ['a path from the environment', { ...SMALLEST, api_key: { file: '/$S/x' } }, { S: SECRET }],
      ["a client's key in its variable", { ...SMALLEST }, { CCPROXY_API_KEY: `${SECRET}\n` }],
      ["a provider's key in its variable", {}, { OPENAI_API_KEY: `${SECRET}\u0001x` }],
    ];
    for (const [what, file, env] of files) {
      it(what, () => {
        here.write('ccproxy.json', file);
        const problems = here.problems(env);
        expect(problems).not.to.be.empty;
        expect(problems.join('\n')).not.to.contain(SECRET);
      });
    }

    it('but the name of the variable does', () => {
      here.write('ccproxy.json', { ...SMALLEST, port: '$MY_PORT' });
      expect(here.problems({ MY_PORT: 'x' })[0]).to.match(/port: expected .*, got the value of \$MY_PORT$/);
    });

    it('nor in a warning', () => {
      here.write('ccproxy.json', {
        ...SMALLEST,
        security: { key: SECRET },
        providers: [{ name: 'anthropic', message_format: SECRET, transformers: [{ key: SECRET }] }],
      });
      const { warnings } = here.loaded();
      expect(warnings).to.have.length(4);
      expect(warnings.join('\n')).not.to.contain(SECRET);
    });
  });

  it('are listed for the log, the longest first', () => {
    here.write('ccproxy.json', {
      api_key: 'client-key',
      proxy_url: 'http://us%40er:pa%3Ass@h:1',
      providers: [
        {
          name: 'openai',
          api_key: 'k1',
          headers: { Authorization: 'Bearer tok', 'X-Team': 'blue', 'x-api-key': 'k2' },
        },
        { name: 'anthropic', api_key: 'passthrough' },
        { name: 'mine', dialect: 'openai', api_base_url: 'http://h/v1?key=k3&api-version=1', api_key: 'k1' },
      ],
      routes: { default: 'openai,x' },
    });
    const secrets = secretsOf(here.loaded().config);
    const basic = Buffer.from('us@er:pa:ss').toString('base64');
    expect(secrets).to.have.members([
      'client-key',
      'us%40er:pa%3Ass',
      'us@er:pa:ss',
      basic,
      'pa%3Ass',
      'pa:ss',
      'k1',
      'k2',
      'k3',
      'Bearer tok',
      'tok',
    ]);
    const lengths = secrets.map((secret) => secret.length);
    expect(lengths).to.deep.equal([...lengths].sort((a, b) => b - a));
  });

  describe('the hash', () => {
    const hashOf = (file: object, env: NodeJS.ProcessEnv = {}): string => {
      here.write('ccproxy.json', file);
      return configHash(here.loaded(env).config);
    };

    it('is the same for the same content, however it is written and wherever it stands', () => {
      const first = hashOf({ ...SMALLEST, port: 1, host: '::1' });
      expect(hashOf({ host: '::1', ...SMALLEST, port: '$P' }, { P: '1' })).to.equal(first);
      const other = here.write('~/x.yaml', JSON.stringify({ ...SMALLEST, port: 1, host: '::1' }));
      expect(configHash(here.loaded({}, { file: other }).config)).to.equal(first);
    });

    it('changes with everything, secrets too', () => {
      const [provider] = SMALLEST.providers;
      const files: object[] = [
        SMALLEST,
        { ...SMALLEST, port: 1 },
        { ...SMALLEST, api_key: 'a' },
        { ...SMALLEST, api_key: 'b' },
        { ...SMALLEST, providers: [{ ...provider, api_key: 'other' }] },
        { ...SMALLEST, providers: [{ ...provider, headers: { a: 'b' } }] },
        { ...SMALLEST, providers: [{ ...provider, models: ['a', 'b'] }] },
        { ...SMALLEST, providers: [{ ...provider, models: ['b', 'a'] }] },
        { ...SMALLEST, routes: { default: { provider: 'anthropic', parameters: { top_p: 1 } } } },
        { ...SMALLEST, performance: { metrics_enabled: false } },
      ];
      const hashes = files.map((file) => hashOf(file));
      expect(new Set(hashes).size).to.equal(files.length);
      for (const hash of hashes) expect(hash).to.match(/^[0-9a-f]{12}$/);
    });

    it('has no member of the configuration that it does not cover', () => {
      const covered: Record<keyof Config, true> = {
        host: true,
        port: true,
        workers: true,
        apiKey: true,
        trustedProxies: true,
        log: true,
        logFile: true,
        logLevel: true,
        shutdownTimeoutMs: true,
        reloadDrainTimeoutMs: true,
        maxWorkerMemoryBytes: true,
        maxWorkerAgeMs: true,
        proxyUrl: true,
        providers: true,
        routes: true,
        performance: true,
        longContextThreshold: true,
        file: true,
      };
      expect(here.loaded().config).to.have.all.keys(Object.keys(covered));
    });
  });
});
