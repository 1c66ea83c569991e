import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Config } from '../../../shared/config/config';
import { formatProblem, type LoadOptions, type LoadResult, loadConfig } from '../../../shared/config/load';

/** A machine with nothing on it: a working directory, a home directory and an environment of its own. */
export class Workspace {
  readonly root = realpathSync(mkdtempSync(join(tmpdir(), 'ccproxy-config-')));
  readonly cwd = join(this.root, 'work');
  readonly home = join(this.root, 'home');

  constructor() {
    mkdirSync(this.cwd);
    mkdirSync(this.home);
  }

  /** Writes a file, in the working directory unless the path begins with `~/`; objects as JSON. Gives its path. */
  write(name: string, content: string | object): string {
    const path = name.startsWith('~/') ? join(this.home, name.slice(2)) : join(this.cwd, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content, null, 2));
    return path;
  }

  load(env: NodeJS.ProcessEnv = {}, options: Partial<LoadOptions> = {}): LoadResult {
    return loadConfig({ overrides: {}, env, cwd: this.cwd, home: this.home, cpuCount: 4, ...options });
  }

  /** The configuration and its warnings; throws with the problems where there are some. */
  loaded(env: NodeJS.ProcessEnv = {}, options: Partial<LoadOptions> = {}): { config: Config; warnings: string[] } {
    const result = this.load(env, options);
    if (result.ok) return result;
    throw new Error(`expected no problems, got:\n${result.problems.map(formatProblem).join('\n')}`);
  }

  /** The problems as they are printed; throws where there are none. */
  problems(env: NodeJS.ProcessEnv = {}, options: Partial<LoadOptions> = {}): string[] {
    const result = this.load(env, options);
    if (!result.ok) return result.problems.map(formatProblem);
    throw new Error('expected problems, but the configuration was accepted');
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

/** A provider and its default route, to which a test adds what it is about. */
export const SMALLEST = {
  providers: [{ name: 'anthropic', api_key: 'sk-ant-of-the-provider' }],
  routes: { default: 'anthropic,claude-sonnet-4-5' },
};
