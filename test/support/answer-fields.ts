/** What the fields of an answer are to mean, told from the whole list of them in the plainest way. */
import type { AnswerFields } from '../../worker/upstream/upstream';

const ENDS_HERE = new Set([
  ...['connection', 'keep-alive', 'proxy-authenticate', 'proxy-authorization', 'proxy-connection', 'te', 'trailer'],
  ...['upgrade', 'transfer-encoding', 'content-length', 'request-id', 'date'],
  ...['x-ccproxy-provider', 'x-ccproxy-model', 'x-ccproxy-route'],
]);

/** @param headers flat list of lower-case name, value */
export function fieldsOf(headers: readonly string[]): AnswerFields {
  const pairs = headers.flatMap((name, i) => (i % 2 === 0 ? [[name, headers[i + 1] ?? ''] as const] : []));
  const values = (wanted: string) => pairs.filter(([name]) => name === wanted).map(([, value]) => value);
  const options = values('connection').flatMap((value) =>
    value.split(',').map((option) => option.trim().toLowerCase()),
  );
  const going = pairs.filter(([name]) => !ENDS_HERE.has(name) && !options.includes(name));
  const length = values('content-length').at(-1);
  return {
    contentType: values('content-type').at(-1) ?? '',
    contentEncoding: values('content-encoding').at(-1) ?? '',
    retryAfter: values('retry-after').at(-1) ?? '',
    requestId: values('request-id').at(-1) ?? '',
    otherId: values('x-request-id').at(-1) ?? '',
    contentLength: length === undefined ? null : Number(length),
    lines: going.map(([name, value]) => `\r\n${name}: ${value}`).join(''),
    isAscii: !/[^\0-\x7f]/.test(headers.join('')),
  };
}

/** Without the blanks around values, which go on as they came. */
export function withPlainLines(fields: AnswerFields): AnswerFields {
  const plain = (line: string) => {
    const colon = line.indexOf(':');
    return `${line.slice(0, colon)}: ${line.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, '')}`;
  };
  const [, ...lines] = fields.lines.split('\r\n');
  return { ...fields, lines: lines.map((line) => `\r\n${plain(line)}`).join('') };
}
