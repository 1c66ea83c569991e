/** Google's Gemini API as a provider: `generateContent` and its stream. */
import type { ProviderDialect } from '../dialect';
import { readError } from './errors';
import { readDocument } from './read-document';
import { readStream } from './read-stream';
import { translateRequest } from './to-request';

export const geminiProvider: ProviderDialect = { translateRequest, readStream, readDocument, readError };
