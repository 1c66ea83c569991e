import { join } from 'node:path';
import { expect } from 'chai';
import { joinUrl } from '../../shared/config/join-url';
import { CLAUDE_CODE_ROUTER, GO_CCPROXY } from '../support/config/go-ccproxy';
import { SMALLEST, Workspace } from '../support/config/workspace';

describe('configurations of other proxies', () => {
  let here: Workspace;
  beforeEach(() => {
    here = new Workspace();
  });
  afterEach(() => here.remove());

  describe('Go CCProxy', () => {
    const env = { ANTHROPIC_API_KEY: 'sk-ant', OPENAI_API_KEY: 'sk-openai' };

    it('is honoured where it says something that is implemented', () => {
      here.write('~/.ccproxy/config.json', GO_CCPROXY);
      const { config } = here.loaded(env);
      expect(config).to.deep.include({
        host: '0.0.0.0',
        port: 8787,
        log: true,
        logFile: join(here.home, '.ccproxy/ccproxy.log'),
        apiKey: 'team-key-123',
        proxyUrl: null,
        shutdownTimeoutMs: 10_000,
      });
      expect(config.performance).to.include({
        requestTimeoutMs: 120_000,
        maxRequestBodyBytes: 20_971_520,
        metricsEnabled: true,
        rateLimitEnabled: true,
        rateLimitRequestsPerMin: 60,
        circuitBreakerEnabled: true,
      });
      const seen = config.providers.map((p) =>
        [p.name, p.enabled, p.dialect, p.keyHeader, p.apiKey, p.baseUrl].join(' '),
      );
      expect(seen).to.deep.equal([
        'anthropic true anthropic x-api-key sk-ant https://api.anthropic.com',
        'openai true openai bearer sk-openai https://api.openai.com/v1',
        'gemini true gemini x-goog-api-key AIza-gemini https://generativelanguage.googleapis.com/v1beta',
        'deepseek true openai bearer sk-deepseek https://api.deepseek.com',
        'openrouter false openai bearer sk-or-openrouter https://openrouter.ai/api/v1/chat/completions',
      ]);
      expect(config.routes).to.deep.equal({
        default: { provider: 'anthropic', model: 'claude-sonnet-4-5', parameters: {} },
        longContext: { provider: 'gemini', model: 'gemini-2.5-pro', parameters: { max_tokens: 8000 } },
        background: { provider: 'openai', model: 'gpt-4.1', parameters: { temperature: 0.6, top_p: 0.9 } },
        think: { provider: 'deepseek', model: 'deepseek-reasoner', parameters: {} },
        'claude-opus-4': { provider: 'openai', model: 'o3', parameters: {} },
      });
    });

    it('is warned about where it says something else, with line and reason, and nowhere else', () => {
      const path = here.write('~/.ccproxy/config.json', GO_CCPROXY);
      const found = here
        .loaded(env)
        .warnings.map((warning) => warning.replace(`${path}:`, '').split(': ', 3).join(': '));
      expect(found.map((warning) => warning.replace(/: ignored.*|: v1 .*/, ''))).to.deep.equal([
        '16: performance.circuit_breaker_threshold',
        '17: performance.cache_enabled',
        '19: security',
        '30: providers[0].transformers',
        '31: providers[0].created_at',
        '32: providers[0].updated_at',
        '72: routes.think.conditions',
        '43: providers[2].api_base_url',
      ]);
      for (const warning of here.loaded(env).warnings) expect(warning).to.match(/: (ignored: \w.{10,}|v1 of Gemini)/);
    });

    it('an empty "apikey" is no key, as it was; but only where it is written so', () => {
      here.write('ccproxy.json', { ...SMALLEST, apikey: '', log_file: '', proxy_url: '', host: '' });
      const { config, warnings } = here.loaded();
      expect(config).to.include({ apiKey: null, logFile: null, proxyUrl: null, host: '127.0.0.1' });
      expect(warnings).to.have.length(1);
      expect(warnings[0]).to.match(/apikey: empty: clients need no key/);
      here.write('ccproxy.json', { ...SMALLEST, apikey: '$KEY' });
      expect(here.problems({ KEY: '' })[0]).to.match(/apikey: is empty; /);
      here.write('ccproxy.json', { ...SMALLEST, apikey: ' ' });
      expect(here.problems()[0]).to.match(/apikey: is only white space/);
    });

    it('durations that it saved as nanoseconds are recognised', () => {
      here.write('ccproxy.json', {
        ...SMALLEST,
        shutdown_timeout: 30_000_000_000,
        performance: { request_timeout: 1_500_000_000 },
      });
      const { config, warnings } = here.loaded();
      expect(config.shutdownTimeoutMs).to.equal(30_000);
      expect(config.performance.requestTimeoutMs).to.equal(1500);
      expect(warnings).to.have.length(2);
      expect(warnings[0]).to.match(/shutdown_timeout: read as nanoseconds.*: 30 s; better write "30s"/);
    });

    it('a day of milliseconds is not taken for nanoseconds', () => {
      here.write('ccproxy.json', { ...SMALLEST, shutdown_timeout: 86_400_000 });
      expect(here.loaded().config.shutdownTimeoutMs).to.equal(86_400_000);
      here.write('ccproxy.json', { ...SMALLEST, shutdown_timeout: 1_000_000_001 });
      expect(here.problems()[0]).to.match(/shutdown_timeout: expected a duration.*got 1000000001/);
    });

    it('keys do not depend on case, and a key in two cases is a problem', () => {
      here.write('ccproxy.json', {
        Host: '::1',
        PROVIDERS: SMALLEST.providers,
        Routes: SMALLEST.routes,
        Log_Level: 'warn',
      });
      expect(here.loaded().config).to.include({ host: '::1', logLevel: 'warn' });
      here.write('ccproxy.json', { ...SMALLEST, Port: 1, port: 2 });
      expect(here.problems()).to.deep.equal(['ccproxy.json:12: port: given twice, as "port" too; keep one']);
    });

    it('a route may have any name, "conditions" too', () => {
      here.write('ccproxy.json', { ...SMALLEST, routes: { ...SMALLEST.routes, conditions: 'anthropic,x' } });
      expect(here.loaded().config.routes).to.have.keys('default', 'conditions');
    });

    it('a special route in another case is told about', () => {
      here.write('ccproxy.json', { ...SMALLEST, routes: { ...SMALLEST.routes, longcontext: 'anthropic,x' } });
      expect(here.loaded().warnings).to.deep.equal([
        'ccproxy.json:10: routes.longcontext: taken for a model\'s name; the route for longContext is written "longContext"',
      ]);
    });
  });

  describe('claude-code-router', () => {
    it('is honoured', () => {
      here.write('ccproxy.json', CLAUDE_CODE_ROUTER);
      const { config, warnings } = here.loaded();
      expect(config).to.include({
        apiKey: 'router-key',
        host: '127.0.0.1',
        port: 3457,
        log: true,
        logLevel: 'debug',
        proxyUrl: 'http://127.0.0.1:7890',
        longContextThreshold: 50_000,
      });
      expect(config.performance.requestTimeoutMs).to.equal(300_000);
      expect(config.routes).to.deep.equal({
        default: { provider: 'volcengine', model: 'deepseek-v3', parameters: {} },
        longContext: { provider: 'openrouter', model: 'google/gemini-2.5-pro', parameters: {} },
        webSearch: { provider: 'gemini', model: 'gemini-2.5-flash', parameters: {} },
      });
      const urls = config.providers.map(({ baseUrl, dialect }) =>
        joinUrl(baseUrl, dialect === 'gemini' ? '/v1beta/models/m:generateContent' : '/v1/chat/completions'),
      );
      expect(urls).to.deep.equal([
        'https://openrouter.ai/api/v1/chat/completions',
        'https://generativelanguage.googleapis.com/v1beta/models/m:generateContent',
        'https://ark.cn-beijing.volces.com/api/v3/chat/completions',
      ]);
      expect(warnings.map((warning) => warning.split(': ')[1])).to.have.members([
        'NON_INTERACTIVE_MODE',
        'Providers[0].transformer',
      ]);
    });

    it("mistakes are told in the file's own spelling", () => {
      here.write('ccproxy.json', {
        ...CLAUDE_CODE_ROUTER,
        PORT: 'x',
        API_TIMEOUT_MS: 'soon',
        Router: { default: 'nobody,x', longContextThreshold: 'many' },
      });
      const places = here.problems().map((problem) => problem.split(': ')[1]);
      expect(places).to.deep.equal([
        'PORT',
        'API_TIMEOUT_MS',
        'Router.default.provider',
        'Router.longContextThreshold',
      ]);
    });

    it('a threshold in both places is a problem', () => {
      const routes = { ...SMALLEST.routes, longContextThreshold: 1 };
      here.write('ccproxy.json', { ...SMALLEST, longContextThreshold: 2, routes });
      expect(here.problems()[0]).to.match(/routes\.longContextThreshold: given twice, as "longContextThreshold" too/);
    });
  });
});
