/** What this build is: shown by `ccproxy version`, `/status` and `ccproxy_build_info`. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface BuildInfo {
  version: string;
  /** Short git hash, or `unknown` outside a checkout. */
  commit: string;
  /** ISO 8601, UTC: when it was built. */
  date: string;
}

/** The folder of package.json: two levels above this file, which is compiled to `dist/shared/`. */
export const PACKAGE_ROOT = join(__dirname, '..', '..');

/** `npm run build` writes `dist/build-info.json` last. */
export function readBuildInfo(): BuildInfo {
  return JSON.parse(readFileSync(join(PACKAGE_ROOT, 'dist', 'build-info.json'), 'utf8')) as BuildInfo;
}
