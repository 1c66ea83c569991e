/** Where our client and Node's may differ, and why. Anything else is a fault. */

import type { Outcome } from '../support/ask-upstream';
import type { Answer } from './exchange';
import type { NodeOutcome } from './node-answer';

/** - `stricter`: we refuse what Node takes. - `looser`: the reverse. - `other`: both take it, as something else. */
export type Direction = 'stricter' | 'looser' | 'other';

export interface Difference {
  name: string;
  direction: Direction;
  /** Why it is right so. */
  reason: string;
  applies: (answer: Answer, ours: Outcome, node: NodeOutcome) => boolean;
}

export const DIFFERENCES: readonly Difference[] = [];
