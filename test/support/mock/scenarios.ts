/** The scenarios by the names that tests use. */
import { afterBody, type Scenario } from './exchange';
import * as broken from './scenarios-broken';
import * as whole from './scenarios-whole';

export const SCENARIOS = {
  /** Marked text with usage, as a stream with pings or as a whole. */
  text: afterBody(whole.text),
  /** Text and parallel tool calls. */
  tools: afterBody(whole.tools),
  /** A thinking block with a signature, and text. */
  thinking: afterBody(whole.thinking),
  /** 1 MiB in one answer. */
  large: afterBody(whole.large),
  /** `text` with `delayMs` between the events. */
  slow: afterBody((exchange) => whole.text({ ...exchange, params: { delayMs: 50, ...exchange.params } })),
  /** `text`; the counts are those of `params.usage`, and zero otherwise. */
  'echo-usage': afterBody(whole.echoUsage),
  /** `params.status`, `body`, `headers`. */
  error: afterBody(whole.error),
  gzip: afterBody(whole.gzip),
  br: afterBody(whole.br),
  cut: afterBody(whole.cut),
  endless: afterBody(whole.endless),
  count_tokens: afterBody(whole.countTokens),
  'slow-reader': { reads: 'itself', run: whole.slowReader },
  'early-401': { reads: 'itself', run: whole.early401 },
  silent: afterBody(broken.silent),
  'silent-after-head': afterBody(broken.silentAfterHead),
  'silent-mid-event': afterBody(broken.silentMidEvent),
  'reset-before-head': afterBody(broken.resetBeforeHead),
  'reset-after-head': afterBody(broken.resetAfterHead),
  'reset-mid-stream': afterBody(broken.resetMidStream),
  'close-mid-stream': afterBody(broken.closeMidStream),
  garbage: afterBody(broken.garbage),
  'bad-chunk': afterBody(broken.badChunk),
  'sse-error': afterBody(broken.sseError),
} satisfies Record<string, Scenario>;

export type ScenarioName = keyof typeof SCENARIOS;

export function isScenarioName(name: string): name is ScenarioName {
  return Object.hasOwn(SCENARIOS, name);
}
