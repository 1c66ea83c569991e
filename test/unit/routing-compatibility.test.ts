/**
 * What Go CCProxy and claude-code-router decide, written down beside what we do. Read from their sources:
 * - Go CCProxy: orchestre-dev/ccproxy, internal/router/router.go at 191142f, internal/pipeline/pipeline.go (which hands
 *   on `thinking` only where it is a boolean);
 * - claude-code-router v2: musistudio/claude-code-router, src/utils/router.ts at 0d20f5e, src/agents/image.agent.ts at
 *   3d6eae3 (which runs before the router and sets the model to `Router.image`).
 */
import { expect } from 'chai';
import type { Config } from '../../shared/config/config';
import { scanMembers } from '../../worker/json/members';
import { MessagesFacts } from '../../worker/routing/facts';
import { routerOf } from '../../worker/routing/route';
import { Workspace } from '../support/config/workspace';

/** A route's name; `PROVIDER,MODEL` where the client names both; `fails` where there is no answer of a model. */
type Decision = string;

interface Row {
  what: string;
  body: Record<string, unknown>;
  /** Null where it has no such rule or the case cannot be said in its configuration. */
  go: Decision | null;
  router: Decision | null;
  ours: Decision;
  /** Why ours is another one, on purpose. Needed wherever it is. */
  because?: string;
}

const image = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'iVBORw0KGgo=' } };
const text = { type: 'text', text: 'Hi' };
const user = (...content: unknown[]) => ({ role: 'user', content });
/** About 81,000 tokens of cl100k, and 27,000: on either side by any count. */
const LONG = { messages: [user({ type: 'text', text: 'lorem ipsum dolor '.repeat(27_000) })] };
const SHORT = { messages: [user({ type: 'text', text: 'lorem ipsum dolor '.repeat(9000) })] };
const SEARCH = { tools: [{ type: 'web_search_20250305', name: 'web_search' }] };
const ENABLED = { thinking: { type: 'enabled', budget_tokens: 1024 } };
const ADAPTIVE = { thinking: { type: 'adaptive' } };
const DISABLED = { thinking: { type: 'disabled' } };

const TOOL_FIRST = 'only that route is known to have the tool, however long or cheap the request is';
const HAIKU = 'names of models change, and the ones of other makers have the same meaning';

const ROWS: Row[] = [
  { what: 'a plain request', body: { model: 'claude-opus-4-1' }, go: 'default', router: 'default', ours: 'default' },
  { what: 'below the threshold', body: { model: 'x', ...SHORT }, go: 'default', router: 'default', ours: 'default' },
  { what: 'long', body: { model: 'x', ...LONG }, go: 'longContext', router: 'longContext', ours: 'longContext' },
  {
    what: 'long, haiku',
    body: { model: 'claude-3-5-haiku-20241022', ...LONG },
    ...{ go: 'longContext', router: 'longContext', ours: 'longContext' },
  },
  {
    what: 'long, thinking',
    body: { model: 'x', thinking: true, ...LONG },
    ...{ go: 'longContext', router: 'longContext', ours: 'longContext' },
  },
  {
    what: 'claude-3-5-haiku',
    body: { model: 'claude-3-5-haiku-20241022' },
    ...{ go: 'background', router: 'background', ours: 'background' },
  },
  {
    what: 'claude-3-5-haiku, thinking',
    body: { model: 'claude-3-5-haiku-20241022', thinking: true },
    ...{ go: 'background', router: 'background', ours: 'background' },
  },
  {
    what: 'another haiku of Claude',
    body: { model: 'claude-haiku-4-5' },
    ...{ go: 'default', router: 'background', ours: 'background', because: HAIKU },
  },
  {
    what: "somebody else's haiku",
    body: { model: 'my-haiku' },
    ...{ go: 'default', router: 'default', ours: 'background', because: HAIKU },
  },
  { what: 'thinking: true', body: { model: 'x', thinking: true }, go: 'think', router: 'think', ours: 'think' },
  { what: 'thinking: false', body: { model: 'x', thinking: false }, go: 'default', router: 'default', ours: 'default' },
  {
    what: 'thinking enabled',
    body: { model: 'x', ...ENABLED },
    ...{
      go: 'default',
      router: 'think',
      ours: 'think',
      because: 'Go CCProxy knows the boolean only, no client sends it',
    },
  },
  {
    what: 'thinking adaptive',
    body: { model: 'x', ...ADAPTIVE },
    ...{
      go: 'default',
      router: 'think',
      ours: 'think',
      because: 'Go CCProxy knows the boolean only, no client sends it',
    },
  },
  {
    what: 'thinking disabled',
    body: { model: 'x', ...DISABLED },
    ...{ go: 'default', router: 'think', ours: 'default', because: 'the client says that it wants no thinking' },
  },
  { what: 'web search', body: { model: 'x', ...SEARCH }, go: null, router: 'webSearch', ours: 'webSearch' },
  {
    what: 'web search, thinking',
    body: { model: 'x', ...SEARCH, ...ENABLED },
    ...{ go: null, router: 'webSearch', ours: 'webSearch' },
  },
  {
    what: 'web search, haiku',
    body: { model: 'claude-haiku-4-5', ...SEARCH },
    ...{ go: null, router: 'background', ours: 'webSearch', because: TOOL_FIRST },
  },
  {
    what: 'web search, long',
    body: { model: 'x', ...SEARCH, ...LONG },
    ...{ go: null, router: 'longContext', ours: 'webSearch', because: TOOL_FIRST },
  },
  { what: 'image', body: { model: 'x', messages: [user(text, image)] }, go: null, router: 'image', ours: 'image' },
  {
    what: 'image in a tool result',
    body: { model: 'x', messages: [user({ type: 'tool_result', tool_use_id: 't', content: [image] })] },
    ...{ go: null, router: 'image', ours: 'image' },
  },
  {
    what: 'image, haiku, thinking',
    body: { model: 'claude-haiku-4-5', messages: [user(image)], ...ENABLED },
    ...{ go: null, router: 'image', ours: 'image' },
  },
  {
    what: 'image, long',
    body: { model: 'x', messages: [...LONG.messages, user(image)] },
    ...{ go: null, router: 'image', ours: 'image' },
  },
  {
    what: 'image, web search',
    body: { model: 'x', messages: [user(image)], ...SEARCH },
    ...{ go: null, router: 'image', ours: 'webSearch', because: TOOL_FIRST },
  },
  {
    what: 'image, explicit model',
    body: { model: 'two,two-b', messages: [user(image)] },
    ...{ go: 'two,two-b', router: 'image', ours: 'two,two-b', because: 'who names provider and model gets them' },
  },
  {
    what: 'image in an earlier turn',
    body: { model: 'x', messages: [user(image), { role: 'assistant', content: 'A cat' }, user(text)] },
    ...{ go: null, router: 'default', ours: 'default' },
  },

  { what: 'provider,model', body: { model: 'two,two-b' }, go: 'two,two-b', router: 'two,two-b', ours: 'two,two-b' },
  {
    what: 'provider,model before all rules',
    body: { model: 'two,two-haiku', ...LONG, ...ENABLED, ...SEARCH },
    ...{ go: 'two,two-haiku', router: 'two,two-haiku', ours: 'two,two-haiku' },
  },
  {
    what: 'provider,model in lower case',
    body: { model: 'mixed,big-model' },
    ...{
      go: 'fails',
      router: 'Mixed,Big-Model',
      ours: 'Mixed,Big-Model',
      because: 'a request that works there works here',
    },
  },
  {
    what: 'a model with a comma',
    body: { model: 'two,two,comma' },
    ...{ go: 'two,two,comma', router: 'two,two,comma', ours: 'two,two,comma' },
  },
  {
    what: 'provider, model with a space',
    body: { model: 'two, two-b' },
    ...{ go: 'two, two-b', router: 'two, two-b', ours: 'two,two-b', because: 'no model begins with a space' },
  },
  { what: 'unknown provider', body: { model: 'nobody,x' }, go: 'fails', router: 'fails', ours: 'fails' },
  {
    what: 'a model that its provider does not list',
    body: { model: 'two,unheard-of' },
    ...{
      go: 'two,unheard-of',
      router: 'two,unheard-of',
      ours: 'fails',
      because: '404 with the name beats the error of a provider',
    },
  },
  {
    what: 'provider/model',
    body: { model: 'two/two-b' },
    ...{
      go: 'default',
      router: 'default',
      ours: 'two,two-b',
      because: 'clients that list models need ids without commas',
    },
  },
  {
    what: 'a route named like the model',
    body: { model: 'claude-opus-4' },
    ...{ go: 'claude-opus-4', router: null, ours: 'claude-opus-4' },
  },
  {
    what: 'a route named like the model, long and thinking',
    body: { model: 'claude-opus-4', thinking: true, ...LONG },
    ...{ go: 'claude-opus-4', router: null, ours: 'claude-opus-4' },
  },
  { what: 'a rule named as model', body: { model: 'think' }, go: 'think', router: null, ours: 'think' },
  {
    what: 'a model that the default provider lists',
    body: { model: 'one-b' },
    ...{
      go: 'default',
      router: 'default',
      ours: 'one,one-b',
      because: 'a client that chooses among the listed models gets its choice',
    },
  },
];

describe('routing beside Go CCProxy and claude-code-router', () => {
  let config: Config;
  before(() => {
    const here = new Workspace();
    const at = { dialect: 'anthropic', api_base_url: 'http://h' };
    here.write('ccproxy.json', {
      providers: [
        { name: 'one', ...at, models: ['one-a', 'one-b'] },
        { name: 'two', ...at, models: ['two-a', 'two-b', 'two-haiku', 'two,comma'] },
        { name: 'Mixed', ...at, models: ['Big-Model'] },
      ],
      routes: {
        default: 'one,one-a',
        background: 'two,for-background',
        think: 'two,for-think',
        longContext: 'two,for-longContext',
        webSearch: 'two,for-webSearch',
        image: 'two,for-image',
        'claude-opus-4': 'two,two-a',
      },
    });
    config = here.loaded().config;
    here.remove();
  });

  function decide(body: Record<string, unknown>): Decision {
    const bytes = Buffer.from(JSON.stringify({ messages: [user(text)], ...body }));
    const scan = scanMembers(bytes);
    if (!scan.ok) throw new Error(scan.reason);
    const decision = routerOf(config)(new MessagesFacts(String(body['model']), bytes, scan.members));
    if ('message' in decision) return 'fails';
    const { provider, model, route } = decision;
    const isKept = route === 'default' && model !== config.routes['default']?.model;
    return route === 'direct' || isKept ? `${provider.name},${model}` : route;
  }

  for (const { what, body, go, router, ours, because } of ROWS) {
    const others = `Go ${go ?? '-'}, claude-code-router ${router ?? '-'}`;
    it(`${what}: ${ours} (${others})`, () => {
      expect(decide(body)).to.equal(ours);
      const differs = [go, router].some((theirs) => theirs !== null && theirs !== ours);
      expect(because !== undefined, 'a reason stands where there is a difference').to.equal(differs);
    });
  }
});
