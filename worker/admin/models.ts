/** `GET /v1/models`: the models of the configuration, in the shape that the client's API has. */
import type { Config } from '../../shared/config/config';
import { header, type RequestHead } from '../http/request-head';
import { MODEL_ALIAS_PREFIX } from '../routing/route';

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

  /** The answer's body; `limit` of the query is honoured. */
  list(head: RequestHead): string {
    const limit = Number(new URLSearchParams(head.query).get('limit') ?? Number.NaN);
    const wanted = Number.isInteger(limit) && limit > 0 ? limit : this.#models.length;
    const models = this.#models.slice(0, wanted);
    if (isOpenAiClient(head)) return JSON.stringify({ object: 'list', data: models.map(openAiModel) });
    return JSON.stringify({
      data: models.map(anthropicModel),
      first_id: models[0]?.id ?? null,
      last_id: models.at(-1)?.id ?? null,
      has_more: models.length < this.#models.length,
    });
  }

  /** The answer's body, or null for an id that is not configured. */
  find(head: RequestHead, id: string): string | null {
    const model = this.#models.find((candidate) => candidate.id === id);
    if (model === undefined) return null;
    return JSON.stringify(isOpenAiClient(head) ? openAiModel(model) : anthropicModel(model));
  }
}

/**
 * Every model under its own id, and those that Claude Code would not list (it takes only ids that begin with `claude`
 * or `anthropic`) under `claude/PROVIDER/MODEL` too, which routing understands.
 */
function listModels(config: Config): ListedModel[] {
  const listed = new Map<string, ListedModel>();
  for (const provider of config.providers) {
    if (!provider.enabled) continue;
    const routed = Object.values(config.routes).flatMap((route) =>
      route.provider === provider.name && route.model !== null ? [route.model] : [],
    );
    for (const id of new Set([...provider.models, ...routed])) {
      const displayName = `${id} (${provider.name})`;
      if (!listed.has(id)) listed.set(id, { id, provider: provider.name, displayName });
      if (/^(claude|anthropic)/.test(id)) continue;
      const alias = `${MODEL_ALIAS_PREFIX}${provider.name}/${id}`;
      listed.set(alias, { id: alias, provider: provider.name, displayName });
    }
  }
  return [...listed.values()];
}

/** A Bearer key and no `anthropic-version` tell an OpenAI client. */
function isOpenAiClient(head: RequestHead): boolean {
  return header(head, 'anthropic-version') === undefined && /^bearer /i.test(header(head, 'authorization') ?? '');
}

function anthropicModel(model: ListedModel) {
  return { type: 'model', id: model.id, display_name: model.displayName, created_at: UNKNOWN_DATE };
}

function openAiModel(model: ListedModel) {
  return { id: model.id, object: 'model', created: 0, owned_by: model.provider };
}
