/** Tools and the choice among them: Messages → Chat Completions. */
import type { JsonPieces } from '../../json/pieces';
import { BadDocument, type JsonView } from '../../json/view';
import { optional, required, requiredText, type Translation } from './translation';

/** A server tool that finds deferred tools. Where it is left out nobody else can, so that they are offered at once. */
const TOOL_SEARCH = /^tool_search_/;

export interface Tools {
  /** Those that the provider gets. */
  offered: readonly JsonView[];
  names: ReadonlySet<string>;
}

/**
 * The tools that the provider gets: without server tools, and without those that are deferred (`defer_loading`) until a
 * `tool_reference` in the conversation names them. @throws BadDocument
 */
export function readTools(request: JsonView, translation: Translation): Tools {
  const tools = optional(request, 'tools', 'array', 'tools')?.items() ?? [];
  const custom: JsonView[] = [];
  let searched = false;
  for (const [i, tool] of tools.entries()) {
    if (tool.kind !== 'object') throw new BadDocument(`tools.${i}: Input should be a valid object`);
    const type = optional(tool, 'type', 'string', `tools.${i}.type`)?.text() ?? 'custom';
    if (type === 'custom') {
      requiredText(tool, 'name', `tools.${i}.name`);
      custom.push(tool);
    } else translation.leftOut(`tool ${JSON.stringify(type)}`);
    searched ||= TOOL_SEARCH.test(type);
  }
  const isDeferred = (tool: JsonView) => tool.get('defer_loading')?.raw() === 'true';
  let offered = custom;
  if (!searched && custom.some(isDeferred)) {
    const known = referencedTools(request);
    offered = custom.filter((tool) => !isDeferred(tool) || known.has(tool.textOf('name') ?? ''));
  }
  return { offered, names: new Set(offered.map((tool) => tool.textOf('name') ?? '')) };
}

/** Writes `,"tools":[…]`, and the choice among them; nothing without tools. */
export function writeTools(pieces: JsonPieces, request: JsonView, tools: Tools, translation: Translation): void {
  if (tools.offered.length === 0) return;
  tools.offered.forEach((tool, i) => {
    const name = required(tool, 'name', 'string', `tools.${i}.name`);
    const description = optional(tool, 'description', 'string', `tools.${i}.description`);
    const schema = optional(tool, 'input_schema', 'object', `tools.${i}.input_schema`);
    pieces.add(`${i === 0 ? ',"tools":[' : ','}{"type":"function","function":{"name":`).raw(name);
    if (description !== undefined) pieces.add(',"description":').raw(description);
    pieces.add(',"parameters":');
    if (schema === undefined) pieces.add('{"type":"object","properties":{}}}}');
    else pieces.raw(schema).add('}}');
  });
  pieces.add(']');
  const choice = optional(request, 'tool_choice', 'object', 'tool_choice');
  if (choice === undefined) return;
  pieces.add(choiceMember(choice, tools));
  if (choice.get('disable_parallel_tool_use')?.raw() === 'true' && translation.quirks.parallelToolCalls) {
    pieces.add(',"parallel_tool_calls":false');
  }
}

/** A tool is demanded, and there is one. */
export function forcesTool(request: JsonView, tools: Tools): boolean {
  const choice = request.get('tool_choice');
  const type = choice?.textOf('type');
  if (type === 'any') return tools.offered.length > 0;
  return type === 'tool' && tools.names.has(choice?.textOf('name') ?? '');
}

function choiceMember(choice: JsonView, tools: Tools): string {
  const type = requiredText(choice, 'type', 'tool_choice.type');
  switch (type) {
    case 'auto':
    case 'none':
      return `,"tool_choice":"${type}"`;
    case 'any':
      return ',"tool_choice":"required"';
    case 'tool': {
      const name = requiredText(choice, 'name', 'tool_choice.name');
      // One that was left out cannot be demanded.
      if (!tools.names.has(name)) return '';
      return `,"tool_choice":{"type":"function","function":{"name":${JSON.stringify(name)}}}`;
    }
    default:
      throw new BadDocument("tool_choice.type: Input should be 'auto', 'any', 'tool' or 'none'");
  }
}

/** Names that the conversation has brought up: by reference in a result, by a call, or by the choice. */
function referencedTools(request: JsonView): Set<string> {
  const names = new Set<string>([request.get('tool_choice')?.textOf('name') ?? '']);
  for (const message of request.get('messages')?.items() ?? []) {
    for (const block of message.get('content')?.items() ?? []) {
      const type = block.textOf('type');
      if (type === 'tool_use') names.add(block.textOf('name') ?? '');
      const inner = type === 'tool_result' ? (block.get('content')?.items() ?? []) : [block];
      for (const item of inner) {
        if (item.textOf('type') === 'tool_reference') names.add(item.textOf('tool_name') ?? '');
      }
    }
  }
  return names;
}
