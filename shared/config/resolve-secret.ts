import type { SecretSource } from './fields';
import type { Path } from './problem';
import { absolute, readSecret } from './read-file';
import type { Report } from './report';

/** Gives the text of a secret that stands in the configuration or in a file of its own. */
export type SecretReader = (source: SecretSource, path: Path) => string | undefined;

/**
 * @param base the folder from which relative paths are taken: that of the configuration file
 * @returns a reader that reports a file that cannot be had, or is empty, and then gives undefined
 */
export function secretReader(base: string, home: string, report: Report): SecretReader {
  return (source, path) => {
    if (typeof source === 'string') return source;
    const read = readSecret(absolute(source.file, base, home));
    // Somebody may have put the secret itself where its path belongs, so only what looks like a path is shown.
    const isShown = /[/\\]/.test(source.file) && !report.isHidden([...path, 'file']);
    const name = isShown ? `the secret's file ${absolute(source.file, base, home)}` : "the secret's file";
    if (read.ok && read.text !== '') return read.text;
    report.problem(path, read.ok ? `${name} is empty` : `${name} ${read.reason}`);
    return undefined;
  };
}
