/** What the files that translate one request share. */
import { BadDocument, type JsonKind, type JsonView } from '../../json/view';
import type { RequestContext } from '../dialect';
import { type Quirks, quirksOf } from './quirks';

export class Translation {
  readonly quirks: Quirks;
  readonly context: RequestContext;
  readonly #leftOut = new Set<string>();

  constructor(context: RequestContext) {
    this.context = context;
    this.quirks = quirksOf(context.provider, context.model);
  }

  /** Warns of something that the provider does not have: once a request, however often it occurs. */
  leftOut(what: string): void {
    if (this.#leftOut.has(what)) return;
    this.#leftOut.add(what);
    this.context.warn(`${what} left out: provider ${this.provider} does not have it`);
  }

  /** The provider's name, for messages. */
  get provider(): string {
    return JSON.stringify(this.context.provider.name);
  }
}

/** The member of that kind, or undefined where there is none. @throws BadDocument where it is of another kind */
export function optional(view: JsonView, name: string, kind: JsonKind, path: string): JsonView | undefined {
  const member = view.get(name);
  if (member !== undefined && member.kind !== kind) throw new BadDocument(`${path}: Input should be a valid ${kind}`);
  return member;
}

/** The member of that kind. @throws BadDocument where there is none, or one of another kind */
export function required(view: JsonView, name: string, kind: JsonKind, path: string): JsonView {
  const member = optional(view, name, kind, path);
  if (member === undefined) throw new BadDocument(`${path}: Field required`);
  return member;
}

/** A member that is a text. @throws BadDocument where there is none */
export function requiredText(view: JsonView, name: string, path: string): string {
  return required(view, name, 'string', path).text() ?? '';
}
