/** Tells the calls of an answer apart, whatever a provider says of them in each piece. */
import { ObjectScan, unescapeText } from './escaped';

/** More are no answer. */
const MAX_CALLS = 1000;
/** Arguments that are kept for a look at them, which is needed only when a call is followed by something. */
const MAX_UNSCANNED = 64 * 1024;

export class Call {
  /** As the provider gave it; empty where it gave none. */
  id = '';
  name = '';
  /** Its place among the contents is found. */
  placed = false;
  /** The sink knows it. */
  begun = false;
  /** What follows it has begun: nothing can be added. */
  closed = false;
  /** Arguments, escaped, that the sink has not got. */
  held = '';
  #hasArguments = false;
  #unscanned = '';
  readonly #scan = new ObjectScan();

  add(escaped: string): void {
    this.#hasArguments = true;
    this.#unscanned += escaped;
    if (this.#unscanned.length > MAX_UNSCANNED) this.isComplete();
  }

  /** Its arguments are a whole object. What was looked at is not looked at again. */
  isComplete(): boolean {
    if (this.#unscanned !== '') {
      this.#scan.feed(unescapeText(this.#unscanned));
      this.#unscanned = '';
    }
    return this.#scan.complete;
  }

  get hasArguments(): boolean {
    return this.#hasArguments;
  }
}

export class ToolCalls {
  readonly #byIndex = new Map<number, Call>();
  readonly #byId = new Map<string, Call>();
  #last: Call | null = null;
  #count = 0;

  /**
   * The call that a piece belongs to: by index, or by id, or the last one. A piece with another id and a name begins a
   * new call even under a known index, which some servers always set to 0, where the known one cannot go on.
   *
   * @param index null where the piece has none; `id` and `name` are empty where it has none
   * @returns null when there are too many
   */
  of(index: number | null, id: string, name: string): Call | null {
    let call = this.#known(index, id, name);
    if (call === null) {
      if (++this.#count > MAX_CALLS) return null;
      call = new Call();
    }
    if (call.id === '') call.id = id;
    if (call.name === '') call.name = name;
    if (index !== null) this.#byIndex.set(index, call);
    if (id !== '' && !this.#byId.has(id)) this.#byId.set(id, call);
    this.#last = call;
    return call;
  }

  #known(index: number | null, id: string, name: string): Call | null {
    if (index !== null) {
      const call = this.#byIndex.get(index);
      if (call === undefined) return null;
      const another = name !== '' && id !== '' && call.id !== '' && id !== call.id;
      return another && (call.isComplete() || !call.hasArguments) ? null : call;
    }
    if (id !== '') return this.#byId.get(id) ?? null;
    const last = this.#last;
    if (last === null || name === '') return last;
    return last.isComplete() || (last.name !== '' && last.name !== name) ? null : last;
  }
}
