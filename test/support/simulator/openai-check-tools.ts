/** The tools of a Chat Completions request, the choice among them, and the schemas that it takes. */
import { empty, FUNCTION_NAME, notKnown, wrongType } from './openai-refusals';
import { isList, isObject, isString, type JsonObject, Refused, unknownMember } from './refused';

/** @throws Refused */
export function checkTools(body: JsonObject): void {
  const { tools, tool_choice: choice } = body;
  if (tools === undefined) {
    for (const name of ['tool_choice', 'parallel_tool_calls']) {
      if (body[name] === undefined) continue;
      throw new Refused(`'${name}' is only allowed when 'tools' are specified.`, { param: name });
    }
    return;
  }
  if (!isList(tools)) throw wrongType('tools', 'an array of objects');
  if (tools.length === 0) throw empty('tools');
  if (tools.length > 128) throw new Refused(`Invalid 'tools': array too long.`, { code: 'array_above_max_length' });
  const names = tools.map((tool, i) => checkTool(tool, `tools[${i}]`));
  if (new Set(names).size < names.length) throw new Refused('Tool names must be unique.');
  if (choice === undefined || (isString(choice) && ['none', 'auto', 'required'].includes(choice))) return;
  const wanted = isObject(choice) && choice['type'] === 'function' ? choice['function'] : undefined;
  if (!isObject(wanted) || !isString(wanted['name'])) {
    throw new Refused(`Invalid value: '${JSON.stringify(choice)}'.`, { param: 'tool_choice', code: 'invalid_value' });
  }
  if (!names.includes(wanted['name'])) {
    throw new Refused(`Tool choice '${wanted['name']}' not found in 'tools' parameter.`, { param: 'tool_choice' });
  }
}

function checkTool(tool: unknown, path: string): string {
  if (!isObject(tool) || tool['type'] !== 'function' || !isObject(tool['function'])) {
    throw new Refused(`Missing required parameter: '${path}.function'.`, { param: path });
  }
  const unknown = unknownMember(tool, ['type', 'function']);
  if (unknown !== undefined) throw notKnown(`${path}.${unknown}`, 'openai');
  const { name, description, parameters, strict } = tool['function'];
  const more = unknownMember(tool['function'], ['name', 'description', 'parameters', 'strict']);
  if (more !== undefined) throw notKnown(`${path}.function.${more}`, 'openai');
  if (!isString(name) || !FUNCTION_NAME.test(name)) {
    const message = `Invalid '${path}.function.name': string does not match pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'.`;
    throw new Refused(message, { param: `${path}.function.name`, code: 'invalid_value' });
  }
  if (description !== undefined && !isString(description)) throw wrongType(`${path}.function.description`, 'a string');
  if (parameters !== undefined) checkSchema(parameters, `function '${name}'`, strict === true);
  return name;
}

/** https://platform.openai.com/docs/guides/structured-outputs#supported-schemas */
function checkSchema(schema: unknown, what: string, strict: boolean): void {
  const invalid = (why: string) =>
    new Refused(`Invalid schema for ${what}: ${why}`, { code: 'invalid_function_parameters' });
  if (!isObject(schema) || schema['type'] !== 'object')
    throw invalid(`schema must be a JSON Schema of 'type: "object"'.`);
  const combined = ['oneOf', 'anyOf', 'allOf', 'enum', 'not'].find((name) => name in schema);
  if (combined !== undefined) throw invalid(`schema must not have '${combined}' at the top level.`);
  if (strict && schema['additionalProperties'] !== false) {
    throw invalid(`In context=(), 'additionalProperties' is required to be supplied and to be false.`);
  }
  for (const [name, property] of Object.entries(isObject(schema['properties']) ? schema['properties'] : {})) {
    if (isObject(property) && property['type'] === 'array' && property['items'] === undefined) {
      throw invalid(`In context=('properties', '${name}'), array schema missing items.`);
    }
  }
}

/** @throws Refused */
export function checkFormat(format: unknown): void {
  if (format === undefined) return;
  if (!isObject(format)) throw wrongType('response_format', 'an object');
  if (format['type'] === 'text' || format['type'] === 'json_object') return;
  const wanted = format['json_schema'];
  if (format['type'] !== 'json_schema' || !isObject(wanted)) {
    throw new Refused(`Invalid value: '${format['type']}'.`, { param: 'response_format.type', code: 'invalid_value' });
  }
  const unknown = unknownMember(wanted, ['name', 'description', 'schema', 'strict']);
  if (unknown !== undefined) throw notKnown(`response_format.json_schema.${unknown}`, 'openai');
  if (!isString(wanted['name']) || !FUNCTION_NAME.test(wanted['name'])) {
    throw new Refused(`Missing required parameter: 'response_format.json_schema.name'.`);
  }
  checkSchema(wanted['schema'], `response_format '${wanted['name']}'`, wanted['strict'] === true);
}
