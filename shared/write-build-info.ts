/** The last step of `npm run build`: writes what `readBuildInfo` reads. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type BuildInfo, PACKAGE_ROOT } from './version';

/** An image is built without the repository: there the commit is given. */
function gitCommit(): string {
  const given = process.env['CCPROXY_COMMIT'];
  if (given) return given;
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], {
      cwd: PACKAGE_ROOT,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return 'unknown';
  }
}

const manifest = JSON.parse(readFileSync(join(PACKAGE_ROOT, 'package.json'), 'utf8')) as { version: string };
const info: BuildInfo = { version: manifest.version, commit: gitCommit(), date: new Date().toISOString() };
writeFileSync(join(PACKAGE_ROOT, 'dist', 'build-info.json'), `${JSON.stringify(info)}\n`);
