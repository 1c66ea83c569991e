/** Tools and the choice among them, as Gemini's `tools` and `toolConfig`. */
import type { JsonPieces } from '../../json/pieces';
import { BadDocument, type JsonView } from '../../json/view';
import type { Warn } from './contents';
import { knownParametersSchema } from './known-schemas';

/** A server tool that finds deferred tools. Where it is left out nobody else can, so that they are offered at once. */
const TOOL_SEARCH = 'tool_search_';
/** Of all schemas; Gemini takes requests of 20 MB. */
const MAX_SCHEMA_CHARS = 8 * 1024 * 1024;

interface Declaration {
  name: JsonView;
  description: JsonView | undefined;
  /** JSON text, or null for a function without arguments. */
  parameters: string | null;
}

export interface Tools {
  functions: Declaration[];
  /** Gemini's own search is offered. */
  search: boolean;
  /** JSON text of `functionCallingConfig`, or null. */
  callingConfig: string | null;
}

/**
 * Which tools Gemini is offered. Deferred ones are left out until the conversation names them. Of Anthropic's
 * server tools Gemini has a search, but models before Gemini 3 refuse it together with functions, and later ones then
 * want their own search calls back in the next turn, which no Anthropic client can do: so it is offered only where it is
 * the only tool, as in Claude Code's searches.
 *
 * @param loaded names of the tools that the conversation names
 * @throws BadDocument
 */
export function readTools(request: JsonView, loaded: ReadonlySet<string>, warn: Warn): Tools {
  const choice = request.get('tool_choice');
  const chosen = choice?.textOf('type') === 'tool' ? choice.textOf('name') : undefined;
  const functions: Declaration[] = [];
  const searches: string[] = [];
  const leftOut = new Set<string>();
  let schemaChars = 0;
  const tools = request.get('tools')?.items() ?? [];
  const areLoaded = tools.some((tool) => tool.textOf('type')?.startsWith(TOOL_SEARCH));
  for (const [index, tool] of tools.entries()) {
    const type = tool.textOf('type') ?? 'custom';
    if (type !== 'custom') leftOut.add(tool.textOf('name') ?? '');
    if (type.startsWith('web_search_')) searches.push(type);
    else if (type !== 'custom') warn(`tool of type ${type} was left out: the provider does not have it`);
    else {
      const name = nameOf(tool, `tools.${index}`).text() ?? '';
      const isLoaded = areLoaded || loaded.has(name) || name === chosen;
      if (tool.get('defer_loading')?.raw() === 'true' && !isLoaded) continue;
      const read = readFunction(tool, `tools.${index}`);
      schemaChars += read.parameters?.length ?? 0;
      if (schemaChars > MAX_SCHEMA_CHARS) throw new BadDocument('tools: the input schemas are over 8 MiB in all');
      functions.push(read);
    }
  }
  const search = searches.length > 0 && functions.length === 0;
  if (!search && searches[0] !== undefined) {
    warn(`tool of type ${searches[0]} was left out: Gemini's search cannot stand beside functions`);
  }
  // One that was left out cannot be demanded.
  const isChoice = functions.length > 0 && !(chosen !== undefined && leftOut.has(chosen));
  const callingConfig = isChoice ? readChoice(choice, functions, warn) : null;
  return { functions, search, callingConfig };
}

/** Members `tools` and `toolConfig` with a comma before each; nothing where there are none. */
export function writeTools({ functions, search, callingConfig }: Tools, out: JsonPieces): void {
  if (search) out.add(',"tools":[{"googleSearch":{}}]');
  if (functions.length === 0) return;
  out.add(',"tools":[{"functionDeclarations":[');
  for (const [index, { name, description, parameters }] of functions.entries()) {
    out.add(`${index === 0 ? '' : ','}{"name":`).raw(name);
    if (description !== undefined) out.add(',"description":').raw(description);
    if (parameters !== null) out.add(`,"parametersJsonSchema":${parameters}`);
    out.add('}');
  }
  out.add(']}]');
  if (callingConfig !== null) out.add(`,"toolConfig":{"functionCallingConfig":${callingConfig}}`);
}

function nameOf(tool: JsonView, at: string): JsonView {
  const name = tool.get('name');
  if (name?.kind !== 'string') throw new BadDocument(`${at}.name: Field required`);
  return name;
}

function readFunction(tool: JsonView, at: string): Declaration {
  const description = tool.get('description');
  const schema = tool.get('input_schema');
  if (schema !== undefined && schema.kind !== 'object') {
    throw new BadDocument(`${at}.input_schema: Input should be an object`);
  }
  return {
    name: nameOf(tool, at),
    description: description?.kind === 'string' ? description : undefined,
    parameters: schema === undefined ? null : knownParametersSchema(schema),
  };
}

function readChoice(choice: JsonView | undefined, functions: Declaration[], warn: Warn): string | null {
  if (choice === undefined) return null;
  if (choice.get('disable_parallel_tool_use')?.raw() === 'true') {
    warn('tool_choice.disable_parallel_tool_use was left out: the provider does not have it');
  }
  const type = choice.textOf('type');
  if (type === 'auto') return '{"mode":"AUTO"}';
  if (type === 'any') return '{"mode":"ANY"}';
  if (type === 'none') return '{"mode":"NONE"}';
  if (type !== 'tool') throw new BadDocument("tool_choice.type: Input should be 'auto', 'any', 'tool' or 'none'");
  const name = choice.textOf('name');
  if (name === undefined) throw new BadDocument('tool_choice.name: Field required');
  if (!functions.some((known) => known.name.text() === name)) {
    throw new BadDocument(`tool_choice.name: no tool of this request has the name ${JSON.stringify(name)}`);
  }
  return `{"mode":"ANY","allowedFunctionNames":[${JSON.stringify(name)}]}`;
}
