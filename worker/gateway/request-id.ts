/** Ids for requests: unique in the cluster, cheap to make. The provider's own id replaces ours where it has one. */
import { randomBytes } from 'node:crypto';

/** Random for each process, so that workers never make the same id. */
const PREFIX = `req_${randomBytes(9).toString('hex')}`;
let last = 0;

export function nextRequestId(): string {
  last++;
  return PREFIX + last.toString(36).padStart(6, '0');
}
