/**
 * Which provider and model a request goes to, and why. Pure: the table comes from the configuration, the facts about
 * the request are asked for only when a rule needs them (they cost a parse).
 */
import type { Config, Provider } from '../../shared/config/config';
import { remembered } from '../http/remembered';

/** What the rules ask about a request. */
export interface RouteFacts {
  /** The body's `model`. */
  model: string;
  /** Thinking is asked for. */
  thinks(): boolean;
  /** A tool whose type begins with `web_search_` is offered. */
  offersWebSearch(): boolean;
  /** The last user turn has an image. */
  lastTurnHasImage(): boolean;
  /** Whether the estimate of the request's tokens exceeds a threshold. */
  exceedsTokens(threshold: number): boolean;
}

export interface RouteDecision {
  readonly provider: Provider;
  /** What the provider is asked for. */
  readonly model: string;
  /** The name of the route, or `direct` when the client named the provider. */
  readonly route: string;
  /** Members that override those of the body. */
  readonly parameters: Readonly<Record<string, unknown>>;
}

/** No provider can be named: `message` says which name is unknown. */
export interface RouteRefusal {
  message: string;
}

/** The route of a request whose model names its provider itself. */
export const DIRECT_ROUTE = 'direct';

/** Prefix that makes any model's id begin with `claude`, the only ids that Claude Code lists. */
export const MODEL_ALIAS_PREFIX = 'claude/';

/**
 * Decides by the rules in their order; the first that fits counts. What a name leads to is kept: of requests that go the
 * same way most have the very same decision, and what is made of it can be kept as well.
 */
export function routerOf(config: Config): (facts: RouteFacts) => RouteDecision | RouteRefusal {
  const explicit = remembered((model) => explicitTarget(config, model));
  const followed = remembered((name) => remembered((model) => follow(config, name, model)));
  return (facts) => {
    const { model } = facts;
    return explicit(model) ?? followed(Object.hasOwn(config.routes, model) ? model : ruleFor(config, facts))(model);
  };
}

function ruleFor(config: Config, facts: RouteFacts): string {
  const has = (name: string) => Object.hasOwn(config.routes, name);
  if (has('webSearch') && facts.offersWebSearch()) return 'webSearch';
  if (has('image') && facts.lastTurnHasImage()) return 'image';
  if (has('longContext') && facts.exceedsTokens(config.longContextThreshold)) return 'longContext';
  if (has('background') && facts.model.includes('haiku')) return 'background';
  if (has('think') && facts.thinks()) return 'think';
  return 'default';
}

/**
 * Where a model's name that names its provider leads: `provider,model` always does, `provider/model` only where one of
 * that name exists. Null for any other.
 */
export function explicitTarget(config: Config, model: string): RouteDecision | RouteRefusal | null {
  const comma = model.indexOf(',');
  if (comma >= 0) return named(config, model.slice(0, comma).trim(), model.slice(comma + 1).trim());
  const aliased = model.startsWith(MODEL_ALIAS_PREFIX)
    ? slashTarget(config, model.slice(MODEL_ALIAS_PREFIX.length))
    : null;
  return aliased ?? slashTarget(config, model);
}

function slashTarget(config: Config, id: string): RouteDecision | RouteRefusal | null {
  const slash = id.indexOf('/');
  if (slash < 0) return null;
  const name = id.slice(0, slash);
  return config.providers.some((provider) => provider.name === name) ? named(config, name, id.slice(slash + 1)) : null;
}

/** Names in lower case are understood, too, as claude-code-router does; then those of the configuration are used. */
function named(config: Config, name: string, asked: string): RouteDecision | RouteRefusal {
  const provider =
    config.providers.find((candidate) => candidate.name === name) ??
    config.providers.find((candidate) => candidate.name.toLowerCase() === name);
  if (provider === undefined) return { message: `Unknown provider ${quote(name)}` };
  if (!provider.enabled) return { message: `Provider ${quote(provider.name)} is disabled` };
  const model = serves(config, provider, asked)
    ? asked
    : provider.models.find((candidate) => candidate.toLowerCase() === asked);
  if (asked === '' || model === undefined) {
    return { message: `Unknown model ${quote(asked)} of provider ${quote(provider.name)}` };
  }
  return { provider, model, route: DIRECT_ROUTE, parameters: {} };
}

/** A provider without a list of models takes any; a route may name one that is not in the list. */
function serves(config: Config, provider: Provider, model: string): boolean {
  if (provider.models.length === 0 || provider.models.includes(model)) return true;
  return Object.values(config.routes).some((route) => route.provider === provider.name && route.model === model);
}

function follow(config: Config, name: string, asked: string): RouteDecision | RouteRefusal {
  const route = config.routes[name];
  if (route === undefined) return { message: `No route for model ${quote(asked)}: no default route is configured` };
  const provider = config.providers.find((candidate) => candidate.name === route.provider);
  if (provider === undefined) return { message: `Unknown provider ${quote(route.provider)} in route ${quote(name)}` };
  if (!provider.enabled) return { message: `Provider ${quote(route.provider)} of route ${quote(name)} is disabled` };
  const keep = route.model === null || (name === 'default' && provider.models.includes(asked));
  return { provider, model: keep ? asked : (route.model ?? asked), route: name, parameters: route.parameters };
}

/** Client-made text in a message: bounded, and visibly quoted. */
function quote(text: string): string {
  return JSON.stringify(text.length > 100 ? `${text.slice(0, 100)}…` : text);
}
