/** `GET /v1/models`: the models of the configuration, in the shape that the client's API has. */
import type { Config, Provider } from '../../shared/config/config';
import type { RequestHead } from '../http/request-head';
import { explicitTarget, MODEL_ALIAS_PREFIX } from '../routing/route';

/** When a model was made is not known here; both APIs want a date. */
const UNKNOWN_DATE = '1970-01-01T00:00:00Z';

interface ListedModel {
  id: string;
  provider: string;
  displayName: string;
}

export class ModelCatalogue {
  readonly #models: readonly ListedModel[];

  constructor(config: Config) {
    this.#models = listModels(config);
  }

  /** The answer's body; `limit`, `after_id` and `before_id` of the query are honoured. */
  list(head: RequestHead): string {
    if (isOpenAiClient(head)) return JSON.stringify({ object: 'list', data: this.#models.map(openAiModel) });
    const query = new URLSearchParams(head.query);
    const { page, hasMore } = pageOf(this.#models, query);
    return JSON.stringify({
      data: page.map(anthropicModel),
      first_id: page[0]?.id ?? null,
      last_id: page.at(-1)?.id ?? null,
      has_more: hasMore,
    });
  }

  /** The answer's body, or null for an id that is not configured. */
  find(head: RequestHead, id: string): string | null {
    const model = this.#models.find((candidate) => candidate.id === id);
    if (model === undefined) return null;
    return JSON.stringify(isOpenAiClient(head) ? openAiModel(model) : anthropicModel(model));
  }
}

function pageOf(models: readonly ListedModel[], query: URLSearchParams): { page: ListedModel[]; hasMore: boolean } {
  const asked = Number(query.get('limit'));
  const limit = Number.isInteger(asked) && asked > 0 ? asked : models.length;
  const indexOf = (id: string | null) => models.findIndex((model) => model.id === id);
  const before = indexOf(query.get('before_id'));
  if (before >= 0) {
    const from = Math.max(0, before - limit);
    return { page: models.slice(from, before), hasMore: from > 0 };
  }
  const from = indexOf(query.get('after_id')) + 1;
  return { page: models.slice(from, from + limit), hasMore: from + limit < models.length };
}

/**
 * Every model under an id that reaches it: its own where the default route's provider has it, `PROVIDER/MODEL`
 * elsewhere; and, where that id does not begin with `claude` or `anthropic` (the only ones that Claude Code lists),
 * `claude/PROVIDER/MODEL` too, which routing understands. Where a name is such that an id would be taken for something
 * else (`openai/gpt-5` of a provider beside one called `openai`), the next of them is used, last `PROVIDER,MODEL`.
 */
function listModels(config: Config): ListedModel[] {
  const listed = new Map<string, ListedModel>();
  const reaches = reachability(config);
  for (const provider of config.providers) {
    if (!provider.enabled) continue;
    const routed = Object.values(config.routes).flatMap((route) =>
      route.provider === provider.name && route.model !== null ? [route.model] : [],
    );
    for (const model of new Set([...provider.models, ...routed])) {
      const displayName = `${model} (${provider.name})`;
      const full = `${provider.name}/${model}`;
      const own = provider.models.includes(model) ? [model] : [];
      const ids = [...own, full, `${provider.name},${model}`];
      const id = ids.find((candidate) => reaches(candidate, provider, model));
      if (id === undefined) continue;
      listed.set(id, { id, provider: provider.name, displayName });
      const alias = MODEL_ALIAS_PREFIX + full;
      if (/^(claude|anthropic)/.test(id) || !reaches(alias, provider, model)) continue;
      listed.set(alias, { id: alias, provider: provider.name, displayName });
    }
  }
  return [...listed.values()];
}

/** Whether a request for `id` goes to that model, as far as the id alone decides: rules by content are left out. */
function reachability(config: Config): (id: string, provider: Provider, model: string) => boolean {
  const fallback = config.routes['default'];
  return (id, provider, model) => {
    const named = explicitTarget(config, id);
    if (named !== null) return 'provider' in named && named.provider === provider && named.model === model;
    return fallback?.provider === provider.name && provider.models.includes(id) && id === model;
  };
}

/** A Bearer key and no `anthropic-version` tell an OpenAI client. */
function isOpenAiClient(head: RequestHead): boolean {
  return head.header('anthropic-version') === undefined && /^bearer /i.test(head.first('authorization') ?? '');
}

function anthropicModel(model: ListedModel) {
  return { type: 'model', id: model.id, display_name: model.displayName, created_at: UNKNOWN_DATE };
}

function openAiModel(model: ListedModel) {
  return { id: model.id, object: 'model', created: 0, owned_by: model.provider };
}
