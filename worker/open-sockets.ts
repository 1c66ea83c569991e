/**
 * How many connections this process has, to clients and providers together. The older engine tells nobody of its
 * connections, so the kernel is asked (Linux; elsewhere the answers are 0).
 */
import { readdirSync, readlinkSync } from 'node:fs';

const DIRECTORY = '/proc/self/fd';
/** Beyond this many it does not matter how many exactly. */
const MOST_LOOKED_AT = 256;

/** To be made before the process listens: what is open by then is no connection. */
export class OpenSockets {
  readonly #descriptorsAtRest = descriptors().length;
  readonly #socketsAtRest = sockets(descriptors());

  /** Cheap at any number, and one too high for each file that was opened since. @param others known sockets */
  estimate(others: number): number {
    return Math.max(0, descriptors().length - this.#descriptorsAtRest - others);
  }

  /** Exact as long as there are few. @param others known sockets */
  count(others: number): number {
    const open = descriptors();
    const more = open.length - this.#descriptorsAtRest - others;
    return more > MOST_LOOKED_AT ? more : Math.max(0, sockets(open) - this.#socketsAtRest - others);
  }
}

function descriptors(): string[] {
  try {
    return readdirSync(DIRECTORY);
  } catch {
    return [];
  }
}

function sockets(open: readonly string[]): number {
  return open.filter((descriptor) => {
    try {
      return readlinkSync(`${DIRECTORY}/${descriptor}`).startsWith('socket:');
    } catch {
      // Closed meanwhile, as the one by which the directory was read.
      return false;
    }
  }).length;
}
