/** Parts that both forms of a Messages answer have. */
import type { AnswerError, TokenUsage } from '../answer';
import type { WriterContext } from '../dialect';

/** The id as JSON. Anthropic's begin with `msg_`. */
export function messageId(id: string, { requestId }: WriterContext): string {
  const own = id || requestId;
  return JSON.stringify(own.startsWith('msg_') ? own : `msg_${own}`);
}

/** All cache fields are there: clients add them up. */
export function usageJson({ input, output, cacheRead, cacheCreation }: TokenUsage): string {
  return (
    `{"input_tokens":${input},"cache_creation_input_tokens":${cacheCreation}` +
    `,"cache_read_input_tokens":${cacheRead},"output_tokens":${output}}`
  );
}

/** The last event of a stream that failed. */
export function errorEvent({ type, message }: AnswerError): string {
  return `event: error\ndata: ${JSON.stringify({ type: 'error', error: { type, message } })}\n\n`;
}
