/** OpenAI's dialect towards clients. */
import { ERROR_STATUS } from '../../../shared/errors';
import type { ClientDialect } from '../dialect';
import { ChunkWriter } from './chunk-writer';
import { CompletionWriter } from './completion-writer';
import { chatErrorBody, chatStreamError } from './error-body';

export const openAiClient: ClientDialect = {
  writeStream: (context) => new ChunkWriter(context),
  writeDocument: (context) => new CompletionWriter(context),
  statusOf: (error, providerStatus) => {
    if (error.type !== 'api_error') return ERROR_STATUS[error.type];
    return Math.max(providerStatus, 500);
  },
  errorBody: chatErrorBody,
  streamError: chatStreamError,
  // A comment: OpenAI's protocol has no event that means nothing.
  ping: ': ping\n\n',
};
