import type { Provider } from './config';
import type { Path } from './problem';
import type { Report } from './report';
import type { RawModel } from './schema';

/** A provider's models as the program wants them: names in the order of the file, limits beside them. */
export function readModels(
  raw: readonly RawModel[],
  path: Path,
  report: Report,
): Pick<Provider, 'models' | 'modelMaxOutputTokens'> {
  const models: string[] = [];
  const limits = new Map<string, number>();
  for (const [index, { name, max_output_tokens: limit }] of raw.entries()) {
    if (name === undefined) {
      report.problem([...path, index, 'name'], "missing: the model's name");
      continue;
    }
    models.push(name);
    if (limit !== undefined) limits.set(name, limit);
  }
  return { models, modelMaxOutputTokens: Object.fromEntries(limits) };
}

/**
 * The most tokens that may be asked of a model in one answer, or null where the configuration does not say: what its
 * provider says of it, else what it says of all of its models.
 */
export function maxOutputTokensOf(
  provider: Pick<Provider, 'maxOutputTokens' | 'modelMaxOutputTokens'>,
  model: string,
): number | null {
  const own = Object.hasOwn(provider.modelMaxOutputTokens, model) ? provider.modelMaxOutputTokens[model] : undefined;
  return own ?? provider.maxOutputTokens;
}
