/** The contents of a Gemini request: parts with one thing each, turns that alternate, and an answer to every call. */
import { invalid, members } from './gemini-refusals';
import { isBase64, isList, isObject, isString, type JsonObject, type Refused } from './refused';

const DATA: Record<string, readonly string[]> = {
  text: [],
  inlineData: ['mimeType', 'data', 'displayName'],
  fileData: ['mimeType', 'fileUri', 'displayName'],
  functionCall: ['id', 'name', 'args'],
  functionResponse: ['id', 'name', 'response', 'parts', 'willContinue', 'scheduling'],
  executableCode: ['language', 'code', 'id'],
  codeExecutionResult: ['outcome', 'output', 'id'],
};
const MORE = ['thought', 'thoughtSignature', 'partMetadata', 'videoMetadata', 'mediaResolution'];
/** https://ai.google.dev/gemini-api/docs/image-understanding, …/document-processing, …/audio, …/video-understanding */
const MIME = /^(?:image\/(?:png|jpeg|webp|heic|heif)|application\/pdf|text\/.+|audio\/.+|video\/.+)$/;

interface Checked {
  role: 'user' | 'model';
  calls: JsonObject[];
  responses: JsonObject[];
}

/** @throws Refused */
export function checkSystemInstruction(instruction: unknown): void {
  if (instruction === undefined) return;
  if (!isObject(instruction)) throw invalid(`Invalid value at 'system_instruction'`);
  const { parts } = members(instruction, ['role', 'parts'], 'system_instruction');
  if (!isList(parts) || parts.length === 0) throw emptyParts('system_instruction');
  for (const [i, part] of parts.entries()) {
    const at = `system_instruction.parts[${i}]`;
    if (!isString(checkPart(part, at, '')['text'])) throw invalid(`Invalid value at '${at}': only text is supported`);
  }
}

/** @throws Refused */
export function checkContents(contents: unknown, model: string): void {
  if (!isList(contents) || contents.length === 0)
    throw invalid('* GenerateContentRequest.contents: contents is not specified');
  const checked = contents.map((content, i) => checkContent(content, `contents[${i}]`, model));
  let before: Checked | null = null;
  for (const content of checked) {
    const wanted = before === null || before.role === 'model' ? 'user' : 'model';
    if (content.role !== wanted)
      throw invalid('Please ensure that multiturn requests alternate between user and model.');
    checkAnswers(before?.calls ?? [], content.responses);
    before = content;
  }
  if (before !== null && before.calls.length > 0) checkAnswers(before.calls, []);
}

function checkContent(content: unknown, at: string, model: string): Checked {
  if (!isObject(content)) throw invalid(`Invalid value at '${at}'`);
  const { role, parts } = members(content, ['role', 'parts'], at);
  if (role !== 'user' && role !== 'model') throw invalid('Please use a valid role: user, model.');
  if (!isList(parts) || parts.length === 0) throw emptyParts(`GenerateContentRequest.${at}`);
  const read = parts.map((part, i) => checkPart(part, `${at}.parts[${i}]`, model));
  const calls = read.map((part) => part['functionCall']).filter(isObject);
  const responses = read.map((part) => part['functionResponse']).filter(isObject);
  if (role === 'user' && calls.length > 0) throw invalid('Please ensure that function call turn comes from the model.');
  if (role === 'model' && responses.length > 0)
    throw invalid('Please ensure that function response turn comes from the user.');
  return { role, calls, responses };
}

function checkAnswers(calls: readonly JsonObject[], responses: readonly JsonObject[]): void {
  if (calls.length === 0 && responses.length > 0) {
    throw invalid('Please ensure that function response turn comes immediately after a function call turn.');
  }
  if (calls.length !== responses.length) {
    throw invalid(
      'Please ensure that the number of function response parts is equal to the number of function call parts of the function call turn.',
    );
  }
  const names = (list: readonly JsonObject[]) => list.map(({ name }) => String(name)).toSorted();
  if (names(calls).join() !== names(responses).join()) {
    throw invalid('Please ensure that the function response names are those of the function call turn.');
  }
  for (const { id, name } of responses) {
    if (id === undefined || calls.some((call) => call['id'] === id && call['name'] === name)) continue;
    throw invalid(`Function response ${id} of ${name} answers no function call.`);
  }
  const isAnswered = (id: unknown) => id === undefined || responses.some((response) => response['id'] === id);
  if (!calls.every(({ id }) => isAnswered(id))) throw invalid('A function call with an id has no response with it.');
}

/** @returns the part's members, what it holds among them read, too */
function checkPart(written: unknown, at: string, model: string): JsonObject {
  if (!isObject(written)) throw invalid(`Invalid value at '${at}'`);
  const part = members(written, [...Object.keys(DATA), ...MORE], at);
  const [kind, second] = Object.keys(DATA).filter((name) => part[name] !== undefined);
  if (kind === undefined) {
    throw invalid(`* GenerateContentRequest.${at}.data: required oneof field 'data' must have one initialized field`);
  }
  if (second !== undefined) {
    throw invalid(`Invalid value at '${at}' (oneof), oneof field 'data' is already set. Cannot set '${second}'`);
  }
  const signature = part['thoughtSignature'];
  if (signature !== undefined && !(isString(signature) && isBase64(signature))) {
    throw invalid(
      `Invalid value at '${at}.thought_signature' (TYPE_BYTES), Base64 decoding failed for ${JSON.stringify(signature)}`,
    );
  }
  if (kind === 'text') {
    if (!isString(part['text'])) throw invalid(`Invalid value at '${at}.text' (TYPE_STRING)`);
    return part;
  }
  const held = part[kind];
  if (!isObject(held)) throw invalid(`Invalid value at '${at}.${kind}'`);
  return { ...part, [kind]: checkHeld(kind, members(held, DATA[kind] ?? [], `${at}.${kind}`), `${at}.${kind}`, model) };
}

function checkHeld(kind: string, held: JsonObject, at: string, model: string): JsonObject {
  const isCall = kind === 'functionCall';
  if (isCall || kind === 'functionResponse') {
    if (!isString(held['name']) || held['name'] === '')
      throw invalid(`* GenerateContentRequest.${at}.name: Name cannot be empty.`);
    const data = held[isCall ? 'args' : 'response'];
    if (!isObject(data) && !(isCall && data === undefined))
      throw invalid(`Invalid value at '${at}' (google.protobuf.Struct)`);
  }
  if (kind === 'functionResponse' && held['parts'] !== undefined) checkResponseParts(held['parts'], at, model);
  if (kind === 'inlineData') checkBlob(held, at);
  if (kind === 'fileData' && !isString(held['fileUri']))
    throw invalid(`* GenerateContentRequest.${at}.file_uri: required`);
  return held;
}

/** https://ai.google.dev/gemini-api/docs/function-calling (multimodal function responses): Gemini 3 only. */
function checkResponseParts(parts: unknown, at: string, model: string): void {
  if (!/^gemini-(?:[3-9]|\d\d)/.test(model))
    throw invalid('Multimodal function responses are not supported for this model.');
  if (!isList(parts)) throw invalid(`Invalid value at '${at}.parts'`);
  for (const [i, part] of parts.entries()) {
    const where = `${at}.parts[${i}]`;
    const { inlineData: blob } = members(isObject(part) ? part : {}, ['inlineData', 'fileData'], where);
    if (!isObject(blob)) throw invalid(`Invalid value at '${where}'`);
    checkBlob(members(blob, DATA['inlineData'] ?? [], where), where);
  }
}

function checkBlob({ mimeType, data }: JsonObject, at: string): void {
  if (!isString(mimeType) || !MIME.test(mimeType)) throw invalid(`Unsupported MIME type: ${mimeType}`);
  if (!isString(data) || !isBase64(data))
    throw invalid(`Invalid value at '${at}.data' (TYPE_BYTES), Base64 decoding failed`);
}

function emptyParts(at: string): Refused {
  return invalid(`* ${at}.parts: contents.parts must not be empty.`);
}
