/** Bodies of requests as clients send them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** About 700 bytes. */
export function shortRequest(model: string, stream: boolean): string {
  const content = 'Tell me something about gateways, and then something else. '.repeat(10).slice(0, 560);
  const request = { model, max_tokens: 1000, messages: [{ role: 'user', content }] };
  return JSON.stringify(stream ? { ...request, stream } : request);
}

const TOOLS = 18;

/** Like Claude Code's: a system prompt, tools, and turns of calls and results, until there are that many bytes. */
export function longRequest(model: string, bytes: number): string {
  const text = readFileSync(join(__dirname, '../../../README.md'), 'utf8');
  const slice = (from: number, length: number) => text.slice(from % (text.length - length)).slice(0, length);
  const properties = {
    path: { type: 'string', description: 'The absolute path of the file' },
    limit: { type: 'number', description: 'The number of lines to read' },
    mode: { type: 'string', enum: ['text', 'binary'] },
  };
  const tools = Array.from({ length: TOOLS }, (_, i) => ({
    ...{ name: `Tool${i}`, description: slice(i * 700, 1200) },
    input_schema: { type: 'object', properties, required: ['path'], additionalProperties: false },
  }));
  const messages: unknown[] = [{ role: 'user', content: [{ type: 'text', text: slice(0, 500) }] }];
  const system = [{ type: 'text', text: slice(0, 12_000) }];
  const empty = JSON.stringify({ model, max_tokens: 1000, system, tools, messages });
  for (let i = 0, length = empty.length; length < bytes; i++) {
    const input = { path: `/src/file${i}.ts`, limit: i };
    const use = { type: 'tool_use', id: `toolu_${i}`, name: `Tool${i % TOOLS}`, input };
    const result = {
      type: 'tool_result',
      tool_use_id: use.id,
      content: [{ type: 'text', text: slice(i * 3100, 3000) }],
    };
    const turns = [
      { role: 'assistant', content: [{ type: 'text', text: slice(i * 900, 200) }, use] },
      { role: 'user', content: [result] },
    ];
    messages.push(...turns);
    length += JSON.stringify(turns).length;
  }
  return JSON.stringify({ model, max_tokens: 1000, system, tools, messages });
}
