import type { Config, Provider } from './config';
import type { Path } from './problem';

const SENSITIVE_NAME =
  /authorization|cookie|token|secret|password|credential|signature|(?:^|[-_])(?:api)?key(?:$|[-_])|apikey/i;

/** Whether a header, or a parameter of a URL, of that name carries a secret. */
export function isSensitiveName(name: string): boolean {
  return SENSITIVE_NAME.test(name);
}

/** Whether the text at this place of the file may be a secret. */
export function isSecretPath(path: Path): boolean {
  const isOne = (part: string | number) => part === 'api_key' || part === 'apikey' || part === 'proxy_url';
  return path.some(isOne) || (path[0] === 'providers' && path[2] === 'headers');
}

/**
 * Why a text cannot be sent as a key, to follow the key's path, or null when it can. The words never hold the text.
 * A key travels in a header, so that only visible ASCII arrives as it was sent.
 */
export function keyMistake(key: string): string | null {
  if (key === '') return 'is empty';
  if (key.trim() === '') return 'is only white space';
  if (/[^\x20-\x7e]/.test(key))
    return 'has a character that cannot be in a key (line break, accent, control character …)';
  if (key.trim() !== key) return 'begins or ends with a space; remove it';
  return key.includes(' ') ? 'has a space in it, which no header can carry as a key' : null;
}

/** Everything in a configuration that a log must not show, the longest first, each once. */
export function secretsOf(config: Config): string[] {
  const secrets = new Set<string>();
  const add = (text: string | null | undefined) => {
    if (text !== null && text !== undefined && text !== '') secrets.add(text);
  };
  add(config.apiKey);
  if (config.proxyUrl !== null) for (const text of urlCredentials(config.proxyUrl)) add(text);
  for (const provider of config.providers) for (const secret of providerSecrets(provider)) add(secret);
  return [...secrets].sort((a, b) => b.length - a.length);
}

/** What of a provider's must not be shown. */
export function providerSecrets(provider: Provider): string[] {
  const secrets = provider.apiKey === null ? [] : [provider.apiKey];
  for (const [name, value] of new URLSearchParams(queryOf(provider.baseUrl))) {
    if (isSensitiveName(name)) secrets.push(value);
  }
  for (const [name, value] of Object.entries(provider.headers)) {
    if (!isSensitiveName(name)) continue;
    secrets.push(value);
    // "Bearer abc": the token is a secret without its scheme as well.
    const token = /^[A-Za-z]+ +(\S.*)$/.exec(value)?.[1];
    if (token !== undefined) secrets.push(token);
  }
  return secrets;
}

/** User and password of a URL in every form in which they may turn up: encoded, plain, and as Basic credentials. */
function urlCredentials(url: string): string[] {
  const { username, password } = new URL(url);
  if (username === '' && password === '') return [];
  const plain = `${decoded(username)}:${decoded(password)}`;
  const forms = [`${username}:${password}`, plain, Buffer.from(plain).toString('base64')];
  return password === '' ? [...forms, username, decoded(username)] : [...forms, password, decoded(password)];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function queryOf(url: string): string {
  const mark = url.indexOf('?');
  return mark === -1 ? '' : url.slice(mark + 1);
}
