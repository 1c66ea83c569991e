/** Reads parsed chunks, and parsed documents, which have a `message` where chunks have a `delta`. */
import { isObject, type JsonObject, textAt, valueAt } from '../../json/parsed';
import type { AnswerSink } from '../answer';
import { Assembly } from './assembly';
import { errorIn } from './errors';
import { readFinish } from './finish';
import { DeltaReader } from './read-delta';
import { readUsage } from './usage';

/** Reasons that are failures: OpenRouter and Mistral; DeepSeek. */
const FAILURES: ReadonlySet<string> = new Set(['error', 'insufficient_system_resource']);

export class ChunkReader {
  readonly assembly: Assembly;
  readonly #delta: DeltaReader;
  #sawDelta = false;

  constructor(sink: AnswerSink, packsDetails: boolean) {
    this.assembly = new Assembly(sink);
    this.#delta = new DeltaReader(this.assembly, packsDetails);
  }

  /** @param chunk anything that `JSON.parse` gave */
  read(chunk: unknown): void {
    const { assembly } = this;
    if (!isObject(chunk)) {
      assembly.fail({ type: 'api_error', message: 'The provider sent something that is no chat completion' });
      return;
    }
    const choice = firstChoice(chunk);
    const error = errorIn(chunk) ?? (choice === null ? null : errorIn(choice));
    if (error !== null) {
      assembly.fail(error);
      return;
    }
    assembly.usage = readUsage(chunk, choice) ?? assembly.usage;
    if (choice === null) return;
    assembly.begin(textAt(chunk, 'id') ?? '', textAt(chunk, 'model') ?? '');
    const delta = valueAt(choice, 'delta');
    const message = valueAt(choice, 'message');
    if (isObject(delta)) {
      this.#sawDelta ||= saysSomething(delta);
      this.#delta.read(delta);
    } else if (isObject(message) && !this.#sawDelta) this.#delta.read(message);
    const reason = textAt(choice, 'finish_reason');
    if (!reason) return;
    if (FAILURES.has(reason)) {
      const type = reason === 'error' ? 'api_error' : 'overloaded_error';
      assembly.fail({ type, message: `The provider broke the answer off (finish_reason ${JSON.stringify(reason)})` });
    } else assembly.finish(readFinish(reason, choice));
  }

  /** A piece of text that a chunk has, and else nothing. */
  text(escaped: string): void {
    if (escaped !== '') this.#delta.endDetail();
    this.assembly.text(escaped);
  }

  /** A piece of the arguments of the call with that index that a chunk has, and else nothing. */
  callArguments(index: number, escaped: string): void {
    this.#delta.endDetail();
    this.assembly.call(index, '', '', escaped);
  }

  end(): void {
    this.#delta.endDetail();
    this.assembly.end();
  }
}

/** A whole message at the end repeats what deltas have said, if they have. */
function saysSomething(delta: JsonObject): boolean {
  return Object.entries(delta).some(([name, value]) => name !== 'role' && !isNothing(value));
}

/** Members that are there and say nothing: null, the empty text, the empty list. */
export function isNothing(value: unknown): boolean {
  return value === null || value === undefined || value === '' || (Array.isArray(value) && value.length === 0);
}

/** The choice with index 0, or without one; null where there is none. */
export function firstChoice(chunk: JsonObject): JsonObject | null {
  const choices = valueAt(chunk, 'choices');
  if (!Array.isArray(choices)) return null;
  for (const choice of choices) if (isObject(choice) && (valueAt(choice, 'index') ?? 0) === 0) return choice;
  return null;
}
