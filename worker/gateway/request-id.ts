/** Ids for requests: unique in the cluster, cheap to make. The provider's own id replaces ours where it has one. */
import { randomBytes } from 'node:crypto';

/** Random for each process, so that workers never make the same id. */
const PREFIX = `req_${randomBytes(9).toString('hex')}`;
/** The last two digits: to make them anew for each request costs more than the rest. */
const ENDS = Array.from({ length: 36 * 36 }, (_, i) => i.toString(36).padStart(2, '0'));
let made = 0;
let beginning = '';

export function nextRequestId(): string {
  const end = ++made % ENDS.length;
  if (end === 0 || beginning === '') {
    const hundreds = Math.floor(made / ENDS.length);
    beginning = PREFIX + hundreds.toString(36).padStart(4, '0');
  }
  return beginning + ENDS[end];
}
