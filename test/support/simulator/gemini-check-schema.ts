/** `Schema`, the subset of OpenAPI 3.0 that Gemini takes in `parameters` and `responseSchema`. */
import { invalid, members } from './gemini-refusals';
import { isList, isObject, isString } from './refused';

const MEMBERS = [
  ...['type', 'format', 'title', 'description', 'nullable', 'enum', 'maxItems', 'minItems', 'properties', 'required'],
  ...['minProperties', 'maxProperties', 'minLength', 'maxLength', 'pattern', 'example', 'anyOf', 'propertyOrdering'],
  ...['default', 'items', 'minimum', 'maximum'],
];
const TYPES = ['STRING', 'NUMBER', 'INTEGER', 'BOOLEAN', 'ARRAY', 'OBJECT', 'NULL'];
const FORMATS: Record<string, readonly string[]> = {
  STRING: ['enum', 'date-time'],
  NUMBER: ['float', 'double'],
  INTEGER: ['int32', 'int64'],
};

/** @param at where it stands, in Google's spelling @throws Refused */
export function checkSchema(written: unknown, at: string): void {
  if (!isObject(written)) throw invalid(`Invalid value at '${at}'`);
  const schema = members(written, MEMBERS, at);
  const { type: writtenType, format, enum: values, properties, required, items, anyOf } = schema;
  if (isList(writtenType)) {
    throw invalid(
      `Invalid JSON payload received. Unknown name "type" at '${at}': Proto field is not repeating, cannot start list.`,
    );
  }
  const type = isString(writtenType) ? writtenType.toUpperCase() : undefined;
  if (writtenType !== undefined && (type === undefined || !TYPES.includes(type))) {
    throw invalid(`Invalid value at '${at}.type' (type.googleapis.com/google.ai.generativelanguage.v1beta.Type)`);
  }
  if (type === undefined && anyOf === undefined)
    throw invalid(`* GenerateContentRequest.${at}: field type is required.`);
  checkEnum(values, type, at);
  if (isString(format) && format !== '' && !(FORMATS[type ?? ''] ?? []).includes(format)) {
    throw invalid(
      `* GenerateContentRequest.${at}.format: only ${FORMATS[type ?? '']?.join(' and ')} are supported for ${type} type`,
    );
  }
  if (properties !== undefined && !isObject(properties)) throw invalid(`Invalid value at '${at}.properties'`);
  const names = Object.keys(properties ?? {});
  for (const [i, name] of names.entries()) checkSchema(properties?.[name], `${at}.properties[${i}].value`);
  for (const name of isList(required) ? required : []) {
    if (names.includes(String(name))) continue;
    throw invalid(`* GenerateContentRequest.${at}.required[0]: property is not defined: ${name}`);
  }
  if (type === 'ARRAY' && items === undefined) throw invalid(`* GenerateContentRequest.${at}.items: missing field.`);
  if (items !== undefined) checkSchema(items, `${at}.items`);
  if (anyOf !== undefined && !isList(anyOf)) throw invalid(`Invalid value at '${at}.any_of'`);
  for (const [i, one] of (anyOf ?? []).entries()) checkSchema(one, `${at}.any_of[${i}]`);
}

function checkEnum(values: unknown, type: string | undefined, at: string): void {
  if (values === undefined) return;
  if (!isList(values)) throw invalid(`Invalid value at '${at}.enum'`);
  for (const [i, value] of values.entries()) {
    if (!isString(value)) throw invalid(`Invalid value at '${at}.enum[${i}]' (TYPE_STRING), ${JSON.stringify(value)}`);
    if (value === '') throw invalid(`* GenerateContentRequest.${at}.enum[${i}]: cannot be empty`);
  }
  if (type !== 'STRING') throw invalid(`* GenerateContentRequest.${at}.enum: only allowed for STRING type`);
}
