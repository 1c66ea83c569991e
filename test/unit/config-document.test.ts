import { expect } from 'chai';
import { type ParsedDocument, parseDocument } from '../../shared/config/document';
import type { Path } from '../../shared/config/problem';

type Readable = Extract<ParsedDocument, { ok: true }>;

function readable(text: string, format: 'json' | 'yaml'): Readable {
  const document = parseDocument(text, format);
  if (!document.ok) throw new Error(JSON.stringify(document.problems));
  return document;
}

function mistake(text: string, format: 'json' | 'yaml'): { line: number; message: string } {
  const document = parseDocument(text, format);
  const [problem] = document.problems;
  if (problem === undefined) throw new Error('no problem was found');
  return { line: problem.line, message: problem.message };
}

describe('configuration text', () => {
  it('reads JSON with comments, trailing commas and a byte order mark', () => {
    const text = '\ufeff{\n  // why\n  "port": 1, /* and */\n  "list": [1, "two", null, true,],\n}\n';
    expect(readable(text, 'json').value).to.deep.equal({ port: 1, list: [1, 'two', null, true] });
  });

  it('reads YAML with comments, anchors and quotes', () => {
    const text = 'a: &x {n: 1}\nb: *x # same\nlist:\n  - "two"\n  - ~\n  - yes\n';
    expect(readable(text, 'yaml').value).to.deep.equal({ a: { n: 1 }, b: { n: 1 }, list: ['two', null, 'yes'] });
  });

  const places: [path: Path, line: number, column: number][] = [
    [['port'], 2, 3],
    [['providers'], 3, 3],
    [['providers', 1], 5, 5],
    [['providers', 1, 'name'], 5, 6],
    [['providers', 7, 'name'], 3, 3],
    [['nothing'], 1, 1],
    [[], 1, 1],
  ];
  for (const [path, line, column] of places) {
    it(`locates ${JSON.stringify(path)}`, () => {
      const text = '{\n  "port": 1,\n  "providers": [\n    {"name": "a"},\n    {"name": "b"}\n  ]\n}';
      expect(readable(text, 'json').locate(path)).to.deep.equal({ line, column });
    });
  }

  it('locates in YAML', () => {
    const text = 'port: 1\nproviders:\n  - name: a\n  - name: b\n    api_key: c\n';
    const { locate } = readable(text, 'yaml');
    expect(locate(['port']).line).to.equal(1);
    expect(locate(['providers', 1, 'api_key']).line).to.equal(5);
    expect(locate(['providers', 0]).line).to.equal(3);
  });

  const broken: [what: string, format: 'json' | 'yaml', text: string, line: number, words: RegExp][] = [
    ['a missing comma', 'json', '{\n  "a": 1\n  "b": 2\n}', 3, /comma/],
    ['single quotes', 'json', "{\n  'a': 1\n}", 2, /double quotes/],
    ['a missing end', 'json', '{\n  "a": {\n', 3, /closing/],
    ['something after the end', 'json', '{}\n{}', 2, /nothing may follow/],
    ['an open text', 'json', '{\n  "a": "b\n}', 2, /double quote|line break/],
    ['an empty file', 'json', ' \n', 1, /empty/],
    ['an empty file', 'yaml', '', 1, /empty/],
    ['a tab', 'yaml', 'a:\n\tb: 1\n', 2, /tab|indentation/],
    ['an unknown anchor', 'yaml', 'a: 1\nb: *c\n', 2, /anchor/],
    ['two documents', 'yaml', 'a: 1\n---\nb: 1\n', 2, /one document/],
    ['a tag', 'yaml', 'a: !secret x\n', 1, /tag/],
    ['an endless alias', 'yaml', 'a: &x\n  - *x\n', 2, /deep|anchor/],
    ['a key that is a list', 'yaml', '? [a]\n: 1\n', 1, /key/],
    ['a key given twice', 'json', '{\n  "a": 1,\n  "a": 2\n}', 3, /given twice, first on line 2/],
    ['a key given twice', 'yaml', 'b:\n  a: 1\n  a: 2\n', 3, /given twice, first on line 2/],
    ['a prototype', 'json', '{\n  "a": {"__proto__": {"b": 1}}\n}', 2, /cannot be used/],
  ];
  for (const [what, format, text, line, words] of broken) {
    it(`finds ${what} in ${format}`, () => {
      const found = mistake(text, format);
      expect(found.message).to.match(words);
      expect(found.line).to.equal(line);
    });
  }

  it('stops at an alias bomb', () => {
    const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]'];
    for (let n = 1; n < 10; n++)
      lines.push(
        `a${n}: &a${n} [${Array(10)
          .fill(`*a${n - 1}`)
          .join(', ')}]`,
      );
    expect(mistake(lines.join('\n'), 'yaml').message).to.match(/too many aliases/);
  });

  it('never quotes the text of a broken file', () => {
    for (const text of [
      '{"api_key": sk-secret}',
      '{"api_key": "sk-secret',
      '{"a": 1} sk-secret',
      'api_key: "sk-secret',
    ]) {
      for (const format of ['json', 'yaml'] as const) {
        expect(JSON.stringify(parseDocument(text, format).problems)).not.to.contain('secret');
      }
    }
  });
});
