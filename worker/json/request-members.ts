/** A request's top-level members as views, found by the scan that has validated it: nothing is scanned twice. */
import type { JsonMembers } from './members';
import { JsonView } from './view';

/** A request as far as it is looked at: a view of the whole, or what knows where its members are. */
export interface RequestMembers {
  /** Undefined where there is none or it is null. */
  get(name: string): JsonView | undefined;
}

export class ScannedMembers implements RequestMembers {
  readonly #body: Buffer;
  readonly #members: JsonMembers;

  /** @param members of the scan of this very body */
  constructor(body: Buffer, members: JsonMembers) {
    this.#body = body;
    this.#members = members;
  }

  get(name: string): JsonView | undefined {
    const range = this.#members.get(name);
    if (range === undefined) return undefined;
    const view = new JsonView(this.#body, range.start, range.end);
    return view.kind === 'null' ? undefined : view;
  }
}

/** The literal `true`. */
export function isTrue(view: JsonView | undefined): boolean {
  return view?.body[view.start] === 0x74;
}
