/** A reply as server-sent events, at a steady rate of tokens. */
import type { Writable } from 'node:stream';
import type { ContentBlock, Reply } from './reply';

/** Tokens per second: the default, and the range that the environment and the request header may choose from. */
export const TOKEN_RATE = { default: 50, lowest: 1, highest: 100_000 } as const;

/** A rate as somebody wrote it, brought into the range; `fallback` when it is no number. */
export function tokenRate(written: string | undefined, fallback: number): number {
  const rate = written === undefined || written.trim() === '' ? Number.NaN : Number(written);
  return Number.isNaN(rate) ? fallback : Math.min(Math.max(rate, TOKEN_RATE.lowest), TOKEN_RATE.highest);
}

interface Frame {
  text: string;
  /** Whether it waits its turn in the rate; the others go out along with what precedes them. */
  isToken: boolean;
}

/**
 * Writes `reply` to `out` and ends it. Resolves with `finished`, or with `gone` when `out` closed before; never
 * rejects, and leaves no timer and no listener behind. Errors of `out` are the caller's: `close` follows them. While `out` is full nothing is written, and the time that
 * this takes is not caught up.
 */
export function streamReply(out: Writable, reply: Reply, tokensPerSecond: number): Promise<'finished' | 'gone'> {
  return new Promise((resolve) => {
    const frames = framesOf(reply);
    const intervalMs = 1000 / tokensPerSecond;
    let next = frames.next();
    /** When the token in turn is due: a fixed grid, so that late timers do not slow the stream down. */
    let dueAt = performance.now();
    let timer: NodeJS.Timeout | undefined;

    const settle = (outcome: 'finished' | 'gone') => {
      clearTimeout(timer);
      out.off('close', onClose).off('drain', onDrain);
      resolve(outcome);
    };
    const onClose = () => settle('gone');
    const onDrain = () => {
      dueAt = Math.max(dueAt, performance.now());
      pump();
    };
    /** Everything that is due now in one write: above 1000 tokens a second that is several tokens. */
    const pump = () => {
      const now = performance.now();
      let text = '';
      while (!next.done && (!next.value.isToken || dueAt <= now)) {
        text += next.value.text;
        if (next.value.isToken) dueAt += intervalMs;
        next = frames.next();
      }
      if (next.done) {
        out.end(text);
        settle('finished');
      } else if (text === '' || out.write(text)) {
        timer = setTimeout(pump, Math.max(1, dueAt - now));
      } else {
        out.once('drain', onDrain);
      }
    };

    out.once('close', onClose);
    if (out.destroyed) settle('gone');
    else pump();
  });
}

function* framesOf({ message, tokens }: Reply): Generator<Frame, void> {
  const opening = { ...message, content: [], stop_reason: null, usage: { ...message.usage, output_tokens: 0 } };
  yield frame({ type: 'message_start', message: { ...opening, stop_sequence: null } });
  yield frame({ type: 'ping' });
  for (const [index, block] of message.content.entries()) {
    yield frame({ type: 'content_block_start', index, content_block: emptied(block) });
    for (const token of tokens[index] ?? []) {
      yield { ...frame({ type: 'content_block_delta', index, delta: deltaOf(block, token) }), isToken: true };
    }
    if (block.type === 'thinking') {
      const delta = { type: 'signature_delta', signature: block.signature };
      yield frame({ type: 'content_block_delta', index, delta });
    }
    yield frame({ type: 'content_block_stop', index });
  }
  const { stop_reason, stop_sequence, usage } = message;
  yield frame({ type: 'message_delta', delta: { stop_reason, stop_sequence }, usage });
  yield frame({ type: 'message_stop' });
}

function frame(event: { type: string; [field: string]: unknown }): Frame {
  return { text: `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`, isToken: false };
}

function emptied(block: ContentBlock): ContentBlock {
  if (block.type === 'thinking') return { ...block, thinking: '', signature: '' };
  return block.type === 'text' ? { ...block, text: '' } : { ...block, input: {} };
}

function deltaOf(block: ContentBlock, token: string): object {
  if (block.type === 'thinking') return { type: 'thinking_delta', thinking: token };
  if (block.type === 'text') return { type: 'text_delta', text: token };
  return { type: 'input_json_delta', partial_json: token };
}
