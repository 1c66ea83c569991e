/**
 * A request to Gemini as the Messages request that says the same, read by Google's own description of it (the types of
 * `@google/genai`, https://ai.google.dev/api/generate-content), not by what our translation writes.
 */
import type { Content, FunctionResponse, GenerationConfig, Part, Tool, ToolConfig } from '@google/genai';
import type { Block, Json } from './messages-request';

interface GeminiRequest {
  contents: Content[];
  systemInstruction?: Content;
  tools?: Tool[];
  toolConfig?: ToolConfig;
  generationConfig?: GenerationConfig & { responseJsonSchema?: unknown };
}

/** Says of a call's signature that there is none (https://ai.google.dev/gemini-api/docs/thought-signatures). */
const NO_SIGNATURE = 'skip_thought_signature_validator';

interface Call {
  /** In the Messages request. */
  id: string;
  /** In the request to Gemini. */
  own: string | null;
}

/** Ids of calls are `call 1`, `call 2`…; what Gemini gets back with a call is in the block's `gemini`. */
export function readGeminiRequest({
  contents,
  systemInstruction,
  tools,
  toolConfig,
  generationConfig,
}: GeminiRequest): Json {
  const reader = new ContentsReader();
  return {
    messages: contents.map((content) => reader.read(content)),
    ...(systemInstruction && {
      system: (systemInstruction.parts ?? []).map((part) => ({ type: 'text', text: part.text })),
    }),
    ...(tools && { tools: tools.flatMap(readTool) }),
    ...(toolConfig && { tool_choice: readChoice(toolConfig) }),
    ...readConfig(generationConfig ?? {}),
  };
}

class ContentsReader {
  #unanswered: Call[] = [];
  #count = 0;

  read({ role, parts = [] }: Content): Json {
    if (role === 'model') this.#unanswered = [];
    return { role: role === 'model' ? 'assistant' : role, content: parts.map((part) => this.#part(part)) };
  }

  #part({ text, thoughtSignature, functionCall, functionResponse, ...media }: Part): Block {
    if (functionCall !== undefined) {
      const call = { id: `call ${++this.#count}`, own: functionCall.id ?? null };
      this.#unanswered.push(call);
      const signature = thoughtSignature === undefined || thoughtSignature === NO_SIGNATURE ? null : thoughtSignature;
      const { name, args = {} } = functionCall;
      return { type: 'tool_use', id: call.id, name, input: args, gemini: { id: call.own, signature } };
    }
    if (functionResponse !== undefined) return this.#result(functionResponse);
    if (text === undefined) return readMedia(media);
    return { type: 'text', text, ...(thoughtSignature !== undefined && { signature: thoughtSignature }) };
  }

  /** To the call of that id, or else to the first one that has none and no response yet. */
  #result({ id, response = {}, parts = [] }: FunctionResponse): Block {
    const index = this.#unanswered.findIndex(({ own }) => own === (id ?? null));
    const [call] = this.#unanswered.splice(index < 0 ? this.#unanswered.length : index, 1);
    const failed = 'error' in response;
    return {
      type: 'tool_result',
      tool_use_id: call?.id,
      content: [{ type: 'text', text: failed ? response['error'] : response['output'] }, ...parts.map(readMedia)],
      is_error: failed,
    };
  }
}

function readMedia({ inlineData, fileData }: Pick<Part, 'inlineData' | 'fileData'>): Block {
  const type = (inlineData ?? fileData)?.mimeType === 'application/pdf' ? 'document' : 'image';
  if (fileData !== undefined) return { type, source: { type: 'url', url: fileData.fileUri } };
  return { type, source: { type: 'base64', media_type: inlineData?.mimeType, data: inlineData?.data } };
}

function readTool({ functionDeclarations = [], googleSearch }: Tool): Json[] {
  const functions = functionDeclarations.map(({ name, description, parametersJsonSchema }) => ({
    name,
    ...(description !== undefined && { description }),
    input_schema: parametersJsonSchema ?? { type: 'object', properties: {} },
  }));
  return googleSearch === undefined ? functions : [...functions, { type: 'web_search_20250305', name: 'web_search' }];
}

function readChoice({ functionCallingConfig }: ToolConfig): Json {
  const [name] = functionCallingConfig?.allowedFunctionNames ?? [];
  if (name !== undefined) return { type: 'tool', name };
  return { type: String(functionCallingConfig?.mode).toLowerCase() };
}

const MEMBERS = [
  ['maxOutputTokens', 'max_tokens'],
  ['temperature', 'temperature'],
  ['topP', 'top_p'],
  ['topK', 'top_k'],
  ['stopSequences', 'stop_sequences'],
] as const;

/** A level of thinking is an effort; thoughts are asked for or not. */
function readConfig(config: GenerationConfig & { responseJsonSchema?: unknown }): Json {
  const request: Json = {};
  for (const [name, as] of MEMBERS) if (config[name] !== undefined) request[as] = config[name];
  const { thinkingLevel, includeThoughts } = config.thinkingConfig ?? {};
  if (includeThoughts === true) request['thinking'] = { type: 'adaptive' };
  if (includeThoughts === false) request['thinking'] = { type: 'adaptive', display: 'omitted' };
  const output = {
    ...(thinkingLevel !== undefined && { effort: thinkingLevel.toLowerCase() }),
    ...(config.responseMimeType === 'application/json' && {
      format: { type: 'json_schema', schema: config.responseJsonSchema },
    }),
  };
  if (Object.keys(output).length > 0) request['output_config'] = output;
  return request;
}
