/**
 * A `generateContent` request as Google documents it (https://ai.google.dev/api/generate-content and the v1beta protos):
 * unknown members are refused at any depth, as JSON that is read into protobuf messages is.
 */
import { checkContents, checkSystemInstruction } from './gemini-check-contents';
import { checkSchema } from './gemini-check-schema';
import { invalid, isInteger, members } from './gemini-refusals';
import { isList, isObject, isString, type JsonObject, Refused } from './refused';

const TOP = [
  ...['contents', 'tools', 'toolConfig', 'safetySettings', 'systemInstruction', 'generationConfig', 'cachedContent'],
  ...['model', 'serviceTier', 'store'],
];
const GENERATION = [
  ...['stopSequences', 'responseMimeType', 'responseSchema', 'responseJsonSchema', 'responseModalities'],
  ...['candidateCount', 'maxOutputTokens', 'temperature', 'topP', 'topK', 'seed', 'presencePenalty'],
  ...['frequencyPenalty', 'responseLogprobs', 'logprobs', 'enableEnhancedCivicAnswers', 'speechConfig'],
  ...['thinkingConfig', 'imageConfig', 'mediaResolution'],
];
const TOOLS = ['functionDeclarations', 'googleSearchRetrieval', 'codeExecution', 'googleSearch', 'urlContext'];
const DECLARATION = [
  ...['name', 'description', 'behavior', 'parameters', 'parametersJsonSchema', 'response', 'responseJsonSchema'],
];

/** @throws Refused */
export function checkGenerateRequest(body: JsonObject, model: string): void {
  const request = members(body, TOP, '');
  if (isObject(request['generationConfig'])) checkGeneration(request['generationConfig'], model);
  const declared = checkTools(request['tools']);
  checkToolConfig(request['toolConfig'], declared);
  checkSystemInstruction(request['systemInstruction']);
  checkContents(request['contents'], model);
}

function checkGeneration(written: JsonObject, model: string): void {
  const at = 'generation_config';
  const config = members(written, GENERATION, at);
  const { stopSequences: stops, temperature, topP, topK, maxOutputTokens: max, responseSchema: schema } = config;
  if (stops !== undefined && !(isList(stops) && stops.every(isString)))
    throw invalid(`Invalid value at '${at}.stop_sequences'`);
  if (isList(stops) && stops.length > 5) {
    throw invalid(`Unable to submit request because the number of stop sequences must be between 0 and 5.`);
  }
  for (const [name, value, most] of [
    ['temperature', temperature, 2],
    ['top_p', topP, 1],
  ] as const) {
    if (value === undefined) continue;
    if (typeof value !== 'number' || value < 0 || value > most) {
      throw invalid(`* GenerateContentRequest.${at}.${name}: ${name} must be in the range [0.0, ${most}.0].`);
    }
  }
  if (topK !== undefined && (!isInteger(topK) || topK < 1))
    throw invalid(`Invalid value at '${at}.top_k' (TYPE_INT32)`);
  if (max !== undefined && (!isInteger(max) || max < 1))
    throw invalid(`Invalid value at '${at}.max_output_tokens' (TYPE_INT32)`);
  if (schema !== undefined) checkSchema(schema, `${at}.response_schema`);
  const wantsJson = schema !== undefined || config['responseJsonSchema'] !== undefined;
  if (wantsJson && config['responseMimeType'] !== 'application/json') {
    throw invalid(
      `* GenerateContentRequest.${at}.response_mime_type: only supported for 'application/json' when a schema is set.`,
    );
  }
  checkThinking(config['thinkingConfig'], model);
}

function checkThinking(written: unknown, model: string): void {
  if (written === undefined) return;
  if (!isObject(written)) throw invalid(`Invalid value at 'generation_config.thinking_config'`);
  const names = ['includeThoughts', 'thinkingBudget', 'thinkingLevel'];
  const { thinkingBudget: budget, thinkingLevel: level } = members(written, names, 'generation_config.thinking_config');
  if (budget !== undefined && level !== undefined) {
    throw invalid('You can only set only one of thinking budget and thinking level.');
  }
  if (level !== undefined && !/^(?:minimal|low|medium|high)$/i.test(String(level))) {
    throw invalid(`Invalid value at 'generation_config.thinking_config.thinking_level'`);
  }
  if (level !== undefined && /^gemini-[12]/.test(model))
    throw invalid('Thinking level is not supported for this model.');
  if (budget !== undefined && (!isInteger(budget) || budget < -1 || budget > 32_768)) {
    throw invalid(`The thinking budget ${budget} is invalid. Please choose a value between 0 and 32768.`);
  }
}

/** @returns the names of the functions */
function checkTools(tools: unknown): string[] {
  if (tools === undefined) return [];
  if (!isList(tools)) throw invalid(`Invalid value at 'tools'`);
  const names = tools.flatMap((tool, i) => {
    if (!isObject(tool)) throw invalid(`Invalid value at 'tools[${i}]'`);
    const { functionDeclarations: declarations } = members(tool, TOOLS, `tools[${i}]`);
    if (declarations === undefined) return [];
    if (!isList(declarations) || declarations.length === 0) {
      throw invalid(
        `* GenerateContentRequest.tools[${i}].tool_type: required one_of 'tool_type' must have one initialized field`,
      );
    }
    return declarations.map((one, j) => checkDeclaration(one, `tools[${i}].function_declarations[${j}]`));
  });
  const twice = names.find((name, i) => names.indexOf(name) < i);
  if (twice !== undefined) throw invalid(`Duplicate function declaration found: ${twice}`);
  return names;
}

function checkDeclaration(written: unknown, at: string): string {
  if (!isObject(written)) throw invalid(`Invalid value at '${at}'`);
  const { name, description, parameters, parametersJsonSchema: json } = members(written, DECLARATION, at);
  if (!isString(name) || !/^[a-zA-Z_][a-zA-Z0-9_.:-]{0,63}$/.test(name)) {
    throw invalid(
      `* GenerateContentRequest.${at}.name: Invalid function name. Must start with a letter or an underscore. Must be alphanumeric (a-z, A-Z, 0-9), underscores (_), dots (.), colons (:), or dashes (-), with a maximum length of 64.`,
    );
  }
  if (description !== undefined && !isString(description))
    throw invalid(`Invalid value at '${at}.description' (TYPE_STRING)`);
  if (parameters !== undefined && json !== undefined) {
    throw invalid(`* GenerateContentRequest.${at}: parameters and parameters_json_schema must not be set both.`);
  }
  if (parameters !== undefined) checkSchema(parameters, `${at}.parameters`);
  if (json !== undefined && !isObject(json)) throw invalid(`Invalid value at '${at}.parameters_json_schema'`);
  return name;
}

function checkToolConfig(written: unknown, declared: readonly string[]): void {
  if (written === undefined) return;
  if (!isObject(written)) throw invalid(`Invalid value at 'tool_config'`);
  const config = members(
    written,
    ['functionCallingConfig', 'retrievalConfig', 'includeServerSideToolInvocations'],
    'tool_config',
  );
  const calling = config['functionCallingConfig'];
  if (calling === undefined) return;
  if (!isObject(calling)) throw invalid(`Invalid value at 'tool_config.function_calling_config'`);
  const { mode, allowedFunctionNames: allowed } = members(
    calling,
    ['mode', 'allowedFunctionNames'],
    'tool_config.function_calling_config',
  );
  if (declared.length === 0) throw invalid('Function calling config is set without function_declarations.');
  if (!['AUTO', 'ANY', 'NONE', 'VALIDATED', undefined].includes(mode as string | undefined)) {
    // Compared only: whatever else it is, it is in no list of strings.
    throw invalid(`Invalid value at 'tool_config.function_calling_config.mode', ${JSON.stringify(mode)}`);
  }
  if (allowed === undefined) return;
  if (mode !== 'ANY' && mode !== 'VALIDATED') {
    throw invalid('Allowed function names should only be set when function calling mode is ANY.');
  }
  const stranger = isList(allowed) ? allowed.find((name) => !isString(name) || !declared.includes(name)) : allowed;
  if (stranger !== undefined) throw invalid(`Allowed function name ${stranger} is not declared.`);
}

/** Path and query of a call; what it asks for. @throws Refused with 404 */
export function checkGeneratePath(path: string, query: string): { model: string; stream: boolean } {
  const [, model, method] = /^\/v1beta\/models\/([^/:]+):(generateContent|streamGenerateContent)$/.exec(path) ?? [];
  if (model === undefined) {
    throw new Refused(`The requested URL ${path} was not found on this server.`, { status: 404, code: 'NOT_FOUND' });
  }
  const stream = method === 'streamGenerateContent';
  if (query !== (stream ? 'alt=sse' : '')) throw invalid(`Invalid query ${JSON.stringify(query)}`);
  return { model: decodeURIComponent(model), stream };
}
