import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { createLog, redactor } from '../../shared/logger';

const LOGGER = join(__dirname, '..', '..', 'shared', 'logger.js');

describe('logger', () => {
  describe('redaction', () => {
    it('puts *** in the place of every secret, wherever and however often it stands', () => {
      const redact = redactor(['sk-one', 'two']);
      expect(redact('sk-one, {"k":"sk-one"}, atwob')).to.equal('***, {"k":"***"}, a***b');
    });

    it('leaves other text alone, and everything without secrets', () => {
      expect(redactor(['secret'])('nothing here')).to.equal('nothing here');
      expect(redactor([])('nothing here')).to.equal('nothing here');
      expect(redactor([''])('nothing here')).to.equal('nothing here');
    });

    it('takes a longer secret first, of which a shorter one is a part', () => {
      expect(redactor(['key', 'key-longer'])('key-longer key')).to.equal('*** ***');
    });

    it('finds a secret that JSON had to escape', () => {
      const secret = 'a"b\\c';
      expect(redactor([secret])(JSON.stringify({ key: secret }))).to.equal('{"key":"***"}');
    });

    it('takes a secret literally, not as a pattern', () => {
      expect(redactor(['a.c$&'])('abc a.c$& x')).to.equal('abc *** x');
    });
  });

  describe('in a file', () => {
    let dir: string;
    beforeEach(() => {
      dir = mkdtempSync(join(tmpdir(), 'ccproxy-logger-'));
    });
    afterEach(() => rmSync(dir, { recursive: true }));

    const log = (level: string) => {
      const file = join(dir, 'log');
      return { file, ...createLog({ level, file, process: 'worker 1', secrets: ['sk-secret', 'p@ss"word'] }) };
    };

    it('writes JSON lines with time, level and speaker', async () => {
      const { logger, close, file, pretty } = log('info');
      logger.info('hello', { pid: 7 });
      logger.debug('not this');
      await close();
      const [line = '', ...others] = readFileSync(file, 'utf8').trimEnd().split('\n');
      expect(others).to.deep.equal([]);
      expect(JSON.parse(line)).to.include({ level: 'info', message: 'hello', process: 'worker 1', pid: 7 });
      expect(JSON.parse(line))
        .to.have.property('timestamp')
        .that.matches(/^\d{4}-\d\d-\d\dT.*Z$/);
      expect(pretty).to.equal(false);
    });

    it('removes secrets from message, members and errors', async () => {
      const { logger, close, file } = log('debug');
      logger.warn('key sk-secret', { nested: { list: ['sk-secret', 'p@ss"word'] } });
      logger.error(`${new Error('cannot use sk-secret').stack}`);
      logger.debug('routed', { error: 'sk-secret' });
      await close();
      const text = readFileSync(file, 'utf8');
      expect(text.trimEnd().split('\n')).to.have.length(3);
      expect(text).not.to.include('sk-secret').and.not.to.include('ss\\"word');
      for (const line of text.trimEnd().split('\n')) JSON.parse(line);
    });

    it('passes finished lines on as they are, once each, in their order', async () => {
      const { logger, writeRaw, close, file } = log('info');
      logger.info('first');
      writeRaw('{"raw":1}\n{"raw":2}\n');
      writeRaw('{"raw":3}\n');
      await close();
      const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
      expect(lines).to.have.length(4);
      expect(lines.slice(1)).to.deep.equal(['{"raw":1}', '{"raw":2}', '{"raw":3}']);
    });
  });

  it('passes finished lines on to standard output too, in their order', () => {
    const script = `
      const { createLog } = require(${JSON.stringify(LOGGER)});
      const log = createLog({ level: 'info', file: null, process: 'worker 1', secrets: ['sk-secret'] });
      log.logger.info('first');
      log.writeRaw('{"message":"raw"}\\n{"message":"another"}\\n');
      log.writeRaw('{"message":"not ended"}');
      log.logger.info('last');`;
    const said = execFileSync(process.execPath, ['-e', script], { encoding: 'utf8' });
    const lines = said.trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line).message)).to.deep.equal([
      ...['first', 'raw', 'another', 'not ended', 'last'],
    ]);
  });

  describe('before the first line', () => {
    it('has loaded nothing that writes lines', () => {
      const script = `
        const { createLog } = require(${JSON.stringify(LOGGER)});
        const log = createLog({ level: 'info', file: null, process: 'worker 1', secrets: [] });
        const count = () => Object.keys(require.cache).filter((file) => file.includes('winston')).length;
        const before = [count(), log.logger.isDebugEnabled()];
        log.open();
        console.log(JSON.stringify([...before, count() > 0, log.logger.isDebugEnabled()]));`;
      const said = execFileSync(process.execPath, ['-e', script], { encoding: 'utf8' });
      expect(JSON.parse(said)).to.deep.equal([0, false, true, false]);
    });

    it('does not throw where that cannot be loaded, for want of file descriptors', () => {
      const script = `
        const { createLog } = require(${JSON.stringify(LOGGER)});
        const log = createLog({ level: 'info', file: null, process: 'worker 1', secrets: [] });
        const { Module } = require('node:module');
        const load = Module._load;
        Module._load = (name, ...rest) => {
          if (name === 'winston') throw new Error('EMFILE: too many open files');
          return load(name, ...rest);
        };
        log.open();
        log.logger.error('said');
        log.writeRaw('raw');
        Module._load = load;
        log.logger.error('said later');`;
      const { status, stdout, stderr } = spawnSync(process.execPath, ['-e', script], { encoding: 'utf8' });
      expect(status, stderr).to.equal(0);
      const complaint = 'ccproxy: the log cannot be written: EMFILE: too many open files';
      expect(stderr.trimEnd().split('\n')).to.deep.equal([complaint, complaint, complaint]);
      expect(JSON.parse(stdout)).to.include({ message: 'said later' });
    });
  });
});
