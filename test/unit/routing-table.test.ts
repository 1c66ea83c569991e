/** Every rule of routing, one row each: what is asked, and where it goes. */
import { expect } from 'chai';
import type { Config } from '../../shared/config/config';
import { type RouteFacts, routerOf } from '../../worker/routing/route';
import { Workspace } from '../support/config/workspace';

/** What a request is like; a plain one where nothing is said. */
interface Asked {
  model: string;
  thinks?: true;
  search?: true;
  image?: true;
  tokens?: number;
}

const RULES = {
  webSearch: 'beta,b-search',
  image: { provider: 'beta', model: 'b-image', parameters: { max_tokens: 77 } },
  longContext: 'beta,b-long',
  background: 'beta,b-small',
  think: 'beta,b-think',
};
const PROVIDERS = [
  { name: 'alpha', models: ['a-listed', 'a-haiku', 'org/model-x'] },
  { name: 'beta', models: ['b-one', 'b,with-comma', 'Org/Big-Model'] },
  { name: 'open' },
  { name: 'claude', models: ['c-one', 'open/odd'] },
  { name: 'OpenRouter', models: ['Qwen/Qwen3'] },
  { name: 'off', enabled: false },
].map((provider) => ({ dialect: 'anthropic', api_base_url: 'http://h', ...provider }));

const ALL = { search: true, image: true, tokens: 70_000, thinks: true } as const;

function configOf(routes: object, more: object = {}): Config {
  const here = new Workspace();
  try {
    here.write('ccproxy.json', { providers: PROVIDERS, routes, ...more });
    return here.loaded().config;
  } finally {
    here.remove();
  }
}

/** Facts that remember which of them were asked for. */
function factsOf({ model, thinks, search, image, tokens }: Asked): RouteFacts & { asked: string[] } {
  const asked: string[] = [];
  const note = <T>(name: string, value: T): T => {
    asked.push(name);
    return value;
  };
  return {
    model,
    asked,
    thinks: () => note('thinking', thinks === true),
    offersWebSearch: () => note('webSearch', search === true),
    lastTurnHasImage: () => note('image', image === true),
    exceedsTokens: (threshold) => note('tokens', (tokens ?? 100) > threshold),
  };
}

function decide(config: Config, asked: Asked): string {
  const decision = routerOf(config)(factsOf(asked));
  return 'message' in decision
    ? decision.message
    : `${decision.provider.name} ${decision.model} via ${decision.route} ${JSON.stringify(decision.parameters)}`;
}

type Row = [rule: string, asked: Asked, wanted: string];

const ROWS: Row[] = [
  // 1: the client names the provider.
  ['1 provider,model', { model: 'beta,b-one' }, 'beta b-one via direct {}'],
  ['1 with spaces', { model: ' beta , b-one ' }, 'beta b-one via direct {}'],
  ['1 the first comma counts', { model: 'beta,b,with-comma' }, 'beta b,with-comma via direct {}'],
  ['1 a slash behind the comma', { model: 'alpha,org/model-x' }, 'alpha org/model-x via direct {}'],
  ['1 any model where none is listed', { model: 'open,whatever' }, 'open whatever via direct {}'],
  ['1 a model that only a route names', { model: 'beta,b-think' }, 'beta b-think via direct {}'],
  ['1 names in lower case', { model: 'openrouter,qwen/qwen3' }, 'OpenRouter Qwen/Qwen3 via direct {}'],
  ['1 provider/model', { model: 'beta/b-one' }, 'beta b-one via direct {}'],
  ['1 provider/model, the first slash counts', { model: 'alpha/org/model-x' }, 'alpha org/model-x via direct {}'],
  ['1 a slash without such a provider', { model: 'org/model-x' }, 'alpha org/model-x via default {}'],
  ['1 a slash is exact about case', { model: 'openrouter/qwen/qwen3' }, 'alpha a-default via default {}'],
  ['1 alias', { model: 'claude/beta/b-one' }, 'beta b-one via direct {}'],
  ['1 alias with slashes in the model', { model: 'claude/beta/Org/Big-Model' }, 'beta Org/Big-Model via direct {}'],
  ['1 a provider that has the name of the alias', { model: 'claude/c-one' }, 'claude c-one via direct {}'],
  ['1 an alias comes before it', { model: 'claude/open/odd' }, 'open odd via direct {}'],
  ['1 an alias twice', { model: 'claude/claude/c-one' }, 'claude c-one via direct {}'],
  ['1 comes before all others', { model: 'alpha,a-haiku', ...ALL }, 'alpha a-haiku via direct {}'],

  // 2: a route named like the model.
  ['2 a route', { model: 'my-route' }, 'beta b-mine via my-route {"temperature":0,"top_k":5}'],
  ['2 a rule by its name', { model: 'think' }, 'beta b-think via think {}'],
  ['2 default by its name', { model: 'default' }, 'alpha a-default via default {}'],
  ['2 with a slash in it', { model: 'team/fast' }, 'open fast via team/fast {}'],
  ['2 a route without a model keeps the request’s', { model: 'kept' }, 'open kept via kept {}'],
  ['2 case counts', { model: 'MY-ROUTE' }, 'alpha a-default via default {}'],
  ['2 names of JavaScript are none', { model: 'constructor' }, 'alpha a-default via default {}'],
  ['2 __proto__ is none', { model: '__proto__' }, 'alpha a-default via default {}'],
  ['2 comes before 3 to 8', { model: 'my-route', ...ALL }, 'beta b-mine via my-route {"temperature":0,"top_k":5}'],
  ['2 comes before 6', { model: 'claude-haiku-mine', ...ALL }, 'open h via claude-haiku-mine {}'],

  // 3 to 7: the rules, each before those behind it.
  ['3 webSearch', { model: 'x', search: true }, 'beta b-search via webSearch {}'],
  ['3 comes before 4 to 7', { model: 'x-haiku', ...ALL }, 'beta b-search via webSearch {}'],
  ['4 image, with its parameters', { model: 'x', image: true }, 'beta b-image via image {"max_tokens":77}'],
  [
    '4 comes before 5 to 7',
    { model: 'x-haiku', image: true, tokens: 70_000, thinks: true },
    'beta b-image via image {"max_tokens":77}',
  ],
  ['5 longContext', { model: 'x', tokens: 60_001 }, 'beta b-long via longContext {}'],
  ['5 not at the threshold', { model: 'x', tokens: 60_000 }, 'alpha a-default via default {}'],
  ['5 comes before 6 and 7', { model: 'x-haiku', tokens: 60_001, thinks: true }, 'beta b-long via longContext {}'],
  ['5 comes before 8 keeps', { model: 'a-listed', tokens: 60_001 }, 'beta b-long via longContext {}'],
  ['6 background', { model: 'claude-haiku-4-5' }, 'beta b-small via background {}'],
  ['6 wherever it stands', { model: 'my-haiku' }, 'beta b-small via background {}'],
  ['6 comes before 7', { model: 'claude-3-5-haiku-latest', thinks: true }, 'beta b-small via background {}'],
  ['6 comes before 8 keeps', { model: 'a-haiku' }, 'beta b-small via background {}'],
  ['7 think', { model: 'x', thinks: true }, 'beta b-think via think {}'],
  ['7 comes before 8 keeps', { model: 'a-listed', thinks: true }, 'beta b-think via think {}'],

  // 8: the rest.
  ['8 default', { model: 'claude-unheard-of' }, 'alpha a-default via default {}'],
  ['8 a model that the default provider lists is kept', { model: 'a-listed' }, 'alpha a-listed via default {}'],
  ["8 another provider's is not", { model: 'b-one' }, 'alpha a-default via default {}'],
];

const REFUSED: [what: string, model: string, message: string][] = [
  ['unknown provider', 'nobody,model-x', 'Unknown provider "nobody"'],
  ['no provider', ',b-one', 'Unknown provider ""'],
  ['unknown model', 'beta,unheard-of', 'Unknown model "unheard-of" of provider "beta"'],
  ['unknown model behind a slash', 'beta/unheard-of', 'Unknown model "unheard-of" of provider "beta"'],
  ['unknown model of an alias', 'claude/beta/unheard-of', 'Unknown model "unheard-of" of provider "beta"'],
  ["another provider's model", 'beta,a-listed', 'Unknown model "a-listed" of provider "beta"'],
  ['no model', 'beta,', 'Unknown model "" of provider "beta"'],
  ['no model where none is listed', 'open,', 'Unknown model "" of provider "open"'],
  ['no model behind a slash', 'open/', 'Unknown model "" of provider "open"'],
  ['a disabled provider', 'off,o-one', 'Provider "off" is disabled'],
  ['a disabled provider behind a slash', 'off/o-one', 'Provider "off" is disabled'],
  ['upper case that is not configured', 'BETA,b-one', 'Unknown provider "BETA"'],
  ['quotes and line breaks are escaped', 'a"\nb,x', 'Unknown provider "a\\"\\nb"'],
  ['a long name is cut', `${'n'.repeat(5000)},x`, `Unknown provider "${'n'.repeat(100)}…"`],
];

describe('the table of routing', () => {
  let config: Config;
  before(() => {
    config = configOf({
      default: 'alpha,a-default',
      ...RULES,
      'my-route': { provider: 'beta', model: 'b-mine', parameters: { temperature: 0, top_k: 5 } },
      'team/fast': 'open,fast',
      kept: { provider: 'open' },
      'claude-haiku-mine': 'open,h',
    });
  });

  for (const [rule, asked, wanted] of ROWS) {
    it(rule, () => expect(decide(config, asked)).to.equal(wanted));
  }

  for (const [what, model, message] of REFUSED) {
    it(`refuses: ${what}`, () => {
      expect(decide(config, { model })).to.equal(message);
      expect(decide(config, { model, ...ALL })).to.equal(message);
    });
  }

  it('requests that go the same way have one decision, and no other request has it', () => {
    const route = routerOf(configOf({ default: 'alpha,a-default', think: 'alpha,a-think' }));
    const asked: Asked[] = [{ model: 'x' }, { model: 'x', thinks: true }, { model: 'y' }, { model: 'alpha,a-think' }];
    const decisions = asked.map((of) => route(factsOf(of)));
    expect(new Set(decisions)).to.have.property('size', asked.length);
    expect(asked.map((of) => route(factsOf(of)))).to.deep.equal(decisions);
    for (const [i, of] of asked.entries()) expect(route(factsOf(of)), JSON.stringify(of)).to.equal(decisions[i]);
  });

  it('rules without a route of their name do not count, and nothing is looked at for them', () => {
    const bare = configOf({ default: 'alpha,a-default' });
    const facts = factsOf({ model: 'x-haiku', ...ALL });
    expect(routerOf(bare)(facts)).to.include({ model: 'a-default', route: 'default' });
    expect(facts.asked).to.deep.equal([]);
    for (const [name, asked] of [
      ['webSearch', { search: true }],
      ['image', { image: true }],
      ['longContext', { tokens: 70_000 }],
      ['background', {}],
      ['think', { thinks: true }],
    ] as const) {
      const one = configOf({ default: 'alpha,a-default', [name]: 'beta,b-one' });
      expect(decide(one, { model: 'x-haiku', ...asked }), name).to.equal(`beta b-one via ${name} {}`);
    }
  });

  it('each fact is looked at once, in order, and none behind the rule that fits', () => {
    for (const [asked, seen] of [
      [{ model: 'beta,b-one', ...ALL }, []],
      [{ model: 'my-route', ...ALL }, []],
      [{ model: 'x', ...ALL }, ['webSearch']],
      [{ model: 'x', image: true }, ['webSearch', 'image']],
      [{ model: 'x', tokens: 70_000 }, ['webSearch', 'image', 'tokens']],
      [{ model: 'haiku' }, ['webSearch', 'image', 'tokens']],
      [{ model: 'x' }, ['webSearch', 'image', 'tokens', 'thinking']],
    ] as [Asked, string[]][]) {
      const facts = factsOf(asked);
      routerOf(config)(facts);
      expect(facts.asked, JSON.stringify(asked)).to.deep.equal(seen);
    }
  });

  it('the threshold is configurable', () => {
    const low = configOf({ default: 'alpha,a-default', longContext: 'beta,b-one' }, { longContextThreshold: 10 });
    expect(decide(low, { model: 'x', tokens: 11 })).to.equal('beta b-one via longContext {}');
    expect(decide(low, { model: 'x', tokens: 10 })).to.equal('alpha a-default via default {}');
  });

  it('a default without a model keeps any', () => {
    const keeping = configOf({ default: { provider: 'alpha', parameters: { top_p: 1 } } });
    expect(decide(keeping, { model: 'unheard-of' })).to.equal('alpha unheard-of via default {"top_p":1}');
  });

  it('routes that lead nowhere are refused, with the name', () => {
    // A file with such a route is refused; this is for configurations that come another way.
    const route = (provider: string) => ({ default: { provider, model: 'm', parameters: {} } });
    const broken = (provider: string) => decide({ ...config, routes: route(provider) }, { model: 'x' });
    expect(broken('nobody')).to.equal('Unknown provider "nobody" in route "default"');
    expect(broken('off')).to.equal('Provider "off" of route "default" is disabled');
    expect(decide({ ...config, routes: {} }, { model: 'x' })).to.equal(
      'No route for model "x": no default route is configured',
    );
  });
});
