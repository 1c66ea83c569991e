/**
 * A deterministic model for agents: five turns with tools, then a text that quotes what the tools said. What it does
 * depends only on how many results it has seen, so that every dialect must lead to the same conversation.
 */
import type { Script } from './simulator';
import { type Turn, turn } from './turn';

/** A result quotes itself in such brackets; the last text repeats what stands in them. */
export const QUOTED = /⟦[^⟦⟧]*⟧/g;

/** Text that JSON and UTF-8 make hard: escapes, four-byte characters, a line separator. */
export const HARD_TEXT = 'line 1\n\t"naïve" \\ 東京 👩‍🚀 🙂\u2028 data: {"a":[1]}\r\n€';

/** Tools that its agent must have. */
export const AGENT_TOOLS = ['read_file', 'grep', 'list_dir', 'run', 'screenshot', 'write_file'] as const;
export type AgentTool = (typeof AGENT_TOOLS)[number];

/** By the number of results so far. With 2 of them the parallel calls have been taken apart. */
const TURNS: Record<number, Turn> = {
  0: turn({
    thinking: 'I should look at the notes first. 🤔',
    thinkingSignature: 'c2lnbmF0dXJlIDA=',
    text: 'Let me read the notes.',
    calls: [{ name: 'read_file', input: { path: 'docs/nötes 🙂.txt' }, signature: 'c2ln+bmF0dXJlLzA=' }],
  }),
  1: turn({
    thinking: 'Two things at once.',
    thinkingSignature: 'c2lnbmF0dXJlIDE=',
    calls: [
      { name: 'grep', input: { pattern: '"a\\b"\n', flags: ['-i', '-n'] }, signature: 'c2lnbmF0dXJlIDEx' },
      // Of parallel calls only the first has a signature.
      { name: 'list_dir', input: {} },
    ],
  }),
  3: turn({
    text: 'Now build it.',
    calls: [{ name: 'run', input: { command: 'make', timeout: 1.5 }, signature: 'c2ln/zM=' }],
  }),
  4: turn({
    thinking: 'It failed. How does it look?',
    thinkingSignature: 'c2lnbmF0dXJlIDQ=',
    calls: [{ name: 'screenshot', input: {}, signature: 'c2lnbmF0dXJlIDQ0' }],
  }),
  5: turn({
    text: 'I will write that down.',
    calls: [
      {
        name: 'write_file',
        input: { path: 'out.txt', content: HARD_TEXT, options: { mode: null, deep: [[{}], -0.5, true] } },
        signature: 'c2lnbmF0dXJlIDU=',
      },
    ],
  }),
};

/** @throws Error where the results are none that this script asked for */
export const agentScript: Script = ({ results, images }) => {
  const next = TURNS[results.length];
  if (next !== undefined) return next;
  if (results.length !== 6) throw new Error(`the agent script has no turn for ${results.length} results`);
  const quotes = results.map(({ name, text }) => `${name}: ${(text.match(QUOTED) ?? []).join(' ')}`);
  const seen = images.length === 0 ? 'no image' : images.join(', ');
  return turn({ thinking: 'Done.', thinkingSignature: 'ZG9uZQ==', text: `${quotes.join('; ')}; ${seen}` });
};
