/** Refusals in OpenAI's words that several checks need. */
import { Refused } from './refused';
import type { Vendor } from './turn';

export const FUNCTION_NAME = /^[a-zA-Z0-9_-]{1,64}$/;

export function notKnown(path: string, vendor: Vendor): Refused {
  if (vendor === 'mistral') {
    return new Refused(`${path}: Extra inputs are not permitted`, {
      status: 422,
      param: path,
      code: 'extra_forbidden',
    });
  }
  if (vendor === 'groq') return new Refused(`property '${path}' is unsupported`);
  return new Refused(`Unknown parameter: '${path}'.`, { param: path, code: 'unknown_parameter' });
}

export function empty(path: string): Refused {
  const message = `Invalid '${path}': empty array. Expected an array with minimum length 1, but got an empty array instead.`;
  return new Refused(message, { param: path, code: 'empty_array' });
}

export function wrongType(path: string, wanted: string): Refused {
  return new Refused(`Invalid type for '${path}': expected ${wanted}.`, { param: path, code: 'invalid_type' });
}
