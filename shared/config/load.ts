import { dirname } from 'node:path';
import type { Config } from './config';
import { type ParsedDocument, parseDocument } from './document';
import { interpolate, type Unresolved } from './interpolate';
import { normalise } from './normalise';
import type { Flags } from './overrides';
import type { ConfigProblem } from './problem';
import { findFile, readText, shownPath } from './read-file';
import { readSchema } from './read-schema';
import { Report } from './report';
import { secretReader } from './resolve-secret';
import { isSecretPath } from './secrets';
import { respell } from './spelling';

export { type ConfigProblem, formatProblem } from './problem';
export { secretsOf } from './secrets';

export interface LoadOptions {
  /** The file that `--config` names; it must exist. Without it the usual places are looked through. */
  file?: string | undefined;
  /** Flags of the command line, as typed. */
  overrides: Flags;
  env: NodeJS.ProcessEnv;
  cwd: string;
  home: string;
  /** Usable cores: the number of workers for `auto`. */
  cpuCount: number;
}

/** A configuration that is free of mistakes. */
export type LoadedConfig = { ok: true; config: Config; warnings: string[] };

export type LoadResult = LoadedConfig | { ok: false; problems: ConfigProblem[] };

/** Finds, reads and checks the configuration. Does not throw for anything that a user can get wrong. */
export function loadConfig(options: LoadOptions): LoadResult {
  const { env, cwd, home } = options;
  const found = findFile(options.file, env, cwd, home);
  const shown = found.path === null ? null : shownPath(found.path, cwd);
  const content = found.path === null ? undefined : readText(found.path);
  if (content?.ok === false) {
    const message = `the configuration file ${shown} ${content.reason}`;
    return { ok: false, problems: [{ file: null, line: null, path: found.namedBy ?? '', message }] };
  }
  const document: ParsedDocument =
    content === undefined ? NO_FILE : parseDocument(content.text, /\.ya?ml$/i.test(found.path ?? '') ? 'yaml' : 'json');

  const respelled = respell(document.ok ? document.value : {});
  const { locate } = document.ok ? document : NO_FILE;
  const report = new Report({ file: shown, locate, sourceOf: respelled.sourceOf });
  for (const { path, message, line } of document.problems) report.problemAt(line, path, message);
  for (const { path, message } of respelled.problems) report.problem(path, message, path);
  for (const { path, message } of respelled.warnings) report.warn(path, message, path);
  for (const other of found.passedOver) report.warnOutside(shownPath(other, cwd), `not read: ${shown} comes first`);

  const interpolated = interpolate(respelled.value, env);
  for (const { path, names } of interpolated.fromEnvironment) report.hide(path, names);
  for (const reference of interpolated.unresolved) report.problem(reference.path, unresolvedMessage(reference));

  const base = found.path === null ? cwd : dirname(found.path);
  const secret = secretReader(base, home, report);
  const raw = readSchema(interpolated.value, report);
  const { overrides: flags, cpuCount } = options;
  const settings = normalise(raw, { flags, env, home, base, cpuCount, report, secret });
  const problems = report.problems();
  if (problems.length > 0) return { ok: false, problems };
  return { ok: true, config: { ...settings, file: found.path }, warnings: report.warnings };
}

const NO_FILE = { ok: true as const, value: {}, locate: () => ({ line: 1, column: 1 }), problems: [] };

function unresolvedMessage({ path, names, isExplicit }: Unresolved): string {
  const dollar = 'for a plain dollar sign write $$';
  if (names.length === 0) return `has a "\${" that no variable's name and "}" follow; ${dollar}`;
  if (isSecretPath(path) && !isExplicit) return `refers to an environment variable that is not set; ${dollar}`;
  const [list, verb] = [names.map((name) => `$${name}`).join(', '), names.length === 1 ? 'is' : 'are'];
  return `${list} ${verb} not set in the environment; set ${names.length === 1 ? 'it' : 'them'} or change this value`;
}
