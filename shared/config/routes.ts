import type { Provider, Route } from './config';
import { closest, type Path, suggestion } from './problem';
import type { Report } from './report';
import type { RawProvider, RawRoute } from './schema';

/** Routes that mean something by their name; any other is taken for a model's. */
const RULES = ['default', 'webSearch', 'image', 'longContext', 'background', 'think'];

export interface RoutesContext {
  /** Providers that are fit for use. */
  providers: readonly Provider[];
  /** As in the file; undefined where they come from the environment. */
  rawProviders: readonly RawProvider[] | undefined;
  /** Something is wrong with the providers themselves, so that a missing one may be no mistake of the route. */
  doubtful: boolean;
  report: Report;
}

/** Checks the routes against the providers. Without providers in the file, the first found one is the default. */
export function readRoutes(raw: Readonly<Record<string, RawRoute>>, context: RoutesContext): Record<string, Route> {
  const { report, rawProviders, providers } = context;
  const routes = new Map<string, Route>();
  for (const [name, item] of Object.entries(raw)) {
    const path = ['routes', name];
    if (report.isReported(path)) continue;
    const provider = readTarget(item, path, context);
    if (item.parameters !== undefined && Object.hasOwn(item.parameters, 'model')) {
      report.problem(
        [...path, 'parameters', 'model'],
        'stands in the wrong place; write it as the route\'s own "model"',
      );
    }
    const rule = RULES.find((candidate) => candidate.toLowerCase() === name.toLowerCase());
    if (rule !== undefined && rule !== name) {
      report.warn(path, `taken for a model's name; the route for ${rule} is written "${rule}"`);
    }
    routes.set(name, { provider, model: item.model ?? null, parameters: item.parameters ?? {} });
  }
  const first = providers[0];
  if (!routes.has('default') && rawProviders === undefined && first !== undefined && !context.doubtful) {
    routes.set('default', { provider: first.name, model: null, parameters: {} });
  }
  if (!routes.has('default') && rawProviders !== undefined) missingDefault(raw, context);
  return Object.fromEntries(routes);
}

function missingDefault(raw: Readonly<Record<string, RawRoute>>, context: RoutesContext): void {
  const near = closest('default', Object.keys(raw));
  const example = `add for example "default": "${visibleNames(context)[0] ?? 'PROVIDER'},MODEL"`;
  const hint = near === undefined ? example : `did you mean that by ${JSON.stringify(near)}?`;
  context.report.problem(['routes', 'default'], `missing: requests that no other route takes need one; ${hint}`);
}

function readTarget(raw: RawRoute, path: Path, context: RoutesContext): string {
  const { report, providers, rawProviders } = context;
  const here = [...path, 'provider'];
  const name = raw.provider ?? '';
  if (name === '') {
    report.problem(here, 'missing: the name of the provider that requests go to');
    return name;
  }
  const target = providers.find((provider) => provider.name === name);
  if (target?.enabled === false) {
    report.problem(here, `${report.show(here, name)} is disabled; enable it or choose another provider`);
  }
  if (target !== undefined) return name;
  // A provider that is there but has a mistake of its own is not unknown.
  if (rawProviders?.some((provider) => provider.name === name) === true) return name;
  const names = visibleNames(context);
  const near = report.isHidden(here) ? '' : suggestion(name, names);
  if (context.doubtful && near === '') return name;
  const known = names.length === 0 ? 'there is none' : `there ${names.length === 1 ? 'is' : 'are'} ${names.join(', ')}`;
  const origin =
    rawProviders === undefined ? ' ("providers" is not given, so they come from keys in the environment)' : '';
  report.problem(here, `unknown provider ${report.show(here, name)}${near === '' ? `; ${known}${origin}` : near}`);
  return name;
}

/** Names of providers that did not come out of the environment and may be shown. */
function visibleNames({ report, providers, rawProviders }: RoutesContext): string[] {
  const names = providers.filter((provider) => provider.enabled).map((provider) => provider.name);
  return names.filter((name) => {
    const index = rawProviders?.findIndex((raw) => raw.name === name) ?? -1;
    return index === -1 || !report.isHidden(['providers', index, 'name']);
  });
}
