import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { SANDBOX_MODEL, SANDBOX_PROVIDER_NAME } from '../../shared/sandbox';
import { SMALLEST, Workspace } from '../support/config/workspace';

describe('loading the configuration', () => {
  let here: Workspace;
  beforeEach(() => {
    here = new Workspace();
  });
  afterEach(() => here.remove());

  it('fills in every default', () => {
    const path = here.write('ccproxy.json', SMALLEST);
    const { config, warnings } = here.loaded();
    expect(warnings).to.deep.equal([]);
    expect(config).to.deep.equal({
      host: '127.0.0.1',
      port: 3456,
      workers: 4,
      apiKey: null,
      trustedProxies: [],
      log: false,
      logFile: null,
      logLevel: 'info',
      shutdownTimeoutMs: 30_000,
      reloadDrainTimeoutMs: 900_000,
      maxWorkerMemoryBytes: null,
      maxWorkerAgeMs: null,
      proxyUrl: null,
      providers: [
        {
          name: 'anthropic',
          baseUrl: 'https://api.anthropic.com',
          dialect: 'anthropic',
          keyHeader: 'x-api-key',
          apiKey: 'sk-ant-of-the-provider',
          passthroughKey: false,
          models: [],
          maxOutputTokens: null,
          modelMaxOutputTokens: {},
          enabled: true,
          headers: {},
          timeouts: { connectMs: 10_000, firstByteMs: 600_000, idleMs: 300_000 },
          connections: { max: 1024, maxWaiting: 1024 },
        },
      ],
      routes: { default: { provider: 'anthropic', model: 'claude-sonnet-4-5', parameters: {} } },
      performance: {
        requestTimeoutMs: 600_000,
        streamIdleTimeoutMs: 300_000,
        maxRequestBodyBytes: 32 * 1024 * 1024,
        maxConcurrentRequests: null,
        maxConcurrentPerProvider: null,
        metricsEnabled: true,
        rateLimitEnabled: false,
        rateLimitRequestsPerMin: 1000,
        circuitBreakerEnabled: false,
      },
      longContextThreshold: 60_000,
      file: path,
    });
  });

  it('is plain JSON data', () => {
    here.write('ccproxy.json', SMALLEST);
    const { config } = here.loaded();
    expect(JSON.parse(JSON.stringify(config))).to.deep.equal(config);
  });

  it('takes everything from YAML', () => {
    here.write(
      'ccproxy.yaml',
      `# all of it
host: 0.0.0.0
port: 0
workers: 2
api_key: client-key
trusted_proxies: [10.0.0.0/8, 192.168.1.1]
log: true
log_file: logs/ccproxy.log
log_level: debug
shutdown_timeout: 5s
reload_drain_timeout: 1h
max_worker_memory: 512mb
max_worker_age: 48h
proxy_url: http://user:pass@proxy.example:3128
longContextThreshold: 100000
providers:
  - name: mine
    api_base_url: http://localhost:8000/v1/
    dialect: openai
    api_key: sk-mine
    models: [small, large]
    headers:
      X-Team: blue
    timeouts: {connect: 1s, first_byte: 2s, idle: 3s}
    connections: {max: 5, max_waiting: 0}
routes:
  default: mine,small
  think:
    provider: mine
    model: large
    parameters: {temperature: 0.2, thinking: null}
performance:
  request_timeout: 1m
  stream_idle_timeout: 90s
  max_request_body_size: 10mb
  max_concurrent_requests: 100
  max_concurrent_per_provider: 50
  metrics_enabled: false
  rate_limit_enabled: true
  rate_limit_requests_per_min: 60
  circuit_breaker_enabled: true
`,
    );
    const { config, warnings } = here.loaded();
    expect(warnings).to.deep.equal([]);
    expect(config).to.deep.include({
      host: '0.0.0.0',
      port: 0,
      workers: 2,
      apiKey: 'client-key',
      trustedProxies: ['10.0.0.0/8', '192.168.1.1/32'],
      log: true,
      logFile: join(here.cwd, 'logs/ccproxy.log'),
      logLevel: 'debug',
      shutdownTimeoutMs: 5000,
      reloadDrainTimeoutMs: 3_600_000,
      maxWorkerMemoryBytes: 512 * 1024 ** 2,
      maxWorkerAgeMs: 172_800_000,
      proxyUrl: 'http://user:pass@proxy.example:3128',
      longContextThreshold: 100_000,
      routes: {
        default: { provider: 'mine', model: 'small', parameters: {} },
        think: { provider: 'mine', model: 'large', parameters: { temperature: 0.2, thinking: null } },
      },
      performance: {
        requestTimeoutMs: 60_000,
        streamIdleTimeoutMs: 90_000,
        maxRequestBodyBytes: 10 * 1024 * 1024,
        maxConcurrentRequests: 100,
        maxConcurrentPerProvider: 50,
        metricsEnabled: false,
        rateLimitEnabled: true,
        rateLimitRequestsPerMin: 60,
        circuitBreakerEnabled: true,
      },
    });
    expect(config.providers).to.deep.equal([
      {
        name: 'mine',
        baseUrl: 'http://localhost:8000/v1',
        dialect: 'openai',
        keyHeader: 'bearer',
        apiKey: 'sk-mine',
        passthroughKey: false,
        models: ['small', 'large'],
        maxOutputTokens: null,
        modelMaxOutputTokens: {},
        enabled: true,
        headers: { 'x-team': 'blue' },
        timeouts: { connectMs: 1000, firstByteMs: 2000, idleMs: 3000 },
        connections: { max: 5, maxWaiting: 0 },
      },
    ]);
  });

  it('reads numbers and booleans that come from the environment', () => {
    here.write('ccproxy.json', { ...SMALLEST, port: '$P', log: '$L', performance: { request_timeout: '$T' } });
    const { config } = here.loaded({ P: '8080', L: 'true', T: '15s' });
    expect(config).to.include({ port: 8080, log: true });
    expect(config.performance.requestTimeoutMs).to.equal(15_000);
  });

  it('warns when an open address has no key', () => {
    here.write('ccproxy.json', { ...SMALLEST, host: '0.0.0.0' });
    expect(here.loaded().warnings.join()).to.match(/host: is open to the network.*only requests from this machine/);
    expect(here.loaded({ CCPROXY_API_KEY: 'k' }).warnings).to.deep.equal([]);
  });

  describe('where the file is looked for', () => {
    const places = ['ccproxy.json', 'ccproxy.yaml', 'ccproxy.yml', '~/.ccproxy/config.json', '~/.ccproxy/config.yaml'];
    places.push('~/.ccproxy/config.yml');

    it('takes the first of the usual places', () => {
      for (const [index, name] of [...places].reverse().entries()) {
        const path = here.write(name, JSON.stringify({ ...SMALLEST, port: index + 1 }));
        expect(here.loaded().config).to.include({ file: path, port: index + 1 });
      }
    });

    it('tells about a file beside it that does not count', () => {
      here.write('ccproxy.json', SMALLEST);
      here.write('ccproxy.yml', 'port: 1');
      expect(here.loaded().warnings).to.deep.equal(['ccproxy.yml: not read: ccproxy.json comes first']);
    });

    it('prefers CCPROXY_CONFIG, and --config to that', () => {
      here.write('ccproxy.json', SMALLEST);
      const fromEnv = here.write('~/other.json', { ...SMALLEST, port: 2 });
      const fromFlag = here.write('sub/third.yaml', JSON.stringify({ ...SMALLEST, port: 3 }));
      expect(here.loaded({ CCPROXY_CONFIG: '~/other.json' }).config.file).to.equal(fromEnv);
      const both = here.loaded({ CCPROXY_CONFIG: '~/other.json' }, { file: 'sub/third.yaml' });
      expect(both.config).to.include({ file: fromFlag, port: 3 });
    });

    it('a file that is named must be there', () => {
      here.write('ccproxy.json', SMALLEST);
      expect(here.problems({}, { file: 'none.json' })).to.deep.equal([
        '--config: the configuration file none.json does not exist',
      ]);
      expect(here.problems({ CCPROXY_CONFIG: '/none.json' })).to.deep.equal([
        'CCPROXY_CONFIG: the configuration file /none.json does not exist',
      ]);
      expect(here.problems({}, { file: '.' })).to.have.length(1);
    });

    // To root every file is readable.
    if (process.getuid?.() !== 0) {
      it('a file that is there but cannot be read is a problem', () => {
        chmodSync(here.write('ccproxy.json', SMALLEST), 0);
        expect(here.problems()[0]).to.contain('may not be read');
      });
    }

    it('shows a file outside the working directory with its whole path', () => {
      const path = here.write('~/.ccproxy/config.json', { port: 'x' });
      expect(here.problems()[0]).to.match(new RegExp(`^${path}:2: port: expected a whole number`));
    });
  });

  describe('flag, environment, file, default', () => {
    it('in this order', () => {
      const env = { CCPROXY_HOST: '::1', CCPROXY_PORT: '81', CCPROXY_WORKERS: '3', CCPROXY_API_KEY: 'of-env' };
      expect(here.loaded().config).to.include({ host: '127.0.0.1', port: 3456, workers: 4, apiKey: null });
      here.write('ccproxy.json', { ...SMALLEST, host: 'localhost', port: 80, workers: 2, api_key: 'of-file' });
      expect(here.loaded().config).to.include({ host: 'localhost', port: 80, workers: 2, apiKey: 'of-file' });
      expect(here.loaded(env).config).to.include({ host: '::1', port: 81, workers: 3, apiKey: 'of-env' });
      const flags = { overrides: { host: '127.0.0.2', port: '82', workers: 5 } };
      expect(here.loaded(env, flags).config).to.include({ host: '127.0.0.2', port: 82, workers: 5, apiKey: 'of-env' });
    });

    it('"auto" workers are the usable cores, at least one', () => {
      expect(here.loaded({ CCPROXY_WORKERS: 'auto' }, { cpuCount: 7 }).config.workers).to.equal(7);
      expect(here.loaded({}, { cpuCount: 0 }).config.workers).to.equal(1);
    });

    it('the log level', () => {
      expect(here.loaded({ CCPROXY_LOG_LEVEL: 'DEBUG' }).config.logLevel).to.equal('debug');
    });

    const bad: [env: NodeJS.ProcessEnv, problem: RegExp][] = [
      [{ CCPROXY_PORT: 'abc' }, /^CCPROXY_PORT: expected a whole number from 0 to 65535, got "abc"$/],
      [{ CCPROXY_PORT: '65536' }, /^CCPROXY_PORT: .*got "65536"$/],
      [{ CCPROXY_PORT: '-1' }, /^CCPROXY_PORT: /],
      [{ CCPROXY_WORKERS: '0' }, /^CCPROXY_WORKERS: expected "auto" or a whole number from 1 to 1024, got "0"$/],
      [{ CCPROXY_WORKERS: '1.5' }, /^CCPROXY_WORKERS: /],
      [{ CCPROXY_HOST: 'http://x' }, /^CCPROXY_HOST: expected an address/],
      [{ CCPROXY_LOG_LEVEL: 'loud' }, /^CCPROXY_LOG_LEVEL: expected "error", "warn", "info" or "debug", got "loud"$/],
      [{ CCPROXY_API_KEY: '' }, /^CCPROXY_API_KEY: is empty; /],
      [{ CCPROXY_API_KEY: ' \t' }, /^CCPROXY_API_KEY: is only white space/],
      [{ CCPROXY_API_KEY: 'schlüssel' }, /^CCPROXY_API_KEY: has a character/],
    ];
    for (const [env, problem] of bad) {
      it(JSON.stringify(env), () => {
        expect(here.problems(env)).to.have.length(1);
        expect(here.problems(env)[0]).to.match(problem);
      });
    }

    it('names a bad flag', () => {
      const flags = { overrides: { port: 'x', workers: 0 } };
      expect(here.problems({}, flags)).to.deep.equal([
        '--port: expected a whole number from 0 to 65535, got "x"',
        '--workers: expected "auto" or a whole number from 1 to 1024, got 0',
      ]);
    });

    it('is not confused by what Kubernetes sets for a Service called ccproxy, or by empty variables', () => {
      const { config, warnings } = here.loaded({ CCPROXY_PORT: 'tcp://10.0.0.1:80', CCPROXY_HOST: '' });
      expect(config).to.include({ host: '127.0.0.1', port: 3456 });
      expect(warnings).to.have.length(1);
      expect(warnings[0]).to.match(/^CCPROXY_PORT: ignored: Kubernetes/);
    });
  });

  describe('without a file', () => {
    it('the sandbox serves', () => {
      const { config } = here.loaded();
      expect(config.file).to.equal(null);
      expect(config.providers).to.have.length(1);
      expect(config.providers[0]).to.deep.include({
        name: SANDBOX_PROVIDER_NAME,
        dialect: 'anthropic',
        keyHeader: 'none',
        apiKey: null,
        baseUrl: '',
        models: [SANDBOX_MODEL],
      });
      expect(config.routes).to.deep.equal({ default: { provider: 'sandbox', model: null, parameters: {} } });
    });

    it('providers come from the environment, in a fixed order', () => {
      const env = {
        XAI_API_KEY: 'k8',
        MISTRAL_API_KEY: 'k7',
        GROQ_API_KEY: 'k6',
        OPENROUTER_API_KEY: 'k5',
        DEEPSEEK_API_KEY: 'k4',
        GOOGLE_API_KEY: 'k3',
        OPENAI_API_KEY: 'k2',
        ANTHROPIC_API_KEY: ' k1\n',
        OLLAMA_API_KEY: 'not looked for',
      };
      const { config } = here.loaded(env);
      const seen = config.providers.map((p) => [p.name, p.baseUrl, p.keyHeader, p.apiKey, p.dialect].join(' '));
      expect(seen).to.deep.equal([
        'anthropic https://api.anthropic.com x-api-key k1 anthropic',
        'openai https://api.openai.com/v1 bearer k2 openai',
        'gemini https://generativelanguage.googleapis.com/v1beta x-goog-api-key k3 gemini',
        'deepseek https://api.deepseek.com/anthropic x-api-key k4 anthropic',
        'openrouter https://openrouter.ai/api/v1 bearer k5 openai',
        'groq https://api.groq.com/openai/v1 bearer k6 openai',
        'mistral https://api.mistral.ai/v1 bearer k7 openai',
        'xai https://api.x.ai/v1 bearer k8 openai',
      ]);
      expect(config.routes).to.deep.equal({ default: { provider: 'anthropic', model: null, parameters: {} } });
    });

    it('an empty variable is no key; GEMINI_API_KEY comes before GOOGLE_API_KEY', () => {
      const { config } = here.loaded({ ANTHROPIC_API_KEY: '', GEMINI_API_KEY: 'a', GOOGLE_API_KEY: 'b' });
      expect(config.providers.map((provider) => [provider.name, provider.apiKey])).to.deep.equal([['gemini', 'a']]);
    });

    it('a key that cannot be sent is a problem of its variable', () => {
      expect(here.problems({ OPENAI_API_KEY: 'geheim\u0000nis' })[0]).to.match(/^OPENAI_API_KEY: has a character/);
    });

    it('a file without providers means the same', () => {
      for (const providers of [{}, { providers: [] }, { providers: null }]) {
        here.write('ccproxy.json', { port: 1, ...providers });
        const { config } = here.loaded({ OPENAI_API_KEY: 'k' });
        expect(config.providers.map((provider) => provider.name)).to.deep.equal(['openai']);
        expect(config.routes['default']).to.deep.include({ provider: 'openai', model: null });
      }
    });

    it('and may have routes to providers of the environment', () => {
      here.write('ccproxy.json', { routes: { default: 'openai,gpt', think: 'openia,o3' } });
      expect(here.problems({ OPENAI_API_KEY: 'k' })).to.deep.equal([
        'ccproxy.json:4: routes.think.provider: unknown provider "openia", did you mean "openai"?',
      ]);
      expect(here.problems()[0]).to.match(/unknown provider "openai"; .*come from keys in the environment/);
    });
  });
});
