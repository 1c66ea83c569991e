/**
 * The version that a Claude model's name tells. Anthropic refuses with 400 what a model does not take, and there is no
 * call that says so beforehand; versions are what its documentation goes by
 * (https://platform.claude.com/docs/en/build-with-claude/thinking-troubleshooting).
 */

/** `claude-sonnet-4-5-20250929`, `claude-3-7-sonnet-latest`, `anthropic/claude-4.7-opus`, `claude-opus-4@20250514`. */
const VERSION = /claude-(?:[a-z]+-)?(\d{1,2})(?!\d)(?:[-.](\d{1,2})(?!\d))?/;

/**
 * @returns 100 times the major version plus the minor one: 405 for 4.5. Infinity for a Claude whose name tells no
 * version: new ones are called like that at first. Null for any other model.
 */
export function claudeVersion(model: string): number | null {
  const name = model.toLowerCase();
  const found = VERSION.exec(name);
  if (found !== null) return Number(found[1]) * 100 + Number(found[2] ?? 0);
  return name.includes('claude') ? Number.POSITIVE_INFINITY : null;
}

/** From this version on a model can think, within a budget. */
export const THINKS_SINCE = 307;
/** From this version on a model takes one of `temperature` and `top_p`, not both. */
export const ONE_SAMPLER_SINCE = 401;
/** From this version on a model decides itself how much it thinks, by an effort; budgets are refused soon after. */
export const ADAPTIVE_SINCE = 406;
/** From this version on a model knows the effort `xhigh`, and refuses `temperature` and `top_p`. */
export const NO_SAMPLERS_SINCE = 407;
