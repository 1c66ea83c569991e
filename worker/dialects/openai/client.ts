/** OpenAI's dialect towards clients. */
import type { ClientDialect } from '../dialect';
import { ChunkWriter } from './chunk-writer';
import { CompletionWriter } from './completion-writer';
import { chatErrorBody, chatStreamError } from './error-body';

export const openAiClient: ClientDialect = {
  writeStream: (context) => new ChunkWriter(context),
  writeDocument: (context) => new CompletionWriter(context),
  errorBody: chatErrorBody,
  streamError: chatStreamError,
  // A comment: OpenAI's protocol has no event that means nothing.
  ping: ': ping\n\n',
};
