import type { LogLevel } from './config';
import type { Field } from './fields';
import * as fields from './fields';
import type { Report } from './report';
import { keyMistake } from './secrets';

/** Values of command line flags, as typed; checked here. */
export interface Flags {
  host?: string | undefined;
  port?: number | string | undefined;
  workers?: number | string | undefined;
}

/** What a flag or an environment variable says instead of the file. */
export interface Overrides {
  host?: string | undefined;
  port?: number | undefined;
  workers?: number | 'auto' | undefined;
  apiKey?: string | undefined;
  logLevel?: LogLevel | undefined;
}

/** Reads the flags and the CCPROXY_* variables; a flag beats a variable, and both are checked. */
export function readOverrides(flags: Flags, env: NodeJS.ProcessEnv, report: Report): Overrides {
  const fromFlag = <T>(name: string, value: unknown, field: Field<T>): T | undefined => {
    if (value === undefined) return undefined;
    const read = field.read(value);
    if (read === undefined) report.problemOutside(name, `expected ${field.expected}, got ${JSON.stringify(value)}`);
    return read;
  };
  const fromEnv = <T>(name: string, field: Field<T>): T | undefined => {
    const value = env[name];
    // Compose files pass an unset variable on as an empty one.
    return value === undefined || value === '' ? undefined : fromFlag(name, value, field);
  };
  const host = fromEnv('CCPROXY_HOST', fields.host);
  const port = isServiceLink(env['CCPROXY_PORT'], report) ? undefined : fromEnv('CCPROXY_PORT', fields.port);
  const workers = fromEnv('CCPROXY_WORKERS', fields.workers);
  return {
    host: fromFlag('--host', flags.host, fields.host) ?? host,
    port: fromFlag('--port', flags.port, fields.port) ?? port,
    workers: fromFlag('--workers', flags.workers, fields.workers) ?? workers,
    apiKey: clientKey(env['CCPROXY_API_KEY'], report),
    logLevel: fromEnv('CCPROXY_LOG_LEVEL', fields.logLevel),
  };
}

/**
 * Kubernetes gives every pod `CCPROXY_PORT=tcp://10.0.0.1:80` when a Service is called "ccproxy"
 * (https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables): not meant for us.
 */
function isServiceLink(value: string | undefined, report: Report): boolean {
  if (value === undefined || !/^(?:tcp|udp|sctp):\/\//.test(value)) return false;
  report.warnOutside('CCPROXY_PORT', 'ignored: Kubernetes set it for a Service named "ccproxy", it is no port');
  return true;
}

/** Unlike other variables an empty one is a mistake: a key that was lost on the way must not open the proxy. */
function clientKey(value: string | undefined, report: Report): string | undefined {
  if (value === undefined) return undefined;
  const mistake = keyMistake(value);
  if (mistake === null) return value;
  report.problemOutside('CCPROXY_API_KEY', `${mistake}; set it to the key that clients send, or unset it`);
  return undefined;
}
